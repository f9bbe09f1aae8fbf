/* segment.h: the terms of SEGMENT_POSTS posts, each with the posts that have it: written once, read where it lies.
 * Pure.
 *
 * Form: number of terms (4), for each its first four bytes and the place of its entry (4, from the beginning), then the
 * entries in the order of memcmp: length of the term (1), term, number of posts (1) and two bytes of each; 0 and a bit
 * for each post where there are many. All big-endian, so that the same terms are the same bytes everywhere. */
#ifndef OPENPOST_PROJECTIONS_SEGMENT_H
#define OPENPOST_PROJECTIONS_SEGMENT_H

#include "core/base/arena.h"

/* Posts whose terms stand together. Until so many are there their texts are looked through: 512 of them in a
 * millisecond or two, as long as it takes to write a segment of them. Which of a million posts' 2,000 segments are
 * worth a look, three microseconds each, is told by posts_aisle.h. */
#define SEGMENT_POSTS 512U

/* Some of a segment's posts: bit n % 64 of word n / 64. */
struct post_set {
    uint64_t words[SEGMENT_POSTS / 64];
};

static inline void post_set_add(struct post_set *set, uint32_t post)
{
    set->words[post / 64] |= (uint64_t)1 << post % 64;
}

static inline bool post_set_has(const struct post_set *set, uint32_t post)
{
    return (set->words[post / 64] >> post % 64 & 1) != 0;
}

/* A post has a term. */
struct posting {
    uint64_t head; /* the term's first eight bytes, which decide most comparisons: segment_encode's own */
    struct span term;
    uint32_t post; /* < SEGMENT_POSTS */
};

/* segment_encode writes postings, which it sorts and of which the same may come again, into the arena: quickly where
 * most stand first, in order already. Terms have 1 to 255 bytes. ERR_NO_MEMORY. */
enum err segment_encode(struct posting *postings, size_t count, struct arena *arena, struct span *ret_bytes) MUST_USE;

struct segment {
    struct span bytes; /* borrowed */
    uint32_t terms;
};

/* segment_open reads the head of what segment_encode wrote; ERR_ALTERED: it did not. */
enum err segment_open(struct span bytes, struct segment *ret_segment) MUST_USE;
/* segment_find adds the posts to *set that have the term, or with prefix one that begins so; ERR_ALTERED. */
enum err segment_find(const struct segment *segment, struct span term, bool prefix, struct post_set *set) MUST_USE;
/* segment_at reads term number i (< segment->terms) and its posts (ret_set NULL: without them); ERR_ALTERED. */
enum err segment_at(const struct segment *segment, uint32_t i, struct span *ret_term, struct post_set *ret_set)
    MUST_USE;

#endif
