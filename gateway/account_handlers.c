/* account_handlers.c: what a person changes of their own account, and its end. What names them goes into the vault
 * anew, and what was there before is destroyed; the log holds ids alone. Must never end an account of which a
 * workspace has nobody else to own it, nor keep an address beyond the request. */
#include "core/base/assert.h"
#include "gateway/gate/account.h"
#include "gateway/gate/ask.h"
#include "gateway/self.h"

/* 428 and 412, before anything is done in several steps. False: answered. */
static bool is_current(struct exchange *x)
{
    if (exchange_is_stale(x)) {
        exchange_problem(x, x->match_missing ? REFUSED_precondition_required : REFUSED_precondition_failed,
                         x->match_detail, NULL, NULL);
        return false;
    }
    return true;
}

/* What a command of several was answered. False: answered. */
static bool is_accepted(struct exchange *x, enum err err, const struct answer *answer)
{
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (answer->refusal == REFUSED_version_mismatch) { /* somebody was faster */
        exchange_problem(x, REFUSED_precondition_failed, NULL, NULL, NULL);
    } else if (answer->refusal != ACCEPTED) {
        exchange_problem(x, (enum refusal)answer->refusal, NULL, NULL, NULL);
    }
    return err == OK && answer->refusal == ACCEPTED;
}

/* --- PATCH /v1/user --- */

struct renaming {
    struct exchange *x;
    struct self self;
    struct id vault_id;
};

static void renamed(void *context, enum err err, const struct answer *answer)
{
    struct renaming *renaming = context;
    if (is_accepted(renaming->x, err, answer)) {
        exchange_show_user(renaming->x);
    }
}

