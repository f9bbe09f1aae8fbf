/* service_admit_named.c: commands of other programs that name a secret, and those that give keys and memberships an
 * end: held to what the gateway holds a request to. Called by service.c on the socket's threads, before a command waits
 * for the writer. A secret may be named by a command for its own owner alone, of the workspace whose key had it sealed:
 * else one tenant could send another's password to a server of its own. */
#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/ledger/ledger_state.h"
#include "core/ledger/service_state.h"

#define CREDENTIALS_MARK 8 /* bytes of what recognises an account's credentials, shown in hex */

/* A command that names a secret. */
struct naming {
    const struct id *secret_id;
    const struct id *owner_id;
    const uint8_t *mark; /* what the command says that it is recognised by; NULL: that is checked elsewhere */
};

/* A key or member that is there already: the command is a repetition, which gets its first answer, or is refused; it
 * makes nothing of the secret. */
static bool has_begun(struct store_txn *txn, const struct id *owner_id)
{
    struct aggregate_head head = {.version = 0};
    bool begun = false;
    if (owner_id->kind == ID_KEY) {
        struct key key;
        begun = desk_state(txn, owner_id, &key) == OK;
        head = begun ? key.head : head;
    } else if (owner_id->kind == ID_MEMBER) {
        struct member member;
        begun = desk_state(txn, owner_id, &member) == OK;
        head = begun ? member.head : head;
    }
    return begun && head.version != 0;
}

static enum refusal find_secret(struct work *work, struct store_txn *txn, const struct naming *naming,
                                struct sealed_secret *ret_secret)
{
    struct sealed_secret secret;
    if (has_begun(txn, naming->owner_id)) {
        return ACCEPTED;
    }
    if (!sealed_find(work->door->service->sealed, naming->secret_id, &secret) ||
        !id_equal(&secret.workspace_id, &work->asker.workspace_id) || !id_equal(&secret.owner_id, naming->owner_id) ||
        clock_boot_ms() - secret.at_ms > SEALED_GOOD_MS) {
        return REFUSED_reference_not_found;
    }
    if (naming->mark != NULL &&
        !span_equal_secret(span_of(secret.mark, sizeof secret.mark), span_of(naming->mark, sizeof secret.mark))) {
        return REFUSED_reference_not_found;
    }
    *ret_secret = secret;
    return ACCEPTED;
}

static enum refusal admit_rotation(struct work *work, struct store_txn *txn, const struct create_key_command *create,
                                   struct fault *ret_fault)
{
    const struct service_parts *parts = work->door->service->options.parts;
    struct known_key key;
    if (id_is_none(&create->rotates)) {
        return ACCEPTED;
    }
    const enum err err = parts->key(txn, &work->asker.workspace_id, &create->rotates, &work->arena, &key);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? service_fault(ret_fault, REFUSED_reference_not_found, "/rotates",
                                                    "There is no such key in this workspace.")
                                    : REFUSED_unavailable;
    }
    if (key.revoked) {
        return REFUSED_key_revoked;
    }
    return span_equal(key.name, create->name)
               ? ACCEPTED
               : service_fault(ret_fault, REFUSED_field_invalid, "/name", "The name of the key whose place it takes.");
}

static enum refusal admit_key(struct work *work, struct store_txn *txn, const struct create_key_command *create,
                              int64_t now_ms, struct fault *ret_fault)
{
    struct sealed_secret secret;
    const struct naming naming = {
        .secret_id = &create->key_id, .owner_id = &create->key_id, .mark = create->fingerprint.bytes};
    if (create->expires_ms != 0 && create->expires_ms <= now_ms) {
        return service_fault(ret_fault, REFUSED_timestamp_past, "/expires_at", "The key would open nothing.");
    }
    const enum refusal refusal = admit_rotation(work, txn, create, ret_fault);
    return refusal != ACCEPTED ? refusal : find_secret(work, txn, &naming, &secret);
}

static enum refusal admit_until(int64_t until_ms, int64_t now_ms, struct fault *ret_fault)
{
    return until_ms == 0 || until_ms > now_ms ? ACCEPTED
                                              : service_fault(ret_fault, REFUSED_timestamp_past, "/until",
                                                              "The membership would be over: remove it instead.");
}

