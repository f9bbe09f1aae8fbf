/* slots.h: keys that can be destroyed: files beside the vault's rows. LMDB writes a changed page elsewhere and leaves
 * the old one as it was, so that a deleted row is still in the file; here a key is overwritten in its place, and what
 * was sealed under it is nobody's any more, wherever copies of the row lie. What a journaling or copy-on-write file
 * system, a disk that remaps its blocks or a backup keeps is out of reach.
 *
 * A slot has 64 bytes: the id of the secret whose key it is (17), zeros (15), the key (32); all zeros: free. One
 * writer; any thread may read meanwhile. */
#ifndef OPENPOST_VAULT_SLOTS_H
#define OPENPOST_VAULT_SLOTS_H

#include "core/base/typeid.h"
#include "core/vault/box.h"

struct slots {
    int fd;             /* -1: not open */
    uint32_t free_from; /* no slot before it is free */
};

#define SLOTS_PEOPLE "subject.keys"   /* of persons, members and sessions: the ledger's alone */
#define SLOTS_ACCOUNTS "account.keys" /* of accounts and identity providers: the scheduler reads them, too */

/* slots_open opens the file of that name in the vault's folder, mode 0600, and makes it where there is none; read_only:
 * it is ERR_NOT_FOUND then. ERR_ACCESS, ERR_IO, ERR_NO_SPACE. slots_close accepts one that is not open. */
enum err slots_open(const char *folder, const char *name, bool read_only, struct slots *ret_slots) MUST_USE;
void slots_close(struct slots *slots);

/* slots_take writes a secret's key into a free slot: durable when it returns. ERR_NO_SPACE, ERR_IO. slots_read reads
 * it; slots_erase overwrites it with zeros, on the disk when it returns; ERR_NOT_FOUND: the slot is not that secret's
 * (any more). */
enum err slots_take(struct slots *slots, const struct id *secret_id, const uint8_t key[BOX_KEY_LEN], uint32_t *ret_slot)
    MUST_USE;
enum err slots_read(const struct slots *slots, uint32_t slot, const struct id *secret_id, uint8_t ret_key[BOX_KEY_LEN])
    MUST_USE;
enum err slots_erase(struct slots *slots, uint32_t slot, const struct id *secret_id) MUST_USE;
/* slots_holder tells whose a slot is; absent: it is free. ERR_NOT_FOUND: behind the last. */
enum err slots_holder(const struct slots *slots, uint32_t slot, struct id *ret_secret_id) MUST_USE;

#endif
