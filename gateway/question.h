/* question.h: what the gateway asks the ledger about a workspace's log. The answer's form is the question's; many begin
 * with a line that holds a number. */
#ifndef OPENPOST_GATEWAY_QUESTION_H
#define OPENPOST_GATEWAY_QUESTION_H

#include "core/base/typeid.h"
#include "core/wire/client.h"

struct log_question {
    const char *name; /* tools/questions.h */
    struct id workspace_id;
    uint64_t first, second; /* what they mean is the question's */
    struct id stream;       /* none: it names no stream */
};

/* log_question_ask sends a question; done gets the answer or ERR_TIMED_OUT, on another thread, never within the call.
 * An error: it was not sent, and done is not called. */
enum err log_question_ask(struct client *ledger, const struct log_question *question, client_replied *done,
                          void *context) MUST_USE;

/* log_question_split takes an answer's first line, a number, from what follows it. ERR_MALFORMED, ERR_RANGE: there is
 * no such line. */
enum err log_question_split(struct span result, uint64_t *ret_number, struct span *ret_rest) MUST_USE;

#endif
