/* desk_answer.c: what commands and Idempotency-Keys got. Called by ledger.c. Both are derived from the log, whose
 * events name command and key; only the answer "it was already so" left no event: its key is kept when the views are
 * rebuilt, as long as these can be read, and otherwise the command is decided again, upon what there is by then. */
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"
#include "core/message/asked.h"
#include "core/message/codec.h"

/* Answers. A row: seq, workspace_seq, version, time (8 bytes each, big-endian), events, the first one's code (4 each),
 * stream (17). Behind a command's: the digest of what was asked (32), where its last event names one. */

#define ANSWER_ROW (4 * 8 + 2 * 4 + sizeof(struct id))
#define DIGEST_LEN 32

static void answer_write(struct buf *row, const struct answer *answer)
{
    uint8_t number[8];
    const uint64_t numbers[4] = {answer->seq, answer->workspace_seq, answer->version, (uint64_t)answer->time_ms};
    for (size_t i = 0; i < 4; i++) {
        put_be64(number, numbers[i]);
        buf_put(row, span_of(number, 8));
    }
    put_be32(number, answer->events);
    put_be32(number + 4, answer->first_event);
    buf_put(row, span_of(number, 8));
    buf_put(row, span_of(&answer->stream, sizeof answer->stream));
}

static enum err answer_read(struct span row, struct answer *ret_answer)
{
    if (row.len != ANSWER_ROW) {
        return ERR_ALTERED;
    }
    struct answer answer = {.repeated = true};
    answer.seq = get_be64(row.data);
    answer.workspace_seq = get_be64(row.data + 8);
    answer.version = get_be64(row.data + 16);
    answer.time_ms = (int64_t)get_be64(row.data + 24);
    answer.events = get_be32(row.data + 32);
    answer.first_event = get_be32(row.data + 36);
    memcpy(&answer.stream, row.data + 40, sizeof answer.stream);
    *ret_answer = answer;
    return OK;
}

static enum err get_row(struct desk *desk, const struct id *command_id, struct span *ret_row)
{
    struct row_key key;
    key_begin(&key, TABLE_COMMAND);
    key_id(&key, command_id);
    return store_get(desk->txn, key_span(&key), ret_row);
}

enum err desk_command_answer(struct desk *desk, const struct id *command_id, struct answer *ret_answer)
{
    struct span row;
    TRY(get_row(desk, command_id, &row));
    return answer_read(row.len == ANSWER_ROW + DIGEST_LEN ? span_of(row.data, ANSWER_ROW) : row, ret_answer);
}

enum err desk_command_is_same(struct desk *desk, const struct id *command_id, const struct idempotency *idempotency,
                              bool *ret_same)
{
    struct span row;
    TRY(get_row(desk, command_id, &row));
    const bool compared = row.len == ANSWER_ROW + DIGEST_LEN && idempotency != NULL && idempotency->present;
    *ret_same = !compared ||
                span_equal_secret(span_of(row.data + ANSWER_ROW, DIGEST_LEN), span_of(idempotency->body, DIGEST_LEN));
    return OK;
}

