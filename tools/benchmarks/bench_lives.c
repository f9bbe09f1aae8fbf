/* bench_lives.c: see bench_lives.h. Called by bench_burst.c. It asks the log alone: no read model, no answer of ours
 * can make a life look better than it was. */
#include "tools/benchmarks/bench_lives.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/limits.h"
#include "core/base/sha256.h"
#include "core/message/codec.h"

void life_text(uint64_t number, char ret_text[LIFE_TEXT_MAX])
{
    (void)snprintf(ret_text, LIFE_TEXT_MAX, "burst-%llu-: a post of usual length, that says what posts say on a Monday",
                   (unsigned long long)number);
}

static int compare_lives(const void *a, const void *b)
{
    const struct life *left = a;
    const struct life *right = b;
    return memcmp(&left->post_id, &right->post_id, sizeof left->post_id);
}

static void note_locked(struct life *life, const struct log_event *at, const struct post_locked_event *locked)
{
    life->locks++;
    life->locked_seq = at->seq;
    life->locked_ms = at->time_ms;
    if (locked->targets_count == 1 && locked->targets[0].parts_count == 1) {
        const struct locked_part *part = &locked->targets[0].parts[0];
        struct hash hash = {{0}};
        char text[LIFE_TEXT_MAX];
        life_text(life->number, text);
        sha256(part->payload, hash.bytes);
        (void)snprintf(life->key, sizeof life->key, "%.*s", (int)part->key.len, (const char *)part->key.data);
        life->locked_hash = part->payload_hash;
        life->locked_own = memcmp(&hash, &part->payload_hash, sizeof hash) == 0 &&
                           memmem(part->payload.data, part->payload.len, text, strlen(text)) != NULL;
    }
}

static void note_started(struct life *life, const struct log_event *at, const struct attempt_started_event *started,
                         uint64_t epoch)
{
    life->starts++;
    life->started_seq = at->seq;
    life->started_own = memcmp(&started->payload_hash, &life->locked_hash, sizeof life->locked_hash) == 0;
    life->fenced = started->fence == epoch;
}

static void note_finished(struct life *life, const struct log_event *at, const struct attempt_finished_event *finished)
{
    const struct span code = finished->platform_code.len > 0 ? finished->platform_code : finished->code;
    life->outcome = finished->outcome;
    life->ended_ms = at->time_ms;
    (void)snprintf(life->code, sizeof life->code, "%.*s", (int)code.len, (const char *)code.data);
}

static struct life *find(struct life *lives, uint64_t count, const struct id *post_id)
{
    const struct life key = {.post_id = *post_id};
    return bsearch(&key, lives, count, sizeof *lives, compare_lives);
}

enum err lives_read(const struct data_folder *data, struct life *lives, uint64_t count)
{
    OWNED(log_close) struct log *log = NULL;
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_event at;
    struct arena arena;
    uint64_t epoch = 0;
    enum err err = OK;
    qsort(lives, count, sizeof *lives, compare_lives);
    TRY(parts_open_log(data, &log, NULL));
    TRY(log_cursor_open(log, 0, &cursor));
    arena_init(&arena, (size_t)1 << 22);
    while (err == OK && (err = log_cursor_next(cursor, &at)) == OK) {
        struct event event;
        struct life *life = find(lives, count, &at.stream);
        arena_reset(&arena);
        if (at.code == EVENT_ledger_started && (err = event_decode(at.payload, &arena, &event)) == OK) {
            epoch = event.ledger_started.epoch;
        } else if (life != NULL && at.code == EVENT_post_locked &&
                   (err = event_decode(at.payload, &arena, &event)) == OK) {
            note_locked(life, &at, &event.post_locked);
        } else if (life != NULL && at.code == EVENT_attempt_started &&
                   (err = event_decode(at.payload, &arena, &event)) == OK) {
            note_started(life, &at, &event.attempt_started, epoch);
        } else if (life != NULL && at.code == EVENT_attempt_finished &&
                   (err = event_decode(at.payload, &arena, &event)) == OK) {
            note_finished(life, &at, &event.attempt_finished);
        }
    }
    arena_done(&arena);
    return err == ERR_NOT_FOUND ? OK : err;
}

static bool is_locked(const struct life *life)
{
    return life->locks == 1 && life->locked_own && life->locked_ms < life->due_ms;
}

