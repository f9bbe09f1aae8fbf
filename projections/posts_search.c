/* posts_search.c: the texts that an author wrote, and whether they hold what is looked for: parts, link, first comment,
 * and the same of each target's variant. Called by posts_list.c for a post that everything else lets through, and by
 * posts_shelf.c, which keeps the terms of these texts. */
#include "core/message/json_read.h"
#include "projections/posts_internal.h"

/* A variant: an object of texts, and of a list of such objects (parts). */
static enum err visit_variant(struct span variant, struct arena *arena, posts_text_visit *visit, void *context)
{
    const struct json_node *object = NULL;
    if (variant.data == NULL) {
        return OK;
    }
    const enum err err = json_read(variant, arena, &object);
    TRY(err == OK || err == ERR_NO_MEMORY ? err : ERR_ALTERED);
    for (const struct json_node *member = object->first; member != NULL; member = member->next) {
        TRY(visit(context, member->text));
        for (const struct json_node *part = member->first; part != NULL; part = part->next) {
            TRY(visit(context, json_node_text(part, "text")));
        }
    }
    return OK;
}

enum err posts_texts(const struct post_content_row *content, struct arena *arena, posts_text_visit *visit,
                     void *context)
{
    for (uint32_t i = 0; i < content->parts_count; i++) {
        TRY(visit(context, content->parts[i].text));
    }
    TRY(visit(context, content->link));
    TRY(visit(context, content->first_comment));
    for (uint32_t i = 0; i < content->targets_count; i++) {
        TRY(visit_variant(content->targets[i].variant, arena, visit, context));
    }
    return OK;
}

struct search {
    const struct words_query *query;
    struct arena *arena;
    uint64_t missing; /* bit n: query->items[n] was not found yet */
    size_t bytes;     /* looked through */
};

static enum err look(void *context, struct span text)
{
    struct search *search = context;
    struct span words;
    if (text.data == NULL || search->missing == 0) {
        return OK;
    }
    search->bytes += text.len;
    TRY(words_of(text, search->arena, &words));
    for (uint32_t i = 0; i < search->query->count; i++) {
        if ((search->missing >> i & 1) != 0 && words_hold(words, &search->query->items[i])) {
            search->missing &= ~((uint64_t)1 << i);
        }
    }
    return OK;
}

enum err posts_search(const struct words_query *query, const struct post_content_row *content, struct arena *arena,
                      size_t *bytes, bool *ret_found)
{
    _Static_assert(SOUGHT_MAX <= 64, "a bit each");
    struct search search = {.query = query, .arena = arena, .missing = UINT64_MAX >> (64 - query->count)};
    TRY(posts_texts(content, arena, look, &search));
    *bytes += search.bytes;
    *ret_found = search.missing == 0;
    return OK;
}
