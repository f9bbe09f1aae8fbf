/* dispatch_command.c: the commands that tasks send to the ledger, and what its answers make of them. Called by main.c
 * and the simulation through dispatch.h. Must never let a commit job go before the answer to its start_attempt. */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/scheduler/dispatch_state.h"

#define VIEW_LAG_MS 50     /* the read model is a moment behind the log */
#define HELD_AGAIN_MS 1000 /* something holds it: the event that says so is on its way */
#define REFUSED_AGAIN_MS 5000
#define OUTCOME_EVERY 8
#define HOLDER_SENTENCE_MAX 128

static struct command command_to(const struct task *task, enum command_code code, struct id stream)
{
    return (struct command){.command_id = task->command_id,
                            .workspace_id = task->due.workspace_id,
                            .stream = stream,
                            .actor = ACTOR_SCHEDULER,
                            .causation = task->due.cause,
                            .code = code};
}

/* --- what is asked --- */

static enum err fill_start(struct dispatch *dispatch, struct task *task, struct arena *arena,
                           struct command *ret_command)
{
    static const struct hash none;
    if (memcmp(&task->payload_hash, &none, sizeof none) == 0) {
        struct dispatch_payload payload;
        TRY(dispatch->options.load.payload(dispatch->options.load.context, &task->due.post_id, &task->due.target_id,
                                           arena, &payload));
        if (task->due.part >= payload.part_count) {
            return ERR_NOT_FOUND;
        }
        task->payload_hash = payload.parts[task->due.part].payload_hash;
    }
    *ret_command = command_to(task, COMMAND_start_attempt, task->due.post_id);
    ret_command->start_attempt = (struct start_attempt_command){.post_id = task->due.post_id,
                                                                .target_id = task->due.target_id,
                                                                .attempt_id = task->job_id,
                                                                .part = task->due.part,
                                                                .fence = task->due.fence,
                                                                .payload_hash = task->payload_hash};
    return OK;
}

static enum err fill_lock(struct dispatch *dispatch, struct task *task, int64_t now_ms, struct arena *arena,
                          struct command *ret_command)
{
    struct lock_post_command lock;
    TRY(dispatch_render(dispatch, task, now_ms, arena, &lock));
    *ret_command = command_to(task, COMMAND_lock_post, task->due.post_id);
    ret_command->lock_post = lock;
    ret_command->expected_version = task->version;
    return OK;
}

static enum err fill_miss(const struct task *task, struct arena *arena, struct command *ret_command)
{
    struct target_ref *ref = arena_alloc(arena, sizeof *ref);
    if (ref == NULL) {
        return ERR_NO_MEMORY;
    }
    ref->target_id = task->due.target_id;
    *ret_command = command_to(task, COMMAND_miss_targets, task->due.post_id);
    ret_command->miss_targets =
        (struct miss_targets_command){.post_id = task->due.post_id, .targets = ref, .targets_count = 1};
    return OK;
}

static struct span fingerprint_of(const struct task *task)
{
    return span_of(task->fingerprint, task->fingerprint_len);
}

static void fill_outcome(struct dispatch *dispatch, const struct task *task, struct command *ret_command)
{
    const struct channel *channel = channel_find(&dispatch->options.channels, (enum channel_code)task->due.channel);
    const struct job_outcome *outcome = task->outcome;
    const bool by_read = task->due.action == AGENDA_READ;
    *ret_command = command_to(task, COMMAND_record_outcome, task->due.post_id);
    ret_command->record_outcome = (struct record_outcome_command){
        .post_id = task->due.post_id,
        .target_id = task->due.target_id,
        .attempt_id = by_read ? task->due.attempt_id : task->job_id,
        .outcome = outcome->outcome,
        .by_read = by_read,
        .code = outcome->code,
        .message = outcome->message,
        .platform_code = outcome->platform_code,
        .platform_message = outcome->platform_message,
        .platform_id = outcome->platform_id,
        .revision = outcome->revision,
        .url = outcome->url,
        .published_ms = outcome->published_ms,
        .until_ms = outcome->until_ms,
        .jitter_permille = task->jitter,
        .keyless = channel != NULL && !channel->keyed,
    };
}

