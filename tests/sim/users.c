/* users.c: people and programs in the simulation: they write, schedule, edit, cancel, pause, retry and resolve, at
 * random; they pull at clocks, and the platform has its moods. In the end they undo whatever holds something up. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "projections/access.h"
#include "projections/posts.h"
#include "tests/sim/world.h"

#define ANSWER_WAIT_MS 2000
#define ANSWER_TRIES 4
#define ACT_WITHIN_MS 40000
#define HIDDEN_MAX_MS 60000
#define SETTLE_EVERY_MS (10 * MINUTE_MS)

/* --- sending --- */

static void again(struct world *world, struct parcel *parcel);

static void fly(struct world *world, const struct flight *flight)
{
    bus_send(world, ledger_take, 0, 0, 1, span_of(flight->bytes, flight->len));
    world_post(world, ANSWER_WAIT_MS, again, span_of(&flight->command_id, sizeof flight->command_id));
}

static struct flight **find_flight(struct world *world, const void *command_id)
{
    struct flight **link = &world->user_flights;
    while (*link != NULL && memcmp(&(*link)->command_id, command_id, sizeof(struct id)) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static void end_flight(struct flight **link)
{
    struct flight *flight = *link;
    *link = flight->next;
    free(flight);
}

static void again(struct world *world, struct parcel *parcel)
{
    struct flight **link = find_flight(world, parcel->bytes);
    if (*link == NULL) {
        return;
    }
    (*link)->tries++;
    if ((*link)->tries < ANSWER_TRIES) {
        fly(world, *link);
    } else {
        end_flight(link); /* they never learn what became of it */
    }
}

void user_send(struct world *world, struct command *command)
{
    const size_t cap = (size_t)1 << 16;
    struct flight *flight = malloc(sizeof *flight + cap);
    ASSERT(flight != NULL);
    if (command->actor != ACTOR_OPERATOR) {
        command->actor = ACTOR_KEY;
    }
    command->command_id = world_mint(world, ID_COMMAND);
    struct buf out = buf_of(flight->bytes, cap);
    ASSERT(command_encode(command, &out) == OK);
    flight = realloc(flight, sizeof *flight + out.len);
    ASSERT(flight != NULL);
    *flight = (struct flight){.next = world->user_flights, .command_id = command->command_id, .len = out.len};
    world->user_flights = flight;
    trace(world, "user", "%s %s", command_desc(command->code)->name, name_of(world, &command->stream));
    fly(world, flight);
}

/* The answer is nothing that anybody here waits for, but to stop asking: a command sent twice is decided once, which
 * the judge sees. */
void users_answered(struct world *world, struct parcel *parcel)
{
    struct flight **link = find_flight(world, parcel->bytes + sizeof(struct answer));
    if (*link != NULL) {
        end_flight(link);
    }
}

/* --- what they know --- */

struct view {
    struct store_txn *txn;
    struct arena arena;
};

static struct view view_begin(const struct world *world)
{
    struct view view = {0};
    arena_init(&view.arena, (size_t)1 << 26);
    ASSERT(store_begin(world->store, false, &view.txn) == OK);
    return view;
}

static void view_end(struct view *view)
{
    store_abort(view->txn);
    arena_done(&view->arena);
}

static bool has_target(const struct post_view *post, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < post->row.targets_count; i++) {
        if (post->row.targets[i].status == a || post->row.targets[i].status == b) {
            return true;
        }
    }
    return false;
}

/* Any post; preferably one that has a target with status a or b (0: any will do). */
static bool view_post(struct world *world, struct view *view, uint32_t a, uint32_t b, struct post_view *ret_post)
{
    bool found = false;
    for (int tries = 0; tries < 12 && world->post_count > 0; tries++) {
        const struct user_post *post = &world->posts[prng_below(&world->dice, world->post_count)];
        struct post_view candidate;
        if (posts_get(view->txn, &post->workspace_id, &post->post_id, &view->arena, &candidate) == OK) {
            *ret_post = candidate;
            found = true;
            if (a == 0 || has_target(&candidate, a, b)) {
                break;
            }
        }
    }
    return found;
}

/* --- writing --- */

static struct span text_of(struct world *world, struct arena *arena, const char *what)
{
    char text[80];
    struct span copy;
    const char *mention = world_chance(world, 12) ? " for @bob.test" : "";
    (void)snprintf(text, sizeof text, "%s %u%s", what, ++world->texts, mention);
    ASSERT(arena_copy(arena, span_text(text), &copy) == OK);
    return copy;
}

static uint32_t fill_targets(struct world *world, const struct id *workspace_id, struct target_spec *specs)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->account_count; i++) {
        if (id_equal(&world->accounts[i].workspace_id, workspace_id) && (count == 0 || world_chance(world, 2))) {
            specs[count] = (struct target_spec){.target_id = world_mint(world, ID_TARGET),
                                                .integration_id = world->accounts[i].integration_id,
                                                .channel = CHANNEL_BLUESKY};
            if (world_chance(world, 6)) {
                specs[count].at_ms = world_wall(world) + world_between(world, 1000, 1200000);
            }
            count++;
        }
    }
    return count;
}

