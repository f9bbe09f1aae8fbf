/* pass.h: the one gate. A request becomes a pass (who, of which workspace, with which role) exactly once; whatever a
 * handler reads, it reads through the pass, which asks the read models for that workspace only. Handlers see no store
 * and no transaction: pass.c alone does, so none can reach another workspace's rows. */
#ifndef OPENPOST_GATE_PASS_H
#define OPENPOST_GATE_PASS_H

#include "core/access.h"
#include "core/store/store.h"
#include "core/wire/body.h"
#include "projections/present.h"

struct pass;

/* pass_open finds the principal of an API key (the text after "Bearer ") at now_ms and opens a read transaction for it
 * in the arena. ERR_AUTH: no such key, for whatever reason. */
enum err pass_open(struct store *views, struct span key, int64_t now_ms, struct arena *arena, struct pass **ret_pass)
    MUST_USE;
/* pass_find_refused tells, after ERR_AUTH, whose the key is that is no longer good; ERR_NOT_FOUND: nobody's. */
enum err pass_find_refused(struct store *views, struct span key, struct principal *ret_principal) MUST_USE;

/* pass_condition reads how the installation is, whoever asks: why nothing starts, if so, and how many posts need a
 * look. reason lives in the arena. */
struct condition {
    bool suspended;       /* nothing starts until a person confirms: */
    int64_t suspended_ms; /* since when */
    struct span reason;   /* what was noticed */
    bool clock_suspect;   /* nothing starts until the clock is trusted again */
    struct post_count_row posts;
};

enum err pass_condition(struct store *views, struct arena *arena, struct condition *ret_condition) MUST_USE;
/* pass_refresh lets it see the newest commit; pass_pause takes its read transaction away (before a wait), and
 * pass_refresh begins another. What was read borrows from that transaction until reading_end, which is due before the
 * caller waits: whoever answers in the meantime, on another thread, has a transaction of his own. pass_close accepts
 * NULL. */
struct reading;

enum err pass_refresh(struct pass *pass) MUST_USE;
struct reading *pass_pause(struct pass *pass) MUST_USE;
void reading_end(struct reading *reading);
void pass_close(struct pass *pass);

const struct principal *pass_principal(const struct pass *pass);
const uint8_t *pass_fingerprint(const struct pass *pass); /* 32 bytes */
/* pass_look is for what lasts longer than a request, a stream: in a transaction of its own it tells whether the
 * workspace has an event after workspace_seq after. ERR_AUTH: the key is no longer good for its events. */
enum err pass_look(struct store *views, const uint8_t fingerprint[32], const struct id *workspace_id, int64_t now_ms,
                   uint64_t after, bool *ret_more) MUST_USE;
/* pass_allows tells whether what the principal was given meets the need (core/access.h). */
bool pass_allows(const struct pass *pass, enum need need);

/* Reads: what does not belong to the workspace is ERR_NOT_FOUND, like what does not exist. */
enum err pass_post(struct pass *pass, const struct id *post_id, struct post_view *ret_post) MUST_USE;
enum err pass_posts(struct pass *pass, const struct post_filter *filter, struct span cursor, uint32_t limit,
                    struct post_page *ret_page) MUST_USE;
enum err pass_integration(struct pass *pass, const struct id *integration_id, struct integration_row *ret_row) MUST_USE;
enum err pass_integrations(struct pass *pass, const struct id *after, uint32_t limit, struct integration_row **ret_rows,
                           uint32_t *ret_count) MUST_USE;
enum err pass_workspace(struct pass *pass, struct workspace_row *ret_row) MUST_USE;
/* The integration must have been read through this pass before; at most REPORT_DAYS_MAX days. */
#define REPORT_DAYS_MAX 400
enum err pass_punctuality(struct pass *pass, const struct integration_row *integration, const struct zones *zones,
                          struct span zone, uint32_t first_day, uint32_t last_day,
                          struct punctuality_report **ret_reports, uint32_t *ret_count) MUST_USE;
/* pass_is_foreign tells whether an id that named nothing here names a post or account of another workspace, or did. It
 * decodes no row: the answer that waits for it takes no longer for what is there. */
bool pass_is_foreign(struct pass *pass, const struct id *id);
/* pass_as_of makes the pass see one stream as its events (a list of body.h's, from the first on) left it: from now on
 * pass_post, pass_integration and pass_workspace read that, and nothing else of its kind is there.
 * ERR_NOT_FOUND: they are another workspace's. */
enum err pass_as_of(struct pass *pass, struct body_list events) MUST_USE;
/* pass_asked finds what was answered under an Idempotency-Key of the principal's; ERR_NOT_FOUND. */
enum err pass_asked(struct pass *pass, const struct idempotency *idempotency, bool *ret_same, struct answer *ret_answer)
    MUST_USE;
/* pass_workspace_last finds the last workspace_seq. */
enum err pass_workspace_last(struct pass *pass, uint64_t *ret_workspace_seq) MUST_USE;

/* pass_present fills what presenting needs at now_ms for rows read through this pass. */
void pass_present(struct pass *pass, struct zones *zones, int64_t now_ms, struct present *ret_present);

#endif
