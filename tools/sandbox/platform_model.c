/* platform_model.c: records and rules of the simulated platform; the calls themselves are in model_xrpc.c. Called by
 * the sandbox and the simulation. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "tools/sandbox/model_state.h"

static const char *const fault_words[MODEL_FAULT_COUNT] = {
#define X(name_, word_, doc_) [MODEL_##name_] = (word_),
    MODEL_FAULT_TABLE(X)
#undef X
};

const char *model_fault_word(enum model_fault fault)
{
    return fault < MODEL_FAULT_COUNT ? fault_words[fault] : "";
}

enum model_fault model_fault_of(struct span word)
{
    for (enum model_fault fault = MODEL_NONE; fault < MODEL_FAULT_COUNT; fault++) {
        if (span_equal(word, span_text(fault_words[fault]))) {
            return fault;
        }
    }
    return MODEL_FAULT_COUNT;
}

/* FNV-1a over several spans, each ended by a byte that none of them holds. */
static uint64_t hash_add(uint64_t hash, struct span span)
{
    for (size_t i = 0; i < span.len; i++) {
        hash = (hash ^ span.data[i]) * 0x100000001b3U;
    }
    return (hash ^ 0xFF) * 0x100000001b3U;
}

static uint64_t key_hash(struct span did, struct span collection, struct span rkey)
{
    return hash_add(hash_add(hash_add(0xcbf29ce484222325U, did), collection), rkey);
}

static uint64_t record_hash(const struct record *record)
{
    return key_hash(span_text(record->did), span_text(record->collection), span_text(record->rkey));
}

enum err model_new(bool keyless, struct model **ret_model)
{
    struct model *model = calloc(1, sizeof *model);
    if (model == NULL) {
        return ERR_NO_MEMORY;
    }
    model->keyless = keyless;
    *ret_model = model;
    return OK;
}

void model_keep(struct model *model, model_keeper *keeper, void *context)
{
    model->keeper = keeper;
    model->keeper_context = context;
}

static enum err keep(const struct model *model, const struct model_record *record)
{
    return model->keeper == NULL ? OK : model->keeper(model->keeper_context, record);
}

static struct model_record seen(const struct record *record)
{
    return (struct model_record){.did = span_text(record->did),
                                 .collection = span_text(record->collection),
                                 .rkey = span_text(record->rkey),
                                 .text = span_of(record->json + record->text_at, record->text_len),
                                 .created_at = span_of(record->json + record->created_at, record->created_len),
                                 .json = span_of(record->json, record->json_len),
                                 .received_ms = record->received_ms,
                                 .visible_ms = record->visible_ms};
}

void model_free(struct model *model)
{
    if (model == NULL) {
        return;
    }
    for (size_t i = 0; i < model->record_count; i++) {
        free(model->records[i].json);
    }
    free(model->records);
    free(model->index);
    free(model->spent);
    free(model);
}

static void index_put(struct model *model, size_t number)
{
    size_t at = (size_t)record_hash(&model->records[number]) & (model->index_cap - 1);
    while (model->index[at] != 0) {
        at = (at + 1) & (model->index_cap - 1);
    }
    model->index[at] = (uint32_t)(number + 1);
}

static enum err grow(struct model *model)
{
    if (model->record_count >= MODEL_RECORDS_MAX) {
        return ERR_TOO_LONG;
    }
    if (model->record_count == model->record_cap) {
        const size_t cap = model->record_cap == 0 ? 64 : model->record_cap * 2;
        struct record *records = realloc(model->records, cap * sizeof *records);
        if (records == NULL) {
            return ERR_NO_MEMORY;
        }
        model->records = records;
        model->record_cap = cap;
    }
    if (model->record_count * 2 >= model->index_cap) {
        const size_t cap = model->index_cap == 0 ? 256 : model->index_cap * 2;
        uint32_t *index = calloc(cap, sizeof *index);
        if (index == NULL) {
            return ERR_NO_MEMORY;
        }
        free(model->index);
        model->index = index;
        model->index_cap = cap;
        for (size_t i = 0; i < model->record_count; i++) {
            index_put(model, i);
        }
    }
    return OK;
}

