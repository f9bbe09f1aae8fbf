/* rota.c: see rota.h. Called by planner.c and by the simulator. Must never take a post for made before the read models
 * say so.
 *
 * A look at a series, in this order: what it should not have any more is taken back; what says something else than the
 * series is brought up to date; what is missing is made, the earliest first, up to SERIES_AHEAD_MS ahead. A local day
 * on which there is a post that somebody touched, that is locked or that has ended has its post, of whatever
 * generation: a rule names a day once, and another time of day is no reason to publish twice on it, or to send after
 * all what somebody has cancelled. */
#include "core/scheduler/rota.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/log/log.h"

struct watched {
    struct pool_item item; /* found by series */
    struct id series_id;
    uint32_t place; /* of its timer */
    uint32_t asks;  /* in a row */
};

/* A look. */
struct look {
    const struct rota_load *load;
    struct rota_series series;
    int64_t now_ms;
    struct arena *arena;
    struct command *command;
};

static struct watched *watched_at(const struct rota *rota, uint32_t index)
{
    return pool_at(&rota->series, index);
}

static void moved(void *context, uint32_t ref, uint32_t place)
{
    watched_at(context, ref)->place = place;
}

void rota_init(struct rota *rota)
{
    pool_init(&rota->series, sizeof(struct watched));
    timers_init(&rota->timers, moved, rota);
    rota->asking_id = (struct id){0};
    rota->asks = 0;
    rota->failure = (struct rota_failure){.times = 0};
}

void rota_done(struct rota *rota)
{
    pool_done(&rota->series);
    timers_done(&rota->timers);
}

static void set(struct rota *rota, uint32_t index, int64_t at_ms)
{
    timers_set(&rota->timers, index, watched_at(rota, index)->place, at_ms);
}

enum err rota_restore(struct rota *rota, const struct id *series_id)
{
    uint32_t index = pool_find(&rota->series, series_id);
    if (index == 0) {
        TRY(pool_reserve(&rota->series, 1));
        TRY(timers_reserve(&rota->timers, rota->series.used + 1));
        index = pool_add(&rota->series, series_id);
        watched_at(rota, index)->series_id = *series_id;
    }
    watched_at(rota, index)->asks = 0;
    set(rota, index, 0);
    return OK;
}

enum err rota_apply(struct rota *rota, const struct event *event)
{
    const struct id *series_id = NULL;
    switch (event->code) {
    case EVENT_series_created:
    case EVENT_series_changed:
    case EVENT_series_paused:
    case EVENT_series_resumed:
    case EVENT_series_ended:
        series_id = &event->series_created.series_id; /* each begins with it */
        break;
    case EVENT_post_created:
        series_id = &event->post_created.series_id;
        break;
    case EVENT_post_edited:
        series_id = &event->post_edited.series_id;
        break;
    case EVENT_instance_withdrawn:
        series_id = &event->instance_withdrawn.series_id;
        break;
    default:
        return OK;
    }
    return id_is_none(series_id) ? OK : rota_restore(rota, series_id);
}

/* The post of a series' generation for a local time: there is one, whoever asks and how often. Whoever sees the series
 * can compute its id, and a program chooses the ids of its posts: so it is one that no sender may choose. */
static struct id post_id_of(const struct id *series_id, uint64_t generation, struct local_time local)
{
    struct id which = {.kind = ID_SLOT};
    put_be64(which.uuid, generation);
    put_be64(which.uuid + 8, (uint64_t)(local.day * MINUTES_PER_DAY + local.minute));
    return id_derive_apart(ID_POST, series_id, &which);
}

/* --- commands --- */

static void begin(struct look *look, uint32_t code, const struct id *post_id)
{
    uint8_t randomness[10];
    look->load->random(look->load->random_context, randomness, sizeof randomness);
    *look->command = (struct command){.code = code,
                                      .command_id = id_make(ID_COMMAND, look->now_ms, randomness),
                                      .workspace_id = look->series.workspace_id,
                                      .stream = *post_id,
                                      .actor = ACTOR_SCHEDULER,
                                      .causation = look->series.seq};
}

