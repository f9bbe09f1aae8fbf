/* refused.c: where in a request's body stands what the ledger refused: a JSON pointer. Called by exchange.c. The ledger
 * knows commands, not bodies; what it refused is found again in the command, by the same rule. */
#include "gateway/gateway.h"

static bool is_wrong_instant(int64_t at_ms, int64_t now_ms)
{
    return at_ms != 0 && (at_ms <= now_ms || at_ms > now_ms + SCHEDULE_AHEAD_MAX_MS);
}

/* What a post's command says of targets. */
static const struct target_spec *targets_of(const struct command *command, uint32_t *ret_count)
{
    const bool edits = command->code == COMMAND_edit_post;
    *ret_count = edits ? command->edit_post.targets_count : command->create_post.targets_count;
    return edits ? command->edit_post.targets : command->create_post.targets;
}

typedef bool is_at_fault(const struct target_spec *targets, uint32_t index, int64_t now_ms);

static bool has_wrong_instant(const struct target_spec *targets, uint32_t index, int64_t now_ms)
{
    return is_wrong_instant(targets[index].at_ms, now_ms);
}

static bool is_there_before(const struct target_spec *targets, uint32_t index, int64_t now_ms)
{
    (void)now_ms;
    for (uint32_t i = 0; i < index; i++) {
        if (id_equal(&targets[i].integration_id, &targets[index].integration_id)) {
            return true;
        }
    }
    return false;
}

static bool is_not_publishable(const struct target_spec *targets, uint32_t index, int64_t now_ms)
{
    (void)now_ms;
    return targets[index].channel == CHANNEL_GOOGLE_BUSINESS;
}

/* The first target at fault and its member, in text; "/targets" when it cannot be told which. */
static const char *target_param(const struct command *command, is_at_fault *at_fault, const char *member,
                                int64_t now_ms, char text[INPUT_PARAM_MAX])
{
    uint32_t count = 0;
    const struct target_spec *targets = targets_of(command, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (at_fault(targets, i, now_ms)) {
            char target[INPUT_PARAM_MAX];
            input_pointer_index(target, "/targets", i);
            input_pointer(text, target, member);
            return text;
        }
    }
    return "/targets";
}

static const char *instant_param(const struct command *command, int64_t now_ms, char text[INPUT_PARAM_MAX])
{
    switch (command->code) {
    case COMMAND_create_post:
        if (is_wrong_instant(command->create_post.at_ms, now_ms)) {
            return "/schedule/at";
        }
        return target_param(command, has_wrong_instant, "at", now_ms, text);
    case COMMAND_edit_post:
        return target_param(command, has_wrong_instant, "at", now_ms, text);
    case COMMAND_schedule_post:
        return is_wrong_instant(command->schedule_post.at_ms, now_ms) ? "/at" : NULL;
    case COMMAND_retry_post:
        return is_wrong_instant(command->retry_post.at_ms, now_ms) ? "/at" : NULL;
    default:
        return NULL;
    }
}

/* What makes a target later than it may be. */
static const char *late_param(const struct command *command, const struct json_node *body)
{
    switch (command->code) {
    case COMMAND_create_post:
    case COMMAND_edit_post:
        return "/not_after";
    case COMMAND_resolve_target:
        return "/retry";
    default:
        return input_flag(body, "now") ? "/now" : "/at";
    }
}

/* published needs a url; only absent may say retry; nothing else takes either. */
static const char *resolution_param(const struct resolve_target_command *resolve)
{
    const bool published = resolve->resolution == RESOLUTION_PUBLISHED;
    return published == (resolve->url.len == 0) ? "/url" : "/retry";
}

/* Where a text was expected: the member that has none, or the object that lacks it. */
static const char *content_param(const struct json_node *body)
{
    const struct json_node *content = json_node_member(body, "content");
    return input_some(content, "text") != NULL    ? "/content/text"
           : input_some(content, "parts") != NULL ? "/content/parts"
                                                  : "/content";
}

const char *exchange_refused_param(const struct exchange *x, enum refusal refusal, int64_t now_ms,
                                   char text[INPUT_PARAM_MAX])
{
    const struct command *command = order_command(x->order);
    const bool written = command->code == COMMAND_create_post || command->code == COMMAND_edit_post;
    if (x->body == NULL) {
        return NULL; /* whatever is at fault, the body is not */
    }
    switch ((int)refusal) {
    case REFUSED_timestamp_past:
    case REFUSED_timestamp_too_far:
        return instant_param(command, now_ms, text);
    case REFUSED_lateness_exceeded:
        return late_param(command, x->body);
    case REFUSED_resolution_invalid:
        return resolution_param(&command->resolve_target);
    case REFUSED_target_duplicate:
        return written ? target_param(command, is_there_before, "integration_id", now_ms, text) : NULL;
    case REFUSED_channel_not_publishable:
        return written ? target_param(command, is_not_publishable, "integration_id", now_ms, text) : NULL;
    case REFUSED_target_missing:
    case REFUSED_reference_not_found:
    case REFUSED_integration_unusable:
        return written ? "/targets" : NULL;
    case REFUSED_content_missing:
        return written ? content_param(x->body) : NULL;
    default:
        return NULL;
    }
}

const char *exchange_refused_detail(const struct exchange *x, enum refusal refusal)
{
    switch ((int)refusal) {
    case REFUSED_precondition_failed:
        return x->match_detail;
    case REFUSED_post_not_finished:
        return x->retry_detail;
    case REFUSED_lateness_exceeded: /* the other ways to be too late are no request's */
        return "It would be sent after the post's not_after.";
    default:
        return NULL;
    }
}
