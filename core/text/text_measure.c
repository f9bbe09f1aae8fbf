/* text_measure.c: ICU's break iterators over UTF-8 (a UText, so that offsets are bytes) with the root locale's rules,
 * so that a text measures the same everywhere, and its properties of characters. Called by renderings and by words.c;
 * pure, though ICU allocates: nothing is kept between calls. */
#include "core/text/text_measure.h"

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include "core/base/assert.h"
#include "core/base/owned.h"

OWNED_BY(ubrk_close, UBreakIterator *);

static inline void text_close(UText *text)
{
    utext_close(text);
}

OWNED_BY(text_close, UText *);

static UBreakIteratorType type_of(enum text_unit unit)
{
    switch (unit) {
    case TEXT_SENTENCE:
        return UBRK_SENTENCE;
    case TEXT_LINE:
        return UBRK_LINE;
    case TEXT_CLUSTER:
        break;
    }
    return UBRK_CHARACTER;
}

/* Writes at most max ends and returns how many there are. ICU's data is linked in, so opening fails for want of memory
 * only. */
static enum err walk(struct span text, enum text_unit unit, uint32_t *ends, uint32_t max, uint32_t *ret_count)
{
    ASSERT(text.len < INT32_MAX);
    UErrorCode status = U_ZERO_ERROR;
    OWNED(ubrk_close) UBreakIterator *iterator = ubrk_open(type_of(unit), "", NULL, 0, &status);
    if (U_FAILURE(status)) {
        return ERR_NO_MEMORY;
    }
    OWNED(text_close) UText *source = utext_openUTF8(NULL, (const char *)text.data, (int64_t)text.len, &status);
    ubrk_setUText(iterator, source, &status);
    if (U_FAILURE(status)) {
        return ERR_NO_MEMORY;
    }
    uint32_t count = 0;
    (void)ubrk_first(iterator);
    for (int32_t end = ubrk_next(iterator); end != UBRK_DONE; end = ubrk_next(iterator)) {
        if (count < max) {
            ends[count] = (uint32_t)end;
        }
        count++;
    }
    *ret_count = count;
    return OK;
}

enum err text_breaks_find(struct span text, enum text_unit unit, struct arena *arena, struct text_breaks *ret_breaks)
{
    uint32_t count = 0;
    uint32_t *ends = arena_alloc(arena, sizeof *ends * (text.len + 1)); /* no unit is empty */
    if (ends == NULL) {
        return ERR_NO_MEMORY;
    }
    if (text.len > 0) {
        TRY(walk(text, unit, ends, (uint32_t)text.len, &count));
    }
    *ret_breaks = (struct text_breaks){.ends = ends, .count = count};
    return OK;
}

/* Counts without ICU while every code point is below U+0300 or one of U+2010 to U+2027 (dashes, quotes, bullet,
 * ellipsis): of these only CR LF is one cluster of two (UAX #29: none is Extend, ZWJ, SpacingMark, Prepend or of
 * Hangul). Most texts of the West are such, and ICU costs a hundred times as much. */
static bool count_plain(struct span text, uint32_t *ret_count)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; count++) {
        const uint8_t c = text.data[i];
        const size_t left = text.len - i;
        if (c < 0x80) {
            i += c == '\r' && left > 1 && text.data[i + 1] == '\n' ? 2 : 1;
        } else if (c >= 0xC2 && c <= 0xCB && left > 1 && (text.data[i + 1] & 0xC0) == 0x80) {
            i += 2;
        } else if (c == 0xE2 && left > 2 && text.data[i + 1] == 0x80 && text.data[i + 2] >= 0x90 &&
                   text.data[i + 2] <= 0xA7) {
            i += 3;
        } else {
            return false;
        }
    }
    *ret_count = count;
    return true;
}

enum err text_clusters(struct span text, uint32_t *ret_count)
{
    if (count_plain(text, ret_count)) {
        return OK;
    }
    return walk(text, TEXT_CLUSTER, NULL, 0, ret_count);
}

/* Of ASCII only case is folded, to the same that ICU makes of it. */
static bool fold_plain(struct span text, uint8_t *bytes)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (c >= 0x80) {
            return false;
        }
        bytes[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    return true;
}

/* ERR_NO_SPACE: units does not hold it; *ret_len would. */
static enum err fold_units(const UChar *text, int32_t len, UChar *units, int32_t max, int32_t *ret_len)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *folder = unorm2_getNFKCCasefoldInstance(&status);
    *ret_len = U_FAILURE(status) ? 0 : unorm2_normalize(folder, text, len, units, max, &status);
    return status == U_BUFFER_OVERFLOW_ERROR ? ERR_NO_SPACE : U_FAILURE(status) ? ERR_NO_MEMORY : OK;
}

