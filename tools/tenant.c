/* tenant.c: see tenant.h; openpost account, queue, series, template and notification: what a workspace has, now or as
 * it was. For whoever answers for the installation: to look into it without a key of each tenant's, and to hold up what
 * must not go on. Called by openpost.c and post.c. Must never write or approve anything in a tenant's name: that takes
 * a key or a person, so that the log says whose word it was. */
#include "tools/tenant.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/clock.h"

#define PREVIEW_DEFAULT 10 /* occurrences of a queue or a series */
#define USAGE_BYTES 6000

/* What stands under every usage. */
static const char usage_end[] =
    "\n\nWS is a workspace's slug or its id, ws_…; where there is only one it may be left out. A service may run on "
    "the\nfolder. MOMENT is an instant, 2026-04-20T14:00:00Z, or a position of the log, 1234: everything is shown as "
    "it was\nthen, made anew from the log, some 100,000 events a second. So is what a backup has, in a folder under "
    "TMPDIR\n(/tmp) that is thrown away: into a folder without read models nothing is written. --json has what "
    "HTTP's GETs\nhave, of a list an object a line. What a person or program does of these is done over HTTP or RPC, "
    "with a key, in\ntheir name.\n"
    "Exit codes: 0 done; 1 refused: there is no such thing or workspace, or the log was altered; 2 the folder cannot\n"
    "be read; 64 wrong usage; 69 the running service does not answer; 71 the system refused something needed.";

int tenant_show(struct errand *errand, const char *question)
{
    struct tenant_errand *own = (struct tenant_errand *)errand;
    return look_show(&own->look, question, &own->args);
}

int tenant_list(struct errand *errand, const struct look_list *list)
{
    struct tenant_errand *own = (struct tenant_errand *)errand;
    return look_print_list(&own->look, list, &own->args);
}

/* Of what comes next: not all of it. */
static int print_preview(struct errand *errand, const struct look_list *list)
{
    struct tenant_errand *own = (struct tenant_errand *)errand;
    own->look.most = own->limit == NULL ? PREVIEW_DEFAULT : own->look.most;
    return tenant_list(errand, list);
}

/* ---- What changes something ---- */

/* done: "paused". The command's workspace and stream are filled in here. */
static int give(struct errand *errand, struct command *command, const struct id *stream, const char *done)
{
    struct answer answer;
    const struct tenant_errand *own = (const struct tenant_errand *)errand;
    command->workspace_id = errand->workspace_id;
    command->stream = *stream;
    const int code = errand_decide(errand, command, &answer);
    if (code != EXIT_GOOD) {
        return code;
    }
    const bool already = answer.events == 0;
    if (errand->json) {
        errand_print_id("{\"id\":\"", &own->id);
        (void)printf("\",\"already\":%s}\n", already ? "true" : "false");
        return EXIT_GOOD;
    }
    (void)printf("%s: ", done);
    errand_print_id("", &own->id);
    (void)printf("%s\n", already ? " (it was already)" : "");
    return EXIT_GOOD;
}

static int give_of_queue(struct errand *errand, uint32_t code, const char *done)
{
    const struct tenant_errand *own = (const struct tenant_errand *)errand;
    struct command command = {.code = code};
    const struct id queue_id = id_queue(&own->id);
    struct pause_queue_command *begin = command_fields(&command); /* as every queue's begins */
    begin->queue_id = queue_id;
    begin->integration_id = own->id;
    return give(errand, &command, &queue_id, done);
}

static int pause_queue(struct errand *errand)
{
    return give_of_queue(errand, COMMAND_pause_queue, "paused");
}

static int resume_queue(struct errand *errand)
{
    return give_of_queue(errand, COMMAND_resume_queue, "resumed");
}

static int pause_series(struct errand *errand)
{
    const struct tenant_errand *own = (const struct tenant_errand *)errand;
    struct command command = {.code = COMMAND_pause_series, .pause_series = {.series_id = own->id}};
    return give(errand, &command, &own->id, "paused");
}

static int resume_series(struct errand *errand)
{
    const struct tenant_errand *own = (const struct tenant_errand *)errand;
    struct command command = {.code = COMMAND_resume_series, .resume_series = {.series_id = own->id}};
    return give(errand, &command, &own->id, "resumed");
}

static int end_series(struct errand *errand)
{
    const struct tenant_errand *own = (const struct tenant_errand *)errand;
    struct command command = {
        .code = COMMAND_end_series, .end_series = {.series_id = own->id, .keep = own->keep}
    };
    return give(errand, &command, &own->id, "ended");
}

/* ---- Accounts and queues ---- */

