/* joining.c: see joining.h. Called by the handler of accepting. The person whom an invitation makes known has its
 * membership's suffix for an id; must never set the password of one who has one, nor link one who signs in. */
#include "gateway/gate/joining.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/log/log.h"
#include "core/wire/tag_key.h"
#include "gateway/gate/gate_state.h"

static enum err read_person(struct store_txn *txn, struct arena *arena, struct invited *invited)
{
    struct user_row user;
    struct login_row *logins = NULL;
    uint32_t count = 0;
    const enum err err = access_user(txn, &invited->user_id, &user);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    invited->is_known = true;
    invited->user_version = user.version;
    TRY(access_logins(txn, &invited->user_id, arena, &logins, &count));
    invited->signs_in = !id_is_none(&user.password_id) || count > 0;
    return OK;
}

enum err gate_invitation_again(struct gate *gate, const uint8_t fingerprint[32], int64_t now_ms, struct arena *arena,
                               struct invited *ret_invited)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct invited invited = {.is_known = false};
    struct member_row member;
    memcpy(invited.fingerprint, fingerprint, sizeof invited.fingerprint);
    TRY(store_begin(gate->options.views, false, &txn));
    TRY(access_invitation(txn, invited.fingerprint, now_ms, &member));
    invited.workspace_id = member.workspace_id;
    invited.member_id = member.member_id;
    invited.user_id = member.member_id;
    invited.user_id.kind = ID_USER;
    TRY(read_person(txn, arena, &invited));
    *ret_invited = invited;
    return OK;
}

enum err gate_invitation(struct gate *gate, struct span token, int64_t now_ms, struct arena *arena,
                         struct invited *ret_invited)
{
    uint8_t fingerprint[32];
    tag_key_fingerprint_of(token, fingerprint);
    return gate_invitation_again(gate, fingerprint, now_ms, arena, ret_invited);
}

enum err gate_invited(struct gate *gate, const struct invited *invited, gate_replied *done, void *context)
{
    const struct person_ask ask = {
        .question = PERSON_PEOPLE, .of = invited->workspace_id, .ids = {invited->member_id}, .count = 1};
    return gate_ask_person(gate, &ask, done, context);
}

static enum err send_join(struct gate *gate, const struct invited *invited, const struct id *user_id,
                          const struct id *command_id, pass_answered *done, void *context)
{
    struct command command = {.code = COMMAND_join_workspace, .workspace_id = invited->workspace_id};
    command.join_workspace.member_id = invited->member_id;
    command.join_workspace.user_id = *user_id;
    memcpy(command.join_workspace.fingerprint.bytes, invited->fingerprint, sizeof invited->fingerprint);
    return gate_send_own(gate, &command, &invited->member_id, command_id, done, context);
}

enum err pass_join(struct pass *pass, const struct invited *invited, pass_answered *done, void *context)
{
    const struct id *user_id = &pass_badge(pass)->user_id;
    ASSERT(!id_is_none(user_id));
    store_abort(pass_pause(pass));
    return send_join(pass_gate(pass), invited, user_id, pass_request_id(pass), done, context);
}

/* --- somebody who becomes known: each step's answer takes the next --- */

static void advance(struct newcomer *newcomer, enum err err, enum refusal refusal);

static void sealed(void *context, enum err err, struct span body)
{
    enum refusal refusal = ACCEPTED;
    err = err == OK ? body_code_read(body, &refusal) : err;
    advance(context, err, refusal);
}

static void commanded(void *context, enum err err, const struct answer *answer)
{
    advance(context, err, err == OK ? (enum refusal)answer->refusal : ACCEPTED);
}

