/* views.c: what an RPC client may ask of the read models. Called by the ledger's process for a query frame. Must never
 * answer with what is not in the principal's workspace. */
#include "projections/views_internal.h"

#include "core/base/assert.h"
#include "core/base/covered.h"
#include "core/base/sha256.h"
#include "core/message/codec.h"
#include "core/message/field.h"

#define LIMIT_DEFAULT 50
#define PAGE_END_MAX 160 /* bytes behind a page's last post: the cursor's hex and what closes it */

enum err views_args(const struct views_request *request, struct query_args *ret_args)
{
    memset(ret_args, 0, sizeof *ret_args);
    if (request->args.len > 0) {
        TRY(record_decode(query_args_desc(), request->args, request->arena, ret_args));
    }
    if (ret_args->limit == 0) {
        ret_args->limit = LIMIT_DEFAULT;
    }
    return ret_args->limit <= POSTS_PAGE_MAX ? OK : ERR_RANGE;
}

static struct present present_of(const struct views_request *request)
{
    return (struct present){.txn = request->txn,
                            .zones = request->zones,
                            .channels = request->channels,
                            .arena = request->arena,
                            .grant = request->grant,
                            .now_ms = request->now_ms,
                            .rendering = request->rendering,
                            .rendering_context = request->rendering_context};
}

static enum err get_view(const struct views_request *request, const struct query_args *args, struct post_view *ret_post)
{
    if (id_is_none(&args->post_id)) {
        return ERR_MISSING;
    }
    struct post_view post;
    TRY(posts_get(request->txn, request->workspace_id, &args->post_id, request->arena, &post));
    if (!posts_sees(request->grant, &post.row)) {
        return ERR_NOT_FOUND;
    }
    *ret_post = post;
    return OK;
}

static enum err get_post(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct post_view post;
    TRY(views_args(request, &args));
    TRY(get_view(request, &args, &post));
    const struct present present = present_of(request);
    return present_post(&present, &post, out);
}

static enum err deliveries(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct post_view post;
    TRY(views_args(request, &args));
    TRY(get_view(request, &args, &post));
    const struct present present = present_of(request);
    return present_deliveries(&present, &post, out);
}

/* --- cursors --- */

static void mark(const void *context, struct span what, uint8_t ret_hash[32])
{
    const struct views_request *request = context;
    uint8_t bytes[sizeof request->workspace_id->uuid + COVERED_HASHED_MAX];
    struct buf hashed = buf_of(bytes, sizeof bytes);
    buf_put(&hashed, span_of(request->workspace_id->uuid, sizeof request->workspace_id->uuid));
    buf_put(&hashed, what);
    ASSERT(buf_ok(&hashed));
    sha256_hmac(span_of(request->cursor_key, VIEWS_CURSOR_KEY_LEN), buf_span(&hashed), ret_hash);
}

/* What tells the list from others: which query it is of, and every argument but where it goes on and how far. */
static enum err list_of(const struct views_request *request, const char *query, const struct query_args *args,
                        uint8_t room[COVERED_LIST_MAX], struct covered_list *ret_list)
{
    const size_t cap = request->args.len + 16; /* they came in so many */
    uint8_t *bytes = arena_room(request->arena, cap);
    struct buf asked = buf_of(bytes, bytes == NULL ? 0 : cap);
    struct buf which = buf_of(room, COVERED_LIST_MAX);
    struct query_args rest = *args;
    uint8_t hash[SHA256_LEN];
    rest.cursor = (struct span){0};
    rest.limit = 0;
    TRY(bytes == NULL ? ERR_NO_MEMORY : record_encode(query_args_desc(), &rest, &asked));
    TRY(buf_ok(&asked) ? OK : ERR_MALFORMED);
    sha256(buf_span(&asked), hash);
    buf_put(&which, span_of(hash, sizeof hash));
    buf_text(&which, query);
    buf_byte(&which, 0);
    ASSERT(buf_ok(&which));
    *ret_list = (struct covered_list){.which = buf_span(&which), .mark = mark, .context = request};
    return OK;
}

