/* posts_list_projection_test.c: lists give what a naive model gives: every filter, every order, page by page, also
 * while posts are being written. */
#include <stdlib.h>

#include "tests/unit/projection_fixture.h"

#define POSTS 1300U /* two full shelves and more */
#define INTEGRATIONS 6
#define LABELS 5
#define AUTHORS 3

/* What the model knows of a post. */
struct model_post {
    struct id post_id;
    uint32_t status;
    uint32_t attention; /* bit n: enum attention n */
    uint32_t author;
    uint32_t template;     /* 0: none; else id_n(ID_TEMPLATE, template) */
    uint32_t integrations; /* bit n: id_n(ID_INTEGRATION, n + 1) */
    uint32_t labels;       /* bit n: label_names[n] */
    int64_t created_ms;
    int64_t publish_at_ms; /* 0: none */
};

static const struct span label_names[LABELS] = {
    STATIC_SPAN("spring"), STATIC_SPAN("sommer"), STATIC_SPAN("ünïcode"), STATIC_SPAN("x"), STATIC_SPAN("launch day"),
};

static void feed_random_created(struct world *world, struct prng *prng, uint32_t n, struct model_post *ret_post)
{
    struct model_post post = {.post_id = id_n(ID_POST, n), .created_ms = world->now_ms};
    struct target_spec specs[INTEGRATIONS];
    struct label labels[LABELS];
    memset(specs, 0, sizeof specs);
    uint32_t spec_count = 0;
    uint32_t label_count = 0;
    post.integrations = (uint32_t)prng_below(prng, 1U << INTEGRATIONS);
    post.labels = prng_chance(prng, 2) ? 0 : (uint32_t)prng_below(prng, 1U << LABELS);
    post.author = (uint32_t)prng_below(prng, AUTHORS);
    post.template = (uint32_t)prng_below(prng, 3);
    for (uint32_t i = 0; i < INTEGRATIONS; i++) {
        if ((post.integrations >> i & 1) != 0) {
            specs[spec_count].target_id = target_n(n, i);
            specs[spec_count].integration_id = id_n(ID_INTEGRATION, i + 1);
            specs[spec_count].channel = CHANNEL_BLUESKY;
            spec_count++;
        }
    }
    if (spec_count > 0 && prng_chance(prng, 8)) { /* a draft with a planned instant */
        specs[0].at_ms = T0 + (int64_t)prng_below(prng, 1000) * MINUTE_MS;
        post.publish_at_ms = specs[0].at_ms;
    }
    for (uint32_t i = 0; i < LABELS; i++) {
        if ((post.labels >> i & 1) != 0) {
            labels[label_count].name = label_names[i];
            label_count++;
        }
    }
    struct content_part part = {.text = SPAN("text")};
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){
        .post_id = post.post_id,
        .author_id = id_n(ID_KEY, post.author + 1),
        .parts = &part,
        .parts_count = 1,
        .targets = specs,
        .targets_count = spec_count,
        .labels = labels,
        .labels_count = label_count,
        .template_id = post.template == 0 ? (struct id){0} : id_n(ID_TEMPLATE, post.template),
    };
    post.status = POST_DRAFT;
    feed_post(world, n, &event);
    *ret_post = post;
}

static void feed_random_scheduled(struct world *world, struct prng *prng, uint32_t n, struct model_post *post)
{
    struct target_due dues[INTEGRATIONS];
    uint32_t count = 0;
    post->publish_at_ms = T0 + (int64_t)prng_below(prng, 1000) * MINUTE_MS;
    for (uint32_t i = 0; i < INTEGRATIONS; i++) {
        if ((post->integrations >> i & 1) != 0) {
            dues[count] =
                (struct target_due){.target_id = target_n(n, i), .due_ms = post->publish_at_ms + count * SECOND_MS};
            count++;
        }
    }
    struct event event = event_of(EVENT_post_scheduled);
    event.post_scheduled = (struct post_scheduled_event){
        .post_id = post->post_id, .publish_at_ms = post->publish_at_ms, .targets = dues, .targets_count = count};
    feed_post(world, n, &event);
    post->status = POST_SCHEDULED;
}

static void feed_random_locked(struct world *world, uint32_t n, struct model_post *post)
{
    struct locked_part part = {.key = SPAN("k"), .created_ms = T0, .payload = SPAN("{}")};
    struct locked_target targets[INTEGRATIONS];
    memset(targets, 0, sizeof targets);
    uint32_t count = 0;
    for (uint32_t i = 0; i < INTEGRATIONS; i++) {
        if ((post->integrations >> i & 1) != 0) {
            targets[count] = (struct locked_target){.target_id = target_n(n, i), .parts = &part, .parts_count = 1};
            count++;
        }
    }
    struct event event = event_of(EVENT_post_locked);
    event.post_locked =
        (struct post_locked_event){.post_id = post->post_id, .version = 2, .targets = targets, .targets_count = count};
    feed_post(world, n, &event);
    post->status = POST_QUEUED;
}

