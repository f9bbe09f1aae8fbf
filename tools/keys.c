/* keys.c: see keys.h. Called by init and key. */
#include "tools/keys.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/vault/box.h"

bool key_name_is_valid(struct span name)
{
    bool good = name.len >= 1 && name.len <= KEY_NAME_MAX;
    for (size_t i = 0; good && i < name.len; i++) {
        const uint8_t c = name.data[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return good;
}

void key_make(struct span name, char ret_text[KEY_TEXT_MAX], uint8_t ret_hash[32])
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    ASSERT(key_name_is_valid(name));
    struct buf text = buf_of(ret_text, KEY_TEXT_MAX);
    buf_text(&text, "op_");
    buf_put(&text, name);
    buf_byte(&text, '_');
    for (unsigned i = 0; i < 43;) {
        uint8_t byte;
        random_fill(&byte, 1);
        if (byte < 248) { /* 4 * 62: every character equally likely */
            buf_byte(&text, (uint8_t)alphabet[byte % 62]);
            i++;
        }
    }
    sha256(buf_span(&text), ret_hash);
    ASSERT(buf_terminated(&text) != NULL);
}
