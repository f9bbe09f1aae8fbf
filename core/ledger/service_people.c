/* service_people.c: what our own processes ask about people, and the sealing of secrets. Called by service_read.c on
 * its thread, the vault's one writer. It must never tell, be it by its answer, its length or its time, whether anybody
 * signs in with an address; nor leave what it opened in memory. */
#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/ledger/ledger_state.h"
#include "core/ledger/people.h"
#include "core/ledger/service_state.h"
#include "core/message/codec.h"
#include "core/wire/identity_box.h"
#include "core/wire/person.h"

#define SWEPT_AT_ONCE 32 /* secrets, before the next question is looked at: each that goes waits for the disk twice */
#define SALT_PURPOSE "openpost vault salt"

/* A password's record that is nobody's, as long as those that are made today. */
static void decoy_put(struct buf *out)
{
    const struct person_record decoy = {
        .kind = PERSON_PASSWORD, .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}
    };
    const enum err err = person_record_put(out, &decoy);
    ASSERT(err == OK);
}

/* Reads the password of whoever signs in with that address into room, or a decoy after as much work: *ret_user_id is
 * then absent. */
static enum err password_of(const struct service *service, struct store_txn *txn, struct span address, struct buf *room,
                            struct id *ret_user_id, struct person_record *ret_record)
{
    struct vault *vault = service->options.vault;
    const struct id nobody = {.kind = ID_USER};
    struct id user_id = {0};
    const enum err found = people_by_address(txn, vault, address, &user_id);
    TRY(found == ERR_NOT_FOUND ? OK : found);
    const enum err err = people_password(txn, vault, found == OK ? &user_id : &nobody, room, ret_record);
    if (err == ERR_NOT_FOUND) {
        user_id = (struct id){0};
        room->len = 0;
        decoy_put(room);
        vault_pretend(vault, room->len);
        TRY(person_record_read(buf_span(room), ret_record));
    } else {
        TRY(err);
    }
    *ret_user_id = user_id;
    return OK;
}

static enum err answer_salt(const struct service *service, struct store_txn *txn, const struct person_ask *ask,
                            struct buf *room, struct buf *out)
{
    uint8_t form_bytes[PERSON_ADDRESS_MAX];
    uint8_t fake[SHA256_LEN];
    struct buf form = buf_of(form_bytes, sizeof form_bytes);
    struct person_record record;
    struct id user_id;
    const enum err formed = person_address(ask->text, &form);
    TRY(password_of(service, txn, ask->text, room, &user_id, &record));
    vault_mac(service->options.vault, SALT_PURPOSE, formed == OK ? buf_span(&form) : ask->text, fake);
    struct person_salt salt = {
        .n = record.password.n, .r = (uint32_t)record.password.r, .p = (uint32_t)record.password.p};
    memcpy(salt.salt, id_is_none(&user_id) ? fake : record.password.salt, sizeof salt.salt);
    person_salt_put(out, &salt);
    return OK;
}

/* The box is bound to the address, so that what proves one person's password proves nobody else's. */
static enum refusal open_proof(const struct service *service, const struct work *work, const struct person_ask *ask,
                               uint8_t ret_proof[PERSON_PROOF_LEN])
{
    struct buf proof = buf_of(ret_proof, PERSON_PROOF_LEN);
    const uint8_t *key = service->parties[work->asker.party].transport_key;
    return box_open(key, ask->text, ask->box, &proof) == OK && proof.len == PERSON_PROOF_LEN
               ? ACCEPTED
               : REFUSED_frame_unauthenticated;
}

static enum err answer_prove(const struct service *service, const struct work *work, struct store_txn *txn,
                             const struct person_ask *ask, struct buf *room, enum refusal *ret_refusal, struct buf *out)
{
    uint8_t proof[PERSON_PROOF_LEN];
    struct person_record record;
    struct id user_id;
    *ret_refusal = open_proof(service, work, ask, proof);
    if (*ret_refusal != ACCEPTED) {
        return OK;
    }
    const enum err err = password_of(service, txn, ask->text, room, &user_id, &record);
    const bool same = err == OK && span_equal_secret(span_of(proof, sizeof proof),
                                                     span_of(record.password.proof, sizeof record.password.proof));
    explicit_bzero(proof, sizeof proof);
    explicit_bzero(&record, sizeof record);
    TRY(err);
    if (!same || id_is_none(&user_id)) {
        *ret_refusal = REFUSED_sign_in_refused;
        return OK;
    }
    person_user_put(out, &user_id);
    return OK;
}

