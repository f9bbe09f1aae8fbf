/* posts_search.c: whether what an author wrote holds a text: parts, link, first comment, and the same of each target's
 * variant. Called by posts_list.c for a row that everything else lets through. What counts as the same text is the
 * fold's to say. */
#include "core/message/json_read.h"
#include "projections/posts_internal.h"

struct search {
    const struct post_filter *filter;
    struct arena *arena;
    size_t bytes; /* looked through */
};

static enum err look(struct search *search, struct span text, bool *found)
{
    if (*found || text.data == NULL) {
        return OK;
    }
    struct span folded;
    const struct arena_mark mark = arena_mark(search->arena);
    search->bytes += text.len;
    TRY(search->filter->fold(text, search->arena, &folded));
    const struct span sought = search->filter->search;
    *found = memmem(folded.data, folded.len, sought.data, sought.len) != NULL;
    arena_rewind(search->arena, mark);
    return OK;
}

/* An object of texts, and of a list of such objects (parts). */
static enum err look_in_variant(struct search *search, struct span variant, bool *found)
{
    const struct json_node *object = NULL;
    if (*found || variant.data == NULL) {
        return OK;
    }
    const enum err err = json_read(variant, search->arena, &object);
    TRY(err == OK || err == ERR_NO_MEMORY ? err : ERR_ALTERED);
    for (const struct json_node *member = object->first; member != NULL; member = member->next) {
        TRY(look(search, member->text, found));
        for (const struct json_node *part = member->first; part != NULL; part = part->next) {
            TRY(look(search, json_node_text(part, "text"), found));
        }
    }
    return OK;
}

enum err posts_search(const struct post_filter *filter, const struct post_content_row *content, struct arena *arena,
                      size_t *bytes, bool *ret_found)
{
    struct search search = {.filter = filter, .arena = arena};
    bool found = false;
    for (uint32_t i = 0; i < content->parts_count; i++) {
        TRY(look(&search, content->parts[i].text, &found));
    }
    TRY(look(&search, content->link, &found));
    TRY(look(&search, content->first_comment, &found));
    for (uint32_t i = 0; i < content->targets_count; i++) {
        TRY(look_in_variant(&search, content->targets[i].variant, &found));
    }
    *bytes += search.bytes;
    *ret_found = found;
    return OK;
}
