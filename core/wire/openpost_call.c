/* openpost_call.c: see openpost_call.h. Called by openpost*.c; like a main.c it asks clock.c for time and randomness
 * and hands them down. */
#include "core/wire/openpost_call.h"

#include "core/base/clock.h"
#include "core/base/lock.h"

enum openpost_status openpost_call_status(enum err err)
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

/* sent: client_sent before the call. Another thread's frames make it unknown: the safe answer. */
enum openpost_status openpost_call_since(struct openpost *connection, uint64_t sent, enum err err)
{
    const bool unreached = err == ERR_TIMED_OUT && client_sent(connection->client) == sent;
    return unreached ? OPENPOST_UNREACHED : openpost_call_status(err);
}

struct id openpost_call_mint(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

void openpost_call_text(char *out, size_t size, const char *text)
{
    const size_t len = strlen(text);
    ASSERT(len < size);
    memcpy(out, text, len + 1);
}

struct span openpost_call_optional(const char *text)
{
    return text == NULL ? (struct span){0} : span_text(text);
}

void openpost_call_id(char out[OPENPOST_ID_SIZE], const struct id *id)
{
    struct buf buf = buf_of(out, OPENPOST_ID_SIZE);
    id_write(&buf, id);
    ASSERT(buf_terminated(&buf) != NULL);
}

enum openpost_status openpost_call_refusal(struct openpost_answer *answer, uint32_t refusal)
{
    if (refusal == ACCEPTED) {
        answer->sentence = "";
        return OPENPOST_OK;
    }
    const struct refusal_desc *desc = refusal_desc((enum refusal)refusal);
    openpost_call_text(answer->code, sizeof answer->code, desc->code);
    answer->sentence = desc->title;
    return OPENPOST_REFUSED;
}

enum openpost_status openpost_call_give(struct openpost *connection, struct command *command,
                                        const struct idempotency *idempotency, int timeout_ms,
                                        struct openpost_answer *ret_answer)
{
    struct answer answer;
    command->command_id = openpost_call_mint(ID_COMMAND);
    const uint64_t sent = client_sent(connection->client);
    const enum err err = client_command_wait(connection->client, command, idempotency, timeout_ms, &answer);
    if (err != OK) {
        return openpost_call_since(connection, sent, err);
    }
    lock_take(&connection->lock);
    connection->fault = answer.fault;
    lock_give(&connection->lock);
    *ret_answer = (struct openpost_answer){
        .workspace_seq = answer.workspace_seq, .version = answer.version, .repeated = answer.repeated};
    openpost_call_id(ret_answer->id, id_is_none(&answer.stream) ? &command->stream : &answer.stream);
    return openpost_call_refusal(ret_answer, answer.refusal);
}

enum openpost_status openpost_call_about(struct openpost *connection, struct command *command, enum id_kind kind,
                                         const char *id, int timeout_ms, struct openpost_answer *ret_answer)
{
    if (id_parse(span_text(id), kind, &command->stream) != OK) {
        return OPENPOST_INVALID;
    }
    *(struct id *)command_fields(command) = command->stream;
    return openpost_call_give(connection, command, NULL, timeout_ms, ret_answer);
}
