/* openpost.c: see openpost.h. The composition root of another program's connection: like a main.c it asks clock.c for
 * time and randomness and hands them down. It must never let a type of ours through the header, nor send the API key.
 */
#include "core/wire/openpost.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/log/log.h"
#include "core/message/codec.h"
#include "core/wire/client.h"
#include "core/wire/pack.h"
#include "core/wire/tag_key.h"

#define PARTS_OUT_MAX 25
#define TARGETS_OUT_MAX 50
#define FOLLOW_AT_A_TIME 100
#define REPLY_BYTES (FOLLOW_BYTES_MAX + LOG_PAYLOAD_MAX + 65536)
#define JSON_BYTES ((size_t)LOG_PAYLOAD_MAX * 6 + 65536) /* every byte escaped */
#define EVENT_MEMORY ((size_t)64 << 20)

struct openpost {
    struct client *client;
};

const char *openpost_status_sentence(enum openpost_status status)
{
    static const char *const sentences[] = {
        [OPENPOST_OK] = "done",
        [OPENPOST_REFUSED] = "refused: the code says why",
        [OPENPOST_UNKNOWN] = "no answer came in time: it may or may not have been done",
        [OPENPOST_UNAUTHENTICATED] = "the key is not known there",
        [OPENPOST_INVALID] = "an argument is not valid",
        [OPENPOST_NO_MEMORY] = "out of memory",
        [OPENPOST_TOO_SMALL] = "the buffer is too small",
        [OPENPOST_FAILED] = "it failed",
        [OPENPOST_KEY_NOT_IN_VAULT] = "the ledger's vault does not hold what checks this key: make another",
    };
    return (unsigned)status < sizeof sentences / sizeof *sentences ? sentences[status] : "no such status";
}

static enum openpost_status status_of(enum err err)
{
    switch ((int)err) {
    case OK:
        return OPENPOST_OK;
    case ERR_TIMED_OUT:
    case ERR_CLOSED:
    case ERR_BUSY:
        return OPENPOST_UNKNOWN;
    case ERR_AUTH:
        return OPENPOST_UNAUTHENTICATED;
    case ERR_ACCESS:
        return OPENPOST_KEY_NOT_IN_VAULT;
    case ERR_NO_MEMORY:
        return OPENPOST_NO_MEMORY;
    case ERR_NO_SPACE:
        return OPENPOST_TOO_SMALL;
    case ERR_MALFORMED:
    case ERR_MISSING:
    case ERR_TOO_LONG:
    case ERR_NOT_UTF8:
    case ERR_NUL:
    case ERR_RANGE:
    case ERR_UNSUPPORTED:
        return OPENPOST_INVALID;
    default:
        return OPENPOST_FAILED;
    }
}

enum openpost_status openpost_open(const char *url, const char *api_key, struct openpost **ret_connection)
{
    struct openpost *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return OPENPOST_NO_MEMORY;
    }
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    tag_key_of(span_text(api_key), options.key);
    const enum err err = client_open(&options, &connection->client);
    explicit_bzero(&options, sizeof options);
    if (err != OK) {
        openpost_close(connection);
        return status_of(err);
    }
    *ret_connection = connection;
    return OPENPOST_OK;
}

void openpost_close(struct openpost *connection)
{
    if (connection != NULL) {
        client_close(connection->client);
        explicit_bzero(connection, sizeof *connection);
        free(connection);
    }
}

