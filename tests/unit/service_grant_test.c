/* service_grant_test.c: another program's key that keeps but parts of its role, or few accounts: what it may ask and
 * what it may send, through the ledger's sockets and with the questions that the ledger's process answers. */
#include "tests/suite.h"
#include "tests/unit/service_world.h"
#include "tools/questions.h"

struct grant_world {
    struct place *place;
    struct client *program;
    struct id accounts[2]; /* the key has the first */
    struct id posts[3];    /* to none of them, to the first, to both */
};

static struct id make_post(struct grant_world *world, uint32_t targets)
{
    struct content_part part;
    struct target_spec specs[2];
    struct command command = draft(world->place, &part);
    for (uint32_t i = 0; i < targets; i++) {
        const struct id target_id = id_derive(ID_TARGET, &command.create_post.post_id, &world->accounts[i]);
        specs[i] = (struct target_spec){
            .target_id = target_id, .integration_id = world->accounts[i], .channel = CHANNEL_BLUESKY};
    }
    command.create_post.targets = specs;
    command.create_post.targets_count = targets;
    ck_assert_uint_eq(give(world->place->client, &command, NULL).refusal, ACCEPTED);
    return command.create_post.post_id;
}

static struct grant_world grant_open(enum role role, struct granted_scope *scopes, uint32_t scope_count,
                                     bool restricted)
{
    struct grant_world world = {.place = place_open()};
    struct place *place = world.place;
    uint8_t tag_key[TAG_KEY_LEN];
    place->parts.answer = questions_answer;
    place->parts.principal = questions_principal;
    place->parts.post = questions_post;
    for (uint32_t i = 0; i < 2; i++) {
        world.accounts[i] = connect_account_of(place, i == 0 ? SPAN("did:plc:one") : SPAN("did:plc:two"));
    }
    for (uint32_t i = 0; i < 3; i++) {
        world.posts[i] = make_post(&world, i);
    }
    struct integration_ref account = {.integration_id = world.accounts[0]};
    struct command command = command_of(place, COMMAND_create_key);
    place->key_id = new_id(ID_KEY);
    command.create_key = (struct create_key_command){.key_id = place->key_id,
                                                     .workspace_id = place->workspace_id,
                                                     .name = SPAN("part"),
                                                     .role = role,
                                                     .scopes = scopes,
                                                     .scopes_count = scope_count,
                                                     .restricted = restricted,
                                                     .integrations = &account,
                                                     .integrations_count = restricted ? 1 : 0};
    tag_key_of(SPAN(API_KEY), tag_key);
    tag_key_fingerprint(tag_key, command.create_key.fingerprint.bytes);
    const struct span secret_bytes = span_of(tag_key, sizeof tag_key);
    ck_assert_int_eq(client_seal_wait(place->client, &place->key_id, &place->key_id, secret_bytes, WAIT_MS), OK);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    world.program = connect_as(place->programs_url, tag_key);
    return world;
}

static void grant_close(struct grant_world *world)
{
    client_close(world->program);
    place_close(world->place);
}

/* Asks; *out: the answer's text. */
static enum refusal ask_text(struct grant_world *world, const char *name, struct span arguments, char out[65536])
{
    uint8_t body_bytes[512];
    static uint8_t bytes[65536];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    struct buf reply = buf_of(bytes, sizeof bytes);
    enum refusal refusal = ACCEPTED;
    struct span result;
    body_query_put(&body, span_text(name), arguments);
    ck_assert_int_eq(client_ask_wait(world->program, FRAME_QUERY, buf_span(&body), WAIT_MS, &reply), OK);
    ck_assert_int_eq(body_result_read(buf_span(&reply), &refusal, &result), OK);
    ck_assert_uint_lt(result.len, 65536);
    memcpy(out, result.data, result.len);
    out[result.len] = '\0';
    return refusal;
}

static enum refusal ask(struct grant_world *world, const char *name, const struct query_args *args, char out[65536])
{
    uint8_t bytes[256];
    struct buf encoded = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(record_encode(query_args_desc(), args, &encoded), OK);
    return ask_text(world, name, buf_span(&encoded), out);
}

