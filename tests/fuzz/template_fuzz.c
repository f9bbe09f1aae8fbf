/* template_fuzz.c: templates, whose texts, variants and values are a client's. The input is four lines: the
 * placeholders (name, name? an optional one, name=default, name#description; @ alone: an instant), the values
 * (name=text, between tabs), the text, and a variant, as JSON. What is accepted and filled in agrees with a second,
 * simpler reading. */
#include "core/message/json_read.h"
#include "core/message/placeholder.h"
#include "core/template.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX ((size_t)1 << 20)

static struct span take_until(struct span *rest, uint8_t c)
{
    const size_t len = span_find(*rest, c);
    const struct span taken = span_of(rest->data, len);
    const size_t behind = len < rest->len ? len + 1 : len;
    *rest = span_of(rest->data + behind, rest->len - behind);
    return taken;
}

static uint32_t read_placeholders(struct span line, struct placeholder *placeholders, struct target_spec *target)
{
    uint32_t count = 0;
    while (line.len > 0 && count < PLACEHOLDERS_MAX) {
        struct span word = take_until(&line, ' ');
        if (span_equal(word, SPAN("@"))) {
            target->at_ms = 1;
            continue;
        }
        struct placeholder *placeholder = &placeholders[count];
        const size_t end = span_find(word, '#');
        *placeholder = (struct placeholder){
            .description = end < word.len ? span_of(word.data + end + 1, word.len - end - 1) : (struct span){0}};
        word.len = end;
        const size_t equals = span_find(word, '=');
        if (equals < word.len) {
            placeholder->preset = span_of(word.data + equals + 1, word.len - equals - 1);
            word.len = equals;
        }
        placeholder->optional = word.len > 0 && word.data[word.len - 1] == '?';
        word.len -= placeholder->optional ? 1 : 0;
        placeholder->name = word;
        count++;
    }
    return count;
}

static uint32_t read_values(struct span line, struct placeholder_value *values)
{
    uint32_t count = 0;
    while (line.len > 0 && count < PLACEHOLDERS_MAX) {
        struct span word = take_until(&line, '\t');
        values[count].name = take_until(&word, '=');
        values[count].value = word;
        count++;
    }
    return count;
}

/* What a post's text is by the rules alone: four braces are two, two that no third follows begin a name. */
static void read_again(const struct template_form *form, const struct placeholder_value *values, uint32_t value_count,
                       struct span text, struct buf *out)
{
    while (text.len > 0) {
        if (span_starts_with(text, SPAN("{{{{"))) {
            buf_text(out, "{{");
            text = span_of(text.data + 4, text.len - 4);
        } else if (span_starts_with(text, SPAN("{{")) && !span_starts_with(text, SPAN("{{{"))) {
            text = span_of(text.data + 2, text.len - 2);
            const struct span name = take_until(&text, '}');
            ASSERT(text.len > 0 && text.data[0] == '}');
            text = span_of(text.data + 1, text.len - 1);
            struct span said = {0};
            for (uint32_t i = 0; i < form->placeholder_count; i++) {
                const struct placeholder *one = &form->placeholders[i];
                if (span_equal(one->name, name)) {
                    said = one->preset.data != NULL ? one->preset : one->optional ? SPAN("") : said;
                }
            }
            for (uint32_t i = 0; i < value_count; i++) {
                said = span_equal(values[i].name, name) ? values[i].value : said;
            }
            buf_text(out, said.data == NULL ? "{{" : "");
            buf_put(out, said.data == NULL ? name : said);
            buf_text(out, said.data == NULL ? "}}" : "");
        } else {
            buf_put(out, span_of(text.data, 1));
            text = span_of(text.data + 1, text.len - 1);
        }
    }
}

static void check_blanks(const struct template_form *form, const struct template_filled *filled)
{
    ASSERT(filled->blank_count <= form->placeholder_count);
    const struct placeholder_texts texts = {.parts = filled->parts,
                                            .part_count = filled->part_count,
                                            .link = filled->link,
                                            .first_comment = filled->first_comment,
                                            .targets = filled->targets,
                                            .target_count = 1};
    struct placeholder_ref again[PLACEHOLDERS_MAX];
    ASSERT(placeholder_blanks(&texts, filled->blanks, filled->blank_count, again) == filled->blank_count);
    uint8_t bytes[1024];
    struct buf said = buf_of(bytes, sizeof bytes);
    placeholder_tell(filled->blanks, filled->blank_count, &said);
    ASSERT(buf_ok(&said));
}

