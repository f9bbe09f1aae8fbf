/* input.h: a request's JSON, member by member. The first thing that is wrong is kept and everything after reads as
 * absent, so a handler reads all it wants and asks once. */
#ifndef OPENPOST_GATEWAY_INPUT_H
#define OPENPOST_GATEWAY_INPUT_H

#include "core/message/json_read.h"
#include "core/message/refusal.h"

#define INPUT_PARAM_MAX 128

struct input {
    enum refusal refusal;        /* ACCEPTED while all is well */
    char param[INPUT_PARAM_MAX]; /* JSON pointer (RFC 6901) to what is wrong */
    char detail[200];
};

/* input_wrong records a fault; pointer is the place of the value: parent and name, or an index when name is NULL. Only
 * the first counts. */
void input_wrong(struct input *input, enum refusal refusal, const char *pointer, const char *detail);

/* input_only faults members of object that are not in names (NULL-terminated). at is object's own pointer, "" for the
 * whole body. */
void input_only(struct input *input, const struct json_node *object, const char *at, const char *const *names);
/* Members by name; absent or null reads as absent. Of another type: field_wrong_type. */
struct span input_text(struct input *input, const struct json_node *object, const char *at, const char *name,
                       size_t max);
bool input_flag(struct input *input, const struct json_node *object, const char *at, const char *name);
int64_t input_time(struct input *input, const struct json_node *object, const char *at, const char *name);
const struct json_node *input_object(struct input *input, const struct json_node *object, const char *at,
                                     const char *name);
const struct json_node *input_list(struct input *input, const struct json_node *object, const char *at,
                                   const char *name, uint32_t max);
/* input_json gives an object member back as JSON text, in the arena; absent reads as absent. */
struct span input_json(struct input *input, const struct json_node *object, const char *at, const char *name,
                       struct arena *arena);
/* input_pointer writes at/name (or at/index) into out. */
void input_pointer(char out[INPUT_PARAM_MAX], const char *at, const char *name);
void input_pointer_index(char out[INPUT_PARAM_MAX], const char *at, uint32_t index);

#endif
