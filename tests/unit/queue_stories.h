/* queue_stories.h: rows about queues: what they are, what next_slot means to a post, what a pause holds. */
#ifndef OPENPOST_TESTS_QUEUE_STORIES_H
#define OPENPOST_TESTS_QUEUE_STORIES_H

#include "tests/unit/decider_story.h"

/* A story is one line, whatever its length. */
/* clang-format off */
static const struct story queue_stories[] = {
    /* slots and zone */
    {"an account has a queue from its beginning", "", "slot a 1@540", "slot_added a 1@540"},
    {"slots are kept in the order of the week", "", "queue a 3@600 1@900 1@540", "queue_changed a 1@540#3 1@900#2 3@600"},
    {"a queue has a zone of its own", "", "queue a 1@540 zone=Europe/Berlin", "queue_changed a zone Europe/Berlin 1@540"},
    {"its zone alone is changed", "queue a 1@540", "queue a keep zone=Asia/Kathmandu", "queue_changed a zone Asia/Kathmandu 1@540"},
    {"its slots alone are changed", "queue a 1@540 zone=UTC", "queue a 2@540", "queue_changed a zone UTC 2@540"},
    {"its own zone is given up", "queue a 1@540 zone=UTC", "queue a keep no_zone", "queue_changed a 1@540"},
    {"the same again is nothing new", "queue a 1@540 3@600 zone=UTC", "queue a 1@540 3@600 zone=UTC", "nothing"},
    {"a queue that is empty stays so", "", "queue a", "nothing"},
    {"all slots are taken from it", "queue a 1@540", "queue a", "queue_changed a"},
    {"a slot at a time that it has keeps its id", "queue a 1@540 3@600", "queue a 3@600 5@0 from=7", "queue_changed a 3@600#2 5@0#8"},
    {"a time is there once", "", "queue a 1@540 1@540", "refused slot_duplicate"},
    {"a slot is added where it belongs", "queue a 1@540 3@600", "slot a 2@0 slot=9", "slot_added a 2@0#9"},
    {"and stands in order", "queue a 1@540 3@600, slot a 2@0 slot=9", "queue a keep zone=UTC", "queue_changed a zone UTC 1@540 2@0#9 3@600#2"},
    {"a slot is added once", "slot a 1@540", "slot a 1@540", "nothing"},
    {"its id names no other time", "slot a 1@540", "slot a 1@541", "refused exists"},
    {"its time has no other id", "slot a 1@540", "slot a 1@540 slot=2", "refused slot_duplicate"},
    {"a queue has so many slots and no more", "queue a week", "slot a 1@1 slot=200", "refused slots_too_many"},
    {"a slot is removed", "slot a 1@540", "unslot a", "slot_removed a"},
    {"what is not there is not removed", "slot a 1@540", "unslot a slot=2", "refused not_found"},
    {"removed, its time is free", "slot a 1@540, slot a 2@0 slot=2, unslot a", "slot a 1@540 slot=3", "slot_added a 1@540#3"},
    {"a queue has its version", "slot a 1@540, slot a 2@540 slot=2", "unslot a version=1", "refused version_mismatch"},
    {"untouched is a queue without an event", "", "queue a 1@540 untouched", "queue_changed a 1@540"},
    {"one with an event is not", "slot a 1@540", "queue a 2@540 untouched", "refused version_mismatch"},
    {"a queue that was paused is not either", "halt a", "unhalt a untouched", "refused version_mismatch"},
    {"nobody's account has none", "", "slot n 1@540", "refused not_found"},
    {"a deleted account has none", "remove a", "slot a 1@540", "refused not_found"},
    {"another workspace's account is nobody's", "", "slot a 1@540 tenant=2", "refused not_found"},
    {"another workspace's queue is nobody's", "slot a 1@540", "unslot a tenant=2", "refused not_found"},

    /* pause */
    {"a queue is paused", "", "halt a", "queue_paused a"},
    {"paused once", "halt a", "halt a", "nothing"},
    {"a queue is resumed", "halt a", "unhalt a", "queue_resumed a"},
    {"what is not paused goes on already", "", "unhalt a", "nothing"},
    {"a paused queue starts nothing", "create a now, lock a, halt a", "start a", "refused queue_paused"},
    {"a paused queue starts no next part", "create a now, lock a:2, start a, outcome a accepted, halt a", "start a", "refused queue_paused"},
    {"another account's queue goes on", "create a b now, lock a b, halt a", "start b", "attempt_started b 1 part 0 due 0 deadline 120"},
    {"a resumed queue starts again", "create a now, lock a, halt a, at 60, unhalt a", "start a", "attempt_started a 1 part 0 due 0 deadline 180"},
    {"what waits at a paused queue is locked all the same", "create a at=3600, halt a, at 3300", "lock a", "post_locked version 2 a"},
    {"what waits at a paused queue is missed in the end", "create a now, lock a, halt a, at 21601", "miss a", "targets_missed a queue_was_paused; post_finished missed queue_was_paused"},
    {"a paused account weighs more", "create a now, lock a, halt a, pause a", "start a", "refused integration_paused"},
    {"a paused queue gives its slots away", "halt a", "create a next slot_a=7200", "post_created a; post_scheduled at 7200 a due 7200"},

    /* the next slot */
    {"a post is made for the next slot", "", "create a next slot_a=7200", "post_created a; post_scheduled at 7200 a due 7200"},
    {"each target has that of its own account", "", "create a b next slot_a=7200 slot_b=3600", "post_created a b; post_scheduled at 3600 a due 7200 b due 3600"},
    {"a draft is scheduled for it", "create a", "schedule next slot_a=7200", "post_scheduled at 7200 a due 7200"},
    {"what is scheduled moves to it", "create a at=9000", "schedule next slot_a=7200", "post_scheduled at 7200 a due 7200"},
    {"the slot that it has is nothing new", "create a next slot_a=7200", "schedule next slot_a=7200", "nothing"},
    {"a target's own instant goes before", "", "create a b@9000 next slot_a=7200 slot_b=empty", "post_created a b; post_scheduled at 7200 a due 7200 b due 9000"},
    {"a queue without slots has none", "", "create a next slot_a=empty", "refused queue_empty"},
    {"nor has one that is full", "create a", "schedule next slot_a=full", "refused queue_full"},
    {"all targets or none", "create a b", "schedule next slot_a=7200 slot_b=full", "refused queue_full"},
    {"and nothing is kept of the post", "", "create a b next slot_a=7200 slot_b=empty", "refused queue_empty"},
    {"a cancelled target needs none", "create a b at=3600, cancel a", "schedule next slot_a=empty slot_b=7200", "post_scheduled at 7200 b due 7200"},
    {"it is that or now", "", "create a next now", "refused schedule_ambiguous"},
    {"it is that or an instant", "create a", "schedule next at=3600", "refused schedule_ambiguous"},
    {"not after its last instant", "", "create a next slot_a=7200 not_after=7199", "refused lateness_exceeded"},
    {"a suspected clock gives none away", "suspect", "create a next", "refused clock_suspect"},
    {"a locked post gets none", "create a at=3600, at 3300", "schedule next", "refused post_locked"},
    /* two change places */
    {"two targets of a post change places", "create a b@7200 at=3600", "swap a b", "post_scheduled at 3600 a due 7200 b due 3600"},
    {"two posts' targets change places", "create a at=3600, create a at=7200 post=2", "swap a a with=2", "post_scheduled at 7200 a due 7200; post_scheduled at 3600 a due 3600"},
    {"whatever their accounts are", "create a at=3600, create b at=7200 post=2", "swap a b with=2", "post_scheduled at 7200 a due 7200; post_scheduled at 3600 b due 3600"},
    {"a post's other targets stay where they are", "create a b@9000 at=3600, create a at=7200 post=2", "swap b a with=2", "post_scheduled at 3600 a due 3600 b due 7200; post_scheduled at 9000 a due 9000"},
    {"those that stand at one instant are so already", "create a at=3600, create a at=3600 post=2", "swap a a with=2", "nothing"},
    {"a target and itself are so already", "create a at=3600", "swap a a", "nothing"},
    {"what is not there does not move", "create a at=3600", "swap b a", "refused not_found"},
    {"nor does it with what is not there", "create a at=3600", "swap a b", "refused reference_not_found"},
    {"nor with a post that is nowhere", "create a at=3600", "swap a a with=2", "refused reference_not_found"},
    {"nor with another workspace's", "create a at=3600, create post=2 tenant=2", "swap a a with=2", "refused reference_not_found"},
    {"a draft stands nowhere", "create a, create a at=3600 post=2", "swap a a with=2", "refused post_not_scheduled"},
    {"nor does the other when it is one", "create a at=3600, create a post=2", "swap a a with=2", "refused post_not_scheduled"},
    {"what is locked does not move", "create a at=3600, create a at=7200 post=2, at 3300", "swap a a with=2", "refused post_locked"},
    {"nor with what is locked", "create a at=7200, create a at=3600 post=2, at 3300", "swap a a with=2", "refused post_locked"},
    {"what is cancelled does not move", "create a b at=3600, create a at=7200 post=2, cancel a", "swap a a with=2", "refused target_finished"},
    {"nor with what is cancelled", "create a at=7200, create a b at=3600 post=2, cancel a post=2", "swap a a with=2", "refused target_finished"},
    {"nor what is over", "create a at=3600, create a at=7200 post=2, cancel", "swap a a with=2", "refused post_finished"},
    {"not beyond the last instant of the one", "create a at=3600 not_after=7199, create a at=7200 post=2", "swap a a with=2", "refused lateness_exceeded"},
    {"nor of the other", "create a at=7200, create a at=3600 not_after=7199 post=2", "swap a a with=2", "refused lateness_exceeded"},
    {"a suspected clock moves nothing", "create a at=3600, create a at=7200 post=2, suspect", "swap a a with=2", "refused clock_suspect"},
    {"another version's swap counts for nothing", "create a at=3600, create a at=7200 post=2", "swap a a with=2 version=1", "refused version_mismatch"},
    {"and the same swap again takes it back", "create a at=3600, create a at=7200 post=2, swap a a with=2", "swap a a with=2", "post_scheduled at 3600 a due 3600; post_scheduled at 7200 a due 7200"},

    {"changing slots moves nothing", "slot a 1@540, create a next slot_a=7200, unslot a", "schedule at=7200", "nothing"},
};
/* clang-format on */

#endif
