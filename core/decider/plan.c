/* plan.c: see plan.h. Called by whoever changes a tenant's plan. No rule reads it: deciders know the numbers that the
 * log has. */
#include "core/decider/plan.h"

/* clang-format off */
#define NONE PLAN_NO_LIMIT
#define PLAN(name_, integrations_, members_, posts_, requests_)                          \
    {.name = #name_,                                                                     \
     .most = {[LIMIT_INTEGRATIONS] = (integrations_), [LIMIT_MEMBERS] = (members_),      \
              [LIMIT_SCHEDULED_POSTS] = (posts_), [LIMIT_REQUESTS] = (requests_)}},
static const struct plan plans[] = {
#include "core/decider/plan.def"
};
#undef NONE

/* clang-format on */

const struct plan *plan_at(uint32_t index)
{
    return index < sizeof plans / sizeof *plans ? &plans[index] : NULL;
}

const struct plan *plan_find(struct span name)
{
    const struct plan *plan = NULL;
    for (uint32_t i = 0; (plan = plan_at(i)) != NULL && !span_equal(name, span_text(plan->name));) {
        i++;
    }
    return plan;
}

bool plan_is_billed(const struct plan *plan)
{
    return plan != plan_find(SPAN(PLAN_OF_NOBODY));
}

uint32_t plan_limits(const struct plan *plan, struct plan_limit ret_limits[LIMIT_COUNT])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
        if (plan->most[i] != PLAN_NO_LIMIT) {
            ret_limits[count] = (struct plan_limit){.what = limit_word((enum limit)i), .most = plan->most[i]};
            count++;
        }
    }
    return count;
}
