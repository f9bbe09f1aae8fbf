/* present.c: rows as JSON. Called by the gateway and by the RPC's queries. Must never show what is another workspace's,
 * nor anything of the vault. */
#include "projections/present.h"

#include "core/base/limits.h"
#include "core/calendar/instant.h"
#include "core/log/log.h"
#include "core/message/codec.h"
#include "core/message/refusal.h"

#define HISTORY_SENTENCE_MAX 2048
#define WHERE_MAX 320           /* a channel's word, and a handle of up to 256 bytes in brackets */
#define ATTEMPTS_SHOWN_MAX 1000 /* of one target; three a part, and probes are no attempts */

/* --- members --- */

/* name is a literal that begins with a comma but in the first member: ,"name": */
static void put_span(struct buf *out, const char *name, struct span text)
{
    buf_text(out, name);
    json_string_or_null(out, text);
}

static void put_word(struct buf *out, const char *name, const struct choice_table *table, uint32_t value)
{
    const char *word = choice_word(table, value);
    put_span(out, name, word[0] == '\0' ? span_of(NULL, 0) : span_text(word));
}

static void put_id(struct buf *out, const char *name, const struct id *id)
{
    buf_text(out, name);
    json_id(out, id);
}

static void put_time(struct buf *out, const char *name, int64_t time_ms)
{
    buf_text(out, name);
    json_time(out, time_ms);
}

static void put_count(struct buf *out, const char *name, uint64_t count)
{
    buf_text(out, name);
    buf_u64(out, count);
}

static void put_flag(struct buf *out, const char *name, bool flag)
{
    buf_text(out, name);
    buf_text(out, flag ? "true" : "false");
}

/* A text that is JSON of a channel's own, written by our adapters or checked by the gateway; anything else is shown as
 * a string. */
void present_json(struct buf *out, const char *name, struct span json)
{
    const bool object = json.len >= 2 && json.data[0] == '{' && json.data[json.len - 1] == '}';
    buf_text(out, name);
    if (object) {
        buf_put(out, json);
    } else {
        put_span(out, "", json);
    }
}

static void put_local(struct buf *out, const char *name, struct zones *zones, struct span timezone, int64_t time_ms)
{
    int minutes = 0;
    buf_text(out, name);
    if (time_ms == 0 || zone_offset(zones, timezone, time_ms, &minutes) != OK) {
        buf_text(out, "null");
        return;
    }
    buf_text(out, "\"");
    instant_write_offset(out, time_ms, minutes);
    buf_text(out, "\"");
}

static void put_hash(struct buf *out, const char *name, const struct hash *hash)
{
    buf_text(out, name);
    buf_text(out, "\"");
    buf_hex(out, span_of(hash->bytes, sizeof hash->bytes));
    buf_text(out, "\"");
}

