/* notices.h: which events an operator is told of in the journal, in which words, and how often: one line per change of
 * state that somebody may have to act upon. Ids and our own words only; what a person or platform wrote is in the log.
 * Pure: the process writes the lines. */
#ifndef OPENPOST_SCHEDULER_NOTICES_H
#define OPENPOST_SCHEDULER_NOTICES_H

#include "core/log/log.h"
#include "core/message/message.h"

#define NOTICES_A_MINUTE 30 /* of one kind: enough to see what happens; the rest is counted and is in the log */
#define NOTICE_TEXT_MAX 512

/* clang-format off */
#define NOTICE_TABLE(X) \
    X(STARTS_SUSPENDED, starts_suspended) X(STARTS_CONFIRMED, starts_confirmed) \
    X(CLOCK_SUSPECTED, clock_suspected) X(CLOCK_TRUSTED, clock_trusted) \
    X(WORKSPACE_PAUSED, workspace_paused) X(WORKSPACE_RESUMED, workspace_resumed) \
    X(INTEGRATION_DISCONNECTED, integration_disconnected) X(INTEGRATION_CONNECTED, integration_connected) \
    X(OUTCOME_UNKNOWN, outcome_unknown) X(OUTCOME_KNOWN, outcome_known) \
    X(OUTCOME_CONTRADICTED, outcome_contradicted) X(NEEDS_PERSON, needs_person) \
    X(TARGET_RESOLVED, target_resolved) X(TARGET_FAILED, target_failed) X(TARGETS_MISSED, targets_missed)
/* clang-format on */
#define X(name_, word_) NOTICE_##name_,

enum notice_kind { NOTICE_TABLE(X) NOTICE_COUNT };

#undef X

struct notice {
    enum notice_kind kind;
    bool warns; /* somebody should act */
    char text[NOTICE_TEXT_MAX];
};

/* notice_word names a kind: the journal's what. */
const char *notice_word(enum notice_kind kind);
/* notice_of makes an event's line; false: it has none. */
bool notice_of(const struct log_event *at, const struct event *event, struct notice *ret_notice);

/* How many lines of each kind were written in the minute that began last, and how many were left out. Zeros: none. */
struct notice_count {
    int64_t since_ms;
    uint32_t written, left_out;
};

struct notices {
    struct notice_count counts[NOTICE_COUNT];
};

/* notices_allow tells whether a line of the kind may be written at now_ms, and counts it either way. */
bool notices_allow(struct notices *notices, enum notice_kind kind, int64_t now_ms);
/* notices_left_out finds a kind whose minute is over and of which lines were left out, and forgets them; false: none.
 */
bool notices_left_out(struct notices *notices, int64_t now_ms, enum notice_kind *ret_kind, uint32_t *ret_count);

#endif
