/* queue_handlers.c: an account's queue: its slots, its zone, its pause, and its next occurrences. */
#include "core/calendar/local.h"
#include "gateway/etag.h"
#include "gateway/gateway.h"

#define PREVIEW_DEFAULT 20

static enum err write_queue(struct exchange *x, const void *what, struct buf *out)
{
    return pass_present_queue(x->pass, what, out);
}

void exchange_show_queue(struct exchange *x, const struct weekly_row *row)
{
    char text[ETAG_MAX];
    exchange_answer(x, x->route->success, write_queue, row, etag_of(queue_version(row), NULL, text), NULL);
}

void handle_get_queue(struct exchange *x)
{
    exchange_show_queue(x, &x->queue);
}

/* The version that If-Match names counts the queue's making, which is no event. All commands of a queue begin with the
 * same members. */
static void *begin(struct exchange *x, enum command_code code)
{
    struct pause_queue_command *fields = exchange_order(x, code, &x->queue.queue_id);
    *fields = (struct pause_queue_command){.queue_id = x->queue.queue_id, .integration_id = x->id};
    if (x->if_match != 0 && x->if_match != VERSION_OF_NOTHING) {
        fields->untouched = x->if_match == 1;
        x->sending.expected_version = x->if_match - 1;
    }
    return fields;
}

void handle_pause_queue(struct exchange *x)
{
    (void)begin(x, COMMAND_pause_queue);
    exchange_send(x);
}

void handle_resume_queue(struct exchange *x)
{
    (void)begin(x, COMMAND_resume_queue);
    exchange_send(x);
}

static void read_slot(struct exchange *x, const struct json_node *item, uint32_t index, struct weekly_slot *slot)
{
    int minute = 0;
    char at[INPUT_PARAM_MAX];
    if (!local_read_minute(json_node_text(item, "time"), &minute)) {
        char pointer[INPUT_PARAM_MAX];
        input_pointer_index(at, "/slots", index);
        input_pointer(pointer, at, "time");
        input_wrong(&x->input, REFUSED_field_invalid, pointer, "A time of the day like 09:30 is expected.");
    }
    *slot = (struct weekly_slot){.slot_id = exchange_mint(x, ID_SLOT),
                                 .weekday = choice_value(&weekday_words, json_node_text(item, "weekday")),
                                 .minute = (uint64_t)minute};
}

/* Those that stand at times at which the queue has one keep its ids: the rules see to that. */
static void read_slots(struct exchange *x, struct weekly_slot **ret_slots, uint32_t *ret_count)
{
    const struct json_node *list = input_some(x->body, "slots");
    uint32_t count = 0;
    struct weekly_slot *slots = arena_alloc(&x->request->arena, (list == NULL ? 1 : list->count + 1) * sizeof *slots);
    if (slots == NULL) {
        input_wrong(&x->input, REFUSED_payload_too_large, "", "The request is larger than it may be.");
        return;
    }
    for (const struct json_node *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        read_slot(x, item, count, &slots[count]);
        count++;
    }
    *ret_slots = slots;
    *ret_count = count;
}

void handle_change_queue(struct exchange *x)
{
    const struct json_node *zone = json_node_member(x->body, "timezone");
    struct weekly_slot *slots = NULL;
    uint32_t count = 0;
    const bool replace = json_node_member(x->body, "slots") != NULL;
    if (replace) {
        read_slots(x, &slots, &count);
    }
    if (exchange_input(x)) {
        return;
    }
    struct change_queue_command *fields = begin(x, COMMAND_change_queue);
    fields->timezone = json_node_text(x->body, "timezone");
    fields->no_timezone = json_node_is(zone, NODE_NULL);
    fields->replace = replace;
    fields->slots = slots;
    fields->slots_count = count;
    exchange_send(x);
}

static enum err write_preview(struct exchange *x, const void *what, struct buf *out)
{
    return pass_present_preview(x->pass, &x->queue, *(const uint32_t *)what, x->now_ms, out);
}

void handle_preview_queue(struct exchange *x)
{
    uint64_t count = PREVIEW_DEFAULT;
    const struct span text = exchange_query(x, "n", 0);
    if (text.data != NULL && (span_to_u64(text, &count) != OK || count < 1 || count > LIMIT_MAX)) {
        exchange_parameter(x, REFUSED_parameter_invalid, "n", "n is a number from 1 to 200.");
        return;
    }
    const uint32_t occurrences = (uint32_t)count;
    exchange_show(x, write_preview, &occurrences);
}
