/* access_projection_test.c: workspaces, integrations and the installation are read back as their events left them. */
#include "tests/unit/projection_fixture.h"

static const struct grant everything = {.role = ROLE_OWNER};

START_TEST(a_workspace_is_paused_and_resumed)
{
    struct world world;
    struct workspace_row row;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    ck_assert_int_eq(access_workspace(reading(&world), &workspace_id, &world.arena, &row), ERR_NOT_FOUND);
    feed_workspace(&world, &workspace_id);
    ck_assert_int_eq(access_workspace(reading(&world), &workspace_id, &world.arena, &row), OK);
    ck_assert_span_eq(row.timezone, "America/New_York");
    ck_assert_uint_eq(row.version, 1);
    ck_assert(!row.paused);
    world.now_ms += 1000;
    struct event event = event_of(EVENT_workspace_paused);
    event.workspace_paused = (struct workspace_paused_event){.workspace_id = workspace_id, .reason = SPAN("crisis")};
    feed(&world, &workspace_id, &workspace_id, &event);
    ck_assert_int_eq(access_workspace(reading(&world), &workspace_id, &world.arena, &row), OK);
    ck_assert(row.paused);
    ck_assert_span_eq(row.pause_reason, "crisis");
    ck_assert_int_eq(row.updated_ms, T0 + 1000);
    event = event_of(EVENT_workspace_resumed);
    event.workspace_resumed.workspace_id = workspace_id;
    feed(&world, &workspace_id, &workspace_id, &event);
    ck_assert_int_eq(access_workspace(reading(&world), &workspace_id, &world.arena, &row), OK);
    ck_assert(!row.paused);
    ck_assert_ptr_null(row.pause_reason.data);
    ck_assert_uint_eq(row.version, 3);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_workspace_is_changed_where_the_event_says_so)
{
    struct world world;
    struct workspace_row row;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    feed_workspace(&world, &workspace_id);
    struct event event = event_of(EVENT_workspace_changed);
    event.workspace_changed = (struct workspace_changed_event){
        .workspace_id = workspace_id, .slug = SPAN("later"), .timezone = SPAN("Asia/Tokyo"), .late_spacing_ms = 7};
    world.now_ms += 5;
    feed(&world, &workspace_id, &workspace_id, &event);
    event.workspace_changed =
        (struct workspace_changed_event){.workspace_id = workspace_id, .name = SPAN("Later"), .max_lateness_ms = 8};
    feed(&world, &workspace_id, &workspace_id, &event);
    ck_assert_int_eq(access_workspace(reading(&world), &workspace_id, &world.arena, &row), OK);
    ck_assert_span_eq(row.slug, "later");
    ck_assert_span_eq(row.name, "Later");
    ck_assert_span_eq(row.timezone, "Asia/Tokyo");
    ck_assert_uint_eq(row.late_spacing_ms, 7);
    ck_assert_uint_eq(row.max_lateness_ms, 8);
    ck_assert_uint_eq(row.version, 3);
    ck_assert_int_eq(row.updated_ms, T0 + 5);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(workspaces_are_listed)
{
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 3; n++) {
        const struct id workspace_id = id_n(ID_WORKSPACE, n);
        feed_workspace(&world, &workspace_id);
    }
    struct workspace_row *workspaces = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_workspaces(reading(&world), NULL, 2, &world.arena, &workspaces, &count), OK);
    ck_assert_uint_eq(count, 2);
    const struct id after = workspaces[1].workspace_id;
    ck_assert_int_eq(access_workspaces(reading(&world), &after, 2, &world.arena, &workspaces, &count), OK);
    ck_assert_uint_eq(count, 1);
    world_done(&world);
}

END_TEST

static struct integration_row integration_of(struct world *world)
{
    struct integration_row row;
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    ck_assert_int_eq(access_integration(reading(world), &workspace_id, &integration_id, &world->arena, &row), OK);
    return row;
}

static void feed_integration_event(struct world *world, struct event event)
{
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    event.integration_connecting.integration_id = integration_id; /* every event of an integration begins with it */
    feed(world, &workspace_id, &integration_id, &event);
}

