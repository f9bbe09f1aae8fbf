/* look.c: see look.h. Called by tenant.c and post.c. Must never print a control character that came from a person as it
 * is. */
#include "tools/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/message/codec.h"
#include "core/message/json_read.h"
#include "core/text/words.h"
#include "gateway/rendering.h"
#include "projections/views.h"
#include "tools/channels.h"

#define ARENA_MAX ((size_t)256 << 20)
#define ANSWER_BYTES ((size_t)4 << 20) /* a page of long posts is shorter */
#define PAGE_MAX 200                   /* as views.h has it */
#define LINE_BYTES ((size_t)1 << 20)   /* of a thing in JSON: a post with all that it may have */
#define CELL_BYTES 80                  /* of a text at a terminal: who wants all of it asks for the thing */
#define PATH_BYTES 512
#define CURSOR_BYTES 256

/* ---- The moment ---- */

static int do_then(struct look *look, errand_run *run)
{
    struct errand *errand = &look->errand;
    struct log_fault fault = {0};
    int code = EXIT_GOOD;
    if (!files_or_complain(errand->command, &errand->data, false, &code)) {
        return code;
    }
    char name[64];
    (void)snprintf(name, sizeof name, "openpost-%s", errand->command);
    process_prepare(name);
    arena_init(&errand->arena, ARENA_MAX);
    enum err err = past_open(&errand->data, look->at != NULL ? &look->moment : NULL, &look->past, &fault);
    err = err == OK ? store_begin(look->past.views, false, &errand->txn) : err;
    look->now_ms = look->past.at_ms;
    if (err == OK) {
        code = run(errand);
    } else if (err == ERR_NOT_FOUND) {
        code = errand_refused(errand, "--at: the log has nothing of that moment");
    } else if (err == ERR_ALTERED) {
        code = complain(errand->command,
                        fault.sentence[0] != 0 ? fault.sentence : "a record is damaged; run openpost verify", err,
                        EXIT_ALTERED);
    } else {
        code = complain_of_folder(errand->command, errand->path, false, err, EXIT_UNREADABLE);
    }
    store_abort(errand->txn);
    past_close(&look->past);
    arena_done(&errand->arena);
    return code;
}

int look_do(struct look *look, errand_run *run)
{
    if (zones_open(&look->zones) != OK) {
        return complain(look->errand.command, "no time zones can be read in " ZONES_FOLDER, ERR_NOT_FOUND, EXIT_CANNOT);
    }
    look->now_ms = clock_wall_ms();
    struct errand *errand = &look->errand;
    int code = EXIT_GOOD;
    if (data_or_complain(errand->command, errand->path, &errand->data, &code)) {
        const bool backup = !look->changes && !parts_have_views(&errand->data);
        code = look->at != NULL || backup ? do_then(look, run) : errand_do(errand, run, ARENA_MAX);
    }
    zones_close(look->zones);
    return code;
}

/* ---- Questions ---- */

