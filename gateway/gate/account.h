/* account.h: what the pass's person does about their own account: another name or address, leaving workspaces, their
 * erasure. Nothing here takes a person: it is whoever has the pass. Answers come as with sessions.h. */
#ifndef OPENPOST_GATE_ACCOUNT_H
#define OPENPOST_GATE_ACCOUNT_H

#include "gateway/gate/sessions.h"

/* pass_change_user has the name and address sealed as vault_id be the person's; version: of the person, that was
 * looked at; 0: any. pass_erase_user destroys whatever names them: still_member while they are anywhere. */
enum err pass_change_user(struct pass *pass, const struct id *vault_id, uint64_t version, pass_answered *done,
                          void *context) MUST_USE;
enum err pass_erase_user(struct pass *pass, pass_answered *done, void *context) MUST_USE;

/* Memberships of the person, those whose time is over too: at most PLACES_MAX, others come when these have ended.
 * pass_leave ends one of them, by command_id: last_owner for who is the last one there. pass_is_last_owner tells that
 * before anything is done. */
enum err pass_memberships(struct pass *pass, struct member_row **ret_members, uint32_t *ret_count) MUST_USE;
enum err pass_is_last_owner(struct pass *pass, const struct member_row *member, bool *ret_last) MUST_USE;
enum err pass_leave(struct pass *pass, const struct member_row *member, const struct id *command_id,
                    pass_answered *done, void *context) MUST_USE;

#endif
