/* message_names_test.c: every name that another program may ask or send over RPC stands in one page, which is installed
 * beside what the bytes are; and every name that stands there is one. */
#include "core/message/field.h"
#include "core/wire/party.h"
#include "projections/posts.h"
#include "projections/row.h"
#include "projections/views.h"
#include "tests/accept.h"
#include "tests/suite.h"
#include "tools/questions.h"

#define PAGE "core/wire/names.md"
#define CODES 1000
#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

/* What tools/questions.c answers beside projections/views.c's questions; their arguments are lines of text. */
static const struct {
    const char *name;
    const char *doc;
    const char *lines;
} log_questions[] = {
    {"events",     "A page of the workspace's events.",
     "an empty line, the workspace_seq to begin after, how many at most"                                                                   },
    {"checkpoint", "The log's newest signed checkpoint.",                                             "an empty line, 0, 0"                },
    {"proof",      "The proof that an event is in the log, with its payload.",                        "an empty line, its workspace_seq, 0"},
    {"verifier",   "The public key that checkpoints are signed with, as `openpost verify` takes it.", "none"                               },
};

/* What bits of arguments stand for. */
static const struct {
    const char *name;
    const struct choice_table *words;
} sets[] = {
    {"post_status",       &post_listed_words      },
    {"attention",         &attention_words        },
    {"notification_kind", &notification_kind_words},
    {"approval",          &approval_words         },
};

static const char head[] = "# What other programs ask and send over RPC\n"
                           "\n"
                           "Printed from the code; do not edit. What the bytes are stands in rpc.md, what the "
                           "fields of commands, events and answers\n"
                           "are in messages.md: both are installed beside this page.\n"
                           "\n"
                           "A role or scope that does not suffice is `role_insufficient` or `scope_insufficient`, a "
                           "name that is not here `query_unknown`.\n"
                           "An argument that the question does not take is `parameter_unknown` (the result is "
                           "`{\"param\":…,\"detail\":…}` then), a field that the\n"
                           "command does not have `field_unknown`.\n"
                           "\n";

static void put_roles(struct buf *out, enum need need)
{
    const char *before = "";
    for (uint32_t role = 1; role < ROLE_COUNT; role++) {
        if (access_allows(&(struct grant){.role = role}, need)) {
            buf_text(out, before);
            buf_text(out, choice_word(&role_words, role));
            before = ", ";
        }
    }
}

static void put_line(struct buf *out, const char *name, enum need need, enum key_scope scope, const char *doc)
{
    buf_text(out, "| `");
    buf_text(out, name);
    buf_text(out, "` | ");
    put_roles(out, need);
    buf_text(out, " | ");
    if (scope != SCOPE_NONE) {
        buf_text(out, "`");
        buf_text(out, choice_word(&scope_words, scope));
        buf_text(out, "`");
    }
    buf_text(out, " | ");
    buf_text(out, doc);
}

/* Each is one of query_args. */
static void put_takes(struct buf *out, struct span takes)
{
    const struct record_desc *desc = query_args_desc();
    const char *before = " | `";
    buf_text(out, takes.len == 0 ? " | none" : "");
    while (takes.len > 0) {
        const size_t len = span_find(takes, ' ');
        const size_t step = len < takes.len ? len + 1 : len;
        const struct span name = span_of(takes.data, len);
        ck_assert(field_find(desc, name, 0) < desc->field_count);
        buf_text(out, before);
        buf_put(out, name);
        before = "`, `";
        takes = span_of(takes.data + step, takes.len - step);
    }
    buf_text(out, before[0] == '`' ? "` |\n" : " |\n");
}

static void put_questions(struct buf *out)
{
    const struct views_query *query = NULL;
    buf_text(out, "## Questions (kind 4)\n\n| name | roles | scope | what | arguments |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; (query = views_query_at(i)) != NULL; i++) {
        put_line(out, query->name, query->need, query->scope, query->doc);
        put_takes(out, span_text(query->takes));
    }
    for (size_t i = 0; i < ROWS(log_questions); i++) {
        put_line(out, log_questions[i].name, NEED_AUDIT_OWN, SCOPE_LOG_READ, log_questions[i].doc);
        buf_text(out, " | ");
        buf_text(out, log_questions[i].lines);
        buf_text(out, " |\n");
    }
}

static void put_arguments(struct buf *out)
{
    const struct record_desc *desc = query_args_desc();
    buf_text(
        out,
        "\n### Arguments\n\nA map in msgpack, `{name: value}`, but for those of the last four, which are text, each "
        "line ended by a line break.\n\n| name | kind | what |\n|---|---|---|\n");
    for (size_t i = 0; i < desc->field_count; i++) {
        buf_text(out, "| `");
        buf_text(out, desc->fields[i].name);
        buf_text(out, "` | ");
        buf_text(out, kind_name(desc->fields[i].kind));
        buf_text(out, " | ");
        buf_text(out, desc->fields[i].doc);
        buf_text(out, " |\n");
    }
}

