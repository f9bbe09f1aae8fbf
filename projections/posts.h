/* posts.h: what a post is now, which posts a workspace has, what was tried for them and what is sent.
 *
 * Rows. All of a post lies side by side under its time-ordered id (row_store.h: enum post_place): post_row, small and
 * written at every event; its attempts; what its author wrote (post_content_row, at create and edit); what its targets
 * send (locked_target, at the lock). PLACE_POSTS_CREATED and PLACE_POSTS_DUE (tables.h) hold a narrow row per post, in
 * the order of creation and of publish_at, written only when key or row changes: at create, schedule and a changed
 * instant; what becomes of the post stands on its shelf (posts_shelf.h). PLACE_POSTS_ATTENTION and
 * PLACE_POSTS_ATTENTION_DUE hold the same rows of the few that need a look, while they do. The rows of punctuality.h
 * are derived here too, while the post is decoded.
 *
 * Whatever a query returns borrows from the transaction and the arena: use it before either ends. */
#ifndef OPENPOST_PROJECTIONS_POSTS_H
#define OPENPOST_PROJECTIONS_POSTS_H

#include "core/approval.h"
#include "core/ledger/projection.h"
#include "core/message/access.h"
#include "core/text/words.h"
#include "projections/row.h"

extern const struct projection posts_projection;

/* What may be wrong with a post that only a look at it puts right. unknown: a target's outcome is; needs_person: and
 * nothing that we can read settles it; contradicted: two definite outcomes of an attempt disagree, so that more may be
 * live than should be (once so, for ever so). */
/* clang-format off */
#define ATTENTION_TABLE(X) X(UNKNOWN, "unknown") X(NEEDS_PERSON, "needs_person") X(CONTRADICTED, "contradicted")
/* clang-format on */
#define X(name_, word_) ATTENTION_##name_,

enum attention { ATTENTION_NONE = 0, ATTENTION_TABLE(X) ATTENTION_COUNT };

#undef X

extern const struct choice_table attention_words;

/* posts_counts reads how many posts of the whole installation need attention, and how many ended badly: for operators.
 */
enum err posts_counts(struct store_txn *txn, struct arena *arena, struct post_count_row *ret_counts) MUST_USE;

struct post_view {
    struct post_row row;
    struct post_content_row content; /* content.targets[i] is what the author wrote for row.targets[i] */
};

/* posts_get reads a post, whose texts borrow from the transaction. workspace_id NULL: whosever it is (our own processes
 * only). ERR_NOT_FOUND: unknown, deleted, or another workspace's. */
enum err posts_get(struct store_txn *txn, const struct id *workspace_id, const struct id *post_id, struct arena *arena,
                   struct post_view *ret_post) MUST_USE;

/* posts_get_ever reads the row of a post, of a deleted draft too: what its history is shown by. */
enum err posts_get_ever(struct store_txn *txn, const struct id *workspace_id, const struct id *post_id,
                        struct arena *arena, struct post_row *ret_post) MUST_USE;

/* posts_sees tells whether a post is there for the grant: none of its targets goes to an account that it does not see.
 */
bool posts_sees(const struct grant *grant, const struct post_row *post);

/* posts_may_write tells whether what has such an id may have written a post: a key, a member, or, where nobody is
 * known, the workspace. */
static inline bool posts_may_write(const struct id *id)
{
    return id->kind == ID_KEY || id->kind == ID_MEMBER || id->kind == ID_WORKSPACE;
}

/* posts_origin tells what a post was made of, as far as that is there for the grant (NULL: all is); absent: nothing, or
 * what is not there for it. */
struct post_origin {
    struct id duplicate_of;
    struct id template_id;
    struct id series_id;
};

enum err posts_origin(struct store_txn *txn, const struct grant *grant, const struct post_row *post,
                      struct arena *arena, struct post_origin *ret_origin) MUST_USE;

enum post_order {
    POST_ORDER_CREATED_DOWN = 0, /* newest first */
    POST_ORDER_CREATED_UP,
    POST_ORDER_PUBLISH_UP, /* earliest first; posts without an instant after all others, in both directions */
    POST_ORDER_PUBLISH_DOWN,
};

