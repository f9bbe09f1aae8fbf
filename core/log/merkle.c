/* merkle.c: RFC 9162 section 2.1 over hashes that the caller keeps. Called by the log, and by whoever checks a proof.
 * Pure: no storage, no clock. Recursion is bounded by 64 levels. */
#include "core/log/merkle.h"

#include "core/base/assert.h"
#include "core/base/sha256.h"

#define LEVELS 64

void merkle_leaf(struct span entry, uint8_t ret_hash[32])
{
    sha256_tagged(0x00, entry, (struct span){0}, ret_hash);
}

void merkle_node(const uint8_t left[32], const uint8_t right[32], uint8_t ret_hash[32])
{
    sha256_tagged(0x01, span_of(left, 32), span_of(right, 32), ret_hash);
}

void merkle_add(struct merkle_edge *edge, const uint8_t leaf[32], merkle_complete *complete, void *context)
{
    ASSERT(edge->size < UINT64_MAX);
    uint8_t hash[32];
    memcpy(hash, leaf, sizeof hash);
    unsigned level = 0;
    while (true) {
        if (complete != NULL) {
            complete(context, level, edge->size >> level, hash);
        }
        if ((edge->size >> level & 1) == 0) {
            break;
        }
        merkle_node(edge->hashes[level], hash, hash);
        level++;
    }
    memcpy(edge->hashes[level], hash, sizeof hash);
    edge->size++;
}

void merkle_root(const struct merkle_edge *edge, uint8_t ret_root[32])
{
    if (edge->size == 0) {
        sha256((struct span){0}, ret_root);
        return;
    }
    uint8_t hash[32];
    bool any = false;
    for (unsigned level = 0; level < LEVELS; level++) {
        if ((edge->size >> level & 1) == 0) {
            continue;
        }
        if (any) {
            merkle_node(edge->hashes[level], hash, hash);
        } else {
            memcpy(hash, edge->hashes[level], sizeof hash);
            any = true;
        }
    }
    memcpy(ret_root, hash, sizeof hash);
}

/* The level of the largest complete subtree that is smaller than count leaves: the k = 2^level of RFC 9162. count >= 2.
 */
static unsigned split_level(uint64_t count)
{
    return 63U - (unsigned)__builtin_clzll(count - 1);
}

/* The hash of count leaves from first on: MTH(D[first:first+count]). first is a multiple of the power of two >= count.
 */
static enum err range_hash(uint64_t first, uint64_t count, merkle_node_at *node, void *context, uint8_t ret_hash[32])
{
    ASSERT(count > 0);
    if ((count & (count - 1)) == 0) {
        const unsigned level = (unsigned)__builtin_ctzll(count);
        return node(context, level, first >> level, ret_hash);
    }
    const uint64_t left_count = (uint64_t)1 << split_level(count);
    uint8_t left[32];
    uint8_t right[32];
    TRY(range_hash(first, left_count, node, context, left));
    TRY(range_hash(first + left_count, count - left_count, node, context, right));
    merkle_node(left, right, ret_hash);
    return OK;
}

enum err merkle_root_at(uint64_t size, merkle_node_at *node, void *context, uint8_t ret_root[32])
{
    if (size == 0) {
        sha256((struct span){0}, ret_root);
        return OK;
    }
    return range_hash(0, size, node, context, ret_root);
}

/* A path is found from the root down and written from the leaf up. */
struct path {
    uint8_t hashes[MERKLE_PROOF_MAX][32];
    size_t count;
};

static enum err path_add(struct path *path, uint64_t first, uint64_t count, merkle_node_at *node, void *context)
{
    ASSERT(path->count < MERKLE_PROOF_MAX);
    TRY(range_hash(first, count, node, context, path->hashes[path->count]));
    path->count++;
    return OK;
}

static void path_write(const struct path *path, uint8_t ret_proof[MERKLE_PROOF_MAX][32], size_t *ret_count)
{
    for (size_t i = 0; i < path->count; i++) {
        memcpy(ret_proof[i], path->hashes[path->count - 1 - i], 32);
    }
    *ret_count = path->count;
}

/* RFC 9162 section 2.1.3.1, PATH(m, D_n). */
enum err merkle_inclusion(uint64_t index, uint64_t size, merkle_node_at *node, void *context,
                          uint8_t ret_proof[MERKLE_PROOF_MAX][32], size_t *ret_count)
{
    ASSERT(index < size);
    struct path path = {.count = 0};
    uint64_t first = 0;
    uint64_t count = size;
    while (count > 1) {
        const uint64_t left_count = (uint64_t)1 << split_level(count);
        if (index - first < left_count) {
            TRY(path_add(&path, first + left_count, count - left_count, node, context));
            count = left_count;
        } else {
            TRY(path_add(&path, first, left_count, node, context));
            first += left_count;
            count -= left_count;
        }
    }
    path_write(&path, ret_proof, ret_count);
    return OK;
}

