/* posts_agreement_projection_test.c: whatever the decider decides, readers see the post as the decider's own state has
 * it, after every command; a scheduler that starts is told of exactly the targets
 * that are open; and the scheduler's agenda, kept up by
 * the events alone, is the one that is made of these rows. Random commands of people, scheduler and adapters, thousands
 * of them. */
#include "core/decider/aggregate.h"
#include "projections/dispatch_views.h"
#include "projections/post_fold.h"
#include "tests/unit/projection_fixture.h"

#define STEPS 400
#define ATTEMPTS_KEPT 64
#define EPOCH 7
#define AGENDA_EVERY 4 /* commands: making one afresh costs more than all the rest */

struct play {
    struct world world;
    struct prng prng;
    struct post post;
    struct installation installation;
    struct workspace workspace;
    struct integration integrations[4];
    const struct integration *integration_list[4];
    struct decide_room room;
    struct id attempts[ATTEMPTS_KEPT];
    uint32_t attempt_count;
    uint32_t minted;
    uint64_t accepted[64]; /* by command code */
    struct agenda *agenda; /* kept up by events, as the scheduler's */
    uint32_t compared;
    uint32_t recalled; /* attempts */
    bool stubborn;     /* the platform defers nearly everything: more attempts than a target remembers */
};

/* --- the agenda --- */

/* One event, as the scheduler takes it: what the agenda does not know it loads. */
static void tell_agenda(struct play *play, const struct event *event)
{
    const struct log_event *at = &play->world.log[play->world.seq - 1];
    const enum err err = agenda_apply(play->agenda, at, event);
    if (err == OK) {
        return;
    }
    ck_assert_int_eq(err, ERR_NOT_FOUND);
    const struct id post_id = id_n(ID_POST, 1);
    struct dispatch_views views = {.store = play->world.store};
    struct agenda_target *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(dispatch_views_begin(&views), OK);
    ck_assert_int_eq(dispatch_views_open(&views, &post_id, 0, &play->world.arena, &rows, &count), OK);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_int_eq(agenda_restore(play->agenda, &rows[i]), OK);
    }
    dispatch_views_end(&views);
}

/* Live equals derived, and what is derived was compared with the decider's own state. */
static void compare_agenda(struct play *play)
{
    OWNED(agenda_free) struct agenda *derived = NULL;
    struct dispatch_views views = {.store = play->world.store};
    uint64_t position = 0;
    ck_assert_int_eq(agenda_new(&derived), OK);
    ck_assert_int_eq(dispatch_views_restore(&views, derived, &position), OK);
    ck_assert_msg(agenda_digest(play->agenda) == agenda_digest(derived), "at event %u", (unsigned)play->world.seq);
}

static void evolve_other(struct play *play, enum id_kind kind, void *state, const struct event *event)
{
    const struct id workspace_id = the_workspace();
    aggregate_evolve(kind, state, event, &workspace_id, play->world.now_ms);
}

static void feed_account(struct play *play, uint32_t i, struct event *event)
{
    const struct id workspace_id = the_workspace();
    const struct id integration_id = id_n(ID_INTEGRATION, i + 1);
    if (event->code == EVENT_integration_connecting) {
        event->integration_connecting.vault_id = id_n(ID_SECRET, i);
        event->integration_connecting.fingerprint = SPAN("f");
    } else {
        event->integration_connected.vault_id = id_n(ID_SECRET, i);
        event->integration_connected.fingerprint = SPAN("f");
    }
    feed(&play->world, &workspace_id, &integration_id, event);
    tell_agenda(play, event);
}

