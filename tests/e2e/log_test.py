#!/usr/bin/env python3
"""The log as the product, from outside: it can be read and verified while it grows, every event says what led to it and can
be proved at once, and refusals are events."""

import json
import threading

import harness
from harness import Api, run, wait_until

WRITERS = 3
LOOKS = 12


class Writer(threading.Thread):
    """Writes drafts until told to stop."""

    def __init__(self, api):
        super().__init__()
        self.api, self.stop, self.count, self.failure = api, False, 0, None

    def run(self):
        try:
            while not self.stop:
                made = self.api.post("/v1/posts", {"content": {"text": f"draft {self.count}"}})
                assert made.status == 201, made
                self.count += 1
        except Exception as error:  # shown by the test, whose thread this is not
            self.failure = error


class Log(harness.Case):
    def test_a_log_that_grows_is_read_and_verified_again_and_again(self):
        service = self.world.serve(sandbox=False)
        writers = [Writer(service.api) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            counts = []
            for look in range(LOOKS):
                shown = run("log", "--data", service.data.path, "--json")
                self.assertEqual((shown.returncode, shown.stderr), (0, ""), look)
                counts.append(len(shown.stdout.splitlines()))
                verified = service.data.verify()
                self.assertEqual((verified.returncode, json.loads(verified.stdout)["result"]), (0, "good"), look)
        finally:
            for writer in writers:
                writer.stop = True
            for writer in writers:
                writer.join(60)
        self.assertEqual([writer.failure for writer in writers], [None] * WRITERS)
        self.assertEqual(counts, sorted(counts))
        self.assertGreater(counts[-1], counts[0])

    def test_a_published_post_s_last_event_leads_back_to_its_first(self):
        service = self.world.serve()
        integration = service.api.connect()
        post = service.api.publish("from the first to the last", integration)
        service.api.wait_post(post, "published")
        events = {event["seq"]: event for event in service.data.events()}
        last = max(seq for seq, event in events.items() if event["stream"] == post["id"])
        chain = []
        while last:
            chain.append(events[last]["type"])
            self.assertEqual(events[last]["stream"], post["id"])
            last = events[last]["causation"]
        self.assertEqual(chain, ["post_finished", "attempt_finished", "attempt_started", "post_locked", "post_scheduled",
                                 "post_created"])
        seen = {row["workspace_seq"]: row for row in service.api.get("/v1/events?limit=200").json()["data"]}
        started = next(row for row in seen.values() if row["type"] == "attempt_started")
        self.assertEqual(seen[started["causation"]]["type"], "post_locked")
        self.assertIsNone(next(row for row in seen.values() if row["type"] == "post_created")["causation"])

    def test_a_young_event_is_proved_at_once(self):
        service = self.world.serve(sandbox=False)
        file = self.world.folder / "event.tlog-proof"
        verifier = service.api.get("/v1/log/verifier").body.decode().strip()
        for _ in range(3):
            self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "young"}}).status, 201)
            last = service.api.get("/v1/events?limit=200").json()["data"][-1]
            self.assertEqual(last["type"], "post_created")
            proof = service.api.get(f"/v1/log/proof/{last['workspace_seq']}")
            self.assertEqual(proof.status, 200, proof)
            file.write_text(proof.body.decode())
            good = run("verify", "--proof", file, "--verifier", verifier, "--json")
            self.assertEqual(good.returncode, 0, good)
            self.assertEqual(json.loads(good.stdout)["payload_sha256"], last["payload_sha256"])
        self.assertEqual(service.data.verify().returncode, 0)

    def refusals(self, service, count):
        """Waits for so many events of refusals; returns them as the log has them."""
        return wait_until(lambda: len(found := [event for event in service.data.events() if event["type"] == "access_refused"])
                          >= count and found, 15, f"{count} refusals in the log")

    def test_refusals_are_events_that_say_who_asked_for_what(self):
        service = self.world.serve(sandbox=False)
        viewer = Api(service.port, service.data.another_key("viewer", "viewer"))
        keys = {row["name"]: row["id"] for row in
                map(json.loads, run("key", "list", "--data", service.data.path, "--json").stdout.splitlines())}
        for _ in range(3):
            self.assertEqual(viewer.post("/v1/posts", {"content": {"text": "not mine to write"}}).status, 403)
        found = self.refusals(service, 1)[0]
        self.assertEqual((found["stream"], found["actor_id"]), (keys["viewer"], keys["viewer"]))
        self.assertEqual((found["data"]["key_id"], found["data"]["code"], found["data"]["request"]),
                         (keys["viewer"], "forbidden", "create_post"))
        shown = [row for row in service.api.get("/v1/events?limit=200").json()["data"] if row["type"] == "access_refused"]
        self.assertEqual([row["actor_id"] for row in shown], [keys["viewer"]])
        self.assertEqual(run("key", "revoke", keys["viewer"], "--data", service.data.path).returncode, 0)
        wait_until(lambda: viewer.get("/v1/posts").status == 401, 5, "revoked")
        revoked = self.refusals(service, 2)[1]
        self.assertEqual((revoked["stream"], revoked["data"]["code"]), (keys["viewer"], "unauthenticated"))
        self.assertNotIn("request", {name for name, value in revoked["data"].items() if value is not None})


if __name__ == "__main__":
    harness.main()
