/* present_tenant.c: a workspace from outside, its plan, its use and its billing, notifications, and members as JSON.
 * Called by the gateway and by views_tenant.c. */
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

static void put_id(struct buf *out, const char *name, const struct id *id)
{
    buf_text(out, name);
    json_id(out, id);
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

void present_plan_limit(const struct workspace_row *workspace, const struct usage *used, enum limit limit,
                        struct buf *out)
{
    static const struct {
        const char *what;
        const char *ways;
    } words[LIMIT_COUNT] = {
        [LIMIT_INTEGRATIONS] = {"accounts",                           "remove an account"                        },
        [LIMIT_MEMBERS] = {"members and open invitations",       "remove a member or withdraw an invitation"},
        [LIMIT_SCHEDULED_POSTS] = {"posts scheduled at a time",          "wait until one is out, or cancel one"     },
        [LIMIT_REQUESTS] = {"requests a minute for each API key", "wait as Retry-After says"                 },
    };

    buf_text(out, "The plan ");
    buf_put(out, workspace->plan.data != NULL ? workspace->plan : SPAN(PLAN_OF_NOBODY));
    for (uint32_t i = 0; i < workspace->limits_count; i++) {
        if (span_equal(workspace->limits[i].what, limit_word(limit))) {
            buf_text(out, " allows ");
            buf_u64(out, workspace->limits[i].most);
            buf_byte(out, ' ');
            buf_text(out, words[limit].what);
        }
    }
    if (limit != LIMIT_REQUESTS) {
        buf_text(out, ", and there are ");
        buf_u64(out, used->used[limit]);
    }
    buf_text(out, ": ");
    buf_text(out, words[limit].ways);
    buf_text(out, ". Whoever runs the installation can give another plan (openpost workspace plan).");
}

enum err present_period(const struct period_row *row, struct buf *out)
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

enum err present_notification(const struct notification *notification, bool marked, struct buf *out)
{
    const struct notice_row *row = &notification->row;
    buf_text(out, "{\"id\":");
    json_id(out, &notification->notification_id);
    put_text(out, ",\"kind\":", span_text(choice_word(&notification_kind_words, row->kind)));
    put_time(out, ",\"created_at\":", row->time_ms);
    buf_text(out, !marked ? ",\"read\":null" : notification->is_read ? ",\"read\":true" : ",\"read\":false");
    put_id(out, ",\"post_id\":", &row->post_id);
    put_id(out, ",\"target_id\":", &row->target_id);
    put_id(out, ",\"integration_id\":", &row->integration_id);
    put_text(out, ",\"code\":", row->code);
    put_time(out, ",\"session_expires_at\":", row->kind == NOTIFY_EXPIRING ? row->end_ms : 0);
    put_time(out,
             ",\"publish_at\":", row->kind == NOTIFY_APPROVAL_WANTED || row->kind == NOTIFY_WITHHELD ? row->end_ms : 0);
    buf_text(out, ",\"period\":");
    if (notification->period != NULL) {
        TRY(present_period(notification->period, out));
    } else {
        buf_text(out, "null");
    }
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

static void put_permissions(struct buf *out, uint64_t permissions)
{
    bool first = true;
    buf_text(out, ",\"permissions\":[");
    for (uint32_t permission = 1; permission < PERMISSION_COUNT; permission++) {
        if ((permissions >> permission & 1) != 0) {
            buf_text(out, first ? "" : ",");
            json_string(out, span_text(choice_word(&permission_words, permission)));
            first = false;
        }
    }
    buf_byte(out, ']');
}

static enum err put_actor(const struct id *id, struct span kind, struct span name, uint32_t role, int64_t since_ms,
                          int64_t ended_ms, struct buf *out)
{
    put_id(out, "{\"id\":", id);
    put_text(out, ",\"kind\":", kind);
    put_text(out, ",\"name\":", name);
    put_text(out, ",\"role\":", role == ROLE_NONE ? (struct span){0} : span_text(choice_word(&role_words, role)));
    put_time(out, ",\"since\":", since_ms);
    put_time(out, ",\"ended_at\":", ended_ms);
    buf_byte(out, '}');
    return done(out);
}

enum err present_actor_member(const struct member_row *row, struct span name, struct buf *out)
{
    return put_actor(&row->member_id, SPAN("member"), name, row->role, row->joined_ms, row->ended_ms, out);
}

enum err present_actor_key(const struct key_row *row, struct buf *out)
{
    return put_actor(&row->key_id, SPAN("key"), row->name, row->role, row->created_ms, row->revoked_ms, out);
}

enum err present_actor_operator(const struct outsider_row *row, struct buf *out)
{
    return put_actor(&row->user_id, SPAN("operator"), (struct span){0}, ROLE_NONE, row->since_ms, 0, out);
}

enum err present_member(const struct member_row *row, const struct called *called, int64_t now_ms,
                        const struct span *accept_url, struct buf *out)
{
    put_id(out, "{\"id\":", &row->member_id);
    put_id(out, ",\"workspace_id\":", &row->workspace_id);
    buf_text(out, ",\"version\":");
    buf_u64(out, row->version);
    put_id(out, ",\"user_id\":", &row->user_id);
    put_text(out, ",\"name\":", called->name);
    put_text(out, ",\"email\":", called->email);
    put_text(out, ",\"status\":",
             access_member_is_over(row, now_ms) ? SPAN("expired")
             : row->joined_ms != 0              ? SPAN("active")
                                                : SPAN("invited"));
    put_text(out, ",\"role\":", span_text(choice_word(&role_words, row->role)));
    put_permissions(out, row->permissions);
    put_time(out, ",\"until\":", row->until_ms);
    put_time(out, ",\"invitation_expires_at\":", row->expires_ms);
    put_time(out, ",\"joined_at\":", row->joined_ms);
    put_time(out, ",\"created_at\":", row->created_ms);
    put_time(out, ",\"updated_at\":", row->updated_ms);
    if (accept_url != NULL) {
        put_text(out, ",\"accept_url\":", *accept_url);
    }
    buf_byte(out, '}');
    return done(out);
}