/* A workspace, an installation and four connected accounts, as states and as rows. */
static void play_init(struct play *play, uint64_t seed)
{
    memset(play, 0, sizeof *play);
    world_init_whole(&play->world);
    prng_seed(&play->prng, seed);
    ck_assert_int_eq(agenda_new(&play->agenda), OK);
    world_put_position(&play->world);
    const struct id workspace_id = the_workspace();
    const struct id none = {.kind = ID_NONE};
    const struct id installation_id = id_n(ID_SYSTEM, 1);
    feed_workspace(&play->world, &workspace_id);
    struct event event = event_of(EVENT_workspace_created);
    event.workspace_created = (struct workspace_created_event){.workspace_id = workspace_id,
                                                               .slug = SPAN("a"),
                                                               .name = SPAN("a"),
                                                               .timezone = SPAN("UTC"),
                                                               .max_lateness_ms = MAX_LATENESS_DEFAULT_MS,
                                                               .late_spacing_ms = LATE_SPACING_DEFAULT_MS};
    evolve_other(play, ID_WORKSPACE, &play->workspace, &event);
    tell_agenda(play, &event);
    event = event_of(EVENT_ledger_started);
    event.ledger_started = (struct ledger_started_event){.epoch = EPOCH, .boot = SPAN("b"), .release = SPAN("r")};
    feed(&play->world, &none, &installation_id, &event);
    evolve_other(play, ID_SYSTEM, &play->installation, &event);
    tell_agenda(play, &event);
    for (uint32_t i = 0; i < 4; i++) {
        event = event_of(EVENT_integration_connecting);
        event.integration_connecting = (struct integration_connecting_event){
            .integration_id = id_n(ID_INTEGRATION, i + 1), .channel = CHANNEL_BLUESKY, .identifier = SPAN("a")};
        evolve_other(play, ID_INTEGRATION, &play->integrations[i], &event);
        feed_account(play, i, &event);
        event = event_of(EVENT_integration_connected);
        event.integration_connected = (struct integration_connected_event){
            .integration_id = id_n(ID_INTEGRATION, i + 1), .account = SPAN("did"), .handle = SPAN("a")};
        evolve_other(play, ID_INTEGRATION, &play->integrations[i], &event);
        feed_account(play, i, &event);
        play->integration_list[i] = &play->integrations[i];
    }
}

static struct command command_of(struct play *play, enum command_code code)
{
    struct command command;
    memset(&command, 0, sizeof command);
    command.code = code;
    play->minted++;
    command.command_id = id_n(ID_COMMAND, play->minted);
    command.workspace_id = the_workspace();
    command.stream = id_n(ID_POST, 1);
    command.actor = ACTOR_KEY;
    command.actor_id = id_n(ID_KEY, 1);
    command.role = ROLE_EDITOR;
    return command;
}

/* --- comparing --- */

/* queue_row: what a scheduler that starts is told of it; NULL: nothing. Returns how many targets are open here: 1 or
 * 0. */
static uint32_t compare_target(struct play *play, const struct post_view *view, uint32_t i,
                               const struct queue_row *queue_row)
{
    const struct post_target *state = &play->post.targets[i];
    const struct target_row *row = &view->row.targets[i];
    ck_assert(id_equal(&state->target_id, &row->target_id));
    ck_assert_uint_eq(state->status, row->status);
    ck_assert_uint_eq(target_phase(state), post_fold_phase(row));
    ck_assert_uint_eq(state->next_part, row->part_live);
    ck_assert_uint_eq(state->attempt_count, row->attempt_count);
    ck_assert(id_equal(&state->attempt_id, &row->attempt_id));
    ck_assert_int_eq(state->at_ms, row->at_ms);
    ck_assert_uint_eq(state->part_count, row->part_count + (row->comment ? 1 : 0));
    if (play->post.status != POST_DRAFT) {
        ck_assert_int_eq(state->due_ms, row->due_ms);
        ck_assert_int_eq(state->base_due_ms, row->base_ms != 0 ? row->base_ms : row->due_ms);
        ck_assert_int_eq(state->next_ms, row->next_ms);
    }
    ck_assert_uint_eq(state->read_first, row->read_first);
    if (state->attempt_count > 0) {
        ck_assert_uint_eq(state->attempt_part, row->attempt_part);
        ck_assert_int_eq(state->deadline_ms, row->deadline_ms);
        ck_assert_int_eq(state->started_ms, row->started_ms);
        ck_assert_uint_eq(state->attempt_outcome == OUTCOME_NONE, row->attempt_open);
    }
    if (target_phase(state) == TARGET_UNKNOWN) {
        ck_assert_uint_eq(state->probes, row->probe_count);
        ck_assert_uint_eq(state->needs_person, row->needs_person);
    }
    const bool open = play->post.status != POST_DRAFT && !target_status_is_final(target_phase(state));
    const int64_t open_due_ms = post_open_due(&play->post, &state->integration_id);
    ck_assert_int_eq(open_due_ms, open ? state->base_due_ms : 0);
    ck_assert(queue_is_open(&view->row, row) == open);
    ck_assert((queue_row != NULL) == open);
    if (open) {
        ck_assert_int_eq(queue_row->due_ms, open_due_ms);
    }
    return open ? 1 : 0;
}

