/* carrier.h: the scheduler's connections to its adapters: one socket per channel, one batch of jobs and one waiting
 * question under way at a time. Replies come as notes (NOTE_SENT, NOTE_POLLED, note.place the carrier's place). Not
 * thread-safe: main.c's thread only. */
#ifndef OPENPOST_SCHEDULER_CARRIER_H
#define OPENPOST_SCHEDULER_CARRIER_H

#include "core/scheduler/dispatch.h"
#include "core/scheduler/inbox.h"
#include "core/scheduler/silence.h"
#include "core/wire/jobs.h"

struct carrier;

struct carrier_options {
    enum channel_code channel;
    uint32_t place;
    const char *url;
    uint8_t key[FRAME_KEY_LEN];                            /* of the link (core/wire/party.h) */
    struct inbox *inbox;                                   /* borrowed */
    void (*random)(void *context, void *data, size_t len); /* ids of frames */
    void *random_context;
};

enum err carrier_open(const struct carrier_options *options, struct carrier **ret_carrier) MUST_USE;
void carrier_close(struct carrier *carrier);
OWNED_BY(carrier_close, struct carrier *);
enum channel_code carrier_channel(const struct carrier *carrier);

/* carrier_turn sends what dispatch has for the channel, if no batch is under way, and asks for outcomes, if no question
 * is; not before now_ms reaches its back-off after a failure. *ret_again_ms: when to call it again at the latest. */
enum err carrier_turn(struct carrier *carrier, struct dispatch *dispatch, int64_t now_ms, struct arena *arena,
                      int64_t *ret_again_ms) MUST_USE;
/* carrier_silence: for how long the adapter has said nothing, as of the last turn. */
const struct silence *carrier_silence(const struct carrier *carrier);
/* carrier_recall: from now on the adapter is told, if it has any jobs, to give back what it has not begun. */
void carrier_recall(struct carrier *carrier);
/* carrier_is_quiet: no batch is under way, and there is none to send. */
bool carrier_is_quiet(const struct carrier *carrier, const struct dispatch *dispatch);
/* carrier_note takes a note of this carrier's: outcomes go to dispatch, jobs of a batch that failed are given back to
 * it. The error is what went wrong with the adapter, for the journal. */
enum err carrier_note(struct carrier *carrier, struct dispatch *dispatch, int64_t now_ms, const struct note *note,
                      struct arena *arena) MUST_USE;

#endif
