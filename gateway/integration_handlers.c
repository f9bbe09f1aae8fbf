/* integration_handlers.c: accounts. Credentials are sealed before a command exists: they go to the ledger's vault in a
 * sealed box, the command carries the box's id and a fingerprint. */
#include "core/base/clock.h"
#include "core/vault/box.h"
#include "gateway/gateway.h"

#define CREDENTIALS_MAX 4096

static void then_connected(struct exchange *x, const struct answer *answer)
{
    exchange_integration(x, &answer->stream, x->route->success, x->route->success == 201);
}

static void then_integration(struct exchange *x, const struct answer *answer)
{
    exchange_integration(x, &answer->stream, 200, false);
}

static void then_empty(struct exchange *x, const struct answer *answer)
{
    (void)answer;
    exchange_empty(x);
}

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

/* The sealed credentials are durable: now the command may exist. */
static void sealed(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    enum refusal refusal = ACCEPTED;
    if (err == OK) {
        err = body_code_read(body, &refusal);
    }
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (refusal != ACCEPTED) {
        exchange_problem(x, refusal, NULL, NULL, NULL);
    } else {
        exchange_send(x, then_connected);
    }
}

static enum err seal(struct exchange *x, const struct connect_integration_command *fields, struct span plain)
{
    uint8_t nonce[12];
    random_fill(nonce, sizeof nonce);
    char what_text[ID_TEXT_MAX + 1];
    struct buf what = buf_of(what_text, sizeof what_text);
    id_write(&what, &fields->vault_id);
    uint8_t box_bytes[CREDENTIALS_MAX + BOX_OVERHEAD];
    struct buf box = buf_of(box_bytes, sizeof box_bytes);
    TRY(box_seal(x->gateway->transport_key, nonce, buf_span(&what), plain, &box));
    uint8_t body_bytes[CREDENTIALS_MAX + 256];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    body_seal_put(&body, &fields->vault_id, &fields->integration_id, buf_span(&box));
    if (!buf_ok(&body)) {
        return ERR_TOO_LONG;
    }
    /* From here on the scope's transaction must not stay open, and the texts of the command must outlive it: they are
     * the body's, none is a row's. */
    reading_end(scope_pause(x->scope));
    return client_ask(x->gateway->ledger, FRAME_SEAL, buf_span(&body), COMMAND_WITHIN_MS, sealed, x);
}

static void connect(struct exchange *x, const struct id *integration_id, uint32_t channel, struct span service,
                    struct span identifier, struct span password)
{
    char plain_text[CREDENTIALS_MAX];
    struct buf plain = buf_of(plain_text, sizeof plain_text);
    struct command *command = exchange_command(x, COMMAND_connect_integration, integration_id);
    struct connect_integration_command *fields = &command->connect_integration;
    *fields = (struct connect_integration_command){.integration_id = *integration_id,
                                                   .channel = channel,
                                                   .service = service,
                                                   .identifier = identifier,
                                                   .vault_id = exchange_mint(x, ID_SECRET)};
    enum err err = write_credentials(&plain, identifier, password);
    /* A fingerprint recognises the same credentials again without being a plain hash of them: it is of the sealed id
     * and the text under the transport key's hash. */
    uint8_t material[32 + CREDENTIALS_MAX];
    uint8_t hash[32];
    memcpy(material, x->gateway->transport_key, 32);
    memcpy(material + 32, plain_text, plain.len);
    sha256(span_of(material, 32 + plain.len), hash);
    explicit_bzero(material, sizeof material);
    uint8_t *hex = arena_alloc(&x->request->arena, 16);
    if (hex == NULL) {
        err = ERR_NO_MEMORY;
    } else {
        struct buf fingerprint = buf_of(hex, 16);
        buf_hex(&fingerprint, span_of(hash, 8));
        fields->fingerprint = buf_span(&fingerprint);
    }
    err = err == OK ? seal(x, fields, buf_span(&plain)) : err;
    explicit_bzero(plain_text, sizeof plain_text);
    if (err == ERR_BUSY || err == ERR_CLOSED) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
}

/* An address without a path: http(s)://host[:port]. The guard that decides whether we may go there is the adapter's. */
static bool is_service(struct span text)
{
    struct span rest;
    if (span_starts_with(text, SPAN("https://"))) {
        rest = span_of(text.data + 8, text.len - 8);
    } else if (span_starts_with(text, SPAN("http://"))) {
        rest = span_of(text.data + 7, text.len - 7);
    } else {
        return false;
    }
    for (size_t i = 0; i < rest.len; i++) {
        const uint8_t c = rest.data[i];
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '-' || c == ':' || c == '[' || c == ']';
        if (!good) {
            return false;
        }
    }
    return rest.len > 0;
}

