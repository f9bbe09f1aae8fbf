/* person.h: what FRAME_PERSON asks and answers: who is behind an address, a password, an identity provider's subject,
 * and what the vault says of people. For the gateway and an operator alone; neither has a vault. Pure.
 *
 * A request is an array that begins with its question's word; a reply is body.h's [code, result], its result empty when
 * it was refused:
 *
 *   [salt, address]            [n, r, p, salt]   what scrypt is to be run with. Whoever signs in with no such address,
 *                              or without a password, has one too, the same for ever: it tells nobody which
 *   [prove, address, box]      user id           box: box.h under the transport key, bound to the address as it stands
 *                              in the frame: scrypt's 32 bytes. sign_in_refused, whatever was wrong
 *   [address, address]         user id or nil    who signs in with it
 *   [subject, provider, text]  user id or nil    who signs in as that subject of that provider
 *   [people, workspace, [id]]  [[name, address] or nil, …]   in their order: of the workspace's members (mem_ or usr_),
 *                              of those who are invited what their invitation says; nil: nobody's, erased or
 *                              another's. Workspace nil: of persons (usr_) wherever they are
 *   [devices, user, [id]]      [[user agent, address] or nil, …]   of the person's own sessions (ses_) that have not
 *                              ended
 *   [client, provider]         box or nil      our secret at an identity provider, for the identity process alone
 *                              (identity_box.h); nil: we are a public client. provider_removed: there is none, any more
 *   [member, workspace, address]   user id or nil    who signs in with it, if they are a member of the workspace
 *
 * An address is given as somebody wrote it; what is compared is person_address. Records are sealed into the vault by
 * FRAME_SEAL (person_record.h); one that would give a second person an address or subject is refused there:
 * address_taken, login_exists. */
#ifndef OPENPOST_WIRE_PERSON_H
#define OPENPOST_WIRE_PERSON_H

#include "core/wire/body.h"
#include "core/wire/identity.h"
#include "core/wire/person_record.h"

#define PERSON_PAGE_MAX 200 /* ids of a question */

enum person_question {
    PERSON_SALT = 1,
    PERSON_PROVE,
    PERSON_ADDRESS,
    PERSON_SUBJECT,
    PERSON_PEOPLE,
    PERSON_DEVICES,
    PERSON_CLIENT,
    PERSON_MEMBER,
};

struct person_ask {
    enum person_question question;
    struct span text; /* the address or subject; borrowed */
    struct span box;  /* PERSON_PROVE; borrowed */
    struct id of;     /* the provider, workspace or user */
    struct id ids[PERSON_PAGE_MAX];
    uint32_t count;
};

/* person_ask_put writes a request's body; person_ask_read reads one strictly and holds each id to its kind. Its errors
 * are unpack's, ERR_KIND and ERR_TRAILING. */
void person_ask_put(struct buf *out, const struct person_ask *ask);
enum err person_ask_read(struct span body, struct person_ask *ret_ask) MUST_USE;

/* What scrypt is run with (RFC 7914). */
struct person_salt {
    uint64_t n;
    uint32_t r;
    uint32_t p;
    uint8_t salt[PERSON_SALT_LEN];
};

/* The results, as they stand in body_result_put and body_result_read. */
void person_salt_put(struct buf *out, const struct person_salt *salt);
enum err person_salt_read(struct span result, struct person_salt *ret_salt) MUST_USE;
void person_user_put(struct buf *out, const struct id *user_id);
enum err person_user_read(struct span result, struct id *ret_user_id) MUST_USE; /* absent: nobody */
void person_box_put(struct buf *out, struct span box);
enum err person_box_read(struct span result, struct span *ret_box) MUST_USE; /* borrowed; data NULL: there is none */

/* A page: person_page_begin, then for each id person_page_put: name and address, or user agent and address; known
 * false: nil. To read, person_page_read, then person_page_next while left > 0; the last call checks that nothing
 * follows. */
void person_page_begin(struct buf *out, uint32_t count);
void person_page_put(struct buf *out, bool known, struct span first, struct span second);
enum err person_page_read(struct span result, struct body_list *ret_list) MUST_USE;
enum err person_page_next(struct body_list *list, bool *ret_known, struct span *ret_first, struct span *ret_second)
    MUST_USE;

#endif
