/* views_begin.c: see views_begin.h. Called by main.c before it opens the views. If what it reads ends the process, the
 * mark says by then that they are doubtful, and the next one does not look: it must read nothing before that. */
#include "core/ledger/views_begin.h"

static enum err read_keys(const struct data_folder *data, size_t map_size, struct ledger_keys *keys)
{
    OWNED(store_close) struct store *views = NULL;
    TRY(store_lmdb_open(data->views_path, map_size, false, &views));
    return ledger_keys_read(views, &data->installation_id, keys);
}

enum err views_begin(const struct data_folder *data, size_t map_size, struct ledger_keys *keys, enum err *ret_kept,
                     bool *ret_trusted)
{
    enum err kept = OK;
    bool trusted = false;
    const bool left = data_views_left(data);
    TRY(data_views_begin(data, &trusted));
    if (!trusted && left) {
        kept = read_keys(data, map_size, keys);
    }
    if (kept != OK) {
        keys->rows = NULL;
    }
    TRY(trusted ? OK : data_views_discard(data));
    *ret_kept = kept;
    *ret_trusted = trusted;
    return OK;
}
