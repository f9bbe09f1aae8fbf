/* templates_projection_test.c: templates are read back as their events left them, listed by name page by page, and are
 * their workspace's alone; a post remembers what it was made from, and which blanks are left. */
#include "projections/present.h"
#include "projections/series.h"
#include "projections/templates.h"
#include "tests/unit/projection_fixture.h"

static const struct grant everything = {.role = ROLE_OWNER};

static void feed_template(struct world *world, uint32_t n, enum event_code code, const char *name)
{
    const struct id workspace_id = the_workspace();
    struct event event = event_of(code);
    struct target_spec *target = world_alloc(world, sizeof *target);
    *target = (struct target_spec){
        .target_id = id_n(ID_TARGET, n), .integration_id = id_n(ID_INTEGRATION, n), .channel = CHANNEL_BLUESKY};
    if (code == EVENT_template_created) {
        event.template_created = (struct template_created_event){.template_id = id_n(ID_TEMPLATE, n),
                                                                 .author_id = id_n(ID_KEY, 1),
                                                                 .name = span_text(name),
                                                                 .targets = target,
                                                                 .targets_count = 1};
    } else if (code == EVENT_template_changed) {
        event.template_changed = (struct template_changed_event){.template_id = id_n(ID_TEMPLATE, n),
                                                                 .editor_id = id_n(ID_KEY, 2),
                                                                 .name = span_text(name),
                                                                 .link = SPAN("https://{{a}}")};
    } else {
        event.template_deleted.template_id = id_n(ID_TEMPLATE, n);
    }
    const struct id template_id = id_n(ID_TEMPLATE, n);
    feed(world, &workspace_id, &template_id, &event);
}

static enum err get(struct world *world, uint32_t n, struct template_row *ret_row)
{
    const struct id workspace_id = the_workspace();
    const struct id template_id = id_n(ID_TEMPLATE, n);
    return templates_get(reading(world), &workspace_id, &template_id, &world->arena, ret_row);
}

static struct template_page list(struct world *world, const struct grant *grant, struct span cursor, uint32_t limit)
{
    const struct id workspace_id = the_workspace();
    struct template_page page;
    ck_assert_int_eq(templates_list(reading(world), &workspace_id, grant, cursor, limit, &world->arena, &page), OK);
    return page;
}

