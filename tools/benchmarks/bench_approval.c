/* bench_approval.c: what approvals cost: two workspaces, of which one asks for four eyes. Called by bench_schedule.c.
 * Whoever approves is a member, and a person who wrote none of it: the ledger reads each post's writers for it. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/sha256.h"
#include "tools/benchmarks/bench_schedule.h"

#define DUE_IN_MS ((int64_t)2 * HOUR_MS)
#define LOCK_BEFORE_MS 200000
#define PAYLOAD SPAN("{\"text\":\"as somebody looked at it\",\"createdAt\":\"2026-04-20T09:30:00.000Z\"}")

struct desk_side {
    struct crowd *crowd;
    struct bench_author author;
    bool four_eyes;
    int64_t due_ms;
    struct id member_id;
    struct id user_id;
    struct id *posts; /* of all rounds */
    struct id *targets;
    uint64_t *versions;
    struct crowd_job *jobs;
    char name[32];
};

/* --- the workspaces --- */

static enum err ask_for_eyes(struct desk_side *side)
{
    struct command command = {.code = COMMAND_change_workspace,
                              .workspace_id = side->author.workspace_id,
                              .stream = side->author.workspace_id};
    command.change_workspace.workspace_id = side->author.workspace_id;
    command.change_workspace.approval_policy = POLICY_FOUR_EYES;
    TRY(crowd_tell(side->crowd, &command));
    side->member_id = bench_id(ID_MEMBER);
    side->user_id = bench_id(ID_USER);
    command = (struct command){
        .code = COMMAND_add_member, .workspace_id = side->author.workspace_id, .stream = side->member_id};
    command.add_member = (struct add_member_command){.member_id = side->member_id,
                                                     .workspace_id = side->author.workspace_id,
                                                     .user_id = side->user_id,
                                                     .role = ROLE_ADMIN};
    return crowd_tell(side->crowd, &command);
}

static enum err found(struct desk_side *side, unsigned number)
{
    for (unsigned step = 0; step < BENCH_AUTHOR_STEPS; step++) {
        struct command command;
        bench_author_step(step, number, &side->author, &command);
        TRY(crowd_tell(side->crowd, &command));
    }
    return side->four_eyes ? ask_for_eyes(side) : OK;
}

/* --- what is done there --- */

static enum err give(struct desk_side *side, uint64_t round, struct turn_cost *ret_cost)
{
    side->crowd->now_ms += SECOND_MS;
    TRY(crowd_give_jobs(side->crowd, side->jobs, CROWD_ROUND, ret_cost));
    for (unsigned i = 0; i < CROWD_ROUND; i++) {
        const struct crowd_want want = {.status = side->jobs[i].sent->code == COMMAND_lock_post ? POST_QUEUED
                                                                                                : POST_SCHEDULED,
                                        .publish_at_ms = side->due_ms};
        TRY(crowd_check(side->crowd, &side->author.workspace_id, &side->posts[round * CROWD_ROUND + i], &want));
    }
    return OK;
}

static enum err take_create(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct desk_side *side = context;
    for (unsigned i = 0; i < CROWD_ROUND; i++) {
        const uint64_t place = round * CROWD_ROUND + i;
        crowd_job_extra(side->crowd, &side->author, place, side->due_ms, &side->jobs[i]);
        side->posts[place] = side->jobs[i].post.command.stream;
        side->targets[place] = side->jobs[i].post.target.target_id;
        side->versions[place] = side->four_eyes ? 3 : 2; /* created, scheduled, and somebody is asked to approve it */
    }
    return give(side, round, ret_cost);
}

static void make_approve(struct desk_side *side, uint64_t place, struct crowd_job *job)
{
    struct command *command = crowd_job_command(side->crowd, 0, COMMAND_approve_post, job);
    struct approve_post_command *approve = &command->approve_post;
    bench_lock_fill(&job->lock, &side->author.workspace_id, &side->posts[place], &side->targets[place], PAYLOAD,
                    side->due_ms);
    command->actor = ACTOR_MEMBER;
    command->actor_id = side->member_id;
    command->principal_id = side->user_id;
    command->workspace_id = side->author.workspace_id;
    command->stream = side->posts[place];
    approve->post_id = side->posts[place];
    sha256(PAYLOAD, approve->content_sha256.bytes);
    approve->rendered_sha256 = approve->content_sha256;
    approve->version = side->versions[place];
    job->lock.part.key = SPAN(""); /* it gets one when it is locked */
    approve->targets = &job->lock.target;
    approve->targets_count = 1;
    side->versions[place]++;
}

/* In the workspace that asks for nothing a person edits what the other one approves. */
static void make_edit(struct desk_side *side, uint64_t place, struct crowd_job *job)
{
    struct command *command = crowd_job_command(side->crowd, 0, COMMAND_edit_post, job);
    struct buf text = buf_of(job->text, sizeof job->text);
    crowd_text(side->crowd, place + 1, &text);
    job->post.part = (struct content_part){.text = buf_span(&text)};
    job->post.target = (struct target_spec){
        .target_id = side->targets[place], .integration_id = side->author.integration_id, .channel = CHANNEL_BLUESKY};
    command->actor_id = side->author.key_id;
    command->workspace_id = side->author.workspace_id;
    command->stream = side->posts[place];
    command->expected_version = side->versions[place];
    command->edit_post = (struct edit_post_command){.post_id = side->posts[place],
                                                    .parts = &job->post.part,
                                                    .parts_count = 1,
                                                    .targets = &job->post.target,
                                                    .targets_count = 1};
    side->versions[place]++;
}

