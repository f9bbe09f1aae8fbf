/* template_stories.h: rows about templates, and about posts that were made from one. */
#ifndef OPENPOST_TESTS_TEMPLATE_STORIES_H
#define OPENPOST_TESTS_TEMPLATE_STORIES_H

#include "tests/unit/decider_story.h"

/* A story is one line, whatever its length. */
/* clang-format off */
static const struct story template_stories[] = {
    /* templates */
    {"a template is made", "", "template", "template_created"},
    {"it goes to accounts", "", "template a b", "template_created"},
    {"its id is used once", "template", "template", "refused exists"},
    {"also after its end", "template, discard", "template", "refused exists"},
    {"it needs a workspace", "", "template tenant=9", "refused not_found"},
    {"its accounts are the workspace's", "", "template z", "refused reference_not_found"},
    {"another workspace's account is nobody's", "", "template a tenant=2", "refused reference_not_found"},
    {"nothing is published on Google Business", "", "template g", "refused channel_not_publishable"},
    {"an account is named once", "", "template a a#2", "refused target_duplicate"},
    {"a workspace has so many", "", "template templates=999", "template_created"},
    {"and no more", "", "template templates=1000", "refused template_limit"},
    {"it is changed", "template", "reword a", "template_changed"},
    {"a change that changes nothing is one all the same", "template, reword", "reword", "template_changed"},
    {"who changes it names what they saw", "template", "reword version=0", "refused version_mismatch"},
    {"what they saw may be older", "template, reword", "reword version=1", "refused version_mismatch"},
    {"what it is changed to is judged", "template", "reword z", "refused reference_not_found"},
    {"what is not there is not changed", "", "reword", "refused not_found"},
    {"another workspace's is not there", "template", "reword tenant=2", "refused not_found"},
    {"it is thrown away", "template", "discard", "template_deleted"},
    {"once", "template, discard", "discard", "refused not_found"},
    {"and not changed any more", "template, discard", "reword", "refused not_found"},
    {"its default queue is that of one of its accounts", "", "template a b queue_of=b", "template_created"},
    {"and of no other", "", "template a queue_of=b", "refused reference_not_found"},
    {"nor of none", "", "template queue_of=a", "refused reference_not_found"},
    {"an account that it goes to no longer takes the default queue with it", "template a b queue_of=b", "reword a queue_of=b", "refused reference_not_found"},
    {"it may get another one", "template a b queue_of=b", "reword a b queue_of=a", "template_changed"},
    {"a full workspace's templates are changed", "template", "reword templates=1000", "template_changed"},

    /* posts from templates */
    {"a post is made from a template", "template", "create a of_template text=filled", "post_created a"},
    {"what was left blank is a fact", "template", "create a of_template text={{x}} left=x", "post_created a left x"},
    {"what does not stand in it was not left blank", "template", "create a of_template text=filled left=x", "post_created a"},
    {"there has to be such a template", "", "create a of_template", "refused reference_not_found"},
    {"one that was deleted is none", "template, discard", "create a of_template", "refused reference_not_found"},
    {"another workspace's is none", "template", "create of_template tenant=2", "refused reference_not_found"},
    {"a copy may be of a post whose template is gone", "template, discard", "create a of_template copy text={{x}} left=x", "post_created a left x"},
    {"a post with a blank is not scheduled in the same breath", "template", "create a of_template text={{x}} left=x at=3600", "refused placeholder_missing"},
    {"nor published", "template", "create a of_template text={{x}} left=x now", "refused placeholder_missing"},
    {"without one it is", "template", "create a of_template text=filled left=x at=3600", "post_created a; post_scheduled at 3600 a due 3600"},
    {"nor is it later", "template, create a of_template text={{x}} left=x", "schedule at=3600", "refused placeholder_missing"},
    {"an edit that fills it in mends it", "template, create a of_template text={{x}} left=x", "edit a text=filled left=x", "post_edited a"},
    {"then it is scheduled", "template, create a of_template text={{x}} left=x, edit a text=filled left=x", "schedule at=3600", "post_scheduled at 3600 a due 3600"},
    {"an edit that leaves it mends nothing", "template, create a of_template text={{x}} left=x, edit a text=-{{x}} left=x", "schedule at=3600", "refused placeholder_missing"},
    {"a draft may be made blank again", "template, create a of_template text={{x}} left=x, edit a text=filled left=x", "edit a text={{x}} left=x", "post_edited a left x"},
    {"a scheduled post may not", "template, create a of_template text={{x}} left=x, edit a text=filled left=x, schedule at=3600", "edit a text={{x}} left=x", "refused placeholder_missing"},
    {"nor when the edit moves it", "template, create a of_template text={{x}} left=x, edit a text=filled left=x, schedule at=3600", "edit a@7200 text={{x}} left=x", "refused placeholder_missing"},
    {"who schedules what they saw, and it has a blank by now, is told that it changed", "template, create a of_template text={{x}} left=x, edit a text=filled left=x, edit a text={{x}} left=x", "schedule at=3600 version=2", "refused version_mismatch"},
    {"a lock weighs more than a blank", "template, create a of_template text={{x}} left=x, edit a text=filled left=x, schedule at=3600, at 3301", "edit a text={{x}} left=x", "refused post_locked"},
    {"no text at all is no blank", "template, create a of_template empty", "schedule at=3600", "refused content_missing"},

    /* the default queue */
    {"its next slot is every target's instant", "template", "create a b of_template queue_of=b next slot_a=3600 slot_b=7200", "post_created a b queue of b; post_scheduled at 7200 a due 7200 b due 7200"},
    {"whatever the others' queues have", "template", "create a b of_template queue_of=b next slot_a=empty slot_b=7200", "post_created a b queue of b; post_scheduled at 7200 a due 7200 b due 7200"},
    {"without one each has its own", "template", "create a b of_template next slot_a=3600 slot_b=7200", "post_created a b; post_scheduled at 3600 a due 3600 b due 7200"},
    {"an empty one has no slot", "template", "create a b of_template queue_of=b next slot_a=3600 slot_b=empty", "refused queue_empty"},
    {"a target's own instant goes before it, too", "template", "create a@9000 b of_template queue_of=b next slot_b=7200", "post_created a b queue of b; post_scheduled at 7200 a due 9000 b due 7200"},
    {"whose account has an instant of its own gives none", "template", "create a b@9000 of_template queue_of=b next slot_a=3600 slot_b=7200", "post_created a b queue of b; post_scheduled at 3600 a due 3600 b due 9000"},
    {"a post that does not go to its account has none", "template", "create a of_template queue_of=b next slot_a=3600", "post_created a; post_scheduled at 3600 a due 3600"},
    {"a draft has it until it is scheduled", "template, create a b of_template queue_of=b", "schedule next slot_a=3600 slot_b=7200", "post_scheduled at 7200 a due 7200 b due 7200"},
    {"what is said counts before it", "template, create a b of_template queue_of=b", "schedule at=9000", "post_scheduled at 9000 a due 9000 b due 9000"},
    {"an edit keeps it, wherever its account stands", "template, create a b of_template queue_of=b, edit b a", "schedule next slot_a=3600 slot_b=7200", "post_scheduled at 7200 b due 7200 a due 7200"},
    {"an edit that takes its account away takes it away", "template, create a b of_template queue_of=b, edit a, edit a b", "schedule next slot_a=3600 slot_b=7200", "post_scheduled at 3600 a due 3600 b due 7200"},
    {"a copy has it", "", "create a b of_template copy queue_of=b", "post_created a b queue of b"},
    {"who approves is asked for it all the same", "template, settings policy=four_eyes, create a b of_template queue_of=b", "schedule next slot_a=3600 slot_b=7200", "post_scheduled at 7200 a due 7200 b due 7200; approval_wanted four_eyes at 7200"},
    {"braces in a post from no template are text", "", "create a text={{x}} at=3600", "post_created a; post_scheduled at 3600 a due 3600"},
    {"also when it is edited", "create a text=hello at=3600", "edit a text={{x}}", "post_edited a"},
};
/* clang-format on */

#endif