/* Reads the first event of a stream; it borrows from arena. */
static enum err read_first(const struct service *service, struct store_txn *txn, const struct id *stream,
                           struct arena *arena, struct event *ret_event)
{
    struct log_event at;
    uint64_t seq = 0;
    uint8_t *bytes = arena_room(arena, LOG_PAYLOAD_MAX);
    struct buf payload = buf_of(bytes, bytes == NULL ? 0 : LOG_PAYLOAD_MAX);
    TRY(bytes == NULL ? ERR_NO_MEMORY : OK);
    TRY(ledger_stream_seq(txn, stream, 1, &seq));
    TRY(log_read(service->options.log, seq, &payload, &at));
    return event_decode(at.payload, arena, ret_event);
}

/* Whether an operator gave the person the address that they have. Nobody has proved one that came by an invitation,
 * whose link the inviter sees, or that somebody gave themself: whoever has it in truth would be let into another's
 * account by the word of a provider. */
static enum err is_vouched_for(struct service *service, struct store_txn *txn, const struct id *user_id,
                               bool *ret_vouched)
{
    struct id invited_id = *user_id; /* an invitation's person has its number */
    struct member invited;
    struct user user;
    struct event first;
    invited_id.kind = ID_MEMBER;
    TRY(desk_state(txn, &invited_id, &invited));
    TRY(desk_state(txn, user_id, &user));
    arena_reset(&service->read_arena);
    TRY(read_first(service, txn, user_id, &service->read_arena, &first));
    *ret_vouched = invited.head.version == 0 && first.code == EVENT_user_created &&
                   id_equal(&first.user_created.vault_id, &user.profile_id);
    return OK;
}

static enum err answer_who(struct service *service, const struct work *work, struct store_txn *txn,
                           const struct person_ask *ask, struct buf *out)
{
    struct vault *vault = service->options.vault;
    struct id user_id = {0};
    bool vouched = true;
    const bool by_address = ask->question == PERSON_ADDRESS;
    const enum err err = by_address ? people_by_address(txn, vault, ask->text, &user_id)
                                    : people_by_subject(txn, vault, &ask->of, ask->text, &user_id);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == OK && by_address && work->asker.party == PARTY_GATEWAY) {
        TRY(is_vouched_for(service, txn, &user_id, &vouched));
    }
    person_user_put(out, vouched ? &user_id : &(const struct id){0});
    return OK;
}

static enum err answer_member(const struct service *service, struct store_txn *txn, const struct person_ask *ask,
                              enum refusal *ret_refusal, struct buf *out)
{
    struct vault *vault = service->options.vault;
    const int64_t now_ms = clock_wall_ms();
    struct id user_id = {0};
    bool invited = false;
    const enum err err = people_member_by_address(txn, vault, &ask->of, ask->text, now_ms, &user_id);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(people_invited(txn, vault, &ask->of, ask->text, now_ms, &invited));
    *ret_refusal = invited && id_is_none(&user_id) ? REFUSED_invitation_exists : ACCEPTED;
    person_user_put(out, &user_id);
    return OK;
}

static void put_line(struct buf *out, const struct person_record *record)
{
    if (record->kind == PERSON_PROFILE) {
        person_page_put(out, true, record->profile.name, record->profile.email);
    } else if (record->kind == PERSON_INVITATION) {
        person_page_put(out, true, record->invitation.name, record->invitation.email);
    } else {
        person_page_put(out, true, record->device.user_agent, record->device.address);
    }
}

static enum err answer_page(const struct service *service, struct store_txn *txn, const struct person_ask *ask,
                            struct buf *room, struct buf *out)
{
    struct vault *vault = service->options.vault;
    person_page_begin(out, ask->count);
    for (uint32_t i = 0; i < ask->count; i++) {
        struct person_record record;
        const enum err err = ask->question == PERSON_PEOPLE
                                 ? people_named(txn, vault, &ask->of, &ask->ids[i], room, &record)
                                 : people_device(txn, vault, &ask->of, &ask->ids[i], room, &record);
        if (err == ERR_NOT_FOUND) {
            person_page_put(out, false, SPAN(""), SPAN(""));
        } else {
            TRY(err);
            put_line(out, &record);
        }
    }
    return OK;
}

/* Issuer and client as the provider was added with them; they borrow from arena. */
static enum err read_added(const struct service *service, struct store_txn *txn, const struct id *provider_id,
                           struct arena *arena, struct identity_use *ret_use)
{
    struct event event;
    TRY(read_first(service, txn, provider_id, arena, &event));
    if (event.code != EVENT_provider_added) {
        return ERR_ALTERED;
    }
    *ret_use = (struct identity_use){.provider_id = *provider_id,
                                     .issuer = event.provider_added.issuer,
                                     .client_id = event.provider_added.client_id};
    return OK;
}

