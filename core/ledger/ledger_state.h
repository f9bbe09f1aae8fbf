/* ledger_state.h: what ledger*.c share; nobody else includes it. */
#ifndef OPENPOST_LEDGER_LEDGER_STATE_H
#define OPENPOST_LEDGER_LEDGER_STATE_H

#include "core/decider/aggregate.h"
#include "core/ledger/ledger.h"
#include "core/message/access.h"
#include "core/store/store.h"
#include "core/store/tables.h"

#define INTEGRATIONS_CACHED 256 /* states of accounts in memory: every start asks for one */
#define SEQS_PER_ROW 32         /* numbers of events in a row that tells where they stand */
#define PRUNE_EVERY 64          /* events; then up to PRUNE_ROWS outdated command rows go */
#define PRUNE_ROWS 128
#define PRUNE_AHEAD 4096 /* ids of the oldest command rows that are known by heart: no cursor for each */
#define PRUNE_KEYS 8     /* so many Idempotency-Keys are looked at for each new one: few outlive their time by much */
#define IDEMPOTENCY_KEY_LEN 33 /* the table's byte and SHA-256 */

/* That every occurrence of a queue from from_ms on and before free_ms is filled: whoever asks next goes on at free_ms.
 * Known by heart, and forgotten with a group that is dropped; a filled instant that becomes free takes free_ms back. */
struct slot_hint {
    struct id integration_id; /* whose queue; absent: nothing is known */
    uint64_t version;         /* of the queue */
    uint8_t zone_len;
    uint8_t zone[ZONE_NAME_MAX];
    int64_t from_ms;
    int64_t free_ms;
};

#define SLOT_HINTS 64 /* queues that are asked at a time; one more is walked from now on */

/* The writer's view of derived rows: one write transaction at a time, and what it knows by heart. */
struct desk {
    struct log *log;
    struct store_txn *txn; /* NULL outside a group */
    struct id installation_id;
    struct projection_list projections;
    const struct zones *zones;              /* borrowed; NULL in a replay, which finds no slots */
    struct vault *vault;                    /* borrowed; NULL: likewise, or no address is compared */
    uint8_t pruned_to[IDEMPOTENCY_KEY_LEN]; /* how far old Idempotency-Keys were looked at; zeros: from the first */
    struct arena arena;                     /* scratch of projections */
    struct id oldest[PRUNE_AHEAD];          /* the command rows with the smallest ids, in order … */
    uint32_t oldest_at;                     /* … those from here on are still there … */
    uint32_t oldest_count;                  /* … up to here */
    struct installation installation;
    bool installation_known;
    struct id workspace_id; /* whose state is in workspace; absent: nobody's */
    struct workspace workspace;
    struct integration integrations[INTEGRATIONS_CACHED]; /* by hash; version 0: free */
    struct slot_hint hints[SLOT_HINTS];                   /* likewise */
};

/* What is lent to a decider. */
struct context_room {
    struct free_slot free_slots[2 * TARGETS_MAX];
    struct queue queue; /* of the account that is looked at */
    const struct integration *integrations[2 * TARGETS_MAX];
    struct integration copies[2 * TARGETS_MAX]; /* the cache may move on while a post's fiftieth is loaded */
    struct recalled_attempt recalled;
    struct usage usage;
    struct user user;
    struct provider provider;
    struct series series;
    struct template template;
};

struct ledger {
    struct ledger_options options;
    struct desk desk;
    int64_t stamp_ms; /* the last one */
    int64_t now_ms;   /* of the group */
    int64_t given_ms; /* likewise: what its caller said; now_ms is the last stamp when that is later */
    bool in_group;
    struct aggregate before; /* of the command at hand: too large for the stack */
    struct aggregate state;
    struct decide_room room;
    struct context_room context_room;
    struct aggregate other; /* what a command changes beside its own stream: two posts change places */
    struct event_list events;
    struct log_event records[EVENTS_PER_COMMAND_MAX];
    uint8_t *payloads; /* EVENTS_PER_COMMAND_MAX encoded events, one behind the other */
    struct buf payload_buf;
};

/* desk_load reads an aggregate's state (the initial one when there is none) into room for one of its kind.
 * ERR_ALTERED: a state is not there though its stream has begun, so nothing in these rows can be trusted.
 * desk_installation comes from memory when it can; NULL: there is none. desk_forget empties the memory (a group was
 * dropped). */
