/* views_tenant.c: what an RPC client may ask about its workspace: settings, keys, members, use and billing, as HTTP's
 * GETs tell it. Called by views.c's table. Must never answer with what is not in the principal's workspace. */
#include "core/message/codec.h"
#include "projections/access.h"
#include "projections/views_internal.h"

static enum err done(const struct buf *out)
{
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

enum err views_end_page(const struct id *last, struct buf *out)
{
    buf_text(out, "],\"next_cursor\":");
    if (last != NULL) {
        json_id(out, last);
    } else {
        buf_text(out, "null");
    }
    buf_byte(out, '}');
    return done(out);
}

/* *ret_after: where to go on; NULL: from the first. room: its place. */
static enum err read_cursor(const struct query_args *args, enum id_kind kind, struct id *room,
                            const struct id **ret_after)
{
    *ret_after = NULL;
    if (args->cursor.len > 0) {
        TRY(id_parse(args->cursor, kind, room));
        *ret_after = room;
    }
    return OK;
}

enum err views_get_workspace(const struct views_request *request, struct buf *out)
{
    struct workspace_row row;
    TRY(access_workspace(request->txn, request->workspace_id, request->arena, &row));
    return present_workspace(&row, out);
}

/* --- keys --- */

static enum err put_key(const struct views_request *request, const struct key_row *row, struct buf *out)
{
    struct integration_ref *accounts = NULL;
    uint32_t count = 0;
    TRY(access_key_shown(request->txn, request->grant, row, request->arena, &accounts, &count));
    return present_key(row, accounts, count, false, (struct span){0}, out);
}

enum err views_get_key(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct key_row row;
    TRY(views_args(request, &args));
    TRY(id_is_none(&args.key_id) ? ERR_MISSING : OK);
    TRY(access_key_own(request->txn, request->workspace_id, &args.key_id, request->arena, &row));
    return put_key(request, &row, out);
}

enum err views_list_keys(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct id room;
    const struct id *after = NULL;
    struct key_row *rows = NULL;
    uint32_t count = 0;
    TRY(views_args(request, &args));
    TRY(read_cursor(&args, ID_KEY, &room, &after));
    const uint32_t limit = (uint32_t)args.limit;
    /* one more than fits tells whether there is another page */
    TRY(access_keys(request->txn, request->workspace_id, after, limit + 1, request->arena, &rows, &count));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count && i < limit; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(put_key(request, &rows[i], out));
    }
    return views_end_page(count > limit ? &rows[limit - 1].key_id : NULL, out);
}

/* --- members --- */

/* acted: of a member is asked as of somebody who did something, and may have left. */
static enum err put_named(const struct views_request *request, const struct member_row *row, bool acted,
                          struct buf *out)
{
    uint8_t bytes[VIEWS_CALLED_ROOM];
    struct buf room = buf_of(bytes, sizeof bytes);
    struct called called = {.name = {0}};
    enum err err = request->called(request->called_context, &row->member_id, &room, &called);
    if (err == OK && called.name.len == 0) {
        called.name = (struct span){0}; /* an empty name is none */
    }
    if (err == OK || err == ERR_NOT_FOUND) {
        err = acted ? present_actor_member(row, called.name, out)
                    : present_member(row, &called, request->now_ms, NULL, out);
    }
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

static enum err put_member(const struct views_request *request, const struct member_row *row, struct buf *out)
{
    return put_named(request, row, false, out);
}

enum err views_get_member(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct member_row row;
    TRY(views_args(request, &args));
    TRY(id_is_none(&args.member_id) ? ERR_MISSING : OK);
    TRY(access_member(request->txn, request->workspace_id, &args.member_id, &row));
    return put_member(request, &row, out);
}

enum err views_get_actor(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct key_row key;
    struct member_row member;
    struct outsider_row outsider;
    TRY(views_args(request, &args));
    if (!id_is_none(&args.user_id)) {
        TRY(access_outsider(request->txn, request->workspace_id, &args.user_id, &outsider));
        return present_actor_operator(&outsider, out);
    }
    TRY(id_is_none(&args.member_id) && id_is_none(&args.key_id) ? ERR_MISSING : OK);
    if (!id_is_none(&args.key_id)) {
        TRY(access_key_own(request->txn, request->workspace_id, &args.key_id, request->arena, &key));
        return present_actor_key(&key, out);
    }
    TRY(access_member_once(request->txn, request->workspace_id, &args.member_id, &member));
    return put_named(request, &member, true, out);
}

static enum err list_members(const struct views_request *request, bool invited, struct buf *out)
{
    struct query_args args;
    struct id room;
    const struct id *after = NULL;
    struct member_row *rows = NULL;
    uint32_t count = 0;
    TRY(views_args(request, &args));
    TRY(read_cursor(&args, ID_MEMBER, &room, &after));
    const uint32_t limit = (uint32_t)args.limit;
    /* one more than fits tells whether there is another page */
    TRY(access_members(request->txn, request->workspace_id, invited, after, limit + 1, request->arena, &rows, &count));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count && i < limit; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(put_member(request, &rows[i], out));
    }
    return views_end_page(count > limit ? &rows[limit - 1].member_id : NULL, out);
}

