/* runner.c: jobs from batch to outcome. Each job has a slot and an arena of its own; a slot is queued (not begun),
 * waiting (its request waits for room in the transport), asking (its request is under way), parked (it wants to
 * exchange its account's credentials while another job of the account does), finished, or told (its outcome was
 * reported and is not acknowledged). Called from one thread; never sleeps, never asks for the time. */
#include "adapters/runner.h"

#include "adapters/runner_seen.h"
#include "core/base/assert.h"

enum phase { PHASE_FREE, PHASE_QUEUED, PHASE_WAITING, PHASE_ASKING, PHASE_PARKED, PHASE_FINISHED, PHASE_TOLD };

struct slot {
    enum phase phase;
    struct slot *next, *previous; /* of the list that the phase names */
    struct arena arena;
    struct job *job;
    struct job_outcome *outcome; /* reserved from the start, so that finishing needs no memory */
    struct platform_job under_way;
    struct http_request request; /* asked last */
    int64_t told_ms;             /* PHASE_TOLD: since when */
};

struct list {
    struct slot *first, *last;
};

struct runner {
    struct arena arena;
    struct runner_options options;
    struct slot *slots;
    uint32_t free_count;
    struct list free, queued, waiting, asking, parked, finished, told;
    struct runner_seen seen;
    uint64_t fence; /* the newest seen */
    struct runner_figures figures;
};

static void list_add(struct list *list, struct slot *slot)
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

static void list_remove(struct list *list, struct slot *slot)
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
    arena_init(&arena, sizeof(struct runner) + sizeof(struct slot) * RUNNER_JOBS_MAX + 65536);
    struct runner *runner = arena_alloc(&arena, sizeof *runner);
    struct slot *slots = arena_alloc(&arena, sizeof *slots * RUNNER_JOBS_MAX);
    if (runner == NULL || slots == NULL) {
        arena_done(&arena);
        return ERR_NO_MEMORY;
    }
    *runner = (struct runner){.arena = arena, .options = *options, .slots = slots, .free_count = RUNNER_JOBS_MAX};
    for (uint32_t i = 0; i < RUNNER_JOBS_MAX; i++) {
        list_add(&runner->free, &slots[i]);
    }
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

static struct span job_text(const struct id *id, char out[ID_TEXT_MAX])
{
    struct buf buf = buf_of(out, ID_TEXT_MAX);
    id_write(&buf, id);
    return buf_span(&buf);
}

