#!/usr/bin/env python3
"""A data folder that was copied or restored: nothing is sent by itself, for the original may have sent it already."""

import harness
from harness import Serve, later, run, wait_until


class RestoredCopy(harness.Case):
    def make_copy(self):
        """A stopped folder with one post that will be due before, and one after, its copy is confirmed."""
        sandbox = self.world.sandbox()
        options = ("--allow-loopback", str(sandbox.api.port))
        original = Serve(self.world, self.world.data(), sandbox=False, options=options).start()
        integration = original.api.connect(service=sandbox.url)
        soon = original.api.publish("due before anybody confirms", integration, schedule={"at": later(6)})
        last = original.api.publish("due afterwards", integration, schedule={"at": later(25)})
        original.api.wait_post(last, "queued")
        original.stop()
        copy = original.data.copy(self.world.folder / "copy")
        service = Serve(self.world, copy, sandbox=False, options=options, name="copy").start()
        return sandbox, service, soon, last

    def test_nothing_is_sent_until_a_person_confirms_and_what_was_due_meanwhile_is_unknown(self):
        sandbox, service, soon, last = self.make_copy()
        api, data = service.api, service.data
        self.assertIn("starts_suspended", [event["type"] for event in data.events()])
        held = wait_until(lambda: api.read_post(soon)["targets"][0]["held"], 10, "held")
        self.assertEqual(held, "starts_suspended")
        due = harness.seconds_of(soon["publish_at"])
        wait_until(lambda: harness.time.time() > due + 3, 30, "3 s past the first post's instant")
        self.assertEqual(sandbox.texts(), [])
        confirmed = run("confirm", "--data", data.path)
        self.assertEqual(confirmed.returncode, 0, confirmed.stdout + confirmed.stderr)
        api.wait_post(last, "published", within_s=60)
        self.assertEqual(sandbox.texts(), ["due afterwards"])
        target = wait_until(lambda: (now := api.read_post(soon)["targets"][0])["status"] == "unknown" and now, 20,
                            "unknown: what was due while nobody had confirmed")
        resolved = api.post(f"/v1/posts/{soon['id']}/targets/{target['id']}/resolve", {"resolution": "abandoned"})
        self.assertEqual(resolved.status, 200, resolved)
        types = [event["type"] for event in data.events()]
        self.assertLess(types.index("starts_suspended"), types.index("starts_confirmed"))
        service.stop()
        self.assert_verified_and_replayed(data)

    def test_a_folder_that_only_stood_still_is_not_suspended(self):
        service = self.world.serve()
        service.stop()
        service.start()
        post = service.api.publish("as before", service.api.connect())
        service.api.wait_post(post, "published")
        self.assertNotIn("starts_suspended", [event["type"] for event in service.data.events()])
        self.assertEqual(run("confirm", "--data", service.data.path).stdout, "nothing was suspended\n")


if __name__ == "__main__":
    harness.main()
