/* questions.c: see questions.h. Runs on the ledger's reading thread, questions_principal and _post on its sockets'. */
#include "tools/questions.h"

#include "core/base/assert.h"
#include "core/ledger/people.h"
#include "core/ledger/sight.h"
#include "core/log/checkpoint.h"
#include "core/log/tlog_proof.h"
#include "core/message/codec.h"
#include "core/wire/body.h"
#include "gateway/rendering.h"
#include "projections/access.h"
#include "projections/posts.h"
#include "projections/views.h"

#define EVENTS_MAX 200
#define EVENTS_TAIL_MAX 64                    /* bytes behind the last event of a page: the cursor */
#define SERVER_SENT_BYTES ((size_t)256 << 10) /* of one helping of a stream; one event may be longer */

/* The arguments of a question, and what of the log it is about. */
struct asked {
    struct sight sight;
    uint64_t first;
    uint64_t second;
    struct id stream; /* of "stream" */
};

static struct span next_line(struct span *rest)
{
    size_t end = span_find(*rest, '\n');
    const struct span line = span_of(rest->data, end);
    end += end < rest->len ? 1 : 0;
    *rest = span_of(rest->data + end, rest->len - end);
    return line;
}

/* A line with an id; an empty one, or none: it is absent. */
static enum err read_id(struct span *rest, struct id *id)
{
    const struct span line = next_line(rest);
    return line.len > 0 ? id_parse(line, ID_NONE, id) : OK;
}

static enum err read_asked(const struct question *question, struct asked *ret_asked)
{
    struct span rest = question->arguments;
    const struct asker *asker = question->asker;
    const bool own = asker->party != PARTY_NONE;
    struct asked asked = {
        .sight = {.workspace_id = asker->workspace_id, .author_id = access_log_author(&asker->grant, &asker->key_id)}
    };
    const struct span workspace = next_line(&rest);
    if (own) {
        asked.sight.author_id = (struct id){0};
        TRY(id_parse(workspace, ID_WORKSPACE, &asked.sight.workspace_id));
    }
    TRY(span_to_u64(next_line(&rest), &asked.first));
    TRY(span_to_u64(next_line(&rest), &asked.second));
    TRY(read_id(&rest, &asked.stream));
    if (own) {
        TRY(read_id(&rest, &asked.sight.author_id));
    }
    *ret_asked = asked;
    return OK;
}

/* One event as its tenant sees it: no seq (it would tell how busy the neighbours are), so what led to it is named by
 * its workspace_seq, too. */
