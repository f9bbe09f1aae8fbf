/* audit.c: openpost verify and replay: what an auditor does with a data folder. They only read. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/base/sha256.h"
#include "core/message/codec.h"
#include "core/store/tables.h"
#include "projections/registry.h"
#include "tools/parts.h"
#include "tools/proof.h"
#include "tools/tools.h"
#include "tools/verify.h"

static const char verify_usage[] =
    "usage: openpost verify --data DIR [--verifier VKEY] [--json]\n"
    "       openpost verify --proof FILE (--verifier VKEY | --data DIR) [--json]\n"
    "       openpost verify --data DIR --show-verifier\n"
    " e.g.: openpost verify --data /var/lib/openpost --verifier \"$(cat verifier)\"\n\n"
    "Reads the whole log and checks every record, payload, tree hash and signed "
    "checkpoint against the others and against\n"
    "the public key VKEY (NAME+HASH+KEY, C2SP signed-note); by default the one stored "
    "in the folder, so give the copy that\n"
    "you keep elsewhere. No private key is needed. May run beside a service. With "
    "--proof it checks one event's proof, as\n"
    "GET /v1/log/proof/{workspace_seq} gives it, and shows what was proved. Exit code 0: all is as it was written; "
    "1: altered, with the first wrong\n"
    "position, or out of order: nothing was altered, but an event repeats or skips a "
    "version of its stream; 2: cannot be\n"
    "read. 1 also says that VKEY is another log's and, with --proof, that the log's "
    "head is not signed by\nVKEY, 2 that FILE is no such proof.";

/* Says what is wrong. position 0: no single event is known to be. */
static int tell_altered(bool json, uint64_t position, const char *sentence)
{
    char text[2048];
    struct buf out = buf_of(text, sizeof text);
    buf_text(&out, json ? "{\"result\":\"altered\",\"position\":" : position > 0 ? "altered at position " : "altered");
    if (position > 0) {
        buf_u64(&out, position);
    } else if (json) {
        buf_text(&out, "null");
    }
    buf_text(&out, json ? ",\"sentence\":" : ": ");
    if (json) {
        json_string(&out, span_text(sentence));
    } else {
        buf_text(&out, sentence);
    }
    (void)printf("%s%s\n", buf_terminated(&out), json ? "}" : "");
    return EXIT_ALTERED;
}

/* A fault of its own kind: every byte is as it was written. */
static int tell_out_of_order(bool json, const struct log_verified *found)
{
    (void)printf(
        json ? "{\"result\":\"out_of_order\",\"position\":%llu,\"sentence\":\"%s\",\"events\":%llu,\"count\":%llu}\n"
             : "out of order at position %llu: %s: written upon damaged read models; none of the %llu events was "
               "altered, %llu of them repeat or skip a version of their stream\n",
        (unsigned long long)found->order.position, found->order.sentence, (unsigned long long)found->events,
        (unsigned long long)found->out_of_order);
    return EXIT_ALTERED;
}

static int verify_log(const struct data_folder *data, const struct checkpoint_verifier *verifier, bool json)
{
    struct log_fault fault = {0};
    struct log_verified found;
    if (strcmp(verifier->name, data->origin) != 0) {
        (void)printf(json ? "{\"result\":\"other_log\",\"folder\":\"%s\",\"verifier\":\"%s\"}\n"
                          : "not this key's log: the folder is of %s, the key of %s; nothing was read\n",
                     data->origin, verifier->name);
        return EXIT_ALTERED;
    }
    struct progress progress = progress_of("verify", json);
    const int64_t start_us = clock_monotonic_us();
    const enum err err = verify_apart(data, verifier, &progress, &found, &fault);
    const double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
    if (err == OK && found.out_of_order > 0) {
        return tell_out_of_order(json, &found);
    }
    if (err == OK) {
        (void)printf(json ? "{\"result\":\"good\",\"events\":%llu,\"seconds\":%.3f}\n"
                          : "good: %llu events in %.3f s\n",
                     (unsigned long long)found.events, seconds);
        return EXIT_GOOD;
    }
    if (err == ERR_ALTERED) {
        return tell_altered(json, fault.position, fault.sentence);
    }
    return fault.sentence[0] != 0 ? complain("verify", fault.sentence, err, EXIT_UNREADABLE)
                                  : complain_of_folder("verify", data->path, false, err, EXIT_UNREADABLE);
}