static enum err done(const struct buf *out)
{
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* {code, message, retryable}, or null. */
static void put_error_open(struct buf *out, const char *name, struct span code, struct span message)
{
    const enum refusal refusal = refusal_of(code);
    const struct span title = refusal == ACCEPTED ? span_of(NULL, 0) : span_text(refusal_desc(refusal)->title);
    buf_text(out, name);
    put_span(out, "{\"code\":", code);
    put_span(out, ",\"message\":", message.data != NULL ? message : title);
    put_flag(out, ",\"retryable\":", refusal != ACCEPTED && refusal_desc(refusal)->retryable);
}

static void put_error(struct buf *out, const char *name, struct span code, struct span message)
{
    if (code.data == NULL) {
        buf_text(out, name);
        buf_text(out, "null");
        return;
    }
    put_error_open(out, name, code, message);
    buf_text(out, "}");
}

/* --- posts --- */

void present_content(const struct post_content_row *content, struct buf *out)
{
    buf_text(out, ",\"content\":{\"text\":");
    if (content->parts_count == 1) {
        json_string(out, content->parts[0].text);
    } else {
        buf_text(out, "null");
    }
    buf_text(out, ",\"parts\":[");
    for (uint32_t i = 0; i < content->parts_count; i++) {
        put_span(out, i == 0 ? "{\"text\":" : ",{\"text\":", content->parts[i].text);
        buf_text(out, "}");
    }
    put_span(out, "],\"link\":", content->link);
    put_span(out, ",\"first_comment\":", content->first_comment);
    buf_text(out, "}");
}

static void put_locked(const struct post_payload *payload, struct buf *out)
{
    const struct locked_target *locked = &payload->locked;
    const uint32_t count = locked->parts_count;
    const bool comment = count > 0 && locked->parts[count - 1].comment;
    put_span(out, ",\"rendering\":{\"format\":", count - (comment ? 1 : 0) > 1 ? SPAN("thread") : SPAN("post"));
    buf_text(out, ",\"parts\":[");
    for (uint32_t i = 0; i < count; i++) {
        const struct locked_part *part = &locked->parts[i];
        const struct live_part *live = posts_live(payload, i);
        present_json(out, i == 0 ? "{\"payload\":" : ",{\"payload\":", part->payload);
        put_hash(out, ",\"payload_sha256\":", &part->payload_hash);
        put_span(out, ",\"key\":", part->key);
        put_time(out, ",\"created_at\":", part->created_ms);
        put_flag(out, ",\"first_comment\":", part->comment);
        put_span(out, ",\"platform_post_id\":", live == NULL ? span_of(NULL, 0) : live->platform_id);
        put_span(out, ",\"url\":", live == NULL ? span_of(NULL, 0) : live->url);
        buf_text(out, "}");
    }
    buf_text(out, "]}");
}

/* What people should know of a locked target that will be sent; why one is not is its error. */
static void put_notes(const struct locked_target *locked, uint32_t index, struct buf *out)
{
    if (locked->code.data != NULL || locked->message.data == NULL) {
        buf_text(out, ",\"violations\":[]");
        return;
    }
    put_span(out, ",\"violations\":[{\"code\":\"noted_at_lock\",\"message\":", locked->message);
    put_count(out, ",\"param\":\"/targets/", index);
    buf_text(out, "\",\"fatal\":false}]");
}

static enum err put_rendering(const struct present *present, const struct post_view *post, uint32_t index,
                              struct present_shown *shown, struct buf *out)
{
    struct post_payload payload;
    enum err err = ERR_NOT_FOUND;
    if (post->row.locked_ms != 0) { /* else nothing of it is locked */
        err = posts_payload(present_posts(present), &post->row.post_id, &post->row.targets[index].target_id,
                            present->arena, &payload);
    }
    if (err == OK) {
        if (payload.locked.code.data == NULL) {
            put_locked(&payload, out);
        } else {
            buf_text(out, ",\"rendering\":null");
        }
        put_notes(&payload.locked, index, out);
        return OK;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (present->rendering != NULL) {
        buf_text(out, ",");
        return present_draft(present, post, index, shown, out);
    }
    buf_text(out, ",\"rendering\":null,\"violations\":[]");
    return OK;
}

/* around: what the post's targets have in common. */
static enum err put_wait(const struct present *present, const struct post_view *post, const struct target_row *target,
                         const struct post_surroundings *around, struct buf *out)
{
    struct integration_row integration;
    const enum err err = present_account(present, &post->row.workspace_id, &target->integration_id, &integration);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    struct post_surroundings surroundings = *around;
    surroundings.integration = err == OK ? &integration : NULL;
    const struct post_wait wait = posts_wait(&post->row, target, &surroundings, present->now_ms);
    put_word(out, ",\"waits_for\":", &wait_words, wait.reason);
    put_time(out, ",\"waits_until\":", wait.until_ms);
    put_time(out, ",\"missed_at\":", wait.missed_ms);
    put_word(out, ",\"held\":", &wait_words, posts_held(&post->row, target, &surroundings));
    return OK;
}

static struct span timezone_of(const struct post_view *post, const struct workspace_row *workspace)
{
    return post->row.timezone.data != NULL ? post->row.timezone : workspace->timezone;
}

static void put_comment(const struct target_row *target, struct buf *out)
{
    if (!target->comment) {
        buf_text(out, ",\"first_comment\":null");
        return;
    }
    put_word(out, ",\"first_comment\":{\"outcome\":", &outcome_words, target->comment_outcome);
    put_span(out, ",\"url\":", target->comment_url);
    buf_text(out, "}");
}

static enum err write_target(const struct present *present, const struct post_view *post, uint32_t index,
                             const struct post_surroundings *around, struct present_shown *shown, struct buf *out)
{
    const struct target_row *target = &post->row.targets[index];
    const struct target_spec *spec = &post->content.targets[index];
    const int64_t publish_at_ms = target->due_ms != 0 ? target->due_ms : target->at_ms;
    const struct span timezone = timezone_of(post, around->workspace);
    put_id(out, "{\"id\":", &target->target_id);
    put_id(out, ",\"integration_id\":", &target->integration_id);
    put_word(out, ",\"channel\":", &channel_words, target->channel);
    put_word(out, ",\"status\":", &target_status_words, target->status);
    put_time(out, ",\"at\":", target->at_ms);
    put_time(out, ",\"publish_at\":", publish_at_ms);
    put_local(out, ",\"publish_at_local\":", present->zones, timezone, publish_at_ms);
    put_span(out, ",\"timezone\":", timezone);
    present_json(out, ",\"variant\":", spec->variant);
    present_json(out, ",\"platform_settings\":", spec->settings);
    TRY(put_rendering(present, post, index, shown, out));
    const bool comment_live = target->part_live > target->part_count; /* parts_total does not count it either */
    put_count(out, ",\"parts_live\":", comment_live ? target->part_count : target->part_live);
    buf_text(out, ",\"parts_total\":");
    if (target->part_count > 0) {
        buf_u64(out, target->part_count);
    } else {
        buf_text(out, "null");
    }
    put_count(out, ",\"attempts\":", target->attempt_count);
    put_time(out, ",\"next_attempt_at\":", target->status == TARGET_RETRYING ? target->next_ms : 0);
    put_flag(out, ",\"needs_person\":", target->needs_person);
    put_flag(out, ",\"contradicted\":", target->contradicted);
    put_span(out, ",\"platform_post_id\":", target->platform_id);
    put_span(out, ",\"url\":", target->url);
    put_time(out, ",\"published_at\":", target->published_ms);
    put_comment(target, out);
    put_error(out, ",\"error\":", target->code, target->message);
    TRY(put_wait(present, post, target, around, out));
    buf_text(out, "}");
    return OK;
}

/* A page has up to ten thousand targets: what one took to be written is given back. */
static enum err put_target(const struct present *present, const struct post_view *post, uint32_t index,
                           const struct post_surroundings *around, struct present_shown *shown, struct buf *out)
{
    const struct arena_mark mark = arena_mark(present->arena);
    const enum err err = write_target(present, post, index, around, shown, out);
    arena_rewind(present->arena, mark);
    return err;
}

/* In the present, also of an answer to a command: what is hidden since then stays so. */
static enum err put_origin(const struct present *present, const struct post_view *post, struct buf *out)
{
    struct post_origin origin;
    TRY(posts_origin(present->txn, present->grant, &post->row, present->arena, &origin));
    put_id(out, ",\"duplicate_of\":", &origin.duplicate_of);
    put_id(out, ",\"series_id\":", &origin.series_id);
    put_span(out, ",\"series_local\":", id_is_none(&origin.series_id) ? (struct span){0} : post->row.series_local);
    put_id(out, ",\"template_id\":", &origin.template_id);
    return OK;
}

static enum err put_tail(const struct present *present, const struct post_view *post,
                         const struct workspace_row *workspace, struct buf *out)
{
    const struct post_content_row *content = &post->content;
    const bool locks = post->row.status == POST_SCHEDULED && post->row.locked_ms == 0;
    put_time(out, ",\"locks_at\":", locks ? post->row.publish_at_ms - LOCK_AHEAD_MS : 0);
    put_time(out, ",\"locked_at\":", post->row.locked_ms);
    put_time(out, ",\"not_after\":", post->row.not_after_ms);
    present_names(content, out);
    buf_text(out, ",\"approval\":");
    TRY(present_approval(present, post, workspace, out));
    TRY(put_origin(present, post, out));
    present_default_queue(&post->row.default_queue_of, out);
    present_blanks(post, out);
    put_time(out, ",\"created_at\":", post->row.created_ms);
    put_time(out, ",\"updated_at\":", post->row.updated_ms);
    put_time(out, ",\"published_at\":", post->row.published_ms);
    buf_text(out, "}");
    return OK;
}

enum err present_post(const struct present *present, const struct post_view *post, struct buf *out)
{
    struct workspace_row workspace;
    struct installation_row installation;
    struct present_shown shown[TARGETS_MAX] = {0};
    TRY(present_surroundings(present, &post->row.workspace_id, &workspace));
    TRY(present_installation(present, &installation));
    const struct post_surroundings around = {.workspace = &workspace, .installation = &installation};
    const struct span timezone = timezone_of(post, &workspace);
    put_id(out, "{\"id\":", &post->row.post_id);
    put_id(out, ",\"workspace_id\":", &post->row.workspace_id);
    put_count(out, ",\"version\":", post->row.version);
    put_word(out, ",\"status\":", &post_status_words, post->row.status);
    put_id(out, ",\"author_id\":", &post->row.author_id);
    present_content(&post->content, out);
    buf_text(out, ",\"targets\":[");
    for (uint32_t i = 0; i < post->row.targets_count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(put_target(present, post, i, &around, shown, out));
    }
    put_time(out, "],\"publish_at\":", post->row.publish_at_ms);
    put_local(out, ",\"publish_at_local\":", present->zones, timezone, post->row.publish_at_ms);
    put_span(out, ",\"timezone\":", timezone);
    TRY(put_tail(present, post, &workspace, out));
    return done(out);
}

/* --- deliveries and history --- */

static void put_attempt_error(const struct attempt_row *attempt, struct buf *out)
{
    if (attempt->code.data == NULL) {
        buf_text(out, ",\"error\":null");
        return;
    }
    put_error_open(out, ",\"error\":", attempt->code, attempt->message);
    put_span(out, ",\"platform_code\":", attempt->platform_code);
    put_span(out, ",\"platform_message\":", attempt->platform_message);
    buf_text(out, "}");
}

static enum err attempt_json(const struct attempt_row *attempt, struct buf *out)
{
    put_id(out, "{\"id\":", &attempt->attempt_id);
    put_count(out, ",\"number\":", attempt->number);
    put_count(out, ",\"part\":", attempt->part + 1);
    put_flag(out, ",\"first_comment\":", attempt->comment);
    put_time(out, ",\"due_at\":", attempt->due_ms);
    put_time(out, ",\"started_at\":", attempt->started_ms);
    put_time(out, ",\"finished_at\":", attempt->finished_ms);
    put_time(out, ",\"deadline\":", attempt->deadline_ms);
    put_count(out, ",\"fence\":", attempt->fence);
    put_hash(out, ",\"payload_sha256\":", &attempt->payload_hash);
    put_word(out, ",\"outcome\":", &outcome_words, attempt->outcome);
    put_time(out, ",\"settled_at\":", attempt->settled_ms);
    put_flag(out, ",\"settled_by_reading\":", attempt->by_read);
    put_word(out, ",\"resolution\":", &resolution_words, attempt->resolution);
    put_span(out, ",\"platform_post_id\":", attempt->platform_id);
    put_span(out, ",\"platform_revision\":", attempt->revision);
    put_span(out, ",\"url\":", attempt->url);
    put_time(out, ",\"published_at\":", attempt->published_ms);
    put_attempt_error(attempt, out);
    put_time(out, ",\"next_attempt_at\":", attempt->next_ms);
    put_count(out, ",\"probes\":", attempt->probe_count);
    put_span(out, ",\"last_probe\":", attempt->probe_message);
    put_word(out, ",\"contradicted_by\":", &outcome_words, attempt->contradiction);
    buf_text(out, "}");
    return done(out);
}

enum err present_deliveries(const struct present *present, const struct post_view *post, struct buf *out)
{
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < post->row.targets_count; i++) {
        const struct target_row *target = &post->row.targets[i];
        struct attempt_row *attempts = NULL;
        uint32_t count = 0;
        TRY(posts_attempts(present_posts(present), &post->row.post_id, &target->target_id, 0, ATTEMPTS_SHOWN_MAX,
                           present->arena, &attempts, &count));
        put_id(out, i == 0 ? "{\"target_id\":" : ",{\"target_id\":", &target->target_id);
        put_id(out, ",\"integration_id\":", &target->integration_id);
        put_word(out, ",\"channel\":", &channel_words, target->channel);
        put_word(out, ",\"status\":", &target_status_words, target->status);
        buf_text(out, ",\"attempts\":[");
        for (uint32_t k = 0; k < count; k++) {
            buf_text(out, k == 0 ? "" : ",");
            TRY(attempt_json(&attempts[k], out));
        }
        buf_text(out, "]}");
    }
    buf_text(out, "],\"next_cursor\":null}");
    return done(out);
}

/* The account that an event speaks of, as people know it: "bluesky (acme.test)". */
static enum err put_where(const struct present *present, const struct post_row *post, const struct id *target_id,
                          struct buf *out)
{
    const struct target_row *target = posts_target(post, target_id);
    if (target == NULL) {
        return OK;
    }
    buf_text(out, choice_word(&channel_words, target->channel));
    struct integration_row integration = {.handle = {0}};
    const enum err err =
        access_integration(present->txn, &post->workspace_id, &target->integration_id, present->arena, &integration);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (integration.handle.len > 0) {
        buf_text(out, " (");
        buf_put(out, integration.handle);
        buf_text(out, ")");
    }
    return OK;
}

static enum err put_activity(const struct present *present, const struct post_row *post, const struct activity_row *row,
                             struct buf *out)
{
    const struct record_desc *desc = event_desc((uint32_t)row->event);
    char text[HISTORY_SENTENCE_MAX];
    char where_text[WHERE_MAX];
    struct buf sentence = buf_of(text, sizeof text);
    struct buf where = buf_of(where_text, sizeof where_text - 1);
    TRY(put_where(present, post, &row->target_id, &where));
    const struct target_row *target = posts_target(post, &row->target_id);
    uint64_t changed = 0;
    if (row->event == EVENT_post_edited) {
        TRY(posts_edited(present_posts(present), &post->post_id, row->version, present->arena, &changed));
    }
    const struct activity_about about = {.where = buf_terminated(&where),
                                         .comment_part =
                                             target != NULL && target->comment ? target->part_count : UINT64_MAX,
                                         .changed = changed};
    activity_sentence(row, &about, &sentence);
    put_count(out, "{\"version\":", row->version);
    put_time(out, ",\"at\":", row->time_ms);
    put_span(out, ",\"event\":", desc == NULL ? span_of(NULL, 0) : span_text(desc->name));
    put_span(out, ",\"actor\":", span_text(actor_word(row->actor)));
    put_id(out, ",\"actor_id\":", &row->actor_id);
    put_id(out, ",\"command_id\":", &row->command_id);
    put_id(out, ",\"target_id\":", &row->target_id);
    put_span(out, ",\"sentence\":", buf_span(&sentence));
    buf_text(out, "}");
    return OK;
}

enum err present_history(const struct present *present, const struct post_row *post, uint64_t after, uint32_t limit,
                         struct buf *out, uint64_t *ret_next)
{
    struct activity_row *rows = NULL;
    uint32_t count = 0;
    TRY(activity_list(present_posts(present), &post->post_id, after, limit, present->arena, &rows, &count));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(put_activity(present, post, &rows[i], out));
    }
    buf_text(out, "]");
    *ret_next = count > 0 && rows[count - 1].version < post->version ? rows[count - 1].version : 0;
    return done(out);
}