void views_cursor(struct span cursor, struct buf *out)
{
    if (cursor.len == 0) {
        buf_text(out, "null");
        return;
    }
    buf_text(out, "\"");
    buf_hex(out, cursor);
    buf_text(out, "\"");
}

/* Writes a position of the list (len 0: none) as a cursor. */
static void cover(const struct covered_list *list, struct span position, struct buf *out)
{
    uint8_t bytes[COVERED_MAX];
    struct buf covered = buf_of(bytes, sizeof bytes);
    if (position.len > 0) {
        covered_put(list, position, &covered);
    }
    views_cursor(buf_span(&covered), out);
}

/* Reads one, into the arena; empty: none was given. ERR_MALFORMED: it is not of that list. */
static enum err uncover(const struct covered_list *list, struct span cursor, struct arena *arena,
                        struct span *ret_position)
{
    if (cursor.len == 0) {
        *ret_position = (struct span){0};
        return OK;
    }
    uint8_t *copy = arena_alloc(arena, cursor.len);
    TRY(copy == NULL ? ERR_NO_MEMORY : OK);
    memcpy(copy, cursor.data, cursor.len);
    return covered_read(list, copy, cursor.len, ret_position);
}

/* --- posts --- */

/* A history's position is the last version. */
static enum err history(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct post_row post;
    struct span position;
    struct covered_list list;
    uint8_t room[COVERED_LIST_MAX];
    uint8_t last[8];
    TRY(views_args(request, &args));
    TRY(id_is_none(&args.post_id) ? ERR_MISSING : OK);
    TRY(posts_get_ever(request->txn, request->workspace_id, &args.post_id, request->arena, &post));
    TRY(posts_sees(request->grant, &post) ? OK : ERR_NOT_FOUND);
    TRY(list_of(request, "history", &args, room, &list));
    TRY(uncover(&list, args.cursor, request->arena, &position));
    TRY(position.len == 0 || position.len == sizeof last ? OK : ERR_MALFORMED);
    const struct present present = present_of(request);
    const uint64_t after = position.len == 0 ? 0 : get_be64(position.data);
    uint64_t next = 0;
    TRY(present_history(&present, &post, after, (uint32_t)args.limit, out, &next));
    put_be64(last, next);
    buf_text(out, ",\"next_cursor\":");
    cover(&list, span_of(last, next != 0 ? sizeof last : 0), out);
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* *fit: how many of the posts found room, when not all of them did (ERR_NO_SPACE). */
static enum err put_posts(const struct views_request *request, const struct covered_list *list,
                          const struct post_page *page, struct buf *out, uint32_t *fit)
{
    struct present_seen seen = {.account_count = 0};
    struct present present = present_of(request);
    present.seen = &seen;
    buf_text(out, "{\"data\":[");
    if (!buf_ok(out) || out->cap - out->len < PAGE_END_MAX) {
        return ERR_NO_SPACE;
    }
    struct buf posts = buf_of(out->data + out->len, out->cap - out->len - PAGE_END_MAX);
    for (uint32_t i = 0; i < page->count; i++) {
        *fit = i;
        buf_text(&posts, i == 0 ? "" : ",");
        TRY(present_post(&present, &page->posts[i], &posts));
    }
    out->len += posts.len;
    buf_text(out, "],\"next_cursor\":");
    cover(list, span_of(page->cursor, page->cursor_len), out);
    buf_text(out, "}");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

enum err views_set(uint64_t bits, const struct choice_table *words, uint32_t *ret_set)
{
    ASSERT(words->count <= 32);
    const uint64_t known = ((uint64_t)1 << words->count) - 2; /* bit 0 names nothing */
    TRY((bits & ~known) == 0 ? OK : ERR_RANGE);
    *ret_set = (uint32_t)bits;
    return OK;
}

/* The sets and ids by which posts are filtered. ERR_RANGE: a bit that names nothing; ERR_MALFORMED: another kind of id.
 */
static enum err read_filter(const struct query_args *args, struct post_filter *filter)
{
    const bool series = id_is_none(&args->series_id) || args->series_id.kind == ID_SERIES;
    const bool template = id_is_none(&args->template_id) || args->template_id.kind == ID_TEMPLATE;
    const bool account = id_is_none(&args->integration_id) || args->integration_id.kind == ID_INTEGRATION;
    const bool author = id_is_none(&args->author_id) || posts_may_write(&args->author_id);
    TRY(series && template && account && author ? OK : ERR_MALFORMED);
    TRY(views_set(args->statuses, &post_listed_words, &filter->statuses));
    TRY(views_set(args->attention, &attention_words, &filter->attention));
    return views_set(args->approvals, &approval_words, &filter->approvals);
}

/* Posts that are more together than out has room for make a shorter page: its cursor leads on. */
enum err views_page(const struct views_request *request, views_put_page *put, struct buf *out)
{
    struct query_args args;
    TRY(views_args(request, &args));
    const struct arena_mark mark = arena_mark(request->arena);
    const struct buf start = *out;
    uint32_t limit = (uint32_t)args.limit;
    enum err err = put(request, args.cursor, limit, out);
    while (err == ERR_NO_SPACE && limit > 1) {
        arena_rewind(request->arena, mark);
        limit /= 2;
        *out = start;
        err = put(request, args.cursor, limit, out);
    }
    return err;
}

static enum err list_posts(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    TRY(views_args(request, &args));
    struct post_filter filter = {
        .series = &args.series_id,
        .series_count = id_is_none(&args.series_id) ? 0 : 1,
        .templates = &args.template_id,
        .template_count = id_is_none(&args.template_id) ? 0 : 1,
        .integrations = &args.integration_id,
        .integration_count = id_is_none(&args.integration_id) ? 0 : 1,
        .authors = &args.author_id,
        .author_count = id_is_none(&args.author_id) ? 0 : 1,
        .labels = &args.label,
        .label_count = args.label.data == NULL ? 0 : 1,
        .publish_after_ms = args.publish_after,
        .publish_before_ms = args.publish_before,
        .seen_by = request->grant,
    };
    struct words_query query;
    TRY(read_filter(&args, &filter));
    if (args.q.data != NULL) {
        TRY(args.q.len <= SEARCH_BYTES_MAX ? OK : ERR_RANGE);
        TRY(words_query_read(args.q, request->arena, &query));
        filter.search = &query;
    }
    TRY(posts_order(args.order, &filter.order));
    struct span after;
    struct covered_list list;
    uint8_t room[COVERED_LIST_MAX];
    TRY(list_of(request, "list_posts", &args, room, &list));
    TRY(uncover(&list, args.cursor, request->arena, &after));
    struct post_page page;
    const struct arena_mark begun = arena_mark(request->arena);
    const size_t start = out->len;
    uint32_t fit = 0;
    TRY(posts_list(request->txn, request->workspace_id, &filter, after, (uint32_t)args.limit, request->arena, &page));
    const enum err err = put_posts(request, &list, &page, out, &fit);
    if (err != ERR_NO_SPACE || fit == 0) {
        return err;
    }
    arena_rewind(request->arena, begun);
    out->len = start;
    TRY(posts_list(request->txn, request->workspace_id, &filter, after, fit, request->arena, &page));
    return put_posts(request, &list, &page, out, &fit);
}

static enum err get_integration(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct integration_row integration;
    TRY(views_args(request, &args));
    if (id_is_none(&args.integration_id)) {
        return ERR_MISSING;
    }
    if (!access_sees(request->grant, &args.integration_id)) {
        return ERR_NOT_FOUND;
    }
    TRY(access_integration(request->txn, request->workspace_id, &args.integration_id, request->arena, &integration));
    access_conceal(request->grant, &integration);
    return present_integration(&integration, request->now_ms, out);
}

/* The cursor is the last integration's id. */
static enum err list_integrations(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct id after = {.kind = ID_NONE};
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    TRY(views_args(request, &args));
    if (args.cursor.len > 0) {
        TRY(id_parse(args.cursor, ID_INTEGRATION, &after));
    }
    const uint32_t limit = (uint32_t)args.limit;
    TRY(access_integrations(request->txn, request->workspace_id, request->grant, id_is_none(&after) ? NULL : &after,
                            limit + 1, request->arena, &rows, &count));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count && i < limit; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_integration(&rows[i], request->now_ms, out));
    }
    return views_end_page(count > limit ? &rows[limit - 1].integration_id : NULL, out);
}

