/* service_party_test.c: what each of our own processes may say to the ledger with the key that it holds, and that the
 * adapter's says nothing. */
#include "tests/suite.h"
#include "tests/unit/service_world.h"

#define CODES_MAX 256

static const enum party senders[] = {PARTY_NONE, PARTY_OPERATOR, PARTY_SCHEDULER, PARTY_GATEWAY};

#define SENDERS (sizeof senders / sizeof *senders)

/* Not of a role's: it says so for itself, or for a person whose session it knows. */
static bool is_gateways_own(uint32_t code)
{
    static const uint32_t own[] = {COMMAND_report_refusals, COMMAND_report_strangers, COMMAND_report_member_refusals,
                                   COMMAND_report_uses,     COMMAND_join_workspace,   COMMAND_create_user,
                                   COMMAND_change_user,     COMMAND_set_password,     COMMAND_link_login,
                                   COMMAND_unlink_login,    COMMAND_end_sessions,     COMMAND_erase_user,
                                   COMMAND_open_session,    COMMAND_end_session};
    size_t at = 0;
    while (at < sizeof own / sizeof *own && own[at] != code) {
        at++;
    }
    return at < sizeof own / sizeof *own;
}

START_TEST(a_command_is_its_own_partys_and_the_operators)
{
    uint32_t known = 0;
    for (uint32_t code = 0; code < CODES_MAX; code++) {
        const enum party whose = command_party(code);
        known += command_desc(code) != NULL;
        ck_assert_int_eq(whose == PARTY_NONE, command_desc(code) == NULL);
        const bool is_its_own = is_gateways_own(code);
        ck_assert_int_eq(whose == PARTY_GATEWAY, command_role(code) != ROLE_COUNT || is_its_own);
        ck_assert(!party_may_command(PARTY_LEDGER, code)); /* it never asks itself over the wire */
        ck_assert_int_eq(party_may_command(PARTY_OPERATOR, code), whose != PARTY_NONE && whose != PARTY_LEDGER);
        ck_assert_int_eq(party_may_command(PARTY_SCHEDULER, code), whose == PARTY_SCHEDULER);
        ck_assert_int_eq(party_may_command(PARTY_GATEWAY, code), whose == PARTY_GATEWAY);
        ck_assert_int_eq(party_may_command(PARTY_NONE, code), whose == PARTY_GATEWAY && !is_its_own);
    }
    ck_assert_uint_gt(known, 30);
    ck_assert_int_eq(command_party(COMMAND_start_attempt), PARTY_SCHEDULER);
    ck_assert_int_eq(command_party(COMMAND_lock_post), PARTY_SCHEDULER);
    ck_assert_int_eq(command_party(COMMAND_record_outcome), PARTY_SCHEDULER);
    ck_assert_int_eq(command_party(COMMAND_start_ledger), PARTY_LEDGER);
}

END_TEST

START_TEST(who_may_ask_what)
{
    static const struct {
        uint8_t kind;
        bool may[SENDERS]; /* as senders */
    } rows[] = {
        {FRAME_HELLO,                  {true, true, true, true}    },
        {FRAME_COMMANDS,               {true, true, true, true}    },
        {FRAME_STATUS,                 {true, true, true, true}    },
        {FRAME_FOLLOW,                 {true, true, true, false}   },
        {FRAME_QUERY,                  {true, true, false, true}   },
        {FRAME_SEAL,                   {true, true, true, true}    },
        {FRAME_JOBS,                   {false, false, false, false}},
        {FRAME_DOUBT,                  {false, true, true, true}   },
        {FRAME_PERSON,                 {false, true, false, true}  },
        {FRAME_IDENTITY,               {false, false, false, false}},
        {FRAME_KIND_END,               {false, false, false, false}},
        {FRAME_COMMANDS + FRAME_REPLY, {false, false, false, false}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < SENDERS; k++) {
            ck_assert_msg(party_may_ask(senders[k], rows[i].kind) == rows[i].may[k], "kind %u of party %u",
                          rows[i].kind, senders[k]);
        }
    }
}

END_TEST