enum err text_fold(struct span text, struct arena *arena, struct span *ret_folded)
{
    ASSERT(text.len < INT32_MAX / 4);
    uint8_t *plain = arena_room(arena, text.len + 1);
    if (plain == NULL) {
        return ERR_NO_MEMORY;
    }
    if (fold_plain(text, plain)) {
        *ret_folded = span_of(plain, text.len);
        return OK;
    }
    UErrorCode status = U_ZERO_ERROR;
    int32_t len = 0;
    UChar *units = arena_room(arena, (text.len + 1) * sizeof *units); /* a unit takes a byte or more */
    if (units == NULL) {
        return ERR_NO_MEMORY;
    }
    (void)u_strFromUTF8(units, (int32_t)text.len + 1, &len, (const char *)text.data, (int32_t)text.len, &status);
    ASSERT(U_SUCCESS(status));
    int32_t max = 2 * len;
    UChar *folded = arena_room(arena, ((size_t)max + 1) * sizeof *folded);
    enum err err = folded == NULL ? ERR_NO_MEMORY : fold_units(units, len, folded, max, &max);
    if (err == ERR_NO_SPACE) {
        folded = arena_room(arena, ((size_t)max + 1) * sizeof *folded);
        err = folded == NULL ? ERR_NO_MEMORY : fold_units(units, len, folded, max, &max);
    }
    TRY(err);
    uint8_t *bytes = arena_room(arena, (size_t)max * 3 + 1); /* of UTF-8 for a unit, at most */
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    (void)u_strToUTF8((char *)bytes, max * 3 + 1, &len, folded, max, &status);
    ASSERT(U_SUCCESS(status));
    *ret_folded = span_of(bytes, (size_t)len);
    return OK;
}

uint32_t text_version(void)
{
    UVersionInfo version;
    u_getUnicodeVersion(version);
    return get_be32(version);
}

/* Nothing below Thai is dense: (c) and (r) are emoji to Unicode, not to people. */
#define DENSE_FIRST 0x0E00

static bool is_emoji(UChar32 c)
{
    return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) || u_hasBinaryProperty(c, UCHAR_REGIONAL_INDICATOR) ||
           u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER);
}

/* By script extensions: the mark that makes a vowel of kana long is Common by itself. What is of complex context to
 * the breaking of lines is Thai, Lao, Khmer, Myanmar and the like. */
static bool is_unspaced(UChar32 c)
{
    static const UScriptCode scripts[] = {USCRIPT_HAN,    USCRIPT_HIRAGANA, USCRIPT_KATAKANA,
                                          USCRIPT_HANGUL, USCRIPT_BOPOMOFO, USCRIPT_YI};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        if (uscript_hasScript(c, scripts[i])) {
            return true;
        }
    }
    return u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

enum text_kind text_kind(uint32_t c)
{
    const uint32_t type = U_GET_GC_MASK((UChar32)c);
    const bool letter = (type & (U_GC_L_MASK | U_GC_N_MASK)) != 0;
    const bool mark = (type & U_GC_M_MASK) != 0;
    if (c >= DENSE_FIRST && ((letter || mark) ? is_unspaced((UChar32)c) : is_emoji((UChar32)c))) {
        return TEXT_DENSE;
    }
    return letter ? TEXT_WORD : mark ? TEXT_MARK : TEXT_BETWEEN;
}

uint32_t text_next(struct span text, size_t *at)
{
    ASSERT(*at < text.len);
    UChar32 c = 0;
    size_t i = *at;
    U8_NEXT(text.data, i, text.len, c);
    *at = i;
    return c < 0 ? 0xFFFD : (uint32_t)c;
}

bool text_is_space(uint32_t c)
{
    if (c < 0x80) {
        return c == ' ' || (c >= '\t' && c <= '\r');
    }
    return u_isUWhiteSpace((UChar32)c) != 0;
}

bool text_is_punctuation(uint32_t c)
{
    return u_ispunct((UChar32)c) != 0;
}

bool text_is_invisible(uint32_t c)
{
    return c == 0x00AD || c == 0x2060 || (c >= 0x200A && c <= 0x200D) || c == 0x20E2;
}

struct span text_trim(struct span text)
{
    size_t start = 0;
    while (start < text.len) {
        size_t next = start;
        if (!text_is_space(text_next(text, &next))) {
            break;
        }
        start = next;
    }
    size_t end = text.len;
    while (end > start) {
        size_t last = end - 1;
        while (last > start && (text.data[last] & 0xC0) == 0x80) {
            last--;
        }
        size_t next = last;
        if (!text_is_space(text_next(text, &next))) {
            break;
        }
        end = last;
    }
    return span_of(text.data + start, end - start);
}
