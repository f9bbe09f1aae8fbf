/* post.c: openpost post: a workspace's posts, now or as they were, with all filters of HTTP's list. Called by
 * openpost.c; see tenant.h. */
#include "core/calendar/instant.h"
#include "core/wire/person_record.h"
#include "projections/posts.h"
#include "tools/tenant.h"
#include "tools/who.h"

/* What lists are filtered by, as typed. */
struct post_errand {
    struct tenant_errand tenant; /* first: see errand.h */
    const char *search;
    const char *label;
    const char *status;
    const char *approval;
    const char *attention;
    const char *account;
    const char *author;
    const char *series;
    const char *template;
    const char *after;
    const char *before;
    const char *order;
};

static int list_posts(struct errand *errand)
{
    static const struct look_column columns[] = {
        {"id",           0 },
        {"status",       32},
        {"publish_at",   53},
        {"content/text", 78}
    };
    static const struct look_list list = {
        .question = "list_posts", TENANT_COLUMNS(columns), .hex_cursor = true, .cuts = true};
    return tenant_list(errand, &list);
}

static int show_post(struct errand *errand)
{
    return tenant_show(errand, "get_post");
}

static int show_deliveries(struct errand *errand)
{
    return tenant_show(errand, "deliveries");
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
    static const struct look_list list = {TENANT_COLUMNS(columns)};
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
    return tenant_list(errand, errand->json ? &whole : &list);
}

/* ---- Filters ---- */

static bool wrong(const struct post_errand *own, const char *option, const char *value, const char *expected)
{
    return tenant_wrong_value(&own->tenant, option, value, expected) == EXIT_GOOD;
}

/* One word of a set. Each of these is true where nothing is wrong, and leaves alone what was not given. */
static bool read_word(const struct post_errand *own, const char *option, const char *value,
                      const struct choice_table *words, const char *expected, uint64_t *set)
{
    const uint32_t word = value == NULL ? 0 : choice_value(words, span_text(value));
    *set = word == 0 ? *set : (uint64_t)1 << word;
    return value == NULL || word != 0 || wrong(own, option, value, expected);
}

/* other: the second kind that it may be of. */
static bool read_id(const struct post_errand *own, const char *option, const char *value, enum id_kind kind,
                    enum id_kind other, const char *expected, struct id *id)
{
    struct id read = {0};
    if (value == NULL) {
        return true;
    }
    if (id_parse(span_text(value), ID_NONE, &read) != OK || (read.kind != kind && read.kind != other)) {
        return wrong(own, option, value, expected);
    }
    *id = read;
    return true;
}

static bool read_instant(const struct post_errand *own, const char *option, const char *value, int64_t *at_ms)
{
    return value == NULL || (instant_parse(span_text(value), at_ms) == INSTANT_OK && *at_ms > 0) ||
           wrong(own, option, value, "an instant like 2026-04-20T14:00:00Z");
}

static bool read_order(struct post_errand *own, struct span *ret_order)
{
    enum post_order order = POST_ORDER_CREATED_DOWN;
    *ret_order = own->order == NULL ? (struct span){0} : span_text(own->order);
    return posts_order(*ret_order, &order) == OK ||
           wrong(own, "--order", own->order, "created_at, -created_at, publish_at or -publish_at");
}

static bool read_sets(struct post_errand *own, struct query_args *args)
{
    return read_word(own, "--status", own->status, &post_listed_words,
                     "draft, scheduled, queued, publishing, published, partially_published, failed, missed or "
                     "cancelled",
                     &args->statuses) &&
           read_word(own, "--approval", own->approval, &approval_words, "none, wanted, given or void",
                     &args->approvals) &&
           read_word(own, "--attention", own->attention, &attention_words, "unknown, needs_person or contradicted",
                     &args->attention);
}

static bool read_ids(struct post_errand *own, struct query_args *args)
{
    return read_id(own, "--account", own->account, ID_INTEGRATION, ID_INTEGRATION,
                   "an account's id: int_…, as openpost account list shows it", &args->integration_id) &&
           read_id(own, "--author", own->author, ID_KEY, ID_MEMBER,
                   "a key's or a member's id: key_… or mem_…, as openpost post history shows it", &args->author_id) &&
           read_id(own, "--series", own->series, ID_SERIES, ID_SERIES,
                   "a series' id: ser_…, as openpost series list shows it", &args->series_id) &&
           read_id(own, "--template", own->template, ID_TEMPLATE, ID_TEMPLATE,
                   "a template's id: tpl_…, as openpost template list shows it", &args->template_id);
}

