/* operator.c: see operator.h. A service that runs holds the folder's lock: that is how it is noticed. Must never write
 * to a folder whose lock it does not hold. */
#include "tools/operator.h"

#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/ledger/people.h"
#include "core/wire/person.h"
#include "tools/tools.h"

#define ANSWER_WITHIN_MS 10000

/* A folder whose lock another process has, which cannot be asked: what that is nobody knows here, so both are said. */
static void tell_holder(const struct data_folder *data, const char *why, char *sentence, size_t size)
{
    const uint64_t holder = data_lock_holder(data); /* 0: it could not be noted */
    char who[40] = "another process";
    if (holder != 0) {
        (void)snprintf(who, sizeof who, "process %llu", (unsigned long long)holder);
    }
    (void)snprintf(sentence, size,
                   "%s has the folder, %s: if it is another openpost command, try again when that has ended; "
                   "if it is a service, restart it",
                   who, why);
}

static enum err reach_service(struct operator_hand *hand)
{
    char url[128];
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    const enum err addressed = data_address_read(&hand->data, url, sizeof url);
    TRY(data_party_key(&hand->data, PARTY_OPERATOR, options.key));
    const enum err err = addressed == OK ? client_open(&options, &hand->client) : addressed;
    explicit_bzero(options.key, sizeof options.key);
    if (err != OK && err != ERR_NO_MEMORY) {
        tell_holder(&hand->data, "and the file ledger.url does not say where it can be asked", hand->fault.sentence,
                    sizeof hand->fault.sentence);
        return ERR_CLOSED;
    }
    TRY(err);
    TRY(store_lmdb_open(hand->data.views_path, VIEWS_MAP_BYTES, true, &hand->running));
    hand->views = hand->running;
    return OK;
}

enum err operator_open(const struct data_folder *data, struct operator_hand *hand)
{
    *hand = (struct operator_hand){.data = *data, .parts = {.lock_fd = -1}};
    enum err err = parts_open(data, false, &hand->parts, &hand->fault);
    if (err == OK) {
        hand->views = hand->parts.views;
    } else if (err == ERR_BUSY) {
        err = reach_service(hand);
    }
    if (err != OK) {
        operator_close(hand);
    }
    return err;
}

void operator_close(struct operator_hand *hand)
{
    client_close(hand->client);
    store_close(hand->running);
    vault_close(hand->vault);
    parts_close(&hand->parts);
    hand->client = NULL;
    hand->running = NULL;
    hand->vault = NULL;
    hand->views = NULL;
}

int operator_failed(const char *command, const struct operator_hand *hand, enum err err)
{
    const char *said = hand->fault.sentence[0] != 0 ? hand->fault.sentence : NULL;
    char why[80];
    char silent[sizeof hand->fault.sentence];
    switch ((int)err) {
    case ERR_TIMED_OUT:
    case ERR_CLOSED:
    case ERR_AUTH:
        (void)snprintf(why, sizeof why, "and does not answer (%s)", err_sentence(err));
        tell_holder(&hand->data, why, silent, sizeof silent);
        (void)fprintf(stderr, "openpost %s: %s\n", command, said != NULL ? said : silent);
        return EXIT_UNAVAILABLE;
    case ERR_REBUILDING:
        return complain(command, hand->data.path, err, EXIT_UNAVAILABLE);
    case ERR_ALTERED:
        return complain(command, said != NULL ? said : hand->data.path, err,
                        hand->vault_broken ? EXIT_UNREADABLE : EXIT_ALTERED);
    case ERR_ACCESS:
        return complain_of_folder(command, hand->data.path, hand->client == NULL, err, EXIT_UNREADABLE);
    default:
        return complain(command, said != NULL ? said : hand->data.path, err, EXIT_CANNOT);
    }
}

enum err operator_command(struct operator_hand *hand, struct command *command, struct answer *ret_answer)
{
    const int64_t now_ms = clock_wall_ms();
    if (hand->client == NULL) {
        return parts_command(&hand->parts, command, now_ms, ret_answer);
    }
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    command->command_id = id_make(ID_COMMAND, now_ms, randomness);
    command->actor = ACTOR_OPERATOR;
    return client_command_wait(hand->client, command, NULL, ANSWER_WITHIN_MS, ret_answer);
}