static void compare(struct play *play)
{
    const struct post_view view = view_of(&play->world, 1);
    const struct post *post = &play->post;
    ck_assert_uint_eq(post->status, view.row.status);
    ck_assert_uint_eq(post->head.version, view.row.version);
    ck_assert_int_eq(post->locked_at_ms, view.row.locked_ms);
    ck_assert_int_eq(post->not_after_ms, view.row.not_after_ms);
    ck_assert_uint_eq(post->target_count, view.row.targets_count);
    if (post->status != POST_DRAFT) {
        ck_assert_int_eq(post->publish_at_ms, view.row.publish_at_ms);
    }
    struct queue_row *rows = NULL;
    const uint32_t count = queue_of(&play->world, &rows);
    uint32_t open_count = 0;
    for (uint32_t i = 0; i < post->target_count; i++) {
        open_count += compare_target(play, &view, i, queued_of(rows, count, &post->targets[i].target_id));
    }
    ck_assert_uint_eq(count, open_count);
    ck_assert_uint_eq(open_targets(&play->world), open_count);
}

/* --- one command --- */

/* What the log tells of an attempt that the post has forgotten. */
static struct recalled_attempt recall(struct play *play, const struct command *command)
{
    const struct record_outcome_command *report = &command->record_outcome;
    struct recalled_attempt recalled = {.number = 0};
    const bool forgotten = command->code == COMMAND_record_outcome &&
                           post_forgot_attempt(&play->post, &report->target_id, &report->attempt_id);
    for (uint64_t i = 0; forgotten && i < play->world.seq; i++) {
        struct event event;
        ck_assert_int_eq(event_decode(play->world.log[i].payload, &play->world.arena, &event), OK);
        attempt_recall(&recalled, &report->target_id, &report->attempt_id, &event);
    }
    play->recalled += recalled.number != 0 ? 1 : 0;
    return recalled;
}

static enum refusal give(struct play *play, struct command *command)
{
    const struct recalled_attempt recalled = recall(play, command);
    const struct decide_context context = {
        .now_ms = play->world.now_ms,
        .installation = &play->installation,
        .workspace = &play->workspace,
        .integrations = play->integration_list,
        .integration_count = 4,
        .recalled = &recalled,
        .room = &play->room,
    };
    struct event_list events = {.count = 0};
    const enum refusal refusal = aggregate_decide(ID_POST, &play->post, &context, command, &events);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (events.count > 0) {
        play->accepted[command->code]++;
    }
    const struct id workspace_id = the_workspace();
    for (uint32_t i = 0; i < events.count; i++) {
        aggregate_evolve(ID_POST, &play->post, &events.events[i], &workspace_id, play->world.now_ms);
        feed_post(&play->world, 1, &events.events[i]);
        tell_agenda(play, &events.events[i]);
    }
    if (play->post.status != POST_DELETED && play->post.head.version > 0) {
        compare(play);
        play->compared++;
        if (play->compared % AGENDA_EVERY == 0) {
            compare_agenda(play);
        }
    }
    return ACCEPTED;
}

