/* account_stories.h: rows about the installation and about accounts. */
#ifndef OPENPOST_TESTS_ACCOUNT_STORIES_H
#define OPENPOST_TESTS_ACCOUNT_STORIES_H

#include "tests/unit/decider_story.h"

/* A story is one line, whatever its length. */
/* clang-format off */
static const struct story account_stories[] = {
    /* the installation */
    {"each ledger process has its own epoch", "ledger", "ledger", "ledger_started 3"},
    {"a clock that jumps is suspected", "", "suspect", "clock_suspected"},
    {"a suspected clock is not suspected again", "suspect", "suspect", "nothing"},
    {"a clock is trusted again", "suspect", "trust", "clock_trusted"},
    {"a trusted clock needs no trust", "", "trust", "nothing"},
    {"a copied folder starts nothing", "", "suspend", "starts_suspended"},
    {"a suspended folder is not suspended again", "suspend", "suspend", "nothing"},
    {"a person confirms what a copied folder may start", "suspend", "confirm", "starts_confirmed"},
    {"nothing is suspended, nothing to confirm", "", "confirm", "nothing"},

    {"strangers are the installation's", "strangers", "strangers", "access_refused"},
    {"which keys were used is a fact each time", "used", "used", "credentials_used"},
    {"none was used, nothing to say", "", "used nothing", "nothing"},

    /* connecting */
    {"somebody asks to connect an account", "", "connect n", "integration_connecting"},
    {"asked once, the platform's answer is awaited", "connect n", "connect n", "refused integration_connecting"},
    {"the platform accepts", "connect n", "accept n", "integration_connected"},
    {"the same answer again is nothing new", "connect n, accept n", "accept n", "nothing"},
    {"the platform refuses", "connect n", "refuse n", "integration_refused"},
    {"the same refusal again is nothing new", "connect n, refuse n", "refuse n", "nothing"},
    {"refused once, it may be asked again", "connect n, refuse n", "connect n", "integration_connecting"},
    {"an acceptance that comes after a refusal is a fact", "connect n, refuse n", "accept n", "integration_connected"},
    {"an account is connected once in a workspace", "connect n", "accept n taken", "refused account_exists"},
    {"nobody asked, nothing to accept", "", "accept n", "refused not_found"},
    {"an account needs a workspace", "", "connect n tenant=9", "refused not_found"},
    {"a plan bounds accounts", "plan small integrations=3", "connect n in_use=3", "refused plan_limit"},
    {"within its plan an account is connected", "plan small integrations=3", "connect n in_use=2", "integration_connecting"},
    {"one that was refused takes a place to be connected", "connect n, refuse n, plan small integrations=3", "connect n vault=2 in_use=3", "refused plan_limit"},
    {"where there is one it gets it", "connect n, refuse n, plan small integrations=3", "connect n vault=2 in_use=2", "integration_connecting"},
    {"while it is connecting it has one", "connect n, plan small integrations=3", "connect n vault=2 in_use=3", "refused integration_connecting"},
    {"a plan that shrank holds no reconnection up", "disconnect a, plan small integrations=3", "connect a vault=2 in_use=6", "integration_connecting"},
    {"another workspace's account is not there", "", "connect a tenant=2", "refused not_found"},
    {"reconnecting keeps the id", "disconnect a", "connect a vault=2", "integration_connecting"},
    {"reconnecting brings the same account back", "disconnect a, connect a vault=2", "accept a vault=2", "integration_connected"},
    {"reconnecting another account is refused", "disconnect a, connect a vault=2", "accept a vault=2 account=b", "refused account_mismatch"},
    {"reconnecting on another channel is refused", "disconnect a", "connect a as_x", "refused account_mismatch"},
    {"a failed reconnection leaves what works", "connect a vault=2, refuse a, create a now, lock a", "start a", "attempt_started a 1 part 0 due 0 deadline 120"},
    {"a failed reconnection leaves what does not work", "disconnect a, connect a vault=2, refuse a, create a now, lock a", "start a", "refused integration_disconnected"},
    {"while a reconnection is under way the old connection works", "connect a vault=2, create a now, lock a", "start a", "attempt_started a 1 part 0 due 0 deadline 120"},

    /* tokens */
    {"tokens are exchanged", "", "tokens a vault=2", "integration_refreshed"},
    {"the same pair again is nothing new", "tokens a vault=2", "tokens a vault=2", "nothing"},
    {"a disconnected account has no tokens to exchange", "disconnect a", "tokens a vault=2", "refused integration_disconnected"},
    {"a pair that came of one that is no longer used changes nothing", "connect a, accept a vault=2", "tokens a vault=3 from=1", "nothing"},
    {"a pair that came of the one in use takes its place", "tokens a vault=2", "tokens a vault=3 from=2", "integration_refreshed"},
    {"a pair that is refused when it is no longer used disconnects nothing", "connect a, accept a vault=2", "disconnect a from=1", "nothing"},
    {"the pair in use that is refused disconnects", "tokens a vault=2", "disconnect a from=2", "integration_disconnected"},
    {"a connecting account has no tokens yet", "connect n", "tokens n vault=2", "refused integration_connecting"},

    /* pause, disconnect, delete */
    {"a session that ends within a week is told of", "connect n, accept n session=604800", "warn n session=604800", "integration_expiring"},
    {"not sooner", "connect n, accept n session=604801", "warn n session=604801", "nothing"},
    {"nor one that does not end", "connect n, accept n", "warn n session=0", "nothing"},
    {"nor an end that is another by now", "connect n, accept n session=3600, tokens n vault=2 session=7200", "warn n session=3600", "nothing"},
    {"once", "connect n, accept n session=3600, warn n session=3600", "warn n session=3600", "nothing"},
    {"also where each exchange gives a short one", "connect n, accept n session=3600, warn n session=3600, tokens n vault=2 session=7200", "warn n session=7200", "nothing"},
    {"again when it was far off in between", "connect n, accept n session=3600, warn n session=3600, tokens n vault=2 session=704800, at 100000", "warn n session=704800", "integration_expiring"},
    {"and when a person has connected anew", "connect n, accept n session=3600, warn n session=3600, connect n vault=2, accept n vault=2 session=7200", "warn n session=7200", "integration_expiring"},
    {"of what is disconnected that was told already", "connect n, accept n session=3600, disconnect n", "warn n session=3600", "nothing"},
    {"an account is paused", "", "pause a", "integration_paused"},
    {"a paused account is not paused again", "pause a", "pause a", "nothing"},
    {"an account is resumed", "pause a", "resume a", "integration_resumed"},
    {"an account that is not paused goes on already", "", "resume a", "nothing"},
    {"the platform no longer accepts the credentials", "", "disconnect a", "integration_disconnected"},
    {"a disconnected account is not disconnected again", "disconnect a", "disconnect a", "nothing"},
    {"a connecting account cannot be disconnected", "connect n", "disconnect n", "nothing"},
    {"an account is deleted", "", "remove a", "integration_deleted"},
    {"a deleted account is not there", "remove a", "remove a", "refused not_found"},
    {"a deleted account does not come back", "remove a", "connect a", "refused not_found"},
    {"an account with open targets cannot be deleted", "", "remove a open=1", "refused integration_in_use"},
    {"a connection under way ends with the account", "connect a vault=2, remove a", "accept a vault=2", "refused not_found"},
};
/* clang-format on */

#endif
