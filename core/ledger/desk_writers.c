/* desk_writers.c: who stands behind keys and members, and whether one of them wrote a post. Called for an approval
 * under four eyes: rare enough to read the post's stream for it, and exact however often it was edited. What a post was
 * copied or made from counts, too: its words are somebody's. Decides nothing. */
#include "core/base/mutant.h"
#include "core/ledger/ledger_state.h"

void desk_name_key(const struct id *key_id, const struct key *key, struct id *ret_principal_id,
                   struct id *ret_origin_id)
{
    *ret_principal_id = id_is_none(&key->principal_id) ? *key_id : key->principal_id;
    *ret_origin_id = id_is_none(&key->origin_id) ? *key_id : key->origin_id;
}

enum err desk_rotated_origin(struct desk *desk, const struct command *command, struct id *ret_origin_id)
{
    const struct id *rotates = &command->create_key.rotates;
    struct key key;
    struct id principal_id;
    if (rotates->kind != ID_KEY) {
        return OK;
    }
    TRY(desk_load(desk, rotates, &key));
    if (id_equal(&key.head.workspace_id, &command->workspace_id)) {
        desk_name_key(rotates, &key, &principal_id, ret_origin_id);
    } else {
        *ret_origin_id = *rotates;
    }
    return OK;
}

/* Whether what a key or member did is done by whoever sends the command: the same person, under whatever membership or
 * key of theirs; the same key, under whatever key took its place; or a person who made either. */
static enum err is_same(struct desk *desk, const struct id *writer_id, const struct command *command, bool *ret_same)
{
    struct id principal_id = {0};
    struct id origin_id = {0};
    if (writer_id->kind == ID_MEMBER) {
        struct member member;
        TRY(desk_load(desk, writer_id, &member));
        principal_id = member.user_id;
    } else if (writer_id->kind == ID_KEY) {
        struct key key;
        TRY(desk_load(desk, writer_id, &key));
        desk_name_key(writer_id, &key, &principal_id, &origin_id);
    }
    *ret_same = id_equal(writer_id, &command->actor_id) ||
                (!id_is_none(&principal_id) && id_equal(&principal_id, &command->principal_id)) ||
                (!id_is_none(&origin_id) && id_equal(&origin_id, &command->origin_id));
    return OK;
}

struct writers {
    struct desk *desk;
    const struct command *command;
    struct id last_id;   /* who was looked at last: mostly the same again */
    struct id copied_id; /* what the post was copied from; absent: nothing */
    struct id made_of;   /* the series that it was made by, or the template; likewise */
    uint32_t looks;
    bool found;
};

static enum err look_at_event(struct writers *writers, uint64_t seq)
{
    struct log_event at;
    TRY(log_look(writers->desk->log, seq, &at));
    if (MUTANT(12) && at.code == EVENT_post_edited) {
        return OK;
    }
    if (at.code != EVENT_post_created && at.code != EVENT_post_edited && at.code != EVENT_series_created &&
        at.code != EVENT_series_changed && at.code != EVENT_template_created && at.code != EVENT_template_changed) {
        return OK;
    }
    if (!id_is_none(&at.actor_id) && !id_equal(&at.actor_id, &writers->last_id)) {
        TRY(is_same(writers->desk, &at.actor_id, writers->command, &writers->found));
        writers->last_id = at.actor_id;
    }
    if (at.code == EVENT_post_created && !writers->found) {
        struct event event;
        TRY(desk_read_event(writers->desk, seq, &at, &event));
        writers->copied_id = event.post_created.duplicate_of;
        const struct post_created_event *created = &event.post_created;
        writers->made_of = id_is_none(&created->series_id) ? created->template_id : created->series_id;
    }
    return OK;
}

/* Who wrote in the stream of a post, a series or a template, until one is found or no look is left. ERR_NOT_FOUND: the
 * end of what is committed. */
static enum err look_at_stream(struct writers *writers, const struct id *stream)
{
    enum err err = OK;
    for (uint64_t version = 1; err == OK && !writers->found && writers->looks < WRITERS_LOOKS_MAX; version++) {
        uint64_t seq = 0;
        err = ledger_stream_seq(writers->desk->txn, stream, version, &seq);
        err = err == OK ? look_at_event(writers, seq) : err;
        writers->looks++;
    }
    return err;
}

/* One post's writers. What a series or template wrote into it was written by whoever wrote that. */
static enum err look_at_post(struct writers *writers, const struct id *post_id)
{
    writers->copied_id = (struct id){0};
    writers->made_of = (struct id){0};
    const enum err err = look_at_stream(writers, post_id);
    if (err != ERR_NOT_FOUND || writers->found || id_is_none(&writers->made_of)) {
        return err;
    }
    return look_at_stream(writers, &writers->made_of);
}

/* An approval names the version that was rendered, which was committed: what comes after it in the same group makes the
 * approval stale, whoever wrote it. A damaged event tells nobody's name: then nobody is told to be another. */
enum err desk_approver(struct desk *desk, const struct command *command, enum approver *ret_approver)
{
    if (command->principal_id.kind != ID_USER) {
        *ret_approver = APPROVER_UNKNOWN;
        return OK;
    }
    struct writers writers = {.desk = desk, .command = command};
    struct id post_id = command->approve_post.post_id;
    while (!id_is_none(&post_id) && !writers.found && writers.looks < WRITERS_LOOKS_MAX) {
        const enum err err = look_at_post(&writers, &post_id);
        if (err == ERR_ALTERED) {
            *ret_approver = APPROVER_UNTOLD;
            return OK;
        }
        TRY(err == ERR_NOT_FOUND ? OK : err);
        post_id = writers.copied_id;
    }
    *ret_approver = writers.found                        ? APPROVER_WRITER
                    : writers.looks >= WRITERS_LOOKS_MAX ? APPROVER_UNTOLD
                                                         : APPROVER_OTHER;
    return OK;
}
