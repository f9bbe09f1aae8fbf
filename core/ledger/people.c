/* people.c: see people.h. Called by service_people.c on the reader's thread, the vault's one writer, and by the
 * tools. It must never tell what a state does not name. */
#include "core/ledger/people.h"
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"

/* What a record is found by; empty: nothing. ERR_MALFORMED. */
static enum err found_by_address(struct span address, struct buf *out)
{
    buf_text(out, "address ");
    return person_address(address, out);
}

static void found_by_subject(const struct id *provider_id, struct span subject, struct buf *out)
{
    buf_text(out, "subject ");
    id_write(out, provider_id);
    buf_byte(out, ' ');
    buf_put(out, subject);
}

static enum err found_by(const struct person_record *record, struct buf *out)
{
    if (record->kind == PERSON_PROFILE) {
        return found_by_address(record->profile.email, out);
    }
    if (record->kind == PERSON_LINK) {
        found_by_subject(&record->link.provider_id, record->link.subject, out);
    }
    return OK;
}

/* Whether the entry is another's who may count on it: one that counts, or that was sealed just now. */
static enum err is_taken_by(struct store_txn *txn, const struct id *secret_id, const struct id *owner_id,
                            int64_t now_ms, bool *ret_taken)
{
    bool needed = false;
    bool gone = false;
    const enum err err = ledger_needs_secret(txn, secret_id, owner_id, now_ms, &needed);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(ledger_owner_is_gone(txn, owner_id, now_ms, &gone));
    *ret_taken = needed || (!gone && now_ms - id_time_ms(secret_id) < PEOPLE_RESERVED_MS);
    return OK;
}

static enum err is_taken(struct store_txn *txn, struct vault *vault, const struct vault_secret *secret, int64_t now_ms,
                         bool *ret_taken)
{
    struct id secret_id = {0};
    struct id owner_id;
    bool taken = false;
    enum err err = OK;
    while (!taken && (err = vault_find(vault, secret->found_by, &secret_id, &owner_id)) == OK) {
        if (!id_equal(&owner_id, &secret->owner_id)) {
            TRY(is_taken_by(txn, &secret_id, &owner_id, now_ms, &taken));
        }
    }
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_taken = taken;
    return OK;
}

bool people_is_left(struct store_txn *txn, const struct id *secret_id, const struct id *owner_id, int64_t now_ms)
{
    bool needed = true;
    bool gone = false;
    if (ledger_owner_is_gone(txn, owner_id, now_ms, &gone) != OK || gone) {
        return gone;
    }
    const bool is_persons = owner_id->kind == ID_USER || owner_id->kind == ID_MEMBER || owner_id->kind == ID_SESSION;
    return is_persons && now_ms - id_time_ms(secret_id) >= PEOPLE_RESERVED_MS &&
           ledger_needs_secret(txn, secret_id, owner_id, now_ms, &needed) == OK && !needed;
}

static bool owns_records(const struct id *owner_id)
{
    return owner_id->kind == ID_USER || owner_id->kind == ID_MEMBER || owner_id->kind == ID_SESSION ||
           owner_id->kind == ID_PROVIDER;
}

