/* schema.h: schema.def and parameter.def as tables. */
#ifndef OPENPOST_GATEWAY_SCHEMA_H
#define OPENPOST_GATEWAY_SCHEMA_H

#include "core/base/typeid.h"
#include "core/message/choice.h"
#include "gateway/route.h"

enum value_kind {
    VALUE_text,
    VALUE_name,
    VALUE_time,
    VALUE_date,
    VALUE_hash,
    VALUE_id,
    VALUE_word,
    VALUE_code,
    VALUE_count,
    VALUE_number,
    VALUE_range,
    VALUE_flag,
    VALUE_object,
    VALUE_list,
    VALUE_names,
    VALUE_words,
    VALUE_pairs,
    VALUE_texts,
    VALUE_json,
    VALUE_jsons,
    VALUE_data,
};

#define LIMIT_MAX 200 /* of VALUE_range */
#define NAME_MAX_LEN ((size_t)256)
#define TEXTS_MAX_LEN ((size_t)65536) /* of VALUE_texts: of each */

enum presence { PRESENCE_MUST, PRESENCE_MAY, PRESENCE_ALSO };

struct value_type {
    enum value_kind kind;
    enum id_kind id;                  /* VALUE_id; ID_NONE: any */
    const struct choice_table *words; /* VALUE_word, VALUE_words */
    enum schema_name schema;          /* VALUE_object, VALUE_list */
    uint64_t min;                     /* VALUE_number */
};

struct schema_member {
    const char *name;
    struct value_type type;
    enum presence presence;
    size_t max; /* of a number the highest; 0: no limit of its own */
    const char *doc;
};

struct schema {
    const char *name;
    const char *doc;
    bool taken;
    const struct schema_member *members; /* ended by one without a name */
};

struct parameter {
    enum route_name route;
    const char *name;
    struct value_type type;
    bool repeats;
    const char *doc;
};

/* schema_at describes one of schema.def's objects; NULL for what is none. */
const struct schema *schema_at(enum schema_name name);
/* parameter_at: all routes' parameters by number; NULL past the last. */
const struct parameter *parameter_at(size_t index);

#endif
