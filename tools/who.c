/* who.c: see who.h. Called by tenant.c. */
#include "tools/who.h"

static enum err key_name(struct errand *errand, const struct id *key_id, struct span *ret_name)
{
    struct key_row row;
    TRY(access_key_own(errand->txn, &errand->workspace_id, key_id, &errand->arena, &row));
    *ret_name = row.name;
    return OK;
}

/* Who joined is asked for as a person: a membership that is over names nobody any more. */
static enum err member_name(struct errand *errand, const struct id *member_id, struct buf *room, struct span *ret_name)
{
    const struct id anywhere = {0};
    struct member_row row;
    struct span email;
    TRY(access_member_any(errand->txn, &errand->workspace_id, member_id, &row));
    const bool joined = !id_is_none(&row.user_id);
    TRY(errand->hand.views == NULL ? ERR_NOT_FOUND : OK);
    return operator_named(&errand->hand, joined ? &anywhere : &errand->workspace_id, joined ? &row.user_id : member_id,
                          room, ret_name, &email);
}

enum err who_name(struct errand *errand, const struct id *id, struct buf *room, struct span *ret_name)
{
    struct span name = {0};
    const enum err err = id->kind == ID_KEY      ? key_name(errand, id, &name)
                         : id->kind == ID_MEMBER ? member_name(errand, id, room, &name)
                                                 : ERR_NOT_FOUND;
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_name = name;
    return OK;
}
