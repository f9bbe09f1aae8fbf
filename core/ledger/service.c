/* service.c: sockets, frames and who is behind them. A frame that is not authentic never gets beyond this file. */
#include "core/ledger/service_state.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/base/version.h"
#include "core/decider/aggregate.h"
#include "core/message/codec.h"
#include "core/wire/client.h"
#include "core/wire/tag_key.h"

static void work_queue_put(struct work_queue *queue, struct work *work)
{
    work->next = NULL;
    *queue->last = work;
    queue->last = &work->next;
}

void service_queue_read(struct work *work)
{
    struct service *service = work->door->service;
    work_queue_put(work->door->own ? &service->reads : &service->program_reads, work);
    (void)pthread_cond_signal(&service->reads_wake);
}

void service_reply(struct work *work, uint8_t kind, struct span body)
{
    struct frame reply = work->frame;
    reply.kind = kind;
    reply.body = body;
    memcpy(reply.challenge, work->door->service->challenge, sizeof reply.challenge);
    const size_t cap = body.len + FRAME_OVERHEAD_MAX;
    uint8_t small[4096];
    uint8_t *bytes = cap <= sizeof small ? small : malloc(cap);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : cap);
    struct endpoint_request *request = work->request;
    if (bytes == NULL || frame_write(work->key, &reply, &out) != OK) {
        endpoint_drop(request);
    } else {
        endpoint_reply(request, buf_span(&out));
    }
    if (bytes != small) {
        free(bytes);
    }
}

void service_refuse(struct work *work, enum refusal refusal)
{
    uint8_t bytes[128];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_code_put(&body, refusal);
    ASSERT(buf_ok(&body));
    atomic_fetch_add(&work->door->service->refused_frames, 1);
    service_reply(work, FRAME_REFUSED, buf_span(&body));
}

/* The sender is unknown to us: it gets its answer without a tag, which proves nothing to it. */
static void refuse_stranger(struct work *work, enum refusal refusal)
{
    uint8_t bytes[128];
    uint8_t out_bytes[512];
    struct buf body = buf_of(bytes, sizeof bytes);
    struct buf out = buf_of(out_bytes, sizeof out_bytes);
    body_code_put(&body, refusal);
    struct frame reply = work->frame;
    reply.kind = FRAME_REFUSED;
    reply.body = buf_span(&body);
    atomic_fetch_add(&work->door->service->refused_frames, 1);
    if (frame_write(NULL, &reply, &out) != OK) {
        endpoint_drop(work->request);
    } else {
        endpoint_reply(work->request, buf_span(&out));
    }
}

/* Makes work->key that of the asker's API key, out of the vault: nothing that the log or the views hold makes a tag.
 * What the slot was used with last is kept in it; a key that is revoked does not get here. */
static enum refusal take_tag_key(struct work *work)
{
    const struct id *key_id = &work->asker.key_id;
    if (id_equal(&work->key_of, key_id)) {
        return ACCEPTED;
    }
    uint8_t bytes[TAG_KEY_LEN];
    struct buf tag_key = buf_of(bytes, sizeof bytes);
    const enum err err = vault_get(work->door->service->options.vault, key_id, &tag_key);
    const bool found = err == OK && tag_key.len == TAG_KEY_LEN;
    if (found) {
        frame_key_set(work->key, bytes);
        work->key_of = *key_id;
    }
    explicit_bzero(bytes, sizeof bytes);
    if (found) {
        return ACCEPTED;
    }
    return err == OK || err == ERR_NOT_FOUND || err == ERR_AUTH ? REFUSED_key_not_in_vault : REFUSED_unavailable;
}

static enum refusal identify_party(struct work *work)
{
    const struct party_keys *parties = work->door->service->parties;
    for (enum party party = PARTY_OPERATOR; party < PARTY_COUNT; party++) {
        if (memcmp(work->frame.key_name, parties[party].name, sizeof parties[party].name) == 0) {
            if (work->party_of != party) {
                frame_key_set(work->key, parties[party].tag_key);
                work->party_of = party;
            }
            work->asker.party = party;
            return ACCEPTED;
        }
    }
    return REFUSED_frame_unauthenticated;
}

/* Finds whose the frame claims to be and makes work->key theirs; whether it is theirs tells its tag. */
static enum refusal identify(struct work *work)
{
    const struct service_options *options = &work->door->service->options;
    work->asker = (struct asker){.party = PARTY_NONE};
    if (!work->frame.has_key_name) {
        return REFUSED_frame_unauthenticated;
    }
    if (work->door->own) {
        return identify_party(work);
    }
    OWNED(store_abort) struct store_txn *txn = NULL;
    if (store_begin(options->views, false, &txn) != OK) {
        return REFUSED_unavailable;
    }
    if (options->parts->principal(txn, work->frame.key_name, clock_wall_ms(), &work->asker) != OK) {
        return REFUSED_frame_unauthenticated;
    }
    work->asker.party = PARTY_NONE;
    return take_tag_key(work);
}

