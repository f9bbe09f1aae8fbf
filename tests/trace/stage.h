/* stage.h: where the stories of this folder are told: the simulation's world without dice, one workspace with two
 * connected accounts, and what people do there. For stories_test.c. */
#ifndef OPENPOST_TRACE_STAGE_H
#define OPENPOST_TRACE_STAGE_H

#include "tests/accept.h"
#include "tests/sim/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/decider/post.h"
#include "core/message/codec.h"

#define TEXT_MAX ((size_t)1 << 20)

struct story {
    struct world world;
    struct buf text;
    char *bytes;
};

/* --- the stage: one workspace, two connected accounts, nothing yet --- */

static inline void until(struct story *story, int64_t after_start_ms)
{
    while (story->world.true_ms < WORLD_T0 + after_start_ms && !story->world.lost) {
        if (story->world.parcel_count == 0 || story->world.parcels[1]->at_ms > WORLD_T0 + after_start_ms) {
            story->world.true_ms = WORLD_T0 + after_start_ms;
            break;
        }
        ck_assert(world_step(&story->world));
    }
}

/* Runs until somebody says that. */
static inline void until_said(struct story *story, const char *who, const char *what)
{
    for (int i = 0; i < 100000; i++) {
        const uint64_t before = story->world.trace_count;
        ck_assert(world_step(&story->world));
        for (uint64_t line = before; line < story->world.trace_count; line++) {
            if (strstr(story->world.trace[line % TRACE_LINES], what) != NULL &&
                strstr(story->world.trace[line % TRACE_LINES], who) != NULL) {
                return;
            }
        }
    }
    ck_abort_msg("it never happens");
}

/* Runs until the log has one more event of that kind. */
static inline void until_event(struct story *story, uint32_t code)
{
    until_said(story, "log ", event_desc(code)->name);
}

static inline struct story *story_begin(bool keyless)
{
    struct story *story = calloc(1, sizeof *story);
    ck_assert_ptr_nonnull(story);
    struct world *world = &story->world;
    story->bytes = malloc(TEXT_MAX);
    ck_assert_ptr_nonnull(story->bytes);
    story->text = buf_of(story->bytes, TEXT_MAX);
    world_init(world, 1, keyless);
    world->steady = true;
    judge_start(world);
    ledger_start(world);
    adapter_start(world);
    users_start(world);
    scheduler_start(world);
    until(story, 15000);
    world->calm = true; /* users do what the story says */
    until(story, 60000);
    world->sink = &story->text;
    return story;
}

static inline void story_end(struct story *story, const char *name)
{
    char path[120];
    struct world *world = &story->world;
    ck_assert(!world->lost);
    judge_deep(world);
    judge_end(world);
    ck_assert(!world->lost);
    ck_assert(buf_ok(&story->text));
    (void)snprintf(path, sizeof path, "tests/trace/%s.txt", name);
    char *bytes = malloc(TEXT_MAX);
    ck_assert_ptr_nonnull(bytes);
    struct buf there = buf_of(bytes, TEXT_MAX);
    source_read(path, &there);
    if (is_accepting()) {
        source_write(path, buf_span(&story->text));
    } else {
        ck_assert_str_eq(buf_terminated(&there), buf_terminated(&story->text));
    }
    free(bytes);
    world->sink = NULL;
    world_done(world);
    free(story->bytes);
    free(story);
}

/* --- what people do --- */

struct wish {
    const char *parts[3];
    const char *comment;
    int64_t after_ms; /* 0: now */
    bool both;        /* both accounts of the workspace */
};

/* The accounts of the first workspace are numbers 0 and 2. */
static inline void write_post(struct story *story, const struct wish *wish)
{
    struct world *world = &story->world;
    struct content_part parts[3] = {0};
    struct target_spec specs[2] = {0};
    const struct id post_id = world_mint(world, ID_POST);
    struct command command = {.code = COMMAND_create_post, .workspace_id = world->workspaces[0], .stream = post_id};
    struct create_post_command *wanted = &command.create_post;
    *wanted = (struct create_post_command){.post_id = post_id, .parts = parts, .targets = specs};
    for (uint32_t i = 0; i < 3 && wish->parts[i] != NULL; i++) {
        parts[i].text = span_text(wish->parts[i]);
        wanted->parts_count++;
    }
    if (wish->comment != NULL) {
        wanted->first_comment = span_text(wish->comment);
    }
    wanted->targets_count = wish->both ? 2 : 1;
    for (uint32_t i = 0; i < wanted->targets_count; i++) {
        specs[i] = (struct target_spec){.target_id = world_mint(world, ID_TARGET),
                                        .integration_id = world->accounts[i * 2].integration_id,
                                        .channel = CHANNEL_BLUESKY};
    }
    wanted->now = wish->after_ms == 0;
    wanted->at_ms = wish->after_ms == 0 ? 0 : world_wall(world) + wish->after_ms;
    world->posts[world->post_count++] = (struct user_post){.workspace_id = world->workspaces[0], .post_id = post_id};
    user_send(world, &command);
}

