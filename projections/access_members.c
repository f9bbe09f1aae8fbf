/* access_members.c: memberships and invitations as read models: an invitation is a membership that nobody has joined
 * yet. Called by access.c for every event that is none of its own, and by the gateway for every request of a person.
 * Must never hand out what is another workspace's. */
#include "core/base/assert.h"
#include "projections/access_internal.h"

/* Where the rows of memberships lie: themselves, a workspace's lists of them, and by the tokens of invitations. */
enum place { PLACE_SELF = 0, PLACE_JOINED = 1, PLACE_INVITED = 2, PLACE_TOKEN = 3 };

bool access_member_is_over(const struct member_row *row, int64_t now_ms)
{
    const bool is_spent = row->joined_ms == 0 && now_ms >= row->expires_ms;
    return is_spent || (row->until_ms != 0 && now_ms >= row->until_ms);
}

static struct row_key member_key(const struct id *member_id)
{
    struct row_key key = row_key(TABLE_MEMBER);
    row_key_byte(&key, PLACE_SELF);
    row_key_id(&key, member_id);
    return key;
}

/* A membership in a workspace's list of those who joined or were invited; the prefix of all when member_id is NULL. */
static struct row_key list_key(const struct id *workspace_id, enum place place, const struct id *member_id)
{
    struct row_key key = row_key(TABLE_MEMBER);
    row_key_byte(&key, (uint8_t)place);
    row_key_id(&key, workspace_id);
    if (member_id != NULL) {
        row_key_id(&key, member_id);
    }
    return key;
}

static struct row_key token_key(const uint8_t *sha256)
{
    struct row_key key = row_key(TABLE_MEMBER);
    row_key_byte(&key, PLACE_TOKEN);
    access_key_fingerprint(&key, sha256);
    return key;
}

static struct row_key membership_key(const struct id *user_id, const struct id *workspace_id)
{
    struct row_key key = access_user_key(user_id, PLACE_MEMBERSHIP);
    row_key_id(&key, workspace_id);
    return key;
}

/* A membership's row has neither texts nor lists: it needs no memory but its own. workspace_id NULL: whosever it is. */
static enum err get_member(struct store_txn *txn, const struct id *workspace_id, const struct id *member_id,
                           struct member_row *ret_row)
{
    const struct row_key key = member_key(member_id);
    struct arena none;
    arena_init(&none, 0);
    const enum err err = row_get_own(txn, &key, workspace_id, member_row_desc(), &none, ret_row);
    arena_done(&none);
    return err;
}

static uint64_t permission_bits(const struct granted_permission *permissions, uint32_t count)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        bits |= UINT64_C(1) << permissions[i].permission;
    }
    return bits;
}

/* Nobody joins by its token any more. */
static void spend(struct member_row *row)
{
    row->vault_id = (struct id){.kind = ID_NONE};
    row->fingerprint = (struct hash){{0}};
    row->expires_ms = 0;
}

static void fold_invited(struct member_row *row, const struct member_invited_event *invited)
{
    row->member_id = invited->member_id;
    row->workspace_id = invited->workspace_id;
    row->role = invited->role;
    row->permissions = permission_bits(invited->permissions, invited->permissions_count);
    row->vault_id = invited->vault_id;
    row->fingerprint = invited->fingerprint;
    row->expires_ms = invited->expires_ms;
    row->until_ms = invited->until_ms;
}

static void fold_member(struct member_row *row, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_member_added:
        row->member_id = event->member_added.member_id;
        row->workspace_id = event->member_added.workspace_id;
        row->role = event->member_added.role;
        row->until_ms = event->member_added.until_ms;
        row->user_id = event->member_added.user_id;
        row->joined_ms = time_ms;
        break;
    case EVENT_member_invited:
        fold_invited(row, &event->member_invited);
        break;
    case EVENT_member_joined:
        spend(row);
        row->user_id = event->member_joined.user_id;
        row->joined_ms = time_ms;
        break;
    case EVENT_member_changed:
        row->role = event->member_changed.role;
        row->permissions = permission_bits(event->member_changed.permissions, event->member_changed.permissions_count);
        row->until_ms = event->member_changed.until_ms;
        break;
    case EVENT_member_removed:
    case EVENT_invitation_withdrawn:
        spend(row);
        row->ended_ms = time_ms;
        break;
    default:
        ASSERT(event->code == EVENT_access_refused); /* the version alone */
        break;
    }
}

