/* bluesky_jobs.c: which call comes next in each kind of job, and how the job ends. Called by the adapter process
 * through struct platform. Pure.
 *
 *   connect   createSession
 *   refresh   refreshSession
 *   resolve   resolveHandle …, page, picture, uploadBlob (bluesky_resolve.c)
 *   prepare   nothing
 *   commit    createRecord; on an expired token refreshSession and, once the new pair is stored, createRecord again;
 *             without a key the platform chooses one, and the record that it names is ours
 *   read      getRecord: accepted when the record is the one that was locked, absent when there is certainly none,
 *             else unknown; without a key nothing can be looked for: unknown
 *   delete    deleteRecord, refreshed like commit
 *
 * Nothing but createRecord commits, and it is asked at most twice, the second time only after a definite "your token
 * has expired". */
#include "adapters/bluesky.h"
#include "adapters/bluesky_state.h"

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/message/json_read.h"

struct bluesky_asker bluesky_asker_of(const struct bluesky_step *step, bool authorised)
{
    return (struct bluesky_asker){.service = step->job->job->service,
                                  .token = authorised ? step->state->access : (struct span){0},
                                  .arena = step->job->arena,
                                  .deadline_ms = step->state->deadline_ms};
}

static void refuse(const struct bluesky_step *step, enum refusal code, const char *message)
{
    platform_refuse(step->job->job, OUTCOME_REFUSED, code, step->outcome);
    step->outcome->message = span_text(message);
    *step->finished = true;
}

/* Whether a text holds a secret: what a platform says back goes into the log, which is for ever, and must not take a
 * token or password along. Short ones (no real token is) would strike innocent words. */
static bool holds(struct span text, struct span secret)
{
    enum { SECRET_LEAST = 4 };

    return secret.len >= SECRET_LEAST && text.len >= secret.len &&
           memmem(text.data, text.len, secret.data, secret.len) != NULL;
}

/* A text of an answer as it may be kept: data NULL when there is none, a fixed word when it echoes a secret of ours.
 * The texts were cut before, so that also the beginning of a secret at their end counts. */
static struct span harmless(const struct bluesky_step *step, struct span text)
{
    enum { PIECE = 16 };

    const struct bluesky_state *state = step->state;
    const struct span secrets[] = {state->access, state->refresh, state->password};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        const struct span piece = span_of(secrets[i].data, secrets[i].len < PIECE ? secrets[i].len : PIECE);
        if (holds(text, piece)) {
            return SPAN("(struck: it repeated a secret)");
        }
    }
    return text.len > 0 ? text : (struct span){0};
}

/* Ends the job with an answer's outcome. */
static void end_with(const struct bluesky_step *step, const struct bluesky_answer *answer)
{
    if (answer->outcome == OUTCOME_ACCEPTED) {
        platform_outcome(step->job->job, OUTCOME_ACCEPTED, step->outcome);
    } else {
        platform_refuse(step->job->job, answer->outcome, answer->code, step->outcome);
        step->outcome->platform_code = harmless(step, answer->platform_code);
        step->outcome->platform_message = harmless(step, answer->platform_message);
    }
    step->outcome->until_ms = answer->until_ms;
    *step->finished = true;
}

static enum err ask_refresh(const struct bluesky_step *step)
{
    struct bluesky_asker asker = bluesky_asker_of(step, true);
    asker.token = step->state->refresh;
    step->state->call = CALL_REFRESH_SESSION;
    step->job->exchanging = true;
    return bluesky_ask_refresh(&asker, step->request);
}

enum err bluesky_exchange(const struct bluesky_step *step, const struct bluesky_answer *answer, bool *ret_asked)
{
    struct bluesky_state *state = step->state;
    if (!answer->expired || state->refreshed || state->refresh.data == NULL) {
        *ret_asked = false;
        return OK;
    }
    state->refreshed = true;
    state->after = state->call;
    TRY(ask_refresh(step));
    *ret_asked = true;
    return OK;
}

