/* runner.c: jobs from batch to outcome. Each job has a slot and an arena of its own; a slot is queued (not begun), in
 * line (a commit whose account has enough of them under way), waiting (its request waits for its instant or for room in
 * the transport), asking (its request is under way), parked (it wants to exchange its account's credentials, which
 * another job of the account does, or has done without the new pair being stored yet), finished, or told (its outcome
 * was reported and is not acknowledged). A job that goes on with a pair that it was given is finished and told of that
 * first: an outcome of its own, a refresh's. Called from one thread; never sleeps, never asks for the time, never uses
 * a pair that nobody has stored. */
#include "adapters/runner.h"

#include "adapters/runner_state.h"
#include "core/base/assert.h"

static void list_add(struct runner_line *list, struct slot *slot)
{
    slot->next = NULL;
    slot->previous = list->last;
    if (list->last != NULL) {
        list->last->next = slot;
    } else {
        list->first = slot;
    }
    list->last = slot;
}

static void list_remove(struct runner_line *list, struct slot *slot)
{
    if (slot->previous != NULL) {
        slot->previous->next = slot->next;
    } else {
        list->first = slot->next;
    }
    if (slot->next != NULL) {
        slot->next->previous = slot->previous;
    } else {
        list->last = slot->previous;
    }
}

enum err runner_new(const struct runner_options *options, struct runner **ret_runner)
{
    struct arena arena;
    const size_t each = sizeof(struct slot) + sizeof(struct runner_account);
    arena_init(&arena, sizeof(struct runner) + each * RUNNER_JOBS_MAX + 65536);
    struct runner *runner = arena_alloc(&arena, sizeof *runner);
    struct slot *slots = arena_alloc(&arena, sizeof *slots * RUNNER_JOBS_MAX);
    struct runner_account *accounts = arena_alloc(&arena, sizeof *accounts * RUNNER_JOBS_MAX);
    if (runner == NULL || slots == NULL || accounts == NULL) {
        arena_done(&arena);
        return ERR_NO_MEMORY;
    }
    *runner = (struct runner){.arena = arena, .options = *options, .slots = slots, .free_count = RUNNER_JOBS_MAX};
    for (uint32_t i = 0; i < RUNNER_JOBS_MAX; i++) {
        list_add(&runner->free, &slots[i]);
    }
    runner_accounts_init(&runner->accounts, accounts, RUNNER_JOBS_MAX);
    runner_seen_init(&runner->seen, RUNNER_SEEN_MAX);
    *ret_runner = runner;
    return OK;
}

void runner_free(struct runner *runner)
{
    if (runner == NULL) {
        return;
    }
    for (uint32_t i = 0; i < RUNNER_JOBS_MAX; i++) {
        if (runner->slots[i].phase != PHASE_FREE) {
            arena_done(&runner->slots[i].arena);
        }
    }
    runner_seen_done(&runner->seen);
    memset(runner->options.key, 0, sizeof runner->options.key);
    struct arena arena = runner->arena;
    arena_done(&arena);
}

/* Copies what the spans of a record borrow into the arena. Records of jobs have no lists. */
static enum err copy_texts(const struct record_desc *desc, void *fields, struct arena *arena)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        const enum kind kind = desc->fields[i].kind;
        if (kind == KIND_word || kind == KIND_text || kind == KIND_blob) {
            struct span text;
            memcpy(&text, (const char *)fields + desc->fields[i].offset, sizeof text);
            TRY(arena_copy(arena, text, &text));
            memcpy((char *)fields + desc->fields[i].offset, &text, sizeof text);
        }
    }
    return OK;
}

/* Moves the outcome into an arena of its own, so that a kept outcome costs little. Without memory it stays where it is.
 */
static void shrink(struct slot *slot)
{
    struct arena arena;
    arena_init(&arena, RUNNER_MEMORY_MAX);
    struct job_outcome *outcome = arena_alloc(&arena, sizeof *outcome);
    if (outcome != NULL) {
        *outcome = *slot->outcome;
    }
    if (outcome == NULL || copy_texts(job_outcome_desc(), outcome, &arena) != OK) {
        arena_done(&arena);
        return;
    }
    arena_wipe(&slot->arena); /* the job's secrets: what is kept is only what came of it */
    arena_done(&slot->arena);
    slot->arena = arena;
    slot->outcome = outcome;
}

