#!/usr/bin/env python3
"""Names come from people, over HTTP, and an operator looks at them at a terminal: no control character of one reaches it, where it could
forge a line, hide another, or steer the terminal. JSON escapes them as JSON does."""

import json
import subprocess

import harness
from harness import run
from sign_in_test import Browser, person

# an order to the terminal, another line, a carriage return, a bell, DEL, and C1's CSI and NEL, which are orders without an escape, too
HOSTILE = "Eve\x1b[2J\x1b]0;x\x07\nusr_0 operator\rA\x7f\u009b2K\u0085 \u00e9\u4e16"
SHOWN = "Eve?[2J?]0;x??usr_0 operator?A??2K? \u00e9\u4e16"
# and what turns the direction in which it is read, or ends a line, in Unicode's own ways
STEERING = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
HOSTILE += "\u200d" + STEERING + "."
SHOWN += "\u200d" + "?" * len(STEERING) + "."


class ShownNames(harness.Case):
    def shown(self, *command):
        """What the command prints for people, and for programs."""
        plain = subprocess.run([harness.EXECUTABLE, *command, "--data", self.data.path], capture_output=True, timeout=60, check=True)
        self.assertFalse([byte for byte in plain.stdout if (byte < 0x20 and byte != 0x0A) or byte == 0x7F], plain.stdout)
        text = plain.stdout.decode()
        self.assertFalse([letter for letter in text if 0x80 <= ord(letter) < 0xA0 or letter in STEERING], text)
        told = run(*command, "--data", self.data.path, "--json")
        self.assertFalse([letter for letter in told.stdout if 0x7F <= ord(letter) < 0xA0 or letter in STEERING], told.stdout)
        return text.splitlines(), [json.loads(line) for line in told.stdout.splitlines()]

    def test_control_characters_in_names_are_shown_as_question_marks(self):
        self.data = self.world.data("data", "--slug", "acme", "--name", "Acme")
        person(self.data, "eve", "--workspace", "acme", "--role", "owner")
        service = self.world.serve(self.data)
        eve = Browser(service.port)
        self.assertEqual(eve.sign_in("eve").status, 201)
        for path in ("/v1/user", "/v1/workspace"):
            changed = eve.ask("PATCH", path, {"name": HOSTILE}, If_Match="*")
            self.assertEqual((changed.status, changed.json()["name"]), (200, HOSTILE), changed)
        added = run("provider", "add", "--data", self.data.path, "--name", HOSTILE, "--issuer", "https://id.acme.test", "--client-id", "o", "--public")
        self.assertEqual(added.returncode, 0, added)
        for command in (("user", "list"), ("workspace", "list"), ("provider", "list")):
            lines, told = self.shown(*command)
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(SHOWN, lines[0], command)
            self.assertEqual([one["name"] for one in told], [HOSTILE], command)
        post = service.api.post("/v1/posts", {"content": {"text": HOSTILE}}).json()["id"]
        for command in (("post", "list"), ("post", "show", post)):
            lines, told = self.shown(*command)
            self.assertTrue([line for line in lines if SHOWN in line], lines)
            self.assertEqual([one["content"]["text"] for one in told], [HOSTILE])
        _, told = self.shown("log", "--stream", post)
        self.assertEqual([one["data"]["parts"][0]["text"] for one in told], [HOSTILE])


if __name__ == "__main__":
    harness.main()
