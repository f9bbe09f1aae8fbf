/* keys.h: API keys (core/message/key_text.h) made at the data folder, shown once. */
#ifndef OPENPOST_TOOLS_KEYS_H
#define OPENPOST_TOOLS_KEYS_H

#include "core/message/choice.h"
#include "core/message/key_text.h"
#include "tools/operator.h"

/* key_make writes the text of a new key, whose name is valid. */
void key_make(struct span name, char ret_text[KEY_TEXT_MAX]);

/* key_create_as makes a key in a workspace: first its tag key into the vault, then the command, which says of the key
 * what *wish does: name, role, scopes, accounts, end. *ret_key_id and ret_text: the key. The errors of operator.h;
 * ret_answer->refusal. key_create makes one that keeps all of its role. expires_ms: from then on it opens nothing; 0:
 * never. */
enum err key_create_as(struct operator_hand *hand, const struct id *workspace_id, const struct create_key_command *wish,
                       struct id *ret_key_id, char ret_text[KEY_TEXT_MAX], struct answer *ret_answer) MUST_USE;
enum err key_create(struct operator_hand *hand, const struct id *workspace_id, struct span name, enum role role,
                    int64_t expires_ms, struct id *ret_key_id, char ret_text[KEY_TEXT_MAX], struct answer *ret_answer)
    MUST_USE;

#endif
