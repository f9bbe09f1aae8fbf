/* user.c: openpost user: people who sign in: made known, listed, given a new password, made operators, erased, beside a
 * running service or without one. So a first person can sign in, and one who has lost a password can again. A password
 * is read from stdin: it is in no argument, for those are everybody's to see, and it is forgotten as soon as it is
 * hashed. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/calendar/instant.h"
#include "core/message/choice.h"
#include "core/message/codec.h"
#include "core/wire/person_record.h"
#include "gateway/sign_in/scrypt.h"
#include "projections/present.h"
#include "tools/user.h"

static const char usage[] =
    "usage: openpost user create --data DIR --email ADDRESS --name NAME [--workspace WS --role ROLE [--until WHEN]]\n"
    "       openpost user list --data DIR [--json]\n"
    "       openpost user password USER_ID --data DIR\n"
    "       openpost user erase USER_ID --data DIR [--everywhere]\n"
    "       openpost user operator --data DIR --grant ADDRESS | --revoke ADDRESS\n"
    " e.g.: openpost user create --data /var/lib/openpost --email ada@example.com --name Ada <password.txt\n\n"
    "People who sign in with an address and a password; a service may run on the folder. create prints the person's\n"
    "id. create and password read the password from stdin: a line of 12 to 256 bytes. All of a person's sessions end\n"
    "when it is set. With --workspace the person is a member of it: WS is its slug or its id, ws_…; roles: owner,\n"
    "admin, editor, viewer, auditor; if that is refused, nobody is made known. The membership ends at WHEN, an\n"
    "instant, 2027-01-01T00:00:00Z, or a number of days from now, 90d; an auditor's after 366 days at the latest, and\n"
    "then when --until is not given. erase destroys whatever names a person who is a member of no workspace any more,\n"
    "for ever, withdraws the open invitations to their address, and frees it; --everywhere ends their memberships\n"
    "before: for who took an address that is not theirs. It prints what it ended.\n"
    "list's columns: id, person or operator, of how many workspaces they are a member, address, name. An operator\n"
    "sees, makes, pauses and resumes all workspaces over HTTP (/v1/workspaces), and reads nothing in those where they\n"
    "are no member.\n"
    "Exit codes: 0 done; 1 refused; 2 the folder cannot be read; 64 wrong usage; 69 the running service does not\n"
    "answer; 71 the system refused something needed.";

/* Nothing is read meanwhile: somebody may take their time. */
static bool take_password(struct user_errand *own)
{
    store_park(own->errand.txn);
    return hidden_line("password: ", own->password, sizeof own->password) &&
           password_is_strong(span_text(own->password));
}

/* --- what is done: each returns an exit code --- */

static int decide(struct user_errand *own, struct command *command)
{
    struct answer answer;
    return errand_decide(&own->errand, command, &answer);
}

static int keep(struct user_errand *own, const struct person_record *record, const struct id *secret_id)
{
    uint8_t bytes[PERSON_ADDRESS_MAX + PERSON_NAME_MAX + 256];
    struct buf plain = buf_of(bytes, sizeof bytes);
    store_park(own->errand.txn);
    enum err err = person_record_put(&plain, record);
    err = err == OK ? operator_keep(&own->errand.hand, secret_id, &own->user_id, buf_span(&plain)) : err;
    explicit_bzero(bytes, sizeof bytes);
    if (err == ERR_EXISTS) {
        return errand_refused(&own->errand,
                              "somebody has this address already: invite them to the workspace (POST /v1/invitations), "
                              "they sign in and accept");
    }
    return err == OK ? EXIT_GOOD : errand_failed(&own->errand, err);
}

static int set_password(struct user_errand *own)
{
    struct command command = {.code = COMMAND_set_password, .stream = own->user_id};
    struct person_record record = {
        .kind = PERSON_PASSWORD, .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}
    };
    const struct scrypt_cost cost = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P};
    const struct id secret_id = errand_mint(ID_SECRET);
    random_fill(record.password.salt, sizeof record.password.salt);
    const enum err err = scrypt(span_text(own->password), span_of(record.password.salt, PERSON_SALT_LEN), &cost,
                                record.password.proof, sizeof record.password.proof);
    if (err != OK) {
        return errand_failed(&own->errand, err);
    }
    const int code = keep(own, &record, &secret_id);
    explicit_bzero(&record, sizeof record);
    command.set_password.user_id = own->user_id;
    command.set_password.vault_id = secret_id;
    return code == EXIT_GOOD ? decide(own, &command) : code;
}