enum err views_list_members(const struct views_request *request, struct buf *out)
{
    return list_members(request, false, out);
}

enum err views_list_invitations(const struct views_request *request, struct buf *out)
{
    return list_members(request, true, out);
}

/* --- use and billing --- */

/* The plan is the workspace's, and so are the counts, whatever the asker sees. */
enum err views_get_usage(const struct views_request *request, struct buf *out)
{
    struct workspace_row row;
    struct usage usage;
    TRY(access_workspace(request->txn, request->workspace_id, request->arena, &row));
    TRY(access_usage(request->txn, request->workspace_id, request->now_ms, &usage));
    return present_usage(&row, &usage, out);
}

/* A cursor that is a number, as text; 0: none. */
static enum err read_number(const struct query_args *args, uint64_t *ret_number)
{
    *ret_number = 0;
    if (args->cursor.len > 0) {
        TRY(span_to_u64(args->cursor, ret_number));
        TRY(*ret_number <= INT64_MAX ? OK : ERR_RANGE);
    }
    return OK;
}

/* 0: there are no others. */
static enum err end_numbered(uint64_t last, struct buf *out)
{
    buf_text(out, "],\"next_cursor\":");
    if (last != 0) {
        buf_byte(out, '"');
        buf_u64(out, last);
        buf_text(out, "\"}");
    } else {
        buf_text(out, "null}");
    }
    return done(out);
}

/* Periods that are over, the newest first; the cursor is the last one's end. */
enum err views_get_billing(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct workspace_row row;
    struct period_row *rows = NULL;
    uint32_t count = 0;
    uint64_t before_ms = 0;
    TRY(access_workspace(request->txn, request->workspace_id, request->arena, &row));
    TRY(views_args(request, &args));
    TRY(read_number(&args, &before_ms));
    const uint32_t limit = (uint32_t)args.limit;
    TRY(access_periods(request->txn, request->workspace_id, (int64_t)before_ms, limit + 1, request->arena, &rows,
                       &count));
    buf_byte(out, '{');
    present_plan(&row, out);
    buf_text(out, ",\"data\":[");
    for (uint32_t i = 0; i < count && i < limit; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_period(&rows[i], out));
    }
    return end_numbered(count > limit ? (uint64_t)rows[limit - 1].period_end_ms : 0, out);
}

/* A program has a key, which reads nothing. */
enum err views_list_notifications(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct notification_page page;
    TRY(views_args(request, &args));
    struct notification_filter filter = {.grant = request->grant, .limit = (uint32_t)args.limit};
    TRY(views_set(args.kinds, &notification_kind_words, &filter.kinds));
    TRY(read_number(&args, &filter.before));
    TRY(notifications_list(request->txn, request->workspace_id, &filter, request->arena, &page));
    buf_text(out, "{\"unread\":null,\"data\":[");
    for (uint32_t i = 0; i < page.count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_notification(&page.items[i], false, out));
    }
    return end_numbered(page.more ? page.items[page.count - 1].row.workspace_seq : 0, out);
}
