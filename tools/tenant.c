/* tenant.c: openpost post, queue, series, template and notification: what a workspace has, now or as it was. For
 * whoever answers for the installation: to look into it without a key of each tenant's, and to hold up what must not go
 * on. Called by openpost.c. Must never write or approve anything in a tenant's name: that takes a key or a person, so
 * that the log says whose word it was. */
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/message/choice.h"
#include "core/wire/person_record.h"
#include "projections/posts.h"
#include "tools/look.h"
#include "tools/who.h"

#define PREVIEW_DEFAULT 10 /* occurrences of a queue or a series */
#define OPTIONS_MAX 10
#define USAGE_BYTES 6000

/* What stands under every usage. */
static const char usage_end[] =
    "\n\nWS is a workspace's slug or its id, ws_…; where there is only one it may be left out. A service may run on "
    "the\n"
    "folder. MOMENT is an instant, 2026-04-20T14:00:00Z, or a position of the log, 1234: everything is shown as it "
    "was\n"
    "then, made anew from the log, some 100,000 events a second. --json has what HTTP's GETs have, of a list an "
    "object\n"
    "a line. What a person or program does of these is done over HTTP or RPC, with a key, in their name.\n"
    "Exit codes: 0 done; 1 refused: there is no such thing or workspace, or the log was altered; 2 the folder cannot\n"
    "be read; 64 wrong usage; 69 the running service does not answer; 71 the system refused something needed.";

/* One of the subcommands. */
struct tenant_tool {
    const char *usage;
    const struct errand_form *looks;
    size_t look_count;
    const struct errand_form *changes; /* for now alone */
    size_t change_count;
    const char *forms; /* as a complaint names them */
    const char *noun;  /* what an argument is: "a series' id: ser_…" */
    enum id_kind kind;
    size_t id_at; /* of query_args */
};

struct tenant_errand {
    struct look look; /* first: see errand.h */
    errand_run *run;
    const char *limit;
    const char *status;
    const char *approval;
    const char *search;
    const char *series;
    const char *template;
    bool keep;
    struct query_args args;
    struct id id;
};

static int show(struct errand *errand, const char *question)
{
    struct tenant_errand *own = (struct tenant_errand *)errand;
    return look_show(&own->look, question, &own->args);
}

static int print_list(struct errand *errand, const struct look_list *list)
{
    struct tenant_errand *own = (struct tenant_errand *)errand;
    return look_print_list(&own->look, list, &own->args);
}

/* Of what comes next: not all of it. */
static int print_preview(struct errand *errand, const struct look_list *list)
{
    struct tenant_errand *own = (struct tenant_errand *)errand;
    own->look.most = own->limit == NULL ? PREVIEW_DEFAULT : own->look.most;
    return print_list(errand, list);
}

#define COLUMNS(columns_) .columns = (columns_), .column_count = sizeof(columns_) / sizeof *(columns_)

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

/* ---- Posts ---- */

static int list_posts(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"id",           0 },
        {"status",       32},
        {"publish_at",   53},
        {"content/text", 78}
    };
    static const struct look_list list = {.question = "list_posts", COLUMNS(columns), .hex_cursor = true, .cuts = true};
    struct tenant_errand *own = (struct tenant_errand *)errand;
    if (own->status != NULL) {
        own->args.statuses = (uint64_t)1 << choice_value(&post_listed_words, span_text(own->status));
    }
    if (own->approval != NULL) {
        own->args.approvals = (uint64_t)1 << choice_value(&approval_words, span_text(own->approval));
    }
    own->args.q = own->search == NULL ? (struct span){0} : span_text(own->search);
    return print_list(errand, &list);
}

static int show_post(struct errand *errand)
{
    return show(errand, "get_post");
}

static int show_deliveries(struct errand *errand)
{
    return show(errand, "deliveries");
}

/* An event with two members more: by, whoever is named most closely, and name. */
static int print_event(struct look *look, const struct json_node *event)
{
    static const struct look_column columns[] = {
        {"version",  0 },
        {"at",       6 },
        {"by",       31},
        {"name",     62},
        {"sentence", 79}
    };
    static const struct look_list list = {COLUMNS(columns)};
    struct errand *errand = &look->errand;
    const struct json_node *actor_id = json_node_member(event, "actor_id");
    uint8_t bytes[PERSON_RECORD_MAX];
    struct buf room = buf_of(bytes, sizeof bytes);
    struct json_node by = *json_node_member(event, json_node_is(actor_id, NODE_TEXT) ? "actor_id" : "actor");
    struct json_node name = {.kind = NODE_TEXT, .name = SPAN("name"), .next = &by};
    struct json_node with = *event;
    struct id id = {0};
    const enum err err = id_parse(by.text, ID_NONE, &id) == OK ? who_name(errand, &id, &room, &name.text) : OK;
    by.name = SPAN("by");
    by.next = event->first;
    with.first = &name;
    const int code = err == OK ? look_print_thing(look, &list, &with) : errand_failed(errand, err);
    explicit_bzero(bytes, sizeof bytes);
    return code;
}

