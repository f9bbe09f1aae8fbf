/* openpost_test.c: libopenpost against a ledger behind its sockets: arguments that are none, and refusals, which reach
 * the caller with their code and sentence. What its calls do is shown by e2e/programs. */
#include "core/base/limits.h"
#include "tests/loopback.h"
#include "tests/suite.h"
#include "tests/unit/service_world.h"

struct library_world {
    struct place *place;
    struct openpost *connection;
    char integration[OPENPOST_ID_SIZE];
};

static struct library_world library_open(enum role role)
{
    struct library_world world = {.place = place_open()};
    const struct id integration_id = connect_account(world.place);
    struct buf text = buf_of(world.integration, sizeof world.integration);
    id_write(&text, &integration_id);
    ck_assert_ptr_nonnull(buf_terminated(&text));
    make_key(world.place, role);
    ck_assert_int_eq(openpost_open(world.place->programs_url, API_KEY, &world.connection), OPENPOST_OK);
    return world;
}

static void library_close(struct library_world *world)
{
    openpost_close(world->connection);
    place_close(world->place);
}

START_TEST(an_edit_says_everything_and_names_the_version_that_was_read)
{
    struct library_world world = library_open(ROLE_EDITOR);
    static const char *const parts[] = {"one", "two"};
    struct openpost_target target = {.integration_id = world.integration, .channel = "bluesky"};
    struct openpost_post post = {.parts = parts, .part_count = 2, .targets = &target, .target_count = 1};
    struct openpost_answer made;
    struct openpost_answer answer;
    ck_assert_int_eq(openpost_create_post(world.connection, &post, NULL, WAIT_MS, &made), OPENPOST_OK);
    ck_assert_str_eq(made.sentence, "");
    ck_assert_int_eq(openpost_edit_post(world.connection, made.id, 1, &post, WAIT_MS, &answer), OPENPOST_OK);
    ck_assert_uint_eq(answer.version, 2);
    ck_assert_str_eq(answer.id, made.id);
    ck_assert_int_eq(openpost_edit_post(world.connection, made.id, 1, &post, WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "version_mismatch");
    ck_assert_str_eq(answer.sentence, "It was changed since the version that the request names: read it again.");
    const char *const other = "post_01h455vb4pex5vsknk084sn02q";
    ck_assert_int_eq(openpost_edit_post(world.connection, other, 1, &post, WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "not_found");
    ck_assert_str_eq(answer.id, other);
    ck_assert_int_eq(openpost_edit_post(world.connection, made.id, 0, &post, WAIT_MS, &answer), OPENPOST_INVALID);
    post.at_ms = clock_wall_ms() + HOUR_MS;
    ck_assert_int_eq(openpost_edit_post(world.connection, made.id, 2, &post, WAIT_MS, &answer), OPENPOST_INVALID);
    post.at_ms = 0;
    target.channel = "smoke signals";
    ck_assert_int_eq(openpost_edit_post(world.connection, made.id, 2, &post, WAIT_MS, &answer), OPENPOST_INVALID);
    ck_assert_str_eq(answer.code, "not_found"); /* what is invalid leaves the answer as it was */
    library_close(&world);
}

END_TEST

START_TEST(more_than_a_post_can_hold_is_invalid)
{
    struct library_world world = library_open(ROLE_EDITOR);
    const char *texts[PARTS_MAX + 1];
    struct openpost_pair pairs[METADATA_MAX + 1];
    struct openpost_target targets[TARGETS_MAX + 1];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        texts[i] = "x";
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        pairs[i] = (struct openpost_pair){.name = "x", .value = "y"};
    }
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        targets[i] = (struct openpost_target){.integration_id = world.integration, .channel = "bluesky"};
    }
    const struct openpost_post posts[] = {
        {.parts = texts,     .part_count = PARTS_MAX + 1       },
        {.labels = texts,    .label_count = LABELS_MAX + 1     },
        {.metadata = pairs,  .metadata_count = METADATA_MAX + 1},
        {.targets = targets, .target_count = TARGETS_MAX + 1   },
    };
    struct openpost_answer answer;
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        ck_assert_int_eq(openpost_create_post(world.connection, &posts[i], NULL, WAIT_MS, &answer), OPENPOST_INVALID);
    }
    const struct openpost_post most = {.parts = texts, .part_count = PARTS_MAX, .labels = texts, .label_count = 1};
    ck_assert_int_eq(openpost_create_post(world.connection, &most, NULL, WAIT_MS, &answer), OPENPOST_OK);
    library_close(&world);
}

END_TEST

