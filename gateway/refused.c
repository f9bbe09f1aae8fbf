/* refused.c: where in a request's body stands what the ledger refused: a JSON pointer. Called by exchange.c. What the
 * command alone tells (core/admission.h: objection_to) another program is told too; the rest is of body and pass. */
#include <stdio.h>

#include "core/admission.h"
#include "core/message/placeholder.h"
#include "gateway/gateway.h"

/* By the views, which may be younger than the decision. */
static bool has_no_account(struct pass *pass, const struct target_spec *target)
{
    struct integration_row row;
    const enum err err = pass_integration(pass, &target->integration_id, &row);
    return err == ERR_NOT_FOUND || (err == OK && row.status == INTEGRATION_REFUSED);
}

/* By the views, likewise. */
static bool has_no_slots(struct pass *pass, const struct target_spec *target)
{
    struct integration_row row;
    struct weekly_row queue;
    return pass_integration(pass, &target->integration_id, &row) == OK && pass_queue(pass, &row, &queue) == OK &&
           queue.slots_count == 0;
}

/* The targets that next slots were asked for: of the command, else of the post. */
static const struct target_spec *slot_seekers(const struct exchange *x, uint32_t *ret_count)
{
    const struct target_spec *targets = command_targets(order_command(x->order), ret_count);
    if (order_command(x->order)->code != COMMAND_schedule_post) {
        return targets;
    }
    *ret_count = x->post.content.targets_count;
    return x->post.content.targets;
}

/* Which account's queue is empty, and where its slots are set; its place among those that the exchange has: -1, none
 * that can be told. */
static int64_t slotless(const struct exchange *x, struct id *ret_integration_id)
{
    uint32_t count = 0;
    const struct target_spec *targets = slot_seekers(x, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (has_no_slots(x->pass, &targets[i])) {
            *ret_integration_id = targets[i].integration_id;
            return i;
        }
    }
    return -1;
}

/* at: its place; -1: it cannot be told. */
static const char *slotless_param(const struct exchange *x, int64_t at, char text[INPUT_PARAM_MAX])
{
    if (order_command(x->order)->code == COMMAND_schedule_post) {
        return "/next_slot";
    }
    if (at < 0 || x->route->name != ROUTE_create_post) {
        return NULL;
    }
    input_pointer_index(text, "/targets", (uint32_t)at);
    return text;
}

static const char *slotless_detail(const struct exchange *x, const struct id *integration_id)
{
    uint8_t *bytes = arena_alloc(&x->request->arena, 256);
    struct buf text = buf_of(bytes, bytes == NULL ? 0 : 256);
    buf_text(&text, "The queue of ");
    id_write(&text, integration_id);
    buf_text(&text, " has no slots. Set them: PATCH /v1/integrations/");
    id_write(&text, integration_id);
    buf_text(&text, "/queue.");
    return buf_terminated(&text);
}

