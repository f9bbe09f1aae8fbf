/* race_dice_test.c: the actions of the race matrix by dice, one after the other, while the scheduler and a platform
 * that loses answers go on: what the agenda asks for is never refused, nothing is sent twice, what is sent is what was
 * locked (race_world.h), what was sent is never called cancelled or missed, and once nothing is held any more the post
 * comes to its end. OPENPOST_RACE_SEEDS: how many. */
#include "tests/suite.h"
#include "tests/unit/race_lists.h"
#include "tests/unit/race_world.h"

#define COUNT(rows_) (sizeof(rows_) / sizeof *(rows_))

#define SEEDS 300
#define MOVES 12
#define TEXT_MAX 200

/* A move that depends on how things stand: other instants than the matrix has, and what is true of the platform, which
 * people look at before they say that something is there or is not. */
static void tell_move(struct race *race, const struct race_action *action, char *ret_text)
{
    const long now_s = (long)((race->world->now_ms - STORY_EPOCH_MS) / 1000);
    const struct post_target *target = &race->world->post.post.targets[0];
    if (strncmp(action->step, "schedule at", 11) == 0 || strncmp(action->step, "schedule next", 13) == 0) {
        (void)snprintf(ret_text, TEXT_MAX, "schedule at=%ld", now_s + 1 + (long)prng_below(race->dice, 2000));
    } else if (strncmp(action->step, "edit", 4) == 0) {
        (void)snprintf(ret_text, TEXT_MAX, "edit a text=%c", 'a' + (int)prng_below(race->dice, 26));
    } else if (strncmp(action->step, "approve", 7) == 0) {
        (void)snprintf(ret_text, TEXT_MAX, "approve a:2 bytes=%s", rendering_now(race).name);
        arena_reset(&race->world->arena);
    } else if (strncmp(action->step, "resolve a absent", 16) == 0 && race->published[target->next_part % RACE_PARTS]) {
        (void)snprintf(ret_text, TEXT_MAX, "resolve a published url=https://x/1");
    } else if (strncmp(action->step, "resolve a published", 19) == 0 &&
               !race->published[target->next_part % RACE_PARTS]) {
        (void)snprintf(ret_text, TEXT_MAX, "resolve a absent retry");
    } else if (strncmp(action->step, "outcome", 7) == 0) {
        (void)snprintf(ret_text, TEXT_MAX, "outcome a %s",
                       race->published[target->attempt_part % RACE_PARTS] ? "accepted" : "unknown");
    } else {
        (void)snprintf(ret_text, TEXT_MAX, "%s", action->step);
    }
}

/* Whatever comes of it. */
static void try_to(struct race *race, const char *text)
{
    char said[2000];
    struct buf out = buf_of(said, sizeof said);
    if (*text != '\0') {
        race_walk(race, text, &out);
    }
    race->out = buf_of(race->said, sizeof race->said);
}

static void release_all(struct race *race)
{
    static const char *const steps[] = {"release", "resume a", "unhalt a", "trust", "confirm", "settings policy=none"};
    for (size_t i = 0; i < COUNT(steps); i++) {
        try_to(race, steps[i]);
    }
    const struct integration *account = &race->world->accounts[0].integration;
    if (account->connection == INTEGRATION_DISCONNECTED && !account->connecting) {
        try_to(race, "connect a vault=2");
    }
}

/* Some time passes, or the next things happen: moves then come right after a lock, a start or an outcome. */
static void go_on(struct race *race)
{
    if (prng_chance(race->dice, 2)) {
        const int64_t until_ms = race->world->now_ms + (int64_t)prng_below(race->dice, 1000) * SECOND_MS;
        race_until(race, until_ms);
        race->world->now_ms = race->world->now_ms > until_ms ? race->world->now_ms : until_ms;
        return;
    }
    for (uint64_t left = prng_below(race->dice, 5); left > 0; left--) {
        (void)race_next(race, INT64_MAX);
    }
}

/* Nothing is open but what only a person can tell, or what nobody scheduled. */
static bool is_at_its_end(const struct post *post)
{
    const struct post_target *target = &post->targets[0];
    return post->status == POST_DRAFT || post->status == POST_DELETED || target_status_is_final(target->status) ||
           (target->status == TARGET_UNKNOWN && target->needs_person);
}

START_TEST(whatever_happens_in_whatever_order_the_agenda_is_right)
{
    const char *wanted = getenv("OPENPOST_RACE_SEEDS");
    const uint64_t seeds = wanted != NULL ? strtoull(wanted, NULL, 10) : SEEDS;
    uint32_t ended[32] = {0};
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        char name[40];
        struct prng dice;
        prng_seed(&dice, seed);
        (void)snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
        const struct race_action *first = &race_actions[prng_below(&dice, COUNT(race_actions))];
        struct race *race = race_new(name, first->begin.scheduled, false);
        race->dice = &dice;
        race_listen(race);
        for (int i = 0; i < MOVES; i++) {
            char text[TEXT_MAX];
            const struct race_action *action = &race_actions[prng_below(&dice, COUNT(race_actions))];
            go_on(race);
            try_to(race, prng_chance(&dice, 2) ? action->before : "");
            tell_move(race, action, text);
            try_to(race, text);
        }
        release_all(race);
        race_until(race, INT64_MAX);
        const struct post *post = &race->world->post.post;
        ck_assert_msg(is_at_its_end(post), "%s: it stays %s", name, choice_word(&post_status_words, post->status));
        const bool is_silent = post->status == POST_CANCELLED || post->status == POST_MISSED;
        ck_assert_msg(!is_silent || (!race->published[0] && !race->published[1]), "%s: what was sent is %s", name,
                      choice_word(&post_status_words, post->status));
        ended[post->status]++;
        race_free(race);
    }
    for (uint32_t i = 1; i < COUNT(ended); i++) {
        if (ended[i] != 0) {
            printf("%u %s\n", ended[i], choice_word(&post_status_words, i));
        }
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("race_dice");
    TCase *tcase = tcase_create("dice");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, whatever_happens_in_whatever_order_the_agenda_is_right);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
