/* log_test.c: what log.h promises, of both implementations: the memory log may stand in for the LMDB one only because
 * this file tests both. */
#include "tests/contract/log_world.h"

#include "core/log/merkle.h"
#include "tests/suite.h"

#define MAP_SIZE ((size_t)64 << 20)

enum backend { LMDB, MEMORY, BACKENDS };

struct world {
    enum backend backend;
    char path[256];
    struct checkpoint_key *key;
    struct log_options options;
    struct log *log;
};

static enum err open_log(struct world *world)
{
    return world->backend == LMDB ? log_lmdb_open(&world->options, &world->log, NULL)
                                  : log_memory_open(&world->options, &world->log);
}

static void world_begin(struct world *world, int backend)
{
    *world = (struct world){.backend = (enum backend)backend, .key = make_key()};
    make_folder(world->path);
    world->options = (struct log_options){
        .path = world->path, .map_size = MAP_SIZE, .reserve = 1 << 20, .key = world->key, .checkpoint_every = 100};
    ck_assert_int_eq(open_log(world), OK);
}

static void world_end(struct world *world)
{
    log_close(world->log);
    checkpoint_key_free(world->key);
    remove_folder(world->path);
}

static uint64_t head_of(struct log *log)
{
    struct log_status status;
    log_status(log, &status);
    return status.head;
}

/* Reads event seq and compares it with what append_events made. */
static void assert_stored(struct log *log, uint64_t seq, size_t payload_len)
{
    uint8_t *expected_bytes = malloc(payload_len + 1);
    uint8_t *bytes = malloc(payload_len + 1);
    ck_assert(expected_bytes != NULL && bytes != NULL);
    struct log_event expected = make_event(seq, 5, expected_bytes, payload_len);
    struct buf out = buf_of(bytes, payload_len);
    struct log_event event;
    ck_assert_int_eq(log_read(log, seq, &out, &event), OK);
    expected.seq = seq;
    expected.workspace_seq = (seq + 4) / 5;
    memcpy(expected.payload_hash, event.payload_hash, sizeof event.payload_hash);
    assert_events_equal(&event, &expected);
    free(bytes);
    free(expected_bytes);
}

START_TEST(an_empty_log_has_no_events_and_the_root_of_the_empty_tree)
{
    struct world world;
    world_begin(&world, _i);
    struct log_status status;
    log_status(world.log, &status);
    ck_assert_uint_eq(status.head, 0);
    ck_assert_uint_eq(status.checkpoint_size, 0);
    struct log_event event;
    struct buf none = buf_of(NULL, 0);
    ck_assert_int_eq(log_read(world.log, 1, &none, &event), ERR_NOT_FOUND);
    ck_assert_int_eq(log_read(world.log, 0, &none, &event), ERR_NOT_FOUND);
    struct log_cursor *cursor = NULL;
    ck_assert_int_eq(log_cursor_open(world.log, 0, &cursor), OK);
    ck_assert_int_eq(log_cursor_next(cursor, &event), ERR_NOT_FOUND);
    log_cursor_close(cursor);
    uint8_t root[32];
    ck_assert_int_eq(log_root(world.log, 0, root), OK);
    struct merkle_edge empty = {0};
    uint8_t empty_root[32];
    merkle_root(&empty, empty_root);
    ck_assert_mem_eq(root, empty_root, 32);
    uint8_t bytes[LOG_CHECKPOINT_MAX];
    struct buf note = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(log_checkpoint_at(world.log, 1, &note), ERR_NOT_FOUND);
    ck_assert_int_eq(log_checkpoint(world.log, &note), OK);
    uint64_t size = 9;
    ck_assert_int_eq(checkpoint_open(buf_span(&note), ORIGIN, checkpoint_key_public(world.key), &size, root), OK);
    ck_assert_uint_eq(size, 0);
    world_end(&world);
}

END_TEST

START_TEST(an_empty_group_is_nothing)
{
    struct world world;
    world_begin(&world, _i);
    ck_assert_int_eq(log_begin(world.log), OK);
    ck_assert_int_eq(log_commit(world.log), OK);
    ck_assert_uint_eq(head_of(world.log), 0);
    world_end(&world);
}

END_TEST

