/* service_seal_test.c: what other programs may have sealed, and which command may then name it: what their key allows,
 * in a form that is checked, of their own workspace, over nobody else's secret, and so much of it. */
#include "core/base/token.h"
#include "core/ledger/service_state.h"
#include "core/wire/login.h"
#include "core/wire/person_record.h"
#include "tests/suite.h"
#include "tests/unit/service_world.h"

#define OTHER_KEY "op_other_0123456789"

struct seal_world {
    struct place *place;
    struct client *program; /* an owner's of the workspace */
    struct client *other;   /* an owner's of another */
    struct id other_id;
    struct id other_key_id;
};

static struct id workspace_of(struct place *place, struct span slug)
{
    struct command command = command_of(place, COMMAND_create_workspace);
    command.create_workspace.workspace_id = new_id(ID_WORKSPACE);
    command.workspace_id = command.create_workspace.workspace_id;
    command.create_workspace.slug = slug;
    command.create_workspace.name = slug;
    command.create_workspace.timezone = SPAN("UTC");
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    return command.workspace_id;
}

/* with: what else the key has; its ids are filled in. */
static struct id key_with(struct place *place, const struct create_key_command *with, const char *text)
{
    uint8_t tag_key[TAG_KEY_LEN];
    struct command command = command_of(place, COMMAND_create_key);
    command.workspace_id = with->workspace_id;
    command.create_key = *with;
    command.create_key.key_id = new_id(ID_KEY);
    command.create_key.name = SPAN("other");
    tag_key_of(span_text(text), tag_key);
    tag_key_fingerprint(tag_key, command.create_key.fingerprint.bytes);
    const struct id *id = &command.create_key.key_id;
    ck_assert_int_eq(client_seal_wait(place->client, id, id, span_of(tag_key, sizeof tag_key), WAIT_MS), OK);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    return command.create_key.key_id;
}

static struct id key_in(struct place *place, const struct id *workspace_id, enum role role, const char *text)
{
    return key_with(place, &(struct create_key_command){.workspace_id = *workspace_id, .role = role}, text);
}

static struct client *connect_with(const struct place *place, const char *text)
{
    uint8_t tag_key[TAG_KEY_LEN];
    tag_key_of(span_text(text), tag_key);
    return connect_as(place->programs_url, tag_key);
}

static struct seal_world seal_open(void)
{
    struct seal_world world = {.place = place_open()};
    make_key(world.place, ROLE_OWNER);
    world.program = connect_with(world.place, API_KEY);
    world.other_id = workspace_of(world.place, SPAN("other"));
    world.other_key_id = key_in(world.place, &world.other_id, ROLE_OWNER, OTHER_KEY);
    world.other = connect_with(world.place, OTHER_KEY);
    return world;
}

static void seal_close(struct seal_world *world)
{
    client_close(world->program);
    client_close(world->other);
    place_close(world->place);
}

static enum refusal seal_as(struct client *program, const struct id *secret_id, const struct id *owner_id,
                            struct span plain)
{
    enum refusal refusal = ACCEPTED;
    ck_assert_int_eq(client_seal_told_wait(program, secret_id, owner_id, plain, WAIT_MS, &refusal), OK);
    return refusal;
}

/* A key's tag key, its fingerprint and the command that makes the key; what is absent the ledger fills in. */
struct wish {
    struct command command;
    uint8_t tag_key[TAG_KEY_LEN];
};

static struct wish wish_key(const char *text)
{
    struct wish wish = {
        .command = {.code = COMMAND_create_key, .command_id = new_id(ID_COMMAND)}
    };
    struct create_key_command *create = &wish.command.create_key;
    *create = (struct create_key_command){.key_id = new_id(ID_KEY), .name = SPAN("made"), .role = ROLE_VIEWER};
    tag_key_of(span_text(text), wish.tag_key);
    tag_key_fingerprint(wish.tag_key, create->fingerprint.bytes);
    return wish;
}

