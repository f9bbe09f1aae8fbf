/* openpost_schedule.c: libopenpost's calls about what schedules and makes posts: queues, series, templates, approvals;
 * see openpost.h. */
#include "core/wire/openpost_written.h"

#include "core/base/sha256.h"
#include "core/message/choice.h"
#include "core/message/post_content.h"

#define WEEKDAYS_MAX 7

/* ---- A post's instant ---- */

enum openpost_status openpost_schedule_next_slot(struct openpost *connection, const char *post_id, int timeout_ms,
                                                 struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_schedule_post, .schedule_post = {.next_slot = true}};
    return openpost_call_about(connection, &command, ID_POST, post_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_swap_targets(struct openpost *connection, const char *post_id, const char *target_id,
                                           const char *other_post_id, const char *other_target_id, int timeout_ms,
                                           struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_swap_targets};
    struct swap_targets_command *swap = &command.swap_targets;
    if (id_parse(span_text(target_id), ID_TARGET, &swap->target_id) != OK ||
        id_parse(span_text(other_post_id), ID_POST, &swap->other_post_id) != OK ||
        id_parse(span_text(other_target_id), ID_TARGET, &swap->other_target_id) != OK) {
        return OPENPOST_INVALID;
    }
    return openpost_call_about(connection, &command, ID_POST, post_id, timeout_ms, ret_answer);
}

/* 64 digits as GET shows them: lower case. */
static enum err read_hash(const char *hex, uint8_t ret_hash[SHA256_LEN])
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(hex) != (size_t)2 * SHA256_LEN) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < SHA256_LEN; i++) {
        const char *high = strchr(digits, hex[2 * i]);
        const char *low = strchr(digits, hex[2 * i + 1]);
        TRY(high != NULL && low != NULL ? OK : ERR_MALFORMED);
        ret_hash[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return OK;
}

enum openpost_status openpost_approve_post(struct openpost *connection, const char *post_id, const char *content_sha256,
                                           int timeout_ms, struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_approve_post};
    if (read_hash(content_sha256, command.approve_post.content_sha256.bytes) != OK) {
        return OPENPOST_INVALID;
    }
    return openpost_call_about(connection, &command, ID_POST, post_id, timeout_ms, ret_answer);
}

/* ---- Queues ---- */

/* A command about the queue of an account; its fields begin as pause_queue's do. */
static enum openpost_status give_of_queue(struct openpost *connection, struct command *command,
                                          const char *integration_id, int timeout_ms,
                                          struct openpost_answer *ret_answer)
{
    struct id account;
    if (id_parse(span_text(integration_id), ID_INTEGRATION, &account) != OK) {
        return OPENPOST_INVALID;
    }
    struct pause_queue_command *begin = command_fields(command);
    command->stream = id_queue(&account);
    begin->queue_id = command->stream;
    begin->integration_id = account;
    return openpost_call_give(connection, command, NULL, timeout_ms, ret_answer);
}

static enum err read_slots(const struct openpost_queue *queue, struct weekly_slot *slots)
{
    for (size_t i = 0; i < queue->slot_count; i++) {
        const struct openpost_slot *from = &queue->slots[i];
        slots[i] = (struct weekly_slot){.slot_id = openpost_call_mint(ID_SLOT),
                                        .weekday = choice_value(&weekday_words, span_text(from->weekday)),
                                        .minute = (uint64_t)from->hour * 60 + from->minute};
        TRY(slots[i].weekday != 0 && from->hour < 24 && from->minute < 60 ? OK : ERR_RANGE);
    }
    return OK;
}

