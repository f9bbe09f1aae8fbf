/* inquiry.c: see inquiry.h. Called by serve.c. The steps of an exchange: what the provider publishes, the token for the
 * code, the provider's keys, and, where the token tells no address, UserInfo.
 *
 * A code goes to a token endpoint once. Our secret is in clear from the moment that it is sent until the inquiry ends,
 * in its own memory, which is then wiped. */
#include "adapters/identity/inquiry.h"

#include "core/base/assert.h"
#include "core/wire/identity_box.h"

#define INQUIRY_MEMORY_MAX ((size_t)2 << 20) /* two longest answers with their trees */
#define INQUIRY_MEMORY_KEPT ((size_t)128 << 10)

enum step { STEP_NONE, STEP_PROVIDER, STEP_TOKEN, STEP_KEYS, STEP_USERINFO };

struct inquiry {
    struct inquiries *all;
    struct call call;
    void *tag;
    enum step step;
    struct arena arena; /* of all that follows */
    struct identity_ask ask;
    struct catalog_entry *entry;
    struct catalog_seen seen;
    struct oidc_provider provider;
    struct oidc_tokens tokens;
    struct id_token token;
    struct identity_person person;
    bool keys_renewed;
};

struct inquiries {
    struct arena arena;
    struct inquiry_options options;
    struct catalog *catalog;
    unsigned open;
    struct inquiry list[INQUIRIES_MAX];
};

enum err inquiries_new(const struct inquiry_options *options, struct inquiries **ret_inquiries)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct inquiries) + 65536);
    struct inquiries *inquiries = arena_alloc(&arena, sizeof *inquiries);
    if (inquiries == NULL) {
        return ERR_NO_MEMORY;
    }
    inquiries->arena = arena;
    inquiries->options = *options;
    for (size_t i = 0; i < INQUIRIES_MAX; i++) {
        inquiries->list[i].all = inquiries;
        inquiries->list[i].call = (struct call){.kind = CALL_INQUIRY, .owner = &inquiries->list[i]};
        arena_init(&inquiries->list[i].arena, INQUIRY_MEMORY_MAX);
    }
    const enum err err = catalog_new(options->guard, &options->net, &inquiries->catalog);
    if (err != OK) {
        inquiries_free(inquiries);
        return err;
    }
    *ret_inquiries = inquiries;
    return OK;
}

void inquiries_free(struct inquiries *inquiries)
{
    if (inquiries == NULL) {
        return;
    }
    for (size_t i = 0; i < INQUIRIES_MAX; i++) {
        arena_wipe(&inquiries->list[i].arena);
        arena_done(&inquiries->list[i].arena);
    }
    catalog_free(inquiries->catalog);
    explicit_bzero(inquiries->options.box_key, sizeof inquiries->options.box_key);
    struct arena arena = inquiries->arena;
    arena_done(&arena);
}

unsigned inquiries_open(const struct inquiries *inquiries)
{
    return inquiries->open;
}

/* --- the end of one --- */

static const char *step_word(enum step step)
{
    static const char *const words[] = {"question", "provider", "token", "keys", "userinfo"};
    return words[step];
}

static void forget(struct inquiry *inquiry)
{
    if (inquiry->entry != NULL) {
        catalog_release(inquiry->entry);
    }
    arena_wipe(&inquiry->arena);
    if (inquiry->arena.total > INQUIRY_MEMORY_KEPT) {
        arena_done(&inquiry->arena);
        arena_init(&inquiry->arena, INQUIRY_MEMORY_MAX);
    }
    inquiry->entry = NULL;
    inquiry->step = STEP_NONE;
    inquiry->all->open--;
}

static void end_with(struct inquiry *inquiry, enum refusal refusal, struct span result)
{
    const struct inquiry_options *options = &inquiry->all->options;
    const struct inquiry_end end = {
        .refusal = refusal, .result = result, .issuer = inquiry->ask.issuer, .step = step_word(inquiry->step)};
    options->ended(options->context, inquiry->tag, &end);
    forget(inquiry);
}