enum err desk_load(struct desk *desk, const struct id *stream, void *ret_state) MUST_USE;
/* desk_load_of reads the same, and of what is a workspace's sooner: workspace_id, if it is that one's. */
enum err desk_load_of(struct desk *desk, const struct id *workspace_id, const struct id *stream, void *ret_state)
    MUST_USE;
/* desk_state reads it likewise for readers with a transaction of their own, who ask no log whether it has begun. */
enum err desk_state(struct store_txn *txn, const struct id *stream, void *ret_state) MUST_USE;
enum err desk_state_of(struct store_txn *txn, const struct id *workspace_id, const struct id *stream, void *ret_state)
    MUST_USE;
enum err desk_store(struct desk *desk, const struct id *stream, const struct aggregate *state) MUST_USE;
enum err desk_installation(struct desk *desk, const struct installation **ret_installation) MUST_USE;
void desk_forget(struct desk *desk);

/* desk_apply writes everything derived from one event: indexes and read models. before and after: the aggregate's
 * states around it. ERR_ALTERED: the event's number is not the next of its stream or workspace. */
enum err desk_apply(struct desk *desk, const struct log_event *at, const struct event *event,
                    const struct aggregate *before, const struct aggregate *after) MUST_USE;

/* desk_fold loads, folds, applies and stores: one event of a replay. room: zeros before the first. ERR_CONFLICT: the
 * event's version is not the next of its stream; nothing is written. */
struct fold_room {
    struct aggregate before;
    struct aggregate after;
    size_t used; /* bytes of after, from its beginning, that may not be zeros */
};
enum err desk_fold(struct desk *desk, const struct log_event *at, const struct event *event, struct fold_room *room)
    MUST_USE;
/* desk_note indexes an event by workspace and command alone: one that has no place in its stream. desk_index writes
 * what is indexed of two states of an aggregate. desk_seqs_cut forgets where a stream's events after version stand. All
 * three for desk_cut_back (desk_cut.c), which makes of a stream again what it was at a version before the one that it
 * is at: for an event whose version was given by a ledger that had lost the later ones. ERR_NOT_FOUND: it is not there
 * yet. */
enum err desk_note(struct desk *desk, const struct log_event *at) MUST_USE;
enum err desk_index(struct desk *desk, const struct id *stream, const struct aggregate *before,
                    const struct aggregate *after) MUST_USE;
enum err desk_seqs_cut(struct desk *desk, const struct id *stream, uint64_t version) MUST_USE;
enum err desk_cut_back(struct desk *desk, const struct id *stream, uint64_t version, struct fold_room *room) MUST_USE;
/* desk_tenant.c's. desk_tenant_note notes where a workspace's next event stands: ERR_ALTERED: it is not the next.
 * desk_tenant_use says what it uses of its plan; desk_tenant_uses reads that, with what is over: ledger_usage. */
enum err desk_tenant_note(struct desk *desk, const struct log_event *at) MUST_USE;
enum err desk_tenant_use(struct desk *desk, const struct id *workspace_id, const struct usage *usage) MUST_USE;
enum err desk_tenant_uses(struct store_txn *txn, const struct id *workspace_id, struct usage *ret_usage) MUST_USE;
/* desk_commit ends the transaction with the position that its rows stand at; on failure nothing of it is kept. */
enum err desk_commit(struct desk *desk, uint64_t position) MUST_USE;
/* ledger_replay applies the log's events after position to the views, and writes how many they were. */
enum err ledger_replay(struct desk *desk, struct store *views, uint64_t position, const struct replay_watch *watch,
                       uint64_t *ret_events) MUST_USE;

/* The answer rows. desk_command_answer: ERR_NOT_FOUND. desk_command_is_same, likewise: *ret_same: the command's digest
 * is that of the first, or one of them has none. desk_idempotent: ERR_NOT_FOUND, or *ret_same: the body is the same. */
enum err desk_command_answer(struct desk *desk, const struct id *command_id, struct answer *ret_answer) MUST_USE;
enum err desk_command_is_same(struct desk *desk, const struct id *command_id, const struct idempotency *idempotency,
                              bool *ret_same) MUST_USE;
enum err desk_command_put(struct desk *desk, const struct log_event *at) MUST_USE;
enum err desk_idempotent(struct store_txn *txn, const struct idempotency *idempotency, bool *ret_same,
                         struct answer *ret_answer) MUST_USE;
enum err desk_idempotent_put(struct desk *desk, const struct idempotency *idempotency, const struct answer *answer)
    MUST_USE;
/* desk_idempotent_replay puts the row again that the event's command left, if it came under a key: after desk_apply. */
enum err desk_idempotent_replay(struct desk *desk, const struct log_event *at) MUST_USE;

