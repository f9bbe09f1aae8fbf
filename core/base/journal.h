/* journal.h: structured log lines for operators: logfmt on stderr, one write per line. Facts about posts are events,
 * not log lines; nothing secret ever goes here. Only main.c files and composition roots log; what they call returns
 * errors. */
#ifndef OPENPOST_BASE_JOURNAL_H
#define OPENPOST_BASE_JOURNAL_H

#include "core/base/span.h"

enum journal_level { JOURNAL_DEBUG, JOURNAL_INFO, JOURNAL_WARN, JOURNAL_ERROR };

/* journal_open names the process in every line and drops lines below level. The journal's level and name are the one
 * mutable static state of the project. */
void journal_open(const char *process, enum journal_level level);

/* journal writes ms=… level=… process=… what=… and then the key=value pairs of the printf-style format; the caller
 * writes them in logfmt and quotes with %s only what it knows to be tame: foreign text goes through journal_quote. */
void journal(enum journal_level level, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* journal_quote copies foreign text into out as a quoted logfmt value, control characters and quotes escaped, cut to
 * fit; returns out. cap >= 8. */
const char *journal_quote(struct span text, char *out, size_t cap);

#endif
