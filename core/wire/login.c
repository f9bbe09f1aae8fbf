/* login.c: see login.h. Called by libopenpost, which seals one, and by the ledger's service. It must never keep a copy.
 */
#include "core/wire/login.h"

#include "core/message/asked.h"
#include "core/wire/pack.h"

static enum err check(struct span text)
{
    if (text.len == 0) {
        return ERR_RANGE;
    }
    if (text.len > LOGIN_TEXT_MAX) {
        return ERR_TOO_LONG;
    }
    return text_check(text);
}

enum err login_put(struct buf *out, const struct login *login)
{
    TRY(check(login->identifier));
    TRY(check(login->password));
    pack_map(out, 2);
    pack_text(out, SPAN("identifier"));
    pack_text(out, login->identifier);
    pack_text(out, SPAN("password"));
    pack_text(out, login->password);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

enum err login_read(struct span bytes, struct login *ret_login)
{
    struct login login;
    struct span rest = bytes;
    TRY(unpack_map(&rest, 2));
    TRY(unpack_name(&rest, SPAN("identifier")));
    TRY(unpack_text(&rest, LOGIN_TEXT_MAX, &login.identifier));
    TRY(unpack_name(&rest, SPAN("password")));
    TRY(unpack_text(&rest, LOGIN_TEXT_MAX, &login.password));
    TRY(rest.len == 0 ? OK : ERR_TRAILING);
    TRY(check(login.identifier));
    TRY(check(login.password));
    *ret_login = login;
    return OK;
}
