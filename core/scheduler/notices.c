/* notices.c: see notices.h. Called by the scheduler's process, which sees every event as it happens. Must never write
 * what came from outside: a line is ids, counts and words of our own. */
#include "core/scheduler/notices.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/message/refusal.h"

#define X(name_, word_) #word_,
static const char *const words[] = {NOTICE_TABLE(X)};
#undef X

const char *notice_word(enum notice_kind kind)
{
    ASSERT(kind < NOTICE_COUNT);
    return words[kind];
}

/* A line while it is written. */
struct line {
    struct notice *notice;
    struct buf out;
};

static void put_id(struct line *line, const char *name, const struct id *id)
{
    if (!id_is_none(id)) {
        buf_text(&line->out, name);
        id_write(&line->out, id);
    }
}

static void put_count(struct line *line, const char *name, uint64_t count)
{
    buf_text(&line->out, name);
    buf_u64(&line->out, count);
}

/* Adapters report codes: one that is not of error.def is none of our words. */
static void put_code(struct line *line, struct span code)
{
    const enum refusal refusal = code.data != NULL ? refusal_of(code) : ACCEPTED;
    buf_text(&line->out, " code=");
    buf_text(&line->out, refusal != ACCEPTED ? refusal_desc(refusal)->code : "none");
}

static void put_next(struct line *line, const char *next)
{
    buf_text(&line->out, " next=\"");
    buf_text(&line->out, next);
    buf_text(&line->out, "\"");
}

static bool says(struct line *line, enum notice_kind kind, bool warns)
{
    line->notice->kind = kind;
    line->notice->warns = warns;
    return true;
}

static bool of_installation(struct line *line, const struct event *event)
{
    switch (event->code) {
    case EVENT_starts_suspended:
        put_next(line, "openpost confirm --data DIR");
        return says(line, NOTICE_STARTS_SUSPENDED, true);
    case EVENT_starts_confirmed:
        return says(line, NOTICE_STARTS_CONFIRMED, false);
    case EVENT_clock_suspected:
        put_count(line, " apart_ms=", event->clock_suspected.apart_ms);
        put_next(line, "it ends after 60 s of agreement; if the clock is right: openpost clock accept --data DIR");
        return says(line, NOTICE_CLOCK_SUSPECTED, true);
    case EVENT_clock_trusted:
        return says(line, NOTICE_CLOCK_TRUSTED, false);
    default:
        return false;
    }
}

static bool of_account(struct line *line, const struct event *event)
{
    switch (event->code) {
    case EVENT_workspace_paused:
        return says(line, NOTICE_WORKSPACE_PAUSED, false);
    case EVENT_workspace_resumed:
        return says(line, NOTICE_WORKSPACE_RESUMED, false);
    case EVENT_integration_disconnected:
        put_id(line, " integration=", &event->integration_disconnected.integration_id);
        put_code(line, event->integration_disconnected.code);
        put_next(line, "somebody connects it again; its posts wait");
        return says(line, NOTICE_INTEGRATION_DISCONNECTED, true);
    case EVENT_integration_connected:
        put_id(line, " integration=", &event->integration_connected.integration_id);
        return says(line, NOTICE_INTEGRATION_CONNECTED, false);
    default:
        return false;
    }
}

static bool wants_person(struct line *line)
{
    put_next(line, "a person says what became of it: GET /v1/posts?attention=needs_person");
    return says(line, NOTICE_NEEDS_PERSON, true);
}

