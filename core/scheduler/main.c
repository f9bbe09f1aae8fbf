/* main.c: the scheduler's process: arguments, open vault and read models for reading, fill the agenda, serve until
 * told, close in order. It turns sockets and time into calls of dispatch.h; what it decides is when to sleep. */
#include "core/scheduler/main.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/base/journal.h"
#include "core/base/process.h"
#include "core/confine/confine.h"
#include "core/ledger/data.h"
#include "core/message/codec.h"
#include "core/scheduler/carriers.h"
#include "core/scheduler/inbox.h"
#include "core/scheduler/lookout.h"
#include "core/scheduler/notices.h"
#include "core/scheduler/planner.h"
#include "core/scheduler/sealer.h"
#include "core/wire/client.h"
#include "core/wire/follow.h"

#define COMMANDS_OUT_MAX (2 * FRAME_COMMANDS_MAX) /* two full frames */
#define COMMAND_WAIT_MS 10000
#define FOLLOW_WAIT_MS 10000
#define FOLLOW_AGAIN_MS 1000 /* a wake-up may be lost */
#define FOLLOW_MANY 16       /* events in a reply: then … */
#define FOLLOW_PAUSE_MS 25   /* … the next question waits for so long: under load each costs more than its events */
#define DOUBT_WAIT_MS 2000
#define SLEEP_MAX_MS 1000
#define BUSY_MAX_MS 1000
#define BUSY_LOOK_MS 20
#define DRAIN_WITHIN_MS 5000 /* for what is under way at a stop: a platform's answer, and its record */
#define OPEN_TRIES 600
#define OPEN_AGAIN_MS 100
#define ARENA_MAX ((size_t)256 << 20)

static const char usage[] =
    "usage: openpost scheduler --data DIR --ledger URL --events URL [--adapter CHANNEL=URL]... [--keyless]\n"
    " e.g.: openpost scheduler --data DIR --ledger tcp://127.0.0.1:7410 --events tcp://127.0.0.1:7412\n\n"
    "A process of openpost serve, the clock. --ledger and --events are the ledger's --listen and --publish. "
    "--keyless:\nno platform knows a post by its key, as with openpost sandbox --keyless.\n\n" EXIT_HELP;

struct process {
    struct loader loader;
    struct data_folder data;
    struct agenda *agenda;
    struct dispatch *dispatch;
    struct client *client;
    struct inbox *inbox;
    struct carriers carriers;
    bool told_silent[CARRIERS_MAX]; /* by place: the journal says that it hangs */
    struct follower follower;
    struct notices notices;
    struct planner planner;
    struct arena arena;        /* a turn's */
    struct arena follow_arena; /* an event's */
    uint32_t commands_out;
    bool follow_out, caught_up;
    int64_t follow_again_ms, follow_pause_ms; /* pause: not before, whoever wakes us */
    int64_t busy_since_ms;                    /* starts come first; 0: they do not */
    struct lookout lookout;                   /* told to the ledger, for readiness and figures */
    struct random_pool random;                /* for ids and keys of posts */
    struct channel channels[CHANNEL_COUNT];
    const struct channel *channel_items[CHANNEL_COUNT];
};

/* --- to the ledger --- */

struct asked {
    struct process *process;
    uint32_t ticket;
};

/* On a thread of the wire's. */
static void answered(void *context, enum err err, const struct answer *answer)
{
    struct asked *asked = context;
    struct note *note = note_new(NOTE_ANSWER, (struct span){0});
    ASSERT(note != NULL); /* a command whose end nobody hears of would wait for ever */
    note->err = err;
    note->ticket = asked->ticket;
    if (err == OK) {
        note->answer = *answer;
    }
    inbox_put(asked->process->inbox, note);
    free(asked);
}

