/* stamp_struct.h: FIELD, MAYBE and LIST as members of a struct. Included just before a .def file; stamp_done.h ends it.
 * No include guard: it is meant to be included many times. */
#define FIELD(kind_, name_, doc_) kind_##_t_ name_;
#define MAYBE(kind_, name_, doc_) kind_##_t_ name_;
#define LIST(record_, name_, max_, doc_) \
    struct record_ *name_;               \
    uint32_t name_##_count;
