/* page.c: the reference page, printed from the descriptors, so that it cannot say anything else than the code does.
 * Called by a test, which compares it with core/message/messages.md or rewrites that. */
#include "core/message/page.h"

#include "core/message/field.h"
#include "core/message/message.h"
#include "core/message/refusal.h"

#define CODES_MAX 1000 /* codes are looked for below this */

static void put_cell(struct buf *out, const char *text)
{
    for (const char *c = text; *c != 0; c++) {
        if (*c == '|') {
            buf_byte(out, '\\');
        }
        buf_byte(out, (uint8_t)*c);
    }
}

static void put_kind(struct buf *out, const struct field_desc *field)
{
    if (field->kind == KIND_list) {
        buf_text(out, "up to ");
        buf_u64(out, field->max);
        buf_text(out, " of `");
        buf_text(out, field->item()->name);
        buf_byte(out, '`');
        return;
    }
    buf_text(out, kind_name(field->kind));
    buf_text(out, field->required ? "" : ", optional");
}

static void put_name(struct buf *out, const struct field_desc *field)
{
    char text[64];
    struct buf shown = buf_of(text, sizeof text);
    field_put_name(field, &shown);
    buf_byte(out, '`');
    buf_text(out, field->name);
    buf_byte(out, '`');
    if (!span_equal(buf_span(&shown), span_text(field->name))) {
        buf_text(out, ", shown as `");
        buf_put(out, buf_span(&shown));
        buf_byte(out, '`');
    }
}

static void put_fields(struct buf *out, const struct record_desc *desc)
{
    if (desc->field_count == 0) {
        buf_text(out, "No fields.\n\n");
        return;
    }
    buf_text(out, "| field | kind | |\n|---|---|---|\n");
    for (size_t i = 0; i < desc->field_count; i++) {
        buf_text(out, "| ");
        put_name(out, &desc->fields[i]);
        buf_text(out, " | ");
        put_kind(out, &desc->fields[i]);
        buf_text(out, " | ");
        put_cell(out, desc->fields[i].doc);
        buf_text(out, " |\n");
    }
    buf_byte(out, '\n');
}

static void put_heading(struct buf *out, const struct record_desc *desc)
{
    buf_text(out, "### ");
    if (desc->code != 0) {
        buf_u64(out, desc->code);
        buf_byte(out, ' ');
    }
    buf_text(out, desc->name);
    buf_text(out, "\n\n");
    buf_text(out, desc->doc);
    buf_text(out, "\n\n");
}

static void put_record(struct buf *out, const struct record_desc *desc)
{
    put_heading(out, desc);
    put_fields(out, desc);
}

static void put_events(struct buf *out)
{
    buf_text(out, "## Events\n\nStored as `[code, {name: value, …}]`.\n\n");
    for (uint32_t code = 0; code < CODES_MAX; code++) {
        if (event_desc(code) != NULL) {
            put_record(out, event_desc(code));
        }
    }
}

static void put_commands(struct buf *out)
{
    buf_text(
        out,
        "## Commands\n\nSent as `[code, {fields}, command id, workspace id, stream, actor, actor id, role, expected "
        "version, causation]`.\n\n");
    for (uint32_t code = 0; code < CODES_MAX; code++) {
        if (command_desc(code) != NULL) {
            put_heading(out, command_desc(code));
            const uint32_t role = command_role(code);
            const enum party party = command_party(code);
            buf_text(out, role != ROLE_COUNT         ? "Least role: "
                          : party == PARTY_SCHEDULER ? "Only the scheduler sends it"
                          : party == PARTY_OPERATOR  ? "Only an operator at the data folder sends it"
                          : party == PARTY_GATEWAY   ? "Only the gateway, for itself, and the ledger send it"
                                                     : "Only the ledger itself");
            buf_text(out, choice_word(&role_words, role));
            if (command_scope(code) != SCOPE_NONE) {
                buf_text(out, ". Scope: ");
                buf_text(out, choice_word(&scope_words, command_scope(code)));
            }
            buf_text(out, ".\n\n");
            put_fields(out, command_desc(code));
        }
    }
}

static void put_records(struct buf *out)
{
    buf_text(out, "## Records\n\nWhat messages are made of.\n\n");
#define RECORD(name_, doc_) put_record(out, name_##_desc());
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/record.def"
    buf_text(out, "## Jobs\n\nBetween the scheduler and an adapter.\n\n");
#define RECORD(name_, doc_) put_record(out, name_##_desc());
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/job.def"
}

static void put_kinds(struct buf *out)
{
    static const struct {
        const char *doc;
        enum kind kind;
    } kinds[] = {

#define X(kind_, type_, max_, doc_) {(doc_), KIND_##kind_},
        KIND_TABLE(X)
#undef X
    };
    buf_text(out, "## Kinds of fields\n\n| kind | most bytes | | words |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        buf_text(out, "| ");
        buf_text(out, kind_name(kinds[i].kind));
        buf_text(out, " | ");
        if (kind_max(kinds[i].kind) > 0) {
            buf_u64(out, kind_max(kinds[i].kind));
        }
        buf_text(out, " | ");
        put_cell(out, kinds[i].doc);
        buf_text(out, " | ");
        const struct choice_table *choices = kind_choices(kinds[i].kind);
        for (uint32_t value = 1; choices != NULL && value < choices->count; value++) {
            buf_text(out, value > 1 ? ", " : "");
            buf_text(out, choices->words[value]);
        }
        buf_text(out, " |\n");
    }
    buf_byte(out, '\n');
}

static void put_refusals(struct buf *out)
{
    static const char *const layers[] = {[LAYER_DECIDER] = "decider",
                                         [LAYER_LEDGER] = "ledger",
                                         [LAYER_GATEWAY] = "gateway",
                                         [LAYER_PLATFORM] = "platform"};
    buf_text(out, "## Refusals\n\n| code | HTTP | retryable | from | |\n|---|---|---|---|---|\n");
    for (enum refusal refusal = (enum refusal)1; refusal < REFUSAL_COUNT; refusal++) {
        const struct refusal_desc *desc = refusal_desc(refusal);
        buf_text(out, "| `");
        buf_text(out, desc->code);
        buf_text(out, "` | ");
        if (desc->status > 0) {
            buf_u64(out, desc->status);
        }
        buf_text(out, desc->retryable ? " | yes | " : " | no | ");
        buf_text(out, layers[desc->layer]);
        buf_text(out, " | ");
        put_cell(out, desc->title);
        buf_text(out, " |\n");
    }
}

void messages_page(struct buf *out)
{
    buf_text(out, "# Messages\n\nPrinted from event.def, command.def, record.def, job.def and error.def: do not edit. "
                  "`OPENPOST_ACCEPT=1 ctest --preset dev -R unit/message` writes it anew.\n\n"
                  "A field has its name in msgpack; some are shown under another one in JSON and in lines of text "
                  "(README.md).\n\n");
    put_events(out);
    put_commands(out);
    put_records(out);
    put_kinds(out);
    put_refusals(out);
}
