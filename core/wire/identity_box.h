/* identity_box.h: our secret at an identity provider, on its way from the ledger, which has the vault, through the
 * gateway to the process that uses it: a box (box.h) under identity_box_key (party.h), which those two ends have and
 * the gateway has not. Bound to the provider's id, issuer and client id, so that whoever speaks for the gateway cannot
 * have it sent to another; and good for a while only. Pure. */
#ifndef OPENPOST_WIRE_IDENTITY_BOX_H
#define OPENPOST_WIRE_IDENTITY_BOX_H

#include "core/wire/identity.h"

#define IDENTITY_BOX_LIFE_MS ((int64_t)60 * 1000) /* of a question and its answer; more would be worth stealing */

/* What a box is for; as the provider was added. */
struct identity_use {
    struct id provider_id;
    struct span issuer;
    struct span client_id;
};

/* identity_box_seal appends a box of at most IDENTITY_BOX_MAX bytes that opens until until_ms (wall clock). nonce:
 * random. ERR_NO_SPACE; ERR_TOO_LONG: a secret above PERSON_CLIENT_SECRET_MAX. identity_box_open appends the secret:
 * ERR_AUTH: another key, another use, or no box; ERR_TIMED_OUT; ERR_NO_SPACE; ERR_TRUNCATED, ERR_VERSION. */
enum err identity_box_seal(const uint8_t box_key[FRAME_KEY_LEN], const uint8_t nonce[12],
                           const struct identity_use *use, int64_t until_ms, struct span secret, struct buf *out)
    MUST_USE;
enum err identity_box_open(const uint8_t box_key[FRAME_KEY_LEN], const struct identity_use *use, int64_t now_ms,
                           struct span box, struct buf *out) MUST_USE;

#endif
