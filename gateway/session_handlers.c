/* session_handlers.c: signing in and out, and the sessions that a person has. Signing in asks the ledger for a salt,
 * has the password hashed, and asks the ledger whether that is it: the same three steps, whether there is such a
 * person or not. Nobody waits: each step's answer takes the next. Must never say what was wrong. */
#include "core/base/assert.h"
#include "core/base/sha256.h"
#include "gateway/gateway.h"
#include "gateway/session_view.h"

/* --- what is shown --- */

static void write_session(const struct exchange *x, const struct session_row *row, struct buf *out)
{
    buf_text(out, "{\"id\":");
    json_id(out, &row->session_id);
    buf_text(out, ",\"user_id\":");
    json_id(out, &row->user_id);
    buf_text(out, ",\"method\":");
    json_string(out, span_text(choice_word(&sign_in_method_words, row->method)));
    buf_text(out, ",\"created_at\":");
    json_time(out, row->created_ms);
    buf_text(out, ",\"expires_at\":");
    json_time(out, row->expires_ms);
    buf_text(out, ",\"last_used_at\":");
    json_time(out, access_last_used(row->last_used_ms, row->created_ms));
    const bool current = id_equal(&row->session_id, &pass_badge(x->pass)->key_id);
    buf_text(out, current ? ",\"current\":true" : ",\"current\":false");
}

static void write_places(const struct place *places, uint32_t count, struct buf *out)
{
    buf_text(out, ",\"workspaces\":[");
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "{\"workspace_id\":" : ",{\"workspace_id\":");
        json_id(out, &places[i].workspace.workspace_id);
        buf_text(out, ",\"slug\":");
        json_string(out, places[i].workspace.slug);
        buf_text(out, ",\"name\":");
        json_string(out, places[i].workspace.name);
        buf_text(out, ",\"role\":");
        json_string(out, span_text(choice_word(&role_words, places[i].member.role)));
        buf_text(out, ",\"until\":");
        json_time(out, places[i].member.until_ms);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static const struct session_row *own_row(const struct exchange *x, const struct session_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (id_equal(&rows[i].session_id, &pass_badge(x->pass)->key_id)) {
            return &rows[i];
        }
    }
    return NULL;
}

struct own {
    const struct session_row *row;
    struct place *places;
    uint32_t place_count;
};

static enum err write_own(struct exchange *x, const void *what, struct buf *out)
{
    const struct own *own = what;
    write_session(x, own->row, out);
    write_places(own->places, own->place_count, out);
    buf_byte(out, '}');
    return OK;
}

void exchange_show_session(struct exchange *x)
{
    struct session_row *rows = NULL;
    uint32_t count = 0;
    enum err err = pass_sessions(x->pass, x->now_ms, &rows, &count);
    struct own own = {.row = err == OK ? own_row(x, rows, count) : NULL};
    if (err == OK && own.row == NULL) { /* it ended since the gate was passed, or is beyond those that are shown */
        exchange_problem(x, REFUSED_unauthenticated, NULL, NULL, NULL);
        return;
    }
    err = err == OK ? pass_places(x->pass, x->now_ms, &own.places, &own.place_count) : err;
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_answer(x, x->route->success, write_own, &own, (struct span){0},
                        x->route->success == 201 ? "/v1/session" : NULL);
    }
}

void handle_get_session(struct exchange *x)
{
    exchange_show_session(x);
}

struct listing {
    struct exchange *x;
    struct session_row *rows;
    uint32_t count;
    struct body_list devices;
};

static enum err write_sessions(struct exchange *x, const void *what, struct buf *out)
{
    const struct listing *listing = what;
    struct body_list devices = listing->devices;
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < listing->count; i++) {
        bool known = false;
        struct span user_agent;
        struct span network;
        TRY(person_page_next(&devices, &known, &user_agent, &network));
        buf_text(out, i == 0 ? "" : ",");
        write_session(x, &listing->rows[i], out);
        buf_text(out, ",\"user_agent\":"); /* empty: not known */
        json_string(out, user_agent);
        buf_text(out, ",\"network\":");
        json_string(out, network);
        buf_byte(out, '}');
    }
    buf_text(out, "],\"next_cursor\":null}");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static void devices_told(void *context, enum err err, struct span body)
{
    struct listing *listing = context;
    struct exchange *x = listing->x;
    enum refusal refusal = ACCEPTED;
    struct span result;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    err = err == OK && refusal == ACCEPTED ? person_page_read(result, &listing->devices) : ERR_CLOSED;
    if (err != OK || listing->devices.left != listing->count) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
        return;
    }
    exchange_show(x, write_sessions, listing);
}

