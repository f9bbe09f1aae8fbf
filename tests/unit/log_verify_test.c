/* log_verify_test.c: a log that was changed behind our back is found out, and where: single bits of every kind of row,
 * rows added and taken away; and whole files spoilt at random never pass with other events. */
#include <sys/wait.h>

#include "core/base/sha256.h"
#include "tests/contract/log_surgery.h"
#include "tests/suite.h"

START_TEST(an_untouched_copy_is_verified_and_opens)
{
    struct world world;
    world_begin(&world);
    struct log_fault fault;
    ck_assert_int_eq(verify(&world, &fault), OK);
    ck_assert_int_eq(open_copy(&world, &fault), OK);
    ck_assert_int_eq(verify(&world, &fault), OK);
    world_end(&world);
}

END_TEST

/* The first event whose payload is kept beside under hash. */
static uint64_t first_with_body(const struct world *world, const uint8_t hash[32])
{
    const struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    struct log_cursor *cursor = NULL;
    ck_assert_int_eq(log_cursor_open(log, 0, &cursor), OK);
    struct log_event event;
    do {
        ck_assert_int_eq(log_cursor_next(cursor, &event), OK);
    } while (memcmp(event.payload_hash, hash, 32) != 0);
    log_cursor_close(cursor);
    log_close(log);
    return event.seq;
}

/* Which position a flip in this row must be found at; 0: any. */
static uint64_t expected_position(const struct world *world, unsigned table, const struct row *row)
{
    switch (table) {
    case 1: /* records */
    case 5: /* checkpoints */
        return get_be64(row->key);
    case 2: /* bodies */
        return first_with_body(world, row->key);
    case 3: /* tree */
        return (get_be64(row->key + 1) << row->key[0]) + 1;
    case 4: /* heads */
        return EVENTS;
    default:
        return 0;
    }
}

START_TEST(one_bit_flipped_in_a_stored_value_is_found_where_it_is)
{
    struct world world;
    world_begin(&world);
    struct prng prng;
    prng_seed(&prng, 1000 + (uint64_t)_i);
    for (unsigned round = 0; round < 25; round++) {
        copy_log(&world);
        const unsigned table = round < TABLES ? round : prng_chance(&prng, 3) ? (unsigned)prng_below(&prng, TABLES) : 1;
        struct surgery surgery;
        struct row row;
        surgery_begin(&surgery, &world, surgery_tables[table]);
        surgery_nth(&surgery, prng_below(&prng, surgery_count(&surgery)), &row);
        const uint64_t bit = prng_below(&prng, 8 * row.value_len);
        flip(row.value, bit);
        surgery_put(&surgery, &row);
        surgery_end(&surgery);
        struct log_fault fault = {.position = 99999};
        const enum err err = verify(&world, &fault);
        if (table == 0 && bit < 8) {
            ck_assert_int_eq(err, ERR_VERSION);
            continue;
        }
        ck_assert_int_eq(err, ERR_ALTERED);
        const uint64_t position = expected_position(&world, table, &row);
        ck_assert_msg(position == 0 || fault.position == position, "table %s: %lu, not %lu: %s", surgery_tables[table],
                      (unsigned long)fault.position, (unsigned long)position, fault.sentence);
        ck_assert_uint_gt(strlen(fault.sentence), 10);
    }
    world_end(&world);
}

END_TEST

