/* template_test.c: what a template may be, and what becomes of it with values: each of its texts filled in once, what
 * is left blank named, what is too long refused, and nothing in a value replaced. */
#include <check.h>

#include "core/template.h"
#include "tests/ids.h"
#include "tests/suite.h"

static struct arena arena;
static struct placeholder placeholders[] = {
    {.name = {(const uint8_t *)"given", 5}},
    {.name = {(const uint8_t *)"usual", 5}, .preset = {(const uint8_t *)"as ever", 7}},
    {.name = {(const uint8_t *)"left", 4}                                    },
    {.name = {(const uint8_t *)"maybe", 5}, .optional = true},
    {.name = {(const uint8_t *)"unused", 6}                    },
};
static struct content_part parts[2];
static struct target_spec own;
static struct template_form form;

static void write_form(void)
{
    parts[0].text = SPAN("{{given}} and {{usual}}, {{left}}{{maybe}}");
    parts[1].text = SPAN("{{{{kept}} {{{given}}}");
    own = (struct target_spec){.integration_id = id_number(ID_INTEGRATION, 1),
                               .variant = SPAN("{\"parts\":[{\"text\":\"{{given}}\"}],\"link\":null,"
                                               "\"first_comment\":\"{{maybe}}\\n{{left}}\"}"),
                               .settings = SPAN("{\"format\":\"{{given}}\"}")};
    form = (struct template_form){.name = SPAN("Weekly"),
                                  .placeholders = placeholders,
                                  .placeholder_count = sizeof placeholders / sizeof *placeholders,
                                  .parts = parts,
                                  .part_count = 2,
                                  .link = SPAN("https://example.com/{{given}}"),
                                  .first_comment = SPAN("{{maybe}}"),
                                  .targets = &own,
                                  .target_count = 1};
}

static void set_up(void)
{
    arena_init(&arena, (size_t)8 << 20);
    write_form();
}

static void tear_down(void)
{
    arena_done(&arena);
}

static struct template_filled fill(const struct placeholder_value *values, uint32_t count)
{
    struct template_filled filled;
    const struct target_spec targets[] = {
        {.integration_id = id_number(ID_INTEGRATION, 1)                                         },
        { .integration_id = id_number(ID_INTEGRATION,                                        2), .variant = SPAN("{\"text\":\"{{given}}\"}")},
    };
    ck_assert_int_eq(template_fill(&form, values, count, targets, 2, &arena, &filled), OK);
    return filled;
}

#define SAYS(span_, text_) ck_assert_msg(span_equal((span_), SPAN(text_)), "%.*s", (int)(span_).len, (span_).data)

START_TEST(each_text_is_filled_in_and_what_has_no_value_stays_blank)
{
    const struct placeholder_value values[] = {
        {SPAN("given"), SPAN("{{left}} \"x\"")},
    };
    const struct template_filled filled = fill(values, 1);
    ck_assert_uint_eq(filled.objection.refusal, ACCEPTED);
    ck_assert_uint_eq(filled.part_count, 2);
    SAYS(filled.parts[0].text, "{{left}} \"x\" and as ever, {{left}}");
    SAYS(filled.parts[1].text, "{{kept}} {{{left}} \"x\"}");
    SAYS(filled.link, "https://example.com/{{left}} \"x\"");
    SAYS(filled.first_comment, "");
    SAYS(filled.targets[0].variant,
         "{\"parts\":[{\"text\":\"{{left}} \\\"x\\\"\"}],\"link\":null,\"first_comment\":\"\\n{{left}}\"}");
    SAYS(filled.targets[0].settings, "{\"format\":\"{{given}}\"}"); /* no text */
    SAYS(filled.targets[1].variant, "{\"text\":\"{{given}}\"}");    /* what the post says for itself */
    ck_assert_uint_eq(filled.blank_count, 1);
    SAYS(filled.blanks[0].name, "left");
}

END_TEST

