/* opening.c: see opening.h. It must never leave a key behind but where it was asked to put it. */
#include "adapters/opening.h"

#include <netdb.h>

#include "core/base/process.h"

bool opening_parse(int argc, char **argv, int first, struct opening *ret_opening)
{
    struct opening opening = {.listen = NULL};
    for (int i = first; i < argc; i++) {
        if (strcmp(argv[i], "--loopback-only") == 0) {
            opening.loopback_only = true;
            continue;
        }
        const char **value = strcmp(argv[i], "--listen") == 0           ? &opening.listen
                             : strcmp(argv[i], "--key-file") == 0       ? &opening.key_file
                             : strcmp(argv[i], "--allow-loopback") == 0 ? &opening.loopback
                                                                        : NULL;
        if (value == NULL || i + 1 == argc) {
            return false;
        }
        i++;
        *value = argv[i];
    }
    *ret_opening = opening;
    return opening.listen != NULL && opening.key_file != NULL;
}

enum err opening_guard(const struct opening *opening, struct guard *ret_guard)
{
    struct guard guard = {0};
    if (opening->loopback != NULL) {
        TRY(guard_ports_parse(span_text(opening->loopback), &guard));
    }
    guard.loopback_only = opening->loopback_only;
    *ret_guard = guard;
    return OK;
}

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
