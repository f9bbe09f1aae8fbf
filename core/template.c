/* template.c: see template.h. Called by admission.c, gateway/template_handlers.c and core/ledger/service_admit.c. */
#include "core/template.h"

#include "core/message/codec.h"
#include "core/message/json_read.h"
#include "core/message/placeholder.h"

static const struct objection none = {.refusal = ACCEPTED};

static const struct placeholder *find(const struct template_form *form, struct span name)
{
    for (uint32_t i = 0; i < form->placeholder_count; i++) {
        if (span_equal(form->placeholders[i].name, name)) {
            return &form->placeholders[i];
        }
    }
    return NULL;
}

/* Judging */

static const char like_a_blank[] =
    "{{{{name}} stands in a post as {{name}}, as the placeholder does that is left blank: give that another name.";
static const char stray[] =
    "{{ where no placeholder begins: write {{name}} with one of placeholders, or {{{{ for {{ itself.";

#define DETAIL_MAX 250 /* bytes: what an answer to a program has room for */

/* Those that there are: ": a, b.", as many as find room. */
static void list_names(const struct template_form *form, struct buf *out)
{
    for (uint32_t i = 0; i < form->placeholder_count; i++) {
        const struct span name = form->placeholders[i].name;
        if (out->len + name.len + 8 > DETAIL_MAX) {
            buf_text(out, ", …");
            return;
        }
        buf_text(out, i == 0 ? ": " : ", ");
        buf_put(out, name);
    }
    buf_byte(out, '.');
}

/* A name in a text that is none of them, and those that there are. */
static const char *undeclared(const struct template_form *form, struct span name, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, DETAIL_MAX + 1);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : DETAIL_MAX);
    buf_text(&out, "{{");
    buf_put(&out, name);
    buf_text(&out, form->placeholder_count == 0 ? "}} is declared nowhere: placeholders is empty"
                                                : "}} is none of placeholders");
    list_names(form, &out);
    return bytes == NULL ? stray : buf_terminated(&out);
}

/* What stands between the braces, where they are closed soon and on the same line; len 0: it cannot be told. */
static struct span misspelt(struct span behind)
{
    for (size_t i = 0; i + 1 < behind.len && i < PLACEHOLDER_NAME_MAX * 2 && behind.data[i] >= ' '; i++) {
        if (behind.data[i] == '}' && behind.data[i + 1] == '}') {
            return span_of(behind.data, i);
        }
    }
    return (struct span){0};
}

/* behind: what follows the braces. */
static const char *malformed(struct span behind, struct arena *arena)
{
    const struct span word = misspelt(behind);
    uint8_t *bytes = word.len == 0 ? NULL : arena_alloc(arena, DETAIL_MAX + 1);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : DETAIL_MAX);
    buf_text(&out, "{{");
    buf_put(&out, word);
    buf_text(&out,
             "}} is no placeholder: between the braces stands its name alone, of a-z, 0-9 and _; or write {{{{ for "
             "{{ itself.");
    return bytes == NULL ? stray : buf_terminated(&out);
}

static struct objection check_placeholder(const struct template_form *form, uint32_t index)
{
    const struct placeholder *placeholder = &form->placeholders[index];
    if (!placeholder_name_is_valid(placeholder->name)) {
        return object_in(REFUSED_field_invalid, "/placeholders", index, "/name",
                         "1 to 32 of a-z, 0-9 and _ are expected.");
    }
    if (find(form, placeholder->name) != placeholder) {
        return object_in(REFUSED_field_invalid, "/placeholders", index, "/name", "A name may be there only once.");
    }
    if (placeholder->preset.len > PLACEHOLDER_DEFAULT_MAX) {
        return object_in(REFUSED_field_too_long, "/placeholders", index, "/default", "More than 4,096 bytes.");
    }
    if (placeholder->preset.data != NULL && placeholder->preset.len == 0 && !placeholder->optional) {
        return object_in(REFUSED_field_invalid, "/placeholders", index, "/default",
                         "An empty text fills nothing in: leave it out, or say that it is not required.");
    }
    if (placeholder->description.len > PLACEHOLDER_DESCRIPTION_MAX) {
        return object_in(REFUSED_field_too_long, "/placeholders", index, "/description", "More than 500 bytes.");
    }
    return none;
}

