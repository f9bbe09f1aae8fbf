/* self.c: see self.h. Called by handlers; its steps run on threads of the wire's and of the hashers'. Must never keep
 * an address or a password beyond the request, nor tell which of them was wrong. */
#include "gateway/self.h"

#include "core/base/assert.h"

static void give_up(const struct self *self)
{
    exchange_problem(self->x, REFUSED_unavailable, NULL, NULL, NULL);
}

static void looked(void *context, enum err err, struct span body)
{
    struct self *self = context;
    struct arena *arena = &self->x->request->arena;
    struct span name;
    struct span address;
    err = err == OK ? profile_read(body, &name, &address) : err;
    err = err == OK ? arena_copy(arena, name, &self->name) : err;
    err = err == OK ? arena_copy(arena, address, &self->address) : err;
    if (err != OK) {
        give_up(self);
    } else {
        self->next(self->context);
    }
}

void self_look(struct self *self, void (*next)(void *context), void *context)
{
    self->next = next;
    self->context = context;
    if (pass_profile(self->x->pass, looked, self) != OK) {
        give_up(self);
    }
}

/* About the member with the password. */
static void refuse(const struct self *self, enum refusal refusal, const char *detail)
{
    char param[64];
    struct buf pointer = buf_of(param, sizeof param);
    buf_byte(&pointer, '/');
    buf_text(&pointer, self->member);
    exchange_problem(self->x, refusal, detail, buf_terminated(&pointer), NULL);
}

/* It was compared with what the vault has by now, perhaps found by an address of before. */
static void not_proven(const struct self *self)
{
    struct exchange *x = self->x;
    struct standing standing;
    const enum err err = pass_standing(x->pass, clock_wall_ms(), &standing);
    if (err != OK) {
        exchange_failed(x, err);
    } else if (standing.version != self->version) {
        exchange_problem(x, REFUSED_precondition_failed, "The account was changed meanwhile: look at it anew.", NULL,
                         NULL);
    } else {
        refuse(self, REFUSED_sign_in_refused, "The password is not right.");
    }
}

static void compared(void *context, enum err err, struct span body)
{
    struct self *self = context;
    enum refusal refusal = ACCEPTED;
    struct span result;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    if (err != OK) {
        give_up(self);
    } else if (refusal != ACCEPTED || !pass_is_proven(self->x->pass, result)) {
        not_proven(self);
    } else {
        self->next(self->context);
    }
}

static void hashed_once_more(void *context, enum err err, struct span hash)
{
    struct self *self = context;
    err = err == OK ? pass_prove(self->x->pass, self->address, hash, compared, self) : err;
    if (err != OK) {
        give_up(self);
    }
}

static void salted(void *context, enum err err, struct span body)
{
    struct self *self = context;
    struct person_salt salt;
    err = err == OK ? salt_read(body, &salt) : err;
    if (err != OK) {
        give_up(self);
        return;
    }
    const struct hash_wish wish = {
        .password = json_node_text(self->x->body, self->member),
        .salt = span_of(salt.salt, sizeof salt.salt),
        .cost = {.n = salt.n, .r = salt.r, .p = salt.p}
    };
    exchange_hash(self->x, &wish, hashed_once_more, self);
}

static void prove_by_session(const struct self *self)
{
    struct exchange *x = self->x;
    struct standing standing;
    const enum err err = pass_standing(x->pass, x->now_ms, &standing);
    if (err != OK) {
        exchange_failed(x, err);
    } else if (standing.has_password) {
        refuse(self, REFUSED_field_missing, "It takes the password.");
    } else if (standing.from_provider_ms == 0 || x->now_ms - standing.from_provider_ms >= SIGN_IN_RECENT_MS) {
        exchange_problem(x, REFUSED_recent_sign_in_required, NULL, NULL, NULL);
    } else {
        self->next(self->context);
    }
}

void self_prove(struct self *self, const char *member, void (*next)(void *context), void *context)
{
    struct exchange *x = self->x;
    ASSERT(self->address.data != NULL);
    self->member = member;
    self->next = next;
    self->context = context;
    if (json_node_text(x->body, member).data == NULL) {
        prove_by_session(self);
    } else if (exchange_is_within_sign_ins(x, pass_badge(x->pass)->user_id.uuid,
                                           "Too many tries of your password, wherever they come from.") &&
               gate_salt(x->gateway->gate, self->address, salted, self) != OK) {
        give_up(self);
    }
}
