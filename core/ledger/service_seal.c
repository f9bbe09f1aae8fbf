/* service_seal.c: what is sealed into the vault for who asks over the wire. Called by service_read.c on its thread, the
 * vault's one writer. Our own processes are trusted with what they seal. Another program seals but what its key's role
 * and scopes let it name in a command, for what is not there yet or for an account, in a form that is checked here, and
 * never over another secret. It must never tell whether what a program names is another workspace's. */
#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/token.h"
#include "core/decider/aggregate.h"
#include "core/ledger/people.h"
#include "core/ledger/service_state.h"
#include "core/message/codec.h"
#include "core/wire/client.h"
#include "core/wire/login.h"
#include "core/wire/person_record.h"
#include "core/wire/tag_key.h"

#define CONTENT_PURPOSE "openpost sealed content"

/* Derives the key of the asker's boxes. */
static enum err transport_key(const struct service *service, const struct work *work, uint8_t ret_key[BOX_KEY_LEN])
{
    uint8_t bytes[TAG_KEY_LEN];
    struct buf tag_key = buf_of(bytes, sizeof bytes);
    if (work->door->own) {
        memcpy(ret_key, service->parties[work->asker.party].transport_key, BOX_KEY_LEN);
        return OK;
    }
    const enum err err = vault_get(service->options.vault, &work->asker.key_id, &tag_key);
    if (err == OK && tag_key.len == sizeof bytes) {
        client_transport_key(bytes, ret_key);
    }
    explicit_bzero(bytes, sizeof bytes);
    return err == OK && tag_key.len != sizeof bytes ? ERR_AUTH : err;
}

static enum refusal open_box(const struct service *service, const struct work *work, const struct id *secret_id,
                             struct span box, struct buf *plain)
{
    char what_text[ID_TEXT_MAX + 1];
    uint8_t key[BOX_KEY_LEN];
    struct buf what = buf_of(what_text, sizeof what_text);
    id_write(&what, secret_id);
    if (transport_key(service, work, key) != OK) {
        return REFUSED_unavailable;
    }
    const enum err err = box_open(key, buf_span(&what), box, plain);
    explicit_bzero(key, sizeof key);
    return err == OK ? ACCEPTED : REFUSED_frame_unauthenticated;
}

/* --- what another program may have sealed --- */

/* The command that would name it; 0: none of a program's. */
static uint32_t named_by(const struct id *secret_id, const struct id *owner_id)
{
    switch (owner_id->kind) {
    case ID_KEY:
        return id_equal(secret_id, owner_id) ? COMMAND_create_key : 0;
    case ID_INTEGRATION:
        return secret_id->kind == ID_SECRET ? COMMAND_connect_integration : 0;
    case ID_MEMBER:
        return secret_id->kind == ID_SECRET ? COMMAND_invite_member : 0;
    default:
        return 0;
    }
}

/* As the channel's adapter reads it. */
static enum err form_login(struct span plain, uint8_t ret_mark[SHA256_LEN], struct buf *out)
{
    struct login login;
    TRY(login_read(plain, &login));
    sha256(login.identifier, ret_mark);
    buf_text(out, "{\"identifier\":");
    json_string(out, login.identifier);
    buf_text(out, ",\"password\":");
    json_string(out, login.password);
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_TOO_LONG;
}

/* An invitation with its token in the message's place, which goes no further: whoever invites hands it over. No message
 * is sent in our name whose words are a program's. */
static enum err form_invitation(struct span plain, uint8_t ret_mark[SHA256_LEN], struct buf *out)
{
    struct person_record record;
    TRY(person_record_read(plain, &record));
    if (record.kind != PERSON_INVITATION || record.invitation.subject.len > 0 ||
        !token_is_one(record.invitation.body)) {
        return ERR_MALFORMED;
    }
    tag_key_fingerprint_of(record.invitation.body, ret_mark);
    record.invitation.body = SPAN("");
    return person_record_put(out, &record);
}

