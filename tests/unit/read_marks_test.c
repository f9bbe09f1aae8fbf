/* read_marks_test.c: marks say of each event what a plain list of all of them would say, whatever was marked in
 * whichever order; what has no room changes nothing. */
#include "core/message/read_marks.h"

#include <check.h>

#include "core/base/prng.h"
#include "tests/suite.h"

#define EVENTS 300U

static bool marks_read(struct read_marks *marks, uint64_t up_to, struct event_ref *items, uint32_t count, bool unread)
{
    const struct notifications_read_event read = {
        .up_to = up_to, .items = items, .items_count = count, .unread = unread};
    return read_marks_read(marks, &read);
}

START_TEST(marks_are_what_a_list_of_all_events_says)
{
    struct prng prng;
    struct read_marks marks = {.up_to = 0};
    bool read[EVENTS + 1] = {false};
    uint32_t wrong = 0;
    prng_seed(&prng, (uint64_t)_i + 1);
    for (int round = 0; round < 300; round++) {
        struct event_ref items[8];
        const bool unread = prng_below(&prng, 3) == 0;
        const uint64_t up_to = !unread && prng_below(&prng, 20) == 0 ? 1 + prng_below(&prng, EVENTS) : 0;
        const uint32_t count = (uint32_t)prng_below(&prng, 9);
        for (uint32_t i = 0; i < count; i++) {
            items[i].workspace_seq = 1 + prng_below(&prng, EVENTS);
        }
        const struct read_marks before = marks;
        if (!marks_read(&marks, up_to, items, count, unread)) {
            ck_assert_mem_eq(&marks, &before, sizeof marks);
            continue;
        }
        for (uint64_t seq = 1; seq <= up_to; seq++) {
            read[seq] = true;
        }
        for (uint32_t i = 0; i < count; i++) {
            read[items[i].workspace_seq] = !unread;
        }
        for (uint64_t seq = 1; seq <= EVENTS; seq++) {
            wrong += read_marks_has(&marks, seq) != read[seq] ? 1 : 0;
        }
        ck_assert_msg(wrong == 0, "round %d", round);
    }
    ck_assert_uint_le(marks.count, MARKS_MAX);
}

END_TEST

START_TEST(more_than_there_is_room_for_is_refused_whole)
{
    struct read_marks marks = {.up_to = 0};
    struct event_ref items[MARKS_MAX];
    for (uint32_t i = 0; i < MARKS_MAX; i++) {
        items[i].workspace_seq = 2 * i + 1;
    }
    ck_assert(marks_read(&marks, 0, items, MARKS_MAX, false));
    struct event_ref two[] = {{.workspace_seq = 1}, {.workspace_seq = 1000}};
    const struct read_marks before = marks;
    ck_assert(!marks_read(&marks, 0, two, 2, false));
    ck_assert_mem_eq(&marks, &before, sizeof marks);
    ck_assert(marks_read(&marks, 3, two, 2, false)); /* which makes room */
    ck_assert(read_marks_has(&marks, 2) && read_marks_has(&marks, 1000) && !read_marks_has(&marks, 4));
}

END_TEST

START_TEST(what_is_hidden_is_what_was_chosen_last)
{
    struct read_marks marks = {.up_to = 0};
    struct notification_choice hidden[] = {{.kind = NOTIFY_PUBLISHED}, {.kind = NOTIFY_BILLING_DUE}};
    struct notifications_chosen_event chosen = {.hidden = hidden, .hidden_count = 2};
    read_marks_choose(&marks, &chosen);
    ck_assert(!read_marks_shows(&marks, NOTIFY_PUBLISHED) && !read_marks_shows(&marks, NOTIFY_BILLING_DUE));
    ck_assert(read_marks_shows(&marks, NOTIFY_FAILED));
    chosen.hidden_count = 0;
    read_marks_choose(&marks, &chosen);
    ck_assert(read_marks_shows(&marks, NOTIFY_PUBLISHED));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("read_marks");
    TCase *tcase = tcase_create("read_marks");
    tcase_add_loop_test(tcase, marks_are_what_a_list_of_all_events_says, 0, 20);
    tcase_add_test(tcase, more_than_there_is_room_for_is_refused_whole);
    tcase_add_test(tcase, what_is_hidden_is_what_was_chosen_last);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