static uint32_t below(struct play *play, uint32_t bound)
{
    return (uint32_t)prng_below(&play->prng, bound);
}

static int64_t some_instant(struct play *play)
{
    return play->world.now_ms + LOCK_AHEAD_MS + 1 + below(play, (uint32_t)HOUR_MS);
}

/* Some of the four accounts; a target keeps its id. */
static struct target_spec *random_specs(struct play *play, uint32_t *ret_count)
{
    struct target_spec *specs = world_alloc(&play->world, 4 * sizeof *specs);
    uint32_t count = 0;
    for (uint32_t i = 0; i < 4; i++) {
        bool kept = false; /* cancelled ones must stay */
        for (uint32_t k = 0; k < play->post.target_count; k++) {
            const struct id target_id = target_n(1, i);
            kept = kept || (id_equal(&play->post.targets[k].target_id, &target_id) &&
                            target_status_is_final(play->post.targets[k].status));
        }
        if (kept || prng_chance(&play->prng, 2)) {
            specs[count].target_id = target_n(1, i);
            specs[count].integration_id = id_n(ID_INTEGRATION, i + 1);
            specs[count].channel = CHANNEL_BLUESKY;
            specs[count].at_ms = prng_chance(&play->prng, 3) ? some_instant(play) : 0;
            count++;
        }
    }
    *ret_count = count;
    return specs;
}

static void create(struct play *play)
{
    static struct content_part part = {.text = STATIC_SPAN("text")};
    struct command command = command_of(play, COMMAND_create_post);
    command.create_post.post_id = id_n(ID_POST, 1);
    command.create_post.parts = &part;
    command.create_post.parts_count = 1;
    command.create_post.targets = random_specs(play, &command.create_post.targets_count);
    command.create_post.not_after_ms = prng_chance(&play->prng, 6) ? play->world.now_ms + 2 * DAY_MS : 0;
    if (prng_chance(&play->prng, 2)) {
        command.create_post.now = prng_chance(&play->prng, 2);
        command.create_post.at_ms = command.create_post.now ? 0 : some_instant(play);
    }
    (void)give(play, &command);
}

static void edit(struct play *play)
{
    static struct content_part part = {.text = STATIC_SPAN("other")};
    struct command command = command_of(play, COMMAND_edit_post);
    command.expected_version = play->post.head.version;
    command.edit_post.post_id = id_n(ID_POST, 1);
    command.edit_post.parts = &part;
    command.edit_post.parts_count = 1;
    command.edit_post.targets = random_specs(play, &command.edit_post.targets_count);
    (void)give(play, &command);
}

static void schedule(struct play *play)
{
    struct command command = command_of(play, COMMAND_schedule_post);
    command.schedule_post.post_id = id_n(ID_POST, 1);
    command.schedule_post.now = prng_chance(&play->prng, 2);
    command.schedule_post.at_ms = command.schedule_post.now ? 0 : some_instant(play);
    (void)give(play, &command);
}

static struct locked_part *random_parts(struct play *play, uint32_t *ret_count)
{
    const uint32_t main_count = 1 + below(play, 3);
    const uint32_t count = main_count + below(play, 2);
    struct locked_part *parts = world_alloc(&play->world, count * sizeof *parts);
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = (struct locked_part){.key = SPAN("k"),
                                        .created_ms = play->world.now_ms,
                                        .payload = SPAN("{}"),
                                        .payload_hash = {.bytes = {(uint8_t)(i + 1), 1}},
                                        .comment = i >= main_count};
    }
    *ret_count = count;
    return parts;
}

