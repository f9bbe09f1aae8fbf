/* vault.h: sealed secrets at rest: rows of a store of their own (DATA/vault), durable before anything names them. Each
 * is a box under a data key of its owner (aggregate.h lists who keeps what), derived from the installation's master
 * key, and bound to its own id. But for API keys' the data key is made of a random key of the secret's own, too, which
 * is destroyed with it (slots.h). Rows of accounts and providers that an older version wrote have none.
 *
 * A secret may be found by a text besides its id: an index keyed by HMAC-SHA-256 of that text, under a key derived from
 * the master key, is written and deleted in the transaction of its row. Several secrets may be found by the same text:
 * which of them counts is the caller's to say, who knows what the owners' states name.
 *
 * The ledger writes; the scheduler opens it read-only, and then what people's secrets are stays closed to it. Any
 * thread may read (vault_get, vault_find) while one writes. */
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

struct vault_secret {
    struct id id;
    struct id owner_id;
    struct span plain;
    struct span found_by; /* besides its id; empty: nothing */
};

/* vault_put seals a secret and returns when it is durable; the same id again replaces. randomness: fresh bytes.
 * ERR_TOO_LONG, ERR_NO_SPACE, ERR_IO. vault_get appends the plain text to out: ERR_NOT_FOUND, also when its own key was
 * destroyed or the vault is read-only; ERR_AUTH (another master key, or altered), ERR_NO_SPACE. The caller wipes what
 * it was given. vault_look tells by OK that there is a secret of that id, whether it opens or not; ERR_NOT_FOUND.
 * vault_delete destroys the secret's own key first: ERR_NOT_FOUND. */
#define VAULT_RANDOMNESS_LEN (12 + BOX_KEY_LEN)
enum err vault_put(struct vault *vault, const struct vault_secret *secret,
                   const uint8_t randomness[VAULT_RANDOMNESS_LEN]) MUST_USE;
enum err vault_get(struct vault *vault, const struct id *secret_id, struct buf *out) MUST_USE;
enum err vault_look(struct vault *vault, const struct id *secret_id) MUST_USE;
enum err vault_delete(struct vault *vault, const struct id *secret_id) MUST_USE;
/* vault_find finds the next secret behind *secret_id (zeros: the first) that was put with that text, and its owner;
 * ERR_NOT_FOUND. vault_pretend takes as long as a vault_get of plain_len bytes: for whoever must not tell by the time
 * that there is nothing. vault_mac makes a MAC of text that nobody without the master key can make, one for each
 * purpose. */
enum err vault_find(struct vault *vault, struct span found_by, struct id *secret_id, struct id *ret_owner_id) MUST_USE;
void vault_pretend(struct vault *vault, size_t plain_len);
void vault_mac(const struct vault *vault, const char *purpose, struct span text, uint8_t ret_mac[SHA256_LEN]);

/* vault_sweep asks named about the next secrets behind *from (zeros: from the first), at most so many, and deletes each
 * for which it answers false: what no state names, or not any more. *from: the last one that it looked at; zeros: there
 * are no more. *ret_deleted is written on failure, too. */
typedef bool vault_named(void *context, const struct id *secret_id, const struct id *owner_id);
enum err vault_sweep(struct vault *vault, vault_named *named, void *context, uint32_t max, struct id *from,
                     uint64_t *ret_deleted) MUST_USE;

#endif
