/* vault_gaps.c: see vault_gaps.h. Called by main.c. It only reads, and keeps no secret. */
#include "core/ledger/vault_gaps.h"

#include <string.h>

#include "core/ledger/ledger.h"

/* Whether the secret can be read: ERR_NOT_FOUND, ERR_AUTH. */
static enum err try_secret(struct vault *vault, const struct id *secret_id)
{
    uint8_t bytes[VAULT_PLAIN_MAX];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const enum err err = vault_get(vault, secret_id, &plain);
    explicit_bzero(bytes, plain.len);
    return err;
}

enum err vault_gaps_find(struct store_txn *txn, struct vault *vault, struct vault_gaps *ret_gaps)
{
    struct vault_gaps gaps = {.accounts = 0};
    struct id owner_id = {0};
    struct id secret_id = {0};
    enum err err;
    while ((err = ledger_next_secret(txn, &owner_id, &secret_id)) == OK) {
        const enum err held = try_secret(vault, &secret_id);
        if (held == OK) {
            continue;
        }
        if (held != ERR_NOT_FOUND && held != ERR_AUTH) {
            return held;
        }
        gaps.sealed += held == ERR_AUTH ? 1 : 0;
        if (owner_id.kind == ID_USER) {
            gaps.people++;
        } else if (owner_id.kind == ID_KEY) {
            gaps.keys++;
        } else {
            if (gaps.accounts < VAULT_GAPS_SHOWN) {
                gaps.shown[gaps.accounts] = owner_id;
            }
            gaps.accounts++;
        }
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_gaps = gaps;
    return OK;
}