/* Behind the last checkpoint nobody looks when a log is opened. */
START_TEST(an_altered_event_that_is_read_stands_in_the_logs_status)
{
    struct world world;
    struct surgery surgery;
    struct row row;
    struct log *log = NULL;
    struct log_status status;
    struct log_event event;
    static uint8_t bytes[16000];
    struct buf payload = buf_of(bytes, sizeof bytes);
    world_begin(&world);
    surgery_begin(&surgery, &world, "records");
    surgery_nth(&surgery, 41, &row); /* from 0 */
    flip(row.value, 8 * row.value_len - 1);
    surgery_put(&surgery, &row);
    surgery_end(&surgery);
    const struct log_options options = options_of(&world, world.copy);
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    ck_assert_int_eq(log_read(log, 41, &payload, &event), OK);
    log_status(log, &status);
    ck_assert_uint_eq(status.altered_at, 0);
    payload.len = 0;
    struct log_cursor *cursor = NULL;
    ck_assert_int_eq(log_cursor_open(log, 40, &cursor), OK);
    ck_assert_int_eq(log_cursor_next(cursor, &event), OK);
    ck_assert_int_eq(_i == 0 ? log_read(log, 42, &payload, &event) : log_cursor_next(cursor, &event), ERR_ALTERED);
    log_cursor_close(cursor);
    log_status(log, &status);
    ck_assert_uint_eq(status.altered_at, 42);
    append_mixed(log, EVENTS + 1, EVENTS + 2, 0);
    log_status(log, &status);
    ck_assert_uint_eq(status.altered_at, 42); /* for as long as it is open */
    ck_assert_uint_eq(status.head, EVENTS + 2);
    log_close(log);
    world_end(&world);
}

END_TEST

START_TEST(one_bit_flipped_in_a_key_is_found)
{
    struct world world;
    world_begin(&world);
    struct prng prng;
    prng_seed(&prng, 2000);
    for (unsigned round = 0; round < 30; round++) {
        copy_log(&world);
        const unsigned table = round % TABLES;
        struct surgery surgery;
        struct row row;
        surgery_begin(&surgery, &world, surgery_tables[table]);
        surgery_nth(&surgery, prng_below(&prng, surgery_count(&surgery)), &row);
        surgery_delete(&surgery, &row);
        flip(row.key, prng_below(&prng, 8 * row.key_len));
        surgery_put(&surgery, &row);
        surgery_end(&surgery);
        struct log_fault fault;
        ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    }
    world_end(&world);
}

END_TEST

START_TEST(a_row_taken_away_is_found)
{
    struct world world;
    world_begin(&world);
    struct prng prng;
    prng_seed(&prng, 3000);
    for (unsigned round = 0; round < 3 * TABLES; round++) {
        copy_log(&world);
        struct surgery surgery;
        struct row row;
        surgery_begin(&surgery, &world, surgery_tables[round % TABLES]);
        surgery_nth(&surgery, prng_below(&prng, surgery_count(&surgery)), &row);
        surgery_delete(&surgery, &row);
        surgery_end(&surgery);
        struct log_fault fault = {.position = 99999};
        ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
        if (round % TABLES == 1 || round % TABLES == 2) {
            ck_assert_uint_eq(fault.position, expected_position(&world, round % TABLES, &row));
        }
    }
    world_end(&world);
}

END_TEST

static const struct {
    unsigned table;
    const char *key;
    size_t key_len;
} extras[] = {
    {0, "other",                            5 },
    {1, "\0\0\0\0\0\0\0\0",                 8 },
    {1, "\0\0\0\0\0\0\4\xB1",               8 }, /* EVENTS + 1 */
    {1, "\0\0\0\0\0\0\1\1x",                9 },
    {1, "\0",                               1 },
    {2, "01234567890123456789012345678901", 32},
    {2, "short",                            5 },
    {3, "\x08\0\0\0\0\0\0\0\4",             9 },
    {3, "\x10\0\0\0\0\0\0\0\0",             9 },
    {4, "0123456789012345",                 16},
    {4, "short",                            5 },
    {5, "\0\0\0\0\0\0\0\1",                 8 },
    {5, "\0\0\0\0\0\0\4\xB1",               8 },
    {5, "\0\0\0\0\0\0\0\0",                 8 },
    {5, "\0",                               1 },
};