static enum refusal seal_key(struct client *program, const struct wish *wish)
{
    const struct id *id = &wish->command.create_key.key_id;
    return seal_as(program, id, id, span_of(wish->tag_key, sizeof wish->tag_key));
}

static struct span login_of(const char *identifier, const char *password, struct buf *room)
{
    room->len = 0;
    ck_assert_int_eq(
        login_put(room, &(struct login){.identifier = span_text(identifier), .password = span_text(password)}), OK);
    return buf_span(room);
}

static struct command wish_account(void)
{
    struct command command = {.code = COMMAND_connect_integration, .command_id = new_id(ID_COMMAND)};
    command.connect_integration = (struct connect_integration_command){.integration_id = new_id(ID_INTEGRATION),
                                                                       .channel = CHANNEL_BLUESKY,
                                                                       .service = SPAN("https://pds.test"),
                                                                       .identifier = SPAN("a.test"),
                                                                       .vault_id = new_id(ID_SECRET),
                                                                       .fingerprint = SPAN("")};
    return command;
}

static enum refusal seal_account(struct client *program, const struct command *command, const char *password)
{
    uint8_t bytes[LOGIN_MAX];
    struct buf room = buf_of(bytes, sizeof bytes);
    const struct connect_integration_command *connect = &command->connect_integration;
    return seal_as(program, &connect->vault_id, &connect->integration_id, login_of("a.test", password, &room));
}

static struct command again(const struct command *command)
{
    struct command other = *command;
    other.command_id = new_id(ID_COMMAND);
    return other;
}

START_TEST(a_program_makes_a_key_that_works)
{
    struct seal_world world = seal_open();
    struct wish wish = wish_key("op_made_1");
    ck_assert_uint_eq(give(world.program, &wish.command, NULL).refusal, REFUSED_reference_not_found);
    ck_assert_uint_eq(seal_key(world.program, &wish), ACCEPTED);
    ck_assert_uint_eq(seal_key(world.program, &wish), ACCEPTED); /* the frame may come twice */
    wish.command = again(&wish.command);
    const struct answer made = give(world.program, &wish.command, NULL);
    ck_assert_uint_eq(made.refusal, ACCEPTED);
    const struct answer repeated = give(world.program, &wish.command, NULL);
    ck_assert_uint_eq(repeated.refusal, ACCEPTED);
    ck_assert_uint_eq(repeated.workspace_seq, made.workspace_seq);
    struct client *maiden = connect_with(world.place, "op_made_1");
    struct content_part part;
    struct command command = draft(world.place, &part);
    ck_assert_uint_eq(give(maiden, &command, NULL).refusal, REFUSED_role_insufficient); /* known, and a viewer */
    client_close(maiden);
    wish.command = again(&wish.command);
    ck_assert_uint_eq(give(world.program, &wish.command, NULL).refusal, REFUSED_exists);
    seal_close(&world);
}

END_TEST

START_TEST(what_is_kept_of_an_account_is_what_its_adapter_reads_and_nothing_of_it_is_in_the_log)
{
    struct seal_world world = seal_open();
    struct command command = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &command, "pass\"word"), ACCEPTED);
    uint8_t bytes[200];
    struct buf kept = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_get(world.place->vault, &command.connect_integration.vault_id, &kept), OK);
    ck_assert(span_equal(buf_span(&kept), SPAN("{\"identifier\":\"a.test\",\"password\":\"pass\\\"word\"}")));
    struct command wrong = again(&command);
    wrong.connect_integration.fingerprint = SPAN("5f4dcc3b5aa765d6");
    ck_assert_uint_eq(give(world.program, &wrong, NULL).refusal, REFUSED_command_invalid);
    wrong = again(&command);
    wrong.connect_integration.identifier = SPAN("b.test");
    struct answer got = give(world.program, &wrong, NULL);
    ck_assert_uint_eq(got.refusal, REFUSED_field_invalid);
    ck_assert_str_eq(got.fault.param, "/identifier");
    wrong = again(&command);
    wrong.connect_integration.service = (struct span){0};
    got = give(world.program, &wrong, NULL);
    ck_assert_uint_eq(got.refusal, REFUSED_field_invalid);
    ck_assert_str_eq(got.fault.param, "/service");
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    uint8_t payload_bytes[4096];
    struct buf payload = buf_of(payload_bytes, sizeof payload_bytes);
    struct log_event at;
    ck_assert_int_eq(log_read(world.place->log, ledger_head(world.place->ledger), &payload, &at), OK);
    ck_assert_ptr_null(memmem(at.payload.data, at.payload.len, "word", 4)); /* its kind is a code */
    seal_close(&world);
}

