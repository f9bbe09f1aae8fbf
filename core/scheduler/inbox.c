/* inbox.c: see inbox.h. Put on nng's threads, taken by main.c. A put must never wait for more than the list's lock. */
#include "core/scheduler/inbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/assert.h"

struct inbox {
    pthread_mutex_t lock;
    struct note *first;
    struct note *last;
    int fd;
};

enum err inbox_open(struct inbox **ret_inbox)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return ERR_NO_MEMORY;
    }
    inbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (inbox->fd < 0 || pthread_mutex_init(&inbox->lock, NULL) != 0) {
        const enum err err = err_from_errno(errno);
        if (inbox->fd >= 0) {
            (void)close(inbox->fd);
        }
        free(inbox);
        return err;
    }
    *ret_inbox = inbox;
    return OK;
}

void inbox_close(struct inbox *inbox)
{
    if (inbox == NULL) {
        return;
    }
    struct note *next;
    for (struct note *note = inbox->first; note != NULL; note = next) {
        next = note->next;
        free(note);
    }
    (void)pthread_mutex_destroy(&inbox->lock);
    (void)close(inbox->fd);
    free(inbox);
}

int inbox_fd(const struct inbox *inbox)
{
    return inbox->fd;
}

struct note *note_new(enum note_kind kind, struct span bytes)
{
    struct note *note = malloc(sizeof *note + bytes.len);
    if (note != NULL) {
        *note = (struct note){.kind = kind, .len = bytes.len};
        if (bytes.len > 0) {
            memcpy(note->bytes, bytes.data, bytes.len);
        }
    }
    return note;
}

void inbox_put(struct inbox *inbox, struct note *take_note)
{
    const uint64_t one = 1;
    take_note->next = NULL;
    const int locked = pthread_mutex_lock(&inbox->lock);
    ASSERT(locked == 0);
    const bool was_empty = inbox->last == NULL;
    if (!was_empty) {
        inbox->last->next = take_note;
    } else {
        inbox->first = take_note;
    }
    inbox->last = take_note;
    (void)pthread_mutex_unlock(&inbox->lock);
    if (was_empty) { /* else whoever put the first one has told, and it is not taken yet */
        const ssize_t written = write(inbox->fd, &one, sizeof one);
        (void)written;
    }
}

void inbox_followed(void *context, enum err err, struct span body)
{
    struct note *note = note_new(NOTE_FOLLOW, err == OK ? body : (struct span){0});
    ASSERT(note != NULL);
    note->err = err;
    inbox_put(context, note);
}

void inbox_woken(void *context, uint64_t head)
{
    struct note *note = note_new(NOTE_WOKEN, (struct span){0});
    if (note != NULL) { /* only a hint */
        note->head = head;
        inbox_put(context, note);
    }
}

struct note *inbox_take(struct inbox *inbox)
{
    uint64_t count;
    const ssize_t got = read(inbox->fd, &count, sizeof count); /* EAGAIN: nobody put anything since */
    (void)got;
    const int locked = pthread_mutex_lock(&inbox->lock);
    ASSERT(locked == 0);
    struct note *first = inbox->first;
    inbox->first = NULL;
    inbox->last = NULL;
    (void)pthread_mutex_unlock(&inbox->lock);
    return first;
}
