/* oversight.h: the installation's workspaces from outside, as somebody sees them who is signed in: an operator all of
 * them, anybody else those where they are a member now. What is in a workspace nobody sees so, be they an operator: its
 * posts, keys and people take a pass that is in it (pass.h), and nothing here makes one. One thread at a time. */
#ifndef OPENPOST_GATE_OVERSIGHT_H
#define OPENPOST_GATE_OVERSIGHT_H

#include "gateway/gate/ask.h"
#include "gateway/gate/order.h"

struct oversight;

/* oversight_open gives the pass's person, somebody who is signed in, theirs: it reads and sends by the pass, lives in
 * its arena, and ends before it. oversight_close accepts NULL. */
enum err oversight_open(struct pass *pass, int64_t now_ms, struct oversight **ret_oversight) MUST_USE;
void oversight_close(struct oversight *oversight);

/* oversight_workspace reads one; ERR_NOT_FOUND: there is none, or it is nothing to the person: nobody is told which.
 * oversight_workspaces lists them in the order of their ids, those after *after (NULL: from the first), deleted ones
 * too. Fewer than limit: that was all. */
enum err oversight_workspace(struct oversight *oversight, const struct id *workspace_id, struct workspace_row *ret_row)
    MUST_USE;
enum err oversight_workspaces(struct oversight *oversight, const struct id *after, uint32_t limit,
                              struct workspace_row **ret_rows, uint32_t *ret_count) MUST_USE;

/* oversight_found makes a command's fields of them: the person founds it, and it begins with the plan of that name
 * (data NULL: with none); its billing with the day, by its zone, which must be one. The bounds live in the pass's
 * arena. ERR_NOT_FOUND: there is no such plan. */
enum err oversight_found(struct oversight *oversight, struct span plan, struct create_workspace_command *fields)
    MUST_USE;

/* oversight_send sends an operator's order, in their own name, as pass_send sends a member's. oversight_own makes the
 * person the owner of the workspace that they founded; that they were that before is refused: exists. ERR_ACCESS: the
 * person is no operator, or the order none of those that operators give (core/message/access.h). */
enum err oversight_send(struct oversight *oversight, const struct order *order, const struct sending *sending,
                        pass_answered *done, void *context) MUST_USE;
enum err oversight_own(struct oversight *oversight, const struct id *workspace_id, const struct id *command_id,
                       pass_answered *done, void *context) MUST_USE;

/* oversight_ask sends a question about a workspace's own stream for an operator; oversight_as_of makes
 * oversight_workspace read what its events left. As pass_ask and pass_as_of do it. ERR_ACCESS. */
enum err oversight_ask(struct oversight *oversight, const struct log_question *question, gate_replied *done,
                       void *context) MUST_USE;
enum err oversight_as_of(struct oversight *oversight, const struct id *workspace_id, struct body_list events) MUST_USE;

#endif
