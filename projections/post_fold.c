/* post_fold.c: the status of posts and targets as readers see it, folded from events. Called by posts.c for each event.
 * Must never look at anything but the row and the event: a rebuild gives the same bytes. */
#include "projections/post_fold.h"

#include "core/base/limits.h"
#include "projections/posts.h"

/* What a fold works on. */
struct fold {
    struct post_row *post;
    const struct event *event;
    int64_t time_ms;
    const struct attempt_row *attempt;
    struct arena *arena;
    struct post_change *change;
};

static const struct span absent = {NULL, 0};

const struct id *post_fold_id(const struct event *event)
{
    /* every event of a post begins with its post_id */
    return &event->post_created.post_id;
}

static enum err find(const struct fold *fold, const struct id *target_id, struct target_row **ret_target)
{
    for (uint32_t i = 0; i < fold->post->targets_count; i++) {
        if (id_equal(&fold->post->targets[i].target_id, target_id)) {
            fold->change->touched |= (uint64_t)1 << i;
            *ret_target = &fold->post->targets[i];
            return OK;
        }
    }
    return ERR_ALTERED;
}

static void touch_all(const struct fold *fold)
{
    const uint32_t count = fold->post->targets_count;
    fold->change->touched = count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}

bool post_fold_is_comment(const struct target_row *target, uint64_t part)
{
    return target->comment && part >= target->part_count;
}

/* The field that holds what the target does. */
static uint32_t *phase_of(struct target_row *target)
{
    return target->status == TARGET_PUBLISHED && target->comment ? &target->comment_status : &target->status;
}

enum target_status post_fold_phase(const struct target_row *target)
{
    const bool comment = target->status == TARGET_PUBLISHED && target->comment;
    return (enum target_status)(comment ? target->comment_status : target->status);
}

static bool waits(const struct target_row *target)
{
    const enum target_status phase = post_fold_phase(target);
    return phase == TARGET_PENDING || phase == TARGET_PREPARED || phase == TARGET_RETRYING;
}

/* The part to send next, the first comment coming after all others. */
static bool is_next(const struct target_row *target, uint64_t part)
{
    return part == target->part_live;
}

static void go_on(struct target_row *target, enum target_status phase, int64_t next_ms)
{
    *phase_of(target) = phase;
    target->next_ms = next_ms;
    target->probe_count = 0;
    target->needs_person = false;
}

static void set_due(struct target_row *target, int64_t due_ms)
{
    target->due_ms = due_ms;
    target->base_ms = 0;
    target->next_ms = due_ms;
}

/* The earliest instant that is planned for a draft. */
static int64_t earliest(const struct post_row *post)
{
    int64_t least = 0;
    for (uint32_t i = 0; i < post->targets_count; i++) {
        const struct target_row *target = &post->targets[i];
        const int64_t at_ms = target->due_ms != 0 ? target->due_ms : target->at_ms;
        if (at_ms != 0 && (least == 0 || at_ms < least)) {
            least = at_ms;
        }
    }
    return least;
}

