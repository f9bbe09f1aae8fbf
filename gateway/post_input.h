/* post_input.h: a post as clients write it: bodies of create, edit, schedule, retry and resolve. */
#ifndef OPENPOST_GATEWAY_POST_INPUT_H
#define OPENPOST_GATEWAY_POST_INPUT_H

#include "gateway/gateway.h"

struct schedule_input {
    bool given;
    bool now;
    bool next_slot;
    int64_t at_ms;
};

/* Each reads from the exchange's body into what a command carries (in the request's arena) and keeps the first fault in
 * exchange->input. post_input_create reads a whole body of the post that
 * will be post_id. post_input_edit merges a patch (RFC 7396) into what the post is now: content starts as the present
 * one. The body has the form that its schema gives it; what the values may be is admission.h's to say. */
void post_input_create(struct exchange *exchange, const struct id *post_id, struct post_content_row *ret_content,
                       struct schedule_input *ret_schedule, struct span *ret_timezone, int64_t *ret_not_after_ms);
void post_input_edit(struct exchange *exchange, const struct post_view *post, struct post_content_row *ret_content,
                     struct span *ret_timezone, int64_t *ret_not_after_ms);
/* Of these the part that posts, series and templates have in common, for what will be, or is, owner_id. */
void post_input_written(struct exchange *exchange, const struct id *owner_id, struct post_content_row *ret_content);
void post_input_patched(struct exchange *exchange, const struct id *owner_id, const struct post_content_row *before,
                        struct post_content_row *ret_content);
/* {"at"} | {"next_slot"} | {"now"}: exactly one. */
struct schedule_input post_input_schedule(struct exchange *exchange, const struct json_node *object, const char *at);

#endif
