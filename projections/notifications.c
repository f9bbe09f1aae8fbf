/* notifications.c: see notifications.h. Called by the ledger for every event, and by whoever shows notifications. Must
 * never keep more than names of things: what an author wrote or a platform said is read where it stands.
 *
 * There are two chains, so that ten thousand posts that went out do not push out the one account that has to be
 * connected again. The newest of a chain stand in one row beside the workspace's head, which the same event writes;
 * when that is full it becomes a row of its own, and the oldest one goes. */
#include "projections/notifications.h"

#include "core/base/assert.h"
#include "projections/access.h"
#include "projections/posts.h"
#include "projections/row_codec.h"
#include "projections/row_store.h"

#define NUMBER_LEN 8 /* of the row's beginning: how many full ones went before */

enum chain { CHAIN_NEWS, CHAIN_NEEDS, CHAIN_COUNT };

/* What went well needs nobody. */
static enum chain chain_of(uint32_t kind)
{
    return kind == NOTIFY_PUBLISHED ? CHAIN_NEWS : CHAIN_NEEDS;
}

static struct row_key newest_key(const struct id *workspace_id, enum chain chain)
{
    struct row_key key = row_key_tenant(workspace_id, PLACE_NOTICES);
    row_key_byte(&key, (uint8_t)chain);
    return key;
}

/* The newest first: the greater its number, the smaller its key. */
static struct row_key full_key(const struct id *workspace_id, enum chain chain, uint64_t number)
{
    struct row_key key = row_key_tenant(workspace_id, PLACE_NOTICES_FULL);
    row_key_byte(&key, (uint8_t)chain);
    row_key_u64(&key, UINT64_MAX - number);
    return key;
}

static struct row_key marks_key(const struct id *member_id)
{
    struct row_key key = row_key(TABLE_MARKS);
    row_key_id(&key, member_id);
    return key;
}

/* --- events --- */

static uint32_t kind_of_end(uint32_t status)
{
    return status == POST_PUBLISHED             ? NOTIFY_PUBLISHED
           : status == POST_PARTIALLY_PUBLISHED ? NOTIFY_PARTIALLY_PUBLISHED
           : status == POST_FAILED              ? NOTIFY_FAILED
           : status == POST_MISSED              ? NOTIFY_MISSED
                                                : NOTIFY_NONE; /* somebody cancelled it, who knows */
}

static void tell_post(const struct event *event, struct notice_row *notice)
{
    switch (event->code) {
    case EVENT_post_finished:
        notice->kind = kind_of_end(event->post_finished.status);
        notice->post_id = event->post_finished.post_id;
        notice->code = event->post_finished.code;
        break;
    case EVENT_attempt_probed: /* once: further readings tell nothing new */
        notice->kind = event->attempt_probed.needs_person && event->attempt_probed.probe == PROBES_BEFORE_PERSON
                           ? NOTIFY_UNKNOWN
                           : NOTIFY_NONE;
        notice->post_id = event->attempt_probed.post_id;
        notice->target_id = event->attempt_probed.target_id;
        break;
    case EVENT_targets_doubted:
        notice->kind = NOTIFY_UNKNOWN;
        notice->post_id = event->targets_doubted.post_id;
        if (event->targets_doubted.targets_count == 1) {
            notice->target_id = event->targets_doubted.targets[0].target_id;
        }
        break;
    default:
        ASSERT(event->code == EVENT_outcome_contradicted);
        notice->kind = NOTIFY_CONTRADICTED;
        notice->post_id = event->outcome_contradicted.post_id;
        notice->target_id = event->outcome_contradicted.target_id;
    }
}

/* What an event tells; kind NOTIFY_NONE: nothing. A kind that is new has its case here and its chain above. */
static struct notice_row tell(const struct fact *fact)
{
    const struct event *event = fact->event;
    struct notice_row notice = {.workspace_seq = fact->at->workspace_seq, .time_ms = fact->at->time_ms};
    switch (event->code) {
    case EVENT_post_finished:
    case EVENT_attempt_probed:
    case EVENT_targets_doubted:
    case EVENT_outcome_contradicted:
        tell_post(event, &notice);
        break;
    case EVENT_integration_disconnected:
        notice.kind = NOTIFY_DISCONNECTED;
        notice.integration_id = event->integration_disconnected.integration_id;
        notice.code = event->integration_disconnected.code;
        break;
    case EVENT_integration_expiring:
        notice.kind = NOTIFY_EXPIRING;
        notice.integration_id = event->integration_expiring.integration_id;
        notice.end_ms = event->integration_expiring.session_expires_ms;
        break;
    case EVENT_approval_wanted:
        notice.kind = NOTIFY_APPROVAL_WANTED;
        notice.post_id = event->approval_wanted.post_id;
        notice.end_ms = event->approval_wanted.publish_at_ms;
        break;
    case EVENT_instance_withheld:
        notice.kind = NOTIFY_WITHHELD;
        notice.post_id = event->instance_withheld.post_id;
        notice.code = event->instance_withheld.code;
        notice.end_ms = event->instance_withheld.at_ms;
        break;
    case EVENT_billing_due:
        notice.kind = NOTIFY_BILLING_DUE;
        notice.end_ms = event->billing_due.period_end_ms;
        break;
    default:
        break;
    }
    return notice;
}

