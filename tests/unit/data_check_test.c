/* data_check_test.c: whatever lies in a small file of the data folder, the folder is taken or a sentence names the file
 * and says what to do. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/ledger/data.h"
#include "tests/folder.h"
#include "tests/suite.h"

#define PATH_LEN (FOLDER_MAX + 40)

struct place {
    char parent[FOLDER_MAX];
    struct data_folder data;
};

static void place_begin(struct place *place)
{
    char path[PATH_LEN];
    make_folder(place->parent);
    snprintf(path, sizeof path, "%s/data", place->parent);
    ck_assert_int_eq(data_create(path, 1, &place->data), OK);
    snprintf(path, sizeof path, "%s/data/log/data.mdb", place->parent);
    ck_assert_int_eq(file_write(path, SPAN("a log"), 0640), OK);
}

static void place_end(struct place *place)
{
    remove_folder(place->parent);
}

static void path_of(const struct place *place, const char *name, char path[PATH_LEN])
{
    snprintf(path, PATH_LEN, "%s/data/%s", place->parent, name);
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
    char path[PATH_LEN];
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

static const struct {
    const char *file;
    const char *remedy;
} odd[] = {
    {"installation",       "put it back from the backup"                     },
    {"lock",               "delete it while nothing runs"                    },
    {"log/data.mdb",       "put log/ back from the backup"                   },
    {"log/lock.mdb",       "delete it while nothing runs"                    },
    {"log/checkpoint",     "put log/ back from the backup"                   },
    {"vault/data.mdb",     "put vault/ back from the backup"                 },
    {"vault/lock.mdb",     "delete it while nothing runs"                    },
    {"vault/subject.keys", "put vault/ back from the backup"                 },
    {"vault/account.keys", "put vault/ back from the backup"                 },
    {"views/data.mdb",     "delete the folder views while nothing runs on it"},
    {"views/lock.mdb",     "delete it while nothing runs"                    },
    {"views/mark",         "delete the folder views while nothing runs on it"},
};

static void assert_no_file(const struct place *place, const char *path, const char *remedy)
{
    char expected[400];
    char sentence[DATA_SENTENCE_MAX] = "";
    ck_assert_int_eq(data_check(&place->data, true, sentence), ERR_MALFORMED);
    snprintf(expected, sizeof expected, "%s: it is not a file; %s", path, remedy);
    ck_assert_msg(strncmp(sentence, expected, strlen(expected)) == 0, "%s", sentence);
}

START_TEST(a_folder_or_a_pipe_in_a_files_place_is_named_with_what_to_do)
{
    struct place place;
    char path[PATH_LEN];
    place_begin(&place);
    path_of(&place, odd[_i].file, path);
    (void)unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    assert_no_file(&place, path, odd[_i].remedy);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    assert_no_file(&place, path, odd[_i].remedy);
    place_end(&place);
}

END_TEST

START_TEST(a_file_in_a_folders_place_is_named)
{
    struct place place;
    char path[PATH_LEN];
    char sentence[DATA_SENTENCE_MAX] = "";
    place_begin(&place);
    path_of(&place, "vault", path);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(file_write(path, SPAN("x"), 0600), OK);
    ck_assert_int_eq(data_check(&place.data, true, sentence), ERR_MALFORMED);
    ck_assert_msg(strstr(sentence, "/vault: it is not a folder; put it back from the backup") != NULL, "%s", sentence);
    place_end(&place);
}

END_TEST

START_TEST(a_secret_that_everybody_may_read_is_none)
{
    static const char *const secrets[] = {"log.seed", "wire.secret", "master.key", "vault/subject.keys",
                                          "vault/account.keys"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct place place;
        char path[PATH_LEN];
        char sentence[DATA_SENTENCE_MAX];
        place_begin(&place);
        path_of(&place, secrets[i], path);
        ck_assert_int_eq(access(path, F_OK) == 0 ? OK : file_write(path, SPAN(""), 0600), OK);
        ck_assert_int_eq(chmod(path, 0604), 0);
        ck_assert_int_eq(data_check(&place.data, true, sentence), ERR_ACCESS);
        ck_assert_ptr_nonnull(strstr(sentence, "(mode 604); chmod 600 it"));
        ck_assert_int_eq(chmod(path, 0640), 0);
        ck_assert_int_eq(data_check(&place.data, true, sentence), OK);
        place_end(&place);
    }
}

END_TEST

static const struct denial {
    const char *file;
    unsigned mode; /* that is not enough */
} denials[] = {
    {"",                   0500},
    {"installation",       0200},
    {"lock",               0400},
    {"log",                0600},
    {"log/data.mdb",       0400},
    {"log/lock.mdb",       0400},
    {"log/checkpoint",     0200},
    {"vault",              0500},
    {"vault/data.mdb",     0400},
    {"vault/lock.mdb",     0200},
    {"vault/subject.keys", 0400},
    {"vault/account.keys", 0400},
    {"views",              0500},
    {"views/data.mdb",     0400},
    {"views/lock.mdb",     0400},
};