static enum err ask_create(const struct bluesky_step *step)
{
    const struct job *job = step->job->job;
    struct span record = {0};
    const enum err err = bluesky_record_complete(job, step->job->arena, &record);
    if (err == ERR_MALFORMED) {
        refuse(step, REFUSED_render_refused, "The locked bytes are not a record.");
        return OK;
    }
    TRY(err);
    const struct bluesky_asker asker = bluesky_asker_of(step, true);
    step->state->call = CALL_CREATE_RECORD;
    step->job->committed = true;
    return bluesky_ask_create(&asker, job, record, step->request);
}

static enum err ask_delete(const struct bluesky_step *step)
{
    const struct bluesky_asker asker = bluesky_asker_of(step, true);
    step->state->call = CALL_DELETE_RECORD;
    return bluesky_ask_delete(&asker, step->job->job, step->request);
}

/* The call that was interrupted by an expired token. */
static enum err ask_again(const struct bluesky_step *step)
{
    switch (step->state->after) {
    case CALL_CREATE_RECORD:
        return ask_create(step);
    case CALL_DELETE_RECORD:
        return ask_delete(step);
    case CALL_UPLOAD_BLOB:
        return bluesky_resolve_upload(step);
    case CALL_CREATE_SESSION:
    case CALL_REFRESH_SESSION:
    case CALL_RESOLVE_HANDLE:
    case CALL_GET_RECORD:
    case CALL_PAGE:
    case CALL_IMAGE:
    case CALL_COUNT:
        break;
    }
    ASSERT(false);
    return OK;
}

static enum err read_tokens(const struct bluesky_step *step, const struct json_node **ret_root)
{
    *ret_root = NULL;
    if (step->job->credentials.data == NULL) {
        return OK;
    }
    const enum err err = json_read(step->job->credentials, step->job->arena, ret_root);
    if (err == ERR_NO_MEMORY) {
        return err;
    }
    step->state->access = json_node_text(*ret_root, "accessJwt");
    step->state->refresh = json_node_text(*ret_root, "refreshJwt");
    return OK;
}

static enum err begin_connect(const struct bluesky_step *step, const struct json_node *credentials)
{
    struct span identifier = json_node_text(credentials, "identifier");
    const struct span password = json_node_text(credentials, "password");
    if (identifier.data == NULL) {
        identifier = step->job->job->handle;
    }
    if (identifier.len == 0 || password.len == 0) {
        refuse(step, REFUSED_credentials_refused, "An identifier and an app password are needed.");
        return OK;
    }
    if (identifier.data[0] == '@') {
        identifier = span_of(identifier.data + 1, identifier.len - 1);
    }
    const struct bluesky_asker asker = bluesky_asker_of(step, false);
    step->state->password = password;
    step->state->call = CALL_CREATE_SESSION;
    return bluesky_ask_session(&asker, identifier, password, step->request);
}

static void end_unauthorized(const struct bluesky_step *step)
{
    platform_refuse(step->job->job, OUTCOME_UNAUTHORIZED, REFUSED_credentials_refused, step->outcome);
    *step->finished = true;
}

/* A record has a name before it is made where the channel has keys; to read or delete one it must have. */
static bool names_enough(const struct bluesky_step *step, bool commit)
{
    return step->job->job->account.len > 0 && (commit || step->job->job->key.len > 0);
}

static enum err begin_kind(const struct bluesky_step *step, const struct json_node *credentials)
{
    const struct span kind = step->job->job->kind;
    const bool commit = span_equal(kind, SPAN("commit"));
    const bool read = span_equal(kind, SPAN("read"));
    const bool delete = span_equal(kind, SPAN("delete"));
    if (span_equal(kind, SPAN("connect"))) {
        return begin_connect(step, credentials);
    }
    if (span_equal(kind, SPAN("resolve"))) {
        return bluesky_resolve_begin(step);
    }
    if (span_equal(kind, SPAN("refresh"))) {
        if (step->state->refresh.data == NULL) {
            end_unauthorized(step);
            return OK;
        }
        step->state->after = CALL_COUNT;
        return ask_refresh(step);
    }
    if (!commit && !read && !delete) {
        refuse(step, REFUSED_platform_refused, "Bluesky has no such job.");
        return OK;
    }
    if (!names_enough(step, commit)) {
        refuse(step, REFUSED_platform_refused, "The job names no record.");
        step->outcome->outcome = read ? OUTCOME_UNKNOWN : OUTCOME_REFUSED; /* nothing was read, so nothing is known */
        return OK;
    }
    if (read) {
        const struct bluesky_asker asker = bluesky_asker_of(step, false);
        step->state->call = CALL_GET_RECORD;
        return bluesky_ask_read(&asker, step->job->job, step->request);
    }
    if (step->state->access.data == NULL) {
        end_unauthorized(step);
        return OK;
    }
    return commit ? ask_create(step) : ask_delete(step);
}

