/* rhythm.c: another program: gives an account a queue, writes a post from a template into it, lets a series repeat,
 * finds what it wrote by its words, and approves it where somebody has to look first. It uses nothing but libopenpost.
 *
 *   cc rhythm.c $(pkg-config --cflags --libs openpost) -o rhythm
 *   ./rhythm tcp://127.0.0.1:7411 op_… int_… bluesky      an owner's or admin's key: queues are theirs */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openpost.h>

#define WAIT_MS 10000

static int fail(struct openpost *connection, const char *what, enum openpost_status status,
                const struct openpost_answer *answer)
{
    struct openpost_fault fault;
    if (status == OPENPOST_REFUSED) {
        openpost_fault(connection, &fault);
        (void)fprintf(stderr, "%s: refused: %s: %s %s %s\n", what, answer->code, answer->sentence, fault.param,
                      fault.detail);
    } else {
        (void)fprintf(stderr, "%s: %s\n", what, openpost_status_sentence(status));
    }
    return 1;
}

/* Two times of the week, by the clocks in Berlin. They replace those that the queue has. */
static enum openpost_status give_queue(struct openpost *connection, const struct openpost_target *target,
                                       struct openpost_answer *answer)
{
    static const struct openpost_slot slots[] = {
        {"monday",   9,  0 },
        {"thursday", 16, 30}
    };
    const struct openpost_queue queue = {.timezone = "Europe/Berlin", .slots = slots, .slot_count = 2};
    return openpost_change_queue(connection, target->integration_id, &queue, WAIT_MS, answer);
}

static enum openpost_status make_template(struct openpost *connection, const struct openpost_target *target,
                                          struct openpost_answer *answer)
{
    static const struct openpost_placeholder placeholders[] = {
        {.name = "product", .preset = "OpenPost"                         },
        {.name = "what",    .description = "What is new, in a few words."},
    };
    static const char *const parts[] = {"{{product}} is out: {{what}}"};
    const struct openpost_post post = {.parts = parts, .part_count = 1, .targets = target, .target_count = 1};
    const struct openpost_template form = {
        .name = "Release", .placeholders = placeholders, .placeholder_count = 2, .post = &post};
    return openpost_create_template(connection, &form, NULL, WAIT_MS, answer);
}

/* Into the next time of the queue that no other post fills. A real program takes the idempotency key from what the post
 * is about, as here: called twice, it writes one post. */
static enum openpost_status fill_in(struct openpost *connection, const struct openpost_target *target,
                                    const char *template_id, const char *what, struct openpost_answer *answer)
{
    const struct openpost_pair values[] = {
        {.name = "what", .value = what}
    };
    char key[128];
    const struct openpost_post post = {.targets = target,
                                       .target_count = 1,
                                       .next_slot = 1,
                                       .template_id = template_id,
                                       .values = values,
                                       .value_count = 1};
    (void)snprintf(key, sizeof key, "%.40s %.60s", template_id, what);
    return openpost_create_post(connection, &post, key, WAIT_MS, answer);
}

/* Every Friday afternoon, whatever daylight saving does. */
static enum openpost_status repeat(struct openpost *connection, const struct openpost_target *target,
                                   struct openpost_answer *answer)
{
    static const char *const fridays[] = {"friday"};
    static const char *const parts[] = {"Have a good weekend"};
    const struct openpost_series series = {.frequency = "weekly",
                                           .weekdays = fridays,
                                           .weekday_count = 1,
                                           .time = "17:00",
                                           .timezone = "Europe/Berlin",
                                           .start = "2026-01-01"};
    const struct openpost_post post = {.parts = parts, .part_count = 1, .targets = target, .target_count = 1};
    return openpost_create_series(connection, &series, &post, NULL, WAIT_MS, answer);
}

/* Posts of those words, the newest first, as GET /v1/posts?q= shows them. A real program reads the JSON with a library.
 */
static enum openpost_status find(struct openpost *connection, const char *words, char *json, size_t size,
                                 struct openpost_answer *answer)
{
    const struct openpost_argument arguments[] = {
        {.name = "q",     .text = words},
        {.name = "limit", .number = 5  }
    };
    return openpost_ask(connection, "list_posts", arguments, 2, WAIT_MS, json, size, answer);
}

/* Approves exactly what the post shows, if somebody has to. */
static enum openpost_status approve(struct openpost *connection, const char *post_id, const char *json,
                                    struct openpost_answer *answer)
{
    static const char wanted[] = "\"status\":\"wanted\",\"content_sha256\":\"";
    char seen[65] = "";
    const char *at = strstr(json, wanted);
    if (at == NULL || strlen(at) < sizeof wanted + sizeof seen) {
        return OPENPOST_OK;
    }
    memcpy(seen, at + sizeof wanted - 1, sizeof seen - 1);
    const enum openpost_status status = openpost_approve_post(connection, post_id, seen, WAIT_MS, answer);
    if (status == OPENPOST_OK) {
        (void)printf("approved %s\n", seen);
    }
    return status;
}

static int run(struct openpost *connection, const struct openpost_target *target)
{
    struct openpost_answer made = {.code = ""};
    struct openpost_answer answer = {.code = ""};
    static char json[262144];
    enum openpost_status status = give_queue(connection, target, &answer);
    if (status != OPENPOST_OK) {
        return fail(connection, "give the account a queue", status, &answer);
    }
    status = make_template(connection, target, &made);
    if (status != OPENPOST_OK) {
        return fail(connection, "make a template", status, &made);
    }
    (void)printf("template %s\n", made.id);
    status = fill_in(connection, target, made.id, "queues and series", &answer);
    if (status != OPENPOST_OK) {
        return fail(connection, "write a post from it", status, &answer);
    }
    (void)printf("scheduled %s\n", answer.id);
    status = repeat(connection, target, &made);
    if (status != OPENPOST_OK) {
        return fail(connection, "repeat", status, &made);
    }
    (void)printf("series %s\n", made.id);
    status = find(connection, "queues", json, sizeof json, &made);
    if (status != OPENPOST_OK) {
        return fail(connection, "find it", status, &made);
    }
    (void)printf("%s\n", json);
    status = openpost_get_post(connection, answer.id, WAIT_MS, json, sizeof json, &made);
    status = status == OPENPOST_OK ? approve(connection, answer.id, json, &made) : status;
    return status == OPENPOST_OK ? 0 : fail(connection, "approve it", status, &made);
}

int main(int argc, char **argv)
{
    struct openpost *connection = NULL;
    if (argc != 5) {
        (void)fprintf(stderr, "usage: %s tcp://127.0.0.1:PORT KEY INTEGRATION CHANNEL\n", argv[0]);
        return 64;
    }
    const struct openpost_target target = {.integration_id = argv[3], .channel = argv[4]};
    const enum openpost_status status = openpost_open(argv[1], argv[2], &connection);
    if (status != OPENPOST_OK) {
        (void)fprintf(stderr, "open: %s\n", openpost_status_sentence(status));
        return 1;
    }
    const int code = run(connection, &target);
    openpost_close(connection);
    return code;
}
