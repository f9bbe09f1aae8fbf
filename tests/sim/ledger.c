/* ledger.c: the ledger's process in the simulation: groups, answers, crashes between any two of decide, append and
 * reply, full disks, a clock that jumps. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "projections/registry.h"
#include "tests/sim/cells.h"
#include "tests/sim/judge.h"

#define EVENTS_PER_REPLY 64
#define CLOCK_LOOK_MS 1000

static void tell_scheduler(struct world *world)
{
    const uint64_t head = ledger_head(world->ledger.ledger);
    bus_send(world, scheduler_woken, world->scheduler.incarnation, 1, head, (struct span){0});
    /* A hint may be dropped; then the reader asks by itself a second later. */
    struct parcel *sure = world_post(world, 1000, scheduler_woken, (struct span){0});
    sure->incarnation = world->scheduler.incarnation;
    sure->ticket = 1;
    sure->number = head;
}

static void decide_own(struct world *world, struct command *command)
{
    struct ledger_host *host = &world->ledger;
    struct answer answer;
    command->command_id = world_mint(world, ID_COMMAND);
    command->stream = world->installation_id;
    ASSERT(ledger_begin(host->ledger, host->now_ms) == OK);
    ASSERT(ledger_handle(host->ledger, command, NULL, &answer) == OK);
    ASSERT(ledger_commit(host->ledger) == OK);
    ASSERT(answer.refusal == ACCEPTED);
    tell_scheduler(world);
}

void ledger_start(struct world *world)
{
    struct ledger_host *host = &world->ledger;
    const struct ledger_options options = {.log = world->log,
                                           .views = world->store,
                                           .projections = projections_all,
                                           .zones = world->zones,
                                           .installation_id = world->installation_id,
                                           .random = world_random,
                                           .random_context = world};
    ASSERT(host->ledger == NULL);
    const bool trusted = !world_chance(world, 3);
    const enum err err = ledger_open(&options, trusted, &host->ledger);
    ASSERT(err == OK);
    host->incarnation++;
    clock_watch_begin(&host->watch, world_wall(world), world->true_ms);
    host->now_ms = world_wall(world);
    host->group_waits = false;
    struct command command = {
        .code = COMMAND_start_ledger, .start_ledger = {.boot = SPAN("boot"), .release = SPAN("sim")}
    };
    decide_own(world, &command);
    trace(world, "ledger", "starts, epoch %llu%s", (unsigned long long)ledger_epoch(host->ledger),
          trusted ? "" : ", rebuilt");
    world_post(world, CLOCK_LOOK_MS, ledger_look_at_clock, (struct span){0})->incarnation = host->incarnation;
}

static void restart(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    if (world->ledger.ledger == NULL) {
        ledger_start(world);
    }
}

void ledger_crash(struct world *world)
{
    struct ledger_host *host = &world->ledger;
    if (host->ledger == NULL) {
        return;
    }
    for (uint32_t i = 0; i < host->inbox_count; i++) {
        free(host->inbox[i]);
    }
    host->inbox_count = 0;
    ledger_close(host->ledger);
    log_memory_restart(world->log);
    host->ledger = NULL;
    trace(world, "ledger", "crashes");
    world_post(world, world_between(world, 50, world->calm ? 100 : 20000), restart, (struct span){0});
}

/* As look_at_clocks of core/ledger/service_write.c; true time is the clock that nobody can set. */
static void look(struct world *world)
{
    struct ledger_host *host = &world->ledger;
    struct command command;
    host->now_ms = clock_watch_look(&host->watch, world_wall(world), world->true_ms, ledger_stamp(host->ledger, 0),
                                    ledger_clock_is_suspect(host->ledger), &command);
    if (command.code != 0) {
        decide_own(world, &command);
    }
    clock_watch_told(&host->watch, ledger_clock_is_suspect(host->ledger));
}

