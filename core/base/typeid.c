/* typeid.c: TypeID text <-> UUID. Base32 after Crockford, lower case only: 26 characters carry 130 bits, the first two
 * of them zero, so the first character is at most '7'. */
#include "core/base/typeid.h"

#include "core/base/assert.h"

#define SUFFIX_LEN 26

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

static int digit_of(uint8_t c)
{
    /* clang-format off */
    static const int8_t digits[75] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9,                                               /* '0'..'9' */
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, /* ':'..'`' */
        10, 11, 12, 13, 14, 15, 16, 17, -1, 18, 19, -1, 20,                           /* 'a'..'m' */
        21, -1, 22, 23, 24, 25, 26, -1, 27, 28, 29, 30, 31,                       /* 'n'..'z' */
    };
    /* clang-format on */
    return c < '0' || c > 'z' ? -1 : digits[c - '0'];
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
    for (size_t i = 0; i < SUFFIX_LEN; i++) {
        const int digit = digit_of(text[i]);
        if (digit < 0) {
            return ERR_MALFORMED;
        }
        if (i < SUFFIX_LEN / 2) {
            high = high << 5 | (uint64_t)digit;
        } else if (i == SUFFIX_LEN / 2) {
            high = high << 1 | (uint64_t)digit >> 4;
            low = (uint64_t)digit & 15;
        } else {
            low = low << 5 | (uint64_t)digit;
        }
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
    id.uuid[6] = (uint8_t)(0x70 | (id.uuid[6] & 0x0F)); /* version 7 */
    id.uuid[8] = (uint8_t)(0x80 | (id.uuid[8] & 0x3F)); /* variant of RFC 9562 */
    return id;
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
    struct span prefix;
    uint8_t uuid[16];
    TRY(typeid_parse(text, &prefix, uuid));
    for (enum id_kind k = (enum id_kind)1; k < ID_KIND_COUNT; k++) {
        if ((kind == ID_NONE || k == kind) && prefix.len == prefix_lens[k] &&
            memcmp(prefix.data, prefixes[k], prefix.len) == 0) {
            ret_id->kind = (uint8_t)k;
            memcpy(ret_id->uuid, uuid, sizeof uuid);
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
