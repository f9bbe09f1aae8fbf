/* provider_view.h: somebody on the way to an identity provider, and back: what provider_handlers.c and
 * callback_handlers.c share. */
#ifndef OPENPOST_GATEWAY_PROVIDER_VIEW_H
#define OPENPOST_GATEWAY_PROVIDER_VIEW_H

#include "gateway/gate/joining.h"
#include "gateway/gate/providers.h"
#include "gateway/session_view.h"
#include "gateway/sign_in/flow.h"

#define SIGN_IN_FIRST "Whoever signs in with it signs in first, then takes the invitation."

/* In the request's arena. */
struct visit {
    struct exchange *x;
    struct flow flow;
    char redirect_uri[ORIGIN_MAX + 32];
    struct arrival arrival;
    struct newcomer newcomer;
    struct opening opening;
};

/* visit_begin makes one; NULL: answered. visit_journey is what goes to the provider and comes back from it: it borrows
 * from the visit. */
struct visit *visit_begin(struct exchange *x);
struct journey visit_journey(struct visit *visit);

#endif