/* What looks like a placeholder and is none, or is not declared. NULL: nothing. */
static const char *stray_in(const struct template_form *form, struct span text, struct arena *arena)
{
    struct piece piece = placeholder_next(&text);
    while (piece.kind == PIECE_LITERAL || (piece.kind == PIECE_PLACEHOLDER && find(form, piece.text) != NULL)) {
        piece = placeholder_next(&text);
    }
    return piece.kind == PIECE_END           ? NULL
           : piece.kind == PIECE_PLACEHOLDER ? undeclared(form, piece.text, arena)
                                             : malformed(text, arena);
}

/* Whether what stands in a post for the text's own braces ({{{{a}}: {{a}}) is no blank's: a post with that one left
 * blank would never be without it, and never be scheduled. */
static bool is_no_blank(const struct template_form *form, struct span text, struct arena *arena)
{
    uint8_t *bytes = arena_room(arena, text.len + 1);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : text.len);
    bool is_other = true;
    for (struct piece piece = placeholder_next(&text); piece.kind != PIECE_END; piece = placeholder_next(&text)) {
        buf_put(&out, piece.kind == PIECE_LITERAL ? piece.text : SPAN(" "));
    }
    for (uint32_t i = 0; i < form->placeholder_count && is_other; i++) {
        const struct placeholder *placeholder = &form->placeholders[i];
        const bool can_be_blank = placeholder->preset.data == NULL && !placeholder->optional;
        is_other = !can_be_blank || !placeholder_is_in(buf_span(&out), placeholder->name);
    }
    return is_other;
}

static enum refusal refused_as(const char *wrong)
{
    return wrong == like_a_blank ? REFUSED_field_invalid : REFUSED_placeholder_invalid;
}

/* NULL: nothing. */
static const char *wrong_in(const struct template_form *form, struct span text, struct arena *arena)
{
    const char *wrong = stray_in(form, text, arena);
    return wrong != NULL ? wrong : is_no_blank(form, text, arena) ? NULL : like_a_blank;
}

static const char *wrong_in_texts(const struct template_form *form, const struct json_node *object, struct arena *arena)
{
    const char *wrong = NULL;
    for (const struct json_node *member = object->first; member != NULL && wrong == NULL; member = member->next) {
        wrong = wrong_in(form, member->text, arena);
    }
    return wrong;
}

/* A variant's texts, and its parts': admission.c has seen that there is nothing else. */
static const char *wrong_in_variant(const struct template_form *form, struct span variant, struct arena *arena)
{
    const struct json_node *node = NULL;
    if (variant.data == NULL || json_read(variant, arena, &node) != OK) {
        return NULL;
    }
    const char *wrong = wrong_in_texts(form, node, arena);
    const struct json_node *parts = json_node_member(node, "parts");
    const struct json_node *part = parts == NULL ? NULL : parts->first;
    for (; part != NULL && wrong == NULL; part = part->next) {
        wrong = wrong_in_texts(form, part, arena);
    }
    return wrong;
}

/* The first of its texts that is wrong. */
static struct objection check_texts(const struct template_form *form, struct arena *arena)
{
    const char *wrong = NULL;
    for (uint32_t i = 0; i < form->part_count; i++) {
        wrong = wrong_in(form, form->parts[i].text, arena);
        if (wrong != NULL) {
            return object_in(refused_as(wrong), "/content/parts", i, "/text", wrong);
        }
    }
    wrong = wrong_in(form, form->link, arena);
    if (wrong != NULL) {
        return object_at(refused_as(wrong), "/content/link", wrong);
    }
    wrong = wrong_in(form, form->first_comment, arena);
    return wrong == NULL ? none : object_at(refused_as(wrong), "/content/first_comment", wrong);
}

