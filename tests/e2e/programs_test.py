#!/usr/bin/env python3
"""Other programs over RPC, as the examples drive it: libopenpost, and a shell with nngcat; and what a person does with a post, through
libopenpost. Against the confined ledger, which can open no file any more when it is asked."""

import hashlib
import os
import pathlib
import subprocess

import harness

EXAMPLE = pathlib.Path(os.environ.get("OPENPOST_EXAMPLE", pathlib.Path(harness.EXECUTABLE).parent / "openpost-example"))
PROGRAM = pathlib.Path(harness.EXECUTABLE).parent / "tests/e2e/program"
OK, REFUSED, INVALID = 0, 1, 4  # enum openpost_status
PUBLISHED, ABSENT, ABANDONED = 1, 2, 3  # enum openpost_found


class Programs(harness.Case):
    def drive(self, command, role="owner", code=0):
        """Runs the command against a service of its own with a key of that role; returns the service and what was printed."""
        port = harness.free_port()
        service = self.world.serve(self.world.data(), options=("--rpc", f"127.0.0.1:{port}"))
        key = service.data.key if role == "owner" else service.data.another_key("program", role)
        done = subprocess.run([str(command), f"tcp://127.0.0.1:{port}", key], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, text=True)
        self.assertEqual(done.returncode, code, done.stdout)
        return service, done.stdout

    def test_the_librarys_example_writes_reads_and_follows(self):
        service, said = self.drive(EXAMPLE)
        self.assertIn("Written by a program over RPC.", said)
        self.assertIn("post_created", said)
        self.assertIn("followed up to", said)
        self.assertRegex(said, "key_[0-9a-z]{26} was lent and revoked\n$")
        lent = service.api.get("/v1/api-keys").json()["data"][-1]
        self.assertEqual((lent["name"], lent["scopes"]), ("lent", ["posts:read"]))
        self.assertIsNotNone(lent["revoked_at"])

    def test_a_shell_with_nngcat_writes_reads_and_follows_and_prints_the_very_bytes(self):
        service, said = self.drive(harness.ROOT / "tools/example/rpc.sh")
        challenge, created, shown, *followed = said.splitlines()
        self.assertRegex(challenge, "^challenge [0-9a-f]{32}$")
        self.assertRegex(created, "^created post_[0-9a-z]{26}$")
        post = service.api.get("/v1/posts/" + created.split()[1])
        self.assertEqual(shown.encode(), post.body)
        self.assertEqual(post.json()["content"]["text"], "Written with nngcat.")
        events = [event for event in service.data.events() if event["workspace_id"] is not None]
        self.assertEqual(events[-1]["stream"], post.json()["id"])
        payloads = []
        for line, event in zip(followed, events, strict=True):
            word, envelope, payload = line.split(" ")
            self.assertEqual(word, "event")
            self.assertIn(event["stream"].encode(), bytes.fromhex(envelope))
            payloads.append(hashlib.sha256(bytes.fromhex(payload)).hexdigest())
        self.assertEqual(payloads, [event["payload_sha256"] for event in events])

    def test_a_shell_with_nngcat_follows_a_workspace_of_many_events(self):
        port = harness.free_port()
        service = self.world.serve(self.world.data(), options=("--rpc", f"127.0.0.1:{port}"))
        for count in (140, 160):  # the last one's number takes two bytes then, and three
            for number in range(count):
                self.assertEqual(service.api.post("/v1/posts", {"content": {"text": str(number)}}).status, 201)
            done = subprocess.run([str(harness.ROOT / "tools/example/rpc.sh"), f"tcp://127.0.0.1:{port}", service.data.key],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True)
            self.assertEqual((done.returncode, done.stdout.count("\nevent ")), (0, 100), done.stdout)

    def test_a_shell_with_nngcat_is_told_why_it_is_refused(self):
        _, said = self.drive(harness.ROOT / "tools/example/rpc.sh", role="viewer", code=1)
        self.assertEqual(said.splitlines()[1:], ["refused: role_insufficient"])

    def test_a_shell_with_nngcat_is_told_why_it_may_not_follow(self):
        port = harness.free_port()
        service = self.world.serve(self.world.data(), options=("--rpc", f"127.0.0.1:{port}"))
        for more, code, last in (({"scopes": ["posts:write"]}, 1, "refused: scope_insufficient"), ({"role": "editor"}, 0, "event ")):
            key = service.api.post("/v1/api-keys", {"name": "some", "role": "owner", **more}).json()["key"]
            done = subprocess.run([str(harness.ROOT / "tools/example/rpc.sh"), f"tcp://127.0.0.1:{port}", key],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True)
            self.assertEqual(done.returncode, code, done.stdout)
            self.assertTrue(done.stdout.splitlines()[-1].startswith(last), done.stdout)



