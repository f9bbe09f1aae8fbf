/* ledger.h: the single writer: commands in, events appended, state and read models updated, answers out. Clock-free and
 * socket-free: main.c turns sockets and time into calls, and so does the simulator.
 *
 * A group: ledger_begin(now), ledger_handle for each command waiting (<= COMMANDS_PER_GROUP_MAX), ledger_commit; the
 * answers may be sent only after ledger_commit returned OK. Commit order: log, then views. */
#ifndef OPENPOST_LEDGER_LEDGER_H
#define OPENPOST_LEDGER_LEDGER_H

#include "core/base/arena.h"
#include "core/base/limits.h"
#include "core/calendar/zone.h"
#include "core/ledger/projection.h"
#include "core/message/answer.h"
#include "core/message/usage.h"

struct ledger;

/* What a replay tells while it runs; each may be NULL. out_of_order: this event's version is not the next of its
 * stream. No ledger of today writes one; a log that has one is served all the same. */
struct replay_watch {
    log_progress *progress;
    void (*out_of_order)(void *context, const struct log_event *at);
    void *context;
    uint64_t last; /* of a rebuild: nothing after this event, to see how it was; 0: the whole log */
};

/* Idempotency-Keys with their answers, as views that are not trusted had them: those of commands that found everything
 * so already are in no event. Init with zeros. */
struct ledger_keys {
    struct arena arena;
    struct kept_row *rows;
};

struct ledger_options {
    struct log *log;     /* borrowed */
    struct store *views; /* borrowed; the ledger is its one writer */
    struct projection_list projections;
    const struct zones *zones; /* borrowed; who asks for the next slots of queues needs them */
    struct vault *vault;       /* borrowed: by whose addresses invitations are told apart; NULL: they are not */
    struct id installation_id; /* sys_…: the installation's stream */
    /* Salts and ids of what the ledger itself appends. In production the kernel's randomness, in the simulator a seeded
     * one. */
    void (*random)(void *context, void *data, size_t len);
    void *random_context;
    struct replay_watch watch;      /* of a rebuild */
    const struct ledger_keys *keys; /* what views that are not trusted begin with; NULL: nothing */
};

/* ledger_keys_read copies the keys of views that may be read, though they are not trusted: none where they are another
 * installation's. What the store says; ret_keys is to be done with in any case. */
enum err ledger_keys_read(struct store *views, const struct id *installation_id, struct ledger_keys *ret_keys) MUST_USE;
void ledger_keys_done(struct ledger_keys *keys);

/* ledger_open brings the views up to the log's head (rebuilding all when in doubt: other version, position ahead of the
 * log, trusted false) and returns. Errors are those of log and store. views_trusted: the caller knows that the views'
 * environment was closed or flushed in order (same boot id or clean mark). */
enum err ledger_open(const struct ledger_options *options, bool views_trusted, struct ledger **ret_ledger) MUST_USE;
/* ledger_went_back, before ledger_open and only of trusted views: whether they stand ahead of the log's head. The log
 * is committed first, so that this proves that an older log was put in its place: *ret_back. ledger_open then clears
 * the views and so the proof: the caller notes it before. */
enum err ledger_went_back(struct log *log, struct store *views, const struct id *installation_id, bool *ret_back)
    MUST_USE;
void ledger_close(struct ledger *ledger);
OWNED_BY(ledger_close, struct ledger *);

enum err ledger_begin(struct ledger *ledger, int64_t now_ms) MUST_USE;
/* ledger_check_actor tells whether the key, member or operator in whose name the command comes may send it, as the
 * group's earlier commands left them, and makes the command's role theirs: none is an operator's. Refusals:
 * unauthenticated: nothing is theirs in the command's workspace, or nothing any more; role_insufficient,
 * scope_insufficient; not_found, reference_not_found: what it names goes to an account that a restricted key does not
 * see; role_above_own: a key that would keep more than its maker. Accepted: our own processes' commands, too. */
enum err ledger_check_actor(struct ledger *ledger, struct command *command, enum refusal *ret_refusal) MUST_USE;
/* ledger_conceal takes out of the answer to a command, in the group that decided it, what is not there for the key that
 * it came from: ids of posts that go to accounts which a restricted key does not see. */
enum err ledger_conceal(struct ledger *ledger, struct command *command, struct answer *answer) MUST_USE;
/* ledger_handle decides one command and adds its events to the group. A refusal is in the answer. An error ends the
 * group (abort): the caller answers nobody; ERR_ALTERED: the views contradict the log or each other. Access (role,
 * workspace of the principal) was checked by the caller. A causation that names no earlier durable event of the
 * command's workspace is command_invalid. */
enum err ledger_handle(struct ledger *ledger, const struct command *command, const struct idempotency *idempotency,
                       struct answer *ret_answer) MUST_USE;
/* ledger_commit makes the group durable. ERR_NO_SPACE: nothing of it is kept, the ledger goes on, every command of the
 * group is to be answered storage_full. Any other error: the process must exit, reopen and verify. */
enum err ledger_commit(struct ledger *ledger) MUST_USE;
void ledger_abort(struct ledger *ledger);

/* ledger_stamp: max(last stamp, now_ms). ledger_epoch: the fence of attempts started under this opening (0 until
 * start_ledger was handled). */
int64_t ledger_stamp(const struct ledger *ledger, int64_t now_ms);
uint64_t ledger_epoch(const struct ledger *ledger);
uint64_t ledger_head(const struct ledger *ledger);
/* ledger_clock_is_suspect: starts are stopped until a trust_clock; also when a ledger before this one stopped them. */
bool ledger_clock_is_suspect(const struct ledger *ledger);

