/* data.h: the data folder: what lies where, its secrets and its identity. Used by init, ledger, gateway, scheduler,
 * verify…: each opens only what its work needs.
 *
 *   installation   sys_…, the installation's id (text); written once
 *   identity       where the folder was when it was last known: machine id, inodes and times of two files (text)
 *   log/           the log's environment, and checkpoint, the newest signed note
 *   views/         state and read models: disposable; views/mark tells whether they may be trusted
 *   vault/         sealed secrets; subject.keys, 0600: the keys of those that name people (core/vault/slots.h)
 *   log.seed       0600, 32 bytes: Ed25519 seed that signs checkpoints (RFC 8032)
 *   log.vkey       the public key to it as a C2SP verifier key (text): an auditor keeps a copy elsewhere
 *   wire.secret    0600, 32 bytes: the keys that authenticate frames between our own processes are derived from it
 *   adapter-CHANNEL.key  0600, 32 bytes: the derived key of a channel's adapter, the only thing that it is given
 *   identity.key   0600, 32 bytes: likewise of the process that talks to identity providers
 *   master.key     0600, 32 bytes: seals the vault; OPENPOST_MASTER_KEY (64 hex digits) in the environment goes first
 *   clock          how far the wall clock was ahead of the boot clock when last trusted, and under which boot (text)
 *   lock           held by the process that may write: its id (text)
 *   ledger.url     where that process listens
 *   sandbox.port   where serve --sandbox simulates the platforms, and nowhere else: part of its accounts' addresses
 *   sandbox.records  what those platforms show, one record a line (tools/sandbox/keep.h)
 */
#ifndef OPENPOST_LEDGER_DATA_H
#define OPENPOST_LEDGER_DATA_H

#include "core/base/span.h"
#include "core/base/typeid.h"
#include "core/wire/party.h"

#define DATA_PATH_MAX 4096

struct data_folder {
    char path[DATA_PATH_MAX];
    char log_path[DATA_PATH_MAX];
    char views_path[DATA_PATH_MAX];
    char vault_path[DATA_PATH_MAX];
    struct id installation_id;
    char boot_id[37]; /* the kernel's, read at open: a confined process cannot read it any more */
    char origin[64];  /* the checkpoints' origin and key name: openpost/<installation id> */
};

/* data_create makes the folder (which must not exist or be empty), its subfolders and keys, all or nothing as far as a
 * file system can; data_settle is the caller's, once the log is there. ERR_EXISTS, ERR_ACCESS, ERR_NO_SPACE, ERR_IO;
 * ERR_NOT_FOUND: there is no folder to make it in. data_open reads what every process may know. ERR_NOT_FOUND: not a
 * data folder. ERR_ACCESS. */
enum err data_create(const char *path, int64_t now_ms, struct data_folder *ret_data) MUST_USE;
enum err data_open(const char *path, struct data_folder *ret_data) MUST_USE;

/* data_check looks at every small file that the folder cannot do without, that there is a log (which only init makes),
 * and that no folder, pipe or device lies where a file should; with_vault: at the master key, too, while it is still in
 * the environment. On failure (of any kind) a sentence names the file and says what to do. */
#define DATA_SENTENCE_MAX (DATA_PATH_MAX + 512)
enum err data_check(const struct data_folder *data, bool with_vault, char ret_sentence[DATA_SENTENCE_MAX]) MUST_USE;

/* data_denied finds the first file of the folder in path that this process may not open as who writes to the folder
 * must, or as who only reads its log: a sentence names it, whose it is and what to do. For whoever got ERR_ACCESS;
 * false: it came of something else. */
bool data_denied(const char *path, bool writes, char ret_sentence[DATA_SENTENCE_MAX]);

/* data_secret reads one of the 32-byte secrets by its file's name. ERR_NOT_FOUND, ERR_ACCESS, ERR_MALFORMED.
 * data_master_key looks into the environment first and takes the key out of it, so call it once in a process.
 * data_master_text does that alone, for who hands it on (serve) or must not have it: false: there is none. */
#define DATA_MASTER_ENV "OPENPOST_MASTER_KEY"
#define DATA_MASTER_TEXT_MAX 80 /* 64 digits; a longer text, cut, is still refused for its length */
enum err data_secret(const struct data_folder *data, const char *name, uint8_t ret_secret[32]) MUST_USE;
/* data_party_key derives a process's key from wire.secret (core/wire/party.h); data_link_key_write keeps that of a
 * channel's link in a file for its adapter. Errors as data_secret; to write, those of file_write. */
