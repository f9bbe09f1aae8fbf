/* main.c: the gateway's process: arguments, open, serve until told, close. Faces the internet: opens the read models
 * read-only and nothing else. */
#include "gateway/main.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/process.h"
#include "core/confine/confine.h"
#include "core/ledger/data.h"
#include "core/store/store.h"
#include "core/vault/box.h"
#include "core/wire/client.h"
#include "core/wire/identity_client.h"
#include "gateway/gate/providers.h"
#include "gateway/gateway.h"

#define VIEWS_MAP_BYTES ((size_t)1 << 36) /* 64 GiB of address space; the ledger decides how much is used */
#define DRAIN_WITHIN_MS 5000
#define RATE_LIMIT_DEFAULT "6000" /* 100 a second, all at once if need be */
#define RATE_LIMIT_MAX 60000000   /* one a microsecond */
#define REPORT_EVERY_MS 1000
#define VIEWS_WITHIN_MS 60000 /* for the ledger to have made the read models */
#define DOUBT_WAIT_MS 5000
#define CONNECTIONS_MAX 4096
#define FILES_BESIDE 256 /* open files that are not clients' connections, and a reserve to turn some away */

struct arguments {
    const char *data;
    const char *listen;
    const char *ledger;
    const char *bluesky_service;
    const char *rate_limit;
    const char *public_url;    /* NULL: where it listens */
    const char *trusted_proxy; /* NULL: none */
    const char *identity;      /* NULL: nobody signs in through a provider */
};

/* Everything. Of these the gateway itself has but the gate. */
struct process {
    struct store *views;
    struct client *ledger;
    struct identity_client *identity;
    struct server *server;
    struct proxies proxies; /* as long as the server */
    struct gateway gateway;
};

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return otherwise;
}

static const char usage[] =
    "usage: openpost gateway --data DIR --listen ADDR:PORT --ledger URL [--bluesky-service URL]\n"
    "                        [--rate-limit N] [--public-url URL] [--trusted-proxy ADDR[/LEN]]\n"
    "                        [--identity URL]\n"
    " e.g.: openpost gateway --data /var/lib/openpost --listen 127.0.0.1:8080 --ledger tcp://127.0.0.1:7410\n\n"
    "A process of openpost serve: the HTTP API. Needs a ledger at URL (tcp://127.0.0.1:PORT) on the same data folder.\n"
    "--bluesky-service: where accounts are that name no service; default https://bsky.social.\n"
    "--public-url: where browsers find it, https://HOST[:PORT]; http is for this machine alone. Default: "
    "http://ADDR:PORT;\n"
    "when that is no address of this machine alone, nobody signs in, and keys are good as ever.\n"
    "--trusted-proxy: whose X-Forwarded-For or Forwarded tells a client's address: ADDR[/LEN][,ADDR[/LEN]…]; default: "
    "nobody's.\n"
    "Where a request has both and they name different clients, neither is believed: it counts as the proxy's own.\n"
    "--identity: the process that talks to identity providers (tcp://127.0.0.1:PORT). Default: nobody signs in through "
    "one.\n"
    "N: requests that a key may make in a minute (default 6000; 0: any).\n\n" EXIT_HELP;

/* ADDR:PORT or [ADDR]:PORT. */
static bool split_listen(const char *listen, char address[64], uint16_t *ret_port)
{
    const char *colon = strrchr(listen, ':');
    uint64_t port = 0;
    if (colon == NULL || span_to_u64(span_text(colon + 1), &port) != OK || port > 65535) {
        return false;
    }
    size_t len = (size_t)(colon - listen);
    if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') {
        listen++;
        len -= 2;
    }
    if (len == 0 || len >= 64) {
        return false;
    }
    memcpy(address, listen, len);
    address[len] = 0;
    *ret_port = (uint16_t)port;
    return true;
}

