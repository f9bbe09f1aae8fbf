/* header_value.h: the values of request headers that are read here, as their RFCs define them; entity tags are
 * etag.h's. Pure. */
#ifndef OPENPOST_GATEWAY_HEADER_VALUE_H
#define OPENPOST_GATEWAY_HEADER_VALUE_H

#include "core/base/span.h"

/* header_trimmed returns the text without the blanks around it (OWS, RFC 9110 section 5.6.3). */
struct span header_trimmed(struct span text);
/* header_bearer returns the key of Authorization: Bearer KEY, borrowed; the scheme's case does not count (RFC 9110
 * section 11.1). data NULL: another scheme, or no key. */
struct span header_bearer(struct span authorization);
/* header_is_json tells whether a Content-Type is that of a JSON body, whatever its parameters; case does not count (RFC
 * 9110 section 8.3.1). */
bool header_is_json(struct span content_type);
/* header_is_utf8 tells whether such a type leaves the body UTF-8, as JSON is (RFC 8259 section 8.1): it names no
 * charset, or that one, in any case and in quotation marks or not; and does not end within quotation marks. */
bool header_is_utf8(struct span content_type);
/* header_is_identity tells whether a Content-Encoding leaves the body as it is: absent, or identity in any case (RFC
 * 9110 section 8.4.1). */
bool header_is_identity(struct span content_encoding);
/* header_is_idempotency_key: 1 to 255 printable characters of ASCII. */
bool header_is_idempotency_key(struct span key);

#endif