/* RFC 9162 section 2.1.4.1, PROOF(m, D_n) = SUBPROOF(m, D_n, true). */
enum err merkle_consistency(uint64_t old_size, uint64_t size, merkle_node_at *node, void *context,
                            uint8_t ret_proof[MERKLE_PROOF_MAX][32], size_t *ret_count)
{
    ASSERT(old_size <= size);
    struct path path = {.count = 0};
    if (old_size == 0) {
        *ret_count = 0;
        return OK;
    }
    uint64_t first = 0;
    uint64_t count = size;
    bool old_is_prefix = true; /* the old tree's root is known to whoever checks, so it need not be sent */
    while (old_size - first < count) {
        const uint64_t left_count = (uint64_t)1 << split_level(count);
        if (old_size - first <= left_count) {
            TRY(path_add(&path, first + left_count, count - left_count, node, context));
            count = left_count;
        } else {
            TRY(path_add(&path, first, left_count, node, context));
            first += left_count;
            count -= left_count;
            old_is_prefix = false;
        }
    }
    if (!old_is_prefix) {
        TRY(path_add(&path, first, count, node, context));
    }
    path_write(&path, ret_proof, ret_count);
    return OK;
}

/* What RFC 9162 sections 2.1.3.2 and 2.1.4.2 share: a proof leads from node fn, of a level whose last node is sn, to
 * the top. sr becomes the root of the whole tree, fr that of the tree that ends with the node. */
static enum err climb(uint64_t fn, uint64_t sn, const uint8_t (*proof)[32], size_t count, uint8_t fr[32],
                      uint8_t sr[32])
{
    for (size_t i = 0; i < count; i++) {
        if (sn == 0) {
            return ERR_MALFORMED;
        }
        if ((fn & 1) == 1 || fn == sn) {
            merkle_node(proof[i], fr, fr);
            merkle_node(proof[i], sr, sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(sr, proof[i], sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 ? OK : ERR_MALFORMED;
}

/* RFC 9162 section 2.1.3.2. */
enum err merkle_check_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[32], const uint8_t (*proof)[32],
                                size_t count, const uint8_t root[32])
{
    if (index >= size) {
        return ERR_MALFORMED;
    }
    uint8_t fr[32];
    uint8_t sr[32];
    memcpy(fr, leaf, sizeof fr);
    memcpy(sr, leaf, sizeof sr);
    TRY(climb(index, size - 1, proof, count, fr, sr));
    return memcmp(sr, root, sizeof sr) == 0 ? OK : ERR_ALTERED;
}

/* RFC 9162 section 2.1.4.2, steps 3 to 6 for 0 < old_size < size. start stands for the proof's first hash, or the old
 * root. */
static enum err check_walk(uint64_t old_size, const uint8_t old_root[32], uint64_t size, const uint8_t root[32],
                           const uint8_t *start, const uint8_t (*rest)[32], size_t rest_count)
{
    uint64_t fn = old_size - 1;
    uint64_t sn = size - 1;
    while ((fn & 1) == 1) {
        fn >>= 1;
        sn >>= 1;
    }
    uint8_t fr[32];
    uint8_t sr[32];
    memcpy(fr, start, sizeof fr);
    memcpy(sr, start, sizeof sr);
    TRY(climb(fn, sn, rest, rest_count, fr, sr));
    return memcmp(fr, old_root, sizeof fr) == 0 && memcmp(sr, root, sizeof sr) == 0 ? OK : ERR_ALTERED;
}

enum err merkle_check_consistency(uint64_t old_size, const uint8_t old_root[32], uint64_t size, const uint8_t root[32],
                                  const uint8_t (*proof)[32], size_t count)
{
    if (old_size > size) {
        return ERR_MALFORMED;
    }
    if (old_size == 0 || old_size == size) { /* nothing to prove but that equal trees have equal roots */
        uint8_t same[32];
        memcpy(same, root, sizeof same);
        if (old_size == 0) {
            sha256((struct span){0}, same);
        }
        if (count != 0) {
            return ERR_MALFORMED;
        }
        return memcmp(old_root, same, sizeof same) == 0 ? OK : ERR_ALTERED;
    }
    if ((old_size & (old_size - 1)) == 0) {
        return check_walk(old_size, old_root, size, root, old_root, proof, count);
    }
    if (count == 0) {
        return ERR_MALFORMED;
    }
    return check_walk(old_size, old_root, size, root, proof[0], proof + 1, count - 1);
}
