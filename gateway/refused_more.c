/* refused_more.c: what a problem says beside its code: since when, from when on, how many. Called by exchange.c. Mostly
 * the ledger's answer has it; how much of a plan is used is read again, and may be more by then. */
#include "core/base/assert.h"
#include "gateway/gateway.h"

static void put_locked(const struct answer *answer, struct buf *more)
{
    if (answer->refusal == REFUSED_post_locked) {
        buf_text(more, ",\"locked_at\":");
        json_time(more, answer->hint_ms);
    }
    buf_text(more, ",\"publish_at\":");
    json_time(more, answer->publish_at_ms);
}

static void put_paused(const struct answer *answer, struct buf *more)
{
    if (answer->hint_ms != 0) {
        buf_text(more, ",\"paused_at\":");
        json_time(more, answer->hint_ms);
        buf_text(more, ",\"deletable_at\":");
        json_time(more, answer->hint_ms + WORKSPACE_PAUSED_MS);
    }
}

/* What a command begins that a plan bounds. */
static enum limit begun(uint32_t code)
{
    switch (code) {
    case COMMAND_connect_integration:
        return LIMIT_INTEGRATIONS;
    case COMMAND_invite_member:
        return LIMIT_MEMBERS;
    default:
        ASSERT(code == COMMAND_create_post || code == COMMAND_schedule_post);
        return LIMIT_SCHEDULED_POSTS;
    }
}

static void put_limit(const struct exchange *x, struct buf *more)
{
    const enum limit limit = begun(order_command(x->order)->code);
    struct workspace_row row;
    struct usage usage;
    buf_text(more, ",\"limit\":");
    json_string(more, limit_word(limit));
    if (pass_refresh(x->pass) != OK || pass_workspace(x->pass, &row) != OK || pass_usage(x->pass, &usage) != OK) {
        return;
    }
    for (uint32_t i = 0; i < row.limits_count; i++) {
        if (span_equal(row.limits[i].what, limit_word(limit))) {
            buf_text(more, ",\"most\":");
            buf_u64(more, row.limits[i].most);
        }
    }
    buf_text(more, ",\"used\":");
    buf_u64(more, usage.used[limit]);
}

static void put_posts(const struct answer *answer, struct buf *more)
{
    buf_text(more, ",\"post_ids\":[");
    for (size_t i = 0; i < ANSWER_DETAIL_MAX && !id_is_none(&answer->detail[i]); i++) {
        buf_text(more, i == 0 ? "" : ",");
        json_id(more, &answer->detail[i]);
    }
    buf_byte(more, ']');
}

static void put_blanks(const struct exchange *x, struct buf *more)
{
    buf_text(more, ",\"placeholders\":[");
    for (uint32_t i = 0; i < x->blank_count; i++) {
        buf_text(more, i == 0 ? "" : ",");
        json_string(more, x->blanks[i].name);
    }
    buf_byte(more, ']');
}

void exchange_refused_more(const struct exchange *x, const struct answer *answer, struct buf *more)
{
    if (answer->refusal == REFUSED_post_locked || answer->refusal == REFUSED_post_publishing) {
        put_locked(answer, more);
    } else if (answer->refusal == REFUSED_workspace_not_paused) {
        put_paused(answer, more);
    } else if (answer->refusal == REFUSED_plan_limit) {
        put_limit(x, more);
    } else if (answer->refusal == REFUSED_placeholder_missing) {
        put_blanks(x, more);
    }
    if (!id_is_none(&answer->detail[0])) {
        put_posts(answer, more);
    }
}