/* How much of the plan is used, and the ways on. */
static void explain_limit(struct user_errand *own)
{
    struct errand *errand = &own->errand;
    struct workspace_row row;
    struct usage used;
    char text[512];
    struct buf out = buf_of(text, sizeof text);
    if (store_renew(errand->txn) == OK &&
        access_workspace(errand->txn, &errand->workspace_id, &errand->arena, &row) == OK &&
        access_usage(errand->txn, &errand->workspace_id, clock_wall_ms(), &used) == OK) {
        present_plan_limit(&row, &used, LIMIT_MEMBERS, &out);
        (void)fprintf(stderr, "openpost user: %s\n", buf_terminated(&out));
    }
}

static int add_member(struct user_errand *own)
{
    own->member_id = errand_mint(ID_MEMBER);
    struct command command = {
        .code = COMMAND_add_member, .workspace_id = own->errand.workspace_id, .stream = own->member_id};
    struct answer answer = {0};
    command.add_member = (struct add_member_command){.member_id = own->member_id,
                                                     .workspace_id = own->errand.workspace_id,
                                                     .user_id = own->user_id,
                                                     .role = own->role,
                                                     .until_ms = own->until_ms};
    const int code = errand_decide(&own->errand, &command, &answer);
    if (code != EXIT_GOOD && answer.refusal == REFUSED_plan_limit) {
        explain_limit(own);
    }
    return code;
}

/* Somebody is known and what had to follow did not: either they are erased again, or it is said what is there. */
static int undo(struct user_errand *own, int code)
{
    char text[ID_TEXT_MAX + 1];
    struct buf id = buf_of(text, sizeof text);
    id_write(&id, &own->user_id);
    (void)buf_terminated(&id);
    if (code == EXIT_ALTERED && user_erase_person(own) == EXIT_GOOD) {
        (void)fprintf(stderr, "openpost user: nobody was made known; the address is free\n");
    } else {
        (void)fprintf(
            stderr,
            "openpost user: %s is known all the same: openpost user list shows of how many workspaces they are "
            "a member, openpost user password %s sets a password, openpost user erase %s --everywhere undoes "
            "it\n",
            text, text, text);
    }
    return code;
}

static void print_created(const struct user_errand *own)
{
    char text[64];
    struct buf until = buf_of(text, sizeof text);
    errand_print_id("id: ", &own->user_id);
    if (own->workspace != NULL) {
        errand_print_id("\nmember: ", &own->member_id);
    }
    if (own->until_ms != 0) {
        instant_write(&until, own->until_ms);
        (void)printf("\nuntil: %s", buf_terminated(&until));
    }
    (void)printf("\n");
}

/* All of it or, but for a failure of the system, nothing. */
static int create(struct errand *errand)
{
    struct user_errand *own = (struct user_errand *)errand;
    struct command command = {.code = COMMAND_create_user};
    const struct person_record profile = {
        .kind = PERSON_PROFILE,
        .profile = {.name = span_text(own->name), .email = span_text(own->email), .locale = SPAN("")}
    };
    const struct id secret_id = errand_mint(ID_SECRET);
    if (own->role == ROLE_AUDITOR && own->until_ms > clock_wall_ms() + AUDIT_MAX_MS) {
        return errand_refused(errand, "--until: an auditor's membership ends within 366 days");
    }
    int code = own->workspace != NULL ? errand_workspace(errand, own->workspace) : EXIT_GOOD;
    if (code != EXIT_GOOD) {
        return code;
    }
    if (!take_password(own)) {
        return errand_refused(errand, refusal_desc(REFUSED_password_too_weak)->title);
    }
    own->user_id = errand_mint(ID_USER);
    command.stream = own->user_id;
    command.create_user.user_id = own->user_id;
    command.create_user.vault_id = secret_id;
    code = keep(own, &profile, &secret_id);
    code = code == EXIT_GOOD ? decide(own, &command) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    code = own->workspace != NULL ? add_member(own) : EXIT_GOOD;
    code = code == EXIT_GOOD ? set_password(own) : code;
    if (code != EXIT_GOOD) {
        return undo(own, code);
    }
    print_created(own);
    return EXIT_GOOD;
}

