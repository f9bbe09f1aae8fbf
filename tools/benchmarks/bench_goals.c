/* bench_goals.c: what must be reached and whether it was. Called by the benchmarks and, at the end, by bench.c. A goal
 * that was not measured is printed as not run, never as met. */
#include <stdio.h>
#include <string.h>

#include "tools/benchmarks/bench.h"

static const struct goal {
    const char *benchmark;
    const char *name;
    bool at_least;
    double limit;
    const char *unit;
    const char *needs; /* to be measured */
} goals[GOAL_COUNT] = {
    [GOAL_POST_RATE] = {"http",     "POST, 64 connections / Fastify and PostgreSQL",   true,  3,      "x",        "wrk and Fastify"    },
    [GOAL_POST_P99] = {"http",     "POST, 64 connections, p99 / theirs",              false, 0.2,    "x",        "wrk and Fastify"    },
    [GOAL_GET] = {"http",     "GET, the worst of 16, 64, 256 / nginx",           true,  0.8,    "x",        "wrk and nginx"      },
    [GOAL_LEDGER_16] = {"ledger",   "commands, 16 outstanding / bare nng and LMDB",    true,  0.8,    "x",        "a whole run"        },
    [GOAL_LEDGER_64] = {"ledger",   "commands, 64 outstanding / the same",             true,  0.8,    "x",        "a whole run"        },
    [GOAL_LEDGER_256] = {"ledger",   "commands, 256 outstanding / the same",            true,  0.8,    "x",        "a whole run"        },
    [GOAL_SLOW_16] = {"ledger",   "commands, 16 outstanding, +1 ms / the same",      true,  0.8,    "x",        "libslow_flush.so"   },
    [GOAL_SLOW_64] = {"ledger",   "commands, 64 outstanding, +1 ms / the same",      true,  0.8,    "x",        "libslow_flush.so"   },
    [GOAL_SLOW_256] = {"ledger",   "commands, 256 outstanding, +1 ms / the same",     true,  0.8,    "x",        "libslow_flush.so"   },
    [GOAL_REPLAY] = {"replay",   "verified, decoded and rebuilt in all views",      true,  300000, "events/s", "a whole run"        },
    [GOAL_BURST] = {"burst",    "20,000 due in one second: durable start, p99",    false, 500,    "ms",       "--posts 20000"      },
    [GOAL_MEMORY] = {"memory",   "idle, all processes together",                    false, 40000,  "kB",       "a whole run"        },
    [GOAL_GROWTH_GET] = {"growth",   "cost of a GET, 1 million / 10 thousand",          false, 1.6,    "x",        "--growth-max 100000"},
    [GOAL_GROWTH_POST] = {"growth",   "cost of a POST, 1 million / 10 thousand",         false, 1.6,    "x",        "--growth-max 100000"},
    [GOAL_GROWTH_LOCK] = {"growth",   "cost of a lock, 1 million / 10 thousand",         false, 1.6,    "x",        "--growth-max 100000"},
    [GOAL_GROWTH_BEYOND] = {"growth",   "cost of the dearest, 10 million / 1 million",     false, 1.3,    "x",
                        "--growth-max 10000000"                                                                                        },
    [GOAL_SEARCH] = {"search",   "a page of any question, p99",                     false, 100,    "ms",       "a whole run"        },
    [GOAL_LISTS] = {"search",   "dearest list or filter, processor / 10 thousand", false, 1.3,    "x",        "a whole run"        },
    [GOAL_COMMANDS] = {"schedule", "dearest command, processor / 10 thousand",        false, 1.3,    "x",        "a whole run"        },
    [GOAL_SLOTS] = {"schedule", "next_slot, 5,000 reserved / none",                false, 1.3,    "x",        "a whole run"        },
    [GOAL_SERIES] = {"schedule", "a series' post / a POST, processor",              false, 1.3,    "x",        "a whole run"        },
    [GOAL_APPROVAL] = {"schedule", "a lock under four eyes / none, processor",        false, 1.3,    "x",        "a whole run"        },
    [GOAL_SERVICE_COMMANDS] = {"service",  "dearest command, a million / 10 thousand",        false, 1.3,    "x",        "a whole run"        },
    [GOAL_SERVICE_READS] = {"service",  "dearer of GET and list, a million / 10 thousand", false, 1.3,    "x",
                        "a whole run"                                                                                                  },
    [GOAL_TENANTS] = {"tenants",  "dearest of GET, list, POST / one workspace",      false, 1.2,    "x",        "a whole run"        },
};

void bench_goal(struct bench *bench, enum bench_goal_code code, double value)
{
    const bool worse =
        !bench->reached[code] || (goals[code].at_least ? value < bench->goals[code] : value > bench->goals[code]);
    bench->reached[code] = true;
    bench->goals[code] = worse ? value : bench->goals[code];
}

/* Whether too little of a benchmark was measured to tell. */
static bool is_cut_short(const struct bench *bench, const char *benchmark)
{
    return bench->quick && (strcmp(benchmark, "search") == 0 || strcmp(benchmark, "schedule") == 0 ||
                            strcmp(benchmark, "service") == 0);
}

void bench_goals_show(const struct bench *bench, const char *benchmark)
{
    for (unsigned code = 0; code < GOAL_COUNT; code++) {
        const struct goal *goal = &goals[code];
        const double value = bench->goals[code];
        const char *most = goal->at_least ? "at least" : "at most";
        if (strcmp(goal->benchmark, benchmark) != 0) {
            continue;
        }
        if (!bench->reached[code]) {
            (void)printf(bench->json ? "{\"goal\":\"%s\",\"not_run\":\"it needs %s\"}\n"
                                     : "%-52s not run: it needs %s\n",
                         goal->name, goal->needs);
            continue;
        }
        if (is_cut_short(bench, benchmark)) {
            (void)printf(bench->json ? "{\"goal\":\"%s\",\"not_judged\":\"%s\"}\n" : "%-52s not judged: it needs %s\n",
                         goal->name, goal->needs);
            continue;
        }
        const bool met = goal->at_least ? value >= goal->limit : value <= goal->limit;
        (void)printf(bench->json ? "{\"goal\":\"%s\",\"value\":%.3f,\"must\":\"%s %g %s\",\"met\":%s}\n"
                                 : "%-52s %11.3f   must be %s %g %s: %s\n",
                     goal->name, value, most, goal->limit, goal->unit,
                     bench->json ? (met ? "true" : "false") : (met ? "met" : "MISSED"));
    }
    (void)fflush(stdout);
}
