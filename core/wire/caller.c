/* caller.c: see caller.h. Called by client.c; link.c, the dialer and the timer call it back. It must never send a
 * question twice: one that may have reached the other side is over when the connection is. */
#include "core/wire/caller.h"

#include <stdlib.h>

#include "core/base/lock.h"
#include "core/wire/link.h"

#define TICK_MS 10            /* while there is no connection: to dial again */
#define TICK_CONNECTED_MS 100 /* else only deadlines are looked at; nng spins for a while at each */
#define DIAL_MS 2000
#define REDIAL_FIRST_MS 10
#define REDIAL_LAST_MS 250

enum question_state { QUESTION_WAITS, QUESTION_SENT, QUESTION_OVER };

struct question {
    struct question *next;
    enum question_state state;
    uint32_t number;
    uint64_t until_ms;
    struct link_out *out; /* until it is given to the link */
    caller_done *done;
    void *context;
    enum err err; /* once it is over */
    uint8_t *reply;
    size_t reply_len;
};

struct caller {
    struct link_owner owner;
    struct dialer *dialer;
    struct timer *timer;
    unsigned questions_max;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t idle;
    bool closing;
    bool ticking;
    bool dialing;
    uint64_t dial_at_ms;
    unsigned redial_ms;
    struct link *link; /* the living one */
    struct link *dead;
    unsigned dying;             /* links that are closed but not ended */
    struct question *questions; /* waiting and sent */
    struct question *last;
    struct question *over;
    unsigned count;   /* questions that are not over */
    unsigned running; /* callbacks that have not returned */
    uint32_t number;
};

/* ---- With the lock ---- */

static void list_add(struct caller *caller, struct question *question)
{
    question->next = NULL;
    if (caller->questions == NULL) {
        caller->questions = question;
    } else {
        caller->last->next = question;
    }
    caller->last = question;
}

/* Ends every question for which ends is true, with err; with reply, if it is that one's. */
static void end_some(struct caller *caller, bool (*ends)(const struct question *, uint64_t), uint64_t argument,
                     enum err err)
{
    struct question *all = caller->questions;
    caller->questions = NULL;
    while (all != NULL) {
        struct question *question = all;
        all = all->next;
        if (!ends(question, argument)) {
            list_add(caller, question);
            continue;
        }
        question->err = err == ERR_TIMED_OUT && question->state == QUESTION_WAITS ? ERR_BUSY : err;
        question->state = QUESTION_OVER;
        question->next = caller->over;
        caller->over = question;
        free(question->out);
        question->out = NULL;
    }
}

static bool is_sent(const struct question *question, uint64_t argument)
{
    (void)argument;
    return question->state == QUESTION_SENT;
}

static bool is_late(const struct question *question, uint64_t now_ms)
{
    return question->until_ms <= now_ms;
}

static bool is_any(const struct question *question, uint64_t argument)
{
    (void)question;
    (void)argument;
    return true;
}

/* Gives the link what waits, in order. A question counts as sent from here on: part of it may be in the kernel. */
static void send_waiting(struct caller *caller)
{
    for (struct question *question = caller->questions; question != NULL && caller->link != NULL;
         question = question->next) {
        if (question->state == QUESTION_WAITS) {
            question->state = QUESTION_SENT;
            struct link_out *out = question->out;
            question->out = NULL;
            link_send(caller->link, out);
        }
    }
}

static void dial_if_needed(struct caller *caller)
{
    if (caller->link == NULL && !caller->dialing && !caller->closing && caller->questions != NULL &&
        timer_now_ms() >= caller->dial_at_ms) {
        caller->dialing = true;
        dialer_dial(caller->dialer, DIAL_MS);
    }
}

static void tick_if_needed(struct caller *caller)
{
    if (!caller->ticking && !caller->closing && caller->questions != NULL) {
        caller->ticking = true;
        timer_start(caller->timer, caller->link != NULL ? TICK_CONNECTED_MS : TICK_MS);
    }
}

static void redial_later(struct caller *caller)
{
    caller->redial_ms = caller->redial_ms == 0 ? REDIAL_FIRST_MS : 2 * caller->redial_ms;
    caller->redial_ms = caller->redial_ms > REDIAL_LAST_MS ? REDIAL_LAST_MS : caller->redial_ms;
    caller->dial_at_ms = timer_now_ms() + caller->redial_ms;
}

static bool may_take(void *context, struct link *link)
{
    (void)context;
    (void)link;
    return true;
}

static void on_message(void *context, struct link *link, uint8_t *message, size_t len)
{
    struct caller *caller = context;
    const uint32_t number = len < 4 ? 0 : get_be32(message);
    struct question **at = &caller->questions;
    while (*at != NULL && ((*at)->number != number || (*at)->state != QUESTION_SENT)) {
        at = &(*at)->next;
    }
    struct question *question = *at;
    caller->redial_ms = 0;                          /* it answers: the next loss is a new one */
    if (link != caller->link || question == NULL) { /* too late, or not ours */
        free(message);
        return;
    }
    *at = question->next;
    if (caller->last == question) {
        caller->last = caller->questions;
        while (caller->last != NULL && caller->last->next != NULL) {
            caller->last = caller->last->next;
        }
    }
    question->err = OK;
    question->state = QUESTION_OVER;
    question->reply = message;
    question->reply_len = len;
    question->next = caller->over;
    caller->over = question;
}

static void on_sent(void *context, struct link *link, struct link_out *out)
{
    (void)context;
    (void)link;
    (void)out;
}

static void on_lost(void *context, struct link *link, bool timed_out)
{
    (void)timed_out;
    struct caller *caller = context;
    if (caller->link != link) {
        return;
    }
    caller->link = NULL;
    caller->dying++;
    end_some(caller, is_sent, 0, ERR_CLOSED);
    redial_later(caller);
    tick_if_needed(caller);
}