static void sealed(void *context, enum err err, struct span body)
{
    struct renaming *renaming = context;
    struct exchange *x = renaming->x;
    enum refusal refusal = ACCEPTED;
    err = err == OK ? body_code_read(body, &refusal) : err;
    if (err == OK && refusal != ACCEPTED) {
        exchange_problem(x, refusal, NULL, refusal == REFUSED_address_taken ? "/email" : NULL, NULL);
        return;
    }
    err = err == OK ? pass_change_user(x->pass, &renaming->vault_id, x->if_match, renamed, renaming) : err;
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

static struct span wished(const struct renaming *renaming, const char *member, struct span otherwise)
{
    const struct span text = json_node_text(renaming->x->body, member);
    return text.data != NULL ? text : otherwise;
}

static void seal(void *context)
{
    struct renaming *renaming = context;
    struct exchange *x = renaming->x;
    uint8_t bytes[PERSON_ADDRESS_MAX + PERSON_NAME_MAX + 256];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const struct person_record record = {
        .kind = PERSON_PROFILE,
        .profile = {.name = wished(renaming, "name", renaming->self.name),
                    .email = wished(renaming, "email", renaming->self.address)}
    };
    renaming->vault_id = exchange_mint(x, ID_SECRET);
    enum err err = person_record_put(&plain, &record);
    err = err == OK ? pass_seal(x->pass, &renaming->vault_id, &pass_badge(x->pass)->user_id, buf_span(&plain), sealed,
                                renaming)
                    : err;
    explicit_bzero(bytes, sizeof bytes);
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

/* Whether it is the same address, as addresses are compared. */
static bool is_same(struct span a, struct span b)
{
    uint8_t bytes[2][PERSON_ADDRESS_MAX];
    struct buf forms[] = {buf_of(bytes[0], sizeof bytes[0]), buf_of(bytes[1], sizeof bytes[1])};
    return person_address(a, &forms[0]) == OK && person_address(b, &forms[1]) == OK &&
           span_equal(buf_span(&forms[0]), buf_span(&forms[1]));
}

static void looked(void *context)
{
    struct renaming *renaming = context;
    struct exchange *x = renaming->x;
    const struct span name = wished(renaming, "name", renaming->self.name);
    const struct span address = wished(renaming, "email", renaming->self.address);
    if (span_equal(name, renaming->self.name) && span_equal(address, renaming->self.address)) {
        exchange_show_user(x);
    } else if (is_same(address, renaming->self.address)) {
        seal(renaming);
    } else {
        self_prove(&renaming->self, "password", seal, renaming);
    }
}

void handle_change_user(struct exchange *x)
{
    uint8_t form[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(form, sizeof form);
    const struct span email = json_node_text(x->body, "email");
    struct renaming *renaming = arena_alloc(&x->request->arena, sizeof *renaming);
    x->request->secret = true;
    if (renaming == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
    } else if (is_current(x)) {
        if (email.data != NULL && person_address(email, &address) != OK) {
            exchange_problem(x, REFUSED_field_invalid, "An address has 3 to 254 bytes and one @.", "/email", NULL);
            return;
        }
        *renaming = (struct renaming){
            .x = x, .self = {.x = x, .version = x->if_match}
        };
        self_look(&renaming->self, looked, renaming);
    }
}

/* --- DELETE /v1/user: the memberships first, one after the other --- */

struct farewell {
    struct exchange *x;
    struct self self;
    struct member_row *members;
    uint32_t count;
    uint32_t at;
};

static void erased(void *context, enum err err, const struct answer *answer)
{
    struct farewell *farewell = context;
    struct exchange *x = farewell->x;
    if (is_accepted(x, err, answer)) {
        cookie_write(SPAN(""), x->gateway->site.secure, 0, x->cookie);
        exchange_nothing(x);
    }
}

static void look_for_more(struct farewell *farewell);

static void left(void *context, enum err err, const struct answer *answer)
{
    struct farewell *farewell = context;
    if (is_accepted(farewell->x, err, answer)) {
        look_for_more(farewell);
    }
}

static void leave_next(struct farewell *farewell)
{
    struct exchange *x = farewell->x;
    const struct id command_id = exchange_mint(x, ID_COMMAND);
    const enum err err = farewell->at < farewell->count
                             ? pass_leave(x->pass, &farewell->members[farewell->at++], &command_id, left, farewell)
                             : pass_erase_user(x->pass, erased, farewell);
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

/* When all that were found have ended there may be others: they come by pages. */
static void look_for_more(struct farewell *farewell)
{
    struct exchange *x = farewell->x;
    enum err err = OK;
    if (farewell->at == farewell->count && farewell->count == PLACES_MAX) {
        farewell->at = 0;
        err = pass_refresh(x->pass);
        err = err == OK ? pass_memberships(x->pass, &farewell->members, &farewell->count) : err;
    }
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        leave_next(farewell);
    }
}

/* Nothing has ended yet: who is the last owner somewhere is told so now. */
static void proven(void *context)
{
    struct farewell *farewell = context;
    struct exchange *x = farewell->x;
    bool last = false;
    enum err err = pass_refresh(x->pass);
    err = err == OK ? pass_memberships(x->pass, &farewell->members, &farewell->count) : err;
    for (uint32_t i = 0; i < farewell->count && err == OK && !last; i++) {
        err = pass_is_last_owner(x->pass, &farewell->members[i], &last);
    }
    if (err != OK) {
        exchange_failed(x, err);
    } else if (last) {
        exchange_problem(x, REFUSED_last_owner, NULL, NULL, NULL);
    } else {
        leave_next(farewell);
    }
}

static void known(void *context)
{
    struct farewell *farewell = context;
    self_prove(&farewell->self, "password", proven, farewell);
}

void handle_erase_user(struct exchange *x)
{
    struct farewell *farewell = arena_alloc(&x->request->arena, sizeof *farewell);
    x->request->secret = true;
    if (farewell == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
    } else if (is_current(x)) {
        *farewell = (struct farewell){
            .x = x, .self = {.x = x, .version = x->if_match}
        };
        self_look(&farewell->self, known, farewell);
    }
}
