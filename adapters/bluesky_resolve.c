/* bluesky_resolve.c: the resolve job: what a post names is asked of the network before the post locks: each mention's
 * DID; the link's page, its picture, and the picture's place at the PDS. Called by bluesky_jobs.c. Pure.
 *
 * It asks in rounds. A question without a definite answer (not sent, 5xx, 429) stands back until the others are asked,
 * and is asked again after 1, 2, 4 … s, as long as the answer would still be in time for the lock. The job always ends
 * with what was found by then, and never holds up the lock; what is missing the rendering says (bluesky_render.c). */
#include "adapters/bluesky_state.h"

#include "adapters/bluesky_text.h"
#include "adapters/page_scan.h"
#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/message/codec.h"
#include "core/message/json_read.h"

#define QUESTION_MS ((int64_t)6 * SECOND_MS) /* who has not answered by then does not keep the others waiting */
#define REPORT_MS SECOND_MS                  /* before the deadline: the way of the outcome to the lock */

static enum err add_mention(struct bluesky_facts *facts, struct span handle, struct arena *arena)
{
    uint8_t *lower = arena_alloc(arena, handle.len);
    if (lower == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < handle.len; i++) {
        const uint8_t c = handle.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    const struct span name = span_of(lower, handle.len);
    for (uint32_t i = 0; i < facts->mention_count; i++) {
        if (span_equal(facts->mentions[i].handle, name)) {
            return OK;
        }
    }
    if (facts->mention_count < BLUESKY_MENTIONS_MAX) {
        facts->mentions[facts->mention_count] = (struct bluesky_mention){.handle = name};
        facts->mention_count++;
    }
    return OK;
}

static enum err add_mentions(struct bluesky_facts *facts, struct span text, struct arena *arena)
{
    struct bluesky_marks marks;
    TRY(bluesky_marks_find(text, arena, &marks));
    for (uint32_t i = 0; i < marks.count; i++) {
        if (marks.items[i].kind == MARK_MENTION) {
            TRY(add_mention(facts, marks.items[i].value, arena));
        }
    }
    return OK;
}

/* A blob as the PDS gave it, if it may go into a record: small, and without real numbers. */
static bool is_blob(const struct json_node *blob)
{
    return json_node_is(blob, NODE_OBJECT) && json_node_size(blob) < 4096 &&
           json_node_is(json_node_path(blob, "ref/$link"), NODE_TEXT) &&
           json_node_is(json_node_member(blob, "mimeType"), NODE_TEXT) &&
           json_node_is(json_node_member(blob, "size"), NODE_INTEGER);
}

static void write_card(const struct bluesky_facts *facts, struct buf *out)
{
    buf_text(out, ",\"card\":{\"uri\":");
    json_string(out, facts->link);
    if (facts->title.len > 0) {
        buf_text(out, ",\"title\":");
        json_string(out, facts->title);
    }
    buf_text(out, ",\"description\":");
    json_string(out, facts->description.len > 0 ? facts->description : SPAN(""));
    if (facts->thumb != NULL) {
        /* Written member by member: only these three are a blob. */
        buf_text(out, ",\"thumb\":{\"$type\":\"blob\",\"ref\":{\"$link\":");
        json_string(out, json_node_text(json_node_member(facts->thumb, "ref"), "$link"));
        buf_text(out, "},\"mimeType\":");
        json_string(out, json_node_text(facts->thumb, "mimeType"));
        buf_text(out, ",\"size\":");
        buf_i64(out, json_node_member(facts->thumb, "size")->integer);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

static enum err finish(const struct bluesky_step *step)
{
    enum { RESULT_MAX = 65536 };
    const struct bluesky_facts *facts = &step->state->facts;
    uint8_t *bytes = arena_alloc(step->job->arena, RESULT_MAX);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, RESULT_MAX);
    bool first = true;
    buf_text(&out, "{\"mentions\":{");
    for (uint32_t i = 0; i < facts->mention_count; i++) {
        if (facts->mentions[i].did.data != NULL) {
            buf_text(&out, first ? "" : ",");
            json_string(&out, facts->mentions[i].handle);
            buf_byte(&out, ':');
            json_string(&out, facts->mentions[i].did);
            first = false;
        }
    }
    buf_byte(&out, '}');
    if (facts->title.len > 0 || facts->description.len > 0 || facts->thumb != NULL) {
        write_card(facts, &out);
    }
    buf_byte(&out, '}');
    ASSERT(buf_ok(&out)); /* 64 handles and DIDs and one card at their longest, each byte escaped, are less */
    platform_outcome(step->job->job, OUTCOME_ACCEPTED, step->outcome);
    step->outcome->result = buf_span(&out);
    *step->finished = true;
    return OK;
}

/* Moves on to the next question of this round; false: none is left. */
static bool has_question(struct bluesky_facts *facts)
{
    while (facts->mention_next < facts->mention_count && facts->mentions[facts->mention_next].settled) {
        facts->mention_next++;
    }
    return facts->mention_next < facts->mention_count || (facts->card_next != CALL_COUNT && !facts->card_failed);
}

/* Begins the next round and returns its instant. */
static int64_t begin_round(struct bluesky_facts *facts, int64_t now_ms)
{
    const int64_t after_ms = now_ms + (SECOND_MS << (facts->rounds < 8 ? facts->rounds : 8));
    const int64_t at_ms = facts->not_before_ms > after_ms ? facts->not_before_ms : after_ms;
    facts->rounds++;
    facts->mention_next = 0;
    facts->card_failed = false;
    facts->open = false;
    facts->not_before_ms = 0;
    (void)has_question(facts);
    return at_ms;
}

static enum err ask(const struct bluesky_step *step)
{
    const struct bluesky_facts *facts = &step->state->facts;
    const struct bluesky_asker asker = bluesky_asker_of(step, false);
    if (facts->mention_next < facts->mention_count) {
        step->state->call = CALL_RESOLVE_HANDLE;
        return bluesky_ask_handle(&asker, facts->mentions[facts->mention_next].handle, step->request);
    }
    step->state->call = facts->card_next;
    if (facts->card_next == CALL_PAGE) {
        return bluesky_ask_fetch(&asker, facts->link, BLUESKY_PAGE_MAX, step->request);
    }
    if (facts->card_next == CALL_IMAGE) {
        return bluesky_ask_fetch(&asker, facts->image_url, BLUESKY_THUMB_MAX, step->request);
    }
    return bluesky_resolve_upload(step);
}

/* The next question, of this round or the next, or the end. */
static enum err go_on(const struct bluesky_step *step)
{
    struct bluesky_facts *facts = &step->state->facts;
    const int64_t over_ms = step->job->job->deadline_ms - REPORT_MS;
    int64_t at_ms = step->job->now_ms;
    if (!has_question(facts)) {
        at_ms = facts->open ? begin_round(facts, at_ms) : over_ms;
    }
    if (at_ms >= over_ms) {
        return finish(step);
    }
    step->state->deadline_ms = at_ms + QUESTION_MS < over_ms ? at_ms + QUESTION_MS : over_ms;
    TRY(ask(step));
    step->request->not_before_ms = at_ms;
    return OK;
}

static bool may_fetch(const struct bluesky_step *step, struct span address)
{
    struct guard_url url;
    return address.data != NULL && guard_url_parse(address, &url) == OK && guard_url_allowed(step->job->guard, &url);
}

enum err bluesky_resolve_begin(const struct bluesky_step *step)
{
    struct bluesky_facts *facts = &step->state->facts;
    struct arena *arena = step->job->arena;
    const struct json_node *root = NULL;
    const enum err err = json_read(step->job->job->payload, arena, &root);
    if (err == ERR_NO_MEMORY) {
        return err;
    }
    const struct json_node *texts = json_node_member(root, "texts");
    if (err != OK || !json_node_is(texts, NODE_LIST)) {
        platform_refuse(step->job->job, OUTCOME_REFUSED, REFUSED_render_refused, step->outcome);
        *step->finished = true;
        return OK;
    }
    for (const struct json_node *text = texts->first; text != NULL; text = text->next) {
        if (json_node_is(text, NODE_TEXT)) {
            TRY(add_mentions(facts, text->text, arena));
        }
    }
    facts->link = json_node_text(root, "link");
    facts->card_next = may_fetch(step, facts->link) ? CALL_PAGE : CALL_COUNT;
    return go_on(step);
}

/* It has no definite answer: it is asked again in the next round. */
static void leave_open(struct bluesky_facts *facts, int64_t not_before_ms)
{
    facts->open = true;
    facts->not_before_ms = not_before_ms > facts->not_before_ms ? not_before_ms : facts->not_before_ms;
}

/* Whether a foreign server may answer otherwise in a few seconds. */
static bool may_pass(const struct http_response *response)
{
    if (response->result != HTTP_COMPLETE) {
        return response->result != HTTP_ADDRESS && response->result != HTTP_TOO_LARGE;
    }
    return response->status == 408 || response->status == 429 || response->status >= 500;
}

static enum err card_failed(const struct bluesky_step *step, int64_t not_before_ms)
{
    step->state->facts.card_failed = true;
    leave_open(&step->state->facts, not_before_ms);
    return go_on(step);
}

static bool is_html(struct span content_type)
{
    return span_starts_with(content_type, SPAN("text/html")) ||
           span_starts_with(content_type, SPAN("application/xhtml"));
}

/* What a picture's first bytes say it is; a header is only a claim. data NULL: nothing that a card shows. */
static struct span image_mime(struct span bytes)
{
    if (span_starts_with(bytes, SPAN("\xFF\xD8\xFF"))) {
        return SPAN("image/jpeg");
    }
    if (span_starts_with(bytes, SPAN("\x89PNG\r\n\x1A\n"))) {
        return SPAN("image/png");
    }
    if (span_starts_with(bytes, SPAN("RIFF")) && bytes.len > 12 && memcmp(bytes.data + 8, "WEBP", 4) == 0) {
        return SPAN("image/webp");
    }
    return (struct span){0};
}

static enum err page_answered(const struct bluesky_step *step, const struct http_response *response)
{
    struct bluesky_facts *facts = &step->state->facts;
    const bool whole = response->result == HTTP_COMPLETE || response->result == HTTP_TOO_LARGE;
    struct page_card card = {0};
    if (may_pass(response)) {
        return card_failed(step, bluesky_answer_until(&response->headers, step->job->now_ms));
    }
    if (whole && response->status == 200 && is_html(response->headers.content_type)) {
        TRY(page_scan(response->body, facts->link, step->job->arena, &card));
    }
    facts->title = card.title;
    facts->description = card.description;
    facts->image_url = card.image;
    facts->card_next = may_fetch(step, card.image) ? CALL_IMAGE : CALL_COUNT;
    return go_on(step);
}

enum err bluesky_resolve_upload(const struct bluesky_step *step)
{
    const struct bluesky_facts *facts = &step->state->facts;
    const struct bluesky_asker asker = bluesky_asker_of(step, true);
    step->state->call = CALL_UPLOAD_BLOB;
    return bluesky_ask_blob(&asker, facts->image_mime, facts->image, step->request);
}

static enum err image_answered(const struct bluesky_step *step, const struct http_response *response)
{
    struct bluesky_facts *facts = &step->state->facts;
    const bool good = response->result == HTTP_COMPLETE && response->status == 200;
    if (may_pass(response)) {
        return card_failed(step, bluesky_answer_until(&response->headers, step->job->now_ms));
    }
    facts->image_mime = good ? image_mime(response->body) : (struct span){0};
    facts->image = response->body;
    const bool useful = facts->image_mime.data != NULL && step->state->access.data != NULL;
    facts->card_next = useful ? CALL_UPLOAD_BLOB : CALL_COUNT;
    return go_on(step);
}

static enum err blob_answered(const struct bluesky_step *step, const struct http_response *response)
{
    struct bluesky_facts *facts = &step->state->facts;
    struct bluesky_answer answer;
    bool asked = false;
    TRY(bluesky_answer(CALL_UPLOAD_BLOB, response, step->job->now_ms, step->job->arena, &answer));
    TRY(bluesky_exchange(step, &answer, &asked));
    if (asked) {
        return OK;
    }
    if (answer.outcome == OUTCOME_TRY_AGAIN || answer.outcome == OUTCOME_DEFERRED) {
        return card_failed(step, answer.until_ms);
    }
    const struct json_node *blob = json_node_member(answer.body, "blob");
    if (answer.outcome == OUTCOME_ACCEPTED && is_blob(blob)) {
        facts->thumb = blob;
    }
    facts->card_next = CALL_COUNT;
    return go_on(step);
}

enum err bluesky_resolve_without_picture(const struct bluesky_step *step)
{
    step->state->facts.card_next = CALL_COUNT;
    *step->finished = false;
    return go_on(step);
}

static enum err handle_answered(const struct bluesky_step *step, const struct http_response *response)
{
    struct bluesky_facts *facts = &step->state->facts;
    struct bluesky_mention *mention = &facts->mentions[facts->mention_next];
    struct bluesky_answer answer;
    TRY(bluesky_answer(CALL_RESOLVE_HANDLE, response, step->job->now_ms, step->job->arena, &answer));
    facts->mention_next++;
    if (answer.outcome == OUTCOME_DEFERRED) {
        leave_open(facts, answer.until_ms);
        facts->mention_next = facts->mention_count; /* the others would hear the same */
    } else if (answer.outcome == OUTCOME_TRY_AGAIN) {
        leave_open(facts, 0);
    } else {
        mention->settled = true;
        mention->did = answer.outcome == OUTCOME_ACCEPTED ? json_node_text(answer.body, "did") : (struct span){0};
    }
    return go_on(step);
}

enum err bluesky_resolve_answered(const struct bluesky_step *step, const struct http_response *response)
{
    switch (step->state->call) {
    case CALL_RESOLVE_HANDLE:
        return handle_answered(step, response);
    case CALL_PAGE:
        return page_answered(step, response);
    case CALL_IMAGE:
        return image_answered(step, response);
    case CALL_UPLOAD_BLOB:
        return blob_answered(step, response);
    case CALL_CREATE_SESSION:
    case CALL_REFRESH_SESSION:
    case CALL_CREATE_RECORD:
    case CALL_GET_RECORD:
    case CALL_DELETE_RECORD:
    case CALL_COUNT:
        break;
    }
    ASSERT(false);
    return OK;
}
