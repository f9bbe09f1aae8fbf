/* service_programs_test.c: the ledger behind its sockets, as other programs meet it: with an API key, in one workspace.
 */
#include "core/base/limits.h"
#include "tests/suite.h"
#include "tests/unit/service_world.h"

START_TEST(another_program_does_what_its_key_allows_in_its_workspace)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    struct content_part part;
    tag_key_of(SPAN(API_KEY), tag_key);
    struct client *program = connect_as(place->programs_url, tag_key);
    struct command command = draft(place, &part);
    command.stream = command_stream(&command);
    struct answer got;
    ck_assert_int_eq(client_command_wait(program, &command, NULL, WAIT_MS, &got), ERR_AUTH); /* no such key yet */
    make_key(place, ROLE_EDITOR);
    got = give(program, &command, NULL);
    ck_assert_uint_eq(got.refusal, ACCEPTED);
    command = command_of(place, COMMAND_pause_workspace);
    command.actor = ACTOR_SYSTEM; /* a lie: it is a key, and an editor's */
    command.pause_workspace.workspace_id = place->workspace_id;
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_role_insufficient);
    command = command_of(place, COMMAND_create_workspace);
    command.create_workspace.workspace_id = new_id(ID_WORKSPACE);
    command.create_workspace.slug = SPAN("x");
    command.create_workspace.name = SPAN("x");
    command.create_workspace.timezone = SPAN("UTC");
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_role_insufficient);
    command = draft(place, &part);
    command.workspace_id = new_id(ID_WORKSPACE);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_not_found);
    uint8_t bytes[200];
    struct buf out = buf_of(bytes, sizeof bytes);
    uint8_t body_bytes[64];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    body_query_put(&body, SPAN("whoami"), SPAN("!"));
    ck_assert_int_eq(client_ask_wait(program, FRAME_QUERY, buf_span(&body), WAIT_MS, &out), OK);
    enum refusal refusal = ACCEPTED;
    struct span result;
    ck_assert_int_eq(body_result_read(buf_span(&out), &refusal, &result), OK);
    ck_assert(span_starts_with(result, SPAN("program ws_")));
    const struct id secret_id = new_id(ID_SECRET);
    const struct id integration_id = new_id(ID_INTEGRATION);
    ck_assert_int_ne(client_seal_wait(program, &secret_id, &integration_id, SPAN("x"), WAIT_MS), OK);
    client_close(program);
    place_close(place);
}

END_TEST

struct waiters {
    atomic_uint good;
    atomic_uint limited;
    atomic_uint other;
};

static void on_signed(void *context, enum err err, struct span body)
{
    struct waiters *waiters = context;
    enum refusal refusal = ACCEPTED;
    struct span result;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    atomic_fetch_add(err != OK                         ? &waiters->other
                     : refusal == ACCEPTED             ? &waiters->good
                     : refusal == REFUSED_rate_limited ? &waiters->limited
                                                       : &waiters->other,
                     1);
}

/* Asks six times at once for the checkpoint of an event that none covers yet. */
static void ask_for_young(struct place *place, struct client *program, struct waiters *waiters)
{
    struct content_part part;
    uint8_t body_bytes[128];
    char number[24];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    struct buf text = buf_of(number, sizeof number);
    struct command command = draft(place, &part);
    buf_u64(&text, give(place->client, &command, NULL).seq);
    body_query_put(&body, SPAN("signed"), buf_span(&text));
    *waiters = (struct waiters){0};
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_int_eq(client_ask(program, FRAME_QUERY, buf_span(&body), WAIT_MS, on_signed, waiters), OK);
    }
    for (int i = 0; i < WAIT_MS && waiters->good + waiters->limited + waiters->other < 6; i++) {
        usleep(1000);
    }
    ck_assert_uint_eq(waiters->good + waiters->limited, 6);
}

/* They would hold every place that the ledger has for other programs. A machine that is slow enough signs before the
 * last of the six has come. */
