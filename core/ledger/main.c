/* main.c: the ledger's process: arguments, open log, vault and views, serve until told, close in order. The one process
 * that writes. */
#include "core/ledger/main.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/process.h"
#include "core/base/version.h"
#include "core/confine/confine.h"
#include "core/ledger/data.h"
#include "core/ledger/vault_gaps.h"
#include "core/ledger/vault_orphans.h"
#include "core/ledger/views_begin.h"
#include "core/log/checkpoint.h"

static const char usage[] =
    "usage: openpost ledger --data DIR --listen URL [--listen-programs URL] [--publish URL] [--log-map MIB]\n"
    " e.g.: openpost ledger --data /var/lib/openpost --listen tcp://127.0.0.1:7410 --publish tcp://127.0.0.1:7412\n\n"
    "A process of openpost serve: the single writer. URLs are tcp://127.0.0.1:PORT: one for our own processes, one "
    "for\n"
    "other programs, one for wake-ups.\n"
    "--log-map limits the log's size (for tests of a full disk); default 1048576.\n\n" EXIT_HELP;

#define VIEWS_ON_TRIAL_MS 2000 /* what ended the process before is soon asked for again */
#define VIEWS_LOOK_MS 1000     /* whether their file is still there */

struct process {
    const struct channel_list *channels;
    struct data_folder data;
    bool unreadable; /* a file of it is not what it should be, and was named */
    int lock_fd;
    struct checkpoint_key *key;
    struct log *log;
    struct log_fault log_fault; /* why it was not opened */
    struct store *views;
    struct vault *vault;
    struct ledger *ledger;
    struct service *service;
    int64_t progress_ms;
    int64_t rebuild_ms;    /* boot clock: when the read models began to be brought up to the log */
    int64_t apart_ms;      /* what the wall clock was ahead of the boot clock when it was last trusted */
    bool went_back;        /* the log is older than the views */
    bool views_trusted;    /* they were taken as they are */
    bool vault_broken;     /* the vault cannot be what was written */
    uint64_t out_of_order; /* events that a replay found so, and the first one's position */
    uint64_t out_of_order_at;
    struct random_pool salts; /* for the log, which holds them in clear */
};

static unsigned long long per_s(uint64_t events, int64_t took_ms)
{
    return events * 1000 / (uint64_t)(took_ms > 0 ? took_ms : 1);
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    struct process *process = context;
    const int64_t now_ms = clock_boot_ms();
    if (now_ms - process->progress_ms >= 1000) {
        process->progress_ms = now_ms;
        journal(JOURNAL_INFO, "rebuilding", "events=%llu of=%llu per_s=%llu", (unsigned long long)done,
                (unsigned long long)total, per_s(done, now_ms - process->rebuild_ms));
    }
}

static void count_out_of_order(void *context, const struct log_event *at)
{
    struct process *process = context;
    process->out_of_order_at = process->out_of_order == 0 ? at->seq : process->out_of_order_at;
    process->out_of_order++;
}

static enum err open_log(struct process *process, const char *map_mib)
{
    uint8_t seed[32];
    uint64_t mib = 0;
    TRY(data_secret(&process->data, "log.seed", seed));
    const enum err err = checkpoint_key_new(seed, process->data.origin, &process->key);
    explicit_bzero(seed, sizeof seed);
    TRY(err);
    struct log_options options = {.path = process->data.log_path,
                                  .map_size = LEDGER_LOG_MAP_BYTES,
                                  .reserve = LEDGER_LOG_RESERVE_BYTES,
                                  .key = process->key,
                                  .checkpoint_every = LEDGER_CHECKPOINT_EVERY};
    if (map_mib != NULL) {
        TRY(span_to_u64(span_text(map_mib), &mib));
        options.map_size = (size_t)mib << 20;
        options.reserve = options.map_size / 4;
    }
    return log_lmdb_open(&options, &process->log, &process->log_fault);
}

