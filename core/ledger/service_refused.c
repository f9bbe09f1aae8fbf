/* service_refused.c: what the doors refuse for reasons of security: noted on the socket library's threads, appended by
 * the writer between two groups. */
#include "core/base/clock.h"
#include "core/ledger/service_state.h"

void service_note_refused(struct work *work, enum refusal refusal, const char *request)
{
    const struct asker *asker = &work->asker;
    const bool is_known = !id_is_none(&asker->key_id);
    const struct refused refused = {.workspace_id = asker->workspace_id,
                                    .key_id = asker->key_id,
                                    .is_good = is_known,
                                    .refusal = refusal,
                                    .request = request,
                                    .subject = refusal == REFUSED_not_found ? ID_WORKSPACE : ID_NONE};
    refusals_note(&work->door->service->refusals, &refused, clock_boot_ms(), clock_wall_ms());
}

enum err service_report(struct service *service)
{
    struct command command;
    while (refusals_take(&service->refusals, clock_boot_ms(), &command)) {
        TRY(service_write_own(service, &command));
    }
    return OK;
}
