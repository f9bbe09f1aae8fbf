/* openpost.c: the composition root: the one executable, a subcommand per process and per tool. Here core meets
 * projections, gateway and adapters; nothing else does more than one of them know. */
#include <errno.h>
#include <stdio.h>

#include "adapters/identity/main.h"
#include "adapters/main.h"
#include "core/base/process.h"
#include "core/base/version.h"
#include "core/calendar/zone.h"
#include "core/ledger/main.h"
#include "core/text/text_measure.h"
#include "gateway/main.h"
#include "projections/access.h"
#include "projections/registry.h"
#include "tools/channels.h"
#include "tools/questions.h"
#include "tools/sandbox/sandbox.h"
#include "tools/scheduler_parts.h"
#include "tools/tools.h"

static int run_ledger(int argc, char **argv)
{
    OWNED(zones_close) struct zones *zones = NULL;
    if (zones_open(&zones) != OK) {
        (void)fprintf(stderr, "openpost ledger: no time zones can be read in " ZONES_FOLDER
                              ": install or repair the package tzdata\n");
        return EXIT_CANNOT;
    }
    const struct channel *room[CHANNELS_ALL];
    const struct channel_list channels = channels_all(room);
    const struct service_parts parts = {
        .projections = projections_all,
        .zones = zones,
        .admission = {.zones = zones, .channels = &channels},
        .answer = questions_answer,
        .principal = questions_principal,
        .post = questions_post,
        .template = questions_template,
        .series = questions_series,
        .account = questions_account,
        .key = questions_key,
        .is_fingerprint = access_is_fingerprint
    };
    return ledger_main(argc, argv, &parts);
}

static int run_gateway(int argc, char **argv)
{
    const struct channel *room[CHANNELS_ALL];
    const struct channel_list channels = channels_all(room);
    return gateway_main(argc, argv, &channels);
}

static int run_scheduler(int argc, char **argv)
{
    const struct channel *room[CHANNELS_ALL];
    const struct scheduler_parts parts = scheduler_parts_with(channels_all(room));
    return scheduler_main(argc, argv, &parts);
}

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    bool vault; /* it opens the vault, or starts who does */
    const char *help;
} subcommands[] = {
    {"init",         tool_init,         true,  "make a data folder; prints the owner's API key"                   },
    {"serve",        tool_serve,        true,  "the whole service: ledger, adapters, identity, scheduler, gateway"},
    {"verify",       tool_verify,       false, "is the log as it was written? 0 yes, 1 altered, 2 unreadable"     },
    {"log",          tool_log,          false, "print the log, one event a line"                                  },
    {"replay",       tool_replay,       false, "rebuild everything derived and compare byte for byte"             },
    {"key",          tool_key,          true,  "API keys: make, list, revoke"                                     },
    {"workspace",    tool_workspace,    true,  "tenants: create, list, plan"                                      },
    {"user",         tool_user,         true,  "people who sign in: create, password, erase"                      },
    {"provider",     tool_provider,     true,  "identity providers to sign in through: add, list, remove"         },
    {"post",         tool_post,         true,  "posts: list, search, show, now or at an earlier moment"           },
    {"account",      tool_account,      true,  "accounts that posts go to: list, show"                            },
    {"queue",        tool_queue,        true,  "queues of accounts: list, show, preview, pause, resume"           },
    {"series",       tool_series,       true,  "posts that repeat: list, show, pause, resume, end"                },
    {"template",     tool_template,     true,  "reusable posts: list, show"                                       },
    {"notification", tool_notification, true,  "what members are told: list"                                      },
    {"backup",       tool_backup,       false, "copy a data folder, while a service runs or not"                  },
    {"confirm",      tool_confirm,      false, "let a copied or restored folder start what is scheduled"          },
    {"clock",        tool_clock,        false, "accept a wall clock that is suspect"                              },
    {"bench",        tool_bench,        true,  "measure this machine, each figure beside a reference"             },
    {"sandbox",      sandbox_main,      false, "a simulated platform for dry runs"                                },
    {"ledger",       run_ledger,        true,  "process: the single writer"                                       },
    {"gateway",      run_gateway,       false, "process: the HTTP API"                                            },
    {"scheduler",    run_scheduler,     true,  "process: what is due is started"                                  },
    {"adapter",      adapter_main,      false, "process: speaks to one platform"                                  },
    {"identity",     identity_main,     false, "process: talks to identity providers, for sign-in"                },
};

static void print_help(void)
{
    (void)printf("usage: openpost COMMAND [OPTION…]\n\n"
                 "Schedules and publishes social-media posts; every step is an event in a log that can be proved.\n\n");
    for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++) {
        (void)printf("  %-13s %s\n", subcommands[i].name, subcommands[i].help);
    }
    (void)printf("\nopenpost COMMAND --help tells more, openpost --version which one this is. To begin: openpost init "
                 "--data DIR, then\n"
                 "openpost serve --data DIR --listen 127.0.0.1:8080 --sandbox.\n\n" EXIT_HELP);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_help();
        return EXIT_USAGE_WRONG;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help();
        return EXIT_GOOD;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("openpost %s\n", OPENPOST_VERSION);
        return EXIT_GOOD;
    }
    for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            char master_key[DATA_MASTER_TEXT_MAX];
            if (!subcommands[i].vault && data_master_text(master_key)) {
                explicit_bzero(master_key, sizeof master_key);
            }
            return subcommands[i].run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr, "openpost: there is no command %s (try openpost --help)\n", argv[1]);
    return EXIT_USAGE_WRONG;
}

/* What was printed is a part of what was asked for, and a key is printed only once: a full disk behind stdout is a
 * failure. A reader that has read enough is none. */
int main(int argc, char **argv)
{
    const int code = run(argc, argv);
    const bool enough = fflush(stdout) != 0 && errno == EPIPE;
    if (code != EXIT_GOOD || enough || ferror(stdout) == 0) {
        return code;
    }
    (void)fprintf(stderr, "openpost: standard output took not all that was printed\n");
    return EXIT_CANNOT;
}
