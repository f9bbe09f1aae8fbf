/* zone.c: wall-clock time of IANA zones. Called by the gateway, projections and whoever fills a queue's slots; never by
 * a decider: what tzdata says today may differ from what it said when an event was decided.
 *
 * The system's tzdata is asked, not ICU: Debian renews tzdata with every release of IANA, but the copy inside its ICU
 * stays as old as the library (Debian 12: 2022e, so that Mexico, Egypt, Greenland and thirty other zones are an hour
 * wrong for months of 2027). The names are those of tzdata.zi, IANA's own text form, in which a line "Z name …" is a
 * zone and, behind all zones, "L target name" a link; the clocks' changes come from the zones' compiled files beside it
 * (tzif.h). Links need no files: some systems keep those of old names in a package apart. */
#include "core/calendar/zone.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "core/calendar/instant.h"
#include "core/calendar/tzif.h"

#define ZONES_MAX 2000                    /* IANA has 600 */
#define LIST_BYTES_MAX ((size_t)1 << 20)  /* tzdata.zi has 110 KB */
#define FILE_BYTES_MAX ((size_t)64 << 10) /* the longest zone file has 3.6 KB */
#define MEMORY_MAX ((size_t)16 << 20)
#define PATH_LEN_MAX 512
#define TIME_LIMIT_S INT64_C(253402300800) /* 10000-01-01 */

struct zone {
    struct span name;
    struct tzif clock;
};

struct zones {
    struct arena arena;
    size_t count;
    struct zone zones[ZONES_MAX]; /* sorted by name */
};

/* What reading needs and nobody afterwards. */
struct loader {
    struct zones *zones;
    const char *folder;
    uint8_t *list; /* LIST_BYTES_MAX */
    uint8_t *file; /* FILE_BYTES_MAX */
};

static struct span next_word(struct span *rest, uint8_t end)
{
    const size_t len = span_find(*rest, end);
    const struct span word = span_of(rest->data, len);
    const size_t used = len < rest->len ? len + 1 : len;
    *rest = span_of(rest->data + used, rest->len - used);
    return word;
}

/* The file of a zone, below the folder. Names come from tzdata.zi; one that would lead elsewhere has no place in it. */
static enum err zone_path(const struct loader *loader, struct span name, char *path, size_t cap)
{
    struct buf buf = buf_of(path, cap);
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '.') {
            return ERR_MALFORMED;
        }
    }
    buf_text(&buf, loader->folder);
    buf_byte(&buf, '/');
    buf_put(&buf, name);
    return buf_terminated(&buf) == NULL ? ERR_TOO_LONG : OK;
}

static enum err add_zone(struct zones *zones, struct span name, const struct tzif *clock)
{
    if (name.len == 0 || zones->count == ZONES_MAX) {
        return ERR_MALFORMED;
    }
    struct zone *zone = &zones->zones[zones->count];
    zone->clock = *clock;
    TRY(arena_copy(&zones->arena, name, &zone->name));
    zones->count++;
    return OK;
}

static enum err load_zone(struct loader *loader, struct span name)
{
    char path[PATH_LEN_MAX];
    struct buf file = buf_of(loader->file, FILE_BYTES_MAX);
    struct tzif clock;
    TRY(zone_path(loader, name, path, sizeof path));
    TRY(file_read(path, &file));
    TRY(tzif_read(buf_span(&file), &loader->zones->arena, &clock));
    return add_zone(loader->zones, name, &clock);
}

/* Its clock is its target's. */
static enum err load_link(struct zones *zones, struct span name, struct span target)
{
    for (size_t i = 0; i < zones->count; i++) {
        if (span_equal(zones->zones[i].name, target)) {
            return add_zone(zones, name, &zones->zones[i].clock);
        }
    }
    return ERR_MALFORMED;
}

static enum err load_line(struct loader *loader, struct span line)
{
    const struct span word = next_word(&line, ' ');
    if (span_equal(word, SPAN("Z"))) {
        const struct span name = next_word(&line, ' ');
        return span_equal(name, SPAN("Factory")) ? OK
                                                 : load_zone(loader, name); /* IANA's word for: nobody has set one */
    }
    if (span_equal(word, SPAN("L"))) {
        const struct span target = next_word(&line, ' ');
        return load_link(loader->zones, next_word(&line, ' '), target);
    }
    return OK; /* a rule, a zone's further line, a comment */
}

static int compare_zones(const void *a, const void *b)
{
    return span_compare(((const struct zone *)a)->name, ((const struct zone *)b)->name);
}

static enum err load_all(struct loader *loader)
{
    char path[PATH_LEN_MAX];
    TRY(path_join(path, sizeof path, loader->folder, "tzdata.zi"));
    struct zones *zones = loader->zones;
    struct buf text = buf_of(loader->list, LIST_BYTES_MAX);
    TRY(file_read(path, &text));
    for (struct span rest = buf_span(&text); rest.len > 0;) {
        TRY(load_line(loader, next_word(&rest, '\n')));
    }
    qsort(zones->zones, zones->count, sizeof *zones->zones, compare_zones);
    return zone_exists(zones, SPAN("UTC")) ? OK : ERR_MALFORMED;
}

enum err zones_open_at(const char *folder, struct zones **ret_zones)
{
    OWNED(zones_close) struct zones *zones = calloc(1, sizeof *zones);
    if (zones == NULL) {
        return ERR_NO_MEMORY;
    }
    arena_init(&zones->arena, MEMORY_MAX);
    struct loader loader = {
        .zones = zones, .folder = folder, .list = malloc(LIST_BYTES_MAX), .file = malloc(FILE_BYTES_MAX)};
    const enum err err = loader.list == NULL || loader.file == NULL ? ERR_NO_MEMORY : load_all(&loader);
    free(loader.list);
    free(loader.file);
    if (err != OK) {
        return err == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_UNSUPPORTED;
    }
    *ret_zones = zones;
    zones = NULL;
    return OK;
}

enum err zones_open(struct zones **ret_zones)
{
    return zones_open_at(ZONES_FOLDER, ret_zones);
}

void zones_close(struct zones *zones)
{
    if (zones != NULL) {
        arena_done(&zones->arena);
        free(zones);
    }
}

static const struct tzif *clock_of(const struct zones *zones, struct span name)
{
    const struct zone key = {.name = name};
    const struct zone *zone = bsearch(&key, zones->zones, zones->count, sizeof *zones->zones, compare_zones);
    return zone == NULL ? NULL : &zone->clock;
}

bool zone_exists(const struct zones *zones, struct span name)
{
    return clock_of(zones, name) != NULL;
}

enum err zone_clock(const struct zones *zones, struct span name, int64_t time_s, int32_t *ret_offset_s,
                    int64_t *ret_until_s)
{
    const struct tzif *clock = clock_of(zones, name);
    if (clock == NULL) {
        return ERR_NOT_FOUND;
    }
    if (time_s >= TIME_LIMIT_S) {
        return ERR_RANGE;
    }
    *ret_offset_s = tzif_offset(clock, time_s, ret_until_s);
    return OK;
}

enum err zone_offset(const struct zones *zones, struct span name, int64_t time_ms, int *ret_minutes)
{
    int32_t offset_s = 0;
    int64_t until_s = 0;
    TRY(zone_clock(zones, name, time_ms < 0 ? 0 : time_ms / SECOND_MS, &offset_s, &until_s));
    *ret_minutes = offset_s / 60;
    return OK;
}
