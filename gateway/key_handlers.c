/* key_handlers.c: API keys over HTTP. What the ledger has to know a key by is sealed before a command exists, as an
 * account's credentials are; the key's text is in this exchange and in its one answer, and nowhere else. Who may make
 * which key is the decider's. */
#include "gateway/gateway.h"

/* --- making one --- */

/* An instant to come, 0 when absent. A key that is good for no time is a slip of the hand. */
static int64_t read_expires(struct exchange *x)
{
    const int64_t expires_ms = input_time(x->body, "expires_at");
    if (expires_ms != 0 && expires_ms <= x->now_ms) {
        input_wrong(&x->input, REFUSED_timestamp_past, "/expires_at", "The key would open nothing.");
    }
    return expires_ms;
}

static void no_memory(struct exchange *x)
{
    input_wrong(&x->input, REFUSED_out_of_memory, "", "No memory.");
}

static void read_scopes(struct exchange *x, struct create_key_command *fields)
{
    const struct json_node *list = input_some(x->body, "scopes");
    if (list == NULL) {
        return;
    }
    if (list->count == 0) {
        input_wrong(&x->input, REFUSED_field_invalid, "/scopes", "Leave it out for all that the role allows.");
        return;
    }
    fields->scopes = arena_alloc(&x->request->arena, list->count * sizeof *fields->scopes);
    if (fields->scopes == NULL) {
        no_memory(x);
        return;
    }
    for (const struct json_node *item = list->first; item != NULL; item = item->next) {
        fields->scopes[fields->scopes_count].scope = choice_value(&scope_words, item->text);
        fields->scopes_count++;
    }
}

static void read_accounts(struct exchange *x, struct create_key_command *fields)
{
    const struct json_node *list = input_some(x->body, "integrations");
    if (list == NULL) {
        return;
    }
    fields->restricted = true;
    fields->integrations = arena_alloc(&x->request->arena, (list->count + 1) * sizeof *fields->integrations);
    if (fields->integrations == NULL) {
        no_memory(x);
        return;
    }
    for (const struct json_node *item = list->first; item != NULL; item = item->next) {
        struct id *id = &fields->integrations[fields->integrations_count].integration_id;
        struct integration_row row;
        char pointer[INPUT_PARAM_MAX];
        input_pointer_index(pointer, "/integrations", fields->integrations_count);
        if (id_parse(item->text, ID_INTEGRATION, id) != OK || pass_integration(x->pass, id, &row) != OK) {
            input_wrong(&x->input, REFUSED_reference_not_found, pointer,
                        "There is no such integration in this workspace.");
            return;
        }
        fields->integrations_count++;
    }
}

/* Begins the command; who asks fills in what the key may do. */
static struct create_key_command *begin_key(struct exchange *x)
{
    const struct id key_id = exchange_mint(x, ID_KEY);
    struct create_key_command *fields = ORDER(x, create_key, &key_id);
    *fields = (struct create_key_command){.key_id = key_id, .workspace_id = pass_badge(x->pass)->workspace_id};
    return fields;
}

/* Makes the key's text and seals what it is known by; then the command, which says so, is sent. */
static void make_key(struct exchange *x, struct create_key_command *fields)
{
    if (exchange_input(x) || !exchange_admitted(x)) {
        return; /* what is sealed is for a command that will be sent */
    }
    const enum err err = pass_seal_key(x->pass, &fields->key_id, fields->name, x->key_text, fields->fingerprint.bytes,
                                       exchange_sealed, x);
    if (err == ERR_BUSY || err == ERR_CLOSED) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
}

void handle_create_key(struct exchange *x)
{
    struct create_key_command *fields = begin_key(x);
    fields->name = json_node_text(x->body, "name");
    fields->role = choice_value(&role_words, json_node_text(x->body, "role"));
    fields->expires_ms = read_expires(x);
    read_scopes(x, fields);
    read_accounts(x, fields);
    make_key(x, fields);
}

/* The accounts that are still there: a key may name no other. */
static enum err keep_accounts(struct exchange *x, struct create_key_command *fields)
{
    fields->restricted = x->key.row.restricted;
    fields->integrations = arena_alloc(&x->request->arena, (x->key.account_count + 1) * sizeof *fields->integrations);
    TRY(fields->integrations == NULL ? ERR_NO_MEMORY : OK);
    for (uint32_t i = 0; i < x->key.account_count; i++) {
        struct integration_row row;
        const enum err err = pass_integration(x->pass, &x->key.accounts[i].integration_id, &row);
        TRY(err == ERR_NOT_FOUND ? OK : err);
        if (err == OK) {
            fields->integrations[fields->integrations_count] = x->key.accounts[i];
            fields->integrations_count++;
        }
    }
    return OK;
}

static enum err keep_scopes(struct exchange *x, struct create_key_command *fields)
{
    fields->scopes = arena_alloc(&x->request->arena, SCOPE_COUNT * sizeof *fields->scopes);
    TRY(fields->scopes == NULL ? ERR_NO_MEMORY : OK);
    for (uint32_t scope = 1; scope < SCOPE_COUNT; scope++) {
        if ((x->key.row.scopes >> scope & 1) != 0) {
            fields->scopes[fields->scopes_count].scope = scope;
            fields->scopes_count++;
        }
    }
    return OK;
}

void handle_rotate_key(struct exchange *x)
{
    const struct key_row *first = &x->key.row;
    if (first->revoked_ms != 0) {
        exchange_problem(x, REFUSED_key_revoked, NULL, NULL, NULL);
        return;
    }
    struct create_key_command *fields = begin_key(x);
    const int64_t expires_ms = read_expires(x);
    fields->role = first->role;
    fields->rotates = first->key_id;
    fields->expires_ms = expires_ms != 0 ? expires_ms : first->expires_ms;
    if (fields->expires_ms != 0 && fields->expires_ms <= x->now_ms) {
        input_wrong(&x->input, REFUSED_timestamp_past, "/expires_at", "The first key's time is over: say until when.");
    }
    enum err err =
        arena_copy(&x->request->arena, first->name, &fields->name); /* what was read goes while it is sealed */
    err = err == OK ? keep_scopes(x, fields) : err;
    err = err == OK ? keep_accounts(x, fields) : err;
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        make_key(x, fields);
    }
}

/* --- those that there are --- */

void handle_revoke_key(struct exchange *x)
{
    ORDER(x, revoke_key, &x->id)->key_id = x->id;
    exchange_send(x);
}

void handle_get_key(struct exchange *x)
{
    exchange_show_key(x, &x->key);
}

/* A page of them. more: there are others behind it. */
struct page {
    const struct key_view *keys;
    uint32_t count;
    bool more;
};

static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct page *page = what;
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_key(&page->keys[i].row, page->keys[i].accounts, page->keys[i].account_count, false,
                        (struct span){0}, out));
    }
    exchange_id_page_end(x, page->more ? &page->keys[page->count - 1].row.key_id : NULL, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

void handle_list_keys(struct exchange *x)
{
    struct id_page page;
    if (!exchange_id_page(x, &page)) {
        return;
    }
    struct key_view *keys = NULL;
    uint32_t count = 0;
    /* one more than fits tells whether there is another page */
    const enum err err = pass_keys(x->pass, page.after, page.limit + 1, &keys, &count);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    const bool more = count > page.limit;
    const struct page shown = {.keys = keys, .count = more ? page.limit : count, .more = more};
    exchange_show(x, write_page, &shown);
}
