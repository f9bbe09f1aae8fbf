/* service_admit.c: commands of other programs are held to what the gateway holds a request's body to: the same values
 * (core/admission.h), the same limits of channels. Called by service.c on the socket's threads, before a command waits
 * for the writer. What it reads may be older than what is decided upon: it binds the command to the version it read. */
#include "core/approval.h"
#include "core/base/assert.h"
#include "core/decider/aggregate.h"
#include "core/ledger/service_state.h"
#include "core/message/placeholder.h"
#include "core/series_rule.h"

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

static enum refusal object(const struct objection *objection, struct fault *ret_fault)
{
    return objection->refusal == ACCEPTED
               ? ACCEPTED
               : service_fault(ret_fault, objection->refusal, objection->param, objection->detail);
}

enum refusal service_admit_name(const struct given_name *unknown, struct arena *arena, struct fault *ret_fault)
{
    const struct objection objection = objection_to_unknown(unknown, arena);
    return object(&objection, ret_fault);
}

static enum refusal miss(const struct placeholder_ref *blanks, uint32_t count, const char *param,
                         struct fault *ret_fault)
{
    char detail[FAULT_DETAIL_SIZE];
    struct buf out = buf_of(detail, sizeof detail - 1);
    placeholder_tell(blanks, count, &out);
    return service_fault(ret_fault, REFUSED_placeholder_missing, param, buf_terminated(&out));
}

/* A copy is of the template of its original, and as blank. */
static enum refusal copy_origin(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                                struct create_post_command *create, struct arena *arena, struct fault *ret_fault)
{
    struct written_post original;
    if (parts->post(txn, asker, &create->duplicate_of, arena, &original) != OK) {
        return service_fault(ret_fault, REFUSED_reference_not_found, "/duplicate_of", "There is no such post here.");
    }
    create->template_id = original.template_id;
    create->template_version = 0;
    create->default_queue_of = original.default_queue_of;
    create->blanks = original.blanks;
    create->blanks_count = original.blank_count;
    return ACCEPTED;
}

/* What a program names of a template is its values; the text is written here. */
static enum refusal fill_in(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                            struct create_post_command *create, struct arena *arena, struct fault *ret_fault)
{
    struct known_template template;
    struct template_filled filled;
    if (create->parts_count > 0 || create->link.data != NULL || create->first_comment.data != NULL) {
        return service_fault(ret_fault, REFUSED_field_invalid, "/content", "The template says what the post says.");
    }
    const enum err err = parts->template(txn, asker, &create->template_id, arena, &template);
    if (err == ERR_NOT_FOUND) {
        return service_fault(ret_fault, REFUSED_reference_not_found, "/template_id", "There is no such template.");
    }
    if (err != OK || template_fill(&template.form, create->values, create->values_count, create->targets,
                                   create->targets_count, arena, &filled) != OK) {
        return REFUSED_unavailable;
    }
    create->template_version = template.version;
    create->default_queue_of = template.form.default_queue_of;
    create->parts = filled.parts;
    create->parts_count = filled.part_count;
    create->link = filled.link;
    create->first_comment = filled.first_comment;
    create->targets = filled.targets;
    create->blanks = filled.blanks;
    create->blanks_count = filled.blank_count;
    if (create->labels_count == 0) {
        create->labels = template.labels;
        create->labels_count = template.label_count;
    }
    if (create->metadata_count == 0) {
        create->metadata = template.metadata;
        create->metadata_count = template.metadata_count;
    }
    return object(&filled.objection, ret_fault);
}

/* Where a post's text comes from. What a program says of it beyond that is not believed. */
static enum refusal admit_origin(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                                 struct create_post_command *create, struct arena *arena, struct fault *ret_fault)
{
    create->blanks_count = 0;
    create->default_queue_of = (struct id){0};
    if (!id_is_none(&create->duplicate_of)) {
        return copy_origin(parts, txn, asker, create, arena, ret_fault);
    }
    if (!id_is_none(&create->template_id)) {
        return fill_in(parts, txn, asker, create, arena, ret_fault);
    }
    return create->values_count == 0 ? ACCEPTED
                                     : service_fault(ret_fault, REFUSED_field_missing, "/template_id",
                                                     "Values are for a template's placeholders.");
}

static enum refusal admit_create(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                                 struct create_post_command *create, int64_t now_ms, struct arena *arena,
                                 struct fault *ret_fault)
{
    const enum refusal refusal = admit_origin(parts, txn, asker, create, arena, ret_fault);
    const bool scheduled = create->now || create->next_slot || create->at_ms != 0;
    if (refusal != ACCEPTED || !scheduled) {
        return refusal;
    }
    const struct placeholder_texts texts = PLACEHOLDER_TEXTS(create);
    create->blanks_count = placeholder_blanks(&texts, create->blanks, create->blanks_count, create->blanks);
    if (create->blanks_count > 0) {
        return miss(create->blanks, create->blanks_count, "/values", ret_fault);
    }
    const struct written_post post = CONTENT_OF(create);
    return violates(parts, &post, create->at_ms != 0 ? create->at_ms : now_ms, arena) ? REFUSED_content_violation
                                                                                      : ACCEPTED;
}

