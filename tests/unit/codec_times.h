/* codec_times.h: random records that can be said to us, for codec_test.c: ids may be of any time, instants may not. */
#ifndef OPENPOST_TESTS_CODEC_TIMES_H
#define OPENPOST_TESTS_CODEC_TIMES_H

#include "core/message/field.h"

/* Brings the times of a random record to where what is said to us ends. */
static inline void tell_times(const struct record_desc *desc, char *fields)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        if (field->kind == KIND_time) {
            int64_t *time_ms = field_slot(field, fields);
            *time_ms = *time_ms < TIME_TOLD_MS ? *time_ms : TIME_TOLD_MS - 1;
        }
        if (field->kind == KIND_list) {
            uint32_t count = 0;
            char *items = NULL;
            (void)field_items(field, fields, &count);
            memcpy(&items, field_slot(field, fields), sizeof items);
            for (uint32_t k = 0; k < count; k++) {
                tell_times(field->item(), items + k * field->item()->size);
            }
        }
    }
}

#endif
