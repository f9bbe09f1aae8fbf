/* catalog.c: see catalog.h. Called by inquiry.c. It must never hand out a document or a key beyond its time, nor one of
 * another issuer. */
#include "adapters/identity/catalog.h"

#include "core/base/assert.h"

#define PART_MEMORY_MAX ((size_t)1 << 20) /* a longest answer and its tree; a list of a million nothings has no room */

/* Something that is asked for, with what was made of it. */
struct part {
    struct call call;
    struct arena arena;
    bool asking;
    bool has;
    int64_t from_ms;      /* when it was given */
    uint64_t answers;     /* so far … */
    enum refusal refusal; /* … and what the last one came to */
};

struct catalog_entry {
    struct span issuer; /* in name */
    uint8_t name[IDENTITY_URL_MAX];
    unsigned holders;
    int64_t used_ms;
    struct part document;
    struct part keyring;
    struct oidc_provider provider;
    struct jwks keys;
};

struct catalog {
    struct arena arena;
    const struct guard *guard;
    struct call_net net;
    struct catalog_entry entries[PROVIDERS_KEPT];
};

enum err catalog_new(const struct guard *guard, const struct call_net *net, struct catalog **ret_catalog)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct catalog) + 65536);
    struct catalog *catalog = arena_alloc(&arena, sizeof *catalog);
    if (catalog == NULL) {
        return ERR_NO_MEMORY;
    }
    catalog->arena = arena;
    catalog->guard = guard;
    catalog->net = *net;
    for (size_t i = 0; i < PROVIDERS_KEPT; i++) {
        struct catalog_entry *entry = &catalog->entries[i];
        entry->document.call = (struct call){.kind = CALL_DOCUMENT, .owner = entry};
        entry->keyring.call = (struct call){.kind = CALL_KEYS, .owner = entry};
        arena_init(&entry->document.arena, PART_MEMORY_MAX);
        arena_init(&entry->keyring.arena, PART_MEMORY_MAX);
    }
    *ret_catalog = catalog;
    return OK;
}

void catalog_free(struct catalog *catalog)
{
    if (catalog == NULL) {
        return;
    }
    for (size_t i = 0; i < PROVIDERS_KEPT; i++) {
        arena_done(&catalog->entries[i].document.arena);
        arena_done(&catalog->entries[i].keyring.arena);
    }
    struct arena arena = catalog->arena;
    arena_done(&arena);
}

static bool is_idle(const struct catalog_entry *entry)
{
    return entry->holders == 0 && !entry->document.asking && !entry->keyring.asking;
}

static void part_forget(struct part *part)
{
    part->has = false;
    arena_done(&part->arena);
    arena_init(&part->arena, PART_MEMORY_MAX);
}

static void entry_rename(struct catalog_entry *entry, struct span issuer)
{
    part_forget(&entry->document);
    part_forget(&entry->keyring);
    memcpy(entry->name, issuer.data, issuer.len);
    entry->issuer = span_of(entry->name, issuer.len);
}

struct catalog_entry *catalog_hold(struct catalog *catalog, struct span issuer, int64_t now_ms)
{
    struct catalog_entry *place = NULL;
    ASSERT(issuer.len <= IDENTITY_URL_MAX);
    for (size_t i = 0; i < PROVIDERS_KEPT; i++) {
        struct catalog_entry *entry = &catalog->entries[i];
        if (entry->issuer.data != NULL && span_equal(entry->issuer, issuer)) {
            entry->holders++;
            entry->used_ms = now_ms;
            return entry;
        }
        if (is_idle(entry) && (place == NULL || entry->used_ms < place->used_ms)) {
            place = entry;
        }
    }
    if (place != NULL) {
        entry_rename(place, issuer);
        place->holders = 1;
        place->used_ms = now_ms;
    }
    return place;
}

void catalog_release(struct catalog_entry *entry)
{
    ASSERT(entry->holders > 0);
    entry->holders--;
}

struct catalog_seen catalog_seen(const struct catalog_entry *entry)
{
    return (struct catalog_seen){.documents = entry->document.answers, .keys = entry->keyring.answers};
}

static bool is_fresh(const struct part *part, int64_t now_ms)
{
    return part->has && now_ms >= part->from_ms && now_ms - part->from_ms < PROVIDER_KEPT_MS;
}