START_TEST(few_questions_of_a_key_wait_for_a_checkpoint)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    struct waiters waiters = {0};
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_AUDITOR);
    struct client *program = connect_as(place->programs_url, tag_key);
    for (unsigned i = 0; i < 10 && waiters.limited == 0; i++) {
        ask_for_young(place, program, &waiters);
    }
    ck_assert_uint_eq(waiters.good, CHECKPOINT_WAITING_PER_KEY);
    ck_assert_uint_eq(waiters.limited, 6 - CHECKPOINT_WAITING_PER_KEY);
    client_close(program);
    place_close(place);
}

END_TEST

struct turn {
    uint64_t number;
    atomic_bool done;
};

static void on_turn(void *context, enum err err, struct span body)
{
    struct turn *turn = context;
    enum refusal refusal = REFUSED_unavailable;
    struct span result;
    const bool good = err == OK && body_result_read(body, &refusal, &result) == OK && refusal == ACCEPTED;
    if (!good || span_to_u64(result, &turn->number) != OK) {
        turn->number = UINT64_MAX;
    }
    atomic_store(&turn->done, true);
}

static void ask_at(struct client *client, const char *name, struct gate *gate, struct turn *turn)
{
    uint8_t bytes[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_query_put(&body, span_text(name), span_of(&gate, sizeof gate));
    ck_assert_int_eq(client_ask(client, FRAME_QUERY, buf_span(&body), WAIT_MS, on_turn, turn), OK);
}

/* A client has one connection: once a command of its is answered, what it asked before lies in the reader's queue. */
START_TEST(a_programs_questions_wait_for_those_of_our_own_processes)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    struct content_part part;
    struct gate gate = {0};
    struct turn at_gate = {0};
    struct turn turns[3] = {0};
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_EDITOR);
    struct client *program = connect_as(place->programs_url, tag_key);
    struct command command = draft(place, &part);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, ACCEPTED); /* both know the ledger's challenge */
    ask_at(place->client, "gate", &gate, &at_gate);
    while (!atomic_load(&gate.entered)) {
        usleep(1000);
    }
    ask_at(program, "turn", &gate, &turns[0]);
    ask_at(program, "turn", &gate, &turns[1]);
    command = draft(place, &part);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, ACCEPTED);
    ask_at(place->client, "turn", &gate, &turns[2]);
    command = draft(place, &part);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    atomic_store(&gate.open, true);
    for (unsigned i = 0; i < 3; i++) {
        while (!atomic_load(&turns[i].done)) {
            usleep(1000);
        }
    }
    ck_assert_uint_eq(turns[2].number, 0);
    ck_assert_uint_eq(turns[0].number + turns[1].number, 3);
    client_close(program);
    place_close(place);
}

END_TEST

/* The queue and the agenda know a target by its id: who could choose it could make another's post vanish there. */
START_TEST(a_program_cannot_name_another_posts_target)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    struct content_part part;
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_EDITOR);
    struct client *program = connect_as(place->programs_url, tag_key);
    struct target_spec target = {
        .target_id = new_id(ID_TARGET), .integration_id = new_id(ID_INTEGRATION), .channel = CHANNEL_BLUESKY};
    struct command command = draft(place, &part);
    command.create_post.targets = &target;
    command.create_post.targets_count = 1;
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_command_invalid);
    target.target_id = id_derive(ID_TARGET, &command.create_post.post_id, &target.integration_id);
    command.command_id = new_id(ID_COMMAND);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_reference_not_found); /* its own: read further */
    struct command edit = command_of(place, COMMAND_edit_post);
    edit.edit_post.post_id = command.create_post.post_id;
    edit.edit_post.targets = &target;
    edit.edit_post.targets_count = 1;
    target.target_id = new_id(ID_TARGET);
    ck_assert_uint_eq(give(program, &edit, NULL).refusal, REFUSED_command_invalid);
    client_close(program);
    place_close(place);
}

END_TEST

