/* cells.h: the race matrix: which action met a post or target in which state, and whether it was accepted. What an
 * action means to people stands in command.def; the state is the judge's, read from the log alone. A cell that cannot
 * happen is listed in cells.c with its reason; all others have to happen in some seed. */
#ifndef OPENPOST_TESTS_SIM_CELLS_H
#define OPENPOST_TESTS_SIM_CELLS_H

#include "tests/sim/world.h"

/* clang-format off */
#define ACTION_TABLE(X) \
    X(EDIT, "edit") X(RESCHEDULE, "reschedule") X(CANCEL, "cancel") X(CANCEL_TARGET, "cancel_target") \
    X(APPROVE, "approve") X(VOID, "void") X(PAUSE, "pause") X(RESUME, "resume") X(DISCONNECT, "disconnect") \
    X(DELETE_ACCOUNT, "delete_integration") X(RETRY, "retry") X(RESOLVE, "resolve") X(SWAP, "swap")
/* clang-format on */

/* before_lock: nothing is fixed, drafts too. at_lock: within a second of publish_at - 300 s, whether the lock has come
 * or not. prepared: locked, by its event or by the time alone, and the next part was not tried yet. */
/* clang-format off */
#define CELL_STATE_TABLE(X) \
    X(BEFORE_LOCK, "before_lock") X(AT_LOCK, "at_lock") X(PREPARED, "prepared") X(ATTEMPTING, "attempting") \
    X(RETRYING, "retrying") X(UNKNOWN, "unknown") X(FINAL, "final")

/* clang-format on */

enum action {

#define X(name_, word_) ACTION_##name_,
    ACTION_TABLE(X)
#undef X
        ACTION_COUNT
};

enum cell_state {

#define X(name_, word_) CELL_##name_,
    CELL_STATE_TABLE(X)
#undef X
        CELL_STATE_COUNT
};

struct cells {
    uint32_t counts[ACTION_COUNT][CELL_STATE_COUNT][2]; /* refused, accepted */
};

/* How often each cell happened over many seeds, and in which first; 0: in none. */
struct cell_table {
    struct cells sums;
    uint64_t firsts[ACTION_COUNT][CELL_STATE_COUNT][2];
};

/* cells_note notes a command whose answer is durable, before the judge reads what came of it. What was refused for who
 * asked, or because nothing in the whole installation may be, tells nothing of a race. */
void cells_note(struct world *world, const struct command *command, const struct answer *answer);

/* cells_add adds one seed's. cells_read adds what cells_write wrote; false: it is no such file. */
void cells_add(struct cell_table *table, const struct cells *cells, uint64_t seed);
bool cells_write(const struct cell_table *table, const char *path);
bool cells_read(struct cell_table *table, const char *path);
/* cells_judge prints what is wrong, and with show all; true: whatever can happen did, and nothing else. */
bool cells_judge(const struct cell_table *table, bool show);

#endif
