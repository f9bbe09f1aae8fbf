/* rota_test.c: whatever is lost, comes twice or dies between the rota and the ledger, and whatever people do meanwhile,
 * in the end a series has what it should have: for each local time of the next sixty days one post, which says what the
 * series says, or what a person made of it. Around a real ledger in memory, its rules and its read models. */
#include "core/scheduler/rota.h"

#include <stdio.h>

#include "core/message/codec.h"
#include "projections/posts.h"
#include "projections/rota_views.h"
#include "projections/series.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

#define TOUCHED_MAX 64
#define ROUNDS 40

struct touched {
    struct id post_id;
    bool cancelled;
};

struct play {
    struct world *world;
    struct zones *zones;
    struct dispatch_views views;
    struct rota rota;
    struct arena arena;
    struct id series_id;
    uint64_t applied; /* seq up to which the rota was told */
    bool calm;        /* nothing is lost any more */
    uint32_t edition; /* of the text */
    char text[32];
    const char *time;
    struct touched touched[TOUCHED_MAX];
    uint32_t touched_count;
    uint32_t commands;
    uint32_t deaths;
};

static bool chance(struct play *play, uint32_t of)
{
    return !play->calm && prng_below(&play->world->prng, of) == 0;
}

static void begin_rota(struct play *play)
{
    rota_init(&play->rota);
    ck_assert_int_eq(rota_views_fill(&play->views, &play->rota), OK);
    play->applied = ledger_head(play->world->ledger);
}

/* What happened since, as the follower gives it. */
static void follow(struct play *play)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_event at;
    ck_assert_int_eq(log_cursor_open(play->world->log, play->applied, &cursor), OK);
    while (log_cursor_next(cursor, &at) == OK) {
        struct event event;
        arena_reset(&play->arena);
        ck_assert_int_eq(event_decode(at.payload, &play->arena, &event), OK);
        ck_assert_int_eq(rota_apply(&play->rota, &event), OK);
        play->applied = at.seq;
    }
}

static bool next_command(struct play *play, struct command *ret_command, int64_t *ret_wake_ms)
{
    struct rota_load load = rota_views_load(&play->views);
    load.zones = play->zones;
    load.random = world_random;
    load.random_context = &play->world->prng;
    arena_reset(&play->arena);
    ck_assert_int_eq(dispatch_views_begin(&play->views), OK);
    const bool any = rota_command(&play->rota, &load, play->world->now_ms, &play->arena, ret_command, ret_wake_ms);
    if (!any) {
        dispatch_views_end(&play->views);
    }
    return any;
}

/* Why it is asked for: the series, as its last event left it. */
static void check_cause(const struct play *play, const struct command *command)
{
    struct log_event at;
    ck_assert_uint_ne(command->causation, 0);
    ck_assert_int_eq(log_look(play->world->log, command->causation, &at), OK);
    ck_assert(id_equal(&at.stream, &play->series_id));
}

/* Asks until nothing is to be asked for; or, where things get lost, for some steps. */
static void run(struct play *play, uint32_t steps)
{
    struct command command;
    int64_t wake_ms = 0;
    for (uint32_t i = 0; i < steps; i++) {
        if (!next_command(play, &command, &wake_ms)) {
            if (wake_ms > play->world->now_ms + ROTA_AGAIN_MS) {
                return;
            }
            play->world->now_ms = wake_ms;
            continue;
        }
        struct world *world = play->world;
        uint8_t *bytes =
            malloc(COMMAND_BYTES_MAX); /* on the wire: its texts are the views' until the end of the turn */
        struct buf out = buf_of(bytes, COMMAND_BYTES_MAX);
        ck_assert_int_eq(command_encode(&command, &out), OK);
        dispatch_views_end(&play->views);
        arena_reset(&play->arena);
        ck_assert_int_eq(command_decode(buf_span(&out), &play->arena, &command), OK);
        play->commands++;
        check_cause(play, &command);
        if (!chance(play, 4)) {
            (void)world_give(world, &command, NULL);
            if (chance(play, 5)) {
                command.command_id = world_id(world, ID_COMMAND);
                (void)world_give(world, &command, NULL);
            }
        }
        free(bytes);
        if (chance(play, 9)) {
            rota_done(&play->rota);
            begin_rota(play);
            play->deaths++;
        } else if (!chance(play, 3)) {
            follow(play);
        }
        world->now_ms += 7;
    }
}

/* --- people --- */

