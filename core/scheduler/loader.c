/* loader.c: see loader.h. Called by dispatch through its options, within a turn's transaction. Must never keep what it
 * read, nor a secret longer than it takes to box it. */
#include "core/scheduler/loader.h"

/* Passes on what a look at the read models led to. */
static enum err looked(struct loader *loader, enum err err)
{
    loader->damaged = loader->damaged || err == ERR_ALTERED || err == ERR_VERSION;
    return err;
}

static enum err load_post(void *context, const struct id *post_id, struct arena *arena, struct dispatch_post *ret_post)
{
    struct loader *loader = context;
    return looked(loader, loader->parts->post(loader->views, post_id, arena, ret_post));
}

static enum err load_payload(void *context, const struct id *post_id, const struct id *target_id, struct arena *arena,
                             struct dispatch_payload *ret_payload)
{
    struct loader *loader = context;
    return looked(loader, loader->parts->payload(loader->views, post_id, target_id, arena, ret_payload));
}

static enum err load_open(void *context, const struct id *post_id, uint64_t position, struct arena *arena,
                          struct agenda_target **ret_rows, uint32_t *ret_count)
{
    struct loader *loader = context;
    return looked(loader, loader->parts->open_targets(loader->views, post_id, position, arena, ret_rows, ret_count));
}

static enum err load_account(void *context, const struct agenda_due *due, const struct id *job_id, struct arena *arena,
                             struct dispatch_account *ret_account)
{
    struct loader *loader = context;
    struct dispatch_account account;
    const enum err err = looked(loader, loader->parts->account(loader->views, &due->integration_id,
                                                               due->action == AGENDA_CONNECT, arena, &account));
    TRY(err == ERR_NOT_FOUND ? ERR_BUSY : err); /* the read model is a moment behind */
    if (id_is_none(&account.vault_id)) {
        return ERR_NOT_FOUND;
    }
    uint8_t nonce[12];
    loader->random(nonce, sizeof nonce);
    TRY(keys_box_secret(&loader->keys, loader->vault, &account.vault_id, due->channel, job_id, nonce, arena,
                        &account.credentials));
    *ret_account = account;
    return OK;
}

enum err loader_open(struct loader *loader, const char *path)
{
    return looked(loader, loader->parts->open(path, &loader->views));
}

enum err loader_look(struct loader *loader)
{
    TRY(looked(loader, loader->parts->begin(loader->views)));
    loader->parts->end(loader->views);
    return OK;
}

struct dispatch_load loader_of(struct loader *loader)
{
    return (struct dispatch_load){
        .context = loader, .post = load_post, .payload = load_payload, .account = load_account, .open = load_open};
}

enum err loader_restore(struct loader *loader, struct agenda *agenda, uint64_t *ret_position)
{
    return looked(loader, loader->parts->restore(loader->views, agenda, ret_position));
}

enum err loader_bills(struct loader *loader, struct bills *bills)
{
    return looked(loader, loader->parts->bills(loader->views, bills));
}

enum err loader_expiries(struct loader *loader, struct expiries *expiries)
{
    return looked(loader, loader->parts->expiries(loader->views, expiries));
}

enum err loader_billed(struct loader *loader, const struct id *workspace_id, struct arena *arena,
                       struct billed *ret_billed)
{
    return looked(loader, loader->parts->billed(loader->views, workspace_id, arena, ret_billed));
}

enum err loader_rota(struct loader *loader, struct rota *rota)
{
    return looked(loader, loader->parts->rota(loader->views, rota));
}

static struct rota_load views_load(const struct loader *loader)
{
    return loader->parts->rota_load(loader->views);
}

static enum err load_series(void *context, const struct id *series_id, struct arena *arena,
                            struct rota_series *ret_series)
{
    struct loader *loader = context;
    return looked(loader, views_load(loader).series(loader->views, series_id, arena, ret_series));
}

static enum err load_posts(void *context, const struct id *series_id, struct local_time from, struct arena *arena,
                           struct rota_post **ret_posts, uint32_t *ret_count)
{
    struct loader *loader = context;
    return looked(loader, views_load(loader).posts(loader->views, series_id, from, arena, ret_posts, ret_count));
}

static enum err load_taken(void *context, const struct id *series_id, int64_t day, uint64_t generation,
                           struct arena *arena)
{
    struct loader *loader = context;
    return looked(loader, views_load(loader).taken(loader->views, series_id, day, generation, arena));
}

static enum err load_version(void *context, const struct id *post_id, int64_t now_ms, struct arena *arena,
                             uint64_t *ret_version)
{
    struct loader *loader = context;
    return looked(loader, views_load(loader).version(loader->views, post_id, now_ms, arena, ret_version));
}

struct rota_load loader_rota_load(struct loader *loader)
{
    return (struct rota_load){
        .context = loader, .series = load_series, .posts = load_posts, .taken = load_taken, .version = load_version};
}