static void welcome(struct work *work)
{
    struct service *service = work->door->service;
    uint8_t bytes[256];
    struct buf body = buf_of(bytes, sizeof bytes);
    struct welcome say = {.epoch = service->epoch,
                          .head = work->door->own ? atomic_load(&service->head) : 0, /* not a tenant's business */
                          .time_ms = clock_wall_ms(),
                          .release = SPAN(OPENPOST_VERSION)};
    memcpy(say.challenge, service->challenge, sizeof say.challenge);
    body_welcome_put(&body, &say);
    ASSERT(buf_ok(&body));
    service_reply(work, FRAME_WELCOME, buf_span(&body));
}

/* A target's id is no sender's choice (id_derive): everybody could name another post's. */
static bool are_own(const struct id *owner, const struct target_spec *specs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct id own = id_derive(ID_TARGET, owner, &specs[i].integration_id);
        if (!id_equal(&specs[i].target_id, &own)) {
            return false;
        }
    }
    return true;
}

static bool targets_are_own(const struct command *command)
{
    const struct id owner = command_stream(command); /* a post, a series or a template */
    uint32_t count = 0;
    const struct target_spec *targets = command_targets(command, &count);
    return are_own(&owner, targets, count);
}

/* What is locked is sent as it is and proved by its hash: both come from outside, so they have to agree before a word
 * of them is in the log. */
static bool payloads_are_hashed(const struct command *command)
{
    const struct lock_post_command *lock = &command->lock_post;
    if (command->code != COMMAND_lock_post) {
        return true;
    }
    for (uint32_t i = 0; i < lock->targets_count; i++) {
        for (uint32_t j = 0; j < lock->targets[i].parts_count; j++) {
            const struct locked_part *part = &lock->targets[i].parts[j];
            uint8_t hash[SHA256_LEN];
            sha256(part->payload, hash);
            if (memcmp(part->payload_hash.bytes, hash, sizeof hash) != 0) {
                return false;
            }
        }
    }
    return true;
}

static void fill_workspace(struct id *named, const struct id *workspace_id)
{
    *named = id_is_none(named) ? *workspace_id : *named; /* it has only one */
}

/* A queue's id follows from its integration's: nobody has to know how. Every command of a queue begins with both. */
static void fill_queue(struct command *command)
{
    struct pause_queue_command *of = &command->pause_queue;
    if (command_aggregate(command->code) == ID_QUEUE && id_is_none(&of->queue_id)) {
        of->queue_id = id_queue(&of->integration_id);
    }
}

/* In its envelope and, where a command has a place for it, in its fields. What is absent is filled in. */
static bool names_workspace(struct command *command, const struct id *workspace_id)
{
    fill_workspace(&command->workspace_id, workspace_id);
    if (command->code == COMMAND_create_key) {
        fill_workspace(&command->create_key.workspace_id, workspace_id);
    } else if (command->code == COMMAND_invite_member) {
        fill_workspace(&command->invite_member.workspace_id, workspace_id);
    }
    const struct id named = command_workspace(command);
    return id_equal(&command->workspace_id, workspace_id) && id_equal(&named, workspace_id);
}

/* Whether an operator who is signed in wants it, and may want it; whether they are one is looked at when it is decided.
 */
static bool is_operators(const struct command *command)
{
    return command->actor == ACTOR_OPERATOR && command->actor_id.kind == ID_USER && access_operates(command->code);
}

/* What access allows; everything else about a command is the decider's. The gateway speaks for a key, a member or an
 * operator, the scheduler for itself, who has the data folder for all of them. */
