/* bluesky_job.c: runs one job of the adapter bluesky against a server on loopback, for kinds that nothing schedules
 * (delete). Called by publish_test.py:
 *
 *   bluesky_job PORT KIND ACCOUNT KEY RECORD <CREDENTIALS
 *
 * prints the outcome's word. */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/bluesky.h"
#include "adapters/platform.h"
#include "adapters/transport.h"
#include "core/base/assert.h"
#include "core/base/clock.h"

#define WITHIN_MS 30000

static struct http_response exchange(struct transport *transport, const struct http_request *request,
                                     struct arena *arena)
{
    void *tag = NULL;
    struct http_response response;
    ASSERT(transport_start(transport, request, clock_wall_ms(), arena, NULL) == OK);
    while (!transport_next(transport, &tag, &response)) {
        transport_poll(transport, 100);
    }
    return response;
}

static struct job_outcome run(struct platform_job *under_way, struct transport *transport)
{
    struct http_request request = {0};
    struct http_response response = {0};
    struct job_outcome outcome = {0};
    bool finished = false;
    for (const struct http_response *last = NULL; !finished; last = &response) {
        under_way->now_ms = clock_wall_ms();
        ASSERT(bluesky_platform()->next(under_way, last, &request, &finished, &outcome) == OK);
        if (!finished) {
            response = exchange(transport, &request, under_way->arena);
        }
    }
    return outcome;
}

int main(int argc, char **argv)
{
    char credentials[16384];
    char service[64];
    struct arena arena;
    OWNED(transport_close) struct transport *transport = NULL;
    ASSERT(argc == 6);
    const uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
    const struct guard guard = {.loopback_ports = {port}, .loopback_count = 1};
    const struct transport_options options = {.guard = &guard, .transfers_max = 1, .per_host_max = 1, .wake_fd = -1};
    (void)snprintf(service, sizeof service, "http://localhost:%u", port);
    const size_t len = fread(credentials, 1, sizeof credentials, stdin);
    arena_init(&arena, 8 << 20);
    ASSERT(transport_open(&options, &transport) == OK);
    const struct job job = {.kind = span_text(argv[2]),
                            .channel = CHANNEL_BLUESKY,
                            .service = span_text(service),
                            .account = span_text(argv[3]),
                            .key = span_text(argv[4]),
                            .payload = span_text(argv[5]),
                            .deadline_ms = clock_wall_ms() + WITHIN_MS};
    struct platform_job under_way = {
        .job = &job, .guard = &guard, .credentials = span_of((const uint8_t *)credentials, len), .arena = &arena};
    const struct job_outcome outcome = run(&under_way, transport);
    (void)printf("%s\n", choice_word(&outcome_words, outcome.outcome));
    arena_done(&arena);
    return 0;
}
