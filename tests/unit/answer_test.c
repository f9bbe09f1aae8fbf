/* answer_test.c: a body is written into more and more room until it fits; and what is answered when the memory of a
 * request is spent: a problem that needs none of it. */
#include <string.h>

#include "gateway/gateway.h"
#include "tests/suite.h"
#include "tests/unit/server_client.h"

/* A body of so many bytes; whether its writer says that there was no room, or goes on. */
struct long_body {
    size_t bytes;
    bool says;
};

static enum err write_long(struct exchange *x, const void *what, struct buf *out)
{
    const struct long_body *body = what;
    (void)x;
    ck_assert_uint_eq(out->len, 0);
    for (size_t i = 0; i < body->bytes; i++) {
        buf_byte(out, (uint8_t)('a' + i % 26));
    }
    return body->says && !buf_ok(out) ? ERR_NO_SPACE : OK;
}

static const struct {
    struct long_body body;
    enum err err;
} bodies[] = {
    {{0, true},                      OK          },
    {{1, false},                     OK          },
    {{(size_t)8 << 10, true},        OK          },
    {{((size_t)8 << 10) + 1, true},  OK          },
    {{((size_t)8 << 10) + 1, false}, OK          },
    {{(size_t)1 << 20, false},       OK          },
    {{(size_t)8 << 20, true},        OK          },
    {{((size_t)8 << 20) + 1, true},  ERR_TOO_LONG},
    {{((size_t)8 << 20) + 1, false}, ERR_TOO_LONG},
};

START_TEST(a_body_is_written_whole_or_is_too_long)
{
    struct request request = {.body = {0}};
    struct exchange x = {.request = &request};
    struct buf out = {0};
    arena_init(&request.arena, (size_t)64 << 20);
    ck_assert_int_eq(exchange_body(&x, write_long, &bodies[_i].body, &out), bodies[_i].err);
    ck_assert_ptr_nonnull(out.data); /* also of one that is too long: the largest room that there is */
    ck_assert_uint_eq(out.len, bodies[_i].err == OK ? bodies[_i].body.bytes : (size_t)8 << 20);
    size_t right = 0;
    while (right < out.len && out.data[right] == 'a' + right % 26) {
        right++;
    }
    ck_assert_uint_eq(right, out.len);
    arena_done(&request.arena);
}

END_TEST

static enum err write_what_is_altered(struct exchange *x, const void *what, struct buf *out)
{
    unsigned *const *times = what;
    (void)x;
    (**times)++;
    buf_text(out, "{");
    return ERR_ALTERED;
}

START_TEST(what_cannot_be_written_is_tried_once)
{
    struct request request = {.body = {0}};
    struct exchange x = {.request = &request};
    struct buf out = {0};
    unsigned count = 0;
    unsigned *const times = &count;
    arena_init(&request.arena, (size_t)64 << 20);
    ck_assert_int_eq(exchange_body(&x, write_what_is_altered, &times, &out), ERR_ALTERED);
    ck_assert_uint_eq(count, 1);
    arena_done(&request.arena);
}

END_TEST

/* A handler that finds no room for its answer. */
static void find_no_room(void *context, struct request *request)
{
    (void)context;
    struct exchange *x = arena_alloc(&request->arena, sizeof *x);
    ck_assert_ptr_nonnull(x);
    x->request = request;
    for (size_t piece = (size_t)64 << 10; piece > 0; piece /= 2) {
        while (arena_room(&request->arena, piece) != NULL) {
        }
    }
    struct buf out = {0};
    const enum err err = exchange_out(x, &out);
    ck_assert_int_eq(err, ERR_NO_MEMORY);
    exchange_failed(x, err);
}

START_TEST(a_request_whose_memory_is_spent_is_told_so_without_any)
{
    struct server_options options = usual;
    options.handler = find_no_room;
    struct world *world = world_open(options);
    char out[4096];
    (void)ask(world, SPAN("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), out, sizeof out);
    ck_assert_msg(strncmp(out, "HTTP/1.1 503 ", 13) == 0, "%s", out);
    ck_assert_ptr_nonnull(strstr(out, "Content-Type: application/problem+json\r\n"));
    ck_assert_ptr_nonnull(strstr(out, "Retry-After: 1\r\n"));
    ck_assert_ptr_nonnull(strstr(out, "\"status\":503,\"code\":\"out_of_memory\""));
    ck_assert_ptr_nonnull(strstr(out, "\"retryable\":true,\"request_id\":\"\"}"));
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("answer");
    TCase *tcase = tcase_create("answer");
    tcase_add_loop_test(tcase, a_body_is_written_whole_or_is_too_long, 0, sizeof bodies / sizeof *bodies);
    tcase_add_test(tcase, what_cannot_be_written_is_tried_once);
    tcase_add_test(tcase, a_request_whose_memory_is_spent_is_told_so_without_any);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
