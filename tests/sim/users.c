/* users.c: people and programs in the simulation: who they are, what they want next, at random; they pause and connect,
 * they pull at clocks, and the platform has its moods. In the end they undo whatever holds something up. Their posts
 * are in users_post.c, their queues, series and approvals in users_plan.c. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "projections/access.h"
#include "tests/sim/judge.h"
#include "tests/sim/users.h"

#define ANSWER_WAIT_MS 2000
#define ANSWER_TRIES 4
#define ACT_WITHIN_MS 40000
#define HIDDEN_MAX_MS 60000
#define SETTLE_EVERY_MS (10 * MINUTE_MS)
#define RETRY_WITHIN_MS 36000 /* of an instant, if what was tried first was not accepted */
#define FAR_MS (30 * HOUR_MS) /* what is further ahead than that is not over in the end */

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

/* In whose name: of somebody who may, or of a key. In a story of tests/trace there are no people. */
static void sign(struct world *world, struct command *command)
{
    const uint32_t number = id_equal(&command->workspace_id, &world->workspaces[0]) ? 0 : 1;
    const bool editor = command_role(command->code) == ROLE_EDITOR;
    if (id_is_none(&world->people[OWNER].user_id)) {
        command->actor = ACTOR_KEY;
    } else if (world_chance(world, 8)) {
        command->actor = ACTOR_KEY;
        command->actor_id = world->key_ids[number];
    } else {
        command->actor = ACTOR_MEMBER;
        command->actor_id = world->people[prng_below(&world->dice, editor ? PEOPLE_MAX : EDITOR)].member_ids[number];
    }
}

static void launch(struct world *world, struct parcel *parcel)
{
    struct flight **link = find_flight(world, parcel->bytes);
    if (*link != NULL && world->calm) {
        end_flight(link);
    } else if (*link != NULL) {
        trace(world, "user", "sends what they meant to");
        fly(world, *link);
    }
}

void user_send_later(struct world *world, struct command *command, int64_t after_ms)
{
    const size_t cap = (size_t)1 << 16;
    struct flight *flight = malloc(sizeof *flight + cap);
    ASSERT(flight != NULL);
    if (command->actor != ACTOR_OPERATOR && id_is_none(&command->actor_id)) {
        sign(world, command);
    }
    command->command_id = world_mint(world, ID_COMMAND);
    judge_asked(world, command);
    struct buf out = buf_of(flight->bytes, cap);
    ASSERT(command_encode(command, &out) == OK);
    flight = realloc(flight, sizeof *flight + out.len);
    ASSERT(flight != NULL);
    *flight = (struct flight){.next = world->user_flights, .command_id = command->command_id, .len = out.len};
    world->user_flights = flight;
    trace(world, "user", "%s %s%s", command_desc(command->code)->name, name_of(world, &command->stream),
          after_ms > 0 ? ", later" : "");
    if (after_ms > 0) {
        world_post(world, after_ms, launch, span_of(&flight->command_id, sizeof flight->command_id));
    } else {
        fly(world, flight);
    }
}

