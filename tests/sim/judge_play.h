/* judge_play.h: a log written by hand, for judge_test.c: steps say what happens, when, and what is wrong with what
 * happens next. */
#ifndef OPENPOST_TESTS_SIM_JUDGE_PLAY_H
#define OPENPOST_TESTS_SIM_JUDGE_PLAY_H

#include <check.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "projections/registry.h"
#include "tests/sim/judge.h"

#define DUE_MS (WORLD_T0 + HOUR_MS)
#define LOCK_MS (DUE_MS - LOCK_AHEAD_MS)
#define LATENESS_MS (2 * HOUR_MS)
#define NOT_AFTER_MS (DUE_MS + HOUR_MS)
#define RETRY_MS (DUE_MS + MINUTE_MS)
#define DOUBT_MS (DUE_MS + ATTEMPT_DEADLINE_MS)
#define EPOCH 3
#define ACCOUNT "did:plc:judged"
#define KEY "3kjudgedaaaaa"

/* A log that is being written: one workspace, one account, one post with one target of two parts. */
struct play {
    struct world world;
    int64_t now_ms;
    int64_t not_after_ms; /* of the post that is written next; 0: none */
    struct id workspace_id, integration_id, post_id, target_id;
    struct id actor_id, command_id; /* of what happens next */
    struct id attempt_ids[3];
    uint64_t attempt, part, fence; /* of the attempt that is next, or under way */
    uint8_t payload;
    int64_t deadline_after_ms;
    int64_t period_end_ms;  /* of billing */
    struct log_event ahead; /* by how much the next event is not what it should be */
    uint64_t locked_behind; /* likewise the version that a lock names */
    bool unlogged;          /* what happens from now on is told to the judge, and is not in the log */
    struct agenda *agenda;  /* empty */
    uint8_t bytes[4096];
};

typedef void step(struct play *play);

/* --- writing the log --- */

static inline uint64_t counted(const struct pool *pool, const struct id *id)
{
    const uint32_t index = pool_find(pool, id);
    return index == 0 ? 0 : ((const struct counted *)pool_at(pool, index))->count;
}

static inline void happens(struct play *play, const struct id *stream, const struct event *event)
{
    const struct judge *judge = play->world.judge;
    struct buf out = buf_of(play->bytes, sizeof play->bytes);
    ASSERT(event_encode(event, &out) == OK);
    struct log_event at = {.seq = judge->position + 1 + play->ahead.seq,
                           .stream = *stream,
                           .version = counted(&judge->streams, stream) + 1 + play->ahead.version,
                           .code = event->code,
                           .time_ms = play->now_ms + play->ahead.time_ms,
                           .actor = play->ahead.actor,
                           .actor_id = play->actor_id,
                           .command_id = play->command_id,
                           .causation = play->ahead.causation,
                           .payload = buf_span(&out)};
    if (stream->kind != ID_SYSTEM) {
        at.workspace_id = play->workspace_id;
        at.workspace_seq = counted(&judge->sequences, &at.workspace_id) + 1 + play->ahead.workspace_seq;
    }
    if (play->unlogged) {
        judge_see(&play->world, &at);
        return;
    }
    ASSERT(log_begin(play->world.log) == OK);
    ASSERT(log_append(play->world.log, &at, false) == OK);
    ASSERT(log_commit(play->world.log) == OK);
    judge_events(&play->world);
}

