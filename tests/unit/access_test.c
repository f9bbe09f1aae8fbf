/* access_test.c: who may what, cell by cell; and a route that sends a command needs what the command needs, so that
 * nobody whom the one lets in is turned away by the other, nor the reverse. */
#include <check.h>
#include <string.h>

#include "core/message/access.h"
#include "gateway/route.h"
#include "tests/suite.h"

/* v a e d o: viewer, auditor, editor, admin, owner; n: none at all. */
static const char role_letters[ROLE_COUNT + 1] = {[ROLE_NONE] = 'n',   [ROLE_VIEWER] = 'v', [ROLE_AUDITOR] = 'a',
                                                  [ROLE_EDITOR] = 'e', [ROLE_ADMIN] = 'd',  [ROLE_OWNER] = 'o'};

static const struct {
    enum need need;
    const char *who;
} rows[] = {
    {NEED_NONE,      "nvaedo"},
    {NEED_VIEWER,    "vaedo" },
    {NEED_EDITOR,    "edo"   },
    {NEED_ADMIN,     "do"    },
    {NEED_OWNER,     "o"     },
    {NEED_AUDIT,     "ado"   },
    {NEED_APPROVER,  "do"    },
    {NEED_AUDIT_OWN, "aedo"  },
    {NEED_PERSON,    ""      },
    {NEED_OPERATOR,  ""      },
    {NEED_NOBODY,    ""      },
};

START_TEST(each_role_may_what_its_cell_says)
{
    ck_assert_uint_eq(sizeof rows / sizeof *rows, NEED_COUNT);
    for (uint32_t role = 0; role < ROLE_COUNT; role++) {
        const struct grant grant = {.role = role};
        const bool may = strchr(rows[_i].who, role_letters[role]) != NULL;
        ck_assert_msg(access_allows(&grant, rows[_i].need) == may, "%c", role_letters[role]);
    }
}

END_TEST

START_TEST(an_editor_with_the_permission_approves_and_nobody_else_by_it)
{
    for (uint32_t role = 0; role < ROLE_COUNT; role++) {
        const struct grant grant = {.role = role, .permissions = 1u << PERMISSION_APPROVE};
        const bool may = role == ROLE_EDITOR || role == ROLE_ADMIN || role == ROLE_OWNER;
        ck_assert_msg(access_allows(&grant, NEED_APPROVER) == may, "%c", role_letters[role]);
        ck_assert(access_allows(&grant, NEED_ADMIN) == (role == ROLE_ADMIN || role == ROLE_OWNER));
    }
    ck_assert_int_eq(access_need(COMMAND_approve_post), NEED_APPROVER);
}

END_TEST

START_TEST(a_role_that_is_none_may_nothing)
{
    for (uint32_t need = 0; need < NEED_COUNT; need++) {
        ck_assert(!access_allows(&(struct grant){.role = ROLE_COUNT}, (enum need)need));
        ck_assert(!access_allows(&(struct grant){.role = ROLE_COUNT + 32}, (enum need)need));
        ck_assert(!access_allows(&(struct grant){.role = UINT32_MAX}, (enum need)need));
    }
}

END_TEST

static const struct {
    enum key_scope scope;
    const char *who;
} scopes[] = {
    {SCOPE_NONE,               ""     },
    {SCOPE_POSTS_READ,         "vaedo"},
    {SCOPE_POSTS_WRITE,        "edo"  },
    {SCOPE_INTEGRATIONS_READ,  "vaedo"},
    {SCOPE_INTEGRATIONS_WRITE, "do"   },
    {SCOPE_ANALYTICS_READ,     "vaedo"},
    {SCOPE_MEMBERS_READ,       "ado"  },
    {SCOPE_MEMBERS_WRITE,      "do"   },
    {SCOPE_KEYS_READ,          "do"   },
    {SCOPE_KEYS_WRITE,         "do"   },
    {SCOPE_SETTINGS_READ,      "vaedo"},
    {SCOPE_SETTINGS_WRITE,     "do"   },
    {SCOPE_LOG_READ,           "aedo" },
    {SCOPE_BILLING_READ,       "o"    },
};

