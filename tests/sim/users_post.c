/* users_post.c: people write posts, edit, schedule, cancel, retry and resolve them, at random and at the moments that
 * matter. Called by users.c. */
#include <stdio.h>

#include "core/base/assert.h"
#include "projections/access.h"
#include "tests/sim/users.h"

#define SESSIONS_END_MS 20 /* before an instant: little else is posted between */

/* --- writing --- */

struct span user_text(struct world *world, struct arena *arena, const char *what)
{
    char text[80];
    struct span copy;
    const char *mention = world_chance(world, 12) ? " for @bob.test" : "";
    (void)snprintf(text, sizeof text, "%s %u%s", what, ++world->texts, mention);
    ASSERT(arena_copy(arena, span_text(text), &copy) == OK);
    return copy;
}

uint32_t user_targets(struct world *world, const struct id *workspace_id, struct target_spec *specs)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->account_count; i++) {
        if (id_equal(&world->accounts[i].workspace_id, workspace_id) && (count == 0 || world_chance(world, 2))) {
            specs[count] = (struct target_spec){.target_id = world_mint(world, ID_TARGET),
                                                .integration_id = world->accounts[i].integration_id,
                                                .channel = CHANNEL_BLUESKY};
            count++;
        }
    }
    return count;
}

void user_add_post(struct world *world, const struct id *workspace_id, const struct id *post_id)
{
    if (world->post_count < POSTS_MAX) {
        world->posts[world->post_count++] = (struct user_post){.workspace_id = *workspace_id, .post_id = *post_id};
    }
}

/* Soon; now and then so that its lock meets another post's instant. */
static int64_t some_instant(struct world *world)
{
    struct post_view other;
    int64_t at_ms = world_wall(world) + world_between(world, 1000, 1200000);
    if (world_chance(world, 5)) {
        struct view view = view_begin(world);
        if (view_post(world, &view, TARGET_PENDING, &other) &&
            other.row.publish_at_ms + LOCK_AHEAD_MS > world_wall(world)) {
            at_ms = other.row.publish_at_ms + LOCK_AHEAD_MS + world_between(world, -300, 300);
        }
        view_end(&view);
    }
    return at_ms;
}

/* Somebody is told that a post is to be approved: whoever that is, or with actor_id who has just written in it. */
static void tell_approver(struct world *world, const struct id *workspace_id, const struct id *post_id,
                          const struct id *actor_id, int64_t after_ms)
{
    const struct approval_wish wish = {
        .post = {.workspace_id = *workspace_id, .post_id = *post_id},
        .actor_id = *actor_id,
    };
    world_post(world, after_ms, user_approve_post, span_of(&wish, sizeof wish));
}

/* With at_ms at that instant, else whenever they like. */
static void create(struct world *world, uint64_t number, int64_t at_ms)
{
    struct arena arena;
    struct target_spec specs[ACCOUNTS_MAX];
    struct content_part parts[3];
    arena_init(&arena, 65536);
    const struct id workspace_id = world->workspaces[number];
    const struct id post_id = world_mint(world, ID_POST);
    struct command command = {.code = COMMAND_create_post, .workspace_id = workspace_id, .stream = post_id};
    struct create_post_command *wanted = &command.create_post;
    wanted->post_id = post_id;
    wanted->parts = parts;
    wanted->parts_count = world_chance(world, 3) ? (uint32_t)world_between(world, 2, 3) : 1;
    for (uint32_t i = 0; i < wanted->parts_count; i++) {
        parts[i].text = user_text(world, &arena, "part");
    }
    if (world_chance(world, 4)) {
        wanted->first_comment = user_text(world, &arena, "comment");
    }
    wanted->targets = specs;
    wanted->targets_count = user_targets(world, &workspace_id, specs);
    for (uint32_t i = 0; i < wanted->targets_count; i++) {
        if (world_chance(world, 6)) {
            specs[i].at_ms = world_wall(world) + world_between(world, 1000, 1200000);
        }
    }
    if (world_chance(world, 8)) {
        wanted->template_id = world->template_ids[number]; /* its author wrote some of it */
        wanted->template_version = 1;
    }
    const int64_t how = world_between(world, 0, 9);
    wanted->now = at_ms == 0 && how < 2;
    wanted->next_slot = at_ms == 0 && (how == 2 || how == 3);
    wanted->at_ms = at_ms != 0 ? at_ms : how > 3 && how < 9 ? some_instant(world) : 0;
    if (world_chance(world, 8)) {
        wanted->not_after_ms = world_wall(world) + world_between(world, 600000, 2400000);
    }
    user_add_post(world, &workspace_id, &post_id);
    user_send(world, &command);
    tell_approver(world, &workspace_id, &post_id, &(struct id){0}, world_between(world, 1000, 200000));
    arena_done(&arena);
}

void user_create(struct world *world)
{
    if (world->post_count < POSTS_MAX) {
        create(world, prng_below(&world->dice, WORKSPACES_MAX), 0);
    }
}

