/* access.c: see access.h. Called by the gate, by the ledger's service, by a key's rules and by whoever describes them.
 * No role is more than another here: each line says who meets the need. */
#include "core/message/access.h"

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
    [NEED_APPROVER] = BIT(ADMIN) | BIT(OWNER),
    [NEED_AUDIT_OWN] = BIT(AUDITOR) | BIT(EDITOR) | BIT(ADMIN) | BIT(OWNER),
    [NEED_PERSON] = 0,
    [NEED_OPERATOR] = 0,
    [NEED_NOBODY] = 0,
};

/* The least that a scope is good for. */
static const enum need scope_needs[SCOPE_COUNT] = {
    [SCOPE_NONE] = NEED_NOBODY,
    [SCOPE_POSTS_READ] = NEED_VIEWER,
    [SCOPE_POSTS_WRITE] = NEED_EDITOR,
    [SCOPE_INTEGRATIONS_READ] = NEED_VIEWER,
    [SCOPE_INTEGRATIONS_WRITE] = NEED_ADMIN,
    [SCOPE_ANALYTICS_READ] = NEED_VIEWER,
    [SCOPE_MEMBERS_READ] = NEED_AUDIT,
    [SCOPE_MEMBERS_WRITE] = NEED_ADMIN,
    [SCOPE_KEYS_READ] = NEED_ADMIN,
    [SCOPE_KEYS_WRITE] = NEED_ADMIN,
    [SCOPE_SETTINGS_READ] = NEED_VIEWER,
    [SCOPE_SETTINGS_WRITE] = NEED_ADMIN,
    [SCOPE_LOG_READ] = NEED_AUDIT_OWN,
    [SCOPE_BILLING_READ] = NEED_OWNER,
};

bool access_allows(const struct grant *grant, enum need need)
{
    ASSERT(need < NEED_COUNT);
    if (need == NEED_APPROVER && grant->role == ROLE_EDITOR) {
        return (grant->permissions & 1u << PERMISSION_APPROVE) != 0;
    }
    return grant->role < ROLE_COUNT && (roles_that_meet[need] & 1u << grant->role) != 0;
}

/* What reaches over all accounts whatever it names, and so is not a restricted key's: the log, and making and changing
 * keys, members and the workspace. */
#define WHOLE_SCOPES \
    (1u << SCOPE_LOG_READ | 1u << SCOPE_KEYS_WRITE | 1u << SCOPE_MEMBERS_WRITE | 1u << SCOPE_SETTINGS_WRITE)

enum refusal access_check(const struct grant *grant, enum need need, enum key_scope scope)
{
    ASSERT(scope < SCOPE_COUNT);
    const uint32_t bit = 1u << scope;
    if (need == NEED_NONE) {
        return ACCEPTED;
    }
    if (!access_allows(grant, need)) {
        return REFUSED_role_insufficient;
    }
    if (scope == SCOPE_NONE) {
        return ACCEPTED;
    }
    const bool kept = grant->scopes == 0 || (grant->scopes & bit) != 0;
    return kept && !(grant->restricted && (WHOLE_SCOPES & bit) != 0) ? ACCEPTED : REFUSED_scope_insufficient;
}

enum refusal access_command(const struct grant *grant, uint32_t command_code)
{
    return access_check(grant, access_need(command_code), command_scope(command_code));
}

bool access_sees(const struct grant *grant, const struct id *integration_id)
{
    bool sees = !grant->restricted;
    for (uint32_t i = 0; !sees && i < grant->account_count; i++) {
        sees = id_equal(&grant->accounts[i].integration_id, integration_id);
    }
    return sees;
}

bool access_sees_all(const struct grant *grant, const struct target_spec *targets, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!access_sees(grant, &targets[i].integration_id)) {
            return false;
        }
    }
    return true;
}

struct id access_log_author(const struct grant *grant, const struct id *holder)
{
    return access_allows(grant, NEED_AUDIT) ? (struct id){0} : *holder;
}

bool access_gives(const struct grant *grant, uint32_t scopes, int64_t ends_ms)
{
    const bool keeps = grant->scopes == 0 || (scopes != 0 && (scopes & ~grant->scopes) == 0);
    return keeps && (grant->ends_ms == 0 || (ends_ms != 0 && ends_ms <= grant->ends_ms));
}

uint32_t access_scopes(const struct granted_scope *scopes, uint32_t count)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        ASSERT(scopes[i].scope < SCOPE_COUNT);
        bits |= 1u << scopes[i].scope;
    }
    return bits;
}

enum need access_need(uint32_t command_code)
{
    if (command_code == COMMAND_approve_post) {
        return NEED_APPROVER;
    }
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

bool access_is_persons(enum need need)
{
    return need == NEED_PERSON || need == NEED_OPERATOR;
}

bool access_operates(uint32_t command_code)
{
    return command_code == COMMAND_create_workspace || command_code == COMMAND_add_member ||
           command_code == COMMAND_pause_workspace || command_code == COMMAND_resume_workspace;
}

bool access_reaches(enum role role, enum key_scope scope)
{
    return scope < SCOPE_COUNT && access_allows(&(struct grant){.role = role}, scope_needs[scope]);
}
