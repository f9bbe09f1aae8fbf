/* body.c: see body.h. Called by client.c and ledger main.c; reads what peers send, so every list and length is bounded
 * before it is used. */
#include "core/wire/body.h"

#include "core/base/assert.h"
#include "core/wire/pack.h"

#define ANSWER_MEMBERS 11
#define FAULT_MEMBERS 2 /* behind them, where there is one */

/* Begins to walk a list that is the whole of what is left. */
static enum err list_begin(struct span rest, uint32_t max, struct body_list *ret_list)
{
    uint32_t count = 0;
    TRY(unpack_array(&rest, max, &count));
    if (count == 0 && rest.len != 0) {
        return ERR_TRAILING;
    }
    *ret_list = (struct body_list){.rest = rest, .left = count};
    return OK;
}

/* One item was read up to rest: steps over it, and looks behind the last one. */
static enum err list_step(struct body_list *list, struct span rest)
{
    ASSERT(list->left > 0);
    if (list->left == 1 && rest.len != 0) {
        return ERR_TRAILING;
    }
    list->left--;
    list->rest = rest;
    return OK;
}

static enum err end(struct span rest)
{
    return rest.len == 0 ? OK : ERR_TRAILING;
}

void body_commands_begin(struct buf *out, uint32_t count)
{
    ASSERT(count <= FRAME_COMMANDS_MAX);
    pack_array(out, count);
}

void body_command_put(struct buf *out, struct span command, const struct idempotency *idempotency)
{
    pack_array(out, 3);
    pack_bin(out, command);
    if (idempotency == NULL || !idempotency->present) {
        pack_nil(out);
        pack_nil(out);
        return;
    }
    pack_bin(out, span_of(idempotency->scope, sizeof idempotency->scope));
    pack_bin(out, span_of(idempotency->body, sizeof idempotency->body));
}

enum err body_commands_read(struct span body, struct body_list *ret_list)
{
    return list_begin(body, FRAME_COMMANDS_MAX, ret_list);
}

enum err body_command_next(struct body_list *list, struct span *ret_command, struct idempotency *ret_idempotency)
{
    struct span rest = list->rest;
    struct span command;
    struct idempotency idempotency = {0};
    TRY(unpack_exactly(&rest, 3));
    TRY(unpack_bin(&rest, COMMAND_BYTES_MAX, &command));
    if (unpack_is_nil(&rest)) {
        if (!unpack_is_nil(&rest)) {
            return ERR_MALFORMED;
        }
    } else {
        idempotency.present = true;
        TRY(unpack_fixed(&rest, idempotency.scope, sizeof idempotency.scope));
        TRY(unpack_fixed(&rest, idempotency.body, sizeof idempotency.body));
    }
    TRY(list_step(list, rest));
    *ret_command = command;
    *ret_idempotency = idempotency;
    return OK;
}

/* A refusal travels as its stable word: the numbers differ between builds. */
static void pack_code(struct buf *out, uint32_t refusal)
{
    pack_text(out, refusal == ACCEPTED ? SPAN("") : span_text(refusal_desc((enum refusal)refusal)->code));
}

/* A word that this build does not know (a newer ledger's) is told as "unavailable": something was refused. */
static enum err unpack_code(struct span *rest, enum refusal *ret_refusal)
{
    struct span word;
    TRY(unpack_text(rest, 64, &word));
    enum refusal refusal = ACCEPTED;
    if (word.len > 0) {
        refusal = refusal_of(word);
        if (refusal == ACCEPTED) {
            refusal = REFUSED_unavailable;
        }
    }
    *ret_refusal = refusal;
    return OK;
}

void body_answers_begin(struct buf *out, uint32_t count)
{
    ASSERT(count <= FRAME_COMMANDS_MAX);
    pack_array(out, count);
}

