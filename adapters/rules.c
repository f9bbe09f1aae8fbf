/* rules.c: see rules.h. Called by main.c. */
#include "adapters/rules.h"

/* What names and certificates are read from; those that are not there are left out. */
static const char *const readable[] = {
    "/etc/resolv.conf",    "/etc/hosts",     "/etc/host.conf", "/etc/nsswitch.conf",
    "/etc/gai.conf",       "/etc/ssl",       "/usr/lib/ssl",   "/usr/share/ca-certificates",
    "/usr/share/zoneinfo", "/etc/localtime",
};

static const uint16_t ports[] = {443, 80, 53};

_Static_assert(sizeof ports / sizeof *ports + GUARD_LOOPBACK_PORTS_MAX <= CONFINE_PORTS_MAX, "room for every port");

enum err adapter_rules(const struct guard *guard, const char *listen_url, struct confine_rules *ret_rules)
{
    struct confine_rules rules = {.process = CONFINE_ADAPTER};
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
        confine_path(&rules, readable[i], CONFINE_READ);
    }
    for (size_t i = 0; !guard->loopback_only && i < sizeof ports / sizeof *ports; i++) {
        confine_connect_port(&rules, ports[i]);
    }
    for (size_t i = 0; i < guard->loopback_count; i++) {
        confine_connect_port(&rules, guard->loopback_ports[i]);
    }
    TRY(confine_bind(&rules, listen_url));
    *ret_rules = rules;
    return OK;
}
