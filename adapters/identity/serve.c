/* serve.c: see serve.h. What comes is authenticated before it is looked into (pair_request_read). */
#include "adapters/identity/serve.h"

#include "adapters/identity/inquiry.h"
#include "adapters/transport.h"
#include "adapters/tray.h"
#include "core/base/assert.h"
#include "core/wire/identity_client.h"
#include "core/wire/pair.h"
#include "core/wire/party.h"

#define FRAME_MAX (IDENTITY_ASK_MAX + FRAME_OVERHEAD_MAX + FRAME_TAG_LEN)
#define REPLY_FRAME_MAX (IDENTITY_REPLY_MAX + FRAME_OVERHEAD_MAX + FRAME_TAG_LEN)
#define REQUESTS_MAX (INQUIRIES_MAX + 16u) /* those that are told that there is no room need some */
#define TRANSFERS_MAX (INQUIRIES_MAX + PROVIDERS_KEPT)
#define PER_HOST_MAX 32u

_Static_assert(REQUESTS_MAX <= TRAY_MAX, "a tray takes every request");
_Static_assert(IDENTITY_QUESTIONS_MAX <= INQUIRIES_MAX, "the gateway asks no more than there is room for");

/* A question whose answer is owed. */
struct owed {
    struct endpoint_request *request; /* NULL: a free place */
    uint8_t id[FRAME_ID_LEN];
};

struct identity_serve {
    struct arena arena;
    struct identity_serve_options options;
    struct frame_key *key;
    struct transport *transport;
    struct inquiries *inquiries;
    struct endpoint *endpoint;
    struct tray tray;
    struct owed owed[REQUESTS_MAX];
    bool stopping;
    struct identity_serve_figures figures;
};

static enum err start(void *context, const struct http_request *request, int64_t now_ms, struct arena *arena,
                      struct call *call)
{
    return transport_start(((struct identity_serve *)context)->transport, request, now_ms, arena, call);
}

/* A refusal that says more of the provider, or of how it was added, than of who signs in. */
static bool is_trouble(enum refusal refusal)
{
    return refusal != ACCEPTED && refusal != REFUSED_code_refused && refusal != REFUSED_frame_invalid &&
           refusal != REFUSED_unavailable;
}

static void ended(void *context, void *tag, const struct inquiry_end *end)
{
    struct identity_serve *serve = context;
    struct owed *owed = tag;
    uint8_t body_bytes[IDENTITY_REPLY_MAX + 64];
    uint8_t bytes[REPLY_FRAME_MAX];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    struct buf out = buf_of(bytes, sizeof bytes);
    const struct identity_trouble trouble = {.refusal = end->refusal, .issuer = end->issuer, .step = end->step};
    *(end->refusal == ACCEPTED ? &serve->figures.good : &serve->figures.refused) += 1;
    if (is_trouble(end->refusal)) {
        serve->options.trouble(&trouble);
    }
    body_result_put(&body, end->refusal, end->result);
    if (pair_reply_write(serve->key, FRAME_IDENTITY, owed->id, buf_span(&body), &out) == OK) {
        endpoint_reply(owed->request, buf_span(&out));
    } else {
        endpoint_drop(owed->request);
    }
    owed->request = NULL;
}

static enum err open_parts(struct identity_serve *serve, const uint8_t key[FRAME_KEY_LEN])
{
    uint8_t link[FRAME_KEY_LEN];
    const struct transport_options transport = {.guard = &serve->options.guard,
                                                .transfers_max = TRANSFERS_MAX,
                                                .per_host_max = PER_HOST_MAX,
                                                .wake_fd = serve->options.wake_fd};
    struct inquiry_options inquiries = {
        .guard = &serve->options.guard, .net = {.context = serve, .start = start},
             .ended = ended, .context = serve
    };
    identity_link_key(key, link);
    enum err err = frame_key_new(link, &serve->key);
    explicit_bzero(link, sizeof link);
    TRY(err);
    TRY(transport_open(&transport, &serve->transport));
    identity_box_key(key, inquiries.box_key);
    err = inquiries_new(&inquiries, &serve->inquiries);
    explicit_bzero(inquiries.box_key, sizeof inquiries.box_key);
    return err;
}