static bool is_started(const struct life *life)
{
    return life->starts == 1 && life->started_seq > life->locked_seq;
}

static bool is_as_locked(const struct life *life)
{
    return life->started_own && life->locked_own;
}

static bool is_fenced(const struct life *life)
{
    return life->fenced;
}

static bool is_locked_ahead(const struct life *life)
{
    const int64_t late_ms = life->locked_ms - (life->due_ms - LOCK_AHEAD_MS);
    return late_ms >= 0 && late_ms <= LIFE_LOCK_LATE_MAX_MS;
}

void lives_show(struct bench *bench, const struct life *lives)
{
    const struct {
        const char *name;
        bool (*holds)(const struct life *life);
    } rules[] = {
        {"burst, one lock before it was due", is_locked      },
        {"burst, one attempt after its lock", is_started     },
        {"burst, hash as in the lock",        is_as_locked   },
        {"burst, fence is the epoch",         is_fenced      },
        {"burst, locked 300 to 290 s ahead",  is_locked_ahead},
    };

    const size_t count = sizeof rules / sizeof *rules - (bench->ahead_ms > LOCK_AHEAD_MS ? 0 : 1);

    for (size_t i = 0; i < count; i++) {
        uint64_t good = 0;
        for (uint64_t j = 0; j < bench->posts; j++) {
            good += rules[i].holds(&lives[j]) ? 1 : 0;
        }
        bench_figure(bench, rules[i].name, (double)good, (double)bench->posts, "posts", "all posts");
        if (good < bench->posts) {
            bench_broken(bench, rules[i].name, "not of every post");
        }
    }
}

/* One way in which attempts ended. */
struct ending {
    uint32_t outcome;
    const char *code;
    uint64_t count;
    int64_t late_max_ms;
};

/* Adds the life to the endings; one that finds no room is counted with the last. Returns how many there are. */
static size_t add_ending(struct ending *endings, size_t used, size_t room, const struct life *life)
{
    const int64_t late_ms = life->ended_ms - life->due_ms;
    size_t i = 0;
    while (i < used && (endings[i].outcome != life->outcome || strcmp(endings[i].code, life->code) != 0)) {
        i++;
    }
    if (i == room) {
        i--;
    } else if (i == used) {
        endings[i] = (struct ending){.outcome = life->outcome, .code = life->code, .late_max_ms = late_ms};
        used++;
    }
    endings[i].count++;
    endings[i].late_max_ms = late_ms > endings[i].late_max_ms ? late_ms : endings[i].late_max_ms;
    return used;
}

static void tell_ending(const struct ending *ending, struct buf *out)
{
    buf_text(out, ", ");
    buf_u64(out, ending->count);
    if (ending->outcome == OUTCOME_NONE) {
        buf_text(out, " without an outcome");
        return;
    }
    buf_byte(out, ' ');
    buf_text(out, choice_word(&outcome_words, ending->outcome));
    buf_text(out, " (");
    buf_text(out, ending->code);
    buf_text(out, ") by ");
    buf_i64(out, ending->late_max_ms);
    buf_text(out, " ms after they were due");
}

static bool shares_key(const struct life *lives, uint64_t count, const struct life *life)
{
    for (uint64_t i = 0; i < count; i++) {
        if (&lives[i] != life && strcmp(lives[i].key, life->key) == 0) {
            return true;
        }
    }
    return false;
}

void lives_tell(const struct life *lives, uint64_t count, char ret_text[LIFE_TOLD_MAX])
{
    struct ending endings[4]; /* their sentences fit */
    size_t used = 0;
    uint64_t missing = 0;
    uint64_t shared = 0;
    struct buf out = buf_of(ret_text, LIFE_TOLD_MAX);
    for (uint64_t i = 0; i < count; i++) {
        if (lives[i].missing) {
            used = add_ending(endings, used, sizeof endings / sizeof *endings, &lives[i]);
            missing++;
            shared += shares_key(lives, count, &lives[i]) ? 1 : 0;
        }
    }
    buf_u64(&out, missing);
    buf_text(&out, " posts are missing, ");
    buf_u64(&out, shared);
    buf_text(&out, " have a key that another post has too");
    for (size_t i = 0; i < used; i++) {
        tell_ending(&endings[i], &out);
    }
    (void)buf_terminated(&out);
}
