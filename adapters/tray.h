/* tray.h: requests on their way from the socket's threads to a process's one loop. For serve.c and identity/serve.c. */
#ifndef OPENPOST_ADAPTERS_TRAY_H
#define OPENPOST_ADAPTERS_TRAY_H

#include <pthread.h>

#include "core/wire/endpoint.h"

#define TRAY_MAX 128u /* more than any process's endpoint has contexts */

struct tray {
    pthread_mutex_t mutex; /* guards what follows */
    struct endpoint_request *requests[TRAY_MAX];
    unsigned count;
};

void tray_init(struct tray *tray);
/* tray_done drops what nobody took. */
void tray_done(struct tray *tray);
/* tray_put takes the request; false: it is full, the request was dropped. From any thread. tray_take gives the oldest;
 * NULL: there is none. */
bool tray_put(struct tray *tray, struct endpoint_request *request);
struct endpoint_request *tray_take(struct tray *tray);

#endif
