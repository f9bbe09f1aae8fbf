/* service_write.c: the one writer: takes whatever waits, up to COMMANDS_PER_GROUP_MAX commands, into one group, and
 * answers when it is durable. Also keeps the clock's watch, for only the writer appends. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/ledger/service_state.h"

#define LOOK_EVERY_MS ((int64_t)500) /* at the clocks, when nothing else happens */
#define READERS_EVERY_MS MINUTE_MS   /* those that were killed are looked for */
#define WAKE_AGAIN_US 20000          /* those who were woken and have not asked yet */

/* Takes frames from the front while their commands fit into one group; the first always does. */
static struct work *take_group(struct service *service)
{
    struct work *first = service->commands.first;
    struct work *last = NULL;
    uint32_t count = 0;
    for (struct work *work = first; work != NULL && (last == NULL || count + work->count <= COMMANDS_PER_GROUP_MAX);
         work = work->next) {
        /* cppcheck-suppress nullPointerRedundantCheck ; it doubts the condition of the loop */
        count += work->count;
        last = work;
    }
    if (last != NULL) {
        service->commands.first = last->next;
        if (last->next == NULL) {
            service->commands.last = &service->commands.first;
        }
        last->next = NULL;
    }
    return first;
}

/* An owner of secrets, which shall be gone at once, or what one of them was for. */
static bool ends_a_secret(uint32_t code)
{
    return code == COMMAND_delete_integration || code == COMMAND_revoke_key || code == COMMAND_delete_workspace ||
           code == COMMAND_remove_member || code == COMMAND_leave_workspace || code == COMMAND_withdraw_invitation ||
           code == COMMAND_erase_user || code == COMMAND_remove_provider || code == COMMAND_join_workspace ||
           code == COMMAND_change_user || code == COMMAND_set_password || code == COMMAND_unlink_login ||
           code == COMMAND_end_session || code == COMMAND_end_sessions;
}

static enum err decide_one(struct service *service, struct decoded *wish, struct answer *ret_answer)
{
    enum refusal refusal = wish->refusal;
    if (refusal == ACCEPTED) {
        TRY(ledger_check_actor(service->options.ledger, &wish->command, &refusal));
    }
    if (refusal != ACCEPTED) {
        *ret_answer = (struct answer){.refusal = refusal,
                                      .fault = wish->fault,
                                      .time_ms = ledger_stamp(service->options.ledger, service->now_ms)};
        return OK;
    }
    service->owner_gone = service->owner_gone || ends_a_secret(wish->command.code);
    TRY(ledger_handle(service->options.ledger, &wish->command, &wish->idempotency, ret_answer));
    return ledger_conceal(service->options.ledger, &wish->command, ret_answer);
}

/* All frames' commands in one group. Whatever fails, nothing of it is kept; but an error of the commit other than
 * ERR_NO_SPACE nobody may survive. */
static enum err decide_together(struct service *service, const struct work *first, struct answer *answers)
{
    struct ledger *ledger = service->options.ledger;
    TRY(ledger_begin(ledger, service->now_ms));
    for (const struct work *work = first; work != NULL; work = work->next) {
        for (uint32_t i = 0; i < work->count; i++) {
            const enum err err = decide_one(service, &work->commands[i], answers);
            if (err != OK) {
                ledger_abort(ledger);
                return err;
            }
            answers++;
        }
    }
    FAILPOINT("ledger_before_commit");
    return ledger_commit(ledger);
}

static enum err decide_alone(struct service *service, struct decoded *wish, struct answer *ret_answer)
{
    struct ledger *ledger = service->options.ledger;
    TRY(ledger_begin(ledger, service->now_ms));
    const enum err err = decide_one(service, wish, ret_answer);
    if (err != OK) {
        ledger_abort(ledger);
        return err;
    }
    return ledger_commit(ledger);
}

/* When there was no room for all of them: each in a group of its own, so that those that may use the reserve get
 * through. */
static enum err decide_singly(struct service *service, const struct work *first, struct answer *answers)
{
    for (const struct work *work = first; work != NULL; work = work->next) {
        for (uint32_t i = 0; i < work->count; i++) {
            const enum err err = decide_alone(service, &work->commands[i], answers);
            if (err == ERR_NO_SPACE) {
                *answers = (struct answer){.refusal = REFUSED_storage_full,
                                           .time_ms = ledger_stamp(service->options.ledger, service->now_ms)};
            } else {
                TRY(err);
            }
            answers++;
        }
    }
    return OK;
}

