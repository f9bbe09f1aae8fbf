/* rota_views.h: what the scheduler reads of series and their posts. Used by the composition root and the simulation. */
#ifndef OPENPOST_PROJECTIONS_ROTA_VIEWS_H
#define OPENPOST_PROJECTIONS_ROTA_VIEWS_H

#include "core/scheduler/rota.h"
#include "projections/dispatch_views.h"

/* rota_views_fill fills an empty rota in transactions of its own (views must not be begun). */
enum err rota_views_fill(struct dispatch_views *views, struct rota *rota) MUST_USE;
/* The functions of struct rota_load, context being the struct dispatch_views, between begin and end. */
struct rota_load rota_views_load(struct dispatch_views *views);

#endif
