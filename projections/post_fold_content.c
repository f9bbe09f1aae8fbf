/* post_fold_content.c: what an author wrote, out of the two events that carry it whole. Called by posts.c. */
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