class Calls(harness.Case):
    """A service, and calls of libopenpost to it."""

    @classmethod
    def make_world(cls):
        port = harness.free_port()
        cls.service = cls.world.serve(options=("--rpc", f"127.0.0.1:{port}"))
        cls.api, cls.sandbox = cls.service.api, cls.service.sandbox
        cls.address = f"tcp://127.0.0.1:{port}"
        cls.integration = cls.api.connect()

    def call(self, *arguments, key=None):
        """Makes one call; returns its status, code, version and sentence, and keeps what was at fault."""
        done = subprocess.run([PROGRAM, self.address, key or self.service.data.key, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        lines = done.stdout.removesuffix("\n").split("\n")
        self.events = [line.split()[1:] for line in lines if line.startswith("event ")]
        line, *self.fault = [line for line in lines if not line.startswith("event ")]
        status, code, version, sentence = line.split(" ", 3)
        return int(status), code, int(version), sentence

    def assert_refused_as_over_http(self, said, answer):
        """The same code, and the same sentence."""
        problem = answer.json()
        self.assertEqual((said[0], said[1], said[3]), (REFUSED, problem["code"], problem["title"]))

    def assert_at_fault_as_over_http(self, said, answer):
        """And the same value, for the same reason."""
        self.assert_refused_as_over_http(said, answer)
        problem = answer.json()
        self.assertEqual(self.fault, [problem["param"], problem["detail"]])


class Library(Calls):
    def test_an_edit_replaces_all_that_the_post_says(self):
        post = self.api.post("/v1/posts", {"content": {"text": "as it was"}, "labels": ["old"], "metadata": {"a": "b"}}).json()
        edit = ("edit", post["id"], 1, self.integration["id"], "as it is", "new")
        self.assertEqual(self.call(*edit), (OK, "-", 2, ""))
        now = self.api.read_post(post)
        self.assertEqual((now["version"], now["content"]["text"], now["content"]["link"], now["content"]["first_comment"]),
                         (2, "as it is", "https://example.org/", "and this"))
        self.assertEqual((now["labels"], now["metadata"]), (["new"], {"made by": "a program"}))
        self.assertEqual((now["timezone"], now["not_after"]), ("Europe/Berlin", "2100-01-01T00:00:00Z"))
        target, = now["targets"]
        self.assertEqual((target["integration_id"], target["variant"], target["platform_settings"]),
                         (self.integration["id"], {"link": None}, {}))

    def test_an_edit_of_an_older_version_is_refused(self):
        post = self.api.post("/v1/posts", {"content": {"text": "as it was"}}).json()
        self.assertEqual(self.call("edit", post["id"], 1, self.integration["id"], "once", "x")[:3], (OK, "-", 2))
        status, code, version, sentence = self.call("edit", post["id"], 1, self.integration["id"], "twice", "x")
        self.assertEqual((status, code, version), (REFUSED, "version_mismatch", 2))
        self.assertEqual(sentence, "It was changed since the version that the request names: read it again.")
        self.assertEqual(self.call("edit", post["id"], 0, self.integration["id"], "any version", "x")[0], INVALID)
        self.assertEqual(self.api.read_post(post)["content"]["text"], "once")

    def test_what_failed_is_sent_again(self):
        self.sandbox.rule("refuse", contains="at first not taken")
        post = self.api.publish("at first not taken", self.integration)
        self.api.wait_post(post, "failed")
        self.assertEqual(self.call("retry", post["id"])[:2], (OK, "-"))
        self.api.wait_post(post, "published")
        self.assert_refused_as_over_http(self.call("retry", post["id"]),
                                         self.api.post(f"/v1/posts/{post['id']}/retry", {"now": True}))
        self.assertEqual(self.call("retry", "post_x")[0], INVALID)

    def doubtful(self, text):
        """A post whose outcome nobody knows, and its target."""
        self.sandbox.rule("error_after_accepting", contains=text)
        post = self.api.publish(text, self.integration)
        harness.wait_until(lambda: self.api.read_post(post)["targets"][0]["status"] == "unknown", 30, "unknown")
        return post["id"], self.api.read_post(post)["targets"][0]["id"]

    def test_a_person_says_what_became_of_an_unknown_outcome(self):
        post, target = self.doubtful("found there")
        path = f"/v1/posts/{post}/targets/{target}/resolve"
        self.assert_refused_as_over_http(self.call("resolve", post, target, PUBLISHED, "", 0),
                                         self.api.post(path, {"resolution": "published"}))
        self.assertEqual(self.fault, ["", ""])
        self.assert_at_fault_as_over_http(self.call("resolve", post, target, PUBLISHED, "ftp://x", 0),
                                          self.api.post(path, {"resolution": "published", "url": "ftp://x"}))
        self.assertEqual(self.call("resolve", post, target, 4, "", 0)[0], INVALID)
        self.assertEqual(self.call("resolve", post, post, ABANDONED, "", 0)[0], INVALID)
        self.assertEqual(self.call("resolve", post, target, PUBLISHED, "https://example.org/1", 0)[:2], (OK, "-"))
        self.assertEqual(self.api.read_post({"id": post})["targets"][0]["url"], "https://example.org/1")
        self.assert_refused_as_over_http(self.call("resolve", post, target, ABSENT, "", 0),
                                         self.api.post(path, {"resolution": "absent"}))

    def test_an_absent_target_is_sent_again_when_a_person_says_so_and_an_abandoned_one_has_failed(self):
        post, target = self.doubtful("is looked for again")
        self.assertEqual(self.call("resolve", post, target, ABSENT, "", 1)[:2], (OK, "-"))
        self.assertEqual(self.api.read_post({"id": post})["targets"][0]["status"], "retrying")
        post, target = self.doubtful("is not looked for")
        self.assertEqual(self.call("resolve", post, target, ABANDONED, "", 0)[:2], (OK, "-"))
        self.assertEqual(self.api.read_post({"id": post})["targets"][0]["error"]["code"], "resolved_abandoned")

    def test_an_editors_key_is_told_of_what_it_wrote(self):
        editor = harness.Api(self.service.port, self.service.data.another_key("writer", "editor"))
        own = editor.post("/v1/posts", {"content": {"text": "a draft"}}).json()
        self.assertEqual(self.call("follow", 0)[0], OK)
        *all_events, (last, _, _) = self.events
        self.assertEqual([int(at) for at, _, _ in all_events], list(range(1, int(last) + 1)))
        self.assertEqual(self.call("follow", 0, key=editor.key)[0], OK)
        told, (reached, _, _) = self.events
        self.assertEqual(told, next(event for event in all_events if event[2] == own["id"]))
        self.assertGreaterEqual(int(reached), int(last))

    def test_who_may_not_follow_is_told_so(self):
        viewer = self.service.data.another_key("reader", "viewer")
        status, code, _, sentence = self.call("follow", 0, key=viewer)
        self.assertEqual((status, code, sentence), (REFUSED, "role_insufficient", "The role does not allow it."))
        self.assertEqual(self.call("follow", 0)[0], OK)
        self.assertEqual(self.call("follow", 10 ** 9)[:2], (REFUSED, "cursor_invalid"))


if __name__ == "__main__":
    harness.main()
