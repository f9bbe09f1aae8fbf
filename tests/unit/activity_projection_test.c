/* activity_projection_test.c: every event of a post has a sentence, and a history is read in its order, page by page.
 */
#include "tests/unit/projection_fixture.h"

#define CODES_MAX 1000

static const struct activity_about bluesky = {.where = "bluesky", .comment_part = 2};
static const struct activity_about nowhere = {.where = "", .comment_part = UINT64_MAX};

static bool is_post_event(const struct record_desc *desc)
{
    return desc->field_count > 0 && strcmp(desc->fields[0].name, "post_id") == 0;
}

/* Feeds a random event of that code about post 1, to the projection of activity alone. */
static void apply_random(struct store_txn *txn, struct prng *prng, struct arena *arena, uint32_t code, uint64_t version)
{
    struct event event;
    memset(&event, 0, sizeof event);
    event.code = code;
    ck_assert_int_eq(record_random(event_desc(code), prng, arena, event_fields(&event)), OK);
    event.post_created.post_id = id_n(ID_POST, 1); /* every event of a post begins with it */
    const struct log_event at = {.seq = version, .version = version, .time_ms = T0, .code = code};
    const struct fact fact = {.at = &at, .event = &event};
    ck_assert_int_eq(activity_projection.apply(txn, &fact, arena), OK);
}

