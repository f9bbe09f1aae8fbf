/* refusal.h: what a caller can be told went wrong: a value, not an error. Declared in error.def. */
#ifndef OPENPOST_MESSAGE_REFUSAL_H
#define OPENPOST_MESSAGE_REFUSAL_H

#include "core/base/span.h"

enum refusal {
    ACCEPTED = 0,

#define REFUSAL(code_, status_, retryable_, layer_, title_) REFUSED_##code_,
#include "core/message/error.def"
    REFUSAL_COUNT
};

enum refusal_layer { LAYER_DECIDER, LAYER_LEDGER, LAYER_GATEWAY, LAYER_PLATFORM };

struct refusal_desc {
    const char *code; /* the stable word */
    unsigned status;  /* HTTP; 0: never an answer of ours */
    bool retryable;
    enum refusal_layer layer;
    const char *title; /* one sentence */
};

/* refusal_desc describes any refusal but ACCEPTED. refusal_of finds one by its code; ACCEPTED when there is none. */
const struct refusal_desc *refusal_desc(enum refusal refusal);
enum refusal refusal_of(struct span code);

#endif
