/* http_head_fuzz.c: the judge of heads (gateway/server_head.c). The input is a head as it comes from the network,
 * without its last empty line. libmicrohttpd's part is played here, in its own way (0.9.75): it puts NULs over the
 * spaces of the request line, the colon of each header and each line's end, in place, and then reports pieces by
 * pointer. This file defines the two functions of libmicrohttpd that the judge calls; the program's own come before the
 * library's.
 *
 * What the judge accepts is read once more, by the letter of RFC 9112: whatever gets through must be a head that every
 * other parser on the way reads alike. */
#include <stdlib.h>
#include <strings.h>

#include "gateway/server_private.h"
#include "tests/fuzz/fuzz.h"

#define LINES_MAX 128

struct line {
    char *name;
    size_t name_len;
    char *value;
    size_t value_len;
};

/* A head as libmicrohttpd has taken it apart. */
struct taken {
    union MHD_ConnectionInfo info;
    char *method, *target, *version;
    struct line lines[LINES_MAX];
    size_t line_count;
};

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *mhd, enum MHD_ConnectionInfoType type,
                                                        ...)
{
    ASSERT(type == MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return &((struct taken *)(void *)mhd)->info;
}

int MHD_get_connection_values_n(struct MHD_Connection *mhd, enum MHD_ValueKind kind, MHD_KeyValueIteratorN iterator,
                                void *context)
{
    const struct taken *taken = (struct taken *)(void *)mhd;
    ASSERT(kind == MHD_HEADER_KIND);
    int count = 0;
    for (size_t i = 0; i < taken->line_count; i++) {
        const struct line *line = &taken->lines[i];
        count++;
        if (iterator(context, kind, line->name, line->name_len, line->value, line->value_len) != MHD_YES) {
            break;
        }
    }
    return count;
}

/* Ends the line that starts at *at with NULs and moves *at behind it; NULL when there is no line's end. A bare LF ends
 * a line too: libmicrohttpd lets it. */
static char *cut_line(char **at, char *end, char **ret_end)
{
    char *line = *at;
    for (char *c = line; c < end; c++) {
        if (*c == '\n' || (*c == '\r' && c + 1 < end && c[1] == '\n')) {
            const bool both = *c == '\r';
            *c = 0;
            *ret_end = c;
            if (both) {
                c[1] = 0;
            }
            *at = c + (both ? 2 : 1);
            return line;
        }
    }
    return NULL;
}

/* METHOD, spaces, target, the last space, version. */
static bool take_line(struct taken *taken, char *line, const char *line_end)
{
    char *space = strchr(line, ' ');
    if (space == NULL) {
        return false;
    }
    *space = 0;
    taken->method = line;
    taken->target = space + 1;
    while (*taken->target == ' ') {
        taken->target++;
    }
    char *last = memrchr(taken->target, ' ', (size_t)(line_end - taken->target));
    if (last == NULL || last + sizeof "HTTP/1.1" != line_end || strncmp(last + 1, "HTTP/1.", 7) != 0 || last[8] < '0' ||
        last[8] > '9') {
        return false;
    }
    *last = 0;
    taken->version = last + 1;
    return true;
}

/* NAME, colon, spaces, value. Whether a folded line is joined makes no difference to the judge: its distance shows. */
static bool take_header(struct taken *taken, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || taken->line_count == LINES_MAX) {
        return false;
    }
    *colon = 0;
    char *value = colon + 1;
    while (*value == ' ' || *value == '\t') {
        value++;
    }
    taken->lines[taken->line_count] =
        (struct line){.name = line, .name_len = strlen(line), .value = value, .value_len = strlen(value)};
    taken->line_count++;
    return true;
}

/* false: libmicrohttpd refuses it itself, or waits for more. */
static bool take_apart(char *head, size_t head_len, struct taken *taken)
{
    char *at = head;
    char *end = head + head_len - 2; /* before the empty line */
    char *line_end = NULL;
    char *line = cut_line(&at, end, &line_end);
    if (line == NULL || *line == 0 || !take_line(taken, line, line_end)) {
        return false;
    }
    while (at < end) {
        line = cut_line(&at, end, &line_end);
        if (line == NULL || *line == 0 || !take_header(taken, line)) {
            return false;
        }
    }
    taken->info.header_size = head_len;
    return true;
}

