/* self.h: whoever is signed in, as the vault knows them, and their password shown once more: a session is also what
 * somebody at an unlocked screen has. Steps that each take the next; nobody waits. Used by user_handlers.c and
 * account_handlers.c. */
#ifndef OPENPOST_GATEWAY_SELF_H
#define OPENPOST_GATEWAY_SELF_H

#include "gateway/session_view.h"

/* Lives in the request's arena, as do name and address. */
struct self {
    struct exchange *x;
    struct span name;
    struct span address;
    /* self.c's own */
    const char *member;
    void (*next)(void *context);
    void *context;
};

/* self_look reads name and address, then calls next; self_prove, after it, has the password in that member of the body
 * compared, and counts the try. next is called when all is well; else the request is answered: sign_in_refused with
 * where the password stands. */
void self_look(struct self *self, void (*next)(void *context), void *context);
void self_prove(struct self *self, const char *member, void (*next)(void *context), void *context);

#endif
