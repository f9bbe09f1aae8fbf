/* user.c: openpost user: people who sign in: made known, given a new password, erased, beside a running service or
 * without one. So a first person can sign in, and one who has lost a password can again. A password is read from stdin:
 * it is in no argument, for those are everybody's to see, and it is forgotten as soon as it is hashed. */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/choice.h"
#include "core/wire/person_record.h"
#include "gateway/sign_in/password.h"
#include "gateway/sign_in/scrypt.h"
#include "projections/access.h"
#include "tools/operator.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost user create --data DIR --email ADDRESS --name NAME [--workspace WS --role ROLE]\n"
    "       openpost user password USER_ID --data DIR\n"
    "       openpost user erase USER_ID --data DIR\n"
    " e.g.: openpost user create --data /var/lib/openpost --email ada@example.com --name Ada <password.txt\n\n"
    "People who sign in with an address and a password; a service may run on the folder. create prints the person's "
    "id.\n"
    "create and password read the password from stdin: a line of 12 to 256 bytes. All of a person's sessions end\n"
    "when it is set. With --workspace the person is a member of it: WS is its slug or its id, ws_…; roles: owner, "
    "admin,\n"
    "editor, viewer. erase destroys whatever names a person who is a member of no workspace any more, for ever.\n"
    "Exit codes: 0 done; 1 refused; 2 the folder cannot be read; 64 wrong usage; 69 the running service does not\n"
    "answer; 71 the system refused something needed.";

#define LINE_MAX_BYTES (PASSWORD_MAX + 2) /* a line break and a NUL */
#define WORKSPACES_AT_A_TIME 100

struct errand {
    struct data_folder data;
    const char *path;
    const char *email;
    const char *name;
    const char *workspace;
    const char *role_word;
    struct id user_id;
    struct id workspace_id;
    char password[LINE_MAX_BYTES];
    struct operator_hand hand;
    struct arena arena;
};

static int refused(const char *what)
{
    (void)fprintf(stderr, "openpost user: %s\n", what);
    return EXIT_ALTERED;
}

static struct id mint(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

static void print_id(const char *label, const struct id *id)
{
    char text[ID_TEXT_MAX + 1];
    struct buf buf = buf_of(text, sizeof text);
    id_write(&buf, id);
    (void)printf("%s: %s\n", label, buf_terminated(&buf));
}

/* From a terminal it is asked for, and not shown. False: there is none, or none that is strong. */
static bool read_password(char password[LINE_MAX_BYTES])
{
    struct termios as_it_was;
    const bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &as_it_was) == 0;
    if (terminal) {
        struct termios silent = as_it_was;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("password: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    const bool read = fgets(password, LINE_MAX_BYTES, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &as_it_was);
        (void)fputs("\n", stderr);
    }
    if (read) {
        password[strcspn(password, "\n")] = 0;
    }
    return read && password_is_strong(span_text(password));
}

/* --- what is done: each returns an exit code --- */

/* Has a command decided; complains unless it was accepted. */
static int decide(struct errand *errand, struct command *command)
{
    struct answer answer;
    const enum err err = operator_command(&errand->hand, command, &answer);
    if (err != OK) {
        return operator_failed("user", &errand->hand, err);
    }
    return answer.refusal == ACCEPTED ? EXIT_GOOD : refused(refusal_desc((enum refusal)answer.refusal)->title);
}

static int keep(struct errand *errand, const struct person_record *record, const struct id *secret_id)
{
    uint8_t bytes[PERSON_ADDRESS_MAX + PERSON_NAME_MAX + 256];
    struct buf plain = buf_of(bytes, sizeof bytes);
    enum err err = person_record_put(&plain, record);
    err = err == OK ? operator_keep(&errand->hand, secret_id, &errand->user_id, buf_span(&plain)) : err;
    explicit_bzero(bytes, sizeof bytes);
    if (err == ERR_EXISTS) {
        return refused("somebody else has this address");
    }
    return err == OK ? EXIT_GOOD : operator_failed("user", &errand->hand, err);
}

static int set_password(struct errand *errand)
{
    struct command command = {.code = COMMAND_set_password, .stream = errand->user_id};
    struct person_record record = {
        .kind = PERSON_PASSWORD, .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}
    };
    const struct scrypt_cost cost = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P};
    const struct id secret_id = mint(ID_SECRET);
    random_fill(record.password.salt, sizeof record.password.salt);
    const enum err err = scrypt(span_text(errand->password), span_of(record.password.salt, PERSON_SALT_LEN), &cost,
                                record.password.proof, sizeof record.password.proof);
    if (err != OK) {
        return operator_failed("user", &errand->hand, err);
    }
    const int code = keep(errand, &record, &secret_id);
    explicit_bzero(&record, sizeof record);
    command.set_password.user_id = errand->user_id;
    command.set_password.vault_id = secret_id;
    return code == EXIT_GOOD ? decide(errand, &command) : code;
}

