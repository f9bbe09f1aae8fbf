/* openpost.h: libopenpost: another program's way to an OpenPost on the same machine, over its RPC. Link with -lopenpost
 * (pkg-config openpost).
 *
 * A program has an API key, and with it a workspace and a role: it can do what that role may. A key may keep but parts
 * of its role, the rest is refused as scope_insufficient, or a few accounts: others, and posts that go to one of them,
 * are not there for it. Everything blocks, up to the time allowed; one connection may be used by several threads.
 * Nothing here needs a running connection: it is made when there is something to ask, and again when it is lost.
 *
 * Texts are UTF-8 and end with a NUL. Instants are milliseconds since 1970 in UTC. Ids look like
 * post_01h455vb4pex5vsknk084sn02q. The key never travels: frames are authenticated with its SHA-256, both ways, which
 * is as secret as the key (what an auditor's view shows of a key is that one's SHA-256). What is said is not encrypted,
 * but for passwords, keys and addresses, which are: tcp://127.0.0.1 only. */
#ifndef OPENPOST_OPENPOST_H
#define OPENPOST_OPENPOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OPENPOST_ID_SIZE 40 /* bytes, with the NUL */
#define OPENPOST_CODE_SIZE 64
#define OPENPOST_PARAM_SIZE 128
#define OPENPOST_DETAIL_SIZE 256
#define OPENPOST_KEY_SIZE 72   /* bytes of an API key's text, with the NUL */
#define OPENPOST_TOKEN_SIZE 44 /* of an invitation's token */

/* How a call went. OPENPOST_UNKNOWN: no answer came in time, and nobody knows whether it was done: ask again with the
 * same idempotency key. */
enum openpost_status {
    OPENPOST_OK = 0,
    OPENPOST_REFUSED = 1, /* the answer says why */
    OPENPOST_UNKNOWN = 2,
    OPENPOST_UNAUTHENTICATED = 3, /* the key is not known, or something else listens at that address */
    OPENPOST_INVALID = 4,         /* an argument is: not an id, not UTF-8, too long … */
    OPENPOST_NO_MEMORY = 5,
    OPENPOST_TOO_SMALL = 6,        /* the caller's buffer is */
    OPENPOST_FAILED = 7,           /* anything else, e.g. a ledger of another version */
    OPENPOST_KEY_NOT_IN_VAULT = 8, /* the ledger cannot check what this key says; make another (openpost key) */
    OPENPOST_UNREACHED = 9         /* nobody listened there in time: nothing was sent, nothing was done */
};

/* One sentence for people. */
const char *openpost_status_sentence(enum openpost_status status);

struct openpost;

/* openpost_open prepares a connection to url ("tcp://127.0.0.1:PORT", what openpost serve prints behind "rpc:"; its
 * option --rpc chooses it) with an API key ("op_…"). openpost_close ends it; accepts NULL. */
enum openpost_status openpost_open(const char *url, const char *api_key, struct openpost **ret_connection);
void openpost_close(struct openpost *connection);

/* What a call got; written when it returns OPENPOST_OK or OPENPOST_REFUSED, else left as it was. What is about a thing
 * is 0 or "" where the call was not. Refused, nothing was changed. */
struct openpost_answer {
    char code[OPENPOST_CODE_SIZE]; /* "" when accepted, else a stable word: post_locked, not_found …, as over HTTP; of a
                                      newer OpenPost one that is not known here is unavailable */
    const char *sentence;          /* what the code means, for people; "" when accepted. Static */
    char id[OPENPOST_ID_SIZE];     /* of the post, key, account or member; a refused create's names nothing */
    uint64_t workspace_seq;        /* of the last event that it caused; 0: none */
    uint64_t version;              /* of that, afterwards */
    int repeated;                  /* it was done before: this is the first answer again */
};

/* Which value of what a call said was refused, as over HTTP; "" both: it was not for a value of its own. */
struct openpost_fault {
    char param[OPENPOST_PARAM_SIZE];   /* a JSON pointer into the body that HTTP would take: /targets/0/variant */
    char detail[OPENPOST_DETAIL_SIZE]; /* what would do, in a sentence for people */
};

/* openpost_fault tells that of the connection's last call that changed something or was refused to, and got an answer.
 Threads that share a connection share it: who wants its own has a connection of its own. */
void openpost_fault(struct openpost *connection, struct openpost_fault *ret_fault);

