/* serve.c: openpost serve: the whole service with one command. Chooses the loopback ports on which its processes meet
 * and hands each process its arguments; everything else is supervise.c's. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/process.h"
#include "gateway/forwarded.h"
#include "gateway/sign_in/site.h"
#include "tools/parts.h"
#include "tools/supervise.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost serve --data DIR --listen ADDR:PORT [--rpc ADDR:PORT] [--sandbox] [OPTION…]\n"
    " e.g.: openpost serve --data /var/lib/openpost --listen 127.0.0.1:8080\n\n"
    "Starts ledger, adapters, identity, scheduler and gateway, restarts what ends, and stops them in order on\n"
    "SIGTERM or Ctrl-C. Prints one line when all are ready. With --sandbox a platform is simulated on loopback, and "
    "an\n"
    "account that is connected without a \"service\" of its own lives there. Nothing leaves the machine then: the page "
    "of\n"
    "a post's link, which is read for its card on a real platform, is not, and what is due on an account of a real\n"
    "platform fails, as without --sandbox what is due on an account of the sandbox does.\n"
    "The vault's master key is the folder's file master.key or OPENPOST_MASTER_KEY, 64 hexadecimal digits (0-9, a-f).\n"
    "Root serves another user's folder as that user, and may listen only where that one may.\n"
    "--trusted-proxy: where a request has both headers and they name different clients, neither is believed: it\n"
    "counts as the proxy's own. Have the proxy write one and remove the other.\n"
    "Exit code 1: the log was altered; 2: the folder cannot be read; 69: it, the address or the sandbox's is in use,\n"
    "the address is not this machine's, or a process did not become ready.";

struct plan {
    struct data_folder data;
    char ledger_url[64];
    char programs_url[96];
    char publish_url[64];
    char bluesky_url[64];
    char identity_url[64];
    char sandbox_listen[64];
    char sandbox_url[80];
    char sandbox_kept[DATA_PATH_MAX];
    char adapter_pair[80];
    char allowed_ports[128];
    char key_path[DATA_PATH_MAX];
    char identity_key_path[DATA_PATH_MAX];
    char master_key[DATA_MASTER_TEXT_MAX]; /* out of the environment; "": the folder's file is used */
    uint16_t sandbox_port;                 /* where the sandbox was; 0: nowhere yet */
    uint16_t port;                         /* the next that is ours */
};

#define PORTS_MAX 6 /* as many as there are URLs above */

/* Ports for our own meetings lie below those that Linux gives to outgoing connections (ip_local_port_range, 32768 and
 * above by default): one of those could be taken between our looking and the process's listening, and for a minute
 * after it was closed. */
#define PORTS_FROM 16384
#define PORTS_TO 32768
#define PORTS_TRIES 100

static bool port_is_free(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const bool is_free = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return is_free;
}

/* A row of loopback ports that are free now, without the sandbox's. Should another program take one before our process
 * does, then that process ends, says so and serve gives up: start again. */
static enum err choose_ports(uint16_t sandbox_port, uint16_t *ret_first)
{
    for (int try = 0; try < PORTS_TRIES; try++) {
        uint16_t random = 0;
        random_fill(&random, sizeof random);
        const uint16_t first = (uint16_t)(PORTS_FROM + random % (PORTS_TO - PORTS_FROM - PORTS_MAX));
        uint16_t count = 0;
        while (count < PORTS_MAX && first + count != sandbox_port && port_is_free((uint16_t)(first + count))) {
            count++;
        }
        if (count == PORTS_MAX) {
            *ret_first = first;
            return OK;
        }
    }
    return ERR_BUSY;
}

static void name_sandbox(struct plan *plan, uint16_t port)
{
    (void)snprintf(plan->sandbox_listen, sizeof plan->sandbox_listen, "127.0.0.1:%u", (unsigned)port);
    (void)snprintf(plan->sandbox_url, sizeof plan->sandbox_url, "http://%s", plan->sandbox_listen);
}

static uint16_t read_sandbox_port(const struct data_folder *data)
{
    char path[DATA_PATH_MAX];
    char text[8];
    uint64_t port = 0;
    struct buf buf = buf_of(text, sizeof text);
    const bool known = path_join(path, sizeof path, data->path, "sandbox.port") == OK && file_read(path, &buf) == OK &&
                       span_to_u64(buf_span(&buf), &port) == OK && port <= UINT16_MAX;
    return known ? (uint16_t)port : 0;
}

