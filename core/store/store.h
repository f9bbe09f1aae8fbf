/* store.h: ordered keys and values with transactions, for state and for read models: everything here is derived from
 * the log and disposable. Two implementations pass one contract test: store_lmdb (one environment, readable by other
 * processes) and store_memory (tests, simulation).
 *
 * Keys: 1..STORE_KEY_MAX bytes, ordered as memcmp orders them; the first byte is the table (core/store/tables.h), so
 * one tree holds all. Values: 0..STORE_VALUE_MAX bytes. One writer at a time; readers see the state of the last commit
 * before they began. Nothing blocks on readers. Spans handed out die with the next write of, or the end of, their
 * transaction. */
#ifndef OPENPOST_STORE_STORE_H
#define OPENPOST_STORE_STORE_H

#include "core/base/owned.h"
#include "core/base/span.h"

#define STORE_KEY_MAX 500                  /* LMDB's own maximum is 511 */
#define STORE_VALUE_MAX ((size_t)16 << 20) /* far above every row we write; a guard against nonsense */

struct store;
struct store_txn;
struct store_cursor;

/* store_lmdb_open opens the environment in folder path, data.mdb with mode 0640 and lock.mdb 0660, map_size bytes of
 * address space. For the writer, who makes folder and files where there are none: WRITEMAP|NOSYNC, blocks reserved
 * ahead by posix_fallocate before each write, so that a full disk is ERR_NO_SPACE and never SIGBUS; a second process
 * that opens it for writing gets ERR_BUSY. read_only: for other processes; the environment must exist; read
 * transactions must last less than 1 s. ERR_NOT_FOUND, ERR_ACCESS, ERR_ALTERED (not such a file), ERR_VERSION,
 * ERR_NO_SPACE, ERR_IO. One environment may be open once per process, and never across a fork. store_memory_open makes
 * an empty one in memory. store_close accepts NULL; every transaction must have ended. */
enum err store_lmdb_open(const char *path, size_t map_size, bool read_only, struct store **ret_store) MUST_USE;
/* store_lmdb_open_durable is the same for what cannot be derived again (the vault): no WRITEMAP|NOSYNC; a commit that
 * returns OK is on the disk, and no power loss leaves anything but a former commit. Where its file was deleted, moved
 * away or replaced meanwhile, a commit is ERR_IO. */
enum err store_lmdb_open_durable(const char *path, size_t map_size, bool read_only, struct store **ret_store) MUST_USE;
enum err store_memory_open(struct store **ret_store) MUST_USE;
void store_close(struct store *store);
OWNED_BY(store_close, struct store *);

/* store_begin starts a transaction; write: the one writer (a second one is a bug of the caller, asserted). A write
 * transaction sees its own writes. store_commit ends it and makes it visible to readers at once; not durable by itself
 * (store_sync). On failure nothing of it is kept. Commit takes the transaction, whatever it returns. store_abort
 * accepts NULL and ends a read transaction too. store_park makes a read transaction see nothing and hold nothing;
 * store_renew lets it (parked or not) see the newest commit. Both are cheap: no allocation. A process that waits parks
 * its readers: an old reader keeps the writer from reusing pages. ERR_BUSY from a read-only store: all 510 reader slots
 * are taken. ERR_CLOSED: its writer has reopened it with a larger map; close and open it again. ERR_REBUILDING: see
 * store_set_whole; of store_renew too, which leaves the transaction parked. With LMDB a transaction
 * may be used by any thread, one at a time; a store in memory belongs to one thread, and reading there through a
 * transaction that is older than the last commit, or while a write transaction is open, is a bug of the caller,
 * asserted (no snapshots). */
