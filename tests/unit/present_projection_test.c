/* present_projection_test.c: the JSON that people and programs see, to the letter. */
#include "tests/unit/present_world.h"

START_TEST(a_draft_has_every_member_and_null_for_what_is_absent)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 1);
    const struct json_node *json = shown(&world, zones, 1);
    static const char *const absent[] = {"publish_at", "publish_at_local", "locks_at",     "locked_at",
                                         "not_after",  "approval/by",      "published_at", "duplicate_of"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        check_null(json, absent[i]);
    }
    ck_assert_str_eq(text_at(&world, json, "status"), "draft");
    ck_assert_str_eq(text_at(&world, json, "timezone"), "America/New_York");
    ck_assert_str_eq(text_at(&world, json, "created_at"), "2026-04-20T14:00:00Z");
    const struct json_node *content = json_node_member(json, "content");
    ck_assert_str_eq(text_at(&world, content, "text"), "Hello");
    check_null(content, "link");
    check_null(content, "first_comment");
    const struct json_node *target = item_at(json, "targets", 0);
    static const char *const absent_of_target[] = {
        "publish_at", "publish_at_local",  "at",    "rendering",    "platform_post_id", "url", "held",
        "variant",    "platform_settings", "error", "published_at", "parts_total"};
    for (size_t i = 0; i < sizeof absent_of_target / sizeof *absent_of_target; i++) {
        check_null(target, absent_of_target[i]);
    }
    ck_assert_str_eq(text_at(&world, target, "channel"), "bluesky");
    ck_assert_str_eq(text_at(&world, target, "status"), "pending");
    ck_assert_uint_eq(json_node_member(target, "violations")->count, 0);
    present_end(&world, zones);
}

END_TEST

START_TEST(a_scheduled_post_tells_when_it_locks_until_it_is_locked)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    const struct json_node *json = shown(&world, zones, 1);
    ck_assert_str_eq(text_at(&world, json, "locks_at"), "2026-04-20T14:55:00Z");
    check_null(json, "locked_at");
    feed_scheduled(&world, 1, 1, T0 + 1000); /* the instant has passed: at once */
    ck_assert_str_eq(text_at(&world, shown(&world, zones, 1), "locks_at"), "2026-04-20T13:55:01Z");
    feed_locked(&world, 1, 1, 3, true);
    json = shown(&world, zones, 1);
    check_null(json, "locks_at");
    ck_assert_str_eq(text_at(&world, json, "locked_at"), "2026-04-20T14:00:00Z");
    present_end(&world, zones);
}

END_TEST

START_TEST(a_published_post_shows_what_was_sent_and_when_here_and_there)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    world.now_ms = T0 + HOUR_MS - LOCK_AHEAD_MS;
    feed_locked(&world, 1, 1, 2, true);
    world.now_ms = T0 + HOUR_MS;
    feed_started(&world, 1, 0, 1, 0);
    feed_accepted(&world, 1, 0, 1, 0);
    feed_started(&world, 1, 0, 2, 1);
    feed_accepted(&world, 1, 0, 2, 1);
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_post_finished(&world, 1, POST_PUBLISHED);
    const struct json_node *json = shown(&world, zones, 1);
    ck_assert_str_eq(text_at(&world, json, "status"), "published");
    ck_assert_str_eq(text_at(&world, json, "publish_at"), "2026-04-20T15:00:00Z");
    ck_assert_str_eq(text_at(&world, json, "publish_at_local"), "2026-04-20T11:00:00-04:00");
    ck_assert_str_eq(text_at(&world, json, "locked_at"), "2026-04-20T14:55:00Z");
    ck_assert_str_eq(text_at(&world, json, "published_at"), "2026-04-20T15:00:00Z");
    const struct json_node *target = item_at(json, "targets", 0);
    ck_assert_str_eq(text_at(&world, target, "platform_post_id"), "at://did:plc:abc/app.bsky.feed.post/0");
    ck_assert_int_eq(number_at(target, "parts_live"), 2);
    const struct json_node *rendering = json_node_member(target, "rendering");
    ck_assert_str_eq(text_at(&world, rendering, "format"), "thread");
    ck_assert_uint_eq(json_node_member(rendering, "parts")->count, 3);
    ck_assert_str_eq(text_at(&world, item_at(rendering, "parts", 0), "payload/text"), "Hello");
    ck_assert_str_eq(text_at(&world, item_at(rendering, "parts", 1), "platform_post_id"),
                     "at://did:plc:abc/app.bsky.feed.post/1");
    check_null(item_at(rendering, "parts", 2), "platform_post_id");
    ck_assert(json_node_is(json_node_member(item_at(rendering, "parts", 2), "first_comment"), NODE_TRUE));
    feed_started(&world, 1, 0, 3, 2);
    feed_accepted(&world, 1, 0, 3, 2);
    target = item_at(shown(&world, zones, 1), "targets", 0);
    rendering = json_node_member(target, "rendering");
    ck_assert_str_eq(text_at(&world, item_at(rendering, "parts", 2), "platform_post_id"),
                     "at://did:plc:abc/app.bsky.feed.post/1"); /* of the fixture, for all but the first */
    ck_assert_int_eq(number_at(target, "parts_live"), 2);      /* a first comment is no part */
    ck_assert_int_eq(number_at(target, "parts_total"), 2);
    present_end(&world, zones);
}

