/* admission_test.c: what a person's command may say, whichever door it comes through. */
#include <check.h>

#include "adapters/bluesky.h"
#include "core/admission.h"
#include "tests/suite.h"

static struct zones *zones;
static struct arena arena;
static const struct channel *channels[1];
static struct channel_list list;

static void set_up(void)
{
    ck_assert_int_eq(zones_open(&zones), OK);
    arena_init(&arena, (size_t)1 << 20);
    channels[0] = bluesky_channel();
    list = (struct channel_list){.items = channels, .count = 1};
}

static void tear_down(void)
{
    zones_close(zones);
    arena_done(&arena);
}

static struct objection judged(const struct command *command)
{
    const struct admission admission = {.zones = zones, .channels = &list};
    return admission_check(&admission, command, &arena);
}

static struct command create(struct target_spec *target, struct label *label, struct pair *pairs)
{
    struct command command = {.code = COMMAND_create_post};
    *target = (struct target_spec){.channel = CHANNEL_BLUESKY};
    *label = (struct label){.name = SPAN("spring")};
    pairs[0] = (struct pair){.key = SPAN("a"), .value = SPAN("1")};
    pairs[1] = (struct pair){.key = SPAN("b"), .value = SPAN("2")};
    command.create_post.targets = target;
    command.create_post.targets_count = 1;
    command.create_post.labels = label;
    command.create_post.labels_count = 1;
    command.create_post.metadata = pairs;
    command.create_post.metadata_count = 2;
    return command;
}

#define OBJECTS(command_, refusal_, param_)                        \
    do {                                                           \
        const struct objection objection_ = judged(command_);      \
        ck_assert_uint_eq(objection_.refusal, REFUSED_##refusal_); \
        ck_assert_str_eq(objection_.param, (param_));              \
        ck_assert_ptr_nonnull(objection_.detail);                  \
    } while (0)

START_TEST(a_posts_values_are_judged_and_the_first_fault_is_named)
{
    static uint8_t long_link[LINK_BYTES_MAX + 1];
    struct target_spec target;
    struct label label;
    struct pair pairs[2];
    struct command command = create(&target, &label, pairs);
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    command.create_post.timezone = SPAN("Europe/Berlin");
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    command.create_post.timezone = SPAN("Mars/Olympus");
    OBJECTS(&command, timezone_unknown, "/timezone");
    command = create(&target, &label, pairs);
    memset(long_link, 'x', sizeof long_link);
    command.create_post.link = span_of(long_link, sizeof long_link);
    OBJECTS(&command, field_too_long, "/content/link");
    command = create(&target, &label, pairs);
    label.name = SPAN("");
    OBJECTS(&command, field_invalid, "/labels/0");
    command = create(&target, &label, pairs);
    pairs[1].key = SPAN("a");
    OBJECTS(&command, field_invalid, "/metadata");
    pairs[1].key = SPAN("");
    OBJECTS(&command, field_invalid, "/metadata");
}

END_TEST

/* They are shown as JSON inside of answers: what is no object would be an answer of the sender's making. */
START_TEST(a_targets_variant_and_settings_are_json_of_their_form)
{
    static const char *const wrong[] = {"{", "[]", "7", "{\"a\":1},\"status\":\"published\",\"x\":{\"a\":1}"};
    struct target_spec target;
    struct label label;
    struct pair pairs[2];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct command command = create(&target, &label, pairs);
        target.settings = span_text(wrong[i]);
        OBJECTS(&command, field_invalid, "/targets/0/platform_settings");
        target.settings = SPAN("{\"format\":\"post\"}");
        ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
        target.variant = span_text(wrong[i]);
        OBJECTS(&command, field_invalid, "/targets/0/variant");
        target.variant = SPAN("{\"text\":7}");
        OBJECTS(&command, field_invalid, "/targets/0/variant");
    }
    struct command edit = {.code = COMMAND_edit_post};
    edit.edit_post.targets = &target;
    edit.edit_post.targets_count = 1;
    OBJECTS(&edit, field_invalid, "/targets/0/variant");
}