END_TEST

/* The worst that there is: with another's credentials connected to a server of one's own, that server gets them. */
START_TEST(a_secret_is_named_by_its_own_workspace_alone_and_for_its_own_owner)
{
    struct seal_world world = seal_open();
    struct command command = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &command, "secret"), ACCEPTED);
    struct command stolen = again(&command);
    ck_assert_uint_eq(give(world.other, &stolen, NULL).refusal, REFUSED_reference_not_found);
    stolen = again(&command);
    stolen.connect_integration.integration_id = new_id(ID_INTEGRATION);
    ck_assert_uint_eq(give(world.other, &stolen, NULL).refusal, REFUSED_reference_not_found);
    stolen = again(&command);
    stolen.connect_integration.integration_id = new_id(ID_INTEGRATION);
    ck_assert_uint_eq(give(world.program, &stolen, NULL).refusal, REFUSED_reference_not_found);
    stolen.connect_integration.vault_id = new_id(ID_SECRET); /* one that there is not is answered alike */
    stolen = again(&stolen);
    ck_assert_uint_eq(give(world.other, &stolen, NULL).refusal, REFUSED_reference_not_found);
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    struct wish wish = wish_key("op_made_2");
    ck_assert_uint_eq(seal_key(world.program, &wish), ACCEPTED);
    struct wish other = wish_key("op_made_3");
    struct command changed = again(&wish.command);
    changed.create_key.fingerprint = other.command.create_key.fingerprint;
    ck_assert_uint_eq(give(world.program, &changed, NULL).refusal, REFUSED_reference_not_found);
    changed = again(&wish.command);
    ck_assert_uint_eq(give(world.other, &changed, NULL).refusal, REFUSED_reference_not_found);
    changed = again(&wish.command);
    changed.create_key.workspace_id = world.other_id;
    ck_assert_uint_eq(give(world.program, &changed, NULL).refusal, REFUSED_not_found);
    seal_close(&world);
}

END_TEST

/* Whoever could would speak as another's key, or open nothing with it ever after. */
START_TEST(no_secret_takes_anothers_place)
{
    struct seal_world world = seal_open();
    const struct id victims[] = {world.place->key_id, world.other_key_id};
    for (size_t i = 0; i < 2; i++) {
        struct wish wish = wish_key("op_mine_1");
        wish.command.create_key.key_id = victims[i];
        ck_assert_uint_eq(seal_key(world.program, &wish), REFUSED_exists);
    }
    struct command command = wish_account();
    ck_assert_uint_eq(seal_account(world.other, &command, "first"), ACCEPTED);
    ck_assert_uint_eq(seal_account(world.other, &command, "second"), REFUSED_exists);
    ck_assert_uint_eq(seal_account(world.program, &command, "first"), REFUSED_exists);
    /* a key whose tag key the vault has lost */
    ck_assert_int_eq(vault_delete(world.place->vault, &world.other_key_id), OK);
    struct wish wish = wish_key("op_mine_2");
    wish.command.create_key.key_id = world.other_key_id;
    ck_assert_uint_eq(seal_key(world.program, &wish), REFUSED_exists);
    seal_close(&world);
}

END_TEST