START_TEST(another_post_under_the_same_idempotency_key_is_refused_whatever_differs)
{
    struct library_world world = library_open(ROLE_EDITOR);
    static const char *const parts[] = {"one"};
    static const char *const labels[] = {"spring"};
    const struct openpost_post post = {.parts = parts, .part_count = 1};
    const struct openpost_post labelled = {.parts = parts, .part_count = 1, .labels = labels, .label_count = 1};
    const struct openpost_post zoned = {.parts = parts, .part_count = 1, .timezone = "UTC"};
    struct openpost_answer first;
    struct openpost_answer answer;
    ck_assert_int_eq(openpost_create_post(world.connection, &post, "k", WAIT_MS, &first), OPENPOST_OK);
    ck_assert_int_eq(openpost_create_post(world.connection, &post, "k", WAIT_MS, &answer), OPENPOST_OK);
    ck_assert_str_eq(answer.id, first.id);
    ck_assert_int_eq(openpost_create_post(world.connection, &labelled, "k", WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "idempotency_key_reused");
    ck_assert_int_eq(openpost_create_post(world.connection, &zoned, "k", WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.sentence,
                     "The Idempotency-Key was used with another body: take another key for another request.");
    library_close(&world);
}

END_TEST

START_TEST(what_a_person_decides_is_refused_with_its_code_and_its_sentence)
{
    struct library_world world = library_open(ROLE_EDITOR);
    struct openpost_target target = {.integration_id = world.integration, .channel = "bluesky"};
    const struct openpost_post post = {.targets = &target, .target_count = 1};
    struct openpost_resolution found = {.found = OPENPOST_FOUND_ABSENT};
    struct openpost_answer made;
    struct openpost_answer answer;
    ck_assert_int_eq(openpost_create_post(world.connection, &post, NULL, WAIT_MS, &made), OPENPOST_OK);
    ck_assert_int_eq(openpost_retry_post(world.connection, made.id, 0, WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "post_not_finished");
    ck_assert_str_eq(answer.sentence, "Only what failed or was missed after the lock of its post can be sent again.");
    const char *const no_target = "tgt_01h455vb4pex5vsknk084sn02q";
    ck_assert_int_eq(openpost_resolve_target(world.connection, made.id, no_target, &found, WAIT_MS, &answer),
                     OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "not_found");
    ck_assert_int_eq(openpost_resolve_target(world.connection, made.id, made.id, &found, WAIT_MS, &answer),
                     OPENPOST_INVALID);
    found.found = (enum openpost_found)0;
    ck_assert_int_eq(openpost_resolve_target(world.connection, made.id, no_target, &found, WAIT_MS, &answer),
                     OPENPOST_INVALID);
    ck_assert_int_eq(openpost_retry_post(world.connection, no_target, 0, WAIT_MS, &answer), OPENPOST_INVALID);
    library_close(&world);
}

END_TEST

static struct openpost_fault fault_of(struct library_world *world)
{
    struct openpost_fault fault;
    openpost_fault(world->connection, &fault);
    return fault;
}

START_TEST(what_is_at_fault_is_told_as_over_http)
{
    struct library_world world = library_open(ROLE_EDITOR);
    static const char *const parts[] = {"one"};
    static const char *const labels[] = {"spring", ""};
    struct openpost_target target = {.integration_id = world.integration, .channel = "bluesky", .settings = "[]"};
    struct openpost_post post = {.parts = parts, .part_count = 1, .targets = &target, .target_count = 1};
    struct openpost_answer answer;
    ck_assert_str_eq(fault_of(&world).detail, ""); /* nothing was asked yet */
    ck_assert_int_eq(openpost_create_post(world.connection, &post, NULL, WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "field_invalid");
    ck_assert_str_eq(fault_of(&world).param, "/targets/0/platform_settings");
    ck_assert_str_eq(fault_of(&world).detail, "An object is expected.");
    target.settings = NULL;
    target.variant = "{\"text\":\"other\",\"colour/hue\":1}";
    ck_assert_int_eq(openpost_create_post(world.connection, &post, NULL, WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "field_unknown");
    ck_assert_str_eq(fault_of(&world).param, "/targets/0/variant/colour~1hue");
    target.variant = NULL;
    post.labels = labels;
    post.label_count = 2;
    ck_assert_int_eq(openpost_create_post(world.connection, &post, NULL, WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(fault_of(&world).param, "/labels/1");
    ck_assert_int_eq(openpost_cancel_post(world.connection, "post_x", WAIT_MS, &answer), OPENPOST_INVALID);
    ck_assert_str_eq(fault_of(&world).param, "/labels/1"); /* nothing was answered */
    post.label_count = 1;
    ck_assert_int_eq(openpost_create_post(world.connection, &post, NULL, WAIT_MS, &answer), OPENPOST_OK);
    ck_assert_str_eq(fault_of(&world).param, "");
    ck_assert_int_eq(openpost_retry_post(world.connection, answer.id, 0, WAIT_MS, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "post_not_finished");
    ck_assert_str_eq(fault_of(&world).detail, ""); /* for what the post is, no value of the command's */
    library_close(&world);
}

END_TEST

static void count_event(void *context, const struct openpost_event *event)
{
    unsigned *count = context;
    *count += event->workspace_seq > 0 ? 1 : 0;
}

START_TEST(an_editor_follows_what_it_wrote_over_what_it_did_not)
{
    struct library_world world = library_open(ROLE_EDITOR);
    static const char *const parts[] = {"one"};
    const struct openpost_post post = {.parts = parts, .part_count = 1};
    struct openpost_answer answer;
    unsigned count = 0;
    uint64_t position = 0;
    ck_assert_int_eq(openpost_follow(world.connection, &position, WAIT_MS, count_event, &count, NULL), OPENPOST_OK);
    ck_assert_uint_eq(count, 0);
    const uint64_t before = position;
    ck_assert_uint_gt(before, 1); /* the workspace's beginning, which is not its own */
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(openpost_create_post(world.connection, &post, NULL, WAIT_MS, &answer), OPENPOST_OK);
    }
    ck_assert_int_eq(openpost_follow(world.connection, &position, WAIT_MS, count_event, &count, NULL), OPENPOST_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(position, before + 3);
    position = 0;
    ck_assert_int_eq(openpost_follow(world.connection, &position, WAIT_MS, count_event, &count, NULL), OPENPOST_OK);
    ck_assert_uint_eq(count, 6);
    ck_assert_uint_eq(position, before + 3);
    library_close(&world);
}

END_TEST

/* The whole frame is refused, not what it asks. */
START_TEST(a_role_that_may_not_follow_is_told_so)
{
    struct library_world world = library_open(ROLE_VIEWER);
    struct openpost_answer answer;
    unsigned count = 0;
    uint64_t position = 0;
    ck_assert_int_eq(openpost_follow(world.connection, &position, WAIT_MS, count_event, &count, &answer),
                     OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "role_insufficient");
    ck_assert_str_eq(answer.sentence, "The role does not allow it.");
    ck_assert_str_eq(answer.id, "");
    ck_assert_int_eq(openpost_follow(world.connection, &position, WAIT_MS, count_event, &count, NULL),
                     OPENPOST_REFUSED);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(position, 0);
    library_close(&world);
}

END_TEST

#define SHORTLY_MS 300

/* Every call once; all of them end with the same status. */
static enum openpost_status ask_in_vain(uint16_t port)
{
    char url[64];
    char json[256];
    uint64_t position = 0;
    unsigned count = 0;
    struct openpost *connection = NULL;
    struct openpost_answer answer;
    const struct openpost_post post = {.part_count = 0};
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", (unsigned)port);
    ck_assert_int_eq(openpost_open(url, API_KEY, &connection), OPENPOST_OK);
    const enum openpost_status status = openpost_create_post(connection, &post, NULL, SHORTLY_MS, &answer);
    ck_assert_int_eq(
        openpost_get_post(connection, "post_01h455vb4pex5vsknk084sn02q", SHORTLY_MS, json, sizeof json, &answer),
        status);
    ck_assert_int_eq(openpost_follow(connection, &position, SHORTLY_MS, count_event, &count, &answer), status);
    openpost_close(connection);
    return status;
}

START_TEST(what_was_never_sent_is_told_apart_from_what_may_have_been_done)
{
    uint16_t port = 0;
    const int listener = loopback_listen(&port); /* takes connections, and says nothing */
    ck_assert_int_eq(ask_in_vain(port), OPENPOST_UNKNOWN);
    ck_assert_int_eq(close(listener), 0);
    ck_assert_int_eq(ask_in_vain(port), OPENPOST_UNREACHED);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("openpost");
    TCase *calls = tcase_create("calls");
    tcase_set_timeout(calls, 60);
    tcase_add_test(calls, an_edit_says_everything_and_names_the_version_that_was_read);
    tcase_add_test(calls, more_than_a_post_can_hold_is_invalid);
    tcase_add_test(calls, another_post_under_the_same_idempotency_key_is_refused_whatever_differs);
    tcase_add_test(calls, what_a_person_decides_is_refused_with_its_code_and_its_sentence);
    tcase_add_test(calls, what_is_at_fault_is_told_as_over_http);
    tcase_add_test(calls, an_editor_follows_what_it_wrote_over_what_it_did_not);
    tcase_add_test(calls, a_role_that_may_not_follow_is_told_so);
    tcase_add_test(calls, what_was_never_sent_is_told_apart_from_what_may_have_been_done);
    suite_add_tcase(suite, calls);
    return run_suite(suite);
}
