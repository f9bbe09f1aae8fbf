/* folder.h: folders for the files of a test, each with a name that nobody else has. run_suite (suite.h) makes one for
 * the program and lets TMPDIR name it, so that what a case makes lies below; it removes the whole when the cases have
 * ended, however they ended. A case that removes its own frees the space for the next; none has to. */
#ifndef OPENPOST_TESTS_FOLDER_H
#define OPENPOST_TESTS_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"

#define FOLDER_MAX 256 /* bytes of a path, with its NUL; names in it: up to 40 bytes more */

/* make_folder makes an empty folder in TMPDIR, or /tmp without it, and writes its path. Only its user may enter it. */
static inline void make_folder(char path[FOLDER_MAX])
{
    const char *root = getenv("TMPDIR");
    const int len = snprintf(path, FOLDER_MAX, "%s/openpost-XXXXXX", root == NULL ? "/tmp" : root);
    ASSERT(len < FOLDER_MAX);
    ASSERT(mkdtemp(path) != NULL);
}

static inline int folder_remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

/* remove_folder removes a folder and all that is in it; links are removed, not followed. */
static inline void remove_folder(const char *path)
{
    (void)nftw(path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
