/* series_stories.h: rows about series, and about the posts that are made of them. */
#ifndef OPENPOST_TESTS_SERIES_STORIES_H
#define OPENPOST_TESTS_SERIES_STORIES_H

#include "tests/unit/decider_story.h"

/* A series of a workspace whose posts are approved by anybody who may; 100 s have passed. */
#define NEAR "settings policy=any_approver, series a, at 100"

/* A story is one line, whatever its length. */
/* clang-format off */
static const struct story series_stories[] = {
    /* the series */
    {"a series begins", "", "series a b", "series_created generation 1"},
    {"a series is made once", "series a", "series a", "refused exists"},
    {"a workspace has so many that have not ended", "", "series a series=999", "series_created generation 1"},
    {"and no more", "", "series a series=1000", "refused series_limit"},
    {"a full workspace's series are changed", "series a", "rewrite a b series=1000", "series_changed generation 1"},
    {"and go on after a pause", "series a, still", "onward series=1000", "series_resumed generation 2"},
    {"a series needs a target", "", "series", "refused target_missing"},
    {"and a text", "", "series a blank", "refused content_missing"},
    {"an account that is nobody's is no target", "", "series z", "refused reference_not_found"},
    {"nor one on a channel without posts", "", "series g", "refused channel_not_publishable"},
    {"an account is a target once", "", "series a a", "refused target_duplicate"},
    {"an account that the platform refused makes none", "connect n, refuse n", "series n", "refused integration_unusable"},
    {"nor one whose times are all over", "", "series a over", "refused timestamp_past"},
    {"it comes to another such time no more", "series a", "rewrite a time=10:00 over", "refused timestamp_past"},
    {"nor one whose first time is beyond what a post may be scheduled for", "", "series a far", "refused timestamp_too_far"},
    {"nor is it moved there", "series a", "rewrite a time=10:00 far", "refused timestamp_too_far"},
    {"one that is there already may be rewritten", "series a", "rewrite a b far", "series_changed generation 1"},
    {"one that has come to its end may be rewritten", "series a", "rewrite a b over", "series_changed generation 1"},
    {"another text keeps its generation", "series a", "rewrite a b", "series_changed generation 1"},
    {"another time begins one", "series a", "rewrite a time=10:00", "series_changed generation 2"},
    {"a change names what it saw", "series a", "rewrite a version=7", "refused version_mismatch"},
    {"a series is paused", "series a", "still", "series_paused"},
    {"a paused one is not paused again", "series a, still", "still", "nothing"},
    {"it goes on with a new generation", "series a, still", "onward", "series_resumed generation 2"},
    {"one that goes needs no resuming", "series a", "onward", "nothing"},
    {"a series ends", "series a", "finish", "series_ended"},
    {"and keeps what was made", "series a", "finish keep", "series_ended"},
    {"which no other end takes back", "series a, finish keep", "finish", "refused series_ended"},
    {"nor keeps", "series a, finish", "finish keep", "refused series_ended"},
    {"what was kept is so already", "series a, finish keep", "finish keep", "nothing"},
    {"it ends once", "series a, finish", "finish", "nothing"},
    {"then it is changed no more", "series a, finish", "rewrite a", "refused series_ended"},
    {"nor paused", "series a, finish", "still", "refused series_ended"},
    {"nor resumed", "series a, finish", "onward", "refused series_ended"},
    {"a series that nobody made is not there", "", "still", "refused not_found"},

    /* a post of it is made */
    {"a post is made and scheduled", "series a b", "make a b at=3600", "post_created a b; post_scheduled at 3600 a due 3600 b due 3600"},
    {"it is made once", "series a, make a at=3600", "make a at=3600", "refused exists"},
    {"and not again when it was thrown away", "series a, plan small scheduled_posts=0, make a at=3600 in_use=0, delete", "make a at=3600", "refused exists"},
    {"nor when it was taken back", "series a, make a at=3600, reclaim", "make a at=3600", "refused exists"},
    {"an instant that has passed is late, not left out", "series a, at 7200", "make a at=3600", "post_created a; post_scheduled at 3600 a due 3600"},
    {"and missed by the rule for all", "series a, at 90000, make a at=3600", "miss a", "targets_missed a nothing_ran; post_finished missed nothing_ran"},
    {"not of a series that is paused", "series a, still", "make a at=3600", "refused series_not_active"},
    {"nor of one that has ended", "series a, finish", "make a at=3600", "refused series_not_active"},
    {"nor of none", "", "make a at=3600", "refused series_not_active"},
    {"nor of one that was changed since", "series a, rewrite a b", "make a at=3600 of=1", "refused series_not_active"},
    {"nor while the clock is in doubt", "series a, suspect", "make a at=3600", "refused clock_suspect"},
    {"beyond the plan it is a draft that says why", "series a, plan small scheduled_posts=2", "make a at=3600 in_use=2", "post_created a; instance_withheld plan_limit"},
    {"with an account that is gone it goes nowhere, and says why", "series a b, remove b", "make a b at=3600", "post_created; instance_withheld reference_not_found"},

    /* where somebody has to approve it */
    {"an approval is asked for", NEAR, "make a at=7200", "post_created a; post_scheduled at 7200 a due 7200; approval_wanted any_approver at 7200"},
    {"also when it is made in its last five minutes, for nobody was there to be refused", NEAR, "make a at=300", "post_created a; post_scheduled at 300 a due 300; approval_wanted any_approver at 300"},
    {"and a millisecond before its instant", NEAR, "make a at=100.001", "post_created a; post_scheduled at 100.001 a due 100.001; approval_wanted any_approver at 100.001"},
    {"given, it locks at once", NEAR ", make a at=300, approve a", "lock a", "post_locked version 4 a"},
    {"until then it does not", NEAR ", make a at=300", "lock a", "refused approval_missing"},
    {"nor is it changed", NEAR ", make a at=300", "edit a", "refused post_locked"},
    {"nor by its series", NEAR ", make a at=300, rewrite a", "follow a", "refused post_locked"},
    {"who wrote the series does not approve it", "settings policy=four_eyes, series a, at 100, make a at=300", "approve a writer", "refused approver_is_writer"},
    {"not given, it is missed at its instant and says why", NEAR ", make a at=300, at 300", "miss a", "targets_missed a approval_missing; post_finished missed approval_missing"},
    {"made at its instant nobody is asked, who could not give it any more", NEAR, "make a at=100", "post_created a; post_scheduled at 100 a due 100"},
    {"nor when that has passed", NEAR ", at 7200", "make a at=300", "post_created a; post_scheduled at 300 a due 300"},
    {"nor reminded", NEAR ", at 7200, make a at=300", "remind", "nothing"},
    {"it is missed, and says why", NEAR ", at 7200, make a at=300", "miss a", "targets_missed a approval_missing; post_finished missed approval_missing"},

    /* it follows its series */
    {"a post follows its series", "series a, make a at=3600, rewrite a b", "follow a b", "post_edited a b; post_scheduled at 3600 a due 3600 b due 3600"},
    {"where its targets stay, at its instant", "series a, make a at=3600, rewrite a", "follow a", "post_edited a"},
    {"not one that a person has edited", "series a, make a at=3600, edit a, rewrite a", "follow a", "refused post_by_hand"},
    {"nor one that a person has moved", "series a, make a at=3600, schedule at=7200, rewrite a", "follow a", "refused post_by_hand"},
    {"nor one of which a person has cancelled a target", "series a b, make a b at=3600, cancel b, rewrite a b", "follow a b", "refused post_by_hand"},
    {"nor one that was never its", "series a, create a at=3600", "follow a", "refused post_by_hand"},
    {"nor one that is locked", "series a, make a at=3600, rewrite a, at 3300", "follow a", "refused post_locked"},
    {"nor after its end", "series a, make a at=3600, rewrite a, cancel", "follow a", "refused post_by_hand"},
    {"nor by what the series was before", "series a, make a at=3600, rewrite a, rewrite a b", "follow a of=2", "refused series_not_active"},
    {"nor another version of it", "series a, make a at=3600, rewrite a", "follow a version=1", "refused version_mismatch"},
    {"it follows more than once", "series a, make a at=3600, rewrite a, follow a, rewrite a b", "follow a b", "post_edited a b; post_scheduled at 3600 a due 3600 b due 3600"},
    {"a draft that was withheld follows as a draft", "series a, plan small scheduled_posts=0, make a at=3600, rewrite a", "follow a", "post_edited a"},

    /* it is taken back */
    {"a post is taken back", "series a, make a at=3600", "reclaim", "instance_withdrawn; targets_cancelled a; post_finished cancelled"},
    {"also when the series has ended", "series a, make a at=3600, finish", "reclaim", "instance_withdrawn; targets_cancelled a; post_finished cancelled"},
    {"a draft of it is thrown away", "series a, plan small scheduled_posts=0, make a at=3600", "reclaim", "instance_withdrawn; post_deleted"},
    {"not one that a person has edited", "series a, make a at=3600, edit a", "reclaim", "refused post_by_hand"},
    {"nor one that is locked", "series a, make a at=3600, at 3300", "reclaim", "refused post_locked"},
    {"nor one that is gone", "series a, plan small scheduled_posts=0, make a at=3600, reclaim", "reclaim", "refused not_found"},
};
/* clang-format on */

#endif
