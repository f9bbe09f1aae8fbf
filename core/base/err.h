/* err.h: operating errors (disk, network, foreign bytes). A refusal of a rule is not one: see core/message/refusal.h.
 *
 * A function that can fail so returns enum err, OK (0) on success; its out-parameters are untouched on failure. */
#ifndef OPENPOST_BASE_ERR_H
#define OPENPOST_BASE_ERR_H

enum err {
    OK = 0,

#define ERR(name_, sentence_) ERR_##name_,
#include "core/base/err.def"
    ERR_COUNT
};

#define MUST_USE __attribute__((warn_unused_result))

/* Passes a failure of expression up to the caller of the function that it stands in. */
#define TRY(expression)                     \
    do {                                    \
        const enum err try_ = (expression); \
        if (try_ != OK) {                   \
            return try_;                    \
        }                                   \
    } while (0)

/* err_name returns the short name ("NO_SPACE"), err_sentence one sentence for people. Static strings, any value. */
const char *err_name(enum err err);
const char *err_sentence(enum err err);

/* err_from_errno maps a value of errno to the nearest enum err (ERR_IO when none is nearer). 0 maps to OK. */
enum err err_from_errno(int number);

#endif