static void create(struct world *world)
{
    struct arena arena;
    struct target_spec specs[ACCOUNTS_MAX];
    struct content_part parts[3];
    if (world->post_count == POSTS_MAX) {
        return;
    }
    arena_init(&arena, 65536);
    const struct id workspace_id = world->workspaces[prng_below(&world->dice, WORKSPACES_MAX)];
    const struct id post_id = world_mint(world, ID_POST);
    struct command command = {.code = COMMAND_create_post, .workspace_id = workspace_id, .stream = post_id};
    struct create_post_command *wanted = &command.create_post;
    wanted->post_id = post_id;
    wanted->parts = parts;
    wanted->parts_count = world_chance(world, 3) ? (uint32_t)world_between(world, 2, 3) : 1;
    for (uint32_t i = 0; i < wanted->parts_count; i++) {
        parts[i].text = text_of(world, &arena, "part");
    }
    if (world_chance(world, 4)) {
        wanted->first_comment = text_of(world, &arena, "comment");
    }
    wanted->targets = specs;
    wanted->targets_count = fill_targets(world, &workspace_id, specs);
    const int64_t how = world_between(world, 0, 9);
    if (how < 3) {
        wanted->now = true;
    } else if (how < 8) {
        wanted->at_ms = world_wall(world) + world_between(world, 1000, 900000);
    }
    if (world_chance(world, 8)) {
        wanted->not_after_ms = world_wall(world) + world_between(world, 600000, 2400000);
    }
    world->posts[world->post_count++] = (struct user_post){.workspace_id = workspace_id, .post_id = post_id};
    user_send(world, &command);
    arena_done(&arena);
}

static void edit_now(struct world *world, struct parcel *parcel)
{
    struct view view = view_begin(world);
    struct post_view post;
    struct user_post which;
    memcpy(&which, parcel->bytes, sizeof which);
    if (posts_get(view.txn, &which.workspace_id, &which.post_id, &view.arena, &post) == OK) {
        struct command command = {.code = COMMAND_edit_post,
                                  .workspace_id = post.row.workspace_id,
                                  .stream = post.row.post_id,
                                  .expected_version = post.row.version};
        struct edit_post_command *wanted = &command.edit_post;
        *wanted = (struct edit_post_command){.post_id = post.row.post_id,
                                             .parts = post.content.parts,
                                             .parts_count = post.content.parts_count,
                                             .first_comment = post.content.first_comment,
                                             .targets = post.content.targets,
                                             .targets_count = post.content.targets_count,
                                             .not_after_ms = post.row.not_after_ms};
        wanted->parts[0].text = text_of(world, &view.arena, "edited");
        if (world_chance(world, 3) && wanted->targets_count > 1) {
            wanted->targets_count--;
        }
        user_send(world, &command);
    }
    view_end(&view);
}

/* Now, or in the last moment before the lock. */
static void edit(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (view_post(world, &view, 0, 0, &post)) {
        const struct user_post which = {.workspace_id = post.row.workspace_id, .post_id = post.row.post_id};
        const int64_t left_ms = post.row.publish_at_ms - LOCK_AHEAD_MS - world_wall(world);
        const bool late = post.row.status == POST_SCHEDULED && left_ms > 0 && world_chance(world, 2);
        world_post(world, late ? left_ms - world_between(world, 0, 12) : 0, edit_now, span_of(&which, sizeof which));
    }
    view_end(&view);
}

/* --- everything about a post that exists --- */