static struct id new_id(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

static void copy_text(char *out, size_t size, const char *text)
{
    const size_t len = strlen(text);
    ASSERT(len < size);
    memcpy(out, text, len + 1);
}

static void copy_id(char out[OPENPOST_ID_SIZE], const struct id *id)
{
    struct buf buf = buf_of(out, OPENPOST_ID_SIZE);
    id_write(&buf, id);
    ASSERT(buf_terminated(&buf) != NULL);
}

static void fill_code(struct openpost_answer *answer, uint32_t refusal)
{
    copy_text(answer->code, sizeof answer->code, refusal == ACCEPTED ? "" : refusal_desc((enum refusal)refusal)->code);
}

/* The scope of the key: what it is for; whose it is the ledger adds. The gateway's are others, so the same key over
 * HTTP is another. */
static struct idempotency idempotency_of(const char *what, const char *key, struct span body)
{
    uint8_t bytes[400];
    struct buf scope = buf_of(bytes, sizeof bytes);
    struct idempotency idempotency = {.present = true};
    buf_text(&scope, "rpc ");
    buf_text(&scope, what);
    buf_byte(&scope, ' ');
    buf_text(&scope, key);
    ASSERT(buf_ok(&scope));
    sha256(buf_span(&scope), idempotency.scope);
    sha256(body, idempotency.body);
    return idempotency;
}

static bool key_is_good(const char *key)
{
    const size_t len = strlen(key);
    for (size_t i = 0; i < len; i++) {
        if (key[i] < ' ' || key[i] > '~') {
            return false;
        }
    }
    return len >= 1 && len <= 255;
}

static enum openpost_status give(struct openpost *connection, struct command *command,
                                 const struct idempotency *idempotency, int timeout_ms,
                                 struct openpost_answer *ret_answer)
{
    struct answer answer;
    command->command_id = new_id(ID_COMMAND);
    const enum err err = client_command_wait(connection->client, command, idempotency, timeout_ms, &answer);
    if (err != OK) {
        return status_of(err);
    }
    *ret_answer = (struct openpost_answer){
        .workspace_seq = answer.workspace_seq, .version = answer.version, .repeated = answer.repeated};
    fill_code(ret_answer, answer.refusal);
    copy_id(ret_answer->id, id_is_none(&answer.stream) ? &command->stream : &answer.stream);
    return answer.refusal == ACCEPTED ? OPENPOST_OK : OPENPOST_REFUSED;
}

static struct span optional(const char *text)
{
    return text == NULL ? (struct span){0} : span_text(text);
}

struct post_room {
    struct content_part parts[PARTS_OUT_MAX];
    struct target_spec targets[TARGETS_OUT_MAX];
};

/* The fields of the command but ids of its own making. */
static enum err fill_post(const struct openpost_post *post, struct post_room *room, struct create_post_command *create)
{
    if (post->part_count > PARTS_OUT_MAX || post->target_count > TARGETS_OUT_MAX) {
        return ERR_TOO_LONG;
    }
    for (size_t i = 0; i < post->part_count; i++) {
        room->parts[i] = (struct content_part){.text = span_text(post->parts[i])};
    }
    for (size_t i = 0; i < post->target_count; i++) {
        const struct openpost_target *from = &post->targets[i];
        struct target_spec *to = &room->targets[i];
        *to = (struct target_spec){.at_ms = from->at_ms,
                                   .channel = choice_value(&channel_words, span_text(from->channel))};
        TRY(id_parse(span_text(from->integration_id), ID_INTEGRATION, &to->integration_id));
    }
    create->parts = room->parts;
    create->parts_count = (uint32_t)post->part_count;
    create->targets = room->targets;
    create->targets_count = (uint32_t)post->target_count;
    create->link = optional(post->link);
    create->first_comment = optional(post->first_comment);
    create->at_ms = post->at_ms;
    return OK;
}

enum openpost_status openpost_create_post(struct openpost *connection, const struct openpost_post *post,
                                          const char *idempotency_key, int timeout_ms,
                                          struct openpost_answer *ret_answer)
{
    struct post_room room = {0};
    struct command command = {.code = COMMAND_create_post};
    struct idempotency idempotency = {0};
    const enum err err = fill_post(post, &room, &command.create_post);
    if (err != OK || (idempotency_key != NULL && !key_is_good(idempotency_key))) {
        return OPENPOST_INVALID;
    }
    if (idempotency_key != NULL) {
        /* What the caller said, before ids of ours are in it: the same request has the same hash. */
        uint8_t *bytes = malloc(COMMAND_BYTES_MAX);
        struct buf body = buf_of(bytes, bytes == NULL ? 0 : COMMAND_BYTES_MAX);
        for (size_t i = 0; i < post->part_count; i++) {
            pack_text(&body, room.parts[i].text);
        }
        pack_text(&body, command.create_post.link);
        pack_text(&body, command.create_post.first_comment);
        pack_uint(&body, (uint64_t)post->at_ms);
        for (size_t i = 0; i < post->target_count; i++) {
            pack_id(&body, &room.targets[i].integration_id);
            pack_uint(&body, (uint64_t)room.targets[i].at_ms);
        }
        if (buf_ok(&body)) {
            idempotency = idempotency_of("create_post", idempotency_key, buf_span(&body));
        }
        free(bytes);
        if (!idempotency.present) {
            return bytes == NULL ? OPENPOST_NO_MEMORY : OPENPOST_INVALID;
        }
    }
    command.create_post.post_id = new_id(ID_POST);
    for (size_t i = 0; i < post->target_count; i++) {
        room.targets[i].target_id = id_derive(ID_TARGET, &command.create_post.post_id, &room.targets[i].integration_id);
    }
    command.stream = command.create_post.post_id;
    return give(connection, &command, &idempotency, timeout_ms, ret_answer);
}

enum openpost_status openpost_schedule_post(struct openpost *connection, const char *post_id, int64_t at_ms,
                                            int timeout_ms, struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_schedule_post};
    if (id_parse(span_text(post_id), ID_POST, &command.stream) != OK) {
        return OPENPOST_INVALID;
    }
    command.schedule_post.post_id = command.stream;
    command.schedule_post.at_ms = at_ms;
    command.schedule_post.now = at_ms == 0;
    return give(connection, &command, NULL, timeout_ms, ret_answer);
}

