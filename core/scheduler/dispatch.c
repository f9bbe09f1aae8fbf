/* dispatch.c: the tasks: how they come from the agenda, wait in queues, time out and end. Called by main.c and the
 * simulation. Must never wait, send, or ask for the time. */
#include "core/scheduler/dispatch.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/scheduler/dispatch_state.h"

#define DUE_MAX 512
#define LATE_OUTCOME_MS 5000 /* an adapter may report so long after a job's deadline */
#define ARENA_MAX ((size_t)64 << 20)
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 2000

static void moved(void *context, uint32_t ref, uint32_t place)
{
    struct dispatch *dispatch = context;
    task_at(dispatch, ref)->place = place;
}

enum err dispatch_new(const struct dispatch_options *options, struct dispatch **ret_dispatch)
{
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (dispatch == NULL) {
        return ERR_NO_MEMORY;
    }
    dispatch->options = *options;
    dispatch->agenda = options->agenda;
    pool_init(&dispatch->tasks, sizeof(struct task));
    pool_init(&dispatch->facts, sizeof(struct fact_item));
    pool_init(&dispatch->asking, sizeof(struct asking_item));
    pool_init(&dispatch->numbers, sizeof(struct number_item));
    timers_init(&dispatch->timers, moved, dispatch);
    arena_init(&dispatch->arena, ARENA_MAX);
    dispatch->due = calloc(DUE_MAX, sizeof *dispatch->due);
    if (dispatch->due == NULL) {
        dispatch_free(dispatch);
        return ERR_NO_MEMORY;
    }
    *ret_dispatch = dispatch;
    return OK;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    for (uint32_t i = pool_next(&dispatch->tasks, 0); i != 0; i = pool_next(&dispatch->tasks, i)) {
        free(task_at(dispatch, i)->outcome);
    }
    for (uint32_t i = pool_next(&dispatch->facts, 0); i != 0; i = pool_next(&dispatch->facts, i)) {
        free(((struct fact_item *)pool_at(&dispatch->facts, i))->json);
    }
    for (uint32_t i = 0; i < CHANNEL_COUNT; i++) {
        free(dispatch->done[i].ids);
    }
    pool_done(&dispatch->tasks);
    pool_done(&dispatch->facts);
    pool_done(&dispatch->asking);
    pool_done(&dispatch->numbers);
    timers_done(&dispatch->timers);
    arena_done(&dispatch->arena);
    free(dispatch->due);
    free(dispatch);
}

struct id dispatch_mint(struct dispatch *dispatch, enum id_kind kind, int64_t now_ms)
{
    uint8_t randomness[10];
    dispatch->options.random(dispatch->options.random_context, randomness, sizeof randomness);
    return id_make(kind, now_ms, randomness);
}

int64_t dispatch_backoff_ms(uint32_t failures)
{
    const int64_t wait_ms = (int64_t)BACKOFF_FIRST_MS << (failures < 8 ? failures : 8);
    return wait_ms < BACKOFF_MOST_MS ? wait_ms : BACKOFF_MOST_MS;
}

/* --- queues --- */

/* The queue that a task stands in, or NULL. */
static struct queue *queue_of(struct dispatch *dispatch, const struct task *task)
{
    switch ((enum task_stage)task->stage) {
    case TASK_COMMAND:
        return task->due.action == AGENDA_LOCK || task->due.action == AGENDA_MISS || task->due.action == AGENDA_REMIND
                   ? &dispatch->commands
                   : &dispatch->urgent;
    case TASK_SEAL:
        return &dispatch->secrets;
    case TASK_JOB:
        return &dispatch->jobs[task->due.channel];
    case TASK_ANSWER:
    case TASK_SEALING:
    case TASK_OUT:
    case TASK_PAUSE:
        break;
    }
    return NULL;
}

static void queue_put(struct dispatch *dispatch, struct queue *queue, uint32_t index)
{
    struct task *task = task_at(dispatch, index);
    task->queue_next = 0;
    task->queue_prev = queue->last;
    if (queue->last != 0) {
        task_at(dispatch, queue->last)->queue_next = index;
    } else {
        queue->first = index;
    }
    queue->last = index;
    queue->count++;
}

