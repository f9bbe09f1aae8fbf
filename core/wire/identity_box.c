/* identity_box.c: see identity_box.h. Called by the ledger, which seals, and by the identity process, which opens. It
 * must never leave a plain secret behind but where it was asked to put it. */
#include "core/wire/identity_box.h"

#include "core/base/assert.h"
#include "core/vault/box.h"
#include "core/wire/pack.h"

#define PLAIN_MAX (PERSON_CLIENT_SECRET_MAX + 16)
#define USE_MAX (IDENTITY_URL_MAX + IDENTITY_CLIENT_ID_MAX + ID_TEXT_MAX + 32)

/* One spelling for each use: every part begins with its length. */
static struct span spell(const struct identity_use *use, uint8_t bytes[USE_MAX])
{
    struct buf out = buf_of(bytes, USE_MAX);
    pack_array(&out, 3);
    pack_id(&out, &use->provider_id);
    pack_text(&out, use->issuer);
    pack_text(&out, use->client_id);
    return buf_ok(&out) ? buf_span(&out) : (struct span){0};
}

enum err identity_box_seal(const uint8_t box_key[FRAME_KEY_LEN], const uint8_t nonce[12],
                           const struct identity_use *use, int64_t until_ms, struct span secret, struct buf *out)
{
    uint8_t of[USE_MAX];
    uint8_t bytes[PLAIN_MAX];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const struct span spelt = spell(use, of);
    ASSERT(until_ms >= 0);
    if (secret.len > PERSON_CLIENT_SECRET_MAX || spelt.data == NULL) {
        return ERR_TOO_LONG;
    }
    pack_uint(&plain, (uint64_t)until_ms);
    pack_bin(&plain, secret);
    ASSERT(buf_ok(&plain));
    const enum err err = box_seal(box_key, nonce, spelt, buf_span(&plain), out);
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

static enum err take(struct span plain, int64_t now_ms, struct buf *out)
{
    uint64_t until_ms = 0;
    struct span secret;
    TRY(unpack_uint(&plain, INT64_MAX, &until_ms));
    TRY(unpack_bin(&plain, PERSON_CLIENT_SECRET_MAX, &secret));
    if ((int64_t)until_ms <= now_ms) {
        return ERR_TIMED_OUT;
    }
    buf_put(out, secret);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

enum err identity_box_open(const uint8_t box_key[FRAME_KEY_LEN], const struct identity_use *use, int64_t now_ms,
                           struct span box, struct buf *out)
{
    uint8_t of[USE_MAX];
    uint8_t bytes[PLAIN_MAX];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const struct span spelt = spell(use, of);
    if (spelt.data == NULL) {
        return ERR_AUTH;
    }
    enum err err = box_open(box_key, spelt, box, &plain);
    err = err == OK ? take(buf_span(&plain), now_ms, out) : err == ERR_NO_SPACE ? ERR_AUTH : err;
    explicit_bzero(bytes, sizeof bytes);
    return err;
}
