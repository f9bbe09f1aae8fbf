/* registry.c: the read models, in the order in which the ledger applies them to each event. Called by composition
 * roots. */
#include "projections/registry.h"

#include "projections/access.h"
#include "projections/activity.h"
#include "projections/notifications.h"
#include "projections/posts.h"
#include "projections/series.h"
#include "projections/templates.h"

/* Notifications first: what an event brings is new against what stood before it. */
static const struct projection *const items[] = {&notifications_projection, &access_projection, &activity_projection,
                                                 &posts_projection,         &series_projection, &templates_projection};

const struct projection_list projections_all = {.items = items, .count = sizeof items / sizeof *items};