/* The series' targets as a post's. */
static enum err targets_of(const struct look *look, const struct id *post_id, struct target_spec **ret_targets)
{
    const struct make_instance_command *content = &look->series.content;
    struct target_spec *targets = arena_alloc(look->arena, (content->targets_count + 1) * sizeof *targets);
    if (targets == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < content->targets_count; i++) {
        targets[i] = content->targets[i];
        targets[i].target_id = id_derive(ID_TARGET, post_id, &targets[i].integration_id);
    }
    *ret_targets = targets;
    return OK;
}

static enum err write_local(const struct look *look, struct local_time local, struct span *ret_text)
{
    uint8_t *bytes = arena_alloc(look->arena, LOCAL_TEXT_LEN);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf text = buf_of(bytes, LOCAL_TEXT_LEN);
    local_write(&text, local);
    *ret_text = buf_span(&text);
    return OK;
}

static enum err make(struct look *look, struct local_time local, int64_t at_ms)
{
    const struct rota_series *series = &look->series;
    const struct id post_id = post_id_of(&series->series_id, series->generation, local);
    begin(look, COMMAND_make_instance, &post_id);
    struct make_instance_command *fields = &look->command->make_instance;
    *fields = series->content;
    fields->post_id = post_id;
    fields->author_id = series->author_id;
    fields->timezone = series->rule.timezone;
    fields->series_id = series->series_id;
    fields->series_version = series->version;
    fields->generation = series->generation;
    fields->at_ms = at_ms;
    TRY(write_local(look, local, &fields->local));
    return targets_of(look, &post_id, &fields->targets);
}

static enum err bring_up(struct look *look, const struct rota_post *post, uint64_t version)
{
    const struct rota_series *series = &look->series;
    begin(look, COMMAND_edit_instance, &post->post_id);
    look->command->expected_version = version;
    struct edit_instance_command *fields = &look->command->edit_instance;
    *fields = (struct edit_instance_command){.post_id = post->post_id,
                                             .editor_id = series->editor_id,
                                             .timezone = series->rule.timezone,
                                             .series_id = series->series_id,
                                             .series_version = series->version};
    POST_CONTENT_COPY(fields, &series->content);
    return targets_of(look, &post->post_id, &fields->targets);
}

static enum err take_back(struct look *look, const struct rota_post *post)
{
    begin(look, COMMAND_withdraw_instance, &post->post_id);
    look->command->withdraw_instance =
        (struct withdraw_instance_command){.post_id = post->post_id, .series_id = look->series.series_id};
    return OK;
}

/* --- a look --- */

/* Of a post that still follows: true: there was something to ask for. */
static enum err look_at(struct look *look, const struct rota_post *post, bool *ret_asks)
{
    const struct rota_series *series = &look->series;
    const bool active = series->status == SERIES_ACTIVE;
    const bool unwanted = active ? post->generation != series->generation : !series->keep;
    const bool outdated = active && post->series_version < series->version;
    uint64_t version = 0;
    if (!unwanted && !outdated) {
        return OK;
    }
    const enum err err = look->load->version(look->load->context, &post->post_id, look->now_ms, look->arena, &version);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    *ret_asks = true;
    return unwanted ? take_back(look, post) : bring_up(look, post, version);
}

static enum err look_at_all(struct look *look, bool *ret_asks)
{
    const struct rota_series *series = &look->series;
    struct rota_post *posts = NULL;
    struct local_time from;
    uint32_t count = 0;
    TRY(local_of(look->load->zones, series->rule.timezone, look->now_ms, &from));
    from.day -= from.day > 2 ? 2 : 0; /* what a rule of another zone made may be a day apart */
    TRY(look->load->posts(look->load->context, &series->series_id, from, look->arena, &posts, &count));
    for (uint32_t i = 0; i < count && !*ret_asks; i++) {
        if (posts[i].follows) {
            TRY(look_at(look, &posts[i], ret_asks));
        }
    }
    return OK;
}

/* The first local time that the series should have a post for and whose day has none; ERR_NOT_FOUND: the rule has no
 * more. */
