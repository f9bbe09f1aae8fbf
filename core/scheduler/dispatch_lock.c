/* dispatch_lock.c: the lock: what rendering needs of the network, and the native form of every target, keys and all.
 * Called by dispatch.c and dispatch_command.c. Whatever chance or the network gives is chosen here, once, and written
 * into the lock. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/scheduler/dispatch_state.h"
#include "core/vault/box.h"

#define KEY_MAX 128 /* bytes */

/* --- facts --- */

static struct fact_item *fact_at(const struct dispatch *dispatch, uint32_t index)
{
    return pool_at(&dispatch->facts, index);
}

static struct asking_item *asking_at(const struct dispatch *dispatch, uint32_t index)
{
    return pool_at(&dispatch->asking, index);
}

void dispatch_forget_facts(struct dispatch *dispatch, const struct id *post_id)
{
    const uint32_t index = pool_find(&dispatch->asking, post_id);
    if (index == 0) {
        return;
    }
    uint32_t next;
    for (uint32_t i = asking_at(dispatch, index)->first; i != 0; i = next) {
        next = fact_at(dispatch, i)->next;
        free(fact_at(dispatch, i)->json);
        pool_remove(&dispatch->facts, i);
    }
    pool_remove(&dispatch->asking, index);
}

static enum err ask(struct dispatch *dispatch, int64_t now_ms, const struct agenda_due *due,
                    const struct target_spec *spec, uint32_t asking)
{
    struct agenda_due question = *due;
    question.target_id = spec->target_id;
    question.integration_id = spec->integration_id;
    question.channel = spec->channel;
    const struct id job_id = dispatch_mint(dispatch, ID_REQUEST, now_ms);
    uint32_t task;
    TRY(pool_reserve(&dispatch->facts, 1));
    TRY(dispatch_task_add(dispatch, &question, &job_id, &task));
    task_at(dispatch, task)->deadline_ms = due->until_ms;
    if (pool_find(&dispatch->facts, &spec->target_id) == 0) {
        const uint32_t fact = pool_add(&dispatch->facts, &spec->target_id);
        fact_at(dispatch, fact)->next = asking_at(dispatch, asking)->first;
        asking_at(dispatch, asking)->first = fact;
    }
    asking_at(dispatch, asking)->open++;
    dispatch_go(dispatch, task, TASK_JOB, now_ms, 0);
    return OK;
}

static enum err content_for(const struct dispatch_post *post, const struct target_spec *spec, struct arena *arena,
                            struct channel_content *ret_content)
{
    struct channel_content content;
    TRY(channel_content(&post->content, spec->variant, arena, &content));
    content.settings = spec->settings;
    *ret_content = content;
    return OK;
}

static bool needs_facts(const struct dispatch *dispatch, const struct dispatch_post *post,
                        const struct target_spec *spec, struct arena *arena)
{
    const struct channel *channel = channel_find(&dispatch->options.channels, (enum channel_code)spec->channel);
    struct channel_content content;
    return channel != NULL && channel->needs_facts != NULL && content_for(post, spec, arena, &content) == OK &&
           channel->needs_facts(&content);
}

/* Questions of an earlier version may still be out; their answers are then taken for this one's targets, which harms
 * less than no answer. */
enum err dispatch_ask_facts(struct dispatch *dispatch, int64_t now_ms, const struct agenda_due *due)
{
    struct dispatch_post post;
    arena_reset(&dispatch->arena);
    dispatch_forget_facts(dispatch, &due->post_id);
    TRY(pool_reserve(&dispatch->asking, 1));
    const enum err err =
        dispatch->options.load.post(dispatch->options.load.context, &due->post_id, &dispatch->arena, &post);
    uint32_t asking = 0;
    for (uint32_t i = 0; err == OK && i < post.target_count; i++) {
        if (needs_facts(dispatch, &post, &post.targets[i].spec, &dispatch->arena)) {
            asking = asking != 0 ? asking : pool_add(&dispatch->asking, &due->post_id);
            TRY(ask(dispatch, now_ms, due, &post.targets[i].spec, asking));
        }
    }
    if (asking == 0) {
        agenda_facts_done(dispatch->agenda, &due->post_id);
    }
    return OK;
}