/* A key is found by its fingerprint: whose shows it would be let into the other's workspace. */
START_TEST(no_two_keys_have_one_text)
{
    struct seal_world world = seal_open();
    struct wish wish = wish_key(API_KEY);
    ck_assert_uint_eq(seal_key(world.other, &wish), REFUSED_exists);
    struct wish first = wish_key("op_made_4");
    struct wish second = wish_key("op_made_4");
    ck_assert_uint_eq(seal_key(world.program, &first), ACCEPTED);
    ck_assert_uint_eq(seal_key(world.other, &second), REFUSED_exists);
    struct command revoke = command_of(world.place, COMMAND_revoke_key);
    revoke.revoke_key.key_id = world.place->key_id;
    ck_assert_uint_eq(give(world.place->client, &revoke, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(seal_key(world.other, &wish), REFUSED_exists); /* its row is still there */
    seal_close(&world);
}

END_TEST

START_TEST(what_is_sealed_has_the_form_of_what_it_is_for)
{
    struct seal_world world = seal_open();
    uint8_t bytes[1024];
    struct buf room = buf_of(bytes, sizeof bytes);
    const struct id secret_id = new_id(ID_SECRET);
    const struct id key_id = new_id(ID_KEY);
    const struct id owners[] = {new_id(ID_INTEGRATION), new_id(ID_MEMBER),     key_id,
                                new_id(ID_USER),        new_id(ID_SESSION),    new_id(ID_PROVIDER),
                                new_id(ID_WORKSPACE),   new_id(ID_INTEGRATION)};
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        const struct id *id = owners[i].kind == ID_KEY ? &key_id : &secret_id;
        ck_assert_uint_eq(seal_as(world.program, id, &owners[i], SPAN("x")), REFUSED_frame_invalid);
    }
    const struct span login = login_of("a.test", "x", &room);
    ck_assert_uint_eq(seal_as(world.program, &owners[0], &owners[0], login), REFUSED_frame_invalid);
    ck_assert_uint_eq(seal_as(world.program, &secret_id, &key_id, SPAN("0123456789abcdef0123456789abcdef")),
                      REFUSED_frame_invalid);
    ck_assert_uint_eq(seal_as(world.program, &secret_id, &owners[0], span_of(login.data, login.len - 1)),
                      REFUSED_frame_invalid);
    seal_close(&world);
}

END_TEST

struct invitee {
    struct command command;
    char token[TOKEN_LEN + 1];
};

static struct invitee wish_member(void)
{
    struct invitee invitee = {
        .command = {.code = COMMAND_invite_member, .command_id = new_id(ID_COMMAND)}
    };
    uint8_t randomness[TOKEN_RANDOM_LEN];
    random_fill(randomness, sizeof randomness);
    token_write(randomness, invitee.token);
    struct invite_member_command *invite = &invitee.command.invite_member;
    *invite = (struct invite_member_command){.member_id = new_id(ID_MEMBER),
                                             .role = ROLE_EDITOR,
                                             .vault_id = new_id(ID_SECRET),
                                             .expires_ms = clock_wall_ms() + DAY_MS};
    tag_key_fingerprint_of(span_text(invitee.token), invite->fingerprint.bytes);
    return invitee;
}

static enum refusal seal_invitation(struct client *program, const struct invitee *invitee, struct span subject)
{
    uint8_t bytes[1024];
    struct buf room = buf_of(bytes, sizeof bytes);
    const struct person_record record = {
        .kind = PERSON_INVITATION,
        .invitation = {.email = SPAN("a@example.org"), .subject = subject, .body = span_text(invitee->token)}
    };
    const struct invite_member_command *invite = &invitee->command.invite_member;
    ck_assert_int_eq(person_record_put(&room, &record), OK);
    return seal_as(program, &invite->vault_id, &invite->member_id, buf_span(&room));
}

START_TEST(an_invitation_keeps_who_is_invited_and_no_words_of_the_program)
{
    struct seal_world world = seal_open();
    struct invitee invitee = wish_member();
    ck_assert_uint_eq(seal_invitation(world.program, &invitee, SPAN("You have won")), REFUSED_frame_invalid);
    ck_assert_uint_eq(seal_invitation(world.program, &invitee, SPAN("")), ACCEPTED);
    uint8_t bytes[1024];
    struct buf kept = buf_of(bytes, sizeof bytes);
    struct person_record record;
    ck_assert_int_eq(vault_get(world.place->vault, &invitee.command.invite_member.vault_id, &kept), OK);
    ck_assert_int_eq(person_record_read(buf_span(&kept), &record), OK);
    ck_assert(span_equal(record.invitation.email, SPAN("a@example.org")));
    ck_assert_uint_eq(record.invitation.body.len, 0);
    struct command late = again(&invitee.command);
    late.invite_member.expires_ms = clock_wall_ms() + 8 * DAY_MS;
    ck_assert_uint_eq(give(world.program, &late, NULL).refusal, REFUSED_field_invalid);
    late = again(&invitee.command);
    late.invite_member.until_ms = clock_wall_ms() - 1;
    ck_assert_uint_eq(give(world.program, &late, NULL).refusal, REFUSED_timestamp_past);
    ck_assert_uint_eq(give(world.program, &invitee.command, NULL).refusal, ACCEPTED);
    struct invitee twin = wish_member();
    memcpy(twin.token, invitee.token, sizeof twin.token);
    ck_assert_uint_eq(seal_invitation(world.other, &twin, SPAN("")), REFUSED_exists);
    seal_close(&world);
}

END_TEST

/* Each role, before its box is opened: what is refused of a role says nothing of what it named. */
START_TEST(who_may_not_send_the_command_has_nothing_sealed)
{
    static const char text[] = "op_editor_1";
    struct seal_world world = seal_open();

    const enum role roles[] = {ROLE_EDITOR, ROLE_VIEWER};

    for (size_t i = 0; i < 2; i++) {
        char key[sizeof text];
        memcpy(key, text, sizeof key);
        key[sizeof key - 2] = (char)('1' + i);
        (void)key_in(world.place, &world.place->workspace_id, roles[i], key);
        struct client *program = connect_with(world.place, key);
        const struct command command = wish_account();
        const struct wish wish = wish_key("op_made_5");
        const struct invitee invitee = wish_member();
        ck_assert_uint_eq(seal_account(program, &command, "x"), REFUSED_role_insufficient);
        ck_assert_uint_eq(seal_key(program, &wish), REFUSED_role_insufficient);
        ck_assert_uint_eq(seal_invitation(program, &invitee, SPAN("")), REFUSED_role_insufficient);
        uint8_t bytes[64];
        struct buf kept = buf_of(bytes, sizeof bytes);
        ck_assert_int_eq(vault_get(world.place->vault, &wish.command.create_key.key_id, &kept), ERR_NOT_FOUND);
        client_close(program);
    }
    seal_close(&world);
}

END_TEST

START_TEST(a_key_has_sealed_what_its_scopes_reach)
{
    struct seal_world world = seal_open();
    struct granted_scope scope = {.scope = SCOPE_INTEGRATIONS_WRITE};
    (void)key_with(
        world.place,
        &(struct create_key_command){
            .workspace_id = world.place->workspace_id, .role = ROLE_ADMIN, .scopes = &scope, .scopes_count = 1},
        "op_part_1");
    struct client *program = connect_with(world.place, "op_part_1");
    struct command command = wish_account();
    const struct wish wish = wish_key("op_made_6");
    const struct invitee invitee = wish_member();
    ck_assert_uint_eq(seal_key(program, &wish), REFUSED_scope_insufficient);
    ck_assert_uint_eq(seal_invitation(program, &invitee, SPAN("")), REFUSED_scope_insufficient);
    ck_assert_uint_eq(seal_account(program, &command, "x"), ACCEPTED);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, ACCEPTED);
    client_close(program);
    seal_close(&world);
}

