/* keep.h: a file from which a simulated platform that was ended begins where it stopped. One line of JSON for each
 * record that was made, {"did","collection","rkey","received_ms","visible_ms","record"}, and for each that was deleted
 * ("record":null); a line is only ever appended, and written before the platform answers. It is not flushed to the
 * disk: it outlives the process, not the machine. */
#ifndef OPENPOST_TOOLS_SANDBOX_KEEP_H
#define OPENPOST_TOOLS_SANDBOX_KEEP_H

#include "tools/sandbox/platform_model.h"

struct keep;

/* keep_open puts into model, which is new, what path holds (a line without an end was being written when the process
 * was killed: it is cut off), and appends from then on what model does; model may do nothing after keep_close.
 * ERR_BUSY: another process keeps it; ERR_MALFORMED and what json_read says: a line is no record; ERR_ACCESS, ERR_IO,
 * ERR_NO_SPACE …, ERR_NO_MEMORY. keep_close accepts NULL. */
enum err keep_open(const char *path, struct model *model, struct keep **ret_keep) MUST_USE;
void keep_close(struct keep *keep);
OWNED_BY(keep_close, struct keep *);

#endif