/* Of a slot in a phase. */
static struct runner_line *list_of(struct runner *runner, const struct slot *slot, enum phase phase)
{
    switch (phase) {
    case PHASE_IN_LINE:
        return &slot->account->line;
    case PHASE_QUEUED:
        return &runner->queued;
    case PHASE_WAITING:
        return &runner->waiting;
    case PHASE_ASKING:
        return &runner->asking;
    case PHASE_PARKED:
        return &runner->parked;
    case PHASE_FINISHED:
        return &runner->finished;
    case PHASE_TOLD:
        return &runner->told;
    case PHASE_FREE:
        break;
    }
    return &runner->free;
}

void runner_move(struct runner *runner, struct slot *slot, enum phase phase)
{
    list_remove(list_of(runner, slot, slot->phase), slot);
    slot->phase = phase;
    list_add(list_of(runner, slot, phase), slot);
}

/* A commit is over: those in its account's line for which there is room now, or which need not be sent, are queued. */
static void leave_account(struct runner *runner, struct slot *slot, int64_t now_ms)
{
    struct runner_account *account = slot->account;
    slot->account = NULL;
    runner_account_ended(account, slot->outcome, now_ms);
    while (account->line.first != NULL && (account->open < account->room || now_ms < account->quiet_ms)) {
        account->open++;
        runner_move(runner, account->line.first, PHASE_QUEUED);
    }
}

static void finish(struct runner *runner, struct slot *slot)
{
    if (slot->under_way.fresh.data != NULL && pair_seal(runner, slot) != OK) {
        slot->outcome->credentials = (struct span){0}; /* lost; the account's old pair is tried next time */
        slot->exchanged = false;
    }
    if (slot->account != NULL) {
        leave_account(runner, slot, slot->under_way.now_ms);
    }
    slot->under_way = (struct platform_job){0};
    runner_move(runner, slot, PHASE_FINISHED);
    runner->figures.finished++;
    runner->figures.unknown += slot->outcome->outcome == OUTCOME_UNKNOWN;
    runner->figures.open--;
    runner->figures.kept++;
    shrink(slot);
    slot->job = NULL;
}

/* One step of the job's platform: ends the job, puts its next request in line, or has a new pair stored first. */
void runner_step(struct runner *runner, struct slot *slot, int64_t now_ms, const struct http_response *last)
{
    const bool exchange = last != NULL && slot->phase == PHASE_ASKING && slot->under_way.exchanging;
    const struct id integration_id = slot->job->integration_id;
    bool finished = false;
    struct job_outcome outcome;
    slot->under_way.now_ms = now_ms;
    slot->under_way.exchanging = false;
    enum err err = runner->options.platform->next(&slot->under_way, last, &slot->request, &finished, &outcome);
    slot->exchanged = slot->exchanged || (exchange && slot->under_way.fresh.data != NULL);
    if (err == OK && !finished && slot->exchanged) {
        err = pair_tell(runner, slot, now_ms);
    } else if (err == OK && finished) {
        *slot->outcome = outcome;
        finish(runner, slot);
    } else if (err == OK) {
        pair_ask(runner, slot);
    }
    if (err != OK) {
        platform_lost(&slot->under_way, slot->outcome);
        finish(runner, slot);
    }
    if (exchange && !slot->exchanged) {
        pair_ask_parked(runner, &integration_id);
    }
}

static void end(struct runner *runner, struct slot *slot, enum refusal code, const char *message)
{
    platform_refuse(slot->job, OUTCOME_TRY_AGAIN, code, slot->outcome);
    if (message != NULL) {
        slot->outcome->message = span_text(message);
    }
    finish(runner, slot);
}

static bool is_commit(const struct slot *slot)
{
    return span_equal(slot->job->kind, SPAN("commit"));
}

/* A queued commit ends without having been sent. */
static void put_off(struct runner *runner, struct slot *slot, enum refusal code, const char *message, int64_t until_ms)
{
    if (slot->account != NULL) { /* it stood in line, and had been given room */
        slot->account->open--;
        slot->account = NULL;
    }
    platform_refuse(slot->job, OUTCOME_DEFERRED, code, slot->outcome);
    slot->outcome->message = span_text(message);
    slot->outcome->until_ms = until_ms;
    finish(runner, slot);
}

/* Whether a queued job may begin. A commit of an account that has enough of them under way waits in line; one of an
 * account that the platform has just limited ends without being sent. */
static bool may_begin(struct runner *runner, struct slot *slot, int64_t now_ms)
{
    if (!is_commit(slot)) {
        return true;
    }
    const bool has_room = slot->account != NULL; /* it stood in line */
    struct runner_account *account =
        has_room ? slot->account : runner_account_of(&runner->accounts, &slot->job->integration_id, now_ms);
    if (now_ms < account->quiet_ms) {
        put_off(runner, slot, REFUSED_platform_rate_limited,
                "The platform had just limited the account; nothing was sent.", account->until_ms);
        return false;
    }
    slot->account = account;
    if (has_room) {
        return true;
    }
    if (account->open >= account->room) {
        runner_move(runner, slot, PHASE_IN_LINE);
        return false;
    }
    account->open++;
    return true;
}

