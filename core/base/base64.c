/* base64.c: see base64.h. For checkpoints, proofs and blobs in JSON: plainness before speed. Nothing secret: it takes a
 * time that depends on what it reads. */
#include "core/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(struct buf *out, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        const size_t left = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; j++) {
            bits = bits << 8 | (j < left ? bytes.data[i + j] : 0U);
        }
        for (unsigned j = 0; j < 4; j++) {
            buf_byte(out, j <= left ? (uint8_t)alphabet[bits >> (18 - 6 * j) & 63] : '=');
        }
    }
}

static int digit_of(uint8_t c)
{
    for (int i = 0; i < 64; i++) {
        if ((uint8_t)alphabet[i] == c) {
            return i;
        }
    }
    return -1;
}

enum err base64_read(struct span text, struct buf *out)
{
    if (text.len % 4 != 0) {
        return ERR_MALFORMED;
    }
    const size_t before = out->len;
    for (size_t i = 0; i < text.len; i += 4) {
        const uint8_t *group = text.data + i;
        const bool last = i + 4 == text.len;
        const size_t pads = last && group[3] == '=' ? (group[2] == '=' ? 2U : 1U) : 0U;
        uint32_t bits = 0;
        for (size_t j = 0; j < 4; j++) {
            const int digit = j + pads < 4 ? digit_of(group[j]) : 0;
            if (digit < 0) {
                out->len = before;
                return ERR_MALFORMED;
            }
            bits = bits << 6 | (uint32_t)digit;
        }
        if ((pads == 1 && (bits & 0xFF) != 0) || (pads == 2 && (bits & 0xFFFF) != 0)) {
            out->len = before;
            return ERR_MALFORMED;
        }
        for (size_t j = 0; j + pads < 3; j++) {
            buf_byte(out, (uint8_t)(bits >> (16 - 8 * j)));
        }
    }
    if (!buf_ok(out)) {
        out->len = before;
        return ERR_TOO_LONG;
    }
    return OK;
}

static int url_digit_of(uint8_t c)
{
    return c == '-' ? 62 : c == '_' ? 63 : c == '+' || c == '/' ? -1 : digit_of(c);
}

enum err base64url_read(struct span text, struct buf *out)
{
    const size_t before = out->len;
    uint32_t bits = 0;
    unsigned waiting = 0; /* bits that are no whole byte yet */
    for (size_t i = 0; i < text.len; i++) {
        const int digit = url_digit_of(text.data[i]);
        if (digit < 0) {
            out->len = before;
            return ERR_MALFORMED;
        }
        bits = bits << 6 | (uint32_t)digit;
        waiting += 6;
        if (waiting >= 8) {
            waiting -= 8;
            buf_byte(out, (uint8_t)(bits >> waiting));
        }
    }
    if (text.len % 4 == 1 || (bits & ((1U << waiting) - 1)) != 0) {
        out->len = before;
        return ERR_MALFORMED;
    }
    if (!buf_ok(out)) {
        out->len = before;
        return ERR_TOO_LONG;
    }
    return OK;
}