struct objection template_check(const struct template_form *form, struct arena *arena)
{
    if (form->name.len == 0 || form->name.len > TEMPLATE_NAME_MAX) {
        return object_at(REFUSED_field_invalid, "/name", "1 to 200 bytes are expected.");
    }
    for (uint32_t i = 0; i < form->placeholder_count; i++) {
        const struct objection objection = check_placeholder(form, i);
        if (objection.refusal != ACCEPTED) {
            return objection;
        }
    }
    const struct objection objection = check_texts(form, arena);
    if (objection.refusal != ACCEPTED) {
        return objection;
    }
    for (uint32_t i = 0; i < form->target_count; i++) {
        if (form->targets[i].at_ms != 0) {
            return object_in(REFUSED_field_invalid, "/targets", i, "/at", "A template has no instants.");
        }
        const char *wrong = wrong_in_variant(form, form->targets[i].variant, arena);
        if (wrong != NULL) {
            return object_in(refused_as(wrong), "/targets", i, "/variant", wrong);
        }
    }
    if (!id_is_none(&form->default_queue_of) &&
        target_spec_of(form->targets, form->target_count, &form->default_queue_of) == NULL) {
        return object_at(REFUSED_reference_not_found, "/default_queue",
                         "The queue of an account among the template's targets is expected.");
    }
    return none;
}

/* Filling in */

struct filling {
    const struct template_form *form;
    const struct placeholder_value *values;
    uint32_t value_count;
    struct arena *arena;
    struct objection objection;
};

/* What stands in the place of a placeholder; data NULL: it stays blank. */
static struct span value_of(const struct filling *filling, struct span name)
{
    for (uint32_t i = 0; i < filling->value_count; i++) {
        if (span_equal(filling->values[i].name, name)) {
            return filling->values[i].value;
        }
    }
    const struct placeholder *placeholder = find(filling->form, name);
    if (placeholder == NULL || placeholder->preset.data != NULL) {
        return placeholder == NULL ? (struct span){0} : placeholder->preset;
    }
    return placeholder->optional ? SPAN("") : (struct span){0};
}

static void put_value(struct buf *out, struct span name, struct span value)
{
    if (value.data != NULL) {
        buf_put(out, value);
        return;
    }
    buf_text(out, "{{");
    buf_put(out, name);
    buf_text(out, "}}");
}

static size_t filled_len(const struct filling *filling, struct span text)
{
    size_t len = 0;
    for (struct piece piece = placeholder_next(&text); piece.kind != PIECE_END; piece = placeholder_next(&text)) {
        const struct span value = piece.kind == PIECE_PLACEHOLDER ? value_of(filling, piece.text) : (struct span){0};
        len += value.data != NULL ? value.len : piece.kind == PIECE_PLACEHOLDER ? piece.text.len + 4 : piece.text.len;
    }
    return len;
}

/* A text that is longer than max with its values in it is an objection, with that detail. */
static enum err fill_text(struct filling *filling, struct span text, size_t max, const char *detail,
                          struct span *ret_text)
{
    if (text.data == NULL || filling->objection.refusal != ACCEPTED) {
        *ret_text = text;
        return OK;
    }
    const size_t len = filled_len(filling, text);
    if (len > max) {
        filling->objection = object_at(REFUSED_field_too_long, "/values", detail);
        return OK;
    }
    uint8_t *bytes = arena_room(filling->arena, len + 1);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : len);
    for (struct piece piece = placeholder_next(&text); bytes != NULL && piece.kind != PIECE_END;
         piece = placeholder_next(&text)) {
        if (piece.kind == PIECE_PLACEHOLDER) {
            put_value(&out, piece.text, value_of(filling, piece.text));
        } else {
            buf_put(&out, piece.text);
        }
    }
    *ret_text = buf_span(&out);
    return bytes == NULL ? ERR_NO_MEMORY : OK;
}

