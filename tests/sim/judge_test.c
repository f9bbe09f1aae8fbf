/* judge_test.c: every rule of the simulation (RULE_TABLE in world.h) is seen to fail: a log written by hand breaks
 * exactly one, and the judge must name that one. The same log without what is wrong breaks none: the stories that end
 * well are rows, too. */
#include "tests/sim/judge_play_plan.h"
#include "tests/suite.h"

#define NOTHING_BROKEN RULE_COUNT
#define STEPS_MAX 8

struct row {
    const char *name;
    enum rule rule; /* that it breaks; NOTHING_BROKEN: none */
    step *steps[STEPS_MAX];
};

/* --- billing --- */

static void plan(struct play *play)
{
    HAPPENS(play, workspace_id, plan_changed, .workspace_id = play->workspace_id, .plan = SPAN("team"),
            .period_start_ms = WORLD_T0 - HOUR_MS, .period_end_ms = play->period_end_ms);
}

static void bill(struct play *play)
{
    HAPPENS(play, workspace_id, billing_due, .workspace_id = play->workspace_id, .plan = SPAN("team"),
            .period_start_ms = WORLD_T0 - HOUR_MS, .period_end_ms = play->period_end_ms,
            .next_end_ms = play->period_end_ms + 30 * DAY_MS);
}

static void period_ahead(struct play *play)
{
    play->period_end_ms = WORLD_T0 + 1;
}

