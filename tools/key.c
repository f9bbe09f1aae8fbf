/* key.c: openpost key: API keys made, listed and revoked, beside a running service or without one. A key's text is
 * printed once, by make, and is nowhere afterwards. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "projections/present.h"
#include "tools/errand.h"
#include "tools/keys.h"

static const char usage[] =
    "usage: openpost key [make] --data DIR --name NAME --role ROLE [--expires WHEN] [--workspace WS] [--json]\n"
    "                           [--scopes SCOPE,…] [--integrations ID,…]\n"
    "       openpost key list --data DIR [--workspace WS] [--json]\n"
    "       openpost key revoke KEY_ID --data DIR [--json]\n"
    " e.g.: openpost key make --data /var/lib/openpost --name nightly --role editor\n\n"
    "Makes, lists and revokes API keys; a service may run on the folder. make's last line is the key, shown this "
    "once.\n"
    "WS is a workspace's slug, as init --slug names it, or its id, ws_…; without it list shows those of all, each\n"
    "with its workspace; by: the member or key that made it; without: it was made here.\n"
    "A revoked key opens nothing from the next request on, over HTTP and RPC, whatever connection it comes by.\n"
    "WHEN, from which on a key opens nothing, is an instant, 2027-01-01T00:00:00Z, or a number of days from now, 90d.\n"
    "A key keeps all of its role, or only the scopes that are named: posts:read, posts:write, integrations:read,\n"
    "integrations:write, analytics:read, members:read, members:write, keys:read, keys:write, settings:read,\n"
    "settings:write, log:read, billing:read. Restricted to accounts, int_…, it sees these, and posts to no other.\n"
    "An auditor's key ends after 366 days at the latest, and then when --expires is not given.\n"
    "To rotate a key make another of the same name with the same --scopes, --integrations and --expires, then revoke\n"
    "the first; POST /v1/api-keys/ID/rotate copies them. Roles: owner, admin, editor, viewer, auditor. Exit codes: 0\n"
    "done (a key that was revoked before stays so); 1 refused: there is no such key or workspace, or the log was "
    "altered;\n"
    " 2 the folder cannot be read; 64 wrong usage; 69 the running service does not\n"
    "answer; 71 the system refused something needed.";

#define KEYS_MAX 10000
#define ACCOUNTS_MAX 50      /* as create_key takes */
#define ACCOUNTS_SHOWN_MAX 5 /* of a key's line: of more it says how many */

struct key_errand {
    struct errand errand;
    const char *name;
    const char *role_word;
    const char *workspace;
    const char *expires;      /* as typed; NULL: never */
    const char *scopes;       /* as typed; NULL: all */
    const char *integrations; /* likewise */
    struct granted_scope scope_list[SCOPE_COUNT];
    struct integration_ref account_list[ACCOUNTS_MAX];
    struct create_key_command wish;
    const char *id;
};

/* Cuts the next word off a list with commas. */
static struct span next_word(struct span *rest)
{
    const size_t end = span_find(*rest, ',');
    const struct span word = span_of(rest->data, end);
    const size_t used = end < rest->len ? end + 1 : end;
    *rest = span_of(rest->data + used, rest->len - used);
    return word;
}

/* What the list is of, as typed: a line, or a member of the JSON, null where nothing was typed. */
static void put_list(const struct key_errand *own, const char *name, const char *typed, struct buf *out)
{
    if (!own->errand.json) {
        buf_text(out, typed != NULL ? name : "");
        buf_text(out, typed != NULL ? ": " : "");
        buf_text(out, typed != NULL ? typed : "");
        buf_text(out, typed != NULL ? "\n" : "");
        return;
    }
    struct span rest = span_text(typed != NULL ? typed : "");
    buf_text(out, "\"");
    buf_text(out, name);
    buf_text(out, typed != NULL ? "\":[" : "\":null");
    for (bool first = true; rest.len > 0; first = false) {
        buf_text(out, first ? "" : ",");
        json_string(out, next_word(&rest));
    }
    buf_text(out, typed != NULL ? "]," : ",");
}

