/* decode_test.c: foreign bytes meet the right error, cost no memory that they did not bring, and never crash the
 * reader. The bytes are written out by hand from the msgpack specification, for a record that has one field of each
 * kind. */
#include "core/message/codec.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "core/message/asked.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))
#define CODES 100

struct sample {
    struct id p;
    int64_t q;
    uint64_t r;
    bool s;
    struct span t;
    struct span u;
    struct span v;
    struct hash w;
    uint32_t x;
    struct pair *y;
    uint32_t y_count;
    bool z;
};

#define MAYBE_OF(kind_, name_)                                                                        \
    {                                                                                                 \
        .kind = KIND_##kind_, .name = #name_, .name_len = 1, .offset = offsetof(struct sample, name_) \
    }

static const struct field_desc sample_fields[] = {
    MAYBE_OF(id, p),
    MAYBE_OF(time, q),
    MAYBE_OF(count, r),
    MAYBE_OF(flag, s),
    MAYBE_OF(word, t),
    MAYBE_OF(text, u),
    MAYBE_OF(blob, v),
    MAYBE_OF(hash, w),
    MAYBE_OF(channel, x),
    {.kind = KIND_list,
                  .name = "y",
                  .name_len = 1,
                  .offset = offsetof(struct sample, y),
                  .item = pair_desc,
                  .count_offset = offsetof(struct sample, y_count),
                  .max = 2},
    {.kind = KIND_flag,         .required = true,    .name = "z",    .name_len = 1,     .offset = offsetof(struct sample, z)},
};

static const struct record_desc sample_desc = {
    .name = "sample", .size = sizeof(struct sample), .fields = sample_fields, .field_count = ROWS(sample_fields)};

#define BYTES(literal_)                                   \
    {                                                     \
        (const uint8_t *)(literal_), sizeof(literal_) - 1 \
    }
#define WITH(literal_) BYTES("\x82\xA1z\xC3" literal_) /* the required field and one more */
#define ID_TEXT "\xBFpost_01kpnk1qr0e008000000000000"
#define TEN "0123456789"