/* Whether one of a page's posts can still be approved, and is not as the policy asks. */
static bool wants_approval(const struct post_page *page, uint32_t policy, int64_t now_ms)
{
    bool wants = false;
    for (uint32_t i = 0; i < page->count && !wants; i++) {
        const struct post_row *post = &page->posts[i].row;
        wants = post->approved_under < policy && post->publish_at_ms > now_ms;
    }
    return wants;
}

/* Whether a workspace has such a post; of more than POLICY_PAGES_MAX pages it may be said too early. */
static enum err has_unapproved(struct store_txn *txn, const struct fact *fact, struct arena *arena, bool *ret_has)
{
    const uint32_t policy = fact->event->workspace_changed.approval_policy;
    const struct post_filter filter = {.statuses = 1U << POST_SCHEDULED};
    uint8_t cursor[POST_CURSOR_MAX];
    size_t cursor_len = 0;
    bool has = false;
    bool more = true;
    for (uint32_t i = 0; i < POLICY_PAGES_MAX && more && !has; i++) {
        const struct arena_mark mark = arena_mark(arena);
        struct post_page page;
        TRY(posts_list(txn, &fact->at->workspace_id, &filter, span_of(cursor, cursor_len), POLICY_PAGE, arena, &page));
        has = wants_approval(&page, policy, fact->at->time_ms);
        more = page.cursor_len > 0;
        memcpy(cursor, page.cursor, page.cursor_len);
        cursor_len = page.cursor_len;
        arena_rewind(arena, mark);
    }
    *ret_has = has || more;
    return OK;
}

/* A workspace asks for more than before: once for all that is scheduled and was not approved so before, which may be
 * thousands of posts. */
static enum err tell_policy(struct store_txn *txn, const struct fact *fact, struct arena *arena,
                            struct notice_row *notice)
{
    const uint32_t policy = fact->event->workspace_changed.approval_policy;
    struct workspace_row before;
    bool has = false;
    if (policy <= POLICY_OFF) {
        return OK;
    }
    TRY(access_workspace(txn, &fact->at->workspace_id, arena, &before));
    if (policy > before.approval_policy) {
        TRY(has_unapproved(txn, fact, arena, &has));
    }
    notice->kind = has ? NOTIFY_APPROVAL_WANTED : NOTIFY_NONE;
    return OK;
}

/* What was approved is not any more, perhaps after everybody was reminded. Who folds a post's past by itself has no
 * workspace, and nobody to tell. */
static enum err tell_voided(struct store_txn *txn, const struct fact *fact, struct arena *arena,
                            struct notice_row *notice)
{
    const struct id *post_id = &fact->event->approval_voided.post_id;
    struct workspace_row workspace;
    struct post_view post;
    const enum err err = access_workspace(txn, &fact->at->workspace_id, arena, &workspace);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    TRY(posts_get(txn, &fact->at->workspace_id, post_id, arena, &post));
    if (workspace.approval_policy > POLICY_OFF && post.row.publish_at_ms > fact->at->time_ms) {
        notice->kind = NOTIFY_APPROVAL_WANTED;
        notice->post_id = *post_id;
        notice->end_ms = post.row.publish_at_ms;
    }
    return OK;
}

/* What follows from an event and what stood before it. */
static enum err tell_more(struct store_txn *txn, const struct fact *fact, struct arena *arena,
                          struct notice_row *notice)
{
    if (fact->event->code == EVENT_workspace_changed) {
        return tell_policy(txn, fact, arena, notice);
    }
    return fact->event->code == EVENT_approval_voided ? tell_voided(txn, fact, arena, notice) : OK;
}