END_TEST

START_TEST(what_was_noted_at_the_lock_is_shown_and_why_a_target_was_refused_there_is_its_error)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 3);
    feed_scheduled(&world, 1, 3, T0 + HOUR_MS);
    struct locked_part part = {.key = SPAN("3lrkey"), .created_ms = T0, .payload = SPAN("{}")};
    struct locked_target targets[] = {
        {.target_id = target_n(1, 0), .parts = &part,                         .parts_count = 1},
        {.target_id = target_n(1, 1), .message = SPAN("@\"b\" stays plain."), .parts = &part,   .parts_count = 1},
        {.target_id = target_n(1,                       2),   .code = SPAN("render_refused"),                 .message = SPAN("It is too long.")},
    };
    struct event event = event_of(EVENT_post_locked);
    event.post_locked =
        (struct post_locked_event){.post_id = id_n(ID_POST, 1), .version = 2, .targets = targets, .targets_count = 3};
    feed_post(&world, 1, &event);
    const struct json_node *json = shown(&world, zones, 1);
    ck_assert_uint_eq(json_node_member(item_at(json, "targets", 0), "violations")->count, 0);
    const struct json_node *noted = item_at(json, "targets", 1);
    ck_assert_uint_eq(json_node_member(noted, "violations")->count, 1);
    const struct json_node *violation = item_at(noted, "violations", 0);
    ck_assert_str_eq(text_at(&world, violation, "code"), "noted_at_lock");
    ck_assert_str_eq(text_at(&world, violation, "message"), "@\"b\" stays plain.");
    ck_assert_str_eq(text_at(&world, violation, "param"), "/targets/1");
    ck_assert(json_node_is(json_node_member(violation, "fatal"), NODE_FALSE));
    const struct json_node *refused = item_at(json, "targets", 2);
    ck_assert_uint_eq(json_node_member(refused, "violations")->count, 0);
    check_null(refused, "rendering");
    ck_assert_str_eq(text_at(&world, refused, "error/message"), "It is too long.");
    present_end(&world, zones);
}

END_TEST