static bool names(const char *text, const struct id *id)
{
    char id_text[ID_TEXT_MAX + 1];
    struct buf out = buf_of(id_text, sizeof id_text);
    id_write(&out, id);
    return strstr(text, buf_terminated(&out)) != NULL;
}

static enum refusal remove_post(struct grant_world *world, const struct id *post_id)
{
    struct command command = command_of(world->place, COMMAND_delete_post);
    command.delete_post.post_id = *post_id;
    return (enum refusal)give(world->program, &command, NULL).refusal;
}

static enum refusal pause_account(struct grant_world *world, const struct id *integration_id)
{
    struct command command = command_of(world->place, COMMAND_pause_integration);
    command.pause_integration.integration_id = *integration_id;
    return (enum refusal)give(world->program, &command, NULL).refusal;
}

/* What the reading of the log is refused with. */
static void check_log(struct grant_world *world, enum refusal refusal)
{
    static char text[65536];
    const size_t cap = FOLLOW_BYTES_MAX + LOG_PAYLOAD_MAX;
    uint8_t *bytes = malloc(cap);
    struct buf out = buf_of(bytes, cap);
    struct body_list list;
    uint64_t head = 0;
    ck_assert_int_eq(ask_text(world, "events", SPAN("\n0\n10\n"), text), refusal);
    ck_assert_int_eq(ask_text(world, "proof", SPAN("\n1\n0\n"), text), refusal);
    ck_assert_int_eq(ask_text(world, "verifier", SPAN(""), text), refusal);
    const enum err err = client_follow_wait(world->program, 0, 100, WAIT_MS, &out, &head, &list);
    ck_assert_int_eq(err == OK, refusal == ACCEPTED);
    free(bytes);
}

START_TEST(a_program_asks_and_sends_what_its_key_kept_of_its_role)
{
    static struct granted_scope scopes[] = {{.scope = SCOPE_POSTS_READ}, {.scope = SCOPE_INTEGRATIONS_WRITE}};
    static char text[65536];
    struct grant_world world = grant_open(ROLE_ADMIN, scopes, 2, false);
    const struct query_args post = {.post_id = world.posts[2]};
    const struct query_args account = {.integration_id = world.accounts[1]};
    const struct query_args page = {.limit = 10};
    ck_assert_int_eq(ask(&world, "get_post", &post, text), ACCEPTED);
    ck_assert_int_eq(ask(&world, "list_posts", &page, text), ACCEPTED);
    ck_assert_int_eq(ask(&world, "get_integration", &account, text), REFUSED_scope_insufficient);
    ck_assert_int_eq(ask(&world, "list_integrations", &page, text), REFUSED_scope_insufficient);
    check_log(&world, REFUSED_scope_insufficient);
    ck_assert_int_eq(remove_post(&world, &world.posts[0]), REFUSED_scope_insufficient);
    ck_assert_int_eq(pause_account(&world, &world.accounts[1]), ACCEPTED);
    grant_close(&world);
}

END_TEST

START_TEST(a_program_reads_the_log_with_the_scope_for_it_and_the_role)
{
    static struct granted_scope scopes[] = {{.scope = SCOPE_LOG_READ}};
    static char text[65536];
    const struct query_args page = {.limit = 10};
    struct grant_world world = grant_open(ROLE_ADMIN, scopes, 1, false);
    check_log(&world, ACCEPTED);
    ck_assert_int_eq(ask(&world, "list_posts", &page, text), REFUSED_scope_insufficient);
    grant_close(&world);
    world = grant_open(ROLE_VIEWER, NULL, 0, false);
    check_log(&world, REFUSED_role_insufficient);
    ck_assert_int_eq(ask(&world, "list_posts", &page, text), ACCEPTED);
    grant_close(&world);
}

END_TEST

