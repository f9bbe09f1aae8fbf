/* upcast.c: the one place that knows what events used to mean. Called by event_decode for every event read; must not
 * fail, for the past cannot be refused, and must not look at anything but the event.
 *
 * Every event still means what it meant when it was first written, so there is nothing to lift: this is the identity.
 * Most changes need nothing here either: a new field comes last, as MAYBE, and its absence has a meaning. When an event
 * is replaced by a new one, its case here rewrites code and fields to the new one's. */
#include "core/message/upcast.h"

#include "core/base/assert.h"

void event_upcast(struct event *event)
{
    ASSERT(event_desc(event->code) != NULL);
}
