/* user_handlers.c: what a person sees and changes of themself. What names them is in the vault: the ledger tells it,
 * for the one answer. A new password takes the old one, a first one the other proof of self.h: somebody at an unlocked
 * screen has only a session. Must never keep an address or a password beyond the request. */
#include "core/base/assert.h"
#include "gateway/etag.h"
#include "gateway/gate/ask.h"
#include "gateway/self.h"
#include "gateway/sign_in/password.h"

enum err profile_read(struct span body, struct span *ret_name, struct span *ret_address)
{
    enum refusal refusal = ACCEPTED;
    struct span result;
    struct body_list list;
    bool known = false;
    TRY(body_result_read(body, &refusal, &result));
    TRY(refusal != ACCEPTED ? ERR_UNSUPPORTED : person_page_read(result, &list));
    TRY(list.left != 1 ? ERR_MALFORMED : person_page_next(&list, &known, ret_name, ret_address));
    return known ? OK : ERR_NOT_FOUND;
}

/* --- GET /v1/user --- */

static void show_user(void *context)
{
    const struct self *self = context;
    struct exchange *x = self->x;
    struct user_row user;
    struct buf out = {0};
    char tag[ETAG_MAX];
    enum err err = pass_refresh(x->pass);
    err = err == OK ? pass_user(x->pass, &user) : err;
    err = err == OK ? exchange_out(x, &out) : err;
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    buf_text(&out, "{\"id\":");
    json_id(&out, &user.user_id);
    buf_text(&out, ",\"version\":");
    buf_u64(&out, user.version);
    buf_text(&out, ",\"name\":");
    json_string(&out, self->name);
    buf_text(&out, ",\"email\":");
    json_string(&out, self->address);
    buf_text(&out, ",\"has_password\":");
    buf_text(&out, id_is_none(&user.password_id) ? "false" : "true");
    buf_text(&out, user.is_operator ? ",\"operator\":true" : ",\"operator\":false");
    buf_text(&out, ",\"created_at\":");
    json_time(&out, user.created_ms);
    buf_byte(&out, '}');
    ASSERT(buf_ok(&out)); /* a name and an address are far shorter than its room */
    exchange_json(x, 200, buf_span(&out), etag_of(user.version, NULL, tag), NULL);
}

void exchange_show_user(struct exchange *x)
{
    struct self *self = arena_alloc(&x->request->arena, sizeof *self);
    if (self == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return;
    }
    *self = (struct self){.x = x};
    self_look(self, show_user, self);
}

void handle_get_user(struct exchange *x)
{
    x->request->secret = true;
    exchange_show_user(x);
}

/* --- PUT /v1/user/password: each step's answer takes the next --- */

struct change {
    struct exchange *x;
    struct self self;
    struct person_record record; /* the new password's */
    struct id vault_id;
    struct opening opening;
};

static void give_up(struct change *change)
{
    exchange_problem(change->x, REFUSED_unavailable, NULL, NULL, NULL);
}

static void signed_in_anew(void *context, enum err err, enum refusal refusal)
{
    struct change *change = context;
    if (err == OK && refusal == ACCEPTED) {
        opening_keep(change->x, &change->opening);
    }
    exchange_nothing(change->x); /* the password is set: without a session the person signs in with it */
}

static void password_was_set(void *context, enum err err, const struct answer *answer)
{
    struct change *change = context;
    if (err != OK) {
        give_up(change);
    } else if (answer->refusal == REFUSED_version_mismatch) {
        exchange_problem(change->x, REFUSED_precondition_failed, "The account was changed meanwhile: look at it anew.",
                         NULL, NULL);
    } else if (answer->refusal != ACCEPTED) {
        exchange_problem(change->x, (enum refusal)answer->refusal, NULL, NULL, NULL);
    } else {
        opening_prepare(change->x, &change->opening);
        err = pass_sign_in_anew(change->x->pass, &change->opening.session, signed_in_anew, change);
        if (err != OK) {
            signed_in_anew(change, err, ACCEPTED);
        }
    }
}

static void password_sealed(void *context, enum err err, struct span body)
{
    struct change *change = context;
    enum refusal refusal = ACCEPTED;
    err = err == OK ? body_code_read(body, &refusal) : err;
    if (err == OK && refusal != ACCEPTED) {
        exchange_problem(change->x, refusal, NULL, NULL, NULL);
        return;
    }
    err = err == OK
              ? pass_set_password(change->x->pass, &change->vault_id, change->self.version, password_was_set, change)
              : err;
    if (err != OK) {
        give_up(change);
    }
}

static void new_one_hashed(void *context, enum err err, struct span hash)
{
    struct change *change = context;
    struct exchange *x = change->x;
    uint8_t bytes[256];
    struct buf plain = buf_of(bytes, sizeof bytes);
    if (err == OK) {
        ASSERT(hash.len == sizeof change->record.password.proof);
        memcpy(change->record.password.proof, hash.data, hash.len);
        err = person_record_put(&plain, &change->record);
    }
    if (err == OK) {
        change->vault_id = exchange_mint(x, ID_SECRET);
        err = pass_seal(x->pass, &change->vault_id, &pass_badge(x->pass)->user_id, buf_span(&plain), password_sealed,
                        change);
    }
    explicit_bzero(bytes, sizeof bytes);
    if (err != OK) {
        give_up(change);
    }
}

static void old_one_proven(void *context)
{
    struct change *change = context;
    const struct hash_wish wish = {
        .password = json_node_text(change->x->body, "new_password"),
        .salt = span_of(change->record.password.salt, sizeof change->record.password.salt),
        .cost = {.n = change->record.password.n, .r = change->record.password.r, .p = change->record.password.p}
    };
    exchange_hash(change->x, &wish, new_one_hashed, change);
}

static void address_known(void *context)
{
    struct change *change = context;
    self_prove(&change->self, "old_password", old_one_proven, change);
}

void handle_set_password(struct exchange *x)
{
    struct change *change = arena_alloc(&x->request->arena, sizeof *change);
    if (change == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return;
    }
    if (!password_is_strong(json_node_text(x->body, "new_password"))) {
        exchange_problem(x, REFUSED_password_too_weak, NULL, "/new_password", NULL);
        return;
    }
    *change = (struct change){
        .x = x,
        .self = {.x = x                                                                        },
        .record = { .kind = PERSON_PASSWORD,
                 .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}}
    };
    struct user_row user;
    const enum err err = pass_user(x->pass, &user);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    change->self.version = user.version; /* another change since then counts */
    random_fill(change->record.password.salt, sizeof change->record.password.salt);
    self_look(&change->self, address_known, change);
}
