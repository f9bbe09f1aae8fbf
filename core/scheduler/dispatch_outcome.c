/* dispatch_outcome.c: jobs to adapters, what comes back, and the steps that make an outcome durable. Called by main.c
 * and the simulation through dispatch.h. Must never hand a commit to an adapter twice, nor acknowledge an outcome that
 * the ledger has not answered. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/scheduler/dispatch_state.h"

#define LOAD_AGAIN_MS 500
#define CONNECT_AGAIN_MS 30000
#define CONNECT_PASSING_MS 10000 /* the first wait after a failure that passes */

/* --- jobs out --- */

/* A later part needs what the first part and the one before were given; it is not sent without. It is read without: its
 * key alone tells that it is absent, and a person's word that a part is live does not say what names it. */
static enum err fill_parents(const struct task *task, const struct dispatch_payload *payload, struct job *job)
{
    if (task->due.part == 0) {
        return OK;
    }
    bool has_root = false;
    bool has_parent = false;
    for (uint32_t i = 0; i < payload->live_count; i++) {
        const struct dispatch_live *live = &payload->live[i];
        if (live->platform_id.data == NULL) {
            continue; /* live by a person's word */
        }
        if (live->part == 0) {
            job->root_id = live->platform_id;
            job->root_revision = live->revision;
            has_root = true;
        }
        if (live->part + 1 == task->due.part) {
            job->parent_id = live->platform_id;
            job->parent_revision = live->revision;
            has_parent = true;
        }
    }
    const bool goes = (has_root && has_parent) || task->due.action == AGENDA_READ;
    return goes ? OK : ERR_BUSY; /* the read model may be a moment behind */
}

static enum err fill_part(struct dispatch *dispatch, const struct task *task, struct arena *arena, struct job *job)
{
    struct dispatch_payload payload;
    const enum err err = dispatch->options.load.payload(dispatch->options.load.context, &task->due.post_id,
                                                        &task->due.target_id, arena, &payload);
    if (err == ERR_NOT_FOUND || (err == OK && task->due.part >= payload.part_count)) {
        return ERR_BUSY;
    }
    TRY(err);
    const struct locked_part *part = &payload.parts[task->due.part];
    job->key = part->key;
    job->payload = part->payload;
    job->prepared = payload.prepared;
    job->started_ms = task->due.action == AGENDA_READ ? task->due.started_ms : task->started_ms;
    if (MUTANT(2) && task->due.action == AGENDA_START && task->due.part == 0 && !id_is_none(&task->due.attempt_id)) {
        job->key = (struct span){0}; /* not the first attempt at the part: under a key that the platform chooses */
    }
    return fill_parents(task, &payload, job);
}

static const char *kind_of(enum agenda_action action)
{
    switch (action) {
    case AGENDA_START:
        return "commit";
    case AGENDA_READ:
        return "read";
    case AGENDA_CONNECT:
        return "connect";
    case AGENDA_REFRESH:
        return "refresh";
    case AGENDA_FACTS:
        return "resolve";
    case AGENDA_LOCK:
    case AGENDA_REMIND:
    case AGENDA_LOST:
    case AGENDA_MISS:
        break;
    }
    ASSERT(false);
    return "";
}

static enum err fill_job(struct dispatch *dispatch, const struct task *task, struct arena *arena, struct job *ret_job)
{
    struct dispatch_account account;
    const enum agenda_action action = task->due.action;
    TRY(dispatch->options.load.account(dispatch->options.load.context, &task->due, &task->job_id, arena, &account));
    struct job job = {.job_id = task->job_id,
                      .kind = span_text(kind_of(action)),
                      .channel = task->due.channel,
                      .integration_id = task->due.integration_id,
                      .workspace_id = task->due.workspace_id,
                      .post_id = task->due.post_id,
                      .target_id = task->due.target_id,
                      .part = task->due.part,
                      .fence = task->due.fence,
                      .service = account.service,
                      .account = account.account,
                      .handle = action == AGENDA_CONNECT ? account.identifier : account.handle,
                      .credentials = account.credentials,
                      .deadline_ms = task->deadline_ms,
                      .vault_id = account.vault_id};
    if (action == AGENDA_START || action == AGENDA_READ) {
        TRY(fill_part(dispatch, task, arena, &job));
    } else if (action == AGENDA_FACTS) {
        const enum err err = dispatch_resolve_payload(dispatch, task, arena, &job.payload);
        TRY(err == ERR_NOT_FOUND ? ERR_BUSY : err);
    }
    *ret_job = job;
    return OK;
}

/* A job that cannot be made: without credentials that the vault gives, the account must be connected again; anything
 * else is tried again. */
