/* race_lists.h: what may happen to a post, and how it may stand when it happens, as steps of the stories. The matrix
 * (race_matrix.h) and the orders (race_orders.h) have a line for every one with every other. */
#ifndef OPENPOST_TESTS_RACE_LISTS_H
#define OPENPOST_TESTS_RACE_LISTS_H

#include <stdbool.h>

#define TO_LOCK "at 3300"
#define TO_LOCKED TO_LOCK ", lock a:2 bytes=one@3600"
#define TO_PREPARED TO_LOCKED ", at 3400, prepared a {1}"
#define TO_ATTEMPTING TO_LOCKED ", at 3600, start a bytes=one@3600"

/* A line of either table: an action, and where it happens. */
struct race_line {
    const char *action;
    const char *where; /* a state or an order */
    const char *then;  /* events, "refused <code>", or "nothing", in the stories' words */
    const char *out;   /* "at 3600 one.1 one.2, published"; what is given up, at what instant and why */
};

/* How a post comes to be: as a draft, or to be published at 3600; and what its workspace still asks for before the
 * lock. A thread of two parts for account a, so that there is a next start to be held. */
struct race_begin {
    const char *draft;
    const char *scheduled;
    const char *unlock;
};

/* clang-format off */
#define PLAIN {"create a text=one", "create a at=3600 text=one", ""}
#define ASKED {"settings policy=any_approver, create a text=one", \
               "settings policy=any_approver, create a at=3600 text=one", "approve a:2 bytes=one@3600"}
#define APPROVED {"settings policy=any_approver, create a text=one", \
                  "settings policy=any_approver, create a at=3600 text=one, approve a:2 bytes=one@3600", ""}
#define OF_SERIES {"series a text=one, plan small scheduled_posts=0, make a at=3600 text=one", \
                   "series a text=one, make a at=3600 text=one", ""}

/* Where a post stands. */
static const struct race_state {
    const char *name;
    bool is_draft;
    bool locks;        /* it has passed its lock: what the workspace asks for was given */
    const char *steps; /* from its making on */
} race_states[] = {
    {"draft",       true,  false, "at 3299.999"},
    {"before lock", false, false, "at 3299.999"},
    {"at lock",     false, false, TO_LOCK},                        /* by the time alone: no event yet */
    {"locked",      false, true,  TO_LOCKED},
    {"prepared",    false, true,  TO_PREPARED},
    {"attempting",  false, true,  TO_ATTEMPTING},
    {"between parts", false, true, TO_ATTEMPTING ", outcome a accepted"}, /* one is live */
    {"retrying",    false, true,  TO_ATTEMPTING ", outcome a try_again"},
    {"unknown",     false, true,  TO_ATTEMPTING ", outcome a unknown"},
    {"in doubt",    false, true,  TO_LOCKED ", at 3600, suspend, confirm, miss a"}, /* of a copied folder */
    {"read first",  false, true,  TO_ATTEMPTING ", outcome a refused, retry now"},  /* a person wants it sent again */
    {"published",   false, true,  TO_ATTEMPTING ", outcome a accepted, start a bytes=one@3600, outcome a accepted"},
    {"failed",      false, true,  TO_ATTEMPTING ", outcome a refused"},
    {"missed",      false, true,  TO_LOCKED ", at 25201, miss a"},
    {"cancelled",   false, true,  TO_PREPARED ", cancel"},
};

/* What happens to it. */
static const struct race_action {
    const char *name;
    struct race_begin begin;
    const char *before; /* told once the post stands where it does */
    const char *step;
    bool unreceived; /* what is unknown never reached the platform */
} race_actions[] = {
    /* its author */
    {"edit",                 PLAIN,     "", "edit a text=two", false},
    {"reschedule",           PLAIN,     "", "schedule at=9000", false},
    {"send now",             PLAIN,     "", "schedule now", false},
    {"next slot",            PLAIN,     "", "schedule next slot_a=9000", false},
    {"swap",                 PLAIN,     "create b at=40000 text=other post=2", "swap a b with=2", false},
    {"cancel post",          PLAIN,     "", "cancel", false},
    {"cancel target",        PLAIN,     "", "cancel a", false},
    {"delete draft",         PLAIN,     "", "delete", false},
    {"retry",                PLAIN,     "", "retry now", false},
    {"resolve published",    PLAIN,     "", "resolve a published url=https://x/1", false},
    {"resolve absent",       PLAIN,     "", "resolve a absent", true},
    {"resolve absent, send", PLAIN,     "", "resolve a absent retry", true},
    {"resolve abandoned",    PLAIN,     "", "resolve a abandoned", true},

    /* approvals */
    {"approve",              ASKED,     "", "approve a:2 bytes=one@3600", false},
    {"ask for less",         ASKED,     "", "settings policy=none", false},
    {"ask for more",         APPROVED,  "", "settings policy=four_eyes", false},
    {"void by edit",         APPROVED,  "", "edit a text=two", false},
    {"void by reschedule",   APPROVED,  "", "schedule at=9000", false},
    {"void by swap",         APPROVED,  "create b at=40000 text=other post=2", "swap a b with=2", false},

    /* what holds starts, and no longer does */
    {"pause workspace",      PLAIN,     "", "hold", false},
    {"resume workspace",     PLAIN,     "hold", "release", false},
    {"pause account",        PLAIN,     "", "pause a", false},
    {"resume account",       PLAIN,     "pause a", "resume a", false},
    {"pause queue",          PLAIN,     "", "halt a", false},
    {"resume queue",         PLAIN,     "halt a", "unhalt a", false},
    {"disconnect",           PLAIN,     "", "disconnect a", false},
    {"connect again",        PLAIN,     "disconnect a", "connect a vault=2", false},
    {"delete account",       PLAIN,     "", "remove a", false},

    /* its series */
    {"edit instance",        OF_SERIES, "rewrite a text=two", "follow a text=two", false},
    {"withdraw instance",    OF_SERIES, "", "reclaim", false},

    /* the platform's answer to the first attempt, however late */
    {"hear accepted",        PLAIN,     "", "outcome a accepted id=1", false},
    {"hear refused",         PLAIN,     "", "outcome a refused id=1", true},

    /* the installation */
    {"suspend starts",       PLAIN,     "", "suspend", false},
    {"confirm starts",       PLAIN,     "suspend", "confirm", false},
    {"suspect clock",        PLAIN,     "", "suspect", false},
    {"trust clock",          PLAIN,     "suspect", "trust", false},
};

/* Two commands within a commit, one before the other. */
static const struct race_order {
    const char *name;
    const char *steps;       /* until both come */
    bool locks;              /* what the workspace asks for was given by then */
    bool action_is_first;
    const char *later;       /* the clock, between the two; NULL: they have one time */
    const char *other;       /* the scheduler's command; a lock names the version that was there before either */
} race_orders[] = {
    {"before the lock",             TO_LOCK,                  false, true,  NULL,      "lock a:2 bytes=one@3600"},
    {"after the lock",              TO_LOCK,                  false, false, NULL,      "lock a:2 bytes=one@3600"},
    {"a millisecond before its time", "at 3299.999",          false, true,  "at 3300", "lock a:2 bytes=one@3600"},
    {"before the start",            TO_PREPARED ", at 3600",  true,  true,  NULL,      "start a bytes=one@3600"},
    {"after the start",             TO_PREPARED ", at 3600",  true,  false, NULL,      "start a bytes=one@3600"},
};

/* clang-format on */

#endif
