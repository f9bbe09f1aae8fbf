/* bench_slots.c: what next_slot costs: of a queue with thousands of occurrences reserved, of an empty one, and of a
 * post that names its instant. Called by bench_schedule.c. Queues have a slot each hour, in a zone that never changes
 * its clocks, so that the occurrence that each post must get is known without asking the calendar. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/benchmarks/bench_schedule.h"

#define ZONE SPAN("Asia/Kolkata") /* 5:30 ahead of UTC, always */
#define HALF_HOUR_MS (HOUR_MS / 2)
#define SLOTS 168   /* a week's hours */
#define RELEASES 16 /* of a round, where the first occurrence is released now and then */

enum asked {
    KIND_SLOT,   /* the next free occurrence */
    KIND_BEHIND, /* likewise, two at a time, when the first occurrence has just been released: one fills it, the other
                    has to look behind all that are filled */
    KIND_AT      /* an instant of its own */
};

struct side {
    struct crowd *crowd;
    struct bench_author account;
    enum asked kind;
    unsigned reserved;
    int64_t first_ms; /* the first that is reserved */
    struct id first_post;
    struct crowd_job *jobs;
};

/* The first full hour of the zone from then on. */
static int64_t occurrence_from(int64_t from_ms)
{
    const int64_t hours = (from_ms - HALF_HOUR_MS + HOUR_MS - 1) / HOUR_MS;
    return hours * HOUR_MS + HALF_HOUR_MS;
}

static enum err give_queue(struct side *side)
{
    struct weekly_slot slots[SLOTS];
    struct command command = {.code = COMMAND_change_queue, .workspace_id = side->crowd->author.workspace_id};
    for (uint64_t i = 0; i < SLOTS; i++) {
        slots[i] = (struct weekly_slot){.slot_id = bench_id(ID_SLOT), .weekday = i / 24 + 1, .minute = i % 24 * 60U};
    }
    command.stream = id_queue(&side->account.integration_id);
    command.change_queue.queue_id = command.stream;
    command.change_queue.integration_id = side->account.integration_id;
    command.change_queue.timezone = ZONE;
    command.change_queue.replace = true;
    command.change_queue.slots = slots;
    command.change_queue.slots_count = SLOTS;
    return crowd_tell(side->crowd, &command);
}

static void make(struct side *side, uint64_t number, struct crowd_job *job)
{
    const int64_t at_ms = side->crowd->now_ms + DAY_MS + (int64_t)number * MINUTE_MS;
    crowd_job_extra(side->crowd, &side->account, number, side->kind == KIND_AT ? at_ms : 0, job);
    job->post.command.create_post.next_slot = side->kind != KIND_AT;
}

static enum err cancel(struct side *side, const struct id *posts, size_t count)
{
    struct crowd_job *jobs = side->jobs + CROWD_ROUND;
    for (size_t i = 0; i < count; i++) {
        struct command *command = crowd_job_command(side->crowd, 0, COMMAND_cancel_post, &jobs[i]);
        command->stream = posts[i];
        command->cancel_post.post_id = posts[i];
    }
    return crowd_give_jobs(side->crowd, jobs, count, NULL);
}

/* Post number i of those that were just made stands where it must. */
static enum err check(const struct side *side, size_t i, int64_t at_ms)
{
    const struct crowd_want want = {.status = POST_SCHEDULED, .publish_at_ms = at_ms};
    return crowd_check(side->crowd, &side->account.workspace_id, &side->jobs[i].post.command.stream, &want);
}

/* Takes as many of the queue's occurrences as are to be reserved. */
static enum err reserve(struct side *side)
{
    side->first_ms = occurrence_from(side->crowd->now_ms + SLOT_AHEAD_MS);
    for (unsigned done = 0; done < side->reserved; done += CROWD_GROUP) {
        const unsigned count = side->reserved - done < CROWD_GROUP ? side->reserved - done : CROWD_GROUP;
        for (unsigned i = 0; i < count; i++) {
            make(side, done + i, &side->jobs[i]);
        }
        TRY(crowd_give_jobs(side->crowd, side->jobs, count, NULL));
        TRY(check(side, count - 1, side->first_ms + (int64_t)(done + count - 1) * HOUR_MS));
        side->first_post = done == 0 ? side->jobs[0].post.command.stream : side->first_post;
    }
    return OK;
}

