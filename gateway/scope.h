/* scope.h: the one gate. A request becomes a scope (who, of which workspace, with which role) exactly once; whatever a
 * handler reads, it reads through the scope, which asks the read models for that workspace only. Handlers see no store
 * and no transaction: scope.c alone does, so none can reach another workspace's rows. */
#ifndef OPENPOST_GATEWAY_SCOPE_H
#define OPENPOST_GATEWAY_SCOPE_H

#include "core/store/store.h"
#include "core/wire/body.h"
#include "gateway/route.h"
#include "projections/present.h"

struct scope;

/* scope_open finds the principal of an API key (the text after "Bearer ") at now_ms and opens a read transaction for it
 * in the arena. ERR_AUTH: no such key, for whatever reason. */
enum err scope_open(struct store *views, struct span key, int64_t now_ms, struct arena *arena, struct scope **ret_scope)
    MUST_USE;
/* scope_find_refused tells, after ERR_AUTH, whose the key is that is no longer good; ERR_NOT_FOUND: nobody's. */
enum err scope_find_refused(struct store *views, struct span key, struct principal *ret_principal) MUST_USE;

/* scope_condition reads how the installation is, whoever asks: why nothing starts, if so, and how many posts need a
 * look. reason lives in the arena. */
struct condition {
    bool suspended;       /* nothing starts until a person confirms: */
    int64_t suspended_ms; /* since when */
    struct span reason;   /* what was noticed */
    bool clock_suspect;   /* nothing starts until the clock is trusted again */
    struct post_count_row posts;
};

enum err scope_condition(struct store *views, struct arena *arena, struct condition *ret_condition) MUST_USE;
/* scope_refresh lets it see the newest commit; scope_pause takes its read transaction away (before a wait), and
 * scope_refresh begins another. What was read borrows from that transaction until reading_end, which is due before the
 * caller waits: whoever answers in the meantime, on another thread, has a transaction of his own. scope_close accepts
 * NULL. */
struct reading;

enum err scope_refresh(struct scope *scope) MUST_USE;
struct reading *scope_pause(struct scope *scope) MUST_USE;
void reading_end(struct reading *reading);
void scope_close(struct scope *scope);

const struct principal *scope_principal(const struct scope *scope);
const uint8_t *scope_fingerprint(const struct scope *scope); /* 32 bytes */
/* scope_look is for what lasts longer than a request, a stream: in a transaction of its own it tells whether the
 * workspace has an event after workspace_seq after. ERR_AUTH: the key is no longer good for its events. */
enum err scope_look(struct store *views, const uint8_t fingerprint[32], const struct id *workspace_id, int64_t now_ms,
                    uint64_t after, bool *ret_more) MUST_USE;
/* scope_allows tells whether what the principal was given meets the need (core/access.h). */
bool scope_allows(const struct scope *scope, enum need need);

/* Reads: what does not belong to the workspace is ERR_NOT_FOUND, like what does not exist. */
enum err scope_post(struct scope *scope, const struct id *post_id, struct post_view *ret_post) MUST_USE;
enum err scope_posts(struct scope *scope, const struct post_filter *filter, struct span cursor, uint32_t limit,
                     struct post_page *ret_page) MUST_USE;
enum err scope_integration(struct scope *scope, const struct id *integration_id, struct integration_row *ret_row)
    MUST_USE;
enum err scope_integrations(struct scope *scope, const struct id *after, uint32_t limit,
                            struct integration_row **ret_rows, uint32_t *ret_count) MUST_USE;
enum err scope_workspace(struct scope *scope, struct workspace_row *ret_row) MUST_USE;
/* The integration must have been read through this scope before; at most REPORT_DAYS_MAX days. */
#define REPORT_DAYS_MAX 400
enum err scope_punctuality(struct scope *scope, const struct integration_row *integration, const struct zones *zones,
                           struct span zone, uint32_t first_day, uint32_t last_day,
                           struct punctuality_report **ret_reports, uint32_t *ret_count) MUST_USE;
/* scope_is_foreign tells whether an id that named nothing here names a post or account of another workspace, or did. It
 * decodes no row: the answer that waits for it takes no longer for what is there. */
bool scope_is_foreign(struct scope *scope, const struct id *id);
/* scope_as_of makes the scope see one stream as its events (a list of body.h's, from the first on) left it: from now on
 * scope_post, scope_integration and scope_workspace read that, and nothing else of its kind is there.
 * ERR_NOT_FOUND: they are another workspace's. */
enum err scope_as_of(struct scope *scope, struct body_list events) MUST_USE;
/* scope_asked finds what was answered under an Idempotency-Key of the principal's; ERR_NOT_FOUND. */
enum err scope_asked(struct scope *scope, const struct idempotency *idempotency, bool *ret_same,
                     struct answer *ret_answer) MUST_USE;
/* scope_workspace_last finds the last workspace_seq. */
enum err scope_workspace_last(struct scope *scope, uint64_t *ret_workspace_seq) MUST_USE;

/* scope_present fills what presenting needs at now_ms for rows read through this scope. */
void scope_present(struct scope *scope, struct zones *zones, int64_t now_ms, struct present *ret_present);

#endif
