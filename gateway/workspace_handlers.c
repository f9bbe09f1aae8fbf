/* workspace_handlers.c: the tenant itself: its settings, its kill switch and its end. Whose it is the pass says: no
 * request names a workspace. */
#include "gateway/gateway.h"

void handle_get_workspace(struct exchange *x)
{
    struct workspace_row row;
    const enum err err = pass_workspace(x->pass, &row);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_show_workspace(x, &row);
    }
}

/* A span of time among the settings; 0, which a command takes for absent, is refused where it was written. */
static uint64_t read_setting(struct exchange *x, const char *name, const char *pointer, const char *expected)
{
    const struct json_node *node = json_node_member(x->body, name);
    if (!json_node_is(node, NODE_INTEGER)) {
        return 0;
    }
    if (node->integer <= 0) {
        input_wrong(&x->input, REFUSED_field_invalid, pointer, expected);
        return 0;
    }
    return (uint64_t)node->integer;
}

void handle_change_workspace(struct exchange *x)
{
    const struct id workspace_id = pass_badge(x->pass)->workspace_id;
    const struct change_workspace_command change = {
        .workspace_id = workspace_id,
        .slug = json_node_text(x->body, "slug"),
        .name = json_node_text(x->body, "name"),
        .timezone = json_node_text(x->body, "timezone"),
        .max_lateness_ms =
            read_setting(x, "max_lateness_ms", "/max_lateness_ms", "A minute to 366 days, in milliseconds."),
        .late_spacing_ms =
            read_setting(x, "late_spacing_ms", "/late_spacing_ms", "A second to a day, in milliseconds."),
        .approval_policy = choice_value(&approval_policy_words, json_node_text(x->body, "approval_policy")),
    };
    if (!exchange_input(x)) {
        *ORDER(x, change_workspace, &workspace_id) = change;
        exchange_send(x);
    }
}

void handle_delete_workspace(struct exchange *x)
{
    const struct id workspace_id = pass_badge(x->pass)->workspace_id;
    ORDER(x, delete_workspace, &workspace_id)->workspace_id = workspace_id;
    exchange_send(x);
}

void handle_pause_workspace(struct exchange *x)
{
    const struct id workspace_id = pass_badge(x->pass)->workspace_id;
    *ORDER(x, pause_workspace, &workspace_id) =
        (struct pause_workspace_command){.workspace_id = workspace_id, .reason = json_node_text(x->body, "reason")};
    exchange_send(x);
}

void handle_resume_workspace(struct exchange *x)
{
    const struct id workspace_id = pass_badge(x->pass)->workspace_id;
    ORDER(x, resume_workspace, &workspace_id)->workspace_id = workspace_id;
    exchange_send(x);
}
