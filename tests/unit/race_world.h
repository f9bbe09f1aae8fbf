/* race_world.h: a post that people, the scheduler and the platform all act upon, for the race matrix. The stories'
 * world decides; a real agenda hears of every fact and asks for what is due; what it asks for is done at once, at the
 * instant that it is due, until nothing is left to do. The platform takes all that it is sent and keeps it; what a
 * story says of an outcome before is what the platform did.
 *
 * Checked for free: what the agenda asks for is never refused; nothing is sent that the platform has already; what is
 * sent is a rendering of the version that the lock names, whatever happened since. */
#ifndef OPENPOST_TESTS_RACE_WORLD_H
#define OPENPOST_TESTS_RACE_WORLD_H

#include "core/base/prng.h"
#include "core/scheduler/agenda.h"
#include "tests/unit/decider_world.h"

#define RACE_PARTS 2
#define RACE_STEPS_MAX 1000
#define RACE_END_MS (STORY_EPOCH_MS + 60 * DAY_MS)

/* What was rendered: a text, and the instant that its bytes name. */
struct rendering {
    char name[48];
};

struct race {
    struct world *world;
    struct agenda *agenda;
    uint32_t known; /* facts that the agenda has heard of */
    uint64_t locked_version;
    struct prng *dice;          /* NULL: the platform takes all that it gets */
    bool unreceived;            /* what is unknown never reached the platform */
    bool published[RACE_PARTS]; /* the platform has it */
    int64_t said_ms;            /* the last instant that out tells of */
    char said[2000];            /* what goes out from here on */
    struct buf out;
};

static inline struct event race_fact(struct race *race, uint32_t at)
{
    const struct story_fact *fact = &race->world->facts[at];
    struct event event;
    ck_assert_int_eq(event_decode(span_of(race->world->bytes.data + fact->at, fact->len), &race->world->arena, &event),
                     OK);
    return event;
}

/* The version that a fact left its stream at. */
static inline uint64_t race_version(const struct race *race, uint32_t at)
{
    uint64_t version = 0;
    for (uint32_t i = 0; i <= at; i++) {
        version += race->world->facts[i].state == race->world->facts[at].state ? 1 : 0;
    }
    return version;
}

/* What a version of the post is to be rendered as, from its facts alone. */
static inline struct rendering rendering_of(struct race *race, uint64_t version)
{
    struct span text = {0};
    int64_t due_ms = STORY_EPOCH_MS;
    uint64_t at_version = 0;
    for (uint32_t i = 0; i < race->world->fact_count && at_version < version; i++) {
        if (race->world->facts[i].state != &race->world->post) {
            continue;
        }
        at_version++;
        const struct event event = race_fact(race, i);
        if (event.code == EVENT_post_created) {
            text = event.post_created.parts[0].text;
        } else if (event.code == EVENT_post_edited) {
            text = event.post_edited.parts[0].text;
        } else if (event.code == EVENT_post_scheduled) {
            due_ms = event.post_scheduled.targets[0].due_ms;
        }
    }
    struct rendering rendering;
    (void)snprintf(rendering.name, sizeof rendering.name, "%.*s@%lld", (int)text.len, (const char *)text.data,
                   (long long)(due_ms - STORY_EPOCH_MS) / 1000);
    return rendering;
}

static inline struct rendering rendering_now(struct race *race)
{
    return rendering_of(race, race->world->post.head.version);
}

/* The hash that the stories give a part of target a of that rendering. */
static inline struct hash rendering_hash(const struct rendering *rendering, int part)
{
    struct step step = {.count = 2};
    (void)snprintf(step.words[1], sizeof step.words[1], "bytes=%s", rendering->name);
    return payload_hash(&step, "a", part);
}

static inline void race_locked(struct race *race, const struct post_locked_event *locked, uint64_t version)
{
    const struct rendering rendering = rendering_of(race, locked->version);
    ck_assert_uint_eq(locked->version + 1, version);
    ck_assert_uint_eq(race->locked_version, 0);
    race->locked_version = locked->version;
    for (uint32_t part = 0; part < locked->targets[0].parts_count; part++) {
        const struct hash hash = rendering_hash(&rendering, (int)part);
        ck_assert_msg(memcmp(&hash, &locked->targets[0].parts[part].payload_hash, sizeof hash) == 0,
                      "%s: locked is not version %d", race->world->story, (int)locked->version);
    }
}

static inline void race_say_time(struct race *race, int64_t time_ms)
{
    if (race->said_ms != time_ms) {
        say(&race->out, "%s", race->out.len == 0 ? "" : ",");
        say_time(&race->out, "at", time_ms);
        race->said_ms = time_ms;
    }
}

