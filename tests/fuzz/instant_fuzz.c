/* instant_fuzz.c: date-times as clients and platforms write them. The input is the text. */
#include "core/base/limits.h"
#include "core/calendar/instant.h"
#include "tests/fuzz/fuzz.h"

static void check_written(const struct buf *written, int64_t time_ms)
{
    int64_t again_ms = -1;
    ASSERT(buf_ok(written));
    ASSERT(instant_parse(buf_span(written), &again_ms) == INSTANT_OK);
    ASSERT(again_ms == time_ms);
}

/* What was read is written in two ways that are read as the same instant. */
static void check_instant(struct span text, int64_t time_ms)
{
    ASSERT(text.len >= sizeof "1970-01-01T00:00:00Z" - 1);
    ASSERT(time_ms >= 0);
    int year = 0;
    int month = 0;
    int day = 0;
    instant_date(time_ms, &year, &month, &day);
    ASSERT(year >= 1970 && year <= 9999 && month >= 1 && month <= 12);
    ASSERT(day >= 1 && day <= instant_days_in_month(year, month));
    uint8_t bytes[40];
    struct buf utc = buf_of(bytes, sizeof bytes);
    instant_write(&utc, time_ms);
    check_written(&utc, time_ms);
    /* Away from both ends of time, the local date has a year that can be written. */
    const int offset_minutes = text.data[text.len - 1] % 120 - 60;
    if (year > 1970 && year < 9999 && offset_minutes != 0) {
        struct buf local = buf_of(bytes, sizeof bytes);
        instant_write_offset(&local, time_ms, offset_minutes);
        check_written(&local, time_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct span text = span_of(data, len);
    int64_t time_ms = -1;
    if (instant_parse(text, &time_ms) == INSTANT_OK) {
        check_instant(text, time_ms);
    } else {
        ASSERT(time_ms == -1);
    }
    return 0;
}
