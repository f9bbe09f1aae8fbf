/* opening.h: what every process that goes to the internet does before it is confined. For the main.c files. */
#ifndef OPENPOST_ADAPTERS_OPENING_H
#define OPENPOST_ADAPTERS_OPENING_H

#include "adapters/guard.h"
#include "core/wire/frame.h"

/* What such a process is told. */
struct opening {
    const char *listen;   /* tcp://127.0.0.1:PORT */
    const char *key_file; /* of the link's key */
    const char *loopback; /* ports that are opened for development; NULL: none */
    bool loopback_only;
};

/* opening_parse reads the arguments from the one at first on: --listen, --key-file, --allow-loopback, --loopback-only.
 * False: one is unknown or needs a value, or one of the first two is missing. */
bool opening_parse(int argc, char **argv, int first, struct opening *ret_opening);
/* opening_guard makes the guard that they ask for: guard_ports_parse's errors. */
enum err opening_guard(const struct opening *opening, struct guard *ret_guard) MUST_USE;
/* opening_key reads the key that the process was given, 32 bytes in a file. ERR_MALFORMED; file_read's errors. */
enum err opening_key(const char *path, uint8_t ret_key[FRAME_KEY_LEN]) MUST_USE;
/* opening_name asks for a name: glibc reads its configuration of names at the first question, and later may not. */
void opening_name(void);

#endif