/* Follows from after on; *list: what was told of. */
static enum err follow_own(struct grant_world *world, uint64_t after, struct buf *out, uint64_t *ret_position,
                           struct body_list *ret_list)
{
    uint64_t head = 0;
    out->len = 0;
    TRY(client_follow_wait(world->program, after, 100, WAIT_MS, out, &head, ret_list));
    ck_assert_int_eq(body_own_events_read(buf_span(out), &head, ret_position, ret_list), OK);
    ck_assert_uint_ge(head, *ret_position);
    return OK;
}

START_TEST(an_editors_program_reads_of_the_log_what_became_of_its_own_posts)
{
    static char text[65536];
    struct content_part part;
    struct grant_world world = grant_open(ROLE_EDITOR, NULL, 0, false);
    const size_t cap = FOLLOW_BYTES_MAX + LOG_PAYLOAD_MAX;
    uint8_t *bytes = malloc(cap);
    struct buf out = buf_of(bytes, cap);
    struct body_list list;
    uint64_t others = 0;
    uint64_t position = 0;
    ck_assert_int_eq(follow_own(&world, 0, &out, &others, &list), OK);
    ck_assert_uint_eq(list.left, 0); /* it wrote nothing yet, and is told how far that was looked at */
    ck_assert_uint_gt(others, 3);
    struct command command = draft(world.place, &part);
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    const struct id own = command.create_post.post_id;
    ck_assert_int_eq(follow_own(&world, 0, &out, &position, &list), OK);
    ck_assert_uint_eq(list.left, 1);
    ck_assert_uint_eq(position, others + 1);
    struct span envelope;
    struct span payload;
    struct log_event event;
    ck_assert_int_eq(body_event_next(&list, &envelope, &payload), OK);
    ck_assert_int_eq(log_envelope_read(envelope, &event), OK);
    ck_assert(id_equal(&event.stream, &own) && event.workspace_seq == position);
    ck_assert_int_eq(ask_text(&world, "events", SPAN("\n0\n10\n"), text), ACCEPTED);
    ck_assert(names(text, &own) && !names(text, &world.posts[0]) && !names(text, &world.accounts[0]));
    ck_assert_int_eq(ask_text(&world, "verifier", SPAN(""), text), ACCEPTED);
    ck_assert_int_eq(ask_text(&world, "checkpoint", SPAN("\n0\n0\n"), text), ACCEPTED);
    for (uint64_t number = 1; number <= position + 1; number++) {
        char arguments[64];
        struct buf asked = buf_of(arguments, sizeof arguments);
        buf_byte(&asked, '\n');
        buf_u64(&asked, number);
        buf_text(&asked, "\n0\n");
        ck_assert_int_eq(ask_text(&world, "proof", buf_span(&asked), text),
                         number == position ? ACCEPTED : REFUSED_not_found);
    }
    free(bytes);
    grant_close(&world);
}

END_TEST

START_TEST(a_restricted_program_sees_its_accounts_and_what_goes_to_no_other)
{
    static char text[65536];
    struct grant_world world = grant_open(ROLE_ADMIN, NULL, 0, true);
    for (uint32_t i = 0; i < 3; i++) {
        const struct query_args post = {.post_id = world.posts[i]};
        const enum refusal refusal = i < 2 ? ACCEPTED : REFUSED_not_found;
        ck_assert_int_eq(ask(&world, "get_post", &post, text), refusal);
        ck_assert_int_eq(ask(&world, "deliveries", &post, text), refusal);
        ck_assert_int_eq(ask(&world, "history", &post, text), refusal);
    }
    const struct query_args page = {.limit = 10};
    ck_assert_int_eq(ask(&world, "list_posts", &page, text), ACCEPTED);
    ck_assert(names(text, &world.posts[0]) && names(text, &world.posts[1]) && !names(text, &world.posts[2]));
    ck_assert_int_eq(ask(&world, "list_integrations", &page, text), ACCEPTED);
    ck_assert(names(text, &world.accounts[0]) && !names(text, &world.accounts[1]));
    for (uint32_t i = 0; i < 2; i++) {
        const struct query_args account = {.integration_id = world.accounts[i]};
        ck_assert_int_eq(ask(&world, "get_integration", &account, text), i == 0 ? ACCEPTED : REFUSED_not_found);
    }
    check_log(&world, REFUSED_scope_insufficient);
    grant_close(&world);
}

