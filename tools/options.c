/* options.c: the command line, read the same way by every subcommand. */
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/process.h"
#include "tools/tools.h"

static void print_help(const char *usage, const struct option_spec *options, size_t option_count)
{
    (void)printf("%s\n", usage);
    if (option_count > 0) {
        (void)printf("\noptions:\n");
    }
    for (size_t i = 0; i < option_count; i++) {
        const bool flag = options[i].value == NULL;
        (void)printf("  %s%-*s  %s\n", options[i].name, (int)(24 - strlen(options[i].name)), flag ? "" : " VALUE",
                     options[i].help);
    }
    (void)printf("  --help                    this page\n");
}

/* The option that arg names, and its value when it has the form --name=VALUE. */
static const struct option_spec *find_option(const char *arg, const struct option_spec *options, size_t option_count,
                                             const char **ret_value)
{
    for (size_t i = 0; i < option_count; i++) {
        const size_t len = strlen(options[i].name);
        if (strncmp(arg, options[i].name, len) == 0 && (arg[len] == 0 || arg[len] == '=')) {
            *ret_value = arg[len] == '=' ? arg + len + 1 : NULL;
            return &options[i];
        }
    }
    return NULL;
}

static bool wrong(const char *command, const char *what, const char *arg, int *ret_exit)
{
    (void)fprintf(stderr, "openpost %s: %s: %s (try --help)\n", command, what, arg);
    *ret_exit = EXIT_USAGE_WRONG;
    return false;
}

bool options_parse(int argc, char **argv, const char *usage, const struct option_spec *options, size_t option_count,
                   const char **rest, size_t rest_max, size_t *ret_rest, int *ret_exit)
{
    size_t rest_count = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(usage, options, option_count);
            *ret_exit = EXIT_GOOD;
            return false;
        }
        const char *value = NULL;
        const struct option_spec *option = find_option(argv[i], options, option_count, &value);
        if (option == NULL && argv[i][0] == '-') {
            return wrong(argv[0], "unknown option", argv[i], ret_exit);
        }
        if (option == NULL) {
            if (rest_count == rest_max) {
                return wrong(argv[0], "unexpected argument", argv[i], ret_exit);
            }
            rest[rest_count] = argv[i];
            rest_count++;
            continue;
        }
        if (option->value == NULL) {
            if (value != NULL) {
                return wrong(argv[0], "takes no value", option->name, ret_exit);
            }
            *option->seen = true;
            continue;
        }
        if (value == NULL) {
            if (i + 1 == argc) {
                return wrong(argv[0], "needs a value", option->name, ret_exit);
            }
            i++;
            value = argv[i];
        }
        *option->value = value;
    }
    if (ret_rest != NULL) {
        *ret_rest = rest_count;
    }
    return true;
}

int complain(const char *command, const char *sentence, enum err err, int exit_code)
{
    (void)fprintf(stderr, "openpost %s: %s: %s\n", command, sentence, err_sentence(err));
    return exit_code;
}

bool data_or_complain(const char *command, const char *path, struct data_folder *ret_data, int *ret_exit)
{
    if (path == NULL) {
        (void)fprintf(stderr, "openpost %s: --data DIR is missing (try --help)\n", command);
        *ret_exit = EXIT_USAGE_WRONG;
        return false;
    }
    const enum err err = data_open(path, ret_data);
    if (err != OK) {
        (void)fprintf(stderr,
                      "openpost %s: %s is not a data folder of openpost: %s; make one with openpost init --data %s\n",
                      command, path, err_sentence(err), path);
        *ret_exit = EXIT_UNREADABLE;
        return false;
    }
    return true;
}
