/* client.c: see client.h. Called by gateway, scheduler, tools and libopenpost. It must never invent a command id, nor
 * tell that a command was refused or accepted unless the ledger's tag says so.
 *
 * Commands wait in a queue; a flight is a frame of them on its way. Two flights: while the ledger commits one group,
 * the next is being sent and decoded; more would only make groups smaller. So would a frame that leaves while a
 * flight's callbacks run, which often ask for more: what they ask for leaves together, when the last of them is done.
 */
#include <stdlib.h>

#include "core/message/codec.h"
#include "core/wire/client_state.h"
#include "core/wire/tag_key.h"

#define ATTEMPT_MS 5000       /* then the same frame is sent again */
#define WELCOMES_MAX 5        /* a ledger that welcomes without end is none */
#define COMMAND_AROUND_MAX 80 /* bytes around a command in a frame */
#define FLIGHT_BYTES_MAX (FRAME_BYTES_MAX - 4096)

static void list_put(struct pending_list *list, struct pending *pending)
{
    pending->next = NULL;
    if (list->first == NULL) {
        list->first = pending;
    } else {
        list->last->next = pending;
    }
    list->last = pending;
}

static struct pending *list_take(struct pending_list *list)
{
    struct pending *pending = list->first;
    if (pending != NULL) {
        list->first = pending->next;
    }
    return pending;
}

/* Puts a list before another. */
static void list_before(struct pending_list *list, struct pending_list *before)
{
    if (before->first == NULL) {
        return;
    }
    before->last->next = list->first;
    if (list->first == NULL) {
        list->last = before->last;
    }
    list->first = before->first;
    *before = (struct pending_list){0};
}

static void pending_end(struct pending *pending, enum err err, const struct answer *answer)
{
    pending->done(pending->context, err, answer);
    free(pending);
}

static void list_end(struct pending_list *list, enum err err)
{
    for (struct pending *pending = list_take(list); pending != NULL; pending = list_take(list)) {
        pending_end(pending, err, NULL);
    }
}

/* ---- Frames ---- */

static enum err room(struct buf *buf, size_t cap)
{
    if (buf->cap < cap) {
        uint8_t *data = realloc(buf->data, cap);
        if (data == NULL) {
            return ERR_NO_MEMORY;
        }
        buf->data = data;
        buf->cap = cap;
    }
    buf->len = 0;
    buf->overflow = false;
    return OK;
}

enum err client_frame_make(struct client *client, enum frame_kind kind, struct span body,
                           struct question_frame *ret_frame)
{
    TRY(room(&ret_frame->bytes, body.len + FRAME_OVERHEAD_MAX));
    struct frame frame = {.kind = (uint8_t)kind, .has_key_name = true, .body = body};
    client->options.random(ret_frame->id, sizeof ret_frame->id);
    memcpy(frame.id, ret_frame->id, sizeof frame.id);
    memcpy(frame.key_name, client->key_name, sizeof frame.key_name);
    lock_take(&client->lock);
    memcpy(frame.challenge, client->challenge, sizeof frame.challenge);
    const enum err err = frame_write(client->key, &frame, &ret_frame->bytes);
    lock_give(&client->lock);
    return err;
}

/* What a frame of kind REFUSED says; ACCEPTED: it is none. */
static enum refusal refusal_in(const struct frame *frame)
{
    enum refusal refusal = ACCEPTED;
    const bool refused = frame->kind == FRAME_REFUSED && body_code_read(frame->body, &refusal) == OK;
    return refused ? refusal : ACCEPTED;
}

void client_note_sent(struct client *client, enum err err)
{
    lock_take(&client->lock);
    client->sent += err == ERR_BUSY ? 0 : 1;
    lock_give(&client->lock);
}

uint64_t client_sent(struct client *client)
{
    lock_take(&client->lock);
    const uint64_t sent = client->sent;
    lock_give(&client->lock);
    return sent;
}