static int add_member(struct errand *errand)
{
    const struct id member_id = mint(ID_MEMBER);
    struct command command = {.code = COMMAND_add_member, .workspace_id = errand->workspace_id, .stream = member_id};
    command.add_member.member_id = member_id;
    command.add_member.workspace_id = errand->workspace_id;
    command.add_member.user_id = errand->user_id;
    command.add_member.role = choice_value(&role_words, span_text(errand->role_word));
    const int code = decide(errand, &command);
    if (code == EXIT_GOOD) {
        print_id("member", &member_id);
    }
    return code;
}

/* The workspace that --workspace names, by its slug or id; ERR_NOT_FOUND. */
static enum err find_workspace(struct errand *errand)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    const struct span named = span_text(errand->workspace);
    struct id id = {0};
    struct id last = {0};
    uint32_t count = WORKSPACES_AT_A_TIME;
    const bool is_id = id_parse(named, ID_WORKSPACE, &id) == OK;
    TRY(store_begin(errand->hand.views, false, &txn));
    while (count == WORKSPACES_AT_A_TIME) {
        struct workspace_row *rows = NULL;
        arena_reset(&errand->arena);
        TRY(access_workspaces(txn, id_is_none(&last) ? NULL : &last, WORKSPACES_AT_A_TIME, &errand->arena, &rows,
                              &count));
        for (uint32_t i = 0; i < count; i++) {
            last = rows[i].workspace_id;
            if (is_id ? id_equal(&id, &last) : span_equal(named, rows[i].slug)) {
                errand->workspace_id = last;
                return OK;
            }
        }
    }
    return ERR_NOT_FOUND;
}

static int create(struct errand *errand)
{
    struct command command = {.code = COMMAND_create_user};
    const struct person_record profile = {
        .kind = PERSON_PROFILE,
        .profile = {.name = span_text(errand->name), .email = span_text(errand->email), .locale = SPAN("")}
    };
    const struct id secret_id = mint(ID_SECRET);
    const enum err found = errand->workspace != NULL ? find_workspace(errand) : OK;
    if (found != OK) {
        return found == ERR_NOT_FOUND ? refused("there is no such workspace")
                                      : operator_failed("user", &errand->hand, found);
    }
    errand->user_id = mint(ID_USER);
    command.stream = errand->user_id;
    command.create_user.user_id = errand->user_id;
    command.create_user.vault_id = secret_id;
    int code = keep(errand, &profile, &secret_id);
    code = code == EXIT_GOOD ? decide(errand, &command) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    print_id("id", &errand->user_id);
    code = set_password(errand);
    return code == EXIT_GOOD && errand->workspace != NULL ? add_member(errand) : code;
}

/* Whoever is not there has no password to set: what would be kept of it would be nobody's. */
static int is_known(struct errand *errand)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct user_row user;
    enum err err = store_begin(errand->hand.views, false, &txn);
    err = err == OK ? access_user(txn, &errand->user_id, &user) : err;
    if (err == ERR_NOT_FOUND || (err == OK && user.erased)) {
        return refused("there is no such person");
    }
    return err == OK ? EXIT_GOOD : operator_failed("user", &errand->hand, err);
}

