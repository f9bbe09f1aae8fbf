/* ledger.c: see ledger.h. One command: seen before? decide, append, fold, derive. Called by service_write.c, by tools
 * that work without a service, and by the simulation. Never asks for the time and never waits for anybody but the log's
 * disk. */
#include "core/ledger/ledger.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/ledger/ledger_state.h"
#include "core/message/asked.h"
#include "core/message/codec.h"

#define PAYLOADS_BYTES ((size_t)LOG_PAYLOAD_MAX + ((size_t)1 << 20)) /* one large event and seven small ones */
#define SCRATCH_MAX ((size_t)64 << 20)
#define KEPT_MAX ((size_t)1 << 30) /* four million Idempotency-Keys */

enum err ledger_keys_read(struct store *views, const struct id *installation_id, struct ledger_keys *ret_keys)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    bool foreign = false;
    arena_init(&ret_keys->arena, KEPT_MAX);
    ret_keys->rows = NULL;
    TRY(store_begin(views, false, &txn));
    TRY(desk_is_foreign(txn, installation_id, &foreign));
    return foreign ? OK : desk_keys_read(txn, &ret_keys->arena, &ret_keys->rows);
}

void ledger_keys_done(struct ledger_keys *keys)
{
    arena_done(&keys->arena);
    *keys = (struct ledger_keys){.rows = NULL};
}

/* Views that begin with nothing but these keys. NULL: with nothing. */
static enum err clear_to(struct store *views, const struct ledger_keys *keys)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_clear(views));
    if (keys == NULL || keys->rows == NULL) {
        return OK;
    }
    TRY(store_begin(views, true, &txn));
    TRY(desk_keys_write(txn, keys->rows));
    return store_commit(&txn);
}

/* Clears views that can be read, of another version for instance, but keeps what the log does not know. */
static enum err clear_but_keys(const struct ledger_options *options)
{
    struct ledger_keys keys;
    enum err err = ledger_keys_read(options->views, &options->installation_id, &keys);
    err = err == OK ? clear_to(options->views, &keys) : err;
    ledger_keys_done(&keys);
    return err;
}

/* The position that views stand at, 0 after clearing them when there is any doubt. */
static enum err trusted_position(const struct ledger_options *options, bool views_trusted, uint64_t *ret_position)
{
    struct log_status status;
    uint64_t position = 0;
    log_status(options->log, &status);
    if (views_trusted) {
        OWNED(store_abort) struct store_txn *txn = NULL;
        TRY(store_begin(options->views, false, &txn));
        bool foreign = false;
        const enum err err = desk_position(txn, &position);
        if (err != OK && err != ERR_NOT_FOUND) {
            return err;
        }
        TRY(desk_is_foreign(txn, &options->installation_id, &foreign));
        if (err == OK && position <= status.head && !foreign) {
            *ret_position = position;
            return OK;
        }
        views_trusted = !foreign;
    }
    *ret_position = 0;
    store_set_whole(options->views, false);
    return views_trusted ? clear_but_keys(options) : clear_to(options->views, options->keys);
}

enum err ledger_went_back(struct log *log, struct store *views, const struct id *installation_id, bool *ret_back)
{
    bool foreign = false;
    struct log_status status;
    uint64_t position = 0;
    OWNED(store_abort) struct store_txn *txn = NULL;
    log_status(log, &status);
    TRY(store_begin(views, false, &txn));
    const enum err err = desk_position(txn, &position);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(desk_is_foreign(txn, installation_id, &foreign));
    *ret_back = err == OK && position > status.head && !foreign;
    return OK;
}

static enum err load_installation(struct ledger *ledger)
{
    const struct installation *installation = NULL;
    TRY(store_begin(ledger->options.views, false, &ledger->desk.txn));
    const enum err err = desk_installation(&ledger->desk, &installation);
    store_abort(ledger->desk.txn);
    ledger->desk.txn = NULL;
    return err;
}

static enum err open_views(struct ledger *ledger, bool views_trusted)
{
    uint64_t position = 0;
    uint64_t events = 0;
    const struct ledger_options *options = &ledger->options;
    TRY(trusted_position(options, views_trusted, &position));
    if (position < ledger_head(ledger)) {
        store_set_whole(options->views, false); /* nobody reads the past as if it were the present */
    }
    TRY(ledger_replay(&ledger->desk, options->views, position, &options->watch, &events));
    TRY(load_installation(ledger));
    store_set_whole(options->views, true);
    return OK;
}