static inline void race_started(struct race *race, const struct attempt_started_event *started, int64_t time_ms)
{
    const struct rendering rendering = rendering_of(race, race->locked_version);
    const struct hash hash = rendering_hash(&rendering, (int)started->part);
    ck_assert_msg(race->locked_version != 0 && memcmp(&hash, &started->payload_hash, sizeof hash) == 0,
                  "%s: sent is not what was locked", race->world->story);
    ck_assert_uint_lt(started->part, RACE_PARTS);
    ck_assert_msg(!race->published[started->part], "%s: part %d is sent a second time", race->world->story,
                  (int)started->part);
    race->published[started->part] = true;
    race_say_time(race, time_ms);
    say(&race->out, " %.*s.%d", (int)strcspn(rendering.name, "@"), rendering.name, (int)started->part + 1);
}

/* An open target as the queue's read model has it. */
static inline struct agenda_target race_row(const struct race *race)
{
    const struct post *post = &race->world->post.post;
    const struct post_target *target = &post->targets[0];
    const bool attempting = target->status == TARGET_ATTEMPTING;
    return (struct agenda_target){.workspace_id = post->head.workspace_id,
                                  .post_id = post->post_id,
                                  .target_id = target->target_id,
                                  .integration_id = target->integration_id,
                                  .channel = target->channel,
                                  .status = target->status,
                                  .locked = post->locked_at_ms != 0,
                                  .version = post->head.version,
                                  .publish_at_ms = post->publish_at_ms,
                                  .not_after_ms = post->not_after_ms,
                                  .due_ms = target->base_due_ms,
                                  .next_ms = target->next_ms,
                                  .part_next = target->next_part,
                                  .part_count = target->part_count,
                                  .attempt_id = target->attempt_id,
                                  .attempt_part = target->attempt_part,
                                  .attempt_open = attempting,
                                  .attempt_unknown = target->status == TARGET_UNKNOWN,
                                  .fence = race->world->system.installation.epoch,
                                  .deadline_ms = target->deadline_ms,
                                  .read_first = target->read_first};
}

static inline void race_outcome(struct race *race, const struct attempt_finished_event *finished)
{
    const bool known = finished->outcome != OUTCOME_UNKNOWN;
    race->published[finished->part] = finished->outcome == OUTCOME_ACCEPTED || (!known && !race->unreceived);
}

/* What is sent no more, and why. */
static inline void race_given_up(struct race *race, const struct event *event, int64_t time_ms)
{
    race_say_time(race, time_ms);
    say_span(&race->out, "", event->code == EVENT_targets_missed ? event->targets_missed.code : SPAN("in doubt"));
}

/* Tells the agenda what happened since it was told last. */
static inline void race_watch(struct race *race)
{
    for (; race->known < race->world->fact_count; race->known++) {
        const struct story_fact *fact = &race->world->facts[race->known];
        const struct event event = race_fact(race, race->known);
        const uint64_t version = race_version(race, race->known);
        const struct log_event at = {
            .seq = race->known + 1, .time_ms = fact->time_ms, .workspace_id = fact->workspace_id, .version = version};
        const enum err err = agenda_apply(race->agenda, &at, &event);
        ck_assert(err == OK || err == ERR_NOT_FOUND);
        if (err == ERR_NOT_FOUND && !target_status_is_final(target_phase(&race->world->post.post.targets[0]))) {
            const struct agenda_target row = race_row(race);
            ck_assert_int_eq(agenda_restore(race->agenda, &row), OK);
        }
        if (fact->state == &race->world->post && event.code == EVENT_post_locked) {
            race_locked(race, &event.post_locked, version);
        } else if (fact->state == &race->world->post && event.code == EVENT_attempt_started) {
            race_started(race, &event.attempt_started, fact->time_ms);
        } else if (event.code == EVENT_attempt_finished) {
            race_outcome(race, &event.attempt_finished);
        } else if (event.code == EVENT_outcome_contradicted) { /* it has it after all */
            race->published[event.outcome_contradicted.part] |= event.outcome_contradicted.outcome == OUTCOME_ACCEPTED;
        } else if (event.code == EVENT_targets_missed || event.code == EVENT_targets_doubted) {
            race_given_up(race, &event, fact->time_ms);
        }
        arena_reset(&race->world->arena);
    }
}

/* A step of the stories; *ret_said gets what it did. A deletion is told how many posts need the account, as by the
 * ledger. */
static inline void race_walk(struct race *race, const char *text, struct buf *ret_said)
{
    char told[200];
    const struct id account = story_id(ID_INTEGRATION, 1, 'a');
    const bool deletes = strncmp(text, "remove", 6) == 0;
    (void)snprintf(told, sizeof told, "%s%s", text,
                   deletes && post_has_open_target(&race->world->post.post, &account) ? " open=1" : "");
    const char *rest = told;
    struct step step;
    ck_assert(next_step(&rest, &step));
    walk(race->world, &step, ret_said);
    ck_assert_ptr_nonnull(buf_terminated(ret_said));
    race_watch(race);
}