START_TEST(no_two_keys_are_one)
{
    uint8_t keys[9][FRAME_KEY_LEN];
    memcpy(keys[0], secret, FRAME_KEY_LEN);
    party_key(secret, PARTY_OPERATOR, keys[1]);
    party_key(secret, PARTY_SCHEDULER, keys[2]);
    party_key(secret, PARTY_GATEWAY, keys[3]);
    link_key(secret, SPAN("bluesky"), keys[4]);
    link_key(secret, SPAN("mastodon"), keys[5]);
    identity_key(secret, keys[6]);
    identity_link_key(keys[6], keys[7]);
    identity_box_key(keys[6], keys[8]);
    for (int i = 0; i < 9; i++) {
        for (int k = 0; k < i; k++) {
            ck_assert_int_ne(memcmp(keys[i], keys[k], FRAME_KEY_LEN), 0);
        }
    }
}

END_TEST

START_TEST(the_gateway_is_no_scheduler_and_speaks_for_people_only)
{
    struct place *place = place_open();
    OWNED(client_close) struct client *gateway = connect_party(place, PARTY_GATEWAY);
    struct content_part part;
    make_key(place, ROLE_EDITOR);
    struct command command = draft_of(place, &place->key_id, &part);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, ACCEPTED);
    const struct id post_id = command.create_post.post_id;
    command = draft_of(place, &place->key_id, &part);
    command.actor = ACTOR_SYSTEM;
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_role_insufficient);
    command = draft_of(place, &place->key_id, &part);
    command.role = ROLE_VIEWER;
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_role_insufficient);
    const uint64_t head = ledger_head(place->ledger);
    command = command_of(place, COMMAND_start_attempt);
    command.actor = ACTOR_SCHEDULER;
    command.start_attempt.post_id = post_id;
    command.start_attempt.target_id = new_id(ID_TARGET);
    command.start_attempt.attempt_id = new_id(ID_ATTEMPT);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_role_insufficient);
    command = command_of(place, COMMAND_confirm_starts);
    command.stream = new_id(ID_SYSTEM);
    struct answer got;
    ck_assert_int_eq(client_command_wait(gateway, &command, NULL, WAIT_MS, &got), OK);
    ck_assert_uint_eq(got.refusal, REFUSED_role_insufficient);
    uint8_t bytes[4096];
    struct buf out = buf_of(bytes, sizeof bytes);
    uint64_t events_head = 0;
    struct body_list list;
    ck_assert_int_eq(client_follow_wait(gateway, 0, 1, WAIT_MS, &out, &events_head, &list), ERR_UNSUPPORTED);
    ck_assert_uint_eq(ledger_head(place->ledger), head);
    client_close(gateway);
    gateway = NULL;
    place_close(place);
}

END_TEST

/* Whatever the gateway believes: it may have read a key before it was revoked. */
START_TEST(what_an_actor_may_do_says_its_state)
{
    struct place *place = place_open();
    OWNED(client_close) struct client *gateway = connect_party(place, PARTY_GATEWAY);
    struct content_part part;
    make_key(place, ROLE_VIEWER);
    struct command command = draft_of(place, &place->key_id, &part);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_role_insufficient);
    make_key(place, ROLE_EDITOR);
    command = draft_of(place, &place->key_id, &part);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, ACCEPTED);
    const struct id other_id = new_id(ID_KEY); /* nobody's */
    command = draft_of(place, &other_id, &part);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_unauthenticated);
    command = draft_of(place, &place->key_id, &part);
    command.actor = ACTOR_MEMBER; /* that a key is not */
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_unauthenticated);

    command = command_of(place, COMMAND_add_member);
    const struct id member_id = new_id(ID_MEMBER);
    command.add_member = (struct add_member_command){
        .member_id = member_id, .workspace_id = place->workspace_id, .user_id = new_id(ID_USER), .role = ROLE_EDITOR};
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    command = draft_of(place, &member_id, &part);
    command.actor = ACTOR_MEMBER;
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, ACCEPTED);
    command = command_of(place, COMMAND_remove_member);
    command.remove_member.member_id = member_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    command = draft_of(place, &member_id, &part);
    command.actor = ACTOR_MEMBER;
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_unauthenticated);

    command = command_of(place, COMMAND_revoke_key);
    command.revoke_key.key_id = place->key_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    command = draft_of(place, &place->key_id, &part);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_unauthenticated);
    client_close(gateway);
    gateway = NULL;
    place_close(place);
}

