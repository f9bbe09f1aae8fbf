/* openpost.c: see openpost.h. The composition root of another program's connection: like a main.c it asks clock.c for
 * time and randomness and hands them down. It must never let a type of ours through the header, nor send the API key.
 */
#include "core/wire/openpost_written.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/log/log.h"
#include "core/message/codec.h"
#include "core/message/post_content.h"
#include "core/wire/client.h"
#include "core/wire/pack.h"
#include "core/wire/tag_key.h"

#define FOLLOW_AT_A_TIME 100
#define REPLY_BYTES (FOLLOW_BYTES_MAX + LOG_PAYLOAD_MAX + 65536)
#define JSON_BYTES ((size_t)LOG_PAYLOAD_MAX * 6 + 65536) /* every byte escaped */
#define EVENT_MEMORY ((size_t)64 << 20)
#define ARGUMENTS_MAX 15     /* as a msgpack map of one byte's head holds */
#define ARGUMENTS_BYTES 8192 /* texts to search for are the longest */

const char *openpost_status_sentence(enum openpost_status status)
{
    static const char *const sentences[] = {
        [OPENPOST_OK] = "done",
        [OPENPOST_REFUSED] = "refused: the answer says why",
        [OPENPOST_UNKNOWN] = "no answer came in time: it may or may not have been done",
        [OPENPOST_UNAUTHENTICATED] = "the key is not known there",
        [OPENPOST_INVALID] = "an argument is not valid",
        [OPENPOST_NO_MEMORY] = "out of memory",
        [OPENPOST_TOO_SMALL] = "the buffer is too small",
        [OPENPOST_FAILED] = "it failed",
        [OPENPOST_KEY_NOT_IN_VAULT] = "the ledger's vault does not hold what checks this key: make another",
        [OPENPOST_UNREACHED] = "nobody listens there: nothing was sent, and nothing was done",
    };
    return (unsigned)status < sizeof sentences / sizeof *sentences ? sentences[status] : "no such status";
}

enum openpost_status openpost_open(const char *url, const char *api_key, struct openpost **ret_connection)
{
    struct openpost *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return OPENPOST_NO_MEMORY;
    }
    lock_init(&connection->lock);
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    tag_key_of(span_text(api_key), options.key);
    const enum err err = client_open(&options, &connection->client);
    explicit_bzero(&options, sizeof options);
    if (err != OK) {
        openpost_close(connection);
        return openpost_call_status(err);
    }
    *ret_connection = connection;
    return OPENPOST_OK;
}

void openpost_close(struct openpost *connection)
{
    if (connection != NULL) {
        client_close(connection->client);
        lock_done(&connection->lock);
        explicit_bzero(connection, sizeof *connection);
        free(connection);
    }
}

void openpost_fault(struct openpost *connection, struct openpost_fault *ret_fault)
{
    lock_take(&connection->lock);
    openpost_call_text(ret_fault->param, sizeof ret_fault->param, connection->fault.param);
    openpost_call_text(ret_fault->detail, sizeof ret_fault->detail, connection->fault.detail);
    lock_give(&connection->lock);
}

enum openpost_status openpost_create_post(struct openpost *connection, const struct openpost_post *post,
                                          const char *idempotency_key, int timeout_ms,
                                          struct openpost_answer *ret_answer)
{
    struct openpost_written written;
    struct command command = {.code = COMMAND_create_post};
    enum err err = openpost_written_read(post, &written);
    if (err == OK && post->template_id != NULL) {
        err = id_parse(span_text(post->template_id), ID_TEMPLATE, &written.said.template_id);
    }
    if (err != OK) {
        return openpost_call_status(err);
    }
    command.create_post = written.said;
    return openpost_written_make(connection, &command, ID_POST, &written, idempotency_key, timeout_ms, ret_answer);
}

enum openpost_status openpost_edit_post(struct openpost *connection, const char *post_id, uint64_t version,
                                        const struct openpost_post *post, int timeout_ms,
                                        struct openpost_answer *ret_answer)
{
    struct openpost_written written;
    struct command command = {.code = COMMAND_edit_post, .expected_version = version};
    if (version == 0 || !openpost_written_is_plain(post) ||
        id_parse(span_text(post_id), ID_POST, &command.stream) != OK || openpost_written_read(post, &written) != OK) {
        return OPENPOST_INVALID;
    }
    openpost_written_name(&written, &command.stream);
    POST_WRITING_COPY(&command.edit_post, &written.said);
    command.edit_post.post_id = command.stream;
    return openpost_call_give(connection, &command, NULL, timeout_ms, ret_answer);
}