START_TEST(with_all_values_nothing_is_blank_whatever_they_say)
{
    const struct placeholder_value values[] = {
        {SPAN("left"),   SPAN("{{given}}")},
        {SPAN("given"),  SPAN("{{left}}") },
        {SPAN("usual"),  SPAN("{{{{")     },
        {SPAN("maybe"),  SPAN("")         },
        {SPAN("unused"), SPAN("x")        },
    };
    const struct template_filled filled = fill(values, 5);
    ck_assert_uint_eq(filled.objection.refusal, ACCEPTED);
    SAYS(filled.parts[0].text, "{{left}} and {{{{, {{given}}");
    ck_assert_uint_eq(filled.blank_count, 0);
}

END_TEST

START_TEST(a_value_that_is_for_nothing_or_says_nothing_is_refused)
{
    static const struct {
        struct placeholder_value values[2];
        uint32_t count;
        enum refusal refusal;
        const char *param;
    } rows[] = {
        {{{{(const uint8_t *)"a/b", 3}, {(const uint8_t *)"x", 1}}},           1, REFUSED_field_unknown, "/values/a~1b"},
        {{{{(const uint8_t *)"left", 4}, {(const uint8_t *)"", 0}}},           1, REFUSED_field_invalid, "/values/left"},
        {{{{(const uint8_t *)"left", 4}, {(const uint8_t *)"x", 1}},
          {{(const uint8_t *)"left", 4}, {(const uint8_t *)"y", 1}}},
         2,                                                                       REFUSED_field_invalid,
         "/values/left"                                                                                                },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct template_filled filled = fill(rows[i].values, rows[i].count);
        ck_assert_uint_eq(filled.objection.refusal, rows[i].refusal);
        ck_assert_str_eq(filled.objection.param, rows[i].param);
    }
}

END_TEST

/* A text of len bytes for a placeholder, and what is said of it. */
static enum refusal with_long(const char *name, size_t len)
{
    uint8_t *bytes = arena_alloc(&arena, len + 1);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', len);
    const struct placeholder_value value = {span_text(name), span_of(bytes, len)};
    return fill(&value, 1).objection.refusal;
}

START_TEST(what_is_too_long_with_its_values_is_refused)
{
    form.target_count = 0;
    form.part_count = 1;
    parts[0].text = SPAN("{{left}}{{left}}");
    form.link = SPAN("{{given}}");
    form.first_comment = SPAN("-{{unused}}");
    ck_assert_uint_eq(with_long("left", FILLED_BYTES_MAX / 2), ACCEPTED);
    ck_assert_uint_eq(with_long("left", FILLED_BYTES_MAX / 2 + 1), REFUSED_field_too_long);
    ck_assert_uint_eq(with_long("given", LINK_BYTES_MAX), ACCEPTED);
    ck_assert_uint_eq(with_long("given", LINK_BYTES_MAX + 1), REFUSED_field_too_long);
    ck_assert_uint_eq(with_long("unused", FILLED_BYTES_MAX - 1), ACCEPTED);
    ck_assert_uint_eq(with_long("unused", FILLED_BYTES_MAX), REFUSED_field_too_long);
    form.target_count = 1;
    own.variant = SPAN("{\"text\":\"{{left}}\"}");
    ck_assert_uint_eq(with_long("left", FILLED_BYTES_MAX / 2), ACCEPTED);
    parts[0].text = SPAN("");
    ck_assert_uint_eq(with_long("left", FILLED_BYTES_MAX - 10), REFUSED_field_too_long); /* as JSON */
}

END_TEST

START_TEST(memory_that_ends_is_an_error_at_every_place)
{
    struct template_filled filled;
    const struct target_spec target = {.integration_id = id_number(ID_INTEGRATION, 1)};
    enum err err = ERR_NO_MEMORY;
    size_t room = 0;
    for (; err != OK && room < (size_t)1 << 20; room += 64) {
        struct arena small;
        arena_init(&small, room);
        err = template_fill(&form, NULL, 0, &target, 1, &small, &filled);
        ck_assert(err == OK || err == ERR_NO_MEMORY);
        arena_done(&small);
    }
    ck_assert_int_eq(err, OK);
}

END_TEST