enum err store_begin(struct store *store, bool write, struct store_txn **ret_txn) MUST_USE;
enum err store_commit(struct store_txn **take_txn) MUST_USE;
void store_park(struct store_txn *txn);
enum err store_renew(struct store_txn *txn) MUST_USE;
void store_abort(struct store_txn *txn);
OWNED_BY(store_abort, struct store_txn *);
/* store_sync flushes what was committed to the disk; blocks. */
enum err store_sync(struct store *store) MUST_USE;
/* store_drop_dead_readers, the writer's from time to time: gives back what readers in processes that were killed still
 * hold, a slot each and every page that their snapshot needs; writes how many there were. */
enum err store_drop_dead_readers(struct store *store, uint32_t *ret_count) MUST_USE;
/* store_is_short is true when the disk no longer gave all of the blocks that the writer keeps ahead
 * (STORE_AHEAD_BYTES): what can wait should not be written any more, so that what cannot still finds room. As of the
 * last write; never in memory. */
#define STORE_AHEAD_BYTES ((uint64_t)32 << 20)
bool store_is_short(const struct store *store);
/* store_set_whole: the writer tells readers in other processes whether rows may be read at all. Those of a new file may
 * not until it says so, nor may those that it makes again, however often it is killed meanwhile: the file itself says
 * it. Until then store_begin and store_renew of a read-only store are ERR_REBUILDING. It costs readers no system call.
 * In memory, where nobody else reads, it says nothing; nor in a durable store, which is whole at any time. */
void store_set_whole(struct store *store, bool whole);
/* store_is_in_place tells whether the file is still the one in its folder, not given up, and for the writer not cut
 * short either. A reader that finds it is not has to open the store again; it costs two system calls. */
bool store_is_in_place(struct store *store);
/* store_lmdb_give_up takes the file data.mdb of a store, open as fd: whoever reads it gets ERR_REBUILDING from now on,
 * for ever, and store_is_in_place is false. What it holds stays as it is for transactions that have begun. */
enum err store_lmdb_give_up(int fd) MUST_USE;
/* store_clear deletes every row in one transaction of its own (a rebuild begins so). */
enum err store_clear(struct store *store) MUST_USE;

/* store_get: ERR_NOT_FOUND when there is no such key. The value is aligned for no type: copy before casting. */
enum err store_get(struct store_txn *txn, struct span key, struct span *ret_value) MUST_USE;
/* store_put inserts or replaces; ERR_NO_SPACE: abort the transaction. store_delete: ERR_NOT_FOUND when there is none.
 */
enum err store_put(struct store_txn *txn, struct span key, struct span value) MUST_USE;
enum err store_delete(struct store_txn *txn, struct span key) MUST_USE;

/* A cursor walks keys in order, either way. store_seek stands on the first key >= key; store_seek_last on the last key
 * <= key; both, and store_next and store_prev, return ERR_NOT_FOUND past an end, after which the cursor stands nowhere,
 * as a new one does: seek again. A write through the same transaction ends its cursors' positions: to step on without a
 * new seek is asserted. Close every cursor before its transaction ends or is parked or renewed (asserted). */
enum err store_cursor_open(struct store_txn *txn, struct store_cursor **ret_cursor) MUST_USE;
void store_cursor_close(struct store_cursor *cursor);
OWNED_BY(store_cursor_close, struct store_cursor *);
enum err store_seek(struct store_cursor *cursor, struct span key, struct span *ret_key, struct span *ret_value)
    MUST_USE;
enum err store_seek_last(struct store_cursor *cursor, struct span key, struct span *ret_key, struct span *ret_value)
    MUST_USE;
enum err store_next(struct store_cursor *cursor, struct span *ret_key, struct span *ret_value) MUST_USE;
enum err store_prev(struct store_cursor *cursor, struct span *ret_key, struct span *ret_value) MUST_USE;

/* store_digest hashes every key and value in order, each after its length (4 bytes, big-endian), with the caller's
 * update function: two stores with equal rows have equal digests. Tables whose first byte is in skip are left out. For
 * replay --check and the simulation. */
typedef void store_digest_update(void *context, struct span bytes);
enum err store_digest(struct store_txn *txn, struct span skip, store_digest_update *update, void *context) MUST_USE;

#endif