static bool of_doubt(struct line *line, const struct event *event)
{
    switch (event->code) {
    case EVENT_attempt_finished:
        put_id(line, " target=", &event->attempt_finished.target_id);
        put_id(line, " attempt=", &event->attempt_finished.attempt_id);
        return event->attempt_finished.outcome == OUTCOME_UNKNOWN && says(line, NOTICE_OUTCOME_UNKNOWN, true);
    case EVENT_attempt_settled:
        put_id(line, " target=", &event->attempt_settled.target_id);
        put_id(line, " attempt=", &event->attempt_settled.attempt_id);
        return says(line, NOTICE_OUTCOME_KNOWN, false);
    case EVENT_attempt_probed:
        put_id(line, " target=", &event->attempt_probed.target_id);
        put_count(line, " looks=", event->attempt_probed.probe);
        return event->attempt_probed.needs_person && wants_person(line);
    case EVENT_targets_doubted:
        put_count(line, " targets=", event->targets_doubted.targets_count);
        return wants_person(line);
    case EVENT_outcome_contradicted:
        put_id(line, " target=", &event->outcome_contradicted.target_id);
        put_next(line, "a person looks: more may be live than should be");
        return says(line, NOTICE_OUTCOME_CONTRADICTED, true);
    case EVENT_target_resolved:
        put_id(line, " target=", &event->target_resolved.target_id);
        return says(line, NOTICE_TARGET_RESOLVED, false);
    default:
        return false;
    }
}

static bool of_end(struct line *line, const struct event *event)
{
    switch (event->code) {
    case EVENT_target_finished:
        put_id(line, " target=", &event->target_finished.target_id);
        put_code(line, event->target_finished.code);
        return event->target_finished.status == TARGET_FAILED && says(line, NOTICE_TARGET_FAILED, false);
    case EVENT_post_locked: { /* what breaks a limit has its end there */
        uint64_t failed = 0;
        for (uint32_t i = 0; i < event->post_locked.targets_count; i++) {
            failed += event->post_locked.targets[i].code.data != NULL ? 1 : 0;
        }
        put_count(line, " targets=", failed);
        put_code(line, SPAN("render_refused"));
        return failed > 0 && says(line, NOTICE_TARGET_FAILED, false);
    }
    case EVENT_targets_missed:
        put_count(line, " targets=", event->targets_missed.targets_count);
        put_code(line, event->targets_missed.code);
        return says(line, NOTICE_TARGETS_MISSED, true);
    default:
        return false;
    }
}

bool notice_of(const struct log_event *at, const struct event *event, struct notice *ret_notice)
{
    struct line line = {.notice = ret_notice, .out = buf_of(ret_notice->text, sizeof ret_notice->text)};
    buf_text(&line.out, "seq=");
    buf_u64(&line.out, at->seq);
    put_id(&line, " workspace=", &at->workspace_id);
    if (at->stream.kind == ID_POST) {
        put_id(&line, " post=", &at->stream);
    }
    const bool is_one =
        of_installation(&line, event) || of_account(&line, event) || of_doubt(&line, event) || of_end(&line, event);
    ASSERT(buf_terminated(&line.out) != NULL); /* ids and our own words are short */
    return is_one;
}

/* --- how often --- */

bool notices_allow(struct notices *notices, enum notice_kind kind, int64_t now_ms)
{
    struct notice_count *count = &notices->counts[kind];
    if (count->left_out == 0 && (now_ms - count->since_ms >= MINUTE_MS || now_ms < count->since_ms)) {
        *count = (struct notice_count){.since_ms = now_ms};
    }
    const bool allowed = count->written < NOTICES_A_MINUTE;
    count->written += allowed ? 1 : 0;
    count->left_out += allowed ? 0 : 1;
    return allowed;
}

bool notices_left_out(struct notices *notices, int64_t now_ms, enum notice_kind *ret_kind, uint32_t *ret_count)
{
    for (int kind = 0; kind < NOTICE_COUNT; kind++) {
        struct notice_count *count = &notices->counts[kind];
        if (count->left_out > 0 && (now_ms - count->since_ms >= MINUTE_MS || now_ms < count->since_ms)) {
            *ret_kind = (enum notice_kind)kind;
            *ret_count = count->left_out;
            *count = (struct notice_count){.since_ms = now_ms};
            return true;
        }
    }
    return false;
}
