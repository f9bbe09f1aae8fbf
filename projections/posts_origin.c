/* posts_origin.c: what a post was made of, as far as who asks sees it: another post, a template, a series, which may go
 * to other accounts than the post. Called by present.c and posts_list.c. Must never look at anything for who sees all
 * accounts. */
#include "projections/posts_internal.h"
#include "projections/series.h"
#include "projections/templates.h"

static enum err sees_post(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                          const struct id *id, struct arena *arena, bool *ret_sees)
{
    struct post_row row;
    TRY(posts_get_ever(txn, workspace_id, id, arena, &row));
    *ret_sees = posts_sees(grant, &row);
    return OK;
}

static enum err sees_template(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                              const struct id *id, struct arena *arena, bool *ret_sees)
{
    struct template_row row;
    TRY(templates_get(txn, workspace_id, id, arena, &row));
    *ret_sees = templates_sees(grant, &row);
    return OK;
}

static enum err sees_series(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                            const struct id *id, struct arena *arena, bool *ret_sees)
{
    struct series_row row;
    TRY(series_get(txn, workspace_id, id, arena, &row));
    *ret_sees = series_sees(grant, &row);
    return OK;
}

/* What is gone is not seen, for nobody can tell whom it was there for. */
static enum err sees(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                     const struct id *id, struct arena *arena, bool *ret_sees)
{
    const struct arena_mark mark = arena_mark(arena);
    enum err err = ERR_NOT_FOUND;
    *ret_sees = false;
    if (id->kind == ID_POST) {
        err = sees_post(txn, workspace_id, grant, id, arena, ret_sees);
    } else if (id->kind == ID_TEMPLATE) {
        err = sees_template(txn, workspace_id, grant, id, arena, ret_sees);
    } else if (id->kind == ID_SERIES) {
        err = sees_series(txn, workspace_id, grant, id, arena, ret_sees);
    }
    arena_rewind(arena, mark);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err conceal(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                        struct arena *arena, struct id *id)
{
    bool seen = true;
    if (!id_is_none(id)) {
        TRY(sees(txn, workspace_id, grant, id, arena, &seen));
    }
    *id = seen ? *id : (struct id){0};
    return OK;
}

enum err posts_origin(struct store_txn *txn, const struct grant *grant, const struct post_row *post,
                      struct arena *arena, struct post_origin *ret_origin)
{
    struct post_origin origin = {
        .duplicate_of = post->duplicate_of, .template_id = post->template_id, .series_id = post->series_id};
    if (grant != NULL && grant->restricted) {
        TRY(conceal(txn, &post->workspace_id, grant, arena, &origin.duplicate_of));
        TRY(conceal(txn, &post->workspace_id, grant, arena, &origin.template_id));
        TRY(conceal(txn, &post->workspace_id, grant, arena, &origin.series_id));
    }
    *ret_origin = origin;
    return OK;
}

/* Leaves those of a filter's ids that are seen. */
static enum err keep_seen(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                          struct arena *arena, const struct id **ids, uint32_t *count)
{
    struct id *kept = arena_alloc(arena, (*count + 1) * sizeof *kept);
    uint32_t kept_count = 0;
    TRY(kept == NULL ? ERR_NO_MEMORY : OK);
    for (uint32_t i = 0; i < *count; i++) {
        bool seen = false;
        TRY(sees(txn, workspace_id, grant, &(*ids)[i], arena, &seen));
        kept[kept_count] = (*ids)[i];
        kept_count += seen ? 1 : 0;
    }
    *ids = kept;
    *count = kept_count;
    return OK;
}

enum err posts_filter_seen(struct store_txn *txn, const struct id *workspace_id, struct arena *arena,
                           struct post_filter *filter, bool *ret_any)
{
    const bool by_series = filter->series_count > 0;
    const bool by_template = filter->template_count > 0;
    if (filter->seen_by != NULL && filter->seen_by->restricted && (by_series || by_template)) {
        const struct grant *grant = filter->seen_by;
        TRY(keep_seen(txn, workspace_id, grant, arena, &filter->series, &filter->series_count));
        TRY(keep_seen(txn, workspace_id, grant, arena, &filter->templates, &filter->template_count));
    }
    *ret_any = (!by_series || filter->series_count > 0) && (!by_template || filter->template_count > 0);
    return OK;
}
