/* bluesky_page_fuzz.c: whatever a link's page holds, its card is bounded UTF-8 and its picture a web address. */
#include "adapters/guard.h"
#include "adapters/page_scan.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct page_card card;
    struct guard_url url;
    arena_init(&arena, (size_t)1 << 20);
    if (page_scan(span_of(data, size), SPAN("https://e.example/dir/page?q"), &arena, &card) == OK) {
        ASSERT(span_is_utf8(card.title));
        ASSERT(card.title.len <= PAGE_TITLE_MAX);
        ASSERT(span_is_utf8(card.description));
        ASSERT(card.description.len <= PAGE_DESCRIPTION_MAX);
        ASSERT(card.image.data == NULL || guard_url_parse(card.image, &url) == OK);
    }
    arena_done(&arena);
    return 0;
}
