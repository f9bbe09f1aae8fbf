#!/usr/bin/env python3
"""kill -9 of each process, again and again, while clients write and keep a journal of what was acknowledged."""

import http.client
import json
import os
import subprocess
import threading
from pathlib import Path

import harness
from harness import Api, Parts, later, wait_until

KILLS = 5
WRITERS = 4


class Writer(threading.Thread):
    """Writes posts until told to stop; each until it is acknowledged, always with the same Idempotency-Key."""

    def __init__(self, number, api, integration):
        super().__init__()
        self.number, self.api, self.integration = number, api, integration
        self.journal, self.stop, self.failure = {}, False, None

    def run(self):
        try:
            while not self.stop:
                text = f"writer {self.number} post {len(self.journal)}"
                body = {"content": {"text": text}, "labels": [f"writer-{self.number}"]}
                if len(self.journal) % 2:
                    body.update(targets=[{"integration_id": self.integration["id"]}], schedule={"at": later(7200)})
                made = self.api.persist("POST", "/v1/posts", body)
                assert made.status == 201, made
                self.journal[text] = made.json()["id"]
        except Exception as error:  # shown by the test, whose thread this is not
            self.failure = error


class Restarts(harness.Case):
    def test_every_acknowledged_post_is_there_once_after_many_kills_of_every_process(self):
        sandbox = self.world.sandbox()
        parts = Parts(self.world, self.world.data(), [sandbox.api.port], service=sandbox.url).start()
        integration = parts.api.connect()
        writers = [Writer(number, parts.api, integration) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            for turn in range(KILLS):
                for name in Parts.ORDER:
                    before = sum(len(writer.journal) for writer in writers)
                    wait_until(lambda: parts.revive() and sum(len(w.journal) for w in writers) > before + 8, 40,
                               f"8 more posts before {name} is killed ({turn}); {[w.failure for w in writers]}")
                    parts[name].kill9()
                    parts[name].start()
        finally:
            for writer in writers:
                writer.stop = True
            for writer in writers:
                writer.join(90)
        self.assertEqual([writer.failure for writer in writers], [None] * WRITERS)
        for writer in writers:
            self.assertEqual(self.listed(parts.api, f"writer-{writer.number}"), writer.journal)
        parts.stop()
        events = self.assert_verified_and_replayed(parts.data)
        started = [event for event in parts.data.events() if event["type"] == "ledger_started"]
        self.assertEqual([event["data"]["epoch"] for event in started], list(range(1, KILLS + 2)))
        print(f"{sum(len(writer.journal) for writer in writers)} posts, {events} events, "
              f"{KILLS * len(Parts.ORDER)} kills")

    def test_a_key_whose_making_was_lost_on_its_way_back_is_shown_all_the_same(self):
        """The ledger dies between its commit and its reply; the gateway asks it again by itself. The client has asked once, and the key is
        shown once: this once."""
        parts = Parts(self.world, self.world.data()).start()
        for number in range(10):
            made = []
            parts.restart("ledger", {"OPENPOST_FAILPOINT": "ledger_committed:1"})
            body, headers = {"name": f"lost-{number}", "role": "viewer"}, {"Idempotency-Key": f"lost-{number}"}
            client = threading.Thread(target=lambda: made.append(parts.api.request("POST", "/v1/api-keys", body, headers)))
            client.start()
            wait_until(lambda: not parts["ledger"].alive(), 30, "dead behind its commit")
            committed = any(event["data"].get("name") == f"lost-{number}" for event in parts.data.events())
            parts.revive()
            client.join()
            if committed and made[0].status == 201:  # it was this command, and the gateway did not give up
                break
        else:
            self.fail("the ledger never died of the key")
        answer = made[0]
        self.assertIsNone(answer.headers["Idempotent-Replayed"], answer)
        self.assertEqual(Api(parts.port, answer.json()["key"]).get("/v1/posts").status, 200)
        again = parts.api.request("POST", "/v1/api-keys", body, headers)
        self.assertEqual((again.headers["Idempotent-Replayed"], again.json()), ("true", {**answer.json(), "key": None}))
        parts.stop()

    def test_what_was_so_already_is_not_done_by_a_repeat_after_three_ledgers_died_at_once(self):
        """Three that end soon after their start are one too many: the views are made anew. What a request that changed nothing was
        answered is in no event, and is known all the same."""
        parts = Parts(self.world, self.world.data()).start()
        account = parts.api.request("POST", "/v1/integrations", {"channel": "bluesky", "identifier": "a.test", "app_password": "x"}).json()["id"]
        first, second = later(72000), later(90000)
        post = parts.api.persist("POST", "/v1/posts", {"content": {"text": "so"}, "targets": [{"integration_id": account}], "schedule": {"at": first}})
        path = post.headers["Location"] + "/schedule"
        so = parts.api.post(path, {"at": first}, {"Idempotency-Key": "so already"})
        self.assertEqual((so.status, so.headers["ETag"]), (200, post.headers["ETag"]))
        moved = parts.api.post(path, {"at": second})
        self.assertEqual((moved.status, moved.json()["publish_at"]), (200, second))
        for _ in range(3):
            parts["ledger"].kill9()
            parts["ledger"].start()
        self.assertIn("what=rebuilt", parts["ledger"].output())
        wait_until(lambda: not parts["gateway"].alive(), 30, "a gateway that has met other views ends")
        parts.revive()
        again = parts.api.persist("POST", path, {"at": first}, **{"Idempotency-Key": "so already"})
        self.assertEqual((again.status, again.headers["Idempotent-Replayed"], again.json()), (200, "true", so.json()))
        self.assertEqual(parts.api.get(post.headers["Location"]).json()["publish_at"], second)
        parts.stop()
        self.assert_verified_and_replayed(parts.data)

    def listed(self, api, label):
        """text -> id of every post with the label, page by page."""
        found, cursor = {}, ""
        while True:
            page = api.get(f"/v1/posts?label={label}&limit=200{cursor}").json()
            for post in page["data"]:
                self.assertNotIn(post["content"]["text"], found, "written twice")
                found[post["content"]["text"]] = post["id"]
            if page["next_cursor"] is None:
                return found
            cursor = "&cursor=" + page["next_cursor"]

    def test_serve_starts_again_what_dies_and_stops_everything_in_order(self):
        service = self.world.serve()
        integration = service.api.connect()

        serve = service.process.child.pid

        def children():
            return harness.children_by_pid(serve)
        before = children()
        self.assertEqual(len(before), 6)
        for pid, name in before.items():
            if name != "openpost-sandbo":
                os.kill(pid, 9)
        wait_until(lambda: len(children()) == 6 and len(set(children()) & set(before)) == 1, 30, "started again")

        def works():
            try:
                return service.api.get("/readyz").status == 200
            except (OSError, http.client.HTTPException):
                return False
        wait_until(works, 60, "ready again")
        post = service.api.publish("after everything died", integration)
        service.api.wait_post(post, "published")
        running = list(children())
        service.stop()
        self.assertEqual([pid for pid in running if Path(f"/proc/{pid}").exists()], [])

    def test_views_that_are_gone_or_damaged_are_built_again_from_the_log(self):
        service = self.world.serve()
        made = service.api.post("/v1/posts", {"content": {"text": "derived"}}).json()
        service.stop()
        for damage in ("gone", "foreign"):
            views = service.data.path / "views"
            for path in views.iterdir():
                path.unlink()
            if damage == "foreign":
                other = self.world.data("other")
                subprocess.run(["cp", "-a", f"{other.path}/views/.", str(views)], check=True)
            service.start()
            self.assertEqual(json.dumps(service.api.read_post(made)), json.dumps(made))
            service.stop()
            self.assert_verified_and_replayed(service.data)


if __name__ == "__main__":
    harness.main()
