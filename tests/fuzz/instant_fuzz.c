/* instant_fuzz.c: any text taken for a date-time: what is read is an instant of 1970 to 9999 that is written back as
 * the same. */
#include "core/base/assert.h"
#include "core/calendar/instant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t ms = -1;
    int64_t back = -1;
    const enum instant_fault fault = instant_parse(span_of(data, size), &ms);
    if (fault != INSTANT_OK) {
        ASSERT(ms == -1);
        return 0;
    }
    ASSERT(ms >= 0 && ms < 253402300800000);
    char text[32];
    struct buf out = buf_of(text, sizeof text);
    instant_write(&out, ms);
    ASSERT(buf_ok(&out));
    ASSERT(instant_parse(buf_span(&out), &back) == INSTANT_OK);
    ASSERT(back == ms);
    return 0;
}
