/* log_state.c: the row that each commit rewrites, and the tree's nodes as far as they are stored. Called by the writer,
 * by proofs and by verification. */
#include "core/log/log_state.h"

#include "core/base/assert.h"
#include "core/log/log_record.h"

#define EDGE_LEVELS 64

void log_state_write(const struct log_state *state, struct buf *out)
{
    uint8_t numbers[LOG_STATE_HEAD] = {LOG_FORMAT};
    put_be64(numbers + 1, state->edge.size);
    put_be64(numbers + 9, (uint64_t)state->time_ms);
    put_be64(numbers + 17, state->checkpoint_size);
    put_be64(numbers + 25, state->checkpoints);
    buf_put(out, span_of(numbers, sizeof numbers));
    for (unsigned level = 0; level < EDGE_LEVELS; level++) {
        if ((state->edge.size >> level & 1) == 1) {
            buf_put(out, span_of(state->edge.hashes[level], 32));
        }
    }
}

static enum err read_state(struct span bytes, struct log_state *ret_state)
{
    if (bytes.len == 0) {
        return ERR_ALTERED;
    }
    if (bytes.data[0] == 0 || bytes.data[0] > LOG_FORMAT) {
        return ERR_VERSION;
    }
    if (bytes.len < LOG_STATE_HEAD) {
        return ERR_ALTERED;
    }
    const uint64_t size = get_be64(bytes.data + 1);
    const uint64_t time_ms = get_be64(bytes.data + 9);
    const uint64_t checkpoint_size = get_be64(bytes.data + 17);
    if (bytes.len != LOG_STATE_HEAD + 32 * (size_t)__builtin_popcountll(size) || time_ms > INT64_MAX ||
        checkpoint_size > size) {
        return ERR_ALTERED;
    }
    struct log_state state = {
        .time_ms = (int64_t)time_ms, .checkpoint_size = checkpoint_size, .checkpoints = get_be64(bytes.data + 25)};
    state.edge.size = size;
    const uint8_t *hash = bytes.data + LOG_STATE_HEAD;
    for (unsigned level = 0; level < EDGE_LEVELS; level++) {
        if ((size >> level & 1) == 1) {
            memcpy(state.edge.hashes[level], hash, 32);
            hash += 32;
        }
    }
    *ret_state = state;
    return OK;
}

enum err log_state_of(struct log_view *view, struct log_state *ret_state)
{
    struct span bytes;
    TRY(view->rows->ops->get(view, LOG_META, LOG_STATE_KEY, &bytes));
    return read_state(bytes, ret_state);
}

struct span log_tree_key(uint8_t key[LOG_TREE_KEY], unsigned level, uint64_t index)
{
    key[0] = (uint8_t)level;
    put_be64(key + 1, index);
    return span_of(key, LOG_TREE_KEY);
}

/* The hash of a leaf (level 0), from its record, or of a stored node. */
static enum err stored_hash(struct log_view *view, unsigned level, uint64_t index, uint8_t ret_hash[32])
{
    struct span value;
    enum err err = OK;
    if (level == 0) {
        struct log_key key;
        struct log_event event;
        err = view->rows->ops->get(view, LOG_RECORDS, log_key(&key, index + 1), &value);
        if (err == OK) {
            return log_record_read(value, index + 1, &event, ret_hash);
        }
    } else {
        uint8_t key[LOG_TREE_KEY];
        err = view->rows->ops->get(view, LOG_TREE, log_tree_key(key, level, index), &value);
        if (err == OK && value.len == 32) {
            memcpy(ret_hash, value.data, 32);
            return OK;
        }
    }
    return err == OK || err == ERR_NOT_FOUND ? ERR_ALTERED : err;
}

enum err log_node(void *context, unsigned level, uint64_t index, uint8_t ret_hash[32])
{
    ASSERT(level < EDGE_LEVELS);
    struct log_view *view = context;
    const unsigned above = level % LOG_TREE_STEP;
    const size_t count = (size_t)1 << above;
    uint8_t hashes[1 << (LOG_TREE_STEP - 1)][32];
    for (size_t i = 0; i < count; i++) {
        TRY(stored_hash(view, level - above, (index << above) + i, hashes[i]));
    }
    for (size_t left = count; left > 1; left /= 2) {
        for (size_t i = 0; i < left / 2; i++) {
            merkle_node(hashes[2 * i], hashes[2 * i + 1], hashes[i]);
        }
    }
    memcpy(ret_hash, hashes[0], 32);
    return OK;
}
