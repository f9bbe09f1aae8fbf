/* idempotency.c: see idempotency.h. The look-up comes before whatever depends on the state: a repeated request gets its
 * first answer, though its instant has passed or what it names is gone. The ledger asks again when it decides. */
#include "gateway/idempotency.h"

#include "core/base/assert.h"
#include "core/vault/box.h"
#include "gateway/gateway.h"
#include "gateway/header_value.h"

void flights_init(struct flights *flights)
{
    memset(flights->lists, 0, sizeof flights->lists);
    (void)pthread_mutex_init(&flights->mutex, NULL);
}

void flights_done(struct flights *flights)
{
    (void)pthread_mutex_destroy(&flights->mutex);
}

bool flights_begin(struct flights *flights, struct flight *flight)
{
    struct flight **list = &flights->lists[flight->scope[0]];
    (void)pthread_mutex_lock(&flights->mutex);
    const struct flight *other = *list;
    while (other != NULL && memcmp(other->scope, flight->scope, sizeof flight->scope) != 0) {
        other = other->next;
    }
    if (other == NULL) {
        flight->next = *list;
        *list = flight;
    }
    (void)pthread_mutex_unlock(&flights->mutex);
    return other == NULL;
}

void flights_end(struct flights *flights, struct flight *flight)
{
    (void)pthread_mutex_lock(&flights->mutex);
    struct flight **at = &flights->lists[flight->scope[0]];
    while (*at != flight) {
        at = &(*at)->next;
    }
    *at = flight->next;
    (void)pthread_mutex_unlock(&flights->mutex);
}

static enum err hash_key(struct exchange *x, struct span key)
{
    const struct badge *badge = pass_badge(x->pass);
    const struct id *principal = id_is_none(&badge->user_id) ? &badge->key_id : &badge->user_id; /* in any session */
    const bool persons = access_is_persons(x->route->need); /* whatever workspace they are in by then */
    const struct id workspace_id = persons ? (struct id){0} : badge->workspace_id;
    const char *method = method_name(x->request->method);
    const size_t cap = 2 * sizeof(struct id) + strlen(method) + x->request->path.len + key.len + 1;
    uint8_t *bytes = arena_alloc(&x->request->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    /* Ids have a fixed length, a method no slash and a path no NUL: two different scopes never give the same bytes. */
    struct buf scope = buf_of(bytes, cap);
    buf_put(&scope, span_of(&workspace_id, sizeof workspace_id));
    buf_put(&scope, span_of(principal, sizeof *principal));
    buf_text(&scope, method);
    buf_put(&scope, x->request->path);
    buf_byte(&scope, 0);
    buf_put(&scope, key);
    ASSERT(buf_ok(&scope));
    sha256(buf_span(&scope), x->idempotency.scope);
    /* The hash goes into the log, and a body may hold credentials: never a plain hash of it. */
    sha256_hmac(span_of(x->gateway->body_key, sizeof x->gateway->body_key), x->request->body, x->idempotency.body);
    x->idempotency.present = true;
    return OK;
}

bool exchange_asked_before(struct exchange *x, enum asked_before *ret_before)
{
    const struct span key = request_header(x->request, "Idempotency-Key");
    const bool reads = x->request->method == METHOD_GET || x->request->method == METHOD_HEAD;
    if (key.data == NULL || reads) {
        *ret_before = ASKED_NEVER;
        return true;
    }
    if (request_header_count(x->request, "Idempotency-Key") != 1 || !header_is_idempotency_key(key)) {
        *ret_before = ASKED_BADLY;
        return true;
    }
    bool same = false;
    enum err err = hash_key(x, key);
    err = err == OK ? pass_asked(x->pass, &x->idempotency, &same, &x->first) : err;
    if (err != OK && err != ERR_NOT_FOUND) {
        exchange_failed(x, err);
        return false;
    }
    *ret_before = err == ERR_NOT_FOUND ? ASKED_NEVER : same ? ASKED_SAME : ASKED_OTHER;
    return true;
}
