/* refusals.c: see refusals.h. Called on the threads that refuse and, for what is due, on one that may send. Must never
 * keep anything that the refused one wrote. */
#include "core/wire/refusals.h"

#include "core/base/lock.h"

void refusals_init(struct refusals *refusals)
{
    *refusals = (struct refusals){.lost = 0};
    lock_init(&refusals->mutex);
}

void refusals_done(struct refusals *refusals)
{
    lock_done(&refusals->mutex);
}

static bool is_same(const struct refused *a, const struct refused *b)
{
    return id_equal(&a->key_id, &b->key_id) && a->is_good == b->is_good && a->refusal == b->refusal &&
           a->request == b->request && a->subject == b->subject;
}

/* The place of that kind, or NULL; *ret_of_key: how many kinds its key has. */
static struct refusal_place *find(struct refusals *refusals, const struct refused *what, uint32_t *ret_of_key)
{
    uint32_t of_key = 0;
    struct refusal_place *found = NULL;
    for (size_t i = 0; i < REFUSAL_PLACES && found == NULL; i++) {
        struct refusal_place *place = &refusals->places[i];
        of_key += place->is_used && id_equal(&place->what.key_id, &what->key_id);
        found = place->is_used && is_same(&place->what, what) ? place : NULL;
    }
    *ret_of_key = of_key;
    return found;
}

static struct refusal_place *add(struct refusals *refusals, const struct refused *what, int64_t boot_ms)
{
    for (size_t i = 0; i < REFUSAL_PLACES; i++) {
        struct refusal_place *place = &refusals->places[i];
        if (!place->is_used) {
            *place = (struct refusal_place){.is_used = true, .what = *what, .due_ms = boot_ms};
            return place;
        }
    }
    return NULL;
}

void refusals_note(struct refusals *refusals, const struct refused *refused, int64_t boot_ms, int64_t wall_ms)
{
    struct refused what = *refused;
    uint32_t of_key = 0;
    if (!what.is_good) { /* what a stranger asks for says nothing */
        what.request = NULL;
        what.subject = ID_NONE;
    }
    lock_take(&refusals->mutex);
    struct refusal_place *place = find(refusals, &what, &of_key);
    if (place == NULL && of_key >= REFUSALS_PER_KEY) {
        what.request = NULL;
        what.subject = ID_NONE;
        place = find(refusals, &what, &of_key);
    }
    place = place != NULL ? place : add(refusals, &what, boot_ms);
    if (place != NULL) {
        place->since_ms = place->times == 0 ? wall_ms : place->since_ms;
        place->times++;
    } else {
        refusals->lost++;
    }
    lock_give(&refusals->mutex);
}

static struct command report(const struct refusal_place *place)
{
    const struct refused *what = &place->what;
    const struct span code = span_text(refusal_desc(what->refusal)->code);
    const struct span request = what->request != NULL ? span_text(what->request) : (struct span){0};
    const struct span subject = what->subject != ID_NONE ? span_text(id_prefix(what->subject)) : (struct span){0};
    struct command command = {.actor = 0}; /* ACTOR_SYSTEM of core/log/log.h */
    if (id_is_none(&what->key_id)) {
        command.code = COMMAND_report_strangers;
        command.report_strangers =
            (struct report_strangers_command){.code = code, .times = place->times, .since_ms = place->since_ms};
        return command;
    }
    command.workspace_id = what->workspace_id;
    command.stream = what->key_id;
    command.actor_id = what->key_id;
    if (what->key_id.kind == ID_MEMBER) {
        command.code = COMMAND_report_member_refusals;
        command.report_member_refusals = (struct report_member_refusals_command){.member_id = what->key_id,
                                                                                 .code = code,
                                                                                 .times = place->times,
                                                                                 .since_ms = place->since_ms,
                                                                                 .request = request,
                                                                                 .subject = subject};
        return command;
    }
    command.code = COMMAND_report_refusals;
    command.report_refusals = (struct report_refusals_command){.key_id = what->key_id,
                                                               .code = code,
                                                               .times = place->times,
                                                               .since_ms = place->since_ms,
                                                               .request = request,
                                                               .subject = subject};
    return command;
}

bool refusals_take(struct refusals *refusals, int64_t boot_ms, struct command *ret_command)
{
    bool found = false;
    lock_take(&refusals->mutex);
    for (size_t i = 0; i < REFUSAL_PLACES && !found; i++) {
        struct refusal_place *place = &refusals->places[i];
        found = place->is_used && place->due_ms <= boot_ms && place->times > 0;
        if (found) {
            *ret_command = report(place);
            place->times = 0;
            place->due_ms = boot_ms + (place->what.is_good ? REFUSAL_EVERY_MS : REFUSAL_STRANGER_EVERY_MS);
        } else if (place->is_used && place->due_ms <= boot_ms) {
            place->is_used = false; /* none came since */
        }
    }
    lock_give(&refusals->mutex);
    return found;
}
