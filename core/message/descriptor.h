/* descriptor.h: what a message or row consists of, as data. Stamped out of the .def files; the codec, JSON, printer,
 * equality and random values are loops over it.
 *
 * In a .def file: FIELD(kind, name, doc) is required, MAYBE(kind, name, doc) may be absent, LIST(record, name, max,
 * doc) is a list of records declared before with RECORD(name, doc) … END(name). */
#ifndef OPENPOST_MESSAGE_DESCRIPTOR_H
#define OPENPOST_MESSAGE_DESCRIPTOR_H

#include <stddef.h>

#include "core/base/span.h"
#include "core/base/typeid.h"
#include "core/message/choice.h"

/* Kinds of fields. X(kind, C type, most bytes of a text or blob or 0, doc). Absent is: an id of kind ID_NONE, a time of
 * 0, a span with data NULL, a choice of 0, a hash of zeros; a count, index or flag that is absent is 0 or false. */
#define KIND_TABLE(X)                                                 \
    X(id, struct id, 0, "TypeID text")                                \
    X(time, int64_t, 0, "UTC milliseconds since 1970")                \
    X(count, uint64_t, 0, "a number")                                 \
    X(index, uint64_t, 0, "a place, from 0; shown from 1")            \
    X(flag, bool, 0, "true or false")                                 \
    X(word, struct span, 256, "a short text")                         \
    X(text, struct span, 65536, "a text")                             \
    X(blob, struct span, 2097152, "bytes")                            \
    X(hash, struct hash, 0, "SHA-256")                                \
    X(secret, struct span, 65536, "never encoded, printed or logged") \
    CHOICE_TABLE(X)

/* Those whose values are words of choice.h; each has a table there: channel_words … */
#define CHOICE_TABLE(X)                                                    \
    X(channel, uint32_t, 0, "a channel's name")                            \
    X(role, uint32_t, 0, "a role's name")                                  \
    X(post_status, uint32_t, 0, "a post's status")                         \
    X(target_status, uint32_t, 0, "a target's status")                     \
    X(integration_status, uint32_t, 0, "an integration's status")          \
    X(outcome, uint32_t, 0, "an attempt's outcome")                        \
    X(resolution, uint32_t, 0, "how a person resolved an unknown outcome") \
    X(permission, uint32_t, 0, "what a member may do beyond the role")     \
    X(scope, uint32_t, 0, "a part of what a role allows")                  \
    X(sign_in_method, uint32_t, 0, "how a person signed in")               \
    X(end_reason, uint32_t, 0, "why sessions ended")                       \
    X(notification_kind, uint32_t, 0, "what a notification tells")         \
    X(frequency, uint32_t, 0, "how often a series repeats")                \
    X(weekday, uint32_t, 0, "a day of the week")                           \
    X(month_week, uint32_t, 0, "which of a month's weekdays of a name")    \
    X(approval_policy, uint32_t, 0, "what posts need before they lock")

/* Of a switch over kinds: case CHOICE_KINDS: */
#define CHOICE_KINDS              \
    KIND_channel:                 \
    case KIND_role:               \
    case KIND_post_status:        \
    case KIND_target_status:      \
    case KIND_integration_status: \
    case KIND_outcome:            \
    case KIND_resolution:         \
    case KIND_permission:         \
    case KIND_scope:              \
    case KIND_sign_in_method:     \
    case KIND_end_reason:         \
    case KIND_notification_kind:  \
    case KIND_frequency:          \
    case KIND_weekday:            \
    case KIND_month_week:         \
    case KIND_approval_policy

struct hash {
    uint8_t bytes[32];
};

enum kind {

#define X(kind_, type_, max_, doc_) KIND_##kind_,
    KIND_TABLE(X)
#undef X
        KIND_list,
    KIND_COUNT
};

/* The C type of each kind, for the macros that stamp structs out; used nowhere else. */
#define X(kind_, type_, max_, doc_) typedef type_ kind_##_t_;
KIND_TABLE(X)
#undef X

struct record_desc;

struct field_desc {
    enum kind kind;
    bool required;
    const char *name;
    size_t name_len; /* bytes */
    const char *doc;
    size_t offset;
    /* lists only */
    const struct record_desc *(*item)(void);
    size_t count_offset; /* of the uint32_t beside the pointer: the field's name and _count */
    uint32_t max;        /* items */
};

struct record_desc {
    uint32_t code; /* events and commands; 0 for rows and parts of messages */
    const char *name;
    const char *doc;
    size_t size; /* of the struct */
    const struct field_desc *fields;
    size_t field_count;
};

/* kind_max returns the most bytes of a text, word, blob; kind_name its name; kind_choices the names of a choice kind,
 * NULL for others. */
size_t kind_max(enum kind kind);
const char *kind_name(enum kind kind);
const struct choice_table *kind_choices(enum kind kind);

#endif
