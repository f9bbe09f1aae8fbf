/* service_read.c: what only reads: events after a position, questions, figures; and the sealing of secrets, which waits
 * for the disk. One thread, so the vault has one writer. */
#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/ledger/service_state.h"
#include "core/ledger/sight.h"
#include "core/store/tables.h"

/* Has the writer end the process, for the views cannot be what was written, as was seen at seen_ms (boot clock). False:
 * they were made again since then. What was just made again it does not doubt at once, whoever says so. */
static bool doubt(struct service *service, int64_t seen_ms)
{
    if (service->options.views_made && seen_ms < service->opened_ms) {
        return false;
    }
    if (!service->options.views_made || clock_boot_ms() - service->opened_ms >= DOUBT_AGAIN_MS) {
        atomic_store(&service->views_doubted, true);
    }
    return true;
}

/* Why a question cannot be answered. Either the log is altered, which only people can judge, or the views are, which
 * can be made again. */
static enum refusal why(struct service *service, enum err err)
{
    struct log_status status;
    if (err != ERR_ALTERED) {
        return REFUSED_unavailable;
    }
    log_status(service->options.log, &status);
    if (status.altered_at == 0) {
        (void)doubt(service, clock_boot_ms());
        return REFUSED_views_damaged;
    }
    if (!service->told_of_log && service->options.log_altered != NULL) {
        service->options.log_altered(service->broken_context, status.altered_at);
    }
    service->told_of_log = true;
    return REFUSED_log_altered;
}

/* Appends events to the reply until one of the bounds; *count: how many. */
static enum err put_events(struct service *service, uint64_t after, uint64_t max, struct buf *out, uint32_t *count)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_event event;
    const size_t start = out->len;
    enum err err = log_cursor_open(service->options.log, after, &cursor);
    while (err == OK && *count < max && out->len - start < FOLLOW_BYTES_MAX) {
        err = log_cursor_next(cursor, &event);
        if (err == OK) {
            uint8_t bytes[LOG_ENVELOPE_MAX];
            struct buf envelope = buf_of(bytes, sizeof bytes);
            log_envelope(&event, &envelope);
            ASSERT(buf_ok(&envelope));
            body_event_put(out, buf_span(&envelope), event.payload);
            (*count)++;
        }
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Another program sees its workspace's events, or those of its own posts, by workspace_seq; *reached: what was looked
 * at. */
static enum err put_workspace_events(struct service *service, const struct sight *sight, const struct follow_ask *ask,
                                     struct buf *out, uint32_t *count, uint64_t *reached)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    const size_t start = out->len;
    struct sight_walk walk = {.log = service->options.log, .sight = *sight, .position = ask->after};
    arena_reset(&service->read_arena);
    uint8_t *payload = arena_room(&service->read_arena, LOG_PAYLOAD_MAX); /* of one event after the other */
    TRY(payload == NULL ? ERR_NO_MEMORY : OK);
    TRY(store_begin(service->options.views, false, &txn));
    walk.txn = txn;
    while (*count < ask->max && out->len - start < FOLLOW_BYTES_MAX) {
        uint64_t seq = 0;
        struct log_event event;
        const enum err err = sight_next(&walk, &seq);
        *reached = walk.position;
        if (err == ERR_NOT_FOUND) {
            return OK;
        }
        TRY(err);
        struct buf text = buf_of(payload, LOG_PAYLOAD_MAX);
        TRY(log_read(service->options.log, seq, &text, &event));
        uint8_t bytes[LOG_ENVELOPE_MAX];
        struct buf envelope = buf_of(bytes, sizeof bytes);
        log_envelope(&event, &envelope);
        body_event_put(out, buf_span(&envelope), event.payload);
        (*count)++;
    }
    return OK;
}

static void read_follow(struct service *service, struct work *work)
{
    struct follow_ask ask;
    uint32_t count = 0;
    const struct asker *asker = &work->asker;
    if (body_follow_read(work->frame.body, &ask) != OK) {
        service_refuse(work, REFUSED_frame_invalid);
        return;
    }
    const bool own = asker->party != PARTY_NONE;
    const enum refusal refusal = own ? ACCEPTED : access_check(&asker->grant, NEED_AUDIT_OWN, SCOPE_LOG_READ);
    if (refusal != ACCEPTED) {
        service_note_refused(work, refusal, "follow", ID_NONE);
        service_refuse(work, refusal);
        return;
    }
    atomic_store(&service->asked_for_events, true); /* before the log is looked at */
    uint64_t head = atomic_load(&service->head);
    enum err err = own ? OK : log_workspace_head(service->options.log, &asker->workspace_id, &head);
    if (err == OK && !own && ask.after > head) { /* it would miss what comes next */
        service_refuse(work, REFUSED_cursor_invalid);
        return;
    }
    const struct sight sight = {.workspace_id = asker->workspace_id,
                                .author_id = access_log_author(&asker->grant, &asker->key_id)};
    uint64_t reached = ask.after;
    const size_t room = service->read_out.cap / 2; /* the events first, then the body around them behind */
    struct buf events = buf_of(service->read_out.data, room);
    if (err == OK) {
        err = own ? put_events(service, ask.after, ask.max, &events, &count)
                  : put_workspace_events(service, &sight, &ask, &events, &count, &reached);
    }
    struct buf body = buf_of(service->read_out.data + room, service->read_out.cap - room);
    if (own || id_is_none(&sight.author_id)) {
        body_events_put(&body, head, count, buf_span(&events));
    } else {
        body_own_events_put(&body, head, reached, count, buf_span(&events));
    }
    if (asker->party == PARTY_SCHEDULER && ask.is_scheduler) {
        atomic_store(&service->ticked_ms, clock_boot_ms());
        atomic_store(&service->late_ms, ask.late_ms);
        atomic_store(&service->held, ask.held);
        atomic_store(&service->in_line, ask.in_line);
        atomic_store(&service->paused, ask.paused);
        atomic_store(&service->adapter_silent_ms, ask.adapter_silent_ms);
    }
    if (err != OK || !buf_ok(&events) || !buf_ok(&body)) {
        service_refuse(work, why(service, err));
    } else {
        service_reply(work, FRAME_FOLLOW + FRAME_REPLY, buf_span(&body));
    }
}

