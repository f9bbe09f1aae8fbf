/* main.c: an adapter's process: arguments, open, confine, serve until told, close. It speaks to one platform and parses
 * what the internet answers, so it has no database, no key but the installation's wire secret (read before it is
 * confined), and no way to get at either. */
#include "adapters/main.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "adapters/bluesky.h"
#include "adapters/confine.h"
#include "adapters/self_test.h"
#include "adapters/serve.h"
#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/process.h"

#define IDLE_MS 500 /* a held request waits at most so much longer than it must */
#define DRAIN_MS 3000

static const char usage[] =
    "usage: openpost adapter bluesky --listen URL --secret-file FILE [--allow-loopback PORT[,PORT]]\n"
    "       openpost adapter bluesky --self-test DATA_DIR LEDGER_PORT [the same options]\n\n"
    "Speaks to one platform for the scheduler, which asks at URL (tcp://127.0.0.1:PORT). Confines itself: no files, "
    "no\n"
    "programs, no connections but to ports 443 and 80 (and 53 for names), and to the loopback ports that are allowed "
    "for\n"
    "development. --self-test does the same, tries what must fail, prints each result; exit code 0: all of it "
    "failed.\n";

struct arguments {
    const struct platform *platform;
    const char *listen;
    const char *secret_file;
    const char *loopback;
    const char *self_data; /* NULL: no self-test */
    const char *self_port;
};

static bool parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    if (argc < 2 || strcmp(argv[1], "bluesky") != 0) {
        return false;
    }
    arguments->platform = bluesky_platform();
    for (int i = 2; i < argc; i++) {
        const int left = argc - 1 - i;
        if (strcmp(argv[i], "--self-test") == 0 && left >= 2) {
            arguments->self_data = argv[i + 1];
            arguments->self_port = argv[i + 2];
            i += 2;
            continue;
        }
        const char **value = strcmp(argv[i], "--listen") == 0           ? &arguments->listen
                             : strcmp(argv[i], "--secret-file") == 0    ? &arguments->secret_file
                             : strcmp(argv[i], "--allow-loopback") == 0 ? &arguments->loopback
                                                                        : NULL;
        if (value == NULL || left < 1) {
            return false;
        }
        i++;
        *value = argv[i];
    }
    if (arguments->self_data != NULL && arguments->listen == NULL) {
        arguments->listen = "tcp://127.0.0.1:0";
    }
    return arguments->listen != NULL && (arguments->secret_file != NULL || arguments->self_data != NULL);
}

/* The number behind the last colon. */
static enum err port_of(const char *text, uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    TRY(span_to_u64(span_text(colon == NULL ? text : colon + 1), &port));
    if (port > UINT16_MAX) {
        return ERR_RANGE;
    }
    *ret_port = (uint16_t)port;
    return OK;
}

static enum err read_secret(const char *path, uint8_t ret_secret[FRAME_KEY_LEN])
{
    uint8_t bytes[FRAME_KEY_LEN + 1];
    struct buf secret = buf_of(bytes, sizeof bytes);
    const enum err err = file_read(path, &secret);
    if (err == OK && secret.len == FRAME_KEY_LEN) {
        memcpy(ret_secret, bytes, FRAME_KEY_LEN);
    }
    explicit_bzero(bytes, sizeof bytes);
    return err != OK ? err : secret.len == FRAME_KEY_LEN ? OK : ERR_MALFORMED;
}

static void random_bytes(void *context, void *data, size_t len)
{
    (void)context;
    random_fill(data, len);
}

/* glibc reads its configuration of names at the first question. */
static void ask_a_name(void)
{
    struct addrinfo *list = NULL;
    if (getaddrinfo("localhost", "80", NULL, &list) == 0) {
        freeaddrinfo(list);
    }
}

static enum err open_serve(const struct arguments *arguments, int stop_fd, struct serve **ret_serve)
{
    struct serve_options options = {
        .platform = arguments->platform, .url = arguments->listen, .random = random_bytes, .wake_fd = stop_fd};
    if (arguments->loopback != NULL) {
        TRY(guard_ports_parse(span_text(arguments->loopback), &options.guard));
    }
    if (arguments->secret_file != NULL) {
        TRY(read_secret(arguments->secret_file, options.secret));
    } else {
        random_fill(options.secret, sizeof options.secret);
    }
    random_fill(options.challenge, sizeof options.challenge);
    ask_a_name();
    const enum err err = serve_open(&options, ret_serve);
    explicit_bzero(options.secret, sizeof options.secret);
    return err;
}

