/* present.h: read models as the JSON that people and programs see: one presentation for HTTP and RPC. Absent is null,
 * never omitted; times are RFC 3339 UTC, and beside publish_at the local time with its offset.
 *
 * Each function appends one JSON value to out, which the caller lends; on ERR_NO_SPACE out holds nothing of use: try
 * again with a longer one. */
#ifndef OPENPOST_PROJECTIONS_PRESENT_H
#define OPENPOST_PROJECTIONS_PRESENT_H

#include "core/approval.h"
#include "core/base/arena.h"
#include "core/calendar/zone.h"
#include "core/store/store.h"
#include "projections/access.h"
#include "projections/activity.h"
#include "projections/notifications.h"
#include "projections/posts.h"
#include "projections/punctuality.h"
#include "projections/series.h"
#include "projections/templates.h"

struct present;

/* Appends a target's two members "rendering":…,"violations":[…] before the lock; what is locked is shown as it will be
 * sent. For whoever knows the channels; a root that does not leaves it NULL: rendering is null, violations empty. */
typedef enum err present_rendering(void *context, struct arena *arena, const struct post_view *post,
                                   uint32_t target_index, struct buf *out);

/* What was read of the surroundings of a page's posts, most of which have the same: workspace, installation, accounts.
 * Empty ({0}) at first; it serves one transaction, in which the arena that it was read into must not be rewound. */
#define PRESENT_ACCOUNTS_SEEN 32 /* others are read again for each post */

struct present_seen {
    struct workspace_row workspace; /* no workspace_id: not read yet */
    struct installation_row installation;
    bool installation_read;
    uint32_t account_count;
    struct integration_row accounts[PRESENT_ACCOUNTS_SEEN];
};

/* What presenting needs; everything is borrowed. */
struct present {
    struct store_txn *txn;       /* the one that the rows were read with */
    struct store_txn *posts_txn; /* NULL: txn; else where the post was as it is to be shown */
    uint64_t as_of;              /* 0: surroundings as they are; else as they were at that seq (access_…_as_of) */
    int64_t now_ms;              /* what a target waits for changes with it; of an answer, when it was decided */
    struct zones *zones;
    struct arena *arena;
    const struct grant *grant;    /* of who it is shown to: told of nothing that is not there for it; NULL: sees all */
    present_rendering *rendering; /* may be NULL */
    void *rendering_context;
    struct present_seen *seen;           /* of the page that the post is on; may be NULL */
    const struct channel_list *channels; /* what approvals are rendered with; may be NULL: what is to be approved is not
                                            told */
};

/* Where the post was as it is to be shown. */
static inline struct store_txn *present_posts(const struct present *present)
{
    return present->posts_txn != NULL ? present->posts_txn : present->txn;
}

/* present_approval writes {policy, status, content_sha256, by, at} of a post; present_policy is a workspace's. */
enum err present_approval(const struct present *present, const struct post_view *post,
                          const struct workspace_row *workspace, struct buf *out) MUST_USE;
enum approval_policy present_policy(const struct workspace_row *workspace);

/* present_surroundings reads the workspace of what is to be shown, present_account an account of it, and
 * present_installation the installation (zeros before a first ledger took over): as they are to be shown.
 * ERR_NOT_FOUND: there is no such account. */
enum err present_surroundings(const struct present *present, const struct id *workspace_id,
                              struct workspace_row *ret_workspace) MUST_USE;
enum err present_account(const struct present *present, const struct id *workspace_id, const struct id *integration_id,
                         struct integration_row *ret_integration) MUST_USE;
enum err present_installation(const struct present *present, struct installation_row *ret_installation) MUST_USE;

/* present_draft writes what present->rendering makes of a target, or copies what it made of another one of the post
 * that a rendering cannot tell from it. shown: of each target where its members stand in out, len 0: nowhere. */
struct present_shown {
    size_t start;
    size_t len;
};

enum err present_draft(const struct present *present, const struct post_view *post, uint32_t index,
                       struct present_shown *shown, struct buf *out) MUST_USE;
/* ERR_NO_SPACE, ERR_NO_MEMORY, and what the store says. */
enum err present_post(const struct present *present, const struct post_view *post, struct buf *out) MUST_USE;
/* {"data":[{target_id, integration_id, channel, status, attempts:[…]}…]}: every attempt of every target. */
enum err present_deliveries(const struct present *present, const struct post_view *post, struct buf *out) MUST_USE;
/* {"data":[{version, at, event, actor, actor_id, command_id, target_id, sentence}…]: up to limit events after a
 * version; the caller ends the object. *ret_next: the last one's version when there are others, else 0. */
