/* carriers.c: see carriers.h. Called by main.c. Must never open two carriers of one place: notes come back by it. */
#include "core/scheduler/carriers.h"

#include "core/message/choice.h"

enum err carriers_open(struct carriers *carriers, const char *pair, const struct carrier_options *common,
                       const struct scheduler_keys *keys)
{
    const char *equals = strchr(pair, '=');
    const size_t len = equals == NULL ? 0 : (size_t)(equals - pair);
    const uint32_t channel = choice_value(&channel_words, span_of(pair, len));
    if (channel == CHANNEL_NONE || carriers->count == CARRIERS_MAX) {
        return ERR_MALFORMED;
    }
    struct carrier_options options = *common;
    options.channel = (enum channel_code)channel;
    options.place = carriers->count;
    options.url = pair + len + 1;
    memcpy(options.key, keys->links[channel], sizeof options.key);
    const enum err err = carrier_open(&options, &carriers->items[carriers->count]);
    explicit_bzero(options.key, sizeof options.key);
    carriers->count += err == OK;
    return err;
}

void carriers_close(struct carriers *carriers)
{
    for (uint32_t i = 0; i < carriers->count; i++) {
        carrier_close(carriers->items[i]);
    }
    carriers->count = 0;
}

void carriers_recall(struct carriers *carriers)
{
    for (uint32_t i = 0; i < carriers->count; i++) {
        carrier_recall(carriers->items[i]);
    }
}

bool carriers_are_quiet(const struct carriers *carriers, const struct dispatch *dispatch)
{
    bool quiet = true;
    for (uint32_t i = 0; i < carriers->count; i++) {
        quiet = quiet && carrier_is_quiet(carriers->items[i], dispatch);
    }
    return quiet;
}

int64_t carriers_silent_ms(const struct carriers *carriers)
{
    int64_t longest_ms = 0;
    for (uint32_t i = 0; i < carriers->count; i++) {
        const int64_t lasts_ms = carrier_silence(carriers->items[i])->lasts_ms;
        longest_ms = lasts_ms > longest_ms ? lasts_ms : longest_ms;
    }
    return longest_ms;
}