static void send_commands(struct process *process, int64_t now_ms)
{
    struct command command;
    uint32_t ticket;
    while (process->commands_out < COMMANDS_OUT_MAX) {
        arena_reset(&process->arena);
        if (!dispatch_command(process->dispatch, now_ms, &process->arena, &command, &ticket)) {
            return;
        }
        struct asked *asked = malloc(sizeof *asked);
        enum err err = asked != NULL ? OK : ERR_NO_MEMORY;
        if (err == OK) {
            *asked = (struct asked){.process = process, .ticket = ticket};
            err = client_command(process->client, &command, NULL, COMMAND_WAIT_MS, answered, asked);
        }
        if (err == OK) {
            process->commands_out++;
        } else {
            free(asked);
            dispatch_answered(process->dispatch, now_ms, ticket, err, NULL);
            journal(JOURNAL_WARN, "command_not_sent", "err=%s", err_name(err));
        }
    }
}

static void look_out(struct process *process, int64_t now_ms)
{
    struct dispatch_unfilled last;
    if (process->caught_up && lookout_look(&process->lookout, process->agenda, process->dispatch, now_ms, &last)) {
        char text[ID_TEXT_MAX + 1];
        struct buf post = buf_of(text, sizeof text);
        id_write(&post, &last.post_id);
        journal(JOURNAL_WARN, "command_not_made", "err=%s post=%s times=%llu next=\"it is tried again\"",
                err_name(last.err), buf_terminated(&post), (unsigned long long)last.times);
    }
}

static void ask_follow(struct process *process, int64_t now_ms)
{
    uint8_t bytes[96];
    struct buf body = buf_of(bytes, sizeof bytes);
    if (process->follow_out || now_ms < process->follow_again_ms || now_ms < process->follow_pause_ms) {
        return;
    }
    look_out(process, now_ms);
    body_follow_put(&body, &(struct follow_ask){.after = follow_after(&process->follower),
                                                .max = FOLLOW_EVENTS_MAX,
                                                .is_scheduler = true,
                                                .late_ms = (uint64_t)process->lookout.overdue.late_ms,
                                                .held = process->lookout.overdue.held,
                                                .in_line = process->lookout.overdue.in_line,
                                                .paused = process->lookout.overdue.paused,
                                                .adapter_silent_ms = (uint64_t)carriers_silent_ms(&process->carriers)});
    ASSERT(buf_ok(&body));
    process->follow_again_ms = now_ms + FOLLOW_AGAIN_MS;
    process->follow_out = client_ask(process->client, FRAME_FOLLOW, buf_span(&body), FOLLOW_WAIT_MS, inbox_followed,
                                     process->inbox) == OK;
}

/* --- what came --- */

/* Facts are events, and an operator reads them here as they happen; of a flood the first ones and how many more. */
static void tell_operator(struct process *process, int64_t now_ms, const struct log_event *at,
                          const struct event *event)
{
    struct notice notice;
    if (notice_of(at, event, &notice) && notices_allow(&process->notices, notice.kind, now_ms)) {
        journal(notice.warns ? JOURNAL_WARN : JOURNAL_INFO, notice_word(notice.kind), "%s", notice.text);
    }
}

static void tell_left_out(struct process *process, int64_t now_ms)
{
    enum notice_kind kind;
    char snag[SNAG_TEXT_MAX];
    uint32_t count = 0;
    if (snags_tell(&process->planner.snags, now_ms, snag)) {
        journal(JOURNAL_WARN, "series_stuck", "%s", snag);
    }
    while (notices_left_out(&process->notices, now_ms, &kind, &count)) {
        journal(JOURNAL_WARN, "left_out", "of=%s lines=%u next=\"openpost log has them all\"", notice_word(kind),
                count);
    }
}

/* ERR_BUSY: the read model is behind; the rest is asked for again. */
static enum err apply_events(struct process *process, struct body_list *list, int64_t now_ms)
{
    struct log_event at;
    for (;;) {
        const struct follower before = process->follower;
        const enum err err = follow_next(&process->follower, list, &at);
        if (err == ERR_NOT_FOUND) {
            return OK;
        }
        TRY(err);
        struct event event;
        arena_reset(&process->follow_arena);
        enum err applied = event_decode(at.payload, &process->follow_arena, &event);
        if (applied == ERR_UNKNOWN_CODE) {
            continue; /* of a later release: nothing that this one could do about it */
        }
        applied = applied == OK ? planner_apply(&process->planner, &at, &event) : applied;
        applied = applied == OK ? dispatch_follow(process->dispatch, &at, &event) : applied;
        if (applied != OK) {
            process->follower = before;
            return applied;
        }
        tell_operator(process, now_ms, &at, &event);
    }
}