static void queue_remove(struct dispatch *dispatch, struct queue *queue, uint32_t index)
{
    struct task *task = task_at(dispatch, index);
    if (task->queue_prev != 0) {
        task_at(dispatch, task->queue_prev)->queue_next = task->queue_next;
    } else {
        queue->first = task->queue_next;
    }
    if (task->queue_next != 0) {
        task_at(dispatch, task->queue_next)->queue_prev = task->queue_prev;
    } else {
        queue->last = task->queue_prev;
    }
    queue->count--;
}

uint32_t dispatch_queue_take(struct dispatch *dispatch, struct queue *queue)
{
    const uint32_t index = queue->first;
    if (index != 0) {
        queue_remove(dispatch, queue, index);
        task_at(dispatch, index)->stage = 0;
    }
    return index;
}

/* --- tasks --- */

enum err dispatch_task_add(struct dispatch *dispatch, const struct agenda_due *due, const struct id *job_id,
                           uint32_t *ret_task)
{
    TRY(pool_reserve(&dispatch->tasks, 1));
    TRY(timers_reserve(&dispatch->timers, dispatch->tasks.used + 2));
    ASSERT(due->channel < CHANNEL_COUNT);
    const uint32_t index = pool_add(&dispatch->tasks, job_id);
    struct task *task = task_at(dispatch, index);
    task->due = *due;
    task->job_id = *job_id;
    *ret_task = index;
    return OK;
}

static bool is_for_ledger(enum task_stage stage)
{
    return stage == TASK_COMMAND || stage == TASK_ANSWER;
}

static void count_starting(struct dispatch *dispatch, struct task *task, bool starts)
{
    if (starts != task->starting) {
        task->starting = starts;
        dispatch->starting = starts ? dispatch->starting + 1 : dispatch->starting - 1;
    }
}

static void count_waiting(struct dispatch *dispatch, struct task *task, bool counts)
{
    if (counts != task->counted) {
        task->counted = counts;
        dispatch->waiting = counts ? dispatch->waiting + 1 : dispatch->waiting - 1;
    }
}

static void count_with_adapter(struct dispatch *dispatch, struct task *task, bool is_there)
{
    if (is_there != task->with_adapter) {
        task->with_adapter = is_there;
        uint32_t *count = &dispatch->with_adapter[task->due.channel];
        *count = is_there ? *count + 1 : *count - 1;
    }
}

static void leave(struct dispatch *dispatch, uint32_t index)
{
    struct task *task = task_at(dispatch, index);
    struct queue *queue = queue_of(dispatch, task);
    if (queue != NULL) {
        queue_remove(dispatch, queue, index);
    }
    task->stage = 0;
}

void dispatch_timer(struct dispatch *dispatch, uint32_t index, int64_t at_ms)
{
    timers_set(&dispatch->timers, index, task_at(dispatch, index)->place, at_ms);
}

void dispatch_go(struct dispatch *dispatch, uint32_t index, enum task_stage stage, int64_t now_ms, int64_t again_ms)
{
    leave(dispatch, index);
    struct task *task = task_at(dispatch, index);
    count_waiting(dispatch, task, is_for_ledger(stage));
    count_starting(dispatch, task, is_for_ledger(stage) && task->due.action == AGENDA_START && task->steps == 0);
    if (again_ms > now_ms) {
        task->stage = TASK_PAUSE;
        task->resume = (uint8_t)stage;
        dispatch_timer(dispatch, index, again_ms);
        return;
    }
    if (stage == TASK_OUT || stage == TASK_JOB) {
        count_with_adapter(dispatch, task, stage == TASK_OUT);
    }
    task->stage = (uint8_t)stage;
    struct queue *queue = queue_of(dispatch, task);
    if (queue != NULL) {
        queue_put(dispatch, queue, index);
    }
    int64_t until_ms = TIMERS_NEVER;
    if (stage == TASK_JOB) {
        until_ms = task->due.action == AGENDA_START ? task->started_ms + DISPATCH_HANDOVER_MS : task->deadline_ms;
    } else if (stage == TASK_OUT && task->due.action != AGENDA_START) {
        until_ms = task->deadline_ms + LATE_OUTCOME_MS; /* a commit's end is the agenda's LOST */
    }
    dispatch_timer(dispatch, index, until_ms);
}

