/* log_record.h: one stored record. Private to core/log. */
#ifndef OPENPOST_LOG_LOG_RECORD_H
#define OPENPOST_LOG_LOG_RECORD_H

#include "core/log/log.h"

#define LOG_RECORD_CHECK 8 /* bytes of the leaf's hash kept in the record: they tell which record was damaged */
#define LOG_RECORD_MAX (LOG_ENVELOPE_MAX + LOG_RECORD_CHECK + LOG_INLINE_MAX)

/* log_record_write appends the record of event (its payload only when it is short enough to stay inside) and returns
 * the leaf's hash. */
void log_record_write(const struct log_event *event, struct buf *out, uint8_t ret_leaf[32]);
/* log_record_read reads record number seq and recomputes its leaf; ERR_ALTERED. The payload borrows from record, or is
 * absent when it is kept beside; it is not yet compared with its hash. */
enum err log_record_read(struct span record, uint64_t seq, struct log_event *ret_event, uint8_t ret_leaf[32]) MUST_USE;

#endif