static void print_made(const struct key_errand *own, const struct id *key_id, const char *key)
{
    char text[4096];
    struct buf out = buf_of(text, sizeof text);
    const int64_t expires_ms = own->wish.expires_ms;
    if (own->errand.json) {
        buf_text(&out, "\"expires_at\":");
        json_time(&out, expires_ms);
        buf_byte(&out, ',');
    } else if (expires_ms != 0) {
        buf_text(&out, "expires: ");
        instant_write(&out, expires_ms);
        buf_text(&out, "\n");
    }
    put_list(own, "scopes", own->scopes, &out);
    put_list(own, "integrations", own->integrations, &out);
    errand_print_id(own->errand.json ? "{\"id\":\"" : "id: ", key_id);
    (void)printf(own->errand.json ? "\",\"name\":\"%s\",\"role\":\"%s\",%s\"key\":\"%s\"}\n"
                                  : "\nname: %s\nrole: %s\n%skey: %s\n",
                 own->name, own->role_word, buf_terminated(&out), key);
}

static int make(struct errand *errand)
{
    struct key_errand *own = (struct key_errand *)errand;
    struct id key_id;
    struct answer answer;
    char key[KEY_TEXT_MAX];
    const int code = errand_workspace(errand, own->workspace);
    if (code != EXIT_GOOD) {
        return code;
    }
    store_park(errand->txn);
    const enum err err = key_create_as(&errand->hand, &errand->workspace_id, &own->wish, &key_id, key, &answer);
    if (err != OK) {
        return errand_failed(errand, err);
    }
    if (answer.refusal != ACCEPTED) {
        return errand_refused(errand, refusal_desc((enum refusal)answer.refusal)->title);
    }
    print_made(own, &key_id, key);
    explicit_bzero(key, sizeof key);
    return EXIT_GOOD;
}

static void put_scopes(uint64_t scopes, const char *before, struct buf *out)
{
    for (uint32_t scope = 1; scope < SCOPE_COUNT; scope++) {
        if ((scopes >> scope & 1) != 0) {
            buf_text(out, before);
            buf_text(out, choice_word(&scope_words, scope));
            before = ",";
        }
    }
}

/* What a key is for, of a line that shows more than one has room for: --json names all accounts. */
static void put_narrowed(const struct key_row *row, const struct integration_ref *accounts, uint32_t account_count,
                         struct buf *out)
{
    put_scopes(row->scopes, " scopes ", out);
    buf_text(out, row->restricted ? " integrations " : "");
    if (row->restricted && (account_count == 0 || account_count > ACCOUNTS_SHOWN_MAX)) {
        buf_u64(out, account_count);
        return;
    }
    for (uint32_t i = 0; i < account_count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        id_write(out, &accounts[i].integration_id);
    }
}

/* workspace: whose list is not asked for alone; else NULL. */
static enum err print_key(struct errand *errand, const struct key_row *row, const struct workspace_row *workspace)
{
    char text[4096];
    struct buf out = buf_of(text, sizeof text);
    struct integration_ref *accounts = NULL;
    uint32_t account_count = 0;
    if (row->restricted) {
        TRY(access_key_accounts(errand->txn, &row->key_id, &errand->arena, &accounts, &account_count));
    }
    if (errand->json) {
        TRY(present_key(row, accounts, account_count, false, (struct span){0}, &out));
    } else {
        id_write(&out, &row->key_id);
        to_column(&out, 31);
        buf_text(&out, choice_word(&role_words, row->role));
        to_column(&out, 39);
        buf_put(&out, row->name);
        to_column(&out, 40 + KEY_NAME_MAX);
        buf_text(&out, row->revoked_ms != 0 ? "revoked " : "made    ");
        instant_write(&out, row->revoked_ms != 0 ? row->revoked_ms : row->created_ms);
        if (row->expires_ms != 0) {
            to_column(&out, 97);
            buf_text(&out, row->expires_ms <= clock_wall_ms() ? "expired " : "expires ");
            instant_write(&out, row->expires_ms);
        }
        buf_text(&out, workspace != NULL ? " workspace " : "");
        buf_put(&out, workspace != NULL ? workspace->slug : SPAN(""));
        if (!id_is_none(&row->maker_id)) {
            buf_text(&out, " by ");
            id_write(&out, &row->maker_id);
        }
        put_narrowed(row, accounts, account_count, &out);
    }
    (void)printf("%s\n", buf_terminated(&out));
    return OK;
}