struct record *model_find(struct model *model, struct span did, struct span collection, struct span rkey)
{
    if (model->index_cap == 0) {
        return NULL;
    }
    size_t at = (size_t)key_hash(did, collection, rkey) & (model->index_cap - 1);
    while (model->index[at] != 0) {
        struct record *record = &model->records[model->index[at] - 1];
        if (record->json != NULL && span_equal(span_text(record->rkey), rkey) &&
            span_equal(span_text(record->did), did) && span_equal(span_text(record->collection), collection)) {
            return record;
        }
        at = (at + 1) & (model->index_cap - 1);
    }
    return NULL;
}

enum err model_insert(struct model *model, const struct record *record, struct span json, struct span text,
                      struct span created_at)
{
    TRY(grow(model));
    uint8_t *bytes = malloc(json.len + text.len + created_at.len + 1);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf buf = buf_of(bytes, json.len + text.len + created_at.len);
    buf_put(&buf, json);
    buf_put(&buf, text);
    buf_put(&buf, created_at);
    ASSERT(buf_ok(&buf));
    struct record *made = &model->records[model->record_count];
    *made = *record;
    made->json = bytes;
    made->json_len = json.len;
    made->text_at = json.len;
    made->text_len = text.len;
    made->created_at = json.len + text.len;
    made->created_len = created_at.len;
    made->post = key_hash(span_text(record->did), text, created_at);
    const struct model_record told = seen(made);
    const enum err err = keep(model, &told);
    if (err != OK) {
        free(bytes);
        return err;
    }
    model->record_count++;
    model->creates++;
    index_put(model, model->record_count - 1);
    return OK;
}

enum err model_delete(struct model *model, struct record *record)
{
    struct model_record told = seen(record);
    told.json = (struct span){0};
    TRY(keep(model, &told));
    free(record->json);
    record->json = NULL;
    return OK;
}

enum err model_rule_add(struct model *model, const struct model_rule *rule)
{
    if (model->rule_count == MODEL_RULES_MAX) {
        return ERR_TOO_LONG;
    }
    model->rules[model->rule_count] = *rule;
    model->rule_count++;
    return OK;
}

void model_rules_clear(struct model *model)
{
    model->rule_count = 0;
}

static bool contains(struct span text, struct span part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (span_equal(span_of(text.data + i, part.len), part)) {
            return true;
        }
    }
    return false;
}

static bool ends_with(struct span text, struct span end)
{
    return text.len >= end.len && span_equal(span_of(text.data + text.len - end.len, end.len), end);
}

/* The first rule that strikes this call; used-up ones are taken out. */
static struct model_rule strike(struct model *model, const struct model_call *call)
{
    for (uint32_t i = 0; i < model->rule_count; i++) {
        struct model_rule *rule = &model->rules[i];
        if (!ends_with(call->path, span_text(rule->path)) || !contains(call->body, span_text(rule->contains))) {
            continue;
        }
        if (rule->skip > 0) {
            rule->skip--;
            continue;
        }
        const struct model_rule struck = *rule;
        if (rule->times == 1) {
            memmove(rule, rule + 1, sizeof *rule * (model->rule_count - i - 1));
            model->rule_count--;
        } else if (rule->times > 1) {
            rule->times--;
        }
        return struck;
    }
    return (struct model_rule){.fault = MODEL_NONE};
}

void model_error(struct model_answer *answer, struct arena *arena, unsigned status, const char *error,
                 const char *message)
{
    uint8_t *bytes = arena_alloc(arena, 256);
    struct buf body = buf_of(bytes, bytes == NULL ? 0 : 256);
    buf_text(&body, "{\"error\":\"");
    buf_text(&body, error);
    buf_text(&body, "\",\"message\":\"");
    buf_text(&body, message);
    buf_text(&body, "\"}");
    answer->status = status;
    answer->body = buf_span(&body);
}

/* 0: the platform names no instant. */
static int64_t reset_s(const struct model_rule *rule, int64_t now_ms)
{
    return rule->value_ms != 0 ? (now_ms + rule->value_ms + 999) / 1000 : 0;
}

