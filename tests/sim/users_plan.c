/* users_plan.c: people set policies and approve, give queues their slots, swap, write series and change them. Called by
 * users.c. What they approve they render as the gateway does. */
#include "adapters/bluesky.h"
#include "core/approval.h"
#include "core/base/assert.h"
#include "core/calendar/local.h"
#include "core/message/post_content.h"
#include "projections/access.h"
#include "projections/series.h"
#include "tests/sim/users.h"

#define SLOTS_OF_A_QUEUE 5
#define INSTANCES_SHOWN 8

static const struct id *any_workspace(struct world *world)
{
    return &world->workspaces[prng_below(&world->dice, WORKSPACES_MAX)];
}

/* --- templates --- */

void users_make_templates(struct world *world)
{
    for (uint32_t i = 0; i < WORKSPACES_MAX; i++) {
        struct content_part part = {.text = SPAN("what a template says")};
        world->template_ids[i] = world_mint(world, ID_TEMPLATE);
        struct command command = {
            .code = COMMAND_create_template, .workspace_id = world->workspaces[i], .stream = world->template_ids[i]};
        command.create_template = (struct create_template_command){
            .template_id = world->template_ids[i], .name = SPAN("Sim"), .parts = &part, .parts_count = 1};
        user_send(world, &command);
    }
}

/* --- approvals --- */

void user_set_policy(struct world *world)
{
    static const enum approval_policy policies[] = {POLICY_OFF, POLICY_ANY_APPROVER, POLICY_FOUR_EYES};
    const struct id workspace_id = *any_workspace(world);
    struct command command = {.code = COMMAND_change_workspace, .workspace_id = workspace_id, .stream = workspace_id};
    command.change_workspace.workspace_id = workspace_id;
    command.change_workspace.approval_policy = policies[prng_below(&world->dice, sizeof policies / sizeof *policies)];
    user_send(world, &command);
}

/* They mostly see where an approval is wanted. */
static bool is_wanted(struct world *world, struct view *view, const struct post_view *post)
{
    struct workspace_row row;
    return world_chance(world, 6) || (access_workspace(view->txn, &post->row.workspace_id, &view->arena, &row) == OK &&
                                      posts_approval_status(&post->row, &row) != APPROVAL_UNNEEDED);
}

/* In the name of the one who is told; of those who have a key, now and then by that, and the other way round. */
static void sign_as(struct world *world, const struct id *actor_id, struct command *command)
{
    const uint32_t number = id_equal(&command->workspace_id, &world->workspaces[0]) ? 0 : 1;
    const struct id *theirs[] = {&world->key_ids[number], &world->people[ADMIN].member_ids[number]};
    command->actor_id = *actor_id;
    if ((id_equal(actor_id, theirs[0]) || id_equal(actor_id, theirs[1])) && world_chance(world, 2)) {
        command->actor_id = *theirs[id_equal(actor_id, theirs[0]) ? 1 : 0];
    }
    command->actor = command->actor_id.kind == ID_KEY ? ACTOR_KEY : ACTOR_MEMBER;
}

/* With actor_id in their name, else in whoever's. */
static void approve(struct world *world, struct view *view, const struct post_view *post, const struct id *actor_id,
                    int64_t after_ms)
{
    const struct channel *channels[] = {bluesky_channel()};
    const struct channel_list list = {.items = channels, .count = 1};
    struct approval_source source;
    struct approval_form form;
    ASSERT(posts_approval_source(post, &view->arena, &source) == OK);
    ASSERT(approval_render(&list, &source, &view->arena, &form) == OK);
    struct command command = {
        .code = COMMAND_approve_post, .workspace_id = post->row.workspace_id, .stream = post->row.post_id};
    struct approve_post_command *wanted = &command.approve_post;
    *wanted = (struct approve_post_command){.post_id = post->row.post_id,
                                            .content_sha256 = form.sha256,
                                            .rendered_sha256 = form.sha256,
                                            .version = post->row.version,
                                            .targets = form.targets,
                                            .targets_count = form.count};
    wanted->content_sha256.bytes[0] ^= world_chance(world, 10) ? 1 : 0; /* they looked at something else */
    if (!id_is_none(actor_id)) {
        sign_as(world, actor_id, &command);
    }
    user_send_later(world, &command, after_ms);
}

void user_approve(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    const bool found =
        world_chance(world, 3) ? view_any(world, &view, &post) : view_post(world, &view, TARGET_PENDING, &post);
    if (found && is_wanted(world, &view, &post)) {
        approve(world, &view, &post, &(struct id){0}, user_moment(world, &post));
    }
    view_end(&view);
}

void user_approve_post(struct world *world, struct parcel *parcel)
{
    struct view view = view_begin(world);
    struct post_view post;
    struct approval_wish wish;
    memcpy(&wish, parcel->bytes, sizeof wish);
    if (!world->calm && posts_get(view.txn, &wish.post.workspace_id, &wish.post.post_id, &view.arena, &post) == OK &&
        is_wanted(world, &view, &post)) {
        approve(world, &view, &post, &wish.actor_id, 0);
        user_edit_later(world, &post);
    }
    view_end(&view);
}

