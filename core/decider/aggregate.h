/* aggregate.h: the deciders as the ledger's shell sees them: load a state, ask, fold, store, whatever the aggregate is.
 *
 *   kind = command_aggregate(command->code); stream = command_stream(command)
 *   aggregate_load(kind, row, &state)                        zeros when there is no row
 *   aggregate_decide(kind, &state, context, command, &events)
 *   aggregate_evolve(kind, &state, &event, &workspace_id, time_ms)   for each, in order
 *   store aggregate_stored_size(kind, &state) bytes at &state */
#ifndef OPENPOST_DECIDER_AGGREGATE_H
#define OPENPOST_DECIDER_AGGREGATE_H

#include "core/decider/installation.h"
#include "core/decider/integration.h"
#include "core/decider/key.h"
#include "core/decider/marks.h"
#include "core/decider/member.h"
#include "core/decider/post.h"
#include "core/decider/provider.h"
#include "core/decider/queue.h"
#include "core/decider/series.h"
#include "core/decider/session.h"
#include "core/decider/template.h"
#include "core/decider/user.h"
#include "core/decider/workspace.h"

/* Room for the state of any aggregate. */
struct aggregate {
    union {
        struct aggregate_head head;
        struct installation installation; /* ID_SYSTEM */
        struct workspace workspace;       /* ID_WORKSPACE */
        struct member member;             /* ID_MEMBER */
        struct key key;                   /* ID_KEY */
        struct integration integration;   /* ID_INTEGRATION */
        struct post post;                 /* ID_POST */
        struct user user;                 /* ID_USER */
        struct session session;           /* ID_SESSION */
        struct provider provider;         /* ID_PROVIDER */
        struct marks marks;               /* ID_NOTIFICATION */
        struct series series;             /* ID_SERIES */
        struct queue queue;               /* ID_QUEUE */
        struct template template;         /* ID_TEMPLATE */
    };
};

/* command_aggregate returns the kind of id that names the aggregate that decides a command; ID_NONE when the code is
 * unknown. command_stream returns that id out of the command's fields; for the installation, which no field names, an
 * absent one. command_workspace returns the workspace that its events belong to: the envelope's, or the one that the
 * command makes or adds to; absent: the installation's. */
enum id_kind command_aggregate(uint32_t code);
struct id command_stream(const struct command *command);
struct id command_workspace(const struct command *command);
/* command_begins_with tells whether a command of that code can have that event as the first that it causes. */
bool command_begins_with(uint32_t command_code, uint32_t event_code);

/* command_makes tells whether a command of that code, of which there is an aggregate, makes what it is about. */
bool command_makes(uint32_t code);

/* aggregate_exists_for tells whether there is an aggregate of that kind of id. The others need one. aggregate_size_max
 * is the size of its whole state; aggregate_stored_size that of the beginning that is not zero. */
bool aggregate_exists_for(enum id_kind kind);
size_t aggregate_size_max(enum id_kind kind);
size_t aggregate_stored_size(enum id_kind kind, const void *state);
/* aggregate_load makes a state (aggregate_size_max bytes) of a stored row, the initial one of an empty row;
 * ERR_TOO_LONG or ERR_TRUNCATED when it is none of ours. */
enum err aggregate_load(enum id_kind kind, struct span row, void *ret_state) MUST_USE;
/* aggregate_load_over does so where another state stood, of whatever kind, of which all but the first used bytes are
 * zeros: the fewer of a post's 25 KB need to be cleared. */
enum err aggregate_load_over(enum id_kind kind, struct span row, size_t used, void *state) MUST_USE;
/* aggregate_evolve folds one event and counts the version. workspace_id: the event's envelope's. */
void aggregate_evolve(enum id_kind kind, void *state, const struct event *event, const struct id *workspace_id,
                      int64_t time_ms);
/* aggregate_missing tells what whoever names another workspace's thing is refused for: not_found, as if there were
 * none; where the command would make it, exists, as if they had made it themselves: who chose an id that is taken has
 * to choose another, and learns nothing of whose it is. */
enum refusal aggregate_missing(const void *state, const struct command *command);
/* aggregate_decide asks the aggregate, after what is the same for all: what is not there or another workspace's is
 * refused as aggregate_missing says; a command that names another version than the state's is version_mismatch, unless
 * its state or ours refuses it for a weightier reason (404, 409, 503 before 412 before 422). *ret_events and the room's
 * others begin empty; a refusal leaves both so. */
enum refusal aggregate_decide(enum id_kind kind, const void *state, const struct decide_context *context,
                              const struct command *command, struct event_list *ret_events);
/* aggregate_keeps_secrets: those of that kind of id may own secrets of the vault. aggregate_secrets lists those in use
 * that a state names, and tells how many they are; stream: whose state it is. aggregate_is_over: it was deleted,
 * revoked, ended or erased, and needs none any more. */
#define SECRETS_MAX (LOGINS_MAX + 2) /* a person's */
bool aggregate_keeps_secrets(enum id_kind kind);
uint32_t aggregate_secrets(enum id_kind kind, const struct id *stream, const void *state,
                           struct id ret_secrets[SECRETS_MAX]);
bool aggregate_is_over(enum id_kind kind, const void *state);
/* aggregate_hint gives what an answer tells beside a refusal: post_locked, workspace_not_paused: since when it is
 * locked, or paused; lock_too_early, attempt_early: from when on it may be tried; else 0. *ret_publish_at_ms: of a post
 * that has it. */
void aggregate_hint(enum id_kind kind, const void *state, const struct command *command, enum refusal refusal,
                    int64_t *ret_hint_ms, int64_t *ret_publish_at_ms);

#endif