/* Says of programs' commands which value was refused. Only refusals are looked at, and few are about a value. */
static void blame_frame(struct work *work, struct answer *answers)
{
    const struct service_options *options = &work->door->service->options;
    for (uint32_t i = 0; i < work->count && !work->door->own; i++) {
        OWNED(store_abort) struct store_txn *txn = NULL;
        const bool is_told = answers[i].fault.detail[0] != 0;
        if (answers[i].refusal != ACCEPTED && work->commands[i].refusal == ACCEPTED && !is_told &&
            store_begin(options->views, false, &txn) == OK) {
            service_blame(options->parts, txn, &work->asker, &work->commands[i].command, &answers[i], &work->arena);
        }
    }
}

static void reply_frame(struct work *work, const struct answer *answers)
{
    const size_t cap = 64 + (size_t)work->count * (320 + sizeof(struct fault));
    uint8_t *bytes = malloc(cap);
    struct buf body = buf_of(bytes, bytes == NULL ? 0 : cap);
    body_answers_begin(&body, work->count);
    for (uint32_t i = 0; i < work->count; i++) {
        struct answer answer = answers[i];
        answer.seq = work->door->own ? answer.seq : 0; /* it counts the neighbours' events too */
        body_answer_put(&body, &answer);
    }
    if (!buf_ok(&body)) {
        endpoint_drop(work->request); /* out of memory: the asker repeats, and gets the first answer */
    } else {
        service_reply(work, FRAME_COMMANDS + FRAME_REPLY, buf_span(&body));
    }
    free(bytes);
}

static void ask_for_sweep(struct service *service)
{
    service->owner_gone = false;
    (void)pthread_mutex_lock(&service->mutex);
    service->sweep = true;
    (void)pthread_cond_signal(&service->reads_wake);
    (void)pthread_mutex_unlock(&service->mutex);
}

/* Whoever was woken and has not asked since knows already: a wake-up for each group costs both sides more than the
 * events. head is told before the question is looked at, and a reader looks at them in the other order: so it either
 * sees the new events or is woken. */
static void wake_followers(struct service *service)
{
    const uint64_t head = ledger_head(service->options.ledger);
    if (atomic_exchange(&service->head, head) == head || service->publisher == NULL) {
        return;
    }
    const int64_t now_us = clock_monotonic_us();
    if (!atomic_exchange(&service->asked_for_events, false) && now_us - service->woken_us < WAKE_AGAIN_US) {
        return;
    }
    uint8_t wake[FRAME_WAKE_LEN];
    service->woken_us = now_us;
    frame_wake_write(service->wake_key, head, wake);
    publisher_send(service->publisher, span_of(wake, sizeof wake));
}

/* Full from the first person's command that is refused for it until one is taken again: the scheduler's, which have the
 * reserve, say nothing about it. */
static void note_storage(struct service *service, const struct work *first, const struct answer *answers)
{
    bool refused = false;
    bool taken = false;
    for (const struct work *work = first; work != NULL; work = work->next) {
        for (uint32_t i = 0; i < work->count; i++, answers++) {
            const uint32_t actor = work->commands[i].command.actor;
            refused = refused || answers->refusal == REFUSED_storage_full;
            taken = taken || (answers->events > 0 && (actor == ACTOR_KEY || actor == ACTOR_MEMBER));
        }
    }
    if (refused || taken) {
        atomic_store(&service->storage_full, refused ? 1 : 0);
    }
}

static void count_commands(struct service *service, const struct answer *answers, uint32_t count)
{
    uint64_t refused = 0;
    for (uint32_t i = 0; i < count; i++) {
        refused += answers[i].refusal != ACCEPTED;
    }
    atomic_fetch_add(&service->groups, 1);
    atomic_fetch_add(&service->commands_done, count);
    atomic_fetch_add(&service->commands_refused, refused);
}

