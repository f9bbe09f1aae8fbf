/* rota_views.c: see rota_views.h. Called by the scheduler's process through its parts. Must never write. */
#include "projections/rota_views.h"

#include "core/base/limits.h"
#include "core/message/post_content.h"
#include "projections/access.h"
#include "projections/posts.h"
#include "projections/series.h"

#define SERIES_AT_A_TIME 1000
#define ARENA_MAX ((size_t)256 << 20)

static enum err txn_of(void *context, struct store_txn **ret_txn)
{
    const struct dispatch_views *views = context;
    *ret_txn = views->txn;
    return views->txn != NULL ? OK : ERR_CLOSED;
}

static enum err load_series(void *context, const struct id *series_id, struct arena *arena,
                            struct rota_series *ret_series)
{
    struct store_txn *txn;
    struct series_row row;
    struct workspace_row workspace;
    int64_t minute = 0;
    TRY(txn_of(context, &txn));
    TRY(series_get(txn, NULL, series_id, arena, &row));
    TRY(access_workspace(txn, &row.workspace_id, arena, &workspace));
    TRY(workspace.deleted_ms != 0 ? ERR_NOT_FOUND : OK);
    TRY(series_progress(txn, series_id, row.generation, arena, &minute));
    *ret_series = (struct rota_series){.series_id = row.series_id,
                                       .workspace_id = row.workspace_id,
                                       .author_id = row.author_id,
                                       .editor_id = row.editor_id,
                                       .version = row.version,
                                       .status = (uint32_t)row.status,
                                       .keep = row.keep,
                                       .generation = row.generation,
                                       .since_ms = row.since_ms,
                                       .made_minute = minute,
                                       .seq = row.seq};
    SERIES_RULE_COPY(&ret_series->rule, &row);
    POST_CONTENT_COPY(&ret_series->content, &row);
    return OK;
}

static enum err read_instance(const struct instance_row *row, struct rota_post *ret_post)
{
    *ret_post = (struct rota_post){.post_id = row->post_id,
                                   .generation = row->generation,
                                   .series_version = row->series_version,
                                   .follows = row->state == INSTANCE_FOLLOWS};
    return local_read(row->local, &ret_post->local) ? OK : ERR_ALTERED;
}

static int64_t minute_of(struct local_time local)
{
    return local.day * MINUTES_PER_DAY + local.minute;
}

static enum err load_posts(void *context, const struct id *series_id, struct local_time from, struct arena *arena,
                           struct rota_post **ret_posts, uint32_t *ret_count)
{
    struct store_txn *txn;
    struct instance_row *rows = NULL;
    uint32_t count = 0;
    TRY(txn_of(context, &txn));
    TRY(series_instances(txn, series_id, minute_of(from), ROTA_POSTS_MAX, arena, &rows, &count));
    struct rota_post *posts = arena_alloc(arena, (count + 1) * sizeof *posts);
    if (posts == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(read_instance(&rows[i], &posts[i]));
    }
    *ret_posts = posts;
    *ret_count = count;
    return OK;
}

static enum err load_taken(void *context, const struct id *series_id, int64_t day, uint64_t generation,
                           struct arena *arena)
{
    struct store_txn *txn;
    struct instance_row row;
    TRY(txn_of(context, &txn));
    return series_day(txn, series_id, day, generation, arena, &row);
}

static enum err load_version(void *context, const struct id *post_id, int64_t now_ms, struct arena *arena,
                             uint64_t *ret_version)
{
    struct store_txn *txn;
    struct post_view post;
    TRY(txn_of(context, &txn));
    TRY(posts_get(txn, NULL, post_id, arena, &post));
    const bool is_open = post.row.status == POST_DRAFT ||
                         (post.row.status == POST_SCHEDULED && now_ms < post.row.publish_at_ms - LOCK_AHEAD_MS);
    *ret_version = post.row.version;
    return is_open ? OK : ERR_NOT_FOUND;
}

struct rota_load rota_views_load(struct dispatch_views *views)
{
    return (struct rota_load){
        .context = views, .series = load_series, .posts = load_posts, .taken = load_taken, .version = load_version};
}

/* Up to SERIES_AT_A_TIME after *after. */
static enum err fill_some(struct store_txn *txn, struct arena *arena, struct rota *rota, struct id *after,
                          bool *ret_more)
{
    struct series_row *rows = NULL;
    uint32_t count = 0;
    TRY(series_scan(txn, after, SERIES_AT_A_TIME, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        TRY(rota_restore(rota, &rows[i].series_id));
        *after = rows[i].series_id;
    }
    *ret_more = count == SERIES_AT_A_TIME;
    return OK;
}

enum err rota_views_fill(struct dispatch_views *views, struct rota *rota)
{
    struct arena arena;
    struct id after = {0};
    enum err err = OK;
    arena_init(&arena, ARENA_MAX);
    for (bool more = true; more && err == OK;) {
        err = dispatch_views_begin(views);
        arena_reset(&arena);
        err = err == OK ? fill_some(views->txn, &arena, rota, &after, &more) : err;
        dispatch_views_end(views);
    }
    arena_done(&arena);
    return err;
}
