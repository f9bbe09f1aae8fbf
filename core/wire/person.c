/* person.c: see person.h. Called by the gateway, the tools and the ledger. It must never trust a length or a kind of
 * id, nor keep what it read. */
#include "core/wire/person.h"

#include "core/base/assert.h"
#include "core/wire/pack.h"

#define QUESTION_WORD_MAX 16

/* What a question's array holds behind its word, in this order. */
static const struct shape {
    const char *word;
    enum id_kind of; /* whose id comes first; ID_NONE: none does */
    bool of_may_miss;
    size_t text_max; /* 0: no text */
    bool has_box;
    enum id_kind ids; /* ID_NONE: no list; ID_MEMBER: or ID_USER */
} shapes[] = {
    [PERSON_SALT] = {"salt",    ID_NONE,      false, PERSON_ADDRESS_MAX, false, ID_NONE   },
    [PERSON_PROVE] = {"prove",   ID_NONE,      false, PERSON_ADDRESS_MAX, true,  ID_NONE   },
    [PERSON_ADDRESS] = {"address", ID_NONE,      false, PERSON_ADDRESS_MAX, false, ID_NONE   },
    [PERSON_SUBJECT] = {"subject", ID_PROVIDER,  false, PERSON_SUBJECT_MAX, false, ID_NONE   },
    [PERSON_PEOPLE] = {"people",  ID_WORKSPACE, true,  0,                  false, ID_MEMBER },
    [PERSON_DEVICES] = {"devices", ID_USER,      false, 0,                  false, ID_SESSION},
    [PERSON_CLIENT] = {"client",  ID_PROVIDER,  false, 0,                  false, ID_NONE   },
    [PERSON_MEMBER] = {"member",  ID_WORKSPACE, false, PERSON_ADDRESS_MAX, false, ID_NONE   },
};

#define SHAPES (sizeof shapes / sizeof *shapes)
#define BOX_MAX 256

static uint32_t members(const struct shape *shape)
{
    return 1U + (shape->of != ID_NONE) + (shape->text_max > 0) + shape->has_box + (shape->ids != ID_NONE);
}

void person_ask_put(struct buf *out, const struct person_ask *ask)
{
    ASSERT(ask->question > 0);
    ASSERT(ask->question < SHAPES);
    ASSERT(ask->count <= PERSON_PAGE_MAX);
    const struct shape *shape = &shapes[ask->question];
    pack_array(out, members(shape));
    pack_text(out, span_text(shape->word));
    if (shape->of != ID_NONE) {
        pack_id(out, &ask->of);
    }
    if (shape->text_max > 0) {
        pack_text(out, ask->text);
    }
    if (shape->has_box) {
        pack_bin(out, ask->box);
    }
    if (shape->ids != ID_NONE) {
        pack_array(out, ask->count);
        for (uint32_t i = 0; i < ask->count; i++) {
            pack_id(out, &ask->ids[i]);
        }
    }
}

static enum err read_ids(struct span *rest, const struct shape *shape, struct person_ask *ask)
{
    const bool is_nowhere = id_is_none(&ask->of);
    TRY(unpack_array(rest, PERSON_PAGE_MAX, &ask->count));
    for (uint32_t i = 0; i < ask->count; i++) {
        TRY(unpack_id(rest, &ask->ids[i]));
        const uint8_t kind = ask->ids[i].kind;
        const bool is_user = shape->ids == ID_MEMBER && kind == ID_USER;
        if (!is_user && (kind != shape->ids || is_nowhere)) {
            return ERR_KIND;
        }
    }
    return OK;
}

static enum err read_question(struct span word, enum person_question *ret_question)
{
    for (enum person_question question = PERSON_SALT; question < SHAPES; question++) {
        if (span_equal(word, span_text(shapes[question].word))) {
            *ret_question = question;
            return OK;
        }
    }
    return ERR_KIND;
}

