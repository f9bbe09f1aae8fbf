#!/usr/bin/env python3
"""SIGTERM while posts go out: what was sent is recorded before the end, what was not is sent after the next start."""

import collections
import time

import harness
from harness import Serve, later, wait_until

POSTS = 200
ACCOUNTS = 4
LATENCY_MS = 300  # of each of the platform's answers
STOP_WITHIN_S = 15  # the top README's word


class Stop(harness.Case):
    def outcomes(self, data):
        """attempt -> its outcome, None while it has none; and how many were settled by a reading."""
        outcomes, settled = {}, 0
        for event in data.events():
            if event["type"] == "attempt_started":
                outcomes[event["data"]["attempt_id"]] = None
            elif event["type"] == "attempt_finished":
                outcomes[event["data"]["attempt_id"]] = event["data"]["outcome"]
            settled += event["type"] == "attempt_settled"
        return outcomes, settled

    def test_a_stop_in_the_middle_of_a_burst_leaves_nothing_to_be_read_back(self):
        sandbox = self.world.sandbox("--latency", LATENCY_MS)
        data = self.world.data()
        service = Serve(self.world, data, sandbox=False, options=("--allow-loopback", str(sandbox.port))).start()
        accounts = [service.api.connect(f"burst-{number}.test", sandbox.url) for number in range(ACCOUNTS)]
        due = later(15)
        posts = [service.api.publish(f"burst {number}", accounts[number % ACCOUNTS], schedule={"at": due})
                 for number in range(POSTS)]
        wait_until(lambda: sandbox.creates() >= POSTS // 10, 60, "in the middle of the burst")
        before = time.monotonic()
        service.stop()
        took_s = time.monotonic() - before
        outcomes, settled = self.outcomes(data)
        counts = collections.Counter(outcomes.values())
        print(f"stopped in {took_s:.1f} s; attempts: {dict(counts)}")
        self.assertLess(took_s, STOP_WITHIN_S)
        self.assertEqual(set(counts), {"accepted", "deferred"})
        self.assertEqual((counts["accepted"], settled), (sandbox.creates(), 0))
        service.start()
        for post in posts:
            service.api.wait_post(post, "published", within_s=60)
        service.stop()
        outcomes, settled = self.outcomes(data)
        self.assertEqual(settled, 0)
        self.assertEqual((sandbox.creates(), collections.Counter(outcomes.values())["accepted"]), (POSTS, POSTS))
        self.assert_verified_and_replayed(data)


if __name__ == "__main__":
    harness.main()
