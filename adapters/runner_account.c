/* runner_account.c: see runner_account.h. Called by runner.c. Must never hand out an account's place while a commit of
 * its is under way or in line. */
#include "adapters/runner_account.h"

#include "core/base/assert.h"

void runner_accounts_init(struct runner_accounts *accounts, struct runner_account *items, uint32_t count)
{
    *accounts = (struct runner_accounts){.spare = NULL};
    for (uint32_t i = 0; i < count; i++) {
        items[i].next = accounts->spare;
        accounts->spare = &items[i];
    }
}

/* Forgets the accounts of a bucket that nobody needs and that may send by now_ms. */
static void sweep(struct runner_accounts *accounts, size_t bucket, int64_t now_ms)
{
    struct runner_account **at = &accounts->buckets[bucket];
    while (*at != NULL) {
        struct runner_account *account = *at;
        if (account->open > 0 || account->line.first != NULL || account->quiet_ms > now_ms) {
            at = &account->next;
            continue;
        }
        *at = account->next;
        account->next = accounts->spare;
        accounts->spare = account;
    }
}

struct runner_account *runner_account_of(struct runner_accounts *accounts, const struct id *integration_id,
                                         int64_t now_ms)
{
    const size_t count = sizeof accounts->buckets / sizeof *accounts->buckets;
    const size_t bucket = integration_id->uuid[15] % count; /* random in every id that was minted */
    sweep(accounts, bucket, now_ms);
    struct runner_account *account = accounts->buckets[bucket];
    while (account != NULL && !id_equal(&account->integration_id, integration_id)) {
        account = account->next;
    }
    if (account != NULL) {
        return account;
    }
    for (size_t i = 0; i < count && accounts->spare == NULL; i++) {
        sweep(accounts, i, INT64_MAX);
    }
    account = accounts->spare;
    ASSERT(account != NULL);
    accounts->spare = account->next;
    *account = (struct runner_account){
        .next = accounts->buckets[bucket], .integration_id = *integration_id, .room = RUNNER_ROOM_FIRST};
    accounts->buckets[bucket] = account;
    return account;
}

void runner_account_ended(struct runner_account *account, const struct job_outcome *outcome, int64_t now_ms)
{
    ASSERT(account->open > 0);
    account->open--;
    if (outcome->outcome == OUTCOME_ACCEPTED && account->room < RUNNER_ROOM_MAX) {
        account->room++;
    }
    if (outcome->outcome == OUTCOME_DEFERRED || (account->open == 0 && account->line.first == NULL)) {
        account->room = RUNNER_ROOM_FIRST;
    }
    if (outcome->outcome == OUTCOME_DEFERRED || outcome->until_ms != 0) {
        account->until_ms = outcome->until_ms;
        account->quiet_ms = outcome->until_ms != 0 ? outcome->until_ms : now_ms + RUNNER_QUIET_MS;
    }
}