static enum err list_workspace(struct errand *errand, const struct workspace_row *row)
{
    const struct key_errand *own = (const struct key_errand *)errand;
    struct key_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_keys(errand->txn, &row->workspace_id, NULL, KEYS_MAX, &errand->arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        TRY(print_key(errand, &rows[i], own->workspace == NULL ? row : NULL));
    }
    return OK;
}

static int list(struct errand *errand)
{
    const struct key_errand *own = (const struct key_errand *)errand;
    uint32_t count = 0;
    const enum err err = errand_workspaces(errand, own->workspace, list_workspace, &count);
    if (err != OK) {
        return errand_failed(errand, err);
    }
    return count > 0 ? EXIT_GOOD : errand_no_workspace(errand, own->workspace);
}

static int revoke(struct errand *errand)
{
    const struct key_errand *own = (const struct key_errand *)errand;
    struct command command = {.code = COMMAND_revoke_key};
    struct id *key_id = &command.revoke_key.key_id;
    struct answer answer;
    struct key_row row;
    if (id_parse(span_text(own->id), ID_KEY, key_id) != OK) {
        (void)fprintf(stderr, "openpost key: %s is no key's id: key_…, as openpost key list shows it\n", own->id);
        return EXIT_USAGE_WRONG;
    }
    const enum err err = access_key(errand->txn, key_id, &errand->arena, &row);
    if (err == ERR_NOT_FOUND) {
        (void)fprintf(stderr, "openpost key: there is no key %s (openpost key list)\n", own->id);
        return EXIT_ALTERED;
    }
    if (err != OK) {
        return errand_failed(errand, err);
    }
    command.stream = *key_id;
    command.workspace_id = row.workspace_id;
    const int code = errand_decide(errand, &command, &answer);
    if (code != EXIT_GOOD) {
        return code;
    }
    errand_print_id(errand->json ? "{\"id\":\"" : "revoked: ", key_id);
    (void)printf("%s", errand->json        ? (answer.events > 0 ? "\",\"already\":false}\n" : "\",\"already\":true}\n")
                       : answer.events > 0 ? "\n"
                                           : " (it was already)\n");
    return EXIT_GOOD;
}

static int wrong_value(const char *option, const char *value, const char *expected)
{
    (void)fprintf(stderr, "openpost key: %s %s: expected %s\n", option, value, expected);
    return EXIT_USAGE_WRONG;
}

/* An auditor's ends in any case. */
static bool read_expires(struct key_errand *own, enum role role)
{
    const int64_t now_ms = clock_wall_ms();
    own->wish.expires_ms = role == ROLE_AUDITOR ? now_ms + AUDIT_MAX_MS : 0;
    return own->expires == NULL || when_parse(own->expires, now_ms, &own->wish.expires_ms);
}

static bool read_scopes(struct key_errand *own)
{
    struct span rest = span_text(own->scopes);
    bool good = rest.len > 0;
    uint32_t *count = &own->wish.scopes_count;
    for (own->wish.scopes = own->scope_list; good && rest.len > 0; (*count)++) {
        const uint32_t scope = choice_value(&scope_words, next_word(&rest));
        good = scope != SCOPE_NONE && *count < SCOPE_COUNT - 1;
        own->scope_list[*count].scope = scope;
    }
    return good;
}

