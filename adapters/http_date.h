/* http_date.h: the dates of HTTP headers (RFC 9110 section 5.6.7). Pure. */
#ifndef OPENPOST_ADAPTERS_HTTP_DATE_H
#define OPENPOST_ADAPTERS_HTTP_DATE_H

#include "core/base/span.h"

/* http_date_parse reads an HTTP-date in any of its three forms, the whole text; ERR_MALFORMED: it is none. now_ms tells
 * the century of the form that has two digits of the year: never more than 50 years ahead. The name of the day is not
 * held against the date. */
enum err http_date_parse(struct span text, int64_t now_ms, int64_t *ret_ms) MUST_USE;

#endif