/* Faults that come instead of the call; false: the call happens. */
static bool struck_before(const struct model_rule *rule, int64_t now_ms, struct arena *arena,
                          struct model_answer *answer)
{
    switch (rule->fault) {
    case MODEL_REFUSE:
        model_error(answer, arena, 400, "InvalidRequest", "refused by a rule of the sandbox");
        return true;
    case MODEL_LIMIT:
        model_error(answer, arena, 429, "RateLimitExceeded", "Rate Limit Exceeded");
        answer->limit_reset_s = reset_s(rule, now_ms);
        return true;
    case MODEL_ERROR_BEFORE:
        model_error(answer, arena, 500, "InternalServerError", "Internal Server Error");
        return true;
    case MODEL_UNAVAILABLE:
        model_error(answer, arena, 503, "ServiceUnavailable", "Service Unavailable");
        return true;
    case MODEL_SILENCE_BEFORE:
        answer->silent = true;
        return true;
    case MODEL_EXPIRED:
        model_error(answer, arena, 400, "ExpiredToken", "Token has expired");
        return true;
    case MODEL_UNAUTHORIZED:
        model_error(answer, arena, 401, "AuthenticationRequired", "Authentication Required");
        return true;
    case MODEL_NONE:
    case MODEL_REFUSE_AFTER:
    case MODEL_ERROR_AFTER:
    case MODEL_SILENCE_AFTER:
    case MODEL_SLOW:
    case MODEL_HIDDEN:
    case MODEL_TRUNCATED:
    case MODEL_LAST:
    case MODEL_FAULT_COUNT:
        break;
    }
    return false;
}

void model_call_answer(struct model *model, int64_t now_ms, const struct model_call *call, struct arena *arena,
                       struct model_answer *ret_answer)
{
    *ret_answer = (struct model_answer){.date_ms = now_ms};
    model->calls++;
    const struct model_rule rule = strike(model, call);
    if (rule.retry_after[0] != 0) {
        const enum err err = arena_copy(arena, span_text(rule.retry_after), &ret_answer->retry_after);
        (void)err; /* without the header */
    }
    if (struck_before(&rule, now_ms, arena, ret_answer)) {
        return;
    }
    model_xrpc(model, now_ms, rule.fault == MODEL_HIDDEN ? rule.value_ms : 0, call, arena, ret_answer);
    if (rule.fault == MODEL_REFUSE_AFTER) {
        model_error(ret_answer, arena, 400, "InvalidRequest", "refused by a rule of the sandbox, and yet done");
    } else if (rule.fault == MODEL_ERROR_AFTER) {
        model_error(ret_answer, arena, 500, "InternalServerError", "Internal Server Error");
    }
    ret_answer->silent = rule.fault == MODEL_SILENCE_AFTER;
    ret_answer->truncated = rule.fault == MODEL_TRUNCATED;
    ret_answer->limit_reset_s = rule.fault == MODEL_LAST ? reset_s(&rule, now_ms) : 0;
    ret_answer->delay_ms = rule.fault == MODEL_SLOW ? rule.value_ms : 0;
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void model_live(const struct model *model, struct model_live *ret_live)
{
    struct model_live live = {.calls = model->calls, .creates = model->creates};
    uint64_t *posts = calloc(model->record_count + 1, sizeof *posts);
    ASSERT(posts != NULL); /* a simulator's judge has nothing better to do without memory */
    for (size_t i = 0; i < model->record_count; i++) {
        if (model->records[i].json != NULL) {
            posts[live.records] = model->records[i].post;
            live.records++;
        }
    }
    qsort(posts, live.records, sizeof *posts, compare_u64);
    for (uint64_t i = 0; i < live.records; i++) {
        live.posts += i == 0 || posts[i] != posts[i - 1] ? 1 : 0;
    }
    live.duplicates = live.records - live.posts;
    free(posts);
    *ret_live = live;
}

bool model_list(const struct model *model, size_t *index, struct model_record *ret_record)
{
    while (*index < model->record_count && model->records[*index].json == NULL) {
        (*index)++;
    }
    if (*index >= model->record_count) {
        return false;
    }
    *ret_record = seen(&model->records[*index]);
    (*index)++;
    return true;
}
