/* post_outcome.c: what an outcome means. An outcome for a known attempt is always recorded, however late: fences guard
 * starts, not facts. The first definite one decides; one that contradicts it becomes a fact of its own, which stops
 * every further start until the platform was read.
 *
 *   the attempt is under way        -> attempt_finished
 *   its outcome is unknown          -> attempt_settled by a definite one, attempt_probed by a reading that settles
 *                                      nothing
 *   it has a definite outcome       -> nothing new, or outcome_contradicted
 *
 * An attempt that the state has forgotten was recalled from the log (context->recalled), and nothing else differs.
 * and what follows for the target: live, another try, a reading, the end (struct consequence). Time and dice come with
 * the command. */
#include "core/base/assert.h"
#include "core/decider/post_rules.h"

struct outcome_case {
    const struct post *post;
    const struct decide_context *context;
    const struct record_outcome_command *report;
    uint32_t at; /* the target's place */
    const struct post_target *target;
    struct known_attempt attempt;
    bool in_play; /* the attempt is what the target is doing now */
    bool is_comment;
};

enum follow { FOLLOWS_NOTHING, FOLLOWS_LIVE, FOLLOWS_START, FOLLOWS_READING, FOLLOWS_END };

struct consequence {
    enum follow follow;
    int64_t next_ms;  /* of the start or the reading */
    struct span code; /* of the end */
};

static struct consequence ends(const char *code)
{
    return (struct consequence){.follow = FOLLOWS_END, .code = span_text(code)};
}

/* The next start, unless it would be too late. */
static struct consequence starts_at(const struct outcome_case *c, int64_t next_ms)
{
    if (next_ms > target_window_end(c->post, c->target, c->context->workspace)) {
        return ends("retry_window_over");
    }
    return (struct consequence){.follow = FOLLOWS_START, .next_ms = next_ms};
}

/* An instant so far from now, give or take a fifth by the sender's dice. */
static int64_t after(const struct outcome_case *c, int64_t wait_ms)
{
    const uint64_t jitter = c->report->jitter_permille <= 400 ? c->report->jitter_permille : 400;
    return c->context->now_ms + wait_ms * (800 + (int64_t)jitter) / 1000;
}

static struct consequence tries_again(const struct outcome_case *c)
{
    if (c->target->tries + 1 >= TRIES_MAX) {
        return ends("attempts_exhausted");
    }
    return starts_at(c, after(c, c->target->tries == 0 ? RETRY_FIRST_MS : RETRY_SECOND_MS));
}

/* When the platform's limit that the report speaks of ends; 0: it speaks of none. Where the platform named no instant
 * it is asked again later each time. One that has passed, by the time of the decision, must not make a loop of
 * starts. */
static int64_t limit_end_ms(const struct outcome_case *c, enum outcome outcome)
{
    const int64_t soonest_ms = c->context->now_ms + SECOND_MS;
    if (c->report->until_ms == 0) {
        return outcome == OUTCOME_DEFERRED ? after(c, RETRY_FIRST_MS << c->target->deferrals) : 0;
    }
    if (outcome == OUTCOME_DEFERRED) {
        return c->report->until_ms > soonest_ms ? c->report->until_ms : soonest_ms;
    }
    return c->report->until_ms > c->context->now_ms ? c->report->until_ms : 0;
}

static int64_t first_reading(const struct outcome_case *c)
{
    return c->context->now_ms > c->target->deadline_ms ? c->context->now_ms : c->target->deadline_ms;
}

/* What follows for the target from this outcome of the attempt that it is doing now. */
static struct consequence judge(const struct outcome_case *c, enum outcome outcome)
{
    if (outcome == OUTCOME_ACCEPTED) {
        return (struct consequence){.follow = FOLLOWS_LIVE};
    }
    if (!c->in_play) {
        return (struct consequence){.follow = FOLLOWS_NOTHING};
    }
    switch (outcome) {
    case OUTCOME_TRY_AGAIN:
    case OUTCOME_ABSENT:
        return tries_again(c);
    case OUTCOME_DEFERRED:
        return starts_at(c, limit_end_ms(c, outcome));
    case OUTCOME_UNAUTHORIZED: /* waits, without an instant, for the account to be connected again */
        return (struct consequence){.follow = FOLLOWS_START};
    case OUTCOME_REFUSED: {
        struct consequence end = ends("platform_refused");
        if (c->report->code.data != NULL) {
            end.code = c->report->code;
        }
        return end;
    }
    case OUTCOME_UNKNOWN:
    case OUTCOME_ACCEPTED:
    case OUTCOME_NONE:
    case OUTCOME_COUNT:
    default:
        return (struct consequence){.follow = FOLLOWS_READING, .next_ms = first_reading(c)};
    }
}

