/* judge_plan.c: queues, series and swaps, read from the log and from what people asked for: which occurrence is the
 * next free one, what a series may make, what two targets that are swapped must become. Zones are reckoned here by
 * hand: those of a world have no daylight saving. Called by judge.c and judge_post.c; it must never ask the code that
 * it judges. */
#include <stdio.h>

#include "core/base/assert.h"
#include "tests/sim/judge.h"

#define MINUTES_A_DAY 1440

static int64_t ahead_of(struct span zone)
{
    return span_equal(zone, SPAN("Asia/Kathmandu")) ? 345 * MINUTE_MS
           : span_equal(zone, SPAN("Asia/Kolkata")) ? 330 * MINUTE_MS
                                                    : 0;
}

void judge_asked(struct world *world, const struct command *command)
{
    struct judge *judge = world->judge;
    const bool create = command->code == COMMAND_create_post && command->create_post.next_slot;
    const bool schedule = command->code == COMMAND_schedule_post && command->schedule_post.next_slot;
    if (create || schedule) {
        ((struct judged_wish *)find_or_add(&judge->wishes, &command->command_id))->next_slot = true;
    } else if (command->code == COMMAND_swap_targets) {
        const struct swap_targets_command *swap = &command->swap_targets;
        struct judged_wish *wish = find_or_add(&judge->wishes, &command->command_id);
        wish->swap = true;
        wish->posts[0] = swap->post_id;
        wish->posts[1] = swap->other_post_id;
        wish->targets[0] = swap->target_id;
        wish->targets[1] = swap->other_target_id;
    }
}

/* --- queues --- */

static uint32_t slot_place(const struct judged_account *account, const struct id *slot_id)
{
    uint32_t i = 0;
    while (i < account->slot_count && !id_equal(&account->slots[i].slot_id, slot_id)) {
        i++;
    }
    return i;
}

static void add_slot(struct judged_account *account, const struct weekly_slot *slot)
{
    ASSERT(account->slot_count < JUDGED_SLOTS_MAX);
    account->slots[account->slot_count++] = *slot;
}

void judge_queue(struct world *world, const struct event *event)
{
    /* every event of a queue begins with its id and the account's */
    struct judged_account *account = find_or_add(&world->judge->accounts, &event->queue_paused.integration_id);
    switch (event->code) {
    case EVENT_queue_changed:
        account->queue_ahead_ms = ahead_of(event->queue_changed.timezone);
        account->slot_count = 0;
        for (uint32_t i = 0; i < event->queue_changed.slots_count; i++) {
            add_slot(account, &event->queue_changed.slots[i]);
        }
        return;
    case EVENT_slot_added: {
        const struct slot_added_event *slot = &event->slot_added;
        add_slot(account,
                 &(struct weekly_slot){.slot_id = slot->slot_id, .weekday = slot->weekday, .minute = slot->minute});
        return;
    }
    case EVENT_slot_removed: {
        const uint32_t at = slot_place(account, &event->slot_removed.slot_id);
        ASSERT(at < account->slot_count);
        account->slots[at] = account->slots[--account->slot_count];
        return;
    }
    case EVENT_queue_paused:
    case EVENT_queue_resumed:
        account->queue_paused = event->code == EVENT_queue_paused;
        return;
    default:
        return;
    }
}

/* Whether a slot comes round at that whole minute. 1970-01-01 was a Thursday. */
static bool is_occurrence(const struct judged_account *account, int64_t at_ms)
{
    const int64_t minute = (at_ms + account->queue_ahead_ms) / MINUTE_MS;
    const uint64_t weekday = (uint64_t)((minute / MINUTES_A_DAY + 3) % 7 + 1);
    for (uint32_t i = 0; i < account->slot_count; i++) {
        if (account->slots[i].weekday == weekday && account->slots[i].minute == (uint64_t)(minute % MINUTES_A_DAY)) {
            return true;
        }
    }
    return false;
}

