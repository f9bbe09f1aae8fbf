/* tables.h: the first byte of every key in the views environment: who owns the rows behind it. Never reuse a byte
 * within one VIEWS_VERSION; a change of any row's form raises VIEWS_VERSION, and every installation rebuilds at its
 * next start. */
#ifndef OPENPOST_STORE_TABLES_H
#define OPENPOST_STORE_TABLES_H

#define VIEWS_VERSION 16

enum table {
    TABLE_META = 0x01,    /* ledger: version, position, whose log; whether they are trusted says the file views/mark */
    TABLE_COMMAND = 0x03, /* ledger: command id -> first answer, digest; 30 days */
    TABLE_IDEMPOTENCY = 0x04, /* ledger: hash of (workspace, principal, method, path, Idempotency-Key) -> answer;
                                 likewise */
    TABLE_STATE = 0x05,       /* ledger: aggregate id -> state; behind it: id, version / 32 -> seqs of its events; of
                                 every aggregate but posts, whose states stand among their rows, and those that a
                                 workspace owns, which stand among its: both below */
    TABLE_ACCOUNT = 0x07,     /* ledger: workspace, channel, platform account -> integration */
    TABLE_TENANT = 0x09,      /* workspace, place -> all that each of its posts writes, side by side: below */
    TABLE_OWNER = 0x0B,       /* ledger: workspace, member -> an owner for good */
    TABLE_SLUG = 0x0C,        /* ledger: name in addresses -> workspace */
    TABLE_MEMBERSHIP = 0x0D,  /* ledger: user, workspace, member -> is a member */
    TABLE_TERM = 0x0F,        /* ledger: workspace, end, member -> is over then by itself, a membership or invitation */
    TABLE_WEEKLY = 0x0E,      /* access: integration id -> its queue's slots, zone, pause */
    TABLE_STREAM = 0x0A,      /* ledger: aggregate id -> its stream has begun; far from the state, which may be lost;
                                 of those that a workspace owns: whose it is */

    TABLE_POST = 0x20,        /* post id, place -> all rows of a post side by side, the ledger's among them: below */
    TABLE_POST_COUNT = 0x25,  /* posts: how many need attention or ended badly */
    TABLE_ACCESS = 0x38,      /* access: key fingerprint -> where the key is; key id -> likewise, and its last use */
    TABLE_WORKSPACE = 0x39,   /* access: workspace, place -> its document, quota, accounts and keys, and, the ledger's,
                                 their states: what requests ask of it, side by side: below; nothing behind the byte:
                                 the installation */
    TABLE_INTEGRATION = 0x3A, /* access: integration id -> whose it is */
    TABLE_INTEGRATION_LIST = 0x3B, /* access: workspace, integration */
    TABLE_MEMBER = 0x3C,           /* access: member id -> document; a workspace's; invitations' tokens -> member id */
    TABLE_USER = 0x3D,        /* access: user id -> document; behind it: workspace -> member id; sessions; logins */
    TABLE_SESSION = 0x3E,     /* access: cookie's fingerprint -> session; session id -> fingerprint */
    TABLE_PROVIDER = 0x3F,    /* access: identity provider's id -> document */
    TABLE_PUNCTUALITY = 0x40, /* analytics: integration, quarter of an hour -> counts and lateness */
    TABLE_PERIOD = 0x41,      /* access: workspace, end of a billing period that is over -> what was used */
    TABLE_SERIES = 0x44,      /* series: place -> documents, lists, instances: projections/series.c; and one below */
    TABLE_MARKS = 0x45,       /* notifications: member -> what of them is read, and shown */
    TABLE_PAST = 0x46,        /* access: workspace, account or installation, seq -> what it was before that event */
    TABLE_APPROVAL = 0x43,    /* posts: post id -> who approved it, and what, until it locks or the approval is void */
    TABLE_TEMPLATE = 0x42,    /* place, then: below */
};

