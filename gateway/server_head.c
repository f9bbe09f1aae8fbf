/* server_head.c: the judge of heads: what RFC 9112 forbids and libmicrohttpd 0.9.75 lets through is refused here,
 * before a byte of body is read. Called by server.c on the connection's thread; never blocks, never writes to the
 * client.
 *
 * libmicrohttpd parses in place: it puts NULs over the spaces of the request line, the colon of each header and each CR
 * LF. In a head without tricks the pieces that it reports therefore follow one another without a gap; a NUL in the
 * target or in a value, a bare LF, a folded line or spaces too many leave one. So the distances between the pieces are
 * checked, and that finds what the pieces themselves no longer show. */
#include <strings.h>

#include "gateway/server_private.h"

/* RFC 9110, 5.6.2: what a name is made of. */
static bool is_token(const uint8_t *text, size_t len)
{
    static const uint8_t more[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text[i];
        const bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!alnum && (c == 0 || memchr(more, c, sizeof more - 1) == NULL)) {
            return false;
        }
    }
    return len > 0;
}

/* RFC 9110, 5.5: no control character but a tab. */
static bool is_value(const uint8_t *text, size_t len)
{
    unsigned bad = 0;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text[i];
        bad |= (unsigned)((c < 0x20 && c != '\t') || c == 0x7f);
    }
    return bad == 0;
}

/* RFC 3986: no space, control character or byte above ASCII in a request target. */
static bool is_target(const uint8_t *text, size_t len)
{
    unsigned bad = 0;
    for (size_t i = 0; i < len; i++) {
        bad |= (unsigned)(text[i] <= 0x20 || text[i] >= 0x7f);
    }
    return bad == 0 && len > 0;
}

/* RFC 9110, 7.2: a host and perhaps a port; no path, user or space. Empty is allowed. */
static bool is_host(struct span host)
{
    static const char allowed[] = "-._~%!$&'()*+,;=:[]";
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t c = host.data[i];
        const bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!alnum && (c == 0 || memchr(allowed, c, sizeof allowed - 1) == NULL)) {
            return false;
        }
    }
    return true;
}

static enum method method_of(const char *name)
{
    static const struct {
        const char *name;
        enum method method;
    } methods[] = {
        {"GET",     METHOD_GET    },
        {"HEAD",    METHOD_HEAD   },
        {"POST",    METHOD_POST   },
        {"PUT",     METHOD_PUT    },
        {"PATCH",   METHOD_PATCH  },
        {"DELETE",  METHOD_DELETE },
        {"OPTIONS", METHOD_OPTIONS},
    };

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(name, methods[i].name) == 0) {
            return methods[i].method;
        }
    }
    return METHOD_OTHER;
}

/* A walk over the headers as libmicrohttpd reports them. */
struct walk {
    struct conn *conn;
    const char *next; /* where the next header must begin; NULL: not checked */
    bool malformed, too_many;
};

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    (void)kind;
    struct walk *walk = context;
    struct conn *conn = walk->conn;
    if (conn->field_count == FIELDS_MAX || conn->head.cap - conn->head.len < name_len + value_len) {
        walk->too_many = true;
        return MHD_NO;
    }
    if (value == NULL) {
        value = "";
        value_len = 0;
        walk->malformed = true;
    }
    if (walk->next != NULL) {
        /* name NUL (the colon), spaces, value, NUL NUL (CR LF) */
        const bool apart = name != walk->next || value <= name + name_len || value[value_len + 1] != 0;
        walk->next = value + value_len + 2;
        walk->malformed |= apart;
    }
    if (!is_token((const uint8_t *)name, name_len) || !is_value((const uint8_t *)value, value_len)) {
        walk->malformed = true;
    }
    if (walk->malformed) {
        return MHD_NO;
    }
    while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t')) {
        value_len--;
    }
    uint8_t *to = conn->head.data + conn->head.len;
    memcpy(to, name, name_len);
    memcpy(to + name_len, value, value_len);
    conn->fields[conn->field_count++] = (struct field){.name = (uint32_t)conn->head.len,
                                                       .name_len = (uint32_t)name_len,
                                                       .value = (uint32_t)(conn->head.len + name_len),
                                                       .value_len = (uint32_t)value_len};
    conn->head.len += name_len + value_len;
    return MHD_YES;
}

static bool field_is(const struct conn *conn, const struct field *field, const char *name, size_t name_len)
{
    return field->name_len == name_len && strncasecmp((const char *)conn->head.data + field->name, name, name_len) == 0;
}

struct span request_header(const struct request *request, const char *name)
{
    const struct conn *conn = (const struct conn *)request;
    const size_t name_len = strlen(name);
    for (unsigned i = 0; i < conn->field_count; i++) {
        const struct field *field = &conn->fields[i];
        if (field_is(conn, field, name, name_len)) {
            return span_of(conn->head.data + field->value, field->value_len);
        }
    }
    return (struct span){0};
}

unsigned request_header_count(const struct request *request, const char *name)
{
    const struct conn *conn = (const struct conn *)request;
    const size_t name_len = strlen(name);
    unsigned count = 0;
    for (unsigned i = 0; i < conn->field_count; i++) {
        count += field_is(conn, &conn->fields[i], name, name_len);
    }
    return count;
}

