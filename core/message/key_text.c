/* key_text.c: see key_text.h. Called by the gate and by tools/keys.c, which make keys, and by who judges their names.
 * Must never leave a part of a key behind on the stack. */
#include "core/message/key_text.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/token.h"

bool key_name_is_valid(struct span name)
{
    bool good = name.len >= 1 && name.len <= KEY_NAME_MAX;
    for (size_t i = 0; good && i < name.len; i++) {
        const uint8_t c = name.data[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return good;
}

void key_text_write(struct span name, const uint8_t randomness[KEY_RANDOM_LEN], char ret_text[KEY_TEXT_MAX])
{
    char token[TOKEN_LEN + 1];
    ASSERT(key_name_is_valid(name));
    token_write(randomness, token);
    struct buf text = buf_of(ret_text, KEY_TEXT_MAX);
    buf_text(&text, "op_");
    buf_put(&text, name);
    buf_byte(&text, '_');
    buf_text(&text, token);
    ASSERT(buf_terminated(&text) != NULL);
    explicit_bzero(token, sizeof token);
}