static enum err begin(const struct bluesky_step *step)
{
    const struct json_node *credentials = NULL;
    if (span_equal(step->job->job->kind, SPAN("prepare"))) { /* text posts need none */
        platform_outcome(step->job->job, OUTCOME_ACCEPTED, step->outcome);
        step->outcome->result = SPAN("{}");
        *step->finished = true;
        return OK;
    }
    const enum err err = bluesky_service_check(step->job->job->service, step->job->guard);
    if (err != OK) {
        const bool read = span_equal(step->job->job->kind, SPAN("read"));
        platform_refuse(step->job->job, read ? OUTCOME_UNKNOWN : OUTCOME_REFUSED, REFUSED_address_refused,
                        step->outcome);
        *step->finished = true;
        return OK;
    }
    TRY(read_tokens(step, &credentials));
    return begin_kind(step, credentials);
}

/* Keeps the pair that an exchange gave; a refresh token that did not come, or came empty, leaves the old one. */
static enum err keep_tokens(const struct bluesky_step *step, const struct json_node *body,
                            const struct http_headers *headers)
{
    struct bluesky_state *state = step->state;
    const struct span refresh = json_node_text(body, "refreshJwt");
    state->access = json_node_text(body, "accessJwt");
    state->refresh = refresh.len > 0 ? refresh : state->refresh;
    const size_t cap = 64 + 6 * (state->access.len + state->refresh.len);
    uint8_t *bytes = arena_alloc(step->job->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, cap);
    buf_text(&out, "{\"accessJwt\":");
    json_string(&out, state->access);
    buf_text(&out, ",\"refreshJwt\":");
    json_string(&out, state->refresh);
    buf_byte(&out, '}');
    ASSERT(buf_ok(&out));
    step->job->fresh = buf_span(&out);
    step->job->fresh_expires_ms = bluesky_token_expires_ms(state->access, headers, step->job->now_ms, step->job->arena);
    step->job->fresh_session_ms =
        bluesky_token_expires_ms(state->refresh, headers, step->job->now_ms, step->job->arena);
    return OK;
}

/* The address of the account's own PDS by its DID document, if it is one that we may use; else the one that answered.
 */
static struct span service_of(const struct bluesky_step *step, const struct json_node *body)
{
    const struct json_node *services = json_node_path(body, "didDoc/service");
    const struct json_node *service = json_node_is(services, NODE_LIST) ? services->first : NULL;
    for (; service != NULL; service = service->next) {
        const struct span type = json_node_text(service, "type");
        const struct span endpoint = json_node_text(service, "serviceEndpoint");
        if (span_equal(type, SPAN("AtprotoPersonalDataServer")) && endpoint.len > 0 && endpoint.len <= 256 &&
            bluesky_service_check(endpoint, step->job->guard) == OK) {
            return endpoint;
        }
    }
    return step->job->job->service;
}

static enum err session_answered(const struct bluesky_step *step, const struct bluesky_answer *answer,
                                 const struct http_headers *headers)
{
    end_with(step, answer);
    if (answer->outcome != OUTCOME_ACCEPTED) {
        return OK;
    }
    TRY(keep_tokens(step, answer->body, headers));
    step->outcome->account = json_node_text(answer->body, "did");
    step->outcome->handle = harmless(step, json_node_text(answer->body, "handle"));
    step->outcome->service = service_of(step, answer->body);
    return OK;
}