static const size_t payload_lens[] = {1, 300, LOG_INLINE_MAX, LOG_INLINE_MAX + 1, 100000, LOG_PAYLOAD_MAX};

START_TEST(what_was_appended_is_read_back_whatever_its_length)
{
    for (size_t i = 0; i < sizeof payload_lens / sizeof *payload_lens; i++) {
        struct world world;
        world_begin(&world, _i);
        append_events(world.log, 1, 7, 3, payload_lens[i]);
        for (uint64_t seq = 1; seq <= 7; seq++) {
            assert_stored(world.log, seq, payload_lens[i]);
        }
        uint8_t *bytes = malloc(payload_lens[i]);
        struct buf small = buf_of(bytes, payload_lens[i] - 1);
        struct log_event event;
        ck_assert_int_eq(log_read(world.log, 3, &small, &event), ERR_TOO_LONG);
        ck_assert_uint_eq(small.len, 0);
        free(bytes);
        world_end(&world);
    }
}

END_TEST

START_TEST(a_payload_above_the_limit_is_refused_and_the_group_stands)
{
    struct world world;
    world_begin(&world, _i);
    uint8_t *bytes = malloc(LOG_PAYLOAD_MAX + 1);
    ck_assert_int_eq(log_begin(world.log), OK);
    struct log_event event = make_event(1, 5, bytes, 10);
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    event = make_event(2, 5, bytes, LOG_PAYLOAD_MAX + 1);
    ck_assert_int_eq(log_append(world.log, &event, false), ERR_TOO_LONG);
    event = make_event(2, 5, bytes, 10);
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    ck_assert_uint_eq(event.seq, 2);
    ck_assert_int_eq(log_commit(world.log), OK);
    ck_assert_uint_eq(head_of(world.log), 2);
    free(bytes);
    world_end(&world);
}

END_TEST

START_TEST(two_events_may_share_a_long_payload)
{
    struct world world;
    world_begin(&world, _i);
    uint8_t bytes[5000];
    for (uint64_t i = 1; i <= 3; i++) {
        ck_assert_int_eq(log_begin(world.log), OK);
        for (int twice = 0; twice < 2; twice++) {
            struct log_event event = make_event(1, 1, bytes, sizeof bytes);
            ck_assert_int_eq(log_append(world.log, &event, false), OK);
        }
        ck_assert_int_eq(log_commit(world.log), OK);
    }
    uint8_t read[5000];
    for (uint64_t seq = 1; seq <= 6; seq++) {
        struct buf out = buf_of(read, sizeof read);
        struct log_event event;
        ck_assert_int_eq(log_read(world.log, seq, &out, &event), OK);
        ck_assert_mem_eq(read, bytes, sizeof bytes);
        ck_assert_uint_eq(event.workspace_seq, seq);
    }
    world_end(&world);
}

END_TEST

START_TEST(sequences_have_no_gap_across_rollback_abort_and_workspaces)
{
    struct world world;
    world_begin(&world, _i);
    uint8_t bytes[20];
    append_events(world.log, 1, 5, 5, 20);
    ck_assert_int_eq(log_begin(world.log), OK);
    struct log_event event = make_event(6, 5, bytes, 20); /* workspace 1, its second */
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    ck_assert_uint_eq(event.workspace_seq, 2);
    const uint64_t mark = log_mark(world.log);
    for (uint64_t i = 7; i < 60; i++) {
        event = make_event(i, 20, bytes, 20); /* new workspaces among them */
        ck_assert_int_eq(log_append(world.log, &event, false), OK);
        ck_assert_uint_eq(event.seq, i);
    }
    log_rollback(world.log, mark);
    event = make_event(11, 5, bytes, 20); /* workspace 1 again */
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    ck_assert_uint_eq(event.seq, 7);
    ck_assert_uint_eq(event.workspace_seq, 3);
    struct log_event installation = make_event(12, 0, bytes, 20);
    ck_assert_int_eq(log_append(world.log, &installation, false), OK);
    ck_assert_uint_eq(installation.workspace_seq, 0);
    uint64_t seq = 9;
    ck_assert_int_eq(log_workspace_head(world.log, &event.workspace_id, &seq), OK);
    ck_assert_uint_eq(seq, 1); /* as committed */
    ck_assert_int_eq(log_commit(world.log), OK);
    ck_assert_int_eq(log_workspace_head(world.log, &event.workspace_id, &seq), OK);
    ck_assert_uint_eq(seq, 3);

    ck_assert_int_eq(log_begin(world.log), OK);
    event = make_event(16, 5, bytes, 20);
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    ck_assert_uint_eq(event.workspace_seq, 4);
    log_abort(world.log);
    ck_assert_uint_eq(head_of(world.log), 8);
    ck_assert_int_eq(log_begin(world.log), OK);
    event = make_event(16, 5, bytes, 20);
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    ck_assert_uint_eq(event.seq, 9);
    ck_assert_uint_eq(event.workspace_seq, 4);
    log_rollback(world.log, 0);
    ck_assert_int_eq(log_commit(world.log), OK);
    ck_assert_uint_eq(head_of(world.log), 8);
    const struct id unknown = make_id(ID_WORKSPACE, 12345);
    ck_assert_int_eq(log_workspace_head(world.log, &unknown, &seq), OK);
    ck_assert_uint_eq(seq, 0);
    world_end(&world);
}

