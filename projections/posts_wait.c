/* posts_wait.c: what a target waits for and until when, read off the rows: the scheduler says nothing about it, an
 * event per wait would tell no more. Called by present.c. Pure; must never say otherwise than
 * core/scheduler/agenda_due.c does.
 */
#include "projections/post_fold.h"
#include "projections/posts.h"
#include "projections/queue.h"

#define X(name_, word_) word_,
static const char *const words[] = {"", WAIT_TABLE(X)};
#undef X
const struct choice_table wait_words = {"wait", words, sizeof words / sizeof *words};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_waiting(enum target_status phase)
{
    return phase == TARGET_PENDING || phase == TARGET_PREPARED || phase == TARGET_RETRYING;
}

/* What was due before a copy was confirmed is never started by itself: it is about to be unknown. */
static bool is_suspended(const struct target_row *target, const struct installation_row *installation)
{
    const int64_t base_ms = target->base_ms != 0 ? target->base_ms : target->due_ms;
    return installation->suspended || (base_ms != 0 && base_ms <= installation->suspended_ms);
}

/* At the post's instant it is missed, whatever else holds it (core/scheduler/agenda_approval.c). */
static bool is_unapproved(const struct post_row *post, const struct workspace_row *workspace)
{
    const enum approval approval = posts_approval_status(post, workspace);
    return approval == APPROVAL_WANTED || approval == APPROVAL_VOID;
}

enum wait posts_held(const struct post_row *post, const struct target_row *target,
                     const struct post_surroundings *surroundings)
{
    const struct integration_row *integration = surroundings->integration;
    if (!is_waiting((enum target_status)target->status) || post->status == POST_DRAFT || posts_is_final(post->status)) {
        return WAIT_NONE;
    }
    if (is_suspended(target, surroundings->installation)) {
        return WAIT_STARTS_SUSPENDED;
    }
    if (surroundings->installation->clock_suspect) {
        return WAIT_CLOCK_SUSPECT;
    }
    if (is_unapproved(post, surroundings->workspace)) {
        return WAIT_APPROVAL;
    }
    if (surroundings->workspace->paused) {
        return WAIT_WORKSPACE_PAUSED;
    }
    if (integration == NULL || integration->status != INTEGRATION_CONNECTED) {
        return WAIT_DISCONNECTED;
    }
    return integration->paused ? WAIT_PAUSED : integration->queue_paused ? WAIT_QUEUE_PAUSED : WAIT_NONE;
}

/* It may start as far as others are concerned. */
static struct post_wait wait_for_start(const struct target_row *target, int64_t limited_ms, int64_t now_ms)
{
    const int64_t ready_ms = later(target->due_ms, target->next_ms);
    if (target->read_first) {
        return (struct post_wait){.reason = WAIT_READING, .until_ms = ready_ms};
    }
    if (now_ms < limited_ms && ready_ms < limited_ms) {
        return (struct post_wait){.reason = WAIT_RATE_LIMIT, .until_ms = limited_ms};
    }
    if (now_ms >= ready_ms) {
        const bool spaced = target->part_live == 0 && now_ms - ready_ms > QUEUE_LATE_MS;
        return (struct post_wait){.reason = spaced ? WAIT_TURN : WAIT_START};
    }
    const bool retries = post_fold_phase(target) == TARGET_RETRYING && target->code.data != NULL;
    const bool limited = retries && span_equal(target->code, SPAN("platform_rate_limited"));
    return (struct post_wait){.reason = limited   ? WAIT_RATE_LIMIT
                                        : retries ? WAIT_RETRY
                                                  : WAIT_SCHEDULE,
                              .until_ms = ready_ms};
}

static int64_t missed_ms(const struct post_row *post, const struct target_row *target,
                         const struct workspace_row *workspace)
{
    if (is_unapproved(post, workspace)) {
        return post->publish_at_ms;
    }
    const int64_t base_ms = target->base_ms != 0 ? target->base_ms : target->due_ms;
    const int64_t late_ms = base_ms + (int64_t)workspace->max_lateness_ms;
    return post->not_after_ms != 0 && post->not_after_ms < late_ms ? post->not_after_ms : late_ms;
}

struct post_wait posts_wait(const struct post_row *post, const struct target_row *target,
                            const struct post_surroundings *surroundings, int64_t now_ms)
{
    const enum target_status phase = post_fold_phase(target);
    if (!queue_is_open(post, target)) {
        return (struct post_wait){.reason = WAIT_NONE};
    }
    if (phase == TARGET_ATTEMPTING) {
        return (struct post_wait){.reason = WAIT_ATTEMPT, .until_ms = target->deadline_ms};
    }
    if (phase == TARGET_UNKNOWN) {
        return (struct post_wait){.reason = target->needs_person ? WAIT_PERSON : WAIT_READING,
                                  .until_ms = target->next_ms == 0 ? 0 : later(target->next_ms, target->deadline_ms)};
    }
    struct post_wait wait = {.reason = posts_held(post, target, surroundings)};
    if (wait.reason == WAIT_NONE) {
        wait = wait_for_start(target, surroundings->integration->limited_ms, now_ms);
    }
    if (!posts_target_is_final(target->status)) { /* else only its first comment is left, which is nobody's due time */
        wait.missed_ms = missed_ms(post, target, surroundings->workspace);
    }
    return wait;
}