/* The simulated platform's port is part of its accounts' addresses: a restarted service finds them where they were, or
 * does not start. At another port every post that is due would fail for good. */
static bool sandbox_or_complain(struct plan *plan)
{
    plan->sandbox_port = read_sandbox_port(&plan->data);
    name_sandbox(plan, plan->sandbox_port);
    if (plan->sandbox_port == 0 || listen_is_free(plan->sandbox_listen)) {
        return true;
    }
    (void)fprintf(
        stderr,
        "openpost serve: --sandbox: another program listens on %s, where the simulated accounts are: end it. If this "
        "folder is a copy and its original is served, it must not be: never serve both. If it is another program that "
        "has to stay, delete %s/sandbox.port and connect the accounts again\n",
        plan->sandbox_listen, plan->data.path);
    return false;
}

static enum err choose_sandbox(struct plan *plan)
{
    char path[DATA_PATH_MAX];
    char text[8];
    TRY(path_join(path, sizeof path, plan->data.path, "sandbox.port"));
    TRY(path_join(plan->sandbox_kept, sizeof plan->sandbox_kept, plan->data.path, "sandbox.records"));
    if (plan->sandbox_port == 0) {
        name_sandbox(plan, plan->port);
        (void)snprintf(text, sizeof text, "%u", (unsigned)plan->port);
        const enum err err = file_write(path, span_text(text), 0640);
        (void)err; /* on a full disk, say: the accounts are to be connected anew after the next start */
    }
    return OK;
}

static enum err choose_url(struct plan *plan, char *out, size_t cap, const char *scheme)
{
    const int len = snprintf(out, cap, "%s127.0.0.1:%u", scheme, (unsigned)plan->port);
    plan->port++;
    return len > 0 && (size_t)len < cap ? OK : ERR_TOO_LONG;
}

static enum err choose_urls(struct plan *plan, const char *programs, const char *loopback, bool sandbox)
{
    TRY(choose_ports(plan->sandbox_port, &plan->port));
    TRY(choose_url(plan, plan->ledger_url, sizeof plan->ledger_url, "tcp://"));
    TRY(choose_url(plan, plan->publish_url, sizeof plan->publish_url, "tcp://"));
    TRY(choose_url(plan, plan->bluesky_url, sizeof plan->bluesky_url, "tcp://"));
    TRY(choose_url(plan, plan->identity_url, sizeof plan->identity_url, "tcp://"));
    if (programs == NULL) {
        TRY(choose_url(plan, plan->programs_url, sizeof plan->programs_url, "tcp://"));
    } else {
        const int len = snprintf(plan->programs_url, sizeof plan->programs_url, "tcp://%s", programs);
        if (len < 0 || (size_t)len >= sizeof plan->programs_url) {
            return ERR_TOO_LONG;
        }
    }
    (void)snprintf(plan->adapter_pair, sizeof plan->adapter_pair, "bluesky=%s", plan->bluesky_url);
    if (sandbox) {
        TRY(choose_sandbox(plan));
    }
    const char *port = sandbox ? strrchr(plan->sandbox_listen, ':') + 1 : "";
    (void)snprintf(plan->allowed_ports, sizeof plan->allowed_ports, "%s%s%s", port,
                   sandbox && loopback != NULL ? "," : "", loopback != NULL ? loopback : "");
    TRY(path_join(plan->identity_key_path, sizeof plan->identity_key_path, plan->data.path, "identity.key"));
    return path_join(plan->key_path, sizeof plan->key_path, plan->data.path, "adapter-bluesky.key");
}

/* The last one added opens the vault. */
static void give_master_key(struct supervisor *supervisor, const struct plan *plan)
{
    supervisor->children[supervisor->count - 1].master_key = plan->master_key[0] != 0 ? plan->master_key : NULL;
}

/* Of the last one added, which goes to the internet. */
static void open_loopback(struct supervisor *supervisor, const struct plan *plan)
{
    struct child *child = &supervisor->children[supervisor->count - 1];
    if (plan->allowed_ports[0] != 0) {
        child_arg(child, "--allow-loopback");
        child_arg(child, plan->allowed_ports);
    }
    if (plan->sandbox_url[0] != 0) {
        child_arg(child, "--loopback-only");
    }
}

static void add_args(struct child *child, const char *const *args, size_t count)
{
    child_arg(child, "openpost");
    for (size_t i = 0; i < count; i++) {
        child_arg(child, args[i]);
    }
}