/* --- the others --- */

enum err present_integration(const struct integration_row *integration, int64_t now_ms, struct buf *out)
{
    put_id(out, "{\"id\":", &integration->integration_id);
    put_id(out, ",\"workspace_id\":", &integration->workspace_id);
    put_count(out, ",\"version\":", integration->version);
    put_word(out, ",\"channel\":", &channel_words, integration->channel);
    put_word(out, ",\"status\":", &integration_status_words, access_status(integration, now_ms));
    put_flag(out, ",\"paused\":", integration->paused);
    put_span(out, ",\"service\":", integration->service);
    put_span(out, ",\"identifier\":", integration->identifier);
    put_span(out, ",\"account\":", integration->account);
    put_span(out, ",\"handle\":", integration->handle);
    put_time(out, ",\"token_expires_at\":", integration->token_expires_ms);
    put_time(out, ",\"session_expires_at\":", integration->session_expires_ms);
    put_error(out, ",\"error\":", integration->code, integration->message);
    put_time(out, ",\"created_at\":", integration->created_ms);
    put_time(out, ",\"updated_at\":", integration->updated_ms);
    buf_text(out, "}");
    return done(out);
}

enum err present_workspace(const struct workspace_row *workspace, struct buf *out)
{
    put_id(out, "{\"id\":", &workspace->workspace_id);
    put_count(out, ",\"version\":", workspace->version);
    put_span(out, ",\"slug\":", workspace->slug);
    put_span(out, ",\"name\":", workspace->name);
    put_span(out, ",\"plan\":", workspace->plan.len > 0 ? workspace->plan : SPAN(PLAN_OF_NOBODY));
    put_span(out, ",\"timezone\":", workspace->timezone);
    put_count(out, ",\"max_lateness_ms\":", workspace->max_lateness_ms);
    put_count(out, ",\"late_spacing_ms\":", workspace->late_spacing_ms);
    put_word(out, ",\"approval_policy\":", &approval_policy_words, present_policy(workspace));
    put_flag(out, ",\"paused\":", workspace->paused);
    put_span(out, ",\"pause_reason\":", workspace->pause_reason);
    put_time(out, ",\"paused_at\":", workspace->paused_ms);
    put_time(out, ",\"created_at\":", workspace->created_ms);
    put_time(out, ",\"updated_at\":", workspace->updated_ms);
    buf_text(out, "}");
    return done(out);
}

