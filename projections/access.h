/* access.h: who may do what where: API keys, workspaces, members and integrations. */
#ifndef OPENPOST_PROJECTIONS_ACCESS_H
#define OPENPOST_PROJECTIONS_ACCESS_H

#include "core/base/limits.h"
#include "core/ledger/projection.h"
#include "core/message/answer.h"
#include "projections/row.h"

extern const struct projection access_projection;

#define PRINCIPAL_NAME_MAX 32

/* Whoever shows a valid key. */
struct principal {
    struct id key_id;
    struct id workspace_id;
    uint32_t role;      /* enum role */
    int64_t expires_ms; /* 0: never */
    char name[PRINCIPAL_NAME_MAX];
};

/* access_find looks a key up by its fingerprint; the comparison takes the same time whatever the bytes are. ERR_AUTH:
 * unknown, revoked or expired at now_ms; nobody is told which. Allocates nothing. */
enum err access_find(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms,
                     struct principal *ret_principal) MUST_USE;
/* access_find_refused tells whose key it was that access_find refused: revoked, or expired. ERR_NOT_FOUND: nobody's. */
enum err access_find_refused(struct store_txn *txn, const uint8_t fingerprint[32], struct principal *ret_principal)
    MUST_USE;
/* access_find_named finds a key by the first 16 bytes of its fingerprint, which anybody may know: for frames, whose tag
 * then proves who it is. ERR_AUTH. */
enum err access_find_named(struct store_txn *txn, const uint8_t name[16], int64_t now_ms,
                           struct principal *ret_principal) MUST_USE;
/* access_key reads one by its id, whosever it is; ERR_NOT_FOUND. */
enum err access_key(struct store_txn *txn, const struct id *key_id, struct arena *arena, struct key_row *ret_key)
    MUST_USE;
/* access_keys lists a workspace's keys in the order of their making, revoked ones too. */
enum err access_keys(struct store_txn *txn, const struct id *workspace_id, uint32_t limit, struct arena *arena,
                     struct key_row **ret_keys, uint32_t *ret_count) MUST_USE;

/* access_installation reads what a scheduler must know of the whole installation when it starts; ERR_NOT_FOUND before
 * the first ledger took over. */
enum err access_installation(struct store_txn *txn, struct arena *arena, struct installation_row *ret_installation)
    MUST_USE;
/* access_workspace: ERR_NOT_FOUND. access_workspaces lists all after *after (NULL: from the first), for operators. */
enum err access_workspace(struct store_txn *txn, const struct id *workspace_id, struct arena *arena,
                          struct workspace_row *ret_workspace) MUST_USE;
enum err access_workspaces(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                           struct workspace_row **ret_workspaces, uint32_t *ret_count) MUST_USE;

/* access_integration reads one. workspace_id NULL: whosever it is (our own processes only). ERR_NOT_FOUND: unknown,
 * deleted, or another workspace's. access_integrations lists a workspace's, oldest first, after *after (NULL: from the
 * first). access_integration_scan walks those of all workspaces, deleted ones too: for a scheduler that starts.
 * Fewer than limit: that was all. */
enum err access_integration(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                            struct arena *arena, struct integration_row *ret_integration) MUST_USE;
enum err access_integrations(struct store_txn *txn, const struct id *workspace_id, const struct id *after,
                             uint32_t limit, struct arena *arena, struct integration_row **ret_integrations,
                             uint32_t *ret_count) MUST_USE;
enum err access_integration_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                                 struct integration_row **ret_integrations, uint32_t *ret_count) MUST_USE;

/* access_last_event finds the last workspace_seq of a workspace's events, 0 when there is none; access_has_event:
 * ERR_NOT_FOUND when there is none with that workspace_seq (yet). */
enum err access_last_event(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_workspace_seq) MUST_USE;
enum err access_has_event(struct store_txn *txn, const struct id *workspace_id, uint64_t workspace_seq) MUST_USE;
/* access_is_foreign tells whether there is, or was, something of that id in another workspace. */
enum err access_is_foreign(struct store_txn *txn, const struct id *workspace_id, const struct id *id, bool *ret_foreign)
    MUST_USE;

/* access_status is an integration's status as people see it at now_ms: paused or, within ACCESS_EXPIRING_MS of the end
 * of its session, expiring, where it would otherwise be connected. Expiring is a hint to people; it stops nothing. */
#define ACCESS_EXPIRING_MS (7 * DAY_MS)
enum integration_status access_status(const struct integration_row *integration, int64_t now_ms);

/* access_asked finds what was answered under an Idempotency-Key, and whether to the same body. ERR_NOT_FOUND. The
 * scope's hash names workspace and principal. */
enum err access_asked(struct store_txn *txn, const struct idempotency *idempotency, bool *ret_same,
                      struct answer *ret_answer) MUST_USE;

#endif