START_TEST(an_integration_goes_its_way)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    feed_integration(&world, &workspace_id, &integration_id);
    struct integration_row row = integration_of(&world);
    const struct id vault_id = id_n(ID_SECRET, 2);
    ck_assert_uint_eq(row.status, INTEGRATION_CONNECTED);
    ck_assert_span_eq(row.account, "did:plc:abc");
    ck_assert_span_eq(row.service, "http://127.0.0.1:2583");
    ck_assert(id_equal(&row.vault_id, &vault_id));
    ck_assert(id_is_none(&row.connect_vault_id));
    ck_assert_uint_eq(row.version, 2);
    row.session_expires_ms = T0 + SESSION_EXPIRING_MS;
    ck_assert_uint_eq(access_status(&row, T0 - 1), INTEGRATION_CONNECTED);
    ck_assert_uint_eq(access_status(&row, T0), INTEGRATION_EXPIRING);
    ck_assert_uint_eq(access_status(&row, T0 + 30 * DAY_MS), INTEGRATION_EXPIRING);
    feed_integration_event(&world, event_of(EVENT_integration_paused));
    row = integration_of(&world);
    ck_assert_uint_eq(row.status, INTEGRATION_CONNECTED);
    ck_assert_uint_eq(access_status(&row, T0), INTEGRATION_PAUSED);
    struct event event = event_of(EVENT_integration_disconnected);
    event.integration_disconnected.code = SPAN("credentials_refused");
    feed_integration_event(&world, event);
    row = integration_of(&world);
    ck_assert_uint_eq(access_status(&row, T0), INTEGRATION_DISCONNECTED);
    ck_assert_span_eq(row.code, "credentials_refused");
    feed_integration_event(&world, event_of(EVENT_integration_resumed));
    event = event_of(EVENT_integration_refreshed);
    event.integration_refreshed.vault_id = id_n(ID_SECRET, 5);
    event.integration_refreshed.fingerprint = SPAN("f5");
    feed_integration_event(&world, event);
    row = integration_of(&world);
    const struct id refreshed_id = id_n(ID_SECRET, 5);
    ck_assert(!row.paused);
    ck_assert(id_equal(&row.vault_id, &refreshed_id));
    ck_assert_int_eq(row.token_expires_ms, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_connection_remembers_since_when_it_is_tried)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    feed_integration(&world, &workspace_id, &integration_id);
    ck_assert_int_eq(integration_of(&world).connect_ms, 0);
    world.now_ms += MINUTE_MS;
    struct event event = event_of(EVENT_integration_connecting);
    event.integration_connecting.channel = CHANNEL_BLUESKY;
    event.integration_connecting.identifier = SPAN("acme.test");
    event.integration_connecting.vault_id = id_n(ID_SECRET, 9);
    event.integration_connecting.fingerprint = SPAN("f9");
    feed_integration_event(&world, event);
    ck_assert_int_eq(integration_of(&world).connect_ms, world.now_ms);
    event = event_of(EVENT_integration_refused);
    event.integration_refused.code = SPAN("platform_rate_limited");
    event.integration_refused.message = SPAN("No.");
    feed_integration_event(&world, event);
    ck_assert_int_eq(integration_of(&world).connect_ms, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(an_outcome_that_speaks_of_a_limit_is_kept_with_its_account)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    feed_integration(&world, &workspace_id, &integration_id);
    const struct integration_row before = integration_of(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_DEFERRED);
    event.attempt_finished.next_ms = T0 + 2 * HOUR_MS;
    event.attempt_finished.until_ms = T0 + 2 * HOUR_MS;
    event.attempt_finished.integration_id = integration_id;
    feed_post(&world, 1, &event);
    struct integration_row row = integration_of(&world);
    ck_assert_int_eq(row.limited_ms, T0 + 2 * HOUR_MS);
    ck_assert_uint_eq(row.version, before.version);
    ck_assert_uint_eq(row.seq, before.seq);
    feed_started(&world, 1, 0, 2, 0);
    event.attempt_finished.attempt_id = attempt_n(1, 0, 2);
    event.attempt_finished.number = 2;
    event.attempt_finished.until_ms = T0 + HOUR_MS; /* never shortened */
    feed_post(&world, 1, &event);
    ck_assert_int_eq(integration_of(&world).limited_ms, T0 + 2 * HOUR_MS);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_refused_reconnect_leaves_the_connection_that_was)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    feed_integration(&world, &workspace_id, &integration_id);
    struct event event = event_of(EVENT_integration_connecting);
    event.integration_connecting.channel = CHANNEL_BLUESKY;
    event.integration_connecting.service = SPAN("https://elsewhere");
    event.integration_connecting.identifier = SPAN("other.test");
    event.integration_connecting.vault_id = id_n(ID_SECRET, 9);
    event.integration_connecting.fingerprint = SPAN("f9");
    feed_integration_event(&world, event);
    struct integration_row row = integration_of(&world);
    ck_assert_span_eq(row.connect_identifier, "other.test");
    ck_assert_span_eq(row.identifier, "acme.test");
    const struct id tried_id = id_n(ID_SECRET, 9);
    ck_assert_uint_eq(row.status, INTEGRATION_CONNECTED);
    ck_assert(id_equal(&row.connect_vault_id, &tried_id));
    ck_assert_span_eq(row.connect_service, "https://elsewhere");
    ck_assert_span_eq(row.service, "http://127.0.0.1:2583");
    event = event_of(EVENT_integration_refused);
    event.integration_refused.code = SPAN("credentials_refused");
    event.integration_refused.message = SPAN("No.");
    feed_integration_event(&world, event);
    row = integration_of(&world);
    const struct id vault_id = id_n(ID_SECRET, 2);
    ck_assert_uint_eq(row.status, INTEGRATION_CONNECTED);
    ck_assert(id_equal(&row.vault_id, &vault_id));
    ck_assert(id_is_none(&row.connect_vault_id));
    ck_assert_ptr_null(row.connect_identifier.data);
    ck_assert_span_eq(row.identifier, "acme.test");
    ck_assert_span_eq(row.message, "No.");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