static enum refusal check_access(const struct asker *asker, struct command *command)
{
    if (asker->party == PARTY_GATEWAY && is_operators(command)) {
        command->role = ROLE_NONE;
        return ACCEPTED;
    }
    if (!party_may_command(asker->party, command->code)) {
        return REFUSED_role_insufficient;
    }
    const enum need needed = access_need(command->code);
    switch (asker->party) {
    case PARTY_SCHEDULER:
        command->actor = ACTOR_SCHEDULER;
        return ACCEPTED;
    case PARTY_OPERATOR:
        if (command->actor != ACTOR_KEY && command->actor != ACTOR_MEMBER) {
            return ACCEPTED;
        }
        break;
    case PARTY_GATEWAY:
        if (needed == NEED_NOBODY) { /* for itself, of nobody's will */
            command->actor = ACTOR_SYSTEM;
            return ACCEPTED;
        }
        if (command->actor != ACTOR_KEY && command->actor != ACTOR_MEMBER) {
            return REFUSED_role_insufficient;
        }
        break;
    case PARTY_NONE:
        command->actor = ACTOR_KEY;
        command->actor_id = asker->key_id;
        command->role = asker->grant.role;
        command->causation = 0;
        fill_queue(command);
        if (!names_workspace(command, &asker->workspace_id)) {
            return REFUSED_not_found;
        }
        return targets_are_own(command) ? access_command(&asker->grant, command->code) : REFUSED_command_invalid;
    case PARTY_LEDGER:
    case PARTY_COUNT:
        ASSERT(false); /* party_may_command */
    }
    /* the envelope says the role alone: a member's permissions are looked at when it is decided (desk_actor.c) */
    const struct grant grant = {.role = command->role, .permissions = UINT32_MAX};
    return access_allows(&grant, needed) ? ACCEPTED : REFUSED_role_insufficient;
}

/* What else holds for another program, whom no gateway has judged. */
static enum refusal check_program(struct work *work, struct decoded *wish)
{
    const struct service_options *options = &work->door->service->options;
    OWNED(store_abort) struct store_txn *txn = NULL;
    if (store_begin(options->views, false, &txn) != OK) {
        return REFUSED_unavailable;
    }
    const int64_t now_ms = clock_wall_ms();
    const enum refusal refusal =
        service_admit(options->parts, txn, &work->asker, &wish->command, now_ms, &work->arena, &wish->fault);
    return refusal == ACCEPTED ? service_admit_named(work, txn, &wish->command, now_ms, &wish->fault) : refusal;
}

/* Makes an Idempotency-Key's scope the asker's own: what a program sends is any 32 bytes, another's scope for
 * instance. Without one, what the command says is the digest that its id stands for. */
static void bind_scope(const struct asker *asker, struct span command, struct idempotency *idempotency)
{
    if (!idempotency->present) {
        idempotency->present = true;
        sha256(command, idempotency->body);
        return;
    }
    uint8_t bytes[sizeof asker->key_id + sizeof idempotency->scope];
    memcpy(bytes, &asker->key_id, sizeof asker->key_id);
    memcpy(bytes + sizeof asker->key_id, idempotency->scope, sizeof idempotency->scope);
    sha256(span_of(bytes, sizeof bytes), idempotency->scope);
}

/* Why a command cannot be read: what is missing of another program's may be there in another spelling. */
static enum refusal blame_bytes(struct work *work, enum err err, struct decoded *wish)
{
    const struct given_name *unknown = &wish->command.misgiven.unknown;
    return err == ERR_MISSING && !work->door->own && unknown->record != NULL
               ? service_admit_name(unknown, &work->arena, &wish->fault)
               : REFUSED_command_invalid;
}

/* Decodes a frame's commands here, on one of the socket library's threads: the writer has enough to do. A command that
 * cannot be read spoils no other; where the list itself cannot, that is true of all that follow. */
static bool decode_commands(struct work *work)
{
    struct body_list list;
    if (body_commands_read(work->frame.body, &list) != OK) {
        return false;
    }
    if (work->arena.total > WORK_MEMORY_KEPT) {
        arena_done(&work->arena); /* one large frame is no reason to hold on to so much */
    }
    arena_reset(&work->arena);
    work->count = list.left;
    work->commands = arena_alloc(&work->arena, (work->count + 1) * sizeof *work->commands);
    if (work->commands == NULL) {
        return false;
    }
    bool readable = true;
    for (uint32_t i = 0; i < work->count; i++) {
        struct decoded *wish = &work->commands[i];
        struct span bytes;
        readable = readable && body_command_next(&list, &bytes, &wish->idempotency) == OK;
        const enum err err = readable ? command_decode(bytes, &work->arena, &wish->command) : ERR_MALFORMED;
        if (!readable) {
            wish->refusal = REFUSED_frame_invalid;
        } else if (err != OK) {
            wish->refusal = blame_bytes(work, err, wish);
        } else {
            wish->refusal = check_access(&work->asker, &wish->command);
            if (wish->refusal == ACCEPTED && !payloads_are_hashed(&wish->command)) {
                wish->refusal = REFUSED_command_invalid;
            }
            if (wish->refusal == ACCEPTED && !work->door->own) {
                bind_scope(&work->asker, bytes, &wish->idempotency);
                wish->refusal = check_program(work, wish);
            }
        }
    }
    return true;
}