/* What another program is refused for reasons of security. */
static void note_question(struct work *work, enum refusal refusal, const struct id *named)
{
    static const char request[] = "query";
    if (refusal == REFUSED_role_insufficient || refusal == REFUSED_scope_insufficient) {
        service_note_refused(work, refusal, request, ID_NONE);
    } else if (refusal == REFUSED_not_found) {
        (void)service_note_foreign(work, named, request);
    }
}

static void read_query(struct service *service, struct work *work)
{
    struct id named = {0};
    struct question question = {.log = service->options.log,
                                .vault = service->options.vault,
                                .asker = &work->asker,
                                .arena = &service->read_arena,
                                .zones = service->options.parts->zones,
                                .channels = service->options.parts->admission.channels,
                                .cursor_key = service->cursor_key,
                                .now_ms = clock_wall_ms(),
                                .named = &named};
    enum refusal refusal = ACCEPTED;
    struct span name;
    struct span arguments;
    if (body_query_read(work->frame.body, &name, &arguments) != OK) {
        service_refuse(work, REFUSED_frame_invalid);
        return;
    }
    question.name = name;
    question.arguments = arguments;
    arena_reset(&service->read_arena);
    const struct buf *out = &service->read_out;
    OWNED(store_abort) struct store_txn *txn = NULL;
    enum err err = store_begin(service->options.views, false, &txn);
    question.txn = txn;
    const size_t room = out->cap / 2; /* the result first, then the body around it behind */
    struct buf result = buf_of(out->data, room);
    if (err == OK) {
        err = service->options.parts->answer(&question, &refusal, &result);
        if (err == ERR_BUSY && service_await_checkpoint(service, work)) {
            return;
        }
    }
    if (err != OK) {
        refusal = err == ERR_BUSY ? REFUSED_rate_limited : why(service, err);
        result.len = 0;
    }
    if (!work->door->own) {
        note_question(work, refusal, &named);
    }
    struct buf body = buf_of(out->data + room, out->cap - room);
    body_result_put(&body, refusal, buf_span(&result));
    if (!buf_ok(&body)) {
        service_refuse(work, REFUSED_unavailable);
    } else {
        service_reply(work, FRAME_QUERY + FRAME_REPLY, buf_span(&body));
    }
}

/* Leaves zeros where the door is not open yet, or is not used. */
static void count_door(struct service *service, const struct door *door, struct endpoint_counts *ret_counts)
{
    (void)pthread_mutex_lock(&service->mutex);
    struct endpoint *endpoint = door->endpoint;
    (void)pthread_mutex_unlock(&service->mutex);
    if (endpoint != NULL) {
        endpoint_counts(endpoint, ret_counts);
    }
}

struct figure {
    const char *name;
    uint64_t value;
};

static void reply_figures(struct work *work, const struct figure *figures, uint32_t count)
{
    uint8_t bytes[2048];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_figures_begin(&body, count);
    for (uint32_t i = 0; i < count; i++) {
        body_figure_put(&body, figures[i].name, figures[i].value);
    }
    ASSERT(buf_ok(&body));
    service_reply(work, FRAME_STATUS + FRAME_REPLY, buf_span(&body));
}

/* What another program may know: how far its own workspace is, and what would refuse its commands. The rest would tell
 * it how busy its neighbours are. */
static void read_status_of_program(struct service *service, struct work *work)
{
    uint64_t head = 0;
    if (log_workspace_head(service->options.log, &work->asker.workspace_id, &head) != OK) {
        service_refuse(work, REFUSED_unavailable);
        return;
    }
    const struct figure figures[] = {
        {"head",          head                                             },
        {"storage_full",  atomic_load(&service->storage_full)              },
        {"clock_suspect", atomic_load(&service->clock_is_suspect) ? 1U : 0U},
    };
    reply_figures(work, figures, sizeof figures / sizeof *figures);
}

