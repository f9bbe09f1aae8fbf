/* cookie.h: the one cookie: a session's token, in RFC 6265's words. Pure. */
#ifndef OPENPOST_SIGN_IN_COOKIE_H
#define OPENPOST_SIGN_IN_COOKIE_H

#include "core/base/token.h"

#define COOKIE_MAX 160

/* cookie_token finds the session's token in a Cookie header, borrowed: the header has exactly one cookie of our name,
 * and it has a token's form. data NULL: it has not. secure: as the site is (site.h). */
struct span cookie_token(struct span header, bool secure);

/* cookie_write makes a Set-Cookie that has the browser keep the token for max_age_s and show it to us alone; an empty
 * token has it forget the cookie. The text is ended by NUL. */
void cookie_write(struct span token, bool secure, uint64_t max_age_s, char ret_text[COOKIE_MAX]);

#endif
