/* posts_edit.c: what each edit of a post changed: names of things, never what they hold. Written by posts.c's
 * projection, which has the content before and after; read for the post's history. An edit that changed nothing has no
 * row. */
#include "projections/posts_internal.h"

#define X(name_, word_) word_,
static const char *const words[] = {"", EDITED_TABLE(X)};
#undef X
const struct choice_table edited_words = {"edited", words, sizeof words / sizeof *words};

static bool parts_differ(const struct post_content_row *a, const struct post_content_row *b)
{
    bool differ = a->parts_count != b->parts_count;
    for (uint32_t i = 0; !differ && i < a->parts_count; i++) {
        differ = !span_equal(a->parts[i].text, b->parts[i].text);
    }
    return differ;
}

static bool labels_differ(const struct post_content_row *a, const struct post_content_row *b)
{
    bool differ = a->labels_count != b->labels_count;
    for (uint32_t i = 0; !differ && i < a->labels_count; i++) {
        differ = !span_equal(a->labels[i].name, b->labels[i].name);
    }
    return differ;
}

static bool metadata_differ(const struct post_content_row *a, const struct post_content_row *b)
{
    bool differ = a->metadata_count != b->metadata_count;
    for (uint32_t i = 0; !differ && i < a->metadata_count; i++) {
        differ = !span_equal(a->metadata[i].key, b->metadata[i].key) ||
                 !span_equal(a->metadata[i].value, b->metadata[i].value);
    }
    return differ;
}

static const struct target_spec *spec_of(const struct post_content_row *content, const struct id *integration_id)
{
    for (uint32_t i = 0; i < content->targets_count; i++) {
        if (id_equal(&content->targets[i].integration_id, integration_id)) {
            return &content->targets[i];
        }
    }
    return NULL;
}

/* A target that came or went is told as such, one that stayed by what is now otherwise of it. */
static uint64_t targets_changed(const struct post_content_row *before, const struct post_content_row *after)
{
    uint64_t changed = bit_of(EDITED_ACCOUNTS, before->targets_count != after->targets_count);
    for (uint32_t i = 0; i < after->targets_count; i++) {
        const struct target_spec *now = &after->targets[i];
        const struct target_spec *was = spec_of(before, &now->integration_id);
        if (was == NULL) {
            changed |= bit_of(EDITED_ACCOUNTS, true);
        } else {
            changed |= bit_of(EDITED_VARIANTS, !span_equal(was->variant, now->variant)) |
                       bit_of(EDITED_SETTINGS, !span_equal(was->settings, now->settings)) |
                       bit_of(EDITED_INSTANTS, was->at_ms != now->at_ms);
        }
    }
    return changed;
}

static struct row_key edit_key(const struct id *post_id, uint64_t version)
{
    struct row_key key = row_key_post(post_id, PLACE_EDIT);
    row_key_u64(&key, version);
    return key;
}

enum err posts_edit_note(struct store_txn *txn, const struct post_row *before, const struct post_row *post,
                         const struct post_content_row *content, struct arena *arena)
{
    struct post_content_row was;
    const struct row_key content_key = row_key_post(&post->post_id, PLACE_CONTENT);
    const enum err err = row_get(txn, &content_key, post_content_row_desc(), arena, &was);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    const struct post_edit_row row = {
        .changed = bit_of(EDITED_TEXT, parts_differ(&was, content)) |
                   bit_of(EDITED_LINK, !span_equal(was.link, content->link)) |
                   bit_of(EDITED_FIRST_COMMENT, !span_equal(was.first_comment, content->first_comment)) |
                   targets_changed(&was, content) |
                   bit_of(EDITED_TIMEZONE, !span_equal(before->timezone, post->timezone)) |
                   bit_of(EDITED_NOT_AFTER, before->not_after_ms != post->not_after_ms) |
                   bit_of(EDITED_LABELS, labels_differ(&was, content)) |
                   bit_of(EDITED_METADATA, metadata_differ(&was, content)),
    };
    const struct row_key key = edit_key(&post->post_id, post->version);
    return row.changed == 0 ? OK : row_put(txn, &key, post_edit_row_desc(), &row, arena);
}

enum err posts_edited(struct store_txn *txn, const struct id *post_id, uint64_t version, struct arena *arena,
                      uint64_t *ret_changed)
{
    struct post_edit_row row = {0};
    const struct row_key key = edit_key(post_id, version);
    const enum err err = row_get(txn, &key, post_edit_row_desc(), arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_changed = row.changed;
    return OK;
}
