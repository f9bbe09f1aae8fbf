/* json_body_fuzz.c: a request's body: JSON to a tree, the tree through the readers that the gateway's handlers use, and
 * as a target's variant. The input is the body. */
#include "core/channel.h"
#include "core/message/json_read.h"
#include "gateway/input.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_MAX ((size_t)8 << 20)

/* A tree written and read again is the same tree. */
static void check_written(const struct json_node *node, struct arena *arena)
{
    const size_t cap = json_node_size(node);
    uint8_t *bytes = arena_alloc(arena, cap);
    if (bytes == NULL) {
        return;
    }
    struct buf text = buf_of(bytes, cap);
    const enum err written = json_node_write(node, &text);
    ASSERT(written == OK || written == ERR_UNSUPPORTED);
    if (written == OK) {
        ASSERT(buf_ok(&text));
        const struct json_node *again = NULL;
        const enum err read = json_read(buf_span(&text), arena, &again);
        ASSERT(read == OK || read == ERR_NO_MEMORY || read == ERR_TOO_LONG);
        ASSERT(read != OK || json_node_equal(node, again));
    }
}

static void check_fault(const struct input *input)
{
    ASSERT(memchr(input->param, 0, sizeof input->param) != NULL);
    ASSERT(memchr(input->detail, 0, sizeof input->detail) != NULL);
    ASSERT(input->refusal == ACCEPTED || refusal_desc(input->refusal) != NULL);
    ASSERT(input->refusal != ACCEPTED || input->param[0] == 0);
}

/* The forms that bodies have; each reader with an input of its own, so that one's fault does not hide the next. */
static void check_members(const struct json_node *body, struct arena *arena)
{
    static const char *const names[] = {"text", "flag", "time", "object", "list", "json", NULL};
    struct input input[7] = {0};
    input_only(&input[0], body, "", names);
    ASSERT(input_text(&input[1], body, "", "text", 40).len <= 40);
    (void)input_flag(&input[2], body, "/at", "flag");
    ASSERT(input_time(&input[3], body, "", "time") >= 0);
    const struct json_node *object = input_object(&input[4], body, "", "object");
    ASSERT(object == NULL || object->kind == NODE_OBJECT);
    if (object != NULL) {
        input_only(&input[4], object, "/object", names);
    }
    const struct json_node *list = input_list(&input[5], body, "", "list", 3);
    ASSERT(list == NULL || list->count <= 3);
    for (const struct json_node *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        char at[INPUT_PARAM_MAX];
        input_pointer_index(at, "/list", list->count);
        (void)input_text(&input[5], item, at, "text", 10);
    }
    (void)input_json(&input[6], body, "", "json", arena);
    for (size_t i = 0; i < sizeof input / sizeof input[0]; i++) {
        check_fault(&input[i]);
    }
    (void)json_node_path(body, "object/object/text");
}

static void check_variant(struct span text, struct arena *arena)
{
    const struct content_part part = {.text = SPAN("as written")};
    const struct channel_content written = {.parts = &part, .part_count = 1, .link = SPAN("https://example.org/")};
    struct channel_content applied;
    if (channel_content(&written, text, arena, &applied) == OK) {
        ASSERT(applied.part_count <= PARTS_MAX);
        for (uint32_t i = 0; i < applied.part_count; i++) {
            ASSERT(applied.parts[i].text.data != NULL && span_is_utf8(applied.parts[i].text));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct span text = span_of(data, len);
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    const struct json_node *body = NULL;
    if (json_read(text, &arena, &body) == OK) {
        check_written(body, &arena);
        check_members(body, &arena);
        check_variant(text, &arena);
    } else {
        ASSERT(body == NULL);
    }
    arena_done(&arena);
    return 0;
}