static int password(struct errand *errand)
{
    struct user_errand *own = (struct user_errand *)errand;
    const int code = user_is_known(own);
    if (code == EXIT_GOOD && !take_password(own)) {
        return errand_refused(errand, refusal_desc(REFUSED_password_too_weak)->title);
    }
    return code == EXIT_GOOD ? set_password(own) : code;
}

/* --- operator --- */

/* Gives the installation's workspaces to somebody to see to, or takes them. */
static int operate(struct errand *errand)
{
    struct user_errand *own = (struct user_errand *)errand;
    const bool grants = own->grant != NULL;
    struct command command = {.code = grants ? COMMAND_grant_operator : COMMAND_revoke_operator};
    struct answer answer;
    const enum err err = operator_find(&errand->hand, span_text(grants ? own->grant : own->revoke), &own->user_id);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? errand_refused(errand, "nobody signs in with this address")
                                    : errand_failed(errand, err);
    }
    command.stream = own->user_id;
    command.grant_operator.user_id = own->user_id; /* the first field of both */
    const int code = errand_decide(errand, &command, &answer);
    if (code == EXIT_GOOD) {
        errand_print_id(grants ? "operator: " : "no operator: ", &own->user_id);
        (void)printf("%s\n", answer.events > 0 ? "" : " (it was so already)");
    }
    return code;
}

/* --- list --- */

struct line {
    const struct user_row *row;
    uint32_t memberships;
    struct span name, email; /* data NULL: the vault has none that can be read */
};

static void put_text(struct buf *out, const char *name, struct span text)
{
    buf_text(out, name);
    json_string_or_null(out, text);
}

/* Those of them that are not over by now. */
static uint32_t count_live(const struct member_row *members, uint32_t count)
{
    const int64_t now_ms = clock_wall_ms();
    uint32_t live = 0;
    for (uint32_t i = 0; i < count; i++) {
        live += access_member_is_over(&members[i], now_ms) ? 0 : 1;
    }
    return live;
}

static void write_json(const struct line *line, struct buf *out)
{
    buf_text(out, "{\"id\":");
    json_id(out, &line->row->user_id);
    put_text(out, ",\"name\":", line->name);
    put_text(out, ",\"email\":", line->email);
    buf_text(out, line->row->is_operator ? ",\"operator\":true" : ",\"operator\":false");
    buf_text(out, ",\"workspaces\":");
    buf_u64(out, line->memberships);
    buf_text(out, ",\"created_at\":");
    json_time(out, line->row->created_ms);
    buf_byte(out, '}');
}

static void write_columns(const struct line *line, struct buf *out)
{
    id_write(out, &line->row->user_id);
    to_column(out, 31);
    buf_text(out, line->row->is_operator ? "operator" : "person");
    to_column(out, 40);
    buf_u64(out, line->memberships);
    to_column(out, 45);
    buf_put(out, line->email);
    buf_text(out, "  ");
    buf_put(out, line->name);
}

static enum err print_user(struct errand *errand, const struct user_row *row)
{
    uint8_t bytes[PERSON_RECORD_MAX];
    char text[6 * (PERSON_NAME_MAX + PERSON_ADDRESS_MAX) + 512]; /* each byte escaped */
    struct buf room = buf_of(bytes, sizeof bytes);
    struct buf out = buf_of(text, sizeof text);
    struct member_row *members = NULL;
    struct line line = {.row = row};
    uint32_t count = 0;
    arena_reset(&errand->arena);
    TRY(access_memberships(errand->txn, &row->user_id, NULL, MEMBERSHIPS_COUNTED, &errand->arena, &members, &count));
    line.memberships = count_live(members, count);
    const struct id anywhere = {0};
    const enum err err = operator_named(&errand->hand, &anywhere, &row->user_id, &room, &line.name, &line.email);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (errand->json) {
        write_json(&line, &out);
    } else {
        write_columns(&line, &out);
    }
    print_shown(buf_terminated(&out), errand->json);
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(text, sizeof text);
    return OK;
}