START_TEST(a_program_follows_its_own_workspace_without_gap)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_ADMIN);
    struct content_part part;
    for (int i = 0; i < 5; i++) {
        struct command command = draft(place, &part);
        give(place->client, &command, NULL);
        command = command_of(place, COMMAND_create_workspace);
        command.create_workspace.workspace_id = new_id(ID_WORKSPACE);
        command.create_workspace.slug = span_of(&"abcde"[i], 1);
        command.create_workspace.name = SPAN("x");
        command.create_workspace.timezone = SPAN("UTC");
        ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    }
    struct client *program = connect_as(place->programs_url, tag_key);
    uint8_t *bytes = malloc(FOLLOW_BYTES_MAX);
    uint64_t after = 0;
    while (after < 7) {
        struct buf out = buf_of(bytes, FOLLOW_BYTES_MAX);
        struct body_list list;
        uint64_t head = 0;
        ck_assert_int_eq(client_follow_wait(program, after, 3, WAIT_MS, &out, &head, &list), OK);
        ck_assert_uint_eq(head, 7);
        ck_assert_uint_gt(list.left, 0);
        while (list.left > 0) {
            struct span envelope;
            struct span payload;
            struct log_event event;
            ck_assert_int_eq(body_event_next(&list, &envelope, &payload), OK);
            ck_assert_int_eq(log_envelope_read(envelope, &event), OK);
            after++;
            ck_assert_uint_eq(event.workspace_seq, after);
            ck_assert(id_equal(&event.workspace_id, &place->workspace_id));
        }
    }
    free(bytes);
    client_close(program);
    place_close(place);
}

END_TEST

/* Of its own workspace, whatever its neighbours do meanwhile. */
START_TEST(a_program_is_not_told_how_busy_its_neighbours_are)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    struct content_part part;
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_EDITOR);
    struct client *program = connect_as(place->programs_url, tag_key);
    uint8_t first[512];
    uint8_t bytes[512];
    struct buf before = buf_of(first, sizeof first);
    ck_assert_int_eq(client_ask_wait(program, FRAME_STATUS, SPAN(""), WAIT_MS, &before), OK);
    for (int i = 0; i < 5; i++) {
        struct command command = command_of(place, COMMAND_create_workspace);
        command.create_workspace.workspace_id = new_id(ID_WORKSPACE);
        command.create_workspace.slug = span_of(&"abcde"[i], 1);
        command.create_workspace.name = SPAN("x");
        command.create_workspace.timezone = SPAN("UTC");
        ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    }
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(client_ask_wait(program, FRAME_STATUS, SPAN(""), WAIT_MS, &out), OK);
    ck_assert(span_equal(buf_span(&out), buf_span(&before)));

    out = buf_of(bytes, sizeof bytes);
    struct welcome welcome;
    ck_assert_int_eq(client_ask_wait(program, FRAME_HELLO, SPAN(""), WAIT_MS, &out), OK);
    ck_assert_int_eq(body_welcome_read(buf_span(&out), &welcome), OK);
    ck_assert_uint_eq(welcome.head, 0);

    struct command command = draft(place, &part);
    const struct answer got = give(program, &command, NULL);
    ck_assert_uint_eq(got.refusal, ACCEPTED);
    ck_assert_uint_eq(got.seq, 0);
    ck_assert_uint_eq(got.workspace_seq, 3); /* the workspace, its key, this post */
    client_close(program);
    place_close(place);
}

END_TEST

struct heard {
    uint64_t count;
    uint64_t last;
    char types[8][40];
};

static void on_event(void *context, const struct openpost_event *event)
{
    struct heard *heard = context;
    if (heard->count < 8) {
        snprintf(heard->types[heard->count], sizeof heard->types[0], "%s", event->type);
    }
    ck_assert_int_eq(event->json[0], '{');
    heard->count++;
    heard->last = event->workspace_seq;
}