enum err look_ask(struct look *look, const char *question, const struct query_args *args,
                  const struct json_node **ret_answer)
{
    static const struct grant owner = {.role = ROLE_OWNER};
    static const uint8_t cursor_key[VIEWS_CURSOR_KEY_LEN] = {0}; /* who has the data folder sees all anyway */
    struct arena *arena = &look->errand.arena;
    const struct views_query *query = views_query_find(span_text(question));
    uint8_t *asked = arena_room(arena, COMMAND_BYTES_MAX);
    uint8_t *bytes = arena_room(arena, ANSWER_BYTES);
    const struct channel *room[CHANNELS_ALL];
    if (asked == NULL || bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf packed = buf_of(asked, COMMAND_BYTES_MAX);
    struct buf answer = buf_of(bytes, ANSWER_BYTES);
    struct channel_list channels = channels_all(room);
    ASSERT(query != NULL);
    TRY(record_encode(query_args_desc(), args, &packed));
    const struct views_request request = {.txn = look->errand.txn,
                                          .workspace_id = &look->errand.workspace_id,
                                          .grant = &owner,
                                          .args = buf_span(&packed),
                                          .zones = look->zones,
                                          .channels = &channels,
                                          .arena = arena,
                                          .cursor_key = cursor_key,
                                          .now_ms = look->now_ms,
                                          .rendering = look->renders ? rendering_write : NULL,
                                          .rendering_context = &channels};
    TRY(query->answer(&request, &answer));
    return json_read(buf_span(&answer), arena, ret_answer);
}

int look_failed(struct look *look, enum err err)
{
    char said[64];
    switch ((int)err) {
    case ERR_NOT_FOUND:
        return errand_refused(&look->errand, "there is no such thing in the workspace");
    case ERR_MISSING:
    case ERR_RANGE: /* of all that is asked with, the words alone are not judged before */
        (void)snprintf(said, sizeof said, "--search: expected words, at most %d", SOUGHT_MAX);
        return errand_wrong(&look->errand, said);
    default:
        return errand_failed(&look->errand, err);
    }
}

/* ---- For programs ---- */

static int print_json(const struct json_node *thing)
{
    const size_t size = json_node_size(thing) + 1;
    char *bytes = malloc(size);
    struct buf line = buf_of(bytes, bytes == NULL ? 0 : size);
    const bool good = bytes != NULL && json_node_write(thing, &line) == OK;
    print_shown(good ? buf_terminated(&line) : NULL, true);
    free(bytes);
    return good ? EXIT_GOOD : EXIT_CANNOT;
}

/* ---- For people ---- */

static void put_value(struct buf *out, const struct json_node *value);

/* An object's members but its id, one beside the other; a list's items with commas between them. */
static void put_values(struct buf *out, const struct json_node *parent)
{
    bool first = true;
    for (const struct json_node *child = parent->first; child != NULL; child = child->next) {
        if (child->name.data != NULL && span_equal(child->name, SPAN("id"))) {
            continue;
        }
        buf_text(out, first ? "" : parent->kind == NODE_LIST ? "," : " ");
        put_value(out, child);
        first = false;
    }
    buf_text(out, first ? "-" : "");
}

static void put_value(struct buf *out, const struct json_node *value)
{
    const enum json_node_kind kind = value == NULL ? NODE_NULL : value->kind;
    switch (kind) {
    case NODE_TEXT:
        buf_put(out, value->text.len > 0 ? value->text : SPAN("-"));
        return;
    case NODE_INTEGER:
        buf_i64(out, value->integer);
        return;
    case NODE_TRUE:
        buf_text(out, "yes");
        return;
    case NODE_FALSE:
        buf_text(out, "no");
        return;
    case NODE_LIST:
    case NODE_OBJECT:
        put_values(out, value);
        return;
    case NODE_NULL:
    case NODE_REAL:
    default:
        buf_text(out, "-");
    }
}

/* Cuts a line's last cell, never inside a character. */
static void cut_cell(struct buf *line, size_t begin)
{
    if (line->len <= begin + CELL_BYTES) {
        return;
    }
    size_t end = begin + CELL_BYTES;
    while (end > begin && (line->data[end] & 0xC0) == 0x80) {
        end--;
    }
    line->len = end;
    buf_text(line, "…");
}

/* How a post's text begins: a thread's is its first part's. */
static const struct json_node *text_of(const struct json_node *thing, const char *path)
{
    const struct json_node *text = json_node_path(thing, path);
    const struct json_node *parts = json_node_path(thing, "content/parts");
    const bool threads = !json_node_is(text, NODE_TEXT) && json_node_is(parts, NODE_LIST) && parts->first != NULL;
    return threads ? json_node_member(parts->first, "text") : text;
}

int look_print_thing(const struct look *look, const struct look_list *list, const struct json_node *thing)
{
    if (look->errand.json) {
        return print_json(thing);
    }
    char *bytes = malloc(LINE_BYTES);
    struct buf line = buf_of(bytes, bytes == NULL ? 0 : LINE_BYTES);
    size_t begin = 0;
    for (size_t i = 0; i < list->column_count; i++) {
        if (i > 0) {
            to_column(&line, list->columns[i].at);
        }
        begin = line.len;
        const char *path = list->columns[i].path;
        const bool is_text = list->cuts && i + 1 == list->column_count;
        put_value(&line, is_text ? text_of(thing, path) : json_node_path(thing, path));
    }
    if (list->cuts && buf_ok(&line) && isatty(STDOUT_FILENO)) {
        cut_cell(&line, begin);
    }
    print_shown(bytes == NULL ? NULL : buf_terminated(&line), false);
    free(bytes);
    return EXIT_GOOD;
}

static bool is_scalar(const struct json_node *node)
{
    return node->kind != NODE_LIST && node->kind != NODE_OBJECT;
}

static bool has_scalars_alone(const struct json_node *list)
{
    const struct json_node *item = list->first;
    while (item != NULL && is_scalar(item)) {
        item = item->next;
    }
    return item == NULL;
}

/* A line for each member that has no members: content.text: Good morning. Depth is that of our own answers. */
static void print_members(const struct json_node *node, struct buf *path, struct buf *line)
{
    const size_t before = path->len;
    uint64_t index = 0;
    if (is_scalar(node) || (node->kind == NODE_LIST && has_scalars_alone(node)) || node->count == 0) {
        line->len = 0;
        buf_put(line, buf_span(path));
        buf_text(line, ": ");
        put_value(line, node);
        print_shown(buf_terminated(line), false);
        return;
    }
    for (const struct json_node *child = node->first; child != NULL; child = child->next) {
        path->len = before;
        buf_text(path, before == 0 ? "" : ".");
        if (node->kind == NODE_OBJECT) {
            buf_put(path, child->name);
        } else {
            buf_u64(path, index);
        }
        index++;
        print_members(child, path, line);
    }
    path->len = before;
}

int look_show(struct look *look, const char *question, const struct query_args *args)
{
    const struct json_node *answer = NULL;
    char path_bytes[PATH_BYTES];
    struct buf path = buf_of(path_bytes, sizeof path_bytes);
    look->renders = true;
    const enum err err = look_ask(look, question, args, &answer);
    if (err != OK) {
        return look_failed(look, err);
    }
    if (look->errand.json) {
        return print_json(answer);
    }
    char *bytes = malloc(LINE_BYTES);
    if (bytes == NULL) {
        return EXIT_CANNOT;
    }
    struct buf line = buf_of(bytes, LINE_BYTES);
    print_members(answer, &path, &line);
    free(bytes);
    return EXIT_GOOD;
}

/* ---- Lists ---- */

static int hex_digit(uint8_t letter)
{
    return letter >= 'a' ? letter - 'a' + 10 : letter - '0';
}

/* The cursor of the next page, out of the arena into room. False: this was the last. */
static bool read_cursor(const struct look_list *list, const struct json_node *page, uint8_t room[CURSOR_BYTES],
                        struct query_args *args)
{
    const struct span text = json_node_text(page, "next_cursor");
    if (list->whole || text.data == NULL || text.len > CURSOR_BYTES) {
        return false;
    }
    size_t len = text.len;
    memcpy(room, text.data, text.len);
    if (list->hex_cursor) {
        len = text.len / 2;
        for (size_t i = 0; i < len; i++) {
            room[i] = (uint8_t)(hex_digit(text.data[2 * i]) << 4 | hex_digit(text.data[2 * i + 1]));
        }
    }
    args->cursor = span_of(room, len);
    return true;
}

static int print_page(struct look *look, const struct look_list *list, const struct json_node *page, uint64_t *printed)
{
    const struct json_node *data = json_node_member(page, "data");
    int code = EXIT_GOOD;
    for (const struct json_node *thing = data == NULL ? NULL : data->first;
         thing != NULL && *printed < look->most && code == EXIT_GOOD; thing = thing->next) {
        code = list->print != NULL ? list->print(look, thing) : look_print_thing(look, list, thing);
        (*printed)++;
    }
    return code;
}

int look_print_list(struct look *look, const struct look_list *list, const struct query_args *args)
{
    struct query_args asked = *args;
    uint8_t cursor[CURSOR_BYTES];
    uint64_t printed = 0;
    int code = EXIT_GOOD;
    bool goes_on = true;
    look->renders = look->errand.json;
    while (goes_on && code == EXIT_GOOD && printed < look->most) {
        const struct arena_mark mark = arena_mark(&look->errand.arena);
        const struct json_node *page = NULL;
        asked.limit = list->whole && look->most < PAGE_MAX ? look->most : PAGE_MAX;
        const enum err err = look_ask(look, list->question, &asked, &page);
        if (err != OK) {
            return look_failed(look, err);
        }
        code = print_page(look, list, page, &printed);
        goes_on = read_cursor(list, page, cursor, &asked);
        arena_rewind(&look->errand.arena, mark);
    }
    return code;
}
