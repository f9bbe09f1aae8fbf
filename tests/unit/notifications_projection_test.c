/* notifications_projection_test.c: which events are told to whom, the newest first; what is kept is bounded, and good
 * news pushes nothing else out; marks and preferences; the same rows and ids when all is made anew. */
#include "projections/notifications.h"

#include "tests/unit/projection_fixture.h"

static const struct grant owner = {.role = ROLE_OWNER};

static struct notification_page list_with(struct world *world, const struct notification_filter *filter)
{
    struct notification_page page;
    const struct id workspace_id = the_workspace();
    ck_assert_int_eq(notifications_list(reading(world), &workspace_id, filter, &world->arena, &page), OK);
    return page;
}

static struct notification_page list_for(struct world *world, const struct grant *grant)
{
    const struct notification_filter filter = {.grant = grant, .limit = 2000};
    return list_with(world, &filter);
}

static void feed_end(struct world *world, const struct id *post_id, enum post_status status)
{
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_post_finished);
    event.post_finished.post_id = *post_id;
    event.post_finished.status = status;
    world->now_ms += SECOND_MS;
    feed(world, &workspace_id, post_id, &event);
}

/* A post to one account. */
static struct id feed_draft(struct world *world, uint32_t n, uint32_t account)
{
    const struct id workspace_id = the_workspace();
    const struct id post_id = id_n(ID_POST, n);
    struct content_part parts[] = {{.text = SPAN("hello")}};
    struct target_spec targets[] = {
        {.target_id = id_n(ID_TARGET, n), .integration_id = id_n(ID_INTEGRATION, account), .channel = CHANNEL_BLUESKY}
    };
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){.post_id = post_id,
                                                     .author_id = id_n(ID_KEY, 1),
                                                     .parts = parts,
                                                     .parts_count = 1,
                                                     .targets = targets,
                                                     .targets_count = 1};
    feed(world, &workspace_id, &post_id, &event);
    return post_id;
}

static void feed_disconnected(struct world *world, uint32_t account)
{
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, account);
    struct event event = event_of(EVENT_integration_disconnected);
    event.integration_disconnected =
        (struct integration_disconnected_event){.integration_id = integration_id, .code = SPAN("credentials_refused")};
    feed(world, &workspace_id, &integration_id, &event);
}

static void feed_bill(struct world *world)
{
    const struct id workspace_id = the_workspace();
    struct plan_use uses[] = {
        {.what = SPAN("members"), .used = 3}
    };
    struct event event = event_of(EVENT_billing_due);
    event.billing_due = (struct billing_due_event){.workspace_id = workspace_id,
                                                   .plan = SPAN("team"),
                                                   .period_start_ms = T0,
                                                   .period_end_ms = T0 + DAY_MS,
                                                   .uses = uses,
                                                   .uses_count = 1};
    feed(world, &workspace_id, &workspace_id, &event);
}

static void feed_expiring(struct world *world, uint32_t account)
{
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, account);
    struct event event = event_of(EVENT_integration_expiring);
    event.integration_expiring.integration_id = integration_id;
    event.integration_expiring.session_expires_ms = T0 + DAY_MS;
    feed(world, &workspace_id, &integration_id, &event);
}

static void world_begin(struct world *world)
{
    const struct id workspace_id = the_workspace();
    const struct id first = id_n(ID_INTEGRATION, 1);
    const struct id second = id_n(ID_INTEGRATION, 2);
    world_init(world);
    feed_workspace(world, &workspace_id);
    feed_integration(world, &workspace_id, &first);
    feed_integration(world, &workspace_id, &second);
}

static void check_kinds(const struct notification_page *page, const uint32_t *kinds, uint32_t count)
{
    ck_assert_uint_eq(page->count, count);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_msg(page->items[i].row.kind == kinds[i], "place %u: %s", i,
                      choice_word(&notification_kind_words, page->items[i].row.kind));
    }
}

