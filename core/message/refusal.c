/* refusal.c: error.def as a table. */
#include "core/message/refusal.h"

#include "core/base/assert.h"

#define LAYER_OF(layer_) LAYER_##layer_
#define RETRYABLE_yes true
#define RETRYABLE_no false

static const struct refusal_desc table[REFUSAL_COUNT] = {
#define REFUSAL(code_, status_, retryable_, layer_, title_) \
    [REFUSED_##code_] = {#code_, (status_), RETRYABLE_##retryable_, LAYER_OF(layer_), (title_)},
#include "core/message/error.def"
};

const struct refusal_desc *refusal_desc(enum refusal refusal)
{
    ASSERT(refusal > ACCEPTED && refusal < REFUSAL_COUNT);
    return &table[refusal];
}

enum refusal refusal_of(struct span code)
{
    for (enum refusal refusal = (enum refusal)1; refusal < REFUSAL_COUNT; refusal++) {
        if (span_equal(code, span_text(table[refusal].code))) {
            return refusal;
        }
    }
    return ACCEPTED;
}
