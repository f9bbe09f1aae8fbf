/* errand.h: what an operator's errand to a data folder is, whatever the subcommand: its forms, its complaints, and the
 * hand on the folder while it is done. Used by key, user, workspace and look.c.
 *
 * A subcommand's own struct begins with a struct errand, which its forms are given: struct x *own = (struct x *)errand.
 */
#ifndef OPENPOST_TOOLS_ERRAND_H
#define OPENPOST_TOOLS_ERRAND_H

#include "core/base/process.h"
#include "projections/access.h"
#include "tools/operator.h"
#include "tools/tools.h"

struct errand {
    const char *command; /* in whose name it complains: "user" */
    const char *path;    /* of --data */
    bool json;           /* --json */
    struct data_folder data;
    struct operator_hand hand;
    struct store_txn *txn; /* of the views */
    struct arena arena;
    struct id workspace_id; /* errand_workspace's */
};

/* A form of a subcommand: does what is asked for and returns the exit code. */
typedef int errand_run(struct errand *errand);

struct errand_form {
    const char *name;
    errand_run *run;
    size_t arguments; /* beside its name */
};

/* errand_form finds the one that rest, of count words, names; NULL: there is none of that name with so many arguments.
 */
const struct errand_form *errand_form(const struct errand_form *forms, size_t form_count, const char *const *rest,
                                      size_t count);
/* errand_do looks at the folder, puts the hand on it and does what run does; at most memory_max bytes for the arena. */
int errand_do(struct errand *errand, errand_run *run, size_t memory_max);

/* Each complains and returns the exit code: of what was refused, of wrong usage, and of an operating error. */
int errand_refused(const struct errand *errand, const char *what);
int errand_wrong(const struct errand *errand, const char *what);
int errand_failed(const struct errand *errand, enum err err);
/* errand_decide has a command decided, and complains unless it was accepted; *ret_answer then says how. */
int errand_decide(struct errand *errand, struct command *command, struct answer *ret_answer);

/* errand_workspaces visits the workspace that is named by its slug or its id, or all of them, oldest first (NULL), and
 * counts them; a row lives until the next call of visit. errand_workspace makes the one that is named, or the only one,
 * the errand's, or complains, and returns the exit code; errand_no_workspace complains that there is none of that name.
 * errand_mint makes an id; errand_print_id prints a label and one. */
typedef enum err errand_visit(struct errand *errand, const struct workspace_row *row);
enum err errand_workspaces(struct errand *errand, const char *named, errand_visit *visit, uint32_t *ret_count) MUST_USE;
int errand_workspace(struct errand *errand, const char *named);
int errand_no_workspace(const struct errand *errand, const char *named);
struct id errand_mint(enum id_kind kind);
void errand_print_id(const char *label, const struct id *id);

#endif