START_TEST(texts_of_people_come_out_as_they_went_in)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    struct content_part parts[] = {{.text = SPAN("\"quoted\" \\ \n\t\x01 ünï \xF0\x9F\x98\x80")}, {.text = SPAN("b")}};
    struct label labels[] = {{.name = SPAN("a\"b")}};
    struct pair metadata[] = {
        {.key = SPAN("k\"1"), .value = SPAN("v\\")}
    };
    struct target_spec *specs = specs_of(&world, 1, 1);
    specs[0].variant = SPAN("{\"text\":\"other\"}");
    specs[0].settings = SPAN("{\"a\":[1]}");
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){
        .post_id = id_n(ID_POST, 1),
        .author_id = id_n(ID_KEY, 1),
        .parts = parts,
        .parts_count = 2,
        .targets = specs,
        .targets_count = 1,
        .timezone = SPAN("Asia/Kathmandu"),
        .labels = labels,
        .labels_count = 1,
        .metadata = metadata,
        .metadata_count = 1,
    };
    feed_post(&world, 1, &event);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    const struct json_node *json = shown(&world, zones, 1);
    const struct json_node *content = json_node_member(json, "content");
    check_null(content, "text");
    ck_assert_str_eq(text_at(&world, item_at(content, "parts", 0), "text"),
                     "\"quoted\" \\ \n\t\x01 ünï \xF0\x9F\x98\x80");
    ck_assert_span_eq(item_at(json, "labels", 0)->text, "a\"b");
    ck_assert_str_eq(text_at(&world, json, "metadata/k\"1"), "v\\");
    ck_assert_str_eq(text_at(&world, json, "publish_at_local"), "2026-04-20T20:45:00+05:45");
    const struct json_node *target = item_at(json, "targets", 0);
    ck_assert_str_eq(text_at(&world, target, "variant/text"), "other");
    ck_assert_uint_eq(json_node_path(target, "platform_settings/a")->count, 1);
    present_end(&world, zones);
}

END_TEST

START_TEST(a_waiting_target_shows_why_and_until_when)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    feed_locked(&world, 1, 1, 1, false);
    feed_started(&world, 1, 0, 1, 0);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_DEFERRED);
    event.attempt_finished.code = SPAN("platform_rate_limited");
    event.attempt_finished.next_ms = T0 + 2 * HOUR_MS;
    feed_post(&world, 1, &event);
    event = event_of(EVENT_integration_paused);
    event.integration_paused.integration_id = id_n(ID_INTEGRATION, 1);
    const struct id workspace_id = the_workspace();
    feed(&world, &workspace_id, &event.integration_paused.integration_id, &event);
    const struct json_node *json = shown(&world, zones, 1);
    const struct json_node *target = item_at(json, "targets", 0);
    ck_assert_str_eq(text_at(&world, target, "status"), "retrying");
    ck_assert_str_eq(text_at(&world, target, "held"), "paused");
    ck_assert_str_eq(text_at(&world, target, "next_attempt_at"), "2026-04-20T16:00:00Z");
    ck_assert_str_eq(text_at(&world, target, "error/code"), "platform_rate_limited");
    ck_assert_str_eq(text_at(&world, target, "error/message"), "The platform asks to wait.");
    ck_assert(json_node_is(json_node_path(target, "error/retryable"), NODE_TRUE));
    present_end(&world, zones);
}

END_TEST

static enum err fixed_rendering(void *context, struct arena *arena, const struct post_view *post, uint32_t target_index,
                                struct buf *out)
{
    (void)arena;
    (void)post;
    buf_text(out, "\"rendering\":{\"target\":");
    buf_u64(out, target_index);
    buf_text(out, "},\"violations\":[\"");
    buf_text(out, context);
    buf_text(out, "\"]");
    return OK;
}

