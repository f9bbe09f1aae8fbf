/* gateway.h: HTTP in, commands and questions out. What a running gateway has, and an exchange: one request on its way
 * to its answer. */
#ifndef OPENPOST_GATEWAY_GATEWAY_H
#define OPENPOST_GATEWAY_GATEWAY_H

#include <stdatomic.h>

#include "core/admission.h"
#include "core/base/clock.h"
#include "core/base/covered.h"
#include "core/base/lock.h"
#include "core/calendar/instant.h"
#include "core/channel.h"
#include "core/message/codec.h"
#include "gateway/gate/ask.h"
#include "gateway/gate/order.h"
#include "gateway/idempotency.h"
#include "gateway/input.h"
#include "gateway/limiter.h"
#include "gateway/memo.h"
#include "gateway/proofs.h"
#include "gateway/sign_in/cookie.h"
#include "gateway/sign_in/flow.h"
#include "gateway/sign_in/hashers.h"
#include "gateway/sign_in/site.h"
#include "gateway/streams.h"

#define VERSION_OF_NOTHING ((uint64_t)INT64_MAX) /* no stream gets there: whoever expects it is refused */
#define REDO_MAX \
    64 /* changed between our reading and the ledger's deciding: read again, so often; another got on each time */
#define RATE_WINDOW_S 60                 /* plans and --rate-limit count requests a minute */
#define BODY_BYTES_MAX ((size_t)2 << 20) /* 25 parts and 50 variants of 64 KiB would be more; nobody writes that */

#define DOCUMENT_TAG_BYTES 16
#define DOCUMENT_MAX ((size_t)8 << 20) /* as any body; it is some 750 KB */

/* openapi.c's: the description of this API, which is the same as long as the process lives. */
struct document {
    pthread_mutex_t lock;
    struct span json; /* in the arena; data NULL: nobody has asked yet */
    struct arena arena;
    uint8_t tag[2 * DOCUMENT_TAG_BYTES + 2]; /* its ETag */
};

void document_init(struct document *document);
void document_done(struct document *document);

struct gateway {
    struct gate *gate;
    const struct channel_list *channels;
    const char *bluesky_service; /* where a Bluesky account lives when the request names no service */
    uint8_t body_key[32];        /* bodies are recognised by an HMAC under it: one may hold a password */
    struct zones *zones;         /* any thread may ask */
    struct memo memo;
    struct document document;
    struct flights flights;
    struct limiter limiter;  /* of keys and sessions */
    struct limiter sign_ins; /* of those who sign in: their addresses, and where they are */
    struct hashers *hashers;
    struct site site;     /* where browsers find us */
    uint8_t flow_key[32]; /* seals what somebody has to come back with from an identity provider */
    struct spent_flows spent_flows;
    uint32_t quota; /* requests that a key may make in its window, where no plan says so; 0: any */
    pthread_mutex_t random_lock;
    struct random_pool random; /* for ids */
    struct streams *streams;
    struct proofs proofs;
    atomic_bool stopping;
};

struct exchange;
struct oversight; /* gate/oversight.h */
/* A route's handler: reads, then answers or sends one command. */
typedef void exchange_handler(struct exchange *exchange);

struct rendered; /* rendering.c's */