/* What was said when it began is far up in an old journal. */
static void tell_stopped(const struct process *process)
{
    if (agenda_is_suspended(process->agenda)) {
        journal(JOURNAL_WARN, "starts_suspended", "next=\"openpost confirm --data %s\"", process->data.path);
    }
    if (agenda_is_clock_suspect(process->agenda)) {
        journal(JOURNAL_WARN, "clock_suspected", "next=\"if the clock is right: openpost clock accept --data %s\"",
                process->data.path);
    }
}

static enum err take_events(struct process *process, const struct note *note, int64_t now_ms)
{
    struct body_list list;
    uint64_t head = 0;
    process->follow_out = false;
    if (note->err != OK) {
        return OK; /* asked again after a while */
    }
    TRY(body_events_read(span_of(note->bytes, note->len), &head, &list));
    const bool many = list.left >= FOLLOW_MANY;
    const enum err err = apply_events(process, &list, now_ms);
    if (err == ERR_BUSY) {
        process->follow_again_ms = now_ms + 1;
        return OK;
    }
    TRY(err);
    if (follow_hint(&process->follower, head)) {
        process->follow_again_ms = now_ms;
    } else if (!process->caught_up) {
        process->caught_up = true;
        tell_stopped(process);
        journal(JOURNAL_INFO, "ready", "position=%llu targets=%u epoch=%llu",
                (unsigned long long)follow_after(&process->follower), agenda_count(process->agenda),
                (unsigned long long)agenda_epoch(process->agenda));
        process_ready();
    } else if (many) {
        process->follow_pause_ms = now_ms + FOLLOW_PAUSE_MS;
    }
    return OK;
}

static enum err take_note(struct process *process, const struct note *note, int64_t now_ms)
{
    switch (note->kind) {
    case NOTE_ANSWER:
        process->commands_out--;
        FAILPOINT("command_answered");
        if (note->err == OK && follow_hint(&process->follower, note->answer.seq)) {
            process->follow_again_ms = now_ms;
        }
        dispatch_answered(process->dispatch, now_ms, note->ticket, note->err, &note->answer);
        return OK;
    case NOTE_FOLLOW:
        return take_events(process, note, now_ms);
    case NOTE_WOKEN:
        if (follow_hint(&process->follower, note->head)) {
            process->follow_again_ms = now_ms;
        }
        return OK;
    case NOTE_SENT:
    case NOTE_POLLED: {
        struct carrier *carrier = process->carriers.items[note->place];
        const enum err err = carrier_note(carrier, process->dispatch, now_ms, note, &process->arena);
        if (err != OK && err != ERR_TIMED_OUT) {
            journal(JOURNAL_WARN, "adapter_failed", "channel=%s err=%s",
                    choice_word(&channel_words, carrier_channel(carrier)), err_name(err));
        }
        return OK;
    }
    }
    return OK;
}

static enum err take_notes(struct process *process, int64_t now_ms)
{
    enum err err = OK;
    struct note *next;
    for (struct note *note = inbox_take(process->inbox); note != NULL; note = next) {
        next = note->next;
        arena_reset(&process->arena);
        err = err == OK ? take_note(process, note, now_ms) : err;
        free(note);
    }
    return err;
}

/* --- a turn --- */

/* While many starts wait for the ledger they have this machine to themselves, for BUSY_MAX_MS at most: what counts is
 * that all are durable in time. */
static bool others_wait(struct process *process, int64_t now_ms)
{
    if (!dispatch_is_busy_starting(process->dispatch)) {
        process->busy_since_ms = 0;
        return false;
    }
    if (process->busy_since_ms == 0) {
        process->busy_since_ms = now_ms;
    }
    return now_ms - process->busy_since_ms < BUSY_MAX_MS;
}