enum err identity_serve_open(const struct identity_serve_options *options, struct identity_serve **ret_serve)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct identity_serve) + 65536);
    struct identity_serve *serve = arena_alloc(&arena, sizeof *serve);
    if (serve == NULL) {
        return ERR_NO_MEMORY;
    }
    serve->arena = arena;
    serve->options = *options;
    explicit_bzero(serve->options.key, sizeof serve->options.key);
    tray_init(&serve->tray);
    const enum err err = open_parts(serve, options->key);
    if (err != OK) {
        identity_serve_close(serve);
        return err;
    }
    *ret_serve = serve;
    return OK;
}

/* On a thread of the socket's. */
static void arrived(void *context, struct endpoint_request *request)
{
    struct identity_serve *serve = context;
    if (tray_put(&serve->tray, request)) {
        transport_wake(serve->transport);
    }
}

enum err identity_serve_listen(struct identity_serve *serve)
{
    const struct endpoint_options options = {.url = serve->options.url,
                                             .contexts = REQUESTS_MAX,
                                             .per_connection = REQUESTS_MAX,
                                             .frame_max = FRAME_MAX,
                                             .handle = arrived,
                                             .context = serve};
    return endpoint_open(&options, &serve->endpoint);
}

void identity_serve_close(struct identity_serve *serve)
{
    if (serve == NULL) {
        return;
    }
    if (serve->endpoint != NULL) {
        endpoint_stop(serve->endpoint);
    }
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        if (serve->owed[i].request != NULL) {
            endpoint_drop(serve->owed[i].request);
        }
    }
    tray_done(&serve->tray);
    endpoint_close(serve->endpoint);
    transport_close(serve->transport);
    inquiries_free(serve->inquiries);
    frame_key_free(serve->key);
    struct arena arena = serve->arena;
    arena_done(&arena);
}

uint16_t identity_serve_port(const struct identity_serve *serve)
{
    return endpoint_port(serve->endpoint);
}

static void refuse(struct identity_serve *serve, struct endpoint_request *request, const uint8_t id[FRAME_ID_LEN])
{
    uint8_t bytes[256];
    struct buf out = buf_of(bytes, sizeof bytes);
    serve->figures.away++;
    if (pair_refuse_write(serve->key, id, &out) == OK) {
        endpoint_reply(request, buf_span(&out));
    } else {
        endpoint_drop(request);
    }
}

static void begin(struct identity_serve *serve, struct endpoint_request *request, const uint8_t id[FRAME_ID_LEN],
                  struct span body, int64_t now_ms)
{
    struct owed *owed = &serve->owed[endpoint_slot(request)];
    ASSERT(owed->request == NULL);
    owed->request = request;
    memcpy(owed->id, id, FRAME_ID_LEN);
    inquiries_begin(serve->inquiries, body, now_ms, owed);
}

static void take_message(struct identity_serve *serve, struct endpoint_request *request, int64_t now_ms)
{
    uint8_t id[FRAME_ID_LEN];
    uint8_t bytes[256];
    struct span body;
    struct buf out = buf_of(bytes, sizeof bytes);
    serve->figures.requests++;
    const enum err err =
        pair_request_read(serve->key, FRAME_IDENTITY, endpoint_bytes(request), serve->options.challenge, id, &body);
    if (err == OK || err == ERR_CONFLICT) {
        endpoint_trust(request, &(struct id){0});
    }
    if (err == OK && serve->stopping) {
        refuse(serve, request, id);
    } else if (err == OK) {
        begin(serve, request, id, body, now_ms);
    } else if (err == ERR_CONFLICT && pair_welcome_write(serve->key, id, serve->options.challenge, &out) == OK) {
        endpoint_reply(request, buf_span(&out));
    } else {
        serve->figures.strange++;
        endpoint_drop(request);
    }
}

void identity_serve_step(struct identity_serve *serve, int64_t (*now)(void), int wait_ms)
{
    void *call = NULL;
    struct http_response response;
    transport_poll(serve->transport, wait_ms);
    while (transport_next(serve->transport, &call, &response)) {
        inquiries_answered(serve->inquiries, call, now(), &response);
    }
    for (struct endpoint_request *request = tray_take(&serve->tray); request != NULL;
         request = tray_take(&serve->tray)) {
        take_message(serve, request, now());
    }
}

void identity_serve_stopping(struct identity_serve *serve)
{
    serve->stopping = true;
}

bool identity_serve_is_idle(const struct identity_serve *serve)
{
    return inquiries_open(serve->inquiries) == 0;
}

void identity_serve_figures(const struct identity_serve *serve, struct identity_serve_figures *ret_figures)
{
    *ret_figures = serve->figures;
}