/* The account as the platform gave it or, where it said nothing new, as it was. */
static enum err fill_connection(struct dispatch *dispatch, const struct task *task, struct arena *arena,
                                struct command *ret_command)
{
    const struct job_outcome *outcome = task->outcome;
    struct record_connection_command record = {.integration_id = task->due.integration_id,
                                               .account = outcome->account,
                                               .handle = outcome->handle,
                                               .service = outcome->service,
                                               .vault_id = task->secret_id,
                                               .fingerprint = fingerprint_of(task),
                                               .token_expires_ms = outcome->token_expires_ms,
                                               .session_expires_ms = outcome->session_expires_ms};
    if (outcome->credentials.data == NULL) {
        struct dispatch_account account;
        TRY(dispatch->options.load.account(dispatch->options.load.context, &task->due, &task->job_id, arena, &account));
        record.vault_id = account.vault_id;
        record.fingerprint = account.fingerprint;
    }
    *ret_command = command_to(task, COMMAND_record_connection, task->due.integration_id);
    ret_command->record_connection = record;
    return OK;
}

/* Which integration is meant: people see ids, not what an account is called by its platform. */
static struct span name_holder(const struct task *task, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, HOLDER_SENTENCE_MAX);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : HOLDER_SENTENCE_MAX);
    buf_text(&out, "This account is connected already, as ");
    id_write(&out, &task->holder);
    buf_text(&out, ": reconnect that integration.");
    return buf_span(&out);
}

static void fill_refusal(const struct task *task, struct arena *arena, struct command *ret_command)
{
    const struct job_outcome *outcome = task->outcome;
    struct span code = outcome->code.data != NULL ? outcome->code : SPAN("platform_unavailable");
    struct span message =
        outcome->message.data != NULL ? outcome->message : SPAN("The platform gave no definite answer.");
    if (task->refusal != ACCEPTED) {
        const struct refusal_desc *desc = refusal_desc((enum refusal)task->refusal);
        code = span_text(desc->code);
        message = id_is_none(&task->holder) ? span_text(desc->title) : name_holder(task, arena);
    }
    *ret_command = command_to(task, COMMAND_refuse_connection, task->due.integration_id);
    ret_command->refuse_connection = (struct refuse_connection_command){
        .integration_id = task->due.integration_id, .code = code, .message = message};
}

static enum err fill_record(struct dispatch *dispatch, const struct task *task, struct arena *arena,
                            struct command *ret_command)
{
    if (task->due.action != AGENDA_CONNECT) {
        fill_outcome(dispatch, task, ret_command);
        return OK;
    }
    if (task->outcome->outcome == OUTCOME_ACCEPTED && task->refusal == ACCEPTED) {
        return fill_connection(dispatch, task, arena, ret_command);
    }
    fill_refusal(task, arena, ret_command);
    return OK;
}

static enum err fill_step(struct dispatch *dispatch, const struct task *task, struct arena *arena,
                          struct command *ret_command)
{
    const struct id integration_id = task->due.integration_id;
    if (task->steps & STEP_TOKENS) {
        *ret_command = command_to(task, COMMAND_record_tokens, integration_id);
        ret_command->record_tokens =
            (struct record_tokens_command){.integration_id = integration_id,
                                           .vault_id = task->secret_id,
                                           .fingerprint = fingerprint_of(task),
                                           .token_expires_ms = task->outcome->token_expires_ms,
                                           .session_expires_ms = task->outcome->session_expires_ms,
                                           .from_vault_id = task->outcome->vault_id};
        return OK;
    }
    if (task->steps & STEP_DISCONNECT) {
        const struct job_outcome *outcome = task->outcome;
        *ret_command = command_to(task, COMMAND_disconnect_integration, integration_id);
        ret_command->disconnect_integration = (struct disconnect_integration_command){
            .integration_id = integration_id,
            .code = outcome->code.data != NULL ? outcome->code : SPAN("credentials_refused"),
            .message = outcome->message,
            .from_vault_id = outcome->vault_id};
        return OK;
    }
    return fill_record(dispatch, task, arena, ret_command);
}

static enum err fill(struct dispatch *dispatch, uint32_t index, int64_t now_ms, struct arena *arena,
                     struct command *ret_command)
{
    struct task *task = task_at(dispatch, index);
    if (id_is_none(&task->command_id)) {
        task->command_id = dispatch_mint(dispatch, ID_COMMAND, now_ms);
    }
    if (task->steps != 0) {
        return fill_step(dispatch, task, arena, ret_command);
    }
    switch (task->due.action) {
    case AGENDA_START:
        return fill_start(dispatch, task, arena, ret_command);
    case AGENDA_LOCK:
        return fill_lock(dispatch, task, now_ms, arena, ret_command);
    case AGENDA_REMIND:
        *ret_command = command_to(task, COMMAND_remind_approval, task->due.post_id);
        ret_command->remind_approval.post_id = task->due.post_id;
        return OK;
    case AGENDA_MISS:
        return fill_miss(task, arena, ret_command);
    case AGENDA_FACTS:
    case AGENDA_READ:
    case AGENDA_LOST:
    case AGENDA_CONNECT:
    case AGENDA_REFRESH:
        break;
    }
    ASSERT(false);
    return ERR_NOT_FOUND;
}

