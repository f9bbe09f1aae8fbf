/* keys.c: see keys.h. Called by init and key. */
#include "tools/keys.h"

#include "core/base/clock.h"
#include "core/wire/tag_key.h"

void key_make(struct span name, char ret_text[KEY_TEXT_MAX])
{
    uint8_t randomness[KEY_RANDOM_LEN];
    random_fill(randomness, sizeof randomness);
    key_text_write(name, randomness, ret_text);
    explicit_bzero(randomness, sizeof randomness);
}

enum err key_create_as(struct operator_hand *hand, const struct id *workspace_id, const struct create_key_command *wish,
                       struct id *ret_key_id, char ret_text[KEY_TEXT_MAX], struct answer *ret_answer)
{
    char text[KEY_TEXT_MAX];
    uint8_t tag_key[TAG_KEY_LEN];
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    const struct id key_id = id_make(ID_KEY, clock_wall_ms(), randomness);
    struct command command = {.code = COMMAND_create_key, .workspace_id = *workspace_id, .stream = key_id};
    struct create_key_command *fields = &command.create_key;
    *fields = *wish;
    fields->key_id = key_id;
    fields->workspace_id = *workspace_id;
    key_make(wish->name, text);
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

enum err key_create(struct operator_hand *hand, const struct id *workspace_id, struct span name, enum role role,
                    int64_t expires_ms, struct id *ret_key_id, char ret_text[KEY_TEXT_MAX], struct answer *ret_answer)
{
    const struct create_key_command wish = {.name = name, .role = (uint32_t)role, .expires_ms = expires_ms};
    return key_create_as(hand, workspace_id, &wish, ret_key_id, ret_text, ret_answer);
}