/* Whose the account is changes its password just before the post's instant, or now when that has passed. */
static void lose_sessions(struct world *world, struct view *view, const struct post_view *post)
{
    const struct target_row *target = &post->row.targets[prng_below(&world->dice, post->row.targets_count)];
    struct integration_row account;
    if (access_integration(view->txn, NULL, &target->integration_id, &view->arena, &account) == OK) {
        users_lose_sessions(world, account.account, post->row.publish_at_ms - world_wall(world) - SESSIONS_END_MS);
    }
}

/* A post that is still to go out; false: none was found. */
static bool view_ahead(struct world *world, struct view *view, struct post_view *ret_post)
{
    bool found = false;
    for (int tries = 0; tries < 4 && !found; tries++) {
        found = view_post(world, view, world_chance(world, 2) ? TARGET_PREPARED : TARGET_PENDING, ret_post) &&
                ret_post->row.targets_count > 0 && ret_post->row.publish_at_ms > world_wall(world) + SECOND_MS;
    }
    return found;
}

/* A post that locks when another goes out, and finds that the account has just been lost; or it is lost while something
 * is to be tried again. */
void user_follow_up(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (world_chance(world, 3)) {
        if (view_post(world, &view, TARGET_RETRYING, &post) && post.row.targets_count > 0 &&
            post.row.targets[0].status == TARGET_RETRYING) {
            lose_sessions(world, &view, &post);
        }
    } else if (world->post_count < POSTS_MAX && view_ahead(world, &view, &post)) {
        lose_sessions(world, &view, &post);
        create(world, id_equal(&post.row.workspace_id, &world->workspaces[0]) ? 0 : 1,
               post.row.publish_at_ms + LOCK_AHEAD_MS + world_between(world, -200, 1000));
    }
    view_end(&view);
}

/* A copy of a post, and at once other words for it: it is written by whoever wrote that, too. */
void user_copy(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (world->post_count < POSTS_MAX && view_any(world, &view, &post)) {
        const struct id workspace_id = post.row.workspace_id;
        const struct id post_id = world_mint(world, ID_POST);
        struct command command = {.code = COMMAND_create_post, .workspace_id = workspace_id, .stream = post_id};
        struct create_post_command *wanted = &command.create_post;
        POST_CONTENT_COPY(wanted, &post.content);
        wanted->post_id = post_id;
        wanted->duplicate_of = post.row.post_id;
        wanted->template_id = post.row.template_id;
        wanted->at_ms = some_instant(world);
        for (uint32_t i = 0; i < wanted->parts_count; i++) { /* by its words the judge knows what is live */
            wanted->parts[i].text = user_text(world, &view.arena, "copy");
        }
        if (wanted->first_comment.len > 0) {
            wanted->first_comment = user_text(world, &view.arena, "comment");
        }
        for (uint32_t i = 0; i < wanted->targets_count; i++) {
            wanted->targets[i].target_id = world_mint(world, ID_TARGET);
            wanted->targets[i].at_ms = 0;
        }
        user_add_post(world, &workspace_id, &post_id);
        user_send(world, &command);
        tell_approver(world, &workspace_id, &post_id, &(struct id){0}, world_between(world, 1000, 200000));
    }
    view_end(&view);
}

static void edit_now(struct world *world, struct parcel *parcel)
{
    struct view view = view_begin(world);
    struct post_view post;
    struct user_post which;
    memcpy(&which, parcel->bytes, sizeof which);
    if (!world->calm && posts_get(view.txn, &which.workspace_id, &which.post_id, &view.arena, &post) == OK) {
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
        wanted->parts[0].text = user_text(world, &view.arena, "edited");
        if (world_chance(world, 3) && wanted->targets_count > 1) {
            wanted->targets_count--;
        }
        user_send(world, &command);
        if (world_chance(world, 2)) { /* who edited it looks at it again, and finds it good */
            const struct id actor_id = world_chance(world, 2) ? command.actor_id : (struct id){0};
            tell_approver(world, &which.workspace_id, &which.post_id, &actor_id, world_between(world, 500, 20000));
        }
    }
    view_end(&view);
}

/* They cannot wait, and whoever approved it said nothing of now. */
static void hurry(struct world *world, struct parcel *parcel)
{
    struct user_post which;
    memcpy(&which, parcel->bytes, sizeof which);
    struct command command = {
        .code = COMMAND_schedule_post, .workspace_id = which.workspace_id, .stream = which.post_id};
    command.schedule_post = (struct schedule_post_command){.post_id = which.post_id, .now = true};
    if (!world->calm) {
        user_send(world, &command);
    }
}

/* Soon, at the lock, or somewhen behind the instant: what becomes of an approval then. */
void user_edit_later(struct world *world, const struct post_view *post)
{
    const struct user_post which = {.workspace_id = post->row.workspace_id, .post_id = post->row.post_id};
    const int64_t due_ms = post->row.publish_at_ms - world_wall(world);
    const int64_t how = world_between(world, 0, 5);
    if (how == 0) {
        world_post(world, world_between(world, 500, 30000), edit_now, span_of(&which, sizeof which));
    } else if (how == 3) {
        world_post(world, due_ms - LOCK_AHEAD_MS + world_between(world, -100, 900), edit_now,
                   span_of(&which, sizeof which));
    } else if (how < 3) {
        world_post(world, due_ms + world_between(world, 0, how == 1 ? 100 : 40000), edit_now,
                   span_of(&which, sizeof which));
    } else if (how == 4) {
        world_post(world, world_between(world, 500, 30000), hurry, span_of(&which, sizeof which));
    }
}