void dispatch_task_remove(struct dispatch *dispatch, uint32_t index)
{
    leave(dispatch, index);
    struct task *task = task_at(dispatch, index);
    count_waiting(dispatch, task, false);
    count_starting(dispatch, task, false);
    count_with_adapter(dispatch, task, false);
    dispatch_timer(dispatch, index, TIMERS_NEVER);
    free(task->outcome);
    pool_remove(&dispatch->tasks, index);
}

void dispatch_give_back(struct dispatch *dispatch, uint32_t index, int64_t again_ms)
{
    const struct task *task = task_at(dispatch, index);
    if (!task->foreign) {
        agenda_failed(dispatch->agenda, &task->due, again_ms);
    }
    dispatch_task_remove(dispatch, index);
}

void dispatch_acknowledge(struct dispatch *dispatch, uint32_t channel, const struct id *job_id)
{
    struct done_list *done = &dispatch->done[channel];
    if (done->ids == NULL) {
        done->ids = calloc(DISPATCH_DONE_MAX, sizeof *done->ids);
    }
    if (done->ids != NULL &&
        done->count < DISPATCH_DONE_MAX) { /* else it is reported, found recorded and acknowledged again */
        done->ids[done->count].target_id = *job_id;
        done->count++;
    }
}

/* --- events and time --- */

static enum err restore_post(struct dispatch *dispatch, const struct log_event *at)
{
    struct agenda_target *rows = NULL;
    uint32_t count = 0;
    arena_reset(&dispatch->arena);
    const enum err err = dispatch->options.load.open(dispatch->options.load.context, &at->stream, at->seq,
                                                     &dispatch->arena, &rows, &count);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    for (uint32_t i = 0; i < count; i++) {
        TRY(agenda_restore(dispatch->agenda, &rows[i]));
    }
    return OK;
}

enum err dispatch_follow(struct dispatch *dispatch, const struct log_event *at, const struct event *event)
{
    const enum err err = agenda_apply(dispatch->agenda, at, event);
    return err == ERR_NOT_FOUND ? restore_post(dispatch, at) : err;
}

/* The attempt has no outcome and nobody will bring one. */
static enum err open_lost(struct dispatch *dispatch, int64_t now_ms, const struct agenda_due *due)
{
    uint32_t index = pool_find(&dispatch->tasks, &due->attempt_id);
    if (index == 0) {
        TRY(dispatch_task_add(dispatch, due, &due->attempt_id, &index));
    } else if (!dispatch_is_out(task_at(dispatch, index))) {
        return ERR_BUSY; /* it has an outcome after all, or its start has no answer yet */
    } else {
        task_at(dispatch, index)->due = *due;
    }
    const struct job_outcome unknown = {.job_id = due->attempt_id,
                                        .kind = SPAN("commit"),
                                        .outcome = OUTCOME_UNKNOWN,
                                        .code = SPAN("outcome_unknown"),
                                        .message = SPAN("No outcome came: the start was not followed to its end.")};
    return dispatch_set_outcome(dispatch, now_ms, index, &unknown);
}

static enum err open_job(struct dispatch *dispatch, int64_t now_ms, const struct agenda_due *due)
{
    const struct id job_id = dispatch_mint(dispatch, ID_REQUEST, now_ms);
    uint32_t index;
    TRY(dispatch_task_add(dispatch, due, &job_id, &index));
    task_at(dispatch, index)->deadline_ms = now_ms + DISPATCH_JOB_MS;
    dispatch_go(dispatch, index, TASK_JOB, now_ms, 0);
    return OK;
}

