/* connections.c: see connections.h. Called by endpoint.c under its lock. */
#include "core/wire/connections.h"

#include "core/base/assert.h"

static struct connection *find(struct connections *connections, uint32_t pipe)
{
    for (unsigned i = 0; i < connections->high; i++) {
        if (connections->items[i].pipe == pipe) {
            return &connections->items[i];
        }
    }
    return NULL;
}

static struct connection *place_for_one(struct connections *connections)
{
    struct connection *place = find(connections, 0);
    if (place == NULL && connections->high < CONNECTIONS_MAX) {
        place = &connections->items[connections->high];
        connections->high++;
    }
    return place;
}

uint32_t connections_add(struct connections *connections, uint32_t pipe, unsigned strangers_max)
{
    ASSERT(pipe != 0);
    uint32_t oldest = 0;
    uint64_t oldest_order = UINT64_MAX;
    unsigned strangers = 0;
    for (unsigned i = 0; i < connections->high; i++) {
        const struct connection *connection = &connections->items[i];
        if (connection->pipe == 0 || connection->trusted) {
            continue;
        }
        strangers++;
        if (connection->order < oldest_order) {
            oldest = connection->pipe;
            oldest_order = connection->order;
        }
    }
    struct connection *place = place_for_one(connections);
    if (place == NULL) {
        return pipe;
    }
    connections->order++;
    *place = (struct connection){.pipe = pipe, .order = connections->order};
    return strangers >= strangers_max ? oldest : 0;
}

void connections_remove(struct connections *connections, uint32_t pipe)
{
    struct connection *connection = find(connections, pipe);
    if (connection != NULL) {
        *connection = (struct connection){0};
    }
    while (connections->high > 0 && connections->items[connections->high - 1].pipe == 0) {
        connections->high--;
    }
}

bool connections_ask(struct connections *connections, uint32_t pipe, unsigned max)
{
    struct connection *connection = find(connections, pipe);
    if (connection == NULL) {
        return true;
    }
    connection->asked++;
    return connection->asked <= max;
}

void connections_answered(struct connections *connections, uint32_t pipe)
{
    struct connection *connection = find(connections, pipe);
    if (connection != NULL) {
        ASSERT(connection->asked > 0);
        connection->asked--;
    }
}

void connections_trust(struct connections *connections, uint32_t pipe)
{
    struct connection *connection = find(connections, pipe);
    if (connection != NULL) {
        connection->trusted = true;
    }
}
