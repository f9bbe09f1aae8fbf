/* codec.h: records to bytes and back: msgpack (codec.c, the one file that knows msgpack-c), JSON (json.c).
 *
 * A record is a msgpack map {name: value} with its present fields in the order of their declaration, so the same
 * record always gives the same bytes; a message is [code, {…}]. Ids are TypeID text, choices their words, hashes bin
 * 32, times and counts integers, lists arrays of maps. An absent optional field is left out. Decoding is strict where
 * it protects: kinds, bounds, UTF-8, required fields, a name twice, trailing bytes, depth. An unknown field is
 * skipped, for what is recorded must last; of a command and of a question's arguments it is told, for there it is a
 * slip of the pen (struct given_name). A field of kind secret is ERR_SECRET, both ways. A text that holds U+0000 is
 * ERR_NUL where it is written and in a command; a record that has one all the same is read. An optional number or
 * instant that is given as 0, which would mean absent, and an instant after the year 9999 are ERR_RANGE in a record; a
 * command tells which it is (struct given_odd); an event is read. */
#ifndef OPENPOST_MESSAGE_CODEC_H
#define OPENPOST_MESSAGE_CODEC_H

#include "core/base/arena.h"
#include "core/message/answer.h"
#include "core/message/message.h"

/* record_encode appends the map of the struct at fields to out; ERR_SECRET, ERR_MISSING (a required field is absent),
 * ERR_TOO_LONG, ERR_NOT_UTF8, ERR_NUL, ERR_RANGE (a choice without a word), ERR_NO_SPACE when out overflows.
 * record_decode reads the whole of bytes into the struct at ret_fields (desc->size bytes, zeroed first; on failure it
 * may hold part: throw it away). Texts borrow from bytes, lists live in the arena. ERR_TRUNCATED, ERR_TRAILING,
 * ERR_MALFORMED, ERR_KIND, ERR_MISSING, ERR_TOO_LONG, ERR_NOT_UTF8, ERR_NUL, ERR_RANGE, ERR_SECRET, ERR_NO_MEMORY. */
enum err record_encode(const struct record_desc *desc, const void *fields, struct buf *out) MUST_USE;
enum err record_decode(const struct record_desc *desc, struct span bytes, struct arena *arena, void *ret_fields)
    MUST_USE;
/* record_decode_asked likewise, and tells the first name that is no field's; its text borrows from bytes. */
enum err record_decode_asked(const struct record_desc *desc, struct span bytes, struct arena *arena, void *ret_fields,
                             struct given_name *ret_unknown) MUST_USE;

/* [code, {…}], and in the last event of a command that came under an Idempotency-Key, or of another program's, a third
 * item behind them, [scope, body]: both bin 32 (struct idempotency). ERR_UNKNOWN_CODE beside the above. idempotency:
 * NULL or not present: none. event_decode lifts old events to today's shape (upcast) and does not look at the third
 * item; event_asked reads it, ERR_NOT_FOUND when there is none. */
enum err event_encode(const struct event *event, struct buf *out) MUST_USE;
enum err event_encode_asked(const struct event *event, const struct idempotency *idempotency, struct buf *out) MUST_USE;
enum err event_decode(struct span bytes, struct arena *arena, struct event *ret_event) MUST_USE;
enum err event_asked(struct span bytes, struct idempotency *ret_idempotency) MUST_USE;

/* The command's envelope and fields: [code, {fields}, command id, workspace id, stream, actor, actor id, role, expected
 * version, causation]. command_decode: ERR_MISSING leaves what was misgiven, for a name that is missing may be there in
 * another spelling. */
enum err command_encode(const struct command *command, struct buf *out) MUST_USE;
enum err command_decode(struct span bytes, struct arena *arena, struct command *ret_command) MUST_USE;

/* record_json appends the record as a JSON object (RFC 8259), one member per declared field under field_put_name's
 * name, times as RFC 3339 UTC (instant.h), hashes as hex, blobs as base64, an index from 1, labels as a list of texts,
 * metadata as an object. Absent is null; but a count or index is a number, a flag true or false, a list [] (metadata
 * {}) at least. ERR_SECRET, ERR_NO_SPACE (nothing is kept). json_string appends one quoted string: quotes, backslashes
 * and control characters escaped, bytes that are not UTF-8 replaced by U+FFFD. */
enum err record_json(const struct record_desc *desc, const void *fields, struct buf *out) MUST_USE;
void json_string(struct buf *out, struct span text);
/* json_string_or_null likewise, or null for data NULL. */
void json_string_or_null(struct buf *out, struct span text);
void json_id(struct buf *out, const struct id *id); /* quoted, or null when absent */
void json_time(struct buf *out, int64_t time_ms);   /* quoted RFC 3339 UTC, or null when 0 */

/* record_equal compares field by field; record_print writes one line for people (name=value …, texts cut at 60 bytes);
 * print_is_order reads the character that well-formed UTF-8 begins with: true when a terminal would obey it instead of
 * showing it, as it does controls and directions of writing.
 * record_random fills a record with random but valid values for property tests, from prng, lists and texts in the
 * arena. */
bool record_equal(const struct record_desc *desc, const void *a, const void *b);
bool print_is_order(struct span rest, uint32_t *ret_character, size_t *ret_len);
void record_print(const struct record_desc *desc, const void *fields, struct buf *out);
struct prng;
enum err record_random(const struct record_desc *desc, struct prng *prng, struct arena *arena, void *ret_fields)
    MUST_USE;

#endif
