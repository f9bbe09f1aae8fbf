/* service_state.h: what service*.c share; nobody else includes it, but for a test that makes a secret older. */
#ifndef OPENPOST_LEDGER_SERVICE_STATE_H
#define OPENPOST_LEDGER_SERVICE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/ledger/clock_watch.h"
#include "core/ledger/sealed.h"
#include "core/ledger/service.h"
#include "core/wire/body.h"
#include "core/wire/endpoint.h"
#include "core/wire/publisher.h"
#include "core/wire/refusals.h"
#include "core/wire/uses.h"

#define OWN_CONTEXTS 32 /* two flights of commands, a follower and a few questions for each of our processes */
#define PROGRAM_CONTEXTS 32
#define PROGRAM_FLIGHTS 8 /* of one workspace, on however many connections: a quarter, so that others find a place */
#define READ_OUT_BYTES (2 * (FRAME_BYTES_MAX - 65536)) /* an answer, of the largest post too, and the body around it */

#define DOUBT_AGAIN_MS \
    (10 * MINUTE_MS) /* views that were just made again are not doubted sooner: no loop of rebuilds */
#define WORK_MEMORY_MAX ((size_t)128 << 20) /* of one frame's decoded commands: a frame is 8 MiB at most */
#define WORK_MEMORY_KEPT ((size_t)1 << 20)

struct door;

/* A command as it came, or why it cannot be decided. */
struct decoded {
    enum refusal refusal;
    struct fault fault; /* with refusal */
    struct command command;
    struct idempotency idempotency;
};

/* A request on its way: one per slot of a door, so nothing is allocated per request. */
struct work {
    struct work *next;
    struct door *door;
    struct endpoint_request *request;
    struct frame frame;
    struct asker asker;
    struct frame_key *key;    /* ready for the reply's tag */
    struct id key_of;         /* whose tag key that is: another program's API key; absent: … */
    enum party party_of;      /* … one of our own processes' */
    struct arena arena;       /* of what follows */
    struct decoded *commands; /* FRAME_COMMANDS */
    uint32_t count;
};

/* What one of our own processes is recognised by, and opens its boxes. */
struct party_keys {
    uint8_t tag_key[FRAME_KEY_LEN];
    uint8_t transport_key[FRAME_KEY_LEN];
    uint8_t name[FRAME_ID_LEN]; /* in its frames */
};

/* One REP socket. */
struct door {
    struct service *service;
    struct endpoint *endpoint;
    bool own;
    struct work *works; /* by slot */
};

struct work_queue {
    struct work *first;
    struct work **last;
};

struct service {
    struct service_options options;
    service_broken *broken;
    void *broken_context; /* and of the other callbacks */
    uint8_t challenge[FRAME_ID_LEN];
    uint64_t epoch; /* of this opening: the ledger itself is the writer's thread's */
    struct door own;
    struct door programs;
    struct publisher *publisher;
    struct frame_key *wake_key;
    struct party_keys parties[PARTY_COUNT];
    uint8_t cursor_key[FRAME_KEY_LEN];       /* of the places where lists go on */
    uint8_t identity_box_key[FRAME_KEY_LEN]; /* of secrets for the process that talks to identity providers */
    pthread_mutex_t mutex;                   /* the queues, unsigned_reads, stopping, and the doors' endpoints */
    pthread_cond_t commands_wake;
    pthread_cond_t reads_wake;
    struct work_queue commands;
    struct work_queue reads;         /* of our own processes: first */
    struct work_queue program_reads; /* when there are none of those */
    struct work *unsigned_reads;     /* questions that wait for a checkpoint */
    bool stopping;
    bool sweep;         /* an owner of secrets is over, or names others: they go */
    bool sweeping;      /* the reader's: a round has begun … */
    struct id swept_to; /* … and is so far */
    pthread_t writer;
    pthread_t reader;
    bool writer_runs;
    bool reader_runs;
    struct clock_watch clock_watch; /* the writer's */
    int64_t now_ms;                 /* likewise: what its next group is stamped with at least */
    bool owner_gone;                /* likewise: in this group */
    int64_t readers_looked_at_ms;   /* likewise: boot clock */
    int64_t signed_ms;              /* likewise, boot clock: the last checkpoint that it asked the log for */
    int64_t unsigned_ms;            /* likewise: since when there are events without one; 0: there are none */
    struct arena arena;             /* likewise */
    struct arena read_arena;        /* the reader's */
    struct buf read_out;
    struct refusals refusals;
    struct uses uses;          /* of programs' keys */
    struct sealed *sealed;     /* what they have had sealed */
    bool told_of_log;          /* likewise: options.log_altered was called */
    int64_t opened_ms;         /* boot clock */
    atomic_bool views_doubted; /* the writer ends the process */
    atomic_uint_fast64_t groups, commands_done, commands_refused, refused_frames, storage_full, readers_dropped;
    atomic_uint_fast64_t head;                   /* what readers may see */
    atomic_int_fast64_t ticked_ms;               /* boot clock: when the scheduler last asked for events */
    atomic_uint_fast64_t late_ms, held, in_line; /* what it then said of starts that are overdue */
    atomic_uint_fast64_t paused;                 /* … of workspaces */
    atomic_uint_fast64_t adapter_silent_ms;      /* … and of its adapters */
    atomic_bool clock_is_suspect;
    atomic_bool asked_for_events; /* since the last wake-up */
    int64_t woken_us;             /* the writer's: when that was */
};

