/* page_scan.h: title, description and picture out of a page's HTML, for a link's card. A small scanner of hostile
 * bytes, no HTML parser: it knows tags, attributes, comments and character references, and of the rest nothing. Pure.
 */
#ifndef OPENPOST_ADAPTERS_PAGE_SCAN_H
#define OPENPOST_ADAPTERS_PAGE_SCAN_H

#include "core/base/arena.h"

#define PAGE_TITLE_MAX ((size_t)300)        /* bytes; what a card shows in two lines */
#define PAGE_DESCRIPTION_MAX ((size_t)1000) /* bytes */

/* Texts are UTF-8, in one line, cut to their limits; data NULL: not found. */
struct page_card {
    struct span title;
    struct span description;
    struct span image; /* an absolute http or https URL */
};

/* page_scan reads html, the page at url: og:title, twitter:title or <title>; og:description, twitter:description or
 * description; og:image or twitter:image. Earlier names win. Bytes that are not UTF-8 are left out. ERR_NO_MEMORY. */
enum err page_scan(struct span html, struct span url, struct arena *arena, struct page_card *ret_card) MUST_USE;

/* page_resolve makes a reference found in the page at base absolute (RFC 3986 section 5.2, without dot segments);
 * ERR_MALFORMED unless the result is a http or https URL; ERR_NO_MEMORY. */
enum err page_resolve(struct span base, struct span reference, struct arena *arena, struct span *ret_url) MUST_USE;

#endif