static enum err read_queue(const struct views_request *request, const struct query_args *args,
                           struct weekly_row *ret_queue, struct workspace_row *ret_workspace)
{
    struct integration_row integration;
    if (id_is_none(&args->integration_id)) {
        return ERR_MISSING;
    }
    if (!access_sees(request->grant, &args->integration_id)) {
        return ERR_NOT_FOUND;
    }
    TRY(access_integration(request->txn, request->workspace_id, &args->integration_id, request->arena, &integration));
    TRY(access_queue(request->txn, &integration, request->arena, ret_queue));
    return access_workspace(request->txn, request->workspace_id, request->arena, ret_workspace);
}

static enum err get_queue(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct weekly_row queue;
    struct workspace_row workspace;
    TRY(views_args(request, &args));
    TRY(read_queue(request, &args, &queue, &workspace));
    return present_queue(&queue, &workspace, out);
}

static enum err preview_queue(const struct views_request *request, struct buf *out)
{
    struct query_args args;
    struct weekly_row queue;
    struct workspace_row workspace;
    TRY(views_args(request, &args));
    TRY(read_queue(request, &args, &queue, &workspace));
    const struct present present = present_of(request);
    return present_preview(&present, request->grant, &queue, &workspace, (uint32_t)args.limit, out);
}