/* Learns by heart which command rows have the smallest ids: all of them up to PRUNE_AHEAD. */
static enum err read_oldest(struct desk *desk)
{
    struct row_key first;
    struct span key;
    struct span row;
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    desk->oldest_at = 0;
    desk->oldest_count = 0;
    key_begin(&first, TABLE_COMMAND);
    TRY(store_cursor_open(desk->txn, &cursor));
    enum err err = store_seek(cursor, key_span(&first), &key, &row);
    while (err == OK && key.len == 1 + sizeof(struct id) && key.data[0] == TABLE_COMMAND &&
           desk->oldest_count < PRUNE_AHEAD) {
        memcpy(&desk->oldest[desk->oldest_count], key.data + 1, sizeof(struct id));
        desk->oldest_count++;
        err = store_next(cursor, &key, &row);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* A new row: when its id lies among the smallest, those behind it are no longer the next ones. */
static void note_new(struct desk *desk, const struct id *id)
{
    while (desk->oldest_count > desk->oldest_at && memcmp(&desk->oldest[desk->oldest_count - 1], id, sizeof *id) > 0) {
        desk->oldest_count--;
    }
}

/* Drops command rows older than COMMAND_MEMORY_MS: their keys are ordered by time. By the event's time, so that a
 * replay drops the same. */
static enum err prune_commands(struct desk *desk, const struct log_event *at)
{
    if (at->seq % PRUNE_EVERY != 0) {
        return OK;
    }
    for (unsigned i = 0; i < PRUNE_ROWS; i++) {
        if (desk->oldest_at == desk->oldest_count) {
            TRY(read_oldest(desk));
        }
        const struct id *id = &desk->oldest[desk->oldest_at];
        if (desk->oldest_at == desk->oldest_count || id_time_ms(id) >= at->time_ms - COMMAND_MEMORY_MS) {
            return OK;
        }
        struct row_key key;
        key_begin(&key, TABLE_COMMAND);
        key_id(&key, id);
        TRY(store_delete(desk->txn, key_span(&key)));
        desk->oldest_at++;
    }
    return OK;
}

/* The command's row after this event of it: a later one replaces it. */
static enum err put_row(struct desk *desk, const struct log_event *at)
{
    struct row_key key;
    struct answer answer = {.events = 0};
    struct idempotency asked;
    uint8_t bytes[ANSWER_ROW + DIGEST_LEN];
    struct buf row = buf_of(bytes, sizeof bytes);
    const enum err err = desk_command_answer(desk, &at->command_id, &answer);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_NOT_FOUND) {
        note_new(desk, &at->command_id);
    }
    answer.seq = at->seq;
    answer.workspace_seq = at->workspace_seq;
    answer.version = at->version;
    answer.time_ms = at->time_ms;
    answer.first_event = err == OK ? answer.first_event : at->code;
    answer.events = err == OK ? answer.events + 1 : 1;
    answer.stream = at->stream;
    answer_write(&row, &answer);
    if (event_asked(at->payload, &asked) == OK) {
        buf_put(&row, span_of(asked.body, DIGEST_LEN));
    }
    key_begin(&key, TABLE_COMMAND);
    key_id(&key, &at->command_id);
    return store_put(desk->txn, key_span(&key), buf_span(&row));
}

enum err desk_command_put(struct desk *desk, const struct log_event *at)
{
    if (id_is_none(&at->command_id)) {
        return OK;
    }
    TRY(put_row(desk, at));
    return prune_commands(desk, at);
}

enum err desk_idempotent(struct store_txn *txn, const struct idempotency *idempotency, bool *ret_same,
                         struct answer *ret_answer)
{
    struct row_key key;
    struct span row;
    key_begin(&key, TABLE_IDEMPOTENCY);
    buf_put(&key.buf, span_of(idempotency->scope, 32));
    TRY(store_get(txn, key_span(&key), &row));
    if (row.len != 32 + ANSWER_ROW) {
        return ERR_ALTERED;
    }
    TRY(answer_read(span_of(row.data + 32, ANSWER_ROW), ret_answer));
    *ret_same = span_equal_secret(span_of(row.data, 32), span_of(idempotency->body, 32));
    return OK;
}

/* Looks at a few rows from where the last look ended, and deletes the first that nobody can ask for any more. Keys are
 * hashes, in no order of time: a walk round the table comes by each of them again and again. */
static enum err prune_keys(struct desk *desk, int64_t now_ms)
{
    struct span key;
    struct span row;
    uint8_t old[IDEMPOTENCY_KEY_LEN];
    bool found = false;
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    desk->pruned_to[0] = TABLE_IDEMPOTENCY;
    TRY(store_cursor_open(desk->txn, &cursor));
    enum err err = store_seek(cursor, span_of(desk->pruned_to, sizeof desk->pruned_to), &key, &row);
    for (unsigned i = 0; err == OK && i < PRUNE_KEYS && !found; i++) {
        struct answer answer;
        if (key.len != IDEMPOTENCY_KEY_LEN || key.data[0] != TABLE_IDEMPOTENCY || row.len != 32 + ANSWER_ROW) {
            err = ERR_NOT_FOUND; /* the table's end */
            break;
        }
        TRY(answer_read(span_of(row.data + 32, ANSWER_ROW), &answer));
        found = answer.time_ms < now_ms - COMMAND_MEMORY_MS;
        memcpy(found ? old : desk->pruned_to, key.data, IDEMPOTENCY_KEY_LEN);
        err = found ? OK : store_next(cursor, &key, &row);
    }
    if (err == ERR_NOT_FOUND) {
        memset(desk->pruned_to, 0, sizeof desk->pruned_to); /* round again */
        err = OK;
    }
    TRY(err);
    store_cursor_close(cursor);
    cursor = NULL;
    return found ? store_delete(desk->txn, span_of(old, sizeof old)) : OK;
}

enum err desk_keys_read(struct store_txn *txn, struct arena *arena, struct kept_row **ret_rows)
{
    const uint8_t first = TABLE_IDEMPOTENCY;
    struct span key;
    struct span row;
    struct kept_row *rows = NULL;
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    enum err err = store_seek(cursor, span_of(&first, 1), &key, &row);
    while (err == OK && key.len > 0 && key.data[0] == TABLE_IDEMPOTENCY) {
        struct kept_row *kept = arena_alloc(arena, sizeof *kept);
        if (kept == NULL) {
            return ERR_NO_MEMORY;
        }
        TRY(arena_copy(arena, key, &kept->key));
        TRY(arena_copy(arena, row, &kept->value));
        kept->next = rows;
        rows = kept;
        err = store_next(cursor, &key, &row);
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_rows = rows;
    return OK;
}

enum err desk_keys_write(struct store_txn *txn, const struct kept_row *rows)
{
    for (const struct kept_row *row = rows; row != NULL; row = row->next) {
        if (row->key.len == IDEMPOTENCY_KEY_LEN && row->value.len == 32 + ANSWER_ROW) {
            TRY(store_put(txn, row->key, row->value));
        }
    }
    return OK;
}

static enum err put_key(struct desk *desk, const struct idempotency *idempotency, const struct answer *answer)
{
    struct row_key key;
    uint8_t bytes[32 + ANSWER_ROW];
    struct buf row = buf_of(bytes, sizeof bytes);
    key_begin(&key, TABLE_IDEMPOTENCY);
    buf_put(&key.buf, span_of(idempotency->scope, 32));
    buf_put(&row, span_of(idempotency->body, 32));
    answer_write(&row, answer);
    return store_put(desk->txn, key_span(&key), buf_span(&row));
}

enum err desk_idempotent_put(struct desk *desk, const struct idempotency *idempotency, const struct answer *answer)
{
    TRY(put_key(desk, idempotency, answer));
    return prune_keys(desk, answer->time_ms);
}

/* Prunes nothing: what a replay puts is young, and a cursor for each would write out its buffer. */
enum err desk_idempotent_replay(struct desk *desk, const struct log_event *at)
{
    struct idempotency idempotency;
    struct answer answer;
    const enum err err = event_asked(at->payload, &idempotency);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    if (!asked_has_key(&idempotency)) {
        return OK;
    }
    TRY(desk_command_answer(desk, &at->command_id, &answer));
    return put_key(desk, &idempotency, &answer);
}