/* What it cannot tell from another target is the same, and made once. */
START_TEST(whoever_knows_the_channels_renders_what_is_not_locked)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 2);
    char word[] = "text_too_long";
    struct post_view view = view_of(&world, 1);
    const struct present present = {.txn = reading(&world),
                                    .zones = zones,
                                    .arena = &world.arena,
                                    .rendering = fixed_rendering,
                                    .rendering_context = word};
    struct buf out = out_of(&world);
    ck_assert_int_eq(present_post(&present, &view, &out), OK);
    const struct json_node *json = parsed(&world, &out);
    const struct json_node *target = item_at(json, "targets", 1);
    ck_assert_int_eq(number_at(target, "rendering/target"), 0);
    ck_assert_uint_eq(json_node_member(target, "violations")->count, 1);
    struct target_spec *specs = view.content.targets;
    const struct target_spec alike = specs[1];
    struct target_row *rows = view.row.targets;
    for (int differs = 0; differs < 4; differs++) {
        specs[1] = alike;
        specs[1].variant = differs == 0 ? SPAN("{\"text\":\"other\"}") : alike.variant;
        specs[1].settings = differs == 1 ? SPAN("{}") : alike.settings;
        specs[1].channel = differs == 2 ? CHANNEL_TWITTER : alike.channel;
        rows[1].at_ms += differs == 3 ? 1 : 0;
        out = out_of(&world);
        ck_assert_int_eq(present_post(&present, &view, &out), OK);
        ck_assert_int_eq(number_at(item_at(parsed(&world, &out), "targets", 1), "rendering/target"), 1);
    }
    present_end(&world, zones);
}

END_TEST

/* Presents some posts of a page one behind the other; seen NULL: each by itself. */
static struct buf page_of(struct world *world, struct zones *zones, uint32_t posts, struct present_seen *seen)
{
    const struct present present = {
        .txn = reading(world), .zones = zones, .arena = &world->arena, .now_ms = world->now_ms, .seen = seen};
    struct buf out = out_of(world);
    for (uint32_t post = 1; post <= posts; post++) {
        const struct post_view view = view_of(world, post);
        ck_assert_int_eq(present_post(&present, &view, &out), OK);
    }
    return out;
}

static bool has_list(const struct record_desc *desc)
{
    bool has = false;
    for (size_t i = 0; i < desc->field_count; i++) {
        has = has || desc->fields[i].kind == KIND_list;
    }
    return has;
}

/* Accounts are more than are kept for a page, and some are gone. What is kept of them is nothing of the arena's, which
 * gives back what a target took. */
START_TEST(a_page_reads_what_its_posts_share_once_and_shows_each_as_by_itself)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    const struct id workspace_id = the_workspace();
    struct present_seen seen = {.account_count = 0};
    for (uint32_t n = 3; n <= TARGETS_MAX; n++) {
        const struct id integration_id = id_n(ID_INTEGRATION, n);
        feed_integration(&world, &workspace_id, &integration_id);
    }
    const struct id gone_id = id_n(ID_INTEGRATION, 2);
    struct event event = event_of(EVENT_integration_deleted);
    event.integration_deleted = (struct integration_deleted_event){.integration_id = gone_id};
    feed(&world, &workspace_id, &gone_id, &event);
    feed_created(&world, 1, 3);
    feed_created(&world, 2, 0);
    feed_created(&world, 3, TARGETS_MAX);
    feed_created(&world, 4, 2);
    for (uint32_t post = 3; post <= 4; post++) {
        feed_scheduled(&world, post, post == 3 ? TARGETS_MAX : 2, world.now_ms + HOUR_MS);
    }
    feed_locked(&world, 4, 2, 1, false);
    const struct buf alone = page_of(&world, zones, 4, NULL);
    const struct buf together = page_of(&world, zones, 4, &seen);
    ck_assert(span_equal(buf_span(&together), buf_span(&alone)));
    ck_assert(id_equal(&seen.workspace.workspace_id, &workspace_id));
    ck_assert(seen.installation_read);
    ck_assert_uint_eq(seen.account_count, PRESENT_ACCOUNTS_SEEN);
    const struct buf again = page_of(&world, zones, 4, &seen);
    ck_assert(span_equal(buf_span(&again), buf_span(&alone)));
    seen.workspace.timezone = SPAN("Asia/Tokyo"); /* it is not read again */
    const struct buf elsewhere = page_of(&world, zones, 4, &seen);
    ck_assert(!span_equal(buf_span(&elsewhere), buf_span(&alone)));
    ck_assert(!has_list(integration_row_desc()));
    ck_assert(!has_list(installation_row_desc()));
    present_end(&world, zones);
}

END_TEST