static const struct {
    enum err err;
    struct span bytes;
} rows[] = {
    {OK,            BYTES("\x81\xA1z\xC3")                                                            },
    {OK,            BYTES("\xDE\x00\x01\xA1z\xC3")                                                    }, /* map 16 */
    {OK,            BYTES("\xDF\x00\x00\x00\x01\xD9\x01z\xC3")                                        }, /* map 32, str 8 */
  /* not one whole value */
    {ERR_TRUNCATED, BYTES("")                                                                         },
    {ERR_TRUNCATED, BYTES("\x81")                                                                     },
    {ERR_TRUNCATED, BYTES("\x81\xA1z")                                                                },
    {ERR_TRUNCATED, BYTES("\xDE\x00")                                                                 },
    {ERR_TRUNCATED, BYTES("\x82\xA1z\xC3")                                                            },
    {ERR_TRUNCATED, BYTES("\xDF\xFF\xFF\xFF\xFF\xA1z\xC3")                                            },
    {ERR_TRUNCATED, WITH("\xA1v\xC6\xFF\xFF\xFF\xFF")                                                 },
    {ERR_TRUNCATED, WITH("\xA1y\xDD\x7F\xFF\xFF\xFF")                                                 },
    {ERR_TRAILING,  BYTES("\x81\xA1z\xC3\xC0")                                                        },
    {ERR_TRAILING,  BYTES("\x80\x80")                                                                 },
    {ERR_MALFORMED, BYTES("\xC1")                                                                     },
    {ERR_MALFORMED, WITH("\xA1k\xC1")                                                                 },
 /* not this record */
    {ERR_KIND,      BYTES("\xC0")                                                                     },
    {ERR_KIND,      BYTES("\x90")                                                                     },
    {ERR_KIND,      BYTES("\xA1z")                                                                    },
    {ERR_KIND,      BYTES("\x82\xA1z\xC3\x07\xC3")                                                    }, /* a number for a name */
    {ERR_KIND,      BYTES("\x82\xA1z\xC3\xC4\x01r\x07")                                               }, /* bytes for a name */
    {ERR_MISSING,   BYTES("\x80")                                                                     },
    {ERR_MISSING,   BYTES("\x81\xA1r\x07")                                                            },
    {ERR_MALFORMED, WITH("\xA1z\xC3")                                                                 },
    {ERR_MALFORMED, BYTES("\x83\xA1r\x07\xA1z\xC3\xA1r\x07")                                          },
    {OK,            BYTES("\x82\xA1r\x07\xA1z\xC3")                                                   }, /* the order is free */
  /* unknown fields of every form are skipped */
    {OK,            WITH("\xA1k\xC0")                                                                 },
    {OK,            WITH("\xA1k\xC2")                                                                 },
    {OK,            WITH("\xA1k\x7F")                                                                 },
    {OK,            WITH("\xA1k\xE0")                                                                 },
    {OK,            WITH("\xA1k\xCA\x00\x00\x00\x00")                                                 },
    {OK,            WITH("\xA1k\xCB\x00\x00\x00\x00\x00\x00\x00\x00")                                 },
    {OK,            WITH("\xA1k\xD3\xFF\x00\x00\x00\x00\x00\x00\x00")                                 },
    {OK,            WITH("\xA1k\xD4\x01\x02")                                                         },
    {OK,            WITH("\xA1k\xD8\xFF"
              "0123456789abcdef")                                                             },
    {OK,            WITH("\xA1k\xC7\x03\x05xyz")                                                      },
    {OK,            WITH("\xA1k\xC8\x00\x00\x05")                                                     },
    {OK,            WITH("\xA1k\x82\x01\x02\xC3\x91\xC0")                                             },
    {OK,            WITH("\xA0\xC0")                                                                  },
    {OK,            WITH("\xA2zz\xC0")                                                                },
    {OK,            WITH("\xA1Z\xC0")                                                                 },
    {OK,            WITH("\xA1\xFF\xA1\xFF")                                                          },
    {OK,            BYTES("\x83\xA1z\xC3\xA1k\xC0\xA1k\xC0")                                          },
 /* depth: the record is 1, the unknown field may go on to 8 */
    {OK,            WITH("\xA1k\x91\x91\x91\x91\x91\x91\x91\xC0")                                     },
    {ERR_MALFORMED, WITH("\xA1k\x91\x91\x91\x91\x91\x91\x91\x91\xC0")                                 },
    {OK,            WITH("\xA1k\x91\x91\x91\x91\x91\x91\x91\x90")                                     },
 /* ids */
    {OK,            WITH("\xA1p" ID_TEXT)                                                             },
    {ERR_MALFORMED, WITH("\xA1p\xA0")                                                                 },
    {ERR_MALFORMED, WITH("\xA1p\xBFpost_01kpnk1qr0e00800000000000u")                                  },
    {ERR_MALFORMED, WITH("\xA1p\xBFpost-01kpnk1qr0e008000000000000")                                  },
    {ERR_MALFORMED, WITH("\xA1p\xBFnone_01kpnk1qr0e008000000000000")                                  },
    {ERR_KIND,      WITH("\xA1p\xC0")                                                                 },
    {ERR_KIND,      WITH("\xA1p\x07")                                                                 },
    {ERR_KIND,      WITH("\xA1p\xC4\x01"
                    "a")                                                                },
 /* times: before the year 10000 */
    {ERR_RANGE,     WITH("\xA1q\x00")                                                                 }, /* absent */
    {OK,            WITH("\xA1q\xCF\x00\x00\xE6\x77\xD2\x1F\xDB\xFF")                                 },
    {ERR_RANGE,     WITH("\xA1q\xCF\x00\x00\xE6\x77\xD2\x1F\xDC\x00")                                 },
    {ERR_RANGE,     WITH("\xA1q\xCF\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF")                                 },
    {OK,            WITH("\xA1q\xD3\x00\x00\x00\x00\x00\x00\x00\x01")                                 },
    {ERR_RANGE,     WITH("\xA1q\xCF\x00\x01\x00\x00\x00\x00\x00\x00")                                 },
    {ERR_RANGE,     WITH("\xA1q\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")                                 },
    {ERR_RANGE,     WITH("\xA1q\xFF")                                                                 },
    {ERR_RANGE,     WITH("\xA1q\xD3\x80\x00\x00\x00\x00\x00\x00\x00")                                 },
    {ERR_KIND,      WITH("\xA1q\xCB\x40\x00\x00\x00\x00\x00\x00\x00")                                 },
    {ERR_KIND,      WITH("\xA1q\xC0")                                                                 },
    {ERR_KIND,      WITH("\xA1q\xA1"
                    "1")                                                                },
 /* counts */
    {OK,            WITH("\xA1r\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")                                 },
    {OK,            WITH("\xA1r\xCC\x07")                                                             },
    {OK,            WITH("\xA1r\xCD\x00\x07")                                                         },
    {OK,            WITH("\xA1r\xCE\x00\x00\x00\x07")                                                 },
    {ERR_RANGE,     WITH("\xA1r\xFF")                                                                 },
    {ERR_RANGE,     WITH("\xA1r\xD0\x80")                                                             },
    {ERR_RANGE,     WITH("\xA1r\xD1\x80\x00")                                                         },
    {ERR_RANGE,     WITH("\xA1r\xD2\x80\x00\x00\x00")                                                 },
    {ERR_KIND,      WITH("\xA1r\xC3")                                                                 },
    {ERR_KIND,      WITH("\xA1r\xCA\x00\x00\x00\x00")                                                 },
 /* flags */
    {OK,            WITH("\xA1s\xC2")                                                                 },
    {ERR_KIND,      WITH("\xA1s\x01")                                                                 },
    {ERR_KIND,      WITH("\xA1s\xC0")                                                                 },
 /* words, texts */
    {OK,            WITH("\xA1t\xA0")                                                                 },
    {OK,            WITH("\xA1t\xD9\x02\xC3\xA9")                                                     },
    {OK,            WITH("\xA1t\xDA\x00\x02\xC3\xA9")                                                 },
    {OK,            WITH("\xA1t\xDB\x00\x00\x00\x02\xC3\xA9")                                         },
    {ERR_NOT_UTF8,  WITH("\xA1t\xA1\xFF")                                                             },
    {ERR_NOT_UTF8,  WITH("\xA1t\xA2\xC0\xAF")                                                         },
    {ERR_NOT_UTF8,  WITH("\xA1t\xA3\xED\xA0\x80")                                                     },
    {ERR_NOT_UTF8,  WITH("\xA1t\xA4\xF4\x90\x80\x80")                                                 },
    {ERR_NOT_UTF8,  WITH("\xA1u\xA1\xC3")                                                             },
    {ERR_NUL,       WITH("\xA1t\xA1\x00")                                                             },
    {ERR_NUL,       WITH("\xA1u\xA3"
                   "a\x00z")                                                             },
    {ERR_KIND,      WITH("\xA1t\xC4\x01"
                    "a")                                                                },
    {ERR_KIND,      WITH("\xA1u\xC0")                                                                 },
    {ERR_KIND,      WITH("\xA1u\x90")                                                                 },
    {ERR_TOO_LONG,  WITH("\xA1t\xDA\x01\x01" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
                            TEN TEN TEN TEN TEN TEN "1234567")                      },
    {OK,            WITH("\xA1t\xDA\x01\x00" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
                  TEN TEN TEN TEN "123456")                                                   },
 /* blobs, hashes */
    {OK,            WITH("\xA1v\xC4\x00")                                                             },
    {OK,            WITH("\xA1v\xC5\x00\x01\xFF")                                                     },
    {OK,            WITH("\xA1v\xC6\x00\x00\x00\x01\xFF")                                             },
    {ERR_KIND,      WITH("\xA1v\xA1"
                    "a")                                                                },
    {ERR_KIND,      WITH("\xA1v\xD4\x01\x02")                                                         },
    {OK,            WITH("\xA1w\xC4\x20" TEN TEN TEN "12")                                            },
    {ERR_RANGE,     WITH("\xA1w\xC4\x1F" TEN TEN TEN "1")                                             },
    {ERR_RANGE,     WITH("\xA1w\xC4\x21" TEN TEN TEN "123")                                           },
    {ERR_RANGE,     WITH("\xA1w\xC4\x00")                                                             },
    {ERR_KIND,      WITH("\xA1w\xD9\x20" TEN TEN TEN "12")                                            },
 /* choices */
    {OK,            WITH("\xA1x\xA7"
              "bluesky")                                                                      },
    {OK,            WITH("\xA1x\xA1x")                                                                },
    {ERR_RANGE,     WITH("\xA1x\xA0")                                                                 },
    {ERR_RANGE,     WITH("\xA1x\xA7"
                     "Bluesky")                                                        },
    {ERR_RANGE,     WITH("\xA1x\xA7myspace")                                                          },
    {ERR_KIND,      WITH("\xA1x\x01")                                                                 },
 /* lists of at most 2 */
    {OK,            WITH("\xA1y\x90")                                                                 },
    {OK,            WITH("\xA1y\x91\x82\xA3key\xA1k\xA5value\xA0")                                    },
    {OK,            WITH("\xA1y\xDC\x00\x02\x82\xA3key\xA1k\xA5value\xA0\x82\xA5value\xA0\xA3key\xA0")},
    {ERR_TOO_LONG,  WITH("\xA1y\x93\x80\x80\x80")                                                     },
    {ERR_MISSING,   WITH("\xA1y\x91\x80")                                                             },
    {ERR_MISSING,   WITH("\xA1y\x91\x81\xA3key\xA1k")                                                 },
    {ERR_KIND,      WITH("\xA1y\x91\xC0")                                                             },
    {ERR_KIND,      WITH("\xA1y\x80")                                                                 },
    {ERR_KIND,      WITH("\xA1y\xC0")                                                                 },
    {ERR_NOT_UTF8,  WITH("\xA1y\x91\x82\xA3key\xA1\xFF\xA5value\xA0")                                 },
};

