/* host_handlers.c: the installation's workspaces from outside: an operator sees and makes all of them, and stops one
 * from starting anything; anybody else who is signed in sees those where they are a member. Nothing here is about what
 * is in one. */
#include "gateway/etag.h"
#include "gateway/gate/oversight.h"
#include "gateway/gateway.h"

/* A page of them. more: there are others behind it. */
struct page {
    const struct workspace_row *rows;
    uint32_t count;
    bool more;
};

static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct page *page = what;
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_tenant(&page->rows[i], out));
    }
    exchange_id_page_end(x, page->more ? &page->rows[page->count - 1].workspace_id : NULL, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

void handle_list_tenants(struct exchange *x)
{
    struct id_page page;
    if (!exchange_id_page(x, &page)) {
        return;
    }
    struct workspace_row *rows = NULL;
    uint32_t count = 0;
    /* one more than fits tells whether there is another page */
    const enum err err = oversight_workspaces(x->oversight, page.after, page.limit + 1, &rows, &count);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    const bool more = count > page.limit;
    const struct page shown = {.rows = rows, .count = more ? page.limit : count, .more = more};
    exchange_show(x, write_page, &shown);
}

void handle_get_tenant(struct exchange *x)
{
    exchange_show_tenant(x, &x->tenant);
}

void handle_create_tenant(struct exchange *x)
{
    const struct id workspace_id = exchange_mint(x, ID_WORKSPACE);
    struct create_workspace_command *fields = ORDER(x, create_workspace, &workspace_id);
    *fields = (struct create_workspace_command){.workspace_id = workspace_id,
                                                .slug = json_node_text(x->body, "slug"),
                                                .name = json_node_text(x->body, "name"),
                                                .timezone = json_node_text(x->body, "timezone")};
    if (!exchange_admitted(x)) {
        return; /* a plan's first period is by a zone that there is */
    }
    const enum err err = oversight_found(x->oversight, json_node_text(x->body, "plan"), fields);
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_field_invalid, "self_hosted, free, team or agency is expected.", "/plan", NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_send(x);
    }
}

void handle_pause_tenant(struct exchange *x)
{
    *ORDER(x, pause_workspace, &x->id) =
        (struct pause_workspace_command){.workspace_id = x->id, .reason = json_node_text(x->body, "reason")};
    exchange_send(x);
}

void handle_resume_tenant(struct exchange *x)
{
    ORDER(x, resume_workspace, &x->id)->workspace_id = x->id;
    exchange_send(x);
}

/* --- what is answered --- */

/* Its maker is its owner, or was that before: a request that was cut short is gone on with when it is repeated. */
static void owned(void *context, enum err err, const struct answer *answer)
{
    struct exchange *x = context;
    const bool is_owned = err == OK && (answer->refusal == ACCEPTED || answer->refusal == REFUSED_exists);
    x->owned = true;
    err = is_owned ? pass_refresh(x->pass) : OK;
    if (!is_owned) {
        exchange_problem(
            x, REFUSED_unavailable,
            "The workspace was made, but has no owner yet: with the same Idempotency-Key a repeat goes on.", NULL,
            NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_done(x);
    }
}

bool exchange_own_tenant(struct exchange *x)
{
    if (x->route->name != ROUTE_create_tenant || x->owned) {
        return false;
    }
    const struct id command_id = exchange_mint(x, ID_COMMAND);
    const enum err err = oversight_own(x->oversight, &x->first.stream, &command_id, owned, x);
    if (err != OK) {
        const struct answer none = {.refusal = ACCEPTED};
        owned(x, err, &none);
    }
    return true;
}

static enum err write_tenant(struct exchange *x, const void *what, struct buf *out)
{
    (void)x;
    return present_tenant(what, out);
}

void exchange_show_tenant(struct exchange *x, const struct workspace_row *row)
{
    char text[ETAG_MAX];
    exchange_answer(x, x->route->success, write_tenant, row, etag_of(row->version, NULL, text),
                    x->route->success == 201 ? exchange_location(x, "/v1/workspaces/", &row->workspace_id) : NULL);
}
