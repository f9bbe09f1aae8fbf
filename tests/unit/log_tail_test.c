/* log_tail_test.c: what a log refuses to open, and with which words: shorter than what was signed, forked from it,
 * signed by another, changed since, cut short. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/contract/log_surgery.h"
#include "tests/suite.h"

#define CHECKPOINTS 6 /* of the original: at 222, 444, 666, 888, 1110 and 1200 */
#define PARTED 481    /* after so many events, at the end of a group of append_mixed */

static void grow_copy(const struct world *world, uint64_t first, uint64_t last, uint64_t salt)
{
    const struct log_options options = options_of(world, world->copy);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    append_mixed(log, first, last, salt);
    log_close(log);
}

/* The copy is altered, at that position and in those words, whether it is opened or verified. */
static void check_altered(const struct world *world, uint64_t position, const char *sentence)
{
    struct log_fault fault = {0};
    ck_assert_int_eq(open_copy(world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, position);
    ck_assert_str_eq(fault.sentence, sentence);
    fault = (struct log_fault){0};
    ck_assert_int_eq(verify(world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, position);
    ck_assert_str_eq(fault.sentence, sentence);
}

START_TEST(older_data_put_back_is_refused_with_what_to_do)
{
    struct world world;
    world_begin(&world);
    grow_copy(&world, EVENTS + 1, 1300, 0);
    copy_file(world.original, world.copy, "data.mdb"); /* the side file stays the newer one */
    check_altered(&world, EVENTS + 1,
                  "the log is shorter than its signed checkpoint of size 1300: it ends at event 1200; restore data "
                  "from a copy that holds at least 1300 events");
    world_end(&world);
}

END_TEST

static void rename_in(const char *from_folder, const char *from, const char *to_folder, const char *to)
{
    char from_path[300];
    char to_path[300];
    snprintf(from_path, sizeof from_path, "%s/%s", from_folder, from);
    snprintf(to_path, sizeof to_path, "%s/%s", to_folder, to);
    ck_assert_int_eq(rename(from_path, to_path), 0);
}

/* An older copy put back and continued, beside the checkpoint of what stood there before. On both ways the log keeps
 * checkpoints of its own between the event where they part and that checkpoint: they tell nothing of the other way. */
START_TEST(a_fork_that_outgrew_the_signed_checkpoint_is_refused_with_the_events_where_it_may_begin)
{
    struct world world;
    world_begin(&world);
    grow_copy(&world, EVENTS + 1, 1260, 0);
    grow_copy(&world, 1261, 1300, 0); /* signed at 1260 and at 1300 */
    rename_in(world.copy, "checkpoint", world.original, "newer");
    copy_log(&world);
    grow_copy(&world, EVENTS + 1, 1260, 1);
    grow_copy(&world, 1261, 1500, 1); /* other events, signed at 1260 and last at 1500 */
    rename_in(world.original, "newer", world.copy, "checkpoint");
    check_altered(&world, 1,
                  "somewhere in events 1 to 1300 the log is not what the checkpoint of size 1300 beside it was signed "
                  "over: restore data.mdb and checkpoint together from one copy");
    struct log_fault fault;
    copy_log(&world); /* the remedy */
    ck_assert_int_eq(open_copy(&world, &fault), OK);
    world_end(&world);
}

END_TEST

/* Another's tail, whole and consistent, under the checkpoints that were signed over one's own. */
START_TEST(a_log_made_anew_from_an_event_on_is_told_from_the_last_checkpoint_that_agrees)
{
    struct world world;
    world_begin(&world);
    struct surgery surgery;
    struct row notes[CHECKPOINTS];
    surgery_begin(&surgery, &world, "checkpoints");
    ck_assert_uint_eq(surgery_count(&surgery), CHECKPOINTS);
    for (uint64_t i = 0; i < CHECKPOINTS; i++) {
        surgery_nth(&surgery, i, &notes[i]);
    }
    surgery_end(&surgery);
    rename_in(world.copy, "checkpoint", world.original, "signed");
    rename_in(world.copy, "data.mdb", world.original, "signed.mdb");
    const struct log_options options = options_of(&world, world.copy);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    append_mixed(log, 1, PARTED, 0);
    append_mixed(log, PARTED + 1, EVENTS, 1);
    log_close(log);
    surgery_begin(&surgery, &world, "checkpoints");
    for (uint64_t i = 0; i < CHECKPOINTS; i++) {
        surgery_put(&surgery, &notes[i]);
    }
    surgery_end(&surgery);
    rename_in(world.original, "signed", world.copy, "checkpoint");
    check_altered(&world, 445,
                  "somewhere in events 445 to 666 the log is not what the checkpoint of size 666 kept in it was signed "
                  "over: restore data.mdb and checkpoint together from one copy");
    world_end(&world);
}

END_TEST

START_TEST(no_data_beside_a_signed_checkpoint_is_refused)
{
    struct world world;
    world_begin(&world);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.copy);
    ck_assert_int_eq(unlink(path), 0);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, 1);
    world_end(&world);
}

END_TEST

START_TEST(a_cut_file_is_refused)
{
    struct world world;
    world_begin(&world);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.copy);
    ck_assert_int_eq(truncate(path, 40 * 4096), 0);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

static const char *const bad_sides[] = {"", "hello\n", "example.com/ledger\n5\nAAAA\n\n\xE2\x80\x94 a AAAAAAAA\n"};

