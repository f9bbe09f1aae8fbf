/* views_series.c: what an RPC client may ask about series, as HTTP's GETs tell it. Called by views.c's table. Must
 * never answer with what is not in the principal's workspace, nor with what goes to an account that the asker does not
 * see. */
#include "core/message/codec.h"
#include "projections/series.h"
#include "projections/views_internal.h"

static enum err read_series(const struct views_request *request, struct query_args *ret_args,
                            struct series_row *ret_series)
{
    TRY(views_args(request, ret_args));
    TRY(id_is_none(&ret_args->series_id) ? ERR_MISSING : OK);
    TRY(series_get(request->txn, request->workspace_id, &ret_args->series_id, request->arena, ret_series));
    return series_sees(request->grant, ret_series) ? OK : ERR_NOT_FOUND;
}

enum err views_get_series(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct series_row row;
    TRY(read_series(request, &args, &row));
    return present_series(&row, out);
}

enum err views_preview_series(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct series_row row;
    const struct present present = {
        .txn = request->txn, .zones = request->zones, .arena = request->arena, .now_ms = request->now_ms};
    TRY(read_series(request, &args, &row));
    return present_coming(&present, request->grant, &row, (uint32_t)args.limit, out);
}

static enum err put_page(const struct views_request *request, struct span cursor, uint32_t limit, struct buf *out)
{
    struct id after;
    struct series_row *rows = NULL;
    uint32_t count = 0;
    if (cursor.len > 0) {
        TRY(id_parse(cursor, ID_SERIES, &after));
    }
    TRY(series_list(request->txn, request->workspace_id, request->grant, cursor.len > 0 ? &after : NULL, limit + 1,
                    request->arena, &rows, &count));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count && i < limit; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_series(&rows[i], out));
    }
    return views_end_page(count > limit ? &rows[limit - 1].series_id : NULL, out);
}

enum err views_list_series(const struct views_request *request, struct buf *out)
{
    return views_page(request, put_page, out);
}