static void read_status(struct service *service, struct work *work)
{
    struct log_status status;
    log_status(service->options.log, &status);
    struct endpoint_counts own = {0};
    struct endpoint_counts programs = {0};
    count_door(service, &service->own, &own);
    count_door(service, &service->programs, &programs);
    struct publisher_counts wakes = {0};
    if (service->publisher != NULL) {
        publisher_counts(service->publisher, &wakes);
    }

    const struct figure figures[] = {
        {"head",                   atomic_load(&service->head)                                                },
        {"epoch",                  service->epoch                                                             },
        {"groups_total",           atomic_load(&service->groups)                                              },
        {"commands_total",         atomic_load(&service->commands_done)                                       },
        {"commands_refused_total", atomic_load(&service->commands_refused)                                    },
        {"frames_refused_total",   atomic_load(&service->refused_frames)                                      },
        {"requests_total",         own.requests + programs.requests                                           },
        {"peers_stalled_total",    own.stalled + programs.stalled                                             },
        {"peers_dropped_total",
         own.dropped + own.strangers + programs.dropped + programs.strangers + programs.crowded + wakes.closed},
        {"connections",            own.connections + programs.connections + wakes.connections                 },
        {"peers_malformed_total",  own.malformed + programs.malformed                                         },
        {"log_bytes_used",         status.bytes_used                                                          },
        {"log_bytes_max",          status.bytes_max                                                           },
        {"checkpoint_size",        status.checkpoint_size                                                     },
        {"log_altered_at",         status.altered_at                                                          },
        {"readers_dropped_total",  atomic_load(&service->readers_dropped)                                     },
        {"storage_full",           atomic_load(&service->storage_full)                                        },
        {"clock_suspect",          atomic_load(&service->clock_is_suspect) ? 1 : 0                            },
        {"scheduler_silent_ms",    (uint64_t)(clock_boot_ms() - atomic_load(&service->ticked_ms))             },
        {"scheduler_late_ms",      atomic_load(&service->late_ms)                                             },
        {"targets_held",           atomic_load(&service->held)                                                },
        {"targets_in_line",        atomic_load(&service->in_line)                                             },
        {"workspaces_paused",      atomic_load(&service->paused)                                              },
        {"adapter_silent_ms",      atomic_load(&service->adapter_silent_ms)                                   },
    };
    reply_figures(work, figures, sizeof figures / sizeof *figures);
}

/* Another of our processes met views that cannot be what was written. */
static void read_doubt(struct service *service, struct work *work)
{
    struct body_list list;
    struct span name;
    uint64_t seen_ms = 0;
    uint8_t bytes[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    if (body_figures_read(work->frame.body, &list) != OK || list.left != 1 ||
        body_figure_next(&list, &name, &seen_ms) != OK || !span_equal(name, SPAN("seen_ms"))) {
        service_refuse(work, REFUSED_frame_invalid);
        return;
    }
    body_figures_begin(&body, 1);
    body_figure_put(&body, "damaged", doubt(service, (int64_t)seen_ms) ? 1 : 0);
    ASSERT(buf_ok(&body));
    service_reply(work, FRAME_DOUBT + FRAME_REPLY, buf_span(&body));
}

static void read_one(struct service *service, struct work *work)
{
    if (endpoint_is_lost(work->request)) {
        endpoint_drop(work->request);
        return;
    }
    switch (work->frame.kind) {
    case FRAME_FOLLOW:
        read_follow(service, work);
        return;
    case FRAME_QUERY:
        read_query(service, work);
        return;
    case FRAME_SEAL:
        service_read_seal(service, work);
        return;
    case FRAME_STATUS:
        if (work->door->own) {
            read_status(service, work);
        } else {
            read_status_of_program(service, work);
        }
        return;
    case FRAME_DOUBT:
        read_doubt(service, work);
        return;
    case FRAME_PERSON:
        service_read_person(service, work);
        return;
    default:
        service_refuse(work, REFUSED_frame_invalid);
        return;
    }
}

/* What our own processes ask comes first: publishing waits for no program, but for the one question that is being
 * answered. Under the mutex. NULL: nothing waits. */
static struct work *take_read(struct service *service)
{
    struct work_queue *queue = service->reads.first != NULL ? &service->reads : &service->program_reads;
    struct work *work = queue->first;
    if (work != NULL) {
        queue->first = work->next;
        queue->last = work->next == NULL ? &queue->first : queue->last;
    }
    return work;
}

void *service_read(void *context)
{
    struct service *service = context;
    for (;;) {
        (void)pthread_mutex_lock(&service->mutex);
        struct work *work = take_read(service);
        while (work == NULL && !service->sweep && !service->sweeping && !service->stopping) {
            (void)pthread_cond_wait(&service->reads_wake, &service->mutex);
            work = take_read(service);
        }
        const bool stopping = service->stopping;
        service->sweeping = service->sweeping || service->sweep; /* asked again: another round behind this one */
        service->sweep = service->sweep && !id_is_none(&service->swept_to);
        (void)pthread_mutex_unlock(&service->mutex);
        if (service->sweeping) {
            service_sweep(service);
        }
        if (work != NULL) {
            read_one(service, work);
        } else if (stopping) {
            return NULL;
        }
    }
}
