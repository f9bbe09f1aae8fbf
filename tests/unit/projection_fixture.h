/* projection_fixture.h: a store, events fed to every projection as the ledger would, and the same again from scratch.
 * For the tests of projections. */
#ifndef OPENPOST_TESTS_PROJECTION_FIXTURE_H
#define OPENPOST_TESTS_PROJECTION_FIXTURE_H

#include <check.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "core/message/codec.h"
#include "core/store/tables.h"
#include "core/text/text_measure.h"
#include "projections/access.h"
#include "projections/activity.h"
#include "projections/posts.h"
#include "projections/punctuality.h"
#include "projections/queue.h"
#include "projections/registry.h"
#include "projections/row_store.h"
#include "tests/digest.h"
#include "tests/folder.h"
#include "tests/suite.h"
#include "tests/unit/ledger_rows.h"

#define T0 ((int64_t)1776693600000) /* 2026-04-20T14:00:00Z */
#define WORLD_EVENTS_MAX 20000
#define WORLD_STREAMS_MAX 12000
#define WORLD_BYTES_MAX ((size_t)16 << 20)

struct world {
    struct store *store;
    struct store_txn *txn; /* of the queries; NULL while writing */
    struct arena arena;    /* of the queries and the texts of a test */
    int64_t now_ms;
    uint64_t seq;

    struct {
        struct id stream;
        uint64_t version;
    } * streams;

    size_t stream_count;
    struct ledger_rows *ledger; /* NULL: the read models stand alone */
    /* what was fed, as the log would hold it */
    struct log_event *log;
    uint8_t *bytes;
    size_t bytes_len;
};

