/* etag.h: entity tags in If-Match and If-None-Match (RFC 9110 sections 8.8.3, 13.1.1 and 13.1.2). Ours are versions in
 * quotes, and strong. */
#ifndef OPENPOST_GATEWAY_ETAG_H
#define OPENPOST_GATEWAY_ETAG_H

#include "core/base/span.h"

enum etag_match {
    ETAG_MALFORMED, /* neither "*" nor a list of entity tags */
    ETAG_OTHER,     /* none of them is the version's */
    ETAG_WEAK,      /* one is, but as a weak one (W/"3"): enough for If-None-Match, never for If-Match */
    ETAG_STRONG,    /* one is */
    ETAG_ANY        /* "*" */
};

/* etag_match compares a field's value with a version. */
enum etag_match etag_match(struct span value, uint64_t version);
/* etag_put appends a version's tag. */
void etag_put(struct buf *out, uint64_t version);

#endif
