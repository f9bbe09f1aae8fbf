/* tlog_proof.c: see tlog_proof.h. Called by the composition root, for tenants' proofs, and by verifiers. Must accept
 * nothing that another implementation would refuse. */
#include "core/log/tlog_proof.h"

#include "core/base/base64.h"
#include "core/log/checkpoint.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

void tlog_proof_write(uint64_t index, const uint8_t (*hashes)[32], size_t count, struct span extra,
                      struct span checkpoint, struct buf *out)
{
    buf_text(out, FIRST_LINE "\n");
    if (extra.data != NULL) {
        buf_text(out, "extra ");
        base64_write(out, extra);
        buf_byte(out, '\n');
    }
    buf_text(out, "index ");
    buf_u64(out, index);
    buf_byte(out, '\n');
    for (size_t i = 0; i < count; i++) {
        base64_write(out, span_of(hashes[i], 32));
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_put(out, checkpoint);
}

/* Takes the next line, without its newline. */
static enum err take_line(struct span *rest, struct span *ret_line)
{
    const size_t len = span_find(*rest, '\n');
    if (len == rest->len) {
        return ERR_MALFORMED;
    }
    *ret_line = span_of(rest->data, len);
    *rest = span_of(rest->data + len + 1, rest->len - len - 1);
    return OK;
}

static enum err read_index(struct span line, uint64_t *ret_index)
{
    if (!span_starts_with(line, SPAN("index "))) {
        return ERR_MALFORMED;
    }
    const struct span number = span_of(line.data + 6, line.len - 6);
    const bool zeroes = number.len > 1 && number.data[0] == '0';
    return !zeroes && span_to_u64(number, ret_index) == OK ? OK : ERR_MALFORMED;
}

enum err tlog_proof_read(struct span text, struct tlog_proof *ret_proof)
{
    struct tlog_proof proof = {0};
    struct span line;
    TRY(take_line(&text, &line));
    if (!span_equal(line, SPAN(FIRST_LINE))) {
        return ERR_VERSION;
    }
    TRY(take_line(&text, &line));
    if (span_starts_with(line, SPAN("extra "))) {
        proof.extra = span_of(line.data + 6, line.len - 6);
        TRY(take_line(&text, &line));
    }
    TRY(read_index(line, &proof.index));
    TRY(take_line(&text, &line));
    while (line.len > 0) {
        if (proof.count == MERKLE_PROOF_MAX) {
            return ERR_TOO_LONG;
        }
        struct buf hash = buf_of(proof.hashes[proof.count], 32);
        if (base64_read(line, &hash) != OK || hash.len != 32) {
            return ERR_MALFORMED;
        }
        proof.count++;
        TRY(take_line(&text, &line));
    }
    proof.checkpoint = text;
    *ret_proof = proof;
    return OK;
}

enum err tlog_proof_check(const struct tlog_proof *proof, const char *origin, const uint8_t public_key[32],
                          struct span leaf)
{
    uint64_t size = 0;
    uint8_t root[32];
    uint8_t hash[32];
    TRY(checkpoint_open(proof->checkpoint, origin, public_key, &size, root));
    merkle_leaf(leaf, hash);
    return merkle_check_inclusion(proof->index, size, hash, proof->hashes, proof->count, root);
}