struct exchange {
    struct gateway *gateway;
    struct request *request;
    const struct route *route;
    struct pass *pass;
    const struct json_node *body; /* NULL: none was sent */
    struct id id;                 /* the path's first id */
    struct id target_id;          /* the path's second */
    struct span param;            /* the path's first parameter as sent */
    uint64_t after;               /* of a list whose positions are numbers */
    uint32_t limit;               /* of a list: how many are wanted */
    struct proof_wish proof;
    struct post_view post;              /* RESOURCE_POST, RESOURCE_TARGET: valid until exchange_send returns */
    struct integration_row integration; /* RESOURCE_INTEGRATION, RESOURCE_QUEUE: likewise */
    struct weekly_row queue;            /* RESOURCE_QUEUE, beside its integration */
    struct series_row series;           /* RESOURCE_SERIES: likewise */
    struct key_view key;                /* RESOURCE_KEY: likewise */
    struct member_row member;           /* RESOURCE_MEMBER */
    struct outsider_row outsider;       /* RESOURCE_ACTOR: an operator */
    struct template_row template;       /* RESOURCE_TEMPLATE: valid until exchange_send returns */
    struct workspace_row tenant;        /* RESOURCE_WORKSPACE */
    struct oversight *oversight;        /* RESOURCE_WORKSPACE, RESOURCE_WORKSPACES: of somebody who is signed in */
    bool owned;                         /* the workspace that this exchange made has its owner */
    struct member_row *members;         /* to be shown once it is known what they are called */
    uint32_t member_count;
    bool more_members;              /* after them */
    char key_text[KEY_TEXT_MAX];    /* of a key, or an invitation's token, that this exchange makes; forgotten then */
    uint64_t if_match;              /* 0: not sent; VERSION_OF_NOTHING: stale, or required and missing */
    bool match_missing;             /* required and not sent */
    const char *match_detail;       /* why if_match is stale, where more than the refusal's title is to say; or NULL */
    const char *retry_detail;       /* why a retry finds nothing to send again, where we see it; or NULL */
    struct idempotency idempotency; /* present: the client sent a key */
    struct order *order;            /* NULL: none was begun */
    struct sending sending;         /* what goes with it */
    struct answer first; /* what the ledger answered: to the command, or to the first of a repeated Idempotency-Key */
    char cookie[COOKIE_MAX]; /* the answer's Set-Cookie; "": none */
    char *flow_cookie;       /* likewise of a sign-in through a provider, in the arena; NULL: none */
    bool replayed;           /* it is the first answer again */
    bool is_public;          /* it may be kept, and asked about before it is used again */
    struct body_list past;   /* while it is asked for: the stream's events up to `first` */
    bool rewound;            /* the pass shows the stream as `first` left it */
    struct flight flight;
    bool flies; /* flight was begun */
    unsigned redone;
    uint32_t quota; /* the key's; 0: none, or not known yet */
    struct limiter_verdict rate;
    int64_t now_ms;
    struct id request_uuid; /* the command's id differs from it in the kind only */
    char request_id[ID_TEXT_MAX + 1];
    struct input input;
    struct placeholder_ref *blanks; /* that the post still has; the texts are in the request's arena */
    uint32_t blank_count;
    struct rendered *rendered; /* by rendering_allows, of what is about to be written; NULL: nothing */
    uint8_t problem[2048];     /* for a problem when the request's arena has no room left */
};

/* exchange_handle is the server's handler: routes, opens the gate, checks in exchange.c's order and calls the
 * route's handler. context: the struct gateway. exchange_refusal is the server's refusal function. */
void exchange_handle(void *context, struct request *request);
void exchange_refusal(void *context, unsigned status, const char *code, struct arena *arena,
                      struct response *ret_response);

/* Answers: each ends the exchange, which must not be used afterwards.
 * exchange_json: body is JSON, in the request's arena or static; tag: its ETag (etag.h), data NULL: none; location
 * NULL: none.
 * exchange_problem: RFC 9457; detail NULL: the refusal's title; param NULL: none; more: further members
 * (",\"locked_at\":…"), NULL: none. Detail and more are left out when there is no memory for them.
 * exchange_input: the input's fault, if there is one: true. exchange_failed: an operating error. */
void exchange_json(struct exchange *exchange, unsigned status, struct span body, struct span tag, const char *location);
void exchange_typed(struct exchange *exchange, const char *content_type, struct span body);
void exchange_nothing(struct exchange *exchange); /* 204 */
/* exchange_see_other sends the browser to a path of this site: 303. */
void exchange_see_other(struct exchange *exchange, const char *path);
/* exchange_stream answers with what is put into stream from now on: server-sent events. */
void exchange_stream(struct exchange *exchange, struct server_stream *stream);
void exchange_problem(struct exchange *exchange, enum refusal refusal, const char *detail, const char *param,
                      const char *more);