/* Whether something open of another post stands there. */
static bool is_filled(const struct look *look, const struct id *integration_id, int64_t at_ms)
{
    const struct pool *targets = &look->judge->targets;
    for (uint32_t i = pool_next(targets, 0); i != 0; i = pool_next(targets, i)) {
        const struct judged_target *target = pool_at(targets, i);
        if (target->due_ms == at_ms && id_equal(&target->integration_id, integration_id) &&
            !id_equal(&target->post_id, &look->at->stream) && judged_is_open(look->judge, target)) {
            return true;
        }
    }
    return false;
}

static void check_slot(const struct look *look, const struct target_due *due)
{
    struct world *world = look->world;
    const struct judged_target *target = judged_target(look, &due->target_id);
    const struct judged_account *account = find_or_add(&look->judge->accounts, &target->integration_id);
    const int64_t from_ms = look->at->time_ms + SLOT_AHEAD_MS;
    if (due->due_ms < from_ms || due->due_ms % MINUTE_MS != 0 || !is_occurrence(account, due->due_ms)) {
        lose(world, RULE_SLOT, "%s gets an instant that is no slot of its queue", name_of(world, &due->target_id));
        return;
    }
    if (is_filled(look, &target->integration_id, due->due_ms)) {
        lose(world, RULE_SLOT, "%s gets a slot that another stands at", name_of(world, &due->target_id));
    }
    for (int64_t at_ms = (from_ms + MINUTE_MS - 1) / MINUTE_MS * MINUTE_MS; at_ms < due->due_ms; at_ms += MINUTE_MS) {
        if (is_occurrence(account, at_ms) && !is_filled(look, &target->integration_id, at_ms)) {
            lose(world, RULE_SLOT, "%s passes over a free slot", name_of(world, &due->target_id));
            return;
        }
    }
}

/* --- series --- */

void judge_series(struct world *world, const struct log_event *at, const struct event *event)
{
    struct judged_series *series = find_or_add(&world->judge->series, &at->stream);
    series->version = at->version;
    switch (event->code) {
    case EVENT_series_created:
        judge_wrote(world->judge, &series->writers, at);
        series->active = true;
        series->generation = event->series_created.generation;
        series->ahead_ms = ahead_of(event->series_created.timezone);
        return;
    case EVENT_series_changed:
        judge_wrote(world->judge, &series->writers, at);
        series->generation = event->series_changed.generation;
        series->ahead_ms = ahead_of(event->series_changed.timezone);
        return;
    case EVENT_series_resumed:
        series->active = true;
        series->generation = event->series_resumed.generation;
        return;
    case EVENT_series_paused:
    case EVENT_series_ended:
        series->active = false;
        return;
    case EVENT_template_created:
    case EVENT_template_changed:
        judge_wrote(world->judge, &series->writers, at);
        return;
    default:
        return;
    }
}

/* Days since 1970-01-01, by counting. */
static int64_t day_of(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t count = 0;
    for (int i = 1970; i < year; i++) {
        count += i % 4 == 0 && (i % 100 != 0 || i % 400 == 0) ? 366 : 365;
    }
    for (int i = 1; i < month; i++) {
        count += days[i - 1] + (i == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 1 : 0);
    }
    return count + day - 1;
}

/* 2026-04-20T09:30 by clocks that are so far ahead. */
static int64_t instant_of(struct span local, int64_t ahead_ms)
{
    char text[24] = {0};
    int parts[5];
    ASSERT(local.len < sizeof text);
    memcpy(text, local.data, local.len);
    /* NOLINTNEXTLINE(cert-err34-c): the log's own words, and a number that is none is no instant of a post */
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4]) != 5) {
        return 0;
    }
    const int64_t minutes = day_of(parts[0], parts[1], parts[2]) * MINUTES_A_DAY + parts[3] * 60 + parts[4];
    return minutes * MINUTE_MS - ahead_ms;
}

/* What names a post of a series. */
static struct id instance_of(const struct post_created_event *event)
{
    struct id instance = {.kind = ID_SLOT};
    const uint64_t series = text_hash(span_of(event->series_id.uuid, sizeof event->series_id.uuid));
    put_be64(instance.uuid, series ^ event->generation << 1);
    put_be64(instance.uuid + 8, text_hash(event->series_local));
    return instance;
}