static int password(struct errand *errand)
{
    const int code = is_known(errand);
    return code == EXIT_GOOD ? set_password(errand) : code;
}

static int erase(struct errand *errand)
{
    struct command command = {.code = COMMAND_erase_user, .stream = errand->user_id};
    const int code = is_known(errand);
    command.erase_user.user_id = errand->user_id;
    return code == EXIT_GOOD ? decide(errand, &command) : code;
}

static int run(struct errand *errand, int (*form)(struct errand *errand))
{
    process_prepare("openpost-user");
    arena_init(&errand->arena, (size_t)64 << 20);
    const enum err err = operator_open(&errand->data, &errand->hand);
    const int code = err == OK ? form(errand) : operator_failed("user", &errand->hand, err);
    operator_close(&errand->hand);
    arena_done(&errand->arena);
    explicit_bzero(errand->password, sizeof errand->password);
    return code;
}

static int wrong(const char *what)
{
    (void)fprintf(stderr, "openpost user: %s (try --help)\n", what);
    return EXIT_USAGE_WRONG;
}

/* What create needs; NULL: it has it. */
static const char *create_fault(const struct errand *errand)
{
    uint8_t bytes[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(bytes, sizeof bytes);
    if (errand->email == NULL || errand->name == NULL) {
        return "--email and --name are needed";
    }
    if (person_address(span_text(errand->email), &address) != OK) {
        return "--email: expected an address of 3 to 254 bytes, with one @";
    }
    const struct span name = span_text(errand->name);
    if (name.len < 1 || name.len > PERSON_NAME_MAX || !span_is_utf8(name)) {
        return "--name: expected 1 to 200 bytes of UTF-8";
    }
    if ((errand->workspace == NULL) != (errand->role_word == NULL)) {
        return "--workspace and --role go together";
    }
    const uint32_t role =
        errand->role_word == NULL ? ROLE_VIEWER : choice_value(&role_words, span_text(errand->role_word));
    return role == ROLE_NONE || role == ROLE_AUDITOR ? "--role: expected owner, admin, editor or viewer" : NULL;
}

int tool_user(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct errand *errand);
        bool password;
    } forms[] = {
        {"create",   create,   true },
        {"password", password, true },
        {"erase",    erase,    false},
    };
    struct errand errand = {.path = NULL};
    const struct option_spec options[] = {
        {"--data",      &errand.path,      NULL, "the data folder"                              },
        {"--email",     &errand.email,     NULL, "create: the address that they sign in with"   },
        {"--name",      &errand.name,      NULL, "create: what they are called"                 },
        {"--workspace", &errand.workspace, NULL, "create: a workspace that they are a member of"},
        {"--role",      &errand.role_word, NULL, "create: owner, admin, editor or viewer there" },
    };
    const char *rest[2] = {"", NULL};
    size_t count = 0;
    size_t form = 0;
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, rest, 2, &count, &code)) {
        return code;
    }
    while (form < sizeof forms / sizeof *forms && strcmp(rest[0], forms[form].name) != 0) {
        form++;
    }
    if (form == sizeof forms / sizeof *forms) {
        return wrong("the forms are: create, password USER_ID, erase USER_ID");
    }
    const bool creates = forms[form].run == create;
    if (creates ? count != 1 : count != 2 || id_parse(span_text(rest[1]), ID_USER, &errand.user_id) != OK) {
        return wrong(creates ? "create names nobody: --email does"
                             : "a person's id is needed: usr_…, as create prints it");
    }
    const char *fault = creates ? create_fault(&errand) : NULL;
    if (fault != NULL) {
        return wrong(fault);
    }
    if (!data_or_complain("user", errand.path, &errand.data, &code) ||
        !files_or_complain("user", &errand.data, true, &code)) {
        return code;
    }
    if (forms[form].password && !read_password(errand.password)) {
        return refused(refusal_desc(REFUSED_password_too_weak)->title);
    }
    return run(&errand, forms[form].run);
}
