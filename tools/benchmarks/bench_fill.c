/* bench_fill.c: see bench_fill.h. Called by bench.c and bench_replay.c. Gives the ledger the commands that gateway and
 * scheduler would give it, in groups, under a clock of its own that goes ten seconds a step. */
#include "tools/benchmarks/bench_fill.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/sha256.h"

#define POSTS 256 /* of a step: made together, locked together, sent together */
#define STEP_MS (10 * SECOND_MS)
#define STEPS_TO_LOCK 30U
#define STEPS_TO_SEND 60U
#define AHEAD_MS (STEPS_TO_SEND * STEP_MS)
#define TEXT_LEN 260
#define LONG_TEXT_LEN 2600 /* of one post in LONG_ONE: its payload is kept beside the records */
#define LONG_ONE 50
#define PAYLOAD_LEN 350

_Static_assert(AHEAD_MS - STEPS_TO_LOCK * STEP_MS == LOCK_AHEAD_MS, "a post is locked when it may be");

struct open_post {
    struct id post_id;
    struct id target_id;
};

struct filling {
    struct parts *parts;
    const struct bench_author *author;
    int64_t now_ms;
    uint64_t step;
    uint64_t made;
    char text[LONG_TEXT_LEN];
    uint8_t payload[PAYLOAD_LEN];
    struct hash payload_hash;
    struct open_post posts[STEPS_TO_SEND + 1][POSTS];
};

static enum err give(struct filling *filling, const struct command *command)
{
    struct answer answer;
    TRY(ledger_handle(filling->parts->ledger, command, NULL, &answer));
    return answer.refusal == ACCEPTED ? OK : ERR_CONFLICT;
}

static enum err create(struct filling *filling, struct open_post *post)
{
    struct bench_post made;
    filling->made++;
    const size_t text_len = filling->made % LONG_ONE == 0 ? LONG_TEXT_LEN : TEXT_LEN;
    bench_post_fill(&made, filling->author, span_of(filling->text, text_len), filling->now_ms + AHEAD_MS);
    *post = (struct open_post){.post_id = made.command.stream, .target_id = made.target.target_id};
    return give(filling, &made.command);
}

static enum err lock(struct filling *filling, struct open_post *post)
{
    struct command command;
    bench_attempt_fill(&command, COMMAND_lock_post, &filling->author->workspace_id, &post->post_id);
    struct locked_part part = {.created_ms = filling->now_ms,
                               .payload = span_of(filling->payload, sizeof filling->payload),
                               .payload_hash = filling->payload_hash};
    struct locked_target target = {.target_id = post->target_id, .parts = &part, .parts_count = 1};
    char key[32];
    const int len = snprintf(key, sizeof key, "3l%08llx%08x", (unsigned long long)filling->step,
                             (unsigned)get_be32(post->post_id.uuid + 12));
    part.key = span_of(key, (size_t)len);
    command.expected_version = 2; /* created, scheduled */
    command.lock_post.post_id = post->post_id;
    command.lock_post.targets = &target;
    command.lock_post.targets_count = 1;
    return give(filling, &command);
}

static enum err send(struct filling *filling, struct open_post *post)
{
    struct command command;
    bench_attempt_fill(&command, COMMAND_start_attempt, &filling->author->workspace_id, &post->post_id);
    const struct id attempt_id = bench_id(ID_ATTEMPT);
    command.start_attempt.post_id = post->post_id;
    command.start_attempt.target_id = post->target_id;
    command.start_attempt.attempt_id = attempt_id;
    command.start_attempt.fence = ledger_epoch(filling->parts->ledger);
    command.start_attempt.payload_hash = filling->payload_hash;
    TRY(give(filling, &command));
    bench_outcome_fill(&command, &filling->author->workspace_id, &post->post_id, &post->target_id, &attempt_id,
                       filling->now_ms);
    return give(filling, &command);
}

typedef enum err do_one(struct filling *filling, struct open_post *post);

/* One group of commands: the same for each post that was made so many steps ago. */
static enum err do_all(struct filling *filling, uint64_t steps_ago, do_one *one)
{
    if (filling->step < steps_ago) {
        return OK;
    }
    struct open_post *posts = filling->posts[(filling->step - steps_ago) % (STEPS_TO_SEND + 1)];
    TRY(ledger_begin(filling->parts->ledger, filling->now_ms));
    for (unsigned i = 0; i < POSTS; i++) {
        const enum err err = one(filling, &posts[i]);
        if (err != OK) {
            ledger_abort(filling->parts->ledger);
            return err;
        }
    }
    return ledger_commit(filling->parts->ledger);
}

static enum err run(struct filling *filling, uint64_t events)
{
    struct command command = {.code = COMMAND_start_ledger};
    struct answer answer;
    command.start_ledger.boot = SPAN("bench");
    command.start_ledger.release = SPAN("bench");
    TRY(parts_command(filling->parts, &command, filling->now_ms, &answer));
    while (ledger_head(filling->parts->ledger) < events) {
        TRY(do_all(filling, 0, create));
        TRY(do_all(filling, STEPS_TO_LOCK, lock));
        TRY(do_all(filling, STEPS_TO_SEND, send));
        filling->step++;
        filling->now_ms += STEP_MS;
    }
    return OK;
}

enum err bench_fill(struct parts *parts, const struct bench_author *author, uint64_t events)
{
    struct filling *filling = calloc(1, sizeof *filling);
    if (filling == NULL) {
        return ERR_NO_MEMORY;
    }
    filling->parts = parts;
    filling->author = author;
    filling->now_ms = clock_wall_ms();
    memset(filling->text, 'a', sizeof filling->text);
    memset(filling->payload, 'b', sizeof filling->payload);
    sha256(span_of(filling->payload, sizeof filling->payload), filling->payload_hash.bytes);
    const enum err err = run(filling, events);
    free(filling);
    return err;
}
