/* person_record.h: what the vault keeps about people, as bytes: the plain text of a secret whose owner is a person, a
 * member, a session or an identity provider. Written by the gateway and the tools, which seal it (FRAME_SEAL); read by
 * the ledger, which sees from it what the secret is to be found by. Pure.
 *
 * A msgpack map (pack.h: shortest forms, no other): first the record's word and its version, then every member of its
 * struct by its name, in that order: {"profile": 1, "name": …, "email": …, "locale": …}. One record has one spelling.
 */
#ifndef OPENPOST_WIRE_PERSON_RECORD_H
#define OPENPOST_WIRE_PERSON_RECORD_H

#include "core/base/span.h"
#include "core/base/typeid.h"

#define PERSON_ADDRESS_MIN 3
#define PERSON_ADDRESS_MAX 254 /* RFC 5321, 4.5.3.1.3, without the angle brackets */
#define PERSON_NAME_MAX 200
#define PERSON_LOCALE_MAX 35      /* BCP 47's longest in use */
#define PERSON_SUBJECT_MAX 255    /* OpenID Connect Core 1.0, section 2 */
#define PERSON_MESSAGE_MAX 16384  /* an invitation's text */
#define PERSON_USER_AGENT_MAX 200 /* a longer one is cut by who writes it */
#define PERSON_CLIENT_ADDRESS_MAX 64
#define PERSON_CLIENT_SECRET_MAX 1024
#define PERSON_SALT_LEN 16
#define PERSON_PROOF_LEN 32
#define PERSON_RECORD_MAX 18000 /* bytes of the longest */

/* scrypt's parameters for what is made today; those of older records stay as they are. */
#define PERSON_SCRYPT_N 32768
#define PERSON_SCRYPT_R 8
#define PERSON_SCRYPT_P 1
/* The most that a record may ask of who runs it: 128 * n * r bytes, p times. */
#define PERSON_SCRYPT_N_MAX 65536
#define PERSON_SCRYPT_R_MAX 8
#define PERSON_SCRYPT_P_MAX 4

enum person_record_kind {
    PERSON_PROFILE = 1,   /* of a user */
    PERSON_PASSWORD,      /* of a user */
    PERSON_LINK,          /* of a user: a subject of an identity provider */
    PERSON_INVITATION,    /* of a member */
    PERSON_DEVICE,        /* of a session */
    PERSON_CLIENT_SECRET, /* of a provider */
};

/* Texts are borrowed. */
struct person_record {
    enum person_record_kind kind;

    union {
        struct {
            struct span name, email, locale; /* name and locale may be empty */
        } profile;

        struct {
            uint64_t n, r, p;
            uint8_t salt[PERSON_SALT_LEN];
            uint8_t proof[PERSON_PROOF_LEN]; /* scrypt's output */
        } password;

        struct {
            struct id provider_id;
            struct span subject;
        } link;

        struct {
            struct span email, name, subject, body, locale; /* all but the first may be empty */
        } invitation;

        struct {
            struct span user_agent, address; /* may be empty */
        } device;

        struct {
            struct span secret;
        } client_secret;
    };
};

/* person_record_put appends a record; what is not within its bounds is ERR_TOO_LONG, ERR_RANGE or ERR_MALFORMED, and
 * nothing is appended. ERR_NO_SPACE. person_record_read reads the whole of bytes strictly, within the same bounds. Its
 * errors are unpack's, ERR_VERSION, ERR_KIND (another record or field), ERR_RANGE, ERR_TRAILING. */
enum err person_record_put(struct buf *out, const struct person_record *record) MUST_USE;
enum err person_record_read(struct span bytes, struct person_record *ret_record) MUST_USE;
/* person_record_owner tells whose it may be: a kind of id. */
enum id_kind person_record_owner(enum person_record_kind kind);

/* person_address appends the form in which addresses are compared: letters small, all else as it is. An address has one
 * spelling but for that, and no other person's looks like it: it is ASCII (a domain in another script is written as
 * IDNA has it, xn--…; what in Unicode looks alike, or is the same in another composition, never meets here), a dot-atom
 * (RFC 5322: no quotes, which would be a second spelling), @ and a domain without a dot at its end. Case is no
 * difference in the local part either: where a mailbox has a twin in capitals, one of them signs in here.
 * ERR_MALFORMED: it is none such, or has not 3 to 254 bytes; ERR_NO_SPACE. */
enum err person_address(struct span text, struct buf *out) MUST_USE;

#endif
