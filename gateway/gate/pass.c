/* pass.c: see pass.h. The only file of the gateway that holds a store transaction. */
#include "gateway/gate/pass.h"

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/wire/tag_key.h"
#include "projections/registry.h"

struct pass {
    struct store *views;
    struct store_txn *txn;
    struct arena *arena;
    struct principal principal;
    uint8_t fingerprint[32];
    struct store *past; /* one stream as it was; NULL: all as it is */
    struct store_txn *past_txn;
};

/* Where resources are read. */
static struct store_txn *resources(const struct pass *pass)
{
    return pass->past_txn != NULL ? pass->past_txn : pass->txn;
}

enum err pass_open(struct store *views, struct span key, int64_t now_ms, struct arena *arena, struct pass **ret_pass)
{
    struct pass *pass = arena_alloc(arena, sizeof *pass);
    if (pass == NULL) {
        return ERR_NO_MEMORY;
    }
    *pass = (struct pass){.views = views, .arena = arena};
    tag_key_fingerprint_of(key, pass->fingerprint);
    TRY(store_begin(views, false, &pass->txn));
    const enum err err = access_find(pass->txn, pass->fingerprint, now_ms, &pass->principal);
    if (err != OK) {
        store_abort(pass->txn);
        return err == ERR_NOT_FOUND ? ERR_AUTH : err;
    }
    *ret_pass = pass;
    return OK;
}

enum err pass_find_refused(struct store *views, struct span key, struct principal *ret_principal)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    uint8_t fingerprint[32];
    tag_key_fingerprint_of(key, fingerprint);
    TRY(store_begin(views, false, &txn));
    return access_find_refused(txn, fingerprint, ret_principal);
}

enum err pass_condition(struct store *views, struct arena *arena, struct condition *ret_condition)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct installation_row row = {.suspended = false};
    TRY(store_begin(views, false, &txn));
    const enum err err = access_installation(txn, arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err); /* no ledger has taken over yet */
    struct condition condition = {
        .suspended = row.suspended, .suspended_ms = row.suspended_ms, .clock_suspect = row.clock_suspect};
    TRY(posts_counts(txn, arena, &condition.posts));
    TRY(arena_copy(arena, row.reason, &condition.reason));
    *ret_condition = condition;
    return OK;
}

enum err pass_refresh(struct pass *pass)
{
    return pass->txn == NULL ? store_begin(pass->views, false, &pass->txn) : store_renew(pass->txn);
}

/* A struct reading is the store's transaction, under a name that says what others may do with it: end it. */
struct reading *pass_pause(struct pass *pass)
{
    struct reading *reading = (struct reading *)(void *)pass->txn;
    pass->txn = NULL;
    return reading;
}

void reading_end(struct reading *reading)
{
    store_abort((struct store_txn *)(void *)reading);
}

void pass_close(struct pass *pass)
{
    if (pass != NULL) {
        store_abort(pass->txn);
        pass->txn = NULL;
        store_abort(pass->past_txn);
        store_close(pass->past);
        pass->past_txn = NULL;
        pass->past = NULL;
    }
}

const struct principal *pass_principal(const struct pass *pass)
{
    return &pass->principal;
}

const uint8_t *pass_fingerprint(const struct pass *pass)
{
    return pass->fingerprint;
}

bool pass_allows(const struct pass *pass, enum need need)
{
    return access_allows(&(struct grant){.role = pass->principal.role}, need);
}

enum err pass_look(struct store *views, const uint8_t fingerprint[32], const struct id *workspace_id, int64_t now_ms,
                   uint64_t after, bool *ret_more)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct principal principal;
    TRY(store_begin(views, false, &txn));
    enum err err = access_find(txn, fingerprint, now_ms, &principal);
    if (err == ERR_NOT_FOUND || (err == OK && (!id_equal(&principal.workspace_id, workspace_id) ||
                                               !access_allows(&(struct grant){.role = principal.role}, NEED_AUDIT)))) {
        return ERR_AUTH;
    }
    TRY(err);
    err = access_has_event(txn, workspace_id, after + 1);
    *ret_more = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err pass_post(struct pass *pass, const struct id *post_id, struct post_view *ret_post)
{
    return posts_get(resources(pass), &pass->principal.workspace_id, post_id, pass->arena, ret_post);
}