static enum err open_with(struct process *process, const struct service_parts *parts, struct ledger_keys *keys)
{
    enum err kept = OK;
    TRY(views_begin(&process->data, LEDGER_VIEWS_MAP_BYTES, keys, &kept, &process->views_trusted));
    if (kept != OK) {
        journal(JOURNAL_WARN, "keys_not_kept",
                "err=%s sentence=\"a repeated request that had changed nothing is done again\"", err_name(kept));
    }
    TRY(store_lmdb_open(process->data.views_path, LEDGER_VIEWS_MAP_BYTES, false, &process->views));
    if (process->views_trusted) {
        TRY(ledger_went_back(process->log, process->views, &process->data.installation_id, &process->went_back));
    }
    if (process->went_back) {
        TRY(data_unsettle(&process->data)); /* before the views, the proof, are cleared: it outlives a crash */
    }
    const struct ledger_options options = {
        .log = process->log,
        .views = process->views,
        .projections = parts->projections,
        .zones = parts->zones,
        .vault = process->vault,
        .installation_id = process->data.installation_id,
        .random = random_draw,
        .random_context = &process->salts,
        .watch = {.progress = show_progress, .out_of_order = count_out_of_order, .context = process},
        .keys = keys
    };
    process->rebuild_ms = clock_boot_ms();
    process->progress_ms = process->rebuild_ms;
    process->out_of_order = 0;
    TRY(ledger_open(&options, process->views_trusted, &process->ledger));
    if (!process->views_trusted) {
        const int64_t took_ms = clock_boot_ms() - process->rebuild_ms;
        const uint64_t events = ledger_head(process->ledger);
        journal(JOURNAL_INFO, "rebuilt", "events=%llu took_ms=%lld per_s=%llu", (unsigned long long)events,
                (long long)took_ms, per_s(events, took_ms));
    }
    if (process->out_of_order > 0) {
        journal(JOURNAL_WARN, "events_out_of_order",
                "position=%llu count=%llu sentence=\"an event repeats or skips a version of its stream: it was written "
                "upon damaged read models; the service goes on\" next=\"openpost verify --data %s says more\"",
                (unsigned long long)process->out_of_order_at, (unsigned long long)process->out_of_order,
                process->data.path);
    }
    return process->views_trusted ? OK : data_views_good(&process->data);
}

static enum err open_views(struct process *process, const struct service_parts *parts)
{
    struct ledger_keys keys = {.rows = NULL};
    const enum err err = open_with(process, parts, &keys);
    ledger_keys_done(&keys);
    return err;
}

/* An error that is neither the machine's nor of the moment: what was read cannot be what was written. */
static bool is_damage(enum err err)
{
    return err != OK && err != ERR_NO_MEMORY && err != ERR_NO_SPACE && err != ERR_ACCESS && err != ERR_IO &&
           err != ERR_BUSY;
}

static bool is_log_altered(const struct process *process)
{
    struct log_status status;
    log_status(process->log, &status);
    return status.altered_at != 0;
}

/* Opened, the log is good since its last checkpoint (open_log): where no event before it turns out to be altered, it is
 * the views, which can be made again. */
static enum err open_ledger(struct process *process, const struct service_parts *parts)
{
    enum err err = open_views(process, parts);
    if (is_damage(err) && process->views_trusted && !is_log_altered(process)) {
        journal(JOURNAL_WARN, "views_doubted", "err=%s next=\"they are rebuilt from the log\"", err_name(err));
        store_close(process->views);
        process->views = NULL;
        TRY(data_views_doubt(&process->data));
        err = open_views(process, parts);
    }
    if (err != OK && err != ERR_NO_MEMORY && err != ERR_NO_SPACE && err != ERR_ACCESS && !is_log_altered(process)) {
        journal(JOURNAL_ERROR, "views_not_opened",
                "err=%s folder=%s next=\"if openpost verify finds the log good: stop the service, delete this folder, "
                "start again: it is rebuilt from the log\"",
                err_name(err), process->data.views_path);
    }
    return err;
}

static enum err open_vault(struct process *process)
{
    uint8_t master[BOX_KEY_LEN];
    TRY(data_master_key(&process->data, master));
    const enum err err = vault_open(process->data.vault_path, master, false, &process->vault);
    explicit_bzero(master, sizeof master);
    return err;
}