enum err ledger_open(const struct ledger_options *options, bool views_trusted, struct ledger **ret_ledger)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return ERR_NO_MEMORY;
    }
    ledger->options = *options;
    ledger->desk.log = options->log;
    ledger->desk.installation_id = options->installation_id;
    ledger->desk.projections = options->projections;
    ledger->desk.zones = options->zones;
    ledger->desk.vault = options->vault;
    arena_init(&ledger->desk.arena, SCRATCH_MAX);
    struct log_status status;
    log_status(options->log, &status);
    ledger->stamp_ms = status.time_ms;
    ledger->payloads = malloc(PAYLOADS_BYTES);
    const enum err err = ledger->payloads == NULL ? ERR_NO_MEMORY : open_views(ledger, views_trusted);
    if (err != OK) {
        ledger_close(ledger);
        return err;
    }
    *ret_ledger = ledger;
    return OK;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    if (ledger->in_group) {
        ledger_abort(ledger);
    }
    arena_done(&ledger->desk.arena);
    free(ledger->payloads);
    free(ledger);
}

int64_t ledger_stamp(const struct ledger *ledger, int64_t now_ms)
{
    return now_ms > ledger->stamp_ms ? now_ms : ledger->stamp_ms;
}

uint64_t ledger_epoch(const struct ledger *ledger)
{
    return ledger->desk.installation.epoch;
}

uint64_t ledger_head(const struct ledger *ledger)
{
    struct log_status status;
    log_status(ledger->options.log, &status);
    return status.head;
}

bool ledger_clock_is_suspect(const struct ledger *ledger)
{
    return ledger->desk.installation.clock_suspect != 0;
}

enum err ledger_begin(struct ledger *ledger, int64_t now_ms)
{
    ASSERT(!ledger->in_group);
    TRY(store_begin(ledger->options.views, true, &ledger->desk.txn));
    const enum err err = log_begin(ledger->options.log);
    if (err != OK) {
        store_abort(ledger->desk.txn);
        ledger->desk.txn = NULL;
        return err;
    }
    ledger->given_ms = now_ms;
    ledger->now_ms = ledger_stamp(ledger, now_ms);
    ledger->in_group = true;
    return OK;
}

/* The group's derived rows go; what is known by heart must be what is stored. */
static void drop_group(struct ledger *ledger)
{
    store_abort(ledger->desk.txn);
    ledger->desk.txn = NULL;
    ledger->in_group = false;
    desk_forget(&ledger->desk);
    const enum err err = load_installation(ledger);
    (void)err; /* a failure to read it shows at the next command */
}

void ledger_abort(struct ledger *ledger)
{
    ASSERT(ledger->in_group);
    log_abort(ledger->options.log);
    drop_group(ledger);
}

enum err ledger_commit(struct ledger *ledger)
{
    ASSERT(ledger->in_group);
    const enum err err = log_commit(ledger->options.log);
    if (err != OK) {
        drop_group(ledger);
        return err;
    }
    ledger->in_group = false;
    ledger->stamp_ms = ledger->now_ms;
    const enum err derived = desk_commit(&ledger->desk, ledger_head(ledger));
    return derived == ERR_NO_SPACE ? ERR_IO : derived; /* the log has it: only a reopened ledger may go on */
}

/* Commands that may use the log's reserve: what is scheduled goes out, and people may come to stop it, and end what
 * others may do. */
static bool is_privileged(uint32_t code)
{
    switch (code) {
    case COMMAND_cancel_post:
    case COMMAND_cancel_target:
    case COMMAND_resolve_target:
    case COMMAND_pause_workspace:
    case COMMAND_pause_integration:
    case COMMAND_pause_queue:
    case COMMAND_revoke_key:
    case COMMAND_remove_member:
    case COMMAND_withdraw_invitation:
    case COMMAND_open_session:
    case COMMAND_end_session:
    case COMMAND_end_sessions:
    case COMMAND_report_refusals:
    case COMMAND_report_member_refusals:
    case COMMAND_report_strangers:
        return true;
    default:
        return command_party(code) != PARTY_GATEWAY;
    }
}

/* The event that a command answers was in the log before it, and is of the same workspace: only our own processes name
 * one, and one that is not there is a fault of theirs. One that is there and damaged cannot be judged: no reason not to
 * record what happened. */