struct openpost_target {
    const char *integration_id;
    const char *channel;  /* "bluesky", "x" … */
    int64_t at_ms;        /* its own instant; 0: the post's */
    const char *variant;  /* JSON object: what of text, parts, link and first_comment is another here; NULL: nothing */
    const char *settings; /* JSON object: the channel's own (platform_settings over HTTP); NULL: none */
};

struct openpost_pair {
    const char *name;
    const char *value;
};

/* What a post says and where it goes. Borrowed for the call. All zero: an empty draft. */
struct openpost_post {
    const char *const *parts; /* one text, or several: a thread; at most 25 */
    size_t part_count;
    const char *link;                      /* shown as a card; NULL: none */
    const char *first_comment;             /* NULL: none */
    const struct openpost_target *targets; /* at most 50, an integration once */
    size_t target_count;
    int64_t at_ms;             /* publish then; 0: keep it as a draft */
    const char *timezone;      /* its own IANA zone; NULL: the workspace's */
    int64_t not_after_ms;      /* it is never sent later; 0: no such instant */
    const char *const *labels; /* at most 20 */
    size_t label_count;
    const struct openpost_pair *metadata; /* opaque to OpenPost; at most 20, a name once */
    size_t metadata_count;
    int next_slot; /* not 0: each target's instant is the next of its account's queue that is not filled; at_ms is 0 */
    const char *template_id; /* the text is a template's, with these values: parts, link and first_comment are none. The
                                targets are those named here; labels and metadata are its own, where none are named */
    const struct openpost_pair *values; /* of its placeholders; what has none, and no default, is left blank, and the
                                           post is not scheduled before an edit has filled it in; at most 20 */
    size_t value_count;
};

/* openpost_create_post writes a post. idempotency_key (1 to 255 printable ASCII characters, NULL: none): the same key
 * again gets the first answer instead of a second post, for 30 days; with another post it is refused.
 * openpost_schedule_post: at_ms 0: at once; openpost_schedule_next_slot: as next_slot says. openpost_swap_targets lets
 * two targets change places: each has the other's instant. openpost_cancel_post cancels every target that still can be.
 */
enum openpost_status openpost_create_post(struct openpost *connection, const struct openpost_post *post,
                                          const char *idempotency_key, int timeout_ms,
                                          struct openpost_answer *ret_answer);
enum openpost_status openpost_schedule_post(struct openpost *connection, const char *post_id, int64_t at_ms,
                                            int timeout_ms, struct openpost_answer *ret_answer);
enum openpost_status openpost_schedule_next_slot(struct openpost *connection, const char *post_id, int timeout_ms,
                                                 struct openpost_answer *ret_answer);
enum openpost_status openpost_swap_targets(struct openpost *connection, const char *post_id, const char *target_id,
                                           const char *other_post_id, const char *other_target_id, int timeout_ms,
                                           struct openpost_answer *ret_answer);
enum openpost_status openpost_cancel_post(struct openpost *connection, const char *post_id, int timeout_ms,
                                          struct openpost_answer *ret_answer);

/* openpost_edit_post replaces all that the post says by what post does: unlike PATCH over HTTP, what is left out is
 * gone. version is the one that was read (an answer's, or openpost_get_post's): refused as version_mismatch when there
 * is a later one by now. A target of an integration that the post had keeps its id. post has neither at_ms nor
 * next_slot (openpost_schedule_post moves it), nor a template. A scheduled post stays scheduled, is refused what could
 * not be scheduled, and any edit from 300 s before its instant on (post_locked). After OPENPOST_UNKNOWN read the post
 * before editing again: its version says whether it was done. */
enum openpost_status openpost_edit_post(struct openpost *connection, const char *post_id, uint64_t version,
                                        const struct openpost_post *post, int timeout_ms,
                                        struct openpost_answer *ret_answer);

/* openpost_retry_post sends again what was locked of every failed or missed target, at_ms 0: at once. Refused as
 * post_not_finished when there is none, so is a second call while what the first sent is under way; as post_finished
 * when all of it went out or was cancelled, or was never locked: nobody approved it, say. */
enum openpost_status openpost_retry_post(struct openpost *connection, const char *post_id, int64_t at_ms,
                                         int timeout_ms, struct openpost_answer *ret_answer);

