/* base64.h: RFC 4648 section 4, with padding, and section 5 (base64url) without; strict. */
#ifndef OPENPOST_BASE_BASE64_H
#define OPENPOST_BASE_BASE64_H

#include "core/base/span.h"

/* base64_write appends the text of bytes. base64_read appends the bytes of the whole of text; ERR_MALFORMED for any
 * other alphabet, missing padding or bits set behind the last byte; ERR_TOO_LONG when out is too small (nothing is
 * kept). */
void base64_write(struct buf *out, struct span bytes);
enum err base64_read(struct span text, struct buf *out) MUST_USE;
/* base64url_read is base64_read for base64url without padding, as in tokens (RFC 7515, section 2). */
enum err base64url_read(struct span text, struct buf *out) MUST_USE;

#endif
