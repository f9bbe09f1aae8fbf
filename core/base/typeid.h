/* typeid.h: ids that say what they name: TypeID (https://github.com/jetify-com/typeid, specification 0.3): a prefix,
 * an underscore, and 26 characters of lower-case base32 over a UUIDv7 (RFC 9562). */
#ifndef OPENPOST_BASE_TYPEID_H
#define OPENPOST_BASE_TYPEID_H

#include "core/base/span.h"

/* What an id can name. In the log and on the wire ids are text; the vault's rows hold the kind's number: add at the
 * end, never reorder. */
/* clang-format off */
#define ID_TABLE(X) \
    X(USER, "usr") X(WORKSPACE, "ws") X(MEMBER, "mem") X(KEY, "key") X(INTEGRATION, "int") X(QUEUE, "que") \
    X(SLOT, "slt") X(POST, "post") X(TARGET, "tgt") X(ATTEMPT, "att") X(MEDIA, "med") X(TEMPLATE, "tpl") \
    X(REVIEW, "rev") X(VIEW, "view") X(WEBHOOK, "whk") X(WEBHOOK_DELIVERY, "whd") X(NOTIFICATION, "ntf") \
    X(EVENT, "evt") X(COMMAND, "cmd") X(REQUEST, "req") X(SECRET, "sec") X(SYSTEM, "sys") \
    X(SESSION, "ses") X(PROVIDER, "idp") X(SERIES, "ser")

/* clang-format on */

enum id_kind {
    ID_NONE = 0,

#define X(name_, prefix_) ID_##name_,
    ID_TABLE(X)
#undef X
        ID_KIND_COUNT
};

/* Sixteen bytes of UUID and what it names. All zero (kind ID_NONE) means absent. Compare with id_equal or memcmp: there
 * is no padding. */
struct id {
    uint8_t kind; /* enum id_kind */
    uint8_t uuid[16];
};

#define ID_TEXT_MAX 31 /* bytes: the longest prefix (4), underscore, 26; without a NUL */
#define TYPEID_PREFIX_MAX 63

/* id_make builds a UUIDv7 from now_ms and ten bytes of randomness; the kind must be a real one. */
struct id id_make(enum id_kind kind, int64_t now_ms, const uint8_t randomness[10]);
/* id_derive makes the id of the one thing of that kind that belongs to owner and other: a UUIDv7 with owner's instant
 * whose random bits are SHA-256's of both. Nobody can choose ids so that two owners' things share one. A post's target
 * towards an integration has this id. */
struct id id_derive(enum id_kind kind, const struct id *owner, const struct id *other);
/* id_derive_apart does so with an instant before ID_EPOCH_MS (limits.h), which no id has that somebody minted: for what
 * must be there to be made whoever computes its id and would like to have it first. */
struct id id_derive_apart(enum id_kind kind, const struct id *owner, const struct id *other);
/* id_is_minted tells whether somebody whose clock is right may have minted the id at now_ms or before: a UUIDv7 of
 * RFC 9562's variant, not of before ID_EPOCH_MS nor of more than ID_AHEAD_MAX_MS after now_ms. */
bool id_is_minted(const struct id *id, int64_t now_ms);
/* id_queue is the id of an integration's one queue, which is as old as itself. */
struct id id_queue(const struct id *integration_id);
/* id_time_ms returns the instant inside the UUIDv7. */
int64_t id_time_ms(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
bool id_is_none(const struct id *id);
/* id_write appends the text form; an absent id writes nothing. */
void id_write(struct buf *buf, const struct id *id);
/* id_parse reads the whole of text; ERR_MALFORMED unless it is a TypeID of that kind (ID_NONE accepts every known
 * kind). The UUID must be a version 7 one only when minted by us: any 128 bits are accepted. */
enum err id_parse(struct span text, enum id_kind kind, struct id *ret_id) MUST_USE;
const char *id_prefix(enum id_kind kind);

/* The format itself, any prefix, for its published vectors. typeid_parse splits text and decodes the suffix;
 * ERR_MALFORMED says that the specification forbids it. *ret_prefix borrows from text. typeid_write needs 26 bytes and
 * the prefix. */
enum err typeid_parse(struct span text, struct span *ret_prefix, uint8_t ret_uuid[16]) MUST_USE;
void typeid_write(struct buf *buf, struct span prefix, const uint8_t uuid[16]);

#endif
