/* tools.h: the subcommands of openpost, one function each, and what they share. Each prints its own --help, writes
 * results to stdout and complaints to stderr, and returns the process's exit code (core/base/process.h). */
#ifndef OPENPOST_TOOLS_TOOLS_H
#define OPENPOST_TOOLS_TOOLS_H

#include "core/ledger/data.h"

int tool_init(int argc, char **argv);
int tool_serve(int argc, char **argv);
int tool_verify(int argc, char **argv);
int tool_log(int argc, char **argv);
int tool_replay(int argc, char **argv);
int tool_key(int argc, char **argv);
int tool_workspace(int argc, char **argv);
int tool_user(int argc, char **argv);
int tool_provider(int argc, char **argv);
int tool_post(int argc, char **argv);
int tool_account(int argc, char **argv);
int tool_queue(int argc, char **argv);
int tool_series(int argc, char **argv);
int tool_template(int argc, char **argv);
int tool_notification(int argc, char **argv);
int tool_backup(int argc, char **argv);
int tool_confirm(int argc, char **argv);
int tool_clock(int argc, char **argv);
int tool_bench(int argc, char **argv);

/* One --option of a subcommand. value NULL: a flag (seen is set). Options are --name VALUE or --name=VALUE. */
struct option_spec {
    const char *name; /* with its dashes */
    const char **value;
    bool *seen;
    const char *help;
};

/* options_parse reads argv[1..]; what is no option goes to rest (at most rest_max, in order). None may be given twice.
 * Prints what is wrong, or the help, and returns false: the caller returns *ret_exit. usage is the first lines of the
 * help. */
bool options_parse(int argc, char **argv, const char *usage, const struct option_spec *options, size_t option_count,
                   const char **rest, size_t rest_max, size_t *ret_rest, int *ret_exit);

/* duration_parse reads a whole number and its unit: 30s, 15m, 6h, 90d; at most ten years. False: it is none. */
bool duration_parse(const char *text, int64_t *ret_ms);

/* when_parse reads an instant, 2027-01-01T00:00:00Z, or a whole number of days from now, 90d. False: it is none, or not
 * after now_ms: what is good for no time is a slip of the hand. */
#define WHEN_EXPECTED "an instant to come, like 2027-01-01T00:00:00Z, or days, like 90d"
bool when_parse(const char *text, int64_t now_ms, int64_t *ret_ms);

/* hidden_line reads a line from stdin, without its end, of at most size - 2 bytes; at a terminal it is asked for with
 * prompt and not shown. False: there is none. The caller wipes it. */
bool hidden_line(const char *prompt, char *line, size_t size);

/* print_member prints ,"name":"value" as JSON, the first member after its brace: opens true. */
void print_member(bool opens, const char *name, struct span value);

/* to_column appends spaces, one at least, until the line in out has width bytes: what follows stands in a column. */
void to_column(struct buf *out, size_t width);

/* complain prints "openpost COMMAND: sentence: err's sentence" and returns exit_code. */
int complain(const char *command, const char *sentence, enum err err, int exit_code);

/* complain_of_folder is complain about the data folder in path, or names the file of it that may not be opened, by who
 * writes to the folder or by who only reads its log. */
int complain_of_folder(const char *command, const char *path, bool writes, enum err err, int exit_code);

/* listen_or_complain judges the value of an option that takes ADDR:PORT or [ADDR]:PORT, with a numeric address and a
 * port of 1 to 65535; loopback_only: nobody else's machine may reach it. */
bool listen_or_complain(const char *command, const char *option, const char *value, bool loopback_only, int *ret_exit);
/* listen_is_free tells whether nobody listens on a value that was judged so. listen_free_or_complain also refuses an
 * address that is not this machine's and a port that is not for this user. */
bool listen_is_free(const char *value);
bool listen_free_or_complain(const char *command, const char *option, const char *value);

/* data_or_complain opens the data folder named by --data, or complains. */
bool data_or_complain(const char *command, const char *path, struct data_folder *ret_data, int *ret_exit);
/* print_shown and print_shown_line print a line and end it; NULL: one that had no room. Names come from people: a
 * character in one that could forge a line or steer the terminal, a control or a direction of writing, is shown as a
 * question mark, or, in JSON, as JSON spells it. */
void print_shown(const char *line, bool json);
void print_shown_line(struct span line, bool json);

/* files_or_complain looks at the folder's small files (data_check), for whoever is to write to it. */
bool files_or_complain(const char *command, const struct data_folder *data, bool with_vault, int *ret_exit);

#endif
