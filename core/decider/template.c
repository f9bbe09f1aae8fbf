/* template.c: the rules of a reusable post. Whoever may write posts writes it; posts that were made from it do not
 * follow its changes. What its texts may be core/template.h says. */
#include "core/decider/template.h"

#include "core/base/assert.h"
#include "core/decider/integration.h"
#include "core/decider/post_rules.h"
#include "core/message/post_content.h"

bool template_is_there(const struct template *template)
{
    return template != NULL && template->head.version != 0 && !template->deleted;
}

/* Its accounts are the workspace's, and its default queue is one of theirs. */
static enum refusal check_targets(const struct decide_context *context, const struct target_spec *targets,
                                  uint32_t count, const struct id *default_queue_of)
{
    const enum refusal refusal = context_check_targets(context, targets, count);
    const bool leads = id_is_none(default_queue_of) || target_spec_of(targets, count, default_queue_of) != NULL;
    return refusal != ACCEPTED ? refusal : leads ? ACCEPTED : REFUSED_reference_not_found;
}

static enum refusal create(const struct template *template, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    const struct create_template_command *wanted = &command->create_template;
    if (template->head.version != 0) {
        return REFUSED_exists;
    }
    if (context->template_count >= TEMPLATES_MAX) {
        return REFUSED_template_limit;
    }
    const enum refusal refusal =
        check_targets(context, wanted->targets, wanted->targets_count, &wanted->default_queue_of);
    if (refusal == ACCEPTED) {
        struct template_created_event *event = &event_append(ret_events, EVENT_template_created)->template_created;
        TEMPLATE_CONTENT_COPY(event, wanted);
        event->author_id = context_writer(command);
    }
    return refusal;
}

static enum refusal change(const struct decide_context *context, const struct command *command,
                           struct event_list *ret_events)
{
    const struct change_template_command *wanted = &command->change_template;
    if (command->expected_version == 0) {
        return REFUSED_version_mismatch;
    }
    const enum refusal refusal =
        check_targets(context, wanted->targets, wanted->targets_count, &wanted->default_queue_of);
    if (refusal == ACCEPTED) {
        struct template_changed_event *event = &event_append(ret_events, EVENT_template_changed)->template_changed;
        TEMPLATE_CONTENT_COPY(event, wanted);
        event->editor_id = context_writer(command);
    }
    return refusal;
}

enum refusal template_decide(const struct template *template, const struct decide_context *context,
                             const struct command *command, struct event_list *ret_events)
{
    if (template->deleted) {
        return command->code == COMMAND_create_template ? REFUSED_exists : REFUSED_not_found;
    }
    switch (command->code) {
    case COMMAND_create_template:
        return create(template, context, command, ret_events);
    case COMMAND_change_template:
        return change(context, command, ret_events);
    default:
        ASSERT(command->code == COMMAND_delete_template);
        event_append(ret_events, EVENT_template_deleted)->template_deleted.template_id =
            command->delete_template.template_id;
        return ACCEPTED;
    }
}

static void set_targets(struct template *template, const struct target_spec *specs, uint32_t count)
{
    ASSERT(count <= TARGETS_MAX);
    memset(template->integrations, 0, sizeof template->integrations);
    template->target_count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        template->integrations[i] = specs[i].integration_id;
    }
}

void template_evolve(struct template *template, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    switch (event->code) {
    case EVENT_template_created:
        set_targets(template, event->template_created.targets, event->template_created.targets_count);
        return;
    case EVENT_template_changed:
        set_targets(template, event->template_changed.targets, event->template_changed.targets_count);
        return;
    default:
        ASSERT(event->code == EVENT_template_deleted);
        template->deleted = 1;
    }
}

size_t template_stored_size(const struct template *template)
{
    return offsetof(struct template, integrations) + template->target_count * sizeof *template->integrations;
}
