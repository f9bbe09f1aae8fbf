/* installation.c: the rules of the installation. Its commands come from the ledger's own process and from the operator.
 * Nothing here ever refuses: a fact about the machine is recorded once, and asking again changes nothing. */
#include "core/decider/installation.h"

#include "core/base/assert.h"

enum refusal installation_refusal(const struct installation *installation)
{
    if (installation->starts_suspended) {
        return REFUSED_starts_suspended;
    }
    return installation->clock_suspect ? REFUSED_clock_suspect : ACCEPTED;
}

enum refusal installation_decide(const struct installation *installation, const struct decide_context *context,
                                 const struct command *command, struct event_list *ret_events)
{
    (void)context;
    switch (command->code) {
    case COMMAND_start_ledger: {
        struct event *event = event_append(ret_events, EVENT_ledger_started);
        event->ledger_started.epoch = installation->epoch + 1;
        event->ledger_started.boot = command->start_ledger.boot;
        event->ledger_started.release = command->start_ledger.release;
        return ACCEPTED;
    }
    case COMMAND_suspect_clock:
        if (!installation->clock_suspect) {
            struct event *event = event_append(ret_events, EVENT_clock_suspected);
            event->clock_suspected.wall_ms = command->suspect_clock.wall_ms;
            event->clock_suspected.apart_ms = command->suspect_clock.apart_ms;
        }
        return ACCEPTED;
    case COMMAND_trust_clock:
        if (installation->clock_suspect) {
            struct event *event = event_append(ret_events, EVENT_clock_trusted);
            event->clock_trusted.by_operator = command->trust_clock.by_operator;
        }
        return ACCEPTED;
    case COMMAND_suspend_starts:
        if (!installation->starts_suspended) {
            event_append(ret_events, EVENT_starts_suspended)->starts_suspended.reason = command->suspend_starts.reason;
        }
        return ACCEPTED;
    case COMMAND_report_strangers: {
        const struct report_strangers_command *report = &command->report_strangers;
        event_append(ret_events, EVENT_access_refused)->access_refused =
            (struct access_refused_event){.code = report->code, .times = report->times, .since_ms = report->since_ms};
        return ACCEPTED;
    }
    case COMMAND_report_uses:
        if (command->report_uses.uses_count > 0) {
            struct event *event = event_append(ret_events, EVENT_credentials_used);
            event->credentials_used.uses = command->report_uses.uses;
            event->credentials_used.uses_count = command->report_uses.uses_count;
        }
        return ACCEPTED;
    default:
        ASSERT(command->code == COMMAND_confirm_starts);
        if (installation->starts_suspended) {
            event_append(ret_events, EVENT_starts_confirmed);
        }
        return ACCEPTED;
    }
}

void installation_evolve(struct installation *installation, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_ledger_started:
        ASSERT(event->ledger_started.epoch > installation->epoch);
        installation->epoch = event->ledger_started.epoch;
        return;
    case EVENT_clock_suspected:
        installation->clock_suspect = 1;
        return;
    case EVENT_clock_trusted:
        installation->clock_suspect = 0;
        return;
    case EVENT_starts_suspended:
        installation->starts_suspended = 1;
        installation->suspended_at_ms = time_ms;
        return;
    case EVENT_access_refused:
    case EVENT_credentials_used:
        return;
    default:
        ASSERT(event->code == EVENT_starts_confirmed);
        installation->starts_suspended = 0;
        installation->suspended_at_ms = time_ms; /* until now the original may have sent what was due */
    }
}