static void say_anew(struct play *play)
{
    (void)snprintf(play->text, sizeof play->text, "edition %u", ++play->edition);
}

static void write_series(struct play *play, uint32_t code)
{
    struct world *world = play->world;
    struct command command = world_command(world, code);
    struct content_part part = {.text = span_text(play->text)};
    struct target_spec target = {.target_id = id_derive(ID_TARGET, &play->series_id, &world->integrations[0]),
                                 .integration_id = world->integrations[0],
                                 .channel = CHANNEL_BLUESKY};
    struct create_series_command wanted = {.series_id = play->series_id,
                                           .timezone = SPAN("Europe/Berlin"),
                                           .frequency = FREQUENCY_DAILY,
                                           .every = 3,
                                           .time = span_text(play->time),
                                           .start = SPAN("2025-12-30"),
                                           .parts = &part,
                                           .parts_count = 1,
                                           .targets = &target,
                                           .targets_count = 1};
    command.stream = play->series_id;
    if (code == COMMAND_create_series) {
        command.create_series = wanted;
    } else {
        struct series_row row;
        ck_assert_int_eq(dispatch_views_begin(&play->views), OK);
        ck_assert_int_eq(series_get(play->views.txn, NULL, &play->series_id, &play->arena, &row), OK);
        dispatch_views_end(&play->views);
        command.expected_version = row.version;
        command.change_series.series_id = play->series_id;
        SERIES_RULE_COPY(&command.change_series, &wanted);
        POST_CONTENT_COPY(&command.change_series, &wanted);
    }
    world_must(world, &command);
}

static void say_to_series(struct play *play, uint32_t code)
{
    struct command command = world_command(play->world, code);
    command.stream = play->series_id;
    command.pause_series.series_id = play->series_id; /* the first field of each */
    world_must(play->world, &command);
}

/* All posts, the newest page of 200 is enough: its text borrows from the views' transaction. */
static struct post_page posts_of(struct play *play)
{
    const struct post_filter filter = {.order = POST_ORDER_PUBLISH_UP};
    struct post_page all = {.count = 0};
    struct post_page page = {.cursor_len = 0};
    all.posts = arena_alloc(&play->arena, 4000 * sizeof *all.posts);
    ck_assert_ptr_nonnull(all.posts);
    do {
        const struct span cursor = span_of(page.cursor, page.cursor_len);
        ck_assert_int_eq(posts_list(play->views.txn, &play->world->workspace_id, &filter, cursor, POSTS_PAGE_MAX,
                                    &play->arena, &page),
                         OK);
        ck_assert_uint_le(all.count + page.count, 4000);
        memcpy(all.posts + all.count, page.posts, page.count * sizeof *page.posts);
        all.count += page.count;
    } while (page.cursor_len > 0);
    return all;
}

static bool is_touched(const struct play *play, const struct id *post_id)
{
    for (uint32_t i = 0; i < play->touched_count; i++) {
        if (id_equal(&play->touched[i].post_id, post_id)) {
            return true;
        }
    }
    return false;
}

/* A person edits, moves or cancels one of the posts that can still be. */
static void touch(struct play *play)
{
    struct world *world = play->world;
    ck_assert_int_eq(dispatch_views_begin(&play->views), OK);
    arena_reset(&play->arena);
    const struct post_page all = posts_of(play);
    struct post_view *post = all.count == 0 ? NULL : &all.posts[prng_below(&world->prng, all.count)];
    const bool can = post != NULL && play->touched_count < TOUCHED_MAX && post->row.status == POST_SCHEDULED &&
                     post->row.publish_at_ms - LOCK_AHEAD_MS > world->now_ms && !is_touched(play, &post->row.post_id);
    struct command command = world_command(world, COMMAND_cancel_post);
    const uint32_t how = (uint32_t)prng_below(&world->prng, 3);
    if (can) {
        command.stream = post->row.post_id;
        command.cancel_post.post_id = post->row.post_id;
        play->touched[play->touched_count++] = (struct touched){.post_id = post->row.post_id, .cancelled = how == 0};
    }
    if (can && how == 1) {
        command.code = COMMAND_schedule_post;
        command.schedule_post =
            (struct schedule_post_command){.post_id = post->row.post_id, .at_ms = post->row.publish_at_ms + 1000};
    } else if (can && how == 2) {
        static struct content_part part = {
            .text = {(const uint8_t *)"by hand", 7}
        };
        command.code = COMMAND_edit_post;
        command.expected_version = post->row.version;
        command.edit_post = (struct edit_post_command){.post_id = post->row.post_id,
                                                       .parts = &part,
                                                       .parts_count = 1,
                                                       .targets = post->content.targets,
                                                       .targets_count = post->content.targets_count};
    }
    if (can) {
        world_must(world, &command);
    }
    dispatch_views_end(&play->views);
}