static bool in_set(char c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

/* RFC 9112, sections 2.2, 3, 5: lines end in CR LF, the request line has two spaces, a name touches its colon, no line
 * is folded, no control character is anywhere. */
static void check_letter(const char *head, size_t len)
{
    size_t at = 0;
    unsigned spaces = 0;
    for (; at < len && head[at] != '\r'; at++) {
        spaces += head[at] == ' ';
        ASSERT(head[at] > 0x1f && head[at] < 0x7f);
    }
    ASSERT(spaces == 2);
    while (at < len) {
        ASSERT(at + 1 < len && head[at + 1] == '\n');
        at += 2;
        const size_t start = at;
        for (; at < len && head[at] != ':'; at++) {
            ASSERT(head[at] > ' ' && head[at] < 0x7f && !in_set(head[at], "()<>@,;\\\"/[]?={}"));
        }
        ASSERT(at > start || at == len);
        for (; at < len && head[at] != '\r' && head[at] != 0; at++) {
            ASSERT((uint8_t)head[at] >= ' ' || head[at] == '\t');
            ASSERT(head[at] != 0x7f);
        }
    }
}

/* RFC 9112, sections 3.2 and 6.3. */
static void check_meaning(const struct conn *conn)
{
    const struct request *request = &conn->request;
    ASSERT(request->path.len > 0 && request->path.data[0] == '/');
    ASSERT(span_find(request->path, '?') == request->path.len);
    ASSERT(request_header_count(request, "host") == 1 ||
           (!conn->http_1_1 && request_header_count(request, "host") == 0));
    const unsigned lengths = request_header_count(request, "content-length");
    ASSERT(lengths <= 1);
    ASSERT(!conn->chunked || (lengths == 0 && conn->content_length == 0));
    ASSERT(conn->content_length <= conn->server->options.body_max);
    ASSERT(conn->chunked == (request_header_count(request, "transfer-encoding") == 1));
}

static void judge(const char *head, size_t head_len, char *taken_head)
{
    struct taken taken = {0};
    if (!take_apart(taken_head, head_len, &taken)) {
        return;
    }
    struct proxies proxies;
    struct server server = {
        .layout_known = true, .options = {.head_max = 8192, .body_max = 65536, .proxies = &proxies}
    };
    struct conn *conn = calloc(1, sizeof *conn);
    ASSERT(conn != NULL);
    conn->server = &server;
    conn->proxied = true; /* so that what it says of the client is read */
    const enum err err = proxies_read(SPAN("127.0.0.1"), &proxies);
    const enum err read = net_address_read(SPAN("127.0.0.1"), &conn->address);
    ASSERT(err == OK && read == OK);
    conn->mhd = (struct MHD_Connection *)(void *)&taken;
    conn->uri_raw = taken.target;
    conn->uri.len = strlen(taken.target);
    const bool reserved = blob_reserve(&conn->uri, conn->uri.len + 1);
    ASSERT(reserved);
    memcpy(conn->uri.data, taken.target, conn->uri.len + 1);
    const char *code = NULL;
    const unsigned status = head_take(conn, taken.method, taken.version, &code);
    ASSERT(status == 0 || status == 400 || status == 413 || status == 431);
    if (status == 0) {
        check_letter(head, head_len - 4);
        check_meaning(conn);
    }
    free(conn->uri.data);
    free(conn->head.data);
    free(conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const size_t head_len = len + 4;
    char *head = malloc(head_len);
    char *taken = malloc(head_len);
    ASSERT(head != NULL && taken != NULL);
    if (len > 0) {
        memcpy(head, data, len);
    }
    memcpy(head + len, "\r\n\r\n", 4);
    memcpy(taken, head, head_len);
    judge(head, head_len, taken);
    free(head);
    free(taken);
    return 0;
}
