/* sealer.c: see sealer.h. Called by main.c. Must never leave credentials in clear behind. */
#include "core/scheduler/sealer.h"

#define SEAL_WAIT_MS 5000

static enum err seal(const struct scheduler_keys *keys, struct client *client, const struct dispatch_secret *secret,
                     char fingerprint[KEYS_FINGERPRINT_LEN + 1])
{
    uint8_t bytes[VAULT_PLAIN_MAX];
    struct buf plain = buf_of(bytes, sizeof bytes);
    enum err err = keys_unbox(keys, secret->channel, &secret->job_id, secret->box, &plain);
    const bool opened = err == OK;
    if (opened) {
        err = client_seal_wait(client, &secret->secret_id, &secret->integration_id, buf_span(&plain), SEAL_WAIT_MS);
        keys_fingerprint(keys, buf_span(&plain), fingerprint);
    }
    explicit_bzero(bytes, sizeof bytes);
    return !opened ? ERR_AUTH : err == ERR_AUTH ? ERR_BUSY : err; /* ERR_AUTH: of the box, not of the ledger */
}

enum err sealer_turn(struct dispatch *dispatch, const struct scheduler_keys *keys, struct client *client,
                     int64_t now_ms, bool *ret_any)
{
    enum err failed = OK;
    bool any = false;
    struct dispatch_secret secret;
    uint32_t ticket;
    while (dispatch_seal(dispatch, now_ms, &secret, &ticket)) {
        char fingerprint[KEYS_FINGERPRINT_LEN + 1] = "";
        const enum err err = seal(keys, client, &secret, fingerprint);
        dispatch_sealed(dispatch, now_ms, ticket, err, span_text(fingerprint));
        failed = err != OK ? err : failed;
        any = true;
    }
    *ret_any = any;
    return failed;
}
