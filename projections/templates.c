/* templates.c: see templates.h. Called by the ledger for each event, and by gateway and RPC for queries. */
#include "projections/templates.h"

#include "core/message/post_content.h"
#include "projections/row_store.h"

static struct row_key template_key(const struct id *template_id)
{
    struct row_key key = row_key(TABLE_TEMPLATE);
    row_key_byte(&key, PLACE_TEMPLATE);
    row_key_id(&key, template_id);
    return key;
}

static struct row_key list_key(const struct id *workspace_id)
{
    struct row_key key = row_key(TABLE_TEMPLATE);
    row_key_byte(&key, PLACE_TEMPLATE_NAME);
    row_key_id(&key, workspace_id);
    return key;
}

static void put_place(struct row_key *key, const uint8_t place[TEMPLATE_CURSOR_LEN])
{
    for (size_t i = 0; i < TEMPLATE_CURSOR_LEN; i++) {
        row_key_byte(key, place[i]);
    }
}

/* Where a template stands in the list: the beginning of its name, then its id. */
static void place_of(const struct template_row *template, uint8_t ret_place[TEMPLATE_CURSOR_LEN])
{
    for (size_t i = 0; i < TEMPLATE_SORTED_BYTES; i++) {
        const uint8_t c = i < template->name.len ? template->name.data[i] : 0;
        ret_place[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
    }
    memcpy(ret_place + TEMPLATE_SORTED_BYTES, template->template_id.uuid, sizeof template->template_id.uuid);
}

static struct row_key name_key(const struct template_row *template)
{
    uint8_t place[TEMPLATE_CURSOR_LEN];
    struct row_key key = list_key(&template->workspace_id);
    place_of(template, place);
    put_place(&key, place);
    return key;
}

static enum err put(struct store_txn *txn, const struct template_row *template, struct arena *arena)
{
    const struct row_key key = template_key(&template->template_id);
    const struct row_key name = name_key(template);
    const struct ref_row ref = {.id = template->template_id};
    TRY(row_put_changed(txn, &name, ref_row_desc(), &ref, arena));
    return row_put(txn, &key, template_row_desc(), template, arena);
}

static enum err apply_created(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct template_created_event *created = &fact->event->template_created;
    struct template_row template = {.workspace_id = fact->at->workspace_id,
                                    .author_id = created->author_id,
                                    .version = fact->at->version,
                                    .created_ms = fact->at->time_ms,
                                    .updated_ms = fact->at->time_ms,
                                    .seq = fact->at->seq};
    TEMPLATE_CONTENT_COPY(&template, created);
    return put(txn, &template, arena);
}

static enum err apply_changed(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct template_changed_event *changed = &fact->event->template_changed;
    const struct row_key key = template_key(&changed->template_id);
    struct template_row template;
    TRY(row_take(txn, &key, template_row_desc(), arena, &template));
    const struct row_key before = name_key(&template);
    TEMPLATE_CONTENT_COPY(&template, changed);
    template.version = fact->at->version;
    template.updated_ms = fact->at->time_ms;
    template.seq = fact->at->seq;
    const struct row_key after = name_key(&template);
    if (memcmp(before.bytes, after.bytes, before.len) != 0) {
        TRY(row_remove(txn, &before));
    }
    return put(txn, &template, arena);
}

static enum err apply_deleted(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct row_key key = template_key(&fact->event->template_deleted.template_id);
    struct template_row template;
    TRY(row_take(txn, &key, template_row_desc(), arena, &template));
    const struct row_key name = name_key(&template);
    TRY(row_remove(txn, &name));
    return row_remove(txn, &key);
}

/* What is not there and has to be: the rows are not what was written. */
static enum err must(enum err err)
{
    return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
}

static enum err apply(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    switch (fact->event->code) {
    case EVENT_template_created:
        return apply_created(txn, fact, arena);
    case EVENT_template_changed:
        return must(apply_changed(txn, fact, arena));
    case EVENT_template_deleted:
        return must(apply_deleted(txn, fact, arena));
    default:
        return OK;
    }
}

const struct projection templates_projection = {.name = "templates", .apply = apply};

enum err templates_get(struct store_txn *txn, const struct id *workspace_id, const struct id *template_id,
                       struct arena *arena, struct template_row *ret_template)
{
    const struct row_key key = template_key(template_id);
    return row_get_own(txn, &key, workspace_id, template_row_desc(), arena, ret_template);
}

bool templates_sees(const struct grant *grant, const struct template_row *template)
{
    return access_sees_all(grant, template->targets, template->targets_count);
}

struct templates_seen {
    struct store_txn *txn;
    const struct id *workspace_id;
    const struct grant *grant;
    struct arena *arena;
    struct template_page *page;
    uint32_t most;
};

static enum err see(void *context, const struct id *id, bool *ret_enough)
{
    const struct templates_seen *seen = context;
    struct template_row *template = &seen->page->templates[seen->page->count];
    const struct arena_mark mark = arena_mark(seen->arena);
    TRY(must(templates_get(seen->txn, seen->workspace_id, id, seen->arena, template)));
    if (templates_sees(seen->grant, template)) {
        seen->page->count++;
    } else {
        arena_rewind(seen->arena, mark);
    }
    *ret_enough = seen->page->count == seen->most;
    return OK;
}

enum err templates_list(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                        struct span cursor, uint32_t limit, struct arena *arena, struct template_page *ret_page)
{
    struct template_page page = {.templates = arena_alloc(arena, (limit + 1) * sizeof *page.templates)};
    const struct row_key prefix = list_key(workspace_id);
    struct row_key from = prefix;
    /* one more than fits tells whether there is another page */
    struct templates_seen seen = {
        .txn = txn, .workspace_id = workspace_id, .grant = grant, .arena = arena, .page = &page, .most = limit + 1};
    if (page.templates == NULL) {
        return ERR_NO_MEMORY;
    }
    if (cursor.len != 0 && cursor.len != TEMPLATE_CURSOR_LEN) {
        return ERR_MALFORMED;
    }
    if (cursor.len != 0) {
        put_place(&from, cursor.data);
    }
    TRY(row_walk_refs(txn, &prefix, cursor.len != 0 ? &from : NULL, arena, see, &seen));
    if (page.count > limit) {
        page.count = limit;
        place_of(&page.templates[limit - 1], page.cursor);
        page.cursor_len = sizeof page.cursor;
    }
    *ret_page = page;
    return OK;
}
