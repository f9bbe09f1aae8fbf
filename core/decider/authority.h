/* authority.h: what roles are to each other: who gives what, and for how long. What a role may do is not here: that
 * is core/message/access.h. */
#ifndef OPENPOST_DECIDER_AUTHORITY_H
#define OPENPOST_DECIDER_AUTHORITY_H

#include "core/base/limits.h"
#include "core/base/span.h"
#include "core/message/choice.h"

/* authority_gives: who has own may give role to somebody, or take it: an owner every role, an admin each but the
 * owner's. ROLE_NONE is our own process, or a person at the data folder: everything. */
bool authority_gives(enum role own, enum role role);

/* authority_ends: ends_ms is an end that access with the role may have: an auditor's is ahead of now_ms by at most
 * AUDIT_MAX_MS; any other may have none (0). */
bool authority_ends(enum role role, int64_t ends_ms, int64_t now_ms);

#endif
