/* page_scan.c: one pass over a page's bytes, tag by tag. Called by the resolve job. Every index is bounded by the span;
 * nothing recurses; at most four texts are kept. */
#include "adapters/page_scan.h"

#include "adapters/guard.h"

struct scanner {
    struct span html;
    size_t at;
    struct span found[8]; /* raw, by rank; see names */
};

enum { OG_TITLE, TWITTER_TITLE, TITLE, OG_DESCRIPTION, TWITTER_DESCRIPTION, DESCRIPTION, OG_IMAGE, TWITTER_IMAGE };

static const char *const names[8] = {"og:title",       "twitter:title",       NULL,
                                     "og:description", "twitter:description", "description",
                                     "og:image",       "twitter:image"};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool equal_nocase(struct span text, const char *word)
{
    const size_t len = strlen(word);
    if (text.len != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(text.data[i]) != (uint8_t)word[i]) {
            return false;
        }
    }
    return true;
}

static bool starts_nocase_at(const struct scanner *scanner, size_t at, const char *word)
{
    const size_t len = strlen(word);
    return scanner->html.len - at >= len && equal_nocase(span_of(scanner->html.data + at, len), word);
}

/* Moves behind the next occurrence of word, or to the end. Returns where the word begins. */
static size_t skip_past(struct scanner *scanner, const char *word)
{
    const size_t len = strlen(word);
    while (scanner->at < scanner->html.len) {
        if (starts_nocase_at(scanner, scanner->at, word)) {
            const size_t begin = scanner->at;
            scanner->at += len;
            return begin;
        }
        scanner->at++;
    }
    return scanner->html.len;
}

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->html.len && is_space(scanner->html.data[scanner->at])) {
        scanner->at++;
    }
}

static struct span read_name(struct scanner *scanner)
{
    const size_t start = scanner->at;
    while (scanner->at < scanner->html.len) {
        const uint8_t c = scanner->html.data[scanner->at];
        if (is_space(c) || c == '=' || c == '>' || c == '/' || c == '"' || c == '\'') {
            break;
        }
        scanner->at++;
    }
    return span_of(scanner->html.data + start, scanner->at - start);
}

static struct span read_value(struct scanner *scanner)
{
    if (scanner->at == scanner->html.len) {
        return (struct span){0};
    }
    const uint8_t quote = scanner->html.data[scanner->at];
    const bool quoted = quote == '"' || quote == '\'';
    scanner->at += quoted;
    const size_t start = scanner->at;
    while (scanner->at < scanner->html.len) {
        const uint8_t c = scanner->html.data[scanner->at];
        if (quoted ? c == quote : is_space(c) || c == '>') {
            break;
        }
        scanner->at++;
    }
    const struct span value = span_of(scanner->html.data + start, scanner->at - start);
    scanner->at += quoted && scanner->at < scanner->html.len;
    return value;
}

/* One attribute; false at the end of the tag. */
static bool read_attribute(struct scanner *scanner, struct span *ret_name, struct span *ret_value)
{
    skip_space(scanner);
    while (scanner->at < scanner->html.len && strchr("/=\"'", scanner->html.data[scanner->at]) != NULL &&
           scanner->html.data[scanner->at] != 0) {
        scanner->at++; /* stray */
        skip_space(scanner);
    }
    if (scanner->at == scanner->html.len || scanner->html.data[scanner->at] == '>') {
        return false;
    }
    *ret_name = read_name(scanner);
    *ret_value = (struct span){0};
    if (ret_name->len == 0) {
        scanner->at++; /* NUL */
    }
    skip_space(scanner);
    if (scanner->at < scanner->html.len && scanner->html.data[scanner->at] == '=') {
        scanner->at++;
        skip_space(scanner);
        *ret_value = read_value(scanner);
    }
    return true;
}

static void read_meta(struct scanner *scanner)
{
    struct span name = {0};
    struct span value = {0};
    struct span property = {0};
    struct span content = {0};
    while (read_attribute(scanner, &name, &value)) {
        if (equal_nocase(name, "property") || equal_nocase(name, "name")) {
            property = value;
        } else if (equal_nocase(name, "content")) {
            content = value;
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i] != NULL && equal_nocase(property, names[i]) && content.len > 0 && scanner->found[i].data == NULL) {
            scanner->found[i] = content;
        }
    }
}

static void skip_tag(struct scanner *scanner)
{
    struct span name;
    struct span value;
    while (read_attribute(scanner, &name, &value)) {
    }
}

