/* pass.c: see pass.h. The only file that knows what a pass is, and so the only one of the gateway that reads a
 * workspace's rows. Called by exchange.c and the handlers. Must never read what is not the pass's workspace's. */
#include "gateway/gate/pass.h"

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/wire/tag_key.h"
#include "gateway/gate/gate_state.h"
#include "gateway/gate/people.h"
#include "projections/registry.h"

struct pass {
    struct gate *gate;
    struct store_txn *txn;
    struct arena *arena;
    struct badge badge;
    uint8_t fingerprint[32];
    struct id request_id;
    struct order order;
    struct store *past; /* one stream as it was; NULL: all as it is */
    struct store_txn *past_txn;
    uint64_t as_of; /* what is told is the answer to a command: its last event's seq; 0: it is not */
    int64_t as_of_ms;
};

/* Where resources are read. */
static struct store_txn *resources(const struct pass *pass)
{
    return pass->past_txn != NULL ? pass->past_txn : pass->txn;
}

enum err gate_find(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms, struct badge *ret_badge)
{
    struct principal principal;
    const enum err err = access_find(txn, fingerprint, now_ms, &principal);
    TRY(err == ERR_NOT_FOUND ? ERR_AUTH : err);
    *ret_badge = (struct badge){
        .workspace_id = principal.workspace_id,
        .key_id = principal.key_id,
        .grant = {.role = principal.role, .scopes = principal.scopes, .restricted = principal.restricted}
    };
    return OK;
}

/* The accounts of a key that is restricted to some. */
static enum err read_accounts(const struct pass *pass, const struct id *key_id,
                              const struct integration_ref **ret_accounts, uint32_t *ret_count)
{
    struct integration_ref *accounts = NULL;
    const enum err err = access_key_accounts(resources(pass), key_id, pass->arena, &accounts, ret_count);
    *ret_accounts = accounts;
    return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
}

/* Who shows a session's token; a workspace that is none is nobody's, like one that is not theirs. */
static enum err find_session(struct pass *pass, const struct knock *knock)
{
    struct id named = {0};
    if (knock->workspace.data != NULL) {
        const enum err err = access_workspace_named(pass->txn, knock->workspace, &named);
        TRY(err == ERR_NOT_FOUND ? OK : err);
        named.kind = ID_WORKSPACE;
    }
    return gate_find_session(pass->txn, pass->fingerprint, &named, knock->now_ms, pass->arena, &pass->badge);
}

enum err gate_admit(struct gate *gate, const struct knock *knock, struct arena *arena, struct pass **ret_pass)
{
    const struct span shown = knock->key.data != NULL ? knock->key : knock->token;
    if (shown.data == NULL) {
        return ERR_AUTH;
    }
    struct pass *pass = arena_alloc(arena, sizeof *pass);
    if (pass == NULL) {
        return ERR_NO_MEMORY;
    }
    *pass = (struct pass){.gate = gate, .arena = arena, .request_id = knock->request_id};
    tag_key_fingerprint_of(shown, pass->fingerprint);
    TRY(store_begin(gate->options.views, false, &pass->txn));
    enum err err = knock->key.data != NULL ? gate_find(pass->txn, pass->fingerprint, knock->now_ms, &pass->badge)
                                           : find_session(pass, knock);
    struct grant *grant = &pass->badge.grant;
    if (err == OK && grant->restricted) {
        err = read_accounts(pass, &pass->badge.key_id, &grant->accounts, &grant->account_count);
    }
    if (err != OK) {
        pass_close(pass);
    }
    if (err == ERR_AUTH) {
        gate_stranger(gate, pass->fingerprint, knock->now_ms);
    }
    TRY(err);
    uses_note(&gate->uses, &pass->badge.key_id, knock->now_ms);
    *ret_pass = pass;
    return OK;
}

void gate_log_reader(const struct badge *badge, struct log_reader *ret_reader)
{
    const struct id *holder = id_is_none(&badge->member_id) ? &badge->key_id : &badge->member_id;
    *ret_reader =
        (struct log_reader){.workspace_id = badge->workspace_id, .author_id = access_log_author(&badge->grant, holder)};
}

enum err pass_refresh(struct pass *pass)
{
    return pass->txn == NULL ? store_begin(pass->gate->options.views, false, &pass->txn) : store_renew(pass->txn);
}