static void end_refused(struct inquiry *inquiry, enum refusal refusal)
{
    ASSERT(refusal != ACCEPTED);
    end_with(inquiry, refusal, (struct span){0});
}

static void end_located(struct inquiry *inquiry)
{
    uint8_t bytes[IDENTITY_LOCATION_MAX + 8];
    uint8_t result_bytes[IDENTITY_REPLY_MAX];
    struct buf url = buf_of(bytes, IDENTITY_LOCATION_MAX);
    struct buf result = buf_of(result_bytes, sizeof result_bytes);
    const enum err err = oidc_authorization_url(&inquiry->provider, &inquiry->ask, &url);
    ASSERT(err == OK);
    identity_location_put(&result, buf_span(&url));
    ASSERT(buf_ok(&result));
    end_with(inquiry, ACCEPTED, buf_span(&result));
}

static void end_known(struct inquiry *inquiry)
{
    uint8_t bytes[PERSON_SUBJECT_MAX + PERSON_ADDRESS_MAX + PERSON_NAME_MAX + 64];
    struct buf result = buf_of(bytes, sizeof bytes);
    identity_person_put(&result, &inquiry->person);
    ASSERT(buf_ok(&result));
    end_with(inquiry, ACCEPTED, buf_span(&result));
}

/* --- requests --- */

static void ask_provider(struct inquiry *inquiry, struct http_request *request, int64_t now_ms, enum step step)
{
    const struct call_net *net = &inquiry->all->options.net;
    request->deadline_ms = now_ms + PROVIDER_WITHIN_MS;
    inquiry->step = step;
    const enum err err = net->start(net->context, request, now_ms, &inquiry->arena, &inquiry->call);
    if (err != OK) {
        end_refused(inquiry, err == ERR_BUSY ? REFUSED_sign_in_busy : REFUSED_out_of_memory);
    }
}

static enum refusal open_secret(struct inquiry *inquiry, int64_t now_ms, struct span *ret_secret)
{
    const struct identity_ask *ask = &inquiry->ask;
    const struct identity_use use = {
        .provider_id = ask->provider_id, .issuer = ask->issuer, .client_id = ask->client_id};
    if (ask->box.data == NULL) {
        *ret_secret = (struct span){0};
        return ACCEPTED;
    }
    uint8_t *bytes = arena_alloc(&inquiry->arena, PERSON_CLIENT_SECRET_MAX);
    if (bytes == NULL) {
        return REFUSED_out_of_memory;
    }
    struct buf secret = buf_of(bytes, PERSON_CLIENT_SECRET_MAX);
    const enum err err = identity_box_open(inquiry->all->options.box_key, &use, now_ms, ask->box, &secret);
    if (err != OK) {
        return err == ERR_TIMED_OUT ? REFUSED_unavailable : REFUSED_frame_invalid;
    }
    *ret_secret = buf_span(&secret);
    return ACCEPTED;
}

static void ask_token(struct inquiry *inquiry, int64_t now_ms)
{
    struct http_request request;
    struct span secret = {0};
    const struct identity_ask *ask = &inquiry->ask;
    const bool wrong_iss = ask->iss.data == NULL ? inquiry->provider.sends_iss : !span_equal(ask->iss, ask->issuer);
    enum refusal refusal = wrong_iss ? REFUSED_token_issuer_wrong : ACCEPTED;
    refusal = refusal == ACCEPTED ? open_secret(inquiry, now_ms, &secret) : refusal;
    refusal =
        refusal == ACCEPTED ? oidc_token_request(&inquiry->provider, ask, secret, &inquiry->arena, &request) : refusal;
    if (refusal != ACCEPTED) {
        end_refused(inquiry, refusal);
        return;
    }
    ask_provider(inquiry, &request, now_ms, STEP_TOKEN);
}

