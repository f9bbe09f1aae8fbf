/* agenda_row.c: the agenda from a read model's rows, and what two agendas are compared by. Called by dispatch's owner
 * at the start and by the simulation. Pure. */
#include "core/decider/workspace.h"
#include "core/scheduler/agenda_state.h"

static enum target_state state_of(const struct agenda_target *row)
{
    if (!row->locked) {
        return STATE_PLANNED;
    }
    if (row->attempt_open) {
        return STATE_ATTEMPTING;
    }
    return row->attempt_unknown ? STATE_UNKNOWN : STATE_WAITING;
}

static void restore_post(struct agenda *agenda, const struct agenda_target *row, uint32_t index)
{
    struct post_item *post = post_at(agenda, index);
    if (row->locked) {
        post->stage = STAGE_LOCKED;
    } else if (!post->scheduled || post->version != row->version) {
        post->stage = row->approved_under != POLICY_NONE ? STAGE_LOCK : STAGE_FACTS;
        post->wait_ms = 0;
    }
    post->approved_under = (uint8_t)row->approved_under;
    post->reminded = row->approval_reminded;
    post->scheduled = true;
    post->publish_at_ms = row->publish_at_ms;
    post->not_after_ms = row->not_after_ms;
    post->version = row->version;
    post->cause = row->seq;
    agenda_time_post(agenda, index);
}

enum err agenda_restore(struct agenda *agenda, const struct agenda_target *row)
{
    TRY(agenda_reserve(agenda, 1, 1, 1, 1));
    const uint32_t post = agenda_post(agenda, &row->post_id, &row->workspace_id);
    uint32_t index = pool_find(&agenda->targets, &row->target_id);
    if (index == 0) {
        const uint32_t integration = agenda_integration(agenda, &row->integration_id, &row->workspace_id);
        index = agenda_target_add(agenda, post, &row->target_id, integration, row->channel);
    }
    struct target_item *target = target_at(agenda, index);
    target->state = (uint8_t)state_of(row);
    target->part = (uint8_t)row->part_next;
    target->part_count = (uint8_t)row->part_count;
    target->comment = row->comment;
    target->published = row->status == TARGET_PUBLISHED;
    target->attempted = !id_is_none(&row->attempt_id);
    memcpy(target->attempt, row->attempt_id.uuid, sizeof target->attempt);
    target->attempt_part = (uint8_t)row->attempt_part;
    target->fence = (uint32_t)row->fence;
    target->orphan = row->attempt_open;
    target->deadline_ms = row->deadline_ms;
    target->due_ms = row->due_ms;
    target->next_ms = row->next_ms;
    target->read_first = row->read_first;
    target->contradicted = row->contradicted;
    target->cause = row->seq;
    target->handed = false;
    target->wait_ms = 0;
    restore_post(agenda, row, post);
    agenda_time_target(agenda, index);
    return OK;
}

enum err agenda_restore_integration(struct agenda *agenda, const struct agenda_integration *row)
{
    TRY(agenda_reserve(agenda, 1, 1, 0, 0));
    const uint32_t index = agenda_integration(agenda, &row->integration_id, &row->workspace_id);
    struct integration_item *integration = integration_at(agenda, index);
    integration->channel = row->channel;
    integration->status = (uint8_t)row->status;
    integration->connecting = row->connecting;
    integration->paused = row->paused;
    integration->queue_paused = row->queue_paused;
    integration->connect_ms = row->connect_ms;
    integration->limited_ms = row->limited_ms;
    integration->cause = row->seq;
    agenda_tokens_set(integration, row->tokens_ms, row->token_expires_ms, row->session_expires_ms);
    agenda_time_account(agenda, index);
    return OK;
}

enum err agenda_restore_workspace(struct agenda *agenda, const struct agenda_workspace *row)
{
    TRY(agenda_reserve(agenda, 1, 0, 0, 0));
    const uint32_t index = agenda_workspace(agenda, &row->workspace_id);
    struct workspace_item *workspace = workspace_at(agenda, index);
    workspace->paused = row->paused;
    workspace->deleted = row->deleted;
    workspace->max_lateness_ms = workspace_after_ms(row->max_lateness_ms);
    workspace->late_spacing_ms = workspace_after_ms(row->late_spacing_ms);
    workspace->approval_policy = (uint8_t)row->approval_policy;
    agenda_time_approvals(agenda, index);
    return OK;
}

