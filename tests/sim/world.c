/* world.c: time, the bus, the trace. Called by everybody in the simulation. */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/log/checkpoint.h"

struct name_item {
    struct pool_item item;
    uint32_t number;
};

void world_init(struct world *world, uint64_t seed, bool keyless)
{
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->keyless = keyless;
    world->true_ms = WORLD_T0;
    prng_seed(&world->dice, seed);
    prng_seed(&world->minting, seed ^ UINT64_C(0x5DEECE66D));
    pool_init(&world->names, sizeof(struct name_item));
    world->trace = calloc(TRACE_LINES, sizeof *world->trace);
    world->secrets = calloc(SECRETS_MAX, sizeof *world->secrets);
    ASSERT(world->trace != NULL && world->secrets != NULL);
    const struct log_options options = {.map_size = (size_t)1 << 32, .checkpoint_every = UINT64_MAX};
    ASSERT(log_memory_open(&options, &world->log) == OK);
    ASSERT(store_memory_open(&world->store) == OK);
    ASSERT(zones_open(&world->zones) == OK);
    ASSERT(model_new(keyless, &world->model) == OK);
    world->installation_id = world_mint(world, ID_SYSTEM);
}

void world_done(struct world *world)
{
    scheduler_crash(world);
    adapter_crash(world);
    ledger_crash(world);
    judge_done(world);
    zones_close(world->zones);
    for (uint32_t i = 1; i <= world->parcel_count; i++) {
        free(world->parcels[i]->pointer);
        free(world->parcels[i]);
    }
    free(world->parcels);
    struct flight *next;
    for (struct flight *flight = world->user_flights; flight != NULL; flight = next) {
        next = flight->next;
        free(flight);
    }
    model_free(world->model);
    store_close(world->store);
    log_close(world->log);
    pool_done(&world->names);
    free(world->secrets);
    free(world->trace);
}

int64_t world_wall(const struct world *world)
{
    return world->true_ms + world->offset_ms;
}

/* --- parcels --- */

