/* data_keys.c: the keys that are derived from the folder's wire.secret (core/wire/party.h): handed to whoever asks, or
 * kept in a file for a process that may not see the secret. See data.h. Must never leave the secret behind. */
#include <stdio.h>

#include "core/base/process.h"
#include "core/ledger/data.h"

enum err data_party_key(const struct data_folder *data, enum party party, uint8_t ret_key[32])
{
    uint8_t secret[32];
    TRY(data_secret(data, "wire.secret", secret));
    party_key(secret, party, ret_key);
    explicit_bzero(secret, sizeof secret);
    return OK;
}

/* Keeps a derived key in a file of its own, for the one process that is given it. */
static enum err keep_key(const struct data_folder *data, const char *name, uint8_t take_key[32])
{
    uint8_t there[32];
    char path[DATA_PATH_MAX];
    enum err err = path_join(path, sizeof path, data->path, name);
    if (err == OK && (data_secret(data, name, there) != OK ||
                      !span_equal_secret(span_of(take_key, sizeof there), span_of(there, sizeof there)))) {
        err = file_write(path, span_of(take_key, sizeof there), 0600);
    }
    explicit_bzero(take_key, sizeof there);
    explicit_bzero(there, sizeof there);
    return err;
}

enum err data_link_key_write(const struct data_folder *data, const char *channel)
{
    uint8_t secret[32];
    uint8_t key[32];
    char name[64];
    (void)snprintf(name, sizeof name, "adapter-%s.key", channel);
    TRY(data_secret(data, "wire.secret", secret));
    link_key(secret, span_text(channel), key);
    explicit_bzero(secret, sizeof secret);
    return keep_key(data, name, key);
}

/* The identity process's whole key. */
static enum err derive_identity(const struct data_folder *data, uint8_t ret_key[32])
{
    uint8_t secret[32];
    TRY(data_secret(data, "wire.secret", secret));
    identity_key(secret, ret_key);
    explicit_bzero(secret, sizeof secret);
    return OK;
}

enum err data_identity_key_write(const struct data_folder *data)
{
    uint8_t key[32];
    TRY(derive_identity(data, key));
    return keep_key(data, "identity.key", key);
}

enum err data_identity_link_key(const struct data_folder *data, uint8_t ret_key[32])
{
    uint8_t key[32];
    TRY(derive_identity(data, key));
    identity_link_key(key, ret_key);
    explicit_bzero(key, sizeof key);
    return OK;
}
