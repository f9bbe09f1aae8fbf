/* field.h: a field's value inside a record's struct, by descriptor: for the loops of codec.c, json.c, print.c, equal.c
 * and random.c. */
#ifndef OPENPOST_MESSAGE_FIELD_H
#define OPENPOST_MESSAGE_FIELD_H

#include "core/message/descriptor.h"

struct given_odd; /* message.h */

#define TIME_LIMIT_MS ((int64_t)1 << 48)      /* times are below: they fit a UUIDv7 */
#define TIME_TOLD_MS INT64_C(253402300800000) /* 10000-01-01: what is said to us is below: RFC 3339 tells it */

/* field_at borrows the member that field describes; its type is the kind's in KIND_TABLE. */
static inline const void *field_at(const struct field_desc *field, const void *fields)
{
    return (const char *)fields + field->offset;
}

static inline void *field_slot(const struct field_desc *field, void *fields)
{
    return (char *)fields + field->offset;
}

/* field_put_name appends the name that the field has wherever people and their programs read it, in JSON and in lines
 * of text: the HTTP API's own. Where the declaration says nothing else, an instant's _ms becomes _at. */
void field_put_name(const struct field_desc *field, struct buf *out);

/* field_items returns a list's items and their number. */
static inline const void *field_items(const struct field_desc *field, const void *fields, uint32_t *ret_count)
{
    const void *items = NULL;
    memcpy(&items, field_at(field, fields), sizeof items); /* pointers to structs all have one representation */
    memcpy(ret_count, (const char *)fields + field->count_offset, sizeof *ret_count);
    return items;
}

static inline void field_set_items(const struct field_desc *field, void *fields, void *items, uint32_t count)
{
    memcpy(field_slot(field, fields), &items, sizeof items);
    memcpy((char *)fields + field->count_offset, &count, sizeof count);
}

/* field_is_absent follows the rule of KIND_TABLE: what an optional field of this value is not written as. */
bool field_is_absent(const struct field_desc *field, const void *fields);
/* field_note_odd notes the field in *odd, unless another is there already, if it reads a number or instant that may be
 * absent and is 0, which given so would be taken for absent, or an instant that no RFC 3339 text tells. */
void field_note_odd(const struct field_desc *field, const void *fields, struct given_odd *odd);
/* field_is_written is true for what is present, and for a required number, flag or hash, which has no value that means
 * absent. */
bool field_is_written(const struct field_desc *field, const void *fields);

/* field_find returns the index of the record's field that is declared as name, or field_count. Names mostly come in the
 * order of their declaration, so it looks from index on first. */
size_t field_find(const struct record_desc *desc, struct span name, size_t index);

#endif