/* scanner->at is behind a '<'. */
static void read_tag(struct scanner *scanner)
{
    if (starts_nocase_at(scanner, scanner->at, "!--")) {
        scanner->at += 3;
        (void)skip_past(scanner, "-->");
        return;
    }
    const struct span name = read_name(scanner);
    if (equal_nocase(name, "meta")) {
        read_meta(scanner);
        return;
    }
    skip_tag(scanner);
    scanner->at += scanner->at < scanner->html.len;
    if (equal_nocase(name, "script")) {
        (void)skip_past(scanner, "</script");
    } else if (equal_nocase(name, "style")) {
        (void)skip_past(scanner, "</style");
    } else if (equal_nocase(name, "svg")) {
        (void)skip_past(scanner, "</svg"); /* has titles of its own */
    } else if (equal_nocase(name, "title")) {
        const size_t start = scanner->at;
        const size_t end = skip_past(scanner, "</title");
        if (scanner->found[TITLE].data == NULL && end < scanner->html.len) {
            scanner->found[TITLE] = span_of(scanner->html.data + start, end - start);
        }
    }
}

static void put_code_point(struct buf *out, uint32_t c)
{
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        c = 0xFFFD;
    }
    if (c < 0x80) {
        buf_byte(out, (uint8_t)c);
    } else if (c < 0x800) {
        buf_byte(out, (uint8_t)(0xC0 | c >> 6));
        buf_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_byte(out, (uint8_t)(0xE0 | c >> 12));
        buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buf_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        buf_byte(out, (uint8_t)(0xF0 | c >> 18));
        buf_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
        buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buf_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

static const struct {
    const char *name;
    uint32_t c;
} references[] = {
    {"amp",    '&'   },
    {"lt",     '<'   },
    {"gt",     '>'   },
    {"quot",   '"'   },
    {"apos",   '\''  },
    {"nbsp",   ' '   },
    {"ndash",  0x2013},
    {"mdash",  0x2014},
    {"lsquo",  0x2018},
    {"rsquo",  0x2019},
    {"ldquo",  0x201C},
    {"rdquo",  0x201D},
    {"laquo",  0xAB  },
    {"raquo",  0xBB  },
    {"hellip", 0x2026},
    {"middot", 0xB7  },
    {"bull",   0x2022},
    {"copy",   0xA9  },
    {"reg",    0xAE  },
    {"auml",   0xE4  },
    {"ouml",   0xF6  },
    {"uuml",   0xFC  },
    {"Auml",   0xC4  },
    {"Ouml",   0xD6  },
    {"Uuml",   0xDC  },
    {"szlig",  0xDF  },
    {"eacute", 0xE9  },
    {"egrave", 0xE8  },
    {"agrave", 0xE0  },
    {"ccedil", 0xE7  },
};

/* The value of the digits of &#…; or &#x…; UINT32_MAX when they are none. */
static uint32_t numeric(struct span digits)
{
    const bool hex = digits.len > 1 && lower(digits.data[0]) == 'x';
    uint32_t value = 0;
    if (digits.len == 0 || digits.len > 8) {
        return UINT32_MAX;
    }
    for (size_t i = hex ? 1 : 0; i < digits.len; i++) {
        const uint8_t c = lower(digits.data[i]);
        const bool digit = c >= '0' && c <= '9';
        if (!digit && !(hex && c >= 'a' && c <= 'f')) {
            return UINT32_MAX;
        }
        value = value * (hex ? 16 : 10) + (uint32_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/* Decodes the character reference at text.data[at] ('&'); returns how many bytes it has, 0 when it is none. */
static size_t decode_reference(struct span text, size_t at, struct buf *out)
{
    const struct span rest = span_of(text.data + at + 1, text.len - at - 1);
    const size_t end = span_find(span_of(rest.data, rest.len < 12 ? rest.len : 12), ';');
    if (end >= rest.len || end >= 12 || end == 0) {
        return 0;
    }
    const struct span name = span_of(rest.data, end);
    if (name.data[0] == '#') {
        const uint32_t c = numeric(span_of(name.data + 1, name.len - 1));
        if (c == UINT32_MAX) {
            return 0;
        }
        put_code_point(out, c);
        return end + 2;
    }
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        if (span_equal(name, span_text(references[i].name))) {
            put_code_point(out, references[i].c);
            return end + 2;
        }
    }
    return 0;
}

/* Length of the well-formed UTF-8 sequence at the start of text, 0 when there is none. */
static size_t sequence_len(struct span text)
{
    for (size_t len = 1; len <= 4 && len <= text.len; len++) {
        if (span_is_utf8(span_of(text.data, len))) {
            return len;
        }
    }
    return 0;
}

/* raw with references decoded, white space folded, bad bytes left out, cut to max bytes. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): one pass over the bytes, told in order */
static enum err clean(struct span raw, size_t max, struct arena *arena, struct span *ret_text)
{
    if (raw.data == NULL) {
        return OK;
    }
    uint8_t *bytes = arena_alloc(arena, max + 8);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, max + 8);
    bool space = true;
    for (size_t i = 0; i < raw.len && out.len <= max;) {
        uint8_t piece[4];
        struct buf decoded = buf_of(piece, sizeof piece);
        size_t len = raw.data[i] == '&' ? decode_reference(raw, i, &decoded) : 0;
        if (len == 0) {
            len = sequence_len(span_of(raw.data + i, raw.len - i));
            buf_put(&decoded, span_of(raw.data + i, len));
        }
        i += len > 0 ? len : 1;
        if (decoded.len == 0) {
            continue;
        }
        const bool blank = decoded.len == 1 && (is_space(piece[0]) || piece[0] < 0x20 || piece[0] == 0x7F);
        if (!blank && out.len + decoded.len > max) {
            break;
        }
        if (!blank || !space) {
            buf_put(&out, blank ? SPAN(" ") : buf_span(&decoded));
        }
        space = blank;
    }
    while (out.len > 0 && bytes[out.len - 1] == ' ') {
        out.len--;
    }
    *ret_text = out.len > 0 ? buf_span(&out) : (struct span){0};
    return OK;
}

static struct span first_of(const struct scanner *scanner, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        if (scanner->found[i].data != NULL) {
            return scanner->found[i];
        }
    }
    return (struct span){0};
}

enum err page_scan(struct span html, struct span url, struct arena *arena, struct page_card *ret_card)
{
    struct scanner scanner = {.html = html};
    while (scanner.at < html.len) {
        if (html.data[scanner.at] == '<') {
            scanner.at++;
            read_tag(&scanner);
        } else {
            scanner.at++;
        }
    }
    struct page_card card = {0};
    struct span image = {0};
    TRY(clean(first_of(&scanner, OG_TITLE, 3), PAGE_TITLE_MAX, arena, &card.title));
    TRY(clean(first_of(&scanner, OG_DESCRIPTION, 3), PAGE_DESCRIPTION_MAX, arena, &card.description));
    TRY(clean(first_of(&scanner, OG_IMAGE, 2), GUARD_URL_MAX, arena, &image));
    if (image.data != NULL) {
        const enum err err = page_resolve(url, image, arena, &card.image);
        if (err == ERR_NO_MEMORY) {
            return err;
        }
    }
    *ret_card = card;
    return OK;
}

enum err page_resolve(struct span base, struct span reference, struct arena *arena, struct span *ret_url)
{
    struct guard_url parsed;
    if (guard_url_parse(reference, &parsed) == OK) {
        *ret_url = reference;
        return OK;
    }
    TRY(guard_url_parse(base, &parsed));
    if (reference.len == 0 ||
        span_find(span_of(reference.data, span_find(reference, '/')), ':') < span_find(reference, '/')) {
        return ERR_MALFORMED; /* another scheme */
    }
    const size_t origin = (size_t)(parsed.rest.data - base.data);
    const size_t path_end = span_find(parsed.rest, '?');
    size_t keep = origin;
    if (span_starts_with(reference, SPAN("//"))) {
        keep = parsed.https ? 6 : 5;
    } else if (reference.data[0] != '/') {
        for (size_t i = 0; i < path_end; i++) {
            keep = parsed.rest.data[i] == '/' ? origin + i + 1 : keep;
        }
    }
    const bool slash = keep == origin && reference.data[0] != '/';
    uint8_t *bytes = arena_alloc(arena, keep + reference.len + 1);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, keep + reference.len + 1);
    buf_put(&out, span_of(base.data, keep));
    buf_put(&out, slash ? SPAN("/") : SPAN(""));
    buf_put(&out, reference);
    TRY(guard_url_parse(buf_span(&out), &parsed));
    *ret_url = buf_span(&out);
    return OK;
}
