/* log_lmdb_test.c: what only a log on a disk can go through: kill -9 while it is appended to, a disk without room, a
 * second writer, readers in other processes and threads, a file with holes, one that is deleted under it. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/contract/log_world.h"
#include "tests/suite.h"

#define MAP_SIZE ((size_t)64 << 20)

struct world {
    char path[256];
    struct checkpoint_key *key;
    struct log_options options;
};

static void world_begin(struct world *world)
{
    make_folder(world->path);
    world->key = make_key();
    world->options = (struct log_options){
        .path = world->path, .map_size = MAP_SIZE, .reserve = 2 << 20, .key = world->key, .checkpoint_every = 100};
}

static void world_end(struct world *world)
{
    checkpoint_key_free(world->key);
    remove_folder(world->path);
}

static struct log *open_log(const struct world *world)
{
    struct log_fault fault = {0};
    struct log *log = NULL;
    const enum err err = log_lmdb_open(&world->options, &log, &fault);
    ck_assert_msg(err == OK, "%s: %s", err_name(err), fault.sentence);
    return log;
}

static uint64_t head_of(struct log *log)
{
    struct log_status status;
    log_status(log, &status);
    return status.head;
}

static uint64_t verified(const struct world *world)
{
    struct log_verified found;
    struct log_fault fault = {0};
    const enum err err = log_verify(world->path, checkpoint_key_public(world->key), ORIGIN, NULL, NULL, &found, &fault);
    ck_assert_msg(err == OK, "%s: %s", err_name(err), fault.sentence);
    return found.events;
}

/* Appends groups for ever and writes each acknowledged head to out. */
static void append_until_killed(const struct world *world, int out)
{
    struct log *log = NULL;
    if (log_lmdb_open(&world->options, &log, NULL) != OK) {
        _exit(1);
    }
    struct prng prng;
    uint64_t seq = head_of(log);
    prng_seed(&prng, seq);
    static uint8_t bytes[3000];
    while (true) {
        bool good = log_begin(log) == OK;
        for (uint64_t i = 1 + prng_below(&prng, 20); i > 0 && good; i--) {
            seq++;
            struct log_event event = make_event(seq, 9, bytes, 100 + prng_below(&prng, 2900));
            good = log_append(log, &event, false) == OK && event.seq == seq;
        }
        good = good && log_commit(log) == OK;
        if (!good || write(out, &seq, sizeof seq) != sizeof seq) {
            _exit(2);
        }
    }
}

START_TEST(what_was_acknowledged_survives_kill_9)
{
    struct world world;
    world_begin(&world);
    struct prng prng;
    prng_seed(&prng, 77);
    uint64_t before = 0;
    for (int round = 0; round < 12; round++) {
        int acknowledged[2];
        ck_assert_int_eq(pipe(acknowledged), 0);
        const pid_t child = fork();
        if (child == 0) {
            append_until_killed(&world, acknowledged[1]);
        }
        close(acknowledged[1]);
        uint64_t last = 0;
        for (uint64_t reads = 1 + prng_below(&prng, 60); reads > 0; reads--) {
            ck_assert_int_eq(read(acknowledged[0], &last, sizeof last), sizeof last);
        }
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
        uint64_t more = 0;
        while (read(acknowledged[0], &more, sizeof more) == sizeof more) { /* acknowledged, and not yet read */
            last = more;
        }
        close(acknowledged[0]);
        struct log *log = open_log(&world); /* verifies the tail */
        ck_assert_uint_ge(head_of(log), last);
        ck_assert_uint_gt(head_of(log), before);
        before = head_of(log);
        log_close(log);
        ck_assert_uint_eq(verified(&world), before);
    }
    world_end(&world);
}

END_TEST

/* Runs in a child, because the limit cannot be lifted again. Exit status: which step failed. */
static int fill_the_disk(const struct world *world)
{
    signal(SIGXFSZ, SIG_IGN);
    struct log *log = NULL;
    if (log_lmdb_open(&world->options, &log, NULL) != OK) {
        return 1;
    }
    static uint8_t bytes[1000];
    uint64_t seq = 0;
    const struct rlimit limit = {12 << 20, 12 << 20};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 2;
    }
    enum err err = OK;
    for (int privileged = 0; privileged < 2; privileged++) {
        const uint64_t before = seq;
        err = OK;
        while (err == OK) {
            if (log_begin(log) != OK) {
                return 3;
            }
            for (int i = 0; i < 20 && err == OK; i++) {
                struct log_event event = make_event(seq + 1, 3, bytes, sizeof bytes);
                err = log_append(log, &event, privileged == 1);
                seq += err == OK;
            }
            if (log_commit(log) != OK) {
                return 4;
            }
        }
        if (err != ERR_NO_SPACE || seq < before + 500) {
            return 5 + privileged;
        }
    }
    if (head_of(log) != seq) {
        return 7;
    }
    log_close(log);
    return 0;
}

