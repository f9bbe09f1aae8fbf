/* proof_fuzz.c: what `openpost verify --proof` reads comes from strangers: a proof (C2SP tlog-proof), the signed note
 * in it, and a verifier key. The first byte says which: 'p' a proof; 'v' a verifier key; 's' a tree head that is signed
 * here, size and root and then where it is changed; 'u' base64url. */
#include "core/base/base64.h"
#include "core/log/checkpoint.h"
#include "core/log/tlog_proof.h"
#include "tests/fuzz/fuzz.h"

#define NAME "log.example/fuzz"
#define NOTE_MAX 512

static struct checkpoint_key *key_of_all(void)
{
    static const uint8_t seed[32] = {1};
    struct checkpoint_key *key = NULL;
    ASSERT(checkpoint_key_new(seed, NAME, &key) == OK);
    return key;
}

/* What is taken is written again as the same bytes, and a proof that holds for a leaf holds for no other. */
static void check_proof(struct span text)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = key_of_all();
    struct tlog_proof proof;
    if (tlog_proof_read(text, &proof) != OK) {
        return;
    }
    uint8_t leaf_bytes[1024];
    struct buf leaf = buf_of(leaf_bytes, sizeof leaf_bytes);
    if (proof.extra.data != NULL && base64_read(proof.extra, &leaf) != OK) {
        return;
    }
    uint8_t again[1 << 17];
    struct buf out = buf_of(again, sizeof again);
    tlog_proof_write(proof.index, (const uint8_t(*)[32])proof.hashes, proof.count,
                     proof.extra.data != NULL ? buf_span(&leaf) : (struct span){0}, proof.checkpoint, &out);
    ASSERT(buf_ok(&out) && span_equal(buf_span(&out), text));
    const uint8_t *public_key = checkpoint_key_public(key);
    if (tlog_proof_check(&proof, NAME, public_key, buf_span(&leaf)) == OK) {
        ASSERT(tlog_proof_check(&proof, NAME, public_key, SPAN("another leaf")) == ERR_ALTERED);
        ASSERT(tlog_proof_check(&proof, "log.example", public_key, buf_span(&leaf)) != OK);
    }
}

/* There is one way to write a name and a key: what is taken begins with the name and a plus. */
static void check_verifier(struct span text)
{
    struct checkpoint_verifier verifier;
    if (checkpoint_verifier_read(text, &verifier) == OK) {
        const struct span name = span_text(verifier.name);
        ASSERT(name.len > 0 && span_starts_with(text, name) && text.data[name.len] == '+');
        OWNED(checkpoint_key_free) struct checkpoint_key *key = key_of_all();
        uint8_t bytes[CHECKPOINT_VERIFIER_MAX];
        struct buf ours = buf_of(bytes, sizeof bytes);
        checkpoint_key_verifier(key, &ours);
        const bool same = memcmp(verifier.public_key, checkpoint_key_public(key), 32) == 0;
        ASSERT(!same || !span_equal(name, SPAN(NAME)) || span_equal(text, buf_span(&ours)));
    }
}

/* What was signed is read again, and with any byte changed it is not. */
static void check_signed(struct span text)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = key_of_all();
    if (text.len < 8 + 32 + 2) {
        return;
    }
    const uint64_t size = get_be64(text.data);
    uint8_t note_bytes[NOTE_MAX];
    struct buf note = buf_of(note_bytes, sizeof note_bytes);
    uint64_t size_read = 0;
    uint8_t root_read[32];
    ASSERT(checkpoint_sign(key, size, text.data + 8, &note) == OK);
    ASSERT(checkpoint_open(buf_span(&note), NAME, checkpoint_key_public(key), &size_read, root_read) == OK);
    ASSERT(size_read == size && memcmp(root_read, text.data + 8, 32) == 0);
    note_bytes[text.data[40] % note.len] ^= (uint8_t)(text.data[41] | (text.data[41] == 0));
    ASSERT(checkpoint_open(buf_span(&note), NAME, checkpoint_key_public(key), &size_read, root_read) != OK);
}

/* A text of base64url has one spelling: what it was read as is written in base64, with that one's letters and padding.
 */
static void check_url(struct span text)
{
    uint8_t bytes[256];
    char again[4 * sizeof bytes];
    struct buf plain = buf_of(bytes, sizeof bytes);
    struct buf spelled = buf_of(again, sizeof again);
    if (base64url_read(text, &plain) != OK) {
        ASSERT(plain.len == 0);
        return;
    }
    base64_write(&spelled, buf_span(&plain));
    ASSERT(buf_ok(&spelled) && spelled.len >= text.len && spelled.len - text.len < 3);
    for (size_t i = 0; i < spelled.len; i++) {
        const char letter = again[i];
        const char expected = letter == '+' ? '-' : letter == '/' ? '_' : letter;
        ASSERT(i < text.len ? (char)text.data[i] == expected : letter == '=');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct span rest = len > 0 ? span_of(data + 1, len - 1) : (struct span){0};
    switch (len > 0 ? data[0] : 0) {
    case 'p':
        check_proof(rest);
        break;
    case 'v':
        check_verifier(rest);
        break;
    case 's':
        check_signed(rest);
        break;
    case 'u':
        check_url(rest);
        break;
    default:
        break;
    }
    return 0;
}
