/* question.c: see question.h. Called by handlers and by the streams' thread; it must never wait. The workspace comes
 * from the pass: the ledger takes our word for it. */
#include "gateway/question.h"

#include "core/base/assert.h"
#include "core/wire/body.h"
#include "gateway/gateway.h"

/* Arguments as tools/questions.c reads them: texts, each ended by a line break. */
static void write_arguments(const struct log_question *question, struct buf *out)
{
    id_write(out, &question->workspace_id);
    buf_byte(out, '\n');
    buf_u64(out, question->first);
    buf_byte(out, '\n');
    buf_u64(out, question->second);
    buf_byte(out, '\n');
    if (!id_is_none(&question->stream)) {
        id_write(out, &question->stream);
        buf_byte(out, '\n');
    }
}

enum err log_question_ask(struct client *ledger, const struct log_question *question, client_replied *done,
                          void *context)
{
    char text[192];
    uint8_t bytes[256];
    struct buf arguments = buf_of(text, sizeof text);
    struct buf body = buf_of(bytes, sizeof bytes);
    write_arguments(question, &arguments);
    body_query_put(&body, span_text(question->name), buf_span(&arguments));
    ASSERT(buf_ok(&arguments) && buf_ok(&body));
    return client_ask(ledger, FRAME_QUERY, buf_span(&body), COMMAND_WITHIN_MS, done, context);
}

enum err log_question_split(struct span result, uint64_t *ret_number, struct span *ret_rest)
{
    const size_t end = span_find(result, '\n');
    TRY(end == result.len ? ERR_MALFORMED : OK);
    TRY(span_to_u64(span_of(result.data, end), ret_number));
    *ret_rest = span_of(result.data + end + 1, result.len - end - 1);
    return OK;
}
