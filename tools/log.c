/* log.c: openpost log: the log's events, all or those of a workspace or a stream, one a line. It only reads, one event
 * at a time, and the log alone: a backup has nothing else. Called by openpost.c. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/process.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "tools/leaf.h"
#include "tools/parts.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost log --data DIR [--workspace WS] [--stream ID] [--after SEQ] [--follow] [--json]\n"
    " e.g.: openpost log --data /var/lib/openpost --json --after 100 --follow\n"
    "       openpost log --data /var/lib/openpost --workspace acme --stream post_…\n\n"
    "Prints the log, one event a line: position, time, who, what, and the event's fields, long ones cut; --json has "
    "them\n"
    "whole. May run beside a service. With --follow it goes on as events come, until Ctrl-C.\n"
    "WS is a workspace's slug or its id, ws_…; ID that of whatever has a history: a post, an account, a series, a key, "
    "a\n"
    "member, a workspace itself. With both only what is of both. Exit codes: 0 done; 1 the log was altered, or it has\n"
    "nothing of WS, or, from its beginning on, of ID; 2 the folder cannot be read; 64 wrong usage.";

struct printer {
    bool json;
    const char *workspace; /* as typed; NULL: whosever */
    const char *stream;    /* likewise */
    struct id workspace_id;
    struct id stream_id;
    struct arena arena;
    struct buf out;
    uint64_t after;
    uint64_t printed;
};

