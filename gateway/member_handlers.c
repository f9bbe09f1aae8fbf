/* member_handlers.c: who is a member of the workspace and what they may do. What members are called the ledger is asked
 * for, a page at a time: it is in no row. Who may change whom is the decider's. */
#include "core/base/limits.h"
#include "core/base/sha256.h"
#include "gateway/etag.h"
#include "gateway/gate/people.h"
#include "gateway/gateway.h"

/* --- what is shown --- */

/* Of an invitation that was just made also where its token is taken; null when that was told before. */
static enum err write_member(const struct exchange *x, const struct member_row *row, const struct called *called,
                             struct buf *out)
{
    const bool as_made = x->route->name == ROUTE_invite;
    char text[ORIGIN_MAX + TOKEN_LEN + 32];
    struct buf link = buf_of(text, sizeof text);
    if (as_made && x->key_text[0] != 0 && !x->replayed) {
        invitation_link(x->gateway->site.origin, span_text(x->key_text), &link);
    }
    const struct span url = link.len > 0 ? buf_span(&link) : (struct span){0};
    const enum err err = present_member(row, called, pass_shown_ms(x->pass, x->now_ms), as_made ? &url : NULL, out);
    explicit_bzero(text, sizeof text);
    return err;
}

/* The next of those whom the ledger knows the names of. What is empty is none. */
static enum err read_called(struct body_list *people, struct called *ret_called)
{
    bool known = false;
    struct called called = {.name = {0}};
    TRY(person_page_next(people, &known, &called.name, &called.email));
    *ret_called = (struct called){.name = known && called.name.len > 0 ? called.name : (struct span){0},
                                  .email = known && called.email.len > 0 ? called.email : (struct span){0}};
    return OK;
}

/* what: the body_list of what they are called, as in all writers here. */
static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    struct body_list people = *(const struct body_list *)what;
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < x->member_count; i++) {
        struct called called;
        TRY(read_called(&people, &called));
        buf_text(out, i == 0 ? "" : ",");
        TRY(write_member(x, &x->members[i], &called, out));
    }
    exchange_id_page_end(x, x->more_members ? &x->members[x->member_count - 1].member_id : NULL, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* A name changes without the membership's version, and so does what its time makes of it: what is shown is then another
 * representation of it. */
static struct span tag_of(const struct exchange *x, const struct called *called, char text[ETAG_MAX])
{
    const struct member_row *row = &x->members[0];
    uint8_t bytes[PERSON_NAME_MAX + PERSON_ADDRESS_MAX + 2];
    uint8_t hash[32];
    char word[17] = "";
    struct buf shown = buf_of(bytes, sizeof bytes);
    buf_put(&shown, called->name);
    buf_byte(&shown, 0);
    buf_put(&shown, called->email);
    buf_byte(&shown, access_member_is_over(row, pass_shown_ms(x->pass, x->now_ms)) ? 1 : 0);
    sha256(buf_span(&shown), hash);
    for (size_t i = 0; i < sizeof word - 1; i++) {
        word[i] = (char)('a' + hash[i] % 26);
    }
    return etag_of(row->version, word, text);
}

static enum err write_one(struct exchange *x, const void *what, struct buf *out)
{
    return write_member(x, &x->members[0], what, out);
}

/* Reads who the members are; false: answered. */
static bool read_people(struct exchange *x, enum err err, struct span body, struct body_list *ret_people)
{
    enum refusal refusal = ACCEPTED;
    struct span result;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    err = err == OK && refusal == ACCEPTED ? person_page_read(result, ret_people) : err;
    if (err != OK || refusal != ACCEPTED || ret_people->left != x->member_count) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
        return false;
    }
    return true;
}

static void show_page(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    struct body_list people;
    if (read_people(x, err, body, &people)) {
        exchange_show(x, write_page, &people);
    }
}

static void show_one(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    struct body_list people;
    struct called called;
    if (!read_people(x, err, body, &people)) {
        return;
    }
    err = read_called(&people, &called);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        char text[ETAG_MAX];
        char location_text[64];
        struct buf location = buf_of(location_text, sizeof location_text);
        buf_text(&location, "/v1/members/");
        id_write(&location, &x->members[0].member_id);
        exchange_answer(x, x->route->success, write_one, &called, tag_of(x, &called, text),
                        x->route->success == 201 ? buf_terminated(&location) : NULL);
    }
}

