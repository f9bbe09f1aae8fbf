/* present_tenant.c: a workspace from outside, its plan, its use and its billing as JSON. Called by the gateway. */
#include "core/message/codec.h"
#include "projections/present.h"

static enum err done(const struct buf *out)
{
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static void put_text(struct buf *out, const char *name, struct span text)
{
    buf_text(out, name);
    json_string_or_null(out, text);
}

static void put_time(struct buf *out, const char *name, int64_t time_ms)
{
    buf_text(out, name);
    json_time(out, time_ms);
}

void present_plan(const struct workspace_row *workspace, struct buf *out)
{
    buf_text(out, "\"plan\":");
    json_string(out, workspace->plan.data != NULL ? workspace->plan : SPAN(PLAN_OF_NOBODY));
    put_time(out, ",\"period_start\":", workspace->period_start_ms);
    put_time(out, ",\"period_end\":", workspace->period_end_ms);
}

static void put_bound(const struct workspace_row *workspace, const struct usage *used, enum limit limit,
                      struct buf *out)
{
    const struct plan_limit *bound = NULL;
    for (uint32_t i = 0; i < workspace->limits_count; i++) {
        bound = span_equal(workspace->limits[i].what, limit_word(limit)) ? &workspace->limits[i] : bound;
    }
    buf_text(out, "{\"what\":");
    json_string(out, limit_word(limit));
    buf_text(out, ",\"most\":");
    if (bound != NULL) {
        buf_u64(out, bound->most);
    } else {
        buf_text(out, "null");
    }
    buf_text(out, ",\"used\":");
    if (limit == LIMIT_REQUESTS) {
        buf_text(out, "null");
    } else {
        buf_u64(out, used->used[limit]);
    }
    buf_byte(out, '}');
}

enum err present_usage(const struct workspace_row *workspace, const struct usage *used, struct buf *out)
{
    buf_byte(out, '{');
    present_plan(workspace, out);
    buf_text(out, ",\"bounds\":[");
    for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
        buf_text(out, i == 0 ? "" : ",");
        put_bound(workspace, used, (enum limit)i, out);
    }
    buf_text(out, "],\"published_targets\":");
    buf_u64(out, used->published_targets);
    buf_byte(out, '}');
    return done(out);
}

enum err present_period(const struct notification_row *row, struct buf *out)
{
    buf_text(out, "{\"plan\":");
    json_string(out, row->plan);
    put_time(out, ",\"period_start\":", row->period_start_ms);
    put_time(out, ",\"period_end\":", row->period_end_ms);
    buf_text(out, ",\"uses\":[");
    for (uint32_t i = 0; i < row->uses_count; i++) {
        buf_text(out, i == 0 ? "{\"what\":" : ",{\"what\":");
        json_string(out, row->uses[i].what);
        buf_text(out, ",\"used\":");
        buf_u64(out, row->uses[i].used);
        buf_byte(out, '}');
    }
    buf_text(out, "]}");
    return done(out);
}

enum err present_notification(const struct notification_row *row, struct buf *out)
{
    buf_text(out, "{\"id\":");
    json_id(out, &row->notification_id);
    buf_text(out, ",\"type\":\"billing.due\"");
    put_time(out, ",\"created_at\":", row->created_ms);
    buf_text(out, ",\"data\":");
    TRY(present_period(row, out));
    buf_byte(out, '}');
    return done(out);
}

enum err present_tenant(const struct workspace_row *workspace, struct buf *out)
{
    const bool deleted = workspace->deleted_ms != 0;
    buf_text(out, "{\"id\":");
    json_id(out, &workspace->workspace_id);
    buf_text(out, ",\"version\":");
    buf_u64(out, workspace->version);
    put_text(out, ",\"slug\":", workspace->slug);
    put_text(out, ",\"name\":", workspace->name);
    put_text(out, ",\"timezone\":", workspace->timezone);
    buf_byte(out, ',');
    present_plan(workspace, out);
    buf_text(out, deleted             ? ",\"status\":\"deleted\""
                  : workspace->paused ? ",\"status\":\"paused\""
                                      : ",\"status\":\"active\"");
    put_text(out, ",\"pause_reason\":", workspace->pause_reason);
    put_time(out, ",\"paused_at\":", workspace->paused_ms);
    put_time(out, ",\"created_at\":", workspace->created_ms);
    put_time(out, ",\"deleted_at\":", workspace->deleted_ms);
    buf_byte(out, '}');
    return done(out);
}
