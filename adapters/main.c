/* main.c: an adapter's process: arguments, open, confine, serve until told, close. It speaks to one platform and parses
 * what the internet answers, so it has no database, no key but its link's to the scheduler (to the
 * ledger it is nobody's), and no way to get at any other. */
#include "adapters/main.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "adapters/bluesky.h"
#include "adapters/opening.h"
#include "adapters/rules.h"
#include "adapters/serve.h"
#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/process.h"
#include "core/confine/confine.h"

#define IDLE_MS 500 /* a held request waits at most so much longer than it must */
#define DRAIN_MS 3000

static const char usage[] =
    "usage: openpost adapter bluesky --listen URL --key-file FILE\n"
    "                                [--allow-loopback PORT[,PORT] [--loopback-only]]\n"
    " e.g.: openpost adapter bluesky --listen tcp://127.0.0.1:7413 --key-file /var/lib/openpost/adapter-bluesky.key\n\n"
    "A process of openpost serve: speaks to one platform for the scheduler,\nwhich asks at URL (tcp://127.0.0.1:PORT) "
    "under the key in FILE (the\n"
    "data folder's adapter-bluesky.key, made by the ledger). Confines itself: no files, no programs, no connections\n"
    "but to ports 443 and 80 (and 53 for names), and to the loopback ports that are allowed for development (default: "
    "none);\nwith --loopback-only to these alone.\n\n" EXIT_HELP;

static void random_bytes(void *context, void *data, size_t len)
{
    (void)context;
    random_fill(data, len);
}

static enum err open_serve(const struct opening *opening, const struct guard *guard, int stop_fd,
                           struct serve **ret_serve)
{
    struct serve_options options = {.platform = bluesky_platform(),
                                    .guard = *guard,
                                    .url = opening->listen,
                                    .random = random_bytes,
                                    .wake_fd = stop_fd};
    TRY(opening_key(opening->key_file, options.key));
    random_fill(options.challenge, sizeof options.challenge);
    opening_name();
    const enum err err = serve_open(&options, ret_serve);
    explicit_bzero(options.key, sizeof options.key);
    return err;
}

static void serve_until_told(struct serve *serve, int stop_fd)
{
    int64_t until_ms = INT64_MAX;
    while (clock_boot_ms() < until_ms && (until_ms == INT64_MAX || !serve_is_idle(serve))) {
        struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
        uint8_t signal[128]; /* one struct signalfd_siginfo */
        serve_step(serve, clock_wall_ms, IDLE_MS);
        if (poll(&stop, 1, 0) > 0 && read(stop_fd, signal, sizeof signal) > 0) {
            serve_stopping(serve, clock_wall_ms()); /* what is under way may end, and be told to whoever asks */
            until_ms = clock_boot_ms() + DRAIN_MS;
        }
    }
}

static void log_figures(const struct serve *serve)
{
    struct serve_figures figures;
    serve_figures(serve, &figures);
    journal(JOURNAL_INFO, "stopped",
            "requests=%llu strange=%llu away=%llu jobs=%llu again=%llu stale=%llu outcomes=%llu unknown=%llu open=%u "
            "kept=%u",
            (unsigned long long)figures.requests, (unsigned long long)figures.strange, (unsigned long long)figures.away,
            (unsigned long long)figures.runner.taken, (unsigned long long)figures.runner.again,
            (unsigned long long)figures.runner.stale, (unsigned long long)figures.runner.finished,
            (unsigned long long)figures.runner.unknown, figures.runner.open, figures.runner.kept);
}

static enum err start(const struct opening *opening, int *ret_stop_fd, struct serve **ret_serve)
{
    struct confine_rules rules;
    struct confinement confinement;
    struct guard guard;
    char text[CONFINEMENT_TEXT_MAX];
    TRY(process_stop_fd(ret_stop_fd));
    TRY(opening_guard(opening, &guard));
    TRY(adapter_rules(&guard, opening->listen, &rules));
    TRY(open_serve(opening, &guard, *ret_stop_fd, ret_serve));
    TRY(confine_files(&rules, &confinement)); /* threads made from here on are bound by it too */
    TRY(serve_listen(*ret_serve));
    TRY(confine_calls(&rules, &confinement));
    journal(confinement.files && confinement.ports ? JOURNAL_INFO : JOURNAL_WARN, "confined", "%s",
            confinement_text(&confinement, text));
    return OK;
}

int adapter_main(int argc, char **argv)
{
    struct opening opening;
    if (argc < 2 || strcmp(argv[1], "bluesky") != 0 || !opening_parse(argc, argv, 2, &opening)) {
        const bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        (void)fputs(usage, help ? stdout : stderr);
        return help ? EXIT_GOOD : EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-bsky");
    journal_open("adapter", JOURNAL_INFO);
    int stop_fd = -1;
    int code = EXIT_CANNOT;
    struct serve *serve = NULL;
    const enum err err = start(&opening, &stop_fd, &serve);
    if (err != OK) {
        journal(JOURNAL_ERROR, "not_started", "err=%s sentence=\"%s\"", err_name(err), err_sentence(err));
    } else {
        journal(JOURNAL_INFO, "ready", "channel=bluesky listen=%s port=%u", opening.listen, serve_port(serve));
        process_ready();
        serve_until_told(serve, stop_fd);
        log_figures(serve);
        code = EXIT_GOOD;
    }
    process_end_within(END_WITHIN_S);
    serve_close(serve);
    (void)fflush(NULL);
    _exit(code); /* a sanitizer's exit handler would make a process to trace this one, which is denied */
}