static enum err first_missing(const struct look *look, const struct recurrence *recurrence,
                              struct local_time *ret_local, int64_t *ret_at_ms)
{
    const struct rota_series *series = &look->series;
    struct local_time local;
    TRY(local_of(look->load->zones, series->rule.timezone, series->since_ms, &local));
    local.day -= 2;
    if (series->made_minute > local.day * MINUTES_PER_DAY) {
        local = (struct local_time){.day = series->made_minute / MINUTES_PER_DAY,
                                    .minute = (int)(series->made_minute % MINUTES_PER_DAY)};
    }
    while (recurrence_next(recurrence, local, &local)) {
        int64_t at_ms = 0;
        TRY(local_instant(look->load->zones, series->rule.timezone, local, &at_ms));
        if (at_ms <= series->since_ms) {
            continue;
        }
        const enum err err =
            look->load->taken(look->load->context, &series->series_id, local.day, series->generation, look->arena);
        if (err == ERR_NOT_FOUND) {
            *ret_local = local;
            *ret_at_ms = at_ms;
            return OK;
        }
        TRY(err);
        if (at_ms > look->now_ms + SERIES_AHEAD_MS) {
            *ret_local = local; /* not missing, but nothing before it is */
            *ret_at_ms = at_ms;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* *ret_wake_ms: when to look again, if nothing is asked for. */
static enum err look_at_missing(struct look *look, bool *ret_asks, int64_t *ret_wake_ms)
{
    struct recurrence recurrence;
    struct local_time local;
    int64_t at_ms = 0;
    *ret_wake_ms = TIMERS_NEVER;
    if (look->series.status != SERIES_ACTIVE) {
        return OK;
    }
    if (series_rule_read(&look->series.rule, &recurrence).member != NULL) {
        return ERR_MALFORMED;
    }
    const enum err err = first_missing(look, &recurrence, &local, &at_ms);
    if (err == ERR_NOT_FOUND || err == ERR_RANGE) {
        return OK; /* it is over */
    }
    TRY(err);
    *ret_wake_ms = at_ms - SERIES_AHEAD_MS;
    if (*ret_wake_ms > look->now_ms) {
        return OK;
    }
    *ret_asks = true;
    return make(look, local, at_ms);
}

/* The next command for a series; false: none, and *ret_wake_ms when to look again. */
static enum err look_at_series(struct look *look, const struct id *series_id, bool *ret_asks, int64_t *ret_wake_ms)
{
    *ret_wake_ms = TIMERS_NEVER;
    const enum err err = look->load->series(look->load->context, series_id, look->arena, &look->series);
    if (err == ERR_NOT_FOUND) {
        return OK; /* its workspace is gone */
    }
    TRY(err);
    TRY(look_at_all(look, ret_asks));
    return *ret_asks ? OK : look_at_missing(look, ret_asks, ret_wake_ms);
}

static void asked(struct rota *rota, struct watched *watched)
{
    watched->asks++;
    rota->asking_id = watched->series_id;
    rota->asks = watched->asks;
}

static void failed(struct rota *rota, const struct watched *watched, enum err err)
{
    rota->failure.series_id = watched->series_id;
    rota->failure.err = err;
    rota->failure.times++;
}

bool rota_command(struct rota *rota, const struct rota_load *load, int64_t now_ms, struct arena *arena,
                  struct command *ret_command, int64_t *ret_wake_ms)
{
    struct look look = {.load = load, .now_ms = now_ms, .arena = arena, .command = ret_command};
    const struct timer *first = timers_first(&rota->timers);
    while (first != NULL && first->at_ms <= now_ms) {
        const uint32_t index = first->ref;
        bool asks = false;
        int64_t wake_ms = 0;
        struct watched *watched = watched_at(rota, index);
        const enum err err = look_at_series(&look, &watched->series_id, &asks, &wake_ms);
        set(rota, index, err != OK || asks ? now_ms + ROTA_AGAIN_MS : wake_ms);
        if (err != OK) {
            failed(rota, watched, err);
        } else if (asks) {
            asked(rota, watched);
            return true;
        }
        first = timers_first(&rota->timers);
    }
    *ret_wake_ms = first != NULL ? first->at_ms : TIMERS_NEVER;
    return false;
}