struct store_txn *pass_pause(struct pass *pass)
{
    struct store_txn *txn = pass->txn;
    pass->txn = NULL;
    return txn;
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

const struct badge *pass_badge(const struct pass *pass)
{
    return &pass->badge;
}

const uint8_t *pass_key_fingerprint(const struct pass *pass)
{
    return pass->fingerprint;
}

struct store_txn *pass_reads(const struct pass *pass)
{
    return pass->txn;
}

struct arena *pass_arena(const struct pass *pass)
{
    return pass->arena;
}

struct gate *pass_gate(const struct pass *pass)
{
    return pass->gate;
}

struct order *pass_order_room(struct pass *pass)
{
    return &pass->order;
}

const struct id *pass_request_id(const struct pass *pass)
{
    return &pass->request_id;
}

enum err pass_quota(const struct pass *pass, uint64_t *ret_per_minute)
{
    return access_quota(pass->txn, &pass->badge.workspace_id, ret_per_minute);
}

enum refusal pass_check(const struct pass *pass, enum need need, enum key_scope scope)
{
    if (access_is_persons(need)) {
        const bool meets = need == NEED_PERSON || pass->badge.is_operator;
        return id_is_none(&pass->badge.user_id) ? REFUSED_session_required
               : meets                          ? ACCEPTED
                                                : REFUSED_role_insufficient;
    }
    return access_check(&pass->badge.grant, need, scope);
}

enum err pass_post(struct pass *pass, const struct id *post_id, struct post_view *ret_post)
{
    struct post_view post;
    TRY(posts_get(resources(pass), &pass->badge.workspace_id, post_id, pass->arena, &post));
    if (!posts_sees(&pass->badge.grant, &post.row)) {
        return ERR_NOT_FOUND;
    }
    *ret_post = post;
    return OK;
}

enum err pass_post_ever(struct pass *pass, const struct id *post_id, struct post_row *ret_post)
{
    struct post_row post;
    TRY(posts_get_ever(resources(pass), &pass->badge.workspace_id, post_id, pass->arena, &post));
    if (!posts_sees(&pass->badge.grant, &post)) {
        return ERR_NOT_FOUND;
    }
    *ret_post = post;
    return OK;
}

enum err pass_approval_repeats(struct pass *pass, const struct post_row *post, const struct hash *content_sha256,
                               bool *ret_repeats)
{
    return posts_approval_repeats(resources(pass), post, content_sha256, pass->arena, ret_repeats);
}

enum err pass_posts(struct pass *pass, const struct post_filter *filter, struct span cursor, uint32_t limit,
                    struct post_page *ret_page)
{
    struct post_filter seen = *filter;
    seen.seen_by = &pass->badge.grant;
    return posts_list(pass->txn, &pass->badge.workspace_id, &seen, cursor, limit, pass->arena, ret_page);
}

enum err pass_integration(struct pass *pass, const struct id *integration_id, struct integration_row *ret_row)
{
    if (!access_sees(&pass->badge.grant, integration_id)) {
        return ERR_NOT_FOUND;
    }
    TRY(access_integration(resources(pass), &pass->badge.workspace_id, integration_id, pass->arena, ret_row));
    access_conceal(&pass->badge.grant, ret_row);
    return OK;
}

enum err pass_integrations(struct pass *pass, const struct id *after, uint32_t limit, struct integration_row **ret_rows,
                           uint32_t *ret_count)
{
    return access_integrations(pass->txn, &pass->badge.workspace_id, &pass->badge.grant, after, limit, pass->arena,
                               ret_rows, ret_count);
}

enum err pass_series(struct pass *pass, const struct id *series_id, struct series_row *ret_row)
{
    struct series_row row;
    TRY(series_get(resources(pass), &pass->badge.workspace_id, series_id, pass->arena, &row));
    if (!series_sees(&pass->badge.grant, &row)) {
        return ERR_NOT_FOUND;
    }
    *ret_row = row;
    return OK;
}

enum err pass_template(struct pass *pass, const struct id *template_id, struct template_row *ret_row)
{
    struct template_row row;
    TRY(templates_get(resources(pass), &pass->badge.workspace_id, template_id, pass->arena, &row));
    if (!templates_sees(&pass->badge.grant, &row)) {
        return ERR_NOT_FOUND;
    }
    *ret_row = row;
    return OK;
}

enum err pass_series_list(struct pass *pass, const struct id *after, uint32_t limit, struct series_row **ret_rows,
                          uint32_t *ret_count)
{
    return series_list(pass->txn, &pass->badge.workspace_id, &pass->badge.grant, after, limit, pass->arena, ret_rows,
                       ret_count);
}

enum err pass_queue(struct pass *pass, const struct integration_row *integration, struct weekly_row *ret_queue)
{
    ASSERT(id_equal(&integration->workspace_id, &pass->badge.workspace_id));
    return access_queue(resources(pass), integration, pass->arena, ret_queue);
}

enum err pass_answered_queue(struct pass *pass, const struct id *integration_id, struct weekly_row *ret_queue)
{
    struct integration_row integration;
    TRY(access_integration_as_of(pass->txn, &pass->badge.workspace_id, integration_id, pass->as_of, pass->arena,
                                 &integration));
    return access_queue(resources(pass), &integration, pass->arena, ret_queue);
}

enum err pass_templates(struct pass *pass, struct span cursor, uint32_t limit, struct template_page *ret_page)
{
    return templates_list(pass->txn, &pass->badge.workspace_id, &pass->badge.grant, cursor, limit, pass->arena,
                          ret_page);
}

enum err pass_workspace(struct pass *pass, struct workspace_row *ret_row)
{
    return access_workspace(resources(pass), &pass->badge.workspace_id, pass->arena, ret_row);
}

enum err pass_member(struct pass *pass, const struct id *member_id, struct member_row *ret_member)
{
    return access_member(resources(pass), &pass->badge.workspace_id, member_id, ret_member);
}

enum err pass_member_once(struct pass *pass, const struct id *member_id, struct member_row *ret_member)
{
    return access_member_once(resources(pass), &pass->badge.workspace_id, member_id, ret_member);
}

enum err pass_outsider(struct pass *pass, const struct id *user_id, struct outsider_row *ret_outsider)
{
    return access_outsider(resources(pass), &pass->badge.workspace_id, user_id, ret_outsider);
}

enum err pass_members(struct pass *pass, bool invited, const struct id *after, uint32_t limit,
                      struct member_row **ret_members, uint32_t *ret_count)
{
    return access_members(pass->txn, &pass->badge.workspace_id, invited, after, limit, pass->arena, ret_members,
                          ret_count);
}

static enum err view_key(const struct pass *pass, const struct key_row *row, struct key_view *ret_key)
{
    struct integration_ref *accounts = NULL;
    struct key_view key = {.row = *row};
    TRY(access_key_shown(resources(pass), &pass->badge.grant, row, pass->arena, &accounts, &key.account_count));
    key.accounts = accounts;
    *ret_key = key;
    return OK;
}

enum err pass_key(struct pass *pass, const struct id *key_id, struct key_view *ret_key)
{
    struct key_row row;
    TRY(access_key_own(resources(pass), &pass->badge.workspace_id, key_id, pass->arena, &row));
    return view_key(pass, &row, ret_key);
}

enum err pass_keys(struct pass *pass, const struct id *after, uint32_t limit, struct key_view **ret_keys,
                   uint32_t *ret_count)
{
    struct key_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_keys(pass->txn, &pass->badge.workspace_id, after, limit, pass->arena, &rows, &count));
    struct key_view *keys = arena_alloc(pass->arena, (count + 1) * sizeof *keys);
    if (keys == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(view_key(pass, &rows[i], &keys[i]));
    }
    *ret_keys = keys;
    *ret_count = count;
    return OK;
}

