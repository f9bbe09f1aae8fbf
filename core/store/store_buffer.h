/* store_buffer.h: a buffer in front of a store, for whoever writes many rows and the same ones again and again: a
 * rebuild. What a write transaction puts and deletes is kept in memory and reaches the base at its commit, each row
 * once, in the order of keys. To everybody who holds its transactions it is a store like any other: the same contract
 * test runs over it. */
#ifndef OPENPOST_STORE_STORE_BUFFER_H
#define OPENPOST_STORE_STORE_BUFFER_H

#include "core/store/store.h"

/* store_buffer_open puts a buffer in front of base, which it borrows: nobody else may write to base until the buffer is
 * closed. Where base may be used by any thread, a commit hands its rows to one that writes them, in one transaction of
 * base for each: its failure comes back from the next commit, read transaction or store_buffer_drain. A read
 * transaction waits for that and goes straight to base. A cursor of a write transaction first has the rows kept so far
 * put into base's: correct, but slow when it happens often. ERR_NO_MEMORY, and the errors of base. */
enum err store_buffer_open(struct store *base, struct store **ret_store) MUST_USE;

/* store_buffer_is_full tells that its write transaction has as many rows or bytes as limits.h allows: commit it and
 * begin another. It takes more all the same, for a caller that cannot stop in the middle. */
bool store_buffer_is_full(const struct store *buffer);

/* store_buffer_drain waits until base has all that was committed. */
enum err store_buffer_drain(struct store *buffer) MUST_USE;

#endif