/* Answers if the ledger was not asked. */
static void asked_ledger(struct exchange *x, enum err err)
{
    if (err == ERR_BUSY || err == ERR_CLOSED) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
}

static void ask_people(struct exchange *x, gate_replied *done)
{
    asked_ledger(x, pass_people(x->pass, x->members, x->member_count, done, x));
}

void exchange_show_member(struct exchange *x, const struct member_row *row)
{
    x->member = *row;
    x->members = &x->member;
    x->member_count = 1;
    ask_people(x, show_one);
}

static void list_members(struct exchange *x, bool invited)
{
    struct id_page page;
    if (!exchange_id_page(x, &page)) {
        return;
    }
    uint32_t count = 0;
    /* one more than fits tells whether there is another page */
    const enum err err = pass_members(x->pass, invited, page.after, page.limit + 1, &x->members, &count);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    x->more_members = count > page.limit;
    x->member_count = x->more_members ? page.limit : count;
    ask_people(x, show_page);
}

void handle_list_members(struct exchange *x)
{
    list_members(x, false);
}

void handle_list_invitations(struct exchange *x)
{
    list_members(x, true);
}

void handle_get_member(struct exchange *x)
{
    exchange_show_member(x, &x->member);
}

/* --- who acted --- */

static enum err write_actor(struct exchange *x, const void *what, struct buf *out)
{
    struct body_list people = *(const struct body_list *)what;
    struct called called;
    TRY(read_called(&people, &called));
    return present_actor_member(&x->member, called.name, out);
}

static enum err write_key_actor(struct exchange *x, const void *what, struct buf *out)
{
    (void)x;
    return present_actor_key(what, out);
}

static enum err write_operator(struct exchange *x, const void *what, struct buf *out)
{
    (void)x;
    return present_actor_operator(what, out);
}

static void named_actor(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    struct body_list people;
    if (read_people(x, err, body, &people)) {
        exchange_show(x, write_actor, &people);
    }
}

void handle_get_actor(struct exchange *x)
{
    if (x->id.kind == ID_KEY) {
        exchange_show(x, write_key_actor, &x->key.row);
        return;
    }
    if (x->id.kind == ID_USER) {
        exchange_show(x, write_operator, &x->outsider);
        return;
    }
    x->members = &x->member;
    x->member_count = 1;
    ask_people(x, named_actor);
}

/* --- what is changed --- */

/* Permissions as a body lists them. False: answered. */
static bool read_permissions(struct exchange *x, struct granted_permission **ret_permissions, uint32_t *ret_count)
{
    const struct json_node *list = input_some(x->body, "permissions");
    uint64_t seen = 0;
    struct granted_permission *permissions = arena_alloc(&x->request->arena, PERMISSION_COUNT * sizeof *permissions);
    if (permissions == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return false;
    }
    *ret_permissions = permissions;
    *ret_count = 0;
    for (const struct json_node *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        const uint32_t permission = choice_value(&permission_words, item->text);
        if ((seen >> permission & 1) == 0) {
            permissions[*ret_count].permission = permission;
            (*ret_count)++;
        }
        seen |= UINT64_C(1) << permission;
    }
    return true;
}

/* Those that the membership has. */
static bool keep_permissions(struct exchange *x, struct granted_permission **ret_permissions, uint32_t *ret_count)
{
    struct granted_permission *permissions = arena_alloc(&x->request->arena, PERMISSION_COUNT * sizeof *permissions);
    if (permissions == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return false;
    }
    *ret_permissions = permissions;
    *ret_count = 0;
    for (uint32_t permission = 1; permission < PERMISSION_COUNT; permission++) {
        if ((x->member.permissions >> permission & 1) != 0) {
            permissions[*ret_count].permission = permission;
            (*ret_count)++;
        }
    }
    return true;
}

/* An instant to come; 0: absent or null. */
static int64_t read_until(struct exchange *x)
{
    const int64_t until_ms = input_time(x->body, "until");
    if (until_ms != 0 && until_ms <= x->now_ms) {
        input_wrong(&x->input, REFUSED_timestamp_past, "/until", "The membership would be over: remove it instead.");
    }
    return until_ms;
}

