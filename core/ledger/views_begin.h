/* views_begin.h: whether the views are taken as they are, and what is kept of them when they are not. */
#ifndef OPENPOST_LEDGER_VIEWS_BEGIN_H
#define OPENPOST_LEDGER_VIEWS_BEGIN_H

#include "core/ledger/data.h"
#include "core/ledger/ledger.h"

/* views_begin, before the views are opened: data_views_begin, and where they are not trusted data_views_discard. Views
 * that are only on trial too often, because their ledgers were killed one soon after the other, are read once before:
 * what Idempotency-Keys were answered that no event names goes into keys (zeros before; ledger_keys_done in any case)
 * for ledger_open. *ret_kept: OK, or why they could not be read; then there are none, which is no failure. */
enum err views_begin(const struct data_folder *data, size_t map_size, struct ledger_keys *keys, enum err *ret_kept,
                     bool *ret_trusted) MUST_USE;

#endif