#define FILTERS                                                                                          \
    "q statuses approvals attention integration_id series_id template_id label author_id publish_after " \
    "publish_before order "

static const struct views_query queries[] = {
    {"get_post",           get_post,                 NEED_VIEWER, SCOPE_POSTS_READ,        "post_id",                  "A post as HTTP shows it."                },
    {"list_posts",         list_posts,               NEED_VIEWER, SCOPE_POSTS_READ,        FILTERS "limit cursor",
     "A page of posts; q is words to look for, cursor the bytes whose hex is next_cursor. A page of long posts is "
     "shorter, one of what no index knows may be empty, and its cursor leads on."                                                                                },
    {"get_integration",    get_integration,          NEED_VIEWER, SCOPE_INTEGRATIONS_READ, "integration_id",           "An integration."                         },
    {"list_integrations",  list_integrations,        NEED_VIEWER, SCOPE_INTEGRATIONS_READ, "limit cursor",
     "A page of integrations."                                                                                                                                   },
    {"get_series",         views_get_series,         NEED_VIEWER, SCOPE_POSTS_READ,        "series_id",                "A series as HTTP shows it."              },
    {"list_series",        views_list_series,        NEED_VIEWER, SCOPE_POSTS_READ,        "limit cursor",             "A page of series."                       },
    {"preview_series",     views_preview_series,     NEED_VIEWER, SCOPE_POSTS_READ,        "series_id limit",
     "Its next local times and the post of each; limit says how many."                                                                                           },
    {"get_queue",          get_queue,                NEED_VIEWER, SCOPE_INTEGRATIONS_READ, "integration_id",           "The queue of an integration."            },
    {"preview_queue",      preview_queue,            NEED_VIEWER, SCOPE_INTEGRATIONS_READ, "integration_id limit",
     "Its next occurrences and who holds each; limit says how many."                                                                                             },
    {"deliveries",         deliveries,               NEED_VIEWER, SCOPE_POSTS_READ,        "post_id",                  "Every attempt of every target of a post."},
    {"history",            history,                  NEED_VIEWER, SCOPE_POSTS_READ,        "post_id limit cursor",
     "What happened to a post, in sentences, of a deleted draft too; cursor is the bytes whose hex is next_cursor."                                              },
    {"get_template",       views_get_template,       NEED_VIEWER, SCOPE_POSTS_READ,        "template_id",              "A template."                             },
    {"list_templates",     views_list_templates,     NEED_VIEWER, SCOPE_POSTS_READ,        "limit cursor",
     "A page of templates in the order of their names; cursor is the bytes whose hex is next_cursor."                                                            },
    {"get_workspace",      views_get_workspace,      NEED_VIEWER, SCOPE_SETTINGS_READ,     "",                         "The workspace: its settings."            },
    {"get_key",            views_get_key,            NEED_ADMIN,  SCOPE_KEYS_READ,         "key_id",                   "An API key, never its text."             },
    {"list_keys",          views_list_keys,          NEED_ADMIN,  SCOPE_KEYS_READ,         "limit cursor",             "A page of keys, revoked ones too."       },
    {"get_member",         views_get_member,         NEED_AUDIT,  SCOPE_MEMBERS_READ,      "member_id",
     "A member, or somebody who is invited."                                                                                                                     },
    {"list_members",       views_list_members,       NEED_AUDIT,  SCOPE_MEMBERS_READ,      "limit cursor",             "A page of members."                      },
    {"list_invitations",   views_list_invitations,   NEED_ADMIN,  SCOPE_MEMBERS_READ,      "limit cursor",
     "A page of those who are invited."                                                                                                                          },
    {"get_actor",          views_get_actor,          NEED_AUDIT,  SCOPE_MEMBERS_READ,      "member_id key_id user_id",
     "Who acted, a key or a member, also one that has ended, or an operator from outside: one of the three."                                                     },
    {"get_usage",          views_get_usage,          NEED_ADMIN,  SCOPE_SETTINGS_READ,     "",
     "What the plan bounds, and how much of it is used."                                                                                                         },
    {"get_billing",        views_get_billing,        NEED_OWNER,  SCOPE_BILLING_READ,      "limit cursor",
     "The plan and the billing periods that are over."                                                                                                           },
    {"list_notifications", views_list_notifications, NEED_VIEWER, SCOPE_NONE,              "kinds limit cursor",
     "What members are told, the newest first."                                                                                                                  },
};

