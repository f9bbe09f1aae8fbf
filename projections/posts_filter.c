/* posts_filter.c: whether a post is one that a filter lets through, by its narrow row (which may be wrong: it rules
 * most out) and by the post itself. Called by posts_list.c. */
#include "projections/posts_internal.h"

uint32_t posts_mark(struct span text)
{
    uint32_t hash = 2166136261U; /* FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ text.data[i]) * 16777619U;
    }
    return hash;
}

/* The last bytes of a UUIDv7 are random. */
uint32_t posts_mark_id(const struct id *id)
{
    return get_be32(id->uuid + 12);
}

uint32_t posts_class(uint32_t status)
{
    return status == POST_QUEUED || status == POST_PUBLISHING ? POST_SCHEDULED : status;
}

static bool has_mark(struct span marks, uint32_t mark)
{
    for (size_t i = 0; i + 4 <= marks.len; i += 4) {
        if (get_be32(marks.data + i) == mark) {
            return true;
        }
    }
    return false;
}

static bool wants_status(const struct post_filter *filter, uint32_t status)
{
    return filter->statuses == 0 || (filter->statuses >> status & 1) != 0;
}

bool posts_want_class(const struct post_filter *filter, uint32_t class)
{
    if (class != POST_SCHEDULED) {
        return wants_status(filter, class);
    }
    return wants_status(filter, POST_SCHEDULED) || wants_status(filter, POST_QUEUED) ||
           wants_status(filter, POST_PUBLISHING);
}

static bool wants_id(const struct id *wanted, uint32_t count, const struct id *id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (id_equal(&wanted[i], id)) {
            return true;
        }
    }
    return count == 0;
}

/* Whether the grant may see the post of a narrow row: each of the targets' marks is that of an account of its. */
static bool may_see(const struct grant *grant, const struct post_list_row *row)
{
    bool may = true;
    for (size_t i = 0; may && i + 4 <= row->integrations.len; i += 4) {
        may = false;
        for (uint32_t k = 0; k < grant->account_count && !may; k++) {
            may = posts_mark_id(&grant->accounts[k].integration_id) == get_be32(row->integrations.data + i);
        }
    }
    return may || !grant->restricted;
}

bool posts_may_match(const struct post_filter *filter, const struct post_list_row *row)
{
    if (filter->seen_by != NULL && !may_see(filter->seen_by, row)) {
        return false;
    }
    bool integration = filter->integration_count == 0;
    for (uint32_t i = 0; i < filter->integration_count && !integration; i++) {
        integration = has_mark(row->integrations, posts_mark_id(&filter->integrations[i]));
    }
    bool label = filter->label_count == 0;
    for (uint32_t i = 0; i < filter->label_count && !label; i++) {
        label = has_mark(row->labels, posts_mark(filter->labels[i]));
    }
    return integration && label && wants_id(filter->authors, filter->author_count, &row->author_id);
}

static bool wants_integrations(const struct post_filter *filter, const struct post_row *post)
{
    for (uint32_t i = 0; i < filter->integration_count; i++) {
        for (uint32_t k = 0; k < post->targets_count; k++) {
            if (id_equal(&filter->integrations[i], &post->targets[k].integration_id)) {
                return true;
            }
        }
    }
    return filter->integration_count == 0;
}

static bool wants_approval(const struct post_filter *filter, const struct post_row *post,
                           const struct workspace_row *workspace)
{
    return filter->approvals == 0 || (filter->approvals >> posts_approval_status(post, workspace) & 1) != 0;
}

bool posts_match(const struct post_filter *filter, const struct post_row *post, const struct workspace_row *workspace)
{
    const int64_t at_ms = post->publish_at_ms;
    if (post->status == POST_DELETED) {
        return false;
    }
    if (filter->seen_by != NULL && !posts_sees(filter->seen_by, post)) {
        return false;
    }
    if (filter->attention != 0 && (filter->attention & post->attention) == 0) {
        return false;
    }
    if (filter->publish_after_ms != 0 && (at_ms == 0 || at_ms < filter->publish_after_ms)) {
        return false;
    }
    if (filter->publish_before_ms != 0 && (at_ms == 0 || at_ms >= filter->publish_before_ms)) {
        return false;
    }
    return wants_status(filter, post->status) && wants_id(filter->authors, filter->author_count, &post->author_id) &&
           wants_id(filter->series, filter->series_count, &post->series_id) &&
           wants_id(filter->templates, filter->template_count, &post->template_id) &&
           wants_integrations(filter, post) && wants_approval(filter, post, workspace);
}

bool posts_match_content(const struct post_filter *filter, const struct post_content_row *content)
{
    for (uint32_t i = 0; i < filter->label_count; i++) {
        for (uint32_t k = 0; k < content->labels_count; k++) {
            if (span_equal(filter->labels[i], content->labels[k].name)) {
                return true;
            }
        }
    }
    return filter->label_count == 0;
}
