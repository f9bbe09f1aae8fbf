/* bench_series.c: what it costs to make the posts of series: the ledger's part against a plain POST of the same text to
 * the same account at the same instant, and the scheduler's look that finds what is missing against the ledger's part.
 * Called by bench_schedule.c. The scheduler's own rota asks, with the read models that it has in a service. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/calendar/instant.h"
#include "projections/rota_views.h"
#include "projections/series.h"
#include "tools/benchmarks/bench_schedule.h"

#define SERIES 256       /* so that none is made further ahead than it may be */
#define STEP CROWD_GROUP /* of these are asked for one post each in a commit */
#define STEPS (CROWD_POSTS / STEP)
#define ARENA_MAX ((size_t)64 << 20)
#define DATE_LEN 10

struct series_side {
    struct crowd *crowd;
    struct dispatch_views views;
    struct rota rota;
    struct arena arena;
    struct random_pool pool;
    struct id series[SERIES];
    struct command commands[STEP];
    int64_t instants[CROWD_POSTS]; /* of the posts of the last round */
    struct crowd_job *jobs;
};

static enum err create_series(struct series_side *side, unsigned number)
{
    const struct crowd *crowd = side->crowd;
    char text[CROWD_TEXT_MAX];
    char start[40];
    struct buf written = buf_of(text, sizeof text);
    struct buf date = buf_of(start, sizeof start);
    struct content_part part;
    crowd_text(crowd, number, &written);
    instant_write(&date, crowd->now_ms + 2 * DAY_MS);
    part = (struct content_part){.text = buf_span(&written)};
    side->series[number] = bench_id(ID_SERIES);
    struct target_spec target = {.target_id =
                                     id_derive(ID_TARGET, &side->series[number], &crowd->author.integration_id),
                                 .integration_id = crowd->author.integration_id,
                                 .channel = CHANNEL_BLUESKY};
    struct command command = {
        .code = COMMAND_create_series, .workspace_id = crowd->author.workspace_id, .stream = side->series[number]};
    command.create_series = (struct create_series_command){.series_id = side->series[number],
                                                           .timezone = SPAN("Europe/Berlin"),
                                                           .frequency = FREQUENCY_DAILY,
                                                           .every = 1,
                                                           .time = SPAN("09:30"),
                                                           .start = span_of(start, DATE_LEN),
                                                           .parts = &part,
                                                           .parts_count = 1,
                                                           .targets = &target,
                                                           .targets_count = 1};
    return crowd_tell(side->crowd, &command);
}

/* Asks the rota for the next post of each series. What it gives borrows from the views' transaction, which ends behind
 * the commit. */
static enum err look(struct series_side *side, uint64_t step, struct turn_cost *sum)
{
    struct rota_load load = rota_views_load(&side->views);
    int64_t wake_ms = 0;
    load.zones = side->crowd->zones;
    load.random = random_draw;
    load.random_context = &side->pool;
    arena_reset(&side->arena);
    for (unsigned i = 0; i < STEP; i++) {
        TRY(rota_restore(&side->rota, &side->series[(step * STEP + i) % SERIES])); /* as its last post's event does */
    }
    const int64_t start_us = clock_monotonic_us();
    const int64_t cpu_start_us = clock_thread_us();
    for (unsigned i = 0; i < STEP; i++) {
        struct command *command = &side->commands[i];
        if (!rota_command(&side->rota, &load, side->crowd->now_ms, &side->arena, command, &wake_ms) ||
            command->code != COMMAND_make_instance) {
            return ERR_CONFLICT;
        }
        side->instants[step * STEP + i] = command->make_instance.at_ms;
    }
    sum->us += (double)(clock_monotonic_us() - start_us);
    sum->cpu_us += (double)(clock_thread_us() - cpu_start_us);
    return OK;
}

/* One more post of each series, and whether each is as it must be. */
static enum err step_views(struct series_side *side, uint64_t step, struct turn_cost *looks, struct turn_cost *gives)
{
    const struct command *commands[STEP];
    struct crowd_want wants[STEP];
    struct turn_cost cost;
    TRY(look(side, step, looks));
    for (unsigned i = 0; i < STEP; i++) {
        commands[i] = &side->commands[i];
        wants[i] = (struct crowd_want){.status = POST_SCHEDULED,
                                       .publish_at_ms = side->commands[i].make_instance.at_ms,
                                       .text = side->commands[i].make_instance.parts[0].text,
                                       .series_id = side->commands[i].make_instance.series_id};
    }
    TRY(crowd_give(side->crowd, commands, STEP, &cost));
    gives->us += cost.us * STEP;
    gives->cpu_us += cost.cpu_us * STEP;
    for (unsigned i = 0; i < STEP; i++) {
        TRY(crowd_check(side->crowd, &side->crowd->author.workspace_id, &side->commands[i].stream, &wants[i]));
    }
    return OK;
}

