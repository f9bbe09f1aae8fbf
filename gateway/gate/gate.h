/* gate.h: what stands between requests and the workspaces' data. It has the read models and the ledger's client, which
 * nobody else of the gateway has; what it is made of only this folder knows. Whoever asks for a workspace's needs a
 * pass (pass.h); what is here is about the installation, whoever asks. Thread-safe. */
#ifndef OPENPOST_GATE_GATE_H
#define OPENPOST_GATE_GATE_H

#include "projections/present.h"

struct client;
struct identity_client;
struct gate;

/* Everything is borrowed, and has to stay until gate_close. */
struct gate_options {
    struct store *views;              /* to be read only */
    struct client *ledger;            /* NULL: nothing is asked of it */
    struct identity_client *identity; /* NULL: nobody signs in through a provider */
    struct id installation_id;        /* to the ledger, the stream of what nobody's key is behind */
    struct zones *zones;              /* any thread may ask */
    present_rendering *rendering;     /* of posts that are not locked; may be NULL */
    void *rendering_context;
    const struct channel_list *channels; /* what approvals are of; may be NULL */
};

enum err gate_open(const struct gate_options *options, struct gate **ret_gate) MUST_USE;
/* gate_close frees it when no pass is left, and nobody answers any more; accepts NULL. */
void gate_close(struct gate *gate);
OWNED_BY(gate_close, struct gate *);

/* gate_condition reads how the installation is: why nothing starts, if so, and how many posts need a look. reason lives
 * in the arena. */
struct condition {
    bool suspended;       /* nothing starts until a person confirms: */
    int64_t suspended_ms; /* since when */
    struct span reason;   /* what was noticed */
    bool clock_suspect;   /* nothing starts until the clock is trusted again */
    struct post_count_row posts;
    int64_t identity_silent_ms; /* so long the process that talks to providers has answered nothing; 0: it answers */
};

enum err gate_condition(struct gate *gate, struct arena *arena, struct condition *ret_condition) MUST_USE;

/* What the ledger answers to a question: the body, borrowed for the call; on a thread of the wire's, never within the
 * call that asked. An error of that call: it was not asked, and nobody is called. */
typedef void gate_replied(void *context, enum err err, struct span body);
/* gate_status asks for the ledger's figures; figure_of finds one of them; false: it is not there. */
enum err gate_status(struct gate *gate, gate_replied *done, void *context) MUST_USE;
bool figure_of(struct span figures, const char *name, uint64_t *ret_value);

/* gate_report tells the ledger what is due of what was refused for reasons of security, and which keys were used, and
 * greets the process that talks to providers: for main.c, once a second, and whenever gate_report_fd can be read, which
 * stays the gate's: then much waits to be looked into, which each request would else do for itself. */
void gate_report(struct gate *gate);
int gate_report_fd(const struct gate *gate);
/* gate_damaged notes that the read models, as they are now, cannot be what was written. gate_is_damaged: nothing says
 * that they are whole again. gate_tell_damage tells the ledger, from time to time, until it has made them again; false:
 * they are whole, as far as anybody knows. */
void gate_damaged(struct gate *gate);
bool gate_is_damaged(struct gate *gate);
bool gate_tell_damage(struct gate *gate);

#endif
