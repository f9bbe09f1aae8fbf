/* people_projection_test.c: memberships, invitations, people, sessions and identity providers are read back as their
 * events left them; what has ended, is over or is another's opens nothing. */
#include "tests/unit/projection_fixture.h"

static struct hash fingerprint_n(uint8_t n)
{
    struct hash hash;
    memset(hash.bytes, n, sizeof hash.bytes);
    return hash;
}

/* --- memberships --- */

static void feed_member(struct world *world, uint32_t n, const struct event *event)
{
    const struct id workspace_id = the_workspace();
    const struct id member_id = id_n(ID_MEMBER, n);
    feed(world, &workspace_id, &member_id, event);
}

static void feed_invited(struct world *world, uint32_t n, int64_t expires_ms)
{
    static struct granted_permission approve[] = {{.permission = PERMISSION_APPROVE}};
    struct event event = event_of(EVENT_member_invited);
    event.member_invited = (struct member_invited_event){
        .member_id = id_n(ID_MEMBER, n),
        .workspace_id = the_workspace(),
        .role = ROLE_EDITOR,
        .permissions = approve,
        .permissions_count = 1,
        .vault_id = id_n(ID_SECRET, n),
        .fingerprint = fingerprint_n((uint8_t)n),
        .expires_ms = expires_ms,
    };
    feed_member(world, n, &event);
}

static void feed_joined(struct world *world, uint32_t n, uint32_t user)
{
    struct event event = event_of(EVENT_member_joined);
    event.member_joined.member_id = id_n(ID_MEMBER, n);
    event.member_joined.user_id = id_n(ID_USER, user);
    feed_member(world, n, &event);
}

static void feed_removed(struct world *world, uint32_t n)
{
    struct event event = event_of(EVENT_member_removed);
    event.member_removed.member_id = id_n(ID_MEMBER, n);
    feed_member(world, n, &event);
}

static enum err live(struct world *world, uint32_t user, int64_t now_ms, struct member_row *ret_member)
{
    const struct id workspace_id = the_workspace();
    const struct id user_id = id_n(ID_USER, user);
    return access_member_live(reading(world), &user_id, &workspace_id, now_ms, ret_member);
}

static uint32_t count_members(struct world *world, bool invited)
{
    const struct id workspace_id = the_workspace();
    struct member_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_members(reading(world), &workspace_id, invited, NULL, 50, &world->arena, &rows, &count),
                     OK);
    return count;
}

