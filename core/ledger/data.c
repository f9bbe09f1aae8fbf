/* data.c: see data.h. Knows file names; opens no environment. */
#include "core/ledger/data.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/log/checkpoint.h"
#include "core/store/store.h"

#define MARK_CLEAN "clean"
#define MARK_DOUBTFUL "doubtful"
#define VIEWS_TRIALS_MAX 2

static enum err fill_paths(const char *path, struct data_folder *data)
{
    if (strlen(path) >= sizeof data->path) {
        return ERR_TOO_LONG;
    }
    memcpy(data->path, path, strlen(path) + 1);
    TRY(path_join(data->log_path, sizeof data->log_path, path, "log"));
    TRY(path_join(data->views_path, sizeof data->views_path, path, "views"));
    return path_join(data->vault_path, sizeof data->vault_path, path, "vault");
}

static enum err fill_origin(struct data_folder *data)
{
    struct buf buf = buf_of(data->origin, sizeof data->origin);
    buf_text(&buf, "openpost/");
    id_write(&buf, &data->installation_id);
    return buf_terminated(&buf) != NULL ? OK : ERR_TOO_LONG;
}

static enum err file_of(const struct data_folder *data, const char *name, char out[DATA_PATH_MAX])
{
    return path_join(out, DATA_PATH_MAX, data->path, name);
}

static enum err make_folder(const char *path)
{
    return mkdir(path, 0750) == 0 || errno == EEXIST ? OK : err_from_errno(errno);
}

/* OK: nothing is there, or an empty folder. ERR_EXISTS: something else. */
static enum err look_empty(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        const enum err err = err_from_errno(errno);
        return err != ERR_NOT_FOUND ? err : access(path, F_OK) == 0 ? ERR_EXISTS : OK;
    }
    bool empty = true;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    (void)closedir(folder);
    return empty ? OK : ERR_EXISTS;
}

/* Writes over a file that is there. Not atomic: what a crash leaves must be read as doubt by whoever reads it. */
static enum err write_in_place(const char *path, struct span bytes)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    const ssize_t written = pwrite(fd, bytes.data, bytes.len, 0);
    enum err err = written < 0 ? err_from_errno(errno) : (size_t)written == bytes.len ? OK : ERR_NO_SPACE;
    if (err == OK && (ftruncate(fd, (off_t)bytes.len) != 0 || fsync(fd) != 0)) {
        err = err_from_errno(errno);
    }
    (void)close(fd);
    return err;
}

/* Writes a small file anew, or over the old one where a full disk has no room for a second: scheduled posts are to go
 * out from the log's reserve all the same. Without an old one it stays at ERR_NO_SPACE. */
static enum err write_small(const char *path, struct span bytes)
{
    const enum err anew = file_write(path, bytes, 0640);
    const enum err err = anew == ERR_NO_SPACE ? write_in_place(path, bytes) : anew;
    return err == ERR_NOT_FOUND ? anew : err;
}

static enum err write_secret(const struct data_folder *data, const char *name)
{
    uint8_t secret[32];
    char path[DATA_PATH_MAX];
    random_fill(secret, sizeof secret);
    TRY(file_of(data, name, path));
    const enum err err = file_write(path, span_of(secret, sizeof secret), 0600);
    explicit_bzero(secret, sizeof secret);
    return err;
}

enum err data_verifier_write(const struct data_folder *data, bool *ret_made)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = NULL;
    char path[DATA_PATH_MAX];
    uint8_t seed[32];
    char text[CHECKPOINT_VERIFIER_MAX + 1];
    struct buf buf = buf_of(text, sizeof text);
    TRY(file_of(data, "log.vkey", path));
    if (access(path, F_OK) == 0) {
        *ret_made = false;
        return OK;
    }
    TRY(data_secret(data, "log.seed", seed));
    const enum err err = checkpoint_key_new(seed, data->origin, &key);
    explicit_bzero(seed, sizeof seed);
    TRY(err);
    checkpoint_key_verifier(key, &buf);
    buf_byte(&buf, '\n');
    TRY(buf_ok(&buf) ? file_write(path, buf_span(&buf), 0644) : ERR_TOO_LONG);
    *ret_made = true;
    return OK;
}