/* A thread that was there before the last step of the confinement must be confined too. */
struct other_thread {
    pthread_t thread;
    pthread_mutex_t start;
    const char *data_path;
    uint16_t ledger_port;
    bool good;
};

static void *test_in_thread(void *context)
{
    struct other_thread *other = context;
    (void)pthread_mutex_lock(&other->start);
    (void)pthread_mutex_unlock(&other->start);
    other->good = self_test("other thread", other->data_path, other->ledger_port);
    return NULL;
}

static enum err begin_other(struct other_thread *other, const struct arguments *arguments)
{
    if (arguments->self_data == NULL) {
        return OK;
    }
    TRY(port_of(arguments->self_port, &other->ledger_port));
    other->data_path = arguments->self_data;
    (void)pthread_mutex_init(&other->start, NULL);
    (void)pthread_mutex_lock(&other->start);
    return pthread_create(&other->thread, NULL, test_in_thread, other) == 0 ? OK : ERR_NO_MEMORY;
}

static int run_self_test(struct other_thread *other)
{
    const bool good = self_test("main thread", other->data_path, other->ledger_port);
    (void)pthread_mutex_unlock(&other->start);
    (void)pthread_join(other->thread, NULL);
    (void)printf("%s\n", good && other->good ? "confined" : "NOT CONFINED");
    return good && other->good ? EXIT_GOOD : EXIT_ALTERED;
}

static void serve_until_told(struct serve *serve, int stop_fd)
{
    int64_t until_ms = INT64_MAX;
    while (clock_boot_ms() < until_ms && (until_ms == INT64_MAX || !serve_is_idle(serve))) {
        struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
        uint8_t signal[128]; /* one struct signalfd_siginfo */
        serve_step(serve, clock_wall_ms, IDLE_MS);
        if (poll(&stop, 1, 0) > 0 && read(stop_fd, signal, sizeof signal) > 0) {
            serve_stopping(serve); /* what is under way may end, and be told to whoever asks */
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

static void log_confinement(const struct confinement *confinement)
{
    journal(confinement->files && confinement->ports ? JOURNAL_INFO : JOURNAL_WARN, "confined",
            "landlock_abi=%d files=%s ports=%s calls=%s", confinement->landlock_abi, confinement->files ? "yes" : "no",
            confinement->ports ? "yes" : "no", confinement->calls ? "yes" : "no");
}

static enum err start(const struct arguments *arguments, int *ret_stop_fd, struct serve **ret_serve,
                      struct other_thread *other)
{
    struct confinement confinement;
    struct guard guard = {0};
    uint16_t port = 0;
    TRY(process_stop_fd(ret_stop_fd));
    TRY(port_of(arguments->listen, &port));
    if (arguments->loopback != NULL) {
        TRY(guard_ports_parse(span_text(arguments->loopback), &guard));
    }
    TRY(open_serve(arguments, *ret_stop_fd, ret_serve));
    TRY(confine_begin(&guard, port, &confinement)); /* threads made from here on are bound by it too */
    TRY(serve_listen(*ret_serve));
    TRY(begin_other(other, arguments));
    TRY(confine_end(&confinement));
    log_confinement(&confinement);
    return OK;
}

int adapter_main(int argc, char **argv)
{
    struct arguments arguments = {0};
    if (!parse_arguments(argc, argv, &arguments)) {
        const bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        (void)fputs(usage, help ? stdout : stderr);
        return help ? EXIT_GOOD : EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-bsky");
    journal_open("adapter", JOURNAL_INFO);
    int stop_fd = -1;
    int code = EXIT_CANNOT;
    struct serve *serve = NULL;
    struct other_thread other = {.data_path = NULL};
    const enum err err = start(&arguments, &stop_fd, &serve, &other);
    if (err != OK) {
        journal(JOURNAL_ERROR, "not_started", "err=%s sentence=\"%s\"", err_name(err), err_sentence(err));
    } else if (arguments.self_data != NULL) {
        code = run_self_test(&other);
    } else {
        journal(JOURNAL_INFO, "ready", "channel=bluesky listen=%s port=%u", arguments.listen, serve_port(serve));
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
