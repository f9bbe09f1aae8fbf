/* series.c: see series.h. Called by the ledger for every event, by posts.c for those of a series' posts, and by whoever
 * asks for series. A series' own events write its document alone; a post's write its row, and the newest one's how far
 * the series is. */
#include "projections/series.h"

#include "core/base/assert.h"
#include "core/calendar/local.h"
#include "core/message/post_content.h"
#include "projections/row_store.h"

enum series_place { PLACE_SERIES = 0, PLACE_SERIES_LIST = 1, PLACE_SERIES_PROGRESS = 2, PLACE_SERIES_POSTS = 3 };

static struct row_key key_at(enum series_place place, const struct id *id)
{
    struct row_key key = row_key(TABLE_SERIES);
    row_key_byte(&key, (uint8_t)place);
    if (id != NULL) {
        row_key_id(&key, id);
    }
    return key;
}

/* --- a series --- */

static const struct id *series_of(const struct event *event)
{
    return &event->series_created.series_id; /* every event of a series begins with it */
}

static void fold_changed(struct series_row *row, const struct series_changed_event *changed, int64_t time_ms)
{
    row->editor_id = changed->editor_id;
    SERIES_RULE_COPY(row, changed);
    POST_CONTENT_COPY(row, changed);
    row->since_ms = changed->generation != row->generation ? time_ms : row->since_ms;
    row->generation = changed->generation;
}

static enum err fold(struct series_row *row, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_series_created: {
        const struct series_created_event *created = &event->series_created;
        *row = (struct series_row){.series_id = created->series_id,
                                   .status = SERIES_ACTIVE,
                                   .author_id = created->author_id,
                                   .editor_id = created->author_id,
                                   .generation = created->generation,
                                   .since_ms = time_ms,
                                   .created_ms = time_ms};
        SERIES_RULE_COPY(row, created);
        POST_CONTENT_COPY(row, created);
        return OK;
    }
    case EVENT_series_changed:
        fold_changed(row, &event->series_changed, time_ms);
        return OK;
    case EVENT_series_paused:
        row->status = SERIES_PAUSED;
        return OK;
    case EVENT_series_resumed:
        row->status = SERIES_ACTIVE;
        row->generation = event->series_resumed.generation;
        row->since_ms = time_ms;
        return OK;
    case EVENT_series_ended:
        row->status = SERIES_ENDED;
        row->keep = event->series_ended.keep;
        return OK;
    default:
        return ERR_ALTERED;
    }
}

static enum err apply(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct event *event = fact->event;
    struct series_row row = {.version = 0};
    if (event->code < EVENT_series_created || event->code > EVENT_series_ended) {
        return OK;
    }
    const struct row_key key = key_at(PLACE_SERIES, series_of(event));
    if (event->code == EVENT_series_created) {
        const struct ref_row ref = {.id = *series_of(event)};
        struct row_key list_key = key_at(PLACE_SERIES_LIST, &fact->at->workspace_id);
        row_key_id(&list_key, series_of(event));
        TRY(row_put(txn, &list_key, ref_row_desc(), &ref, arena));
    } else {
        const enum err err = row_take(txn, &key, series_row_desc(), arena, &row);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    }
    TRY(fold(&row, event, fact->at->time_ms));
    row.workspace_id = fact->at->workspace_id;
    row.version = fact->at->version;
    row.updated_ms = fact->at->time_ms;
    row.seq = fact->at->seq;
    return row_put(txn, &key, series_row_desc(), &row, arena);
}

const struct projection series_projection = {.name = "series", .apply = apply};

enum err series_get(struct store_txn *txn, const struct id *workspace_id, const struct id *series_id,
                    struct arena *arena, struct series_row *ret_series)
{
    const struct row_key key = key_at(PLACE_SERIES, series_id);
    return row_get_own(txn, &key, workspace_id, series_row_desc(), arena, ret_series);
}

bool series_sees(const struct grant *grant, const struct series_row *series)
{
    return access_sees_all(grant, series->targets, series->targets_count);
}

struct series_seen {
    struct store_txn *txn;
    const struct id *workspace_id;
    const struct grant *grant;
    struct arena *arena;
    struct series_row *rows;
    uint32_t count;
    uint32_t limit;
};

static enum err see(void *context, const struct id *id, bool *ret_enough)
{
    struct series_seen *seen = context;
    struct series_row *row = &seen->rows[seen->count];
    const struct arena_mark mark = arena_mark(seen->arena);
    const enum err err = series_get(seen->txn, seen->workspace_id, id, seen->arena, row);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    if (series_sees(seen->grant, row)) {
        seen->count++;
    } else {
        arena_rewind(seen->arena, mark);
    }
    *ret_enough = seen->count == seen->limit;
    return OK;
}

enum err series_list(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                     const struct id *after, uint32_t limit, struct arena *arena, struct series_row **ret_series,
                     uint32_t *ret_count)
{
    const struct row_key prefix = key_at(PLACE_SERIES_LIST, workspace_id);
    struct row_key from = prefix;
    struct series_seen seen = {.txn = txn,
                               .workspace_id = workspace_id,
                               .grant = grant,
                               .arena = arena,
                               .rows = arena_alloc(arena, limit * sizeof *seen.rows),
                               .limit = limit};
    if (seen.rows == NULL) {
        return ERR_NO_MEMORY;
    }
    if (after != NULL) {
        row_key_id(&from, after);
    }
    TRY(row_walk_refs(txn, &prefix, after != NULL ? &from : NULL, arena, see, &seen));
    *ret_series = seen.rows;
    *ret_count = seen.count;
    return OK;
}

