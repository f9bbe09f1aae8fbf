/* past.h: read models as they were: made anew from the log's beginning up to an event, in a folder that is deleted
 * afterwards (scratch_make of parts.h). For looking, beside a running service or without one; nothing else of the data
 * folder is touched. */
#ifndef OPENPOST_TOOLS_PAST_H
#define OPENPOST_TOOLS_PAST_H

#include "core/ledger/data.h"
#include "core/log/log.h"
#include "core/store/store.h"

struct past {
    struct log *log;
    struct store *views;
    int64_t at_ms; /* of the moment that they show */
    char folder[DATA_PATH_MAX];
};

/* What a person names a moment by. */
struct moment {
    uint64_t seq; /* the log's position; 0: time_ms says */
    int64_t time_ms;
};

/* moment_parse reads an instant, 2026-04-20T14:00:00Z, or a position of the log, 1234. False: it is neither. */
#define MOMENT_EXPECTED "an instant, like 2026-04-20T14:00:00Z, or a position of the log, like 1234"
bool moment_parse(const char *text, struct moment *ret_moment);

/* past_open makes them: everything that happened up to the moment (NULL: now), and nothing after it; some 100,000
 * events a second.
 * ERR_NOT_FOUND: nothing had happened by then; others are those of log and store, ERR_ALTERED with *ret_fault.
 * past_close removes the folder; it accepts what a failed past_open left. */
enum err past_open(const struct data_folder *data, const struct moment *moment, struct past *past,
                   struct log_fault *ret_fault) MUST_USE;
void past_close(struct past *past);

#endif