enum err pass_posts(struct pass *pass, const struct post_filter *filter, struct span cursor, uint32_t limit,
                    struct post_page *ret_page)
{
    return posts_list(pass->txn, &pass->principal.workspace_id, filter, cursor, limit, pass->arena, ret_page);
}

enum err pass_integration(struct pass *pass, const struct id *integration_id, struct integration_row *ret_row)
{
    return access_integration(resources(pass), &pass->principal.workspace_id, integration_id, pass->arena, ret_row);
}

bool pass_is_foreign(struct pass *pass, const struct id *id)
{
    bool foreign = false;
    return (id->kind == ID_POST || id->kind == ID_INTEGRATION) &&
           access_is_foreign(pass->txn, &pass->principal.workspace_id, id, &foreign) == OK && foreign;
}

enum err pass_integrations(struct pass *pass, const struct id *after, uint32_t limit, struct integration_row **ret_rows,
                           uint32_t *ret_count)
{
    return access_integrations(pass->txn, &pass->principal.workspace_id, after, limit, pass->arena, ret_rows,
                               ret_count);
}

enum err pass_workspace(struct pass *pass, struct workspace_row *ret_row)
{
    return access_workspace(resources(pass), &pass->principal.workspace_id, pass->arena, ret_row);
}

enum err pass_punctuality(struct pass *pass, const struct integration_row *integration, const struct zones *zones,
                          struct span zone, uint32_t first_day, uint32_t last_day,
                          struct punctuality_report **ret_reports, uint32_t *ret_count)
{
    ASSERT(id_equal(&integration->workspace_id, &pass->principal.workspace_id));
    return punctuality_query(pass->txn, &integration->integration_id, zones, zone, first_day, last_day,
                             REPORT_DAYS_MAX + 1, pass->arena, ret_reports, ret_count);
}

/* One event into every read model of the past. */
static enum err fold_past(struct pass *pass, struct store_txn *txn, struct span envelope, struct span payload)
{
    struct log_event at;
    struct event event;
    TRY(log_envelope_read(envelope, &at));
    TRY(event_decode(payload, pass->arena, &event));
    if (!id_equal(&at.workspace_id, &pass->principal.workspace_id)) {
        return ERR_NOT_FOUND;
    }
    const struct fact fact = {.at = &at, .event = &event};
    for (size_t i = 0; i < projections_all.count; i++) {
        TRY(projections_all.items[i]->apply(txn, &fact, pass->arena));
    }
    return OK;
}

enum err pass_as_of(struct pass *pass, struct body_list events)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    ASSERT(pass->past == NULL);
    TRY(store_memory_open(&pass->past)); /* pass_close closes it */
    TRY(store_begin(pass->past, true, &txn));
    while (events.left > 0) {
        struct span envelope;
        struct span payload;
        TRY(body_event_next(&events, &envelope, &payload));
        TRY(fold_past(pass, txn, envelope, payload));
    }
    TRY(store_commit(&txn));
    return store_begin(pass->past, false, &pass->past_txn);
}

enum err pass_asked(struct pass *pass, const struct idempotency *idempotency, bool *ret_same, struct answer *ret_answer)
{
    return access_asked(pass->txn, idempotency, ret_same, ret_answer);
}

enum err pass_workspace_last(struct pass *pass, uint64_t *ret_workspace_seq)
{
    return access_last_event(pass->txn, &pass->principal.workspace_id, ret_workspace_seq);
}

void pass_present(struct pass *pass, struct zones *zones, int64_t now_ms, struct present *ret_present)
{
    *ret_present = (struct present){
        .txn = pass->txn, .posts_txn = pass->past_txn, .now_ms = now_ms, .zones = zones, .arena = pass->arena};
}
