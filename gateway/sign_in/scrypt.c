/* scrypt.c: see scrypt.h. The one file of the sign-in that knows OpenSSL. Must never keep a password. */
#include "gateway/sign_in/scrypt.h"

#include <openssl/evp.h>

#define MEMORY_MAX ((uint64_t)64 << 20) /* OpenSSL's own bound, 32 MiB, is a little less than N = 2^15, r = 8 takes */

/* What RFC 7914 section 6 takes: B, T and V. */
static bool is_affordable(const struct scrypt_cost *cost)
{
    const bool good =
        cost->n >= 2 && (cost->n & (cost->n - 1)) == 0 && cost->r >= 1 && cost->p >= 1 && cost->n < MEMORY_MAX;
    return good && cost->r <= 1024 && cost->p <= 1024 && 128 * cost->r * (cost->n + cost->p + 2) <= MEMORY_MAX;
}

enum err scrypt(struct span password, struct span salt, const struct scrypt_cost *cost, uint8_t *ret_out,
                size_t out_len)
{
    if (!is_affordable(cost)) {
        return ERR_RANGE;
    }
    const char *text = password.data == NULL ? "" : (const char *)password.data;
    const int made = EVP_PBE_scrypt(text, password.len, salt.data, salt.len, cost->n, cost->r, cost->p, MEMORY_MAX,
                                    ret_out, out_len);
    return made == 1 ? OK : ERR_NO_MEMORY;
}
