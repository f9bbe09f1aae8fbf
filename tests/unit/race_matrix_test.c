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

/* Nothing of a line is astray; else it is printed as it should stand. */
static bool is_astray(const char *name, const char *what, const char *wanted, const char *said)
{
    if (strcmp(wanted, said) == 0) {
        return false;
    }
    printf("%s: %s\n  wanted %s\n  but    %s\n", name, what, wanted, said);
    return true;
}

static int play_cell(const struct race_action *action, const struct race_state *state, const struct race_cell *cell)
{
    char name[100];
    char said[SAID_MAX];
    (void)snprintf(name, sizeof name, "%s, %s", action->name, state->name);
    struct race *race = begin(action, state->is_draft, state->locks, state->steps, name);
    struct buf out = buf_of(said, sizeof said);
    race_walk(race, action->step, &out);
    race_run(race);
    const int astray =
        is_astray(name, "what happens", cell->then, said) + is_astray(name, "out", cell->out, race_told(race));
    race_free(race);
    return astray;
}

static const struct race_cell *cell_of(const char *action, const char *state)
{
    const struct race_cell *found = NULL;
    for (size_t i = 0; i < COUNT(race_cells); i++) {
        if (strcmp(race_cells[i].action, action) == 0 && strcmp(race_cells[i].state, state) == 0) {
            ck_assert_msg(found == NULL, "%s, %s has two lines", action, state);
            found = &race_cells[i];
        }
    }
    return found;
}

START_TEST(each_action_in_each_state_has_its_line_and_goes_as_told)
{
    int astray = 0;
    for (size_t i = 0; i < COUNT(race_actions); i++) {
        for (size_t k = 0; k < COUNT(race_states); k++) {
            const struct race_cell *cell = cell_of(race_actions[i].name, race_states[k].name);
            ck_assert_msg(cell != NULL, "no line for %s, %s", race_actions[i].name, race_states[k].name);
            astray += play_cell(&race_actions[i], &race_states[k], cell);
        }
    }
    const size_t cells = COUNT(race_actions) * COUNT(race_states);
    printf("%zu cells: %zu actions in %zu states\n", cells, COUNT(race_actions), COUNT(race_states));
    ck_assert_int_eq(astray, 0);
    ck_assert_uint_eq(COUNT(race_cells), cells); /* nor is there a line of nothing */
}

END_TEST

static int play_pair(const struct race_action *action, const struct race_order *order, const struct race_pair *pair)
{
    char name[100];
    char other[200];
    char first[SAID_MAX];
    char second[SAID_MAX];
    (void)snprintf(name, sizeof name, "%s, %s", action->name, order->name);
    struct race *race = begin(action, false, order->locks, order->steps, name);
    const char *seen = strncmp(order->other, "lock", 4) == 0 ? " version=" : ""; /* a start names none */
    const int version = (int)race->world->post.head.version;
    (void)snprintf(other, sizeof other, *seen != '\0' ? "%s%s%d" : "%s%s", order->other, seen, version);
    struct buf out = buf_of(first, sizeof first);
    race_walk(race, order->action_is_first ? action->step : other, &out);
    if (order->later != NULL) {
        walk_all(race->world, order->later);
    }
    out = buf_of(second, sizeof second);
    race_walk(race, order->action_is_first ? other : action->step, &out);
    race_run(race);
    const int astray = is_astray(name, "the first", pair->first, first) +
                       is_astray(name, "the second", pair->second, second) +
                       is_astray(name, "out", pair->out, race_told(race));
    race_free(race);
    return astray;
}

static const struct race_pair *pair_of(const char *action, const char *order)
{
    const struct race_pair *found = NULL;
    for (size_t i = 0; i < COUNT(race_pairs); i++) {
        if (strcmp(race_pairs[i].action, action) == 0 && strcmp(race_pairs[i].order, order) == 0) {
            ck_assert_msg(found == NULL, "%s, %s has two lines", action, order);
            found = &race_pairs[i];
        }
    }
    return found;
}

START_TEST(each_action_before_and_after_the_lock_and_the_start_has_its_line_and_goes_as_told)
{
    int astray = 0;
    for (size_t i = 0; i < COUNT(race_actions); i++) {
        for (size_t k = 0; k < COUNT(race_orders); k++) {
            const struct race_pair *pair = pair_of(race_actions[i].name, race_orders[k].name);
            ck_assert_msg(pair != NULL, "no line for %s, %s", race_actions[i].name, race_orders[k].name);
            astray += play_pair(&race_actions[i], &race_orders[k], pair);
        }
    }
    const size_t pairs = COUNT(race_actions) * COUNT(race_orders);
    printf("%zu pairs: %zu actions, each %zu times beside a lock or a start\n", pairs, COUNT(race_actions),
           COUNT(race_orders));
    ck_assert_int_eq(astray, 0);
    ck_assert_uint_eq(COUNT(race_pairs), pairs);
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