static enum err open_vault(struct operator_hand *hand)
{
    uint8_t master[BOX_KEY_LEN];
    if (hand->vault != NULL) {
        return OK;
    }
    TRY(data_master_key(&hand->data, master));
    const enum err err = vault_open(hand->data.vault_path, master, false, &hand->vault);
    explicit_bzero(master, sizeof master);
    if (err == ERR_ALTERED) {
        hand->vault_broken = true;
        (void)snprintf(hand->fault.sentence, sizeof hand->fault.sentence,
                       "vault/data.mdb is not as it was written: put vault/ back from the backup");
    }
    return err;
}

enum err operator_keep(struct operator_hand *hand, const struct id *secret_id, const struct id *owner_id,
                       struct span plain)
{
    if (hand->client != NULL) {
        return client_seal_wait(hand->client, secret_id, owner_id, plain, ANSWER_WITHIN_MS);
    }
    OWNED(store_abort) struct store_txn *txn = NULL;
    const struct vault_secret secret = {.id = *secret_id, .owner_id = *owner_id, .plain = plain};
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    enum refusal refusal = ACCEPTED;
    TRY(open_vault(hand));
    TRY(store_begin(hand->views, false, &txn));
    random_fill(randomness, sizeof randomness);
    const enum err err = people_keep(txn, hand->vault, &secret, clock_wall_ms(), randomness, &refusal);
    explicit_bzero(randomness, sizeof randomness);
    return err == OK && refusal != ACCEPTED ? ERR_EXISTS : err;
}

/* What the running service says of people: the result borrows from room. */
static enum err ask_service(struct operator_hand *hand, const struct person_ask *ask, struct buf *room,
                            struct span *ret_result)
{
    uint8_t bytes[1024];
    struct buf body = buf_of(bytes, sizeof bytes);
    enum refusal refusal = ACCEPTED;
    person_ask_put(&body, ask);
    TRY(buf_ok(&body) ? OK : ERR_TOO_LONG);
    room->len = 0;
    TRY(client_ask_wait(hand->client, FRAME_PERSON, buf_span(&body), ANSWER_WITHIN_MS, room));
    TRY(body_result_read(buf_span(room), &refusal, ret_result));
    return refusal == ACCEPTED ? OK : ERR_UNSUPPORTED;
}

enum err operator_find(struct operator_hand *hand, struct span address, struct id *ret_user_id)
{
    uint8_t bytes[256];
    struct buf room = buf_of(bytes, sizeof bytes);
    struct span result;
    if (hand->client == NULL) {
        OWNED(store_abort) struct store_txn *txn = NULL;
        TRY(open_vault(hand));
        TRY(store_begin(hand->views, false, &txn));
        return people_by_address(txn, hand->vault, address, ret_user_id);
    }
    const struct person_ask ask = {.question = PERSON_ADDRESS, .text = address};
    TRY(ask_service(hand, &ask, &room, &result));
    TRY(person_user_read(result, ret_user_id));
    return id_is_none(ret_user_id) ? ERR_NOT_FOUND : OK;
}

/* What names somebody: a person has a profile, who is invited an invitation. */
static void read_names(const struct person_record *record, struct span *ret_name, struct span *ret_email)
{
    const bool invited = record->kind == PERSON_INVITATION;
    *ret_name = invited ? record->invitation.name : record->profile.name;
    *ret_email = invited ? record->invitation.email : record->profile.email;
}

enum err operator_named(struct operator_hand *hand, const struct id *workspace_id, const struct id *id,
                        struct buf *room, struct span *ret_name, struct span *ret_email)
{
    struct body_list list;
    struct span result;
    bool known = false;
    if (hand->client == NULL) {
        OWNED(store_abort) struct store_txn *txn = NULL;
        struct person_record record;
        TRY(open_vault(hand));
        TRY(store_begin(hand->views, false, &txn));
        TRY(people_named(txn, hand->vault, workspace_id, id, room, &record));
        read_names(&record, ret_name, ret_email);
        return OK;
    }
    const struct person_ask ask = {.question = PERSON_PEOPLE, .of = *workspace_id, .ids = {*id}, .count = 1};
    TRY(ask_service(hand, &ask, room, &result));
    TRY(person_page_read(result, &list));
    TRY(list.left == 1 ? person_page_next(&list, &known, ret_name, ret_email) : ERR_MALFORMED);
    return known ? OK : ERR_NOT_FOUND;
}