START_TEST(too_little_room_is_said_at_every_length)
{
    struct world world;
    struct zones *zones = present_begin(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    feed_locked(&world, 1, 1, 1, false);
    const struct buf whole = presented(&world, zones, 1);
    const struct post_view view = view_of(&world, 1);
    const struct present present = {.txn = reading(&world), .zones = zones, .arena = &world.arena};
    for (size_t cap = 0; cap < whole.len; cap++) {
        struct buf out = buf_of(whole.data, cap);
        ck_assert_int_eq(present_post(&present, &view, &out), ERR_NO_SPACE);
    }
    struct buf out = buf_of(whole.data, whole.len);
    ck_assert_int_eq(present_post(&present, &view, &out), OK);
    present_end(&world, zones);
}

END_TEST

START_TEST(the_others_are_presented_without_any_secret)
{
    struct world world;
    world_init(&world);
    feed_accounts(&world);
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    struct integration_row integration;
    struct workspace_row workspace;
    ck_assert_int_eq(access_integration(reading(&world), &workspace_id, &integration_id, &world.arena, &integration),
                     OK);
    struct buf out = out_of(&world);
    ck_assert_int_eq(present_integration(&integration, T0, &out), OK);
    const struct json_node *json = parsed(&world, &out);
    ck_assert_str_eq(text_at(&world, json, "status"), "connected");
    ck_assert_str_eq(text_at(&world, json, "handle"), "acme.test");
    ck_assert_ptr_null(json_node_member(json, "vault_id"));
    ck_assert_ptr_null(json_node_member(json, "fingerprint"));
    ck_assert_int_eq(access_workspace(reading(&world), &workspace_id, &world.arena, &workspace), OK);
    out = out_of(&world);
    ck_assert_int_eq(present_workspace(&workspace, &out), OK);
    json = parsed(&world, &out);
    ck_assert_str_eq(text_at(&world, json, "slug"), "acme");
    const struct key_row key = {
        .key_id = id_n(ID_KEY, 1), .workspace_id = workspace_id, .name = SPAN("n"), .role = ROLE_OWNER};
    out = out_of(&world);
    ck_assert_int_eq(present_key(&key, NULL, 0, false, (struct span){0}, &out), OK);
    json = parsed(&world, &out);
    ck_assert_str_eq(text_at(&world, json, "role"), "owner");
    ck_assert(json_node_is(json_node_member(json, "scopes"), NODE_NULL));
    ck_assert(json_node_is(json_node_member(json, "integrations"), NODE_NULL));
    ck_assert_ptr_null(json_node_member(json, "key"));
    ck_assert_ptr_null(json_node_member(json, "fingerprint"));
    struct punctuality_report report = {.integration_id = integration_id, .day = (uint32_t)(T0 / DAY_MS)};
    lateness_add(&report.start, 12);
    out = out_of(&world);
    ck_assert_int_eq(present_punctuality(&report, &out), OK);
    json = parsed(&world, &out);
    ck_assert_str_eq(text_at(&world, json, "date"), "2026-04-20");
    ck_assert_int_eq(number_at(json, "start_lateness/p99_ms"), 12);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("present_projection");
    TCase *tcase = tcase_create("present");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_draft_has_every_member_and_null_for_what_is_absent);
    tcase_add_test(tcase, a_scheduled_post_tells_when_it_locks_until_it_is_locked);
    tcase_add_test(tcase, a_published_post_shows_what_was_sent_and_when_here_and_there);
    tcase_add_test(tcase, what_was_noted_at_the_lock_is_shown_and_why_a_target_was_refused_there_is_its_error);
    tcase_add_test(tcase, texts_of_people_come_out_as_they_went_in);
    tcase_add_test(tcase, a_waiting_target_shows_why_and_until_when);
    tcase_add_test(tcase, whoever_knows_the_channels_renders_what_is_not_locked);
    tcase_add_test(tcase, a_page_reads_what_its_posts_share_once_and_shows_each_as_by_itself);
    tcase_add_test(tcase, too_little_room_is_said_at_every_length);
    tcase_add_test(tcase, the_others_are_presented_without_any_secret);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