/* A group, looked at and taken back. */
static enum err take_group(struct side *side, uint64_t number, unsigned count, struct turn_cost *sum)
{
    struct id posts[CROWD_GROUP];
    struct turn_cost cost;
    const int64_t free_ms = side->reserved == 0 ? occurrence_from(side->crowd->now_ms + SLOT_AHEAD_MS)
                                                : side->first_ms + (int64_t)side->reserved * HOUR_MS;
    for (unsigned i = 0; i < count; i++) {
        make(side, number + i, &side->jobs[i]);
        posts[i] = side->jobs[i].post.command.stream;
    }
    TRY(crowd_give_jobs(side->crowd, side->jobs, count, &cost));
    sum->us += cost.us * count;
    sum->cpu_us += cost.cpu_us * count;
    for (unsigned i = 0; i < count && side->kind == KIND_SLOT; i++) {
        TRY(check(side, i, free_ms + (int64_t)i * HOUR_MS));
    }
    if (side->kind != KIND_BEHIND) {
        return cancel(side, posts, count);
    }
    TRY(check(side, 0, side->first_ms));
    TRY(check(side, 1, free_ms));
    side->first_post = posts[0];
    return cancel(side, &posts[1], 1);
}

static enum err take(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct side *side = context;
    struct turn_cost sum = {.us = 0};
    for (unsigned done = 0; done < CROWD_POSTS; done += CROWD_GROUP) {
        TRY(take_group(side, round * CROWD_POSTS + done, CROWD_GROUP, &sum));
    }
    *ret_cost = (struct turn_cost){.us = sum.us / CROWD_POSTS, .cpu_us = sum.cpu_us / CROWD_POSTS};
    return OK;
}

/* In commits of two. */
static enum err take_pairs(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct side *side = context;
    struct turn_cost sum = {.us = 0};
    for (unsigned i = 0; i < RELEASES; i++) {
        if (side->kind == KIND_BEHIND) {
            TRY(cancel(side, &side->first_post, 1));
        }
        TRY(take_group(side, round * RELEASES + i, 2, &sum));
    }
    *ret_cost = (struct turn_cost){.us = sum.us / (2 * RELEASES), .cpu_us = sum.cpu_us / (2 * RELEASES)};
    return OK;
}

static enum err found(struct side *side, const char *name, unsigned number)
{
    TRY(crowd_found_author(side->crowd, name, number, &side->account));
    return side->kind == KIND_AT ? OK : give_queue(side);
}

static enum err run(struct bench *bench, struct side *full, struct side *empty, struct side *at)
{
    char name[64];
    double ratio = 0;
    TRY(found(full, "full", 3));
    TRY(found(empty, "empty", 4));
    TRY(found(at, "at", 5));
    TRY(reserve(full));
    const struct turn ours = {take, full};
    (void)snprintf(name, sizeof name, "schedule, next_slot, %u reserved", full->reserved);
    TRY(turns_show(bench, name, "none reserved", ours, (struct turn){take, empty}, &ratio));
    bench_goal(bench, GOAL_SLOTS, ratio);
    TRY(turns_show(bench, name, "an instant of its own", ours, (struct turn){take, at}, NULL));
    struct side behind = *full;
    behind.kind = KIND_BEHIND;
    TRY(turns_show(bench, "schedule, every second one behind all", "the same, none released",
                   (struct turn){take_pairs, &behind}, (struct turn){take_pairs, full}, NULL));
    return OK;
}

enum err bench_slots(struct bench *bench, struct crowd *crowd)
{
    struct crowd_job *jobs = calloc((size_t)2 * CROWD_ROUND, sizeof *jobs);
    if (jobs == NULL) {
        return ERR_NO_MEMORY;
    }
    struct side full = {.crowd = crowd, .kind = KIND_SLOT, .reserved = bench->reserved, .jobs = jobs};
    struct side empty = {.crowd = crowd, .kind = KIND_SLOT, .jobs = jobs};
    struct side at = {.crowd = crowd, .kind = KIND_AT, .jobs = jobs};
    const enum err err = run(bench, &full, &empty, &at);
    free(jobs);
    return err;
}