/* What the agenda asks for is in order: it is never refused. */
static inline void race_ask(struct race *race, const char *text)
{
    char said[2000];
    struct buf out = buf_of(said, sizeof said);
    race_walk(race, text, &out);
    ck_assert_msg(strncmp(said, "refused", 7) != 0, "%s: the agenda asks to %s, which is %s", race->world->story, text,
                  said);
}

/* Where there are dice, they say what becomes of an attempt: a third are accepted at once, the answer to
 * some is lost or never comes. */
static inline void race_send(struct race *race, uint32_t part)
{
    static const char *const outcomes[] = {"", "outcome a unknown", "outcome a try_again", "outcome a refused"};
    const uint64_t rolled = race->dice != NULL ? prng_below(race->dice, 6) : 6;
    const char *outcome = rolled < 4 ? outcomes[rolled] : "outcome a accepted";
    char text[100];
    (void)snprintf(text, sizeof text, "start a part=%u bytes=%s", part, rendering_of(race, race->locked_version).name);
    race->unreceived = race->dice != NULL ? prng_chance(race->dice, 2) : race->unreceived;
    race_ask(race, text);
    if (*outcome != '\0') {
        race_ask(race, outcome);
    }
}

/* Does what the agenda asks for. The second post, which only changes places with the first, goes nowhere. */
static inline void race_act(struct race *race, const struct agenda_due *due)
{
    char text[100];
    if (due->post_id.uuid[14] == 2) {
        return;
    }
    switch (due->action) {
    case AGENDA_FACTS:
        agenda_facts_done(race->agenda, &due->post_id);
        return;
    case AGENDA_LOCK:
        (void)snprintf(text, sizeof text, "lock a:2 bytes=%s", rendering_now(race).name);
        race_ask(race, text);
        return;
    case AGENDA_REMIND:
        race_ask(race, "remind");
        return;
    case AGENDA_START:
        race_send(race, due->part);
        return;
    case AGENDA_READ:
        race_ask(race, race->published[due->part] ? "outcome a accepted read" : "outcome a absent read");
        return;
    case AGENDA_LOST:
        race_ask(race, "outcome a unknown");
        return;
    case AGENDA_MISS:
        race_ask(race, "miss a");
        return;
    case AGENDA_CONNECT:
        race_ask(race, "accept a vault=2");
        return;
    case AGENDA_REFRESH:
        ck_abort_msg("%s: no tokens of these stories end", race->world->story);
    }
}

/* "at 3600 one.1 one.2, published": when which part of which text went out, and how the post stands in the end. */
static inline const char *race_told(const struct race *race)
{
    return race->said + 1; /* begun by a space */
}

/* Does one thing that is due, or goes on to when one will be; false: none is until *end_ms. */
static inline bool race_next(struct race *race, int64_t end_ms)
{
    struct agenda_due due;
    uint32_t count = 0;
    int64_t wake_ms = 0;
    agenda_next(race->agenda, race->world->now_ms, 1, &due, &count, &wake_ms);
    if (count > 0) {
        race_act(race, &due);
        return true;
    }
    if (wake_ms >= end_ms) {
        return false;
    }
    race->world->now_ms = wake_ms > race->world->now_ms ? wake_ms : race->world->now_ms;
    return true;
}

static inline void race_until(struct race *race, int64_t end_ms)
{
    for (int i = 0; race_next(race, end_ms); i++) {
        ck_assert_msg(i < RACE_STEPS_MAX, "%s: it does not end", race->world->story);
    }
}

/* Goes on until nothing is left to do, and says how the post stands then. An attempt that is under way ends as the
 * platform has it. */
static inline void race_run(struct race *race)
{
    if (race->world->post.post.targets[0].status == TARGET_ATTEMPTING) {
        race_ask(race, "outcome a accepted");
    }
    race_until(race, RACE_END_MS);
    const enum post_status status = (enum post_status)race->world->post.post.status;
    say(&race->out, "%s %s", race->out.len == 0 ? "" : ",",
        status == POST_DELETED ? "deleted" : choice_word(&post_status_words, status));
    ck_assert_ptr_nonnull(buf_terminated(&race->out));
}

/* A world in which all steps of *given have been told. */
static inline struct race *race_new(const char *name, const char *given, bool unreceived)
{
    struct race *race = (struct race *)calloc(1, sizeof *race);
    ck_assert_ptr_nonnull(race);
    race->world = world_new(NULL, NULL);
    race->world->story = name;
    race->unreceived = unreceived;
    race->out = buf_of(race->said, sizeof race->said);
    ck_assert_int_eq(agenda_new(&race->agenda), OK);
    walk_all(race->world, given);
    return race;
}

/* From here on what goes out is told. */
static inline void race_listen(struct race *race)
{
    race_watch(race);
    race->out = buf_of(race->said, sizeof race->said);
    race->said_ms = 0;
}

static inline void race_free(struct race *race)
{
    check_replay(race->world);
    agenda_free(race->agenda);
    world_free(race->world);
    free(race);
}

#endif
