/* workspace.c: openpost workspace: tenants made, listed and given a plan, beside a running service or without one: what
 * whoever runs the installation for several of them needs. */
#include <stdio.h>

#include "core/base/clock.h"
#include "core/calendar/instant.h"
#include "core/calendar/month.h"
#include "core/decider/plan.h"
#include "core/message/codec.h"
#include "tools/errand.h"
#include "tools/founding.h"

static const char usage_begin[] =
    "usage: openpost workspace create --data DIR --slug SLUG --name NAME [--timezone ZONE] [--max-lateness TIME]\n"
    "                                 [--late-spacing TIME] [--json]\n"
    "       openpost workspace list --data DIR [--json]\n"
    "       openpost workspace plan --data DIR --workspace WS --set PLAN [--json]\n"
    " e.g.: openpost workspace create --data /var/lib/openpost --slug acme --name Acme --timezone Europe/Berlin\n\n"
    "Makes workspaces, lists them and gives them plans; a service may run on the folder. create's last line is an\n"
    "owner's API key, shown this once; nobody is a member before somebody is invited (POST /v1/invitations) or added\n"
    "(openpost user create). list's columns: id, slug, keys that are not revoked, posts that are scheduled, whether "
    "it\n"
    "works, is paused or was deleted, plan, name. WS is a slug or an id, ws_…. What a PLAN bounds:\n\n";

static const char usage_end[] =
    "\n-: no bound. self_hosted is what every workspace has at first, and is not billed. Members are people and open\n"
    "invitations. What a plan bounds is asked for when something begins; what is scheduled goes out whatever it says.\n"
    "GET /v1/usage tells what is used. The first billing period begins with the day, by the workspace's time zone;\n"
    "another plan goes on with it.\n"
    "Exit codes: 0 done; 1 refused: the slug is another workspace's, there is no such workspace, or the log was "
    "altered;\n"
    "2 the folder cannot be read; 64 wrong usage; 69 the running service does not answer; 71 the system refused\n"
    "something needed.";

#define KEYS_MAX 10000
#define USAGE_MAX 4096

struct workspace_errand {
    struct errand errand;
    struct founding_words words;
    struct founding founding;
    const char *workspace; /* as typed: a slug or an id */
    const char *plan_word;
    const struct plan *plan;
};

static const char *text_of(const struct id *id, char text[ID_TEXT_MAX + 1])
{
    struct buf buf = buf_of(text, ID_TEXT_MAX + 1);
    id_write(&buf, id);
    return buf_terminated(&buf);
}

/* --- create --- */

static int create(struct errand *errand)
{
    struct id workspace_id;
    char id_text[ID_TEXT_MAX + 1];
    char key[KEY_TEXT_MAX];
    store_park(errand->txn);
    const struct workspace_errand *own = (const struct workspace_errand *)errand;
    const enum err err = founding_make("workspace", &errand->hand, &own->founding, &workspace_id, key);
    if (err != OK) {
        return err == ERR_CONFLICT ? EXIT_ALTERED : errand_failed(errand, err);
    }
    if (errand->json) {
        print_member(true, "workspace_id", span_text(text_of(&workspace_id, id_text)));
        print_member(false, "key", span_text(key));
        (void)printf("}\n");
    } else {
        (void)printf("workspace: %s\nkey: %s\n", text_of(&workspace_id, id_text), key);
    }
    explicit_bzero(key, sizeof key);
    return EXIT_GOOD;
}

/* --- list --- */

struct line {
    const struct workspace_row *row;
    uint32_t keys;
    uint64_t scheduled;
    struct span plan;
};

static enum err count_keys(struct errand *errand, const struct id *workspace_id, uint32_t *ret_count)
{
    struct key_row *keys = NULL;
    uint32_t count = 0;
    TRY(access_keys(errand->txn, workspace_id, NULL, KEYS_MAX, &errand->arena, &keys, &count));
    *ret_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        *ret_count += keys[i].revoked_ms == 0 ? 1 : 0;
    }
    return OK;
}

static void write_json(const struct line *line, struct buf *out)
{
    buf_text(out, "{\"id\":");
    json_id(out, &line->row->workspace_id);
    buf_text(out, ",\"slug\":");
    json_string(out, line->row->slug);
    buf_text(out, ",\"name\":");
    json_string(out, line->row->name);
    buf_text(out, ",\"plan\":");
    json_string(out, line->plan);
    buf_text(out, ",\"keys\":");
    buf_u64(out, line->keys);
    buf_text(out, ",\"posts_scheduled\":");
    buf_u64(out, line->scheduled);
    buf_text(out, line->row->paused ? ",\"paused\":true" : ",\"paused\":false");
    buf_text(out, ",\"deleted_at\":");
    json_time(out, line->row->deleted_ms);
    buf_byte(out, '}');
}

