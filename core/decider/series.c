/* series.c: the rules of a series: written whole, changed whole, paused, resumed, ended once. What becomes of the posts
 * that it has made is decided post by post (post_series.c), so that a crash half-way leaves nothing half done: whoever
 * makes posts compares what is with what should be and goes on. */
#include "core/decider/series.h"

#include "core/base/assert.h"
#include "core/decider/integration.h"
#include "core/message/post_content.h"

/* What a command and an event say of the rule alone. */
static uint64_t mix(uint64_t check, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        check = (check ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    }
    return check;
}

static uint64_t mix_number(uint64_t check, uint64_t number)
{
    return mix(check, &number, sizeof number);
}

static uint64_t mix_word(uint64_t check, struct span word)
{
    check = mix_number(check, word.len);
    return word.len == 0 ? check : mix(check, word.data, word.len);
}

#define RULE_CHECK(from_)                                                                                      \
    rule_check((from_)->timezone, (from_)->weekdays, (from_)->weekdays_count,                                  \
               (const uint64_t[]){(from_)->frequency, (from_)->every, (from_)->month_day, (from_)->month_week, \
                                  (from_)->times},                                                             \
               (const struct span[]){(from_)->time, (from_)->start, (from_)->until})

static uint64_t rule_check(struct span timezone, const struct repeat_day *weekdays, uint32_t weekdays_count,
                           const uint64_t numbers[5], const struct span words[3])
{
    uint64_t check = mix_word(0xcbf29ce484222325u, timezone);
    for (uint32_t i = 0; i < weekdays_count; i++) {
        check = mix_number(check, weekdays[i].weekday);
    }
    for (size_t i = 0; i < 5; i++) {
        check = mix_number(check, numbers[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        check = mix_word(check, words[i]);
    }
    return check;
}

/* What every post of it would need to be scheduled. */
static enum refusal check_content(const struct decide_context *context, const struct content_part *parts,
                                  uint32_t part_count, const struct target_spec *targets, uint32_t target_count)
{
    const enum refusal refusal = context_check_targets(context, targets, target_count);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    for (uint32_t i = 0; i < target_count; i++) {
        if (!integration_is_schedulable(context_integration(context, &targets[i].integration_id))) {
            return REFUSED_integration_unusable;
        }
    }
    if (!content_has_text(parts, part_count)) {
        return REFUSED_content_missing;
    }
    return target_count == 0 ? REFUSED_target_missing : ACCEPTED;
}

#define CHECK_CONTENT(context_, from_) \
    check_content((context_), (from_)->parts, (from_)->parts_count, (from_)->targets, (from_)->targets_count)

/* When its first time comes that is still to come. */
static enum refusal check_when(bool is_over, bool is_far)
{
    return is_over ? REFUSED_timestamp_past : is_far ? REFUSED_timestamp_too_far : ACCEPTED;
}

static enum refusal create(const struct series *series, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    const struct create_series_command *wanted = &command->create_series;
    if (series->head.version != 0) {
        return REFUSED_exists;
    }
    if (context->series_count >= SERIES_MAX) {
        return REFUSED_series_limit;
    }
    enum refusal refusal = CHECK_CONTENT(context, wanted);
    refusal = refusal != ACCEPTED ? refusal : check_when(wanted->is_over, wanted->is_far);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct series_created_event *event = &event_append(ret_events, EVENT_series_created)->series_created;
    event->series_id = wanted->series_id;
    event->author_id = context_writer(command);
    SERIES_RULE_COPY(event, wanted);
    POST_CONTENT_COPY(event, wanted);
    event->generation = 1;
    return ACCEPTED;
}

static enum refusal change(const struct series *series, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    const struct change_series_command *wanted = &command->change_series;
    if (series->status == SERIES_ENDED) {
        return REFUSED_series_ended;
    }
    if (command->expected_version == 0) {
        return REFUSED_version_mismatch;
    }
    enum refusal refusal = CHECK_CONTENT(context, wanted);
    const bool same_rule = RULE_CHECK(wanted) == series->rule_check;
    if (refusal == ACCEPTED && !same_rule) { /* what has come to its end may still be relabelled */
        refusal = check_when(wanted->is_over, wanted->is_far);
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct series_changed_event *event = &event_append(ret_events, EVENT_series_changed)->series_changed;
    event->series_id = wanted->series_id;
    event->editor_id = context_writer(command);
    SERIES_RULE_COPY(event, wanted);
    POST_CONTENT_COPY(event, wanted);
    event->generation = series->generation + (same_rule ? 0 : 1);
    return ACCEPTED;
}

static enum refusal pause_it(const struct series *series, struct event_list *ret_events)
{
    if (series->status == SERIES_ENDED) {
        return REFUSED_series_ended;
    }
    if (series->status == SERIES_ACTIVE) {
        event_append(ret_events, EVENT_series_paused)->series_paused.series_id = series->series_id;
    }
    return ACCEPTED;
}

static enum refusal resume(const struct series *series, struct event_list *ret_events)
{
    if (series->status == SERIES_ENDED) {
        return REFUSED_series_ended;
    }
    if (series->status == SERIES_PAUSED) {
        struct series_resumed_event *event = &event_append(ret_events, EVENT_series_resumed)->series_resumed;
        event->series_id = series->series_id;
        event->generation = series->generation + 1;
    }
    return ACCEPTED;
}

static enum refusal end(const struct series *series, const struct end_series_command *wanted,
                        struct event_list *ret_events)
{
    if (series->status == SERIES_ENDED) { /* a slip of the hand must not take back what was kept */
        return (series->keep != 0) == wanted->keep ? ACCEPTED : REFUSED_series_ended;
    }
    struct series_ended_event *event = &event_append(ret_events, EVENT_series_ended)->series_ended;
    event->series_id = series->series_id;
    event->keep = wanted->keep;
    return ACCEPTED;
}

enum refusal series_decide(const struct series *series, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    switch (command->code) {
    case COMMAND_create_series:
        return create(series, context, command, ret_events);
    case COMMAND_change_series:
        return change(series, context, command, ret_events);
    case COMMAND_pause_series:
        return pause_it(series, ret_events);
    case COMMAND_resume_series:
        return resume(series, ret_events);
    default:
        ASSERT(command->code == COMMAND_end_series);
        return end(series, &command->end_series, ret_events);
    }
}

static void set_targets(struct series *series, const struct target_spec *targets, uint32_t count)
{
    ASSERT(count <= TARGETS_MAX);
    memset(series->integrations, 0, sizeof series->integrations);
    series->integration_count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        series->integrations[i] = targets[i].integration_id;
    }
}

void series_evolve(struct series *series, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    switch (event->code) {
    case EVENT_series_created: {
        const struct series_created_event *created = &event->series_created;
        series->series_id = created->series_id;
        series->status = SERIES_ACTIVE;
        series->generation = created->generation;
        series->rule_check = RULE_CHECK(created);
        set_targets(series, created->targets, created->targets_count);
        return;
    }
    case EVENT_series_changed: {
        const struct series_changed_event *changed = &event->series_changed;
        series->generation = changed->generation;
        series->rule_check = RULE_CHECK(changed);
        set_targets(series, changed->targets, changed->targets_count);
        return;
    }
    case EVENT_series_paused:
        series->status = SERIES_PAUSED;
        return;
    case EVENT_series_resumed:
        series->status = SERIES_ACTIVE;
        series->generation = event->series_resumed.generation;
        return;
    default:
        ASSERT(event->code == EVENT_series_ended);
        series->status = SERIES_ENDED;
        series->keep = event->series_ended.keep;
    }
}

bool series_goes_on(const struct series *series)
{
    return series->head.version != 0 && series->status != SERIES_ENDED;
}

size_t series_stored_size(const struct series *series)
{
    return offsetof(struct series, integrations) + series->integration_count * sizeof *series->integrations;
}
