/* judge_post.c: a post's life, read from the log alone: what was locked stays as it was, a
 * start is allowed, in time and alone, what is under way or in doubt is not ended, the last status follows from the
 * targets'. Called by judge.c; it must never ask the code that it judges. */
#include "core/base/assert.h"
#include "tests/sim/judge.h"

struct judged_target *judged_target(const struct look *look, const struct id *target_id)
{
    struct judged_target *target = find_or_add(&look->judge->targets, target_id);
    target->target_id = *target_id;
    target->post_id = look->at->stream;
    return target;
}

bool judged_is_open(const struct judge *judge, const struct judged_target *target)
{
    const uint32_t index = pool_find(&judge->posts, &target->post_id);
    const struct judged_post *post = index == 0 ? NULL : pool_at(&judge->posts, index);
    if (post == NULL || post->publish_at_ms == 0) {
        return false;
    }
    for (uint32_t i = 0; i < post->targets_count; i++) {
        if (id_equal(&post->targets[i], &target->target_id)) {
            return target->status == 0 ||
                   (target->status == TARGET_PUBLISHED && target->has_comment && !target->comment_over);
        }
    }
    return false; /* an edit took it out */
}

/* --- writing and locking --- */

static void see_content(const struct look *look, const struct content_part *parts, uint32_t count, struct span comment,
                        int64_t not_after_ms)
{
    struct judged_post *post = look->post;
    ASSERT(count <= LOCKED_PARTS_MAX);
    post->texts_count = count;
    for (uint32_t i = 0; i < count; i++) {
        post->texts[i] = text_hash(parts[i].text);
    }
    post->comment = text_hash(comment);
    post->not_after_ms = not_after_ms;
}

static void see_targets(const struct look *look, const struct target_spec *specs, uint32_t count)
{
    ASSERT(count <= TARGETS_MAX);
    look->post->targets_count = count;
    for (uint32_t i = 0; i < count; i++) {
        look->post->targets[i] = specs[i].target_id;
        struct judged_target *target = judged_target(look, &specs[i].target_id);
        target->integration_id = specs[i].integration_id;
        target->own_ms = specs[i].at_ms;
        target->of_series = look->post->made_by.kind == ID_SERIES;
    }
}

/* By the ledger's time alone: at 300 s before the instant nothing changes any more, locked or not. */
static void check_unlocked(const struct look *look)
{
    const struct judged_post *post = look->post;
    if (post->locked || (post->publish_at_ms != 0 && look->at->time_ms >= post->publish_at_ms - LOCK_AHEAD_MS)) {
        lose(look->world, RULE_LOCK, "%s is changed after its lock", name_of(look->world, &look->at->stream));
    }
}

static void see_schedule(const struct look *look, const struct post_scheduled_event *event)
{
    check_unlocked(look);
    judge_schedule(look, event);
    look->post->publish_at_ms = event->publish_at_ms;
    for (uint32_t i = 0; i < event->targets_count; i++) {
        judged_target(look, &event->targets[i].target_id)->due_ms = event->targets[i].due_ms;
    }
}

static void see_locked_target(const struct look *look, const struct locked_target *locked)
{
    struct judged_target *target = judged_target(look, &locked->target_id);
    if (target->status != 0) {
        return;
    }
    target->status = locked->code.data != NULL ? TARGET_FAILED : 0;
    target->parts_count = locked->parts_count;
    for (uint32_t k = 0; k < locked->parts_count; k++) {
        const struct locked_part *from = &locked->parts[k];
        struct judged_part *part = &target->parts[k];
        ASSERT(from->key.len < sizeof part->key);
        memcpy(part->key, from->key.data, from->key.len);
        part->payload_hash = from->payload_hash;
        part->text = from->comment ? look->post->comment : look->post->texts[k];
        target->has_comment = from->comment;
    }
}

static void see_lock(const struct look *look, const struct post_locked_event *event)
{
    struct world *world = look->world;
    const char *name = name_of(world, &look->at->stream);
    if (event->version + 1 != look->at->version) {
        lose(world, RULE_LOCK, "%s is locked as of version %llu, and was at %llu", name,
             (unsigned long long)event->version, (unsigned long long)look->at->version - 1);
    }
    if (look->post->locked) {
        lose(world, RULE_LOCK, "%s is locked twice", name);
    }
    if (look->at->time_ms < look->post->publish_at_ms - LOCK_AHEAD_MS) {
        lose(world, RULE_EARLY, "%s is locked early", name);
    }
    if (look->judge->clock_suspect || look->judge->suspended) {
        lose(world, RULE_HELD, "%s is locked while nothing may be", name);
    }
    judge_approved_lock(look, event);
    look->post->locked = true;
    for (uint32_t i = 0; i < event->targets_count; i++) {
        see_locked_target(look, &event->targets[i]);
    }
}

