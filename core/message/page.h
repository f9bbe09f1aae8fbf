/* page.h: the reference page of everything that is declared: core/message/messages.md. */
#ifndef OPENPOST_MESSAGE_PAGE_H
#define OPENPOST_MESSAGE_PAGE_H

#include "core/base/span.h"

/* messages_page appends the page as Markdown. tests/unit/message_test.c compares it with the file. */
void messages_page(struct buf *out);

#endif
