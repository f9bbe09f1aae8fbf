/* judge_play_plan.h: what happens in a log written by hand to queues, series, approvals and two posts: for
 * judge_test.c, beside judge_play.h. */
#ifndef OPENPOST_TESTS_SIM_JUDGE_PLAY_PLAN_H
#define OPENPOST_TESTS_SIM_JUDGE_PLAY_PLAN_H

#include "tests/sim/judge_play.h"

#define OTHER_DUE_MS (DUE_MS + 10 * MINUTE_MS)
#define DUE_LOCAL "2026-04-20T15:00"

/* One of these for each number: the same in every play. */
static inline struct id numbered(enum id_kind kind, uint8_t number)
{
    return (struct id){
        .kind = (uint8_t)kind, .uuid = {number, (uint8_t)kind}
    };
}

/* --- who --- */

static inline void joined(struct play *play)
{
    for (uint8_t i = 1; i <= 2; i++) {
        const struct id member_id = numbered(ID_MEMBER, i);
        const struct event event = {
            .code = EVENT_member_added,
            .member_added = {.member_id = member_id,
                             .workspace_id = play->workspace_id,
                             .user_id = numbered(ID_USER, i),
                             .role = ROLE_ADMIN}
        };
        happens(play, &member_id, &event);
    }
    const struct id key_id = numbered(ID_KEY, 1);
    const struct event event = {
        .code = EVENT_key_created,
        .key_created = {.key_id = key_id,
                        .workspace_id = play->workspace_id,
                        .name = SPAN("judged"),
                        .role = ROLE_ADMIN,
                        .principal_id = numbered(ID_USER, 1)}
    };
    happens(play, &key_id, &event);
}

static inline void by_one(struct play *play)
{
    play->actor_id = numbered(ID_MEMBER, 1);
}

static inline void by_another(struct play *play)
{
    play->actor_id = numbered(ID_MEMBER, 2);
}

static inline void by_ones_key(struct play *play)
{
    play->actor_id = numbered(ID_KEY, 1);
}

/* --- approvals --- */

static inline void set_policy(struct play *play, enum approval_policy policy)
{
    HAPPENS(play, workspace_id, workspace_changed, .workspace_id = play->workspace_id, .approval_policy = policy);
}

static inline void any_approver(struct play *play)
{
    set_policy(play, POLICY_ANY_APPROVER);
}

static inline void four_eyes(struct play *play)
{
    set_policy(play, POLICY_FOUR_EYES);
}

static inline void approval(struct play *play, enum approval_policy policy, uint8_t first, uint64_t behind)
{
    struct locked_part parts[2] = {
        {.key = SPAN(""), .created_ms = DUE_MS, .payload = SPAN("{}"), .payload_hash = {{first}}},
        {.key = SPAN(""), .created_ms = DUE_MS, .payload = SPAN("{}"), .payload_hash = {{2}}    },
    };
    struct locked_target target = {.target_id = play->target_id, .parts = parts, .parts_count = 2};
    HAPPENS(play, post_id, approval_given, .post_id = play->post_id, .approver_id = play->actor_id, .policy = policy,
            .version = counted(&play->world.judge->streams, &play->post_id) - behind, .targets = &target,
            .targets_count = 1);
}

static inline void approve(struct play *play)
{
    approval(play, POLICY_ANY_APPROVER, 1, 0);
}

static inline void approve_with_four_eyes(struct play *play)
{
    approval(play, POLICY_FOUR_EYES, 1, 0);
}

static inline void approve_other_bytes(struct play *play)
{
    approval(play, POLICY_ANY_APPROVER, 3, 0);
}

static inline void approve_what_was(struct play *play)
{
    approval(play, POLICY_ANY_APPROVER, 1, 1);
}

static inline void void_approval(struct play *play)
{
    HAPPENS(play, post_id, approval_voided, .post_id = play->post_id);
}

/* A post under a policy, written by one; the other may approve it. */
static inline void asked(struct play *play)
{
    begun(play);
    joined(play);
    any_approver(play);
    by_one(play);
    draft(play);
    schedule(play);
    by_another(play);
}