enum openpost_status openpost_cancel_post(struct openpost *connection, const char *post_id, int timeout_ms,
                                          struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_cancel_post};
    if (id_parse(span_text(post_id), ID_POST, &command.stream) != OK) {
        return OPENPOST_INVALID;
    }
    command.cancel_post.post_id = command.stream;
    return give(connection, &command, NULL, timeout_ms, ret_answer);
}

/* Asks and copies the result. */
static enum err query(struct openpost *connection, struct span name, struct span arguments, int timeout_ms,
                      struct buf *out, struct openpost_answer *ret_answer)
{
    const size_t cap = out->cap + 256;
    const size_t body_cap = arguments.len + 128;
    uint8_t *memory = malloc(cap + body_cap);
    if (memory == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf body = buf_of(memory + cap, body_cap);
    struct buf reply = buf_of(memory, cap);
    struct span result;
    enum refusal refusal = ACCEPTED;
    body_query_put(&body, name, arguments);
    enum err err = client_ask_wait(connection->client, FRAME_QUERY, buf_span(&body), timeout_ms, &reply);
    err = err == OK ? body_result_read(buf_span(&reply), &refusal, &result) : err;
    if (err == OK) {
        buf_put(out, result);
        err = buf_ok(out) ? OK : ERR_NO_SPACE;
        *ret_answer = (struct openpost_answer){0};
        fill_code(ret_answer, refusal);
    }
    free(memory);
    return err;
}

enum openpost_status openpost_query(struct openpost *connection, const char *name, const void *arguments,
                                    size_t arguments_len, int timeout_ms, char *out, size_t out_size, size_t *ret_len,
                                    struct openpost_answer *ret_answer)
{
    struct openpost_answer answer;
    struct buf buf = buf_of(out, out_size);
    if (strlen(name) > BODY_NAME_MAX) {
        return OPENPOST_INVALID;
    }
    const enum err err =
        query(connection, span_text(name), span_of(arguments, arguments_len), timeout_ms, &buf, &answer);
    if (err != OK) {
        return status_of(err);
    }
    *ret_len = buf.len;
    if (ret_answer != NULL) {
        *ret_answer = answer;
    }
    return answer.code[0] == 0 ? OPENPOST_OK : OPENPOST_REFUSED;
}

enum openpost_status openpost_get_post(struct openpost *connection, const char *post_id, int timeout_ms, char *out,
                                       size_t out_size, struct openpost_answer *ret_answer)
{
    struct id id;
    uint8_t bytes[64];
    size_t len = 0;
    struct buf arguments = buf_of(bytes, sizeof bytes);
    if (out_size == 0 || id_parse(span_text(post_id), ID_POST, &id) != OK) {
        return OPENPOST_INVALID;
    }
    buf_byte(&arguments, 0x81); /* a msgpack map of one: {"post_id": …} */
    pack_text(&arguments, SPAN("post_id"));
    pack_id(&arguments, &id);
    const enum openpost_status status = openpost_query(connection, "get_post", arguments.data, arguments.len,
                                                       timeout_ms, out, out_size - 1, &len, ret_answer);
    if (status == OPENPOST_OK || status == OPENPOST_REFUSED) {
        out[len] = 0;
    }
    return status;
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
    copy_id(stream, &at->stream);
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
        struct body_list list;
        room->reply.len = 0;
        room->reply.overflow = false;
        TRY(client_follow_wait(connection->client, *position, FOLLOW_AT_A_TIME, timeout_ms, &room->reply, &head,
                               &list));
        if (list.left == 0) {
            return OK;
        }
        while (list.left > 0) {
            struct span envelope;
            struct span payload;
            struct log_event at;
            TRY(body_event_next(&list, &envelope, &payload));
            TRY(log_envelope_read(envelope, &at));
            at.payload = payload;
            if (at.workspace_seq != *position + 1) {
                return ERR_ALTERED; /* a gap */
            }
            TRY(tell(room, &at, handler, context));
            *position = at.workspace_seq;
        }
    }
}

enum openpost_status openpost_follow(struct openpost *connection, uint64_t *position, int timeout_ms,
                                     openpost_event_handler *handler, void *context)
{
    uint8_t *reply = malloc(REPLY_BYTES);
    uint8_t *json = malloc(JSON_BYTES);
    enum err err = ERR_NO_MEMORY;
    if (reply != NULL && json != NULL) {
        struct follow_room room = {.reply = buf_of(reply, REPLY_BYTES), .json = buf_of(json, JSON_BYTES)};
        arena_init(&room.arena, EVENT_MEMORY);
        err = follow(connection, &room, position, timeout_ms, handler, context);
        arena_done(&room.arena);
    }
    free(reply);
    free(json);
    return status_of(err);
}
