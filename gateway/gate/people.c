/* people.c: see people.h. Called by handlers; it must never wait, and never ask about another workspace's members than
 * the pass's. */
#include "gateway/gate/people.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/calendar/instant.h"
#include "core/wire/tag_key.h"
#include "gateway/gate/ask.h"
#include "gateway/gate/gate_state.h"

enum err pass_people(struct pass *pass, const struct member_row *members, uint32_t count, gate_replied *done,
                     void *context)
{
    ASSERT(count <= PERSON_PAGE_MAX);
    struct person_ask ask = {.question = PERSON_PEOPLE, .of = pass_badge(pass)->workspace_id, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        ask.ids[i] = members[i].member_id;
    }
    store_abort(pass_pause(pass));
    return gate_ask_person(pass_gate(pass), &ask, done, context);
}

enum err pass_ask_member(struct pass *pass, struct span address, gate_replied *done, void *context)
{
    const struct person_ask ask = {.question = PERSON_MEMBER, .of = pass_badge(pass)->workspace_id, .text = address};
    store_abort(pass_pause(pass));
    return gate_ask_person(pass_gate(pass), &ask, done, context);
}

enum err pass_told_member(struct span body, enum refusal *ret_refusal)
{
    enum refusal refusal = ACCEPTED;
    struct id user_id;
    struct span result;
    TRY(body_result_read(body, &refusal, &result));
    if (refusal == ACCEPTED) {
        TRY(person_user_read(result, &user_id));
        refusal = id_is_none(&user_id) ? ACCEPTED : REFUSED_member_exists;
    }
    *ret_refusal = refusal;
    return OK;
}

void invitation_link(const char *origin, struct span token, struct buf *out)
{
    buf_text(out, origin);
    buf_text(out, "/invitation#");
    buf_put(out, token);
}

static void write_message(const struct invitation *invitation, struct span token, struct buf *out)
{
    buf_text(out, invitation->name.len > 0 ? "Hello " : "Hello");
    buf_put(out, invitation->name);
    buf_text(out, ",\n\nyou are invited to join ");
    buf_put(out, invitation->workspace);
    buf_text(out, " on OpenPost as ");
    buf_text(out, invitation->role);
    buf_text(out, ". To accept, open\n\n");
    invitation_link(invitation->origin, token, out);
    buf_text(out, "\n\nThe link works once, until ");
    instant_write(out, invitation->expires_ms);
    buf_text(out, ". If you know nothing of this, nothing is to be done.\n");
}

/* The record that is sealed: all that names the person, and what is sent to them. */
static enum err write_invitation(const struct invitation *invitation, struct span token, struct buf *out)
{
    char subject_text[300];
    char message_text[SEALED_MAX / 2];
    struct buf subject = buf_of(subject_text, sizeof subject_text);
    struct buf message = buf_of(message_text, sizeof message_text);
    buf_text(&subject, "You are invited to join ");
    buf_put(&subject, invitation->workspace);
    write_message(invitation, token, &message);
    const struct person_record record = {
        .kind = PERSON_INVITATION,
        .invitation = {.email = invitation->email,
                       .name = invitation->name,
                       .subject = buf_span(&subject),
                       .body = buf_span(&message),
                       .locale = invitation->locale},
    };
    const enum err err = buf_ok(&subject) && buf_ok(&message) ? person_record_put(out, &record) : ERR_TOO_LONG;
    explicit_bzero(message_text, sizeof message_text);
    return err;
}

enum err pass_seal_invitation(struct pass *pass, const struct id *secret_id, const struct id *member_id,
                              const struct invitation *invitation, char ret_token[TOKEN_LEN + 1],
                              uint8_t ret_fingerprint[32], gate_replied *done, void *context)
{
    uint8_t bytes[SEALED_MAX];
    uint8_t randomness[TOKEN_RANDOM_LEN];
    struct buf plain = buf_of(bytes, sizeof bytes);
    random_fill(randomness, sizeof randomness);
    token_write(randomness, ret_token);
    explicit_bzero(randomness, sizeof randomness);
    tag_key_fingerprint_of(span_text(ret_token), ret_fingerprint);
    enum err err = write_invitation(invitation, span_text(ret_token), &plain);
    err = err == OK ? pass_seal(pass, secret_id, member_id, buf_span(&plain), done, context) : err;
    explicit_bzero(bytes, sizeof bytes);
    return err;
}