static void write_columns(const struct line *line, struct buf *out)
{
    const char *state = line->row->deleted_ms != 0 ? "deleted" : line->row->paused ? "paused" : "works";
    id_write(out, &line->row->workspace_id);
    to_column(out, 30);
    buf_put(out, line->row->slug);
    to_column(out, 31 + SLUG_MAX);
    buf_u64(out, line->keys);
    to_column(out, 36 + SLUG_MAX);
    buf_u64(out, line->scheduled);
    to_column(out, 44 + SLUG_MAX);
    buf_text(out, state);
    to_column(out, 52 + SLUG_MAX);
    buf_put(out, line->plan);
    to_column(out, 64 + SLUG_MAX);
    buf_put(out, line->row->name);
}

static enum err print_line(struct errand *errand, const struct workspace_row *row)
{
    char text[4096];
    struct buf out = buf_of(text, sizeof text);
    struct usage used;
    struct line line = {.row = row, .plan = row->plan.data != NULL ? row->plan : SPAN(PLAN_OF_NOBODY)};
    TRY(access_usage(errand->txn, &row->workspace_id, clock_wall_ms(), &used));
    TRY(count_keys(errand, &row->workspace_id, &line.keys));
    line.scheduled = used.used[LIMIT_SCHEDULED_POSTS];
    if (errand->json) {
        write_json(&line, &out);
    } else {
        write_columns(&line, &out);
    }
    print_shown(buf_terminated(&out), errand->json);
    return OK;
}

static int list(struct errand *errand)
{
    uint32_t count = 0;
    const enum err err = errand_workspaces(errand, NULL, print_line, &count);
    return err == OK ? EXIT_GOOD : errand_failed(errand, err);
}

/* --- plan --- */

/* The running period goes on, for a plan that is billed; else it begins with this day. */
static enum err read_period(const struct workspace_row *row, const struct plan *plan,
                            struct change_plan_command *command)
{
    OWNED(zones_close) struct zones *zones = NULL;
    if (!plan_is_billed(plan)) {
        return OK;
    }
    command->period_start_ms = row->period_start_ms;
    command->period_end_ms = row->period_end_ms;
    if (row->period_end_ms != 0) {
        return OK;
    }
    TRY(zones_open(&zones));
    return month_first(zones, row->timezone, clock_wall_ms(), &command->period_start_ms, &command->period_end_ms);
}

static void write_plan(const struct workspace_errand *own, int64_t period_end_ms, struct buf *out)
{
    buf_text(out, own->errand.json ? "{\"plan\":\"" : "plan: ");
    buf_text(out, own->plan->name);
    if (own->errand.json) {
        buf_text(out, "\",\"period_end\":");
        json_time(out, period_end_ms);
        buf_byte(out, '}');
    } else if (period_end_ms != 0) {
        buf_text(out, "\nperiod ends: ");
        instant_write(out, period_end_ms);
    }
}

static int plan(struct errand *errand)
{
    const struct workspace_errand *own = (const struct workspace_errand *)errand;
    struct workspace_row row;
    struct plan_limit limits[LIMIT_COUNT];
    struct command command = {.code = COMMAND_change_plan};
    struct answer answer;
    char text[200];
    struct buf out = buf_of(text, sizeof text);
    int code = errand_workspace(errand, own->workspace);
    if (code != EXIT_GOOD) {
        return code;
    }
    enum err err = access_workspace(errand->txn, &errand->workspace_id, &errand->arena, &row);
    command.change_plan = (struct change_plan_command){.plan = span_text(own->plan->name), .limits = limits};
    command.change_plan.limits_count = plan_limits(own->plan, limits);
    err = err == OK ? read_period(&row, own->plan, &command.change_plan) : err;
    if (err != OK) {
        return errand_failed(errand, err);
    }
    command.change_plan.workspace_id = row.workspace_id;
    command.workspace_id = row.workspace_id;
    command.stream = row.workspace_id;
    code = errand_decide(errand, &command, &answer);
    if (code == EXIT_GOOD) {
        write_plan(own, command.change_plan.period_end_ms, &out);
        (void)printf("%s\n", buf_terminated(&out));
    }
    return code;
}

/* --- the command --- */

struct plan_column {
    size_t at;
    const char *head;
};

