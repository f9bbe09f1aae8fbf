/* biller.h: what the calendar alone makes due, on its way to the ledger: billing periods that are over, accounts whose
 * sessions end soon. Not thread-safe: main.c's thread only. */
#ifndef OPENPOST_SCHEDULER_BILLER_H
#define OPENPOST_SCHEDULER_BILLER_H

#include "core/scheduler/bills.h"
#include "core/scheduler/expiries.h"
#include "core/scheduler/loader.h"

struct biller {
    struct bills bills;
    struct expiries expiries;
    struct zones *zones;
    struct arena arena;
    struct loader *loader;
    void (*random)(void *context, void *data, size_t len);
    void *random_context;
};

/* biller_open reads the zones, and from the read models which workspaces are billed and which sessions end; the biller
 * must stay where it is. biller_close accepts what a failed one left, and zeros. biller_apply takes an event:
 * ERR_NO_MEMORY. */
enum err biller_open(struct loader *loader, void (*random)(void *context, void *data, size_t len), void *random_context,
                     struct biller *biller) MUST_USE;
void biller_close(struct biller *biller);
enum err biller_apply(struct biller *biller, const struct log_event *at, const struct event *event) MUST_USE;
/* biller_turn asks the ledger, within a turn's transaction, to close what is over and to tell of what ends: by a clock
 * that can be trusted, and not in a copy that waits for a person. It waits for nothing: the events tell what became of
 * it, and what they do not tell of is asked for again. */
void biller_turn(struct biller *biller, const struct agenda *agenda, struct client *client, int64_t now_ms);

#endif
