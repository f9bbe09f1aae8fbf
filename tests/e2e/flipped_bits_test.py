#!/usr/bin/env python3
"""One bit of a log turned over, again and again: in what the log stores it is always found, and where; in the file
`checkpoint` beside it, which has no position, it is found; anywhere in the log's file it is found or changes nothing of
what the log says; and no command ever dies of it.

OPENPOST_FLIP_EVENTS sets the size of the log (default 10000), OPENPOST_FLIPS how many bits of each kind (default 100),
OPENPOST_FLIP_SEED the dice, OPENPOST_FLIP_DATA a folder made by `openpost bench --fill` to use (and leave as it was)
instead of making one."""

import hashlib
import json
import os
import pathlib
import random
import struct
import subprocess
import time

import harness
from harness import run
from lmdb_file import LmdbFile

EVENTS = int(os.environ.get("OPENPOST_FLIP_EVENTS", "10000"))
FLIPS = int(os.environ.get("OPENPOST_FLIPS", "100"))
SEED = int(os.environ.get("OPENPOST_FLIP_SEED", "1"))
WITHIN_S = 120 + EVENTS // 5000
# A damaged file may end the child that reads it by a signal: the command must say so, not the sanitizer.
ENVIRONMENT = {"ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0:handle_abort=0:allow_user_segv_handler=1"}
ENVELOPE_VALUES = 13


def envelope_len(raw):
    """Bytes of the envelope at the beginning of a record: an array of thirteen values."""
    assert raw[0] == 0x90 | ENVELOPE_VALUES
    at = 1
    for _ in range(ENVELOPE_VALUES):
        form = raw[at]
        if form < 0x80 or form == 0xC0:
            at += 1
        elif 0xA0 <= form < 0xC0:
            at += 1 + (form & 31)
        elif form == 0xC4:
            at += 2 + raw[at + 1]
        else:
            at += 1 + {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}[form]
    return at


