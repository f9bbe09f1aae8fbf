/* service.h: the ledger behind its sockets: frames in, answers out. One writer thread drains whatever commands wait
 * into one group; a second thread answers what only reads (and seals secrets), so that no reader holds a writer up.
 * Used by main.c. */
#ifndef OPENPOST_LEDGER_SERVICE_H
#define OPENPOST_LEDGER_SERVICE_H

#include "core/admission.h"
#include "core/ledger/ledger.h"
#include "core/message/access.h"
#include "core/template.h"
#include "core/vault/vault.h"
#include "core/wire/party.h"

/* Who asks, once its frame is authentic. */
struct asker {
    enum party party; /* one of our own processes; PARTY_NONE: another program: */
    struct id key_id;
    struct id workspace_id;
    struct grant
        grant; /* without its accounts: who needs them reads them, with the transaction that they are asked in */
};

/* A question of kind FRAME_QUERY. txn: a read transaction of the views. */
struct question {
    struct log *log;
    struct store_txn *txn;
    struct vault *vault; /* of what people are called */
    const struct asker *asker;
    struct span name;
    struct span arguments;
    struct arena *arena;
    struct zones *zones; /* of the parts */
    const struct channel_list *channels;
    const uint8_t *cursor_key; /* FRAME_KEY_LEN bytes: what covers the places where lists go on */
    int64_t now_ms;
    struct id *named; /* for the answerer to write what it was asked for and did not find in the workspace */
};

/* What a post's author wrote, for judging whether it can be scheduled. */
struct written_post {
    uint64_t version;
    uint32_t status;       /* enum post_status */
    int64_t publish_at_ms; /* 0: none */
    struct channel_content content;
    const struct target_spec *targets;
    const int64_t *due_ms; /* of each; 0: it is not open */
    uint32_t target_count;
    struct id template_id;          /* that it was made from */
    struct id default_queue_of;     /* the account whose queue next_slot asks; none: each target's */
    struct placeholder_ref *blanks; /* what was left blank then */
    uint32_t blank_count;
    bool is_approved;
    struct hash approved_sha256; /* of what was approved */
};

/* A template, for making a post from it. */
struct known_template {
    uint64_t version;
    struct template_form form;
    struct label *labels;
    uint32_t label_count;
    struct pair *metadata;
    uint32_t metadata_count;
};

struct known_account {
    uint32_t channel;
    bool was_connected; /* once at least: it stays where it is */
    struct span service;
    struct id vault_id;         /* its credentials; absent: none */
    struct id connect_vault_id; /* those that are being tried; likewise */
};

struct known_key {
    struct span name;
    bool revoked;
};

/* What the composition root knows and the ledger does not. */
struct service_parts {
    struct projection_list projections;
    struct zones *zones;        /* opened before the process confines itself: no file can be opened later */
    struct admission admission; /* what other programs' commands are held to */
    /* Appends the answer to out. *ret_refusal: why not. ERR_NO_SPACE: out is too small. ERR_BUSY: it needs a checkpoint
     * of the log's head: asked again once that is signed. */
    enum err (*answer)(const struct question *question, enum refusal *ret_refusal, struct buf *out);
    /* Finds another program's API key by the first 16 bytes of its fingerprint, and who it is: neither says that the
     * asker has the key. ERR_NOT_FOUND, ERR_AUTH: revoked or expired. */
    enum err (*principal)(struct store_txn *txn, const uint8_t name[16], int64_t now_ms, struct asker *ret_asker);
    /* Reads a post that is there for the asker; its texts borrow from txn and arena. ERR_NOT_FOUND. */
    enum err (*post)(struct store_txn *txn, const struct asker *asker, const struct id *post_id, struct arena *arena,
                     struct written_post *ret_post);
    /* Reads a template that is there for the asker; likewise. ERR_NOT_FOUND. */
    enum err (*template)(struct store_txn *txn, const struct asker *asker, const struct id *template_id,
                         struct arena *arena, struct known_template *ret_template);
    /* Tells which version a series has that is there for the asker and goes on. ERR_NOT_FOUND. */
    enum err (*series)(struct store_txn *txn, const struct asker *asker, const struct id *series_id,
                       struct arena *arena, uint64_t *ret_version);
    /* Reads an account that is there for the asker, connected or not: where it lives. ERR_NOT_FOUND. */
    enum err (*account)(struct store_txn *txn, const struct asker *asker, const struct id *integration_id,
                        struct arena *arena, struct known_account *ret_account);
    /* Reads an API key of the workspace. ERR_NOT_FOUND. */
    enum err (*key)(struct store_txn *txn, const struct id *workspace_id, const struct id *key_id, struct arena *arena,
                    struct known_key *ret_key);
    /* Tells whether a key or invitation, whosever and good or not, is found by what the fingerprint begins with. */
    enum err (*is_fingerprint)(struct store_txn *txn, const uint8_t fingerprint[32], bool *ret_is_one);
};

struct service_options {
    struct ledger *ledger;
    struct log *log;
    struct store *views;
    struct vault *vault;
    const struct service_parts *parts;
    struct id installation_id;
    uint8_t secret[FRAME_KEY_LEN];
    const char *url;          /* for our own processes */
    const char *programs_url; /* for other programs; NULL: none */
    const char *publish_url;  /* wake-ups; NULL: none */
    int64_t apart_ms;         /* what the wall clock was ahead of the boot clock when it was last trusted */
    /* Called on the writer's thread when another difference is trusted; may be NULL. */
    void (*clock_trusted)(void *context, int64_t apart_ms);
    /* Called on the reader's thread, once, when an event of the log is not as it was written; may be NULL. */
    void (*log_altered)(void *context, uint64_t position);
    bool views_made; /* at this start, from the log: nobody may doubt them again at once */
};

struct service;

/* service_open listens and serves on threads of its own until service_close, which answers what was taken and stops.
 * context: of broken, clock_trusted and log_altered.
 * broken: called on the writer's thread after an error that nobody may survive: the process must exit. ERR_ALTERED: the
 * views cannot be what was written, as the writer, the reader or another process that reads them found. ERR_IO: also
 * when the log is no longer in its place. */
typedef void service_broken(void *context, enum err err);
enum err service_open(const struct service_options *options, service_broken *broken, void *context,
                      struct service **ret_service) MUST_USE;
void service_close(struct service *service);
OWNED_BY(service_close, struct service *);

#endif