/* The headers of a name, in order; returns how often it was sent. */
static unsigned take_all(const struct conn *conn, const char *name, struct span ret_values[FORWARDED_MAX])
{
    const size_t name_len = strlen(name);
    unsigned count = 0;
    for (unsigned i = 0; i < conn->field_count; i++) {
        const struct field *field = &conn->fields[i];
        if (field_is(conn, field, name, name_len)) {
            if (count < FORWARDED_MAX) {
                ret_values[count] = span_of(conn->head.data + field->value, field->value_len);
            }
            count++;
        }
    }
    return count;
}

/* Who asks through a trusted proxy: each request on its connection may be another's. */
static void take_client(struct conn *conn)
{
    struct forwarded headers;
    headers.x_forwarded_for_count = take_all(conn, "X-Forwarded-For", headers.x_forwarded_for);
    headers.forwarded_count = take_all(conn, "Forwarded", headers.forwarded);
    const struct net_address client = forwarded_client(conn->server->options.proxies, &conn->address, &headers);
    conn_show_client(conn, &client);
}

/* RFC 9112, 6.3: one length and one framing, or none. */
static bool take_framing(struct conn *conn, bool *ret_too_large)
{
    const struct request *request = &conn->request;
    const unsigned lengths = request_header_count(request, "Content-Length");
    const unsigned encodings = request_header_count(request, "Transfer-Encoding");
    conn->content_length = 0;
    conn->chunked = false;
    *ret_too_large = false;
    if (encodings > 0) {
        const struct span encoding = request_header(request, "Transfer-Encoding");
        conn->chunked = true;
        return encodings == 1 && lengths == 0 && conn->http_1_1 && encoding.len == 7 &&
               strncasecmp((const char *)encoding.data, "chunked", 7) == 0;
    }
    if (lengths > 0) {
        uint64_t length = 0;
        if (lengths > 1 || span_to_u64(request_header(request, "Content-Length"), &length) != OK) {
            return false;
        }
        *ret_too_large = length > conn->server->options.body_max;
        conn->content_length = *ret_too_large ? 0 : (size_t)length;
    }
    return true;
}

/* RFC 9112, 3.2: origin form, absolute form (what stands before its path is dropped), or OPTIONS *, taken as /. */
static bool take_target(struct conn *conn)
{
    struct request *request = &conn->request;
    struct span target = span_of(conn->uri.data, conn->uri.len);
    if (request->method == METHOD_OPTIONS && target.len == 1 && target.data[0] == '*') {
        target = SPAN("/");
    }
    if (target.data[0] != '/') {
        const char *text = (const char *)target.data;
        const size_t scheme = strncasecmp(text, "http://", 7) == 0 ? 7 : strncasecmp(text, "https://", 8) == 0 ? 8 : 0;
        const size_t authority = scheme == 0 ? 0 : strcspn(text + scheme, "/?");
        if (authority == 0) {
            return false;
        }
        target = span_of(target.data + scheme + authority, target.len - scheme - authority);
    }
    const size_t mark = span_find(target, '?');
    request->path = mark == 0 ? SPAN("/") : span_of(target.data, mark);
    request->query = mark == target.len ? (struct span){0} : span_of(target.data + mark + 1, target.len - mark - 1);
    return true;
}

/* METHOD NUL target NUL HTTP/1.x NUL NUL: a NUL or a space too many in between shows as a distance. */
static bool line_is_whole(const struct conn *conn, const char *method, const char *version)
{
    return method + strlen(method) + 1 == conn->uri_raw && conn->uri_raw + conn->uri.len + 1 == version &&
           version[strlen(version) + 1] == 0;
}

unsigned head_take(struct conn *conn, const char *method, const char *version, const char **ret_code)
{
    const struct server_options *options = &conn->server->options;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const size_t head_len = info == NULL ? 0 : info->header_size;
    *ret_code = "head_too_large";
    if (head_len > options->head_max) {
        return 431;
    }
    *ret_code = "malformed_request";
    conn->head.len = 0;
    conn->field_count = 0;
    conn->http_1_1 = strcmp(version, "HTTP/1.0") != 0;
    if (!blob_reserve(&conn->head, head_len)) {
        *ret_code = "out_of_memory";
        return 503;
    }
    const bool strict = conn->server->layout_known;
    if (!is_token((const uint8_t *)method, strlen(method)) || !is_target(conn->uri.data, conn->uri.len) ||
        (strict && !line_is_whole(conn, method, version))) {
        return 400;
    }
    struct walk walk = {.conn = conn, .next = strict ? version + strlen(version) + 2 : NULL};
    (void)MHD_get_connection_values_n(conn->mhd, MHD_HEADER_KIND, take_field, &walk);
    if (walk.too_many) {
        *ret_code = "head_too_large";
        return 431;
    }
    /* After the last header only the empty line is left. */
    if (walk.malformed || (strict && walk.next + 2 != method + head_len)) {
        return 400;
    }
    struct request *request = &conn->request;
    request->method = method_of(method);
    const unsigned hosts = request_header_count(request, "Host");
    if (hosts > 1 || (hosts == 0 && conn->http_1_1) || !is_host(request_header(request, "Host"))) {
        return 400;
    }
    bool too_large = false;
    if (!take_framing(conn, &too_large) || !take_target(conn)) {
        return 400;
    }
    if (too_large) {
        *ret_code = "body_too_large";
        return 413;
    }
    if (conn->proxied) {
        take_client(conn);
    }
    return 0;
}