static void put_scopes(struct buf *out, uint64_t scopes)
{
    bool first = true;
    buf_text(out, scopes == 0 ? ",\"scopes\":null" : ",\"scopes\":[");
    for (uint32_t scope = 1; scope < SCOPE_COUNT; scope++) {
        if ((scopes >> scope & 1) != 0) {
            put_span(out, first ? "" : ",", span_text(choice_word(&scope_words, scope)));
            first = false;
        }
    }
    buf_text(out, scopes == 0 ? "" : "]");
}

static void put_accounts(struct buf *out, bool restricted, const struct integration_ref *accounts, uint32_t count)
{
    buf_text(out, restricted ? ",\"integrations\":[" : ",\"integrations\":null");
    for (uint32_t i = 0; restricted && i < count; i++) {
        put_id(out, i == 0 ? "" : ",", &accounts[i].integration_id);
    }
    buf_text(out, restricted ? "]" : "");
}

enum err present_key(const struct key_row *key, const struct integration_ref *accounts, uint32_t account_count,
                     bool as_made, struct span text, struct buf *out)
{
    put_id(out, "{\"id\":", &key->key_id);
    put_id(out, ",\"workspace_id\":", &key->workspace_id);
    put_span(out, ",\"name\":", key->name);
    put_word(out, ",\"role\":", &role_words, key->role);
    put_scopes(out, key->scopes);
    put_accounts(out, key->restricted, accounts, account_count);
    put_id(out, ",\"rotates\":", &key->rotates);
    put_id(out, ",\"created_by\":", &key->maker_id);
    put_time(out, ",\"created_at\":", key->created_ms);
    put_time(out, ",\"expires_at\":", key->expires_ms);
    put_time(out, ",\"last_used_at\":", access_last_used(key->last_used_ms, key->created_ms));
    put_time(out, ",\"revoked_at\":", key->revoked_ms);
    if (as_made) {
        put_span(out, ",\"key\":", text);
    }
    buf_text(out, "}");
    return done(out);
}