static void on_post(struct world *world, enum command_code code)
{
    struct view view = view_begin(world);
    struct post_view post;
    const bool again = code == COMMAND_retry_post;
    if (view_post(world, &view, again ? TARGET_FAILED : 0, TARGET_MISSED, &post)) {
        struct command command = {.code = code, .workspace_id = post.row.workspace_id, .stream = post.row.post_id};
        const struct id post_id = post.row.post_id;
        if (code == COMMAND_schedule_post) {
            command.schedule_post.post_id = post_id;
            command.schedule_post.now = world_chance(world, 3);
            command.schedule_post.at_ms =
                command.schedule_post.now ? 0 : world_wall(world) + world_between(world, 1000, 900000);
        } else if (code == COMMAND_cancel_post) {
            command.cancel_post.post_id = post_id;
        } else if (code == COMMAND_cancel_target && post.row.targets_count > 0) {
            command.cancel_target.post_id = post_id;
            command.cancel_target.target_id =
                post.row.targets[prng_below(&world->dice, post.row.targets_count)].target_id;
        } else if (code == COMMAND_retry_post) {
            command.retry_post.post_id = post_id;
            command.retry_post.now = true;
        } else {
            command.code = COMMAND_delete_post;
            command.delete_post.post_id = post_id;
        }
        user_send(world, &command);
    }
    view_end(&view);
}

/* What a person who looks at the platform recognises: the key, or the words where the platform chose the key. */
static bool is_seen(const struct world *world, const struct post_view *post, const struct post_payload *payload,
                    uint64_t part, struct span account)
{
    const struct span key = payload->locked.parts[part].key;
    const bool comment = part >= post->content.parts_count;
    const struct span text = comment ? post->content.first_comment : post->content.parts[part].text;
    size_t index = 0;
    struct model_record record;
    while (model_list(world->model, &index, &record)) {
        if (span_equal(record.did, account) &&
            (world->keyless ? span_equal(record.text, text) : span_equal(record.rkey, key))) {
            return true;
        }
    }
    return false;
}

/* A person looks at the platform, and says what is to be seen there of the post's first unknown target; or only of one
 * that no machine ever reads. */
static void resolve_post(struct world *world, struct view *view, const struct post_view *post, bool only_unread)
{
    for (uint32_t i = 0; i < post->row.targets_count; i++) {
        const struct target_row *target = &post->row.targets[i];
        struct post_payload payload;
        struct integration_row account;
        if (target->status != TARGET_UNKNOWN || (only_unread && target->next_ms != 0) ||
            posts_payload(view->txn, &post->row.post_id, &target->target_id, &view->arena, &payload) != OK ||
            access_integration(view->txn, NULL, &target->integration_id, &view->arena, &account) != OK) {
            continue;
        }
        struct command command = {
            .code = COMMAND_resolve_target, .workspace_id = post->row.workspace_id, .stream = post->row.post_id};
        command.resolve_target.post_id = post->row.post_id;
        command.resolve_target.target_id = target->target_id;
        command.resolve_target.resolution = RESOLUTION_ABSENT;
        command.resolve_target.retry = world_chance(world, 2);
        if (is_seen(world, post, &payload, target->part_live, account.account)) {
            command.resolve_target.resolution = RESOLUTION_PUBLISHED;
            command.resolve_target.retry = false;
            command.resolve_target.url = SPAN("https://bsky.app/seen");
        }
        user_send(world, &command);
        return;
    }
}

static void resolve(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (view_post(world, &view, TARGET_UNKNOWN, TARGET_UNKNOWN, &post)) {
        resolve_post(world, &view, &post, false);
    }
    view_end(&view);
}

static void resolve_unread(struct world *world, struct view *view)
{
    for (uint32_t i = 0; i < world->post_count; i++) {
        struct post_view post;
        arena_reset(&view->arena);
        if (posts_get(view->txn, &world->posts[i].workspace_id, &world->posts[i].post_id, &view->arena, &post) == OK) {
            resolve_post(world, view, &post, !world->keyless);
        }
    }
}

/* --- holding and letting go --- */