static enum err make_round(struct series_side *side, struct turn_cost *ret_look, struct turn_cost *ret_give)
{
    struct turn_cost looks = {.us = 0};
    struct turn_cost gives = {.us = 0};
    side->crowd->now_ms += SECOND_MS;
    for (uint64_t step = 0; step < STEPS; step++) {
        TRY(dispatch_views_begin(&side->views));
        const enum err err = step_views(side, step, &looks, &gives);
        dispatch_views_end(&side->views);
        TRY(err);
    }
    *ret_look = (struct turn_cost){.us = looks.us / CROWD_POSTS, .cpu_us = looks.cpu_us / CROWD_POSTS};
    *ret_give = (struct turn_cost){.us = gives.us / CROWD_POSTS, .cpu_us = gives.cpu_us / CROWD_POSTS};
    return OK;
}

static enum err take_series(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct turn_cost other;
    (void)round;
    return make_round(context, &other, ret_cost);
}

static enum err give_plain(struct series_side *side, unsigned first, struct turn_cost *sum)
{
    const struct crowd *crowd = side->crowd;
    struct turn_cost cost;
    for (unsigned i = 0; i < CROWD_ROUND; i++) {
        const int64_t at_ms = side->instants[first + i] == 0 ? crowd->now_ms + 3 * DAY_MS : side->instants[first + i];
        crowd_job_extra(crowd, &crowd->author, (first + i) % SERIES, at_ms, &side->jobs[i]);
    }
    TRY(crowd_give_jobs(side->crowd, side->jobs, CROWD_ROUND, &cost));
    sum->us += cost.us * CROWD_ROUND;
    sum->cpu_us += cost.cpu_us * CROWD_ROUND;
    return OK;
}

/* The same posts without a series: of the round before, or the one to come, whose instants are a day apart. */
static enum err take_plain(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct series_side *side = context;
    struct turn_cost sum = {.us = 0};
    (void)round;
    side->crowd->now_ms += SECOND_MS;
    for (unsigned first = 0; first < CROWD_POSTS; first += CROWD_ROUND) {
        TRY(give_plain(side, first, &sum));
    }
    *ret_cost = (struct turn_cost){.us = sum.us / CROWD_POSTS, .cpu_us = sum.cpu_us / CROWD_POSTS};
    return OK;
}

/* One round is made, its two parts are two works. */
struct part_costs {
    struct series_side *side;
    struct turn_cost looks[TURNS_MAX];
    struct turn_cost gives[TURNS_MAX];
    bool made[TURNS_MAX];
};

static enum err make_once(struct part_costs *costs, uint64_t round)
{
    if (costs->made[round]) {
        return OK;
    }
    costs->made[round] = true;
    return make_round(costs->side, &costs->looks[round], &costs->gives[round]);
}

static enum err take_look(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct part_costs *costs = context;
    TRY(make_once(costs, round));
    *ret_cost = costs->looks[round];
    return OK;
}

static enum err take_give(void *context, uint64_t round, struct turn_cost *ret_cost)
{
    struct part_costs *costs = context;
    TRY(make_once(costs, round));
    *ret_cost = costs->gives[round];
    return OK;
}

/* Each series has as many posts as were asked for, one for each day. */
static enum err check_all(struct bench *bench, const struct series_side *side, uint32_t wanted)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    enum err err = store_begin(side->crowd->parts.views, false, &txn);
    for (unsigned i = 0; err == OK && i < SERIES; i++) {
        struct instance_row *instances = NULL;
        uint32_t count = 0;
        err = series_instances(txn, &side->series[i], 0, wanted + 1, &arena, &instances, &count);
        if (err == OK && count != wanted) {
            bench_broken(bench, "schedule, a series' post", "a series has other posts than were made");
            break;
        }
    }
    arena_done(&arena);
    return err;
}

static enum err run(struct bench *bench, struct series_side *side)
{
    double ratio = 0;
    struct part_costs costs = {.side = side};
    for (unsigned i = 0; i < SERIES; i++) {
        TRY(create_series(side, i));
    }
    TRY(turns_show(bench, "schedule, a series' post", "a POST of the same", (struct turn){take_series, side},
                   (struct turn){take_plain, side}, &ratio));
    bench_goal(bench, GOAL_SERIES, ratio);
    TRY(turns_show(bench, "schedule, the look that asks for it", "the ledger's part", (struct turn){take_look, &costs},
                   (struct turn){take_give, &costs}, NULL));
    return check_all(bench, side, 2 * bench->rounds * CROWD_POSTS / SERIES);
}

enum err bench_series(struct bench *bench, struct crowd *crowd)
{
    struct series_side *side = calloc(1, sizeof *side);
    struct crowd_job *jobs = calloc(CROWD_ROUND, sizeof *jobs);
    enum err err = side == NULL || jobs == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK) {
        side->crowd = crowd;
        side->jobs = jobs;
        side->views.store = crowd->parts.views;
        arena_init(&side->arena, ARENA_MAX);
        rota_init(&side->rota);
        err = run(bench, side);
        rota_done(&side->rota);
        arena_done(&side->arena);
    }
    free(jobs);
    free(side);
    return err;
}
