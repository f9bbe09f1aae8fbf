/* notification_handlers.c: what members are told, what of it they have read, and which kinds they want to see. Marks
 * and preferences are a person's own: a key reads the list, and has neither. */
#include "gateway/etag.h"
#include "gateway/gateway.h"

#define MARKED_AT_ONCE 100U /* as many as a command lists */

/* Whose marks they are; absent: a key's, and answered. */
static struct id own_member(struct exchange *x)
{
    const struct id member_id = pass_badge(x->pass)->member_id;
    if (id_is_none(&member_id)) {
        exchange_problem(x, REFUSED_session_required, NULL, NULL, NULL);
    }
    return member_id;
}

/* --- the list --- */

/* False: answered. */
static bool read_kinds(struct exchange *x, struct notification_filter *filter)
{
    struct span text;
    for (unsigned n = 0; (text = exchange_query(x, "kind", n)).data != NULL; n++) {
        const uint32_t kind = choice_value(&notification_kind_words, text);
        if (kind == NOTIFY_NONE) {
            exchange_parameter(x, REFUSED_parameter_invalid, "kind", "No notification is of this kind.");
            return false;
        }
        filter->kinds |= (uint32_t)1 << kind;
    }
    return true;
}

static bool read_wish(struct exchange *x, struct notification_filter *filter)
{
    const struct span text = exchange_query(x, "unread", 0);
    const bool unread = span_equal(text, SPAN("true"));
    if (text.data == NULL) {
        return true;
    }
    if (!unread && !span_equal(text, SPAN("false"))) {
        exchange_parameter(x, REFUSED_parameter_invalid, "unread", "unread is true or false.");
        return false;
    }
    filter->wish = unread ? NOTIFICATIONS_UNREAD : NOTIFICATIONS_READ;
    const struct id member_id = own_member(x);
    return !id_is_none(&member_id);
}

static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct notification_page *page = what;
    const bool marked = !id_is_none(&pass_badge(x->pass)->member_id);
    buf_text(out, "{\"unread\":");
    if (marked) {
        buf_u64(out, page->unread);
    } else {
        buf_text(out, "null");
    }
    buf_text(out, ",\"data\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_notification(&page->items[i], marked, out));
    }
    buf_byte(out, ']');
    exchange_page_end_u64(x, page->more ? page->items[page->count - 1].row.workspace_seq : 0, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

void handle_list_notifications(struct exchange *x)
{
    struct notification_filter filter = {.before = 0};
    struct notification_page page;
    if (!exchange_limit(x, &filter.limit) || !exchange_cursor_u64(x, &filter.before) || !read_kinds(x, &filter) ||
        !read_wish(x, &filter)) {
        return;
    }
    const enum err err = pass_notifications(x->pass, &filter, &page);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_show(x, write_page, &page);
    }
}

/* --- read marks --- */

/* The event that a notification tells of; what is none here is the input's fault, at pointer. False: answered. */
static bool find(struct exchange *x, struct span text, const char *pointer, uint64_t *ret_workspace_seq)
{
    struct id notification_id;
    const enum err err = id_parse(text, ID_NOTIFICATION, &notification_id) != OK
                             ? ERR_NOT_FOUND
                             : pass_notification(x->pass, &notification_id, ret_workspace_seq);
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_reference_not_found, "There is no such notification here, or none any more.",
                         pointer, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}

/* False: answered. */
static bool find_all(struct exchange *x, const struct json_node *list, struct event_ref *items, uint32_t *ret_count)
{
    *ret_count = 0;
    for (const struct json_node *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        char pointer[INPUT_PARAM_MAX];
        input_pointer_index(pointer, "/ids", *ret_count);
        if (!find(x, item->text, pointer, &items[*ret_count].workspace_seq)) {
            return false;
        }
        (*ret_count)++;
    }
    return true;
}

void handle_read_notifications(struct exchange *x)
{
    const struct id member_id = own_member(x);
    const struct json_node *read = json_node_member(x->body, "read");
    const bool unread = json_node_is(read, NODE_FALSE);
    const struct span up_to = json_node_text(x->body, "up_to");
    struct event_ref *items = arena_alloc(&x->request->arena, MARKED_AT_ONCE * sizeof *items);
    struct read_notifications_command command = {.member_id = member_id, .items = items, .unread = unread};
    if (id_is_none(&member_id)) {
        return;
    }
    const struct json_node *ids = input_some(x->body, "ids");
    if (up_to.data == NULL && ids == NULL) {
        input_wrong(&x->input, REFUSED_field_missing, "/ids", "Say which: up_to, ids or both.");
    } else if (up_to.data != NULL && unread) {
        input_wrong(&x->input, REFUSED_field_invalid, "/up_to",
                    "Notifications are marked as not read one by one: ids.");
    }
    if (items == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
    } else if (!exchange_input(x) && (up_to.data == NULL || find(x, up_to, "/up_to", &command.up_to)) &&
               find_all(x, ids, items, &command.items_count)) {
        *ORDER(x, read_notifications, &member_id) = command;
        exchange_send(x);
    }
}

/* --- preferences --- */

void handle_get_notification_preferences(struct exchange *x)
{
    const struct id member_id = own_member(x);
    struct notification_marks marks;
    struct buf out = {0};
    char tag[ETAG_MAX];
    if (id_is_none(&member_id)) {
        return;
    }
    enum err err = pass_marks(x->pass, &marks);
    err = err == OK ? exchange_out(x, &out) : err;
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    bool first = true;
    buf_text(&out, "{\"hidden\":[");
    for (uint32_t kind = 1; kind < NOTIFY_COUNT; kind++) {
        if (!read_marks_shows(&marks.marks, kind)) {
            buf_text(&out, first ? "" : ",");
            json_string(&out, span_text(choice_word(&notification_kind_words, kind)));
            first = false;
        }
    }
    buf_text(&out, "]}");
    exchange_json(x, 200, buf_span(&out), etag_of(marks.version, NULL, tag), NULL);
}

void handle_choose_notifications(struct exchange *x)
{
    const struct id member_id = own_member(x);
    const struct json_node *list = input_some(x->body, "hidden");
    struct notification_choice *hidden = arena_alloc(&x->request->arena, NOTIFY_COUNT * sizeof *hidden);
    struct choose_notifications_command command = {.member_id = member_id, .hidden = hidden, .seen = x->if_match};
    if (id_is_none(&member_id)) {
        return;
    }
    if (hidden == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return;
    }
    for (const struct json_node *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        hidden[command.hidden_count].kind = choice_value(&notification_kind_words, item->text);
        command.hidden_count++;
    }
    *ORDER(x, choose_notifications, &member_id) = command;
    x->sending.expected_version = 0; /* the choice has a version of its own: reading changes nothing of it */
    exchange_send(x);
}
