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
    {"braces in a post from no template are text", "", "create a text={{x}} at=3600", "post_created a; post_scheduled at 3600 a due 3600"},
    {"also when it is edited", "create a text=hello at=3600", "edit a text={{x}}", "post_edited a"},
};
/* clang-format on */

#endif