void body_answer_put(struct buf *out, const struct answer *answer)
{
    ASSERT(answer->time_ms >= 0);
    ASSERT(answer->hint_ms >= 0);
    ASSERT(answer->publish_at_ms >= 0);
    const bool faulty = answer->fault.detail[0] != 0;
    pack_array(out, faulty ? ANSWER_MEMBERS + FAULT_MEMBERS : ANSWER_MEMBERS);
    pack_code(out, answer->refusal);
    pack_bool(out, answer->repeated);
    pack_uint(out, answer->seq);
    pack_uint(out, answer->workspace_seq);
    pack_uint(out, answer->version);
    pack_uint(out, answer->events);
    pack_uint(out, (uint64_t)answer->time_ms);
    pack_uint(out, (uint64_t)answer->hint_ms);
    pack_uint(out, (uint64_t)answer->publish_at_ms);
    pack_id(out, &answer->stream);
    uint32_t details = 0;
    while (details < ANSWER_DETAIL_MAX && !id_is_none(&answer->detail[details])) {
        details++;
    }
    pack_array(out, details);
    for (uint32_t i = 0; i < details; i++) {
        pack_id(out, &answer->detail[i]);
    }
    if (faulty) {
        pack_text(out, span_text(answer->fault.param));
        pack_text(out, span_text(answer->fault.detail));
    }
}

enum err body_answers_read(struct span body, struct body_list *ret_list)
{
    return list_begin(body, FRAME_COMMANDS_MAX, ret_list);
}

static enum err unpack_time(struct span *rest, int64_t *ret_time_ms)
{
    uint64_t value = 0;
    TRY(unpack_uint(rest, INT64_MAX, &value));
    *ret_time_ms = (int64_t)value;
    return OK;
}

