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
 * writes them in logfmt, with %s only what is tame: our own words, the operator's options; nothing that came over a
 * socket. A line of more than 2047 bytes is cut. */
void journal(enum journal_level level, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
