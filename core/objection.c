/* objection.c: what is said against one of a command's values: where it stands, and why not. Called by admission.c and
 * template.c before the ledger decides; by the gateway and the ledger's door for what it refused. */
#include <stdio.h>

#include "core/admission.h"
#include "core/base/limits.h"
#include "core/message/access.h"
#include "core/message/answer.h"
#include "core/message/field.h"
#include "core/message/json_node.h"
#include "core/series_rule.h"

struct objection object_at(enum refusal refusal, const char *param, const char *detail)
{
    struct objection objection = {.refusal = refusal, .detail = detail};
    (void)snprintf(objection.param, sizeof objection.param, "%s", param);
    return objection;
}

struct objection object_in(enum refusal refusal, const char *list, uint32_t index, const char *member,
                           const char *detail)
{
    struct objection objection = {.refusal = refusal, .detail = detail};
    (void)snprintf(objection.param, sizeof objection.param, "%s/%u%s", list, (unsigned)index, member);
    return objection;
}

static bool is_wrong_instant(int64_t at_ms, int64_t now_ms)
{
    return at_ms != 0 && (at_ms <= now_ms || at_ms > now_ms + SCHEDULE_AHEAD_MAX_MS);
}

typedef bool is_at_fault(const struct target_spec *targets, uint32_t index, int64_t now_ms);

static bool has_wrong_instant(const struct target_spec *targets, uint32_t index, int64_t now_ms)
{
    return is_wrong_instant(targets[index].at_ms, now_ms);
}

static bool is_there_before(const struct target_spec *targets, uint32_t index, int64_t now_ms)
{
    (void)now_ms;
    for (uint32_t i = 0; i < index; i++) {
        if (id_equal(&targets[i].integration_id, &targets[index].integration_id)) {
            return true;
        }
    }
    return false;
}

static bool has_no_instant(const struct target_spec *targets, uint32_t index, int64_t now_ms)
{
    (void)now_ms;
    return targets[index].at_ms == 0;
}

static bool is_not_publishable(const struct target_spec *targets, uint32_t index, int64_t now_ms)
{
    (void)now_ms;
    return targets[index].channel == CHANNEL_GOOGLE_BUSINESS;
}

/* The first target at fault; the list where it cannot be told which. */
static struct objection object_to_target(const struct command *command, enum refusal refusal, int64_t now_ms,
                                         is_at_fault *at_fault, const char *member)
{
    uint32_t count = 0;
    const struct target_spec *targets = command_targets(command, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (at_fault(targets, i, now_ms)) {
            return object_in(refusal, "/targets", i, member, NULL);
        }
    }
    return targets == NULL ? (struct objection){.refusal = ACCEPTED} : object_at(refusal, "/targets", NULL);
}

static struct objection object_to_series(enum refusal refusal, struct span until)
{
    if (refusal == REFUSED_timestamp_too_far) {
        return object_at(refusal, "/rule/start", "The first of its times that is still to come is.");
    }
    return object_at(refusal, until.data != NULL ? "/rule/until" : "/rule/start",
                     "None of its times is still to come.");
}

static struct objection object_to_instant(const struct command *command, enum refusal refusal, int64_t now_ms)
{
    const bool passed = refusal == REFUSED_timestamp_past;
    const char *const instead =
        passed ? "It is in the past; what goes out at once says now instead of an instant." : NULL;
    int64_t at_ms = 0;
    const char *param = "/at";
    switch (command->code) {
    case COMMAND_create_post:
        at_ms = command->create_post.at_ms;
        param = "/schedule/at";
        break;
    case COMMAND_schedule_post:
        at_ms = command->schedule_post.at_ms;
        break;
    case COMMAND_retry_post:
        at_ms = command->retry_post.at_ms;
        break;
    case COMMAND_create_series:
        return object_to_series(refusal, command->create_series.until);
    case COMMAND_change_series:
        return object_to_series(refusal, command->change_series.until);
    default:
        break;
    }
    return is_wrong_instant(at_ms, now_ms) ? object_at(refusal, param, instead)
                                           : object_to_target(command, refusal, now_ms, has_wrong_instant, "/at");
}