/* The newest row is full: it goes behind the others, and the oldest of them out. */
static enum err turn(struct store_txn *txn, const struct id *workspace_id, enum chain chain, struct span newest,
                     struct arena *arena)
{
    const uint64_t number = get_be64(newest.data);
    const struct row_key key = full_key(workspace_id, chain, number);
    const struct span rows = span_of(newest.data + NUMBER_LEN, newest.len - NUMBER_LEN);
    uint8_t *copy = arena_room(arena, rows.len);
    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(copy, rows.data, rows.len); /* which the store may move */
    TRY(store_put(txn, row_key_span(&key), span_of(copy, rows.len)));
    if (number >= NOTICE_ROWS_MAX) {
        const struct row_key oldest = full_key(workspace_id, chain, number - NOTICE_ROWS_MAX);
        TRY(row_remove(txn, &oldest));
    }
    return OK;
}

static enum err keep(struct store_txn *txn, const struct id *workspace_id, const struct notice_row *notice,
                     struct arena *arena)
{
    const enum chain chain = chain_of(notice->kind);
    const struct row_key key = newest_key(workspace_id, chain);
    uint8_t bytes[NOTICE_ROW_BYTES + NOTICE_BYTES_MAX];
    struct buf out = buf_of(bytes, sizeof bytes);
    uint8_t number[NUMBER_LEN] = {0};
    struct span newest = span_of(number, sizeof number);
    const enum err err = store_get(txn, row_key_span(&key), &newest);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(newest.len >= NUMBER_LEN && newest.len < sizeof bytes ? OK : ERR_ALTERED);
    if (newest.len >= NOTICE_ROW_BYTES) {
        put_be64(number, get_be64(newest.data) + 1);
        TRY(turn(txn, workspace_id, chain, newest, arena));
        newest = span_of(number, sizeof number);
    }
    buf_put(&out, newest);
    TRY(row_encode(notice_row_desc(), notice, &out));
    return store_put(txn, row_key_span(&key), buf_span(&out));
}

static enum err take_marks(struct store_txn *txn, const struct id *member_id, struct arena *arena,
                           struct read_marks *ret_marks, uint64_t *ret_chosen_version)
{
    const struct row_key key = marks_key(member_id);
    struct marks_row row = {.up_to = 0};
    const enum err err = row_get(txn, &key, marks_row_desc(), arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(row.others_count <= MARKS_MAX ? OK : ERR_ALTERED);
    *ret_marks = (struct read_marks){.up_to = row.up_to, .hidden = row.hidden, .count = row.others_count};
    for (uint32_t i = 0; i < row.others_count; i++) {
        ret_marks->others[i] = row.others[i].workspace_seq;
    }
    *ret_chosen_version = row.chosen_version;
    return OK;
}

static enum err apply_marks(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const bool reads = fact->event->code == EVENT_notifications_read;
    const struct row_key key = marks_key(&fact->at->stream); /* which has the member's own number */
    struct event_ref others[MARKS_MAX];
    struct read_marks marks;
    struct marks_row row = {.others = others};
    TRY(take_marks(txn, &fact->at->stream, arena, &marks, &row.chosen_version));
    if (reads) {
        TRY(read_marks_read(&marks, &fact->event->notifications_read) ? OK : ERR_ALTERED);
    } else {
        read_marks_choose(&marks, &fact->event->notifications_chosen);
        row.chosen_version = fact->at->version;
    }
    row.up_to = marks.up_to;
    row.hidden = marks.hidden;
    row.others_count = marks.count;
    for (uint32_t i = 0; i < marks.count; i++) {
        others[i] = (struct event_ref){.workspace_seq = marks.others[i]};
    }
    return row_put(txn, &key, marks_row_desc(), &row, arena);
}

static enum err apply(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    if (fact->event->code == EVENT_notifications_read || fact->event->code == EVENT_notifications_chosen) {
        return apply_marks(txn, fact, arena);
    }
    struct notice_row notice = tell(fact);
    const enum err err = tell_more(txn, fact, arena, &notice);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err); /* what an event is about is there */
    return notice.kind == NOTIFY_NONE ? OK : keep(txn, &fact->at->workspace_id, &notice, arena);
}

const struct projection notifications_projection = {.name = "notifications", .apply = apply};

/* --- queries --- */

enum err notifications_marks(struct store_txn *txn, const struct id *member_id, struct arena *arena,
                             struct notification_marks *ret_marks)
{
    uint64_t chosen_version = 0;
    TRY(take_marks(txn, member_id, arena, &ret_marks->marks, &chosen_version));
    ret_marks->version = chosen_version + 1;
    return OK;
}

