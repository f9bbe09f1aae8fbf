/* codec_fuzz.c: messages as bytes, from the wire and from disk. The input's first byte says what the rest is: an event,
 * a command, or a record of a kind that the byte names. What is decoded must be encoded to bytes that decode to the
 * same, and be readable as JSON and as a line. */
#include "core/message/asked.h"
#include "core/message/codec.h"
#include "core/message/json_read.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

/* Encoding is canonical: what was decoded from some bytes never needs more of them. */
struct room {
    struct arena arena;
    size_t input_len;
    struct buf first, second;
};

static struct buf room_buf(struct room *room, size_t cap)
{
    void *bytes = arena_alloc(&room->arena, cap);
    ASSERT(bytes != NULL);
    return buf_of(bytes, cap);
}

/* JSON that our own reader refuses although it is JSON: U+0000, and numbers beyond int64_t, which have 19 or 20 digits.
 */
static bool is_beyond_reader(struct span json)
{
    size_t digits = 0;
    for (size_t i = 0; i < json.len; i++) {
        digits = json.data[i] >= '0' && json.data[i] <= '9' ? digits + 1 : 0;
        if (digits >= 19) {
            return true;
        }
    }
    return memmem(json.data, json.len, "\\u0000", 6) != NULL;
}

/* What a record becomes for people: JSON that is JSON, and a line. */
static void check_shown(struct room *room, const struct record_desc *desc, const void *fields)
{
    struct buf json = room_buf(room, 16384 + 8 * room->input_len);
    const enum err err = record_json(desc, fields, &json);
    ASSERT(err == OK || err == ERR_SECRET || err == ERR_NO_SPACE);
    const struct json_node *node = NULL;
    if (err == OK) {
        const enum err read = json_read(buf_span(&json), &room->arena, &node);
        ASSERT(read == OK || read == ERR_NO_MEMORY || read == ERR_TOO_LONG || is_beyond_reader(buf_span(&json)));
    }
    uint8_t line[256];
    struct buf print = buf_of(line, sizeof line);
    record_print(desc, fields, &print);
}

static void check_event(struct room *room, struct span bytes)
{
    struct event event;
    struct idempotency asked;
    const enum err named = event_asked(bytes, &asked); /* of whatever it is: it may say no, not more */
    ASSERT(named == OK || named == ERR_NOT_FOUND || named == ERR_MALFORMED || named == ERR_TRUNCATED);
    if (event_decode(bytes, &room->arena, &event) != OK) {
        return;
    }
    struct event again;
    if (record_has_nul(event_desc(event.code), event_fields(&event))) { /* an older log may hold it; nobody writes it */
        ASSERT(event_encode(&event, &room->first) == ERR_NUL);
        return;
    }
    ASSERT(event_encode(&event, &room->first) == OK);
    ASSERT(event_decode(buf_span(&room->first), &room->arena, &again) == OK);
    const struct record_desc *desc = event_desc(event.code);
    ASSERT(again.code == event.code && record_equal(desc, event_fields(&event), event_fields(&again)));
    ASSERT(event_encode(&again, &room->second) == OK);
    ASSERT(span_equal(buf_span(&room->first), buf_span(&room->second)));
    check_shown(room, desc, event_fields(&event));
}

static void check_command(struct room *room, struct span bytes)
{
    struct command command;
    if (command_decode(bytes, &room->arena, &command) != OK) {
        return;
    }
    struct command again;
    ASSERT(command_encode(&command, &room->first) == OK);
    ASSERT(command_decode(buf_span(&room->first), &room->arena, &again) == OK);
    const struct record_desc *desc = command_desc(command.code);
    ASSERT(again.code == command.code && record_equal(desc, command_fields(&command), command_fields(&again)));
    ASSERT(id_equal(&again.command_id, &command.command_id) && id_equal(&again.workspace_id, &command.workspace_id));
    ASSERT(id_equal(&again.stream, &command.stream) && id_equal(&again.actor_id, &command.actor_id));
    ASSERT(again.actor == command.actor && again.role == command.role && again.causation == command.causation);
    ASSERT(again.expected_version == command.expected_version);
    check_shown(room, desc, command_fields(&command));
}

static void check_record(struct room *room, const struct record_desc *desc, struct span bytes)
{
    void *fields = arena_alloc(&room->arena, desc->size);
    void *again = arena_alloc(&room->arena, desc->size);
    ASSERT(fields != NULL && again != NULL);
    if (record_decode(desc, bytes, &room->arena, fields) != OK) {
        return;
    }
    ASSERT(record_encode(desc, fields, &room->first) == OK);
    ASSERT(record_decode(desc, buf_span(&room->first), &room->arena, again) == OK);
    ASSERT(record_equal(desc, fields, again));
    check_shown(room, desc, fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct record_desc *const records[] = {job_desc(), job_outcome_desc(), job_batch_desc(), outcome_batch_desc(),
                                                 locked_target_desc()};
    if (len == 0 || len > INPUT_MAX) {
        return 0;
    }
    struct room room = {.input_len = len};
    arena_init(&room.arena, (size_t)64 << 20);
    room.first = room_buf(&room, len);
    room.second = room_buf(&room, len);
    const struct span bytes = span_of(data + 1, len - 1);
    if (data[0] == 'e') {
        check_event(&room, bytes);
    } else if (data[0] == 'c') {
        check_command(&room, bytes);
    } else {
        check_record(&room, records[data[0] % (sizeof records / sizeof records[0])], bytes);
    }
    arena_done(&room.arena);
    return 0;
}