static enum err names_its_cause(struct ledger *ledger, const struct command *command, bool *ret_does)
{
    struct log_event cause;
    const struct id workspace_id = command_workspace(command);
    if (command->causation == 0) {
        *ret_does = true;
        return OK;
    }
    const enum err err = log_look(ledger->options.log, command->causation, &cause);
    *ret_does = err == ERR_ALTERED || (err == OK && id_equal(&cause.workspace_id, &workspace_id));
    return err == ERR_NOT_FOUND || err == ERR_ALTERED ? OK : err;
}

/* Appends the decided events to the log's group, those of the other stream, which the command changes too, first: the
 * answer's is the last one. On failure none of them is in it. The first answers the event that the command names, the
 * others follow from the first. */
static enum err append_events(struct ledger *ledger, const struct command *command, const struct id *stream,
                              const struct idempotency *idempotency)
{
    struct log *log = ledger->options.log;
    const uint64_t mark = log_mark(log);
    const struct id workspace_id = command_workspace(command);
    const uint32_t others = ledger->room.others.count;
    const uint32_t count = ledger->events.count + others;
    ASSERT(count <= EVENTS_PER_COMMAND_MAX);
    ledger->payload_buf = buf_of(ledger->payloads, PAYLOADS_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        const bool is_other = i < others;
        const struct event *event = is_other ? &ledger->room.others.events[i] : &ledger->events.events[i - others];
        const size_t start = ledger->payload_buf.len;
        struct log_event *record = &ledger->records[i];
        *record = (struct log_event){.workspace_id = workspace_id,
                                     .stream = is_other ? ledger->other.post.post_id : *stream,
                                     .version = is_other ? ledger->other.head.version + i + 1
                                                         : ledger->state.head.version + i - others + 1,
                                     .code = event->code,
                                     .time_ms = ledger->now_ms,
                                     .actor = command->actor,
                                     .actor_id = command->actor_id,
                                     .command_id = command->command_id,
                                     .causation = i == 0 ? command->causation : ledger->records[0].seq};
        ledger->options.random(ledger->options.random_context, record->salt, sizeof record->salt);
        const bool last = i + 1 == count; /* with it the command's answer is complete */
        enum err err = event_encode_asked(event, last ? idempotency : NULL, &ledger->payload_buf);
        if (err == OK) {
            record->payload = span_of(ledger->payloads + start, ledger->payload_buf.len - start);
            err = log_append(log, record, is_privileged(command->code));
        } else {
            err = err == ERR_NO_SPACE ? ERR_TOO_LONG : err;
        }
        if (err != OK) {
            log_rollback(log, mark);
            return err;
        }
    }
    return OK;
}

/* Folds events of one stream, which stand in records, and derives everything from them. */
static enum err derive_stream(struct ledger *ledger, const struct event_list *events, const struct log_event *records,
                              const struct id *stream, struct aggregate *state)
{
    const enum id_kind kind = (enum id_kind)stream->kind;
    for (uint32_t i = 0; i < events->count; i++) {
        const struct log_event *record = &records[i];
        /* What indexes compare lies within the stored beginning; a post's whole state is 25 KB. */
        memcpy(&ledger->before, state, aggregate_stored_size(kind, state));
        aggregate_evolve(kind, state, &events->events[i], &record->workspace_id, record->time_ms);
        ASSERT(state->head.version == record->version);
        state->head.command_id = record->command_id;
        TRY(desk_apply(&ledger->desk, record, &events->events[i], &ledger->before, state));
    }
    return desk_store(&ledger->desk, stream, state);
}

/* Folds the appended events, those of the other stream first, and derives everything from them. */
static enum err derive(struct ledger *ledger, const struct id *stream)
{
    const uint32_t others = ledger->room.others.count;
    if (others > 0) {
        const struct id other = ledger->records[0].stream;
        TRY(derive_stream(ledger, &ledger->room.others, ledger->records, &other, &ledger->other));
    }
    return derive_stream(ledger, &ledger->events, ledger->records + others, stream, &ledger->state);
}