static enum err fill_parts(struct filling *filling, struct template_filled *filled)
{
    const struct template_form *form = filling->form;
    filled->parts = arena_alloc(filling->arena, sizeof *filled->parts * (form->part_count + 1));
    if (filled->parts == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < form->part_count; i++) {
        TRY(fill_text(filling, form->parts[i].text, FILLED_BYTES_MAX,
                      "A text is longer than 65,536 bytes with the values in it.", &filled->parts[i].text));
    }
    filled->part_count = form->part_count;
    return OK;
}

/* Variants are JSON: texts, nulls and, under parts, objects with a text; admission.c has seen that there is nothing
 * else. */
static size_t variant_size(const struct filling *filling, const struct json_node *object)
{
    size_t size = 2;
    for (const struct json_node *member = object->first; member != NULL; member = member->next) {
        size += 6 * (member->name.len + filled_len(filling, member->text)) + 16; /* \\u00xx is the longest escape */
    }
    return size;
}

static enum err write_text(struct filling *filling, const struct json_node *member, struct buf *out)
{
    struct span text = {0};
    TRY(fill_text(filling, member->text, FILLED_BYTES_MAX,
                  "A variant's text is longer than 65,536 bytes with the values in it.", &text));
    json_string(out, member->name);
    buf_byte(out, ':');
    if (json_node_is(member, NODE_TEXT)) {
        json_string(out, text);
    } else {
        buf_text(out, "null");
    }
    return OK;
}

static enum err write_parts(struct filling *filling, const struct json_node *parts, struct buf *out)
{
    buf_text(out, "\"parts\":[");
    for (const struct json_node *part = parts->first; part != NULL; part = part->next) {
        buf_text(out, part == parts->first ? "{" : ",{");
        TRY(part->first == NULL ? OK : write_text(filling, part->first, out));
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
    return OK;
}

static enum err write_variant(struct filling *filling, const struct json_node *variant, struct buf *out)
{
    buf_byte(out, '{');
    for (const struct json_node *member = variant->first; member != NULL; member = member->next) {
        buf_text(out, member == variant->first ? "" : ",");
        TRY(json_node_is(member, NODE_LIST) ? write_parts(filling, member, out) : write_text(filling, member, out));
    }
    buf_byte(out, '}');
    return OK;
}

static enum err fill_variant(struct filling *filling, struct span variant, struct span *ret_variant)
{
    const struct json_node *node = NULL;
    *ret_variant = variant;
    if (variant.data == NULL || json_read(variant, filling->arena, &node) != OK) {
        return OK;
    }
    size_t size = variant_size(filling, node);
    const struct json_node *parts = json_node_member(node, "parts");
    for (const struct json_node *part = parts == NULL ? NULL : parts->first; part != NULL; part = part->next) {
        size += variant_size(filling, part);
    }
    size = size < FILLED_BYTES_MAX ? size : FILLED_BYTES_MAX;
    uint8_t *bytes = arena_room(filling->arena, size);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : size);
    TRY(bytes == NULL ? ERR_NO_MEMORY : write_variant(filling, node, &out));
    if (!buf_ok(&out) && filling->objection.refusal == ACCEPTED) {
        filling->objection = object_at(REFUSED_field_too_long, "/values",
                                       "A variant is longer than 65,536 bytes, as JSON, with the values in it.");
    }
    *ret_variant = buf_span(&out);
    return OK;
}

