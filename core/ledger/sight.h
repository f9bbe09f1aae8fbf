/* sight.h: what somebody sees of a workspace's log: all of it or, whose role reaches but to their own posts, the events
 * of the streams of posts that they wrote. Any other is for them as one that is not there. Who wrote a post is whoever
 * its stream's first event is by: the author_id that the post shows, be the post deleted since. Used by the questions
 * and by the following of programs. Blocks for the disk at most. */
#ifndef OPENPOST_LEDGER_SIGHT_H
#define OPENPOST_LEDGER_SIGHT_H

#include "core/ledger/ledger.h"

struct sight {
    struct id workspace_id;
    struct id author_id; /* the key or member whose posts' events alone are seen; absent: all are */
};

/* From one event that is seen to the next. Zeros beside what is borrowed, the sight and the position begin one. */
struct sight_walk {
    struct log *log;       /* borrowed, as is */
    struct store_txn *txn; /* a read transaction of the views */
    struct sight sight;
    uint64_t position; /* workspace_seq: what is up to it was looked at */
    uint32_t looks;    /* at events, seen or not; SIGHT_LOOKS_MAX at most */
    struct id stream;  /* the last one whose author was looked up, and … */
    bool is_own;       /* … whether that is the sight's */
};

/* sight_next finds the next event that is seen, behind the walk's position, and moves that to it. ERR_NOT_FOUND: there
 * is none for now, or none among as many as are looked at in one walk: the position is behind all that were. */
enum err sight_next(struct sight_walk *walk, uint64_t *ret_seq) MUST_USE;

/* sight_find finds one event by its workspace_seq. ERR_NOT_FOUND: there is none, or it is not seen. */
enum err sight_find(struct log *log, struct store_txn *txn, const struct sight *sight, uint64_t workspace_seq,
                    uint64_t *ret_seq) MUST_USE;

#endif
