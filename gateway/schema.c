/* schema.c: schema.def and parameter.def, stamped out as data. Checked against by input.c and query.c, printed by
 * openapi*.c. */
#include "gateway/schema.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "projections/posts.h"

/* Members of struct value_type by kind; of_ is what the row says it is of. */
#define TYPE_text(of_) .kind = VALUE_text
#define TYPE_name(of_) .kind = VALUE_name
#define TYPE_time(of_) .kind = VALUE_time
#define TYPE_date(of_) .kind = VALUE_date
#define TYPE_hash(of_) .kind = VALUE_hash
#define TYPE_code(of_) .kind = VALUE_code
#define TYPE_count(of_) .kind = VALUE_count
#define TYPE_number(of_) .kind = VALUE_number, .min = (of_)
#define TYPE_range(of_) .kind = VALUE_range
#define TYPE_flag(of_) .kind = VALUE_flag
#define TYPE_names(of_) .kind = VALUE_names
#define TYPE_pairs(of_) .kind = VALUE_pairs
#define TYPE_texts(of_) .kind = VALUE_texts
#define TYPE_json(of_) .kind = VALUE_json
#define TYPE_jsons(of_) .kind = VALUE_jsons
#define TYPE_data(of_) .kind = VALUE_data
#define TYPE_id(of_) .kind = VALUE_id, .id = ID_##of_
#define TYPE_word(of_) .kind = VALUE_word, .words = &of_##_words
#define TYPE_words(of_) .kind = VALUE_words, .words = &of_##_words
#define TYPE_object(of_) .kind = VALUE_object, .schema = SCHEMA_##of_
#define TYPE_list(of_) .kind = VALUE_list, .schema = SCHEMA_##of_

#define USE_TAKEN true
#define USE_GIVEN false

#define SCHEMA(name_, use_, doc_) static const struct schema_member name_##_members[] = {
#define MEMBER(kind_, name_, presence_, of_, max_, doc_) \
    {#name_, {TYPE_##kind_(of_)}, PRESENCE_##presence_, (max_), (doc_)},
#define END(name_)   \
    {                \
        .name = NULL \
    }                \
    }                \
    ;
#include "gateway/schema.def"

static const struct schema schemas[] = {
#define SCHEMA(name_, use_, doc_) [SCHEMA_##name_] = {#name_, (doc_), USE_##use_, name_##_members},
#define MEMBER(kind_, name_, presence_, of_, max_, doc_)
#define END(name_)
#include "gateway/schema.def"
};

#define REPEATS_yes true
#define REPEATS_no false

static const struct parameter parameters[] = {
#define PARAMETER(route_, kind_, name_, of_, repeats_, doc_) \
    {ROUTE_##route_, #name_, {TYPE_##kind_(of_)}, REPEATS_##repeats_, (doc_)},
#include "gateway/parameter.def"
};

const struct schema *schema_at(enum schema_name name)
{
    ASSERT(name < SCHEMA_COUNT);
    return schemas[name].name == NULL ? NULL : &schemas[name];
}

const struct parameter *parameter_at(size_t index)
{
    return index < sizeof parameters / sizeof *parameters ? &parameters[index] : NULL;
}