/* Keys of commands that caused no event are not in the log, but outlive a rebuild of views that can be read:
 * desk_keys_read appends all rows to a list in arena, desk_keys_write puts them back. */
struct kept_row {
    struct kept_row *next;
    struct span key;
    struct span value;
};
enum err desk_keys_read(struct store_txn *txn, struct arena *arena, struct kept_row **ret_rows) MUST_USE;
enum err desk_keys_write(struct store_txn *txn, const struct kept_row *rows) MUST_USE;

/* desk_context fills what the decider of command may know beside state. *room lives as long as the context. */
enum err desk_context(struct desk *desk, const struct command *command, const struct aggregate *state,
                      struct context_room *room, struct decide_context *ret_context) MUST_USE;
/* desk_index_context fills that part of it which indexes tell. */
enum err desk_index_context(struct desk *desk, const struct command *command, const struct aggregate *state,
                            struct context_room *room, struct decide_context *context) MUST_USE;
/* desk_read_event reads and decodes the event at seq; what it gives borrows from the desk's arena, which it empties
 * before. Errors as log_read and event_decode; ERR_NO_MEMORY. */
enum err desk_read_event(struct desk *desk, uint64_t seq, struct log_event *ret_at, struct event *ret_event) MUST_USE;
/* desk_recall folds what the log tells of an attempt of post that its state has forgotten; zeros: there is none. */
enum err desk_recall(struct desk *desk, const struct post *post, const struct record_outcome_command *report,
                     struct recalled_attempt *ret_recalled) MUST_USE;
/* desk_slots.c. desk_free_slots finds, for a command that asks for next slots, the first free occurrence of the queue
 * of each of the context's accounts, as if the post had left the instants that it stands at. desk_queue_is_paused: of
 * the account of an attempt's target. */
enum err desk_free_slots(struct desk *desk, const struct command *command, const struct post *post,
                         struct context_room *room, struct decide_context *context) MUST_USE;
/* desk_slot_released: an open target of the account no longer stands at due_ms. */
void desk_slot_released(struct desk *desk, const struct id *integration_id, int64_t due_ms);
enum err desk_queue_is_paused(struct desk *desk, const struct command *command, const struct post *post,
                              bool *ret_paused) MUST_USE;

/* open_scan goes through the open targets of an account in the order of their instants, from from_ms on: due_ms and
 * post_id of one after the other; due_ms INT64_MAX: there are no more. On failure nothing is open. */
struct open_scan {
    struct store_cursor *cursor;
    uint8_t prefix[STORE_KEY_MAX];
    size_t prefix_len;
    int64_t due_ms;
    struct id post_id;
};
enum err open_scan_begin(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                         int64_t from_ms, struct open_scan *ret_scan) MUST_USE;
enum err open_scan_next(struct open_scan *scan) MUST_USE;
void open_scan_end(struct open_scan *scan);
/* desk_writers.c's. desk_name_key tells who is behind a key, and which was the first of those that followed each other
 * to it: itself, where nobody and nothing else is known. desk_rotated_origin likewise tells the first of the key that
 * create_key has another follow. desk_approver tells what whoever sends approve_post is to what they approve. */
void desk_name_key(const struct id *key_id, const struct key *key, struct id *ret_principal_id,
                   struct id *ret_origin_id);
enum err desk_rotated_origin(struct desk *desk, const struct command *command, struct id *ret_origin_id) MUST_USE;
enum err desk_approver(struct desk *desk, const struct command *command, enum approver *ret_approver) MUST_USE;
/* desk_account_holder finds the workspace's other integration that has the platform account which record_connection
 * names for state. ERR_NOT_FOUND: none has. */
enum err desk_account_holder(struct desk *desk, const struct command *command, const struct integration *state,
                             struct id *ret_integration_id) MUST_USE;
/* desk_open_posts lists posts with open targets on an integration of a workspace, those that are due first before the
 * others. */
enum err desk_open_posts(struct desk *desk, const struct id *workspace_id, const struct id *integration_id,
                         struct id *ret_posts, uint32_t max, uint32_t *ret_count) MUST_USE;

/* The position that the views have applied. ERR_NOT_FOUND: none, or of another VIEWS_VERSION. */
enum err desk_position(struct store_txn *txn, uint64_t *ret_position) MUST_USE;
/* desk_is_foreign tells whether the rows were made from another installation's log. */
enum err desk_is_foreign(struct store_txn *txn, const struct id *installation_id, bool *ret_foreign) MUST_USE;

#endif
