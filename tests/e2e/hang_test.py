#!/usr/bin/env python3
"""An adapter that hangs is told of within some 20 s, is not ended, and what it was given is live exactly once; the process that talks to
identity providers is told of, too, and nobody but who would sign in through one is hit."""

import os
import signal

import harness
from harness import Parts, free_port, wait_until
from sign_in_test import Browser, person

TOLD_WITHIN_S = 25  # 15 s of silence, and as long as its figures travel


class Told(harness.Case):
    def degraded(self, api):
        ready = api.get("/readyz")
        self.assertEqual(ready.status, 200, ready)
        return ready.json()["degraded"]


class Hang(Told):
    def adapter(self, service):
        return harness.children(service.process.child.pid)["openpost-bsky"]

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


class Identity(Told):
    def assert_told(self, api):
        (told,) = wait_until(lambda: self.degraded(api), TOLD_WITHIN_S, "told that the identity process does not answer")
        self.assertEqual(told["code"], "identity_silent")
        self.assertRegex(told["since"], "^20.*Z$")
        self.assertIn("kill -9", told["next"])
        self.assertGreater(api.figures()["openpost_identity_silent_ms"], 10000)

    def test_one_that_is_stopped_is_told_of_until_it_goes_on_and_all_else_works(self):
        data = self.world.data("data", "--slug", "acme", "--name", "Acme")
        person(data, "ada", "--workspace", "acme", "--role", "editor")
        service = self.world.serve(data)
        identity = harness.children(service.process.child.pid)["openpost-idp"]
        wait_until(lambda: service.api.figures()["openpost_identity_silent_ms"] == 0, 10, "an answer to a greeting")
        os.kill(identity, signal.SIGSTOP)
        self.assert_told(service.api)
        ada = Browser(service.port)
        self.assertEqual(ada.sign_in("ada").status, 201)
        self.assertEqual(ada.ask("POST", "/v1/posts", {"content": {"text": "as ever"}}).status, 201)
        service.api.wait_post(service.api.publish("goes out", service.api.connect()), "published")
        self.assertEqual(harness.children(service.process.child.pid)["openpost-idp"], identity, "nobody ends it")
        os.kill(identity, signal.SIGCONT)
        wait_until(lambda: not self.degraded(service.api), 10, "nothing degraded")
        self.assertEqual(service.api.figures()["openpost_identity_silent_ms"], 0)
        service.stop()

    def test_one_that_is_not_there_is_told_of(self):
        parts = Parts(self.world, self.world.data())
        parts["gateway"].argv += ["--identity", f"tcp://127.0.0.1:{free_port()}"]
        parts.start()
        self.assert_told(parts.api)
        parts.stop()

    def test_a_gateway_that_has_none_says_nothing_of_it(self):
        parts = Parts(self.world, self.world.data()).start()
        service = self.world.serve(self.world.data("other"))  # one that has it is not told of either, as long as another's is
        wait_until(lambda: parts.api.get("/readyz").status == 200, 20, "ready")
        for _ in range(40):
            self.assertEqual((self.degraded(parts.api), self.degraded(service.api)), ([], []))
            self.assertLess(service.api.figures()["openpost_identity_silent_ms"], 10000)
        self.assertEqual(parts.api.figures()["openpost_identity_silent_ms"], 0)
        service.stop()
        parts.stop()


if __name__ == "__main__":
    harness.main()
