/* person_record.c: see person_record.h. Called by whoever seals what names a person, and by the ledger. One table says
 * what a record has; writing and reading walk it. It must never accept a second spelling, for what is compared is
 * bytes, nor keep a copy of what it read. */
#include "core/wire/person_record.h"

#include <stddef.h>

#include "core/base/assert.h"
#include "core/wire/pack.h"

#define RECORD_VERSION 1
#define FIELDS_MAX 5

enum field_kind {
    FIELD_TEXT,    /* struct span; least and most in bytes */
    FIELD_ADDRESS, /* struct span */
    FIELD_NUMBER,  /* uint64_t */
    FIELD_POWER,   /* likewise: one of two */
    FIELD_BYTES,   /* most of them, in place */
    FIELD_ID,      /* struct id; least: its kind */
};

struct field {
    const char *name;
    size_t offset;
    enum field_kind kind;
    size_t least;
    size_t most;
};

struct form {
    const char *word;
    enum id_kind owner;
    uint32_t count;
    struct field fields[FIELDS_MAX];
};

#define AT(member_) offsetof(struct person_record, member_)

static const struct form forms[] = {
    [PERSON_PROFILE] = {"profile",
                        ID_USER,     3,
                        {{"name", AT(profile.name), FIELD_TEXT, 0, PERSON_NAME_MAX},
                         {"email", AT(profile.email), FIELD_ADDRESS, 0, 0},
                         {"locale", AT(profile.locale), FIELD_TEXT, 0, PERSON_LOCALE_MAX}}             },
    [PERSON_PASSWORD] = {"password",
                        ID_USER,     5,
                        {{"n", AT(password.n), FIELD_POWER, 2, PERSON_SCRYPT_N_MAX},
                          {"r", AT(password.r), FIELD_NUMBER, 1, PERSON_SCRYPT_R_MAX},
                          {"p", AT(password.p), FIELD_NUMBER, 1, PERSON_SCRYPT_P_MAX},
                          {"salt", AT(password.salt), FIELD_BYTES, 0, PERSON_SALT_LEN},
                          {"proof", AT(password.proof), FIELD_BYTES, 0, PERSON_PROOF_LEN}}             },
    [PERSON_LINK] = {"link",
                        ID_USER,     2,
                        {{"provider_id", AT(link.provider_id), FIELD_ID, ID_PROVIDER, 0},
                      {"subject", AT(link.subject), FIELD_TEXT, 1, PERSON_SUBJECT_MAX}}                },
    [PERSON_INVITATION] = {"invitation",
                        ID_MEMBER,   5,
                        {{"email", AT(invitation.email), FIELD_ADDRESS, 0, 0},
                            {"name", AT(invitation.name), FIELD_TEXT, 0, PERSON_NAME_MAX},
                            {"subject", AT(invitation.subject), FIELD_TEXT, 0, PERSON_NAME_MAX},
                            {"body", AT(invitation.body), FIELD_TEXT, 0, PERSON_MESSAGE_MAX},
                            {"locale", AT(invitation.locale), FIELD_TEXT, 0, PERSON_LOCALE_MAX}}       },
    [PERSON_DEVICE] = {"device",
                        ID_SESSION,  2,
                        {{"user_agent", AT(device.user_agent), FIELD_TEXT, 0, PERSON_USER_AGENT_MAX},
                        {"address", AT(device.address), FIELD_TEXT, 0, PERSON_CLIENT_ADDRESS_MAX}}     },
    [PERSON_CLIENT_SECRET] = {"client_secret",
                        ID_PROVIDER, 1,
                        {{"secret", AT(client_secret.secret), FIELD_TEXT, 1, PERSON_CLIENT_SECRET_MAX}}},
};

#define FORMS (sizeof forms / sizeof *forms)

static enum err judge_number(const struct field *field, uint64_t value)
{
    const bool fits =
        value >= field->least && value <= field->most && (field->kind == FIELD_NUMBER || (value & (value - 1)) == 0);
    return fits ? OK : ERR_RANGE;
}

static enum err judge_text(const struct field *field, struct span text)
{
    uint8_t bytes[PERSON_ADDRESS_MAX];
    struct buf form = buf_of(bytes, sizeof bytes);
    if (field->kind == FIELD_ADDRESS) {
        TRY(person_address(text, &form));
    } else if (text.len > field->most) {
        return ERR_TOO_LONG;
    }
    return text.len < field->least || !span_is_utf8(text) || span_find(text, 0) != text.len ? ERR_MALFORMED : OK;
}

static enum err judge(const struct field *field, const void *value)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_ADDRESS:
        return judge_text(field, *(const struct span *)value);
    case FIELD_NUMBER:
    case FIELD_POWER:
        return judge_number(field, *(const uint64_t *)value);
    case FIELD_ID:
        return ((const struct id *)value)->kind == field->least ? OK : ERR_KIND;
    case FIELD_BYTES:
        break;
    }
    return OK;
}

