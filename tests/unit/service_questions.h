/* service_questions.h: what FRAME_PERSON is asked, and what is sealed for people. For the tests service_people_test.c,
 * service_client_test.c, vault_orphans_test.c and joining_test.c. */
#ifndef OPENPOST_UNIT_SERVICE_QUESTIONS_H
#define OPENPOST_UNIT_SERVICE_QUESTIONS_H

#include "core/wire/person.h"
#include "tests/unit/service_world.h"

static uint8_t reply_bytes[65536];

/* Asks; the result borrows from reply_bytes. */
static inline enum refusal ask_it(struct client *client, const struct person_ask *ask, struct span *ret_result)
{
    static uint8_t bytes[16384];
    struct buf body = buf_of(bytes, sizeof bytes);
    struct buf reply = buf_of(reply_bytes, sizeof reply_bytes);
    enum refusal refusal = ACCEPTED;
    person_ask_put(&body, ask);
    ck_assert(buf_ok(&body));
    const enum err err = client_ask_wait(client, FRAME_PERSON, buf_span(&body), WAIT_MS, &reply);
    if (err == ERR_UNSUPPORTED) { /* the frame was refused */
        ck_assert_int_eq(body_code_read(buf_span(&reply), &refusal), OK);
        return refusal;
    }
    ck_assert_int_eq(err, OK);
    ck_assert_int_eq(body_result_read(buf_span(&reply), &refusal, ret_result), OK);
    return refusal;
}

static inline enum err seal(struct place *place, const struct id *secret_id, const struct id *owner_id,
                            const struct person_record *record)
{
    uint8_t bytes[2048];
    struct buf plain = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(person_record_put(&plain, record), OK);
    return client_seal_wait(place->client, secret_id, owner_id, buf_span(&plain), WAIT_MS);
}

/* Who signs in with the address, as that party is told; absent: nobody. */
static inline struct id who_has(struct client *client, struct span address)
{
    const struct person_ask ask = {.question = PERSON_ADDRESS, .text = address};
    struct span result;
    struct id user_id = {0};
    ck_assert_uint_eq(ask_it(client, &ask, &result), ACCEPTED);
    ck_assert_int_eq(person_user_read(result, &user_id), OK);
    return user_id;
}

static inline enum err seal_profile(struct place *place, const struct id *secret_id, const struct id *user_id,
                                    struct span address)
{
    const struct person_record record = {
        .kind = PERSON_PROFILE, .profile = {.name = SPAN("Ada"), .email = address, .locale = SPAN("en")}
    };
    return seal(place, secret_id, user_id, &record);
}

static inline struct command of_user(struct place *place, uint32_t code, const struct id *user_id,
                                     const struct id *secret_id)
{
    struct command command = command_of(place, code);
    command.workspace_id = (struct id){0};
    command.create_user.user_id = *user_id; /* where each of these has it */
    command.create_user.vault_id = *secret_id;
    return command;
}

static inline struct id make_person(struct place *place, struct span address)
{
    const struct id user_id = new_id(ID_USER);
    const struct id profile_id = new_id(ID_SECRET);
    ck_assert_int_eq(seal_profile(place, &profile_id, &user_id, address), OK);
    struct command command = of_user(place, COMMAND_create_user, &user_id, &profile_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    return user_id;
}

static inline struct id invite(struct place *place, const struct hash *fingerprint)
{
    struct command command = command_of(place, COMMAND_invite_member);
    const struct person_record record = {
        .kind = PERSON_INVITATION, .invitation = {.email = SPAN("bob@example.test"), .name = SPAN("Bob")}
    };
    command.invite_member = (struct invite_member_command){.member_id = new_id(ID_MEMBER),
                                                           .workspace_id = place->workspace_id,
                                                           .role = ROLE_EDITOR,
                                                           .vault_id = new_id(ID_SECRET),
                                                           .fingerprint = *fingerprint,
                                                           .expires_ms = clock_wall_ms() + DAY_MS};
    const struct id member_id = command.invite_member.member_id;
    ck_assert_int_eq(seal(place, &command.invite_member.vault_id, &member_id, &record), OK);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    return member_id;
}

#endif
