/* user.h: an errand of openpost user, shared by the files that do it: user.c makes people known, lists and changes
 * them, user_erase.c ends them. */
#ifndef OPENPOST_TOOLS_USER_H
#define OPENPOST_TOOLS_USER_H

#include "gateway/sign_in/password.h"
#include "tools/errand.h"

#define MEMBERSHIPS_COUNTED 100000
#define LINE_MAX_BYTES (PASSWORD_MAX + 2) /* a line break and a NUL */

struct open_invitation;

struct user_errand {
    struct errand errand;
    const char *email;
    const char *name;
    const char *workspace;
    const char *role_word;
    const char *until;
    const char *grant;
    const char *revoke;
    bool everywhere;
    struct id user_id;
    struct id member_id;
    uint32_t role;
    int64_t until_ms;
    char password[LINE_MAX_BYTES];
    struct arena found; /* erase: what the search for invitations finds */
    struct span address;
    struct open_invitation *open;
};

/* user_erase is the form erase: it ends what has to end before, erases the person, withdraws the invitations to their
 * address that are open, and prints what it ended. */
errand_run user_erase;
/* user_is_known complains of who is not there: what would be kept of them would be nobody's. user_erase_person erases
 * whoever is a member of nothing. Both return an exit code. */
int user_is_known(struct user_errand *own);
int user_erase_person(struct user_errand *own);

#endif
