/* checkpoint_test.c: signed notes, checkpoints and proofs are those that other people's tools write and read: Go's and
 * C2SP's published notes, and values of an independent implementation. */
#include "core/log/checkpoint.h"

#include <check.h>
#include <stdio.h>

#include "core/base/base64.h"
#include "core/log/tlog_proof.h"
#include "tests/suite.h"

#define ORIGIN "example.com/ledger"
#define SIGNED                                                                \
    "example.com/ledger\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n" \
    "\xE2\x80\x94 example.com/ledger "                                        \
    "k3J95q6YQNlT7G3X6BUsA0GMSqXigLZhUu2LaMIZflAYFKuIdyMOBntqnTph76E6vmGPzG9ZDDz4tQCcaYhYm3p+6AM=\n"
#define WITNESS                        \
    "\xE2\x80\x94 witness.example/w1 " \
    "IDJKvgAAAABkGFDLRxX3UqDsZTCIZYvItf2160TLV0a8jno7ttuDW5t8j0g9MZZxljdYLjCn7iahCkGArSnRzm+oxfodL1u5N37uBQ==\n"

static void from_hex(const char *hex, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
}

static struct checkpoint_key *key_of(const char *seed_hex, const char *name)
{
    uint8_t seed[32];
    from_hex(seed_hex, seed, sizeof seed);
    struct checkpoint_key *key = NULL;
    ck_assert_int_eq(checkpoint_key_new(seed, name, &key), OK);
    return key;
}

static struct checkpoint_key *our_key(void)
{
    return key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", ORIGIN);
}

/* The public key inside a vkey: name+hash+base64(type || key). */
static void public_of(const char *vkey_base64, uint8_t ret_public[32])
{
    uint8_t bytes[33];
    struct buf buf = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(base64_read(span_text(vkey_base64), &buf), OK);
    ck_assert_uint_eq(buf.len, 33);
    ck_assert_uint_eq(bytes[0], 1);
    memcpy(ret_public, bytes + 1, 32);
}

START_TEST(a_key_has_its_known_public_key_and_verifier_text)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    uint8_t expected[32];
    from_hex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", expected, sizeof expected);
    ck_assert_mem_eq(checkpoint_key_public(key), expected, 32);
    ck_assert_str_eq(checkpoint_key_name(key), ORIGIN);
    char text[200];
    struct buf buf = buf_of(text, sizeof text);
    checkpoint_key_verifier(key, &buf);
    ck_assert_str_eq(buf_terminated(&buf), "example.com/ledger+93727de6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
}

END_TEST

START_TEST(the_published_note_of_go_is_signed_and_opened)
{
    const struct span text = SPAN("If you think cryptography is the answer to your problem,\n"
                                  "then you don't know what your problem is.\n");
    OWNED(checkpoint_key_free)
    struct checkpoint_key *key =
        key_of("810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173", "PeterNeumann");
    char bytes[1000];
    struct buf out = buf_of(bytes, sizeof bytes);
    checkpoint_key_verifier(key, &out);
    ck_assert_str_eq(buf_terminated(&out), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(note_sign(key, text, &out), OK);
    ck_assert_str_eq(buf_terminated(&out),
                     "If you think cryptography is the answer to your problem,\n"
                     "then you don't know what your problem is.\n"
                     "\n"
                     "\xE2\x80\x94 PeterNeumann "
                     "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n");
    struct span opened;
    ck_assert_int_eq(note_open(buf_span(&out), "PeterNeumann", checkpoint_key_public(key), &opened), OK);
    ck_assert(span_equal(opened, text));
}

END_TEST

START_TEST(the_published_note_of_c2sp_is_opened)
{
    uint8_t public_key[32];
    public_of("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", public_key);
    const struct span note =
        SPAN("This is an example message.\n\n\xE2\x80\x94 example.com/foo "
             "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n");
    struct span text;
    ck_assert_int_eq(note_open(note, "example.com/foo", public_key, &text), OK);
    ck_assert(span_equal(text, SPAN("This is an example message.\n")));
}

END_TEST

START_TEST(a_checkpoint_is_written_and_read_as_others_do)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    uint8_t root[32];
    from_hex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328", root, sizeof root);
    char bytes[1000];
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(checkpoint_sign(key, 8, root, &out), OK);
    ck_assert_str_eq(buf_terminated(&out), SIGNED);
    const struct span notes[] = {SPAN(SIGNED), SPAN(SIGNED WITNESS)};
    for (size_t i = 0; i < 2; i++) { /* a witness' line does not disturb */
        uint64_t size = 0;
        uint8_t read[32];
        ck_assert_int_eq(checkpoint_open(notes[i], ORIGIN, checkpoint_key_public(key), &size, read), OK);
        ck_assert_uint_eq(size, 8);
        ck_assert_mem_eq(read, root, 32);
    }
    struct buf small = buf_of(bytes, 100);
    ck_assert_int_eq(checkpoint_sign(key, 8, root, &small), ERR_TOO_LONG);
}