static enum err refuse(struct ledger *ledger, const struct command *command, const struct id *stream,
                       enum refusal refusal, struct answer *ret_answer)
{
    struct answer answer = {
        .refusal = refusal, .time_ms = ledger->now_ms, .seq = ledger_head(ledger), .stream = *stream};
    const struct id workspace_id = command_workspace(command);
    const bool is_foreign =
        ledger->state.head.version != 0 && !id_equal(&ledger->state.head.workspace_id, &workspace_id);
    if (refusal == REFUSED_not_found || is_foreign) { /* perhaps another workspace's: nothing of it is told */
        *ret_answer = answer;
        return OK;
    }
    answer.version = ledger->state.head.version;
    aggregate_hint((enum id_kind)stream->kind, &ledger->state, command, refusal, &answer.hint_ms,
                   &answer.publish_at_ms);
    if (refusal == REFUSED_integration_in_use) {
        uint32_t count = 0;
        TRY(desk_open_posts(&ledger->desk, &command->workspace_id, stream, answer.detail, ANSWER_DETAIL_MAX, &count));
    }
    if (refusal == REFUSED_account_exists) {
        TRY(desk_account_holder(&ledger->desk, command, &ledger->state.integration, &answer.detail[0]));
    }
    *ret_answer = answer;
    return OK;
}

/* The answer to a command whose id has one already: that one again, but only to who names the same stream, of the same
 * workspace, and sends the same kind of command, with the same digest of what it says where both have one. The id alone
 * proves nothing: it may have been read somewhere. */
static enum err answer_again(struct ledger *ledger, const struct command *command, const struct id *stream,
                             const struct idempotency *idempotency, const struct answer *first,
                             struct answer *ret_answer)
{
    bool same = false;
    const struct id workspace_id = command_workspace(command);
    TRY(desk_load(&ledger->desk, stream, &ledger->state));
    if (ledger->state.head.version > 0 && !id_equal(&ledger->state.head.workspace_id, &workspace_id)) {
        return refuse(ledger, command, stream, aggregate_missing(&ledger->state, command), ret_answer);
    }
    TRY(desk_command_is_same(&ledger->desk, &command->command_id, idempotency, &same));
    same = same && id_equal(&first->stream, stream) && command_begins_with(command->code, first->first_event);
    *ret_answer = same ? *first : (struct answer){.refusal = REFUSED_command_reused, .time_ms = ledger->now_ms};
    return OK;
}

/* Whether this command, or this Idempotency-Key, was answered before. ERR_NOT_FOUND: it was not. */
static enum err seen_before(struct ledger *ledger, const struct command *command, const struct id *stream,
                            const struct idempotency *idempotency, struct answer *ret_answer)
{
    struct answer answer;
    bool same = false;
    enum err err = desk_command_answer(&ledger->desk, &command->command_id, &answer);
    if (err == OK) {
        return answer_again(ledger, command, stream, idempotency, &answer, ret_answer);
    }
    if (err != ERR_NOT_FOUND || !asked_has_key(idempotency)) {
        return err;
    }
    err = desk_idempotent(ledger->desk.txn, idempotency, &same, &answer);
    if (err == OK) {
        if (!same) {
            answer = (struct answer){.refusal = REFUSED_idempotency_key_reused, .time_ms = ledger->now_ms};
        }
        *ret_answer = answer;
    }
    return err;
}

/* A decided command whose events the log took, or that needed none. */
static enum err accept(struct ledger *ledger, const struct id *stream, const struct idempotency *idempotency,
                       struct answer *ret_answer)
{
    const uint32_t count = ledger->events.count + ledger->room.others.count;
    struct answer answer = {.time_ms = ledger->now_ms, .stream = *stream, .events = count};
    if (count > 0) {
        TRY(derive(ledger, stream));
        answer.seq = ledger->records[count - 1].seq;
        answer.workspace_seq = ledger->records[count - 1].workspace_seq;
        answer.first_event = ledger->records[0].code;
    } else {
        answer.seq = ledger_head(ledger);
    }
    answer.version = ledger->state.head.version;
    if (asked_has_key(idempotency)) {
        TRY(desk_idempotent_put(&ledger->desk, idempotency, &answer));
    }
    *ret_answer = answer;
    return OK;
}

/* No answer to this command was found (seen_before), but the stream's last event came of it: it would be carried out
 * again. Answers are forgotten by the time of their id, none younger than this. */
static bool has_lost_its_answer(const struct ledger *ledger, const struct command *command)
{
    return ledger->state.head.version > 0 && id_equal(&ledger->state.head.command_id, &command->command_id) &&
           id_time_ms(&command->command_id) >= ledger->now_ms - COMMAND_MEMORY_MS;
}

