/* site.h: where people's browsers find us, and which requests with a cookie come from there. Pure. */
#ifndef OPENPOST_SIGN_IN_SITE_H
#define OPENPOST_SIGN_IN_SITE_H

#include "core/base/span.h"

#define ORIGIN_MAX 300

struct site {
    char origin[ORIGIN_MAX]; /* as browsers write it (RFC 6454 section 6.1); "": nobody signs in here */
    bool secure;             /* https: cookies are Secure, and their names say so */
};

/* site_read takes a public URL apart: https://HOST[:PORT], or http:// where HOST is this machine's loopback; a slash
 * may follow, no path. ERR_MALFORMED: it is none; ERR_UNSUPPORTED: http to another machine, where passwords and cookies
 * would travel in clear. */
enum err site_read(struct span url, struct site *ret_site) MUST_USE;

/* site_is_origin tells whether a request that acts for whoever is signed in comes from a page of the site: its Origin
 * is the site's, and Sec-Fetch-Site, which older browsers do not send, is same-origin. data NULL: was not sent. */
bool site_is_origin(const struct site *site, struct span origin, struct span fetch_site);

#endif
