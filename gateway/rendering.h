/* rendering.h: how a target that is not locked yet would look on its channel, for whoever presents posts. */
#ifndef OPENPOST_GATEWAY_RENDERING_H
#define OPENPOST_GATEWAY_RENDERING_H

#include "core/channel.h"
#include "projections/present.h"

/* rendering_write is a present_rendering for any root: context is a const struct channel_list. The gateway's own, in
 * gateway.h, says the same and remembers it. */
enum err rendering_write(void *context, struct arena *arena, const struct post_view *post, uint32_t target_index,
                         struct buf *out) MUST_USE;

#endif