/* The arguments are the event's fields. */
#define HAPPENS(play_, stream_, name_, ...) \
    happens(play_, &(play_)->stream_, &(struct event){.code = EVENT_##name_, .name_ = {__VA_ARGS__}})

/* --- what happens --- */

static inline void start_ledger(struct play *play)
{
    HAPPENS(play, world.installation_id, ledger_started, .epoch = EPOCH, .boot = SPAN("boot"),
            .release = SPAN("judged"));
}

static inline void suspect_clock(struct play *play)
{
    HAPPENS(play, world.installation_id, clock_suspected, .wall_ms = play->now_ms, .apart_ms = 1);
}

static inline void suspend(struct play *play)
{
    HAPPENS(play, world.installation_id, starts_suspended, .reason = SPAN("copied"));
}

static inline void confirm(struct play *play)
{
    const struct event event = {.code = EVENT_starts_confirmed};
    happens(play, &play->world.installation_id, &event);
}

static inline void create_workspace(struct play *play)
{
    HAPPENS(play, workspace_id, workspace_created, .workspace_id = play->workspace_id, .slug = SPAN("judged"),
            .name = SPAN("Judged"), .timezone = SPAN("UTC"), .max_lateness_ms = LATENESS_MS);
}

static inline void pause_workspace(struct play *play)
{
    HAPPENS(play, workspace_id, workspace_paused, .workspace_id = play->workspace_id);
}

static inline void connect_account(struct play *play)
{
    HAPPENS(play, integration_id, integration_connecting, .integration_id = play->integration_id,
            .channel = CHANNEL_BLUESKY, .identifier = SPAN("judged.test"), .vault_id = play->target_id,
            .fingerprint = SPAN("f"));
    HAPPENS(play, integration_id, integration_connected, .integration_id = play->integration_id,
            .account = SPAN(ACCOUNT), .handle = SPAN("judged.test"), .vault_id = play->target_id,
            .fingerprint = SPAN("f"));
}

static inline void pause_account(struct play *play)
{
    HAPPENS(play, integration_id, integration_paused, .integration_id = play->integration_id);
}

static inline void disconnect(struct play *play)
{
    HAPPENS(play, integration_id, integration_disconnected, .integration_id = play->integration_id,
            .code = SPAN("unauthorized"));
}

static inline void draft(struct play *play)
{
    struct content_part parts[2] = {{.text = SPAN("what was written")}, {.text = SPAN("and more")}};
    struct target_spec spec = {
        .target_id = play->target_id, .integration_id = play->integration_id, .channel = CHANNEL_BLUESKY};
    HAPPENS(play, post_id, post_created, .post_id = play->post_id, .author_id = play->target_id, .parts = parts,
            .parts_count = 2, .targets = &spec, .targets_count = 1, .not_after_ms = play->not_after_ms);
}

static inline void edit(struct play *play)
{
    struct content_part part = {.text = SPAN("other words")};
    struct target_spec spec = {
        .target_id = play->target_id, .integration_id = play->integration_id, .channel = CHANNEL_BLUESKY};
    HAPPENS(play, post_id, post_edited, .post_id = play->post_id, .editor_id = play->target_id, .parts = &part,
            .parts_count = 1, .targets = &spec, .targets_count = 1);
}

static inline void delete_draft(struct play *play)
{
    HAPPENS(play, post_id, post_deleted, .post_id = play->post_id);
}

static inline void schedule(struct play *play)
{
    struct target_due due = {.target_id = play->target_id, .due_ms = DUE_MS};
    HAPPENS(play, post_id, post_scheduled, .post_id = play->post_id, .publish_at_ms = DUE_MS, .targets = &due,
            .targets_count = 1);
}

static inline void lock(struct play *play)
{
    struct locked_part parts[2] = {
        {.key = SPAN(KEY),             .created_ms = DUE_MS, .payload = SPAN("{}"), .payload_hash = {{1}}},
        {.key = SPAN("3kjudgedbbbbb"), .created_ms = DUE_MS, .payload = SPAN("{}"), .payload_hash = {{2}}},
    };
    struct locked_target target = {.target_id = play->target_id, .parts = parts, .parts_count = 2};
    HAPPENS(play, post_id, post_locked, .post_id = play->post_id,
            .version = counted(&play->world.judge->streams, &play->post_id) - play->locked_behind, .targets = &target,
            .targets_count = 1);
}

static inline void start(struct play *play)
{
    HAPPENS(play, post_id, attempt_started, .post_id = play->post_id, .target_id = play->target_id,
            .attempt_id = play->attempt_ids[play->attempt - 1], .number = play->attempt, .part = play->part,
            .fence = play->fence, .payload_hash = {{(uint8_t)(play->payload + play->part)}}, .due_ms = DUE_MS,
            .deadline_ms = play->now_ms + play->deadline_after_ms);
}

/* The attempt under way ends so. */
static inline void finish(struct play *play, enum outcome outcome, int64_t next_ms)
{
    HAPPENS(play, post_id, attempt_finished, .post_id = play->post_id, .target_id = play->target_id,
            .attempt_id = play->attempt_ids[play->attempt - 1], .number = play->attempt, .part = play->part,
            .outcome = outcome, .next_ms = next_ms);
    play->attempt++;
}

static inline void accept(struct play *play)
{
    finish(play, OUTCOME_ACCEPTED, 0);
    play->part++;
}

static inline void refuse(struct play *play)
{
    finish(play, OUTCOME_REFUSED, 0);
}

static inline void defer(struct play *play)
{
    finish(play, OUTCOME_TRY_AGAIN, RETRY_MS);
}

static inline void doubt(struct play *play)
{
    finish(play, OUTCOME_UNKNOWN, DOUBT_MS);
}

static inline void prove_absent(struct play *play)
{
    HAPPENS(play, post_id, attempt_settled, .post_id = play->post_id, .target_id = play->target_id,
            .attempt_id = play->attempt_ids[0], .number = 1, .outcome = OUTCOME_ABSENT, .by_read = true,
            .next_ms = play->now_ms);
}

/* A person says that it is there. */
static inline void resolve(struct play *play)
{
    HAPPENS(play, post_id, target_resolved, .post_id = play->post_id, .target_id = play->target_id,
            .attempt_id = play->attempt_ids[0], .resolution = RESOLUTION_PUBLISHED);
    play->part++;
}

/* A person gives it up: what became of it stays unknown. */
static inline void abandon(struct play *play)
{
    HAPPENS(play, post_id, target_resolved, .post_id = play->post_id, .target_id = play->target_id,
            .attempt_id = play->attempt_ids[0], .resolution = RESOLUTION_ABANDONED);
}

static inline void retry(struct play *play)
{
    struct retried_target target = {.target_id = play->target_id};
    HAPPENS(play, post_id, targets_retried, .post_id = play->post_id, .due_ms = play->now_ms, .targets = &target,
            .targets_count = 1);
}

static inline void miss(struct play *play)
{
    struct target_ref target = {.target_id = play->target_id};
    HAPPENS(play, post_id, targets_missed, .post_id = play->post_id, .code = SPAN("lateness_exceeded"),
            .targets = &target, .targets_count = 1);
}

static inline void cancel(struct play *play)
{
    struct target_ref target = {.target_id = play->target_id};
    HAPPENS(play, post_id, targets_cancelled, .post_id = play->post_id, .targets = &target, .targets_count = 1);
}

static inline void end_published(struct play *play)
{
    HAPPENS(play, post_id, target_finished, .post_id = play->post_id, .target_id = play->target_id,
            .status = TARGET_PUBLISHED);
}

static inline void end_failed(struct play *play)
{
    HAPPENS(play, post_id, target_finished, .post_id = play->post_id, .target_id = play->target_id,
            .status = TARGET_FAILED);
}

static inline void post_published(struct play *play)
{
    HAPPENS(play, post_id, post_finished, .post_id = play->post_id, .status = POST_PUBLISHED);
}

static inline void post_missed(struct play *play)
{
    HAPPENS(play, post_id, post_finished, .post_id = play->post_id, .status = POST_MISSED);
}

static inline void post_cancelled(struct play *play)
{
    HAPPENS(play, post_id, post_finished, .post_id = play->post_id, .status = POST_CANCELLED);
}

/* --- how most stories begin --- */

static inline void begun(struct play *play)
{
    start_ledger(play);
    create_workspace(play);
    connect_account(play);
}

static inline void scheduled(struct play *play)
{
    begun(play);
    draft(play);
    schedule(play);
}

static inline void locked(struct play *play)
{
    scheduled(play);
    play->now_ms = LOCK_MS;
    lock(play);
    play->now_ms = DUE_MS;
}

static inline void started(struct play *play)
{
    locked(play);
    start(play);
}

static inline void accepted(struct play *play)
{
    started(play);
    accept(play);
    start(play);
    accept(play);
    end_published(play);
}

/* --- when --- */

static inline void at_lock(struct play *play)
{
    play->now_ms = LOCK_MS;
}

static inline void before_lock(struct play *play)
{
    play->now_ms = LOCK_MS - 1;
}

static inline void before_due(struct play *play)
{
    play->now_ms = DUE_MS - 1;
}

static inline void after_due(struct play *play)
{
    play->now_ms = DUE_MS + 1;
}

static inline void at_retry(struct play *play)
{
    play->now_ms = RETRY_MS;
}

static inline void before_retry(struct play *play)
{
    play->now_ms = RETRY_MS - 1;
}

static inline void at_doubt(struct play *play)
{
    play->now_ms = DOUBT_MS;
}

static inline void before_doubt(struct play *play)
{
    play->now_ms = DOUBT_MS - 1;
}

static inline void at_last(struct play *play)
{
    play->now_ms = DUE_MS + LATENESS_MS;
}

static inline void too_late(struct play *play)
{
    play->now_ms = DUE_MS + LATENESS_MS + 1;
}

static inline void after_not_after(struct play *play)
{
    play->now_ms = NOT_AFTER_MS + 1;
}

/* --- what is wrong, or otherwise, with what happens next --- */

static inline void with_not_after(struct play *play)
{
    play->not_after_ms = NOT_AFTER_MS;
}

static inline void unlogged(struct play *play)
{
    play->unlogged = true;
}

static inline void passing_a_position(struct play *play)
{
    play->ahead.seq = 1;
}

static inline void passing_a_version(struct play *play)
{
    play->ahead.version = 1;
}

static inline void passing_a_number(struct play *play)
{
    play->ahead.workspace_seq = 1;
}

static inline void back_in_time(struct play *play)
{
    play->ahead.time_ms = -1;
}

static inline void by_scheduler(struct play *play)
{
    play->ahead.actor = ACTOR_SCHEDULER;
}

static inline void caused_before(struct play *play)
{
    play->ahead.causation = 1;
}

static inline void caused_after(struct play *play)
{
    play->ahead.causation = play->world.judge->position + 2;
}

static inline void old_fence(struct play *play)
{
    play->fence--;
}

static inline void old_version(struct play *play)
{
    play->locked_behind = 1;
}

static inline void other_payload(struct play *play)
{
    play->payload = 7;
}

static inline void other_number(struct play *play)
{
    play->attempt++;
}

static inline void other_part(struct play *play)
{
    play->part++;
}

static inline void first_part_again(struct play *play)
{
    play->part = 0;
}

static inline void short_deadline(struct play *play)
{
    play->deadline_after_ms--;
}

static inline void keyless(struct play *play)
{
    play->world.keyless = true;
}

/* --- the platform, readers, what is derived --- */

static inline void goes_live(struct play *play, const char *key, const char *text)
{
    char body[512];
    struct arena arena;
    struct model_answer answer;
    arena_init(&arena, 65536);
    (void)snprintf(body, sizeof body,
                   "{\"repo\":\"" ACCOUNT "\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"%s\",\"record\":"
                   "{\"text\":\"%s\",\"createdAt\":\"2026-04-20T15:00:00Z\"}}",
                   key, text);
    const struct model_call call = {.method = SPAN("POST"),
                                    .path = SPAN("/xrpc/com.atproto.repo.createRecord"),
                                    .authorization = SPAN("Bearer a.x.9999999999999." ACCOUNT ".1"),
                                    .content_type = SPAN("application/json"),
                                    .body = span_text(body)};
    model_call_answer(play->world.model, play->now_ms, &call, &arena, &answer);
    ck_assert_uint_eq(answer.status, 200);
    arena_done(&arena);
    judge_platform(&play->world);
}

static inline void first_part_live(struct play *play)
{
    goes_live(play, KEY, "what was written");
}

static inline void first_part_live_again(struct play *play)
{
    goes_live(play, "3kjudgedccccc", "what was written");
}

static inline void second_part_live(struct play *play)
{
    goes_live(play, "3kjudgedbbbbb", "and more");
}

static inline void other_words_live(struct play *play)
{
    goes_live(play, KEY, "other words");
}

/* The present attempt's commit leaves. */
static inline void sent(struct play *play)
{
    struct job job = {.job_id = play->attempt_ids[play->attempt - 1], .kind = SPAN("commit")};
    const struct job_batch batch = {.jobs = &job, .jobs_count = 1};
    judge_batch(&play->world, &batch);
}

/* The first attempt's adapter tells that it was accepted; it may forget it. */
static inline void reported(struct play *play)
{
    struct job_outcome outcome = {.job_id = play->attempt_ids[0], .outcome = OUTCOME_ACCEPTED};
    const struct outcome_batch report = {.outcomes = &outcome, .outcomes_count = 1};
    judge_report(&play->world, &report);
}

static inline void forgotten(struct play *play)
{
    struct target_ref done = {.target_id = play->attempt_ids[0]};
    const struct job_batch batch = {.done = &done, .done_count = 1};
    judge_batch(&play->world, &batch);
}

static inline void token_stored(struct play *play)
{
    const struct id secret_id = world_mint(&play->world, ID_SECRET);
    secret_put(&play->world, &secret_id, SPAN("{\"accessJwt\":\"access1\",\"refreshJwt\":\"refresh1\"}"));
}

static inline void token_used(struct play *play)
{
    judge_token(&play->world, SPAN("Bearer access1"));
}

static inline void next_is_read(struct play *play)
{
    judge_reader(&play->world, 3, 4);
}

static inline void one_is_not_read(struct play *play)
{
    judge_reader(&play->world, 3, 5);
}

/* The views become what the log gives. */
static inline void projected(struct play *play)
{
    struct world *world = &play->world;
    ASSERT(ledger_rebuild(world->log, world->store, &projections_all, &world->installation_id,
                          &(struct replay_watch){0}, NULL) == OK);
}

/* A scheduler that has read everything, and knows of nothing. */
static inline void empty_agenda(struct play *play)
{
    play->world.scheduler.agenda = play->agenda;
    play->world.scheduler.follower.position = play->world.judge->position;
}

static inline void looked_deep(struct play *play)
{
    judge_deep(&play->world);
}

static inline void settled(struct play *play)
{
    judge_settled(&play->world);
}

static inline void compared(struct play *play)
{
    judge_end(&play->world);
}

#endif
