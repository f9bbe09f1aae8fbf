/* streams.h: GET /v1/events/stream: server-sent events to many clients by one thread. The thread looks a few times a
 * second whether a stream's workspace has new events and whether its key is still good; the ledger answers what they
 * are. A client that does not take what it was sent gets nothing more and is dropped by the server's own deadline. */
#ifndef OPENPOST_GATEWAY_STREAMS_H
#define OPENPOST_GATEWAY_STREAMS_H

#include "core/base/err.h"
#include <stdint.h>

#include "core/base/owned.h"

#define STREAMS_MAX 1024       /* of all keys together */
#define STREAMS_PER_KEY_MAX 64 /* one key must not take all of them */

struct gateway;
struct exchange;
struct streams;

/* streams_open starts the thread. streams_stop ends every stream and the thread, before the server drains;
 * streams_close frees what is left, when the client of the ledger is closed and nobody answers any more. Both accept
 * NULL. */
enum err streams_open(struct gateway *gateway, struct streams **ret_streams) MUST_USE;
void streams_stop(struct streams *streams);
void streams_close(struct streams *streams);
OWNED_BY(streams_close, struct streams *);

/* streams_add answers the exchange with a stream of the events after workspace_seq after. */
void streams_add(struct exchange *exchange, uint64_t after);

#endif
