/* access_test.c: who may what, cell by cell; and a route that sends a command needs what the command needs, so that
 * nobody whom the one lets in is turned away by the other, nor the reverse. */
#include <check.h>
#include <string.h>

#include "core/access.h"
#include "gateway/route.h"
#include "tests/suite.h"

/* v a e d o: viewer, auditor, editor, admin, owner; n: none at all. */
static const char role_letters[ROLE_COUNT + 1] = {[ROLE_NONE] = 'n',   [ROLE_VIEWER] = 'v', [ROLE_AUDITOR] = 'a',
                                                  [ROLE_EDITOR] = 'e', [ROLE_ADMIN] = 'd',  [ROLE_OWNER] = 'o'};

static const struct {
    enum need need;
    const char *who;
} rows[] = {
    {NEED_NONE,   "nvaedo"},
    {NEED_VIEWER, "vaedo" },
    {NEED_EDITOR, "edo"   },
    {NEED_ADMIN,  "do"    },
    {NEED_OWNER,  "o"     },
    {NEED_AUDIT,  "ado"   },
    {NEED_NOBODY, ""      },
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

START_TEST(a_role_that_is_none_may_nothing)
{
    for (uint32_t need = 0; need < NEED_COUNT; need++) {
        ck_assert(!access_allows(&(struct grant){.role = ROLE_COUNT}, (enum need)need));
        ck_assert(!access_allows(&(struct grant){.role = ROLE_COUNT + 32}, (enum need)need));
        ck_assert(!access_allows(&(struct grant){.role = UINT32_MAX}, (enum need)need));
    }
}

END_TEST

START_TEST(what_is_for_our_own_processes_nobody_s_role_suffices_for)
{
    ck_assert_int_eq(access_need(COMMAND_report_refusals), NEED_NOBODY);
    ck_assert_int_eq(access_need(COMMAND_lock_post), NEED_NOBODY);
    ck_assert_int_eq(access_need(COMMAND_create_key), NEED_NOBODY);
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
        return COMMAND_create_post;
    case ROUTE_reconnect_integration:
        return COMMAND_connect_integration;
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

START_TEST(a_route_and_its_command_let_in_the_same)
{
    unsigned sending = 0;
    for (uint32_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = route_at((enum route_name)i);
        const uint32_t code = command_of(route);
        if (code == 0) {
            ck_assert_msg(route->method == METHOD_GET, "%s sends no command?", route->id);
            continue;
        }
        sending++;
        for (uint32_t role = 0; role < ROLE_COUNT; role++) {
            const struct grant grant = {.role = role};
            ck_assert_msg(access_allows(&grant, route->need) == access_allows(&grant, access_need(code)), "%s, %c",
                          route->id, role_letters[role]);
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
    tcase_add_test(tcase, a_role_that_is_none_may_nothing);
    tcase_add_test(tcase, what_is_for_our_own_processes_nobody_s_role_suffices_for);
    tcase_add_test(tcase, a_route_and_its_command_let_in_the_same);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
