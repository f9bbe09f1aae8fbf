/* id_token.c: see id_token.h. Called by inquiry.c. What it reads comes from the internet: whatever is not exactly as
 * the standard says is refused, and no claim is looked at before the signature was. */
#include "adapters/identity/id_token.h"

#include "core/base/base64.h"
#include "core/base/limits.h"
#include "core/message/json_read.h"

#define AUDIENCES_MAX 16

static enum refusal refused_by(enum err err)
{
    return err == OK ? ACCEPTED : err == ERR_NO_MEMORY ? REFUSED_out_of_memory : REFUSED_provider_answer_invalid;
}

static enum err read_bytes(struct span part, struct arena *arena, struct span *ret_bytes)
{
    uint8_t *bytes = arena_alloc(arena, part.len + 1);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, part.len + 1);
    TRY(base64url_read(part, &out));
    *ret_bytes = buf_span(&out);
    return OK;
}

static enum err read_object(struct span part, struct arena *arena, const struct json_node **ret_object)
{
    const struct json_node *object = NULL;
    struct span text;
    TRY(read_bytes(part, arena, &text));
    TRY(json_read(text, arena, &object));
    if (!json_node_is(object, NODE_OBJECT)) {
        return ERR_KIND;
    }
    *ret_object = object;
    return OK;
}

/* The part before the next dot, which is taken from *rest; the last part has none behind it. */
static struct span take_part(struct span *rest)
{
    const size_t len = span_find(*rest, '.');
    const struct span part = span_of(rest->data, len);
    const size_t taken = len < rest->len ? len + 1 : len;
    *rest = span_of(rest->data + taken, rest->len - taken);
    return part;
}

static enum err open_header(struct span part, struct arena *arena, struct id_token *token)
{
    const struct json_node *header = NULL;
    TRY(read_object(part, arena, &header));
    const struct json_node *kid = json_node_member(header, "kid");
    token->alg = json_node_text(header, "alg");
    token->kid = json_node_text(header, "kid");
    const bool is_plain = token->alg.data != NULL && (kid == NULL || token->kid.data != NULL) &&
                          json_node_member(header, "crit") == NULL && json_node_member(header, "b64") == NULL;
    return is_plain ? OK : ERR_KIND;
}

enum refusal id_token_open(struct span text, struct arena *arena, struct id_token *ret_token)
{
    struct id_token token = {.whole = text};
    struct span rest = text;
    if (text.len > ID_TOKEN_MAX) {
        return REFUSED_provider_answer_invalid;
    }
    const struct span header = take_part(&rest);
    const struct span claims = take_part(&rest);
    if (header.len + claims.len + 2 > text.len || span_find(rest, '.') != rest.len) {
        return REFUSED_provider_answer_invalid;
    }
    enum err err = open_header(header, arena, &token);
    err = err == OK ? read_object(claims, arena, &token.claims) : err;
    err = err == OK ? read_bytes(rest, arena, &(struct span){0}) : err; /* one spelling: libcjose takes several */
    if (err == OK) {
        *ret_token = token;
    }
    return refused_by(err);
}

static bool is_text(const struct json_node *node, struct span text)
{
    return json_node_is(node, NODE_TEXT) && span_equal(node->text, text);
}

static enum refusal judge_audience(const struct json_node *claims, struct span client_id)
{
    const struct json_node *aud = json_node_member(claims, "aud");
    const struct json_node *azp = json_node_member(claims, "azp");
    bool named = is_text(aud, client_id);
    bool alone = !json_node_is(aud, NODE_LIST) || aud->count == 1;
    if (json_node_is(aud, NODE_LIST)) {
        if (aud->count > AUDIENCES_MAX) {
            return REFUSED_provider_answer_invalid;
        }
        for (const struct json_node *one = aud->first; one != NULL; one = one->next) {
            named = named || is_text(one, client_id);
        }
    }
    if (aud == NULL) {
        return REFUSED_provider_answer_invalid;
    }
    return named && (azp == NULL ? alone : is_text(azp, client_id)) ? ACCEPTED : REFUSED_token_audience_wrong;
}