END_TEST

START_TEST(a_restricted_program_sends_nothing_for_an_account_that_it_does_not_see)
{
    struct content_part part;
    struct grant_world world = grant_open(ROLE_ADMIN, NULL, 0, true);
    ck_assert_int_eq(remove_post(&world, &world.posts[2]), REFUSED_not_found);
    ck_assert_int_eq(remove_post(&world, &world.posts[1]), ACCEPTED);
    ck_assert_int_eq(pause_account(&world, &world.accounts[1]), REFUSED_not_found);
    ck_assert_int_eq(pause_account(&world, &world.accounts[0]), ACCEPTED);
    struct command command = draft(world.place, &part);
    command.create_post.duplicate_of = world.posts[2];
    struct answer answer = give(world.program, &command, NULL);
    ck_assert_uint_eq(answer.refusal, REFUSED_reference_not_found);
    ck_assert_str_eq(answer.fault.param, "/duplicate_of");
    command = command_of(world.place, COMMAND_schedule_post); /* as if it were not there, whatever it would violate */
    command.schedule_post.post_id = world.posts[2];
    command.schedule_post.now = true;
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_not_found);
    for (uint32_t i = 0; i < 2; i++) {
        command = draft(world.place, &part);
        struct target_spec spec = {.target_id = id_derive(ID_TARGET, &command.create_post.post_id, &world.accounts[i]),
                                   .integration_id = world.accounts[i],
                                   .channel = CHANNEL_BLUESKY};
        command.create_post.targets = &spec;
        command.create_post.targets_count = 1;
        answer = give(world.program, &command, NULL);
        ck_assert_uint_eq(answer.refusal, i == 0 ? ACCEPTED : REFUSED_reference_not_found);
        ck_assert_str_eq(answer.fault.param, i == 0 ? "" : "/targets/0/integration_id");
    }
    command = command_of(world.place, COMMAND_pause_workspace);
    command.pause_workspace.workspace_id = world.place->workspace_id;
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_scope_insufficient);
    grant_close(&world);
}

END_TEST

/* The same list binds whoever comes by way of the gateway: it says who, and no more. */
START_TEST(what_the_gateway_sends_in_a_keys_name_is_held_to_what_the_key_kept)
{
    static struct granted_scope scopes[] = {{.scope = SCOPE_POSTS_WRITE}};
    struct content_part part;
    struct grant_world world = grant_open(ROLE_ADMIN, scopes, 1, true);
    OWNED(client_close) struct client *gateway = connect_party(world.place, PARTY_GATEWAY);
    struct command command = draft_of(world.place, &world.place->key_id, &part);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, ACCEPTED);
    command.code = COMMAND_delete_post;
    command.command_id = new_id(ID_COMMAND);
    command.delete_post.post_id = world.posts[2];
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_not_found);
    command.code = COMMAND_pause_integration;
    command.command_id = new_id(ID_COMMAND);
    command.pause_integration.integration_id = world.accounts[0];
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_scope_insufficient);
    client_close(gateway);
    gateway = NULL;
    grant_close(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_grant");
    TCase *tcase = tcase_create("programs");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_program_asks_and_sends_what_its_key_kept_of_its_role);
    tcase_add_test(tcase, a_program_reads_the_log_with_the_scope_for_it_and_the_role);
    tcase_add_test(tcase, an_editors_program_reads_of_the_log_what_became_of_its_own_posts);
    tcase_add_test(tcase, a_restricted_program_sees_its_accounts_and_what_goes_to_no_other);
    tcase_add_test(tcase, a_restricted_program_sends_nothing_for_an_account_that_it_does_not_see);
    tcase_add_test(tcase, what_the_gateway_sends_in_a_keys_name_is_held_to_what_the_key_kept);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