END_TEST

START_TEST(a_cursor_walks_what_was_committed_when_it_was_opened)
{
    struct world world;
    world_begin(&world, _i);
    append_events(world.log, 1, 3000, 64, 50);
    struct log_cursor *cursor = NULL;
    ck_assert_int_eq(log_cursor_open(world.log, 17, &cursor), OK);
    uint8_t bytes[50];
    for (uint64_t seq = 18; seq <= 3000; seq++) {
        if (seq == 100) {
            append_events(world.log, 3001, 3010, 3, 50);
        }
        struct log_event event;
        ck_assert_int_eq(log_cursor_next(cursor, &event), OK);
        struct log_event expected = make_event(seq, 5, bytes, sizeof bytes);
        ck_assert_uint_eq(event.seq, seq);
        ck_assert(span_equal(event.payload, expected.payload));
        ck_assert_mem_eq(event.salt, expected.salt, sizeof event.salt);
    }
    struct log_event event;
    ck_assert_int_eq(log_cursor_next(cursor, &event), ERR_NOT_FOUND);
    ck_assert_int_eq(log_cursor_next(cursor, &event), ERR_NOT_FOUND);
    log_cursor_close(cursor);
    ck_assert_int_eq(log_cursor_open(world.log, 3010, &cursor), OK);
    ck_assert_int_eq(log_cursor_next(cursor, &event), ERR_NOT_FOUND);
    log_cursor_close(cursor);
    ck_assert_int_eq(log_cursor_open(world.log, UINT64_MAX, &cursor), OK);
    ck_assert_int_eq(log_cursor_next(cursor, &event), ERR_NOT_FOUND);
    log_cursor_close(cursor);
    world_end(&world);
}

END_TEST

START_TEST(ten_thousand_events_are_all_there)
{
    struct world world;
    world_begin(&world, _i);
    append_events(world.log, 1, 10000, 500, 120);
    ck_assert_uint_eq(head_of(world.log), 10000);
    for (uint64_t seq = 1; seq <= 10000; seq += 97) {
        assert_stored(world.log, seq, 120);
    }
    struct log_cursor *cursor = NULL;
    ck_assert_int_eq(log_cursor_open(world.log, 0, &cursor), OK);
    uint64_t count = 0;
    struct log_event event;
    while (log_cursor_next(cursor, &event) == OK) {
        count++;
        ck_assert_uint_eq(event.seq, count);
    }
    ck_assert_uint_eq(count, 10000);
    log_cursor_close(cursor);
    world_end(&world);
}

END_TEST

/* Leaves of the first 300 events, by the envelope as anybody can rebuild it. */
static void read_leaves(struct log *log, uint64_t count, uint8_t (*ret_leaves)[32])
{
    uint8_t payload[200];
    for (uint64_t seq = 1; seq <= count; seq++) {
        struct buf out = buf_of(payload, sizeof payload);
        struct log_event event;
        ck_assert_int_eq(log_read(log, seq, &out, &event), OK);
        uint8_t bytes[LOG_ENVELOPE_MAX];
        struct buf envelope = buf_of(bytes, sizeof bytes);
        log_envelope(&event, &envelope);
        merkle_leaf(buf_span(&envelope), ret_leaves[seq - 1]);
    }
}

