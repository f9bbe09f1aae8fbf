/* read_marks.h: which notifications somebody has read: all up to one, but for a few that were marked by hand. Small,
 * however many there were. Pure; what a member's rules and the read model have in common. */
#ifndef OPENPOST_MESSAGE_READ_MARKS_H
#define OPENPOST_MESSAGE_READ_MARKS_H

#include "core/base/limits.h"
#include "core/message/message.h"

struct read_marks {
    uint64_t up_to;  /* workspace_seq of an event; 0: none yet */
    uint64_t hidden; /* bit n: no notification of enum notification_kind n is shown */
    uint32_t count;  /* events for which it is the other way round, in order: up to up_to not read, behind it read */
    uint32_t padding;
    uint64_t others[MARKS_MAX];
};

/* read_marks_has tells whether the notification of an event is read. */
bool read_marks_has(const struct read_marks *marks, uint64_t workspace_seq);
/* read_marks_shows tells whether notifications of a kind are shown. */
bool read_marks_shows(const struct read_marks *marks, uint32_t kind);
/* read_marks_read marks what the event says; false: there would be more than MARKS_MAX, and nothing changed.
 * read_marks_choose keeps what is shown. */
bool read_marks_read(struct read_marks *marks, const struct notifications_read_event *read) MUST_USE;
void read_marks_choose(struct read_marks *marks, const struct notifications_chosen_event *chosen);

#endif
