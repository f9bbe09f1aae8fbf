/* gate.c: see gate.h. Called by main.c and by the handlers that need no key. Must never answer with what is one
 * workspace's. */
#include "gateway/gate/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/lock.h"
#include "gateway/gate/gate_state.h"

#define STATUS_WITHIN_MS 2000

enum err gate_open(const struct gate_options *options, struct gate **ret_gate)
{
    struct gate *gate = calloc(1, sizeof *gate);
    uint64_t seed = 0;
    if (gate == NULL) {
        return ERR_NO_MEMORY;
    }
    ASSERT(options->views != NULL);
    gate->misses_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (gate->misses_fd < 0) {
        free(gate);
        return err_from_errno(errno);
    }
    gate->options = *options;
    if (options->ledger != NULL) {
        client_transport_key(client_options(options->ledger)->key, gate->transport_key);
    }
    refusals_init(&gate->refusals);
    refusals_init(&gate->untold);
    random_fill(&seed, sizeof seed);
    uses_init(&gate->uses, seed);
    lock_init(&gate->misses_mutex);
    lock_init(&gate->identity_mutex);
    *ret_gate = gate;
    return OK;
}

void gate_close(struct gate *gate)
{
    if (gate != NULL) {
        refusals_done(&gate->refusals);
        refusals_done(&gate->untold);
        uses_done(&gate->uses);
        lock_done(&gate->misses_mutex);
        (void)close(gate->misses_fd);
        lock_done(&gate->identity_mutex);
        explicit_bzero(gate, sizeof *gate);
        free(gate);
    }
}

enum err gate_condition(struct gate *gate, struct arena *arena, struct condition *ret_condition)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct installation_row row = {.suspended = false};
    TRY(store_begin(gate->options.views, false, &txn));
    const enum err err = access_installation(txn, arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err); /* no ledger has taken over yet */
    struct condition condition = {
        .suspended = row.suspended, .suspended_ms = row.suspended_ms, .clock_suspect = row.clock_suspect};
    condition.identity_silent_ms = gate_identity_silent_ms(gate, clock_boot_ms());
    TRY(posts_counts(txn, arena, &condition.posts));
    TRY(arena_copy(arena, row.reason, &condition.reason));
    *ret_condition = condition;
    return OK;
}

enum err gate_status(struct gate *gate, gate_replied *done, void *context)
{
    return client_ask(gate->options.ledger, FRAME_STATUS, (struct span){0}, STATUS_WITHIN_MS, done, context);
}

bool figure_of(struct span figures, const char *name, uint64_t *ret_value)
{
    struct body_list list;
    struct span found;
    uint64_t value = 0;
    if (body_figures_read(figures, &list) != OK) {
        return false;
    }
    while (list.left > 0 && body_figure_next(&list, &found, &value) == OK) {
        if (span_equal(found, span_text(name))) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}