/* The second of two at one time of the week. */
static struct objection object_to_slot(const struct command *command, enum refusal refusal)
{
    const struct change_queue_command *wish = &command->change_queue;
    for (uint32_t i = 0; command->code == COMMAND_change_queue && i < wish->slots_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (wish->slots[i].weekday == wish->slots[k].weekday && wish->slots[i].minute == wish->slots[k].minute) {
                return object_in(refusal, "/slots", i, "", NULL);
            }
        }
    }
    return (struct objection){.refusal = ACCEPTED};
}

/* The first that the role does not reach. */
static struct objection object_to_scope(const struct command *command, enum refusal refusal)
{
    const struct create_key_command *wish = &command->create_key;
    for (uint32_t i = 0; command->code == COMMAND_create_key && i < wish->scopes_count; i++) {
        if (!access_reaches((enum role)wish->role, (enum key_scope)wish->scopes[i].scope)) {
            return object_in(refusal, "/scopes", i, "", NULL);
        }
    }
    return object_at(refusal, "/scopes", NULL);
}

struct objection objection_to(const struct command *command, enum refusal refusal, int64_t now_ms)
{
    switch ((int)refusal) {
    case REFUSED_timestamp_past:
    case REFUSED_timestamp_too_far:
        return object_to_instant(command, refusal, now_ms);
    case REFUSED_target_duplicate:
        return object_to_target(command, refusal, now_ms, is_there_before, "/integration_id");
    case REFUSED_channel_not_publishable:
        return object_to_target(command, refusal, now_ms, is_not_publishable, "/integration_id");
    case REFUSED_instant_missing:
        return object_to_target(command, refusal, now_ms, has_no_instant, "/at");
    case REFUSED_slot_duplicate:
        return object_to_slot(command, refusal);
    case REFUSED_scope_above_role:
        return object_to_scope(command, refusal);
    default:
        return (struct objection){.refusal = ACCEPTED};
    }
}

/* Where a member stands: of the body itself, or of a list's item. */
static void put_place(const struct field_desc *list, uint32_t index, struct buf *out)
{
    if (list != NULL) {
        buf_byte(out, '/');
        buf_text(out, list->name);
        buf_byte(out, '/');
        buf_u64(out, index);
    }
    buf_byte(out, '/');
}

/* Whoever computed a 0 meant it. The names are those of a request's body. */
struct objection objection_to_odd(const struct given_odd *odd)
{
    char param[OBJECTION_PARAM_MAX];
    const struct span name = span_of(odd->field->name, odd->field->name_len);
    if (span_equal(name, SPAN("times"))) {
        return object_at(REFUSED_field_invalid, "/rule/count", SERIES_COUNT_EXPECTED);
    }
    if (span_equal(name, SPAN("month_day"))) {
        return object_at(REFUSED_field_invalid, "/rule/month_day", SERIES_MONTH_DAY_EXPECTED);
    }
    struct buf out = buf_of(param, sizeof param - 1);
    put_place(odd->list, odd->index, &out);
    field_put_name(odd->field, &out);
    return odd->late
               ? object_at(REFUSED_timestamp_invalid, buf_terminated(&out), "No instant after the year 9999 is known.")
               : object_at(REFUSED_field_invalid, buf_terminated(&out),
                           "0 is no value of it: leave it out, or say another.");
}

/* Those that there are, where they have room; a command of many has a line in rpc-names.md. */
static const char *tell_fields(const struct record_desc *desc, struct arena *arena)
{
    char *text = arena_alloc(arena, FAULT_DETAIL_SIZE);
    struct buf out = buf_of(text, text == NULL ? 0 : FAULT_DETAIL_SIZE - 1);
    buf_text(&out, "There is no such field. The fields are: ");
    for (size_t i = 0; i < desc->field_count; i++) {
        buf_text(&out, i == 0 ? "" : ", ");
        buf_put(&out, span_of(desc->fields[i].name, desc->fields[i].name_len));
    }
    buf_byte(&out, '.');
    return buf_ok(&out) ? buf_terminated(&out) : "There is no such field.";
}

struct objection objection_to_unknown(const struct given_name *unknown, struct arena *arena)
{
    char param[OBJECTION_PARAM_MAX];
    struct buf out = buf_of(param, sizeof param - 1);
    put_place(unknown->list, unknown->index, &out);
    json_pointer_token(&out, unknown->name);
    return object_at(REFUSED_field_unknown, buf_terminated(&out), tell_fields(unknown->record, arena));
}
