/* channels.h: the channels that this build can publish to, for whoever renders. */
#ifndef OPENPOST_TOOLS_CHANNELS_H
#define OPENPOST_TOOLS_CHANNELS_H

#include "core/channel.h"

#define CHANNELS_ALL 1

/* channels_all fills room and returns a list that borrows it. */
struct channel_list channels_all(const struct channel *room[CHANNELS_ALL]);

#endif