/* posts_order reads an order as clients name it: created_at, publish_at, -created_at, -publish_at; data NULL: newest
 * first. ERR_RANGE: another word. */
enum err posts_order(struct span word, enum post_order *ret_order) MUST_USE;

/* Repeated = or, different = and; an empty part filters nothing. */
struct post_filter {
    uint32_t statuses;  /* bit n: enum post_status n; 0: any */
    uint32_t attention; /* bit n: enum attention n; 0: any, also none */
    uint32_t approvals; /* bit n: enum approval n, as posts_approval_status tells it; 0: any */
    const struct id *integrations;
    uint32_t integration_count;
    const struct id *authors;
    uint32_t author_count;
    const struct id *series; /* made by one of them */
    uint32_t series_count;
    const struct id *templates; /* made from one of them, copies too */
    uint32_t template_count;
    const struct span *labels;
    uint32_t label_count;
    int64_t publish_after_ms;         /* publish_at >= it; 0: any. Posts without an instant are out */
    int64_t publish_before_ms;        /* publish_at < it; 0: any */
    const struct words_query *search; /* the author's texts, variants' too, hold each of it; NULL: any */
    const struct grant *seen_by;      /* posts that are not there for it are out, and nothing was made by a series or of
                                         a template that is not; NULL: for who sees all accounts */
    enum post_order order;
};

#define POST_CURSOR_MAX 48 /* bytes */
#define POSTS_PAGE_MAX 200
#define POSTS_SCAN_MAX 5000                      /* rows or posts looked at in one call: < 10 ms */
#define POSTS_SEARCH_BYTES_MAX ((size_t)4 << 20) /* of texts looked through in one call: < 100 ms, mostly far less */

struct post_page {
    struct post_view *posts;
    uint32_t count;
    uint8_t cursor[POST_CURSOR_MAX]; /* where the next page begins */
    size_t cursor_len;               /* 0: there is no next page */
};

/* posts_list returns up to limit (1..POSTS_PAGE_MAX) posts of a workspace after cursor (empty: from the beginning).
 * Posts made meanwhile move nothing. A page may have fewer posts, even none, and a cursor: POSTS_SCAN_MAX rows were
 * looked at, or POSTS_SEARCH_BYTES_MAX of texts; go on from there. So is what no index knows found: series, templates,
 * and an approval that is given or not needed. ERR_MALFORMED: cursor was not given by this list in
 * this order for this workspace. */
enum err posts_list(struct store_txn *txn, const struct id *workspace_id, const struct post_filter *filter,
                    struct span cursor, uint32_t limit, struct arena *arena, struct post_page *ret_page) MUST_USE;

/* What an edit may change, for people. */
/* clang-format off */
#define EDITED_TABLE(X) \
    X(TEXT, "text") X(LINK, "link") X(FIRST_COMMENT, "first comment") X(ACCOUNTS, "accounts") X(VARIANTS, "variants") \
    X(SETTINGS, "platform settings") X(INSTANTS, "instants") X(TIMEZONE, "time zone") X(NOT_AFTER, "not after") \
    X(LABELS, "labels") X(METADATA, "metadata")
/* clang-format on */
#define X(name_, word_) EDITED_##name_,

enum edited { EDITED_NONE = 0, EDITED_TABLE(X) EDITED_COUNT };

#undef X

extern const struct choice_table edited_words;

/* posts_edited reads what the edit changed that made this version of a post: bit n: enum edited n; 0: nothing, or it
 * was no edit. */
enum err posts_edited(struct store_txn *txn, const struct id *post_id, uint64_t version, struct arena *arena,
                      uint64_t *ret_changed) MUST_USE;

/* posts_attempts reads the attempts of a target of a post, oldest first, from number after+1, at most limit. */
enum err posts_attempts(struct store_txn *txn, const struct id *post_id, const struct id *target_id, uint64_t after,
                        uint32_t limit, struct arena *arena, struct attempt_row **ret_attempts, uint32_t *ret_count)
    MUST_USE;

