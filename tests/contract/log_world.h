/* log_world.h: what the tests of the log have in common: a key, and events whose bytes follow from their number. */
#ifndef OPENPOST_TESTS_LOG_WORLD_H
#define OPENPOST_TESTS_LOG_WORLD_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/prng.h"
#include "core/log/checkpoint.h"
#include "core/log/log.h"
#include "tests/folder.h"

#define ORIGIN "example.com/ledger"
#define T0 1700000000000

static inline struct checkpoint_key *make_key(void)
{
    uint8_t seed[32];
    for (uint8_t i = 0; i < 32; i++) {
        seed[i] = i;
    }
    struct checkpoint_key *key = NULL;
    ck_assert_int_eq(checkpoint_key_new(seed, ORIGIN, &key), OK);
    return key;
}

static inline struct id make_id(enum id_kind kind, uint64_t number)
{
    struct prng prng;
    prng_seed(&prng, number * 64 + kind);
    uint8_t randomness[10];
    prng_fill(&prng, randomness, sizeof randomness);
    return id_make(kind, T0, randomness);
}

/* Event number i: in workspace i % workspaces + 1 (workspaces 0: of the installation); its payload is written to bytes,
 * len long. */
static inline struct log_event make_event(uint64_t i, uint64_t workspaces, uint8_t *bytes, size_t len)
{
    struct prng prng;
    prng_seed(&prng, i);
    struct log_event event = {.stream = make_id(ID_POST, (i - 1) / 3),
                              .version = (i - 1) % 3 + 1,
                              .code = (uint32_t)(i % 50),
                              .time_ms = T0 + (int64_t)i,
                              .actor = (uint8_t)(i % 5),
                              .causation = i / 2};
    if (workspaces > 0) {
        event.workspace_id = make_id(ID_WORKSPACE, i % workspaces);
    }
    if (event.actor != ACTOR_SYSTEM) {
        event.actor_id = make_id(ID_KEY, i % 7);
        event.command_id = make_id(ID_COMMAND, i);
    }
    prng_fill(&prng, event.salt, sizeof event.salt);
    prng_fill(&prng, bytes, len);
    event.payload = span_of(bytes, len);
    return event;
}

/* Appends events first..last, group by group, and commits. */
static inline void append_events(struct log *log, uint64_t first, uint64_t last, uint64_t group, size_t payload_len)
{
    uint8_t *bytes = malloc(payload_len + 1);
    ck_assert_ptr_nonnull(bytes);
    for (uint64_t i = first; i <= last;) {
        ck_assert_int_eq(log_begin(log), OK);
        for (uint64_t j = 0; j < group && i <= last; j++, i++) {
            struct log_event event = make_event(i, 5, bytes, payload_len);
            ck_assert_int_eq(log_append(log, &event, false), OK);
            ck_assert_uint_eq(event.seq, i);
        }
        ck_assert_int_eq(log_commit(log), OK);
    }
    free(bytes);
}

static inline void assert_events_equal(const struct log_event *a, const struct log_event *b)
{
    ck_assert_uint_eq(a->seq, b->seq);
    ck_assert(id_equal(&a->workspace_id, &b->workspace_id));
    ck_assert_uint_eq(a->workspace_seq, b->workspace_seq);
    ck_assert(id_equal(&a->stream, &b->stream));
    ck_assert_uint_eq(a->version, b->version);
    ck_assert_uint_eq(a->code, b->code);
    ck_assert_int_eq(a->time_ms, b->time_ms);
    ck_assert_uint_eq(a->actor, b->actor);
    ck_assert(id_equal(&a->actor_id, &b->actor_id));
    ck_assert(id_equal(&a->command_id, &b->command_id));
    ck_assert_uint_eq(a->causation, b->causation);
    ck_assert_mem_eq(a->salt, b->salt, sizeof a->salt);
    ck_assert_mem_eq(a->payload_hash, b->payload_hash, sizeof a->payload_hash);
    ck_assert(span_equal(a->payload, b->payload));
}

#endif