static void finish_comment(const struct outcome_case *c, const struct consequence *consequence, enum outcome outcome,
                           struct event_list *events)
{
    const bool waits = consequence->follow == FOLLOWS_START || consequence->follow == FOLLOWS_NOTHING ||
                       (consequence->follow == FOLLOWS_READING && !c->report->keyless);
    if (waits) {
        return; /* an unknown comment is read only where it has a key */
    }
    struct comment_finished_event *event = &event_append(events, EVENT_comment_finished)->comment_finished;
    event->post_id = c->report->post_id;
    event->target_id = c->report->target_id;
    event->outcome = outcome;
    event->platform_id = c->report->platform_id;
    event->url = c->report->url;
    event->message = c->report->message;
}

static void append_target_finished(const struct outcome_case *c, enum target_status status, struct span code,
                                   struct event_list *events)
{
    struct target_finished_event *event = &event_append(events, EVENT_target_finished)->target_finished;
    event->post_id = c->report->post_id;
    event->target_id = c->report->target_id;
    event->status = status;
    if (status == TARGET_FAILED) {
        event->code = code;
        event->message = c->report->message;
    }
}

/* Appends what follows for the target and the post. */
static void conclude(const struct outcome_case *c, const struct consequence *consequence, enum outcome outcome,
                     struct event_list *events)
{
    if (c->is_comment) {
        finish_comment(c, consequence, outcome, events);
        return;
    }
    struct outlook outlook = post_outlook(c->post);
    if (consequence->follow == FOLLOWS_LIVE) {
        outlook.live[c->at] = (uint8_t)(c->attempt.part + 1);
        const bool complete = outlook.live[c->at] == target_main_count(c->target);
        if (complete &&
            c->target->status != TARGET_CANCELLED) { /* cancelled is for ever, but what is live counts for the post */
            outlook.status[c->at] = TARGET_PUBLISHED;
            append_target_finished(c, TARGET_PUBLISHED, SPAN(""), events);
        }
    } else if (consequence->follow == FOLLOWS_END) {
        outlook.status[c->at] = TARGET_FAILED;
        append_target_finished(c, TARGET_FAILED, consequence->code, events);
    }
    post_finish(c->post, &outlook, events);
}

/* The two events have these fields in common, under the same names as the command. */
#define COPY_REPORT(to_, c_, outcome_, next_ms_)                  \
    do {                                                          \
        (to_)->post_id = (c_)->report->post_id;                   \
        (to_)->target_id = (c_)->report->target_id;               \
        (to_)->attempt_id = (c_)->report->attempt_id;             \
        (to_)->part = (c_)->attempt.part;                         \
        (to_)->outcome = (outcome_);                              \
        (to_)->code = (c_)->report->code;                         \
        (to_)->message = (c_)->report->message;                   \
        (to_)->platform_code = (c_)->report->platform_code;       \
        (to_)->platform_message = (c_)->report->platform_message; \
        (to_)->platform_id = (c_)->report->platform_id;           \
        (to_)->revision = (c_)->report->revision;                 \
        (to_)->url = (c_)->report->url;                           \
        (to_)->published_ms = (c_)->report->published_ms;         \
        (to_)->next_ms = (next_ms_);                              \
        (to_)->until_ms = limit_end_ms((c_), (outcome_));         \
        if ((to_)->until_ms != 0) {                               \
            (to_)->integration_id = (c_)->target->integration_id; \
        }                                                         \
    } while (0)