START_TEST(another_program_uses_the_library)
{
    struct place *place = place_open();
    make_key(place, ROLE_ADMIN);
    struct openpost *connection = NULL;
    ck_assert_int_eq(openpost_open("tcp://0.0.0.0:1", API_KEY, &connection), OPENPOST_INVALID);
    ck_assert_int_eq(openpost_open(place->programs_url, API_KEY, &connection), OPENPOST_OK);
    const char *const texts[] = {"one", "two"};
    struct openpost_post post = {.parts = texts, .part_count = 2};
    struct openpost_answer first;
    struct openpost_answer again;
    ck_assert_int_eq(openpost_create_post(connection, &post, "my key", WAIT_MS, &first), OPENPOST_OK);
    ck_assert_str_eq(first.code, "");
    ck_assert_uint_eq(first.version, 1);
    ck_assert_int_eq(openpost_create_post(connection, &post, "my key", WAIT_MS, &again), OPENPOST_OK);
    ck_assert(again.repeated);
    ck_assert_str_eq(again.id, first.id);
    post.part_count = 1;
    ck_assert_int_eq(openpost_create_post(connection, &post, "my key", WAIT_MS, &again), OPENPOST_REFUSED);
    ck_assert_str_eq(again.code, "idempotency_key_reused");
    ck_assert_int_eq(openpost_create_post(connection, &post, "caf\xc3\xa9", WAIT_MS, &again), OPENPOST_INVALID);
    ck_assert_int_eq(openpost_schedule_post(connection, first.id, 0, WAIT_MS, &again), OPENPOST_REFUSED);
    ck_assert_str_eq(again.code, "target_missing");
    ck_assert_int_eq(openpost_schedule_post(connection, "post_x", 0, WAIT_MS, &again), OPENPOST_INVALID);
    ck_assert_int_eq(openpost_cancel_post(connection, first.id, WAIT_MS, &again), OPENPOST_REFUSED);
    char text[100];
    size_t len = 0;
    ck_assert_int_eq(openpost_query(connection, "whoami", "!", 1, WAIT_MS, text, sizeof text, &len, NULL), OPENPOST_OK);
    ck_assert_int_eq(text[len - 1], '!');
    ck_assert_int_eq(openpost_query(connection, "whoami", "!", 1, WAIT_MS, text, 3, &len, NULL), OPENPOST_TOO_SMALL);
    ck_assert_int_eq(openpost_query(connection, "who", "!", 1, WAIT_MS, text, sizeof text, &len, &again),
                     OPENPOST_REFUSED);
    ck_assert_str_eq(again.code, "query_unknown");
    uint64_t position = 0;
    struct heard heard = {0};
    ck_assert_int_eq(openpost_follow(connection, &position, WAIT_MS, on_event, &heard, NULL), OPENPOST_OK);
    ck_assert_uint_eq(position, 3);
    ck_assert_uint_eq(heard.count, 3);
    ck_assert_str_eq(heard.types[0], "workspace_created");
    ck_assert_str_eq(heard.types[1], "key_created");
    ck_assert_str_eq(heard.types[2], "post_created");
    ck_assert_int_eq(openpost_follow(connection, &position, WAIT_MS, on_event, &heard, NULL), OPENPOST_OK);
    ck_assert_uint_eq(heard.count, 3);
    openpost_close(connection);
    ck_assert_int_eq(openpost_open(place->programs_url, "op_wrong_key", &connection), OPENPOST_OK);
    ck_assert_int_eq(openpost_cancel_post(connection, first.id, WAIT_MS, &again), OPENPOST_UNAUTHENTICATED);
    openpost_close(connection);
    place_close(place);
}

END_TEST

/* Its workspace's log was put back since: "nothing new" would have it miss what comes next. */
START_TEST(a_program_that_is_ahead_of_its_workspace_is_told)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    uint8_t bytes[256];
    uint64_t head = 0;
    struct body_list list;
    struct heard heard = {0};
    struct openpost *connection = NULL;
    struct openpost_answer answer;
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_ADMIN);
    struct client *program = connect_as(place->programs_url, tag_key);
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(client_follow_wait(program, 2, 1, WAIT_MS, &out, &head, &list), OK);
    ck_assert_uint_eq(head, 2);
    ck_assert_uint_eq(list.left, 0);
    ck_assert_int_eq(client_follow_wait(program, 3, 1, WAIT_MS, &out, &head, &list), ERR_UNSUPPORTED); /* refused */
    ck_assert_int_eq(openpost_open(place->programs_url, API_KEY, &connection), OPENPOST_OK);
    uint64_t position = UINT64_MAX;
    ck_assert_int_eq(openpost_follow(connection, &position, WAIT_MS, on_event, &heard, &answer), OPENPOST_REFUSED);
    ck_assert_str_eq(answer.code, "cursor_invalid");
    ck_assert_uint_eq(position, UINT64_MAX);
    ck_assert_uint_eq(heard.count, 0);
    openpost_close(connection);
    client_close(program);
    place_close(place);
}

