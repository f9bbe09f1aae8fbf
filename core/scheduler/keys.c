/* keys.c: see keys.h. Called by main.c. Must never leave a plain text behind on the stack. */
#include "core/scheduler/keys.h"

#include "core/base/assert.h"
#include "core/wire/client.h"

void keys_derive(const uint8_t secret[FRAME_KEY_LEN], struct scheduler_keys *ret_keys)
{
    party_key(secret, PARTY_SCHEDULER, ret_keys->ledger);
    client_transport_key(ret_keys->ledger, ret_keys->fingerprints);
    for (uint32_t channel = CHANNEL_NONE + 1; channel < CHANNEL_COUNT; channel++) {
        link_key(secret, span_text(choice_word(&channel_words, channel)), ret_keys->links[channel]);
        client_transport_key(ret_keys->links[channel], ret_keys->boxes[channel]);
    }
}

enum err keys_box(const struct scheduler_keys *keys, uint32_t channel, const struct id *job_id, const uint8_t nonce[12],
                  struct span plain, struct buf *out)
{
    char what_text[ID_TEXT_MAX + 1];
    struct buf what = buf_of(what_text, sizeof what_text);
    ASSERT(channel < CHANNEL_COUNT);
    id_write(&what, job_id);
    return box_seal(keys->boxes[channel], nonce, buf_span(&what), plain, out);
}

enum err keys_unbox(const struct scheduler_keys *keys, uint32_t channel, const struct id *job_id, struct span box,
                    struct buf *out)
{
    char what_text[ID_TEXT_MAX + 1];
    struct buf what = buf_of(what_text, sizeof what_text);
    ASSERT(channel < CHANNEL_COUNT);
    id_write(&what, job_id);
    return box_open(keys->boxes[channel], buf_span(&what), box, out);
}

enum err keys_box_secret(const struct scheduler_keys *keys, struct vault *vault, const struct id *vault_id,
                         uint32_t channel, const struct id *job_id, const uint8_t nonce[12], struct arena *arena,
                         struct span *ret_box)
{
    uint8_t plain_bytes[VAULT_PLAIN_MAX];
    struct buf plain = buf_of(plain_bytes, sizeof plain_bytes);
    TRY(vault_get(vault, vault_id, &plain));
    const size_t cap = plain.len + BOX_OVERHEAD;
    void *bytes = arena_alloc(arena, cap);
    enum err err = bytes != NULL ? OK : ERR_NO_MEMORY;
    if (err == OK) {
        struct buf box = buf_of(bytes, cap);
        err = keys_box(keys, channel, job_id, nonce, buf_span(&plain), &box);
        *ret_box = buf_span(&box);
    }
    explicit_bzero(plain_bytes, plain.len);
    return err;
}

void keys_fingerprint(const struct scheduler_keys *keys, struct span plain,
                      char ret_fingerprint[KEYS_FINGERPRINT_LEN + 1])
{
    uint8_t bytes[BOX_KEY_LEN + VAULT_PLAIN_MAX];
    uint8_t hash[SHA256_LEN];
    struct buf keyed = buf_of(bytes, sizeof bytes);
    struct buf hex = buf_of(ret_fingerprint, KEYS_FINGERPRINT_LEN + 1);
    buf_put(&keyed, span_of(keys->fingerprints, BOX_KEY_LEN));
    buf_put(&keyed, plain);
    ASSERT(buf_ok(&keyed));
    sha256(buf_span(&keyed), hash);
    buf_hex(&hex, span_of(hash, KEYS_FINGERPRINT_LEN / 2));
    (void)buf_terminated(&hex);
    explicit_bzero(bytes, sizeof bytes);
}