/* Those of a chain, the newest first. */
struct notices {
    struct notice_row *items;
    uint32_t count;
};

/* Puts the rows that stand one behind the other, the oldest first, behind those of *notices. */
static enum err collect(struct span bytes, struct arena *arena, struct notices *notices)
{
    const uint32_t first = notices->count;
    while (bytes.len > 0) {
        TRY(notices->count < NOTICES_MAX ? OK : ERR_ALTERED);
        TRY(row_decode_next(notice_row_desc(), &bytes, arena, &notices->items[notices->count]));
        notices->count++;
    }
    for (uint32_t i = first, j = notices->count; i + 1 < j; i++) {
        j--;
        const struct notice_row one = notices->items[i];
        notices->items[i] = notices->items[j];
        notices->items[j] = one;
    }
    return OK;
}

static enum err read_chain(struct store_txn *txn, const struct id *workspace_id, enum chain chain, struct arena *arena,
                           struct notices *ret_notices)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    const struct row_key newest = newest_key(workspace_id, chain);
    struct row_key prefix = row_key_tenant(workspace_id, PLACE_NOTICES_FULL);
    struct notices notices = {.items = arena_alloc(arena, NOTICES_MAX * sizeof *notices.items)};
    struct span key;
    struct span value;
    if (notices.items == NULL) {
        return ERR_NO_MEMORY;
    }
    row_key_byte(&prefix, (uint8_t)chain);
    enum err err = store_get(txn, row_key_span(&newest), &value);
    if (err == OK) {
        TRY(value.len >= NUMBER_LEN ? OK : ERR_ALTERED);
        TRY(collect(span_of(value.data + NUMBER_LEN, value.len - NUMBER_LEN), arena, &notices));
        TRY(store_cursor_open(txn, &cursor));
        err = store_seek(cursor, row_key_span(&prefix), &key, &value);
    }
    while (err == OK && span_starts_with(key, row_key_span(&prefix))) {
        TRY(collect(value, arena, &notices));
        err = store_next(cursor, &key, &value);
    }
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_notices = notices;
    return OK;
}

/* All chains of a workspace, the newest of which is taken next. */
struct merge {
    struct notices chains[CHAIN_COUNT];
    uint32_t at[CHAIN_COUNT];
};

static enum err merge_open(struct store_txn *txn, const struct id *workspace_id, struct arena *arena,
                           struct merge *ret_merge)
{
    *ret_merge = (struct merge){.at = {0}};
    for (uint32_t chain = 0; chain < CHAIN_COUNT; chain++) {
        TRY(read_chain(txn, workspace_id, (enum chain)chain, arena, &ret_merge->chains[chain]));
    }
    return OK;
}

/* NULL: there are no more. */
static const struct notice_row *merge_next(struct merge *merge)
{
    const struct notice_row *next = NULL;
    uint32_t from = 0;
    for (uint32_t chain = 0; chain < CHAIN_COUNT; chain++) {
        const struct notices *notices = &merge->chains[chain];
        const struct notice_row *one = merge->at[chain] < notices->count ? &notices->items[merge->at[chain]] : NULL;
        if (one != NULL && (next == NULL || one->workspace_seq > next->workspace_seq)) {
            next = one;
            from = chain;
        }
    }
    merge->at[from] += next != NULL ? 1 : 0;
    return next;
}

/* Which read of the API tells the same: who has that is told. */
static bool opens(const struct grant *grant, uint32_t kind)
{
    const bool bills = kind == NOTIFY_BILLING_DUE;
    const bool accounts = kind == NOTIFY_DISCONNECTED || kind == NOTIFY_EXPIRING;
    return access_check(grant, bills ? NEED_OWNER : NEED_VIEWER,
                        bills      ? SCOPE_BILLING_READ
                        : accounts ? SCOPE_INTEGRATIONS_READ
                                   : SCOPE_POSTS_READ) == ACCEPTED;
}

/* Whether a post of which a notification tells is there for a grant that is restricted to accounts. */
static enum err sees_post(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                          const struct id *post_id, struct arena *arena, bool *ret_sees)
{
    struct post_view post;
    const struct arena_mark mark = arena_mark(arena);
    const enum err err = posts_get(txn, workspace_id, post_id, arena, &post);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_sees = err == OK && posts_sees(grant, &post.row);
    arena_rewind(arena, mark);
    return OK;
}