END_TEST

/* For a key of a few accounts another is not there, whether there is one or not. */
START_TEST(a_restricted_key_connects_its_own_accounts_again_and_no_other)
{
    struct seal_world world = seal_open();
    struct command first = wish_account();
    struct command second = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &first, "x"), ACCEPTED);
    ck_assert_uint_eq(seal_account(world.program, &second, "x"), ACCEPTED);
    ck_assert_uint_eq(give(world.program, &first, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(give(world.program, &second, NULL).refusal, ACCEPTED);
    struct integration_ref account = {.integration_id = first.connect_integration.integration_id};
    (void)key_with(world.place,
                   &(struct create_key_command){.workspace_id = world.place->workspace_id,
                                                .role = ROLE_ADMIN,
                                                .restricted = true,
                                                .integrations = &account,
                                                .integrations_count = 1},
                   "op_few_1");
    struct client *program = connect_with(world.place, "op_few_1");
    struct command command = again(&first);
    command.connect_integration.vault_id = new_id(ID_SECRET);
    ck_assert_uint_eq(seal_account(program, &command, "y"), ACCEPTED);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_integration_connecting);
    const struct id others[] = {second.connect_integration.integration_id, new_id(ID_INTEGRATION)};
    const struct span services[] = {SPAN("https://else.test"), {0}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) {
            command = again(&first);
            command.connect_integration.integration_id = others[i];
            command.connect_integration.service = services[k];
            command.connect_integration.vault_id = new_id(ID_SECRET);
            ck_assert_uint_eq(seal_account(program, &command, "y"), ACCEPTED);
            ck_assert_uint_eq(give(program, &command, NULL).refusal,
                              k == 0 ? REFUSED_scope_insufficient : REFUSED_field_invalid);
        }
    }
    client_close(program);
    seal_close(&world);
}