/* What a person found of a target whose outcome nobody knows. */
enum openpost_found {
    OPENPOST_FOUND_PUBLISHED = 1, /* it is there: url says where */
    OPENPOST_FOUND_ABSENT = 2,    /* it is not there: retry says whether to send it again */
    OPENPOST_FOUND_ABANDONED = 3  /* nobody will look: it counts as failed */
};

struct openpost_resolution {
    enum openpost_found found;
    const char *url; /* published: absolute, http or https, at most 2,048 bytes; else NULL */
    int retry;       /* absent: not 0: send it again; else 0 */
};

/* openpost_resolve_target settles one target of a post; its id is in openpost_get_post's targets. Refused as
 * target_not_unknown when the outcome is known, as resolution_invalid when url or retry do not go with what was found.
 */
enum openpost_status openpost_resolve_target(struct openpost *connection, const char *post_id, const char *target_id,
                                             const struct openpost_resolution *resolution, int timeout_ms,
                                             struct openpost_answer *ret_answer);

/* openpost_approve_post approves what will be sent, in a workspace whose posts somebody looks at first. content_sha256
 * is what was looked at: approval.content_sha256 of openpost_get_post; refused as approval_stale when that has changed
 * since, as approver_is_writer or approver_unknown where four eyes have to look. */
enum openpost_status openpost_approve_post(struct openpost *connection, const char *post_id, const char *content_sha256,
                                           int timeout_ms, struct openpost_answer *ret_answer);

/* A time of every week at which an account's queue publishes. */
struct openpost_slot {
    const char *weekday; /* "monday" … */
    unsigned hour;       /* 0 to 23, by the clocks of the queue's zone */
    unsigned minute;
};

struct openpost_queue {
    const char *timezone;              /* its own IANA zone; NULL: the workspace's */
    const struct openpost_slot *slots; /* all of them: at most 168, a time of the week once */
    size_t slot_count;
};

/* openpost_change_queue gives an account's queue another zone and other slots; what is scheduled stays where it is.
 * openpost_pause_queue starts nothing of what is scheduled to the account until openpost_resume_queue. The answer's id
 * is the queue's. */
enum openpost_status openpost_change_queue(struct openpost *connection, const char *integration_id,
                                           const struct openpost_queue *queue, int timeout_ms,
                                           struct openpost_answer *ret_answer);
enum openpost_status openpost_pause_queue(struct openpost *connection, const char *integration_id, int timeout_ms,
                                          struct openpost_answer *ret_answer);
enum openpost_status openpost_resume_queue(struct openpost *connection, const char *integration_id, int timeout_ms,
                                           struct openpost_answer *ret_answer);

/* When a series' posts are published: by the clocks of a zone, whatever daylight saving does. */
struct openpost_series {
    const char *frequency;       /* "daily", "weekly" or "monthly" */
    unsigned every;              /* every so many days, weeks or months; 0: 1 */
    const char *const *weekdays; /* weekly: on these days; none: the start's. With month_week: the one day */
    size_t weekday_count;
    unsigned month_day;     /* monthly: on this day, the last of a shorter month; 0: the start's, or month_week */
    const char *month_week; /* monthly: "first" … "fourth" or "last": which such weekday of the month; NULL: none */
    const char *time;       /* "09:30" */
    const char *timezone;   /* IANA: "Europe/Berlin" */
    const char *start;      /* the first local date that may have a post: "2026-04-20" */
    const char *until;      /* the last one; NULL: without end */
    unsigned times;         /* so many in all, by the calendar; 0: no such number; not with until */
};

/* openpost_create_series makes posts that repeat: an ordinary one for each date of the rule, 60 days ahead. post says
 * what each of them says and where it goes; it has no instant, zone or not_after_ms of its own, and names no template.
 * idempotency_key as openpost_create_post has it. openpost_change_series replaces rule and content of the version that
 * was read, as openpost_edit_post does; posts that were made and neither locked nor touched by hand follow.
 * openpost_pause_series makes nothing more and cancels such posts until openpost_resume_series makes them anew.
 * openpost_end_series ends it for ever; keep not 0: what was made goes out. */
enum openpost_status openpost_create_series(struct openpost *connection, const struct openpost_series *series,
                                            const struct openpost_post *post, const char *idempotency_key,
                                            int timeout_ms, struct openpost_answer *ret_answer);
enum openpost_status openpost_change_series(struct openpost *connection, const char *series_id, uint64_t version,
                                            const struct openpost_series *series, const struct openpost_post *post,
                                            int timeout_ms, struct openpost_answer *ret_answer);
