/* server_peers.c: open addressing with linear probing; a slot that empties is closed by moving later ones back (Knuth,
 * The Art of Computer Programming 3, 6.4 R), so that nothing is left behind by addresses that come and go. */
#include "gateway/server_peers.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "core/base/assert.h"

struct net_address net_address_of(const struct sockaddr *address)
{
    struct net_address read = {{0}};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        read.bytes[10] = 0xff;
        read.bytes[11] = 0xff;
        memcpy(read.bytes + 12, &in.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        memcpy(read.bytes, in6.sin6_addr.s6_addr, sizeof read.bytes);
    }
    return read;
}

struct peer_key peer_key_of_address(const struct net_address *address)
{
    struct peer_key key = {{0}};
    if (net_address_is_v4(address)) {
        key.bytes[0] = 4;
        memcpy(key.bytes + 12, address->bytes + 12, 4);
    } else {
        key.bytes[0] = 6;
        memcpy(key.bytes + 8, address->bytes, 8);
    }
    return key;
}

struct peer_key peer_key_of(const struct sockaddr *address)
{
    const struct net_address read = net_address_of(address);
    return address->sa_family == AF_INET || address->sa_family == AF_INET6 ? peer_key_of_address(&read)
                                                                           : (struct peer_key){{0}};
}

static size_t hash(const struct peers *peers, const struct peer_key *key)
{
    /* FNV-1a and a final mix; a cap bounds how many slots somebody could fill with chosen addresses. */
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < sizeof key->bytes; i++) {
        h = (h ^ key->bytes[i]) * 1099511628211ULL;
    }
    return (size_t)(h ^ h >> 32) & (peers->cap - 1);
}

enum err peers_init(struct peers *peers, size_t connections_max)
{
    size_t cap = 16;
    while (cap / 2 < connections_max) {
        cap *= 2;
    }
    struct peer_slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    *peers = (struct peers){.slots = slots, .cap = cap};
    return OK;
}

void peers_done(struct peers *peers)
{
    free(peers->slots);
    *peers = (struct peers){0};
}

static size_t find(const struct peers *peers, const struct peer_key *key)
{
    size_t i = hash(peers, key);
    while (peers->slots[i].count > 0 && memcmp(&peers->slots[i].key, key, sizeof *key) != 0) {
        i = (i + 1) & (peers->cap - 1);
    }
    return i;
}

bool peers_enter(struct peers *peers, const struct peer_key *key, unsigned max)
{
    struct peer_slot *slot = &peers->slots[find(peers, key)];
    if (max > 0 && slot->count >= max) {
        return false;
    }
    slot->key = *key;
    slot->count++;
    return true;
}

void peers_leave(struct peers *peers, const struct peer_key *key)
{
    size_t hole = find(peers, key);
    ASSERT(peers->slots[hole].count > 0);
    if (--peers->slots[hole].count > 0) {
        return;
    }
    const size_t mask = peers->cap - 1;
    for (size_t i = (hole + 1) & mask; peers->slots[i].count > 0; i = (i + 1) & mask) {
        const size_t home = hash(peers, &peers->slots[i].key);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            peers->slots[hole] = peers->slots[i];
            peers->slots[i].count = 0;
            hole = i;
        }
    }
}
