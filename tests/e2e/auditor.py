"""What an auditor needs beside an HTTP key and the log's verifier key, written by nobody of ours: msgpack, Merkle proofs of RFC 9162, C2SP
signed notes, Ed25519 of RFC 8032; and the names of core/message/messages.md."""

import base64
import datetime
import hashlib
import re
from pathlib import Path

MESSAGES = Path(__file__).parents[2] / "core/message/messages.md"


def sha256(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


# --- msgpack (https://github.com/msgpack/msgpack/blob/master/spec.md): the value at the front of the bytes, and what follows it ---

SIZED = {0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4), 0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4), 0xDC: ("array", 2),
         0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4), 0xCC: ("uint", 1), 0xCD: ("uint", 2), 0xCE: ("uint", 4), 0xCF: ("uint", 8)}


def unpack(data):
    first, rest = data[0], data[1:]
    if first < 0x80:
        return first, rest
    if first in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[first], rest
    if first < 0xC0:
        kind, number = ("map", first & 15) if first < 0x90 else ("array", first & 15) if first < 0xA0 else ("str", first & 31)
    else:
        kind, size = SIZED[first]
        number, rest = int.from_bytes(rest[:size], "big"), rest[size:]
    if kind == "uint":
        return number, rest
    if kind in ("bin", "str"):
        assert len(rest) >= number
        return rest[:number] if kind == "bin" else rest[:number].decode(), rest[number:]
    items = []
    for _ in range(number * (2 if kind == "map" else 1)):
        item, rest = unpack(rest)
        items.append(item)
    return items if kind == "array" else dict(zip(items[::2], items[1::2])), rest


# --- Ed25519 (RFC 8032, section 5.1.7) ---

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0, "not a point"
    x = P - x if x & 1 != sign else x
    return x, y


def add(a, b):
    product = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P)


def times(number, of):
    total = (0, 1)
    while number:
        total, of, number = add(total, of) if number & 1 else total, add(of, of), number >> 1
    return total


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(public_key, signature, text):
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + text).digest(), "little") % ORDER
    return times(int.from_bytes(signature[32:], "little"), BASE) == add(point(signature[:32]), times(challenge, point(public_key)))


# --- proofs ---

def root_of(leaf, index, size, hashes):
    """RFC 9162, section 2.1.3.2."""
    hash_, last = sha256(b"\0", leaf), size - 1
    for sibling in hashes:
        assert last > 0
        if index & 1 or index == last:
            hash_ = sha256(b"\1", sibling, hash_)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hash_ = sha256(b"\1", hash_, sibling)
        index, last = index >> 1, last >> 1
    assert last == 0
    return hash_


def prove(proof, verifier):
    """Goes from a proof's payload to the checkpoint's signature; returns the leaf, as a list, and the payload's bytes."""
    name, _, key = verifier.split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 1 and len(key) == 33, "not Ed25519"
    lines, _, checkpoint = proof.partition("\n\n")
    title, extra, index, *hashes = lines.split("\n")
    assert title == "c2sp.org/tlog-proof@v1", title
    extra = base64.b64decode(extra.removeprefix("extra "))
    leaf, payload = unpack(extra)
    text, _, signatures = checkpoint.partition("\n\n")
    text += "\n"
    origin, size, root = text.splitlines()[:3]
    assert origin == name
    signed = next(line.split(" ")[2] for line in signatures.splitlines() if line.split(" ")[1] == name)
    assert is_signed(key[1:], base64.b64decode(signed)[4:], text.encode())
    found = root_of(extra[:len(extra) - len(payload)], int(index.removeprefix("index ")), int(size), [base64.b64decode(one) for one in hashes])
    assert found == base64.b64decode(root)
    assert sha256(payload) == leaf[12]
    return leaf, payload


# --- a payload as the API shows it ---

def declared():
    """Every event's and record's fields: {"post_created" or "label": [(name, shown as, kind)]}; and events' codes."""
    tables, codes, fields = {}, {}, []
    for line in MESSAGES.read_text().split("\n## Commands")[0].splitlines() + MESSAGES.read_text().split("\n## Records")[1].splitlines():
        if heading := re.fullmatch(r"### (?:(\d+) )?(\w+)", line):
            fields = tables[heading[2]] = []
            if heading[1]:
                codes[int(heading[1])] = heading[2]
        elif field := re.match(r"\| `(\w+)`(?:, shown as `(\w+)`)? \| ([^|]+) \|", line):
            fields.append((field[1], field[2] or field[1], field[3]))
    return tables, codes


def shown(tables, kind, value):
    kind = kind.removesuffix(", optional")
    many = re.fullmatch(r"up to \d+ of `(\w+)`", kind)
    if many and many[1] == "pair":
        return {pair["key"]: pair["value"] for pair in value or []}
    if many and many[1] == "label":
        return [label["name"] for label in value or []]
    if many:
        return [as_shown(tables, many[1], item) for item in value or []]
    if value is None:
        return {"count": 0, "index": 1, "flag": False}.get(kind)
    if kind == "time":
        instant = datetime.datetime.fromtimestamp(value // 1000, datetime.timezone.utc)
        return f"{instant:%Y-%m-%dT%H:%M:%S}" + (f".{value % 1000:03d}Z" if value % 1000 else "Z")
    if kind == "index":
        return value + 1
    return value.hex() if kind == "hash" else base64.b64encode(value).decode() if kind == "blob" else value


def as_shown(tables, name, stored):
    assert set(stored) <= {field for field, _, _ in tables[name]}
    return {label: shown(tables, kind, stored.get(field)) for field, label, kind in tables[name]}