static enum err open_command(struct dispatch *dispatch, int64_t now_ms, const struct agenda_due *due)
{
    const enum id_kind kind = due->action == AGENDA_START ? ID_ATTEMPT : ID_REQUEST;
    const struct id job_id = dispatch_mint(dispatch, kind, now_ms);
    uint32_t index;
    TRY(dispatch_task_add(dispatch, due, &job_id, &index));
    dispatch_go(dispatch, index, TASK_COMMAND, now_ms, 0);
    return OK;
}

static enum err open_task(struct dispatch *dispatch, int64_t now_ms, const struct agenda_due *due)
{
    switch (due->action) {
    case AGENDA_FACTS:
        return dispatch_ask_facts(dispatch, now_ms, due);
    case AGENDA_LOCK:
    case AGENDA_REMIND:
    case AGENDA_START:
    case AGENDA_MISS:
        return open_command(dispatch, now_ms, due);
    case AGENDA_LOST:
        return open_lost(dispatch, now_ms, due);
    case AGENDA_READ:
    case AGENDA_CONNECT:
    case AGENDA_REFRESH:
        return open_job(dispatch, now_ms, due);
    }
    return OK;
}

/* A task's time in its stage is over. */
static enum err expire(struct dispatch *dispatch, int64_t now_ms, uint32_t index)
{
    struct task *task = task_at(dispatch, index);
    if (task->stage == TASK_PAUSE) {
        dispatch_go(dispatch, index, task->resume, now_ms, 0);
        return OK;
    }
    if (task->stage == TASK_JOB && task->due.action == AGENDA_START) {
        const struct job_outcome never_sent = {
            .job_id = task->job_id,
            .kind = SPAN("commit"),
            .outcome = OUTCOME_TRY_AGAIN,
            .code = SPAN("platform_unreachable"),
            .message = SPAN(
                "The channel's adapter did not take the job, or nothing names the part before it; nothing was sent.")};
        return dispatch_set_outcome(dispatch, now_ms, index, &never_sent);
    }
    if (task->due.action == AGENDA_FACTS) {
        dispatch_fact(dispatch, &task->due, (struct span){0});
        dispatch_task_remove(dispatch, index);
        return OK;
    }
    dispatch_give_back(dispatch, index, now_ms + BACKOFF_MOST_MS);
    return OK;
}

static enum err expire_all(struct dispatch *dispatch, int64_t now_ms)
{
    const struct timer *first = timers_first(&dispatch->timers);
    while (first != NULL && first->at_ms <= now_ms) {
        const uint32_t index = first->ref;
        dispatch_timer(dispatch, index, TIMERS_NEVER);
        const enum err err = expire(dispatch, now_ms, index);
        if (err != OK) {
            dispatch_timer(dispatch, index, now_ms + BACKOFF_MOST_MS);
            return err;
        }
        first = timers_first(&dispatch->timers);
    }
    return OK;
}

/* --- the end --- */

static bool is_before(const struct task *task, enum task_stage stage)
{
    return task->stage == stage || (task->stage == TASK_PAUSE && task->resume == stage);
}

/* Gives up a task that is not begun, or of which nothing but a look would be lost; others go on. */
static enum err wind_up_task(struct dispatch *dispatch, int64_t now_ms, uint32_t index)
{
    const struct task *task = task_at(dispatch, index);
    const enum agenda_action action = task->due.action;
    if (task->steps != 0) {
        return OK; /* an outcome on its way to the log */
    }
    if (action == AGENDA_START && is_before(task, TASK_JOB)) {
        const struct job_outcome put_off = {
            .job_id = task->job_id,
            .kind = SPAN("commit"),
            .outcome = OUTCOME_DEFERRED,
            .code = SPAN("platform_unreachable"),
            .message = SPAN("The service was told to stop before it was sent; nothing was sent."),
            .until_ms = now_ms};
        return dispatch_set_outcome(dispatch, now_ms, index, &put_off);
    }
    const bool is_look = action == AGENDA_FACTS || action == AGENDA_READ;
    const bool is_unasked = is_before(task, TASK_COMMAND) && id_is_none(&task->command_id); /* else it may be decided */
    if (is_look || is_unasked || is_before(task, TASK_JOB)) {
        dispatch_task_remove(dispatch, index);
    }
    return OK;
}

