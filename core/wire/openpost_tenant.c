/* openpost_tenant.c: libopenpost's calls about keys, accounts and members; see openpost.h. A secret is sealed first,
 * then named. It must never leave a secret on the stack. */
#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/lock.h"
#include "core/message/key_text.h"
#include "core/wire/login.h"
#include "core/wire/openpost_call.h"
#include "core/wire/person_record.h"
#include "core/wire/tag_key.h"

#define SCOPES_MAX 13
#define ACCOUNTS_MAX 50

/* Has the ledger keep a secret. */
static enum openpost_status seal(struct openpost *connection, const struct id *secret_id, const struct id *owner_id,
                                 struct span plain, int timeout_ms, struct openpost_answer *ret_answer)
{
    enum refusal refusal = ACCEPTED;
    struct openpost_answer answer = {.code = ""};
    const uint64_t sent = client_sent(connection->client);
    const enum err err = client_seal_told_wait(connection->client, secret_id, owner_id, plain, timeout_ms, &refusal);
    if (err != OK) {
        return openpost_call_since(connection, sent, err);
    }
    if (refusal == ACCEPTED) {
        return OPENPOST_OK;
    }
    lock_take(&connection->lock);
    connection->fault = (struct fault){.param = ""};
    lock_give(&connection->lock);
    const enum openpost_status status = openpost_call_refusal(&answer, refusal);
    *ret_answer = answer;
    return status;
}

/* ---- Keys ---- */

struct key_room {
    struct granted_scope scopes[SCOPES_MAX];
    struct integration_ref accounts[ACCOUNTS_MAX];
};

static enum err fill_key(const struct openpost_key *key, struct key_room *room, struct create_key_command *create)
{
    *create = (struct create_key_command){.name = span_text(key->name),
                                          .role = choice_value(&role_words, span_text(key->role)),
                                          .expires_ms = key->expires_ms,
                                          .scopes = room->scopes,
                                          .scopes_count = (uint32_t)key->scope_count,
                                          .restricted = key->restricted != 0,
                                          .integrations = room->accounts,
                                          .integrations_count = (uint32_t)key->integration_count};
    if (!key_name_is_valid(create->name) || create->role == ROLE_NONE || key->scope_count > SCOPES_MAX ||
        key->integration_count > ACCOUNTS_MAX) {
        return ERR_RANGE;
    }
    for (size_t i = 0; i < key->scope_count; i++) {
        room->scopes[i].scope = choice_value(&scope_words, span_text(key->scopes[i]));
        TRY(room->scopes[i].scope == SCOPE_NONE ? ERR_RANGE : OK);
    }
    for (size_t i = 0; i < key->integration_count; i++) {
        TRY(id_parse(span_text(key->integration_ids[i]), ID_INTEGRATION, &room->accounts[i].integration_id));
    }
    return key->rotates == NULL ? OK : id_parse(span_text(key->rotates), ID_KEY, &create->rotates);
}

enum openpost_status openpost_make_key(struct openpost *connection, const struct openpost_key *key, int timeout_ms,
                                       char key_text[OPENPOST_KEY_SIZE], struct openpost_answer *ret_answer)
{
    struct key_room room;
    struct command command = {.code = COMMAND_create_key};
    uint8_t randomness[KEY_RANDOM_LEN];
    uint8_t tag_key[TAG_KEY_LEN];
    char text[KEY_TEXT_MAX];
    if (fill_key(key, &room, &command.create_key) != OK) {
        return OPENPOST_INVALID;
    }
    random_fill(randomness, sizeof randomness);
    key_text_write(command.create_key.name, randomness, text);
    tag_key_of(span_text(text), tag_key);
    tag_key_fingerprint(tag_key, command.create_key.fingerprint.bytes);
    command.stream = openpost_call_mint(ID_KEY);
    command.create_key.key_id = command.stream;
    enum openpost_status status =
        seal(connection, &command.stream, &command.stream, span_of(tag_key, sizeof tag_key), timeout_ms, ret_answer);
    if (status == OPENPOST_OK) {
        status = openpost_call_give(connection, &command, NULL, timeout_ms, ret_answer);
    }
    if (status == OPENPOST_OK) {
        memcpy(key_text, text, sizeof text);
    }
    explicit_bzero(randomness, sizeof randomness);
    explicit_bzero(tag_key, sizeof tag_key);
    explicit_bzero(text, sizeof text);
    return status;
}

enum openpost_status openpost_revoke_key(struct openpost *connection, const char *key_id, int timeout_ms,
                                         struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_revoke_key};
    return openpost_call_about(connection, &command, ID_KEY, key_id, timeout_ms, ret_answer);
}

/* ---- Accounts ---- */