static void on_ended(void *context, struct link *link)
{
    struct caller *caller = context;
    caller->dying--;
    link->next = caller->dead;
    caller->dead = link;
    ASSERT(pthread_cond_broadcast(&caller->idle) == 0);
}

/* ---- Without the lock ---- */

static void flush(void *context)
{
    struct caller *caller = context;
    for (;;) {
        lock_take(&caller->lock);
        struct question *question = caller->over;
        if (question != NULL) {
            caller->over = question->next;
            caller->count--;
            caller->running++;
        }
        lock_give(&caller->lock);
        if (question == NULL) {
            return;
        }
        const struct span reply =
            question->reply == NULL ? SPAN("") : span_of(question->reply + 4, question->reply_len - 4);
        question->done(question->context, question->err, reply);
        free(question->reply);
        free(question);
        lock_take(&caller->lock);
        caller->running--;
        ASSERT(caller->running > 0 || pthread_cond_broadcast(&caller->idle) == 0);
        lock_give(&caller->lock);
    }
}

static void free_the_dead(struct caller *caller)
{
    lock_take(&caller->lock);
    struct link *dead = caller->dead;
    caller->dead = NULL;
    lock_give(&caller->lock);
    while (dead != NULL) {
        struct link *next = dead->next;
        link_free(dead);
        dead = next;
    }
}

static void on_dialed(void *context, enum err err, struct stream *stream)
{
    struct caller *caller = context;
    lock_take(&caller->lock);
    caller->dialing = false;
    struct stream *unwanted = NULL;
    if (err == OK && caller->closing) {
        unwanted = stream;
    } else if (err == OK) {
        caller->link = link_new(&caller->owner, stream);
    }
    if (caller->link == NULL) {
        redial_later(caller);
    }
    send_waiting(caller);
    tick_if_needed(caller);
    lock_give(&caller->lock);
    stream_free(unwanted);
    flush(caller);
}

static void on_tick(void *context)
{
    struct caller *caller = context;
    free_the_dead(caller);
    lock_take(&caller->lock);
    caller->ticking = false;
    end_some(caller, is_late, timer_now_ms(), ERR_TIMED_OUT);
    dial_if_needed(caller);
    tick_if_needed(caller);
    lock_give(&caller->lock);
    flush(caller);
}

enum err caller_ask(struct caller *caller, struct span request, int64_t timeout_ms, caller_done *done, void *context)
{
    ASSERT(timeout_ms > 0);
    struct question *question = calloc(1, sizeof *question);
    struct link_out *out = link_out_new(4 + request.len);
    enum err err = question == NULL || out == NULL ? ERR_NO_MEMORY : OK;
    lock_take(&caller->lock);
    if (err == OK && caller->closing) {
        err = ERR_CLOSED;
    } else if (err == OK && caller->count >= caller->questions_max) {
        err = ERR_BUSY;
    }
    if (err == OK) {
        caller->count++;
        caller->number++;
        question->number = 0x80000000U | caller->number; /* nng marks the end of the way back by the highest bit */
        question->until_ms = timer_now_ms() + (uint64_t)timeout_ms;
        question->done = done;
        question->context = context;
        question->out = out;
        put_be32(link_out_payload(out), question->number);
        memcpy(link_out_payload(out) + 4, request.data, request.len);
        list_add(caller, question);
        send_waiting(caller);
        dial_if_needed(caller);
        tick_if_needed(caller);
    }
    lock_give(&caller->lock);
    if (err != OK) {
        free(question);
        free(out);
    }
    return err;
}

enum err caller_open(const char *url, unsigned questions_max, size_t frame_max, struct caller **ret_caller)
{
    OWNED(caller_close) struct caller *caller = calloc(1, sizeof *caller);
    if (caller == NULL) {
        return ERR_NO_MEMORY;
    }
    lock_init(&caller->lock);
    ASSERT(pthread_cond_init(&caller->idle, NULL) == 0);
    caller->questions_max = questions_max;
    caller->owner = (struct link_owner){.us = LINK_REQ,
                                        .them = LINK_REP,
                                        .frame_max = frame_max + 4,
                                        .give_ms = LINK_GIVE_MS,
                                        .lock = &caller->lock,
                                        .context = caller,
                                        .may_take = may_take,
                                        .message = on_message,
                                        .sent = on_sent,
                                        .lost = on_lost,
                                        .ended = on_ended,
                                        .flush = flush};
    TRY(timer_open(on_tick, caller, &caller->timer));
    TRY(dialer_open(url, on_dialed, caller, &caller->dialer));
    *ret_caller = caller;
    caller = NULL;
    return OK;
}

void caller_close(struct caller *caller)
{
    if (caller == NULL) {
        return;
    }
    lock_take(&caller->lock);
    caller->closing = true;
    lock_give(&caller->lock);
    timer_close(caller->timer); /* both wait for their callbacks */
    dialer_close(caller->dialer);
    lock_take(&caller->lock);
    if (caller->link != NULL) {
        link_close(caller->link);
    }
    end_some(caller, is_any, 0, ERR_CLOSED);
    lock_give(&caller->lock);
    flush(caller);
    lock_take(&caller->lock);
    while (caller->count > 0 || caller->running > 0 || caller->dying > 0) {
        ASSERT(pthread_cond_wait(&caller->idle, &caller->lock) == 0);
    }
    lock_give(&caller->lock);
    free_the_dead(caller);
    ASSERT(pthread_cond_destroy(&caller->idle) == 0);
    lock_done(&caller->lock);
    free(caller);
}
