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

static void write_uint(struct buf *out, uint64_t value)
{
    uint8_t bytes[9];
    put_be64(bytes + 1, value);
    if (value <= FIXINT_MAX) {
        buf_byte(out, (uint8_t)value);
        return;
    }
    const size_t len = value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
    buf_byte(out, len == 1 ? UINT8 : len == 2 ? UINT16 : len == 4 ? UINT32 : UINT64);
    buf_put(out, span_of(bytes + 9 - len, len));
}

static void write_id(struct buf *out, const struct id *id)
{
    if (id_is_none(id)) {
        buf_byte(out, NIL);
        return;
    }
    uint8_t text[ID_TEXT_MAX];
    struct buf buf = buf_of(text, sizeof text);
    id_write(&buf, id);
    ASSERT(buf_ok(&buf));
    buf_byte(out, (uint8_t)(FIXSTR | buf.len));
    buf_put(out, buf_span(&buf));
}

static void write_bytes(struct buf *out, struct span bytes)
{
    ASSERT(bytes.len <= UINT8_MAX);
    buf_byte(out, BIN8);
    buf_byte(out, (uint8_t)bytes.len);
    buf_put(out, bytes);
}

void log_envelope(const struct log_event *event, struct buf *out)
{
    ASSERT(event->time_ms >= 0);
    buf_byte(out, FIXARRAY_13);
    write_uint(out, event->seq);
    write_id(out, &event->workspace_id);
    write_uint(out, event->workspace_seq);
    write_id(out, &event->stream);
    write_uint(out, event->version);
    write_uint(out, event->code);
    write_uint(out, (uint64_t)event->time_ms);
    write_uint(out, event->actor);
    write_id(out, &event->actor_id);
    write_id(out, &event->command_id);
    write_uint(out, event->causation);
    write_bytes(out, span_of(event->salt, sizeof event->salt));
    write_bytes(out, span_of(event->payload_hash, sizeof event->payload_hash));
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

enum err log_envelope_read(struct span bytes, struct log_event *ret_event)
{
    struct reader reader = {.data = bytes.data, .len = bytes.len};
    struct log_event event = {0};
    if (!read_envelope(&reader, &event) || reader.len > 0) {
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