bool exchange_input(struct exchange *exchange);
/* exchange_says_when tells whether a problem of that status has a Retry-After. */
bool exchange_says_when(unsigned status);
void exchange_failed(struct exchange *exchange, enum err err);

/* ORDER begins the exchange's command, a name of command.def, and gives its fields, to be filled: empty so far, and
 * naming If-Match's version. exchange_admitted judges what it says (core/admission.h); false: answered. exchange_send
 * does that too, then sends it; on acceptance what it made or changed is answered as it is afterwards (perhaps on
 * another thread), on refusal the problem. */
#define ORDER(exchange, name, stream) ((struct name##_command *)exchange_order((exchange), COMMAND_##name, (stream)))
void *exchange_order(struct exchange *exchange, enum command_code code, const struct id *stream);
bool exchange_admitted(struct exchange *exchange);
void exchange_send(struct exchange *exchange);
/* exchange_send_fit sends a command by which this content is, or stays, scheduled, unless a fatal violation forbids it.
 * created_ms: when it would be published; 0: now, or not known. */
void exchange_send_fit(struct exchange *exchange, const struct post_content_row *content, int64_t created_ms);
/* exchange_note_blanks finds which of those names are still blank in what is about to be written or scheduled, so that
 * the refusal can name them; false: answered. With any, exchange_send_fit looks for no violation. */
bool exchange_note_blanks(struct exchange *exchange, const struct post_content_row *content,
                          const struct placeholder_ref *names, uint32_t count);
/* exchange_sealed is a gate_replied: the secret that the exchange's command names is durable, so the command is sent.
 */
void exchange_sealed(void *exchange, enum err err, struct span body);
/* exchange_is_stale tells whether If-Match is missing or names another version: the ledger refuses it, unless the state
 * does; checks that weigh less are left out. */
bool exchange_is_stale(const struct exchange *exchange);
/* exchange_may_change tells whether the post can still be changed, and is what the sender saw: only then do rules about
 * its content matter, for what the ledger refuses for its state comes before them. */
bool exchange_may_change(const struct exchange *exchange);
/* exchange_is_from_site tells whether a request that acts for whoever is signed in comes from a page of ours; false:
 * answered. */
bool exchange_is_from_site(struct exchange *exchange);
/* exchange_open_gate shows the gate what the request shows. exchange_has_place tells whether whoever has the pass is
 * where the route needs somebody to be: in a workspace, or signed in. False: answered. */
bool exchange_open_gate(struct exchange *exchange, const struct route_hit *hit);
bool exchange_has_place(struct exchange *exchange);
/* exchange_header_once tells whether a header of that name was sent at most once; false: answered, for nobody can tell
 * which was meant. name is static. */
#define SENT_TWICE "This header may be sent only once."
bool exchange_header_once(struct exchange *exchange, const char *name);
/* exchange_mint makes an id. */
struct id exchange_mint(struct exchange *exchange, enum id_kind kind);

/* exchange_done answers what the accepted command of exchange->first made or changed, as that left it: what others have
 * changed since is undone by exchange_rewind, which reads the stream's events and calls exchange_done again. The others
 * answer a row that was read in the transaction that is open. */
void exchange_done(struct exchange *exchange);
void exchange_rewind(struct exchange *exchange);
void exchange_show_post(struct exchange *exchange, const struct post_view *post, unsigned status, bool with_location);
void exchange_show_integration(struct exchange *exchange, const struct integration_row *row, unsigned status,
                               bool with_location);
