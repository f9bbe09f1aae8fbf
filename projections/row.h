/* row.h: the rows of the read models as structs, stamped out of row.def. They are encoded and decoded by
 * core/message/codec.h (record_encode, record_decode); a decoded row borrows its texts from the stored bytes, so it
 * lives as long as the transaction that read it. */
#ifndef OPENPOST_PROJECTIONS_ROW_H
#define OPENPOST_PROJECTIONS_ROW_H

#include "core/message/message.h"

#define RECORD(name_, doc_) struct name_ {
#define END(name_) \
    }              \
    ;              \
    const struct record_desc *name_##_desc(void);
#include "core/message/stamp_struct.h"
#include "projections/row.def"

#endif
