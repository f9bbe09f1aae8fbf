/* planner.c: see planner.h. Called by main.c once a turn, behind what is due. */
#include "core/scheduler/planner.h"

#define COMMAND_WAIT_MS 10000
#define ARENA_MAX ((size_t)8 << 20) /* a series' text, and a look at its posts */
#define COMMANDS_A_TURN 64          /* posts that are due go first */

enum err planner_open(struct loader *loader, void (*random)(void *context, void *data, size_t len),
                      void *random_context, struct planner *planner)
{
    arena_init(&planner->arena, ARENA_MAX);
    rota_init(&planner->rota);
    planner->is_open = true;
    TRY(biller_open(loader, random, random_context, &planner->biller));
    return loader_rota(loader, &planner->rota);
}

void planner_close(struct planner *planner)
{
    if (planner->is_open) {
        biller_close(&planner->biller);
        rota_done(&planner->rota);
        arena_done(&planner->arena);
        planner->is_open = false;
    }
}

enum err planner_apply(struct planner *planner, const struct log_event *at, const struct event *event)
{
    TRY(biller_apply(&planner->biller, at, event));
    return rota_apply(&planner->rota, event);
}

/* On a thread of the wire's. */
static void answered(void *context, enum err err, const struct answer *answer)
{
    (void)context;
    (void)err;
    (void)answer;
}

static void turn_rota(struct planner *planner, struct client *client, int64_t now_ms)
{
    struct rota_load load = loader_rota_load(planner->biller.loader);
    struct command command;
    int64_t wake_ms = 0;
    enum err err = OK;
    load.zones = planner->biller.zones;
    load.random = planner->biller.random;
    load.random_context = planner->biller.random_context;
    for (uint32_t i = 0; i < COMMANDS_A_TURN && err == OK; i++) {
        arena_reset(&planner->arena);
        if (!rota_command(&planner->rota, &load, now_ms, &planner->arena, &command, &wake_ms)) {
            return;
        }
        err = client_command(client, &command, NULL, COMMAND_WAIT_MS, answered, NULL);
    }
}

void planner_turn(struct planner *planner, const struct agenda *agenda, struct client *client, int64_t now_ms)
{
    if (!agenda_is_suspended(agenda) && !agenda_is_clock_suspect(agenda)) {
        biller_turn(&planner->biller, agenda, client, now_ms);
        turn_rota(planner, client, now_ms);
    }
}