static enum err wind_up(struct dispatch *dispatch, int64_t now_ms)
{
    for (uint32_t i = pool_next(&dispatch->tasks, 0); i != 0; i = pool_next(&dispatch->tasks, i)) {
        TRY(wind_up_task(dispatch, now_ms, i));
    }
    return OK;
}

void dispatch_stop(struct dispatch *dispatch)
{
    dispatch->stopping = true;
}

bool dispatch_is_idle(const struct dispatch *dispatch)
{
    bool idle = dispatch->tasks.used == 0;
    for (uint32_t i = 0; i < CHANNEL_COUNT; i++) {
        idle = idle && dispatch->done[i].count == 0;
    }
    return idle;
}

/* --- time --- */

enum err dispatch_tick(struct dispatch *dispatch, int64_t now_ms, int64_t *ret_wake_ms)
{
    TRY(expire_all(dispatch, now_ms));
    int64_t wake_ms = dispatch->ledger_again_ms;
    if (dispatch->stopping) {
        TRY(wind_up(dispatch, now_ms));
        wake_ms = now_ms < wake_ms ? wake_ms : TIMERS_NEVER;
    } else if (now_ms >= dispatch->ledger_again_ms && dispatch->waiting < DISPATCH_COMMANDS_MAX) {
        uint32_t count = 0;
        do { /* again while something came: what was settled on the spot (facts that nobody needs) makes the next due */
            const uint32_t waiting =
                dispatch->waiting < DISPATCH_COMMANDS_MAX ? dispatch->waiting : DISPATCH_COMMANDS_MAX;
            const uint32_t room = DISPATCH_COMMANDS_MAX - waiting;
            agenda_next(dispatch->agenda, now_ms, room < DUE_MAX ? room : DUE_MAX, dispatch->due, &count, &wake_ms);
            for (uint32_t i = 0; i < count; i++) {
                if (open_task(dispatch, now_ms, &dispatch->due[i]) != OK) {
                    agenda_failed(dispatch->agenda, &dispatch->due[i], now_ms + BACKOFF_MOST_MS);
                }
            }
        } while (count > 0 && dispatch->waiting < DISPATCH_COMMANDS_MAX);
    } else if (now_ms >= dispatch->ledger_again_ms) {
        wake_ms = TIMERS_NEVER; /* the next answer makes room */
    }
    const struct timer *first = timers_first(&dispatch->timers);
    *ret_wake_ms = first != NULL && first->at_ms < wake_ms ? first->at_ms : wake_ms;
    return OK;
}

bool dispatch_is_out(const struct task *task)
{
    return task->steps == 0 && (task->stage == TASK_JOB || task->stage == TASK_OUT ||
                                (task->stage == TASK_PAUSE && task->resume == TASK_JOB));
}

bool dispatch_is_busy_starting(const struct dispatch *dispatch)
{
    return dispatch->starting >= DISPATCH_STARTS_BUSY;
}

bool dispatch_has_jobs(const struct dispatch *dispatch, enum channel_code channel)
{
    const bool has_room = dispatch->with_adapter[channel] < DISPATCH_OUT_MAX;
    return (has_room && dispatch->jobs[channel].count > 0) || dispatch->done[channel].count > 0;
}

bool dispatch_has_out(const struct dispatch *dispatch, enum channel_code channel)
{
    return dispatch->with_adapter[channel] > 0;
}

void dispatch_figures(struct dispatch *dispatch, struct dispatch_figures *ret_figures)
{
    *ret_figures = dispatch->figures;
    ret_figures->tasks = dispatch->tasks.used;
    dispatch->figures.start_late_max_ms = 0;
}

struct dispatch_unfilled dispatch_unfilled(const struct dispatch *dispatch)
{
    return dispatch->unfilled;
}
