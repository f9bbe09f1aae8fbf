/* log_heads.h: workspaces and their last workspace_seq, in memory. Private to core/log. */
#ifndef OPENPOST_LOG_LOG_HEADS_H
#define OPENPOST_LOG_LOG_HEADS_H

#include "core/base/span.h"

struct log_head {
    uint8_t uuid[16];
    bool used;
    uint64_t seq;       /* with what the group adds */
    uint64_t committed; /* without it */
    uint64_t written;   /* what its row says; in a check: what it must say at least */
    uint64_t marks;     /* in a check: checkpoints before its last event */
};

/* A hash table, open addressing; all zero is an empty one. Slots move when one is added: keep no pointer. */
struct log_heads {
    struct log_head *slots;
    size_t cap; /* a power of two, or 0 */
    size_t count;
};

void log_heads_done(struct log_heads *heads);
void log_heads_clear(struct log_heads *heads);
struct log_head *log_heads_find(const struct log_heads *heads, const uint8_t uuid[16]); /* NULL: not there */
/* log_heads_add adds a workspace that is not there yet, all at seq; ERR_NO_MEMORY. */
enum err log_heads_add(struct log_heads *heads, const uint8_t uuid[16], uint64_t seq) MUST_USE;

#endif
