/* plan.h: plan.def as a table: which plans there are, and what each bounds. */
#ifndef OPENPOST_DECIDER_PLAN_H
#define OPENPOST_DECIDER_PLAN_H

#include "core/decider/workspace.h"

#define PLAN_NO_LIMIT UINT64_MAX

struct plan {
    const char *name;
    uint64_t most[LIMIT_COUNT]; /* PLAN_NO_LIMIT: none */
};

/* plan_at: all plans by number; NULL past the last. plan_find: NULL when there is none of that name. */
const struct plan *plan_at(uint32_t index);
const struct plan *plan_find(struct span name);
/* plan_is_billed tells whether its use is counted by periods: of all but the one of who runs the installation. */
bool plan_is_billed(const struct plan *plan);
/* plan_limits writes what it bounds, as a command has it; returns how many that are. */
uint32_t plan_limits(const struct plan *plan, struct plan_limit ret_limits[LIMIT_COUNT]);

#endif