void dispatch_fact(struct dispatch *dispatch, const struct agenda_due *due, struct span json)
{
    const uint32_t asking = pool_find(&dispatch->asking, &due->post_id);
    const uint32_t index = pool_find(&dispatch->facts, &due->target_id);
    if (asking == 0 || index == 0) {
        return; /* too late: it was locked without */
    }
    struct fact_item *fact = fact_at(dispatch, index);
    if (json.data != NULL && fact->json == NULL) {
        fact->json = malloc(json.len + 1);
        if (fact->json != NULL) {
            memcpy(fact->json, json.data, json.len);
            fact->json_len = json.len;
        }
    }
    struct asking_item *item = asking_at(dispatch, asking);
    item->open = item->open > 0 ? item->open - 1 : 0;
    if (item->open == 0) {
        agenda_facts_done(dispatch->agenda, &due->post_id);
    }
}

static const struct dispatch_target *find_target(const struct dispatch_post *post, const struct id *target_id)
{
    for (uint32_t i = 0; i < post->target_count; i++) {
        if (id_equal(&post->targets[i].spec.target_id, target_id)) {
            return &post->targets[i];
        }
    }
    return NULL;
}

static size_t json_most(struct span text)
{
    return text.len * 6 + 4; /* \u00XX each, quotes, a comma */
}

static void put_member(struct buf *out, const char *name, struct span text)
{
    buf_text(out, name);
    if (text.data != NULL) {
        json_string(out, text);
    } else {
        buf_text(out, "null");
    }
}

enum err dispatch_resolve_payload(struct dispatch *dispatch, const struct task *task, struct arena *arena,
                                  struct span *ret_json)
{
    struct dispatch_post post;
    struct channel_content content;
    TRY(dispatch->options.load.post(dispatch->options.load.context, &task->due.post_id, arena, &post));
    const struct dispatch_target *target = find_target(&post, &task->due.target_id);
    if (target == NULL) {
        return ERR_NOT_FOUND;
    }
    TRY(content_for(&post, &target->spec, arena, &content));
    size_t most = 64 + json_most(content.link);
    for (uint32_t i = 0; i < content.part_count; i++) {
        most += json_most(content.parts[i].text);
    }
    most += json_most(content.first_comment);
    void *bytes = arena_alloc(arena, most);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, most);
    buf_text(&out, "{\"texts\":[");
    for (uint32_t i = 0; i < content.part_count; i++) {
        buf_text(&out, i > 0 ? "," : "");
        json_string(&out, content.parts[i].text);
    }
    if (content.first_comment.data != NULL) {
        buf_text(&out, content.part_count > 0 ? "," : "");
        json_string(&out, content.first_comment);
    }
    put_member(&out, "],\"link\":", content.link);
    buf_text(&out, "}");
    ASSERT(buf_ok(&out));
    *ret_json = buf_span(&out);
    return OK;
}

/* --- rendering --- */

/* Numbers for the keys of an account's parts. Each account has a row of its own, which begins anywhere: no two of its
 * keys are the same, and none tells how much others post. Numbers drawn by chance would meet: of 20,000 posts at one
 * instant two would have one key in one case of three hundred, and the second of them could never be sent. */
static enum err take_numbers(struct dispatch *dispatch, const struct id *integration_id, uint32_t count,
                             uint64_t *ret_number)
{
    uint32_t index = pool_find(&dispatch->numbers, integration_id);
    if (index == 0) {
        TRY(pool_reserve(&dispatch->numbers, 1));
        index = pool_add(&dispatch->numbers, integration_id);
        struct number_item *made = pool_at(&dispatch->numbers, index);
        dispatch->options.random(dispatch->options.random_context, &made->next, sizeof made->next);
    }
    struct number_item *item = pool_at(&dispatch->numbers, index);
    *ret_number = item->next;
    item->next += count;
    return OK;
}

