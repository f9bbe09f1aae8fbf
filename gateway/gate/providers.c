/* providers.c: see providers.h. Each step's answer takes the next; nobody waits. Called by the handlers of signing in
 * through a provider, and by joining.c. Must never open a session for a subject that the ledger knows nobody by. */
#include "gateway/gate/providers.h"

#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/base/lock.h"
#include "core/base/sha256.h"
#include "core/log/log.h"
#include "core/wire/identity_client.h"
#include "gateway/gate/gate_state.h"

#define SCOPE SPAN("openid email profile")
#define CHALLENGE_MAX 48 /* base64 of 32 bytes */

/* --- which there are --- */

static enum err keep(struct arena *arena, struct provider_row *row)
{
    TRY(arena_copy(arena, row->name, &row->name));
    TRY(arena_copy(arena, row->issuer, &row->issuer));
    return arena_copy(arena, row->client_id, &row->client_id);
}

enum err gate_providers(struct gate *gate, struct arena *arena, struct provider_row **ret_rows, uint32_t *ret_count)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct provider_row *rows = NULL;
    uint32_t count = 0;
    TRY(store_begin(gate->options.views, false, &txn));
    TRY(access_providers(txn, PROVIDERS_SHOWN_MAX, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        TRY(keep(arena, &rows[i]));
    }
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}

enum err gate_provider(struct gate *gate, const struct id *provider_id, struct arena *arena,
                       struct provider_row *ret_row)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct provider_row row;
    TRY(store_begin(gate->options.views, false, &txn));
    TRY(access_provider(txn, provider_id, arena, &row));
    TRY(keep(arena, &row));
    *ret_row = row;
    return OK;
}

/* --- what the identity process is asked --- */

/* Its word is taken for what it may say, and for nothing else. */
static enum refusal allowed(enum refusal refusal)
{
    switch ((int)refusal) {
    case ACCEPTED:
    case REFUSED_provider_unreachable:
    case REFUSED_provider_answer_invalid:
    case REFUSED_provider_refuses_us:
    case REFUSED_code_refused:
    case REFUSED_token_signature_invalid:
    case REFUSED_token_issuer_wrong:
    case REFUSED_token_audience_wrong:
    case REFUSED_token_expired:
    case REFUSED_nonce_wrong:
    case REFUSED_sign_in_busy:
        return refusal;
    default:
        return REFUSED_unavailable;
    }
}

static enum err ask_within(struct gate *gate, const struct identity_ask *ask, int64_t within_ms,
                           identity_client_done *done, void *context)
{
    lock_take(&gate->identity_mutex);
    struct identity_client *client = gate->options.identity;
    const enum err err = client == NULL ? ERR_CLOSED : identity_client_ask(client, ask, within_ms, done, context);
    lock_give(&gate->identity_mutex);
    return err;
}

static enum err ask_identity(struct gate *gate, const struct identity_ask *ask, identity_client_done *done,
                             void *context)
{
    return ask_within(gate, ask, IDENTITY_WITHIN_MS, done, context);
}

/* --- whether it is there --- */

static void greeted(void *context, enum err err, struct span body)
{
    struct gate *gate = context;
    (void)body; /* whatever it says */
    if (err == OK) {
        atomic_store(&gate->identity_silent_from, 0);
    }
    atomic_store(&gate->greeting, false);
}

void gate_greet(struct gate *gate, int64_t boot_ms)
{
    const struct identity_ask ask = {.question = IDENTITY_GREET};
    int_fast64_t answered = 0;
    if (boot_ms - atomic_load(&gate->greeted_ms) < IDENTITY_GREET_EVERY_MS || atomic_exchange(&gate->greeting, true)) {
        return;
    }
    atomic_store(&gate->greeted_ms, boot_ms);
    (void)atomic_compare_exchange_strong(&gate->identity_silent_from, &answered, boot_ms);
    const enum err err = ask_within(gate, &ask, IDENTITY_GREET_WITHIN_MS, greeted, gate);
    if (err == ERR_CLOSED) { /* nobody signs in through a provider here, or we are ending */
        atomic_store(&gate->identity_silent_from, 0);
    }
    if (err != OK) {
        atomic_store(&gate->greeting, false);
    }
}