enum err data_verifier(const struct data_folder *data, struct buf *out)
{
    char path[DATA_PATH_MAX];
    TRY(file_of(data, "log.vkey", path));
    TRY(file_read(path, out));
    out->len = span_find(buf_span(out), '\n');
    return OK;
}

static enum err read_boot_id(struct data_folder *data)
{
    char text[64];
    struct buf buf = buf_of(text, sizeof text);
    TRY(file_read("/proc/sys/kernel/random/boot_id", &buf));
    if (buf.len < sizeof data->boot_id - 1) {
        return ERR_MALFORMED;
    }
    memcpy(data->boot_id, text, sizeof data->boot_id - 1);
    return OK;
}

enum err data_create(const char *path, int64_t now_ms, struct data_folder *ret_data)
{
    struct data_folder data = {0};
    TRY(fill_paths(path, &data));
    TRY(look_empty(path));
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    data.installation_id = id_make(ID_SYSTEM, now_ms, randomness);
    TRY(fill_origin(&data));
    TRY(read_boot_id(&data));
    TRY(make_folder(data.path));
    TRY(make_folder(data.log_path));
    TRY(make_folder(data.views_path));
    TRY(make_folder(data.vault_path));
    TRY(write_secret(&data, "log.seed"));
    TRY(write_secret(&data, "wire.secret"));
    TRY(write_secret(&data, "master.key"));
    bool made = false;
    TRY(data_verifier_write(&data, &made));
    /* Last: a folder without it is not a data folder yet. */
    char text[ID_TEXT_MAX + 2];
    struct buf buf = buf_of(text, sizeof text);
    id_write(&buf, &data.installation_id);
    buf_byte(&buf, '\n');
    char file[DATA_PATH_MAX];
    TRY(file_of(&data, "installation", file));
    TRY(file_write(file, buf_span(&buf), 0640));
    *ret_data = data;
    return OK;
}

enum err data_open(const char *path, struct data_folder *ret_data)
{
    struct data_folder data = {0};
    TRY(fill_paths(path, &data));
    char file[DATA_PATH_MAX];
    char text[64];
    struct buf buf = buf_of(text, sizeof text);
    TRY(file_of(&data, "installation", file));
    TRY(file_read(file, &buf));
    struct span span = buf_span(&buf);
    span.len = span_find(span, '\n');
    TRY(id_parse(span, ID_SYSTEM, &data.installation_id));
    TRY(fill_origin(&data));
    TRY(read_boot_id(&data));
    *ret_data = data;
    return OK;
}

enum err data_secret(const struct data_folder *data, const char *name, uint8_t ret_secret[32])
{
    char path[DATA_PATH_MAX];
    uint8_t bytes[33];
    struct buf buf = buf_of(bytes, sizeof bytes);
    TRY(file_of(data, name, path));
    TRY(file_read(path, &buf));
    if (buf.len != 32) {
        return ERR_MALFORMED;
    }
    memcpy(ret_secret, bytes, 32);
    explicit_bzero(bytes, sizeof bytes);
    return OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes themselves are overwritten: /proc/PID/environ shows them whatever the pointers to them say. */
bool data_master_text(char ret_text[DATA_MASTER_TEXT_MAX])
{
    char *text = getenv(DATA_MASTER_ENV);
    if (text == NULL) {
        return false;
    }
    (void)snprintf(ret_text, DATA_MASTER_TEXT_MAX, "%s", text);
    explicit_bzero(text, strlen(text));
    (void)unsetenv(DATA_MASTER_ENV);
    return true;
}

static enum err read_hex(const char *text, uint8_t ret_key[32])
{
    if (strlen(text) != 64) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < 32; i++) {
        const int high = hex_digit(text[2 * i]);
        const int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return ERR_MALFORMED;
        }
        ret_key[i] = (uint8_t)(high << 4 | low);
    }
    return OK;
}

enum err data_master_key(const struct data_folder *data, uint8_t ret_key[32])
{
    char text[DATA_MASTER_TEXT_MAX];
    if (!data_master_text(text)) {
        return data_secret(data, "master.key", ret_key);
    }
    const enum err err = read_hex(text, ret_key);
    explicit_bzero(text, sizeof text);
    return err;
}

