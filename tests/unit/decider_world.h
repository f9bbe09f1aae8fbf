/* decider_world.h: where a story of decider_story.h happens: one workspace with accounts, its post, and the checks at
 * every step. */
#ifndef OPENPOST_TESTS_DECIDER_WORLD_H
#define OPENPOST_TESTS_DECIDER_WORLD_H

#include "tests/unit/decider_story.h"

static inline struct aggregate *world_state(struct world *world, enum id_kind kind, const struct id *stream)
{
    if (kind == ID_INTEGRATION || kind == ID_QUEUE) {
        const char *account = strchr(STORY_ACCOUNTS, stream->uuid[15]);
        ck_assert_msg(account != NULL, "a story names account %c", stream->uuid[15]);
        return &(kind == ID_QUEUE ? world->queues : world->accounts)[account - STORY_ACCOUNTS];
    }
    if (kind == ID_WORKSPACE) {
        return stream->uuid[14] == 1   ? &world->workspace
               : stream->uuid[14] == 3 ? &world->empty
                                       : &world->other_workspace;
    }
    return kind == ID_SYSTEM         ? &world->system
           : kind == ID_MEMBER       ? &world->member
           : kind == ID_KEY          ? &world->key
           : kind == ID_USER         ? &world->user
           : kind == ID_SESSION      ? &world->session
           : kind == ID_PROVIDER     ? &world->provider
           : kind == ID_SERIES       ? &world->series
           : kind == ID_TEMPLATE     ? &world->template
           : kind == ID_NOTIFICATION ? &world->marks
           : stream->uuid[14] == 2   ? &world->second
                                     : &world->post;
}

/* Encoding, decoding and encoding again gives the same bytes; returns what was decoded. */
static inline struct event recoded(struct world *world, const struct event *event)
{
    struct buf first = buf_of(world->scratch[0], sizeof world->scratch[0]);
    ck_assert_msg(event_encode(event, &first) == OK, "%s cannot be encoded", event_desc(event->code)->name);
    struct event decoded;
    ck_assert_int_eq(event_decode(buf_span(&first), &world->arena, &decoded), OK);
    struct buf second = buf_of(world->scratch[1], sizeof world->scratch[1]);
    ck_assert_int_eq(event_encode(&decoded, &second), OK);
    ck_assert(span_equal(buf_span(&first), buf_span(&second)));
    return decoded;
}

static inline void check_command_codec(struct world *world, const struct command *command)
{
    struct buf first = buf_of(world->scratch[0], sizeof world->scratch[0]);
    ck_assert_int_eq(command_encode(command, &first), OK);
    struct command decoded;
    ck_assert_int_eq(command_decode(buf_span(&first), &world->arena, &decoded), OK);
    struct buf second = buf_of(world->scratch[1], sizeof world->scratch[1]);
    ck_assert_int_eq(command_encode(&decoded, &second), OK);
    ck_assert(span_equal(buf_span(&first), buf_span(&second)));
}

static inline void check_stored_row(enum id_kind kind, const struct aggregate *state)
{
    struct aggregate loaded;
    ck_assert_int_eq(aggregate_load(kind, span_of(state, aggregate_stored_size(kind, state)), &loaded), OK);
    ck_assert_mem_eq(&loaded, state, aggregate_size_max(kind));
}

/* Folds an event into the live state, and keeps its bytes. As the ledger does it, into the state that decided: an event
 * that borrows from there would change under the fold. */
static inline void happen(struct world *world, enum id_kind kind, struct aggregate *state, const struct event *event,
                          const struct id *workspace_id)
{
    const struct event decoded = recoded(world, event);
    struct aggregate *copy = (struct aggregate *)story_room(world, sizeof *copy);
    *copy = *state;
    aggregate_evolve(kind, copy, &decoded, workspace_id, world->now_ms);
    aggregate_evolve(kind, state, event, workspace_id, world->now_ms);
    ck_assert_mem_eq(copy, state, aggregate_size_max(kind));
    ck_assert_uint_lt(world->fact_count, STORY_FACTS_MAX);
    struct story_fact *fact = &world->facts[world->fact_count++];
    *fact = (struct story_fact){
        .state = state, .workspace_id = *workspace_id, .time_ms = world->now_ms, .at = world->bytes.len};
    ck_assert_int_eq(event_encode(&decoded, &world->bytes), OK);
    fact->len = world->bytes.len - fact->at;
    if (world->happened != NULL) {
        world->happened[event->code] = true;
    }
}

