/* access_sessions.c: people and their sessions as read models. Called by access.c for every event that is none of its
 * own, and by the gateway for every request with a cookie. Must never hold what names a person: that is in the vault.
 */
#include "core/base/assert.h"
#include "projections/access_internal.h"

/* The two kinds of rows of a session. */
enum session_place { PLACE_FINGERPRINT = 0, PLACE_ID = 1 };

struct row_key access_user_key(const struct id *user_id, enum user_place place)
{
    struct row_key key = row_key(TABLE_USER);
    row_key_id(&key, user_id);
    row_key_byte(&key, (uint8_t)place);
    return key;
}

static struct row_key fingerprint_key(const uint8_t *sha256)
{
    struct row_key key = row_key(TABLE_SESSION);
    row_key_byte(&key, PLACE_FINGERPRINT);
    access_key_fingerprint(&key, sha256);
    return key;
}

static struct row_key session_key(const struct id *session_id)
{
    struct row_key key = row_key(TABLE_SESSION);
    row_key_byte(&key, PLACE_ID);
    row_key_id(&key, session_id);
    return key;
}

static struct row_key belonging_key(const struct session_row *session)
{
    struct row_key key = access_user_key(&session->user_id, PLACE_SESSION);
    row_key_id(&key, &session->session_id);
    return key;
}

/* --- people --- */

static void fold_user(struct user_row *row, const struct event *event)
{
    switch (event->code) {
    case EVENT_user_created:
        row->user_id = event->user_created.user_id;
        row->profile_id = event->user_created.vault_id;
        break;
    case EVENT_user_changed:
        row->profile_id = event->user_changed.vault_id;
        break;
    case EVENT_password_set:
        row->password_id = event->password_set.vault_id;
        row->generation = event->password_set.generation;
        break;
    case EVENT_sessions_ended:
        row->generation = event->sessions_ended.generation;
        break;
    case EVENT_operator_granted:
    case EVENT_operator_revoked:
        row->is_operator = event->code == EVENT_operator_granted;
        break;
    case EVENT_user_erased:
        row->erased = true;
        row->is_operator = false;
        row->profile_id = (struct id){.kind = ID_NONE};
        row->password_id = (struct id){.kind = ID_NONE};
        break;
    default: /* a login that is linked or unlinked, refusals that were reported: the version alone */
        break;
    }
}

static enum err apply_user(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct row_key key = access_user_key(&fact->at->stream, PLACE_USER);
    struct user_row row;
    if (fact->event->code == EVENT_user_created) {
        memset(&row, 0, sizeof row);
        row.created_ms = fact->at->time_ms;
    } else {
        TRY(access_must(access_plain(txn, &key, user_row_desc(), &row)));
    }
    fold_user(&row, fact->event);
    row.version = fact->at->version;
    row.updated_ms = fact->at->time_ms;
    return row_put(txn, &key, user_row_desc(), &row, arena);
}

enum err access_user(struct store_txn *txn, const struct id *user_id, struct user_row *ret_user)
{
    const struct row_key key = access_user_key(user_id, PLACE_USER);
    return access_plain(txn, &key, user_row_desc(), ret_user);
}

/* Behind all that belongs to whom the key is about; at: where their id ends in it. */
static enum err skip_person(struct store_cursor *cursor, size_t at, struct span *key, struct span *value)
{
    struct row_key behind = {.len = at};
    memcpy(behind.bytes, key->data, at);
    row_key_byte(&behind, UINT8_MAX);
    return store_seek(cursor, row_key_span(&behind), key, value);
}

enum err access_user_after(struct store_txn *txn, const struct id *after, struct user_row *ret_user)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    const struct row_key prefix = row_key(TABLE_USER);
    struct row_key from = prefix;
    struct span key;
    struct span value;
    struct arena none; /* the row has no lists */
    if (after != NULL) {
        row_key_id(&from, after);
        row_key_byte(&from, UINT8_MAX);
    }
    const size_t place_at = access_user_key(&(struct id){0}, PLACE_USER).len - 1;
    TRY(store_cursor_open(txn, &cursor));
    enum err err = store_seek(cursor, row_key_span(&from), &key, &value);
    while (err == OK && span_starts_with(key, row_key_span(&prefix)) && key.data[place_at] != PLACE_USER) {
        err = skip_person(cursor, place_at, &key, &value); /* a member whom nobody made known: no person */
    }
    TRY(err);
    if (!span_starts_with(key, row_key_span(&prefix))) {
        return ERR_NOT_FOUND;
    }
    arena_init(&none, 0);
    err = row_read(value, user_row_desc(), &none, ret_user);
    arena_done(&none);
    return err;
}

/* --- sessions --- */

static enum err find_session(struct store_txn *txn, const struct id *session_id, struct row_key *ret_key)
{
    const struct row_key by_id = session_key(session_id);
    struct span fingerprint;
    TRY(store_get(txn, row_key_span(&by_id), &fingerprint));
    if (fingerprint.len != sizeof(struct hash)) {
        return ERR_ALTERED;
    }
    *ret_key = fingerprint_key(fingerprint.data);
    return OK;
}

static bool is_valid(const struct session_row *session, const struct user_row *user, int64_t now_ms)
{
    return session->ended_ms == 0 && now_ms < session->expires_ms && !user->erased &&
           session->generation == user->generation;
}

/* All rows that a person's sessions have, whether they are valid or not. */
static enum err list_sessions(struct store_txn *txn, const struct id *user_id, struct arena *arena,
                              struct session_row **ret_sessions, uint32_t *ret_count)
{
    const struct row_key prefix = access_user_key(user_id, PLACE_SESSION);
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, NULL, ref_row_desc(), UINT32_MAX, arena, &rows, &count));
    const struct ref_row *refs = rows;
    struct session_row *sessions = arena_alloc(arena, (count + 1) * sizeof *sessions);
    if (sessions == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct row_key key;
        TRY(access_must(find_session(txn, &refs[i].id, &key)));
        TRY(access_must(access_plain(txn, &key, session_row_desc(), &sessions[i])));
    }
    *ret_sessions = sessions;
    *ret_count = count;
    return OK;
}