START_TEST(a_template_is_made_changed_and_thrown_away)
{
    struct world world;
    struct template_row row;
    world_init(&world);
    feed_template(&world, 1, EVENT_template_created, "Weekly");
    ck_assert_int_eq(get(&world, 1, &row), OK);
    ck_assert_span_eq(row.name, "Weekly");
    ck_assert_uint_eq(row.targets_count, 1);
    world.now_ms += 1000;
    feed_template(&world, 1, EVENT_template_changed, "Monthly");
    ck_assert_int_eq(get(&world, 1, &row), OK);
    ck_assert_span_eq(row.name, "Monthly");
    ck_assert_span_eq(row.link, "https://{{a}}");
    ck_assert_uint_eq(row.targets_count, 0);
    ck_assert_uint_eq(row.version, 2);
    ck_assert_int_eq(row.created_ms, T0);
    ck_assert_int_eq(row.updated_ms, T0 + 1000);
    const struct id other = id_n(ID_WORKSPACE, 2);
    ck_assert_int_eq(templates_get(reading(&world), &other, &row.template_id, &world.arena, &row), ERR_NOT_FOUND);
    ck_assert_uint_eq(list(&world, &everything, (struct span){0}, 50).count, 1);
    feed_template(&world, 1, EVENT_template_deleted, NULL);
    ck_assert_int_eq(get(&world, 1, &row), ERR_NOT_FOUND);
    ck_assert_uint_eq(list(&world, &everything, (struct span){0}, 50).count, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(templates_are_listed_by_name_page_by_page)
{
    static const char *const names[] = {"zoo",
                                        "Anton",
                                        "b",
                                        "anton",
                                        "a name that is longer than what is sorted by: 2",
                                        "a name that is longer than what is sorted by: 1"};
    static const uint32_t order[] = {5, 6, 2, 4, 3, 1};
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 6; n++) {
        feed_template(&world, n, EVENT_template_created, names[n - 1]);
    }
    for (uint32_t limit = 1; limit <= 7; limit++) {
        struct template_page page = {.count = 0};
        uint32_t seen = 0;
        do {
            page = list(&world, &everything, span_of(page.cursor, page.cursor_len), limit);
            for (uint32_t i = 0; i < page.count; i++) {
                const struct id id = id_n(ID_TEMPLATE, order[seen]);
                ck_assert(id_equal(&page.templates[i].template_id, &id));
                seen++;
            }
        } while (page.cursor_len > 0);
        ck_assert_uint_eq(seen, 6);
    }
    const struct id workspace_id = the_workspace();
    struct template_page page;
    ck_assert_int_eq(
        templates_list(reading(&world), &workspace_id, &everything, SPAN("short"), 50, &world.arena, &page),
        ERR_MALFORMED);
    world_done(&world);
}

END_TEST

START_TEST(who_sees_one_account_sees_its_templates_alone)
{
    const struct integration_ref account = {.integration_id = id_n(ID_INTEGRATION, 2)};
    const struct grant one = {.role = ROLE_EDITOR, .restricted = true, .accounts = &account, .account_count = 1};
    struct world world;
    world_init(&world);
    feed_template(&world, 1, EVENT_template_created, "one");
    feed_template(&world, 2, EVENT_template_created, "two");
    struct template_page page = list(&world, &one, (struct span){0}, 1);
    ck_assert_uint_eq(page.count, 1);
    ck_assert_uint_eq(page.cursor_len, 0); /* nor does a cursor tell of the other */
    ck_assert_span_eq(page.templates[0].name, "two");
    world_done(&world);
}

END_TEST

#define HIDDEN 1000
#define ROOM 65536 /* bytes: less than they take together */

static void feed_series(struct world *world, uint32_t n)
{
    const struct id workspace_id = the_workspace();
    const struct id series_id = id_n(ID_SERIES, n);
    struct target_spec target = {
        .target_id = id_n(ID_TARGET, n), .integration_id = id_n(ID_INTEGRATION, n), .channel = CHANNEL_BLUESKY};
    struct event event = event_of(EVENT_series_created);
    event.series_created = (struct series_created_event){.series_id = series_id,
                                                         .author_id = id_n(ID_KEY, 1),
                                                         .frequency = FREQUENCY_DAILY,
                                                         .time = SPAN("09:00"),
                                                         .timezone = SPAN("UTC"),
                                                         .every = 1,
                                                         .generation = 1,
                                                         .start = SPAN("2026-01-01"),
                                                         .targets = &target,
                                                         .targets_count = 1};
    feed(world, &workspace_id, &series_id, &event);
}

/* Those that are left out take no room: else who sees few of many would be told nothing at all. */
START_TEST(a_list_takes_no_room_for_what_is_not_seen)
{
    const struct integration_ref account = {.integration_id = id_n(ID_INTEGRATION, HIDDEN + 1)};
    const struct grant one = {.role = ROLE_EDITOR, .restricted = true, .accounts = &account, .account_count = 1};
    const struct id workspace_id = the_workspace();
    struct world world;
    struct arena room;
    struct template_page page;
    struct series_row *rows = NULL;
    uint32_t count = 0;
    world_init(&world);
    arena_init(&room, ROOM);
    for (uint32_t n = 1; n <= HIDDEN + 1; n++) {
        feed_template(&world, n, EVENT_template_created, "one of many");
        feed_series(&world, n);
    }
    ck_assert_int_eq(templates_list(reading(&world), &workspace_id, &one, (struct span){0}, 1, &room, &page), OK);
    ck_assert_uint_eq(page.count, 1);
    ck_assert_int_eq(series_list(reading(&world), &workspace_id, &one, NULL, 1, &room, &rows, &count), OK);
    ck_assert_uint_eq(count, 1);
    const struct id last = id_n(ID_SERIES, HIDDEN + 1);
    ck_assert(id_equal(&rows[0].series_id, &last));
    arena_done(&room);
    world_done(&world);
}

END_TEST

static void check_blanks(struct world *world, const char *shown)
{
    char text[200];
    struct buf out = buf_of(text, sizeof text);
    const struct post_view view = view_of(world, 1);
    const struct id template_id = id_n(ID_TEMPLATE, 1);
    ck_assert(id_equal(&view.row.template_id, &template_id));
    present_blanks(&view, &out);
    ck_assert_str_eq(buf_terminated(&out), shown);
}

START_TEST(a_post_tells_which_of_its_blanks_are_left)
{
    struct world world;
    struct placeholder_ref blanks[] = {{.name = SPAN("a")}, {.name = SPAN("b")}};
    struct content_part part = {.text = SPAN("{{a}} {{b}} {{c}}")};
    world_init(&world);
    const struct id workspace_id = the_workspace();
    feed_workspace(&world, &workspace_id);
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){.post_id = id_n(ID_POST, 1),
                                                     .author_id = id_n(ID_KEY, 1),
                                                     .parts = &part,
                                                     .parts_count = 1,
                                                     .template_id = id_n(ID_TEMPLATE, 1),
                                                     .template_version = 1,
                                                     .blanks = blanks,
                                                     .blanks_count = 2};
    feed_post(&world, 1, &event);
    check_blanks(&world, ",\"blanks\":[\"a\",\"b\"]");
    part.text = SPAN("x {{b}} {{c}}");
    event = event_of(EVENT_post_edited);
    event.post_edited = (struct post_edited_event){
        .post_id = id_n(ID_POST, 1), .editor_id = id_n(ID_KEY, 1), .parts = &part, .parts_count = 1};
    feed_post(&world, 1, &event);
    check_blanks(&world, ",\"blanks\":[\"b\"]");
    part.text = SPAN("{{a}}");
    feed_post(&world, 1, &event);
    check_blanks(&world, ",\"blanks\":[\"a\"]");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("templates_projection");
    TCase *tcase = tcase_create("templates");
    tcase_add_test(tcase, a_template_is_made_changed_and_thrown_away);
    tcase_add_test(tcase, templates_are_listed_by_name_page_by_page);
    tcase_add_test(tcase, who_sees_one_account_sees_its_templates_alone);
    tcase_add_test(tcase, a_list_takes_no_room_for_what_is_not_seen);
    tcase_add_test(tcase, a_post_tells_which_of_its_blanks_are_left);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