END_TEST

/* A typo that is let pass publishes the post's own text. */
START_TEST(a_variants_member_that_nothing_reads_is_named)
{
    static const struct {
        const char *variant;
        const char *param;
    } wrong[] = {
        {"{\"tekst\":\"for A\"}",                                   "/targets/0/variant/tekst"    },
        {"{\"text\":\"for A\",\"labels\":[]}",                      "/targets/0/variant/labels"   },
        {"{\"content\":{\"text\":\"for A\"}}",                      "/targets/0/variant/content"  },
        {"{\"a/b~c\":null}",                                        "/targets/0/variant/a~1b~0c"  },
        {"{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\",\"c\":1}]}", "/targets/0/variant/parts/1/c"},
    };
    struct target_spec target;
    struct label label;
    struct pair pairs[2];
    struct command command = create(&target, &label, pairs);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        target.variant = span_text(wrong[i].variant);
        OBJECTS(&command, field_unknown, wrong[i].param);
    }
    target.variant = SPAN("{\"parts\":[{\"text\":\"a\"}],\"link\":null,\"first_comment\":\"b\",\"text\":null}");
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    target.variant = SPAN("{\"parts\":null,\"text\":\"a\"}");
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    target.variant = SPAN("{\"parts\":[{\"text\":\"a\"}],\"text\":\"b\"}");
    OBJECTS(&command, field_invalid, "/targets/0/variant/parts");
    char text[400];
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"", 2);
    memcpy(text + sizeof text - 4, "\":1}", 4);
    target.variant = span_of(text, sizeof text);
    const struct objection objection = judged(&command);
    ck_assert_uint_eq(objection.refusal, REFUSED_field_unknown);
    ck_assert_uint_lt(strlen(objection.param), OBJECTION_PARAM_MAX);
    ck_assert_int_eq(strncmp(objection.param, "/targets/0/variant/xxx", 22), 0);
}

END_TEST

START_TEST(where_a_post_is_said_to_be_is_an_absolute_address)
{
    static const char *const good[] = {"https://bsky.app/profile/a/post/b", "http://x.y?z", "https://[::1]:8080/#f"};
    static const char *const wrong[] = {"x",
                                        "https://",
                                        "ftp://x/1",
                                        "/post/1",
                                        "https:/x",
                                        "HTTPS://X",
                                        "https://a b/",
                                        "https://a@b/",
                                        "https://x/ ",
                                        "http://x/\n",
                                        "//x/1",
                                        "",
                                        "javascript://x/1",
                                        "https:///1"};
    struct command command = {.code = COMMAND_resolve_target};
    command.resolve_target.resolution = RESOLUTION_PUBLISHED;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        command.resolve_target.url = span_text(good[i]);
        ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        command.resolve_target.url = span_text(wrong[i]);
        OBJECTS(&command, field_invalid, "/url");
    }
    static uint8_t url[URL_BYTES_MAX + 1];
    memset(url, 'x', sizeof url);
    memcpy(url, "https://x/", 10);
    command.resolve_target.url = span_of(url, sizeof url);
    OBJECTS(&command, field_too_long, "/url");
    command.resolve_target.url = span_of(url, sizeof url - 1);
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    command.resolve_target.url = (struct span){0};
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
}

END_TEST

START_TEST(an_account_is_on_a_channel_that_is_there_at_an_address_without_a_path)
{
    struct command command = {.code = COMMAND_connect_integration};
    struct connect_integration_command *connect = &command.connect_integration;
    *connect = (struct connect_integration_command){.channel = CHANNEL_BLUESKY, .identifier = SPAN("acme.test")};
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    connect->service = SPAN("https://pds.example:8443");
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    connect->service = SPAN("https://pds.example/xrpc");
    OBJECTS(&command, field_invalid, "/service");
    connect->service = SPAN("pds.example");
    OBJECTS(&command, field_invalid, "/service");
    connect->identifier = SPAN("");
    OBJECTS(&command, field_invalid, "/identifier");
    connect->channel = CHANNEL_TWITTER;
    OBJECTS(&command, not_yet_available, "/channel");
}