static void put_field(struct buf *out, const struct field *field, const void *value)
{
    pack_text(out, span_text(field->name));
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_ADDRESS:
        pack_text(out, *(const struct span *)value);
        return;
    case FIELD_NUMBER:
    case FIELD_POWER:
        pack_uint(out, *(const uint64_t *)value);
        return;
    case FIELD_BYTES:
        pack_bin(out, span_of(value, field->most));
        return;
    case FIELD_ID:
        pack_id(out, value);
        return;
    }
}

static enum err read_field(struct span *rest, const struct field *field, void *value)
{
    TRY(unpack_name(rest, span_text(field->name)));
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_ADDRESS:
        TRY(unpack_text(rest, PERSON_MESSAGE_MAX, value));
        break;
    case FIELD_NUMBER:
    case FIELD_POWER:
        TRY(unpack_uint(rest, UINT64_MAX, value));
        break;
    case FIELD_BYTES:
        TRY(unpack_fixed(rest, value, field->most));
        break;
    case FIELD_ID:
        TRY(unpack_id(rest, value));
        break;
    }
    return judge(field, value);
}

enum err person_record_put(struct buf *out, const struct person_record *record)
{
    ASSERT(record->kind > 0);
    ASSERT(record->kind < FORMS);
    const struct form *form = &forms[record->kind];
    const uint8_t *const base = (const uint8_t *)record;
    for (uint32_t i = 0; i < form->count; i++) {
        TRY(judge(&form->fields[i], base + form->fields[i].offset));
    }
    struct buf written = *out;
    pack_map(&written, form->count + 1);
    pack_text(&written, span_text(form->word));
    pack_uint(&written, RECORD_VERSION);
    for (uint32_t i = 0; i < form->count; i++) {
        put_field(&written, &form->fields[i], base + form->fields[i].offset);
    }
    if (!buf_ok(&written)) {
        return ERR_NO_SPACE;
    }
    *out = written;
    return OK;
}

static enum err read_as(struct span rest, enum person_record_kind kind, struct person_record *ret_record)
{
    const struct form *form = &forms[kind];
    struct person_record record = {.kind = kind};
    uint64_t version = 0;
    TRY(unpack_map(&rest, form->count + 1));
    TRY(unpack_name(&rest, span_text(form->word)));
    TRY(unpack_uint(&rest, UINT64_MAX, &version));
    if (version != RECORD_VERSION) {
        return ERR_VERSION;
    }
    for (uint32_t i = 0; i < form->count; i++) {
        TRY(read_field(&rest, &form->fields[i], (uint8_t *)&record + form->fields[i].offset));
    }
    if (rest.len != 0) {
        return ERR_TRAILING;
    }
    *ret_record = record;
    return OK;
}

/* Which record begins so; 0: none. */
static enum person_record_kind kind_of(struct span bytes)
{
    for (enum person_record_kind kind = PERSON_PROFILE; kind < FORMS; kind++) {
        struct span rest = bytes;
        if (unpack_map(&rest, forms[kind].count + 1) == OK && unpack_name(&rest, span_text(forms[kind].word)) == OK) {
            return kind;
        }
    }
    return (enum person_record_kind)0;
}

enum err person_record_read(struct span bytes, struct person_record *ret_record)
{
    if (bytes.len == 0) {
        return ERR_TRUNCATED;
    }
    const enum person_record_kind kind = kind_of(bytes);
    return kind == 0 ? ERR_KIND : read_as(bytes, kind, ret_record);
}

enum id_kind person_record_owner(enum person_record_kind kind)
{
    ASSERT(kind > 0);
    ASSERT(kind < FORMS);
    return forms[kind].owner;
}

static bool is_alphanumeric(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* atext of RFC 5322, 3.2.3. */
static bool is_atom(uint8_t byte)
{
    return is_alphanumeric(byte) || (byte != 0 && strchr("!#$%&'*+-/=?^_`{|}~", byte) != NULL);
}

static bool is_of_domain(uint8_t byte)
{
    return is_alphanumeric(byte) || byte == '-';
}

/* Whether text is one or more pieces of such bytes, each with one dot between it and the next. */
static bool is_dotted(struct span text, bool (*is_piece)(uint8_t byte))
{
    bool after_dot = true;
    for (size_t i = 0; i < text.len; i++) {
        const bool dot = text.data[i] == '.';
        if (dot ? after_dot : !is_piece(text.data[i])) {
            return false;
        }
        after_dot = dot;
    }
    return !after_dot;
}

enum err person_address(struct span text, struct buf *out)
{
    const size_t at = span_find(text, '@');
    if (text.len < PERSON_ADDRESS_MIN || text.len > PERSON_ADDRESS_MAX || at == text.len ||
        !is_dotted(span_of(text.data, at), is_atom) ||
        !is_dotted(span_of(text.data + at + 1, text.len - at - 1), is_of_domain)) {
        return ERR_MALFORMED;
    }
    struct buf form = *out;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.data[i];
        buf_byte(&form, byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte);
    }
    if (!buf_ok(&form)) {
        return ERR_NO_SPACE;
    }
    *out = form;
    return OK;
}