static enum err sweep_vault(struct process *process)
{
    uint64_t deleted = 0;
    const enum err err = vault_orphans_sweep(process->log, process->views, !process->views_trusted, clock_wall_ms(),
                                             process->vault, &deleted, &process->vault_broken);
    if (deleted > 0) {
        journal(JOURNAL_INFO, "vault_swept", "deleted=%llu", (unsigned long long)deleted);
    }
    return err;
}

/* Says which secrets are gone with their vault, before somebody's post is late for it. Nothing is decided: with the
 * vault put back all is well. */
static enum err tell_vault_gaps(const struct process *process)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct vault_gaps gaps;
    char text[VAULT_GAPS_SHOWN * (ID_TEXT_MAX + 1) + 8];
    struct buf shown = buf_of(text, sizeof text);
    TRY(store_begin(process->views, false, &txn));
    TRY(vault_gaps_find(txn, process->vault, &gaps));
    for (uint32_t i = 0; i < gaps.accounts && i < VAULT_GAPS_SHOWN; i++) {
        buf_text(&shown, i == 0 ? "" : " ");
        id_write(&shown, &gaps.shown[i]);
    }
    buf_text(&shown, gaps.accounts > VAULT_GAPS_SHOWN ? " …" : "");
    if (gaps.accounts + gaps.keys + gaps.people > 0) {
        journal(JOURNAL_WARN, "credentials_missing",
                "accounts=%u which=\"%s\" keys=%u reason=\"%s\" people=%u next=\"stop the service, put vault/ and "
                "master.key back "
                "from the backup and start again; without a backup connect these accounts again (POST "
                "/v1/integrations/{id}/reconnect) and make new keys for what speaks RPC\"",
                gaps.accounts, buf_terminated(&shown), gaps.keys,
                gaps.sealed > 0 ? "the vault was sealed under another master key, or is damaged"
                                : "the vault does not hold them",
                gaps.people);
    }
    return OK;
}

/* A command of the ledger's own before anybody else is served. */
static enum err decide(struct process *process, struct command *command)
{
    uint8_t randomness[10];
    struct answer answer;
    const int64_t now_ms = clock_boot_ms() + process->apart_ms;
    random_fill(randomness, sizeof randomness);
    command->command_id = id_make(ID_COMMAND, now_ms, randomness);
    command->stream = process->data.installation_id;
    command->actor = ACTOR_SYSTEM;
    TRY(ledger_begin(process->ledger, now_ms));
    const enum err err = ledger_handle(process->ledger, command, NULL, &answer);
    if (err != OK) {
        ledger_abort(process->ledger);
        return err;
    }
    TRY(ledger_commit(process->ledger));
    return answer.refusal == ACCEPTED ? OK : ERR_CONFLICT;
}

/* A full disk takes a small file, but not the ledger: what is scheduled goes out from the log's reserve. */
static enum err go_on_if_full(enum err err, const char *file)
{
    if (err != ERR_NO_SPACE) {
        return err;
    }
    journal(JOURNAL_WARN, "not_written", "file=%s err=%s next=\"make room on the data folder's disk\"", file,
            err_name(err));
    return OK;
}

/* The public key is made of the seed: without its file nothing is lost, but somebody deleted it. */
static enum err write_verifier(const struct process *process)
{
    bool made = false;
    TRY(go_on_if_full(data_verifier_write(&process->data, &made), "log.vkey"));
    if (made) {
        journal(JOURNAL_WARN, "file_made",
                "file=log.vkey sentence=\"the log's public key was not there: it was made again from log.seed\" "
                "next=\"compare it with the copy that is kept elsewhere\"");
    }
    return OK;
}

static void note_clock(void *context, int64_t apart_ms)
{
    const struct process *process = context;
    const enum err err = data_clock_write(&process->data, apart_ms);
    if (err != OK) {
        journal(JOURNAL_WARN, "not_written", "file=clock err=%s", err_name(err));
    }
}

/* What the wall clock was when it was last trusted under this boot: one that was set while no ledger ran is not taken
 * at its word. */
static void know_clock(struct process *process)
{
    if (data_clock_read(&process->data, &process->apart_ms) != OK) {
        process->apart_ms = clock_wall_ms() - clock_boot_ms();
        note_clock(process, process->apart_ms);
    }
}