START_TEST(a_full_disk_stops_users_first_and_spoils_nothing)
{
    struct world world;
    world_begin(&world);
    const pid_t child = fork();
    if (child == 0) {
        _exit(fill_the_disk(&world));
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    const uint64_t events = verified(&world);
    ck_assert_uint_gt(events, 1000);
    struct log *log = open_log(&world); /* there is room again */
    ck_assert_uint_eq(head_of(log), events);
    append_events(log, events + 1, events + 2000, 50, 1000);
    log_close(log);
    ck_assert_uint_eq(verified(&world), events + 2000);
    world_end(&world);
}

END_TEST

START_TEST(a_second_writer_is_told_so)
{
    struct world world;
    world_begin(&world);
    int go[2];
    ck_assert_int_eq(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
        char byte = 0;
        struct log *log = NULL;
        const bool busy = read(go[0], &byte, 1) == 1 && log_lmdb_open(&world.options, &log, NULL) == ERR_BUSY;
        struct log_options reading = world.options;
        reading.read_only = true;
        const bool reads = log_lmdb_open(&reading, &log, NULL) == OK && head_of(log) == 50;
        log_close(log);
        _exit(busy && reads ? 0 : 1);
    }
    struct log *log = open_log(&world);
    append_events(log, 1, 50, 10, 10);
    ck_assert_int_eq(write(go[1], "x", 1), 1);
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    append_events(log, 51, 100, 10, 10);
    log_close(log);
    world_end(&world);
}

END_TEST

struct reading {
    struct log *log;
    uint64_t seen;
    bool good;
};

/* Follows the log from another thread until 3000 events are there. */
static void *follow(void *argument)
{
    struct reading *reading = argument;
    reading->good = true;
    while (reading->good && reading->seen < 3000) {
        OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
        reading->good = log_cursor_open(reading->log, reading->seen, &cursor) == OK;
        struct log_event event;
        enum err err = OK;
        while (reading->good && (err = log_cursor_next(cursor, &event)) == OK) {
            reading->seen++;
            reading->good = event.seq == reading->seen;
        }
        uint8_t bytes[300];
        struct buf out = buf_of(bytes, sizeof bytes);
        uint8_t proof[LOG_PROOF_MAX][32];
        size_t count = 0;
        reading->good = reading->good && err == ERR_NOT_FOUND &&
                        (reading->seen == 0 || (log_read(reading->log, reading->seen, &out, &event) == OK &&
                                                log_inclusion(reading->log, 1, reading->seen, proof, &count) == OK));
    }
    return NULL;
}

START_TEST(another_thread_follows_while_one_writes)
{
    struct world world;
    world_begin(&world);
    struct log *log = open_log(&world);
    struct reading readings[2] = {{.log = log}, {.log = log}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, follow, &readings[i]), 0);
    }
    append_events(log, 1, 3000, 15, 300);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(readings[i].good);
        ck_assert_uint_eq(readings[i].seen, 3000);
    }
    log_close(log);
    world_end(&world);
}

END_TEST

START_TEST(a_copy_with_holes_and_without_its_lock_is_a_log)
{
    struct world world;
    world_begin(&world);
    struct log *log = open_log(&world);
    append_events(log, 1, 500, 10, 700);
    log_close(log);
    char command[700];
    snprintf(command, sizeof command, "cd %s && cp --sparse=always data.mdb holes && mv holes data.mdb && rm lock.mdb",
             world.path);
    ck_assert_int_eq(system(command), 0);
    log = open_log(&world);
    append_events(log, 501, 3000, 10, 700);
    log_close(log);
    ck_assert_uint_eq(verified(&world), 3000);
    world_end(&world);
}

END_TEST

START_TEST(a_small_map_is_raised_to_what_is_there)
{
    struct world world;
    world_begin(&world);
    struct log *log = open_log(&world);
    append_events(log, 1, 6000, 50, 1000);
    log_close(log);
    world.options.map_size = (size_t)3 << 20; /* less than the file */
    log = open_log(&world);
    struct log_status status;
    log_status(log, &status);
    ck_assert_uint_eq(status.head, 6000);
    uint8_t bytes[100];
    ck_assert_int_eq(log_begin(log), OK);
    struct log_event event = make_event(6001, 3, bytes, sizeof bytes);
    ck_assert_int_eq(log_append(log, &event, false), ERR_NO_SPACE);
    log_abort(log);
    log_close(log);
    world.options.map_size = MAP_SIZE;
    log = open_log(&world);
    append_events(log, 6001, 6100, 50, 1000);
    log_close(log);
    world_end(&world);
}

END_TEST

