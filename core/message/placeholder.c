/* placeholder.c: see placeholder.h. Called by admission, template.c and the rules of posts. */
#include "core/message/placeholder.h"

#include "core/base/limits.h"

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The length of the name that text begins with. */
static size_t name_len(struct span text)
{
    size_t len = 0;
    while (len < text.len && is_name_byte(text.data[len])) {
        len++;
    }
    return len;
}

bool placeholder_name_is_valid(struct span name)
{
    return name.len >= 1 && name.len <= PLACEHOLDER_NAME_MAX && name_len(name) == name.len;
}

/* How many braces text has from there on. */
static size_t run_at(struct span text, size_t at)
{
    size_t end = at;
    while (end < text.len && text.data[end] == '{') {
        end++;
    }
    return end - at;
}

static struct piece take(struct span *rest, enum piece_kind kind, size_t from, size_t len, size_t taken)
{
    const struct piece piece = {.kind = kind, .text = span_of(rest->data + from, len)};
    *rest = span_of(rest->data + taken, rest->len - taken);
    return piece;
}

/* At exactly two braces. */
static struct piece take_placeholder(struct span *rest)
{
    const struct span behind = span_of(rest->data + 2, rest->len - 2);
    const size_t len = name_len(behind);
    const bool closed = behind.len >= len + 2 && behind.data[len] == '}' && behind.data[len + 1] == '}';
    if (!closed || len == 0 || len > PLACEHOLDER_NAME_MAX) {
        return take(rest, PIECE_WRONG, 0, 2, 2);
    }
    return take(rest, PIECE_PLACEHOLDER, 2, len, len + 4);
}

struct piece placeholder_next(struct span *rest)
{
    if (rest->len == 0) {
        return (struct piece){.kind = PIECE_END};
    }
    const size_t run = run_at(*rest, 0);
    if (run >= 4) {
        return take(rest, PIECE_LITERAL, 0, 2, 4);
    }
    if (run == 2) {
        return take_placeholder(rest);
    }
    if (run == 3) {
        return take(rest, PIECE_LITERAL, 0, 1, 1);
    }
    size_t end = run; /* 0 or 1: up to where two or more begin */
    while (end < rest->len && run_at(*rest, end) < 2) {
        end++;
    }
    return take(rest, PIECE_LITERAL, 0, end, end);
}

bool placeholder_is_in(struct span text, struct span name)
{
    for (size_t at = 0; at + name.len + 4 <= text.len; at++) {
        const uint8_t *here = text.data + at;
        if (here[0] == '{' && here[1] == '{' && here[name.len + 2] == '}' && here[name.len + 3] == '}' &&
            memcmp(here + 2, name.data, name.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_blank(const struct placeholder_texts *texts, struct span name)
{
    bool blank = placeholder_is_in(texts->link, name) || placeholder_is_in(texts->first_comment, name);
    for (uint32_t i = 0; i < texts->part_count && !blank; i++) {
        blank = placeholder_is_in(texts->parts[i].text, name);
    }
    for (uint32_t i = 0; i < texts->target_count && !blank; i++) {
        blank = placeholder_is_in(texts->targets[i].variant, name);
    }
    return blank;
}

uint32_t placeholder_blanks(const struct placeholder_texts *texts, const struct placeholder_ref *names, uint32_t count,
                            struct placeholder_ref *ret_blanks)
{
    uint32_t blank_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct placeholder_ref name = names[i];
        if (is_blank(texts, name.name)) {
            ret_blanks[blank_count] = name;
            blank_count++;
        }
    }
    return blank_count;
}

void placeholder_tell(const struct placeholder_ref *blanks, uint32_t count, struct buf *out)
{
    buf_text(out, "Blank: ");
    for (uint32_t i = 0; i < count; i++) {
        if (out->cap - out->len < PLACEHOLDER_NAME_MAX + 32) { /* behind it there may be yet others */
            buf_text(out, " and ");
            buf_u64(out, count - i);
            buf_text(out, " more");
            break;
        }
        buf_text(out, i == 0 ? "{{" : ", {{");
        buf_put(out, blanks[i].name);
        buf_text(out, "}}");
    }
    buf_byte(out, '.');
}
