/* admission.c: see admission.h. Called by gateway/exchange.c and core/ledger/service_admit.c. */
#include "core/admission.h"

#include <stdio.h>

#include "core/message/json_read.h"
#include "core/message/key_text.h"
#include "core/series_rule.h"
#include "core/template.h"

/* A post as create and edit carry it: the same members under the same names. */
struct written {
    struct span link;
    struct span timezone;
    const struct target_spec *targets;
    uint32_t target_count;
    const struct label *labels;
    uint32_t label_count;
    const struct pair *metadata;
    uint32_t metadata_count;
};

#define WRITTEN(command_)                                                                           \
    {                                                                                               \
        .link = (command_)->link, .timezone = (command_)->timezone, .targets = (command_)->targets, \
        .target_count = (command_)->targets_count, .labels = (command_)->labels,                    \
        .label_count = (command_)->labels_count, .metadata = (command_)->metadata,                  \
        .metadata_count = (command_)->metadata_count                                                \
    }

/* A template has no zone: its posts have. */
#define TEMPLATE_WRITTEN(command_)                                                                               \
    {                                                                                                            \
        .link = (command_)->link, .targets = (command_)->targets, .target_count = (command_)->targets_count,     \
        .labels = (command_)->labels, .label_count = (command_)->labels_count, .metadata = (command_)->metadata, \
        .metadata_count = (command_)->metadata_count                                                             \
    }

static const struct objection none = {.refusal = ACCEPTED};

/* http:// or https://, and a host; text after the scheme and the host's length. */
static bool split_url(struct span text, struct span *ret_rest, size_t *ret_host_len)
{
    const size_t scheme = span_starts_with(text, SPAN("https://"))  ? 8
                          : span_starts_with(text, SPAN("http://")) ? 7
                                                                    : 0;
    const struct span rest = span_of(text.data + scheme, text.len - scheme);
    size_t host = 0;
    while (host < rest.len && rest.data[host] != '/' && rest.data[host] != '?' && rest.data[host] != '#') {
        const uint8_t c = rest.data[host];
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '-' || c == ':' || c == '[' || c == ']';
        if (!good) {
            return false;
        }
        host++;
    }
    *ret_rest = rest;
    *ret_host_len = host;
    return scheme != 0 && host > 0;
}

