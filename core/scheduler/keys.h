/* keys.h: the keys that the scheduler holds once it serves: its own to the ledger, one for each adapter's link, and
 * what it makes of them: boxes for credentials on their way, and fingerprints that recognise credentials. */
#ifndef OPENPOST_SCHEDULER_KEYS_H
#define OPENPOST_SCHEDULER_KEYS_H

#include "core/base/arena.h"
#include "core/vault/box.h"
#include "core/vault/vault.h"
#include "core/wire/party.h"

#define KEYS_FINGERPRINT_LEN 16

struct scheduler_keys {
    uint8_t ledger[FRAME_KEY_LEN];
    uint8_t links[CHANNEL_COUNT][FRAME_KEY_LEN];
    uint8_t boxes[CHANNEL_COUNT][BOX_KEY_LEN];
    uint8_t fingerprints[BOX_KEY_LEN];
};

/* keys_derive makes them from the installation's secret, which the caller then forgets. */
void keys_derive(const uint8_t secret[FRAME_KEY_LEN], struct scheduler_keys *ret_keys);
/* keys_box appends the box of plain, which only the channel's adapter opens, and only for that job; keys_unbox likewise
 * what came from it. Errors as box.h. */
enum err keys_box(const struct scheduler_keys *keys, uint32_t channel, const struct id *job_id, const uint8_t nonce[12],
                  struct span plain, struct buf *out) MUST_USE;
enum err keys_unbox(const struct scheduler_keys *keys, uint32_t channel, const struct id *job_id, struct span box,
                    struct buf *out) MUST_USE;
/* keys_box_secret is keys_box of what the vault holds under vault_id, into the arena. Errors of both. */
enum err keys_box_secret(const struct scheduler_keys *keys, struct vault *vault, const struct id *vault_id,
                         uint32_t channel, const struct id *job_id, const uint8_t nonce[12], struct arena *arena,
                         struct span *ret_box) MUST_USE;
/* keys_fingerprint recognises credentials and is no plain hash of them. */
void keys_fingerprint(const struct scheduler_keys *keys, struct span plain,
                      char ret_fingerprint[KEYS_FINGERPRINT_LEN + 1]);

#endif