static enum refusal finish(const struct outcome_case *c, enum outcome outcome, struct event_list *events)
{
    const struct consequence consequence = judge(c, outcome);
    struct attempt_finished_event *event = &event_append(events, EVENT_attempt_finished)->attempt_finished;
    COPY_REPORT(event, c, outcome, consequence.next_ms);
    event->number = c->target->attempt_count;
    if (outcome == OUTCOME_ACCEPTED && event->published_ms == 0) {
        event->published_ms = c->context->now_ms;
    }
    conclude(c, &consequence, outcome, events);
    return ACCEPTED;
}

static void append_settled(const struct outcome_case *c, enum outcome outcome, int64_t next_ms,
                           struct event_list *events)
{
    struct attempt_settled_event *event = &event_append(events, EVENT_attempt_settled)->attempt_settled;
    COPY_REPORT(event, c, outcome, next_ms);
    event->number = c->attempt.number;
    event->by_read = c->report->by_read;
}

static enum refusal settle(const struct outcome_case *c, enum outcome outcome, struct event_list *events)
{
    const struct consequence consequence = judge(c, outcome);
    append_settled(c, outcome, consequence.next_ms, events);
    conclude(c, &consequence, outcome, events);
    return ACCEPTED;
}

/* The first definite outcome stands, but a reading that finds at the platform what is about to be sent again is
 * stronger than any report: it is live. */
static enum refusal contradict(const struct outcome_case *c, enum outcome outcome, struct event_list *events)
{
    const bool same = (c->attempt.outcome == OUTCOME_ACCEPTED) == (outcome == OUTCOME_ACCEPTED);
    if (same) {
        return ACCEPTED;
    }
    if (!c->attempt.contradicted) {
        struct outcome_contradicted_event *event =
            &event_append(events, EVENT_outcome_contradicted)->outcome_contradicted;
        event->post_id = c->report->post_id;
        event->target_id = c->report->target_id;
        event->attempt_id = c->report->attempt_id;
        event->outcome = outcome;
        event->platform_id = c->report->platform_id;
        event->message = c->report->message;
        event->part = c->attempt.part;
    }
    const bool is_next = target_waits(c->target) && c->attempt.part == c->target->next_part;
    return is_next && c->report->by_read ? settle(c, outcome, events) : ACCEPTED;
}

/* After the start: 2, 5, 15 min, 1, 6, 24 h; the first is the deadline, then these steps lead on. */
static int64_t next_reading(const struct outcome_case *c, uint32_t probe, int64_t last_ms)
{
    static const int64_t step_ms[] = {3 * MINUTE_MS, 10 * MINUTE_MS, 45 * MINUTE_MS, 5 * HOUR_MS, 18 * HOUR_MS};
    int64_t next_ms = c->context->now_ms + (probe <= 5 ? step_ms[probe - 1] : DAY_MS);
    if (probe > 5 && c->report->keyless && !c->target->read_first) {
        next_ms = last_ms; /* without a key a reading can only find, and it had its chances */
    }
    if (c->report->until_ms > next_ms) {
        next_ms = c->report->until_ms;
    }
    return next_ms < last_ms ? next_ms : last_ms;
}

/* A reading that settled nothing. One that comes before its time says nothing. */
static enum refusal probe(const struct outcome_case *c, struct event_list *events)
{
    const int64_t now_ms = c->context->now_ms;
    if (now_ms < c->target->next_ms) {
        return ACCEPTED;
    }
    const int64_t last_ms = c->target->read_first ? INT64_MAX : c->target->started_ms + UNKNOWN_MAX_MS;
    const bool is_over = now_ms >= last_ms;
    const uint32_t number = c->target->probes + (c->target->probes < UINT8_MAX ? 1u : 0u);
    struct attempt_probed_event *event = &event_append(events, EVENT_attempt_probed)->attempt_probed;
    event->post_id = c->report->post_id;
    event->target_id = c->report->target_id;
    event->attempt_id = c->report->attempt_id;
    event->probe = number;
    event->needs_person = !c->is_comment && number >= PROBES_BEFORE_PERSON;
    event->next_ms = is_over ? 0 : next_reading(c, number, last_ms);
    event->message = c->report->message;
    if (is_over) {
        const struct consequence consequence = ends("outcome_unknown");
        conclude(c, &consequence, OUTCOME_UNKNOWN, events);
    }
    return ACCEPTED;
}