/* Starts first, for they are awaited by the second; but among eight of them one outcome. */
static uint32_t take_next(struct dispatch *dispatch)
{
    dispatch->turn++;
    struct queue *queues[] = {&dispatch->starts, &dispatch->urgent, &dispatch->commands};
    if (dispatch->turn % OUTCOME_EVERY == 0) {
        queues[0] = &dispatch->urgent;
        queues[1] = &dispatch->starts;
    }
    uint32_t index = 0;
    for (size_t i = 0; i < sizeof queues / sizeof *queues && index == 0; i++) {
        index = dispatch_queue_take(dispatch, queues[i]);
    }
    return index;
}

bool dispatch_command(struct dispatch *dispatch, int64_t now_ms, struct arena *arena, struct command *ret_command,
                      uint32_t *ret_ticket)
{
    while (now_ms >= dispatch->ledger_again_ms) {
        const uint32_t index = take_next(dispatch);
        if (index == 0) {
            return false;
        }
        const struct arena_mark mark = arena_mark(arena);
        const enum err err = fill(dispatch, index, now_ms, arena, ret_command);
        if (err == OK) {
            dispatch_go(dispatch, index, TASK_ANSWER, now_ms, 0);
            *ret_ticket = index;
            return true;
        }
        arena_rewind(arena, mark); /* what one leaves must not be what the next one lacks */
        if (err != ERR_NOT_FOUND) {
            dispatch->unfilled.times++;
            dispatch->unfilled.err = err;
            dispatch->unfilled.post_id = task_at(dispatch, index)->due.post_id;
        }
        const int64_t again_ms = now_ms + (err == ERR_NOT_FOUND ? VIEW_LAG_MS : REFUSED_AGAIN_MS);
        if (task_at(dispatch, index)->steps != 0) {
            dispatch_go(dispatch, index, TASK_COMMAND, now_ms, now_ms + REFUSED_AGAIN_MS);
        } else {
            dispatch_give_back(dispatch, index, again_ms);
        }
    }
    return false;
}

/* --- what was answered --- */

/* When an action that the ledger refused may be asked for again; by then the event that explains the refusal is usually
 * here. */
static int64_t again_after(int64_t now_ms, const struct answer *answer)
{
    switch (answer->refusal) {
    case REFUSED_version_mismatch:
    case REFUSED_target_unrendered:
        return now_ms + VIEW_LAG_MS;
    case REFUSED_attempt_early:
    case REFUSED_lock_too_early:
        return answer->hint_ms > now_ms + VIEW_LAG_MS ? answer->hint_ms : now_ms + VIEW_LAG_MS;
    case REFUSED_fence_stale:
    case REFUSED_lateness_exceeded:
    case REFUSED_not_late:
    case REFUSED_approval_missing:
    case REFUSED_clock_suspect:
    case REFUSED_starts_suspended:
    case REFUSED_workspace_paused:
    case REFUSED_integration_paused:
    case REFUSED_queue_paused:
    case REFUSED_integration_disconnected:
    case REFUSED_integration_connecting:
        return now_ms + HELD_AGAIN_MS;
    default:
        return now_ms + REFUSED_AGAIN_MS;
    }
}

static void started(struct dispatch *dispatch, int64_t now_ms, uint32_t index, const struct answer *answer)
{
    struct task *task = task_at(dispatch, index);
    const int64_t late_ms = answer->time_ms - task->due.due_ms;
    dispatch->figures.starts++;
    if (late_ms > dispatch->figures.start_late_max_ms) {
        dispatch->figures.start_late_max_ms = late_ms;
    }
    task->started_ms = answer->time_ms;
    task->deadline_ms = answer->time_ms + ATTEMPT_DEADLINE_MS;
    task->due.cause = answer->seq; /* its attempt_started: what the outcome answers */
    task->command_id = (struct id){0};
    task->tries = 0;
    dispatch_go(dispatch, index, TASK_JOB, now_ms, 0);
}

