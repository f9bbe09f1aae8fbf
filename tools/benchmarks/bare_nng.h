/* bare_nng.h: the smallest durable request/reply server that one could write with nng and LMDB, and its client: the
 * reference for the ledger. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BARE_NNG_H
#define OPENPOST_TOOLS_BENCHMARKS_BARE_NNG_H

#include "core/base/span.h"

/* bare_nng_serve answers at url until its process is told to stop: a message has one request or more, each of which
 * becomes two rows; all that wait share a transaction, and the replies follow the commit. */
enum err bare_nng_serve(const char *url, const char *folder) MUST_USE;
/* bare_nng_load keeps messages of so many requests (each) under way for ms, every request of those bytes, and tells how
 * many requests were answered a second. */
enum err bare_nng_load(const char *url, unsigned messages, unsigned each, struct span request, int64_t ms,
                       double *ret_rate) MUST_USE;

#endif
