/* access_past_projection_test.c: what surrounds posts is read as it was at any position of the log, for thirty days;
 * what changed nothing of it leaves nothing behind. */
#include "tests/unit/projection_fixture.h"

static const int64_t long_ago_ms = COMMAND_MEMORY_MS + 1;

/* A workspace, an account and the installation; each of their changes is one event. */
struct place {
    struct world world;
    struct id workspace_id;
    struct id integration_id;
    struct id installation_id;
};

static void place_init(struct place *place)
{
    place->workspace_id = the_workspace();
    place->integration_id = id_n(ID_INTEGRATION, 1);
    place->installation_id = id_n(ID_SYSTEM, 1);
    world_init(&place->world);
    feed_workspace(&place->world, &place->workspace_id);
    feed_integration(&place->world, &place->workspace_id, &place->integration_id);
    struct event event = event_of(EVENT_ledger_started);
    event.ledger_started = (struct ledger_started_event){.epoch = 1, .boot = SPAN("boot"), .release = SPAN("0.1.0")};
    feed(&place->world, &(struct id){0}, &place->installation_id, &event);
}

/* The seq of the change. */
static uint64_t change_settings(struct place *place, struct workspace_changed_event changed)
{
    struct event event = event_of(EVENT_workspace_changed);
    changed.workspace_id = place->workspace_id;
    event.workspace_changed = changed;
    feed(&place->world, &place->workspace_id, &place->workspace_id, &event);
    return place->world.seq;
}

static uint64_t feed_plain(struct place *place, const struct id *stream, enum event_code code)
{
    struct event event = event_of(code);
    if (code == EVENT_queue_paused || code == EVENT_queue_resumed) {
        event.queue_paused = (struct queue_paused_event){.queue_id = *stream, .integration_id = place->integration_id};
    } else if (stream->kind != ID_SYSTEM) {
        event.integration_paused.integration_id = *stream; /* each begins with the id of its stream */
    }
    const struct id none = {0};
    feed(&place->world, stream->kind == ID_SYSTEM ? &none : &place->workspace_id, stream, &event);
    return place->world.seq;
}

static struct workspace_row workspace_at(struct place *place, uint64_t seq)
{
    struct world *world = &place->world;
    struct workspace_row row;
    ck_assert_int_eq(access_workspace(reading(world), &place->workspace_id, &world->arena, &row), OK);
    ck_assert_int_eq(access_workspace_as_of(reading(world), seq, &world->arena, &row), OK);
    return row;
}

static enum err account_at(struct place *place, uint64_t seq, struct integration_row *ret_row)
{
    struct world *world = &place->world;
    return access_integration_as_of(reading(world), &place->workspace_id, &place->integration_id, seq, &world->arena,
                                    ret_row);
}

START_TEST(settings_are_read_as_they_were_after_each_change)
{
    struct place place;
    place_init(&place);
    const struct workspace_row first = workspace_at(&place, place.world.seq); /* its texts go with the next event */
    const uint64_t begun = place.world.seq;
    const uint64_t zone = change_settings(&place, (struct workspace_changed_event){.timezone = SPAN("Asia/Tokyo")});
    const uint64_t policy = change_settings(
        &place, (struct workspace_changed_event){.approval_policy = POLICY_FOUR_EYES, .max_lateness_ms = 60000});
    const uint64_t paused = feed_plain(&place, &place.workspace_id, EVENT_workspace_paused);
    struct workspace_row row = workspace_at(&place, begun);
    ck_assert(span_equal(row.timezone, SPAN("America/New_York")) && row.approval_policy == first.approval_policy &&
              !row.paused);
    row = workspace_at(&place, zone);
    ck_assert(span_equal(row.timezone, SPAN("Asia/Tokyo")) && row.max_lateness_ms == first.max_lateness_ms);
    row = workspace_at(&place, policy);
    ck_assert(row.approval_policy == POLICY_FOUR_EYES && row.max_lateness_ms == 60000 && !row.paused);
    ck_assert(workspace_at(&place, paused).paused && workspace_at(&place, paused + 9).paused);
    check_rebuild(&place.world);
    world_done(&place.world);
}