END_TEST

START_TEST(a_workspaces_settings_are_of_their_form)
{
    struct command command = {.code = COMMAND_change_workspace};
    struct change_workspace_command *change = &command.change_workspace;
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    *change = (struct change_workspace_command){
        .slug = SPAN("acme-2"), .name = SPAN("Acme"), .timezone = SPAN("Europe/Berlin")};
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    change->timezone = SPAN("Europe/Atlantis");
    OBJECTS(&command, timezone_unknown, "/timezone");
    change->name = SPAN("");
    OBJECTS(&command, field_invalid, "/name");
    static const char *const bad[] = {"", "Acme", "a b", "a/b", "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        change->slug = span_text(bad[i]);
        OBJECTS(&command, field_invalid, "/slug");
    }
}

END_TEST

/* What a program computed is no "not said". */
START_TEST(a_zero_that_would_be_read_as_absent_is_named)
{
    static const struct {
        uint32_t code;
        const char *field;
        const char *param;
    } rows[] = {
        {COMMAND_create_series,    "times",           "/rule/count"     },
        {COMMAND_change_series,    "month_day",       "/rule/month_day" },
        {COMMAND_change_workspace, "late_spacing_ms", "/late_spacing_ms"},
        {COMMAND_create_post,      "not_after_ms",    "/not_after"      },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct record_desc *desc = command_desc(rows[i].code);
        struct command command = {.code = rows[i].code};
        for (size_t k = 0; k < desc->field_count; k++) {
            if (strcmp(desc->fields[k].name, rows[i].field) == 0) {
                command.misgiven.odd.field = &desc->fields[k];
            }
        }
        ck_assert_ptr_nonnull(command.misgiven.odd.field);
        OBJECTS(&command, field_invalid, rows[i].param);
    }
    const struct record_desc *target = target_spec_desc();
    const struct record_desc *edit = command_desc(COMMAND_edit_post);
    struct command command = {.code = COMMAND_edit_post, .misgiven = {.odd = {.index = 49}}};
    for (size_t k = 0; k < edit->field_count; k++) {
        command.misgiven.odd.list =
            strcmp(edit->fields[k].name, "targets") == 0 ? &edit->fields[k] : command.misgiven.odd.list;
    }
    for (size_t k = 0; k < target->field_count; k++) {
        command.misgiven.odd.field =
            target->fields[k].kind == KIND_time ? &target->fields[k] : command.misgiven.odd.field;
    }
    OBJECTS(&command, field_invalid, "/targets/49/at");
    command.misgiven.odd.late = true;
    OBJECTS(&command, timestamp_invalid, "/targets/49/at");
}

END_TEST

START_TEST(a_reason_is_a_paragraph)
{
    static uint8_t reason[REASON_BYTES_MAX + 1];
    struct command command = {.code = COMMAND_pause_workspace};
    memset(reason, 'x', sizeof reason);
    command.pause_workspace.reason = span_of(reason, sizeof reason);
    OBJECTS(&command, field_too_long, "/reason");
    command.pause_workspace.reason = span_of(reason, sizeof reason - 1);
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
    command = (struct command){.code = COMMAND_cancel_post};
    ck_assert_uint_eq(judged(&command).refusal, ACCEPTED);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *tcase = tcase_create("admission");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_posts_values_are_judged_and_the_first_fault_is_named);
    tcase_add_test(tcase, a_targets_variant_and_settings_are_json_of_their_form);
    tcase_add_test(tcase, a_variants_member_that_nothing_reads_is_named);
    tcase_add_test(tcase, where_a_post_is_said_to_be_is_an_absolute_address);
    tcase_add_test(tcase, an_account_is_on_a_channel_that_is_there_at_an_address_without_a_path);
    tcase_add_test(tcase, a_workspaces_settings_are_of_their_form);
    tcase_add_test(tcase, a_zero_that_would_be_read_as_absent_is_named);
    tcase_add_test(tcase, a_reason_is_a_paragraph);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
