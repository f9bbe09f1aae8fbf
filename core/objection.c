/* objection.c: what is said against one of a command's values: where it stands, and why not. Called by admission.c and
 * template.c. */
#include <stdio.h>

#include "core/admission.h"

struct objection object_at(enum refusal refusal, const char *param, const char *detail)
{
    struct objection objection = {.refusal = refusal, .detail = detail};
    (void)snprintf(objection.param, sizeof objection.param, "%s", param);
    return objection;
}

struct objection object_in(enum refusal refusal, const char *list, uint32_t index, const char *member,
                           const char *detail)
{
    struct objection objection = {.refusal = refusal, .detail = detail};
    (void)snprintf(objection.param, sizeof objection.param, "%s/%u%s", list, (unsigned)index, member);
    return objection;
}