START_TEST(a_side_file_that_is_no_checkpoint_is_refused)
{
    struct world world;
    world_begin(&world);
    char path[300];
    snprintf(path, sizeof path, "%s/checkpoint", world.copy);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < (_i == 3 ? 5000 : 1); i++) {
        ck_assert_int_ge(fputs(_i == 3 ? "long\n" : bad_sides[_i], file), 0);
    }
    fclose(file);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(unlink(path), 0); /* without it, what is in the log decides */
    ck_assert_int_eq(open_copy(&world, &fault), OK);
    world_end(&world);
}

END_TEST

START_TEST(a_log_of_another_installation_is_refused)
{
    struct world world;
    world_begin(&world);
    uint8_t seed[32] = {1};
    checkpoint_key_free(world.key);
    world.key = NULL;
    ck_assert_int_eq(checkpoint_key_new(seed, ORIGIN, &world.key), OK);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_ptr_nonnull(strstr(fault.sentence, "not signed by this installation's key"));
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

/* Copies the growing log as it stands after 50 events that no checkpoint covers yet. */
static void make_tail(struct world *world)
{
    const struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    append_mixed(log, EVENTS + 1, EVENTS + 50, 0);
    copy_log(world);
    log_close(log);
}

START_TEST(a_change_in_the_tail_is_found_at_open)
{
    struct world world;
    world_begin(&world);
    make_tail(&world);
    struct prng prng;
    prng_seed(&prng, 4000 + (uint64_t)_i);
    struct surgery surgery;
    struct row row;
    surgery_begin(&surgery, &world, "records");
    ck_assert_uint_eq(surgery_count(&surgery), EVENTS + 50);
    const uint64_t seq = EVENTS + 1 + prng_below(&prng, 50);
    surgery_nth(&surgery, seq - 1, &row);
    if (_i % 2 == 0) {
        flip(row.value, prng_below(&prng, 8 * row.value_len));
        surgery_put(&surgery, &row);
    } else {
        surgery_delete(&surgery, &row);
    }
    surgery_end(&surgery);
    struct log_fault fault = {0};
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, seq);
    world_end(&world);
}

END_TEST

START_TEST(a_workspace_s_wrong_head_is_found_at_open_when_the_tail_touches_it)
{
    struct world world;
    world_begin(&world);
    make_tail(&world); /* 50 events touch all 40 workspaces */
    struct surgery surgery;
    struct row row;
    surgery_begin(&surgery, &world, "heads");
    surgery_nth(&surgery, 7, &row);
    flip(row.value, 63);
    surgery_put(&surgery, &row);
    surgery_end(&surgery);
    struct log_fault fault = {0};
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

/* Appends small groups, as a busy service does, until it is killed. */
static _Noreturn void grow_for_ever(const struct world *world)
{
    struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    uint8_t bytes[64];
    options.map_size = (size_t)512 << 20;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    for (uint64_t i = EVENTS + 1;; i++) {
        struct log_event event = make_event(i, 40, bytes, 20);
        ck_assert_int_eq(log_begin(log), OK);
        ck_assert_int_eq(log_append(log, &event, false), OK);
        ck_assert_int_eq(log_commit(log), OK);
    }
}

static uint64_t open_beside(const struct world *world)
{
    struct log_options options = options_of(world, world->original);
    struct log_fault fault = {0};
    struct log_status status;
    struct log *log = NULL;
    options.map_size = (size_t)512 << 20;
    options.read_only = true;
    const enum err err = log_lmdb_open(&options, &log, &fault);
    ck_assert_msg(err == OK, "%s: %s", err_name(err), fault.sentence);
    log_status(log, &status);
    log_close(log);
    return status.head;
}

START_TEST(a_log_that_grows_meanwhile_is_never_taken_for_altered)
{
    struct world world;
    world_begin(&world);
    const pid_t writer = fork();
    ck_assert_int_ge(writer, 0);
    if (writer == 0) {
        grow_for_ever(&world);
    }
    uint64_t last = EVENTS;
    unsigned grown = 0;
    while (grown < 200) { /* as often as an event was committed since the last look */
        const uint64_t head = open_beside(&world);
        ck_assert_uint_ge(head, last);
        grown += head > last;
        last = head;
        if (grown % 20 == 1) {
            struct log_fault fault = {0};
            struct log_verified found;
            const enum err err =
                log_verify(world.original, checkpoint_key_public(world.key), ORIGIN, NULL, NULL, &found, &fault);
            ck_assert_msg(err == OK, "%s: %s", err_name(err), fault.sentence);
        }
    }
    ck_assert_int_eq(kill(writer, SIGKILL), 0);
    ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
    world_end(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("log_tail");
    TCase *tcase = tcase_create("log_tail");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, older_data_put_back_is_refused_with_what_to_do);
    tcase_add_test(tcase, a_fork_that_outgrew_the_signed_checkpoint_is_refused_with_the_events_where_it_may_begin);
    tcase_add_test(tcase, a_log_made_anew_from_an_event_on_is_told_from_the_last_checkpoint_that_agrees);
    tcase_add_test(tcase, no_data_beside_a_signed_checkpoint_is_refused);
    tcase_add_test(tcase, a_cut_file_is_refused);
    tcase_add_loop_test(tcase, a_side_file_that_is_no_checkpoint_is_refused, 0, 4);
    tcase_add_test(tcase, a_log_of_another_installation_is_refused);
    tcase_add_loop_test(tcase, a_change_in_the_tail_is_found_at_open, 0, 10);
    tcase_add_test(tcase, a_workspace_s_wrong_head_is_found_at_open_when_the_tail_touches_it);
    tcase_add_test(tcase, a_log_that_grows_meanwhile_is_never_taken_for_altered);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
