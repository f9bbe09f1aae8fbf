/* confirm.c: openpost confirm: a person says that a copied or restored data folder may start what is scheduled. Works
 * beside a running service (through its ledger) and without one. */
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/wire/client.h"
#include "tools/parts.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost confirm --data DIR\n\n"
    "After a restore or a copy nothing starts by itself: look at what is scheduled (GET "
    "/v1/posts?status=scheduled), make sure that\n"
    "no other installation publishes the same, then confirm. What is due later will be sent. What was "
    "due until now is not, for the\n"
    "original may have sent it: it becomes unknown and needs a person (POST "
    "/v1/posts/{id}/targets/{id}/resolve: published, absent,\n"
    "abandoned), one by one.";

static enum err ask_running(const struct data_folder *data, const char *url, struct command *command,
                            struct answer *ret_answer)
{
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    OWNED(client_close) struct client *client = NULL;
    uint8_t randomness[10];
    TRY(data_party_key(data, PARTY_OPERATOR, options.key));
    TRY(client_open(&options, &client));
    random_fill(randomness, sizeof randomness);
    command->command_id = id_make(ID_COMMAND, clock_wall_ms(), randomness);
    command->actor = ACTOR_OPERATOR;
    return client_command_wait(client, command, NULL, 10000, ret_answer);
}

/* A copy that was never started is suspended first, as the ledger would have done: what is due already must be held. */
static enum err confirm_here(struct parts *parts, struct command *command, struct answer *ret_answer)
{
    bool moved = false;
    char sentence[256];
    TRY(data_moved(&parts->data, &moved, sentence));
    if (moved) {
        struct command suspend = {.code = COMMAND_suspend_starts, .stream = parts->data.installation_id};
        suspend.suspend_starts.reason = span_text(sentence);
        TRY(parts_command(parts, &suspend, clock_wall_ms(), ret_answer));
        if (ret_answer->refusal != ACCEPTED) {
            return OK;
        }
    }
    TRY(parts_command(parts, command, clock_wall_ms(), ret_answer));
    return ret_answer->refusal == ACCEPTED ? data_settle(&parts->data) : OK;
}

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
    struct parts parts = {.lock_fd = -1};
    struct log_fault fault = {0};
    struct answer answer = {0};
    struct command command = {.code = COMMAND_confirm_starts, .stream = data.installation_id};
    char url[128];
    enum err err = parts_open(&data, false, &parts, &fault);
    if (err == ERR_BUSY) {
        err = data_address_read(&data, url, sizeof url);
        err = err == OK ? ask_running(&data, url, &command, &answer) : err;
    } else if (err == OK) {
        err = confirm_here(&parts, &command, &answer);
        parts_close(&parts);
    }
    if (err != OK) {
        return complain("confirm", fault.sentence[0] != 0 ? fault.sentence : path, err, EXIT_CANNOT);
    }
    if (answer.refusal != ACCEPTED) {
        (void)fprintf(stderr, "openpost confirm: %s\n", refusal_desc((enum refusal)answer.refusal)->title);
        return EXIT_ALTERED;
    }
    (void)printf(answer.events > 0
                     ? "confirmed: what is due from now on will start; what was due until now needs a person\n"
                     : "nothing was suspended\n");
    return EXIT_GOOD;
}
