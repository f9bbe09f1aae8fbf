"""The RPC as core/wire/README.md describes it, written by nobody of ours: nng's REQ over TCP, frames and their tags, msgpack, TypeIDs, and
the boxes that secrets travel in (AES-256-GCM and HKDF of libcrypto, by ctypes)."""

import ctypes
import hashlib
import hmac
import os
import socket
import struct
import time

from auditor import unpack

HELLO, COMMANDS, FOLLOW, QUERY, SEAL, STATUS = 1, 2, 3, 4, 5, 6
REPLY, WELCOME, REFUSED = 64, 126, 127


def sha256(data):
    return hashlib.sha256(data).digest()


def tag_key(key):
    return sha256(key.encode())


# --- values ---

def pack(value):
    """msgpack's shortest form."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        for first, size, most in ((None, 1, 127), (0xCC, 1, 255), (0xCD, 2, 65535), (0xCE, 4, 2**32 - 1), (0xCF, 8, 2**64 - 1)):
            if value <= most:
                return (b"" if first is None else bytes([first])) + value.to_bytes(size, "big")
    if isinstance(value, bytes):
        return sized(value, len(value), None, ((0xC4, 1), (0xC5, 2), (0xC6, 4)))
    if isinstance(value, str):
        text = value.encode()
        return sized(text, len(text), (0xA0, 31), ((0xD9, 1), (0xDA, 2), (0xDB, 4)))
    if isinstance(value, dict):
        items = b"".join(pack(name) + pack(item) for name, item in value.items())
        return sized(items, len(value), (0x80, 15), ((0xDE, 2), (0xDF, 4)))
    return sized(b"".join(map(pack, value)), len(value), (0x90, 15), ((0xDC, 2), (0xDD, 4)))


def sized(data, count, fixed, forms):
    if fixed and count <= fixed[1]:
        return bytes([fixed[0] | count]) + data
    first, size = next(form for form in forms if count < 256 ** form[1])
    return bytes([first]) + count.to_bytes(size, "big") + data


def uuid_of(text):
    """The 16 bytes of a TypeID."""
    number = 0
    for letter in text.rpartition("_")[2]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(letter)
    return number.to_bytes(17, "big")[1:]


def derive(prefix, kind, owner, other):
    """The id of the one thing of that kind that belongs to both: the owner's instant, and SHA-256 for chance."""
    a, b = uuid_of(owner), uuid_of(other)
    return typeid(prefix, int.from_bytes(a[:6] + sha256(bytes([kind]) + a + b)[:10], "big"))


def instance(series, generation, day, minute):
    """The id of a series' post: of days since 1970, and minutes of the day. Its instant is the series', counted from 2020 on."""
    owner, which = uuid_of(series), struct.pack(">QQ", generation, day * 1440 + minute)
    made_ms = int.from_bytes(owner[:6], "big") - 1577836800000
    return typeid("post", made_ms << 80 | int.from_bytes(sha256(bytes([8]) + owner + which)[:10], "big"))


def mint(prefix, ahead_s=0):
    """A TypeID of a UUIDv7 of now, or of another time."""
    return typeid(prefix, int((time.time() + ahead_s) * 1000) << 80 | int.from_bytes(os.urandom(10), "big"))


def typeid(prefix, number):
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(3 << 62) | 2 << 62
    return prefix + "_" + "".join("0123456789abcdefghjkmnpqrstvwxyz"[number >> 5 * i & 31] for i in reversed(range(26)))


# --- boxes ---

def transport_key(tag):
    """HKDF-SHA-256 (RFC 5869) of the tag key, without salt, for the purpose "transport": 32 bytes."""
    return hmac.digest(hmac.digest(bytes(32), tag, "sha256"), b"transport\x01", "sha256")


def box(key, what, plain):
    """Version 1, nonce, ciphertext, tag: AES-256-GCM that authenticates what, too."""
    crypto = ctypes.CDLL("libcrypto.so.3")
    crypto.EVP_CIPHER_CTX_new.restype = crypto.EVP_aes_256_gcm.restype = ctypes.c_void_p
    context, nonce = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new()), os.urandom(12)
    out, tag, size = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16), ctypes.c_int()
    done = [crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, nonce),
            crypto.EVP_EncryptUpdate(context, None, ctypes.byref(size), what, len(what)),
            crypto.EVP_EncryptUpdate(context, out, ctypes.byref(size), plain, len(plain)),
            crypto.EVP_EncryptFinal_ex(context, ctypes.byref(out, len(plain)), ctypes.byref(ctypes.c_int())),
            crypto.EVP_CIPHER_CTX_ctrl(context, 16, 16, tag)]  # EVP_CTRL_AEAD_GET_TAG
    crypto.EVP_CIPHER_CTX_free(context)
    assert done == [1] * 5, done
    return b"\x01" + nonce + out.raw[:len(plain)] + tag.raw


# --- frames ---

class Rpc:
    """One connection of another program's. name: what it says that its key is called by."""

    def __init__(self, port, tag, name=None):
        self.tag, self.name, self.asked, self.challenge = tag, name or sha256(tag)[:16], 0, bytes(16)
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.sendall(b"\0SP\0\0\x30\0\0")
        assert self.read(8) == b"\0SP\0\0\x31\0\0"

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def send(self, kind, body):
        """The reply's kind, and its body."""
        self.asked += 1
        frame = b"\x96\x01" + pack(kind) + b"".join(map(pack, (os.urandom(16), self.challenge, self.name, body)))
        message = struct.pack(">I", 0x80000000 | self.asked) + frame + hmac.digest(self.tag, frame, "sha256")
        self.socket.sendall(struct.pack(">Q", len(message)) + message)
        reply = self.read(struct.unpack(">Q", self.read(8))[0])[4:]
        (_, kind, _, challenge, _, body), tag = unpack(reply)
        assert kind == REFUSED or hmac.digest(self.tag, reply[:-32], "sha256") == tag
        if kind == WELCOME:
            self.challenge = challenge
        return kind, body

    def hello(self):
        return self.send(HELLO, b"")

    def ask(self, kind, body):
        """The same, with the ledger's challenge."""
        if self.challenge == bytes(16):
            kind_, body_ = self.hello()
            if kind_ != WELCOME:
                return kind_, body_
        return self.send(kind, body)

    def told(self, kind, body):
        """The reply's body as values; that of a frame which was refused as a whole: its code alone."""
        got, reply = self.ask(kind, body)
        values = unpack(reply)[0] if reply else []
        return values[0] if got == REFUSED else values

    def command(self, code, fields, expected_version=0, workspace=None, stream=None, command=None):
        """The answer to one command: [code, repeated, …], or the frame's code."""
        values = [code, fields, command or mint("cmd"), workspace, stream or mint("sec"), 4, None, None, expected_version, 0]
        told = self.told(COMMANDS, pack([[pack(values), None, None]]))
        return told if isinstance(told, str) else told[0]

    def query(self, name, arguments=b""):
        """[code, result], or the frame's code."""
        return self.told(QUERY, pack([name, arguments if isinstance(arguments, bytes) else pack(arguments)]))

    def seal(self, secret, owner, plain):
        """The code, "" when it is sealed."""
        told = self.told(SEAL, pack([secret, owner, box(transport_key(self.tag), secret.encode(), plain)]))
        return told if isinstance(told, str) else told[0]

    def close(self):
        self.socket.close()
