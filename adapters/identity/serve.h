/* serve.h: the inquiries and the transport behind the socket on which the gateway asks (core/wire/identity.h). One
 * loop, one thread; the socket's own threads only put requests into a tray. Composed by main.c, which brings the
 * clock. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_SERVE_H
#define OPENPOST_ADAPTERS_IDENTITY_SERVE_H

#include "adapters/guard.h"
#include "core/base/owned.h"
#include "core/message/refusal.h"
#include "core/wire/frame.h"

struct identity_serve;

/* A question that a provider is the reason of a refusal of; for whoever has to find out why nobody signs in. */
struct identity_trouble {
    enum refusal refusal;
    struct span issuer;
    const char *step;
};

struct identity_serve_options {
    struct guard guard;
    const char *url;                 /* tcp://127.0.0.1:PORT */
    uint8_t key[FRAME_KEY_LEN];      /* identity_key (core/wire/party.h) */
    uint8_t challenge[FRAME_ID_LEN]; /* random */
    int wake_fd;                     /* ends identity_serve_step when readable; below 0: none */
    void (*trouble)(const struct identity_trouble *trouble);
};

/* identity_serve_open prepares all but the socket, before the process is confined: ERR_NO_MEMORY. identity_serve_listen
 * then opens the socket: ERR_MALFORMED, ERR_BUSY, ERR_IO … identity_serve_close drops what is under way; accepts NULL.
 */
enum err identity_serve_open(const struct identity_serve_options *options, struct identity_serve **ret_serve) MUST_USE;
enum err identity_serve_listen(struct identity_serve *serve) MUST_USE;
void identity_serve_close(struct identity_serve *serve);
OWNED_BY(identity_serve_close, struct identity_serve *);
uint16_t identity_serve_port(const struct identity_serve *serve);

/* identity_serve_step does what there is to do and waits up to wait_ms for more; now gives the time (clock_wall_ms).
 * identity_serve_stopping: take no more questions; identity_serve_is_idle: none is under way. */
void identity_serve_step(struct identity_serve *serve, int64_t (*now)(void), int wait_ms);
void identity_serve_stopping(struct identity_serve *serve);
bool identity_serve_is_idle(const struct identity_serve *serve);

struct identity_serve_figures {
    uint64_t requests;
    uint64_t strange; /* dropped: unauthentic or unreadable */
    uint64_t away;    /* turned away: the process ends */
    uint64_t good;
    uint64_t refused;
};

void identity_serve_figures(const struct identity_serve *serve, struct identity_serve_figures *ret_figures);

#endif