/* A copy of exactly the bytes, so that a sanitizer sees a read beyond. */
static enum err decode_copy(const struct record_desc *desc, struct span bytes, struct arena *arena, void *ret_fields)
{
    uint8_t *copy = malloc(bytes.len + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy + 1, bytes.data, bytes.len);
    const enum err err = record_decode(desc, span_of(copy + 1, bytes.len), arena, ret_fields);
    free(copy);
    return err;
}

START_TEST(bytes_are_taken_or_refused_for_the_right_reason)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena arena;
        arena_init(&arena, 100000);
        struct sample sample;
        const enum err err = decode_copy(&sample_desc, rows[i].bytes, &arena, &sample);
        ck_assert_msg(err == rows[i].err, "row %zu: %s, not %s", i, err_name(err), err_name(rows[i].err));
        arena_done(&arena);
    }
}

END_TEST

START_TEST(values_arrive_in_their_fields)
{
    const struct span bytes =
        SPAN("\x8B\xA1p" ID_TEXT "\xA1q\xCD\x01\x00\xA1r\x07\xA1s\xC3\xA1t\xA1T\xA1u\xA0\xA1v\xC4\x02\x00\xFF"
             "\xA1w\xC4\x20" TEN TEN TEN "12\xA1x\xA7"
             "bluesky\xA1y\x91\x82\xA3key\xA1k\xA5value\xA0\xA1z\xC2");
    struct arena arena;
    arena_init(&arena, 100000);
    struct sample sample;
    ck_assert_int_eq(record_decode(&sample_desc, bytes, &arena, &sample), OK);
    ck_assert_int_eq(sample.p.kind, ID_POST);
    ck_assert_int_eq(sample.q, 256);
    ck_assert_uint_eq(sample.r, 7);
    ck_assert(sample.s);
    ck_assert(span_equal(sample.t, SPAN("T")));
    ck_assert(sample.u.data != NULL && sample.u.len == 0);
    ck_assert(span_equal(sample.v, SPAN("\x00\xFF")));
    ck_assert_mem_eq(sample.w.bytes, TEN TEN TEN "12", 32);
    ck_assert_uint_eq(sample.x, CHANNEL_BLUESKY);
    ck_assert_uint_eq(sample.y_count, 1);
    ck_assert(span_equal(sample.y[0].key, SPAN("k")));
    ck_assert(sample.y[0].value.data != NULL && sample.y[0].value.len == 0);
    ck_assert(!sample.z);
    /* texts are not copied */
    ck_assert(sample.t.data > bytes.data && sample.t.data < bytes.data + bytes.len);
    ck_assert(sample.v.data > bytes.data && sample.v.data < bytes.data + bytes.len);
    arena_done(&arena);
}