END_TEST

static struct command post_to(const struct place *place, const struct id *integration_id, struct content_part *part,
                              struct target_spec *target)
{
    struct command command = draft(place, part);
    *target = (struct target_spec){.integration_id = *integration_id, .channel = CHANNEL_BLUESKY};
    target->target_id = id_derive(ID_TARGET, &command.create_post.post_id, integration_id);
    command.create_post.targets = target;
    command.create_post.targets_count = 1;
    return command;
}

struct program_world {
    struct place *place;
    struct client *program;
    struct id integration_id;
};

static struct program_world program_open(void)
{
    struct program_world world = {.place = place_open()};
    uint8_t tag_key[TAG_KEY_LEN];
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(world.place, ROLE_ADMIN);
    world.integration_id = connect_account(world.place);
    world.program = connect_as(world.place->programs_url, tag_key);
    return world;
}

static void program_close(struct program_world *world)
{
    client_close(world->program);
    place_close(world->place);
}

/* The gateway would have refused each with the same code; admission_test has them all. */
START_TEST(a_program_is_refused_what_a_requests_body_would_be)
{
    struct program_world world = program_open();
    struct content_part part;
    struct target_spec target;
    struct command command = post_to(world.place, &world.integration_id, &part, &target);
    command.create_post.timezone = SPAN("Mars/Olympus");
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_timezone_unknown);
    command = post_to(world.place, &world.integration_id, &part, &target);
    target.settings = SPAN("{\"a\":1},\"status\":\"published\",\"b\":{}");
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_field_invalid);
    command = post_to(world.place, &world.integration_id, &part, &target);
    command.create_post.duplicate_of = new_id(ID_POST);
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_reference_not_found);
    command = command_of(world.place, COMMAND_resolve_target);
    command.resolve_target = (struct resolve_target_command){.post_id = new_id(ID_POST),
                                                             .target_id = new_id(ID_TARGET),
                                                             .resolution = RESOLUTION_PUBLISHED,
                                                             .url = SPAN("x")};
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_field_invalid);
    command = command_of(world.place, COMMAND_connect_integration);
    command.connect_integration = (struct connect_integration_command){.integration_id = new_id(ID_INTEGRATION),
                                                                       .channel = CHANNEL_TWITTER,
                                                                       .identifier = SPAN("other.test"),
                                                                       .vault_id = new_id(ID_SECRET),
                                                                       .fingerprint = SPAN("")};
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_not_yet_available);
    command = post_to(world.place, &world.integration_id, &part, &target);
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    program_close(&world);
}

END_TEST

START_TEST(a_program_cannot_schedule_what_its_channel_will_not_take)
{
    struct program_world world = program_open();
    struct content_part part;
    struct target_spec target;
    const int64_t at_ms = clock_wall_ms() + HOUR_MS;
    /* at once */
    struct command command = post_to(world.place, &world.integration_id, &part, &target);
    command.create_post.link = SPAN("ftp://example.org/");
    command.create_post.at_ms = at_ms;
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_content_violation);
    /* a draft may hold it, but not be scheduled */
    command.command_id = new_id(ID_COMMAND);
    command.create_post.at_ms = 0;
    const struct id post_id = command.create_post.post_id;
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    struct command schedule = command_of(world.place, COMMAND_schedule_post);
    schedule.schedule_post.post_id = post_id;
    schedule.schedule_post.at_ms = at_ms;
    ck_assert_uint_eq(give(world.program, &schedule, NULL).refusal, REFUSED_content_violation);
    schedule.command_id = new_id(ID_COMMAND);
    schedule.expected_version = 2; /* a version to come */
    ck_assert_uint_eq(give(world.program, &schedule, NULL).refusal, REFUSED_version_mismatch);
    /* mended, scheduled, and broken again */
    struct command edit = command_of(world.place, COMMAND_edit_post);
    edit.edit_post.post_id = post_id;
    edit.edit_post.parts = &part;
    edit.edit_post.parts_count = 1;
    edit.edit_post.targets = &target;
    edit.edit_post.targets_count = 1;
    edit.expected_version = 1;
    ck_assert_uint_eq(give(world.program, &edit, NULL).refusal, ACCEPTED);
    schedule.command_id = new_id(ID_COMMAND);
    schedule.expected_version = 0;
    struct answer got = give(world.program, &schedule, NULL);
    ck_assert_uint_eq(got.refusal, ACCEPTED);
    edit.command_id = new_id(ID_COMMAND);
    edit.edit_post.link = SPAN("not an address");
    edit.expected_version = got.version + 1;
    ck_assert_uint_eq(give(world.program, &edit, NULL).refusal, REFUSED_version_mismatch);
    edit.command_id = new_id(ID_COMMAND);
    edit.expected_version = got.version;
    ck_assert_uint_eq(give(world.program, &edit, NULL).refusal, REFUSED_content_violation);
    program_close(&world);
}

