/* posts_approval.c: whether a post is approved, by whom, and the bytes that its lock will send. Written by posts.c's
 * projection. A row of its own, under the post's time-ordered id, of approved posts only: others pay nothing for it. */
#include "core/base/limits.h"
#include "projections/posts_internal.h"

void post_fold_approval(struct post_row *post, const struct event *event, int64_t time_ms)
{
    if (event->code == EVENT_approval_wanted) {
        const struct approval_wanted_event *wanted = &event->approval_wanted;
        post->approval = post->approval == APPROVAL_NONE ? APPROVAL_WANTED : post->approval;
        post->approval_reminded =
            post->approval_reminded || wanted->reminder || wanted->publish_at_ms - time_ms <= APPROVAL_REMIND_MS;
    } else if (event->code == EVENT_approval_given) {
        post->approval = APPROVAL_GIVEN;
        post->approved_under = event->approval_given.policy;
    } else {
        post->approval = APPROVAL_VOID;
        post->approved_under = POLICY_NONE;
    }
}

void post_fold_redated(struct post_row *post, int64_t publish_at_ms)
{
    post->approval_reminded = post->approval_reminded && post->publish_at_ms == publish_at_ms;
}

static struct row_key key_of(const struct id *post_id)
{
    struct row_key key = row_key(TABLE_APPROVAL);
    row_key_id(&key, post_id);
    return key;
}

/* The bytes stand with the lock from then on. */
static enum err drop_bytes(struct store_txn *txn, const struct row_key *key, struct arena *arena)
{
    struct approval_row row;
    TRY(row_take(txn, key, approval_row_desc(), arena, &row));
    row.targets = NULL;
    row.targets_count = 0;
    return row_put(txn, key, approval_row_desc(), &row, arena);
}

enum err posts_approval_update(struct store_txn *txn, const struct post_row *post, const struct fact *fact,
                               struct arena *arena)
{
    const struct row_key key = key_of(&post->post_id);
    const struct event *event = fact->event;
    if (event->code == EVENT_approval_given) {
        const struct approval_given_event *given = &event->approval_given;
        const struct approval_row row = {.approver_id = given->approver_id,
                                         .given_ms = fact->at->time_ms,
                                         .content_sha256 = given->content_sha256,
                                         .targets = given->targets,
                                         .targets_count = given->targets_count};
        return row_put(txn, &key, approval_row_desc(), &row, arena);
    }
    if (event->code == EVENT_approval_voided) {
        return row_remove(txn, &key);
    }
    const bool locks = event->code == EVENT_post_locked && post->approved_under != POLICY_NONE;
    return locks ? drop_bytes(txn, &key, arena) : OK;
}

enum err posts_approval(struct store_txn *txn, const struct id *post_id, struct arena *arena,
                        struct approval_row *ret_approval)
{
    const struct row_key key = key_of(post_id);
    return row_get(txn, &key, approval_row_desc(), arena, ret_approval);
}

enum err posts_approval_repeats(struct store_txn *txn, const struct post_row *post, const struct hash *content_sha256,
                                struct arena *arena, bool *ret_repeats)
{
    struct approval_row given;
    const bool approved = post->approved_under != POLICY_NONE;
    if (approved) {
        TRY(posts_approval(txn, &post->post_id, arena, &given));
    }
    *ret_repeats = approved && memcmp(&given.content_sha256, content_sha256, sizeof *content_sha256) == 0;
    return OK;
}

enum approval posts_approval_status(const struct post_row *post, const struct workspace_row *workspace)
{
    const bool open = post->status == POST_SCHEDULED;
    if (post->approved_under != POLICY_NONE && (!open || post->approved_under >= workspace->approval_policy)) {
        return APPROVAL_GIVEN;
    }
    if (!open || workspace->approval_policy <= POLICY_OFF) {
        return APPROVAL_UNNEEDED;
    }
    return post->approval == APPROVAL_VOID ? APPROVAL_VOID : APPROVAL_WANTED;
}

enum err posts_approval_source(const struct post_view *post, struct arena *arena, struct approval_source *ret_source)
{
    int64_t *due_ms = arena_alloc(arena, (post->row.targets_count + 1) * sizeof *due_ms);
    if (due_ms == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < post->row.targets_count; i++) {
        const struct target_row *target = &post->row.targets[i];
        due_ms[i] = posts_target_is_final(target->status) ? 0 : target->due_ms;
    }
    *ret_source = (struct approval_source){
        .content = {.parts = post->content.parts,
                    .part_count = post->content.parts_count,
                    .link = post->content.link,
                    .first_comment = post->content.first_comment},
        .targets = post->content.targets,
        .due_ms = due_ms,
        .target_count = post->row.targets_count
    };
    return OK;
}
