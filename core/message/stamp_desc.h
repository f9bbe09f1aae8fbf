/* stamp_desc.h: FIELD, MAYBE and LIST as rows of a record_desc's table, where `self` is the record's struct. Included
 * just before a .def file. No include guard: it is meant to be included many times. */
#define FIELD(kind_, name_, doc_)   \
    {.kind = KIND_##kind_,          \
     .required = true,              \
     .name = #name_,                \
     .name_len = sizeof #name_ - 1, \
     .doc = (doc_),                 \
     .offset = offsetof(self, name_)},
#define MAYBE(kind_, name_, doc_)   \
    {.kind = KIND_##kind_,          \
     .required = false,             \
     .name = #name_,                \
     .name_len = sizeof #name_ - 1, \
     .doc = (doc_),                 \
     .offset = offsetof(self, name_)},
#define LIST(record_, name_, max_, doc_)            \
    {.kind = KIND_list,                             \
     .required = false,                             \
     .name = #name_,                                \
     .name_len = sizeof #name_ - 1,                 \
     .doc = (doc_),                                 \
     .offset = offsetof(self, name_),               \
     .item = record_##_desc,                        \
     .count_offset = offsetof(self, name_##_count), \
     .max = (max_)},
