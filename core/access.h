/* access.h: who may what: the one table of needs and roles. The gate asks it about routes and about the commands that
 * they send, the ledger's door about other programs' questions and commands, the API's description about what it says
 * of roles. What a command decides beyond that is the deciders'. Pure. */
#ifndef OPENPOST_ACCESS_H
#define OPENPOST_ACCESS_H

#include "core/message/message.h"

/* What a route, a question or a command needs of whoever asks. */
enum need {
    NEED_NONE,   /* nobody in particular */
    NEED_VIEWER, /* each role */
    NEED_EDITOR,
    NEED_ADMIN,
    NEED_OWNER,
    NEED_AUDIT,  /* the workspace's log: not an editor's, though an editor may else do more than an auditor */
    NEED_NOBODY, /* no role suffices */
    NEED_COUNT
};

/* What somebody was given in one workspace. */
struct grant {
    uint32_t role; /* enum role; ROLE_NONE: nothing */
};

/* access_allows tells whether the grant meets the need; a role that is none allows nothing. */
bool access_allows(const struct grant *grant, enum need need);

/* access_need is what command.def says that a command needs of a key or member in whose name it is sent: NEED_NOBODY
 * for what only our own processes may, and for what is no command. */
enum need access_need(uint32_t command_code);

#endif