/* Ticks only while there is something to see: the next jump starts it again. */
void ledger_look_at_clock(struct world *world, struct parcel *parcel)
{
    struct ledger_host *host = &world->ledger;
    if (host->ledger == NULL || (parcel->incarnation != 0 && parcel->incarnation != host->incarnation)) {
        return;
    }
    look(world);
    if (ledger_clock_is_suspect(host->ledger) || world_wall(world) < ledger_stamp(host->ledger, 0)) {
        world_post(world, 10 * CLOCK_LOOK_MS, ledger_look_at_clock, (struct span){0})->incarnation = host->incarnation;
    }
}

static void send_answer(struct world *world, const struct parcel *question, const struct answer *answer)
{
    uint8_t bytes[sizeof *answer + sizeof(struct id)];
    struct arena arena;
    struct command command;
    arena_init(&arena, (size_t)1 << 28);
    ASSERT(command_decode(span_of(question->bytes, question->len), &arena, &command) == OK);
    memcpy(bytes, answer, sizeof *answer);
    memcpy(bytes + sizeof *answer, &command.command_id, sizeof command.command_id);
    arena_done(&arena);
    parcel_open *to = question->number == 1 ? users_answered : scheduler_answered;
    bus_send(world, to, question->incarnation, question->ticket, 0, span_of(bytes, sizeof bytes));
}

/* As decide_one of core/ledger/service_write.c; who acts by no name is let in by nobody and may do anything. */
static enum err decide_one(struct world *world, struct command *command, struct answer *ret_answer)
{
    struct ledger *ledger = world->ledger.ledger;
    enum refusal refusal = ACCEPTED;
    if (!id_is_none(&command->actor_id)) {
        TRY(ledger_check_actor(ledger, command, &refusal));
    }
    if (refusal != ACCEPTED) {
        *ret_answer = (struct answer){.refusal = refusal, .time_ms = ledger_stamp(ledger, world->ledger.group_ms)};
        return OK;
    }
    return ledger_handle(ledger, command, NULL, ret_answer);
}

/* What waited when the group began is decided as of then; what came since waits for the next. */
static enum err decide_group(struct world *world, struct answer *answers)
{
    struct ledger_host *host = &world->ledger;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 28);
    enum err err = ledger_begin(host->ledger, host->group_ms);
    for (uint32_t i = 0; i < host->group_count && err == OK; i++) {
        struct command command;
        arena_reset(&arena);
        err = command_decode(span_of(host->inbox[i]->bytes, host->inbox[i]->len), &arena, &command);
        ASSERT(err == OK);
        err = decide_one(world, &command, &answers[i]);
        if (err == OK) {
            trace(world, "ledger", "%s %s: %s", command_desc(command.code)->name, name_of(world, &command.stream),
                  answers[i].refusal == ACCEPTED ? "accepted" : refusal_desc((enum refusal)answers[i].refusal)->code);
        }
    }
    arena_done(&arena);
    return err;
}

/* Each command of a durable group, as the events before it left the world. */
static void note_group(struct world *world, const struct answer *answers)
{
    const struct ledger_host *host = &world->ledger;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 28);
    for (uint32_t i = 0; i < host->group_count && world->cells != NULL; i++) {
        struct command command;
        arena_reset(&arena);
        ASSERT(command_decode(span_of(host->inbox[i]->bytes, host->inbox[i]->len), &arena, &command) == OK);
        cells_note(world, &command, &answers[i]);
        judge_events_to(world, answers[i].repeated || answers[i].events == 0 ? 0 : answers[i].seq);
    }
    arena_done(&arena);
}

static void begin_group(struct world *world, struct parcel *parcel);

