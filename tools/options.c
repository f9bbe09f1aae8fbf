/* options.c: the command line, read the same way by every subcommand. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "tools/tools.h"

#define DURATION_MAX_MS ((int64_t)3660 * DAY_MS)

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
    (void)printf("  --help                    this page\n\n" EXIT_HELP);
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
    uint64_t given = 0; /* bit k: options[k] */
    ASSERT(option_count <= 64);
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
        const uint64_t bit = UINT64_C(1) << (option - options);
        if ((given & bit) != 0) { /* neither the first nor the last word is what was surely meant */
            return wrong(argv[0], "given twice", option->name, ret_exit);
        }
        given |= bit;
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

bool duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {
        {'s', SECOND_MS},
        {'m', MINUTE_MS},
        {'h', HOUR_MS  },
        {'d', DAY_MS   },
    };

    const size_t len = strlen(text);
    uint64_t count = 0;
    if (len < 2 || span_to_u64(span_of(text, len - 1), &count) != OK) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (text[len - 1] == units[i].letter && count <= (uint64_t)(DURATION_MAX_MS / units[i].ms)) {
            *ret_ms = (int64_t)count * units[i].ms;
            return true;
        }
    }
    return false;
}

bool when_parse(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    int64_t after_ms = 0;
    int64_t when_ms = 0;
    if (duration_parse(text, &after_ms) && after_ms % DAY_MS == 0) {
        when_ms = now_ms + after_ms;
    } else if (instant_parse(span_text(text), &when_ms) != INSTANT_OK) {
        return false;
    }
    *ret_ms = when_ms;
    return when_ms > now_ms;
}

bool hidden_line(const char *prompt, char *line, size_t size)
{
    struct termios as_it_was;
    const bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &as_it_was) == 0;
    if (terminal) {
        struct termios silent = as_it_was;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs(prompt, stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    const bool read = fgets(line, (int)size, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &as_it_was);
        (void)fputs("\n", stderr);
    }
    if (read) {
        line[strcspn(line, "\n")] = 0;
    }
    return read;
}

void print_member(bool opens, const char *name, struct span value)
{
    char text[4096];
    struct buf out = buf_of(text, sizeof text);
    json_string(&out, value);
    ASSERT(buf_terminated(&out) != NULL);
    (void)printf("%c\"%s\":%s", opens ? '{' : ',', name, text);
}

void to_column(struct buf *out, size_t width)
{
    do {
        buf_byte(out, ' ');
    } while (out->len < width && buf_ok(out));
}

int complain(const char *command, const char *sentence, enum err err, int exit_code)
{
    (void)fprintf(stderr, "openpost %s: %s: %s\n", command, sentence, err_sentence(err));
    return exit_code;
}

int complain_of_folder(const char *command, const char *path, bool writes, enum err err, int exit_code)
{
    char sentence[DATA_SENTENCE_MAX];
    if (err != ERR_ACCESS || !data_denied(path, writes, sentence)) {
        return complain(command, path, err, exit_code);
    }
    (void)fprintf(stderr, "openpost %s: %s\n", command, sentence);
    return exit_code;
}

struct listen_address {
    socklen_t len;

    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};

static bool listen_parse(const char *value, struct listen_address *ret_address)
{
    struct listen_address address = {0};
    char host[64];
    uint64_t port = 0;
    const char *colon = strrchr(value, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - value);
    const bool in6 = len >= 2 && value[0] == '[' && value[len - 1] == ']';
    value += in6 ? 1 : 0;
    len -= in6 ? 2 : 0;
    if (len == 0 || len >= sizeof host || span_to_u64(span_text(colon + 1), &port) != OK || port < 1 || port > 65535) {
        return false;
    }
    memcpy(host, value, len);
    host[len] = 0;
    if (in6) {
        address.len = sizeof address.in6;
        address.in6.sin6_family = AF_INET6;
        address.in6.sin6_port = htons((uint16_t)port);
    } else {
        address.len = sizeof address.in;
        address.in.sin_family = AF_INET;
        address.in.sin_port = htons((uint16_t)port);
    }
    if (inet_pton(address.any.sa_family, host, in6 ? (void *)&address.in6.sin6_addr : (void *)&address.in.sin_addr) !=
        1) {
        return false;
    }
    *ret_address = address;
    return true;
}

static bool is_loopback(const struct listen_address *address)
{
    return address->any.sa_family == AF_INET ? ntohl(address->in.sin_addr.s_addr) >> 24 == 127
                                             : IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
}