enum verdict client_reply_judge(struct client *client, enum frame_kind kind, struct question_frame *question,
                                struct span reply, struct span *ret_body, enum err *ret_err)
{
    struct frame frame;
    *ret_err = ERR_AUTH;
    if (frame_read(reply, &frame) != OK || memcmp(frame.id, question->id, sizeof frame.id) != 0) {
        return VERDICT_BAD;
    }
    lock_take(&client->lock);
    const bool authentic = frame_check(client->key, reply);
    lock_give(&client->lock);
    if (!authentic) {
        /* the one thing worth hearing from who cannot tag what it says; whoever says so: there is no answer here */
        *ret_err = refusal_in(&frame) == REFUSED_key_not_in_vault ? ERR_ACCESS : ERR_AUTH;
        return VERDICT_BAD;
    }
    if (frame.kind == FRAME_WELCOME) {
        struct welcome welcome;
        if (body_welcome_read(frame.body, &welcome) != OK) {
            *ret_err = ERR_MALFORMED;
            return VERDICT_BAD;
        }
        lock_take(&client->lock);
        memcpy(client->challenge, welcome.challenge, sizeof client->challenge);
        lock_give(&client->lock);
        question->welcomes++;
        if (kind != FRAME_HELLO) {
            return question->welcomes <= WELCOMES_MAX ? VERDICT_AGAIN : VERDICT_BAD;
        }
        *ret_body = frame.body;
        return VERDICT_GOOD;
    }
    if (frame.kind != kind + FRAME_REPLY) {
        *ret_err = ERR_MALFORMED;
        if (refusal_in(&frame) != ACCEPTED) {
            *ret_err = ERR_UNSUPPORTED;
            *ret_body = frame.body;
        }
        return VERDICT_BAD;
    }
    *ret_body = frame.body;
    return VERDICT_GOOD;
}

int64_t client_attempt_ms(struct client *client, int64_t deadline_ms)
{
    const int64_t left_ms = deadline_ms - client->options.now_ms();
    return left_ms < 1 ? 1 : left_ms > ATTEMPT_MS ? ATTEMPT_MS : left_ms;
}

/* ---- Commands ---- */

static void pump(struct client *client, bool lands);

/* Ends the flight's commands whose time is over and puts the others back to the front of the queue. */
static void flight_again(struct flight *flight, enum err err)
{
    struct client *client = flight->client;
    struct pending_list again = {0};
    struct pending_list over = {0};
    const int64_t now_ms = client->options.now_ms();
    for (struct pending *pending = list_take(&flight->commands); pending != NULL;
         pending = list_take(&flight->commands)) {
        list_put(err == OK && pending->deadline_ms > now_ms ? &again : &over, pending);
    }
    lock_take(&client->lock);
    for (const struct pending *pending = again.first; pending != NULL; pending = pending->next) {
        client->waiting++;
        client->waiting_bytes += pending->len;
    }
    list_before(&client->queue, &again);
    flight->busy = false;
    lock_give(&client->lock);
    list_end(&over, err == OK ? ERR_TIMED_OUT : err);
    pump(client, false);
}

/* Gives each command its answer; then the flight is free for what waits. */
static void flight_land(struct flight *flight, struct span body)
{
    struct client *client = flight->client;
    struct body_list answers;
    if (body_answers_read(body, &answers) != OK || answers.left != flight->count) {
        flight_again(flight, ERR_MALFORMED);
        return;
    }
    struct pending_list commands = flight->commands;
    flight->commands = (struct pending_list){0};
    lock_take(&client->lock);
    flight->busy = false;
    client->landing++;
    lock_give(&client->lock);
    pump(client, true);
    enum err err = OK;
    for (struct pending *pending = list_take(&commands); pending != NULL; pending = list_take(&commands)) {
        struct answer answer;
        if (err == OK) {
            err = body_answer_next(&answers, &answer);
        }
        pending_end(pending, err, err == OK ? &answer : NULL);
    }
    lock_take(&client->lock);
    client->landing--;
    lock_give(&client->lock);
    pump(client, false);
}

static enum err flight_start(struct flight *flight);

