/* asked.h: what codec.c does not need msgpack-c for: the third item of an event's payload, and U+0000 in a record. Used
 * by codec.c and the ledger. */
#ifndef OPENPOST_MESSAGE_ASKED_H
#define OPENPOST_MESSAGE_ASKED_H

#include "core/message/answer.h"
#include "core/message/descriptor.h"

/* asked_has_key: what was asked came under an Idempotency-Key; false: a scope of zeros, or nothing. */
bool asked_has_key(const struct idempotency *idempotency);
/* asked_is_there tells whether an encoded event has a good third item; asked_write appends it: [scope, body], both
 * bin 32.
 */
bool asked_is_there(struct span bytes);
void asked_write(const struct idempotency *idempotency, struct buf *out);

/* text_check: ERR_NUL, ERR_NOT_UTF8. U+0000 is UTF-8, but no platform takes it. */
enum err text_check(struct span text) MUST_USE;
/* record_has_nul finds U+0000 in any text of a record and its lists. */
bool record_has_nul(const struct record_desc *desc, const void *fields);

#endif