struct account_input {
    uint32_t channel;
    struct span service;
    struct span identifier;
    struct span password;
};

static void read_account(struct exchange *x, bool needs_channel, struct account_input *ret_account)
{
    static const char *const names[] = {"channel", "service", "identifier", "app_password", NULL};
    input_only(&x->input, x->body, "", names);
    const struct span word = input_text(&x->input, x->body, "", "channel", 32);
    ret_account->service = input_text(&x->input, x->body, "", "service", 200);
    ret_account->identifier = input_text(&x->input, x->body, "", "identifier", 256);
    ret_account->password = input_text(&x->input, x->body, "", "app_password", 256);
    ret_account->channel = choice_value(&channel_words, word);
    if (needs_channel && ret_account->channel == CHANNEL_NONE) {
        input_wrong(&x->input, word.data == NULL ? REFUSED_field_missing : REFUSED_field_invalid, "/channel",
                    "A channel's name is expected.");
    } else if (needs_channel && channel_find(x->gateway->channels, (enum channel_code)ret_account->channel) == NULL) {
        input_wrong(&x->input, REFUSED_not_yet_available, "/channel",
                    "This installation has no adapter for that channel.");
    }
    if (ret_account->identifier.len == 0) {
        input_wrong(&x->input, REFUSED_field_missing, "/identifier", "The account's handle or DID is expected.");
    }
    if (ret_account->password.len == 0) {
        input_wrong(&x->input, REFUSED_field_missing, "/app_password", "An app password is expected.");
    }
    if (ret_account->service.data == NULL) {
        ret_account->service = span_text(x->gateway->bluesky_service);
    } else if (!is_service(ret_account->service)) {
        input_wrong(&x->input, REFUSED_field_invalid, "/service", "An address like https://bsky.social is expected.");
    }
}

void handle_connect_integration(struct exchange *x)
{
    struct account_input account = {0};
    read_account(x, true, &account);
    if (x->input.refusal != ACCEPTED) {
        exchange_input(x);
        return;
    }
    const struct id integration_id = exchange_mint(x, ID_INTEGRATION);
    connect(x, &integration_id, account.channel, account.service, account.identifier, account.password);
}

void handle_reconnect_integration(struct exchange *x)
{
    struct account_input account = {0};
    read_account(x, false, &account);
    if (x->input.refusal != ACCEPTED) {
        exchange_input(x);
        return;
    }
    connect(x, &x->id, x->integration.channel, account.service, account.identifier, account.password);
}

void handle_get_integration(struct exchange *x)
{
    exchange_integration(x, &x->id, 200, false);
}

void handle_pause_integration(struct exchange *x)
{
    exchange_command(x, COMMAND_pause_integration, &x->id)->pause_integration.integration_id = x->id;
    exchange_send(x, then_integration);
}

void handle_resume_integration(struct exchange *x)
{
    exchange_command(x, COMMAND_resume_integration, &x->id)->resume_integration.integration_id = x->id;
    exchange_send(x, then_integration);
}

void handle_delete_integration(struct exchange *x)
{
    exchange_command(x, COMMAND_delete_integration, &x->id)->delete_integration.integration_id = x->id;
    exchange_send(x, then_empty);
}

static enum err write_integrations(const struct exchange *x, const struct integration_row *rows, uint32_t count,
                                   bool more, struct buf *out)
{
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_integration(&rows[i], x->now_ms, out));
    }
    buf_text(out, "],\"next_cursor\":");
    if (more && count > 0) {
        exchange_cursor_put(x, span_of(&rows[count - 1].integration_id, sizeof(struct id)), out);
        buf_byte(out, '}');
    } else {
        buf_text(out, "null}");
    }
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

void handle_list_integrations(struct exchange *x)
{
    static const char *const names[] = {"limit", "cursor", NULL};
    uint32_t limit = 0;
    struct id after = {0};
    struct cursor cursor;
    if (!exchange_query_only(x, names) || !exchange_limit(x, &limit) || !exchange_cursor(x, &cursor)) {
        return;
    }
    const bool resumes = cursor.position.len == sizeof after;
    if (resumes) {
        memcpy(&after, cursor.position.data, sizeof after);
    }
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    enum err err = scope_integrations(x->scope, resumes ? &after : NULL, limit, &rows, &count);
    struct buf out = {0};
    while (err == OK || err == ERR_NO_SPACE) {
        err = exchange_out(x, &out);
        err = err == OK ? write_integrations(x, rows, count, count == limit, &out) : err;
        if (err == OK) {
            break;
        }
    }
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, 200, buf_span(&out), 0, NULL);
    }
}
