/* decider_queues.h: the commands of queues as steps of a story. A slot is "day@minute".
 *
 *   queue a 1@540 3@600 zone=Europe/Berlin   all of its slots; "keep": those that it has; "week": one each hour;
 *                                            "no_zone": the workspace's; "from=7": their ids are numbered from there
 *   slot a 1@540 [slot=2]                    one more
 *   unslot a slot=2                          one less
 *   halt a, unhalt a                         pause, resume
 *   … next slot_a=7200 slot_b=full           what the shell found: an instant, full or empty; untold: 360 s from now
 */
#ifndef OPENPOST_TESTS_DECIDER_QUEUES_H
#define OPENPOST_TESTS_DECIDER_QUEUES_H

#include "tests/unit/decider_words.h"

static inline struct weekly_slot tell_slot(const char *word, int number_of_it)
{
    const char *minute = strchr(word, '@');
    return (struct weekly_slot){.slot_id = story_id(ID_SLOT, number_of_it, 's'),
                                .weekday = (uint64_t)atoi(word),
                                .minute = minute == NULL ? 0 : (uint64_t)atoi(minute + 1)};
}

static inline void tell_slots(struct arena *arena, const struct step *step, struct change_queue_command *change)
{
    change->slots = (struct weekly_slot *)arena_alloc(arena, SLOTS_MAX * sizeof *change->slots);
    ck_assert_ptr_nonnull(change->slots);
    for (int i = 0; i < SLOTS_MAX && has_word(step, "week"); i++) {
        change->slots[change->slots_count++] = (struct weekly_slot){.slot_id = story_id(ID_SLOT, i + 1, 's'),
                                                                    .weekday = (uint64_t)(1 + i / 24),
                                                                    .minute = (uint64_t)(i % 24 * 60)};
    }
    for (int i = 2; i < step->count; i++) {
        if (step->words[i][0] >= '0' && step->words[i][0] <= '9') {
            change->slots[change->slots_count] =
                tell_slot(step->words[i], number(option(step, "from"), 1) + (int)change->slots_count);
            change->slots_count++;
        }
    }
}

/* False when the word is none of them. */
static inline bool tell_queue_command(struct arena *arena, const struct step *step, struct command *command)
{
    const char *verb = step->words[0];
    if (strcmp(verb, "queue") == 0) {
        command->code = COMMAND_change_queue;
        command->change_queue.replace = !has_word(step, "keep");
        command->change_queue.timezone = word_or_none(option(step, "zone"));
        command->change_queue.no_timezone = has_word(step, "no_zone");
        tell_slots(arena, step, &command->change_queue);
    } else if (strcmp(verb, "slot") == 0) {
        const struct weekly_slot slot = tell_slot(step->words[2], number(option(step, "slot"), 1));
        command->code = COMMAND_add_slot;
        command->add_slot.slot_id = slot.slot_id;
        command->add_slot.weekday = slot.weekday;
        command->add_slot.minute = slot.minute;
    } else if (strcmp(verb, "unslot") == 0) {
        command->code = COMMAND_remove_slot;
        command->remove_slot.slot_id = story_id(ID_SLOT, number(option(step, "slot"), 1), 's');
    } else if (strcmp(verb, "halt") == 0) {
        command->code = COMMAND_pause_queue;
    } else if (strcmp(verb, "unhalt") == 0) {
        command->code = COMMAND_resume_queue;
    } else {
        return false;
    }
    struct pause_queue_command *first = &command->pause_queue; /* all begin alike */
    first->queue_id = story_id(ID_QUEUE, 1, step->words[1][0]);
    first->integration_id = story_id(ID_INTEGRATION, 1, step->words[1][0]);
    first->untouched = has_word(step, "untouched");
    return true;
}

/* What the shell tells of an account's queue. */
static inline struct free_slot tell_free_slot(const struct step *step, int account, int64_t now_ms)
{
    const char name[] = {'s', 'l', 'o', 't', '_', (char)account, '\0'};
    const char *told = option(step, name);
    if (told == NULL) {
        return (struct free_slot){.at_ms = now_ms + SLOT_AHEAD_MS};
    }
    const bool empty = strcmp(told, "empty") == 0;
    if (empty || strcmp(told, "full") == 0) {
        return (struct free_slot){.refusal = empty ? REFUSED_queue_empty : REFUSED_queue_full};
    }
    return (struct free_slot){.at_ms = seconds(told)};
}

#endif
