/* leaf.c: see leaf.h. */
#include "tools/leaf.h"

#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "core/message/message.h"

/* A log of a later release may hold events that this one does not know. */
static const char *type_of(const struct log_event *at)
{
    const struct record_desc *desc = event_desc(at->code);
    return desc == NULL ? "unknown" : desc->name;
}

void leaf_json(const struct log_event *at, struct buf *out)
{
    buf_text(out, "\"seq\":");
    buf_u64(out, at->seq);
    buf_text(out, ",\"workspace_id\":");
    json_id(out, &at->workspace_id);
    buf_text(out, ",\"workspace_seq\":");
    buf_u64(out, at->workspace_seq);
    buf_text(out, ",\"stream\":");
    json_id(out, &at->stream);
    buf_text(out, ",\"version\":");
    buf_u64(out, at->version);
    buf_text(out, ",\"time\":");
    json_time(out, at->time_ms);
    buf_text(out, ",\"type\":");
    json_string(out, span_text(type_of(at)));
    buf_text(out, ",\"actor\":");
    json_string(out, span_text(actor_word(at->actor)));
    buf_text(out, ",\"actor_id\":");
    json_id(out, &at->actor_id);
    buf_text(out, ",\"command_id\":");
    json_id(out, &at->command_id);
    buf_text(out, ",\"causation\":");
    buf_u64(out, at->causation);
    buf_text(out, ",\"payload_sha256\":\"");
    buf_hex(out, span_of(at->payload_hash, 32));
    buf_byte(out, '"');
}

static void put_id(struct buf *out, const char *name, const struct id *id)
{
    if (!id_is_none(id)) {
        buf_text(out, name);
        id_write(out, id);
    }
}

void leaf_text(const struct log_event *at, struct buf *out)
{
    buf_text(out, "time: ");
    instant_write(out, at->time_ms);
    buf_text(out, "\ntype: ");
    buf_text(out, type_of(at));
    put_id(out, "\nworkspace: ", &at->workspace_id);
    buf_text(out, "\nworkspace seq: ");
    buf_u64(out, at->workspace_seq);
    buf_text(out, "\nseq: ");
    buf_u64(out, at->seq);
    put_id(out, "\nstream: ", &at->stream);
    buf_text(out, "\nversion: ");
    buf_u64(out, at->version);
    buf_text(out, "\nactor: ");
    buf_text(out, actor_word(at->actor));
    put_id(out, " ", &at->actor_id);
    put_id(out, "\ncommand: ", &at->command_id);
    if (at->causation != 0) {
        buf_text(out, "\ncaused by seq: ");
        buf_u64(out, at->causation);
    }
    buf_text(out, "\npayload SHA-256: ");
    buf_hex(out, span_of(at->payload_hash, 32));
    buf_byte(out, '\n');
}