/* Nobody knows whether it was decided: the same command again; a lock is rendered afresh, a second one is refused. */
static void unanswered(struct dispatch *dispatch, int64_t now_ms, uint32_t index)
{
    struct task *task = task_at(dispatch, index);
    dispatch->figures.unanswered++;
    if (now_ms >= dispatch->ledger_again_ms) { /* else it was sent with one that had no answer either */
        dispatch->ledger_again_ms = now_ms + dispatch_backoff_ms(dispatch->ledger_failures);
        dispatch->ledger_failures = dispatch->ledger_failures < 8 ? (uint8_t)(dispatch->ledger_failures + 1) : 8;
    }
    if (MUTANT(1) && task->due.action == AGENDA_START && task->steps == 0) {
        const struct answer hoped = {.time_ms = now_ms};
        started(dispatch, now_ms, index, &hoped);
    } else if (task->due.action == AGENDA_LOCK) {
        dispatch_give_back(dispatch, index, dispatch->ledger_again_ms);
    } else {
        dispatch_go(dispatch, index, TASK_COMMAND, now_ms, dispatch->ledger_again_ms);
    }
}

/* May the same command be accepted later although nothing of ours changes? */
static bool is_passing(uint32_t refusal)
{
    return refusal == REFUSED_storage_full || refusal == REFUSED_unavailable || refusal == REFUSED_clock_suspect ||
           refusal == REFUSED_starts_suspended;
}

static void step_answered(struct dispatch *dispatch, int64_t now_ms, uint32_t index, const struct answer *answer)
{
    struct task *task = task_at(dispatch, index);
    if (answer->refusal != ACCEPTED && is_passing(answer->refusal)) {
        task->tries = task->tries < 8 ? (uint8_t)(task->tries + 1) : 8;
        task->command_id = (struct id){0}; /* a refusal is decided afresh */
        dispatch_go(dispatch, index, TASK_COMMAND, now_ms, now_ms + dispatch_backoff_ms(task->tries));
        return;
    }
    const bool recorded = (task->steps & (STEP_TOKENS | STEP_DISCONNECT)) == 0;
    if (recorded && answer->refusal != ACCEPTED && task->due.action == AGENDA_CONNECT && task->refusal == ACCEPTED &&
        task->outcome->outcome == OUTCOME_ACCEPTED) {
        task->holder = answer->detail[0];
        task->refusal = answer->refusal; /* not the account that it should be: the connection is refused */
        task->command_id = (struct id){0};
        dispatch_go(dispatch, index, TASK_COMMAND, now_ms, 0);
        return;
    }
    if (recorded && answer->refusal == ACCEPTED) {
        dispatch->figures.outcomes++;
    } else if (recorded) {
        dispatch->figures.dropped++;
    }
    const bool had_effect = answer->refusal == ACCEPTED && answer->events > 0;
    const bool awaited = recorded ? task->due.action == AGENDA_READ || task->due.action == AGENDA_LOST
                                  : task->due.action == AGENDA_REFRESH && (task->steps & STEP_TOKENS) != 0;
    if (awaited && !had_effect && !task->foreign) {
        agenda_failed(dispatch->agenda, &task->due,
                      again_after(now_ms, answer)); /* no event will take it off the agenda */
    }
    dispatch_next_step(dispatch, now_ms, index);
}

void dispatch_answered(struct dispatch *dispatch, int64_t now_ms, uint32_t ticket, enum err err,
                       const struct answer *answer)
{
    const struct task *task = task_at(dispatch, ticket);
    ASSERT(task->stage == TASK_ANSWER);
    if (err != OK) {
        unanswered(dispatch, now_ms, ticket);
        return;
    }
    dispatch->ledger_failures = 0;
    dispatch->figures.refusals += answer->refusal != ACCEPTED;
    if (task->steps != 0) {
        step_answered(dispatch, now_ms, ticket, answer);
        return;
    }
    if (answer->refusal != ACCEPTED) {
        dispatch_give_back(dispatch, ticket, again_after(now_ms, answer));
        return;
    }
    if (task->due.action == AGENDA_START) {
        started(dispatch, now_ms, ticket, answer);
        return;
    }
    if (task->due.action == AGENDA_LOCK) {
        dispatch_forget_facts(dispatch, &task->due.post_id);
    }
    if (answer->events == 0) {
        dispatch_give_back(dispatch, ticket, now_ms + REFUSED_AGAIN_MS);
        return;
    }
    dispatch_task_remove(dispatch, ticket); /* its event takes it off the agenda */
}
