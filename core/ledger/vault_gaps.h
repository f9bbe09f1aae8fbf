/* vault_gaps.h: what the vault should hold and does not: its folder was lost, or restored without its master key. Used
 * by main.c when a ledger starts. */
#ifndef OPENPOST_LEDGER_VAULT_GAPS_H
#define OPENPOST_LEDGER_VAULT_GAPS_H

#include "core/store/store.h"
#include "core/vault/vault.h"

#define VAULT_GAPS_SHOWN 8

struct vault_gaps {
    uint32_t accounts; /* connected ones whose credentials cannot be read: they must be connected again */
    uint32_t keys;     /* good ones without their tag key: they open HTTP only */
    uint32_t people;   /* who cannot sign in with their address, for nobody knows it any more */
    uint32_t sealed;   /* of all, those that are there but that this master key does not open, or that were damaged */
    struct id shown[VAULT_GAPS_SHOWN]; /* the first accounts */
};

/* vault_gaps_find looks for every secret that the states of txn need. Any error is of reading. */
enum err vault_gaps_find(struct store_txn *txn, struct vault *vault, struct vault_gaps *ret_gaps) MUST_USE;

#endif
