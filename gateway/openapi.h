/* openapi.h: what openapi*.c share: the tables as parts of an OpenAPI 3.1 document. Each appends to out, which may
 * overflow. */
#ifndef OPENPOST_GATEWAY_OPENAPI_H
#define OPENPOST_GATEWAY_OPENAPI_H

#include "core/message/refusal.h"
#include "gateway/schema.h"

/* openapi_schemas writes the members of components.schemas; openapi_type one value's schema: max as in schema.def, doc
 * NULL: none. taken: it is what clients write. */
void openapi_schemas(struct buf *out);
void openapi_type(struct buf *out, const struct value_type *type, size_t max, bool taken, bool nullable,
                  const char *doc);
/* openapi_event.c: openapi_events writes a schema event_TYPE of the data of each type of event, behind others;
 * openapi_any_event a schema's members that say: one of them. */
void openapi_events(struct buf *out);
void openapi_any_event(struct buf *out);
/* openapi_raises tells whether an answer of the route may have that code. */
bool openapi_raises(const struct route *route, enum refusal refusal);

#endif
