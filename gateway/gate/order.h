/* order.h: a command on its way through the gate. Whoever gives an order says what it is and fills its fields; who
 * wants it, in which workspace and with which role the gate writes above it when it is sent, behind the type. */
#ifndef OPENPOST_GATE_ORDER_H
#define OPENPOST_GATE_ORDER_H

#include "gateway/gate/pass.h"

struct order;

/* pass_order begins the pass's one order anew, for the stream that decides, with empty fields. order_fields: those of
 * its code, a struct <code's name>_command. */
struct order *pass_order(struct pass *pass, enum command_code code, const struct id *stream);
void *order_fields(struct order *order);
/* order_command shows what the order says: to be judged, not to be sent. Its envelope is empty. */
const struct command *order_command(const struct order *order);

/* What else goes with an order. */
struct sending {
    const struct idempotency *idempotency; /* may be NULL */
    uint64_t expected_version;             /* of the stream; 0: any */
    uint64_t causation;                    /* seq of what its sender had before them; 0: nothing */
};

/* pass_judge tells whether the order keeps to the accounts of a pass that is restricted to some: scope_insufficient if
 * it makes or changes another account, reference_not_found if it sends a post to one. ACCEPTED. */
enum refusal pass_judge(const struct pass *pass, const struct order *order);

/* pass_send sends an order: encoded when it returns, so that a row's text may go into it without a copy, but it may be
 * answered by then, too, on another thread. What was read through the pass is no longer there, until pass_refresh.
 * ERR_ACCESS: command.def says that the command needs more than the pass has, or pass_judge refuses it: the route that
 * sent it should not have been open. The others are client_command's. */
typedef void pass_answered(void *context, enum err err, const struct answer *answer);
enum err pass_send(struct pass *pass, const struct order *order, const struct sending *sending, pass_answered *done,
                   void *context) MUST_USE;

#endif
