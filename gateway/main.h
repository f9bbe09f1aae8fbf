/* main.h: the gateway's process. */
#ifndef OPENPOST_GATEWAY_MAIN_H
#define OPENPOST_GATEWAY_MAIN_H

#include "core/channel.h"
#include "projections/posts.h"

/* gateway_main: openpost gateway --data DIR --listen ADDR:PORT --ledger URL [--bluesky-service URL]. channels and fold
 * (for searching) come from the composition root. Returns the process's exit code. */
int gateway_main(int argc, char **argv, const struct channel_list *channels, post_text_fold *fold);

#endif
