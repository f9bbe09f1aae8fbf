/* registry.h: the list of read models that the composition root hands to the ledger. */
#ifndef OPENPOST_PROJECTIONS_REGISTRY_H
#define OPENPOST_PROJECTIONS_REGISTRY_H

#include "core/ledger/projection.h"

extern const struct projection_list projections_all;

#endif