static enum refusal admit_invitation(struct work *work, struct store_txn *txn,
                                     const struct invite_member_command *invite, int64_t now_ms,
                                     struct fault *ret_fault)
{
    struct sealed_secret secret;
    const struct naming naming = {
        .secret_id = &invite->vault_id, .owner_id = &invite->member_id, .mark = invite->fingerprint.bytes};
    const enum refusal refusal = admit_until(invite->until_ms, now_ms, ret_fault);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (invite->expires_ms <= now_ms || invite->expires_ms > now_ms + INVITATION_GOOD_MS + MINUTE_MS) {
        return service_fault(ret_fault, REFUSED_field_invalid, "/expires_at",
                             "An instant to come, at most seven days ahead.");
    }
    return find_secret(work, txn, &naming, &secret);
}

/* An account stays where it was connected: a post whose outcome is unknown would be looked for elsewhere, not be found
 * and be sent twice. */
static enum refusal admit_service(struct work *work, struct store_txn *txn, struct connect_integration_command *connect,
                                  struct fault *ret_fault)
{
    const struct service_parts *parts = work->door->service->options.parts;
    struct known_account account;
    const enum err err = parts->account(txn, &work->asker, &connect->integration_id, &work->arena, &account);
    if (err == ERR_NOT_FOUND) {
        return connect->service.data != NULL ? ACCEPTED
                                             : service_fault(ret_fault, REFUSED_field_invalid, "/service",
                                                             "An address like https://bsky.social is expected.");
    }
    if (err != OK) {
        return REFUSED_unavailable;
    }
    if (account.was_connected && connect->service.data != NULL && !span_equal(connect->service, account.service)) {
        return service_fault(ret_fault, REFUSED_field_invalid, "/service",
                             "The account is at another address: leave service out. An account that moved is deleted "
                             "and connected anew.");
    }
    connect->service = account.was_connected ? (struct span){0} : connect->service;
    return ACCEPTED;
}

static enum refusal admit_account(struct work *work, struct store_txn *txn, struct connect_integration_command *connect,
                                  struct fault *ret_fault)
{
    struct sealed_secret secret;
    uint8_t identifier[SHA256_LEN];
    const struct naming naming = {.secret_id = &connect->vault_id, .owner_id = &connect->integration_id};
    enum refusal refusal = admit_service(work, txn, connect, ret_fault);
    refusal = refusal == ACCEPTED ? find_secret(work, txn, &naming, &secret) : refusal;
    if (refusal != ACCEPTED) {
        return refusal;
    }
    sha256(connect->identifier, identifier);
    if (!span_equal_secret(span_of(identifier, sizeof identifier), span_of(secret.mark, sizeof secret.mark))) {
        return service_fault(ret_fault, REFUSED_field_invalid, "/identifier",
                             "Another one's credentials were sealed for it.");
    }
    if (connect->fingerprint.len > 0) {
        return REFUSED_command_invalid; /* a program's would be a plain hash of a password */
    }
    uint8_t *hex = arena_alloc(&work->arena, (size_t)2 * CREDENTIALS_MARK);
    struct buf text = buf_of(hex, hex == NULL ? 0 : (size_t)2 * CREDENTIALS_MARK);
    buf_hex(&text, span_of(secret.content, CREDENTIALS_MARK));
    connect->fingerprint = buf_span(&text);
    return buf_ok(&text) ? ACCEPTED : REFUSED_out_of_memory;
}

enum refusal service_admit_named(struct work *work, struct store_txn *txn, struct command *command, int64_t now_ms,
                                 struct fault *ret_fault)
{
    switch (command->code) {
    case COMMAND_create_key:
        return admit_key(work, txn, &command->create_key, now_ms, ret_fault);
    case COMMAND_invite_member:
        return admit_invitation(work, txn, &command->invite_member, now_ms, ret_fault);
    case COMMAND_change_member:
        return admit_until(command->change_member.until_ms, now_ms, ret_fault);
    case COMMAND_connect_integration:
        return admit_account(work, txn, &command->connect_integration, ret_fault);
    default:
        return ACCEPTED;
    }
}
