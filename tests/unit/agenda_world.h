/* agenda_world.h: an agenda that is told events one by one, and what it is asked next. For the tests agenda*_test.c. */
#ifndef OPENPOST_UNIT_AGENDA_WORLD_H
#define OPENPOST_UNIT_AGENDA_WORLD_H

#include "core/scheduler/agenda.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "tests/ids.h"

#define T0 ((int64_t)1800000000000) /* the first post's instant */
#define DUE_MAX 64

struct world {
    struct agenda *agenda;
    uint64_t seq;
    uint64_t versions[64];
    struct agenda_due due[DUE_MAX];
    uint32_t count;
    int64_t wake_ms;
};

static inline struct id the_workspace(void)
{
    return id_number(ID_WORKSPACE, 1);
}

static inline enum err apply(struct world *world, int64_t time_ms, const struct event *event)
{
    world->seq++;
    const struct log_event at = {
        .seq = world->seq, .time_ms = time_ms, .workspace_id = the_workspace(), .version = world->seq};
    return agenda_apply(world->agenda, &at, event);
}

static inline void tell(struct world *world, int64_t time_ms, struct event event)
{
    ck_assert_int_eq(apply(world, time_ms, &event), OK);
}

static inline struct world world_new(void)
{
    struct world world = {0};
    ck_assert_int_eq(agenda_new(&world.agenda), OK);
    tell(&world, 1, (struct event){.code = EVENT_ledger_started, .ledger_started = {.epoch = 7}});
    tell(&world, 1,
         (struct event){
             .code = EVENT_workspace_created,
             .workspace_created = {.workspace_id = the_workspace(),
                                   .max_lateness_ms = MAX_LATENESS_DEFAULT_MS,
                                   .late_spacing_ms = LATE_SPACING_DEFAULT_MS}
    });
    return world;
}

static inline void connect(struct world *world, uint32_t account)
{
    tell(world, 2,
         (struct event){
             .code = EVENT_integration_connecting,
             .integration_connecting = {.integration_id = id_number(ID_INTEGRATION, account),
                                        .channel = CHANNEL_BLUESKY}
    });
    tell(world, 2,
         (struct event){.code = EVENT_integration_connected,
                        .integration_connected = {.integration_id = id_number(ID_INTEGRATION, account)}});
}

/* Post n goes with target n to an account. */
static inline void schedule(struct world *world, uint32_t n, uint32_t account, int64_t due_ms, int64_t not_after_ms)
{
    struct target_spec spec = {.target_id = id_number(ID_TARGET, n),
                               .integration_id = id_number(ID_INTEGRATION, account),
                               .channel = CHANNEL_BLUESKY};
    struct target_due due = {.target_id = id_number(ID_TARGET, n), .due_ms = due_ms};
    tell(
        world, 3,
        (struct event){
            .code = EVENT_post_created,
            .post_created = {
                             .post_id = id_number(ID_POST, n), .targets = &spec, .targets_count = 1, .not_after_ms = not_after_ms}
    });
    tell(world, 3,
         (struct event){
             .code = EVENT_post_scheduled,
             .post_scheduled = {
                                .post_id = id_number(ID_POST, n), .publish_at_ms = due_ms, .targets = &due, .targets_count = 1}
    });
}

static inline void lock(struct world *world, uint32_t n, uint32_t part_count, bool comment)
{
    struct locked_part parts[LOCKED_PARTS_MAX] = {0};
    parts[part_count].comment = comment;
    struct locked_target target = {
        .target_id = id_number(ID_TARGET, n), .parts = parts, .parts_count = part_count + comment};
    tell(world, 4,
         (struct event){
             .code = EVENT_post_locked,
             .post_locked = {.post_id = id_number(ID_POST, n), .targets = &target, .targets_count = 1}
    });
}

static inline void start(struct world *world, uint32_t n, uint32_t attempt, uint32_t part, int64_t now_ms)
{
    tell(world, now_ms,
         (struct event){
             .code = EVENT_attempt_started,
             .attempt_started = {.post_id = id_number(ID_POST, n),
                                 .target_id = id_number(ID_TARGET, n),
                                 .attempt_id = id_number(ID_ATTEMPT, attempt),
                                 .part = part,
                                 .fence = 7,
                                 .deadline_ms = now_ms + ATTEMPT_DEADLINE_MS}
    });
}

