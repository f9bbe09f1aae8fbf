/* service_sign.c: checkpoints between those that the log signs by itself every few thousand events: soon after somebody
 * asks for the proof of an event that none covers yet, and a minute after any event. A question that needs one waits
 * here, so that nobody is told "later". Called by both threads of the service; only the writer's signs. */
#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/ledger/service_state.h"

/* Our own gateway has one question for all who wait there. Under the mutex. */
static bool may_wait(const struct service *service, const struct work *work)
{
    uint32_t all = 0;
    uint32_t of_key = 0;
    for (const struct work *other = service->unsigned_reads; other != NULL; other = other->next) {
        if (!other->door->own) {
            all++;
            of_key += id_equal(&other->asker.key_id, &work->asker.key_id) ? 1 : 0;
        }
    }
    return work->door->own || (all < CHECKPOINT_WAITING_MAX && of_key < CHECKPOINT_WAITING_PER_KEY);
}

bool service_await_checkpoint(struct service *service, struct work *work)
{
    (void)pthread_mutex_lock(&service->mutex);
    const bool waits = may_wait(service, work);
    if (waits) {
        work->next = service->unsigned_reads;
        service->unsigned_reads = work;
    }
    (void)pthread_mutex_unlock(&service->mutex);
    return waits;
}

static bool is_awaited(struct service *service)
{
    (void)pthread_mutex_lock(&service->mutex);
    const bool awaited = service->unsigned_reads != NULL;
    (void)pthread_mutex_unlock(&service->mutex);
    return awaited;
}

/* What waited is asked again, unless the reader may have ended: then service_close drops it. */
static void ask_again(struct service *service)
{
    (void)pthread_mutex_lock(&service->mutex);
    while (service->unsigned_reads != NULL && !service->stopping) {
        struct work *work = service->unsigned_reads;
        service->unsigned_reads = work->next;
        service_queue_read(work);
    }
    (void)pthread_mutex_unlock(&service->mutex);
}

enum err service_sign(struct service *service)
{
    struct log_status status;
    const int64_t now_ms = clock_boot_ms();
    log_status(service->options.log, &status);
    const bool awaited = is_awaited(service);
    if (status.head == status.checkpoint_size) {
        service->unsigned_ms = 0;
        if (awaited) {
            ask_again(service);
        }
        return OK;
    }
    service->unsigned_ms = service->unsigned_ms != 0 ? service->unsigned_ms : now_ms;
    const int64_t due_ms =
        awaited ? service->signed_ms + CHECKPOINT_ASKED_MS : service->unsigned_ms + CHECKPOINT_WITHIN_MS;
    if (now_ms < due_ms) {
        return OK;
    }
    uint8_t bytes[LOG_CHECKPOINT_MAX];
    struct buf note = buf_of(bytes, sizeof bytes);
    const enum err err = log_checkpoint(service->options.log, &note);
    service->signed_ms = now_ms;
    service->unsigned_ms = now_ms; /* on a full disk: not sooner again than after a signed one */
    if (err == OK && awaited) {
        ask_again(service);
    }
    return err == ERR_NO_SPACE ? OK : err;
}