/* What is happening to whom: a command, decided in its context. */
struct scene {
    struct command command;
    struct decide_context context;
    const struct integration *accounts[STORY_ACCOUNT_COUNT];
    struct free_slot free_slots[STORY_ACCOUNT_COUNT];
    struct recalled_attempt recalled;
    enum id_kind kind;
    struct aggregate *state;
};

/* What the post's facts tell of an attempt that its state has forgotten, as the ledger's shell asks the log. */
static inline struct recalled_attempt recall(struct world *world, const struct command *command)
{
    const struct record_outcome_command *report = &command->record_outcome;
    struct recalled_attempt recalled = {.number = 0};
    const bool forgotten = command->code == COMMAND_record_outcome &&
                           post_forgot_attempt(&world->post.post, &report->target_id, &report->attempt_id);
    for (uint32_t i = 0; forgotten && i < world->fact_count; i++) {
        const struct story_fact *fact = &world->facts[i];
        if (fact->state == &world->post) {
            struct event event;
            ck_assert_int_eq(event_decode(span_of(world->bytes.data + fact->at, fact->len), &world->arena, &event), OK);
            attempt_recall(&recalled, &report->target_id, &report->attempt_id, &event);
        }
    }
    return recalled;
}

static inline bool names_provider(const struct command *command)
{
    return command->code == COMMAND_open_session && command->open_session.provider_id.kind == ID_PROVIDER;
}

/* The other post of a swap, as the ledger's shell loads it. */
static inline const struct post *other_post(const struct world *world, const struct command *command)
{
    const bool swaps = command->code == COMMAND_swap_targets && command->swap_targets.other_post_id.uuid[14] == 2;
    return swaps && world->second.head.version > 0 && id_equal(&world->second.head.workspace_id, &command->workspace_id)
               ? &world->second.post
               : NULL;
}

/* Whether the queue of the account that an attempt would start at, or whose target is missed, is paused. */
static inline bool is_halted(struct world *world, const struct command *command)
{
    const bool misses = command->code == COMMAND_miss_targets && command->miss_targets.targets_count > 0;
    const struct id *target_id = misses                                   ? &command->miss_targets.targets[0].target_id
                                 : command->code == COMMAND_start_attempt ? &command->start_attempt.target_id
                                                                          : NULL;
    const struct post_target *target = target_id == NULL ? NULL : post_target(&world->post.post, target_id);
    if (target == NULL) {
        return false;
    }
    const struct id queue_id = story_id(ID_QUEUE, 1, target->integration_id.uuid[15]);
    return world_state(world, ID_QUEUE, &queue_id)->queue.paused != 0;
}

/* One of another workspace is as good as none. */
static inline const struct template *named_template(const struct world *world, const struct command *command)
{
    const bool names = command->code == COMMAND_create_post && command->create_post.template_id.kind == ID_TEMPLATE;
    return names && id_equal(&world->template.head.workspace_id, &command->workspace_id) ? &world->template.template
                                                                                         : NULL;
}

static inline void scene_set(struct world *world, const struct step *step, struct scene *scene)
{
    scene->command = tell_command(world, step);
    scene->kind = command_aggregate(scene->command.code);
    scene->state = world_state(world, scene->kind, &scene->command.stream);
    const struct id workspace_id = command_workspace(&scene->command);
    uint32_t count = 0;
    for (uint32_t i = 0; i < STORY_ACCOUNT_COUNT; i++) {
        if (world->accounts[i].head.version != 0 && id_equal(&world->accounts[i].head.workspace_id, &workspace_id)) {
            scene->free_slots[count] = tell_free_slot(step, STORY_ACCOUNTS[i], world->now_ms);
            scene->accounts[count++] = &world->accounts[i].integration;
        }
    }
    scene->recalled = recall(world, &scene->command);
    for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
        world->usage.used[i] = tell_number(option(step, "in_use"));
    }
    world->usage.published_targets = tell_number(option(step, "published"));
    const int tenant = workspace_id.uuid[14];
    scene->context =
        (struct decide_context){.now_ms = world->now_ms,
                                .installation = &world->system.installation,
                                .workspace = tenant == 1   ? &world->workspace.workspace
                                             : tenant == 2 ? &world->other_workspace.workspace
                                             : tenant == 3 ? &world->empty.workspace
                                                           : NULL,
                                .integrations = scene->accounts,
                                .integration_count = count,
                                .free_slots = scene->free_slots,
                                .other_post = other_post(world, &scene->command),
                                .queue_paused = is_halted(world, &scene->command),
                                .account_taken = has_word(step, "taken"),
                                .open_post_count = (uint32_t)number(option(step, "open"), 0),
                                .recalled = &scene->recalled,
                                .slug_taken = has_word(step, "slug_taken"),
                                .is_member = has_word(step, "already"),
                                .is_invited = has_word(step, "invited"),
                                .owner_count = (uint32_t)number(option(step, "owners"), 2),
                                .usage = &world->usage,
                                .user = &world->user.user,
                                .provider = names_provider(&scene->command) ? &world->provider.provider : NULL,
                                .series = world->series.head.version == 0 ? NULL : &world->series.series,
                                .approver = has_word(step, "unknown")  ? APPROVER_UNKNOWN
                                            : has_word(step, "writer") ? APPROVER_WRITER
                                            : has_word(step, "untold") ? APPROVER_UNTOLD
                                                                       : APPROVER_OTHER,
                                .template = named_template(world, &scene->command),
                                .template_count = (uint32_t)number(option(step, "templates"), 0),
                                .series_count = (uint32_t)number(option(step, "series"), 0),
                                .room = &world->room};
}