/* A part that the platform has. */
struct live_part {
    uint64_t part;           /* from 0; the first comment comes last */
    struct span platform_id; /* data NULL: a person found it and gave but its url */
    struct span revision;
    struct span url;
    int64_t published_ms;
};

struct post_payload {
    struct locked_target locked;
    struct span prepared;   /* what prepare steps gave; data NULL: nothing yet */
    struct live_part *live; /* in the order in which they became live */
    uint32_t live_count;
};

/* posts_approval reads who approved a post, and what. ERR_NOT_FOUND: it is not approved. posts_approval_status tells
 * how its approval stands under its workspace's policy: given stays so for ever once it is locked; what is a draft, or
 * over, needs none. posts_approval_repeats tells whether the post is approved and content_sha256 of what: that approves
 * nothing anew, also when a target is cancelled since and what is left has another one. posts_approval_source gives
 * what an approval is rendered of: the post's open targets; it borrows from the post and the arena. ERR_NO_MEMORY. */
enum err posts_approval(struct store_txn *txn, const struct id *post_id, struct arena *arena,
                        struct approval_row *ret_approval) MUST_USE;
enum approval posts_approval_status(const struct post_row *post, const struct workspace_row *workspace);
enum err posts_approval_repeats(struct store_txn *txn, const struct post_row *post, const struct hash *content_sha256,
                                struct arena *arena, bool *ret_repeats) MUST_USE;
enum err posts_approval_source(const struct post_view *post, struct arena *arena, struct approval_source *ret_source)
    MUST_USE;

/* posts_payload reads what a target of a post sends and what the platform has of it. ERR_NOT_FOUND before the lock. */
enum err posts_payload(struct store_txn *txn, const struct id *post_id, const struct id *target_id, struct arena *arena,
                       struct post_payload *ret_payload) MUST_USE;

/* posts_live finds a live part in a payload; NULL when it is not live. */
const struct live_part *posts_live(const struct post_payload *payload, uint64_t part);

/* posts_target finds a target of a post by id; NULL. posts_target_is_final: published, failed, cancelled or missed.
 * posts_is_final: the same of a post. */
struct target_row *posts_target(const struct post_row *post, const struct id *target_id);
bool posts_target_is_final(uint32_t target_status);
bool posts_is_final(uint32_t post_status);

/* What a target that is not done waits for. The first seven hold it: nothing starts until somebody lifts that. */
/* clang-format off */
#define WAIT_TABLE(X) \
    X(STARTS_SUSPENDED, "starts_suspended") X(CLOCK_SUSPECT, "clock_suspect") X(APPROVAL, "approval") \
    X(WORKSPACE_PAUSED, "workspace_paused") X(DISCONNECTED, "disconnected") X(PAUSED, "paused") \
    X(QUEUE_PAUSED, "queue_paused") \
    X(SCHEDULE, "schedule") X(RETRY, "retry") X(RATE_LIMIT, "rate_limit") X(START, "start") X(TURN, "turn") \
    X(ATTEMPT, "attempt") X(READING, "reading") X(PERSON, "person")
/* clang-format on */
#define X(name_, word_) WAIT_##name_,

enum wait { WAIT_NONE = 0, WAIT_TABLE(X) WAIT_COUNT };

#undef X

extern const struct choice_table wait_words;

/* What of other things decides whether a target may start. */
struct post_surroundings {
    const struct integration_row *integration; /* NULL: it is gone */
    const struct workspace_row *workspace;
    const struct installation_row *installation;
};

struct post_wait {
    enum wait reason;
    int64_t until_ms;  /* when it ends by itself; 0: not known, or never */
    int64_t missed_ms; /* one that then still waits to be sent is missed; 0: it does not wait for that */
};

/* posts_held tells what holds a waiting target of a scheduled or locked post; WAIT_NONE: nothing. */
enum wait posts_held(const struct post_row *post, const struct target_row *target,
                     const struct post_surroundings *surroundings);
/* posts_wait tells what a target of a post waits for at now_ms, by the rules of core/scheduler/agenda.h. */
struct post_wait posts_wait(const struct post_row *post, const struct target_row *target,
                            const struct post_surroundings *surroundings, int64_t now_ms);

#endif