/* Rows of TABLE_TENANT: led by the workspace's UUID, so that many workspaces have as many places in the tree, and every
 * page that is touched there is one more to copy. Hence the order: the newest rows of one of them stand before, and the
 * first of another behind PLACE_TENANT_HEAD, which each event of the workspace writes: on its page, or on the next. */
enum tenant_place {
    PLACE_POSTS_ATTENTION = 0x10,     /* posts: as PLACE_POSTS_CREATED, of those that need attention */
    PLACE_POSTS_ATTENTION_DUE = 0x11, /* posts: as PLACE_POSTS_DUE, likewise */
    PLACE_POSTS_DUE = 0x20,           /* posts: publish_at, post -> narrow row */
    PLACE_POSTS_CREATED = 0x30,       /* posts: created, post -> narrow row; the newest come last … */
    PLACE_SHELF_STATE = 0x3E,         /* posts: shelf -> class of each of its posts, and whether its terms are right;
                                         of the last one there is no row, which is found out here … */
    PLACE_SHELF_HEAD = 0x3F,          /* posts: how many there were ever, and the keys of the last few … */
    PLACE_TENANT_HEAD = 0x40, /* ledger: the last workspace_seqs' seqs, and what the workspace uses of its plan … */
    PLACE_NOTICES = 0x48,     /* notifications: chain -> the newest ones, half a kilobyte at most */
    PLACE_OPEN = 0x50, /* ledger: integration, instant, post -> has an open target there, which fills that instant; a
                          scheduler that starts finds here all that it has to do */
    PLACE_QUEUE_PAUSED = 0x51, /* ledger: integration -> its queue is paused */
    PLACE_SEQS = 0x60,         /* ledger: workspace_seq / 32 -> seqs, where all 32 are known */
    PLACE_SHELF_KEYS = 0x70,   /* posts: number / 16 -> creation and id of 16 posts */
    PLACE_SHELF_TERMS = 0x71,  /* posts: shelf -> terms, each with the posts of the shelf that have it */
    PLACE_SHELF_EDITED = 0x73, /* posts: shelf -> terms of its posts that were edited since the others were written */
    PLACE_AISLE = 0x74,        /* posts: aisle -> of each class the shelves that have it, and terms edited since */
    PLACE_AISLE_SIGNS = 0x75,  /* posts: aisle -> for each hash of a term the shelves that have it */
    PLACE_NOTICES_FULL = 0x68, /* notifications: chain, complement of number -> older ones, some ten in a row */
    PLACE_BEHIND_ALL = 0xFF,   /* no row: where the next workspace is looked for */
};

/* Rows of TABLE_POST: every event of a post writes its state and its rows of the read models, and a post among a
 * million lies where nobody has touched memory lately: hence one page for both. The others' places are those of
 * projections/row_store.h, from 1 on. */
enum post_state_place {
    PLACE_POST_STATE = 0x00, /* ledger: post -> state; behind it: version / 32 -> seqs of its events */
};

/* Rows of TABLE_WORKSPACE: who lets a request in looks at the documents right before the ledger looks at the states,
 * and a workspace among many lies where nobody has touched memory lately: hence one page for both. The others' places
 * are those of projections/access_internal.h, from 0 on. */
enum workspace_state_place {
    PLACE_WORKSPACE_STATE = 0x80, /* ledger: workspace, id of its own, or of a key, a member or an account of its ->
                                     state; behind it: version / 32 -> seqs of its events */
};

/* A row of TABLE_SERIES; the others' places are those of projections/series.c, from 0 on. */
enum series_row_place {
    PLACE_SERIES_THERE = 0x10, /* ledger: workspace, series -> it has not ended, and counts */
};

/* Rows of TABLE_TEMPLATE. */
enum template_place {
    PLACE_TEMPLATE_THERE = 0x10, /* ledger: workspace, template -> it is there, and counts */
    PLACE_TEMPLATE = 0x20,       /* templates: template id -> document */
    PLACE_TEMPLATE_NAME = 0x30,  /* templates: workspace, the name's beginning, template -> it is listed there */
};

#endif
