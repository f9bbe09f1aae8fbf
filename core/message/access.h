/* access.h: who may what: the one table of needs and roles, and what a scope needs. The gate asks it about routes and
 * about the commands that they send, the ledger's door about other programs' questions and commands, a key's rules
 * about its scopes, the API's description about what it says of roles. What a command decides beyond that is the
 * deciders'. Pure. */
#ifndef OPENPOST_MESSAGE_ACCESS_H
#define OPENPOST_MESSAGE_ACCESS_H

#include "core/message/message.h"
#include "core/message/refusal.h"

/* What a route, a question or a command needs of whoever asks. */
enum need {
    NEED_NONE,   /* nobody in particular */
    NEED_VIEWER, /* each role */
    NEED_EDITOR,
    NEED_ADMIN,
    NEED_OWNER,
    NEED_AUDIT,     /* the workspace's log: not an editor's, though an editor may else do more than an auditor */
    NEED_PERSON,    /* somebody who is signed in, in whatever workspace or none: no key and no role is one */
    NEED_OPERATOR,  /* likewise one who sees to all workspaces */
    NEED_APPROVER,  /* an admin, or an editor with the permission */
    NEED_AUDIT_OWN, /* at least what the log has of one's own posts: an editor's, too */
    NEED_NOBODY,    /* no role suffices */
    NEED_COUNT
};

/* What somebody was given in one workspace. */
struct grant {
    uint32_t role;        /* enum role; ROLE_NONE: nothing */
    uint32_t permissions; /* 1 << enum permission: what a member may do beyond the role */
    uint32_t scopes;      /* 1 << enum key_scope: the parts of the role that are kept; 0: all of them */
    bool restricted;      /* to these accounts: no other is there for it, nor a post that goes to another */
    uint32_t account_count;
    const struct integration_ref *accounts; /* borrowed */
    int64_t ends_ms;                        /* nothing is left of it from then on; 0: it has no end */
};

/* access_allows tells whether the grant's role meets the need; a role that is none allows nothing. */
bool access_allows(const struct grant *grant, enum need need);

/* access_check tells whether the grant meets the need and keeps the scope (SCOPE_NONE: none is asked for): else
 * role_insufficient, or scope_insufficient. NEED_NONE is met by everybody. A restricted grant keeps no scope that
 * reaches over all accounts whatever it names: to read the log, to write keys, members or the workspace's settings.
 * access_command does so for what a command needs. */
enum refusal access_check(const struct grant *grant, enum need need, enum key_scope scope);
enum refusal access_command(const struct grant *grant, uint32_t command_code);

/* access_sees tells whether the account is there for the grant; access_sees_all: each account that the targets name. A
 * post is there for a restricted grant when all accounts of its targets are: a draft without targets is. */
bool access_sees(const struct grant *grant, const struct id *integration_id);
bool access_sees_all(const struct grant *grant, const struct target_spec *targets, uint32_t count);

/* access_log_author is whose posts' events alone the grant reads of the log, where it reads it at all: for an editor's
 * holder, the key or member that has the grant; absent: all events. */
struct id access_log_author(const struct grant *grant, const struct id *holder);

/* access_gives tells whether what keeps those scopes of a role (none: all), till then (0: without end), keeps nothing
 * that the grant does not. Roles are core/decider/authority.h's. */
bool access_gives(const struct grant *grant, uint32_t scopes, int64_t ends_ms);

/* access_scopes makes bits of a list of scopes. */
uint32_t access_scopes(const struct granted_scope *scopes, uint32_t count);

/* access_need is what command.def says that a command needs of a key or member in whose name it is sent: NEED_NOBODY
 * for what only our own processes may, and for what is no command. */
enum need access_need(uint32_t command_code);

/* access_is_persons tells whether the need is one that somebody who is signed in meets in whatever workspace or none,
 * and that no key meets. access_operates: whether an operator may send the command in their own name, to a workspace
 * where they may be no member. */
bool access_is_persons(enum need need);
bool access_operates(uint32_t command_code);

/* access_reaches tells whether what the scope names is part of what the role allows, be it less than all of it. */
bool access_reaches(enum role role, enum key_scope scope);

#endif