/* ledger_workspace_seq finds an event's seq by its workspace_seq in the views; ERR_NOT_FOUND. For readers with a
 * transaction of their own. */
enum err ledger_workspace_seq(struct store_txn *txn, const struct id *workspace_id, uint64_t workspace_seq,
                              uint64_t *ret_seq) MUST_USE;

/* ledger_workspace_last finds the last workspace_seq that the views know, 0 when there is none; ledger_stream_seq the
 * seq of an event by its place in its stream; ERR_NOT_FOUND. For readers likewise. */
enum err ledger_workspace_last(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_workspace_seq)
    MUST_USE;
enum err ledger_stream_seq(struct store_txn *txn, const struct id *stream, uint64_t version, uint64_t *ret_seq)
    MUST_USE;

/* ledger_slug finds the workspace that has the name in addresses; ERR_NOT_FOUND. For readers likewise. */
enum err ledger_slug(struct store_txn *txn, struct span slug, struct id *ret_workspace_id) MUST_USE;
/* ledger_holders lists, in the order of their ids, posts of a workspace with an open target of an account at that
 * instant: who holds an occurrence of its queue. For readers likewise. */
enum err ledger_holders(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                        int64_t at_ms, struct id *ret_posts, uint32_t max, uint32_t *ret_count) MUST_USE;

/* An account's target that is open by its post's state (post_open_due), and the instant that it stands at. */
struct open_target {
    struct id workspace_id;
    struct id integration_id;
    int64_t due_ms;
    struct id post_id;
};

#define OPEN_WALK_KEY 64 /* that of a row of PLACE_OPEN, and a byte */

/* How far a walk through them has come: begin with zeros. */
struct open_walk {
    uint8_t key[OPEN_WALK_KEY]; /* where it goes on */
    uint32_t key_len;
    bool is_over;
};

/* ledger_open_targets lists the next open targets of the installation, by workspace, account, instant and post, and
 * moves the walk on: at most max of them, fewer where it passed by workspaces in which nothing is open, each of which
 * counts, too; call it until the walk is over. A transaction for each call is fine: what stays where it is meanwhile is
 * met once; what moves or is opened may be met twice or missed, what is closed or moves may be met as it was. For
 * readers likewise. ERR_ALTERED: a row that cannot be read. */
enum err ledger_open_targets(struct store_txn *txn, uint32_t max, struct open_walk *walk,
                             struct open_target *ret_targets, uint32_t *ret_count) MUST_USE;

/* ledger_usage reads what a workspace uses of its plan at now_ms: memberships and invitations whose time is over take
 * no seat. Zeros where nothing was ever used. For readers likewise. */
enum err ledger_usage(struct store_txn *txn, const struct id *workspace_id, int64_t now_ms, struct usage *ret_usage)
    MUST_USE;
/* ledger_is_member tells whether a person has a membership of the workspace that is not over at now_ms. Likewise. */
enum err ledger_is_member(struct store_txn *txn, const struct id *workspace_id, const struct id *user_id,
                          int64_t now_ms, bool *ret_is_member) MUST_USE;

/* ledger_is_foreign tells whether there is something of that id, but of another workspace. For readers likewise. */
enum err ledger_is_foreign(struct store_txn *txn, const struct id *stream, const struct id *workspace_id,
                           bool *ret_foreign) MUST_USE;

/* ledger_views_position reads the position that views stand at; ERR_NOT_FOUND: at none yet. For readers likewise. */
enum err ledger_views_position(struct store_txn *txn, uint64_t *ret_position) MUST_USE;

/* ledger_needs_secret tells whether its owner still needs a secret of the vault: one that its state names
 * (aggregate_secrets), any while an account is being connected; none once the owner or its workspace is over, or a
 * session's time or its person's sessions are.
 * ERR_NOT_FOUND: nothing is known of that owner: a crash came before its event, rows were lost, or it is none that
 * keeps secrets. ledger_owner_is_gone: it or its workspace is over: all of its secrets may go at once. For readers with
 * a transaction of their own. */
enum err ledger_needs_secret(struct store_txn *txn, const struct id *secret_id, const struct id *owner_id,
                             int64_t now_ms, bool *ret_needed) MUST_USE;
enum err ledger_owner_is_gone(struct store_txn *txn, const struct id *owner_id, int64_t now_ms, bool *ret_gone)
    MUST_USE;
/* ledger_next_secret finds the next secret in use behind that of *owner_id (zeros: the first): of connected accounts
 * (their credentials), then of keys that are not revoked (their tag keys), then of people (their profiles); writes the
 * owner, too. ERR_NOT_FOUND: that
 * was all. For readers likewise. */
enum err ledger_next_secret(struct store_txn *txn, struct id *owner_id, struct id *ret_secret_id) MUST_USE;

/* ledger_idempotent finds what was answered under an Idempotency-Key, and whether to the same body. ERR_NOT_FOUND. For
 * readers likewise. */
enum err ledger_idempotent(struct store_txn *txn, const struct idempotency *idempotency, bool *ret_same,
                           struct answer *ret_answer) MUST_USE;

/* ledger_find_command looks an answer up by command id; ERR_NOT_FOUND. */
enum err ledger_find_command(struct ledger *ledger, const struct id *command_id, struct answer *ret_answer) MUST_USE;
/* ledger_rebuild clears and rebuilds views from log with the same projections: for replay --check and the simulation,
 * into a store of the caller's. ret_events may be NULL. */
enum err ledger_rebuild(struct log *log, struct store *views, const struct projection_list *projections,
                        const struct id *installation_id, const struct replay_watch *watch, uint64_t *ret_events)
    MUST_USE;

#endif