/* Named anew, without an address: it stays where it is. */
START_TEST(an_account_that_is_connected_again_is_where_it_was)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    feed_integration(&world, &workspace_id, &integration_id);
    struct event event = event_of(EVENT_integration_connecting);
    event.integration_connecting.channel = CHANNEL_BLUESKY;
    event.integration_connecting.identifier = SPAN("renamed.test");
    event.integration_connecting.vault_id = id_n(ID_SECRET, 9);
    event.integration_connecting.fingerprint = SPAN("f9");
    feed_integration_event(&world, event);
    ck_assert_span_eq(integration_of(&world).identifier, "acme.test");
    event = event_of(EVENT_integration_connected);
    event.integration_connected.account = SPAN("did:plc:abc");
    event.integration_connected.handle = SPAN("renamed.test");
    event.integration_connected.vault_id = id_n(ID_SECRET, 10);
    event.integration_connected.fingerprint = SPAN("f10");
    feed_integration_event(&world, event);
    const struct integration_row row = integration_of(&world);
    ck_assert_span_eq(row.identifier, "renamed.test");
    ck_assert_span_eq(row.service, "http://127.0.0.1:2583");
    ck_assert_ptr_null(row.connect_identifier.data);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_first_connection_that_is_refused_says_why)
{
    struct world world;
    world_init(&world);
    struct event event = event_of(EVENT_integration_connecting);
    event.integration_connecting.channel = CHANNEL_BLUESKY;
    event.integration_connecting.identifier = SPAN("acme.test");
    event.integration_connecting.vault_id = id_n(ID_SECRET, 9);
    event.integration_connecting.fingerprint = SPAN("f9");
    feed_integration_event(&world, event);
    ck_assert_uint_eq(integration_of(&world).status, INTEGRATION_CONNECTING);
    event = event_of(EVENT_integration_refused);
    event.integration_refused.code = SPAN("credentials_refused");
    event.integration_refused.message = SPAN("No.");
    feed_integration_event(&world, event);
    const struct integration_row row = integration_of(&world);
    ck_assert_uint_eq(row.status, INTEGRATION_REFUSED);
    ck_assert_span_eq(row.code, "credentials_refused");
    world_done(&world);
}

END_TEST

