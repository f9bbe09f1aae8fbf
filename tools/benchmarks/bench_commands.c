/* bench_commands.c: what each command of a post's life costs the ledger in a large workspace and in a small one. Called
 * by bench_schedule.c. The posts are chosen by chance among all: those of the large one lie on pages that nobody has
 * touched lately. What was done is looked at behind each round. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/sha256.h"
#include "tools/benchmarks/bench_schedule.h"

#define LOCK_BEFORE_MS 200000 /* within the lock's five minutes */
#define ALL_DUE_MS 30000
#define PAYLOAD SPAN("{\"text\":\"as it was rendered\",\"createdAt\":\"2026-04-20T09:30:00.000Z\"}")

/* In the order in which they are done: what is scheduled is cancelled, what is locked is sent. */
enum work { WORK_CREATE, WORK_EDIT, WORK_SCHEDULE, WORK_CANCEL, WORK_LOCK, WORK_START, WORK_OUTCOME, WORK_COUNT };

static const struct {
    const char *name;
    uint32_t status; /* afterwards */
} works[WORK_COUNT] = {
    [WORK_CREATE] = {"create",        POST_SCHEDULED },
    [WORK_EDIT] = {"edit",          POST_SCHEDULED },
    [WORK_SCHEDULE] = {"schedule",      POST_SCHEDULED },
    [WORK_CANCEL] = {"cancel",        POST_CANCELLED },
    [WORK_LOCK] = {"lock",          POST_QUEUED    },
    [WORK_START] = {"start attempt", POST_PUBLISHING},
    [WORK_OUTCOME] = {"outcome",       POST_PUBLISHED },
};

struct side {
    struct crowd *crowd;
    enum work work;
    struct crowd_job *jobs;
    struct hash payload_hash;
};

static void make_schedule(struct side *side, uint64_t index, struct crowd_job *job)
{
    struct crowd *crowd = side->crowd;
    const uint64_t number = crowd_role_number(crowd, ROLE_DRAFT, index);
    struct command *command = crowd_job_command(crowd, number, COMMAND_schedule_post, job);
    crowd->made[number].due_ms = crowd->now_ms + DAY_MS + (int64_t)(bench_mixed(number) % (uint64_t)(30 * DAY_MS));
    command->expected_version = 1; /* created */
    command->schedule_post.post_id = command->stream;
    command->schedule_post.at_ms = crowd->made[number].due_ms;
}

static void make_cancel(struct side *side, uint64_t index, struct crowd_job *job)
{
    const uint64_t number = crowd_role_number(side->crowd, ROLE_DRAFT, index);
    struct command *command = crowd_job_command(side->crowd, number, COMMAND_cancel_post, job);
    side->crowd->made[number].gone = 1;
    command->cancel_post.post_id = command->stream;
}

static void make_lock(struct side *side, uint64_t number, struct crowd_job *job)
{
    const struct crowd *crowd = side->crowd;
    const struct id post_id = crowd_id(crowd, number, ID_POST);
    const struct id target_id = crowd_id(crowd, number, ID_TARGET);
    bench_lock_fill(&job->lock, &crowd->author.workspace_id, &post_id, &target_id, PAYLOAD, crowd->now_ms);
    job->number = number;
    job->sent = &job->lock.command;
}

static struct command *make_system(struct side *side, uint64_t number, uint32_t code, struct crowd_job *job)
{
    struct command *command = crowd_job_command(side->crowd, number, code, job);
    command->actor = ACTOR_SCHEDULER;
    command->actor_id = (struct id){0};
    return command;
}

static void make_start(struct side *side, uint64_t number, struct crowd_job *job)
{
    const struct crowd *crowd = side->crowd;
    struct start_attempt_command *start = &make_system(side, number, COMMAND_start_attempt, job)->start_attempt;
    start->post_id = crowd_id(crowd, number, ID_POST);
    start->target_id = crowd_id(crowd, number, ID_TARGET);
    start->attempt_id = crowd_id(crowd, number, ID_ATTEMPT);
    start->fence = ledger_epoch(crowd->parts.ledger);
    start->payload_hash = side->payload_hash;
}

