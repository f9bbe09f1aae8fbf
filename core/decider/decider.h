/* decider.h: the rules. Pure: no clock, no randomness, no I/O, no libc but mem* and strlen (a test asks the linker).
 *
 * Every aggregate is one file with three functions: x_initial, x_evolve, x_decide. A state is a plain struct of bounded fields
 * without pointers, all padding zero: it can be copied with =, compared and stored with its bytes.
 *
 *   x_evolve(state, event, time_ms)  cannot fail: the past cannot be refused; an event that does not fit is a bug (asserted).
 *   x_decide(state, context, command, ret_events)  returns a refusal, and then no events; no events and no refusal: it is already so.
 *
 * The events' texts and lists borrow from the command. */
#ifndef OPENPOST_DECIDER_DECIDER_H
#define OPENPOST_DECIDER_DECIDER_H

#include "core/base/limits.h"
#include "core/message/message.h"
#include "core/message/refusal.h"

struct installation; /* installation.h: epoch, clock, suspended */
struct workspace;    /* workspace.h: and its members and keys, each an aggregate of its own */
struct integration;  /* integration.h */
struct post;         /* post.h */

/* What a decider may know beside its own state. Loaded by the ledger's shell; borrowed for the call. */
struct decide_context {
    int64_t now_ms;                        /* the ledger's stamp of this command */
    const struct installation *installation;
    const struct workspace *workspace;     /* the command's; NULL for the installation's own */
    /* Integrations that the command or the post's targets name, in any order; one that is missing or another workspace's is not among them. */
    const struct integration *const *integrations;
    uint32_t integration_count;
    bool account_taken;       /* record_connection: another integration of the workspace has this platform account */
    uint32_t open_post_count; /* delete_integration: posts with open targets there */
};

/* context_integration finds one by id; NULL when it is not there. */
const struct integration *context_integration(const struct decide_context *context, const struct id *integration_id);

#endif
