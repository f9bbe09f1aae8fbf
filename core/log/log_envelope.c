/* log_envelope.c: the bytes of an envelope (13 values of msgpack,
 * https://github.com/msgpack/msgpack/blob/master/spec.md) and of a stored record: envelope, first 8 bytes of the leaf's
 * hash, payload or nothing. Reading is strict: a value has one form only (the shortest), so what is read writes the
 * same bytes again. Must never accept two spellings of one event. */
#include "core/base/assert.h"
#include "core/log/log_record.h"
#include "core/log/merkle.h"

enum {
    FIXARRAY_13 = 0x9D,
    FIXSTR = 0xA0, /* | length, below 32: an id's text is shorter */
    NIL = 0xC0,
    BIN8 = 0xC4,
    UINT8 = 0xCC,
    UINT16 = 0xCD,
    UINT32 = 0xCE,
    UINT64 = 0xCF,
    FIXINT_MAX = 0x7F,
};

_Static_assert(ID_TEXT_MAX < 32, "an id's text is a fixstr");
_Static_assert(LOG_ENVELOPE_MAX >= 1 + 5 * 9 + 5 + 2 + 4 * (1 + ID_TEXT_MAX) + 18 + 34, "the longest envelope");

/* The writers take the place to write at, which has room for the longest envelope, and return the place behind. */
static uint8_t *write_uint(uint8_t *at, uint64_t value)
{
    if (value <= FIXINT_MAX) {
        *at = (uint8_t)value;
        return at + 1;
    }
    const size_t len = value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
    *at = len == 1 ? UINT8 : len == 2 ? UINT16 : len == 4 ? UINT32 : UINT64;
    uint8_t bytes[8];
    put_be64(bytes, value);
    memcpy(at + 1, bytes + 8 - len, len);
    return at + 1 + len;
}

static uint8_t *write_id(uint8_t *at, const struct id *id)
{
    if (id_is_none(id)) {
        *at = NIL;
        return at + 1;
    }
    struct buf text = buf_of(at + 1, ID_TEXT_MAX);
    id_write(&text, id);
    ASSERT(buf_ok(&text));
    *at = (uint8_t)(FIXSTR | text.len);
    return at + 1 + text.len;
}

static uint8_t *write_bytes(uint8_t *at, const uint8_t *bytes, uint8_t len)
{
    at[0] = BIN8;
    at[1] = len;
    memcpy(at + 2, bytes, len);
    return at + 2 + len;
}

void log_envelope(const struct log_event *event, struct buf *out)
{
    ASSERT(event->time_ms >= 0);
    uint8_t bytes[LOG_ENVELOPE_MAX];
    bytes[0] = FIXARRAY_13;
    uint8_t *at = write_uint(bytes + 1, event->seq);
    at = write_id(at, &event->workspace_id);
    at = write_uint(at, event->workspace_seq);
    at = write_id(at, &event->stream);
    at = write_uint(at, event->version);
    at = write_uint(at, event->code);
    at = write_uint(at, (uint64_t)event->time_ms);
    at = write_uint(at, event->actor);
    at = write_id(at, &event->actor_id);
    at = write_id(at, &event->command_id);
    at = write_uint(at, event->causation);
    at = write_bytes(at, event->salt, sizeof event->salt);
    at = write_bytes(at, event->payload_hash, sizeof event->payload_hash);
    buf_put(out, span_of(bytes, (size_t)(at - bytes)));
}

/* What is left to read. A failed read leaves data where it was; the caller gives up at the first. */
struct reader {
    const uint8_t *data;
    size_t len;
};

static const uint8_t *take(struct reader *reader, size_t len)
{
    if (len > reader->len) {
        return NULL;
    }
    const uint8_t *bytes = reader->data;
    reader->data += len;
    reader->len -= len;
    return bytes;
}

