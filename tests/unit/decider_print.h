/* decider_print.h: an event as a few words, for the stories of the deciders: what a rule decided, not what it copied.
 * Targets are letters, instants seconds since the story began. Helper of decider_story.h. */
#ifndef OPENPOST_TESTS_DECIDER_PRINT_H
#define OPENPOST_TESTS_DECIDER_PRINT_H

#include <stdarg.h>
#include <stdio.h>

#include "core/message/message.h"

#define STORY_EPOCH_MS ((int64_t)1776000000000)

static inline __attribute__((format(printf, 2, 3))) void say(struct buf *out, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buf_text(out, text);
}

static inline void say_time(struct buf *out, const char *word, int64_t time_ms)
{
    const int64_t after_ms = time_ms - STORY_EPOCH_MS;
    if (time_ms != 0 && after_ms % 1000 == 0) {
        say(out, " %s %lld", word, (long long)(after_ms / 1000));
    } else if (time_ms != 0) {
        say(out, " %s %lld.%03lld", word, (long long)(after_ms / 1000), (long long)(after_ms % 1000));
    }
}

static inline void say_letter(struct buf *out, const struct id *id)
{
    say(out, " %c", id->uuid[15]);
    if (id->uuid[14] > 1) {
        say(out, "#%d", id->uuid[14]);
    }
}

static inline void say_span(struct buf *out, const char *word, struct span span)
{
    if (span.data != NULL) {
        say(out, " %s%.*s", word, (int)span.len, (const char *)span.data);
    }
}

static inline void say_flag(struct buf *out, const char *word, bool flag)
{
    if (flag) {
        say(out, " %s", word);
    }
}

static inline void say_word(struct buf *out, const struct choice_table *table, uint32_t value)
{
    say(out, " %s", choice_word(table, value));
}

static inline void say_permissions(struct buf *out, const struct granted_permission *permissions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        say_word(out, &permission_words, permissions[i].permission);
    }
}

static inline void say_key(struct buf *out, const struct key_created_event *key)
{
    say_word(out, &role_words, key->role);
    say_time(out, "expires", key->expires_ms);
    for (uint32_t i = 0; i < key->scopes_count; i++) {
        say_word(out, &scope_words, key->scopes[i].scope);
    }
    say_flag(out, "accounts", key->restricted);
    for (uint32_t i = 0; i < key->integrations_count; i++) {
        say_letter(out, &key->integrations[i].integration_id);
    }
}

static inline void say_bill(struct buf *out, const struct billing_due_event *bill)
{
    say_span(out, "", bill->plan);
    say_time(out, "till", bill->period_end_ms);
    say_time(out, "next", bill->next_end_ms);
    for (uint32_t i = 0; i < bill->uses_count; i++) {
        say_span(out, "", bill->uses[i].what);
        say(out, " %d", (int)bill->uses[i].used);
    }
}

static inline void say_slot(struct buf *out, const struct id *slot_id, uint64_t weekday, uint64_t minute)
{
    say(out, " %d@%d", (int)weekday, (int)minute);
    if (slot_id->uuid[14] > 1) {
        say(out, "#%d", slot_id->uuid[14]);
    }
}

static inline void say_queue_event(struct buf *out, const struct event *event)
{
    say_letter(out, &event->queue_paused.integration_id); /* all begin alike */
    if (event->code == EVENT_queue_changed) {
        const struct queue_changed_event *changed = &event->queue_changed;
        say_span(out, "zone ", changed->timezone);
        for (uint32_t i = 0; i < changed->slots_count && i < 16; i++) {
            say_slot(out, &changed->slots[i].slot_id, changed->slots[i].weekday, changed->slots[i].minute);
        }
    } else if (event->code == EVENT_slot_added) {
        const struct slot_added_event *added = &event->slot_added;
        say_slot(out, &added->slot_id, added->weekday, added->minute);
    }
}

