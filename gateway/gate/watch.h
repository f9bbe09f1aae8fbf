/* watch.h: a pass that outlives its request, for streams: the same key or session is looked at again each time, so
 * that what was revoked or is over ends within the time between two looks. */
#ifndef OPENPOST_GATE_WATCH_H
#define OPENPOST_GATE_WATCH_H

#include "gateway/gate/ask.h"

struct watch;

enum err watch_open(const struct pass *pass, struct watch **ret_watch) MUST_USE;
void watch_close(struct watch *watch);
OWNED_BY(watch_close, struct watch *);

const struct badge *watch_badge(const struct watch *watch);
/* watch_look tells whether the workspace has an event after workspace_seq after, be it one that is not seen. ERR_AUTH:
 * the key is no longer good for its events. */
enum err watch_look(struct watch *watch, int64_t now_ms, uint64_t after, bool *ret_more) MUST_USE;
/* watch_ask: as pass_ask, of what could be seen at the last look. */
enum err watch_ask(const struct watch *watch, const struct log_question *question, gate_replied *done, void *context)
    MUST_USE;

#endif