START_TEST(a_row_added_is_found)
{
    struct world world;
    world_begin(&world);
    struct surgery surgery;
    struct row row;
    surgery_begin(&surgery, &world, surgery_tables[extras[_i].table]);
    surgery_nth(&surgery, 0, &row); /* a value as they are */
    memcpy(row.key, extras[_i].key, extras[_i].key_len);
    row.key_len = extras[_i].key_len;
    surgery_put(&surgery, &row);
    surgery_end(&surgery);
    struct log_fault fault;
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

START_TEST(a_table_added_is_found)
{
    struct world world;
    world_begin(&world);
    struct surgery surgery;
    surgery_begin(&surgery, &world, "other");
    surgery_end(&surgery);
    struct log_fault fault;
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

/* A hash over everything that readers see. */
static enum err digest_of(const char *path, uint8_t ret_digest[32])
{
    const struct log_options options = {.path = path, .read_only = true};
    OWNED(log_close) struct log *log = NULL;
    TRY(log_lmdb_open(&options, &log, NULL));
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    TRY(log_cursor_open(log, 0, &cursor));
    uint8_t digest[32] = {0};
    struct log_event event;
    enum err err = OK;
    while ((err = log_cursor_next(cursor, &event)) == OK) {
        uint8_t bytes[LOG_ENVELOPE_MAX + 32];
        struct buf out = buf_of(bytes, sizeof bytes);
        log_envelope(&event, &out);
        buf_put(&out, span_of(digest, 32));
        sha256_tagged(7, buf_span(&out), event.payload, digest);
    }
    memcpy(ret_digest, digest, 32);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum outcome { SAME = 40, REFUSED, DIFFERS };

/* In a child: a damaged file may crash LMDB, or send it in circles. */
static void verify_in_child(const struct world *world, const uint8_t expected[32])
{
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    alarm(10);
    struct log_verified found;
    uint8_t digest[32] = {0};
    if (log_verify(world->copy, checkpoint_key_public(world->key), ORIGIN, NULL, NULL, &found, NULL) != OK) {
        _exit(REFUSED);
    }
    const bool same = digest_of(world->copy, digest) == OK && memcmp(digest, expected, 32) == 0;
    _exit(same && found.events == EVENTS ? SAME : DIFFERS);
}

START_TEST(a_file_spoilt_anywhere_never_passes_with_other_events)
{
    struct world world;
    world_begin(&world);
    uint8_t expected[32];
    ck_assert_int_eq(digest_of(world.original, expected), OK);
    struct prng prng;
    prng_seed(&prng, 5000 + (uint64_t)_i);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.copy);
    unsigned refused = 0;
    for (unsigned round = 0; round < 25; round++) {
        copy_log(&world);
        const int file = open(path, O_RDWR);
        for (uint64_t flips = 1 + prng_below(&prng, 4); flips > 0; flips--) {
            const off_t at = (off_t)prng_below(&prng, (uint64_t)1 << 20); /* the data is about 1.4 MB long */
            uint8_t byte = 0;
            ck_assert_int_eq(pread(file, &byte, 1, at), 1);
            flip(&byte, prng_below(&prng, 8));
            ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
        }
        close(file);
        const pid_t child = fork();
        if (child == 0) {
            verify_in_child(&world, expected);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != DIFFERS);
        refused += WIFEXITED(status) && WEXITSTATUS(status) == REFUSED;
    }
    ck_assert_uint_gt(refused, 3);
    world_end(&world);
}

END_TEST

START_TEST(what_is_not_there_cannot_be_verified)
{
    struct world world;
    world_begin(&world);
    struct log_verified found = {.events = 7};
    struct log_fault fault = {0};
    ck_assert_int_eq(log_verify("/nonexistent", checkpoint_key_public(world.key), ORIGIN, NULL, NULL, &found, &fault),
                     ERR_NOT_FOUND);
    ck_assert_uint_eq(found.events, 7);
    ck_assert_uint_eq(fault.position, 0);
    char path[300];
    snprintf(path, sizeof path, "rm %s/*", world.copy);
    ck_assert_int_eq(system(path), 0);
    ck_assert_int_eq(verify(&world, &fault), ERR_NOT_FOUND);
    world_end(&world);
}

END_TEST

/* What a ledger wrote that had lost rows: as good as what it wrote before. */
START_TEST(an_event_that_repeats_or_skips_a_version_is_named_and_nothing_was_altered)
{
    struct world world;
    uint8_t bytes[20];
    world_begin(&world);
    const struct log_options options = options_of(&world, world.original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    struct log_event event = make_event(EVENTS, 40, bytes, sizeof bytes); /* the third of its stream */
    event.version = _i == 0 ? 1 : _i == 1 ? 3 : 5;
    ck_assert_int_eq(log_begin(log), OK);
    ck_assert_int_eq(log_append(log, &event, false), OK);
    event.version++; /* follows from that one */
    ck_assert_int_eq(log_append(log, &event, false), OK);
    event.version = UINT64_MAX;
    ck_assert_int_eq(log_append(log, &event, false), OK);
    ck_assert_int_eq(log_commit(log), OK);
    log_close(log);
    struct log_verified found;
    struct log_fault fault = {0};
    ck_assert_int_eq(log_verify(world.original, checkpoint_key_public(world.key), ORIGIN, NULL, NULL, &found, &fault),
                     OK);
    ck_assert_uint_eq(found.events, EVENTS + 3);
    ck_assert_uint_eq(found.out_of_order, 2);
    ck_assert_uint_eq(found.order.position, EVENTS + 1);
    char text[ID_TEXT_MAX + 1];
    char sentence[256];
    struct buf name = buf_of(text, sizeof text);
    id_write(&name, &event.stream);
    snprintf(sentence, sizeof sentence, "event %d is version %d of %s, where 4 is next", EVENTS + 1,
             _i == 0   ? 1
             : _i == 1 ? 3
                       : 5,
             buf_terminated(&name));
    ck_assert_str_eq(found.order.sentence, sentence);
    world_end(&world);
}

END_TEST

static void count_progress(void *context, uint64_t done, uint64_t total)
{
    uint64_t *last = context;
    ck_assert_uint_gt(done, *last);
    ck_assert_uint_le(done, total);
    *last = done;
}

START_TEST(a_growing_log_is_verified_by_a_reader_beside_its_writer)
{
    struct world world;
    world_begin(&world);
    int go[2];
    ck_assert_int_eq(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
        char byte = 0;
        bool good = read(go[0], &byte, 1) == 1;
        for (int i = 0; i < 5 && good; i++) {
            struct log_verified found;
            uint64_t last = 0;
            good = log_verify(world.original, checkpoint_key_public(world.key), ORIGIN, count_progress, &last, &found,
                              NULL) == OK &&
                   found.events >= EVENTS + 1 && last == found.events && found.out_of_order == 0;
        }
        _exit(good ? 0 : 1);
    }
    const struct log_options options = options_of(&world, world.original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    uint64_t seq = EVENTS;
    int status = 0;
    do {
        append_mixed(log, seq + 1, seq + 10, 0);
        ck_assert_int_eq(seq == EVENTS ? write(go[1], "x", 1) : 1, 1);
        seq += 10;
    } while (waitpid(child, &status, WNOHANG) == 0 && seq < 100000);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    log_close(log);
    world_end(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("log_verify");
    TCase *tcase = tcase_create("log_verify");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, an_untouched_copy_is_verified_and_opens);
    tcase_add_loop_test(tcase, one_bit_flipped_in_a_stored_value_is_found_where_it_is, 0, 4);
    tcase_add_test(tcase, one_bit_flipped_in_a_key_is_found);
    tcase_add_test(tcase, a_row_taken_away_is_found);
    tcase_add_loop_test(tcase, a_row_added_is_found, 0, sizeof extras / sizeof *extras);
    tcase_add_test(tcase, a_table_added_is_found);
    tcase_add_loop_test(tcase, a_file_spoilt_anywhere_never_passes_with_other_events, 0, 2);
    tcase_add_test(tcase, what_is_not_there_cannot_be_verified);
    tcase_add_test(tcase, a_growing_log_is_verified_by_a_reader_beside_its_writer);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, an_altered_event_that_is_read_stands_in_the_logs_status, 0, 2);
    tcase_add_loop_test(tcase, an_event_that_repeats_or_skips_a_version_is_named_and_nothing_was_altered, 0, 3);
    return run_suite(suite);
}