END_TEST

START_TEST(a_key_has_so_many_sealed_that_nothing_names_and_others_are_not_held_up)
{
    struct seal_world world = seal_open();
    struct command first = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &first, "x"), ACCEPTED);
    for (unsigned i = 1; i < SEALED_PER_KEY; i++) {
        const struct command command = wish_account();
        ck_assert_uint_eq(seal_account(world.program, &command, "x"), ACCEPTED);
    }
    const struct command more = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &more, "x"), REFUSED_rate_limited);
    ck_assert_uint_eq(seal_account(world.other, &more, "x"), ACCEPTED);
    ck_assert_uint_eq(give(world.program, &first, NULL).refusal, ACCEPTED);
    const struct command next = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &next, "x"), ACCEPTED);
    seal_close(&world);
}

END_TEST

/* Makes what was sealed older by that: nobody waits for it. */
static void age(const struct seal_world *world, int64_t by_ms)
{
    struct sealed_secret old;
    struct sealed *sealed = world->place->service->sealed;
    ck_assert(sealed_take(sealed, INT64_MAX, &old));
    old.at_ms -= by_ms;
    sealed_add(sealed, &old);
    ck_assert(sealed_find(sealed, &old.secret_id, &old));
}

START_TEST(what_nobody_names_can_be_named_no_more_and_then_goes)
{
    struct seal_world world = seal_open();
    struct command named = wish_account();
    uint8_t bytes[200];
    struct buf kept = buf_of(bytes, sizeof bytes);
    ck_assert_uint_eq(seal_account(world.program, &named, "x"), ACCEPTED);
    ck_assert_uint_eq(give(world.program, &named, NULL).refusal, ACCEPTED);
    age(&world, SEALED_KEPT_MS + 1);
    struct command left = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &left, "y"), ACCEPTED); /* the first is looked at, and stays */
    ck_assert_int_eq(vault_look(world.place->vault, &named.connect_integration.vault_id), OK);
    age(&world, SEALED_GOOD_MS + 1);
    ck_assert_uint_eq(give(world.program, &left, NULL).refusal, REFUSED_reference_not_found);
    age(&world, SEALED_KEPT_MS - SEALED_GOOD_MS);
    const struct command next = wish_account();
    ck_assert_int_eq(vault_get(world.place->vault, &left.connect_integration.vault_id, &kept), OK);
    ck_assert_uint_eq(seal_account(world.other, &next, "z"), ACCEPTED);
    ck_assert_int_eq(vault_look(world.place->vault, &left.connect_integration.vault_id), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_look(world.place->vault, &next.connect_integration.vault_id), OK);
    seal_close(&world);
}