static void connect(struct world *world, struct account *account)
{
    char text[120];
    const bool wrong = !world->calm && account->connects > 0 && world_chance(world, 4);
    const struct id vault_id = world_mint(world, ID_SECRET);
    const uint32_t number = (uint32_t)(account - world->accounts);
    (void)snprintf(text, sizeof text, "{\"identifier\":\"account%u.test\",\"password\":\"%s\"}", number,
                   wrong ? "wrong" : "right");
    secret_put(world, &vault_id, span_text(text));
    account->connects++;
    struct command command = {
        .code = COMMAND_connect_integration, .workspace_id = account->workspace_id, .stream = account->integration_id};
    char name[32];
    (void)snprintf(name, sizeof name, "account%u.test", number);
    command.connect_integration = (struct connect_integration_command){.integration_id = account->integration_id,
                                                                       .channel = CHANNEL_BLUESKY,
                                                                       .service = SPAN("https://pds.example"),
                                                                       .identifier = span_text(name),
                                                                       .vault_id = vault_id,
                                                                       .fingerprint = SPAN("fingerprint")};
    user_send(world, &command);
}

static void hold(struct world *world, bool on)
{
    struct command command = {0};
    if (world_chance(world, 2)) {
        const struct id workspace_id = world->workspaces[prng_below(&world->dice, WORKSPACES_MAX)];
        command = (struct command){.code = on ? COMMAND_pause_workspace : COMMAND_resume_workspace,
                                   .workspace_id = workspace_id,
                                   .stream = workspace_id};
        command.pause_workspace.workspace_id = workspace_id; /* both begin with it */
    } else {
        const struct account *account = &world->accounts[prng_below(&world->dice, world->account_count)];
        command = (struct command){.code = on ? COMMAND_pause_integration : COMMAND_resume_integration,
                                   .workspace_id = account->workspace_id,
                                   .stream = account->integration_id};
        command.pause_integration.integration_id = account->integration_id;
    }
    user_send(world, &command);
}

static void operate(struct world *world, bool suspend)
{
    struct command command = {.code = suspend ? COMMAND_suspend_starts : COMMAND_confirm_starts,
                              .stream = world->installation_id,
                              .actor = ACTOR_OPERATOR};
    if (suspend) {
        command.suspend_starts.reason = SPAN("restored");
    }
    user_send(world, &command);
}

static void pull_at_clock(struct world *world)
{
    const int64_t most_ms = world_chance(world, 3) ? HOUR_MS : 20000;
    const int64_t jump_ms = world_between(world, -most_ms, most_ms);
    world->offset_ms += jump_ms;
    trace(world, "clock", "jumps by %lld ms", (long long)jump_ms);
    world_post(world, 1000, ledger_look_at_clock, (struct span){0});
    world_post(world, 1, scheduler_woken, (struct span){0})->incarnation = world->scheduler.incarnation;
}

static void upset_platform(struct world *world)
{
    static const char *const paths[] = {
        "createRecord", "createRecord", "createRecord", "getRecord", "refreshSession", "createSession", ""};
    struct model_rule rule = {.fault = (enum model_fault)world_between(world, MODEL_REFUSE, MODEL_FAULT_COUNT - 1),
                              .skip = (uint32_t)world_between(world, 0, 1),
                              .times = (uint32_t)world_between(world, 1, 3),
                              .value_ms = world_between(world, 1000, 400000)};
    if (rule.fault == MODEL_HIDDEN) {
        rule.value_ms %= HIDDEN_MAX_MS; /* longer than a reading waits, and nobody could tell absence */
    }
    (void)snprintf(rule.path, sizeof rule.path, "%s", paths[prng_below(&world->dice, sizeof paths / sizeof *paths)]);
    trace(world, "platform", "will %s at %s", model_fault_word(rule.fault), rule.path);
    const enum err err = model_rule_add(world->model, &rule);
    (void)err; /* it is upset enough */
}

static void act(struct world *world)
{
    const int64_t what = world_between(world, 0, 99);
    if (what < 34) {
        create(world);
    } else if (what < 46) {
        edit(world);
    } else if (what < 54) {
        on_post(world, COMMAND_schedule_post);
    } else if (what < 60) {
        on_post(world, COMMAND_cancel_post);
    } else if (what < 65) {
        on_post(world, COMMAND_cancel_target);
    } else if (what < 66) {
        on_post(world, COMMAND_delete_post);
    } else if (what < 74) {
        on_post(world, COMMAND_retry_post);
    } else if (what < 80) {
        resolve(world);
    } else if (what < 82) {
        hold(world, true);
    } else if (what < 92) {
        hold(world, false);
    } else if (what < 96) {
        connect(world, &world->accounts[prng_below(&world->dice, world->account_count)]);
    } else {
        operate(world, what == 96);
    }
}