END_TEST

START_TEST(a_checkpoint_with_any_bit_flipped_is_refused)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    for (size_t bit = 0; bit < 8 * (sizeof SIGNED - 1); bit++) {
        char note[] = SIGNED;
        note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
        uint64_t size = 77;
        uint8_t root[32];
        const enum err err =
            checkpoint_open(span_of(note, sizeof note - 1), ORIGIN, checkpoint_key_public(key), &size, root);
        ck_assert(err == ERR_AUTH || err == ERR_MALFORMED);
        ck_assert_uint_eq(size, 77);
    }
}

END_TEST

START_TEST(a_checkpoint_cut_anywhere_is_refused)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    for (size_t len = 0; len < sizeof SIGNED - 1; len++) {
        uint64_t size = 0;
        uint8_t root[32];
        ck_assert_int_ne(checkpoint_open(span_of(SIGNED, len), ORIGIN, checkpoint_key_public(key), &size, root), OK);
    }
}

END_TEST

/* Texts that are properly signed and yet no checkpoint of ours. */
static const struct {
    const char *name;
    const char *text;
    enum err err;
} texts[] = {
    {"extension lines are allowed", ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\nmore\nand more\n",    OK           },
    {"another origin",              "example.com/other\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",          ERR_MALFORMED},
    {"a leading zero",              ORIGIN "\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",                   ERR_MALFORMED},
    {"no number",                   ORIGIN "\n-8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",                   ERR_MALFORMED},
    {"a number above 64 bits",      ORIGIN "\n18446744073709551616\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
     ERR_MALFORMED                                                                                                                },
    {"a short root",                ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7Zog==\n",                                        ERR_MALFORMED},
    {"a long root",                 ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQygAAAA\n",                 ERR_MALFORMED},
    {"loose bits in the root",      ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n",                    ERR_MALFORMED},
    {"an empty extension line",     ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\nmore\n",            ERR_MALFORMED},
    {"two lines only",              ORIGIN "\n8\n",                                                                  ERR_MALFORMED},
    {"the size of nothing",         ORIGIN "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",                    OK           },
};

START_TEST(only_a_checkpoint_s_text_is_accepted)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    char bytes[1000];
    struct buf note = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(note_sign(key, span_text(texts[_i].text), &note), OK);
    uint64_t size = 0;
    uint8_t root[32];
    ck_assert_msg(checkpoint_open(buf_span(&note), ORIGIN, checkpoint_key_public(key), &size, root) == texts[_i].err,
                  "%s", texts[_i].name);
}

END_TEST

#define OURS                           \
    "\xE2\x80\x94 example.com/ledger " \
    "k3J95q6YQNlT7G3X6BUsA0GMSqXigLZhUu2LaMIZflAYFKuIdyMOBntqnTph76E6vmGPzG9ZDDz4tQCcaYhYm3p+6AM=\n"
#define TEXT "example.com/ledger\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"

static const struct {
    const char *name;
    const char *note;
    enum err err;
} notes[] = {
    {"as it should be",                         TEXT "\n" OURS,                                          OK           },
    {"a witness first",                         TEXT "\n" WITNESS OURS,                                  OK           },
    {"ours twice",                              TEXT "\n" OURS OURS,                                     OK           },
    {"a witness alone",                         TEXT "\n" WITNESS,                                       ERR_AUTH     },
    {"no signature",                            TEXT "\n",                                               ERR_MALFORMED},
    {"no empty line",                           TEXT OURS,                                               ERR_MALFORMED},
    {"an empty text",                           "\n" OURS,                                               ERR_MALFORMED},
    {"text behind the signatures",              TEXT "\n" OURS "hello\n",                                ERR_MALFORMED},
    {"a hyphen for the dash",                   TEXT "\n- example.com/ledger AAAAAAAA\n",                ERR_MALFORMED},
    {"a signature without a name",              TEXT "\n" OURS "\xE2\x80\x94  AAAAAAAA\n",               ERR_MALFORMED},
    {"a plus in a name",                        TEXT "\n" OURS "\xE2\x80\x94 a+b AAAAAAAA\n",            ERR_MALFORMED},
    {"a signature of four bytes",               TEXT "\n" OURS "\xE2\x80\x94 a AAAAAA==\n",              ERR_MALFORMED},
    {"a signature that is no base64",           TEXT "\n" OURS "\xE2\x80\x94 a AAAAAAA\n",               ERR_MALFORMED},
    {"our name and key with a short signature", TEXT "\n\xE2\x80\x94 example.com/ledger k3J95gAAAAAA\n", ERR_AUTH     },
    {"our name with another key",               TEXT "\n\xE2\x80\x94 example.com/ledger AAAAAAAAAAAA\n", ERR_AUTH     },
    {"a control character",                     "a\tb\n\n" OURS,                                         ERR_MALFORMED},
    {"no UTF-8",                                "a\xFF\n\n" OURS,                                        ERR_MALFORMED},
    {"no newline at the end",                   "a",                                                     ERR_MALFORMED},
    {"nothing",                                 "",                                                      ERR_MALFORMED},
};

START_TEST(only_a_well_formed_and_signed_note_is_opened)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    struct span text;
    ck_assert_msg(note_open(span_text(notes[_i].note), ORIGIN, checkpoint_key_public(key), &text) == notes[_i].err,
                  "%s", notes[_i].name);
}

END_TEST

START_TEST(limits_hold_and_names_are_checked)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    static char note[70000];
    memset(note, 'a', sizeof note);
    note[sizeof note - 1] = '\n';
    struct span text;
    ck_assert_int_eq(note_open(span_of(note, sizeof note), ORIGIN, checkpoint_key_public(key), &text), ERR_TOO_LONG);
    struct buf many = buf_of(note, sizeof note);
    buf_text(&many, TEXT "\n");
    for (int i = 0; i <= 100; i++) {
        buf_text(&many, OURS);
    }
    ck_assert_int_eq(note_open(buf_span(&many), ORIGIN, checkpoint_key_public(key), &text), ERR_TOO_LONG);
    const uint8_t seed[32] = {0};
    char long_name[CHECKPOINT_NAME_MAX + 2];
    memset(long_name, 'n', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    const char *const names[] = {"", "a b", "a+b", "a\nb", "\xFF", long_name};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct checkpoint_key *none = NULL;
        ck_assert_int_eq(checkpoint_key_new(seed, names[i], &none), ERR_MALFORMED);
        ck_assert_ptr_null(none);
    }
    checkpoint_key_free(NULL);
    char bytes[1000];
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(note_sign(key, SPAN("no newline"), &out), ERR_MALFORMED);
    ck_assert_int_eq(note_sign(key, SPAN("a\tb\n"), &out), ERR_MALFORMED);
}

END_TEST

START_TEST(a_proof_file_is_written_as_c2sp_says)
{
    uint8_t hashes[3][32];
    const char *const text[] = {
        "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=", "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
        "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="};
    for (size_t i = 0; i < 3; i++) {
        struct buf hash = buf_of(hashes[i], 32);
        ck_assert_int_eq(base64_read(span_text(text[i]), &hash), OK);
    }
    char bytes[2000];
    struct buf out = buf_of(bytes, sizeof bytes);
    tlog_proof_write(5, (const uint8_t(*)[32])hashes, 3, (struct span){0}, SPAN(SIGNED), &out);
    ck_assert_str_eq(buf_terminated(&out), "c2sp.org/tlog-proof@v1\nindex 5\n"
                                           "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
                                           "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"
                                           "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n"
                                           "\n" SIGNED);
}

END_TEST

/* A tree of seven leaves "0" to "6", its checkpoint and the proof of leaf 3, as a reader gets them. */
static size_t write_proof(char *bytes, size_t cap, struct span extra)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    uint8_t leaves[7][32];
    struct merkle_edge edge = {0};
    for (uint8_t i = 0; i < 7; i++) {
        const uint8_t digit = (uint8_t)('0' + i);
        merkle_leaf(span_of(&digit, 1), leaves[i]);
        merkle_add(&edge, leaves[i], NULL, NULL);
    }
    uint8_t hashes[3][32];
    uint8_t right[32];
    memcpy(hashes[0], leaves[2], 32);
    merkle_node(leaves[0], leaves[1], hashes[1]);
    merkle_node(leaves[4], leaves[5], right);
    merkle_node(right, leaves[6], hashes[2]);
    uint8_t root[32];
    char note_bytes[400];
    struct buf note = buf_of(note_bytes, sizeof note_bytes);
    struct buf out = buf_of(bytes, cap);
    merkle_root(&edge, root);
    ck_assert_int_eq(checkpoint_sign(key, 7, root, &note), OK);
    tlog_proof_write(3, (const uint8_t(*)[32])hashes, 3, extra, buf_span(&note), &out);
    ck_assert(buf_ok(&out));
    return out.len;
}

START_TEST(a_whole_proof_file_is_read_back_and_proves_its_leaf_alone)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    OWNED(checkpoint_key_free)
    struct checkpoint_key *other = key_of("100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", ORIGIN);
    char bytes[2000];
    struct tlog_proof proof;
    for (int with_extra = 0; with_extra < 2; with_extra++) {
        const size_t len = write_proof(bytes, sizeof bytes, with_extra == 1 ? SPAN("3") : (struct span){0});
        ck_assert_int_eq(tlog_proof_read(span_of(bytes, len), &proof), OK);
        ck_assert_uint_eq(proof.index, 3);
        ck_assert_uint_eq(proof.count, 3);
        ck_assert(span_equal(proof.extra, with_extra == 1 ? SPAN("Mw==") : SPAN("")));
        const uint8_t *public_key = checkpoint_key_public(key);
        ck_assert_int_eq(tlog_proof_check(&proof, ORIGIN, public_key, SPAN("3")), OK);
        ck_assert_int_eq(tlog_proof_check(&proof, ORIGIN, public_key, SPAN("4")), ERR_ALTERED);
        ck_assert_int_eq(tlog_proof_check(&proof, "example.com/other", public_key, SPAN("3")), ERR_AUTH);
        ck_assert_int_eq(tlog_proof_check(&proof, ORIGIN, checkpoint_key_public(other), SPAN("3")), ERR_AUTH);
        proof.index = 2;
        ck_assert_int_eq(tlog_proof_check(&proof, ORIGIN, public_key, SPAN("3")), ERR_ALTERED);
        /* a line behind the signatures is no proof any more: it is what was once written there */
        memcpy(bytes + len, "\nleaf Mw==\n", 11);
        ck_assert_int_eq(tlog_proof_read(span_of(bytes, len + 11), &proof), OK);
        ck_assert_int_ne(tlog_proof_check(&proof, ORIGIN, public_key, SPAN("3")), OK);
    }
}

