/* identity.c: see identity.h. Called by the gateway and by the identity process. It must never trust a length, nor keep
 * what it read. */
#include "core/wire/identity.h"

#include "core/base/assert.h"
#include "core/wire/pack.h"

#define QUESTION_WORD_MAX 16
#define MEMBERS_MAX 10

static const struct form {
    const char *word;
    uint32_t members;
} forms[] = {
    [IDENTITY_AUTHORIZE] = {"authorize", 8          },
    [IDENTITY_EXCHANGE] = {"exchange",  MEMBERS_MAX},
    [IDENTITY_GREET] = {"greet",     1          },
};

static void put_or_nil(struct buf *out, struct span text)
{
    if (text.data == NULL) {
        pack_nil(out);
    } else {
        pack_text(out, text);
    }
}

void identity_ask_put(struct buf *out, const struct identity_ask *ask)
{
    ASSERT(ask->question >= IDENTITY_AUTHORIZE && ask->question <= IDENTITY_GREET);
    pack_array(out, forms[ask->question].members);
    pack_text(out, span_text(forms[ask->question].word));
    if (ask->question == IDENTITY_GREET) {
        return;
    }
    pack_text(out, ask->issuer);
    pack_text(out, ask->client_id);
    pack_text(out, ask->redirect_uri);
    pack_text(out, ask->nonce);
    if (ask->question == IDENTITY_AUTHORIZE) {
        pack_text(out, ask->scope);
        pack_text(out, ask->state);
        pack_text(out, ask->challenge);
        return;
    }
    pack_id(out, &ask->provider_id);
    if (ask->box.data == NULL) {
        pack_nil(out);
    } else {
        pack_bin(out, ask->box);
    }
    pack_text(out, ask->code);
    pack_text(out, ask->verifier);
    put_or_nil(out, ask->iss);
}

static enum err read_text(struct span *rest, size_t max, struct span *ret_text)
{
    struct span text;
    TRY(unpack_text(rest, max, &text));
    if (text.len == 0) {
        return ERR_RANGE;
    }
    *ret_text = text;
    return OK;
}

static enum err read_or_nil(struct span *rest, size_t max, struct span *ret_text)
{
    return unpack_is_nil(rest) ? OK : read_text(rest, max, ret_text);
}

static enum err read_exchange(struct span *rest, struct identity_ask *ask)
{
    TRY(unpack_id(rest, &ask->provider_id));
    if (ask->provider_id.kind != ID_PROVIDER) {
        return ERR_KIND;
    }
    if (!unpack_is_nil(rest)) {
        TRY(unpack_bin(rest, IDENTITY_BOX_MAX, &ask->box));
    }
    TRY(read_text(rest, IDENTITY_CODE_MAX, &ask->code));
    TRY(read_text(rest, IDENTITY_CHANCE_MAX, &ask->verifier));
    return read_or_nil(rest, IDENTITY_URL_MAX, &ask->iss);
}

static enum err read_about(struct span *rest, struct identity_ask *ask)
{
    TRY(read_text(rest, IDENTITY_URL_MAX, &ask->issuer));
    TRY(read_text(rest, IDENTITY_CLIENT_ID_MAX, &ask->client_id));
    TRY(read_text(rest, IDENTITY_URL_MAX, &ask->redirect_uri));
    TRY(read_text(rest, IDENTITY_CHANCE_MAX, &ask->nonce));
    if (ask->question == IDENTITY_EXCHANGE) {
        return read_exchange(rest, ask);
    }
    TRY(read_text(rest, IDENTITY_SCOPE_MAX, &ask->scope));
    TRY(read_text(rest, IDENTITY_CHANCE_MAX, &ask->state));
    return read_text(rest, IDENTITY_CHANCE_MAX, &ask->challenge);
}

enum err identity_ask_read(struct span body, struct identity_ask *ret_ask)
{
    struct identity_ask ask = {.question = IDENTITY_AUTHORIZE};
    struct span rest = body;
    struct span word;
    uint32_t count = 0;
    TRY(unpack_array(&rest, MEMBERS_MAX, &count));
    TRY(unpack_text(&rest, QUESTION_WORD_MAX, &word));
    while (ask.question < IDENTITY_GREET && !span_equal(word, span_text(forms[ask.question].word))) {
        ask.question++;
    }
    if (!span_equal(word, span_text(forms[ask.question].word))) {
        return ERR_KIND;
    }
    if (count != forms[ask.question].members) {
        return ERR_MALFORMED;
    }
    TRY(ask.question == IDENTITY_GREET ? OK : read_about(&rest, &ask));
    if (rest.len != 0) {
        return ERR_TRAILING;
    }
    *ret_ask = ask;
    return OK;
}

void identity_location_put(struct buf *out, struct span location)
{
    pack_text(out, location);
}

enum err identity_location_read(struct span result, struct span *ret_location)
{
    struct span location;
    TRY(read_text(&result, IDENTITY_LOCATION_MAX, &location));
    if (result.len != 0) {
        return ERR_TRAILING;
    }
    *ret_location = location;
    return OK;
}

void identity_person_put(struct buf *out, const struct identity_person *person)
{
    pack_array(out, 4);
    pack_text(out, person->subject);
    put_or_nil(out, person->email);
    pack_bool(out, person->email_verified);
    put_or_nil(out, person->name);
}

enum err identity_person_read(struct span result, struct identity_person *ret_person)
{
    struct identity_person person = {.email_verified = false};
    TRY(unpack_exactly(&result, 4));
    TRY(read_text(&result, PERSON_SUBJECT_MAX, &person.subject));
    TRY(read_or_nil(&result, PERSON_ADDRESS_MAX, &person.email));
    TRY(unpack_bool(&result, &person.email_verified));
    TRY(read_or_nil(&result, PERSON_NAME_MAX, &person.name));
    if (result.len != 0) {
        return ERR_TRAILING;
    }
    *ret_person = person;
    return OK;
}
