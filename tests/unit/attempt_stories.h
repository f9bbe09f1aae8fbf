/* attempt_stories.h: rows about prepare steps, starts and misses. LOCKED: a post of target a, due at 0, locked. */
#ifndef OPENPOST_TESTS_ATTEMPT_STORIES_H
#define OPENPOST_TESTS_ATTEMPT_STORIES_H

#include "tests/unit/decider_story.h"

#define LOCKED "create a now, lock a"
#define STARTED "create a now, lock a, start a"

/* A story is one line, whatever its length. */
/* clang-format off */
static const struct story attempt_stories[] = {
    /* prepare */
    {"a prepare step is recorded", LOCKED, "prepared a {1}", "target_prepared a"},
    {"the same step again is nothing new", LOCKED ", prepared a {1}", "prepared a {1}", "nothing"},
    {"a prepare step may be repeated", LOCKED ", prepared a {1}", "prepared a {2}", "target_prepared a"},
    {"a retrying target may be prepared again", STARTED ", outcome a try_again", "prepared a {1}", "target_prepared a"},
    {"prepared, a retrying target keeps its instant", STARTED ", outcome a try_again, prepared a {1}", "start a", "refused attempt_early"},
    {"nothing is prepared before the lock", "create a now", "prepared a {1}", "refused attempt_not_startable"},
    {"nothing is prepared while it is sent", STARTED, "prepared a {1}", "refused attempt_not_startable"},
    {"nothing is prepared after the end", LOCKED ", cancel", "prepared a {1}", "refused attempt_not_startable"},
    {"nothing is prepared for a target that the post has not", LOCKED, "prepared b {1}", "refused not_found"},

    /* start */
    {"a locked target that is due is started", "create a at=3600, at 3300, lock a, at 3600", "start a", "attempt_started a 1 part 0 due 3600 deadline 3720"},
    {"a prepared target is started", LOCKED ", prepared a {1}", "start a", "attempt_started a 1 part 0 due 0 deadline 120"},
    {"a millisecond early is early", "create a at=3600, at 3300, lock a, at 3599.999", "start a", "refused attempt_early"},
    {"a target is started once", STARTED, "start a", "refused attempt_not_startable"},
    {"an attempt's id is used once", STARTED ", outcome a try_again, at 30", "start a id=1", "refused attempt_not_startable"},
    {"an older attempt's id neither", STARTED ", outcome a try_again, at 30, start a, outcome a try_again, at 150", "start a id=1", "refused attempt_not_startable"},
    {"a draft is not started", "create a", "start a", "refused post_not_scheduled"},
    {"what is not locked is not started", "create a now", "start a", "refused attempt_not_startable"},
    {"what was refused at the lock is not started", "create a b now, lock a:! b", "start a", "refused attempt_not_startable"},
    {"what is cancelled is not started", LOCKED ", cancel", "start a", "refused attempt_not_startable"},
    {"what is published is not started", STARTED ", outcome a accepted", "start a", "refused attempt_not_startable"},
    {"what is unknown is not started", STARTED ", outcome a unknown, at 3600", "start a", "refused attempt_not_startable"},
    {"a target that the post has not is not started", LOCKED, "start b", "refused not_found"},
    {"another workspace's target is not there", LOCKED, "start a tenant=2", "refused not_found"},
    {"a start under an older ledger is refused", LOCKED ", ledger", "start a fence=1", "refused fence_stale"},
    {"a start under a ledger to come is refused", LOCKED, "start a fence=2", "refused fence_stale"},
    {"a start under the new ledger goes", LOCKED ", ledger", "start a", "attempt_started a 1 part 0 due 0 deadline 120"},
    {"parts go in order", "create a now, lock a:3", "start a part=1", "refused attempt_wrong_part"},
    {"a part goes once", "create a now, lock a:3, start a, outcome a accepted", "start a part=0", "refused attempt_wrong_part"},
    {"the bytes are the locked ones", LOCKED, "start a other_bytes", "refused attempt_wrong_payload"},
    {"each part has its own bytes", "create a now, lock a:3, start a, outcome a accepted", "start a other_bytes", "refused attempt_wrong_payload"},
    {"a suspected clock starts nothing", LOCKED ", suspect", "start a", "refused clock_suspect"},
    {"a trusted clock starts again", LOCKED ", suspect, trust", "start a", "attempt_started a 1 part 0 due 0 deadline 120"},
    {"a copied folder starts nothing", LOCKED ", suspend", "start a", "refused starts_suspended"},
    {"confirmed, it starts what is due later", "create a at=3600, at 3300, lock a, suspend, confirm, at 3600", "start a", "attempt_started a 1 part 0 due 3600 deadline 3720"},
    {"confirmed, it does not start what was due before: the original may have sent it", "create a at=3600, at 3300, lock a, at 3600, suspend, confirm", "start a", "refused starts_suspended"},
    {"what was due before is missed in the end", "create a at=3600, at 3300, lock a, at 3600, suspend, confirm, at 25201", "miss a", "targets_missed a lateness_exceeded; post_finished missed"},
    {"a person's retry of it starts", "create a at=3600, at 3300, lock a, at 3600, suspend, confirm, at 25201, miss a, retry now", "start a", "attempt_started a 1 part 0 due 25201 deadline 25321"},
    {"a paused workspace starts nothing", LOCKED ", hold", "start a", "refused workspace_paused"},
    {"a resumed workspace starts again", LOCKED ", hold, at 60, release", "start a", "attempt_started a 1 part 0 due 0 deadline 180"},
    {"a paused workspace starts no next part", "create a now, lock a:2, start a, outcome a accepted, hold", "start a", "refused workspace_paused"},
    {"a paused account starts nothing", LOCKED ", pause a", "start a", "refused integration_paused"},
    {"another account goes on", "create a b now, lock a b, pause a", "start b", "attempt_started b 1 part 0 due 0 deadline 120"},
    {"a disconnected account starts nothing", LOCKED ", disconnect a", "start a", "refused integration_disconnected"},
    {"a connecting account starts nothing", "connect n, create n now, lock n", "start n", "refused integration_disconnected"},
    {"a deleted account starts nothing", LOCKED ", remove a", "start a", "refused integration_disconnected"},
    {"reconnected, it starts", LOCKED ", disconnect a, connect a vault=2, accept a vault=2", "start a", "attempt_started a 1 part 0 due 0 deadline 120"},
    {"at the very lateness allowed it starts", LOCKED ", at 21600", "start a", "attempt_started a 1 part 0 due 0 deadline 21720"},
    {"a millisecond later it is too late", LOCKED ", at 21600.001", "start a", "refused lateness_exceeded"},
    {"too late weighs more than held", LOCKED ", hold, at 21601", "start a", "refused lateness_exceeded"},
    {"at the last instant it starts", "create a now not_after=60, lock a, at 60", "start a", "attempt_started a 1 part 0 due 0 deadline 180"},
    {"after the last instant it is too late", "create a now not_after=60, lock a, at 60.001", "start a", "refused lateness_exceeded"},
    {"a last instant beyond the lateness changes nothing", "create a now not_after=99999, lock a, at 21600.001", "start a", "refused lateness_exceeded"},
    {"a thread's next part is as late as the thread", "create a now, lock a:2, start a, outcome a accepted, at 21601", "start a", "refused lateness_exceeded"},

    /* miss */
    {"what is too late is missed", LOCKED ", at 21600.001", "miss a", "targets_missed a lateness_exceeded; post_finished missed"},
    {"what can still be sent is not", LOCKED ", at 21600", "miss a", "refused not_late"},
    {"missed once", LOCKED ", at 21601, miss a", "miss a", "nothing"},
    {"after the last instant it is missed", "create a now not_after=60, lock a, at 61", "miss a", "targets_missed a not_after_passed; post_finished missed"},
    {"before the last instant it is the lateness", "create a now not_after=99999, lock a, at 21601", "miss a", "targets_missed a lateness_exceeded; post_finished missed"},
    {"what was never locked is missed", "create a at=3600, at 25201", "miss a", "targets_missed a lateness_exceeded; post_finished missed"},
    {"each target by its own instant", "create a b@7200 now, lock a b, at 21601", "miss a b", "targets_missed a lateness_exceeded"},
    {"named twice, missed once", LOCKED ", at 21601", "miss a a", "targets_missed a lateness_exceeded; post_finished missed"},
    {"what is being published is not missed", STARTED ", at 21601", "miss a", "nothing"},
    {"what is unknown is not missed", STARTED ", outcome a unknown, at 21601", "miss a", "nothing"},
    {"a retrying target is missed", STARTED ", outcome a unauthorized, at 21601", "miss a", "targets_missed a lateness_exceeded; post_finished missed"},
    {"a thread that is late in part counts as partly published", "create a now, lock a:2, start a, outcome a accepted, hold, at 21601", "miss a", "targets_missed a lateness_exceeded; post_finished partially_published"},
    {"a missed and a failed target make a failed post", "create a b now, lock a b, start b, outcome b refused, at 21601", "miss a", "targets_missed a lateness_exceeded; post_finished failed"},
    {"a missed and a cancelled target make a missed post", "create a b now, lock a b, cancel b, at 21601", "miss a", "targets_missed a lateness_exceeded; post_finished missed"},
    {"a target that the post has not is not missed", LOCKED ", at 21601", "miss b", "refused not_found"},
    {"a draft is not missed", "create a", "miss a", "refused post_not_scheduled"},
    {"a suspected clock misses nothing", LOCKED ", at 21601, suspect", "miss a", "refused clock_suspect"},
    {"a copied folder misses nothing", LOCKED ", at 21601, suspend", "miss a", "refused starts_suspended"},
    {"a comment that is too late ends without the post", "create a now, lock a:2c, start a, outcome a accepted, hold, at 21601", "miss a", "comment_finished a refused"},
    {"a comment is not missed in time", "create a now, lock a:2c, start a, outcome a accepted, hold, at 3600", "miss a", "refused not_late"},
};
/* clang-format on */

#endif
