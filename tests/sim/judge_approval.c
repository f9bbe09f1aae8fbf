/* judge_approval.c: who wrote a post and who approved which bytes of it, read from the log alone; that nothing locks
 * under a policy but what was approved so. Called by judge.c and judge_post.c; it must never ask the code that it
 * judges. */
#include "core/base/assert.h"
#include "tests/sim/judge.h"

/* --- who --- */

void judge_actor(struct world *world, const struct event *event)
{
    struct judge *judge = world->judge;
    if (event->code == EVENT_member_added) {
        struct judged_actor *actor = find_or_add(&judge->actors, &event->member_added.member_id);
        actor->person_id = event->member_added.user_id;
    } else if (event->code == EVENT_key_created) {
        struct judged_actor *actor = find_or_add(&judge->actors, &event->key_created.key_id);
        actor->person_id = event->key_created.principal_id;
    }
}

/* The person behind a membership or a key; of a key that is nobody's, itself. */
static struct id person_of(const struct judge *judge, const struct id *actor_id)
{
    const uint32_t index = pool_find(&judge->actors, actor_id);
    const struct judged_actor *actor = index == 0 ? NULL : pool_at(&judge->actors, index);
    return actor == NULL || id_is_none(&actor->person_id) ? *actor_id : actor->person_id;
}

static bool has_written(const struct writers *writers, const struct id *person_id)
{
    for (uint32_t i = 0; i < writers->count; i++) {
        if (id_equal(&writers->ids[i], person_id)) {
            return true;
        }
    }
    return false;
}

static void add_writer(struct writers *writers, const struct id *person_id)
{
    if (!has_written(writers, person_id)) {
        ASSERT(writers->count < WRITERS_MAX);
        writers->ids[writers->count++] = *person_id;
    }
}

void judge_wrote(struct judge *judge, struct writers *writers, const struct log_event *at)
{
    const struct id person_id = person_of(judge, &at->actor_id);
    if (!id_is_none(&at->actor_id)) {
        add_writer(writers, &person_id);
    }
}

static void add_writers(struct writers *writers, const struct writers *others)
{
    for (uint32_t i = 0; i < others->count; i++) {
        add_writer(writers, &others->ids[i]);
    }
}

/* Whoever had written the original, and what that was made of, has written the copy. */
void judge_copied(const struct look *look, const struct id *original_id)
{
    const struct judge *judge = look->judge;
    const uint32_t index = id_is_none(original_id) ? 0 : pool_find(&judge->posts, original_id);
    const struct judged_post *original = index == 0 ? NULL : pool_at(&judge->posts, index);
    if (original != NULL) {
        const uint32_t source = pool_find(&judge->series, &original->made_by);
        add_writers(&look->post->writers, &original->writers);
        if (source != 0) {
            add_writers(&look->post->writers,
                        &((const struct judged_series *)pool_at(&judge->series, source))->writers);
        }
    }
}

/* Some of the post, or of the series or template that it was made of. */
static bool is_writer(const struct look *look, const struct id *person_id)
{
    const uint32_t index = pool_find(&look->judge->series, &look->post->made_by);
    const struct judged_series *source = index == 0 ? NULL : pool_at(&look->judge->series, index);
    return has_written(&look->post->writers, person_id) || (source != NULL && has_written(&source->writers, person_id));
}

/* --- what --- */

static uint32_t policy_of(const struct judge *judge, const struct judged_post *post)
{
    const uint32_t index = pool_find(&judge->workspaces, &post->workspace_id);
    const struct judged_workspace *workspace = index == 0 ? NULL : pool_at(&judge->workspaces, index);
    return workspace == NULL ? POLICY_NONE : workspace->policy;
}

bool judged_wants_approval(const struct judge *judge, const struct judged_post *post)
{
    const uint32_t policy = policy_of(judge, post);
    return policy > POLICY_OFF && post->approved_under < policy;
}

static void see_given(const struct look *look, const struct approval_given_event *event)
{
    struct world *world = look->world;
    const char *name = name_of(world, &look->at->stream);
    const struct id person_id = person_of(look->judge, &event->approver_id);
    if (event->policy <= POLICY_OFF || event->policy != policy_of(look->judge, look->post)) {
        lose(world, RULE_APPROVED, "%s is approved under a policy that is not that of its workspace", name);
    }
    if (event->version + 1 != look->at->version) {
        lose(world, RULE_APPROVED, "%s is approved as of version %llu, and was at %llu", name,
             (unsigned long long)event->version, (unsigned long long)look->at->version - 1);
    }
    if (look->post->publish_at_ms == 0 || look->post->locked || look->at->time_ms >= look->post->publish_at_ms) {
        lose(world, RULE_APPROVED, "%s is approved when nobody could any more", name);
    }
    if (id_is_none(&event->approver_id) || !id_equal(&event->approver_id, &look->at->actor_id)) {
        lose(world, RULE_APPROVED, "%s is approved in another's name", name);
    }
    if (event->policy == POLICY_FOUR_EYES && is_writer(look, &person_id)) {
        lose(world, RULE_FOUR_EYES, "%s is approved by one who wrote some of it", name);
    }
    look->post->approved_under = event->policy;
    for (uint32_t i = 0; i < look->post->targets_count; i++) {
        judged_target(look, &look->post->targets[i])->approved_count = 0;
    }
    for (uint32_t i = 0; i < event->targets_count; i++) {
        const struct locked_target *from = &event->targets[i];
        struct judged_target *target = judged_target(look, &from->target_id);
        ASSERT(from->parts_count <= LOCKED_PARTS_MAX);
        target->approved_count = from->parts_count;
        for (uint32_t k = 0; k < from->parts_count; k++) {
            target->approved[k] = from->parts[k].payload_hash;
        }
    }
}

void judge_approval(const struct look *look, const struct event *event)
{
    if (event->code == EVENT_approval_given) {
        see_given(look, &event->approval_given);
        return;
    }
    if (look->post->locked) {
        lose(look->world, RULE_APPROVED, "the approval of %s is void after its lock",
             name_of(look->world, &look->at->stream));
    }
    look->post->approved_under = POLICY_NONE;
}

static bool is_approved(const struct judged_target *target, const struct locked_target *locked)
{
    bool same = target->approved_count == locked->parts_count;
    for (uint32_t i = 0; same && i < locked->parts_count; i++) {
        same = memcmp(&target->approved[i], &locked->parts[i].payload_hash, sizeof target->approved[i]) == 0;
    }
    return same;
}

void judge_approved_lock(const struct look *look, const struct post_locked_event *event)
{
    struct world *world = look->world;
    if (judged_wants_approval(look->judge, look->post)) {
        lose(world, RULE_APPROVED, "%s is locked without an approval that its workspace's policy asks for",
             name_of(world, &look->at->stream));
    }
    for (uint32_t i = 0; i < event->targets_count && look->post->approved_under != POLICY_NONE; i++) {
        const struct judged_target *target = judged_target(look, &event->targets[i].target_id);
        const bool sent = target->status == 0 && event->targets[i].code.data == NULL;
        if (sent && !is_approved(target, &event->targets[i])) {
            lose(world, RULE_APPROVED, "%s is locked with other bytes than those that were approved",
                 name_of(world, &target->target_id));
        }
    }
}
