#!/usr/bin/env python3
"""Two schedulers on one ledger: whatever both of them want to start, the ledger grants once."""

import collections

import harness
from harness import Parts, later, wait_until

POSTS = 50


class TwoSchedulers(harness.Case):
    def test_fifty_posts_that_are_due_at_once_are_live_exactly_once_each(self):
        sandbox = self.world.sandbox()
        parts = Parts(self.world, self.world.data(), [sandbox.api.port], service=sandbox.url)
        parts.add("second", "scheduler", *parts.scheduler_arguments())
        parts.start()
        accounts = [parts.api.connect(f"account-{number}.test") for number in range(5)]
        at = later(15)
        posts = [parts.api.publish(f"post {number}", accounts[number % 5], schedule={"at": at})
                 for number in range(POSTS)]
        for post in posts:
            self.assertEqual(parts.api.wait_post(post, "published", "failed", within_s=60)["status"], "published")
        self.assertEqual(collections.Counter(sandbox.texts()),
                         collections.Counter(f"post {number}" for number in range(POSTS)))
        self.assertEqual(sandbox.live()["duplicates"], 0)
        asked = parts.api.figures()["openpost_ledger_commands_total"]
        parts.stop()
        self.assert_verified_and_replayed(parts.data)
        events = parts.data.events()
        starts = collections.Counter(event["stream"] for event in events if event["type"] == "attempt_started")
        self.assertEqual(set(starts.values()), {1})
        granted = len({event["command_id"] for event in events})
        self.assertGreater(asked - granted, POSTS // 2, "both asked for the locks and starts that one of them was granted")

    def test_when_one_of_them_dies_the_other_goes_on(self):
        sandbox = self.world.sandbox()
        parts = Parts(self.world, self.world.data(), [sandbox.api.port], service=sandbox.url)
        parts.add("second", "scheduler", *parts.scheduler_arguments())
        parts.start()
        account = parts.api.connect()
        parts.api.wait_post(parts.api.publish("with two", account), "published")
        parts["scheduler"].kill9()
        parts.api.wait_post(parts.api.publish("with one", account), "published")
        wait_until(lambda: parts.api.get("/readyz").status == 200, 10, "ready with one scheduler")
        parts["second"].kill9()
        wait_until(lambda: parts.api.get("/readyz").status == 503, 20, "not ready without a scheduler")


if __name__ == "__main__":
    harness.main()