static inline void *world_alloc(struct world *world, size_t size)
{
    void *memory = arena_alloc(&world->arena, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static inline void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    arena_init(&world->arena, (size_t)512 << 20);
    ck_assert_int_eq(store_memory_open(&world->store), OK);
    world->now_ms = T0;
    world->streams = world_alloc(world, WORLD_STREAMS_MAX * sizeof *world->streams);
    world->log = world_alloc(world, WORLD_EVENTS_MAX * sizeof *world->log);
    world->bytes = world_alloc(world, WORLD_BYTES_MAX);
}

static inline void world_done(struct world *world)
{
    store_abort(world->txn);
    store_close(world->store);
    ledger_rows_free(world->ledger);
    arena_done(&world->arena);
}

/* A world whose read models stand beside the ledger's rows: what is fed must fit the deciders' states. */
static inline void world_init_whole(struct world *world)
{
    world_init(world);
    world->ledger = ledger_rows_new(&projections_all);
}

/* A transaction that sees all that was fed. */
static inline struct store_txn *reading(struct world *world)
{
    if (world->txn == NULL) {
        ck_assert_int_eq(store_begin(world->store, false, &world->txn), OK);
    }
    return world->txn;
}

/* Ids that differ in their last bytes and sort as n does. */
static inline struct id id_n(enum id_kind kind, uint32_t n)
{
    uint8_t randomness[10] = {0};
    put_be32(randomness + 6, n);
    return id_make(kind, T0 + n, randomness);
}

static inline uint64_t next_version(struct world *world, const struct id *stream, bool is_new)
{
    for (size_t i = is_new ? 0 : world->stream_count; i > 0; i--) {
        if (id_equal(&world->streams[i - 1].stream, stream)) {
            world->streams[i - 1].version++;
            return world->streams[i - 1].version;
        }
    }
    ck_assert_uint_lt(world->stream_count, WORLD_STREAMS_MAX);
    world->streams[world->stream_count].stream = *stream;
    world->streams[world->stream_count].version = 1;
    world->stream_count++;
    return 1;
}

/* ledger: NULL, or what keeps the ledger's rows of that store. */
static inline void apply_all(struct ledger_rows *ledger, struct store_txn *txn, const struct log_event *at,
                             const struct event *event)
{
    struct arena scratch;
    if (ledger != NULL) {
        ledger_rows_apply(ledger, txn, at, event);
        return;
    }
    arena_init(&scratch, (size_t)64 << 20);
    for (size_t i = 0; i < projections_all.count; i++) {
        const struct fact fact = {.at = at, .event = event};
        ck_assert_int_eq(projections_all.items[i]->apply(txn, &fact, &scratch), OK);
    }
    arena_done(&scratch);
}

/* Tests of read models alone number all events of a world; a ledger insists on those of the workspace. */
static inline uint64_t next_workspace_seq(const struct world *world, const struct id *workspace_id)
{
    if (world->ledger == NULL) {
        return world->seq;
    }
    uint64_t count = 1;
    for (uint64_t i = 0; i + 1 < world->seq; i++) {
        count += id_equal(&world->log[i].workspace_id, workspace_id) ? 1 : 0;
    }
    return workspace_id->kind == ID_WORKSPACE ? count : 0;
}

/* Records the event at world->now_ms and applies it, decoded, to every projection. */
static inline void feed(struct world *world, const struct id *workspace_id, const struct id *stream,
                        const struct event *event)
{
    store_abort(world->txn);
    world->txn = NULL;
    struct log_event *at = &world->log[world->seq];
    world->seq++;
    ck_assert_uint_lt(world->seq, WORLD_EVENTS_MAX);
    *at = (struct log_event){
        .seq = world->seq,
        .workspace_id = *workspace_id,
        .workspace_seq = next_workspace_seq(world, workspace_id),
        .stream = *stream,
        .version = next_version(world, stream, event->code == EVENT_post_created),
        .code = event->code,
        .time_ms = world->now_ms,
        .actor = ACTOR_KEY,
        .actor_id = id_n(ID_KEY, 1),
        .command_id = id_n(ID_COMMAND, (uint32_t)world->seq),
    };
    struct buf out = buf_of(world->bytes + world->bytes_len, WORLD_BYTES_MAX - world->bytes_len);
    ck_assert_int_eq(event_encode(event, &out), OK);
    world->bytes_len += out.len;
    at->payload = buf_span(&out);
    struct store_txn *txn = NULL;
    ck_assert_int_eq(store_begin(world->store, true, &txn), OK);
    struct event decoded;
    struct arena scratch;
    arena_init(&scratch, (size_t)64 << 20);
    ck_assert_int_eq(event_decode(at->payload, &scratch, &decoded), OK);
    apply_all(world->ledger, txn, at, &decoded);
    arena_done(&scratch);
    ck_assert_int_eq(store_commit(&txn), OK);
}

/* Builds the read models of the same log again, in one transaction, and compares byte for byte. */
static inline void check_rebuild_in(struct world *world, struct store *store)
{
    struct store_txn *txn = NULL;
    struct ledger_rows *ledger = world->ledger == NULL ? NULL : ledger_rows_new(&projections_all);
    ck_assert_int_eq(store_begin(store, true, &txn), OK);
    for (uint64_t i = 0; i < world->seq; i++) {
        struct arena scratch;
        struct event event;
        arena_init(&scratch, (size_t)64 << 20);
        ck_assert_int_eq(event_decode(world->log[i].payload, &scratch, &event), OK);
        apply_all(ledger, txn, &world->log[i], &event);
        arena_done(&scratch);
    }
    ck_assert_int_eq(store_commit(&txn), OK);
    ledger_rows_free(ledger);
    ck_assert_uint_eq(digest_of(store, SPAN("")), digest_of(world->store, SPAN("")));
    store_close(store);
}

/* In memory, and as a ledger does it: there a row that is put moves others of its page, which nobody may borrow. */
static inline void check_rebuild(struct world *world)
{
    char path[FOLDER_MAX];
    struct store *store = NULL;
    ck_assert_int_eq(store_memory_open(&store), OK);
    check_rebuild_in(world, store);
    make_folder(path);
    ck_assert_int_eq(store_lmdb_open(path, (size_t)256 << 20, false, &store), OK);
    check_rebuild_in(world, store);
    remove_folder(path);
}

static inline struct event event_of(enum event_code code)
{
    struct event event;
    memset(&event, 0, sizeof event);
    event.code = code;
    return event;
}

static inline struct id the_workspace(void)
{
    return id_n(ID_WORKSPACE, 1);
}

static inline void feed_workspace(struct world *world, const struct id *workspace_id)
{
    struct event event = event_of(EVENT_workspace_created);
    event.workspace_created = (struct workspace_created_event){
        .workspace_id = *workspace_id,
        .slug = SPAN("acme"),
        .name = SPAN("Acme"),
        .timezone = SPAN("America/New_York"),
        .max_lateness_ms = MAX_LATENESS_DEFAULT_MS,
        .late_spacing_ms = LATE_SPACING_DEFAULT_MS,
    };
    feed(world, workspace_id, workspace_id, &event);
}

static inline void feed_integration(struct world *world, const struct id *workspace_id, const struct id *integration_id)
{
    struct event event = event_of(EVENT_integration_connecting);
    event.integration_connecting = (struct integration_connecting_event){
        .integration_id = *integration_id,
        .channel = CHANNEL_BLUESKY,
        .service = SPAN("http://127.0.0.1:2583"),
        .identifier = SPAN("acme.test"),
        .vault_id = id_n(ID_SECRET, 1),
        .fingerprint = SPAN("f1"),
    };
    feed(world, workspace_id, integration_id, &event);
    event = event_of(EVENT_integration_connected);
    event.integration_connected = (struct integration_connected_event){
        .integration_id = *integration_id,
        .account = SPAN("did:plc:abc"),
        .handle = SPAN("acme.test"),
        .vault_id = id_n(ID_SECRET, 2),
        .fingerprint = SPAN("f2"),
        .token_expires_ms = T0 + HOUR_MS,
    };
    feed(world, workspace_id, integration_id, &event);
}

/* Post n with targets to integrations 1..target_count; target k of post n is id_n(ID_TARGET, n * 100 + k). */
static inline struct id target_n(uint32_t post, uint32_t k)
{
    return id_n(ID_TARGET, post * 100 + k);
}

static inline struct target_spec *specs_of(struct world *world, uint32_t post, uint32_t target_count)
{
    struct target_spec *specs = world_alloc(world, (target_count + 1) * sizeof *specs);
    for (uint32_t k = 0; k < target_count; k++) {
        specs[k].target_id = target_n(post, k);
        specs[k].integration_id = id_n(ID_INTEGRATION, k + 1);
        specs[k].channel = CHANNEL_BLUESKY;
    }
    return specs;
}

static inline void feed_created(struct world *world, uint32_t post, uint32_t target_count)
{
    static struct content_part parts[] = {{.text = {(const uint8_t *)"Hello", 5}}};
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){
        .post_id = id_n(ID_POST, post),
        .author_id = id_n(ID_KEY, 1),
        .parts = parts,
        .parts_count = 1,
        .targets = specs_of(world, post, target_count),
        .targets_count = target_count,
    };
    const struct id workspace_id = the_workspace();
    feed(world, &workspace_id, &event.post_created.post_id, &event);
}

