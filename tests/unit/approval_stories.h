/* approval_stories.h: rows about approvals. ASKED: a workspace whose posts are approved by anybody who may, and a post
 * of targets a and b in two hours; EYES: likewise by somebody who wrote none of it. */
#ifndef OPENPOST_TESTS_APPROVAL_STORIES_H
#define OPENPOST_TESTS_APPROVAL_STORIES_H

#include "tests/unit/decider_story.h"

#define ASKED "settings policy=any_approver, create a b at=7200"
#define APPROVED ASKED ", approve a b"
#define EYES "settings policy=four_eyes, create a b at=7200"

/* A story is one line, whatever its length. */
/* clang-format off */
static const struct story approval_stories[] = {
    /* asked for */
    {"a post that is scheduled waits for an approval", "settings policy=any_approver", "create a at=7200", "post_created a; post_scheduled at 7200 a due 7200; approval_wanted any_approver at 7200"},
    {"so does a draft that is scheduled later", "settings policy=four_eyes, create a", "schedule at=7200", "post_scheduled at 7200 a due 7200; approval_wanted four_eyes at 7200"},
    {"a draft does not", "settings policy=any_approver", "create a", "post_created a"},
    {"without a policy nobody is asked", "settings policy=none", "create a at=7200", "post_created a; post_scheduled at 7200 a due 7200"},
    {"it is asked for once", ASKED, "schedule at=8000", "post_scheduled at 8000 a due 8000 b due 8000"},
    {"a post from before the policy is asked for when it is touched", "create a at=7200, settings policy=any_approver", "edit a", "post_edited a; approval_wanted any_approver at 7200"},
    {"what would lock at birth cannot be approved before", "settings policy=any_approver", "create a now", "refused approval_required"},
    {"a millisecond less than 300 s ahead neither", "settings policy=any_approver", "create a at=299.999", "refused approval_required"},
    {"300 s ahead can", "settings policy=any_approver", "create a at=300", "post_created a; post_scheduled at 300 a due 300; approval_wanted any_approver at 300"},
    {"the earliest target counts", "settings policy=any_approver", "create a b@100 at=7200", "refused approval_required"},
    {"nor is a draft scheduled so soon", "settings policy=any_approver, create a", "schedule now", "refused approval_required"},
    {"nor an approved post moved so near", APPROVED, "schedule at=200", "refused approval_required"},
    {"nor by an edit", APPROVED, "edit a@200 b", "refused approval_required"},
    {"what is wrong with it is told first", "settings policy=any_approver", "create a blank now", "refused content_missing"},
    {"what is so already needs nothing", APPROVED, "schedule at=7200", "nothing"},

    /* given */
    {"somebody approves what would be sent", ASKED, "approve a b", "approval_given any_approver version 3 a b"},
    {"under any_approver the writer may", ASKED, "approve a b writer", "approval_given any_approver version 3 a b"},
    {"and a key of which nobody is known", ASKED, "approve a b unknown", "approval_given any_approver version 3 a b"},
    {"but nobody's process", ASKED, "approve a b by_system", "refused approver_unknown"},
    {"approved again it is so already", APPROVED, "approve a b", "nothing"},
    {"also by what it shows, when a target of it is cancelled", APPROVED ", cancel b", "approve a stale shown", "nothing"},
    {"but nothing else counts as that", APPROVED ", cancel b", "approve a stale", "refused approval_stale"},
    {"nor what was approved under less, now that more is asked", APPROVED ", settings policy=four_eyes", "approve a b stale shown",
     "refused approval_stale"},
    {"nor what is void", APPROVED ", edit a b", "approve a b stale shown", "refused approval_stale"},
    {"and a writer's is no second pair of eyes", EYES ", approve a b, cancel b", "approve a stale shown writer", "refused approver_is_writer"},
    {"something else was looked at", ASKED, "approve a b stale", "refused approval_stale"},
    {"another version was rendered", ASKED, "approve a b rendered=2", "refused approval_stale"},
    {"who names a version means it", ASKED, "approve a b version=2", "refused version_mismatch"},
    {"all of it is approved", ASKED, "approve a", "refused target_unrendered"},
    {"and nothing else", ASKED, "approve a b c", "refused target_unrendered"},
    {"what was cancelled need not be", ASKED ", cancel b", "approve a", "approval_given any_approver version 4 a"},
    {"a draft is not approved", "settings policy=any_approver, create a", "approve a", "refused post_not_scheduled"},
    {"where nobody asks, nobody approves", "create a at=7200", "approve a", "refused approval_unneeded"},
    {"nor where nobody asks any more", ASKED ", settings policy=none", "approve a b", "refused approval_unneeded"},
    {"what is over is not approved", ASKED ", cancel", "approve a b", "refused post_finished"},
    {"what is locked neither", APPROVED ", at 6900, lock a b", "approve a b", "refused post_locked"},
    {"in the last five minutes it can be", ASKED ", at 7199.999", "approve a b", "approval_given any_approver version 3 a b"},
    {"at its instant it is too late", ASKED ", at 7200", "approve a b", "refused approval_missing"},
    {"a suspected clock hinders no approval", ASKED ", suspect", "approve a b", "approval_given any_approver version 3 a b"},
    {"a paused workspace neither", ASKED ", hold", "approve a b", "approval_given any_approver version 3 a b"},
    {"another workspace's post is not there", ASKED, "approve a b tenant=2", "refused not_found"},

    /* four eyes */
    {"somebody who wrote none of it approves", EYES, "approve a b", "approval_given four_eyes version 3 a b"},
    {"who wrote any of it does not", EYES, "approve a b writer", "refused approver_is_writer"},
    {"nor a key behind which nobody is known", EYES, "approve a b unknown", "refused approver_unknown"},
    {"nor anybody where it cannot be told", EYES, "approve a b untold", "refused approval_history_long"},
    {"who may not is told so before anything else", EYES ", cancel", "approve a b writer", "refused approver_is_writer"},
    {"a writer's approval from before does not count", APPROVED ", settings policy=four_eyes, at 6900", "lock a b", "refused approval_missing"},
    {"nor is it so already", APPROVED ", settings policy=four_eyes", "approve a b writer", "refused approver_is_writer"},
    {"it is approved again", APPROVED ", settings policy=four_eyes", "approve a b", "approval_given four_eyes version 4 a b"},
    {"which is good for less, too", EYES ", approve a b, settings policy=any_approver, at 6900", "lock a b", "post_locked version 4 a b"},

    /* void */
    {"an edit makes it void", APPROVED, "edit a b", "post_edited a b; approval_voided"},
    {"void, it can be given again", APPROVED ", edit a b", "approve a b", "approval_given any_approver version 6 a b"},
    {"void, it does not lock", APPROVED ", edit a b, at 6900", "lock a b", "refused approval_missing"},
    {"void once", APPROVED ", edit a b", "edit a b", "post_edited a b"},
    {"another instant makes it void: the bytes name it", APPROVED, "schedule at=8000", "post_scheduled at 8000 a due 8000 b due 8000; approval_voided"},
    {"so does a target's own", APPROVED, "edit a b@8000", "post_edited a b; post_scheduled at 7200 a due 7200 b due 8000; approval_voided"},
    {"to take a target away by cancelling does not", APPROVED, "cancel b", "targets_cancelled b"},
    {"not even the earliest", "settings policy=any_approver, create a b@8000 at=7200, approve a b", "cancel a", "targets_cancelled a; post_scheduled at 8000 b due 8000"},
    {"and what is left is sent as approved", "settings policy=any_approver, create a b@8000 at=7200, approve a b, cancel a, at 7700", "lock b", "post_locked version 6 b"},
    {"an edit in the last five minutes is refused all the same", ASKED ", at 6900", "edit a b", "refused post_locked"},
    {"and another instant", ASKED ", at 6900", "schedule at=9000", "refused post_locked"},
    {"nothing makes it void after the lock", APPROVED ", at 6900, lock a b", "edit a b", "refused post_locked"},

    /* the lock */
    {"what nobody approved is not locked", ASKED ", at 6900", "lock a b", "refused approval_missing"},
    {"nor a post from before the policy", "create a at=7200, settings policy=any_approver, at 6900", "lock a", "refused approval_missing"},
    {"approved, it locks", APPROVED ", at 6900", "lock a b", "post_locked version 4 a b"},
    {"approved in the last five minutes, at once", ASKED ", at 7100, approve a b", "lock a b", "post_locked version 4 a b"},
    {"the bytes are the approved ones", APPROVED ", at 6900", "lock a b:1x", "refused approval_stale"},
    {"each part's", ASKED ", approve a:3 b, at 6900", "lock a:3x b", "refused approval_stale"},
    {"as many", ASKED ", approve a:3 b, at 6900", "lock a:2 b", "refused approval_stale"},
    {"no more", ASKED ", approve a:2 b, at 6900", "lock a:3 b", "refused approval_stale"},
    {"what cannot be sent any more fails, and nothing else is sent", APPROVED ", at 6900", "lock a b:!", "post_locked version 4 a b render_refused"},
    {"a cancelled target's do not matter", APPROVED ", cancel b, at 6900", "lock a b:1x", "post_locked version 5 a b"},
    {"the policy gone, what was approved is sent", APPROVED ", settings policy=none, at 6900", "lock a b:1x", "refused approval_stale"},
    {"the policy gone, what was not goes on as if there had been none", ASKED ", settings policy=none, at 6900", "lock a b", "post_locked version 3 a b"},
    {"there it may be sent at once", ASKED ", settings policy=none", "schedule now", "post_scheduled at 0 a due 0 b due 0"},
    {"what is locked wants no approval of a later policy", "create a at=7200, at 6900, lock a, settings policy=any_approver, at 7200", "start a", "attempt_started a 1 part 0 due 7200 deadline 7320"},
    {"a person's retry needs none", APPROVED ", at 6900, lock a b, at 7200, start a, outcome a refused, settings policy=four_eyes", "retry now", "targets_retried a read_first due 7200"},

    /* missed */
    {"at its instant it is missed", ASKED ", at 7200", "miss a b", "targets_missed a b approval_missing; post_finished missed approval_missing"},
    {"all of it, whatever their own instants", "settings policy=any_approver, create a b@9000 at=7200, at 7200", "miss a b", "targets_missed a b approval_missing; post_finished missed approval_missing"},
    {"not before", ASKED ", at 7199.999", "miss a b", "refused not_late"},
    {"not what was approved", APPROVED ", at 7200", "miss a b", "refused not_late"},
    {"not when nobody asks any more", ASKED ", settings policy=none, at 7200", "miss a", "refused not_late"},
    {"whatever is paused", ASKED ", hold, at 7200", "miss a", "targets_missed a approval_missing"},
    {"while the clock is suspected nothing is", ASKED ", suspect, at 7200", "miss a", "refused clock_suspect"},
    {"nor in a copied folder", ASKED ", suspend, at 7200", "miss a", "refused starts_suspended"},
    {"confirmed, it is: it never locks", ASKED ", at 7200, suspend, confirm", "miss a b", "targets_missed a b approval_missing; post_finished missed approval_missing"},
    {"of a workspace that ended the end is why", ASKED ", hold, at 604800, abolish", "miss a b by_us", "targets_missed a b workspace_deleted; post_finished missed workspace_deleted"},
    {"what has passed its last instant, too, was not approved", "settings policy=any_approver, create a at=7200 not_after=7300, at 7301", "miss a", "targets_missed a approval_missing; post_finished missed approval_missing"},
    {"it has no bytes to send again", ASKED ", at 7200, miss a b", "retry now", "refused post_finished"},

    /* reminded */
    {"half an hour before somebody is reminded", ASKED ", at 5400", "remind", "approval_wanted any_approver at 7200 reminder"},
    {"not before", ASKED ", at 5399.999", "remind", "refused not_late"},
    {"once", ASKED ", at 5400, remind", "remind", "nothing"},
    {"of a post from before the policy, too", "create a at=7200, settings policy=four_eyes, at 5400", "remind", "approval_wanted four_eyes at 7200 reminder"},
    {"who was asked when so little was left is not reminded", "settings policy=any_approver, create a at=1800", "remind", "nothing"},
    {"for another instant again", ASKED ", at 5400, remind, schedule at=9000, at 7200", "remind", "approval_wanted any_approver at 9000 reminder"},
    {"an approved post that changes places is to be approved again", APPROVED ", create a at=9000 post=2", "swap a a with=2", "post_scheduled at 7200 a due 9000 b due 7200; approval_voided; post_scheduled at 7200 a due 7200"},
    {"of what is void", APPROVED ", edit a b, at 5400", "remind", "approval_wanted any_approver at 7200 reminder"},
    {"not of what is approved", APPROVED ", at 5400", "remind", "refused approval_unneeded"},
    {"not of a draft", "settings policy=any_approver, create a", "remind", "refused approval_unneeded"},
    {"not of what is over", ASKED ", cancel, at 5400", "remind", "refused approval_unneeded"},
    {"not where nobody asks", "create a at=7200, at 5400", "remind", "refused approval_unneeded"},
    {"while the clock is suspected nobody is", ASKED ", suspect, at 5400", "remind", "refused clock_suspect"},
    {"a millisecond before its instant there is time", ASKED ", at 7199.999", "remind", "approval_wanted any_approver at 7200 reminder"},
    {"at its instant there is none", ASKED ", at 7200", "remind", "nothing"},
};
/* clang-format on */

#endif
