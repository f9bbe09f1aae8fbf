/* keys.h: API keys: op_<name>_<43 base62 characters>, 256 bits of the kernel's randomness, shown once and stored as
 * SHA-256. */
#ifndef OPENPOST_TOOLS_KEYS_H
#define OPENPOST_TOOLS_KEYS_H

#include "core/base/span.h"

#define KEY_NAME_MAX 24
#define KEY_TEXT_MAX 72 /* op_, name, underscore, 43, NUL */

/* key_name_is_valid: [a-z0-9-]{1,24}. key_make writes a new key and its SHA-256. */
bool key_name_is_valid(struct span name);
void key_make(struct span name, char ret_text[KEY_TEXT_MAX], uint8_t ret_hash[32]);

#endif
