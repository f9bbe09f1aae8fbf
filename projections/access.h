/* access.h: who may do what where: API keys, workspaces, members, people and their sessions, integrations. */
#ifndef OPENPOST_PROJECTIONS_ACCESS_H
#define OPENPOST_PROJECTIONS_ACCESS_H

#include "core/base/limits.h"
#include "core/ledger/projection.h"
#include "core/message/access.h"
#include "core/message/answer.h"
#include "core/message/usage.h"
#include "projections/row.h"

extern const struct projection access_projection;

#define PRINCIPAL_NAME_MAX 32

/* Whoever shows a valid key. */
struct principal {
    struct id key_id;
    struct id workspace_id;
    uint32_t role;      /* enum role */
    uint32_t scopes;    /* bit n: enum key_scope n; 0: all that the role allows */
    bool restricted;    /* to the accounts of access_key_accounts */
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
/* access_is_fingerprint tells whether a key or an invitation, good or not, is found by the first 16 bytes. */
enum err access_is_fingerprint(struct store_txn *txn, const uint8_t fingerprint[32], bool *ret_is_one) MUST_USE;
/* access_key reads one by its id, whosever it is; ERR_NOT_FOUND. */
enum err access_key(struct store_txn *txn, const struct id *key_id, struct arena *arena, struct key_row *ret_key)
    MUST_USE;
/* access_last_used is when a key or session was last used, as people see it: uses are known to the hour, but none was
 * before created_ms. 0: not yet. */
int64_t access_last_used(int64_t used_ms, int64_t created_ms);
/* access_key_own likewise one of a workspace's: another's is ERR_NOT_FOUND, and takes as long. */
enum err access_key_own(struct store_txn *txn, const struct id *workspace_id, const struct id *key_id,
                        struct arena *arena, struct key_row *ret_key) MUST_USE;
/* access_keys lists a workspace's keys in the order of their making, revoked ones too, those after *after (NULL: from
 * the first). access_key_accounts reads the accounts that a restricted key sees, ERR_NOT_FOUND if it is not one;
 * access_key_shown those of any key that are told to the grant, which is told of no account that it does not see. */
enum err access_keys(struct store_txn *txn, const struct id *workspace_id, const struct id *after, uint32_t limit,
                     struct arena *arena, struct key_row **ret_keys, uint32_t *ret_count) MUST_USE;
enum err access_key_accounts(struct store_txn *txn, const struct id *key_id, struct arena *arena,
                             struct integration_ref **ret_accounts, uint32_t *ret_count) MUST_USE;
enum err access_key_shown(struct store_txn *txn, const struct grant *grant, const struct key_row *row,
                          struct arena *arena, struct integration_ref **ret_accounts, uint32_t *ret_count) MUST_USE;

/* access_…_as_of: what posts and queues show of a workspace, an account or the installation as it was when the event of
 * that seq was the log's last: a workspace's zone, lateness, policy and pause, an account's status, pauses and limit,
 * whether starts are suspended or the clock is suspect. It is kept for as long as commands are remembered; the rest of
 * the row is as it is now. An account is read, the other rows were: they are changed. ERR_NOT_FOUND: there was no such
 * account of the workspace. */
enum err access_workspace_as_of(struct store_txn *txn, uint64_t seq, struct arena *arena, struct workspace_row *row)
    MUST_USE;
enum err access_integration_as_of(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                                  uint64_t seq, struct arena *arena, struct integration_row *ret_integration) MUST_USE;
enum err access_installation_as_of(struct store_txn *txn, uint64_t seq, struct arena *arena,
                                   struct installation_row *row) MUST_USE;
/* access_installation reads what a scheduler must know of the whole installation when it starts; ERR_NOT_FOUND before
 * the first ledger took over. */
enum err access_installation(struct store_txn *txn, struct arena *arena, struct installation_row *ret_installation)
    MUST_USE;
/* access_workspace: ERR_NOT_FOUND. access_workspaces lists all after *after (NULL: from the first), for operators. */
enum err access_workspace(struct store_txn *txn, const struct id *workspace_id, struct arena *arena,
                          struct workspace_row *ret_workspace) MUST_USE;
enum err access_workspaces(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                           struct workspace_row **ret_workspaces, uint32_t *ret_count) MUST_USE;
/* access_workspace_named finds the one that a text means, by its id or its slug: whether there is one of that id is not
 * looked at. ERR_NOT_FOUND. Allocates nothing. */
enum err access_workspace_named(struct store_txn *txn, struct span text, struct id *ret_workspace_id) MUST_USE;
/* access_outsider reads when an operator, who need not be one any more, first did something to the workspace from
 * outside it. ERR_NOT_FOUND: they never did. Allocates nothing. */
enum err access_outsider(struct store_txn *txn, const struct id *workspace_id, const struct id *user_id,
                         struct outsider_row *ret_outsider) MUST_USE;
/* access_quota reads how many requests a minute the workspace's plan allows each of its keys; 0: it says nothing.
 * Allocates nothing. */
enum err access_quota(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_per_minute) MUST_USE;
/* access_usage reads what a workspace uses of its plan at now_ms. */
enum err access_usage(struct store_txn *txn, const struct id *workspace_id, int64_t now_ms, struct usage *ret_usage)
    MUST_USE;
/* access_periods lists a workspace's billing periods that are over, the newest first: those that ended before before_ms
 * (0: all). */
enum err access_periods(struct store_txn *txn, const struct id *workspace_id, int64_t before_ms, uint32_t limit,
                        struct arena *arena, struct period_row **ret_rows, uint32_t *ret_count) MUST_USE;

/* access_period reads the one that ended then. ERR_ALTERED: there is none, which the log says there is. */
enum err access_period(struct store_txn *txn, const struct id *workspace_id, int64_t period_end_ms, struct arena *arena,
                       struct period_row *ret_period) MUST_USE;

/* access_integration reads one. workspace_id NULL: whosever it is (our own processes only). ERR_NOT_FOUND: unknown,
 * deleted, or another workspace's. access_integrations lists those of a workspace that the grant sees, as
 * access_conceal leaves them, oldest first, after *after (NULL: from the first). access_integration_scan walks those of
 * all workspaces, deleted ones too: for a scheduler that starts. Fewer than limit: that was all. */
enum err access_integration(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                            struct arena *arena, struct integration_row *ret_integration) MUST_USE;
enum err access_integrations(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                             const struct id *after, uint32_t limit, struct arena *arena,
                             struct integration_row **ret_integrations, uint32_t *ret_count) MUST_USE;
enum err access_integration_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                                 struct integration_row **ret_integrations, uint32_t *ret_count) MUST_USE;