static uint32_t first_integration(const struct model_post *post)
{
    uint32_t i = 0;
    while ((post->integrations >> i & 1) == 0) {
        i++;
    }
    return i;
}

/* Nobody knows what became of its attempt; perhaps nobody will. */
static void feed_random_doubt(struct world *world, struct prng *prng, uint32_t n, struct model_post *post)
{
    const uint32_t k = first_integration(post);
    struct event event = outcome_event(n, k, 1, 0, OUTCOME_UNKNOWN);
    feed_post(world, n, &event);
    post->attention = 1U << ATTENTION_UNKNOWN;
    if (prng_chance(prng, 2)) {
        event = event_of(EVENT_attempt_probed);
        event.attempt_probed = (struct attempt_probed_event){.post_id = post->post_id,
                                                             .target_id = target_n(n, k),
                                                             .attempt_id = attempt_n(n, k, 1),
                                                             .probe = 3,
                                                             .needs_person = true};
        feed_post(world, n, &event);
        post->attention |= 1U << ATTENTION_NEEDS_PERSON;
    }
}

/* Takes a post some steps along its life. */
static void feed_random_life(struct world *world, struct prng *prng, uint32_t n, struct model_post *post)
{
    static const enum post_status ends[] = {POST_PUBLISHED, POST_PARTIALLY_PUBLISHED, POST_FAILED, POST_MISSED,
                                            POST_CANCELLED};

    const uint64_t steps = post->integrations == 0 ? 0 : prng_below(prng, 6);
    if (steps > 0) {
        feed_random_scheduled(world, prng, n, post);
        if (prng_chance(prng, 4)) { /* and again */
            feed_random_scheduled(world, prng, n, post);
        }
    }
    if (steps > 1) {
        feed_random_locked(world, n, post);
    }
    if (steps > 2) {
        feed_started(world, n, first_integration(post), 1, 0);
        post->status = POST_PUBLISHING;
    }
    if (steps > 2 && prng_chance(prng, 3)) {
        feed_random_doubt(world, prng, n, post);
    }
    if (steps > 3) {
        post->status = ends[prng_below(prng, sizeof ends / sizeof *ends)];
        feed_post_finished(world, n, post->status);
    }
}

static uint32_t feed_random_posts(struct world *world, struct prng *prng, struct model_post *ret_posts)
{
    uint32_t count = 0;
    for (uint32_t n = 1; n <= POSTS; n++) {
        world->now_ms += (int64_t)prng_below(prng, 3); /* some in the same millisecond */
        feed_random_created(world, prng, n, &ret_posts[count]);
        feed_random_life(world, prng, n, &ret_posts[count]);
        if (ret_posts[count].status == POST_DRAFT && prng_chance(prng, 10)) {
            struct event event = event_of(EVENT_post_deleted);
            event.post_deleted.post_id = ret_posts[count].post_id;
            feed_post(world, n, &event);
        } else {
            count++;
        }
    }
    return count;
}

/* --- the model --- */

static bool model_matches(const struct model_post *post, const struct post_filter *filter, uint32_t integrations,
                          uint32_t labels)
{
    bool author = filter->author_count == 0;
    for (uint32_t i = 0; i < filter->author_count; i++) {
        const struct id author_id = id_n(ID_KEY, post->author + 1);
        author = author || id_equal(&filter->authors[i], &author_id);
    }
    const bool after =
        filter->publish_after_ms == 0 || (post->publish_at_ms != 0 && post->publish_at_ms >= filter->publish_after_ms);
    const bool before =
        filter->publish_before_ms == 0 || (post->publish_at_ms != 0 && post->publish_at_ms < filter->publish_before_ms);
    const bool attention = filter->attention == 0 || (post->attention & filter->attention) != 0;
    const struct id template_id = id_n(ID_TEMPLATE, post->template);
    const bool template =
        filter->template_count == 0 || (post->template != 0 && id_equal(&filter->templates[0], &template_id));
    return author && after && before && attention && template &&
           (filter->statuses == 0 || (filter->statuses >> post->status & 1) != 0) &&
           (filter->integration_count == 0 || (post->integrations & integrations) != 0) &&
           (filter->label_count == 0 || (post->labels & labels) != 0);
}

