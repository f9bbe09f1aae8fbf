/* post_fold_content.c: what an author wrote, out of the two events that carry it whole. Called by posts.c. */
#include "projections/post_fold.h"

void post_fold_content(const struct event *event, struct post_content_row *ret_content)
{
    const struct post_created_event *created = &event->post_created;
    const struct post_edited_event *edited = &event->post_edited;
    if (event->code == EVENT_post_created) {
        *ret_content = (struct post_content_row){
            .parts = created->parts,
            .parts_count = created->parts_count,
            .link = created->link,
            .first_comment = created->first_comment,
            .targets = created->targets,
            .targets_count = created->targets_count,
            .labels = created->labels,
            .labels_count = created->labels_count,
            .metadata = created->metadata,
            .metadata_count = created->metadata_count,
        };
    } else {
        *ret_content = (struct post_content_row){
            .parts = edited->parts,
            .parts_count = edited->parts_count,
            .link = edited->link,
            .first_comment = edited->first_comment,
            .targets = edited->targets,
            .targets_count = edited->targets_count,
            .labels = edited->labels,
            .labels_count = edited->labels_count,
            .metadata = edited->metadata,
            .metadata_count = edited->metadata_count,
        };
    }
}