END_TEST

/* What it sends as scope may be another's: the gateway's are no secret of the key's. */
START_TEST(a_program_neither_reads_nor_takes_up_anothers_idempotency_key)
{
    struct program_world world = program_open();
    struct content_part part;
    const struct idempotency key = {.present = true, .scope = {1}, .body = {2}};
    const struct idempotency next = {.present = true, .scope = {3}, .body = {2}};
    struct command command = draft(world.place, &part);
    ck_assert_uint_eq(give(world.place->client, &command, &key).refusal, ACCEPTED);
    struct command of_program = draft(world.place, &part);
    struct answer got = give(world.program, &of_program, &key);
    ck_assert_uint_eq(got.refusal, ACCEPTED);
    ck_assert(!got.repeated && id_equal(&got.stream, &of_program.create_post.post_id));
    struct command again = draft(world.place, &part);
    got = give(world.program, &again, &key);
    ck_assert(got.repeated && id_equal(&got.stream, &of_program.create_post.post_id));
    again = draft(world.place, &part);
    ck_assert(!give(world.program, &again, &next).repeated);
    again = draft(world.place, &part);
    ck_assert(!give(world.place->client, &again, &next).repeated);
    program_close(&world);
}

END_TEST

START_TEST(a_programs_command_id_serves_one_content)
{
    struct program_world world = program_open();
    struct content_part part;
    struct command command = draft(world.place, &part);
    const struct answer first = give(world.program, &command, NULL);
    ck_assert_uint_eq(first.refusal, ACCEPTED);
    const struct answer again = give(world.program, &command, NULL);
    ck_assert(again.repeated && again.refusal == ACCEPTED && again.version == first.version);
    part.text = SPAN("something else");
    const struct answer other = give(world.program, &command, NULL);
    ck_assert_uint_eq(other.refusal, REFUSED_command_reused);
    ck_assert(!other.repeated);
    command.command_id = new_id(ID_COMMAND);
    command.create_post.post_id = new_id(ID_POST);
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    program_close(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_programs");
    TCase *services = tcase_create("services");
    tcase_set_timeout(services, 60);
    tcase_add_test(services, another_program_does_what_its_key_allows_in_its_workspace);
    tcase_add_test(services, a_program_cannot_name_another_posts_target);
    tcase_add_test(services, few_questions_of_a_key_wait_for_a_checkpoint);
    tcase_add_test(services, a_programs_questions_wait_for_those_of_our_own_processes);
    tcase_add_test(services, a_program_is_refused_what_a_requests_body_would_be);
    tcase_add_test(services, a_program_cannot_schedule_what_its_channel_will_not_take);
    tcase_add_test(services, a_program_neither_reads_nor_takes_up_anothers_idempotency_key);
    tcase_add_test(services, a_programs_command_id_serves_one_content);
    tcase_add_test(services, a_program_follows_its_own_workspace_without_gap);
    tcase_add_test(services, a_program_that_is_ahead_of_its_workspace_is_told);
    tcase_add_test(services, a_program_is_not_told_how_busy_its_neighbours_are);
    tcase_add_test(services, another_program_uses_the_library);
    suite_add_tcase(suite, services);
    return run_suite(suite);
}