static bool is_before(const struct parcel *a, const struct parcel *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

static void put(struct world *world, struct parcel *parcel)
{
    if (world->parcel_count + 2 > world->parcel_cap) {
        world->parcel_cap = world->parcel_cap == 0 ? 256 : world->parcel_cap * 2;
        world->parcels = realloc(world->parcels, world->parcel_cap * sizeof *world->parcels);
        ASSERT(world->parcels != NULL);
    }
    uint32_t at = ++world->parcel_count;
    while (at > 1 && is_before(parcel, world->parcels[at / 2])) {
        world->parcels[at] = world->parcels[at / 2];
        at /= 2;
    }
    world->parcels[at] = parcel;
}

static struct parcel *take(struct world *world)
{
    if (world->parcel_count == 0) {
        return NULL;
    }
    struct parcel *first = world->parcels[1];
    struct parcel *last = world->parcels[world->parcel_count--];
    uint32_t at = 1;
    for (uint32_t child = 2; child <= world->parcel_count; child = at * 2) {
        if (child < world->parcel_count && is_before(world->parcels[child + 1], world->parcels[child])) {
            child++;
        }
        if (!is_before(world->parcels[child], last)) {
            break;
        }
        world->parcels[at] = world->parcels[child];
        at = child;
    }
    if (world->parcel_count > 0) {
        world->parcels[at] = last;
    }
    return first;
}

struct parcel *world_post(struct world *world, int64_t after_ms, parcel_open *open, struct span bytes)
{
    struct parcel *parcel = malloc(sizeof *parcel + bytes.len);
    ASSERT(parcel != NULL);
    *parcel = (struct parcel){.at_ms = world->true_ms + (after_ms > 0 ? after_ms : 0),
                              .order = world->orders++,
                              .open = open,
                              .len = bytes.len};
    if (bytes.len > 0) {
        memcpy(parcel->bytes, bytes.data, bytes.len);
    }
    put(world, parcel);
    return parcel;
}

void bus_send(struct world *world, parcel_open *open, uint32_t incarnation, uint32_t ticket, uint64_t number,
              struct span bytes)
{
    const bool lost = open == scheduler_answered && world->lose_answers > 0;
    world->lose_answers -= lost;
    if (lost || world_chance(world, world->faults.drop)) {
        trace(world, "bus", "drops a parcel");
        return;
    }
    const int copies = world_chance(world, world->faults.twice) ? 2 : 1;
    for (int i = 0; i < copies; i++) {
        const int64_t most_ms = world_chance(world, world->faults.slow) ? 4000 : 5;
        struct parcel *parcel = world_post(world, world_between(world, 0, most_ms), open, bytes);
        parcel->incarnation = incarnation;
        parcel->ticket = ticket;
        parcel->number = number;
    }
}

bool world_step(struct world *world)
{
    struct parcel *parcel = take(world);
    if (parcel == NULL) {
        return false;
    }
    ASSERT(parcel->at_ms >= world->true_ms);
    world->true_ms = parcel->at_ms;
    world->steps++;
    parcel->open(world, parcel);
    free(parcel);
    judge_events(world);
    return true;
}

/* --- dice --- */

bool world_chance(struct world *world, uint32_t one_in)
{
    return !world->steady && one_in != 0 && prng_chance(&world->dice, one_in);
}

int64_t world_between(struct world *world, int64_t least, int64_t most)
{
    if (world->steady) {
        return least;
    }
    return least + (int64_t)prng_below(&world->dice, (uint64_t)(most - least) + 1);
}

void world_random(void *context, void *data, size_t len)
{
    struct world *world = context;
    prng_fill(&world->minting, data, len);
}

struct id world_mint(struct world *world, enum id_kind kind)
{
    uint8_t randomness[10];
    world_random(world, randomness, sizeof randomness);
    return id_make(kind, world_wall(world), randomness);
}

/* --- the trace --- */

const char *name_of(struct world *world, const struct id *id)
{
    static char names[4][24]; /* of the program that tests, not of what is tested */
    static unsigned turn;
    char *name = names[turn++ % 4];
    if (id_is_none(id)) {
        return "nothing";
    }
    uint32_t index = pool_find(&world->names, id);
    if (index == 0) {
        ASSERT(pool_reserve(&world->names, 1) == OK);
        index = pool_add(&world->names, id);
        ((struct name_item *)pool_at(&world->names, index))->number = ++world->name_counts[id->kind];
    }
    (void)snprintf(name, sizeof names[0], "%s_%u", id_prefix((enum id_kind)id->kind),
                   ((struct name_item *)pool_at(&world->names, index))->number);
    return name;
}

void trace(struct world *world, const char *who, const char *format, ...)
{
    char *line = world->trace[world->trace_count++ % TRACE_LINES];
    int len = snprintf(line, TRACE_WIDTH, "[%10lld] %-9s > ", (long long)(world->true_ms - WORLD_T0), who);
    va_list args;
    va_start(args, format);
    len += vsnprintf(line + len, TRACE_WIDTH - (size_t)len, format, args);
    va_end(args);
    if (world->show) {
        (void)puts(line);
    }
    if (world->sink != NULL) {
        buf_text(world->sink, line);
        buf_byte(world->sink, '\n');
    }
}

const char *rule_word(enum rule rule)
{
    static const char *const words[] = {
#define X(name_, word_, doc_) word_,
        RULE_TABLE(X)
#undef X
    };
    return words[rule];
}

void lose(struct world *world, enum rule rule, const char *format, ...)
{
    if (world->lost) {
        return;
    }
    world->lost = true;
    world->broken = rule;
    const uint64_t first = world->trace_count > TRACE_LINES ? world->trace_count - TRACE_LINES : 0;
    for (uint64_t i = first; i < world->trace_count && !world->show; i++) {
        (void)puts(world->trace[i % TRACE_LINES]);
    }
    (void)printf("seed %llu, step %llu, %s: ", (unsigned long long)world->seed, (unsigned long long)world->steps,
                 rule_word(rule));
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
    (void)fflush(stdout);
}
