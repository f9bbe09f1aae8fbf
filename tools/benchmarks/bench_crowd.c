/* bench_crowd.c: see bench_crowd.h. Called by bench_search.c, bench_schedule.c and what belongs to them. Gives the
 * ledger what gateway and scheduler would give it. */
#include "tools/benchmarks/bench_crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/process.h"
#include "projections/posts.h"
#include "projections/posts_shelf.h"
#include "projections/registry.h"
#include "tools/benchmarks/bench_proc.h"

#define FILL_GROUP 256                  /* posts of one commit while it is filled, all of one millisecond */
#define FILL_MS ((int64_t)12 * HOUR_MS) /* by the crowd's clock, however many they are */
#define DUE_AFTER_MS ((int64_t)20 * HOUR_MS)
#define DUE_WITHIN_MS 30000
#define DUE_FROM_MS ((int64_t)24 * HOUR_MS) /* the others, from their creation, within a month */
#define CANCEL_GROUPS 10                    /* filled between two groups that cancel */
#define TOLD_EACH 100000
#define POST_BYTES_MAX ((size_t)1 << 20)
#define EDITED ((uint64_t)1 << 40)

_Static_assert(CROWD_POSTS == SEGMENT_POSTS, "a shelf each");

/* --- what a post is --- */

static enum crowd_role crowd_role(const struct crowd *crowd, uint64_t number)
{
    const uint64_t place = number < crowd->size ? number % crowd->stride : 2;
    return place == 0 ? ROLE_DUE : place == 1 ? ROLE_DRAFT : ROLE_USUAL;
}

bool crowd_is_rare(const struct crowd *crowd, uint64_t number)
{
    const uint64_t each = crowd->size / CROWD_RARE;
    return number < each * CROWD_RARE && number % each == each / 2;
}

static bool one_of_ten(uint64_t number, unsigned which)
{
    return (bench_mixed(~number) >> 8 * which) % CROWD_TEN == 0;
}

bool crowd_has_label(const struct crowd *crowd, uint64_t number)
{
    (void)crowd;
    return one_of_ten(number, 0);
}

bool crowd_has_account(const struct crowd *crowd, uint64_t number)
{
    return one_of_ten(number, 1) && !crowd_is_rare(crowd, number);
}

bool crowd_has_author(const struct crowd *crowd, uint64_t number)
{
    return one_of_ten(number, 2) && !crowd_is_rare(crowd, number);
}

void crowd_word(struct buf *out, uint64_t rank)
{
    uint64_t letters = bench_mixed(rank);
    for (uint64_t left = 3 + letters % 8; left > 0; left--) {
        letters = bench_mixed(letters);
        buf_byte(out, (uint8_t)('a' + letters % 26));
    }
}

static uint64_t seed_of(const struct crowd *crowd, uint64_t number)
{
    return number + (crowd->made[number].edited ? EDITED : 0);
}

static uint64_t rank_of(uint64_t seed, uint64_t i)
{
    const uint64_t chance = bench_mixed(seed * CROWD_WORDS + i);
    const uint64_t most = (uint64_t)1 << chance % CROWD_VOCABULARY_BITS;
    return most + (chance >> 8) % most;
}

uint64_t crowd_rank(const struct crowd *crowd, uint64_t number, uint64_t i)
{
    return rank_of(seed_of(crowd, number), i);
}

void crowd_words(uint64_t seed, struct buf *out)
{
    for (uint64_t i = 0; i < CROWD_WORDS; i++) {
        crowd_word(out, rank_of(seed, i));
        buf_byte(out, ' ');
    }
}

void crowd_text(const struct crowd *crowd, uint64_t number, struct buf *out)
{
    if (crowd->worded) {
        crowd_words(seed_of(crowd, number), out);
    }
    while (!crowd->worded && out->len < (size_t)CROWD_WORDS * 7) {
        buf_byte(out, 'a');
    }
}

struct id crowd_id(const struct crowd *crowd, uint64_t number, enum id_kind kind)
{
    struct id id = {.kind = (uint8_t)kind};
    memcpy(id.uuid, crowd->made[number].uuid, sizeof id.uuid);
    id.uuid[sizeof id.uuid - 1] ^= kind == ID_POST ? 0 : (uint8_t)kind;
    return id;
}

int64_t crowd_due_ms(const struct crowd *crowd)
{
    return crowd->start_ms + DUE_AFTER_MS;
}