static int sign(int64_t difference)
{
    return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

static int by_created(const void *a, const void *b)
{
    const struct model_post *left = a;
    const struct model_post *right = b;
    const int by_time = sign(left->created_ms - right->created_ms);
    return by_time != 0 ? by_time : memcmp(left->post_id.uuid, right->post_id.uuid, 16);
}

/* Those without an instant after all others, by creation. */
static int by_publish_at(const void *a, const void *b)
{
    const struct model_post *left = a;
    const struct model_post *right = b;
    if ((left->publish_at_ms == 0) != (right->publish_at_ms == 0)) {
        return left->publish_at_ms == 0 ? 1 : -1;
    }
    const int by_time = sign(left->publish_at_ms - right->publish_at_ms);
    if (left->publish_at_ms != 0) {
        return by_time != 0 ? by_time : memcmp(left->post_id.uuid, right->post_id.uuid, 16);
    }
    return by_created(a, b);
}

static int by_publish_at_down(const void *a, const void *b)
{
    const struct model_post *left = a;
    const struct model_post *right = b;
    const bool mixed = (left->publish_at_ms == 0) != (right->publish_at_ms == 0);
    return mixed ? by_publish_at(a, b) : -by_publish_at(a, b);
}

static int by_created_down(const void *a, const void *b)
{
    return -by_created(a, b);
}

typedef int compare(const void *, const void *);

static compare *compare_of(enum post_order order)
{
    switch (order) {
    case POST_ORDER_CREATED_UP:
        return by_created;
    case POST_ORDER_PUBLISH_UP:
        return by_publish_at;
    case POST_ORDER_PUBLISH_DOWN:
        return by_publish_at_down;
    case POST_ORDER_CREATED_DOWN:
    default:
        return by_created_down;
    }
}

/* --- comparing --- */

struct query {
    struct post_filter filter;
    struct id integrations[2];
    struct id authors[2];
    struct id template_id;
    struct span labels[2];
    uint32_t integration_mask;
    uint32_t label_mask;
};

static void random_query(struct prng *prng, struct query *query)
{
    memset(query, 0, sizeof *query);
    struct post_filter *filter = &query->filter;
    filter->order = (enum post_order)prng_below(prng, 4);
    filter->statuses = prng_chance(prng, 2) ? 0 : (uint32_t)prng_below(prng, 1U << POST_STATUS_COUNT) & ~1U;
    filter->attention = prng_chance(prng, 3) ? (uint32_t)prng_below(prng, 1U << ATTENTION_COUNT) & ~1U : 0;
    filter->integration_count = (uint32_t)prng_below(prng, 3);
    filter->author_count = (uint32_t)prng_below(prng, 3);
    filter->label_count = (uint32_t)prng_below(prng, 3);
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t integration = (uint32_t)prng_below(prng, INTEGRATIONS);
        const uint32_t label = (uint32_t)prng_below(prng, LABELS);
        query->integrations[i] = id_n(ID_INTEGRATION, integration + 1);
        query->authors[i] = id_n(ID_KEY, (uint32_t)prng_below(prng, AUTHORS) + 1);
        query->labels[i] = label_names[label];
        query->integration_mask |= i < filter->integration_count ? 1U << integration : 0;
        query->label_mask |= i < filter->label_count ? 1U << label : 0;
    }
    if (prng_chance(prng, 3)) {
        filter->publish_after_ms = T0 + (int64_t)prng_below(prng, 600) * MINUTE_MS;
    }
    if (prng_chance(prng, 3)) {
        filter->publish_before_ms = T0 + (int64_t)prng_below(prng, 1000) * MINUTE_MS;
    }
    query->template_id = id_n(ID_TEMPLATE, 1 + (uint32_t)prng_below(prng, 2));
    filter->template_count = prng_chance(prng, 4) ? 1 : 0;
    filter->templates = &query->template_id;
    filter->integrations = query->integrations;
    filter->authors = query->authors;
    filter->labels = query->labels;
}

