/* admission.h: what a person's command may say, whichever door it comes through: the gateway asks before it sends one,
 * the ledger before it decides one of another program's. What depends on state is the deciders'. Pure. */
#ifndef OPENPOST_ADMISSION_H
#define OPENPOST_ADMISSION_H

#include "core/calendar/zone.h"
#include "core/channel.h"
#include "core/message/refusal.h"

#define OBJECTION_PARAM_MAX 128

struct admission {
    const struct zones *zones;
    const struct channel_list *channels;
};

struct objection {
    enum refusal refusal;            /* ACCEPTED: none */
    char param[OBJECTION_PARAM_MAX]; /* JSON pointer into a request's body: /targets/0/variant */
    const char *detail;              /* static, or of the arena that its maker was given */
};

/* object_at makes an objection to what stands at param; object_in to a member ("/at", "") of a list's item. detail
 * stays the caller's. */
struct objection object_at(enum refusal refusal, const char *param, const char *detail);
struct objection object_in(enum refusal refusal, const char *list, uint32_t index, const char *member,
                           const char *detail);

/* objection_to finds what a refusal of the ledger's is about: the ledger knows commands, not bodies, and so it is found
 * again in the command, by the same rule, judged at now_ms. detail is NULL where the refusal's title says it all;
 * refusal ACCEPTED: the command alone does not tell. */
struct objection objection_to(const struct command *command, enum refusal refusal, int64_t now_ms);

/* objection_to_odd is that to a number or instant which was given as 0, field_invalid, or to an instant after the year
 * 9999, timestamp_invalid; objection_to_unknown that to a name which is no field's: field_unknown, with the names that
 * there are. */
struct objection objection_to_odd(const struct given_odd *odd);
struct objection objection_to_unknown(const struct given_name *unknown, struct arena *arena);

/* admission_check finds the first fault of a command's values: zone, addresses, lengths, names, what must be JSON of a
 * form, with no member that would be ignored, no name that is no field's and no 0 that would be read as absent. The
 * arena is for reading that, and what an objection says may be in it. */
struct objection admission_check(const struct admission *admission, const struct command *command, struct arena *arena);

#endif
