/* keys.c: see keys.h. Called by init and key. */
#include "tools/keys.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/wire/tag_key.h"

bool key_name_is_valid(struct span name)
{
    bool good = name.len >= 1 && name.len <= KEY_NAME_MAX;
    for (size_t i = 0; good && i < name.len; i++) {
        const uint8_t c = name.data[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return good;
}

void key_make(struct span name, char ret_text[KEY_TEXT_MAX])
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
    ASSERT(buf_terminated(&text) != NULL);
}

enum err key_create(struct operator_hand *hand, const struct id *workspace_id, struct span name, enum role role,
                    int64_t expires_ms, struct id *ret_key_id, char ret_text[KEY_TEXT_MAX], struct answer *ret_answer)
{
    char text[KEY_TEXT_MAX];
    uint8_t tag_key[TAG_KEY_LEN];
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    const struct id key_id = id_make(ID_KEY, clock_wall_ms(), randomness);
    struct command command = {.code = COMMAND_create_key, .workspace_id = *workspace_id, .stream = key_id};
    struct create_key_command *fields = &command.create_key;
    *fields = (struct create_key_command){.key_id = key_id,
                                          .workspace_id = *workspace_id,
                                          .name = name,
                                          .role = (uint32_t)role,
                                          .expires_ms = expires_ms};
    key_make(name, text);
    tag_key_of(span_text(text), tag_key);
    tag_key_fingerprint(tag_key, fields->fingerprint.bytes);
    enum err err = operator_keep(hand, &key_id, &key_id, span_of(tag_key, sizeof tag_key));
    explicit_bzero(tag_key, sizeof tag_key);
    err = err == OK ? operator_command(hand, &command, ret_answer) : err;
    if (err == OK) {
        *ret_key_id = key_id;
        memcpy(ret_text, text, sizeof text);
    }
    explicit_bzero(text, sizeof text);
    return err;
}