class FlippedBits(harness.Case):
    @classmethod
    def make_world(cls):
        given = os.environ.get("OPENPOST_FLIP_DATA")
        cls.path = pathlib.Path(given) if given else cls.world.folder / "data"
        if not given:
            made = run("bench", "--fill", cls.path, "--events", EVENTS, within_s=WITHIN_S + EVENTS // 1000)
            assert made.returncode == 0, made.stderr
        cls.file = open(cls.path / "log" / "data.mdb", "r+b", buffering=0)
        cls.world.at_end(cls.file.close)
        cls.rows = LmdbFile(cls.file)
        began = time.monotonic()
        good = cls.verify()
        assert good.returncode == 0, good.stdout + good.stderr
        cls.events = json.loads(good.stdout)["events"]
        assert cls.events >= (0 if given else EVENTS)
        print(f"{cls.events} events, {cls.rows.used >> 20} MiB in use, seed {SEED}; verified in "
              f"{json.loads(good.stdout)['seconds']:.3f} s ({time.monotonic() - began:.1f} s with the process): "
              f"{cls.events / json.loads(good.stdout)['seconds']:.0f} events/s")

    @classmethod
    def verify(cls):
        return run("verify", "--data", cls.path, "--json", within_s=WITHIN_S, env=ENVIRONMENT)

    def what_the_log_says(self):
        """(exit code, hash of all that openpost log prints)."""
        with subprocess.Popen([harness.EXECUTABLE, "log", "--data", str(self.path), "--json"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, env=dict(os.environ, **ENVIRONMENT)) as child:
            digest = hashlib.sha256()
            for piece in iter(lambda: child.stdout.read(1 << 20), b""):
                digest.update(piece)
            return child.wait(WITHIN_S), digest.hexdigest()

    def flipped(self, place, bit, path=None):
        """Verifies with one bit turned over, and turns it back."""
        file = self.file if path is None else open(path, "r+b", buffering=0)
        before = os.pread(file.fileno(), 1, place)
        os.pwrite(file.fileno(), bytes([before[0] ^ 1 << bit]), place)
        try:
            return self.verify()
        finally:
            os.pwrite(file.fileno(), before, place)
            if path is not None:
                file.close()

    def first_that_names(self, payload_hash):
        """The position of the first event with this long payload, whose record holds its hash."""
        return next(struct.unpack(">Q", row.key)[0] for row in self.rows.rows(self.rows.tables["records"])
                    if payload_hash in self.rows.bytes(row.value_at, row.value_len))

    def row_part(self, kind, dice):
        """(place, length, the position that it must be found at) of a stored record, or of a part of it."""
        table = {"tree": "tree", "checkpoint": "checkpoints", "long payload": "bodies"}.get(kind, "records")
        row = self.rows.some_row(table, dice)
        if kind == "long payload":
            return row.value_at, row.value_len, self.first_that_names(row.key)
        if kind == "tree":
            level, index = row.key[0], struct.unpack(">Q", row.key[1:])[0]
            return row.value_at, row.value_len, (index << level) + 1
        position = struct.unpack(">Q", row.key)[0]
        if kind == "key":
            return row.key_at, len(row.key), position
        if kind == "checkpoint":
            return row.value_at, row.value_len, position
        header = envelope_len(self.rows.bytes(row.value_at, row.value_len))
        if kind == "header":
            return row.value_at, header, position
        return row.value_at + header, row.value_len - header, position

    def assert_found(self, position, place, bit, path=None):
        answer = self.flipped(place, bit, path)
        self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr)
        told = json.loads(answer.stdout)
        self.assertEqual((told["result"], told["position"]), ("altered", position), told)
        self.assertGreater(len(told["sentence"]), 10)

    def test_a_bit_of_what_is_stored_is_found_with_its_position(self):
        dice = random.Random(SEED)
        kinds = ["key", "header", "payload", "tree", "checkpoint", "long payload", "payload", "header", "payload", "payload"]
        found = 0
        for number in range(FLIPS):
            kind = kinds[number % len(kinds)]
            place, length, position = self.row_part(kind, dice)
            place, bit = place + dice.randrange(length), dice.randrange(8)
            with self.subTest(kind=kind, place=place, bit=bit, position=position):
                self.assert_found(position, place, bit)
                found += 1
        print(f"{found} of {FLIPS} bits of stored records found with their position")

    def test_a_bit_of_the_checkpoint_beside_the_log_is_found(self):
        dice, side = random.Random(SEED + 2), self.path / "log" / "checkpoint"
        for _ in range(max(1, FLIPS // 10)):
            place, bit = dice.randrange(side.stat().st_size), dice.randrange(8)
            with self.subTest(place=place, bit=bit):
                self.assert_found(None, place, bit, side)

    def test_a_bit_anywhere_in_the_file_is_found_or_changes_nothing(self):
        dice = random.Random(SEED + 1)
        before = self.what_the_log_says()
        self.assertEqual(before[0], 0)
        counts = {"found": 0, "cannot be read": 0, "nothing changed": 0}
        for _ in range(FLIPS):
            place, bit = dice.randrange(self.rows.used), dice.randrange(8)
            with self.subTest(place=place, bit=bit):
                counts[self.judge_anywhere(place, bit, before)] += 1
        print(f"of {FLIPS} bits anywhere: {counts}")

    def judge_anywhere(self, place, bit, before):
        answer = self.flipped(place, bit)
        self.assertIn(answer.returncode, (0, 1, 2), answer.stdout + answer.stderr)
        if answer.returncode == 2:
            self.assertIn("openpost verify:", answer.stderr)
            return "cannot be read"
        told = json.loads(answer.stdout)
        if answer.returncode == 1:
            self.assertEqual(told["result"], "altered")
            return "found"
        self.assertEqual((told["result"], told["events"]), ("good", self.events))
        byte = os.pread(self.file.fileno(), 1, place)
        os.pwrite(self.file.fileno(), bytes([byte[0] ^ 1 << bit]), place)
        try:
            self.assertEqual(self.what_the_log_says(), before)
        finally:
            os.pwrite(self.file.fileno(), byte, place)
        return "nothing changed"

    def test_that_the_log_is_as_it_was(self):
        answer = self.verify()
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)


if __name__ == "__main__":
    harness.main()
