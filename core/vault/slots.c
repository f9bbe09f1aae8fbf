/* slots.c: see slots.h. Called by vault.c alone. It must never write a key anywhere but over its slot, nor keep one in
 * memory. */
#include "core/vault/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_LEN 64
#define KEY_AT 32
#define PATH_LEN_MAX 4096

/* What a slot holds. In the file's order, without padding. */
struct slot {
    struct id secret_id;
    uint8_t zeros[KEY_AT - sizeof(struct id)];
    uint8_t key[BOX_KEY_LEN];
};

_Static_assert(sizeof(struct slot) == SLOT_LEN, "a slot never straddles a disk's sector");

enum err slots_open(const char *folder, const char *name, bool read_only, struct slots *ret_slots)
{
    char path[PATH_LEN_MAX];
    const int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return ERR_TOO_LONG;
    }
    const int fd = open(path, (read_only ? O_RDONLY : O_RDWR | O_CREAT) | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    *ret_slots = (struct slots){.fd = fd};
    return OK;
}

void slots_close(struct slots *slots)
{
    if (slots->fd >= 0) {
        (void)close(slots->fd);
        slots->fd = -1;
    }
}

/* A slot that the file's end cuts short was never taken. */
static enum err read_slot(const struct slots *slots, uint32_t number, struct slot *ret_slot)
{
    struct slot slot;
    const ssize_t len = pread(slots->fd, &slot, sizeof slot, (off_t)number * SLOT_LEN);
    if (len < 0) {
        return err_from_errno(errno);
    }
    if (len != sizeof slot) {
        return ERR_NOT_FOUND;
    }
    *ret_slot = slot;
    explicit_bzero(&slot, sizeof slot);
    return OK;
}

static enum err write_slot(struct slots *slots, uint32_t number, const struct slot *slot)
{
    const ssize_t len = pwrite(slots->fd, slot, sizeof *slot, (off_t)number * SLOT_LEN);
    if (len < 0) {
        return err_from_errno(errno);
    }
    if (len != sizeof *slot) {
        return ERR_NO_SPACE;
    }
    return fdatasync(slots->fd) == 0 ? OK : err_from_errno(errno);
}

enum err slots_take(struct slots *slots, const struct id *secret_id, const uint8_t key[BOX_KEY_LEN], uint32_t *ret_slot)
{
    uint32_t number = slots->free_from;
    struct id holder;
    enum err err;
    while ((err = slots_holder(slots, number, &holder)) == OK && !id_is_none(&holder)) {
        number++;
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    struct slot slot = {.secret_id = *secret_id};
    memcpy(slot.key, key, sizeof slot.key);
    err = write_slot(slots, number, &slot);
    explicit_bzero(&slot, sizeof slot);
    slots->free_from = number;
    TRY(err);
    slots->free_from = number + 1;
    *ret_slot = number;
    return OK;
}

enum err slots_read(const struct slots *slots, uint32_t slot, const struct id *secret_id, uint8_t ret_key[BOX_KEY_LEN])
{
    struct slot found;
    TRY(read_slot(slots, slot, &found));
    const bool is_its = id_equal(&found.secret_id, secret_id);
    if (is_its) {
        memcpy(ret_key, found.key, sizeof found.key);
    }
    explicit_bzero(&found, sizeof found);
    return is_its ? OK : ERR_NOT_FOUND;
}

enum err slots_erase(struct slots *slots, uint32_t slot, const struct id *secret_id)
{
    static const struct slot nothing;
    struct id holder;
    TRY(slots_holder(slots, slot, &holder));
    if (!id_equal(&holder, secret_id)) {
        return ERR_NOT_FOUND;
    }
    TRY(write_slot(slots, slot, &nothing));
    slots->free_from = slot < slots->free_from ? slot : slots->free_from;
    return OK;
}

enum err slots_holder(const struct slots *slots, uint32_t slot, struct id *ret_secret_id)
{
    struct slot found;
    TRY(read_slot(slots, slot, &found));
    *ret_secret_id = found.secret_id;
    explicit_bzero(&found, sizeof found);
    return OK;
}