static enum err seal(struct newcomer *newcomer, const struct id *secret_id, const struct person_record *record)
{
    uint8_t bytes[SEALED_MAX];
    struct buf plain = buf_of(bytes, sizeof bytes);
    enum err err = person_record_put(&plain, record);
    err = err == OK
              ? gate_seal(newcomer->gate, secret_id, &newcomer->invited.user_id, buf_span(&plain), sealed, newcomer)
              : err;
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

static enum err seal_profile(struct newcomer *newcomer)
{
    const struct person_record record = {
        .kind = PERSON_PROFILE, .profile = {.name = newcomer->name, .email = newcomer->email}
    };
    return seal(newcomer, &newcomer->profile_id, &record);
}

static enum err send_own(struct newcomer *newcomer, const struct id *command_id, struct command *command)
{
    return gate_send_own(newcomer->gate, command, &newcomer->invited.user_id, command_id, commanded, newcomer);
}

static enum err create_user(struct newcomer *newcomer)
{
    struct command command = {.code = COMMAND_create_user};
    command.create_user.user_id = newcomer->invited.user_id;
    command.create_user.vault_id = newcomer->profile_id;
    return send_own(newcomer, &newcomer->command_ids[0], &command);
}

static enum err seal_password(struct newcomer *newcomer)
{
    return seal(newcomer, &newcomer->password_id, &newcomer->password);
}

static void password_was_set(void *context, enum err err, const struct answer *answer)
{
    struct newcomer *newcomer = context;
    if (err == OK && answer->refusal == ACCEPTED) {
        newcomer->invited.user_version = answer->version;
    }
    commanded(newcomer, err, answer);
}

static enum err set_password(struct newcomer *newcomer)
{
    struct command command = {.code = COMMAND_set_password};
    command.set_password.user_id = newcomer->invited.user_id;
    command.set_password.vault_id = newcomer->password_id;
    command.expected_version =
        newcomer->invited.is_known ? newcomer->invited.user_version : 1; /* somebody else's was set: no */
    return gate_send_own(newcomer->gate, &command, &newcomer->invited.user_id, &newcomer->command_ids[1],
                         password_was_set, newcomer);
}

static void asked_who(void *context, enum err err, struct span body)
{
    struct id user_id = {0};
    err = err == OK ? gate_read_who(body, &user_id) : err;
    advance(context, err, err == OK && !id_is_none(&user_id) ? REFUSED_subject_taken : ACCEPTED);
}

/* Before anything is made of whoever is somebody here already. */
static enum err ask_who(struct newcomer *newcomer)
{
    return gate_ask_subject(newcomer->arrival, asked_who, newcomer);
}

static void provider_linked(void *context, enum err err, enum refusal refusal)
{
    advance(context, err, refusal);
}

static enum err link_provider(struct newcomer *newcomer)
{
    return gate_link(newcomer->arrival, &newcomer->invited.user_id, provider_linked, newcomer);
}

/* Whatever became of it: who cannot be forgotten is left, nowhere a member. */
static void forgotten(void *context, enum err err, const struct answer *answer)
{
    struct newcomer *newcomer = context;
    (void)err;
    (void)answer;
    newcomer->done(newcomer->context, OK, newcomer->refusal);
}

/* Whom nobody invites any more was made known for nothing, and could not come back to it: the ledger erases who is
 * nowhere a member, and is as we left them. */
static enum err forget(struct newcomer *newcomer)
{
    struct command command = {.code = COMMAND_erase_user};
    command.erase_user.user_id = newcomer->invited.user_id;
    command.expected_version = newcomer->arrival == NULL ? newcomer->invited.user_version : 0;
    return gate_send_own(newcomer->gate, &command, &newcomer->invited.user_id, &newcomer->command_ids[3], forgotten,
                         newcomer);
}

static void invitation_taken(void *context, enum err err, const struct answer *answer)
{
    struct newcomer *newcomer = context;
    newcomer->refusal = err == OK ? (enum refusal)answer->refusal : ACCEPTED;
    const bool is_over = newcomer->refusal != ACCEPTED && !refusal_desc(newcomer->refusal)->retryable;
    if (!is_over || forget(newcomer) != OK) {
        advance(newcomer, err, newcomer->refusal);
    }
}

static enum err join(struct newcomer *newcomer)
{
    const struct invited *invited = &newcomer->invited;
    return send_join(newcomer->gate, invited, &invited->user_id, &newcomer->command_ids[2], invitation_taken, newcomer);
}

static void session_opened(void *context, enum err err, enum refusal refusal)
{
    advance(context, err, refusal);
}

static enum err open_session(struct newcomer *newcomer)
{
    newcomer->has_joined = true;
    if (newcomer->arrival != NULL) {
        newcomer->session.provider_id = newcomer->arrival->provider.provider_id;
    }
    return gate_open_session(newcomer->gate, &newcomer->invited.user_id, &newcomer->session, session_opened, newcomer);
}

typedef enum err step(struct newcomer *newcomer);

#define STEP_COUNT 6

/* What is sealed comes first: what the vault refuses leaves nobody known. */
static step *const by_password[STEP_COUNT] = {seal_profile, seal_password, create_user,
                                              set_password, join,          open_session};
static step *const by_provider[STEP_COUNT] = {ask_who, seal_profile, create_user, link_provider, join, open_session};

/* Of who is known already, and has nothing to sign in with yet. */
static bool is_done(const struct newcomer *newcomer, step *next)
{
    return newcomer->invited.is_known && (next == seal_profile || next == create_user);
}

static void advance(struct newcomer *newcomer, enum err err, enum refusal refusal)
{
    if (err == OK && refusal == ACCEPTED && newcomer->step < STEP_COUNT) {
        step *const *steps = newcomer->arrival != NULL ? by_provider : by_password;
        while (is_done(newcomer, steps[newcomer->step])) {
            newcomer->step++;
        }
        err = steps[newcomer->step++](newcomer);
        if (err == OK) {
            return; /* it may be answered by now, and the newcomer gone */
        }
    }
    newcomer->done(newcomer->context, err, refusal);
}

void gate_join(struct gate *gate, struct newcomer *newcomer, gate_signed_in *done, void *context)
{
    ASSERT(!newcomer->invited.signs_in);
    newcomer->gate = gate;
    newcomer->done = done;
    newcomer->has_joined = false;
    newcomer->context = context;
    newcomer->step = 0;
    advance(newcomer, OK, ACCEPTED);
}