static int list(struct errand *errand)
{
    struct user_row row;
    struct id last = {0};
    enum err err = access_user_after(errand->txn, NULL, &row);
    while (err == OK) {
        last = row.user_id;
        err = row.erased ? OK : print_user(errand, &row);
        err = err == OK ? access_user_after(errand->txn, &last, &row) : err;
    }
    return err == ERR_NOT_FOUND ? EXIT_GOOD : errand_failed(errand, err);
}

/* --- the command --- */

/* What a person is to be in a workspace, and until when. NULL: nothing is wrong. */
static const char *membership_fault(struct user_errand *own)
{
    const int64_t now_ms = clock_wall_ms();
    own->role = choice_value(&role_words, span_text(own->role_word));
    own->until_ms = own->role == ROLE_AUDITOR ? now_ms + AUDIT_MAX_MS : 0;
    if (own->role == ROLE_NONE) {
        return "--role: expected owner, admin, editor, viewer or auditor";
    }
    if (own->until != NULL && !when_parse(own->until, now_ms, &own->until_ms)) {
        return "--until: expected " WHEN_EXPECTED;
    }
    return NULL;
}

/* What create needs; NULL: it has it. */
static const char *create_fault(struct user_errand *own)
{
    uint8_t bytes[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(bytes, sizeof bytes);
    if (own->email == NULL || own->name == NULL) {
        return "--email and --name are needed";
    }
    if (person_address(span_text(own->email), &address) != OK) {
        return "--email: expected an address of 3 to 254 ASCII characters, with one @";
    }
    const struct span name = span_text(own->name);
    if (name.len < 1 || name.len > PERSON_NAME_MAX || !span_is_utf8(name)) {
        return "--name: expected 1 to 200 bytes of UTF-8";
    }
    if ((own->workspace == NULL) != (own->role_word == NULL)) {
        return "--workspace and --role go together";
    }
    if (own->until != NULL && own->workspace == NULL) {
        return "--until is for --workspace";
    }
    return own->workspace == NULL ? NULL : membership_fault(own);
}

int tool_user(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"create",   create,     0},
        {"list",     list,       0},
        {"password", password,   1},
        {"erase",    user_erase, 1},
        {"operator", operate,    0},
    };
    struct user_errand own = {.errand = {.command = "user"}};
    struct errand *errand = &own.errand;
    const struct option_spec options[] = {
        {"--data",       &errand->path,  NULL,            "the data folder"                                 },
        {"--email",      &own.email,     NULL,            "create: the address that they sign in with"      },
        {"--name",       &own.name,      NULL,            "create: what they are called"                    },
        {"--workspace",  &own.workspace, NULL,            "create: a workspace that they are a member of"   },
        {"--role",       &own.role_word, NULL,            "create: as owner, admin, editor, viewer, auditor"},
        {"--until",      &own.until,     NULL,            "create: until when; default: see above"          },
        {"--grant",      &own.grant,     NULL,            "operator: the address of who becomes one"        },
        {"--revoke",     &own.revoke,    NULL,            "operator: the address of who is one no longer"   },
        {"--everywhere", NULL,           &own.everywhere, "erase: and end their memberships before"         },
        {"--json",       NULL,           &errand->json,   "list: one JSON object a line"                    },
    };
    const char *rest[2] = {NULL, NULL};
    size_t count = 0;
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, rest, 2, &count, &code)) {
        return code;
    }
    const struct errand_form *form = errand_form(forms, sizeof forms / sizeof *forms, rest, count);
    if (form == NULL) {
        return errand_wrong(errand, "the forms are: create, list, password USER_ID, erase USER_ID, operator");
    }
    if (form->arguments == 1 && id_parse(span_text(rest[1]), ID_USER, &own.user_id) != OK) {
        return errand_wrong(errand, "a person's id is needed: usr_…, as create prints it");
    }
    if (own.everywhere && form->run != user_erase) {
        return errand_wrong(errand, "--everywhere is for erase");
    }
    if ((form->run == operate) != ((own.grant != NULL) != (own.revoke != NULL))) {
        return errand_wrong(errand, "operator takes --grant ADDRESS or --revoke ADDRESS, nothing else does");
    }
    const char *fault = form->run == create ? create_fault(&own) : NULL;
    if (fault != NULL) {
        return errand_wrong(errand, fault);
    }
    code = errand_do(errand, form->run, (size_t)64 << 20);
    explicit_bzero(own.password, sizeof own.password);
    return code;
}
