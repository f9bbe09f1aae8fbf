/* bench_stock_life.c: see bench_stock_private.h: the commands of a post's life, as gateway and scheduler are asked for
 * them, each about a post that no other round is about; and what became of the posts. Called by bench_stock.c and
 * bench_service.c. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/message/codec.h"
#include "tools/benchmarks/bench_stock_private.h"

#define BODY_MAX 1024
#define EDITED (UINT64_C(1) << 40)
#define MONTH_MS (30 * DAY_MS)

static const char post_line[] = "POST /v1/posts/";

/* Which post, and what it is afterwards. */
static const struct deed {
    enum stock_part part;
    uint32_t status;
} deeds[STOCK_WORKS] = {
    [STOCK_CREATE] = {PART_NONE,    POST_SCHEDULED },
      [STOCK_EDIT] = {PART_EDIT,    POST_SCHEDULED },
    [STOCK_SCHEDULE] = {PART_DRAFT,   POST_SCHEDULED },
      [STOCK_RESCHEDULE] = {PART_MOVE,    POST_SCHEDULED },
    [STOCK_CANCEL] = {PART_CANCEL,  POST_CANCELLED },
      [STOCK_APPROVE] = {PART_APPROVE, POST_SCHEDULED },
    [STOCK_LOCK_ANY] = {PART_DUE,     POST_QUEUED    },
      [STOCK_START] = {PART_DUE,     POST_PUBLISHING},
    [STOCK_OUTCOME] = {PART_DUE,     POST_PUBLISHED },
};

struct span stock_text(const struct stock *stock, uint64_t number, char text[CROWD_TEXT_MAX])
{
    struct buf out = buf_of(text, CROWD_TEXT_MAX);
    crowd_words(number + (stock->made[number].edited ? EDITED : 0), &out);
    return buf_span(&out);
}

/* The post of request number index of all rounds. */
static struct stock_made *made_of(const struct stock *stock, enum stock_work work, uint64_t index)
{
    const enum stock_part part = deeds[work].part;
    return &stock->made[part == PART_NONE ? stock->size + index : stock->chosen[stock->first[part] + index]];
}

static struct stock_made *made_next(const struct stock *stock, enum stock_work work, uint64_t index)
{
    return made_of(stock, work, stock->rounds[work] * stock_line_of(work)->count + index);
}

static uint64_t number_of(const struct stock *stock, const struct stock_made *made)
{
    return (uint64_t)(made - stock->made);
}

/* --- over HTTP --- */

static int64_t any_instant(const struct stock *stock, const struct stock_made *made)
{
    return clock_wall_ms() + DAY_MS + (int64_t)stock_spread(~number_of(stock, made), (uint64_t)MONTH_MS);
}