/* What leads to a membership that has not ended: its place in a list, and its person's entry or its token's. */
static void keys_to(const struct member_row *row, struct row_key *ret_listed, struct row_key *ret_found)
{
    const bool joined = row->joined_ms != 0;
    *ret_listed = list_key(&row->workspace_id, joined ? PLACE_JOINED : PLACE_INVITED, &row->member_id);
    *ret_found = joined ? membership_key(&row->user_id, &row->workspace_id) : token_key(row->fingerprint.bytes);
}

/* A person whose membership is over may have another since: theirs stays. */
static enum err unlist(struct store_txn *txn, const struct member_row *row)
{
    struct row_key listed;
    struct row_key found;
    struct ref_row ref;
    struct arena none;
    keys_to(row, &listed, &found);
    TRY(row_remove(txn, &listed));
    arena_init(&none, 0);
    const enum err err = row_get(txn, &found, ref_row_desc(), &none, &ref);
    arena_done(&none);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    return err == OK && id_equal(&ref.id, &row->member_id) ? row_remove(txn, &found) : OK;
}

static enum err list(struct store_txn *txn, const struct member_row *row, struct arena *arena)
{
    struct row_key listed;
    struct row_key found;
    const struct ref_row ref = {.id = row->member_id};
    keys_to(row, &listed, &found);
    TRY(row_put(txn, &listed, ref_row_desc(), &ref, arena));
    return row_put(txn, &found, ref_row_desc(), &ref, arena);
}

/* Whether one that was over is a membership again, by which its person is found. */
static bool comes_back(const struct member_row *before, const struct member_row *row, int64_t time_ms)
{
    return access_member_is_over(before, time_ms) && !access_member_is_over(row, time_ms);
}

enum err access_apply_member(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    if (fact->at->stream.kind != ID_MEMBER) {
        return OK;
    }
    const struct row_key key = member_key(&fact->at->stream);
    const uint32_t code = fact->event->code;
    const bool is_new = code == EVENT_member_added || code == EVENT_member_invited;
    struct member_row row;
    if (is_new) {
        memset(&row, 0, sizeof row);
        row.created_ms = fact->at->time_ms;
    } else {
        TRY(access_must(get_member(txn, NULL, &fact->at->stream, &row)));
    }
    const struct member_row before = row;
    fold_member(&row, fact->event, fact->at->time_ms);
    row.version = fact->at->version;
    row.updated_ms = fact->at->time_ms;
    TRY(row_put(txn, &key, member_row_desc(), &row, arena));
    const bool moves = before.joined_ms != row.joined_ms || before.ended_ms != row.ended_ms;
    if (moves && !is_new) {
        TRY(unlist(txn, &before));
    }
    const bool is_new_to_them = moves || is_new || comes_back(&before, &row, fact->at->time_ms);
    return is_new_to_them && row.ended_ms == 0 ? list(txn, &row, arena) : OK;
}

static enum err list_members(struct store_txn *txn, const struct row_key *prefix, const struct row_key *from,
                             uint32_t limit, struct arena *arena, struct member_row **ret_members, uint32_t *ret_count)
{
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, prefix, from, ref_row_desc(), limit, arena, &rows, &count));
    const struct ref_row *refs = rows;
    struct member_row *members = arena_alloc(arena, (count + 1) * sizeof *members);
    if (members == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(access_must(get_member(txn, NULL, &refs[i].id, &members[i])));
    }
    *ret_members = members;
    *ret_count = count;
    return OK;
}