int tool_verify(int argc, char **argv)
{
    const char *path = NULL;
    const char *proof = NULL;
    const char *text = NULL;
    bool json = false;
    bool show = false;
    const struct option_spec options[] = {
        {"--data",          &path,  NULL,  "the data folder"                                        },
        {"--verifier",      &text,  NULL,  "VKEY, the log's public key; default: the folder's own"  },
        {"--proof",         &proof, NULL,  "check this proof of one event instead of the whole log" },
        {"--show-verifier", NULL,   &show, "print the folder's public key, to keep a copy elsewhere"},
        {"--json",          NULL,   &json, "one JSON object"                                        },
    };
    int code = EXIT_GOOD;
    struct data_folder data;
    struct checkpoint_verifier verifier;
    if (!options_parse(argc, argv, verify_usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code)) {
        return code;
    }
    if (proof != NULL && path == NULL && text == NULL) {
        (void)fprintf(stderr,
                      "openpost verify: --proof needs the log's public key: --verifier VKEY, or --data DIR for the one "
                      "in the folder (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    if (((path != NULL || proof == NULL || text == NULL) && !data_or_complain("verify", path, &data, &code)) ||
        !verifier_choose(text, &data, &verifier, &code)) {
        return code;
    }
    process_prepare("openpost-verify");
    if (show) {
        char stored[CHECKPOINT_VERIFIER_MAX + 2];
        struct buf out = buf_of(stored, sizeof stored);
        const enum err err = data_verifier(&data, &out);
        (void)(err == OK && printf("%s\n", buf_terminated(&out)));
        return err == OK ? EXIT_GOOD : complain("verify", "log.vkey cannot be read", err, EXIT_UNREADABLE);
    }
    return proof != NULL ? verify_proof(proof, &verifier, json) : verify_log(&data, &verifier, json);
}

/* openpost replay --check */

static const char replay_usage[] = "usage: openpost replay --data DIR --check [--json]\n"
                                   " e.g.: openpost replay --data /var/lib/openpost --check\n\n"
                                   "Rebuilds everything derived (state, indexes, read models) from the log into a "
                                   "temporary folder and compares it with\n"
                                   "what the service uses, byte for byte. Exit code 0: equal; 1: different; 2: cannot "
                                   "be read; 69: a service runs on the folder: stop it first.\n"
                                   "A folder without read models (a backup, say) has nothing to compare: that its log "
                                   "can be replayed is said, with 0.";

/* One side of the comparison: the rows of a store that are derived from the log, in their order. */
struct side {
    struct store_cursor *cursor;
    enum err err; /* ERR_NOT_FOUND: at the end */
    struct span key;
    struct span value;
};

/* The position's own row and clients' Idempotency-Keys are not all derived from the log. */
static bool is_derived(struct span key)
{
    return key.data[0] != TABLE_META && key.data[0] != TABLE_IDEMPOTENCY;
}

static void side_step(struct side *side)
{
    do {
        side->err = store_next(side->cursor, &side->key, &side->value);
    } while (side->err == OK && !is_derived(side->key));
}

static enum err side_begin(struct side *side, struct store_txn *txn)
{
    TRY(store_cursor_open(txn, &side->cursor));
    side->err = store_seek(side->cursor, span_of("\0", 1), &side->key, &side->value);
    if (side->err == OK && !is_derived(side->key)) {
        side_step(side);
    }
    return OK;
}

struct comparison {
    uint64_t rows; /* that are equal */
    bool equal;
    uint8_t key[STORE_KEY_MAX]; /* of the first row that is not */
    size_t key_len;
};

static void differ(const struct side *live, const struct side *rebuilt, struct comparison *result)
{
    const bool missing = live->err != OK || (rebuilt->err == OK && span_compare(rebuilt->key, live->key) < 0);
    const struct side *first = missing ? rebuilt : live;
    result->equal = false;
    result->key_len = first->key.len;
    memcpy(result->key, first->key.data, first->key.len);
}

static enum err walk(struct side *live, struct side *rebuilt, struct comparison *result)
{
    while (live->err == OK && rebuilt->err == OK && span_equal(live->key, rebuilt->key) &&
           span_equal(live->value, rebuilt->value)) {
        result->rows++;
        side_step(live);
        side_step(rebuilt);
    }
    TRY(live->err == ERR_NOT_FOUND ? OK : live->err);
    TRY(rebuilt->err == ERR_NOT_FOUND ? OK : rebuilt->err);
    if (live->err == OK || rebuilt->err == OK) {
        differ(live, rebuilt, result);
    }
    return OK;
}

static enum err compare(struct store *live, struct store *rebuilt, struct comparison *ret_result)
{
    OWNED(store_abort) struct store_txn *live_txn = NULL;
    OWNED(store_abort) struct store_txn *rebuilt_txn = NULL;
    struct side sides[2] = {{.cursor = NULL}, {.cursor = NULL}};
    struct comparison result = {.equal = true};
    TRY(store_begin(live, false, &live_txn));
    TRY(store_begin(rebuilt, false, &rebuilt_txn));
    enum err err = side_begin(&sides[0], live_txn);
    err = err == OK ? side_begin(&sides[1], rebuilt_txn) : err;
    err = err == OK ? walk(&sides[0], &sides[1], &result) : err;
    store_cursor_close(sides[0].cursor);
    store_cursor_close(sides[1].cursor);
    if (err == OK) {
        *ret_result = result;
    }
    return err;
}

/* What a rebuild tells: how far it is, and the first event whose version is not the next of its stream. */
struct replayed {
    struct progress progress;
    uint64_t out_of_order_at; /* 0: none */
    uint64_t out_of_order;
};

static void replay_progress(void *context, uint64_t done, uint64_t total)
{
    struct replayed *replayed = context;
    progress_show(&replayed->progress, done, total);
}

static void replay_out_of_order(void *context, const struct log_event *at)
{
    struct replayed *replayed = context;
    replayed->out_of_order_at = replayed->out_of_order == 0 ? at->seq : replayed->out_of_order_at;
    replayed->out_of_order++;
}

/* result NULL: there was nothing to compare with. */
static void tell(const struct comparison *result, const struct replayed *replayed, bool json, uint64_t events,
                 double seconds)
{
    char key[2 * STORE_KEY_MAX + 1];
    struct buf hex = buf_of(key, sizeof key);
    if (result == NULL) {
        (void)printf(json ? "{\"result\":\"replayed\",\"events\":%llu,\"seconds\":%.3f"
                          : "replayed: %llu events in %.3f s; the folder has no read models to compare with",
                     (unsigned long long)events, seconds);
    } else {
        (void)printf(json ? "{\"result\":\"%s\",\"events\":%llu,\"seconds\":%.3f,\"rows\":%llu"
                          : "%s: %llu events replayed in %.3f s; %llu rows are equal",
                     result->equal ? "equal" : "different", (unsigned long long)events, seconds,
                     (unsigned long long)result->rows);
    }
    if (result != NULL && !result->equal) {
        buf_hex(&hex, span_of(result->key, result->key_len));
        (void)printf(json ? ",\"key\":\"%s\"" : ", the one with key %s is not", buf_terminated(&hex));
    }
    if (replayed->out_of_order > 0) {
        (void)printf(json ? ",\"out_of_order\":%llu,\"out_of_order_position\":%llu"
                          : "; %llu events repeat or skip a version of their stream, the first at position %llu",
                     (unsigned long long)replayed->out_of_order, (unsigned long long)replayed->out_of_order_at);
    }
    (void)printf(json ? "}\n" : "\n");
}

/* Into a folder that is deleted afterwards; views NULL: there is nothing to compare with. */
static enum err rebuild_and_compare(const struct data_folder *data, struct log *log, struct store *views,
                                    const char *folder, bool json, bool *ret_equal)
{
    OWNED(store_close) struct store *fresh = NULL;
    TRY(store_lmdb_open(folder, VIEWS_MAP_BYTES, false, &fresh));
    struct replayed replayed = {.progress = progress_of("rebuild", json)};
    const struct replay_watch watch = {
        .progress = replay_progress, .out_of_order = replay_out_of_order, .context = &replayed};
    uint64_t events = 0;
    const int64_t start_us = clock_monotonic_us();
    TRY(ledger_rebuild(log, fresh, &projections_all, &data->installation_id, &watch, &events));
    const double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
    struct comparison result = {.equal = true};
    if (views != NULL) {
        TRY(compare(views, fresh, &result));
    }
    tell(views == NULL ? NULL : &result, &replayed, json, events, seconds);
    *ret_equal = result.equal;
    return OK;
}

static enum err replay_apart(const struct data_folder *data, struct log *log, struct store *views, bool json,
                             bool *ret_equal)
{
    char folder[DATA_PATH_MAX];
    TRY(scratch_make(data, folder));
    const enum err err = rebuild_and_compare(data, log, views, folder, json, ret_equal);
    scratch_remove(folder);
    return err;
}

/* Whoever only reads the log needs neither its key nor the folder's lock. */
static enum err replay(const struct data_folder *data, bool json, bool *ret_equal, struct log_fault *ret_fault)
{
    if (parts_have_views(data)) {
        struct parts parts = {.lock_fd = -1};
        TRY(parts_open(data, true, &parts, ret_fault));
        const enum err err = replay_apart(data, parts.log, parts.views, json, ret_equal);
        parts_close(&parts);
        return err;
    }
    OWNED(log_close) struct log *log = NULL;
    TRY(parts_open_log(data, &log, ret_fault));
    return replay_apart(data, log, NULL, json, ret_equal);
}

int tool_replay(int argc, char **argv)
{
    const char *path = NULL;
    bool check = false;
    bool json = false;
    const struct option_spec options[] = {
        {"--data",  &path, NULL,   "the data folder"    },
        {"--check", NULL,  &check, "rebuild and compare"},
        {"--json",  NULL,  &json,  "one JSON object"    },
    };
    int code = EXIT_GOOD;
    struct data_folder data;
    if (!options_parse(argc, argv, replay_usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code) ||
        !data_or_complain("replay", path, &data, &code)) {
        return code;
    }
    if (!check) {
        (void)fprintf(stderr, "openpost replay: --check is what it can do (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    if (parts_have_views(&data) && !files_or_complain("replay", &data, false, &code)) {
        return code;
    }
    process_prepare("openpost-replay");
    struct log_fault fault = {0};
    bool equal = false;
    const enum err err = replay(&data, json, &equal, &fault);
    if (err == ERR_BUSY) {
        (void)fprintf(stderr, "openpost replay: a service runs on %s; stop it first\n", path);
        return EXIT_UNAVAILABLE;
    }
    if (err == ERR_ALTERED) {
        (void)fprintf(stderr,
                      "openpost replay: the log is altered%s%s; openpost verify --data %s tells where; restore the "
                      "folder from a copy\n",
                      fault.sentence[0] != 0 ? ": " : "", fault.sentence, path);
        return EXIT_ALTERED;
    }
    if (err != OK) {
        return fault.sentence[0] != 0
                   ? complain("replay", fault.sentence, err, EXIT_UNREADABLE)
                   : complain_of_folder("replay", path, parts_have_views(&data), err, EXIT_UNREADABLE);
    }
    return equal ? EXIT_GOOD : EXIT_ALTERED;
}
