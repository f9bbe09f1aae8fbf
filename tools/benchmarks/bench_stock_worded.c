/* bench_stock_worded.c: see bench_stock.h: fills one workspace with posts whose texts have words, and chooses by chance
 * which of them each command will be about. Called by bench_service.c. */
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/wire/body.h"
#include "projections/posts_shelf.h"
#include "tools/benchmarks/bench_stock_private.h"

#define DUE_AFTER_MS ((int64_t)10 * SECOND_MS) /* of posts that are due together: from their creation at least */
#define POST_US 100                            /* that filling takes for each, more or less: then they are due */
#define DUE_WITHIN_MS UINT64_C(5000)
#define MONTH_MS (30 * DAY_MS)

_Static_assert(SEGMENT_POSTS % 2 == 0, "half a shelf");

static uint64_t part_count(const struct stock *stock, unsigned part)
{
    return part == PART_NONE ? 0 : stock->turns * (part == PART_DUE ? CROWD_ROUND : STOCK_HTTP_ROUND);
}

/* The first of a shuffle (Fisher and Yates, as far as it is needed), the same in each run. */
static enum err choose(struct stock *stock)
{
    uint64_t count = 0;
    for (unsigned part = 0; part < PART_COUNT; part++) {
        stock->first[part] = count;
        count += part_count(stock, part);
    }
    stock->first[PART_COUNT] = count;
    stock->chosen_count = count;
    stock->chosen = calloc(stock->size, sizeof *stock->chosen);
    if (stock->chosen == NULL) {
        return ERR_NO_MEMORY;
    }
    if (count > stock->size) {
        return ERR_RANGE;
    }
    for (uint64_t i = 0; i < stock->size; i++) {
        stock->chosen[i] = (uint32_t)i;
    }
    unsigned part = PART_NONE;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t other = i + stock_spread(i, stock->size - i);
        const uint32_t number = stock->chosen[other];
        stock->chosen[other] = stock->chosen[i];
        stock->chosen[i] = number;
        while (i >= stock->first[part + 1]) {
            part++;
        }
        stock->made[number].part = (uint8_t)part;
    }
    return OK;
}

/* Of a part, how many are needed whatever the shelf is: 0 to SHELF_EDITS, as on a workspace that has stood for a while,
 * so that an edit now and then has a shelf written again. They stand behind the parts. */
static void choose_edited(struct stock *stock)
{
    for (uint64_t shelf = 0; shelf < stock->size / SEGMENT_POSTS; shelf++) {
        uint64_t wanted = bench_mixed(shelf) % (SHELF_EDITS + 1);
        for (uint64_t n = 0; n < SEGMENT_POSTS && wanted > 0; n++) {
            const uint64_t number = shelf * SEGMENT_POSTS + n;
            if (stock->made[number].part == PART_NONE) {
                stock->chosen[stock->chosen_count++] = (uint32_t)number;
                wanted--;
            }
        }
    }
}

/* A post that will be scheduled is a draft; those that will be locked and sent are due together; the others are due at
 * any instant of a month, which does not follow from when they were made. */
static int64_t due_of(struct stock *stock, uint64_t number)
{
    const int64_t now_ms = clock_wall_ms();
    switch (stock->made[number].part) {
    case PART_DUE: {
        const int64_t from_ms = now_ms + DUE_AFTER_MS > stock->due_ms ? now_ms + DUE_AFTER_MS : stock->due_ms;
        return from_ms + (int64_t)stock_spread(number, DUE_WITHIN_MS);
    }
    case PART_DRAFT:
        return 0;
    default:
        return now_ms + DAY_MS + (int64_t)stock_spread(number, (uint64_t)MONTH_MS);
    }
}

static const struct command *make_worded(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    struct stock_made *made = &stock->made[index];
    struct bench_post *post = &stock->posts[place];
    const int64_t due_ms = due_of(stock, index);
    bench_post_fill(post, &stock->authors[0], stock_text(stock, index, stock->texts[place]), due_ms);
    made->post_id = post->command.stream;
    made->target_id = post->target.target_id;
    made->due_ms = due_ms;
    made->early = due_ms < clock_wall_ms() + DAY_MS + MONTH_MS / 2;
    return &post->command;
}

static const struct command *make_edit(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    const uint32_t number = stock->chosen[stock->first[PART_COUNT] + index];
    struct stock_made *made = &stock->made[number];
    struct bench_post *post = &stock->posts[place];
    made->edited = true;
    bench_post_fill(post, &stock->authors[0], stock_text(stock, number, stock->texts[place]), 0);
    post->target.target_id = made->target_id;
    post->command.code = COMMAND_edit_post;
    post->command.stream = made->post_id;
    post->command.expected_version = 2; /* created and scheduled */
    post->command.edit_post = (struct edit_post_command){
        .post_id = made->post_id, .parts = &post->part, .parts_count = 1, .targets = &post->target, .targets_count = 1};
    return &post->command;
}

static enum err ask_epoch(struct stock *stock)
{
    uint8_t bytes[256];
    struct welcome welcome;
    struct buf out = buf_of(bytes, sizeof bytes);
    TRY(client_ask_wait(stock->client, FRAME_HELLO, (struct span){0}, 5 * SECOND_MS, &out));
    TRY(body_welcome_read(buf_span(&out), &welcome));
    stock->epoch = welcome.epoch;
    return OK;
}

enum err stock_fill_worded(struct stock *stock, uint64_t posts, unsigned rounds)
{
    double us = 0;
    stock->size = posts;
    stock->turns = rounds;
    stock->due_ms = clock_wall_ms() + DUE_AFTER_MS + (int64_t)posts * POST_US / 1000;
    TRY(ask_epoch(stock));
    TRY(choose(stock));
    choose_edited(stock);
    TRY(load_commands(stock->client, posts, STOCK_OUTSTANDING, make_worded, stock, &us));
    stock->filled = posts;
    const uint64_t edits = stock->chosen_count - stock->first[PART_COUNT];
    return edits == 0 ? OK : load_commands(stock->client, edits, STOCK_OUTSTANDING, make_edit, stock, &us);
}

int64_t stock_due_ms(const struct stock *stock)
{
    int64_t due_ms = 0;
    for (uint64_t i = stock->first[PART_DUE]; i < stock->first[PART_DUE + 1]; i++) {
        const int64_t one_ms = stock->made[stock->chosen[i]].due_ms;
        due_ms = one_ms > due_ms ? one_ms : due_ms;
    }
    return due_ms;
}
