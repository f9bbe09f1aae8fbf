/* runner_account.h: how many commits of an account may be under way, and which wait for that; for runner.c alone.
 *
 * A burst begins with two commits, so that one that hangs holds up none but itself; each that is accepted makes room
 * for one more, up to RUNNER_ROOM_MAX: twice as many each round. So a platform that limits the account says so to the
 * few that were under way, and the others are not sent. */
#ifndef OPENPOST_ADAPTERS_RUNNER_ACCOUNT_H
#define OPENPOST_ADAPTERS_RUNNER_ACCOUNT_H

#include "core/message/message.h"

#define RUNNER_ROOM_FIRST 2u
#define RUNNER_ROOM_MAX 8u
#define RUNNER_QUIET_MS ((int64_t)30 * 1000) /* after a limit whose end the platform did not name */

struct slot;

struct runner_line {
    struct slot *first, *last;
};

struct runner_account {
    struct runner_account *next; /* in its bucket, or among those to spare */
    struct id integration_id;
    uint32_t open;           /* commits under way, or about to be */
    uint32_t room;           /* so many may be */
    struct runner_line line; /* commits that wait for room */
    int64_t quiet_ms;        /* nothing is sent before */
    int64_t until_ms;        /* what the platform said; 0: it named no instant */
};

struct runner_accounts {
    struct runner_account *buckets[256];
    struct runner_account *spare;
};

/* runner_accounts_init takes the memory of count accounts: as many as there may be with a commit under way or in line,
 * and one. */
void runner_accounts_init(struct runner_accounts *accounts, struct runner_account *items, uint32_t count);
/* runner_account_of finds an account or begins it. Stays where it is while a commit is under way or in line; one that
 * has none is forgotten some time after it may send again, or when its place is needed. */
struct runner_account *runner_account_of(struct runner_accounts *accounts, const struct id *integration_id,
                                         int64_t now_ms);
/* runner_account_ended: one of its commits is no longer under way, by this outcome; what waits in line may have
 * room. */
void runner_account_ended(struct runner_account *account, const struct job_outcome *outcome, int64_t now_ms);

#endif