/* series_handlers.c */
void exchange_show_series(struct exchange *exchange, const struct series_row *row, unsigned status, bool with_location);
void exchange_show_queue(struct exchange *exchange, const struct weekly_row *row);
void exchange_show_workspace(struct exchange *exchange, const struct workspace_row *row);
void exchange_show_template(struct exchange *exchange, const struct template_row *row, unsigned status,
                            bool with_location);
/* host_handlers.c: of a workspace from outside. exchange_own_tenant makes the operator the owner of what this exchange
 * made, or made before it was repeated, and calls exchange_done again; false: there is nothing to do. */
void exchange_show_tenant(struct exchange *exchange, const struct workspace_row *row);
bool exchange_own_tenant(struct exchange *exchange);
/* exchange_location makes the URL of a resource, for Location; NULL: no memory. */
const char *exchange_location(struct exchange *exchange, const char *folder, const struct id *id);
/* exchange_show_key shows the text of a key that was made by this exchange, too, and forgets it. */
/* member_handlers.c: exchange_show_member asks what the member is called, then answers. */
void exchange_show_member(struct exchange *exchange, const struct member_row *row);
void exchange_show_key(struct exchange *exchange, const struct key_view *key);

/* exchange_query reads a query parameter of the route's, decoded into the arena, the n-th (from 0) of its name; data
 * NULL when absent. exchange_filters is a number for all of them but cursor, after and limit, whatever their order.
 * exchange_query_check refuses parameters that are not the route's (parameter.def) and answers (false).
 * exchange_parameter answers what is wrong with one. */
struct span exchange_query(struct exchange *exchange, const char *name, unsigned n);
uint64_t exchange_filters(struct exchange *exchange);
bool exchange_query_check(struct exchange *exchange);
void exchange_parameter(struct exchange *exchange, enum refusal refusal, const char *name, const char *detail);
/* exchange_limit reads limit=1..200 (default 50); false: answered. */
bool exchange_limit(struct exchange *exchange, uint32_t *ret_limit);

/* cursor.c: exchange_cursor_put_u64 appends a position of this route's list, quoted and opaque. exchange_cursor reads
 * the request's (data NULL: it has none); a changed one, or another list's or filter's, is 400 cursor_invalid; false:
 * answered. The _u64 ones are for positions that are numbers; without a cursor *position is left alone. */
struct cursor {
    struct span position; /* borrows bytes */
    uint8_t bytes[COVERED_MAX];
};

void exchange_cursor_put_u64(struct exchange *exchange, uint64_t position, struct buf *out);
bool exchange_cursor(struct exchange *exchange, struct cursor *ret_cursor);
bool exchange_cursor_u64(struct exchange *exchange, uint64_t *position);

/* A page of a list in the order of ids. exchange_id_page reads it from the request; false: answered.
 * exchange_id_page_end ends its body behind the items: last is the last one's id when there are others after it, else
 * NULL. exchange_page_end ends the body of any list behind its last member, by the last one's position; data NULL, or
 * 0: there are no others. */
struct id_page {
    uint32_t limit;
    const struct id *after; /* NULL: from the first */
    struct id room;
};

bool exchange_id_page(struct exchange *exchange, struct id_page *ret_page);
void exchange_id_page_end(struct exchange *exchange, const struct id *last, struct buf *out);
void exchange_page_end(struct exchange *exchange, struct span last, struct buf *out);
void exchange_page_end_u64(struct exchange *exchange, uint64_t last, struct buf *out);

/* exchange_out makes out an empty buffer for a body, in the request's arena: 8 KiB when it has no size yet, else four
 * times as much as it had; ERR_TOO_LONG past 8 MiB, ERR_NO_MEMORY: out is left alone. */
enum err exchange_out(struct exchange *exchange, struct buf *out) MUST_USE;