static int list_history(struct errand *errand)
{
    static const struct look_list list = {.question = "history", .print = print_event, .hex_cursor = true};
    static const struct look_list whole = {.question = "history",
                                           .hex_cursor = true}; /* as HTTP has it: a name is in no event */
    return print_list(errand, errand->json ? &whole : &list);
}

/* ---- Queues ---- */

/* Of an account: its queue. */
static int print_queue_of(struct look *look, const struct json_node *account)
{
    static const struct look_column columns[] = {
        {"integration_id", 0 },
        {"paused",         32},
        {"clock",          37},
        {"slots",          60}
    };
    static const struct look_list list = {COLUMNS(columns)};
    const struct json_node *queue = NULL;
    struct query_args args = {.limit = 0};
    enum err err = id_parse(json_node_text(account, "id"), ID_INTEGRATION, &args.integration_id);
    err = err == OK ? look_ask(look, "get_queue", &args, &queue) : err;
    return err == OK ? look_print_thing(look, &list, queue) : look_failed(look, err);
}

static int list_queues(struct errand *errand)
{
    static const struct look_list list = {.question = "list_integrations", .print = print_queue_of};
    return print_list(errand, &list);
}

static int show_queue(struct errand *errand)
{
    return show(errand, "get_queue");
}

static int preview_queue(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"at",       0 },
        {"at_local", 26},
        {"filled",   53},
        {"holders",  58}
    };
    static const struct look_list list = {.question = "preview_queue", COLUMNS(columns), .whole = true};
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
    static const struct look_list list = {.question = "list_series", COLUMNS(columns), .cuts = true};
    return print_list(errand, &list);
}

static int show_series(struct errand *errand)
{
    return show(errand, "get_series");
}

static int preview_series(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"local",            0 },
        {"publish_at",       18},
        {"publish_at_local", 44},
        {"post_id",          71}
    };
    static const struct look_list list = {.question = "preview_series", COLUMNS(columns), .whole = true};
    return print_preview(errand, &list);
}

static int list_templates(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"id",      0 },
        {"version", 31},
        {"name",    37}
    };
    static const struct look_list list = {.question = "list_templates", COLUMNS(columns), .hex_cursor = true};
    return print_list(errand, &list);
}

static int show_template(struct errand *errand)
{
    return show(errand, "get_template");
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
    static const struct look_list list = {.question = "list_notifications", COLUMNS(columns)};
    return print_list(errand, &list);
}

/* ---- The commands ---- */

/* In the workspace that was named. */
static int enter(struct errand *errand)
{
    const struct tenant_errand *own = (const struct tenant_errand *)errand;
    const int code = errand_workspace(errand, own->look.workspace);
    return code == EXIT_GOOD ? own->run(errand) : code;
}

static int wrong_value(const struct tenant_errand *own, const char *option, const char *value, const char *expected)
{
    (void)fprintf(stderr, "openpost %s: %s %s: expected %s\n", own->look.errand.command, option, value, expected);
    return EXIT_USAGE_WRONG;
}

