/* log_heads_test.c: the rows that name each workspace's last event may lag behind it, up to a checkpoint: numbers go on
 * without a gap whatever crash comes between, and a row that says what it may not is found. */
#include <sys/wait.h>

#include "tests/contract/log_surgery.h"
#include "tests/suite.h"

#define MANY 3000 /* workspaces: more than may lag */
#define NEVER UINT64_MAX

static struct log *open_original(const struct world *world, uint64_t checkpoint_every)
{
    struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    options.checkpoint_every = checkpoint_every;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    return log;
}

static uint64_t head_of(struct log *log, uint64_t workspace, uint64_t workspaces)
{
    const struct id id = make_id(ID_WORKSPACE, workspace % workspaces);
    uint64_t seq = 0;
    ck_assert_int_eq(log_workspace_head(log, &id, &seq), OK);
    return seq;
}

/* Appends events in turns to so many workspaces, in groups of 50, and ends as in a crash: nothing is closed. */
static void append_and_crash(const struct world *world, uint64_t first, uint64_t last, uint64_t workspaces)
{
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct log *log = open_original(world, NEVER);
        uint8_t bytes[32];
        for (uint64_t i = first; i <= last;) {
            ASSERT(log_begin(log) == OK);
            for (unsigned j = 0; j < 50 && i <= last; j++, i++) {
                struct log_event event = make_event(i, workspaces, bytes, 20);
                ASSERT(log_append(log, &event, false) == OK);
            }
            ASSERT(log_commit(log) == OK);
        }
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    copy_log(world);
}

static uint64_t rows_of_copy(const struct world *world)
{
    struct surgery surgery;
    surgery_begin(&surgery, world, "heads");
    const uint64_t count = surgery_count(&surgery);
    surgery_end(&surgery);
    return count;
}

static enum err verify_copy(const struct world *world)
{
    struct log_verified found;
    return log_verify(world->copy, checkpoint_key_public(world->key), ORIGIN, NULL, NULL, &found, NULL);
}

/* Once through all of them, of which some were there before: 1,200 events in 40 (log_surgery.h). */
START_TEST(numbers_go_on_after_a_crash_that_no_checkpoint_came_before)
{
    struct world world;
    world_begin(&world);
    append_and_crash(&world, EVENTS + 1, EVENTS + MANY, MANY);
    const uint64_t rows = rows_of_copy(&world);
    ck_assert_uint_ge(rows, 1024); /* so many may not lag at once … */
    ck_assert_uint_lt(rows, MANY); /* … but the last ones do */
    ck_assert_int_eq(verify_copy(&world), OK);
    struct log *log = open_original(&world, NEVER);
    uint8_t bytes[32];
    ck_assert_int_eq(log_begin(log), OK);
    for (uint64_t i = 0; i < MANY; i++) {
        const uint64_t before = 1 + (i < 40 ? EVENTS / 40 : 0);
        ck_assert_uint_eq(head_of(log, i, MANY), before);
        struct log_event event = make_event(EVENTS + MANY + 1, 1, bytes, 20);
        event.workspace_id = make_id(ID_WORKSPACE, i);
        ck_assert_int_eq(log_append(log, &event, false), OK);
        ck_assert_uint_eq(event.workspace_seq, before + 1);
        ck_assert_uint_eq(head_of(log, i, MANY), before); /* as committed */
    }
    ck_assert_int_eq(log_commit(log), OK);
    log_close(log); /* signs */
    copy_log(&world);
    ck_assert_uint_eq(rows_of_copy(&world), MANY);
    ck_assert_int_eq(verify_copy(&world), OK);
    world_end(&world);
}

END_TEST

/* What is rolled back, or aborted, lags no longer, and what was committed before it still does. */
START_TEST(what_was_taken_back_leaves_the_numbers_as_they_were)
{
    struct world world;
    uint8_t bytes[32];
    world_begin(&world);
    struct log *log = open_original(&world, NEVER);
    append_mixed(log, EVENTS + 1, EVENTS + 20, 0);
    for (unsigned round = 0; round < 2; round++) {
        ck_assert_int_eq(log_begin(log), OK);
        for (uint64_t i = EVENTS + 21; i <= EVENTS + 120; i++) {
            struct log_event event = make_event(i, 40, bytes, 20);
            ck_assert_int_eq(log_append(log, &event, false), OK);
        }
        log_rollback(log, 5);
        log_abort(log);
    }
    struct log_event event = make_event(EVENTS + 40, 40, bytes, 20); /* workspace 0 had no event since */
    ck_assert_int_eq(log_begin(log), OK);
    ck_assert_int_eq(log_append(log, &event, false), OK);
    ck_assert_uint_eq(event.workspace_seq, EVENTS / 40 + 1);
    ck_assert_int_eq(log_commit(log), OK);
    log_close(log);
    copy_log(&world);
    ck_assert_int_eq(verify_copy(&world), OK);
    log = open_original(&world, NEVER);
    for (uint64_t i = 0; i < 40; i++) {
        ck_assert_uint_eq(head_of(log, i, 40), EVENTS / 40 + (i <= 20 ? 1 : 0));
    }
    log_close(log);
    world_end(&world);
}

END_TEST

/* 1,200 events in 40 workspaces are signed, 100 more are not: a row says 30 to 32 or 33. */
START_TEST(a_row_may_lag_but_not_behind_the_checkpoint)
{
    static const struct {
        int64_t says; /* 0: the row is gone; -1: as it was; -2: one of a workspace that has no event */
        bool good;
    } cases[] = {
        {-1, true },
        {29, false},
        {30, true },
        {31, true },
        {32, true },
        {34, false},
        {0,  false},
        {-2, false},
    };

    struct world world;
    struct surgery surgery;
    struct row row;
    world_begin(&world);
    append_and_crash(&world, EVENTS + 1, EVENTS + 100, 40);
    surgery_begin(&surgery, &world, "heads");
    surgery_nth(&surgery, 7, &row);
    ck_assert_uint_eq(get_be64(row.value), EVENTS / 40);
    if (cases[_i].says == -2) {
        memset(row.key, 7, row.key_len);
    }
    if (cases[_i].says == 0) {
        surgery_delete(&surgery, &row);
    } else if (cases[_i].says != -1) {
        put_be64(row.value, cases[_i].says > 0 ? (uint64_t)cases[_i].says : 1);
        surgery_put(&surgery, &row);
    }
    surgery_end(&surgery);
    ck_assert_int_eq(verify_copy(&world), cases[_i].good ? OK : ERR_ALTERED);
    if (cases[_i].says != -2) { /* opening looks at the workspaces of the tail */
        ck_assert_int_eq(open_copy(&world, NULL), cases[_i].good ? OK : ERR_ALTERED);
    }
    world_end(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("log_heads");
    TCase *tcase = tcase_create("log_heads");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, numbers_go_on_after_a_crash_that_no_checkpoint_came_before);
    tcase_add_test(tcase, what_was_taken_back_leaves_the_numbers_as_they_were);
    tcase_add_loop_test(tcase, a_row_may_lag_but_not_behind_the_checkpoint, 0, 8);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
