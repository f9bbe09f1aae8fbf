/* confirm.c: openpost confirm: a person says that a copied or restored data folder may start what is scheduled. Works
 * beside a running service (through its ledger) and without one. */
#include <stdio.h>

#include "core/base/process.h"
#include "tools/operator.h"
#include "tools/tools.h"

static const char usage[] = "usage: openpost confirm --data DIR\n\n"
                            "After a restore or a copy nothing starts by itself: look at what is scheduled (GET "
                            "/v1/posts?status=scheduled), make sure that\n"
                            "no other installation publishes the same, then confirm. Targets that were due meanwhile "
                            "are not sent: resolve them one by one.";

int tool_confirm(int argc, char **argv)
{
    const char *path = NULL;
    const struct option_spec options[] = {
        {"--data", &path, NULL, "the data folder"},
    };
    int code = EXIT_GOOD;
    struct data_folder data;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code) ||
        !data_or_complain("confirm", path, &data, &code)) {
        return code;
    }
    process_prepare("openpost-confirm");
    struct operator_hand hand;
    struct answer answer = {0};
    struct command command = {.code = COMMAND_confirm_starts, .stream = data.installation_id};
    enum err err = operator_open(&data, &hand);
    err = err == OK ? operator_command(&hand, &command, &answer) : err;
    err = err == OK && hand.client == NULL ? data_settle(&data) : err;
    operator_close(&hand);
    if (err != OK) {
        return complain("confirm", hand.fault.sentence[0] != 0 ? hand.fault.sentence : path, err, EXIT_CANNOT);
    }
    if (answer.refusal != ACCEPTED) {
        (void)fprintf(stderr, "openpost confirm: %s\n", refusal_desc((enum refusal)answer.refusal)->title);
        return EXIT_ALTERED;
    }
    (void)printf(answer.events > 0 ? "confirmed: what is scheduled will start\n" : "nothing was suspended\n");
    return EXIT_GOOD;
}
