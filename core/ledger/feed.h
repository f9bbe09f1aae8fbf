/* feed.h: a log's events, read, verified and decoded ahead of whoever applies them. Private to core/ledger. */
#ifndef OPENPOST_LEDGER_FEED_H
#define OPENPOST_LEDGER_FEED_H

#include "core/ledger/projection.h"

struct feed;

/* feed_open begins behind position after. Where the log may be read by any thread, a thread of the feed's own reads
 * ahead, a bounded number of events; else feed_next reads. feed_close ends it and waits for the thread; accepts NULL.
 */
enum err feed_open(struct log *log, uint64_t after, struct feed **ret_feed) MUST_USE;
void feed_close(struct feed *feed);
OWNED_BY(feed_close, struct feed *);

/* feed_next gives the next event; it lives until the next call. ERR_NOT_FOUND: that was the last one that the log had
 * when the feed was opened. Errors are those of log_cursor_next and event_decode. */
enum err feed_next(struct feed *feed, struct fact *ret_fact) MUST_USE;

#endif
