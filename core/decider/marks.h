/* marks.h: what a member makes of the notifications: which are read, and which kinds are shown. A stream of its own
 * beside the membership's, whose version is for those who change roles. */
#ifndef OPENPOST_DECIDER_MARKS_H
#define OPENPOST_DECIDER_MARKS_H

#include "core/decider/decider.h"
#include "core/message/read_marks.h"

struct marks {
    struct aggregate_head head;
    uint64_t chosen_version; /* of the last choice of what is shown; 0: none yet */
    struct read_marks read;
};

/* marks_of names the stream of a member's; absent: of nobody's. */
struct id marks_of(const struct id *member_id);

void marks_evolve(struct marks *marks, const struct event *event, int64_t time_ms);
enum refusal marks_decide(const struct marks *marks, const struct decide_context *context,
                          const struct command *command, struct event_list *ret_events);
/* marks_stored_size: room for marks that are not there is not stored. */
size_t marks_stored_size(const struct marks *marks);

#endif
