/* codec_fuzz.c: any bytes, taken for an event, a command and a batch of jobs: never a crash, and what is taken can be
 * written, printed, made JSON of, and read again as the same. */
#include "core/base/assert.h"
#include "core/message/codec.h"

#define SPACE_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two times as long as the input is enough for any value's shortest form; JSON escapes a byte to six. */
static void check_record(const struct record_desc *desc, const void *fields, void *back, struct arena *arena)
{
    static uint8_t bytes[SPACE_MAX];
    static uint8_t again[SPACE_MAX];
    struct buf first = buf_of(bytes, sizeof bytes);
    struct buf second = buf_of(again, sizeof again);
    if (record_encode(desc, fields, &first) != OK) {
        ASSERT(!buf_ok(&first));
        return;
    }
    ASSERT(record_decode(desc, buf_span(&first), arena, back) == OK);
    ASSERT(record_equal(desc, fields, back));
    ASSERT(record_encode(desc, back, &second) == OK);
    ASSERT(span_equal(buf_span(&first), buf_span(&second)));
    second = buf_of(again, sizeof again);
    record_print(desc, fields, &second);
    ASSERT(span_is_utf8(buf_span(&second)));
    second = buf_of(again, sizeof again);
    if (record_json(desc, fields, &second) == OK) {
        ASSERT(span_is_utf8(buf_span(&second)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    const struct span bytes = span_of(data, size);
    struct event event;
    struct event event_back;
    if (event_decode(bytes, &arena, &event) == OK) {
        check_record(event_desc(event.code), event_fields(&event), event_fields(&event_back), &arena);
    }
    struct command command;
    struct command command_back;
    if (command_decode(bytes, &arena, &command) == OK) {
        check_record(command_desc(command.code), command_fields(&command), command_fields(&command_back), &arena);
    }
    struct job_batch batch;
    struct job_batch batch_back;
    if (record_decode(job_batch_desc(), bytes, &arena, &batch) == OK) {
        check_record(job_batch_desc(), &batch, &batch_back, &arena);
    }
    arena_done(&arena);
    return 0;
}