int64_t gate_identity_silent_ms(struct gate *gate, int64_t boot_ms)
{
    const int64_t from_ms = atomic_load(&gate->identity_silent_from);
    return from_ms == 0 || boot_ms < from_ms ? 0 : boot_ms - from_ms;
}

void gate_end_providers(struct gate *gate)
{
    if (gate != NULL) {
        lock_take(&gate->identity_mutex);
        gate->options.identity = NULL;
        lock_give(&gate->identity_mutex);
    }
}

static struct identity_ask question(enum identity_question what, const struct provider_row *provider,
                                    const struct journey *journey)
{
    return (struct identity_ask){.question = what,
                                 .issuer = provider->issuer,
                                 .client_id = provider->client_id,
                                 .redirect_uri = journey->redirect_uri,
                                 .nonce = journey->nonce,
                                 .provider_id = provider->provider_id};
}

/* --- leaving --- */

struct departure {
    gate_located *done;
    void *context;
};

/* PKCE's S256 (RFC 7636, 4.2): base64url without padding. */
static struct span challenge_of(struct span verifier, char text[CHALLENGE_MAX])
{
    uint8_t hash[SHA256_LEN];
    struct buf out = buf_of(text, CHALLENGE_MAX);
    sha256(verifier, hash);
    base64_write(&out, span_of(hash, sizeof hash));
    ASSERT(buf_ok(&out));
    for (size_t i = 0; i < out.len; i++) {
        text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    }
    return span_of(text, span_find(buf_span(&out), '='));
}

static void located(void *context, enum err err, struct span body)
{
    struct departure *departure = context;
    enum refusal refusal = ACCEPTED;
    struct span result = {0};
    struct span location = {0};
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    err = err == OK && refusal == ACCEPTED ? identity_location_read(result, &location) : err;
    departure->done(departure->context, err == ERR_BUSY ? OK : err,
                    err == ERR_BUSY ? REFUSED_sign_in_busy : allowed(refusal), location);
}

enum err gate_depart(struct gate *gate, const struct provider_row *provider, const struct journey *journey,
                     struct arena *arena, gate_located *done, void *context)
{
    char challenge[CHALLENGE_MAX];
    struct identity_ask ask = question(IDENTITY_AUTHORIZE, provider, journey);
    struct departure *departure = arena_alloc(arena, sizeof *departure);
    if (departure == NULL) {
        return ERR_NO_MEMORY;
    }
    *departure = (struct departure){.done = done, .context = context};
    ask.scope = SCOPE;
    ask.state = journey->state;
    ask.challenge = challenge_of(journey->verifier, challenge);
    return ask_identity(gate, &ask, located, departure);
}

/* --- coming back: whom the provider names --- */

static void end(struct arrival *arrival, enum err err, enum refusal refusal)
{
    arrival->done(arrival->context, err, refusal);
}

static enum err keep_person(struct arrival *arrival, const struct identity_person *person)
{
    arrival->person = *person;
    TRY(arena_copy(arrival->arena, person->subject, &arrival->person.subject));
    if (person->email.data != NULL) {
        TRY(arena_copy(arrival->arena, person->email, &arrival->person.email));
    }
    return person->name.data == NULL ? OK : arena_copy(arrival->arena, person->name, &arrival->person.name);
}

static void exchanged(void *context, enum err err, struct span body)
{
    struct arrival *arrival = context;
    enum refusal refusal = ACCEPTED;
    struct span result = {0};
    struct identity_person person;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    if (err == OK && refusal == ACCEPTED) {
        err = identity_person_read(result, &person);
        err = err == OK ? keep_person(arrival, &person) : err;
    }
    end(arrival, err == ERR_BUSY ? OK : err, err == ERR_BUSY ? REFUSED_sign_in_busy : allowed(refusal));
}