static struct placeholder_texts texts_of(const struct written_post *post)
{
    return (struct placeholder_texts){.parts = post->content.parts,
                                      .part_count = post->content.part_count,
                                      .link = post->content.link,
                                      .first_comment = post->content.first_comment,
                                      .targets = post->targets,
                                      .target_count = post->target_count};
}

/* edit NULL: the post's own content is to be scheduled. */
static enum refusal admit_change(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                                 struct command *command, const struct written_post *edit, int64_t now_ms,
                                 struct arena *arena, struct fault *ret_fault)
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
    if (command->code == COMMAND_edit_post) {
        command->edit_post.blanks = post.blanks;
        command->edit_post.blanks_count = post.blank_count;
    }
    if (!open || command->expected_version != post.version || (edit != NULL && !scheduled)) {
        return ACCEPTED; /* the decider tells why not, or it stays a draft */
    }
    const struct placeholder_texts texts = texts_of(edit != NULL ? edit : &post);
    const uint32_t blank_count = placeholder_blanks(&texts, post.blanks, post.blank_count, post.blanks);
    if (blank_count > 0) {
        return miss(post.blanks, blank_count, edit != NULL ? "/content" : "/blanks/0", ret_fault);
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
    approve->repeats =
        post.is_approved && memcmp(&post.approved_sha256, &approve->content_sha256, sizeof post.approved_sha256) == 0;
    const bool same = memcmp(&form.sha256, &approve->content_sha256, sizeof form.sha256) == 0;
    return form.refused && same ? REFUSED_content_violation : ACCEPTED;
}

/* What each post of it would be refused for. */
static enum refusal admit_series(const struct service_parts *parts, const struct written_post *written, int64_t now_ms,
                                 struct arena *arena)
{
    return violates(parts, written, now_ms, arena) ? REFUSED_content_violation : ACCEPTED;
}

/* Whether a change is of the series as it stands: otherwise the decider tells why not. */
static bool is_of_series(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                         const struct command *command, struct arena *arena)
{
    uint64_t version = 0;
    return parts->series(txn, asker, &command->change_series.series_id, arena, &version) == OK &&
           version == command->expected_version;
}

static const char not_minted[] = "A new id is a UUIDv7 of the moment in which it is made.";

/* One that is added: a whole queue may name those that it has since before there was such a rule. */
static enum refusal admit_slot(const struct command *command, int64_t now_ms, struct fault *ret_fault)
{
    const struct id *slot_id = &command->add_slot.slot_id;
    const bool is_new = command->code == COMMAND_add_slot && slot_id->kind == ID_SLOT;
    return !is_new || id_is_minted(slot_id, now_ms)
               ? ACCEPTED
               : service_fault(ret_fault, REFUSED_field_invalid, "/slot_id", not_minted);
}

/* What a program mints. A value that is no id of its kind at all is the ledger's to refuse. */
static enum refusal admit_ids(const struct command *command, int64_t now_ms, struct fault *ret_fault)
{
    static const char *const names[ID_KIND_COUNT] = {
        [ID_MEMBER] = "/member_id", [ID_KEY] = "/key_id",           [ID_INTEGRATION] = "/integration_id",
        [ID_POST] = "/post_id",     [ID_TEMPLATE] = "/template_id", [ID_SERIES] = "/series_id",
    };
    const struct id stream = command_stream(command);
    if (command->command_id.kind == ID_COMMAND && !id_is_minted(&command->command_id, now_ms)) {
        return service_fault(ret_fault, REFUSED_field_invalid, "/command_id", not_minted);
    }
    if (stream.kind == command_aggregate(command->code) && command_makes(command->code) &&
        !id_is_minted(&stream, now_ms)) {
        ASSERT(names[stream.kind] != NULL);
        return service_fault(ret_fault, REFUSED_field_invalid, names[stream.kind], not_minted);
    }
    return admit_slot(command, now_ms, ret_fault);
}