static inline void asked_four_eyes(struct play *play)
{
    asked(play);
    four_eyes(play);
}

/* And goes on with the copy. */
static inline void copy(struct play *play)
{
    const struct id original_id = play->post_id;
    struct content_part part = {.text = SPAN("words of another's")};
    play->post_id = numbered(ID_POST, 3);
    play->target_id = numbered(ID_TARGET, 3);
    struct target_spec spec = {
        .target_id = play->target_id, .integration_id = play->integration_id, .channel = CHANNEL_BLUESKY};
    HAPPENS(play, post_id, post_created, .post_id = play->post_id, .author_id = play->actor_id, .parts = &part,
            .parts_count = 1, .targets = &spec, .targets_count = 1, .duplicate_of = original_id);
    schedule(play);
}

/* --- queues --- */

static inline void pause_queue(struct play *play)
{
    const struct id queue_id = id_queue(&play->integration_id);
    const struct event event = {
        .code = EVENT_queue_paused, .queue_paused = {.queue_id = queue_id, .integration_id = play->integration_id}
    };
    happens(play, &queue_id, &event);
}

/* Mondays, minutes before 15:00, which is when the post is due. */
static inline void add_a_slot(struct play *play, uint8_t number, uint64_t before)
{
    const struct id queue_id = id_queue(&play->integration_id);
    const struct event event = {
        .code = EVENT_slot_added,
        .slot_added = {.queue_id = queue_id,
                       .integration_id = play->integration_id,
                       .slot_id = numbered(ID_SLOT, number),
                       .weekday = 1,
                       .minute = 15 * 60 - before}
    };
    happens(play, &queue_id, &event);
}

static inline void slot(struct play *play)
{
    add_a_slot(play, 1, 0);
}

static inline void slot_before(struct play *play)
{
    add_a_slot(play, 2, 10);
}

/* What happens next is what somebody asked for: the next slot. */
static inline void asking_slot(struct play *play)
{
    struct command command = {.code = COMMAND_schedule_post, .stream = play->post_id};
    command.schedule_post = (struct schedule_post_command){.post_id = play->post_id, .next_slot = true};
    play->command_id = command.command_id = numbered(ID_COMMAND, 1);
    judge_asked(&play->world, &command);
}

static inline void too_near(struct play *play)
{
    play->now_ms = DUE_MS - SLOT_AHEAD_MS + 1;
}

/* --- another post --- */

static inline void other_post(struct play *play, int64_t due_ms)
{
    const struct id post_id = numbered(ID_POST, 2);
    struct content_part part = {.text = SPAN("another's words")};
    struct target_spec spec = {
        .target_id = numbered(ID_TARGET, 2), .integration_id = play->integration_id, .channel = CHANNEL_BLUESKY};
    struct target_due due = {.target_id = spec.target_id, .due_ms = due_ms};
    const struct event created = {
        .code = EVENT_post_created,
        .post_created = {.post_id = post_id,
                         .author_id = numbered(ID_MEMBER, 1),
                         .parts = &part,
                         .parts_count = 1,
                         .targets = &spec,
                         .targets_count = 1}
    };
    const struct event scheduled_event = {
        .code = EVENT_post_scheduled,
        .post_scheduled = {.post_id = post_id, .publish_at_ms = due_ms, .targets = &due, .targets_count = 1}
    };
    happens(play, &post_id, &created);
    happens(play, &post_id, &scheduled_event);
}

static inline void another_stands_there(struct play *play)
{
    other_post(play, DUE_MS);
}

static inline void another_is_due_later(struct play *play)
{
    other_post(play, OTHER_DUE_MS);
}

static inline void asking_swap(struct play *play)
{
    struct command command = {.code = COMMAND_swap_targets, .stream = play->post_id};
    command.swap_targets = (struct swap_targets_command){.post_id = play->post_id,
                                                         .target_id = play->target_id,
                                                         .other_post_id = numbered(ID_POST, 2),
                                                         .other_target_id = numbered(ID_TARGET, 2)};
    play->command_id = command.command_id = numbered(ID_COMMAND, 2);
    judge_asked(&play->world, &command);
    play->unlogged = true; /* both in one group */
}

