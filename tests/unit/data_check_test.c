/* data_check_test.c: whatever lies in a small file of the data folder, the folder is taken or a sentence names the file
 * and says what to do. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/ledger/data.h"
#include "tests/suite.h"

struct place {
    char parent[64];
    struct data_folder data;
};

static void place_begin(struct place *place)
{
    char path[96];
    snprintf(place->parent, sizeof place->parent, "/tmp/openpost-check-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place->parent));
    snprintf(path, sizeof path, "%s/data", place->parent);
    ck_assert_int_eq(data_create(path, 1, &place->data), OK);
    snprintf(path, sizeof path, "%s/data/log/data.mdb", place->parent);
    ck_assert_int_eq(file_write(path, SPAN("a log"), 0640), OK);
}

static void place_end(struct place *place)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", place->parent);
    ck_assert_int_eq(system(command), 0);
}

static void path_of(const struct place *place, const char *name, char path[160])
{
    snprintf(path, 160, "%s/data/%s", place->parent, name);
}

#define BYTES_31 "0123456789012345678901234567890"

static const struct damage {
    const char *file;
    const char *bytes; /* NULL: there is no such file */
    const char *what;
    const char *remedy;
} damages[] = {
    {"log.seed",     NULL,                              "there is none",                       "put it back from the backup"   },
    {"log.seed",     "",                                "it is empty",                         "put it back from the backup"   },
    {"log.seed",     "short",                           "it has 5 bytes instead of 32",        "put it back from the backup"   },
    {"log.seed",     BYTES_31 "12",                     "has at least 33 bytes instead of 32", "put it back from the backup"   },
    {"wire.secret",  NULL,                              "there is none",                       "write 32 random bytes into it" },
    {"wire.secret",  BYTES_31,                          "it has 31 bytes instead of 32",       "write 32 random bytes into it" },
    {"master.key",   NULL,                              "there is none",                       "or set OPENPOST_MASTER_KEY"    },
    {"master.key",   "x",                               "it has 1 bytes instead of 32",        "account must then be connected"},
    {"installation", NULL,                              "there is none",                       "in the name that log.vkey"     },
    {"installation", "",                                "it is empty",                         "in the name that log.vkey"     },
    {"installation", "ws_01h455vb4pex5vsknk084sn02q\n", "not hold what it should",             "in the name that log.vkey"     },
    {"installation", "\xff\xfe",                        "not hold what it should",             "in the name that log.vkey"     },
    {"log/data.mdb", NULL,                              "there is none",                       "put log/ back from the backup" },
    {"log/data.mdb", "",                                "there is none",                       "put log/ back from the backup" },
    {"log.vkey",     "",                                "it is empty",                         "delete it"                     },
    {"log.vkey",     "openpost/sys_x+00000000+AA",      "not hold what it should",             "delete it"                     },
};

START_TEST(a_file_that_is_not_what_it_should_be_is_named_with_what_to_do)
{
    const struct damage *damage = &damages[_i];
    struct place place;
    char path[160];
    char sentence[DATA_SENTENCE_MAX] = "";
    place_begin(&place);
    path_of(&place, damage->file, path);
    ck_assert_int_eq(data_check(&place.data, true, sentence), OK);
    ck_assert_str_eq(sentence, "");
    if (damage->bytes == NULL) {
        ck_assert_int_eq(unlink(path), 0);
    } else {
        ck_assert_int_eq(file_write(path, span_text(damage->bytes), 0600), OK);
    }
    ck_assert_int_ne(data_check(&place.data, true, sentence), OK);
    ck_assert_msg(strncmp(sentence, path, strlen(path)) == 0 && strstr(sentence, damage->what) != NULL &&
                      strstr(sentence, damage->remedy) != NULL,
                  "%s", sentence);
    place_end(&place);
}

END_TEST

START_TEST(a_secret_that_everybody_may_read_is_none)
{
    static const char *const secrets[] = {"log.seed", "wire.secret", "master.key"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct place place;
        char path[160];
        char sentence[DATA_SENTENCE_MAX];
        place_begin(&place);
        path_of(&place, secrets[i], path);
        ck_assert_int_eq(chmod(path, 0604), 0);
        ck_assert_int_eq(data_check(&place.data, true, sentence), ERR_ACCESS);
        ck_assert_ptr_nonnull(strstr(sentence, "(mode 604); chmod 600 it"));
        ck_assert_int_eq(chmod(path, 0640), 0);
        ck_assert_int_eq(data_check(&place.data, true, sentence), OK);
        place_end(&place);
    }
}

