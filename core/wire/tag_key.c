/* tag_key.c: see tag_key.h. Called by whoever makes keys, compares them (the gateway) or speaks as one (client.c). Must
 * never leave a tag key behind on the stack. */
#include "core/wire/tag_key.h"

void tag_key_of(struct span api_key, uint8_t ret_tag_key[TAG_KEY_LEN])
{
    sha256(api_key, ret_tag_key);
}

void tag_key_fingerprint(const uint8_t tag_key[TAG_KEY_LEN], uint8_t ret_fingerprint[SHA256_LEN])
{
    sha256(span_of(tag_key, TAG_KEY_LEN), ret_fingerprint);
}

void tag_key_fingerprint_of(struct span api_key, uint8_t ret_fingerprint[SHA256_LEN])
{
    uint8_t tag_key[TAG_KEY_LEN];
    tag_key_of(api_key, tag_key);
    tag_key_fingerprint(tag_key, ret_fingerprint);
    explicit_bzero(tag_key, sizeof tag_key);
}
