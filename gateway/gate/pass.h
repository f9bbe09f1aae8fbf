/* pass.h: the one way through the gate. A request becomes a pass (who, of which workspace, with what) exactly once;
 * whatever a handler reads, it reads by the pass, which asks the read models for that workspace only; whatever it wants
 * done goes by the pass, in that workspace's name (order.h, ask.h). Nobody but pass.c knows what a pass is made of, so
 * nobody else can make, copy or change one; no store and no transaction leaves it. One thread at a time. */
#ifndef OPENPOST_GATE_PASS_H
#define OPENPOST_GATE_PASS_H

#include "core/message/access.h"
#include "core/wire/body.h"
#include "gateway/gate/gate.h"

struct pass;

/* What a request shows at the gate: a key, or the token of a session, which is not looked at beside a key. */
struct knock {
    struct span key;       /* the text after "Bearer "; data NULL: none was shown, which is no attempt */
    struct span token;     /* likewise */
    struct span workspace; /* with a token: its id or slug; data NULL: the only one that the person is in */
    struct id request_id;  /* its commands' ids differ from it in the kind only */
    int64_t now_ms;
};

/* gate_admit finds who shows the key or token and opens a read transaction for the pass, which lives in the arena.
 * ERR_AUTH: it opens nothing, for whatever reason; the attempt was noted. */
enum err gate_admit(struct gate *gate, const struct knock *knock, struct arena *arena, struct pass **ret_pass) MUST_USE;

/* pass_refresh lets it see the newest commit, after what took its read transaction away, too. pass_close ends it;
 * accepts NULL. */
enum err pass_refresh(struct pass *pass) MUST_USE;
void pass_close(struct pass *pass);

/* Who has a pass: to be looked at. It opens nothing. */
struct badge {
    struct id workspace_id; /* absent: the person's who has the pass, and no workspace's: lacks says why */
    struct id key_id;       /* the key, or the session */
    struct id user_id;      /* of a session: whose */
    bool is_operator;       /* likewise: who sees to all workspaces, from outside them (oversight.h) */
    struct id member_id;    /* of a session in a workspace */
    enum refusal lacks;     /* of a session in none: workspace_required, or not_found for one that is not theirs */
    bool sees;              /* lacks not_found: an operator, who sees the workspace from outside */
    bool memberless;        /* lacks workspace_required: they are a member of none */
    struct grant grant;
};

const struct badge *pass_badge(const struct pass *pass);
/* pass_check judges what was given to who has it, as access_check does (core/message/access.h);
 * NEED_PERSON is met by a session, NEED_OPERATOR by an operator's; a key is answered session_required. */
enum refusal pass_check(const struct pass *pass, enum need need, enum key_scope scope);
/* pass_refused notes that what was given does not reach what was asked for: request is the route's name, a constant.
 * pass_missed notes that an id named nothing here: whether it is another workspace's is looked up when nobody waits
 * for it any more, so that the answer takes as long for what is there as for what is not. */
void pass_refused(struct pass *pass, enum refusal refusal, const char *request, int64_t now_ms);
void pass_missed(struct pass *pass, const struct id *named, const char *request, int64_t now_ms);

/* pass_quota reads how many requests a minute the plan of the workspace allows each of its keys; 0: it says nothing. */
enum err pass_quota(const struct pass *pass, uint64_t *ret_per_minute) MUST_USE;

/* Reads: what does not belong to the workspace is ERR_NOT_FOUND, like what does not exist; and so is, for who is
 * restricted to accounts, any other account and a post that goes to one. */
enum err pass_post(struct pass *pass, const struct id *post_id, struct post_view *ret_post) MUST_USE;
/* pass_post_ever reads the row of a post likewise, of a draft too that was deleted: for its history. */
enum err pass_post_ever(struct pass *pass, const struct id *post_id, struct post_row *ret_post) MUST_USE;
/* pass_approval_repeats: posts_approval_repeats of a post that was read through this pass. */
enum err pass_approval_repeats(struct pass *pass, const struct post_row *post, const struct hash *content_sha256,
                               bool *ret_repeats) MUST_USE;
enum err pass_posts(struct pass *pass, const struct post_filter *filter, struct span cursor, uint32_t limit,
                    struct post_page *ret_page) MUST_USE;
enum err pass_integration(struct pass *pass, const struct id *integration_id, struct integration_row *ret_row) MUST_USE;
enum err pass_integrations(struct pass *pass, const struct id *after, uint32_t limit, struct integration_row **ret_rows,
                           uint32_t *ret_count) MUST_USE;
/* A series is not there for whom one of its posts would not be. */
enum err pass_series(struct pass *pass, const struct id *series_id, struct series_row *ret_row) MUST_USE;
enum err pass_series_list(struct pass *pass, const struct id *after, uint32_t limit, struct series_row **ret_rows,
                          uint32_t *ret_count) MUST_USE;
