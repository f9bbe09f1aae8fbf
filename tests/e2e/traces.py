"""How a secret may be written, and where one may have been left: files, processes' arguments, environments and memory."""

import base64
import os
import pathlib
import re

import harness

HUGE = 1 << 34  # bytes of one mapping: more is a sanitizer's own books of the address space, not what a program keeps
PAGE = 4096
CHUNK = 1 << 22


def forms(secret):
    """The ways in which a secret may be written: as it is, as hexadecimal, as base64 wherever it may begin among other bytes, as UTF-16."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret + b"\0" * (-(before + len(secret)) % 3))
        whole = text[-(-before * 8 // 6):(before + len(secret)) * 8 // 6]  # without what depends on the neighbours
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    try:
        found |= {secret.decode("ascii").encode(code) for code in ("utf-16-le", "utf-16-be")}
    except UnicodeDecodeError:
        pass  # no text
    return found


class Seeker:
    """Says which of the secrets are in some bytes. secrets: {name: bytes}."""

    def __init__(self, secrets):
        self.needles = {name: forms(secret) for name, secret in secrets.items()}
        assert all(len(form) >= 10 for forms_of in self.needles.values() for form in forms_of), "found by chance"
        self.longest = max(len(form) for forms_of in self.needles.values() for form in forms_of)

    def found(self, data):
        data = re.sub(rb"\0{64,}", bytes(64), data)  # most of a memory is nothing
        return {name for name, forms_of in self.needles.items() if any(form in data for form in forms_of)}

    def found_in(self, pieces):
        """Of what comes in pieces, each of which begins with the end of the one before it, if they are neighbours."""
        found = set()
        for piece in pieces:
            found |= self.found(piece)
        return found


def files(folder, skip=()):
    """{path within the folder: what is stored there}."""
    return {str(path.relative_to(folder)): harness.stored_bytes(path)
            for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file() and path.name not in skip}


def mappings(pid):
    """(start, end) of what the process alone can write to, and so may keep a secret in: no file's pages, which are looked at as files."""
    pattern = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) (\S+) (\S+) (\d+)")
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        start, end, rights, _, _, _ = pattern.match(line).groups()
        start, end = int(start, 16), int(end, 16)
        if "r" in rights and "w" in rights and "p" in rights and end - start < HUGE:
            yield start, end


def memory(pid, overlap):
    """The pages that the process has, in pieces; each begins `overlap` bytes before the end of its neighbour."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem, open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:
        for start, end in mappings(pid):
            entries = os.pread(pagemap.fileno(), (end - start) // PAGE * 8, start // PAGE * 8)
            there = [int.from_bytes(entries[at:at + 8], "little") >> 62 != 0 for at in range(0, len(entries), 8)]
            at = 0
            while at < len(there):
                if not there[at]:
                    at += 1
                    continue
                run = at
                while run < len(there) and there[run] and (run - at) * PAGE < CHUNK:
                    run += 1
                first = start + at * PAGE
                begin = first - overlap if at > 0 and there[at - 1] else first
                try:
                    data = os.pread(mem.fileno(), start + run * PAGE - begin, begin)
                except OSError:
                    data = b""  # given back meanwhile
                if data.strip(b"\0"):
                    yield data
                at = run
