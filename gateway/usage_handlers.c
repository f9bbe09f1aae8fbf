/* usage_handlers.c: what a workspace's plan bounds and what was billed of it. Read only: whoever runs the installation
 * gives plans. */
#include "gateway/gateway.h"

void handle_get_usage(struct exchange *x)
{
    struct workspace_row row;
    struct usage usage;
    struct buf out = {0};
    enum err err = pass_workspace(x->pass, &row);
    err = err == OK ? pass_usage(x->pass, x->now_ms, &usage) : err;
    err = err == OK ? exchange_out(x, &out) : err;
    err = err == OK ? present_usage(&row, &usage, &out) : err;
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
    }
}

/* Periods that are over, by the end of which the next page begins. */
struct page {
    const struct workspace_row *workspace;
    const struct period_row *rows;
    uint32_t count;
    bool more;
};

static enum err read_page(struct exchange *x, const struct workspace_row *workspace, uint64_t before_ms, uint32_t limit,
                          struct page *ret_page)
{
    struct period_row *rows = NULL;
    uint32_t count = 0;
    TRY(pass_periods(x->pass, (int64_t)before_ms, limit + 1, &rows, &count));
    *ret_page = (struct page){
        .workspace = workspace, .rows = rows, .count = count > limit ? limit : count, .more = count > limit};
    return OK;
}

static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct page *page = what;
    buf_byte(out, '{');
    present_plan(page->workspace, out);
    buf_text(out, ",\"data\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_period(&page->rows[i], out));
    }
    buf_byte(out, ']');
    exchange_page_end_u64(x, page->more ? (uint64_t)page->rows[page->count - 1].period_end_ms : 0, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static void answer_page(struct exchange *x, const struct workspace_row *row)
{
    uint64_t before_ms = 0;
    uint32_t limit = 0;
    struct page page;
    if (!exchange_limit(x, &limit) || !exchange_cursor_u64(x, &before_ms)) {
        return;
    }
    const enum err err = read_page(x, row, before_ms, limit, &page);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_show(x, write_page, &page);
    }
}

void handle_get_billing(struct exchange *x)
{
    struct workspace_row row;
    const enum err err = pass_workspace(x->pass, &row);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        answer_page(x, &row);
    }
}