/* --- attempts --- */

static bool is_too_late(const struct look *look, const struct judged_target *target)
{
    const struct judged_workspace *workspace = find_or_add(&look->judge->workspaces, &look->post->workspace_id);
    const int64_t not_after_ms = look->post->not_after_ms;
    return workspace->deleted || look->at->time_ms > target->due_ms + (int64_t)workspace->max_lateness_ms ||
           (not_after_ms != 0 && look->at->time_ms > not_after_ms);
}

static void check_may_start(const struct look *look, const struct judged_target *target, const char *name)
{
    struct world *world = look->world;
    struct judge *judge = look->judge;
    const struct judged_account *account = find_or_add(&judge->accounts, &target->integration_id);
    const struct judged_workspace *workspace = find_or_add(&judge->workspaces, &look->post->workspace_id);
    if (judge->clock_suspect || judge->suspended || workspace->paused || account->paused || account->queue_paused ||
        !account->connected) {
        lose(world, RULE_HELD, "%s starts, and is held", name);
    }
    if (look->at->time_ms < target->due_ms || look->at->time_ms < target->next_ms) {
        lose(world, RULE_EARLY, "%s starts before its instant", name);
    }
    if (is_too_late(look, target) || target->due_ms <= judge->suspended_ms) {
        lose(world, RULE_LATE, "%s starts too late", name);
    }
}

static void check_part(const struct look *look, const struct judged_target *target,
                       const struct attempt_started_event *event, const char *name)
{
    struct world *world = look->world;
    const uint32_t bit = UINT32_C(1) << event->part;
    const bool locked = event->part < target->parts_count;
    if (!locked || memcmp(&event->payload_hash, &target->parts[event->part].payload_hash, sizeof event->payload_hash)) {
        lose(world, RULE_LOCK, "%s sends what was not locked", name);
    }
    if (target->live != bit - 1) {
        lose(world, RULE_ONE_AT_A_TIME, "%s is at part %u, and another is next", name, (unsigned)event->part);
    }
    if (event->number != target->attempt_number + 1 || event->deadline_ms != look->at->time_ms + ATTEMPT_DEADLINE_MS) {
        lose(world, RULE_ONE_AT_A_TIME, "%s has the number or the deadline of another", name);
    }
}

static void see_start(const struct look *look, const struct attempt_started_event *event)
{
    struct world *world = look->world;
    struct judged_target *target = judged_target(look, &event->target_id);
    const char *name = name_of(world, &event->attempt_id);
    if (event->fence != look->judge->epoch) {
        lose(world, RULE_FENCE, "%s starts under fence %llu in epoch %llu", name, (unsigned long long)event->fence,
             (unsigned long long)look->judge->epoch);
    }
    if (target->phase != PHASE_WAITS) {
        lose(world, RULE_ONE_AT_A_TIME, "%s starts while another attempt of %s is under way or in doubt", name,
             name_of(world, &event->target_id));
    }
    if (!judged_is_open(look->judge, target)) {
        lose(world, RULE_OVER, "%s starts although %s is over", name, name_of(world, &event->target_id));
    }
    check_may_start(look, target, name);
    check_part(look, target, event, name);
    target->phase = PHASE_UNDER_WAY;
    target->attempt_id = event->attempt_id;
    target->attempt_number = event->number;
    target->attempt_part = (uint32_t)event->part;
    target->deadline_ms = event->deadline_ms;
    find_or_add(&look->judge->attempts, &event->attempt_id);
}

enum certainty certainty_of(uint32_t outcome)
{
    return outcome == OUTCOME_UNKNOWN ? CERTAINTY_DOUBT : CERTAINTY_FULL;
}

static void see_outcome(const struct look *look, const struct id *target_id, const struct id *attempt_id,
                        uint32_t outcome, uint64_t part, struct span code, int64_t next_ms)
{
    struct judged_target *target = judged_target(look, target_id);
    struct judged_attempt *attempt = find_or_add(&look->judge->attempts, attempt_id);
    attempt->recorded = certainty_of(outcome);
    if (outcome == OUTCOME_ACCEPTED) {
        target->live |= UINT32_C(1) << part;
    }
    target->lied = target->lied || outcome == OUTCOME_REFUSED || span_equal(code, SPAN("platform_refused"));
    if (id_equal(&target->attempt_id, attempt_id)) {
        target->phase = outcome == OUTCOME_UNKNOWN ? PHASE_DOUBT : PHASE_WAITS;
        target->next_ms = next_ms;
    }
}

