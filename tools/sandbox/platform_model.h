/* platform_model.h: a platform as far as our adapters use one: accounts, sessions, records, blobs, and the ways in
 * which platforms lie. Pure: no I/O, and the time is handed in, so the sandbox serves it over HTTP under the wall clock
 * and the simulation calls it under a virtual one.
 *
 * It speaks atproto's XRPC: the calls that the Bluesky adapter makes, and no other. In keyless mode it stands for
 * platforms whose commits carry no key: it chooses every record's key itself, refuses a record that comes with one, and
 * has no way to read one back. Any identifier and password sign in, unless a rule says otherwise; an account's DID
 * follows from its name. Sessions end as a PDS's do: tokens expire, and a refresh token that was exchanged is good for
 * MODEL_GRACE_MS more. */
#ifndef OPENPOST_TOOLS_SANDBOX_PLATFORM_MODEL_H
#define OPENPOST_TOOLS_SANDBOX_PLATFORM_MODEL_H

#include "core/base/arena.h"
#include "core/base/owned.h"

#define MODEL_RULES_MAX 64
#define MODEL_RECORDS_MAX 4194304 /* then createRecord answers 500: a guard against a forgotten sandbox */
#define MODEL_ACCESS_MS ((int64_t)2 * 3600 * 1000)
#define MODEL_REFRESH_MS ((int64_t)90 * 24 * 3600 * 1000)
#define MODEL_GRACE_MS ((int64_t)2 * 3600 * 1000) /* of a refresh token that was exchanged */

struct model;

/* What a rule does to a call that it matches. */
#define MODEL_FAULT_TABLE(X)                                                                                    \
    X(NONE, "none", "answer as usual")                                                                          \
    X(REFUSE, "refuse", "400 InvalidRequest, nothing happened")                                                 \
    X(REFUSE_AFTER, "refuse_after_accepting", "400, and yet it happened")                                       \
    X(LIMIT, "limit", "429 with RateLimit-Reset value_ms ahead, without where that is 0")                       \
    X(ERROR_BEFORE, "error_before", "500, nothing happened")                                                    \
    X(ERROR_AFTER, "error_after_accepting", "500, and yet it happened")                                         \
    X(UNAVAILABLE, "unavailable", "503, nothing happened")                                                      \
    X(SILENCE_BEFORE, "silence_before", "the connection closes without an answer, nothing happened")            \
    X(SILENCE_AFTER, "silence_after_accepting", "the connection closes without an answer, and yet it happened") \
    X(SLOW, "slow", "the usual answer, value_ms later")                                                         \
    X(HIDDEN, "delayed_visibility", "the usual answer; reads do not show the record for value_ms")              \
    X(TRUNCATED, "truncated", "the usual answer, cut in the middle of its body")                                \
    X(EXPIRED, "expired_token", "400 ExpiredToken, nothing happened")                                           \
    X(UNAUTHORIZED, "unauthorized", "401, nothing happened")                                                    \
    X(LAST, "last", "the usual answer, which says that it is the last until RateLimit-Reset, value_ms ahead")

enum model_fault {

#define X(name_, word_, doc_) MODEL_##name_,
    MODEL_FAULT_TABLE(X)
#undef X
        MODEL_FAULT_COUNT
};

/* The word of a fault, and the fault of a word (MODEL_FAULT_COUNT: none). */
const char *model_fault_word(enum model_fault fault);
enum model_fault model_fault_of(struct span word);

struct model_rule {
    char path[80];     /* the call's path ends with it; "": any */
    char contains[80]; /* the call's body contains it; "": any */
    uint32_t skip;     /* so many matching calls pass first */
    uint32_t times;    /* then so many are struck; 0: for ever */
    enum model_fault fault;
    int64_t value_ms;
    char retry_after[40]; /* of any fault that answers: the header's value; "": without it */
};

struct model_call {
    struct span method; /* GET, POST */
    struct span path;   /* /xrpc/com.atproto… */
    struct span query;
    struct span authorization;
    struct span content_type;
    struct span body;
};

/* How a call ends. The body lives in the arena that was handed in. */
struct model_answer {
    unsigned status;
    struct span body;
    int64_t date_ms;         /* the platform's clock at the call */
    bool silent;             /* no answer: the connection closes */
    bool truncated;          /* half of the body, then the connection closes */
    int64_t delay_ms;        /* before the answer */
    int64_t limit_reset_s;   /* RateLimit-Reset (UNIX seconds), 0: no such headers */
    struct span retry_after; /* Retry-After; data NULL: none */
};

/* model_new makes an empty platform; ERR_NO_MEMORY. model_free accepts NULL. */
enum err model_new(bool keyless, struct model **ret_model) MUST_USE;
void model_free(struct model *model);
OWNED_BY(model_free, struct model *);

/* A record as others see it; spans are the model's. received_ms is the instant of the call that made it, visible_ms the
 * one from which it can be read. */
struct model_record {
    struct span did, collection, rkey, text, created_at, json;
    int64_t received_ms;
    int64_t visible_ms;
};

/* model_keep: keeper is told of each record before it is made and, with json.data NULL, before it is deleted. What it
 * fails at does not happen: the call is answered with 500. */
typedef enum err model_keeper(void *context, const struct model_record *record);
void model_keep(struct model *model, model_keeper *keeper, void *context);

/* model_rule_add appends a rule (the first that matches counts); ERR_TOO_LONG beyond MODEL_RULES_MAX. model_rules_clear
 * forgets all. */
enum err model_rule_add(struct model *model, const struct model_rule *rule) MUST_USE;
void model_rules_clear(struct model *model);
/* model_call_answer does what the platform would; now_ms is its clock. Cannot fail: want of memory is a 500 before
 * anything happened. */
void model_call_answer(struct model *model, int64_t now_ms, const struct model_call *call, struct arena *arena,
                       struct model_answer *ret_answer);

/* What is live, for whoever judges us. A post is known by what it says, not by its key: account, text and createdAt. */
struct model_live {
    uint64_t records;    /* live records */
    uint64_t posts;      /* different posts among them */
    uint64_t duplicates; /* records beyond the first of each post */
    uint64_t calls;      /* answered */
    uint64_t creates;    /* createRecord calls that made a record */
};

void model_live(const struct model *model, struct model_live *ret_live);

/* model_list walks live records in the order of their making: call with *index 0 first; false at the end. */
bool model_list(const struct model *model, size_t *index, struct model_record *ret_record);

#endif