static enum err write_event(const struct question *question, const struct log_event *at, struct buf *out)
{
    struct event event;
    struct log_event cause = {.workspace_seq = 0};
    if (at->causation != 0) {
        TRY(log_look(question->log, at->causation, &cause));
    }
    TRY(event_decode(at->payload, question->arena, &event));
    const struct record_desc *desc = event_desc(event.code);
    buf_text(out, "{\"workspace_seq\":");
    buf_u64(out, at->workspace_seq);
    buf_text(out, ",\"type\":");
    json_string(out, span_text(desc->name));
    buf_text(out, ",\"time\":");
    json_time(out, at->time_ms);
    buf_text(out, ",\"stream\":");
    json_id(out, &at->stream);
    buf_text(out, ",\"version\":");
    buf_u64(out, at->version);
    buf_text(out, ",\"actor\":");
    json_string(out, span_text(actor_word(at->actor)));
    buf_text(out, ",\"actor_id\":");
    json_id(out, &at->actor_id);
    buf_text(out, ",\"command_id\":");
    json_id(out, &at->command_id);
    buf_text(out, ",\"causation\":");
    if (cause.workspace_seq != 0) {
        buf_u64(out, cause.workspace_seq);
    } else {
        buf_text(out, "null");
    }
    buf_text(out, ",\"payload_sha256\":\"");
    buf_hex(out, span_of(at->payload_hash, 32));
    buf_text(out, "\",\"data\":");
    TRY(record_json(desc, event_fields(&event), out));
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static struct sight_walk walk_of(const struct question *question, const struct asked *asked)
{
    return (struct sight_walk){
        .log = question->log, .txn = question->txn, .sight = asked->sight, .position = asked->first};
}

static enum err answer_events(const struct question *question, const struct asked *asked, struct buf *out)
{
    const uint64_t limit = asked->second > EVENTS_MAX ? EVENTS_MAX : asked->second;
    uint64_t last = asked->first;
    const size_t cap = LOG_PAYLOAD_MAX;
    uint8_t *bytes = arena_alloc(question->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    buf_text(out, "{\"data\":[");
    struct buf events = buf_of(out->data + out->len, out->cap - out->len - EVENTS_TAIL_MAX);
    struct sight_walk walk = walk_of(question, asked);
    for (uint64_t i = 0; i < limit; i++) {
        uint64_t seq = 0;
        struct log_event at;
        const enum err err = sight_next(&walk, &seq);
        if (err == ERR_NOT_FOUND) {
            last = walk.position;
            break;
        }
        TRY(err);
        struct buf payload = buf_of(bytes, cap);
        TRY(log_read(question->log, seq, &payload, &at));
        const size_t before = events.len;
        buf_text(&events, i == 0 ? "" : ",");
        const enum err written = write_event(question, &at, &events);
        if (written == ERR_NO_SPACE && i > 0) {
            events.len = before;
            break; /* a shorter page: its cursor goes on from here */
        }
        TRY(written);
        last = walk.position;
    }
    out->len += events.len;
    buf_text(out, "],\"next_cursor\":\"");
    buf_u64(out, last);
    buf_text(out, "\"}");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* What a stream was made of from a version (asked->second; 0: the first) to another, as body.h's list of events, as
 * many as fit, behind the last one's version: own processes, who present how it was. */
static enum err answer_stream(const struct question *question, const struct asked *asked, struct buf *out)
{
    uint8_t *payload_bytes = arena_alloc(question->arena, LOG_PAYLOAD_MAX);
    const size_t cap = out->cap - 64;
    uint8_t *bytes = arena_alloc(question->arena, cap);
    struct buf events = buf_of(bytes, bytes == NULL ? 0 : cap);
    uint64_t version = asked->second > 0 ? asked->second : 1;
    uint32_t count = 0;
    if (payload_bytes == NULL || bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    for (; version <= asked->first && count < FOLLOW_EVENTS_MAX; version++) {
        uint64_t seq = 0;
        struct log_event at;
        struct buf payload = buf_of(payload_bytes, LOG_PAYLOAD_MAX);
        TRY(ledger_stream_seq(question->txn, &asked->stream, version, &seq));
        TRY(log_read(question->log, seq, &payload, &at));
        if (!id_equal(&at.workspace_id, &asked->sight.workspace_id)) {
            return ERR_NOT_FOUND;
        }
        uint8_t envelope_bytes[LOG_ENVELOPE_MAX];
        struct buf envelope = buf_of(envelope_bytes, sizeof envelope_bytes);
        log_envelope(&at, &envelope);
        const size_t before = events.len;
        body_event_put(&events, buf_span(&envelope), at.payload);
        if (!buf_ok(&events)) {
            events.len = before;
            break;
        }
        count++;
    }
    body_events_put(out, version - 1, count, buf_span(&events));
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* Events as server-sent ones (WHATWG HTML section 9.2.6), behind a line with the last one's position. */
static enum err answer_server_sent(const struct question *question, const struct asked *asked, struct buf *out)
{
    uint8_t *payload_bytes = arena_alloc(question->arena, LOG_PAYLOAD_MAX);
    const size_t cap = out->cap - 32;
    uint8_t *bytes = arena_alloc(question->arena, cap);
    struct buf events = buf_of(bytes, bytes == NULL ? 0 : cap);
    struct sight_walk walk = walk_of(question, asked);
    uint64_t last = asked->first;
    if (payload_bytes == NULL || bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint64_t i = 0; i < asked->second && i < EVENTS_MAX && events.len < SERVER_SENT_BYTES; i++) {
        uint64_t seq = 0;
        struct log_event at;
        const enum err err = sight_next(&walk, &seq);
        if (err == ERR_NOT_FOUND) {
            break;
        }
        TRY(err);
        struct buf payload = buf_of(payload_bytes, LOG_PAYLOAD_MAX);
        TRY(log_read(question->log, seq, &payload, &at));
        buf_text(&events, "id: ");
        buf_u64(&events, walk.position);
        buf_text(&events, "\nevent: ");
        buf_text(&events, event_desc(at.code) == NULL ? "unknown" : event_desc(at.code)->name);
        buf_text(&events, "\ndata: ");
        const size_t before = events.len;
        TRY(write_event(question, &at, &events));
        ASSERT(memchr(events.data + before, '\n', events.len - before) == NULL); /* JSON of ours has no line break */
        buf_text(&events, "\n\n");
        last = walk.position;
    }
    if (walk.position != last) { /* what is not theirs moves their Last-Event-ID on, and is no event */
        buf_text(&events, "id: ");
        buf_u64(&events, walk.position);
        buf_text(&events, "\n\n");
    }
    buf_u64(out, walk.position);
    buf_byte(out, '\n');
    buf_put(out, buf_span(&events));
    return buf_ok(&events) && buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* The newest checkpoint. What is not covered by it yet will be by the next: within CHECKPOINT_WITHIN_MS, and before the
 * proof of it is answered. ERR_BUSY: one must cover event *ret_needed first. */
static enum err answer_checkpoint(const struct question *question, uint64_t *ret_needed, struct buf *out)
{
    struct log_status status;
    log_status(question->log, &status);
    if (status.checkpoint_size == 0) {
        *ret_needed = 1;
        return ERR_BUSY;
    }
    return log_checkpoint_at(question->log, status.checkpoint_size, out);
}

/* How far the log is signed, once that is far enough. */
static enum err answer_covered(const struct question *question, const struct asked *asked, struct buf *out)
{
    struct log_status status;
    log_status(question->log, &status);
    if (status.checkpoint_size < asked->first) {
        return ERR_BUSY;
    }
    buf_u64(out, status.checkpoint_size);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* The size that a note's second line names. */
static enum err note_size(struct span note, uint64_t *ret_size)
{
    (void)next_line(&note);
    return span_to_u64(next_line(&note), ret_size);
}

/* What verifies the checkpoints' signatures. */
static enum err answer_verifier(const struct question *question, struct buf *out)
{
    const struct checkpoint_key *key = log_signer(question->log);
    if (key == NULL) {
        return ERR_NOT_FOUND;
    }
    checkpoint_key_verifier(key, out);
    buf_byte(out, '\n');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* A .tlog-proof; its extra line holds the leaf, which is what the proof is about, and behind it the payload, whose hash
 * stands in the leaf. ERR_BUSY as above. */
static enum err answer_proof(const struct question *question, const struct asked *asked, uint64_t *ret_needed,
                             struct buf *out)
{
    uint64_t seq = 0;
    uint64_t size = 0;
    uint8_t note_bytes[LOG_CHECKPOINT_MAX];
    struct buf note = buf_of(note_bytes, sizeof note_bytes);
    uint8_t hashes[LOG_PROOF_MAX][32];
    size_t count = 0;
    struct log_event at;
    TRY(sight_find(question->log, question->txn, &asked->sight, asked->first, &seq));
    const enum err covered = log_checkpoint_at(question->log, seq, &note);
    if (covered == ERR_NOT_FOUND) {
        *ret_needed = seq;
        return ERR_BUSY;
    }
    TRY(covered);
    TRY(note_size(buf_span(&note), &size));
    TRY(log_inclusion(question->log, seq, size, hashes, &count));
    uint8_t *payload_bytes = arena_room(question->arena, LOG_PAYLOAD_MAX);
    uint8_t *extra_bytes = arena_room(question->arena, LOG_ENVELOPE_MAX + LOG_PAYLOAD_MAX);
    if (payload_bytes == NULL || extra_bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf payload = buf_of(payload_bytes, LOG_PAYLOAD_MAX);
    struct buf extra = buf_of(extra_bytes, LOG_ENVELOPE_MAX + LOG_PAYLOAD_MAX);
    TRY(log_read(question->log, seq, &payload, &at));
    log_envelope(&at, &extra);
    buf_put(&extra, at.payload);
    tlog_proof_write(seq - 1, (const uint8_t(*)[32])hashes, count, buf_span(&extra), buf_span(&note), out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* What needs a checkpoint. Another program waits for it in the ledger. The gateway, behind which many keys wait, gets a
 * line first: the position that must be covered before it asks again ("covered" tells when), 0 above an answer. */
static enum err answer_signed(const struct question *question, const struct asked *asked, bool proof, struct buf *out)
{
    const bool own = question->asker->party != PARTY_NONE;
    uint64_t needed = 0;
    buf_text(out, own ? "0\n" : "");
    const enum err err =
        proof ? answer_proof(question, asked, &needed, out) : answer_checkpoint(question, &needed, out);
    if (!own || err != ERR_BUSY) {
        return err;
    }
    out->len = 0;
    buf_u64(out, needed);
    buf_byte(out, '\n');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* The thing that a question of the views names. */
static void name_thing(const struct question *question)
{
    struct query_args args = {.limit = 0};
    if (record_decode(query_args_desc(), question->arguments, question->arena, &args) == OK) {
        *question->named = !id_is_none(&args.post_id)          ? args.post_id
                           : !id_is_none(&args.integration_id) ? args.integration_id
                           : !id_is_none(&args.key_id)         ? args.key_id
                                                               : args.member_id;
    }
}

/* What was given to another program, with its accounts. */
static enum err read_grant(struct store_txn *txn, const struct asker *asker, struct arena *arena,
                           struct grant *ret_grant)
{
    struct integration_ref *accounts = NULL;
    struct grant grant = asker->grant;
    if (grant.restricted) {
        TRY(access_key_accounts(txn, &asker->key_id, arena, &accounts, &grant.account_count));
        grant.accounts = accounts;
    }
    *ret_grant = grant;
    return OK;
}

static enum err find_called(void *context, const struct id *member_id, struct buf *room, struct called *ret_called)
{
    const struct question *question = context;
    struct person_record record;
    TRY(people_named(question->txn, question->vault, &question->asker->workspace_id, member_id, room, &record));
    *ret_called = record.kind == PERSON_PROFILE
                      ? (struct called){.name = record.profile.name, .email = record.profile.email}
                      : (struct called){.name = record.invitation.name, .email = record.invitation.email};
    return OK;
}

static enum err answer_view(const struct question *question, const struct views_query *query, struct buf *out)
{
    struct grant grant;
    struct question asked = *question;
    struct channel_list channels = *question->channels;
    TRY(read_grant(question->txn, question->asker, question->arena, &grant));
    const struct views_request request = {.txn = question->txn,
                                          .workspace_id = &question->asker->workspace_id,
                                          .grant = &grant,
                                          .args = question->arguments,
                                          .zones = question->zones,
                                          .channels = question->channels,
                                          .arena = question->arena,
                                          .cursor_key = question->cursor_key,
                                          .now_ms = question->now_ms,
                                          .rendering = rendering_write,
                                          .rendering_context = &channels,
                                          .called = find_called,
                                          .called_context = &asked};
    const enum err err = query->answer(&request, out);
    if (err == ERR_NOT_FOUND) {
        name_thing(question);
    }
    return err;
}

static enum err tell_fault(const struct fault *fault, struct buf *out)
{
    buf_text(out, "{\"param\":");
    json_string(out, span_text(fault->param));
    buf_text(out, ",\"detail\":");
    json_string(out, span_text(fault->detail));
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static enum err answer_by_name(const struct question *question, enum refusal *refusal, struct buf *out)
{
    struct asked asked = {0};
    const bool events = span_equal(question->name, SPAN("events"));
    const bool proof = span_equal(question->name, SPAN("proof"));
    const bool verifier = span_equal(question->name, SPAN("verifier"));
    const bool own = question->asker->party != PARTY_NONE;
    const bool stream = own && span_equal(question->name, SPAN("stream"));
    const bool sent = own && span_equal(question->name, SPAN("server_sent"));
    const bool covered = own && span_equal(question->name, SPAN("covered"));
    if (!events && !proof && !stream && !sent && !covered && !verifier &&
        !span_equal(question->name, SPAN("checkpoint"))) {
        const struct views_query *query = own ? NULL : views_query_find(question->name);
        *refusal =
            query == NULL ? REFUSED_query_unknown : access_check(&question->asker->grant, query->need, query->scope);
        struct fault fault;
        if (*refusal == ACCEPTED && !views_takes(query, question->arguments, question->arena, &fault)) {
            *refusal = REFUSED_parameter_unknown;
            return tell_fault(&fault, out);
        }
        return *refusal != ACCEPTED ? OK : answer_view(question, query, out);
    }
    *refusal = own ? ACCEPTED : access_check(&question->asker->grant, NEED_AUDIT_OWN, SCOPE_LOG_READ);
    if (*refusal != ACCEPTED) {
        return OK;
    }
    if (verifier) {
        return answer_verifier(question, out);
    }
    const enum err err = read_asked(question, &asked);
    if (err != OK) {
        return ERR_MALFORMED;
    }
    if (events) {
        return answer_events(question, &asked, out);
    }
    if (stream) {
        return answer_stream(question, &asked, out);
    }
    if (sent) {
        return answer_server_sent(question, &asked, out);
    }
    return covered ? answer_covered(question, &asked, out) : answer_signed(question, &asked, proof, out);
}

enum err questions_answer(const struct question *question, enum refusal *ret_refusal, struct buf *out)
{
    enum refusal refusal = ACCEPTED;
    const enum err err = answer_by_name(question, &refusal, out);
    switch ((int)err) {
    case OK:
        break;
    case ERR_NOT_FOUND:
        refusal = REFUSED_not_found;
        break;
    case ERR_MALFORMED:
    case ERR_MISSING:
    case ERR_KIND:
    case ERR_RANGE:
    case ERR_TRUNCATED:
    case ERR_TRAILING:
    case ERR_TOO_LONG:
    case ERR_NOT_UTF8:
    case ERR_NUL:
        refusal = REFUSED_parameter_invalid;
        break;
    default:
        return err;
    }
    if (refusal != ACCEPTED && refusal != REFUSED_parameter_unknown) {
        out->len = 0;
    }
    *ret_refusal = refusal;
    return OK;
}

enum err questions_principal(struct store_txn *txn, const uint8_t name[16], int64_t now_ms, struct asker *ret_asker)
{
    struct principal principal;
    TRY(access_find_named(txn, name, now_ms, &principal));
    *ret_asker = (struct asker){
        .key_id = principal.key_id,
        .workspace_id = principal.workspace_id,
        .grant = {.role = principal.role, .scopes = principal.scopes, .restricted = principal.restricted}
    };
    return OK;
}

enum err questions_post(struct store_txn *txn, const struct asker *asker, const struct id *post_id, struct arena *arena,
                        struct written_post *ret_post)
{
    struct grant grant;
    struct post_view view;
    TRY(read_grant(txn, asker, arena, &grant));
    TRY(posts_get(txn, &asker->workspace_id, post_id, arena, &view));
    if (!posts_sees(&grant, &view.row)) {
        return ERR_NOT_FOUND;
    }
    struct approval_source source;
    struct approval_row given = {.given_ms = 0};
    TRY(posts_approval_source(&view, arena, &source));
    if (view.row.approved_under != POLICY_NONE) {
        TRY(posts_approval(txn, post_id, arena, &given));
    }
    *ret_post = (struct written_post){
        .version = view.row.version,
        .status = view.row.status,
        .publish_at_ms = view.row.publish_at_ms,
        .content = {.parts = view.content.parts,
                    .part_count = view.content.parts_count,
                    .link = view.content.link,
                    .first_comment = view.content.first_comment},
        .targets = view.content.targets,
        .due_ms = source.due_ms,
        .target_count = view.content.targets_count,
        .template_id = view.row.template_id,
        .default_queue_of = view.row.default_queue_of,
        .blanks = view.row.blanks,
        .blank_count = view.row.blanks_count,
        .is_approved = view.row.approved_under != POLICY_NONE,
        .approved_sha256 = given.content_sha256
    };
    return OK;
}

enum err questions_template(struct store_txn *txn, const struct asker *asker, const struct id *template_id,
                            struct arena *arena, struct known_template *ret_template)
{
    struct grant grant;
    struct template_row row;
    TRY(read_grant(txn, asker, arena, &grant));
    TRY(templates_get(txn, &asker->workspace_id, template_id, arena, &row));
    TRY(templates_sees(&grant, &row) ? OK : ERR_NOT_FOUND);
    *ret_template = (struct known_template){.version = row.version,
                                            .form = TEMPLATE_FORM(&row),
                                            .labels = row.labels,
                                            .label_count = row.labels_count,
                                            .metadata = row.metadata,
                                            .metadata_count = row.metadata_count};
    return OK;
}

enum err questions_series(struct store_txn *txn, const struct asker *asker, const struct id *series_id,
                          struct arena *arena, uint64_t *ret_version)
{
    struct grant grant;
    struct series_row row;
    TRY(read_grant(txn, asker, arena, &grant));
    TRY(series_get(txn, &asker->workspace_id, series_id, arena, &row));
    TRY(series_sees(&grant, &row) && row.status != SERIES_ENDED ? OK : ERR_NOT_FOUND);
    *ret_version = row.version;
    return OK;
}

enum err questions_account(struct store_txn *txn, const struct asker *asker, const struct id *integration_id,
                           struct arena *arena, struct known_account *ret_account)
{
    struct grant grant;
    struct integration_row row;
    TRY(read_grant(txn, asker, arena, &grant));
    TRY(access_sees(&grant, integration_id) ? OK : ERR_NOT_FOUND);
    TRY(access_integration(txn, &asker->workspace_id, integration_id, arena, &row));
    *ret_account = (struct known_account){.channel = row.channel,
                                          .was_connected = row.account.data != NULL,
                                          .service = row.service,
                                          .vault_id = row.vault_id,
                                          .connect_vault_id = row.connect_vault_id};
    return OK;
}

enum err questions_key(struct store_txn *txn, const struct id *workspace_id, const struct id *key_id,
                       struct arena *arena, struct known_key *ret_key)
{
    struct key_row row;
    TRY(access_key_own(txn, workspace_id, key_id, arena, &row));
    *ret_key = (struct known_key){.name = row.name, .revoked = row.revoked_ms != 0};
    return OK;
}