/* --- queues --- */

/* A slot that comes round soon. */
static struct weekly_slot some_slot(struct world *world)
{
    struct local_time local;
    const int64_t at_ms = world_wall(world) + world_between(world, 6 * MINUTE_MS, 40 * MINUTE_MS);
    ASSERT(local_of(world->zones, SPAN("UTC"), at_ms, &local) == OK);
    return (struct weekly_slot){.slot_id = world_mint(world, ID_SLOT),
                                .weekday = (uint64_t)local_weekday(local.day),
                                .minute = (uint64_t)local.minute};
}

static void replace_slots(struct world *world, const struct account *account)
{
    struct weekly_slot slots[SLOTS_OF_A_QUEUE];
    const struct id queue_id = id_queue(&account->integration_id);
    struct command command = {.code = COMMAND_change_queue, .workspace_id = account->workspace_id, .stream = queue_id};
    struct change_queue_command *wanted = &command.change_queue;
    *wanted = (struct change_queue_command){.queue_id = queue_id,
                                            .integration_id = account->integration_id,
                                            .replace = true,
                                            .slots = slots,
                                            .slots_count = (uint32_t)world_between(world, 1, SLOTS_OF_A_QUEUE)};
    for (uint32_t i = 0; i < wanted->slots_count; i++) {
        slots[i] = some_slot(world);
    }
    user_send(world, &command);
}

void users_give_slots(struct world *world)
{
    for (uint32_t i = 0; i < world->account_count; i++) {
        replace_slots(world, &world->accounts[i]);
    }
}

/* One slot less, another zone, or one slot more. */
static void touch_queue(struct world *world, const struct account *account, const struct weekly_row *queue)
{
    struct command command = {.workspace_id = account->workspace_id, .stream = queue->queue_id};
    const int64_t how = world_between(world, 0, 2);
    if (how == 0) {
        const struct weekly_slot *slot = &queue->slots[prng_below(&world->dice, queue->slots_count)];
        command.code = COMMAND_remove_slot;
        command.remove_slot = (struct remove_slot_command){
            .queue_id = queue->queue_id, .integration_id = account->integration_id, .slot_id = slot->slot_id};
    } else if (how == 1 || queue->slots_count >= SLOTS_OF_A_QUEUE) {
        command.code = COMMAND_change_queue;
        command.change_queue = (struct change_queue_command){.queue_id = queue->queue_id,
                                                             .integration_id = account->integration_id,
                                                             .timezone = SPAN("Asia/Kathmandu"),
                                                             .no_timezone = world_chance(world, 2)};
    } else {
        const struct weekly_slot slot = some_slot(world);
        command.code = COMMAND_add_slot;
        command.add_slot = (struct add_slot_command){.queue_id = queue->queue_id,
                                                     .integration_id = account->integration_id,
                                                     .slot_id = slot.slot_id,
                                                     .weekday = slot.weekday,
                                                     .minute = slot.minute};
    }
    user_send(world, &command);
}

void user_set_slots(struct world *world)
{
    struct view view = view_begin(world);
    const struct account *account = &world->accounts[prng_below(&world->dice, world->account_count)];
    struct integration_row row;
    struct weekly_row queue;
    if (access_integration(view.txn, NULL, &account->integration_id, &view.arena, &row) == OK &&
        access_queue(view.txn, &row, &view.arena, &queue) == OK) {
        if (queue.slots_count == 0 || world_chance(world, 2)) {
            replace_slots(world, account);
        } else {
            touch_queue(world, account, &queue);
        }
    }
    view_end(&view);
}

/* --- swaps --- */

void user_swap(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view one;
    struct post_view two;
    const enum target_status status = world_chance(world, 6) ? TARGET_RETRYING : TARGET_PENDING;
    const bool found = world_chance(world, 2) ? view_any(world, &view, &one) : view_post(world, &view, status, &one);
    if (found && one.row.targets_count > 0) {
        const uint32_t count = one.row.targets_count;
        const uint64_t first = prng_below(&world->dice, count);
        const bool alone = count > 1 && world_chance(world, 3);
        uint64_t second = (first + 1) % count;
        two = one;
        if (!alone && view_post(world, &view, one.row.targets[first].status, &two) && two.row.targets_count > 0) {
            second = prng_below(&world->dice, two.row.targets_count);
        }
        struct command command = {
            .code = COMMAND_swap_targets, .workspace_id = one.row.workspace_id, .stream = one.row.post_id};
        command.swap_targets = (struct swap_targets_command){.post_id = one.row.post_id,
                                                             .target_id = one.row.targets[first].target_id,
                                                             .other_post_id = two.row.post_id,
                                                             .other_target_id = two.row.targets[second].target_id};
        if (two.row.targets_count > 0 && id_equal(&one.row.workspace_id, &two.row.workspace_id)) {
            user_send_later(world, &command, user_moment(world, &one));
        }
    }
    view_end(&view);
}