static void on_flight(void *context, enum err err, struct span reply)
{
    struct flight *flight = context;
    struct client *client = flight->client;
    client_note_sent(client, err);
    if (err != OK) {
        lock_take(&client->lock);
        const bool closing = client->closing;
        lock_give(&client->lock);
        flight_again(flight, closing ? ERR_CLOSED : OK);
        return;
    }
    struct span body;
    switch (client_reply_judge(client, FRAME_COMMANDS, &flight->frame, reply, &body, &err)) {
    case VERDICT_GOOD:
        flight_land(flight, body);
        return;
    case VERDICT_AGAIN:
        if (flight_start(flight) != OK) {
            flight_again(flight, OK);
        }
        return;
    case VERDICT_BAD:
        flight_again(flight, err);
        return;
    }
}

static enum err flight_start(struct flight *flight)
{
    struct client *client = flight->client;
    int64_t deadline_ms = INT64_MAX;
    for (const struct pending *pending = flight->commands.first; pending != NULL; pending = pending->next) {
        deadline_ms = pending->deadline_ms < deadline_ms ? pending->deadline_ms : deadline_ms;
    }
    TRY(client_frame_make(client, FRAME_COMMANDS, buf_span(&flight->body), &flight->frame));
    return caller_ask(client->caller, buf_span(&flight->frame.bytes), client_attempt_ms(client, deadline_ms), on_flight,
                      flight);
}

/* Takes what waits into the flight. Called with the lock. */
static void flight_load(struct client *client, struct flight *flight)
{
    flight->busy = true;
    flight->count = 0;
    flight->commands = (struct pending_list){0};
    flight->frame.welcomes = 0;
    size_t bytes = 0;
    while (client->queue.first != NULL && flight->count < FRAME_COMMANDS_MAX) {
        const size_t more = client->queue.first->len + COMMAND_AROUND_MAX;
        if (flight->count > 0 && bytes + more > FLIGHT_BYTES_MAX) {
            break;
        }
        struct pending *pending = list_take(&client->queue);
        list_put(&flight->commands, pending);
        bytes += more;
        flight->count++;
        client->waiting--;
        client->waiting_bytes -= pending->len;
    }
}

static enum err flight_write(struct flight *flight)
{
    size_t bytes = 16;
    for (const struct pending *pending = flight->commands.first; pending != NULL; pending = pending->next) {
        bytes += pending->len + COMMAND_AROUND_MAX;
    }
    TRY(room(&flight->body, bytes));
    body_commands_begin(&flight->body, flight->count);
    for (const struct pending *pending = flight->commands.first; pending != NULL; pending = pending->next) {
        body_command_put(&flight->body, span_of(pending->bytes, pending->len), &pending->idempotency);
    }
    ASSERT(buf_ok(&flight->body));
    return OK;
}

static bool may_leave(const struct client *client, bool lands)
{
    bool in_the_air = false;
    for (unsigned i = 0; i < FLIGHTS; i++) {
        in_the_air = in_the_air || client->flights[i].busy;
    }
    return !client->closing && (client->landing == 0 || (lands && !in_the_air));
}

/* Sends what waits while a flight is free and none lands. */
static void pump(struct client *client, bool lands)
{
    for (;;) {
        struct flight *flight = NULL;
        lock_take(&client->lock);
        const bool may = client->queue.first != NULL && may_leave(client, lands);
        for (unsigned i = 0; i < FLIGHTS && may; i++) {
            if (!client->flights[i].busy) {
                flight = &client->flights[i];
                flight_load(client, flight);
                break;
            }
        }
        lock_give(&client->lock);
        if (flight == NULL) {
            return;
        }
        enum err err = flight_write(flight);
        if (err == OK) {
            err = flight_start(flight);
        }
        if (err != OK) { /* no memory, or closing: they wait for the next call, or for client_close to end them */
            lock_take(&client->lock);
            list_before(&client->queue, &flight->commands);
            client->waiting += flight->count;
            flight->busy = false;
            lock_give(&client->lock);
            return;
        }
    }
}

