/* sessions.h: people at the gate. Somebody who signs in gets a session when the ledger says that the password was
 * theirs, and not otherwise; what a person then does about themself goes by their pass, in their name: no function here
 * takes one. Answers come on a thread of the wire's, never within the call that asked; an error of the call: nobody is
 * called. */
#ifndef OPENPOST_GATE_SESSIONS_H
#define OPENPOST_GATE_SESSIONS_H

#include "core/wire/person.h"
#include "gateway/gate/order.h"

/* gate_salt asks what scrypt is to be run with for an address, known or not: the answer is person_salt_read's, in
 * body_result_read's. */
enum err gate_salt(struct gate *gate, struct span address, gate_replied *done, void *context) MUST_USE;

/* A session that is to begin: the caller's, until gate_signed_in was called. */
struct new_session {
    struct span token;    /* what the cookie will hold: 256 bits of chance */
    struct id session_id; /* minted */
    struct id request_id;
    struct id device_id; /* minted: where what follows is sealed */
    struct span user_agent;
    struct span network; /* whence, roughly */
    int64_t expires_ms;
    /* the gate's own */
    struct id provider_id; /* that said who it is; absent: a password did */
    struct gate *gate;
    uint8_t fingerprint[32];
    struct id user_id; /* who it was */
    void (*done)(void *context, enum err err, enum refusal refusal);
    void *context;
};

/* How signing in ended: REFUSED_sign_in_refused, whatever was wrong; an error: nobody knows. */
typedef void gate_signed_in(void *context, enum err err, enum refusal refusal);

/* gate_sign_in has the ledger compare scrypt's bytes with what it keeps of whoever has the address, and opens the
 * session for them. pass_sign_in_anew opens one for whoever has the pass, whose others have ended. */
enum err gate_sign_in(struct gate *gate, struct span address, struct span proof, struct new_session *session,
                      gate_signed_in *done, void *context) MUST_USE;
enum err pass_sign_in_anew(struct pass *pass, struct new_session *session, gate_signed_in *done, void *context)
    MUST_USE;

/* pass_profile asks what the vault says of the pass's person: one of person_page_next's. pass_prove: whether the
 * proof is that of an address that is theirs: body_result_read's, to be read by pass_is_proven. */
enum err pass_profile(struct pass *pass, gate_replied *done, void *context) MUST_USE;
enum err pass_prove(struct pass *pass, struct span address, struct span proof, gate_replied *done, void *context)
    MUST_USE;
bool pass_is_proven(const struct pass *pass, struct span result);

/* How the pass's person stands now, whatever the pass has read before. */
struct standing {
    uint64_t version; /* of what they are: another since means that something was changed */
    bool has_password;
    int64_t from_provider_ms; /* when the pass's session began, through a provider; 0: otherwise, or it has ended */
};

enum err pass_standing(const struct pass *pass, int64_t now_ms, struct standing *ret_standing) MUST_USE;

/* Commands of the pass's person. A session that is not theirs is ERR_NOT_FOUND. */
enum err pass_end_session(struct pass *pass, const struct id *session_id, int64_t now_ms, pass_answered *done,
                          void *context) MUST_USE;
enum err pass_end_sessions(struct pass *pass, pass_answered *done, void *context) MUST_USE;
enum err pass_set_password(struct pass *pass, const struct id *vault_id, uint64_t version, pass_answered *done,
                           void *context) MUST_USE;

/* Where the pass's person may do something now. */
struct place {
    struct member_row member;
    struct workspace_row workspace;
};

#define PLACES_MAX 200

enum err pass_places(struct pass *pass, int64_t now_ms, struct place **ret_places, uint32_t *ret_count) MUST_USE;

/* The sessions of the pass's person that are good, oldest first; last_used_ms: the hour, 0: not yet. */
#define SESSIONS_SHOWN_MAX 200
enum err pass_sessions(struct pass *pass, int64_t now_ms, struct session_row **ret_sessions, uint32_t *ret_count)
    MUST_USE;
/* pass_devices asks whence these sessions were begun, at most PERSON_PAGE_MAX of the pass's person: the answer is
 * person_page_read's, in body_result_read's, a line for each in their order. */
enum err pass_devices(struct pass *pass, const struct session_row *sessions, uint32_t count, gate_replied *done,
                      void *context) MUST_USE;
enum err pass_user(struct pass *pass, struct user_row *ret_user) MUST_USE;

#endif
