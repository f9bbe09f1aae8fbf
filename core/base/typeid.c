/* typeid.c: TypeID text <-> UUID. Base32 after Crockford, lower case only: 26 characters carry 130 bits, the first two
 * of them zero, so the first character is at most '7'. */
#include "core/base/typeid.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/base/sha256.h"

#define SUFFIX_LEN 26
#define VERSION_7 0x70
#define VARIANT_RFC 0x80

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static const char *const prefixes[ID_KIND_COUNT] = {[ID_NONE] = "",
#define X(name_, prefix_) [ID_##name_] = (prefix_),
                                                    ID_TABLE(X)
#undef X
};

static const uint8_t prefix_lens[ID_KIND_COUNT] = {
#define X(name_, prefix_) [ID_##name_] = sizeof(prefix_) - 1,
    ID_TABLE(X)
#undef X
};

#define NO_DIGIT 0x80 /* set in what stands for any other byte */

static uint8_t digit_of(uint8_t c)
{
    static const uint8_t digits['z' - '0' + 1] = {
        ['0' - '0'] = 0 + 1,  ['1' - '0'] = 1 + 1,  ['2' - '0'] = 2 + 1,  ['3' - '0'] = 3 + 1,  ['4' - '0'] = 4 + 1,
        ['5' - '0'] = 5 + 1,  ['6' - '0'] = 6 + 1,  ['7' - '0'] = 7 + 1,  ['8' - '0'] = 8 + 1,  ['9' - '0'] = 9 + 1,
        ['a' - '0'] = 10 + 1, ['b' - '0'] = 11 + 1, ['c' - '0'] = 12 + 1, ['d' - '0'] = 13 + 1, ['e' - '0'] = 14 + 1,
        ['f' - '0'] = 15 + 1, ['g' - '0'] = 16 + 1, ['h' - '0'] = 17 + 1, ['j' - '0'] = 18 + 1, ['k' - '0'] = 19 + 1,
        ['m' - '0'] = 20 + 1, ['n' - '0'] = 21 + 1, ['p' - '0'] = 22 + 1, ['q' - '0'] = 23 + 1, ['r' - '0'] = 24 + 1,
        ['s' - '0'] = 25 + 1, ['t' - '0'] = 26 + 1, ['v' - '0'] = 27 + 1, ['w' - '0'] = 28 + 1, ['x' - '0'] = 29 + 1,
        ['y' - '0'] = 30 + 1, ['z' - '0'] = 31 + 1,
    }; /* one more than the digit; 0: there is none */

    return c < '0' || c > 'z' ? NO_DIGIT : (uint8_t)(digits[c - '0'] - 1);
}

static bool prefix_is_valid(struct span prefix)
{
    if (prefix.len > TYPEID_PREFIX_MAX) {
        return false;
    }
    for (size_t i = 0; i < prefix.len; i++) {
        const uint8_t c = prefix.data[i];
        const bool at_edge = i == 0 || i + 1 == prefix.len;
        if (!(c >= 'a' && c <= 'z') && (c != '_' || at_edge)) {
            return false;
        }
    }
    return true;
}

/* The digits 0..12 hold the first 63 bits (the first digit only three), digit 13 the 64th and four of the second half.
 */
static enum err suffix_decode(const uint8_t *text, uint8_t ret_uuid[16])
{
    if (text[0] > '7') {
        return ERR_MALFORMED; /* more than 128 bits */
    }
    uint64_t high = 0;
    uint64_t low = 0;
    uint8_t seen = 0; /* whatever was no digit shows at the end: parsing is for every id of every event */
    for (size_t i = 0; i < SUFFIX_LEN / 2; i++) {
        const uint8_t digit = digit_of(text[i]);
        seen |= digit;
        high = high << 5 | (digit & 31);
    }
    const uint8_t middle = digit_of(text[SUFFIX_LEN / 2]);
    seen |= middle;
    high = high << 1 | (middle & 31) >> 4;
    low = middle & 15;
    for (size_t i = SUFFIX_LEN / 2 + 1; i < SUFFIX_LEN; i++) {
        const uint8_t digit = digit_of(text[i]);
        seen |= digit;
        low = low << 5 | (digit & 31);
    }
    if ((seen & NO_DIGIT) != 0) {
        return ERR_MALFORMED;
    }
    put_be64(ret_uuid, high);
    put_be64(ret_uuid + 8, low);
    return OK;
}

enum err typeid_parse(struct span text, struct span *ret_prefix, uint8_t ret_uuid[16])
{
    if (text.len < SUFFIX_LEN) {
        return ERR_MALFORMED;
    }
    struct span prefix = span_of(text.data, text.len - SUFFIX_LEN);
    if (prefix.len == 1) {
        return ERR_MALFORMED; /* an underscore without a prefix, or a prefix without one */
    }
    if (prefix.len > 0) {
        if (prefix.data[prefix.len - 1] != '_') {
            return ERR_MALFORMED;
        }
        prefix.len--;
    }
    if (!prefix_is_valid(prefix)) {
        return ERR_MALFORMED;
    }
    TRY(suffix_decode(text.data + text.len - SUFFIX_LEN, ret_uuid));
    *ret_prefix = prefix;
    return OK;
}

