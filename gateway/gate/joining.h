/* joining.h: invitations that are taken, by whoever shows the token: by a person who is signed in, or by somebody who
 * becomes known with it.
 *
 * What that tells: the inviter, who sees the link, may take it with a password of their own. If that makes somebody
 * known, nobody was known by the address; if it is refused, somebody is. No wording hides it, for the one succeeds and
 * the other must not; what hides it is a link that goes to the address alone. Until then it is dear: each look at an
 * address that is free makes a person and a member, both in the log under the inviter's name, and holds the address
 * (core/ledger/people.h); none can be had without, for nothing is asked about the address before the password is
 * hashed. */
#ifndef OPENPOST_GATE_JOINING_H
#define OPENPOST_GATE_JOINING_H

#include "gateway/gate/providers.h"

/* An invitation that is good, and the person that it can make known: there is one for each, so that what was cut short
 * is gone on with, and no second person made. */
struct invited {
    struct id workspace_id;
    struct id member_id;
    uint8_t fingerprint[32];
    struct id user_id;
    bool is_known;         /* the person was made known, and perhaps no more: */
    uint64_t user_version; /* of their stream, then */
    bool signs_in;         /* with a password, or through a provider */
};

/* gate_invitation finds the invitation that a token is of; ERR_NOT_FOUND: of none, or of none any more; nobody is told
 * which. gate_invited asks what the vault says of whoever is invited: one of person_page_next's. */
enum err gate_invitation(struct gate *gate, struct span token, int64_t now_ms, struct arena *arena,
                         struct invited *ret_invited) MUST_USE;
/* gate_invitation_again finds it by the fingerprint that the first told. */
enum err gate_invitation_again(struct gate *gate, const uint8_t fingerprint[32], int64_t now_ms, struct arena *arena,
                               struct invited *ret_invited) MUST_USE;
enum err gate_invited(struct gate *gate, const struct invited *invited, gate_replied *done, void *context) MUST_USE;

/* pass_join takes it for the pass's person. */
enum err pass_join(struct pass *pass, const struct invited *invited, pass_answered *done, void *context) MUST_USE;

/* Somebody who becomes known: the caller's, until done was called. */
struct newcomer {
    struct invited invited;
    struct span name, email;       /* not looked at of one who is known */
    struct person_record password; /* what scrypt made of it; not looked at with an arrival */
    struct arrival *arrival;       /* whom a provider named (gate_arrive); NULL: they have a password */
    struct id profile_id;          /* minted, as are those that follow: where it is sealed */
    struct id password_id;
    struct id command_ids[4];
    struct new_session session; /* that begins with it, prepared as for gate_sign_in */
    /* the gate's own */
    struct gate *gate;
    uint32_t step;
    enum refusal refusal; /* of the invitation */
    bool has_joined;      /* the invitation is taken, whatever became of the session */
    void (*done)(void *context, enum err err, enum refusal refusal);
    void *context;
};

/* gate_join makes the person known, sets the password or links the provider, takes the invitation and opens a session,
 * in that order; whom the provider names must be nobody here, else subject_taken. An invitation that has ended
 * meanwhile leaves nobody known: whoever was made so is erased. Cut short otherwise, it leaves somebody who is nowhere
 * a member and an invitation that is still good, or a member who signs in. done may be called within the call. */
void gate_join(struct gate *gate, struct newcomer *newcomer, gate_signed_in *done, void *context);

#endif
