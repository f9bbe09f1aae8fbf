/* agenda_tokens.c: when an account's tokens are exchanged for new ones: before a start that would find them dead, and
 * long before the session ends that nobody used. Called by agenda_due.c. Pure.
 *
 *   a start      is looked at 1 to 5 min before its instant; if the access token dies within 10 min after it, an
 *                exchange is wanted. At once where the instant is near or past: a post for now, a retry, what was held
 *   meanwhile    a start that would find it dead waits for the exchange. One that fails lets it go: its attempt
 *                exchanges itself, or says why not
 *   idle         after a third of the session's life (of 90 days: 27 to 30 days)
 *
 * Each account has its own place in such a span of time, by the random end of its id: ten thousand accounts that post
 * at nine o'clock, or were connected together, are not exchanged in one second. */
#include "core/scheduler/agenda_state.h"

#define AHEAD_LEAST_MS MINUTE_MS
#define AHEAD_MOST_MS LOCK_AHEAD_MS      /* what is locked is known so long before */
#define SESSION_UNKNOWN_MS (90 * DAY_MS) /* the life of a session that does not say */
#define KEPT_LEAST_MS HOUR_MS            /* a pair is not exchanged sooner for its session's sake */
#define BACKOFF_DOUBLED_MAX 7            /* 30 s, 1 min … 64 min between exchanges that fail */
#define BACKOFF_FIRST_MS (30 * SECOND_MS)

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The account's own place in a span. */
static int64_t place_in(const struct integration_item *integration, int64_t span_ms)
{
    const uint64_t place = get_be32(integration->item.uuid + 12);
    return (int64_t)(place * (uint64_t)span_ms >> 32);
}

/* Will a start at that instant find a token that lives on for a while? A pair that is quite new is taken as it is: if
 * it does not last, another exchange would not help. */
static bool lasts(const struct integration_item *integration, int64_t start_ms)
{
    return integration->token_expires_ms == 0 || integration->token_expires_ms >= start_ms + AGENDA_FRESH_MS ||
           start_ms < integration->tokens_ms + AGENDA_FRESH_MS;
}

bool agenda_tokens_awaited(const struct integration_item *integration, int64_t start_ms)
{
    return integration->wanted_ms != 0 && integration->failures == 0 &&
           integration->token_expires_ms <= later(start_ms, integration->wanted_ms);
}

int64_t agenda_tokens_look_ms(const struct integration_item *integration, int64_t start_ms)
{
    if (integration->wanted_ms == 0 && !lasts(integration, start_ms)) {
        return start_ms - AHEAD_MOST_MS + place_in(integration, AHEAD_MOST_MS - AHEAD_LEAST_MS);
    }
    return agenda_tokens_awaited(integration, start_ms) ? TIMERS_NEVER : start_ms;
}

void agenda_tokens_want(struct agenda *agenda, uint32_t index, int64_t start_ms, int64_t now_ms, uint64_t cause)
{
    struct integration_item *integration = integration_at(agenda, index);
    if (integration->wanted_ms != 0 || lasts(integration, later(start_ms, now_ms))) {
        return;
    }
    integration->wanted_ms = now_ms;
    integration->wait_ms =
        integration->connecting ? integration->wait_ms : 0; /* that an idle one failed is no reason */
    integration->cause = integration->connecting ? integration->cause : cause;
    agenda_time_integration(agenda, index);
}

int64_t agenda_tokens_due_ms(const struct integration_item *integration)
{
    if (integration->wanted_ms != 0) {
        return later(integration->wanted_ms, integration->wait_ms);
    }
    if (integration->tokens_ms == 0 || (integration->token_expires_ms == 0 && integration->session_expires_ms == 0)) {
        return TIMERS_NEVER; /* nothing is known that could end */
    }
    const int64_t life_ms = integration->session_expires_ms != 0
                                ? integration->session_expires_ms - integration->tokens_ms
                                : SESSION_UNKNOWN_MS;
    const int64_t kept_ms = life_ms > 0 ? life_ms / 3 - place_in(integration, life_ms / 30) : 0;
    return later(integration->tokens_ms + later(kept_ms, KEPT_LEAST_MS), integration->wait_ms);
}

void agenda_tokens_failed(struct integration_item *integration, int64_t again_ms)
{
    integration->wait_ms = again_ms + BACKOFF_FIRST_MS * ((INT64_C(1) << integration->failures) - 1);
    integration->failures =
        integration->failures < BACKOFF_DOUBLED_MAX ? (uint8_t)(integration->failures + 1) : BACKOFF_DOUBLED_MAX;
}

void agenda_tokens_set(struct integration_item *integration, int64_t tokens_ms, int64_t token_expires_ms,
                       int64_t session_expires_ms)
{
    integration->tokens_ms = tokens_ms;
    integration->token_expires_ms = token_expires_ms;
    integration->session_expires_ms = session_expires_ms;
    integration->wanted_ms = 0;
    integration->failures = 0;
}
