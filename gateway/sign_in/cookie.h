/* cookie.h: our two cookies, in RFC 6265's words: a session's token and, while somebody is at an identity provider,
 * what they have to come back with. Pure. */
#ifndef OPENPOST_SIGN_IN_COOKIE_H
#define OPENPOST_SIGN_IN_COOKIE_H

#include "core/base/token.h"

#define COOKIE_MAX 160
#define FLOW_COOKIE_MAX 1024

/* cookie_token finds the session's token in a Cookie header, borrowed: the header has exactly one cookie of our name,
 * and it has a token's form. data NULL: it has not. secure: as the site is (site.h). */
struct span cookie_token(struct span header, bool secure);

/* cookie_write makes a Set-Cookie that has the browser keep the token for max_age_s and show it to us alone; an empty
 * token has it forget the cookie. The text is ended by NUL. */
void cookie_write(struct span token, bool secure, uint64_t max_age_s, char ret_text[COOKIE_MAX]);

/* cookie_flow finds the one cookie of a sign-in that is under way, borrowed; cookie_write_flow makes its Set-Cookie, as
 * cookie_write does: value is base64, empty to have it forgotten. */
struct span cookie_flow(struct span header, bool secure);
void cookie_write_flow(struct span value, bool secure, uint64_t max_age_s, char ret_text[FLOW_COOKIE_MAX]);

#endif