static void see_comment(const struct look *look, const struct comment_finished_event *event)
{
    struct judged_target *target = judged_target(look, &event->target_id);
    target->comment_over = true;
    if (event->outcome == OUTCOME_UNKNOWN) {
        target->unknown |= UINT32_C(1) << (target->parts_count - 1);
    }
}

static void see_settled(const struct look *look, const struct attempt_settled_event *event)
{
    const struct judged_target *target = judged_target(look, &event->target_id);
    const bool current = id_equal(&target->attempt_id, &event->attempt_id) && target->phase != PHASE_WAITS;
    if (event->by_read && event->outcome == OUTCOME_ABSENT && current && look->at->time_ms < target->deadline_ms) {
        lose(look->world, RULE_EARLY, "%s is said to be absent before its deadline",
             name_of(look->world, &event->attempt_id));
    }
    see_outcome(look, &event->target_id, &event->attempt_id, event->outcome, event->part, event->code, event->next_ms);
}

/* --- ends --- */

/* Its instant has come, and nobody approved it in time. */
static bool is_unapproved(const struct look *look)
{
    return !look->post->locked && look->at->time_ms >= look->post->publish_at_ms &&
           judged_wants_approval(look->judge, look->post);
}

static void see_end(const struct look *look, const struct target_ref *refs, uint32_t count, enum target_status status)
{
    struct world *world = look->world;
    for (uint32_t i = 0; i < count; i++) {
        struct judged_target *target = judged_target(look, &refs[i].target_id);
        if (target->phase != PHASE_WAITS || target->status != 0) {
            lose(world, RULE_UNTOUCHED, "%s is %s with an attempt under way or in doubt, or after its end",
                 name_of(world, &refs[i].target_id), choice_word(&target_status_words, status));
        }
        if (status == TARGET_MISSED && !is_too_late(look, target) && !is_unapproved(look)) {
            lose(world, RULE_LATE, "%s is missed before it is late", name_of(world, &refs[i].target_id));
        }
        target->status = status;
    }
    if (status == TARGET_MISSED && (look->judge->clock_suspect || look->judge->suspended)) {
        lose(world, RULE_HELD, "%s is missed while nothing may be", name_of(world, &look->at->stream));
    }
}

static void see_doubt(const struct look *look, const struct target_ref *refs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct judged_target *target = judged_target(look, &refs[i].target_id);
        target->phase = PHASE_DOUBT;
        target->attempt_id = (struct id){0}; /* nothing of ours tells what became of it */
        target->attempt_part = (uint32_t)__builtin_ctz(~target->live);
    }
}

static void see_resolved(const struct look *look, const struct target_resolved_event *event)
{
    struct judged_target *target = judged_target(look, &event->target_id);
    if (target->phase != PHASE_DOUBT) {
        lose(look->world, RULE_OVER, "%s is resolved, and was in no doubt", name_of(look->world, &event->target_id));
    }
    target->by_person = true;
    target->phase = PHASE_WAITS;
    if (event->resolution != RESOLUTION_ABANDONED && !id_is_none(&event->attempt_id)) {
        /* the first definite word; what its adapter may still say agrees with it, or is a contradiction */
        ((struct judged_attempt *)find_or_add(&look->judge->attempts, &event->attempt_id))->recorded = CERTAINTY_FULL;
    }
    if (event->resolution == RESOLUTION_PUBLISHED) {
        target->live |= UINT32_C(1) << target->attempt_part;
    } else if (event->resolution == RESOLUTION_ABSENT) {
        target->absent_said++;
    }
    target->next_ms = event->next_ms; /* of the retry; the next part of what is there goes at once */
    if (event->retry) {
        target->due_ms = event->next_ms;
    }
}

static void see_retried(const struct look *look, const struct targets_retried_event *event)
{
    for (uint32_t i = 0; i < event->targets_count; i++) {
        struct judged_target *target = judged_target(look, &event->targets[i].target_id);
        if (target->status != TARGET_FAILED && target->status != TARGET_MISSED) {
            lose(look->world, RULE_OVER, "%s is sent again, and neither failed nor was missed",
                 name_of(look->world, &event->targets[i].target_id));
        }
        target->status = 0;
        target->phase = PHASE_WAITS;
        target->due_ms = event->due_ms;
        target->next_ms = event->due_ms;
    }
}