enum openpost_status openpost_connect_account(struct openpost *connection, const struct openpost_account *account,
                                              int timeout_ms, struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_connect_integration};
    struct connect_integration_command *connect = &command.connect_integration;
    const struct login login = {.identifier = span_text(account->identifier), .password = span_text(account->password)};
    uint8_t bytes[LOGIN_MAX];
    struct buf plain = buf_of(bytes, sizeof bytes);
    command.stream = openpost_call_mint(ID_INTEGRATION);
    *connect =
        (struct connect_integration_command){.channel = choice_value(&channel_words, span_text(account->channel)),
                                             .service = openpost_call_optional(account->service),
                                             .identifier = login.identifier,
                                             .vault_id = openpost_call_mint(ID_SECRET),
                                             .fingerprint = SPAN("")};
    enum openpost_status status = OPENPOST_INVALID;
    const bool is_id = account->integration_id == NULL ||
                       id_parse(span_text(account->integration_id), ID_INTEGRATION, &command.stream) == OK;
    if (is_id && connect->channel != CHANNEL_NONE && login_put(&plain, &login) == OK) {
        connect->integration_id = command.stream;
        status = seal(connection, &connect->vault_id, &command.stream, buf_span(&plain), timeout_ms, ret_answer);
    }
    explicit_bzero(bytes, sizeof bytes);
    return status == OPENPOST_OK ? openpost_call_give(connection, &command, NULL, timeout_ms, ret_answer) : status;
}

/* ---- Members ---- */

static enum err fill_membership(const struct openpost_membership *membership, struct granted_permission *permissions,
                                uint32_t *ret_role)
{
    const uint32_t role = choice_value(&role_words, span_text(membership->role));
    if (role == ROLE_NONE || membership->permission_count > PERMISSIONS_MAX) {
        return ERR_RANGE;
    }
    for (size_t i = 0; i < membership->permission_count; i++) {
        permissions[i].permission = choice_value(&permission_words, span_text(membership->permissions[i]));
        TRY(permissions[i].permission == PERMISSION_NONE ? ERR_RANGE : OK);
    }
    *ret_role = role;
    return OK;
}

/* What is sealed of an invitation: the token stands in the message's place. */
static enum err put_invitation(const struct openpost_invitation *invitation, struct span token, struct buf *out)
{
    const struct person_record record = {
        .kind = PERSON_INVITATION,
        .invitation = {.email = span_text(invitation->email),
                       .name = openpost_call_optional(invitation->name),
                       .body = token,
                       .locale = openpost_call_optional(invitation->locale)}
    };
    return person_record_put(out, &record);
}

enum openpost_status openpost_invite(struct openpost *connection, const struct openpost_invitation *invitation,
                                     int timeout_ms, char token[OPENPOST_TOKEN_SIZE],
                                     struct openpost_answer *ret_answer)
{
    struct granted_permission permissions[PERMISSIONS_MAX];
    struct command command = {.code = COMMAND_invite_member};
    struct invite_member_command *invite = &command.invite_member;
    const struct openpost_membership *membership = &invitation->membership;
    uint8_t randomness[TOKEN_RANDOM_LEN];
    uint8_t bytes[1024];
    char text[TOKEN_LEN + 1];
    struct buf plain = buf_of(bytes, sizeof bytes);
    uint32_t role = ROLE_NONE;
    if (fill_membership(membership, permissions, &role) != OK) {
        return OPENPOST_INVALID;
    }
    command.stream = openpost_call_mint(ID_MEMBER);
    *invite = (struct invite_member_command){.member_id = command.stream,
                                             .role = role,
                                             .permissions = permissions,
                                             .permissions_count = (uint32_t)membership->permission_count,
                                             .vault_id = openpost_call_mint(ID_SECRET),
                                             .expires_ms = clock_wall_ms() + INVITATION_GOOD_MS,
                                             .until_ms = membership->until_ms};
    random_fill(randomness, sizeof randomness);
    token_write(randomness, text);
    tag_key_fingerprint_of(span_text(text), invite->fingerprint.bytes);
    enum openpost_status status = OPENPOST_INVALID;
    if (put_invitation(invitation, span_text(text), &plain) == OK) {
        status = seal(connection, &invite->vault_id, &command.stream, buf_span(&plain), timeout_ms, ret_answer);
    }
    if (status == OPENPOST_OK) {
        status = openpost_call_give(connection, &command, NULL, timeout_ms, ret_answer);
    }
    if (status == OPENPOST_OK) {
        memcpy(token, text, sizeof text);
    }
    explicit_bzero(randomness, sizeof randomness);
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(text, sizeof text);
    return status;
}

enum openpost_status openpost_withdraw_invitation(struct openpost *connection, const char *member_id, int timeout_ms,
                                                  struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_withdraw_invitation};
    return openpost_call_about(connection, &command, ID_MEMBER, member_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_change_member(struct openpost *connection, const char *member_id, uint64_t version,
                                            const struct openpost_membership *membership, int timeout_ms,
                                            struct openpost_answer *ret_answer)
{
    struct granted_permission permissions[PERMISSIONS_MAX];
    struct command command = {.code = COMMAND_change_member, .expected_version = version};
    uint32_t role = ROLE_NONE;
    if (id_parse(span_text(member_id), ID_MEMBER, &command.stream) != OK ||
        fill_membership(membership, permissions, &role) != OK) {
        return OPENPOST_INVALID;
    }
    command.change_member = (struct change_member_command){.member_id = command.stream,
                                                           .role = role,
                                                           .permissions = permissions,
                                                           .permissions_count = (uint32_t)membership->permission_count,
                                                           .until_ms = membership->until_ms};
    return openpost_call_give(connection, &command, NULL, timeout_ms, ret_answer);
}

enum openpost_status openpost_remove_member(struct openpost *connection, const char *member_id, int timeout_ms,
                                            struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_remove_member};
    return openpost_call_about(connection, &command, ID_MEMBER, member_id, timeout_ms, ret_answer);
}
