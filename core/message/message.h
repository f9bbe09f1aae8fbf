/* message.h: events and commands as structs, stamped out of event.def, command.def and record.def.
 *
 * A decoded message borrows its texts and lists from the bytes and the arena that it was decoded with. */
#ifndef OPENPOST_MESSAGE_MESSAGE_H
#define OPENPOST_MESSAGE_MESSAGE_H

#include "core/message/descriptor.h"

#define RECORD(name_, doc_) struct name_ {
#define END(name_) \
    }              \
    ;              \
    const struct record_desc *name_##_desc(void);
#include "core/message/stamp_struct.h"

#include "core/message/record.def"

#define RECORD(name_, doc_) struct name_ {
#define END(name_) \
    }              \
    ;              \
    const struct record_desc *name_##_desc(void);
#include "core/message/stamp_struct.h"

#include "core/message/job.def"

/* The last member keeps a message without fields legal C. */
#define EVENT(code_, name_, doc_) struct name_##_event {
#define END(name_)       \
    char end_of_##name_; \
    }                    \
    ;
#include "core/message/stamp_struct.h"

#include "core/message/event.def"

#define COMMAND(code_, name_, role_, scope_, doc_) struct name_##_command {
#define END(name_)       \
    char end_of_##name_; \
    }                    \
    ;
#include "core/message/stamp_struct.h"

#include "core/message/command.def"

enum event_code {

#define EVENT(code_, name_, doc_) EVENT_##name_ = (code_),
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/event.def"
};

enum command_code {

#define COMMAND(code_, name_, role_, scope_, doc_) COMMAND_##name_ = (code_),
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/command.def"
};

/* A fact. */
struct event {
    uint32_t code; /* enum event_code */

    union {
#define EVENT(code_, name_, doc_) struct name_##_event name_;
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/event.def"
    };
};

/* The first optional number or instant that was given as 0, which inside means absent, or instant that RFC 3339 has no
 * word for: of another program's command, for our own encoder leaves it out, or has it from a text. In a list's item:
 * which list, and the item's index. */
struct given_odd {
    const struct field_desc *list;  /* NULL: a field of the command itself */
    const struct field_desc *field; /* NULL: none was */
    uint32_t index;
    bool late; /* it is not 0 */
};

/* The first name that is no field's, likewise. */
struct given_name {
    const struct field_desc *list;
    const struct record_desc *record; /* that has no such field; NULL: each name was one */
    struct span name;                 /* whatever bytes were sent */
    uint32_t index;
};

/* What was said and no field can hold. */
struct misgiven {
    struct given_odd odd;
    struct given_name unknown;
};

/* A wish, with who has it. Everything but the fields of the union is the envelope. */
struct command {
    struct id command_id;   /* UUIDv7, minted by the sender; the same id again gets the first answer */
    struct id workspace_id; /* absent: the installation's */
    struct id stream;       /* the aggregate that decides */
    uint8_t actor;          /* enum actor_kind of core/log/log.h */
    struct id actor_id;
    uint32_t role; /* enum role of a key or member; ROLE_NONE for our own processes */
    /* Both are the ledger's own knowledge, whoever sends what: the person behind the actor, or where nobody knows one
     * the key that its key came of; and of a key the first of those that followed each other to it. */
    struct id principal_id;
    struct id origin_id;
    uint64_t expected_version; /* of the stream; 0: any */
    uint64_t causation;        /* seq of the event that it answers: an earlier one of the same workspace; 0: none */
    struct misgiven misgiven;  /* what the frame said and no field can hold: never encoded */
    uint32_t code;             /* enum command_code */

    union {
#define COMMAND(code_, name_, role_, scope_, doc_) struct name_##_command name_;
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/command.def"
    };
};

#define EVENTS_PER_COMMAND_MAX 8 /* if a command can cause more facts, the model is wrong */

struct event_list {
    uint32_t count;
    struct event events[EVENTS_PER_COMMAND_MAX];
};

/* content_has_text: something but blanks and control characters, without which nothing is scheduled. */
bool content_has_text(const struct content_part *parts, uint32_t count);

/* command_targets returns the targets that a command of a post, series or template names, and writes how many; NULL and
 * 0: it names none. */
const struct target_spec *command_targets(const struct command *command, uint32_t *ret_count);
/* target_spec_first_alike finds the first of the targets up to index that a rendering cannot tell from that one, nor an
 * instant: what is made of one is good for the other. index: there is none before it. One with settings of the
 * channel's own is like no other. at_ms: of each target. */
uint32_t target_spec_first_alike(const struct target_spec *specs, const int64_t *at_ms, uint32_t index);
/* target_spec_of finds the one that goes to that account; NULL: none does. */
const struct target_spec *target_spec_of(const struct target_spec *specs, uint32_t count,
                                         const struct id *integration_id);

/* event_append adds an empty event of that code and returns it to be filled. */
struct event *event_append(struct event_list *list, enum event_code code);

/* NULL when the code is unknown. */
const struct record_desc *event_desc(uint32_t code);
const struct record_desc *command_desc(uint32_t code);
/* The least role that a key or member needs for a command; ROLE_COUNT for those that only our own processes may send.
 */
uint32_t command_role(uint32_t code);
/* What a key that keeps but parts of its role must have kept for it; SCOPE_NONE: none in particular. */
enum key_scope command_scope(uint32_t code);

/* Our own processes, as senders of commands. */
enum party {
    PARTY_NONE,      /* none of ours: another program */
    PARTY_LEDGER,    /* speaks to itself only */
    PARTY_OPERATOR,  /* a person at the data folder: openpost confirm, key … */
    PARTY_SCHEDULER, /* the clock */
    PARTY_GATEWAY,   /* for keys and members */
    PARTY_COUNT
};

/* Whose a command is: the gateway's where command_role names a role, and where it reports what it refused. PARTY_NONE:
 * an unknown code. */
enum party command_party(uint32_t code);

/* event_fields and command_fields give the struct that the descriptor's offsets count from. */
void *event_fields(struct event *event);
void *command_fields(struct command *command);

#endif
