/* shape.c: one pass over foreign bytes before a library sees them.
 *
 * msgpack-c allocates for a container as soon as it has read its count, so five bytes could ask for 64 GB, and it
 * counts depth by its own rule. codec.c calls this first; what passes here unpacks with one allocation of known size.
 * Never recurses, never allocates, reads every byte of structure and skips over texts. */
#include "core/message/shape.h"

/* What a value's first bytes say: how many bytes follow that belong to itself, and how many values it contains. */
struct head {
    size_t body_len;
    size_t children;
};

struct reader {
    const uint8_t *at;
    size_t left;
};

/* A bug for the fuzzing tests to find (tests/fuzz/README.md): one byte too many of a length of four. Never in a true
 * build. */
#ifdef OPENPOST_FUZZ_PLANT
#define PLANTED_LEN(width) ((width) == 4 ? 1 : 0)
#else
#define PLANTED_LEN(width) 0
#endif

static enum err read_number(struct reader *reader, size_t width, size_t *ret_number)
{
    if (reader->left + PLANTED_LEN(width) < width) {
        return ERR_TRUNCATED;
    }
    size_t number = 0;
    for (size_t i = 0; i < width; i++) {
        number = number << 8 | reader->at[i];
    }
    reader->at += width;
    reader->left -= width;
    *ret_number = number;
    return OK;
}

/* 0xc0..0xdf: everything that is not told by the upper bits alone. */
static enum err read_long_head(struct reader *reader, uint8_t lead, struct head *ret_head)
{
    /* width of the length that follows, and what it counts: b bytes, x bytes and a type, a items, m pairs */
    static const struct {
        uint8_t width;
        uint8_t body_len;
        char counts;
    } forms[32] = {
        {0, 0,  0  },
        {0, 0,  '!'},
        {0, 0,  0  },
        {0, 0,  0  },
        {1, 0,  'b'},
        {2, 0,  'b'},
        {4, 0,  'b'},
        {1, 0,  'x'},
        {2, 0,  'x'},
        {4, 0,  'x'},
        {0, 4,  0  },
        {0, 8,  0  },
        {0, 1,  0  },
        {0, 2,  0  },
        {0, 4,  0  },
        {0, 8,  0  },
        {0, 1,  0  },
        {0, 2,  0  },
        {0, 4,  0  },
        {0, 8,  0  },
        {0, 2,  0  },
        {0, 3,  0  },
        {0, 5,  0  },
        {0, 9,  0  },
        {0, 17, 0  },
        {1, 0,  'b'},
        {2, 0,  'b'},
        {4, 0,  'b'},
        {2, 0,  'a'},
        {4, 0,  'a'},
        {2, 0,  'm'},
        {4, 0,  'm'},
    };

    const size_t form = (size_t)lead - 0xC0;
    if (forms[form].counts == '!') {
        return ERR_MALFORMED;
    }
    *ret_head = (struct head){.body_len = forms[form].body_len, .children = 0};
    if (forms[form].width == 0) {
        return OK;
    }
    size_t number = 0;
    TRY(read_number(reader, forms[form].width, &number));
    switch (forms[form].counts) {
    case 'a':
        ret_head->children = number;
        break;
    case 'm':
        ret_head->children = number * 2;
        break;
    case 'x':
        ret_head->body_len = number + 1;
        break;
    default:
        ret_head->body_len = number;
        break;
    }
    return OK;
}

static enum err read_head(struct reader *reader, struct head *ret_head)
{
    if (reader->left == 0) {
        return ERR_TRUNCATED;
    }
    const uint8_t lead = *reader->at;
    reader->at++;
    reader->left--;
    if (lead < 0x80 || lead >= 0xE0) { /* small integers */
        *ret_head = (struct head){0};
    } else if (lead < 0x90) {
        *ret_head = (struct head){.children = (size_t)(lead & 15) * 2};
    } else if (lead < 0xA0) {
        *ret_head = (struct head){.children = lead & 15};
    } else if (lead < 0xC0) {
        *ret_head = (struct head){.body_len = lead & 31};
    } else {
        return read_long_head(reader, lead, ret_head);
    }
    return OK;
}

enum err shape_check(struct span bytes, size_t *ret_elements)
{
    struct reader reader = {.at = bytes.data, .left = bytes.len};
    size_t open[SHAPE_DEPTH_MAX] = {0}; /* values still to come in each open container */
    size_t depth = 0;
    size_t elements = 0;
    do {
        struct head head = {0};
        TRY(read_head(&reader, &head));
        if (head.body_len > reader.left || head.children > reader.left) {
            return ERR_TRUNCATED; /* a value has at least one byte */
        }
        reader.at += head.body_len;
        reader.left -= head.body_len;
        if (depth > 0) {
            open[depth - 1]--;
        }
        if (head.children > 0) {
            if (depth == SHAPE_DEPTH_MAX) {
                return ERR_MALFORMED;
            }
            open[depth] = head.children;
            depth++;
            elements += head.children;
            if (elements > SHAPE_ELEMENTS_MAX) {
                return ERR_TOO_LONG;
            }
        }
        while (depth > 0 && open[depth - 1] == 0) {
            depth--;
        }
    } while (depth > 0);
    if (reader.left > 0) {
        return ERR_TRAILING;
    }
    *ret_elements = elements;
    return OK;
}