static const char *account_param(const struct exchange *x, char text[INPUT_PARAM_MAX])
{
    uint32_t count = 0;
    const struct target_spec *targets = command_targets(order_command(x->order), &count);
    for (uint32_t i = 0; pass_refresh(x->pass) == OK && i < count; i++) {
        if (has_no_account(x->pass, &targets[i])) {
            char target[INPUT_PARAM_MAX];
            input_pointer_index(target, "/targets", i);
            input_pointer(text, target, "integration_id");
            return text;
        }
    }
    return "/targets";
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

static const char *role_detail(enum need need)
{
    switch (need) {
    case NEED_EDITOR:
        return "It takes the role editor, admin or owner.";
    case NEED_APPROVER:
        return "It takes the role admin or owner, or an editor with the permission "
               "approve.";
    case NEED_ADMIN:
        return "It takes the role admin or owner.";
    case NEED_AUDIT:
        return "It takes the role auditor, admin or owner.";
    case NEED_AUDIT_OWN:
        return "It takes the role auditor, editor, admin or owner.";
    case NEED_OWNER:
        return "It takes the role owner.";
    case NEED_OPERATOR:
        return "It takes an operator of the installation (openpost user operator).";
    case NEED_NONE:
    case NEED_VIEWER:
    case NEED_PERSON:
    case NEED_NOBODY:
    case NEED_COUNT:
        break;
    }
    return NULL; /* everybody may */
}

/* It names the scope, whether the key lacks it or may not use it so far. */
static const char *scope_detail(const struct exchange *x)
{
    const struct grant *grant = &pass_badge(x->pass)->grant;
    const bool kept = grant->scopes == 0 || (grant->scopes & 1u << x->route->scope) != 0;
    uint8_t *bytes = arena_alloc(&x->request->arena, 128);
    struct buf text = buf_of(bytes, bytes == NULL ? 0 : 128);
    buf_text(&text, kept ? "It takes a key that is not restricted to accounts: " : "It takes a key with the scope ");
    buf_text(&text, choice_word(&scope_words, x->route->scope));
    buf_text(&text,
             kept ? " would reach beyond them." : ", or one without scopes, which has all that its role allows.");
    return buf_terminated(&text);
}

/* published needs a url; only absent may say retry; nothing else takes either. */
static const char *resolution_param(const struct resolve_target_command *resolve)
{
    const bool published = resolve->resolution == RESOLUTION_PUBLISHED;
    return published == (resolve->url.len == 0) ? "/url" : "/retry";
}

const char *exchange_text_param(const struct exchange *x, const char *param)
{
    const bool one = input_some(json_node_member(x->body, "content"), "text") != NULL;
    return one && strcmp(param, "/content/parts/0/text") == 0 ? "/content/text" : param;
}

/* Where a text was expected: the member that has none, or the object that lacks it. */
static const char *content_param(const struct json_node *body)
{
    const struct json_node *content = json_node_member(body, "content");
    return input_some(content, "text") != NULL    ? "/content/text"
           : input_some(content, "parts") != NULL ? "/content/parts"
                                                  : "/content";
}

/* The first blank: in the values that it has none among; else where a text has it, or in the post. */
static const char *blank_param(const struct exchange *x, const struct command *command, char text[INPUT_PARAM_MAX])
{
    char name[PLACEHOLDER_NAME_MAX + 1] = "";
    if (command->code != COMMAND_create_post) {
        return command->code == COMMAND_edit_post ? "/content" : "/blanks/0";
    }
    if (x->blank_count > 0 && x->blanks[0].name.len <= PLACEHOLDER_NAME_MAX) {
        memcpy(name, x->blanks[0].name.data, x->blanks[0].name.len);
    }
    input_pointer(text, "/values", name);
    return text;
}

static const char *blank_detail(const struct exchange *x)
{
    uint8_t *bytes = arena_alloc(&x->request->arena, 1024);
    struct buf text = buf_of(bytes, bytes == NULL ? 0 : 1023);
    if (bytes == NULL || x->blank_count == 0) {
        return NULL;
    }
    placeholder_tell(x->blanks, x->blank_count, &text);
    return buf_terminated(&text);
}

static const char *refused_param(const struct exchange *x, enum refusal refusal, int64_t now_ms, int64_t slotless_at,
                                 char text[INPUT_PARAM_MAX])
{
    const struct command *command = order_command(x->order);
    const struct objection objection = objection_to(command, refusal, now_ms);
    const bool written = command->code == COMMAND_create_post || command->code == COMMAND_edit_post ||
                         command->code == COMMAND_create_series || command->code == COMMAND_change_series ||
                         command->code == COMMAND_create_template || command->code == COMMAND_change_template;
    if (x->body == NULL) {
        return NULL; /* whatever is at fault, the body is not */
    }
    if (objection.refusal != ACCEPTED) {
        (void)snprintf(text, INPUT_PARAM_MAX, "%s", objection.param);
        return text;
    }
    switch ((int)refusal) {
    case REFUSED_lateness_exceeded:
        return late_param(command, x->body);
    case REFUSED_resolution_invalid:
        return resolution_param(&command->resolve_target);
    case REFUSED_role_above_own:
        return json_node_member(x->body, "role") != NULL ? "/role" : NULL;
    case REFUSED_queue_empty:
        return slotless_param(x, slotless_at, text);
    case REFUSED_slug_taken:
        return "/slug";
    case REFUSED_invitation_exists:
        return command->code == COMMAND_invite_member ? "/email" : "/until";
    case REFUSED_member_exists:
    case REFUSED_user_erased:
        return command->code == COMMAND_change_member ? "/until" : NULL;
    case REFUSED_expiry_required:
        return command->code == COMMAND_create_key ? "/expires_at" : "/until";
    case REFUSED_target_missing:
    case REFUSED_reference_not_found:
        return written ? "/targets" : command->code == COMMAND_create_key ? "/integrations" : NULL;
    case REFUSED_integration_unusable:
        return written ? account_param(x, text) : NULL;
    case REFUSED_placeholder_missing:
        return blank_param(x, command, text);
    case REFUSED_content_missing:
        return written ? content_param(x->body) : NULL;
    default:
        return NULL;
    }
}

const char *exchange_refused_detail(const struct exchange *x, enum refusal refusal)
{
    switch ((int)refusal) {
    case REFUSED_forbidden:
        return role_detail(x->route->need);
    case REFUSED_scope_insufficient:
        return scope_detail(x);
    case REFUSED_placeholder_missing:
        return blank_detail(x);
    case REFUSED_precondition_failed:
        return x->match_detail;
    case REFUSED_plan_limit:
        return exchange_plan_detail(x);
    case REFUSED_post_finished:
    case REFUSED_post_not_finished:
        return x->retry_detail;
    case REFUSED_timestamp_past:
    case REFUSED_timestamp_too_far:
        return objection_to(order_command(x->order), refusal, x->now_ms).detail;
    case REFUSED_lateness_exceeded: /* the other ways to be too late are no request's */
        return "It would be sent after the post's not_after.";
    default:
        return NULL;
    }
}

void exchange_refused(const struct exchange *x, enum refusal refusal, int64_t now_ms, struct refused *ret_refused)
{
    struct id slotless_id;
    int64_t slotless_at = -1;
    if (refusal == REFUSED_queue_empty && pass_refresh(x->pass) == OK) {
        slotless_at = slotless(x, &slotless_id);
    }
    ret_refused->param = refused_param(x, refusal, now_ms, slotless_at, ret_refused->text);
    ret_refused->detail = slotless_at >= 0 ? slotless_detail(x, &slotless_id) : exchange_refused_detail(x, refusal);
}