START_TEST(an_invitation_becomes_a_membership)
{
    struct world world;
    struct member_row row;
    world_init(&world);
    feed_invited(&world, 1, T0 + HOUR_MS);
    const struct hash fingerprint = fingerprint_n(1);
    ck_assert_int_eq(access_invitation(reading(&world), fingerprint.bytes, T0, &row), OK);
    ck_assert_uint_eq(row.role, ROLE_EDITOR);
    ck_assert_uint_eq(row.permissions, UINT64_C(1) << PERMISSION_APPROVE);
    ck_assert(id_is_none(&row.user_id));
    ck_assert_uint_eq(count_members(&world, true), 1);
    ck_assert_uint_eq(count_members(&world, false), 0);
    ck_assert_int_eq(live(&world, 1, T0, &row), ERR_NOT_FOUND);
    world.now_ms += MINUTE_MS;
    feed_joined(&world, 1, 1);
    ck_assert_int_eq(access_invitation(reading(&world), fingerprint.bytes, T0, &row), ERR_NOT_FOUND);
    ck_assert_uint_eq(count_members(&world, true), 0);
    ck_assert_uint_eq(count_members(&world, false), 1);
    ck_assert_int_eq(live(&world, 1, T0 + DAY_MS, &row), OK);
    const struct id user_id = id_n(ID_USER, 1);
    ck_assert(id_equal(&row.user_id, &user_id));
    ck_assert_int_eq(row.created_ms, T0);
    ck_assert_int_eq(row.joined_ms, T0 + MINUTE_MS);
    ck_assert_uint_eq(row.version, 2);
    ck_assert(id_is_none(&row.vault_id));
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(an_invitation_that_is_over_withdrawn_or_altered_is_nobodys)
{
    struct world world;
    struct member_row row;
    world_init(&world);
    feed_invited(&world, 1, T0 + HOUR_MS);
    struct hash fingerprint = fingerprint_n(1);
    ck_assert_int_eq(access_invitation(reading(&world), fingerprint.bytes, T0 + HOUR_MS - 1, &row), OK);
    ck_assert_int_eq(access_invitation(reading(&world), fingerprint.bytes, T0 + HOUR_MS, &row), ERR_NOT_FOUND);
    fingerprint.bytes[31] ^= 1; /* beyond what its row is found by */
    ck_assert_int_eq(access_invitation(reading(&world), fingerprint.bytes, T0, &row), ERR_NOT_FOUND);
    fingerprint.bytes[31] ^= 1;
    struct event event = event_of(EVENT_invitation_withdrawn);
    event.invitation_withdrawn.member_id = id_n(ID_MEMBER, 1);
    feed_member(&world, 1, &event);
    ck_assert_int_eq(access_invitation(reading(&world), fingerprint.bytes, T0, &row), ERR_NOT_FOUND);
    const struct id workspace_id = the_workspace();
    const struct id member_id = id_n(ID_MEMBER, 1);
    ck_assert_int_eq(access_member(reading(&world), &workspace_id, &member_id, &row), ERR_NOT_FOUND);
    ck_assert_uint_eq(count_members(&world, true), 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_member_is_changed_and_removed_and_may_come_back)
{
    struct world world;
    struct member_row row;
    world_init(&world);
    struct event event = event_of(EVENT_member_added);
    event.member_added = (struct member_added_event){.member_id = id_n(ID_MEMBER, 1),
                                                     .workspace_id = the_workspace(),
                                                     .user_id = id_n(ID_USER, 1),
                                                     .role = ROLE_OWNER};
    feed_member(&world, 1, &event);
    ck_assert_int_eq(live(&world, 1, T0, &row), OK);
    ck_assert_uint_eq(row.role, ROLE_OWNER);
    event = event_of(EVENT_member_changed);
    event.member_changed.member_id = id_n(ID_MEMBER, 1);
    event.member_changed.role = ROLE_AUDITOR;
    event.member_changed.until_ms = T0 + HOUR_MS;
    feed_member(&world, 1, &event);
    ck_assert_int_eq(live(&world, 1, T0 + HOUR_MS - 1, &row), OK);
    ck_assert_uint_eq(row.role, ROLE_AUDITOR);
    ck_assert_int_eq(live(&world, 1, T0 + HOUR_MS, &row), ERR_NOT_FOUND);
    ck_assert_uint_eq(count_members(&world, false), 1);
    event = event_of(EVENT_access_refused);
    event.access_refused.member_id = id_n(ID_MEMBER, 1);
    event.access_refused.code = SPAN("forbidden");
    feed_member(&world, 1, &event);
    ck_assert_int_eq(live(&world, 1, T0, &row), OK);
    ck_assert_uint_eq(row.version, 3);
    feed_removed(&world, 1);
    ck_assert_int_eq(live(&world, 1, T0, &row), ERR_NOT_FOUND);
    ck_assert_uint_eq(count_members(&world, false), 0);
    feed_invited(&world, 2, T0 + HOUR_MS);
    feed_joined(&world, 2, 1);
    const struct id second = id_n(ID_MEMBER, 2);
    ck_assert_int_eq(live(&world, 1, T0, &row), OK);
    ck_assert(id_equal(&row.member_id, &second));
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_member_is_its_workspaces_alone)
{
    struct world world;
    struct member_row row;
    world_init(&world);
    feed_invited(&world, 1, T0 + HOUR_MS);
    feed_joined(&world, 1, 1);
    const struct id own = the_workspace();
    const struct id other = id_n(ID_WORKSPACE, 2);
    const struct id member_id = id_n(ID_MEMBER, 1);
    const struct id user_id = id_n(ID_USER, 1);
    ck_assert_int_eq(access_member(reading(&world), &own, &member_id, &row), OK);
    ck_assert_int_eq(access_member(reading(&world), &other, &member_id, &row), ERR_NOT_FOUND);
    ck_assert_int_eq(access_member_live(reading(&world), &user_id, &other, T0, &row), ERR_NOT_FOUND);
    struct event event = event_of(EVENT_member_added);
    event.member_added = (struct member_added_event){
        .member_id = id_n(ID_MEMBER, 2), .workspace_id = other, .user_id = user_id, .role = ROLE_VIEWER};
    feed(&world, &other, &event.member_added.member_id, &event);
    struct member_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_memberships(reading(&world), &user_id, 50, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    ck_assert(id_equal(&rows[1].workspace_id, &other));
    ck_assert_uint_eq(count_members(&world, false), 1);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(members_are_listed_page_by_page)
{
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 5; n++) {
        feed_invited(&world, n, T0 + HOUR_MS);
    }
    const struct id workspace_id = the_workspace();
    struct member_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_members(reading(&world), &workspace_id, true, NULL, 3, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 3);
    const struct id after = rows[2].member_id;
    ck_assert_int_eq(access_members(reading(&world), &workspace_id, true, &after, 3, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    const struct id last = id_n(ID_MEMBER, 5);
    ck_assert(id_equal(&rows[1].member_id, &last));
    world_done(&world);
}

END_TEST

START_TEST(nobody_is_a_member_of_a_deleted_workspace_or_joins_it)
{
    struct world world;
    struct member_row row;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    feed_workspace(&world, &workspace_id);
    feed_invited(&world, 1, T0 + HOUR_MS);
    feed_invited(&world, 2, T0 + HOUR_MS);
    feed_joined(&world, 1, 1);
    struct event event = event_of(EVENT_workspace_deleted);
    event.workspace_deleted.workspace_id = workspace_id;
    feed(&world, &workspace_id, &workspace_id, &event);
    const struct hash fingerprint = fingerprint_n(2);
    ck_assert_int_eq(live(&world, 1, T0, &row), ERR_NOT_FOUND);
    ck_assert_int_eq(access_invitation(reading(&world), fingerprint.bytes, T0, &row), ERR_NOT_FOUND);
    feed_removed(&world, 1); /* what the log says of one afterwards changes nothing of that */
    ck_assert_int_eq(live(&world, 1, T0, &row), ERR_NOT_FOUND);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

/* --- people and their sessions --- */

static const struct id nowhere = {.kind = ID_NONE};

static void feed_user(struct world *world, uint32_t n, struct event event)
{
    const struct id user_id = id_n(ID_USER, n);
    event.user_created.user_id = user_id; /* every event of a person begins with it */
    feed(world, &nowhere, &user_id, &event);
}

static void feed_user_created(struct world *world, uint32_t n)
{
    struct event event = event_of(EVENT_user_created);
    event.user_created.vault_id = id_n(ID_SECRET, n);
    feed_user(world, n, event);
}

static void feed_opened(struct world *world, uint32_t n, uint64_t generation, int64_t expires_ms)
{
    struct event event = event_of(EVENT_session_opened);
    event.session_opened = (struct session_opened_event){
        .session_id = id_n(ID_SESSION, n),
        .user_id = id_n(ID_USER, 1),
        .generation = generation,
        .method = SIGN_IN_PASSWORD,
        .fingerprint = fingerprint_n((uint8_t)n),
        .expires_ms = expires_ms,
        .vault_id = id_n(ID_SECRET, 100 + n),
    };
    feed(world, &nowhere, &event.session_opened.session_id, &event);
}

static enum err open_with(struct world *world, uint8_t n, int64_t now_ms, struct session_row *ret_session)
{
    const struct hash fingerprint = fingerprint_n(n);
    struct user_row user;
    const struct id user_id = id_n(ID_USER, 1);
    TRY(access_session(reading(world), fingerprint.bytes, now_ms, ret_session, &user));
    ck_assert(id_equal(&user.user_id, &user_id));
    return OK;
}

static uint32_t count_sessions(struct world *world, int64_t now_ms)
{
    const struct id user_id = id_n(ID_USER, 1);
    struct session_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(access_sessions(reading(world), &user_id, now_ms, 50, &world->arena, &rows, &count), OK);
    return count;
}

START_TEST(a_session_is_found_by_its_cookie_until_it_ends)
{
    struct world world;
    struct session_row row;
    world_init(&world);
    feed_user_created(&world, 1);
    feed_opened(&world, 1, 0, T0 + HOUR_MS);
    ck_assert_int_eq(open_with(&world, 1, T0 + HOUR_MS - 1, &row), OK);
    ck_assert_uint_eq(row.method, SIGN_IN_PASSWORD);
    ck_assert_int_eq(row.created_ms, T0);
    ck_assert_int_eq(open_with(&world, 1, T0 + HOUR_MS, &row), ERR_AUTH);
    ck_assert_int_eq(open_with(&world, 2, T0, &row), ERR_AUTH);
    struct hash altered = fingerprint_n(1);
    struct user_row user;
    altered.bytes[31] ^= 1; /* beyond what its row is found by */
    ck_assert_int_eq(access_session(reading(&world), altered.bytes, T0, &row, &user), ERR_AUTH);
    struct event event = event_of(EVENT_session_ended);
    event.session_ended.session_id = id_n(ID_SESSION, 1);
    event.session_ended.reason = END_SIGNED_OUT;
    feed(&world, &nowhere, &event.session_ended.session_id, &event);
    ck_assert_int_eq(open_with(&world, 1, T0, &row), ERR_AUTH);
    ck_assert_uint_eq(count_sessions(&world, T0), 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(sessions_of_an_earlier_generation_open_nothing)
{
    static const enum event_code enders[] = {EVENT_password_set, EVENT_sessions_ended, EVENT_user_erased};
    struct world world;
    struct session_row row;
    world_init(&world);
    feed_user_created(&world, 1);
    feed_opened(&world, 1, 0, T0 + HOUR_MS);
    feed_opened(&world, 2, 0, T0 + HOUR_MS);
    ck_assert_uint_eq(count_sessions(&world, T0), 2);
    struct event event = event_of(enders[_i]);
    if (enders[_i] == EVENT_password_set) {
        event.password_set.generation = 1;
        event.password_set.vault_id = id_n(ID_SECRET, 9);
    } else if (enders[_i] == EVENT_sessions_ended) {
        event.sessions_ended.generation = 1;
        event.sessions_ended.reason = END_REVOKED;
    }
    feed_user(&world, 1, event);
    ck_assert_int_eq(open_with(&world, 1, T0, &row), ERR_AUTH);
    ck_assert_int_eq(open_with(&world, 2, T0, &row), ERR_AUTH);
    ck_assert_uint_eq(count_sessions(&world, T0), 0);
    if (enders[_i] != EVENT_user_erased) {
        feed_opened(&world, 3, 1, T0 + HOUR_MS);
        ck_assert_int_eq(open_with(&world, 3, T0, &row), OK);
        ck_assert_uint_eq(count_sessions(&world, T0), 1);
    }
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(whoever_signs_in_takes_away_what_is_over)
{
    struct world world;
    struct session_row row;
    world_init(&world);
    feed_user_created(&world, 1);
    feed_opened(&world, 1, 0, T0 + HOUR_MS);
    feed_opened(&world, 2, 0, T0 + 2 * HOUR_MS);
    world.now_ms = T0 + HOUR_MS;
    feed_opened(&world, 3, 0, T0 + 3 * HOUR_MS);
    ck_assert_int_eq(open_with(&world, 1, T0, &row), ERR_AUTH); /* even at an instant when it was valid */
    ck_assert_int_eq(open_with(&world, 2, T0 + HOUR_MS, &row), OK);
    struct event event = event_of(EVENT_session_ended);
    event.session_ended.session_id = id_n(ID_SESSION, 1);
    event.session_ended.reason = END_REVOKED;
    feed(&world, &nowhere, &event.session_ended.session_id, &event);
    ck_assert_uint_eq(count_sessions(&world, T0 + HOUR_MS), 2);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(the_hour_of_the_last_use_is_kept)
{
    struct world world;
    struct session_row row;
    struct credential_use uses[] = {
        {.credential_id = id_n(ID_SESSION, 1), .used_ms = T0 + HOUR_MS},
        {.credential_id = id_n(ID_SESSION, 7), .used_ms = T0          }
    };
    world_init(&world);
    feed_user_created(&world, 1);
    feed_opened(&world, 1, 0, T0 + DAY_MS);
    struct event event = event_of(EVENT_credentials_used);
    event.credentials_used.uses = uses;
    event.credentials_used.uses_count = 2;
    const struct id installation_id = id_n(ID_SYSTEM, 1);
    feed(&world, &nowhere, &installation_id, &event);
    ck_assert_int_eq(open_with(&world, 1, T0, &row), OK);
    ck_assert_int_eq(row.last_used_ms, T0 + HOUR_MS);
    uses[0].used_ms = T0; /* told late */
    feed(&world, &nowhere, &installation_id, &event);
    ck_assert_int_eq(open_with(&world, 1, T0, &row), OK);
    ck_assert_int_eq(row.last_used_ms, T0 + HOUR_MS);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_person_is_changed_and_erased)
{
    struct world world;
    struct user_row row;
    world_init(&world);
    const struct id user_id = id_n(ID_USER, 1);
    const struct id changed_id = id_n(ID_SECRET, 2);
    ck_assert_int_eq(access_user(reading(&world), &user_id, &row), ERR_NOT_FOUND);
    feed_user_created(&world, 1);
    struct event event = event_of(EVENT_user_changed);
    event.user_changed.vault_id = changed_id;
    feed_user(&world, 1, event);
    event = event_of(EVENT_login_linked);
    event.login_linked.provider_id = id_n(ID_PROVIDER, 1);
    event.login_linked.vault_id = id_n(ID_SECRET, 3);
    feed_user(&world, 1, event);
    ck_assert_int_eq(access_user(reading(&world), &user_id, &row), OK);
    ck_assert(id_equal(&row.profile_id, &changed_id));
    ck_assert(id_is_none(&row.password_id));
    ck_assert_uint_eq(row.version, 3);
    feed_user(&world, 1, event_of(EVENT_user_erased));
    ck_assert_int_eq(access_user(reading(&world), &user_id, &row), OK);
    ck_assert(row.erased);
    ck_assert(id_is_none(&row.profile_id));
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

static void feed_login(struct world *world, uint32_t user, uint32_t provider, uint32_t secret)
{
    struct event event = event_of(EVENT_login_linked);
    event.login_linked.user_id = id_n(ID_USER, user);
    event.login_linked.provider_id = id_n(ID_PROVIDER, provider);
    event.login_linked.vault_id = id_n(ID_SECRET, secret);
    feed_user(world, user, event);
}

static uint32_t count_logins(struct world *world, uint32_t user, struct login_row **ret_rows)
{
    uint32_t count = 0;
    const struct id user_id = id_n(ID_USER, user);
    ck_assert_int_eq(access_logins(reading(world), &user_id, &world->arena, ret_rows, &count), OK);
    return count;
}

START_TEST(a_persons_logins_are_listed_until_they_are_unlinked)
{
    struct world world;
    struct login_row *rows = NULL;
    world_init(&world);
    feed_user_created(&world, 1);
    feed_user_created(&world, 2);
    feed_login(&world, 1, 1, 11);
    feed_login(&world, 1, 2, 12);
    feed_login(&world, 2, 1, 13);
    ck_assert_uint_eq(count_logins(&world, 1, &rows), 2);
    const struct id second = id_n(ID_PROVIDER, 2);
    const struct id sealed = id_n(ID_SECRET, 12);
    ck_assert(id_equal(&rows[1].provider_id, &second));
    ck_assert(id_equal(&rows[1].vault_id, &sealed));
    struct event event = event_of(EVENT_login_unlinked);
    event.login_unlinked.user_id = id_n(ID_USER, 1);
    event.login_unlinked.vault_id = id_n(ID_SECRET, 11);
    feed_user(&world, 1, event);
    ck_assert_uint_eq(count_logins(&world, 1, &rows), 1);
    ck_assert(id_equal(&rows[0].provider_id, &second));
    check_rebuild(&world);
    event = event_of(EVENT_user_erased);
    event.user_erased.user_id = id_n(ID_USER, 1);
    feed_user(&world, 1, event);
    ck_assert_uint_eq(count_logins(&world, 1, &rows), 0);
    ck_assert_uint_eq(count_logins(&world, 2, &rows), 1);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(identity_providers_are_listed_until_they_are_removed)
{
    struct world world;
    struct provider_row *rows = NULL;
    struct provider_row row;
    uint32_t count = 0;
    world_init(&world);
    for (uint32_t n = 1; n <= 2; n++) {
        struct event event = event_of(EVENT_provider_added);
        event.provider_added = (struct provider_added_event){.provider_id = id_n(ID_PROVIDER, n),
                                                             .name = SPAN("Acme"),
                                                             .issuer = SPAN("https://id.acme.test"),
                                                             .client_id = SPAN("openpost"),
                                                             .links_by_address = n == 2};
        feed(&world, &nowhere, &event.provider_added.provider_id, &event);
    }
    ck_assert_int_eq(access_providers(reading(&world), 50, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    struct event event = event_of(EVENT_provider_removed);
    event.provider_removed.provider_id = id_n(ID_PROVIDER, 1);
    feed(&world, &nowhere, &event.provider_removed.provider_id, &event);
    ck_assert_int_eq(access_provider(reading(&world), &event.provider_removed.provider_id, &world.arena, &row),
                     ERR_NOT_FOUND);
    ck_assert_int_eq(access_providers(reading(&world), 50, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(rows[0].links_by_address);
    ck_assert_span_eq(rows[0].issuer, "https://id.acme.test");
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("people_projection");
    TCase *tcase = tcase_create("people");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_invitation_becomes_a_membership);
    tcase_add_test(tcase, an_invitation_that_is_over_withdrawn_or_altered_is_nobodys);
    tcase_add_test(tcase, a_member_is_changed_and_removed_and_may_come_back);
    tcase_add_test(tcase, a_member_is_its_workspaces_alone);
    tcase_add_test(tcase, members_are_listed_page_by_page);
    tcase_add_test(tcase, nobody_is_a_member_of_a_deleted_workspace_or_joins_it);
    tcase_add_test(tcase, a_session_is_found_by_its_cookie_until_it_ends);
    tcase_add_loop_test(tcase, sessions_of_an_earlier_generation_open_nothing, 0, 3);
    tcase_add_test(tcase, whoever_signs_in_takes_away_what_is_over);
    tcase_add_test(tcase, the_hour_of_the_last_use_is_kept);
    tcase_add_test(tcase, a_person_is_changed_and_erased);
    tcase_add_test(tcase, a_persons_logins_are_listed_until_they_are_unlinked);
    tcase_add_test(tcase, identity_providers_are_listed_until_they_are_removed);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