/* An absolute http or https URL without white space or control characters. */
static bool is_url(struct span text)
{
    struct span rest;
    size_t host_len = 0;
    if (!split_url(text, &rest, &host_len)) {
        return false;
    }
    for (size_t i = host_len; i < rest.len; i++) {
        if (rest.data[i] <= ' ' || rest.data[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

/* An address without a path: http(s)://host[:port]. The guard that decides whether we may go there is the adapter's. */
static bool is_service(struct span text)
{
    struct span rest;
    size_t host_len = 0;
    return split_url(text, &rest, &host_len) && host_len == rest.len;
}

static bool is_object(struct span text, struct arena *arena)
{
    const struct json_node *node = NULL;
    return json_read(text, arena, &node) == OK && json_node_is(node, NODE_OBJECT);
}

/* The first member that nothing reads: a typo would publish the post's own text instead. at: where the object stands;
 * detail names what is known. */
static struct objection check_members(const struct json_node *object, const char *const *known, const char *at,
                                      const char *detail)
{
    for (const struct json_node *member = object->first; member != NULL; member = member->next) {
        const char *const *name = known;
        while (*name != NULL && !span_equal(member->name, span_text(*name))) {
            name++;
        }
        if (*name == NULL) {
            char param[OBJECTION_PARAM_MAX];
            struct buf out = buf_of(param, sizeof param - 1);
            buf_text(&out, at);
            buf_byte(&out, '/');
            json_pointer_token(&out, member->name);
            return object_at(REFUSED_field_unknown, buf_terminated(&out), detail);
        }
    }
    return none;
}

static struct objection check_variant(struct span variant, uint32_t index, struct arena *arena)
{
    static const char *const members[] = {"text", "parts", "link", "first_comment", NULL};
    static const char *const part_members[] = {"text", NULL};
    static const char may[] =
        "A variant may override text, parts, link and first_comment with values of the same form.";
    const struct channel_content nothing = {0};
    struct channel_content applied;
    const struct json_node *node = NULL;
    if (variant.data == NULL) {
        return none;
    }
    if (channel_content(&nothing, variant, arena, &applied) != OK || json_read(variant, arena, &node) != OK) {
        return object_in(REFUSED_field_invalid, "/targets", index, "/variant", may);
    }
    char at[OBJECTION_PARAM_MAX - JSON_POINTER_TOKEN_MAX - 1];
    (void)snprintf(at, sizeof at, "/targets/%u/variant", (unsigned)index);
    struct objection objection = check_members(node, members, at, may);
    const struct json_node *parts = json_node_member(node, "parts");
    if (objection.refusal == ACCEPTED && json_node_is(parts, NODE_LIST) &&
        json_node_is(json_node_member(node, "text"), NODE_TEXT)) {
        return object_in(REFUSED_field_invalid, "/targets", index, "/variant/parts", "Give either text or parts.");
    }
    const struct json_node *part = parts == NULL ? NULL : parts->first;
    for (uint32_t i = 0; objection.refusal == ACCEPTED && part != NULL; i++, part = part->next) {
        (void)snprintf(at, sizeof at, "/targets/%u/variant/parts/%u", (unsigned)index, (unsigned)i);
        objection = check_members(part, part_members, at, "A part of a variant has a text, nothing else.");
    }
    return objection;
}

/* The settings' members are the channel's own: its rendering names one that it does not know as a violation. */
static struct objection check_targets(const struct written *written, struct arena *arena)
{
    for (uint32_t i = 0; i < written->target_count; i++) {
        const struct target_spec *target = &written->targets[i];
        const struct objection objection = check_variant(target->variant, i, arena);
        if (objection.refusal != ACCEPTED) {
            return objection;
        }
        if (target->settings.data != NULL && !is_object(target->settings, arena)) {
            return object_in(REFUSED_field_invalid, "/targets", i, "/platform_settings", "An object is expected.");
        }
    }
    return none;
}

static struct objection check_names(const struct written *written)
{
    for (uint32_t i = 0; i < written->label_count; i++) {
        if (written->labels[i].name.len == 0) {
            return object_in(REFUSED_field_invalid, "/labels", i, "", "A label may not be empty.");
        }
    }
    for (uint32_t i = 0; i < written->metadata_count; i++) {
        if (written->metadata[i].key.len == 0) {
            return object_at(REFUSED_field_invalid, "/metadata", "A name may not be empty.");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (span_equal(written->metadata[k].key, written->metadata[i].key)) {
                return object_at(REFUSED_field_invalid, "/metadata", "A name may be there only once.");
            }
        }
    }
    return none;
}

static struct objection check_written(const struct admission *admission, const struct written *written,
                                      struct arena *arena)
{
    if (written->timezone.data != NULL && !zone_exists(admission->zones, written->timezone)) {
        return object_at(REFUSED_timezone_unknown, "/timezone", "An IANA name like Europe/Berlin is expected.");
    }
    if (written->link.len > LINK_BYTES_MAX) {
        return object_at(REFUSED_field_too_long, "/content/link", "More than 4,096 bytes.");
    }
    const struct objection objection = check_names(written);
    return objection.refusal != ACCEPTED ? objection : check_targets(written, arena);
}

/* Each post of a series goes out at the series' local time: a target has no instant of its own. */
static struct objection check_series(const struct admission *admission, const struct series_rule *rule,
                                     const struct written *written, struct arena *arena)
{
    struct recurrence recurrence;
    const struct rule_fault fault = series_rule_read(rule, &recurrence);
    if (fault.member != NULL) {
        char param[OBJECTION_PARAM_MAX];
        (void)snprintf(param, sizeof param, "/rule/%s", fault.member);
        return object_at(REFUSED_field_invalid, param, fault.detail);
    }
    for (uint32_t i = 0; i < written->target_count; i++) {
        if (written->targets[i].at_ms != 0) {
            return object_in(REFUSED_field_invalid, "/targets", i, "/at", "A series has one time for all targets.");
        }
    }
    if (!zone_exists(admission->zones, rule->timezone)) {
        return object_at(REFUSED_timezone_unknown, "/rule/timezone", "An IANA name like Europe/Berlin is expected.");
    }
    struct written content = *written;
    content.timezone = (struct span){0};
    return check_written(admission, &content, arena);
}

static struct objection check_resolution(const struct resolve_target_command *resolve)
{
    if (resolve->url.len > URL_BYTES_MAX) {
        return object_at(REFUSED_field_too_long, "/url", "More than 2,048 bytes.");
    }
    if (resolve->url.data != NULL && !is_url(resolve->url)) {
        return object_at(REFUSED_field_invalid, "/url", "An absolute http or https URL is expected.");
    }
    return none;
}

#define DETAIL_MAX 200

/* Which channels there are instead. */
static struct objection object_to_channel(const struct admission *admission, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, DETAIL_MAX);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : DETAIL_MAX);
    buf_text(&out, "This installation has no adapter for that channel; it has one for:");
    for (size_t i = 0; i < admission->channels->count; i++) {
        buf_text(&out, i == 0 ? " " : ", ");
        buf_text(&out, choice_word(&channel_words, admission->channels->items[i]->code));
    }
    buf_byte(&out, '.');
    return object_at(REFUSED_not_yet_available, "/channel", buf_terminated(&out));
}

static struct objection check_connect(const struct admission *admission,
                                      const struct connect_integration_command *connect, struct arena *arena)
{
    if (channel_find(admission->channels, (enum channel_code)connect->channel) == NULL) {
        return object_to_channel(admission, arena);
    }
    if (connect->identifier.len == 0) {
        return object_at(REFUSED_field_invalid, "/identifier", "The account's handle or DID is expected.");
    }
    if (connect->service.data != NULL && !is_service(connect->service)) {
        return object_at(REFUSED_field_invalid, "/service", "An address like https://bsky.social is expected.");
    }
    return none;
}

static bool is_slug(struct span text)
{
    bool good = text.len >= 1 && text.len <= SLUG_MAX;
    for (size_t i = 0; good && i < text.len; i++) {
        const uint8_t c = text.data[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return good;
}

/* 0: it stays as it is. */
static bool is_setting(uint64_t value_ms, int64_t min_ms, int64_t max_ms)
{
    return value_ms == 0 || (value_ms >= (uint64_t)min_ms && value_ms <= (uint64_t)max_ms);
}

static struct objection check_settings(const struct admission *admission, const struct change_workspace_command *change)
{
    if (change->slug.data != NULL && !is_slug(change->slug)) {
        return object_at(REFUSED_field_invalid, "/slug", "1 to 40 of a-z, 0-9 and - are expected.");
    }
    if (change->name.data != NULL && (change->name.len == 0 || change->name.len > WORKSPACE_NAME_MAX)) {
        return object_at(REFUSED_field_invalid, "/name", "1 to 200 bytes are expected.");
    }
    if (change->timezone.data != NULL && !zone_exists(admission->zones, change->timezone)) {
        return object_at(REFUSED_timezone_unknown, "/timezone", "An IANA name like Europe/Berlin is expected.");
    }
    if (!is_setting(change->max_lateness_ms, LATENESS_MIN_MS, LATENESS_MAX_MS)) {
        return object_at(REFUSED_field_invalid, "/max_lateness_ms", "A minute to 366 days, in milliseconds.");
    }
    if (!is_setting(change->late_spacing_ms, SPACING_MIN_MS, SPACING_MAX_MS)) {
        return object_at(REFUSED_field_invalid, "/late_spacing_ms", "A second to a day, in milliseconds.");
    }
    return none;
}

static struct objection check_slot(const char *at, uint64_t weekday, uint64_t minute)
{
    const bool good = weekday >= 1 && weekday <= 7 && minute < UINT64_C(24) * 60;
    return good ? none : object_at(REFUSED_field_invalid, at, "A weekday and a time of the day are expected.");
}

static struct objection check_queue(const struct admission *admission, const struct change_queue_command *change)
{
    if (change->timezone.data != NULL && !zone_exists(admission->zones, change->timezone)) {
        return object_at(REFUSED_timezone_unknown, "/timezone", "An IANA name like Europe/Berlin is expected.");
    }
    for (uint32_t i = 0; i < change->slots_count; i++) {
        const struct weekly_slot *slot = &change->slots[i];
        char at[OBJECTION_PARAM_MAX];
        (void)snprintf(at, sizeof at, "/slots/%u", (unsigned)i);
        const struct objection objection = check_slot(at, slot->weekday, slot->minute);
        if (objection.refusal != ACCEPTED) {
            return objection;
        }
    }
    return none;
}

/* What a template has in common with posts, then what it has of its own. */
static struct objection check_template(const struct admission *admission, const struct written *written,
                                       const struct template_form *form, struct arena *arena)
{
    const struct objection objection = check_written(admission, written, arena);
    return objection.refusal != ACCEPTED ? objection : template_check(form, arena);
}

struct objection admission_check(const struct admission *admission, const struct command *command, struct arena *arena)
{
    if (command->misgiven.unknown.record != NULL) {
        return objection_to_unknown(&command->misgiven.unknown, arena);
    }
    if (command->misgiven.odd.field != NULL) {
        return objection_to_odd(&command->misgiven.odd);
    }
    switch (command->code) {
    case COMMAND_create_post: {
        const struct written written = WRITTEN(&command->create_post);
        return check_written(admission, &written, arena);
    }
    case COMMAND_edit_post: {
        const struct written written = WRITTEN(&command->edit_post);
        return check_written(admission, &written, arena);
    }
    case COMMAND_create_series: {
        const struct written written = WRITTEN(&command->create_series);
        struct series_rule rule;
        SERIES_RULE_COPY(&rule, &command->create_series);
        return check_series(admission, &rule, &written, arena);
    }
    case COMMAND_change_series: {
        const struct written written = WRITTEN(&command->change_series);
        struct series_rule rule;
        SERIES_RULE_COPY(&rule, &command->change_series);
        return check_series(admission, &rule, &written, arena);
    }
    case COMMAND_create_template: {
        const struct written written = TEMPLATE_WRITTEN(&command->create_template);
        const struct template_form form = TEMPLATE_FORM(&command->create_template);
        return check_template(admission, &written, &form, arena);
    }
    case COMMAND_change_template: {
        const struct written written = TEMPLATE_WRITTEN(&command->change_template);
        const struct template_form form = TEMPLATE_FORM(&command->change_template);
        return check_template(admission, &written, &form, arena);
    }
    case COMMAND_resolve_target:
        return check_resolution(&command->resolve_target);
    case COMMAND_connect_integration:
        return check_connect(admission, &command->connect_integration, arena);
    case COMMAND_create_key:
        return key_name_is_valid(command->create_key.name)
                   ? none
                   : object_at(REFUSED_field_invalid, "/name", "1 to 24 of a-z, 0-9 and - are expected.");
    case COMMAND_create_workspace: {
        const struct create_workspace_command *create = &command->create_workspace;
        const struct change_workspace_command settings = {.slug = create->slug,
                                                          .name = create->name,
                                                          .timezone = create->timezone,
                                                          .max_lateness_ms = create->max_lateness_ms,
                                                          .late_spacing_ms = create->late_spacing_ms};
        return check_settings(admission, &settings);
    }
    case COMMAND_change_workspace:
        return check_settings(admission, &command->change_workspace);
    case COMMAND_change_queue:
        return check_queue(admission, &command->change_queue);
    case COMMAND_add_slot:
        return check_slot("/weekday", command->add_slot.weekday, command->add_slot.minute);
    case COMMAND_pause_workspace:
        return command->pause_workspace.reason.len > REASON_BYTES_MAX
                   ? object_at(REFUSED_field_too_long, "/reason", "More than 1,000 bytes.")
                   : none;
    default:
        return none;
    }
}
