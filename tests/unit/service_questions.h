/* service_questions.h: what FRAME_PERSON is asked, and what is sealed for people. For the tests service_people_test.c
 * and service_client_test.c. */
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

#endif