enum refusal service_admit(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                           struct command *command, int64_t now_ms, struct arena *arena, struct fault *ret_fault)
{
    struct series_rule rule;
    const enum refusal minted = admit_ids(command, now_ms, ret_fault);
    if (minted != ACCEPTED) {
        return minted;
    }
    const struct objection objection = admission_check(&parts->admission, command, arena);
    if (objection.refusal != ACCEPTED) {
        return object(&objection, ret_fault);
    }
    switch (command->code) {
    case COMMAND_create_post:
        return admit_create(parts, txn, asker, &command->create_post, now_ms, arena, ret_fault);
    case COMMAND_edit_post: {
        const struct written_post edit = CONTENT_OF(&command->edit_post);
        return admit_change(parts, txn, asker, command, &edit, now_ms, arena, ret_fault);
    }
    case COMMAND_schedule_post:
        return admit_change(parts, txn, asker, command, NULL, now_ms, arena, ret_fault);
    case COMMAND_approve_post:
        return admit_approval(parts, txn, asker, command, arena);
    case COMMAND_create_series: {
        const struct written_post written = CONTENT_OF(&command->create_series);
        SERIES_RULE_COPY(&rule, &command->create_series);
        series_rule_when(&rule, parts->admission.zones, now_ms, &command->create_series.is_over,
                         &command->create_series.is_far);
        return admit_series(parts, &written, now_ms, arena);
    }
    case COMMAND_change_series: {
        const struct written_post written = CONTENT_OF(&command->change_series);
        SERIES_RULE_COPY(&rule, &command->change_series);
        series_rule_when(&rule, parts->admission.zones, now_ms, &command->change_series.is_over,
                         &command->change_series.is_far);
        return is_of_series(parts, txn, asker, command, arena) ? admit_series(parts, &written, now_ms, arena)
                                                               : ACCEPTED;
    }
    default:
        return ACCEPTED;
    }
}

/* --- what the ledger refused --- */

static const char no_account[] = "There is no such integration in this workspace.";

static bool is_there(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                     const struct id *integration_id, struct arena *arena)
{
    struct known_account account;
    return parts->account(txn, asker, integration_id, arena, &account) != ERR_NOT_FOUND;
}

/* What is wrong with where a target goes: over HTTP nobody says a channel. */
static struct objection object_to_account(const struct service_parts *parts, struct store_txn *txn,
                                          const struct asker *asker, const struct target_spec *targets, uint32_t index,
                                          struct arena *arena)
{
    struct known_account account;
    const enum err err = parts->account(txn, asker, &targets[index].integration_id, arena, &account);
    if (err == ERR_NOT_FOUND) {
        return object_in(REFUSED_reference_not_found, "/targets", index, "/integration_id", no_account);
    }
    return err == OK && account.channel != targets[index].channel
               ? object_in(REFUSED_reference_not_found, "/targets", index, "/channel",
                           "The account is on another channel.")
               : (struct objection){.refusal = ACCEPTED};
}

/* The first of the accounts that a command names which is not there for the asker, or not on the channel it says. */
static void miss_account(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                         const struct command *command, struct arena *arena, struct fault *ret_fault)
{
    uint32_t count = 0;
    const struct target_spec *targets = command_targets(command, &count);
    struct objection objection = {.refusal = ACCEPTED};
    for (uint32_t i = 0; i < count && objection.refusal == ACCEPTED; i++) {
        objection = object_to_account(parts, txn, asker, targets, i, arena);
    }
    const struct create_key_command *key = &command->create_key;
    const uint32_t ref_count = command->code == COMMAND_create_key ? key->integrations_count : 0;
    for (uint32_t i = 0; i < ref_count && objection.refusal == ACCEPTED; i++) {
        if (!is_there(parts, txn, asker, &key->integrations[i].integration_id, arena)) {
            objection = object_in(REFUSED_reference_not_found, "/integrations", i, "", no_account);
        }
    }
    (void)object(&objection, ret_fault);
}

static void miss_other(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                       const struct swap_targets_command *swap, struct arena *arena, struct fault *ret_fault)
{
    struct written_post other;
    const bool has_post = parts->post(txn, asker, &swap->other_post_id, arena, &other) == OK;
    (void)service_fault(ret_fault, REFUSED_reference_not_found, has_post ? "/target_id" : "/post_id",
                        has_post ? "The post has no such target." : "There is no such post in this workspace.");
}

void service_blame(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                   const struct command *command, struct answer *answer, struct arena *arena)
{
    const enum refusal refusal = (enum refusal)answer->refusal;
    struct objection objection = objection_to(command, refusal, answer->time_ms);
    if (objection.refusal != ACCEPTED) {
        objection.detail = objection.detail != NULL ? objection.detail : refusal_desc(refusal)->title;
        (void)object(&objection, &answer->fault);
    } else if (refusal == REFUSED_reference_not_found && command->code == COMMAND_swap_targets) {
        miss_other(parts, txn, asker, &command->swap_targets, arena, &answer->fault);
    } else if (refusal == REFUSED_reference_not_found) {
        miss_account(parts, txn, asker, command, arena, &answer->fault);
    }
}