void judge_instance(const struct look *look, const struct post_created_event *event)
{
    struct world *world = look->world;
    const char *name = name_of(world, &look->at->stream);
    if (id_is_none(&event->series_id)) {
        return;
    }
    const struct judged_series *series = find_or_add(&look->judge->series, &event->series_id);
    const struct id instance = instance_of(event);
    if (!series->active || event->generation != series->generation || event->series_version != series->version) {
        lose(world, RULE_SERIES, "%s is made of a series that is paused, over or another by now", name);
    }
    if (pool_find(&look->judge->instances, &instance) != 0) {
        lose(world, RULE_SERIES, "%s is made a second time", name);
    }
    find_or_add(&look->judge->instances, &instance);
    look->post->instance_ms = instant_of(event->series_local, series->ahead_ms);
}

/* --- schedules --- */

static struct judged_wish *wish_of(const struct look *look)
{
    const uint32_t index = pool_find(&look->judge->wishes, &look->at->command_id);
    return index == 0 ? NULL : pool_at(&look->judge->wishes, index);
}

static void begin_swap(const struct look *look, const struct judged_wish *wish)
{
    struct judged_swap *swap = &look->judge->swap;
    const bool first = id_equal(&look->at->stream, &wish->posts[0]);
    const bool alone = id_equal(&wish->posts[0], &wish->posts[1]);
    *swap = (struct judged_swap){.command_id = look->at->command_id};
    swap->missing_id = alone ? (struct id){0} : wish->posts[first ? 1 : 0];
    for (int i = 0; i < 2; i++) {
        swap->due_ms[i] = ((struct judged_target *)find_or_add(&look->judge->targets, &wish->targets[i]))->due_ms;
    }
}

static void check_swap(const struct look *look, const struct post_scheduled_event *event,
                       const struct judged_wish *wish)
{
    struct judged_swap *swap = &look->judge->swap;
    if (id_equal(&swap->missing_id, &look->at->stream) && id_equal(&swap->command_id, &look->at->command_id)) {
        swap->missing_id = (struct id){0};
    } else {
        begin_swap(look, wish);
    }
    for (uint32_t i = 0; i < event->targets_count; i++) {
        const struct judged_target *target = judged_target(look, &event->targets[i].target_id);
        const int64_t wanted_ms = id_equal(&target->target_id, &wish->targets[0])   ? swap->due_ms[1]
                                  : id_equal(&target->target_id, &wish->targets[1]) ? swap->due_ms[0]
                                                                                    : target->due_ms;
        if (event->targets[i].due_ms != wanted_ms) {
            lose(look->world, RULE_SWAP, "%s has not the instant that a swap gives it",
                 name_of(look->world, &target->target_id));
        }
    }
}

void judge_swap_goes_on(struct world *world, const struct log_event *at)
{
    const struct judged_swap *swap = &world->judge->swap;
    if (!id_is_none(&swap->missing_id) && (at == NULL || !id_equal(&at->command_id, &swap->command_id))) {
        lose(world, RULE_SWAP, "a swap leaves %s where it was", name_of(world, &swap->missing_id));
    }
}

/* What was approved was approved for its instants. */
static void end_approval(const struct look *look, const struct post_scheduled_event *event)
{
    for (uint32_t i = 0; i < event->targets_count; i++) {
        if (judged_target(look, &event->targets[i].target_id)->due_ms != event->targets[i].due_ms) {
            look->post->approved_under = POLICY_NONE;
        }
    }
}

void judge_schedule(const struct look *look, const struct post_scheduled_event *event)
{
    const struct judged_wish *wish = wish_of(look);
    if (look->post->instance_ms != 0 && look->post->publish_at_ms == 0 && look->at->actor == ACTOR_SCHEDULER &&
        event->publish_at_ms != look->post->instance_ms) {
        lose(look->world, RULE_SERIES, "%s is not due at its local time", name_of(look->world, &look->at->stream));
    }
    for (uint32_t i = 0; wish != NULL && wish->next_slot && i < event->targets_count; i++) {
        if (judged_target(look, &event->targets[i].target_id)->own_ms == 0) {
            check_slot(look, &event->targets[i]);
        }
    }
    if (wish != NULL && wish->swap) {
        check_swap(look, event, wish);
    }
    end_approval(look, event);
}