static void client_told(void *context, enum err err, struct span body)
{
    struct arrival *arrival = context;
    enum refusal refusal = ACCEPTED;
    struct span result = {0};
    struct identity_ask ask = question(IDENTITY_EXCHANGE, &arrival->provider, &arrival->journey);
    ask.code = arrival->code;
    ask.verifier = arrival->journey.verifier;
    ask.iss = arrival->iss;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    if (err == OK && refusal == ACCEPTED) {
        err = person_box_read(result, &ask.box);
        err = err == OK ? ask_identity(arrival->gate, &ask, exchanged, arrival) : err;
    }
    if (err != OK || refusal != ACCEPTED) {
        end(arrival, err, refusal);
    }
}

void gate_arrive(struct gate *gate, struct arrival *arrival, struct arena *arena, gate_signed_in *done, void *context)
{
    const struct person_ask ask = {.question = PERSON_CLIENT, .of = arrival->journey.provider_id};
    arrival->gate = gate;
    arrival->arena = arena;
    arrival->done = done;
    arrival->context = context;
    arrival->looked_again = false;
    enum err err = gate_provider(gate, &arrival->journey.provider_id, arena, &arrival->provider);
    const enum refusal refusal = err == ERR_NOT_FOUND ? REFUSED_provider_removed : ACCEPTED;
    err = err == OK ? gate_ask_person(gate, &ask, client_told, arrival) : err;
    if (err != OK) {
        end(arrival, refusal == ACCEPTED ? err : OK, refusal);
    }
}

/* --- linking: the subject is sealed, then the person has it --- */

static void linked(void *context, enum err err, const struct answer *answer)
{
    end(context, err, err == OK ? (enum refusal)answer->refusal : ACCEPTED);
}

static void subject_sealed(void *context, enum err err, struct span body)
{
    struct arrival *arrival = context;
    enum refusal refusal = ACCEPTED;
    err = err == OK ? body_code_read(body, &refusal) : err;
    if (err == OK && refusal == ACCEPTED) {
        struct command command = {.code = COMMAND_link_login,
                                  .command_id = arrival->command_id,
                                  .stream = arrival->user_id,
                                  .actor = ACTOR_SYSTEM};
        command.link_login.user_id = arrival->user_id;
        command.link_login.provider_id = arrival->provider.provider_id;
        command.link_login.vault_id = arrival->secret_id;
        err = client_command(arrival->gate->options.ledger, &command, NULL, COMMAND_WITHIN_MS, linked, arrival);
    }
    if (err != OK || refusal != ACCEPTED) {
        end(arrival, err, refusal);
    }
}

