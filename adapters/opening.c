/* opening.c: see opening.h. It must never leave a key behind but where it was asked to put it. */
#include "adapters/opening.h"

#include <netdb.h>

#include "core/base/process.h"

enum err opening_key(const char *path, uint8_t ret_key[FRAME_KEY_LEN])
{
    uint8_t bytes[FRAME_KEY_LEN + 1];
    struct buf secret = buf_of(bytes, sizeof bytes);
    const enum err err = file_read(path, &secret);
    if (err == OK && secret.len == FRAME_KEY_LEN) {
        memcpy(ret_key, bytes, FRAME_KEY_LEN);
    }
    explicit_bzero(bytes, sizeof bytes);
    return err != OK ? err : secret.len == FRAME_KEY_LEN ? OK : ERR_MALFORMED;
}

void opening_name(void)
{
    struct addrinfo *list = NULL;
    if (getaddrinfo("localhost", "80", NULL, &list) == 0) {
        freeaddrinfo(list);
    }
}