static const struct loss {
    const char *what;
    const char *command; /* of the shell; $0 is the log's folder */
} losses[] = {
    {"its file is deleted",                 "rm $0/data.mdb"                                },
    {"its folder is deleted",               "rm -r $0"                                      },
    {"its folder is moved away",            "mv $0 $0.away"                                 },
    {"a file takes the folder's place",     "mv $0 $0.away; touch $0"                       },
    {"its file is moved over by a copy",    "cp $0/data.mdb $0/copy; mv $0/copy $0/data.mdb"},
    {"its folder is made anew from a copy", "cp -a $0 $0.away; rm -r $0; cp -a $0.away $0"  },
};

static void shell(const struct world *world, const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "sh -c '%s' %s", command, world->path);
    ck_assert_int_eq(system(line), 0);
}

START_TEST(a_log_that_is_not_in_its_place_any_more_takes_nothing)
{
    struct world world;
    world_begin(&world);
    struct log *log = open_log(&world);
    append_events(log, 1, 10, 10, 20);
    ck_assert(log_is_in_place(log));
    shell(&world, losses[_i].command);
    ck_assert_msg(!log_is_in_place(log), "%s", losses[_i].what);
    uint8_t bytes[100];
    struct log_event event = make_event(11, 3, bytes, sizeof bytes);
    ck_assert_int_eq(log_begin(log), OK);
    ck_assert_int_eq(log_append(log, &event, false), OK);
    ck_assert_msg(log_commit(log) == ERR_IO, "%s", losses[_i].what);
    ck_assert_uint_eq(head_of(log), 10);
    ck_assert_int_eq(log_begin(log), ERR_IO);
    log_close(log);
    shell(&world, "rm -rf $0.away");
    world_end(&world);
}

END_TEST

START_TEST(a_log_that_was_moved_and_is_back_goes_on)
{
    struct world world;
    world_begin(&world);
    struct log *log = open_log(&world);
    append_events(log, 1, 10, 10, 20);
    shell(&world, "mv $0 $0.away; mv $0.away $0");
    ck_assert(log_is_in_place(log));
    append_events(log, 11, 20, 10, 20);
    log_close(log);
    ck_assert_uint_eq(verified(&world), 20);
    world_end(&world);
}

END_TEST

START_TEST(what_cannot_be_opened_says_why)
{
    struct world world;
    world_begin(&world);
    struct log *log = NULL;
    struct log_options options = world.options;
    options.path = "/nonexistent/folder";
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), ERR_NOT_FOUND);
    options = world.options;
    options.read_only = true;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), ERR_NOT_FOUND);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_ge(fputs("this is no database\n", file), 0);
    }
    fclose(file);
    struct log_fault fault = {.position = 99};
    ck_assert_int_eq(log_lmdb_open(&world.options, &log, NULL), ERR_ALTERED);
    ck_assert_int_eq(log_lmdb_open(&world.options, &log, &fault), ERR_ALTERED);
    ck_assert_ptr_null(log);
    ck_assert_uint_eq(fault.position, 0);
    ck_assert_msg(strstr(fault.sentence, "data.mdb does not begin as it was written") != NULL, "%s", fault.sentence);
    world_end(&world);
}

END_TEST

START_TEST(a_reader_without_a_key_reads_and_signs_nothing)
{
    struct world world;
    world_begin(&world);
    log_close(open_log(&world));
    struct log_options options = {.path = world.path, .read_only = true};
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    ck_assert_uint_eq(head_of(log), 0); /* an empty log is one */
    log_close(log);
    ck_assert_uint_eq(verified(&world), 0);
    log = open_log(&world);
    append_events(log, 1, 150, 10, 20);
    log_close(log);
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    uint8_t bytes[LOG_CHECKPOINT_MAX];
    struct buf note = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(log_checkpoint(log, &note), OK);
    uint64_t size = 0;
    uint8_t root[32];
    ck_assert_int_eq(checkpoint_open(buf_span(&note), ORIGIN, checkpoint_key_public(world.key), &size, root), OK);
    ck_assert_uint_eq(size, 150);
    log_close(log);
    world_end(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("log_lmdb");
    TCase *tcase = tcase_create("log_lmdb");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_was_acknowledged_survives_kill_9);
    tcase_add_test(tcase, a_full_disk_stops_users_first_and_spoils_nothing);
    tcase_add_test(tcase, a_second_writer_is_told_so);
    tcase_add_test(tcase, another_thread_follows_while_one_writes);
    tcase_add_test(tcase, a_copy_with_holes_and_without_its_lock_is_a_log);
    tcase_add_test(tcase, a_small_map_is_raised_to_what_is_there);
    tcase_add_loop_test(tcase, a_log_that_is_not_in_its_place_any_more_takes_nothing, 0,
                        sizeof losses / sizeof *losses);
    tcase_add_test(tcase, a_log_that_was_moved_and_is_back_goes_on);
    tcase_add_test(tcase, what_cannot_be_opened_says_why);
    tcase_add_test(tcase, a_reader_without_a_key_reads_and_signs_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
