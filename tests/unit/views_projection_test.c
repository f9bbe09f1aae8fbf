/* views_projection_test.c: what other programs may ask of the read models over RPC. */
#include "core/base/covered.h"
#include "projections/views.h"
#include "tests/unit/present_world.h"

/* The second is known. */
static enum err called(void *context, const struct id *member_id, struct buf *room, struct called *ret_called)
{
    const struct id known = id_n(ID_MEMBER, 2);
    (void)context;
    if (!id_equal(member_id, &known)) {
        return ERR_NOT_FOUND;
    }
    buf_text(room, "Ann a@example.org");
    *ret_called = (struct called){.name = span_of(room->data, 3), .email = span_of(room->data + 4, 13)};
    return OK;
}

/* A key, and two who are invited. */
static void feed_tenant(struct world *world)
{
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_key_created);
    event.key_created = (struct key_created_event){.key_id = id_n(ID_KEY, 1),
                                                   .workspace_id = workspace_id,
                                                   .name = SPAN("deploy"),
                                                   .role = ROLE_EDITOR,
                                                   .fingerprint = {{1}}};
    feed(world, &workspace_id, &event.key_created.key_id, &event);
    for (uint32_t n = 1; n <= 2; n++) {
        event = event_of(EVENT_member_invited);
        event.member_invited = (struct member_invited_event){.member_id = id_n(ID_MEMBER, n),
                                                             .workspace_id = workspace_id,
                                                             .role = ROLE_ADMIN,
                                                             .vault_id = id_n(ID_SECRET, n),
                                                             .fingerprint = {{(uint8_t)n}},
                                                             .expires_ms = T0 + DAY_MS};
        feed(world, &workspace_id, &event.member_invited.member_id, &event);
        event = event_of(EVENT_template_created);
        event.template_created = (struct template_created_event){
            .template_id = id_n(ID_TEMPLATE, n), .author_id = id_n(ID_KEY, 1), .name = SPAN("Weekly")};
        feed(world, &workspace_id, &event.template_created.template_id, &event);
    }
}

static void feed_series(struct world *world)
{
    const struct id workspace_id = the_workspace();
    struct content_part part = {.text = SPAN("again")};
    struct event event = event_of(EVENT_series_created);
    event.series_created = (struct series_created_event){.series_id = id_n(ID_SERIES, 1),
                                                         .author_id = id_n(ID_KEY, 1),
                                                         .timezone = SPAN("UTC"),
                                                         .frequency = FREQUENCY_DAILY,
                                                         .every = 1,
                                                         .time = SPAN("09:30"),
                                                         .start = SPAN("2026-04-20"),
                                                         .parts = &part,
                                                         .parts_count = 1,
                                                         .generation = 1};
    feed(world, &workspace_id, &event.series_created.series_id, &event);
}

static enum err ask_into(struct world *world, struct zones *zones, const char *name, const struct query_args *args,
                         const struct id *workspace_id, struct buf *out)
{
    uint8_t bytes[4096];
    struct buf encoded = buf_of(bytes, sizeof bytes);
    if (args != NULL) {
        ck_assert_int_eq(record_encode(query_args_desc(), args, &encoded), OK);
    }
    const struct views_query *query = views_query_find(span_text(name));
    ck_assert_ptr_nonnull(query);
    const struct views_request request = {.txn = reading(world),
                                          .workspace_id = workspace_id,
                                          .grant = &(struct grant){.role = ROLE_VIEWER},
                                          .args = buf_span(&encoded),
                                          .zones = zones,
                                          .arena = &world->arena,
                                          .cursor_key = (const uint8_t[VIEWS_CURSOR_KEY_LEN]){7},
                                          .called = called};
    return query->answer(&request, out);
}

static enum err ask(struct world *world, struct zones *zones, const char *name, const struct query_args *args,
                    const struct id *workspace_id, struct buf *out)
{
    *out = out_of(world);
    return ask_into(world, zones, name, args, workspace_id, out);
}

