/* login.h: what another program has sealed for an account: its credentials, as bytes inside the box of a SEAL frame. A
 * msgpack map (pack.h: shortest forms, no other): {"identifier": text, "password": text}. Pure. */
#ifndef OPENPOST_WIRE_LOGIN_H
#define OPENPOST_WIRE_LOGIN_H

#include "core/base/span.h"

#define LOGIN_TEXT_MAX 256 /* bytes of either: as much as over HTTP */
#define LOGIN_MAX 600      /* bytes of the longest */

struct login {
    struct span identifier; /* the account as a person names it */
    struct span password;
};

/* login_put appends it; ERR_RANGE (an empty text), ERR_TOO_LONG, ERR_NOT_UTF8, ERR_NUL, and then nothing; ERR_NO_SPACE.
 * login_read reads the whole of bytes strictly, within the same bounds; its texts borrow. ERR_RANGE, unpack's errors,
 * ERR_TRAILING. */
enum err login_put(struct buf *out, const struct login *login) MUST_USE;
enum err login_read(struct span bytes, struct login *ret_login) MUST_USE;

#endif
