/* ask.h: what a pass asks the ledger about its workspace's log, and gives into its vault. The workspace is the pass's,
 * and so is what may be seen of its log, an editor's own posts' events or all: whoever asks does not name it. The
 * answer's form is the question's; many begin with a line that holds a number. */
#ifndef OPENPOST_GATE_ASK_H
#define OPENPOST_GATE_ASK_H

#include "core/message/key_text.h"
#include "gateway/gate/pass.h"

struct log_question {
    const char *name;       /* tools/questions.h */
    uint64_t first, second; /* what they mean is the question's */
    struct id stream;       /* none: it names no stream */
};

/* pass_ask sends a question. What was read through the pass is no longer there, until pass_refresh. */
enum err pass_ask(struct pass *pass, const struct log_question *question, gate_replied *done, void *context) MUST_USE;

/* log_question_split takes an answer's first line, a number, from what follows it. ERR_MALFORMED, ERR_RANGE: there is
 * no such line. */
enum err log_question_split(struct span result, uint64_t *ret_number, struct span *ret_rest) MUST_USE;

/* pass_seal has the ledger keep plain, of at most SEALED_MAX bytes, in its vault as secret_id of owner_id's: the answer
 * is a code (body_code_read), and then it is durable. As for what was read: as with pass_ask. ERR_TOO_LONG. */
#define SEALED_MAX 4096
enum err pass_seal(struct pass *pass, const struct id *secret_id, const struct id *owner_id, struct span plain,
                   gate_replied *done, void *context) MUST_USE;
/* pass_seal_key makes an API key of a valid name: ret_text is its text, to be shown once; what the ledger has to
 * know it by goes into the vault as key_id's, as pass_seal does it. ret_fingerprint is for the command that makes it
 * valid. */
enum err pass_seal_key(struct pass *pass, const struct id *key_id, struct span name, char ret_text[KEY_TEXT_MAX],
                       uint8_t ret_fingerprint[32], gate_replied *done, void *context) MUST_USE;
/* pass_fingerprint makes what recognises a secret without being a plain hash of it. */
void pass_fingerprint(const struct pass *pass, struct span plain, uint8_t ret_hash[32]);

/* pass_mark makes a keyed hash of at most MARKED_MAX bytes, by which what the workspace was given is known again: no
 * other workspace's has it. */
#define MARKED_MAX 256
void pass_mark(const struct pass *pass, struct span what, uint8_t ret_hash[32]);

#endif