static void live(struct play *play, enum series_status *status)
{
    static const char *const times[] = {"09:30", "00:15", "23:45"};
    switch (prng_below(&play->world->prng, 8)) {
    case 0:
        say_anew(play);
        write_series(play, COMMAND_change_series);
        break;
    case 1:
        play->time = times[prng_below(&play->world->prng, 3)];
        write_series(play, COMMAND_change_series);
        break;
    case 2:
        say_to_series(play, *status == SERIES_ACTIVE ? COMMAND_pause_series : COMMAND_resume_series);
        *status = *status == SERIES_ACTIVE ? SERIES_PAUSED : SERIES_ACTIVE;
        break;
    case 3:
        play->world->now_ms += (int64_t)prng_below(&play->world->prng, (uint32_t)(4 * DAY_MS));
        break;
    default:
        touch(play);
        break;
    }
}

/* --- what must be --- */

static bool same_day(const struct post_row *a, const struct post_row *b)
{
    return span_equal(span_of(a->series_local.data, 10), span_of(b->series_local.data, 10)); /* YYYY-MM-DD */
}

/* By the series itself: what a person cancelled holds its day. */
static bool is_taken_back(const struct play *play, const struct post_row *row)
{
    return row->status == POST_CANCELLED && !is_touched(play, &row->post_id);
}

/* Of all posts for one local day at most one is not cancelled, none that somebody cancelled has a second one, and
 * whoever follows says what the series says. */
static void check_posts(struct play *play, const struct series_row *series)
{
    const struct post_page all = posts_of(play);
    const bool active = series->status == SERIES_ACTIVE;
    for (uint32_t i = 0; i < all.count; i++) {
        const struct post_row *row = &all.posts[i].row;
        const bool ahead = row->publish_at_ms - LOCK_AHEAD_MS > play->world->now_ms;
        const bool open = row->status == POST_SCHEDULED && ahead;
        const struct span text = all.posts[i].content.parts[0].text;
        for (uint32_t k = 0; k < i; k++) {
            const struct post_row *other = &all.posts[k].row;
            ck_assert_msg(!same_day(row, other) || is_taken_back(play, row) || is_taken_back(play, other),
                          "two posts for one local day");
        }
        if (open && !is_touched(play, &row->post_id)) {
            ck_assert_msg(active, "a post that should have been taken back");
            ck_assert_msg(span_equal(text, span_text(play->text)), "a post that says something else");
            ck_assert(span_equal(span_of(row->series_local.data + 11, 5), span_text(play->time)));
        }
    }
    for (uint32_t i = 0; i < play->touched_count; i++) {
        struct post_view post;
        ck_assert_int_eq(posts_get(play->views.txn, NULL, &play->touched[i].post_id, &play->arena, &post), OK);
        ck_assert_uint_eq(post.row.status, play->touched[i].cancelled ? POST_CANCELLED : POST_SCHEDULED);
    }
}

/* None is missing. */
static void check_times(struct play *play, const struct series_row *series)
{
    struct series_rule rule;
    struct recurrence recurrence;
    struct local_time local;
    uint32_t count = 0;
    SERIES_RULE_COPY(&rule, series);
    ck_assert_ptr_null(series_rule_read(&rule, &recurrence).member);
    ck_assert_int_eq(local_of(play->zones, rule.timezone, series->since_ms, &local), OK);
    local.day -= 2;
    while (series->status == SERIES_ACTIVE && recurrence_next(&recurrence, local, &local)) {
        struct instance_row instance = {.state = INSTANCE_NONE};
        int64_t at_ms = 0;
        ck_assert_int_eq(local_instant(play->zones, rule.timezone, local, &at_ms), OK);
        const enum err err =
            series_day(play->views.txn, &play->series_id, local.day, series->generation, &play->arena, &instance);
        if (at_ms > play->world->now_ms + SERIES_AHEAD_MS) {
            ck_assert_uint_ge(count, 19);
            return;
        }
        if (at_ms > series->since_ms) {
            ck_assert_msg(err == OK && instance.state != INSTANCE_WITHDRAWN, "a local day without its post");
            count++;
        }
    }
}