/* Seals what an exchange gave into the outcome. */
static enum err seal_fresh(struct runner *runner, struct slot *slot)
{
    char text[ID_TEXT_MAX];
    uint8_t nonce[12];
    const size_t cap = slot->under_way.fresh.len + BOX_OVERHEAD;
    uint8_t *bytes = arena_alloc(&slot->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf box = buf_of(bytes, cap);
    runner->options.random(runner->options.random_context, nonce, sizeof nonce);
    TRY(box_seal(runner->options.key, nonce, job_text(&slot->job->job_id, text), slot->under_way.fresh, &box));
    slot->outcome->credentials = buf_span(&box);
    slot->outcome->token_expires_ms = slot->under_way.fresh_expires_ms;
    slot->outcome->session_expires_ms = slot->under_way.fresh_session_ms;
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
    arena_done(&slot->arena);
    slot->arena = arena;
    slot->outcome = outcome;
}

static struct list *list_of(struct runner *runner, enum phase phase)
{
    switch (phase) {
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

static void move(struct runner *runner, struct slot *slot, enum phase phase)
{
    list_remove(list_of(runner, slot->phase), slot);
    slot->phase = phase;
    list_add(list_of(runner, phase), slot);
}

static void finish(struct runner *runner, struct slot *slot)
{
    if (slot->under_way.fresh.data != NULL && seal_fresh(runner, slot) != OK) {
        slot->outcome->credentials = (struct span){0}; /* lost; the account's old pair is tried next time */
    }
    slot->under_way = (struct platform_job){0};
    move(runner, slot, PHASE_FINISHED);
    runner->figures.finished++;
    runner->figures.unknown += slot->outcome->outcome == OUTCOME_UNKNOWN;
    runner->figures.open--;
    runner->figures.kept++;
    shrink(slot);
    slot->job = NULL;
}

static bool exchanges(const struct list *list, const struct slot *slot)
{
    for (const struct slot *other = list->first; other != NULL; other = other->next) {
        if (other != slot && other->under_way.exchanging &&
            id_equal(&other->job->integration_id, &slot->job->integration_id)) {
            return true;
        }
    }
    return false;
}

static void ask(struct runner *runner, struct slot *slot)
{
    const bool taken =
        slot->under_way.exchanging && (exchanges(&runner->waiting, slot) || exchanges(&runner->asking, slot));
    move(runner, slot, taken ? PHASE_PARKED : PHASE_WAITING);
}

static void unpark(struct runner *runner, const struct slot *slot, struct span fresh, int64_t now_ms);

/* One step of the job's platform: ends the job or puts its next request in line. */
static void step(struct runner *runner, struct slot *slot, int64_t now_ms, const struct http_response *last)
{
    const bool exchanged = last != NULL && slot->phase == PHASE_ASKING && slot->under_way.exchanging;
    const uint8_t *before = slot->under_way.fresh.data;
    bool finished = false;
    struct job_outcome outcome;
    slot->under_way.now_ms = now_ms;
    slot->under_way.exchanging = false;
    const enum err err = runner->options.platform->next(&slot->under_way, last, &slot->request, &finished, &outcome);
    if (exchanged) {
        const bool fresh = slot->under_way.fresh.data != before;
        unpark(runner, slot, fresh ? slot->under_way.fresh : (struct span){0}, now_ms);
    }
    if (err != OK) {
        platform_lost(&slot->under_way, slot->outcome);
        finish(runner, slot);
    } else if (finished) {
        *slot->outcome = outcome;
        finish(runner, slot);
    } else {
        ask(runner, slot);
    }
}

/* Jobs that waited for slot's exchange go on with what it gave; if it failed, the first of them exchanges itself and
 * the others wait on. */
static void unpark(struct runner *runner, const struct slot *slot, struct span fresh, int64_t now_ms)
{
    for (struct slot *other = runner->parked.first, *next = NULL; other != NULL; other = next) {
        struct span copy = {0};
        next = other->next;
        if (!id_equal(&other->job->integration_id, &slot->job->integration_id)) {
            continue;
        }
        if (fresh.data == NULL || arena_copy(&other->arena, fresh, &copy) != OK) {
            ask(runner, other);
            return;
        }
        other->under_way.credentials = copy;
        step(runner, other, now_ms, NULL); /* never recurses further: nothing was exchanged in it */
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

/* The job's credentials in clear; ERR_AUTH when the box is not one of ours for this job. */
static enum err open_credentials(struct runner *runner, struct slot *slot)
{
    char text[ID_TEXT_MAX];
    const struct span box = slot->job->credentials;
    if (box.data == NULL) {
        return OK;
    }
    uint8_t *bytes = arena_alloc(&slot->arena, box.len);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf plain = buf_of(bytes, box.len);
    TRY(box_open(runner->options.key, job_text(&slot->job->job_id, text), box, &plain));
    slot->under_way.credentials = buf_span(&plain);
    return OK;
}

static void begin(struct runner *runner, struct slot *slot, int64_t now_ms)
{
    const struct job *job = slot->job;
    if (span_equal(job->kind, SPAN("commit")) && job->fence < runner->fence) {
        runner->figures.stale++;
        end(runner, slot, REFUSED_fence_stale, NULL);
        return;
    }
    slot->under_way =
        (struct platform_job){.job = job, .guard = runner->options.guard, .arena = &slot->arena, .now_ms = now_ms};
    if (open_credentials(runner, slot) != OK) { /* ours to mend: no reason to call the account disconnected */
        end(runner, slot, REFUSED_platform_unavailable, "The job's credentials cannot be opened.");
        return;
    }
    step(runner, slot, now_ms, NULL);
}

static void send_waiting(struct runner *runner, int64_t now_ms)
{
    static const struct http_response never = {.result = HTTP_NOT_SENT};
    const struct runner_transport *transport = &runner->options.transport;
    while (runner->waiting.first != NULL && transport->has_room(transport->context)) {
        struct slot *slot = runner->waiting.first;
        move(runner, slot, PHASE_ASKING);
        if (transport->start(transport->context, &slot->request, now_ms, &slot->arena, slot) != OK) {
            step(runner, slot, now_ms, &never);
        }
    }
}

void runner_answered(struct runner *runner, int64_t now_ms, void *tag, const struct http_response *response)
{
    struct slot *slot = tag;
    ASSERT(slot->phase == PHASE_ASKING);
    step(runner, slot, now_ms, response);
    send_waiting(runner, now_ms);
}

void runner_tick(struct runner *runner, int64_t now_ms)
{
    static const struct http_response never = {.result = HTTP_NOT_SENT};
    for (struct slot *slot = runner->parked.first, *next = NULL; slot != NULL; slot = next) {
        next = slot->next;
        if (slot->job->deadline_ms <= now_ms) {
            step(runner, slot, now_ms, &never);
        }
    }
    send_waiting(runner, now_ms);
    const struct runner_transport *transport = &runner->options.transport;
    while (runner->queued.first != NULL && transport->has_room(transport->context)) {
        begin(runner, runner->queued.first, now_ms);
        send_waiting(runner, now_ms);
    }
}

static void release(struct runner *runner, struct slot *slot)
{
    arena_done(&slot->arena);
    slot->job = NULL;
    slot->outcome = NULL;
    move(runner, slot, PHASE_FREE);
    runner->free_count++;
}

static bool forget(struct runner *runner, const struct list *list, const struct id *job_id)
{
    for (struct slot *slot = list->first; slot != NULL; slot = slot->next) {
        if (id_equal(&slot->outcome->job_id, job_id)) {
            runner->figures.kept--;
            release(runner, slot);
            return true;
        }
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
        arena_done(&slot->arena);
        return err;
    }
    slot->under_way = (struct platform_job){0};
    move(runner, slot, PHASE_QUEUED);
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
        if (!forget(runner, &runner->told, job_id)) {
            (void)forget(runner, &runner->finished, job_id);
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
        move(runner, slot, PHASE_TOLD);
        slot = next_due(runner, now_ms);
    }
    *ret_batch = batch;
    return OK;
}

void runner_figures(const struct runner *runner, struct runner_figures *ret_figures)
{
    *ret_figures = runner->figures;
}
