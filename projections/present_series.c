/* present_series.c: a series as JSON, what comes next of it, and what a post has in common with it. Called by the
 * gateway and by views_series.c. */
#include "core/calendar/instant.h"
#include "core/calendar/local.h"
#include "core/message/codec.h"
#include "core/message/post_content.h"
#include "core/series_rule.h"
#include "projections/present.h"
#include "projections/series.h"

static void put_text(struct buf *out, const char *name, struct span text)
{
    buf_text(out, name);
    json_string_or_null(out, text);
}

static void put_word(struct buf *out, const char *name, const struct choice_table *table, uint32_t value)
{
    put_text(out, name, value == 0 ? (struct span){0} : span_text(choice_word(table, value)));
}

/* 0 is absent. */
static void put_count(struct buf *out, const char *name, uint64_t count)
{
    buf_text(out, name);
    if (count == 0) {
        buf_text(out, "null");
    } else {
        buf_u64(out, count);
    }
}

static void put_id(struct buf *out, const char *name, const struct id *id)
{
    buf_text(out, name);
    json_id(out, id);
}

void present_names(const struct post_content_row *content, struct buf *out)
{
    buf_text(out, ",\"labels\":[");
    for (uint32_t i = 0; i < content->labels_count; i++) {
        put_text(out, i == 0 ? "" : ",", content->labels[i].name);
    }
    buf_text(out, "],\"metadata\":{");
    for (uint32_t i = 0; i < content->metadata_count; i++) {
        put_text(out, i == 0 ? "" : ",", content->metadata[i].key);
        put_text(out, ":", content->metadata[i].value);
    }
    buf_byte(out, '}');
}

static void put_rule(const struct series_row *series, struct buf *out)
{
    put_word(out, ",\"rule\":{\"frequency\":", &frequency_words, series->frequency);
    put_count(out, ",\"interval\":", series->every);
    buf_text(out, ",\"weekdays\":[");
    for (uint32_t i = 0; i < series->weekdays_count; i++) {
        put_word(out, i == 0 ? "" : ",", &weekday_words, series->weekdays[i].weekday);
    }
    put_count(out, "],\"month_day\":", series->month_day);
    put_word(out, ",\"month_week\":", &month_week_words, series->month_week);
    put_text(out, ",\"time\":", series->time);
    put_text(out, ",\"timezone\":", series->timezone);
    put_text(out, ",\"start\":", series->start);
    put_text(out, ",\"until\":", series->until);
    put_count(out, ",\"count\":", series->times);
    buf_byte(out, '}');
}

enum err present_series(const struct series_row *series, struct buf *out)
{
    struct post_content_row content = {.parts_count = 0};
    POST_CONTENT_COPY(&content, series);
    put_id(out, "{\"id\":", &series->series_id);
    put_id(out, ",\"workspace_id\":", &series->workspace_id);
    put_count(out, ",\"version\":", series->version);
    put_word(out, ",\"status\":", &series_status_words, (uint32_t)series->status);
    put_id(out, ",\"author_id\":", &series->author_id);
    put_rule(series, out);
    present_content(&content, out);
    buf_text(out, ",\"targets\":[");
    for (uint32_t i = 0; i < series->targets_count; i++) {
        const struct target_spec *target = &series->targets[i];
        put_id(out, i == 0 ? "{\"integration_id\":" : ",{\"integration_id\":", &target->integration_id);
        put_word(out, ",\"channel\":", &channel_words, target->channel);
        present_json(out, ",\"variant\":", target->variant);
        present_json(out, ",\"platform_settings\":", target->settings);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
    present_names(&content, out);
    buf_text(out, ",\"created_at\":");
    json_time(out, series->created_ms);
    buf_text(out, ",\"updated_at\":");
    json_time(out, series->updated_ms);
    buf_byte(out, '}');
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* What comes next */

/* An occurrence; of the post that its day has, if whoever asks sees it, the rest: somebody may have sent it elsewhere.
 */
struct coming {
    struct local_time local;
    int64_t at_ms;
    struct id post_id;
    uint32_t status; /* enum post_status; 0: no post */
};

static enum err find_instance(const struct present *present, const struct grant *grant, const struct series_row *series,
                              struct coming *coming)
{
    struct instance_row instance;
    struct post_view post;
    enum err err =
        series_day(present->txn, &series->series_id, coming->local.day, series->generation, present->arena, &instance);
    if (err != OK || instance.state == INSTANCE_WITHDRAWN) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    err = posts_get(present->txn, &series->workspace_id, &instance.post_id, present->arena, &post);
    if (err == OK && posts_sees(grant, &post.row)) {
        coming->post_id = instance.post_id;
        coming->status = post.row.status;
        coming->at_ms = post.row.publish_at_ms != 0 ? post.row.publish_at_ms : coming->at_ms;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err put_coming(const struct present *present, const struct series_row *series, const struct coming *coming,
                           struct buf *out)
{
    int minutes = 0;
    const int64_t at_ms = coming->at_ms;
    TRY(zone_offset(present->zones, series->timezone, at_ms, &minutes));
    buf_text(out, "{\"local\":\"");
    local_write(out, coming->local);
    buf_text(out, "\",\"publish_at\":");
    json_time(out, at_ms);
    buf_text(out, ",\"publish_at_local\":\"");
    instant_write_offset(out, at_ms, minutes);
    put_id(out, "\",\"post_id\":", &coming->post_id);
    put_word(out, ",\"status\":", &post_status_words, coming->status);
    buf_byte(out, '}');
    return OK;
}

enum err present_coming(const struct present *present, const struct grant *grant, const struct series_row *series,
                        uint32_t limit, struct buf *out)
{
    struct series_rule rule;
    struct recurrence recurrence;
    struct local_time local;
    SERIES_RULE_COPY(&rule, series);
    TRY(series_rule_read(&rule, &recurrence).member != NULL ? ERR_ALTERED : OK);
    TRY(local_of(present->zones, rule.timezone, present->now_ms, &local));
    local.day -= 2; /* a gap may have put one off */
    buf_text(out, "{\"data\":[");
    const bool active = series->status == SERIES_ACTIVE;
    for (uint32_t count = 0; active && count < limit && recurrence_next(&recurrence, local, &local);) {
        int64_t at_ms = 0;
        const enum err err = local_instant(present->zones, rule.timezone, local, &at_ms);
        if (err == ERR_RANGE) {
            break;
        }
        TRY(err);
        if (at_ms > present->now_ms) {
            struct coming coming = {.local = local, .at_ms = at_ms};
            TRY(find_instance(present, grant, series, &coming));
            buf_text(out, count == 0 ? "" : ",");
            TRY(put_coming(present, series, &coming, out));
            count++;
        }
    }
    buf_text(out, "],\"next_cursor\":null}");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}
