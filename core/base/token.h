/* token.h: secrets for people's hands and browsers' cookies: 43 characters of base62, 256 bits of chance. Pure. */
#ifndef OPENPOST_BASE_TOKEN_H
#define OPENPOST_BASE_TOKEN_H

#include "core/base/span.h"

#define TOKEN_LEN 43 /* 62^43 > 2^256 */
#define TOKEN_RANDOM_LEN 32

/* token_write writes the number that the random bytes are, in base 62, so that no two give the same, ended by NUL.
 * token_is_one tells whether a text has the form of one. */
void token_write(const uint8_t randomness[TOKEN_RANDOM_LEN], char ret_text[TOKEN_LEN + 1]);
bool token_is_one(struct span text);

#endif
