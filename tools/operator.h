/* operator.h: the operator's hand on a data folder, for commands that work beside a running service (through its
 * ledger) and without one (with the folder's lock). Used by init, confirm and errand.h. */
#ifndef OPENPOST_TOOLS_OPERATOR_H
#define OPENPOST_TOOLS_OPERATOR_H

#include "core/vault/vault.h"
#include "core/wire/client.h"
#include "tools/parts.h"

struct operator_hand {
    struct data_folder data;
    struct parts parts;    /* without a service */
    struct vault *vault;   /* likewise, once something was kept */
    struct client *client; /* beside one; NULL: there is none */
    struct store *running; /* its views, read-only */
    struct store *views;   /* either's */
    struct log_fault fault;
    bool vault_broken; /* fault says so */
};

/* operator_open opens either way; on failure hand->fault may say more. operator_close accepts what a failed
 * operator_open left. */
enum err operator_open(const struct data_folder *data, struct operator_hand *hand) MUST_USE;
void operator_close(struct operator_hand *hand);

/* operator_failed complains of an operating error of these functions and returns the exit code. */
int operator_failed(const char *command, const struct operator_hand *hand, enum err err);

/* operator_command has one command of the operator's decided, durable when it returns. operator_keep keeps a secret in
 * the vault, likewise: before any command names it. ERR_TIMED_OUT, ERR_CLOSED: the service does not answer. ERR_EXISTS:
 * another person has that address or subject. */
enum err operator_command(struct operator_hand *hand, struct command *command, struct answer *ret_answer) MUST_USE;
enum err operator_keep(struct operator_hand *hand, const struct id *secret_id, const struct id *owner_id,
                       struct span plain) MUST_USE;

/* operator_find tells who signs in with an address; ERR_NOT_FOUND: nobody. operator_named reads what the vault says
 * of a workspace's member or of who is invited there (mem_), or, the workspace absent, of any person (usr_), into room,
 * from which the texts borrow; the caller wipes it. ERR_NOT_FOUND: nothing that can be read. */
enum err operator_find(struct operator_hand *hand, struct span address, struct id *ret_user_id) MUST_USE;
enum err operator_named(struct operator_hand *hand, const struct id *workspace_id, const struct id *id,
                        struct buf *room, struct span *ret_name, struct span *ret_email) MUST_USE;

#endif
