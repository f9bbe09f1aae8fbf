/* ask.c: see ask.h. Called by handlers and by the streams' thread; it must never wait. The ledger takes our word for
 * the workspace: it comes from the pass and from nowhere else. */
#include "gateway/gate/ask.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/vault/box.h"
#include "core/wire/tag_key.h"
#include "gateway/gate/gate_state.h"

static void write_id(const struct id *id, struct buf *out)
{
    if (!id_is_none(id)) {
        id_write(out, id);
    }
    buf_byte(out, '\n');
}

/* Arguments as tools/questions.c reads them: texts, each ended by a line break. */
static void write_arguments(const struct log_reader *reader, const struct log_question *question, struct buf *out)
{
    write_id(&reader->workspace_id, out);
    buf_u64(out, question->first);
    buf_byte(out, '\n');
    buf_u64(out, question->second);
    buf_byte(out, '\n');
    write_id(&question->stream, out);
    write_id(&reader->author_id, out);
}

enum err gate_ask(struct gate *gate, const struct log_reader *reader, const struct log_question *question,
                  gate_replied *done, void *context)
{
    char text[192];
    uint8_t bytes[256];
    struct buf arguments = buf_of(text, sizeof text);
    struct buf body = buf_of(bytes, sizeof bytes);
    write_arguments(reader, question, &arguments);
    body_query_put(&body, span_text(question->name), buf_span(&arguments));
    ASSERT(buf_ok(&arguments) && buf_ok(&body));
    return client_ask(gate->options.ledger, FRAME_QUERY, buf_span(&body), COMMAND_WITHIN_MS, done, context);
}

enum err pass_ask(struct pass *pass, const struct log_question *question, gate_replied *done, void *context)
{
    struct log_reader reader;
    gate_log_reader(pass_badge(pass), &reader);
    store_abort(pass_pause(pass));
    return gate_ask(pass_gate(pass), &reader, question, done, context);
}

enum err log_question_split(struct span result, uint64_t *ret_number, struct span *ret_rest)
{
    const size_t end = span_find(result, '\n');
    TRY(end == result.len ? ERR_MALFORMED : OK);
    TRY(span_to_u64(span_of(result.data, end), ret_number));
    *ret_rest = span_of(result.data + end + 1, result.len - end - 1);
    return OK;
}

enum err gate_seal(struct gate *gate, const struct id *secret_id, const struct id *owner_id, struct span plain,
                   gate_replied *done, void *context)
{
    uint8_t nonce[12];
    random_fill(nonce, sizeof nonce);
    char what_text[ID_TEXT_MAX + 1];
    struct buf what = buf_of(what_text, sizeof what_text);
    id_write(&what, secret_id);
    uint8_t box_bytes[SEALED_MAX + BOX_OVERHEAD];
    struct buf box = buf_of(box_bytes, sizeof box_bytes);
    TRY(box_seal(gate->transport_key, nonce, buf_span(&what), plain, &box));
    uint8_t body_bytes[SEALED_MAX + 256];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    body_seal_put(&body, secret_id, owner_id, buf_span(&box));
    if (!buf_ok(&body)) {
        return ERR_TOO_LONG;
    }
    return client_ask(gate->options.ledger, FRAME_SEAL, buf_span(&body), COMMAND_WITHIN_MS, done, context);
}

enum err pass_seal(struct pass *pass, const struct id *secret_id, const struct id *owner_id, struct span plain,
                   gate_replied *done, void *context)
{
    store_abort(pass_pause(pass));
    return gate_seal(pass_gate(pass), secret_id, owner_id, plain, done, context);
}

enum err pass_seal_key(struct pass *pass, const struct id *key_id, struct span name, char ret_text[KEY_TEXT_MAX],
                       uint8_t ret_fingerprint[32], gate_replied *done, void *context)
{
    uint8_t randomness[KEY_RANDOM_LEN];
    uint8_t tag_key[TAG_KEY_LEN];
    random_fill(randomness, sizeof randomness);
    key_text_write(name, randomness, ret_text);
    tag_key_of(span_text(ret_text), tag_key);
    tag_key_fingerprint(tag_key, ret_fingerprint);
    const enum err err = pass_seal(pass, key_id, key_id, span_of(tag_key, sizeof tag_key), done, context);
    explicit_bzero(randomness, sizeof randomness);
    explicit_bzero(tag_key, sizeof tag_key);
    return err;
}

void pass_fingerprint(const struct pass *pass, struct span plain, uint8_t ret_hash[32])
{
    const struct gate *gate = pass_gate(pass);
    sha256_hmac(span_of(gate->transport_key, sizeof gate->transport_key), plain, ret_hash);
}

void pass_mark(const struct pass *pass, struct span what, uint8_t ret_hash[32])
{
    const struct gate *gate = pass_gate(pass);
    const struct id *workspace_id = &pass_badge(pass)->workspace_id;
    uint8_t bytes[sizeof gate->transport_key + sizeof *workspace_id + MARKED_MAX];
    struct buf keyed = buf_of(bytes, sizeof bytes);
    buf_put(&keyed, span_of(gate->transport_key, sizeof gate->transport_key));
    buf_put(&keyed, span_of(workspace_id, sizeof *workspace_id));
    buf_put(&keyed, what);
    ASSERT(buf_ok(&keyed));
    sha256(buf_span(&keyed), ret_hash);
    explicit_bzero(bytes, sizeof bytes);
}
