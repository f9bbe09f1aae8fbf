#!/usr/bin/env python3
"""An adapter that hangs is told of within some 20 s, is not ended, and what it was given is live exactly once."""

import os
import signal

import harness
from harness import wait_until

TOLD_WITHIN_S = 25  # 15 s of silence, and as long as its figures travel


class Hang(harness.Case):
    def adapter(self, service):
        return harness.children(service.process.child.pid)["openpost-bsky"]

    def degraded(self, api):
        ready = api.get("/readyz")
        self.assertEqual(ready.status, 200, ready)
        return ready.json()["degraded"]

    def test_an_adapter_that_is_stopped_is_told_of_until_it_goes_on(self):
        service = self.world.serve()
        api, adapter = service.api, self.adapter(service)
        account = api.connect()
        os.kill(adapter, signal.SIGSTOP)
        post = api.publish("given to an adapter that hangs", account)
        told = wait_until(lambda: self.degraded(api), TOLD_WITHIN_S, "told that the adapter hangs")
        self.assertEqual([one["code"] for one in told], ["adapter_silent"])
        self.assertRegex(told[0]["since"], "^20.*Z$")
        self.assertIn("kill -9", told[0]["next"])
        self.assertGreater(api.figures()["openpost_ledger_adapter_silent_ms"], 15000)
        self.assertIn("what=adapter_silent channel=bluesky", service.process.output())
        self.assertEqual(service.sandbox.creates(), 0)
        self.assertEqual(self.adapter(service), adapter, "nobody ends a process that may know an outcome")
        os.kill(adapter, signal.SIGCONT)
        wait_until(lambda: not self.degraded(api), 5, "nothing degraded")
        self.assertIn("what=adapter_answers channel=bluesky", service.process.output())
        api.wait_post(post, "published", within_s=180)
        self.assertEqual(service.sandbox.texts(), ["given to an adapter that hangs"])
        self.assertEqual(service.sandbox.creates(), 1)
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_a_service_that_nobody_asks_anything_of_does_not_look_hung(self):
        service = self.world.serve()
        service.api.connect()
        longest = [0]

        def held_for_long():
            longest[0] = max(longest[0], service.api.figures()["openpost_ledger_adapter_silent_ms"])
            return longest[0] >= 8000
        wait_until(held_for_long, 30, "a question held for nearly as long as it may be")
        wait_until(lambda: service.api.figures()["openpost_ledger_adapter_silent_ms"] < 5000, 10, "its answer")
        self.assertEqual(self.degraded(service.api), [])
        self.assertNotIn("adapter_silent ", service.process.output())
        service.stop()


if __name__ == "__main__":
    harness.main()