static bool read_accounts(struct key_errand *own)
{
    struct span rest = span_text(own->integrations);
    bool good = rest.len > 0;
    uint32_t *count = &own->wish.integrations_count;
    own->wish.restricted = true;
    for (own->wish.integrations = own->account_list; good && rest.len > 0; (*count)++) {
        good = *count < ACCOUNTS_MAX &&
               id_parse(next_word(&rest), ID_INTEGRATION, &own->account_list[*count].integration_id) == OK;
    }
    return good;
}

/* What make is to make. An exit code. */
static int read_wish(struct key_errand *own)
{
    const uint32_t role = choice_value(&role_words, span_text(own->role_word));
    own->wish.name = span_text(own->name);
    own->wish.role = role;
    if (!read_expires(own, (enum role)role)) {
        return wrong_value("--expires", own->expires, WHEN_EXPECTED);
    }
    if (role == ROLE_AUDITOR && own->wish.expires_ms > clock_wall_ms() + AUDIT_MAX_MS) {
        return errand_refused(&own->errand, "--expires: an auditor's key ends within 366 days");
    }
    if (!key_name_is_valid(own->wish.name)) {
        return wrong_value("--name", own->name, "1 to 24 of a-z, 0-9 and -");
    }
    if (role == ROLE_NONE) {
        return wrong_value("--role", own->role_word, "owner, admin, editor, viewer or auditor");
    }
    if (own->scopes != NULL && !read_scopes(own)) {
        char expected[512];
        struct buf out = buf_of(expected, sizeof expected);
        put_scopes(UINT64_MAX, "one or more, with commas between them, of ", &out);
        return wrong_value("--scopes", own->scopes, buf_terminated(&out));
    }
    if (own->integrations != NULL && !read_accounts(own)) {
        return wrong_value("--integrations", own->integrations, "at most 50 ids, int_…, with commas between them");
    }
    return EXIT_GOOD;
}

int tool_key(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"make",   make,   0},
        {"list",   list,   0},
        {"revoke", revoke, 1},
    };
    struct key_errand own = {.errand = {.command = "key"}};
    struct errand *errand = &own.errand;
    const struct option_spec options[] = {
        {"--data",         &errand->path,     NULL,          "the data folder"                                          },
        {"--name",         &own.name,         NULL,          "make: its name: 1 to 24 of a-z, 0-9 and -"                },
        {"--role",         &own.role_word,    NULL,          "make: owner, admin, editor, viewer or auditor"            },
        {"--expires",      &own.expires,      NULL,          "make: from when on it opens nothing; default: see above"  },
        {"--scopes",       &own.scopes,       NULL,          "make: what of the role it keeps; default: all"            },
        {"--integrations", &own.integrations, NULL,          "make: the accounts that it sees; default: all"            },
        {"--workspace",    &own.workspace,    NULL,          "WS: a slug or an id; make: needed where there are several"},
        {"--json",         NULL,              &errand->json, "one JSON object, or one a line"                           },
    };
    const char *rest[2] = {"make", NULL};
    size_t count = 0;
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, rest, 2, &count, &code)) {
        return code;
    }
    const struct errand_form *form = errand_form(forms, sizeof forms / sizeof *forms, rest, count);
    if (form == NULL) {
        return errand_wrong(errand, "the forms are: make, list, revoke KEY_ID");
    }
    own.id = rest[1];
    const bool making = form->run == make;
    if (making != (own.name != NULL) || making != (own.role_word != NULL)) {
        return errand_wrong(errand, making ? "--name and --role are needed" : "--name and --role are for make");
    }
    if (!making && (own.expires != NULL || own.scopes != NULL || own.integrations != NULL)) {
        return errand_wrong(errand, "--expires, --scopes and --integrations are for make");
    }
    code = making ? read_wish(&own) : EXIT_GOOD;
    return code == EXIT_GOOD ? errand_do(errand, form->run, (size_t)256 << 20) : code;
}
