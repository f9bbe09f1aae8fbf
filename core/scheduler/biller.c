/* biller.c: see biller.h. Called by main.c once a turn. An answer that is lost is as good as one: what the log does not
 * have is asked for again. */
#include "core/scheduler/biller.h"

#define COMMAND_WAIT_MS 10000
#define ARENA_MAX ((size_t)1 << 20)

static enum err load_billed(void *context, const struct id *workspace_id, struct arena *arena,
                            struct billed *ret_billed)
{
    return loader_billed(context, workspace_id, arena, ret_billed);
}

enum err biller_open(struct loader *loader, void (*random)(void *context, void *data, size_t len), void *random_context,
                     struct biller *biller)
{
    biller->loader = loader;
    biller->random = random;
    biller->random_context = random_context;
    arena_init(&biller->arena, ARENA_MAX);
    bills_init(&biller->bills);
    expiries_init(&biller->expiries);
    TRY(zones_open(&biller->zones));
    TRY(loader_bills(loader, &biller->bills));
    return loader_expiries(loader, &biller->expiries);
}

enum err biller_apply(struct biller *biller, const struct log_event *at, const struct event *event)
{
    TRY(bills_apply(&biller->bills, event));
    return expiries_apply(&biller->expiries, at, event);
}

void biller_close(struct biller *biller)
{
    if (biller->loader != NULL) {
        bills_done(&biller->bills);
        expiries_done(&biller->expiries);
        zones_close(biller->zones);
        arena_done(&biller->arena);
        biller->loader = NULL;
    }
}

/* On a thread of the wire's. */
static void answered(void *context, enum err err, const struct answer *answer)
{
    (void)context;
    (void)err;
    (void)answer;
}

void biller_turn(struct biller *biller, const struct agenda *agenda, struct client *client, int64_t now_ms)
{
    const struct bills_load load = {.zones = biller->zones,
                                    .context = biller->loader,
                                    .billed = load_billed,
                                    .random = biller->random,
                                    .random_context = biller->random_context};
    struct command command;
    int64_t wake_ms = 0; /* a turn comes every second */
    if (agenda_is_suspended(agenda) || agenda_is_clock_suspect(agenda)) {
        return;
    }
    enum err err = OK;
    arena_reset(&biller->arena);
    while (err == OK && bills_command(&biller->bills, &load, now_ms, &biller->arena, &command, &wake_ms)) {
        err = client_command(client, &command, NULL, COMMAND_WAIT_MS, answered, NULL);
        arena_reset(&biller->arena);
    }
    while (err == OK && expiries_command(&biller->expiries, now_ms, biller->random, biller->random_context, &command)) {
        err = client_command(client, &command, NULL, COMMAND_WAIT_MS, answered, NULL);
    }
}