/* Without --public-url a gateway that listens to other machines has no site: browsers would send passwords in clear. */
static enum err open_site(const struct arguments *arguments, struct site *ret_site)
{
    char text[80];
    struct buf url = buf_of(text, sizeof text);
    if (arguments->public_url != NULL) {
        return site_read(span_text(arguments->public_url), ret_site);
    }
    buf_text(&url, "http://");
    buf_text(&url, arguments->listen);
    if (!buf_ok(&url) || site_read(buf_span(&url), ret_site) != OK) {
        *ret_site = (struct site){.origin = ""};
    }
    return OK;
}

/* The ledger makes the read models at its first start: wait for them, within bounds. */
static enum err open_views(const char *path, struct store **ret_views)
{
    const int64_t until_ms = clock_boot_ms() + VIEWS_WITHIN_MS;
    enum err err;
    while ((err = store_lmdb_open(path, VIEWS_MAP_BYTES, true, ret_views)) == ERR_NOT_FOUND &&
           clock_boot_ms() < until_ms) {
        (void)poll(NULL, 0, 50);
    }
    return err;
}

/* Who cannot even open them tells the ledger, which makes them again, and ends: serve starts it once more. */
static void tell_damage_at_start(const struct client_options *options)
{
    struct client *client = NULL;
    enum err err = client_open(options, &client);
    err = err == OK ? client_doubt_wait(client, clock_boot_ms(), DOUBT_WAIT_MS) : err;
    client_close(client);
    journal(JOURNAL_ERROR, "views_damaged",
            "told=%s sentence=\"the read models cannot be what was written\" next=\"the ledger rebuilds them from the "
            "log, and this process is started again\"",
            err_name(err));
}

/* No file, for all that it reads is open; its own port to listen on, the ledger's and the identity process's to
 * connect to. */
static enum err fill_rules(const struct arguments *arguments, struct confine_rules *rules)
{
    *rules = (struct confine_rules){.process = CONFINE_GATEWAY};
    TRY(confine_bind(rules, arguments->listen));
    TRY(confine_connect(rules, arguments->ledger));
    return arguments->identity == NULL ? OK : confine_connect(rules, arguments->identity);
}

static enum err open_gate(struct process *process, const struct data_folder *data)
{
    struct gateway *gateway = &process->gateway;
    const struct gate_options options = {.views = process->views,
                                         .ledger = process->ledger,
                                         .identity = process->identity,
                                         .installation_id = data->installation_id,
                                         .zones = gateway->zones,
                                         .rendering = rendering_present,
                                         .rendering_context = gateway,
                                         .channels = gateway->channels};
    return gate_open(&options, &gateway->gate);
}

static enum err open_identity(struct process *process, const struct arguments *arguments,
                              const uint8_t key[FRAME_KEY_LEN])
{
    struct identity_client_options options = {.url = arguments->identity, .random = random_fill};
    if (arguments->identity == NULL) {
        return OK;
    }
    memcpy(options.key, key, sizeof options.key);
    const enum err err = identity_client_open(&options, &process->identity);
    explicit_bzero(options.key, sizeof options.key);
    return err;
}

static enum err open_parts(struct process *process, const struct arguments *arguments, const struct data_folder *data,
                           const struct confine_rules *rules, struct confinement *ret_confinement)
{
    struct gateway *gateway = &process->gateway;
    struct client_options options = {.url = arguments->ledger, .random = random_fill, .now_ms = clock_boot_ms};
    TRY(open_site(arguments, &gateway->site));
    uint8_t link_key[FRAME_KEY_LEN];
    TRY(data_party_key(data, PARTY_GATEWAY, options.key));
    TRY(data_identity_link_key(data, link_key));
    TRY(box_derive(options.key, "idempotency", gateway->body_key));
    TRY(box_derive(options.key, "sign-in flow", gateway->flow_key));
    TRY(zones_open(&gateway->zones)); /* no zone data: refuse to start */
    enum err err = open_views(data->views_path, &process->views);
    if (err == ERR_ALTERED || err == ERR_VERSION) {
        tell_damage_at_start(&options);
    }
    err =
        err == OK ? confine_files(rules, ret_confinement) : err; /* the threads made from here on are bound by it too */
    err = err == OK ? client_open(&options, &process->ledger) : err;
    err = err == OK ? open_identity(process, arguments, link_key) : err;
    explicit_bzero(options.key, sizeof options.key);
    explicit_bzero(link_key, sizeof link_key);
    err = err == OK ? hashers_open(scrypt, &gateway->hashers) : err;
    err = err == OK ? open_gate(process, data) : err;
    return err == OK ? streams_open(gateway, &gateway->streams) : err;
}

