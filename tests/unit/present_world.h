/* present_world.h: a world of read models whose posts are presented, and what looks into the JSON. */
#ifndef OPENPOST_TESTS_PRESENT_WORLD_H
#define OPENPOST_TESTS_PRESENT_WORLD_H

#include "core/message/json_read.h"
#include "projections/present.h"
#include "tests/unit/projection_fixture.h"

#define OUT_MAX ((size_t)1 << 20)

/* Parses what was presented: it must be JSON. */
static inline const struct json_node *parsed(struct world *world, const struct buf *out)
{
    const struct json_node *node = NULL;
    const enum err err = json_read(buf_span(out), &world->arena, &node);
    ck_assert_msg(err == OK, "%s: %.*s", err_name(err), (int)out->len, (const char *)out->data);
    return node;
}

/* The text at a path, NUL-terminated for comparing. */
static inline const char *text_at(struct world *world, const struct json_node *node, const char *path)
{
    const struct json_node *member = json_node_path(node, path);
    ck_assert_msg(json_node_is(member, NODE_TEXT), "%s is no text", path);
    char *text = world_alloc(world, member->text.len + 1);
    memcpy(text, member->text.data, member->text.len);
    return text;
}

static inline int64_t number_at(const struct json_node *node, const char *path)
{
    const struct json_node *member = json_node_path(node, path);
    ck_assert_msg(json_node_is(member, NODE_INTEGER), "%s is no number", path);
    return member->integer;
}

static inline const struct json_node *item_at(const struct json_node *node, const char *path, uint32_t index)
{
    const struct json_node *list = json_node_path(node, path);
    ck_assert_msg(json_node_is(list, NODE_LIST) && index < list->count, "%s has no item %u", path, index);
    const struct json_node *item = list->first;
    for (uint32_t i = 0; i < index; i++) {
        item = item->next;
    }
    return item;
}

static inline void check_null(const struct json_node *node, const char *path)
{
    const struct json_node *member = json_node_path(node, path);
    ck_assert_msg(member != NULL, "%s is not there", path);
    ck_assert_msg(json_node_is(member, NODE_NULL), "%s is not null", path);
}

static inline void feed_accounts(struct world *world)
{
    const struct id workspace_id = the_workspace();
    feed_workspace(world, &workspace_id);
    for (uint32_t n = 1; n <= 2; n++) {
        const struct id integration_id = id_n(ID_INTEGRATION, n);
        feed_integration(world, &workspace_id, &integration_id);
    }
}

/* A world with accounts, and the zones in which it is presented. */
static inline struct zones *present_begin(struct world *world)
{
    struct zones *zones = NULL;
    world_init(world);
    feed_accounts(world);
    ck_assert_int_eq(zones_open(&zones), OK);
    return zones;
}

static inline void present_end(struct world *world, struct zones *zones)
{
    zones_close(zones);
    world_done(world);
}

static inline struct buf out_of(struct world *world)
{
    return buf_of(world_alloc(world, OUT_MAX), OUT_MAX);
}

static inline struct buf presented(struct world *world, struct zones *zones, uint32_t post)
{
    const struct post_view view = view_of(world, post);
    const struct present present = {.txn = reading(world), .zones = zones, .arena = &world->arena};
    struct buf out = out_of(world);
    ck_assert_int_eq(present_post(&present, &view, &out), OK);
    return out;
}

static inline const struct json_node *shown(struct world *world, struct zones *zones, uint32_t post)
{
    const struct buf out = presented(world, zones, post);
    return parsed(world, &out);
}

#endif
