/* loader.h: what dispatch asks of the read models and of the vault; used by main.c, in a turn. */
#ifndef OPENPOST_SCHEDULER_LOADER_H
#define OPENPOST_SCHEDULER_LOADER_H

#include "core/scheduler/keys.h"
#include "core/scheduler/main.h"
#include "core/vault/vault.h"
#include "core/wire/client.h"

struct loader {
    const struct scheduler_parts *parts;
    void *views;
    struct vault *vault;
    struct scheduler_keys keys;
    void (*random)(void *data, size_t len); /* random_fill; for boxes */
    bool damaged;                           /* the read models cannot be what was written: this turn is the last one */
};

/* loader_open opens the read models. ERR_NOT_FOUND: the ledger has not made them yet. */
enum err loader_open(struct loader *loader, const char *path) MUST_USE;
/* loader_look tells whether they can be read now: ERR_REBUILDING, not yet; ERR_CLOSED, they are made in another
 * file. */
enum err loader_look(struct loader *loader) MUST_USE;
/* loader_of is the loader as dispatch sees it. loader_restore fills an empty agenda (main.h: restore). All note damage.
 */
struct dispatch_load loader_of(struct loader *loader);
/* loader_bills and loader_expiries fill empty ones, outside a turn; loader_billed reads what a bill needs, within. */
enum err loader_bills(struct loader *loader, struct bills *bills) MUST_USE;
enum err loader_expiries(struct loader *loader, struct expiries *expiries) MUST_USE;
enum err loader_billed(struct loader *loader, const struct id *workspace_id, struct arena *arena,
                       struct billed *ret_billed) MUST_USE;
/* loader_rota fills an empty rota, outside a turn; loader_rota_load reads what a look needs, within; zones and random
 * are the caller's. */
enum err loader_rota(struct loader *loader, struct rota *rota) MUST_USE;
struct rota_load loader_rota_load(struct loader *loader);
enum err loader_restore(struct loader *loader, struct agenda *agenda, uint64_t *ret_position) MUST_USE;

#endif