START_TEST(the_whole_log_is_read_by_who_may_and_else_what_the_holder_wrote)
{
    const struct id holder = {.kind = ID_KEY, .uuid = {1}};
    for (uint32_t role = 0; role < ROLE_COUNT; role++) {
        const struct id author = access_log_author(&(struct grant){.role = role}, &holder);
        const bool is_whole = role == ROLE_AUDITOR || role == ROLE_ADMIN || role == ROLE_OWNER;
        ck_assert_msg(is_whole ? id_is_none(&author) : id_equal(&author, &holder), "%c", role_letters[role]);
    }
}

END_TEST

START_TEST(a_scope_is_of_a_role_or_it_is_not)
{
    ck_assert_uint_eq(sizeof scopes / sizeof *scopes, SCOPE_COUNT);
    for (uint32_t role = 0; role < ROLE_COUNT; role++) {
        const bool is = strchr(scopes[_i].who, role_letters[role]) != NULL;
        ck_assert_msg(access_reaches((enum role)role, scopes[_i].scope) == is, "%c", role_letters[role]);
    }
    ck_assert(!access_reaches(ROLE_COUNT, scopes[_i].scope));
    ck_assert(!access_reaches(ROLE_OWNER, SCOPE_COUNT));
}

END_TEST

/* Whoever may send it, each part of the role: a command without a scope needs a reason. */
START_TEST(each_command_that_a_role_suffices_for_needs_a_scope_which_the_role_reaches)
{
    for (uint32_t code = 1; code < 256; code++) {
        const bool is_for_roles = access_need(code) != NEED_NOBODY;
        const bool is_a_members = code == COMMAND_leave_workspace || code == COMMAND_read_notifications ||
                                  code == COMMAND_choose_notifications; /* which no key is */
        ck_assert_msg((command_scope(code) != SCOPE_NONE) == (is_for_roles && !is_a_members), "%u", code);
        if (is_for_roles && !is_a_members) {
            ck_assert_msg(access_reaches((enum role)command_role(code), command_scope(code)), "%u", code);
        }
    }
}

END_TEST

#define BITS(scope_) (1u << SCOPE_##scope_)

static const struct {
    struct grant grant;
    enum need need;
    enum key_scope scope;
    enum refusal refusal;
} checks[] = {
    {{.role = ROLE_NONE},                                                NEED_NONE,   SCOPE_NONE,               ACCEPTED                  },
    {{.role = ROLE_NONE},                                                NEED_VIEWER, SCOPE_NONE,               REFUSED_role_insufficient },
    {{.role = ROLE_VIEWER},                                              NEED_VIEWER, SCOPE_POSTS_READ,         ACCEPTED                  },
    {{.role = ROLE_VIEWER},                                              NEED_EDITOR, SCOPE_POSTS_WRITE,        REFUSED_role_insufficient },
    {{.role = ROLE_VIEWER, .scopes = BITS(POSTS_WRITE)},                 NEED_EDITOR, SCOPE_POSTS_WRITE,        REFUSED_role_insufficient },
    {{.role = ROLE_EDITOR, .scopes = BITS(POSTS_WRITE)},                 NEED_EDITOR, SCOPE_POSTS_WRITE,        ACCEPTED                  },
    {{.role = ROLE_EDITOR, .scopes = BITS(POSTS_WRITE)},                 NEED_VIEWER, SCOPE_POSTS_READ,         REFUSED_scope_insufficient},
    {{.role = ROLE_EDITOR, .scopes = BITS(POSTS_WRITE)},                 NEED_VIEWER, SCOPE_NONE,               ACCEPTED                  },
    {{.role = ROLE_OWNER, .scopes = BITS(POSTS_READ) | BITS(LOG_READ)},  NEED_AUDIT,  SCOPE_LOG_READ,           ACCEPTED                  },
    {{.role = ROLE_OWNER, .restricted = true},                           NEED_AUDIT,  SCOPE_LOG_READ,           REFUSED_scope_insufficient},
    {{.role = ROLE_OWNER, .restricted = true, .scopes = BITS(LOG_READ)},
     NEED_AUDIT,                                                                      SCOPE_LOG_READ,
     REFUSED_scope_insufficient                                                                                                           },
    {{.role = ROLE_OWNER, .restricted = true},                           NEED_ADMIN,  SCOPE_KEYS_WRITE,         REFUSED_scope_insufficient},
    {{.role = ROLE_OWNER, .restricted = true},                           NEED_ADMIN,  SCOPE_MEMBERS_WRITE,      REFUSED_scope_insufficient},
    {{.role = ROLE_OWNER, .restricted = true},                           NEED_ADMIN,  SCOPE_SETTINGS_WRITE,     REFUSED_scope_insufficient},
    {{.role = ROLE_OWNER, .restricted = true},                           NEED_ADMIN,  SCOPE_INTEGRATIONS_WRITE, ACCEPTED                  },
    {{.role = ROLE_OWNER, .restricted = true},                           NEED_VIEWER, SCOPE_POSTS_READ,         ACCEPTED                  },
};

