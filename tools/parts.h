/* parts.h: the composition root's parts: a data folder's log, views and ledger opened in this process, for commands
 * that work while no service runs (init, key) or only read (log, replay). */
#ifndef OPENPOST_TOOLS_PARTS_H
#define OPENPOST_TOOLS_PARTS_H

#include "core/ledger/data.h"
#include "core/ledger/ledger.h"
#include "core/log/checkpoint.h"
#include "core/log/log.h"

#define LOG_MAP_BYTES ((size_t)1 << 40) /* 1 TiB of address space, sparse: 3 billion events */
#define LOG_RESERVE_BYTES \
    ((size_t)64 << 20) /* locks, starts and outcomes of 20,000 posts go on when users' commands are refused */
#define VIEWS_MAP_BYTES ((size_t)1 << 36)
#define CHECKPOINT_EVERY 4096

struct parts {
    struct data_folder data;
    int lock_fd;
    struct checkpoint_key *key;
    struct log *log;
    struct store *views;
    bool views_good; /* marked as such, or rebuilt: to be marked as clean */
    struct ledger *ledger;
};

/* become_owner: what root makes in another's folder would be closed to the service, which runs as its owner. So root
 * becomes that, for ever and with whatever it starts: whom the file installation, which init makes, belongs to. Nothing
 * for others. */
enum err become_owner(const struct data_folder *data) MUST_USE;

/* parts_open opens everything for writing, with the folder's lock, as the folder's owner. The views are rebuilt if
 * their mark does not vouch for them (data_views_begin), unless views_trusted: then they are taken as they are.
 * ERR_BUSY: a service runs on the folder. ERR_ALTERED with *ret_fault. parts_close accepts a zeroed struct. */
enum err parts_open(const struct data_folder *data, bool views_trusted, struct parts *ret_parts,
                    struct log_fault *ret_fault) MUST_USE;
void parts_close(struct parts *parts);
/* parts_have_views: without any the folder is a backup: who only looks writes nothing to it. */
bool parts_have_views(const struct data_folder *data);
/* scratch_make makes an empty folder for a store that is thrown away: in the data folder, where as much room is needed
 * anyway, or, where that has no views, in TMPDIR (/tmp). scratch_remove takes it away with that store's files, if there
 * is one: ret_folder is "" until it was made. */
enum err scratch_make(const struct data_folder *data, char ret_folder[DATA_PATH_MAX]) MUST_USE;
void scratch_remove(char folder[DATA_PATH_MAX]);
/* parts_open_log opens the log alone, read-only. */
enum err parts_open_log(const struct data_folder *data, struct log **ret_log, struct log_fault *ret_fault) MUST_USE;
/* parts_command has one command of the operator's decided in a group of its own. */
enum err parts_command(struct parts *parts, struct command *command, int64_t now_ms, struct answer *ret_answer)
    MUST_USE;

#endif