#define OBJECTS(refusal_, param_)                                          \
    do {                                                                   \
        const struct objection objection_ = template_check(&form, &arena); \
        ck_assert_uint_eq(objection_.refusal, REFUSED_##refusal_);         \
        ck_assert_str_eq(objection_.param, (param_));                      \
        ck_assert_ptr_nonnull(objection_.detail);                          \
        write_form();                                                      \
    } while (0)

START_TEST(a_templates_first_fault_is_named)
{
    static uint8_t letters[PLACEHOLDER_DEFAULT_MAX + 1];
    memset(letters, 'x', sizeof letters);
    struct placeholder two[] = {{.name = SPAN("a")}, {.name = SPAN("a")}};
    struct placeholder one = {.name = SPAN("a")};
    ck_assert_uint_eq(template_check(&form, &arena).refusal, ACCEPTED);
    form.name = SPAN("");
    OBJECTS(field_invalid, "/name");
    form.name = span_of(letters, TEMPLATE_NAME_MAX + 1);
    OBJECTS(field_invalid, "/name");
    form.placeholders = two;
    form.placeholder_count = 2;
    OBJECTS(field_invalid, "/placeholders/1/name");
    one.name = SPAN("A");
    form.placeholders = &one;
    form.placeholder_count = 1;
    OBJECTS(field_invalid, "/placeholders/0/name");
    one = (struct placeholder){.name = SPAN("a"), .preset = span_of(letters, sizeof letters)};
    form.placeholders = &one;
    form.placeholder_count = 1;
    OBJECTS(field_too_long, "/placeholders/0/default");
    one = (struct placeholder){.name = SPAN("a"), .preset = SPAN("")};
    form.placeholders = &one;
    form.placeholder_count = 1;
    OBJECTS(field_invalid, "/placeholders/0/default");
    one = (struct placeholder){.name = SPAN("a"), .description = span_of(letters, PLACEHOLDER_DESCRIPTION_MAX + 1)};
    form.placeholders = &one;
    form.placeholder_count = 1;
    OBJECTS(field_too_long, "/placeholders/0/description");
    parts[1].text = SPAN("{{other}}");
    OBJECTS(placeholder_invalid, "/content/parts/1/text");
    parts[0].text = SPAN("{{ given }}");
    OBJECTS(placeholder_invalid, "/content/parts/0/text");
    form.link = SPAN("{{");
    OBJECTS(placeholder_invalid, "/content/link");
    form.first_comment = SPAN("{{Given}}");
    OBJECTS(placeholder_invalid, "/content/first_comment");
    own.variant = SPAN("{\"text\":\"{{no}}\"}");
    OBJECTS(placeholder_invalid, "/targets/0/variant");
    own.variant = SPAN("{\"parts\":[{\"text\":\"\"},{\"text\":\"{{no}}\"}]}");
    OBJECTS(placeholder_invalid, "/targets/0/variant");
    parts[0].text = SPAN("{{{{left}} and {{left}}"); /* with it blank nobody could tell the two apart */
    OBJECTS(field_invalid, "/content/parts/0/text");
    form.first_comment = SPAN("{{{{{given}}");
    OBJECTS(field_invalid, "/content/first_comment");
    own.variant = SPAN("{\"parts\":[{\"text\":\"{{{{unused}}\"}]}");
    OBJECTS(field_invalid, "/targets/0/variant");
    parts[0].text = SPAN("{{{{usual}} {{{{maybe}} {{{{other}} {{{{left} {{{{{{left}}}}");
    ck_assert_uint_eq(template_check(&form, &arena).refusal, ACCEPTED);
    own.at_ms = 1;
    OBJECTS(field_invalid, "/targets/0/at");
    form.default_queue_of = own.integration_id;
    ck_assert_uint_eq(template_check(&form, &arena).refusal, ACCEPTED);
    form.target_count = 0;
    OBJECTS(reference_not_found, "/default_queue");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("template");
    TCase *tcase = tcase_create("template");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, each_text_is_filled_in_and_what_has_no_value_stays_blank);
    tcase_add_test(tcase, with_all_values_nothing_is_blank_whatever_they_say);
    tcase_add_test(tcase, a_value_that_is_for_nothing_or_says_nothing_is_refused);
    tcase_add_test(tcase, what_is_too_long_with_its_values_is_refused);
    tcase_add_test(tcase, memory_that_ends_is_an_error_at_every_place);
    tcase_add_test(tcase, a_templates_first_fault_is_named);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