static enum err fill_targets(struct filling *filling, const struct target_spec *targets, uint32_t count,
                             struct template_filled *filled)
{
    filled->targets = arena_alloc(filling->arena, sizeof *filled->targets * (count + 1));
    if (filled->targets == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct target_spec *target = &filled->targets[i];
        *target = targets[i];
        const struct target_spec *own =
            target_spec_of(filling->form->targets, filling->form->target_count, &target->integration_id);
        if (own != NULL && target->variant.data == NULL) {
            TRY(fill_variant(filling, own->variant, &target->variant));
        }
        if (own != NULL && target->settings.data == NULL) {
            target->settings = own->settings;
        }
    }
    return OK;
}

/* Those that got no value and stand somewhere. */
static enum err list_blanks(const struct filling *filling, uint32_t target_count, struct template_filled *filled)
{
    const struct template_form *form = filling->form;
    filled->blanks = arena_alloc(filling->arena, sizeof *filled->blanks * (form->placeholder_count + 1));
    if (filled->blanks == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < form->placeholder_count; i++) {
        if (value_of(filling, form->placeholders[i].name).data == NULL) {
            filled->blanks[count].name = form->placeholders[i].name;
            count++;
        }
    }
    const struct placeholder_texts texts = {.parts = filled->parts,
                                            .part_count = filled->part_count,
                                            .link = filled->link,
                                            .first_comment = filled->first_comment,
                                            .targets = filled->targets,
                                            .target_count = target_count};
    filled->blank_count = placeholder_blanks(&texts, filled->blanks, count, filled->blanks);
    return OK;
}

static struct objection object_to_value(struct span name, enum refusal refusal, const char *detail)
{
    char param[OBJECTION_PARAM_MAX];
    struct buf out = buf_of(param, sizeof param - 1);
    buf_text(&out, "/values/");
    json_pointer_token(&out, name);
    return object_at(refusal, buf_terminated(&out), detail);
}

static const char *no_such(const struct filling *filling)
{
    uint8_t *bytes = arena_alloc(filling->arena, DETAIL_MAX + 1);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : DETAIL_MAX);
    buf_text(&out, filling->form->placeholder_count == 0 ? "The template has no placeholders"
                                                         : "The template has no such placeholder, but");
    list_names(filling->form, &out);
    return bytes == NULL ? "The template has no such placeholder." : buf_terminated(&out);
}

static struct objection check_values(const struct filling *filling)
{
    for (uint32_t i = 0; i < filling->value_count; i++) {
        const struct span name = filling->values[i].name;
        const struct placeholder *placeholder = find(filling->form, name);
        if (placeholder == NULL) {
            return object_to_value(name, REFUSED_field_unknown, no_such(filling));
        }
        if (filling->values[i].value.len == 0 && !placeholder->optional) {
            return object_to_value(name, REFUSED_field_invalid,
                                   "A text is expected; without this member the default is used, or it stays blank.");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (span_equal(filling->values[k].name, name)) {
                return object_to_value(name, REFUSED_field_invalid, "A value may be there only once.");
            }
        }
    }
    return none;
}

enum err template_fill(const struct template_form *form, const struct placeholder_value *values, uint32_t value_count,
                       const struct target_spec *targets, uint32_t target_count, struct arena *arena,
                       struct template_filled *ret_filled)
{
    struct filling filling = {.form = form, .values = values, .value_count = value_count, .arena = arena};
    struct template_filled filled = {.part_count = 0};
    filling.objection = check_values(&filling);
    TRY(fill_parts(&filling, &filled));
    TRY(fill_text(&filling, form->link, LINK_BYTES_MAX, "The link is longer than 4,096 bytes with the values in it.",
                  &filled.link));
    TRY(fill_text(&filling, form->first_comment, FILLED_BYTES_MAX,
                  "The first comment is longer than 65,536 bytes with the values in it.", &filled.first_comment));
    TRY(fill_targets(&filling, targets, target_count, &filled));
    TRY(list_blanks(&filling, target_count, &filled));
    filled.objection = filling.objection;
    *ret_filled = filled;
    return OK;
}