/* Targets as written; one that the post had keeps what is known of it. */
static enum err set_targets(const struct fold *fold, const struct target_spec *specs, uint32_t count)
{
    struct post_row *post = fold->post;
    const struct target_row *old = post->targets;
    const uint32_t old_count = post->targets_count;
    struct target_row *targets = NULL;
    if (count > 0) {
        targets = arena_alloc(fold->arena, count * sizeof *targets);
        if (targets == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct target_row *target = &targets[i];
        target->status = TARGET_PENDING;
        for (uint32_t k = 0; k < old_count; k++) {
            if (id_equal(&old[k].target_id, &specs[i].target_id)) {
                *target = old[k];
            }
        }
        target->target_id = specs[i].target_id;
        target->integration_id = specs[i].integration_id;
        target->channel = specs[i].channel;
        target->at_ms = specs[i].at_ms;
    }
    post->targets = targets;
    post->targets_count = count;
    touch_all(fold);
    return OK;
}

static enum err fold_created(const struct fold *fold)
{
    const struct post_created_event *created = &fold->event->post_created;
    struct post_row *post = fold->post;
    post->post_id = created->post_id;
    post->author_id = created->author_id;
    post->status = POST_DRAFT;
    post->created_ms = fold->time_ms;
    post_fold_written(post, fold->event);
    post->duplicate_of = created->duplicate_of;
    post->series_id = created->series_id;
    post->series_local = created->series_local;
    post->template_id = created->template_id;
    post->blanks = created->blanks;
    post->blanks_count = created->blanks_count;
    TRY(set_targets(fold, created->targets, created->targets_count));
    post->publish_at_ms = earliest(post);
    fold->change->content = true;
    return OK;
}

static enum err fold_edited(const struct fold *fold)
{
    const struct post_edited_event *edited = &fold->event->post_edited;
    struct post_row *post = fold->post;
    post_fold_written(post, fold->event);
    TRY(set_targets(fold, edited->targets, edited->targets_count));
    if (post->status == POST_DRAFT) { /* else post_scheduled follows when an instant changes */
        post->publish_at_ms = earliest(post);
    }
    fold->change->content = true;
    return OK;
}

static enum err fold_scheduled(const struct fold *fold)
{
    const struct post_scheduled_event *scheduled = &fold->event->post_scheduled;
    for (uint32_t i = 0; i < scheduled->targets_count; i++) {
        struct target_row *target;
        TRY(find(fold, &scheduled->targets[i].target_id, &target));
        set_due(target, scheduled->targets[i].due_ms);
    }
    fold->post->status = POST_SCHEDULED;
    post_fold_redated(fold->post, scheduled->publish_at_ms);
    fold->post->publish_at_ms = scheduled->publish_at_ms;
    touch_all(fold);
    return OK;
}

static void lock_target(struct target_row *target, const struct locked_target *locked)
{
    if (posts_target_is_final(target->status)) {
        return; /* cancelled before the lock */
    }
    if (locked->code.data != NULL) {
        target->status = TARGET_FAILED;
        target->code = locked->code;
        target->message = locked->message;
        return;
    }
    target->comment = locked->parts_count > 0 && locked->parts[locked->parts_count - 1].comment;
    target->comment_status = target->comment ? TARGET_PENDING : TARGET_NONE;
    target->part_count = locked->parts_count - (target->comment ? 1 : 0);
}

static enum err fold_locked(const struct fold *fold)
{
    const struct post_locked_event *locked = &fold->event->post_locked;
    for (uint32_t i = 0; i < locked->targets_count; i++) {
        struct target_row *target;
        TRY(find(fold, &locked->targets[i].target_id, &target));
        lock_target(target, &locked->targets[i]);
    }
    fold->post->status = POST_QUEUED;
    fold->post->locked_ms = fold->time_ms;
    touch_all(fold);
    return OK;
}

static enum err fold_prepared(const struct fold *fold)
{
    struct target_row *target;
    TRY(find(fold, &fold->event->target_prepared.target_id, &target));
    uint32_t *phase = phase_of(target);
    if (*phase == TARGET_PENDING) {
        *phase = TARGET_PREPARED;
    }
    return OK;
}

static enum err fold_started(const struct fold *fold)
{
    const struct attempt_started_event *started = &fold->event->attempt_started;
    struct target_row *target;
    TRY(find(fold, &started->target_id, &target));
    target->attempt_id = started->attempt_id;
    target->attempt_count = started->number;
    target->attempt_part = started->part;
    target->attempt_open = true;
    target->fence = started->fence;
    target->started_ms = fold->time_ms;
    target->deadline_ms = started->deadline_ms;
    go_on(target, TARGET_ATTEMPTING, 0);
    if (!posts_is_final(fold->post->status)) { /* a first comment may still follow the end */
        fold->post->status = POST_PUBLISHING;
    }
    return OK;
}

/* What attempt_finished and attempt_settled have in common. */
struct outcome_facts {
    const struct id *target_id;
    const struct id *attempt_id;
    uint64_t part;
    uint32_t outcome;
    struct span code, message, platform_id, url;
    int64_t published_ms;
    int64_t next_ms;
};

static void part_is_live(const struct fold *fold, struct target_row *target, const struct outcome_facts *facts)
{
    if (is_next(target, facts->part)) {
        target->part_live++;
        target->read_first = false;
        target->doubted = 0;
    }
    if (post_fold_is_comment(target, facts->part)) {
        return;
    }
    if (facts->part == 0 && target->published_ms == 0) {
        target->platform_id = facts->platform_id;
        target->url = facts->url;
        target->published_ms = facts->published_ms != 0 ? facts->published_ms : fold->time_ms;
    }
    target->code = absent;
    target->message = absent;
}

/* An outcome of the attempt that the target is doing now. */
static void outcome_in_play(const struct fold *fold, struct target_row *target, const struct outcome_facts *facts)
{
    if (facts->outcome == OUTCOME_ACCEPTED) {
        go_on(target, TARGET_PREPARED, fold->time_ms); /* another part waits, or target_finished follows */
        return;
    }
    if (!post_fold_is_comment(target, facts->part)) {
        target->code = facts->code;
        target->message = facts->message;
    }
    if (facts->outcome == OUTCOME_UNKNOWN) {
        *phase_of(target) = TARGET_UNKNOWN;
        target->next_ms = facts->next_ms;
        return;
    }
    go_on(target, TARGET_RETRYING, facts->next_ms); /* refused: target_finished follows */
    target->read_first = facts->outcome != OUTCOME_ABSENT && target->doubted != 0;
}

static enum err fold_outcome(const struct fold *fold, const struct outcome_facts *facts)
{
    struct target_row *target;
    TRY(find(fold, facts->target_id, &target));
    const enum target_status phase = post_fold_phase(target);
    const bool current = id_equal(&target->attempt_id, facts->attempt_id);
    if (current) {
        target->attempt_open = false;
    }
    if (facts->outcome == OUTCOME_ACCEPTED) {
        part_is_live(fold, target, facts);
    }
    if (current && (phase == TARGET_ATTEMPTING || phase == TARGET_UNKNOWN)) {
        outcome_in_play(fold, target, facts);
    } else if (waits(target) && facts->outcome == OUTCOME_ACCEPTED) {
        go_on(target, TARGET_PREPARED, fold->time_ms);
    } else if (target->read_first && facts->outcome == OUTCOME_ABSENT) {
        target->read_first = false;
        go_on(target, TARGET_RETRYING, facts->next_ms);
    }
    return OK;
}

static enum err fold_finished(const struct fold *fold)
{
    const struct attempt_finished_event *finished = &fold->event->attempt_finished;
    return fold_outcome(fold, &(struct outcome_facts){
                                  .target_id = &finished->target_id,
                                  .attempt_id = &finished->attempt_id,
                                  .part = finished->part,
                                  .outcome = finished->outcome,
                                  .code = finished->code,
                                  .message = finished->message,
                                  .platform_id = finished->platform_id,
                                  .url = finished->url,
                                  .published_ms = finished->published_ms,
                                  .next_ms = finished->next_ms,
                              });
}

static enum err fold_settled(const struct fold *fold)
{
    const struct attempt_settled_event *settled = &fold->event->attempt_settled;
    return fold_outcome(fold, &(struct outcome_facts){
                                  .target_id = &settled->target_id,
                                  .attempt_id = &settled->attempt_id,
                                  .part = settled->part,
                                  .outcome = settled->outcome,
                                  .code = settled->code,
                                  .message = settled->message,
                                  .platform_id = settled->platform_id,
                                  .url = settled->url,
                                  .published_ms = settled->published_ms,
                                  .next_ms = settled->next_ms,
                              });
}

static enum err fold_probed(const struct fold *fold)
{
    const struct attempt_probed_event *probed = &fold->event->attempt_probed;
    struct target_row *target;
    TRY(find(fold, &probed->target_id, &target));
    target->probe_count = probed->probe;
    target->needs_person = probed->needs_person;
    target->next_ms = probed->next_ms;
    return OK;
}

static enum err fold_contradicted(const struct fold *fold)
{
    const struct outcome_contradicted_event *contradicted = &fold->event->outcome_contradicted;
    struct target_row *target;
    TRY(find(fold, &contradicted->target_id, &target));
    target->contradicted = true;
    if (!is_next(target, fold->attempt->part)) {
        return OK;
    }
    if (fold->attempt->number > target->doubted) {
        target->doubted = fold->attempt->number;
    }
    if (contradicted->outcome == OUTCOME_ACCEPTED && waits(target)) {
        target->read_first = true;
    }
    return OK;
}

static void end_target(struct target_row *target, uint32_t status, struct span code, struct span message)
{
    target->status = status;
    target->code = code;
    target->message = message;
    target->next_ms = 0;
    target->probe_count = 0;
    target->needs_person = false;
    target->read_first = false;
}

static enum err fold_target_finished(const struct fold *fold)
{
    const struct target_finished_event *finished = &fold->event->target_finished;
    struct target_row *target;
    TRY(find(fold, &finished->target_id, &target));
    end_target(target, finished->status, finished->code, finished->message);
    if (finished->status == TARGET_PUBLISHED) {
        target->next_ms = target->comment ? fold->time_ms : 0; /* the first comment is left */
        if (target->published_ms == 0) {
            target->published_ms = fold->time_ms;
        }
        if (fold->post->published_ms == 0 || target->published_ms < fold->post->published_ms) {
            fold->post->published_ms = target->published_ms;
        }
    }
    return OK;
}

static enum err end_targets(const struct fold *fold, const struct target_ref *refs, uint32_t count, uint32_t status,
                            struct span code)
{
    for (uint32_t i = 0; i < count; i++) {
        struct target_row *target;
        TRY(find(fold, &refs[i].target_id, &target));
        end_target(target, status, code, absent);
    }
    return OK;
}

static enum err fold_doubted(const struct fold *fold)
{
    const struct targets_doubted_event *doubted = &fold->event->targets_doubted;
    for (uint32_t i = 0; i < doubted->targets_count; i++) {
        struct target_row *target;
        TRY(find(fold, &doubted->targets[i].target_id, &target));
        go_on(target, TARGET_UNKNOWN, 0);
        target->read_first = false;
        target->needs_person = true;
    }
    return OK;
}

static enum err fold_resolved(const struct fold *fold)
{
    const struct target_resolved_event *resolved = &fold->event->target_resolved;
    struct target_row *target;
    TRY(find(fold, &resolved->target_id, &target));
    if (resolved->resolution == RESOLUTION_PUBLISHED) {
        const uint64_t part =
            id_is_none(&resolved->attempt_id) ? target->part_live : target->attempt_part; /* doubted */
        part_is_live(fold, target, &(struct outcome_facts){.part = part, .url = resolved->url});
        go_on(target, TARGET_PREPARED, fold->time_ms); /* another part waits, or target_finished follows */
    }
    if (resolved->retry) {
        target->base_ms = resolved->next_ms;
        go_on(target, TARGET_RETRYING, resolved->next_ms);
    }
    return OK;
}

static enum err fold_retried(const struct fold *fold)
{
    const struct targets_retried_event *retried = &fold->event->targets_retried;
    struct post_row *post = fold->post;
    for (uint32_t i = 0; i < retried->targets_count; i++) {
        struct target_row *target;
        TRY(find(fold, &retried->targets[i].target_id, &target));
        end_target(target, TARGET_RETRYING, absent, absent);
        set_due(target, retried->due_ms);
        target->read_first = retried->targets[i].read_first;
    }
    if (posts_is_final(post->status)) {
        post->status = POST_QUEUED;
        post->finished_ms = 0;
    }
    return OK;
}

static enum err fold_comment(const struct fold *fold)
{
    const struct comment_finished_event *finished = &fold->event->comment_finished;
    struct target_row *target;
    TRY(find(fold, &finished->target_id, &target));
    target->comment_status = finished->outcome == OUTCOME_ACCEPTED ? TARGET_PUBLISHED : TARGET_FAILED;
    target->comment_outcome = finished->outcome;
    target->comment_url = finished->url;
    target->next_ms = 0;
    return OK;
}

static enum err fold_by_code(const struct fold *fold)
{
    const struct event *event = fold->event;
    switch (event->code) {
    case EVENT_post_created:
        return fold_created(fold);
    case EVENT_post_edited:
        return fold_edited(fold);
    case EVENT_post_deleted:
        fold->post->status = POST_DELETED;
        return OK;
    case EVENT_post_scheduled:
        return fold_scheduled(fold);
    case EVENT_post_locked:
        return fold_locked(fold);
    case EVENT_target_prepared:
        return fold_prepared(fold);
    case EVENT_attempt_started:
        return fold_started(fold);
    case EVENT_attempt_finished:
        return fold_finished(fold);
    case EVENT_attempt_settled:
        return fold_settled(fold);
    case EVENT_attempt_probed:
        return fold_probed(fold);
    case EVENT_outcome_contradicted:
        return fold_contradicted(fold);
    case EVENT_target_finished:
        return fold_target_finished(fold);
    case EVENT_targets_missed:
        return end_targets(fold, event->targets_missed.targets, event->targets_missed.targets_count, TARGET_MISSED,
                           event->targets_missed.code);
    case EVENT_targets_cancelled:
        return end_targets(fold, event->targets_cancelled.targets, event->targets_cancelled.targets_count,
                           TARGET_CANCELLED, absent);
    case EVENT_target_resolved:
        return fold_resolved(fold);
    case EVENT_targets_retried:
        return fold_retried(fold);
    case EVENT_comment_finished:
        return fold_comment(fold);
    case EVENT_targets_doubted:
        return fold_doubted(fold);
    case EVENT_instance_withheld: /* what it says is shown in the history */
    case EVENT_instance_withdrawn:
        return OK;
    case EVENT_post_finished:
        fold->post->status = event->post_finished.status;
        fold->post->finished_ms = fold->time_ms;
        return OK;
    case EVENT_approval_wanted:
    case EVENT_approval_given:
    case EVENT_approval_voided:
        post_fold_approval(fold->post, event, fold->time_ms);
        return OK;
    default:
        return ERR_ALTERED; /* a post's event that this build does not know: its log is newer */
    }
}

enum err post_fold(struct post_row *post, const struct fact *fact, const struct attempt_row *attempt,
                   struct arena *arena, struct post_change *ret_change)
{
    *ret_change = (struct post_change){.touched = 0};
    const struct fold fold = {
        .post = post,
        .event = fact->event,
        .time_ms = fact->at->time_ms,
        .attempt = attempt,
        .arena = arena,
        .change = ret_change,
    };
    TRY(fold_by_code(&fold));
    post->workspace_id = fact->at->workspace_id;
    post->version = fact->at->version;
    post->seq = fact->at->seq;
    post->updated_ms = fact->at->time_ms;
    return OK;
}
