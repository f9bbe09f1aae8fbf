/* main.c: another program: connects with its API key, writes a post, reads it, follows what happens, and lends a key of
 * its making to somebody who only reads. It uses nothing but libopenpost.
 *
 *   cc main.c $(pkg-config --cflags --libs openpost) -o example
 *   ./example tcp://127.0.0.1:7411 op_… [integration id, channel] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openpost.h>

#define WAIT_MS 10000

static void show(void *context, const struct openpost_event *event)
{
    (void)context;
    (void)printf("%6llu  %-22s %s\n        %s\n", (unsigned long long)event->workspace_seq, event->type, event->stream,
                 event->json);
}

static int fail(const char *what, enum openpost_status status, const struct openpost_answer *answer)
{
    if (status == OPENPOST_REFUSED) {
        (void)fprintf(stderr, "%s: refused: %s: %s\n", what, answer->code, answer->sentence);
    } else {
        (void)fprintf(stderr, "%s: %s\n", what, openpost_status_sentence(status));
    }
    return 1;
}

/* With a key that another program may have for a while: it reads, no more. */
static int lend(struct openpost *connection, const char *url, const char *post_id)
{
    static const char *const scopes[] = {"posts:read"};
    const struct openpost_key wish = {.name = "lent", .role = "viewer", .scopes = scopes, .scope_count = 1};
    struct openpost *borrower = NULL;
    struct openpost_answer made = {.code = ""};
    struct openpost_answer answer = {.code = ""};
    char key[OPENPOST_KEY_SIZE];
    char json[65536];
    enum openpost_status status = openpost_make_key(connection, &wish, WAIT_MS, key, &made);
    if (status != OPENPOST_OK) {
        return fail("make a key", status, &made);
    }
    status = openpost_open(url, key, &borrower);
    if (status == OPENPOST_OK) {
        status = openpost_get_post(borrower, post_id, WAIT_MS, json, sizeof json, &answer);
        openpost_close(borrower);
    }
    const enum openpost_status revoked = openpost_revoke_key(connection, made.id, WAIT_MS, &made);
    if (status != OPENPOST_OK || revoked != OPENPOST_OK) {
        return status != OPENPOST_OK ? fail("read with it", status, &answer) : fail("revoke it", revoked, &made);
    }
    (void)printf("%s was lent and revoked\n", made.id);
    return 0;
}

static int run(struct openpost *connection, const char *url, const char *integration_id, const char *channel)
{
    static const char *const parts[] = {"Written by a program over RPC."};
    const struct openpost_target target = {.integration_id = integration_id, .channel = channel};
    const struct openpost_post post = {
        .parts = parts, .part_count = 1, .targets = &target, .target_count = integration_id == NULL ? 0 : 1};
    struct openpost_answer answer = {.code = ""};
    char key[64];
    /* The same key again would give the first post again. A real program takes one from what it is about to do. */
    (void)snprintf(key, sizeof key, "example %lld", (long long)time(NULL));
    enum openpost_status status = openpost_create_post(connection, &post, key, WAIT_MS, &answer);
    if (status != OPENPOST_OK) {
        return fail("create", status, &answer);
    }
    (void)printf("%s version %llu\n", answer.id, (unsigned long long)answer.version);
    char json[65536];
    struct openpost_answer read = {.code = ""};
    status = openpost_get_post(connection, answer.id, WAIT_MS, json, sizeof json, &read);
    if (status != OPENPOST_OK) {
        return fail("read", status, &read);
    }
    (void)printf("%s\n", json);
    uint64_t position = 0;
    status = openpost_follow(connection, &position, WAIT_MS, show, NULL, &read);
    if (status != OPENPOST_OK) {
        return fail("follow", status, &read);
    }
    (void)printf("followed up to %llu\n", (unsigned long long)position);
    return lend(connection, url, answer.id);
}

int main(int argc, char **argv)
{
    struct openpost *connection = NULL;
    if (argc != 3 && argc != 5) {
        (void)fprintf(stderr, "usage: %s tcp://127.0.0.1:PORT KEY [INTEGRATION CHANNEL]\n", argv[0]);
        return 64;
    }
    const enum openpost_status status = openpost_open(argv[1], argv[2], &connection);
    if (status != OPENPOST_OK) {
        (void)fprintf(stderr, "open: %s\n", openpost_status_sentence(status));
        return 1;
    }
    const int code = run(connection, argv[1], argc == 5 ? argv[3] : NULL, argc == 5 ? argv[4] : NULL);
    openpost_close(connection);
    return code;
}
