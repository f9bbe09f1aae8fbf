/* memo.h: renderings that were made before. A rendering is a pure function of a post's version, a target and an
 * instant, and costs more than all the rest of a GET; this remembers the last ones. Thread-safe; bounded; losing an
 * entry costs only time.
 */
#ifndef OPENPOST_GATEWAY_MEMO_H
#define OPENPOST_GATEWAY_MEMO_H

#include <pthread.h>

#include "core/base/span.h"
#include "core/base/typeid.h"

#define MEMO_PLACES 2048    /* with MEMO_BYTES_MAX: 8 MiB at most, taken as it is needed */
#define MEMO_BYTES_MAX 4096 /* a longer one is made anew each time */
#define MEMO_STRIPES 16

struct memo_place {
    struct id target_id;
    uint64_t version;   /* of the post */
    int64_t created_ms; /* the instant that the rendering claims */
    uint32_t len;
    uint8_t *bytes;
};

struct memo {
    pthread_mutex_t locks[MEMO_STRIPES];
    struct memo_place places[MEMO_PLACES];
};

void memo_init(struct memo *memo);
void memo_done(struct memo *memo);
/* memo_get appends what was remembered to out; false: nothing was. memo_put remembers a copy. */
bool memo_get(struct memo *memo, const struct id *target_id, uint64_t version, int64_t created_ms, struct buf *out);
void memo_put(struct memo *memo, const struct id *target_id, uint64_t version, int64_t created_ms, struct span bytes);

#endif
