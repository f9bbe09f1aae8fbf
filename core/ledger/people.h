/* people.h: what states and vault together tell about people: a state names the secret, the vault opens it. Used by the
 * service, which answers FRAME_PERSON with it and seals, and by an operator's hand on a folder that nobody serves.
 *
 * Whose an address is: whoever became known with it first, and nobody else until that person is erased or takes
 * another. Nothing proves it: what would, a message that only its owner reads, is not sent yet, and the inviter sees an
 * invitation's link. So an address can be held by somebody else, and its owner, invited elsewhere, is told that they
 * sign in already. Whoever runs the installation ends that: openpost user list names who has it, openpost user password
 * gives it to its owner with all that it opened, openpost user erase --everywhere frees it. It is not freed by itself
 * when the last membership ends: who was removed, or left, keeps what they sign in with and may be invited again. Nor
 * may two have one address until a proof decides: a password would then open either of two people, and which one, only
 * chance would tell.
 *
 * txn: a read transaction of the views. A secret counts only if its owner's state names it: what a crash or a command
 * that was refused left in the vault opens nothing and is nobody's. */
#ifndef OPENPOST_LEDGER_PEOPLE_H
#define OPENPOST_LEDGER_PEOPLE_H

#include "core/base/limits.h"
#include "core/message/refusal.h"
#include "core/store/store.h"
#include "core/vault/vault.h"
#include "core/wire/person_record.h"

#define PEOPLE_FOUND_BY_MAX (PERSON_SUBJECT_MAX + ID_TEXT_MAX + 16)

/* people_keep seals a secret for its owner, whoever that is. What a person, member, session or identity provider owns
 * must be a record of theirs: frame_invalid. One by which another person is found is refused: address_taken,
 * subject_taken; likewise one that was sealed for another less than PEOPLE_RESERVED_MS ago and that no event names yet.
 * plain is borrowed; randomness: fresh bytes. */
#define PEOPLE_RESERVED_MS MINUTE_MS
enum err people_keep(struct store_txn *txn, struct vault *vault, const struct vault_secret *secret, int64_t now_ms,
                     const uint8_t randomness[VAULT_RANDOMNESS_LEN], enum refusal *ret_refusal) MUST_USE;

/* people_is_left tells whether a secret of whatever owner can go: the owner is over, or is a person, a member or a
 * session and names another in its place (or none) since. In doubt it stays: so does what an owner of whom nothing is
 * known was to have. */
bool people_is_left(struct store_txn *txn, const struct id *secret_id, const struct id *owner_id, int64_t now_ms);

/* people_by_address and people_by_subject find who signs in so; ERR_NOT_FOUND: nobody. An address as somebody wrote
 * it. */
enum err people_by_address(struct store_txn *txn, struct vault *vault, struct span address, struct id *ret_user_id)
    MUST_USE;
enum err people_by_subject(struct store_txn *txn, struct vault *vault, const struct id *provider_id,
                           struct span subject, struct id *ret_user_id) MUST_USE;

/* people_member_by_address finds who signs in so, if they are a member of the workspace at now_ms; ERR_NOT_FOUND: they
 * are none, or none any more, or nobody does. It looks the same for who is one nowhere. */
enum err people_member_by_address(struct store_txn *txn, struct vault *vault, const struct id *workspace_id,
                                  struct span address, int64_t now_ms, struct id *ret_user_id) MUST_USE;

/* people_invited tells whether an invitation to the workspace is open for an address: nobody has joined by it, it was
 * not withdrawn and is not over at now_ms. Those of the workspace alone are opened and compared, PEOPLE_INVITED_MAX at
 * most (some ten microseconds each): beyond it none is found. people_addressed tells of the address that a sealed
 * invitation is to whether one is open to it or a member of the workspace has it, for the writer, who sees what its own
 * group did; one that cannot be read is to nobody. */
#define PEOPLE_INVITED_MAX 1000
enum err people_invited(struct store_txn *txn, struct vault *vault, const struct id *workspace_id, struct span address,
                        int64_t now_ms, bool *ret_invited) MUST_USE;
enum err people_addressed(struct store_txn *txn, struct vault *vault, const struct id *workspace_id,
                          const struct id *secret_id, int64_t now_ms, bool *ret_invited, bool *ret_member) MUST_USE;

/* Each reads a record into room, from which it borrows; the caller wipes room. ERR_NOT_FOUND: there is none, any more,
 * that can be read. people_password: a person's. people_named: what names a member (mem_, an invited one's invitation)
 * or a person (usr_) who is a member of the workspace; workspace_id absent: any person; of a member who has left or was
 * removed today's name alone. people_device: of a person's session that has not ended. */
enum err people_password(struct store_txn *txn, struct vault *vault, const struct id *user_id, struct buf *room,
                         struct person_record *ret_record) MUST_USE;
enum err people_named(struct store_txn *txn, struct vault *vault, const struct id *workspace_id, const struct id *id,
                      struct buf *room, struct person_record *ret_record) MUST_USE;
enum err people_device(struct store_txn *txn, struct vault *vault, const struct id *user_id,
                       const struct id *session_id, struct buf *room, struct person_record *ret_record) MUST_USE;
/* people_client likewise our secret at an identity provider; data NULL: we are a public client there. ERR_NOT_FOUND:
 * there is no such provider, any more; ERR_AUTH: the secret cannot be read. */
enum err people_client(struct store_txn *txn, struct vault *vault, const struct id *provider_id, struct buf *room,
                       struct person_record *ret_record) MUST_USE;

#endif
