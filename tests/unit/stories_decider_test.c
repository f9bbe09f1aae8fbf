/* stories_decider_test.c: every rule as a row: given, when, then. The rows are in the *_stories.h files beside this
 * one. */
#include "tests/suite.h"
#include "tests/unit/account_stories.h"
#include "tests/unit/approval_stories.h"
#include "tests/unit/attempt_stories.h"
#include "tests/unit/decider_world.h"
#include "tests/unit/outcome_stories.h"
#include "tests/unit/people_stories.h"
#include "tests/unit/post_stories.h"
#include "tests/unit/queue_stories.h"
#include "tests/unit/series_stories.h"
#include "tests/unit/template_stories.h"

#define COUNT(rows_) (sizeof(rows_) / sizeof *(rows_))

/* A table is told in one process: a process for each row takes a minute. */
static const struct {
    const struct story *stories;
    size_t count;
} tables[] = {
    {account_stories,  COUNT(account_stories) },
    {people_stories,   COUNT(people_stories)  },
    {post_stories,     COUNT(post_stories)    },
    {series_stories,   COUNT(series_stories)  },
    {attempt_stories,  COUNT(attempt_stories) },
    {outcome_stories,  COUNT(outcome_stories) },
    {queue_stories,    COUNT(queue_stories)   },
    {approval_stories, COUNT(approval_stories)},
    {template_stories, COUNT(template_stories)},
};

START_TEST(the_stories_go_as_told)
{
    ck_assert_int_eq(tell_all(tables[_i].stories, tables[_i].count, NULL, NULL), 0);
}

END_TEST

START_TEST(every_refusal_of_the_deciders_and_every_event_appears_in_a_story)
{
    bool reached[REFUSAL_COUNT] = {false};
    bool happened[256] = {false};
    for (size_t i = 0; i < COUNT(tables); i++) {
        (void)tell_all(tables[i].stories, tables[i].count, reached, happened);
    }
    for (enum refusal refusal = (enum refusal)1; refusal < REFUSAL_COUNT; refusal++) {
        const struct refusal_desc *desc = refusal_desc(refusal);
        ck_assert_msg(desc->layer != LAYER_DECIDER || reached[refusal], "no story is refused as %s", desc->code);
    }
    for (uint32_t code = 0; code < COUNT(happened); code++) {
        ck_assert_msg(event_desc(code) == NULL || happened[code], "no story tells of %s", event_desc(code)->name);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("stories_decider");
    TCase *tcase = tcase_create("stories");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_stories_go_as_told, 0, (int)COUNT(tables));
    tcase_add_test(tcase, every_refusal_of_the_deciders_and_every_event_appears_in_a_story);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