END_TEST

/* While an account is being connected any secret of its is kept at a start: it is no way to have more of them. */
START_TEST(what_is_sealed_for_an_account_that_connects_is_not_named_by_that)
{
    struct seal_world world = seal_open();
    struct command command = wish_account();
    ck_assert_uint_eq(seal_account(world.program, &command, "x"), ACCEPTED);
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    struct client *const programs[] = {world.program, world.other};
    for (size_t i = 0; i < 2; i++) {
        for (unsigned k = 0; k < SEALED_PER_KEY; k++) {
            struct command more = again(&command);
            more.connect_integration.vault_id = new_id(ID_SECRET);
            ck_assert_uint_eq(seal_account(programs[i], &more, "y"), ACCEPTED);
        }
        struct command more = again(&command);
        more.connect_integration.vault_id = new_id(ID_SECRET);
        ck_assert_uint_eq(seal_account(programs[i], &more, "y"), REFUSED_rate_limited);
    }
    seal_close(&world);
}

END_TEST

START_TEST(a_key_takes_the_place_of_one_of_its_name_in_its_workspace)
{
    struct seal_world world = seal_open();
    struct wish wish = wish_key("op_test_2");
    ck_assert_uint_eq(seal_key(world.program, &wish), ACCEPTED);
    struct command command = again(&wish.command);
    command.create_key.rotates = world.place->key_id;
    struct answer got = give(world.program, &command, NULL);
    ck_assert_uint_eq(got.refusal, REFUSED_field_invalid);
    ck_assert_str_eq(got.fault.param, "/name");
    const struct id unknown[] = {world.other_key_id, new_id(ID_KEY)};
    for (size_t i = 0; i < 2; i++) {
        command = again(&wish.command);
        command.create_key.rotates = unknown[i];
        ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_reference_not_found);
    }
    command = again(&wish.command);
    command.create_key.expires_ms = clock_wall_ms() - 1;
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, REFUSED_timestamp_past);
    command = again(&wish.command);
    command.create_key.rotates = world.place->key_id;
    command.create_key.name = SPAN("test");
    ck_assert_uint_eq(give(world.program, &command, NULL).refusal, ACCEPTED);
    seal_close(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_seal");
    TCase *cases = tcase_create("seal");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_program_makes_a_key_that_works);
    tcase_add_test(cases, what_is_kept_of_an_account_is_what_its_adapter_reads_and_nothing_of_it_is_in_the_log);
    tcase_add_test(cases, a_secret_is_named_by_its_own_workspace_alone_and_for_its_own_owner);
    tcase_add_test(cases, no_secret_takes_anothers_place);
    tcase_add_test(cases, no_two_keys_have_one_text);
    tcase_add_test(cases, what_is_sealed_has_the_form_of_what_it_is_for);
    tcase_add_test(cases, an_invitation_keeps_who_is_invited_and_no_words_of_the_program);
    tcase_add_test(cases, who_may_not_send_the_command_has_nothing_sealed);
    tcase_add_test(cases, a_key_has_sealed_what_its_scopes_reach);
    tcase_add_test(cases, a_restricted_key_connects_its_own_accounts_again_and_no_other);
    tcase_add_test(cases, a_key_has_so_many_sealed_that_nothing_names_and_others_are_not_held_up);
    tcase_add_test(cases, what_nobody_names_can_be_named_no_more_and_then_goes);
    tcase_add_test(cases, what_is_sealed_for_an_account_that_connects_is_not_named_by_that);
    tcase_add_test(cases, a_key_takes_the_place_of_one_of_its_name_in_its_workspace);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