static inline void feed_post(struct world *world, uint32_t post, const struct event *event)
{
    const struct id workspace_id = the_workspace();
    const struct id post_id = id_n(ID_POST, post);
    feed(world, &workspace_id, &post_id, event);
}

static inline void feed_scheduled(struct world *world, uint32_t post, uint32_t target_count, int64_t due_ms)
{
    struct target_due *dues = world_alloc(world, (target_count + 1) * sizeof *dues);
    for (uint32_t k = 0; k < target_count; k++) {
        dues[k] = (struct target_due){.target_id = target_n(post, k), .due_ms = due_ms + k};
    }
    struct event event = event_of(EVENT_post_scheduled);
    event.post_scheduled = (struct post_scheduled_event){
        .post_id = id_n(ID_POST, post), .publish_at_ms = due_ms, .targets = dues, .targets_count = target_count};
    feed_post(world, post, &event);
}

/* Every target gets part_count parts, and a first comment if wanted. */
static inline void feed_locked(struct world *world, uint32_t post, uint32_t target_count, uint32_t part_count,
                               bool comment)
{
    const uint32_t all = part_count + (comment ? 1 : 0);
    struct locked_target *targets = world_alloc(world, (target_count + 1) * sizeof *targets);
    for (uint32_t k = 0; k < target_count; k++) {
        struct locked_part *parts = world_alloc(world, (all + 1) * sizeof *parts);
        for (uint32_t i = 0; i < all; i++) {
            parts[i] = (struct locked_part){
                .key = SPAN("3lrkey"),
                .created_ms = world->now_ms + i,
                .payload = SPAN("{\"text\":\"Hello\"}"),
                .payload_hash = {.bytes = {(uint8_t)(i + 1)}},
                .comment = i >= part_count,
            };
        }
        targets[k] = (struct locked_target){.target_id = target_n(post, k), .parts = parts, .parts_count = all};
    }
    struct event event = event_of(EVENT_post_locked);
    event.post_locked = (struct post_locked_event){
        .post_id = id_n(ID_POST, post), .version = 2, .targets = targets, .targets_count = target_count};
    feed_post(world, post, &event);
}

