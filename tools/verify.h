/* verify.h: a whole log read in a child process: a damaged file can raise SIGBUS or SIGSEGV inside LMDB, and that is
 * then reported as altered. Used by openpost verify and openpost backup. */
#ifndef OPENPOST_TOOLS_VERIFY_H
#define OPENPOST_TOOLS_VERIFY_H

#include "core/ledger/data.h"
#include "core/log/checkpoint.h"
#include "core/log/log.h"

/* How far something long is: one line on stderr each second. progress_show is a log_progress. */
struct progress {
    const char *what;
    int64_t started_us;
    int64_t shown_us;
    bool quiet;
};
struct progress progress_of(const char *what, bool quiet);
void progress_show(void *context, uint64_t done, uint64_t total);

/* verify_apart is log_verify of the folder's log. Further errors: ERR_NO_MEMORY, no child could be made; ERR_CLOSED, it
 * was ended by somebody: nothing is known. */
enum err verify_apart(const struct data_folder *data, const struct checkpoint_verifier *verifier,
                      struct progress *progress, struct log_verified *ret_verified, struct log_fault *ret_fault)
    MUST_USE;

#endif