static void failed(struct part *part, enum refusal refusal)
{
    part->asking = false;
    part->has = false;
    part->answers++;
    part->refusal = refusal;
}

static void ask(const struct catalog *catalog, struct part *part, struct span url, int64_t now_ms)
{
    const struct http_request request = {.method = HTTP_GET,
                                         .url = url,
                                         .response_max = PROVIDER_ANSWER_MAX,
                                         .deadline_ms = now_ms + PROVIDER_WITHIN_MS};
    part->asking = true;
    part->has = false;
    arena_reset(&part->arena);
    if (!oidc_url_is_safe(catalog->guard, url)) {
        failed(part, REFUSED_provider_unreachable);
        return;
    }
    const enum err err = catalog->net.start(catalog->net.context, &request, now_ms, &part->arena, &part->call);
    if (err != OK) {
        failed(part, err == ERR_BUSY ? REFUSED_sign_in_busy : REFUSED_out_of_memory);
    }
}

/* Whether the part was asked for since, in vain. */
static enum refusal vain(const struct part *part, uint64_t seen)
{
    return !part->asking && part->answers != seen ? part->refusal : ACCEPTED;
}

enum refusal catalog_document(struct catalog *catalog, struct catalog_entry *entry, const struct catalog_seen *seen,
                              int64_t now_ms, const struct oidc_provider **ret_provider)
{
    struct part *part = &entry->document;
    uint8_t bytes[IDENTITY_URL_MAX + 64];
    struct buf url = buf_of(bytes, sizeof bytes);
    *ret_provider = is_fresh(part, now_ms) ? &entry->provider : NULL;
    if (*ret_provider != NULL || part->asking || vain(part, seen->documents) != ACCEPTED) {
        return *ret_provider != NULL ? ACCEPTED : vain(part, seen->documents);
    }
    const enum err err = oidc_discovery_url(entry->issuer, &url);
    ASSERT(err == OK);
    ask(catalog, part, buf_span(&url), now_ms);
    return vain(part, seen->documents);
}

enum refusal catalog_keys(struct catalog *catalog, struct catalog_entry *entry, const struct catalog_seen *seen,
                          int64_t now_ms, const struct jwks **ret_keys)
{
    struct part *part = &entry->keyring;
    const struct oidc_provider *provider = NULL;
    *ret_keys = is_fresh(part, now_ms) ? &entry->keys : NULL;
    if (*ret_keys != NULL || part->asking || vain(part, seen->keys) != ACCEPTED) {
        return *ret_keys != NULL ? ACCEPTED : vain(part, seen->keys);
    }
    const enum refusal refusal = catalog_document(catalog, entry, seen, now_ms, &provider);
    if (refusal != ACCEPTED || provider == NULL) {
        return refusal; /* the document grew old meanwhile */
    }
    ask(catalog, part, provider->jwks_uri, now_ms);
    return vain(part, seen->keys);
}

bool catalog_renew_keys(struct catalog_entry *entry, int64_t now_ms)
{
    struct part *part = &entry->keyring;
    if (part->has && now_ms - part->from_ms < PROVIDER_KEYS_AGAIN_MS && now_ms >= part->from_ms) {
        return false;
    }
    part->has = false;
    return true;
}

void catalog_answered(struct catalog *catalog, const struct call *call, int64_t now_ms,
                      const struct http_response *response)
{
    struct catalog_entry *entry = call->owner;
    struct part *part = call->kind == CALL_KEYS ? &entry->keyring : &entry->document;
    const struct json_node *object = NULL;
    enum refusal refusal = oidc_answer_object(response, &part->arena, &object);
    if (refusal == ACCEPTED && call->kind == CALL_KEYS) {
        refusal = jwks_read(object, &part->arena, &entry->keys);
    } else if (refusal == ACCEPTED) {
        refusal = oidc_discovery_read(object, entry->issuer, catalog->guard, &entry->provider);
    }
    if (refusal != ACCEPTED) {
        failed(part, refusal);
        return;
    }
    part->asking = false;
    part->has = true;
    part->from_ms = now_ms;
    part->answers++;
    part->refusal = ACCEPTED;
}
