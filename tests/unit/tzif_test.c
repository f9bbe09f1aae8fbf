/* tzif_test.c: zone files are read as RFC 9636 defines them; one that is cut off or wrong is refused. The file is
 * written out by hand; zone_test compares all of the system's with the C library. */
#include "core/calendar/tzif.h"

#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))
#define FILE_MAX 600

/* What a file is made of; the counts in its header follow from it, unless a test sets them otherwise. */
struct maker {
    const int64_t *times;
    const uint8_t *types;
    uint32_t changes;
    const int32_t *offsets;
    uint32_t offsets_count;
    const char *footer;
};

static void put_block(struct buf *out, const struct maker *maker, size_t time_len)
{
    uint8_t number[8];
    const uint32_t counts[] = {0, 0, 0, maker->changes, maker->offsets_count, 4};
    buf_put(out, SPAN("TZif3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    for (size_t i = 0; i < ROWS(counts); i++) {
        put_be32(number, counts[i]);
        buf_put(out, span_of(number, 4));
    }
    for (uint32_t i = 0; i < maker->changes; i++) {
        put_be64(number, (uint64_t)maker->times[i]);
        buf_put(out, span_of(number + 8 - time_len, time_len));
    }
    buf_put(out, span_of(maker->types, maker->changes));
    for (uint32_t i = 0; i < maker->offsets_count; i++) {
        put_be32(number, (uint32_t)maker->offsets[i]);
        buf_put(out, span_of(number, 4));
        buf_put(out, SPAN("\0\0"));
    }
    buf_put(out, SPAN("ABC\0"));
}

static struct buf make(const struct maker *maker, uint8_t bytes[FILE_MAX])
{
    struct buf out = buf_of(bytes, FILE_MAX);
    const struct maker empty = {.offsets = maker->offsets, .offsets_count = 1};
    put_block(&out, &empty, 4);
    put_block(&out, maker, 8);
    buf_text(&out, maker->footer);
    ck_assert(buf_ok(&out));
    return out;
}

static const int32_t offsets[] = {3600, 7200, -3600, 3600};
static const int64_t times[] = {-4000000000, -100, 1000000000, 1100000000, 1200000000, 1300000000};
static const uint8_t types[] = {2, 0, 1, 0, 3, 0};

static struct maker good(void)
{
    return (struct maker){times, types, 6, offsets, 4, "\nCET-1CEST,M3.5.0,M10.5.0/3\n"};
}

START_TEST(changes_and_the_rule_behind_them_are_read)
{
    uint8_t bytes[FILE_MAX];
    const struct maker maker = good();
    const struct buf file = make(&maker, bytes);
    struct arena arena;
    arena_init(&arena, 100000);
    struct tzif zone;
    int64_t next = 0;
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), OK);
    ck_assert_uint_eq(zone.count, 3); /* long ago and of nothing but the name: left out */
    ck_assert_int_eq(tzif_offset(&zone, -100000, &next), -3600);
    ck_assert_int_eq(next, -100);
    ck_assert_int_eq(tzif_offset(&zone, -100, &next), 3600);
    ck_assert_int_eq(tzif_offset(&zone, 999999999, &next), 3600);
    ck_assert_int_eq(next, 1000000000);
    ck_assert_int_eq(tzif_offset(&zone, 1000000000, &next), 7200);
    ck_assert_int_eq(next, 1100000000);
    ck_assert_int_eq(tzif_offset(&zone, 1250000000, &next), 3600); /* summer, but the rule does not hold yet */
    ck_assert_int_eq(next, 1300000000);
    ck_assert_int_eq(tzif_offset(&zone, 1300000000, &next), 3600);
    ck_assert_int_eq(tzif_offset(&zone, 1784000000, &next), 7200); /* July 2026 */
    ck_assert_int_eq(next, 1792890000);                            /* 25 October 2026, 01:00 UTC */
    arena_done(&arena);
}

END_TEST

START_TEST(without_a_rule_the_last_offset_stays)
{
    uint8_t bytes[FILE_MAX];
    struct maker maker = good();
    maker.footer = "\n\n";
    maker.changes = 3;
    struct buf file = make(&maker, bytes);
    struct arena arena;
    arena_init(&arena, 100000);
    struct tzif zone;
    int64_t next = 0;
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), OK);
    ck_assert_int_eq(tzif_offset(&zone, 1784000000, &next), 7200);
    ck_assert_int_eq(next, INT64_MAX);
    maker.changes = 0;
    file = make(&maker, bytes);
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), OK);
    ck_assert_int_eq(tzif_offset(&zone, 1784000000, &next), 3600);
    ck_assert_int_eq(next, INT64_MAX);
    maker.footer = "\nABC2\n";
    file = make(&maker, bytes);
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), OK);
    ck_assert_int_eq(tzif_offset(&zone, 0, &next), -7200);
    arena_done(&arena);
}

