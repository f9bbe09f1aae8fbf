/* bluesky_split.c: one text over the limit becomes the parts of a thread. Three lists of offsets (clusters, sentences,
 * line breaks) are computed once; then each piece takes as many clusters as fit and steps back to the best place to
 * cut. Called by the rendering. Pure. */
#include "adapters/bluesky_text.h"

#include "core/base/assert.h"
#include "core/text/text_measure.h"

struct splitter {
    struct span text;
    struct text_breaks clusters;
    struct text_breaks sentences;
    struct text_breaks lines;
    struct bluesky_marks marks;
};

enum err bluesky_fits(struct span text, bool *ret_fits, uint32_t *ret_clusters)
{
    uint32_t clusters = 0;
    if (text.len <= BLUESKY_COUNTED_MAX) {
        TRY(text_clusters(text, &clusters));
    }
    *ret_fits = clusters <= BLUESKY_CLUSTERS_MAX && text.len <= BLUESKY_BYTES_MAX;
    *ret_clusters = clusters;
    return OK;
}

/* The mark that the offset would cut in two, NULL when none. */
static const struct bluesky_mark *mark_around(const struct splitter *splitter, uint32_t offset)
{
    for (uint32_t i = 0; i < splitter->marks.count && splitter->marks.items[i].start < offset; i++) {
        if (splitter->marks.items[i].end > offset) {
            return &splitter->marks.items[i];
        }
    }
    return NULL;
}

/* The last end in (start, limit] that cuts no mark; start when there is none. */
static uint32_t last_end(const struct splitter *splitter, const struct text_breaks *breaks, uint32_t start,
                         uint32_t limit)
{
    uint32_t best = start;
    for (uint32_t i = 0; i < breaks->count && breaks->ends[i] <= limit; i++) {
        if (breaks->ends[i] > best && mark_around(splitter, breaks->ends[i]) == NULL) {
            best = breaks->ends[i];
        }
    }
    return best;
}

/* How far the clusters from start reach within the limits of one part; start when not even one fits. */
static uint32_t reach(const struct splitter *splitter, uint32_t start)
{
    uint32_t end = start;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < splitter->clusters.count && taken < BLUESKY_CLUSTERS_MAX; i++) {
        const uint32_t next = splitter->clusters.ends[i];
        if (next <= start) {
            continue;
        }
        if (next - start > BLUESKY_BYTES_MAX) {
            break;
        }
        end = next;
        taken++;
    }
    return end;
}

static enum bluesky_split_fault cut(const struct splitter *splitter, uint32_t start, uint32_t *ret_end)
{
    const uint32_t limit = reach(splitter, start);
    if (limit == start) {
        return SPLIT_CLUSTER;
    }
    if (limit == splitter->text.len) {
        *ret_end = limit;
        return SPLIT_OK;
    }
    uint32_t end = last_end(splitter, &splitter->sentences, start, limit);
    if (end - start < (limit - start) / 2) {
        end = last_end(splitter, &splitter->lines, start, limit);
    }
    if (end == start) {
        end = last_end(splitter, &splitter->clusters, start, limit);
    }
    if (end == start) {
        return SPLIT_UNBREAKABLE;
    }
    *ret_end = end;
    return SPLIT_OK;
}

/* The first byte from start on that is not white space. */
static uint32_t skip_space(struct span text, uint32_t start)
{
    size_t at = start;
    while (at < text.len) {
        size_t next = at;
        if (!text_is_space(text_next(text, &next))) {
            break;
        }
        at = next;
    }
    return (uint32_t)at;
}

/* More than so many bytes without its white space, of which any may fall between two pieces. */
static bool is_beyond(struct span text, size_t most)
{
    size_t solid = 0;
    for (size_t at = 0; at < text.len && text.len - at > most - solid;) {
        size_t next = at;
        solid += text_is_space(text_next(text, &next)) ? 0 : next - at;
        if (solid > most) {
            return true;
        }
        at = next;
    }
    return false;
}

enum err bluesky_split(struct span text, uint32_t pieces_max, struct arena *arena, struct bluesky_pieces *ret_pieces)
{
    ASSERT(pieces_max > 0 && pieces_max <= BLUESKY_PIECES_MAX);
    struct bluesky_pieces pieces = {.fault = SPLIT_OK, .items = {text}, .count = 1};
    if (is_beyond(text, (size_t)pieces_max * BLUESKY_BYTES_MAX)) {
        pieces.fault = SPLIT_TOO_MANY;
        *ret_pieces = pieces;
        return OK;
    }
    bool fits = false;
    uint32_t clusters = 0;
    TRY(bluesky_fits(text, &fits, &clusters));
    if (fits) {
        *ret_pieces = pieces;
        return OK;
    }
    struct splitter splitter = {.text = text};
    TRY(text_breaks_find(text, TEXT_CLUSTER, arena, &splitter.clusters));
    TRY(text_breaks_find(text, TEXT_SENTENCE, arena, &splitter.sentences));
    TRY(text_breaks_find(text, TEXT_LINE, arena, &splitter.lines));
    TRY(bluesky_marks_find(text, arena, &splitter.marks));
    pieces.count = 0;
    for (uint32_t start = skip_space(text, 0); start < text.len && pieces.fault == SPLIT_OK;) {
        uint32_t end = start;
        pieces.fault = pieces.count == pieces_max ? SPLIT_TOO_MANY : cut(&splitter, start, &end);
        if (pieces.fault == SPLIT_OK) {
            pieces.items[pieces.count] = text_trim(span_of(text.data + start, end - start));
            pieces.count++;
            start = skip_space(text, end);
        }
    }
    *ret_pieces = pieces;
    return OK;
}
