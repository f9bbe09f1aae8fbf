/* proof.c: see proof.h. Called by audit.c for openpost verify. Reads one file, and nothing else: what it says of an
 * event it has from the leaf that was proved, and from the payload whose hash stands in that leaf. */
#include "tools/proof.h"

#include <stdio.h>

#include "core/base/base64.h"
#include "core/base/process.h"
#include "core/base/sha256.h"
#include "core/log/log.h"
#include "core/log/tlog_proof.h"
#include "core/message/codec.h"
#include "tools/leaf.h"
#include "tools/tools.h"

#define EXTRA_BYTES_MAX (LOG_ENVELOPE_MAX + LOG_PAYLOAD_MAX)
#define PROOF_BYTES_MAX (EXTRA_BYTES_MAX / 3 * 4 + 16384) /* the extra line is base64 */
#define DATA_BYTES_MAX ((size_t)16 << 20)
#define MEMORY_MAX ((size_t)64 << 20)

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
        *ret_exit = complain("verify",
                             text != NULL ? "--verifier: expected a verifier key, NAME+HASH+KEY (C2SP signed-note)"
                                          : "log.vkey is no verifier key: NAME+HASH+KEY (C2SP signed-note)",
                             err, text != NULL ? EXIT_USAGE_WRONG : EXIT_UNREADABLE);
        return false;
    }
    return true;
}

/* A proof, the event whose leaf it is about, and what came behind the leaf: nothing of it is verified. */
struct claim {
    struct span file;
    struct tlog_proof proof;
    struct span leaf;
    struct span payload; /* empty: the proof came without it */
    struct log_event at;
};

static enum err claim_read(struct claim *claim, struct arena *arena)
{
    size_t len = 0;
    TRY(tlog_proof_read(claim->file, &claim->proof));
    if (claim->proof.extra.data == NULL) {
        return ERR_MISSING;
    }
    struct buf extra = buf_of(arena_room(arena, EXTRA_BYTES_MAX), EXTRA_BYTES_MAX);
    if (extra.data == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(base64_read(claim->proof.extra, &extra));
    TRY(log_envelope_take(buf_span(&extra), &claim->at, &len));
    claim->leaf = span_of(extra.data, len);
    claim->payload = span_of(extra.data + len, extra.len - len);
    return OK;
}

static bool is_payload_of(const struct claim *claim)
{
    uint8_t hash[SHA256_LEN];
    sha256(claim->payload, hash);
    return claim->payload.len == 0 || memcmp(hash, claim->at.payload_hash, sizeof hash) == 0;
}

/* The event's fields, as openpost log --json and /v1/events show them. null: there is no payload, or this release does
 * not know such an event. */
static enum err write_data(const struct claim *claim, struct arena *arena, struct buf *out)
{
    struct event event;
    const enum err err = claim->payload.len == 0 ? ERR_UNKNOWN_CODE : event_decode(claim->payload, arena, &event);
    if (err == ERR_UNKNOWN_CODE) {
        buf_text(out, "null");
        return OK;
    }
    TRY(err);
    return record_json(event_desc(event.code), event_fields(&event), out);
}

static int tell_good(const struct claim *claim, struct arena *arena, bool json)
{
    struct buf out = buf_of(arena_room(arena, DATA_BYTES_MAX), DATA_BYTES_MAX);
    if (out.data == NULL) {
        return complain("verify", "the event cannot be shown", ERR_NO_MEMORY, EXIT_UNREADABLE);
    }
    if (json) {
        buf_text(&out, "{\"result\":\"good\",");
        leaf_json(&claim->at, &out);
        buf_text(&out, ",\"data\":");
    } else {
        buf_text(&out, "good: this event stands in the log as it was written\n");
        leaf_text(&claim->at, &out);
    }
    const size_t last_line = json ? 0 : out.len;
    buf_text(&out, json ? "" : "data: ");
    enum err err = write_data(claim, arena, &out);
    buf_text(&out, json ? "}" : "");
    err = err == OK && !buf_ok(&out) ? ERR_NO_SPACE : err;
    if (err != OK) {
        return complain("verify", "the event's payload cannot be read", err, EXIT_UNREADABLE);
    }
    (void)fwrite(out.data, 1, last_line, stdout);
    print_shown_line(span_of(out.data + last_line, out.len - last_line), true);
    return EXIT_GOOD;
}

static int tell_bad(const char *result, const char *sentence, bool json)
{
    (void)printf(json ? "{\"result\":\"%s\",\"sentence\":\"%s\"}\n" : "%s: %s\n", result, sentence);
    return EXIT_ALTERED;
}

static int tell_no_proof(const char *path, struct span file)
{
    (void)fprintf(stderr, "openpost verify: --proof %s: %s\n", path,
                  file.len == 0 ? "it is empty"
                                : "it is not a proof (C2SP tlog-proof) with an event's leaf in its extra line, as GET "
                                  "/v1/log/proof/{workspace_seq} gives it");
    return EXIT_UNREADABLE;
}

/* What the proof in claim turns out to be. */
static int judge(const char *path, const struct claim *claim, const struct checkpoint_verifier *verifier,
                 struct arena *arena, bool json)
{
    const enum err err = tlog_proof_check(&claim->proof, verifier->name, verifier->public_key, claim->leaf);
    if (err == ERR_AUTH) {
        return tell_bad("not_signed", "the checkpoint is not signed by that key: it is another log's, or was altered",
                        json);
    }
    if (err != OK && err != ERR_ALTERED) { /* no checkpoint where it should be */
        return tell_no_proof(path, claim->file);
    }
    if (err != OK || claim->at.seq != claim->proof.index + 1) {
        return tell_bad("altered", "the leaf is not at that place of the signed tree", json);
    }
    if (!is_payload_of(claim)) {
        return tell_bad("altered", "the payload is not the one whose SHA-256 stands in the leaf", json);
    }
    return tell_good(claim, arena, json);
}

static int read_and_judge(const char *path, const struct checkpoint_verifier *verifier, struct arena *arena, bool json)
{
    struct buf file = buf_of(arena_room(arena, PROOF_BYTES_MAX), PROOF_BYTES_MAX);
    enum err err = file.data == NULL ? ERR_NO_MEMORY : file_read_any(path, &file);
    if (err != OK && err != ERR_TOO_LONG) {
        return complain("verify", path, err, EXIT_UNREADABLE);
    }
    struct claim claim = {.file = buf_span(&file)};
    err = err == OK ? claim_read(&claim, arena) : err;
    return err == OK ? judge(path, &claim, verifier, arena, json) : tell_no_proof(path, claim.file);
}

int verify_proof(const char *path, const struct checkpoint_verifier *verifier, bool json)
{
    struct arena arena;
    arena_init(&arena, MEMORY_MAX);
    const int code = read_and_judge(path, verifier, &arena, json);
    arena_done(&arena);
    return code;
}