/* One group: decide all, make it durable, answer all. An error here is one that nobody may survive. */
static enum err write_group(struct service *service, struct work *first)
{
    uint32_t count = 0;
    for (const struct work *work = first; work != NULL; work = work->next) {
        count += work->count;
    }
    arena_reset(&service->arena);
    struct answer *answers = arena_alloc(&service->arena, sizeof *answers * (count + 1));
    if (answers == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = decide_together(service, first, answers);
    if (err == ERR_NO_SPACE ||
        err == ERR_NO_MEMORY) { /* the disk's end, or more than one transaction of the log takes */
        err = decide_singly(service, first, answers);
    }
    if (err != OK) {
        return err;
    }
    note_storage(service, first, answers);
    FAILPOINT("ledger_committed");
    count_commands(service, answers, count);
    wake_followers(service); /* before the replies: a read after a reply sees its write */
    if (service->owner_gone) {
        ask_for_sweep(service);
    }
    struct answer *next = answers;
    for (struct work *work = first; work != NULL;) {
        struct work *following = work->next; /* a replied work may be taken again at once */
        const uint32_t work_count = work->count;
        blame_frame(work, next);
        service_note_answers(work, next);
        reply_frame(work, next);
        next += work_count;
        work = following;
    }
    FAILPOINT("ledger_replied");
    return OK;
}

enum err service_write_own(struct service *service, struct command *command)
{
    uint8_t randomness[10];
    struct answer answer;
    random_fill(randomness, sizeof randomness);
    command->command_id = id_make(ID_COMMAND, service->now_ms, randomness);
    if (id_is_none(&command->stream)) {
        command->stream = service->options.installation_id;
    }
    command->actor = ACTOR_SYSTEM;
    TRY(ledger_begin(service->options.ledger, service->now_ms));
    const enum err err = ledger_handle(service->options.ledger, command, NULL, &answer);
    if (err != OK) {
        ledger_abort(service->options.ledger);
        return err;
    }
    const enum err committed = ledger_commit(service->options.ledger);
    wake_followers(service);
    return committed == ERR_NO_SPACE ? OK : committed;
}

static void note_trust(const struct service *service)
{
    if (service->options.clock_trusted != NULL) {
        service->options.clock_trusted(service->broken_context, service->clock_watch.good_apart_ms);
    }
}

static enum err look_at_clocks(struct service *service)
{
    const struct ledger *ledger = service->options.ledger;
    const int64_t trusted_apart_ms = service->clock_watch.good_apart_ms;
    struct command command;
    service->now_ms = clock_watch_look(&service->clock_watch, clock_wall_ms(), clock_boot_ms(), ledger_stamp(ledger, 0),
                                       ledger_clock_is_suspect(ledger), &command);
    if (service->clock_watch.good_apart_ms != trusted_apart_ms) {
        note_trust(service);
    }
    const enum err err = command.code != 0 ? service_write_own(service, &command) : OK;
    clock_watch_told(&service->clock_watch, ledger_clock_is_suspect(ledger));
    atomic_store(&service->clock_is_suspect, ledger_clock_is_suspect(ledger));
    return err;
}

/* A reader whose process was killed keeps every page of its snapshot from being used again: the files would grow for
 * as long as nobody looked. Not to be able to look harms nothing now. */
static void look_at_readers(struct service *service)
{
    const int64_t boot_ms = clock_boot_ms();
    if (boot_ms - service->readers_looked_at_ms < READERS_EVERY_MS) {
        return;
    }
    uint32_t of_log = 0;
    uint32_t of_views = 0;
    service->readers_looked_at_ms = boot_ms;
    if (log_drop_dead_readers(service->options.log, &of_log) != OK ||
        store_drop_dead_readers(service->options.views, &of_views) != OK) {
        return;
    }
    atomic_fetch_add(&service->readers_dropped, of_log + of_views);
}

/* Views that are doubted, and a log that is gone although nothing is written to it: nobody may go on. */
static enum err look_at_data(const struct service *service)
{
    if (atomic_load(&service->views_doubted)) {
        return ERR_ALTERED;
    }
    return log_is_in_place(service->options.log) ? OK : ERR_IO;
}

static struct work *wait_group(struct service *service, bool *ret_stop)
{
    const int64_t until_us = clock_monotonic_us() + LOOK_EVERY_MS * 1000;
    const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = (long)(until_us % 1000000) * 1000};
    (void)pthread_mutex_lock(&service->mutex);
    int rc = 0;
    while (service->commands.first == NULL && !service->stopping && rc == 0) {
        rc = pthread_cond_timedwait(&service->commands_wake, &service->mutex, &until);
    }
    struct work *first = take_group(service);
    *ret_stop = service->stopping && first == NULL;
    (void)pthread_mutex_unlock(&service->mutex);
    return first;
}

void *service_write(void *context)
{
    struct service *service = context;
    enum err err = OK;
    bool stop = false;
    while (err == OK && !stop) {
        struct work *first = wait_group(service, &stop);
        look_at_readers(service);
        err = look_at_data(service);
        err = err != OK || stop ? err : look_at_clocks(service);
        if (err == OK && first != NULL) {
            err = write_group(service, first);
        }
        err = err == OK && !stop ? service_report(service) : err;
        err = err == OK && !stop ? service_sign(service) : err;
    }
    if (err != OK) {
        service->broken(service->broken_context, err);
    }
    return NULL;
}