static enum err write_json_line(const struct log_event *at, struct event *event, struct buf *out)
{
    const struct record_desc *desc = event_desc(event->code);
    buf_byte(out, '{');
    leaf_json(at, out);
    buf_text(out, ",\"data\":");
    TRY(record_json(desc, event_fields(event), out));
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static enum err write_text_line(const struct log_event *at, struct event *event, struct buf *out)
{
    const struct record_desc *desc = event_desc(event->code);
    buf_u64(out, at->seq);
    to_column(out, 8);
    instant_write(out, at->time_ms);
    to_column(out, 33);
    buf_text(out, actor_word(at->actor));
    to_column(out, 43);
    buf_text(out, desc->name);
    to_column(out, 69);
    record_print(desc, event_fields(event), out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* The end of printing. A reader that has read enough is no failure; for another, stdout's mark stays: main looks. */
static enum err output_lost(void)
{
    if (errno == EPIPE) {
        clearerr(stdout);
    }
    return ERR_CLOSED;
}

static bool is_wanted(const struct printer *printer, const struct log_event *at)
{
    return (printer->workspace == NULL || id_equal(&at->workspace_id, &printer->workspace_id)) &&
           (printer->stream == NULL || id_equal(&at->stream, &printer->stream_id));
}

static enum err print_event(struct printer *printer, const struct log_event *at)
{
    struct event event;
    arena_reset(&printer->arena);
    printer->out.len = 0;
    printer->out.overflow = false;
    TRY(event_decode(at->payload, &printer->arena, &event));
    TRY(printer->json ? write_json_line(at, &event, &printer->out) : write_text_line(at, &event, &printer->out));
    printer->printed++;
    print_shown_line(buf_span(&printer->out), printer->json);
    return ferror(stdout) ? output_lost() : OK;
}

static enum err print_rest(struct log *log, struct printer *printer)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    TRY(log_cursor_open(log, printer->after, &cursor));
    struct log_event at;
    enum err err;
    while ((err = log_cursor_next(cursor, &at)) == OK) {
        TRY(is_wanted(printer, &at) ? print_event(printer, &at) : OK);
        printer->after = at.seq;
    }
    if (fflush(stdout) != 0) {
        return output_lost();
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- Whose ---- */

/* What an event says of its workspace's slug; data NULL: nothing. */
static enum err slug_said(const struct log_event *at, struct arena *arena, struct span *ret_slug)
{
    struct event event;
    *ret_slug = (struct span){0};
    if (at->code != EVENT_workspace_created && at->code != EVENT_workspace_changed) {
        return OK;
    }
    arena_reset(arena);
    TRY(event_decode(at->payload, arena, &event));
    *ret_slug = at->code == EVENT_workspace_created ? event.workspace_created.slug : event.workspace_changed.slug;
    return OK;
}

/* The workspace that has the slug at the log's end; the log itself tells, from its beginning on. */
static enum err find_slug(struct log *log, struct printer *printer)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct id holder = {0};
    struct log_event at;
    enum err err;
    TRY(log_cursor_open(log, 0, &cursor));
    while ((err = log_cursor_next(cursor, &at)) == OK) {
        struct span slug;
        TRY(slug_said(&at, &printer->arena, &slug));
        if (slug.data == NULL) {
            continue;
        }
        if (span_equal(slug, span_text(printer->workspace))) {
            holder = at.workspace_id;
        } else if (id_equal(&holder, &at.workspace_id)) {
            holder = (struct id){0}; /* it has another one since */
        }
    }
    printer->workspace_id = holder;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* *ret_known: the log has something of the workspace that was named, or none was. */
static enum err find_workspace(struct log *log, struct printer *printer, bool *ret_known)
{
    uint64_t head = 0;
    const bool by_id = printer->workspace != NULL &&
                       id_parse(span_text(printer->workspace), ID_WORKSPACE, &printer->workspace_id) == OK;
    if (by_id) {
        TRY(log_workspace_head(log, &printer->workspace_id, &head));
    } else if (printer->workspace != NULL) {
        TRY(find_slug(log, printer));
    }
    *ret_known = printer->workspace == NULL || (by_id ? head > 0 : !id_is_none(&printer->workspace_id));
    return OK;
}

/* ---- The command ---- */

/* Prints what there is and, to follow, what comes. *ret_code: what is known of it when nothing failed. */
static enum err print_all(struct log *log, struct printer *printer, bool follow, int *ret_code)
{
    bool known = false;
    TRY(find_workspace(log, printer, &known));
    if (!known) {
        (void)fprintf(stderr, "openpost log: --workspace %s: there is no such workspace (openpost workspace list)\n",
                      printer->workspace);
        *ret_code = EXIT_ALTERED;
        return OK;
    }
    const bool all = printer->after == 0;
    TRY(print_rest(log, printer));
    while (follow) {
        (void)poll(NULL, 0, 100);
        TRY(print_rest(log, printer));
    }
    if (all && printer->stream != NULL && printer->printed == 0) {
        (void)fprintf(stderr, "openpost log: --stream %s: the log has nothing of it%s\n", printer->stream,
                      printer->workspace != NULL ? " in this workspace" : "");
        *ret_code = EXIT_ALTERED;
    }
    return OK;
}

static int print_folder(const struct data_folder *data, struct printer *printer, bool follow)
{
    OWNED(log_close) struct log *log = NULL;
    struct log_fault fault = {0};
    int code = EXIT_GOOD;
    arena_init(&printer->arena, (size_t)64 << 20);
    printer->out = buf_of(malloc((size_t)16 << 20), (size_t)16 << 20);
    enum err err = printer->out.data == NULL ? ERR_NO_MEMORY : parts_open_log(data, &log, &fault);
    err = err == OK ? print_all(log, printer, follow, &code) : err;
    arena_done(&printer->arena);
    free(printer->out.data);
    if (err == ERR_ALTERED) {
        return complain("log", fault.sentence[0] != 0 ? fault.sentence : "a record is damaged; run openpost verify",
                        err, EXIT_ALTERED);
    }
    return err == OK || err == ERR_CLOSED ? code : complain_of_folder("log", data->path, false, err, EXIT_UNREADABLE);
}

int tool_log(int argc, char **argv)
{
    const char *path = NULL;
    const char *after = "0";
    bool follow = false;
    struct printer printer = {0};
    const struct option_spec options[] = {
        {"--data",      &path,              NULL,          "the data folder"                          },
        {"--workspace", &printer.workspace, NULL,          "WS, a slug or an id: its events alone"    },
        {"--stream",    &printer.stream,    NULL,          "ID: the events of this one alone"         },
        {"--after",     &after,             NULL,          "begin after this position; default 0: all"},
        {"--follow",    NULL,               &follow,       "go on as events come"                     },
        {"--json",      NULL,               &printer.json, "one JSON object a line"                   },
    };
    int code = EXIT_GOOD;
    struct data_folder data;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code) ||
        !data_or_complain("log", path, &data, &code)) {
        return code;
    }
    if (span_to_u64(span_text(after), &printer.after) != OK) {
        (void)fprintf(stderr, "openpost log: --after %s: expected a position, a whole number\n", after);
        return EXIT_USAGE_WRONG;
    }
    if (printer.stream != NULL && id_parse(span_text(printer.stream), ID_NONE, &printer.stream_id) != OK) {
        (void)fprintf(stderr, "openpost log: --stream %s: expected an id, like post_…, int_… or ws_…\n",
                      printer.stream);
        return EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-log");
    return print_folder(&data, &printer, follow);
}
