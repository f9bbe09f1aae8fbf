#!/usr/bin/env python3
"""Keys, accounts and members over RPC: what a program does through libopenpost is what a request does over HTTP, its questions are answered
with HTTP's bytes, and nothing secret is to be read on the way, in the log or in what is journalled."""

import json
import os
import pathlib
import re
import select
import socket
import subprocess
import threading

import frames
import harness
from frames import Rpc, mint, pack, sha256, tag_key
from harness import Api, wait_until
from sign_in_test import PASSWORD, Browser

PROGRAM = pathlib.Path(harness.EXECUTABLE).parent / "tests/e2e/program"
OK, REFUSED, INVALID = 0, 1, 4  # enum openpost_status


def kept(path):
    """What is in a file, but for its holes."""
    with open(path, "rb") as file:
        end, pieces = 0, []
        while True:
            try:
                start = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:
                return b"".join(pieces)
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            pieces.append(os.pread(file.fileno(), end - start, start))


class Tap:
    """A way to the ledger on which everything that passes is kept."""

    def __init__(self, port):
        self.to, self.heard, self.over = port, b"", False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        pairs = {}
        while not self.over:
            for ready in select.select([self.listener, *pairs], [], [], 0.1)[0]:
                if ready is self.listener:
                    near, far = ready.accept()[0], socket.create_connection(("127.0.0.1", self.to))
                    pairs.update({near: far, far: near})
                    continue
                data = ready.recv(65536)
                self.heard += data
                if data:
                    pairs[ready].sendall(data)
                else:
                    for end in (ready, pairs.pop(ready)):
                        pairs.pop(end, None)
                        end.close()
        for end in {*pairs, self.listener}:
            end.close()

    def close(self):
        self.over = True
        self.thread.join(10)