uint64_t crowd_role_number(const struct crowd *crowd, enum crowd_role role, uint64_t index)
{
    const uint64_t count = crowd->size / crowd->stride;
    const uint64_t step = count % 1009 != 0 ? 1009 : 1013; /* primes: each comes once */
    ASSERT(count % step != 0 && index < count);
    return index * step % count * crowd->stride + (role == ROLE_DUE ? 0 : 1);
}

uint64_t crowd_pick(struct crowd *crowd)
{
    uint64_t number = 0;
    do {
        number = bench_mixed(~crowd->picked) % crowd->size;
        crowd->picked++;
    } while (crowd_role(crowd, number) != ROLE_USUAL || crowd->made[number].gone || crowd->made[number].edited);
    return number;
}

/* --- commands --- */

static const struct bench_author *author_of(const struct crowd *crowd, uint64_t number)
{
    return crowd_is_rare(crowd, number)      ? &crowd->rare
           : crowd_has_author(crowd, number) ? &crowd->other
                                             : &crowd->author;
}

static const struct bench_author *account_of(const struct crowd *crowd, uint64_t number)
{
    return crowd_is_rare(crowd, number)       ? &crowd->rare
           : crowd_has_account(crowd, number) ? &crowd->other
                                              : &crowd->author;
}

static uint32_t put_labels(const struct crowd *crowd, uint64_t number, struct label labels[2])
{
    uint32_t count = 0;
    if (crowd_is_rare(crowd, number)) {
        labels[count++] = (struct label){.name = SPAN("rare")};
    }
    if (crowd_has_label(crowd, number)) {
        labels[count++] = (struct label){.name = SPAN("campaign")};
    }
    return count;
}

static int64_t due_of(const struct crowd *crowd, uint64_t number)
{
    switch (crowd_role(crowd, number)) {
    case ROLE_DUE:
        return crowd_due_ms(crowd) + (int64_t)(bench_mixed(number) % DUE_WITHIN_MS);
    case ROLE_DRAFT:
        return 0;
    case ROLE_USUAL:
        break;
    }
    return crowd->now_ms + DUE_FROM_MS + (int64_t)(bench_mixed(number) % (uint64_t)(30 * DAY_MS));
}

void crowd_job_create(struct crowd *crowd, struct crowd_job *job)
{
    const uint64_t number = crowd->posts;
    const struct bench_author *author = author_of(crowd, number);
    struct buf text = buf_of(job->text, sizeof job->text);
    ASSERT(number < crowd->room);
    struct crowd_post *made = &crowd->made[number];
    *made = (struct crowd_post){.created_ms = crowd->now_ms, .due_ms = due_of(crowd, number)};
    crowd_text(crowd, number, &text);
    bench_post_fill(&job->post, author, buf_span(&text), made->due_ms);
    memcpy(made->uuid, job->post.command.stream.uuid, sizeof made->uuid);
    job->post.target.integration_id = account_of(crowd, number)->integration_id;
    job->post.target.target_id = crowd_id(crowd, number, ID_TARGET);
    job->post.command.create_post.labels = job->labels;
    job->post.command.create_post.labels_count = put_labels(crowd, number, job->labels);
    job->sent = &job->post.command;
    job->number = number;
    crowd->posts++;
}

void crowd_job_extra(const struct crowd *crowd, const struct bench_author *author, uint64_t number, int64_t at_ms,
                     struct crowd_job *job)
{
    struct buf text = buf_of(job->text, sizeof job->text);
    crowd_text(crowd, number, &text);
    bench_post_fill(&job->post, author, buf_span(&text), at_ms);
    job->sent = &job->post.command;
}

struct command *crowd_job_command(const struct crowd *crowd, uint64_t number, uint32_t code, struct crowd_job *job)
{
    job->number = number;
    job->command = (struct command){.code = code,
                                    .actor = ACTOR_KEY,
                                    .actor_id = crowd->author.key_id,
                                    .role = ROLE_OWNER,
                                    .command_id = bench_id(ID_COMMAND),
                                    .workspace_id = crowd->author.workspace_id,
                                    .stream = crowd_id(crowd, number, ID_POST)};
    job->sent = &job->command;
    return &job->command;
}