/* What is kept of what was sent, and what that is recognised by. */
static enum err form(const struct id *owner_id, struct span plain, uint8_t ret_mark[SHA256_LEN], struct buf *out)
{
    if (owner_id->kind == ID_INTEGRATION) {
        return form_login(plain, ret_mark, out);
    }
    if (owner_id->kind == ID_MEMBER) {
        return form_invitation(plain, ret_mark, out);
    }
    if (plain.len != TAG_KEY_LEN) {
        return ERR_MALFORMED;
    }
    tag_key_fingerprint(plain.data, ret_mark);
    buf_put(out, plain);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* Whether it would take another secret's place: of whichever workspace, all the same. An account may be connected
 * again; a key and a member begin. Nor are two keys or two invitations found by the same bytes. */
static enum refusal look_taken(struct service *service, struct store_txn *txn, const struct sealed_secret *secret)
{
    bool needed = false;
    bool is_fingerprint = false;
    enum err err = vault_look(service->options.vault, &secret->secret_id);
    if (err == OK) {
        return REFUSED_exists;
    }
    if (err == ERR_NOT_FOUND && secret->owner_id.kind != ID_INTEGRATION) {
        err = ledger_needs_secret(txn, &secret->secret_id, &secret->owner_id, 0, &needed);
        if (err == OK || sealed_is_marked(service->sealed, &secret->owner_id, secret->mark)) {
            return REFUSED_exists;
        }
        if (err == ERR_NOT_FOUND) {
            const enum err looked = service->options.parts->is_fingerprint(txn, secret->mark, &is_fingerprint);
            err = looked == OK ? err : looked;
        }
    }
    return err != ERR_NOT_FOUND ? REFUSED_unavailable : is_fingerprint ? REFUSED_exists : ACCEPTED;
}

/* Whether an invitation is to somebody who is a member of the program's workspace, or has an open one there; of
 * another's it tells nothing. */
static enum refusal look_invited(struct service *service, struct store_txn *txn, const struct sealed_secret *secret,
                                 struct span kept)
{
    struct vault *vault = service->options.vault;
    const struct id *workspace_id = &secret->workspace_id;
    const int64_t now_ms = clock_wall_ms();
    struct person_record record;
    struct id user_id;
    bool invited = false;
    if (secret->owner_id.kind != ID_MEMBER) {
        return ACCEPTED;
    }
    enum err err = person_record_read(kept, &record);
    err =
        err == OK ? people_member_by_address(txn, vault, workspace_id, record.invitation.email, now_ms, &user_id) : err;
    if (err == OK) {
        return REFUSED_member_exists;
    }
    err = err == ERR_NOT_FOUND ? people_invited(txn, vault, workspace_id, record.invitation.email, now_ms, &invited)
                               : err;
    return err != OK ? REFUSED_unavailable : invited ? REFUSED_invitation_exists : ACCEPTED;
}

struct names {
    struct service *service;
    struct store_txn *txn;
    int64_t now_ms;
};

/* While an account is being connected its state takes any secret of its for needed: its row tells which one it is. */
static enum err look_account(const struct names *names, const struct sealed_secret *secret, bool *ret_named)
{
    const struct asker asker = {.party = PARTY_NONE, .workspace_id = secret->workspace_id};
    struct service *service = names->service;
    struct known_account account;
    arena_reset(&service->read_arena);
    TRY(service->options.parts->account(names->txn, &asker, &secret->owner_id, &service->read_arena, &account));
    *ret_named =
        id_equal(&account.vault_id, &secret->secret_id) || id_equal(&account.connect_vault_id, &secret->secret_id);
    return OK;
}

/* In doubt it is. */
static bool is_named(void *context, const struct sealed_secret *secret)
{
    const struct names *names = context;
    bool named = false;
    const enum err err =
        secret->owner_id.kind == ID_INTEGRATION
            ? look_account(names, secret, &named)
            : ledger_needs_secret(names->txn, &secret->secret_id, &secret->owner_id, names->now_ms, &named);
    return err == OK ? named : err != ERR_NOT_FOUND;
}

/* Those that could have been named and were not go. What cannot be deleted now goes when the ledger starts again, or
 * stays, as any secret of whose owner nothing is known. */
static void drop_old(struct service *service, struct names *names, int64_t boot_ms)
{
    struct sealed_secret old;
    while (sealed_take(service->sealed, boot_ms - SEALED_KEPT_MS, &old)) {
        if (!is_named(names, &old)) {
            const enum err err = vault_delete(service->options.vault, &old.secret_id);
            (void)err;
        }
    }
}

static enum refusal keep(struct service *service, struct sealed_secret *secret, struct span kept)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct sealed_secret first;
    if (sealed_find(service->sealed, &secret->secret_id, &first)) { /* the frame again, or another's secret */
        const bool same = id_equal(&first.owner_id, &secret->owner_id) && id_equal(&first.key_id, &secret->key_id) &&
                          memcmp(first.content, secret->content, sizeof first.content) == 0;
        return same ? ACCEPTED : REFUSED_exists;
    }
    if (store_begin(service->options.views, false, &txn) != OK) {
        return REFUSED_unavailable;
    }
    struct names names = {.service = service, .txn = txn, .now_ms = clock_wall_ms()};
    secret->at_ms = clock_boot_ms();
    drop_old(service, &names, secret->at_ms);
    enum refusal refusal = look_taken(service, txn, secret);
    refusal = refusal == ACCEPTED ? look_invited(service, txn, secret, kept) : refusal;
    if (refusal == ACCEPTED &&
        !sealed_has_room(service->sealed, &secret->workspace_id, &secret->key_id, is_named, &names)) {
        refusal = REFUSED_rate_limited;
    }
    if (refusal == ACCEPTED) {
        const struct vault_secret sealing = {.id = secret->secret_id, .owner_id = secret->owner_id, .plain = kept};
        refusal = service_keep(service, &sealing);
    }
    if (refusal == ACCEPTED) {
        sealed_add(service->sealed, secret);
    }
    return refusal;
}

