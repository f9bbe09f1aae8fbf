/* base64.h: lives in core/base now; for includes by the old name. */
#include "core/base/base64.h"
