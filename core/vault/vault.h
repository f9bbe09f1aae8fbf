/* vault.h: sealed secrets at rest: rows of a store of their own (DATA/vault), durable before anything names them. Each
 * is a box under a data key of its owner (an integration; an API key, whose tag key is kept), derived from the
 * installation's master key, and bound to its own id.
 *
 * The ledger writes; the scheduler opens it read-only. Any thread may read (vault_get) while one writes. */
#ifndef OPENPOST_VAULT_VAULT_H
#define OPENPOST_VAULT_VAULT_H

#include "core/base/owned.h"
#include "core/base/typeid.h"
#include "core/vault/box.h"

#define VAULT_PLAIN_MAX 65536 /* bytes of a secret */
#define VAULT_MAP_BYTES ((size_t)1 << 32)

struct vault;

/* vault_open opens (read_only false: creates) the vault in folder path; the errors of store_lmdb_open. vault_close
 * accepts NULL. */
enum err vault_open(const char *path, const uint8_t master[BOX_KEY_LEN], bool read_only, struct vault **ret_vault)
    MUST_USE;
void vault_close(struct vault *vault);
OWNED_BY(vault_close, struct vault *);

/* vault_put seals plain under secret_id and returns when it is durable; the same id again replaces. nonce: 12 fresh
 * random bytes. ERR_TOO_LONG, ERR_NO_SPACE, ERR_IO. vault_get appends the plain text to out: ERR_NOT_FOUND, ERR_AUTH
 * (another master key, or altered), ERR_NO_SPACE. The caller wipes what it was given. vault_delete: ERR_NOT_FOUND. */
enum err vault_put(struct vault *vault, const struct id *secret_id, const struct id *owner_id, const uint8_t nonce[12],
                   struct span plain) MUST_USE;
enum err vault_get(struct vault *vault, const struct id *secret_id, struct buf *out) MUST_USE;
enum err vault_delete(struct vault *vault, const struct id *secret_id) MUST_USE;

/* vault_sweep deletes every secret for which named answers false: rows that no event names, left by a crash between row
 * and event. */
typedef bool vault_named(void *context, const struct id *secret_id, const struct id *owner_id);
enum err vault_sweep(struct vault *vault, vault_named *named, void *context, uint64_t *ret_deleted) MUST_USE;

#endif