/* --- series --- */

/* What a rule says of when, in words. */
struct rule_words {
    char time[8];
    char start[12];
};

/* Every day at a local time that comes soon: so often that the last post is out before everything must be. */
static void some_rule(struct world *world, struct rule_words *words, struct series_rule *ret_rule)
{
    struct local_time local;
    const struct span zone = world_chance(world, 2) ? SPAN("UTC") : SPAN("Asia/Kolkata");
    const int64_t at_ms = world_wall(world) + world_between(world, -10 * MINUTE_MS, 40 * MINUTE_MS);
    ASSERT(local_of(world->zones, zone, at_ms, &local) == OK);
    struct buf time = buf_of(words->time, sizeof words->time);
    struct buf start = buf_of(words->start, sizeof words->start);
    local_write_minute(&time, local.minute);
    local_write_date(&start, local.day);
    *ret_rule = (struct series_rule){.timezone = zone,
                                     .frequency = FREQUENCY_DAILY,
                                     .every = 1,
                                     .time = buf_span(&time),
                                     .start = buf_span(&start),
                                     .times = world->keyless ? 1 : (uint64_t)world_between(world, 1, 2)};
}

void user_write_series(struct world *world)
{
    struct arena arena;
    struct rule_words words;
    struct series_rule rule;
    struct target_spec specs[ACCOUNTS_MAX];
    struct content_part part;
    if (world->series_count == SERIES_KEPT) {
        return;
    }
    arena_init(&arena, 65536);
    const struct id workspace_id = *any_workspace(world);
    const struct id series_id = world_mint(world, ID_SERIES);
    struct command command = {.code = COMMAND_create_series, .workspace_id = workspace_id, .stream = series_id};
    struct create_series_command *wanted = &command.create_series;
    some_rule(world, &words, &rule);
    part.text = user_text(world, &arena, "series");
    SERIES_RULE_COPY(wanted, &rule);
    wanted->series_id = series_id;
    wanted->parts = &part;
    wanted->parts_count = 1;
    wanted->targets = specs;
    wanted->targets_count = user_targets(world, &workspace_id, specs);
    world->series[world->series_count++] = (struct user_series){.workspace_id = workspace_id, .series_id = series_id};
    user_send(world, &command);
    arena_done(&arena);
}

static void change_series(struct world *world, struct view *view, const struct series_row *row)
{
    struct rule_words words;
    struct series_rule rule;
    struct command command = {.code = COMMAND_change_series,
                              .workspace_id = row->workspace_id,
                              .stream = row->series_id,
                              .expected_version = row->version};
    struct change_series_command *wanted = &command.change_series;
    if (world_chance(world, 2)) {
        some_rule(world, &words, &rule);
        SERIES_RULE_COPY(wanted, &rule);
    } else {
        SERIES_RULE_COPY(wanted, row);
    }
    wanted->series_id = row->series_id;
    POST_CONTENT_COPY(wanted, row);
    wanted->parts[0].text = user_text(world, &view->arena, "series");
    user_send(world, &command);
}

void user_change_series(struct world *world)
{
    static const enum command_code codes[] = {COMMAND_pause_series, COMMAND_resume_series, COMMAND_resume_series,
                                              COMMAND_end_series};

    if (world->series_count == 0) {
        return;
    }
    struct view view = view_begin(world);
    const struct user_series *series = &world->series[prng_below(&world->dice, world->series_count)];
    struct series_row row;
    if (world_chance(world, 2)) {
        struct command command = {.code = codes[prng_below(&world->dice, sizeof codes / sizeof *codes)],
                                  .workspace_id = series->workspace_id,
                                  .stream = series->series_id};
        command.pause_series.series_id = series->series_id; /* each begins with it */
        if (command.code == COMMAND_end_series) {
            command.end_series.keep = world_chance(world, 2);
        }
        user_send(world, &command);
    } else if (series_get(view.txn, NULL, &series->series_id, &view.arena, &row) == OK) {
        change_series(world, &view, &row);
    }
    view_end(&view);
}

static bool is_known(const struct world *world, const struct id *post_id)
{
    for (uint32_t i = 0; i < world->post_count; i++) {
        if (id_equal(&world->posts[i].post_id, post_id)) {
            return true;
        }
    }
    return false;
}

void users_adopt(struct world *world)
{
    struct view view = view_begin(world);
    for (uint32_t i = 0; i < world->series_count; i++) {
        struct instance_row *rows = NULL;
        uint32_t count = 0;
        arena_reset(&view.arena);
        ASSERT(series_instances(view.txn, &world->series[i].series_id, 0, INSTANCES_SHOWN, &view.arena, &rows,
                                &count) == OK);
        for (uint32_t k = 0; k < count; k++) {
            if (!is_known(world, &rows[k].post_id)) {
                user_add_post(world, &world->series[i].workspace_id, &rows[k].post_id);
            }
        }
    }
    view_end(&view);
}
