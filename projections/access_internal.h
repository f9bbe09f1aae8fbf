/* access_internal.h: what access*.c share; nobody else includes it. */
#ifndef OPENPOST_PROJECTIONS_ACCESS_INTERNAL_H
#define OPENPOST_PROJECTIONS_ACCESS_INTERNAL_H

#include "projections/access.h"
#include "projections/row_store.h"

/* Something that the log made must be there. */
static inline enum err access_must(enum err err)
{
    return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
}

/* access_plain reads a row that has no lists: it needs no memory but its own; its texts borrow from the store. */
static inline enum err access_plain(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc,
                                    void *ret_row)
{
    struct arena none;
    arena_init(&none, 0);
    const enum err err = row_get(txn, key, desc, &none, ret_row);
    arena_done(&none);
    return err;
}

/* Rows of TABLE_WORKSPACE: led by the workspace, for most requests ask for several of them, and among many workspaces
 * each page is one that nobody has touched lately. */
enum workspace_place {
    PLACE_WORKSPACE = 0,    /* its document */
    PLACE_QUOTA = 1,        /* what its plan says of each request */
    PLACE_OWN_ACCOUNT = 2,  /* integration -> document */
    PLACE_OWN_KEY = 3,      /* key -> key_row */
    PLACE_OUTSIDER = 4,     /* operator who acted there -> outsider_row */
    PLACE_LAST = UINT8_MAX, /* behind all of them */
};

/* access_place_key begins the key of one of them. */
static inline struct row_key access_place_key(const struct id *workspace_id, enum workspace_place place)
{
    struct row_key key = row_key(TABLE_WORKSPACE);
    row_key_id(&key, workspace_id);
    row_key_byte(&key, (uint8_t)place);
    return key;
}

/* access_apply_integration folds an event that is an account's, or tells of a limit of one; others change nothing. */
enum err access_apply_integration(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
/* access_apply_queue folds an event of a queue; access_hold_integration notes at the queue's account whether that holds
 * its starts. */
enum err access_apply_queue(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
enum err access_hold_integration(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
/* access_past_… keeps what posts and queues show of a workspace, an account or the installation as it was before this
 * event, where that changed any of it, and notes so in *after: access_…_as_of finds it. */
enum err access_past_workspace(struct store_txn *txn, const struct fact *fact, const struct workspace_row *before,
                               struct workspace_row *after, struct arena *arena) MUST_USE;
enum err access_past_integration(struct store_txn *txn, const struct fact *fact, const struct integration_row *before,
                                 struct integration_row *after, struct arena *arena) MUST_USE;
enum err access_past_installation(struct store_txn *txn, const struct fact *fact, const struct installation_row *before,
                                  struct installation_row *after, struct arena *arena) MUST_USE;
/* access_integration_any reads an account of a workspace, a deleted one too. */
enum err access_integration_any(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                                struct arena *arena, struct integration_row *ret_integration) MUST_USE;
/* access_apply_workspace folds an event of a workspace's own stream. */
enum err access_apply_workspace(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
/* access_note_outsider keeps who an operator is that an event of a workspace names: a few in the life of one. */
enum err access_note_outsider(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
/* access_apply_key folds an event of keys, or the hours in which some were used. access_end_keys: the workspace was
 * deleted, its keys open nothing any more. */
enum err access_apply_key(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
enum err access_end_keys(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
/* access_apply_member folds an event of a membership's stream, access_apply_person one of a person's or a session's
 * or of when sessions were used, access_apply_provider one of an identity provider's, access_apply_login one by which
 * a person signs in through one, or no more; others change nothing.
 * access_end_memberships: the workspace was deleted, nobody is a member or joins any more. */
enum err access_apply_member(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
enum err access_apply_person(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
enum err access_apply_provider(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
enum err access_apply_login(struct store_txn *txn, const struct fact *fact, struct arena *arena) MUST_USE;
enum err access_end_memberships(struct store_txn *txn, const struct id *workspace_id, struct arena *arena) MUST_USE;

/* access_is_token tells whether an invitation is found by the first 16 bytes. */
enum err access_is_token(struct store_txn *txn, const uint8_t fingerprint[32], bool *ret_is_one) MUST_USE;

/* access_user_key begins the keys of what belongs to a person. */
enum user_place { PLACE_USER = 0, PLACE_MEMBERSHIP = 1, PLACE_SESSION = 2, PLACE_LOGIN = 3 };

struct row_key access_user_key(const struct id *user_id, enum user_place place);

/* access_key_fingerprint appends the first 16 bytes of a fingerprint, by which its row is found; the row holds all. */
static inline void access_key_fingerprint(struct row_key *key, const uint8_t *sha256)
{
    row_key_u64(key, get_be64(sha256));
    row_key_u64(key, get_be64(sha256 + 8));
}

#endif