START_TEST(every_event_of_a_post_has_a_sentence)
{
    struct world world;
    struct prng prng;
    world_init(&world);
    prng_seed(&prng, 7);
    struct store_txn *txn = NULL;
    ck_assert_int_eq(store_begin(world.store, true, &txn), OK);
    uint64_t fed = 0;
    for (uint32_t code = 1; code < CODES_MAX; code++) {
        const struct record_desc *desc = event_desc(code);
        if (desc != NULL && is_post_event(desc)) {
            for (int round = 0; round < 20; round++) {
                fed++;
                apply_random(txn, &prng, &world.arena, code, fed);
            }
        }
    }
    ck_assert_uint_ge(fed, 18 * 20);
    struct activity_row *rows = NULL;
    uint32_t count = 0;
    const struct id post_id = id_n(ID_POST, 1);
    ck_assert_int_eq(activity_list(txn, &post_id, 0, 10000, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, fed);
    for (uint32_t i = 0; i < count; i++) {
        char text[1024];
        struct buf out = buf_of(text, sizeof text);
        activity_sentence(&rows[i], &bluesky, &out);
        ck_assert(buf_ok(&out));
        ck_assert_uint_gt(out.len, 6);
        ck_assert(span_is_utf8(buf_span(&out)));
        ck_assert_uint_le(rows[i].message.len, ACTIVITY_MESSAGE_MAX);
    }
    ck_assert_int_eq(store_commit(&txn), OK);
    world_done(&world);
}

END_TEST

START_TEST(an_event_of_others_leaves_nothing)
{
    struct world world;
    world_init(&world);
    const struct id workspace_id = the_workspace();
    const uint64_t before = digest_of(world.store, SPAN("\x38\x39\x3A\x3B\x46"));
    feed_workspace(&world, &workspace_id);
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    feed_integration(&world, &workspace_id, &integration_id);
    ck_assert_uint_eq(digest_of(world.store, SPAN("\x38\x39\x3A\x3B\x46")), before);
    world_done(&world);
}

END_TEST

#define AT_MS (T0 + 180000) /* 14:03 */

/* It speaks of one account. */
#define TARGET .target_id = {.kind = ID_TARGET}

static const struct {
    struct activity_row row;
    const char *sentence;
} sentences[] = {
    {{.event = EVENT_post_created, .count = 1},                                                                          "Written as a draft for 1 account."                },
    {{.event = EVENT_post_edited, .count = 2},                                                                           "Edited; it goes to 2 accounts."                   },
    {{.event = EVENT_post_deleted},                                                                                      "The draft was thrown away."                       },
    {{.event = EVENT_post_scheduled, .count = 2, .flag = true, .at_ms = AT_MS},
     "Scheduled for 2 accounts, the first at 2026-04-20T14:03:00Z."                                                                                                         },
    {{.event = EVENT_post_scheduled, .count = 1, .at_ms = AT_MS},                                                        "Scheduled for 2026-04-20T14:03:00Z."              },
    {{.event = EVENT_post_locked, .count = 3},                                                                           "Locked: what 3 accounts get is fixed."            },
    {{.event = EVENT_post_locked, .count = 1, .message = STATIC_SPAN("@a.test stays plain text.")},
     "Locked: what 1 account gets is fixed; @a.test stays plain text."                                                                                                      },
    {{.event = EVENT_post_locked, .count = 1, .number = 2, .message = STATIC_SPAN("Too long.")},
     "Locked: what 1 account gets is fixed; failed for 2 accounts: Too long."                                                                                               },
    {{.event = EVENT_post_locked, .number = 1, .code = STATIC_SPAN("render_refused"), TARGET},
     "Locked, and failed on bluesky: The content breaks a limit of the channel."                                                                                            },
    {{.event = EVENT_target_prepared},                                                                                   "What it needs was prepared on bluesky."           },
    {{.event = EVENT_attempt_started, .number = 2},                                                                      "Attempt 2 on bluesky started."                    },
    {{.event = EVENT_attempt_started, .number = 4, .part = 2},                                                           "Attempt 4 on bluesky, the first comment, started."},
    {{.event = EVENT_attempt_started, .number = 3, .part = 1},                                                           "Attempt 3 on bluesky, part 2, started."           },
    {{.event = EVENT_attempt_finished, .number = 2, .outcome = OUTCOME_DEFERRED, .at_ms = AT_MS},
     "Attempt 2 on bluesky ended: the platform asks to wait until 2026-04-20T14:03:00Z."                                                                                    },
    {{.event = EVENT_attempt_finished, .number = 1, .outcome = OUTCOME_ACCEPTED, .message = STATIC_SPAN("https://x/1")},
     "Attempt 1 on bluesky ended: accepted by the platform: https://x/1."                                                                                                   },
    {{.event = EVENT_attempt_finished,
      .number = 1,
      .outcome = OUTCOME_TRY_AGAIN,
      .at_ms = AT_MS,
      .code = STATIC_SPAN("platform_unreachable")},
     "Attempt 1 on bluesky ended: certainly not accepted, it is tried again at 2026-04-20T14:03:00Z: "
     "The platform could not be reached; nothing was sent."                                                                                                                 },
    {{.event = EVENT_attempt_finished, .number = 1, .outcome = OUTCOME_UNAUTHORIZED},
     "Attempt 1 on bluesky ended: the platform no longer takes the account's credentials, it waits until somebody "
     "connects the account again."                                                                                                                                          },
    {{.event = EVENT_attempt_finished, .number = 1, .outcome = OUTCOME_REFUSED, .message = STATIC_SPAN("Too long!")},
     "Attempt 1 on bluesky ended: refused for good: Too long!"                                                                                                              },
    {{.event = EVENT_attempt_finished, .number = 1, .outcome = OUTCOME_UNKNOWN, .at_ms = AT_MS},
     "Attempt 1 on bluesky ended: no definite answer came, it may be live or not, the platform is looked at to find "
     "out at 2026-04-20T14:03:00Z."                                                                                                                                         },
    {{.event = EVENT_attempt_settled, .number = 1, .outcome = OUTCOME_ABSENT, .flag = true, .at_ms = AT_MS},
     "Attempt 1 on bluesky was settled by a look at the platform: it is not on the platform, it is tried again at "
     "2026-04-20T14:03:00Z."                                                                                                                                                },
    {{.event = EVENT_attempt_settled, .number = 1, .outcome = OUTCOME_ACCEPTED},
     "Attempt 1 on bluesky was settled by a late answer: accepted by the platform."                                                                                         },
    {{.event = EVENT_attempt_probed, .count = 3, .flag = true},
     "Look 3 on bluesky did not tell whether it is live; a person should look and say what became of it."                                                                   },
    {{.event = EVENT_outcome_contradicted, .outcome = OUTCOME_ACCEPTED},
     "A second answer on bluesky contradicts the first, which stands; a person should look: accepted by the platform."                                                      },
    {{.event = EVENT_target_finished, .target_status = TARGET_PUBLISHED},                                                "Published on bluesky."                            },
    {{.event = EVENT_target_finished, .target_status = TARGET_FAILED, .code = STATIC_SPAN("attempts_exhausted")},
     "Failed on bluesky: Every allowed try has failed."                                                                                                                     },
    {{.event = EVENT_targets_missed, .count = 1, TARGET, .code = STATIC_SPAN("approval_missing")},
     "Missed on bluesky: Nobody approved the post in time."                                                                                                                 },
    {{.event = EVENT_targets_doubted, .count = 3},
     "Unknown for 3 accounts: due before the copied or restored data was confirmed, so the original may have sent it."                                                      },
    {{.event = EVENT_targets_cancelled, .count = 2},                                                                     "Cancelled for 2 accounts."                        },
    {{.event = EVENT_target_resolved, .resolution = RESOLUTION_PUBLISHED, .message = STATIC_SPAN("https://x/1")},
     "A person found it on bluesky: https://x/1."                                                                                                                           },
    {{.event = EVENT_target_resolved, .resolution = RESOLUTION_ABSENT, .flag = true, .at_ms = AT_MS},
     "A person found that it is not there on bluesky, to be sent again at 2026-04-20T14:03:00Z."                                                                            },
    {{.event = EVENT_target_resolved, .resolution = RESOLUTION_ABANDONED},                                               "A person gave it up on bluesky."                  },
    {{.event = EVENT_targets_retried, .count = 1, TARGET, .at_ms = AT_MS},
     "A person asked to send it again on bluesky at 2026-04-20T14:03:00Z."                                                                                                  },
    {{.event = EVENT_comment_finished, .outcome = OUTCOME_ACCEPTED},
     "The first comment on bluesky ended: accepted by the platform."                                                                                                        },
    {{.event = EVENT_post_finished, .post_status = POST_PARTIALLY_PUBLISHED},                                            "The post is done: partially published."           },
};

/* Of several targets none is named. */
static bool is_of_all(const struct activity_row *row)
{
    return id_is_none(&row->target_id) &&
           (row->event == EVENT_post_locked || row->event == EVENT_targets_missed ||
            row->event == EVENT_targets_doubted || row->event == EVENT_targets_cancelled ||
            row->event == EVENT_targets_retried);
}

START_TEST(a_sentence_says_what_happened)
{
    char text[1024];
    struct buf out = buf_of(text, sizeof text);
    const struct activity_row *row = &sentences[_i].row;
    activity_sentence(row, is_of_all(row) ? &nowhere : &bluesky, &out);
    ck_assert_str_eq(buf_terminated(&out), sentences[_i].sentence);
}

END_TEST

START_TEST(an_edit_names_what_it_changed_and_nothing_of_what_it_holds)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 2);
    struct content_part parts[] = {{.text = SPAN("Hello")}, {.text = SPAN("more")}};
    struct label label = {.name = SPAN("spring")};
    struct pair pair = {.key = SPAN("a"), .value = SPAN("1")};
    struct target_spec *same = specs_of(&world, 1, 2);
    struct target_spec *other = specs_of(&world, 1, 2);
    other[0].at_ms = T0 + HOUR_MS;
    other[0].settings = SPAN("{}");
    other[1].variant = SPAN("{\"text\":\"hidden\"}");

    const struct {
        struct post_edited_event edited;
        const char *sentence;
    } edits[] = {
        {{.parts = parts, .parts_count = 1, .targets = same, .targets_count = 2},  "Edited; it goes to 2 accounts."},
        {{.parts = parts, .parts_count = 2, .targets = same, .targets_count = 2},
         "Edited: text; it goes to 2 accounts."                                                                    },
        {{.parts = parts, .parts_count = 2, .targets = other, .targets_count = 2},
         "Edited: variants, platform settings, instants; it goes to 2 accounts."                                   },
        {{.parts = parts, .parts_count = 2, .targets = other, .targets_count = 1},
         "Edited: accounts; it goes to 1 account."                                                                 },
        {{.parts = parts,
          .parts_count = 2,
          .targets = other,
          .targets_count = 1,
          .link = SPAN("https://a.test"),
          .first_comment = SPAN("c"),
          .timezone = SPAN("Europe/Berlin"),
          .not_after_ms = T0 + DAY_MS,
          .labels = &label,
          .labels_count = 1,
          .metadata = &pair,
          .metadata_count = 1},
         "Edited: link, first comment, time zone, not after, labels, metadata; it goes to 1 account."              },
    };
    const struct id post_id = id_n(ID_POST, 1);
    for (uint32_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct event event = event_of(EVENT_post_edited);
        event.post_edited = edits[i].edited;
        event.post_edited.post_id = post_id;
        event.post_edited.editor_id = id_n(ID_KEY, 1);
        feed_post(&world, 1, &event);
        char text[256];
        struct buf out = buf_of(text, sizeof text);
        struct activity_row *rows = NULL;
        uint32_t count = 0;
        struct activity_about about = nowhere;
        ck_assert_int_eq(activity_list(reading(&world), &post_id, i + 1, 1, &world.arena, &rows, &count), OK);
        ck_assert_uint_eq(count, 1);
        ck_assert_int_eq(posts_edited(reading(&world), &post_id, rows[0].version, &world.arena, &about.changed), OK);
        activity_sentence(&rows[0], &about, &out);
        ck_assert_str_eq(buf_terminated(&out), edits[i].sentence);
    }
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_history_is_read_in_pages_in_its_order)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 1);
    feed_created(&world, 2, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    feed_locked(&world, 1, 1, 1, false);
    feed_started(&world, 1, 0, 1, 0);
    const struct id post_id = id_n(ID_POST, 1);
    struct activity_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(activity_list(reading(&world), &post_id, 0, 3, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(rows[0].event, EVENT_post_created);
    ck_assert_uint_eq(rows[2].version, 3);
    const struct id actor_id = id_n(ID_KEY, 1);
    const struct id command_id = id_n(ID_COMMAND, 1);
    ck_assert(id_equal(&rows[0].actor_id, &actor_id));
    ck_assert(id_equal(&rows[0].command_id, &command_id));
    ck_assert_int_eq(activity_list(reading(&world), &post_id, rows[2].version, 3, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(rows[0].event, EVENT_attempt_started);
    ck_assert_int_eq(activity_list(reading(&world), &post_id, 4, 3, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 0);
    world_done(&world);
}

END_TEST

START_TEST(a_long_history_is_read_whole_whatever_the_size_of_its_pages)
{
    struct world world;
    world_init(&world);
    struct prng prng;
    prng_seed(&prng, 7);
    struct store_txn *txn = NULL;
    const uint64_t events = 37;
    ck_assert_int_eq(store_begin(world.store, true, &txn), OK);
    for (uint64_t i = 1; i <= events; i++) {
        apply_random(txn, &prng, &world.arena, EVENT_post_scheduled, i);
    }
    const struct id post_id = id_n(ID_POST, 1);
    for (uint32_t limit = 1; limit <= events + 1; limit++) {
        uint64_t after = 0;
        uint32_t count = limit;
        while (count == limit) {
            struct activity_row *rows = NULL;
            ck_assert_int_eq(activity_list(txn, &post_id, after, limit, &world.arena, &rows, &count), OK);
            for (uint32_t i = 0; i < count; i++) {
                after++;
                ck_assert_uint_eq(rows[i].version, after);
            }
        }
        ck_assert_uint_eq(after, events);
    }
    ck_assert_int_eq(store_commit(&txn), OK);
    world_done(&world);
}

END_TEST

/* Its end is in the lock: no event of its own follows. */
START_TEST(a_target_that_the_lock_fails_is_named_with_its_reason)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0 + HOUR_MS);
    struct locked_part part = {.key = SPAN("k"), .created_ms = T0, .payload = SPAN("{}")};
    struct locked_target targets[] = {
        {.target_id = target_n(1, 0), .parts = &part,                 .parts_count = 1            },
        {.target_id = target_n(1, 1), .code = SPAN("render_refused"), .message = SPAN("Too long.")},
    };
    struct event event = event_of(EVENT_post_locked);
    event.post_locked =
        (struct post_locked_event){.post_id = id_n(ID_POST, 1), .version = 2, .targets = targets, .targets_count = 2};
    feed_post(&world, 1, &event);
    const struct id post_id = id_n(ID_POST, 1);
    struct activity_row *rows = NULL;
    uint32_t count = 0;
    char text[256];
    struct buf out = buf_of(text, sizeof text);
    ck_assert_int_eq(activity_list(reading(&world), &post_id, 1, 5, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    ck_assert(id_equal(&rows[1].target_id, &targets[1].target_id));
    activity_sentence(&rows[0], &nowhere, &out);
    buf_text(&out, " ");
    activity_sentence(&rows[1], &bluesky, &out);
    ck_assert_str_eq(buf_terminated(&out), "Scheduled for 2 accounts, the first at 2026-04-20T15:00:00Z. "
                                           "Locked: what 1 account gets is fixed; failed on bluesky: Too long.");
    world_done(&world);
}

END_TEST

START_TEST(long_words_are_cut_between_characters)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    feed_locked(&world, 1, 1, 1, false);
    feed_started(&world, 1, 0, 1, 0);
    char message[ACTIVITY_MESSAGE_MAX + 2];
    memset(message, 'x', sizeof message);
    memcpy(message + ACTIVITY_MESSAGE_MAX - 1, "\xC3\xA4", 2); /* a character across the limit */
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_REFUSED);
    event.attempt_finished.message = span_of(message, sizeof message);
    feed_post(&world, 1, &event);
    const struct id post_id = id_n(ID_POST, 1);
    struct activity_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(activity_list(reading(&world), &post_id, 4, 3, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(rows[0].message.len, ACTIVITY_MESSAGE_MAX - 1);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("activity_projection");
    TCase *tcase = tcase_create("activity");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_event_of_a_post_has_a_sentence);
    tcase_add_test(tcase, an_event_of_others_leaves_nothing);
    tcase_add_loop_test(tcase, a_sentence_says_what_happened, 0, sizeof sentences / sizeof *sentences);
    tcase_add_test(tcase, an_edit_names_what_it_changed_and_nothing_of_what_it_holds);
    tcase_add_test(tcase, a_history_is_read_in_pages_in_its_order);
    tcase_add_test(tcase, a_long_history_is_read_whole_whatever_the_size_of_its_pages);
    tcase_add_test(tcase, a_target_that_the_lock_fails_is_named_with_its_reason);
    tcase_add_test(tcase, long_words_are_cut_between_characters);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
