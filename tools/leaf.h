/* leaf.h: what stands in an event's leaf (core/log/log.h: the envelope) for people and programs. Used by openpost log,
 * and by openpost verify --proof: there it is all that was proved. */
#ifndef OPENPOST_TOOLS_LEAF_H
#define OPENPOST_TOOLS_LEAF_H

#include "core/log/log.h"

/* leaf_json writes the members of a JSON object, without its braces: all but the salt. leaf_text writes the same, a
 * line each. */
void leaf_json(const struct log_event *at, struct buf *out);
void leaf_text(const struct log_event *at, struct buf *out);

#endif