START_TEST(what_ends_a_post_an_account_or_a_period_is_told_the_newest_first)
{
    struct world world;
    world_begin(&world);
    const struct id post_id = feed_draft(&world, 1, 1);
    feed_end(&world, &post_id, POST_PUBLISHED);
    feed_end(&world, &post_id, POST_PARTIALLY_PUBLISHED);
    feed_end(&world, &post_id, POST_FAILED);
    feed_end(&world, &post_id, POST_MISSED);
    feed_end(&world, &post_id, POST_CANCELLED); /* somebody did that */
    feed_disconnected(&world, 1);
    feed_expiring(&world, 2);
    feed_bill(&world);
    const struct notification_page page = list_for(&world, &owner);
    static const uint32_t kinds[] = {NOTIFY_BILLING_DUE, NOTIFY_EXPIRING, NOTIFY_DISCONNECTED,
                                     NOTIFY_MISSED,      NOTIFY_FAILED,   NOTIFY_PARTIALLY_PUBLISHED,
                                     NOTIFY_PUBLISHED};
    check_kinds(&page, kinds, 7);
    ck_assert_ptr_nonnull(page.items[0].period);
    ck_assert_int_eq(page.items[0].period->period_start_ms, T0);
    ck_assert_int_eq(page.items[1].row.end_ms, T0 + DAY_MS);
    ck_assert(span_equal(page.items[2].row.code, SPAN("credentials_refused")));
    ck_assert(id_equal(&page.items[6].row.post_id, &post_id));
    ck_assert(!page.more);
    const struct id other = id_n(ID_WORKSPACE, 99);
    const struct notification_filter filter = {.grant = &owner, .limit = 10};
    struct notification_page none;
    ck_assert_int_eq(notifications_list(reading(&world), &other, &filter, &world.arena, &none), OK);
    ck_assert_uint_eq(none.count, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

static void feed_policy(struct world *world, enum approval_policy policy)
{
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_workspace_changed);
    event.workspace_changed.workspace_id = workspace_id;
    event.workspace_changed.approval_policy = policy;
    feed(world, &workspace_id, &workspace_id, &event);
}

static void feed_voided(struct world *world, const struct id *post_id)
{
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_approval_voided);
    event.approval_voided.post_id = *post_id;
    feed(world, &workspace_id, post_id, &event);
}

/* In an hour. */
static int64_t feed_due_soon(struct world *world, const struct id *post_id, uint32_t target)
{
    const struct id workspace_id = the_workspace();
    struct target_due due = {.target_id = id_n(ID_TARGET, target), .due_ms = world->now_ms + HOUR_MS};
    struct event event = event_of(EVENT_post_scheduled);
    event.post_scheduled = (struct post_scheduled_event){
        .post_id = *post_id, .publish_at_ms = due.due_ms, .targets = &due, .targets_count = 1};
    feed(world, &workspace_id, post_id, &event);
    return due.due_ms;
}

/* A policy for all that is scheduled at once, a lost approval for its post; neither where nobody is asked, or nothing
 * is left to be approved. */
START_TEST(who_approves_is_told_when_more_is_asked_for_and_when_it_is_void)
{
    struct world world;
    world_begin(&world);
    const struct id post_id = feed_draft(&world, 1, 1);
    feed_policy(&world, POLICY_ANY_APPROVER); /* nothing is scheduled */
    feed_policy(&world, POLICY_OFF);
    const int64_t due_ms = feed_due_soon(&world, &post_id, 1);
    feed_voided(&world, &post_id); /* nobody is asked */
    ck_assert_uint_eq(list_for(&world, &owner).count, 0);
    feed_policy(&world, POLICY_ANY_APPROVER);
    feed_policy(&world, POLICY_ANY_APPROVER);
    feed_policy(&world, POLICY_FOUR_EYES);
    feed_policy(&world, POLICY_ANY_APPROVER);
    feed_voided(&world, &post_id);
    world.now_ms += HOUR_MS;
    feed_voided(&world, &post_id); /* too late */
    static const uint32_t kinds[] = {NOTIFY_APPROVAL_WANTED, NOTIFY_APPROVAL_WANTED, NOTIFY_APPROVAL_WANTED};
    const struct notification_page page = list_for(&world, &owner);
    check_kinds(&page, kinds, 3);
    ck_assert(id_equal(&page.items[0].row.post_id, &post_id));
    ck_assert_int_eq(page.items[0].row.end_ms, due_ms);
    ck_assert(id_is_none(&page.items[1].row.post_id) && id_is_none(&page.items[2].row.post_id));
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

static void feed_given(struct world *world, const struct id *post_id, enum approval_policy policy)
{
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_approval_given);
    event.approval_given.post_id = *post_id;
    event.approval_given.approver_id = id_n(ID_MEMBER, 1);
    event.approval_given.policy = policy;
    event.approval_given.version = 1;
    feed(world, &workspace_id, post_id, &event);
}