enum err people_keep(struct store_txn *txn, struct vault *vault, const struct vault_secret *secret, int64_t now_ms,
                     const uint8_t randomness[VAULT_RANDOMNESS_LEN], enum refusal *ret_refusal)
{
    struct person_record record = {.kind = PERSON_LINK}; /* read below, if the owner keeps records */
    struct vault_secret kept = *secret;
    uint8_t bytes[PEOPLE_FOUND_BY_MAX];
    struct buf text = buf_of(bytes, sizeof bytes);
    bool taken = false;
    *ret_refusal = ACCEPTED;
    if (owns_records(&secret->owner_id)) {
        if (person_record_read(secret->plain, &record) != OK ||
            person_record_owner(record.kind) != (enum id_kind)secret->owner_id.kind || found_by(&record, &text) != OK) {
            *ret_refusal = REFUSED_frame_invalid;
            return OK;
        }
        kept.found_by = buf_span(&text);
    }
    if (kept.found_by.len > 0) {
        TRY(is_taken(txn, vault, &kept, now_ms, &taken));
    }
    if (taken) {
        *ret_refusal = record.kind == PERSON_PROFILE ? REFUSED_address_taken : REFUSED_subject_taken;
    }
    const enum err err = taken ? OK : vault_put(vault, &kept, randomness);
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

static enum err find(struct store_txn *txn, struct vault *vault, struct span text, struct id *ret_user_id)
{
    struct id secret_id = {0};
    struct id owner_id;
    bool needed = false;
    while (!needed) {
        TRY(vault_find(vault, text, &secret_id, &owner_id));
        const enum err err = ledger_needs_secret(txn, &secret_id, &owner_id, 0, &needed);
        TRY(err == ERR_NOT_FOUND ? OK : err);
    }
    *ret_user_id = owner_id;
    return OK;
}

enum err people_by_address(struct store_txn *txn, struct vault *vault, struct span address, struct id *ret_user_id)
{
    uint8_t bytes[PEOPLE_FOUND_BY_MAX];
    struct buf text = buf_of(bytes, sizeof bytes);
    const enum err err = found_by_address(address, &text);
    return err == OK ? find(txn, vault, buf_span(&text), ret_user_id) : ERR_NOT_FOUND;
}

enum err people_by_subject(struct store_txn *txn, struct vault *vault, const struct id *provider_id,
                           struct span subject, struct id *ret_user_id)
{
    uint8_t bytes[PEOPLE_FOUND_BY_MAX];
    struct buf text = buf_of(bytes, sizeof bytes);
    found_by_subject(provider_id, subject, &text);
    return buf_ok(&text) ? find(txn, vault, buf_span(&text), ret_user_id) : ERR_NOT_FOUND;
}

/* What cannot be opened is not there: its key was destroyed, or it was sealed under another master key. */
static enum err read_record(struct vault *vault, const struct id *secret_id, enum person_record_kind kind,
                            struct buf *room, struct person_record *ret_record)
{
    struct person_record record;
    room->len = 0;
    TRY(id_is_none(secret_id) ? ERR_NOT_FOUND : OK);
    const enum err err = vault_get(vault, secret_id, room);
    TRY(err == ERR_AUTH ? ERR_NOT_FOUND : err);
    if (person_record_read(buf_span(room), &record) != OK || record.kind != kind) {
        return ERR_NOT_FOUND;
    }
    *ret_record = record;
    return OK;
}

static enum err load_user(struct store_txn *txn, const struct id *user_id, struct user *ret_user)
{
    TRY(user_id->kind == ID_USER ? OK : ERR_NOT_FOUND);
    return desk_state(txn, user_id, ret_user); /* initial or erased: it names nothing */
}

enum err people_password(struct store_txn *txn, struct vault *vault, const struct id *user_id, struct buf *room,
                         struct person_record *ret_record)
{
    struct user user;
    TRY(load_user(txn, user_id, &user));
    return read_record(vault, &user.password_id, PERSON_PASSWORD, room, ret_record);
}

static enum err profile(struct store_txn *txn, struct vault *vault, const struct id *user_id, struct buf *room,
                        struct person_record *ret_record)
{
    struct user user;
    TRY(load_user(txn, user_id, &user));
    return read_record(vault, &user.profile_id, PERSON_PROFILE, room, ret_record);
}

/* ERR_NOT_FOUND: the person is no member of the workspace. */
static enum err look_membership(struct store_txn *txn, const struct id *workspace_id, const struct id *user_id)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    struct row_key prefix;
    struct span key;
    struct span row;
    key_begin(&prefix, TABLE_MEMBERSHIP);
    key_id(&prefix, user_id);
    key_id(&prefix, workspace_id);
    TRY(store_cursor_open(txn, &cursor));
    TRY(store_seek(cursor, key_span(&prefix), &key, &row));
    return span_starts_with(key, key_span(&prefix)) ? OK : ERR_NOT_FOUND;
}

enum err people_member_by_address(struct store_txn *txn, struct vault *vault, const struct id *workspace_id,
                                  struct span address, int64_t now_ms, struct id *ret_user_id)
{
    bool is_member = false;
    struct id user_id = {.kind = ID_USER}; /* nobody, who is a member of nothing */
    const enum err err = people_by_address(txn, vault, address, &user_id);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(ledger_is_member(txn, workspace_id, &user_id, now_ms, &is_member));
    TRY(is_member ? OK : ERR_NOT_FOUND);
    *ret_user_id = user_id;
    return OK;
}

/* Whether the member is invited by that address, in the form in which addresses are compared. What cannot be read is to
 * nobody: a vault that fails stops no command of others'. */
static enum err is_invited(struct store_txn *txn, struct vault *vault, const struct id *workspace_id,
                           const struct id *member_id, struct span address, bool *ret_invited)
{
    uint8_t bytes[PERSON_RECORD_MAX];
    uint8_t form_bytes[PERSON_ADDRESS_MAX];
    struct buf room = buf_of(bytes, sizeof bytes);
    struct buf form = buf_of(form_bytes, sizeof form_bytes);
    struct person_record record;
    struct member member;
    TRY(desk_state_of(txn, workspace_id, member_id, &member));
    if (member.status != MEMBER_INVITED) {
        return OK;
    }
    if (read_record(vault, &member.vault_id, PERSON_INVITATION, &room, &record) == OK &&
        person_address(record.invitation.email, &form) == OK) {
        *ret_invited = span_equal(buf_span(&form), address);
    }
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(form_bytes, sizeof form_bytes);
    return OK;
}