static const struct plan_column plan_columns[LIMIT_COUNT] = {
    [LIMIT_INTEGRATIONS] = {16, "accounts"                     },
    [LIMIT_MEMBERS] = {28, "members"                      },
    [LIMIT_SCHEDULED_POSTS] = {40, "scheduled posts"              },
    [LIMIT_REQUESTS] = {58, "requests a minute of each key"},
};

/* A line of the plans' table; plan NULL: its head. */
static void write_plan_line(const struct plan *plan, struct buf *out)
{
    char text[128];
    struct buf line = buf_of(text, sizeof text);
    buf_text(&line, "  ");
    buf_text(&line, plan == NULL ? "PLAN" : plan->name);
    for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
        to_column(&line, plan_columns[i].at);
        if (plan == NULL) {
            buf_text(&line, plan_columns[i].head);
        } else if (plan->most[i] == PLAN_NO_LIMIT) {
            buf_text(&line, "-");
        } else {
            buf_u64(&line, plan->most[i]);
        }
    }
    buf_put(out, buf_span(&line));
    buf_text(out, "\n");
}

static const char *write_usage(struct buf *out)
{
    buf_text(out, usage_begin);
    write_plan_line(NULL, out);
    for (uint32_t i = 0; plan_at(i) != NULL; i++) {
        write_plan_line(plan_at(i), out);
    }
    buf_text(out, usage_end);
    return buf_terminated(out);
}

/* What each form needs, and what it may not have. NULL: nothing is wrong. */
static const char *fault_of(struct workspace_errand *own, errand_run *form)
{
    const struct founding_words *words = &own->words;
    const bool founds = words->slug != NULL || words->name != NULL || words->timezone != NULL ||
                        words->max_lateness != NULL || words->late_spacing != NULL;
    const bool plans = own->workspace != NULL || own->plan_word != NULL;
    if (form == create && (words->slug == NULL || words->name == NULL)) {
        return "--slug and --name are needed";
    }
    if (form == plan && (own->workspace == NULL || own->plan_word == NULL)) {
        return "--workspace and --set are needed";
    }
    if ((form != create && founds) || (form != plan && plans)) {
        return "--slug, --name, --timezone, --max-lateness and --late-spacing are for create, --workspace and --set "
               "for plan";
    }
    if (form == plan && own->plan_word != NULL) {
        own->plan = plan_find(span_text(own->plan_word));
        return own->plan == NULL ? "--set: expected self_hosted, free, team or agency" : NULL;
    }
    return NULL;
}

int tool_workspace(int argc, char **argv)
{
    static const struct errand_form forms[] = {
        {"create", create, 0},
        {"list",   list,   0},
        {"plan",   plan,   0},
    };

    struct workspace_errand own = {.errand = {.command = "workspace"}};
    struct errand *errand = &own.errand;
    const struct option_spec options[] = {
        {"--data",         &errand->path,           NULL,          "the data folder"                                   },
        {"--slug",         &own.words.slug,         NULL,          "create: its short name: a-z, 0-9, -"               },
        {"--name",         &own.words.name,         NULL,          "create: its name for people"                       },
        {"--timezone",     &own.words.timezone,     NULL,          "create: its IANA time zone; default UTC"           },
        {"--max-lateness", &own.words.max_lateness, NULL,          "create: what is later is missed; default 6h"       },
        {"--late-spacing", &own.words.late_spacing, NULL,          "create: between late posts of an account; def. 60s"},
        {"--workspace",    &own.workspace,          NULL,          "plan: WS: a slug or an id"                         },
        {"--set",          &own.plan_word,          NULL,          "plan: self_hosted, free, team or agency"           },
        {"--json",         NULL,                    &errand->json, "one JSON object, or one a line"                    },
    };
    const char *rest[1] = {NULL};
    size_t count = 0;
    int code = EXIT_GOOD;
    char text[USAGE_MAX];
    struct buf usage = buf_of(text, sizeof text);
    if (!options_parse(argc, argv, write_usage(&usage), options, sizeof options / sizeof *options, rest, 1, &count,
                       &code)) {
        return code;
    }
    const struct errand_form *form = errand_form(forms, sizeof forms / sizeof *forms, rest, count);
    if (form == NULL) {
        return errand_wrong(errand, "the forms are: create, list, plan");
    }
    const char *fault = fault_of(&own, form->run);
    if (fault != NULL) {
        return errand_wrong(errand, fault);
    }
    if (form->run == create && !founding_read("workspace", &own.words, &own.founding)) {
        return EXIT_USAGE_WRONG;
    }
    return errand_do(errand, form->run, (size_t)256 << 20);
}
