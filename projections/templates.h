/* templates.h: which reusable posts a workspace has, and what they say.
 *
 * Rows of TABLE_TEMPLATE (core/store/tables.h): template_row by id; beside it a ref_row by workspace and the beginning
 * of the name, for the list. Whatever a query returns borrows from the transaction and the arena. */
#ifndef OPENPOST_PROJECTIONS_TEMPLATES_H
#define OPENPOST_PROJECTIONS_TEMPLATES_H

#include "core/ledger/projection.h"
#include "core/message/access.h"
#include "projections/row.h"

extern const struct projection templates_projection;

/* templates_get reads a template of a workspace. ERR_NOT_FOUND: unknown, deleted, or another workspace's.
 * templates_sees tells whether it is there for the grant: it goes to no account that the grant does not see. */
enum err templates_get(struct store_txn *txn, const struct id *workspace_id, const struct id *template_id,
                       struct arena *arena, struct template_row *ret_template) MUST_USE;
bool templates_sees(const struct grant *grant, const struct template_row *template);

#define TEMPLATES_PAGE_MAX 200
#define TEMPLATE_SORTED_BYTES 24 /* of a name: those that begin alike are in the order of their making */
#define TEMPLATE_CURSOR_LEN (TEMPLATE_SORTED_BYTES + 16)

struct template_page {
    struct template_row *templates;
    uint32_t count;
    uint8_t cursor[TEMPLATE_CURSOR_LEN]; /* where the next page begins */
    size_t cursor_len;                   /* 0: there is no next page */
};

/* templates_list returns up to limit (1..TEMPLATES_PAGE_MAX) templates of a workspace after cursor (empty: from the
 * first) in the order of their names, ASCII letters of either case alike. Those that the grant does not see are left
 * out, and no cursor says where one is. ERR_MALFORMED: no cursor of this list. */
enum err templates_list(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                        struct span cursor, uint32_t limit, struct arena *arena, struct template_page *ret_page)
    MUST_USE;

#endif