void user_send(struct world *world, struct command *command)
{
    user_send_later(world, command, 0);
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

struct view view_begin(const struct world *world)
{
    struct view view = {0};
    arena_init(&view.arena, (size_t)1 << 26);
    ASSERT(store_begin(world->store, false, &view.txn) == OK);
    return view;
}

void view_end(struct view *view)
{
    store_abort(view->txn);
    arena_done(&view->arena);
}

static bool has_target(const struct post_view *post, enum target_status status)
{
    for (uint32_t i = 0; i < post->row.targets_count; i++) {
        if (post->row.targets[i].status == status) {
            return true;
        }
    }
    return false;
}

bool view_post(struct world *world, struct view *view, enum target_status status, struct post_view *ret_post)
{
    bool found = false;
    for (int tries = 0; tries < 12 && world->post_count > 0; tries++) {
        const struct user_post *post = &world->posts[prng_below(&world->dice, world->post_count)];
        struct post_view candidate;
        if (posts_get(view->txn, &post->workspace_id, &post->post_id, &view->arena, &candidate) == OK) {
            *ret_post = candidate;
            found = true;
            if (status == TARGET_NONE || has_target(&candidate, status)) {
                break;
            }
        }
    }
    return found;
}

bool view_any(struct world *world, struct view *view, struct post_view *ret_post)
{
    static const enum target_status wanted[] = {TARGET_NONE,       TARGET_PENDING,  TARGET_PENDING, TARGET_PREPARED,
                                                TARGET_ATTEMPTING, TARGET_RETRYING, TARGET_UNKNOWN, TARGET_FAILED};

    const enum target_status status = wanted[prng_below(&world->dice, sizeof wanted / sizeof *wanted)];
    bool found = view_post(world, view, status, ret_post);
    for (int tries = 0; tries < 3 && status == TARGET_NONE && found && ret_post->row.approved_under == POLICY_NONE;
         tries++) {
        found = view_post(world, view, status, ret_post); /* what is approved is rare */
    }
    return found;
}

int64_t user_moment(struct world *world, const struct post_view *post)
{
    const int64_t left_ms = post->row.publish_at_ms - world_wall(world);
    const int64_t how = world_between(world, 0, 9);
    int64_t after_ms = 0;
    if (how < 4) {
        after_ms = left_ms - LOCK_AHEAD_MS + world_between(world, -1000, 1000);
    } else if (how < 6) {
        after_ms = left_ms - world_between(world, 0, LOCK_AHEAD_MS);
    }
    if (how > 5 && how < 9) {
        after_ms = left_ms + world_between(world, 0, how < 8 ? 150 : RETRY_WITHIN_MS);
    }
    return post->row.publish_at_ms == 0 || after_ms < 0 ? 0 : after_ms;
}

/* --- holding and letting go --- */

/* An account that was deleted is connected as another one. */
static void renew(struct world *world, struct account *account)
{
    struct view view = view_begin(world);
    struct integration_row row;
    if (account->may_be_gone &&
        access_integration(view.txn, NULL, &account->integration_id, &view.arena, &row) == ERR_NOT_FOUND) {
        account->integration_id = world_mint(world, ID_INTEGRATION);
        account->may_be_gone = false;
    }
    view_end(&view);
}

static void connect(struct world *world, struct account *account)
{
    char text[120];
    renew(world, account);
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

/* An account that a post goes to, or any; *ret_after_ms: a moment that matters to the post. */
static struct account *some_account(struct world *world, int64_t *ret_after_ms)
{
    struct view view = view_begin(world);
    struct post_view post;
    struct account *account = &world->accounts[prng_below(&world->dice, world->account_count)];
    *ret_after_ms = 0;
    if (!world_chance(world, 4) && view_any(world, &view, &post) && post.row.targets_count > 0) {
        const struct target_row *target = &post.row.targets[prng_below(&world->dice, post.row.targets_count)];
        for (uint32_t i = 0; i < world->account_count; i++) {
            if (id_equal(&world->accounts[i].integration_id, &target->integration_id)) {
                account = &world->accounts[i];
                *ret_after_ms = user_moment(world, &post);
            }
        }
    }
    view_end(&view);
    return account;
}

static void hold(struct world *world, bool on)
{
    int64_t after_ms = 0;
    const struct account *account = some_account(world, &after_ms);
    struct command command = {.workspace_id = account->workspace_id};
    const int64_t what = world_between(world, 0, 3);
    if (what == 0) {
        command.code = on ? COMMAND_pause_workspace : COMMAND_resume_workspace;
        command.stream = account->workspace_id;
        command.pause_workspace.workspace_id = account->workspace_id; /* both begin with it */
    } else if (what == 1) {
        command.code = on ? COMMAND_pause_queue : COMMAND_resume_queue;
        command.stream = id_queue(&account->integration_id);
        command.pause_queue.queue_id = command.stream; /* likewise */
        command.pause_queue.integration_id = account->integration_id;
    } else {
        command.code = on ? COMMAND_pause_integration : COMMAND_resume_integration;
        command.stream = account->integration_id;
        command.pause_integration.integration_id = account->integration_id;
    }
    user_send_later(world, &command, after_ms);
}

static void pause(struct world *world)
{
    hold(world, true);
}

static void resume(struct world *world)
{
    hold(world, false);
}

/* And go on at a moment that matters. */
static void interrupt(struct world *world)
{
    struct command command = {.code = COMMAND_pause_integration};
    int64_t after_ms = 0;
    const struct account *account = some_account(world, &after_ms);
    command.workspace_id = account->workspace_id;
    command.stream = account->integration_id;
    command.pause_integration.integration_id = account->integration_id;
    user_send(world, &command);
    command.actor_id = (struct id){0};
    command.code = COMMAND_resume_integration; /* begins with it, too */
    user_send_later(world, &command, after_ms > 0 ? after_ms : 1000);
}

static void remove_account(struct world *world)
{
    int64_t after_ms = 0;
    struct account *account = some_account(world, &after_ms);
    struct command command = {
        .code = COMMAND_delete_integration, .workspace_id = account->workspace_id, .stream = account->integration_id};
    command.delete_integration.integration_id = account->integration_id;
    account->may_be_gone = true;
    user_send_later(world, &command, after_ms);
}

static void reconnect(struct world *world)
{
    connect(world, &world->accounts[prng_below(&world->dice, world->account_count)]);
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

static void suspend_or_confirm(struct world *world)
{
    operate(world, world_chance(world, 4));
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
    if (world_chance(world, 8)) { /* and again with the new token: the account is disconnected */
        rule = (struct model_rule){.fault = MODEL_UNAUTHORIZED, .times = 2, .path = "createRecord"};
        rule.skip = (uint32_t)world_between(world, 0, 1);
    } else if (world_chance(world, 12)) {
        rule = (struct model_rule){.fault = MODEL_UNAUTHORIZED, .times = 1, .path = "refreshSession"};
    }
    trace(world, "platform", "will %s at %s", model_fault_word(rule.fault), rule.path);
    const enum err err = model_rule_add(world->model, &rule);
    (void)err; /* it is upset enough */
}

static void end_sessions(struct world *world, struct parcel *parcel)
{
    struct model_rule rule = {.fault = MODEL_UNAUTHORIZED, .times = 2, .path = "createRecord"};
    if (!world->calm) {
        (void)snprintf(rule.contains, sizeof rule.contains, "%.*s", (int)parcel->len, (const char *)parcel->bytes);
        trace(world, "platform", "ends the sessions of %s", rule.contains);
        const enum err err = model_rule_add(world->model, &rule);
        (void)err; /* likewise */
    }
}

void users_lose_sessions(struct world *world, struct span account, int64_t after_ms)
{
    world_post(world, after_ms, end_sessions, account);
}

static const struct habit {
    uint32_t weight;
    void (*act)(struct world *world);
} habits[] = {
    {30, user_create       },
    {7,  user_follow_up    },
    {2,  user_copy         },
    {9,  user_edit         },
    {7,  user_reschedule   },
    {7,  user_cancel       },
    {6,  user_cancel_target},
    {1,  user_delete       },
    {7,  user_retry        },
    {7,  user_resolve      },
    {3,  pause             },
    {3,  interrupt         },
    {10, resume            },
    {3,  reconnect         },
    {2,  remove_account    },
    {4,  suspend_or_confirm},
    {8,  user_approve      },
    {3,  user_set_policy   },
    {3,  user_set_slots    },
    {6,  user_swap         },
    {2,  user_write_series },
    {3,  user_change_series},
};

static void act(struct world *world)
{
    const size_t count = sizeof habits / sizeof *habits;
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += habits[i].weight;
    }
    uint64_t left = prng_below(&world->dice, sum);
    size_t which = 0;
    while (left >= habits[which].weight) {
        left -= habits[which].weight;
        which++;
    }
    habits[which].act(world);
}

void users_act(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    if (world->calm) {
        return;
    }
    act(world);
    users_adopt(world);
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
    users_give_slots(world);
}

/* --- the end: whatever holds something is undone --- */

static void let_queue_go(struct world *world, const struct account *account)
{
    const struct id queue_id = id_queue(&account->integration_id);
    struct command command = {.code = COMMAND_resume_queue, .workspace_id = account->workspace_id, .stream = queue_id};
    command.resume_queue.queue_id = queue_id;
    command.resume_queue.integration_id = account->integration_id;
    user_send(world, &command);
}

static bool has_far(const struct world *world, const struct post_view *post)
{
    for (uint32_t i = 0; i < post->row.targets_count; i++) {
        if (post->row.targets[i].due_ms > world_wall(world) + FAR_MS &&
            !posts_target_is_final(post->row.targets[i].status)) {
            return true;
        }
    }
    return false;
}

/* What queues gave an instant of next week. */
static void cancel_far(struct world *world, struct view *view)
{
    for (uint32_t i = 0; i < world->post_count; i++) {
        const struct user_post *which = &world->posts[i];
        struct post_view post;
        arena_reset(&view->arena);
        if (posts_get(view->txn, &which->workspace_id, &which->post_id, &view->arena, &post) == OK &&
            post.row.status != POST_DRAFT && has_far(world, &post)) {
            struct command command = {
                .code = COMMAND_cancel_post, .workspace_id = which->workspace_id, .stream = which->post_id};
            command.cancel_post.post_id = which->post_id;
            user_send(world, &command);
        }
    }
}

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
        if (is_there && row.queue_paused) {
            let_queue_go(world, account);
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
    users_adopt(world);
    cancel_far(world, &view);
    users_resolve_unread(world, &view);
    view_end(&view);
    world_post(world, SETTLE_EVERY_MS, settle_again, (struct span){0});
}