START_TEST(a_need_is_met_by_the_role_and_within_what_is_kept_of_it)
{
    ck_assert_int_eq(access_check(&checks[_i].grant, checks[_i].need, checks[_i].scope), checks[_i].refusal);
}

END_TEST

START_TEST(what_a_command_needs_says_its_declaration)
{
    const struct granted_scope list[] = {{.scope = SCOPE_POSTS_WRITE}, {.scope = SCOPE_KEYS_WRITE}};
    const struct grant grant = {.role = ROLE_ADMIN, .scopes = access_scopes(list, 2)};
    ck_assert_uint_eq(grant.scopes, BITS(POSTS_WRITE) | BITS(KEYS_WRITE));
    ck_assert_uint_eq(access_scopes(NULL, 0), 0);
    ck_assert_int_eq(access_command(&grant, COMMAND_create_post), ACCEPTED);
    ck_assert_int_eq(access_command(&grant, COMMAND_revoke_key), ACCEPTED);
    ck_assert_int_eq(access_command(&grant, COMMAND_pause_workspace), REFUSED_scope_insufficient);
    ck_assert_int_eq(access_command(&grant, COMMAND_delete_workspace), REFUSED_role_insufficient);
    ck_assert_int_eq(access_command(&grant, COMMAND_lock_post), REFUSED_role_insufficient);
}

END_TEST

START_TEST(a_restricted_grant_sees_its_accounts_and_an_unrestricted_one_all)
{
    const struct id mine = {.kind = ID_INTEGRATION, .uuid = {1}};
    const struct id other = {.kind = ID_INTEGRATION, .uuid = {2}};
    const struct integration_ref accounts[] = {{.integration_id = mine}};
    const struct target_spec targets[] = {{.integration_id = mine}, {.integration_id = other}};
    const struct grant restricted = {.role = ROLE_EDITOR, .restricted = true, .accounts = accounts, .account_count = 1};
    const struct grant empty = {.role = ROLE_EDITOR, .restricted = true};
    const struct grant all = {.role = ROLE_EDITOR};
    ck_assert(access_sees(&restricted, &mine) && !access_sees(&restricted, &other));
    ck_assert(!access_sees(&empty, &mine));
    ck_assert(access_sees(&all, &mine) && access_sees(&all, &other));
    ck_assert(access_sees_all(&restricted, targets, 1) && !access_sees_all(&restricted, targets, 2));
    ck_assert(access_sees_all(&empty, NULL, 0));
    ck_assert(access_sees_all(&all, targets, 2));
}

END_TEST

