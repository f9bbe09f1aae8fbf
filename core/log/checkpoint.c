/* checkpoint.c: notes signed with Ed25519 (RFC 8032, through OpenSSL) and the tree heads and proofs written in them.
 * Called by the log, by the process that holds the installation's key, and by verifiers. Must never write the seed
 * anywhere. */
#include "core/log/checkpoint.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/base/sha256.h"

#define NOTE_LEN_MAX 65536 /* bytes: room for a hundred witnesses */
#define NOTE_SIGNATURES_MAX 100
#define SIGNATURE_LEN 64
#define KEY_TYPE_ED25519 0x01
#define DASH "\xE2\x80\x94 "    /* U+2014 and a space */
#define SIGNATURE_BYTES_MAX 512 /* of one signature line, decoded: other algorithms' are longer than ours */

struct checkpoint_key {
    EVP_PKEY *pkey;
    uint8_t public_key[32];
    uint8_t id[4];
    char name[CHECKPOINT_NAME_MAX + 1];
};

static bool name_is_valid(struct span name)
{
    if (name.len == 0 || name.len > CHECKPOINT_NAME_MAX || !span_is_utf8(name)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] <= ' ' || name.data[i] == '+' || name.data[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

/* SHA-256(name || "\n" || type || public key), its first four bytes. */
static void key_id(struct span name, const uint8_t public_key[32], uint8_t ret_id[4])
{
    uint8_t bytes[CHECKPOINT_NAME_MAX + 2 + 32];
    struct buf buf = buf_of(bytes, sizeof bytes);
    buf_put(&buf, name);
    buf_byte(&buf, '\n');
    buf_byte(&buf, KEY_TYPE_ED25519);
    buf_put(&buf, span_of(public_key, 32));
    ASSERT(buf_ok(&buf));
    uint8_t hash[32];
    sha256(buf_span(&buf), hash);
    memcpy(ret_id, hash, 4);
}

enum err checkpoint_key_new(const uint8_t seed[32], const char *name, struct checkpoint_key **ret_key)
{
    if (!name_is_valid(span_text(name))) {
        return ERR_MALFORMED;
    }
    OWNED(checkpoint_key_free) struct checkpoint_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(key->name, name, strlen(name));
    key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    size_t len = sizeof key->public_key;
    if (key->pkey == NULL || EVP_PKEY_get_raw_public_key(key->pkey, key->public_key, &len) != 1) {
        return ERR_NO_MEMORY; /* any 32 bytes are a seed */
    }
    key_id(span_text(key->name), key->public_key, key->id);
    *ret_key = key;
    key = NULL;
    return OK;
}

void checkpoint_key_free(struct checkpoint_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

const uint8_t *checkpoint_key_public(const struct checkpoint_key *key)
{
    return key->public_key;
}

const char *checkpoint_key_name(const struct checkpoint_key *key)
{
    return key->name;
}

void checkpoint_key_verifier(const struct checkpoint_key *key, struct buf *out)
{
    buf_text(out, key->name);
    buf_byte(out, '+');
    buf_hex(out, span_of(key->id, sizeof key->id));
    buf_byte(out, '+');
    uint8_t bytes[33] = {KEY_TYPE_ED25519};
    memcpy(bytes + 1, key->public_key, 32);
    base64_write(out, span_of(bytes, sizeof bytes));
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool id_is(struct span hex, const uint8_t id[4])
{
    bool same = hex.len == 8;
    for (size_t i = 0; same && i < 4; i++) {
        same = hex_digit(hex.data[2 * i]) == id[i] >> 4 && hex_digit(hex.data[2 * i + 1]) == (id[i] & 15);
    }
    return same;
}

enum err checkpoint_verifier_read(struct span text, struct checkpoint_verifier *ret_verifier)
{
    struct checkpoint_verifier verifier = {.name = ""};
    const size_t name_len = span_find(text, '+');
    const struct span name = span_of(text.data, name_len);
    if (name_len == text.len || !name_is_valid(name)) {
        return ERR_MALFORMED;
    }
    const struct span rest = span_of(text.data + name_len + 1, text.len - name_len - 1);
    const size_t id_len = span_find(rest, '+'); /* base64 may hold a plus, the id may not */
    uint8_t bytes[34];
    struct buf key = buf_of(bytes, sizeof bytes);
    if (id_len == rest.len || base64_read(span_of(rest.data + id_len + 1, rest.len - id_len - 1), &key) != OK ||
        key.len != 33 || bytes[0] != KEY_TYPE_ED25519) {
        return ERR_MALFORMED;
    }
    uint8_t id[4];
    key_id(name, bytes + 1, id);
    if (!id_is(span_of(rest.data, id_len), id)) {
        return ERR_MALFORMED;
    }
    memcpy(verifier.name, name.data, name.len);
    memcpy(verifier.public_key, bytes + 1, sizeof verifier.public_key);
    *ret_verifier = verifier;
    return OK;
}

/* No control characters but newlines, UTF-8 throughout (C2SP signed-note, "Format"). */
static bool text_is_valid(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' && text.data[i] != '\n') {
            return false;
        }
    }
    return text.len > 0 && text.data[text.len - 1] == '\n' && span_is_utf8(text);
}

enum err note_sign(const struct checkpoint_key *key, struct span text, struct buf *out)
{
    if (!text_is_valid(text)) {
        return ERR_MALFORMED;
    }
    uint8_t signature[4 + SIGNATURE_LEN];
    memcpy(signature, key->id, 4);
    size_t len = SIGNATURE_LEN;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool is_signed = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                           EVP_DigestSign(context, signature + 4, &len, text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    if (!is_signed) {
        return ERR_NO_MEMORY;
    }
    buf_put(out, text);
    buf_text(out, "\n" DASH);
    buf_text(out, key->name);
    buf_byte(out, ' ');
    base64_write(out, span_of(signature, sizeof signature));
    buf_byte(out, '\n');
    return buf_ok(out) ? OK : ERR_TOO_LONG;
}

/* Splits note at its last empty line into text (with its final newline) and signature lines. */
static enum err note_split(struct span note, struct span *ret_text, struct span *ret_lines)
{
    if (!text_is_valid(note)) {
        return ERR_MALFORMED;
    }
    for (size_t i = note.len; i-- > 1;) {
        if (note.data[i] == '\n' && note.data[i - 1] == '\n') {
            *ret_text = span_of(note.data, i);
            *ret_lines = span_of(note.data + i + 1, note.len - i - 1);
            return ret_lines->len > 0 ? OK : ERR_MALFORMED;
        }
    }
    return ERR_MALFORMED;
}

/* Takes the next line, without its newline, off the front of lines, which ends in one. */
static struct span take_line(struct span *lines)
{
    const size_t len = span_find(*lines, '\n');
    ASSERT(len < lines->len);
    const struct span line = span_of(lines->data, len);
    *lines = span_of(lines->data + len + 1, lines->len - len - 1);
    return line;
}

/* A signature line: dash, name, base64 of at least five bytes. */
static enum err signature_read(struct span line, struct span *ret_name, struct buf *ret_bytes)
{
    if (!span_starts_with(line, SPAN(DASH))) {
        return ERR_MALFORMED;
    }
    const struct span rest = span_of(line.data + sizeof DASH - 1, line.len - (sizeof DASH - 1));
    const size_t name_len = span_find(rest, ' ');
    const struct span name = span_of(rest.data, name_len);
    if (name_len == rest.len || name_len == 0 || span_find(name, '+') != name_len) {
        return ERR_MALFORMED;
    }
    TRY(base64_read(span_of(rest.data + name_len + 1, rest.len - name_len - 1), ret_bytes));
    if (ret_bytes->len < 5) {
        return ERR_MALFORMED;
    }
    *ret_name = name;
    return OK;
}

static enum err signature_check(struct span text, struct span signature, const uint8_t public_key[32])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum err err = ERR_NO_MEMORY;
    if (pkey != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1) {
        err = EVP_DigestVerify(context, signature.data, signature.len, text.data, text.len) == 1 ? OK : ERR_AUTH;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return err;
}

enum err note_open(struct span note, const char *name, const uint8_t public_key[32], struct span *ret_text)
{
    if (note.len > NOTE_LEN_MAX) {
        return ERR_TOO_LONG;
    }
    struct span text;
    struct span lines;
    TRY(note_split(note, &text, &lines));
    uint8_t id[4];
    const struct span own_name = span_text(name);
    if (!name_is_valid(own_name)) {
        return ERR_MALFORMED;
    }
    key_id(own_name, public_key, id);
    bool verified = false;
    for (size_t count = 0; lines.len > 0; count++) {
        if (count == NOTE_SIGNATURES_MAX) {
            return ERR_TOO_LONG;
        }
        uint8_t bytes[SIGNATURE_BYTES_MAX];
        struct buf signature = buf_of(bytes, sizeof bytes);
        struct span signer;
        TRY(signature_read(take_line(&lines), &signer, &signature));
        if (!span_equal(signer, own_name) || memcmp(bytes, id, 4) != 0) {
            continue; /* somebody else's, who is not asked about */
        }
        if (signature.len != 4 + SIGNATURE_LEN) {
            return ERR_AUTH;
        }
        TRY(signature_check(text, span_of(bytes + 4, SIGNATURE_LEN), public_key));
        verified = true;
    }
    if (!verified) {
        return ERR_AUTH;
    }
    *ret_text = text;
    return OK;
}

enum err checkpoint_sign(const struct checkpoint_key *key, uint64_t size, const uint8_t root[32], struct buf *out)
{
    uint8_t bytes[CHECKPOINT_NAME_MAX + 80];
    struct buf text = buf_of(bytes, sizeof bytes);
    buf_text(&text, key->name);
    buf_byte(&text, '\n');
    buf_u64(&text, size);
    buf_byte(&text, '\n');
    base64_write(&text, span_of(root, 32));
    buf_byte(&text, '\n');
    ASSERT(buf_ok(&text));
    return note_sign(key, buf_span(&text), out);
}

enum err checkpoint_open(struct span note, const char *origin, const uint8_t public_key[32], uint64_t *ret_size,
                         uint8_t ret_root[32])
{
    struct span text;
    TRY(note_open(note, origin, public_key, &text));
    struct span lines[3];
    for (size_t i = 0; i < 3; i++) {
        if (text.len == 0) {
            return ERR_MALFORMED;
        }
        lines[i] = take_line(&text);
    }
    while (text.len > 0) { /* extension lines are allowed, empty ones are not */
        if (take_line(&text).len == 0) {
            return ERR_MALFORMED;
        }
    }
    uint64_t size = 0;
    if (!span_equal(lines[0], span_text(origin)) || span_to_u64(lines[1], &size) != OK) {
        return ERR_MALFORMED;
    }
    if (lines[1].len > 1 && lines[1].data[0] == '0') {
        return ERR_MALFORMED;
    }
    uint8_t bytes[32];
    struct buf root = buf_of(bytes, sizeof bytes);
    if (base64_read(lines[2], &root) != OK || root.len != sizeof bytes) {
        return ERR_MALFORMED;
    }
    *ret_size = size;
    memcpy(ret_root, bytes, sizeof bytes);
    return OK;
}
