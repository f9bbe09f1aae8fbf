/* caller.h: the asking side of a socket: a question out, its reply back. Connects when there is something to ask, and
 * again whenever the connection is lost; never sends anything twice by itself. Every REP socket of nng can answer
 * (link.h); addresses as in stream.h. Thread-safe. */
#ifndef OPENPOST_WIRE_CALLER_H
#define OPENPOST_WIRE_CALLER_H

#include "core/base/owned.h"
#include "core/base/span.h"

struct caller;

/* Called once per question, on a thread of nng's, never inside caller_ask; must not block. OK: reply's bytes, borrowed
 * for the call. ERR_BUSY: it was never sent. ERR_TIMED_OUT, ERR_CLOSED: nobody knows whether it arrived. */
typedef void caller_done(void *context, enum err err, struct span reply);

/* questions_max: at a time. caller_close ends all questions (ERR_CLOSED) and waits for their callbacks; accepts NULL;
 * never from a callback. */
enum err caller_open(const char *url, unsigned questions_max, size_t frame_max, struct caller **ret_caller) MUST_USE;
void caller_close(struct caller *caller);
OWNED_BY(caller_close, struct caller *);
/* caller_ask copies the request. ERR_BUSY (questions_max), ERR_NO_MEMORY and ERR_CLOSED mean that done is never called.
 */
enum err caller_ask(struct caller *caller, struct span request, int64_t timeout_ms, caller_done *done, void *context)
    MUST_USE;

#endif