enum err person_ask_read(struct span body, struct person_ask *ret_ask)
{
    struct person_ask ask = {.count = 0};
    struct span rest = body;
    struct span word;
    uint32_t count = 0;
    TRY(unpack_array(&rest, 4, &count));
    TRY(unpack_text(&rest, QUESTION_WORD_MAX, &word));
    TRY(read_question(word, &ask.question));
    const struct shape *shape = &shapes[ask.question];
    if (count != members(shape)) {
        return ERR_MALFORMED;
    }
    if (shape->of != ID_NONE) {
        TRY(unpack_id(&rest, &ask.of));
        if (ask.of.kind != shape->of && !(shape->of_may_miss && id_is_none(&ask.of))) {
            return ERR_KIND;
        }
    }
    if (shape->text_max > 0) {
        TRY(unpack_text(&rest, shape->text_max, &ask.text));
    }
    if (shape->has_box) {
        TRY(unpack_bin(&rest, BOX_MAX, &ask.box));
    }
    if (shape->ids != ID_NONE) {
        TRY(read_ids(&rest, shape, &ask));
    }
    if (rest.len != 0) {
        return ERR_TRAILING;
    }
    *ret_ask = ask;
    return OK;
}

void person_salt_put(struct buf *out, const struct person_salt *salt)
{
    pack_array(out, 4);
    pack_uint(out, salt->n);
    pack_uint(out, salt->r);
    pack_uint(out, salt->p);
    pack_bin(out, span_of(salt->salt, sizeof salt->salt));
}

enum err person_salt_read(struct span result, struct person_salt *ret_salt)
{
    struct person_salt salt;
    uint64_t r = 0;
    uint64_t p = 0;
    TRY(unpack_exactly(&result, 4));
    TRY(unpack_uint(&result, PERSON_SCRYPT_N_MAX, &salt.n));
    TRY(unpack_uint(&result, PERSON_SCRYPT_R_MAX, &r));
    TRY(unpack_uint(&result, PERSON_SCRYPT_P_MAX, &p));
    TRY(unpack_fixed(&result, salt.salt, sizeof salt.salt));
    if (salt.n < 2 || r == 0 || p == 0) {
        return ERR_RANGE;
    }
    if (result.len != 0) {
        return ERR_TRAILING;
    }
    salt.r = (uint32_t)r;
    salt.p = (uint32_t)p;
    *ret_salt = salt;
    return OK;
}

void person_user_put(struct buf *out, const struct id *user_id)
{
    pack_id(out, user_id);
}

enum err person_user_read(struct span result, struct id *ret_user_id)
{
    struct id user_id;
    TRY(unpack_id(&result, &user_id));
    if (user_id.kind != ID_USER && !id_is_none(&user_id)) {
        return ERR_KIND;
    }
    if (result.len != 0) {
        return ERR_TRAILING;
    }
    *ret_user_id = user_id;
    return OK;
}

void person_box_put(struct buf *out, struct span box)
{
    if (box.data == NULL) {
        pack_nil(out);
    } else {
        pack_bin(out, box);
    }
}

enum err person_box_read(struct span result, struct span *ret_box)
{
    struct span box = {0};
    if (!unpack_is_nil(&result)) {
        TRY(unpack_bin(&result, IDENTITY_BOX_MAX, &box));
    }
    if (result.len != 0) {
        return ERR_TRAILING;
    }
    *ret_box = box;
    return OK;
}

void person_page_begin(struct buf *out, uint32_t count)
{
    ASSERT(count <= PERSON_PAGE_MAX);
    pack_array(out, count);
}

void person_page_put(struct buf *out, bool known, struct span first, struct span second)
{
    if (!known) {
        pack_nil(out);
        return;
    }
    pack_array(out, 2);
    pack_text(out, first);
    pack_text(out, second);
}

enum err person_page_read(struct span result, struct body_list *ret_list)
{
    struct span rest = result;
    uint32_t count = 0;
    TRY(unpack_array(&rest, PERSON_PAGE_MAX, &count));
    if (count == 0 && rest.len != 0) {
        return ERR_TRAILING;
    }
    *ret_list = (struct body_list){.rest = rest, .left = count};
    return OK;
}

enum err person_page_next(struct body_list *list, bool *ret_known, struct span *ret_first, struct span *ret_second)
{
    ASSERT(list->left > 0);
    struct span rest = list->rest;
    struct span first = SPAN("");
    struct span second = SPAN("");
    const bool known = !unpack_is_nil(&rest);
    if (known) {
        TRY(unpack_exactly(&rest, 2));
        TRY(unpack_text(&rest, PERSON_ADDRESS_MAX, &first));
        TRY(unpack_text(&rest, PERSON_ADDRESS_MAX, &second));
    }
    if (list->left == 1 && rest.len != 0) {
        return ERR_TRAILING;
    }
    list->left--;
    list->rest = rest;
    *ret_known = known;
    *ret_first = first;
    *ret_second = second;
    return OK;
}
