/* row.c: the descriptors of the read models' rows, stamped out of row.def: data only. */
#include "projections/row.h"

/* Inside each function `self` is the struct that the offsets count from. */
#define RECORD(name_, doc_)                      \
    const struct record_desc *name_##_desc(void) \
    {                                            \
        typedef struct name_ self;               \
        static const char doc[] = doc_;          \
        static const struct field_desc fields[] = {
#define END(name_)                                                                          \
    }                                                                                       \
    ;                                                                                       \
    static const struct record_desc desc = {.code = 0,                                      \
                                            .name = #name_,                                 \
                                            .doc = doc,                                     \
                                            .size = sizeof(self),                           \
                                            .fields = fields,                               \
                                            .field_count = sizeof fields / sizeof *fields}; \
    return &desc;                                                                           \
    }
#include "core/message/stamp_desc.h"
#include "projections/row.def"