static void unmade(struct dispatch *dispatch, int64_t now_ms, uint32_t index, enum err err)
{
    const struct task *task = task_at(dispatch, index);
    if (err == ERR_NOT_FOUND || err == ERR_AUTH) {
        const struct job_outcome none = {.job_id = task->job_id,
                                         .kind = span_text(kind_of(task->due.action)),
                                         .outcome = OUTCOME_UNAUTHORIZED,
                                         .code = SPAN("credentials_missing"),
                                         .message = SPAN("The vault does not hold the account's credentials, or its "
                                                         "master key is another; nothing was sent.")};
        if (dispatch_set_outcome(dispatch, now_ms, index, &none) == OK) {
            return;
        }
    }
    const int64_t until_ms =
        task->due.action == AGENDA_START ? task->started_ms + DISPATCH_HANDOVER_MS : task->deadline_ms;
    if (now_ms + LOAD_AGAIN_MS < until_ms) {
        dispatch_go(dispatch, index, TASK_JOB, now_ms, now_ms + LOAD_AGAIN_MS);
    } else {
        dispatch_go(dispatch, index, TASK_JOB, now_ms, 0); /* its time runs out there */
        dispatch_timer(dispatch, index, now_ms);
    }
}

enum err dispatch_jobs(struct dispatch *dispatch, int64_t now_ms, enum channel_code channel, uint32_t max,
                       struct arena *arena, struct job_batch *ret_batch)
{
    struct done_list *done = &dispatch->done[channel];
    const uint32_t there = dispatch->with_adapter[channel];
    const uint32_t free_slots = there < DISPATCH_OUT_MAX ? DISPATCH_OUT_MAX - there : 0;
    const uint32_t most = max < DISPATCH_JOBS_MAX ? max : DISPATCH_JOBS_MAX;
    const uint32_t room = most < free_slots ? most : free_slots;
    struct job *jobs = arena_alloc(arena, (room + 1) * sizeof *jobs);
    struct target_ref *ids = arena_alloc(arena, (done->count + 1) * sizeof *ids);
    if (jobs == NULL || ids == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t count = 0;
    uint32_t left = dispatch->jobs[channel].count; /* those that come back into the queue wait for the next batch */
    for (; left > 0 && count < room; left--) {
        const uint32_t index = dispatch_queue_take(dispatch, &dispatch->jobs[channel]);
        const enum err err = fill_job(dispatch, task_at(dispatch, index), arena, &jobs[count]);
        if (err == OK) {
            dispatch_go(dispatch, index, TASK_OUT, now_ms, 0);
            count++;
        } else {
            unmade(dispatch, now_ms, index, err);
        }
    }
    if (done->count > 0) {
        memcpy(ids, done->ids, done->count * sizeof *ids);
    }
    *ret_batch = (struct job_batch){.jobs = jobs, .jobs_count = count, .done = ids, .done_count = done->count};
    done->count = 0;
    return OK;
}

void dispatch_jobs_failed(struct dispatch *dispatch, int64_t now_ms, const struct job_batch *batch, bool never_left)
{
    for (uint32_t i = 0; i < batch->jobs_count; i++) {
        const uint32_t index = pool_find(&dispatch->tasks, &batch->jobs[i].job_id);
        if (index == 0 || task_at(dispatch, index)->stage != TASK_OUT) {
            continue;
        }
        /* A commit that may have arrived is never sent again: its outcome comes, or a reading tells. */
        if (task_at(dispatch, index)->due.action != AGENDA_START || never_left) {
            dispatch_go(dispatch, index, TASK_JOB, now_ms, never_left ? 0 : now_ms + LOAD_AGAIN_MS);
        }
    }
}

/* --- outcomes in --- */

/* Copies an outcome into one block, texts behind it. */
static struct job_outcome *outcome_copy(const struct job_outcome *outcome)
{
    const struct record_desc *desc = job_outcome_desc();
    size_t len = sizeof *outcome;
    for (size_t i = 0; i < desc->field_count; i++) {
        if (kind_max(desc->fields[i].kind) > 0) {
            len += ((const struct span *)(const void *)((const uint8_t *)outcome + desc->fields[i].offset))->len + 1;
        }
    }
    struct job_outcome *copy = malloc(len);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *outcome;
    uint8_t *end = (uint8_t *)(copy + 1);
    for (size_t i = 0; i < desc->field_count; i++) {
        if (kind_max(desc->fields[i].kind) > 0) {
            struct span *text = (struct span *)(void *)((uint8_t *)copy + desc->fields[i].offset);
            if (text->data != NULL) {
                memcpy(end, text->data, text->len);
                text->data = end;
                end += text->len + 1;
            }
        }
    }
    return copy;
}

/* When a connection that failed in passing is tried again: each wait is as long as all before it, unless the platform
 * named an instant. 0: not, for the platform's word was its last, or there is no time left; then it is refused. */
static int64_t connect_again_ms(const struct task *task, const struct job_outcome *outcome, int64_t now_ms)
{
    const bool passes = outcome->outcome == OUTCOME_DEFERRED || outcome->outcome == OUTCOME_TRY_AGAIN;
    if (task->due.action != AGENDA_CONNECT || !passes) {
        return 0;
    }
    if (task->foreign) {
        return now_ms; /* the agenda asks by itself */
    }
    const int64_t tried_ms = now_ms - (task->due.until_ms - CONNECT_WITHIN_MS);
    const int64_t wait_ms = tried_ms > CONNECT_PASSING_MS ? tried_ms : CONNECT_PASSING_MS;
    const int64_t named_ms = outcome->until_ms;
    const int64_t again_ms = named_ms > now_ms ? named_ms : now_ms + wait_ms * (800 + (int64_t)task->jitter) / 1000;
    return again_ms <= task->due.until_ms ? again_ms : 0;
}

static uint8_t steps_of(const struct task *task, const struct job_outcome *outcome)
{
    const enum agenda_action action = task->due.action;
    uint8_t steps = 0;
    if (task->again_ms != 0) {
        return steps;
    }
    if (outcome->credentials.data != NULL) {
        steps = action == AGENDA_CONNECT ? STEP_SEAL : STEP_SEAL | STEP_TOKENS;
    }
    if (action == AGENDA_REFRESH) {
        const bool over = outcome->outcome == OUTCOME_UNAUTHORIZED || outcome->outcome == OUTCOME_REFUSED;
        return over ? steps | STEP_DISCONNECT : steps;
    }
    if (action == AGENDA_FACTS) {
        return steps;
    }
    if (action == AGENDA_START && outcome->outcome == OUTCOME_UNAUTHORIZED) {
        steps |= STEP_DISCONNECT;
    }
    return steps | STEP_RECORD;
}

/* Goes on with the first step that is left. */
static void go_step(struct dispatch *dispatch, int64_t now_ms, uint32_t index)
{
    struct task *task = task_at(dispatch, index);
    task->command_id = (struct id){0};
    task->tries = 0;
    if (task->steps != 0) {
        dispatch_go(dispatch, index, task->steps & STEP_SEAL ? TASK_SEAL : TASK_COMMAND, now_ms, 0);
        return;
    }
    if (task->acknowledge) {
        dispatch_acknowledge(dispatch, task->due.channel, &task->job_id);
    }
    if (task->due.action == AGENDA_REFRESH && task->outcome->credentials.data == NULL) {
        const int64_t again_ms =
            now_ms + CONNECT_AGAIN_MS; /* no new tokens: once more, unless it is disconnected now */
        const int64_t until_ms = task->outcome->until_ms;
        dispatch_give_back(dispatch, index, until_ms > again_ms ? until_ms : again_ms);
    } else if (task->again_ms != 0) {
        dispatch_give_back(dispatch, index, task->again_ms);
    } else {
        dispatch_task_remove(dispatch, index);
    }
}

void dispatch_next_step(struct dispatch *dispatch, int64_t now_ms, uint32_t index)
{
    struct task *task = task_at(dispatch, index);
    task->steps &= (uint8_t)(task->steps - 1); /* the lowest bit is the step that was taken */
    go_step(dispatch, now_ms, index);
}

enum err dispatch_set_outcome(struct dispatch *dispatch, int64_t now_ms, uint32_t index,
                              const struct job_outcome *outcome)
{
    struct task *task = task_at(dispatch, index);
    struct job_outcome *copy = outcome_copy(outcome);
    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    free(task->outcome);
    task->outcome = copy;
    uint8_t dice[2];
    dispatch->options.random(dispatch->options.random_context, dice, sizeof dice);
    task->jitter = (uint32_t)(dice[0] << 8 | dice[1]) % 401;
    task->again_ms = connect_again_ms(task, outcome, now_ms);
    task->steps = steps_of(task, outcome);
    if (task->due.action == AGENDA_FACTS) {
        dispatch_fact(dispatch, &task->due, outcome->outcome == OUTCOME_ACCEPTED ? outcome->result : (struct span){0});
    }
    go_step(dispatch, now_ms, index);
    return OK;
}

/* An outcome of a job that this process did not send: it was restarted, or had given the job up, or a job of its own
 * was given a pair that must be stored before it goes on. What was committed, connected or refreshed must be recorded
 * all the same. */
static enum err take_foreign(struct dispatch *dispatch, int64_t now_ms, enum channel_code channel,
                             const struct job_outcome *outcome)
{
    struct agenda_due due = {.channel = channel,
                             .workspace_id = outcome->workspace_id,
                             .post_id = outcome->post_id,
                             .target_id = outcome->target_id,
                             .integration_id = outcome->integration_id};
    const bool is_commit = span_equal(outcome->kind, SPAN("commit"));
    if (is_commit && !id_is_none(&due.post_id) && !id_is_none(&due.target_id) && !MUTANT(5)) {
        due.action = AGENDA_START;
    } else if (span_equal(outcome->kind, SPAN("connect")) && !id_is_none(&due.integration_id)) {
        due.action = AGENDA_CONNECT;
    } else if (outcome->credentials.data != NULL && !id_is_none(&due.integration_id)) {
        due.action = AGENDA_REFRESH; /* whatever it was, these tokens are the ones that work now */
    } else {
        dispatch->figures.dropped += is_commit;
        dispatch_acknowledge(dispatch, channel, &outcome->job_id);
        return OK;
    }
    due.cause = agenda_cause(dispatch->agenda, &due);
    uint32_t index;
    TRY(dispatch_task_add(dispatch, &due, &outcome->job_id, &index));
    task_at(dispatch, index)->foreign = true;
    task_at(dispatch, index)->acknowledge = true;
    return dispatch_set_outcome(dispatch, now_ms, index, outcome);
}

enum err dispatch_outcome(struct dispatch *dispatch, int64_t now_ms, enum channel_code channel,
                          const struct job_outcome *outcome)
{
    const uint32_t index = pool_find(&dispatch->tasks, &outcome->job_id);
    if (index == 0) {
        return take_foreign(dispatch, now_ms, channel, outcome);
    }
    if (!dispatch_is_out(task_at(dispatch, index))) {
        return OK; /* another one is on its way to the ledger: this one is reported again, and judged then */
    }
    task_at(dispatch, index)->acknowledge = true;
    return dispatch_set_outcome(dispatch, now_ms, index, outcome);
}

enum err dispatch_adapter_gone(struct dispatch *dispatch, int64_t now_ms, enum channel_code channel)
{
    for (uint32_t i = pool_next(&dispatch->tasks, 0); i != 0; i = pool_next(&dispatch->tasks, i)) {
        struct task *task = task_at(dispatch, i);
        if (task->stage != TASK_OUT || task->due.channel != (uint32_t)channel) {
            continue;
        }
        if (task->due.action != AGENDA_START) {
            dispatch_go(dispatch, i, TASK_JOB, now_ms, now_ms + LOAD_AGAIN_MS);
            continue;
        }
        const struct job_outcome unknown = {
            .job_id = task->job_id,
            .kind = SPAN("commit"),
            .outcome = OUTCOME_UNKNOWN,
            .code = SPAN("outcome_unknown"),
            .message = SPAN("The channel's adapter was restarted before it told the outcome.")};
        TRY(dispatch_set_outcome(dispatch, now_ms, i, &unknown));
    }
    return OK;
}

/* --- secrets --- */

bool dispatch_seal(struct dispatch *dispatch, int64_t now_ms, struct dispatch_secret *ret_secret, uint32_t *ret_ticket)
{
    const uint32_t index = dispatch_queue_take(dispatch, &dispatch->secrets);
    if (index == 0) {
        return false;
    }
    struct task *task = task_at(dispatch, index);
    if (id_is_none(&task->secret_id)) {
        task->secret_id = dispatch_mint(dispatch, ID_SECRET, now_ms);
    }
    *ret_secret = (struct dispatch_secret){.secret_id = task->secret_id,
                                           .integration_id = task->due.integration_id,
                                           .job_id = task->job_id,
                                           .channel = task->due.channel,
                                           .box = task->outcome->credentials};
    dispatch_go(dispatch, index, TASK_SEALING, now_ms, 0);
    *ret_ticket = index;
    return true;
}

void dispatch_sealed(struct dispatch *dispatch, int64_t now_ms, uint32_t ticket, enum err err, struct span fingerprint)
{
    struct task *task = task_at(dispatch, ticket);
    ASSERT(task->stage == TASK_SEALING);
    if (err == ERR_AUTH) {
        task->outcome->credentials = (struct span){0}; /* nobody can open it: without it */
        task->steps &= (uint8_t) ~(STEP_SEAL | STEP_TOKENS);
        task->steps |= STEP_SEAL; /* which dispatch_next_step takes off */
        dispatch->figures.dropped++;
        dispatch_next_step(dispatch, now_ms, ticket);
        return;
    }
    if (err != OK) {
        task->tries = task->tries < UINT8_MAX ? (uint8_t)(task->tries + 1) : UINT8_MAX;
        dispatch_go(dispatch, ticket, TASK_SEAL, now_ms, now_ms + dispatch_backoff_ms(task->tries));
        return;
    }
    task->fingerprint_len = (uint8_t)(fingerprint.len < FINGERPRINT_MAX ? fingerprint.len : FINGERPRINT_MAX);
    memcpy(task->fingerprint, fingerprint.data, task->fingerprint_len);
    dispatch_next_step(dispatch, now_ms, ticket);
}