/* The words of takes, one by one. */
static bool next_taken(struct span *rest, struct span *ret_name)
{
    const size_t len = span_find(*rest, ' ');
    const size_t step = len < rest->len ? len + 1 : len;
    *ret_name = span_of(rest->data, len);
    *rest = span_of(rest->data + step, rest->len - step);
    return len > 0;
}

static bool takes(const struct views_query *query, struct span name)
{
    struct span rest = span_text(query->takes);
    struct span taken;
    while (next_taken(&rest, &taken)) {
        if (span_equal(taken, name)) {
            return true;
        }
    }
    return false;
}

static void object_to(const struct views_query *query, struct span name, struct fault *ret_fault)
{
    struct buf param = buf_of(ret_fault->param, sizeof ret_fault->param - 1);
    struct buf detail = buf_of(ret_fault->detail, sizeof ret_fault->detail - 1);
    struct span rest = span_text(query->takes);
    struct span taken;
    const char *before = "There is no such argument. There are: ";
    buf_put(&param, name.len <= sizeof ret_fault->param - 1 && span_is_utf8(name) ? name : SPAN("?"));
    while (next_taken(&rest, &taken)) {
        buf_text(&detail, before);
        buf_put(&detail, taken);
        before = ", ";
    }
    buf_text(&detail, detail.len > 0 ? "." : "This question takes no arguments.");
    ASSERT(buf_terminated(&param) != NULL);
    ASSERT(buf_terminated(&detail) != NULL);
}

bool views_takes(const struct views_query *query, struct span arguments, struct arena *arena, struct fault *ret_fault)
{
    const struct record_desc *desc = query_args_desc();
    struct query_args args;
    struct given_name unknown;
    if (arguments.len == 0 || record_decode_asked(desc, arguments, arena, &args, &unknown) != OK) {
        return true;
    }
    if (unknown.record != NULL) {
        object_to(query, unknown.name, ret_fault);
        return false;
    }
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct span name = span_of(desc->fields[i].name, desc->fields[i].name_len);
        if (!field_is_absent(&desc->fields[i], &args) && !takes(query, name)) {
            object_to(query, name, ret_fault);
            return false;
        }
    }
    return true;
}

const struct views_query *views_query_at(uint32_t index)
{
    return index < sizeof queries / sizeof *queries ? &queries[index] : NULL;
}

const struct views_query *views_query_find(struct span name)
{
    for (uint32_t i = 0; views_query_at(i) != NULL; i++) {
        if (span_equal(name, span_text(queries[i].name))) {
            return &queries[i];
        }
    }
    return NULL;
}
