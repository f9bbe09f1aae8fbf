/* views_template.c: what an RPC client may ask about templates, as HTTP's GETs tell it. Called by views.c's table. Must
 * never answer with what is not in the principal's workspace. */
#include "core/message/codec.h"
#include "projections/templates.h"
#include "projections/views_internal.h"

enum err views_get_template(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct template_row template;
    TRY(views_args(request, &args));
    TRY(id_is_none(&args.template_id) ? ERR_MISSING : OK);
    TRY(templates_get(request->txn, request->workspace_id, &args.template_id, request->arena, &template));
    return templates_sees(request->grant, &template) ? present_template(&template, out) : ERR_NOT_FOUND;
}

static enum err put_page(const struct views_request *request, struct span cursor, uint32_t limit, struct buf *out)
{
    struct template_page page;
    TRY(templates_list(request->txn, request->workspace_id, request->grant, cursor, limit, request->arena, &page));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < page.count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_template(&page.templates[i], out));
    }
    buf_text(out, "],\"next_cursor\":");
    views_cursor(span_of(page.cursor, page.cursor_len), out);
    buf_text(out, "}");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

enum err views_list_templates(const struct views_request *request, struct buf *out)
{
    return views_page(request, put_page, out);
}
