/* confirm.c: openpost confirm: a person says that a copied or restored data folder may start what is scheduled. Works
 * beside a running service (through its ledger) and without one. */
#include <stdio.h>

#include "core/base/process.h"
#include "tools/operator.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost confirm --data DIR [--json]\n"
    " e.g.: openpost confirm --data /var/lib/openpost\n\n"
    "After a restore or a copy nothing starts by itself: look at what is to go out (GET "
    "/v1/posts?status=scheduled&status=queued), make sure that\n"
    "no other installation publishes the same, then confirm. What is due later will be sent. What was "
    "due until now is not, for the\n"
    "original may have sent it: it becomes unknown and needs a person (POST "
    "/v1/posts/{id}/targets/{id}/resolve: published, absent,\n"
    "abandoned), one by one.\n"
    "Keys and accounts are as they were when the copy was made: what was revoked, paused or removed since works again. "
    "Look at\n"
    "openpost key list and GET /v1/integrations, and revoke again, before the service is open to others.\n"
    "Exit code 0: confirmed, or nothing was suspended; 1: refused; 2: the folder cannot be read; 69: the service that "
    "runs on the folder does not answer.";

/* A copy that was never started is suspended first, as the ledger would have done: what is due already must be held. */
static enum err suspend_if_moved(struct operator_hand *hand, struct answer *ret_answer)
{
    bool moved = false;
    char sentence[256];
    TRY(data_moved(&hand->data, &moved, sentence));
    if (!moved) {
        return OK;
    }
    struct command suspend = {.code = COMMAND_suspend_starts, .stream = hand->data.installation_id};
    suspend.suspend_starts.reason = span_text(sentence);
    return operator_command(hand, &suspend, ret_answer);
}

static enum err confirm(struct operator_hand *hand, struct answer *ret_answer)
{
    const bool alone = hand->client == NULL; /* else the ledger that runs has looked where the folder lies */
    struct answer answer = {.refusal = ACCEPTED};
    if (alone) {
        TRY(suspend_if_moved(hand, &answer));
    }
    if (answer.refusal == ACCEPTED) {
        struct command command = {.code = COMMAND_confirm_starts, .stream = hand->data.installation_id};
        TRY(operator_command(hand, &command, &answer));
    }
    if (alone && answer.refusal == ACCEPTED) {
        TRY(data_settle(&hand->data));
    }
    *ret_answer = answer;
    return OK;
}

int tool_confirm(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    const struct option_spec options[] = {
        {"--data", &path, NULL,  "the data folder"},
        {"--json", NULL,  &json, "one JSON object"},
    };
    int code = EXIT_GOOD;
    struct data_folder data;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code) ||
        !data_or_complain("confirm", path, &data, &code) || !files_or_complain("confirm", &data, false, &code)) {
        return code;
    }
    process_prepare("openpost-confirm");
    struct operator_hand hand;
    struct answer answer = {0};
    enum err err = operator_open(&data, &hand);
    err = err == OK ? confirm(&hand, &answer) : err;
    operator_close(&hand);
    if (err != OK) {
        return operator_failed("confirm", &hand, err);
    }
    if (answer.refusal != ACCEPTED) {
        (void)fprintf(stderr, "openpost confirm: %s\n", refusal_desc((enum refusal)answer.refusal)->title);
        return EXIT_ALTERED;
    }
    if (json) {
        (void)printf(answer.events > 0 ? "{\"result\":\"confirmed\"}\n" : "{\"result\":\"nothing_suspended\"}\n");
        return EXIT_GOOD;
    }
    (void)printf(answer.events > 0
                     ? "confirmed: what is due from now on will start; what was due until now needs a person\n"
                       "keys and accounts are as they were when the copy was made: check openpost key list, revoke "
                       "again what was revoked since\n"
                     : "nothing was suspended\n");
    return EXIT_GOOD;
}
