/* self.h: whoever is signed in, as the vault knows them, and their password shown once more: a session is also what
 * somebody at an unlocked screen has. Who has no password shows instead that they came from their provider just now:
 * by a session that began so within SIGN_IN_RECENT_MS. Whether the provider asks for anything that it knows already is
 * its own to decide. Steps that each take the next; nobody waits. Used by user_handlers.c and account_handlers.c. */
#ifndef OPENPOST_GATEWAY_SELF_H
#define OPENPOST_GATEWAY_SELF_H

#include "gateway/session_view.h"

/* Lives in the request's arena, as do name and address. */
struct self {
    struct exchange *x;
    struct span name;
    struct span address;
    uint64_t version; /* the person's, as read before anything was asked: the caller's to fill in */
    /* self.c's own */
    const char *member;
    void (*next)(void *context);
    void *context;
};

/* self_look reads name and address, then calls next; self_prove, after it, has the password in that member of the body
 * compared, and counts the try; without the member it looks at the session of who has no password. next is called when
 * all is well; else the request is answered: sign_in_refused with where the password stands; precondition_failed if the
 * person is not of that version any more, for it may have been right; field_missing, recent_sign_in_required. */
void self_look(struct self *self, void (*next)(void *context), void *context);
void self_prove(struct self *self, const char *member, void (*next)(void *context), void *context);

#endif