static void begin(struct runner *runner, struct slot *slot, int64_t now_ms)
{
    const struct job *job = slot->job;
    slot->under_way =
        (struct platform_job){.job = job, .guard = runner->options.guard, .arena = &slot->arena, .now_ms = now_ms};
    if (is_commit(slot) && job->fence < runner->fence) {
        runner->figures.stale++;
        end(runner, slot, REFUSED_fence_stale, NULL);
        return;
    }
    struct span credentials = slot->fresh;
    if (credentials.data == NULL && job->credentials.data != NULL &&
        pair_open(runner, slot, &job->job_id, job->credentials, &credentials) != OK) {
        /* ours to mend: no reason to call the account disconnected */
        end(runner, slot, REFUSED_platform_unavailable, "The job's credentials cannot be opened.");
        return;
    }
    slot->under_way.credentials = credentials;
    runner_step(runner, slot, now_ms, NULL);
}

static void send_waiting(struct runner *runner, int64_t now_ms)
{
    static const struct http_response never = {.result = HTTP_NOT_SENT};
    const struct runner_transport *transport = &runner->options.transport;
    for (struct slot *slot = runner->waiting.first, *next = NULL;
         slot != NULL && transport->has_room(transport->context); slot = next) {
        next = slot->next;
        if (slot->request.not_before_ms > now_ms) {
            continue;
        }
        runner_move(runner, slot, PHASE_ASKING);
        if (transport->start(transport->context, &slot->request, now_ms, &slot->arena, slot) != OK) {
            runner_step(runner, slot, now_ms, &never);
        }
    }
}

void runner_answered(struct runner *runner, int64_t now_ms, void *tag, const struct http_response *response)
{
    struct slot *slot = tag;
    ASSERT(slot->phase == PHASE_ASKING);
    runner_step(runner, slot, now_ms, response);
    send_waiting(runner, now_ms);
}

/* Until when a job may wait: for its turn to exchange, or for its new pair to be stored. */
static int64_t over_ms(const struct slot *slot)
{
    return slot->phase == PHASE_PARKED ? slot->request.deadline_ms : slot->job->deadline_ms;
}

/* Ends those jobs of a list that have waited for so long that their time is over. */
static void end_overdue(struct runner *runner, const struct runner_line *list, int64_t now_ms)
{
    static const struct http_response never = {.result = HTTP_NOT_SENT};
    for (struct slot *slot = list->first, *next = NULL; slot != NULL; slot = next) {
        next = slot->next;
        if (slot->job == NULL || over_ms(slot) > now_ms) {
            continue;
        }
        if (slot->phase != PHASE_PARKED) { /* its pair is told of once more, with the job's own outcome */
            runner->figures.kept--;
            runner->storing--;
        }
        runner_step(runner, slot, now_ms, &never);
    }
}

void runner_tick(struct runner *runner, int64_t now_ms)
{
    end_overdue(runner, &runner->parked, now_ms);
    if (runner->storing > 0) {
        end_overdue(runner, &runner->told, now_ms);
        end_overdue(runner, &runner->finished, now_ms);
    }
    send_waiting(runner, now_ms);
    const struct runner_transport *transport = &runner->options.transport;
    while (runner->queued.first != NULL && transport->has_room(transport->context)) {
        struct slot *slot = runner->queued.first;
        if (may_begin(runner, slot, now_ms)) {
            begin(runner, slot, now_ms);
            send_waiting(runner, now_ms);
        }
    }
}

void runner_recall(struct runner *runner, int64_t now_ms)
{
    for (uint32_t i = 0; i < RUNNER_JOBS_MAX; i++) {
        struct slot *slot = &runner->slots[i];
        if (slot->phase == PHASE_IN_LINE) {
            slot->account->open++;
            runner_move(runner, slot, PHASE_QUEUED);
        }
        if (slot->phase == PHASE_QUEUED && is_commit(slot)) {
            put_off(runner, slot, REFUSED_platform_unreachable,
                    "The service was told to stop before it was sent; nothing was sent.", now_ms);
        }
    }
}

static void release(struct runner *runner, struct slot *slot)
{
    arena_wipe(&slot->arena); /* the job's secrets, and what the platform gave for them */
    arena_done(&slot->arena);
    slot->job = NULL;
    slot->outcome = NULL;
    runner_move(runner, slot, PHASE_FREE);
    runner->free_count++;
}

