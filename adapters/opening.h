/* opening.h: what every process that goes to the internet does before it is confined. For the main.c files. */
#ifndef OPENPOST_ADAPTERS_OPENING_H
#define OPENPOST_ADAPTERS_OPENING_H

#include "core/wire/frame.h"

/* opening_key reads the key that the process was given, 32 bytes in a file. ERR_MALFORMED; file_read's errors. */
enum err opening_key(const char *path, uint8_t ret_key[FRAME_KEY_LEN]) MUST_USE;
/* opening_name asks for a name: glibc reads its configuration of names at the first question, and later may not. */
void opening_name(void);

#endif
