/* views_series.c: what an RPC client may ask about series, as HTTP's GETs tell it. Called by views.c's table. Must
 * never answer with what is not in the principal's workspace, nor with what goes to an account that the asker does not
 * see. */
#include "core/message/codec.h"
#include "projections/series.h"
#include "projections/views_internal.h"

enum err views_get_series(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct series_row row;
    TRY(views_args(request, &args));
    TRY(id_is_none(&args.series_id) ? ERR_MISSING : OK);
    TRY(series_get(request->txn, request->workspace_id, &args.series_id, request->arena, &row));
    TRY(series_sees(request->grant, &row) ? OK : ERR_NOT_FOUND);
    return present_series(&row, out);
}

enum err views_list_series(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct id after;
    struct series_row *rows = NULL;
    uint32_t count = 0;
    uint32_t shown = 0;
    TRY(views_args(request, &args));
    const bool resumes = args.cursor.len > 0;
    if (resumes) {
        TRY(id_parse(args.cursor, ID_SERIES, &after));
    }
    const uint32_t limit = (uint32_t)args.limit;
    TRY(series_list(request->txn, request->workspace_id, resumes ? &after : NULL, limit + 1, request->arena, &rows,
                    &count));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count && i < limit; i++) {
        if (series_sees(request->grant, &rows[i])) {
            buf_text(out, shown++ == 0 ? "" : ",");
            TRY(present_series(&rows[i], out));
        }
    }
    return views_end_page(count > limit ? &rows[limit - 1].series_id : NULL, out);
}
