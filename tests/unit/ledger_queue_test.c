/* ledger_queue_test.c: whatever posts are made, moved, cancelled, edited and thrown away, several in a group: who asks
 * for the next slot gets the first occurrence that no other open target of the account stands at, as a search says that
 * knows nothing of indexes or walks; and the index of filled instants is what the posts' states say, row by row. */
#include <sys/resource.h>

#include "core/calendar/local.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

#include "core/ledger/ledger_state.h"

#define POSTS_MAX 400
#define WALKS 8
#define GROUPS 40
#define ACCOUNTS 3
#define SLOTS_EACH 8

struct known_post {
    struct id post_id;
    struct target_spec specs[ACCOUNTS];
    uint32_t count;
};

struct calendar {
    struct weekly_slot slots[SLOTS_EACH];
    uint32_t count;
    struct span zone;
};

struct walk {
    struct world *world;
    struct known_post posts[POSTS_MAX];
    unsigned post_count;
    struct calendar calendars[ACCOUNTS];
    struct content_part part;
    struct target_spec specs[ACCOUNTS];
};

static uint64_t below(struct walk *walk, uint64_t end)
{
    return prng_below(&walk->world->prng, (uint32_t)end);
}

static struct command of_queue(struct world *world, uint32_t code, unsigned account)
{
    struct command command = world_command(world, code);
    command.pause_queue.integration_id = world->integrations[account];
    command.pause_queue.queue_id = id_queue(&world->integrations[account]);
    return command;
}

/* Sundays in Berlin have two slots that coincide when clocks go forward. */
static void set_queue(struct walk *walk, unsigned account)
{
    const struct span zones[] = {SPAN("Europe/Berlin"), SPAN("Australia/Lord_Howe"), SPAN("UTC")};
    struct calendar *calendar = &walk->calendars[account];
    struct command command = of_queue(walk->world, COMMAND_change_queue, account);
    bool used[8][24] = {{false}};
    calendar->count = account == 0 ? 2 : 0;
    calendar->slots[0] = (struct weekly_slot){.slot_id = world_id(walk->world, ID_SLOT), .weekday = 7, .minute = 150};
    calendar->slots[1] = (struct weekly_slot){.slot_id = world_id(walk->world, ID_SLOT), .weekday = 7, .minute = 180};
    used[7][2] = used[7][3] = true;
    const uint32_t wanted = calendar->count + (uint32_t)below(walk, SLOTS_EACH - 2);
    while (calendar->count < wanted) {
        const unsigned weekday = (unsigned)below(walk, 7) + 1;
        const unsigned hour = (unsigned)below(walk, 24);
        if (!used[weekday][hour]) {
            used[weekday][hour] = true;
            calendar->slots[calendar->count++] = (struct weekly_slot){
                .slot_id = world_id(walk->world, ID_SLOT), .weekday = weekday, .minute = hour * 60 + below(walk, 60)};
        }
    }
    calendar->zone = zones[account];
    command.change_queue.replace = true;
    command.change_queue.timezone = calendar->zone;
    command.change_queue.slots = calendar->slots;
    command.change_queue.slots_count = calendar->count;
    world_must(walk->world, &command);
}

/* The model: occurrences by local_next_weekly alone, holders by the posts' states alone. */

static struct post *state_of(struct store_txn *txn, const struct id *post_id, struct aggregate *room)
{
    ck_assert_int_eq(desk_state(txn, post_id, room), OK);
    return &room->post;
}

static bool stands_there(struct walk *walk, struct store_txn *txn, const struct id *integration_id, int64_t at_ms,
                         const struct id *own, struct aggregate *room)
{
    bool stands = false;
    for (unsigned i = 0; i < walk->post_count && !stands; i++) {
        const struct post *post = state_of(txn, &walk->posts[i].post_id, room);
        for (unsigned k = 0; k < post->target_count && !id_equal(&post->post_id, own); k++) {
            const struct post_target *target = &post->targets[k];
            const bool live = post->status != POST_DRAFT && post->status != POST_DELETED &&
                              !target_status_is_final((enum target_status)target->status);
            stands =
                stands || (live && target->base_due_ms == at_ms && id_equal(&target->integration_id, integration_id));
        }
    }
    return stands;
}