void agenda_restore_installation(struct agenda *agenda, const struct agenda_installation *row)
{
    agenda->epoch = row->epoch;
    agenda->clock_suspect = row->clock_suspect;
    agenda->suspended = row->suspended;
    agenda->suspended_at_ms = row->suspended_at_ms;
    agenda_time_all(agenda);
}

/* FNV-1a (draft-eastlake-fnv), 64 bits. */
static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001B3U;
    }
    return hash;
}

static uint64_t mix_number(uint64_t hash, int64_t number)
{
    return mix(hash, &number, sizeof number);
}

#define FNV_BASIS 0xCBF29CE484222325U

static uint64_t digest_target(const struct agenda *agenda, const struct target_item *target)
{
    const struct post_item *post = post_at(agenda, target->post);
    uint64_t hash = mix(FNV_BASIS, target->item.uuid, 16);
    hash = mix(hash, post->item.uuid, 16);
    hash = mix(hash, integration_at(agenda, target->integration)->item.uuid, 16);
    hash = mix(hash, workspace_at(agenda, post->workspace)->item.uuid, 16);
    hash = mix_number(hash, post->publish_at_ms);
    hash = mix_number(hash, post->not_after_ms);
    hash = mix_number(hash, post->stage == STAGE_LOCKED);
    hash = mix_number(hash, post->approved_under);
    hash = mix_number(hash, post->stage != STAGE_LOCKED && post->reminded);
    hash = mix_number(hash, target->due_ms);
    hash = mix_number(hash, target->state);
    hash = mix_number(hash, target->channel);
    if (target->state == STATE_PLANNED) {
        return hash;
    }
    hash = mix_number(hash, target->state == STATE_WAITING && target->next_ms < target->due_ms ? target->due_ms
                                                                                               : target->next_ms);
    hash = mix_number(hash, target->part);
    hash = mix_number(hash, target->part_count);
    hash = mix_number(hash, target->comment);
    hash = mix_number(hash, target->published);
    hash = mix_number(hash, target->read_first);
    if (target->attempted) {
        hash = mix(hash, target->attempt, sizeof target->attempt);
        hash = mix_number(hash, target->attempt_part);
        hash = mix_number(hash, target->fence);
        hash = mix_number(hash, target->deadline_ms);
    }
    return hash;
}

uint64_t agenda_digest(const struct agenda *agenda)
{
    uint64_t sum = agenda->epoch * 4 + (uint64_t)agenda->clock_suspect * 2 + agenda->suspended;
    for (uint32_t i = pool_next(&agenda->targets, 0); i != 0; i = pool_next(&agenda->targets, i)) {
        if (post_at(agenda, target_at(agenda, i)->post)->scheduled && target_at(agenda, i)->due_ms != 0) {
            sum += digest_target(agenda, target_at(agenda, i));
        }
    }
    for (uint32_t i = pool_next(&agenda->integrations, 0); i != 0; i = pool_next(&agenda->integrations, i)) {
        const struct integration_item *integration = integration_at(agenda, i);
        uint64_t hash = mix(FNV_BASIS, integration->item.uuid, 16);
        hash = mix_number(hash, integration->status);
        hash = mix_number(hash, integration->connecting);
        hash = mix_number(hash, integration->paused);
        hash = mix_number(hash, integration->queue_paused);
        hash = mix_number(hash, integration->connecting ? integration->connect_ms : 0);
        hash = mix_number(hash, integration->limited_ms);
        hash = mix_number(hash, integration->tokens_ms);
        hash = mix_number(hash, integration->token_expires_ms);
        sum += mix_number(hash, integration->session_expires_ms);
    }
    for (uint32_t i = pool_next(&agenda->workspaces, 0); i != 0; i = pool_next(&agenda->workspaces, i)) {
        const struct workspace_item *workspace = workspace_at(agenda, i);
        uint64_t hash = mix(FNV_BASIS, workspace->item.uuid, 16);
        hash = mix_number(hash, workspace->paused);
        hash = mix_number(hash, workspace->deleted);
        hash = mix_number(hash, workspace->max_lateness_ms);
        hash = mix_number(hash, workspace->approval_policy);
        sum += mix_number(hash, workspace->late_spacing_ms);
    }
    return sum;
}
