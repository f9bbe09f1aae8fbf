/* service_people_test.c: what the ledger says about people to who may ask: passwords are proved, never shown; nobody
 * learns who has an address; what is erased is gone from the vault soon after the event. */
#include <sys/stat.h>

#include "core/base/token.h"
#include "core/ledger/people.h"
#include "core/wire/tag_key.h"
#include "tests/unit/service_questions.h"

static const uint8_t right[PERSON_PROOF_LEN] = {1, 2, 3};
static const uint8_t wrong[PERSON_PROOF_LEN] = {1, 2, 4};

static void ask_salt(struct place *place, struct span address, struct person_salt *ret_salt)
{
    const struct person_ask ask = {.question = PERSON_SALT, .text = address};
    struct span result;
    ck_assert_uint_eq(ask_it(place->client, &ask, &result), ACCEPTED);
    ck_assert_int_eq(person_salt_read(result, ret_salt), OK);
}

/* bound: the address that the box is for. */
static enum refusal prove(struct client *client, struct span address, struct span bound, struct span proof,
                          struct id *ret_user_id)
{
    uint8_t key[BOX_KEY_LEN];
    uint8_t bytes[128];
    const uint8_t nonce[12] = {7};
    struct buf box = buf_of(bytes, sizeof bytes);
    struct span result;
    client_transport_key(client_options(client)->key, key);
    ck_assert_int_eq(box_seal(key, nonce, bound, proof, &box), OK);
    const struct person_ask ask = {.question = PERSON_PROVE, .text = address, .box = buf_span(&box)};
    const enum refusal refusal = ask_it(client, &ask, &result);
    if (refusal == ACCEPTED) {
        ck_assert_int_eq(person_user_read(result, ret_user_id), OK);
    } else {
        ck_assert_uint_eq(result.len, 0);
    }
    return refusal;
}

static enum refusal prove_it(struct place *place, struct span address, const uint8_t proof[PERSON_PROOF_LEN],
                             struct id *ret_user_id)
{
    return prove(place->client, address, address, span_of(proof, PERSON_PROOF_LEN), ret_user_id);
}

static struct id which_member_has(struct place *place, const struct id *workspace_id, struct span address)
{
    const struct person_ask ask = {.question = PERSON_MEMBER, .of = *workspace_id, .text = address};
    struct span result;
    struct id user_id = {0};
    ck_assert_uint_eq(ask_it(place->client, &ask, &result), ACCEPTED);
    ck_assert_int_eq(person_user_read(result, &user_id), OK);
    return user_id;
}

/* What the ledger answers, in its word. */
static enum refusal seal_says(struct place *place, const struct id *owner_id, const struct person_record *record)
{
    uint8_t key[BOX_KEY_LEN];
    uint8_t text_bytes[ID_TEXT_MAX];
    uint8_t bytes[4][2048];
    const uint8_t nonce[12] = {8};
    const struct id secret_id = new_id(ID_SECRET);
    struct buf what = buf_of(text_bytes, sizeof text_bytes);
    struct buf plain = buf_of(bytes[0], sizeof bytes[0]);
    struct buf box = buf_of(bytes[1], sizeof bytes[1]);
    struct buf body = buf_of(bytes[2], sizeof bytes[2]);
    struct buf reply = buf_of(bytes[3], sizeof bytes[3]);
    enum refusal refusal = ACCEPTED;
    id_write(&what, &secret_id);
    client_transport_key(client_options(place->client)->key, key);
    ck_assert_int_eq(person_record_put(&plain, record), OK);
    ck_assert_int_eq(box_seal(key, nonce, buf_span(&what), buf_span(&plain), &box), OK);
    body_seal_put(&body, &secret_id, owner_id, buf_span(&box));
    ck_assert_int_eq(client_ask_wait(place->client, FRAME_SEAL, buf_span(&body), WAIT_MS, &reply), OK);
    ck_assert_int_eq(body_code_read(buf_span(&reply), &refusal), OK);
    return refusal;
}