void crowd_job_edit(struct crowd *crowd, uint64_t number, struct crowd_job *job)
{
    struct edit_post_command *edit = &crowd_job_command(crowd, number, COMMAND_edit_post, job)->edit_post;
    struct buf text = buf_of(job->text, sizeof job->text);
    crowd->made[number].edited = 1;
    crowd_text(crowd, number, &text);
    job->command.expected_version = 2; /* created and scheduled */
    job->post.part = (struct content_part){.text = buf_span(&text)};
    job->post.target = (struct target_spec){.target_id = crowd_id(crowd, number, ID_TARGET),
                                            .integration_id = account_of(crowd, number)->integration_id,
                                            .channel = CHANNEL_BLUESKY};
    *edit = (struct edit_post_command){.post_id = job->command.stream,
                                       .parts = &job->post.part,
                                       .parts_count = 1,
                                       .targets = &job->post.target,
                                       .targets_count = 1,
                                       .labels = job->labels,
                                       .labels_count = put_labels(crowd, number, job->labels)};
}

static enum err give_one(struct crowd *crowd, const struct command *command)
{
    struct answer answer;
    TRY(ledger_handle(crowd->parts.ledger, command, NULL, &answer));
    if (answer.refusal != ACCEPTED || answer.events == 0) {
        (void)fprintf(stderr, "openpost bench: %s: %s\n", command_desc(command->code)->name,
                      answer.refusal == ACCEPTED ? "it did nothing" : refusal_desc(answer.refusal)->code);
        return ERR_CONFLICT;
    }
    return OK;
}

static enum err give_group(struct crowd *crowd, const struct command *const *commands, size_t count)
{
    TRY(ledger_begin(crowd->parts.ledger, crowd->now_ms));
    for (size_t i = 0; i < count; i++) {
        const enum err err = give_one(crowd, commands[i]);
        if (err != OK) {
            ledger_abort(crowd->parts.ledger);
            return err;
        }
    }
    return ledger_commit(crowd->parts.ledger);
}

enum err crowd_give(struct crowd *crowd, const struct command *const *commands, size_t count,
                    struct turn_cost *ret_cost)
{
    double before = 0;
    double after = 0;
    TRY(bench_process_faults(getpid(), &before));
    const int64_t start_us = clock_monotonic_us();
    const int64_t cpu_start_us = clock_thread_us();
    for (size_t i = 0; i < count; i += CROWD_GROUP) {
        TRY(give_group(crowd, commands + i, count - i < CROWD_GROUP ? count - i : CROWD_GROUP));
    }
    if (ret_cost != NULL) {
        *ret_cost = (struct turn_cost){.us = (double)(clock_monotonic_us() - start_us) / (double)count,
                                       .cpu_us = (double)(clock_thread_us() - cpu_start_us) / (double)count};
        TRY(bench_process_faults(getpid(), &after));
        ret_cost->faults = (after - before) / (double)count;
    }
    return OK;
}

enum err crowd_give_jobs(struct crowd *crowd, const struct crowd_job *jobs, size_t count, struct turn_cost *ret_cost)
{
    const struct command *commands[CROWD_ROUND];
    ASSERT(count <= CROWD_ROUND);
    for (size_t i = 0; i < count; i++) {
        commands[i] = jobs[i].sent;
    }
    return crowd_give(crowd, commands, count, ret_cost);
}

enum err crowd_tell(struct crowd *crowd, struct command *command)
{
    struct answer answer;
    TRY(parts_command(&crowd->parts, command, crowd->now_ms, &answer));
    return answer.refusal == ACCEPTED ? OK : ERR_CONFLICT;
}

/* --- what became of them --- */

static bool is_wanted(const struct post_view *post, const struct crowd_want *want)
{
    return (want->status == 0 || post->row.status == want->status) &&
           (want->publish_at_ms == 0 || post->row.publish_at_ms == want->publish_at_ms) &&
           (want->text.data == NULL || span_equal(post->content.parts[0].text, want->text)) &&
           (id_is_none(&want->series_id) || id_equal(&post->row.series_id, &want->series_id));
}

enum err crowd_check(const struct crowd *crowd, const struct id *workspace_id, const struct id *post_id,
                     const struct crowd_want *want)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct post_view post;
    struct arena arena;
    arena_init(&arena, POST_BYTES_MAX);
    enum err err = store_begin(crowd->parts.views, false, &txn);
    err = err == OK ? posts_get(txn, workspace_id, post_id, &arena, &post) : err;
    if (err == OK && !is_wanted(&post, want)) {
        (void)fprintf(stderr, "openpost bench: a post is %s, at %lld\n",
                      choice_word(&post_status_words, post.row.status), (long long)post.row.publish_at_ms);
        err = ERR_CONFLICT;
    }
    arena_done(&arena);
    return err;
}