END_TEST

START_TEST(an_account_is_read_as_it_was_also_when_it_is_gone)
{
    struct place place;
    struct integration_row row;
    place_init(&place);
    const uint64_t connected = place.world.seq;
    const struct id queue_id = id_queue(&place.integration_id);
    const uint64_t held = feed_plain(&place, &queue_id, EVENT_queue_paused);
    const uint64_t paused = feed_plain(&place, &place.integration_id, EVENT_integration_paused);
    const uint64_t deleted = feed_plain(&place, &place.integration_id, EVENT_integration_deleted);
    ck_assert_int_eq(account_at(&place, connected, &row), OK);
    ck_assert(row.status == INTEGRATION_CONNECTED && !row.paused && !row.queue_paused);
    ck_assert_int_eq(account_at(&place, held, &row), OK);
    ck_assert(row.queue_paused && !row.paused);
    ck_assert_int_eq(account_at(&place, paused, &row), OK);
    ck_assert(row.queue_paused && row.paused && row.status == INTEGRATION_CONNECTED);
    ck_assert_int_eq(account_at(&place, deleted, &row), ERR_NOT_FOUND);
    const struct id other = id_n(ID_WORKSPACE, 77);
    ck_assert_int_eq(access_integration_as_of(reading(&place.world), &other, &place.integration_id, paused,
                                              &place.world.arena, &row),
                     ERR_NOT_FOUND);
    check_rebuild(&place.world);
    world_done(&place.world);
}

END_TEST

START_TEST(whether_the_clock_was_trusted_is_read_as_it_was)
{
    struct place place;
    struct installation_row row;
    place_init(&place);
    const uint64_t suspected = feed_plain(&place, &place.installation_id, EVENT_clock_suspected);
    const uint64_t trusted = feed_plain(&place, &place.installation_id, EVENT_clock_trusted);
    const bool wanted[] = {false, true, false};
    const uint64_t at[] = {suspected - 1, suspected, trusted};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(access_installation(reading(&place.world), &place.world.arena, &row), OK);
        ck_assert_int_eq(access_installation_as_of(reading(&place.world), at[i], &place.world.arena, &row), OK);
        ck_assert(row.clock_suspect == wanted[i]);
    }
    check_rebuild(&place.world);
    world_done(&place.world);
}

END_TEST

static uint32_t kept(struct place *place)
{
    const struct row_key prefix = row_key(TABLE_PAST);
    void *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(
        row_list(reading(&place->world), &prefix, NULL, past_row_desc(), 1000, &place->world.arena, &rows, &count), OK);
    return count;
}

START_TEST(what_shows_nowhere_leaves_nothing_behind_and_the_rest_goes_after_thirty_days)
{
    struct place place;
    place_init(&place);
    const uint32_t before = kept(&place);
    (void)change_settings(&place, (struct workspace_changed_event){.name = SPAN("Another"), .late_spacing_ms = 1000});
    ck_assert_uint_eq(kept(&place), before);
    for (int i = 0; i < 40; i++) {
        const struct span zone = i % 2 == 0 ? SPAN("Asia/Tokyo") : SPAN("Europe/Berlin");
        (void)change_settings(&place, (struct workspace_changed_event){.timezone = zone});
    }
    ck_assert_uint_eq(kept(&place), before + 40);
    place.world.now_ms += long_ago_ms;
    for (uint64_t i = 0; i < 32; i++) { /* two of them forget */
        (void)change_settings(&place, (struct workspace_changed_event){.max_lateness_ms = 60000 + i});
    }
    ck_assert_uint_eq(kept(&place), before + 32);
    check_rebuild(&place.world);
    world_done(&place.world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("access_past");
    TCase *tcase = tcase_create("access_past");
    tcase_add_test(tcase, settings_are_read_as_they_were_after_each_change);
    tcase_add_test(tcase, an_account_is_read_as_it_was_also_when_it_is_gone);
    tcase_add_test(tcase, whether_the_clock_was_trusted_is_read_as_it_was);
    tcase_add_test(tcase, what_shows_nowhere_leaves_nothing_behind_and_the_rest_goes_after_thirty_days);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
