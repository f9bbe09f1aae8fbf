/* authority.c: see authority.h. Called by the rules of keys and members. Pure. */
#include "core/decider/authority.h"

bool authority_gives(enum role own, enum role role)
{
    return own == ROLE_NONE || own == ROLE_OWNER || (own == ROLE_ADMIN && role != ROLE_OWNER);
}

bool authority_ends(enum role role, int64_t ends_ms, int64_t now_ms)
{
    return role != ROLE_AUDITOR || (ends_ms > now_ms && ends_ms - now_ms <= AUDIT_MAX_MS);
}