static inline void finish(struct world *world, uint32_t n, uint32_t attempt, uint32_t part, enum outcome outcome,
                          int64_t next_ms)
{
    tell(world, 5,
         (struct event){
             .code = EVENT_attempt_finished,
             .attempt_finished = {.post_id = id_number(ID_POST, n),
                                  .target_id = id_number(ID_TARGET, n),
                                  .attempt_id = id_number(ID_ATTEMPT, attempt),
                                  .part = part,
                                  .outcome = outcome,
                                  .next_ms = next_ms}
    });
}

static inline void published(struct world *world)
{
    tell(world, T0,
         (struct event){
             .code = EVENT_target_finished,
             .target_finished = {.target_id = id_number(ID_TARGET, 1), .status = TARGET_PUBLISHED}
    });
}

static inline void simple(struct world *world, uint32_t code)
{
    struct event event = {.code = code};
    switch (code) {
    case EVENT_workspace_paused:
        event.workspace_paused.workspace_id = the_workspace();
        break;
    case EVENT_workspace_resumed:
        event.workspace_resumed.workspace_id = the_workspace();
        break;
    case EVENT_integration_paused:
        event.integration_paused.integration_id = id_number(ID_INTEGRATION, 1);
        break;
    case EVENT_integration_resumed:
        event.integration_resumed.integration_id = id_number(ID_INTEGRATION, 1);
        break;
    case EVENT_queue_paused:
    case EVENT_queue_resumed:
        event.queue_paused.integration_id = id_number(ID_INTEGRATION, 1); /* both begin alike */
        break;
    case EVENT_integration_disconnected:
        event.integration_disconnected.integration_id = id_number(ID_INTEGRATION, 1);
        break;
    case EVENT_integration_connected:
        event.integration_connected.integration_id = id_number(ID_INTEGRATION, 1);
        break;
    default:
        break;
    }
    tell(world, 6, event);
}

static inline void next_max(struct world *world, int64_t now_ms, uint32_t max)
{
    agenda_next(world->agenda, now_ms, max, world->due, &world->count, &world->wake_ms);
}

static inline void next(struct world *world, int64_t now_ms)
{
    next_max(world, now_ms, DUE_MAX);
}

/* Exactly one action is due; its target is n. */
static inline void ck_one(struct world *world, int64_t now_ms, enum agenda_action action, uint32_t n)
{
    next(world, now_ms);
    ck_assert_uint_eq(world->count, 1);
    ck_assert_int_eq(world->due[0].action, action);
    const struct id target = id_number(ID_TARGET, n);
    ck_assert(id_equal(&world->due[0].target_id, &target));
}

static inline void ck_none_until(struct world *world, int64_t now_ms, int64_t wake_ms)
{
    next(world, now_ms);
    ck_assert_uint_eq(world->count, 0);
    ck_assert_int_eq(world->wake_ms, wake_ms);
}

/* A locked post of one part, due at T0. */
static inline struct world world_locked(uint32_t part_count, bool comment)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    lock(&world, 1, part_count, comment);
    return world;
}

static inline struct agenda_target open_attempt(uint64_t fence)
{
    return (struct agenda_target){.workspace_id = the_workspace(),
                                  .post_id = id_number(ID_POST, 1),
                                  .target_id = id_number(ID_TARGET, 1),
                                  .integration_id = id_number(ID_INTEGRATION, 1),
                                  .channel = CHANNEL_BLUESKY,
                                  .status = TARGET_ATTEMPTING,
                                  .locked = true,
                                  .publish_at_ms = T0,
                                  .due_ms = T0,
                                  .part_count = 1,
                                  .attempt_id = id_number(ID_ATTEMPT, 1),
                                  .attempt_open = true,
                                  .fence = fence,
                                  .deadline_ms = T0 + ATTEMPT_DEADLINE_MS};
}

#endif