static enum err open_server(struct process *process, const struct arguments *arguments)
{
    const char *listen = arguments->listen;
    char address[64];
    uint16_t port = 0;
    if (!split_listen(listen, address, &port)) {
        return ERR_MALFORMED;
    }
    const bool trusts = arguments->trusted_proxy != NULL;
    TRY(trusts ? proxies_read(span_text(arguments->trusted_proxy), &process->proxies) : OK);
    const uint32_t files = process_files();
    const uint32_t most = files < CONNECTIONS_MAX + FILES_BESIDE ? files - FILES_BESIDE : CONNECTIONS_MAX;
    if (files <= FILES_BESIDE) {
        journal(JOURNAL_ERROR, "too_few_files",
                "files=%u sentence=\"the limit of open files leaves none for connections: raise it with ulimit -n, or "
                "LimitNOFILE in a unit, to %u\"",
                files, CONNECTIONS_MAX + FILES_BESIDE);
        return ERR_UNSUPPORTED;
    }
    if (most < CONNECTIONS_MAX) {
        journal(
            JOURNAL_WARN, "fewer_connections",
            "connections=%u files=%u sentence=\"the limit of open files allows fewer connections: raise it with ulimit "
            "-n, or LimitNOFILE in a unit, to %u\"",
            most, files, CONNECTIONS_MAX + FILES_BESIDE);
    }
    const struct server_options options = {.address = address,
                                           .port = port,
                                           .threads = 2,
                                           .connections_max = most,
                                           .connections_per_address_max = most / 2,
                                           .proxies = trusts ? &process->proxies : NULL,
                                           .head_max = (size_t)16 << 10,
                                           .body_max = BODY_BYTES_MAX,
                                           .head_within_ms = 10000,
                                           .body_within_ms = 30000,
                                           .idle_ms = 75000,
                                           .handler = exchange_handle,
                                           .refusal = exchange_refusal,
                                           .context = &process->gateway};
    return server_open(&options, &process->server);
}

static void close_parts(struct process *process)
{
    struct gateway *gateway = &process->gateway;
    atomic_store(&gateway->stopping, true);
    streams_stop(gateway->streams);
    server_drain(process->server, DRAIN_WITHIN_MS);
    process_end_within(END_WITHIN_S);
    hashers_stop(gateway->hashers);
    gate_end_providers(gateway->gate);
    identity_client_close(process->identity); /* before the ledger's, whom its answers are asked about */
    client_close(process->ledger); /* ends what still waits, so that every request is answered before the server ends */
    streams_close(gateway->streams);
    server_close(process->server);
    hashers_close(gateway->hashers);
    gate_close(gateway->gate);
    store_close(process->views);
    zones_close(gateway->zones);
    memo_done(&gateway->memo);
    document_done(&gateway->document);
    flights_done(&gateway->flights);
    limiter_done(&gateway->limiter);
    limiter_done(&gateway->sign_ins);
    spent_flows_done(&gateway->spent_flows);
    lock_done(&gateway->random_lock);
}

/* One line when damage is met, one when it is gone. */
static bool tell_damage(struct gate *gate, bool was_damaged)
{
    const bool damaged = gate_tell_damage(gate);
    if (damaged && !was_damaged) {
        journal(
            JOURNAL_ERROR, "views_damaged",
            "sentence=\"the read models cannot be what was written\" next=\"the ledger is told and rebuilds them from "
            "the log\"");
    } else if (!damaged && was_damaged) {
        journal(JOURNAL_INFO, "views_whole", "sentence=\"the read models were rebuilt from the log\"");
    }
    return damaged;
}