#define SOMEBODY 65534 /* whom the folder is given to, where root runs this test: nothing is denied to root */

static void open_place(const struct place *place, bool as_root)
{
    static const char *const made[] = {"lock",           "log/lock.mdb",       "log/checkpoint",     "vault/data.mdb",
                                       "vault/lock.mdb", "vault/subject.keys", "vault/account.keys", "views/data.mdb",
                                       "views/lock.mdb"};
    char path[PATH_LEN];
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        path_of(place, made[i], path);
        ck_assert_int_eq(file_write(path, SPAN("any"), 0660), OK);
    }
    if (as_root) {
        char command[FOLDER_MAX + 64];
        snprintf(command, sizeof command, "chown -R %u:%u %s", SOMEBODY, SOMEBODY, place->parent);
        ck_assert_int_eq(system(command), 0);
        ck_assert_int_eq(seteuid(SOMEBODY), 0);
    }
}

START_TEST(what_may_not_be_opened_is_named_with_whose_it_is_and_what_to_do)
{
    const struct denial *denial = &denials[_i];
    const bool as_root = geteuid() == 0;
    struct place place;
    struct stat about;
    char path[PATH_LEN];
    char expected[400];
    char sentence[DATA_SENTENCE_MAX] = "";
    place_begin(&place);
    open_place(&place, as_root);
    ck_assert_msg(!data_denied(place.data.path, true, sentence), "%s", sentence);
    snprintf(path, sizeof path, "%s/data%s%s", place.parent, denial->file[0] == 0 ? "" : "/", denial->file);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(chmod(path, denial->mode), 0);
    ck_assert(data_denied(place.data.path, true, sentence));
    snprintf(expected, sizeof expected,
             "%s: permission denied: it belongs to the user with the id %u (mode %03o), openpost runs as %u; chmod "
             "u+rwX it",
             path, (unsigned)geteuid(), denial->mode, (unsigned)geteuid());
    ck_assert_str_eq(sentence, expected);
    ck_assert_int_eq(chmod(path, about.st_mode & 0777), 0);
    ck_assert(!data_denied(place.data.path, true, sentence));
    ck_assert_int_eq(as_root ? seteuid(0) : 0, 0);
    place_end(&place);
}

END_TEST

static const struct {
    const char *file;
    const char *roots; /* what it is a link to */
} foreign[] = {
    {"log/data.mdb",   "/etc/shadow"},
    {"views/lock.mdb", "/dev/null"  }, /* everybody may write to it, but not set its mode */
};