/* The other post of a swap, if it is there and of this workspace. */
static enum err load_other(struct ledger *ledger, const struct command *command, struct decide_context *context)
{
    const struct swap_targets_command *swap = &command->swap_targets;
    if (command->code != COMMAND_swap_targets || swap->other_post_id.kind != ID_POST ||
        id_equal(&swap->other_post_id, &swap->post_id)) {
        return OK;
    }
    TRY(desk_load(&ledger->desk, &swap->other_post_id, &ledger->other));
    const bool own =
        ledger->other.head.version > 0 && id_equal(&ledger->other.head.workspace_id, &command->workspace_id);
    context->other_post = own ? &ledger->other.post : NULL;
    return OK;
}

static enum err decide(struct ledger *ledger, const struct command *command, const struct id *stream,
                       const struct idempotency *idempotency, struct answer *ret_answer)
{
    const enum id_kind kind = (enum id_kind)stream->kind;
    struct decide_context context = {.now_ms = ledger->now_ms, .room = &ledger->room};
    const struct id workspace_id = command_workspace(command);
    TRY(desk_load_of(&ledger->desk, &workspace_id, stream, &ledger->state));
    TRY(has_lost_its_answer(ledger, command) ? ERR_ALTERED : OK);
    TRY(desk_context(&ledger->desk, command, &ledger->state, &ledger->context_room, &context));
    TRY(load_other(ledger, command, &context));
    ledger->events.count = 0;
    enum refusal refusal = aggregate_decide(kind, &ledger->state, &context, command, &ledger->events);
    if (refusal == ACCEPTED && ledger->events.count > 0) {
        bool does = false;
        TRY(names_its_cause(ledger, command, &does));
        refusal = does ? ACCEPTED : REFUSED_command_invalid;
    }
    if (refusal != ACCEPTED) {
        return refuse(ledger, command, stream, refusal, ret_answer);
    }
    const bool wait = store_is_short(ledger->options.views) && !is_privileged(command->code);
    const enum err err = wait ? ERR_NO_SPACE : append_events(ledger, command, stream, idempotency);
    if (err == ERR_NO_SPACE) {
        return refuse(ledger, command, stream, REFUSED_storage_full, ret_answer);
    }
    if (err == ERR_TOO_LONG) {
        return refuse(ledger, command, stream, REFUSED_payload_too_large, ret_answer);
    }
    TRY(err);
    return accept(ledger, stream, idempotency, ret_answer);
}

enum err ledger_handle(struct ledger *ledger, const struct command *command, const struct idempotency *idempotency,
                       struct answer *ret_answer)
{
    ASSERT(ledger->in_group);
    const enum id_kind kind = command_aggregate(command->code);
    struct id stream = kind == ID_SYSTEM ? ledger->options.installation_id : command_stream(command);
    struct answer answer = {.time_ms = ledger->now_ms};
    if (kind == ID_NONE || stream.kind != kind || command->command_id.kind != ID_COMMAND) {
        answer.refusal = REFUSED_command_invalid;
        *ret_answer = answer;
        return OK;
    }
    /* An id is as old as the clock says that made it; while that clock is behind the last stamp, so is its id. */
    if (id_time_ms(&command->command_id) < ledger->given_ms - COMMAND_MEMORY_MS) {
        answer.refusal = REFUSED_command_too_old;
        *ret_answer = answer;
        return OK;
    }
    const enum err err = seen_before(ledger, command, &stream, idempotency, ret_answer);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    arena_reset(&ledger->desk.arena);
    return decide(ledger, command, &stream, idempotency, ret_answer);
}

enum err ledger_views_position(struct store_txn *txn, uint64_t *ret_position)
{
    return desk_position(txn, ret_position);
}

enum err ledger_idempotent(struct store_txn *txn, const struct idempotency *idempotency, bool *ret_same,
                           struct answer *ret_answer)
{
    return desk_idempotent(txn, idempotency, ret_same, ret_answer);
}

enum err ledger_find_command(struct ledger *ledger, const struct id *command_id, struct answer *ret_answer)
{
    if (ledger->in_group) {
        return desk_command_answer(&ledger->desk, command_id, ret_answer);
    }
    TRY(store_begin(ledger->options.views, false, &ledger->desk.txn));
    const enum err err = desk_command_answer(&ledger->desk, command_id, ret_answer);
    store_abort(ledger->desk.txn);
    ledger->desk.txn = NULL;
    return err;
}
