/* posts_projection_test.c: what readers see of a post after each event of its life, and that the lists give what a
 * naive model gives. */
#include "tests/unit/projection_fixture.h"

START_TEST(a_draft_is_read_back_as_written)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    struct content_part parts[] = {{.text = SPAN("one")}, {.text = SPAN("two")}};
    struct label labels[] = {{.name = SPAN("spring")}};
    struct pair metadata[] = {
        {.key = SPAN("campaign"), .value = SPAN("7")}
    };
    struct target_spec *specs = specs_of(&world, 1, 2);
    specs[1].at_ms = T0 + DAY_MS;
    specs[1].settings = SPAN("{\"format\":\"post\"}");
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){
        .post_id = id_n(ID_POST, 1),
        .author_id = id_n(ID_KEY, 9),
        .parts = parts,
        .parts_count = 2,
        .link = SPAN("https://example.org/"),
        .first_comment = SPAN("more"),
        .targets = specs,
        .targets_count = 2,
        .timezone = SPAN("Asia/Kolkata"),
        .not_after_ms = T0 + 2 * DAY_MS,
        .labels = labels,
        .labels_count = 1,
        .metadata = metadata,
        .metadata_count = 1,
        .duplicate_of = id_n(ID_POST, 99),
    };
    feed_post(&world, 1, &event);
    const struct post_view view = view_of(&world, 1);
    ck_assert(id_equal(&view.row.workspace_id, &workspace_id));
    ck_assert(id_equal(&view.row.author_id, &event.post_created.author_id));
    ck_assert(id_equal(&view.row.duplicate_of, &event.post_created.duplicate_of));
    ck_assert_uint_eq(view.row.status, POST_DRAFT);
    ck_assert_uint_eq(view.row.version, 1);
    ck_assert_uint_eq(view.row.seq, 1);
    ck_assert_int_eq(view.row.created_ms, T0);
    ck_assert_int_eq(view.row.publish_at_ms, T0 + DAY_MS); /* planned */
    ck_assert_int_eq(view.row.not_after_ms, T0 + 2 * DAY_MS);
    ck_assert_span_eq(view.row.timezone, "Asia/Kolkata");
    ck_assert_uint_eq(view.row.targets_count, 2);
    ck_assert_uint_eq(view.row.targets[0].status, TARGET_PENDING);
    ck_assert_uint_eq(view.content.parts_count, 2);
    ck_assert_span_eq(view.content.parts[1].text, "two");
    ck_assert_span_eq(view.content.link, "https://example.org/");
    ck_assert_span_eq(view.content.first_comment, "more");
    ck_assert_span_eq(view.content.labels[0].name, "spring");
    ck_assert_span_eq(view.content.metadata[0].value, "7");
    ck_assert_span_eq(view.content.targets[1].settings, "{\"format\":\"post\"}");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(another_workspace_finds_nothing)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 1);
    struct post_view view;
    const struct id other = id_n(ID_WORKSPACE, 2);
    const struct id post_id = id_n(ID_POST, 1);
    const struct id missing = id_n(ID_POST, 2);
    ck_assert_int_eq(posts_get(reading(&world), &other, &post_id, &world.arena, &view), ERR_NOT_FOUND);
    ck_assert_int_eq(posts_get(reading(&world), NULL, &missing, &world.arena, &view), ERR_NOT_FOUND);
    ck_assert_int_eq(posts_get(reading(&world), NULL, &post_id, &world.arena, &view), OK);
    world_done(&world);
}

END_TEST

