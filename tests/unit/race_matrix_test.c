/* race_matrix_test.c: whatever a person, the scheduler or a platform's answer does to a post, wherever the post stands,
 * has one outcome: the events, or the refusal, and what goes out afterwards. A table has a line for each action in each
 * state, another for each action before and after the lock and the start that come with it; that none is missing is
 * counted here. */
#include "tests/suite.h"
#include "tests/unit/race_lists.h"
#include "tests/unit/race_matrix.h"
#include "tests/unit/race_orders.h"
#include "tests/unit/race_world.h"

#define COUNT(rows_) (sizeof(rows_) / sizeof *(rows_))

#define NAME_MAX_LEN 100
#define GIVEN_MAX 1000
#define SAID_MAX 2000

/* What an action of the list is told upon, for a post that is at these steps of its life. */
static struct race *begin(const struct race_action *action, bool is_draft, bool locks, const char *steps,
                          const char *name)
{
    char given[GIVEN_MAX];
    const int len =
        snprintf(given, sizeof given, "%s, %s, %s, %s", is_draft ? action->begin.draft : action->begin.scheduled,
                 locks ? action->begin.unlock : "", steps, action->before);
    ck_assert_int_lt(len, GIVEN_MAX);
    struct race *race = race_new(name, given, action->unreceived);
    race_listen(race);
    return race;
}

/* The one line of a table for an action there; a table without it fails. */
static const struct race_line *line_of(const struct race_line *lines, size_t count, const char *action,
                                       const char *where)
{
    const struct race_line *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(lines[i].action, action) == 0 && strcmp(lines[i].where, where) == 0) {
            ck_assert_msg(found == NULL, "%s, %s has two lines", action, where);
            found = &lines[i];
        }
    }
    ck_assert_msg(found != NULL, "no line for %s, %s", action, where);
    return found;
}

/* Plays a race to its end. A line that it does not go by is printed as it goes. */
static bool is_astray(const struct race_line *line, struct race *race, const char *said)
{
    race_run(race);
    const bool astray = strcmp(line->then, said) != 0 || strcmp(line->out, race_told(race)) != 0;
    if (astray) {
        printf("wanted {\"%s\", \"%s\", \"%s\", \"%s\"},\n", line->action, line->where, line->then, line->out);
        printf("but    {\"%s\", \"%s\", \"%s\", \"%s\"},\n", line->action, line->where, said, race_told(race));
        (void)fflush(stdout); /* a case that fails ends its process */
    }
    race_free(race);
    return astray;
}

static bool cell_is_astray(const struct race_action *action, const struct race_state *state)
{
    char name[NAME_MAX_LEN];
    char said[SAID_MAX];
    (void)snprintf(name, sizeof name, "%s, %s", action->name, state->name);
    const struct race_line *line = line_of(race_cells, COUNT(race_cells), action->name, state->name);
    struct race *race = begin(action, state->is_draft, state->locks, state->steps, name);
    struct buf out = buf_of(said, sizeof said);
    race_walk(race, action->step, &out);
    return is_astray(line, race, said);
}

START_TEST(each_action_in_each_state_has_its_line_and_goes_as_told)
{
    int astray = 0;
    for (size_t i = 0; i < COUNT(race_actions) * COUNT(race_states); i++) {
        astray += cell_is_astray(&race_actions[i / COUNT(race_states)], &race_states[i % COUNT(race_states)]);
    }
    printf("%zu actions x %zu states: %zu cells\n", COUNT(race_actions), COUNT(race_states), COUNT(race_cells));
    ck_assert_int_eq(astray, 0);
    ck_assert_uint_eq(COUNT(race_cells), COUNT(race_actions) * COUNT(race_states)); /* nor a line of nothing */
}

END_TEST

static bool pair_is_astray(const struct race_action *action, const struct race_order *order)
{
    char name[NAME_MAX_LEN];
    char other[200];
    char said[2 * SAID_MAX];
    (void)snprintf(name, sizeof name, "%s, %s", action->name, order->name);
    const struct race_line *line = line_of(race_pairs, COUNT(race_pairs), action->name, order->name);
    struct race *race = begin(action, false, order->locks, order->steps, name);
    const bool locks = strncmp(order->other, "lock", 4) == 0; /* a start names no version */
    const int version = (int)race->world->post.head.version;
    (void)snprintf(other, sizeof other, locks ? "%s version=%d" : "%s", order->other, version);
    struct buf first = buf_of(said, SAID_MAX);
    race_walk(race, order->action_is_first ? action->step : other, &first);
    if (order->later != NULL) {
        walk_all(race->world, order->later);
    }
    buf_text(&first, " | ");
    struct buf second = buf_of(said + first.len, SAID_MAX);
    race_walk(race, order->action_is_first ? other : action->step, &second);
    return is_astray(line, race, said);
}

START_TEST(each_action_before_and_after_the_lock_and_the_start_has_its_line_and_goes_as_told)
{
    int astray = 0;
    for (size_t i = 0; i < COUNT(race_actions) * COUNT(race_orders); i++) {
        astray += pair_is_astray(&race_actions[i / COUNT(race_orders)], &race_orders[i % COUNT(race_orders)]);
    }
    printf("%zu actions x %zu orders: %zu pairs\n", COUNT(race_actions), COUNT(race_orders), COUNT(race_pairs));
    ck_assert_int_eq(astray, 0);
    ck_assert_uint_eq(COUNT(race_pairs), COUNT(race_actions) * COUNT(race_orders));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("race_matrix");
    TCase *tcase = tcase_create("races");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, each_action_in_each_state_has_its_line_and_goes_as_told);
    tcase_add_test(tcase, each_action_before_and_after_the_lock_and_the_start_has_its_line_and_goes_as_told);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