/* clang-format off */
static const struct row rows[] = {
    {"a post is published", NOTHING_BROKEN, {accepted, post_published, first_part_live, second_part_live, settled, compared}},
    {"a retry starts at its instant", NOTHING_BROKEN, {started, defer, at_retry, start}},
    {"what is proved absent at its deadline is sent again", NOTHING_BROKEN, {started, doubt, at_doubt, prove_absent, start}},
    {"what a person found goes on with its next part", NOTHING_BROKEN, {started, doubt, resolve, start}},
    {"what is late is missed, and sent again by a person", NOTHING_BROKEN, {scheduled, too_late, miss, post_missed, retry}},
    {"what waits is cancelled", NOTHING_BROKEN, {locked, cancel, post_cancelled, settled}},
    {"a start at the last instant", NOTHING_BROKEN, {locked, at_last, start}},
    {"an edit before the lock", NOTHING_BROKEN, {scheduled, before_lock, edit}},
    {"what is held in its workspace is missed all the same", NOTHING_BROKEN, {scheduled, pause_workspace, too_late, miss}},
    {"the views are those of the log", NOTHING_BROKEN, {scheduled, projected, looked_deep}},
    {"the next event", NOTHING_BROKEN, {begun, unlogged, pause_workspace}},
    {"the scheduler's event answers one before", NOTHING_BROKEN, {begun, unlogged, by_scheduler, caused_before, confirm}},
    {"a reader takes the next position", NOTHING_BROKEN, {next_is_read}},
    {"what has started is sent", NOTHING_BROKEN, {started, sent}},
    {"a position is passed over", RULE_POSITIONS, {begun, unlogged, passing_a_position, pause_workspace}},
    {"a version is passed over", RULE_POSITIONS, {begun, passing_a_version, pause_workspace}},
    {"a workspace passes over a number", RULE_POSITIONS, {begun, unlogged, passing_a_number, pause_workspace}},
    {"an event is stamped before the one before", RULE_POSITIONS, {begun, unlogged, back_in_time, pause_workspace}},
    {"the scheduler names no cause", RULE_CAUSES, {begun, by_scheduler, confirm}},
    {"an event is caused by one after it", RULE_CAUSES, {begun, caused_after, confirm}},
    {"a reader passes over a position", RULE_FOLLOW, {one_is_not_read}},
    {"a token that the vault holds is used", NOTHING_BROKEN, {token_stored, token_used}},
    {"a token that nobody has stored is used", RULE_STORED, {token_used}},
    {"what has not started is sent", RULE_DURABLE, {locked, sent}},
    {"a start under an old fence", RULE_FENCE, {locked, old_fence, start}},
    {"a lock before its time", RULE_EARLY, {scheduled, before_lock, lock}},
    {"a start before its instant", RULE_EARLY, {locked, before_due, start}},
    {"a retry before its instant", RULE_EARLY, {started, defer, before_retry, start}},
    {"absent before the deadline", RULE_EARLY, {started, doubt, before_doubt, prove_absent}},
    {"a start too late", RULE_LATE, {locked, too_late, start}},
    {"a start after the post's own last instant", RULE_LATE, {with_not_after, locked, after_not_after, start}},
    {"a start of what the original may have sent", RULE_LATE, {locked, suspend, confirm, after_due, start}},
    {"missed before it is late", RULE_LATE, {scheduled, at_last, miss}},
    {"a lock under a suspect clock", RULE_HELD, {scheduled, suspect_clock, at_lock, lock}},
    {"a lock in a copy", RULE_HELD, {scheduled, suspend, at_lock, lock}},
    {"a start under a suspect clock", RULE_HELD, {locked, suspect_clock, start}},
    {"a start in a copy", RULE_HELD, {locked, suspend, after_due, start}},
    {"a start in a paused workspace", RULE_HELD, {locked, pause_workspace, start}},
    {"a start on a paused account", RULE_HELD, {locked, pause_account, start}},
    {"a start without credentials", RULE_HELD, {locked, disconnect, start}},
    {"missed under a suspect clock", RULE_HELD, {scheduled, suspect_clock, too_late, miss}},
    {"missed in a copy", RULE_HELD, {scheduled, suspend, too_late, miss}},
    {"a start beside another", RULE_ONE_AT_A_TIME, {started, other_number, start}},
    {"a start in doubt", RULE_ONE_AT_A_TIME, {started, doubt, start}},
    {"the second part first", RULE_ONE_AT_A_TIME, {locked, other_part, start}},
    {"the first part twice", RULE_ONE_AT_A_TIME, {started, accept, first_part_again, start}},
    {"another attempt's number", RULE_ONE_AT_A_TIME, {locked, other_number, start}},
    {"another deadline", RULE_ONE_AT_A_TIME, {locked, short_deadline, start}},
    {"a start of what failed", RULE_OVER, {started, refuse, end_failed, start}},
    {"a resolution without a doubt", RULE_OVER, {locked, resolve}},
    {"what is published is sent again", RULE_OVER, {accepted, retry}},
    {"cancelled under way", RULE_UNTOUCHED, {started, cancel}},
    {"cancelled in doubt", RULE_UNTOUCHED, {started, doubt, cancel}},
    {"cancelled after its end", RULE_UNTOUCHED, {accepted, cancel}},
    {"missed under way", RULE_UNTOUCHED, {started, too_late, miss}},
    {"a lock of an older version", RULE_LOCK, {scheduled, at_lock, old_version, lock}},
    {"a second lock", RULE_LOCK, {locked, lock}},
    {"an edit after the lock", RULE_LOCK, {locked, edit}},
    {"an edit when the lock was due", RULE_LOCK, {scheduled, at_lock, edit}},
    {"another instant after the lock", RULE_LOCK, {locked, schedule}},
    {"deleted after the lock", RULE_LOCK, {locked, delete_draft}},
    {"other bytes than the locked ones", RULE_LOCK, {locked, other_payload, start}},
    {"an end that is not that of the targets", RULE_END, {accepted, post_missed}},
    {"an end while a target is open", RULE_END, {locked, post_published}},
    {"a platform without keys chooses its own", NOTHING_BROKEN, {keyless, accepted, first_part_live_again, second_part_live, compared}},
    {"what is recorded may be forgotten", NOTHING_BROKEN, {started, reported, accept, forgotten}},
    {"what a person said first may be forgotten", NOTHING_BROKEN, {started, doubt, resolve, reported, forgotten}},
    {"live twice on a platform without keys", RULE_LIVE_ONCE, {keyless, accepted, first_part_live, first_part_live_again}},
    {"live twice under two keys", RULE_LIVE_ONCE, {accepted, first_part_live, first_part_live_again}},
    {"live under another key", RULE_LIVE_AS_LOCKED, {accepted, first_part_live_again, second_part_live, compared}},
    {"live without a lock", RULE_LIVE_AS_LOCKED, {scheduled, first_part_live}},
    {"live with other words", RULE_LIVE_AS_LOCKED, {accepted, other_words_live}},
    {"accepted and not live", RULE_LIVE_KNOWN, {accepted, compared}},
    {"live, and nobody knows it", RULE_LIVE_KNOWN, {locked, first_part_live, compared}},
    {"views that lag behind the log", RULE_VIEWS, {scheduled, projected, pause_workspace, looked_deep}},
    {"a live agenda without what is open", RULE_AGENDA, {scheduled, projected, empty_agenda, looked_deep}},
    {"open, and not in the queue", RULE_FORGOTTEN, {begun, draft, projected, unlogged, schedule, looked_deep}},
    {"over, and in the queue", RULE_FORGOTTEN, {scheduled, projected, unlogged, cancel, looked_deep}},
    {"due, and never over", RULE_SETTLED, {scheduled, settled}},
    {"a period that is over is closed", NOTHING_BROKEN, {begun, plan, bill, settled}},
    {"a period is closed twice", RULE_BILLED, {begun, plan, bill, bill}},
    {"a period is closed before it is over", RULE_BILLED, {begun, period_ahead, plan, bill}},
    {"a period that nobody began is closed", RULE_BILLED, {begun, bill}},
    {"a period is over, and nobody closes it", RULE_BILLED, {begun, plan, settled}},
    {"forgotten, and not recorded", RULE_RECORDED, {started, reported, forgotten}},
    {"forgotten, and a person only gave it up", RULE_RECORDED, {started, doubt, abandon, reported, forgotten}},
    {"what was approved is locked", NOTHING_BROKEN, {asked, approve, at_lock, lock}},
    {"four eyes satisfy who asks for any", NOTHING_BROKEN, {asked_four_eyes, approve_with_four_eyes, any_approver, at_lock, lock}},
    {"what nobody approved is missed at its instant", NOTHING_BROKEN, {asked, after_due, miss}},
    {"missed for want of an approval before its instant", RULE_LATE, {asked, before_due, miss}},
    {"missed for want of an approval that was given", RULE_LATE, {asked, approve, after_due, miss}},
    {"locked without an approval", RULE_APPROVED, {asked, at_lock, lock}},
    {"locked without an approval that is asked for now", RULE_APPROVED, {scheduled, any_approver, at_lock, lock}},
    {"locked with an approval that is no longer enough", RULE_APPROVED, {asked, approve, four_eyes, at_lock, lock}},
    {"locked with other bytes than the approved ones", RULE_APPROVED, {asked, approve_other_bytes, at_lock, lock}},
    {"locked with the approval of what was edited since", RULE_APPROVED, {asked, approve, edit, at_lock, lock}},
    {"locked with the approval of another instant", RULE_APPROVED, {asked, approve, one_moves, after_not_after, lock}},
    {"approved as it was before", RULE_APPROVED, {asked, approve_what_was}},
    {"approved under a policy that is not set", RULE_APPROVED, {asked_four_eyes, approve}},
    {"approved when it was missed already", RULE_APPROVED, {asked, after_due, approve}},
    {"void after the lock", RULE_APPROVED, {asked, approve, at_lock, lock, void_approval}},
    {"one wrote it and another approved it", NOTHING_BROKEN, {asked_four_eyes, approve_with_four_eyes, at_lock, lock}},
    {"approved by who wrote it", RULE_FOUR_EYES, {asked_four_eyes, by_one, approve_with_four_eyes}},
    {"approved by who edited it", RULE_FOUR_EYES, {asked_four_eyes, edit, approve_with_four_eyes}},
    {"approved by a key of whoever wrote it", RULE_FOUR_EYES, {asked_four_eyes, by_ones_key, approve_with_four_eyes}},
    {"approved by who wrote what it is a copy of", RULE_FOUR_EYES, {asked_four_eyes, copy, by_one, approve_with_four_eyes}},
    {"a copy approved by who wrote neither", NOTHING_BROKEN, {asked_four_eyes, by_one, copy, by_another, approve_with_four_eyes}},
    {"approved by who wrote its series", RULE_FOUR_EYES, {series_asked, by_one, approve_with_four_eyes}},
    {"a series' post approved by another", NOTHING_BROKEN, {series_asked, by_another, approve_with_four_eyes}},
    {"a start while the queue is paused", RULE_HELD, {locked, pause_queue, start}},
    {"the next slot is given", NOTHING_BROKEN, {begun, slot, draft, asking_slot, schedule}},
    {"the slot that somebody stands at is passed over", NOTHING_BROKEN, {begun, slot, draft, schedule, asking_slot, schedule}},
    {"an instant that is no slot", RULE_SLOT, {begun, slot_before, draft, asking_slot, schedule}},
    {"a slot that comes too soon", RULE_SLOT, {begun, slot, draft, too_near, asking_slot, schedule}},
    {"a slot that another stands at", RULE_SLOT, {begun, slot, another_stands_there, draft, asking_slot, schedule}},
    {"a free slot is passed over", RULE_SLOT, {begun, slot, slot_before, draft, asking_slot, schedule}},
    {"a series makes its posts", NOTHING_BROKEN, {begun, write_series, make_post, schedule, make_post_of_tomorrow}},
    {"a series makes a post twice", RULE_SERIES, {begun, write_series, make_post, make_post_again}},
    {"a paused series makes a post", RULE_SERIES, {begun, write_series, pause_series, make_post}},
    {"a post of a generation that is over", RULE_SERIES, {begun, write_series, pause_series, resume_series, make_post}},
    {"a post that is due at another time than its series says", RULE_SERIES, {begun, write_series, make_post_of_another_time, schedule}},
    {"two posts are swapped", NOTHING_BROKEN, {scheduled, another_is_due_later, asking_swap, one_moves, the_other_moves, of_another_command, pause_workspace}},
    {"one of two posts stays where it was", RULE_SWAP, {scheduled, another_is_due_later, asking_swap, one_moves, of_another_command, pause_workspace}},
    {"one of two posts goes elsewhere", RULE_SWAP, {scheduled, another_is_due_later, asking_swap, one_moves_elsewhere}},
    {"forgotten, and recorded as unknown only", RULE_RECORDED, {started, reported, doubt, forgotten}},
};