/* A folder that is not where it was, or whose log is not the newest it had: suspended before anything can start, and
 * only then its new place is noted. */
static enum err take_over(struct process *process)
{
    bool moved = false;
    char sentence[256];
    TRY(data_moved(&process->data, &moved, sentence));
    if (moved && ledger_epoch(process->ledger) == 0) {
        TRY(data_settle(
            &process->data)); /* given to its owner after init, say: there is nothing yet to be sent twice */
    } else if (moved) {
        struct command command = {.code = COMMAND_suspend_starts};
        if (process->went_back) {
            (void)snprintf(sentence, sizeof sentence, "the log is older than the read models: it was put back");
        }
        command.suspend_starts.reason = span_text(sentence);
        TRY(decide(process, &command));
        TRY(go_on_if_full(data_settle(&process->data), "identity")); /* suspended again at the next start: safe */
        journal(JOURNAL_WARN, "starts_suspended",
                "reason=\"%s\" next=\"keys and accounts are as they were when the copy was made: openpost key list "
                "--data %s, "
                "revoke again what was revoked since; then openpost confirm --data %s\"",
                sentence, process->data.path, process->data.path);
    }
    struct command command = {.code = COMMAND_start_ledger};
    command.start_ledger.boot = span_text(process->data.boot_id);
    command.start_ledger.release = SPAN(OPENPOST_VERSION);
    return decide(process, &command);
}

/* What the views have lost and open_ledger did not meet shows when something is decided upon them. */
static enum err decide_first(struct process *process)
{
    enum err err = sweep_vault(process);
    err = err == OK ? tell_vault_gaps(process) : err;
    err = err == OK ? take_over(process) : err;
    if (is_damage(err) && process->views_trusted && !process->vault_broken) {
        journal(JOURNAL_WARN, "views_doubted", "err=%s next=\"start again: they are then rebuilt from the log\"",
                err_name(err));
        TRY(data_views_doubt(&process->data));
    }
    return err;
}

static void broken(void *context, enum err err)
{
    const struct process *process = context;
    if (!log_is_in_place(process->log)) {
        journal(
            JOURNAL_ERROR, "log_gone",
            "file=%s/data.mdb sentence=\"it was deleted, moved away or replaced while the service wrote to it: nothing "
            "more is accepted\" next=\"stop the service, put log/ back from where it is now, or else from the backup, "
            "and start again\"",
            process->data.log_path);
        _exit(EXIT_UNREADABLE);
    }
    const bool doubted = is_damage(err) && data_views_doubt(&process->data) == OK;
    if (doubted) {
        journal(
            JOURNAL_ERROR, "views_doubted",
            "err=%s sentence=\"the read models cannot be what was written\" folder=%s next=\"the process ends; when it "
            "is started again it rebuilds them from the log\"",
            err_name(err), process->data.views_path);
    } else {
        journal(JOURNAL_ERROR, "commit_failed",
                "err=%s next=\"the process ends; serve starts it again and it verifies its log\"", err_name(err));
    }
    _exit(EXIT_CANNOT);
}

static void tell_of_log(void *context, uint64_t position)
{
    const struct process *process = context;
    journal(
        JOURNAL_ERROR, "log_altered",
        "position=%llu sentence=\"this event is not as it was written\" next=\"openpost verify --data %s tells what is "
        "altered; stop the service and restore data from a copy\"",
        (unsigned long long)position, process->data.path);
}

/* All files below the data folder and no other, its own ports, and nobody to connect to. */
static enum err fill_rules(const struct process *process, int argc, char **argv, struct confine_rules *rules)
{
    static const char *const listening[] = {"--listen", "--listen-programs", "--publish"};
    *rules = (struct confine_rules){.process = CONFINE_LEDGER};
    confine_path(rules, process->data.path, CONFINE_OWN);
    for (size_t i = 0; i < sizeof listening / sizeof *listening; i++) {
        const char *url = process_option(argc, argv, listening[i]);
        if (url != NULL) {
            TRY(confine_bind(rules, url));
        }
    }
    return OK;
}

