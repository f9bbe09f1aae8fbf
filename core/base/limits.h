/* limits.h: every limit of the product in one place, each with its reason. Limits of a format or of a channel stand
 * beside it. */
#ifndef OPENPOST_BASE_LIMITS_H
#define OPENPOST_BASE_LIMITS_H

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS ((int64_t)60 * SECOND_MS)
#define HOUR_MS ((int64_t)60 * MINUTE_MS)
#define DAY_MS ((int64_t)24 * HOUR_MS)

/* Ids */
#define ID_EPOCH_MS \
    ((int64_t)1577836800000)   /* 2020-01-01: nobody minted an id of ours before; what may not be taken
                                                from whom it is for has an earlier instant (id_derive_apart) */
#define ID_AHEAD_MAX_MS DAY_MS /* a sender's clock before ours: a slip in its zone, not in its year */

/* A post */
#define TARGETS_MAX 50      /* a client's accounts; a state stays under 24 KB, its row is cut after the last part */
#define PARTS_MAX 25        /* parts of a thread: the longest any channel's clients make */
#define LOCKED_PARTS_MAX 27 /* parts, a first comment and one to spare */
#define LABELS_MAX 20       /* as many as a person oversees */
#define METADATA_MAX 20
#define LINK_BYTES_MAX 4096 /* twice what browsers agree on */
#define URL_BYTES_MAX 2048
#define REASON_BYTES_MAX 1000 /* a paragraph for people */

/* Templates */
#define TEMPLATES_MAX 1000           /* of a workspace: more than anybody finds again; counted at each new one */
#define TEMPLATE_NAME_MAX 200        /* bytes: a line for people */
#define PLACEHOLDERS_MAX 20          /* of a template: whoever fills in more fills in a form */
#define PLACEHOLDER_NAME_MAX 32      /* bytes */
#define PLACEHOLDER_DEFAULT_MAX 4096 /* bytes: a paragraph, not a post */
#define PLACEHOLDER_DESCRIPTION_MAX 500
#define FILLED_BYTES_MAX ((size_t)65536) /* of a text with its values: as many as one that is written may have */

/* Its life */
#define LOCK_AHEAD_MS ((int64_t)300 * SECOND_MS)       /* the record locks so long before publish_at */
#define SCHEDULE_AHEAD_MAX_MS ((int64_t)1830 * DAY_MS) /* five years; further ahead is a slip of the hand */
#define APPROVAL_REMIND_MS ((int64_t)30 * MINUTE_MS) /* before publish_at: time to look, not so early to be forgotten */
#define WRITERS_LOOKS_MAX 10000                      /* events looked at to tell who wrote a post: some 20 ms */
#define ATTEMPT_DEADLINE_MS ((int64_t)120 * SECOND_MS) /* no reconciling read before */
#define TRIES_MAX 3                                    /* counted attempts per part */
#define RETRY_FIRST_MS ((int64_t)30 * SECOND_MS)
#define RETRY_SECOND_MS ((int64_t)120 * SECOND_MS)
#define DEFERRALS_MAX 6 /* a limit whose end nobody names: 30 s, 1, 2, 4, 8, 16 and from then on 32 minutes */
#define CONNECT_WITHIN_MS ((int64_t)600 * SECOND_MS) /* a connection is tried so long before it is refused */
#define SESSION_EXPIRING_MS ((int64_t)7 * DAY_MS)    /* an account's that nobody renews: a week to connect it again */
#define UNKNOWN_MAX_MS ((int64_t)30 * DAY_MS)        /* then failed: outcome_unknown */
#define MAX_LATENESS_DEFAULT_MS ((int64_t)6 * HOUR_MS)
#define MISSED_PROMPT_MS ((int64_t)MINUTE_MS) /* who runs gives up what is too late within it: later, nothing ran */
#define LATE_SPACING_DEFAULT_MS ((int64_t)60 * SECOND_MS)
#define LATENESS_MIN_MS ((int64_t)MINUTE_MS) /* what is due starts within seconds, but for a restart */
#define LATENESS_MAX_MS ((int64_t)366 * DAY_MS)
#define SPACING_MIN_MS ((int64_t)SECOND_MS)
#define SPACING_MAX_MS ((int64_t)DAY_MS)
#define WORKSPACE_NAME_MAX 200
#define WORKSPACE_PAUSED_MS ((int64_t)7 * DAY_MS) /* before it may be deleted: a week to see what stands still */
#define PROBES_BEFORE_PERSON 3
#define CLOCK_APART_MAX_MS ((int64_t)2 * SECOND_MS)
#define CLOCK_AGREE_MS ((int64_t)60 * SECOND_MS)

