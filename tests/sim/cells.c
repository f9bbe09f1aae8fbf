/* cells.c: see cells.h. Called by ledger.c for each command and by sim.c for the table. It must never ask the code that
 * it counts what state something is in. */
#include "tests/sim/cells.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "tests/sim/judge.h"

#define AT_LOCK_MS SECOND_MS
#define BIT(state_) (1u << CELL_##state_)
#define EVERY_STATE ((1u << CELL_STATE_COUNT) - 1)

/* What cannot happen. */
static const struct never {
    enum action action;
    bool accepted;
    unsigned states;
    const char *reason;
} nevers[] = {
    {ACTION_EDIT,           true,  BIT(PREPARED) | BIT(ATTEMPTING) | BIT(RETRYING) | BIT(UNKNOWN) | BIT(FINAL),
     "nothing changes after the lock"                                                                                                                                                },
    {ACTION_RESCHEDULE,     true,  BIT(PREPARED) | BIT(ATTEMPTING) | BIT(RETRYING) | BIT(UNKNOWN) | BIT(FINAL),
     "nothing changes after the lock"                                                                                                                                                },
    {ACTION_SWAP,           true,  BIT(PREPARED) | BIT(ATTEMPTING) | BIT(RETRYING) | BIT(UNKNOWN) | BIT(FINAL),
     "nothing changes after the lock"                                                                                                                                                },
    {ACTION_VOID,           true,  BIT(PREPARED) | BIT(ATTEMPTING) | BIT(RETRYING) | BIT(UNKNOWN) | BIT(FINAL),
     "nothing makes an approval void after the lock"                                                                                                                                 },
    {ACTION_CANCEL,         true,  BIT(ATTEMPTING) | BIT(UNKNOWN) | BIT(FINAL),
     "what is under way, in doubt or over is not touched"                                                                                                                            },
    {ACTION_CANCEL,         false, BIT(AT_LOCK) | BIT(PREPARED) | BIT(RETRYING),                                  "what waits is cancelled at once"                                  },
    {ACTION_CANCEL_TARGET,  true,  BIT(ATTEMPTING) | BIT(UNKNOWN),                                                "what is under way or in doubt is not touched"                     },
    {ACTION_CANCEL_TARGET,  false, BIT(AT_LOCK) | BIT(PREPARED) | BIT(RETRYING),                                  "what waits is cancelled at once"                                  },
    {ACTION_APPROVE,        true,  BIT(ATTEMPTING) | BIT(RETRYING) | BIT(UNKNOWN) | BIT(FINAL),
     "what was tried was locked, and what is locked or over needs nobody's word"                                                                                                     },
    {ACTION_PAUSE,          false, EVERY_STATE,                                                                   "a pause of what is paused is one, too: there is nothing to refuse"},
    {ACTION_RESUME,         false, EVERY_STATE,                                                                   "nor is there to a resume of what goes on"                         },
    {ACTION_DISCONNECT,     false, EVERY_STATE,                                                                   "what the platform said is a fact"                                 },
    {ACTION_DELETE_ACCOUNT, true,  BIT(AT_LOCK) | BIT(PREPARED) | BIT(ATTEMPTING) | BIT(RETRYING) | BIT(UNKNOWN),
     "an account with something open stays"                                                                                                                                          },
    {ACTION_DELETE_ACCOUNT, false, BIT(FINAL),                                                                    "nothing that is over keeps an account"                            },
    {ACTION_RETRY,          true,  EVERY_STATE & ~BIT(FINAL),                                                     "what is not over goes on by itself"                               },
    {ACTION_RESOLVE,        true,  EVERY_STATE & ~BIT(UNKNOWN),                                                   "there is no doubt that a person could end"                        },
};

static const char *const action_words[] = {
#define X(name_, word_) word_,
    ACTION_TABLE(X)
#undef X
};

static const char *const state_words[] = {
#define X(name_, word_) word_,
    CELL_STATE_TABLE(X)
#undef X
};

/* --- states --- */

static const struct judged_post *post_of(const struct judge *judge, const struct id *post_id)
{
    const uint32_t index = pool_find(&judge->posts, post_id);
    const struct judged_post *post = index == 0 ? NULL : pool_at(&judge->posts, index);
    return post == NULL || post->deleted ? NULL : post;
}