/* Of an account: its queue. */
static int print_queue_of(struct look *look, const struct json_node *account)
{
    static const struct look_column columns[] = {
        {"integration_id", 0 },
        {"paused",         32},
        {"clock",          37},
        {"slots",          60}
    };
    static const struct look_list list = {TENANT_COLUMNS(columns)};
    const struct json_node *queue = NULL;
    struct query_args args = {.limit = 0};
    enum err err = id_parse(json_node_text(account, "id"), ID_INTEGRATION, &args.integration_id);
    err = err == OK ? look_ask(look, "get_queue", &args, &queue) : err;
    return err == OK ? look_print_thing(look, &list, queue) : look_failed(look, err);
}

static int list_queues(struct errand *errand)
{
    static const struct look_list list = {.question = "list_integrations", .print = print_queue_of};
    return tenant_list(errand, &list);
}

/* error: why the platform does not take what is sent in its name, any more or from the beginning. */
static int list_accounts(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"id",         0 },
        {"channel",    31},
        {"status",     47},
        {"paused",     60},
        {"handle",     64},
        {"error/code", 96}
    };
    static const struct look_list list = {.question = "list_integrations", TENANT_COLUMNS(columns)};
    return tenant_list(errand, &list);
}

static int show_account(struct errand *errand)
{
    return tenant_show(errand, "get_integration");
}

static int show_queue(struct errand *errand)
{
    return tenant_show(errand, "get_queue");
}

static int preview_queue(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"at",       0 },
        {"at_local", 26},
        {"filled",   53},
        {"holders",  58}
    };
    static const struct look_list list = {.question = "preview_queue", TENANT_COLUMNS(columns), .whole = true};
    return print_preview(errand, &list);
}

/* ---- Series, templates, notifications ---- */

static int list_series(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"id",              0  },
        {"status",          31 },
        {"rule/frequency",  38 },
        {"rule/interval",   46 },
        {"rule/month_week", 50 },
        {"rule/weekdays",   57 },
        {"rule/month_day",  77 },
        {"rule/time",       80 },
        {"rule/timezone",   86 },
        {"content/text",    109}
    };
    static const struct look_list list = {.question = "list_series", TENANT_COLUMNS(columns), .cuts = true};
    return tenant_list(errand, &list);
}

static int show_series(struct errand *errand)
{
    return tenant_show(errand, "get_series");
}

static int preview_series(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"local",            0 },
        {"publish_at",       18},
        {"publish_at_local", 44},
        {"post_id",          71}
    };
    static const struct look_list list = {.question = "preview_series", TENANT_COLUMNS(columns), .whole = true};
    return print_preview(errand, &list);
}

static int list_templates(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"id",      0 },
        {"version", 31},
        {"name",    37}
    };
    static const struct look_list list = {.question = "list_templates", TENANT_COLUMNS(columns), .hex_cursor = true};
    return tenant_list(errand, &list);
}

static int show_template(struct errand *errand)
{
    return tenant_show(errand, "get_template");
}

static int list_notifications(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"created_at",     0  },
        {"kind",           26 },
        {"post_id",        50 },
        {"integration_id", 82 },
        {"code",           113}
    };
    static const struct look_list list = {.question = "list_notifications", TENANT_COLUMNS(columns)};
    return tenant_list(errand, &list);
}

/* ---- The commands ---- */

/* In the workspace that was named. */
static int enter(struct errand *errand)
{
    const struct tenant_errand *own = (const struct tenant_errand *)errand;
    const int code = errand_workspace(errand, own->look.workspace);
    return code == EXIT_GOOD ? own->run(errand) : code;
}

int tenant_wrong_value(const struct tenant_errand *own, const char *option, const char *value, const char *expected)
{
    (void)fprintf(stderr, "openpost %s: %s %s: expected %s\n", own->look.errand.command, option, value, expected);
    return EXIT_USAGE_WRONG;
}

/* An exit code. */
static int read_options(struct tenant_errand *own)
{
    own->look.most = UINT64_MAX;
    if (own->look.at != NULL && !moment_parse(own->look.at, &own->look.moment)) {
        return tenant_wrong_value(own, "--at", own->look.at, MOMENT_EXPECTED);
    }
    if (own->look.at != NULL && own->look.moment.time_ms > clock_wall_ms()) {
        return tenant_wrong_value(own, "--at", own->look.at, "an instant that has been: what comes is not in the log");
    }
    if (own->limit != NULL && (span_to_u64(span_text(own->limit), &own->look.most) != OK || own->look.most == 0)) {
        return tenant_wrong_value(own, "--limit", own->limit, "a whole number from 1 on");
    }
    return EXIT_GOOD;
}

