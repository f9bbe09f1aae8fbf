/* err.c: names and sentences of operating errors, from err.def. */
#include "core/base/err.h"

#include <errno.h>

const char *err_name(enum err err)
{
    static const char *const names[ERR_COUNT] = {
        [OK] = "OK",
#define ERR(name_, sentence_) [ERR_##name_] = #name_,
#include "core/base/err.def"
    };
    return err < ERR_COUNT ? names[err] : "?";
}

const char *err_sentence(enum err err)
{
    static const char *const sentences[ERR_COUNT] = {
        [OK] = "no error",
#define ERR(name_, sentence_) [ERR_##name_] = (sentence_),
#include "core/base/err.def"
    };
    return err < ERR_COUNT ? sentences[err] : "an error of no known kind";
}

enum err err_from_errno(int number)
{
    switch (number) {
    case 0:
        return OK;
    case ENOMEM:
        return ERR_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_NO_SPACE;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_ACCESS;
    case EAGAIN:
    case EBUSY:
        return ERR_BUSY;
    case ETIMEDOUT:
        return ERR_TIMED_OUT;
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED:
        return ERR_CLOSED;
    case ENOSYS:
    case EOPNOTSUPP:
        return ERR_UNSUPPORTED;
    default:
        return ERR_IO;
    }
}