END_TEST

static const char *const proofs_bad[] = {
    "",
    "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n",
    "c2sp.org/tlog-proof@v1\n",
    "c2sp.org/tlog-proof@v1\nindex \n\nx\n",
    "c2sp.org/tlog-proof@v1\nindex 01\n\nx\n",
    "c2sp.org/tlog-proof@v1\nindex -1\n\nx\n",
    "c2sp.org/tlog-proof@v1\nindex 99999999999999999999\n\nx\n",
    "c2sp.org/tlog-proof@v1\nindex 0\nextra Mw==\n\nx\n",
    "c2sp.org/tlog-proof@v1\nextra Mw==\nextra Mw==\nindex 0\n\nx\n",
    "c2sp.org/tlog-proof@v1\nindex 0\nMw==\n\nx\n",
    "c2sp.org/tlog-proof@v1\nindex 0\nvBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms\n\nx\n",
    "c2sp.org/tlog-proof@v1\nindex 0\nvBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n",
};

START_TEST(a_proof_file_of_another_form_is_refused)
{
    struct tlog_proof proof;
    ck_assert_int_ne(tlog_proof_read(span_text(proofs_bad[_i]), &proof), OK);
}

END_TEST

START_TEST(a_verifier_key_is_read_as_it_is_written)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = our_key();
    char bytes[CHECKPOINT_VERIFIER_MAX + 1];
    struct buf text = buf_of(bytes, sizeof bytes);
    struct checkpoint_verifier verifier;
    checkpoint_key_verifier(key, &text);
    ck_assert_int_eq(checkpoint_verifier_read(buf_span(&text), &verifier), OK);
    ck_assert_str_eq(verifier.name, ORIGIN);
    ck_assert_mem_eq(verifier.public_key, checkpoint_key_public(key), 32);
    for (size_t i = 0; i < text.len; i++) { /* any other character anywhere: the hash covers all */
        const uint8_t was = text.data[i];
        text.data[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(checkpoint_verifier_read(buf_span(&text), &verifier), ERR_MALFORMED);
        text.data[i] = was;
        ck_assert_int_eq(checkpoint_verifier_read(span_of(text.data, i), &verifier), ERR_MALFORMED);
    }
    buf_byte(&text, '\n');
    ck_assert_int_eq(checkpoint_verifier_read(buf_span(&text), &verifier), ERR_MALFORMED);
}

