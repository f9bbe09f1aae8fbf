/* service_refused.c: what the doors refuse for reasons of security: noted by whoever answers, appended by the writer
 * between two groups, with the keys that other programs used. Whether something is another workspace's is looked up
 * when the answer stands: nothing of it depends on what is found. */
#include "core/base/clock.h"
#include "core/decider/aggregate.h"
#include "core/ledger/service_state.h"

void service_note_refused(struct work *work, enum refusal refusal, const char *request, enum id_kind subject)
{
    const struct asker *asker = &work->asker;
    const bool is_known = !id_is_none(&asker->key_id);
    const struct refused refused = {.workspace_id = asker->workspace_id,
                                    .key_id = asker->key_id,
                                    .is_good = is_known,
                                    .refusal = refusal,
                                    .request = request,
                                    .subject = subject};
    refusals_note(&work->door->service->refusals, &refused, clock_boot_ms(), clock_wall_ms());
}

bool service_note_foreign(struct work *work, const struct id *named, const char *request)
{
    bool foreign = false;
    OWNED(store_abort) struct store_txn *txn = NULL;
    if (store_begin(work->door->service->options.views, false, &txn) != OK ||
        ledger_is_foreign(txn, named, &work->asker.workspace_id, &foreign) != OK || !foreign) {
        return false;
    }
    service_note_refused(work, REFUSED_not_found, request, (enum id_kind)named->kind);
    return true;
}

void service_note_answers(struct work *work, const struct answer *answers)
{
    for (uint32_t i = 0; i < work->count && !work->door->own; i++) {
        const struct command *command = &work->commands[i].command;
        const enum refusal refusal = (enum refusal)answers[i].refusal;
        if (refusal == REFUSED_role_insufficient || refusal == REFUSED_scope_insufficient) {
            service_note_refused(work, refusal, command_desc(command->code)->name, ID_NONE);
        } else if (answers[i].refusal == REFUSED_not_found || answers[i].refusal == REFUSED_exists) {
            const struct id stream = command_stream(command);
            const char *name = command_desc(command->code)->name;
            if (!service_note_foreign(work, &stream, name)) { /* or in the envelope */
                (void)service_note_foreign(work, &command->workspace_id, name);
            }
        }
    }
}

enum err service_report(struct service *service)
{
    struct command command;
    while (refusals_take(&service->refusals, clock_boot_ms(), &command)) {
        TRY(service_write_own(service, &command));
    }
    if (uses_take(&service->uses, clock_boot_ms(), &command)) {
        const enum err err = service_write_own(service, &command);
        uses_told(&service->uses, err == OK);
        return err;
    }
    return OK;
}