enum openpost_status openpost_pause_series(struct openpost *connection, const char *series_id, int timeout_ms,
                                           struct openpost_answer *ret_answer);
enum openpost_status openpost_resume_series(struct openpost *connection, const char *series_id, int timeout_ms,
                                            struct openpost_answer *ret_answer);
enum openpost_status openpost_end_series(struct openpost *connection, const char *series_id, int keep, int timeout_ms,
                                         struct openpost_answer *ret_answer);

/* A blank of a template: {{name}} in its texts. */
struct openpost_placeholder {
    const char *name;        /* [a-z0-9_]{1,32} */
    const char *preset;      /* stands there when no value is given; NULL: none */
    int optional;            /* not 0: without a value nothing stands there; else it stays blank */
    const char *description; /* for people; NULL: none */
};

struct openpost_template {
    const char *name; /* for people */
    const struct openpost_placeholder *placeholders;
    size_t placeholder_count;         /* at most 20 */
    const struct openpost_post *post; /* what its posts say, and where they go by default; as a series' */
};

/* openpost_create_template makes a reusable post; openpost_create_post with its template_id writes a post from it.
 * openpost_change_template replaces all of it, likewise; posts that were made from it stay as they are, also after
 * openpost_delete_template. */
enum openpost_status openpost_create_template(struct openpost *connection,
                                              const struct openpost_template *post_template,
                                              const char *idempotency_key, int timeout_ms,
                                              struct openpost_answer *ret_answer);
enum openpost_status openpost_change_template(struct openpost *connection, const char *template_id, uint64_t version,
                                              const struct openpost_template *post_template, int timeout_ms,
                                              struct openpost_answer *ret_answer);
enum openpost_status openpost_delete_template(struct openpost *connection, const char *template_id, int timeout_ms,
                                              struct openpost_answer *ret_answer);

/* An argument of a question: a text (an id, words to search for), bytes (a cursor) where text is NULL, a number (a
 * limit, an instant) where both are. */
struct openpost_argument {
    const char *name;
    const char *text;
    const void *bytes;
    size_t bytes_len;
    uint64_t number;
};

/* openpost_ask asks any question of the RPC by name, with arguments that rpc-names.md names (at most 15); out gets the
 * JSON that HTTP's GET of the same thing has, with a NUL at its end: get_series, preview_queue, list_templates,
 * list_notifications, and list_posts with q: words to look for. An argument that the question does not take is refused
 * as parameter_unknown; out says which and what there is then: {"param":…,"detail":…}. ret_answer may be NULL. */
enum openpost_status openpost_ask(struct openpost *connection, const char *name,
                                  const struct openpost_argument *arguments, size_t count, int timeout_ms, char *out,
                                  size_t out_size, struct openpost_answer *ret_answer);

/* openpost_get_post writes the post as JSON, the same as GET /v1/posts/{id}, with a NUL at its end, into out.
 * openpost_query asks as openpost_ask does, with arguments that the caller has packed; the answer's length is in
 * *ret_len. ret_answer may be NULL. */
enum openpost_status openpost_get_post(struct openpost *connection, const char *post_id, int timeout_ms, char *out,
                                       size_t out_size, struct openpost_answer *ret_answer);
enum openpost_status openpost_query(struct openpost *connection, const char *name, const void *arguments,
                                    size_t arguments_len, int timeout_ms, char *out, size_t out_size, size_t *ret_len,
                                    struct openpost_answer *ret_answer);

/* Keys, accounts and members: what admins and owners do. What is secret of them goes to the ledger in a box of its own
 * (AES-256-GCM, under a key that is made of the API key's), before the command that names it; the log never has it.
 * timeout_ms is for each of the two. A name of a choice that there is not (role, scope, permission, channel) is
 * OPENPOST_INVALID. */

struct openpost_key {
    const char *name;          /* [a-z0-9-]{1,24}; several keys may have one */
    const char *role;          /* "owner", "admin", "editor", "viewer", "auditor": none above the connection's own */
    const char *const *scopes; /* what of its role it keeps: "posts:read" …; none: all */
    size_t scope_count;
    int restricted; /* not 0: it sees these accounts only, and posts that go nowhere else */
    const char *const *integration_ids;
    size_t integration_count;
    int64_t expires_ms;  /* 0: never; an auditor's ends within 366 days */
    const char *rotates; /* id of the key of the same name whose place it takes, for who looks at them; NULL: none */
};