/* 0: there is none. */
static int64_t next_free(struct walk *walk, struct store_txn *txn, unsigned account, const struct id *own)
{
    const struct calendar *calendar = &walk->calendars[account];
    const int64_t end_ms = walk->world->now_ms + SLOT_WITHIN_MS;
    int64_t from_ms = walk->world->now_ms + SLOT_AHEAD_MS;
    struct aggregate *room = malloc(sizeof *room);
    ck_assert_ptr_nonnull(room);
    int64_t found_ms = 0;
    while (found_ms == 0 && calendar->count > 0 && from_ms <= end_ms) {
        int64_t first_ms = INT64_MAX;
        for (uint32_t i = 0; i < calendar->count; i++) {
            int64_t at_ms = 0;
            ck_assert_int_eq(local_next_weekly(walk->world->zones, calendar->zone,
                                               (enum weekday)calendar->slots[i].weekday, (int)calendar->slots[i].minute,
                                               from_ms, &at_ms),
                             OK);
            first_ms = at_ms < first_ms ? at_ms : first_ms;
        }
        const bool filled = stands_there(walk, txn, &walk->world->integrations[account], first_ms, own, room);
        found_ms = filled || first_ms > end_ms ? 0 : first_ms;
        from_ms = first_ms + 1;
    }
    free(room);
    return found_ms;
}

static unsigned account_of(const struct walk *walk, const struct id *integration_id)
{
    unsigned account = 0;
    while (!id_equal(&walk->world->integrations[account], integration_id)) {
        account++;
    }
    return account;
}

/* What the command must come to, by the model: the instants of the post's open targets; 0: it must be refused. */
static void expect(struct walk *walk, const struct command *command, int64_t ret_due_ms[ACCOUNTS])
{
    struct store_txn *txn = walk->world->ledger->desk.txn;
    const bool creates = command->code == COMMAND_create_post;
    const struct id *post_id = creates ? &command->create_post.post_id : &command->schedule_post.post_id;
    struct aggregate *room = malloc(sizeof *room);
    ck_assert_ptr_nonnull(room);
    const struct post post = creates ? (struct post){.target_count = 0} : *state_of(txn, post_id, room);
    const uint32_t count = creates ? command->create_post.targets_count : post.target_count;
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        ret_due_ms[i] = -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct id *integration_id =
            creates ? &command->create_post.targets[i].integration_id : &post.targets[i].integration_id;
        if (creates || !target_status_is_final((enum target_status)post.targets[i].status)) {
            const unsigned account = account_of(walk, integration_id);
            ret_due_ms[account] = next_free(walk, txn, account, post_id);
        }
    }
    free(room);
}

static void check_given(struct walk *walk, const struct command *command, const int64_t due_ms[ACCOUNTS],
                        const struct answer *answer)
{
    bool none = false;
    bool empty = false;
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        none = none || due_ms[i] == 0;
        empty = empty || (due_ms[i] == 0 && walk->calendars[i].count == 0);
    }
    if (answer->refusal != ACCEPTED) {
        const bool about_queues = answer->refusal == REFUSED_queue_empty || answer->refusal == REFUSED_queue_full;
        ck_assert(!about_queues || none);
        ck_assert(answer->refusal != REFUSED_queue_empty || empty);
        return;
    }
    ck_assert(!none);
    struct aggregate *room = malloc(sizeof *room);
    ck_assert_ptr_nonnull(room);
    const struct id *post_id =
        command->code == COMMAND_create_post ? &command->create_post.post_id : &command->schedule_post.post_id;
    const struct post *post = state_of(walk->world->ledger->desk.txn, post_id, room);
    for (uint32_t i = 0; i < post->target_count; i++) {
        const unsigned account = account_of(walk, &post->targets[i].integration_id);
        if (!target_status_is_final((enum target_status)post->targets[i].status)) {
            ck_assert_int_eq(post->targets[i].due_ms, due_ms[account]);
        }
    }
    free(room);
}