enum err data_party_key(const struct data_folder *data, enum party party, uint8_t ret_key[32]) MUST_USE;
enum err data_link_key_write(const struct data_folder *data, const char *channel) MUST_USE;
/* data_identity_key_write likewise keeps what the identity process is given (identity_key); data_identity_link_key
 * derives the part of it that the gateway has. */
enum err data_identity_key_write(const struct data_folder *data) MUST_USE;
enum err data_identity_link_key(const struct data_folder *data, uint8_t ret_key[32]) MUST_USE;
enum err data_master_key(const struct data_folder *data, uint8_t ret_key[32]) MUST_USE;
bool data_master_text(char ret_text[DATA_MASTER_TEXT_MAX]);

/* data_verifier reads log.vkey without its newline; ERR_NOT_FOUND. data_verifier_write makes it from log.seed where
 * there is none: *ret_made. */
enum err data_verifier(const struct data_folder *data, struct buf *out) MUST_USE;
enum err data_verifier_write(const struct data_folder *data, bool *ret_made) MUST_USE;

/* data_moved tells whether the folder is not the one that its identity describes, but a copy, or was restored over:
 * *ret_moved, and a sentence; an identity that cannot be read describes none. data_settle writes what is found now as
 * its identity (after starts were confirmed, or suspended by an event); on a full disk it, data_address_write,
 * data_clock_write and the views' mark write over the old file. The log must have been opened once before:
 * ERR_NOT_FOUND. */
enum err data_moved(const struct data_folder *data, bool *ret_moved, char ret_sentence[256]) MUST_USE;
enum err data_settle(const struct data_folder *data) MUST_USE;
/* data_unsettle forgets the identity, so that the folder counts as moved until data_settle: for whoever finds another
 * proof that it is not what it was, and must not lose it in a crash. ERR_ACCESS, ERR_IO. */
enum err data_unsettle(const struct data_folder *data) MUST_USE;

/* data_lock makes this process the one that may write to the folder, until it ends or closes *ret_fd, and notes its id
 * in the file. ERR_BUSY: another one is. data_lock_holder reads whose id was noted last; 0: nobody's. */
enum err data_lock(const struct data_folder *data, int *ret_fd) MUST_USE;
uint64_t data_lock_holder(const struct data_folder *data);
/* data_address_write notes where the running ledger listens (file ledger.url), for commands on the same machine;
 * data_address_read reads it. ERR_NOT_FOUND, ERR_TOO_LONG. */
enum err data_address_write(const struct data_folder *data, const char *url) MUST_USE;
enum err data_address_read(const struct data_folder *data, char *ret_url, size_t cap) MUST_USE;

/* data_views_begin, before the views are opened for writing: *ret_trusted when they were closed in order or written
 * under this very boot (then the kernel still has every page), and lie where they were written; their folder is made
 * where it is missing. From then on they are marked as written under this boot, or as doubtful until data_views_good
 * says that they were rebuilt. Views whose writer did not end in order are on trial until data_views_good says that
 * they served: when the next two do not end in order before that either, perhaps by what they find in them, they are
 * not trusted. data_views_doubt: something in them cannot be what was written; the next data_views_begin does not trust
 * them. data_views_discard gives their file up (store_lmdb_give_up) and takes it out of the folder, before it is
 * opened, without a look at what it holds; it stays on the disk until the last who reads it has closed it.
 * data_views_clean: they are flushed (store_sync), and nobody writes to them any more. The first and the third:
 * ERR_BUSY when the file is not this folder's own: somebody writes to it, it is a symbolic link, or the log's or the
 * vault's under another name. Nothing was changed then. */
enum err data_views_begin(const struct data_folder *data, bool *ret_trusted) MUST_USE;
/* data_views_left, before data_views_begin: whether they were written under this very boot where they lie, by a process
 * that did not end in order. When they are not trusted then, it is only that they are on trial too often: they may be
 * read once, for data_views_begin has marked them as doubtful, and then this is false. */
bool data_views_left(const struct data_folder *data);
enum err data_views_good(const struct data_folder *data) MUST_USE;
enum err data_views_doubt(const struct data_folder *data) MUST_USE;
enum err data_views_discard(const struct data_folder *data) MUST_USE;
enum err data_views_clean(const struct data_folder *data) MUST_USE;

/* data_clock_write notes by how much the wall clock that is trusted is ahead of the boot clock; data_clock_read reads
 * it, so that a ledger notices a clock that was set while none ran. ERR_NOT_FOUND: nothing was noted under this boot.
 */
enum err data_clock_write(const struct data_folder *data, int64_t apart_ms) MUST_USE;
enum err data_clock_read(const struct data_folder *data, int64_t *ret_apart_ms) MUST_USE;

#endif
