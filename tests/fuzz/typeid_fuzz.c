/* typeid_fuzz.c: any text taken for a TypeID: what is read is written back as the very same text. */
#include "core/base/assert.h"
#include "core/base/typeid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);
    struct span prefix;
    uint8_t uuid[16];
    char bytes[128];
    struct buf out = buf_of(bytes, sizeof bytes);
    if (typeid_parse(text, &prefix, uuid) == OK) {
        typeid_write(&out, prefix, uuid);
        ASSERT(span_equal(buf_span(&out), text));
    }
    struct id id;
    if (id_parse(text, ID_NONE, &id) == OK) {
        ASSERT(out.len == text.len); /* our ids are TypeIDs */
        struct buf again = buf_of(bytes, sizeof bytes);
        id_write(&again, &id);
        ASSERT(span_equal(buf_span(&again), text));
    }
    return 0;
}
