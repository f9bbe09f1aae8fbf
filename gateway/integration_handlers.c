/* integration_handlers.c: accounts. Credentials are sealed before a command exists: they go to the ledger's vault in a
 * sealed box, the command carries the box's id and a fingerprint. */
#include "gateway/gate/ask.h"
#include "gateway/gateway.h"

#define FINGERPRINT_LEN 16 /* hex digits */

/* What the vault keeps of an app password: JSON of the channel's own. */
static enum err write_credentials(struct buf *out, struct span identifier, struct span password)
{
    buf_text(out, "{\"identifier\":");
    json_string(out, identifier);
    buf_text(out, ",\"password\":");
    json_string(out, password);
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_TOO_LONG;
}

static enum err write_fingerprint(struct exchange *x, struct span plain, struct span *ret_fingerprint)
{
    uint8_t hash[32];
    uint8_t *hex = arena_alloc(&x->request->arena, FINGERPRINT_LEN);
    if (hex == NULL) {
        return ERR_NO_MEMORY;
    }
    pass_fingerprint(x->pass, plain, hash);
    struct buf text = buf_of(hex, FINGERPRINT_LEN);
    buf_hex(&text, span_of(hash, FINGERPRINT_LEN / 2));
    *ret_fingerprint = buf_span(&text);
    return OK;
}

/* Seals the body's credentials, then sends the command that names them. plain: room for them. The command waits
 * meanwhile: its texts are the body's, none is a row's. */
static enum err seal_credentials(struct exchange *x, struct connect_integration_command *fields, struct buf *plain)
{
    TRY(write_credentials(plain, fields->identifier, json_node_text(x->body, "app_password")));
    TRY(write_fingerprint(x, buf_span(plain), &fields->fingerprint));
    return pass_seal(x->pass, &fields->vault_id, &fields->integration_id, buf_span(plain), exchange_sealed, x);
}

/* With the credentials of the body. service: data NULL: where the account is. */
static void connect_account(struct exchange *x, const struct id *integration_id, uint32_t channel, struct span service)
{
    struct connect_integration_command *fields = ORDER(x, connect_integration, integration_id);
    *fields = (struct connect_integration_command){.integration_id = *integration_id,
                                                   .channel = channel,
                                                   .service = service,
                                                   .identifier = json_node_text(x->body, "identifier"),
                                                   .vault_id = exchange_mint(x, ID_SECRET)};
    if (!exchange_admitted(x)) {
        return; /* what is sealed is for a command that will be sent */
    }
    char text[SEALED_MAX];
    struct buf plain = buf_of(text, sizeof text);
    const enum err err = seal_credentials(x, fields, &plain);
    explicit_bzero(text, sizeof text);
    if (err == ERR_BUSY || err == ERR_CLOSED) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
}

void handle_connect_integration(struct exchange *x)
{
    const struct id integration_id = exchange_mint(x, ID_INTEGRATION);
    const struct span service = json_node_text(x->body, "service");
    connect_account(x, &integration_id, choice_value(&channel_words, json_node_text(x->body, "channel")),
                    service.data != NULL ? service : span_text(x->gateway->bluesky_service));
}

/* An account stays where it was connected: a post whose outcome is unknown would be looked for elsewhere, not be found
 * and be sent twice. */
void handle_reconnect_integration(struct exchange *x)
{
    const bool was_connected = x->integration.account.data != NULL;
    const struct span channel = json_node_text(x->body, "channel");
    if (channel.data != NULL && choice_value(&channel_words, channel) != x->integration.channel) {
        input_wrong(&x->input, REFUSED_field_invalid, "/channel", "The account is on another channel.");
    }
    const struct span service = json_node_text(x->body, "service");
    if (was_connected && service.data != NULL && !span_equal(service, x->integration.service)) {
        input_wrong(&x->input, REFUSED_field_invalid, "/service",
                    "The account is at another address: leave service out. An account that moved is deleted and "
                    "connected anew.");
    }
    if (!exchange_input(x)) {
        connect_account(x, &x->id, x->integration.channel, was_connected ? (struct span){0} : service);
    }
}

void handle_get_integration(struct exchange *x)
{
    exchange_show_integration(x, &x->integration, 200, false);
}

void handle_pause_integration(struct exchange *x)
{
    ORDER(x, pause_integration, &x->id)->integration_id = x->id;
    exchange_send(x);
}

void handle_resume_integration(struct exchange *x)
{
    ORDER(x, resume_integration, &x->id)->integration_id = x->id;
    exchange_send(x);
}

void handle_delete_integration(struct exchange *x)
{
    ORDER(x, delete_integration, &x->id)->integration_id = x->id;
    exchange_send(x);
}

/* A page of them. more: there are others behind it. */
struct page {
    const struct integration_row *rows;
    uint32_t count;
    bool more;
};

static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct page *page = what;
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_integration(&page->rows[i], x->now_ms, out));
    }
    exchange_id_page_end(x, page->more ? &page->rows[page->count - 1].integration_id : NULL, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

void handle_list_integrations(struct exchange *x)
{
    struct id_page page;
    if (!exchange_id_page(x, &page)) {
        return;
    }
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    /* one more than fits tells whether there is another page */
    const enum err err = pass_integrations(x->pass, page.after, page.limit + 1, &rows, &count);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    const bool more = count > page.limit;
    const struct page shown = {.rows = rows, .count = more ? page.limit : count, .more = more};
    exchange_show(x, write_page, &shown);
}