enum err pass_usage(struct pass *pass, int64_t now_ms, struct usage *ret_usage)
{
    return access_usage(pass->txn, &pass->badge.workspace_id, now_ms, ret_usage);
}

enum err pass_marks(struct pass *pass, struct notification_marks *ret_marks)
{
    if (id_is_none(&pass->badge.member_id)) {
        *ret_marks = (struct notification_marks){.version = 1};
        return OK;
    }
    return notifications_marks(pass->txn, &pass->badge.member_id, pass->arena, ret_marks);
}

enum err pass_notifications(struct pass *pass, const struct notification_filter *filter,
                            struct notification_page *ret_page)
{
    struct notification_filter own = *filter;
    struct notification_marks marks;
    TRY(pass_marks(pass, &marks));
    own.grant = &pass->badge.grant;
    own.marks = id_is_none(&pass->badge.member_id) ? NULL : &marks.marks;
    return notifications_list(pass->txn, &pass->badge.workspace_id, &own, pass->arena, ret_page);
}

enum err pass_notification(struct pass *pass, const struct id *notification_id, uint64_t *ret_workspace_seq)
{
    return notifications_find(pass->txn, &pass->badge.workspace_id, &pass->badge.grant, notification_id, pass->arena,
                              ret_workspace_seq);
}

enum err pass_periods(struct pass *pass, int64_t before_ms, uint32_t limit, struct period_row **ret_rows,
                      uint32_t *ret_count)
{
    return access_periods(pass->txn, &pass->badge.workspace_id, before_ms, limit, pass->arena, ret_rows, ret_count);
}

enum err pass_punctuality(struct pass *pass, const struct integration_row *integration, struct span zone,
                          uint32_t first_day, uint32_t last_day, struct punctuality_report **ret_reports,
                          uint32_t *ret_count)
{
    ASSERT(id_equal(&integration->workspace_id, &pass->badge.workspace_id));
    return punctuality_query(pass->txn, &integration->integration_id, pass->gate->options.zones, zone, first_day,
                             last_day, REPORT_DAYS_MAX + 1, pass->arena, ret_reports, ret_count);
}

