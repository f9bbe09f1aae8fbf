/* scheduler_parts.c: see scheduler_parts.h. Called by openpost.c for the subcommand scheduler. */
#include "tools/scheduler_parts.h"

#include <stdlib.h>

#include "projections/dispatch_views.h"
#include "projections/rota_views.h"
#include "tools/parts.h"

static enum err open_views(const char *path, void **ret_views)
{
    struct dispatch_views *views = calloc(1, sizeof *views);
    if (views == NULL) {
        return ERR_NO_MEMORY;
    }
    const enum err err = store_lmdb_open(path, VIEWS_MAP_BYTES, true, &views->store);
    if (err != OK) {
        free(views);
        return err;
    }
    *ret_views = views;
    return OK;
}

static void close_views(void *context)
{
    struct dispatch_views *views = context;
    if (views != NULL) {
        dispatch_views_end(views);
        store_close(views->store);
        free(views);
    }
}

static enum err begin(void *context)
{
    return dispatch_views_begin(context);
}

static void end(void *context)
{
    dispatch_views_end(context);
}

static enum err restore(void *context, struct agenda *agenda, uint64_t *ret_position)
{
    return dispatch_views_restore(context, agenda, ret_position);
}

static enum err fill_bills(void *context, struct bills *bills)
{
    return dispatch_views_bills(context, bills);
}

static enum err fill_expiries(void *context, struct expiries *expiries)
{
    return dispatch_views_expiries(context, expiries);
}

static enum err fill_rota(void *context, struct rota *rota)
{
    return rota_views_fill(context, rota);
}

static struct rota_load rota_load(void *context)
{
    return rota_views_load(context);
}

struct scheduler_parts scheduler_parts_with(struct channel_list channels)
{
    return (struct scheduler_parts){.channels = channels,
                                    .open = open_views,
                                    .close = close_views,
                                    .begin = begin,
                                    .end = end,
                                    .restore = restore,
                                    .bills = fill_bills,
                                    .expiries = fill_expiries,
                                    .billed = dispatch_views_billed,
                                    .rota = fill_rota,
                                    .rota_load = rota_load,
                                    .post = dispatch_views_post,
                                    .payload = dispatch_views_payload,
                                    .account = dispatch_views_account,
                                    .open_targets = dispatch_views_open};
}
