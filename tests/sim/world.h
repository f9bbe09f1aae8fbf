/* world.h: the whole system in one process under a virtual clock, from one seed: the real ledger over log and store in
 * memory with the real read models, the real agenda and dispatch, the real adapter runner and Bluesky platform over the
 * sandbox's model, joined by a bus that drops, doubles, delays and reorders. Nothing here knows a clock or dice but the
 * world's own, so a seed is a run.
 *
 *   world.c      time: parcels, each a call at an instant; the trace
 *   ledger.c     the ledger's process
 *   scheduler.c  the scheduler's
 *   adapter.c    the adapter's, and the platform behind it
 *   users.c      people and programs; users_join.c who they are, users_post.c their posts, users_plan.c queues, series
 *                and approvals
 *   judge.c      what must always hold: RULE_TABLE; judge_post.c of a post's life, judge_approval.c and judge_plan.c
 *   cells.c      which action met which state: the race matrix */
#ifndef OPENPOST_TESTS_SIM_WORLD_H
#define OPENPOST_TESTS_SIM_WORLD_H

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "core/ledger/clock_watch.h"
#include "core/ledger/ledger.h"
#include "core/scheduler/bills.h"
#include "core/scheduler/dispatch.h"
#include "core/scheduler/pool.h"
#include "core/wire/follow.h"
#include "projections/rota_views.h"
#include "tools/sandbox/platform_model.h"

#define WORLD_T0 ((int64_t)1776693600000) /* 2026-04-20T14:00:00Z */
#define CALM_MS (48 * HOUR_MS)            /* without users and faults, at the end */
#define TRACE_LINES 50
#define TRACE_WIDTH 200
#define POSTS_MAX 96
#define ACCOUNTS_MAX 6
#define WORKSPACES_MAX 2
#define SECRETS_MAX 4096
#define INBOX_MAX 64
#define PEOPLE_MAX 3 /* an owner, an admin, an editor who may approve; of both workspaces */
#define SERIES_KEPT 6

/* What must always hold, by the name under which a planted bug says what has to find it. */
#define RULE_TABLE(X)                                                                                         \
    X(POSITIONS, "positions", "positions, versions and stamps follow one another without a gap")              \
    X(CAUSES, "causes", "what the scheduler asks for names the event that it answers")                        \
    X(FOLLOW, "follow", "no reader passes over a position")                                                   \
    X(DURABLE, "durable", "nothing is sent before its start is durable")                                      \
    X(STORED, "stored", "no token is used before it is stored")                                               \
    X(FENCE, "fence", "no start under another ledger's fence")                                                \
    X(EARLY, "early", "no lock, start or proof of absence before its time")                                   \
    X(LATE, "late", "nothing starts too late, nothing is missed before it is late")                           \
    X(HELD, "held", "nothing that is held starts, locks or is missed")                                        \
    X(ONE_AT_A_TIME, "one_at_a_time", "one attempt at a target, parts in their order")                        \
    X(OVER, "over", "what is over stays over, unless a person wants it sent again")                           \
    X(UNTOUCHED, "untouched", "what is under way or in doubt is not cancelled or missed")                     \
    X(LOCK, "lock", "a lock fixes exactly the version before it, and nothing changes after")                  \
    X(END, "end", "a post's last status follows from its targets'")                                           \
    X(LIVE_ONCE, "live_once", "one live post per target and part, unless a person said that it is not there") \
    X(LIVE_AS_LOCKED, "live_as_locked", "what is live has the words and, in the end, the key of its lock")    \
    X(LIVE_KNOWN, "live_known", "in the end the log knows what is live")                                      \
    X(VIEWS, "views", "state and read models are those that the log gives")                                   \
    X(AGENDA, "agenda", "the live agenda is that of the events and that of the read model")                   \
    X(FORGOTTEN, "forgotten", "whatever is open is in the queue, and nothing else is")                        \
    X(SETTLED, "settled", "once faults stop, everything due comes to its end")                                \
    X(RECORDED, "recorded", "no adapter may forget more of an attempt than the log knows")                    \
    X(BILLED, "billed", "each billing period is closed once, and in time")                                    \
    X(APPROVED, "approved", "under a policy nothing locks but exactly what was approved, under that policy")  \
    X(FOUR_EYES, "four_eyes", "under four eyes nobody approves what they wrote any of")                       \
    X(SLOT, "slot", "the next slot is the queue's first that nothing stands at, and is given once")           \
    X(SERIES, "series", "a series that is active makes each local time of a generation once, at its instant") \
    X(SWAP, "swap", "two targets that are swapped have each other's instant, both or none")

