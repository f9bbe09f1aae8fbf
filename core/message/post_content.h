/* post_content.h: what a post says: the fields that the commands which write one, the events that they become and the
 * row that shows it have in common, under the same names. */
#ifndef OPENPOST_MESSAGE_POST_CONTENT_H
#define OPENPOST_MESSAGE_POST_CONTENT_H

#define POST_CONTENT_COPY(to_, from_)                    \
    do {                                                 \
        (to_)->parts = (from_)->parts;                   \
        (to_)->parts_count = (from_)->parts_count;       \
        (to_)->link = (from_)->link;                     \
        (to_)->first_comment = (from_)->first_comment;   \
        (to_)->targets = (from_)->targets;               \
        (to_)->targets_count = (from_)->targets_count;   \
        (to_)->labels = (from_)->labels;                 \
        (to_)->labels_count = (from_)->labels_count;     \
        (to_)->metadata = (from_)->metadata;             \
        (to_)->metadata_count = (from_)->metadata_count; \
    } while (0)

/* And what commands and events alone have beside it. */
#define POST_WRITING_COPY(to_, from_)                \
    do {                                             \
        (to_)->post_id = (from_)->post_id;           \
        (to_)->timezone = (from_)->timezone;         \
        (to_)->not_after_ms = (from_)->not_after_ms; \
        POST_CONTENT_COPY(to_, from_);               \
    } while (0)

/* The rule of a series, likewise. */
#define SERIES_RULE_COPY(to_, from_)                     \
    do {                                                 \
        (to_)->timezone = (from_)->timezone;             \
        (to_)->frequency = (from_)->frequency;           \
        (to_)->every = (from_)->every;                   \
        (to_)->weekdays = (from_)->weekdays;             \
        (to_)->weekdays_count = (from_)->weekdays_count; \
        (to_)->month_day = (from_)->month_day;           \
        (to_)->month_week = (from_)->month_week;         \
        (to_)->time = (from_)->time;                     \
        (to_)->start = (from_)->start;                   \
        (to_)->until = (from_)->until;                   \
        (to_)->times = (from_)->times;                   \
    } while (0)

/* What a template's commands, events and row have in common. */
#define TEMPLATE_CONTENT_COPY(to_, from_)                        \
    do {                                                         \
        (to_)->template_id = (from_)->template_id;               \
        (to_)->name = (from_)->name;                             \
        (to_)->placeholders = (from_)->placeholders;             \
        (to_)->placeholders_count = (from_)->placeholders_count; \
        (to_)->default_queue_of = (from_)->default_queue_of;     \
        POST_CONTENT_COPY(to_, from_);                           \
    } while (0)

#endif