/* This process may open no file any more: whoever has lost the read models' file needs another process. */
static enum err look_at_views(struct store *views)
{
    if (store_is_in_place(views)) {
        return OK;
    }
    journal(JOURNAL_WARN, "views_replaced",
            "sentence=\"the read models are made again in a new file\" next=\"the process ends, and is started again "
            "to open it\"");
    return ERR_CLOSED;
}

int gateway_main(int argc, char **argv, const struct channel_list *channels)
{
    const struct arguments arguments = {.data = option(argc, argv, "--data", NULL),
                                        .listen = option(argc, argv, "--listen", NULL),
                                        .ledger = option(argc, argv, "--ledger", NULL),
                                        .bluesky_service =
                                            option(argc, argv, "--bluesky-service", "https://bsky.social"),
                                        .rate_limit = option(argc, argv, "--rate-limit", RATE_LIMIT_DEFAULT),
                                        .public_url = option(argc, argv, "--public-url", NULL),
                                        .trusted_proxy = option(argc, argv, "--trusted-proxy", NULL),
                                        .identity = option(argc, argv, "--identity", NULL)};
    uint64_t quota = 0;
    const bool quota_good = span_to_u64(span_text(arguments.rate_limit), &quota) == OK && quota <= RATE_LIMIT_MAX;
    if (arguments.data == NULL || arguments.listen == NULL || arguments.ledger == NULL || !quota_good) {
        const bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        (void)fputs(usage, help ? stdout : stderr);
        return help ? EXIT_GOOD : EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-gw");
    journal_open("gateway", JOURNAL_INFO);
    int stop_fd = -1;
    struct data_folder data = {0};
    struct process *process = calloc(1, sizeof *process);
    if (process == NULL) {
        return EXIT_CANNOT;
    }
    struct gateway *gateway = &process->gateway;
    uint64_t seed = 0;
    random_fill(&seed, sizeof seed);
    gateway->channels = channels;
    gateway->bluesky_service = arguments.bluesky_service;
    memo_init(&gateway->memo);
    document_init(&gateway->document);
    lock_init(&gateway->random_lock);
    flights_init(&gateway->flights);
    proofs_init(&gateway->proofs);
    limiter_init(&gateway->limiter, RATE_WINDOW_S, seed);
    limiter_init(&gateway->sign_ins, SIGN_IN_WINDOW_S, seed);
    spent_flows_init(&gateway->spent_flows);
    gateway->quota = (uint32_t)quota;
    struct confine_rules rules;
    struct confinement confinement;
    enum err err = process_stop_fd(&stop_fd);
    err = err == OK ? fill_rules(&arguments, &rules) : err;
    err = err == OK ? data_open(arguments.data, &data) : err;
    err = err == OK ? open_parts(process, &arguments, &data, &rules, &confinement) : err;
    err = err == OK ? open_server(process, &arguments) : err;
    err = err == OK ? confine_calls(&rules, &confinement) : err;
    if (err == OK) {
        char text[CONFINEMENT_TEXT_MAX];
        journal(confinement.files && confinement.ports ? JOURNAL_INFO : JOURNAL_WARN, "confined", "%s",
                confinement_text(&confinement, text));
        journal(JOURNAL_INFO, "ready", "listen=%s", arguments.listen);
        process_ready();
        struct pollfd fds[] = {
            {.fd = stop_fd,                       .events = POLLIN},
            {.fd = gate_report_fd(gateway->gate), .events = POLLIN},
        };
        bool damaged = false;
        while (err == OK && (poll(fds, 2, REPORT_EVERY_MS) <= 0 || fds[0].revents == 0)) {
            gate_report(gateway->gate);
            damaged = tell_damage(gateway->gate, damaged);
            err = look_at_views(process->views);
        }
        gate_report(gateway->gate);
    } else {
        journal(JOURNAL_ERROR, "not_started", "err=%s sentence=\"%s\" listen=%s", err_name(err), err_sentence(err),
                arguments.listen);
    }
    close_parts(process);
    free(process);
    journal(JOURNAL_INFO, "stopped", "err=%s", err_name(err));
    _exit(err == OK ? EXIT_GOOD : EXIT_CANNOT); /* a sanitizer's exit handler would make a process to trace this one */
}