static void make_outcome(struct side *side, uint64_t number, struct crowd_job *job)
{
    const struct crowd *crowd = side->crowd;
    const struct id post_id = crowd_id(crowd, number, ID_POST);
    const struct id target_id = crowd_id(crowd, number, ID_TARGET);
    const struct id attempt_id = crowd_id(crowd, number, ID_ATTEMPT);
    bench_outcome_fill(&job->command, &crowd->author.workspace_id, &post_id, &target_id, &attempt_id, crowd->now_ms);
    job->number = number;
    job->sent = &job->command;
}

static void make(struct side *side, uint64_t index, struct crowd_job *job)
{
    switch (side->work) {
    case WORK_CREATE:
        crowd_job_create(side->crowd, job);
        break;
    case WORK_EDIT:
        crowd_job_edit(side->crowd, crowd_pick(side->crowd), job);
        break;
    case WORK_SCHEDULE:
        make_schedule(side, index, job);
        break;
    case WORK_CANCEL:
        make_cancel(side, index, job);
        break;
    case WORK_LOCK:
        make_lock(side, crowd_role_number(side->crowd, ROLE_DUE, index), job);
        break;
    case WORK_START:
        make_start(side, crowd_role_number(side->crowd, ROLE_DUE, index), job);
        break;
    case WORK_OUTCOME:
        make_outcome(side, crowd_role_number(side->crowd, ROLE_DUE, index), job);
        break;
    case WORK_COUNT:
        break;
    }
}

/* Every post that a round was about. */
static enum err check(const struct side *side)
{
    for (unsigned i = 0; i < CROWD_ROUND; i++) {
        const struct crowd_job *job = &side->jobs[i];
        const struct id post_id = crowd_id(side->crowd, job->number, ID_POST);
        char text[CROWD_TEXT_MAX];
        struct buf out = buf_of(text, sizeof text);
        crowd_text(side->crowd, job->number, &out);
        const struct crowd_want want = {.status = works[side->work].status,
                                        .publish_at_ms = side->crowd->made[job->number].due_ms,
                                        .text = buf_span(&out)};
        TRY(crowd_check(side->crowd, &side->crowd->author.workspace_id, &post_id, &want));
    }
    return OK;
}

static enum err take(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct side *side = context;
    side->crowd->now_ms += SECOND_MS;
    for (unsigned i = 0; i < CROWD_ROUND; i++) {
        make(side, round * CROWD_ROUND + i, &side->jobs[i]);
    }
    TRY(crowd_give_jobs(side->crowd, side->jobs, CROWD_ROUND, ret_cost));
    return check(side);
}

/* The clock that a work needs: all due posts are locked before their instants and sent behind them. */
static void set_clock(struct crowd *crowd, enum work work)
{
    const int64_t due_ms = crowd_due_ms(crowd);
    if (work == WORK_LOCK) {
        crowd->now_ms = due_ms - LOCK_BEFORE_MS;
    }
    if (work == WORK_START) {
        crowd->now_ms = due_ms + ALL_DUE_MS;
    }
}

static enum err run(struct bench *bench, struct side *large, struct side *small, const char *against)
{
    for (unsigned work = 0; work < WORK_COUNT; work++) {
        char name[64];
        double ratio = 0;
        large->work = work;
        small->work = work;
        set_clock(large->crowd, large->work);
        set_clock(small->crowd, small->work);
        (void)snprintf(name, sizeof name, "schedule, %s at %llu posts", works[work].name,
                       (unsigned long long)large->crowd->size);
        TRY(turns_show(bench, name, against, (struct turn){take, large}, (struct turn){take, small}, &ratio));
        bench_goal(bench, GOAL_COMMANDS, ratio);
    }
    return OK;
}

enum err bench_commands(struct bench *bench, struct crowds *crowds)
{
    struct crowd_job *jobs = calloc((size_t)2 * CROWD_ROUND, sizeof *jobs);
    if (jobs == NULL) {
        return ERR_NO_MEMORY;
    }
    struct side large = {.crowd = &crowds->large, .jobs = jobs};
    struct side small = {.crowd = &crowds->small, .jobs = jobs + CROWD_ROUND};
    sha256(PAYLOAD, large.payload_hash.bytes);
    small.payload_hash = large.payload_hash;
    const enum err err = run(bench, &large, &small, crowds->against);
    free(jobs);
    return err;
}
