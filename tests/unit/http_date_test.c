/* http_date_test.c: the three forms of an HTTP-date, and what is none. */
#include "adapters/http_date.h"

#include "core/calendar/instant.h"
#include "tests/suite.h"

#define NOW_MS ((int64_t)1776693600000) /* 2026-04-20T14:00:00Z */

static const struct {
    const char *text;
    const char *instant; /* NULL: it is no HTTP-date */
} dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT",   "1994-11-06T08:49:37Z"}, /* the RFC's own three */
    {"Sunday, 06-Nov-94 08:49:37 GMT",  "1994-11-06T08:49:37Z"},
    {"Sun Nov  6 08:49:37 1994",        "1994-11-06T08:49:37Z"},
    {"Mon Apr 20 14:00:30 2026",        "2026-04-20T14:00:30Z"},
    {"Mon, 20-Apr-26 14:00:30 GMT",     "2026-04-20T14:00:30Z"},
    {"Monday, 20-Apr-76 14:00:30 GMT",  "2076-04-20T14:00:30Z"}, /* fifty years ahead at most */
    {"Monday, 20-Apr-77 14:00:30 GMT",  "1977-04-20T14:00:30Z"},
    {"Thu, 29 Feb 2024 23:59:60 GMT",   "2024-03-01T00:00:00Z"}, /* a leap second */
    {"Thu, 29 Feb 2025 00:00:00 GMT",   NULL                  },
    {"Thu, 00 Jan 2026 00:00:00 GMT",   NULL                  },
    {"Thu, 32 Jan 2026 00:00:00 GMT",   NULL                  },
    {"Thu, 01 Jan 2026 24:00:00 GMT",   NULL                  },
    {"Thu, 01 Jan 2026 00:60:00 GMT",   NULL                  },
    {"Thu, 01 Jan 2026 00:00:61 GMT",   NULL                  },
    {"Thu, 01 Jan 1969 00:00:00 GMT",   NULL                  },
    {"Thu, 01 jan 2026 00:00:00 GMT",   NULL                  },
    {"Thu, 01 Jan 2026 00:00:00 +0000", NULL                  },
    {"Thu, 01 Jan 2026 00:00:00 GMT ",  NULL                  },
    {"Thu, 01 Jan 2026 00:00:00",       NULL                  },
    {"Thu, 1 Jan 2026 00:00:00 GMT",    NULL                  },
    {", 01 Jan 2026 00:00:00 GMT",      NULL                  },
    {"2026-01-01T00:00:00Z",            NULL                  },
    {"7",                               NULL                  },
    {"",                                NULL                  },
};

START_TEST(a_date_in_each_form_is_read_and_nothing_else)
{
    int64_t time_ms = -1;
    const enum err err = http_date_parse(span_text(dates[_i].text), NOW_MS, &time_ms);
    if (dates[_i].instant == NULL) {
        ck_assert_int_eq(err, ERR_MALFORMED);
        ck_assert_int_eq(time_ms, -1);
        return;
    }
    char text[64];
    struct buf out = buf_of(text, sizeof text);
    ck_assert_int_eq(err, OK);
    instant_write(&out, time_ms);
    ck_assert_msg(span_equal(buf_span(&out), span_text(dates[_i].instant)), "%s: %.*s", dates[_i].text, (int)out.len,
                  text);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("http_date");
    TCase *tcase = tcase_create("http_date");
    tcase_add_loop_test(tcase, a_date_in_each_form_is_read_and_nothing_else, 0, sizeof dates / sizeof *dates);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