static void check_filled(const struct template_form *form, const struct placeholder_value *values, uint32_t value_count,
                         const struct target_spec *target, struct arena *arena)
{
    struct template_filled filled;
    const struct target_spec plain = {.integration_id = target->integration_id};
    if (template_fill(form, values, value_count, &plain, 1, arena, &filled) != OK) {
        return;
    }
    if (filled.objection.refusal != ACCEPTED) {
        ASSERT(span_starts_with(span_text(filled.objection.param), SPAN("/values")));
        ASSERT(filled.objection.detail != NULL);
        return;
    }
    ASSERT(filled.part_count == form->part_count);
    uint8_t *bytes = arena_room(arena, TEXT_MAX);
    struct buf again = buf_of(bytes, bytes == NULL ? 0 : TEXT_MAX);
    read_again(form, values, value_count, form->parts[0].text, &again);
    ASSERT(again.overflow || span_equal(buf_span(&again), filled.parts[0].text));
    ASSERT(filled.parts[0].text.len <= FILLED_BYTES_MAX && filled.link.len <= LINK_BYTES_MAX);
    const struct json_node *node = NULL;
    const struct span variant = filled.targets[0].variant;
    ASSERT(variant.data == NULL || json_read(variant, arena, &node) == OK || !span_is_utf8(variant));
    ASSERT(variant.len <= FILLED_BYTES_MAX);
    check_blanks(form, &filled);
}

/* A variant as admission lets it through: texts, nulls, and parts with one text each. */
static bool is_variant(struct span variant, struct arena *arena)
{
    static const struct channel_content nothing;
    struct channel_content content;
    const struct json_node *node = NULL;
    if (channel_content(&nothing, variant, arena, &content) != OK || json_read(variant, arena, &node) != OK) {
        return false;
    }
    bool is_one = true;
    for (const struct json_node *member = node->first; member != NULL; member = member->next) {
        is_one = is_one && (member->kind == NODE_TEXT || member->kind == NODE_NULL ||
                            (member->kind == NODE_LIST && span_equal(member->name, SPAN("parts"))));
        for (const struct json_node *part = member->first; part != NULL; part = part->next) {
            is_one = is_one && part->count == 1;
        }
    }
    return is_one;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span rest = span_of(data, len);
    struct placeholder placeholders[PLACEHOLDERS_MAX];
    struct placeholder_value values[PLACEHOLDERS_MAX];
    struct target_spec target = {.integration_id = {.kind = ID_INTEGRATION}, .settings = SPAN("{}")};
    struct arena arena;
    if (!span_is_utf8(rest) || span_find(rest, 0) < len) {
        return 0; /* the doors let nothing else in: core/message/json_read.h, asked.h */
    }
    arena_init(&arena, (size_t)16 << 20);
    struct template_form form = {
        .name = SPAN("x"), .placeholders = placeholders, .targets = &target, .target_count = 1};
    form.placeholder_count = read_placeholders(take_until(&rest, '\n'), placeholders, &target);
    const uint32_t value_count = read_values(take_until(&rest, '\n'), values);
    struct content_part part = {.text = take_until(&rest, '\n')};
    form.parts = &part;
    form.part_count = 1;
    form.link = part.text;
    form.first_comment = part.text;
    form.name = part.text;
    target.variant = rest.len > 0 && is_variant(rest, &arena) ? rest : (struct span){0};
    (void)template_check(&form, &arena); /* the name, too */
    form.name = SPAN("x");
    form.link = part.text.len <= 100 ? part.text : (struct span){0};
    if (template_check(&form, &arena).refusal == ACCEPTED) {
        check_filled(&form, values, value_count, &target, &arena);
    }
    arena_done(&arena);
    return 0;
}