static bool has_filters(const struct post_errand *own)
{
    const char *const given[] = {own->search, own->label,  own->status,   own->approval, own->attention, own->account,
                                 own->author, own->series, own->template, own->after,    own->before,    own->order};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i] != NULL) {
            return true;
        }
    }
    return false;
}

static int read_filters(struct tenant_errand *tenant)
{
    struct post_errand *own = (struct post_errand *)tenant;
    struct query_args *args = &tenant->args;
    if (tenant->run != list_posts) {
        return has_filters(own) ? errand_wrong(&tenant->look.errand, "filters, --search and --order are for list")
                                : EXIT_GOOD;
    }
    if (own->search != NULL) {
        args->q = span_text(own->search);
    }
    if (own->label != NULL) {
        args->label = span_text(own->label);
    }
    const bool good = read_sets(own, args) && read_ids(own, args) &&
                      read_instant(own, "--publish-after", own->after, &args->publish_after) &&
                      read_instant(own, "--publish-before", own->before, &args->publish_before) &&
                      read_order(own, &args->order);
    return good ? EXIT_GOOD : EXIT_USAGE_WRONG;
}

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
            "usage: openpost post list --data DIR [--workspace WS] [--search WORDS] [FILTER…] [--order ORDER]\n"
            "                          [--at MOMENT] [--limit N] [--json]\n"
            "       openpost post show|history|deliveries POST --data DIR [--workspace WS] [--at MOMENT] [--json]\n"
            " e.g.: openpost post list --data /var/lib/openpost --search \"spring sale\" --approval wanted\n\n"
            "Lists a workspace's posts, the newest first: id, status, when they are published, how the text begins; "
            "shows\none, what happened to it, every attempt. Posts have all of WORDS, the last one also by its "
            "beginning; words in\nquotation marks follow one another. The filters are those of GET /v1/posts; of "
            "several, posts meet each. What\nwaits for somebody's word is listed by --approval wanted and by "
            "--approval void (it was given, and the post\nwas changed since). A history has who "
            "did it, by id and name; a person's name is today's, whether they are\nstill a member or not, and is not "
            "told with --at, nor of a backup. At a terminal a list has but a text's beginning.",
        TENANT_FORMS(look, forms),
        .forms = "the forms are: list, show POST, history POST, deliveries POST",
        .noun = "a post's id: post_…, as openpost post list shows it",
        .kind = ID_POST,
        .id_at = offsetof(struct query_args, post_id),
        .read = read_filters};
    struct post_errand own = {.tenant = {.look = {.errand = {.command = "post"}}}};
    struct option_spec options[TENANT_OPTIONS_MAX] = {
        {"--search",         &own.search,    NULL, "list: WORDS that they have"                                          },
        {"--status",         &own.status,    NULL, "list: draft, scheduled, published, failed, missed …"               },
        {"--label",          &own.label,     NULL, "list: a label that they have"                                        },
        {"--account",        &own.account,   NULL, "list: an account that they go to, int_…"                           },
        {"--author",         &own.author,    NULL, "list: who wrote them, key_… or mem_…"                            },
        {"--publish-after",  &own.after,     NULL, "list: published at this instant or later"                            },
        {"--publish-before", &own.before,    NULL, "list: published before this instant"                                 },
        {"--approval",       &own.approval,  NULL, "list: none, wanted, given or void"                                   },
        {"--attention",      &own.attention, NULL, "list: unknown, needs_person or contradicted"                         },
        {"--series",         &own.series,    NULL, "list: the series that made them, ser_…"                            },
        {"--template",       &own.template,  NULL, "list: the template that they were made from, tpl_…"                },
        {"--order",          &own.order,     NULL, "list: created_at, -created_at (the default), publish_at, -publish_at"},
    };
    return tenant_run(&tool, &own.tenant, options, 12, argc, argv);
}