/* service_queue_read has the reader take work up in its turn; under the mutex. */
void service_queue_read(struct work *work);
/* service_reply sends a reply of that kind and ends the work. */
void service_reply(struct work *work, uint8_t kind, struct span body);
/* service_refuse sends FRAME_REFUSED. */
void service_refuse(struct work *work, enum refusal refusal);

/* service_admit judges a command of another program's, the asker, by what it says, and by what the post says that it
 * schedules; txn: a read transaction of the views. *ret_fault: which of its values it is, where it is one. */
enum refusal service_admit(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                           struct command *command, int64_t now_ms, struct arena *arena, struct fault *ret_fault);
/* service_admit_name refuses a name that is no field's, in a command which cannot be read for want of another. */
enum refusal service_admit_name(const struct given_name *unknown, struct arena *arena, struct fault *ret_fault);
/* service_blame tells which value of a program's command the ledger refused, where the command or the views tell it:
 * as HTTP's param and detail do. */
void service_blame(const struct service_parts *parts, struct store_txn *txn, const struct asker *asker,
                   const struct command *command, struct answer *answer, struct arena *arena);
/* service_admit_named.c: likewise a command of work's asker that names a secret or an end: the secret is one that a key
 * of the workspace had sealed for what the command makes. It completes what is the ledger's to say. */
enum refusal service_admit_named(struct work *work, struct store_txn *txn, struct command *command, int64_t now_ms,
                                 struct fault *ret_fault);
/* service_fault writes which value a program's command is refused for, and returns the refusal. */
enum refusal service_fault(struct fault *ret_fault, enum refusal refusal, const char *param, const char *detail);
/* service_sign.c: service_await_checkpoint puts a question aside until the log's head is signed; then it is asked
 * again; false: too many of its key's wait, or of all programs'. service_sign, the writer's between two groups, signs
 * when that is due. An error of it is one that nobody may survive.
 */
bool service_await_checkpoint(struct service *service, struct work *work);
enum err service_sign(struct service *service) MUST_USE;

/* service_refused.c: service_note_refused notes that work's asker, or somebody who is not known, was refused; request:
 * a command's or question's name, a constant; NULL: none; subject: the kind of the other workspace's thing that was
 * named. service_note_foreign does so where named is one (what is nowhere is no event); service_note_answers for what
 * the commands of another program's frame got. service_report, the writer's between two groups, makes events of what is
 * due. */
void service_note_refused(struct work *work, enum refusal refusal, const char *request, enum id_kind subject);
bool service_note_foreign(struct work *work, const struct id *named, const char *request);
void service_note_answers(struct work *work, const struct answer *answers);
enum err service_report(struct service *service) MUST_USE;
/* service_write.c: a command of the ledger's own, in a group of its own; it may be refused. Without a stream it is
 * the installation's. */
enum err service_write_own(struct service *service, struct command *command) MUST_USE;

/* service_seal.c, the reader's: service_read_seal answers FRAME_SEAL. */
void service_read_seal(struct service *service, struct work *work);
/* service_people.c, the reader's: service_keep seals a secret into the vault; service_read_person answers FRAME_PERSON;
 * service_sweep goes on with the round that sweeping stands for, a few secrets further. */
enum refusal service_keep(struct service *service, const struct vault_secret *secret);
void service_read_person(struct service *service, struct work *work);
void service_sweep(struct service *service);

/* The two threads. */
void *service_write(void *context);
void *service_read(void *context);

#endif
