#!/usr/bin/env python3
"""A data folder that was copied or restored: nothing is sent by itself, for the original may have sent it already."""

import harness
from harness import Serve, later, run, wait_until


class RestoredCopy(harness.Case):
    def make_copy(self):
        """A copy of a stopped folder, served when the first of two posts has become due."""
        sandbox = self.world.sandbox()
        options = ("--allow-loopback", str(sandbox.api.port))
        original = Serve(self.world, self.world.data(), sandbox=False, options=options).start()
        integration = original.api.connect(service=sandbox.url)
        soon = original.api.publish("due before the copy is noticed", integration, schedule={"at": later(4)})
        last = original.api.publish("due afterwards", integration, schedule={"at": later(12)})
        original.api.wait_post(last, "queued")
        original.stop()
        due = harness.seconds_of(soon["publish_at"])
        wait_until(lambda: harness.time.time() > due, 20, "the first post's instant")
        copy = original.data.copy(self.world.folder / "copy")
        service = Serve(self.world, copy, sandbox=False, options=options, name="copy").start()
        return sandbox, service, soon, last

    def test_nothing_is_sent_until_a_person_confirms_and_what_was_due_already_is_never_sent_by_itself(self):
        sandbox, service, soon, last = self.make_copy()
        api, data = service.api, service.data
        self.assertIn("starts_suspended", [event["type"] for event in data.events()])
        for post in (soon, last):
            self.assertEqual(api.read_post(post)["targets"][0]["held"], "starts_suspended")
        due = harness.seconds_of(last["publish_at"])
        wait_until(lambda: harness.time.time() > due + 2, 30, "2 s past the second post's instant")
        self.assertEqual(sandbox.texts(), [])
        confirmed = run("confirm", "--data", data.path)
        self.assertEqual(confirmed.returncode, 0, confirmed.stdout + confirmed.stderr)
        api.wait_post(last, "published", within_s=60)
        self.assertEqual(sandbox.texts(), ["due afterwards"])
        self.assertEqual(api.read_post(soon)["targets"][0]["held"], "starts_suspended")
        self.assertEqual(api.post(f"/v1/posts/{soon['id']}/cancel").json()["status"], "cancelled")
        types = [event["type"] for event in data.events()]
        self.assertLess(types.index("starts_suspended"), types.index("starts_confirmed"))
        service.stop()
        self.assert_verified_and_replayed(data)

    def test_a_backup_restored_over_the_folder_itself_sends_nothing_again(self):
        """cp -a over the files keeps their inodes: what tells is that the file `installation` was written again."""
        sandbox = self.world.sandbox()
        options = ("--allow-loopback", str(sandbox.api.port))
        service = Serve(self.world, self.world.data(), sandbox=False, options=options).start()
        integration = service.api.connect(service=sandbox.url)
        post = service.api.publish("sent after the backup", integration, schedule={"at": later(8)})
        service.stop()
        backup = service.data.copy(self.world.folder / "backup")
        service.start()
        service.api.wait_post(post, "published", within_s=60)
        service.stop()
        harness.subprocess.run(["cp", "-a", f"{backup.path}/.", service.data.path], check=True)
        service.start()
        self.assertIn("starts_suspended", [event["type"] for event in service.data.events()])
        self.assertEqual(service.api.read_post(post)["targets"][0]["held"], "starts_suspended")
        self.assertEqual(sandbox.texts(), ["sent after the backup"])

    def test_a_copy_that_is_confirmed_before_its_first_start_holds_what_was_due(self):
        service = self.world.serve()
        post = service.api.publish("due while nobody runs", service.api.connect(), schedule={"at": later(4)})
        service.stop()
        due = harness.seconds_of(post["publish_at"])
        copy = service.data.copy(self.world.folder / "copy")
        wait_until(lambda: harness.time.time() > due, 20, "the post's instant")
        confirmed = run("confirm", "--data", copy.path)
        self.assertEqual(confirmed.stdout, "confirmed: what is scheduled will start\n", confirmed.stderr)
        copied = Serve(self.world, copy, name="copy").start()
        self.assertEqual(copied.api.read_post(post)["targets"][0]["held"], "starts_suspended")
        types = [event["type"] for event in copy.events()]
        self.assertEqual(types.count("starts_suspended"), 1)

    def test_a_folder_given_to_another_owner_before_its_first_start_is_not_suspended(self):
        data = self.world.data()
        harness.os.chmod(harness.pathlib.Path(data.path) / "installation", 0o600)
        service = Serve(self.world, data).start()
        self.assertNotIn("starts_suspended", [event["type"] for event in service.data.events()])

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