#define ADD(supervisor_, name_, ...)                                                     \
    add_args(supervisor_add((supervisor_), (name_)), (const char *const[]){__VA_ARGS__}, \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void add_children(struct supervisor *supervisor, const struct plan *plan, const char *listen,
                         const char *rate_limit, const char *public_url, const char *proxies)
{
    const char *data = plan->data.path;
    const bool sandbox = plan->sandbox_url[0] != 0;
    if (sandbox) {
        ADD(supervisor, "sandbox", "sandbox", "--listen", plan->sandbox_listen, "--keep", plan->sandbox_kept);
    }
    ADD(supervisor, "ledger", "ledger", "--data", data, "--listen", plan->ledger_url, "--listen-programs",
        plan->programs_url, "--publish", plan->publish_url);
    give_master_key(supervisor, plan);
    ADD(supervisor, "adapter", "adapter", "bluesky", "--listen", plan->bluesky_url, "--key-file", plan->key_path);
    open_loopback(supervisor, plan);
    ADD(supervisor, "identity", "identity", "--listen", plan->identity_url, "--key-file", plan->identity_key_path);
    open_loopback(supervisor, plan);
    ADD(supervisor, "scheduler", "scheduler", "--data", data, "--ledger", plan->ledger_url, "--events",
        plan->publish_url, "--adapter", plan->adapter_pair);
    give_master_key(supervisor, plan);
    ADD(supervisor, "gateway", "gateway", "--data", data, "--listen", listen, "--ledger", plan->ledger_url,
        "--identity", plan->identity_url);
    if (sandbox) {
        child_arg(&supervisor->children[supervisor->count - 1], "--bluesky-service");
        child_arg(&supervisor->children[supervisor->count - 1], plan->sandbox_url);
    }
    if (rate_limit != NULL) {
        child_arg(&supervisor->children[supervisor->count - 1], "--rate-limit");
        child_arg(&supervisor->children[supervisor->count - 1], rate_limit);
    }
    if (public_url != NULL) {
        child_arg(&supervisor->children[supervisor->count - 1], "--public-url");
        child_arg(&supervisor->children[supervisor->count - 1], public_url);
    }
    if (proxies != NULL) {
        child_arg(&supervisor->children[supervisor->count - 1], "--trusted-proxy");
        child_arg(&supervisor->children[supervisor->count - 1], proxies);
    }
}

static int run(struct supervisor *supervisor, const struct plan *plan, const char *listen)
{
    const enum err err = supervisor_start(supervisor);
    if (err == OK) {
        (void)printf("ready: http://%s rpc: %s%s%s\n", listen, plan->programs_url,
                     plan->sandbox_url[0] != 0 ? " sandbox: " : "", plan->sandbox_url);
        (void)fflush(stdout);
        while (supervisor_step(supervisor, 1000)) {
        }
    }
    supervisor_stop(supervisor);
    if (err == OK || err == ERR_CLOSED) {
        return EXIT_GOOD;
    }
    const int code = err == ERR_ALTERED ? EXIT_ALTERED : (err == ERR_ACCESS ? EXIT_UNREADABLE : EXIT_UNAVAILABLE);
    (void)fprintf(stderr, "openpost serve: a process did not become ready; its own lines above say why\n");
    return code;
}

/* Whoever forgets --sandbox is told before anything is due. */
static void warn_without_sandbox(const struct data_folder *data)
{
    const uint16_t port = read_sandbox_port(data);
    if (port != 0) {
        journal(
            JOURNAL_WARN, "without_sandbox",
            "port=%u sentence=\"this folder was served with --sandbox before; now what is due on the accounts of the "
            "sandbox fails, and a new account is one of the real platform\"",
            (unsigned)port);
    }
}

/* Another process that comes between this look and our ledger's is met by the ledger. */
static bool is_served(const struct data_folder *data)
{
    int fd = -1;
    const enum err err = data_lock(data, &fd);
    if (err == OK) {
        (void)close(fd);
        return false;
    }
    if (err != ERR_BUSY) {
        return false; /* the ledger says what it is */
    }
    const uint64_t holder = data_lock_holder(data); /* 0: it could not be noted */
    char who[40] = "another process";
    if (holder != 0) {
        (void)snprintf(who, sizeof who, "process %llu", (unsigned long long)holder);
    }
    (void)fprintf(stderr,
                  "openpost serve: --data %s: %s serves it or writes to it already: stop it first, or serve another "
                  "folder\n",
                  data->path, who);
    return true;
}

/* NULL: none was named. */
static bool site_or_complain(const char *url)
{
    struct site site;
    const enum err err = url == NULL ? OK : site_read(span_text(url), &site);
    if (err != OK) {
        (void)fprintf(stderr, "openpost serve: --public-url %s: %s\n", url,
                      err == ERR_UNSUPPORTED
                          ? "http is for this machine alone: passwords and cookies would travel in clear"
                          : "expected https://HOST[:PORT], without a path");
    }
    return err == OK;
}

/* False: complained. */
static bool proxies_or_complain(const char *list)
{
    struct proxies proxies;
    const bool good = list == NULL || proxies_read(span_text(list), &proxies) == OK;
    if (!good) {
        (void)fprintf(
            stderr,
            "openpost serve: --trusted-proxy %s: expected up to %d addresses or networks, as 127.0.0.1,10.0.0.0/8\n",
            list, PROXIES_MAX);
    }
    return good;
}

int tool_serve(int argc, char **argv)
{
    const char *data_path = NULL;
    const char *listen = NULL;
    const char *programs = NULL;
    const char *loopback = NULL;
    const char *rate_limit = NULL;
    const char *public_url = NULL;
    const char *proxies = NULL;
    bool sandbox = false;
    const struct option_spec options[] = {
        {"--data",           &data_path,  NULL,     "the data folder, made by openpost init"                                    },
        {"--listen",         &listen,     NULL,     "ADDR:PORT or [ADDR]:PORT of the HTTP API"                                  },
        {"--rpc",            &programs,   NULL,     "ADDR:PORT on loopback for other programs; default: any free"               },
        {"--sandbox",        NULL,        &sandbox, "simulate a platform, on which new accounts are; the folder keeps its posts"},
        {"--allow-loopback", &loopback,   NULL,     "development: PORT[,PORT] on loopback to reach; default: none"              },
        {"--rate-limit",     &rate_limit, NULL,     "requests that a key may make in a minute; default 6000, 0: any"            },
        {"--public-url",     &public_url, NULL,     "where browsers find it: https://HOST[:PORT]; default http://ADDR:PORT"     },
        {"--trusted-proxy",  &proxies,    NULL,     "ADDR[/LEN][,ADDR[/LEN]…]: whose X-Forwarded-For or Forwarded counts"     },
    };
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code)) {
        return code;
    }
    static struct plan plan; /* lives as long as the children's arguments: until the process ends */
    static struct supervisor supervisor;
    if (!data_or_complain("serve", data_path, &plan.data, &code)) {
        return code;
    }
    if (become_owner(&plan.data) != OK) {
        (void)fprintf(stderr, "openpost serve: --data %s belongs to another user: run it as that one\n", data_path);
        return EXIT_UNREADABLE;
    }
    if (!files_or_complain("serve", &plan.data, true, &code)) {
        return code;
    }
    if (listen == NULL) {
        (void)fprintf(stderr, "openpost serve: --listen ADDR:PORT is missing (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    if (!listen_or_complain("serve", "--listen", listen, false, &code) ||
        (programs != NULL && !listen_or_complain("serve", "--rpc", programs, true, &code))) {
        return code;
    }
    if (!site_or_complain(public_url) || !proxies_or_complain(proxies)) {
        return EXIT_USAGE_WRONG;
    }
    if (is_served(&plan.data)) {
        return EXIT_UNAVAILABLE;
    }
    if (!listen_free_or_complain("serve", "--listen", listen)) {
        return EXIT_UNAVAILABLE;
    }
    if (sandbox && !sandbox_or_complain(&plan)) {
        return EXIT_UNAVAILABLE;
    }
    process_prepare("openpost-serve");
    (void)data_master_text(plan.master_key); /* for the children that open the vault; nobody else finds it here */
    journal_open("serve", JOURNAL_INFO);
    if (!sandbox && loopback == NULL) { /* who opens ports of this machine may have put something there */
        warn_without_sandbox(&plan.data);
    }
    enum err err = process_stop_fd(&supervisor.stop_fd);
    if (err == OK) {
        err = choose_urls(&plan, programs, loopback, sandbox);
    }
    if (err != OK) {
        return complain("serve", "cannot prepare", err, EXIT_CANNOT);
    }
    add_children(&supervisor, &plan, listen, rate_limit, public_url, proxies);
    return run(&supervisor, &plan, listen);
}
