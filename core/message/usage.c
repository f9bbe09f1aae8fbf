/* usage.c: see usage.h. Called by the rules of tenants and by whoever shows what they use. */
#include "core/message/usage.h"

#include "core/base/assert.h"

static const char *const limit_words[LIMIT_COUNT] = {
#define X(name_, word_) [LIMIT_##name_] = (word_),
    LIMIT_TABLE(X)
#undef X
};

struct span limit_word(enum limit limit)
{
    ASSERT(limit < LIMIT_COUNT);
    return span_text(limit_words[limit]);
}

enum limit limit_of(struct span word)
{
    uint32_t limit = 0;
    while (limit < LIMIT_COUNT && !span_equal(word, span_text(limit_words[limit]))) {
        limit++;
    }
    return (enum limit)limit;
}