/* One file's place and time: a copy has another inode or, where the number is used again, another time of birth. */
static enum err put_place(const struct data_folder *data, const char *name, bool changes, struct buf *out)
{
    struct statx about;
    char file[DATA_PATH_MAX];
    TRY(path_join(file, sizeof file, data->path, name));
    if (statx(AT_FDCWD, file, 0, STATX_INO | STATX_BTIME | STATX_CTIME, &about) != 0) {
        return err_from_errno(errno);
    }
    const bool has_birth = (about.stx_mask & STATX_BTIME) != 0; /* not every file system keeps it */
    buf_byte(out, ' ');
    buf_text(out, name);
    buf_byte(out, '=');
    buf_u64(out, about.stx_ino);
    buf_byte(out, '/');
    buf_u64(out, has_birth ? (uint64_t)about.stx_btime.tv_sec : 0);
    buf_byte(out, '.');
    buf_u64(out, has_birth ? about.stx_btime.tv_nsec : 0);
    if (!changes) {
        buf_byte(out, '/');
        buf_u64(out, (uint64_t)about.stx_ctime.tv_sec);
        buf_byte(out, '.');
        buf_u64(out, about.stx_ctime.tv_nsec);
    }
    return OK;
}

/* machine=… log/data.mdb=inode/birth installation=inode/birth/change: a copy or a restore, be it over the folder
 * itself, makes or writes these files anew; nobody can set a time of change. Device numbers may change at a reboot and
 * say nothing. The file installation is written once; a change of its owner counts as a restore too: better asked once
 * too often. */
static enum err identity_now(const struct data_folder *data, struct buf *out)
{
    char machine[64] = "";
    struct buf machine_buf = buf_of(machine, sizeof machine - 1);
    if (file_read("/etc/machine-id", &machine_buf) != OK) {
        machine_buf.len = 0; /* not every machine has one: the files still tell */
    }
    buf_text(out, "machine=");
    buf_put(out, span_of(machine, span_find(buf_span(&machine_buf), '\n')));
    TRY(put_place(data, "log/data.mdb", true, out));
    TRY(put_place(data, "installation", false, out));
    buf_byte(out, '\n');
    return buf_ok(out) ? OK : ERR_TOO_LONG;
}

enum err data_moved(const struct data_folder *data, bool *ret_moved, char ret_sentence[256])
{
    char now_text[256];
    char then_text[256];
    struct buf now = buf_of(now_text, sizeof now_text);
    struct buf then = buf_of(then_text, sizeof then_text);
    char file[DATA_PATH_MAX];
    TRY(identity_now(data, &now));
    TRY(file_of(data, "identity", file));
    const enum err err = file_read(file, &then);
    const bool says_nothing = err != OK || !span_starts_with(buf_span(&then), SPAN("machine="));
    *ret_moved = says_nothing || !span_equal(buf_span(&now), buf_span(&then));
    const char *sentence = "the data folder is where it was";
    if (says_nothing && err != ERR_NOT_FOUND) {
        sentence = "the file identity does not tell where the data folder was: it counts as copied or restored";
    } else if (*ret_moved) {
        sentence =
            "the data folder is not where it was: copied, moved to another disk or restored, or its files were given "
            "another owner or mode";
    }
    (void)snprintf(ret_sentence, 256, "%s", sentence);
    return OK;
}

enum err data_settle(const struct data_folder *data)
{
    char text[256];
    struct buf buf = buf_of(text, sizeof text);
    char file[DATA_PATH_MAX];
    TRY(identity_now(data, &buf));
    TRY(file_of(data, "identity", file));
    return write_small(file, buf_span(&buf));
}

enum err data_unsettle(const struct data_folder *data)
{
    char file[DATA_PATH_MAX];
    TRY(file_of(data, "identity", file));
    return unlink(file) == 0 || errno == ENOENT ? OK : err_from_errno(errno);
}

