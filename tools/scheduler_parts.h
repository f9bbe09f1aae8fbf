/* scheduler_parts.h: the scheduler's parts, put together: the channels and the read models. */
#ifndef OPENPOST_TOOLS_SCHEDULER_PARTS_H
#define OPENPOST_TOOLS_SCHEDULER_PARTS_H

#include "core/scheduler/main.h"

struct scheduler_parts scheduler_parts_with(struct channel_list channels);

#endif
