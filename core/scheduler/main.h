/* main.h: the scheduler's process. */
#ifndef OPENPOST_SCHEDULER_MAIN_H
#define OPENPOST_SCHEDULER_MAIN_H

#include "core/scheduler/bills.h"
#include "core/scheduler/dispatch.h"
#include "core/scheduler/expiries.h"
#include "core/scheduler/rota.h"

/* What the composition root knows and the scheduler does not: the channels, and the read models in DATA/views. */
struct scheduler_parts {
    struct channel_list channels;
    /* open opens the read models for reading; ERR_NOT_FOUND: not there yet. close accepts NULL. */
    enum err (*open)(const char *path, void **ret_views);
    void (*close)(void *views);
    /* Between begin and end what is loaded lives; under a second. */
    enum err (*begin)(void *views);
    void (*end)(void *views);
    /* Fills an empty agenda as of *ret_position or later, outside begin and end. */
    enum err (*restore)(void *views, struct agenda *agenda, uint64_t *ret_position);
    /* Fill empty bills and expiries, likewise; what a bill needs, within begin and end. */
    enum err (*bills)(void *views, struct bills *bills);
    enum err (*expiries)(void *views, struct expiries *expiries);
    enum err (*billed)(void *views, const struct id *workspace_id, struct arena *arena, struct billed *ret_billed);
    /* Fills an empty rota, likewise; what a look needs, within begin and end: zones and random are empty. */
    enum err (*rota)(void *views, struct rota *rota);
    struct rota_load (*rota_load)(void *views);
    enum err (*post)(void *views, const struct id *post_id, struct arena *arena, struct dispatch_post *ret_post);
    enum err (*payload)(void *views, const struct id *post_id, const struct id *target_id, struct arena *arena,
                        struct dispatch_payload *ret_payload);
    /* Without credentials: they are in the vault, under vault_id. */
    enum err (*account)(void *views, const struct id *integration_id, bool connecting, struct arena *arena,
                        struct dispatch_account *ret_account);
    enum err (*open_targets)(void *views, const struct id *post_id, uint64_t position, struct arena *arena,
                             struct agenda_target **ret_rows, uint32_t *ret_count);
};

/* scheduler_main: openpost scheduler --data DIR --ledger URL --events URL [--adapter CHANNEL=URL]… [--keyless]. Returns
 * the process's exit code. */
int scheduler_main(int argc, char **argv, const struct scheduler_parts *parts);

#endif
