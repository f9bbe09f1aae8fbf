/* typeid_fuzz.c: ids as text, which clients send in paths and bodies. The input is the text. */
#include "core/base/limits.h"
#include "core/base/typeid.h"
#include "tests/fuzz/fuzz.h"

/* The text of an accepted id is its only text. */
static void check_format(struct span text)
{
    struct span prefix;
    uint8_t uuid[16];
    if (typeid_parse(text, &prefix, uuid) != OK) {
        return;
    }
    ASSERT(prefix.len <= TYPEID_PREFIX_MAX);
    uint8_t again[TYPEID_PREFIX_MAX + 32];
    struct buf buf = buf_of(again, sizeof again);
    typeid_write(&buf, prefix, uuid);
    ASSERT(buf_ok(&buf) && span_equal(buf_span(&buf), text));
}

static void check_kinds(struct span text)
{
    struct id any;
    const bool known = id_parse(text, ID_NONE, &any) == OK;
    unsigned kinds = 0;
    for (enum id_kind kind = (enum id_kind)1; kind < ID_KIND_COUNT; kind++) {
        struct id id;
        if (id_parse(text, kind, &id) == OK) {
            kinds++;
            ASSERT(known && id_equal(&id, &any));
        }
    }
    ASSERT(kinds == (known ? 1 : 0));
    if (known) {
        uint8_t again[ID_TEXT_MAX];
        struct buf buf = buf_of(again, sizeof again);
        id_write(&buf, &any);
        ASSERT(buf_ok(&buf) && span_equal(buf_span(&buf), text));
        ASSERT(span_starts_with(text, span_text(id_prefix((enum id_kind)any.kind))));
        /* Minted anew for the same instant, from its own last bytes, only version and variant can differ. */
        const struct id minted = id_make((enum id_kind)any.kind, id_time_ms(&any), any.uuid + 6);
        ASSERT(id_time_ms(&minted) == id_time_ms(&any));
        ASSERT((minted.uuid[6] & 0xf0) == 0x70 && (minted.uuid[8] & 0xc0) == 0x80);
        /* A program may have minted it since 2020; what is derived apart from it nobody has. */
        const int64_t now_ms = id_time_ms(&minted);
        ASSERT(id_is_minted(&minted, now_ms) == (now_ms >= ID_EPOCH_MS));
        const struct id derived = id_derive(ID_POST, &any, &minted);
        const struct id apart = id_derive_apart(ID_POST, &any, &minted);
        ASSERT(id_time_ms(&derived) == now_ms);
        ASSERT(!id_is_minted(&apart, now_ms) && !id_equal(&apart, &minted));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct span text = span_of(data, len);
    check_format(text);
    check_kinds(text);
    return 0;
}