static inline struct id attempt_n(uint32_t post, uint32_t k, uint32_t number)
{
    return id_n(ID_ATTEMPT, (post * 100 + k) * 100 + number);
}

static inline void feed_started(struct world *world, uint32_t post, uint32_t k, uint32_t number, uint32_t part)
{
    struct event event = event_of(EVENT_attempt_started);
    event.attempt_started = (struct attempt_started_event){
        .post_id = id_n(ID_POST, post),
        .target_id = target_n(post, k),
        .attempt_id = attempt_n(post, k, number),
        .number = number,
        .part = part,
        .fence = 7,
        .payload_hash = {.bytes = {(uint8_t)(part + 1)}},
        .due_ms = world->now_ms - 40,
        .deadline_ms = world->now_ms + ATTEMPT_DEADLINE_MS,
    };
    feed_post(world, post, &event);
}

/* Post 1 goes to one account and its first attempt is under way. */
static inline void feed_first_attempt(struct world *world, bool comment)
{
    feed_created(world, 1, 1);
    feed_scheduled(world, 1, 1, T0 + HOUR_MS);
    feed_locked(world, 1, 1, 1, comment);
    world->now_ms = T0 + HOUR_MS;
    feed_started(world, 1, 0, 1, 0);
    world->now_ms += 50;
}

/* What a person said of that attempt, whose outcome is unknown. */
static inline void feed_resolved(struct world *world, enum resolution resolution, bool retry, int64_t next_ms)
{
    struct event event = event_of(EVENT_target_resolved);
    event.target_resolved = (struct target_resolved_event){
        .post_id = id_n(ID_POST, 1),
        .target_id = target_n(1, 0),
        .attempt_id = attempt_n(1, 0, 1),
        .resolution = resolution,
        .retry = retry,
        .next_ms = next_ms,
        .url = resolution == RESOLUTION_PUBLISHED ? SPAN("https://found") : span_of(NULL, 0),
    };
    feed_post(world, 1, &event);
}

/* The event of an outcome; the caller sets what else it says and feeds it. */
static inline struct event outcome_event(uint32_t post, uint32_t k, uint32_t number, uint32_t part,
                                         enum outcome outcome)
{
    struct event event = event_of(EVENT_attempt_finished);
    event.attempt_finished = (struct attempt_finished_event){
        .post_id = id_n(ID_POST, post),
        .target_id = target_n(post, k),
        .attempt_id = attempt_n(post, k, number),
        .number = number,
        .part = part,
        .outcome = outcome,
    };
    return event;
}

static inline void feed_accepted(struct world *world, uint32_t post, uint32_t k, uint32_t number, uint32_t part)
{
    struct event event = outcome_event(post, k, number, part, OUTCOME_ACCEPTED);
    event.attempt_finished.platform_id =
        part == 0 ? SPAN("at://did:plc:abc/app.bsky.feed.post/0") : SPAN("at://did:plc:abc/app.bsky.feed.post/1");
    event.attempt_finished.revision = SPAN("bafy");
    event.attempt_finished.url = SPAN("https://bsky.app/profile/acme.test/post/0");
    event.attempt_finished.published_ms = world->now_ms;
    feed_post(world, post, &event);
}

static inline void feed_target_finished(struct world *world, uint32_t post, uint32_t k, enum target_status status,
                                        struct span code)
{
    struct event event = event_of(EVENT_target_finished);
    event.target_finished = (struct target_finished_event){
        .post_id = id_n(ID_POST, post), .target_id = target_n(post, k), .status = status, .code = code};
    feed_post(world, post, &event);
}

