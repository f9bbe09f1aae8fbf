/* main.h: the gateway's process. */
#ifndef OPENPOST_GATEWAY_MAIN_H
#define OPENPOST_GATEWAY_MAIN_H

#include "core/channel.h"

/* gateway_main: openpost gateway --data DIR --listen ADDR:PORT --ledger URL [--bluesky-service URL]. channels come
 * from the composition root. Returns the process's exit code. */
int gateway_main(int argc, char **argv, const struct channel_list *channels);

#endif