/* A policy that is switched off and on again asks for nothing that was given before. */
START_TEST(nobody_is_told_of_a_policy_that_every_post_satisfies)
{
    struct world world;
    world_begin(&world);
    const struct id first = feed_draft(&world, 1, 1);
    const struct id second = feed_draft(&world, 2, 2);
    feed_due_soon(&world, &first, 1);
    feed_due_soon(&world, &second, 2);
    feed_given(&world, &first, POLICY_ANY_APPROVER);
    feed_policy(&world, POLICY_ANY_APPROVER);
    ck_assert_uint_eq(list_for(&world, &owner).count, 1); /* of the second */
    feed_given(&world, &second, POLICY_ANY_APPROVER);
    feed_policy(&world, POLICY_OFF);
    feed_policy(&world, POLICY_ANY_APPROVER);
    ck_assert_uint_eq(list_for(&world, &owner).count, 1);
    feed_policy(&world, POLICY_FOUR_EYES); /* asks for more than was given */
    ck_assert_uint_eq(list_for(&world, &owner).count, 2);
    feed_policy(&world, POLICY_OFF);
    world.now_ms += HOUR_MS; /* nobody can approve them any more */
    feed_policy(&world, POLICY_FOUR_EYES);
    ck_assert_uint_eq(list_for(&world, &owner).count, 2);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

/* The projection alone: the others would ask for the attempt. */
START_TEST(an_unknown_outcome_is_told_once_and_a_contradiction_each_time)
{
    struct store *store = NULL;
    struct store_txn *txn = NULL;
    struct arena arena;
    const struct id workspace_id = the_workspace();
    struct log_event at = {.seq = 1, .workspace_id = workspace_id, .workspace_seq = 1, .time_ms = T0};
    arena_init(&arena, (size_t)8 << 20);
    ck_assert_int_eq(store_memory_open(&store), OK);
    ck_assert_int_eq(store_begin(store, true, &txn), OK);
    for (uint64_t probe = 1; probe <= 5; probe++) {
        struct event event = event_of(EVENT_attempt_probed);
        event.attempt_probed.post_id = id_n(ID_POST, 1);
        event.attempt_probed.target_id = id_n(ID_TARGET, 1);
        event.attempt_probed.probe = probe;
        event.attempt_probed.needs_person = probe >= PROBES_BEFORE_PERSON;
        const struct fact fact = {.at = &at, .event = &event};
        ck_assert_int_eq(notifications_projection.apply(txn, &fact, &arena), OK);
        at.workspace_seq++;
    }
    struct event event = event_of(EVENT_outcome_contradicted);
    event.outcome_contradicted.post_id = id_n(ID_POST, 1);
    event.outcome_contradicted.target_id = id_n(ID_TARGET, 1);
    const struct fact fact = {.at = &at, .event = &event};
    ck_assert_int_eq(notifications_projection.apply(txn, &fact, &arena), OK);
    struct target_ref doubted[] = {{.target_id = id_n(ID_TARGET, 1)}, {.target_id = id_n(ID_TARGET, 2)}};
    struct event doubt = event_of(EVENT_targets_doubted);
    doubt.targets_doubted.post_id = id_n(ID_POST, 1);
    doubt.targets_doubted.targets = doubted;
    doubt.targets_doubted.targets_count = 2;
    const struct fact second = {.at = &at, .event = &doubt};
    at.workspace_seq++;
    ck_assert_int_eq(notifications_projection.apply(txn, &second, &arena), OK);
    const struct notification_filter filter = {.grant = &owner, .limit = 10};
    struct notification_page page;
    ck_assert_int_eq(notifications_list(txn, &workspace_id, &filter, &arena, &page), OK);
    static const uint32_t kinds[] = {NOTIFY_UNKNOWN, NOTIFY_CONTRADICTED, NOTIFY_UNKNOWN};
    check_kinds(&page, kinds, 3);
    ck_assert_uint_eq(page.items[2].row.workspace_seq, 3);
    ck_assert(id_is_none(&page.items[0].row.target_id) && !id_is_none(&page.items[2].row.target_id));
    store_abort(txn);
    store_close(store);
    arena_done(&arena);
}

END_TEST

START_TEST(who_reads_posts_accounts_or_bills_is_told_of_them)
{
    struct world world;
    world_begin(&world);
    const struct id first = feed_draft(&world, 1, 1);
    const struct id second = feed_draft(&world, 2, 2);
    feed_end(&world, &first, POST_FAILED);
    feed_end(&world, &second, POST_PUBLISHED);
    feed_disconnected(&world, 1);
    feed_bill(&world);

    static const enum role told_all_but_bills[] = {ROLE_VIEWER, ROLE_AUDITOR, ROLE_EDITOR, ROLE_ADMIN};

    for (size_t i = 0; i < sizeof told_all_but_bills / sizeof *told_all_but_bills; i++) {
        const struct grant grant = {.role = told_all_but_bills[i]};
        static const uint32_t kinds[] = {NOTIFY_DISCONNECTED, NOTIFY_PUBLISHED, NOTIFY_FAILED};
        const struct notification_page page = list_for(&world, &grant);
        check_kinds(&page, kinds, 3);
    }
    static const uint32_t posts[] = {NOTIFY_PUBLISHED, NOTIFY_FAILED};
    static const uint32_t bills[] = {NOTIFY_BILLING_DUE};
    static const uint32_t accounts[] = {NOTIFY_DISCONNECTED};
    struct grant scoped = {.role = ROLE_OWNER, .scopes = 1U << SCOPE_POSTS_READ};
    struct notification_page page = list_for(&world, &scoped);
    check_kinds(&page, posts, 2);
    scoped.scopes = 1U << SCOPE_BILLING_READ;
    page = list_for(&world, &scoped);
    check_kinds(&page, bills, 1);
    scoped.scopes = 1U << SCOPE_INTEGRATIONS_READ;
    page = list_for(&world, &scoped);
    check_kinds(&page, accounts, 1);
    scoped.scopes = 1U << SCOPE_LOG_READ;
    ck_assert_uint_eq(list_for(&world, &scoped).count, 0);
    const struct integration_ref seen[] = {{.integration_id = id_n(ID_INTEGRATION, 2)}};
    const struct grant restricted = {.role = ROLE_EDITOR, .restricted = true, .accounts = seen, .account_count = 1};
    static const uint32_t of_second[] = {NOTIFY_PUBLISHED};
    page = list_for(&world, &restricted);
    check_kinds(&page, of_second, 1);
    ck_assert(id_equal(&page.items[0].row.post_id, &second));
    world_done(&world);
}

END_TEST

START_TEST(what_is_kept_is_bounded_and_good_news_pushes_nothing_else_out)
{
    struct world world;
    world_begin(&world);
    const struct id post_id = feed_draft(&world, 1, 1);
    feed_disconnected(&world, 1);
    for (uint32_t i = 0; i < 3000; i++) {
        feed_end(&world, &post_id, POST_PUBLISHED);
    }
    const struct notification_page page = list_for(&world, &owner);
    ck_assert_uint_ge(page.count, 400);
    ck_assert_uint_le(page.count, NOTICES_MAX);
    ck_assert_uint_eq(page.items[page.count - 1].row.kind, NOTIFY_DISCONNECTED);
    for (uint32_t i = 1; i + 1 < page.count; i++) { /* the newest, without a gap */
        ck_assert_uint_eq(page.items[i].row.workspace_seq, page.items[i - 1].row.workspace_seq - 1);
    }
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(pages_lead_on_without_a_gap_and_tell_what_is_unread)
{
    struct world world;
    world_begin(&world);
    const struct id post_id = feed_draft(&world, 1, 1);
    for (uint32_t i = 0; i < 50; i++) {
        feed_end(&world, &post_id, i % 2 == 0 ? POST_PUBLISHED : POST_FAILED);
    }
    const struct read_marks nothing = {.up_to = 0};
    struct notification_filter filter = {.grant = &owner, .marks = &nothing, .limit = 7};
    uint32_t count = 0;
    uint64_t last = UINT64_MAX;
    for (bool more = true; more;) {
        const struct notification_page page = list_with(&world, &filter);
        ck_assert_uint_eq(page.unread, 50);
        for (uint32_t i = 0; i < page.count; i++) {
            ck_assert_uint_lt(page.items[i].row.workspace_seq, last);
            last = page.items[i].row.workspace_seq;
            count++;
        }
        filter.before = last;
        more = page.more;
    }
    ck_assert_uint_eq(count, 50);
    const struct read_marks some = {.up_to = last + 9, .hidden = 1U << NOTIFY_PUBLISHED};
    filter = (struct notification_filter){.grant = &owner, .marks = &some, .limit = 200};
    struct notification_page page = list_with(&world, &filter);
    ck_assert_uint_eq(page.count, 25); /* those that failed */
    ck_assert_uint_eq(page.unread, 20);
    filter.wish = NOTIFICATIONS_READ;
    ck_assert_uint_eq(list_with(&world, &filter).count, 5);
    filter.kinds = 1U << NOTIFY_PUBLISHED; /* asked for by name */
    ck_assert_uint_eq(list_with(&world, &filter).count, 5);
    filter.wish = NOTIFICATIONS_UNREAD;
    page = list_with(&world, &filter);
    ck_assert_uint_eq(page.count, 20);
    ck_assert(!page.items[0].is_read);
    world_done(&world);
}

END_TEST

START_TEST(a_notification_is_found_by_its_id_by_who_is_told_of_it)
{
    struct world world;
    uint64_t seq = 0;
    const struct id workspace_id = the_workspace();
    const struct id other_id = id_n(ID_WORKSPACE, 2);
    const struct grant viewer = {.role = ROLE_VIEWER};
    world_begin(&world);
    feed_disconnected(&world, 1);
    feed_bill(&world);
    const struct notification_page page = list_for(&world, &owner);
    struct store_txn *txn = reading(&world);
    for (uint32_t i = 0; i < page.count; i++) {
        const struct id *id = &page.items[i].notification_id;
        ck_assert_uint_eq(id->kind, ID_NOTIFICATION);
        ck_assert_int_eq(id_time_ms(id), page.items[i].row.time_ms);
        ck_assert_int_eq(notifications_find(txn, &workspace_id, &owner, id, &world.arena, &seq), OK);
        ck_assert_uint_eq(seq, page.items[i].row.workspace_seq);
        ck_assert_int_eq(notifications_find(txn, &other_id, &owner, id, &world.arena, &seq), ERR_NOT_FOUND);
        struct id near = *id;
        near.uuid[15] ^= 1; /* another workspace's */
        ck_assert_int_eq(notifications_find(txn, &workspace_id, &owner, &near, &world.arena, &seq), ERR_NOT_FOUND);
    }
    const struct id *bill = &page.items[0].notification_id;
    ck_assert_int_eq(notifications_find(txn, &workspace_id, &viewer, bill, &world.arena, &seq), ERR_NOT_FOUND);
    world_done(&world);
}

END_TEST

START_TEST(marks_and_choices_are_kept_each_with_its_version)
{
    struct world world;
    struct notification_marks marks;
    const struct id workspace_id = the_workspace();
    const struct id member_id = id_n(ID_MEMBER, 1);
    struct id stream = member_id;
    stream.kind = ID_NOTIFICATION;
    world_begin(&world);
    ck_assert_int_eq(notifications_marks(reading(&world), &member_id, &world.arena, &marks), OK);
    ck_assert(marks.version == 1 && marks.marks.up_to == 0 && marks.marks.count == 0);
    struct event_ref items[] = {{.workspace_seq = 9}};
    struct event event = event_of(EVENT_notifications_read);
    event.notifications_read =
        (struct notifications_read_event){.member_id = member_id, .up_to = 4, .items = items, .items_count = 1};
    feed(&world, &workspace_id, &stream, &event);
    ck_assert_int_eq(notifications_marks(reading(&world), &member_id, &world.arena, &marks), OK);
    ck_assert(marks.version == 1 && read_marks_has(&marks.marks, 4) && read_marks_has(&marks.marks, 9) &&
              !read_marks_has(&marks.marks, 5));
    struct notification_choice hidden[] = {{.kind = NOTIFY_PUBLISHED}};
    event = event_of(EVENT_notifications_chosen);
    event.notifications_chosen =
        (struct notifications_chosen_event){.member_id = member_id, .hidden = hidden, .hidden_count = 1};
    feed(&world, &workspace_id, &stream, &event);
    ck_assert_int_eq(notifications_marks(reading(&world), &member_id, &world.arena, &marks), OK);
    ck_assert(marks.version == 3 && !read_marks_shows(&marks.marks, NOTIFY_PUBLISHED) &&
              read_marks_has(&marks.marks, 9));
    const struct id other_id = id_n(ID_MEMBER, 2);
    ck_assert_int_eq(notifications_marks(reading(&world), &other_id, &world.arena, &marks), OK);
    ck_assert(marks.version == 1 && read_marks_shows(&marks.marks, NOTIFY_PUBLISHED));
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("notifications");
    TCase *tcase = tcase_create("notifications");
    tcase_add_test(tcase, what_ends_a_post_an_account_or_a_period_is_told_the_newest_first);
    tcase_add_test(tcase, who_approves_is_told_when_more_is_asked_for_and_when_it_is_void);
    tcase_add_test(tcase, nobody_is_told_of_a_policy_that_every_post_satisfies);
    tcase_add_test(tcase, an_unknown_outcome_is_told_once_and_a_contradiction_each_time);
    tcase_add_test(tcase, who_reads_posts_accounts_or_bills_is_told_of_them);
    tcase_add_test(tcase, what_is_kept_is_bounded_and_good_news_pushes_nothing_else_out);
    tcase_add_test(tcase, pages_lead_on_without_a_gap_and_tell_what_is_unread);
    tcase_add_test(tcase, a_notification_is_found_by_its_id_by_who_is_told_of_it);
    tcase_add_test(tcase, marks_and_choices_are_kept_each_with_its_version);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