static enum err open_service(struct process *process, int argc, char **argv, const struct service_parts *parts)
{
    struct service_options options = {.ledger = process->ledger,
                                      .log = process->log,
                                      .views = process->views,
                                      .vault = process->vault,
                                      .parts = parts,
                                      .installation_id = process->data.installation_id,
                                      .url = process_option(argc, argv, "--listen"),
                                      .programs_url = process_option(argc, argv, "--listen-programs"),
                                      .publish_url = process_option(argc, argv, "--publish"),
                                      .apart_ms = process->apart_ms,
                                      .clock_trusted = note_clock,
                                      .log_altered = tell_of_log,
                                      .views_made = !process->views_trusted};
    TRY(data_secret(&process->data, "wire.secret", options.secret));
    const enum err err = service_open(&options, broken, process, &process->service);
    explicit_bzero(options.secret, sizeof options.secret);
    return err;
}

static enum err open_data(struct process *process, const char *path)
{
    char sentence[DATA_SENTENCE_MAX];
    TRY(data_open(path, &process->data));
    const enum err err = data_check(&process->data, true, sentence);
    if (err != OK) {
        process->unreadable = true;
        journal(JOURNAL_ERROR, "file_wrong", "sentence=\"%s\"", sentence);
    }
    return err;
}

static enum err open_all(struct process *process, int argc, char **argv, const struct service_parts *parts)
{
    TRY(open_data(process, process_option(argc, argv, "--data")));
    TRY(data_lock(&process->data, &process->lock_fd));
    TRY(open_log(process, process_option(argc, argv, "--log-map")));
    TRY(write_verifier(process));
    for (uint32_t i = 0; i < process->channels->count; i++) {
        TRY(go_on_if_full(data_link_key_write(&process->data, process->channels->items[i]->name), "an adapter's key"));
    }
    TRY(go_on_if_full(data_identity_key_write(&process->data), "the identity process's key"));
    TRY(open_vault(process));
    TRY(open_ledger(process, parts));
    know_clock(process);
    TRY(decide_first(process));
    struct confine_rules rules;
    struct confinement confinement;
    TRY(fill_rules(process, argc, argv, &rules));
    TRY(confine_files(&rules, &confinement)); /* threads made from here on are bound by it too */
    const uint64_t head =
        ledger_head(process->ledger); /* from open_service on, log and ledger are the writer's thread's */
    const uint64_t epoch = ledger_epoch(process->ledger);
    TRY(open_service(process, argc, argv, parts));
    TRY(go_on_if_full(data_address_write(&process->data, process_option(argc, argv, "--listen")), "ledger.url"));
    TRY(confine_calls(&rules, &confinement));
    char text[CONFINEMENT_TEXT_MAX];
    journal(confinement.files && confinement.ports ? JOURNAL_INFO : JOURNAL_WARN, "confined", "%s",
            confinement_text(&confinement, text));
    journal(JOURNAL_INFO, "ready", "listen=%s head=%llu epoch=%llu", process_option(argc, argv, "--listen"),
            (unsigned long long)head, (unsigned long long)epoch);
    return OK;
}

static void close_all(struct process *process)
{
    process_end_within(END_WITHIN_S);
    service_close(process->service);
    process_end_within(0); /* flushing the views may take longer */
    ledger_close(process->ledger);
    if (process->views != NULL && process->service != NULL && store_sync(process->views) == OK &&
        data_views_clean(&process->data) != OK) {
        journal(JOURNAL_WARN, "no_clean_mark", "next=\"the read models will be rebuilt after the next boot\"");
    }
    store_close(process->views);
    vault_close(process->vault);
    log_close(process->log);
    checkpoint_key_free(process->key);
    if (process->lock_fd >= 0) {
        (void)close(process->lock_fd);
    }
}

/* Views that were on trial have served for a while. */
static void end_trial(const struct process *process)
{
    const enum err err = go_on_if_full(data_views_good(&process->data), "views/mark");
    if (err != OK) {
        journal(JOURNAL_WARN, "views_not_marked", "err=%s next=\"they may be rebuilt at the next start\"",
                err_name(err));
    }
}

