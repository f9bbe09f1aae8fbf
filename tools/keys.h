/* keys.h: API keys: op_<name>_<43 base62 characters>, 256 bits of the kernel's randomness, shown once. What is kept of
 * one, and where, core/wire/tag_key.h says. */
#ifndef OPENPOST_TOOLS_KEYS_H
#define OPENPOST_TOOLS_KEYS_H

#include "core/message/choice.h"
#include "tools/operator.h"

#define KEY_NAME_MAX 24
#define KEY_TEXT_MAX 72 /* op_, name, underscore, 43, NUL */

/* key_name_is_valid: [a-z0-9-]{1,24}. key_make writes a new key's text. */
bool key_name_is_valid(struct span name);
void key_make(struct span name, char ret_text[KEY_TEXT_MAX]);

/* key_create makes a key in a workspace: first its tag key into the vault, then the command. expires_ms: from then on
 * it opens nothing; 0: never. *ret_key_id and ret_text: the key. The errors of operator.h; ret_answer->refusal. */
enum err key_create(struct operator_hand *hand, const struct id *workspace_id, struct span name, enum role role,
                    int64_t expires_ms, struct id *ret_key_id, char ret_text[KEY_TEXT_MAX], struct answer *ret_answer)
    MUST_USE;

#endif