/* --- filling --- */

/* A key and an account of their own, in the workspace of the first author. */
enum err crowd_found_author(struct crowd *crowd, const char *name, unsigned number, struct bench_author *ret_author)
{
    *ret_author = crowd->author;
    (void)snprintf(ret_author->name, sizeof ret_author->name, "%s", name);
    for (unsigned step = BENCH_WORKSPACE_STEPS - 1; step < BENCH_AUTHOR_STEPS; step++) {
        struct command command;
        bench_author_step(step, number, ret_author, &command);
        TRY(crowd_tell(crowd, &command));
    }
    return OK;
}

static enum err found_all(struct crowd *crowd)
{
    struct command command = {.code = COMMAND_start_ledger};
    command.start_ledger.boot = SPAN("bench");
    command.start_ledger.release = SPAN("bench");
    TRY(crowd_tell(crowd, &command));
    TRY(crowd_found_author(crowd, "other", 1, &crowd->other));
    return crowd_found_author(crowd, "rare", 2, &crowd->rare);
}

/* The posts from number first on of which one in ten is cancelled. */
static enum err cancel_some(struct crowd *crowd, uint64_t first, struct crowd_job *jobs)
{
    size_t count = 0;
    for (uint64_t number = first; number < crowd->posts; number++) {
        if (!one_of_ten(number, 3) || crowd_role(crowd, number) != ROLE_USUAL) {
            continue;
        }
        crowd_job_command(crowd, number, COMMAND_cancel_post, &jobs[count])->cancel_post.post_id =
            crowd_id(crowd, number, ID_POST);
        crowd->made[number].gone = 1;
        count++;
        if (count == CROWD_ROUND) {
            TRY(crowd_give_jobs(crowd, jobs, count, NULL));
            count = 0;
        }
    }
    return count > 0 ? crowd_give_jobs(crowd, jobs, count, NULL) : OK;
}

static enum err make_group(struct crowd *crowd, struct crowd_job *jobs, double *cpu_us)
{
    const struct command *commands[FILL_GROUP];
    size_t count = 0;
    for (; count < FILL_GROUP && crowd->posts < crowd->size; count++) {
        crowd_job_create(crowd, &jobs[count]);
        commands[count] = jobs[count].sent;
    }
    const int64_t start_us = clock_thread_us();
    TRY(give_group(crowd, commands, count));
    *cpu_us += (double)(clock_thread_us() - start_us);
    crowd->now_ms += FILL_MS * FILL_GROUP / (int64_t)crowd->size;
    return OK;
}

/* As on every workspace that has stood for a while: of each shelf some posts were edited since it was written, so that
 * an edit now and then has one written again. */
static enum err edit_some(struct crowd *crowd, struct crowd_job *jobs)
{
    size_t count = 0;
    for (uint64_t shelf = 0; shelf < crowd->size / SEGMENT_POSTS; shelf++) {
        uint64_t wanted = bench_mixed(shelf) % (SHELF_EDITS + 1);
        for (uint64_t n = 0; n < SEGMENT_POSTS && wanted > 0; n++) {
            const uint64_t number = shelf * SEGMENT_POSTS + n;
            if (crowd_role(crowd, number) != ROLE_USUAL || crowd->made[number].gone || one_of_ten(number, 4)) {
                continue;
            }
            crowd_job_edit(crowd, number, &jobs[count]);
            wanted--;
            count++;
            if (count == CROWD_ROUND) {
                TRY(crowd_give_jobs(crowd, jobs, count, NULL));
                count = 0;
            }
        }
    }
    return count > 0 ? crowd_give_jobs(crowd, jobs, count, NULL) : OK;
}

static enum err fill(const char *name, struct crowd *crowd, struct crowd_job *jobs)
{
    double cpu_us = 0;
    uint64_t cancelled = 0;
    TRY(found_all(crowd));
    while (crowd->posts < crowd->size) {
        TRY(make_group(crowd, jobs, &cpu_us));
        if (crowd->posts - cancelled >= (uint64_t)CANCEL_GROUPS * FILL_GROUP || crowd->posts == crowd->size) {
            TRY(cancel_some(crowd, cancelled, jobs));
            cancelled = crowd->posts;
        }
        if (crowd->posts / TOLD_EACH != (crowd->posts - FILL_GROUP) / TOLD_EACH && crowd->posts > FILL_GROUP) {
            bench_tell(name, crowd->posts, crowd->size);
        }
    }
    crowd->post_us = cpu_us / (double)crowd->size;
    return edit_some(crowd, jobs);
}

