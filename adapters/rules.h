/* rules.h: what an adapter's process may still do once it serves (core/confine/confine.h). */
#ifndef OPENPOST_ADAPTERS_RULES_H
#define OPENPOST_ADAPTERS_RULES_H

#include "adapters/guard.h"
#include "core/confine/confine.h"

/* adapter_rules: no file but what names and certificates are read from; ports 443, 80, 53 (names over TCP), unless the
 * guard is for loopback only, and its loopback ports to connect to; listen_url's to listen on. ERR_MALFORMED,
 * ERR_RANGE: no port in listen_url. */
enum err adapter_rules(const struct guard *guard, const char *listen_url, struct confine_rules *ret_rules) MUST_USE;

#endif
