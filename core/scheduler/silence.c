/* silence.c: see silence.h. Called by carrier.c. Must never take time that we slept ourselves for an adapter's silence.
 */
#include "core/scheduler/silence.h"

#include "core/wire/jobs.h"

void silence_asked(struct silence *silence, int64_t now_ms)
{
    if (!silence->asked) {
        *silence = (struct silence){.asked = true, .looked_ms = now_ms};
    }
}

void silence_look(struct silence *silence, int64_t now_ms)
{
    const int64_t step_ms = now_ms - silence->looked_ms;
    if (silence->asked && step_ms > 0) {
        silence->lasts_ms += step_ms < SILENCE_STEP_MAX_MS ? step_ms : SILENCE_STEP_MAX_MS;
    }
    silence->looked_ms = now_ms;
}

void silence_broken(struct silence *silence, int64_t now_ms, bool still_asked)
{
    *silence = (struct silence){.asked = still_asked, .looked_ms = now_ms};
}

bool silence_is_hang(const struct silence *silence)
{
    return silence->lasts_ms > JOBS_SILENT_MAX_MS;
}