/* Series */
#define SERIES_AHEAD_MS ((int64_t)60 * DAY_MS) /* posts are made so long before they are published */
#define SERIES_TIMES_MAX 1000                  /* counted from the start: some 20 us; who wants more gives a date */
#define SERIES_EVERY_MAX 366                   /* days, weeks or months */
/* Of a workspace, ended ones aside: each may have sixty posts ahead, 60,000 are more than anybody oversees, and the
 * scheduler looks at every series whenever it looks for what is to be made. Counted at each new one. */
#define SERIES_MAX 1000

/* Queues. A slot for each hour of the week is more than any channel's readers want. An occurrence is given away so far
 * ahead that the post does not lock at birth, and is looked for within a year and a day: who fills that has no use for
 * a later one. */
#define SLOTS_MAX 168
#define SLOT_AHEAD_MS ((int64_t)360 * SECOND_MS)
#define SLOT_WITHIN_MS ((int64_t)366 * DAY_MS)
#define ZONE_NAME_MAX 64 /* bytes; IANA's longest has 32 */

/* Tenants and people */
#define SLUG_MAX 40
#define SIGHT_LOOKS_MAX 1000U /* events, in one helping for who sees but some of them: 1 ms of the reading thread */
#define AUDIT_MAX_MS ((int64_t)366 * DAY_MS) /* an auditor's access ends: a year, and a day to spare */
#define LOGINS_MAX 4                         /* identity providers of a person: more is an oversight */
#define PERMISSIONS_MAX 8
#define PLAN_WORD_MAX 24

/* Notifications: of each of a workspace's two chains 32 rows of some 16, and the newest: more than a person scrolls
 * back, 16 KB, read whole for each page. The newest are few enough to stand on the page of the workspace's head. */
#define NOTICE_ROW_BYTES ((size_t)480) /* then another begins */
#define NOTICE_BYTES_MAX ((size_t)400) /* of one: three ids, numbers, and a word of 256 */
#define NOTICE_ROWS_MAX 32U            /* full ones */
#define NOTICES_MAX 1024U              /* that fit there: the shortest has 18 bytes, 27 of which fill a row */
#define MARKS_MAX 100U       /* notifications that somebody marks one by one, without ever saying "all up to here" */
#define POLICY_PAGE 100U     /* scheduled posts looked at at once when more approval is asked for … */
#define POLICY_PAGES_MAX 20U /* … and how often: the writer waits some milliseconds for it */
#define PLAN_LIMITS_MAX 8

/* Signing in, of which each try costs a tenth of a second of scrypt: who has forgotten a password tries a few; a
 * robot that has one address of ours gets 350,000 tries a year, one address of its own 60 people's in a quarter of
 * an hour (an office behind one address signs in once a day each). */
#define SIGN_IN_WINDOW_S (15 * 60)
#define SIGN_INS_PER_ADDRESS 10               /* e-mail address */
#define SIGN_INS_PER_PEER 60                  /* IPv4 address, or /64 of IPv6 */
#define SESSION_MAX_MS ((int64_t)30 * DAY_MS) /* then whoever it is signs in again */
#define SESSION_IDLE_MS ((int64_t)7 * DAY_MS) /* likewise, without having used it */
/* Who has no password proves by it that it is them and not somebody at their screen: time for one form. */
#define SIGN_IN_RECENT_MS ((int64_t)10 * MINUTE_MS)

/* Signing in through a provider: who is there for longer than ten minutes begins again. A flow that came back is
 * remembered, so that it does not come back twice: 4,096 in ten minutes are seven a second, day and night; of more the
 * oldest are forgotten, and the provider alone refuses their codes a second time. 64 KiB. */
#define FLOW_MAX_MS ((int64_t)10 * MINUTE_MS)
#define FLOWS_SPENT_MAX 4096
#define PROVIDERS_SHOWN_MAX 64 /* that GET /v1/providers shows: more buttons than a page of sign-in has */

/* The gateway greets the process that talks to providers: one that ended is back within two seconds, and one that hangs
 * is told of when a browser has waited as long as anybody does. */
#define IDENTITY_GREET_EVERY_MS ((int64_t)2 * SECOND_MS)
#define IDENTITY_GREET_WITHIN_MS ((int64_t)5 * SECOND_MS)
#define IDENTITY_SILENT_MAX_MS ((int64_t)10 * SECOND_MS)

/* Identity providers, of which an installation has a few and each signs in through one. Their answers: a discovery
 * document has 2 to 10 KB, ten keys with their certificates 25, a token answer 2 to 6, with groups in it 12. */
