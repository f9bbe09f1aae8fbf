/* founding.c: see founding.h. A crash between its commands leaves a workspace without an owner's key, which openpost
 * key makes. */
#include "tools/founding.h"

#include <stdio.h>

#include "core/base/clock.h"
#include "core/calendar/zone.h"
#include "tools/tools.h"

static struct id mint(enum id_kind kind, int64_t now_ms)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, now_ms, randomness);
}

static enum err accepted(const char *command, const struct answer *answer)
{
    if (answer->refusal != ACCEPTED) {
        (void)fprintf(stderr, "openpost %s: %s\n", command, refusal_desc((enum refusal)answer->refusal)->title);
        return ERR_CONFLICT;
    }
    return OK;
}

static enum err decide(const char *name, struct operator_hand *hand, struct command *command)
{
    struct answer answer;
    TRY(operator_command(hand, command, &answer));
    return accepted(name, &answer);
}

enum err founding_make(const char *name, struct operator_hand *hand, const struct founding *founding,
                       struct id *ret_workspace_id, char ret_key[KEY_TEXT_MAX])
{
    const int64_t now_ms = clock_wall_ms();
    struct command command = {.code = COMMAND_create_workspace};
    const struct id workspace_id = mint(ID_WORKSPACE, now_ms);
    command.workspace_id = workspace_id;
    command.stream = workspace_id;
    command.create_workspace.workspace_id = workspace_id;
    command.create_workspace.slug = founding->slug;
    command.create_workspace.name = founding->name;
    command.create_workspace.timezone = founding->timezone;
    command.create_workspace.max_lateness_ms = (uint64_t)founding->max_lateness_ms;
    command.create_workspace.late_spacing_ms = (uint64_t)founding->late_spacing_ms;
    TRY(decide(name, hand, &command));
    struct id key_id;
    struct answer answer;
    TRY(key_create(hand, &workspace_id, SPAN("owner"), ROLE_OWNER, 0, &key_id, ret_key, &answer));
    TRY(accepted(name, &answer));
    *ret_workspace_id = workspace_id;
    return OK;
}

static bool names_are_valid(const char *command, const struct founding *founding)
{
    bool good = founding->slug.len >= 1 && founding->slug.len <= SLUG_MAX;
    for (size_t i = 0; good && i < founding->slug.len; i++) {
        const uint8_t c = founding->slug.data[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    if (!good) {
        (void)fprintf(stderr, "openpost %s: --slug %.*s: expected 1 to 40 of a-z, 0-9 and -\n", command,
                      (int)founding->slug.len, (const char *)founding->slug.data);
        return false;
    }
    if (founding->name.len == 0 || founding->name.len > WORKSPACE_NAME_MAX || !span_is_utf8(founding->name)) {
        (void)fprintf(stderr, "openpost %s: --name: expected 1 to 200 bytes of UTF-8\n", command);
        return false;
    }
    OWNED(zones_close) struct zones *zones = NULL;
    const enum err err = zones_open(&zones);
    if (err != OK || !zone_exists(zones, founding->timezone)) {
        (void)fprintf(
            stderr,
            "openpost %s: --timezone %.*s: expected an IANA zone, like Europe/Berlin, that this machine knows "
            "(is tzdata installed?)\n",
            command, (int)founding->timezone.len, (const char *)founding->timezone.data);
        return false;
    }
    return true;
}

struct bounds {
    const char *option;
    const char *expected;
    int64_t min_ms, max_ms, default_ms;
};

static bool read_time(const char *command, const char *text, const struct bounds *bounds, int64_t *ret_ms)
{
    int64_t time_ms = bounds->default_ms;
    if (text != NULL && (!duration_parse(text, &time_ms) || time_ms < bounds->min_ms || time_ms > bounds->max_ms)) {
        (void)fprintf(stderr, "openpost %s: %s %s: expected %s\n", command, bounds->option, text, bounds->expected);
        return false;
    }
    *ret_ms = time_ms;
    return true;
}

bool founding_read(const char *command, const struct founding_words *words, struct founding *ret_founding)
{
    static const struct bounds lateness = {"--max-lateness", "a time of 1m to 366d, like 6h", LATENESS_MIN_MS,
                                           LATENESS_MAX_MS, MAX_LATENESS_DEFAULT_MS};
    static const struct bounds spacing = {"--late-spacing", "a time of 1s to 1d, like 60s", SPACING_MIN_MS,
                                          SPACING_MAX_MS, LATE_SPACING_DEFAULT_MS};
    *ret_founding = (struct founding){.slug = span_text(words->slug),
                                      .name = span_text(words->name),
                                      .timezone = span_text(words->timezone != NULL ? words->timezone : "UTC")};
    return names_are_valid(command, ret_founding) &&
           read_time(command, words->max_lateness, &lateness, &ret_founding->max_lateness_ms) &&
           read_time(command, words->late_spacing, &spacing, &ret_founding->late_spacing_ms);
}