static const struct judged_target *target_at(const struct judge *judge, const struct id *target_id)
{
    const uint32_t index = pool_find(&judge->targets, target_id);
    return index == 0 ? NULL : pool_at(&judge->targets, index);
}

static enum cell_state state_of(const struct judged_post *post, const struct judged_target *target, int64_t now_ms)
{
    if (target->status != 0) {
        return CELL_FINAL;
    }
    if (target->phase != PHASE_WAITS) {
        return target->phase == PHASE_UNDER_WAY ? CELL_ATTEMPTING : CELL_UNKNOWN;
    }
    const int64_t lock_ms = post->publish_at_ms - LOCK_AHEAD_MS;
    if (post->publish_at_ms != 0 && target->attempt_number == 0 && now_ms >= lock_ms - AT_LOCK_MS &&
        now_ms <= lock_ms + AT_LOCK_MS) {
        return CELL_AT_LOCK;
    }
    if (post->publish_at_ms == 0 || (now_ms < lock_ms && !post->locked)) {
        return CELL_BEFORE_LOCK;
    }
    return target->next_ms != 0 ? CELL_RETRYING : CELL_PREPARED;
}

/* The one state that all targets of a post are in; false: there is no such one. */
static bool find_state(const struct judge *judge, const struct judged_post *post, int64_t now_ms,
                       enum cell_state *ret_state)
{
    enum cell_state state = CELL_BEFORE_LOCK; /* a draft may have no targets */
    for (uint32_t i = 0; i < post->targets_count; i++) {
        const enum cell_state other = state_of(post, target_at(judge, &post->targets[i]), now_ms);
        if (i > 0 && other != state) {
            return false;
        }
        state = other;
    }
    *ret_state = state;
    return true;
}

/* --- what is noted --- */

struct note {
    struct world *world;
    bool accepted;
    int64_t now_ms;
};

static void count(const struct note *note, enum action action, enum cell_state state)
{
    note->world->cells->counts[action][state][note->accepted ? 1 : 0]++;
}

static void note_post(const struct note *note, enum action action, const struct id *post_id)
{
    const struct judged_post *post = post_of(note->world->judge, post_id);
    enum cell_state state;
    if (post != NULL && find_state(note->world->judge, post, note->now_ms, &state)) {
        count(note, action, state);
    }
}

/* A change: of what is approved it is one that makes that void, or would. */
static void note_change(const struct note *note, enum action action, const struct id *post_id, bool changes)
{
    const struct judged_post *post = post_of(note->world->judge, post_id);
    note_post(note, action, post_id);
    if (post != NULL && post->approved_under != POLICY_NONE && (changes || !note->accepted)) {
        note_post(note, ACTION_VOID, post_id);
    }
}

/* An edit may have taken it out. */
static bool has_target(const struct judged_post *post, const struct id *target_id)
{
    for (uint32_t i = 0; i < post->targets_count; i++) {
        if (id_equal(&post->targets[i], target_id)) {
            return true;
        }
    }
    return false;
}

static void note_target(const struct note *note, enum action action, const struct id *post_id,
                        const struct id *target_id)
{
    const struct judged_post *post = post_of(note->world->judge, post_id);
    const struct judged_target *target = target_at(note->world->judge, target_id);
    if (post != NULL && target != NULL && has_target(post, target_id)) {
        count(note, action, state_of(post, target, note->now_ms));
    }
}

/* The state of the one that is further on. */
static void note_swap(const struct note *note, const struct swap_targets_command *swap, bool changes)
{
    const struct judge *judge = note->world->judge;
    const struct judged_post *posts[] = {post_of(judge, &swap->post_id), post_of(judge, &swap->other_post_id)};
    const struct judged_target *targets[] = {target_at(judge, &swap->target_id),
                                             target_at(judge, &swap->other_target_id)};
    if (posts[0] == NULL || posts[1] == NULL || targets[0] == NULL || targets[1] == NULL) {
        return;
    }
    const enum cell_state one = state_of(posts[0], targets[0], note->now_ms);
    const enum cell_state two = state_of(posts[1], targets[1], note->now_ms);
    const bool approved = posts[0]->approved_under != POLICY_NONE || posts[1]->approved_under != POLICY_NONE;
    count(note, ACTION_SWAP, one > two ? one : two);
    if (approved && (changes || !note->accepted)) {
        count(note, ACTION_VOID, one > two ? one : two);
    }
}

