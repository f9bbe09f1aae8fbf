/* tray.c: see tray.h. It never blocks for longer than it takes to move a pointer. */
#include "adapters/tray.h"

#include "core/base/lock.h"

void tray_init(struct tray *tray)
{
    tray->count = 0;
    lock_init(&tray->mutex);
}

void tray_done(struct tray *tray)
{
    for (struct endpoint_request *request = tray_take(tray); request != NULL; request = tray_take(tray)) {
        endpoint_drop(request);
    }
}

bool tray_put(struct tray *tray, struct endpoint_request *request)
{
    lock_take(&tray->mutex);
    const bool room = tray->count < TRAY_MAX;
    if (room) {
        tray->requests[tray->count] = request;
        tray->count++;
    }
    lock_give(&tray->mutex);
    if (!room) {
        endpoint_drop(request);
    }
    return room;
}

struct endpoint_request *tray_take(struct tray *tray)
{
    struct endpoint_request *request = NULL;
    lock_take(&tray->mutex);
    if (tray->count > 0) {
        request = tray->requests[0];
        tray->count--;
        memmove(tray->requests, tray->requests + 1, tray->count * sizeof(struct endpoint_request *));
    }
    lock_give(&tray->mutex);
    return request;
}
