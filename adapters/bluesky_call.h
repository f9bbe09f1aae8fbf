/* bluesky_call.h: the calls of atproto's XRPC that we use, as HTTP requests and as what their answers mean. Pure.
 * Inside the adapter bluesky only. */
#ifndef OPENPOST_ADAPTERS_BLUESKY_CALL_H
#define OPENPOST_ADAPTERS_BLUESKY_CALL_H

#include "adapters/guard.h"
#include "adapters/http.h"
#include "core/message/json_node.h"
#include "core/message/message.h"
#include "core/message/refusal.h"

#define BLUESKY_ANSWER_MAX ((size_t)256 * 1024)      /* of an API call; a record with its DID document is under 20 KB */
#define BLUESKY_PAGE_MAX ((size_t)512 * 1024)        /* of a link's page: its head is at the beginning */
#define BLUESKY_THUMB_MAX ((size_t)1000000)          /* lexicon app.bsky.embed.external: thumb, maxSize */
#define BLUESKY_RESET_MAX_MS ((int64_t)26 * HOUR_MS) /* the longest window is a day */

enum bluesky_call {
    CALL_CREATE_SESSION,
    CALL_REFRESH_SESSION,
    CALL_RESOLVE_HANDLE,
    CALL_UPLOAD_BLOB,
    CALL_CREATE_RECORD,
    CALL_GET_RECORD,
    CALL_DELETE_RECORD,
    CALL_PAGE,  /* not XRPC: the page that a link names */
    CALL_IMAGE, /* likewise: the picture of its card */
    CALL_COUNT
};

/* bluesky_service_check judges a service's address: https (http only to an opened loopback port), no path.
 * ERR_MALFORMED, ERR_ACCESS. */
enum err bluesky_service_check(struct span service, const struct guard *guard) MUST_USE;

/* Each makes a request in the arena; ERR_NO_MEMORY. Tokens are secrets. */
struct bluesky_asker {
    struct span service;
    struct span token; /* Bearer; data NULL: none */
    struct arena *arena;
    int64_t deadline_ms;
};

enum err bluesky_ask_session(const struct bluesky_asker *asker, struct span identifier, struct span password,
                             struct http_request *ret_request) MUST_USE;
enum err bluesky_ask_refresh(const struct bluesky_asker *asker, struct http_request *ret_request) MUST_USE;
enum err bluesky_ask_handle(const struct bluesky_asker *asker, struct span handle, struct http_request *ret_request)
    MUST_USE;
enum err bluesky_ask_blob(const struct bluesky_asker *asker, struct span mime, struct span bytes,
                          struct http_request *ret_request) MUST_USE;
enum err bluesky_ask_read(const struct bluesky_asker *asker, const struct job *job, struct http_request *ret_request)
    MUST_USE;
enum err bluesky_ask_delete(const struct bluesky_asker *asker, const struct job *job, struct http_request *ret_request)
    MUST_USE;
enum err bluesky_ask_create(const struct bluesky_asker *asker, const struct job *job, struct span record,
                            struct http_request *ret_request) MUST_USE;
/* bluesky_ask_fetch asks for a page or picture anywhere, without credentials. */
enum err bluesky_ask_fetch(const struct bluesky_asker *asker, struct span url, size_t most,
                           struct http_request *ret_request) MUST_USE;

/* bluesky_record_complete writes a job's locked bytes with "reply" added when the job names a root; ERR_MALFORMED when
 * the bytes are no JSON object; ERR_NO_MEMORY. */
enum err bluesky_record_complete(const struct job *job, struct arena *arena, struct span *ret_record) MUST_USE;

/* What an answer means. */
struct bluesky_answer {
    enum outcome outcome; /* OUTCOME_ACCEPTED: the call did its work and body holds what it must */
    enum refusal code;    /* when not accepted */
    bool expired;         /* unauthorized, but a refreshed token may help */
    int64_t until_ms;     /* not before; 0: none named */
    struct span platform_code;
    struct span platform_message;
    const struct json_node *body; /* the answer as JSON; NULL when it is none */
};

/* bluesky_answer classifies the answer to a call. Table, for a call that commits (createRecord), a read (getRecord) and
 * all others:
 *
 *   answer                                   commit         read           others
 *   no connection                            try_again      unknown        try_again    platform_unreachable
 *   address refused by the guard             refused        unknown        refused      address_refused
 *   sent, no whole answer                    unknown        unknown        try_again
 *   200 with what the call gives             accepted       accepted       accepted
 *   200 without, other 2xx, 3xx              unknown        unknown        try_again
 *   401, ExpiredToken, InvalidToken          unauthorized   unknown        unauthorized (expired: refresh, ask again)
 *   account taken down, deactivated …        unauthorized   unknown        unauthorized
 *   429                                      deferred       unknown        deferred     until the headers' instant, if
 *                                                                                       they name one
 *   413                                      refused        unknown        refused
 *   400 RecordNotFound                       refused        absent         refused
 *   other 4xx with an XRPC error             refused        unknown        refused
 *   other 4xx without one                    unknown        unknown        try_again
 *   408, 5xx                                 unknown        unknown        try_again    platform_unavailable
 *
 * Fails only with ERR_NO_MEMORY. */
enum err bluesky_answer(enum bluesky_call call, const struct http_response *response, int64_t now_ms,
                        struct arena *arena, struct bluesky_answer *ret_answer) MUST_USE;

/* bluesky_answer_until gives the instant before which the headers ask not to come again: Retry-After's or, where that
 * is absent or says nothing, RateLimit-Reset's; at least a second and at most BLUESKY_RESET_MAX_MS from now. An instant
 * is of the platform's clock, which Date tells: what counts is how long after Date it is. 0 when they name none:
 * whoever asks again then backs off. */
int64_t bluesky_answer_until(const struct http_headers *headers, int64_t now_ms);

/* bluesky_token_expires_ms tells when a JWT (RFC 7519) that an answer with these headers brought expires, by our clock
 * and without judging its signature: as long after now_ms as its exp is after the answer's Date, so that neither of two
 * clocks need be right; not before now_ms. 0 when it does not say. */
int64_t bluesky_token_expires_ms(struct span token, const struct http_headers *headers, int64_t now_ms,
                                 struct arena *arena);

#endif
