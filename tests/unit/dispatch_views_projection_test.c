/* dispatch_views_projection_test.c: a scheduler that starts while people and adapters go on has, once it has followed
 * the log from where it began to read, the agenda of one that starts afterwards: whatever moved between two chunks came
 * by its event. */
#include "projections/dispatch_views.h"
#include "tests/unit/projection_fixture.h"

#define POSTS 12
#define TARGETS 2
#define ROUNDS 10

struct life {
    bool locked;
    bool alone; /* an edit took the second target out */
    bool open[TARGETS];
    uint32_t attempts[TARGETS];
};

struct play {
    struct world world;
    struct prng prng;
    uint64_t founded;             /* events of the workspace and its accounts */
    struct life lives[POSTS + 1]; /* from 1 on */
};

static uint32_t below(struct play *play, uint32_t bound)
{
    return (uint32_t)prng_below(&play->prng, bound);
}

static int64_t some_instant(struct play *play)
{
    return T0 + DAY_MS + below(play, 1000) * SECOND_MS;
}

/* The second target's account comes first in the walk: it is met while it is there, and then an edit takes it out. */
static struct target_spec *specs_for(struct play *play, uint32_t post)
{
    struct target_spec *specs = specs_of(&play->world, post, TARGETS);
    specs[0].integration_id = id_n(ID_INTEGRATION, 2);
    specs[1].integration_id = id_n(ID_INTEGRATION, 1);
    return specs;
}

static void create(struct play *play, uint32_t post)
{
    static struct content_part part = {.text = STATIC_SPAN("Hello")};
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){.post_id = id_n(ID_POST, post),
                                                     .author_id = id_n(ID_KEY, 1),
                                                     .parts = &part,
                                                     .parts_count = 1,
                                                     .targets = specs_for(play, post),
                                                     .targets_count = TARGETS};
    feed_post(&play->world, post, &event);
    play->lives[post] = (struct life){
        .open = {true, true}
    };
}

/* As a schedule does: those that are open, each an instant. */
static void move(struct play *play, uint32_t post)
{
    const struct life *life = &play->lives[post];
    struct target_due dues[TARGETS];
    uint32_t count = 0;
    int64_t least_ms = INT64_MAX;
    for (uint32_t k = 0; k < TARGETS; k++) {
        if (life->open[k]) {
            dues[count] = (struct target_due){.target_id = target_n(post, k), .due_ms = some_instant(play)};
            least_ms = dues[count].due_ms < least_ms ? dues[count].due_ms : least_ms;
            count++;
        }
    }
    struct event event = event_of(EVENT_post_scheduled);
    event.post_scheduled = (struct post_scheduled_event){
        .post_id = id_n(ID_POST, post), .publish_at_ms = least_ms, .targets = dues, .targets_count = count};
    feed_post(&play->world, post, &event);
}

/* The second target is taken out or, when it was, put back; the schedule behind it dates the others. */
static void edit(struct play *play, uint32_t post)
{
    static struct content_part part = {.text = STATIC_SPAN("other")};
    struct life *life = &play->lives[post];
    if (!life->open[0] || (!life->open[1] && !life->alone)) {
        return; /* what was cancelled stays */
    }
    life->alone = !life->alone;
    life->open[1] = !life->alone;
    struct event event = event_of(EVENT_post_edited);
    event.post_edited = (struct post_edited_event){.post_id = id_n(ID_POST, post),
                                                   .editor_id = id_n(ID_KEY, 1),
                                                   .parts = &part,
                                                   .parts_count = 1,
                                                   .targets = specs_for(play, post),
                                                   .targets_count = life->alone ? 1 : TARGETS};
    feed_post(&play->world, post, &event);
    move(play, post);
}

static bool is_over(const struct life *life)
{
    return !life->open[0] && !life->open[1];
}

static void end(struct play *play, uint32_t post, uint32_t k, enum post_status status)
{
    play->lives[post].open[k] = false;
    if (is_over(&play->lives[post])) {
        feed_post_finished(&play->world, post, status);
    }
}

static void cancel(struct play *play, uint32_t post, uint32_t k)
{
    struct event event = event_of(EVENT_targets_cancelled);
    event.targets_cancelled = (struct targets_cancelled_event){
        .post_id = id_n(ID_POST, post), .targets = ref_of(&play->world, post, k), .targets_count = 1};
    feed_post(&play->world, post, &event);
    end(play, post, k, POST_CANCELLED);
}

/* An attempt whose outcome nobody knows, and what a person says of it: again, at another instant; or else refused. */
static void attempt(struct play *play, uint32_t post, uint32_t k)
{
    struct world *world = &play->world;
    const uint32_t number = ++play->lives[post].attempts[k];
    const bool again = prng_chance(&play->prng, 2);
    feed_started(world, post, k, number, 0);
    struct event event = outcome_event(post, k, number, 0, again ? OUTCOME_UNKNOWN : OUTCOME_REFUSED);
    feed_post(world, post, &event);
    if (!again) {
        feed_target_finished(world, post, k, TARGET_FAILED, SPAN("platform_refused"));
        end(play, post, k, POST_FAILED);
        return;
    }
    event = event_of(EVENT_target_resolved);
    event.target_resolved = (struct target_resolved_event){.post_id = id_n(ID_POST, post),
                                                           .target_id = target_n(post, k),
                                                           .attempt_id = attempt_n(post, k, number),
                                                           .resolution = RESOLUTION_ABSENT,
                                                           .retry = true,
                                                           .next_ms = some_instant(play)};
    feed_post(world, post, &event);
}

