/* etag.h: entity tags in If-Match and If-None-Match (RFC 9110 sections 8.8.3, 13.1.1 and 13.1.2). Ours are strong: a
 * version in quotes or, where what is shown changes by the clock alone too, the version and a word for what it is shown
 * as: "7-expiring". */
#ifndef OPENPOST_GATEWAY_ETAG_H
#define OPENPOST_GATEWAY_ETAG_H

#include "core/base/span.h"

#define ETAG_MAX 48 /* bytes: a number, a hyphen, a word, quotes */

enum etag_match {
    ETAG_MALFORMED, /* neither "*" nor a list of entity tags */
    ETAG_OTHER,     /* none of them is ours */
    ETAG_WEAK,      /* one is, but as a weak one (W/"3"): enough for If-None-Match, never for If-Match */
    ETAG_STRONG,    /* one is */
    ETAG_ANY        /* "*" */
};

/* etag_of writes a version's tag into text and returns it; word: what it is shown as, in [a-z]{1,16}; NULL: nothing. */
struct span etag_of(uint64_t version, const char *word, char text[ETAG_MAX]);
/* etag_match compares a field's value with a tag: for If-None-Match, which is about what is shown. etag_match_version
 * compares it with the tags of a version, whatever their word: for If-Match, for what is decided upon is a version. */
enum etag_match etag_match(struct span value, struct span tag);
enum etag_match etag_match_version(struct span value, uint64_t version);

#endif
