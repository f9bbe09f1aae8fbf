/* present_approval.c: how a post's approval stands, and what has to be approved, as JSON. Called by present.c. What has
 * to be approved is rendered for each look at a post that waits for it, and for no other. */
#include "core/message/codec.h"
#include "projections/present.h"

enum approval_policy present_policy(const struct workspace_row *workspace)
{
    return workspace->approval_policy != POLICY_NONE ? (enum approval_policy)workspace->approval_policy : POLICY_OFF;
}

static void put_word(struct buf *out, const char *name, const char *word)
{
    buf_text(out, name);
    json_string(out, span_text(word));
}

/* Absent: zeros. */
static void put_sha256(struct buf *out, const struct hash *hash)
{
    static const struct hash none;
    buf_text(out, ",\"content_sha256\":");
    if (memcmp(hash, &none, sizeof none) == 0) {
        buf_text(out, "null");
        return;
    }
    buf_byte(out, '"');
    buf_hex(out, span_of(hash->bytes, sizeof hash->bytes));
    buf_byte(out, '"');
}

static enum err render(const struct present *present, const struct post_view *post, struct hash *ret_hash)
{
    struct approval_source source;
    struct approval_form form;
    const struct arena_mark mark = arena_mark(present->arena);
    TRY(posts_approval_source(post, present->arena, &source));
    TRY(approval_render(present->channels, &source, present->arena, &form));
    *ret_hash = form.sha256;
    arena_rewind(present->arena, mark);
    return OK;
}

enum err present_approval(const struct present *present, const struct post_view *post,
                          const struct workspace_row *workspace, struct buf *out)
{
    const enum approval status = posts_approval_status(&post->row, workspace);
    struct approval_row given = {.given_ms = 0};
    if (status == APPROVAL_GIVEN) {
        TRY(posts_approval(present_posts(present), &post->row.post_id, present->arena, &given));
    } else if (status != APPROVAL_UNNEEDED && present->channels != NULL) {
        TRY(render(present, post, &given.content_sha256));
    }
    put_word(out, "{\"policy\":", choice_word(&approval_policy_words, present_policy(workspace)));
    put_word(out, ",\"status\":", choice_word(&approval_words, status));
    put_sha256(out, &given.content_sha256);
    buf_text(out, ",\"by\":");
    json_id(out, &given.approver_id);
    buf_text(out, ",\"at\":");
    json_time(out, given.given_ms);
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}
