/* stream.h: connected byte streams, listeners, dialers, timers and who hears wake-ups, all of nng: stream.c is the only
 * file that knows it. Private to core/wire.
 *
 * Why nng's streams and not its REQ, REP and PUB sockets: in nng 1.5 a connection that is closed between the arrival of
 * a message's length and of its body never ends (tcp_recv on a stopped aio calls nobody back); its socket then never
 * reconnects, and the one thread that frees closed connections of the whole process waits for ever. Killing a busy
 * server showed it once in about 60 times. What is spoken is nng's own mapping all the same (link.h), so that nngcat
 * and every REQ socket can ask.
 *
 * Addresses: tcp://127.0.0.1:port (port 0 when listening: any). ipc:// is refused below nng 1.6, where one client that
 * connects and hangs up ends a listener for ever. Others are refused: nothing is encrypted here. */
#ifndef OPENPOST_WIRE_STREAM_H
#define OPENPOST_WIRE_STREAM_H

#include "core/base/owned.h"
#include "core/base/span.h"

/* OK, ERR_MALFORMED (not an address of ours), ERR_UNSUPPORTED (ipc with an old nng). */
enum err stream_address_check(const char *url) MUST_USE;

#define STREAM_FOREVER (-1)
#define STREAM_PIECES_MAX 8

struct stream;

/* Callbacks come on threads of nng's, never inside the call that causes them. len: how many bytes, at least 1 when OK.
 */
struct stream_events {
    void (*read)(void *context, enum err err, size_t len);
    void (*written)(void *context, enum err err, size_t len);
};

/* stream_use says who is called back; before the first reading or writing. At most one reading and one writing at a
 * time, none after stream_close; memory belongs to the stream until the callback. ERR_TIMED_OUT: not a byte in that
 * time. */
void stream_use(struct stream *stream, const struct stream_events *events, void *context);
void stream_read(struct stream *stream, void *data, size_t cap, int timeout_ms);
void stream_write(struct stream *stream, const struct span *pieces, unsigned count, int timeout_ms);
/* stream_close ends what is under way with ERR_CLOSED. stream_free waits for callbacks: never from one of its own;
 * accepts NULL. */
void stream_close(struct stream *stream);
void stream_free(struct stream *stream);
OWNED_BY(stream_free, struct stream *);

struct listener;
typedef void listener_accepted(void *context, struct stream *take_stream);

enum err listener_open(const char *url, listener_accepted *accepted, void *context, struct listener **ret_listener)
    MUST_USE;
/* listener_start accepts; listener_stop accepts no more and waits for the callback. */
void listener_start(struct listener *listener);
void listener_stop(struct listener *listener);
void listener_close(struct listener *listener);
OWNED_BY(listener_close, struct listener *);
uint16_t listener_port(const struct listener *listener);

struct dialer;
typedef void dialer_done(void *context, enum err err, struct stream *take_stream);

enum err dialer_open(const char *url, dialer_done *done, void *context, struct dialer **ret_dialer) MUST_USE;
/* dialer_dial connects once; one at a time. dialer_close waits for the callback. */
void dialer_dial(struct dialer *dialer, int timeout_ms);
void dialer_close(struct dialer *dialer);
OWNED_BY(dialer_close, struct dialer *);

struct timer;
typedef void timer_rang(void *context);

enum err timer_open(timer_rang *rang, void *context, struct timer **ret_timer) MUST_USE;
/* timer_start rings once after so long; not while it runs. timer_close waits for the callback; afterwards it never
 * rings. */
void timer_start(struct timer *timer, int after_ms);
void timer_close(struct timer *timer);
OWNED_BY(timer_close, struct timer *);
/* Milliseconds of a clock that only goes forward, for deadlines. */
uint64_t timer_now_ms(void);

/* ---- Wake-ups: SUB, only ever a hint (publisher.h) ---- */

struct subscriber;
typedef void subscriber_heard(void *context, struct span bytes);
enum err subscriber_open(const char *url, size_t len_max, subscriber_heard *heard, void *context,
                         struct subscriber **ret_subscriber) MUST_USE;
void subscriber_close(struct subscriber *subscriber);
OWNED_BY(subscriber_close, struct subscriber *);

#endif
