/* access_keys_projection_test.c: a valid key opens its workspace and no other does; what it keeps of its role, and when
 * it was used, is read back as its events left it. */
#include "tests/unit/projection_fixture.h"

static struct hash fingerprint_n(uint8_t n)
{
    struct hash hash;
    for (size_t i = 0; i < sizeof hash.bytes; i++) {
        hash.bytes[i] = (uint8_t)(n * 7 + i);
    }
    return hash;
}

static void feed_key(struct world *world, uint32_t n, const struct hash *fingerprint, int64_t expires_ms)
{
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_key_created);
    event.key_created = (struct key_created_event){
        .key_id = id_n(ID_KEY, n),
        .workspace_id = workspace_id,
        .name = SPAN("deploy"),
        .role = ROLE_EDITOR,
        .fingerprint = *fingerprint,
        .expires_ms = expires_ms,
    };
    feed(world, &workspace_id, &event.key_created.key_id, &event);
}

START_TEST(a_valid_key_opens_its_workspace)
{
    struct world world;
    world_init(&world);
    const struct hash fingerprint = fingerprint_n(1);
    feed_key(&world, 1, &fingerprint, T0 + HOUR_MS);
    struct principal principal;
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, T0, &principal), OK);
    const struct id workspace_id = the_workspace();
    const struct id key_id = id_n(ID_KEY, 1);
    ck_assert(id_equal(&principal.workspace_id, &workspace_id));
    ck_assert(id_equal(&principal.key_id, &key_id));
    ck_assert_uint_eq(principal.role, ROLE_EDITOR);
    ck_assert_int_eq(principal.expires_ms, T0 + HOUR_MS);
    ck_assert_str_eq(principal.name, "deploy");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(an_unknown_expired_or_revoked_key_opens_nothing)
{
    struct world world;
    world_init(&world);
    struct hash fingerprint = fingerprint_n(1);
    struct principal principal;
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, T0, &principal), ERR_AUTH);
    feed_key(&world, 1, &fingerprint, T0 + HOUR_MS);
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, T0 + HOUR_MS - 1, &principal), OK);
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, T0 + HOUR_MS, &principal), ERR_AUTH);
    fingerprint.bytes[31] ^= 1; /* beyond what its row is found by */
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, T0, &principal), ERR_AUTH);
    fingerprint.bytes[31] ^= 1;
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_key_revoked);
    event.key_revoked.key_id = id_n(ID_KEY, 1);
    feed(&world, &workspace_id, &event.key_revoked.key_id, &event);
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, T0, &principal), ERR_AUTH);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(keys_are_listed_with_revoked_ones)
{
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 3; n++) {
        const struct hash fingerprint = fingerprint_n((uint8_t)n);
        feed_key(&world, n, &fingerprint, 0);
    }
    world.now_ms += 5;
    const struct id workspace_id = the_workspace();
    struct event event = event_of(EVENT_key_revoked);
    event.key_revoked.key_id = id_n(ID_KEY, 2);
    feed(&world, &workspace_id, &event.key_revoked.key_id, &event);
    struct key_row *keys = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_keys(reading(&world), &workspace_id, NULL, 10, &world.arena, &keys, &count), OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(keys[0].revoked_ms, 0);
    ck_assert_int_eq(keys[1].revoked_ms, T0 + 5);
    const struct id other = id_n(ID_WORKSPACE, 2);
    ck_assert_int_eq(access_keys(reading(&world), &other, NULL, 10, &world.arena, &keys, &count), OK);
    ck_assert_uint_eq(count, 0);
    world_done(&world);
}

END_TEST