/* A text without a NUL, and one behind it. */
static enum err unpack_chars(struct span *rest, char *out, size_t size)
{
    struct span text;
    TRY(unpack_text(rest, size - 1, &text));
    if (span_find(text, 0) != text.len) {
        return ERR_MALFORMED;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = 0;
    return OK;
}

static enum err unpack_fault(struct span *rest, struct fault *ret_fault)
{
    TRY(unpack_chars(rest, ret_fault->param, sizeof ret_fault->param));
    TRY(unpack_chars(rest, ret_fault->detail, sizeof ret_fault->detail));
    return ret_fault->detail[0] == 0 ? ERR_MALFORMED : OK;
}

enum err body_answer_next(struct body_list *list, struct answer *ret_answer)
{
    struct span rest = list->rest;
    struct answer answer = {0};
    enum refusal refusal = ACCEPTED;
    uint64_t events = 0;
    struct span plain = rest;
    const bool faulty = unpack_exactly(&plain, ANSWER_MEMBERS) != OK;
    TRY(unpack_exactly(&rest, faulty ? ANSWER_MEMBERS + FAULT_MEMBERS : ANSWER_MEMBERS));
    TRY(unpack_code(&rest, &refusal));
    TRY(unpack_bool(&rest, &answer.repeated));
    TRY(unpack_uint(&rest, UINT64_MAX, &answer.seq));
    TRY(unpack_uint(&rest, UINT64_MAX, &answer.workspace_seq));
    TRY(unpack_uint(&rest, UINT64_MAX, &answer.version));
    TRY(unpack_uint(&rest, UINT32_MAX, &events));
    TRY(unpack_time(&rest, &answer.time_ms));
    TRY(unpack_time(&rest, &answer.hint_ms));
    TRY(unpack_time(&rest, &answer.publish_at_ms));
    TRY(unpack_id(&rest, &answer.stream));
    uint32_t details = 0;
    TRY(unpack_array(&rest, ANSWER_DETAIL_MAX, &details));
    for (uint32_t i = 0; i < details; i++) {
        TRY(unpack_id(&rest, &answer.detail[i]));
    }
    if (faulty) {
        TRY(unpack_fault(&rest, &answer.fault));
    }
    TRY(list_step(list, rest));
    answer.refusal = refusal;
    answer.events = (uint32_t)events;
    *ret_answer = answer;
    return OK;
}

void body_follow_put(struct buf *out, const struct follow_ask *ask)
{
    pack_array(out, ask->is_scheduler ? 7 : 2);
    pack_uint(out, ask->after);
    pack_uint(out, ask->max);
    if (ask->is_scheduler) {
        pack_uint(out, ask->late_ms);
        pack_uint(out, ask->held);
        pack_uint(out, ask->in_line);
        pack_uint(out, ask->paused);
        pack_uint(out, ask->adapter_silent_ms);
    }
}

enum err body_follow_read(struct span body, struct follow_ask *ret_ask)
{
    struct follow_ask ask = {0};
    struct span two = body;
    ask.is_scheduler = unpack_exactly(&two, 2) != OK;
    TRY(unpack_exactly(&body, ask.is_scheduler ? 7 : 2));
    TRY(unpack_uint(&body, UINT64_MAX, &ask.after));
    TRY(unpack_uint(&body, FOLLOW_EVENTS_MAX, &ask.max));
    if (ask.is_scheduler) {
        TRY(unpack_uint(&body, INT64_MAX, &ask.late_ms));
        TRY(unpack_uint(&body, UINT32_MAX, &ask.held));
        TRY(unpack_uint(&body, UINT32_MAX, &ask.in_line));
        TRY(unpack_uint(&body, UINT32_MAX, &ask.paused));
        TRY(unpack_uint(&body, INT64_MAX, &ask.adapter_silent_ms));
    }
    TRY(end(body));
    *ret_ask = ask;
    return OK;
}

void body_event_put(struct buf *out, struct span envelope, struct span payload)
{
    pack_array(out, 2);
    pack_bin(out, envelope);
    pack_bin(out, payload);
}

void body_events_put(struct buf *out, uint64_t head, uint32_t count, struct span events)
{
    ASSERT(count <= FOLLOW_EVENTS_MAX);
    pack_array(out, 2);
    pack_uint(out, head);
    pack_array(out, count);
    buf_put(out, events);
}

enum err body_events_read(struct span body, uint64_t *ret_head, struct body_list *ret_list)
{
    uint64_t head = 0;
    TRY(unpack_exactly(&body, 2));
    TRY(unpack_uint(&body, UINT64_MAX, &head));
    TRY(list_begin(body, FOLLOW_EVENTS_MAX, ret_list));
    *ret_head = head;
    return OK;
}

void body_own_events_put(struct buf *out, uint64_t head, uint64_t position, uint32_t count, struct span events)
{
    ASSERT(count <= FOLLOW_EVENTS_MAX);
    pack_array(out, 3);
    pack_uint(out, head);
    pack_uint(out, position);
    pack_array(out, count);
    buf_put(out, events);
}

enum err body_own_events_read(struct span body, uint64_t *ret_head, uint64_t *ret_position, struct body_list *ret_list)
{
    struct span rest = body;
    uint64_t head = 0;
    uint64_t position = 0;
    if (unpack_exactly(&rest, 3) != OK) {
        TRY(body_events_read(body, ret_head, ret_list));
        *ret_position = 0;
        return OK;
    }
    TRY(unpack_uint(&rest, UINT64_MAX, &head));
    TRY(unpack_uint(&rest, UINT64_MAX, &position));
    TRY(list_begin(rest, FOLLOW_EVENTS_MAX, ret_list));
    *ret_head = head;
    *ret_position = position;
    return OK;
}

enum err body_event_next(struct body_list *list, struct span *ret_envelope, struct span *ret_payload)
{
    struct span rest = list->rest;
    struct span envelope;
    struct span payload;
    TRY(unpack_exactly(&rest, 2));
    TRY(unpack_bin(&rest, FRAME_BYTES_MAX, &envelope));
    TRY(unpack_bin(&rest, FRAME_BYTES_MAX, &payload));
    TRY(list_step(list, rest));
    *ret_envelope = envelope;
    *ret_payload = payload;
    return OK;
}

void body_query_put(struct buf *out, struct span name, struct span arguments)
{
    pack_array(out, 2);
    pack_text(out, name);
    pack_bin(out, arguments);
}

enum err body_query_read(struct span body, struct span *ret_name, struct span *ret_arguments)
{
    struct span name;
    struct span arguments;
    TRY(unpack_exactly(&body, 2));
    TRY(unpack_text(&body, BODY_NAME_MAX, &name));
    TRY(unpack_bin(&body, FRAME_BYTES_MAX, &arguments));
    TRY(end(body));
    *ret_name = name;
    *ret_arguments = arguments;
    return OK;
}

void body_result_put(struct buf *out, enum refusal refusal, struct span result)
{
    pack_array(out, 2);
    pack_code(out, refusal);
    pack_bin(out, result);
}

enum err body_result_read(struct span body, enum refusal *ret_refusal, struct span *ret_result)
{
    enum refusal refusal = ACCEPTED;
    struct span result;
    TRY(unpack_exactly(&body, 2));
    TRY(unpack_code(&body, &refusal));
    TRY(unpack_bin(&body, FRAME_BYTES_MAX, &result));
    TRY(end(body));
    *ret_refusal = refusal;
    *ret_result = result;
    return OK;
}

void body_seal_put(struct buf *out, const struct id *secret_id, const struct id *owner_id, struct span box)
{
    pack_array(out, 3);
    pack_id(out, secret_id);
    pack_id(out, owner_id);
    pack_bin(out, box);
}

enum err body_seal_read(struct span body, struct id *ret_secret_id, struct id *ret_owner_id, struct span *ret_box)
{
    struct id secret_id = {0};
    struct id owner_id = {0};
    struct span box;
    TRY(unpack_exactly(&body, 3));
    TRY(unpack_id(&body, &secret_id));
    TRY(unpack_id(&body, &owner_id));
    TRY(unpack_bin(&body, FRAME_BYTES_MAX, &box));
    TRY(end(body));
    const bool fits = owner_id.kind == ID_KEY ? id_equal(&secret_id, &owner_id) : secret_id.kind == ID_SECRET;
    TRY(fits ? OK : ERR_MALFORMED);
    *ret_secret_id = secret_id;
    *ret_owner_id = owner_id;
    *ret_box = box;
    return OK;
}

void body_code_put(struct buf *out, enum refusal refusal)
{
    pack_array(out, 1);
    pack_code(out, refusal);
}

enum err body_code_read(struct span body, enum refusal *ret_refusal)
{
    enum refusal refusal = ACCEPTED;
    TRY(unpack_exactly(&body, 1));
    TRY(unpack_code(&body, &refusal));
    TRY(end(body));
    *ret_refusal = refusal;
    return OK;
}

void body_welcome_put(struct buf *out, const struct welcome *welcome)
{
    ASSERT(welcome->time_ms >= 0);
    pack_array(out, 5);
    pack_bin(out, span_of(welcome->challenge, FRAME_ID_LEN));
    pack_uint(out, welcome->epoch);
    pack_uint(out, welcome->head);
    pack_uint(out, (uint64_t)welcome->time_ms);
    pack_text(out, welcome->release);
}

enum err body_welcome_read(struct span body, struct welcome *ret_welcome)
{
    struct welcome welcome = {0};
    TRY(unpack_exactly(&body, 5));
    TRY(unpack_fixed(&body, welcome.challenge, FRAME_ID_LEN));
    TRY(unpack_uint(&body, UINT64_MAX, &welcome.epoch));
    TRY(unpack_uint(&body, UINT64_MAX, &welcome.head));
    TRY(unpack_time(&body, &welcome.time_ms));
    TRY(unpack_text(&body, BODY_NAME_MAX, &welcome.release));
    TRY(end(body));
    *ret_welcome = welcome;
    return OK;
}

void body_figures_begin(struct buf *out, uint32_t count)
{
    ASSERT(count <= BODY_FIGURES_MAX);
    pack_array(out, count);
}

void body_figure_put(struct buf *out, const char *name, uint64_t value)
{
    pack_array(out, 2);
    pack_text(out, span_text(name));
    pack_uint(out, value);
}

enum err body_figures_read(struct span body, struct body_list *ret_list)
{
    return list_begin(body, BODY_FIGURES_MAX, ret_list);
}

enum err body_figure_next(struct body_list *list, struct span *ret_name, uint64_t *ret_value)
{
    struct span rest = list->rest;
    struct span name;
    uint64_t value = 0;
    TRY(unpack_exactly(&rest, 2));
    TRY(unpack_text(&rest, BODY_NAME_MAX, &name));
    TRY(unpack_uint(&rest, UINT64_MAX, &value));
    TRY(list_step(list, rest));
    *ret_name = name;
    *ret_value = value;
    return OK;
}