/* One event into every read model of the past. */
static enum err fold_past(const struct id *workspace_id, struct store_txn *txn, struct span envelope,
                          struct span payload, struct arena *arena)
{
    struct log_event at;
    struct event event;
    TRY(log_envelope_read(envelope, &at));
    TRY(event_decode(payload, arena, &event));
    if (!id_equal(&at.workspace_id, workspace_id)) {
        return ERR_NOT_FOUND;
    }
    const struct fact fact = {.at = &at, .event = &event};
    for (size_t i = 0; i < projections_all.count; i++) {
        TRY(projections_all.items[i]->apply(txn, &fact, arena));
    }
    return OK;
}

enum err gate_fold_past(const struct id *workspace_id, struct body_list events, struct arena *arena,
                        struct store **past, struct store_txn **past_txn)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_memory_open(past));
    TRY(store_begin(*past, true, &txn));
    while (events.left > 0) {
        struct span envelope;
        struct span payload;
        TRY(body_event_next(&events, &envelope, &payload));
        TRY(fold_past(workspace_id, txn, envelope, payload, arena));
    }
    TRY(store_commit(&txn));
    return store_begin(*past, false, past_txn);
}

enum err pass_as_of(struct pass *pass, struct body_list events)
{
    ASSERT(pass->past == NULL);
    return gate_fold_past(&pass->badge.workspace_id, events, pass->arena, &pass->past, &pass->past_txn);
}

enum err pass_asked(struct pass *pass, const struct idempotency *idempotency, bool *ret_same, struct answer *ret_answer)
{
    return access_asked(pass->txn, idempotency, ret_same, ret_answer);
}

enum err pass_workspace_last(struct pass *pass, uint64_t *ret_workspace_seq)
{
    return access_last_event(pass->txn, &pass->badge.workspace_id, ret_workspace_seq);
}

void pass_answers(struct pass *pass, const struct answer *answer)
{
    pass->as_of = answer->seq;
    pass->as_of_ms = answer->time_ms;
}

int64_t pass_shown_ms(const struct pass *pass, int64_t now_ms)
{
    return pass->as_of != 0 ? pass->as_of_ms : now_ms;
}

static struct present present_of(const struct pass *pass, int64_t now_ms)
{
    const struct gate_options *options = &pass->gate->options;
    return (struct present){.txn = pass->txn,
                            .posts_txn = pass->past_txn,
                            .as_of = pass->as_of,
                            .now_ms = pass_shown_ms(pass, now_ms),
                            .zones = options->zones,
                            .arena = pass->arena,
                            .grant = &pass->badge.grant,
                            .rendering = options->rendering,
                            .rendering_context = options->rendering_context,
                            .channels = options->channels};
}

enum err pass_present_post(struct pass *pass, const struct post_view *post, int64_t now_ms, struct present_seen *seen,
                           struct buf *out)
{
    struct present present = present_of(pass, now_ms);
    present.seen = seen;
    return present_post(&present, post, out);
}

enum err pass_present_queue(struct pass *pass, const struct weekly_row *queue, struct buf *out)
{
    struct workspace_row workspace;
    const struct present present = present_of(pass, 0);
    TRY(present_surroundings(&present, &pass->badge.workspace_id, &workspace));
    return present_queue(queue, &workspace, out);
}

enum err pass_present_preview(struct pass *pass, const struct weekly_row *queue, uint32_t count, int64_t now_ms,
                              struct buf *out)
{
    struct workspace_row workspace;
    const struct present present = present_of(pass, now_ms);
    TRY(access_workspace(pass->txn, &pass->badge.workspace_id, pass->arena, &workspace));
    return present_preview(&present, &pass->badge.grant, queue, &workspace, count, out);
}

enum err pass_present_coming(struct pass *pass, const struct series_row *series, uint32_t limit, int64_t now_ms,
                             struct buf *out)
{
    const struct present present = present_of(pass, now_ms);
    return present_coming(&present, &pass->badge.grant, series, limit, out);
}

enum err pass_present_deliveries(struct pass *pass, const struct post_view *post, int64_t now_ms, struct buf *out)
{
    const struct present present = present_of(pass, now_ms);
    return present_deliveries(&present, post, out);
}

enum err pass_present_history(struct pass *pass, const struct post_row *post, int64_t now_ms, uint64_t after,
                              uint32_t limit, struct buf *out, uint64_t *ret_next)
{
    const struct present present = present_of(pass, now_ms);
    return present_history(&present, post, after, limit, out, ret_next);
}