/* Whether a target is of what an action is about: an account, or a whole workspace. */
static bool is_of(const struct judged_post *post, const struct judged_target *target, const struct id *whose)
{
    return id_equal(whose->kind == ID_WORKSPACE ? &post->workspace_id : &target->integration_id, whose);
}

/* Each state in which something of it is that is open; final if nothing is. */
static void note_all(const struct note *note, enum action action, const struct id *whose)
{
    struct judge *judge = note->world->judge;
    unsigned states = 0;
    for (uint32_t i = pool_next(&judge->targets, 0); i != 0; i = pool_next(&judge->targets, i)) {
        const struct judged_target *target = pool_at(&judge->targets, i);
        const struct judged_post *post = post_of(judge, &target->post_id);
        if (post == NULL || !is_of(post, target, whose)) {
            continue;
        }
        if (action == ACTION_DELETE_ACCOUNT && target->status != 0 && judged_is_open(judge, target)) {
            return; /* its comment still goes out */
        }
        if (post->publish_at_ms == 0 || judged_is_open(judge, target) || target->status != 0) {
            states |= 1u << state_of(post, target, note->now_ms);
        }
    }
    const unsigned open = states & ~BIT(FINAL);
    for (enum cell_state state = 0; state < CELL_STATE_COUNT; state++) {
        if (((open != 0 ? open : states) & 1u << state) != 0) {
            count(note, action, state);
        }
    }
}

static void note_account(const struct note *note, enum action action, const struct id *integration_id)
{
    const struct judged_account *account = find_or_add(&note->world->judge->accounts, integration_id);
    if (!account->deleted) {
        note_all(note, action, integration_id);
    }
}

static bool tells_nothing(uint32_t refusal)
{
    return refusal == REFUSED_unauthenticated || refusal == REFUSED_role_insufficient ||
           refusal == REFUSED_scope_insufficient || refusal == REFUSED_clock_suspect ||
           refusal == REFUSED_starts_suspended || refusal == REFUSED_command_too_old;
}

static void note_about_post(const struct note *note, const struct command *command, bool changes)
{
    const struct id *post_id = &command->edit_post.post_id; /* each of them begins with it */
    switch (command->code) {
    case COMMAND_edit_post:
        note_change(note, ACTION_EDIT, post_id, changes);
        return;
    case COMMAND_schedule_post:
        note_change(note, ACTION_RESCHEDULE, post_id, changes);
        return;
    case COMMAND_cancel_post:
        note_post(note, ACTION_CANCEL, post_id);
        return;
    case COMMAND_approve_post:
        note_post(note, ACTION_APPROVE, post_id);
        return;
    case COMMAND_retry_post:
        note_post(note, ACTION_RETRY, post_id);
        return;
    case COMMAND_cancel_target:
        note_target(note, ACTION_CANCEL_TARGET, post_id, &command->cancel_target.target_id);
        return;
    case COMMAND_resolve_target:
        note_target(note, ACTION_RESOLVE, post_id, &command->resolve_target.target_id);
        return;
    case COMMAND_swap_targets:
        note_swap(note, &command->swap_targets, changes);
        return;
    default:
        return;
    }
}

static void note_about_account(const struct note *note, const struct command *command, bool changes)
{
    switch (command->code) {
    case COMMAND_pause_workspace:
    case COMMAND_resume_workspace:
        note_all(note, command->code == COMMAND_pause_workspace ? ACTION_PAUSE : ACTION_RESUME,
                 &command->pause_workspace.workspace_id);
        return;
    case COMMAND_pause_integration:
    case COMMAND_resume_integration:
        note_account(note, command->code == COMMAND_pause_integration ? ACTION_PAUSE : ACTION_RESUME,
                     &command->pause_integration.integration_id);
        return;
    case COMMAND_pause_queue:
    case COMMAND_resume_queue:
        note_account(note, command->code == COMMAND_pause_queue ? ACTION_PAUSE : ACTION_RESUME,
                     &command->pause_queue.integration_id);
        return;
    case COMMAND_delete_integration:
        note_account(note, ACTION_DELETE_ACCOUNT, &command->delete_integration.integration_id);
        return;
    case COMMAND_disconnect_integration:
        if (changes) {
            note_account(note, ACTION_DISCONNECT, &command->disconnect_integration.integration_id);
        }
        return;
    default:
        return;
    }
}

