/* desk_open.c: all that is open anywhere, read off the index that desk_index.c keeps (PLACE_OPEN). Called for a
 * scheduler that starts. Must never go through what else a workspace has: it touches the rows that it is after, and two
 * more of each workspace, to find where they begin and where the next workspace does. */
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger.h"

/* The keys of TABLE_TENANT: the table's byte, the workspace, the place; those of PLACE_OPEN go on with the integration,
 * the instant and the post. */
#define PLACE_AT (1 + 16)
#define OPEN_AT (PLACE_AT + 1)
#define OPEN_LEN (OPEN_AT + 16 + 8 + 16)

_Static_assert(OPEN_LEN < OPEN_WALK_KEY, "a walk goes on right behind a row");

static struct id id_at(enum id_kind kind, const uint8_t *uuid)
{
    struct id id = {.kind = (uint8_t)kind};
    memcpy(id.uuid, uuid, sizeof id.uuid);
    return id;
}

/* The walk goes on behind this row. */
static enum err take_row(struct open_walk *walk, struct span key, struct open_target *ret_target)
{
    if (key.len != OPEN_LEN) {
        return ERR_ALTERED;
    }
    memcpy(walk->key, key.data, OPEN_LEN);
    walk->key[OPEN_LEN] = 0;
    walk->key_len = OPEN_LEN + 1;
    *ret_target = (struct open_target){.workspace_id = id_at(ID_WORKSPACE, key.data + 1),
                                       .integration_id = id_at(ID_INTEGRATION, key.data + OPEN_AT),
                                       .due_ms = (int64_t)get_be64(key.data + OPEN_AT + 16),
                                       .post_id = id_at(ID_POST, key.data + OPEN_AT + 16 + 8)};
    return OK;
}

/* From another place of a workspace: to its open targets, or when those are passed to the next workspace. */
static void pass_by(struct open_walk *walk, struct span key)
{
    memcpy(walk->key, key.data, PLACE_AT);
    walk->key[PLACE_AT] = key.data[PLACE_AT] < PLACE_OPEN ? PLACE_OPEN : PLACE_BEHIND_ALL;
    walk->key_len = PLACE_AT + 1;
}

static enum err seek(const struct open_walk *walk, struct store_cursor *cursor, struct span *ret_key)
{
    static const uint8_t first = TABLE_TENANT;
    struct span row;
    const struct span from = walk->key_len > 0 ? span_of(walk->key, walk->key_len) : span_of(&first, 1);
    return store_seek(cursor, from, ret_key, &row);
}

enum err ledger_open_targets(struct store_txn *txn, uint32_t max, struct open_walk *walk,
                             struct open_target *ret_targets, uint32_t *ret_count)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    struct open_walk at = *walk;
    struct span key = {0};
    struct span row;
    uint32_t count = 0;
    TRY(store_cursor_open(txn, &cursor));
    enum err err = seek(&at, cursor, &key);
    for (uint32_t looks = 0; looks < max && err == OK && key.data[0] == TABLE_TENANT; looks++) {
        if (key.len <= PLACE_AT) {
            return ERR_ALTERED;
        }
        if (key.data[PLACE_AT] == PLACE_OPEN) {
            TRY(take_row(&at, key, &ret_targets[count]));
            count++;
            err = store_next(cursor, &key, &row);
        } else {
            pass_by(&at, key);
            err = seek(&at, cursor, &key);
        }
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    at.is_over = err == ERR_NOT_FOUND || key.data[0] != TABLE_TENANT;
    *walk = at;
    *ret_count = count;
    return OK;
}