START_TEST(what_is_another_users_is_to_be_given_to_the_service)
{
    const bool as_root = geteuid() == 0;
    struct place place;
    char path[PATH_LEN];
    char sentence[DATA_SENTENCE_MAX] = "";
    place_begin(&place);
    open_place(&place, as_root);
    path_of(&place, foreign[_i].file, path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink(foreign[_i].roots, path), 0);
    ck_assert(data_denied(place.data.path, true, sentence));
    ck_assert_int_eq(strncmp(sentence, path, strlen(path)), 0);
    ck_assert_ptr_nonnull(strstr(sentence, ": permission denied: it belongs to the user with the id 0 (mode 6"));
    ck_assert_ptr_nonnull(strstr(sentence, "; run this as its owner, or give it to the user that openpost runs as"));
    ck_assert_int_eq(as_root ? seteuid(0) : 0, 0);
    ck_assert(!as_root || !data_denied(place.data.path, true, sentence)); /* it may do everything */
    place_end(&place);
}

END_TEST

static const struct denial read_denials[] = {
    {"",               0600},
    {"installation",   0200},
    {"log",            0600},
    {"log/data.mdb",   0200},
    {"log/lock.mdb",   0400},
    {"log/checkpoint", 0200},
};

/* Who only reads the log asks for less. */
START_TEST(what_a_reader_of_the_log_may_not_open_is_named)
{
    static const char *const unopened[] = {"lock", "vault", "views"};
    const struct denial *denial = &read_denials[_i];
    const bool as_root = geteuid() == 0;
    struct place place;
    struct stat about;
    char path[PATH_LEN];
    char sentence[DATA_SENTENCE_MAX] = "";
    place_begin(&place);
    open_place(&place, as_root);
    for (size_t i = 0; i < sizeof unopened / sizeof *unopened; i++) {
        path_of(&place, unopened[i], path);
        ck_assert_int_eq(chmod(path, 0), 0);
    }
    ck_assert_msg(!data_denied(place.data.path, false, sentence), "%s", sentence);
    snprintf(path, sizeof path, "%s/data%s%s", place.parent, denial->file[0] == 0 ? "" : "/", denial->file);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(chmod(path, denial->mode), 0);
    ck_assert(data_denied(place.data.path, false, sentence));
    ck_assert_msg(strncmp(sentence, path, strlen(path)) == 0 && sentence[strlen(path)] == ':', "%s", sentence);
    ck_assert_int_eq(chmod(path, about.st_mode & 0777), 0);
    for (size_t i = 0; i < sizeof unopened / sizeof *unopened; i++) {
        path_of(&place, unopened[i], path);
        ck_assert_int_eq(chmod(path, 0700), 0);
    }
    ck_assert_int_eq(as_root ? seteuid(0) : 0, 0);
    place_end(&place);
}

END_TEST

START_TEST(the_environments_master_key_goes_before_the_file)
{
    struct place place;
    char path[PATH_LEN];
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
    char path[PATH_LEN];
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
    char path[PATH_LEN];
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
    tcase_add_loop_test(checks, a_folder_or_a_pipe_in_a_files_place_is_named_with_what_to_do, 0,
                        sizeof odd / sizeof *odd);
    tcase_add_test(checks, a_file_in_a_folders_place_is_named);
    tcase_add_loop_test(checks, a_file_that_is_not_what_it_should_be_is_named_with_what_to_do, 0,
                        (int)(sizeof damages / sizeof *damages));
    tcase_add_test(checks, a_secret_that_everybody_may_read_is_none);
    tcase_add_loop_test(checks, what_may_not_be_opened_is_named_with_whose_it_is_and_what_to_do, 0,
                        sizeof denials / sizeof *denials);
    tcase_add_loop_test(checks, what_a_reader_of_the_log_may_not_open_is_named, 0,
                        sizeof read_denials / sizeof *read_denials);
    tcase_add_loop_test(checks, what_is_another_users_is_to_be_given_to_the_service, 0,
                        sizeof foreign / sizeof *foreign);
    tcase_add_test(checks, the_environments_master_key_goes_before_the_file);
    tcase_add_test(checks, an_identity_that_says_nothing_is_that_of_a_copy);
    tcase_add_test(checks, who_holds_the_lock_is_known);
    tcase_add_test(checks, a_folder_is_made_only_in_a_folder_and_where_nothing_is);
    suite_add_tcase(suite, checks);
    return run_suite(suite);
}
