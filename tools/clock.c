/* clock.c: openpost clock accept: a person says that the wall clock is right, whatever the log's last stamp says.
 * Beside a running service (through its ledger) and without one. */
#include <stdio.h>
#include <string.h>

#include "core/base/process.h"
#include "tools/operator.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost clock accept --data DIR [--json]\n"
    " e.g.: openpost clock accept --data /var/lib/openpost\n\n"
    "While the wall clock is suspect (it jumped, or is behind the log's last stamp, by more than 2 s) nothing is "
    "locked,\n"
    "started or missed. That ends by itself after 60 s in which the clocks agree. Set the clock right first; then, if "
    "it\n"
    "is still behind the last stamp, accept it: what is due starts at once, but events keep the last stamp until the\n"
    "clock has passed it, and what is counted from an event waits as long: a post that is to go out now, a retry, a "
    "new\n"
    "account. Till then an instant before the stamp has passed (timestamp_past), and a key, a membership or an\n"
    "invitation that ends before it can read, but do nothing. A ledger that starts again before that has to be told "
    "again.\n"
    "Exit code 0: accepted, or it was not suspect; 1: refused; 2: the folder cannot be read; 69: the service that runs "
    "on the folder does not answer.";

int tool_clock(int argc, char **argv)
{
    const char *path = NULL;
    const char *words[1] = {NULL};
    size_t count = 0;
    int code = EXIT_GOOD;
    struct data_folder data;
    bool json = false;
    const struct option_spec options[] = {
        {"--data", &path, NULL,  "the data folder"},
        {"--json", NULL,  &json, "one JSON object"},
    };
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, words, 1, &count, &code)) {
        return code;
    }
    if (count != 1 || strcmp(words[0], "accept") != 0) {
        (void)fprintf(stderr, "openpost clock: what to do with it? There is only: accept (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    if (!data_or_complain("clock", path, &data, &code) || !files_or_complain("clock", &data, false, &code)) {
        return code;
    }
    process_prepare("openpost-clock");
    struct operator_hand hand;
    struct answer answer = {0};
    struct command command = {.code = COMMAND_trust_clock, .stream = data.installation_id};
    command.trust_clock.by_operator = true;
    enum err err = operator_open(&data, &hand);
    if (err == OK) {
        err = operator_command(&hand, &command, &answer);
        operator_close(&hand);
    }
    if (err != OK) {
        return operator_failed("clock", &hand, err);
    }
    if (answer.refusal != ACCEPTED) {
        (void)fprintf(stderr, "openpost clock: %s\n", refusal_desc((enum refusal)answer.refusal)->title);
        return EXIT_ALTERED;
    }
    if (json) {
        (void)printf(answer.events > 0 ? "{\"result\":\"accepted\"}\n" : "{\"result\":\"not_suspect\"}\n");
    } else {
        (void)printf(answer.events > 0 ? "accepted: starts go on\n" : "the clock was not suspect\n");
    }
    return EXIT_GOOD;
}