/* openpost_make_key makes an API key. Its text is in key_text when it returns OPENPOST_OK, this once: nobody can tell
 * it again; else key_text is left as it was. After OPENPOST_UNKNOWN the key may exist, and nobody has its text: revoke
 * what list_keys shows. To rotate one: make another with its name, and what it may do; give it to who uses it; revoke
 * the first. openpost_revoke_key ends a key for ever, that of the connection, too; a second time is no refusal. */
enum openpost_status openpost_make_key(struct openpost *connection, const struct openpost_key *key, int timeout_ms,
                                       char key_text[OPENPOST_KEY_SIZE], struct openpost_answer *ret_answer);
enum openpost_status openpost_revoke_key(struct openpost *connection, const char *key_id, int timeout_ms,
                                         struct openpost_answer *ret_answer);

struct openpost_account {
    const char *integration_id; /* the one to connect again, which keeps its id; NULL: another */
    const char *channel;        /* "bluesky" … */
    const char *service;        /* where it lives: "https://bsky.social"; NULL: where it was connected before */
    const char *identifier;     /* as a person names it; at most 256 bytes, as the password */
    const char *password;       /* an app password */
};

/* openpost_connect_account asks for a connection; the platform's answer is an event, and get_integration's status. */
enum openpost_status openpost_connect_account(struct openpost *connection, const struct openpost_account *account,
                                              int timeout_ms, struct openpost_answer *ret_answer);

/* What a member may do. */
struct openpost_membership {
    const char *role;               /* as a key's */
    const char *const *permissions; /* beyond the role: "approve" … */
    size_t permission_count;
    int64_t until_ms; /* 0: without end; an auditor's ends within 366 days */
};

struct openpost_invitation {
    const char *email;
    const char *name;   /* NULL: not known */
    const char *locale; /* NULL: not known */
    struct openpost_membership membership;
};

/* openpost_invite offers a membership for seven days. Whoever shows the token takes it, at
 * <public URL of the service>/invitation#<token>: the caller hands that over, nothing is sent. token as key_text above.
 * openpost_withdraw_invitation takes it back. openpost_change_member replaces what a member may do; version: the one
 * that was read, refused as version_mismatch when there is a later one; 0: any. openpost_remove_member ends the
 * membership. */
enum openpost_status openpost_invite(struct openpost *connection, const struct openpost_invitation *invitation,
                                     int timeout_ms, char token[OPENPOST_TOKEN_SIZE],
                                     struct openpost_answer *ret_answer);
enum openpost_status openpost_withdraw_invitation(struct openpost *connection, const char *member_id, int timeout_ms,
                                                  struct openpost_answer *ret_answer);
enum openpost_status openpost_change_member(struct openpost *connection, const char *member_id, uint64_t version,
                                            const struct openpost_membership *membership, int timeout_ms,
                                            struct openpost_answer *ret_answer);
enum openpost_status openpost_remove_member(struct openpost *connection, const char *member_id, int timeout_ms,
                                            struct openpost_answer *ret_answer);

/* One event of the workspace; its texts live as long as the call. */
struct openpost_event {
    uint64_t workspace_seq; /* gap-free from 1 */
    int64_t time_ms;
    const char *type;   /* post_created, attempt_finished … */
    const char *stream; /* what it is about: post_… */
    uint64_t version;   /* its place in that stream */
    const char *json;   /* its fields */
};

typedef void openpost_event_handler(void *context, const struct openpost_event *event);

/* openpost_follow calls handler for each event after *position, in order and without gap, moves *position on, and
 * returns when there is no more for now. Keep *position where what you do with the events is kept, and call again every
 * now and then. timeout_ms is for each hundred of them. Needs a key of role admin, owner or auditor; one of role editor
 * is told of the events of posts that it wrote, with gaps where the others are. Any other is refused as
 * role_insufficient, one that does not keep log:read or is restricted to accounts as scope_insufficient. Refused as
 * cursor_invalid: *position is beyond the workspace's last event, for the ledger was put back to an older copy since,
 * so begin again. ret_answer may be NULL. */
enum openpost_status openpost_follow(struct openpost *connection, uint64_t *position, int timeout_ms,
                                     openpost_event_handler *handler, void *context,
                                     struct openpost_answer *ret_answer);

#ifdef __cplusplus
}
#endif

#endif
