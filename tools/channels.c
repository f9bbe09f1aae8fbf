/* channels.c: see channels.h. Called by openpost.c and look.c. */
#include "tools/channels.h"

#include "adapters/bluesky.h"

struct channel_list channels_all(const struct channel *room[CHANNELS_ALL])
{
    room[0] = bluesky_channel();
    return (struct channel_list){.items = room, .count = CHANNELS_ALL};
}