START_TEST(every_query_answers_with_json)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0 + HOUR_MS);
    feed_locked(&world, 1, 2, 1, false);
    feed_started(&world, 1, 0, 1, 0);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_TRY_AGAIN);
    event.attempt_finished.code = SPAN("platform_unavailable");
    event.attempt_finished.platform_code = SPAN("503");
    feed_post(&world, 1, &event);
    feed_tenant(&world);
    feed_series(&world);
    const struct id workspace_id = the_workspace();
    const struct query_args args = {.post_id = id_n(ID_POST, 1),
                                    .integration_id = id_n(ID_INTEGRATION, 1),
                                    .key_id = id_n(ID_KEY, 1),
                                    .member_id = id_n(ID_MEMBER, 1),
                                    .series_id = id_n(ID_SERIES, 1),
                                    .template_id = id_n(ID_TEMPLATE, 1)};
    struct buf out;
    uint32_t count = 0;
    for (; views_query_at(count) != NULL; count++) {
        ck_assert_int_eq(ask(&world, zones, views_query_at(count)->name, &args, &workspace_id, &out), OK);
        (void)parsed(&world, &out);
    }
    ck_assert_uint_eq(count, 23);
    ck_assert_ptr_null(views_query_find(SPAN("drop_all")));
    ck_assert_int_eq(ask(&world, zones, "deliveries", &args, &workspace_id, &out), OK);
    const struct json_node *json = parsed(&world, &out);
    const struct json_node *attempt = item_at(item_at(json, "data", 0), "attempts", 0);
    ck_assert_str_eq(text_at(&world, attempt, "outcome"), "try_again");
    ck_assert_str_eq(text_at(&world, attempt, "error/platform_code"), "503");
    check_null(attempt, "settled_at");
    present_end(&world, zones);
}

END_TEST

START_TEST(a_query_never_leaves_its_workspace)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 1);
    feed_tenant(&world);
    const struct id other = id_n(ID_WORKSPACE, 2);
    const struct query_args args = {.post_id = id_n(ID_POST, 1),
                                    .integration_id = id_n(ID_INTEGRATION, 1),
                                    .key_id = id_n(ID_KEY, 1),
                                    .member_id = id_n(ID_MEMBER, 1),
                                    .template_id = id_n(ID_TEMPLATE, 1)};
    static const char *const names[] = {"get_post", "deliveries", "history",     "get_integration",
                                        "get_key",  "get_member", "get_template"};
    static const char *const lists[] = {"list_posts",   "list_integrations", "list_keys",
                                        "list_members", "list_invitations",  "list_templates"};
    struct buf out;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_int_eq(ask(&world, zones, names[i], &args, &other, &out), ERR_NOT_FOUND);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        ck_assert_int_eq(ask(&world, zones, lists[i], NULL, &other, &out), OK);
        ck_assert_span_eq(buf_span(&out), "{\"data\":[],\"next_cursor\":null}");
    }
    present_end(&world, zones);
}

END_TEST

START_TEST(members_are_called_what_the_vault_says_and_come_page_by_page)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_tenant(&world);
    const struct id workspace_id = the_workspace();
    struct query_args args = {.limit = 1};
    struct buf out;
    ck_assert_int_eq(ask(&world, zones, "list_invitations", &args, &workspace_id, &out), OK);
    const struct json_node *page = parsed(&world, &out);
    ck_assert_uint_eq(json_node_member(page, "data")->count, 1);
    check_null(item_at(page, "data", 0), "name");
    check_null(item_at(page, "data", 0), "email");
    args.cursor = span_text(text_at(&world, page, "next_cursor"));
    ck_assert_int_eq(ask(&world, zones, "list_invitations", &args, &workspace_id, &out), OK);
    page = parsed(&world, &out);
    ck_assert_str_eq(text_at(&world, item_at(page, "data", 0), "name"), "Ann");
    ck_assert_str_eq(text_at(&world, item_at(page, "data", 0), "email"), "a@example.org");
    check_null(page, "next_cursor");
    static const char *const lists[] = {"list_keys", "list_members", "list_invitations", "get_billing",
                                        "list_notifications"};
    args.cursor = SPAN("post_01h455vb4pex5vsknk084sn02q");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        ck_assert_int_eq(ask(&world, zones, lists[i], &args, &workspace_id, &out), ERR_MALFORMED);
    }
    ck_assert_int_eq(ask(&world, zones, "get_key", NULL, &workspace_id, &out), ERR_MISSING);
    ck_assert_int_eq(ask(&world, zones, "get_member", NULL, &workspace_id, &out), ERR_MISSING);
    present_end(&world, zones);
}

END_TEST