enum err series_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                     struct series_row **ret_series, uint32_t *ret_count)
{
    const struct row_key prefix = key_at(PLACE_SERIES, NULL);
    const struct row_key from = key_at(PLACE_SERIES, after);
    void *rows = NULL;
    TRY(row_list(txn, &prefix, id_is_none(after) ? NULL : &from, series_row_desc(), limit, arena, &rows, ret_count));
    *ret_series = rows;
    return OK;
}

/* --- its posts --- */

static struct row_key instance_key(const struct id *series_id, int64_t minute)
{
    struct row_key key = key_at(PLACE_SERIES_POSTS, series_id);
    row_key_u64(&key, (uint64_t)minute);
    return key;
}

static enum err minute_of(struct span text, int64_t *ret_minute)
{
    struct local_time local;
    if (!local_read(text, &local)) {
        return ERR_ALTERED;
    }
    *ret_minute = local.day * MINUTES_PER_DAY + local.minute;
    return OK;
}

static enum err note_made(struct store_txn *txn, const struct post_created_event *created, int64_t minute,
                          struct arena *arena)
{
    const struct instance_row instance = {.post_id = created->post_id,
                                          .generation = created->generation,
                                          .series_version = created->series_version,
                                          .state = INSTANCE_FOLLOWS,
                                          .local = created->series_local};
    const struct series_progress_row progress = {.generation = created->generation, .minute = (uint64_t)minute};
    const struct row_key key = instance_key(&created->series_id, minute);
    const struct row_key progress_key = key_at(PLACE_SERIES_PROGRESS, &created->series_id);
    TRY(row_put(txn, &key, instance_row_desc(), &instance, arena));
    return row_put(txn, &progress_key, series_progress_row_desc(), &progress, arena);
}

/* Whether the event is of a person's doing: the rules of core/decider/post_evolve.c. */
static bool cuts(const struct event *event, const struct post_row *before)
{
    switch (event->code) {
    case EVENT_post_edited:
        return id_is_none(&event->post_edited.series_id);
    case EVENT_post_scheduled:
        return before->status == POST_SCHEDULED && before->publish_at_ms != event->post_scheduled.publish_at_ms;
    case EVENT_targets_cancelled:
    case EVENT_post_deleted:
        return true;
    default:
        return false;
    }
}

enum err series_note(struct store_txn *txn, const struct fact *fact, const struct post_row *before,
                     const struct post_row *post, struct arena *arena)
{
    const struct event *event = fact->event;
    const bool follows = event->code == EVENT_post_edited && !id_is_none(&event->post_edited.series_id);
    const bool withdraws = event->code == EVENT_instance_withdrawn;
    const bool is_cut = cuts(event, before);
    int64_t minute = 0;
    struct instance_row instance;
    TRY(minute_of(post->series_local, &minute));
    if (event->code == EVENT_post_created) {
        return note_made(txn, &event->post_created, minute, arena);
    }
    if (!follows && !withdraws && !is_cut) {
        return OK;
    }
    const struct row_key key = instance_key(&post->series_id, minute);
    const enum err err = row_take(txn, &key, instance_row_desc(), arena, &instance);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    if (!id_equal(&instance.post_id, &post->post_id) || instance.state != INSTANCE_FOLLOWS) {
        return OK; /* another one took its place, or it went its own way before */
    }
    if (follows) {
        instance.series_version = event->post_edited.series_version;
    } else {
        instance.state = withdraws ? INSTANCE_WITHDRAWN : INSTANCE_CUT;
    }
    return row_put(txn, &key, instance_row_desc(), &instance, arena);
}

enum err series_progress(struct store_txn *txn, const struct id *series_id, uint64_t generation, struct arena *arena,
                         int64_t *ret_minute)
{
    struct series_progress_row row;
    const struct row_key key = key_at(PLACE_SERIES_PROGRESS, series_id);
    const enum err err = row_get(txn, &key, series_progress_row_desc(), arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_minute = err == OK && row.generation == generation ? (int64_t)row.minute : -1;
    return OK;
}

enum err series_instances(struct store_txn *txn, const struct id *series_id, int64_t from_minute, uint32_t limit,
                          struct arena *arena, struct instance_row **ret_instances, uint32_t *ret_count)
{
    const struct row_key prefix = key_at(PLACE_SERIES_POSTS, series_id);
    const struct row_key from = instance_key(series_id, from_minute > 0 ? from_minute - 1 : 0);
    void *rows = NULL;
    TRY(row_list(txn, &prefix, &from, instance_row_desc(), limit, arena, &rows, ret_count));
    *ret_instances = rows;
    return OK;
}

#define OF_A_DAY 2 /* are read at a time: most days have one, and the next is another day's */

enum err series_day(struct store_txn *txn, const struct id *series_id, int64_t day, uint64_t generation,
                    struct arena *arena, struct instance_row *ret_instance)
{
    const int64_t end = (day + 1) * MINUTES_PER_DAY;
    uint32_t count = OF_A_DAY;
    for (int64_t minute = day * MINUTES_PER_DAY; count == OF_A_DAY && minute < end;) {
        struct instance_row *rows = NULL;
        TRY(series_instances(txn, series_id, minute, OF_A_DAY, arena, &rows, &count));
        for (uint32_t i = 0; i < count; i++) {
            TRY(minute_of(rows[i].local, &minute));
            if (minute >= end) {
                return ERR_NOT_FOUND;
            }
            if (rows[i].state != INSTANCE_WITHDRAWN || rows[i].generation == generation) {
                *ret_instance = rows[i];
                return OK;
            }
        }
        minute++;
    }
    return ERR_NOT_FOUND;
}