/* A writer appends a whole body to out, which is empty: what is whatever its handler has to show. Where out has no room
 * left (it says ERR_NO_SPACE, or just went on) it is called again with a larger one: so it leaves what as it was.
 * exchange_body calls write until its body fits into *out, which is empty at first and lives as long as the request.
 * ERR_TOO_LONG past 8 MiB, ERR_NO_MEMORY: *out is then the largest that was tried. Else what write fails with.
 * exchange_page is exchange_body for a list of at most *most things, which stands in what: where so many are too long,
 * a page of half as many, and so on; ERR_TOO_LONG: one is.
 * exchange_answer ends the exchange with that body, or with what went wrong; tag and location: as for exchange_json.
 * exchange_show does so with status 200, without either. */
typedef enum err exchange_writer(struct exchange *exchange, const void *what, struct buf *out);

enum err exchange_body(struct exchange *exchange, exchange_writer *write, const void *what, struct buf *out) MUST_USE;
enum err exchange_page(struct exchange *exchange, exchange_writer *write, const void *what, uint32_t *most,
                       struct buf *out) MUST_USE;
void exchange_answer(struct exchange *exchange, unsigned status, exchange_writer *write, const void *what,
                     struct span tag, const char *location);
void exchange_show(struct exchange *exchange, exchange_writer *write, const void *what);

/* public_handlers.c: why an installation with these figures of the ledger's (body.h) is not ready; NULL: it is. A
 * figure that is missing counts as bad. ready_degraded appends what one that is ready does not do at present, by these
 * figures too, where a missing one says nothing. */
const char *ready_fault(struct span figures);
void ready_degraded(const struct condition *condition, struct span figures, int64_t now_ms, struct buf *out);
/* log_fault likewise: an event of the log was met that is not as it was written. */
const char *log_fault(struct span figures);
/* metrics_are_for tells whether a peer with that address is told the figures of the whole installation: this machine
 * alone, for they tell how busy all tenants are together. */
bool metrics_are_for(struct span remote);

/* refused.c: where in the body stands what the ledger refused at now_ms; param NULL: not in it. And what is to say of
 * it beyond the refusal's title; detail NULL: nothing. param may point into text: it must stay where it is. */
struct refused {
    const char *param;
    const char *detail;
    char text[INPUT_PARAM_MAX];
};

void exchange_refused(const struct exchange *exchange, enum refusal refusal, int64_t now_ms,
                      struct refused *ret_refused);
/* exchange_refused_detail is the detail of what was refused before the ledger was asked. */
const char *exchange_refused_detail(const struct exchange *exchange, enum refusal refusal);
/* exchange_text_param gives a pointer to the one text of a body that has it as content.text, not under parts. */
const char *exchange_text_param(const struct exchange *exchange, const char *param);
/* refused_more.c: what a plan that is used up says of itself and of the ways on, for what the request would have begun,
 * or for a limit; NULL: it cannot be read at the moment. exchange_refused_more appends the members that the problem has
 * beside its code. */
const char *exchange_plan_detail(const struct exchange *exchange);
const char *exchange_limit_detail(const struct exchange *exchange, enum limit limit);
void exchange_refused_more(const struct exchange *exchange, const struct answer *answer, struct buf *more);

/* rendering.c: rendering_present writes the native form of one target. */
enum err rendering_present(void *context, struct arena *arena, const struct post_view *post, uint32_t target_index,
                           struct buf *out) MUST_USE;
/* rendering_allows looks for a fatal violation of a post's content; false: there is one, and it was answered with all
 * of that target. created_ms: when a target without an instant of its own would be published; 0: not known. What it
 * rendered for a known instant rendering_keep remembers, once the content is version of the post. */
bool rendering_allows(struct exchange *exchange, const struct post_content_row *content, int64_t created_ms);
void rendering_keep(struct exchange *exchange, uint64_t version);

/* The handlers, one per route of route.def. */
#define ROUTE(name_, method_, path_, need_, scope_, resource_, body_, match_, success_, takes_, gives_, doc_) \
    exchange_handler handle_##name_;
#include "gateway/route.def"

#endif