void handle_change_member(struct exchange *x)
{
    const uint32_t role = choice_value(&role_words, json_node_text(x->body, "role"));
    struct granted_permission *permissions = NULL;
    uint32_t count = 0;
    const bool read = json_node_member(x->body, "permissions") != NULL ? read_permissions(x, &permissions, &count)
                                                                       : keep_permissions(x, &permissions, &count);
    const int64_t until_ms = json_node_member(x->body, "until") != NULL ? read_until(x) : x->member.until_ms;
    if (!read || exchange_input(x)) {
        return;
    }
    *ORDER(x, change_member, &x->id) =
        (struct change_member_command){.member_id = x->id,
                                       .role = role != ROLE_NONE ? role : (uint32_t)x->member.role,
                                       .permissions = permissions,
                                       .permissions_count = count,
                                       .until_ms = until_ms};
    exchange_send(x);
}

void handle_remove_member(struct exchange *x)
{
    ORDER(x, remove_member, &x->id)->member_id = x->id;
    exchange_send(x);
}

/* Who is invited, and to what. data NULL: absent. False: answered. */
static bool read_invitation(struct exchange *x, struct invitation *ret_invitation)
{
    uint8_t form[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(form, sizeof form);
    struct workspace_row workspace;
    *ret_invitation = (struct invitation){.email = json_node_text(x->body, "email"),
                                          .name = json_node_text(x->body, "name"),
                                          .locale = json_node_text(x->body, "locale"),
                                          .origin = x->gateway->site.origin,
                                          .expires_ms = x->now_ms + INVITATION_GOOD_MS};
    if (person_address(ret_invitation->email, &address) != OK) {
        input_wrong(&x->input, REFUSED_field_invalid, "/email",
                    "An e-mail address in ASCII is expected, without a name.");
    }
    if (exchange_input(x)) {
        return false;
    }
    if (x->gateway->site.origin[0] == 0) {
        exchange_problem(x, REFUSED_unavailable, "Nobody signs in here: the service has no public URL.", NULL, NULL);
        return false;
    }
    enum err err = pass_workspace(x->pass, &workspace);
    err = err == OK ? arena_copy(&x->request->arena, workspace.name, &ret_invitation->workspace) : err;
    if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}

/* An invitation on its way: who is invited is asked for first. */
struct inviting {
    struct exchange *x;
    struct invitation invitation;
    struct invite_member_command *fields;
};

static void member_told(void *context, enum err err, struct span body)
{
    struct inviting *inviting = context;
    struct exchange *x = inviting->x;
    struct invite_member_command *fields = inviting->fields;
    enum refusal refusal = ACCEPTED;
    err = err == OK ? pass_told_member(body, &refusal) : err;
    if (err != OK || refusal == REFUSED_unavailable) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (refusal != ACCEPTED) {
        exchange_problem(x, refusal, NULL, "/email", NULL);
    } else {
        asked_ledger(x, pass_seal_invitation(x->pass, &fields->vault_id, &fields->member_id, &inviting->invitation,
                                             x->key_text, fields->fingerprint.bytes, exchange_sealed, x));
    }
}

void handle_invite(struct exchange *x)
{
    const struct id member_id = exchange_mint(x, ID_MEMBER);
    struct granted_permission *permissions = NULL;
    uint32_t count = 0;
    struct inviting *inviting = arena_alloc(&x->request->arena, sizeof *inviting);
    const int64_t until_ms = read_until(x);
    if (inviting == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return;
    }
    if (!read_permissions(x, &permissions, &count) || !read_invitation(x, &inviting->invitation)) {
        return;
    }
    struct invite_member_command *fields = ORDER(x, invite_member, &member_id);
    *fields = (struct invite_member_command){.member_id = member_id,
                                             .workspace_id = pass_badge(x->pass)->workspace_id,
                                             .role = choice_value(&role_words, json_node_text(x->body, "role")),
                                             .permissions = permissions,
                                             .permissions_count = count,
                                             .vault_id = exchange_mint(x, ID_SECRET),
                                             .expires_ms = inviting->invitation.expires_ms,
                                             .until_ms = until_ms};
    inviting->invitation.role = choice_word(&role_words, fields->role);
    inviting->x = x;
    inviting->fields = fields;
    if (!exchange_admitted(x)) {
        return; /* what is sealed is for a command that will be sent */
    }
    asked_ledger(x, pass_ask_member(x->pass, inviting->invitation.email, member_told, inviting));
}

void handle_withdraw_invitation(struct exchange *x)
{
    ORDER(x, withdraw_invitation, &x->id)->member_id = x->id;
    exchange_send(x);
}
