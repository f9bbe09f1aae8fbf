/* main.h: the ledger's process. */
#ifndef OPENPOST_LEDGER_MAIN_H
#define OPENPOST_LEDGER_MAIN_H

#include "core/channel.h"
#include "core/ledger/service.h"

#define LEDGER_LOG_MAP_BYTES ((size_t)1 << 40) /* 1 TiB of address space, sparse: 3 billion events */
#define LEDGER_LOG_RESERVE_BYTES \
    ((size_t)64 << 20) /* locks, starts and outcomes of 20,000 posts, when users' commands are refused */
#define LEDGER_VIEWS_MAP_BYTES ((size_t)1 << 36)
#define LEDGER_CHECKPOINT_EVERY 4096

/* ledger_main: openpost ledger --data DIR --listen URL [--listen-programs URL] [--publish URL] [--log-map MIB]. Keeps
 * a key for the adapter of each of parts' channels in the data folder. Returns the process's exit code. */
int ledger_main(int argc, char **argv, const struct service_parts *parts);

#endif