enum err access_end_memberships(struct store_txn *txn, const struct id *workspace_id, struct arena *arena)
{
    for (int invited = 0; invited <= 1; invited++) {
        struct member_row *members = NULL;
        uint32_t count = 0;
        TRY(access_members(txn, workspace_id, invited != 0, NULL, UINT32_MAX, arena, &members, &count));
        for (uint32_t i = 0; i < count; i++) {
            TRY(unlist(txn, &members[i]));
        }
    }
    return OK;
}

/* --- queries --- */

enum err access_member(struct store_txn *txn, const struct id *workspace_id, const struct id *member_id,
                       struct member_row *ret_member)
{
    struct member_row row;
    TRY(get_member(txn, workspace_id, member_id, &row));
    if (row.ended_ms != 0) {
        return ERR_NOT_FOUND;
    }
    *ret_member = row;
    return OK;
}

enum err access_member_any(struct store_txn *txn, const struct id *workspace_id, const struct id *member_id,
                           struct member_row *ret_member)
{
    return get_member(txn, workspace_id, member_id, ret_member);
}

enum err access_member_once(struct store_txn *txn, const struct id *workspace_id, const struct id *member_id,
                            struct member_row *ret_member)
{
    struct member_row row;
    TRY(get_member(txn, workspace_id, member_id, &row));
    if (row.joined_ms == 0) {
        return ERR_NOT_FOUND;
    }
    *ret_member = row;
    return OK;
}

enum err access_members(struct store_txn *txn, const struct id *workspace_id, bool invited, const struct id *after,
                        uint32_t limit, struct arena *arena, struct member_row **ret_members, uint32_t *ret_count)
{
    const enum place place = invited ? PLACE_INVITED : PLACE_JOINED;
    const struct row_key prefix = list_key(workspace_id, place, NULL);
    const struct row_key from = list_key(workspace_id, place, after);
    return list_members(txn, &prefix, after != NULL ? &from : NULL, limit, arena, ret_members, ret_count);
}

/* The membership that a row leads to. */
static enum err find_member(struct store_txn *txn, const struct row_key *key, struct member_row *ret_member)
{
    struct ref_row ref;
    struct arena none;
    arena_init(&none, 0);
    const enum err err = row_get(txn, key, ref_row_desc(), &none, &ref);
    arena_done(&none);
    TRY(err);
    return access_must(get_member(txn, NULL, &ref.id, ret_member));
}

enum err access_member_live(struct store_txn *txn, const struct id *user_id, const struct id *workspace_id,
                            int64_t now_ms, struct member_row *ret_member)
{
    const struct row_key key = membership_key(user_id, workspace_id);
    struct member_row row;
    TRY(find_member(txn, &key, &row));
    if (access_member_is_over(&row, now_ms)) {
        return ERR_NOT_FOUND;
    }
    *ret_member = row;
    return OK;
}

enum err access_memberships(struct store_txn *txn, const struct id *user_id, const struct id *after, uint32_t limit,
                            struct arena *arena, struct member_row **ret_members, uint32_t *ret_count)
{
    const struct row_key prefix = access_user_key(user_id, PLACE_MEMBERSHIP);
    const struct row_key from = after != NULL ? membership_key(user_id, after) : prefix;
    return list_members(txn, &prefix, after != NULL ? &from : NULL, limit, arena, ret_members, ret_count);
}

enum err access_is_token(struct store_txn *txn, const uint8_t fingerprint[32], bool *ret_is_one)
{
    const struct row_key key = token_key(fingerprint);
    struct span row;
    const enum err err = store_get(txn, row_key_span(&key), &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_is_one = err == OK;
    return OK;
}

enum err access_invitation(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms,
                           struct member_row *ret_member)
{
    const struct row_key key = token_key(fingerprint);
    struct member_row row;
    TRY(find_member(txn, &key, &row));
    const struct span kept = span_of(row.fingerprint.bytes, sizeof row.fingerprint.bytes);
    if (!span_equal_secret(kept, span_of(fingerprint, 32)) || access_member_is_over(&row, now_ms)) {
        return ERR_NOT_FOUND;
    }
    *ret_member = row;
    return OK;
}
