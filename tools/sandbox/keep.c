/* keep.c: see keep.h. Called by sandbox.c, under its mutex. It must never change a line: what the platform said is
 * past. */
#include "tools/sandbox/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/message/codec.h"
#include "core/message/json_read.h"
#include "tools/sandbox/model_state.h"

struct keep {
    int fd;
    off_t end; /* of the last whole line */
    uint8_t line[JSON_READ_BYTES_MAX];
};

/* The model's keeper. */
static enum err append(void *context, const struct model_record *record)
{
    struct keep *keep = context;
    struct buf line = buf_of(keep->line, sizeof keep->line);
    buf_text(&line, "{\"did\":");
    json_string(&line, record->did);
    buf_text(&line, ",\"collection\":");
    json_string(&line, record->collection);
    buf_text(&line, ",\"rkey\":");
    json_string(&line, record->rkey);
    buf_text(&line, ",\"received_ms\":");
    buf_i64(&line, record->received_ms);
    buf_text(&line, ",\"visible_ms\":");
    buf_i64(&line, record->visible_ms);
    buf_text(&line, ",\"record\":");
    buf_put(&line, record->json.data == NULL ? SPAN("null") : record->json);
    buf_text(&line, "}\n");
    if (!buf_ok(&line)) {
        return ERR_TOO_LONG;
    }
    const ssize_t written = write(keep->fd, line.data, line.len);
    if (written != (ssize_t)line.len) {
        const enum err err = written < 0 ? err_from_errno(errno) : ERR_NO_SPACE;
        return ftruncate(keep->fd, keep->end) == 0 ? err : ERR_IO;
    }
    keep->end += written;
    return OK;
}

static int64_t instant_of(const struct json_node *object, const char *name)
{
    const struct json_node *member = json_node_member(object, name);
    return json_node_is(member, NODE_INTEGER) ? member->integer : 0;
}

static enum err restore(struct model *model, struct span line, struct arena *arena)
{
    const struct json_node *kept = NULL;
    struct record made = {0};
    TRY(json_read(line, arena, &kept));
    const struct span did = json_node_text(kept, "did");
    const struct span collection = json_node_text(kept, "collection");
    const struct span rkey = json_node_text(kept, "rkey");
    const struct json_node *value = json_node_member(kept, "record");
    if (json_node_is(value, NODE_NULL)) {
        struct record *record = model_find(model, did, collection, rkey);
        return record == NULL ? ERR_MALFORMED : model_delete(model, record);
    }
    made.received_ms = instant_of(kept, "received_ms");
    made.visible_ms = instant_of(kept, "visible_ms");
    return json_node_is(value, NODE_OBJECT) && model_name(&made, did, collection, rkey)
               ? model_make(model, &made, value, arena)
               : ERR_MALFORMED;
}

static enum err restore_all(struct keep *keep, struct model *model, FILE *file)
{
    char *text = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    enum err err = OK;
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    while (err == OK && (len = getline(&text, &cap, file)) > 0 && text[len - 1] == '\n') {
        err = restore(model, span_of(text, (size_t)len - 1), &arena);
        keep->end += len;
        arena_reset(&arena);
    }
    err = err == OK && ferror(file) != 0 ? ERR_IO : err;
    arena_done(&arena);
    free(text);
    return err;
}

static enum err begin(struct keep *keep, const char *path, struct model *model)
{
    struct stat about;
    keep->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (keep->fd < 0) {
        return err_from_errno(errno);
    }
    if (fstat(keep->fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        return ERR_MALFORMED; /* what is read from a pipe may never come */
    }
    if (flock(keep->fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? ERR_BUSY : err_from_errno(errno);
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return err_from_errno(errno);
    }
    const enum err err = restore_all(keep, model, file);
    (void)fclose(file);
    TRY(err);
    if (ftruncate(keep->fd, keep->end) != 0) {
        return err_from_errno(errno);
    }
    model_keep(model, append, keep);
    return OK;
}

enum err keep_open(const char *path, struct model *model, struct keep **ret_keep)
{
    OWNED(keep_close) struct keep *keep = calloc(1, sizeof *keep);
    if (keep == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(begin(keep, path, model));
    *ret_keep = keep;
    keep = NULL;
    return OK;
}

void keep_close(struct keep *keep)
{
    if (keep != NULL && keep->fd >= 0) {
        (void)close(keep->fd);
    }
    free(keep);
}