/* The secret leaves for the identity process alone, for that provider: whoever asks can pass it on and not open it. */
static enum err answer_client(struct service *service, struct store_txn *txn, const struct person_ask *ask,
                              struct buf *room, enum refusal *ret_refusal, struct buf *out)
{
    uint8_t nonce[12];
    uint8_t bytes[IDENTITY_BOX_MAX];
    struct buf box = buf_of(bytes, sizeof bytes);
    struct person_record record;
    struct identity_use use;
    const enum err err = people_client(txn, service->options.vault, &ask->of, room, &record);
    if (err == ERR_NOT_FOUND) {
        *ret_refusal = REFUSED_provider_removed;
        return OK;
    }
    TRY(err);
    if (record.client_secret.secret.data == NULL) {
        person_box_put(out, (struct span){0});
        return OK;
    }
    random_fill(nonce, sizeof nonce);
    arena_reset(&service->read_arena);
    TRY(read_added(service, txn, &ask->of, &service->read_arena, &use));
    TRY(identity_box_seal(service->identity_box_key, nonce, &use, clock_wall_ms() + IDENTITY_BOX_LIFE_MS,
                          record.client_secret.secret, &box));
    person_box_put(out, buf_span(&box));
    return OK;
}

static enum err answer(struct service *service, const struct work *work, const struct person_ask *ask, struct buf *room,
                       enum refusal *ret_refusal, struct buf *out)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    *ret_refusal = ACCEPTED;
    TRY(store_begin(service->options.views, false, &txn));
    switch (ask->question) {
    case PERSON_SALT:
        return answer_salt(service, txn, ask, room, out);
    case PERSON_PROVE:
        return answer_prove(service, work, txn, ask, room, ret_refusal, out);
    case PERSON_ADDRESS:
    case PERSON_SUBJECT:
        return answer_who(service, work, txn, ask, out);
    case PERSON_PEOPLE:
    case PERSON_DEVICES:
        return answer_page(service, txn, ask, room, out);
    case PERSON_CLIENT:
        return answer_client(service, txn, ask, room, ret_refusal, out);
    case PERSON_MEMBER:
        return answer_member(service, txn, ask, ret_refusal, out);
    }
    return ERR_KIND;
}

void service_read_person(struct service *service, struct work *work)
{
    struct person_ask ask;
    uint8_t record[PERSON_RECORD_MAX];
    struct buf room = buf_of(record, sizeof record);
    enum refusal refusal = ACCEPTED;
    if (person_ask_read(work->frame.body, &ask) != OK) {
        service_refuse(work, REFUSED_frame_invalid);
        return;
    }
    const struct buf *out = &service->read_out;
    const size_t half = out->cap / 2; /* the result first, then the body around it behind */
    struct buf result = buf_of(out->data, half);
    struct buf body = buf_of(out->data + half, out->cap - half);
    const enum err err = answer(service, work, &ask, &room, &refusal, &result);
    explicit_bzero(record, sizeof record);
    if (err != OK || refusal != ACCEPTED) {
        refusal = err != OK ? REFUSED_unavailable : refusal;
        result.len = 0;
    }
    body_result_put(&body, refusal, buf_span(&result));
    ASSERT(buf_ok(&result));
    ASSERT(buf_ok(&body));
    service_reply(work, FRAME_PERSON + FRAME_REPLY, buf_span(&body));
    explicit_bzero(result.data, result.len);
    explicit_bzero(body.data, body.len);
}

struct sweep {
    struct store_txn *txn;
    int64_t now_ms;
};

static bool is_kept(void *context, const struct id *secret_id, const struct id *owner_id)
{
    const struct sweep *sweep = context;
    return !people_is_left(sweep->txn, secret_id, owner_id, sweep->now_ms);
}

/* What could not be deleted now goes when the ledger starts again. */
void service_sweep(struct service *service)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    uint64_t deleted = 0;
    enum err err = store_begin(service->options.views, false, &txn);
    struct sweep sweep = {.txn = txn, .now_ms = clock_wall_ms()};
    err = err == OK ? vault_sweep(service->options.vault, is_kept, &sweep, SWEPT_AT_ONCE, &service->swept_to, &deleted)
                    : err;
    if (err != OK) {
        service->swept_to = (struct id){0};
    }
    service->sweeping = !id_is_none(&service->swept_to);
}

enum refusal service_keep(struct service *service, const struct vault_secret *secret)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    enum refusal refusal = ACCEPTED;
    enum err err = store_begin(service->options.views, false, &txn);
    random_fill(randomness, sizeof randomness);
    err = err == OK ? people_keep(txn, service->options.vault, secret, clock_wall_ms(), randomness, &refusal) : err;
    explicit_bzero(randomness, sizeof randomness);
    return err == OK ? refusal : err == ERR_NO_SPACE ? REFUSED_storage_full : REFUSED_unavailable;
}