static enum refusal seal_of_program(struct service *service, const struct work *work, const struct id *secret_id,
                                    const struct id *owner_id, struct span plain)
{
    const struct asker *asker = &work->asker;
    struct sealed_secret secret = {
        .secret_id = *secret_id, .owner_id = *owner_id, .workspace_id = asker->workspace_id, .key_id = asker->key_id};
    uint8_t bytes[PERSON_RECORD_MAX];
    struct buf kept = buf_of(bytes, sizeof bytes);
    enum refusal refusal = REFUSED_frame_invalid;
    if (form(owner_id, plain, secret.mark, &kept) == OK) {
        vault_mac(service->options.vault, CONTENT_PURPOSE, plain, secret.content);
        refusal = keep(service, &secret, buf_span(&kept));
    }
    explicit_bzero(bytes, sizeof bytes);
    return refusal;
}

/* --- the answer --- */

/* Whether the asker may have that sealed at all, before its box is opened. */
static enum refusal check_access(const struct work *work, const struct id *secret_id, const struct id *owner_id)
{
    if (work->door->own) {
        return aggregate_keeps_secrets((enum id_kind)owner_id->kind) ? ACCEPTED : REFUSED_frame_invalid;
    }
    const uint32_t code = named_by(secret_id, owner_id);
    const enum refusal refusal = code == 0 ? REFUSED_frame_invalid : access_command(&work->asker.grant, code);
    return refusal == ACCEPTED && !id_is_minted(secret_id, clock_wall_ms()) ? REFUSED_field_invalid : refusal;
}

/* Opens the box of the transport, seals it into the vault. */
static enum refusal seal(struct service *service, const struct work *work)
{
    struct id secret_id;
    struct id owner_id;
    struct span box;
    if (body_seal_read(work->frame.body, &secret_id, &owner_id, &box) != OK) {
        return REFUSED_frame_invalid;
    }
    enum refusal refusal = check_access(work, &secret_id, &owner_id);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    uint8_t plain_bytes[VAULT_PLAIN_MAX];
    struct buf plain = buf_of(plain_bytes, sizeof plain_bytes);
    refusal = open_box(service, work, &secret_id, box, &plain);
    if (refusal == ACCEPTED) {
        const struct vault_secret secret = {.id = secret_id, .owner_id = owner_id, .plain = buf_span(&plain)};
        refusal = work->door->own ? service_keep(service, &secret)
                                  : seal_of_program(service, work, &secret_id, &owner_id, buf_span(&plain));
    }
    explicit_bzero(plain_bytes, sizeof plain_bytes);
    return refusal;
}

void service_read_seal(struct service *service, struct work *work)
{
    uint8_t bytes[128];
    struct buf body = buf_of(bytes, sizeof bytes);
    const enum refusal refusal = seal(service, work);
    if (!work->door->own && (refusal == REFUSED_role_insufficient || refusal == REFUSED_scope_insufficient)) {
        service_note_refused(work, refusal, "seal", ID_NONE);
    }
    body_code_put(&body, refusal);
    service_reply(work, FRAME_SEAL + FRAME_REPLY, buf_span(&body));
}