void users_act(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    if (world->calm) {
        return;
    }
    act(world);
    if (world_chance(world, world->faults.platform)) {
        upset_platform(world);
    }
    if (world_chance(world, world->faults.clock)) {
        pull_at_clock(world);
    }
    world_post(world, world_between(world, 0, world_chance(world, 6) ? 20 * ACT_WITHIN_MS : ACT_WITHIN_MS), users_act,
               (struct span){0});
}

void user_connect(struct world *world, uint32_t account)
{
    connect(world, &world->accounts[account]);
}

static void connect_all(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    for (uint32_t i = 0; i < world->account_count; i++) {
        connect(world, &world->accounts[i]);
    }
}

void users_start(struct world *world)
{
    for (uint32_t i = 0; i < WORKSPACES_MAX; i++) {
        world->workspaces[i] = world_mint(world, ID_WORKSPACE);
        struct command command = {.code = COMMAND_create_workspace,
                                  .workspace_id = world->workspaces[i],
                                  .stream = world->workspaces[i],
                                  .actor = ACTOR_OPERATOR};
        command.create_workspace = (struct create_workspace_command){
            .workspace_id = world->workspaces[i],
            .slug = i == 0 ? SPAN("one") : SPAN("two"),
            .name = SPAN("Sim"),
            .timezone = SPAN("UTC"),
            .max_lateness_ms = (uint64_t)world_between(world, 20 * MINUTE_MS, 6 * HOUR_MS),
            .late_spacing_ms = (uint64_t)world_between(world, 1000, 60000)};
        user_send(world, &command);
    }
    world->account_count = 4;
    for (uint32_t i = 0; i < world->account_count; i++) {
        world->accounts[i] = (struct account){.workspace_id = world->workspaces[i % WORKSPACES_MAX],
                                              .integration_id = world_mint(world, ID_INTEGRATION)};
    }
    world_post(world, 2000, connect_all, (struct span){0});
    world_post(world, 20000, users_act, (struct span){0});
}

void users_plan(struct world *world)
{
    for (uint32_t i = 0; i < WORKSPACES_MAX; i++) {
        struct command command = {.code = COMMAND_change_plan,
                                  .workspace_id = world->workspaces[i],
                                  .stream = world->workspaces[i],
                                  .actor = ACTOR_OPERATOR};
        command.change_plan =
            (struct change_plan_command){.workspace_id = world->workspaces[i],
                                         .plan = SPAN("team"),
                                         .period_start_ms = WORLD_T0,
                                         .period_end_ms = WORLD_T0 + world_between(world, MINUTE_MS, HOUR_MS)};
        user_send(world, &command);
    }
}

/* --- the end: whatever holds something is undone --- */

static void let_go(struct world *world, struct view *view)
{
    for (uint32_t i = 0; i < WORKSPACES_MAX; i++) {
        struct workspace_row row;
        if (access_workspace(view->txn, &world->workspaces[i], &view->arena, &row) == OK && row.paused) {
            struct command command = {
                .code = COMMAND_resume_workspace, .workspace_id = row.workspace_id, .stream = row.workspace_id};
            command.resume_workspace.workspace_id = row.workspace_id;
            user_send(world, &command);
        }
    }
    for (uint32_t i = 0; i < world->account_count; i++) {
        struct account *account = &world->accounts[i];
        struct integration_row row;
        const bool is_there = access_integration(view->txn, NULL, &account->integration_id, &view->arena, &row) == OK;
        if (is_there && row.paused) {
            struct command command = {.code = COMMAND_resume_integration,
                                      .workspace_id = account->workspace_id,
                                      .stream = account->integration_id};
            command.resume_integration.integration_id = account->integration_id;
            user_send(world, &command);
        }
        if (!is_there || (row.status != INTEGRATION_CONNECTED && id_is_none(&row.connect_vault_id))) {
            connect(world, account);
        }
    }
}

static void settle_again(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    users_settle(world);
}

void users_settle(struct world *world)
{
    struct view view = view_begin(world);
    operate(world, false);
    let_go(world, &view);
    resolve_unread(world, &view);
    view_end(&view);
    world_post(world, SETTLE_EVERY_MS, settle_again, (struct span){0});
}