/* The group is durable, or the ledger is no more. */
static void end_group(struct world *world, struct parcel *parcel)
{
    struct ledger_host *host = &world->ledger;
    struct answer answers[INBOX_MAX];
    if (host->ledger == NULL || parcel->incarnation != host->incarnation) {
        return;
    }
    const enum err err = decide_group(world, answers);
    ASSERT(err == OK);
    if (world_chance(world, world->faults.ledger_crash)) {
        ledger_abort(host->ledger); /* decided, and nothing of it durable */
        ledger_crash(world);
        return;
    }
    const bool full = world_chance(world, world->faults.disk_full);
    if (full) {
        log_memory_fail_next_commit(world->log, ERR_NO_SPACE);
    }
    const enum err committed = ledger_commit(host->ledger);
    ASSERT(committed == OK || (full && committed == ERR_NO_SPACE));
    log_memory_fail_next_commit(world->log, OK);
    if (committed == OK) {
        note_group(world, answers);
    }
    if (world_chance(world, world->faults.ledger_crash)) {
        ledger_crash(world); /* durable, and nobody is told */
        return;
    }
    for (uint32_t i = 0; i < host->group_count; i++) {
        if (committed == ERR_NO_SPACE) {
            answers[i] = (struct answer){.refusal = REFUSED_storage_full, .time_ms = host->group_ms};
        }
        send_answer(world, host->inbox[i], &answers[i]);
        free(host->inbox[i]);
    }
    host->inbox_count -= host->group_count;
    memmove(host->inbox, host->inbox + host->group_count, host->inbox_count * sizeof *host->inbox);
    host->group_waits = false;
    tell_scheduler(world);
    if (host->inbox_count > 0) {
        begin_group(world, parcel);
    }
}

static void begin_group(struct world *world, struct parcel *parcel)
{
    struct ledger_host *host = &world->ledger;
    if (host->ledger == NULL || parcel->incarnation != host->incarnation) {
        return;
    }
    look(world);
    host->group_waits = true;
    host->group_ms = host->now_ms;
    host->group_count = host->inbox_count;
    const int64_t disk_ms = world_between(world, 0, world_chance(world, 4) ? 50 : 2);
    world_post(world, disk_ms, end_group, (struct span){0})->incarnation = host->incarnation;
}

void ledger_take(struct world *world, struct parcel *parcel)
{
    struct ledger_host *host = &world->ledger;
    if (host->ledger == NULL || host->inbox_count == INBOX_MAX) {
        return;
    }
    struct parcel *kept = malloc(sizeof *kept + parcel->len);
    ASSERT(kept != NULL);
    memcpy(kept, parcel, sizeof *kept + parcel->len);
    host->inbox[host->inbox_count++] = kept;
    if (!host->group_waits) {
        host->group_waits = true;
        world_post(world, world_between(world, 0, 2), begin_group, (struct span){0})->incarnation = host->incarnation;
    }
}

void ledger_follow(struct world *world, struct parcel *parcel)
{
    if (world->ledger.ledger == NULL) {
        return;
    }
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    const size_t cap = (size_t)1 << 19;
    uint8_t *events_bytes = malloc(cap);
    uint8_t *body_bytes = malloc(cap + 64);
    ASSERT(events_bytes != NULL && body_bytes != NULL);
    struct buf events = buf_of(events_bytes, cap);
    struct buf body = buf_of(body_bytes, cap + 64);
    uint32_t count = 0;
    struct log_event event;
    ASSERT(log_cursor_open(world->log, parcel->number, &cursor) == OK);
    while (count < EVENTS_PER_REPLY && log_cursor_next(cursor, &event) == OK) {
        uint8_t envelope_bytes[LOG_ENVELOPE_MAX];
        struct buf envelope = buf_of(envelope_bytes, sizeof envelope_bytes);
        log_envelope(&event, &envelope);
        body_event_put(&events, buf_span(&envelope), event.payload);
        count++;
    }
    body_events_put(&body, ledger_head(world->ledger.ledger), count, buf_span(&events));
    ASSERT(buf_ok(&events) && buf_ok(&body));
    bus_send(world, scheduler_events, parcel->incarnation, 0, 0, buf_span(&body));
    free(events_bytes);
    free(body_bytes);
}
