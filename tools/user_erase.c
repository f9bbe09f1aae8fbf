/* user_erase.c: see user.h. What is open to the address is looked for while the vault still knows it, and withdrawn
 * when the person is erased: a refusal leaves all as it was. Cut short in between, it leaves invitations that are open.
 * Must never print an address. */
#include <stdio.h>

#include "core/wire/person.h"
#include "core/wire/person_record.h"
#include "tools/user.h"

#define ERASE_MEMORY_MAX ((size_t)256 << 20) /* a million open invitations */

int user_is_known(struct user_errand *own)
{
    struct user_row user;
    const enum err err = access_user(own->errand.txn, &own->user_id, &user);
    if (err == ERR_NOT_FOUND || (err == OK && user.erased)) {
        return errand_refused(&own->errand, "there is no such person");
    }
    return err == OK ? EXIT_GOOD : errand_failed(&own->errand, err);
}

int user_erase_person(struct user_errand *own)
{
    struct command command = {.code = COMMAND_erase_user, .stream = own->user_id};
    struct answer answer = {.refusal = ACCEPTED};
    command.erase_user.user_id = own->user_id;
    const int code = errand_decide(&own->errand, &command, &answer);
    if (answer.refusal == REFUSED_still_member && !own->everywhere) {
        (void)fprintf(stderr, "openpost user: with --everywhere erase ends their memberships before\n");
    }
    return code;
}

struct open_invitation {
    struct open_invitation *next;
    struct id workspace_id;
    struct id member_id;
};

/* Reads the address of a person or of who is invited, in its one form. ERR_NOT_FOUND: nothing tells it. */
static enum err read_address(struct user_errand *own, const struct id *workspace_id, const struct id *id,
                             struct buf *address)
{
    uint8_t bytes[PERSON_RECORD_MAX];
    struct buf room = buf_of(bytes, sizeof bytes);
    struct span name;
    struct span email;
    enum err err = operator_named(&own->errand.hand, workspace_id, id, &room, &name, &email);
    if (err == OK && person_address(email, address) != OK) {
        err = ERR_NOT_FOUND;
    }
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

/* Keeps the invitation if it is to the address that is looked for. */
static enum err keep_open(struct user_errand *own, const struct member_row *row)
{
    uint8_t form[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(form, sizeof form);
    const enum err err = read_address(own, &row->workspace_id, &row->member_id, &address);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == OK && span_equal(buf_span(&address), own->address)) {
        struct open_invitation *open = arena_alloc(&own->found, sizeof *open);
        TRY(open == NULL ? ERR_NO_MEMORY : OK);
        *open =
            (struct open_invitation){.next = own->open, .workspace_id = row->workspace_id, .member_id = row->member_id};
        own->open = open;
    }
    return OK;
}

/* A workspace's. What is kept of those that are found has an arena of its own: this one's is emptied meanwhile. */
static enum err search_workspace(struct errand *errand, const struct workspace_row *row)
{
    struct user_errand *own = (struct user_errand *)errand;
    const struct id workspace_id = row->workspace_id;
    struct id last = {0};
    uint32_t count = PERSON_PAGE_MAX;
    while (count == PERSON_PAGE_MAX) {
        struct member_row *rows = NULL;
        TRY(access_members(errand->txn, &workspace_id, true, id_is_none(&last) ? NULL : &last, PERSON_PAGE_MAX,
                           &own->found, &rows, &count));
        for (uint32_t i = 0; i < count; i++) {
            last = rows[i].member_id;
            TRY(keep_open(own, &rows[i]));
        }
    }
    return OK;
}

/* Finds the open invitations to the person's address, wherever they are, while the address is known. */
static enum err search(struct user_errand *own, bool *ret_known)
{
    const struct id anywhere = {0};
    uint8_t form[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(form, sizeof form);
    uint32_t count = 0;
    const enum err read = read_address(own, &anywhere, &own->user_id, &address);
    *ret_known = read == OK;
    TRY(read == ERR_NOT_FOUND ? OK : read);
    if (!*ret_known) {
        return OK;
    }
    own->address = buf_span(&address);
    const enum err err = errand_workspaces(&own->errand, NULL, search_workspace, &count);
    own->address = (struct span){0};
    explicit_bzero(form, sizeof form);
    return err;
}

static void print_ended(const char *what, const struct id *member_id, const struct id *workspace_id)
{
    errand_print_id(what, member_id);
    errand_print_id(" of ", workspace_id);
    (void)printf("\n");
}

/* Ends a person's memberships everywhere; a workspace's last owner stays, and nothing is erased then. */
static int end_memberships(struct user_errand *own)
{
    struct errand *errand = &own->errand;
    struct member_row *members = NULL;
    uint32_t count = 0;
    int code = EXIT_GOOD;
    struct answer answer;
    const enum err err =
        access_memberships(errand->txn, &own->user_id, NULL, MEMBERSHIPS_COUNTED, &errand->arena, &members, &count);
    if (err != OK) {
        return errand_failed(errand, err);
    }
    for (uint32_t i = 0; code == EXIT_GOOD && i < count; i++) {
        struct command command = {
            .code = COMMAND_remove_member, .workspace_id = members[i].workspace_id, .stream = members[i].member_id};
        command.remove_member.member_id = members[i].member_id;
        code = errand_decide(errand, &command, &answer);
        if (code == EXIT_GOOD) {
            print_ended("membership ended: ", &members[i].member_id, &members[i].workspace_id);
        }
    }
    return code;
}

/* Withdraws what was found; one that somebody took or withdrew meanwhile is open no more. */
static int withdraw(struct user_errand *own)
{
    struct answer answer;
    int code = EXIT_GOOD;
    for (const struct open_invitation *open = own->open; open != NULL; open = open->next) {
        struct command command = {
            .code = COMMAND_withdraw_invitation, .workspace_id = open->workspace_id, .stream = open->member_id};
        command.withdraw_invitation.member_id = open->member_id;
        const int done = errand_decide(&own->errand, &command, &answer);
        if (done == EXIT_GOOD) {
            print_ended("invitation withdrawn: ", &open->member_id, &open->workspace_id);
        } else {
            print_ended("invitation still open: ", &open->member_id, &open->workspace_id);
            code = done;
        }
    }
    return code;
}

static int erase_found(struct user_errand *own)
{
    struct errand *errand = &own->errand;
    bool known = false;
    const enum err err = search(own, &known);
    if (err != OK) {
        return errand_failed(errand, err);
    }
    int code = own->everywhere ? end_memberships(own) : EXIT_GOOD;
    code = code == EXIT_GOOD ? user_erase_person(own) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    errand_print_id("erased: ", &own->user_id);
    (void)printf("\n");
    if (!known) {
        (void)printf(
            "address: not known (the vault has none that can be read); invitations to it were not looked for\n");
    }
    return withdraw(own);
}

int user_erase(struct errand *errand)
{
    struct user_errand *own = (struct user_errand *)errand;
    int code = user_is_known(own);
    arena_init(&own->found, ERASE_MEMORY_MAX);
    code = code == EXIT_GOOD ? erase_found(own) : code;
    arena_done(&own->found);
    return code;
}