void cells_note(struct world *world, const struct command *command, const struct answer *answer)
{
    if (answer->repeated || tells_nothing(answer->refusal)) {
        return;
    }
    const struct note note = {.world = world, .accepted = answer->refusal == ACCEPTED, .now_ms = answer->time_ms};
    note_about_post(&note, command, answer->events > 0);
    note_about_account(&note, command, answer->events > 0);
}

/* --- the table --- */

#define EACH_CELL(action_, state_, accepted_)                                 \
    for (enum action action_ = 0; action_ < ACTION_COUNT; action_++)          \
        for (enum cell_state state_ = 0; state_ < CELL_STATE_COUNT; state_++) \
            for (int accepted_ = 0; accepted_ < 2; accepted_++)

static void add(struct cell_table *table, enum action action, enum cell_state state, int accepted, uint32_t times,
                uint64_t seed)
{
    uint64_t *first = &table->firsts[action][state][accepted];
    table->sums.counts[action][state][accepted] += times;
    *first = *first == 0 || seed < *first ? seed : *first;
}

void cells_add(struct cell_table *table, const struct cells *cells, uint64_t seed)
{
    EACH_CELL(action, state, accepted)
    {
        const uint32_t times = cells->counts[action][state][accepted];
        if (times > 0) {
            add(table, action, state, accepted, times, seed);
        }
    }
}

static const char *never(enum action action, enum cell_state state, int accepted)
{
    for (size_t i = 0; i < sizeof nevers / sizeof nevers[0]; i++) {
        if (nevers[i].action == action && nevers[i].accepted == (accepted == 1) &&
            (nevers[i].states & 1u << state) != 0) {
            return nevers[i].reason;
        }
    }
    return NULL;
}

static void put_cell(FILE *file, const struct cell_table *table, enum action action, enum cell_state state,
                     int accepted)
{
    (void)fprintf(file, "%-18s %-11s %-8s %7u %6llu", action_words[action], state_words[state],
                  accepted == 1 ? "accepted" : "refused", table->sums.counts[action][state][accepted],
                  (unsigned long long)table->firsts[action][state][accepted]);
}

bool cells_write(const struct cell_table *table, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    EACH_CELL(action, state, accepted)
    {
        put_cell(file, table, action, state, accepted);
        (void)fputc('\n', file);
    }
    return fclose(file) == 0;
}

/* Every cell has its line, in its order. */
bool cells_read(struct cell_table *table, const char *path)
{
    FILE *file = fopen(path, "r");
    bool good = file != NULL;
    EACH_CELL(action, state, accepted)
    {
        unsigned times = 0;
        unsigned long long first = 0;
        good = good && fscanf(file, "%*s %*s %*s %u %llu", &times, &first) == 2; /* NOLINT(cert-err34-c): our own */
        if (good && times > 0) {
            add(table, action, state, accepted, times, first);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return good;
}

bool cells_judge(const struct cell_table *table, bool show)
{
    unsigned wrong = 0;
    unsigned reached = 0;
    unsigned impossible = 0;
    EACH_CELL(action, state, accepted)
    {
        const char *reason = never(action, state, accepted);
        const bool is_there = table->sums.counts[action][state][accepted] > 0;
        reached += is_there ? 1 : 0;
        impossible += reason != NULL ? 1 : 0;
        if (show || is_there == (reason != NULL)) {
            put_cell(stdout, table, action, state, accepted);
            (void)printf("  %s%s%s\n", reason != NULL ? "never: " : "", reason != NULL ? reason : "",
                         is_there == (reason != NULL) ? (is_there ? ". But it happened." : "In no seed.") : "");
        }
        wrong += is_there == (reason != NULL) ? 1 : 0;
    }
    (void)printf("%d cells: %u happened, %u cannot, %u are not as they should be\n",
                 ACTION_COUNT * CELL_STATE_COUNT * 2, reached, impossible, wrong);
    return wrong == 0;
}