enum err gate_link(struct arrival *arrival, const struct id *user_id, gate_signed_in *done, void *context)
{
    const struct person_record record = {
        .kind = PERSON_LINK,
        .link = {.provider_id = arrival->provider.provider_id, .subject = arrival->person.subject}
    };
    uint8_t bytes[SEALED_MAX];
    struct buf plain = buf_of(bytes, sizeof bytes);
    arrival->user_id = *user_id;
    arrival->done = done;
    arrival->context = context;
    TRY(person_record_put(&plain, &record));
    const enum err err =
        gate_seal(arrival->gate, &arrival->secret_id, user_id, buf_span(&plain), subject_sealed, arrival);
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

/* --- whom they are here --- */

static void enter_ended(struct arrival *arrival, enum err err, enum refusal refusal)
{
    const bool is_nobody = refusal == REFUSED_user_erased || refusal == REFUSED_reference_not_found;
    arrival->entered(arrival->entered_context, err, is_nobody ? REFUSED_login_unknown : refusal);
}

static void opened(void *context, enum err err, enum refusal refusal)
{
    enter_ended(context, err, refusal);
}

static enum err open_for(struct arrival *arrival)
{
    struct new_session *session = arrival->session;
    session->provider_id = arrival->provider.provider_id;
    return gate_open_session(arrival->gate, &arrival->user_id, session, opened, arrival);
}

static void subject_told(void *context, enum err err, struct span body);

/* Another browser of theirs may have linked it in between: then they are found by the subject now. */
static void address_linked(void *context, enum err err, enum refusal refusal)
{
    struct arrival *arrival = context;
    if (err == OK && (refusal == REFUSED_login_exists || refusal == REFUSED_subject_taken)) {
        arrival->looked_again = true;
        refusal = ACCEPTED;
        err = gate_ask_subject(arrival, subject_told, arrival);
    } else if (err == OK && refusal == ACCEPTED) {
        err = open_for(arrival);
    }
    if (err != OK || refusal != ACCEPTED) {
        enter_ended(arrival, err, refusal);
    }
}

enum err gate_read_who(struct span body, struct id *ret_user_id)
{
    enum refusal refusal = ACCEPTED;
    struct span result;
    TRY(body_result_read(body, &refusal, &result));
    return refusal == ACCEPTED ? person_user_read(result, ret_user_id) : ERR_UNSUPPORTED;
}

static void address_told(void *context, enum err err, struct span body)
{
    struct arrival *arrival = context;
    struct id user_id = {0};
    err = err == OK ? gate_read_who(body, &user_id) : err;
    const bool is_nobody = err == OK && id_is_none(&user_id);
    err = err == OK && !is_nobody ? gate_link(arrival, &user_id, address_linked, arrival) : err;
    if (err != OK || is_nobody) {
        enter_ended(arrival, err, is_nobody ? REFUSED_login_unknown : ACCEPTED);
    }
}

/* By address only where the provider is trusted with that, and says that it has looked. */
static bool may_be_linked(const struct arrival *arrival)
{
    return arrival->provider.links_by_address && arrival->person.email_verified && arrival->person.email.data != NULL &&
           !arrival->looked_again;
}

static void subject_told(void *context, enum err err, struct span body)
{
    struct arrival *arrival = context;
    const struct person_ask ask = {.question = PERSON_ADDRESS, .text = arrival->person.email};
    bool is_nobody = false;
    err = err == OK ? gate_read_who(body, &arrival->user_id) : err;
    if (err == OK && !id_is_none(&arrival->user_id)) {
        err = open_for(arrival);
    } else if (err == OK && may_be_linked(arrival)) {
        err = gate_ask_person(arrival->gate, &ask, address_told, arrival);
    } else {
        is_nobody = err == OK;
    }
    if (err != OK || is_nobody) {
        enter_ended(arrival, err, is_nobody ? REFUSED_login_unknown : ACCEPTED);
    }
}

enum err gate_ask_subject(struct arrival *arrival, gate_replied *done, void *context)
{
    const struct person_ask ask = {
        .question = PERSON_SUBJECT, .of = arrival->provider.provider_id, .text = arrival->person.subject};
    return gate_ask_person(arrival->gate, &ask, done, context);
}

void gate_enter(struct arrival *arrival, struct new_session *session, gate_signed_in *done, void *context)
{
    arrival->session = session;
    arrival->entered = done;
    arrival->entered_context = context;
    const enum err err = gate_ask_subject(arrival, subject_told, arrival);
    if (err != OK) {
        enter_ended(arrival, err, ACCEPTED);
    }
}

/* --- a person's own logins --- */

enum err pass_logins(struct pass *pass, struct login_row **ret_rows, uint32_t *ret_count)
{
    return access_logins(pass_reads(pass), &pass_badge(pass)->user_id, pass_arena(pass), ret_rows, ret_count);
}

enum err pass_login(struct pass *pass, const struct id *provider_id, struct login_row *ret_row)
{
    struct login_row *rows = NULL;
    uint32_t count = 0;
    TRY(pass_logins(pass, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (id_equal(&rows[i].provider_id, provider_id)) {
            *ret_row = rows[i];
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

void pass_link(struct pass *pass, struct arrival *arrival, gate_signed_in *done, void *context)
{
    ASSERT(!id_is_none(&pass_badge(pass)->user_id));
    store_abort(pass_pause(pass));
    const enum err err = gate_link(arrival, &pass_badge(pass)->user_id, done, context);
    if (err != OK) {
        done(context, err, ACCEPTED);
    }
}

enum err pass_unlink(struct pass *pass, const struct login_row *login, pass_answered *done, void *context)
{
    const struct id user_id = pass_badge(pass)->user_id;
    struct command command = {.code = COMMAND_unlink_login};
    command.unlink_login.user_id = user_id;
    command.unlink_login.vault_id = login->vault_id;
    return pass_send_own(pass, &command, &user_id, done, context);
}