/* The index, row by row, against the states. */
static void check_index(struct walk *walk)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct aggregate *room = malloc(sizeof *room);
    ck_assert_ptr_nonnull(room);
    ck_assert_int_eq(store_begin(walk->world->views, false, &txn), OK);
    for (unsigned account = 0; account < ACCOUNTS; account++) {
        const struct id *integration_id = &walk->world->integrations[account];
        struct open_scan scan;
        uint32_t rows = 0;
        uint32_t open = 0;
        int64_t last_ms = 0;
        ck_assert_int_eq(open_scan_begin(txn, &walk->world->workspace_id, integration_id, 0, &scan), OK);
        for (; scan.due_ms != INT64_MAX; rows++) {
            const struct post *post = state_of(txn, &scan.post_id, room);
            ck_assert_int_ge(scan.due_ms, last_ms);
            ck_assert_int_eq(scan.due_ms, post_open_due(post, integration_id));
            last_ms = scan.due_ms;
            ck_assert_int_eq(open_scan_next(&scan), OK);
        }
        open_scan_end(&scan);
        for (unsigned i = 0; i < walk->post_count; i++) {
            open += post_has_open_target(state_of(txn, &walk->posts[i].post_id, room), integration_id) ? 1 : 0;
        }
        ck_assert_uint_eq(rows, open);
    }
    free(room);
}

/* Commands */

static struct command make(struct walk *walk)
{
    struct world *world = walk->world;
    struct known_post *known = &walk->posts[walk->post_count++];
    struct command command = world_post(world, 1 + (uint32_t)below(walk, ACCOUNTS), 0, walk->specs, &walk->part);
    known->post_id = command.create_post.post_id;
    known->count = command.create_post.targets_count;
    memcpy(known->specs, walk->specs, sizeof known->specs);
    const uint64_t kind = below(walk, 4);
    command.create_post.next_slot = kind > 1;
    if (kind == 1) { /* by hand, where an occurrence may be */
        const int64_t at_ms = next_free(walk, world->ledger->desk.txn, 0, &known->post_id);
        command.create_post.at_ms = at_ms != 0 ? at_ms : world->now_ms + HOUR_MS;
    }
    return command;
}

static struct command change(struct walk *walk, const struct known_post *known)
{
    struct world *world = walk->world;
    struct command command = world_command(world, COMMAND_schedule_post);
    command.schedule_post.post_id = known->post_id;
    switch (below(walk, 6)) {
    case 0:
    case 1:
        command.schedule_post.next_slot = true;
        return command;
    case 2:
        command.schedule_post.at_ms = world->now_ms + HOUR_MS + (int64_t)below(walk, 500) * HOUR_MS;
        return command;
    case 3:
        command.code = COMMAND_cancel_target;
        command.cancel_target.target_id = known->specs[below(walk, known->count)].target_id;
        return command;
    case 4:
        command.code = below(walk, 2) == 0 ? COMMAND_cancel_post : COMMAND_delete_post;
        return command;
    default: { /* fewer targets, or all that it ever had */
        struct aggregate *room = malloc(sizeof *room);
        ck_assert_ptr_nonnull(room);
        command.code = COMMAND_edit_post;
        command.expected_version = state_of(world->ledger->desk.txn, &known->post_id, room)->head.version;
        memcpy(walk->specs, known->specs, sizeof walk->specs);
        command.edit_post.parts = &walk->part;
        command.edit_post.parts_count = 1;
        command.edit_post.targets = walk->specs;
        command.edit_post.targets_count = 1 + (uint32_t)below(walk, known->count);
        free(room);
        return command;
    }
    }
}

static void step(struct walk *walk)
{
    const bool makes = walk->post_count == 0 || (walk->post_count < POSTS_MAX && below(walk, 3) > 0);
    struct command command = makes ? make(walk) : change(walk, &walk->posts[below(walk, walk->post_count)]);
    const bool asks = (command.code == COMMAND_create_post && command.create_post.next_slot) ||
                      (command.code == COMMAND_schedule_post && command.schedule_post.next_slot);
    int64_t due_ms[ACCOUNTS];
    struct answer answer;
    if (asks) {
        expect(walk, &command, due_ms);
    }
    ck_assert_int_eq(ledger_handle(walk->world->ledger, &command, NULL, &answer), OK);
    if (asks) {
        check_given(walk, &command, due_ms, &answer);
    }
    if (makes && answer.refusal != ACCEPTED) {
        walk->post_count--;
    }
}

/* What a group made that was given up is unknown again. */
static void forget_undone(struct walk *walk)
{
    const unsigned known = walk->post_count;
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct aggregate *room = malloc(sizeof *room);
    ck_assert_ptr_nonnull(room);
    ck_assert_int_eq(store_begin(walk->world->views, false, &txn), OK);
    walk->post_count = 0;
    for (unsigned i = 0; i < known; i++) {
        if (state_of(txn, &walk->posts[i].post_id, room)->head.version > 0) {
            walk->posts[walk->post_count++] = walk->posts[i];
        }
    }
    free(room);
}