/* Nobody else sees rows that are written to a file which was taken away, and who reads one that was cut short dies. */
static void look_at_views(const struct process *process)
{
    if (store_is_in_place(process->views)) {
        return;
    }
    store_set_whole(process->views, false);
    const enum err err = data_views_doubt(&process->data);
    journal(JOURNAL_ERROR, "views_gone",
            "file=%s/data.mdb marked=%s sentence=\"the file was taken away, replaced or cut short while it was in "
            "use\" next=\"the process ends; when it is started again it rebuilds the read models from the log\"",
            process->data.views_path, err_name(err));
    _exit(EXIT_CANNOT);
}

/* Until told to stop. */
static void serve(const struct process *process, int stop_fd)
{
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    const int64_t trial_ends_ms = clock_boot_ms() + VIEWS_ON_TRIAL_MS;
    bool on_trial = process->views_trusted;
    while (poll(&stop, 1, VIEWS_LOOK_MS) <= 0) {
        look_at_views(process);
        if (on_trial && clock_boot_ms() >= trial_ends_ms) {
            end_trial(process);
            on_trial = false;
        }
    }
}

/* What is altered, where, and what to do about it. */
static void tell_altered(struct process *process)
{
    struct log_status status = {.altered_at = process->log_fault.position};
    const char *sentence = process->log_fault.sentence;
    if (process->log != NULL) {
        log_status(process->log, &status);
        sentence = "this event is not as it was written";
    }
    if (process->log == NULL || status.altered_at != 0) {
        journal(
            JOURNAL_ERROR, "log_altered",
            "position=%llu sentence=\"%s\" file=%s/data.mdb next=\"openpost verify --data %s tells what is altered; "
            "restore data from a copy\"",
            (unsigned long long)status.altered_at, sentence, process->data.log_path, process->data.path);
    } else if (process->vault == NULL || process->vault_broken) {
        process->unreadable = true;
        journal(
            JOURNAL_ERROR, "not_started",
            "err=ALTERED file=%s/data.mdb sentence=\"the vault is not as it was written\" next=\"restore this folder "
            "from a copy\"",
            process->data.vault_path);
    } else {
        journal(
            JOURNAL_ERROR, "not_started",
            "err=ALTERED file=%s/data.mdb sentence=\"the read models cannot be what was written; the log is good since "
            "its last checkpoint\" next=\"start again: they are rebuilt from the log\"",
            process->data.views_path);
    }
}

static void tell_not_started(struct process *process, const char *path, enum err err)
{
    char sentence[DATA_SENTENCE_MAX];
    if (err == ERR_ALTERED) {
        tell_altered(process);
    } else if (err == ERR_ACCESS && !process->unreadable && data_denied(path, true, sentence)) {
        process->unreadable = true;
        journal(JOURNAL_ERROR, "not_started", "err=%s sentence=\"%s\"", err_name(err), sentence);
    } else {
        journal(JOURNAL_ERROR, "not_started", "err=%s sentence=\"%s\"", err_name(err), err_sentence(err));
    }
}

static int exit_code(const struct process *process, enum err err)
{
    if (process->unreadable) {
        return EXIT_UNREADABLE;
    }
    return err == OK ? EXIT_GOOD : (err == ERR_ALTERED ? EXIT_ALTERED : EXIT_CANNOT);
}

int ledger_main(int argc, char **argv, const struct service_parts *parts)
{
    if (process_option(argc, argv, "--data") == NULL || process_option(argc, argv, "--listen") == NULL) {
        const bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        (void)fputs(usage, help ? stdout : stderr);
        return help ? EXIT_GOOD : EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-ledger");
    journal_open("ledger", JOURNAL_INFO);
    struct process process = {.lock_fd = -1, .channels = parts->admission.channels};
    int stop_fd = -1;
    enum err err = process_stop_fd(&stop_fd);
    err = err == OK ? open_all(&process, argc, argv, parts) : err;
    if (err == OK) {
        process_ready();
        serve(&process, stop_fd);
    } else {
        tell_not_started(&process, process_option(argc, argv, "--data"), err);
    }
    close_all(&process);
    journal(JOURNAL_INFO, "stopped", "err=%s", err_name(err));
    /* A sanitizer's exit handler would read /proc, which is denied. */
    _exit(exit_code(&process, err));
}