END_TEST

START_TEST(what_is_absent_is_zero_whatever_was_there_before)
{
    struct arena arena;
    arena_init(&arena, 1000);
    struct sample sample;
    memset(&sample, 0xA5, sizeof sample);
    ck_assert_int_eq(record_decode(&sample_desc, SPAN("\x81\xA1z\xC2"), &arena, &sample), OK);
    const struct sample none = {0};
    ck_assert(record_equal(&sample_desc, &sample, &none));
    ck_assert_ptr_null(sample.y);
    ck_assert_ptr_null(sample.t.data);
    arena_done(&arena);
}

END_TEST

START_TEST(a_list_that_the_arena_cannot_hold_is_out_of_memory)
{
    struct arena arena;
    arena_init(&arena, 16);
    struct sample sample;
    ck_assert_int_eq(
        record_decode(&sample_desc, SPAN("\x82\xA1y\x91\x82\xA3key\xA1k\xA5value\xA0\xA1z\xC2"), &arena, &sample),
        ERR_NO_MEMORY);
    arena_done(&arena);
}

END_TEST

START_TEST(a_secret_is_neither_read_nor_written)
{
    static const struct field_desc fields[] = {
        MAYBE_OF(count, r),
        {.kind = KIND_secret, .name = "t", .name_len = 1, .offset = offsetof(struct sample, t)},
    };
    static const struct record_desc desc = {
        .name = "guarded", .size = sizeof(struct sample), .fields = fields, .field_count = 2};
    struct arena arena;
    arena_init(&arena, 1000);
    struct sample sample = {.t = SPAN("hunter2")};
    uint8_t bytes[100] = {0};
    struct buf out = buf_of(bytes, sizeof bytes);
    struct prng prng;
    prng_seed(&prng, 1);
    ck_assert_int_eq(record_encode(&desc, &sample, &out), ERR_SECRET);
    ck_assert_ptr_null(memmem(bytes, sizeof bytes, "hunter2", 7));
    sample.t = (struct span){0};
    ck_assert_int_eq(record_encode(&desc, &sample, &out), ERR_SECRET);
    ck_assert_int_eq(record_decode(&desc, SPAN("\x81\xA1t\xA7hunter2"), &arena, &sample), ERR_SECRET);
    ck_assert_int_eq(record_decode(&desc, SPAN("\x80"), &arena, &sample), ERR_SECRET);
    ck_assert_uint_eq(out.len, 0);
    prng_seed(&prng, 2);
    enum err err = OK;
    for (int i = 0; i < 20; i++) { /* an optional field is drawn two times in three */
        const enum err drawn = record_random(&desc, &prng, &arena, &sample);
        err = drawn == OK ? err : drawn;
    }
    ck_assert_int_eq(err, ERR_SECRET);
    arena_done(&arena);
}

