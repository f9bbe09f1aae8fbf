/* tzif_fuzz.c: any bytes taken for a zone file: what is read gives offsets that are sane, hold until they say, and
 * always come to an end. */
#include "core/calendar/tzif.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct arena arena;
    arena_init(&arena, (size_t)8 << 20);
    struct tzif zone;
    if (tzif_read(span_of(data, len), &arena, &zone) == OK) {
        int64_t at = -200000;
        for (int i = 0; i < STEPS_MAX && at < 253402300800; i++) {
            int64_t next = 0;
            const int32_t offset_s = tzif_offset(&zone, at, &next);
            ASSERT(offset_s >= -26 * 3600 && offset_s <= 26 * 3600);
            ASSERT(next > at);
            at = next;
        }
    }
    arena_done(&arena);
    return 0;
}
