/* party.c: see party.h. Called by whoever reads the secret (data.c) and by the ledger's service, which asks it about
 * every frame and every command. Pure. */
#include "core/wire/party.h"

#include "core/base/assert.h"
#include "core/vault/box.h"

static void derive(const uint8_t secret[FRAME_KEY_LEN], const char *purpose, uint8_t ret_key[FRAME_KEY_LEN])
{
    const enum err err = box_derive(secret, purpose, ret_key);
    ASSERT(err == OK);
}

void party_key(const uint8_t secret[FRAME_KEY_LEN], enum party party, uint8_t ret_key[FRAME_KEY_LEN])
{
    static const char *const purposes[PARTY_COUNT] = {
        [PARTY_OPERATOR] = "operator", [PARTY_SCHEDULER] = "scheduler", [PARTY_GATEWAY] = "gateway"};
    ASSERT(party < PARTY_COUNT);
    ASSERT(purposes[party] != NULL);
    derive(secret, purposes[party], ret_key);
}

void link_key(const uint8_t secret[FRAME_KEY_LEN], struct span channel, uint8_t ret_key[FRAME_KEY_LEN])
{
    char purpose[64];
    struct buf text = buf_of(purpose, sizeof purpose);
    buf_text(&text, "adapter ");
    buf_put(&text, channel);
    ASSERT(buf_terminated(&text) != NULL);
    derive(secret, purpose, ret_key);
}

void identity_key(const uint8_t secret[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN])
{
    derive(secret, "identity", ret_key);
}

void identity_link_key(const uint8_t key[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN])
{
    derive(key, "identity link", ret_key);
}

void identity_box_key(const uint8_t key[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN])
{
    derive(key, "identity box", ret_key);
}

void cursor_key(const uint8_t secret[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN])
{
    derive(secret, "cursors", ret_key);
}

bool party_may_ask(enum party party, uint8_t frame_kind)
{
    switch (frame_kind) {
    case FRAME_HELLO:
    case FRAME_COMMANDS:
    case FRAME_SEAL:
    case FRAME_STATUS:
        return true;
    case FRAME_FOLLOW:
        return party != PARTY_GATEWAY;
    case FRAME_QUERY:
        return party != PARTY_SCHEDULER;
    case FRAME_DOUBT:
        return party != PARTY_NONE;
    case FRAME_PERSON:
        return party == PARTY_GATEWAY || party == PARTY_OPERATOR;
    default:
        return false;
    }
}

bool party_may_command(enum party party, uint32_t code)
{
    const enum party whose = command_party(code);
    switch (party) {
    case PARTY_OPERATOR:
        return whose != PARTY_LEDGER && whose != PARTY_NONE;
    case PARTY_NONE:
        return command_role(code) != ROLE_COUNT; /* within its key's */
    case PARTY_SCHEDULER:
    case PARTY_GATEWAY:
        return whose == party;
    case PARTY_LEDGER:
    case PARTY_COUNT:
        break;
    }
    return false;
}