static void lock(struct play *play)
{
    struct locked_target *targets = world_alloc(&play->world, (play->post.target_count + 1) * sizeof *targets);
    struct command command = command_of(play, COMMAND_lock_post);
    command.expected_version = play->post.head.version;
    for (uint32_t i = 0; i < play->post.target_count; i++) {
        targets[i].target_id = play->post.targets[i].target_id;
        if (prng_chance(&play->prng, 10)) {
            targets[i].code = SPAN("render_refused");
        } else {
            targets[i].parts = random_parts(play, &targets[i].parts_count);
        }
    }
    command.lock_post.post_id = id_n(ID_POST, 1);
    command.lock_post.targets = targets;
    command.lock_post.targets_count = play->post.target_count;
    (void)give(play, &command);
}

/* Any target; NULL when there is none. */
static const struct post_target *some_target(struct play *play)
{
    return play->post.target_count == 0 ? NULL : &play->post.targets[below(play, play->post.target_count)];
}

static void start(struct play *play)
{
    const struct post_target *target = some_target(play);
    if (target == NULL) {
        return;
    }
    struct command command = command_of(play, COMMAND_start_attempt);
    play->minted++;
    command.start_attempt.post_id = id_n(ID_POST, 1);
    command.start_attempt.target_id = target->target_id;
    command.start_attempt.attempt_id = id_n(ID_ATTEMPT, play->minted);
    command.start_attempt.part = target->next_part;
    command.start_attempt.fence = EPOCH;
    command.start_attempt.payload_hash = (struct hash){
        .bytes = {(uint8_t)(target->next_part + 1), 1}
    };
    const uint32_t before = target->attempt_count;
    if (give(play, &command) == ACCEPTED && target->attempt_count > before) {
        play->attempts[play->attempt_count % ATTEMPTS_KEPT] = command.start_attempt.attempt_id;
        play->attempt_count++;
    }
}

static void prepare(struct play *play)
{
    const struct post_target *target = some_target(play);
    if (target == NULL) {
        return;
    }
    struct command command = command_of(play, COMMAND_record_prepared);
    command.record_prepared.post_id = id_n(ID_POST, 1);
    command.record_prepared.target_id = target->target_id;
    command.record_prepared.prepared = prng_chance(&play->prng, 2) ? SPAN("{\"a\":1}") : SPAN("{\"a\":2}");
    (void)give(play, &command);
}

/* An outcome of the target's last attempt or of any older one, by its adapter or by reading. */
static void outcome(struct play *play)
{
    const struct post_target *target = some_target(play);
    if (target == NULL || play->attempt_count == 0) {
        return;
    }
    const uint32_t kept = play->attempt_count < ATTEMPTS_KEPT ? play->attempt_count : ATTEMPTS_KEPT;
    struct command command = command_of(play, COMMAND_record_outcome);
    struct record_outcome_command *report = &command.record_outcome;
    report->post_id = id_n(ID_POST, 1);
    report->target_id = target->target_id;
    report->attempt_id = prng_chance(&play->prng, 5) ? play->attempts[below(play, kept)] : target->attempt_id;
    report->outcome = prng_chance(&play->prng, 5) ? OUTCOME_UNKNOWN : 1 + below(play, OUTCOME_COUNT - 1);
    report->by_read = prng_chance(&play->prng, 3);
    if (play->stubborn && !prng_chance(&play->prng, 4) && id_equal(&report->attempt_id, &target->attempt_id)) {
        report->outcome = OUTCOME_DEFERRED;
        report->by_read = false;
        report->until_ms = play->world.now_ms + SECOND_MS;
    }
    report->code = report->outcome == OUTCOME_ACCEPTED ? span_of(NULL, 0) : SPAN("platform_unavailable");
    report->url = report->outcome == OUTCOME_ACCEPTED ? SPAN("https://x") : span_of(NULL, 0);
    report->jitter_permille = below(play, 401);
    report->keyless = prng_chance(&play->prng, 4);
    (void)give(play, &command);
}