END_TEST

START_TEST(the_gateway_reports_for_itself_what_it_refused)
{
    struct place *place = place_open();
    OWNED(client_close) struct client *gateway = connect_party(place, PARTY_GATEWAY);
    make_key(place, ROLE_EDITOR);
    struct command command = command_of(place, COMMAND_report_refusals);
    command.actor = ACTOR_OPERATOR; /* whatever it says */
    command.stream = place->key_id;
    command.report_refusals =
        (struct report_refusals_command){.key_id = place->key_id, .code = SPAN("forbidden"), .times = 3, .since_ms = 1};
    const struct answer got = give(gateway, &command, NULL);
    ck_assert_uint_eq(got.refusal, ACCEPTED);
    struct log_event event;
    ck_assert_int_eq(log_look(place->log, got.seq, &event), OK);
    ck_assert_uint_eq(event.code, EVENT_access_refused);
    ck_assert_uint_eq(event.actor, ACTOR_SYSTEM);
    client_close(gateway);
    gateway = NULL;
    place_close(place);
}

END_TEST

/* A command about a person, of no workspace. */
static struct command about_user(const struct place *place, uint32_t code, const struct id *user_id)
{
    struct command command = command_of(place, code);
    command.workspace_id = (struct id){0};
    *(struct id *)command_fields(&command) = *user_id;
    return command;
}

static enum refusal as_operator(struct place *place, struct client *party, uint32_t code, const struct id *user_id)
{
    struct command command = command_of(place, code);
    command.actor_id = *user_id;
    command.role = ROLE_OWNER; /* whatever it says */
    *(struct id *)command_fields(&command) = place->workspace_id;
    return (enum refusal)give(party, &command, NULL).refusal;
}