enum err data_lock(const struct data_folder *data, int *ret_fd)
{
    char path[DATA_PATH_MAX];
    TRY(file_of(data, "lock", path));
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const enum err err = errno == EWOULDBLOCK ? ERR_BUSY : err_from_errno(errno);
        (void)close(fd);
        return err;
    }
    char text[24];
    const int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    const bool noted = ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len;
    (void)noted; /* on a full disk: it only tells people who holds it */
    *ret_fd = fd;
    return OK;
}

uint64_t data_lock_holder(const struct data_folder *data)
{
    char path[DATA_PATH_MAX];
    char text[24];
    struct buf buf = buf_of(text, sizeof text);
    uint64_t holder = 0;
    if (file_of(data, "lock", path) != OK || file_read(path, &buf) != OK) {
        return 0;
    }
    const struct span said = buf_span(&buf);
    return span_to_u64(span_of(said.data, span_find(said, '\n')), &holder) == OK ? holder : 0;
}

enum err data_address_write(const struct data_folder *data, const char *url)
{
    char path[DATA_PATH_MAX];
    TRY(file_of(data, "ledger.url", path));
    return write_small(path, span_text(url));
}

enum err data_address_read(const struct data_folder *data, char *ret_url, size_t cap)
{
    char path[DATA_PATH_MAX];
    struct buf buf = buf_of(ret_url, cap);
    TRY(file_of(data, "ledger.url", path));
    TRY(file_read(path, &buf));
    return buf_terminated(&buf) != NULL ? OK : ERR_TOO_LONG;
}

/* The file views/mark holds MARK_CLEAN, MARK_DOUBTFUL or the boot id under which the views are written. Found with a
 * boot id they were left by a process that did not end in order: killed, which harms them not, or by what it found in
 * them. So the next ones have them on trial, until data_views_good, which the mark counts ("BOOT N"); if
 * VIEWS_TRIALS_MAX end likewise before, they are not trusted. On a full disk it may have to
 * go: without it the views are not trusted when they are opened next, which is safe, and this run goes on. */
static enum err mark_write(const struct data_folder *data, struct span mark)
{
    char path[DATA_PATH_MAX];
    TRY(path_join(path, sizeof path, data->views_path, "mark"));
    const enum err err = write_small(path, mark);
    if (err == ERR_NO_SPACE) {
        return unlink(path) == 0 || errno == ENOENT ? OK : err_from_errno(errno);
    }
    return err;
}

static bool is_same_file(const struct stat *about, const char *folder)
{
    char path[DATA_PATH_MAX];
    struct stat other;
    return path_join(path, sizeof path, folder, "data.mdb") == OK && stat(path, &other) == 0 &&
           other.st_dev == about->st_dev && other.st_ino == about->st_ino;
}

