/* json_body_fuzz.c: a request's body: JSON to a tree, the tree against every schema of a body, and as a target's
 * variant. The input is the body. */
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

/* Whatever has the form of a schema can be read without looking again. */
static void check_schemas(const struct json_node *body, struct arena *arena)
{
    for (size_t i = 0; i < SCHEMA_COUNT && body->kind == NODE_OBJECT; i++) {
        const struct schema *schema = schema_at((enum schema_name)i);
        struct input input = {0};
        if (schema == NULL || !schema->taken) {
            continue;
        }
        input_check(&input, body, "", schema);
        check_fault(&input);
        for (const struct schema_member *member = schema->members; member->name != NULL; member++) {
            const bool there = input_some(body, member->name) != NULL;
            ASSERT(input.refusal != ACCEPTED || there || member->presence != PRESENCE_MUST);
            const bool time = there && member->type.kind == VALUE_time;
            ASSERT(input.refusal != ACCEPTED || !time || input_time(body, member->name) != 0);
            (void)input_flag(body, member->name);
            if (there && member->type.kind == VALUE_json) {
                (void)input_json(&input, body, "", member->name, arena);
            }
        }
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
    size_t bytes = 0;
    const enum err err = json_read_wide(text, &arena, &body, &bytes);
    if (err == OK) {
        check_written(body, &arena);
        check_schemas(body, &arena);
        check_variant(text, &arena);
    } else {
        ASSERT(body == NULL);
        ASSERT(bytes <= len);
    }
    arena_done(&arena);
    return 0;
}