START_TEST(the_gateway_speaks_for_an_operator_and_makes_nobody_one)
{
    struct place *place = place_open();
    OWNED(client_close) struct client *gateway = connect_party(place, PARTY_GATEWAY);
    OWNED(client_close) struct client *scheduler = connect_party(place, PARTY_SCHEDULER);
    const struct id user_id = new_id(ID_USER);
    make_key(place, ROLE_EDITOR); /* and a workspace */
    struct command command = about_user(place, COMMAND_create_user, &user_id);
    command.create_user.vault_id = new_id(ID_SECRET);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, ACCEPTED);
    ck_assert_int_eq(as_operator(place, gateway, COMMAND_pause_workspace, &user_id), REFUSED_role_insufficient);
    command = about_user(place, COMMAND_grant_operator, &user_id);
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_role_insufficient);
    command = about_user(place, COMMAND_grant_operator, &user_id);
    command.actor_id = user_id; /* not to themself either */
    ck_assert_uint_eq(give(gateway, &command, NULL).refusal, REFUSED_role_insufficient);
    command = about_user(place, COMMAND_grant_operator, &user_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_int_eq(as_operator(place, gateway, COMMAND_pause_workspace, &user_id), ACCEPTED);
    ck_assert_int_eq(as_operator(place, gateway, COMMAND_resume_workspace, &user_id), ACCEPTED);
    ck_assert_int_eq(as_operator(place, gateway, COMMAND_delete_workspace, &user_id), REFUSED_role_insufficient);
    ck_assert_int_eq(as_operator(place, gateway, COMMAND_change_workspace, &user_id), REFUSED_role_insufficient);
    ck_assert_int_eq(as_operator(place, scheduler, COMMAND_pause_workspace, &user_id), REFUSED_role_insufficient);
    const struct id nobody = {0};
    ck_assert_int_eq(as_operator(place, gateway, COMMAND_pause_workspace, &nobody), REFUSED_role_insufficient);
    command = about_user(place, COMMAND_revoke_operator, &user_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_int_eq(as_operator(place, gateway, COMMAND_pause_workspace, &user_id), REFUSED_role_insufficient);
    client_close(scheduler);
    client_close(gateway);
    scheduler = NULL;
    gateway = NULL;
    place_close(place);
}

END_TEST

START_TEST(what_is_sealed_is_of_somebody_who_keeps_secrets)
{
    struct place *place = place_open();
    const struct id secret_id = new_id(ID_SECRET);
    struct id owner_id = new_id(ID_INTEGRATION);
    ck_assert_int_eq(client_seal_wait(place->client, &secret_id, &owner_id, SPAN("x"), WAIT_MS), OK);
    owner_id = new_id(ID_POST);
    ck_assert_int_ne(client_seal_wait(place->client, &secret_id, &owner_id, SPAN("x"), WAIT_MS), OK);
    place_close(place);
}

END_TEST

START_TEST(the_scheduler_is_no_gateway)
{
    struct place *place = place_open();
    OWNED(client_close) struct client *scheduler = connect_party(place, PARTY_SCHEDULER);
    struct content_part part;
    struct command command = draft(place, &part);
    ck_assert_uint_eq(give(scheduler, &command, NULL).refusal, REFUSED_role_insufficient);
    command = command_of(place, COMMAND_revoke_key);
    command.revoke_key.key_id = new_id(ID_KEY);
    ck_assert_uint_eq(give(scheduler, &command, NULL).refusal, REFUSED_role_insufficient);
    command = command_of(place, COMMAND_record_tokens); /* its own: refused only for what it says */
    command.record_tokens.integration_id = new_id(ID_INTEGRATION);
    command.record_tokens.vault_id = new_id(ID_SECRET);
    command.record_tokens.fingerprint = SPAN("abc");
    ck_assert_uint_eq(give(scheduler, &command, NULL).refusal, REFUSED_not_found);
    uint8_t bytes[100];
    struct buf body = buf_of(bytes, sizeof bytes);
    struct buf out = buf_of(bytes, sizeof bytes);
    body_query_put(&body, SPAN("whoami"), SPAN("!"));
    ck_assert_int_eq(client_ask_wait(scheduler, FRAME_QUERY, buf_span(&body), WAIT_MS, &out), ERR_UNSUPPORTED);
    client_close(scheduler);
    scheduler = NULL;
    place_close(place);
}

END_TEST

START_TEST(the_adapters_key_is_nobodys_to_the_ledger)
{
    struct place *place = place_open();
    uint8_t key[FRAME_KEY_LEN];
    link_key(secret, SPAN("bluesky"), key);
    const char *const urls[] = {place->url, place->programs_url};
    for (int i = 0; i < 2; i++) {
        struct client *adapter = connect_as(urls[i], key);
        struct command command = command_of(place, COMMAND_record_tokens);
        command.record_tokens.integration_id = new_id(ID_INTEGRATION);
        command.record_tokens.vault_id = new_id(ID_SECRET);
        command.record_tokens.fingerprint = SPAN("abc");
        command.stream = command.record_tokens.integration_id;
        struct answer got;
        ck_assert_int_eq(client_command_wait(adapter, &command, NULL, WAIT_MS, &got), ERR_AUTH);
        client_close(adapter);
    }
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_party");
    TCase *parties = tcase_create("parties");
    tcase_set_timeout(parties, 60);
    tcase_add_test(parties, a_command_is_its_own_partys_and_the_operators);
    tcase_add_test(parties, who_may_ask_what);
    tcase_add_test(parties, no_two_keys_are_one);
    tcase_add_test(parties, the_gateway_is_no_scheduler_and_speaks_for_people_only);
    tcase_add_test(parties, what_an_actor_may_do_says_its_state);
    tcase_add_test(parties, the_gateway_reports_for_itself_what_it_refused);
    tcase_add_test(parties, the_gateway_speaks_for_an_operator_and_makes_nobody_one);
    tcase_add_test(parties, what_is_sealed_is_of_somebody_who_keeps_secrets);
    tcase_add_test(parties, the_scheduler_is_no_gateway);
    tcase_add_test(parties, the_adapters_key_is_nobodys_to_the_ledger);
    suite_add_tcase(suite, parties);
    return run_suite(suite);
}