/* The integration must have been read through this pass before. */
enum err pass_queue(struct pass *pass, const struct integration_row *integration, struct weekly_row *ret_queue)
    MUST_USE;
enum err pass_workspace(struct pass *pass, struct workspace_row *ret_row) MUST_USE;
/* A template, or a page of them in the order of their names; ERR_MALFORMED: the cursor is not of that list. */
enum err pass_template(struct pass *pass, const struct id *template_id, struct template_row *ret_row) MUST_USE;
enum err pass_templates(struct pass *pass, struct span cursor, uint32_t limit, struct template_page *ret_page) MUST_USE;

/* An API key: never its text, nor what that is recognised by to anybody's use. */
struct key_view {
    struct key_row row;
    const struct integration_ref *accounts; /* that it is restricted to, if it is: those that the pass sees */
    uint32_t account_count;
};

enum err pass_key(struct pass *pass, const struct id *key_id, struct key_view *ret_key) MUST_USE;
enum err pass_keys(struct pass *pass, const struct id *after, uint32_t limit, struct key_view **ret_keys,
                   uint32_t *ret_count) MUST_USE;
enum err pass_usage(struct pass *pass, int64_t now_ms, struct usage *ret_usage) MUST_USE;
/* Notifications, of those that the pass opens (notifications.h; the filter's grant and marks are the pass's own), and
 * what the member who has it makes of them: nobody, when it is a key's. */
enum err pass_notifications(struct pass *pass, const struct notification_filter *filter,
                            struct notification_page *ret_page) MUST_USE;
enum err pass_notification(struct pass *pass, const struct id *notification_id, uint64_t *ret_workspace_seq) MUST_USE;
enum err pass_marks(struct pass *pass, struct notification_marks *ret_marks) MUST_USE;
enum err pass_periods(struct pass *pass, int64_t before_ms, uint32_t limit, struct period_row **ret_rows,
                      uint32_t *ret_count) MUST_USE;
/* The integration must have been read through this pass before; at most REPORT_DAYS_MAX days. */
#define REPORT_DAYS_MAX 400
enum err pass_punctuality(struct pass *pass, const struct integration_row *integration, struct span zone,
                          uint32_t first_day, uint32_t last_day, struct punctuality_report **ret_reports,
                          uint32_t *ret_count) MUST_USE;
/* pass_as_of makes the pass see one stream as its events (a list of body.h's, from the first on) left it: from now on
 * pass_post, pass_integration and pass_workspace read that, and nothing else of its kind is there.
 * ERR_NOT_FOUND: they are another workspace's. */
enum err pass_as_of(struct pass *pass, struct body_list events) MUST_USE;
/* pass_answers: what is presented from now on is the answer to a command that was accepted. What a post or queue shows
 * of its surroundings is then as it was at the command's last event, and now is when it was decided: it reads the same
 * at first and at each repeat, whatever has changed since. */
void pass_answers(struct pass *pass, const struct answer *answer);
/* pass_shown_ms: when what is presented is or was so: behind pass_answers the command's instant, else now_ms. */
int64_t pass_shown_ms(const struct pass *pass, int64_t now_ms);
/* pass_answered_queue reads the queue of an account, which need not be there any more: behind pass_answers. */
enum err pass_answered_queue(struct pass *pass, const struct id *integration_id, struct weekly_row *ret_queue) MUST_USE;
/* pass_asked finds what was answered under an Idempotency-Key of this pass's holder; ERR_NOT_FOUND. */
enum err pass_asked(struct pass *pass, const struct idempotency *idempotency, bool *ret_same, struct answer *ret_answer)
    MUST_USE;
/* pass_workspace_last finds the last workspace_seq. */
enum err pass_workspace_last(struct pass *pass, uint64_t *ret_workspace_seq) MUST_USE;

/* Each appends one JSON value, as present.h says, of a post that was read by this pass: as it is to be shown at now_ms.
 * seen: of the page that the post is on; NULL: it is shown by itself. */
enum err pass_present_post(struct pass *pass, const struct post_view *post, int64_t now_ms, struct present_seen *seen,
                           struct buf *out) MUST_USE;
enum err pass_present_queue(struct pass *pass, const struct weekly_row *queue, struct buf *out) MUST_USE;
enum err pass_present_preview(struct pass *pass, const struct weekly_row *queue, uint32_t count, int64_t now_ms,
                              struct buf *out) MUST_USE;
enum err pass_present_coming(struct pass *pass, const struct series_row *series, uint32_t limit, int64_t now_ms,
                             struct buf *out) MUST_USE;
enum err pass_present_deliveries(struct pass *pass, const struct post_view *post, int64_t now_ms, struct buf *out)
    MUST_USE;
enum err pass_present_history(struct pass *pass, const struct post_row *post, int64_t now_ms, uint64_t after,
                              uint32_t limit, struct buf *out, uint64_t *ret_next) MUST_USE;

#endif