END_TEST

START_TEST(the_environments_master_key_goes_before_the_file)
{
    struct place place;
    char path[160];
    char sentence[DATA_SENTENCE_MAX];
    place_begin(&place);
    path_of(&place, "master.key", path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(data_check(&place.data, false, sentence), OK);
    ck_assert_int_eq(setenv(DATA_MASTER_ENV, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 1), 0);
    ck_assert_int_eq(data_check(&place.data, true, sentence), OK);
    ck_assert_int_eq(setenv(DATA_MASTER_ENV, "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", 1), 0);
    ck_assert_int_eq(data_check(&place.data, true, sentence), ERR_MALFORMED);
    ck_assert_msg(strncmp(sentence, "OPENPOST_MASTER_KEY: it is not 64", 33) == 0, "%s", sentence);
    ck_assert_int_eq(unsetenv(DATA_MASTER_ENV), 0);
    place_end(&place);
}

END_TEST

START_TEST(a_folder_is_made_only_in_a_folder_and_where_nothing_is)
{
    struct place place;
    struct data_folder data;
    char path[160];
    place_begin(&place);
    path_of(&place, "", path);
    ck_assert_int_eq(data_create(path, 1, &data), ERR_EXISTS);
    path_of(&place, "log.seed", path);
    ck_assert_int_eq(data_create(path, 1, &data), ERR_EXISTS);
    path_of(&place, "log.seed/data", path);
    ck_assert_int_eq(data_create(path, 1, &data), ERR_NOT_FOUND);
    path_of(&place, "none/data", path);
    ck_assert_int_eq(data_create(path, 1, &data), ERR_NOT_FOUND);
    place_end(&place);
}

END_TEST

/* What may be anything: where the folder was is then not known, the rest is made again. */
START_TEST(an_identity_that_says_nothing_is_that_of_a_copy)
{
    static const char *const texts[] = {"", "\xff", "machine=", "garbage"};
    char long_text[3000];
    struct place place;
    char path[160];
    char sentence[256];
    bool moved = false;
    place_begin(&place);
    path_of(&place, "log/data.mdb", path);
    ck_assert_int_eq(file_write(path, SPAN("x"), 0640), OK);
    path_of(&place, "identity", path);
    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 0; i <= sizeof texts / sizeof *texts; i++) {
        const bool last = i == sizeof texts / sizeof *texts;
        ck_assert_int_eq(data_settle(&place.data), OK);
        ck_assert_int_eq(data_moved(&place.data, &moved, sentence), OK);
        ck_assert(!moved);
        ck_assert_int_eq(file_write(path, last ? span_of(long_text, sizeof long_text) : span_text(texts[i]), 0640), OK);
        ck_assert_int_eq(data_moved(&place.data, &moved, sentence), OK);
        ck_assert(moved);
    }
    place_end(&place);
}

END_TEST

START_TEST(who_holds_the_lock_is_known)
{
    struct place place;
    int fd = -1;
    int second = -1;
    place_begin(&place);
    ck_assert_uint_eq(data_lock_holder(&place.data), 0);
    ck_assert_int_eq(data_lock(&place.data, &fd), OK);
    ck_assert_int_eq(data_lock(&place.data, &second), ERR_BUSY);
    ck_assert_uint_eq(data_lock_holder(&place.data), (uint64_t)getpid());
    (void)close(fd);
    place_end(&place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("data_check");
    TCase *checks = tcase_create("checks");
    tcase_add_loop_test(checks, a_file_that_is_not_what_it_should_be_is_named_with_what_to_do, 0,
                        (int)(sizeof damages / sizeof *damages));
    tcase_add_test(checks, a_secret_that_everybody_may_read_is_none);
    tcase_add_test(checks, the_environments_master_key_goes_before_the_file);
    tcase_add_test(checks, an_identity_that_says_nothing_is_that_of_a_copy);
    tcase_add_test(checks, who_holds_the_lock_is_known);
    tcase_add_test(checks, a_folder_is_made_only_in_a_folder_and_where_nothing_is);
    suite_add_tcase(suite, checks);
    return run_suite(suite);
}