/* Decides a scene, folds its events, checks what holds for every command, and says what happened. */
static inline void play(struct world *world, struct scene *scene, struct buf *out)
{
    const size_t size = aggregate_size_max(scene->kind);
    struct aggregate *before = (struct aggregate *)story_room(world, sizeof *before);
    *before = *scene->state;
    check_command_codec(world, &scene->command);
    struct event_list events;
    const enum refusal refusal = aggregate_decide(scene->kind, scene->state, &scene->context, &scene->command, &events);
    ck_assert_mem_eq(before, scene->state, size);
    const struct id workspace_id = command_workspace(&scene->command);
    ck_assert(events.count == 0 || command_begins_with(scene->command.code, events.events[0].code));
    for (uint32_t i = 0; i < events.count; i++) {
        say_event(out, &events.events[i]);
        happen(world, scene->kind, scene->state, &events.events[i], &workspace_id);
    }
    for (uint32_t i = 0; i < world->room.others.count; i++) { /* into the other post's own stream */
        say_event(out, &world->room.others.events[i]);
        happen(world, ID_POST, &world->second, &world->room.others.events[i], &workspace_id);
    }
    world->room.others.count = 0;
    if (refusal != ACCEPTED) {
        ck_assert_uint_eq(events.count, 0);
        ck_assert_uint_eq(refusal_desc(refusal)->layer, LAYER_DECIDER);
        say(out, "refused %s", refusal_desc(refusal)->code);
        if (world->reached != NULL) {
            world->reached[refusal] = true;
        }
    } else if (events.count == 0) {
        say(out, "nothing");
    }
    check_stored_row(scene->kind, scene->state);
    scene->recalled = recall(world, &scene->command);
    const enum refusal again = aggregate_decide(scene->kind, scene->state, &scene->context, &scene->command, &events);
    const uint32_t code = scene->command.code; /* these are told apart by command id alone */
    const bool each_time_a_fact = code == COMMAND_start_ledger || code == COMMAND_report_refusals ||
                                  code == COMMAND_report_strangers || code == COMMAND_report_member_refusals ||
                                  code == COMMAND_report_uses || code == COMMAND_change_workspace ||
                                  code == COMMAND_end_sessions || code == COMMAND_swap_targets;
    ck_assert_msg(again != ACCEPTED || events.count == 0 || each_time_a_fact, "%s: %s a second time is a second fact",
                  world->story, command_desc(scene->command.code)->name);
}

/* One step; *out gets what happened. */
static inline void walk(struct world *world, const struct step *step, struct buf *out)
{
    if (strcmp(step->words[0], "at") == 0) {
        world->now_ms = seconds(step->words[1]);
        return;
    }
    struct scene scene;
    scene_set(world, step, &scene);
    play(world, &scene, out);
    arena_reset(&world->arena);
}

static inline void walk_all(struct world *world, const char *text)
{
    struct step step;
    while (next_step(&text, &step)) {
        char said[2000];
        struct buf out = buf_of(said, sizeof said);
        walk(world, &step, &out);
        ck_assert_msg(out.len == 0 || strncmp(said, "refused", 7) != 0, "%s: given %s is %.*s", world->story,
                      step.words[0], (int)out.len, said);
    }
}

