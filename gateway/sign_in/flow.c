/* flow.c: see flow.h. Called by the handlers of signing in through a provider. A value is base64 of a box (core/vault)
 * of fields of fixed length and, behind them, the path to return to. Must never tell why a value is refused. */
#include "gateway/sign_in/flow.h"

#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/base/lock.h"
#include "core/vault/box.h"

#define WHAT SPAN("openpost sign-in flow")
#define FIXED_LEN (1 + 2 * sizeof(struct id) + SHA256_LEN + 8 + 3 * (size_t)TOKEN_LEN)
#define PLAIN_MAX (FIXED_LEN + FLOW_RETURN_MAX)

/* "//" and "/\" begin the address of another site to a browser. */
bool flow_returns_here(struct span return_to)
{
    bool good = return_to.len >= 1 && return_to.len <= FLOW_RETURN_MAX && return_to.data[0] == '/' &&
                (return_to.len == 1 || return_to.data[1] != '/');
    for (size_t i = 0; good && i < return_to.len; i++) {
        const uint8_t c = return_to.data[i];
        good = c > ' ' && c < 0x7F && c != '\\' && c != '"';
    }
    return good;
}

static void put_plain(struct buf *out, const struct flow *flow)
{
    uint8_t expires[8];
    put_be64(expires, (uint64_t)flow->expires_ms);
    buf_byte(out, (uint8_t)flow->purpose);
    buf_put(out, span_of(&flow->provider_id, sizeof flow->provider_id));
    buf_put(out, span_of(&flow->session_id, sizeof flow->session_id));
    buf_put(out, span_of(flow->invitation, sizeof flow->invitation));
    buf_put(out, span_of(expires, sizeof expires));
    buf_put(out, span_of(flow->state, TOKEN_LEN));
    buf_put(out, span_of(flow->nonce, TOKEN_LEN));
    buf_put(out, span_of(flow->verifier, TOKEN_LEN));
    buf_text(out, flow->return_to);
}

static void take(struct span *rest, void *ret_bytes, size_t len)
{
    ASSERT(rest->len >= len);
    memcpy(ret_bytes, rest->data, len);
    *rest = span_of(rest->data + len, rest->len - len);
}

/* What was in a box of ours was written by put_plain: it has FIXED_LEN bytes at least. */
static void read_plain(struct span plain, struct flow *ret_flow)
{
    uint8_t purpose = 0;
    uint8_t expires[8];
    *ret_flow = (struct flow){.purpose = FLOW_SIGN_IN};
    take(&plain, &purpose, 1);
    take(&plain, &ret_flow->provider_id, sizeof ret_flow->provider_id);
    take(&plain, &ret_flow->session_id, sizeof ret_flow->session_id);
    take(&plain, ret_flow->invitation, sizeof ret_flow->invitation);
    take(&plain, expires, sizeof expires);
    take(&plain, ret_flow->state, TOKEN_LEN);
    take(&plain, ret_flow->nonce, TOKEN_LEN);
    take(&plain, ret_flow->verifier, TOKEN_LEN);
    ASSERT(plain.len <= FLOW_RETURN_MAX);
    take(&plain, ret_flow->return_to, plain.len);
    ret_flow->purpose = (enum flow_purpose)purpose;
    ret_flow->expires_ms = (int64_t)get_be64(expires);
}

enum err flow_seal(const uint8_t key[32], const uint8_t nonce[12], const struct flow *flow, struct buf *out)
{
    uint8_t plain_bytes[PLAIN_MAX];
    uint8_t box_bytes[PLAIN_MAX + BOX_OVERHEAD];
    struct buf plain = buf_of(plain_bytes, sizeof plain_bytes);
    struct buf box = buf_of(box_bytes, sizeof box_bytes);
    put_plain(&plain, flow);
    ASSERT(buf_ok(&plain));
    const enum err err = box_seal(key, nonce, WHAT, buf_span(&plain), &box);
    explicit_bzero(plain_bytes, sizeof plain_bytes);
    TRY(err);
    base64_write(out, buf_span(&box));
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

enum err flow_open(const uint8_t key[32], struct span text, int64_t now_ms, struct flow *ret_flow)
{
    uint8_t plain_bytes[PLAIN_MAX];
    uint8_t box_bytes[PLAIN_MAX + BOX_OVERHEAD];
    struct buf plain = buf_of(plain_bytes, sizeof plain_bytes);
    struct buf box = buf_of(box_bytes, sizeof box_bytes);
    struct flow flow;
    if (base64_read(text, &box) != OK || box_open(key, WHAT, buf_span(&box), &plain) != OK || plain.len < FIXED_LEN) {
        return ERR_AUTH; /* the last: of a release whose flows were of another form */
    }
    read_plain(buf_span(&plain), &flow);
    explicit_bzero(plain_bytes, sizeof plain_bytes);
    if (now_ms >= flow.expires_ms) {
        return ERR_AUTH;
    }
    *ret_flow = flow;
    return OK;
}

bool flow_is_state(const struct flow *flow, struct span state)
{
    return span_equal_secret(state, span_of(flow->state, TOKEN_LEN));
}

void spent_flows_init(struct spent_flows *spent)
{
    *spent = (struct spent_flows){.next = 0};
    lock_init(&spent->mutex);
}

void spent_flows_done(struct spent_flows *spent)
{
    lock_done(&spent->mutex);
}

bool spent_flows_add(struct spent_flows *spent, const struct flow *flow)
{
    bool fresh = true;
    lock_take(&spent->mutex);
    for (size_t i = 0; fresh && i < FLOWS_SPENT_MAX; i++) {
        fresh = memcmp(spent->states[i], flow->state, sizeof spent->states[i]) != 0;
    }
    if (fresh) {
        memcpy(spent->states[spent->next], flow->state, sizeof spent->states[spent->next]);
        spent->next = (spent->next + 1) % FLOWS_SPENT_MAX;
    }
    lock_give(&spent->mutex);
    return fresh;
}