#define PROVIDER_ANSWER_MAX ((size_t)128 << 10)
#define PROVIDER_WITHIN_MS ((int64_t)10 * SECOND_MS) /* of one request: nobody watches a blank page for longer */
#define PROVIDER_KEPT_MS ((int64_t)10 * MINUTE_MS)   /* what it publishes, before it is asked for again */
#define PROVIDER_KEYS_AGAIN_MS MINUTE_MS             /* its keys, when a token names one that is not among them */
#define PROVIDER_KEYS_MAX 64                         /* of one; providers publish two to ten */
#define PROVIDERS_KEPT 32               /* issuers: one more takes the place of who was not asked longest */
#define ID_TOKEN_MAX ((size_t)16 << 10) /* a browser would not send more as a header either */
#define ID_TOKEN_LEEWAY_S 60            /* clocks of ours and theirs, apart */
#define INQUIRIES_MAX 64                /* people who sign in at the same moment; one more tries again */

/* The ledger */
#define COMMANDS_PER_GROUP_MAX 512 /* one transaction: long enough to share a flush, short enough to answer in ms */
#define COMMAND_MEMORY_MS ((int64_t)30 * DAY_MS)
#define COMMAND_BYTES_MAX ((size_t)4 << 20) /* 50 targets of 25 parts of 3,000 bytes */

/* Checkpoints are kept for ever, some 260 bytes each, and none is signed without an event (at least twice that) since
 * the one before. By time alone: at most 1,440 a day, 140 MB a year. For who asks for the proof of a young event: at
 * most one a second. */
#define CHECKPOINT_WITHIN_MS ((int64_t)60 * SECOND_MS)
#define CHECKPOINT_ASKED_MS SECOND_MS

/* Who waits for one. Another program holds one of the ledger's 32 places for such: half of them at most, so that
 * somebody else is always answered, and each key half of those that its workspace's programs may have. A request holds
 * nothing but its connection: a quarter of the gateway's 4,096, of which a key has a quarter. One too many is 429. */
#define CHECKPOINT_WAITING_MAX 16
#define CHECKPOINT_WAITING_PER_KEY 4
#define PROOFS_WAITING_MAX 1024
#define PROOFS_WAITING_PER_KEY 256

/* Refusals that become events (core/wire/refusals.h). Strangers, who show no key that is good, cause at most an event
 * each ten minutes, 52,560 a year of 400 bytes: 21 MB; so does each key that was revoked. A good key's holder, who may
 * write far more by posting: at most 8 kinds, and 3 more, a minute. */
#define REFUSAL_STRANGER_EVERY_MS ((int64_t)10 * MINUTE_MS)
#define REFUSAL_EVERY_MS MINUTE_MS
#define REFUSALS_PER_KEY 8
#define REFUSAL_PLACES 256 /* some 30 keys that misbehave at a time; what finds no place is counted as lost */

#define SEARCH_BYTES_MAX 256 /* of q: longer than what anybody types to find a post */

/* Uses of keys and sessions that become events (core/wire/uses.h): each once an hour, 63 bytes. 10,000 that are used in
 * every hour of a day: 15 MB. Told once a minute: what a crash loses is no older. */
#define USES_EVERY_MS MINUTE_MS
#define USES_PER_REPORT 512    /* as many as the event lists: 32 KB */
#define USES_WAITING_MAX 16384 /* 10,000 keys may begin the hour at the same second */

/* A rebuild of views: rows kept in memory before they are written in the order of their keys. Enough that a row which
 * the events of a few commands touch is written once and that neighbours share a page; so few that they stay in the
 * processor's cache (measured: 100,000 cost a fifth more) and that a ledger which starts needs little memory. */
#define REBUILD_ROWS ((size_t)16000)
#define REBUILD_BYTES ((size_t)16 << 20)

/* What other programs have sealed before a command names it (core/ledger/sealed.h). A program seals and sends: a minute
 * is long for that, ten let it repeat a command that got no answer. Five more, for what is on its way, and what nobody
 * named goes. A program that connects an agency's accounts seals some at a time; who makes keys to have more sealed
 * gets a quarter of all at most, named or not, so that others find a place. */
#define SEALED_GOOD_MS ((int64_t)10 * MINUTE_MS)
#define SEALED_KEPT_MS ((int64_t)15 * MINUTE_MS)
#define SEALED_PER_KEY 64 /* that are not named */
#define SEALED_PER_WORKSPACE 1024
#define SEALED_MAX 4096
#define INVITATION_GOOD_MS ((int64_t)7 * DAY_MS) /* a week: whoever is away reads it when they are back */

/* The wire */
#define FRAME_BYTES_MAX ((size_t)8 << 20) /* two of the longest commands */
#define FRAME_COMMANDS_MAX 512
#define FOLLOW_EVENTS_MAX 1024
#define FOLLOW_BYTES_MAX ((size_t)2 << 20)

#endif
