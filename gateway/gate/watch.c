/* watch.c: see watch.h. Called by the streams' thread. */
#include "gateway/gate/watch.h"

#include <stdlib.h>

#include "gateway/gate/gate_state.h"

struct watch {
    struct gate *gate;
    struct badge badge;
    uint8_t fingerprint[32];
};

enum err watch_open(const struct pass *pass, struct watch **ret_watch)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return ERR_NO_MEMORY;
    }
    watch->gate = pass_gate(pass);
    watch->badge = *pass_badge(pass);
    memcpy(watch->fingerprint, pass_key_fingerprint(pass), sizeof watch->fingerprint);
    *ret_watch = watch;
    return OK;
}

void watch_close(struct watch *watch)
{
    free(watch);
}

const struct badge *watch_badge(const struct watch *watch)
{
    return &watch->badge;
}

enum err watch_look(const struct watch *watch, int64_t now_ms, uint64_t after, bool *ret_more)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct badge badge;
    TRY(store_begin(watch->gate->options.views, false, &txn));
    TRY(gate_find(txn, watch->fingerprint, now_ms, &badge));
    if (!id_equal(&badge.workspace_id, &watch->badge.workspace_id) || !access_allows(&badge.grant, NEED_AUDIT)) {
        return ERR_AUTH;
    }
    const enum err err = access_has_event(txn, &badge.workspace_id, after + 1);
    *ret_more = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err watch_ask(const struct watch *watch, const struct log_question *question, gate_replied *done, void *context)
{
    return gate_ask(watch->gate, &watch->badge.workspace_id, question, done, context);
}