static void check_query(struct world *world, const struct model_post *posts, uint32_t count, const struct query *query,
                        uint32_t limit)
{
    struct model_post expected[POSTS];
    uint32_t expected_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (model_matches(&posts[i], &query->filter, query->integration_mask, query->label_mask)) {
            expected[expected_count] = posts[i];
            expected_count++;
        }
    }
    qsort(expected, expected_count, sizeof *expected, compare_of(query->filter.order));
    const struct id workspace_id = the_workspace();
    uint32_t seen = 0;
    struct post_page page = {.cursor_len = 0};
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    do {
        uint8_t cursor[POST_CURSOR_MAX];
        const size_t cursor_len = page.cursor_len;
        memcpy(cursor, page.cursor, cursor_len);
        arena_reset(&arena);
        ck_assert_int_eq(posts_list(reading(world), &workspace_id, &query->filter, span_of(cursor, cursor_len), limit,
                                    &arena, &page),
                         OK);
        ck_assert_uint_le(page.count, limit);
        for (uint32_t i = 0; i < page.count; i++) {
            ck_assert_uint_lt(seen, expected_count);
            ck_assert(id_equal(&page.posts[i].row.post_id, &expected[seen].post_id));
            ck_assert_uint_eq(page.posts[i].row.status, expected[seen].status);
            seen++;
        }
        ck_assert(page.cursor_len == 0 || page.count == limit); /* few rows: no page is cut short */
    } while (page.cursor_len != 0);
    ck_assert_uint_eq(seen, expected_count);
    arena_done(&arena);
}

START_TEST(lists_of_1300_random_posts_are_those_of_a_naive_model)
{
    struct world world;
    struct prng prng;
    struct model_post posts[POSTS];
    world_init(&world);
    prng_seed(&prng, (uint64_t)_i + 1);
    const uint32_t count = feed_random_posts(&world, &prng, posts);
    for (uint32_t round = 0; round < 80; round++) {
        struct query query;
        random_query(&prng, &query);
        check_query(&world, posts, count, &query, (uint32_t)prng_below(&prng, 60) + 1);
    }
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(another_workspace_sees_none_of_them)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    const struct id other = id_n(ID_WORKSPACE, 2);
    for (int order = 0; order < 4; order++) {
        const struct post_filter filter = {.order = (enum post_order)order};
        struct post_page page;
        ck_assert_int_eq(posts_list(reading(&world), &other, &filter, SPAN(""), 10, &world.arena, &page), OK);
        ck_assert_uint_eq(page.count, 0);
        ck_assert_uint_eq(page.cursor_len, 0);
    }
    world_done(&world);
}

END_TEST

START_TEST(a_restricted_grant_pages_through_what_goes_to_its_accounts_alone)
{
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 30; n++) {
        world.now_ms++;
        feed_created(&world, n, n % 3); /* to no account, to the first, to the first two */
    }
    const struct id workspace_id = the_workspace();
    const struct integration_ref accounts[] = {{.integration_id = id_n(ID_INTEGRATION, 1)},
                                               {.integration_id = id_n(ID_INTEGRATION, 2)}};
    const struct integration_ref alike = {.integration_id = {.kind = ID_USER}}; /* but for what a narrow row holds */
    struct integration_ref other[] = {accounts[1], alike};
    memcpy(other[1].integration_id.uuid + 12, accounts[0].integration_id.uuid + 12, 4);

    const struct {
        struct grant grant;
        uint32_t count;
    } cases[] = {
        {{.role = ROLE_VIEWER},                                                               30},
        {{.role = ROLE_VIEWER, .restricted = true},                                           10},
        {{.role = ROLE_VIEWER, .restricted = true, .accounts = accounts, .account_count = 1}, 20},
        {{.role = ROLE_VIEWER, .restricted = true, .accounts = accounts, .account_count = 2}, 30},
        {{.role = ROLE_VIEWER, .restricted = true, .accounts = other, .account_count = 2},    10},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct post_filter filter = {.order = POST_ORDER_CREATED_UP, .seen_by = &cases[i].grant};
        struct post_page page = {.cursor_len = 0};
        uint32_t count = 0;
        do {
            const struct span cursor = span_of(page.cursor, page.cursor_len);
            struct post_page next;
            ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, cursor, 4, &world.arena, &next), OK);
            for (uint32_t k = 0; k < next.count; k++) {
                ck_assert(posts_sees(&cases[i].grant, &next.posts[k].row));
            }
            if (cases[i].grant.restricted && next.cursor_len > 0) { /* no place of what is not there for it */
                ck_assert_uint_eq(next.count, 4);
                ck_assert_mem_eq(next.cursor + next.cursor_len - 16, next.posts[3].row.post_id.uuid, 16);
            }
            count += next.count;
            page = next;
        } while (page.cursor_len > 0);
        ck_assert_uint_eq(count, cases[i].count);
    }
    world_done(&world);
}

END_TEST

