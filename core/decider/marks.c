/* marks.c: the rules of what a member makes of the notifications. They are a person's own: nobody sets another's, and a
 * key has none. */
#include "core/decider/marks.h"

#include "core/base/assert.h"

struct id marks_of(const struct id *member_id)
{
    struct id stream = *member_id;
    stream.kind = id_is_none(member_id) ? ID_NONE : ID_NOTIFICATION;
    return stream;
}

static enum refusal read_some(const struct marks *marks, const struct read_notifications_command *wish,
                              struct event_list *ret_events)
{
    const struct notifications_read_event event = {.member_id = wish->member_id,
                                                   .up_to = wish->up_to,
                                                   .items = wish->items,
                                                   .items_count = wish->items_count,
                                                   .unread = wish->unread};
    struct read_marks after = marks->read;
    if (!read_marks_read(&after, &event)) {
        return REFUSED_marks_full;
    }
    if (memcmp(&after, &marks->read, sizeof after) != 0) {
        event_append(ret_events, EVENT_notifications_read)->notifications_read = event;
    }
    return ACCEPTED;
}

static enum refusal choose(const struct marks *marks, const struct choose_notifications_command *wish,
                           struct event_list *ret_events)
{
    if (wish->seen != 0 && wish->seen != marks->chosen_version + 1) {
        return REFUSED_version_mismatch;
    }
    const struct notifications_chosen_event event = {
        .member_id = wish->member_id, .hidden = wish->hidden, .hidden_count = wish->hidden_count};
    struct read_marks after = marks->read;
    read_marks_choose(&after, &event);
    if (after.hidden != marks->read.hidden) {
        event_append(ret_events, EVENT_notifications_chosen)->notifications_chosen = event;
    }
    return ACCEPTED;
}

enum refusal marks_decide(const struct marks *marks, const struct decide_context *context,
                          const struct command *command, struct event_list *ret_events)
{
    (void)context;
    const bool reads = command->code == COMMAND_read_notifications;
    ASSERT(reads || command->code == COMMAND_choose_notifications);
    const struct id *member_id =
        reads ? &command->read_notifications.member_id : &command->choose_notifications.member_id;
    if (!id_equal(&command->actor_id, member_id)) {
        return REFUSED_not_found;
    }
    return reads ? read_some(marks, &command->read_notifications, ret_events)
                 : choose(marks, &command->choose_notifications, ret_events);
}

void marks_evolve(struct marks *marks, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    if (event->code == EVENT_notifications_chosen) {
        read_marks_choose(&marks->read, &event->notifications_chosen);
        marks->chosen_version = marks->head.version + 1;
        return;
    }
    ASSERT(event->code == EVENT_notifications_read);
    const bool fits = read_marks_read(&marks->read, &event->notifications_read);
    ASSERT(fits);
}

size_t marks_stored_size(const struct marks *marks)
{
    return offsetof(struct marks, read.others) + marks->read.count * sizeof *marks->read.others;
}
