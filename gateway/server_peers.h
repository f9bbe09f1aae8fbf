/* server_peers.h: how many connections each address has open. Not thread-safe: its owner locks. */
#ifndef OPENPOST_GATEWAY_SERVER_PEERS_H
#define OPENPOST_GATEWAY_SERVER_PEERS_H

#include <sys/socket.h>

#include "gateway/forwarded.h"

/* Whom a cap counts: an IPv4 address, or the /64 of an IPv6 one (one customer has that many addresses). */
struct peer_key {
    uint8_t bytes[16];
};

struct peer_slot {
    struct peer_key key;
    unsigned count; /* 0: free */
};

struct peers {
    struct peer_slot *slots;
    size_t cap; /* a power of two, at least twice the connections in all */
};

/* net_address_of reads the address of a socket's other end, peer_key_of_address whom a cap counts it for. peer_key_of
 * does both: it reads an AF_INET or AF_INET6 address (IPv4 in IPv6 counts as IPv4); others share one key. */
struct net_address net_address_of(const struct sockaddr *address);
struct peer_key peer_key_of_address(const struct net_address *address);
struct peer_key peer_key_of(const struct sockaddr *address);
/* peers_init makes room for connections_max connections; ERR_NO_MEMORY. */
enum err peers_init(struct peers *peers, size_t connections_max) MUST_USE;
void peers_done(struct peers *peers);
/* peers_enter counts one more for key unless it has max (0: no limit); false when it has. */
bool peers_enter(struct peers *peers, const struct peer_key *key, unsigned max) MUST_USE;
void peers_leave(struct peers *peers, const struct peer_key *key);

#endif
