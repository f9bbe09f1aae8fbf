/* token.c: see token.h. Called by whoever makes keys, sessions and invitations. Must never leave a part of a token
 * behind on the stack. */
#include "core/base/token.h"

#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Divides a big-endian number by 62; the remainder. */
static unsigned divide(uint8_t number[TOKEN_RANDOM_LEN])
{
    unsigned rest = 0;
    for (size_t i = 0; i < TOKEN_RANDOM_LEN; i++) {
        rest = rest << 8 | number[i];
        number[i] = (uint8_t)(rest / 62);
        rest %= 62;
    }
    return rest;
}

void token_write(const uint8_t randomness[TOKEN_RANDOM_LEN], char ret_text[TOKEN_LEN + 1])
{
    uint8_t number[TOKEN_RANDOM_LEN];
    memcpy(number, randomness, sizeof number);
    for (size_t i = TOKEN_LEN; i > 0; i--) {
        ret_text[i - 1] = alphabet[divide(number)];
    }
    ret_text[TOKEN_LEN] = 0;
    explicit_bzero(number, sizeof number);
}

bool token_is_one(struct span text)
{
    bool good = text.len == TOKEN_LEN;
    for (size_t i = 0; good && i < text.len; i++) {
        good = span_find(span_text(alphabet), text.data[i]) < sizeof alphabet - 1;
    }
    return good;
}
