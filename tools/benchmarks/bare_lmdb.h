/* bare_lmdb.h: LMDB with nothing around it: the reference for log, ledger and replay. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BARE_LMDB_H
#define OPENPOST_TOOLS_BENCHMARKS_BARE_LMDB_H

#include "core/base/span.h"

struct bare;

/* bare_open makes an environment with the crash-safe default flags in the existing folder; ERR_IO for whatever LMDB
 * refuses. bare_close accepts NULL. */
enum err bare_open(const char *folder, struct bare **ret_bare) MUST_USE;
void bare_close(struct bare *bare);
/* One transaction: bare_begin, puts, bare_commit (durable when it returns; after a failed put it gives up). bare_append
 * puts under the next position, bare_put under any key. */
enum err bare_begin(struct bare *bare) MUST_USE;
enum err bare_append(struct bare *bare, struct span value) MUST_USE;
enum err bare_put(struct bare *bare, struct span key, struct span value) MUST_USE;
enum err bare_commit(struct bare *bare) MUST_USE;
/* bare_scan walks every row of a named table of the environment in folder, touching each value's first and last byte.
 * The environment must not be open in this process. */
enum err bare_scan(const char *folder, const char *table, uint64_t *ret_rows, uint64_t *ret_sum) MUST_USE;

#endif