static void ask_userinfo(struct inquiry *inquiry, int64_t now_ms)
{
    struct http_request request = {
        .method = HTTP_GET, .url = inquiry->provider.userinfo_endpoint, .response_max = PROVIDER_ANSWER_MAX};
    const size_t cap = inquiry->tokens.access_token.len + 16;
    uint8_t *bytes = arena_alloc(&inquiry->arena, cap);
    if (bytes == NULL) {
        end_refused(inquiry, REFUSED_out_of_memory);
        return;
    }
    struct buf header = buf_of(bytes, cap);
    buf_text(&header, "Bearer ");
    buf_put(&header, inquiry->tokens.access_token);
    request.authorization = buf_span(&header);
    ask_provider(inquiry, &request, now_ms, STEP_USERINFO);
}

/* --- steps --- */

/* The document's memory is the catalog's: what is needed of it later is copied. */
static enum err keep_provider(struct inquiry *inquiry, const struct oidc_provider *provider)
{
    struct arena *arena = &inquiry->arena;
    inquiry->provider = *provider;
    TRY(arena_copy(arena, provider->authorization_endpoint, &inquiry->provider.authorization_endpoint));
    TRY(arena_copy(arena, provider->token_endpoint, &inquiry->provider.token_endpoint));
    if (provider->userinfo_endpoint.data == NULL) {
        return OK;
    }
    return arena_copy(arena, provider->userinfo_endpoint, &inquiry->provider.userinfo_endpoint);
}

static void go_on_with_provider(struct inquiry *inquiry, int64_t now_ms)
{
    const struct oidc_provider *provider = NULL;
    enum refusal refusal = catalog_document(inquiry->all->catalog, inquiry->entry, &inquiry->seen, now_ms, &provider);
    if (refusal == ACCEPTED && provider == NULL) {
        return;
    }
    if (refusal == ACCEPTED && keep_provider(inquiry, provider) != OK) {
        refusal = REFUSED_out_of_memory;
    }
    if (refusal != ACCEPTED) {
        end_refused(inquiry, refusal);
    } else if (inquiry->ask.question == IDENTITY_AUTHORIZE) {
        end_located(inquiry);
    } else {
        ask_token(inquiry, now_ms);
    }
}

static void judge(struct inquiry *inquiry, int64_t now_ms)
{
    const struct identity_ask *ask = &inquiry->ask;
    const struct id_token_wanted wanted = {
        .issuer = ask->issuer, .client_id = ask->client_id, .nonce = ask->nonce, .now_ms = now_ms};
    const enum refusal refusal = id_token_judge(inquiry->token.claims, &wanted, &inquiry->person);
    if (refusal != ACCEPTED) {
        end_refused(inquiry, refusal);
    } else if (inquiry->person.email.data == NULL && inquiry->provider.userinfo_endpoint.data != NULL &&
               inquiry->tokens.access_token.data != NULL) {
        ask_userinfo(inquiry, now_ms);
    } else {
        end_known(inquiry);
    }
}

static void go_on_with_keys(struct inquiry *inquiry, int64_t now_ms)
{
    const struct jwks *keys = NULL;
    bool unknown = false;
    enum refusal refusal = catalog_keys(inquiry->all->catalog, inquiry->entry, &inquiry->seen, now_ms, &keys);
    if (refusal == ACCEPTED && keys == NULL) {
        return;
    }
    refusal = refusal == ACCEPTED ? jwks_verify(keys, &inquiry->token, &unknown) : refusal;
    if (unknown && !inquiry->keys_renewed && catalog_renew_keys(inquiry->entry, now_ms)) {
        inquiry->keys_renewed = true;
        inquiry->seen = catalog_seen(inquiry->entry);
        go_on_with_keys(inquiry, now_ms);
    } else if (refusal != ACCEPTED) {
        end_refused(inquiry, refusal);
    } else {
        judge(inquiry, now_ms);
    }
}