/* --- opening --- */

static void random_bytes(void *context, void *data, size_t len)
{
    (void)context;
    random_fill(data, len);
}

/* The ledger once more, with zones: it looks for the free slots of queues. */
static enum err open_ledger(struct crowd *crowd)
{
    const struct ledger_options options = {.log = crowd->parts.log,
                                           .views = crowd->parts.views,
                                           .projections = projections_all,
                                           .zones = crowd->zones,
                                           .installation_id = crowd->parts.data.installation_id,
                                           .random = random_bytes};
    ledger_close(crowd->parts.ledger);
    crowd->parts.ledger = NULL;
    return ledger_open(&options, true, &crowd->parts.ledger);
}

static enum err open_parts(struct bench *bench, const char *name, struct crowd *crowd)
{
    char path[DATA_PATH_MAX];
    struct data_folder data;
    TRY(path_join(path, sizeof path, bench->folder, name));
    TRY(bench_found(path, true, &crowd->author));
    TRY(data_open(path, &data));
    TRY(parts_open(&data, true, &crowd->parts, NULL));
    TRY(zones_open(&crowd->zones));
    return open_ledger(crowd);
}

enum err crowd_open(struct bench *bench, const char *name, uint64_t size, unsigned rounds, bool worded,
                    struct crowd *ret_crowd)
{
    struct crowd *crowd = ret_crowd;
    const uint64_t each = (uint64_t)rounds * CROWD_ROUND;
    *crowd = (struct crowd){.worded = worded, .size = size, .room = size + each * 4, .stride = size / each};
    ASSERT(crowd->stride >= 3 && size / CROWD_RARE > 0);
    crowd->made = calloc(crowd->room, sizeof *crowd->made);
    struct crowd_job *jobs = calloc(FILL_GROUP, sizeof *jobs);
    enum err err = crowd->made != NULL && jobs != NULL ? OK : ERR_NO_MEMORY;
    err = err == OK ? open_parts(bench, name, crowd) : err;
    crowd->start_ms = clock_wall_ms() + DAY_MS; /* behind what was founded */
    crowd->now_ms = crowd->start_ms;
    err = err == OK ? fill(name, crowd, jobs) : err;
    free(jobs);
    return err;
}

void crowd_close(struct crowd *crowd)
{
    parts_close(&crowd->parts);
    zones_close(crowd->zones);
    free(crowd->made);
    *crowd = (struct crowd){.size = 0};
}

/* --- two of them --- */

uint64_t crowd_half_shelf(uint64_t posts)
{
    return posts - posts % SEGMENT_POSTS + SEGMENT_POSTS / 2;
}

static enum err open_both(struct bench *bench, struct crowds *crowds)
{
    char name[32];
    const uint64_t few = crowd_half_shelf(bench->few_posts);
    bench->made++;
    (void)snprintf(crowds->against, sizeof crowds->against, "%llu posts", (unsigned long long)few);
    (void)snprintf(name, sizeof name, "crowd-%u-small", bench->made);
    TRY(crowd_open(bench, name, few, bench->rounds, true, &crowds->small));
    (void)snprintf(name, sizeof name, "crowd-%u-large", bench->made);
    TRY(crowd_open(bench, name, crowd_half_shelf(bench->many_posts), bench->rounds, true, &crowds->large));
    sync(); /* what was filled is not written back while we measure */
    return OK;
}

enum err crowds_get(struct bench *bench, bool fresh, struct crowds **ret_crowds)
{
    if (bench->crowds != NULL && fresh && bench->crowds->written) {
        crowds_close(bench);
    }
    if (bench->crowds == NULL) {
        bench->crowds = calloc(1, sizeof *bench->crowds);
        if (bench->crowds == NULL) {
            return ERR_NO_MEMORY;
        }
        TRY(open_both(bench, bench->crowds));
    }
    *ret_crowds = bench->crowds;
    return OK;
}

void crowds_close(struct bench *bench)
{
    if (bench->crowds != NULL) {
        crowd_close(&bench->crowds->large);
        crowd_close(&bench->crowds->small);
        free(bench->crowds);
        bench->crowds = NULL;
    }
}