static int read_id(const struct tenant_tool *tool, struct tenant_errand *own, const char *text)
{
    if (text == NULL) {
        return EXIT_GOOD;
    }
    if (id_parse(span_text(text), tool->kind, &own->id) != OK) {
        (void)fprintf(stderr, "openpost %s: %s is not %s\n", own->look.errand.command, text, tool->noun);
        return EXIT_USAGE_WRONG;
    }
    memcpy((char *)&own->args + tool->id_at, &own->id, sizeof own->id);
    return EXIT_GOOD;
}

static const char *write_usage(const struct tenant_tool *tool, struct buf *out)
{
    buf_text(out, tool->usage);
    buf_text(out, usage_end);
    return buf_terminated(out);
}

/* The options that each has, behind its own. */
static size_t add_options(struct tenant_errand *own, struct option_spec *options, size_t count)
{
    const struct option_spec common[] = {
        {"--data",      &own->look.errand.path, NULL,                   "the data folder"                                    },
        {"--workspace", &own->look.workspace,   NULL,                   "WS: a slug or an id; needed where there are several"},
        {"--at",        &own->look.at,          NULL,                   "MOMENT: as it was then; default: as it is"          },
        {"--limit",     &own->limit,            NULL,                   "lists: at most so many; default: all"               },
        {"--json",      NULL,                   &own->look.errand.json, "one JSON object, or one a line"                     },
    };
    ASSERT(count + sizeof common / sizeof *common <= TENANT_OPTIONS_MAX);
    memcpy(options + count, common, sizeof common);
    return count + sizeof common / sizeof *common;
}

int tenant_run(const struct tenant_tool *tool, struct tenant_errand *own, struct option_spec *options,
               size_t option_count, int argc, char **argv)
{
    struct errand *errand = &own->look.errand;
    const char *rest[2] = {NULL, NULL};
    size_t count = 0;
    int code = EXIT_GOOD;
    char text[USAGE_BYTES];
    struct buf usage = buf_of(text, sizeof text);
    if (!options_parse(argc, argv, write_usage(tool, &usage), options, add_options(own, options, option_count), rest, 2,
                       &count, &code)) {
        return code;
    }
    const struct errand_form *form = errand_form(tool->looks, tool->look_count, rest, count);
    const struct errand_form *change = errand_form(tool->changes, tool->change_count, rest, count);
    if (form == NULL && change == NULL) {
        return errand_wrong(errand, tool->forms);
    }
    own->run = form != NULL ? form->run : change->run;
    own->look.changes = form == NULL;
    if (own->look.changes && own->look.at != NULL) {
        return errand_wrong(errand, "--at is for looking: what was cannot be changed");
    }
    if (own->keep && own->run != end_series) {
        return errand_wrong(errand, "--keep is for end");
    }
    code = read_options(own);
    code = code == EXIT_GOOD && tool->read != NULL ? tool->read(own) : code;
    code = code == EXIT_GOOD ? read_id(tool, own, rest[1]) : code;
    return code == EXIT_GOOD ? look_do(&own->look, enter) : code;
}

int tool_account(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"list", list_accounts, 0},
        {"show", show_account,  1},
    };
    static const struct tenant_tool tool = {
        .usage = "usage: openpost account list --data DIR [--workspace WS] [--at MOMENT] [--limit N] [--json]\n"
                 "       openpost account show INT --data DIR [--workspace WS] [--at MOMENT] [--json]\n"
                 " e.g.: openpost account list --data /var/lib/openpost --workspace acme\n\n"
                 "Lists a workspace's accounts, HTTP's integrations: id, channel, status, whether paused, what the "
                 "channel calls\nit, and why it is refused or disconnected; shows one.",
        TENANT_FORMS(look, forms),
        .forms = "the forms are: list, show INT",
        .noun = "an account's id: int_…, as openpost account list shows it",
        .kind = ID_INTEGRATION,
        .id_at = offsetof(struct query_args, integration_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "account"}}};
    struct option_spec options[TENANT_OPTIONS_MAX];
    return tenant_run(&tool, &own, options, 0, argc, argv);
}

