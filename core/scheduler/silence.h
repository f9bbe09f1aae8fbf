/* silence.h: since when an adapter that was asked something has said nothing. Pure; one carrier's.
 *
 * An adapter answers a question at the latest after JOBS_WAIT_MS (core/wire/jobs.h): one that says nothing for
 * JOBS_SILENT_MAX_MS is stopped, stuck or gone. Only time in which we were awake ourselves counts: between two looks
 * SILENCE_STEP_MAX_MS at most, and a clock that is set back counts nothing. So neither a machine that slept nor a clock
 * that jumped makes an adapter look silent. */
#ifndef OPENPOST_SCHEDULER_SILENCE_H
#define OPENPOST_SCHEDULER_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SILENCE_STEP_MAX_MS 2000 /* twice the longest sleep of main.c */

/* Zeroed: nothing was asked. */
struct silence {
    bool asked;        /* since the last reply */
    int64_t looked_ms; /* when it was looked at last */
    int64_t lasts_ms;  /* how long it has lasted by then */
};

/* silence_asked: a question went out. silence_look: time went by. Either may come first, and again. */
void silence_asked(struct silence *silence, int64_t now_ms);
void silence_look(struct silence *silence, int64_t now_ms);
/* silence_broken: a reply came; still_asked: another question is out, whose reply is awaited from now on. */
void silence_broken(struct silence *silence, int64_t now_ms, bool still_asked);
/* silence_is_hang: it has lasted for longer than any adapter that runs is silent. */
bool silence_is_hang(const struct silence *silence);

#endif