START_TEST(roots_and_proofs_agree_with_a_tree_built_from_the_events)
{
    struct world world;
    world_begin(&world, _i);
    append_events(world.log, 1, 300, 77, 100);
    static uint8_t leaves[300][32];
    static uint8_t roots[301][32];
    read_leaves(world.log, 300, leaves);
    struct merkle_edge edge = {0};
    merkle_root(&edge, roots[0]);
    for (uint64_t size = 1; size <= 300; size++) {
        merkle_add(&edge, leaves[size - 1], NULL, NULL);
        merkle_root(&edge, roots[size]);
        uint8_t root[32];
        ck_assert_int_eq(log_root(world.log, size, root), OK);
        ck_assert_mem_eq(root, roots[size], 32);
        uint8_t proof[LOG_PROOF_MAX][32];
        size_t count = 0;
        const uint64_t step = size == 300 || size < 20 ? 1 : size; /* every index of some sizes, the first of all */
        for (uint64_t seq = 1; seq <= size; seq += step) {
            ck_assert_int_eq(log_inclusion(world.log, seq, size, proof, &count), OK);
            ck_assert_int_eq(
                merkle_check_inclusion(seq - 1, size, leaves[seq - 1], (const uint8_t(*)[32])proof, count, roots[size]),
                OK);
        }
    }
    for (uint64_t size = 0; size <= 300; size += size < 70 ? 1 : 46) {
        for (uint64_t old = 0; old <= size; old += size <= 70 ? 1 : 17) {
            uint8_t proof[LOG_PROOF_MAX][32];
            size_t count = 0;
            ck_assert_int_eq(log_consistency(world.log, old, size, proof, &count), OK);
            ck_assert_int_eq(
                merkle_check_consistency(old, roots[old], size, roots[size], (const uint8_t(*)[32])proof, count), OK);
        }
    }
    world_end(&world);
}

END_TEST

START_TEST(proofs_hold_where_the_tree_has_stored_rows)
{
    struct world world;
    world_begin(&world, _i);
    append_events(world.log, 1, 5000, 1000, 10);
    const uint64_t sizes[] = {256, 257, 511, 512, 1024, 4096, 4999, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t root[32];
        ck_assert_int_eq(log_root(world.log, sizes[i], root), OK);
        for (uint64_t seq = 1; seq <= sizes[i]; seq += 255) {
            uint8_t payload[10];
            struct buf out = buf_of(payload, sizeof payload);
            struct log_event event;
            ck_assert_int_eq(log_read(world.log, seq, &out, &event), OK);
            uint8_t bytes[LOG_ENVELOPE_MAX];
            struct buf envelope = buf_of(bytes, sizeof bytes);
            log_envelope(&event, &envelope);
            uint8_t leaf[32];
            merkle_leaf(buf_span(&envelope), leaf);
            uint8_t proof[LOG_PROOF_MAX][32];
            size_t count = 0;
            ck_assert_int_eq(log_inclusion(world.log, seq, sizes[i], proof, &count), OK);
            ck_assert_int_eq(merkle_check_inclusion(seq - 1, sizes[i], leaf, (const uint8_t(*)[32])proof, count, root),
                             OK);
        }
    }
    world_end(&world);
}

END_TEST