static void put_lateness(struct buf *out, const char *name, const struct lateness *lateness)
{
    buf_text(out, name);
    put_count(out, "{\"count\":", lateness->total);
    put_count(out, ",\"p50_ms\":", lateness_quantile_ms(lateness, 500));
    put_count(out, ",\"p99_ms\":", lateness_quantile_ms(lateness, 990));
    put_count(out, ",\"max_ms\":", lateness->max_ms);
    buf_text(out, "}");
}

static void put_day(struct buf *out, const char *name, uint32_t day)
{
    char text[32];
    struct buf instant = buf_of(text, sizeof text);
    instant_write(&instant, (int64_t)day * DAY_MS);
    put_span(out, name, span_of(text, instant.len < 10 ? instant.len : 10));
}

enum err present_punctuality(const struct punctuality_report *report, struct buf *out)
{
    put_id(out, "{\"integration_id\":", &report->integration_id);
    put_day(out, ",\"date\":", report->day);
    put_count(out, ",\"attempts\":", report->attempts);
    put_count(out, ",\"accepted\":", report->accepted);
    put_count(out, ",\"try_again\":", report->try_again);
    put_count(out, ",\"deferred\":", report->deferred);
    put_count(out, ",\"unauthorized\":", report->unauthorized);
    put_count(out, ",\"refused\":", report->refused);
    put_count(out, ",\"unknown\":", report->unknown);
    put_count(out, ",\"published\":", report->published);
    put_count(out, ",\"failed\":", report->failed);
    put_count(out, ",\"missed\":", report->missed);
    put_lateness(out, ",\"start_lateness\":", &report->start);
    put_lateness(out, ",\"receipt_lateness\":", &report->receipt);
    buf_text(out, "}");
    return done(out);
}