END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
    uint8_t bytes[FILE_MAX];
    const struct maker maker = good();
    const struct buf file = make(&maker, bytes);
    struct arena arena;
    arena_init(&arena, 1000000);
    for (size_t len = 0; len < file.len; len++) {
        struct tzif zone = {.count = 99};
        uint8_t *part = malloc(len + 1);
        memcpy(part, bytes, len);
        const enum err err = tzif_read(span_of(part, len), &arena, &zone);
        ck_assert_msg(err == ERR_TRUNCATED || err == ERR_MALFORMED, "at %zu: %s", len, err_name(err));
        ck_assert_uint_eq(zone.count, 99);
        free(part);
    }
    arena_done(&arena);
}

END_TEST

static enum err read_made(const struct maker *maker)
{
    uint8_t bytes[FILE_MAX];
    const struct buf file = make(maker, bytes);
    struct arena arena;
    struct tzif zone;
    arena_init(&arena, 100000);
    const enum err err = tzif_read(buf_span(&file), &arena, &zone);
    arena_done(&arena);
    return err;
}

START_TEST(a_wrong_file_is_refused)
{
    static const int64_t backward[] = {1000000000, 999999999};
    static const int64_t twice[] = {1000000000, 1000000000};
    static const uint8_t far_types[] = {0, 9};
    static const int32_t far_offsets[] = {3600, 200000};
    static const int32_t far_west[] = {-200000, 3600, 3600, 3600};
    struct maker maker = good();
    maker.times = backward;
    maker.changes = 2;
    ck_assert_int_eq(read_made(&maker), ERR_MALFORMED);
    maker.times = twice;
    ck_assert_int_eq(read_made(&maker), ERR_MALFORMED);
    maker.times = times;
    maker.types = far_types;
    ck_assert_int_eq(read_made(&maker), ERR_MALFORMED);
    maker = good();
    maker.offsets = far_offsets;
    maker.offsets_count = 2;
    maker.changes = 0;
    ck_assert_int_eq(read_made(&maker), OK); /* no change uses it */
    maker = good();
    maker.offsets = far_west;
    ck_assert_int_eq(read_made(&maker), ERR_MALFORMED);
    maker = good();
    maker.offsets_count = 0;
    ck_assert_int_eq(read_made(&maker), ERR_MALFORMED);
}

END_TEST

START_TEST(a_wrong_footer_is_refused)
{
    static const struct {
        const char *footer;
        enum err err;
    } footers[] = {
        {"",               ERR_TRUNCATED},
        {"\n",             ERR_TRUNCATED},
        {"\nUTC0",         ERR_MALFORMED},
        {"UTC0\n",         ERR_MALFORMED},
        {"\nnonsense\n",   ERR_MALFORMED},
        {"\nUTC0\nUTC0\n", ERR_TRAILING },
        {"\nUTC0\n\n",     ERR_TRAILING },
    };

    for (size_t i = 0; i < ROWS(footers); i++) {
        struct maker maker = good();
        maker.footer = footers[i].footer;
        ck_assert_msg(read_made(&maker) == footers[i].err, "row %zu", i);
    }
}

END_TEST

START_TEST(another_format_or_version_is_refused)
{
    uint8_t bytes[FILE_MAX];
    const struct maker maker = good();
    const struct buf file = make(&maker, bytes);
    struct arena arena;
    struct tzif zone;
    arena_init(&arena, 100000);
    bytes[4] = 0;
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), ERR_UNSUPPORTED);
    bytes[4] = '4';
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), OK);
    bytes[0] = 't';
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), ERR_MALFORMED);
    bytes[0] = 'T';
    memset(bytes + 20, 0xFF, 24); /* counts of more than there can be */
    ck_assert_int_eq(tzif_read(buf_span(&file), &arena, &zone), ERR_TRUNCATED);
    arena_done(&arena);
    arena_init(&arena, 0);
    const struct buf again = make(&maker, bytes);
    ck_assert_int_eq(tzif_read(buf_span(&again), &arena, &zone), ERR_NO_MEMORY);
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("tzif");
    TCase *tcase = tcase_create("tzif");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, changes_and_the_rule_behind_them_are_read);
    tcase_add_test(tcase, without_a_rule_the_last_offset_stays);
    tcase_add_test(tcase, a_file_cut_anywhere_is_refused);
    tcase_add_test(tcase, a_wrong_file_is_refused);
    tcase_add_test(tcase, a_wrong_footer_is_refused);
    tcase_add_test(tcase, another_format_or_version_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