enum err client_command(struct client *client, const struct command *command, const struct idempotency *idempotency,
                        int64_t timeout_ms, client_answered *done, void *context)
{
    /* Most commands are short: encoded on the stack first, in full size only when that does not suffice. */
    uint8_t small[4096];
    struct buf bytes = buf_of(small, sizeof small);
    uint8_t *large = NULL;
    enum err err = command_encode(command, &bytes);
    if (err == ERR_NO_SPACE) {
        large = malloc(COMMAND_BYTES_MAX);
        if (large == NULL) {
            return ERR_NO_MEMORY;
        }
        bytes = buf_of(large, COMMAND_BYTES_MAX);
        err = command_encode(command, &bytes);
        err = err == ERR_NO_SPACE ? ERR_TOO_LONG : err;
    }
    struct pending *pending = err == OK ? malloc(sizeof *pending + bytes.len) : NULL;
    if (pending == NULL) {
        free(large);
        return err == OK ? ERR_NO_MEMORY : err;
    }
    *pending = (struct pending){
        .deadline_ms = client->options.now_ms() + timeout_ms, .done = done, .context = context, .len = bytes.len};
    if (idempotency != NULL) {
        pending->idempotency = *idempotency;
    }
    memcpy(pending->bytes, bytes.data, bytes.len);
    free(large);
    lock_take(&client->lock);
    if (client->closing) {
        err = ERR_CLOSED;
    } else if (client->waiting >= CLIENT_WAITING_MAX || client->waiting_bytes + bytes.len > CLIENT_WAITING_BYTES_MAX) {
        err = ERR_BUSY;
    } else {
        list_put(&client->queue, pending);
        client->waiting++;
        client->waiting_bytes += pending->len;
    }
    lock_give(&client->lock);
    if (err != OK) {
        free(pending);
        return err;
    }
    pump(client, false);
    return OK;
}

/* ---- Opening and closing ---- */

enum err client_open(const struct client_options *options, struct client **ret_client)
{
    OWNED(client_close) struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return ERR_NO_MEMORY;
    }
    lock_init(&client->lock);
    client->options = *options;
    uint8_t fingerprint[SHA256_LEN];
    tag_key_fingerprint(options->key, fingerprint);
    memcpy(client->key_name, fingerprint, sizeof client->key_name);
    for (unsigned i = 0; i < FLIGHTS; i++) {
        client->flights[i].client = client;
    }
    TRY(frame_key_new(options->key, &client->key));
    TRY(caller_open(options->url, FLIGHTS + ASKING_MAX, FRAME_BYTES_MAX, &client->caller));
    *ret_client = client;
    client = NULL;
    return OK;
}

const struct client_options *client_options(const struct client *client)
{
    return &client->options;
}

void client_close(struct client *client)
{
    if (client == NULL) {
        return;
    }
    subscriber_close(client->subscriber);
    lock_take(&client->lock);
    client->closing = true;
    lock_give(&client->lock);
    caller_close(client->caller);
    list_end(&client->queue, ERR_CLOSED);
    client_asks_end(client);
    for (unsigned i = 0; i < FLIGHTS; i++) {
        free(client->flights[i].body.data);
        free(client->flights[i].frame.bytes.data);
    }
    frame_key_free(client->key);
    frame_key_free(client->wake_key);
    lock_done(&client->lock);
    explicit_bzero(client, sizeof *client);
    free(client);
}

static void on_wake(void *context, struct span bytes)
{
    struct client *client = context;
    uint64_t head = 0;
    if (frame_wake_read(client->wake_key, bytes, &head) == OK) {
        client->woken(client->woken_context, head);
    }
}

enum err client_watch(struct client *client, const char *url, client_woken *woken, void *context)
{
    ASSERT(client->subscriber == NULL);
    client->woken = woken;
    client->woken_context = context;
    if (client->wake_key == NULL) {
        TRY(frame_key_new(client->options.key, &client->wake_key));
    }
    return subscriber_open(url, FRAME_WAKE_LEN, on_wake, client, &client->subscriber);
}