/* The hex of a page's cursor as bytes; empty where there is none. */
static struct span cursor_of(struct world *world, const struct json_node *page)
{
    const struct json_node *node = json_node_member(page, "next_cursor");
    if (!json_node_is(node, NODE_TEXT)) {
        return SPAN("");
    }
    const char *hex = text_at(world, page, "next_cursor");
    struct buf bytes = buf_of(world_alloc(world, COVERED_MAX), COVERED_MAX);
    for (unsigned byte = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        buf_byte(&bytes, (uint8_t)byte);
    }
    ck_assert(buf_ok(&bytes));
    return buf_span(&bytes);
}

START_TEST(no_cursor_shows_the_post_whose_place_it_is)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    const struct id workspace_id = the_workspace();
    struct query_args args = {.limit = 1, .order = SPAN("created_at")};
    struct buf out;
    feed_created(&world, 1, 1);
    feed_created(&world, 2, 1);
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), OK);
    const struct span cursor = cursor_of(&world, parsed(&world, &out));
    const struct id post_id = id_n(ID_POST, 1);
    for (size_t at = 0; at + sizeof post_id.uuid <= cursor.len; at++) {
        ck_assert_mem_ne(cursor.data + at, post_id.uuid, sizeof post_id.uuid);
    }
    args.cursor = cursor;
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), OK);
    ck_assert_uint_eq(json_node_member(parsed(&world, &out), "data")->count, 1);
    for (size_t i = 0; i < cursor.len; i++) {
        uint8_t bytes[COVERED_MAX];
        memcpy(bytes, cursor.data, cursor.len);
        bytes[i] ^= 1;
        args.cursor = span_of(bytes, cursor.len);
        ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), ERR_MALFORMED);
    }
    args.cursor = span_of(cursor.data, 8);
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), ERR_MALFORMED);
    const struct id other = id_n(ID_WORKSPACE, 2);
    args.cursor = cursor;
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &other, &out), ERR_MALFORMED);
    present_end(&world, zones);
}

END_TEST

/* Whatever room there is for an answer: all posts come, in order, each once, and a page has as many as fit. */
START_TEST(posts_that_are_more_than_an_answer_may_be_make_shorter_pages)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    const struct id workspace_id = the_workspace();
    for (uint32_t post = 1; post <= 5; post++) {
        feed_created(&world, post, 2);
    }
    const size_t one = presented(&world, zones, 1).len;
    for (size_t room = one + 200; room < 6 * one + 200; room += 61) {
        struct query_args args = {.order = SPAN("created_at")};
        uint32_t next = 1;
        do {
            struct buf out = buf_of(world_alloc(&world, room), room);
            ck_assert_int_eq(ask_into(&world, zones, "list_posts", &args, &workspace_id, &out), OK);
            const struct json_node *page = parsed(&world, &out);
            const uint32_t count = json_node_member(page, "data")->count;
            ck_assert_uint_ge(count, 1);
            ck_assert(count * (one + 1) + 10 < room);
            ck_assert(next + count > 5 || (count + 1) * (one + 1) + 180 > room); /* one more has no room */
            for (uint32_t i = 0; i < count; i++, next++) {
                char id[ID_TEXT_MAX + 1];
                struct buf text = buf_of(id, sizeof id);
                const struct id post_id = id_n(ID_POST, next);
                id_write(&text, &post_id);
                ck_assert_str_eq(text_at(&world, item_at(page, "data", i), "id"), buf_terminated(&text));
            }
            args.cursor = cursor_of(&world, page);
        } while (args.cursor.len > 0);
        ck_assert_uint_eq(next, 6);
    }
    present_end(&world, zones);
}

END_TEST

START_TEST(a_post_that_alone_is_more_than_an_answer_may_be_has_no_page)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    const struct id workspace_id = the_workspace();
    feed_created(&world, 1, 2);
    const size_t one = presented(&world, zones, 1).len;
    struct buf out = buf_of(world_alloc(&world, one), one);
    ck_assert_int_eq(ask_into(&world, zones, "list_posts", NULL, &workspace_id, &out), ERR_NO_SPACE);
    out = buf_of(out.data, 8);
    ck_assert_int_eq(ask_into(&world, zones, "list_posts", NULL, &workspace_id, &out), ERR_NO_SPACE);
    present_end(&world, zones);
}

END_TEST