static void set_password(struct place *place, const struct id *user_id)
{
    struct person_record record = {
        .kind = PERSON_PASSWORD, .password = {.n = 16384, .r = 8, .p = 1, .salt = {9, 9}}
    };
    const struct id secret_id = new_id(ID_SECRET);
    memcpy(record.password.proof, right, sizeof right);
    ck_assert_int_eq(seal(place, &secret_id, user_id, &record), OK);
    struct command command = of_user(place, COMMAND_set_password, user_id, &secret_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
}

START_TEST(a_password_is_proved_and_nothing_else_opens)
{
    struct place *place = place_open();
    struct id found = {0};
    const struct id user_id = make_person(place, SPAN("Ada@example.test"));
    ck_assert_uint_eq(prove_it(place, SPAN("ada@example.test"), right, &found), REFUSED_sign_in_refused);
    set_password(place, &user_id);
    ck_assert_uint_eq(prove_it(place, SPAN("ADA@example.test"), right, &found), ACCEPTED);
    ck_assert(id_equal(&found, &user_id));
    ck_assert_uint_eq(prove_it(place, SPAN("ada@example.test"), wrong, &found), REFUSED_sign_in_refused);
    ck_assert_uint_eq(prove_it(place, SPAN("eve@example.test"), right, &found), REFUSED_sign_in_refused);
    ck_assert_uint_eq(prove_it(place, SPAN("nobody"), right, &found), REFUSED_sign_in_refused);
    const uint8_t zeros[PERSON_PROOF_LEN] = {0};
    ck_assert_uint_eq(prove_it(place, SPAN("eve@example.test"), zeros, &found), REFUSED_sign_in_refused);
    place_close(place);
}

END_TEST

START_TEST(a_proof_is_for_its_address_and_of_its_length)
{
    struct place *place = place_open();
    struct id found = {0};
    const struct span ada = SPAN("ada@example.test");
    const struct id user_id = make_person(place, ada);
    set_password(place, &user_id);
    const struct span proof = span_of(right, sizeof right);
    ck_assert_uint_eq(prove(place->client, ada, SPAN("eve@example.test"), proof, &found),
                      REFUSED_frame_unauthenticated);
    ck_assert_uint_eq(prove(place->client, ada, ada, span_of(right, 31), &found), REFUSED_frame_unauthenticated);
    place_close(place);
}

END_TEST

START_TEST(everybody_has_a_salt_that_stays)
{
    struct place *place = place_open();
    struct person_salt salts[4];
    ask_salt(place, SPAN("ada@example.test"), &salts[0]);
    ck_assert_uint_eq(salts[0].n, PERSON_SCRYPT_N);
    ck_assert_uint_eq(salts[0].r, PERSON_SCRYPT_R);
    ck_assert_uint_eq(salts[0].p, PERSON_SCRYPT_P);
    const struct id user_id = make_person(place, SPAN("Ada@example.test"));
    ask_salt(place, SPAN("ADA@EXAMPLE.TEST"), &salts[1]); /* without a password */
    ck_assert_mem_eq(salts[0].salt, salts[1].salt, PERSON_SALT_LEN);
    ask_salt(place, SPAN("eve@example.test"), &salts[2]);
    ck_assert_mem_ne(salts[0].salt, salts[2].salt, PERSON_SALT_LEN);
    set_password(place, &user_id);
    ask_salt(place, SPAN("ada@example.test"), &salts[3]);
    ck_assert_uint_eq(salts[3].n, 16384);
    ck_assert_uint_eq(salts[3].salt[0], 9);
    struct command command = of_user(place, COMMAND_erase_user, &user_id, &user_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ask_salt(place, SPAN("ada@example.test"), &salts[3]);
    ck_assert_uint_eq(salts[3].n, PERSON_SCRYPT_N);
    ck_assert_mem_eq(salts[0].salt, salts[3].salt, PERSON_SALT_LEN);
    place_close(place);
}

END_TEST

START_TEST(an_address_is_one_persons)
{
    struct place *place = place_open();
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    const struct id eve = new_id(ID_USER);
    const struct id secret_id = new_id(ID_SECRET);
    const struct person_record hers = {.kind = PERSON_PROFILE, .profile = {.email = SPAN("ADA@example.test")}};
    ck_assert_int_eq(seal_profile(place, &secret_id, &eve, SPAN("ADA@example.test")), ERR_EXISTS);
    ck_assert_uint_eq(seal_says(place, &eve, &hers), REFUSED_address_taken);
    const struct id again = new_id(ID_SECRET);
    ck_assert_int_eq(seal_profile(place, &again, &ada, SPAN("Ada@example.test")), OK); /* her own: another spelling */
    const struct id found = who_has(place->client, SPAN("ada@example.test"));
    ck_assert(id_equal(&found, &ada)); /* also while the new one is not named */
    place_close(place);
}

END_TEST

START_TEST(what_no_event_names_opens_nothing_but_holds_its_place_for_a_minute)
{
    struct place *place = place_open();
    const struct id ada = new_id(ID_USER);
    const struct id eve = new_id(ID_USER);
    const uint8_t randomness[10] = {1};
    const struct id young = new_id(ID_SECRET);
    ck_assert_int_eq(seal_profile(place, &young, &ada, SPAN("ada@example.test")), OK); /* and the gateway died */
    struct id found = who_has(place->client, SPAN("ada@example.test"));
    ck_assert(id_is_none(&found));
    const struct id secret_id = new_id(ID_SECRET);
    ck_assert_int_eq(seal_profile(place, &secret_id, &eve, SPAN("ada@example.test")), ERR_EXISTS);
    const struct id old = id_make(ID_SECRET, clock_wall_ms() - PEOPLE_RESERVED_MS, randomness);
    ck_assert_int_eq(seal_profile(place, &old, &ada, SPAN("bob@example.test")), OK);
    ck_assert_int_eq(seal_profile(place, &secret_id, &eve, SPAN("bob@example.test")), OK);
    struct command command = of_user(place, COMMAND_create_user, &eve, &secret_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    found = who_has(place->client, SPAN("bob@example.test"));
    ck_assert(id_equal(&found, &eve));
    place_close(place);
}

END_TEST

START_TEST(a_subject_is_one_persons_with_its_provider)
{
    struct place *place = place_open();
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    const struct id eve = make_person(place, SPAN("eve@example.test"));
    const struct person_record record = {
        .kind = PERSON_LINK, .link = {.provider_id = new_id(ID_PROVIDER), .subject = SPAN("1001")}
    };
    struct id secret_id = new_id(ID_SECRET);
    ck_assert_int_eq(seal(place, &secret_id, &ada, &record), OK);
    struct command command = command_of(place, COMMAND_link_login);
    command.workspace_id = (struct id){0};
    command.link_login =
        (struct link_login_command){.user_id = ada, .provider_id = record.link.provider_id, .vault_id = secret_id};
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    secret_id = new_id(ID_SECRET);
    ck_assert_int_eq(seal(place, &secret_id, &eve, &record), ERR_EXISTS);
    ck_assert_uint_eq(seal_says(place, &eve, &record), REFUSED_subject_taken);
    struct person_ask ask = {.question = PERSON_SUBJECT, .of = record.link.provider_id, .text = SPAN("1001")};
    struct span result;
    struct id found;
    ck_assert_uint_eq(ask_it(place->client, &ask, &result), ACCEPTED);
    ck_assert_int_eq(person_user_read(result, &found), OK);
    ck_assert(id_equal(&found, &ada));
    ask.of = new_id(ID_PROVIDER); /* another provider's 1001 is somebody else */
    ck_assert_uint_eq(ask_it(place->client, &ask, &result), ACCEPTED);
    ck_assert_int_eq(person_user_read(result, &found), OK);
    ck_assert(id_is_none(&found));
    place_close(place);
}

END_TEST

START_TEST(a_provider_is_told_only_whom_an_operator_made_known_with_the_address)
{
    struct place *place = place_open();
    struct client *gateway = connect_party(place, PARTY_GATEWAY);
    const struct hash fingerprint = {.bytes = {5}};
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    struct id found = who_has(gateway, SPAN("ADA@example.test"));
    ck_assert(id_equal(&found, &ada));

    struct id bob = invite(place, &fingerprint); /* the inviter sees the link, and may take it */
    const struct id profile_id = new_id(ID_SECRET);
    bob.kind = ID_USER;
    ck_assert_int_eq(seal_profile(place, &profile_id, &bob, SPAN("bob@example.test")), OK);
    struct command command = of_user(place, COMMAND_create_user, &bob, &profile_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    found = who_has(gateway, SPAN("bob@example.test"));
    ck_assert(id_is_none(&found));

    const struct id other_id = new_id(ID_SECRET);
    ck_assert_int_eq(seal_profile(place, &other_id, &ada, SPAN("eve@example.test")), OK);
    command = of_user(place, COMMAND_change_user, &ada, &other_id); /* nobody looked whether it is hers */
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    found = who_has(gateway, SPAN("eve@example.test"));
    ck_assert(id_is_none(&found));
    found = who_has(place->client, SPAN("eve@example.test")); /* an operator is told who has it all the same */
    ck_assert(id_equal(&found, &ada));
    found = who_has(place->client, SPAN("bob@example.test"));
    ck_assert(id_equal(&found, &bob));
    client_close(gateway);
    place_close(place);
}

END_TEST

/* "name address", "-" for who is not told; of two. */
static void expect_lines(struct place *place, const struct person_ask *ask, const char *one, const char *two)
{
    const char *expected[] = {one, two};
    struct span result;
    struct body_list list;
    ck_assert_uint_eq(ask_it(place->client, ask, &result), ACCEPTED);
    ck_assert_int_eq(person_page_read(result, &list), OK);
    ck_assert_uint_eq(list.left, 2);
    for (size_t i = 0; i < 2; i++) {
        char text[256];
        struct buf line = buf_of(text, sizeof text);
        struct span first;
        struct span second;
        bool known = false;
        ck_assert_int_eq(person_page_next(&list, &known, &first, &second), OK);
        buf_put(&line, known ? first : SPAN("-"));
        buf_text(&line, known ? " " : "");
        buf_put(&line, second);
        ck_assert_str_eq(buf_terminated(&line), expected[i]);
    }
}

START_TEST(a_workspace_is_told_its_members_and_those_it_invited)
{
    struct place *place = place_open();
    const struct hash fingerprint = {.bytes = {4}};
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    const struct id member_id = invite(place, &fingerprint);
    struct person_ask ask = {
        .question = PERSON_PEOPLE, .of = place->workspace_id, .ids = {member_id, ada},
                .count = 2
    };
    expect_lines(place, &ask, "Bob bob@example.test", "-"); /* she is a person, but no member here */
    const struct id not_yet = which_member_has(place, &place->workspace_id, SPAN("ada@example.test"));
    ck_assert(id_is_none(&not_yet));
    struct command command = command_of(place, COMMAND_join_workspace);
    command.join_workspace =
        (struct join_workspace_command){.member_id = member_id, .user_id = ada, .fingerprint = fingerprint};
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    expect_lines(place, &ask, "Ada ada@example.test", "Ada ada@example.test");
    const struct id elsewhere = new_id(ID_WORKSPACE);
    const struct id told = which_member_has(place, &place->workspace_id, SPAN("ADA@example.test"));
    ck_assert(id_equal(&told, &ada));
    const struct id nobody[] = {which_member_has(place, &elsewhere, SPAN("ada@example.test")),
                                which_member_has(place, &place->workspace_id, SPAN("bob@example.test")),
                                which_member_has(place, &place->workspace_id, SPAN("no address"))};
    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++) {
        ck_assert(id_is_none(&nobody[i]));
    }
    ask.of = elsewhere;
    expect_lines(place, &ask, "-", "-");
    ask = (struct person_ask){
        .question = PERSON_PEOPLE, .ids = {ada, new_id(ID_USER)},
             .count = 2
    };
    expect_lines(place, &ask, "Ada ada@example.test", "-"); /* of no workspace: the person herself */
    command = command_of(place, COMMAND_remove_member);
    command.remove_member.member_id = member_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ask = (struct person_ask){
        .question = PERSON_PEOPLE, .of = place->workspace_id, .ids = {member_id, ada},
                .count = 2
    };
    expect_lines(place, &ask, "Ada ", "-"); /* her name alone, by what a history has of her */
    ask.of = elsewhere;
    expect_lines(place, &ask, "-", "-");
    place_close(place);
}

END_TEST

/* What a program is told that has an invitation sealed. */
static enum refusal invite_says(struct client *program, struct span address)
{
    uint8_t bytes[1024];
    uint8_t randomness[TOKEN_RANDOM_LEN];
    char token[TOKEN_LEN + 1];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const struct id secret_id = new_id(ID_SECRET);
    const struct id member_id = new_id(ID_MEMBER);
    enum refusal refusal = ACCEPTED;
    random_fill(randomness, sizeof randomness);
    token_write(randomness, token);
    const struct person_record record = {
        .kind = PERSON_INVITATION, .invitation = {.email = address, .body = span_text(token)}
    };
    ck_assert_int_eq(person_record_put(&plain, &record), OK);
    ck_assert_int_eq(client_seal_told_wait(program, &secret_id, &member_id, buf_span(&plain), WAIT_MS, &refusal), OK);
    return refusal;
}

static void seal_invitation(struct place *place, const struct invite_member_command *invite, struct span address)
{
    uint8_t bytes[1024];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const struct person_record record = {.kind = PERSON_INVITATION, .invitation = {.email = address}};
    ck_assert_int_eq(person_record_put(&plain, &record), OK);
    ck_assert_int_eq(client_seal_wait(place->client, &invite->vault_id, &invite->member_id, buf_span(&plain), WAIT_MS),
                     OK);
}

START_TEST(a_program_invites_nobody_again_and_is_told_of_nobody_else)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    make_key(place, ROLE_OWNER);
    tag_key_of(span_text(API_KEY), tag_key);
    struct client *program = connect_as(place->programs_url, tag_key);
    struct command command = command_of(place, COMMAND_add_member);
    command.add_member = (struct add_member_command){.member_id = new_id(ID_MEMBER),
                                                     .workspace_id = place->workspace_id,
                                                     .user_id = make_person(place, SPAN("ada@example.test")),
                                                     .role = ROLE_VIEWER};
    ck_assert_uint_eq(invite_says(program, SPAN("ada@example.test")), ACCEPTED);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(invite_says(program, SPAN("ADA@example.test")), REFUSED_member_exists);
    ck_assert_uint_eq(invite_says(program, SPAN("bob@example.test")), ACCEPTED);
    struct command invite = command_of(place, COMMAND_invite_member);
    invite.invite_member = (struct invite_member_command){.member_id = new_id(ID_MEMBER),
                                                          .workspace_id = place->workspace_id,
                                                          .role = ROLE_VIEWER,
                                                          .vault_id = new_id(ID_SECRET),
                                                          .expires_ms = clock_wall_ms() + HOUR_MS};
    seal_invitation(place, &invite.invite_member, SPAN("bob@example.test"));
    ck_assert_uint_eq(give(place->client, &invite, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(invite_says(program, SPAN("Bob@example.test")), REFUSED_invitation_exists);
    struct command withdraw = command_of(place, COMMAND_withdraw_invitation);
    withdraw.withdraw_invitation.member_id = invite.invite_member.member_id;
    ck_assert_uint_eq(give(place->client, &withdraw, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(invite_says(program, SPAN("bob@example.test")), ACCEPTED);
    client_close(program);
    place_close(place);
}

END_TEST

static struct id open_session(struct place *place, const struct id *user_id)
{
    struct command command = command_of(place, COMMAND_open_session);
    const struct person_record record = {
        .kind = PERSON_DEVICE, .device = {.user_agent = SPAN("Firefox"), .address = SPAN("192.0.2.7")}
    };
    command.workspace_id = (struct id){0};
    command.open_session = (struct open_session_command){.session_id = new_id(ID_SESSION),
                                                         .user_id = *user_id,
                                                         .method = SIGN_IN_PASSWORD,
                                                         .expires_ms = clock_wall_ms() + DAY_MS,
                                                         .vault_id = new_id(ID_SECRET)};
    const struct id session_id = command.open_session.session_id;
    ck_assert_int_eq(seal(place, &command.open_session.vault_id, &session_id, &record), OK);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    return session_id;
}

START_TEST(a_person_is_told_the_own_devices_only)
{
    struct place *place = place_open();
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    const struct id sessions[2] = {open_session(place, &ada), open_session(place, &ada)};
    struct person_ask ask = {
        .question = PERSON_DEVICES, .of = ada, .ids = {sessions[0], sessions[1]},
                .count = 2
    };
    expect_lines(place, &ask, "Firefox 192.0.2.7", "Firefox 192.0.2.7");
    struct command command = command_of(place, COMMAND_end_session);
    command.workspace_id = (struct id){0};
    command.end_session.session_id = sessions[0];
    command.end_session.reason = END_SIGNED_OUT;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    expect_lines(place, &ask, "-", "Firefox 192.0.2.7");
    ask.of = new_id(ID_USER);
    expect_lines(place, &ask, "-", "-");
    place_close(place);
}

END_TEST

/* Bytes of the slot file that are not zero: keys that are left. */
static uint64_t keys_left(const struct place *place)
{
    char path[FOLDER_MAX + 40];
    uint8_t slot[64];
    uint64_t count = 0;
    snprintf(path, sizeof path, "%s/vault/subject.keys", place->folder);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    while (fread(slot, 1, sizeof slot, file) == sizeof slot) {
        static const uint8_t nothing[64];
        count += memcmp(slot, nothing, sizeof slot) != 0;
    }
    fclose(file);
    return count;
}

/* The reader sweeps between two questions: each of these lets it go on. */
static void await_keys(struct place *place, uint64_t count)
{
    for (int i = 0; i < 2000 && keys_left(place) != count; i++) {
        (void)who_has(place->client, SPAN("nobody@example.test"));
        usleep(1000);
    }
    ck_assert_uint_eq(keys_left(place), count);
}

START_TEST(who_is_erased_leaves_no_key_behind)
{
    struct place *place = place_open();
    struct id found = {0};
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    set_password(place, &ada);
    (void)open_session(place, &ada);
    const struct id eve = make_person(place, SPAN("eve@example.test"));
    ck_assert_uint_eq(keys_left(place), 4);
    struct command command = of_user(place, COMMAND_erase_user, &ada, &ada);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(prove_it(place, SPAN("ada@example.test"), right, &found), REFUSED_sign_in_refused);
    found = who_has(place->client, SPAN("ada@example.test"));
    ck_assert(id_is_none(&found));
    await_keys(place, 1); /* the session's, which did not end by itself, too */
    found = who_has(place->client, SPAN("eve@example.test"));
    ck_assert(id_equal(&found, &eve));
    (void)make_person(place, SPAN("ada@example.test")); /* the address is free again */
    place_close(place);
}

END_TEST

START_TEST(what_was_replaced_is_destroyed_too)
{
    struct place *place = place_open();
    const uint8_t randomness[10] = {2};
    const struct id ada = new_id(ID_USER);
    const struct id old = id_make(ID_SECRET, clock_wall_ms() - PEOPLE_RESERVED_MS, randomness);
    const struct id anew = new_id(ID_SECRET);
    ck_assert_int_eq(seal_profile(place, &old, &ada, SPAN("ada@example.test")), OK);
    struct command command = of_user(place, COMMAND_create_user, &ada, &old);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_int_eq(seal_profile(place, &anew, &ada, SPAN("lovelace@example.test")), OK);
    command = of_user(place, COMMAND_change_user, &ada, &anew);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    await_keys(place, 1);
    struct id found = who_has(place->client, SPAN("lovelace@example.test"));
    ck_assert(id_equal(&found, &ada));
    found = who_has(place->client, SPAN("ada@example.test"));
    ck_assert(id_is_none(&found));
    place_close(place);
}

END_TEST

START_TEST(what_is_no_record_of_its_owner_is_not_sealed)
{
    struct place *place = place_open();
    const struct id secret_id = new_id(ID_SECRET);
    const struct id user_id = new_id(ID_USER);
    const struct id member_id = new_id(ID_MEMBER);
    const struct id provider_id = new_id(ID_PROVIDER);
    const struct person_record hush = {.kind = PERSON_CLIENT_SECRET, .client_secret = {.secret = SPAN("hush")}};
    ck_assert_int_ne(client_seal_wait(place->client, &secret_id, &user_id, SPAN("Ada"), WAIT_MS), OK);
    ck_assert_int_ne(seal_profile(place, &secret_id, &member_id, SPAN("ada@example.test")), OK);
    ck_assert_int_ne(seal(place, &secret_id, &user_id, &hush), OK);
    ck_assert_int_eq(seal(place, &secret_id, &provider_id, &hush), OK);
    place_close(place);
}

END_TEST

START_TEST(only_gateway_and_operator_ask_and_in_order)
{
    struct place *place = place_open();
    const struct person_ask ask = {.question = PERSON_ADDRESS, .text = SPAN("ada@example.test")};
    struct span result;
    struct client *scheduler = connect_party(place, PARTY_SCHEDULER);
    ck_assert_uint_eq(ask_it(scheduler, &ask, &result), REFUSED_role_insufficient);
    client_close(scheduler);
    struct client *gateway = connect_party(place, PARTY_GATEWAY);
    ck_assert_uint_eq(ask_it(gateway, &ask, &result), ACCEPTED);
    uint8_t bytes[200];
    struct buf reply = buf_of(bytes, sizeof bytes);
    enum refusal refusal = ACCEPTED;
    ck_assert_int_eq(client_ask_wait(gateway, FRAME_PERSON, SPAN("\x91\xA1?"), WAIT_MS, &reply), ERR_UNSUPPORTED);
    ck_assert_int_eq(body_code_read(buf_span(&reply), &refusal), OK);
    ck_assert_uint_eq(refusal, REFUSED_frame_invalid);
    client_close(gateway);
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_people");
    TCase *people = tcase_create("people");
    tcase_add_test(people, a_password_is_proved_and_nothing_else_opens);
    tcase_add_test(people, a_proof_is_for_its_address_and_of_its_length);
    tcase_add_test(people, everybody_has_a_salt_that_stays);
    tcase_add_test(people, an_address_is_one_persons);
    tcase_add_test(people, what_no_event_names_opens_nothing_but_holds_its_place_for_a_minute);
    tcase_add_test(people, a_subject_is_one_persons_with_its_provider);
    tcase_add_test(people, a_provider_is_told_only_whom_an_operator_made_known_with_the_address);
    tcase_add_test(people, a_workspace_is_told_its_members_and_those_it_invited);
    tcase_add_test(people, a_program_invites_nobody_again_and_is_told_of_nobody_else);
    tcase_add_test(people, a_person_is_told_the_own_devices_only);
    tcase_add_test(people, who_is_erased_leaves_no_key_behind);
    tcase_add_test(people, what_was_replaced_is_destroyed_too);
    tcase_add_test(people, what_is_no_record_of_its_owner_is_not_sealed);
    tcase_add_test(people, only_gateway_and_operator_ask_and_in_order);
    suite_add_tcase(suite, people);
    return run_suite(suite);
}
