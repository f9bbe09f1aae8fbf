/* inquiry.h: what the gateway asks (core/wire/identity.h), each from question to answer: several at a time, each a few
 * requests to its provider, one after the other. No clock, no socket: the network is a function, time is told. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_INQUIRY_H
#define OPENPOST_ADAPTERS_IDENTITY_INQUIRY_H

#include "adapters/identity/catalog.h"

struct inquiries;

/* What became of one; what it says is borrowed for the call. */
struct inquiry_end {
    enum refusal refusal;
    struct span result; /* ACCEPTED: identity_location_put's or identity_person_put's bytes */
    struct span issuer;
    const char *step; /* where it was refused: "provider", "token", "keys", "userinfo" */
};

typedef void inquiry_ended(void *context, void *tag, const struct inquiry_end *end);

struct inquiry_options {
    const struct guard *guard;      /* lives as long */
    struct call_net net;            /* calls of kind CALL_INQUIRY come back, too */
    uint8_t box_key[FRAME_KEY_LEN]; /* identity_box_key */
    inquiry_ended *ended;
    void *context;
};

/* inquiries_new: ERR_NO_MEMORY. inquiries_free forgets what is under way, wipes it and the key; accepts NULL. */
enum err inquiries_new(const struct inquiry_options *options, struct inquiries **ret_inquiries) MUST_USE;
void inquiries_free(struct inquiries *inquiries);

/* inquiries_begin takes a question's body, which it copies; ended is called with tag exactly once, in this call or in a
 * later one. A body that cannot be read ends as frame_invalid; INQUIRIES_MAX under way: sign_in_busy. */
void inquiries_begin(struct inquiries *inquiries, struct span body, int64_t now_ms, void *tag);
/* inquiries_answered takes the answer to a call that net.start was given. */
void inquiries_answered(struct inquiries *inquiries, struct call *call, int64_t now_ms,
                        const struct http_response *response);
unsigned inquiries_open(const struct inquiries *inquiries);

#endif