enum rule {

#define X(name_, word_, doc_) RULE_##name_,
    RULE_TABLE(X)
#undef X
        RULE_COUNT
};

struct world;
struct parcel;
struct runner;

typedef void parcel_open(struct world *world, struct parcel *parcel);

/* A call that will be made at an instant, with bytes of its own. */
struct parcel {
    int64_t at_ms;
    uint64_t order; /* of sending: equal instants keep it */
    parcel_open *open;
    uint32_t incarnation; /* of the process that it is for, where that matters */
    uint32_t ticket;
    uint64_t number;
    void *pointer;
    size_t len;
    uint8_t bytes[];
};

/* One time in n; 0: never. */
struct faults {
    uint32_t drop;
    uint32_t twice;
    uint32_t slow;
    uint32_t ledger_crash;    /* per group */
    uint32_t disk_full;       /* per group */
    uint32_t scheduler_crash; /* per turn */
    uint32_t adapter_crash;   /* per batch or request */
    uint32_t network;         /* per request to the platform */
    uint32_t platform;        /* per action of a user */
    uint32_t clock;           /* likewise */
};

/* A command on its way to the ledger, kept until it is answered. */
struct flight {
    struct flight *next;
    uint32_t ticket;
    uint32_t tries;
    bool user;
    struct id command_id;
    size_t len;
    uint8_t bytes[];
};

struct ledger_host {
    struct ledger *ledger; /* NULL: it is down */
    uint32_t incarnation;
    struct clock_watch watch;
    int64_t now_ms; /* what a group that begins now is stamped with */
    bool group_waits;
    struct parcel *inbox[INBOX_MAX];
    uint32_t inbox_count;
    uint32_t group_count; /* of those, decided together */
    int64_t group_ms;     /* as of when */
};

struct scheduler_host {
    struct agenda *agenda; /* NULL: it is down */
    struct dispatch *dispatch;
    struct bills bills;
    struct rota rota;
    struct channel channel;
    const struct channel *channels[1];
    struct dispatch_views views;
    struct follower follower;
    struct arena arena;
    uint32_t incarnation;
    uint32_t adapter_known; /* the adapter's incarnation, as far as it knows */
    bool caught_up;
    bool follow_out;
    bool batch_out;
    uint64_t batch_number;
    struct job *batch_jobs; /* ids of the batch under way */
    uint32_t batch_count;
    int64_t wake_ms; /* wall clock, of the wake that waits */
    uint64_t wake_number;
    struct flight *flights;
};

struct adapter_host {
    struct runner *runner; /* NULL: it is down */
    uint32_t incarnation;
    uint32_t requests;
    uint32_t unreachable; /* so many requests find no connection */
    bool report_waits;
    bool tick_waits;
};

struct secret {
    struct id id;
    char text[512];
};

struct account {
    struct id workspace_id;
    struct id integration_id;
    uint32_t connects;
    bool may_be_gone; /* somebody wanted to delete it */
};

struct user_post {
    struct id workspace_id;
    struct id post_id;
};

struct person {
    struct id user_id;
    struct id member_ids[WORKSPACES_MAX];
};

struct user_series {
    struct id workspace_id;
    struct id series_id;
};

struct judge;
struct cells;

struct world {
    uint64_t seed;
    struct prng dice;    /* what happens */
    struct prng minting; /* ids, salts, keys */
    int64_t true_ms;
    int64_t offset_ms; /* wall clock - true time */
    struct faults faults;
    struct parcel **parcels; /* a heap from 1 */
    uint32_t parcel_count;
    uint32_t parcel_cap;
    uint64_t orders;
    uint64_t steps;
    struct log *log;
    struct store *store;
    struct id installation_id;
    struct zones *zones;
    struct ledger_host ledger;
    struct scheduler_host scheduler;
    struct adapter_host adapter;
    struct model *model;
    struct secret *secrets;
    uint32_t secret_count;
    struct id workspaces[WORKSPACES_MAX];
    struct account accounts[ACCOUNTS_MAX];
    uint32_t account_count;
    struct user_post posts[POSTS_MAX];
    uint32_t post_count;
    struct person people[PEOPLE_MAX];  /* absent in a story of tests/trace: there everything is asked by nobody */
    struct id key_ids[WORKSPACES_MAX]; /* keys that the second of them made */
    struct id template_ids[WORKSPACES_MAX];
    struct user_series series[SERIES_KEPT];
    uint32_t series_count;
    uint32_t texts;
    bool calm; /* no users, no faults any more */
    struct flight *user_flights;
    struct judge *judge;
    struct cells *cells; /* what is noted there; NULL: nothing */
    struct pool names;
    uint32_t name_counts[ID_KIND_COUNT];
    char (*trace)[TRACE_WIDTH];
    uint64_t trace_count;
    uint32_t lose_answers; /* so many of the ledger's next answers to the scheduler are lost */
    bool steady;           /* no dice: nothing happens by chance, everything takes the least time */
    struct buf *sink;      /* every line of the trace is appended here; NULL: nowhere */
    bool show;             /* every line of the trace at once */
    bool lost;             /* something that must hold does not … */
    enum rule broken;      /* … namely */
    bool keyless;          /* the platform chooses the keys of what is posted, and cannot be asked for one */
};

