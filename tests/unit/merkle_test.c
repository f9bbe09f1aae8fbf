/* merkle_test.c: the tree of RFC 9162: published values (transparency-dev/merkle), values of an independent
 * implementation, and every proof of small trees, good and spoilt. */
#include "core/log/merkle.h"

#include <check.h>
#include <stdio.h>

#include "core/base/base64.h"
#include "core/base/sha256.h"
#include "tests/suite.h"

static void assert_hex(const uint8_t hash[32], const char *hex)
{
    char text[65];
    struct buf buf = buf_of(text, sizeof text);
    buf_hex(&buf, span_of(hash, 32));
    ck_assert_str_eq(buf_terminated(&buf), hex);
}

static void assert_base64(const uint8_t hash[32], const char *expected)
{
    char text[45];
    struct buf buf = buf_of(text, sizeof text);
    base64_write(&buf, span_of(hash, 32));
    ck_assert_str_eq(buf_terminated(&buf), expected);
}

START_TEST(leaves_and_nodes_hash_as_published)
{
    uint8_t hash[32];
    merkle_leaf(SPAN(""), hash);
    assert_hex(hash, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    merkle_leaf(SPAN("L123456"), hash);
    assert_hex(hash, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    sha256_tagged(0x01, SPAN("N123"), SPAN("N456"), hash); /* a node over children that are no hashes */
    assert_hex(hash, "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

END_TEST

static const struct {
    const char *bytes;
    size_t len;
} published_leaves[] = {
    {"",                                                                 0 },
    {"\x00",                                                             1 },
    {"\x10",                                                             1 },
    {"\x20\x21",                                                         2 },
    {"\x30\x31",                                                         2 },
    {"\x40\x41\x42\x43",                                                 4 },
    {"\x50\x51\x52\x53\x54\x55\x56\x57",                                 8 },
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
};

static const char *const published_roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

/* A tree with all its leaves at hand. */
#define LEAVES_MAX 70000

struct tree {
    uint64_t size;
    uint8_t (*leaves)[32];
};

static enum err tree_node(void *context, unsigned level, uint64_t index, uint8_t ret_hash[32])
{
    const struct tree *tree = context;
    if (level == 0) {
        ck_assert_uint_lt(index, tree->size);
        memcpy(ret_hash, tree->leaves[index], 32);
        return OK;
    }
    uint8_t left[32];
    uint8_t right[32];
    TRY(tree_node(context, level - 1, 2 * index, left));
    TRY(tree_node(context, level - 1, 2 * index + 1, right));
    merkle_node(left, right, ret_hash);
    return OK;
}

START_TEST(roots_of_small_trees_are_as_published)
{
    struct merkle_edge edge = {0};
    uint8_t leaves[8][32];
    struct tree tree = {.leaves = leaves};
    for (uint64_t size = 0; size <= 8; size++) {
        uint8_t root[32];
        merkle_root(&edge, root);
        assert_hex(root, published_roots[size]);
        ck_assert_int_eq(merkle_root_at(size, tree_node, &tree, root), OK);
        assert_hex(root, published_roots[size]);
        if (size < 8) {
            merkle_leaf(span_of(published_leaves[size].bytes, published_leaves[size].len), leaves[size]);
            merkle_add(&edge, leaves[size], NULL, NULL);
            tree.size++;
        }
    }
    uint8_t proof[MERKLE_PROOF_MAX][32];
    size_t count = 0;
    ck_assert_int_eq(merkle_inclusion(5, 8, tree_node, &tree, proof, &count), OK);
    ck_assert_uint_eq(count, 3);
    assert_base64(proof[0], "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=");
    assert_base64(proof[1], "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=");
    assert_base64(proof[2], "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=");
    ck_assert_int_eq(merkle_consistency(6, 8, tree_node, &tree, proof, &count), OK);
    ck_assert_uint_eq(count, 3);
    assert_base64(proof[0], "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=");
    assert_base64(proof[1], "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=");
    assert_base64(proof[2], "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=");
}

END_TEST

static const struct {
    uint64_t size;
    const char *root;
} leaf_n_roots[] = {
    {1,     "G7l9zCFjXUfiZj79/QoXRobZjdcBNS3SzQbotD/T0wU="},
    {2,     "/F9riP+FVPdbsvnm85wxsZNtRLaSdu33sSBalVuXYeM="},
    {3,     "1Pksj7uJcg6ztVZ3x9fvrd/rENEaGoSguo8aIzN/qpU="},
    {7,     "WmH8K1T5z6cXdPJDIUPdQMbLKxGUf69lp9PaXLZRmcg="},
    {100,   "E/iJFcVg3JEaHaD7IJ2EoglxBR8pTr60KPs/wpOvJ0M="},
    {256,   "z17/2xHQknou31Ow5zx4N/ZZQU4AU32l2Q61xMSf8nQ="},
    {257,   "hVuTaqAMuYtRFEhCSa0514pr6TYj4mwB6OSH3AIYSlo="},
    {70000, "2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vM="},
};

struct completed {
    uint64_t counts[64];
};

static void count_complete(void *context, unsigned level, uint64_t index, const uint8_t hash[32])
{
    struct completed *completed = context;
    (void)hash;
    ck_assert_uint_eq(index, completed->counts[level]); /* in order, each once */
    completed->counts[level]++;
}

START_TEST(roots_of_large_trees_agree_with_an_independent_implementation)
{
    struct merkle_edge edge = {0};
    struct completed completed = {0};
    size_t at = 0;
    for (uint64_t i = 0; i < LEAVES_MAX; i++) {
        char text[32];
        const int len = snprintf(text, sizeof text, "leaf %d", (int)i);
        uint8_t leaf[32];
        merkle_leaf(span_of(text, (size_t)len), leaf);
        merkle_add(&edge, leaf, count_complete, &completed);
        if (edge.size == leaf_n_roots[at].size) {
            uint8_t root[32];
            merkle_root(&edge, root);
            assert_base64(root, leaf_n_roots[at].root);
            at++;
        }
    }
    ck_assert_uint_eq(at, sizeof leaf_n_roots / sizeof *leaf_n_roots);
    for (unsigned level = 0; level < 64; level++) {
        ck_assert_uint_eq(completed.counts[level], (uint64_t)LEAVES_MAX >> level);
    }
}

END_TEST

#define SMALL 70

static void small_tree(struct tree *tree, uint8_t leaves[SMALL][32], uint8_t roots[SMALL + 1][32])
{
    struct merkle_edge edge = {0};
    *tree = (struct tree){.size = SMALL, .leaves = leaves};
    merkle_root(&edge, roots[0]);
    for (uint8_t i = 0; i < SMALL; i++) {
        merkle_leaf(span_of(&i, 1), leaves[i]);
        merkle_add(&edge, leaves[i], NULL, NULL);
        merkle_root(&edge, roots[i + 1]);
    }
}

START_TEST(every_inclusion_proof_holds_and_no_spoilt_one_does)
{
    static uint8_t leaves[SMALL][32];
    static uint8_t roots[SMALL + 1][32];
    struct tree tree;
    small_tree(&tree, leaves, roots);
    for (uint64_t size = 1; size <= SMALL; size++) {
        for (uint64_t index = 0; index < size; index++) {
            uint8_t proof[MERKLE_PROOF_MAX][32];
            const uint8_t(*given)[32] = (const uint8_t(*)[32])proof;
            size_t count = 0;
            ck_assert_int_eq(merkle_inclusion(index, size, tree_node, &tree, proof, &count), OK);
            ck_assert_int_eq(merkle_check_inclusion(index, size, leaves[index], given, count, roots[size]), OK);
            ck_assert_int_ne(merkle_check_inclusion(index, size, leaves[index], given, count, roots[size - 1]), OK);
            ck_assert_int_ne(merkle_check_inclusion(index, size, roots[0], given, count, roots[size]), OK);
            ck_assert_int_eq(merkle_check_inclusion(size, size, leaves[index], given, count, roots[size]),
                             ERR_MALFORMED);
            if (size > 1) {
                const uint64_t other = index == 0 ? size - 1 : index - 1;
                ck_assert_int_ne(merkle_check_inclusion(other, size, leaves[index], given, count, roots[size]), OK);
            }
            memset(proof[count], 0, 32);
            ck_assert_int_eq(merkle_check_inclusion(index, size, leaves[index], given, count + 1, roots[size]),
                             ERR_MALFORMED);
            if (count > 0) {
                ck_assert_int_ne(merkle_check_inclusion(index, size, leaves[index], given, count - 1, roots[size]), OK);
                proof[count - 1][31] ^= 1;
                ck_assert_int_eq(merkle_check_inclusion(index, size, leaves[index], given, count, roots[size]),
                                 ERR_ALTERED);
            }
        }
    }
}

END_TEST

START_TEST(every_consistency_proof_holds_and_no_spoilt_one_does)
{
    static uint8_t leaves[SMALL][32];
    static uint8_t roots[SMALL + 1][32];
    struct tree tree;
    small_tree(&tree, leaves, roots);
    for (uint64_t size = 0; size <= SMALL; size++) {
        for (uint64_t old = 0; old <= size; old++) {
            uint8_t proof[MERKLE_PROOF_MAX][32];
            const uint8_t(*given)[32] = (const uint8_t(*)[32])proof;
            size_t count = 0;
            ck_assert_int_eq(merkle_consistency(old, size, tree_node, &tree, proof, &count), OK);
            ck_assert_int_eq(merkle_check_consistency(old, roots[old], size, roots[size], given, count), OK);
            memset(proof[count], 0, 32);
            ck_assert_int_ne(merkle_check_consistency(old, roots[old], size, roots[size], given, count + 1), OK);
            if (old < size) {
                ck_assert_int_ne(merkle_check_consistency(old, roots[size], size, roots[size], given, count), OK);
                ck_assert_int_eq(merkle_check_consistency(size, roots[size], old, roots[old], given, count),
                                 ERR_MALFORMED);
            }
            if (old > 0 && old < size) {
                ck_assert_int_ne(merkle_check_consistency(old, roots[old], size, roots[old], given, count), OK);
                ck_assert_int_ne(merkle_check_consistency(old, roots[old], size, roots[size], given, count - 1), OK);
                proof[0][0] ^= 1;
                ck_assert_int_eq(merkle_check_consistency(old, roots[old], size, roots[size], given, count),
                                 ERR_ALTERED);
            }
        }
    }
}

END_TEST

static enum err failing_node(void *context, unsigned level, uint64_t index, uint8_t ret_hash[32])
{
    uint64_t *left = context;
    memset(ret_hash, (int)(level + index), 32);
    if (*left == 0) {
        return ERR_IO;
    }
    (*left)--;
    return OK;
}

START_TEST(an_error_of_the_nodes_is_passed_up)
{
    uint8_t proof[MERKLE_PROOF_MAX][32];
    uint8_t root[32];
    size_t count = 0;
    for (uint64_t n = 0; n < 3; n++) {
        uint64_t left = n;
        ck_assert_int_eq(merkle_root_at(7, failing_node, &left, root), ERR_IO);
        left = n;
        ck_assert_int_eq(merkle_inclusion(3, 7, failing_node, &left, proof, &count), ERR_IO);
        left = n;
        ck_assert_int_eq(merkle_consistency(3, 7, failing_node, &left, proof, &count), ERR_IO);
    }
    ck_assert_uint_eq(count, 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("merkle");
    TCase *tcase = tcase_create("merkle");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, leaves_and_nodes_hash_as_published);
    tcase_add_test(tcase, roots_of_small_trees_are_as_published);
    tcase_add_test(tcase, roots_of_large_trees_agree_with_an_independent_implementation);
    tcase_add_test(tcase, every_inclusion_proof_holds_and_no_spoilt_one_does);
    tcase_add_test(tcase, every_consistency_proof_holds_and_no_spoilt_one_does);
    tcase_add_test(tcase, an_error_of_the_nodes_is_passed_up);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
