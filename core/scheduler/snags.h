/* snags.h: what keeps a series from having its posts and is in no event: a look at it that failed, a command that was
 * refused or not answered. For the journal: the last one, at most once a minute, and how many there were. What
 * is refused because somebody was faster is no snag, until it has been asked for many times. Thread-safe. */
#ifndef OPENPOST_SCHEDULER_SNAGS_H
#define OPENPOST_SCHEDULER_SNAGS_H

#include <pthread.h>

#include "core/base/err.h"
#include "core/message/answer.h"
#include "core/message/refusal.h"

#define SNAG_ASKS 30      /* of a series, and no event of it since: a minute (ROTA_AGAIN_MS); no race lasts so long */
#define SNAG_TEXT_MAX 512 /* ids and our own words */

struct snag {
    struct id series_id;
    struct id post_id;    /* that the command was of; absent: the series could not be looked at */
    enum err err;         /* OK: refused */
    enum refusal refusal; /* with OK */
    uint64_t times;       /* snags of any series since the last one that was told */
};

struct snags {
    pthread_mutex_t lock;
    struct snag last; /* times 0: none to be told */
    int64_t again_ms; /* not before */
};

void snags_init(struct snags *snags);
void snags_done(struct snags *snags);
/* snags_failed notes that a look at a series failed or, with post_id, the sending of the command for that post. */
void snags_failed(struct snags *snags, const struct id *series_id, const struct id *post_id, enum err err);
/* snags_answered notes what became of a command: an acceptance is none, nor is a wire that was closed. asks: how many
 * times in a row the series has asked for something. */
void snags_answered(struct snags *snags, const struct id *series_id, const struct id *post_id, enum err err,
                    enum refusal refusal, uint32_t asks);
/* snags_take gives what should be told now; false: nothing. snags_tell writes it as a line of the journal. */
bool snags_take(struct snags *snags, int64_t now_ms, struct snag *ret_snag);
bool snags_tell(struct snags *snags, int64_t now_ms, char ret_text[SNAG_TEXT_MAX]);

#endif
