/* frame_fuzz.c: frames between processes and the bodies in them, as anybody who can connect may send them. The input is
 * a frame with its tag, which is not looked at here. Frames and bodies have one spelling only: what was read and is
 * written again must be the same bytes. */
#include <stdlib.h>

#include "core/wire/body.h"
#include "tests/fuzz/fuzz.h"

/* Reads a body of one kind and writes it to out; false when it is none, or when it names what only its writer knows. */
typedef bool copy_body(struct span body, struct buf *out);

static bool copy_commands(struct span body, struct buf *out)
{
    struct body_list list;
    if (body_commands_read(body, &list) != OK) {
        return false;
    }
    body_commands_begin(out, list.left);
    while (list.left > 0) {
        struct span command;
        struct idempotency idempotency;
        if (body_command_next(&list, &command, &idempotency) != OK) {
            return false;
        }
        body_command_put(out, command, &idempotency);
    }
    return true;
}

/* A hole among the details, or a code of a newer ledger's, is not written again as it was read. */
static bool copy_answers(struct span body, struct buf *out)
{
    struct body_list list;
    if (body_answers_read(body, &list) != OK) {
        return false;
    }
    body_answers_begin(out, list.left);
    bool same = true;
    while (list.left > 0) {
        struct answer answer;
        if (body_answer_next(&list, &answer) != OK) {
            return false;
        }
        same = same && answer.refusal != REFUSED_unavailable && id_is_none(&answer.detail[0]);
        body_answer_put(out, &answer);
    }
    return same;
}

static bool copy_follow(struct span body, struct buf *out)
{
    struct follow_ask ask;
    if (body_follow_read(body, &ask) != OK) {
        return false;
    }
    body_follow_put(out, &ask);
    return true;
}

static bool copy_events(struct span body, struct buf *out)
{
    uint64_t head = 0;
    uint64_t position = 0;
    struct body_list list;
    const bool own = body_events_read(body, &head, &list) != OK;
    if (own && body_own_events_read(body, &head, &position, &list) != OK) {
        return false;
    }
    const uint32_t count = list.left;
    uint8_t *bytes = malloc(body.len);
    ASSERT(bytes != NULL);
    struct buf events = buf_of(bytes, body.len);
    bool whole = true;
    while (whole && list.left > 0) {
        struct span envelope;
        struct span payload;
        whole = body_event_next(&list, &envelope, &payload) == OK;
        if (whole) {
            body_event_put(&events, envelope, payload);
        }
    }
    if (whole && own) {
        body_own_events_put(out, head, position, count, buf_span(&events));
    } else if (whole) {
        body_events_put(out, head, count, buf_span(&events));
    }
    free(bytes);
    return whole;
}

static bool copy_query(struct span body, struct buf *out)
{
    struct span name;
    struct span arguments;
    if (body_query_read(body, &name, &arguments) != OK) {
        return false;
    }
    body_query_put(out, name, arguments);
    return true;
}

static bool copy_result(struct span body, struct buf *out)
{
    enum refusal refusal = ACCEPTED;
    struct span result;
    if (body_result_read(body, &refusal, &result) != OK) {
        return false;
    }
    body_result_put(out, refusal, result);
    return refusal != REFUSED_unavailable;
}

static bool copy_seal(struct span body, struct buf *out)
{
    struct id secret_id;
    struct id integration_id;
    struct span box;
    if (body_seal_read(body, &secret_id, &integration_id, &box) != OK) {
        return false;
    }
    body_seal_put(out, &secret_id, &integration_id, box);
    return true;
}

static bool copy_code(struct span body, struct buf *out)
{
    enum refusal refusal = ACCEPTED;
    if (body_code_read(body, &refusal) != OK) {
        return false;
    }
    body_code_put(out, refusal);
    return refusal != REFUSED_unavailable;
}

static bool copy_welcome(struct span body, struct buf *out)
{
    struct welcome welcome;
    if (body_welcome_read(body, &welcome) != OK) {
        return false;
    }
    body_welcome_put(out, &welcome);
    return true;
}

