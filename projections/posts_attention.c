/* posts_attention.c: which posts need a look, and how many: the words, the bits of a post and the installation's
 * figures. Called by posts.c's projection, and for the figures by the gateway. Must never count what a rebuild would
 * count otherwise: the figures follow from the posts' rows alone.
 *
 * The figures are one row, written only when one of them changes: when an outcome becomes doubtful or known, and when a
 * post ends otherwise than published or cancelled. */
#include "projections/posts_internal.h"

#define X(name_, word_) word_,
static const char *const words[] = {"", ATTENTION_TABLE(X)};
#undef X
const struct choice_table attention_words = {"attention", words, sizeof words / sizeof *words};

uint64_t posts_attention(const struct post_row *post)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < post->targets_count; i++) {
        const struct target_row *target = &post->targets[i];
        bits |= bit_of(ATTENTION_UNKNOWN, post_fold_phase(target) == TARGET_UNKNOWN) |
                bit_of(ATTENTION_NEEDS_PERSON, target->needs_person) |
                bit_of(ATTENTION_CONTRADICTED, target->contradicted);
    }
    return bits;
}

static struct row_key key_of_counts(void)
{
    return row_key(TABLE_POST_COUNT);
}

enum err posts_counts(struct store_txn *txn, struct arena *arena, struct post_count_row *ret_counts)
{
    struct post_count_row row = {0};
    const struct row_key key = key_of_counts();
    const enum err err = row_get(txn, &key, post_count_row_desc(), arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_counts = row;
    return OK;
}

static uint64_t *figure_of(struct post_count_row *counts, uint32_t status)
{
    switch (status) {
    case POST_PARTIALLY_PUBLISHED:
        return &counts->partially_published;
    case POST_FAILED:
        return &counts->failed;
    case POST_MISSED:
        return &counts->missed;
    default:
        return NULL;
    }
}

static uint64_t moved(uint64_t count, enum attention attention, uint64_t before, uint64_t after)
{
    return count + (after >> attention & 1) - (before >> attention & 1);
}

enum err posts_count(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                     struct arena *arena)
{
    struct post_count_row counts = {0};
    if (before->attention == after->attention &&
        (before->status == after->status || figure_of(&counts, after->status) == NULL)) {
        return OK;
    }
    TRY(posts_counts(txn, arena, &counts));
    counts.unknown = moved(counts.unknown, ATTENTION_UNKNOWN, before->attention, after->attention);
    counts.needs_person = moved(counts.needs_person, ATTENTION_NEEDS_PERSON, before->attention, after->attention);
    counts.contradicted = moved(counts.contradicted, ATTENTION_CONTRADICTED, before->attention, after->attention);
    uint64_t *ended = before->status == after->status ? NULL : figure_of(&counts, after->status);
    if (ended != NULL) {
        (*ended)++;
    }
    const struct row_key key = key_of_counts();
    return row_put(txn, &key, post_count_row_desc(), &counts, arena);
}
