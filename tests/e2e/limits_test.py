#!/usr/bin/env python3
"""Rate limits and passing failures, end to end: an account's limit is met by the few commits that were under way and
holds only its own posts, and a connection that fails in passing is tried again."""

import time

import harness
from harness import later, seconds_of, wait_until

POSTS = 20
LIMIT_S = 8


class Limits(harness.Case):
    def test_the_largest_posts_are_written_shown_listed_and_sent_and_hold_nobody_up(self):
        """Everything that rendering multiplies: parts, accounts, and marks or clusters in each text."""
        service = self.world.serve(options=("--rate-limit", "0"))
        api = service.api
        accounts = [api.connect(f"big{n}.test")["id"] for n in range(50)]
        texts = {"mentions": " ".join(["@a.b"] * 59), "links": " ".join(f"http://a.b/{n}" for n in range(20)),
                 "clusters": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 110}
        for text in texts.values():
            made = api.post("/v1/posts", {"content": {"parts": [{"text": f"{text} {n}"[:298]} for n in range(25)]},
                                          "targets": [{"integration_id": account} for account in accounts],
                                          "schedule": {"now": True}})
            self.assertEqual(made.status, 201, made)
            self.assertEqual(api.get("/v1/posts/" + made.json()["id"]).status, 200)
        self.assertEqual(len(api.get("/v1/posts?limit=5").json()["data"]), 3)
        api.wait_post(api.publish("small", {"id": accounts[0]}), "published")

    def test_twenty_posts_due_at_once_meet_the_accounts_limit_twice_at_most_and_all_are_published_after_it(self):
        service = self.world.serve()
        api, sandbox = service.api, service.sandbox
        limited, other = api.connect("alice.test"), api.connect("bob.test")
        sandbox.rule("limit", contains="limited", times=0, retry_after=str(LIMIT_S))
        at = later(4)
        posts = [api.publish(f"limited {n}", limited, schedule={"at": at}) for n in range(POSTS)]
        free = api.publish("free", other, schedule={"at": at})
        api.wait_post(free, "published")

        def waits():
            return [api.read_post(post)["targets"][0] for post in posts]

        held = wait_until(lambda: (now := waits()) and all(one["waits_for"] == "rate_limit" for one in now) and now, 20,
                          "all of the account's posts wait for the end of its limit")
        after = api.publish("limited, and written during the limit", limited)
        sandbox.forget_rules()
        met = [event for event in service.data.events() if event["type"] == "attempt_finished"
               and event["data"]["outcome"] == "deferred" and event["data"]["platform_code"]]
        self.assertIn(len(met), (1, 2), met)  # those that were under way: adapters/runner_account.h
        end = met[0]["data"]["until_at"]
        self.assertEqual(met[0]["data"]["integration_id"], limited["id"])
        self.assertAlmostEqual(seconds_of(end), seconds_of(met[0]["time"]) + LIMIT_S, delta=2)
        end = max(event["data"]["until_at"] for event in met)
        self.assertEqual({one["waits_until"] for one in held}, {end})
        self.assertEqual({one["held"] for one in held}, {None})
        waiting = api.read_post(after)["targets"][0]
        if time.time() < seconds_of(end) - 1:
            self.assertEqual((waiting["waits_for"], waiting["waits_until"]), ("rate_limit", end))
        for post in [*posts, after]:
            done = api.wait_post(post, "published")
            self.assertGreaterEqual(seconds_of(done["targets"][0]["published_at"]), seconds_of(end))
        live = sandbox.live()
        self.assertEqual((live["posts"], live["duplicates"], live["creates"]), (POSTS + 2, 0, POSTS + 2))
        first = [event for event in service.data.events() if event["type"] == "attempt_started"
                 and event["data"]["post_id"] == after["id"]]
        self.assertEqual(len(first), 1)  # it began when it could

    def test_a_platform_whose_clock_is_hours_off_holds_an_account_only_as_long_as_it_says(self):
        service = self.world.serve()
        api, sandbox = service.api, service.sandbox
        account = api.connect("alice.test")
        for hours in (2, -2):
            self.assertEqual(sandbox.api.post("/sandbox/clock", {"ahead_ms": hours * 3_600_000}).status, 200)
            sandbox.rule("limit", contains=f"{hours} hours off", value_ms=4000)
            post = api.publish(f"{hours} hours off", account)
            api.wait_post(post, "published")
            met = [event for event in service.data.events() if event["type"] == "attempt_finished"
                   and event["data"]["post_id"] == post["id"] and event["data"]["outcome"] == "deferred"]
            self.assertEqual(len(met), 1)
            self.assertAlmostEqual(seconds_of(met[0]["data"]["until_at"]), seconds_of(met[0]["time"]) + 4, delta=2)

    def test_what_was_answered_about_a_post_that_met_a_limit_is_answered_again(self):
        """A repeated request is answered from the post's own events: the account whose limit they tell of is not among them."""
        service = self.world.serve()
        api, sandbox = service.api, service.sandbox
        account = api.connect("alice.test")
        sandbox.rule("limit", contains="limited", times=0, retry_after="3600")
        post = api.publish("limited", account)
        wait_until(lambda: api.read_post(post)["targets"][0]["waits_for"] == "rate_limit", 20, "the post met the limit")
        path, key = f"/v1/posts/{post['id']}/cancel", {"Idempotency-Key": "no more"}
        first, again = api.post(path, None, key), api.post(path, None, key)
        self.assertEqual((first.status, again.status, again.headers["Idempotent-Replayed"]), (200, 200, "true"), again)
        self.assertEqual(again.json(), first.json())

    def test_a_connection_that_fails_in_passing_is_tried_again(self):
        service = self.world.serve()
        api, sandbox = service.api, service.sandbox
        sandbox.rule("limit", path="createSession", retry_after="3")
        begun = time.monotonic()
        self.assertEqual(api.connect("alice.test")["status"], "connected")
        self.assertGreater(time.monotonic() - begun, 2)
        sandbox.rule("unavailable", path="createSession")
        self.assertEqual(api.connect("bob.test")["status"], "connected")
        self.assertNotIn("integration_refused", [event["type"] for event in service.data.events()])

    def test_a_connection_that_the_platform_puts_off_for_a_day_is_refused_with_that_reason(self):
        service = self.world.serve()
        service.sandbox.rule("limit", path="createSession", times=0, retry_after="86400")
        refused = service.api.connect("alice.test")
        self.assertEqual(refused["status"], "refused")
        told = [event for event in service.data.events() if event["type"] == "integration_refused"]
        self.assertEqual([event["data"]["code"] for event in told], ["platform_rate_limited"])


if __name__ == "__main__":
    harness.main()
