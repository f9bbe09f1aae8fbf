/* model_state.h: what platform_model.c, model_xrpc.c and keep.c share; nobody else includes it. */
#ifndef OPENPOST_TOOLS_SANDBOX_MODEL_STATE_H
#define OPENPOST_TOOLS_SANDBOX_MODEL_STATE_H

#include "core/message/json_read.h"
#include "tools/sandbox/platform_model.h"

#define RKEY_MAX 32
#define DID_MAX 40
#define CID_MAX 64
#define TOKEN_MAX 128

struct record {
    char did[DID_MAX];
    char rkey[RKEY_MAX];
    char cid[CID_MAX];
    char collection[48];
    uint8_t *json; /* the record, owned; NULL: deleted */
    size_t json_len;
    size_t text_at, text_len;       /* within owned bytes after the JSON */
    size_t created_at, created_len; /* likewise */
    uint64_t post;                  /* hash of account, text, createdAt */
    int64_t visible_ms;
    int64_t received_ms;
};

/* A refresh token that was exchanged. */
struct spent_token {
    char token[TOKEN_MAX];
    int64_t until_ms;
};

struct model {
    bool keyless;
    model_keeper *keeper; /* NULL: nobody */
    void *keeper_context;
    struct model_rule rules[MODEL_RULES_MAX];
    uint32_t rule_count;
    struct record *records;
    size_t record_count;
    size_t record_cap;
    uint32_t *index; /* open addressing over hash of (did, collection, rkey): record number + 1 */
    size_t index_cap;
    uint64_t tokens; /* sessions given out, to make each token another one */
    struct spent_token *spent;
    size_t spent_count;
    uint64_t calls;
    uint64_t creates;
};

/* Where the record (did, collection, rkey) is, NULL when there is none (deleted ones are none). */
struct record *model_find(struct model *model, struct span did, struct span collection, struct span rkey);
/* model_insert and model_delete do what the keeper has agreed to: ERR_NO_MEMORY, ERR_TOO_LONG beyond MODEL_RECORDS_MAX,
 * and what the keeper says. */
enum err model_insert(struct model *model, const struct record *record, struct span json, struct span text,
                      struct span created_at) MUST_USE;
enum err model_delete(struct model *model, struct record *record) MUST_USE;

/* model_name gives a record that is to be made its names; false: one is too long. model_make inserts it with the value
 * of its JSON, for which the arena is used; ERR_UNSUPPORTED for a real number in it. */
bool model_name(struct record *record, struct span did, struct span collection, struct span rkey);
enum err model_make(struct model *model, struct record *record, const struct json_node *value, struct arena *arena)
    MUST_USE;

/* model_xrpc answers one call as a well-behaved platform. hidden_ms: a record made now is visible so much later. */
void model_xrpc(struct model *model, int64_t now_ms, int64_t hidden_ms, const struct model_call *call,
                struct arena *arena, struct model_answer *ret_answer);
/* model_error writes atproto's {"error","message"}. */
void model_error(struct model_answer *answer, struct arena *arena, unsigned status, const char *error,
                 const char *message);

#endif
