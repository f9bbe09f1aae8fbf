/* openpost_written.c: see openpost_written.h. Called by openpost.c and openpost_schedule.c. It must never look further
 * than the counts say. */
#include "core/wire/openpost_written.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/sha256.h"
#include "core/message/codec.h"

static enum err read_targets(const struct openpost_post *post, struct target_spec *targets)
{
    for (size_t i = 0; i < post->target_count; i++) {
        const struct openpost_target *from = &post->targets[i];
        targets[i] = (struct target_spec){.channel = choice_value(&channel_words, span_text(from->channel)),
                                          .at_ms = from->at_ms,
                                          .variant = openpost_call_optional(from->variant),
                                          .settings = openpost_call_optional(from->settings)};
        TRY(id_parse(span_text(from->integration_id), ID_INTEGRATION, &targets[i].integration_id));
    }
    return OK;
}

static void read_lists(const struct openpost_post *post, struct openpost_written *written)
{
    for (size_t i = 0; i < post->part_count; i++) {
        written->parts[i] = (struct content_part){.text = span_text(post->parts[i])};
    }
    for (size_t i = 0; i < post->label_count; i++) {
        written->labels[i] = (struct label){.name = span_text(post->labels[i])};
    }
    for (size_t i = 0; i < post->metadata_count; i++) {
        written->metadata[i] =
            (struct pair){.key = span_text(post->metadata[i].name), .value = span_text(post->metadata[i].value)};
    }
    for (size_t i = 0; i < post->value_count; i++) {
        written->values[i] = (struct placeholder_value){.name = span_text(post->values[i].name),
                                                        .value = span_text(post->values[i].value)};
    }
}

enum err openpost_written_read(const struct openpost_post *post, struct openpost_written *ret_written)
{
    if (post->part_count > PARTS_MAX || post->target_count > TARGETS_MAX || post->label_count > LABELS_MAX ||
        post->metadata_count > METADATA_MAX || post->value_count > PLACEHOLDERS_MAX) {
        return ERR_TOO_LONG;
    }
    if (post->at_ms != 0 && post->next_slot != 0) {
        return ERR_RANGE;
    }
    read_lists(post, ret_written);
    ret_written->said = (struct create_post_command){.parts = ret_written->parts,
                                                     .parts_count = (uint32_t)post->part_count,
                                                     .link = openpost_call_optional(post->link),
                                                     .first_comment = openpost_call_optional(post->first_comment),
                                                     .targets = ret_written->targets,
                                                     .targets_count = (uint32_t)post->target_count,
                                                     .timezone = openpost_call_optional(post->timezone),
                                                     .not_after_ms = post->not_after_ms,
                                                     .labels = ret_written->labels,
                                                     .labels_count = (uint32_t)post->label_count,
                                                     .metadata = ret_written->metadata,
                                                     .metadata_count = (uint32_t)post->metadata_count,
                                                     .at_ms = post->at_ms,
                                                     .next_slot = post->next_slot != 0,
                                                     .values = ret_written->values,
                                                     .values_count = (uint32_t)post->value_count};
    return read_targets(post, ret_written->targets);
}

void openpost_written_name(struct openpost_written *written, const struct id *owner_id)
{
    for (uint32_t i = 0; i < written->said.targets_count; i++) {
        written->targets[i].target_id = id_derive(ID_TARGET, owner_id, &written->targets[i].integration_id);
    }
}

bool openpost_written_is_plain(const struct openpost_post *post)
{
    return post->at_ms == 0 && post->next_slot == 0 && post->template_id == NULL && post->value_count == 0;
}

static void name_all(struct command *command, struct openpost_written *written, const struct id *id)
{
    *(struct id *)command_fields(command) = *id;
    openpost_written_name(written, id);
}

static bool key_is_good(const char *key)
{
    const size_t len = strlen(key);
    for (size_t i = 0; i < len; i++) {
        if (key[i] < ' ' || key[i] > '~') {
            return false;
        }
    }
    return len >= 1 && len <= 255;
}

/* The scope of the key: what it is for; whose it is the ledger adds. The gateway's are others, so the same key over
 * HTTP is another. What is said is hashed under an id that is always the same: each call makes another. */
static enum err idempotency_of(const char *key, struct command *command, enum id_kind kind,
                               struct openpost_written *written, struct idempotency *ret_idempotency)
{
    static const uint8_t nothing[10];
    const struct id nobody = id_make(kind, 0, nothing);
    const struct record_desc *desc = command_desc(command->code);
    uint8_t scope_bytes[400];
    struct buf scope = buf_of(scope_bytes, sizeof scope_bytes);
    if (!key_is_good(key)) {
        return ERR_MALFORMED;
    }
    uint8_t *bytes = malloc(COMMAND_BYTES_MAX);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf body = buf_of(bytes, COMMAND_BYTES_MAX);
    name_all(command, written, &nobody);
    const enum err err = record_encode(desc, command_fields(command), &body);
    if (err == OK) {
        buf_text(&scope, "rpc ");
        buf_text(&scope, desc->name);
        buf_text(&scope, " ");
        buf_text(&scope, key);
        ASSERT(buf_ok(&scope));
        ret_idempotency->present = true;
        sha256(buf_span(&scope), ret_idempotency->scope);
        sha256(buf_span(&body), ret_idempotency->body);
    }
    free(bytes);
    return err == ERR_NO_SPACE ? ERR_TOO_LONG : err;
}

enum openpost_status openpost_written_make(struct openpost *connection, struct command *command, enum id_kind kind,
                                           struct openpost_written *written, const char *idempotency_key,
                                           int timeout_ms, struct openpost_answer *ret_answer)
{
    struct idempotency idempotency = {.present = false};
    const enum err err =
        idempotency_key == NULL ? OK : idempotency_of(idempotency_key, command, kind, written, &idempotency);
    if (err != OK) {
        return openpost_call_status(err);
    }
    command->stream = openpost_call_mint(kind);
    name_all(command, written, &command->stream);
    return openpost_call_give(connection, command, &idempotency, timeout_ms, ret_answer);
}