START_TEST(a_deleted_integration_is_found_by_nobody)
{
    struct world world;
    struct integration_row row;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    const struct id other = id_n(ID_WORKSPACE, 2);
    feed_integration(&world, &workspace_id, &integration_id);
    ck_assert_int_eq(access_integration(reading(&world), &other, &integration_id, &world.arena, &row), ERR_NOT_FOUND);
    feed_integration_event(&world, event_of(EVENT_integration_deleted));
    ck_assert_int_eq(access_integration(reading(&world), NULL, &integration_id, &world.arena, &row), ERR_NOT_FOUND);
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(
        access_integrations(reading(&world), &workspace_id, &everything, NULL, 10, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(integrations_are_listed_by_workspace_and_scanned_over_all)
{
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 6; n++) {
        const struct id workspace_id = id_n(ID_WORKSPACE, n % 2 + 1);
        const struct id integration_id = id_n(ID_INTEGRATION, n);
        feed_integration(&world, &workspace_id, &integration_id);
    }
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    const struct id workspace_id = the_workspace();
    ck_assert_int_eq(
        access_integrations(reading(&world), &workspace_id, &everything, NULL, 2, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    const struct id after = rows[1].integration_id;
    const struct id fourth = id_n(ID_INTEGRATION, 4);
    ck_assert(id_equal(&after, &fourth));
    ck_assert_int_eq(
        access_integrations(reading(&world), &workspace_id, &everything, &after, 2, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(access_integration_scan(reading(&world), NULL, 4, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 4);
    ck_assert_int_eq(access_integration_scan(reading(&world), &fourth, 4, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    world_done(&world);
}

END_TEST

START_TEST(the_installation_knows_its_epoch_clock_and_suspension)
{
    struct world world;
    struct installation_row row;
    world_init(&world);
    const struct id none = {.kind = ID_NONE};
    const struct id installation_id = id_n(ID_SYSTEM, 1);
    ck_assert_int_eq(access_installation(reading(&world), &world.arena, &row), ERR_NOT_FOUND);
    struct event event = event_of(EVENT_ledger_started);
    event.ledger_started = (struct ledger_started_event){.epoch = 4, .boot = SPAN("b"), .release = SPAN("0.1.0")};
    feed(&world, &none, &installation_id, &event);
    event = event_of(EVENT_clock_suspected);
    feed(&world, &none, &installation_id, &event);
    world.now_ms += 9;
    event = event_of(EVENT_starts_suspended);
    event.starts_suspended.reason = SPAN("another machine");
    feed(&world, &none, &installation_id, &event);
    ck_assert_int_eq(access_installation(reading(&world), &world.arena, &row), OK);
    ck_assert_uint_eq(row.epoch, 4);
    ck_assert(row.clock_suspect);
    ck_assert(row.suspended);
    ck_assert_int_eq(row.suspended_ms, T0 + 9);
    event = event_of(EVENT_clock_trusted);
    feed(&world, &none, &installation_id, &event);
    world.now_ms += 5;
    event = event_of(EVENT_starts_confirmed);
    feed(&world, &none, &installation_id, &event);
    ck_assert_int_eq(access_installation(reading(&world), &world.arena, &row), OK);
    ck_assert(!row.clock_suspect);
    ck_assert(!row.suspended);
    ck_assert_int_eq(row.suspended_ms, T0 + 14);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("access_projection");
    TCase *tcase = tcase_create("access");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_workspace_is_paused_and_resumed);
    tcase_add_test(tcase, a_workspace_is_changed_where_the_event_says_so);
    tcase_add_test(tcase, workspaces_are_listed);
    tcase_add_test(tcase, an_integration_goes_its_way);
    tcase_add_test(tcase, a_connection_remembers_since_when_it_is_tried);
    tcase_add_test(tcase, an_outcome_that_speaks_of_a_limit_is_kept_with_its_account);
    tcase_add_test(tcase, a_refused_reconnect_leaves_the_connection_that_was);
    tcase_add_test(tcase, an_account_that_is_connected_again_is_where_it_was);
    tcase_add_test(tcase, a_first_connection_that_is_refused_says_why);
    tcase_add_test(tcase, a_deleted_integration_is_found_by_nobody);
    tcase_add_test(tcase, integrations_are_listed_by_workspace_and_scanned_over_all);
    tcase_add_test(tcase, the_installation_knows_its_epoch_clock_and_suspension);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
