/* key_timing_test.c: how long the gate takes to refuse a key says nothing of it: whether one is known that differs in
 * its last character only, or has the same name, or none at all. Times are compared by their ranks, kind by kind and in
 * turn; the same kind against itself shows the noise, and a little work that only one kind is given is found. */
#include <time.h>

#include "core/message/key_text.h"
#include "core/wire/tag_key.h"
#include "gateway/gate/gate_state.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

enum { ROUNDS = 6000, KEYS = 64 };

enum shown { BUT_FOR_THE_LAST, SAME_NAME, OF_NOBODY, OF_NOBODY_AGAIN, MALFORMED, SLOWED, SHOWN_COUNT };

static const char *const shown_words[] = {"a known key but for its last character",
                                          "a known key's name",
                                          "nobody's",
                                          "nobody's again",
                                          "not a key's form",
                                          "planted: hashed once more"};

static char known[KEYS][KEY_TEXT_MAX];
static uint32_t times[SHOWN_COUNT][ROUNDS];

static void make_known(struct world *world)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        char name[KEY_NAME_MAX + 1];
        uint8_t randomness[KEY_RANDOM_LEN];
        (void)snprintf(name, sizeof name, "known%02u", i);
        prng_fill(&world->prng, randomness, sizeof randomness);
        key_text_write(span_text(name), randomness, known[i]);
        struct command command = world_command(world, COMMAND_create_key);
        command.create_key.key_id = world_id(world, ID_KEY);
        command.create_key.workspace_id = world->workspace_id;
        command.create_key.name = span_text(name);
        command.create_key.role = ROLE_EDITOR;
        tag_key_fingerprint_of(span_text(known[i]), command.create_key.fingerprint.bytes);
        world_must(world, &command);
    }
}

/* A text of that kind, as long as any of the others, that was not shown before. */
static void write_shown(struct prng *prng, enum shown shown, uint32_t round, char ret_text[KEY_TEXT_MAX])
{
    uint8_t randomness[KEY_RANDOM_LEN];
    prng_fill(prng, randomness, sizeof randomness);
    const char *key = known[round % KEYS];
    char name[KEY_NAME_MAX + 1];
    (void)snprintf(name, sizeof name, shown == SAME_NAME ? "known%02u" : "other%02u", round % KEYS);
    key_text_write(span_text(name), randomness, ret_text);
    char *last = &ret_text[strlen(ret_text) - 1];
    if (shown == BUT_FOR_THE_LAST) {
        memcpy(ret_text, key, strlen(key) + 1);
        *last = *last == '0' + (char)(round / KEYS % 9) ? '9' : (char)('0' + round / KEYS % 9);
    } else if (shown == MALFORMED) {
        memcpy(ret_text, "??", 2);
        *last = ' ';
    }
}

static uint32_t time_refusal(struct gate *gate, struct arena *arena, const char *text, bool slowed)
{
    struct timespec began;
    struct timespec ended;
    struct pass *pass = NULL;
    uint8_t hash[SHA256_LEN];
    const struct knock knock = {.key = span_text(text), .now_ms = START_MS};
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &began), 0);
    const enum err err = gate_admit(gate, &knock, arena, &pass);
    if (slowed) {
        tag_key_fingerprint_of(knock.key, hash);
    }
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ended), 0);
    ck_assert_int_eq(err, ERR_AUTH);
    arena_reset(arena);
    return (uint32_t)((ended.tv_sec - began.tv_sec) * 1000000000 + ended.tv_nsec - began.tv_nsec);
}

static int compare(const void *a, const void *b)
{
    const uint32_t *first = a;
    const uint32_t *second = b;
    return (*first > *second) - (*first < *second);
}

/* How likely a time of the one is below a time of the other, in halves where they are equal. 0.5: nothing can be told.
 */
static double below(const uint32_t *one, const uint32_t *other)
{
    double sum = 0;
    uint32_t less = 0;
    uint32_t not_more = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        while (less < ROUNDS && one[less] < other[i]) {
            less++;
        }
        while (not_more < ROUNDS && one[not_more] <= other[i]) {
            not_more++;
        }
        sum += (less + not_more) / 2.0;
    }
    return sum / ROUNDS / ROUNDS;
}

static void measure(struct world *world, struct gate *gate)
{
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint64_t turn = prng_next(&world->prng);
        for (uint32_t i = 0; i < SHOWN_COUNT; i++) {
            const enum shown shown = (enum shown)((i + turn) % SHOWN_COUNT);
            char text[KEY_TEXT_MAX];
            write_shown(&world->prng, shown, round, text);
            times[shown][round] = time_refusal(gate, &arena, text, shown == SLOWED);
        }
    }
    for (uint32_t i = 0; i < SHOWN_COUNT; i++) {
        qsort(times[i], ROUNDS, sizeof times[i][0], compare);
    }
    arena_done(&arena);
}

START_TEST(how_long_a_refusal_takes_says_nothing_of_the_key)
{
    struct world *world = world_open(3, 0, 0);
    struct gate *gate = NULL;
    world_found(world);
    make_known(world);
    const struct gate_options options = {.views = world->views};
    ck_assert_int_eq(gate_open(&options, &gate), OK);
    measure(world, gate);
    for (uint32_t i = 0; i < SHOWN_COUNT; i++) {
        const double chance = below(times[i], times[OF_NOBODY]);
        printf("%-40s median %6u ns, below nobody's with a chance of %.3f\n", shown_words[i], times[i][ROUNDS / 2],
               chance);
        (void)fflush(stdout);
        /* By chance alone 1/sqrt(6 * ROUNDS) = 0.005 from the half; what was planted is beyond it by far. */
        if (i == SLOWED) {
            ck_assert_double_lt(chance, 0.4);
        } else {
            ck_assert_double_lt(chance, 0.54);
            ck_assert_double_gt(chance, 0.46);
        }
    }
    gate_close(gate);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("key_timing");
    TCase *tests = tcase_create("key_timing");
    tcase_add_test(tests, how_long_a_refusal_takes_says_nothing_of_the_key);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