static bool forget(struct runner *runner, const struct runner_line *list, const struct id *job_id, int64_t now_ms)
{
    for (struct slot *slot = list->first; slot != NULL; slot = slot->next) {
        if (!id_equal(&slot->outcome->job_id, job_id)) {
            continue;
        }
        const bool goes_on = slot->job != NULL;
        runner->figures.kept--;
        if (slot->exchanged) {
            pair_use(runner, slot, now_ms);
        }
        if (!goes_on) {
            release(runner, slot);
        }
        return true;
    }
    return false;
}

/* Copies a job into a free slot, which is put in line; nothing begins yet. */
static enum err admit(struct runner *runner, const struct job *job, struct slot **ret_slot)
{
    struct slot *slot = runner->free.first;
    ASSERT(slot != NULL);
    arena_init(&slot->arena, RUNNER_MEMORY_MAX);
    slot->job = arena_alloc(&slot->arena, sizeof *slot->job);
    slot->outcome = arena_alloc(&slot->arena, sizeof *slot->outcome);
    enum err err = ERR_NO_MEMORY;
    if (slot->job != NULL && slot->outcome != NULL) {
        *slot->job = *job;
        err = copy_texts(job_desc(), slot->job, &slot->arena);
    }
    if (err != OK) {
        arena_wipe(&slot->arena);
        arena_done(&slot->arena);
        return err;
    }
    slot->under_way = (struct platform_job){0};
    slot->exchanged = false;
    slot->account = NULL;
    slot->fresh = (struct span){0};
    runner_move(runner, slot, PHASE_QUEUED);
    runner->free_count--;
    *ret_slot = slot;
    return OK;
}

enum err runner_take(struct runner *runner, int64_t now_ms, const struct job_batch *batch)
{
    struct slot *admitted[256];
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->done_count; i++) {
        const struct id *job_id = &batch->done[i].target_id;
        if (!forget(runner, &runner->told, job_id, now_ms)) {
            (void)forget(runner, &runner->finished, job_id, now_ms);
        }
    }
    if (batch->jobs_count > runner->free_count || batch->jobs_count > sizeof admitted / sizeof *admitted) {
        return ERR_BUSY;
    }
    enum err err = runner_seen_reserve(&runner->seen, batch->jobs_count);
    for (uint32_t i = 0; i < batch->jobs_count && err == OK; i++) {
        err = admit(runner, &batch->jobs[i], &admitted[count]);
        count += err == OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct job *job = admitted[i]->job;
        const bool again = err == OK && runner_seen_has(&runner->seen, &job->job_id);
        runner->figures.again += again;
        if (err != OK || again) {
            release(runner, admitted[i]);
            continue;
        }
        runner_seen_add(&runner->seen, &job->job_id);
        runner->fence = job->fence > runner->fence ? job->fence : runner->fence;
        runner->figures.taken++;
        runner->figures.open++;
    }
    if (err == OK) {
        runner_tick(runner, now_ms);
    }
    return err;
}

/* What was told longest ago is told again first: those are the oldest. */
static struct slot *next_due(const struct runner *runner, int64_t now_ms)
{
    struct slot *oldest = runner->told.first;
    return oldest != NULL && now_ms - oldest->told_ms >= RUNNER_AGAIN_MS ? oldest : runner->finished.first;
}

bool runner_has_report(const struct runner *runner, int64_t now_ms)
{
    return next_due(runner, now_ms) != NULL;
}

static size_t bytes_of(const struct job_outcome *outcome)
{
    enum { REST = 1024 };

    return REST + outcome->result.len + outcome->credentials.len + outcome->platform_message.len +
           outcome->message.len + outcome->platform_id.len + outcome->url.len;
}

enum err runner_report(struct runner *runner, int64_t now_ms, struct arena *arena, struct outcome_batch *ret_batch)
{
    size_t bytes = 0;
    struct outcome_batch batch = {.outcomes = arena_alloc(arena, sizeof *batch.outcomes * RUNNER_REPORT_MAX)};
    if (batch.outcomes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct slot *slot = next_due(runner, now_ms);
    while (slot != NULL && batch.outcomes_count < RUNNER_REPORT_MAX) {
        bytes += bytes_of(slot->outcome);
        if (bytes > RUNNER_REPORT_BYTES_MAX) {
            break;
        }
        batch.outcomes[batch.outcomes_count] = *slot->outcome;
        batch.outcomes_count++;
        slot->told_ms = now_ms;
        runner_move(runner, slot, PHASE_TOLD);
        slot = next_due(runner, now_ms);
    }
    *ret_batch = batch;
    return OK;
}

void runner_figures(const struct runner *runner, struct runner_figures *ret_figures)
{
    *ret_figures = runner->figures;
}
