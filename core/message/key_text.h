/* key_text.h: the text of an API key: op_<name>_<43 base62 characters>, which are 256 bits of the kernel's randomness.
 * What is kept of one, and where, core/wire/tag_key.h says. Pure. */
#ifndef OPENPOST_MESSAGE_KEY_TEXT_H
#define OPENPOST_MESSAGE_KEY_TEXT_H

#include "core/base/token.h"

#define KEY_NAME_MAX 24
#define KEY_TEXT_MAX 72 /* op_, name, underscore, 43, NUL */
#define KEY_RANDOM_LEN TOKEN_RANDOM_LEN

/* key_name_is_valid: [a-z0-9-]{1,24}. key_text_write writes the text of a key with a valid name, which ends in
 * a token (core/base/token.h). */
bool key_name_is_valid(struct span name);
void key_text_write(struct span name, const uint8_t randomness[KEY_RANDOM_LEN], char ret_text[KEY_TEXT_MAX]);

#endif
