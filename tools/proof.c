/* proof.c: see proof.h. Called by audit.c for openpost verify. Reads one file, and nothing else: what it says of an
 * event it has from the leaf that was proved. */
#include "tools/proof.h"

#include <stdio.h>

#include "core/base/base64.h"
#include "core/base/process.h"
#include "core/log/log.h"
#include "core/log/tlog_proof.h"
#include "tools/leaf.h"
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

/* A proof, its leaf, and the event that stands in it: nothing of it is verified. */
struct claim {
    struct tlog_proof proof;
    struct buf leaf;
    struct log_event at;
};

static enum err claim_read(struct span file, struct claim *claim)
{
    TRY(tlog_proof_read(file, &claim->proof));
    if (claim->proof.extra.data == NULL) {
        return ERR_MISSING;
    }
    TRY(base64_read(claim->proof.extra, &claim->leaf));
    return log_envelope_read(buf_span(&claim->leaf), &claim->at);
}

static int tell_good(const struct log_event *at, bool json)
{
    char text[1200];
    struct buf out = buf_of(text, sizeof text);
    if (json) {
        buf_text(&out, "{\"result\":\"good\",");
        leaf_json(at, &out);
        buf_text(&out, "}\n");
    } else {
        buf_text(&out, "good: this event stands in the log as it was written\n");
        leaf_text(at, &out);
    }
    (void)printf("%s", buf_terminated(&out));
    return EXIT_GOOD;
}

static int tell_bad(const char *result, const char *sentence, bool json)
{
    (void)printf(json ? "{\"result\":\"%s\",\"sentence\":\"%s\"}\n" : "%s: %s\n", result, sentence);
    return EXIT_ALTERED;
}

static int tell_no_proof(const char *path, struct span file)
{
    (void)fprintf(stderr, "openpost verify: %s: %s\n", path,
                  file.len == 0 ? "it is empty"
                                : "it is not a proof (C2SP tlog-proof) with an event's leaf in its extra line, as GET "
                                  "/v1/log/proof/{workspace_seq} gives it");
    return EXIT_UNREADABLE;
}

int verify_proof(const char *path, const struct checkpoint_verifier *verifier, bool json)
{
    char bytes[PROOF_BYTES_MAX];
    uint8_t leaf[LOG_ENVELOPE_MAX];
    struct buf file = buf_of(bytes, sizeof bytes);
    struct claim claim = {.leaf = buf_of(leaf, sizeof leaf)};
    enum err err = file_read_any(path, &file);
    if (err != OK && err != ERR_TOO_LONG) {
        return complain("verify", path, err, EXIT_UNREADABLE);
    }
    if (err == ERR_TOO_LONG || claim_read(buf_span(&file), &claim) != OK) {
        return tell_no_proof(path, buf_span(&file));
    }
    err = tlog_proof_check(&claim.proof, verifier->name, verifier->public_key, buf_span(&claim.leaf));
    if (err == OK && claim.at.seq == claim.proof.index + 1) {
        return tell_good(&claim.at, json);
    }
    if (err == ERR_AUTH) {
        return tell_bad("not_signed", "the checkpoint is not signed by that key: it is another log's, or was altered",
                        json);
    }
    if (err != OK && err != ERR_ALTERED) { /* no checkpoint where it should be */
        return tell_no_proof(path, buf_span(&file));
    }
    return tell_bad("altered", "the leaf is not at that place of the signed tree", json);
}