static enum err take_middle(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct desk_side *side = context;
    for (unsigned i = 0; i < CROWD_ROUND; i++) {
        const uint64_t place = round * CROWD_ROUND + i;
        if (side->four_eyes) {
            make_approve(side, place, &side->jobs[i]);
        } else {
            make_edit(side, place, &side->jobs[i]);
        }
    }
    return give(side, round, ret_cost);
}

static enum err take_lock(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct desk_side *side = context;
    for (unsigned i = 0; i < CROWD_ROUND; i++) {
        const uint64_t place = round * CROWD_ROUND + i;
        struct crowd_job *job = &side->jobs[i];
        bench_lock_fill(&job->lock, &side->author.workspace_id, &side->posts[place], &side->targets[place], PAYLOAD,
                        side->due_ms);
        job->lock.command.expected_version = side->versions[place];
        job->sent = &job->lock.command;
    }
    return give(side, round, ret_cost);
}

/* What must not be: a lock that nobody approved. Its post is one more, at the end of all. */
static enum err create_unseen(struct desk_side *eyes, uint64_t place)
{
    struct crowd_job *job = eyes->jobs;
    crowd_job_extra(eyes->crowd, &eyes->author, place, eyes->due_ms, job);
    eyes->posts[place] = job->post.command.stream;
    eyes->targets[place] = job->post.target.target_id;
    return crowd_give_jobs(eyes->crowd, job, 1, NULL);
}

static enum err lock_unseen(struct bench *bench, struct desk_side *eyes, uint64_t place)
{
    struct answer answer;
    struct crowd *crowd = eyes->crowd;
    struct bench_lock lock;
    bench_lock_fill(&lock, &eyes->author.workspace_id, &eyes->posts[place], &eyes->targets[place], PAYLOAD,
                    eyes->due_ms);
    lock.command.expected_version = 3;
    TRY(ledger_begin(crowd->parts.ledger, crowd->now_ms));
    const enum err err = ledger_handle(crowd->parts.ledger, &lock.command, NULL, &answer);
    ledger_abort(crowd->parts.ledger);
    if (err == OK && answer.refusal != REFUSED_approval_missing) {
        bench_broken(bench, "schedule, lock under four eyes", "what nobody approved was locked");
    }
    return err;
}

static enum err run(struct bench *bench, struct desk_side *eyes, struct desk_side *none)
{
    const uint64_t unseen = (uint64_t)bench->rounds * CROWD_ROUND;
    double ratio = 0;
    TRY(found(eyes, 8));
    TRY(found(none, 9));
    TRY(create_unseen(eyes, unseen));
    TRY(turns_show(bench, "schedule, create under four eyes", "no approval", (struct turn){take_create, eyes},
                   (struct turn){take_create, none}, NULL));
    TRY(turns_show(bench, "schedule, an approval", "an edit", (struct turn){take_middle, eyes},
                   (struct turn){take_middle, none}, NULL));
    eyes->crowd->now_ms = eyes->due_ms - LOCK_BEFORE_MS;
    TRY(turns_show(bench, "schedule, lock under four eyes", "no approval", (struct turn){take_lock, eyes},
                   (struct turn){take_lock, none}, &ratio));
    bench_goal(bench, GOAL_APPROVAL, ratio);
    return lock_unseen(bench, eyes, unseen);
}

static enum err open_side(struct crowd *crowd, unsigned rounds, bool four_eyes, struct desk_side *ret_side)
{
    const size_t count = (size_t)rounds * CROWD_ROUND + 1;
    *ret_side = (struct desk_side){.crowd = crowd,
                                   .four_eyes = four_eyes,
                                   .due_ms = crowd->now_ms + DUE_IN_MS,
                                   .posts = calloc(count, sizeof(struct id)),
                                   .targets = calloc(count, sizeof(struct id)),
                                   .versions = calloc(count, sizeof(uint64_t)),
                                   .jobs = calloc(CROWD_ROUND, sizeof(struct crowd_job))};
    return ret_side->posts == NULL || ret_side->targets == NULL || ret_side->versions == NULL || ret_side->jobs == NULL
               ? ERR_NO_MEMORY
               : OK;
}

static void close_side(struct desk_side *side)
{
    free(side->posts);
    free(side->targets);
    free(side->versions);
    free(side->jobs);
}

enum err bench_approval(struct bench *bench, struct crowd *crowd)
{
    struct desk_side eyes = {.crowd = NULL};
    struct desk_side none = {.crowd = NULL};
    enum err err = open_side(crowd, bench->rounds, true, &eyes);
    err = err == OK ? open_side(crowd, bench->rounds, false, &none) : err;
    err = err == OK ? run(bench, &eyes, &none) : err;
    close_side(&eyes);
    close_side(&none);
    return err;
}
