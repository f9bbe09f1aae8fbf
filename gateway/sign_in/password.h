/* password.h: which passwords may be chosen. Pure. */
#ifndef OPENPOST_SIGN_IN_PASSWORD_H
#define OPENPOST_SIGN_IN_PASSWORD_H

#include "core/base/span.h"

#define PASSWORD_MIN 12
#define PASSWORD_MAX 256

/* password_is_strong tells whether a password may be set: 12 to 256 bytes of UTF-8, not one that is guessed first, in
 * any case of its letters, and not one or two characters over and over. */
bool password_is_strong(struct span password);

#endif
