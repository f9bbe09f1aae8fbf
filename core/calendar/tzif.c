/* tzif.c: see tzif.h. Called by zone.c for every zone at its start, and for each conversion. A zone file is the
 * system's, but it may be cut off or of another format: nothing in it is believed before it is checked. */
#include "core/calendar/tzif.h"

#include "core/base/assert.h"

#define HEADER_LEN 44
#define OFFSET_MAX_S (26 * 3600) /* RFC 9636 section 3.2: seldom beyond -12 and +14 hours, never beyond this */
#define KEPT_SINCE_S ((int64_t)-2 * 86400) /* local times of 1 January 1970 need the day before */

/* The counts of a header, in the order of the file. */
struct counts {
    uint32_t isut;
    uint32_t isstd;
    uint32_t leap;
    uint32_t time;
    uint32_t type;
    uint32_t character;
};

static enum err take(struct span *bytes, size_t len, struct span *ret_taken)
{
    if (len > bytes->len) {
        return ERR_TRUNCATED;
    }
    *ret_taken = span_of(bytes->data, len);
    *bytes = span_of(bytes->data + len, bytes->len - len);
    return OK;
}

static enum err take_header(struct span *bytes, struct counts *ret_counts)
{
    struct span header;
    TRY(take(bytes, HEADER_LEN, &header));
    if (!span_starts_with(header, SPAN("TZif"))) {
        return ERR_MALFORMED;
    }
    if (header.data[4] < '2') {
        return ERR_UNSUPPORTED;
    }
    *ret_counts = (struct counts){.isut = get_be32(header.data + 20),
                                  .isstd = get_be32(header.data + 24),
                                  .leap = get_be32(header.data + 28),
                                  .time = get_be32(header.data + 32),
                                  .type = get_be32(header.data + 36),
                                  .character = get_be32(header.data + 40)};
    return OK;
}

/* Of a data block whose instants have time_len bytes: 32-bit counts cannot overflow 64 bits. */
static uint64_t block_len(const struct counts *counts, uint64_t time_len)
{
    return counts->time * (time_len + 1) + counts->type * UINT64_C(6) + counts->character +
           counts->leap * (time_len + 4) + counts->isstd + (uint64_t)counts->isut;
}

static int64_t time_at(struct span times, size_t i)
{
    return (int64_t)get_be64(times.data + i * 8);
}

/* types: six bytes each: offset, is summer time, index of the abbreviation. */
static enum err offset_of_type(struct span types, size_t type, int32_t *ret_offset_s)
{
    if ((type + 1) * 6 > types.len) {
        return ERR_MALFORMED;
    }
    const int32_t offset_s = (int32_t)get_be32(types.data + type * 6);
    if (offset_s < -OFFSET_MAX_S || offset_s > OFFSET_MAX_S) {
        return ERR_MALFORMED;
    }
    *ret_offset_s = offset_s;
    return OK;
}

/* Walks the changes in the file. Those of nothing but the name and those long ago are left out; the others are counted
 * and, where times is not NULL, kept. */
static enum err walk(struct span times, struct span indexes, struct span types, struct tzif *zone, int64_t *kept_times,
                     int32_t *kept_offsets_s)
{
    zone->count = 0;
    TRY(offset_of_type(types, 0, &zone->first_s));
    int32_t before_s = zone->first_s;
    for (size_t i = 0; i < indexes.len; i++) {
        int32_t offset_s = 0;
        TRY(offset_of_type(types, indexes.data[i], &offset_s));
        if (i > 0 && time_at(times, i) <= time_at(times, i - 1)) {
            return ERR_MALFORMED;
        }
        if (time_at(times, i) < KEPT_SINCE_S) {
            zone->first_s = offset_s;
        } else if (offset_s != before_s) {
            if (kept_times != NULL) {
                kept_times[zone->count] = time_at(times, i);
                kept_offsets_s[zone->count] = offset_s;
            }
            zone->count++;
        }
        before_s = offset_s;
    }
    zone->rule_since = indexes.len > 0 ? time_at(times, indexes.len - 1) : INT64_MIN;
    return OK;
}

static enum err keep(struct span times, struct span indexes, struct span types, struct arena *arena, struct tzif *zone)
{
    TRY(walk(times, indexes, types, zone, NULL, NULL));
    int64_t *kept_times = arena_alloc(arena, zone->count * sizeof *kept_times);
    int32_t *kept_offsets_s = arena_alloc(arena, zone->count * sizeof *kept_offsets_s);
    if (kept_times == NULL || kept_offsets_s == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(walk(times, indexes, types, zone, kept_times, kept_offsets_s));
    zone->times = kept_times;
    zone->offsets_s = kept_offsets_s;
    return OK;
}

static enum err read_block(struct span block, const struct counts *counts, struct arena *arena, struct tzif *zone)
{
    struct span times;
    struct span indexes;
    struct span types;
    TRY(take(&block, (size_t)counts->time * 8, &times));
    TRY(take(&block, counts->time, &indexes));
    TRY(take(&block, (size_t)counts->type * 6, &types));
    return keep(times, indexes, types, arena, zone);
}

/* A newline, a rule or nothing, a newline. */
static enum err read_footer(struct span footer, struct tzif *zone)
{
    if (footer.len < 2) {
        return ERR_TRUNCATED;
    }
    const struct span text = span_of(footer.data + 1, footer.len - 2);
    if (footer.data[0] != '\n' || footer.data[footer.len - 1] != '\n') {
        return ERR_MALFORMED;
    }
    if (span_find(text, '\n') < text.len) {
        return ERR_TRAILING;
    }
    if (text.len > 0) {
        TRY(tz_rule_parse(text, &zone->rule));
        zone->has_rule = true;
    }
    return OK;
}

enum err tzif_read(struct span bytes, struct arena *arena, struct tzif *ret_zone)
{
    struct counts counts;
    struct span block;
    struct tzif zone = {0};
    TRY(take_header(&bytes, &counts));
    TRY(take(&bytes, block_len(&counts, 4), &block)); /* for readers of version 1 */
    TRY(take_header(&bytes, &counts));
    TRY(take(&bytes, block_len(&counts, 8), &block));
    TRY(read_block(block, &counts, arena, &zone));
    TRY(read_footer(bytes, &zone));
    *ret_zone = zone;
    return OK;
}

/* How many changes are at or before time_s. */
static uint32_t changes_until(const struct tzif *zone, int64_t time_s)
{
    uint32_t low = 0;
    uint32_t high = zone->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= time_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int32_t tzif_offset(const struct tzif *zone, int64_t time_s, int64_t *ret_next)
{
    if (zone->has_rule && time_s >= zone->rule_since) {
        return tz_rule_offset(&zone->rule, time_s, ret_next);
    }
    const uint32_t passed = changes_until(zone, time_s);
    *ret_next = passed < zone->count ? zone->times[passed] : zone->has_rule ? zone->rule_since : INT64_MAX;
    return passed == 0 ? zone->first_s : zone->offsets_s[passed - 1];
}
