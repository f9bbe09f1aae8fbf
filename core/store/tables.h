/* tables.h: the first byte of every key in the views environment: who owns the rows behind it. Never reuse a byte
 * within one VIEWS_VERSION; a change of any row's form raises VIEWS_VERSION, and every installation rebuilds at its
 * next start. */
#ifndef OPENPOST_STORE_TABLES_H
#define OPENPOST_STORE_TABLES_H

#define VIEWS_VERSION 11

enum table {
    TABLE_META = 0x01,    /* ledger: version, position, whose log; whether they are trusted says the file views/mark */
    TABLE_COMMAND = 0x03, /* ledger: command id -> first answer, digest; 30 days */
    TABLE_IDEMPOTENCY = 0x04, /* ledger: hash of (workspace, principal, method, path, Idempotency-Key) -> answer */
    TABLE_STATE = 0x05,       /* ledger: aggregate id -> state; behind it: id, version / 32 -> seqs of its events */
    TABLE_OPEN = 0x06,        /* ledger: integration, post -> the post has an open target there */
    TABLE_ACCOUNT = 0x07,     /* ledger: workspace, channel, platform account -> integration */
    TABLE_WORKSPACE_SEQ =
        0x09,                /* ledger: workspace, workspace_seq / 32 -> seqs; behind them: what it uses of its plan */
    TABLE_OWNER = 0x0B,      /* ledger: workspace, member -> an owner for good */
    TABLE_SLUG = 0x0C,       /* ledger: name in addresses -> workspace */
    TABLE_MEMBERSHIP = 0x0D, /* ledger: user, workspace, member -> is a member */
    TABLE_STREAM = 0x0A,     /* ledger: aggregate id: its stream has begun; far from the state, which may be lost */

    TABLE_POST = 0x20,      /* posts and activity: post id, place -> all rows of a post side by side: row_store.h */
    TABLE_POST_LIST = 0x21, /* posts: workspace, created, post -> narrow row */
    TABLE_POST_DUE = 0x22,  /* posts: workspace, publish_at, post -> narrow row */
    TABLE_POST_ATTENTION = 0x23,     /* posts: as TABLE_POST_LIST, of those that need attention */
    TABLE_POST_ATTENTION_DUE = 0x24, /* posts: as TABLE_POST_DUE, likewise */
    TABLE_POST_COUNT = 0x25,         /* posts: how many need attention or ended badly */
    TABLE_QUEUE = 0x28,              /* queue: open target's id -> its post's id */
    TABLE_ACCESS = 0x38,             /* access: key fingerprint -> key; key id -> fingerprint */
    TABLE_WORKSPACE = 0x39,          /* access: workspace id -> document; its members and keys; its quota */
    TABLE_INTEGRATION = 0x3A,        /* access: integration id -> document */
    TABLE_INTEGRATION_LIST = 0x3B,   /* access: workspace, integration */
    TABLE_MEMBER = 0x3C,       /* access: member id -> document; a workspace's; invitations' tokens -> member id */
    TABLE_USER = 0x3D,         /* access: user id -> document; behind it: workspace -> member id; sessions */
    TABLE_SESSION = 0x3E,      /* access: cookie's fingerprint -> session; session id -> fingerprint */
    TABLE_PROVIDER = 0x3F,     /* access: identity provider's id -> document */
    TABLE_PUNCTUALITY = 0x40,  /* analytics: integration, quarter of an hour -> counts and lateness */
    TABLE_NOTIFICATION = 0x41, /* access: workspace, end of the billing period -> what its owners are told */
};

#endif