static void tell_silence(struct process *process, uint32_t place)
{
    const struct carrier *carrier = process->carriers.items[place];
    const bool hangs = silence_is_hang(carrier_silence(carrier));
    if (hangs == process->told_silent[place]) {
        return;
    }
    process->told_silent[place] = hangs;
    const char *channel = choice_word(&channel_words, carrier_channel(carrier));
    if (hangs) {
        journal(JOURNAL_WARN, "adapter_silent",
                "channel=%s sentence=\"it has answered nothing for more than %d s\" next=\"if it lasts, kill -9 that "
                "process: it is started again, and what it had sent is read back\"",
                channel, JOBS_SILENT_MAX_MS / 1000);
    } else {
        journal(JOURNAL_INFO, "adapter_answers", "channel=%s sentence=\"it answers again\"", channel);
    }
}

static void turn_carriers(struct process *process, int64_t now_ms, int64_t *wake_ms)
{
    for (uint32_t i = 0; i < process->carriers.count; i++) {
        struct carrier *carrier = process->carriers.items[i];
        int64_t again_ms;
        arena_reset(&process->arena);
        const enum err err = carrier_turn(carrier, process->dispatch, now_ms, &process->arena, &again_ms);
        if (err != OK) {
            journal(JOURNAL_WARN, "adapter_unreachable", "err=%s", err_name(err));
        }
        tell_silence(process, i);
        *wake_ms = again_ms < *wake_ms ? again_ms : *wake_ms;
    }
}

static enum err turn(struct process *process, int64_t now_ms, int64_t *ret_wake_ms)
{
    int64_t wake_ms = now_ms + SLEEP_MAX_MS;
    TRY(take_notes(process, now_ms));
    tell_left_out(process, now_ms);
    if (process->caught_up) {
        TRY(dispatch_tick(process->dispatch, now_ms, &wake_ms));
        send_commands(process, now_ms);
        planner_turn(&process->planner, process->agenda, process->client, now_ms);
    }
    if (process->caught_up && others_wait(process, now_ms)) {
        *ret_wake_ms = wake_ms < now_ms + BUSY_LOOK_MS ? wake_ms : now_ms + BUSY_LOOK_MS;
        return OK;
    }
    ask_follow(process, now_ms);
    if (process->caught_up) {
        turn_carriers(process, now_ms, &wake_ms);
    }
    const int64_t follow_ms =
        process->follow_again_ms > process->follow_pause_ms ? process->follow_again_ms : process->follow_pause_ms;
    *ret_wake_ms = process->follow_out || wake_ms < follow_ms ? wake_ms : follow_ms;
    return process->loader.damaged ? ERR_ALTERED : OK;
}

/* A turn, and the sleep after it: until one of fds is readable, or there is something to do. */
static enum err step(struct process *process, struct pollfd *fds, nfds_t count)
{
    const int64_t now_ms = clock_wall_ms();
    int64_t wake_ms = now_ms;
    const enum err begun = process->loader.parts->begin(process->loader.views);
    if (begun == ERR_REBUILDING) { /* the ledger is not there either: what came waits */
        (void)poll(NULL, 0, OPEN_AGAIN_MS);
        (void)poll(fds, count, 0);
        return OK;
    }
    TRY(begun);
    const enum err err = turn(process, now_ms, &wake_ms);
    process->loader.parts->end(process->loader.views);
    TRY(err);
    bool any = false;
    const enum err sealed = sealer_turn(process->dispatch, &process->loader.keys, process->client, now_ms, &any);
    if (sealed != OK) {
        journal(JOURNAL_WARN, "not_sealed", "err=%s", err_name(sealed));
    }
    wake_ms = any ? now_ms : wake_ms;
    const int64_t left_ms = wake_ms - clock_wall_ms();
    const int64_t sleep_ms = left_ms < 0 ? 0 : (left_ms < SLEEP_MAX_MS ? left_ms : SLEEP_MAX_MS);
    if (poll(fds, count, (int)sleep_ms) < 0) {
        fds[0].revents = 0;
    }
    return OK;
}

static bool is_drained(const struct process *process)
{
    return dispatch_is_idle(process->dispatch) && carriers_are_quiet(&process->carriers, process->dispatch);
}