void typeid_write(struct buf *buf, struct span prefix, const uint8_t uuid[16])
{
    const uint64_t high = get_be64(uuid);
    const uint64_t low = get_be64(uuid + 8);
    uint8_t text[SUFFIX_LEN];
    for (unsigned i = 0; i < SUFFIX_LEN / 2; i++) {
        text[i] = (uint8_t)alphabet[high >> (61 - 5 * i) & 31];
    }
    text[SUFFIX_LEN / 2] = (uint8_t)alphabet[(high & 1) << 4 | low >> 60];
    for (unsigned i = SUFFIX_LEN / 2 + 1; i < SUFFIX_LEN; i++) {
        text[i] = (uint8_t)alphabet[low >> (5 * (SUFFIX_LEN - 1 - i)) & 31];
    }
    if (prefix.len > 0) {
        buf_put(buf, prefix);
        buf_byte(buf, '_');
    }
    buf_put(buf, span_of(text, sizeof text));
}

struct id id_make(enum id_kind kind, int64_t now_ms, const uint8_t randomness[10])
{
    ASSERT(kind > ID_NONE && kind < ID_KIND_COUNT);
    ASSERT(now_ms >= 0 && now_ms < (int64_t)1 << 48);
    struct id id = {.kind = (uint8_t)kind};
    uint8_t time[8];
    put_be64(time, (uint64_t)now_ms);
    memcpy(id.uuid, time + 2, 6);
    memcpy(id.uuid + 6, randomness, 10);
    id.uuid[6] = (uint8_t)(VERSION_7 | (id.uuid[6] & 0x0F));
    id.uuid[8] = (uint8_t)(VARIANT_RFC | (id.uuid[8] & 0x3F));
    return id;
}

static struct id derive_at(int64_t time_ms, enum id_kind kind, const struct id *owner, const struct id *other)
{
    uint8_t hash[SHA256_LEN];
    sha256_tagged((uint8_t)kind, span_of(owner->uuid, sizeof owner->uuid), span_of(other->uuid, sizeof other->uuid),
                  hash);
    return id_make(kind, time_ms, hash);
}

struct id id_derive(enum id_kind kind, const struct id *owner, const struct id *other)
{
    return derive_at(id_time_ms(owner), kind, owner, other);
}

struct id id_derive_apart(enum id_kind kind, const struct id *owner, const struct id *other)
{
    return derive_at(id_time_ms(owner) % ID_EPOCH_MS, kind, owner, other);
}

bool id_is_minted(const struct id *id, int64_t now_ms)
{
    const int64_t time_ms = id_time_ms(id);
    return (id->uuid[6] & 0xF0) == VERSION_7 && (id->uuid[8] & 0xC0) == VARIANT_RFC && time_ms >= ID_EPOCH_MS &&
           time_ms <= now_ms + ID_AHEAD_MAX_MS;
}

struct id id_queue(const struct id *integration_id)
{
    return id_derive(ID_QUEUE, integration_id, integration_id);
}

int64_t id_time_ms(const struct id *id)
{
    uint8_t time[8] = {0};
    memcpy(time + 2, id->uuid, 6);
    return (int64_t)get_be64(time);
}

bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

bool id_is_none(const struct id *id)
{
    return id->kind == ID_NONE;
}

void id_write(struct buf *buf, const struct id *id)
{
    if (!id_is_none(id)) {
        ASSERT(id->kind < ID_KIND_COUNT);
        typeid_write(buf, span_of(prefixes[id->kind], prefix_lens[id->kind]), id->uuid);
    }
}

enum err id_parse(struct span text, enum id_kind kind, struct id *ret_id)
{
    if (text.len < SUFFIX_LEN + 2 || text.data[text.len - SUFFIX_LEN - 1] != '_') {
        return ERR_MALFORMED;
    }
    const size_t len = text.len - SUFFIX_LEN - 1;
    for (enum id_kind k = (enum id_kind)1; k < ID_KIND_COUNT; k++) {
        if ((kind == ID_NONE || k == kind) && len == prefix_lens[k] && text.data[0] == (uint8_t)prefixes[k][0] &&
            memcmp(text.data, prefixes[k], len) == 0) {
            struct id id = {.kind = (uint8_t)k};
            TRY(suffix_decode(text.data + text.len - SUFFIX_LEN, id.uuid));
            *ret_id = id;
            return OK;
        }
    }
    return ERR_MALFORMED;
}

const char *id_prefix(enum id_kind kind)
{
    ASSERT(kind < ID_KIND_COUNT);
    return prefixes[kind];
}