static inline void feed_post_finished(struct world *world, uint32_t post, enum post_status status)
{
    struct event event = event_of(EVENT_post_finished);
    event.post_finished = (struct post_finished_event){.post_id = id_n(ID_POST, post), .status = status};
    feed_post(world, post, &event);
}

static inline struct target_ref *ref_of(struct world *world, uint32_t post, uint32_t k)
{
    struct target_ref *ref = world_alloc(world, sizeof *ref);
    ref->target_id = target_n(post, k);
    return ref;
}

/* The post as its workspace reads it. */
static inline struct post_view view_of(struct world *world, uint32_t post)
{
    struct post_view view;
    const struct id workspace_id = the_workspace();
    const struct id post_id = id_n(ID_POST, post);
    ck_assert_int_eq(posts_get(reading(world), &workspace_id, &post_id, &world->arena, &view), OK);
    return view;
}

static inline struct target_row target_of(struct world *world, uint32_t post, uint32_t k)
{
    const struct post_view view = view_of(world, post);
    return view.row.targets[k];
}

/* The read model says where it stands, and that is at every event; a rebuild of the test knows no position. */
static inline void world_put_position(struct world *world)
{
    const uint8_t key = TABLE_META;
    uint8_t row[32] = {0}; /* desk.c: version, position, installation, the words' version */
    struct store_txn *txn = NULL;
    store_abort(world->txn);
    world->txn = NULL;
    put_be32(row, VIEWS_VERSION);
    put_be64(row + 4, UINT32_MAX);
    put_be32(row + 28, text_version());
    ck_assert_int_eq(store_begin(world->store, true, &txn), OK);
    ck_assert_int_eq(store_put(txn, span_of(&key, 1), span_of(row, sizeof row)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
}

static inline void world_drop_position(struct world *world)
{
    const uint8_t key = TABLE_META;
    struct store_txn *txn = NULL;
    store_abort(world->txn);
    world->txn = NULL;
    ck_assert_int_eq(store_begin(world->store, true, &txn), OK);
    ck_assert_int_eq(store_delete(txn, span_of(&key, 1)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
}

/* What a scheduler that starts is told, of a whole world: each target once, and of as many as the index has, unless the
 * world stands in the middle of a command. */
static inline uint32_t queue_of(struct world *world, struct queue_row **ret_rows)
{
    enum { ROWS_MAX = 100 };
    struct open_walk walk = {.is_over = false};
    uint32_t count = 0;
    ck_assert_ptr_nonnull(world->ledger);
    ck_assert_int_eq(queue_scan(reading(world), ROWS_MAX, &walk, &world->arena, ret_rows, &count), OK);
    ck_assert(walk.is_over);
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            ck_assert(!id_equal(&(*ret_rows)[i].target_id, &(*ret_rows)[k].target_id));
        }
    }
    return count;
}

static inline const struct queue_row *queued_of(const struct queue_row *rows, uint32_t count,
                                                const struct id *target_id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (id_equal(&rows[i].target_id, target_id)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* NULL: it is not told of that target. */
static inline const struct queue_row *queued(struct world *world, const struct id *target_id)
{
    struct queue_row *rows = NULL;
    const uint32_t count = queue_of(world, &rows);
    return queued_of(rows, count, target_id);
}

/* How many rows the ledger's index of open targets has. */
static inline uint32_t open_targets(struct world *world)
{
    struct open_target targets[100];
    struct open_walk walk = {.is_over = false};
    uint32_t count = 0;
    while (!walk.is_over) {
        uint32_t more = 0;
        ck_assert_int_eq(ledger_open_targets(reading(world), 100, &walk, targets, &more), OK);
        count += more;
    }
    return count;
}

/* A span in the initializer of a static table. */
#define STATIC_SPAN(literal_)                                               \
    {                                                                       \
        .data = (const uint8_t *)("" literal_), .len = sizeof(literal_) - 1 \
    }

#define ck_assert_span_eq(span_, literal_) ck_assert(span_equal((span_), SPAN(literal_)))

#endif