START_TEST(a_post_goes_from_draft_to_published)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    struct post_view view = view_of(&world, 1);
    ck_assert_uint_eq(view.row.status, POST_SCHEDULED);
    ck_assert_int_eq(view.row.publish_at_ms, T0 + HOUR_MS);
    ck_assert_int_eq(view.row.targets[0].due_ms, T0 + HOUR_MS);
    world.now_ms = T0 + HOUR_MS - LOCK_AHEAD_MS;
    feed_locked(&world, 1, 1, 1, false);
    view = view_of(&world, 1);
    ck_assert_uint_eq(view.row.status, POST_QUEUED);
    ck_assert_int_eq(view.row.locked_ms, world.now_ms);
    ck_assert_uint_eq(view.row.targets[0].part_count, 1);
    struct event event = event_of(EVENT_target_prepared);
    event.target_prepared = (struct target_prepared_event){
        .post_id = id_n(ID_POST, 1), .target_id = target_n(1, 0), .prepared = SPAN("{\"blob\":1}")};
    feed_post(&world, 1, &event);
    ck_assert_uint_eq(target_of(&world, 1, 0).status, TARGET_PREPARED);
    world.now_ms = T0 + HOUR_MS + 12;
    feed_started(&world, 1, 0, 1, 0);
    view = view_of(&world, 1);
    ck_assert_uint_eq(view.row.status, POST_PUBLISHING);
    ck_assert_uint_eq(view.row.targets[0].status, TARGET_ATTEMPTING);
    ck_assert(view.row.targets[0].attempt_open);
    world.now_ms += 100;
    feed_accepted(&world, 1, 0, 1, 0);
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_post_finished(&world, 1, POST_PUBLISHED);
    view = view_of(&world, 1);
    ck_assert_uint_eq(view.row.status, POST_PUBLISHED);
    ck_assert_uint_eq(view.row.version, 8);
    ck_assert_int_eq(view.row.published_ms, world.now_ms);
    ck_assert_int_eq(view.row.finished_ms, world.now_ms);
    ck_assert_uint_eq(view.row.targets[0].status, TARGET_PUBLISHED);
    ck_assert_uint_eq(view.row.targets[0].part_live, 1);
    ck_assert(!view.row.targets[0].attempt_open);
    ck_assert_int_eq(view.row.targets[0].next_ms, 0);
    ck_assert_span_eq(view.row.targets[0].platform_id, "at://did:plc:abc/app.bsky.feed.post/0");
    ck_assert_span_eq(view.content.parts[0].text, "Hello");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_payload_is_what_was_locked_and_what_is_live)
{
    struct world world;
    world_init(&world);
    struct post_payload payload;
    const struct id post_id = id_n(ID_POST, 1);
    const struct id target_id = target_n(1, 0);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    ck_assert_int_eq(posts_payload(reading(&world), &post_id, &target_id, &world.arena, &payload), ERR_NOT_FOUND);
    feed_locked(&world, 1, 1, 2, false);
    ck_assert_int_eq(posts_payload(reading(&world), &post_id, &target_id, &world.arena, &payload), OK);
    ck_assert_uint_eq(payload.locked.parts_count, 2);
    ck_assert_span_eq(payload.locked.parts[1].payload, "{\"text\":\"Hello\"}");
    ck_assert_uint_eq(payload.live_count, 0);
    ck_assert_ptr_null(posts_live(&payload, 0));
    struct event event = event_of(EVENT_target_prepared);
    event.target_prepared = (struct target_prepared_event){
        .post_id = id_n(ID_POST, 1), .target_id = target_id, .prepared = SPAN("{\"blob\":1}")};
    feed_post(&world, 1, &event);
    feed_started(&world, 1, 0, 1, 0);
    feed_accepted(&world, 1, 0, 1, 0);
    feed_accepted(&world, 1, 0, 1, 0); /* the first word about a live part stands */
    const struct target_row between = target_of(&world, 1, 0);
    ck_assert_uint_eq(between.status, TARGET_PREPARED);
    ck_assert_uint_eq(between.part_live, 1);
    ck_assert_int_eq(between.next_ms, world.now_ms);
    feed_started(&world, 1, 0, 2, 1);
    feed_accepted(&world, 1, 0, 2, 1);
    ck_assert_int_eq(posts_payload(reading(&world), &post_id, &target_id, &world.arena, &payload), OK);
    ck_assert_span_eq(payload.prepared, "{\"blob\":1}");
    ck_assert_uint_eq(payload.live_count, 2);
    ck_assert_span_eq(posts_live(&payload, 1)->platform_id, "at://did:plc:abc/app.bsky.feed.post/1");
    ck_assert_span_eq(posts_live(&payload, 0)->revision, "bafy");
    ck_assert_uint_eq(target_of(&world, 1, 0).part_live, 2);
    ck_assert_span_eq(target_of(&world, 1, 0).platform_id, "at://did:plc:abc/app.bsky.feed.post/0");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

/* Creates, schedules and locks post 1 with one target of one part, and starts its first attempt. */
static const struct {
    enum outcome outcome;
    enum target_status status;
} waits[] = {
    {OUTCOME_TRY_AGAIN,    TARGET_RETRYING},
    {OUTCOME_DEFERRED,     TARGET_RETRYING},
    {OUTCOME_UNAUTHORIZED, TARGET_RETRYING},
    {OUTCOME_ABSENT,       TARGET_RETRYING},
    {OUTCOME_UNKNOWN,      TARGET_UNKNOWN },
};

START_TEST(an_outcome_that_is_not_the_end_waits_for_its_instant)
{
    struct world world;
    world_init(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, waits[_i].outcome);
    event.attempt_finished.code = SPAN("platform_unavailable");
    event.attempt_finished.message = SPAN("The platform answered 503.");
    event.attempt_finished.next_ms = world.now_ms + 30000;
    feed_post(&world, 1, &event);
    const struct target_row target = target_of(&world, 1, 0);
    ck_assert_uint_eq(target.status, waits[_i].status);
    ck_assert_int_eq(target.next_ms, world.now_ms + 30000);
    ck_assert_span_eq(target.code, "platform_unavailable");
    ck_assert_span_eq(target.message, "The platform answered 503.");
    ck_assert(!target.attempt_open);
    ck_assert_uint_eq(view_of(&world, 1).row.status, POST_PUBLISHING);
    struct attempt_row *attempts = NULL;
    uint32_t count = 0;
    const struct id post_id = id_n(ID_POST, 1);
    const struct id target_id = target_n(1, 0);
    ck_assert_int_eq(posts_attempts(reading(&world), &post_id, &target_id, 0, 10, &world.arena, &attempts, &count), OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(attempts[0].outcome, waits[_i].outcome);
    ck_assert_int_eq(attempts[0].finished_ms, world.now_ms);
    world_done(&world);
}

END_TEST

START_TEST(an_unknown_outcome_is_probed_then_settled)
{
    struct world world;
    world_init(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_UNKNOWN);
    event.attempt_finished.code = SPAN("outcome_unknown");
    event.attempt_finished.next_ms = world.now_ms + 120000;
    feed_post(&world, 1, &event);
    event = event_of(EVENT_attempt_probed);
    event.attempt_probed = (struct attempt_probed_event){
        .post_id = id_n(ID_POST, 1),
        .target_id = target_n(1, 0),
        .attempt_id = attempt_n(1, 0, 1),
        .probe = 3,
        .needs_person = true,
        .next_ms = world.now_ms + 300000,
        .message = SPAN("no answer"),
    };
    feed_post(&world, 1, &event);
    struct target_row target = target_of(&world, 1, 0);
    ck_assert(target.needs_person);
    ck_assert_uint_eq(target.probe_count, 3);
    ck_assert_int_eq(target.next_ms, world.now_ms + 300000);
    world.now_ms += 300000;
    event = event_of(EVENT_attempt_settled);
    event.attempt_settled = (struct attempt_settled_event){
        .post_id = id_n(ID_POST, 1),
        .target_id = target_n(1, 0),
        .attempt_id = attempt_n(1, 0, 1),
        .number = 1,
        .outcome = OUTCOME_ACCEPTED,
        .by_read = true,
        .platform_id = SPAN("at://x"),
        .url = SPAN("https://x"),
        .published_ms = T0 + HOUR_MS + 20,
    };
    feed_post(&world, 1, &event);
    target = target_of(&world, 1, 0);
    ck_assert(!target.needs_person);
    ck_assert_uint_eq(target.part_live, 1);
    ck_assert_ptr_null(target.code.data);
    ck_assert_int_eq(target.published_ms, T0 + HOUR_MS + 20);
    struct attempt_row *attempts = NULL;
    uint32_t count = 0;
    const struct id post_id = id_n(ID_POST, 1);
    const struct id target_id = target_n(1, 0);
    ck_assert_int_eq(posts_attempts(reading(&world), &post_id, &target_id, 0, 10, &world.arena, &attempts, &count), OK);
    ck_assert_uint_eq(attempts[0].outcome, OUTCOME_ACCEPTED);
    ck_assert_int_eq(attempts[0].settled_ms, world.now_ms);
    ck_assert(attempts[0].by_read);
    ck_assert_uint_eq(attempts[0].probe_count, 3);
    ck_assert_span_eq(attempts[0].probe_message, "no answer");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_late_outcome_of_an_older_attempt_counts_but_does_not_disturb_the_newer_one)
{
    struct world world;
    world_init(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_UNKNOWN);
    feed_post(&world, 1, &event);
    feed_started(&world, 1, 0, 2, 0);
    event = event_of(EVENT_attempt_settled);
    event.attempt_settled = (struct attempt_settled_event){
        .post_id = id_n(ID_POST, 1),
        .target_id = target_n(1, 0),
        .attempt_id = attempt_n(1, 0, 1),
        .number = 1,
        .outcome = OUTCOME_ACCEPTED,
        .url = SPAN("https://x"),
    };
    feed_post(&world, 1, &event);
    const struct target_row target = target_of(&world, 1, 0);
    ck_assert_uint_eq(target.status, TARGET_ATTEMPTING);
    ck_assert(target.attempt_open);
    ck_assert_uint_eq(target.part_live, 1);
    ck_assert_span_eq(target.url, "https://x");
    world_done(&world);
}

END_TEST

START_TEST(a_contradiction_is_kept_beside_the_outcome_that_stands)
{
    struct world world;
    world_init(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_TRY_AGAIN);
    feed_post(&world, 1, &event);
    event = event_of(EVENT_outcome_contradicted);
    event.outcome_contradicted = (struct outcome_contradicted_event){
        .post_id = id_n(ID_POST, 1),
        .target_id = target_n(1, 0),
        .attempt_id = attempt_n(1, 0, 1),
        .outcome = OUTCOME_ACCEPTED,
        .message = SPAN("200 after all"),
    };
    feed_post(&world, 1, &event);
    const struct target_row target = target_of(&world, 1, 0);
    ck_assert(target.contradicted);
    ck_assert(target.read_first);
    ck_assert_uint_eq(target.status, TARGET_RETRYING);
    struct attempt_row *attempts = NULL;
    uint32_t count = 0;
    const struct id post_id = id_n(ID_POST, 1);
    const struct id target_id = target_n(1, 0);
    ck_assert_int_eq(posts_attempts(reading(&world), &post_id, &target_id, 0, 10, &world.arena, &attempts, &count), OK);
    ck_assert_uint_eq(attempts[0].outcome, OUTCOME_TRY_AGAIN);
    ck_assert_uint_eq(attempts[0].contradiction, OUTCOME_ACCEPTED);
    world_done(&world);
}

END_TEST

START_TEST(a_target_that_could_not_be_rendered_fails_at_the_lock)
{
    struct world world;
    world_init_whole(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0 + HOUR_MS);
    struct locked_part part = {.key = SPAN("k"), .created_ms = T0, .payload = SPAN("{}")};
    struct locked_target targets[] = {
        {.target_id = target_n(1, 0), .parts = &part,                 .parts_count = 1            },
        {.target_id = target_n(1, 1), .code = SPAN("render_refused"), .message = SPAN("Too long.")},
    };
    struct event event = event_of(EVENT_post_locked);
    event.post_locked =
        (struct post_locked_event){.post_id = id_n(ID_POST, 1), .version = 2, .targets = targets, .targets_count = 2};
    feed_post(&world, 1, &event);
    const struct post_view view = view_of(&world, 1);
    ck_assert_uint_eq(view.row.status, POST_QUEUED);
    ck_assert_uint_eq(view.row.targets[0].status, TARGET_PENDING);
    ck_assert_uint_eq(view.row.targets[1].status, TARGET_FAILED);
    ck_assert_span_eq(view.row.targets[1].code, "render_refused");
    const struct id open_id = target_n(1, 0);
    const struct id failed_id = target_n(1, 1);
    ck_assert_ptr_nonnull(queued(&world, &open_id));
    ck_assert_ptr_null(queued(&world, &failed_id));
    ck_assert_uint_eq(open_targets(&world), 1);
    world_done(&world);
}

END_TEST

START_TEST(an_edit_keeps_what_is_known_of_a_target_that_stays)
{
    struct world world;
    world_init_whole(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0 + HOUR_MS);
    struct content_part parts[] = {{.text = SPAN("other")}};
    struct target_spec specs[2];
    memset(specs, 0, sizeof specs);
    specs[0] = *specs_of(&world, 2, 1); /* a new one */
    specs[1] = specs_of(&world, 1, 2)[1];
    struct event event = event_of(EVENT_post_edited);
    event.post_edited = (struct post_edited_event){
        .post_id = id_n(ID_POST, 1),
        .editor_id = id_n(ID_KEY, 2),
        .parts = parts,
        .parts_count = 1,
        .targets = specs,
        .targets_count = 2,
    };
    feed_post(&world, 1, &event);
    const struct post_view view = view_of(&world, 1);
    const struct id author_id = id_n(ID_KEY, 1);
    ck_assert(id_equal(&view.row.author_id, &author_id));
    ck_assert_uint_eq(view.row.status, POST_SCHEDULED);
    ck_assert_int_eq(view.row.targets[0].due_ms, 0);
    ck_assert_int_eq(view.row.targets[1].due_ms, T0 + HOUR_MS + 1);
    ck_assert_int_eq(view.row.publish_at_ms, T0 + HOUR_MS); /* until post_scheduled says otherwise */
    ck_assert_span_eq(view.content.parts[0].text, "other");
    struct queue_row row;
    const struct id gone_id = target_n(1, 0);
    const struct id stays_id = target_n(1, 1);
    ck_assert_ptr_null(queued(&world, &gone_id));
    ck_assert_ptr_null(queued(&world, &specs[0].target_id)); /* the same: what it is open from there is not said yet */
    ck_assert_ptr_nonnull(queued(&world, &stays_id));
    ck_assert_uint_eq(open_targets(&world), 2);
    ck_assert(queue_row_of(&view.row, &view.row.targets[1], &row));
    ck_assert_uint_eq(row.version, 3);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_deleted_draft_leaves_its_history_only)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 1);
    struct event event = event_of(EVENT_post_deleted);
    event.post_deleted.post_id = id_n(ID_POST, 1);
    feed_post(&world, 1, &event);
    struct post_view view;
    const struct id post_id = id_n(ID_POST, 1);
    ck_assert_int_eq(posts_get(reading(&world), NULL, &post_id, &world.arena, &view), ERR_NOT_FOUND);
    struct activity_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(activity_list(reading(&world), &post_id, 0, 10, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    const struct id workspace_id = the_workspace();
    const struct id other = id_n(ID_WORKSPACE, 2);
    struct post_row row; /* whose it was */
    ck_assert_int_eq(posts_get_ever(reading(&world), &workspace_id, &post_id, &world.arena, &row), OK);
    ck_assert_uint_eq(row.status, POST_DELETED);
    ck_assert_uint_eq(row.version, 2);
    ck_assert_int_eq(posts_get_ever(reading(&world), &other, &post_id, &world.arena, &row), ERR_NOT_FOUND);
    const struct post_filter filter = {.order = POST_ORDER_CREATED_UP};
    struct post_page page;
    ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, SPAN(""), 10, &world.arena, &page), OK);
    ck_assert_uint_eq(page.count, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(missed_and_cancelled_targets_are_done_until_a_person_retries)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0 + HOUR_MS);
    feed_locked(&world, 1, 2, 1, false);
    struct event event = event_of(EVENT_targets_cancelled);
    event.targets_cancelled = (struct targets_cancelled_event){
        .post_id = id_n(ID_POST, 1), .targets = ref_of(&world, 1, 0), .targets_count = 1};
    feed_post(&world, 1, &event);
    event = event_of(EVENT_targets_missed);
    event.targets_missed = (struct targets_missed_event){.post_id = id_n(ID_POST, 1),
                                                         .code = SPAN("lateness_exceeded"),
                                                         .targets = ref_of(&world, 1, 1),
                                                         .targets_count = 1};
    feed_post(&world, 1, &event);
    feed_post_finished(&world, 1, POST_MISSED);
    struct post_view view = view_of(&world, 1);
    ck_assert_uint_eq(view.row.targets[0].status, TARGET_CANCELLED);
    ck_assert_uint_eq(view.row.targets[1].status, TARGET_MISSED);
    ck_assert_span_eq(view.row.targets[1].code, "lateness_exceeded");
    ck_assert_uint_eq(view.row.status, POST_MISSED);
    struct retried_target retried = {.target_id = target_n(1, 1), .read_first = true};
    event = event_of(EVENT_targets_retried);
    event.targets_retried = (struct targets_retried_event){
        .post_id = id_n(ID_POST, 1), .due_ms = T0 + DAY_MS, .targets = &retried, .targets_count = 1};
    feed_post(&world, 1, &event);
    view = view_of(&world, 1);
    ck_assert_uint_eq(view.row.status, POST_QUEUED);
    ck_assert_int_eq(view.row.finished_ms, 0);
    ck_assert_uint_eq(view.row.targets[0].status, TARGET_CANCELLED);
    ck_assert_uint_eq(view.row.targets[1].status, TARGET_RETRYING);
    ck_assert_int_eq(view.row.targets[1].due_ms, T0 + DAY_MS);
    ck_assert(view.row.targets[1].read_first);
    ck_assert_ptr_null(view.row.targets[1].code.data);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_person_resolves_an_unknown_outcome)
{
    static const struct {
        enum resolution resolution;
        bool retry;
        enum target_status status;
        enum outcome outcome;
    } rows[] = {
        {RESOLUTION_PUBLISHED, false, TARGET_PREPARED, OUTCOME_ACCEPTED},
        {RESOLUTION_ABSENT,    true,  TARGET_RETRYING, OUTCOME_ABSENT  },
        {RESOLUTION_ABANDONED, false, TARGET_UNKNOWN,  OUTCOME_UNKNOWN }, /* target_finished follows */
    };
    struct world world;
    world_init(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_UNKNOWN);
    feed_post(&world, 1, &event);
    feed_resolved(&world, rows[_i].resolution, rows[_i].retry, rows[_i].retry ? world.now_ms + 5 : 0);
    const struct target_row target = target_of(&world, 1, 0);
    ck_assert_uint_eq(target.status, rows[_i].status);
    ck_assert_uint_eq(target.part_live, rows[_i].resolution == RESOLUTION_PUBLISHED ? 1 : 0);
    struct attempt_row *attempts = NULL;
    uint32_t count = 0;
    const struct id post_id = id_n(ID_POST, 1);
    const struct id target_id = target_n(1, 0);
    ck_assert_int_eq(posts_attempts(reading(&world), &post_id, &target_id, 0, 10, &world.arena, &attempts, &count), OK);
    ck_assert_uint_eq(attempts[0].resolution, rows[_i].resolution);
    ck_assert_uint_eq(attempts[0].outcome, rows[_i].outcome);
    world_done(&world);
}

