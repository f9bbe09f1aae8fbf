/* main.c: the process that talks to identity providers: arguments, open, confine, serve until told, close. It parses
 * what the internet answers, so it has no database, no key but the one of its link to the gateway and of the secrets
 * that the ledger seals for it, and no way to get at any other. To the ledger it is nobody. */
#include "adapters/identity/main.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/identity/serve.h"
#include "adapters/opening.h"
#include "adapters/rules.h"
#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/process.h"
#include "core/confine/confine.h"

#define IDLE_MS 500
#define DRAIN_MS 3000

static const char usage[] =
    "usage: openpost identity --listen URL --key-file FILE [--allow-loopback PORT[,PORT] [--loopback-only]]\n"
    " e.g.: openpost identity --listen tcp://127.0.0.1:7414 --key-file /var/lib/openpost/identity.key\n\n"
    "A process of openpost serve: talks to OpenID Connect providers for the gateway, through which people sign in. It\n"
    "asks at URL (tcp://127.0.0.1:PORT) under the key in FILE (the data folder's identity.key, made by the ledger).\n"
    "Confines itself: no files, no programs, no connections but to ports 443 and 80 (and 53 for names), and to the\n"
    "loopback ports that are allowed for development (default: none), where a provider may speak http; with\n"
    "--loopback-only to these alone.\n\n" EXIT_HELP;

/* An issuer is what the operator configured: it names nobody. One that is no URL would be the gateway's fault, and
 * could break the line. */
static void tell_trouble(const struct identity_trouble *trouble)
{
    struct guard_url url;
    const bool is_url = guard_url_parse(trouble->issuer, &url) == OK;
    const struct span issuer = is_url ? span_cut(trouble->issuer, 200) : SPAN("?");
    journal(JOURNAL_WARN, "provider", "issuer=%.*s step=%s refusal=%s", (int)issuer.len, (const char *)issuer.data,
            trouble->step, refusal_desc(trouble->refusal)->code);
}

static enum err open_serve(const struct opening *opening, const struct guard *guard, int stop_fd,
                           struct identity_serve **ret_serve)
{
    struct identity_serve_options options = {
        .guard = *guard, .url = opening->listen, .wake_fd = stop_fd, .trouble = tell_trouble};
    TRY(opening_key(opening->key_file, options.key));
    random_fill(options.challenge, sizeof options.challenge);
    opening_name();
    const enum err err = identity_serve_open(&options, ret_serve);
    explicit_bzero(options.key, sizeof options.key);
    return err;
}

static void serve_until_told(struct identity_serve *serve, int stop_fd)
{
    int64_t until_ms = INT64_MAX;
    while (clock_boot_ms() < until_ms && (until_ms == INT64_MAX || !identity_serve_is_idle(serve))) {
        struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
        uint8_t signal[128]; /* one struct signalfd_siginfo */
        identity_serve_step(serve, clock_wall_ms, IDLE_MS);
        if (poll(&stop, 1, 0) > 0 && read(stop_fd, signal, sizeof signal) > 0) {
            identity_serve_stopping(serve); /* who is signing in just now may end */
            until_ms = clock_boot_ms() + DRAIN_MS;
        }
    }
}

static void log_figures(const struct identity_serve *serve)
{
    struct identity_serve_figures figures;
    identity_serve_figures(serve, &figures);
    journal(JOURNAL_INFO, "stopped", "requests=%llu strange=%llu away=%llu good=%llu refused=%llu",
            (unsigned long long)figures.requests, (unsigned long long)figures.strange, (unsigned long long)figures.away,
            (unsigned long long)figures.good, (unsigned long long)figures.refused);
}

static enum err start(const struct opening *opening, int *ret_stop_fd, struct identity_serve **ret_serve)
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
    TRY(identity_serve_listen(*ret_serve));
    TRY(confine_calls(&rules, &confinement));
    journal(confinement.files && confinement.ports ? JOURNAL_INFO : JOURNAL_WARN, "confined", "%s",
            confinement_text(&confinement, text));
    return OK;
}

int identity_main(int argc, char **argv)
{
    struct opening opening;
    if (!opening_parse(argc, argv, 1, &opening)) {
        const bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        (void)fputs(usage, help ? stdout : stderr);
        return help ? EXIT_GOOD : EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-idp");
    journal_open("identity", JOURNAL_INFO);
    int stop_fd = -1;
    int code = EXIT_CANNOT;
    struct identity_serve *serve = NULL;
    const enum err err = start(&opening, &stop_fd, &serve);
    if (err != OK) {
        journal(JOURNAL_ERROR, "not_started", "err=%s sentence=\"%s\"", err_name(err), err_sentence(err));
    } else {
        journal(JOURNAL_INFO, "ready", "listen=%s port=%u", opening.listen, identity_serve_port(serve));
        process_ready();
        serve_until_told(serve, stop_fd);
        log_figures(serve);
        code = EXIT_GOOD;
    }
    process_end_within(END_WITHIN_S);
    identity_serve_close(serve);
    (void)fflush(NULL);
    _exit(code); /* a sanitizer's exit handler would make a process to trace this one, which is denied */
}