static void retry(struct play *play, uint32_t post, uint32_t k)
{
    struct retried_target retried = {.target_id = target_n(post, k)};
    struct event event = event_of(EVENT_targets_retried);
    event.targets_retried = (struct targets_retried_event){
        .post_id = id_n(ID_POST, post), .targets = &retried, .targets_count = 1, .due_ms = some_instant(play)};
    play->lives[post].open[k] = true;
    feed_post(&play->world, post, &event);
}

static void something_happens(struct play *play)
{
    const uint32_t post = 1 + below(play, POSTS);
    const uint32_t k = below(play, TARGETS);
    struct life *life = &play->lives[post];
    play->world.now_ms++;
    if (!life->open[k]) {
        if (life->attempts[k] > 0) { /* it failed; what was cancelled stays so */
            retry(play, post, k);
        }
        return;
    }
    const uint32_t dice = below(play, 8);
    if (life->locked) {
        attempt(play, post, k);
    } else if (dice == 0) {
        cancel(play, post, k);
    } else if (dice < 3) {
        feed_locked(&play->world, post, life->alone ? 1 : TARGETS, 1, false);
        life->locked = true;
    } else if (dice < 5) {
        edit(play, post);
    } else {
        move(play, post);
    }
}

/* --- the scheduler --- */

/* What an agenda is told of a post: all of its open targets, or the one. */
static void load(struct play *play, struct agenda *agenda, const struct id *post_id, const struct id *target_id)
{
    struct dispatch_views views = {.store = play->world.store};
    struct agenda_target *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(dispatch_views_begin(&views), OK);
    ck_assert_int_eq(dispatch_views_open(&views, post_id, 0, &play->world.arena, &rows, &count), OK);
    for (uint32_t i = 0; i < count; i++) {
        if (target_id == NULL || id_equal(&rows[i].target_id, target_id)) {
            ck_assert_int_eq(agenda_restore(agenda, &rows[i]), OK);
        }
    }
    dispatch_views_end(&views);
}

static void follow(struct play *play, struct agenda *agenda, uint64_t position, uint64_t last)
{
    for (uint64_t i = position; i < last; i++) {
        const struct log_event *at = &play->world.log[i];
        struct event event;
        ck_assert_int_eq(event_decode(at->payload, &play->world.arena, &event), OK);
        const enum err err = agenda_apply(agenda, at, &event);
        ck_assert(err == OK || err == ERR_NOT_FOUND);
        if (err == ERR_NOT_FOUND) {
            load(play, agenda, &at->stream, NULL);
        }
    }
}

/* Chunk by chunk, and between two of them life goes on. */
static void start(struct play *play, uint32_t limit, struct agenda *agenda)
{
    struct open_walk walk = {.is_over = false};
    const uint64_t position = play->world.seq;
    follow(play, agenda, 0, play->founded);
    while (!walk.is_over) {
        struct queue_row *rows = NULL;
        uint32_t count = 0;
        ck_assert_int_eq(queue_scan(reading(&play->world), limit, &walk, &play->world.arena, &rows, &count), OK);
        for (uint32_t i = 0; i < count; i++) {
            load(play, agenda, &rows[i].post_id, &rows[i].target_id);
        }
        for (uint32_t i = below(play, 4); i > 0; i--) {
            something_happens(play);
        }
    }
    follow(play, agenda, position, play->world.seq);
}

static void compare(struct play *play, const struct agenda *agenda)
{
    OWNED(agenda_free) struct agenda *afterwards = NULL;
    struct dispatch_views views = {.store = play->world.store};
    uint64_t position = 0;
    ck_assert_int_eq(agenda_new(&afterwards), OK);
    ck_assert_int_eq(dispatch_views_restore(&views, afterwards, &position), OK);
    ck_assert_uint_eq(agenda_digest(agenda), agenda_digest(afterwards));
    ck_assert_uint_eq(agenda_count(agenda), agenda_count(afterwards));
}

START_TEST(a_scheduler_that_starts_while_targets_move_has_them_all)
{
    static struct play play; /* large */
    memset(&play, 0, sizeof play);
    world_init_whole(&play.world);
    prng_seed(&play.prng, (uint64_t)_i + 1);
    world_put_position(&play.world);
    const struct id workspace_id = the_workspace();
    feed_workspace(&play.world, &workspace_id);
    for (uint32_t i = 1; i <= TARGETS; i++) {
        const struct id integration_id = id_n(ID_INTEGRATION, i);
        feed_integration(&play.world, &workspace_id, &integration_id);
    }
    play.founded = play.world.seq;
    for (uint32_t post = 1; post <= POSTS; post++) {
        create(&play, post);
        move(&play, post);
    }
    for (int round = 0; round < ROUNDS; round++) {
        OWNED(agenda_free) struct agenda *agenda = NULL;
        ck_assert_int_eq(agenda_new(&agenda), OK);
        start(&play, 1 + below(&play, 5), agenda);
        compare(&play, agenda);
    }
    world_done(&play.world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch_views_projection");
    TCase *tcase = tcase_create("start");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, a_scheduler_that_starts_while_targets_move_has_them_all, 0, 60);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