/* Every state, folded afresh from the kept bytes, is the live one. */
static inline void check_replay(struct world *world)
{
    struct aggregate *fresh = (struct aggregate *)calloc(1, sizeof *fresh);
    struct aggregate *const states[] = {
        &world->system, &world->workspace, &world->other_workspace, &world->member,   &world->key,
        &world->post,   &world->user,      &world->session,         &world->provider, &world->marks,
        &world->series, &world->second,    &world->template};
    for (uint32_t i = 0; i < sizeof states / sizeof *states + 2 * STORY_ACCOUNT_COUNT; i++) {
        struct aggregate *live = i < STORY_ACCOUNT_COUNT       ? &world->accounts[i]
                                 : i < 2 * STORY_ACCOUNT_COUNT ? &world->queues[i - STORY_ACCOUNT_COUNT]
                                                               : states[i - 2 * STORY_ACCOUNT_COUNT];
        const enum id_kind kind = i < STORY_ACCOUNT_COUNT                          ? ID_INTEGRATION
                                  : i < 2 * STORY_ACCOUNT_COUNT                    ? ID_QUEUE
                                  : live == &world->system                         ? ID_SYSTEM
                                  : live == &world->member                         ? ID_MEMBER
                                  : live == &world->key                            ? ID_KEY
                                  : live == &world->post || live == &world->second ? ID_POST
                                  : live == &world->user                           ? ID_USER
                                  : live == &world->session                        ? ID_SESSION
                                  : live == &world->provider                       ? ID_PROVIDER
                                  : live == &world->marks                          ? ID_NOTIFICATION
                                  : live == &world->series                         ? ID_SERIES
                                  : live == &world->template                       ? ID_TEMPLATE
                                                                                   : ID_WORKSPACE;
        ck_assert_int_eq(aggregate_load(kind, (struct span){0}, fresh), OK);
        for (uint32_t k = 0; k < world->fact_count; k++) {
            const struct story_fact *fact = &world->facts[k];
            if (fact->state == live) {
                struct event event;
                ck_assert_int_eq(event_decode(span_of(world->bytes.data + fact->at, fact->len), &world->arena, &event),
                                 OK);
                aggregate_evolve(kind, fresh, &event, &fact->workspace_id, fact->time_ms);
                arena_reset(&world->arena);
            }
        }
        ck_assert_mem_eq(fresh, live, aggregate_size_max(kind));
    }
    free(fresh);
}

static inline struct world *world_new(bool *reached, bool *happened)
{
    struct world *world = (struct world *)calloc(1, sizeof *world);
    ck_assert_ptr_nonnull(world);
    world->bytes = buf_of(malloc(STORY_BYTES_MAX), STORY_BYTES_MAX);
    arena_init(&world->arena, (size_t)8 << 20);
    world->story = "the world";
    world->reached = reached;
    world->happened = happened;
    walk_all(world,
             "at -86400, ledger, workspace lateness=21600000, workspace tenant=2, connect a, accept a, connect b, "
             "accept b, connect c, accept c,"
             "connect d, accept d, connect e, accept e, connect g, accept g, at 0");
    return world;
}

static inline void world_free(struct world *world)
{
    arena_done(&world->arena);
    free(world->bytes.data);
    free(world);
}

/* Tells a story; said (of said_size bytes) gets what its last step did. */
static inline void tell(const struct story *story, bool *reached, bool *happened, char *said, size_t said_size)
{
    struct world *world = world_new(reached, happened);
    world->story = story->name;
    walk_all(world, story->given);
    struct step step;
    const char *when = story->when;
    ck_assert(next_step(&when, &step));
    struct buf out = buf_of(said, said_size);
    walk(world, &step, &out);
    ck_assert_ptr_nonnull(buf_terminated(&out));
    check_replay(world);
    world_free(world);
}

/* Tells a table of stories; returns how many did not go as told, each printed. */
static inline int tell_all(const struct story *stories, size_t count, bool *reached, bool *happened)
{
    int astray = 0;
    for (size_t i = 0; i < count; i++) {
        const struct story *story = &stories[i];
        char said[2000];
        tell(story, reached, happened, said, sizeof said);
        if (strcmp(said, story->then) != 0) {
            astray++;
            printf("%s\n  given %s\n  when  %s\n  then  %s\n  but   %s\n", story->name, story->given, story->when,
                   story->then, said);
        }
    }
    return astray;
}

#endif
