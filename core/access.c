/* access.c: see access.h. Called by the gate, by the ledger's service and by whoever describes them. No role is more
 * than another here: each line says who meets the need. */
#include "core/access.h"

#include "core/base/assert.h"

#define BIT(role_) (1u << ROLE_##role_)
#define EVERY_ROLE (BIT(VIEWER) | BIT(AUDITOR) | BIT(EDITOR) | BIT(ADMIN) | BIT(OWNER))

static const uint32_t roles_that_meet[NEED_COUNT] = {
    [NEED_NONE] = EVERY_ROLE | BIT(NONE),
    [NEED_VIEWER] = EVERY_ROLE,
    [NEED_EDITOR] = BIT(EDITOR) | BIT(ADMIN) | BIT(OWNER),
    [NEED_ADMIN] = BIT(ADMIN) | BIT(OWNER),
    [NEED_OWNER] = BIT(OWNER),
    [NEED_AUDIT] = BIT(AUDITOR) | BIT(ADMIN) | BIT(OWNER),
    [NEED_NOBODY] = 0,
};

bool access_allows(const struct grant *grant, enum need need)
{
    ASSERT(need < NEED_COUNT);
    return grant->role < ROLE_COUNT && (roles_that_meet[need] & 1u << grant->role) != 0;
}

enum need access_need(uint32_t command_code)
{
    switch ((enum role)command_role(command_code)) {
    case ROLE_VIEWER:
        return NEED_VIEWER;
    case ROLE_AUDITOR:
        return NEED_AUDIT;
    case ROLE_EDITOR:
        return NEED_EDITOR;
    case ROLE_ADMIN:
        return NEED_ADMIN;
    case ROLE_OWNER:
        return NEED_OWNER;
    case ROLE_NONE:
    case ROLE_COUNT:
        break;
    }
    return NEED_NOBODY;
}
