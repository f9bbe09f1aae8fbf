/* post_fold_content.c: which events are of a post, and what an author wrote, out of the two that carry it whole. Called
 * by posts.c and activity.c. */
#include "projections/post_fold.h"

#include "core/message/post_content.h"

void post_fold_content(const struct event *event, struct post_content_row *ret_content)
{
    *ret_content = (struct post_content_row){0};
    if (event->code == EVENT_post_created) {
        POST_CONTENT_COPY(ret_content, &event->post_created);
    } else {
        POST_CONTENT_COPY(ret_content, &event->post_edited);
    }
}

bool post_fold_is_ours(uint32_t code)
{
    return (code >= EVENT_post_created && code <= EVENT_targets_doubted) || code == EVENT_instance_withheld ||
           code == EVENT_instance_withdrawn || (code >= EVENT_approval_wanted && code <= EVENT_approval_voided);
}