static bool copy_figures(struct span body, struct buf *out)
{
    struct body_list list;
    if (body_figures_read(body, &list) != OK) {
        return false;
    }
    body_figures_begin(out, list.left);
    while (list.left > 0) {
        struct span name;
        char text[BODY_NAME_MAX + 1] = {0};
        uint64_t value = 0;
        if (body_figure_next(&list, &name, &value) != OK) {
            return false;
        }
        memcpy(text, name.data, name.len);
        body_figure_put(out, text, value);
        if (strlen(text) != name.len) {
            return false;
        }
    }
    return true;
}

static copy_body *copier_of(uint8_t kind)
{
    switch (kind) {
    case FRAME_COMMANDS:
        return copy_commands;
    case FRAME_COMMANDS + FRAME_REPLY:
        return copy_answers;
    case FRAME_FOLLOW:
        return copy_follow;
    case FRAME_FOLLOW + FRAME_REPLY:
        return copy_events;
    case FRAME_QUERY:
        return copy_query;
    case FRAME_QUERY + FRAME_REPLY:
        return copy_result;
    case FRAME_SEAL:
        return copy_seal;
    case FRAME_SEAL + FRAME_REPLY:
    case FRAME_REFUSED:
        return copy_code;
    case FRAME_STATUS + FRAME_REPLY:
        return copy_figures;
    case FRAME_WELCOME:
        return copy_welcome;
    default:
        return NULL;
    }
}

static void check_body(const struct frame *frame)
{
    copy_body *copy = copier_of(frame->kind);
    /* What could not be read may have been written in part; a word that is replaced may be longer. */
    const size_t cap = frame->body.len * 2 + 4096;
    uint8_t *bytes = malloc(cap);
    ASSERT(bytes != NULL);
    struct buf out = buf_of(bytes, cap);
    if (copy != NULL && copy(frame->body, &out)) {
        ASSERT(buf_ok(&out));
        ASSERT(span_equal(buf_span(&out), frame->body));
    }
    free(bytes);
}

/* Made once: it costs more than all the rest. */
static struct frame_key *key_of_test(void)
{
    static struct frame_key *key = NULL;
    if (key == NULL) {
        const uint8_t secret[FRAME_KEY_LEN] = {1, 2, 3};
        const enum err err = frame_key_new(secret, &key);
        ASSERT(err == OK);
    }
    return key;
}

static void check_frame(struct span bytes, const struct frame *frame)
{
    uint8_t *again = malloc(bytes.len);
    ASSERT(again != NULL);
    struct buf out = buf_of(again, bytes.len);
    const enum err err = frame_write(key_of_test(), frame, &out);
    ASSERT(err == OK && out.len == bytes.len);
    ASSERT(memcmp(again, bytes.data, bytes.len - FRAME_TAG_LEN) == 0);
    ASSERT(frame_check(key_of_test(), buf_span(&out)));
    const bool same_tag =
        memcmp(again + bytes.len - FRAME_TAG_LEN, bytes.data + bytes.len - FRAME_TAG_LEN, FRAME_TAG_LEN) == 0;
    ASSERT(frame_check(key_of_test(), bytes) == same_tag);
    free(again);
}

/* A wake-up is heard when it is ours, and only then. */
static void check_wake(struct span bytes)
{
    uint64_t head = 0;
    const enum err err = frame_wake_read(key_of_test(), bytes, &head);
    ASSERT(err == OK || err == ERR_AUTH || err == ERR_MALFORMED);
    if (bytes.len == FRAME_WAKE_LEN) {
        uint8_t ours[FRAME_WAKE_LEN];
        frame_wake_write(key_of_test(), get_be64(bytes.data), ours);
        ASSERT((err == OK) == span_equal(span_of(ours, sizeof ours), bytes));
        ASSERT(frame_wake_read(key_of_test(), span_of(ours, sizeof ours), &head) == OK);
        ASSERT(head == get_be64(bytes.data));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct span bytes = span_of(data, len);
    struct frame frame;
    check_wake(bytes);
    if (frame_read(bytes, &frame) == OK) {
        check_frame(bytes, &frame);
        check_body(&frame);
    }
    return 0;
}
