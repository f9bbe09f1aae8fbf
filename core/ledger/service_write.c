/* service_write.c: the one writer: takes whatever waits, up to COMMANDS_PER_GROUP_MAX commands, into one group, and
 * answers when it is durable. Also keeps the clock's watch, for only the writer appends. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/decider/aggregate.h"
#include "core/ledger/service_state.h"
#include "core/message/codec.h"

#define LOOK_EVERY_MS 500 /* at the clocks, when nothing else happens */

/* Takes frames from the front while their commands fit into one group; the first always does. */
static struct work *take_group(struct service *service)
{
    struct work *first = service->commands.first;
    struct work *last = NULL;
    uint32_t count = 0;
    for (struct work *work = first; work != NULL && (last == NULL || count + work->count <= COMMANDS_PER_GROUP_MAX);
         work = work->next) {
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

/* What access allows; everything else about a command is the decider's. Own processes speak for a key or member, or for
 * themselves. */
static enum refusal check_access(const struct asker *asker, struct command *command)
{
    const uint32_t needed = command_role(command->code);
    if (!asker->own) {
        command->actor = ACTOR_KEY;
        command->actor_id = asker->key_id;
        command->role = asker->role;
        command->causation = 0;
        if (!id_equal(&command->workspace_id, &asker->workspace_id)) {
            return REFUSED_not_found;
        }
    } else if (command->actor != ACTOR_KEY && command->actor != ACTOR_MEMBER) {
        return ACCEPTED;
    }
    return command->role >= needed ? ACCEPTED : REFUSED_role_insufficient;
}

static enum err decide_one(struct service *service, const struct work *work, struct body_list *list,
                           struct answer *ret_answer)
{
    struct span bytes;
    struct idempotency idempotency;
    struct command command;
    struct answer answer = {.time_ms = ledger_stamp(service->options.ledger, clock_wall_ms())};
    if (body_command_next(list, &bytes, &idempotency) != OK) {
        answer.refusal = REFUSED_frame_invalid;
    } else if (command_decode(bytes, &service->arena, &command) != OK) {
        answer.refusal = REFUSED_command_invalid;
    } else {
        answer.refusal = check_access(&work->asker, &command);
        if (answer.refusal == ACCEPTED) {
            return ledger_handle(service->options.ledger, &command, &idempotency, ret_answer);
        }
    }
    *ret_answer = answer;
    return OK;
}

static enum err decide_frame(struct service *service, struct work *work, struct answer *answers)
{
    struct body_list list;
    if (body_commands_read(work->frame.body, &list) != OK) {
        return ERR_MALFORMED; /* it was read once already: cannot be */
    }
    for (uint32_t i = 0; i < work->count; i++) {
        TRY(decide_one(service, work, &list, &answers[i]));
    }
    return OK;
}

static void reply_frame(struct work *work, const struct answer *answers, bool full)
{
    const size_t cap = 64 + (size_t)work->count * 320;
    uint8_t *bytes = malloc(cap);
    struct buf body = buf_of(bytes, bytes == NULL ? 0 : cap);
    body_answers_begin(&body, work->count);
    for (uint32_t i = 0; i < work->count; i++) {
        struct answer answer = answers[i];
        if (full && answer.refusal == ACCEPTED && !answer.repeated) {
            answer = (struct answer){.refusal = REFUSED_storage_full, .time_ms = answer.time_ms};
        }
        body_answer_put(&body, &answer);
    }
    if (!buf_ok(&body)) {
        endpoint_drop(work->request); /* out of memory: the asker repeats, and gets the first answer */
    } else {
        service_reply(work, FRAME_COMMANDS + FRAME_REPLY, buf_span(&body));
    }
    free(bytes);
}

static void wake_followers(struct service *service)
{
    const uint64_t head = ledger_head(service->options.ledger);
    if (atomic_exchange(&service->head, head) != head && service->publisher != NULL) {
        uint8_t wake[FRAME_WAKE_LEN];
        frame_wake_write(service->wake_key, head, wake);
        publisher_send(service->publisher, span_of(wake, sizeof wake));
    }
}

/* One group: decide all, make it durable, answer all. An error here is one that nobody may survive. */
static enum err write_group(struct service *service, struct work *first)
{
    struct ledger *ledger = service->options.ledger;
    uint32_t count = 0;
    for (const struct work *work = first; work != NULL; work = work->next) {
        count += work->count;
    }
    arena_reset(&service->arena);
    struct answer *answers = arena_alloc(&service->arena, sizeof *answers * (count + 1));
    if (answers == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(ledger_begin(ledger, clock_wall_ms()));
    struct answer *next = answers;
    for (struct work *work = first; work != NULL; work = work->next) {
        TRY(decide_frame(service, work, next));
        next += work->count;
    }
    FAILPOINT("ledger_before_commit");
    const enum err err = ledger_commit(ledger);
    if (err != OK && err != ERR_NO_SPACE) {
        return err;
    }
    FAILPOINT("ledger_committed");
    atomic_store(&service->storage_full, err == ERR_NO_SPACE ? 1 : 0);
    atomic_fetch_add(&service->groups, 1);
    atomic_fetch_add(&service->commands_done, count);
    wake_followers(service); /* before the replies: a read after a reply sees its write */
    next = answers;
    for (struct work *work = first; work != NULL;) {
        struct work *following = work->next; /* a replied work may be taken again at once */
        const uint32_t work_count = work->count;
        reply_frame(work, next, err == ERR_NO_SPACE);
        next += work_count;
        work = following;
    }
    FAILPOINT("ledger_replied");
    return OK;
}

/* A command of the ledger's own, in a group of its own. */
static enum err write_own(struct service *service, struct command *command)
{
    uint8_t randomness[10];
    struct answer answer;
    random_fill(randomness, sizeof randomness);
    command->command_id = id_make(ID_COMMAND, clock_wall_ms(), randomness);
    command->stream = service->options.installation_id;
    command->actor = ACTOR_SYSTEM;
    TRY(ledger_begin(service->options.ledger, clock_wall_ms()));
    const enum err err = ledger_handle(service->options.ledger, command, NULL, &answer);
    if (err != OK) {
        ledger_abort(service->options.ledger);
        return err;
    }
    const enum err committed = ledger_commit(service->options.ledger);
    wake_followers(service);
    return committed == ERR_NO_SPACE ? OK : committed;
}

static enum err look_at_clocks(struct service *service)
{
    const int64_t wall_ms = clock_wall_ms();
    const int64_t boot_ms = clock_boot_ms();
    const int64_t stamp_ms = ledger_stamp(service->options.ledger, 0);
    const int64_t apart_ms = clock_watch_look(&service->clock_watch, wall_ms, boot_ms, stamp_ms);
    if (apart_ms != 0 && !service->clock_suspect) {
        struct command command = {.code = COMMAND_suspect_clock};
        command.suspect_clock.wall_ms = wall_ms;
        command.suspect_clock.apart_ms = (uint64_t)apart_ms;
        service->clock_suspect = true;
        atomic_store(&service->clock_is_suspect, true);
        return write_own(service, &command);
    }
    if (apart_ms == 0 && service->clock_suspect && clock_watch_trusts(&service->clock_watch, boot_ms)) {
        struct command command = {.code = COMMAND_trust_clock};
        service->clock_suspect = false;
        atomic_store(&service->clock_is_suspect, false);
        return write_own(service, &command);
    }
    return OK;
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
        err = stop ? OK : look_at_clocks(service);
        if (err == OK && first != NULL) {
            err = write_group(service, first);
        }
    }
    if (err != OK) {
        service->broken(service->broken_context, err);
    }
    return NULL;
}
