/* service_doubt_test.c: whoever meets read models that cannot be what was written ends the ledger's process, which
 * makes them again; but nobody makes it do so again and again. */
#include "tests/unit/service_world.h"

struct ended {
    atomic_int err; /* what the writer ended with; OK: it runs */
};

static void note_end(void *context, enum err err)
{
    struct ended *ended = context;
    atomic_store(&ended->err, err);
}

static enum err answer_damaged(const struct question *question, enum refusal *ret_refusal, struct buf *out)
{
    (void)question;
    (void)ret_refusal;
    (void)out;
    return ERR_ALTERED;
}

/* The place's service once more, over views that were, or were not, made at this start. */
static void serve_again(struct place *place, bool views_made, struct ended *ended)
{
    client_close(place->client);
    service_close(place->service);
    place->service = NULL;
    place->parts.answer = answer_damaged;
    struct service_options options = {.ledger = place->ledger,
                                      .log = place->log,
                                      .views = place->views,
                                      .vault = place->vault,
                                      .parts = &place->parts,
                                      .installation_id = new_id(ID_SYSTEM),
                                      .url = place->url,
                                      .apart_ms = clock_wall_ms() - clock_boot_ms(),
                                      .views_made = views_made};
    memcpy(options.secret, secret, sizeof options.secret);
    atomic_store(&ended->err, OK);
    enum err err = ERR_BUSY;
    for (int i = 0; i < 20 && err == ERR_BUSY; i++) {
        free_url(place->url);
        err = service_open(&options, note_end, ended, &place->service);
    }
    ck_assert_int_eq(err, OK);
    place->client = connect_party(place, PARTY_OPERATOR);
}

static enum err doubt(struct client *client, const char *name, int64_t seen_ms, uint64_t *ret_damaged)
{
    uint8_t bytes[64];
    uint8_t reply_bytes[128];
    struct buf body = buf_of(bytes, sizeof bytes);
    struct buf reply = buf_of(reply_bytes, sizeof reply_bytes);
    struct body_list figures;
    struct span found;
    body_figures_begin(&body, 1);
    body_figure_put(&body, name, (uint64_t)seen_ms);
    TRY(client_ask_wait(client, FRAME_DOUBT, buf_span(&body), WAIT_MS, &reply));
    ck_assert_int_eq(body_figures_read(buf_span(&reply), &figures), OK);
    ck_assert_uint_eq(figures.left, 1);
    ck_assert_int_eq(body_figure_next(&figures, &found, ret_damaged), OK);
    ck_assert(span_equal(found, SPAN("damaged")));
    return OK;
}

static void ck_ends(struct ended *ended)
{
    for (int i = 0; i < WAIT_MS && atomic_load(&ended->err) == OK; i++) {
        usleep(1000);
    }
    ck_assert_int_eq(atomic_load(&ended->err), ERR_ALTERED);
}

/* The writer looked around since, and went on. */
static void ck_goes_on(struct place *place, struct ended *ended)
{
    struct content_part part;
    for (int i = 0; i < 3; i++) {
        struct command command = draft(place, &part);
        ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    }
    ck_assert_int_eq(atomic_load(&ended->err), OK);
}

START_TEST(views_that_were_taken_as_they_are_are_doubted_at_the_first_report)
{
    static const enum party parties[] = {PARTY_GATEWAY, PARTY_SCHEDULER};
    struct place *place = place_open();
    struct ended ended;
    uint64_t damaged = 0;
    serve_again(place, false, &ended);
    OWNED(client_close) struct client *reporter = connect_party(place, parties[_i]);
    ck_assert_int_eq(doubt(reporter, "nonsense", clock_boot_ms(), &damaged), ERR_UNSUPPORTED);
    ck_goes_on(place, &ended);
    ck_assert_int_eq(doubt(reporter, "seen_ms", clock_boot_ms(), &damaged), OK);
    ck_assert_uint_eq(damaged, 1);
    ck_ends(&ended);
    place_close(place);
}

END_TEST

START_TEST(views_that_were_just_made_are_not_made_again_whoever_says_so)
{
    struct place *place = place_open();
    struct ended ended;
    uint64_t damaged = 7;
    serve_again(place, true, &ended);
    OWNED(client_close) struct client *reporter = connect_party(place, PARTY_GATEWAY);
    ck_assert_int_eq(doubt(reporter, "seen_ms", clock_boot_ms() - HOUR_MS, &damaged), OK);
    ck_assert_uint_eq(damaged, 0); /* the ones before */
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(doubt(reporter, "seen_ms", clock_boot_ms() + 1, &damaged), OK);
        ck_assert_uint_eq(damaged, 1);
    }
    ck_goes_on(place, &ended);
    place_close(place);
}

END_TEST

START_TEST(a_question_that_meets_damage_is_answered_so_and_ends_the_process)
{
    struct place *place = place_open();
    struct ended ended;
    uint8_t bytes[256];
    uint8_t reply_bytes[256];
    struct buf body = buf_of(bytes, sizeof bytes);
    struct buf reply = buf_of(reply_bytes, sizeof reply_bytes);
    enum refusal refusal = ACCEPTED;
    struct span result;
    serve_again(place, false, &ended);
    body_query_put(&body, SPAN("anything"), SPAN(""));
    ck_assert_int_eq(client_ask_wait(place->client, FRAME_QUERY, buf_span(&body), WAIT_MS, &reply), OK);
    ck_assert_int_eq(body_result_read(buf_span(&reply), &refusal, &result), OK);
    ck_assert_int_eq(refusal, REFUSED_views_damaged);
    ck_ends(&ended);
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_doubt");
    TCase *tcase = tcase_create("service_doubt");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, views_that_were_taken_as_they_are_are_doubted_at_the_first_report, 0, 2);
    tcase_add_test(tcase, views_that_were_just_made_are_not_made_again_whoever_says_so);
    tcase_add_test(tcase, a_question_that_meets_damage_is_answered_so_and_ends_the_process);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
