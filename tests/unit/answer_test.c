/* answer_test.c: what is answered when the memory of a request is spent: a problem that needs none of it. */
#include <string.h>

#include "gateway/gateway.h"
#include "tests/suite.h"
#include "tests/unit/server_client.h"

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
    tcase_add_test(tcase, a_request_whose_memory_is_spent_is_told_so_without_any);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