static enum err sees(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                     const struct notice_row *notice, struct arena *arena, bool *ret_sees)
{
    *ret_sees = opens(grant, notice->kind);
    if (!*ret_sees || !grant->restricted) {
        return OK;
    }
    if (!id_is_none(&notice->post_id)) {
        return sees_post(txn, workspace_id, grant, &notice->post_id, arena, ret_sees);
    }
    *ret_sees = access_sees(grant, &notice->integration_id); /* not what tells of neither, but of the workspace */
    return OK;
}

/* Time, event and the end of the workspace's own: of a million workspaces no two have 34 bits in common that have the
 * same number of events in the same millisecond. */
static struct id name_of(const struct id *workspace_id, const struct notice_row *notice)
{
    uint8_t bytes[10];
    memcpy(bytes, workspace_id->uuid + 11, 2);
    put_be64(bytes + 2, notice->workspace_seq << 22 | (get_be64(workspace_id->uuid + 8) & 0x3fffff));
    return id_make(ID_NOTIFICATION, notice->time_ms, bytes);
}

static enum err fill(struct store_txn *txn, const struct id *workspace_id, const struct notice_row *notice,
                     bool is_read, struct arena *arena, struct notification *ret_notification)
{
    *ret_notification =
        (struct notification){.notification_id = name_of(workspace_id, notice), .row = *notice, .is_read = is_read};
    if (notice->kind == NOTIFY_BILLING_DUE) {
        struct period_row *period = arena_alloc(arena, sizeof *period);
        if (period == NULL) {
            return ERR_NO_MEMORY;
        }
        TRY(access_period(txn, workspace_id, notice->end_ms, arena, period));
        ret_notification->period = period;
    }
    return OK;
}

static bool is_shown(const struct notification_filter *filter, uint32_t kind)
{
    return filter->marks == NULL || read_marks_shows(filter->marks, kind);
}

/* Whether the filter lets one pass that the grant opens. */
static bool passes(const struct notification_filter *filter, const struct notice_row *notice, bool is_read)
{
    const bool kind = filter->kinds != 0 ? (filter->kinds >> notice->kind & 1) != 0 : is_shown(filter, notice->kind);
    const bool wished = filter->wish == NOTIFICATIONS_ALL || (filter->wish == NOTIFICATIONS_READ) == is_read;
    return kind && wished && (filter->before == 0 || notice->workspace_seq < filter->before);
}

enum err notifications_list(struct store_txn *txn, const struct id *workspace_id,
                            const struct notification_filter *filter, struct arena *arena,
                            struct notification_page *ret_page)
{
    struct merge merge;
    struct notification_page page = {.count = 0};
    struct notification *items = arena_alloc(arena, filter->limit * sizeof *items);
    TRY(items != NULL ? OK : ERR_NO_MEMORY);
    TRY(merge_open(txn, workspace_id, arena, &merge));
    for (const struct notice_row *notice = NULL; (notice = merge_next(&merge)) != NULL;) {
        const bool is_read = filter->marks != NULL && read_marks_has(filter->marks, notice->workspace_seq);
        const bool counts = filter->marks != NULL && !is_read && is_shown(filter, notice->kind);
        const bool listed = !page.more && passes(filter, notice, is_read);
        bool seen = false;
        if (counts || listed) {
            TRY(sees(txn, workspace_id, filter->grant, notice, arena, &seen));
        }
        page.unread += seen && counts ? 1 : 0;
        if (seen && listed && page.count == filter->limit) {
            page.more = true;
        } else if (seen && listed) {
            TRY(fill(txn, workspace_id, notice, is_read, arena, &items[page.count]));
            page.count++;
        }
    }
    page.items = items;
    *ret_page = page;
    return OK;
}

enum err notifications_find(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                            const struct id *notification_id, struct arena *arena, uint64_t *ret_workspace_seq)
{
    struct merge merge;
    const uint64_t workspace_seq = (get_be64(notification_id->uuid + 8) & (UINT64_MAX >> 2)) >> 22;
    TRY(merge_open(txn, workspace_id, arena, &merge));
    for (const struct notice_row *notice = NULL; (notice = merge_next(&merge)) != NULL;) {
        const struct id name = name_of(workspace_id, notice);
        if (notice->workspace_seq == workspace_seq && id_equal(&name, notification_id)) {
            bool seen = false;
            TRY(sees(txn, workspace_id, grant, notice, arena, &seen));
            *ret_workspace_seq = workspace_seq;
            return seen ? OK : ERR_NOT_FOUND;
        }
    }
    return ERR_NOT_FOUND;
}
