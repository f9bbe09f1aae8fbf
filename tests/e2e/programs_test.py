#!/usr/bin/env python3
"""Other programs over RPC, as the examples drive it: libopenpost, and a shell with nngcat. Against the confined ledger, which can
open no file any more when it is asked."""

import hashlib
import os
import pathlib
import subprocess

import harness

EXAMPLE = pathlib.Path(os.environ.get("OPENPOST_EXAMPLE", pathlib.Path(harness.EXECUTABLE).parent / "openpost-example"))


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
        _, said = self.drive(EXAMPLE)
        self.assertIn("Written by a program over RPC.", said)
        self.assertIn("post_created", said)
        self.assertIn("followed up to", said)

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

    def test_a_shell_with_nngcat_is_told_why_it_is_refused(self):
        _, said = self.drive(harness.ROOT / "tools/example/rpc.sh", role="viewer", code=1)
        self.assertEqual(said.splitlines()[1:], ["refused: role_insufficient"])


if __name__ == "__main__":
    harness.main()
