/* sight_test.c: an editor sees of the log what became of the posts that they wrote, be they deleted since, and no other
 * event; whoever sees all sees all; and no helping looks at more events than it may, whatever is among them. */
#include "core/base/limits.h"
#include "core/ledger/sight.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

static struct world *found(uint64_t seed)
{
    struct world *world = world_open(seed, 0, 0);
    world_found(world);
    return world;
}

static struct id editor_key(struct world *world)
{
    struct command command = world_command(world, COMMAND_create_key);
    command.create_key.key_id = world_id(world, ID_KEY);
    command.create_key.workspace_id = world->workspace_id;
    command.create_key.name = SPAN("editor");
    command.create_key.role = ROLE_EDITOR;
    prng_fill(&world->prng, command.create_key.fingerprint.bytes, SHA256_LEN);
    world_must(world, &command);
    return command.create_key.key_id;
}

static struct id draft_by(struct world *world, const struct id *author)
{
    struct target_spec specs[3];
    struct content_part part;
    struct command command = world_post(world, 0, 0, specs, &part);
    command.actor_id = *author;
    world_must(world, &command);
    return command.create_post.post_id;
}

static void delete_by(struct world *world, const struct id *actor, const struct id *post_id)
{
    struct command command = world_command(world, COMMAND_delete_post);
    command.actor_id = *actor;
    command.delete_post.post_id = *post_id;
    world_must(world, &command);
}

/* What a walk meets, and how far it came. */
struct seen {
    struct log_event events[64];
    uint32_t count;
    uint64_t position;
};

static enum err look(struct world *world, struct store_txn *txn, const struct sight *sight, uint64_t after,
                     struct seen *seen)
{
    struct sight_walk walk = {.log = world->log, .txn = txn, .sight = *sight, .position = after};
    uint64_t seq = 0;
    enum err err = sight_next(&walk, &seq);
    seen->count = 0;
    while (err == OK) {
        ck_assert_uint_lt(seen->count, 64);
        ck_assert_int_eq(log_look(world->log, seq, &seen->events[seen->count]), OK);
        ck_assert_uint_eq(seen->events[seen->count].workspace_seq, walk.position);
        seen->count++;
        err = sight_next(&walk, &seq);
    }
    seen->position = walk.position;
    return err;
}

static struct store_txn *reads(struct world *world)
{
    struct store_txn *txn = NULL;
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    return txn;
}

static void done(struct world *world, struct store_txn *txn)
{
    store_abort(txn);
    world_close(world);
}

static uint64_t last_of(struct world *world)
{
    uint64_t last = 0;
    ck_assert_int_eq(log_workspace_head(world->log, &world->workspace_id, &last), OK);
    return last;
}

START_TEST(an_editor_sees_their_own_posts_events_and_no_other)
{
    struct world *world = found(1);
    const struct id editor = editor_key(world);
    const struct id other = editor_key(world);
    const struct id own = draft_by(world, &editor);
    const struct id others = draft_by(world, &other);
    const struct id thrown_away = draft_by(world, &editor);
    delete_by(world, &world->key_id, &thrown_away); /* by another */
    delete_by(world, &editor, &others);             /* what one did to another's post is the other's */
    struct store_txn *txn = reads(world);
    struct seen seen;
    const struct sight sight = {.workspace_id = world->workspace_id, .author_id = editor};
    ck_assert_int_eq(look(world, txn, &sight, 0, &seen), ERR_NOT_FOUND);
    ck_assert_uint_eq(seen.count, 3);
    ck_assert(id_equal(&seen.events[0].stream, &own) && seen.events[0].code == EVENT_post_created);
    ck_assert(id_equal(&seen.events[1].stream, &thrown_away) && seen.events[1].code == EVENT_post_created);
    ck_assert(id_equal(&seen.events[2].stream, &thrown_away) && seen.events[2].code == EVENT_post_deleted);
    ck_assert_uint_eq(seen.position, last_of(world)); /* behind what is not theirs, too */
    for (uint64_t number = 0; number <= last_of(world) + 1; number++) {
        uint64_t seq = 0;
        const bool is_theirs = number == seen.events[0].workspace_seq || number == seen.events[1].workspace_seq ||
                               number == seen.events[2].workspace_seq;
        ck_assert_int_eq(sight_find(world->log, txn, &sight, number, &seq), is_theirs ? OK : ERR_NOT_FOUND);
    }
    done(world, txn);
}

END_TEST

START_TEST(who_sees_all_sees_each_event)
{
    struct world *world = found(2);
    const struct id editor = editor_key(world);
    draft_by(world, &editor);
    struct store_txn *txn = reads(world);
    struct seen seen;
    const struct sight sight = {.workspace_id = world->workspace_id};
    ck_assert_int_eq(look(world, txn, &sight, 2, &seen), ERR_NOT_FOUND);
    ck_assert_uint_eq(seen.count, last_of(world) - 2);
    for (uint32_t i = 0; i < seen.count; i++) {
        ck_assert_uint_eq(seen.events[i].workspace_seq, 3 + i);
    }
    done(world, txn);
}

END_TEST

/* A page of who wrote nothing for long costs no more than one of who wrote all, and leads on. */
START_TEST(a_walk_looks_at_so_many_events_and_says_how_far_it_came)
{
    struct world *world = found(3);
    const struct id editor = editor_key(world);
    draft_by(world, &editor);
    const uint64_t first = last_of(world);
    for (uint32_t i = 0; i < 2 * SIGHT_LOOKS_MAX; i++) {
        draft_by(world, &world->key_id);
    }
    draft_by(world, &editor);
    struct store_txn *txn = reads(world);
    struct seen seen;
    const struct sight sight = {.workspace_id = world->workspace_id, .author_id = editor};
    uint32_t pages = 0;
    uint32_t found = 0;
    for (uint64_t after = first - 1; after < last_of(world); after = seen.position) {
        ck_assert_int_eq(look(world, txn, &sight, after, &seen), ERR_NOT_FOUND);
        ck_assert_uint_gt(seen.position, after);
        ck_assert_uint_le(seen.position - after, SIGHT_LOOKS_MAX);
        found += seen.count;
        pages++;
    }
    ck_assert_uint_eq(found, 2);
    ck_assert_uint_eq(pages, 3);
    done(world, txn);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("sight");
    TCase *tcase = tcase_create("sight");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_editor_sees_their_own_posts_events_and_no_other);
    tcase_add_test(tcase, who_sees_all_sees_each_event);
    tcase_add_test(tcase, a_walk_looks_at_so_many_events_and_says_how_far_it_came);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
