/* confine.h: what the ledger's process may still do with files once everything is open: nothing outside its data
 * folder. confine.c is core/ledger's only file that knows Landlock. */
#ifndef OPENPOST_LEDGER_CONFINE_H
#define OPENPOST_LEDGER_CONFINE_H

#include "core/base/span.h"

/* confine_to_folder binds the calling thread and those it makes later, for ever: files below folder may be read,
 * written, made and removed, others not even opened, and nothing can be executed. *ret_abi: the kernel's Landlock, 0:
 * it has none, and nothing changed. ERR_IO and what errno says. */
enum err confine_to_folder(const char *folder, int *ret_abi) MUST_USE;

#endif
