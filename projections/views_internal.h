/* views_internal.h: what views*.c share; nobody else includes it. */
#ifndef OPENPOST_PROJECTIONS_VIEWS_INTERNAL_H
#define OPENPOST_PROJECTIONS_VIEWS_INTERNAL_H

#include "projections/views.h"

/* views_args reads what a query is asked with; a limit there is. ERR_RANGE: too large a one; record_decode's errors. */
enum err views_args(const struct views_request *request, struct query_args *ret_args) MUST_USE;

/* views_set reads a set of words: bit n is the nth of the table. ERR_RANGE: a bit that names none. */
enum err views_set(uint64_t bits, const struct choice_table *words, uint32_t *ret_set) MUST_USE;

/* views_cursor writes a list's cursor, which is bytes, as their hex; none is null. */
void views_cursor(struct span cursor, struct buf *out);
/* views_template.c. */
enum err views_get_template(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_list_templates(const struct views_request *request, struct buf *out) MUST_USE;

/* views_end_page ends a page that began with a list of more, and its cursor: the last one's id when there are others
 * after it, else NULL. */
enum err views_end_page(const struct id *last, struct buf *out) MUST_USE;

/* views_page appends with put the page that a list has: of args' limit, and where out has no room for it of half as
 * many, and so on: its cursor leads on. put fails with ERR_NO_SPACE where it does not fit. */
typedef enum err views_put_page(const struct views_request *request, struct span cursor, uint32_t limit,
                                struct buf *out);
enum err views_page(const struct views_request *request, views_put_page *put, struct buf *out) MUST_USE;

/* Those of series and of tenants; see views.h. */
enum err views_get_series(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_list_series(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_preview_series(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_get_workspace(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_get_key(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_list_keys(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_get_member(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_get_actor(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_list_members(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_list_invitations(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_get_usage(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_get_billing(const struct views_request *request, struct buf *out) MUST_USE;
enum err views_list_notifications(const struct views_request *request, struct buf *out) MUST_USE;

#endif
