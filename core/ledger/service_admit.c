/* service_admit.c: commands of other programs are held to what the gateway holds a request's body to: the same values
 * (core/admission.h), the same limits of channels. Called by service.c on the socket's threads, before a command waits
 * for the writer. What it reads may be older than what is decided upon: it binds the command to the version it read. */
#include "core/approval.h"
#include "core/base/assert.h"
#include "core/decider/aggregate.h"
#include "core/ledger/service_state.h"

/* Whether a fatal violation forbids that content to be scheduled. created_ms: when it would be published. Without any
 * text it is not judged: the decider says content_missing. */
static bool violates(const struct service_parts *parts, const struct written_post *post, int64_t created_ms,
                     struct arena *arena)
{
    if (!content_has_text(post->content.parts, post->content.part_count)) {
        return false;
    }
    struct channel_rendering *rendering = arena_alloc(arena, sizeof *rendering);
    for (uint32_t i = 0; rendering != NULL && i < post->target_count; i++) {
        if (channel_render(parts->admission.channels, &post->content, &post->targets[i], created_ms, arena,
                           rendering) == OK &&
            channel_has_fatal(rendering)) {
            return true;
        }
    }
    return rendering == NULL;
}

#define CONTENT_OF(command_)                                                      \
    {                                                                             \
        .content = {.parts = (command_)->parts,                                   \
                    .part_count = (command_)->parts_count,                        \
                    .link = (command_)->link,                                     \
                    .first_comment = (command_)->first_comment},                  \
        .targets = (command_)->targets, .target_count = (command_)->targets_count \
    }

static enum refusal admit_create(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                                 const struct command *command, int64_t now_ms, struct arena *arena)
{
    const struct create_post_command *create = &command->create_post;
    const struct written_post post = CONTENT_OF(create);
    struct written_post copied;
    if (!id_is_none(&create->duplicate_of) && parts->post(txn, asker, &create->duplicate_of, arena, &copied) != OK) {
        return REFUSED_reference_not_found;
    }
    const bool scheduled = create->now || create->next_slot || create->at_ms != 0;
    return scheduled && violates(parts, &post, create->at_ms != 0 ? create->at_ms : now_ms, arena)
               ? REFUSED_content_violation
               : ACCEPTED;
}

/* edit NULL: the post's own content is to be scheduled. */
static enum refusal admit_change(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                                 struct command *command, const struct written_post *edit, int64_t now_ms,
                                 struct arena *arena)
{
    const struct id post_id = command_stream(command);
    struct written_post post;
    const enum err err = parts->post(txn, asker, &post_id, arena, &post);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? REFUSED_not_found : REFUSED_unavailable;
    }
    if (edit == NULL && command->expected_version == 0) {
        command->expected_version = post.version;
    }
    if (command->expected_version > post.version) {
        return REFUSED_version_mismatch; /* nobody can have seen it */
    }
    const bool scheduled = post.status == POST_SCHEDULED;
    const bool open = scheduled ? now_ms < post.publish_at_ms - LOCK_AHEAD_MS : post.status == POST_DRAFT;
    if (!open || command->expected_version != post.version || (edit != NULL && !scheduled)) {
        return ACCEPTED; /* the decider tells why not, or it stays a draft */
    }
    return violates(parts, edit != NULL ? edit : &post, now_ms, arena) ? REFUSED_content_violation : ACCEPTED;
}

/* What another program approves the ledger renders, whatever the program sent: else it could approve what nobody wrote.
 */
static enum refusal admit_approval(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                                   struct command *command, struct arena *arena)
{
    struct approve_post_command *approve = &command->approve_post;
    struct written_post post;
    struct approval_form form;
    const enum err err = parts->post(txn, asker, &approve->post_id, arena, &post);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? REFUSED_not_found : REFUSED_unavailable;
    }
    const struct approval_source source = {
        .content = post.content, .targets = post.targets, .due_ms = post.due_ms, .target_count = post.target_count};
    if (approval_render(parts->admission.channels, &source, arena, &form) != OK) {
        return REFUSED_out_of_memory;
    }
    approve->rendered_sha256 = form.sha256;
    approve->version = post.version;
    approve->targets = form.targets;
    approve->targets_count = form.count;
    const bool same = memcmp(&form.sha256, &approve->content_sha256, sizeof form.sha256) == 0;
    return form.refused && same ? REFUSED_content_violation : ACCEPTED;
}

static void copy_text(char *out, size_t size, const char *text)
{
    const size_t len = strlen(text);
    ASSERT(len < size);
    memcpy(out, text, len + 1);
}

enum refusal service_fault(struct fault *ret_fault, enum refusal refusal, const char *param, const char *detail)
{
    copy_text(ret_fault->param, sizeof ret_fault->param, param);
    copy_text(ret_fault->detail, sizeof ret_fault->detail, detail);
    return refusal;
}

enum refusal service_admit(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                           struct command *command, int64_t now_ms, struct arena *arena, struct fault *ret_fault)
{
    const struct objection objection = admission_check(&parts->admission, command, arena);
    if (objection.refusal != ACCEPTED) {
        return service_fault(ret_fault, objection.refusal, objection.param, objection.detail);
    }
    switch (command->code) {
    case COMMAND_create_post:
        return admit_create(parts, txn, asker, command, now_ms, arena);
    case COMMAND_edit_post: {
        const struct written_post edit = CONTENT_OF(&command->edit_post);
        return admit_change(parts, txn, asker, command, &edit, now_ms, arena);
    }
    case COMMAND_schedule_post:
        return admit_change(parts, txn, asker, command, NULL, now_ms, arena);
    case COMMAND_approve_post:
        return admit_approval(parts, txn, asker, command, arena);
    default:
        return ACCEPTED;
    }
}