/* Seconds since 1970, which may have a fraction (RFC 7519, NumericDate). False: it is no such number. */
static bool read_instant(const struct json_node *node, int64_t *ret_s)
{
    enum { LAST_S = 1 << 30 }; /* times 256: the year 10680, and far from overflowing */

    if (json_node_is(node, NODE_INTEGER) && node->integer >= 0 && node->integer / 256 < LAST_S) {
        *ret_s = node->integer;
        return true;
    }
    if (json_node_is(node, NODE_REAL) && node->real >= 0 && node->real / 256 < LAST_S) {
        *ret_s = (int64_t)node->real;
        return true;
    }
    return false;
}

static enum refusal judge_time(const struct json_node *claims, int64_t now_ms)
{
    const int64_t now_s = now_ms / SECOND_MS;
    const struct json_node *nbf = json_node_member(claims, "nbf");
    int64_t exp_s = 0;
    int64_t iat_s = 0;
    int64_t nbf_s = 0;
    if (!read_instant(json_node_member(claims, "exp"), &exp_s) ||
        !read_instant(json_node_member(claims, "iat"), &iat_s) || (nbf != NULL && !read_instant(nbf, &nbf_s))) {
        return REFUSED_provider_answer_invalid;
    }
    const bool is_now =
        now_s < exp_s + ID_TOKEN_LEEWAY_S && iat_s <= now_s + ID_TOKEN_LEEWAY_S && nbf_s <= now_s + ID_TOKEN_LEEWAY_S;
    return is_now ? ACCEPTED : REFUSED_token_expired;
}

static enum refusal judge_nonce(const struct json_node *claims, struct span nonce)
{
    const struct span there = json_node_text(claims, "nonce");
    return there.data != NULL && span_equal_secret(there, nonce) ? ACCEPTED : REFUSED_nonce_wrong;
}

static bool is_shown(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7F) {
            return false;
        }
    }
    return text.len > 0;
}

void id_token_person(const struct json_node *claims, struct identity_person *person)
{
    uint8_t bytes[PERSON_ADDRESS_MAX];
    struct buf address = buf_of(bytes, sizeof bytes);
    const struct span email = json_node_text(claims, "email");
    const struct span name = json_node_text(claims, "name");
    const struct json_node *verified = json_node_member(claims, "email_verified");
    if (email.data != NULL && person_address(email, &address) == OK) {
        person->email = email;
        /* Some providers write it as a text. */
        person->email_verified = json_node_is(verified, NODE_TRUE) || is_text(verified, SPAN("true"));
    }
    if (is_shown(name)) {
        person->name = span_cut(name, PERSON_NAME_MAX);
    }
}

enum refusal id_token_judge(const struct json_node *claims, const struct id_token_wanted *wanted,
                            struct identity_person *ret_person)
{
    struct identity_person person = {.subject = json_node_text(claims, "sub")};
    const struct json_node *iss = json_node_member(claims, "iss");
    if (!json_node_is(iss, NODE_TEXT)) {
        return REFUSED_provider_answer_invalid;
    }
    enum refusal refusal = span_equal(iss->text, wanted->issuer) ? ACCEPTED : REFUSED_token_issuer_wrong;
    refusal = refusal == ACCEPTED ? judge_audience(claims, wanted->client_id) : refusal;
    refusal = refusal == ACCEPTED ? judge_time(claims, wanted->now_ms) : refusal;
    refusal = refusal == ACCEPTED ? judge_nonce(claims, wanted->nonce) : refusal;
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (!is_shown(person.subject) || person.subject.len > PERSON_SUBJECT_MAX) {
        return REFUSED_provider_answer_invalid;
    }
    id_token_person(claims, &person);
    *ret_person = person;
    return ACCEPTED;
}
