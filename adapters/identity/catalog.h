/* catalog.h: what providers publish of themselves: their discovery documents and keys, asked for when somebody signs in
 * and kept for PROVIDER_KEPT_MS. Several who wait for the same thing wait for one request. No clock, no socket. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_CATALOG_H
#define OPENPOST_ADAPTERS_IDENTITY_CATALOG_H

#include "adapters/identity/jwks.h"
#include "adapters/identity/oidc.h"

/* A request over the network: its answer comes back with the call that it was begun with. */
enum call_kind { CALL_DOCUMENT, CALL_KEYS, CALL_INQUIRY };

struct call {
    enum call_kind kind;
    void *owner;
};

/* transport.h's transport_start, or a test's. */
struct call_net {
    void *context;
    enum err (*start)(void *context, const struct http_request *request, int64_t now_ms, struct arena *arena,
                      struct call *call);
};

struct catalog;
struct catalog_entry; /* an issuer's */

/* catalog_new borrows the guard for its life. ERR_NO_MEMORY. catalog_free accepts NULL. */
enum err catalog_new(const struct guard *guard, const struct call_net *net, struct catalog **ret_catalog) MUST_USE;
void catalog_free(struct catalog *catalog);

/* catalog_hold finds the issuer's entry, which stays until catalog_release. NULL: every place is held. */
struct catalog_entry *catalog_hold(struct catalog *catalog, struct span issuer, int64_t now_ms);
void catalog_release(struct catalog_entry *entry);

/* What somebody who waits has seen of an entry, so that an answer's failure is told to who waited for it, once. */
struct catalog_seen {
    uint64_t documents;
    uint64_t keys;
};

struct catalog_seen catalog_seen(const struct catalog_entry *entry);

/* catalog_document and catalog_keys give what is there, borrowed until the next call of catalog's; NULL: it was asked
 * for, come again after the next answer. A refusal: it was asked for since *seen, in vain. */
enum refusal catalog_document(struct catalog *catalog, struct catalog_entry *entry, const struct catalog_seen *seen,
                              int64_t now_ms, const struct oidc_provider **ret_provider) MUST_USE;
enum refusal catalog_keys(struct catalog *catalog, struct catalog_entry *entry, const struct catalog_seen *seen,
                          int64_t now_ms, const struct jwks **ret_keys) MUST_USE;
/* catalog_renew_keys gives up the keys, for a token names one that is not among them; false: they are younger than
 * PROVIDER_KEYS_AGAIN_MS, and stay. */
bool catalog_renew_keys(struct catalog_entry *entry, int64_t now_ms);

/* catalog_answered takes the answer to a call of kind CALL_DOCUMENT or CALL_KEYS. */
void catalog_answered(struct catalog *catalog, const struct call *call, int64_t now_ms,
                      const struct http_response *response);

#endif
