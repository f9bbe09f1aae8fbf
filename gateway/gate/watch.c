/* watch.c: see watch.h. Called by the streams' thread. */
#include "gateway/gate/watch.h"

#include <stdlib.h>

#include "gateway/gate/gate_state.h"

struct watch {
    struct gate *gate;
    struct badge badge;
    struct log_reader reader; /* as of the last look: the role may have changed since the one before */
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
    gate_log_reader(&watch->badge, &watch->reader);
    watch->badge.grant = (struct grant){0}; /* it is looked up each time */
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

/* By a session the workspace is named, so that nothing is listed and nothing allocated. */
static enum err find(const struct watch *watch, struct store_txn *txn, int64_t now_ms, struct badge *ret_badge)
{
    return id_is_none(&watch->badge.user_id)
               ? gate_find(txn, watch->fingerprint, now_ms, ret_badge)
               : gate_find_session(txn, watch->fingerprint, &watch->badge.workspace_id, now_ms, NULL, ret_badge);
}

enum err watch_look(struct watch *watch, int64_t now_ms, uint64_t after, bool *ret_more)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct badge badge;
    TRY(store_begin(watch->gate->options.views, false, &txn));
    TRY(find(watch, txn, now_ms, &badge));
    if (!id_equal(&badge.workspace_id, &watch->badge.workspace_id) ||
        access_check(&badge.grant, NEED_AUDIT_OWN, SCOPE_LOG_READ) != ACCEPTED) {
        return ERR_AUTH;
    }
    gate_log_reader(&badge, &watch->reader);
    uses_note(&watch->gate->uses, &badge.key_id, now_ms);
    const enum err err = access_has_event(txn, &badge.workspace_id, after + 1);
    *ret_more = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err watch_ask(const struct watch *watch, const struct log_question *question, gate_replied *done, void *context)
{
    return gate_ask(watch->gate, &watch->reader, question, done, context);
}