/* clang-format on */

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static const char *word_of(enum rule rule)
{
    return rule == NOTHING_BROKEN ? "nothing" : rule_word(rule);
}

static struct play play_of(void)
{
    return (struct play){.now_ms = WORLD_T0,
                         .attempt = 1,
                         .fence = EPOCH,
                         .payload = 1,
                         .deadline_after_ms = ATTEMPT_DEADLINE_MS,
                         .period_end_ms = WORLD_T0 - MINUTE_MS};
}

START_TEST(the_judge_names_what_is_broken)
{
    const struct row *row = &rows[_i];
    OWNED(agenda_free) struct agenda *agenda = NULL;
    struct play play = play_of();
    struct world *world = &play.world;
    world_init(world, 1, false);
    judge_start(world);
    ASSERT(agenda_new(&agenda) == OK);
    play.agenda = agenda;
    play.workspace_id = world_mint(world, ID_WORKSPACE);
    play.integration_id = world_mint(world, ID_INTEGRATION);
    play.post_id = world_mint(world, ID_POST);
    play.target_id = world_mint(world, ID_TARGET);
    for (size_t i = 0; i < sizeof play.attempt_ids / sizeof play.attempt_ids[0]; i++) {
        play.attempt_ids[i] = world_mint(world, ID_ATTEMPT);
    }
    for (size_t i = 0; i < STEPS_MAX && row->steps[i] != NULL; i++) {
        ck_assert_msg(!world->lost, "%s: %s is broken before its last step", row->name, word_of(world->broken));
        row->steps[i](&play);
    }
    const enum rule broken = world->lost ? world->broken : NOTHING_BROKEN;
    ck_assert_msg(broken == row->rule, "%s: broken is %s, and should be %s", row->name, word_of(broken),
                  word_of(row->rule));
    world->scheduler.agenda = NULL; /* ours */
    world_done(world);
}

END_TEST

START_TEST(every_rule_is_seen_to_fail)
{
    for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
        size_t at = 0;
        while (at < ROW_COUNT && rows[at].rule != rule) {
            at++;
        }
        ck_assert_msg(at < ROW_COUNT, "nothing breaks %s", rule_word(rule));
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("judge");
    TCase *rules = tcase_create("rules");
    tcase_add_loop_test(rules, the_judge_names_what_is_broken, 0, (int)ROW_COUNT);
    tcase_add_test(rules, every_rule_is_seen_to_fail);
    suite_add_tcase(suite, rules);
    return run_suite(suite);
}
