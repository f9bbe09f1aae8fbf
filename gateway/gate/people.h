/* people.h: members at the gate, and who they are: the rows say what they may do, the vault what they are called. */
#ifndef OPENPOST_GATE_PEOPLE_H
#define OPENPOST_GATE_PEOPLE_H

#include "core/base/token.h"
#include "core/wire/person.h"
#include "gateway/gate/pass.h"

/* Of the pass's workspace; what has ended is ERR_NOT_FOUND. pass_members lists those after *after (NULL: from the
 * first): invited: whom nobody has joined yet; else whom somebody has. */
enum err pass_member(struct pass *pass, const struct id *member_id, struct member_row *ret_member) MUST_USE;
/* pass_member_once finds also one that has ended, of somebody who was a member: an invitation that nobody took is none.
 */
enum err pass_member_once(struct pass *pass, const struct id *member_id, struct member_row *ret_member) MUST_USE;
/* pass_outsider finds an operator who did something to the pass's workspace from outside it, ever. ERR_NOT_FOUND. */
enum err pass_outsider(struct pass *pass, const struct id *user_id, struct outsider_row *ret_outsider) MUST_USE;
enum err pass_members(struct pass *pass, bool invited, const struct id *after, uint32_t limit,
                      struct member_row **ret_members, uint32_t *ret_count) MUST_USE;

/* pass_people asks what at most PERSON_PAGE_MAX members of the pass's workspace are called: the answer is
 * person_page_read's, in body_result_read's, a line for each in their order. As for what was read: as with pass_ask. */
enum err pass_people(struct pass *pass, const struct member_row *members, uint32_t count, gate_replied *done,
                     void *context) MUST_USE;

/* pass_ask_member likewise asks whether somebody who signs in with the address is a member of the pass's workspace;
 * whether there is somebody elsewhere is not told. pass_told_member reads the answer: why they are not
 * invited (member_exists, or invitation_exists), or ACCEPTED. */
enum err pass_ask_member(struct pass *pass, struct span address, gate_replied *done, void *context) MUST_USE;
enum err pass_told_member(struct span body, enum refusal *ret_refusal) MUST_USE;

/* An invitation's message, to be sent later; all but the address may be empty. */
struct invitation {
    struct span email, name, locale;
    struct span workspace; /* its name for people */
    const char *role;      /* as what */
    const char *origin;    /* where browsers find the page that its link leads to */
    int64_t expires_ms;
};

/* pass_seal_invitation makes an invitation's token, to be shown once, and its message, which holds it; address and
 * message go into the vault as secret_id of member_id's, as pass_seal does it. ret_fingerprint is for the command that
 * makes the token valid. invitation_link writes where the token is taken: behind the #, which browsers send nobody. */
enum err pass_seal_invitation(struct pass *pass, const struct id *secret_id, const struct id *member_id,
                              const struct invitation *invitation, char ret_token[TOKEN_LEN + 1],
                              uint8_t ret_fingerprint[32], gate_replied *done, void *context) MUST_USE;
void invitation_link(const char *origin, struct span token, struct buf *out);

#endif