/* Every invitation ends by itself: those that are open stand behind now_ms among what ends. */
static enum err look_invited(struct store_txn *txn, struct vault *vault, const struct id *workspace_id,
                             struct span address, int64_t now_ms, bool *ret_invited)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    struct row_key prefix;
    struct row_key from;
    struct span key;
    struct span row;
    key_begin(&prefix, TABLE_TERM);
    key_id(&prefix, workspace_id);
    key_term(&from, workspace_id, now_ms + 1);
    TRY(store_cursor_open(txn, &cursor));
    enum err err = store_seek(cursor, key_span(&from), &key, &row);
    for (uint32_t i = 0; i < PEOPLE_INVITED_MAX && !*ret_invited && err == OK; i++) {
        struct id member_id;
        if (!span_starts_with(key, key_span(&prefix))) {
            return OK;
        }
        TRY(key.len == from.buf.len + sizeof member_id ? OK : ERR_ALTERED);
        memcpy(&member_id, key.data + from.buf.len, sizeof member_id);
        TRY(is_invited(txn, vault, workspace_id, &member_id, address, ret_invited));
        err = store_next(cursor, &key, &row);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err people_invited(struct store_txn *txn, struct vault *vault, const struct id *workspace_id, struct span address,
                        int64_t now_ms, bool *ret_invited)
{
    uint8_t bytes[PERSON_ADDRESS_MAX];
    struct buf form = buf_of(bytes, sizeof bytes);
    bool invited = false;
    if (person_address(address, &form) == OK) {
        TRY(look_invited(txn, vault, workspace_id, buf_span(&form), now_ms, &invited));
    }
    *ret_invited = invited;
    return OK;
}

enum err people_addressed(struct store_txn *txn, struct vault *vault, const struct id *workspace_id,
                          const struct id *secret_id, int64_t now_ms, bool *ret_invited, bool *ret_member)
{
    uint8_t bytes[PERSON_RECORD_MAX];
    struct buf room = buf_of(bytes, sizeof bytes);
    struct person_record record;
    enum err err = OK;
    *ret_invited = false;
    *ret_member = false;
    if (read_record(vault, secret_id, PERSON_INVITATION, &room, &record) == OK) {
        struct id user_id;
        const struct span address = record.invitation.email;
        *ret_member = people_member_by_address(txn, vault, workspace_id, address, now_ms, &user_id) == OK;
        err = people_invited(txn, vault, workspace_id, address, now_ms, ret_invited);
    }
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

static enum err named_member(struct store_txn *txn, struct vault *vault, const struct id *workspace_id,
                             const struct id *member_id, struct buf *room, struct person_record *ret_record)
{
    struct member member;
    TRY(desk_state_of(txn, workspace_id, member_id, &member));
    if (!id_equal(&member.head.workspace_id, workspace_id)) {
        return ERR_NOT_FOUND;
    }
    switch (member.status) {
    case MEMBER_INVITED:
        return read_record(vault, &member.vault_id, PERSON_INVITATION, room, ret_record);
    case MEMBER_ACTIVE:
        return profile(txn, vault, &member.user_id, room, ret_record);
    case MEMBER_REMOVED: /* of whom a history tells yet; an invitation that nobody took is of nobody */
        TRY(profile(txn, vault, &member.user_id, room, ret_record));
        ret_record->profile.email = (struct span){0};
        return OK;
    default:
        return ERR_NOT_FOUND;
    }
}

enum err people_named(struct store_txn *txn, struct vault *vault, const struct id *workspace_id, const struct id *id,
                      struct buf *room, struct person_record *ret_record)
{
    if (id->kind == ID_MEMBER) {
        return named_member(txn, vault, workspace_id, id, room, ret_record);
    }
    if (!id_is_none(workspace_id)) {
        TRY(look_membership(txn, workspace_id, id));
    }
    return profile(txn, vault, id, room, ret_record);
}

enum err people_device(struct store_txn *txn, struct vault *vault, const struct id *user_id,
                       const struct id *session_id, struct buf *room, struct person_record *ret_record)
{
    struct session session;
    TRY(desk_state(txn, session_id, &session));
    if (!id_equal(&session.user_id, user_id)) {
        return ERR_NOT_FOUND;
    }
    return read_record(vault, &session.vault_id, PERSON_DEVICE, room, ret_record);
}

enum err people_client(struct store_txn *txn, struct vault *vault, const struct id *provider_id, struct buf *room,
                       struct person_record *ret_record)
{
    struct provider provider;
    TRY(desk_state(txn, provider_id, &provider));
    if (provider.head.version == 0 || provider.removed) {
        return ERR_NOT_FOUND;
    }
    if (id_is_none(&provider.vault_id)) {
        *ret_record = (struct person_record){.kind = PERSON_CLIENT_SECRET};
        return OK;
    }
    const enum err err = read_record(vault, &provider.vault_id, PERSON_CLIENT_SECRET, room, ret_record);
    return err == ERR_NOT_FOUND ? ERR_AUTH : err;
}