START_TEST(a_narrowed_key_tells_its_scopes_and_accounts)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const struct hash fingerprint = fingerprint_n(1);
    struct granted_scope scopes[] = {{.scope = SCOPE_POSTS_READ}, {.scope = SCOPE_LOG_READ}};
    struct integration_ref accounts[] = {{.integration_id = id_n(ID_INTEGRATION, 4)},
                                         {.integration_id = id_n(ID_INTEGRATION, 2)}};
    struct event event = event_of(EVENT_key_created);
    event.key_created = (struct key_created_event){.key_id = id_n(ID_KEY, 1),
                                                   .workspace_id = workspace_id,
                                                   .name = SPAN("deploy"),
                                                   .role = ROLE_EDITOR,
                                                   .fingerprint = fingerprint,
                                                   .scopes = scopes,
                                                   .scopes_count = 2,
                                                   .restricted = true,
                                                   .integrations = accounts,
                                                   .integrations_count = 2,
                                                   .rotates = id_n(ID_KEY, 9)};
    feed(&world, &workspace_id, &event.key_created.key_id, &event);
    struct principal principal;
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, T0, &principal), OK);
    ck_assert_uint_eq(principal.scopes, 1u << SCOPE_POSTS_READ | 1u << SCOPE_LOG_READ);
    ck_assert(principal.restricted);
    struct integration_ref *found = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_key_accounts(reading(&world), &principal.key_id, &world.arena, &found, &count), OK);
    ck_assert_uint_eq(count, 2);
    ck_assert(id_equal(&found[0].integration_id, &accounts[0].integration_id));
    struct key_row row;
    ck_assert_int_eq(access_key_own(reading(&world), &workspace_id, &principal.key_id, &world.arena, &row), OK);
    for (uint32_t seen = 0; seen <= 2; seen++) { /* by who sees none, the second, both */
        const struct grant grant = {.restricted = true, .accounts = accounts + (2 - seen), .account_count = seen};
        ck_assert_int_eq(access_key_shown(reading(&world), &grant, &row, &world.arena, &found, &count), OK);
        ck_assert_uint_eq(count, seen);
        ck_assert(seen == 0 || id_equal(&found[seen - 1].integration_id, &accounts[1].integration_id));
    }
    ck_assert(id_equal(&row.rotates, &event.key_created.rotates));
    const struct id other = id_n(ID_WORKSPACE, 2);
    ck_assert_int_eq(access_key_own(reading(&world), &other, &principal.key_id, &world.arena, &row), ERR_NOT_FOUND);
    const struct hash whole = fingerprint_n(2);
    feed_key(&world, 2, &whole, 0);
    ck_assert_int_eq(access_find(reading(&world), whole.bytes, T0, &principal), OK);
    ck_assert_uint_eq(principal.scopes, 0);
    ck_assert(!principal.restricted);
    ck_assert_int_eq(access_key_accounts(reading(&world), &principal.key_id, &world.arena, &found, &count),
                     ERR_NOT_FOUND);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_key_tells_the_last_hour_of_its_use)
{
    struct world world;
    world_init(&world);
    const struct hash fingerprint = fingerprint_n(1);
    const struct id none = {0};
    const struct id installation = id_n(ID_SYSTEM, 1);
    const struct id key_id = id_n(ID_KEY, 1);
    feed_key(&world, 1, &fingerprint, 0);
    const int64_t hours[] = {T0 + HOUR_MS, T0};
    for (size_t i = 0; i < 2; i++) {
        struct credential_use uses[] = {
            {.credential_id = id_n(ID_SESSION, 1), .used_ms = hours[i]},
            {.credential_id = id_n(ID_KEY,                                7),       .used_ms = hours[i]},
            {.credential_id = key_id,             .used_ms = hours[i]        }
        };
        struct event event = event_of(EVENT_credentials_used);
        event.credentials_used = (struct credentials_used_event){.uses = uses, .uses_count = 3};
        feed(&world, &none, &installation, &event);
    }
    struct key_row row;
    ck_assert_int_eq(access_key(reading(&world), &key_id, &world.arena, &row), OK);
    ck_assert_int_eq(row.last_used_ms, T0 + HOUR_MS);
    ck_assert_int_eq(access_last_used(0, T0), 0);
    ck_assert_int_eq(access_last_used(T0 - 1, T0), T0); /* in the hour in which it was made */
    ck_assert_int_eq(access_last_used(T0, T0 - 1), T0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_deleted_workspaces_keys_open_nothing)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    feed_workspace(&world, &workspace_id);
    for (uint32_t n = 1; n <= 20; n++) { /* some of one page */
        const struct hash fingerprint = fingerprint_n((uint8_t)n);
        feed_key(&world, n, &fingerprint, 0);
    }
    struct event event = event_of(EVENT_key_revoked);
    event.key_revoked.key_id = id_n(ID_KEY, 2);
    feed(&world, &workspace_id, &event.key_revoked.key_id, &event);
    event = event_of(EVENT_workspace_deleted);
    event.workspace_deleted.workspace_id = workspace_id;
    world.now_ms += 5;
    feed(&world, &workspace_id, &workspace_id, &event);
    struct principal principal;
    const struct hash fingerprint = fingerprint_n(1);
    ck_assert_int_eq(access_find(reading(&world), fingerprint.bytes, world.now_ms, &principal), ERR_AUTH);
    struct key_row *keys = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_keys(reading(&world), &workspace_id, NULL, 100, &world.arena, &keys, &count), OK);
    ck_assert_uint_eq(count, 20);
    ck_assert_int_eq(keys[0].revoked_ms, T0 + 5);
    ck_assert_int_eq(keys[1].revoked_ms, T0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("access_keys_projection");
    TCase *tcase = tcase_create("keys");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_valid_key_opens_its_workspace);
    tcase_add_test(tcase, an_unknown_expired_or_revoked_key_opens_nothing);
    tcase_add_test(tcase, keys_are_listed_with_revoked_ones);
    tcase_add_test(tcase, a_narrowed_key_tells_its_scopes_and_accounts);
    tcase_add_test(tcase, a_key_tells_the_last_hour_of_its_use);
    tcase_add_test(tcase, a_deleted_workspaces_keys_open_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