static inline void moves(struct play *play, const struct id *post_id, const struct id *target_id, int64_t due_ms)
{
    struct target_due due = {.target_id = *target_id, .due_ms = due_ms};
    const struct event event = {
        .code = EVENT_post_scheduled,
        .post_scheduled = {.post_id = *post_id, .publish_at_ms = due_ms, .targets = &due, .targets_count = 1}
    };
    happens(play, post_id, &event);
}

static inline void one_moves(struct play *play)
{
    moves(play, &play->post_id, &play->target_id, OTHER_DUE_MS);
}

static inline void one_moves_elsewhere(struct play *play)
{
    moves(play, &play->post_id, &play->target_id, OTHER_DUE_MS + 1);
}

static inline void the_other_moves(struct play *play)
{
    const struct id post_id = numbered(ID_POST, 2);
    const struct id target_id = numbered(ID_TARGET, 2);
    moves(play, &post_id, &target_id, DUE_MS);
}

static inline void of_another_command(struct play *play)
{
    play->command_id = numbered(ID_COMMAND, 3);
}

/* --- series --- */

static inline void write_series(struct play *play)
{
    const struct id series_id = numbered(ID_SERIES, 1);
    const struct event event = {
        .code = EVENT_series_created,
        .series_created = {.series_id = series_id,
                           .author_id = numbered(ID_MEMBER, 1),
                           .timezone = SPAN("UTC"),
                           .frequency = FREQUENCY_DAILY,
                           .every = 1,
                           .time = SPAN("15:00"),
                           .start = SPAN("2026-04-20"),
                           .generation = 1}
    };
    happens(play, &series_id, &event);
}

static inline void pause_series(struct play *play)
{
    const struct id series_id = numbered(ID_SERIES, 1);
    const struct event event = {.code = EVENT_series_paused, .series_paused = {.series_id = series_id}};
    happens(play, &series_id, &event);
}

static inline void resume_series(struct play *play)
{
    const struct id series_id = numbered(ID_SERIES, 1);
    const struct event event = {
        .code = EVENT_series_resumed, .series_resumed = {.series_id = series_id, .generation = 2}
    };
    happens(play, &series_id, &event);
}

/* A post of the series' first version. */
static inline void instance(struct play *play, const struct id *post_id, struct span local)
{
    struct content_part parts[2] = {{.text = SPAN("what was written")}, {.text = SPAN("and more")}};
    struct target_spec spec = {
        .target_id = play->target_id, .integration_id = play->integration_id, .channel = CHANNEL_BLUESKY};
    const struct event event = {
        .code = EVENT_post_created,
        .post_created = {.post_id = *post_id,
                         .author_id = numbered(ID_MEMBER, 1),
                         .parts = parts,
                         .parts_count = 2,
                         .targets = &spec,
                         .targets_count = 1,
                         .series_id = numbered(ID_SERIES, 1),
                         .series_local = local,
                         .series_version = 1,
                         .generation = 1}
    };
    play->ahead.actor = ACTOR_SCHEDULER;
    play->ahead.causation = 1;
    happens(play, post_id, &event);
}

static inline void make_post(struct play *play)
{
    instance(play, &play->post_id, SPAN(DUE_LOCAL));
}

static inline void make_post_again(struct play *play)
{
    const struct id post_id = numbered(ID_POST, 2);
    instance(play, &post_id, SPAN(DUE_LOCAL));
}

static inline void make_post_of_tomorrow(struct play *play)
{
    const struct id post_id = numbered(ID_POST, 2);
    instance(play, &post_id, SPAN("2026-04-21T15:00"));
}

static inline void make_post_of_another_time(struct play *play)
{
    instance(play, &play->post_id, SPAN("2026-04-20T15:01"));
}

/* By one, in whose name it was written. */
static inline void series_asked(struct play *play)
{
    begun(play);
    joined(play);
    four_eyes(play);
    by_one(play);
    write_series(play);
    play->actor_id = (struct id){0};
    make_post(play);
    schedule(play);
    play->ahead.actor = ACTOR_MEMBER;
    play->ahead.causation = 0;
}

#endif