END_TEST

/* RFC 4648 section 10. */
static const char *const base64_pairs[][2] = {
    {"",       ""        },
    {"f",      "Zg=="    },
    {"fo",     "Zm8="    },
    {"foo",    "Zm9v"    },
    {"foob",   "Zm9vYg=="},
    {"fooba",  "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

START_TEST(base64_is_that_of_rfc_4648)
{
    char bytes[20];
    struct buf out = buf_of(bytes, sizeof bytes);
    base64_write(&out, span_text(base64_pairs[_i][0]));
    ck_assert_str_eq(buf_terminated(&out), base64_pairs[_i][1]);
    out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(base64_read(span_text(base64_pairs[_i][1]), &out), OK);
    ck_assert_str_eq(buf_terminated(&out), base64_pairs[_i][0]);
}

END_TEST

static const char *const base64_bad[] = {
    "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v=", "Zm-v", "Zm_v", "Zg==Zg==", "Zm\n8", " Zg=", "Z=g="};

START_TEST(base64_of_any_other_form_is_refused)
{
    char bytes[20] = "x";
    struct buf out = buf_of(bytes, sizeof bytes);
    out.len = 1;
    ck_assert_int_eq(base64_read(span_text(base64_bad[_i]), &out), ERR_MALFORMED);
    ck_assert_uint_eq(out.len, 1);
    struct buf small = buf_of(bytes, 2);
    ck_assert_int_eq(base64_read(SPAN("Zm9v"), &small), ERR_TOO_LONG);
    ck_assert_uint_eq(small.len, 0);
}

END_TEST

START_TEST(base64url_has_its_own_letters_and_no_padding)
{
    static const char *const bad[] = {"Z", "Zg=", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm\n8", "Zm9vZ"};
    char bytes[20] = "x";
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(base64url_read(SPAN("-_-_Zm8"), &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("\xFB\xFF\xBF"
                                              "fo")));
    ck_assert_int_eq(base64url_read(SPAN(""), &out), OK);
    ck_assert_uint_eq(out.len, 5);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(base64url_read(span_text(bad[i]), &out) == ERR_MALFORMED, "%s", bad[i]);
        ck_assert_uint_eq(out.len, 5);
    }
    struct buf small = buf_of(bytes, 2);
    ck_assert_int_eq(base64url_read(SPAN("Zm9v"), &small), ERR_TOO_LONG);
    ck_assert_uint_eq(small.len, 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tcase = tcase_create("checkpoint");
    tcase_add_test(tcase, a_key_has_its_known_public_key_and_verifier_text);
    tcase_add_test(tcase, the_published_note_of_go_is_signed_and_opened);
    tcase_add_test(tcase, the_published_note_of_c2sp_is_opened);
    tcase_add_test(tcase, a_checkpoint_is_written_and_read_as_others_do);
    tcase_add_test(tcase, a_checkpoint_with_any_bit_flipped_is_refused);
    tcase_add_test(tcase, a_checkpoint_cut_anywhere_is_refused);
    tcase_add_loop_test(tcase, only_a_checkpoint_s_text_is_accepted, 0, sizeof texts / sizeof *texts);
    tcase_add_loop_test(tcase, only_a_well_formed_and_signed_note_is_opened, 0, sizeof notes / sizeof *notes);
    tcase_add_test(tcase, limits_hold_and_names_are_checked);
    tcase_add_test(tcase, a_proof_file_is_written_as_c2sp_says);
    tcase_add_test(tcase, a_whole_proof_file_is_read_back_and_proves_its_leaf_alone);
    tcase_add_loop_test(tcase, a_proof_file_of_another_form_is_refused, 0, sizeof proofs_bad / sizeof *proofs_bad);
    tcase_add_test(tcase, a_verifier_key_is_read_as_it_is_written);
    tcase_add_loop_test(tcase, base64_is_that_of_rfc_4648, 0, sizeof base64_pairs / sizeof *base64_pairs);
    tcase_add_loop_test(tcase, base64_of_any_other_form_is_refused, 0, sizeof base64_bad / sizeof *base64_bad);
    tcase_add_test(tcase, base64url_has_its_own_letters_and_no_padding);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