/* Nothing new starts; what is under way is recorded, so that the next start has nothing to read back. */
static enum err drain(struct process *process, struct pollfd *inbox)
{
    const int64_t until_ms = clock_boot_ms() + DRAIN_WITHIN_MS;
    dispatch_stop(process->dispatch);
    carriers_recall(&process->carriers);
    while (!is_drained(process) && clock_boot_ms() < until_ms) {
        TRY(step(process, inbox, 1));
    }
    if (!is_drained(process)) {
        struct dispatch_figures figures;
        dispatch_figures(process->dispatch, &figures);
        journal(JOURNAL_WARN, "left_under_way",
                "tasks=%u next=\"what was sent and has no outcome is read back after the next start\"", figures.tasks);
    }
    return OK;
}

static enum err serve(struct process *process, int stop_fd)
{
    struct pollfd fds[] = {
        {.fd = stop_fd,                  .events = POLLIN},
        {.fd = inbox_fd(process->inbox), .events = POLLIN}
    };
    while ((fds[0].revents & POLLIN) == 0) {
        TRY(step(process, fds, 2));
    }
    return drain(process, &fds[1]);
}

/* --- the beginning and the end --- */

static bool has_flag(int argc, char **argv, const char *name)
{
    int i = 1;
    while (i < argc && strcmp(argv[i], name) != 0) {
        i++;
    }
    return i < argc;
}

/* The channels of this build; where keyless, as those are that have no keys. */
static struct channel_list channels_of(struct process *process, bool keyless)
{
    const struct channel_list *all = &process->loader.parts->channels;
    for (size_t i = 0; i < all->count; i++) {
        process->channels[i] = *all->items[i];
        process->channels[i].keyed = all->items[i]->keyed && !keyless;
        process->channel_items[i] = &process->channels[i];
    }
    return (struct channel_list){.items = process->channel_items, .count = all->count};
}

static enum err open_wire(struct process *process, int argc, char **argv)
{
    struct client_options options = {
        .url = process_option(argc, argv, "--ledger"), .random = random_fill, .now_ms = clock_boot_ms};
    const struct carrier_options carrier = {
        .inbox = process->inbox, .random = random_draw, .random_context = &process->random};
    memcpy(options.key, process->loader.keys.ledger, sizeof options.key);
    enum err err = client_open(&options, &process->client);
    for (int i = 1; i + 1 < argc && err == OK; i++) {
        if (strcmp(argv[i], "--adapter") == 0) {
            err = carriers_open(&process->carriers, argv[i + 1], &carrier, &process->loader.keys);
        }
    }
    explicit_bzero(options.key, sizeof options.key);
    TRY(err);
    const char *events = process_option(argc, argv, "--events");
    return events != NULL ? client_watch(process->client, events, inbox_woken, process->inbox) : OK;
}

/* Read models and vault are the ledger's: on a new installation they appear a moment after it does, and read models
 * that are being made are waited for. */
static enum err open_stores(struct process *process)
{
    uint8_t master[BOX_KEY_LEN];
    TRY(data_master_key(&process->data, master));
    enum err err = ERR_NOT_FOUND;
    for (int i = 0; i < OPEN_TRIES && (err == ERR_NOT_FOUND || err == ERR_REBUILDING); i++) {
        if (i > 0) {
            (void)poll(NULL, 0, OPEN_AGAIN_MS);
        }
        err = process->loader.views == NULL ? loader_open(&process->loader, process->data.views_path) : OK;
        err = err == OK ? loader_look(&process->loader) : err;
        err = err == OK ? vault_open(process->data.vault_path, master, true, &process->loader.vault) : err;
    }
    explicit_bzero(master, sizeof master);
    return err;
}

/* No file, for all that it reads is open; nothing to listen on; the ledger's and the adapters' ports to connect to. */
static enum err fill_rules(int argc, char **argv, struct confine_rules *rules)
{
    *rules = (struct confine_rules){.process = CONFINE_SCHEDULER};
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--ledger") == 0 || strcmp(argv[i], "--events") == 0 || strcmp(argv[i], "--adapter") == 0) {
            TRY(confine_connect(rules, argv[i + 1]));
        }
    }
    return OK;
}