/* access_queue reads the queue of one of a workspace's integrations, which the caller has read: what was never changed
 * is empty, of version 0 and as old as its integration. */
enum err access_queue(struct store_txn *txn, const struct integration_row *integration, struct arena *arena,
                      struct weekly_row *ret_queue) MUST_USE;
/* access_holders lists, in the order of their ids, posts of a workspace with an open target of an account at that
 * instant. */
enum err access_holders(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                        int64_t at_ms, struct id *ret_posts, uint32_t max, uint32_t *ret_count) MUST_USE;

/* access_last_event finds the last workspace_seq of a workspace's events, 0 when there is none; access_has_event:
 * ERR_NOT_FOUND when there is none with that workspace_seq (yet). */
enum err access_last_event(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_workspace_seq) MUST_USE;
enum err access_has_event(struct store_txn *txn, const struct id *workspace_id, uint64_t workspace_seq) MUST_USE;
/* access_is_foreign tells whether there is, or was, something of that id in another workspace. */
enum err access_is_foreign(struct store_txn *txn, const struct id *workspace_id, const struct id *id, bool *ret_foreign)
    MUST_USE;

/* access_status is an integration's status as people see it at now_ms: paused or, within SESSION_EXPIRING_MS of the end
 * of its session, expiring, where it would otherwise be connected. Expiring is a hint to people; it stops nothing. */
enum integration_status access_status(const struct integration_row *integration, int64_t now_ms);
/* access_conceal makes the message of a refused connection that of its code alone, where it names another integration
 * that the grant does not see. */
void access_conceal(const struct grant *grant, struct integration_row *integration);

/* access_asked finds what was answered under an Idempotency-Key, and whether to the same body. ERR_NOT_FOUND. The
 * scope's hash names workspace and principal. */
