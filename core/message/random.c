/* random.c: records with random but valid values, for property tests and golden files. Everything comes from the prng
 * that the caller seeded: the same seed gives the same record for ever, so a change here rewrites golden files.
 *
 * Values lean to the edges: lengths where msgpack changes its form, numbers around powers of two, characters of 1 to 4
 * bytes. No text holds U+0000, which the product accepts nowhere. */
#include "core/base/assert.h"
#include "core/base/prng.h"
#include "core/message/codec.h"
#include "core/message/field.h"

#define EDGES(...)  \
    {               \
        __VA_ARGS__ \
    }

static uint64_t random_count(struct prng *prng)
{
    static const uint64_t edges[] = EDGES(0, 1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, (uint64_t)UINT32_MAX + 1,
                                          (uint64_t)INT64_MAX, UINT64_MAX);
    if (prng_chance(prng, 3)) {
        return edges[prng_below(prng, sizeof edges / sizeof *edges)];
    }
    const uint64_t shift = prng_below(prng, 64); /* first: operands have no order of their own */
    return prng_next(prng) >> shift;
}

static int64_t random_time(struct prng *prng)
{
    if (prng_chance(prng, 8)) {
        return prng_chance(prng, 2) ? 1 : TIME_LIMIT_MS - 1;
    }
    return 1 + (int64_t)prng_below(prng, (uint64_t)TIME_LIMIT_MS - 1);
}

static struct id random_id(struct prng *prng)
{
    uint8_t randomness[10];
    prng_fill(prng, randomness, sizeof randomness);
    const enum id_kind kind = (enum id_kind)(1 + prng_below(prng, ID_KIND_COUNT - 1));
    return id_make(kind, random_time(prng), randomness);
}

static size_t random_len(struct prng *prng, enum kind kind)
{
    static const size_t edges[] = EDGES(0, 1, 15, 16, 31, 32, 127, 128, 255, 256);
    static const size_t long_edges[] = EDGES(257, 65535, 65536);
    const size_t most = kind_max(kind);
    size_t len = (size_t)prng_below(prng, 60);
    if (prng_chance(prng, 4)) {
        len = edges[prng_below(prng, sizeof edges / sizeof *edges)];
    } else if (prng_chance(prng, 100)) {
        len = long_edges[prng_below(prng, sizeof long_edges / sizeof *long_edges)];
    } else if (prng_chance(prng, 10000)) {
        len = most;
    }
    return len < most ? len : most;
}

/* A character of exactly len (1 to 4) bytes, edges of each range now and then. */
static uint32_t random_character(struct prng *prng, size_t len)
{
    static const uint32_t first[] = {0, 1, 0x80, 0x800, 0x10000};
    static const uint32_t last[] = {0, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    if (prng_chance(prng, 10)) {
        return prng_chance(prng, 2) ? first[len] : last[len];
    }
    if (len == 1) {
        return (uint32_t)(' ' + prng_below(prng, 0x7F - ' '));
    }
    const uint32_t character = first[len] + (uint32_t)prng_below(prng, last[len] - first[len] + 1);
    return character >= 0xD800 && character <= 0xDFFF ? 0x20AC : character; /* no surrogates */
}

/* RFC 3629 section 3. */
static void put_character(uint8_t *bytes, uint32_t character, size_t len)
{
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i > 1; i--) {
        bytes[i - 1] = (uint8_t)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    bytes[0] = (uint8_t)(lead[len] | character);
}

static enum err random_span(struct prng *prng, enum kind kind, struct arena *arena, struct span *ret_span)
{
    const size_t len = random_len(prng, kind);
    uint8_t *bytes = arena_alloc(arena, len + 1);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    if (kind == KIND_blob) {
        prng_fill(prng, bytes, len);
    }
    for (size_t at = 0; kind != KIND_blob && at < len;) {
        size_t character_len = prng_chance(prng, 3) ? 1 + (size_t)prng_below(prng, 4) : 1;
        character_len = character_len < len - at ? character_len : len - at;
        put_character(bytes + at, random_character(prng, character_len), character_len);
        at += character_len;
    }
    *ret_span = span_of(bytes, len);
    return OK;
}

static enum err random_list(const struct field_desc *field, struct prng *prng, struct arena *arena, void *ret_fields)
{
    uint32_t count = (uint32_t)prng_below(prng, 4);
    if (prng_chance(prng, 40)) {
        count = field->max;
    }
    count = count < field->max ? count : field->max;
    if (count == 0) {
        return OK;
    }
    const struct record_desc *desc = field->item();
    char *items = arena_alloc(arena, count * desc->size);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(record_random(desc, prng, arena, items + i * desc->size));
    }
    field_set_items(field, ret_fields, items, count);
    return OK;
}

static enum err random_value(const struct field_desc *field, struct prng *prng, struct arena *arena, void *ret_fields)
{
    void *slot = field_slot(field, ret_fields);
    switch (field->kind) {
    case KIND_id:
        *(struct id *)slot = random_id(prng);
        return OK;
    case KIND_time:
        *(int64_t *)slot = random_time(prng);
        return OK;
    case KIND_count:
    case KIND_index:
        *(uint64_t *)slot = random_count(prng);
        return OK;
    case KIND_flag:
        *(bool *)slot = prng_chance(prng, 2);
        return OK;
    case KIND_word:
    case KIND_text:
    case KIND_blob:
        return random_span(prng, field->kind, arena, slot);
    case KIND_hash:
        prng_fill(prng, slot, sizeof(struct hash));
        return OK;
    case CHOICE_KINDS:
        *(uint32_t *)slot = 1 + (uint32_t)prng_below(prng, kind_choices(field->kind)->count - 1);
        return OK;
    case KIND_list:
        return random_list(field, prng, arena, ret_fields);
    case KIND_secret:
        return ERR_SECRET;
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return ERR_KIND;
}

enum err record_random(const struct record_desc *desc, struct prng *prng, struct arena *arena, void *ret_fields)
{
    memset(ret_fields, 0, desc->size);
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        if (field->required || field->kind == KIND_list || !prng_chance(prng, 3)) {
            TRY(random_value(field, prng, arena, ret_fields));
        }
    }
    return OK;
}
