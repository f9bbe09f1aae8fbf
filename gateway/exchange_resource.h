/* exchange_resource.h: what a request's path names. All of it is read through the gate: another workspace's is not
 * there. None blocks but on the views' own pages. */
#ifndef OPENPOST_GATEWAY_EXCHANGE_RESOURCE_H
#define OPENPOST_GATEWAY_EXCHANGE_RESOURCE_H

#include "gateway/gateway.h"

/* exchange_name_resource reads the path's ids into the exchange; ERR_NOT_FOUND: no id, or of another kind.
 * exchange_read_resource reads the row that they name, too. ERR_NOT_FOUND also: nothing that the pass may see; else
 * what the views answered. exchange_reread_resource reads the row
 * again, as it is in the pass's snapshot now; the same errors. */
enum err exchange_name_resource(struct exchange *x, const struct route_hit *hit) MUST_USE;
enum err exchange_read_resource(struct exchange *x, const struct route_hit *hit) MUST_USE;
enum err exchange_reread_resource(struct exchange *x) MUST_USE;
/* exchange_read_version gives the version that If-Match is about: that of what the path names, of what the route
 * changes without an id, or of the workspace. What the views answered. */
enum err exchange_read_version(struct exchange *x, uint64_t *ret_version) MUST_USE;

#endif
