/* joining_test.c: who takes an invitation is known and a member, or, when it ended while the password was hashed,
 * nobody: neither a person nor an address that is held stays behind. With the ledger behind its sockets. */
#define place workplace /* the gateway has another struct place: where somebody is a member */
#include "gateway/gate/joining.h"
#undef place

#include "tests/unit/service_questions.h"

#define TOKEN SPAN("a token that nobody guesses")

/* The gateway's side; the names of service_world.h leave no struct gate to look into. */
struct entry {
    struct place *place;
    struct client *client;
    struct gate *gate;
    struct arena arena;
    atomic_bool over;
    enum err err;
    enum refusal refusal;
};

static struct entry *entry_open(void)
{
    struct entry *entry = calloc(1, sizeof *entry);
    ck_assert_ptr_nonnull(entry);
    entry->place = place_open();
    entry->client = connect_party(entry->place, PARTY_GATEWAY);
    const struct gate_options options = {.views = entry->place->views, .ledger = entry->client};
    ck_assert_int_eq(gate_open(&options, &entry->gate), OK);
    arena_init(&entry->arena, (size_t)1 << 20);
    return entry;
}

static void entry_close(struct entry *entry)
{
    client_close(entry->client); /* whose answers the gate is told */
    gate_close(entry->gate);
    arena_done(&entry->arena);
    place_close(entry->place);
    free(entry);
}

static struct id invite_bob(struct entry *entry)
{
    struct hash fingerprint = {.bytes = {0}};
    tag_key_fingerprint_of(TOKEN, fingerprint.bytes);
    return invite(entry->place, &fingerprint);
}

static enum err look(struct entry *entry, struct invited *ret_invited)
{
    return gate_invitation(entry->gate, TOKEN, clock_wall_ms(), &entry->arena, ret_invited);
}

static void withdraw(struct entry *entry, const struct id *member_id)
{
    struct command command = command_of(entry->place, COMMAND_withdraw_invitation);
    command.role = ROLE_OWNER;
    command.withdraw_invitation.member_id = *member_id;
    ck_assert_uint_eq(give(entry->place->client, &command, NULL).refusal, ACCEPTED);
}

static void joined(void *context, enum err err, enum refusal refusal)
{
    struct entry *entry = context;
    entry->err = err;
    entry->refusal = refusal;
    atomic_store(&entry->over, true);
}

/* Takes it as it was looked at. */
static enum refusal join(struct entry *entry, const struct invited *invited)
{
    struct newcomer newcomer = {.invited = *invited,
                                .name = SPAN("Bob"),
                                .email = SPAN("bob@example.test"),
                                .profile_id = new_id(ID_SECRET),
                                .password_id = new_id(ID_SECRET)};
    for (size_t i = 0; i < sizeof newcomer.command_ids / sizeof *newcomer.command_ids; i++) {
        newcomer.command_ids[i] = new_id(ID_COMMAND);
    }
    newcomer.password = (struct person_record){
        .kind = PERSON_PASSWORD, .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}
    };
    newcomer.session = (struct new_session){.token = SPAN("a cookie"),
                                            .session_id = new_id(ID_SESSION),
                                            .request_id = new_id(ID_REQUEST),
                                            .device_id = new_id(ID_SECRET),
                                            .user_agent = SPAN("a browser"),
                                            .network = SPAN("192.0.2.0/24"),
                                            .expires_ms = clock_wall_ms() + DAY_MS};
    atomic_store(&entry->over, false);
    gate_join(entry->gate, &newcomer, joined, entry);
    while (!atomic_load(&entry->over)) {
        usleep(1000);
    }
    ck_assert_int_eq(entry->err, OK);
    return entry->refusal;
}

static struct user_row user_of(struct entry *entry, const struct id *user_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct user_row row;
    ck_assert_int_eq(store_begin(entry->place->views, false, &txn), OK);
    ck_assert_int_eq(access_user(txn, user_id, &row), OK);
    return row;
}