START_TEST(what_is_for_our_own_processes_nobody_s_role_suffices_for)
{
    ck_assert_int_eq(access_need(COMMAND_report_refusals), NEED_NOBODY);
    ck_assert_int_eq(access_need(COMMAND_lock_post), NEED_NOBODY);
    ck_assert_int_eq(access_need(COMMAND_create_key), NEED_ADMIN);
    ck_assert_int_eq(access_need(COMMAND_create_post), NEED_EDITOR);
    ck_assert_int_eq(access_need(COMMAND_pause_workspace), NEED_ADMIN);
    ck_assert_int_eq(access_need(0), NEED_NOBODY);
    ck_assert_int_eq(access_need(UINT32_MAX), NEED_NOBODY);
}

END_TEST

/* The command that a route sends; 0: none. Most bear one name. */
static uint32_t command_of(const struct route *route)
{
    switch ((int)route->name) {
    case ROUTE_duplicate_post:
    case ROUTE_instantiate_template:
        return COMMAND_create_post;
    case ROUTE_reconnect_integration:
        return COMMAND_connect_integration;
    case ROUTE_rotate_key:
        return COMMAND_create_key;
    case ROUTE_invite:
        return COMMAND_invite_member;
    case ROUTE_leave:
        return COMMAND_leave_workspace;
    default:
        break;
    }
    for (uint32_t code = 1; code < 256; code++) {
        const struct record_desc *desc = command_desc(code);
        if (desc != NULL && strcmp(desc->name, route->id) == 0) {
            return code;
        }
    }
    return 0;
}

/* Without scopes and with each one alone; with all accounts and restricted to some. */
static void check_route_of(const struct route *route, uint32_t code, uint32_t role)
{
    for (uint32_t scope = SCOPE_NONE; scope < SCOPE_COUNT; scope++) {
        for (unsigned restricted = 0; restricted < 2; restricted++) {
            const struct grant grant = {
                .role = role, .scopes = scope == SCOPE_NONE ? 0 : 1u << scope, .restricted = restricted != 0};
            ck_assert_msg(access_check(&grant, route->need, route->scope) == access_command(&grant, code),
                          "%s, %c, %s, %u", route->id, role_letters[role], choice_word(&scope_words, scope),
                          restricted);
        }
    }
}

START_TEST(a_route_and_its_command_let_in_the_same)
{
    unsigned sending = 0;
    for (uint32_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = route_at((enum route_name)i);
        if (route->need == NEED_NONE || access_is_persons(route->need)) {
            continue; /* the gate names the person, no role is asked for (gateway/gate/sessions.h) */
        }
        const uint32_t code = command_of(route);
        if (code == 0) {
            ck_assert_msg(route->method == METHOD_GET, "%s sends no command?", route->id);
            continue;
        }
        sending++;
        for (uint32_t role = 0; role < ROLE_COUNT; role++) {
            check_route_of(route, code, role);
        }
    }
    ck_assert_uint_ge(sending, 15);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("access");
    TCase *tcase = tcase_create("access");
    tcase_add_loop_test(tcase, each_role_may_what_its_cell_says, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tcase, the_whole_log_is_read_by_who_may_and_else_what_the_holder_wrote);
    tcase_add_loop_test(tcase, a_scope_is_of_a_role_or_it_is_not, 0, sizeof scopes / sizeof *scopes);
    tcase_add_test(tcase, an_editor_with_the_permission_approves_and_nobody_else_by_it);
    tcase_add_test(tcase, a_role_that_is_none_may_nothing);
    tcase_add_test(tcase, what_is_for_our_own_processes_nobody_s_role_suffices_for);
    tcase_add_test(tcase, a_route_and_its_command_let_in_the_same);
    tcase_add_test(tcase, each_command_that_a_role_suffices_for_needs_a_scope_which_the_role_reaches);
    tcase_add_loop_test(tcase, a_need_is_met_by_the_role_and_within_what_is_kept_of_it, 0,
                        sizeof checks / sizeof *checks);
    tcase_add_test(tcase, what_a_command_needs_says_its_declaration);
    tcase_add_test(tcase, a_restricted_grant_sees_its_accounts_and_an_unrestricted_one_all);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