/* The views' file, with the writer's lock on it. ERR_NOT_FOUND; ERR_BUSY: it is not this folder's own. */
static enum err hold_views(const struct data_folder *data, int *ret_fd)
{
    char path[DATA_PATH_MAX];
    struct stat about;
    TRY(path_join(path, sizeof path, data->views_path, "data.mdb"));
    const int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ELOOP ? ERR_BUSY : err_from_errno(errno);
    }
    enum err err = fstat(fd, &about) == 0 ? OK : err_from_errno(errno);
    if (err == OK &&
        (!S_ISREG(about.st_mode) || is_same_file(&about, data->log_path) || is_same_file(&about, data->vault_path))) {
        err = ERR_BUSY;
    }
    if (err == OK && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? ERR_BUSY : err_from_errno(errno);
    }
    if (err != OK) {
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

static bool is_left(const struct data_folder *data, struct span mark)
{
    return mark.len >= 36 && memcmp(mark.data, data->boot_id, 36) == 0;
}

bool data_views_left(const struct data_folder *data)
{
    char path[DATA_PATH_MAX];
    char text[64];
    char sentence[256];
    struct buf mark = buf_of(text, sizeof text);
    bool moved = true;
    return data_moved(data, &moved, sentence) == OK && !moved &&
           path_join(path, sizeof path, data->views_path, "mark") == OK && file_read(path, &mark) == OK &&
           is_left(data, buf_span(&mark));
}

enum err data_views_begin(const struct data_folder *data, bool *ret_trusted)
{
    char path[DATA_PATH_MAX];
    char text[64];
    struct buf mark = buf_of(text, sizeof text);
    bool moved = false;
    char sentence[256];
    TRY(data_moved(data, &moved, sentence));
    TRY(make_folder(data->views_path)); /* left out of a backup, or thrown away: it is made again from the log */
    int fd = -1;
    const enum err held = hold_views(data, &fd);
    TRY(held == ERR_NOT_FOUND ? OK : held); /* before the mark, which is another's then, too */
    if (fd >= 0) {
        (void)close(fd);
    }
    TRY(path_join(path, sizeof path, data->views_path, "mark"));
    const bool is_read = file_read(path, &mark) == OK;
    const struct span said = buf_span(&mark);
    const bool clean = is_read && !moved && span_equal(said, SPAN(MARK_CLEAN));
    const bool left = is_read && !moved && is_left(data, said);
    const unsigned trials = left && said.len > 37 ? (unsigned)(said.data[37] - '0') : 0;
    const bool trusted = clean || (left && trials < VIEWS_TRIALS_MAX);
    mark.len = 0;
    buf_text(&mark, trusted ? data->boot_id : MARK_DOUBTFUL);
    if (trusted && left) {
        buf_byte(&mark, ' ');
        buf_u64(&mark, trials + 1);
    }
    TRY(mark_write(data, buf_span(&mark)));
    *ret_trusted = trusted;
    return OK;
}

enum err data_views_doubt(const struct data_folder *data)
{
    return mark_write(data, SPAN(MARK_DOUBTFUL));
}

/* The table of readers goes first: who opens the new file must not find the old one's table beside it. */
static enum err forget_views(const struct data_folder *data)
{
    static const char *const names[] = {"lock.mdb", "data.mdb"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[DATA_PATH_MAX];
        TRY(path_join(path, sizeof path, data->views_path, names[i]));
        if (unlink(path) != 0 && errno != ENOENT) {
            return err_from_errno(errno);
        }
    }
    return OK;
}

enum err data_views_discard(const struct data_folder *data)
{
    int fd = -1;
    const enum err held = hold_views(data, &fd);
    if (held != OK) {
        return held == ERR_NOT_FOUND ? OK : held;
    }
    enum err err = store_lmdb_give_up(fd);
    err = err == OK ? forget_views(data) : err;
    (void)close(fd);
    return err;
}

enum err data_views_good(const struct data_folder *data)
{
    return mark_write(data, span_text(data->boot_id));
}

enum err data_views_clean(const struct data_folder *data)
{
    return mark_write(data, SPAN(MARK_CLEAN));
}

/* "<boot id> <ms>"; what does not read so is as good as nothing. */
enum err data_clock_write(const struct data_folder *data, int64_t apart_ms)
{
    char path[DATA_PATH_MAX];
    char text[64];
    struct buf out = buf_of(text, sizeof text);
    TRY(file_of(data, "clock", path));
    buf_text(&out, data->boot_id);
    buf_byte(&out, ' ');
    buf_i64(&out, apart_ms);
    ASSERT(buf_ok(&out));
    return write_small(path, buf_span(&out));
}

enum err data_clock_read(const struct data_folder *data, int64_t *ret_apart_ms)
{
    char path[DATA_PATH_MAX];
    char text[64];
    struct buf buf = buf_of(text, sizeof text);
    uint64_t apart_ms = 0;
    TRY(file_of(data, "clock", path));
    TRY(file_read(path, &buf));
    const struct span said = buf_span(&buf);
    if (!span_starts_with(said, span_text(data->boot_id)) || said.len < sizeof data->boot_id ||
        said.data[sizeof data->boot_id - 1] != ' ' ||
        span_to_u64(span_of(said.data + sizeof data->boot_id, said.len - sizeof data->boot_id), &apart_ms) != OK ||
        apart_ms > INT64_MAX) { /* one before 1970 is not worth keeping either */
        return ERR_NOT_FOUND;
    }
    *ret_apart_ms = (int64_t)apart_ms;
    return OK;
}