int tool_queue(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"list",    list_queues,   0},
        {"show",    show_queue,    1},
        {"preview", preview_queue, 1},
    };
    static const struct errand_form changes[] = {
        {"pause",  pause_queue,  1},
        {"resume", resume_queue, 1},
    };
    static const struct tenant_tool tool = {
        .usage =
            "usage: openpost queue list --data DIR [--workspace WS] [--at MOMENT] [--json]\n"
            "       openpost queue show INT --data DIR [--workspace WS] [--at MOMENT] [--json]\n"
            "       openpost queue preview INT --data DIR [--workspace WS] [--limit N] [--at MOMENT] [--json]\n"
            "       openpost queue pause|resume INT --data DIR [--workspace WS] [--json]\n"
            " e.g.: openpost queue preview int_… --data /var/lib/openpost --limit 20\n\n"
            "Lists the queues of a workspace's accounts: whose, whether paused, by which clock, its times of the "
            "week;\nshows one; shows its next occurrences (10, at most 200) and which posts and targets hold them. "
            "A paused\nqueue starts nothing of what is scheduled to its account.",
        TENANT_FORMS(look, forms),
        TENANT_FORMS(change, changes),
        .forms = "the forms are: list, show INT, preview INT, pause INT, resume INT",
        .noun = "an account's id: int_…, as openpost account list shows it",
        .kind = ID_INTEGRATION,
        .id_at = offsetof(struct query_args, integration_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "queue"}}};
    struct option_spec options[TENANT_OPTIONS_MAX];
    return tenant_run(&tool, &own, options, 0, argc, argv);
}

int tool_series(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"list",    list_series,    0},
        {"show",    show_series,    1},
        {"preview", preview_series, 1},
    };
    static const struct errand_form changes[] = {
        {"pause",  pause_series,  1},
        {"resume", resume_series, 1},
        {"end",    end_series,    1},
    };
    static const struct tenant_tool tool = {
        .usage =
            "usage: openpost series list --data DIR [--workspace WS] [--at MOMENT] [--limit N] [--json]\n"
            "       openpost series show SERIES --data DIR [--workspace WS] [--at MOMENT] [--json]\n"
            "       openpost series preview SERIES --data DIR [--workspace WS] [--limit N] [--at MOMENT] [--json]\n"
            "       openpost series pause|resume SERIES --data DIR [--workspace WS] [--json]\n"
            "       openpost series end SERIES --data DIR [--workspace WS] [--keep] [--json]\n"
            " e.g.: openpost series list --data /var/lib/openpost --workspace acme\n\n"
            "Lists a workspace's series: id, status, rule, how the text begins; shows one; shows its next dates "
            "(10, at\nmost 200) and the post that was made for each. A rule is frequency, every so many days, weeks or "
            "months,\nwhich of the month's such weekdays, weekdays, day of the month, time, zone; - where it does not "
            "say. "
            "pause cancels\nits posts that are neither locked nor touched by hand and makes no more until resume makes "
            "them anew; end\ndoes so for ever, --keep lets go out what was made: which of the two is said once.",
        TENANT_FORMS(look, forms),
        TENANT_FORMS(change, changes),
        .forms = "the forms are: list, show SERIES, preview SERIES, pause SERIES, resume SERIES, end SERIES",
        .noun = "a series' id: ser_…, as openpost series list shows it",
        .kind = ID_SERIES,
        .id_at = offsetof(struct query_args, series_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "series"}}};
    struct option_spec options[TENANT_OPTIONS_MAX] = {
        {"--keep", NULL, &own.keep, "end: what was made goes out"},
    };
    return tenant_run(&tool, &own, options, 1, argc, argv);
}

int tool_template(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"list", list_templates, 0},
        {"show", show_template,  1},
    };
    static const struct tenant_tool tool = {
        .usage = "usage: openpost template list --data DIR [--workspace WS] [--at MOMENT] [--limit N] [--json]\n"
                 "       openpost template show TEMPLATE --data DIR [--workspace WS] [--at MOMENT] [--json]\n"
                 " e.g.: openpost template list --data /var/lib/openpost --at 2026-04-20T14:00:00Z\n\n"
                 "Lists a workspace's templates in the order of their names: id, version, name; shows one.",
        TENANT_FORMS(look, forms),
        .forms = "the forms are: list, show TEMPLATE",
        .noun = "a template's id: tpl_…, as openpost template list shows it",
        .kind = ID_TEMPLATE,
        .id_at = offsetof(struct query_args, template_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "template"}}};
    struct option_spec options[TENANT_OPTIONS_MAX];
    return tenant_run(&tool, &own, options, 0, argc, argv);
}

int tool_notification(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"list", list_notifications, 0},
    };
    static const struct tenant_tool tool = {
        .usage = "usage: openpost notification list --data DIR [--workspace WS] [--at MOMENT] [--limit N] [--json]\n"
                 " e.g.: openpost notification list --data /var/lib/openpost --limit 20\n\n"
                 "Lists what a workspace's members are told, the newest first: when, what, of which post and account, "
                 "why. What\none of them has read is theirs to know.",
        TENANT_FORMS(look, forms),
        .forms = "the form is: list"};
    struct tenant_errand own = {.look = {.errand = {.command = "notification"}}};
    struct option_spec options[TENANT_OPTIONS_MAX];
    return tenant_run(&tool, &own, options, 0, argc, argv);
}
