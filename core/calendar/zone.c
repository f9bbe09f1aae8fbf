/* zone.c: wall-clock time of IANA zones, through ICU's calendars. Called by the gateway, projections and whoever fills
 * a queue's slots; never by a decider: what ICU says today may differ from what it said when an event was decided. The
 * one file of core that knows ICU.
 *
 * A calendar costs 2 us to open and 0.3 us to ask, so the last ones used are kept. A UCalendar changes when it is
 * asked: hence one struct zones per thread. */
#include "core/calendar/zone.h"

#include <stdlib.h>
#include <unicode/ucal.h>

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/calendar/instant.h"

#define ZONES_MAX 64    /* calendars kept; an agency's posts rarely name more */
#define NAME_LEN_MAX 40 /* bytes; the longest of IANA has 32 */
#define LEGACY_NAME_LEN 3

struct entry {
    UCalendar *calendar;
    uint64_t used; /* the greater, the later */
    size_t name_len;
    char name[NAME_LEN_MAX];
};

struct zones {
    uint64_t uses;
    size_t count;
    struct entry entries[ZONES_MAX];
};

/* Names of three capitals that IANA has; every other such name ("PST", "IST") is an abbreviation of ICU's own. */
static bool is_iana_abbreviation(struct span name)
{
    static const char *const names[] = {"CET", "EET", "EST", "GMT", "HST", "MET", "MST",
                                        "PRC", "ROC", "ROK", "UCT", "UTC", "WET"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (span_equal(name, span_text(names[i]))) {
            return true;
        }
    }
    return false;
}

/* Names that ICU takes for zones of its system though IANA has no such zone. */
static bool is_icu_invention(struct span name)
{
    if (span_starts_with(name, SPAN("SystemV/")) || span_equal(name, SPAN("Etc/Unknown"))) {
        return true;
    }
    if (name.len != LEGACY_NAME_LEN || is_iana_abbreviation(name)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < 'A' || name.data[i] > 'Z') {
            return false;
        }
    }
    return true;
}

/* Zone names are ASCII; widened to the UTF-16 that ICU wants. */
static bool widen(struct span name, UChar *ret_wide)
{
    if (name.len == 0 || name.len > NAME_LEN_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~') {
            return false;
        }
        ret_wide[i] = name.data[i];
    }
    return true;
}

static enum err calendar_open(struct span name, UCalendar **ret_calendar)
{
    UChar wide[NAME_LEN_MAX];
    UChar canonical[NAME_LEN_MAX * 2];
    UErrorCode status = U_ZERO_ERROR;
    UBool is_system = false;
    if (!widen(name, wide) || is_icu_invention(name)) {
        return ERR_NOT_FOUND;
    }
    (void)ucal_getCanonicalTimeZoneID(wide, (int32_t)name.len, canonical, NAME_LEN_MAX * 2, &is_system, &status);
    if (U_FAILURE(status) || !is_system) {
        return ERR_NOT_FOUND;
    }
    UCalendar *calendar = ucal_open(wide, (int32_t)name.len, "en_US_POSIX", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status) || calendar == NULL) {
        ucal_close(calendar);
        return status == U_MEMORY_ALLOCATION_ERROR ? ERR_NO_MEMORY : ERR_UNSUPPORTED;
    }
    ucal_setAttribute(calendar, UCAL_LENIENT, 1); /* or a skipped time would be an error */
    ucal_setAttribute(calendar, UCAL_SKIPPED_WALL_TIME, UCAL_WALLTIME_NEXT_VALID);
    ucal_setAttribute(calendar, UCAL_REPEATED_WALL_TIME, UCAL_WALLTIME_FIRST);
    *ret_calendar = calendar;
    return OK;
}

/* The entry to fill: a new one, or the one used longest ago. */
static struct entry *entry_take(struct zones *zones)
{
    if (zones->count < ZONES_MAX) {
        zones->count++;
        return &zones->entries[zones->count - 1];
    }
    struct entry *oldest = &zones->entries[0];
    for (size_t i = 1; i < zones->count; i++) {
        if (zones->entries[i].used < oldest->used) {
            oldest = &zones->entries[i];
        }
    }
    ucal_close(oldest->calendar);
    return oldest;
}

static enum err calendar_of(struct zones *zones, struct span name, UCalendar **ret_calendar)
{
    zones->uses++;
    for (size_t i = 0; i < zones->count; i++) {
        struct entry *entry = &zones->entries[i];
        if (span_equal(name, span_of(entry->name, entry->name_len))) {
            entry->used = zones->uses;
            *ret_calendar = entry->calendar;
            return OK;
        }
    }
    UCalendar *calendar = NULL;
    TRY(calendar_open(name, &calendar));
    struct entry *entry = entry_take(zones);
    *entry = (struct entry){.calendar = calendar, .used = zones->uses, .name_len = name.len};
    memcpy(entry->name, name.data, name.len);
    *ret_calendar = calendar;
    return OK;
}

/* Zones with a summer time and without show that the data is there. */
static bool data_is_there(struct zones *zones)
{
    UErrorCode status = U_ZERO_ERROR;
    (void)ucal_getTZDataVersion(&status);
    return U_SUCCESS(status) && zone_exists(zones, SPAN("UTC")) && zone_exists(zones, SPAN("America/New_York"));
}

enum err zones_open(struct zones **ret_zones)
{
    OWNED(zones_close) struct zones *zones = calloc(1, sizeof *zones);
    if (zones == NULL) {
        return ERR_NO_MEMORY;
    }
    if (!data_is_there(zones)) {
        return ERR_UNSUPPORTED;
    }
    *ret_zones = zones;
    zones = NULL;
    return OK;
}

void zones_close(struct zones *zones)
{
    if (zones == NULL) {
        return;
    }
    for (size_t i = 0; i < zones->count; i++) {
        ucal_close(zones->entries[i].calendar);
    }
    free(zones);
}

bool zone_exists(struct zones *zones, struct span name)
{
    UCalendar *calendar = NULL;
    return calendar_of(zones, name, &calendar) == OK;
}

enum err zone_offset(struct zones *zones, struct span name, int64_t time_ms, int *ret_minutes)
{
    UCalendar *calendar = NULL;
    TRY(calendar_of(zones, name, &calendar));
    UErrorCode status = U_ZERO_ERROR;
    ucal_setMillis(calendar, (UDate)time_ms, &status);
    const int64_t offset_ms =
        (int64_t)ucal_get(calendar, UCAL_ZONE_OFFSET, &status) + ucal_get(calendar, UCAL_DST_OFFSET, &status);
    if (U_FAILURE(status)) {
        return ERR_RANGE;
    }
    *ret_minutes = (int)(offset_ms / MINUTE_MS);
    return OK;
}

enum err zone_to_utc(struct zones *zones, struct span name, int year, int month, int day, int hour, int minute,
                     int64_t *ret_ms)
{
    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > instant_days_in_month(year, month) ||
        hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return ERR_RANGE;
    }
    UCalendar *calendar = NULL;
    TRY(calendar_of(zones, name, &calendar));
    UErrorCode status = U_ZERO_ERROR;
    ucal_clear(calendar);
    ucal_setDateTime(calendar, year, month - 1, day, hour, minute, 0, &status);
    const UDate millis = ucal_getMillis(calendar, &status);
    if (U_FAILURE(status)) {
        return ERR_RANGE;
    }
    *ret_ms = (int64_t)millis;
    return OK;
}
