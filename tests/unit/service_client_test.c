/* service_client_test.c: our secret at an identity provider leaves the ledger for the process that talks to providers,
 * for that provider, for a minute; whoever carries it cannot open it. */
#include "core/wire/identity_box.h"
#include "tests/unit/service_questions.h"

/* sealed: we have a secret there. */
static struct identity_use add_provider(struct place *place, bool sealed)
{
    const struct person_record hush = {.kind = PERSON_CLIENT_SECRET, .client_secret = {.secret = SPAN("hush")}};
    struct command command = command_of(place, COMMAND_add_provider);
    const struct identity_use use = {.provider_id = new_id(ID_PROVIDER), SPAN("https://id.test"), SPAN("openpost")};
    command.workspace_id = (struct id){0};
    command.add_provider = (struct add_provider_command){
        .provider_id = use.provider_id, .name = SPAN("Acme"), .issuer = use.issuer, .client_id = use.client_id};
    if (sealed) {
        command.add_provider.vault_id = new_id(ID_SECRET);
        ck_assert_int_eq(seal(place, &command.add_provider.vault_id, &use.provider_id, &hush), OK);
    }
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    return use;
}

static void identity_keys(uint8_t ret_whole[FRAME_KEY_LEN], uint8_t ret_box_key[FRAME_KEY_LEN])
{
    identity_key(secret, ret_whole);
    identity_box_key(ret_whole, ret_box_key);
}

START_TEST(a_providers_secret_is_told_in_a_box_that_the_gateway_cannot_open)
{
    struct place *place = place_open();
    struct client *gateway = connect_party(place, PARTY_GATEWAY);
    struct identity_use use = add_provider(place, true);
    const struct person_ask ask = {.question = PERSON_CLIENT, .of = use.provider_id};
    uint8_t whole[FRAME_KEY_LEN];
    uint8_t key[FRAME_KEY_LEN];
    uint8_t bytes[64];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct span result;
    struct span box;
    identity_keys(whole, key);
    ck_assert_uint_eq(ask_it(gateway, &ask, &result), ACCEPTED);
    ck_assert_int_eq(person_box_read(result, &box), OK);
    ck_assert_ptr_null(memmem(result.data, result.len, "hush", 4));
    ck_assert_int_eq(identity_box_open(key, &use, clock_wall_ms(), box, &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("hush")));
    ck_assert_int_eq(identity_box_open(key, &use, clock_wall_ms() + IDENTITY_BOX_LIFE_MS, box, &out), ERR_TIMED_OUT);
    use.issuer = SPAN("https://evil.test");
    ck_assert_int_eq(identity_box_open(key, &use, clock_wall_ms(), box, &out), ERR_AUTH);
    client_transport_key(client_options(gateway)->key, key);
    use.issuer = SPAN("https://id.test");
    ck_assert_int_eq(identity_box_open(key, &use, clock_wall_ms(), box, &out), ERR_AUTH);
    client_close(gateway);
    place_close(place);
}

END_TEST

START_TEST(a_provider_that_is_none_any_more_or_public_has_no_secret)
{
    struct place *place = place_open();
    const struct identity_use with = add_provider(place, true);
    const struct identity_use without = add_provider(place, false);
    struct person_ask ask = {.question = PERSON_CLIENT, .of = without.provider_id};
    struct span result;
    struct span box;
    ck_assert_uint_eq(ask_it(place->client, &ask, &result), ACCEPTED);
    ck_assert_int_eq(person_box_read(result, &box), OK);
    ck_assert_ptr_null(box.data);
    ask.of = new_id(ID_PROVIDER);
    ck_assert_uint_eq(ask_it(place->client, &ask, &result), REFUSED_provider_removed);
    ask.of = with.provider_id;
    struct command command = command_of(place, COMMAND_remove_provider);
    command.workspace_id = (struct id){0};
    command.remove_provider.provider_id = with.provider_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(ask_it(place->client, &ask, &result), REFUSED_provider_removed);
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_client");
    TCase *tcase = tcase_create("client");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_providers_secret_is_told_in_a_box_that_the_gateway_cannot_open);
    tcase_add_test(tcase, a_provider_that_is_none_any_more_or_public_has_no_secret);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
