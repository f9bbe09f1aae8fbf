/* upcast.h: old events in today's shape. */
#ifndef OPENPOST_MESSAGE_UPCAST_H
#define OPENPOST_MESSAGE_UPCAST_H

#include "core/message/message.h"

/* event_upcast lifts a decoded event to today's meaning, in place; it cannot fail. event_decode calls it, so that
 * deciders and projections know only today's events. */
void event_upcast(struct event *event);

#endif
