#!/usr/bin/env python3
"""The punctuality report against the log: every attempt, outcome and end is counted once, and no quantile lies."""

import collections
import random
import time

import harness
from harness import later, seconds_of, wait_until

POSTS = 300
WORDS = {"absent": "try_again"}  # the report counts both as certainly not accepted
COUNTS = ("attempts", "accepted", "try_again", "deferred", "unauthorized", "refused", "unknown", "published", "failed",
          "missed")


class Day:
    """What the log says of one account on one day."""

    def __init__(self):
        self.counts, self.starts, self.receipts = collections.Counter(), [], []


def days_of(events):
    """The report, counted again from the log's events alone, by its definition: a target's day is that of its instant,
    a first comment counts nowhere, lateness is that of durable starts and of receipts."""
    accounts, due, comments, days = {}, {}, set(), collections.defaultdict(Day)

    def day(target):
        return days[accounts[target], time.strftime("%Y-%m-%d", time.gmtime(seconds_of(due[target])))]

    def late_ms(event, instant):
        return round((seconds_of(event["time"]) - seconds_of(instant)) * 1000)

    for event in events:
        kind, data = event["type"], event["data"]
        target = data.get("target_id")
        counted = (target, data.get("part")) not in comments
        if kind == "post_created":
            accounts.update({one["target_id"]: one["integration_id"] for one in data["targets"]})
        elif kind == "post_scheduled":
            due.update({one["target_id"]: one["due_at"] for one in data["targets"]})
        elif kind == "targets_retried":
            due.update({one["target_id"]: data["due_at"] for one in data["targets"]})
        elif kind == "post_locked":
            for one in data["targets"]:
                comments.update((one["target_id"], at) for at, part in enumerate(one["parts"], 1) if part["first_comment"])
                if one["code"]:
                    day(one["target_id"]).counts["failed"] += 1
        elif kind == "attempt_started" and counted:
            day(target).counts["attempts"] += 1
            day(target).starts.append(late_ms(event, data["due_at"]))
        elif kind in ("attempt_finished", "attempt_settled") and counted:
            day(target).counts[WORDS.get(data["outcome"], data["outcome"])] += 1
        elif kind == "target_finished":
            day(target).counts[data["status"]] += 1
            if data["status"] == "published":
                day(target).receipts.append(late_ms(event, due[target]))
        elif kind == "targets_missed":
            for one in data["targets"]:
                day(one["target_id"]).counts["missed"] += 1
    return days


class Punctuality(harness.Case):
    def assert_lateness(self, told, values):
        """A quantile is the upper end of its bucket: never below the truth, at most half above it."""
        values = sorted(max(value, 0) for value in values)
        self.assertEqual((told["count"], told["max_ms"]), (len(values), max(values, default=0)))
        for name, share in (("p50_ms", 50), ("p99_ms", 99)):
            truth = values[-(-len(values) * share // 100) - 1] if values else 0
            self.assertLessEqual(truth, told[name])
            self.assertLessEqual(told[name], min(truth * 1.5 + 1, told["max_ms"]))

    def assert_report(self, data, api):
        """Reads the report between two equal logs, and compares."""
        def quiet():
            before = data.events()
            report = api.get("/v1/punctuality").json()["data"]
            return len(data.events()) == len(before) and (before, report)
        events, report = wait_until(quiet, 20, "a log that stands still")
        days = days_of(events)
        self.assertEqual({(one["integration_id"], one["date"]) for one in report}, set(days))
        for one in report:
            day = days[one["integration_id"], one["date"]]
            self.assertEqual({name: one[name] for name in COUNTS}, {name: day.counts[name] for name in COUNTS})
            self.assert_lateness(one["start_lateness"], day.starts)
            self.assert_lateness(one["receipt_lateness"], day.receipts)
        return sum((day.counts for day in days.values()), collections.Counter())

    def publish_many(self, api, accounts, sandbox):
        """Posts with every fault that an answer can have; some to two accounts, some threads, some with a comment."""
        prng = random.Random(7)
        faults = ("refuse", "limit", "error_after_accepting", "error_before", "truncated")
        for fault in faults:
            sandbox.rule(fault, contains=f"goes {fault}", times=8, value_ms=2000)
        sandbox.rule("unauthorized", contains="number 26 ", times=2)
        posts = []
        for n in range(POSTS):
            fault = prng.choice(faults) if n % 3 == 0 else None
            content = {"text": f"number {n} goes {fault}"}
            if n % 10 == 1:
                content["first_comment"] = f"comment {n}"
            if n % 15 == 2:
                content = {"parts": [{"text": f"{n} one"}, {"text": f"{n} two"}]}
            when = {"now": True} if n % 2 else {"at": later(1 + prng.random() * 6)}
            posts.append(api.publish(content, *prng.sample(accounts, 1 + n % 2), schedule=when))
        return posts

    def reconnect(self, api, accounts, sandbox):
        """An answer that an account's credentials are no longer good holds all its posts."""
        path = "/v1/integrations/{}".format
        lost = wait_until(lambda: [one["id"] for one in accounts if api.get(path(one["id"])).json()["status"] == "disconnected"],
                          10, "a lost account")
        for one in lost:
            body = {"identifier": api.get(path(one)).json()["identifier"], "app_password": "new", "service": sandbox.url}
            self.assertEqual(api.post(path(one) + "/reconnect", body).status, 200)

    def settled(self, api, posts):
        """No target waits for anything but a look at the platform."""
        return all(target["waits_for"] in (None, "reading") for post in posts for target in api.read_post(post)["targets"])

    def test_the_report_agrees_with_the_log_whatever_went_wrong(self):
        sandbox = self.world.sandbox()
        options = ("--allow-loopback", str(sandbox.port))
        service = harness.Serve(self.world, self.world.data(), sandbox=False, options=options).start()
        api = service.api
        accounts = [api.connect(f"{name}.test", service=sandbox.url) for name in ("anna", "ben", "cleo")]
        posts = self.publish_many(api, accounts, sandbox)
        self.reconnect(api, accounts, sandbox)
        late = [api.publish(f"late {n}", accounts[0], schedule={"at": later(8)}) for n in range(3)]
        paused = api.post(f"/v1/integrations/{accounts[1]['id']}/pause")
        self.assertEqual(paused.status, 200, paused)
        missed = api.publish("never", accounts[1], not_after=later(2))
        cancelled = api.publish("not at all", accounts[2], schedule={"at": later(3600)})
        self.assertEqual(api.post(f"/v1/posts/{cancelled['id']}/cancel").status, 200)
        api.wait_post(missed, "missed")
        service.stop()
        due = seconds_of(late[0]["publish_at"])
        wait_until(lambda: time.time() > due + 1, 20, "the late ones are due")
        service.start()
        self.assertEqual(api.post(f"/v1/integrations/{accounts[1]['id']}/resume").status, 200)
        for post in late:
            api.wait_post(post, "published")
        wait_until(lambda: self.settled(api, posts), 60, "settled")
        refused = next(post for post in posts if api.read_post(post)["status"] == "failed")
        sandbox.forget_rules()
        self.assertEqual(api.post(f"/v1/posts/{refused['id']}/retry", {"now": True}).status, 200)
        api.wait_post(refused, "published")
        counts = self.assert_report(service.data, api)
        for name in ("accepted", "deferred", "unauthorized", "refused", "unknown", "published", "failed", "missed"):
            self.assertGreater(counts[name], 0, f"nothing was {name}")
        live = sandbox.live()
        self.assertEqual(live["duplicates"], 0)


if __name__ == "__main__":
    harness.main()