/* world.c */
void world_init(struct world *world, uint64_t seed, bool keyless);
void world_done(struct world *world);
int64_t world_wall(const struct world *world);
/* Sends a parcel that arrives for certain after so long; bus_send over the bus with its faults. take_pointer is the
 * receiver's. */
struct parcel *world_post(struct world *world, int64_t after_ms, parcel_open *open, struct span bytes);
void bus_send(struct world *world, parcel_open *open, uint32_t incarnation, uint32_t ticket, uint64_t number,
              struct span bytes);
/* Opens the next parcel; false: there is none. */
bool world_step(struct world *world);
bool world_chance(struct world *world, uint32_t one_in); /* 0: never */
int64_t world_between(struct world *world, int64_t least, int64_t most);
struct id world_mint(struct world *world, enum id_kind kind);
void world_random(void *context, void *data, size_t len); /* context: the world */
void trace(struct world *world, const char *who, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The name of an id in traces: post_3. Good until the fourth call from now. */
const char *name_of(struct world *world, const struct id *id);
/* Something that must hold does not: the run ends. Only the first is told. */
void lose(struct world *world, enum rule rule, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *rule_word(enum rule rule);

/* ledger.c */
void ledger_start(struct world *world);
void ledger_crash(struct world *world);
void ledger_take(struct world *world,
                 struct parcel *parcel); /* bytes: a command; ticket: the sender's; number 1: a user's */
void ledger_follow(struct world *world, struct parcel *parcel); /* number: after */
void ledger_look_at_clock(struct world *world, struct parcel *parcel);

/* scheduler.c */
void scheduler_start(struct world *world);
void scheduler_crash(struct world *world);
void scheduler_woken(struct world *world, struct parcel *parcel);    /* a hint, or the time */
void scheduler_answered(struct world *world, struct parcel *parcel); /* bytes: struct answer */
void scheduler_events(struct world *world, struct parcel *parcel);   /* bytes: the reply's body */
void scheduler_reported(struct world *world,
                        struct parcel *parcel); /* bytes: outcome_batch; number: the batch that it answers, 0: none */
void scheduler_refused(struct world *world,
                       struct parcel *parcel); /* the adapter is another: ticket its incarnation, number the batch */
enum err secret_get(const struct world *world, const struct id *secret_id, struct span *ret_text);
void secret_put(struct world *world, const struct id *secret_id, struct span text);

/* adapter.c */
void adapter_start(struct world *world);
void adapter_crash(struct world *world);
void adapter_take(struct world *world,
                  struct parcel *parcel); /* bytes: job_batch; incarnation: the one meant; number: of the batch */
extern const uint8_t sim_box_key[32];

/* users.c */
void user_connect(struct world *world, uint32_t account); /* of accounts */
void users_start(struct world *world);
void users_join(struct world *world); /* people become members, one makes keys: from then on they act by name */
void users_plan(struct world *world); /* plans whose first periods end soon */
void users_act(struct world *world, struct parcel *parcel);
void users_answered(struct world *world, struct parcel *parcel);
void users_settle(struct world *world); /* whatever holds something is undone */
void user_send(struct world *world, struct command *command);

/* judge.c */
void judge_start(struct world *world);
void judge_done(struct world *world);
void judge_events(struct world *world);                                     /* after each step */
void judge_asked(struct world *world, const struct command *command);       /* by people */
void judge_deep(struct world *world);                                       /* derived things equal rebuilt ones */
void judge_batch(struct world *world, const struct job_batch *batch);       /* leaves for the adapter */
void judge_report(struct world *world, const struct outcome_batch *report); /* the scheduler hears it */
void judge_platform(struct world *world);
void judge_token(struct world *world, struct span authorization);      /* a request goes out with it */
void judge_reader(struct world *world, uint64_t before, uint64_t seq); /* the scheduler takes seq after before */
bool judge_is_settled(struct world *world);                            /* nothing is open */
void judge_settled(struct world *world);                               /* CALM_MS after the last fault it must be */
void judge_end(struct world *world);

#endif
