/* person_fuzz.c: what names people, and the questions about them. The input's first byte tells what the rest is: 'r' a
 * record, 'a' an address, 'q' a question, 's' what scrypt is told, 'u' a person, 'p' a page, 'l' an account's login. */
#include "core/wire/login.h"
#include "core/wire/person.h"
#include "tests/fuzz/fuzz.h"

static uint8_t again[65536];

/* What is accepted has one spelling. */
static void check_same(const struct buf *out, struct span bytes)
{
    ASSERT(buf_ok(out));
    ASSERT(span_equal(buf_span(out), bytes));
}

static void check_record(struct span bytes)
{
    struct person_record record;
    struct buf out = buf_of(again, sizeof again);
    if (person_record_read(bytes, &record) == OK) {
        ASSERT(bytes.len <= PERSON_RECORD_MAX);
        ASSERT(person_record_owner(record.kind) != ID_NONE);
        ASSERT(person_record_put(&out, &record) == OK);
        check_same(&out, bytes);
    }
}

/* Read again it is as it is; letters apart it is what was given. */
static void check_address(struct span text)
{
    uint8_t form_bytes[PERSON_ADDRESS_MAX];
    struct buf form = buf_of(form_bytes, sizeof form_bytes);
    struct buf out = buf_of(again, sizeof again);
    if (person_address(text, &form) != OK) {
        ASSERT(form.len == 0);
        return;
    }
    ASSERT(form.len == text.len);
    ASSERT(form.len >= PERSON_ADDRESS_MIN);
    ASSERT(person_address(buf_span(&form), &out) == OK);
    check_same(&out, buf_span(&form));
    size_t signs = 0;
    for (size_t i = 0; i < text.len; i++) {
        signs += text.data[i] == '@';
        ASSERT(form_bytes[i] == text.data[i] || (form_bytes[i] ^ text.data[i]) == 0x20);
    }
    ASSERT(signs == 1);
}

static void check_login(struct span bytes)
{
    struct login login;
    struct buf out = buf_of(again, sizeof again);
    if (login_read(bytes, &login) == OK) {
        ASSERT(bytes.len <= LOGIN_MAX);
        ASSERT(login_put(&out, &login) == OK);
        check_same(&out, bytes);
    }
}

static void check_question(struct span bytes)
{
    struct person_ask ask;
    struct buf out = buf_of(again, sizeof again);
    if (person_ask_read(bytes, &ask) == OK) {
        ASSERT(ask.count <= PERSON_PAGE_MAX);
        person_ask_put(&out, &ask);
        check_same(&out, bytes);
    }
}

static void check_salt(struct span bytes)
{
    struct person_salt salt;
    struct buf out = buf_of(again, sizeof again);
    if (person_salt_read(bytes, &salt) == OK) {
        ASSERT(salt.n <= PERSON_SCRYPT_N_MAX);
        person_salt_put(&out, &salt);
        check_same(&out, bytes);
    }
}

static void check_user(struct span bytes)
{
    struct id user_id;
    struct buf out = buf_of(again, sizeof again);
    if (person_user_read(bytes, &user_id) == OK) {
        ASSERT(user_id.kind == ID_USER || id_is_none(&user_id));
        person_user_put(&out, &user_id);
        check_same(&out, bytes);
    }
}

static void check_page(struct span bytes)
{
    struct body_list list;
    struct buf out = buf_of(again, sizeof again);
    if (person_page_read(bytes, &list) != OK) {
        return;
    }
    person_page_begin(&out, list.left);
    while (list.left > 0) {
        bool known = false;
        struct span first;
        struct span second;
        if (person_page_next(&list, &known, &first, &second) != OK) {
            return;
        }
        person_page_put(&out, known, first, second);
    }
    if (buf_ok(&out)) {
        check_same(&out, bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    const struct span rest = span_of(data + 1, len - 1);
    switch (data[0]) {
    case 'r':
        check_record(rest);
        break;
    case 'a':
        check_address(rest);
        break;
    case 'q':
        check_question(rest);
        break;
    case 's':
        check_salt(rest);
        break;
    case 'u':
        check_user(rest);
        break;
    case 'p':
        check_page(rest);
        break;
    case 'l':
        check_login(rest);
        break;
    default:
        break;
    }
    return 0;
}