START_TEST(a_cursor_of_another_list_is_refused)
{
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 3; n++) {
        feed_created(&world, n, 1);
        feed_scheduled(&world, n, 1, T0 + HOUR_MS + n);
    }
    const struct id workspace_id = the_workspace();
    const struct id other = id_n(ID_WORKSPACE, 2);
    struct post_filter filter = {.order = POST_ORDER_PUBLISH_UP};
    struct post_page page;
    ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, SPAN(""), 1, &world.arena, &page), OK);
    ck_assert_uint_eq(page.cursor_len, 42);
    const struct span cursor = span_of(page.cursor, page.cursor_len);
    struct post_page next;
    ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, cursor, 1, &world.arena, &next), OK);
    ck_assert_uint_eq(next.count, 1);
    ck_assert_int_eq(posts_list(reading(&world), &other, &filter, cursor, 1, &world.arena, &next), ERR_MALFORMED);
    ck_assert_int_eq(
        posts_list(reading(&world), &workspace_id, &filter, span_of(page.cursor, 41), 1, &world.arena, &next),
        ERR_MALFORMED);
    filter.order = POST_ORDER_CREATED_UP;
    ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, cursor, 1, &world.arena, &next),
                     ERR_MALFORMED);
    world_done(&world);
}

END_TEST

START_TEST(posts_written_meanwhile_move_nothing)
{
    struct world world;
    world_init(&world);
    for (uint32_t n = 1; n <= 20; n++) {
        world.now_ms++;
        feed_created(&world, n, 1);
    }
    const struct id workspace_id = the_workspace();
    const struct post_filter filter = {.order = POST_ORDER_CREATED_DOWN};
    struct post_page page = {.cursor_len = 0};
    uint32_t expected = 20;
    uint32_t next = 21;
    do {
        struct post_page before = page;
        ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, span_of(before.cursor, before.cursor_len),
                                    3, &world.arena, &page),
                         OK);
        for (uint32_t i = 0; i < page.count; i++) {
            const struct id post_id = id_n(ID_POST, expected);
            ck_assert(id_equal(&page.posts[i].row.post_id, &post_id));
            expected--;
        }
        world.now_ms++;
        feed_created(&world, next, 1);
        next++;
    } while (page.cursor_len != 0);
    ck_assert_uint_eq(expected, 0);
    world_done(&world);
}

END_TEST

START_TEST(a_search_that_finds_nothing_stops_and_can_go_on)
{
    struct world world;
    world_init(&world);
    const uint32_t posts = POSTS_SCAN_MAX + 10;
    for (uint32_t n = 1; n <= posts; n++) {
        world.now_ms++;
        feed_created(&world, n, 0);
    }
    const struct id workspace_id = the_workspace();
    const struct post_filter filter = {.publish_after_ms = T0, .order = POST_ORDER_CREATED_UP};
    struct post_page page;
    ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, SPAN(""), 10, &world.arena, &page), OK);
    ck_assert_uint_eq(page.count, 0);
    ck_assert_uint_gt(page.cursor_len, 0);
    const struct post_page first = page;
    ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, span_of(first.cursor, first.cursor_len), 10,
                                &world.arena, &page),
                     OK);
    ck_assert_uint_eq(page.count, 0);
    ck_assert_uint_eq(page.cursor_len, 0);
    world_done(&world);
}

END_TEST

START_TEST(lock_and_attempts_leave_both_lists_alone)
{
    /* every table but the two lists is left out */
    static const char others[] = "\x20\x28\x38\x39\x3A\x3B\x40";
    const struct span skip = span_text(others);
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 1);
    const uint64_t draft = digest_of(world.store, skip);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    const uint64_t scheduled = digest_of(world.store, skip);
    ck_assert_uint_ne(draft, scheduled);
    feed_locked(&world, 1, 1, 1, false);
    feed_started(&world, 1, 0, 1, 0);
    feed_accepted(&world, 1, 0, 1, 0);
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    ck_assert_uint_eq(digest_of(world.store, skip), scheduled);
    feed_post_finished(&world, 1, POST_PUBLISHED);
    ck_assert_uint_ne(digest_of(world.store, skip), scheduled);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_list_projection");
    TCase *tcase = tcase_create("posts_list");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, lists_of_1300_random_posts_are_those_of_a_naive_model, 0, 2);
    tcase_add_test(tcase, another_workspace_sees_none_of_them);
    tcase_add_test(tcase, a_restricted_grant_pages_through_what_goes_to_its_accounts_alone);
    tcase_add_test(tcase, a_cursor_of_another_list_is_refused);
    tcase_add_test(tcase, posts_written_meanwhile_move_nothing);
    tcase_add_test(tcase, a_search_that_finds_nothing_stops_and_can_go_on);
    tcase_add_test(tcase, lock_and_attempts_leave_both_lists_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
