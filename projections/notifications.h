/* notifications.h: what the members of a workspace are told: which events, and which of them somebody has read. Derived
 * from the log like all rows; kept are the newest ones, so that a page and the number of unread ones cost the same
 * however long a workspace has been there. */
#ifndef OPENPOST_PROJECTIONS_NOTIFICATIONS_H
#define OPENPOST_PROJECTIONS_NOTIFICATIONS_H

#include "core/ledger/projection.h"
#include "core/message/access.h"
#include "core/message/read_marks.h"
#include "projections/row.h"

extern const struct projection notifications_projection;

/* What a member makes of them, as read_marks.h has it; version is the choice's, from 1. Zeros and 1: nothing yet. */
struct notification_marks {
    struct read_marks marks;
    uint64_t version;
};

enum err notifications_marks(struct store_txn *txn, const struct id *member_id, struct arena *arena,
                             struct notification_marks *ret_marks) MUST_USE;

/* One of them. A period it has that tells of the end of one. */
struct notification {
    struct id notification_id; /* the same whenever the rows are made anew */
    struct notice_row row;
    bool is_read;
    const struct period_row *period; /* NULL: it is of none */
};

enum notification_wish { NOTIFICATIONS_ALL, NOTIFICATIONS_UNREAD, NOTIFICATIONS_READ };

struct notification_filter {
    const struct grant *grant;      /* who asks: others than those that it opens are not there */
    const struct read_marks *marks; /* NULL: nobody's; all are shown, and none is read */
    uint32_t kinds;                 /* bit n: enum notification_kind n; 0: those that the marks show */
    enum notification_wish wish;
    uint64_t before; /* older than that workspace_seq; 0: from the newest */
    uint32_t limit;  /* at least 1 */
};

struct notification_page {
    const struct notification *items; /* the newest first */
    uint32_t count;
    uint32_t unread; /* of all those that the marks show, whatever the filter; 0 without marks */
    bool more;
};

/* notifications_list reads a page into the arena. Texts borrow from the transaction. */
enum err notifications_list(struct store_txn *txn, const struct id *workspace_id,
                            const struct notification_filter *filter, struct arena *arena,
                            struct notification_page *ret_page) MUST_USE;
/* notifications_find tells of which event a notification is. ERR_NOT_FOUND: of none that is kept, or of one that the
 * grant does not open. */
enum err notifications_find(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                            const struct id *notification_id, struct arena *arena, uint64_t *ret_workspace_seq)
    MUST_USE;

#endif