static void take_token(struct inquiry *inquiry, int64_t now_ms, const struct http_response *response)
{
    enum refusal refusal = oidc_token_read(response, &inquiry->arena, &inquiry->tokens);
    refusal = refusal == ACCEPTED ? id_token_open(inquiry->tokens.id_token, &inquiry->arena, &inquiry->token) : refusal;
    if (refusal != ACCEPTED) {
        end_refused(inquiry, refusal);
        return;
    }
    inquiry->step = STEP_KEYS;
    inquiry->seen = catalog_seen(inquiry->entry);
    go_on_with_keys(inquiry, now_ms);
}

static void take_userinfo(struct inquiry *inquiry, const struct http_response *response)
{
    const struct json_node *claims = NULL;
    enum refusal refusal = oidc_answer_object(response, &inquiry->arena, &claims);
    if (refusal == ACCEPTED && !span_equal(json_node_text(claims, "sub"), inquiry->person.subject)) {
        refusal = REFUSED_provider_answer_invalid; /* somebody else's (Core 1.0, 5.3.2) */
    }
    if (refusal != ACCEPTED) {
        end_refused(inquiry, refusal);
        return;
    }
    id_token_person(claims, &inquiry->person);
    end_known(inquiry);
}

/* Whoever waits for what a provider publishes looks again. */
static void look_again(struct inquiries *inquiries, const struct catalog_entry *entry, int64_t now_ms)
{
    for (size_t i = 0; i < INQUIRIES_MAX; i++) {
        struct inquiry *inquiry = &inquiries->list[i];
        if (inquiry->entry == entry && inquiry->step == STEP_PROVIDER) {
            go_on_with_provider(inquiry, now_ms);
        } else if (inquiry->entry == entry && inquiry->step == STEP_KEYS) {
            go_on_with_keys(inquiry, now_ms);
        }
    }
}

void inquiries_answered(struct inquiries *inquiries, struct call *call, int64_t now_ms,
                        const struct http_response *response)
{
    if (call->kind != CALL_INQUIRY) {
        catalog_answered(inquiries->catalog, call, now_ms, response);
        look_again(inquiries, call->owner, now_ms);
        return;
    }
    struct inquiry *inquiry = call->owner;
    ASSERT(inquiry->step == STEP_TOKEN || inquiry->step == STEP_USERINFO);
    if (inquiry->step == STEP_TOKEN) {
        take_token(inquiry, now_ms, response);
    } else {
        take_userinfo(inquiry, response);
    }
}

static struct inquiry *find_place(struct inquiries *inquiries)
{
    for (size_t i = 0; i < INQUIRIES_MAX; i++) {
        if (inquiries->list[i].step == STEP_NONE) {
            return &inquiries->list[i];
        }
    }
    return NULL;
}

void inquiries_begin(struct inquiries *inquiries, struct span body, int64_t now_ms, void *tag)
{
    struct inquiry *inquiry = find_place(inquiries);
    struct span kept;
    if (inquiry == NULL) {
        const struct inquiry_end end = {.refusal = REFUSED_sign_in_busy, .issuer = SPAN(""), .step = "question"};
        inquiries->options.ended(inquiries->options.context, tag, &end);
        return;
    }
    inquiries->open++;
    inquiry->tag = tag;
    inquiry->keys_renewed = false;
    inquiry->ask = (struct identity_ask){.issuer = SPAN("")};
    if (arena_copy(&inquiry->arena, body, &kept) != OK) {
        end_refused(inquiry, REFUSED_out_of_memory);
        return;
    }
    if (identity_ask_read(kept, &inquiry->ask) != OK) {
        end_refused(inquiry, REFUSED_frame_invalid);
        return;
    }
    if (inquiry->ask.question == IDENTITY_GREET) {
        end_with(inquiry, ACCEPTED, (struct span){0});
        return;
    }
    inquiry->entry = catalog_hold(inquiries->catalog, inquiry->ask.issuer, now_ms);
    if (inquiry->entry == NULL) {
        end_refused(inquiry, REFUSED_sign_in_busy);
        return;
    }
    inquiry->step = STEP_PROVIDER;
    inquiry->seen = catalog_seen(inquiry->entry);
    go_on_with_provider(inquiry, now_ms);
}