static inline void say_people_event(struct buf *out, const struct event *event)
{
    switch (event->code) {
    case EVENT_key_created:
        say_key(out, &event->key_created);
        return;
    case EVENT_plan_changed:
        say_span(out, "", event->plan_changed.plan);
        return;
    case EVENT_billing_due:
        say_bill(out, &event->billing_due);
        return;
    case EVENT_member_invited:
        say_word(out, &role_words, event->member_invited.role);
        say_permissions(out, event->member_invited.permissions, event->member_invited.permissions_count);
        say_time(out, "until", event->member_invited.until_ms);
        return;
    case EVENT_member_changed:
        say_word(out, &role_words, event->member_changed.role);
        say_permissions(out, event->member_changed.permissions, event->member_changed.permissions_count);
        say_time(out, "until", event->member_changed.until_ms);
        return;
    case EVENT_member_removed:
        say_flag(out, "left", event->member_removed.left);
        return;
    case EVENT_password_set:
        say(out, " %d", (int)event->password_set.generation);
        return;
    case EVENT_sessions_ended:
        say(out, " %d", (int)event->sessions_ended.generation);
        return;
    case EVENT_session_opened:
        say(out, " %d", (int)event->session_opened.generation);
        return;
    case EVENT_queue_changed:
    case EVENT_slot_added:
    case EVENT_slot_removed:
    case EVENT_queue_paused:
    case EVENT_queue_resumed:
        say_queue_event(out, event);
        return;
    default:
        return;
    }
}

static inline void say_approval_event(struct buf *out, const struct event *event)
{
    switch (event->code) {
    case EVENT_approval_wanted:
        say_word(out, &approval_policy_words, event->approval_wanted.policy);
        say_time(out, "at", event->approval_wanted.publish_at_ms);
        say_flag(out, "reminder", event->approval_wanted.reminder);
        return;
    case EVENT_approval_given:
        say_word(out, &approval_policy_words, event->approval_given.policy);
        say(out, " version %d", (int)event->approval_given.version);
        for (uint32_t i = 0; i < event->approval_given.targets_count; i++) {
            say_letter(out, &event->approval_given.targets[i].target_id);
        }
        return;
    default:
        say_people_event(out, event);
    }
}

static inline void say_attempt_event(struct buf *out, const struct event *event)
{
    switch (event->code) {
    case EVENT_attempt_started:
        say_letter(out, &event->attempt_started.target_id);
        say(out, " %d part %d", (int)event->attempt_started.number, (int)event->attempt_started.part);
        say_time(out, "due", event->attempt_started.due_ms);
        say_time(out, "deadline", event->attempt_started.deadline_ms);
        return;
    case EVENT_attempt_finished:
        say_letter(out, &event->attempt_finished.target_id);
        say(out, " %d", (int)event->attempt_finished.number);
        say_word(out, &outcome_words, event->attempt_finished.outcome);
        say_time(out, "next", event->attempt_finished.next_ms);
        say_time(out, "until", event->attempt_finished.until_ms);
        return;
    case EVENT_attempt_settled:
        say_letter(out, &event->attempt_settled.target_id);
        say(out, " %d", (int)event->attempt_settled.number);
        say_word(out, &outcome_words, event->attempt_settled.outcome);
        say_flag(out, "read", event->attempt_settled.by_read);
        say_time(out, "next", event->attempt_settled.next_ms);
        say_time(out, "until", event->attempt_settled.until_ms);
        return;
    case EVENT_attempt_probed:
        say_letter(out, &event->attempt_probed.target_id);
        say(out, " %d", (int)event->attempt_probed.probe);
        say_flag(out, "needs_person", event->attempt_probed.needs_person);
        say_time(out, "next", event->attempt_probed.next_ms);
        return;
    case EVENT_outcome_contradicted:
        say_letter(out, &event->outcome_contradicted.target_id);
        say_word(out, &outcome_words, event->outcome_contradicted.outcome);
        return;
    default:
        say_approval_event(out, event);
    }
}

