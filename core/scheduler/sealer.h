/* sealer.h: credentials that an adapter was given, on their way into the vault before anything names them. Not
 * thread-safe: main.c's thread only. */
#ifndef OPENPOST_SCHEDULER_SEALER_H
#define OPENPOST_SCHEDULER_SEALER_H

#include "core/scheduler/dispatch.h"
#include "core/scheduler/keys.h"
#include "core/wire/client.h"

/* sealer_turn seals what dispatch has to be sealed, waiting for the ledger up to 5 s each; *ret_any: there was some,
 * and its commands are ready now. The error is the last one's that could not be sealed; dispatch was told of each. */
enum err sealer_turn(struct dispatch *dispatch, const struct scheduler_keys *keys, struct client *client,
                     int64_t now_ms, bool *ret_any) MUST_USE;

#endif
