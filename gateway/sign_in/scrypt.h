/* scrypt.h: the function that makes a password expensive to guess (RFC 7914). Called by the threads of hashers.c, and
 * by the operator's commands. Takes as long as its cost says; any thread. */
#ifndef OPENPOST_SIGN_IN_SCRYPT_H
#define OPENPOST_SIGN_IN_SCRYPT_H

#include "core/base/span.h"

#define SCRYPT_LEN 32

struct scrypt_cost {
    uint64_t n; /* a power of two; memory and time grow with it */
    uint64_t r;
    uint64_t p;
};

/* What a password costs: 32 MiB and about a tenth of a second. */
#define SCRYPT_COST ((struct scrypt_cost){.n = 1 << 15, .r = 8, .p = 1})

/* scrypt makes out_len bytes of a password and its salt. ERR_RANGE: such a cost is none, or needs more than 64 MiB;
 * ERR_NO_MEMORY. Its memory is overwritten and given back before it returns. */
enum err scrypt(struct span password, struct span salt, const struct scrypt_cost *cost, uint8_t *ret_out,
                size_t out_len) MUST_USE;

#endif
