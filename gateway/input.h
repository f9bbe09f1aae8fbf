/* input.h: a request's body, strictly: checked against its schema (schema.h) before a handler reads it. The first fault
 * is kept with the JSON pointer to it; a handler stops when there is one. */
#ifndef OPENPOST_GATEWAY_INPUT_H
#define OPENPOST_GATEWAY_INPUT_H

#include "core/message/json_read.h"
#include "core/message/refusal.h"
#include "gateway/schema.h"

#define INPUT_PARAM_MAX 128

struct input {
    enum refusal refusal;        /* ACCEPTED while all is well */
    char param[INPUT_PARAM_MAX]; /* JSON pointer (RFC 6901) to what is wrong */
    char detail[256];
};

/* input_instant reads an instant; ACCEPTED, or what is wrong with it and, for people, what a right one looks like. */
enum refusal input_instant(struct span text, int64_t *ret_ms, const char **ret_detail);

/* input_hash reads a SHA-256 in hex; ERR_MALFORMED. */
enum err input_hash(struct span text, struct hash *ret_hash) MUST_USE;
/* input_wrong records a fault at pointer; only the first counts. */
void input_wrong(struct input *input, enum refusal refusal, const char *pointer, const char *detail);

/* input_check faults whatever in object, a body (at: "") or a part of one at that pointer, is not as schema has it:
 * unknown and missing members, wrong types, texts that are too long or empty, unknown words, times that are none. An id
 * is any text: whether it names something is its reader's to say. */
void input_check(struct input *input, const struct json_node *object, const char *at, const struct schema *schema);

/* Members of an object that was checked; absent and null read alike. */
bool input_flag(const struct json_node *object, const char *name);
int64_t input_time(const struct json_node *object, const char *name);
/* An object or list that is there and not null, else NULL. */
const struct json_node *input_some(const struct json_node *object, const char *name);
/* input_json gives an object member back as JSON text, in the arena. It may hold no real numbers: field_invalid. */
struct span input_json(struct input *input, const struct json_node *object, const char *at, const char *name,
                       struct arena *arena);

/* input_pointer writes at/name (or at/index) into out. */
void input_pointer(char out[INPUT_PARAM_MAX], const char *at, const char *name);
void input_pointer_index(char out[INPUT_PARAM_MAX], const char *at, uint32_t index);

#endif
