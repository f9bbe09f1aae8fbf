/* journal.c: see journal.h. A line is built in a fixed buffer and written by one write(2), so lines of several threads
 * and processes never mix. */
#include "core/base/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"

static enum journal_level journal_level = JOURNAL_INFO;
static const char *journal_process = "openpost";

void journal_open(const char *process, enum journal_level level)
{
    journal_process = process;
    journal_level = level;
}

void journal(enum journal_level level, const char *what, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < journal_level) {
        return;
    }
    char line[2048];
    const int64_t now_ms = clock_wall_ms();
    int len = snprintf(line, sizeof line - 1, "ms=%lld level=%s process=%s what=%s ", (long long)now_ms, names[level],
                       journal_process, what);
    ASSERT(len > 0 && (size_t)len < sizeof line - 1);
    va_list arguments;
    va_start(arguments, format);
    const int more = vsnprintf(line + len, sizeof line - 1 - (size_t)len, format, arguments);
    va_end(arguments);
    ASSERT(more >= 0);
    len += more;
    len = (size_t)len > sizeof line - 2 ? (int)sizeof line - 2 : len;
    line[len] = '\n';
    const ssize_t written = write(STDERR_FILENO, line, (size_t)len + 1);
    (void)written; /* a closed stderr must not stop the service */
}