/* An exit code. */
static int read_options(struct tenant_errand *own)
{
    own->look.most = UINT64_MAX;
    if (own->look.at != NULL && !moment_parse(own->look.at, &own->look.moment)) {
        return wrong_value(own, "--at", own->look.at, MOMENT_EXPECTED);
    }
    if (own->look.at != NULL && own->look.moment.time_ms > clock_wall_ms()) {
        return wrong_value(own, "--at", own->look.at, "an instant that has been: what comes is not in the log");
    }
    if (own->limit != NULL && (span_to_u64(span_text(own->limit), &own->look.most) != OK || own->look.most == 0)) {
        return wrong_value(own, "--limit", own->limit, "a whole number from 1 on");
    }
    if (own->status != NULL && choice_value(&post_listed_words, span_text(own->status)) == 0) {
        return wrong_value(own, "--status", own->status,
                           "draft, scheduled, queued, publishing, published, partially_published, failed, missed or "
                           "cancelled");
    }
    if (own->approval != NULL && choice_value(&approval_words, span_text(own->approval)) == 0) {
        return wrong_value(own, "--approval", own->approval, "none, wanted, given or void");
    }
    if (own->series != NULL && id_parse(span_text(own->series), ID_SERIES, &own->args.series_id) != OK) {
        return wrong_value(own, "--series", own->series, "a series' id: ser_…, as openpost series list shows it");
    }
    if (own->template != NULL && id_parse(span_text(own->template), ID_TEMPLATE, &own->args.template_id) != OK) {
        return wrong_value(own, "--template", own->template,
                           "a template's id: tpl_…, as openpost template list shows it");
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
    ASSERT(count + sizeof common / sizeof *common <= OPTIONS_MAX);
    memcpy(options + count, common, sizeof common);
    return count + sizeof common / sizeof *common;
}

static int run_tool(const struct tenant_tool *tool, struct tenant_errand *own, struct option_spec *options,
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
    if (change != NULL && own->look.at != NULL) {
        return errand_wrong(errand, "--at is for looking: what was cannot be changed");
    }
    if (own->keep && own->run != end_series) {
        return errand_wrong(errand, "--keep is for end");
    }
    if (own->run != list_posts && (own->status != NULL || own->approval != NULL || own->search != NULL ||
                                   own->series != NULL || own->template != NULL)) {
        return errand_wrong(errand, "--status, --approval, --series, --template and --search are for list");
    }
    code = read_options(own);
    code = code == EXIT_GOOD ? read_id(tool, own, rest[1]) : code;
    return code == EXIT_GOOD ? look_do(&own->look, enter) : code;
}

#define FORMS(member_, forms_) .member_##s = (forms_), .member_##_count = sizeof(forms_) / sizeof *(forms_)

int tool_post(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"list",       list_posts,      0},
        {"show",       show_post,       1},
        {"history",    list_history,    1},
        {"deliveries", show_deliveries, 1},
    };
    static const struct tenant_tool tool = {
        .usage =
            "usage: openpost post list --data DIR [--workspace WS] [--search WORDS] [--status STATUS]\n"
            "                          [--approval none|wanted|given|void] [--series SER] [--template TPL]\n"
            "                          [--at MOMENT] [--limit N] [--json]\n"
            "       openpost post show|history|deliveries POST --data DIR [--workspace WS] [--at MOMENT] [--json]\n"
            " e.g.: openpost post list --data /var/lib/openpost --search \"spring sale\" --approval wanted\n\n"
            "Lists a workspace's posts, the newest first: id, status, when they are published, how the text begins; "
            "shows\none, what happened to it, every attempt. Posts have all of WORDS, the last one also by its "
            "beginning; words in\nquotation marks follow one another. What waits for somebody's word is listed by "
            "--approval wanted and by\n--approval void (it was given, and the post was changed since). A history has "
            "who "
            "did it, by id and name; a\nperson's name is today's, whether they are still a member or not, and is not "
            "told "
            "with --at. At a terminal a\nlist has but a text's beginning.",
        FORMS(look, forms),
        .forms = "the forms are: list, show POST, history POST, deliveries POST",
        .noun = "a post's id: post_…, as openpost post list shows it",
        .kind = ID_POST,
        .id_at = offsetof(struct query_args, post_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "post"}}};
    struct option_spec options[OPTIONS_MAX] = {
        {"--search",   &own.search,   NULL, "list: WORDS that they have"                           },
        {"--status",   &own.status,   NULL, "list: draft, scheduled, published, failed, missed …"},
        {"--approval", &own.approval, NULL, "list: none, wanted, given or void"                    },
        {"--series",   &own.series,   NULL, "list: SER, the series that made them"                 },
        {"--template", &own.template, NULL, "list: TPL, the template that they were made from"     },
    };
    return run_tool(&tool, &own, options, 5, argc, argv);
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
        FORMS(look, forms),
        FORMS(change, changes),
        .forms = "the forms are: list, show INT, preview INT, pause INT, resume INT",
        .noun = "an account's id: int_…, as openpost queue list shows it",
        .kind = ID_INTEGRATION,
        .id_at = offsetof(struct query_args, integration_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "queue"}}};
    struct option_spec options[OPTIONS_MAX];
    return run_tool(&tool, &own, options, 0, argc, argv);
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
            "them anew; end\ndoes so for ever, --keep lets go out what was made.",
        FORMS(look, forms),
        FORMS(change, changes),
        .forms = "the forms are: list, show SERIES, preview SERIES, pause SERIES, resume SERIES, end SERIES",
        .noun = "a series' id: ser_…, as openpost series list shows it",
        .kind = ID_SERIES,
        .id_at = offsetof(struct query_args, series_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "series"}}};
    struct option_spec options[OPTIONS_MAX] = {
        {"--keep", NULL, &own.keep, "end: what was made goes out"},
    };
    return run_tool(&tool, &own, options, 1, argc, argv);
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
        FORMS(look, forms),
        .forms = "the forms are: list, show TEMPLATE",
        .noun = "a template's id: tpl_…, as openpost template list shows it",
        .kind = ID_TEMPLATE,
        .id_at = offsetof(struct query_args, template_id)};
    struct tenant_errand own = {.look = {.errand = {.command = "template"}}};
    struct option_spec options[OPTIONS_MAX];
    return run_tool(&tool, &own, options, 0, argc, argv);
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
        FORMS(look, forms),
        .forms = "the form is: list"};
    struct tenant_errand own = {.look = {.errand = {.command = "notification"}}};
    struct option_spec options[OPTIONS_MAX];
    return run_tool(&tool, &own, options, 0, argc, argv);
}
