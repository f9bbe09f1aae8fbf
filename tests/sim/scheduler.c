/* scheduler.c: the scheduler's process in the simulation: what core/scheduler/main.c does with sockets, done with
 * parcels; crashes at any turn. */
#include <stdlib.h>

#include "adapters/bluesky.h"
#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/vault/box.h"
#include "tests/sim/world.h"

#define ANSWER_WAIT_MS 1000
#define ANSWER_TRIES 4
#define FOLLOW_WAIT_MS 1000
#define BATCH_WAIT_MS 5000
#define PLAN_TICKET 0 /* none of dispatch's */
#define ROTA_COMMANDS_A_TURN 64

/* --- the vault --- */

void secret_put(struct world *world, const struct id *secret_id, struct span text)
{
    ASSERT(world->secret_count < SECRETS_MAX && text.len < sizeof world->secrets->text);
    struct secret *secret = &world->secrets[world->secret_count++];
    secret->id = *secret_id;
    memcpy(secret->text, text.data, text.len);
    secret->text[text.len] = 0;
}

enum err secret_get(const struct world *world, const struct id *secret_id, struct span *ret_text)
{
    for (uint32_t i = world->secret_count; i > 0; i--) {
        if (id_equal(&world->secrets[i - 1].id, secret_id)) {
            *ret_text = span_text(world->secrets[i - 1].text);
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* --- what dispatch asks for --- */

static enum err load_post(void *context, const struct id *post_id, struct arena *arena, struct dispatch_post *ret_post)
{
    return dispatch_views_post(&((struct world *)context)->scheduler.views, post_id, arena, ret_post);
}

static enum err load_payload(void *context, const struct id *post_id, const struct id *target_id, struct arena *arena,
                             struct dispatch_payload *ret_payload)
{
    return dispatch_views_payload(&((struct world *)context)->scheduler.views, post_id, target_id, arena, ret_payload);
}

static enum err load_open(void *context, const struct id *post_id, uint64_t position, struct arena *arena,
                          struct agenda_target **ret_rows, uint32_t *ret_count)
{
    return dispatch_views_open(&((struct world *)context)->scheduler.views, post_id, position, arena, ret_rows,
                               ret_count);
}

static enum err load_account(void *context, const struct agenda_due *due, const struct id *job_id, struct arena *arena,
                             struct dispatch_account *ret_account)
{
    struct world *world = context;
    struct span plain;
    uint8_t nonce[12];
    char what_text[ID_TEXT_MAX];
    struct buf what = buf_of(what_text, sizeof what_text);
    TRY(dispatch_views_account(&world->scheduler.views, &due->integration_id, due->action == AGENDA_CONNECT, arena,
                               ret_account));
    TRY(secret_get(world, &ret_account->vault_id, &plain));
    id_write(&what, job_id);
    world_random(world, nonce, sizeof nonce);
    void *bytes = arena_alloc(arena, plain.len + BOX_OVERHEAD);
    ASSERT(bytes != NULL);
    struct buf box = buf_of(bytes, plain.len + BOX_OVERHEAD);
    TRY(box_seal(sim_box_key, nonce, buf_span(&what), plain, &box));
    ret_account->credentials = buf_span(&box);
    return OK;
}

/* --- life and death --- */

void scheduler_start(struct world *world)
{
    struct scheduler_host *host = &world->scheduler;
    uint64_t position = 0;
    host->channel = *bluesky_channel();
    host->channel.keyed = !world->keyless;
    host->channels[0] = &host->channel;
    host->views = (struct dispatch_views){.store = world->store};
    arena_init(&host->arena, (size_t)1 << 28);
    ASSERT(agenda_new(&host->agenda) == OK);
    ASSERT(dispatch_views_restore(&host->views, host->agenda, &position) == OK);
    bills_init(&host->bills);
    ASSERT(dispatch_views_bills(&host->views, &host->bills) == OK);
    rota_init(&host->rota);
    ASSERT(rota_views_fill(&host->views, &host->rota) == OK);
    follow_begin(&host->follower, position);
    const struct dispatch_options options = {
        .agenda = host->agenda,
        .channels = {host->channels, 1       },
        .load = { world, load_post, load_payload, load_account, load_open},
        .random = world_random,
        .random_context = world
    };
    ASSERT(dispatch_new(&options, &host->dispatch) == OK);
    host->incarnation++;
    host->caught_up = false;
    host->follow_out = false;
    host->batch_out = false;
    host->adapter_known = 0;
    host->batch_jobs = calloc(DISPATCH_JOBS_MAX, sizeof *host->batch_jobs);
    ASSERT(host->batch_jobs != NULL);
    trace(world, "scheduler", "starts at %llu with %u targets", (unsigned long long)position,
          agenda_count(host->agenda));
    world_post(world, 0, scheduler_woken, (struct span){0})->incarnation = host->incarnation;
}

static void restart(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    if (world->scheduler.agenda == NULL) {
        scheduler_start(world);
    }
}

void scheduler_crash(struct world *world)
{
    struct scheduler_host *host = &world->scheduler;
    if (host->agenda == NULL) {
        return;
    }
    struct flight *next;
    for (struct flight *flight = host->flights; flight != NULL; flight = next) {
        next = flight->next;
        free(flight);
    }
    host->flights = NULL;
    dispatch_free(host->dispatch);
    agenda_free(host->agenda);
    bills_done(&host->bills);
    rota_done(&host->rota);
    free(host->batch_jobs);
    arena_done(&host->arena);
    host->agenda = NULL;
    host->dispatch = NULL;
    trace(world, "scheduler", "crashes");
    world_post(world, world_between(world, 50, world->calm ? 100 : 20000), restart, (struct span){0});
}

/* --- commands --- */

static void flight_due(struct world *world, struct parcel *parcel);

static void fly(struct world *world, struct flight *flight)
{
    struct scheduler_host *host = &world->scheduler;
    bus_send(world, ledger_take, host->incarnation, flight->ticket, 0, span_of(flight->bytes, flight->len));
    struct parcel *due =
        world_post(world, ANSWER_WAIT_MS, flight_due, span_of(&flight->command_id, sizeof flight->command_id));
    due->incarnation = host->incarnation;
}

static struct flight *take_flight(struct scheduler_host *host, const struct id *command_id, uint32_t ticket)
{
    for (struct flight **link = &host->flights; *link != NULL; link = &(*link)->next) {
        struct flight *flight = *link;
        if (command_id != NULL ? id_equal(&flight->command_id, command_id) : flight->ticket == ticket) {
            *link = flight->next;
            return flight;
        }
    }
    return NULL;
}

static void send_command(struct world *world, const struct command *command, uint32_t ticket)
{
    struct scheduler_host *host = &world->scheduler;
    const size_t cap = (size_t)1 << 16;
    struct flight *flight = malloc(sizeof *flight + cap);
    ASSERT(flight != NULL);
    struct buf out = buf_of(flight->bytes, cap);
    ASSERT(command_encode(command, &out) == OK);
    flight = realloc(flight, sizeof *flight + out.len);
    ASSERT(flight != NULL);
    *flight =
        (struct flight){.next = host->flights, .ticket = ticket, .command_id = command->command_id, .len = out.len};
    host->flights = flight;
    trace(world, "scheduler", "%s %s", command_desc(command->code)->name, name_of(world, &command->stream));
    fly(world, flight);
    arena_reset(&host->arena);
}

static void send_commands(struct world *world)
{
    struct scheduler_host *host = &world->scheduler;
    struct command command;
    uint32_t ticket;
    arena_reset(&host->arena);
    while (dispatch_command(host->dispatch, world_wall(world), &host->arena, &command, &ticket)) {
        send_command(world, &command, ticket);
    }
}

static void close_periods(struct world *world, int64_t *wake_ms)
{
    struct scheduler_host *host = &world->scheduler;
    const struct bills_load load = {.zones = world->zones,
                                    .context = &host->views,
                                    .billed = dispatch_views_billed,
                                    .random = world_random,
                                    .random_context = world};
    struct command command;
    int64_t due_ms = TIMERS_NEVER;
    while (bills_command(&host->bills, &load, world_wall(world), &host->arena, &command, &due_ms)) {
        send_command(world, &command, PLAN_TICKET);
    }
    *wake_ms = due_ms < *wake_ms ? due_ms : *wake_ms;
}

static void make_posts(struct world *world, int64_t *wake_ms)
{
    struct scheduler_host *host = &world->scheduler;
    struct rota_load load = rota_views_load(&host->views);
    struct command command;
    int64_t due_ms = TIMERS_NEVER;
    load.zones = world->zones;
    load.random = world_random;
    load.random_context = world;
    arena_reset(&host->arena);
    for (uint32_t i = 0; i < ROTA_COMMANDS_A_TURN &&
                         rota_command(&host->rota, &load, world_wall(world), &host->arena, &command, &due_ms);
         i++) {
        send_command(world, &command, PLAN_TICKET);
    }
    *wake_ms = due_ms < *wake_ms ? due_ms : *wake_ms;
}

/* As planner.c. */
static void plan(struct world *world, int64_t *wake_ms)
{
    const struct scheduler_host *host = &world->scheduler;
    if (!agenda_is_suspended(host->agenda) && !agenda_is_clock_suspect(host->agenda)) {
        close_periods(world, wake_ms);
        make_posts(world, wake_ms);
    }
}

/* --- secrets, jobs --- */

static bool seal_secrets(struct world *world)
{
    bool any = false;
    struct scheduler_host *host = &world->scheduler;
    struct dispatch_secret secret;
    uint32_t ticket;
    while (dispatch_seal(host->dispatch, world_wall(world), &secret, &ticket)) {
        char what_text[ID_TEXT_MAX];
        uint8_t plain_bytes[512];
        struct buf what = buf_of(what_text, sizeof what_text);
        struct buf plain = buf_of(plain_bytes, sizeof plain_bytes);
        id_write(&what, &secret.job_id);
        const enum err opened = box_open(sim_box_key, buf_span(&what), secret.box, &plain);
        ASSERT(opened == OK);
        const bool reached = world->ledger.ledger != NULL && !world_chance(world, world->faults.drop);
        if (reached) {
            secret_put(world, &secret.secret_id, buf_span(&plain));
        }
        dispatch_sealed(host->dispatch, world_wall(world), ticket, reached ? OK : ERR_TIMED_OUT, SPAN("fingerprint"));
        any = true;
    }
    return any;
}

static void give_batch_back(struct world *world, bool never_left)
{
    struct scheduler_host *host = &world->scheduler;
    const struct job_batch batch = {.jobs = host->batch_jobs, .jobs_count = host->batch_count};
    dispatch_jobs_failed(host->dispatch, world_wall(world), &batch, never_left);
    host->batch_out = false;
    host->batch_count = 0;
}

static void batch_due(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    if (host->agenda != NULL && host->incarnation == parcel->incarnation && host->batch_out &&
        host->batch_number == parcel->number) {
        give_batch_back(world, false);
        scheduler_woken(world, parcel);
    }
}

static void send_jobs(struct world *world)
{
    struct scheduler_host *host = &world->scheduler;
    struct job_batch batch;
    if (host->batch_out || !dispatch_has_jobs(host->dispatch, CHANNEL_BLUESKY)) {
        return;
    }
    arena_reset(&host->arena);
    ASSERT(dispatch_jobs(host->dispatch, world_wall(world), CHANNEL_BLUESKY, 16, &host->arena, &batch) == OK);
    if (batch.jobs_count == 0 && batch.done_count == 0) {
        return;
    }
    judge_batch(world, &batch);
    for (uint32_t i = 0; i < batch.jobs_count; i++) {
        host->batch_jobs[i].job_id = batch.jobs[i].job_id;
        trace(world, "scheduler", "job %.*s %s", (int)batch.jobs[i].kind.len, (const char *)batch.jobs[i].kind.data,
              name_of(world, &batch.jobs[i].job_id));
    }
    host->batch_count = batch.jobs_count;
    host->batch_out = true;
    host->batch_number++;
    if (world_chance(world, world->faults.network)) {
        give_batch_back(world, true); /* no connection */
        return;
    }
    const size_t cap = (size_t)1 << 17;
    void *bytes = arena_alloc(&host->arena, cap);
    ASSERT(bytes != NULL);
    struct buf out = buf_of(bytes, cap);
    ASSERT(record_encode(job_batch_desc(), &batch, &out) == OK);
    bus_send(world, adapter_take, host->adapter_known, host->incarnation, host->batch_number, buf_span(&out));
    struct parcel *due = world_post(world, BATCH_WAIT_MS, batch_due, (struct span){0});
    due->incarnation = host->incarnation;
    due->number = host->batch_number;
}

/* --- events --- */

static void follow_due(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    if (host->agenda != NULL && host->incarnation == parcel->incarnation && host->follow_out &&
        follow_after(&host->follower) == parcel->number) {
        host->follow_out = false;
        scheduler_woken(world, parcel);
    }
}

static void ask_events(struct world *world)
{
    struct scheduler_host *host = &world->scheduler;
    if (host->follow_out) {
        return;
    }
    host->follow_out = true;
    bus_send(world, ledger_follow, host->incarnation, 0, follow_after(&host->follower), (struct span){0});
    struct parcel *due = world_post(world, FOLLOW_WAIT_MS, follow_due, (struct span){0});
    due->incarnation = host->incarnation;
    due->number = follow_after(&host->follower);
}

/* --- a turn --- */

static void turn(struct world *world)
{
    struct scheduler_host *host = &world->scheduler;
    int64_t wake_ms = INT64_MAX;
    if (!host->caught_up) {
        return;
    }
    if (world_chance(world, world->faults.scheduler_crash)) {
        scheduler_crash(world);
        return;
    }
    ASSERT(dispatch_views_begin(&host->views) == OK);
    ASSERT(dispatch_tick(host->dispatch, world_wall(world), &wake_ms) == OK);
    send_commands(world);
    plan(world, &wake_ms);
    send_jobs(world);
    dispatch_views_end(&host->views);
    if (seal_secrets(world)) {
        wake_ms = world_wall(world);
    }
    if (follow_hint(&host->follower, 0)) {
        ask_events(world);
    }
    if (wake_ms == INT64_MAX) {
        return;
    }
    struct parcel *wake = world_post(world, wake_ms - world_wall(world), scheduler_woken, (struct span){0});
    wake->incarnation = host->incarnation;
    wake->ticket = 2;
    wake->number = ++host->wake_number; /* only the last one counts */
}

static bool is_for_us(const struct scheduler_host *host, const struct parcel *parcel)
{
    return host->agenda != NULL && parcel->incarnation == host->incarnation;
}

/* ticket 1: a hint, number the head. 2: the time, number which. Else: just look. */
void scheduler_woken(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    if (!is_for_us(host, parcel) || (parcel->ticket == 2 && parcel->number != host->wake_number)) {
        return;
    }
    if (parcel->ticket == 1 && !follow_hint(&host->follower, parcel->number)) {
        return;
    }
    if (parcel->ticket == 1 || !host->caught_up) {
        ask_events(world);
    }
    turn(world);
}

static void flight_due(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    struct id command_id;
    memcpy(&command_id, parcel->bytes, sizeof command_id);
    struct flight *flight = is_for_us(host, parcel) ? take_flight(host, &command_id, 0) : NULL;
    if (flight == NULL) {
        return;
    }
    flight->tries++;
    if (flight->tries < ANSWER_TRIES) {
        flight->next = host->flights;
        host->flights = flight;
        fly(world, flight);
        return;
    }
    if (flight->ticket != PLAN_TICKET) {
        dispatch_answered(host->dispatch, world_wall(world), flight->ticket, ERR_TIMED_OUT, NULL);
    }
    free(flight);
    turn(world);
}

void scheduler_answered(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    struct answer answer;
    ASSERT(parcel->len == sizeof answer + sizeof(struct id));
    memcpy(&answer, parcel->bytes, sizeof answer);
    struct id command_id;
    memcpy(&command_id, parcel->bytes + sizeof answer, sizeof command_id);
    struct flight *flight = is_for_us(host, parcel) ? take_flight(host, &command_id, 0) : NULL;
    if (flight == NULL) {
        return;
    }
    if (flight->ticket != PLAN_TICKET) {
        dispatch_answered(host->dispatch, world_wall(world), flight->ticket, OK, &answer);
    }
    free(flight);
    if (follow_hint(&host->follower, answer.seq)) {
        ask_events(world);
    }
    turn(world);
}

static enum err apply(struct world *world, struct body_list *list)
{
    struct scheduler_host *host = &world->scheduler;
    struct log_event at;
    for (;;) {
        const uint64_t before = host->follower.position;
        const enum err err = follow_next(&host->follower, list, &at);
        if (err != OK) {
            return err == ERR_NOT_FOUND ? OK : err;
        }
        judge_reader(world, before, at.seq);
        struct event event;
        arena_reset(&host->arena);
        TRY(event_decode(at.payload, &host->arena, &event));
        TRY(bills_apply(&host->bills, &event));
        TRY(rota_apply(&host->rota, &event));
        TRY(dispatch_follow(host->dispatch, &at, &event));
    }
}

void scheduler_events(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    struct body_list list;
    uint64_t head = 0;
    if (!is_for_us(host, parcel)) {
        return;
    }
    host->follow_out = false;
    ASSERT(body_events_read(span_of(parcel->bytes, parcel->len), &head, &list) == OK);
    ASSERT(dispatch_views_begin(&host->views) == OK);
    const enum err err = apply(world, &list);
    dispatch_views_end(&host->views);
    if (err == ERR_ALTERED) {
        trace(world, "scheduler", "got events out of order: it begins again");
        scheduler_crash(world);
        return;
    }
    ASSERT(err == OK);
    if (follow_hint(&host->follower, head)) {
        ask_events(world);
    } else {
        host->caught_up = true;
    }
    turn(world);
}

/* --- from the adapter --- */

void scheduler_reported(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    struct outcome_batch batch;
    if (!is_for_us(host, parcel)) {
        return;
    }
    if (host->batch_out && parcel->number == host->batch_number) {
        host->batch_out = false;
        host->batch_count = 0;
    }
    arena_reset(&host->arena);
    ASSERT(record_decode(outcome_batch_desc(), span_of(parcel->bytes, parcel->len), &host->arena, &batch) == OK);
    judge_report(world, &batch);
    for (uint32_t i = 0; i < batch.outcomes_count; i++) {
        trace(world, "scheduler", "hears %s of %s", choice_word(&outcome_words, batch.outcomes[i].outcome),
              name_of(world, &batch.outcomes[i].job_id));
        ASSERT(dispatch_outcome(host->dispatch, world_wall(world), CHANNEL_BLUESKY, &batch.outcomes[i]) == OK);
    }
    turn(world);
}

void scheduler_refused(struct world *world, struct parcel *parcel)
{
    struct scheduler_host *host = &world->scheduler;
    if (!is_for_us(host, parcel)) {
        return;
    }
    const uint32_t before = host->adapter_known;
    host->adapter_known = parcel->ticket;
    if (host->batch_out && parcel->number == host->batch_number) {
        give_batch_back(world, true);
    }
    if (before != 0 && before != host->adapter_known) {
        ASSERT(dispatch_adapter_gone(host->dispatch, world_wall(world), CHANNEL_BLUESKY) == OK);
    }
    turn(world);
}