START_TEST(checkpoints_are_signed_as_the_log_grows_and_kept)
{
    struct world world;
    world_begin(&world, _i);
    append_events(world.log, 1, 350, 40, 30); /* groups end at 120, 240 and 350 with 100 or more unsigned */
    struct log_status status;
    log_status(world.log, &status);
    ck_assert_uint_eq(status.checkpoint_size, 350);
    static const uint64_t covers[][2] = {
        {1,   120},
        {120, 120},
        {121, 240},
        {350, 350}
    };
    for (size_t i = 0; i < sizeof covers / sizeof *covers; i++) {
        uint8_t bytes[LOG_CHECKPOINT_MAX];
        struct buf note = buf_of(bytes, sizeof bytes);
        ck_assert_int_eq(log_checkpoint_at(world.log, covers[i][0], &note), OK);
        uint64_t size = 0;
        uint8_t root[32];
        uint8_t expected[32];
        ck_assert_int_eq(checkpoint_open(buf_span(&note), ORIGIN, checkpoint_key_public(world.key), &size, root), OK);
        ck_assert_uint_eq(size, covers[i][1]);
        ck_assert_int_eq(log_root(world.log, size, expected), OK);
        ck_assert_mem_eq(root, expected, 32);
    }
    append_events(world.log, 351, 360, 10, 30);
    uint8_t bytes[LOG_CHECKPOINT_MAX];
    struct buf note = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(log_checkpoint_at(world.log, 351, &note), ERR_NOT_FOUND);
    ck_assert_int_eq(log_checkpoint(world.log, &note), OK);
    log_status(world.log, &status);
    ck_assert_uint_eq(status.checkpoint_size, 360);
    uint8_t again[LOG_CHECKPOINT_MAX];
    struct buf same = buf_of(again, sizeof again);
    ck_assert_int_eq(log_checkpoint(world.log, &same), OK);
    ck_assert(span_equal(buf_span(&note), buf_span(&same)));
    struct buf small = buf_of(again, 50);
    ck_assert_int_eq(log_checkpoint(world.log, &small), ERR_TOO_LONG);
    world_end(&world);
}

END_TEST

/* Appends groups of twenty from event i on, until not even one event fits. Returns the next i. */
static uint64_t append_until_full(struct log *log, uint64_t i, bool privileged)
{
    uint8_t bytes[1000];
    uint64_t before = 0;
    do {
        before = i;
        enum err err = OK;
        ck_assert_int_eq(log_begin(log), OK);
        for (int n = 0; n < 20 && err == OK; n++) {
            struct log_event event = make_event(i, 5, bytes, sizeof bytes);
            err = log_append(log, &event, privileged);
            ck_assert(err == OK || err == ERR_NO_SPACE);
            i += err == OK;
        }
        ck_assert_int_eq(log_commit(log), OK);
    } while (i > before);
    return i;
}

START_TEST(users_are_refused_at_the_reserve_and_the_privileged_at_the_end)
{
    struct world world;
    world_begin(&world, _i);
    log_close(world.log);
    world.log = NULL;
    remove_folder(world.path);
    world.options.map_size = (size_t)8 << 20;
    world.options.reserve = (size_t)2 << 20;
    ck_assert_int_eq(open_log(&world), OK);
    const uint64_t users = append_until_full(world.log, 1, false);
    struct log_status status;
    log_status(world.log, &status);
    ck_assert_uint_eq(status.head, users - 1);
    ck_assert_uint_gt(status.bytes_used, status.bytes_max / 2);
    ck_assert_uint_le(status.bytes_used, status.bytes_max - world.options.reserve);
    const uint64_t all = append_until_full(world.log, users, true);
    ck_assert_uint_eq(append_until_full(world.log, all, false), all);
    log_status(world.log, &status);
    ck_assert_uint_eq(status.head, all - 1);
    ck_assert_uint_gt(all, users + 500);
    ck_assert_uint_le(status.bytes_used, status.bytes_max);
    for (uint64_t seq = 1; seq <= status.head; seq += 31) {
        assert_stored(world.log, seq, 1000);
    }
    if (world.backend == LMDB) { /* a full log opens, and goes on in a larger map */
        log_close(world.log);
        ck_assert_int_eq(open_log(&world), OK);
        log_close(world.log);
        world.options.map_size = (size_t)16 << 20;
        ck_assert_int_eq(open_log(&world), OK);
        append_events(world.log, status.head + 1, status.head + 100, 50, 1000);
    }
    world_end(&world);
}

END_TEST

START_TEST(a_group_larger_than_its_bytes_is_refused_and_stands)
{
    struct world world;
    world_begin(&world, _i);
    log_close(world.log);
    world.log = NULL;
    remove_folder(world.path);
    world.options.map_size = (size_t)256 << 20;
    ck_assert_int_eq(open_log(&world), OK);
    uint8_t *bytes = malloc(LOG_PAYLOAD_MAX);
    ck_assert_int_eq(log_begin(world.log), OK);
    uint64_t i = 1;
    enum err err = OK;
    while (err == OK) {
        struct log_event event = make_event(i, 1, bytes, LOG_PAYLOAD_MAX);
        err = log_append(world.log, &event, false);
        i += err == OK;
    }
    ck_assert_int_eq(err, ERR_NO_MEMORY);
    ck_assert_uint_gt(i, 10);
    ck_assert_int_eq(log_commit(world.log), OK);
    ck_assert_uint_eq(head_of(world.log), i - 1);
    free(bytes);
    world_end(&world);
}

