/* identity_ask.c: asks an identity process as the gateway does, and seals the client's secret as the ledger does.
 * Called by identity_test.py:
 *
 *   identity_ask URL KEY_FILE authorize ISSUER CLIENT REDIRECT NONCE SCOPE STATE CHALLENGE
 *   identity_ask URL KEY_FILE exchange ISSUER CLIENT REDIRECT NONCE CODE VERIFIER ISS SECRET [LIFE_MS [SEALED_FOR]]
 *
 * KEY_FILE holds the identity process's whole key. ISS and SECRET "-": there is none. SEALED_FOR: the issuer that the
 * box is for, where it is another. Prints one line: "ok" and the location, or subject, address, whether it is verified
 * and name, with tabs between; "refused" and the code; or "failed" and the error. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/base/process.h"
#include "core/wire/identity_box.h"
#include "core/wire/identity_client.h"
#include "core/wire/party.h"

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool answered;
    enum identity_question question;
};

static void print_text(struct span text)
{
    (void)printf("\t%.*s", (int)text.len, text.data == NULL ? "" : (const char *)text.data);
}

static void print_result(enum identity_question question, struct span result)
{
    struct span location;
    struct identity_person person;
    (void)printf("ok");
    if (question == IDENTITY_AUTHORIZE) {
        ASSERT(identity_location_read(result, &location) == OK);
        print_text(location);
        return;
    }
    ASSERT(identity_person_read(result, &person) == OK);
    print_text(person.subject);
    print_text(person.email);
    print_text(person.email_verified ? SPAN("verified") : SPAN("unverified"));
    print_text(person.name);
}

static void answered(void *context, enum err err, struct span body)
{
    struct waiting *waiting = context;
    enum refusal refusal = ACCEPTED;
    struct span result;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    if (err != OK) {
        (void)printf("failed\t%s", err_name(err));
    } else if (refusal != ACCEPTED) {
        (void)printf("refused\t%s", refusal_desc(refusal)->code);
    } else {
        print_result(waiting->question, result);
    }
    (void)printf("\n");
    lock_take(&waiting->lock);
    waiting->answered = true;
    ASSERT(pthread_cond_signal(&waiting->changed) == 0);
    lock_give(&waiting->lock);
}

static struct span word(const char *text)
{
    return strcmp(text, "-") == 0 ? (struct span){0} : span_text(text);
}

static void seal(const uint8_t key[FRAME_KEY_LEN], const struct identity_ask *ask, struct span secret, int64_t life_ms,
                 struct span issuer, struct buf *box)
{
    uint8_t box_key[FRAME_KEY_LEN];
    uint8_t nonce[12];
    const struct identity_use use = {.provider_id = ask->provider_id, .issuer = issuer, .client_id = ask->client_id};
    identity_box_key(key, box_key);
    random_fill(nonce, sizeof nonce);
    ASSERT(identity_box_seal(box_key, nonce, &use, clock_wall_ms() + life_ms, secret, box) == OK);
}

static void fill_exchange(struct identity_ask *ask, int argc, char **argv, const uint8_t key[FRAME_KEY_LEN],
                          struct buf *box)
{
    const uint8_t randomness[10] = {1};
    ASSERT(argc >= 12);
    ask->provider_id = id_make(ID_PROVIDER, 1, randomness);
    ask->code = span_text(argv[8]);
    ask->verifier = span_text(argv[9]);
    ask->iss = word(argv[10]);
    if (strcmp(argv[11], "-") != 0) {
        const int64_t life_ms = argc > 12 ? strtoll(argv[12], NULL, 10) : IDENTITY_BOX_LIFE_MS;
        seal(key, ask, span_text(argv[11]), life_ms, argc > 13 ? span_text(argv[13]) : ask->issuer, box);
        ask->box = buf_span(box);
    }
}

int main(int argc, char **argv)
{
    uint8_t key[FRAME_KEY_LEN];
    uint8_t bytes[IDENTITY_BOX_MAX];
    struct buf file = buf_of(key, sizeof key);
    struct buf box = buf_of(bytes, sizeof bytes);
    struct waiting waiting = {.question = IDENTITY_AUTHORIZE};
    OWNED(identity_client_close) struct identity_client *client = NULL;
    ASSERT(argc >= 11);
    ASSERT(file_read(argv[2], &file) == OK);
    struct identity_ask ask = {.question = IDENTITY_AUTHORIZE,
                               .issuer = span_text(argv[4]),
                               .client_id = span_text(argv[5]),
                               .redirect_uri = span_text(argv[6]),
                               .nonce = span_text(argv[7])};
    if (strcmp(argv[3], "authorize") == 0) {
        ask.scope = span_text(argv[8]);
        ask.state = span_text(argv[9]);
        ask.challenge = span_text(argv[10]);
    } else {
        ask.question = IDENTITY_EXCHANGE;
        fill_exchange(&ask, argc, argv, key, &box);
    }
    waiting.question = ask.question;
    struct identity_client_options options = {.url = argv[1], .random = random_fill};
    identity_link_key(key, options.key);
    lock_init(&waiting.lock);
    ASSERT(pthread_cond_init(&waiting.changed, NULL) == 0);
    ASSERT(identity_client_open(&options, &client) == OK);
    const enum err err = identity_client_ask(client, &ask, IDENTITY_WITHIN_MS, answered, &waiting);
    if (err != OK) {
        (void)printf("failed\t%s\n", err_name(err));
        return 0;
    }
    lock_take(&waiting.lock);
    while (!waiting.answered) {
        ASSERT(pthread_cond_wait(&waiting.changed, &waiting.lock) == 0);
    }
    lock_give(&waiting.lock);
    return 0;
}