static void check_all(struct play *play)
{
    struct series_row series;
    arena_reset(&play->arena);
    ck_assert_int_eq(dispatch_views_begin(&play->views), OK);
    ck_assert_int_eq(series_get(play->views.txn, NULL, &play->series_id, &play->arena, &series), OK);
    check_posts(play, &series);
    check_times(play, &series);
    dispatch_views_end(&play->views);
}

START_TEST(in_the_end_a_series_has_what_it_should_have)
{
    struct play play = {.world = world_open((uint64_t)_i + 1, 0, 0), .time = "09:30"};
    enum series_status status = SERIES_ACTIVE;
    ck_assert_int_eq(zones_open(&play.zones), OK);
    arena_init(&play.arena, (size_t)256 << 20);
    world_found(play.world);
    play.views = (struct dispatch_views){.store = play.world->views};
    play.series_id = world_id(play.world, ID_SERIES);
    begin_rota(&play);
    say_anew(&play);
    write_series(&play, COMMAND_create_series);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        follow(&play);
        run(&play, (uint32_t)prng_below(&play.world->prng, 40));
        live(&play, &status);
    }
    play.calm = true;
    follow(&play);
    run(&play, 2000);
    check_all(&play);
    ck_assert_uint_gt(play.commands, 20);
    world_check_rebuilt(play.world);
    rota_done(&play.rota);
    zones_close(play.zones);
    arena_done(&play.arena);
    world_close(play.world);
}

END_TEST

static enum err unreadable(void *context, const struct id *series_id, struct arena *arena, struct rota_series *ret)
{
    (void)context;
    (void)series_id;
    (void)arena;
    (void)ret;
    return ERR_ALTERED;
}

START_TEST(a_look_that_fails_is_told_of_and_tried_again)
{
    const struct rota_load load = {.series = unreadable};
    struct rota rota;
    struct arena arena;
    struct command command;
    struct id series_id = {.kind = ID_SERIES, .uuid = {1}};
    int64_t wake_ms = 0;
    arena_init(&arena, 4096);
    rota_init(&rota);
    ck_assert_int_eq(rota_restore(&rota, &series_id), OK);
    ck_assert(!rota_command(&rota, &load, START_MS, &arena, &command, &wake_ms));
    ck_assert_int_eq(wake_ms, START_MS + ROTA_AGAIN_MS);
    ck_assert_uint_eq(rota.failure.times, 1);
    ck_assert_int_eq(rota.failure.err, ERR_ALTERED);
    ck_assert(id_equal(&rota.failure.series_id, &series_id));
    ck_assert(!rota_command(&rota, &load, wake_ms, &arena, &command, &wake_ms));
    ck_assert_uint_eq(rota.failure.times, 2);
    rota_done(&rota);
    arena_done(&arena);
}

END_TEST

START_TEST(asking_in_vain_is_counted_until_an_event_comes)
{
    struct play play = {.world = world_open(1, 0, 0), .time = "09:30"};
    struct command command;
    int64_t wake_ms = 0;
    ck_assert_int_eq(zones_open(&play.zones), OK);
    arena_init(&play.arena, (size_t)64 << 20);
    world_found(play.world);
    play.views = (struct dispatch_views){.store = play.world->views};
    play.series_id = world_id(play.world, ID_SERIES);
    say_anew(&play);
    write_series(&play, COMMAND_create_series);
    begin_rota(&play);
    for (uint32_t asks = 1; asks <= 3; asks++) {
        ck_assert(next_command(&play, &command, &wake_ms));
        ck_assert(id_equal(&play.rota.asking_id, &play.series_id));
        ck_assert_uint_eq(play.rota.asks, asks);
        dispatch_views_end(&play.views);
        play.world->now_ms += ROTA_AGAIN_MS;
    }
    struct event event = {.code = EVENT_series_changed};
    event.series_changed.series_id = play.series_id;
    ck_assert_int_eq(rota_apply(&play.rota, &event), OK);
    ck_assert(next_command(&play, &command, &wake_ms));
    ck_assert_uint_eq(play.rota.asks, 1);
    dispatch_views_end(&play.views);
    rota_done(&play.rota);
    zones_close(play.zones);
    arena_done(&play.arena);
    world_close(play.world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("rota");
    TCase *tcase = tcase_create("rota");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, in_the_end_a_series_has_what_it_should_have, 0, 20);
    tcase_add_test(tcase, a_look_that_fails_is_told_of_and_tried_again);
    tcase_add_test(tcase, asking_in_vain_is_counted_until_an_event_comes);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
