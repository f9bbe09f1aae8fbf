/* sim.c: the simulation's program: sim --seed S [--steps N] [--trace], or --seeds A..B [--steps N] [--jobs J]
 * [--expect RULE,…] [--cells | --cells-to FILE], or --cells-from FILE…. One seed is one run: a phase with users and
 * faults, then faults stop and everything due must come to its end. Seeds are good when none breaks a rule, and on
 * platforms of either kind something went live: a world in which nothing is sent breaks none. --expect: for builds with
 * a planted bug; good when the seeds, in their order, find each of these rules (world.h) broken, and until then no
 * other, nor a crash. --cells: the race matrix of the seeds (cells.h) is printed, and has to be whole; --cells-to
 * writes it, --cells-from reads what several runs wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "tests/sim/cells.h"

#define STEPS_DEFAULT 1500
#define CALM_STEPS_MAX 40000
#define DEEP_EVERY 100       /* steps between looks at what is derived … */
#define DEEP_ALWAYS_EVERY 50 /* … but in one of so many seeds, where every step is looked at */
#define QUIET_MS 15000
#define KEYLESS_EVERY 4 /* so many seeds have a platform without keys */
#define SEEDS_MAX 100000
#define CRASHED ((int)RULE_COUNT)

struct options {
    uint64_t first;
    uint64_t last;
    uint64_t steps;
    uint64_t deep_every; /* steps between looks at what is derived; 0: as the seed has it */
    unsigned jobs;
    bool show;
    uint32_t expected; /* bit n: rule n is to be broken */
    bool one;
    bool cells;           /* are printed and judged */
    const char *cells_to; /* a file; NULL: none */
};

/* How a seed ended. */
enum verdict { VERDICT_NONE, VERDICT_GOOD, VERDICT_BROKEN /* + the rule, or CRASHED */ };

static void choose_faults(struct world *world)
{
    struct faults *faults = &world->faults;
    const uint64_t mood = prng_below(&world->dice, 8); /* 0: everything works */
    *faults = (struct faults){.platform = 3};
    if (mood == 0) {
        faults->platform = 0;
        return;
    }
    faults->drop = mood & 1 ? 25 : 200;
    faults->twice = mood & 1 ? 25 : 200;
    faults->slow = mood & 2 ? 20 : 100;
    faults->network = mood & 2 ? 12 : 60;
    faults->ledger_crash = mood & 4 ? 40 : 300;
    faults->scheduler_crash = mood & 4 ? 60 : 500;
    faults->adapter_crash = mood & 4 ? 20 : 100;
    faults->disk_full = world_chance(world, 2) ? 60 : 0;
    faults->clock = world_chance(world, 3) ? 12 : 0;
}

static bool is_keyless(uint64_t seed)
{
    return seed % KEYLESS_EVERY == 0;
}

static uint64_t deep_every(uint64_t seed, const struct options *options)
{
    return options->deep_every != 0 ? options->deep_every : seed % DEEP_ALWAYS_EVERY == 0 ? 1 : DEEP_EVERY;
}

static void run_until(struct world *world, uint64_t steps, int64_t until_ms, uint64_t deep_every, bool until_settled)
{
    const uint64_t end = world->steps + steps;
    while (!world->lost && world->steps < end && world->true_ms < until_ms && world_step(world)) {
        if (world->steps % deep_every == 0) {
            judge_deep(world);
        }
        if (until_settled && world->steps % 20 == 0 && judge_is_settled(world)) {
            return;
        }
    }
}

/* What came of a seed, beside its verdict. */
struct yield {
    uint64_t live; /* records, in the end */
    struct cells cells;
};

static enum verdict run(uint64_t seed, const struct options *options, struct yield *ret_yield)
{
    struct world world;
    struct model_live live;
    world_init(&world, seed, is_keyless(seed));
    world.show = options->show;
    const uint64_t steps = options->steps;
    const uint64_t deep = deep_every(seed, options);
    world.cells = &ret_yield->cells;
    judge_start(&world);
    choose_faults(&world);
    const struct faults faults = world.faults;
    world.faults = (struct faults){0};
    ledger_start(&world);
    adapter_start(&world);
    users_start(&world);
    users_join(&world);
    scheduler_start(&world);
    run_until(&world, steps, WORLD_T0 + QUIET_MS, deep, false); /* workspaces and accounts are there */
    users_plan(&world);
    world.faults = faults;
    run_until(&world, steps, INT64_MAX, deep, false);
    world.calm = true;
    world.faults = (struct faults){0};
    model_rules_clear(world.model);
    users_settle(&world);
    run_until(&world, CALM_STEPS_MAX, world.true_ms + CALM_MS, deep, true);
    if (!world.lost) {
        judge_settled(&world);
    }
    if (!world.lost) {
        judge_deep(&world);
        judge_platform(&world);
        judge_end(&world);
    }
    model_live(world.model, &live);
    ret_yield->live = live.records;
    const enum verdict verdict = world.lost ? VERDICT_BROKEN + world.broken : VERDICT_GOOD;
    world_done(&world);
    return verdict;
}