static enum err open_all(struct process *process, int argc, char **argv)
{
    struct confine_rules rules;
    struct confinement confinement;
    uint64_t position = 0;
    uint8_t secret[FRAME_KEY_LEN];
    arena_init(&process->arena, ARENA_MAX);
    arena_init(&process->follow_arena, ARENA_MAX);
    TRY(data_open(process_option(argc, argv, "--data"), &process->data));
    TRY(data_secret(&process->data, "wire.secret", secret));
    keys_derive(secret, &process->loader.keys);
    explicit_bzero(secret, sizeof secret);
    TRY(inbox_open(&process->inbox));
    TRY(open_stores(process));
    TRY(agenda_new(&process->agenda));
    TRY(loader_restore(&process->loader, process->agenda, &position));
    TRY(planner_open(&process->loader, random_draw, &process->random, &process->planner));
    follow_begin(&process->follower, position);
    const struct dispatch_options options = {.agenda = process->agenda,
                                             .channels = channels_of(process, has_flag(argc, argv, "--keyless")),
                                             .load = loader_of(&process->loader),
                                             .random = random_draw,
                                             .random_context = &process->random};
    TRY(dispatch_new(&options, &process->dispatch));
    TRY(fill_rules(argc, argv, &rules));
    TRY(confine_files(&rules, &confinement)); /* the threads that are made from here on are bound by it too */
    TRY(open_wire(process, argc, argv));
    TRY(confine_calls(&rules, &confinement));
    char text[CONFINEMENT_TEXT_MAX];
    journal(confinement.files && confinement.ports ? JOURNAL_INFO : JOURNAL_WARN, "confined", "%s",
            confinement_text(&confinement, text));
    return OK;
}

static void close_all(struct process *process)
{
    client_close(process->client);
    carriers_close(&process->carriers);
    dispatch_free(process->dispatch);
    agenda_free(process->agenda);
    planner_close(&process->planner);
    process->loader.parts->close(process->loader.views);
    vault_close(process->loader.vault);
    inbox_close(process->inbox);
    arena_done(&process->arena);
    arena_done(&process->follow_arena);
    explicit_bzero(&process->loader.keys, sizeof process->loader.keys);
}

/* Read models that cannot be what was written: the ledger, who makes them again, is told. */
static void tell_damage(struct process *process, const char *ledger)
{
    struct client_options options = {.url = ledger, .random = random_fill, .now_ms = clock_boot_ms};
    memcpy(options.key, process->loader.keys.ledger, sizeof options.key);
    enum err err = process->client == NULL ? client_open(&options, &process->client) : OK;
    explicit_bzero(options.key, sizeof options.key);
    err = err == OK ? client_doubt_wait(process->client, clock_boot_ms(), DOUBT_WAIT_MS) : err;
    journal(
        JOURNAL_ERROR, "views_damaged",
        "told=%s sentence=\"the read models cannot be what was written\" next=\"the ledger rebuilds them from the log, "
        "and this process is started again\"",
        err_name(err));
}

int scheduler_main(int argc, char **argv, const struct scheduler_parts *parts)
{
    if (process_option(argc, argv, "--data") == NULL || process_option(argc, argv, "--ledger") == NULL) {
        const bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        (void)fputs(usage, help ? stdout : stderr);
        return help ? EXIT_GOOD : EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-scheduler");
    journal_open("scheduler", JOURNAL_INFO);
    struct process *process = calloc(1, sizeof *process);
    if (process == NULL) {
        return EXIT_CANNOT;
    }
    process->loader.parts = parts;
    process->loader.random = random_fill;
    int stop_fd = -1;
    enum err err = process_stop_fd(&stop_fd);
    err = err == OK ? open_all(process, argc, argv) : err;
    if (err != OK) {
        journal(JOURNAL_ERROR, "not_started", "err=%s sentence=\"%s\"", err_name(err), err_sentence(err));
    } else {
        err = serve(process, stop_fd);
    }
    if (process->loader.damaged) {
        tell_damage(process, process_option(argc, argv, "--ledger"));
    }
    process_end_within(END_WITHIN_S);
    close_all(process);
    free(process);
    journal(JOURNAL_INFO, "stopped", "err=%s", err_name(err));
    _exit(err == OK ? EXIT_GOOD : EXIT_CANNOT); /* a sanitizer's exit handler would make a process to trace this one */
}