static bool read_uint(struct reader *reader, uint64_t max, uint64_t *ret_value)
{
    const uint8_t *first = take(reader, 1);
    if (first == NULL) {
        return false;
    }
    uint64_t value = *first;
    if (value > FIXINT_MAX) {
        if (value < UINT8 || value > UINT64) {
            return false;
        }
        const size_t len = (size_t)1 << (value - UINT8);
        const uint8_t *bytes = take(reader, len);
        if (bytes == NULL) {
            return false;
        }
        value = 0;
        for (size_t i = 0; i < len; i++) {
            value = value << 8 | bytes[i];
        }
        const uint64_t shorter_max = len == 1 ? FIXINT_MAX : ((uint64_t)1 << (4 * len)) - 1;
        if (value <= shorter_max) {
            return false;
        }
    }
    if (value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool read_id(struct reader *reader, enum id_kind kind, struct id *ret_id)
{
    const uint8_t *first = take(reader, 1);
    if (first == NULL) {
        return false;
    }
    if (*first == NIL) {
        *ret_id = (struct id){0};
        return true;
    }
    if ((*first & 0xE0) != FIXSTR) {
        return false;
    }
    const size_t len = *first & 0x1F;
    const uint8_t *text = take(reader, len);
    return text != NULL && id_parse(span_of(text, len), kind, ret_id) == OK;
}

static bool read_bytes(struct reader *reader, uint8_t *ret_bytes, size_t len)
{
    const uint8_t *bytes = take(reader, 2 + len);
    if (bytes == NULL || bytes[0] != BIN8 || bytes[1] != len) {
        return false;
    }
    memcpy(ret_bytes, bytes + 2, len);
    return true;
}

/* Reads an envelope off the front of reader. */
static bool read_envelope(struct reader *reader, struct log_event *event)
{
    const uint8_t *first = take(reader, 1);
    if (first == NULL || *first != FIXARRAY_13) {
        return false;
    }
    uint64_t code = 0;
    uint64_t time_ms = 0;
    uint64_t actor = 0;
    const bool read =
        read_uint(reader, UINT64_MAX, &event->seq) && read_id(reader, ID_WORKSPACE, &event->workspace_id) &&
        read_uint(reader, UINT64_MAX, &event->workspace_seq) && read_id(reader, ID_NONE, &event->stream) &&
        read_uint(reader, UINT64_MAX, &event->version) && read_uint(reader, UINT32_MAX, &code) &&
        read_uint(reader, INT64_MAX, &time_ms) && read_uint(reader, ACTOR_OPERATOR, &actor) &&
        read_id(reader, ID_NONE, &event->actor_id) && read_id(reader, ID_NONE, &event->command_id) &&
        read_uint(reader, UINT64_MAX, &event->causation) && read_bytes(reader, event->salt, sizeof event->salt) &&
        read_bytes(reader, event->payload_hash, sizeof event->payload_hash);
    event->code = (uint32_t)code;
    event->time_ms = (int64_t)time_ms;
    event->actor = (uint8_t)actor;
    return read && id_is_none(&event->workspace_id) == (event->workspace_seq == 0) && event->version > 0;
}

enum err log_envelope_take(struct span bytes, struct log_event *ret_event, size_t *ret_len)
{
    struct reader reader = {.data = bytes.data, .len = bytes.len};
    struct log_event event = {0};
    if (!read_envelope(&reader, &event)) {
        return ERR_ALTERED;
    }
    *ret_event = event;
    *ret_len = bytes.len - reader.len;
    return OK;
}

enum err log_envelope_read(struct span bytes, struct log_event *ret_event)
{
    struct log_event event;
    size_t len = 0;
    TRY(log_envelope_take(bytes, &event, &len));
    if (len != bytes.len) {
        return ERR_ALTERED;
    }
    *ret_event = event;
    return OK;
}

void log_record_write(const struct log_event *event, struct buf *out, uint8_t ret_leaf[32])
{
    const size_t from = out->len;
    log_envelope(event, out);
    ASSERT(buf_ok(out));
    merkle_leaf(span_of(out->data + from, out->len - from), ret_leaf);
    buf_put(out, span_of(ret_leaf, LOG_RECORD_CHECK));
    if (event->payload.len <= LOG_INLINE_MAX) {
        buf_put(out, event->payload);
    }
}

enum err log_record_read(struct span record, uint64_t seq, struct log_event *ret_event, uint8_t ret_leaf[32])
{
    struct reader reader = {.data = record.data, .len = record.len};
    struct log_event event = {0};
    if (!read_envelope(&reader, &event) || event.seq != seq) {
        return ERR_ALTERED;
    }
    const struct span envelope = span_of(record.data, record.len - reader.len);
    uint8_t leaf[32];
    merkle_leaf(envelope, leaf);
    const uint8_t *check = take(&reader, LOG_RECORD_CHECK);
    if (check == NULL || memcmp(check, leaf, LOG_RECORD_CHECK) != 0 || reader.len > LOG_INLINE_MAX) {
        return ERR_ALTERED;
    }
    event.payload = reader.len > 0 ? span_of(reader.data, reader.len) : (struct span){0};
    *ret_event = event;
    memcpy(ret_leaf, leaf, sizeof leaf);
    return OK;
}

const char *actor_word(uint64_t actor)
{
    static const char *const words[] = {"system", "key", "member", "scheduler", "operator"};
    return actor < sizeof words / sizeof *words ? words[actor] : "?";
}
