/* read_marks.c: see read_marks.h. */
#include "core/message/read_marks.h"

#include "core/base/assert.h"

/* Where an event is among the others, or would be. */
static uint32_t place_of(const struct read_marks *marks, uint64_t workspace_seq)
{
    uint32_t low = 0;
    uint32_t high = marks->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (marks->others[middle] < workspace_seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_other(const struct read_marks *marks, uint64_t workspace_seq)
{
    const uint32_t place = place_of(marks, workspace_seq);
    return place < marks->count && marks->others[place] == workspace_seq;
}

bool read_marks_has(const struct read_marks *marks, uint64_t workspace_seq)
{
    return (workspace_seq <= marks->up_to) != is_other(marks, workspace_seq);
}

bool read_marks_shows(const struct read_marks *marks, uint32_t kind)
{
    return (marks->hidden >> kind & 1) == 0;
}

/* Takes away the first n of the others; what is not used is zero. */
static void forget(struct read_marks *marks, uint32_t n)
{
    memmove(marks->others, marks->others + n, (marks->count - n) * sizeof *marks->others);
    memset(marks->others + marks->count - n, 0, n * sizeof *marks->others);
    marks->count -= n;
}

static void read_up_to(struct read_marks *marks, uint64_t workspace_seq)
{
    const uint32_t place = place_of(marks, workspace_seq);
    const bool itself = place < marks->count && marks->others[place] == workspace_seq;
    forget(marks, place + (itself ? 1 : 0));
    marks->up_to = workspace_seq > marks->up_to ? workspace_seq : marks->up_to;
}

/* Makes an event one of the others, or none of them; false: no room. */
static bool set_other(struct read_marks *marks, uint64_t workspace_seq, bool other)
{
    if (is_other(marks, workspace_seq) == other) {
        return true;
    }
    if (other && marks->count == MARKS_MAX) {
        return false;
    }
    const uint32_t place = place_of(marks, workspace_seq);
    uint64_t *at = marks->others + place;
    const size_t behind = (marks->count - place) * sizeof *at;
    if (other) {
        memmove(at + 1, at, behind);
        *at = workspace_seq;
        marks->count++;
    } else {
        memmove(at, at + 1, behind - sizeof *at);
        marks->count--;
        marks->others[marks->count] = 0;
    }
    return true;
}

bool read_marks_read(struct read_marks *marks, const struct notifications_read_event *read)
{
    struct read_marks after = *marks;
    if (read->up_to != 0) {
        read_up_to(&after, read->up_to);
    }
    for (uint32_t i = 0; i < read->items_count; i++) {
        const uint64_t workspace_seq = read->items[i].workspace_seq;
        if (!set_other(&after, workspace_seq, (workspace_seq <= after.up_to) == read->unread)) {
            return false;
        }
    }
    *marks = after;
    return true;
}

void read_marks_choose(struct read_marks *marks, const struct notifications_chosen_event *chosen)
{
    marks->hidden = 0;
    for (uint32_t i = 0; i < chosen->hidden_count; i++) {
        ASSERT(chosen->hidden[i].kind < NOTIFY_COUNT);
        marks->hidden |= UINT64_C(1) << chosen->hidden[i].kind;
    }
}
