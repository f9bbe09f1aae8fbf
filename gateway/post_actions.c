/* post_actions.c: what people do with a post once it is written, and what they can see of its life. */
#include "gateway/post_input.h"

void handle_schedule_post(struct exchange *x)
{
    const struct schedule_input schedule = post_input_schedule(x, x->body, "");
    if (exchange_input(x)) {
        return;
    }
    *ORDER(x, schedule_post, &x->id) = (struct schedule_post_command){
        .post_id = x->id, .now = schedule.now, .at_ms = schedule.at_ms, .next_slot = schedule.next_slot};
    x->sending.expected_version = x->if_match != 0 ? x->if_match : x->post.row.version; /* whose rules were checked */
    if (!exchange_note_blanks(x, &x->post.content, x->post.row.blanks, x->post.row.blanks_count)) {
        return;
    }
    if (exchange_may_change(x)) {
        exchange_send_fit(x, &x->post.content, 0);
    } else {
        exchange_send(x);
    }
}

/* What is to be approved, as it would be locked: rendered here again, for what was looked at may be another version. */
static enum err render_approval(struct exchange *x, struct approve_post_command *approve, bool *ret_refused)
{
    struct approval_source source;
    struct approval_form form;
    TRY(posts_approval_source(&x->post, &x->request->arena, &source));
    TRY(approval_render(x->gateway->channels, &source, &x->request->arena, &form));
    approve->rendered_sha256 = form.sha256;
    approve->version = x->post.row.version;
    approve->targets = form.targets;
    approve->targets_count = form.count;
    *ret_refused = form.refused;
    return pass_approval_repeats(x->pass, &x->post.row, &approve->content_sha256, &approve->repeats);
}

void handle_approve_post(struct exchange *x)
{
    struct approve_post_command *approve = ORDER(x, approve_post, &x->id);
    bool refused = false;
    approve->post_id = x->id;
    if (input_hash(json_node_text(x->body, "content_sha256"), &approve->content_sha256) != OK) {
        exchange_failed(x, ERR_MALFORMED); /* the schema has let but hashes through */
        return;
    }
    const enum err err = render_approval(x, approve, &refused);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    const bool open = x->post.row.status == POST_SCHEDULED && !exchange_is_stale(x);
    if (!refused || !open || rendering_allows(x, &x->post.content, x->post.row.publish_at_ms)) {
        exchange_send(x);
    }
}

void handle_cancel_post(struct exchange *x)
{
    ORDER(x, cancel_post, &x->id)->post_id = x->id;
    exchange_send(x);
}

void handle_cancel_target(struct exchange *x)
{
    *ORDER(x, cancel_target, &x->id) = (struct cancel_target_command){.post_id = x->id, .target_id = x->target_id};
    exchange_send(x);
}

/* {"post_id","target_id"}: the other one. */
void handle_swap_targets(struct exchange *x)
{
    struct swap_targets_command swap = {.post_id = x->id, .target_id = x->target_id};
    struct post_view other;
    if (id_parse(json_node_text(x->body, "post_id"), ID_POST, &swap.other_post_id) != OK ||
        pass_post(x->pass, &swap.other_post_id, &other) != OK) {
        input_wrong(&x->input, REFUSED_reference_not_found, "/post_id", "There is no such post in this workspace.");
    } else if (id_parse(json_node_text(x->body, "target_id"), ID_TARGET, &swap.other_target_id) != OK ||
               posts_target(&other.row, &swap.other_target_id) == NULL) {
        input_wrong(&x->input, REFUSED_reference_not_found, "/target_id", "The post has no such target.");
    }
    if (!exchange_input(x)) {
        *ORDER(x, swap_targets, &x->id) = swap;
        exchange_send(x);
    }
}

/* Of targets that ended before they were locked nothing can be sent again: there are no bytes. */
static const char *retry_detail(const struct post_row *post)
{
    bool failed = false;
    bool unapproved = false;
    for (uint32_t i = 0; i < post->targets_count; i++) {
        const struct target_row *target = &post->targets[i];
        if (target->status == TARGET_FAILED || target->status == TARGET_MISSED) {
            if (target->part_count > 0) {
                return NULL;
            }
            failed = true;
            unapproved = unapproved || span_equal(target->code, SPAN("approval_missing"));
        }
    }
    return unapproved ? "Nobody approved the post in time, so it was never locked and there is nothing to send again. "
                        "POST /v1/posts/{post_id}/duplicate makes a draft of it to schedule and have approved."
           : failed   ? "What failed was never locked, so there is nothing to send again: the channel did not take its "
                        "content, or its time had passed. POST /v1/posts/{post_id}/duplicate makes a draft of it to mend "
                        "and schedule."
                      : NULL;
}

void handle_retry_post(struct exchange *x)
{
    const struct schedule_input schedule = post_input_schedule(x, x->body, "");
    if (exchange_input(x)) {
        return;
    }
    x->retry_detail = retry_detail(&x->post.row);
    *ORDER(x, retry_post, &x->id) =
        (struct retry_post_command){.post_id = x->id, .now = schedule.now, .at_ms = schedule.at_ms};
    exchange_send(x);
}

/* {"resolution":"published","url":…} | {"resolution":"absent","retry":…} | {"resolution":"abandoned"} */
void handle_resolve_target(struct exchange *x)
{
    *ORDER(x, resolve_target, &x->id) = (struct resolve_target_command){
        .post_id = x->id,
        .target_id = x->target_id,
        .resolution = choice_value(&resolution_words, json_node_text(x->body, "resolution")),
        .url = json_node_text(x->body, "url"),
        .retry = input_flag(x->body, "retry")};
    exchange_send(x);
}

static enum err write_deliveries(struct exchange *x, const void *what, struct buf *out)
{
    return pass_present_deliveries(x->pass, what, x->now_ms, out);
}

void handle_post_deliveries(struct exchange *x)
{
    exchange_show(x, write_deliveries, &x->post);
}

static enum err write_history(struct exchange *x, const void *what, struct buf *out)
{
    const struct post_view *post = what;
    uint64_t next = 0;
    TRY(pass_present_history(x->pass, &post->row, x->now_ms, x->after, x->limit, out, &next));
    exchange_page_end_u64(x, next, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

void handle_post_history(struct exchange *x)
{
    if (exchange_limit(x, &x->limit) && exchange_cursor_u64(x, &x->after)) {
        exchange_show(x, write_history, &x->post);
    }
}