static enum err refresh_answered(const struct bluesky_step *step, const struct bluesky_answer *answer,
                                 const struct http_headers *headers)
{
    const struct span did = json_node_text(answer->body, "did");
    const struct span account = step->job->job->account;
    if (answer->outcome != OUTCOME_ACCEPTED) {
        end_with(step, answer);
        return OK;
    }
    if (did.len > 0 && account.len > 0 && !span_equal(did, account)) {
        platform_refuse(step->job->job, OUTCOME_UNAUTHORIZED, REFUSED_account_mismatch, step->outcome);
        *step->finished = true;
        return OK;
    }
    TRY(keep_tokens(step, answer->body, headers));
    if (step->state->after == CALL_COUNT) {
        end_with(step, answer);
    }
    return OK; /* else the job goes on once the pair is stored: resumed */
}

/* Where the record can be looked at: https://bsky.app/profile/{handle}/post/{rkey}, which shows what any public server
 * has. http is spoken only to a server of this machine, which nobody else shows: its own getRecord does. */
static enum err place_url(const struct bluesky_step *step, struct span key, struct span *ret_url)
{
    struct job job = *step->job->job;
    if (span_starts_with(job.service, SPAN("http://"))) {
        const struct bluesky_asker asker = bluesky_asker_of(step, false);
        struct http_request read;
        job.key = key; /* the one that the platform chose, where the job has none */
        TRY(bluesky_ask_read(&asker, &job, &read));
        *ret_url = read.url;
        return OK;
    }
    const struct span person = job.handle.len > 0 ? job.handle : job.account;
    const size_t cap = 64 + person.len + key.len;
    uint8_t *bytes = arena_alloc(step->job->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf url = buf_of(bytes, cap);
    buf_text(&url, "https://bsky.app/profile/");
    buf_put(&url, person);
    buf_text(&url, "/post/");
    buf_put(&url, key);
    ASSERT(buf_ok(&url));
    *ret_url = buf_span(&url);
    return OK;
}

/* Fills in where the post is. */
static enum err set_place(const struct bluesky_step *step, const struct json_node *body, int64_t published_ms)
{
    const struct span uri = harmless(step, json_node_text(body, "uri")); /* without a key it may be any text */
    size_t start = uri.len;
    while (start > 0 && uri.data[start - 1] != '/') {
        start--;
    }
    TRY(place_url(step, span_of(uri.data + start, uri.len - start), &step->outcome->url));
    step->outcome->platform_id = uri;
    step->outcome->revision = harmless(step, json_node_text(body, "cid"));
    step->outcome->published_ms = published_ms;
    return OK;
}

/* Whether an answer is about the record that was asked for: at://{account}/{collection}/{key}. Asked for without a key,
 * it has the name that the platform gave it. */
static enum err names_asked(const struct bluesky_step *step, const struct json_node *body, bool *ret_same)
{
    const struct job *job = step->job->job;
    if (job->key.len == 0) {
        *ret_same = true;
        return OK;
    }
    const size_t cap = 64 + job->account.len + job->key.len;
    uint8_t *bytes = arena_alloc(step->job->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf uri = buf_of(bytes, cap);
    buf_text(&uri, "at://");
    buf_put(&uri, job->account);
    buf_text(&uri, "/" BLUESKY_COLLECTION "/");
    buf_put(&uri, job->key);
    ASSERT(buf_ok(&uri));
    *ret_same = span_equal(buf_span(&uri), json_node_text(body, "uri"));
    return OK;
}

static void end_unknown(const struct bluesky_step *step, struct span message)
{
    platform_refuse(step->job->job, OUTCOME_UNKNOWN, REFUSED_outcome_unknown, step->outcome);
    step->outcome->message = message;
}

static enum err create_answered(const struct bluesky_step *step, const struct bluesky_answer *answer)
{
    bool asked = false;
    TRY(bluesky_exchange(step, answer, &asked));
    if (asked) {
        return OK;
    }
    end_with(step, answer);
    if (answer->outcome != OUTCOME_ACCEPTED) {
        return OK;
    }
    bool same = false;
    TRY(names_asked(step, answer->body, &same));
    if (!same) { /* no proof of ours: reading it back will tell */
        end_unknown(step, SPAN("The platform's answer names another record than the one it was given."));
        return OK;
    }
    return set_place(step, answer->body, step->job->now_ms);
}

static enum err delete_answered(const struct bluesky_step *step, const struct bluesky_answer *answer)
{
    bool asked = false;
    TRY(bluesky_exchange(step, answer, &asked));
    if (!asked) {
        end_with(step, answer);
    }
    return OK;
}

/* Presence is proved by the key and the very content: the record read is the one that was locked. */
static enum err read_answered(const struct bluesky_step *step, const struct bluesky_answer *answer)
{
    const struct job *job = step->job->job;
    end_with(step, answer);
    if (answer->outcome != OUTCOME_ACCEPTED) {
        return OK;
    }
    struct span record = {0};
    const struct json_node *locked = NULL;
    enum err err = bluesky_record_complete(job, step->job->arena, &record);
    if (err == OK) {
        err = json_read(record, step->job->arena, &locked);
    }
    if (err == ERR_NO_MEMORY) {
        return err;
    }
    bool same = false;
    TRY(names_asked(step, answer->body, &same));
    if (!same) {
        end_unknown(step, SPAN("The platform's answer names another record than the one it was asked for."));
        return OK;
    }
    if (err != OK || !json_node_equal(locked, json_node_member(answer->body, "value"))) {
        end_unknown(step, SPAN("Under the post's key stands a record with another content."));
        return OK;
    }
    return set_place(step, answer->body, job->started_ms != 0 ? job->started_ms : step->job->now_ms);
}

static enum err answered(const struct bluesky_step *step, const struct http_response *response)
{
    const enum bluesky_call call = step->state->call;
    const bool resolves = span_equal(step->job->job->kind, SPAN("resolve"));
    struct bluesky_answer answer;
    if (call != CALL_REFRESH_SESSION && resolves) {
        return bluesky_resolve_answered(step, response);
    }
    TRY(bluesky_answer(call, response, step->job->now_ms, step->job->arena, &answer));
    switch (call) {
    case CALL_CREATE_SESSION:
        return session_answered(step, &answer, &response->headers);
    case CALL_REFRESH_SESSION:
        TRY(refresh_answered(step, &answer, &response->headers));
        return *step->finished && resolves ? bluesky_resolve_without_picture(step) : OK;
    case CALL_CREATE_RECORD:
        return create_answered(step, &answer);
    case CALL_GET_RECORD:
        return read_answered(step, &answer);
    case CALL_DELETE_RECORD:
        return delete_answered(step, &answer);
    case CALL_RESOLVE_HANDLE:
    case CALL_UPLOAD_BLOB:
    case CALL_PAGE:
    case CALL_IMAGE:
    case CALL_COUNT:
        break;
    }
    ASSERT(false);
    return OK;
}

/* The pair that an exchange gave, this job's or another one's of the account, is stored: go on with it. */
static enum err resumed(const struct bluesky_step *step)
{
    const struct json_node *credentials = NULL;
    TRY(read_tokens(step, &credentials));
    if (step->state->after == CALL_COUNT || step->state->access.data == NULL) {
        return ask_refresh(step); /* a refresh job refreshes */
    }
    return ask_again(step);
}

static enum err next(struct platform_job *job, const struct http_response *last, struct http_request *ret_request,
                     bool *ret_finished, struct job_outcome *ret_outcome)
{
    struct http_request request = {0};
    struct job_outcome outcome = {.outcome = OUTCOME_NONE};
    bool finished = false;
    const bool first = job->state == NULL;
    if (first) {
        job->state = arena_alloc(job->arena, sizeof(struct bluesky_state));
        if (job->state == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    struct bluesky_state *state = job->state;
    state->deadline_ms = first ? job->job->deadline_ms : state->deadline_ms;
    const struct bluesky_step step = {
        .job = job, .state = state, .request = &request, .finished = &finished, .outcome = &outcome};
    job->exchanging = false;
    TRY(first ? begin(&step) : last != NULL ? answered(&step, last) : resumed(&step));
    *ret_finished = finished;
    if (finished) {
        outcome.token_expires_ms = job->fresh.data != NULL ? job->fresh_expires_ms : 0;
        outcome.session_expires_ms = job->fresh.data != NULL ? job->fresh_session_ms : 0;
        *ret_outcome = outcome;
    } else {
        ASSERT(request.url.len > 0 || job->fresh.data != NULL);
        *ret_request = request;
    }
    return OK;
}

const struct platform *bluesky_platform(void)
{
    static const struct platform platform = {.channel = bluesky_channel, .next = next};
    return &platform;
}