static void enqueue(struct work *work)
{
    struct service *service = work->door->service;
    (void)pthread_mutex_lock(&service->mutex);
    const bool stopping = service->stopping;
    if (!stopping && work->frame.kind == FRAME_COMMANDS) {
        work_queue_put(&service->commands, work);
        (void)pthread_cond_signal(&service->commands_wake);
    } else if (!stopping) {
        service_queue_read(work);
    }
    (void)pthread_mutex_unlock(&service->mutex);
    if (stopping) {
        endpoint_drop(work->request);
    }
}

/* On a thread of the socket's library: look, decide whose it is, hand over. */
static void handle(void *context, struct endpoint_request *request)
{
    struct door *door = context;
    struct work *work = &door->works[endpoint_slot(request)];
    const struct span bytes = endpoint_bytes(request);
    work->request = request;
    work->frame = (struct frame){0};
    if (frame_read(bytes, &work->frame) != OK) {
        atomic_fetch_add(&door->service->refused_frames, 1);
        refuse_stranger(work, REFUSED_frame_invalid);
        return;
    }
    const enum refusal refusal = identify(work);
    if (refusal != ACCEPTED || !frame_check(work->key, bytes)) {
        if (refusal == ACCEPTED || refusal == REFUSED_frame_unauthenticated) {
            work->asker = (struct asker){.party = PARTY_NONE}; /* whoever it says it is */
            service_note_refused(work, REFUSED_frame_unauthenticated, NULL, ID_NONE);
        }
        refuse_stranger(work, refusal != ACCEPTED ? refusal : REFUSED_frame_unauthenticated);
        return;
    }
    endpoint_trust(request, &work->asker.workspace_id);
    if (work->frame.kind == FRAME_HELLO || memcmp(work->frame.challenge, door->service->challenge, FRAME_ID_LEN) != 0) {
        welcome(work); /* not acted upon: it may be a repetition of yesterday's */
        return;
    }
    if (!door->own) {
        uses_note(&door->service->uses, &work->asker.key_id, clock_wall_ms());
    }
    if (work->frame.kind >= FRAME_KIND_END || !party_may_ask(work->asker.party, work->frame.kind)) {
        service_refuse(work, work->frame.kind >= FRAME_KIND_END ? REFUSED_frame_invalid : REFUSED_role_insufficient);
        return;
    }
    if (work->frame.kind == FRAME_COMMANDS && !decode_commands(work)) {
        service_refuse(work, REFUSED_frame_invalid);
        return;
    }
    enqueue(work);
}

static enum err door_open(struct service *service, struct door *door, const char *url, unsigned contexts, bool own)
{
    door->service = service;
    door->own = own;
    door->works = calloc(contexts, sizeof *door->works);
    if (door->works == NULL) {
        return ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < contexts; i++) {
        door->works[i].door = door;
        arena_init(&door->works[i].arena, WORK_MEMORY_MAX);
        door->works[i].party_of = PARTY_OPERATOR;
        TRY(frame_key_new(service->parties[PARTY_OPERATOR].tag_key, &door->works[i].key));
    }
    const struct endpoint_options options = {.url = url,
                                             .contexts = contexts,
                                             .per_connection = own ? contexts : PROGRAM_FLIGHTS,
                                             .per_holder = own ? contexts : PROGRAM_FLIGHTS,
                                             .frame_max = FRAME_BYTES_MAX,
                                             .handle = handle,
                                             .context = door};
    struct endpoint *endpoint = NULL;
    TRY(endpoint_open(&options, &endpoint)); /* from here on it is asked, also by the reader's thread about itself */
    (void)pthread_mutex_lock(&service->mutex);
    door->endpoint = endpoint;
    (void)pthread_mutex_unlock(&service->mutex);
    return OK;
}

static void door_close(struct door *door, unsigned contexts)
{
    endpoint_close(door->endpoint);
    for (unsigned i = 0; door->works != NULL && i < contexts; i++) {
        frame_key_free(door->works[i].key);
        arena_done(&door->works[i].arena);
    }
    free(door->works);
}

static void derive_keys(struct service *service)
{
    for (enum party party = PARTY_OPERATOR; party < PARTY_COUNT; party++) {
        struct party_keys *keys = &service->parties[party];
        uint8_t fingerprint[SHA256_LEN];
        party_key(service->options.secret, party, keys->tag_key);
        client_transport_key(keys->tag_key, keys->transport_key);
        tag_key_fingerprint(keys->tag_key, fingerprint);
        memcpy(keys->name, fingerprint, sizeof keys->name);
    }
    uint8_t identity[FRAME_KEY_LEN];
    identity_key(service->options.secret, identity);
    cursor_key(service->options.secret, service->cursor_key);
    identity_box_key(identity, service->identity_box_key);
    explicit_bzero(identity, sizeof identity);
    explicit_bzero(service->options.secret, sizeof service->options.secret);
}