/* The keys of a target's parts, which make every attempt at them recognisable. */
static enum err give_keys(struct dispatch *dispatch, const struct channel *channel, const struct id *integration_id,
                          struct arena *arena, struct locked_target *locked)
{
    uint64_t number = 0;
    if (locked->code.data != NULL || !channel->keyed) {
        return OK;
    }
    TRY(take_numbers(dispatch, integration_id, locked->parts_count, &number));
    for (uint32_t i = 0; i < locked->parts_count; i++) {
        void *text = arena_alloc(arena, KEY_MAX);
        if (text == NULL) {
            return ERR_NO_MEMORY;
        }
        struct buf key = buf_of(text, KEY_MAX);
        channel->key(locked->parts[i].created_ms, number + i, &key);
        locked->parts[i].key = buf_span(&key);
    }
    return OK;
}

static enum err lock_target(struct dispatch *dispatch, const struct dispatch_post *post,
                            const struct dispatch_target *target, struct arena *arena, struct locked_target *locked)
{
    struct channel_content content;
    struct channel_facts facts = {0};
    locked->target_id = target->spec.target_id;
    const struct channel *channel = channel_find(&dispatch->options.channels, (enum channel_code)target->spec.channel);
    if (channel == NULL) {
        return channel_form_refused("This installation does not publish on the channel.", arena, locked);
    }
    const enum err err = content_for(post, &target->spec, arena, &content);
    if (err != OK) {
        return err == ERR_NO_MEMORY
                   ? err
                   : channel_form_refused("The target's variant cannot be applied to the content.", arena, locked);
    }
    const uint32_t fact = pool_find(&dispatch->facts, &target->spec.target_id);
    if (fact != 0) {
        const struct fact_item *item = fact_at(dispatch, fact);
        facts.json = item->json != NULL ? span_of(item->json, item->json_len) : SPAN("{}");
    }
    struct channel_rendering *rendering = arena_alloc(arena, sizeof *rendering);
    if (rendering == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(channel_render_bounded(channel, &content, &facts, target->due_ms, arena, rendering));
    TRY(channel_form(rendering, target->due_ms, arena, locked));
    return give_keys(dispatch, channel, &target->spec.integration_id, arena, locked);
}

/* What was approved is sent, whatever rendering would make of the post today. */
static enum err lock_approved(struct dispatch *dispatch, const struct dispatch_post *post,
                              const struct locked_target *approved, struct arena *arena, struct locked_target *locked)
{
    const struct dispatch_target *target = find_target(post, &approved->target_id);
    const struct channel *channel =
        target == NULL ? NULL : channel_find(&dispatch->options.channels, (enum channel_code)target->spec.channel);
    *locked = *approved;
    if (channel == NULL) {
        locked->parts_count = 0;
        return channel_form_refused("This installation does not publish on the channel.", arena, locked);
    }
    return give_keys(dispatch, channel, &target->spec.integration_id, arena, locked);
}

enum err dispatch_render(struct dispatch *dispatch, struct task *task, int64_t now_ms, struct arena *arena,
                         struct lock_post_command *ret_lock)
{
    struct dispatch_post post;
    (void)now_ms;
    TRY(dispatch->options.load.post(dispatch->options.load.context, &task->due.post_id, arena, &post));
    const uint32_t count = post.is_approved ? post.approved_count : post.target_count;
    struct locked_target *locked = arena_alloc(arena, (count + 1) * sizeof *locked);
    if (locked == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(post.is_approved ? lock_approved(dispatch, &post, &post.approved[i], arena, &locked[i])
                             : lock_target(dispatch, &post, &post.targets[i], arena, &locked[i]));
    }
    task->version = post.version;
    *ret_lock = (struct lock_post_command){.post_id = task->due.post_id, .targets = locked, .targets_count = count};
    return OK;
}