enum openpost_status openpost_change_queue(struct openpost *connection, const char *integration_id,
                                           const struct openpost_queue *queue, int timeout_ms,
                                           struct openpost_answer *ret_answer)
{
    struct weekly_slot slots[SLOTS_MAX];
    struct command command = {.code = COMMAND_change_queue};
    if (queue->slot_count > SLOTS_MAX || read_slots(queue, slots) != OK) {
        return OPENPOST_INVALID;
    }
    command.change_queue = (struct change_queue_command){.timezone = openpost_call_optional(queue->timezone),
                                                         .no_timezone = queue->timezone == NULL,
                                                         .replace = true,
                                                         .slots = slots,
                                                         .slots_count = (uint32_t)queue->slot_count};
    return give_of_queue(connection, &command, integration_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_pause_queue(struct openpost *connection, const char *integration_id, int timeout_ms,
                                          struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_pause_queue};
    return give_of_queue(connection, &command, integration_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_resume_queue(struct openpost *connection, const char *integration_id, int timeout_ms,
                                           struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_resume_queue};
    return give_of_queue(connection, &command, integration_id, timeout_ms, ret_answer);
}

/* ---- Series ---- */

struct series_room {
    struct openpost_written written;
    struct repeat_day weekdays[WEEKDAYS_MAX];
};

/* What is posted has no instant, zone or end of its own: the rule has. */
static enum err read_series(const struct openpost_series *series, const struct openpost_post *post,
                            struct series_room *room, struct create_series_command *create)
{
    if (!openpost_written_is_plain(post) || post->timezone != NULL || post->not_after_ms != 0 ||
        series->weekday_count > WEEKDAYS_MAX) {
        return ERR_RANGE;
    }
    TRY(openpost_written_read(post, &room->written));
    *create = (struct create_series_command){
        .timezone = span_text(series->timezone),
        .frequency = choice_value(&frequency_words, span_text(series->frequency)),
        .every = series->every == 0 ? 1 : series->every,
        .weekdays = room->weekdays,
        .weekdays_count = (uint32_t)series->weekday_count,
        .month_day = series->month_day,
        .month_week = series->month_week == NULL ? 0 : choice_value(&month_week_words, span_text(series->month_week)),
        .time = span_text(series->time),
        .start = span_text(series->start),
        .until = openpost_call_optional(series->until),
        .times = series->times};
    TRY(create->frequency != 0 && (series->month_week == NULL || create->month_week != 0) ? OK : ERR_RANGE);
    for (size_t i = 0; i < series->weekday_count; i++) {
        room->weekdays[i].weekday = choice_value(&weekday_words, span_text(series->weekdays[i]));
        TRY(room->weekdays[i].weekday != 0 ? OK : ERR_RANGE);
    }
    POST_CONTENT_COPY(create, &room->written.said);
    return OK;
}

enum openpost_status openpost_create_series(struct openpost *connection, const struct openpost_series *series,
                                            const struct openpost_post *post, const char *idempotency_key,
                                            int timeout_ms, struct openpost_answer *ret_answer)
{
    struct series_room room;
    struct command command = {.code = COMMAND_create_series};
    if (read_series(series, post, &room, &command.create_series) != OK) {
        return OPENPOST_INVALID;
    }
    return openpost_written_make(connection, &command, ID_SERIES, &room.written, idempotency_key, timeout_ms,
                                 ret_answer);
}

enum openpost_status openpost_change_series(struct openpost *connection, const char *series_id, uint64_t version,
                                            const struct openpost_series *series, const struct openpost_post *post,
                                            int timeout_ms, struct openpost_answer *ret_answer)
{
    struct series_room room;
    struct create_series_command said;
    struct command command = {.code = COMMAND_change_series, .expected_version = version};
    if (version == 0 || id_parse(span_text(series_id), ID_SERIES, &command.stream) != OK ||
        read_series(series, post, &room, &said) != OK) {
        return OPENPOST_INVALID;
    }
    openpost_written_name(&room.written, &command.stream);
    SERIES_RULE_COPY(&command.change_series, &said);
    POST_CONTENT_COPY(&command.change_series, &said);
    return openpost_call_about(connection, &command, ID_SERIES, series_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_pause_series(struct openpost *connection, const char *series_id, int timeout_ms,
                                           struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_pause_series};
    return openpost_call_about(connection, &command, ID_SERIES, series_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_resume_series(struct openpost *connection, const char *series_id, int timeout_ms,
                                            struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_resume_series};
    return openpost_call_about(connection, &command, ID_SERIES, series_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_end_series(struct openpost *connection, const char *series_id, int keep, int timeout_ms,
                                         struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_end_series, .end_series = {.keep = keep != 0}};
    return openpost_call_about(connection, &command, ID_SERIES, series_id, timeout_ms, ret_answer);
}

/* ---- Templates ---- */

struct template_room {
    struct openpost_written written;
    struct placeholder placeholders[PLACEHOLDERS_MAX];
};

static enum err read_template(const struct openpost_template *post_template, struct template_room *room,
                              struct create_template_command *create)
{
    const struct openpost_post *post = post_template->post;
    if (!openpost_written_is_plain(post) || post->timezone != NULL || post->not_after_ms != 0 ||
        post_template->placeholder_count > PLACEHOLDERS_MAX) {
        return ERR_RANGE;
    }
    TRY(openpost_written_read(post, &room->written));
    for (size_t i = 0; i < post_template->placeholder_count; i++) {
        const struct openpost_placeholder *from = &post_template->placeholders[i];
        room->placeholders[i] = (struct placeholder){.name = span_text(from->name),
                                                     .preset = openpost_call_optional(from->preset),
                                                     .optional = from->optional != 0,
                                                     .description = openpost_call_optional(from->description)};
    }
    *create = (struct create_template_command){.name = span_text(post_template->name),
                                               .placeholders = room->placeholders,
                                               .placeholders_count = (uint32_t)post_template->placeholder_count};
    POST_CONTENT_COPY(create, &room->written.said);
    return OK;
}

enum openpost_status openpost_create_template(struct openpost *connection,
                                              const struct openpost_template *post_template,
                                              const char *idempotency_key, int timeout_ms,
                                              struct openpost_answer *ret_answer)
{
    struct template_room room;
    struct command command = {.code = COMMAND_create_template};
    if (read_template(post_template, &room, &command.create_template) != OK) {
        return OPENPOST_INVALID;
    }
    return openpost_written_make(connection, &command, ID_TEMPLATE, &room.written, idempotency_key, timeout_ms,
                                 ret_answer);
}

enum openpost_status openpost_change_template(struct openpost *connection, const char *template_id, uint64_t version,
                                              const struct openpost_template *post_template, int timeout_ms,
                                              struct openpost_answer *ret_answer)
{
    struct template_room room;
    struct create_template_command said;
    struct command command = {.code = COMMAND_change_template, .expected_version = version};
    if (version == 0 || id_parse(span_text(template_id), ID_TEMPLATE, &command.stream) != OK ||
        read_template(post_template, &room, &said) != OK) {
        return OPENPOST_INVALID;
    }
    openpost_written_name(&room.written, &command.stream);
    TEMPLATE_CONTENT_COPY(&command.change_template, &said);
    return openpost_call_about(connection, &command, ID_TEMPLATE, template_id, timeout_ms, ret_answer);
}

enum openpost_status openpost_delete_template(struct openpost *connection, const char *template_id, int timeout_ms,
                                              struct openpost_answer *ret_answer)
{
    struct command command = {.code = COMMAND_delete_template};
    return openpost_call_about(connection, &command, ID_TEMPLATE, template_id, timeout_ms, ret_answer);
}
