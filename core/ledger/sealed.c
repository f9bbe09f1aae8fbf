/* sealed.c: see sealed.h. Called by service_seal.c and service_admit_named.c. A table that is walked: it is looked at
 * only by who makes keys, accounts and members. */
#include "core/ledger/sealed.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/lock.h"

#define FOUND_BY 16 /* bytes of a mark, as the read models' rows have them */

struct sealed {
    pthread_mutex_t lock;
    uint32_t count;
    struct sealed_secret secrets[SEALED_MAX]; /* those beyond count were never touched, and cost no memory */
};

struct sealed *sealed_new(void)
{
    struct sealed *sealed = calloc(1, sizeof *sealed);
    if (sealed != NULL) {
        lock_init(&sealed->lock);
    }
    return sealed;
}

void sealed_free(struct sealed *sealed)
{
    if (sealed != NULL) {
        lock_done(&sealed->lock);
        free(sealed);
    }
}

bool sealed_find(struct sealed *sealed, const struct id *secret_id, struct sealed_secret *ret_secret)
{
    bool found = false;
    lock_take(&sealed->lock);
    for (uint32_t i = 0; i < sealed->count && !found; i++) {
        found = id_equal(&sealed->secrets[i].secret_id, secret_id);
        if (found) {
            *ret_secret = sealed->secrets[i];
        }
    }
    lock_give(&sealed->lock);
    return found;
}

bool sealed_is_marked(struct sealed *sealed, const struct id *owner_id, const uint8_t mark[SHA256_LEN])
{
    bool marked = false;
    lock_take(&sealed->lock);
    for (uint32_t i = 0; i < sealed->count && !marked; i++) {
        const struct sealed_secret *other = &sealed->secrets[i];
        marked = other->owner_id.kind == owner_id->kind && !id_equal(&other->owner_id, owner_id) &&
                 memcmp(other->mark, mark, FOUND_BY) == 0;
    }
    lock_give(&sealed->lock);
    return marked;
}

static uint32_t count_waiting(const struct sealed *sealed, const struct id *key_id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sealed->count; i++) {
        count += !sealed->secrets[i].named && id_equal(&sealed->secrets[i].key_id, key_id);
    }
    return count;
}

static uint32_t count_workspaces(const struct sealed *sealed, const struct id *workspace_id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sealed->count; i++) {
        count += id_equal(&sealed->secrets[i].workspace_id, workspace_id);
    }
    return count;
}

bool sealed_has_room(struct sealed *sealed, const struct id *workspace_id, const struct id *key_id, sealed_named *named,
                     void *context)
{
    lock_take(&sealed->lock);
    if (count_waiting(sealed, key_id) >= SEALED_PER_KEY) {
        for (uint32_t i = 0; i < sealed->count; i++) {
            struct sealed_secret *secret = &sealed->secrets[i];
            secret->named = secret->named || (id_equal(&secret->key_id, key_id) && named(context, secret));
        }
    }
    const bool has_room = sealed->count < SEALED_MAX && count_waiting(sealed, key_id) < SEALED_PER_KEY &&
                          count_workspaces(sealed, workspace_id) < SEALED_PER_WORKSPACE;
    lock_give(&sealed->lock);
    return has_room;
}

void sealed_add(struct sealed *sealed, const struct sealed_secret *secret)
{
    lock_take(&sealed->lock);
    ASSERT(sealed->count < SEALED_MAX);
    sealed->secrets[sealed->count] = *secret;
    sealed->count++;
    lock_give(&sealed->lock);
}

bool sealed_take(struct sealed *sealed, int64_t before_ms, struct sealed_secret *ret_secret)
{
    bool taken = false;
    lock_take(&sealed->lock);
    for (uint32_t i = 0; i < sealed->count && !taken; i++) {
        taken = sealed->secrets[i].at_ms < before_ms;
        if (taken) {
            *ret_secret = sealed->secrets[i];
            sealed->count--;
            sealed->secrets[i] = sealed->secrets[sealed->count];
        }
    }
    lock_give(&sealed->lock);
    return taken;
}
