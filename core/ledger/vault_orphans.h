/* vault_orphans.h: secrets that no event names: sealed just before a crash, replaced by newer ones, or of accounts and
 * keys that are gone. Used by main.c when a ledger starts and nobody is connected yet. Whoever had one sealed by the
 * ledger before may still send the command that names it: what is young stays, until a later start. */
#ifndef OPENPOST_LEDGER_VAULT_ORPHANS_H
#define OPENPOST_LEDGER_VAULT_ORPHANS_H

#include "core/base/limits.h"
#include "core/log/log.h"
#include "core/store/store.h"
#include "core/vault/vault.h"

#define ORPHAN_SPARED_MS MINUTE_MS /* several times as long as the gateway keeps a command waiting */

/* vault_orphans_sweep deletes them, *ret_deleted in all. What is older than the log belongs to another, which may come
 * back: it stays. So do the secrets of an owner of whom nothing is known unless views_made, at this start, of the whole
 * log: rows may have been lost. *ret_broken: the error, ERR_ALTERED, is of the vault. Any other is of reading or
 * writing; then what was deleted so far is deleted. */
enum err vault_orphans_sweep(struct log *log, struct store *views, bool views_made, int64_t now_ms, struct vault *vault,
                             uint64_t *ret_deleted, bool *ret_broken) MUST_USE;

#endif