END_TEST

START_TEST(a_log_survives_closing_and_its_tail_is_verified)
{
    struct world world;
    world_begin(&world, LMDB);
    append_events(world.log, 1, 777, 100, 60);
    log_close(world.log);
    for (uint64_t first = 778; first < 2000; first += 300) {
        world.log = NULL;
        ck_assert_int_eq(open_log(&world), OK);
        struct log_status status;
        log_status(world.log, &status);
        ck_assert_uint_eq(status.head, first - 1);
        ck_assert_uint_eq(status.checkpoint_size, first - 1); /* closing signed it */
        ck_assert_int_eq(status.time_ms, T0 + (int64_t)first - 1);
        append_events(world.log, first, first + 299, 70, 60);
        log_close(world.log);
    }
    world.log = NULL;
    struct log_verified found;
    ck_assert_int_eq(log_verify(world.path, checkpoint_key_public(world.key), ORIGIN, NULL, NULL, &found, NULL), OK);
    ck_assert_uint_eq(found.events, 2277);
    world_end(&world);
}

END_TEST

START_TEST(a_failed_commit_of_the_memory_log_keeps_nothing)
{
    struct world world;
    world_begin(&world, MEMORY);
    append_events(world.log, 1, 10, 10, 60);
    uint8_t bytes[60];
    log_memory_fail_next_commit(world.log, ERR_NO_SPACE);
    ck_assert_int_eq(log_begin(world.log), OK);
    struct log_event event = make_event(11, 5, bytes, sizeof bytes);
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    ck_assert_int_eq(log_commit(world.log), ERR_NO_SPACE);
    append_events(world.log, 11, 20, 10, 60);
    log_memory_fail_next_commit(world.log, ERR_IO);
    ck_assert_int_eq(log_begin(world.log), OK);
    event = make_event(21, 5, bytes, sizeof bytes);
    ck_assert_int_eq(log_append(world.log, &event, false), OK);
    ck_assert_int_eq(log_commit(world.log), ERR_IO);
    ck_assert_int_eq(log_begin(world.log), ERR_IO);
    log_memory_restart(world.log);
    append_events(world.log, 21, 30, 10, 60);
    for (uint64_t seq = 1; seq <= 30; seq++) {
        assert_stored(world.log, seq, 60);
    }
    world_end(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, an_empty_log_has_no_events_and_the_root_of_the_empty_tree, 0, BACKENDS);
    tcase_add_loop_test(tcase, an_empty_group_is_nothing, 0, BACKENDS);
    tcase_add_loop_test(tcase, what_was_appended_is_read_back_whatever_its_length, 0, BACKENDS);
    tcase_add_loop_test(tcase, a_payload_above_the_limit_is_refused_and_the_group_stands, 0, BACKENDS);
    tcase_add_loop_test(tcase, two_events_may_share_a_long_payload, 0, BACKENDS);
    tcase_add_loop_test(tcase, sequences_have_no_gap_across_rollback_abort_and_workspaces, 0, BACKENDS);
    tcase_add_loop_test(tcase, a_cursor_walks_what_was_committed_when_it_was_opened, 0, BACKENDS);
    tcase_add_loop_test(tcase, ten_thousand_events_are_all_there, 0, BACKENDS);
    tcase_add_loop_test(tcase, roots_and_proofs_agree_with_a_tree_built_from_the_events, 0, BACKENDS);
    tcase_add_loop_test(tcase, proofs_hold_where_the_tree_has_stored_rows, 0, BACKENDS);
    tcase_add_loop_test(tcase, checkpoints_are_signed_as_the_log_grows_and_kept, 0, BACKENDS);
    tcase_add_loop_test(tcase, users_are_refused_at_the_reserve_and_the_privileged_at_the_end, 0, BACKENDS);
    tcase_add_loop_test(tcase, a_group_larger_than_its_bytes_is_refused_and_stands, 0, BACKENDS);
    tcase_add_test(tcase, a_log_survives_closing_and_its_tail_is_verified);
    tcase_add_test(tcase, a_failed_commit_of_the_memory_log_keeps_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
