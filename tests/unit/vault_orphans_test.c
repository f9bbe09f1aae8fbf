/* vault_orphans_test.c: what a starting ledger deletes of secrets that no event names, and what it leaves: whoever had
 * one sealed by the ledger before may still send the command that names it. */
#include "core/ledger/vault_orphans.h"
#include "tests/unit/service_questions.h"

/* As a ledger that starts does, so long after now. The service stands still meanwhile: the vault has one writer. */
static uint64_t sweep(struct place *place, int64_t after_ms)
{
    uint64_t deleted = 0;
    bool broken = true;
    ck_assert_int_eq(vault_orphans_sweep(place->log, place->views, false, clock_wall_ms() + after_ms, place->vault,
                                         &deleted, &broken),
                     OK);
    ck_assert(!broken);
    return deleted;
}

static struct id seal_password(struct place *place, const struct id *user_id)
{
    const struct person_record record = {
        .kind = PERSON_PASSWORD, .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}
    };
    const struct id secret_id = new_id(ID_SECRET);
    ck_assert_int_eq(seal(place, &secret_id, user_id, &record), OK);
    return secret_id;
}

START_TEST(a_secret_whose_command_is_under_way_outlives_a_restart)
{
    struct place *place = place_open();
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    const struct id secret_id = seal_password(place, &ada);
    ck_assert_uint_eq(sweep(place, 0), 0);
    ck_assert_int_eq(vault_look(place->vault, &secret_id), OK);
    struct command command = of_user(place, COMMAND_set_password, &ada, &secret_id);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(sweep(place, ORPHAN_SPARED_MS + SECOND_MS), 0); /* it is named by now */
    ck_assert_int_eq(vault_look(place->vault, &secret_id), OK);
    place_close(place);
}

END_TEST

START_TEST(a_secret_that_nobody_named_goes_with_a_later_start)
{
    struct place *place = place_open();
    const struct id ada = make_person(place, SPAN("ada@example.test"));
    const struct id secret_id = seal_password(place, &ada);
    ck_assert_uint_eq(sweep(place, ORPHAN_SPARED_MS / 2), 0);
    ck_assert_uint_eq(sweep(place, ORPHAN_SPARED_MS + SECOND_MS), 1);
    ck_assert_int_eq(vault_look(place->vault, &secret_id), ERR_NOT_FOUND);
    const struct id found = who_has(place->client, SPAN("ada@example.test"));
    ck_assert(id_equal(&found, &ada)); /* what is named stays */
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("vault_orphans");
    TCase *orphans = tcase_create("orphans");
    tcase_set_timeout(orphans, 60);
    tcase_add_test(orphans, a_secret_whose_command_is_under_way_outlives_a_restart);
    tcase_add_test(orphans, a_secret_that_nobody_named_goes_with_a_later_start);
    suite_add_tcase(suite, orphans);
    return run_suite(suite);
}