START_TEST(who_takes_an_invitation_is_known_and_a_member)
{
    struct entry *entry = entry_open();
    struct invited invited;
    (void)invite_bob(entry);
    ck_assert_int_eq(look(entry, &invited), OK);
    ck_assert(!invited.is_known);
    ck_assert_uint_eq(join(entry, &invited), ACCEPTED);
    const struct id found = who_has(entry->place->client, SPAN("bob@example.test"));
    ck_assert(id_equal(&found, &invited.user_id));
    const struct user_row bob = user_of(entry, &found);
    ck_assert(!id_is_none(&bob.password_id));
    ck_assert_int_eq(look(entry, &invited), ERR_NOT_FOUND);
    entry_close(entry);
}

END_TEST

START_TEST(an_invitation_that_ended_meanwhile_leaves_nobody_and_holds_no_address)
{
    struct entry *entry = entry_open();
    struct invited invited;
    struct id member_id = invite_bob(entry);
    ck_assert_int_eq(look(entry, &invited), OK);
    withdraw(entry, &member_id);
    ck_assert_uint_eq(join(entry, &invited), REFUSED_invitation_spent);
    ck_assert(user_of(entry, &invited.user_id).erased);
    struct id found = who_has(entry->place->client, SPAN("bob@example.test"));
    ck_assert(id_is_none(&found));

    member_id = invite_bob(entry);
    ck_assert_int_eq(look(entry, &invited), OK);
    ck_assert_uint_eq(join(entry, &invited), ACCEPTED);
    found = who_has(entry->place->client, SPAN("bob@example.test"));
    ck_assert_mem_eq(found.uuid, member_id.uuid, sizeof found.uuid);
    entry_close(entry);
}

END_TEST

START_TEST(whom_an_earlier_try_made_known_goes_with_the_invitation_too)
{
    struct entry *entry = entry_open();
    struct invited invited;
    const struct id member_id = invite_bob(entry);
    const struct id profile_id = new_id(ID_SECRET);
    ck_assert_int_eq(look(entry, &invited), OK);
    ck_assert_int_eq(seal_profile(entry->place, &profile_id, &invited.user_id, SPAN("bob@example.test")), OK);
    struct command command = of_user(entry->place, COMMAND_create_user, &invited.user_id, &profile_id);
    ck_assert_uint_eq(give(entry->place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_int_eq(look(entry, &invited), OK);
    ck_assert(invited.is_known);
    withdraw(entry, &member_id);
    ck_assert_uint_eq(join(entry, &invited), REFUSED_invitation_spent);
    ck_assert(user_of(entry, &invited.user_id).erased);
    entry_close(entry);
}

END_TEST

START_TEST(who_was_a_member_by_it_meanwhile_stays)
{
    struct entry *entry = entry_open();
    struct invited before;
    struct invited invited;
    (void)invite_bob(entry);
    ck_assert_int_eq(look(entry, &before), OK);
    invited = before;
    ck_assert_uint_eq(join(entry, &invited), ACCEPTED);
    ck_assert_uint_ne(join(entry, &before), ACCEPTED); /* another browser with the same link */
    const struct id found = who_has(entry->place->client, SPAN("bob@example.test"));
    ck_assert(id_equal(&found, &before.user_id));
    before.is_known = true; /* one that looked between two steps of the first */
    before.user_version = user_of(entry, &found).version;
    ck_assert_uint_eq(join(entry, &before), REFUSED_invitation_spent);
    ck_assert(!user_of(entry, &found).erased);
    entry_close(entry);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("joining");
    TCase *joining = tcase_create("joining");
    tcase_set_timeout(joining, 60);
    tcase_add_test(joining, who_takes_an_invitation_is_known_and_a_member);
    tcase_add_test(joining, an_invitation_that_ended_meanwhile_leaves_nobody_and_holds_no_address);
    tcase_add_test(joining, whom_an_earlier_try_made_known_goes_with_the_invitation_too);
    tcase_add_test(joining, who_was_a_member_by_it_meanwhile_stays);
    suite_add_tcase(suite, joining);
    return run_suite(suite);
}
