/* openpost_written.h: what a caller of libopenpost writes, of a post, a series or a template, as their commands have
 * it. Private to openpost*.c; the library does not show it. */
#ifndef OPENPOST_WIRE_OPENPOST_WRITTEN_H
#define OPENPOST_WIRE_OPENPOST_WRITTEN_H

#include "core/base/limits.h"
#include "core/wire/openpost_call.h"

/* said borrows from the lists beside it, and from the caller's texts. */
struct openpost_written {
    struct create_post_command said;
    struct content_part parts[PARTS_MAX];
    struct target_spec targets[TARGETS_MAX];
    struct label labels[LABELS_MAX];
    struct pair metadata[METADATA_MAX];
    struct placeholder_value values[PLACEHOLDERS_MAX];
};

/* openpost_written_read fills *ret_written, which must stay where it is, but for the ids that are ours to give.
 * openpost_written_name gives them: a target's id follows from that of what it belongs to. Errors: openpost_call_status
 * has a status for each. */
enum err openpost_written_read(const struct openpost_post *post, struct openpost_written *ret_written) MUST_USE;
void openpost_written_name(struct openpost_written *written, const struct id *owner_id);
/* openpost_written_is_plain tells whether a post says nothing but its content: no instant, no template. What is edited,
 * and what a series and a template hold, is so. */
bool openpost_written_is_plain(const struct openpost_post *post);

/* openpost_written_make gives a command that makes something of what was written, once its fields are filled in: it
 * gets an id of that kind, its first field, and so do its targets. idempotency_key NULL: none. */
enum openpost_status openpost_written_make(struct openpost *connection, struct command *command, enum id_kind kind,
                                           struct openpost_written *written, const char *idempotency_key,
                                           int timeout_ms, struct openpost_answer *ret_answer);

#endif
