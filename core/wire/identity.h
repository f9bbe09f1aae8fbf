/* identity.h: what the gateway asks of the process that talks to identity providers, and what that one answers
 * (FRAME_IDENTITY; the frames around it are pair.h's, the asking side identity_client.h). The gateway learns who signed
 * in, and neither parses what a provider says nor has its secret. Pure.
 *
 * A request is an array that begins with its question's word, then issuer, client id, redirect URI and nonce as texts;
 * a reply is body.h's [code, result], its result empty when it was refused:
 *
 *   [authorize, …, scope, state, challenge]
 *       the URL to send the browser to: the provider's authorization endpoint with response_type=code, PKCE's S256
 *       challenge (RFC 7636), and all of the above. scope: words with a blank between, one of them openid.
 *       provider_unreachable, provider_answer_invalid, sign_in_busy
 *   [exchange, …, provider, box, code, verifier, iss]
 *       [subject, email, verified, name]: whom the ID Token names that the provider gave for the code, once it was
 *       checked. email and name: nil when the provider tells none that we take; verified: email_verified. box: our
 *       secret there (identity_box.h), nil: we are a public client. iss: the parameter of the authorization response
 *       (RFC 9207), nil when it had none. Further: provider_refuses_us, code_refused, token_signature_invalid,
 *       token_issuer_wrong (iss, too), token_audience_wrong, token_expired, nonce_wrong; frame_invalid: the box is
 *       not for this process, provider, issuer and client; unavailable: its time is over, ask the ledger for another
 *   [greet], nothing behind it
 *       nothing: the process is there, and does what it does
 *
 * An issuer is compared byte by byte, as it was configured. Nothing is kept between questions but what providers
 * publish of themselves. A code is sent once: a question whose reply is lost is lost. */
#ifndef OPENPOST_WIRE_IDENTITY_H
#define OPENPOST_WIRE_IDENTITY_H

#include "core/wire/body.h"
#include "core/wire/person_record.h"

#define IDENTITY_URL_MAX 2000      /* an issuer, a redirect URI, an endpoint: what browsers and caches take */
#define IDENTITY_CLIENT_ID_MAX 255 /* what providers call us */
#define IDENTITY_SCOPE_MAX 255
#define IDENTITY_CHANCE_MAX 128     /* state, nonce, PKCE's verifier (RFC 7636, 4.1) and challenge */
#define IDENTITY_CODE_MAX 4096      /* some providers' codes hold a whole sealed session */
#define IDENTITY_BOX_MAX 1088       /* PERSON_CLIENT_SECRET_MAX, its expiry and the box around them */
#define IDENTITY_LOCATION_MAX 14000 /* an endpoint, and every parameter with each byte as %XX */
#define IDENTITY_ASK_MAX 12000      /* bytes of the longest question */
#define IDENTITY_REPLY_MAX 14100    /* bytes of the longest reply */

/* The process answers by then, whatever the provider does: two or three requests, each of at most 10 s. */
#define IDENTITY_WITHIN_MS 35000

enum identity_question { IDENTITY_AUTHORIZE = 1, IDENTITY_EXCHANGE, IDENTITY_GREET };

/* Texts are borrowed; data NULL: absent, where that may be. */
struct identity_ask {
    enum identity_question question;
    /* but for greet: */
    struct span issuer;
    struct span client_id;
    struct span redirect_uri;
    struct span nonce;
    /* authorize */
    struct span scope;
    struct span state;
    struct span challenge;
    /* exchange */
    struct id provider_id;
    struct span box; /* may be absent */
    struct span code;
    struct span verifier;
    struct span iss; /* may be absent */
};

/* identity_ask_put writes a request's body; identity_ask_read reads one strictly: no text empty or longer than above.
 * Its errors are unpack's, ERR_KIND, ERR_RANGE (empty) and ERR_TRAILING. */
void identity_ask_put(struct buf *out, const struct identity_ask *ask);
enum err identity_ask_read(struct span body, struct identity_ask *ret_ask) MUST_USE;

/* Whom a provider names. */
struct identity_person {
    struct span subject; /* 1 to PERSON_SUBJECT_MAX bytes, UTF-8, compared byte by byte */
    struct span email;   /* an address (person_address), as the provider wrote it; may be absent */
    bool email_verified; /* the provider says that it is this person's */
    struct span name;    /* at most PERSON_NAME_MAX bytes, UTF-8; may be absent */
};

/* The results, as they stand in body_result_put and body_result_read. */
void identity_location_put(struct buf *out, struct span location);
enum err identity_location_read(struct span result, struct span *ret_location) MUST_USE;
void identity_person_put(struct buf *out, const struct identity_person *person);
enum err identity_person_read(struct span result, struct identity_person *ret_person) MUST_USE;

#endif