/* "Bit n: enum post_status n." of an argument, and the words of each bit. The page says all of them: who writes a
 * program has no header of ours. */
static void put_sets(struct buf *out)
{
    static const char begin[] = "Bit n: enum ";
    const struct record_desc *desc = query_args_desc();
    uint32_t told = 0;
    buf_text(out, "\n### Sets\n\nAn argument that is a set has bit n, 1 << n, for each of its members.\n\n"
                  "| argument | members |\n|---|---|\n");
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct span doc = span_text(desc->fields[i].doc);
        if (doc.len < sizeof begin || memcmp(doc.data, begin, sizeof begin - 1) != 0) {
            ck_assert_msg(strstr(desc->fields[i].doc, "enum ") == NULL, "%s", desc->fields[i].name);
            continue;
        }
        const struct span rest = span_of(doc.data + sizeof begin - 1, doc.len - (sizeof begin - 1));
        const struct span name = span_of(rest.data, span_find(rest, ' '));
        const struct choice_table *set = NULL;
        for (size_t k = 0; k < ROWS(sets); k++) {
            set = span_equal(name, span_text(sets[k].name)) ? sets[k].words : set;
        }
        ck_assert_msg(set != NULL, "the words of %s are not told", desc->fields[i].name);
        buf_text(out, "| `");
        buf_text(out, desc->fields[i].name);
        buf_text(out, "` | ");
        for (uint32_t value = 1; value < set->count; value++) {
            buf_text(out, value == 1 ? "" : ", ");
            buf_u64(out, value);
            buf_text(out, " `");
            buf_text(out, choice_word(set, value));
            buf_text(out, "`");
        }
        buf_text(out, " |\n");
        told++;
    }
    ck_assert_uint_eq(told, ROWS(sets));
}

static void put_fields(struct buf *out, const struct record_desc *desc)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        buf_text(out, i == 0 ? " | `" : ", `");
        buf_text(out, desc->fields[i].name);
        buf_text(out, desc->fields[i].required ? "`" : "`?");
    }
    buf_text(out, " |\n");
}

static void put_commands(struct buf *out)
{
    buf_text(out, "\n## Commands (kind 2)\n\nA `?` behind a field: it may be left out.\n\n"
                  "| name | roles | scope | what | fields |\n|---|---|---|---|---|\n");
    for (uint32_t code = 0; code < CODES; code++) {
        const struct record_desc *desc = command_desc(code);
        if (desc != NULL && access_need(code) != NEED_NOBODY) {
            put_line(out, desc->name, access_need(code), command_scope(code), desc->doc);
            put_fields(out, desc);
        }
    }
}

START_TEST(the_page_names_what_may_be_asked_and_sent)
{
    static uint8_t page_bytes[1 << 18];
    struct buf page = buf_of(page_bytes, sizeof page_bytes);
    buf_text(&page, head);
    put_questions(&page);
    put_arguments(&page);
    put_sets(&page);
    put_commands(&page);
    ck_assert(buf_ok(&page));
    ck_assert_msg(source_agrees(PAGE, buf_span(&page)),
                  PAGE " is not what is declared: OPENPOST_ACCEPT=1 ctest --preset dev -R unit/message writes it");
}

END_TEST

/* Whoever has no role is told of a question that there is one. */
static enum refusal asked_by_nobody(const char *name)
{
    const struct asker asker = {.party = PARTY_NONE};
    const struct question question = {.name = span_text(name), .asker = &asker};
    enum refusal refusal = ACCEPTED;
    struct buf out = {0};
    ck_assert_int_eq(questions_answer(&question, &refusal, &out), OK);
    return refusal;
}

START_TEST(every_question_that_is_named_is_one)
{
    for (size_t i = 0; i < ROWS(log_questions); i++) {
        ck_assert_int_eq(asked_by_nobody(log_questions[i].name), REFUSED_role_insufficient);
    }
    for (uint32_t i = 0; views_query_at(i) != NULL; i++) {
        ck_assert_int_eq(asked_by_nobody(views_query_at(i)->name), REFUSED_role_insufficient);
    }
    ck_assert_int_eq(asked_by_nobody("no_such_question"), REFUSED_query_unknown);
    ck_assert_int_eq(asked_by_nobody("stream"), REFUSED_query_unknown); /* our own processes' */
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("message_names");
    TCase *tcase = tcase_create("names");
    tcase_add_test(tcase, the_page_names_what_may_be_asked_and_sent);
    tcase_add_test(tcase, every_question_that_is_named_is_one);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