class Tenants(harness.Case):
    @classmethod
    def make_world(cls):
        port = harness.free_port()
        cls.service = cls.world.serve(options=("--rpc", f"127.0.0.1:{port}"))
        cls.api, cls.sandbox = cls.service.api, cls.service.sandbox
        cls.tap = Tap(port)
        cls.world.at_end(cls.tap.close)
        cls.rpc = Rpc(port, tag_key(cls.service.data.key))
        cls.world.at_end(cls.rpc.close)
        cls.secrets = []

    def call(self, *arguments, key=None):
        """Makes one call, over the tap; returns its status, code and version, and keeps what was at fault and what is shown once."""
        done = subprocess.run([PROGRAM, f"tcp://127.0.0.1:{self.tap.port}", key or self.service.data.key, *map(str, arguments)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        line, *self.fault = done.stdout.removesuffix("\n").split("\n")
        self.shown = self.fault.pop() if len(self.fault) == 3 else None
        if self.shown:
            self.secrets.append(self.shown)
        status, code, version, _ = line.split(" ", 3)
        return int(status), code, int(version)

    def newest(self, path):
        return self.api.get(path + "?limit=200").json()["data"][-1]

    def test_a_key_is_made_used_rotated_and_revoked(self):
        account = self.api.connect("keyed.test")["id"]
        self.assertEqual(self.call("make-key", "robot", "editor", "posts:read", account, ""), (OK, "-", 1))
        first, made = self.shown, self.newest("/v1/api-keys")
        self.assertRegex(first, r"^op_robot_[0-9A-Za-z]{43}$")
        self.assertEqual((made["name"], made["role"], made["scopes"], made["integrations"]),
                         ("robot", "editor", ["posts:read"], [account]))
        api = Api(self.service.port, first)
        self.assertEqual((api.get("/v1/posts").status, api.post("/v1/posts", {}).status), (200, 403))
        self.assertEqual(self.call("make-key", "robot", "editor", "", "", made["id"]), (OK, "-", 1))
        self.assertEqual(self.newest("/v1/api-keys")["rotates"], made["id"])
        second = Api(self.service.port, self.shown)
        self.assertEqual(self.call("revoke-key", made["id"]), (OK, "-", 2))
        self.assertEqual(self.call("revoke-key", made["id"])[:2], (OK, "-"))
        wait_until(lambda: api.get("/v1/posts").status == 401, 10, "revoked")
        self.assertEqual(second.post("/v1/posts", {}).status, 201)
        self.assertEqual(self.call("make-key", "robot", "editor", "", "", made["id"])[:2], (REFUSED, "key_revoked"))
        self.assertEqual(self.call("make-key", "other", "editor", "", "", self.newest("/v1/api-keys")["id"])[:2],
                         (REFUSED, "field_invalid"))
        self.assertEqual(self.fault[0], "/name")

    def test_what_no_key_can_be_is_refused_as_over_http(self):
        for wish, body in ((("a", "auditor", "", "", ""), {"name": "a", "role": "auditor"}),
                           (("a", "viewer", "keys:write", "", ""), {"name": "a", "role": "viewer", "scopes": ["keys:write"]})):
            problem = self.api.post("/v1/api-keys", body).json()
            self.assertEqual(self.call("make-key", *wish)[:2], (REFUSED, problem["code"]))
        for wish in (("A B", "viewer", "", "", ""), ("a", "king", "", "", ""), ("a", "viewer", "fly", "", ""),
                     ("a", "viewer", "", "int_x", ""), ("a", "viewer", "", "", "key_x")):
            self.assertEqual(self.call("make-key", *wish)[0], INVALID, wish)
        admin = self.service.data.another_key("boss", "admin")
        self.assertEqual(self.call("make-key", "a", "owner", "", "", "", key=admin)[:2], (REFUSED, "role_above_own"))
        viewer = self.service.data.another_key("reader", "viewer")
        self.assertEqual(self.call("make-key", "a", "viewer", "", "", "", key=viewer)[:2], (REFUSED, "role_insufficient"))

    def test_an_account_is_connected_and_connected_again(self):
        self.secrets.append("app-password-of-a-program")
        self.assertEqual(self.call("connect", "", self.sandbox.url, "byrpc.test", self.secrets[-1]), (OK, "-", 1))
        account = self.newest("/v1/integrations")["id"]
        path = "/v1/integrations/" + account
        wait_until(lambda: self.api.get(path).json()["status"] == "connected", 30, "connected")
        self.assertEqual(self.api.get(path).json()["handle"], "byrpc.test")
        post = self.api.publish("sent with what a program had sealed", {"id": account})
        self.api.wait_post(post, "published")
        self.assertEqual(self.call("connect", account, "", "byrpc.test", "wrong")[:2], (OK, "-"))
        wait_until(lambda: (self.api.get(path).json()["error"] or {}).get("code") == "credentials_refused", 30, "refused")
        self.assertEqual(self.api.get(path).json()["status"], "connected")  # what worked before goes on
        elsewhere = self.api.post(path + "/reconnect", {"identifier": "byrpc.test", "app_password": "x", "service": "https://else.test"})
        self.assertEqual(self.call("connect", account, "https://else.test", "byrpc.test", "x")[:2], (REFUSED, elsewhere.json()["code"]))
        self.assertEqual(self.fault, [elsewhere.json()["param"], elsewhere.json()["detail"]])
        self.assertEqual(self.call("connect", "", "", "byrpc.test", "x")[:2], (REFUSED, "field_invalid"))
        self.assertEqual(self.call("connect", "", self.sandbox.url, "byrpc.test", "")[0], INVALID)
        self.assertEqual(self.call("connect", "int_x", self.sandbox.url, "byrpc.test", "x")[0], INVALID)

    def test_somebody_is_invited_joins_is_changed_and_removed(self):
        self.secrets += ["grace@example.com", "Grace"]
        self.assertEqual(self.call("invite", "grace@example.com", "Grace", "viewer", "approve"), (OK, "-", 1))
        invited = self.newest("/v1/invitations")
        self.assertEqual((invited["email"], invited["name"], invited["role"], invited["permissions"]),
                         ("grace@example.com", "Grace", "viewer", ["approve"]))
        browser = Browser(self.service.port)
        taken = browser.ask("POST", "/v1/invitation/accept", {"token": self.shown, "password": PASSWORD})
        self.assertEqual(taken.status, 201, taken)
        member = "/v1/members/" + invited["id"]
        version = self.api.get(member).json()["version"]
        self.assertEqual(self.call("change", invited["id"], version, "editor", "")[:2], (OK, "-"))
        self.assertEqual(self.call("change", invited["id"], version, "viewer", "")[:2], (REFUSED, "version_mismatch"))
        now = self.api.get(member).json()
        self.assertEqual((now["role"], now["permissions"]), ("editor", []))
        self.assertEqual(self.call("withdraw", invited["id"])[:2], (REFUSED, "invitation_spent"))
        self.assertEqual(self.call("remove", invited["id"])[:2], (OK, "-"))
        self.assertEqual(self.api.get(member).status, 404)
        self.assertEqual(self.call("invite", "other@example.com", "", "editor", "")[:2], (OK, "-"))
        token, other = self.shown, self.newest("/v1/invitations")["id"]
        self.assertEqual(self.call("withdraw", other)[:2], (OK, "-"))
        spent = Browser(self.service.port).ask("POST", "/v1/invitation/accept", {"token": token, "password": PASSWORD})
        self.assert_problem(spent, 409, "invitation_spent")
        for wish in (("nobody", "", "editor", ""), ("a@example.com", "", "king", ""), ("a@example.com", "", "editor", "fly")):
            self.assertEqual(self.call("invite", *wish)[0], INVALID, wish)

    def test_questions_are_answered_with_the_bytes_of_http(self):
        self.assertEqual(self.call("invite", "asked@example.com", "Asked", "admin", "")[:2], (OK, "-"))
        member, key = self.newest("/v1/invitations")["id"], self.newest("/v1/api-keys")["id"]
        same = {"get_workspace": ({}, "/v1/workspace"), "get_usage": ({}, "/v1/usage"), "get_billing": ({}, "/v1/billing"),
                "list_notifications": ({}, "/v1/notifications"), "get_key": ({"key_id": key}, "/v1/api-keys/" + key),
                "get_member": ({"member_id": member}, "/v1/members/" + member), "list_members": ({}, "/v1/members"),
                "list_invitations": ({}, "/v1/invitations"), "list_keys": ({}, "/v1/api-keys")}
        for name, (arguments, path) in same.items():
            with self.subTest(query=name):
                answer, (code, result) = self.api.get(path), self.rpc.query(name, arguments)
                self.assertEqual((answer.status, code), (200, ""))
                # whoever asks uses a key: the hour of that may be told in between
                used = re.compile(rb'"last_used_at":("[^"]*"|null)')
                self.assertEqual(used.sub(b"", result), used.sub(b"", answer.body))

    def test_pages_lead_on(self):
        for name in "abc":
            self.assertEqual(self.call("make-key", name, "viewer", "", "", "")[:2], (OK, "-"))
        keys, cursor = [], ""
        while cursor is not None:
            page = json.loads(self.rpc.query("list_keys", {"limit": 2, **({"cursor": cursor.encode()} if cursor else {})})[1])
            keys, cursor = keys + page["data"], page["next_cursor"]
        self.assertEqual([key["id"] for key in keys], [key["id"] for key in self.api.get("/v1/api-keys?limit=200").json()["data"]])

    def test_z_nothing_secret_passed_in_the_clear_or_was_written_down(self):
        """Behind the others: of all that they had sealed or were shown."""
        self.assertGreater(len(self.secrets), 8)
        self.assertGreater(len(self.tap.heard), 5000)
        written = json.dumps(self.service.data.events()) + "".join(path.read_text() for path in self.world.folder.glob("*.txt"))
        files = b"".join(kept(path) for path in pathlib.Path(self.service.data.path).rglob("*")
                         if path.is_file() and "sandbox" not in path.parts)  # that is the platform
        for secret in self.secrets:
            for form in (secret.encode(), sha256(secret.encode()), sha256(secret.encode()).hex().encode()):
                self.assertNotIn(form, self.tap.heard)
                self.assertNotIn(form, files)
            self.assertNotIn(secret, written)


class Restarted(harness.Case):
    def test_what_was_sealed_before_a_restart_is_sealed_anew(self):
        port = harness.free_port()
        service = self.world.serve(options=("--rpc", f"127.0.0.1:{port}"))
        rpc = Rpc(port, tag_key(service.data.key))
        key, text = mint("key"), "op_later_" + os.urandom(20).hex()
        fields = {"key_id": key, "name": "later", "role": "viewer", "fingerprint": sha256(tag_key(text))}
        self.assertEqual(rpc.seal(key, key, tag_key(text)), "")
        rpc.close()
        service.stop()
        service.start()
        rpc = Rpc(port, tag_key(service.data.key))
        self.assertEqual(rpc.command(14, fields)[0], "reference_not_found")
        again = mint("key")
        self.assertEqual(rpc.seal(again, again, tag_key(text)), "")
        self.assertEqual(rpc.command(14, {**fields, "key_id": again})[0], "")
        self.assertEqual(Api(service.port, text).get("/v1/posts").status, 200)
        rpc.close()

    def test_a_box_that_another_key_made_or_for_another_secret_is_refused(self):
        port = harness.free_port()
        service = self.world.serve(options=("--rpc", f"127.0.0.1:{port}"))
        mine = Rpc(port, tag_key(service.data.key))
        other = Rpc(port, tag_key(service.data.another_key("other", "owner")))
        secret, account = mint("sec"), mint("int")
        plain = pack({"identifier": "a.test", "password": "x"})
        for tag, what in ((other.tag, secret), (mine.tag, mint("sec")), (bytes(32), secret)):
            box = frames.box(frames.transport_key(tag), what.encode(), plain)
            self.assertEqual(mine.told(frames.SEAL, pack([secret, account, box])), ["frame_unauthenticated"])
        self.assertEqual(mine.seal(secret, account, plain), "")
        mine.close()
        other.close()


if __name__ == "__main__":
    harness.main()
