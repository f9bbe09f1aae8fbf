/* rota.h: which series have posts to be made, brought up to date or taken back: a heap of when to look at each, fed by
 * events and, at the start, by the read models. A look compares what a series should have with what it has, and gives
 * the next command, one at a time for each series: so nothing that is half done when a process dies is forgotten, and
 * its posts come in the order of their local times. The ledger decides each command; what it refuses is looked at
 * again. Pure but for the memory of its heap. */
#ifndef OPENPOST_SCHEDULER_ROTA_H
#define OPENPOST_SCHEDULER_ROTA_H

#include "core/base/arena.h"
#include "core/calendar/zone.h"
#include "core/message/message.h"
#include "core/scheduler/pool.h"
#include "core/scheduler/timers.h"
#include "core/series_rule.h"

#define ROTA_AGAIN_MS 2000  /* a series of which something was asked that has not happened yet */
#define ROTA_POSTS_MAX 5000 /* of a series, that are looked at: what 60 days hold, of eighty times of day */

/* A look that failed. */
struct rota_failure {
    struct id series_id;
    enum err err;
    uint64_t times; /* looks that failed since whoever asks set it to 0; the rest is of the last one */
};

struct rota {
    struct pool series;
    struct timers timers;
    struct id asking_id; /* whose command rota_command filled last … */
    uint32_t asks;       /* … and how many it has asked for in a row, without an event */
    struct rota_failure failure;
};

/* What is known of a post of a series. */
struct rota_post {
    struct id post_id;
    struct local_time local;
    uint64_t generation;
    uint64_t series_version; /* of the series that it says the same as */
    bool follows;            /* nobody has touched it */
};

/* What the read models say of a series. */
struct rota_series {
    struct id series_id;
    struct id workspace_id;
    struct id author_id;
    struct id editor_id;
    uint64_t version;
    uint32_t status; /* enum series_status */
    bool keep;
    uint64_t generation;
    int64_t since_ms; /* instants are after it */
    struct series_rule rule;
    struct make_instance_command content; /* its fields of POST_CONTENT_COPY, with the series' own targets */
    int64_t made_minute;                  /* local, of the newest post of this generation; -1: none */
    uint64_t seq;                         /* of its last event: what each command answers */
};

/* What rota_command asks for; random as in dispatch.h. posts lists those whose local time is at or after another, at
 * most ROTA_POSTS_MAX; taken tells whether a local day has its post, for a series' generation, ERR_NOT_FOUND: it has
 * none. version: of a post that can still be changed; ERR_NOT_FOUND: it is locked, has ended or is gone. */
struct rota_load {
    const struct zones *zones;
    void *context;
    enum err (*series)(void *context, const struct id *series_id, struct arena *arena, struct rota_series *ret_series);
    enum err (*posts)(void *context, const struct id *series_id, struct local_time from, struct arena *arena,
                      struct rota_post **ret_posts, uint32_t *ret_count);
    enum err (*taken)(void *context, const struct id *series_id, int64_t day, uint64_t generation, struct arena *arena);
    enum err (*version)(void *context, const struct id *post_id, int64_t now_ms, struct arena *arena,
                        uint64_t *ret_version);
    void (*random)(void *context, void *data, size_t len);
    void *random_context;
};

/* rota must stay where it is until rota_done. */
void rota_init(struct rota *rota);
void rota_done(struct rota *rota);
/* rota_restore adds a series, to be looked at now. ERR_NO_MEMORY. rota_apply takes an event; one that was taken before
 * does no harm. */
enum err rota_restore(struct rota *rota, const struct id *series_id) MUST_USE;
enum err rota_apply(struct rota *rota, const struct event *event) MUST_USE;
/* rota_command fills the next command; false: there is none to be asked for now, *ret_wake_ms: before when there will
 * not be. Whatever fails is in rota->failure, and tried again after ROTA_AGAIN_MS. It borrows from arena. */
bool rota_command(struct rota *rota, const struct rota_load *load, int64_t now_ms, struct arena *arena,
                  struct command *ret_command, int64_t *ret_wake_ms);

#endif