enum err access_asked(struct store_txn *txn, const struct idempotency *idempotency, bool *ret_same,
                      struct answer *ret_answer) MUST_USE;

/* Memberships. access_member reads one of a workspace's, NULL: whosever; ERR_NOT_FOUND: unknown, ended, or another
 * workspace's; access_member_any also one that has ended, access_member_once of those only whom somebody joined by, as
 * of those who are members. access_members lists a workspace's in the order of their ids
 * after *after (NULL: from the first): those who joined, or, invited, those whom nobody has joined yet. Fewer
 * than limit: that was all. */
enum err access_member(struct store_txn *txn, const struct id *workspace_id, const struct id *member_id,
                       struct member_row *ret_member) MUST_USE;
enum err access_member_any(struct store_txn *txn, const struct id *workspace_id, const struct id *member_id,
                           struct member_row *ret_member) MUST_USE;
enum err access_member_once(struct store_txn *txn, const struct id *workspace_id, const struct id *member_id,
                            struct member_row *ret_member) MUST_USE;
enum err access_members(struct store_txn *txn, const struct id *workspace_id, bool invited, const struct id *after,
                        uint32_t limit, struct arena *arena, struct member_row **ret_members, uint32_t *ret_count)
    MUST_USE;
/* access_member_is_over tells whether a membership's time, or an invitation's, was over at now_ms. */
bool access_member_is_over(const struct member_row *row, int64_t now_ms);
/* access_member_live finds the membership by which a person may do something in a workspace now; ERR_NOT_FOUND: there
 * is none, or its time is over. Allocates nothing. access_memberships lists a person's in the order of the workspaces'
 * ids, after that of *after (NULL: from the first), those whose time is over too. */
enum err access_member_live(struct store_txn *txn, const struct id *user_id, const struct id *workspace_id,
                            int64_t now_ms, struct member_row *ret_member) MUST_USE;
enum err access_memberships(struct store_txn *txn, const struct id *user_id, const struct id *after, uint32_t limit,
                            struct arena *arena, struct member_row **ret_members, uint32_t *ret_count) MUST_USE;
/* access_invitation finds the one that a token's fingerprint is of, compared as access_find does; ERR_NOT_FOUND:
 * nobody joins by it (any more). Allocates nothing. */
enum err access_invitation(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms,
                           struct member_row *ret_member) MUST_USE;

/* People and their sessions. access_user: ERR_NOT_FOUND; of one who was erased the row tells that and nothing else.
 * access_user_after finds the one whose id is the next after *after (NULL: the first); ERR_NOT_FOUND: there is none.
 * access_session finds the session that a cookie's fingerprint is of, compared as access_find does, and its person;
 * ERR_AUTH: unknown, ended, over, or of an earlier generation: nobody is told which. Neither allocates.
 * access_sessions lists a person's that are valid at now_ms, oldest first. */
enum err access_user(struct store_txn *txn, const struct id *user_id, struct user_row *ret_user) MUST_USE;
enum err access_user_after(struct store_txn *txn, const struct id *after, struct user_row *ret_user) MUST_USE;
enum err access_session(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms,
                        struct session_row *ret_session, struct user_row *ret_user) MUST_USE;
enum err access_sessions(struct store_txn *txn, const struct id *user_id, int64_t now_ms, uint32_t limit,
                         struct arena *arena, struct session_row **ret_sessions, uint32_t *ret_count) MUST_USE;

/* Identity providers that people may sign in through: one (ERR_NOT_FOUND: unknown or removed), or all in the order of
 * their making. */
enum err access_provider(struct store_txn *txn, const struct id *provider_id, struct arena *arena,
                         struct provider_row *ret_provider) MUST_USE;
enum err access_providers(struct store_txn *txn, uint32_t limit, struct arena *arena,
                          struct provider_row **ret_providers, uint32_t *ret_count) MUST_USE;
/* access_logins lists through which of them a person signs in, removed ones too: LOGINS_MAX at most. */
enum err access_logins(struct store_txn *txn, const struct id *user_id, struct arena *arena,
                       struct login_row **ret_logins, uint32_t *ret_count) MUST_USE;

#endif