static enum post_status end_of(const struct look *look)
{
    uint32_t counts[TARGET_STATUS_COUNT] = {0};
    bool any_live = false;
    for (uint32_t i = 0; i < look->post->targets_count; i++) {
        const struct judged_target *target = judged_target(look, &look->post->targets[i]);
        counts[target->status]++;
        any_live = any_live || target->live != 0;
    }
    if (counts[0] > 0) {
        return POST_NONE;
    }
    if (counts[TARGET_PUBLISHED] == look->post->targets_count) {
        return POST_PUBLISHED;
    }
    if (any_live || counts[TARGET_PUBLISHED] > 0) {
        return POST_PARTIALLY_PUBLISHED;
    }
    return counts[TARGET_FAILED] > 0 ? POST_FAILED : counts[TARGET_MISSED] > 0 ? POST_MISSED : POST_CANCELLED;
}

static void see_finish(const struct look *look, enum post_status status)
{
    const enum post_status wanted = end_of(look);
    if (status != wanted) {
        lose(look->world, RULE_END, "%s ends as %s", name_of(look->world, &look->at->stream),
             choice_word(&post_status_words, status));
    }
}

static void see_lists(const struct look *look, const struct event *event)
{
    switch (event->code) {
    case EVENT_targets_missed:
        see_end(look, event->targets_missed.targets, event->targets_missed.targets_count, TARGET_MISSED);
        return;
    case EVENT_targets_cancelled:
        see_end(look, event->targets_cancelled.targets, event->targets_cancelled.targets_count, TARGET_CANCELLED);
        return;
    case EVENT_targets_doubted:
        see_doubt(look, event->targets_doubted.targets, event->targets_doubted.targets_count);
        return;
    case EVENT_targets_retried:
        see_retried(look, &event->targets_retried);
        return;
    default:
        return;
    }
}

static void see_attempt(const struct look *look, const struct event *event)
{
    switch (event->code) {
    case EVENT_attempt_started:
        see_start(look, &event->attempt_started);
        return;
    case EVENT_attempt_finished: {
        const struct attempt_finished_event *end = &event->attempt_finished;
        see_outcome(look, &end->target_id, &end->attempt_id, end->outcome, end->part, end->code, end->next_ms);
        return;
    }
    case EVENT_attempt_settled:
        see_settled(look, &event->attempt_settled);
        return;
    case EVENT_outcome_contradicted:
        judged_target(look, &event->outcome_contradicted.target_id)->lied = true;
        return;
    case EVENT_target_finished:
        judged_target(look, &event->target_finished.target_id)->status = event->target_finished.status;
        return;
    case EVENT_target_resolved:
        see_resolved(look, &event->target_resolved);
        return;
    case EVENT_comment_finished:
        see_comment(look, &event->comment_finished);
        return;
    case EVENT_post_finished:
        see_finish(look, (enum post_status)event->post_finished.status);
        return;
    default:
        see_lists(look, event);
        return;
    }
}

void judge_post(struct world *world, const struct log_event *at, const struct event *event)
{
    struct judge *judge = world->judge;
    const struct look look = {
        .world = world, .judge = judge, .at = at, .post = find_or_add(&judge->posts, &at->stream)};
    switch (event->code) {
    case EVENT_post_created: {
        const struct post_created_event *post = &event->post_created;
        look.post->workspace_id = at->workspace_id;
        look.post->made_by = id_is_none(&post->series_id) ? post->template_id : post->series_id;
        judge_wrote(judge, &look.post->writers, at);
        judge_copied(&look, &post->duplicate_of);
        judge_instance(&look, post);
        see_content(&look, post->parts, post->parts_count, post->first_comment, post->not_after_ms);
        see_targets(&look, post->targets, post->targets_count);
        return;
    }
    case EVENT_post_edited: {
        const struct post_edited_event *post = &event->post_edited;
        check_unlocked(&look);
        judge_wrote(judge, &look.post->writers, at);
        look.post->approved_under = POLICY_NONE;
        see_content(&look, post->parts, post->parts_count, post->first_comment, post->not_after_ms);
        see_targets(&look, post->targets, post->targets_count);
        return;
    }
    case EVENT_post_deleted:
        check_unlocked(&look);
        look.post->deleted = true;
        return;
    case EVENT_post_scheduled:
        see_schedule(&look, &event->post_scheduled);
        return;
    case EVENT_post_locked:
        see_lock(&look, &event->post_locked);
        return;
    case EVENT_approval_given:
    case EVENT_approval_voided:
        judge_approval(&look, event);
        return;
    default:
        see_attempt(&look, event);
        return;
    }
}
