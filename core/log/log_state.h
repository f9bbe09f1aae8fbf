/* log_state.h: what a log knows of itself after each commit: the one row of LOG_META. Private to core/log. */
#ifndef OPENPOST_LOG_LOG_STATE_H
#define OPENPOST_LOG_LOG_STATE_H

#include "core/log/log_rows.h"
#include "core/log/merkle.h"

#define LOG_FORMAT 2 /* raised with any change of a stored form; 1: each commit wrote its workspaces' heads */
#define LOG_STATE_KEY SPAN("state")
#define LOG_STATE_HEAD (1 + 8 + 8 + 8 + 8)
#define LOG_STATE_MAX (LOG_STATE_HEAD + 64 * 32)
#define LOG_TREE_STEP 8 /* levels between stored rows of the tree: one row for 256 below */
#define LOG_TREE_KEY 9

struct log_state {
    int64_t time_ms;          /* of the last event */
    uint64_t checkpoint_size; /* 0: none */
    uint64_t checkpoints;     /* how many are kept */
    struct merkle_edge edge;  /* edge.size is the head */
};

/* log_state_write appends the stored form: format (1 byte), head, time_ms, checkpoint_size, checkpoints (8 each), the
 * edge's hashes from the leaf up. */
void log_state_write(const struct log_state *state, struct buf *out);
/* log_state_of reads the row; ERR_NOT_FOUND, ERR_VERSION for a later format, ERR_ALTERED. */
enum err log_state_of(struct log_view *view, struct log_state *ret_state) MUST_USE;

/* log_tree_key writes the key of a stored node. log_node is a merkle_node_at whose context is a struct log_view: from a
 * row of the tree, or computed from fewer than 256 rows or records. ERR_ALTERED when one is missing or damaged. */
struct span log_tree_key(uint8_t key[LOG_TREE_KEY], unsigned level, uint64_t index);
enum err log_node(void *context, unsigned level, uint64_t index, uint8_t ret_hash[32]) MUST_USE;

#endif
