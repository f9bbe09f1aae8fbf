/* who.h: what somebody who did something in a workspace is called: a key by its name, a member by theirs, be the key
 * revoked or the membership over since. Used by tenant.c. */
#ifndef OPENPOST_TOOLS_WHO_H
#define OPENPOST_TOOLS_WHO_H

#include "tools/errand.h"

/* who_name finds what the folder knows of a key_ or mem_ of the errand's workspace; data NULL: nothing. A key's name is
 * in the errand's arena. A member's is in the vault, which is asked with the errand's hand: it borrows from room, of
 * PERSON_RECORD_MAX bytes, which the caller wipes. Without a hand, of a moment that is over, no member has a name.
 * Errors are those of the store, the vault and the service; it blocks for them. */
enum err who_name(struct errand *errand, const struct id *id, struct buf *room, struct span *ret_name) MUST_USE;

#endif
