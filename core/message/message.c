/* message.c: the descriptors of every record, event and command, stamped out of the .def files: data only. */
#include "core/message/message.h"

#include "core/base/assert.h"

/* Each table ends in an empty row, so that a message without fields is legal C too. Inside each function `self` is the
 * struct that the offsets count from. */
#define TABLE_END(code_, name_, doc_)                                                           \
    {                                                                                           \
        .name = NULL                                                                            \
    }                                                                                           \
    }                                                                                           \
    ;                                                                                           \
    static const struct record_desc desc = {.code = (code_),                                    \
                                            .name = #name_,                                     \
                                            .doc = (doc_),                                      \
                                            .size = sizeof(self),                               \
                                            .fields = fields,                                   \
                                            .field_count = sizeof fields / sizeof *fields - 1}; \
    return &desc;                                                                               \
    }

#define RECORD(name_, doc_)                      \
    const struct record_desc *name_##_desc(void) \
    {                                            \
        typedef struct name_ self;               \
        static const char doc[] = doc_;          \
        static const struct field_desc fields[] = {
#define END(name_) TABLE_END(0, name_, doc)
#include "core/message/stamp_desc.h"

#include "core/message/record.def"

#define RECORD(name_, doc_)                      \
    const struct record_desc *name_##_desc(void) \
    {                                            \
        typedef struct name_ self;               \
        static const char doc[] = doc_;          \
        static const struct field_desc fields[] = {
#define END(name_) TABLE_END(0, name_, doc)
#include "core/message/stamp_desc.h"

#include "core/message/job.def"

#define EVENT(code_, name_, doc_)                                 \
    static const struct record_desc *describe_event_##name_(void) \
    {                                                             \
        typedef struct name_##_event self;                        \
        static const char doc[] = doc_;                           \
        static const struct field_desc fields[] = {
#define END(name_) TABLE_END(EVENT_##name_, name_, doc)
#include "core/message/stamp_desc.h"

#include "core/message/event.def"

#define COMMAND(code_, name_, role_, scope_, doc_)                  \
    static const struct record_desc *describe_command_##name_(void) \
    {                                                               \
        typedef struct name_##_command self;                        \
        static const char doc[] = doc_;                             \
        static const struct field_desc fields[] = {
#define END(name_) TABLE_END(COMMAND_##name_, name_, doc)
#include "core/message/stamp_desc.h"

#include "core/message/command.def"

const struct record_desc *event_desc(uint32_t code)
{
    switch (code) { /* two events with one code do not compile */
#define EVENT(code_, name_, doc_) \
    case EVENT_##name_:           \
        return describe_event_##name_();
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/event.def"
    default:
        return NULL;
    }
}

const struct record_desc *command_desc(uint32_t code)
{
    switch (code) {
#define COMMAND(code_, name_, role_, scope_, doc_) \
    case COMMAND_##name_:                          \
        return describe_command_##name_();
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/command.def"
    default:
        return NULL;
    }
}

uint32_t command_role(uint32_t code)
{
    enum {
        ROLE_LEDGER = ROLE_COUNT,
        ROLE_OPERATOR = ROLE_COUNT,
        ROLE_SCHEDULER = ROLE_COUNT,
        ROLE_GATEWAY = ROLE_COUNT
    };

    switch (code) {
#define COMMAND(code_, name_, role_, scope_, doc_) \
    case COMMAND_##name_:                          \
        return ROLE_##role_;
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/command.def"
    default:
        return ROLE_COUNT;
    }
}

enum key_scope command_scope(uint32_t code)
{
    switch (code) {
#define COMMAND(code_, name_, role_, scope_, doc_) \
    case COMMAND_##name_:                          \
        return SCOPE_##scope_;
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/command.def"
    default:
        break;
    }
    return SCOPE_NONE;
}

enum party command_party(uint32_t code)
{
    enum {
        PARTY_OWNER = PARTY_GATEWAY,
        PARTY_ADMIN = PARTY_GATEWAY,
        PARTY_EDITOR = PARTY_GATEWAY,
        PARTY_VIEWER = PARTY_GATEWAY
    };

    switch (code) {
#define COMMAND(code_, name_, who_, scope_, doc_) \
    case COMMAND_##name_:                         \
        return (enum party)PARTY_##who_;
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/command.def"
    default:
        return PARTY_NONE;
    }
}

/* Every member of the union starts where the union starts. */
void *event_fields(struct event *event)
{
    return &event->ledger_started;
}

void *command_fields(struct command *command)
{
    return &command->suspect_clock;
}

struct event *event_append(struct event_list *list, enum event_code code)
{
    ASSERT(list->count < EVENTS_PER_COMMAND_MAX);
    struct event *event = &list->events[list->count];
    memset(event, 0, sizeof *event);
    event->code = code;
    list->count++;
    return event;
}

bool content_has_text(const struct content_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (size_t at = 0; at < parts[i].text.len; at++) {
            if (parts[i].text.data[at] > ' ') {
                return true;
            }
        }
    }
    return false;
}

const struct target_spec *command_targets(const struct command *command, uint32_t *ret_count)
{
    switch (command->code) {
    case COMMAND_create_post:
        *ret_count = command->create_post.targets_count;
        return command->create_post.targets;
    case COMMAND_edit_post:
        *ret_count = command->edit_post.targets_count;
        return command->edit_post.targets;
    case COMMAND_create_template:
        *ret_count = command->create_template.targets_count;
        return command->create_template.targets;
    case COMMAND_change_template:
        *ret_count = command->change_template.targets_count;
        return command->change_template.targets;
    case COMMAND_create_series:
        *ret_count = command->create_series.targets_count;
        return command->create_series.targets;
    case COMMAND_change_series:
        *ret_count = command->change_series.targets_count;
        return command->change_series.targets;
    case COMMAND_make_instance:
        *ret_count = command->make_instance.targets_count;
        return command->make_instance.targets;
    case COMMAND_edit_instance:
        *ret_count = command->edit_instance.targets_count;
        return command->edit_instance.targets;
    default:
        *ret_count = 0;
        return NULL;
    }
}

static bool is_alike(const struct target_spec *a, const struct target_spec *b)
{
    return a->channel == b->channel && a->settings.len == 0 && b->settings.len == 0 &&
           span_equal(a->variant, b->variant);
}

uint32_t target_spec_first_alike(const struct target_spec *specs, const int64_t *at_ms, uint32_t index)
{
    uint32_t first = 0;
    while (first < index && (at_ms[first] != at_ms[index] || !is_alike(&specs[first], &specs[index]))) {
        first++;
    }
    return first;
}

const struct target_spec *target_spec_of(const struct target_spec *specs, uint32_t count,
                                         const struct id *integration_id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (id_equal(&specs[i].integration_id, integration_id)) {
            return &specs[i];
        }
    }
    return NULL;
}

size_t kind_max(enum kind kind)
{
    static const size_t most[KIND_COUNT] = {
#define X(kind_, type_, max_, doc_) [KIND_##kind_] = (max_),
        KIND_TABLE(X)
#undef X
    };
    ASSERT(kind < KIND_COUNT);
    return most[kind];
}

const char *kind_name(enum kind kind)
{
    static const char *const names[KIND_COUNT] = {
#define X(kind_, type_, max_, doc_) [KIND_##kind_] = #kind_,
        KIND_TABLE(X)
#undef X
            [KIND_list] = "list",
    };
    ASSERT(kind < KIND_COUNT);
    return names[kind];
}

const struct choice_table *kind_choices(enum kind kind)
{
    static const struct choice_table *const tables[KIND_COUNT] = {
#define X(kind_, type_, max_, doc_) [KIND_##kind_] = &kind_##_words,
        CHOICE_TABLE(X)
#undef X
    };
    ASSERT(kind < KIND_COUNT);
    return tables[kind];
}