static inline struct command about_post(const struct story *story, enum command_code code, uint32_t number)
{
    const struct user_post *post = &story->world.posts[number];
    struct command command = {.code = code, .workspace_id = post->workspace_id, .stream = post->post_id};
    command.cancel_post.post_id = post->post_id; /* every command about a post begins with it */
    return command;
}

static inline void cancel(struct story *story)
{
    struct command command = about_post(story, COMMAND_cancel_post, 0);
    user_send(&story->world, &command);
}

static inline void retry_now(struct story *story)
{
    struct command command = about_post(story, COMMAND_retry_post, 0);
    command.retry_post.now = true;
    user_send(&story->world, &command);
}

/* An outcome of the attempt that the log's last event started, to be sent later. */
static inline struct command late_outcome(const struct story *story, enum outcome outcome)
{
    const struct world *world = &story->world;
    struct log_event at;
    struct event event;
    struct arena arena;
    struct buf payload = buf_of(malloc(LOG_PAYLOAD_MAX), LOG_PAYLOAD_MAX);
    ck_assert_ptr_nonnull(payload.data);
    ck_assert_int_eq(log_read(world->log, ledger_head(world->ledger.ledger), &payload, &at), OK);
    arena_init(&arena, LOG_PAYLOAD_MAX);
    ck_assert_int_eq(event_decode(at.payload, &arena, &event), OK);
    ck_assert_uint_eq(event.code, EVENT_attempt_started);
    struct command command = about_post(story, COMMAND_record_outcome, 0);
    command.record_outcome.target_id = event.attempt_started.target_id;
    command.record_outcome.attempt_id = event.attempt_started.attempt_id;
    command.record_outcome.outcome = outcome;
    arena_done(&arena);
    free(payload.data);
    return command;
}

static inline void hold(struct story *story, bool on)
{
    struct world *world = &story->world;
    struct command command = {.code = on ? COMMAND_pause_workspace : COMMAND_resume_workspace,
                              .workspace_id = world->workspaces[0],
                              .stream = world->workspaces[0]};
    command.pause_workspace.workspace_id = world->workspaces[0];
    user_send(world, &command);
}

static inline void delete_workspace(struct story *story)
{
    struct world *world = &story->world;
    struct command command = {
        .code = COMMAND_delete_workspace, .workspace_id = world->workspaces[0], .stream = world->workspaces[0]};
    command.delete_workspace.workspace_id = world->workspaces[0];
    user_send(world, &command);
}

/* A plan of one bound, billed until an instant. */
static inline void plan(struct story *story, const char *what, uint64_t most, int64_t end_after_start_ms)
{
    struct world *world = &story->world;
    struct plan_limit limit = {.what = span_text(what), .most = most};
    struct command command = {.code = COMMAND_change_plan,
                              .workspace_id = world->workspaces[0],
                              .stream = world->workspaces[0],
                              .actor = ACTOR_OPERATOR};
    command.change_plan = (struct change_plan_command){.workspace_id = world->workspaces[0],
                                                       .plan = SPAN("team"),
                                                       .limits = &limit,
                                                       .limits_count = 1,
                                                       .period_start_ms = WORLD_T0,
                                                       .period_end_ms = WORLD_T0 + end_after_start_ms};
    user_send(world, &command);
}

static inline void platform_will(struct story *story, const char *path, enum model_fault fault, uint32_t times)
{
    struct model_rule rule = {.fault = fault, .times = times, .value_ms = 90000};
    (void)snprintf(rule.path, sizeof rule.path, "%s", path);
    ck_assert_int_eq(model_rule_add(story->world.model, &rule), OK);
    trace(&story->world, "platform", "will %s at %s", model_fault_word(fault), path);
}

#endif
