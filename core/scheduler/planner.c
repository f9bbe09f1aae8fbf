/* planner.c: see planner.h. Called by main.c once a turn, behind what is due. */
#include "core/scheduler/planner.h"

#include <stdlib.h>

#define COMMAND_WAIT_MS 10000
#define ARENA_MAX ((size_t)8 << 20) /* a series' text, and a look at its posts */
#define COMMANDS_A_TURN 64          /* posts that are due go first */

enum err planner_open(struct loader *loader, void (*random)(void *context, void *data, size_t len),
                      void *random_context, struct planner *planner)
{
    arena_init(&planner->arena, ARENA_MAX);
    rota_init(&planner->rota);
    snags_init(&planner->snags);
    planner->is_open = true;
    TRY(biller_open(loader, random, random_context, &planner->biller));
    return loader_rota(loader, &planner->rota);
}

void planner_close(struct planner *planner)
{
    if (planner->is_open) {
        biller_close(&planner->biller);
        rota_done(&planner->rota);
        snags_done(&planner->snags);
        arena_done(&planner->arena);
        planner->is_open = false;
    }
}

enum err planner_apply(struct planner *planner, const struct log_event *at, const struct event *event)
{
    TRY(biller_apply(&planner->biller, at, event));
    return rota_apply(&planner->rota, event);
}

/* A command on its way. */
struct asked {
    struct snags *snags;
    struct id series_id, post_id;
    uint32_t asks;
};

/* On a thread of the wire's. */
static void answered(void *context, enum err err, const struct answer *answer)
{
    struct asked *asked = context;
    const enum refusal refusal = err == OK ? (enum refusal)answer->refusal : ACCEPTED;
    snags_answered(asked->snags, &asked->series_id, &asked->post_id, err, refusal, asked->asks);
    free(asked);
}

static enum err ask(struct planner *planner, struct client *client, const struct command *command)
{
    const struct rota *rota = &planner->rota;
    struct asked *asked = malloc(sizeof *asked);
    enum err err = asked != NULL ? OK : ERR_NO_MEMORY;
    if (err == OK) {
        *asked = (struct asked){
            .snags = &planner->snags, .series_id = rota->asking_id, .post_id = command->stream, .asks = rota->asks};
        err = client_command(client, command, NULL, COMMAND_WAIT_MS, answered, asked);
    }
    if (err != OK) {
        snags_failed(&planner->snags, &rota->asking_id, &command->stream, err);
        free(asked);
    }
    return err;
}

static bool next_command(struct planner *planner, const struct rota_load *load, int64_t now_ms,
                         struct command *ret_command)
{
    struct rota_failure *failure = &planner->rota.failure;
    int64_t wake_ms = 0;
    arena_reset(&planner->arena);
    const bool any = rota_command(&planner->rota, load, now_ms, &planner->arena, ret_command, &wake_ms);
    if (failure->times > 0) {
        snags_failed(&planner->snags, &failure->series_id, NULL, failure->err);
        failure->times = 0;
    }
    return any;
}

static void turn_rota(struct planner *planner, struct client *client, int64_t now_ms)
{
    struct rota_load load = loader_rota_load(planner->biller.loader);
    struct command command;
    enum err err = OK;
    load.zones = planner->biller.zones;
    load.random = planner->biller.random;
    load.random_context = planner->biller.random_context;
    for (uint32_t i = 0; i < COMMANDS_A_TURN && err == OK && next_command(planner, &load, now_ms, &command); i++) {
        err = ask(planner, client, &command);
    }
}

void planner_turn(struct planner *planner, const struct agenda *agenda, struct client *client, int64_t now_ms)
{
    if (!agenda_is_suspended(agenda) && !agenda_is_clock_suspect(agenda)) {
        biller_turn(&planner->biller, agenda, client, now_ms);
        turn_rota(planner, client, now_ms);
    }
}