START_TEST(the_next_slot_is_the_first_that_nobody_fills)
{
    struct walk *walk = calloc(1, sizeof *walk);
    ck_assert_ptr_nonnull(walk);
    walk->world = world_open((uint64_t)_i + 1, 0, 0);
    world_found(walk->world);
    for (unsigned account = 0; account < ACCOUNTS; account++) {
        set_queue(walk, account);
    }
    for (unsigned group = 0; group < GROUPS; group++) {
        ck_assert_int_eq(ledger_begin(walk->world->ledger, walk->world->now_ms), OK);
        for (uint64_t i = 1 + below(walk, 6); i > 0; i--) {
            step(walk);
        }
        if (below(walk, 8) == 0) {
            ledger_abort(walk->world->ledger);
            forget_undone(walk);
        } else {
            ck_assert_int_eq(ledger_commit(walk->world->ledger), OK);
        }
        check_index(walk);
        walk->world->now_ms += (int64_t)below(walk, 3 * DAY_MS);
        if (below(walk, 10) == 0) {
            set_queue(walk, (unsigned)below(walk, ACCOUNTS)); /* nothing that is reserved moves */
            check_index(walk);
        }
    }
    world_check_rebuilt(walk->world);
    world_close(walk->world);
    free(walk);
}

END_TEST

/* Processor time, so that who else runs on the machine counts for little. */
static int64_t used_us(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

/* Makes posts for the next slot, each in a group of its own; returns what one took. */
static int64_t reserve(struct world *world, unsigned count, struct id *ret_last)
{
    const int64_t before_us = used_us();
    for (unsigned i = 0; i < count; i++) {
        struct target_spec spec;
        struct content_part part;
        struct command command = world_post(world, 1, 0, &spec, &part);
        command.create_post.next_slot = true;
        world_must(world, &command);
        *ret_last = command.create_post.post_id;
    }
    return (used_us() - before_us) / count;
}

/* Moves it to the next slot and away; returns what the first took. */
static int64_t move_back(struct world *world, const struct id *post_id, unsigned count)
{
    int64_t took_us = 0;
    for (unsigned i = 0; i < count; i++) {
        struct command command = world_command(world, COMMAND_schedule_post);
        command.schedule_post.post_id = *post_id;
        command.schedule_post.at_ms = world->now_ms + 400 * DAY_MS + i;
        world_must(world, &command);
        command = world_command(world, COMMAND_schedule_post);
        command.schedule_post.post_id = *post_id;
        command.schedule_post.next_slot = true;
        const int64_t before_us = used_us();
        world_must(world, &command);
        took_us += used_us() - before_us;
    }
    return took_us / count;
}

#define MANY 5000
#define SAMPLE 300

START_TEST(however_many_are_reserved_the_next_one_is_found_at_once)
{
    struct world *world = world_open(77, 0, 0);
    struct weekly_slot slots[SLOTS_MAX];
    struct id last;
    world_found(world);
    struct command command = of_queue(world, COMMAND_change_queue, 0);
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        slots[i] = (struct weekly_slot){
            .slot_id = world_id(world, ID_SLOT), .weekday = 1 + i / 24, .minute = (uint64_t)(i % 24) * 60};
    }
    command.change_queue.replace = true;
    command.change_queue.timezone = SPAN("Europe/Berlin");
    command.change_queue.slots = slots;
    command.change_queue.slots_count = SLOTS_MAX;
    world_must(world, &command);
    (void)reserve(world, 1, &last);
    const int64_t few_us = reserve(world, SAMPLE, &last);
    (void)reserve(world, MANY - SAMPLE, &last);
    const int64_t many_us = reserve(world, SAMPLE, &last);
    const int64_t moved_us = move_back(world, &last, SAMPLE / 10);
    printf("next_slot, processor time: none reserved %lld us, %d reserved %lld us; of one that moves %lld us\n",
           (long long)few_us, MANY, (long long)many_us, (long long)moved_us);
    ck_assert_int_lt(many_us, 3 * few_us + 100);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_queue");
    TCase *tcase = tcase_create("queues");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, however_many_are_reserved_the_next_one_is_found_at_once);
    tcase_add_loop_test(tcase, the_next_slot_is_the_first_that_nobody_fills, 0, WALKS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