END_TEST

#define CMD_TEXT \
    "\xBE"       \
    "cmd_01kpnk1qr0e008000000000000"
#define POST "\xA7post_id" ID_TEXT
#define AT \
    "\xA5" \
    "at_ms"
#define TARGET                                                                                                \
    "\xA9target_id\xBEtgt_01kpnk1qr0e008000000000000\xAEintegration_id\xBEint_01kpnk1qr0e008000000000000\xA7" \
    "channel\xA7"                                                                                             \
    "bluesky"
#define SYS_TEXT "\xBEsys_01kpnk1qr0e008000000000000"

static const struct {
    enum err event;
    enum err command;
    struct span bytes;
} messages[] = {
    {OK,               ERR_MALFORMED,    BYTES("\x92\x05\x80")                                                                   }, /* starts_confirmed */
    {OK,               ERR_MALFORMED,
     BYTES("\x92\xCD\x00\x05\x81\xA5"
           "later\x90")                                                                                                          },
    {ERR_UNKNOWN_CODE, ERR_MALFORMED,    BYTES("\x92\x00\x80")                                                                   },
    {ERR_UNKNOWN_CODE, ERR_MALFORMED,    BYTES("\x92\xCF\x00\x00\x00\x01\x00\x00\x00\x05\x80")                                   },
    {ERR_RANGE,        ERR_MALFORMED,    BYTES("\x92\xFF\x80")                                                                   },
    {ERR_KIND,         ERR_MALFORMED,
     BYTES("\x92\xA1"
           "5\x80")                                                                                                              },
    {ERR_KIND,         ERR_MALFORMED,    BYTES("\x92\x05\x90")                                                                   },
    {ERR_KIND,         ERR_KIND,         BYTES("\x80")                                                                           },
    {ERR_KIND,         ERR_KIND,         BYTES("\xC0")                                                                           },
    {ERR_MALFORMED,    ERR_MALFORMED,    BYTES("\x90")                                                                           },
    {ERR_MALFORMED,    ERR_MALFORMED,    BYTES("\x91\x05")                                                                       },
    {ERR_MALFORMED,    ERR_MALFORMED,    BYTES("\x93\x05\x80\x80")                                                               },
    {ERR_TRAILING,     ERR_TRAILING,     BYTES("\x92\x05\x80\x00")                                                               },
    {ERR_MALFORMED,    OK,               BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\xC0\xC0\x00\x00")                   }, /* confirm_starts */
    {ERR_MALFORMED,    OK,               BYTES("\x9A\x05\x80" CMD_TEXT SYS_TEXT SYS_TEXT "\xCC\xFF" SYS_TEXT "\xA5owner\x01\x02")},
    {ERR_MALFORMED,    ERR_UNKNOWN_CODE, BYTES("\x9A\x00\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\xC0\xC0\x00\x00")                   },
    {ERR_MALFORMED,    ERR_KIND,         BYTES("\x9A\x05\x80\xC0\xC0" SYS_TEXT "\x04\xC0\xC0\x00\x00")                           },
    {ERR_MALFORMED,    ERR_KIND,         BYTES("\x9A\x05\x80" CMD_TEXT "\xC0\xC0\x04\xC0\xC0\x00\x00")                           },
    {ERR_MALFORMED,    ERR_KIND,         BYTES("\x9A\x05\x80" CMD_TEXT "\x00" SYS_TEXT "\x04\xC0\xC0\x00\x00")                   },
    {ERR_MALFORMED,    ERR_RANGE,        BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\xCD\x01\x00\xC0\xC0\x00\x00")           },
    {ERR_MALFORMED,    ERR_KIND,         BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\xC0\xC0\xC0\x00\x00")                   },
    {ERR_MALFORMED,    ERR_KIND,         BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\x07\xC0\x00\x00")                   },
    {ERR_MALFORMED,    ERR_MISSING,      BYTES("\x9A\x02\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\xC0\xC0\x00\x00")                   },
    {ERR_MALFORMED,    ERR_RANGE,        BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\xC0\xA4king\x00\x00")               },
    {ERR_MALFORMED,    ERR_KIND,         BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\xC0\x05\x00\x00")                   },
    {ERR_MALFORMED,    ERR_RANGE,        BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\xC0\xC0\xFF\x00")                   },
    {ERR_MALFORMED,    ERR_KIND,         BYTES("\x9A\x05\x80" CMD_TEXT "\xC0" SYS_TEXT "\x04\xC0\xC0\x00\xC0")                   },
    {ERR_MALFORMED,    ERR_MALFORMED,
     BYTES("\x9A\x05\x80\xA3"
           "cmd\xC0" SYS_TEXT "\x04\xC0\xC0\x00\x00")                                                                            },
};

START_TEST(messages_are_taken_or_refused_for_the_right_reason)
{
    for (size_t i = 0; i < ROWS(messages); i++) {
        struct arena arena;
        arena_init(&arena, 100000);
        struct event event;
        struct command command;
        const enum err as_event = event_decode(messages[i].bytes, &arena, &event);
        const enum err as_command = command_decode(messages[i].bytes, &arena, &command);
        ck_assert_msg(as_event == messages[i].event, "row %zu: %s", i, err_name(as_event));
        ck_assert_msg(as_command == messages[i].command, "row %zu: %s", i, err_name(as_command));
        arena_done(&arena);
    }
}

END_TEST

/* A create_post of these fields. */
static enum err decode_create(struct span fields, uint8_t bytes[1000], struct arena *arena, struct command *ret_command)
{
    struct buf out = buf_of(bytes, 1000);
    buf_put(&out, SPAN("\x9A\x28"));
    buf_put(&out, fields);
    buf_put(&out, SPAN(CMD_TEXT "\xC0" ID_TEXT "\x04\xC0\xC0\x00\x00"));
    return command_decode(buf_span(&out), arena, ret_command);
}

/* Inside, 0 is absent: what says 0 of something that may be left out says another thing than it means. An instant of
 * the year 10000 could not be shown. What is recorded is read all the same. */
START_TEST(a_number_of_zero_that_may_be_absent_and_an_instant_that_cannot_be_shown_are_told_of)
{
    static const struct {
        const char *list;
        const char *field;
        uint32_t index;
        struct span fields;
        bool late;
    } rows_[] = {
        {"",        "at_ms", 0, BYTES("\x82" POST AT "\x00"),                                            false},
        {"",        "at_ms", 0, BYTES("\x83" POST AT "\x00\xACnot_after_ms\x00"),                        false},
        {"",        "",      0, BYTES("\x82" POST AT "\x01"),                                            false},
        {"",        "",      0, BYTES("\x82" POST "\xA3now\xC2"),                                        false},
        {"targets", "at_ms", 1, BYTES("\x82" POST "\xA7targets\x92\x83" TARGET "\x84" TARGET AT "\x00"), false},
        {"",        "",      0, BYTES("\x82" POST AT "\xCF\x00\x00\xE6\x77\xD2\x1F\xDB\xFF"),            false},
        {"",        "at_ms", 0, BYTES("\x82" POST AT "\xCF\x00\x00\xE6\x77\xD2\x1F\xDC\x00"),            true },
        {"targets", "at_ms", 0,
         BYTES("\x82" POST "\xA7targets\x91\x84" TARGET AT "\xCF\x00\x00\xE6\x77\xD2\x1F\xDC\x00"),      true },
    };

    for (size_t i = 0; i < ROWS(rows_); i++) {
        uint8_t bytes[1000];
        struct arena arena;
        struct command command;
        arena_init(&arena, 100000);
        ck_assert_int_eq(decode_create(rows_[i].fields, bytes, &arena, &command), OK);
        const struct given_odd *odd = &command.misgiven.odd;
        ck_assert_str_eq(odd->field == NULL ? "" : odd->field->name, rows_[i].field);
        ck_assert_str_eq(odd->list == NULL ? "" : odd->list->name, rows_[i].list);
        ck_assert_uint_eq(odd->index, rows_[i].index);
        ck_assert(odd->late == rows_[i].late);
        arena_done(&arena);
    }
}

END_TEST

/* A name that is no field's is told, with where it stands, also when it leaves another missing: it is most likely that
 * one in another spelling. What is recorded, and another version's, is read all the same. */
START_TEST(a_name_of_no_field_is_told_of)
{
    static const struct {
        const char *list;
        const char *record;
        const char *name;
        uint32_t index;
        enum err err;
        struct span fields;
    } rows_[] = {
        {"",        "",            "",        0, OK,          BYTES("\x82" POST "\xA3now\xC2")           },
        {"",        "create_post", "nwo",     0, OK,          BYTES("\x83" POST "\xA3nwo\xC3\xA3won\xC3")},
        {"",        "create_post", "post_di", 0, ERR_MISSING, BYTES("\x81\xA7post_di\xC0")               },
        {"targets", "target_spec", "at",      1, OK,
         BYTES("\x82" POST "\xA7targets\x92\x83" TARGET "\x84" TARGET "\xA2"
               "at\x01")                                                                                 },
    };

    for (size_t i = 0; i < ROWS(rows_); i++) {
        uint8_t bytes[1000];
        struct arena arena;
        struct command command;
        arena_init(&arena, 100000);
        ck_assert_int_eq(decode_create(rows_[i].fields, bytes, &arena, &command), rows_[i].err);
        const struct given_name *unknown = &command.misgiven.unknown;
        ck_assert_str_eq(unknown->record == NULL ? "" : unknown->record->name, rows_[i].record);
        ck_assert(span_equal(unknown->name, span_text(rows_[i].name)));
        ck_assert_str_eq(unknown->list == NULL ? "" : unknown->list->name, rows_[i].list);
        ck_assert_uint_eq(unknown->index, rows_[i].index);
        arena_done(&arena);
    }
}

END_TEST

/* A small random event, and its bytes. */
static void small_event(uint32_t code, struct prng *prng, struct arena *arena, struct buf *out)
{
    struct event event = {.code = code};
    do {
        arena_reset(arena);
        *out = buf_of(out->data, out->cap);
        ck_assert_int_eq(record_random(event_desc(code), prng, arena, event_fields(&event)), OK);
    } while (event_encode(&event, out) != OK);
}

/* What was damaged and still decodes is a valid event: it can be written and read again, unless a byte became NUL. */
static void check_damaged(struct span bytes, struct arena *arena, struct buf *out)
{
    struct event event;
    struct event back;
    if (event_decode(bytes, arena, &event) == OK) {
        *out = buf_of(out->data, out->cap);
        const bool nul = record_has_nul(event_desc(event.code), event_fields(&event));
        ck_assert_int_eq(event_encode(&event, out), nul ? ERR_NUL : OK);
        if (!nul) {
            ck_assert_int_eq(event_decode(buf_span(out), arena, &back), OK);
            ck_assert_uint_eq(event.code, back.code);
            ck_assert(record_equal(event_desc(event.code), event_fields(&event), event_fields(&back)));
        }
    }
    arena_reset(arena);
}

START_TEST(an_event_cut_anywhere_is_truncated)
{
    struct prng prng;
    prng_seed(&prng, 11);
    struct arena arena;
    arena_init(&arena, (size_t)16 << 20);
    uint8_t bytes[2000];
    struct buf out = buf_of(bytes, sizeof bytes);
    for (uint32_t code = 0; code < CODES; code++) {
        if (event_desc(code) != NULL) {
            small_event(code, &prng, &arena, &out);
            for (size_t len = 0; len < out.len; len++) {
                struct event event;
                uint8_t *part = malloc(len + 1);
                memcpy(part + 1, bytes, len);
                ck_assert_int_eq(event_decode(span_of(part + 1, len), &arena, &event), ERR_TRUNCATED);
                free(part);
            }
        }
    }
    arena_done(&arena);
}

END_TEST

START_TEST(an_event_with_one_wrong_byte_is_refused_or_still_an_event)
{
    struct prng prng;
    prng_seed(&prng, 12);
    struct arena arena;
    arena_init(&arena, (size_t)16 << 20);
    static uint8_t bytes[600];
    static uint8_t again[4000];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct buf second = buf_of(again, sizeof again);
    for (uint32_t code = 0; code < CODES; code++) {
        if (event_desc(code) != NULL) {
            small_event(code, &prng, &arena, &out);
            uint8_t *copy = malloc(out.len);
            memcpy(copy, bytes, out.len);
            for (size_t at = 0; at < out.len; at++) {
                for (unsigned i = 0; i < 12; i++) {
                    copy[at] = (uint8_t)(i < 8 ? bytes[at] ^ 1U << i : prng_next(&prng));
                    check_damaged(span_of(copy, out.len), &arena, &second);
                }
                copy[at] = bytes[at];
            }
            free(copy);
        }
    }
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *tcase = tcase_create("decode");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, bytes_are_taken_or_refused_for_the_right_reason);
    tcase_add_test(tcase, values_arrive_in_their_fields);
    tcase_add_test(tcase, what_is_absent_is_zero_whatever_was_there_before);
    tcase_add_test(tcase, a_list_that_the_arena_cannot_hold_is_out_of_memory);
    tcase_add_test(tcase, a_secret_is_neither_read_nor_written);
    tcase_add_test(tcase, messages_are_taken_or_refused_for_the_right_reason);
    tcase_add_test(tcase, a_number_of_zero_that_may_be_absent_and_an_instant_that_cannot_be_shown_are_told_of);
    tcase_add_test(tcase, a_name_of_no_field_is_told_of);
    tcase_add_test(tcase, an_event_cut_anywhere_is_truncated);
    tcase_add_test(tcase, an_event_with_one_wrong_byte_is_refused_or_still_an_event);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
