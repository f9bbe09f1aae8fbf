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

void post_fold_written(struct post_row *post, const struct event *event)
{
    const struct post_edited_event *edited = &event->post_edited;
    if (event->code == EVENT_post_created) {
        post->timezone = event->post_created.timezone;
        post->not_after_ms = event->post_created.not_after_ms;
        post->default_queue_of = event->post_created.default_queue_of;
        return;
    }
    post->timezone = edited->timezone;
    post->not_after_ms = edited->not_after_ms;
    if (target_spec_of(edited->targets, edited->targets_count, &post->default_queue_of) == NULL) {
        post->default_queue_of = (struct id){0}; /* it does not go there any more */
    }
}

bool post_fold_is_ours(uint32_t code)
{
    return (code >= EVENT_post_created && code <= EVENT_targets_doubted) || code == EVENT_instance_withheld ||
           code == EVENT_instance_withdrawn || (code >= EVENT_approval_wanted && code <= EVENT_approval_voided);
}
