#!/usr/bin/env python3
"""The life of one post through every process, and what an auditor can see of it afterwards."""

import json
import urllib.request

import harness
from harness import run


class Story(harness.Case):
    def types_of(self, data, stream):
        return [event["type"] for event in data.events() if event["stream"] == stream]

    def test_a_post_that_is_due_now_is_published_and_every_step_is_an_event(self):
        service = self.world.serve()
        api, data = service.api, service.data
        integration = api.connect("alice.test")
        self.assertEqual(integration["status"], "connected")
        self.assertTrue(integration["account"].startswith("did:plc:"))
        post = api.publish("Hello from OpenPost https://example.org #release", integration)
        done = api.wait_post(post, "published", "failed")
        self.assertEqual(done["status"], "published")
        target = done["targets"][0]
        self.assertEqual(target["status"], "published")
        self.assertTrue(target["platform_post_id"].startswith("at://" + integration["account"]))
        with urllib.request.urlopen(target["url"]) as seen:  # the sandbox's own: nobody else shows its posts
            self.assertEqual(json.load(seen)["uri"], target["platform_post_id"])
        self.assertEqual(self.types_of(data, post["id"]),
                         ["post_created", "post_scheduled", "post_locked", "attempt_started", "attempt_finished",
                          "target_finished", "post_finished"])
        self.assertEqual([one["record"]["text"] for one in service.sandbox.posts()],
                         ["Hello from OpenPost https://example.org #release"])

        attempts = api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"][0]["attempts"]
        self.assertEqual([(one["number"], one["outcome"]) for one in attempts], [(1, "accepted")])
        self.assertEqual(attempts[0]["platform_post_id"], target["platform_post_id"])
        history = api.get(f"/v1/posts/{post['id']}/history").json()["data"]
        self.assertEqual([one["event"] for one in history], self.types_of(data, post["id"]))
        self.assertTrue(all(one["sentence"] for one in history))
        report = api.get("/v1/punctuality").json()["data"]
        self.assertEqual(sum(day["published"] for day in report), 1)
        self.assertEqual(sum(day["start_lateness"]["count"] for day in report), 1)

        beside = data.verify()
        self.assertEqual(beside.returncode, 0, "verify reads beside a service: " + beside.stdout + beside.stderr)
        service.stop()
        self.assertGreater(self.assert_verified_and_replayed(data), 10)

    def test_a_mention_is_asked_for_again_and_one_that_stays_plain_is_told(self):
        service = self.world.serve()
        integration = service.api.connect("alice.test")
        service.sandbox.rule("unavailable", path="resolveHandle", times=1)
        post = service.api.wait_post(service.api.publish("@bob.test, @unknown.test", integration), "published")
        record = service.sandbox.posts()[0]["record"]
        self.assertEqual([(facet["index"]["byteStart"], facet["index"]["byteEnd"]) for facet in record["facets"]], [(0, 9)])
        history = service.api.get(f"/v1/posts/{post['id']}/history").json()["data"]
        note = "@unknown.test stays plain text: nobody has the handle, or the network did not say who."
        self.assertIn("Locked: what 1 account gets is fixed; " + note, [one["sentence"] for one in history])
        self.assertEqual(post["targets"][0]["violations"],
                         [{"code": "noted_at_lock", "message": note, "param": "/targets/0", "fatal": False}])

    def test_the_log_as_json_has_one_event_a_line_and_no_position_is_missing(self):
        service = self.world.serve()
        service.api.publish("numbered", service.api.connect())
        service.stop()
        lines = run("log", "--data", service.data.path, "--json").stdout.splitlines()
        events = [json.loads(line) for line in lines]
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        seen = {}
        for event in events:
            tenant = event["workspace_id"]
            if tenant is not None:
                seen[tenant] = seen.get(tenant, 0) + 1
                self.assertEqual(event["workspace_seq"], seen[tenant])
            self.assertIn("time", event)
            self.assertEqual(len(event["payload_sha256"]), 64)
        self.assertEqual(len(run("log", "--data", service.data.path).stdout.splitlines()), len(events))
        after = run("log", "--data", service.data.path, "--json", "--after", len(events) - 1).stdout.splitlines()
        self.assertEqual([json.loads(line)["seq"] for line in after], [len(events)])

    def test_no_secret_reaches_the_log_the_api_or_a_log_line(self):
        service = self.world.serve()
        password = "pass-word-that-nobody-may-see"
        service.api.connect(password=password)
        answers = service.api.get("/v1/integrations").body + service.api.get("/v1/events").body
        service.stop()
        self.assertNotIn(password.encode(), answers)
        for place in ("log", "views"):
            stored = harness.stored_bytes(service.data.path / place / "data.mdb")
            self.assertNotIn(password.encode(), stored)
            self.assertNotIn(service.data.key.encode(), stored)
        self.assertNotIn(password, service.process.output())
        self.assertNotIn(service.data.key, service.process.output())

    def test_a_thread_is_published_in_order_and_its_comment_follows(self):
        service = self.world.serve()
        integration = service.api.connect()
        post = service.api.publish({"parts": [{"text": "one"}, {"text": "two"}, {"text": "three"}],
                                    "first_comment": "and a comment"}, integration)
        service.api.wait_post(post, "published")
        records = harness.wait_until(lambda: len(found := service.sandbox.posts()) == 4 and found, 20, "the comment")
        self.assertEqual([one["record"]["text"] for one in records], ["one", "two", "three", "and a comment"])
        uris = [f"at://{one['did']}/app.bsky.feed.post/{one['rkey']}" for one in records]
        for number, one in enumerate(records[1:], start=1):
            self.assertEqual(one["record"]["reply"]["root"]["uri"], uris[0])
            self.assertEqual(one["record"]["reply"]["parent"]["uri"], uris[number - 1])
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_wrong_credentials_are_refused_and_right_ones_reconnect_the_same_account(self):
        service = self.world.serve()
        refused = service.api.connect(password="wrong")
        self.assertEqual((refused["status"], refused["error"]["code"]), ("refused", "credentials_refused"))
        again = service.api.post(f"/v1/integrations/{refused['id']}/reconnect",
                                 {"identifier": "alice.test", "app_password": "right"})
        self.assertEqual(again.status, 200, again)
        harness.wait_until(
            lambda: service.api.get("/v1/integrations/" + refused["id"]).json()["status"] == "connected", 20,
            "connected")

    def test_an_account_stays_where_it_was_connected(self):
        """Elsewhere a post whose outcome is unknown would not be found, and be sent twice."""
        sandbox = self.world.sandbox()
        service = self.world.serve(options=("--allow-loopback", str(sandbox.port)))
        api = service.api
        integration = api.connect(service=sandbox.url)
        path = "/v1/integrations/" + integration["id"]
        credentials = {"identifier": "alice.test", "app_password": "new"}
        elsewhere = {**credentials, "service": service.sandbox.url}
        problem = self.assert_problem(api.post(path + "/reconnect", elsewhere), 422, "field_invalid")
        self.assertEqual(problem["param"], "/service")
        for body in (credentials, {**credentials, "service": sandbox.url, "app_password": "newer"}):
            before = api.get(path).json()["version"]
            self.assertEqual(api.post(path + "/reconnect", body).status, 200)
            harness.wait_until(lambda: api.get(path).json()["version"] == before + 2, 20, "connecting and connected")
        self.assertEqual(api.get(path).json()["service"], sandbox.url)
        api.wait_post(api.publish("where it was", integration), "published")
        self.assertEqual((sandbox.texts(), service.sandbox.texts()), (["where it was"], []))

    def test_a_reconnection_that_is_refused_leaves_the_name(self):
        api = self.world.serve().api
        path = "/v1/integrations/" + api.connect()["id"]
        answer = api.post(path + "/reconnect", {"identifier": "other.test", "app_password": "right"})
        self.assertEqual(answer.status, 200, answer)
        now = harness.wait_until(lambda: (now := api.get(path).json())["error"] and now, 20, "account_mismatch")
        self.assertEqual((now["status"], now["identifier"], now["error"]["code"]), ("connected", "alice.test", "account_mismatch"))


if __name__ == "__main__":
    harness.main()
