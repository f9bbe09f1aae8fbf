/* sessions.c: see sessions.h. Whoever is signed in is looked at anew by each request and by each look of a stream,
 * so that what ended ends there, too. Called by pass.c, watch.c, exchange.c and the sign-in's handlers. Must never
 * open a session for whom the ledger did not name. */
#include "gateway/gate/sessions.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/log/log.h"
#include "core/vault/box.h"
#include "core/wire/tag_key.h"
#include "gateway/gate/gate_state.h"

/* --- who it is --- */

/* The hour of its last use is told within a minute or so; a session that was opened and never used counts from then. */
static bool is_idle(const struct session_row *session, int64_t now_ms)
{
    const int64_t used_ms = session->last_used_ms > session->created_ms ? session->last_used_ms : session->created_ms;
    return now_ms - used_ms >= SESSION_IDLE_MS;
}

static bool is_now(const struct member_row *member, int64_t now_ms)
{
    return member->until_ms == 0 || now_ms < member->until_ms;
}

/* The only membership of whoever named no workspace; ERR_NOT_FOUND: none (*ret_none), or several. */
static enum err find_sole(struct store_txn *txn, const struct id *user_id, int64_t now_ms, struct arena *arena,
                          struct member_row *ret_member, bool *ret_none)
{
    struct member_row *rows = NULL;
    uint32_t count = 0;
    uint32_t now = 0;
    TRY(access_memberships(txn, user_id, NULL, PLACES_MAX, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (is_now(&rows[i], now_ms)) {
            *ret_member = rows[i];
            now++;
        }
    }
    *ret_none = now == 0;
    return now == 1 ? OK : ERR_NOT_FOUND;
}

/* Why somebody is in no workspace. An operator knows of each that is there; nobody else learns it. */
static enum err tell_lack(struct store_txn *txn, const struct id *named, struct arena *arena, struct badge *badge)
{
    struct workspace_row row;
    badge->lacks = id_is_none(named) ? REFUSED_workspace_required : REFUSED_not_found;
    if (id_is_none(named) || !badge->is_operator) {
        return OK;
    }
    const enum err err = access_workspace(txn, named, arena, &row);
    badge->sees = err == OK && row.deleted_ms == 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err enter_workspace(struct store_txn *txn, const struct id *named, int64_t now_ms, struct arena *arena,
                                struct badge *badge)
{
    struct member_row member;
    const bool names = !id_is_none(named);
    const enum err err = names ? access_member_live(txn, &badge->user_id, named, now_ms, &member)
                               : find_sole(txn, &badge->user_id, now_ms, arena, &member, &badge->memberless);
    if (err == ERR_NOT_FOUND) {
        return tell_lack(txn, named, arena, badge);
    }
    TRY(err);
    badge->workspace_id = member.workspace_id;
    badge->member_id = member.member_id;
    badge->grant.role = member.role;
    badge->grant.permissions = (uint32_t)member.permissions;
    return OK;
}

enum err gate_find_session(struct store_txn *txn, const uint8_t fingerprint[32], const struct id *named, int64_t now_ms,
                           struct arena *arena, struct badge *ret_badge)
{
    struct session_row session;
    struct user_row user;
    TRY(access_session(txn, fingerprint, now_ms, &session, &user));
    if (is_idle(&session, now_ms)) {
        return ERR_AUTH;
    }
    struct badge badge = {.key_id = session.session_id, .user_id = session.user_id, .is_operator = user.is_operator};
    TRY(enter_workspace(txn, named, now_ms, arena, &badge));
    *ret_badge = badge;
    return OK;
}

/* --- what the ledger is asked about people --- */

enum err gate_ask_person(struct gate *gate, const struct person_ask *ask, gate_replied *done, void *context)
{
    uint8_t bytes[1024 + PERSON_PAGE_MAX * (ID_TEXT_MAX + 2)]; /* an id as a frame has it */
    struct buf body = buf_of(bytes, sizeof bytes);
    person_ask_put(&body, ask);
    if (!buf_ok(&body)) {
        return ERR_TOO_LONG;
    }
    return client_ask(gate->options.ledger, FRAME_PERSON, buf_span(&body), COMMAND_WITHIN_MS, done, context);
}

enum err gate_salt(struct gate *gate, struct span address, gate_replied *done, void *context)
{
    const struct person_ask ask = {.question = PERSON_SALT, .text = address};
    return gate_ask_person(gate, &ask, done, context);
}

static enum err prove(struct gate *gate, struct span address, struct span proof, gate_replied *done, void *context)
{
    uint8_t nonce[12];
    uint8_t bytes[PERSON_PROOF_LEN + BOX_OVERHEAD];
    struct buf box = buf_of(bytes, sizeof bytes);
    random_fill(nonce, sizeof nonce);
    TRY(box_seal(gate->transport_key, nonce, address, proof, &box));
    const struct person_ask ask = {.question = PERSON_PROVE, .text = address, .box = buf_span(&box)};
    return gate_ask_person(gate, &ask, done, context);
}

enum err pass_prove(struct pass *pass, struct span address, struct span proof, gate_replied *done, void *context)
{
    return prove(pass_gate(pass), address, proof, done, context);
}

bool pass_is_proven(const struct pass *pass, struct span result)
{
    struct id user_id;
    return person_user_read(result, &user_id) == OK && id_equal(&user_id, &pass_badge(pass)->user_id);
}

enum err pass_standing(const struct pass *pass, int64_t now_ms, struct standing *ret_standing)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct session_row session = {.method = SIGN_IN_NONE};
    struct user_row user;
    TRY(store_begin(pass_gate(pass)->options.views, false, &txn));
    TRY(access_user(txn, &pass_badge(pass)->user_id, &user));
    *ret_standing = (struct standing){.version = user.version, .has_password = !id_is_none(&user.password_id)};
    const enum err err = access_session(txn, pass_key_fingerprint(pass), now_ms, &session, &user);
    TRY(err == ERR_AUTH ? OK : err);
    ret_standing->from_provider_ms = err == OK && session.method == SIGN_IN_OIDC ? session.created_ms : 0;
    return OK;
}

enum err pass_profile(struct pass *pass, gate_replied *done, void *context)
{
    struct person_ask ask = {.question = PERSON_PEOPLE, .ids = {pass_badge(pass)->user_id}, .count = 1};
    store_abort(pass_pause(pass));
    return gate_ask_person(pass_gate(pass), &ask, done, context);
}

/* --- sessions that begin --- */

static void opened(void *context, enum err err, const struct answer *answer)
{
    struct new_session *session = context;
    session->done(session->context, err, err == OK ? (enum refusal)answer->refusal : ACCEPTED);
}

/* A session without what is known of its device is one all the same. */
static enum err send_opening(struct new_session *session, bool has_device)
{
    struct command command = {.code = COMMAND_open_session};
    command.open_session.session_id = session->session_id;
    command.open_session.user_id = session->user_id;
    command.open_session.method = id_is_none(&session->provider_id) ? SIGN_IN_PASSWORD : SIGN_IN_OIDC;
    command.open_session.provider_id = session->provider_id;
    command.open_session.expires_ms = session->expires_ms;
    command.open_session.vault_id = has_device ? session->device_id : (struct id){0};
    memcpy(command.open_session.fingerprint.bytes, session->fingerprint, sizeof session->fingerprint);
    return gate_send_own(session->gate, &command, &session->session_id, &session->request_id, opened, session);
}

static void device_sealed(void *context, enum err err, struct span body)
{
    struct new_session *session = context;
    enum refusal refusal = ACCEPTED;
    err = err == OK ? body_code_read(body, &refusal) : err;
    err = send_opening(session, err == OK && refusal == ACCEPTED);
    if (err != OK) {
        session->done(session->context, err, ACCEPTED);
    }
}

/* Seals the device first: the event names where it is. */
static enum err open_for(struct new_session *session, const struct id *user_id)
{
    uint8_t bytes[PERSON_USER_AGENT_MAX + PERSON_CLIENT_ADDRESS_MAX + 128];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const struct person_record record = {
        .kind = PERSON_DEVICE, .device = {.user_agent = session->user_agent, .address = session->network}
    };
    session->user_id = *user_id;
    enum err err = person_record_put(&plain, &record);
    err = err == OK ? gate_seal(session->gate, &session->device_id, &session->session_id, buf_span(&plain),
                                device_sealed, session)
                    : err;
    return err == OK ? OK : send_opening(session, false);
}

static void proven(void *context, enum err err, struct span body)
{
    struct new_session *session = context;
    enum refusal refusal = ACCEPTED;
    struct span result;
    struct id user_id = {0};
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    if (err == OK && refusal == ACCEPTED) {
        err = person_user_read(result, &user_id);
        err = err == OK ? open_for(session, &user_id) : err;
    }
    if (err != OK || refusal != ACCEPTED) {
        session->done(session->context, err, refusal);
    }
}

static void prepare(struct gate *gate, struct new_session *session, gate_signed_in *done, void *context)
{
    session->gate = gate;
    session->done = done;
    session->context = context;
    tag_key_fingerprint_of(session->token, session->fingerprint);
}

enum err gate_sign_in(struct gate *gate, struct span address, struct span proof, struct new_session *session,
                      gate_signed_in *done, void *context)
{
    prepare(gate, session, done, context);
    return prove(gate, address, proof, proven, session);
}

enum err gate_open_session(struct gate *gate, const struct id *user_id, struct new_session *session,
                           gate_signed_in *done, void *context)
{
    prepare(gate, session, done, context);
    return open_for(session, user_id);
}

enum err pass_sign_in_anew(struct pass *pass, struct new_session *session, gate_signed_in *done, void *context)
{
    return gate_open_session(pass_gate(pass), &pass_badge(pass)->user_id, session, done, context);
}

/* --- what a person does about themself --- */

/* A pass sends one command for a request, and one that replaces a session after it: each has its own id. */
enum err pass_send_own(struct pass *pass, struct command *command, const struct id *stream, pass_answered *done,
                       void *context)
{
    ASSERT(!id_is_none(&pass_badge(pass)->user_id));
    store_abort(pass_pause(pass));
    return gate_send_own(pass_gate(pass), command, stream, pass_request_id(pass), done, context);
}

enum err pass_end_session(struct pass *pass, const struct id *session_id, int64_t now_ms, pass_answered *done,
                          void *context)
{
    struct session_row *rows = NULL;
    uint32_t count = 0;
    uint32_t at = 0;
    TRY(pass_sessions(pass, now_ms, &rows, &count));
    while (at < count && !id_equal(&rows[at].session_id, session_id)) {
        at++;
    }
    if (at == count) {
        return ERR_NOT_FOUND;
    }
    const bool own = id_equal(session_id, &pass_badge(pass)->key_id);
    struct command command = {.code = COMMAND_end_session};
    command.end_session.session_id = *session_id;
    command.end_session.reason = own ? END_SIGNED_OUT : END_REVOKED;
    return pass_send_own(pass, &command, session_id, done, context);
}

enum err pass_end_sessions(struct pass *pass, pass_answered *done, void *context)
{
    const struct id user_id = pass_badge(pass)->user_id;
    struct command command = {.code = COMMAND_end_sessions};
    command.end_sessions.user_id = user_id;
    command.end_sessions.reason = END_REVOKED;
    return pass_send_own(pass, &command, &user_id, done, context);
}

enum err pass_set_password(struct pass *pass, const struct id *vault_id, uint64_t version, pass_answered *done,
                           void *context)
{
    const struct id user_id = pass_badge(pass)->user_id;
    struct command command = {.code = COMMAND_set_password, .expected_version = version};
    command.set_password.user_id = user_id;
    command.set_password.vault_id = *vault_id;
    return pass_send_own(pass, &command, &user_id, done, context);
}

/* --- what a person sees of themself --- */

enum err pass_places(struct pass *pass, int64_t now_ms, struct place **ret_places, uint32_t *ret_count)
{
    struct member_row *rows = NULL;
    uint32_t count = 0;
    uint32_t now = 0;
    TRY(access_memberships(pass_reads(pass), &pass_badge(pass)->user_id, NULL, PLACES_MAX, pass_arena(pass), &rows,
                           &count));
    struct place *places = arena_alloc(pass_arena(pass), (count + 1) * sizeof *places);
    if (places == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_now(&rows[i], now_ms)) {
            places[now].member = rows[i];
            TRY(access_workspace(pass_reads(pass), &rows[i].workspace_id, pass_arena(pass), &places[now].workspace));
            now++;
        }
    }
    *ret_places = places;
    *ret_count = now;
    return OK;
}

enum err pass_sessions(struct pass *pass, int64_t now_ms, struct session_row **ret_sessions, uint32_t *ret_count)
{
    struct store_txn *txn = pass_reads(pass);
    struct session_row *rows = NULL;
    uint32_t count = 0;
    uint32_t kept = 0;
    TRY(access_sessions(txn, &pass_badge(pass)->user_id, now_ms, SESSIONS_SHOWN_MAX, pass_arena(pass), &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (!is_idle(&rows[i], now_ms)) {
            rows[kept++] = rows[i];
        }
    }
    *ret_sessions = rows;
    *ret_count = kept;
    return OK;
}

enum err pass_devices(struct pass *pass, const struct session_row *sessions, uint32_t count, gate_replied *done,
                      void *context)
{
    ASSERT(count <= PERSON_PAGE_MAX);
    struct person_ask ask = {.question = PERSON_DEVICES, .of = pass_badge(pass)->user_id, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        ask.ids[i] = sessions[i].session_id;
    }
    store_abort(pass_pause(pass));
    return gate_ask_person(pass_gate(pass), &ask, done, context);
}

enum err pass_user(struct pass *pass, struct user_row *ret_user)
{
    return access_user(pass_reads(pass), &pass_badge(pass)->user_id, ret_user);
}
