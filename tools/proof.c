/* proof.c: see proof.h. Called by audit.c for openpost verify. Reads one file, and nothing else: what it says of an
 * event it has from the leaf that was proved. */
#include "tools/proof.h"

#include <stdio.h>

#include "core/base/base64.h"
#include "core/base/process.h"
#include "core/log/log.h"
#include "core/log/tlog_proof.h"
#include "core/message/message.h"
#include "tools/tools.h"

#define PROOF_BYTES_MAX 16384

bool verifier_choose(const char *text, const struct data_folder *data, struct checkpoint_verifier *ret_verifier,
                     int *ret_exit)
{
    char stored[CHECKPOINT_VERIFIER_MAX + 2];
    struct buf buf = buf_of(stored, sizeof stored);
    enum err err = OK;
    if (text == NULL) {
        err = data_verifier(data, &buf);
        if (err != OK) {
            *ret_exit = complain("verify", "log.vkey cannot be read; give --verifier", err, EXIT_UNREADABLE);
            return false;
        }
    }
    err = checkpoint_verifier_read(text != NULL ? span_text(text) : buf_span(&buf), ret_verifier);
    if (err != OK) {
        *ret_exit = complain("verify", "not a verifier key: NAME+HASH+KEY (C2SP signed-note)", err,
                             text != NULL ? EXIT_USAGE_WRONG : EXIT_UNREADABLE);
        return false;
    }
    return true;
}

/* The leaf out of the extra line, proved. */
static enum err prove(struct span file, const struct checkpoint_verifier *verifier, struct buf *leaf,
                      struct log_event *ret_at)
{
    struct tlog_proof proof;
    TRY(tlog_proof_read(file, &proof));
    if (proof.extra.data == NULL) {
        return ERR_MISSING;
    }
    TRY(base64_read(proof.extra, leaf));
    TRY(tlog_proof_check(&proof, verifier->name, verifier->public_key, buf_span(leaf)));
    TRY(log_envelope_read(buf_span(leaf), ret_at));
    return ret_at->seq == proof.index + 1 ? OK : ERR_ALTERED;
}

static void print_event(const struct log_event *at, bool json)
{
    char text[800];
    struct buf out = buf_of(text, sizeof text);
    const struct record_desc *desc = event_desc(at->code);
    buf_text(&out, json ? "{\"result\":\"good\",\"workspace_id\":\"" : "good: event ");
    if (!json) {
        buf_u64(&out, at->workspace_seq);
        buf_text(&out, " of ");
    }
    id_write(&out, &at->workspace_id);
    if (json) {
        buf_text(&out, "\",\"workspace_seq\":");
        buf_u64(&out, at->workspace_seq);
    }
    buf_text(&out, json ? ",\"type\":\"" : ": ");
    buf_text(&out, desc == NULL ? "unknown" : desc->name);
    buf_text(&out, json ? "\",\"payload_sha256\":\"" : ", payload SHA-256 ");
    buf_hex(&out, span_of(at->payload_hash, 32));
    buf_text(&out, json ? "\"}\n" : "\n");
    (void)printf("%s", buf_terminated(&out));
}

int verify_proof(const char *path, const struct checkpoint_verifier *verifier, bool json)
{
    static const char *const sentences[] = {"the checkpoint is not signed by that key",
                                            "the leaf is not at that place of the signed tree",
                                            "not a proof (C2SP tlog-proof) with its leaf in the extra line"};
    char bytes[PROOF_BYTES_MAX];
    uint8_t leaf_bytes[LOG_ENVELOPE_MAX];
    struct buf file = buf_of(bytes, sizeof bytes);
    struct buf leaf = buf_of(leaf_bytes, sizeof leaf_bytes);
    struct log_event at = {0};
    enum err err = file_read(path, &file);
    if (err != OK) {
        return complain("verify", path, err, EXIT_UNREADABLE);
    }
    err = prove(buf_span(&file), verifier, &leaf, &at);
    if (err == OK) {
        print_event(&at, json);
        return EXIT_GOOD;
    }
    const char *sentence = sentences[err == ERR_AUTH ? 0 : err == ERR_ALTERED ? 1 : 2];
    (void)printf(json ? "{\"result\":\"altered\",\"sentence\":\"%s\"}\n" : "altered: %s\n", sentence);
    return EXIT_ALTERED;
}
