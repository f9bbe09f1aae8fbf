/* query.c: query parameters of a URL (WHATWG application/x-www-form-urlencoded; in an instant '+' is no space: RFC 3339
 * offsets carry one). */
#include "core/base/assert.h"
#include "core/base/sha256.h"
#include "gateway/gateway.h"

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes into the arena; data NULL when malformed, not UTF-8 or out of memory. */
static struct span decode(struct arena *arena, struct span text, bool plus_is_space)
{
    uint8_t *bytes = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; bytes != NULL && i < text.len; i++) {
        if (text.data[i] != '%') {
            bytes[len] = text.data[i] == '+' && plus_is_space ? ' ' : text.data[i];
            len++;
            continue;
        }
        const int high = i + 2 < text.len ? hex_value(text.data[i + 1]) : -1;
        const int low = i + 2 < text.len ? hex_value(text.data[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return (struct span){0};
        }
        bytes[len] = (uint8_t)(high << 4 | low);
        len++;
        i += 2;
    }
    const struct span decoded = span_of(bytes, len);
    return bytes != NULL && span_is_utf8(decoded) ? decoded : (struct span){0};
}

/* Cuts the next name=value off *rest. */
static bool next_pair(struct span *rest, struct span *name, struct span *value)
{
    while (rest->len > 0) {
        size_t end = span_find(*rest, '&');
        const struct span pair = span_of(rest->data, end);
        end += end < rest->len ? 1 : 0;
        *rest = span_of(rest->data + end, rest->len - end);
        if (pair.len > 0) {
            const size_t equals = span_find(pair, '=');
            *name = span_of(pair.data, equals);
            *value = equals < pair.len ? span_of(pair.data + equals + 1, pair.len - equals - 1)
                                       : span_of(pair.data + equals, 0);
            return true;
        }
    }
    return false;
}

static const struct parameter *parameter_of(const struct route *route, struct span name)
{
    const struct parameter *parameter = NULL;
    for (size_t i = 0; (parameter = parameter_at(i)) != NULL; i++) {
        if (parameter->route == route->name && span_equal(name, span_text(parameter->name))) {
            break;
        }
    }
    return parameter;
}

static struct span value_of(struct exchange *x, const struct parameter *parameter, struct span value)
{
    return decode(&x->request->arena, value, parameter->type.kind != VALUE_time);
}

struct span exchange_query(struct exchange *x, const char *name, unsigned n)
{
    const struct parameter *parameter = parameter_of(x->route, span_text(name));
    ASSERT(parameter != NULL);
    struct span rest = x->request->query;
    struct span found;
    struct span value;
    while (next_pair(&rest, &found, &value)) {
        if (span_equal(found, span_text(name))) {
            if (n == 0) {
                return value_of(x, parameter, value);
            }
            n--;
        }
    }
    return (struct span){0};
}

/* A sum, so that their order says nothing. */
uint64_t exchange_filters(struct exchange *x)
{
    struct span rest = x->request->query;
    struct span name;
    struct span value;
    uint64_t filters = 0;
    while (next_pair(&rest, &name, &value)) {
        if (!span_equal(name, SPAN("cursor")) && !span_equal(name, SPAN("after")) && !span_equal(name, SPAN("limit"))) {
            const struct span decoded = value_of(x, parameter_of(x->route, name), value);
            uint8_t name_hash[SHA256_LEN];
            uint8_t value_hash[SHA256_LEN];
            sha256(name, name_hash);
            sha256(decoded, value_hash);
            filters += get_be64(name_hash) ^ get_be64(value_hash);
        }
    }
    return filters;
}

void exchange_parameter(struct exchange *x, enum refusal refusal, const char *name, const char *detail)
{
    exchange_problem(x, refusal, detail, name, NULL);
}

static void unknown_parameter(struct exchange *x, struct span name)
{
    char text[INPUT_PARAM_MAX];
    char detail[256];
    struct buf param = buf_of(text, sizeof text);
    struct buf out = buf_of(detail, sizeof detail);
    const char *before = "There is no such query parameter. There are: ";
    buf_put(&param, span_of(name.data, name.len < sizeof text - 1 ? name.len : sizeof text - 1));
    const struct parameter *parameter = NULL;
    for (size_t i = 0; (parameter = parameter_at(i)) != NULL; i++) {
        if (parameter->route == x->route->name) {
            buf_text(&out, before);
            buf_text(&out, parameter->name);
            before = ", ";
        }
    }
    buf_text(&out, out.len > 0 ? "." : "This address takes no query parameters.");
    exchange_parameter(x, REFUSED_parameter_unknown, buf_terminated(&param), buf_terminated(&out));
}

bool exchange_query_check(struct exchange *x)
{
    struct span rest = x->request->query;
    struct span found;
    struct span value;
    while (next_pair(&rest, &found, &value)) {
        const struct parameter *parameter = parameter_of(x->route, found);
        if (parameter == NULL) {
            unknown_parameter(x, found);
            return false;
        }
        if (value_of(x, parameter, value).data == NULL) {
            exchange_parameter(x, REFUSED_parameter_invalid, parameter->name,
                               "The parameter's value is not percent-encoded UTF-8.");
            return false;
        }
        if (!parameter->repeats && exchange_query(x, parameter->name, 1).data != NULL) {
            exchange_parameter(x, REFUSED_parameter_invalid, parameter->name, "It may be there only once.");
            return false;
        }
    }
    return true;
}

bool exchange_limit(struct exchange *x, uint32_t *ret_limit)
{
    const struct span text = exchange_query(x, "limit", 0);
    uint64_t limit = 50;
    if (text.data != NULL && (span_to_u64(text, &limit) != OK || limit < 1 || limit > LIMIT_MAX)) {
        exchange_parameter(x, REFUSED_parameter_invalid, "limit", "limit is a number from 1 to 200.");
        return false;
    }
    *ret_limit = (uint32_t)limit;
    return true;
}