void handle_list_sessions(struct exchange *x)
{
    struct listing *listing = arena_alloc(&x->request->arena, sizeof *listing);
    x->request->secret = true;
    enum err err = listing != NULL ? OK : ERR_NO_MEMORY;
    if (err == OK) {
        *listing = (struct listing){.x = x};
        err = pass_sessions(x->pass, x->now_ms, &listing->rows, &listing->count);
    }
    if (err != OK) {
        exchange_failed(x, err);
    } else if (pass_devices(x->pass, listing->rows, listing->count, devices_told, listing) != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

/* --- signing in --- */

struct attempt {
    struct exchange *x;
    struct span address;
    struct opening opening;
};

/* As the browser calls itself; what is no printable ASCII is nobody's business. */
static struct span user_agent_of(const struct exchange *x, char text[PERSON_USER_AGENT_MAX])
{
    const struct span said = request_header(x->request, "User-Agent");
    const size_t len = said.len < PERSON_USER_AGENT_MAX ? said.len : PERSON_USER_AGENT_MAX;
    for (size_t i = 0; i < len; i++) {
        const bool shown = said.data[i] >= 0x20 && said.data[i] < 0x7f;
        text[i] = '?';
        if (shown) {
            text[i] = (char)said.data[i];
        }
    }
    return span_of(text, len);
}

/* Where it is, and no more exactly than people recognise: the /24 of an IPv4 address, the /48 of an IPv6 one. */
static struct span network_of(const struct exchange *x, char text[PERSON_CLIENT_ADDRESS_MAX])
{
    const uint8_t *peer = x->request->peer.data; /* server_peers.h: 4 and the address, or 6 and a /64 */
    struct buf out = buf_of(text, PERSON_CLIENT_ADDRESS_MAX);
    ASSERT(x->request->peer.len == LIMITER_NAME_LEN);
    for (size_t i = 0; peer[0] == 4 && i < 3; i++) {
        buf_u64(&out, peer[12 + i]);
        buf_byte(&out, '.');
    }
    for (size_t i = 0; peer[0] == 6 && i < 6; i += 2) {
        buf_hex(&out, span_of(peer + 8 + i, 2));
        buf_byte(&out, ':');
    }
    buf_text(&out, peer[0] == 4 ? "0/24" : peer[0] == 6 ? ":/48" : "");
    return buf_span(&out);
}

void opening_prepare(struct exchange *x, struct opening *opening)
{
    uint8_t randomness[TOKEN_RANDOM_LEN];
    random_fill(randomness, sizeof randomness);
    token_write(randomness, opening->token);
    explicit_bzero(randomness, sizeof randomness);
    opening->session = (struct new_session){.token = span_of(opening->token, TOKEN_LEN),
                                            .session_id = exchange_mint(x, ID_SESSION),
                                            .request_id = exchange_mint(x, ID_REQUEST),
                                            .device_id = exchange_mint(x, ID_SECRET),
                                            .user_agent = user_agent_of(x, opening->user_agent),
                                            .network = network_of(x, opening->network),
                                            .expires_ms = x->now_ms + SESSION_MAX_MS};
}

void opening_keep(struct exchange *x, const struct opening *opening)
{
    cookie_write(opening->session.token, x->gateway->site.secure, SESSION_MAX_MS / 1000, x->cookie);
}

static void forget_cookie(struct exchange *x)
{
    cookie_write(SPAN(""), x->gateway->site.secure, 0, x->cookie);
}

static bool count_try(struct exchange *x, const uint8_t name[LIMITER_NAME_LEN], uint32_t quota, const char *detail)
{
    const struct limiter_verdict verdict = limiter_take(&x->gateway->sign_ins, name, quota, clock_monotonic_us());
    if (!verdict.allowed) {
        x->rate.retry_s = verdict.retry_s; /* says when; what else is told is of the session, if there is one */
        exchange_problem(x, REFUSED_rate_limited, detail, NULL, NULL);
    }
    return verdict.allowed;
}

bool exchange_is_within_sign_ins(struct exchange *x, const uint8_t name[LIMITER_NAME_LEN], const char *detail)
{
    return count_try(x, name, SIGN_INS_PER_ADDRESS, detail);
}

bool exchange_is_within_peer(struct exchange *x)
{
    ASSERT(x->request->peer.len == LIMITER_NAME_LEN);
    return count_try(x, x->request->peer.data, SIGN_INS_PER_PEER, "Too many tries from your network, whoever's.");
}

void exchange_hash(struct exchange *x, const struct hash_wish *wish, hashed *done, void *context)
{
    const enum err err = hashers_put(x->gateway->hashers, wish, done, context);
    if (err == ERR_BUSY) {
        exchange_problem(x, REFUSED_sign_in_busy, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

void exchange_show_opened(struct exchange *x, const struct opening *opening)
{
    x->now_ms = clock_wall_ms();
    const struct knock knock = {.token = opening->session.token, .request_id = x->request_uuid, .now_ms = x->now_ms};
    const enum err err = gate_admit(x->gateway->gate, &knock, &x->request->arena, &x->pass);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    opening_keep(x, opening);
    exchange_show_session(x);
}

static void signed_in(void *context, enum err err, enum refusal refusal)
{
    struct attempt *attempt = context;
    if (err != OK) {
        exchange_problem(attempt->x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (refusal != ACCEPTED) { /* who was erased in this very moment has no session either */
        exchange_problem(attempt->x, REFUSED_sign_in_refused, NULL, NULL, NULL);
    } else {
        exchange_show_opened(attempt->x, &attempt->opening);
    }
}

static void password_hashed(void *context, enum err err, struct span hash)
{
    struct attempt *attempt = context;
    struct exchange *x = attempt->x;
    if (err == OK) {
        err = gate_sign_in(x->gateway->gate, attempt->address, hash, &attempt->opening.session, signed_in, attempt);
    }
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

enum err salt_read(struct span body, struct person_salt *ret_salt)
{
    enum refusal refusal = ACCEPTED;
    struct span result;
    TRY(body_result_read(body, &refusal, &result));
    return refusal == ACCEPTED ? person_salt_read(result, ret_salt) : ERR_UNSUPPORTED;
}

static void salted(void *context, enum err err, struct span body)
{
    struct attempt *attempt = context;
    struct exchange *x = attempt->x;
    struct person_salt salt;
    err = err == OK ? salt_read(body, &salt) : err;
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
        return;
    }
    const struct hash_wish wish = {
        .password = json_node_text(x->body, "password"),
        .salt = span_of(salt.salt, sizeof salt.salt),
        .cost = {.n = salt.n, .r = salt.r, .p = salt.p}
    };
    exchange_hash(x, &wish, password_hashed, attempt);
}

/* Counts a try of an address, whosever it is, and of wherever it comes from. False: answered. */
static bool may_try(struct exchange *x, struct span address)
{
    struct gateway *gateway = x->gateway;
    uint8_t mark[SHA256_LEN];
    sha256_hmac(span_of(gateway->body_key, sizeof gateway->body_key), address, mark);
    return exchange_is_within_peer(x) &&
           exchange_is_within_sign_ins(x, mark, "Too many tries with this address, wherever they come from.");
}

void handle_sign_in(struct exchange *x)
{
    if (!exchange_is_from_site(x)) {
        return;
    }
    uint8_t normal[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(normal, sizeof normal);
    struct attempt *attempt = arena_alloc(&x->request->arena, sizeof *attempt);
    if (attempt == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return;
    }
    *attempt = (struct attempt){.x = x, .address = json_node_text(x->body, "email")};
    if (person_address(attempt->address, &address) != OK) {
        exchange_problem(x, REFUSED_field_invalid, "An address has 3 to 254 ASCII characters and one @.", "/email",
                         NULL);
        return;
    }
    if (!may_try(x, buf_span(&address))) {
        return;
    }
    opening_prepare(x, &attempt->opening);
    if (gate_salt(x->gateway->gate, attempt->address, salted, attempt) != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

/* --- signing out --- */

void exchange_ended(void *exchange, enum err err, const struct answer *answer)
{
    struct exchange *x = exchange;
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (answer->refusal != ACCEPTED) {
        exchange_problem(x, (enum refusal)answer->refusal, NULL, NULL, NULL);
    } else {
        exchange_nothing(x);
    }
}

void exchange_not_sent(struct exchange *x, enum err err)
{
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_not_found, NULL, NULL, NULL);
    } else if (err == ERR_BUSY || err == ERR_CLOSED) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else {
        exchange_failed(x, err);
    }
}

static void end_one(struct exchange *x, const struct id *session_id)
{
    if (id_equal(session_id, &pass_badge(x->pass)->key_id)) {
        forget_cookie(x);
    }
    const enum err err = pass_end_session(x->pass, session_id, x->now_ms, exchange_ended, x);
    if (err != OK) {
        exchange_not_sent(x, err);
    }
}

void handle_sign_out(struct exchange *x)
{
    end_one(x, &pass_badge(x->pass)->key_id);
}

void handle_end_session(struct exchange *x)
{
    end_one(x, &x->id);
}

void handle_end_sessions(struct exchange *x)
{
    forget_cookie(x);
    if (pass_end_sessions(x->pass, exchange_ended, x) != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}
