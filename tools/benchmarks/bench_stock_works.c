/* bench_stock_works.c: see bench_stock_private.h: how the reads of any stock are asked for, and POSTs and locks of one
 * that is not worded. Called by bench_stock.c. */
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "tools/benchmarks/bench_stock_private.h"

#define GETS UINT64_C(2000) /* in a round */
#define LISTS UINT64_C(400)
#define KEYS UINT64_C(2000)
#define MEMBERS UINT64_C(1000)
#define POSTS UINT64_C(400)
#define LOCKS (STOCK_LOCKS / STOCK_ROUNDS)

const char *const stock_work_names[STOCK_WORKS] = {
    [STOCK_GET] = "GET",           [STOCK_LIST] = "list",
    [STOCK_KEYS] = "keys",         [STOCK_MEMBERS] = "members",
    [STOCK_POST] = "POST",         [STOCK_LOCK] = "lock",
    [STOCK_CREATE] = "create",     [STOCK_EDIT] = "edit",
    [STOCK_SCHEDULE] = "schedule", [STOCK_RESCHEDULE] = "reschedule",
    [STOCK_CANCEL] = "cancel",     [STOCK_APPROVE] = "approve",
    [STOCK_LOCK_ANY] = "lock",     [STOCK_START] = "start attempt",
    [STOCK_OUTCOME] = "outcome",
};

uint64_t stock_spread(uint64_t index, uint64_t below)
{
    return bench_mixed(index) % below;
}

static void put_head(struct buf *out, const char *key)
{
    buf_text(out, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ");
    buf_text(out, key);
    buf_text(out, "\r\n");
}

void stock_put(struct buf *out, const char *line, const struct id *post_id, const char *action, const char *key,
               const char *more, struct span body)
{
    buf_text(out, line);
    if (post_id != NULL) {
        id_write(out, post_id);
        buf_text(out, action);
    }
    put_head(out, key);
    buf_text(out, more);
    if (body.data != NULL) {
        buf_text(out, "Content-Type: application/json\r\nContent-Length: ");
        buf_u64(out, body.len);
        buf_text(out, "\r\n");
    }
    buf_text(out, "\r\n");
    buf_put(out, body);
}

void stock_put_new_post(struct buf *body, const struct bench_author *author, struct span text, int64_t at_ms)
{
    buf_text(body, "{\"content\":{\"text\":\"");
    buf_put(body, text);
    buf_text(body, "\"},\"targets\":[{\"integration_id\":\"");
    id_write(body, &author->integration_id);
    buf_text(body, "\"}],\"schedule\":{\"at\":");
    json_time(body, at_ms);
    buf_text(body, "}}");
}

static void make_get(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    const struct stock_made *made = &stock->made[stock_spread(stock->rounds[STOCK_GET] * GETS + index, stock->size)];
    stock_put(out, "GET /v1/posts/", &made->post_id, "", stock->authors[made->author].key, "", (struct span){0});
}

/* Thirty posts by the instant at which they are due, from that of any post on, or back from it in the month's second
 * half, so that there are always as many. */
static void make_list(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    uint64_t number = stock_spread(stock->rounds[STOCK_LIST] * LISTS + index, stock->size);
    while (stock->made[number].due_ms == 0) { /* a draft */
        number = (number + 1) % stock->size;
    }
    const struct stock_made *made = &stock->made[number];
    buf_text(out, made->early ? "GET /v1/posts?limit=30&order=publish_at&publish_after="
                              : "GET /v1/posts?limit=30&order=-publish_at&publish_before=");
    instant_write(out, made->due_ms);
    put_head(out, stock->authors[made->author].key);
    buf_text(out, "\r\n");
}

static void make_read(const struct stock *stock, enum stock_work work, uint64_t number, const char *line,
                      struct buf *out)
{
    const uint64_t author = stock_spread(stock->rounds[work] * KEYS + number, stock->authors_count);
    stock_put(out, line, NULL, "", stock->authors[author].key, "", (struct span){0});
}

static void make_keys(void *context, uint64_t index, struct buf *out)
{
    make_read(context, STOCK_KEYS, index, "GET /v1/api-keys", out);
}

static void make_members(void *context, uint64_t index, struct buf *out)
{
    make_read(context, STOCK_MEMBERS, index, "GET /v1/members", out);
}

static void make_http_post(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    const uint64_t number = stock->size * STOCK_ROUNDS + stock->rounds[STOCK_POST] * POSTS + index;
    const struct bench_author *author = &stock->authors[stock_spread(number, stock->authors_count)];
    char bytes[1024];
    char more[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    stock_put_new_post(&body, author, span_of(stock->text, STOCK_TEXT_LEN), clock_wall_ms() + DAY_MS);
    (void)snprintf(more, sizeof more, "Idempotency-Key: stock-%llu\r\n", (unsigned long long)number);
    stock_put(out, "POST /v1/posts", NULL, "", author->key, more, buf_span(&body));
}

static const struct command *make_lock(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    const struct stock_made *made = &stock->made[stock->size - stock->soon + stock->rounds[STOCK_LOCK] * LOCKS + index];
    bench_lock_fill(&stock->locks[place], &stock->authors[made->author].workspace_id, &made->post_id, &made->target_id,
                    span_of(stock->text, STOCK_TEXT_LEN), clock_wall_ms());
    return &stock->locks[place].command;
}

const struct stock_line *stock_line_of(enum stock_work work)
{
    static const struct stock_line lines[STOCK_WORKS] = {
        [STOCK_GET] = {.count = GETS,    .request = make_get      },
        [STOCK_LIST] = {.count = LISTS,   .request = make_list     },
        [STOCK_KEYS] = {.count = KEYS,    .request = make_keys     },
        [STOCK_MEMBERS] = {.count = MEMBERS, .request = make_members  },
        [STOCK_POST] = {.count = POSTS,   .request = make_http_post},
        [STOCK_LOCK] = {.count = LOCKS,   .command = make_lock     },
    };
    return lines[work].count > 0 ? &lines[work] : stock_life_line(work);
}
