/* hashers.h: two threads that hash passwords, so that no thread of the server waits for a tenth of a second, and never
 * more than two hash at once: 64 MiB is all that signing in can take. They run at a lower priority than whoever serves
 * requests. In the order in which they were asked; who finds the queue full is told so at once. Thread-safe. */
#ifndef OPENPOST_SIGN_IN_HASHERS_H
#define OPENPOST_SIGN_IN_HASHERS_H

#include "core/base/owned.h"
#include "gateway/sign_in/scrypt.h"

#define HASHERS_THREADS 2
#define HASHERS_QUEUE_MAX 64 /* that wait; the last of them for about five seconds */
#define HASHERS_PASSWORD_MAX 256
#define HASHERS_SALT_MAX 64

struct hashers;

/* What is to be hashed: copied by hashers_put. */
struct hash_wish {
    struct span password; /* at most HASHERS_PASSWORD_MAX */
    struct span salt;     /* at most HASHERS_SALT_MAX */
    struct scrypt_cost cost;
};

/* What came of it: of SCRYPT_LEN bytes, borrowed for the call and then overwritten; on a hasher's thread, or on that of
 * hashers_stop, with ERR_CLOSED; otherwise the errors of scrypt. */
typedef void hashed(void *context, enum err err, struct span hash);

/* The function that hashes: scrypt, but in tests. */
typedef enum err hash_function(struct span password, struct span salt, const struct scrypt_cost *cost, uint8_t *ret_out,
                               size_t out_len);

/* hashers_open starts the threads; when it returns they have their priority and have hashed once, so that they need
 * nothing later that a confined process may not do. */
enum err hashers_open(hash_function *function, struct hashers **ret_hashers) MUST_USE;
/* hashers_put: ERR_BUSY: the queue is full; ERR_CLOSED: after hashers_stop; ERR_TOO_LONG. done is called once when it
 * is OK, and then only. */
enum err hashers_put(struct hashers *hashers, const struct hash_wish *wish, hashed *done, void *context) MUST_USE;
/* hashers_stop waits for what is being hashed and ends the rest with ERR_CLOSED; accepts NULL, and a second time.
 * hashers_close stops them and frees them; accepts NULL. */
void hashers_stop(struct hashers *hashers);
void hashers_close(struct hashers *hashers);
OWNED_BY(hashers_close, struct hashers *);

#endif