START_TEST(posts_are_found_by_words_and_status)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    const struct id workspace_id = the_workspace();

    static const struct {
        struct query_args args;
        uint32_t found;
    } cases[] = {
        {{.q = STATIC_SPAN("HELL")},                                2},
        {{.q = STATIC_SPAN("\"hell\"")},                            0},
        {{.q = STATIC_SPAN("hello"), .statuses = 1U << POST_DRAFT}, 1},
    };

    feed_created(&world, 1, 1);
    feed_created(&world, 2, 1);
    feed_scheduled(&world, 2, 1, T0 + HOUR_MS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        ck_assert_int_eq(ask(&world, zones, "list_posts", &cases[i].args, &workspace_id, &out), OK);
        ck_assert_uint_eq(json_node_member(parsed(&world, &out), "data")->count, cases[i].found);
    }
    present_end(&world, zones);
}

END_TEST

START_TEST(wrong_arguments_are_told_apart)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    const struct id workspace_id = the_workspace();
    struct buf out;
    ck_assert_int_eq(ask(&world, zones, "get_post", NULL, &workspace_id, &out), ERR_MISSING);
    ck_assert_int_eq(ask(&world, zones, "get_integration", NULL, &workspace_id, &out), ERR_MISSING);
    struct query_args args = {.limit = 201};
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), ERR_RANGE);
    args = (struct query_args){.order = SPAN("upwards")};
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), ERR_RANGE);
    args = (struct query_args){.cursor = SPAN("xyz")};
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), ERR_MALFORMED);
    ck_assert_int_eq(ask(&world, zones, "list_integrations", &args, &workspace_id, &out), ERR_MALFORMED);
    args = (struct query_args){.q = SPAN("!")};
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), ERR_MISSING);
    args = (struct query_args){.post_id = id_n(ID_POST, 7)};
    ck_assert_int_eq(ask(&world, zones, "get_post", &args, &workspace_id, &out), ERR_NOT_FOUND);
    present_end(&world, zones);
}

END_TEST

START_TEST(a_history_tells_the_story_in_pages)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 1);
    feed_created(&world, 2, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    feed_locked(&world, 1, 1, 1, false);
    feed_started(&world, 1, 0, 1, 0);
    const struct id workspace_id = the_workspace();
    struct query_args args = {.post_id = id_n(ID_POST, 1), .limit = 3};
    struct buf out;
    ck_assert_int_eq(ask(&world, zones, "history", &args, &workspace_id, &out), OK);
    const struct json_node *json = parsed(&world, &out);
    const struct span cursor = cursor_of(&world, json);
    const struct json_node *first = item_at(json, "data", 0);
    ck_assert_str_eq(text_at(&world, first, "event"), "post_created");
    ck_assert_str_eq(text_at(&world, first, "actor"), "key");
    check_null(first, "target_id");
    args.cursor = cursor;
    args.post_id = id_n(ID_POST, 2);
    ck_assert_int_eq(ask(&world, zones, "history", &args, &workspace_id, &out), ERR_MALFORMED); /* another post's */
    args.post_id = id_n(ID_POST, 1);
    ck_assert_int_eq(ask(&world, zones, "list_posts", &args, &workspace_id, &out), ERR_MALFORMED);
    ck_assert_int_eq(ask(&world, zones, "history", &args, &workspace_id, &out), OK);
    json = parsed(&world, &out);
    check_null(json, "next_cursor");
    ck_assert_str_eq(text_at(&world, item_at(json, "data", 0), "sentence"),
                     "Attempt 1 on bluesky (acme.test) started.");
    args.cursor = SPAN("3");
    ck_assert_int_eq(ask(&world, zones, "history", &args, &workspace_id, &out), ERR_MALFORMED);
    present_end(&world, zones);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("views_projection");
    TCase *tcase = tcase_create("queries");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_query_answers_with_json);
    tcase_add_test(tcase, a_query_never_leaves_its_workspace);
    tcase_add_test(tcase, members_are_called_what_the_vault_says_and_come_page_by_page);
    tcase_add_test(tcase, no_cursor_shows_the_post_whose_place_it_is);
    tcase_add_test(tcase, posts_that_are_more_than_an_answer_may_be_make_shorter_pages);
    tcase_add_test(tcase, a_post_that_alone_is_more_than_an_answer_may_be_has_no_page);
    tcase_add_test(tcase, posts_are_found_by_words_and_status);
    tcase_add_test(tcase, wrong_arguments_are_told_apart);
    tcase_add_test(tcase, a_history_tells_the_story_in_pages);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