static void make_create(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    struct stock_made *made = made_next(stock, STOCK_CREATE, index);
    char text[CROWD_TEXT_MAX];
    char bytes[BODY_MAX];
    char more[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    made->due_ms = any_instant(stock, made);
    stock_put_new_post(&body, &stock->authors[0], stock_text(stock, number_of(stock, made), text), made->due_ms);
    (void)snprintf(more, sizeof more, "Idempotency-Key: stock-%llu\r\n", (unsigned long long)number_of(stock, made));
    stock_put(out, "POST /v1/posts", NULL, "", stock->authors[0].key, more, buf_span(&body));
}

/* Whose id it is, to read it afterwards. */
static bool note_created(void *context, uint64_t index, const char *answer)
{
    const struct stock *stock = context;
    const char *id = strstr(answer, "\r\n\r\n{\"id\":\"");
    const char *end = id == NULL ? NULL : strchr(id + 11, '"');
    return end != NULL && id_parse(span_of(id + 11, (size_t)(end - id) - 11), ID_POST,
                                   &made_next(stock, STOCK_CREATE, index)->post_id) == OK;
}

static void make_edit(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    struct stock_made *made = made_next(stock, STOCK_EDIT, index);
    char text[CROWD_TEXT_MAX];
    char bytes[BODY_MAX];
    struct buf body = buf_of(bytes, sizeof bytes);
    made->edited = true;
    buf_text(&body, "{\"content\":{\"text\":\"");
    buf_put(&body, stock_text(stock, number_of(stock, made), text));
    buf_text(&body, "\"}}");
    stock_put(out, "PATCH /v1/posts/", &made->post_id, "", stock->authors[0].key,
              "If-Match: \"2\"\r\n", /* created and scheduled */
              buf_span(&body));
}

static void put_schedule(const struct stock *stock, struct stock_made *made, struct buf *out)
{
    char bytes[BODY_MAX];
    struct buf body = buf_of(bytes, sizeof bytes);
    made->due_ms = any_instant(stock, made);
    buf_text(&body, "{\"at\":");
    json_time(&body, made->due_ms);
    buf_text(&body, "}");
    stock_put(out, post_line, &made->post_id, "/schedule", stock->authors[0].key, "", buf_span(&body));
}

static void make_schedule(void *context, uint64_t index, struct buf *out)
{
    put_schedule(context, made_next(context, STOCK_SCHEDULE, index), out);
}

static void make_reschedule(void *context, uint64_t index, struct buf *out)
{
    put_schedule(context, made_next(context, STOCK_RESCHEDULE, index), out);
}

static void make_cancel(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    stock_put(out, post_line, &made_next(stock, STOCK_CANCEL, index)->post_id, "/cancel", stock->authors[0].key, "",
              SPAN("{}"));
}

static void make_look(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    stock_put(out, "GET /v1/posts/", &made_next(stock, STOCK_APPROVE, index)->post_id, "", stock->authors[0].key, "",
              (struct span){0});
}

static bool note_seen(void *context, uint64_t index, const char *answer)
{
    struct stock *stock = context;
    const char *hex = strstr(answer, "\"status\":\"wanted\",\"content_sha256\":\"");
    if (hex == NULL) {
        return false;
    }
    (void)snprintf(stock->seen[index], sizeof stock->seen[index], "%.64s", strstr(hex, "256\":\"") + 6);
    return true;
}

/* Who approves a post has looked at it. */
static enum err look_at(struct stock *stock)
{
    double us = 0;
    return load_http(stock->port, STOCK_HTTP_ROUND, make_look, note_seen, stock, &us);
}

static void make_approve(void *context, uint64_t index, struct buf *out)
{
    const struct stock *stock = context;
    char bytes[BODY_MAX];
    const int len = snprintf(bytes, sizeof bytes, "{\"content_sha256\":\"%s\"}", stock->seen[index]);
    stock_put(out, post_line, &made_next(stock, STOCK_APPROVE, index)->post_id, "/approve", stock->authors[0].key, "",
              span_of(bytes, (size_t)len));
}

enum err stock_ask_approval(struct stock *stock)
{
    struct answer answer;
    const struct command command = {
        .code = COMMAND_change_workspace,
        .command_id = bench_id(ID_COMMAND),
        .workspace_id = stock->authors[0].workspace_id,
        .stream = stock->authors[0].workspace_id,
        .change_workspace = {.workspace_id = stock->authors[0].workspace_id, .approval_policy = POLICY_ANY_APPROVER},
    };
    TRY(client_command_wait(stock->client, &command, NULL, 5 * SECOND_MS, &answer));
    return answer.refusal == ACCEPTED && answer.events > 0 ? OK : ERR_CONFLICT;
}

/* --- through the ledger --- */

static const struct command *make_lock(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    const struct stock_made *made = made_next(stock, STOCK_LOCK_ANY, index);
    bench_lock_fill(&stock->locks[place], &stock->authors[0].workspace_id, &made->post_id, &made->target_id,
                    span_of(stock->text, STOCK_TEXT_LEN), clock_wall_ms());
    return &stock->locks[place].command;
}

/* Each post has one attempt. */
static struct id attempt_of(const struct stock_made *made)
{
    struct id id = made->post_id;
    id.kind = ID_ATTEMPT;
    return id;
}

static const struct command *make_start(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    const struct stock_made *made = made_next(stock, STOCK_START, index);
    const struct id attempt_id = attempt_of(made);
    struct command *command = &stock->steps[place];
    bench_attempt_fill(command, COMMAND_start_attempt, &stock->authors[0].workspace_id, &made->post_id);
    command->start_attempt = (struct start_attempt_command){.post_id = made->post_id,
                                                            .target_id = made->target_id,
                                                            .attempt_id = attempt_id,
                                                            .fence = stock->epoch,
                                                            .payload_hash = stock->text_hash};
    return command;
}

static const struct command *make_outcome(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    const struct stock_made *made = made_next(stock, STOCK_OUTCOME, index);
    struct command *command = &stock->steps[place];
    const struct id attempt_id = attempt_of(made);
    bench_outcome_fill(command, &stock->authors[0].workspace_id, &made->post_id, &made->target_id, &attempt_id,
                       clock_wall_ms());
    return command;
}

const struct stock_line *stock_life_line(enum stock_work work)
{
    static const struct stock_line lines[STOCK_WORKS] = {
        [STOCK_CREATE] = {.count = STOCK_HTTP_ROUND, .request = make_create, .check = note_created},
        [STOCK_EDIT] = {.count = STOCK_HTTP_ROUND,                         .request = make_edit                      },
        [STOCK_SCHEDULE] = {.count = STOCK_HTTP_ROUND,                         .request = make_schedule},
        [STOCK_RESCHEDULE] = {.count = STOCK_HTTP_ROUND,                         .request = make_reschedule                      },
        [STOCK_CANCEL] = {.count = STOCK_HTTP_ROUND,                         .request = make_cancel},
        [STOCK_APPROVE] = {.count = STOCK_HTTP_ROUND,                         .request = make_approve,                       .prepare = look_at},
        [STOCK_LOCK_ANY] = {.count = CROWD_ROUND,       .command = make_lock      },
        [STOCK_START] = {.count = CROWD_ROUND,.command = make_start              },
        [STOCK_OUTCOME] = {.count = CROWD_ROUND,      .command = make_outcome             },
    };
    return &lines[work];
}

/* --- what became of them --- */

struct reading {
    struct stock *stock;
    enum stock_work work;
    atomic_ullong wrong;
};

static void make_reading(void *context, uint64_t index, struct buf *out)
{
    const struct reading *reading = context;
    const struct stock *stock = reading->stock;
    stock_put(out, "GET /v1/posts/", &made_of(stock, reading->work, index)->post_id, "", stock->authors[0].key, "",
              (struct span){0});
}

/* Status, text and instant of the post; who approved it, or that nobody was asked to, is told elsewhere. */
static bool is_as_asked(const struct reading *reading, const struct stock_made *made, const char *answer)
{
    const struct stock *stock = reading->stock;
    char want[CROWD_TEXT_MAX + 64];
    char text[CROWD_TEXT_MAX];
    char instant[96];
    const struct span said = stock_text(stock, number_of(stock, made), text);
    struct buf out = buf_of(instant, sizeof instant);
    buf_text(&out, "],\"publish_at\":");
    json_time(&out, made->due_ms);
    bool good = buf_terminated(&out) != NULL && strstr(answer, instant) != NULL;
    (void)snprintf(want, sizeof want, "\"text\":\"%.*s\"", (int)said.len, (const char *)said.data);
    good = good && strstr(answer, want) != NULL;
    (void)snprintf(want, sizeof want,
                   ",\"status\":\"%s\",\"author_id\":", choice_word(&post_status_words, deeds[reading->work].status));
    good = good && strstr(answer, want) != NULL;
    return good && (reading->work != STOCK_APPROVE ||
                    strstr(answer, "\"approval\":{\"policy\":\"any_approver\",\"status\":\"given\"") != NULL);
}

static bool read_one(void *context, uint64_t index, const char *answer)
{
    struct reading *reading = context;
    if (!is_as_asked(reading, made_of(reading->stock, reading->work, index), answer) &&
        atomic_fetch_add(&reading->wrong, 1) == 0) {
        (void)fprintf(stderr, "openpost bench: %s: a post is %.3000s\n", stock_work_names[reading->work], answer);
    }
    return true;
}

enum err stock_check(struct stock *stock, enum stock_work work, uint64_t *ret_wrong)
{
    struct reading reading = {.stock = stock, .work = work};
    double us = 0;
    TRY(load_http(stock->port, stock->rounds[work] * stock_line_of(work)->count, make_reading, read_one, &reading,
                  &us));
    *ret_wrong = atomic_load(&reading.wrong);
    return OK;
}