static enum err remove_session(struct store_txn *txn, const struct session_row *session)
{
    const struct row_key by_fingerprint = fingerprint_key(session->fingerprint.bytes);
    const struct row_key by_id = session_key(&session->session_id);
    const struct row_key by_user = belonging_key(session);
    TRY(row_remove(txn, &by_fingerprint));
    TRY(row_remove(txn, &by_id));
    return row_remove(txn, &by_user);
}

/* Whoever signs in takes the rows of their sessions that are over away: so a person has no more of them than were
 * valid together, and ending all of them stays one event that touches none. */
static enum err clear_sessions(struct store_txn *txn, const struct user_row *user, int64_t now_ms, struct arena *arena)
{
    struct session_row *sessions = NULL;
    uint32_t count = 0;
    TRY(list_sessions(txn, &user->user_id, arena, &sessions, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (!is_valid(&sessions[i], user, now_ms)) {
            TRY(remove_session(txn, &sessions[i]));
        }
    }
    return OK;
}

static enum err apply_opened(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct session_opened_event *opened = &fact->event->session_opened;
    const struct session_row row = {
        .session_id = opened->session_id,
        .user_id = opened->user_id,
        .generation = opened->generation,
        .method = opened->method,
        .provider_id = opened->provider_id,
        .fingerprint = opened->fingerprint,
        .created_ms = fact->at->time_ms,
        .expires_ms = opened->expires_ms,
        .vault_id = opened->vault_id,
    };
    struct user_row user;
    TRY(access_must(access_user(txn, &row.user_id, &user)));
    TRY(clear_sessions(txn, &user, fact->at->time_ms, arena));
    const struct row_key by_fingerprint = fingerprint_key(row.fingerprint.bytes);
    const struct row_key by_id = session_key(&row.session_id);
    const struct row_key by_user = belonging_key(&row);
    const struct ref_row ref = {.id = row.session_id};
    TRY(row_put(txn, &by_fingerprint, session_row_desc(), &row, arena));
    TRY(store_put(txn, row_key_span(&by_id), span_of(row.fingerprint.bytes, sizeof row.fingerprint.bytes)));
    return row_put(txn, &by_user, ref_row_desc(), &ref, arena);
}

/* What is told of a session whose rows were taken away changes nothing. */
static enum err change_session(struct store_txn *txn, const struct id *session_id, int64_t ended_ms, int64_t used_ms,
                               struct arena *arena)
{
    struct row_key key;
    struct session_row row;
    const enum err err = find_session(txn, session_id, &key);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    TRY(access_must(access_plain(txn, &key, session_row_desc(), &row)));
    if (ended_ms != 0) {
        row.ended_ms = ended_ms;
        row.vault_id = (struct id){.kind = ID_NONE};
    }
    row.last_used_ms = used_ms > row.last_used_ms ? used_ms : row.last_used_ms;
    return row_put(txn, &key, session_row_desc(), &row, arena);
}

static enum err apply_used(struct store_txn *txn, const struct credentials_used_event *used, struct arena *arena)
{
    for (uint32_t i = 0; i < used->uses_count; i++) {
        const struct credential_use *use = &used->uses[i];
        if (use->credential_id.kind == ID_SESSION) {
            TRY(change_session(txn, &use->credential_id, 0, use->used_ms, arena));
        }
    }
    return OK;
}

enum err access_apply_person(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    switch (fact->event->code) {
    case EVENT_session_opened:
        return apply_opened(txn, fact, arena);
    case EVENT_session_ended:
        return change_session(txn, &fact->event->session_ended.session_id, fact->at->time_ms, 0, arena);
    case EVENT_credentials_used:
        return apply_used(txn, &fact->event->credentials_used, arena);
    default:
        return fact->at->stream.kind == ID_USER ? apply_user(txn, fact, arena) : OK;
    }
}

enum err access_session(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms,
                        struct session_row *ret_session, struct user_row *ret_user)
{
    const struct row_key key = fingerprint_key(fingerprint);
    struct session_row session;
    struct user_row user;
    const enum err err = access_plain(txn, &key, session_row_desc(), &session);
    if (err == ERR_NOT_FOUND) {
        return ERR_AUTH;
    }
    TRY(err);
    TRY(access_must(access_user(txn, &session.user_id, &user)));
    const struct span kept = span_of(session.fingerprint.bytes, sizeof session.fingerprint.bytes);
    if (!span_equal_secret(kept, span_of(fingerprint, 32)) || !is_valid(&session, &user, now_ms)) {
        return ERR_AUTH;
    }
    *ret_session = session;
    *ret_user = user;
    return OK;
}

enum err access_sessions(struct store_txn *txn, const struct id *user_id, int64_t now_ms, uint32_t limit,
                         struct arena *arena, struct session_row **ret_sessions, uint32_t *ret_count)
{
    struct session_row *sessions = NULL;
    struct user_row user;
    uint32_t count = 0;
    uint32_t valid = 0;
    TRY(access_user(txn, user_id, &user));
    TRY(list_sessions(txn, user_id, arena, &sessions, &count));
    for (uint32_t i = 0; i < count && valid < limit; i++) {
        if (is_valid(&sessions[i], &user, now_ms)) {
            sessions[valid] = sessions[i];
            valid++;
        }
    }
    *ret_sessions = sessions;
    *ret_count = valid;
    return OK;
}
