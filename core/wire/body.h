/* body.h: the bodies of frames, to bytes and back. msgpack in its shortest forms, read strictly. Pure. What is read
 * borrows from the bytes.
 *
 *   COMMANDS   [[command, scope, body], …]
 *              command: bin (codec.h); scope and body: bin 32 of an Idempotency-Key, or nil both
 *     reply    [[code, repeated, seq, workspace seq, version, events, time, hint, publish at, stream, [detail, …]], …]
 *              one per command, in their order; code "" when accepted; seq is 0 for other programs. Where one of the
 *              command's values was refused, two texts more at its end, as over HTTP: param (a JSON pointer:
 *              /targets/0/variant) and detail (a sentence)
 *   FOLLOW     [after, max] or, from a scheduler, [after, max, late, held, in line]
 *              after: seq for our own processes, workspace_seq for other programs, to whom one beyond their last
 *              is refused as cursor_invalid; the rest: struct follow_ask
 *     reply    [head, [[envelope, payload], …]]   log.h's bytes
 *              [head, position, [[envelope, payload], …]]   to a key that is told of its own posts' events alone: what
 *              is up to position was looked at, and the next ask is for what is behind it; there may be no event
 *   QUERY      [name, arguments]
 *     reply    [code, result]: code "" when good; of parameter_unknown result is {"param":…,"detail":…} in JSON
 *   SEAL       [secret id, owner id, box]   box: box.h under transport_key, bound to the secret id's text;
 *              owner: the integration, the key itself, who is invited …; another program's: README.md
 *     reply    [code]
 *   DOUBT      [["seen_ms", boot clock]]
 *     reply    [["damaged", 0 or 1]]
 *   HELLO, STATUS  empty
 *     WELCOME  [challenge, epoch, head, time, release]   head: 0 for other programs
 *     STATUS's reply  [[name, number], …]   for other programs: of their own workspace
 *   What would count all workspaces' events no other program is told: nobody learns how busy a neighbour is.
 *   REFUSED    [code] */
#ifndef OPENPOST_WIRE_BODY_H
#define OPENPOST_WIRE_BODY_H

#include "core/message/answer.h"
#include "core/wire/frame.h"

#define BODY_NAME_MAX 64 /* bytes of a query's or figure's name */
#define BODY_FIGURES_MAX 64

/* Walks a list inside a body. */
struct body_list {
    struct span rest;
    uint32_t left;
};

/* COMMANDS: body_commands_begin starts a list of count (<= FRAME_COMMANDS_MAX), then body_command_put count times. */
void body_commands_begin(struct buf *out, uint32_t count);
void body_command_put(struct buf *out, struct span command, const struct idempotency *idempotency);
enum err body_commands_read(struct span body, struct body_list *ret_list) MUST_USE;
/* Call it while left > 0; the last call checks that nothing follows. */
enum err body_command_next(struct body_list *list, struct span *ret_command, struct idempotency *ret_idempotency)
    MUST_USE;

void body_answers_begin(struct buf *out, uint32_t count);
void body_answer_put(struct buf *out, const struct answer *answer);
enum err body_answers_read(struct span body, struct body_list *ret_list) MUST_USE;
enum err body_answer_next(struct body_list *list, struct answer *ret_answer) MUST_USE;

/* "Everything after this position, at most so many." The scheduler tells with it how it is: that it asks is its tick.
 */
struct follow_ask {
    uint64_t after;
    uint64_t max;
    bool is_scheduler;
    /* of a scheduler, as struct agenda_overdue (core/scheduler/agenda.h) has them: */
    uint64_t late_ms;
    uint64_t held;
    uint64_t in_line;
    uint64_t paused;
    uint64_t adapter_silent_ms; /* and: for how long an adapter that was asked has said nothing */
};

void body_follow_put(struct buf *out, const struct follow_ask *ask);
enum err body_follow_read(struct span body, struct follow_ask *ret_ask) MUST_USE;
/* body_event_put appends one event to a buffer of its own; body_events_put then writes the reply around it, once their
 * number is known. */
void body_event_put(struct buf *out, struct span envelope, struct span payload);
void body_events_put(struct buf *out, uint64_t head, uint32_t count, struct span events);
enum err body_events_read(struct span body, uint64_t *ret_head, struct body_list *ret_list) MUST_USE;
/* body_own_events_put and _read do so with a position (below); read: 0 where there is none, for all events are told. */
void body_own_events_put(struct buf *out, uint64_t head, uint64_t position, uint32_t count, struct span events);
enum err body_own_events_read(struct span body, uint64_t *ret_head, uint64_t *ret_position, struct body_list *ret_list)
    MUST_USE;
enum err body_event_next(struct body_list *list, struct span *ret_envelope, struct span *ret_payload) MUST_USE;

void body_query_put(struct buf *out, struct span name, struct span arguments);
enum err body_query_read(struct span body, struct span *ret_name, struct span *ret_arguments) MUST_USE;
void body_result_put(struct buf *out, enum refusal refusal, struct span result);
enum err body_result_read(struct span body, enum refusal *ret_refusal, struct span *ret_result) MUST_USE;

/* A key's secret has the key's own id; another owner's an id of its own. */
void body_seal_put(struct buf *out, const struct id *secret_id, const struct id *owner_id, struct span box);
enum err body_seal_read(struct span body, struct id *ret_secret_id, struct id *ret_owner_id, struct span *ret_box)
    MUST_USE;
/* [code]: SEAL's reply and REFUSED. */
void body_code_put(struct buf *out, enum refusal refusal);
enum err body_code_read(struct span body, enum refusal *ret_refusal) MUST_USE;

struct welcome {
    uint8_t challenge[FRAME_ID_LEN];
    uint64_t epoch;
    uint64_t head;
    int64_t time_ms;
    struct span release;
};

void body_welcome_put(struct buf *out, const struct welcome *welcome);
enum err body_welcome_read(struct span body, struct welcome *ret_welcome) MUST_USE;

void body_figures_begin(struct buf *out, uint32_t count);
void body_figure_put(struct buf *out, const char *name, uint64_t value);
enum err body_figures_read(struct span body, struct body_list *ret_list) MUST_USE;
enum err body_figure_next(struct body_list *list, struct span *ret_name, uint64_t *ret_value) MUST_USE;

#endif