static void miss(struct play *play)
{
    struct target_ref *refs = world_alloc(&play->world, (play->post.target_count + 1) * sizeof *refs);
    for (uint32_t i = 0; i < play->post.target_count; i++) {
        refs[i].target_id = play->post.targets[i].target_id;
    }
    struct command command = command_of(play, COMMAND_miss_targets);
    command.miss_targets.post_id = id_n(ID_POST, 1);
    command.miss_targets.targets = refs;
    command.miss_targets.targets_count = play->post.target_count;
    (void)give(play, &command);
}

static void person(struct play *play)
{
    const struct post_target *target = some_target(play);
    struct command command;
    switch (below(play, 8)) {
    case 0:
        command = command_of(play, COMMAND_cancel_post);
        command.cancel_post.post_id = id_n(ID_POST, 1);
        break;
    case 1:
    case 2:
        command = command_of(play, COMMAND_cancel_target);
        command.cancel_target.post_id = id_n(ID_POST, 1);
        command.cancel_target.target_id = target == NULL ? target_n(1, 0) : target->target_id;
        break;
    case 3:
    case 4:
    case 5:
        command = command_of(play, COMMAND_retry_post);
        command.retry_post.post_id = id_n(ID_POST, 1);
        command.retry_post.now = prng_chance(&play->prng, 2);
        command.retry_post.at_ms = command.retry_post.now ? 0 : some_instant(play);
        break;
    default:
        command = command_of(play, COMMAND_resolve_target);
        command.resolve_target.post_id = id_n(ID_POST, 1);
        command.resolve_target.target_id = target == NULL ? target_n(1, 0) : target->target_id;
        command.resolve_target.resolution = 1 + below(play, RESOLUTION_COUNT - 1);
        command.resolve_target.url =
            command.resolve_target.resolution == RESOLUTION_PUBLISHED ? SPAN("https://x") : span_of(NULL, 0);
        command.resolve_target.retry =
            command.resolve_target.resolution == RESOLUTION_ABSENT && prng_chance(&play->prng, 2);
        break;
    }
    (void)give(play, &command);
}

static void step(struct play *play)
{
    static const int64_t waits_ms[] = {1, 100, 20000, 45000, 130000, 400000};
    play->world.now_ms += waits_ms[below(play, sizeof waits_ms / sizeof *waits_ms)];
    if (!play->stubborn && prng_chance(&play->prng, 60)) {
        play->world.now_ms += 7 * HOUR_MS;
    }
    const uint32_t dice = below(play, 100);
    if (dice < 4) {
        edit(play);
    } else if (dice < 9) {
        schedule(play);
    } else if (dice < 20) {
        lock(play);
    } else if (dice < 25) {
        prepare(play);
    } else if (dice < 55) {
        start(play);
    } else if (dice < 85) {
        outcome(play);
    } else if (dice < 89) {
        miss(play);
    } else {
        person(play);
    }
}

#define PLAYS 60

START_TEST(readers_see_what_the_decider_knows)
{
    static struct play play; /* large */
    uint64_t accepted[64] = {0};
    uint32_t recalled = 0;
    for (uint64_t seed = 1; seed <= PLAYS; seed++) {
        play_init(&play, (uint64_t)_i * PLAYS + seed);
        play.stubborn = seed % 4 == 0;
        create(&play);
        for (int i = 0; i < STEPS && play.post.head.version > 0; i++) {
            step(&play);
        }
        world_drop_position(&play.world);
        check_rebuild(&play.world);
        agenda_free(play.agenda);
        for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
            accepted[i] += play.accepted[i];
        }
        recalled += play.recalled;
        world_done(&play.world);
    }
    ck_assert_uint_gt(recalled, 0);
    for (uint32_t code = COMMAND_create_post; code <= COMMAND_resolve_target; code++) {
        if (code != COMMAND_delete_post) {
            ck_assert_msg(accepted[code] > 0, "no %s was ever accepted", command_desc(code)->name);
        }
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_agreement_projection");
    TCase *tcase = tcase_create("agreement");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, readers_see_what_the_decider_knows, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