/* Before anything is sent again in doubt the platform is read: found, it is live; not found, the start is free; else it
 * is read again. */
static enum refusal read_first(const struct outcome_case *c, struct event_list *events)
{
    if (c->report->outcome == OUTCOME_ACCEPTED) {
        return settle(c, OUTCOME_ACCEPTED, events);
    }
    if (!c->attempt.is_current) {
        return ACCEPTED;
    }
    if (c->report->outcome != OUTCOME_ABSENT) {
        return probe(c, events);
    }
    const int64_t now_ms = c->context->now_ms;
    append_settled(c, OUTCOME_ABSENT, now_ms > c->target->base_due_ms ? now_ms : c->target->base_due_ms, events);
    return ACCEPTED;
}

/* What the report says of the attempt itself. A reading that failed says nothing of it, and without a key nobody can
 * prove absence. */
static enum outcome said(const struct record_outcome_command *report)
{
    if (report->outcome == OUTCOME_ABSENT) {
        return report->keyless ? OUTCOME_UNKNOWN : OUTCOME_ABSENT;
    }
    return report->by_read && report->outcome != OUTCOME_ACCEPTED ? OUTCOME_UNKNOWN : (enum outcome)report->outcome;
}

/* The attempt that the report is of: one that the target remembers, or that was recalled from the log. */
static bool find_attempt(const struct outcome_case *c, struct known_attempt *ret_attempt)
{
    const struct recalled_attempt *recalled = c->context->recalled;
    if (target_find_attempt(c->target, &c->report->attempt_id, ret_attempt)) {
        return true;
    }
    if (recalled == NULL || recalled->number == 0 || recalled->outcome == OUTCOME_NONE) {
        return false;
    }
    *ret_attempt = (struct known_attempt){.number = recalled->number,
                                          .part = recalled->part,
                                          .outcome = recalled->outcome,
                                          .contradicted = recalled->contradicted};
    return true;
}

RULE(outcome)
{
    const struct record_outcome_command *report = &command->record_outcome;
    struct outcome_case c = {
        .post = post, .context = context, .report = report, .at = post_index(post, &report->target_id)};
    if (c.at == post->target_count) {
        return REFUSED_not_found;
    }
    c.target = &post->targets[c.at];
    if (!find_attempt(&c, &c.attempt)) {
        return REFUSED_attempt_unknown;
    }
    const enum target_status phase = target_phase(c.target);
    const bool under_way = c.attempt.outcome == OUTCOME_NONE || c.attempt.outcome == OUTCOME_UNKNOWN;
    /* of what is unknown for another reason (targets_doubted) no attempt of ours tells anything */
    c.in_play = c.attempt.is_current && under_way && (phase == TARGET_ATTEMPTING || phase == TARGET_UNKNOWN);
    c.is_comment = c.attempt.part >= target_main_count(c.target);
    const bool early = c.attempt.is_current && under_way && context->now_ms < c.target->deadline_ms;
    if (report->by_read && report->outcome == OUTCOME_ABSENT && early) {
        return REFUSED_attempt_early; /* the request may still arrive; one that was answered has */
    }
    if (c.target->read_first && report->by_read && c.attempt.part == c.target->next_part) {
        return read_first(&c, ret_events);
    }
    const enum outcome outcome = said(report);
    if (outcome != OUTCOME_UNKNOWN) {
        if (c.attempt.outcome == OUTCOME_NONE) {
            return finish(&c, outcome, ret_events);
        }
        return c.attempt.outcome == OUTCOME_UNKNOWN ? settle(&c, outcome, ret_events)
                                                    : contradict(&c, outcome, ret_events);
    }
    if (c.attempt.outcome == OUTCOME_NONE) {
        return report->by_read ? ACCEPTED : finish(&c, OUTCOME_UNKNOWN, ret_events);
    }
    return report->by_read && c.in_play ? probe(&c, ret_events) : ACCEPTED;
}