/* Now, at a moment that matters, or in the last one before the lock. */
void user_edit(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (view_any(world, &view, &post)) {
        const struct user_post which = {.workspace_id = post.row.workspace_id, .post_id = post.row.post_id};
        const int64_t left_ms = post.row.publish_at_ms - LOCK_AHEAD_MS - world_wall(world);
        const bool late = post.row.status == POST_SCHEDULED && left_ms > 0 && world_chance(world, 2);
        const int64_t after_ms = late ? left_ms - world_between(world, 0, 12) : user_moment(world, &post);
        world_post(world, after_ms, edit_now, span_of(&which, sizeof which));
    }
    view_end(&view);
}

/* --- everything about a post that exists --- */

static struct command about(const struct post_view *post, enum command_code code)
{
    struct command command = {.code = code, .workspace_id = post->row.workspace_id, .stream = post->row.post_id};
    command.cancel_post.post_id = post->row.post_id; /* every command about a post begins with it */
    return command;
}

void user_reschedule(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (view_any(world, &view, &post)) {
        struct command command = about(&post, COMMAND_schedule_post);
        const int64_t after_ms = user_moment(world, &post);
        const int64_t how = world_between(world, 0, 3);
        command.schedule_post.now = how == 0;
        command.schedule_post.next_slot = how == 1;
        command.schedule_post.at_ms = how > 1 ? some_instant(world) + after_ms : 0;
        user_send_later(world, &command, after_ms);
    }
    view_end(&view);
}

static void on_any(struct world *world, enum command_code code)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (view_any(world, &view, &post)) {
        struct command command = about(&post, code);
        user_send_later(world, &command, user_moment(world, &post));
    }
    view_end(&view);
}

void user_cancel(struct world *world)
{
    on_any(world, COMMAND_cancel_post);
}

void user_delete(struct world *world)
{
    on_any(world, COMMAND_delete_post);
}

void user_cancel_target(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (view_any(world, &view, &post) && post.row.targets_count > 0) {
        struct command command = about(&post, COMMAND_cancel_target);
        command.cancel_target.target_id = post.row.targets[prng_below(&world->dice, post.row.targets_count)].target_id;
        user_send_later(world, &command, user_moment(world, &post));
    }
    view_end(&view);
}

/* Mostly of what can be. */
void user_retry(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    const int64_t how = world_between(world, 0, 3);
    const bool found = how == 0 ? view_any(world, &view, &post)
                                : view_post(world, &view, how == 1 ? TARGET_MISSED : TARGET_FAILED, &post);
    if (found) {
        struct command command = about(&post, COMMAND_retry_post);
        command.retry_post.now = true;
        user_send_later(world, &command, how == 0 ? user_moment(world, &post) : 0);
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
        struct command command = about(post, COMMAND_resolve_target);
        command.resolve_target.target_id = target->target_id;
        command.resolve_target.resolution = RESOLUTION_ABSENT;
        command.resolve_target.retry = world_chance(world, 2);
        if (is_seen(world, post, &payload, target->part_live, account.account)) {
            command.resolve_target.resolution = RESOLUTION_PUBLISHED;
            command.resolve_target.retry = !world->calm && world_chance(world, 8); /* which makes no sense */
            command.resolve_target.url = SPAN("https://bsky.app/seen");
        }
        user_send(world, &command);
        return;
    }
}

/* What is in no doubt: they are mistaken. */
static void resolve_nothing(struct world *world, const struct post_view *post)
{
    const uint32_t count = post->row.targets_count;
    if (count > 0) {
        const struct target_row *target = &post->row.targets[prng_below(&world->dice, count)];
        struct command command = about(post, COMMAND_resolve_target);
        command.resolve_target.target_id = target->target_id;
        command.resolve_target.resolution = RESOLUTION_ABANDONED;
        if (target->status != TARGET_UNKNOWN && (!world->keyless || target->status != TARGET_ATTEMPTING)) {
            user_send_later(world, &command, world->keyless ? 0 : user_moment(world, post));
        }
    }
}

void user_resolve(struct world *world)
{
    struct view view = view_begin(world);
    struct post_view post;
    if (world_chance(world, 3)) {
        if (view_any(world, &view, &post)) {
            resolve_nothing(world, &post);
        }
    } else if (view_post(world, &view, TARGET_UNKNOWN, &post)) {
        resolve_post(world, &view, &post, false);
    }
    view_end(&view);
}

void users_resolve_unread(struct world *world, struct view *view)
{
    for (uint32_t i = 0; i < world->post_count; i++) {
        struct post_view post;
        arena_reset(&view->arena);
        if (posts_get(view->txn, &world->posts[i].workspace_id, &world->posts[i].post_id, &view->arena, &post) == OK) {
            resolve_post(world, view, &post, !world->keyless);
        }
    }
}