bool listen_or_complain(const char *command, const char *option, const char *value, bool loopback_only, int *ret_exit)
{
    struct listen_address address;
    if (!listen_parse(value, &address)) {
        (void)fprintf(stderr,
                      "openpost %s: %s %s: expected ADDR:PORT with a numeric address and a port of 1 to 65535, for "
                      "example 127.0.0.1:8080 or [::1]:8080\n",
                      command, option, value);
        *ret_exit = EXIT_USAGE_WRONG;
        return false;
    }
    if (loopback_only && !is_loopback(&address)) {
        (void)fprintf(stderr, "openpost %s: %s %s: only on loopback, for example 127.0.0.1:8081\n", command, option,
                      value);
        *ret_exit = EXIT_USAGE_WRONG;
        return false;
    }
    return true;
}

/* The system's reason for which nobody can listen there now; 0: none is known. */
static int listen_obstacle(const char *value)
{
    struct listen_address address;
    if (!listen_parse(value, &address)) {
        return EINVAL;
    }
    const int yes = 1;
    const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    const bool bound =
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 || bind(fd, &address.any, address.len) == 0;
    const int number = bound ? 0 : errno;
    (void)close(fd);
    return number;
}

bool listen_is_free(const char *value)
{
    return listen_obstacle(value) != EADDRINUSE;
}

bool listen_free_or_complain(const char *command, const char *option, const char *value)
{
    const int number = listen_obstacle(value);
    const char *sentence = number == EADDRINUSE      ? "another program listens there"
                           : number == EADDRNOTAVAIL ? "it is not an address of this machine"
                           : number == EACCES
                               ? "this user may not listen on that port; one of 1024 or above is free to all"
                               : NULL;
    if (sentence != NULL) {
        (void)fprintf(stderr, "openpost %s: %s %s: %s\n", command, option, value, sentence);
    }
    return sentence == NULL;
}

/* A data folder, but for its file installation. */
static bool is_damaged(const char *path, char ret_sentence[DATA_SENTENCE_MAX])
{
    char seed[DATA_PATH_MAX];
    struct data_folder data = {0};
    if (path_join(seed, sizeof seed, path, "log.seed") != OK || access(seed, F_OK) != 0) {
        return false;
    }
    (void)snprintf(data.path, sizeof data.path, "%s", path);
    return data_check(&data, false, ret_sentence) != OK;
}

bool files_or_complain(const char *command, const struct data_folder *data, bool with_vault, int *ret_exit)
{
    char sentence[DATA_SENTENCE_MAX];
    if (data_check(data, with_vault, sentence) == OK) {
        return true;
    }
    (void)fprintf(stderr, "openpost %s: %s\n", command, sentence);
    *ret_exit = EXIT_UNREADABLE;
    return false;
}

bool data_or_complain(const char *command, const char *path, struct data_folder *ret_data, int *ret_exit)
{
    if (path == NULL) {
        (void)fprintf(stderr, "openpost %s: --data DIR is missing (try --help)\n", command);
        *ret_exit = EXIT_USAGE_WRONG;
        return false;
    }
    const enum err err = data_open(path, ret_data);
    char sentence[DATA_SENTENCE_MAX];
    if (err != OK && is_damaged(path, sentence)) {
        (void)fprintf(stderr, "openpost %s: %s\n", command, sentence);
        *ret_exit = EXIT_UNREADABLE;
        return false;
    }
    if (err == ERR_ACCESS) {
        *ret_exit = complain_of_folder(command, path, false, err, EXIT_UNREADABLE);
        return false;
    }
    if (err != OK) {
        const bool lacks = err == ERR_NOT_FOUND && access(path, F_OK) == 0;
        (void)fprintf(stderr, "openpost %s: --data %s is not a data folder of openpost: %s\n", command, path,
                      lacks ? "it has no file installation" : err_sentence(err));
        if (strcmp(command, "serve") == 0) { /* whoever examines or confirms has one already, elsewhere */
            (void)fprintf(stderr, "make one with openpost init --data %s\n", path);
        }
        *ret_exit = EXIT_UNREADABLE;
        return false;
    }
    return true;
}

void print_shown(const char *line, bool json)
{
    print_shown_line(span_text(line != NULL ? line : ""), json);
}

void print_shown_line(struct span line, bool json)
{
    const bool is_text = span_is_utf8(line); /* what came over a command line need not be */
    size_t begin = 0;                        /* of what is printed as it is */
    for (size_t at = 0; at < line.len;) {
        const uint8_t byte = line.data[at];
        uint32_t character = byte;
        size_t len = 1;
        const bool is_order = is_text ? (byte < 0x20 || byte >= 0x7F) &&
                                            print_is_order(span_of(line.data + at, line.len - at), &character, &len)
                                      : byte < 0x20 || byte >= 0x7F;
        if (is_order) {
            (void)fwrite(line.data + begin, 1, at - begin, stdout);
            if (json) {
                (void)printf("\\u%04x", (unsigned)character);
            } else {
                (void)putchar('?');
            }
            begin = at + len;
        }
        at += len;
    }
    (void)fwrite(line.data + begin, 1, line.len - begin, stdout);
    (void)putchar('\n');
}