enum err present_history(const struct present *present, const struct post_row *post, uint64_t after, uint32_t limit,
                         struct buf *out, uint64_t *ret_next) MUST_USE;
enum err present_integration(const struct integration_row *integration, int64_t now_ms, struct buf *out) MUST_USE;
enum err present_workspace(const struct workspace_row *workspace, struct buf *out) MUST_USE;
/* present_queue writes an account's queue. Its version as people see it counts its making, too, which is no event: one
 * more than its stream's (queue_version), so that an ETag names that of a queue that was never changed. present_preview
 * writes {"data":[{at, at_local, filled, holders:[{post_id, target_id}…]}…]}: its next count occurrences after
 * present->now_ms and who holds each; holders that the grant does not see are left out, and of more
 * than PREVIEW_HOLDERS_MAX the others. */
#define PREVIEW_HOLDERS_MAX 16 /* of one account at one instant: somebody put each there by hand */

static inline uint64_t queue_version(const struct weekly_row *queue)
{
    return queue->version + 1;
}

enum err present_queue(const struct weekly_row *queue, const struct workspace_row *workspace, struct buf *out) MUST_USE;
enum err present_preview(const struct present *present, const struct grant *grant, const struct weekly_row *queue,
                         const struct workspace_row *workspace, uint32_t count, struct buf *out) MUST_USE;
/* accounts: those that a restricted key is for, as far as who asks sees them. text: the key itself, when it has just
 * been made; data NULL: it is not shown; then, as_made, it is null. */
enum err present_key(const struct key_row *key, const struct integration_ref *accounts, uint32_t account_count,
                     bool as_made, struct span text, struct buf *out) MUST_USE;

/* called: what a member is called, data NULL: nobody knows. accept_url: where an invitation that has just been made is
 * taken, data NULL: null; NULL for any other. */
struct called {
    struct span name;
    struct span email;
};

enum err present_member(const struct member_row *row, const struct called *called, int64_t now_ms,
                        const struct span *accept_url, struct buf *out) MUST_USE;
/* present_actor shows who acted, by one of the three; of a member nothing but what they are called, of an operator,
 * whom the workspace has not let in, not even that. */
enum err present_actor_member(const struct member_row *row, struct span name, struct buf *out) MUST_USE;
enum err present_actor_key(const struct key_row *row, struct buf *out) MUST_USE;
enum err present_actor_operator(const struct outsider_row *row, struct buf *out) MUST_USE;
enum err present_usage(const struct workspace_row *workspace, const struct usage *used, struct buf *out) MUST_USE;
/* present_plan_limit appends a sentence for people: what the plan bounds, by how much, how much of it is used, and the
 * ways on. limit: what could not begin. */
void present_plan_limit(const struct workspace_row *workspace, const struct usage *used, enum limit limit,
                        struct buf *out);
enum err present_period(const struct period_row *row, struct buf *out) MUST_USE;
/* marked: for somebody who marks them; else it is told of none whether it is read. */
enum err present_notification(const struct notification *notification, bool marked, struct buf *out) MUST_USE;
/* present_tenant writes a workspace as it is seen from outside. */
enum err present_tenant(const struct workspace_row *workspace, struct buf *out) MUST_USE;
enum err present_series(const struct series_row *series, struct buf *out) MUST_USE;
/* present_coming writes {"data":[{local, publish_at, publish_at_local, post_id}…],"next_cursor":null}: up to limit
 * occurrences after present->now_ms, and the post of each that the grant sees; of a series that is paused or has ended
 * none. */
enum err present_coming(const struct present *present, const struct grant *grant, const struct series_row *series,
                        uint32_t limit, struct buf *out) MUST_USE;
/* What posts, series and templates have in common: present_content appends ,"content":{…}, present_names ,"labels":[…],
 * "metadata":{…}, present_json a member of that name (a literal: ,"variant":) that is JSON of a channel's own. */
void present_content(const struct post_content_row *content, struct buf *out);
void present_names(const struct post_content_row *content, struct buf *out);
void present_json(struct buf *out, const char *name, struct span json);
/* present_plan appends the members that name a workspace's plan and billing period. */
void present_plan(const struct workspace_row *workspace, struct buf *out);
enum err present_punctuality(const struct punctuality_report *report, struct buf *out) MUST_USE;

/* present_template.c. present_blanks appends the placeholders that a post still has to have filled in, as a member that
 * begins with a comma. */
void present_blanks(const struct post_view *post, struct buf *out);
/* present_default_queue appends the queue of that account, null for none, likewise. */
void present_default_queue(const struct id *integration_id, struct buf *out);
enum err present_template(const struct template_row *template, struct buf *out) MUST_USE;

#endif