static inline void say_target_event(struct buf *out, const struct event *event)
{
    switch (event->code) {
    case EVENT_target_finished:
        say_letter(out, &event->target_finished.target_id);
        say_word(out, &target_status_words, event->target_finished.status);
        say_span(out, "", event->target_finished.code);
        return;
    case EVENT_targets_missed:
        for (uint32_t i = 0; i < event->targets_missed.targets_count; i++) {
            say_letter(out, &event->targets_missed.targets[i].target_id);
        }
        say_span(out, "", event->targets_missed.code);
        return;
    case EVENT_targets_doubted:
        for (uint32_t i = 0; i < event->targets_doubted.targets_count; i++) {
            say_letter(out, &event->targets_doubted.targets[i].target_id);
        }
        return;
    case EVENT_targets_cancelled:
        for (uint32_t i = 0; i < event->targets_cancelled.targets_count; i++) {
            say_letter(out, &event->targets_cancelled.targets[i].target_id);
        }
        return;
    case EVENT_targets_retried:
        for (uint32_t i = 0; i < event->targets_retried.targets_count; i++) {
            say_letter(out, &event->targets_retried.targets[i].target_id);
            say_flag(out, "read_first", event->targets_retried.targets[i].read_first);
        }
        say_time(out, "due", event->targets_retried.due_ms);
        return;
    case EVENT_target_resolved:
        say_letter(out, &event->target_resolved.target_id);
        say_word(out, &resolution_words, event->target_resolved.resolution);
        say_time(out, "next", event->target_resolved.next_ms);
        return;
    case EVENT_comment_finished:
        say_letter(out, &event->comment_finished.target_id);
        say_word(out, &outcome_words, event->comment_finished.outcome);
        return;
    case EVENT_target_prepared:
        say_letter(out, &event->target_prepared.target_id);
        return;
    default:
        say_attempt_event(out, event);
    }
}

static inline void say_event(struct buf *out, const struct event *event)
{
    say(out, "%s%s", out->len == 0 ? "" : "; ", event_desc(event->code)->name);
    switch (event->code) {
    case EVENT_ledger_started:
        say(out, " %d", (int)event->ledger_started.epoch);
        return;
    case EVENT_workspace_created:
        say(out, " lateness %d spacing %d", (int)event->workspace_created.max_lateness_ms,
            (int)event->workspace_created.late_spacing_ms);
        return;
    case EVENT_workspace_changed:
        say(out, " lateness %d spacing %d", (int)event->workspace_changed.max_lateness_ms,
            (int)event->workspace_changed.late_spacing_ms);
        return;
    case EVENT_post_created:
    case EVENT_post_edited: {
        const bool created = event->code == EVENT_post_created;
        const struct target_spec *targets = created ? event->post_created.targets : event->post_edited.targets;
        const uint32_t count = created ? event->post_created.targets_count : event->post_edited.targets_count;
        for (uint32_t i = 0; i < count; i++) {
            say_letter(out, &targets[i].target_id);
        }
        const struct placeholder_ref *blanks = created ? event->post_created.blanks : event->post_edited.blanks;
        const uint32_t left = created ? event->post_created.blanks_count : event->post_edited.blanks_count;
        for (uint32_t i = 0; i < left; i++) {
            say_span(out, "left ", blanks[i].name);
        }
        if (created && !id_is_none(&event->post_created.default_queue_of)) {
            say(out, " queue of");
            say_letter(out, &event->post_created.default_queue_of);
        }
        return;
    }
    case EVENT_post_scheduled:
        say_time(out, "at", event->post_scheduled.publish_at_ms);
        for (uint32_t i = 0; i < event->post_scheduled.targets_count; i++) {
            say_letter(out, &event->post_scheduled.targets[i].target_id);
            say_time(out, "due", event->post_scheduled.targets[i].due_ms);
        }
        return;
    case EVENT_post_locked:
        say(out, " version %d", (int)event->post_locked.version);
        for (uint32_t i = 0; i < event->post_locked.targets_count; i++) {
            say_letter(out, &event->post_locked.targets[i].target_id);
            say_span(out, "", event->post_locked.targets[i].code);
        }
        return;
    case EVENT_post_finished:
        say_word(out, &post_status_words, event->post_finished.status);
        if (event->post_finished.code.data != NULL) {
            say(out, " %.*s", (int)event->post_finished.code.len, (const char *)event->post_finished.code.data);
        }
        return;
    case EVENT_series_created:
        say(out, " generation %d", (int)event->series_created.generation);
        return;
    case EVENT_series_changed:
        say(out, " generation %d", (int)event->series_changed.generation);
        return;
    case EVENT_series_resumed:
        say(out, " generation %d", (int)event->series_resumed.generation);
        return;
    case EVENT_instance_withheld:
        say_span(out, "", event->instance_withheld.code);
        return;
    default:
        say_target_event(out, event);
    }
}

#endif