END_TEST

START_TEST(a_first_comment_never_changes_the_target)
{
    struct world world;
    world_init(&world);
    feed_first_attempt(&world, true);
    feed_accepted(&world, 1, 0, 1, 0);
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_post_finished(&world, 1, POST_PUBLISHED);
    struct target_row target = target_of(&world, 1, 0);
    ck_assert_uint_eq(target.part_count, 1);
    ck_assert(target.comment);
    ck_assert_int_eq(target.next_ms, world.now_ms);
    feed_started(&world, 1, 0, 2, 1);
    struct event event = outcome_event(1, 0, 2, 1, OUTCOME_REFUSED);
    event.attempt_finished.code = SPAN("platform_refused");
    feed_post(&world, 1, &event);
    event = event_of(EVENT_comment_finished);
    event.comment_finished = (struct comment_finished_event){
        .post_id = id_n(ID_POST, 1), .target_id = target_n(1, 0), .outcome = OUTCOME_REFUSED};
    feed_post(&world, 1, &event);
    target = target_of(&world, 1, 0);
    ck_assert_uint_eq(target.status, TARGET_PUBLISHED);
    ck_assert_uint_eq(target.comment_outcome, OUTCOME_REFUSED);
    ck_assert_ptr_null(target.code.data);
    ck_assert_uint_eq(view_of(&world, 1).row.status, POST_PUBLISHED);
    struct attempt_row *attempts = NULL;
    uint32_t count = 0;
    const struct id post_id = id_n(ID_POST, 1);
    const struct id target_id = target_n(1, 0);
    ck_assert_int_eq(posts_attempts(reading(&world), &post_id, &target_id, 1, 10, &world.arena, &attempts, &count), OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(attempts[0].comment);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_projection");
    TCase *tcase = tcase_create("posts");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_draft_is_read_back_as_written);
    tcase_add_test(tcase, another_workspace_finds_nothing);
    tcase_add_test(tcase, a_post_goes_from_draft_to_published);
    tcase_add_test(tcase, a_payload_is_what_was_locked_and_what_is_live);
    tcase_add_loop_test(tcase, an_outcome_that_is_not_the_end_waits_for_its_instant, 0, sizeof waits / sizeof *waits);
    tcase_add_test(tcase, an_unknown_outcome_is_probed_then_settled);
    tcase_add_test(tcase, a_late_outcome_of_an_older_attempt_counts_but_does_not_disturb_the_newer_one);
    tcase_add_test(tcase, a_contradiction_is_kept_beside_the_outcome_that_stands);
    tcase_add_test(tcase, a_target_that_could_not_be_rendered_fails_at_the_lock);
    tcase_add_test(tcase, an_edit_keeps_what_is_known_of_a_target_that_stays);
    tcase_add_test(tcase, a_deleted_draft_leaves_its_history_only);
    tcase_add_test(tcase, missed_and_cancelled_targets_are_done_until_a_person_retries);
    tcase_add_loop_test(tcase, a_person_resolves_an_unknown_outcome, 0, 3);
    tcase_add_test(tcase, a_first_comment_never_changes_the_target);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