enum openpost_status openpost_schedule_post(struct openpost *connection, const char *post_id, int64_t at_ms,
                                            int timeout_ms, struct openpost_answer *ret_answer)
{
    struct command command = {
        .code = COMMAND_schedule_post, .schedule_post = {.at_ms = at_ms, .now = at_ms == 0}
    };
    return openpost_call_about(connection, &command, ID_POST, post_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_cancel_post(struct openpost *connection, const char *post_id, int timeout_ms,
                                          struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_cancel_post};
    return openpost_call_about(connection, &command, ID_POST, post_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_retry_post(struct openpost *connection, const char *post_id, int64_t at_ms,
                                         int timeout_ms, struct openpost_answer *ret_answer)
{
    struct command command = {
        .code = COMMAND_retry_post, .retry_post = {.at_ms = at_ms, .now = at_ms == 0}
    };
    return openpost_call_about(connection, &command, ID_POST, post_id, timeout_ms, ret_answer);
}

static uint32_t resolution_of(enum openpost_found found)
{
    switch (found) {
    case OPENPOST_FOUND_PUBLISHED:
        return RESOLUTION_PUBLISHED;
    case OPENPOST_FOUND_ABSENT:
        return RESOLUTION_ABSENT;
    case OPENPOST_FOUND_ABANDONED:
        return RESOLUTION_ABANDONED;
    default:
        return RESOLUTION_NONE; /* which cannot be encoded */
    }
}

enum openpost_status openpost_resolve_target(struct openpost *connection, const char *post_id, const char *target_id,
                                             const struct openpost_resolution *resolution, int timeout_ms,
                                             struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_resolve_target};
    struct resolve_target_command *resolve = &command.resolve_target;
    if (id_parse(span_text(post_id), ID_POST, &command.stream) != OK ||
        id_parse(span_text(target_id), ID_TARGET, &resolve->target_id) != OK) {
        return OPENPOST_INVALID;
    }
    resolve->post_id = command.stream;
    resolve->resolution = resolution_of(resolution->found);
    resolve->url = openpost_call_optional(resolution->url);
    resolve->retry = resolution->retry != 0;
    return openpost_call_give(connection, &command, NULL, timeout_ms, ret_answer);
}

/* ---- Questions ---- */

/* Asks and copies the result. */
static enum err query(struct openpost *connection, struct span name, struct span arguments, int timeout_ms,
                      struct buf *out, enum refusal *ret_refusal)
{
    const size_t cap = out->cap + 256;
    const size_t body_cap = arguments.len + 128;
    uint8_t *memory = malloc(cap + body_cap);
    if (memory == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf body = buf_of(memory + cap, body_cap);
    struct buf reply = buf_of(memory, cap);
    struct span result = {0};
    body_query_put(&body, name, arguments);
    enum err err = client_ask_wait(connection->client, FRAME_QUERY, buf_span(&body), timeout_ms, &reply);
    if (err == OK) {
        err = body_result_read(buf_span(&reply), ret_refusal, &result);
    } else if (err == ERR_UNSUPPORTED) {
        err = body_code_read(buf_span(&reply), ret_refusal);
    }
    if (err == OK) {
        buf_put(out, result);
        err = buf_ok(out) ? OK : ERR_NO_SPACE;
    }
    free(memory);
    return err;
}

/* How a question ended. */
static enum openpost_status tell_end(struct openpost *connection, uint64_t sent, enum err err, enum refusal refusal,
                                     struct openpost_answer *ret_answer)
{
    if (err != OK) {
        return openpost_call_since(connection, sent, err);
    }
    struct openpost_answer answer = {0};
    const enum openpost_status status = openpost_call_refusal(&answer, refusal);
    if (ret_answer != NULL) {
        *ret_answer = answer;
    }
    return status;
}

enum openpost_status openpost_query(struct openpost *connection, const char *name, const void *arguments,
                                    size_t arguments_len, int timeout_ms, char *out, size_t out_size, size_t *ret_len,
                                    struct openpost_answer *ret_answer)
{
    enum refusal refusal = ACCEPTED;
    struct buf buf = buf_of(out, out_size);
    if (strlen(name) > BODY_NAME_MAX) {
        return OPENPOST_INVALID;
    }
    const uint64_t sent = client_sent(connection->client);
    const enum err err =
        query(connection, span_text(name), span_of(arguments, arguments_len), timeout_ms, &buf, &refusal);
    if (err == OK) {
        *ret_len = buf.len;
    }
    return tell_end(connection, sent, err, refusal, ret_answer);
}

/* A map of names and values, as query_args (projections/row.def) is stored. */
static enum err put_arguments(const struct openpost_argument *arguments, size_t count, struct buf *out)
{
    pack_map(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct openpost_argument *from = &arguments[i];
        pack_text(out, span_text(from->name));
        if (from->text != NULL) {
            pack_text(out, span_text(from->text));
        } else if (from->bytes != NULL) {
            pack_bin(out, span_of(from->bytes, from->bytes_len));
        } else {
            pack_uint(out, from->number);
        }
    }
    return buf_ok(out) ? OK : ERR_TOO_LONG;
}

enum openpost_status openpost_ask(struct openpost *connection, const char *name,
                                  const struct openpost_argument *arguments, size_t count, int timeout_ms, char *out,
                                  size_t out_size, struct openpost_answer *ret_answer)
{
    uint8_t bytes[ARGUMENTS_BYTES];
    size_t len = 0;
    struct buf packed = buf_of(bytes, sizeof bytes);
    if (out_size == 0 || count > ARGUMENTS_MAX || put_arguments(arguments, count, &packed) != OK) {
        return OPENPOST_INVALID;
    }
    const enum openpost_status status = openpost_query(connection, name, packed.data, count == 0 ? 0 : packed.len,
                                                       timeout_ms, out, out_size - 1, &len, ret_answer);
    if (status == OPENPOST_OK || status == OPENPOST_REFUSED) {
        out[len] = 0;
    }
    return status;
}

enum openpost_status openpost_get_post(struct openpost *connection, const char *post_id, int timeout_ms, char *out,
                                       size_t out_size, struct openpost_answer *ret_answer)
{
    struct id id;
    const struct openpost_argument argument = {.name = "post_id", .text = post_id};
    if (id_parse(span_text(post_id), ID_POST, &id) != OK) {
        return OPENPOST_INVALID;
    }
    return openpost_ask(connection, "get_post", &argument, 1, timeout_ms, out, out_size, ret_answer);
}

/* ---- Events ---- */

struct follow_room {
    struct buf reply;
    struct buf json;
    struct arena arena;
};

static enum err tell(struct follow_room *room, const struct log_event *at, openpost_event_handler *handler,
                     void *context)
{
    struct event event;
    char stream[OPENPOST_ID_SIZE];
    arena_reset(&room->arena);
    room->json.len = 0;
    room->json.overflow = false;
    const enum err err = event_decode(at->payload, &room->arena, &event);
    if (err != OK && err != ERR_UNKNOWN_CODE) {
        return err;
    }
    const char *type = "unknown"; /* of a newer OpenPost */
    if (err == OK) {
        const struct record_desc *desc = event_desc(event.code);
        TRY(record_json(desc, event_fields(&event), &room->json));
        type = desc->name;
    } else {
        buf_text(&room->json, "{}");
    }
    openpost_call_id(stream, &at->stream);
    const struct openpost_event told = {.workspace_seq = at->workspace_seq,
                                        .time_ms = at->time_ms,
                                        .type = type,
                                        .stream = stream,
                                        .version = at->version,
                                        .json = buf_terminated(&room->json)};
    if (told.json == NULL) {
        return ERR_NO_SPACE;
    }
    handler(context, &told);
    return OK;
}

static enum err follow(struct openpost *connection, struct follow_room *room, uint64_t *position, int timeout_ms,
                       openpost_event_handler *handler, void *context)
{
    for (;;) {
        uint64_t head = 0;
        uint64_t reached = 0;
        struct body_list list;
        room->reply.len = 0;
        room->reply.overflow = false;
        TRY(client_follow_wait(connection->client, *position, FOLLOW_AT_A_TIME, timeout_ms, &room->reply, &head,
                               &list));
        TRY(body_own_events_read(buf_span(&room->reply), &head, &reached, &list));
        if (list.left == 0 && reached <= *position) {
            return OK;
        }
        while (list.left > 0) {
            struct span envelope;
            struct span payload;
            struct log_event at;
            TRY(body_event_next(&list, &envelope, &payload));
            TRY(log_envelope_read(envelope, &at));
            at.payload = payload;
            const bool in_order =
                at.workspace_seq > *position && at.workspace_seq <= reached; /* its own posts' alone */
            if (at.workspace_seq != *position + 1 && !in_order) {
                return ERR_ALTERED; /* a gap */
            }
            TRY(tell(room, &at, handler, context));
            *position = at.workspace_seq;
        }
        *position = reached > *position ? reached : *position;
    }
}

enum openpost_status openpost_follow(struct openpost *connection, uint64_t *position, int timeout_ms,
                                     openpost_event_handler *handler, void *context, struct openpost_answer *ret_answer)
{
    const uint64_t sent = client_sent(connection->client);
    uint8_t *reply = malloc(REPLY_BYTES);
    uint8_t *json = malloc(JSON_BYTES);
    enum err err = ERR_NO_MEMORY;
    enum refusal refusal = ACCEPTED;
    if (reply != NULL && json != NULL) {
        struct follow_room room = {.reply = buf_of(reply, REPLY_BYTES), .json = buf_of(json, JSON_BYTES)};
        arena_init(&room.arena, EVENT_MEMORY);
        err = follow(connection, &room, position, timeout_ms, handler, context);
        err = err == ERR_UNSUPPORTED ? body_code_read(buf_span(&room.reply), &refusal) : err;
        arena_done(&room.arena);
    }
    free(reply);
    free(json);
    return tell_end(connection, sent, err, refusal, ret_answer);
}