static enum err open_parts(struct service *service)
{
    const struct service_options *options = &service->options;
    uint8_t *out = malloc(READ_OUT_BYTES);
    if (out == NULL) {
        return ERR_NO_MEMORY;
    }
    service->read_out = buf_of(out, READ_OUT_BYTES);
    TRY(frame_key_new(service->parties[PARTY_SCHEDULER].tag_key, &service->wake_key));
    if (options->publish_url != NULL) {
        TRY(publisher_open(options->publish_url, &service->publisher));
    }
    service->writer_runs = pthread_create(&service->writer, NULL, service_write, service) == 0;
    service->reader_runs = pthread_create(&service->reader, NULL, service_read, service) == 0;
    if (!service->writer_runs || !service->reader_runs) {
        return ERR_NO_MEMORY;
    }
    TRY(door_open(service, &service->own, options->url, OWN_CONTEXTS, true));
    return options->programs_url == NULL
               ? OK
               : door_open(service, &service->programs, options->programs_url, PROGRAM_CONTEXTS, false);
}

enum err service_open(const struct service_options *options, service_broken *broken, void *context,
                      struct service **ret_service)
{
    struct service *service = calloc(1, sizeof *service);
    uint64_t seed = 0;
    if (service == NULL) {
        return ERR_NO_MEMORY;
    }
    service->options = *options;
    service->broken = broken;
    service->broken_context = context;
    refusals_init(&service->refusals);
    random_fill(&seed, sizeof seed);
    uses_init(&service->uses, seed);
    service->commands.last = &service->commands.first;
    service->reads.last = &service->reads.first;
    service->program_reads.last = &service->program_reads.first;
    service->epoch = ledger_epoch(options->ledger);
    atomic_store(&service->head, ledger_head(options->ledger));
    service->opened_ms = clock_boot_ms();
    atomic_store(&service->ticked_ms, service->opened_ms);
    arena_init(&service->arena, (size_t)256 << 20);
    arena_init(&service->read_arena, (size_t)64 << 20);
    random_fill(service->challenge, sizeof service->challenge);
    const int64_t boot_ms = clock_boot_ms();
    clock_watch_begin(&service->clock_watch, boot_ms + options->apart_ms, boot_ms);
    (void)pthread_mutex_init(&service->mutex, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&service->commands_wake, &attributes);
    (void)pthread_cond_init(&service->reads_wake, &attributes);
    derive_keys(service);
    service->sealed = sealed_new();
    const enum err err = service->sealed == NULL ? ERR_NO_MEMORY : open_parts(service);
    if (err != OK) {
        service_close(service);
        return err;
    }
    *ret_service = service;
    return OK;
}

void service_close(struct service *service)
{
    if (service == NULL) {
        return;
    }
    if (service->own.endpoint != NULL) {
        endpoint_stop(service->own.endpoint);
    }
    if (service->programs.endpoint != NULL) {
        endpoint_stop(service->programs.endpoint);
    }
    (void)pthread_mutex_lock(&service->mutex);
    service->stopping = true;
    (void)pthread_cond_signal(&service->commands_wake);
    (void)pthread_cond_signal(&service->reads_wake);
    (void)pthread_mutex_unlock(&service->mutex);
    if (service->writer_runs) {
        (void)pthread_join(service->writer, NULL);
    }
    if (service->reader_runs) {
        (void)pthread_join(service->reader, NULL);
    }
    while (service->unsigned_reads != NULL) {
        struct work *work = service->unsigned_reads;
        service->unsigned_reads = work->next;
        endpoint_drop(work->request);
    }
    door_close(&service->own, OWN_CONTEXTS);
    door_close(&service->programs, PROGRAM_CONTEXTS);
    refusals_done(&service->refusals);
    uses_done(&service->uses);
    sealed_free(service->sealed);
    publisher_close(service->publisher);
    frame_key_free(service->wake_key);
    arena_done(&service->arena);
    arena_done(&service->read_arena);
    free(service->read_out.data);
    (void)pthread_cond_destroy(&service->commands_wake);
    (void)pthread_cond_destroy(&service->reads_wake);
    (void)pthread_mutex_destroy(&service->mutex);
    explicit_bzero(service->parties, sizeof service->parties);
    free(service);
}