static bool parse_rules(const char *words, uint32_t *ret_rules)
{
    uint32_t rules = 0;
    while (*words != 0) {
        const size_t len = strcspn(words, ",");
        enum rule rule = 0;
        while (rule < RULE_COUNT && !span_equal(span_of((const uint8_t *)words, len), span_text(rule_word(rule)))) {
            rule++;
        }
        if (rule == RULE_COUNT) {
            return false;
        }
        rules |= UINT32_C(1) << rule;
        words += len + (words[len] == ',' ? 1 : 0);
    }
    *ret_rules = rules;
    return rules != 0;
}

static bool parse(int argc, char **argv, struct options *options)
{
    *options = (struct options){.first = 1, .last = 200, .steps = STEPS_DEFAULT, .jobs = 2};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = NULL;
        if (strcmp(argv[i], "--seed") == 0) {
            options->first = options->last = strtoull(value, NULL, 10);
            options->one = true;
            i++;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            options->first = strtoull(value, &end, 10);
            options->last = strncmp(end, "..", 2) == 0 ? strtoull(end + 2, NULL, 10) : options->first;
            i++;
        } else if (strcmp(argv[i], "--steps") == 0) {
            options->steps = strtoull(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--deep") == 0) {
            options->deep_every = strtoull(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--jobs") == 0) {
            options->jobs = (unsigned)strtoul(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--cells") == 0) {
            options->cells = true;
        } else if (strcmp(argv[i], "--cells-to") == 0) {
            options->cells_to = value;
            i++;
        } else if (strcmp(argv[i], "--trace") == 0) {
            options->show = true;
        } else if (strcmp(argv[i], "--expect") == 0) {
            if (!parse_rules(value, &options->expected)) {
                return false;
            }
            i++;
        } else {
            return false;
        }
    }
    return options->jobs > 0 && options->first <= options->last && options->last - options->first < SEEDS_MAX;
}

/* Many seeds, each in a process of its own, so that an assertion ends one run only. */
struct campaign {
    const struct options *options;
    pid_t *pids;            /* by place in the order of seeds */
    enum verdict *verdicts; /* likewise */
    struct yield *yields;   /* likewise; shared with the processes that play the seeds */
    uint64_t begun;
    uint64_t judged; /* in order: what is found does not depend on which process was faster */
    unsigned running;
    unsigned wrong;
    uint32_t found; /* bit n: rule n was broken */
    bool surprised; /* by a crash, or by a rule that was not to be broken */
};

static void begin_seed(struct campaign *campaign)
{
    (void)fflush(stdout);
    const pid_t pid = fork();
    ASSERT(pid >= 0);
    if (pid == 0) {
        if (campaign->options->expected != 0) {
            ASSERT(freopen("/dev/null", "w", stdout) != NULL);
            ASSERT(freopen("/dev/null", "w", stderr) != NULL);
        }
        _exit((int)run(campaign->options->first + campaign->begun, campaign->options,
                       &campaign->yields[campaign->begun]));
    }
    campaign->pids[campaign->begun++] = pid;
    campaign->running++;
}

static void end_seed(struct campaign *campaign)
{
    int status = 0;
    uint64_t at = 0;
    const pid_t pid = wait(&status);
    ASSERT(pid > 0);
    while (campaign->pids[at] != pid) {
        at++;
        ASSERT(at < campaign->begun);
    }
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    const bool told = code >= VERDICT_GOOD && code < VERDICT_BROKEN + CRASHED;
    campaign->verdicts[at] = (enum verdict)(told ? code : VERDICT_BROKEN + CRASHED);
    campaign->pids[at] = 0; /* another seed's process may have the same number later */
    campaign->running--;
}

static bool is_over(const struct campaign *campaign)
{
    const uint32_t expected = campaign->options->expected;
    return campaign->judged > campaign->options->last - campaign->options->first ||
           (expected != 0 && (campaign->surprised || campaign->found == expected));
}

static void judge_next(struct campaign *campaign)
{
    const int rule = (int)campaign->verdicts[campaign->judged++] - VERDICT_BROKEN;
    const uint32_t bit = UINT32_C(1) << rule;
    const bool wanted = rule < CRASHED && (campaign->options->expected & bit) != 0;
    if ((campaign->found & bit) == 0) {
        (void)printf("%s: broken by seed %llu, after %llu.%s\n",
                     rule < CRASHED ? rule_word((enum rule)rule) : "crashed",
                     (unsigned long long)(campaign->options->first + campaign->judged - 1),
                     (unsigned long long)campaign->judged, wanted ? "" : " That must not be.");
    }
    campaign->found |= bit;
    campaign->wrong++;
    campaign->surprised = campaign->surprised || !wanted;
}

/* Counts what went live over the seeds of one kind; false: nothing did. */
static bool count_live(const struct campaign *campaign, bool keyless)
{
    uint64_t seeds = 0;
    uint64_t live = 0;
    for (uint64_t at = 0; at < campaign->judged; at++) {
        const bool counts = is_keyless(campaign->options->first + at) == keyless;
        seeds += counts ? 1 : 0;
        live += counts ? campaign->yields[at].live : 0;
    }
    (void)printf("%s keys: %llu live over %llu seeds\n", keyless ? "without" : "with", (unsigned long long)live,
                 (unsigned long long)seeds);
    return seeds == 0 || live > 0;
}

/* False: they are to be whole, and are not, or could not be written. */
static bool tell_cells(const struct campaign *campaign)
{
    const struct options *options = campaign->options;
    struct cell_table table = {.sums = {.counts = {{{0}}}}};
    for (uint64_t at = 0; at < campaign->judged; at++) {
        cells_add(&table, &campaign->yields[at].cells, options->first + at);
    }
    const bool written = options->cells_to == NULL || cells_write(&table, options->cells_to);
    return written && (!options->cells || cells_judge(&table, true));
}

/* The files that several runs wrote, together. */
static bool judge_files(char **paths, int count)
{
    struct cell_table table = {.sums = {.counts = {{{0}}}}};
    for (int i = 0; i < count; i++) {
        if (!cells_read(&table, paths[i])) {
            (void)printf("%s: no table of cells\n", paths[i]);
            return false;
        }
    }
    return cells_judge(&table, false);
}

static bool run_all(const struct options *options)
{
    const uint64_t count = options->last - options->first + 1;
    struct campaign campaign = {.options = options,
                                .pids = calloc(count, sizeof *campaign.pids),
                                .verdicts = calloc(count, sizeof *campaign.verdicts)};
    campaign.yields =
        mmap(NULL, count * sizeof *campaign.yields, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT(campaign.pids != NULL && campaign.verdicts != NULL && campaign.yields != MAP_FAILED);
    while (!is_over(&campaign)) {
        if (campaign.begun < count && campaign.running < options->jobs) {
            begin_seed(&campaign);
            continue;
        }
        end_seed(&campaign);
        while (!is_over(&campaign) && campaign.verdicts[campaign.judged] != VERDICT_NONE) {
            if (campaign.verdicts[campaign.judged] == VERDICT_GOOD) {
                campaign.judged++;
            } else {
                judge_next(&campaign);
            }
        }
    }
    while (campaign.running > 0) {
        end_seed(&campaign);
    }
    (void)printf("%u of %llu seeds went wrong\n", campaign.wrong, (unsigned long long)campaign.judged);
    const bool with_keys = count_live(&campaign, false);
    const bool without_keys = count_live(&campaign, true);
    const bool sent = options->expected != 0 || (with_keys && without_keys);
    const bool whole = tell_cells(&campaign);
    free(campaign.pids);
    free(campaign.verdicts);
    (void)munmap(campaign.yields, count * sizeof *campaign.yields);
    return sent && whole && !campaign.surprised && campaign.found == options->expected;
}

int main(int argc, char **argv)
{
    struct options options;
    if (argc > 2 && strcmp(argv[1], "--cells-from") == 0) {
        return judge_files(argv + 2, argc - 2) ? 0 : 1;
    }
    if (!parse(argc, argv, &options)) {
        (void)fputs(
            "usage: sim [--seed S | --seeds A..B] [--steps N] [--trace] [--deep K] [--jobs J] [--expect RULE,…]\n"
            "           [--cells | --cells-to FILE] | sim --cells-from FILE…\n",
            stderr);
        return 64;
    }
    if (options.one && options.expected == 0) {
        (void)printf("seed %llu, %llu steps\n", (unsigned long long)options.first, (unsigned long long)options.steps);
        struct yield yield = {.live = 0};
        const bool good = run(options.first, &options, &yield) == VERDICT_GOOD;
        (void)printf("%s, %llu live\n", good ? "good" : "LOST", (unsigned long long)yield.live);
        return good ? 0 : 1;
    }
    (void)printf("seeds %llu..%llu, %llu steps each\n", (unsigned long long)options.first,
                 (unsigned long long)options.last, (unsigned long long)options.steps);
    return run_all(&options) ? 0 : 1;
}
