#!/usr/bin/env python3
"""A data folder that was copied or restored: nothing is sent by itself, for the original may have sent it already."""

import harness
from harness import Serve, later, run, wait_until


class RestoredCopy(harness.Case):
    def make_copy(self):
        """A copy of a stopped folder, served when the first of three posts has become due."""
        sandbox = self.world.sandbox()
        options = ("--allow-loopback", str(sandbox.api.port))
        original = Serve(self.world, self.world.data(), sandbox=False, options=options).start()
        integration = original.api.connect(service=sandbox.url)
        soon = original.api.publish("due before the copy is noticed", integration, schedule={"at": later(4)})
        held = original.api.publish("due before a person confirms", integration, schedule={"at": later(12)})
        last = original.api.publish("due afterwards", integration, schedule={"at": later(50)})
        original.api.wait_post(last, "queued")
        original.stop()
        due = harness.seconds_of(soon["publish_at"])
        wait_until(lambda: harness.time.time() > due, 20, "the first post's instant")
        copy = original.data.copy(self.world.folder / "copy")
        service = Serve(self.world, copy, sandbox=False, options=options, name="copy").start()
        return sandbox, service, soon, held, last

    def ask_person(self, api, post):
        """Waits until a person is needed; returns the address of the post's target."""
        wait_until(lambda: api.read_post(post)["targets"][0]["status"] == "unknown", 30, "the target is unknown")
        target = api.read_post(post)["targets"][0]
        self.assertTrue(target["needs_person"])
        return f"/v1/posts/{post['id']}/targets/{target['id']}"

    def test_nothing_is_sent_until_a_person_confirms_and_what_was_due_by_then_needs_that_person(self):
        sandbox, service, soon, held, last = self.make_copy()
        api, data = service.api, service.data
        self.assertIn("starts_suspended", [event["type"] for event in data.events()])
        for post in (soon, held, last):
            self.assertEqual(api.read_post(post)["targets"][0]["held"], "starts_suspended")
        due = harness.seconds_of(held["publish_at"])
        wait_until(lambda: harness.time.time() > due + 2, 30, "2 s past the second post's instant")
        self.assertEqual(sandbox.texts(), [])
        ready = api.get("/readyz")
        self.assertEqual((ready.status, [one["code"] for one in ready.json()["degraded"]]), (200, ["starts_suspended"]))
        self.assertIn("not where it was", ready.json()["degraded"][0]["reason"])
        figures = wait_until(lambda: (now := api.figures())["openpost_ledger_targets_held"] == 2 and now, 10,
                             "two targets are held")
        self.assertEqual(figures["openpost_starts_suspended"], 1)
        confirmed = run("confirm", "--data", data.path)
        self.assertEqual(confirmed.returncode, 0, confirmed.stdout + confirmed.stderr)
        place = self.ask_person(api, soon)
        self.ask_person(api, held)
        self.assertEqual(api.get("/readyz").json()["degraded"], [])
        waiting = api.get("/v1/posts?attention=needs_person&order=publish_at").json()["data"]
        self.assertEqual([one["id"] for one in waiting], [soon["id"], held["id"]])
        self.assertEqual(api.figures()["openpost_posts_needs_person"], 2)
        found = api.post(place + "/resolve", {"resolution": "published", "url": "https://x/1"})
        self.assertEqual(found.status, 200, found)
        self.assertEqual(api.read_post(soon)["status"], "published")
        place = self.ask_person(api, held)
        self.assertEqual(api.post(f"/v1/posts/{held['id']}/cancel").status, 409)
        api.wait_post(last, "published", within_s=90)
        self.assertEqual(sandbox.texts(), ["due afterwards"])
        self.assertEqual(api.post(place + "/resolve", {"resolution": "absent", "retry": True}).status, 200)
        api.wait_post(held, "published", within_s=60)
        self.assertEqual(sandbox.texts(), ["due afterwards", "due before a person confirms"])
        types = [event["type"] for event in data.events()]
        self.assertLess(types.index("starts_suspended"), types.index("starts_confirmed"))
        service.stop()
        self.assert_verified_and_replayed(data)

    def test_an_older_log_alone_put_in_place_sends_nothing_again(self):
        """Written over the same file, so that no inode tells: what tells is that the read models stand ahead of it."""
        sandbox = self.world.sandbox()
        options = ("--allow-loopback", str(sandbox.api.port))
        service = Serve(self.world, self.world.data(), sandbox=False, options=options).start()
        integration = service.api.connect(service=sandbox.url)
        post = service.api.publish("sent after the backup", integration, schedule={"at": later(8)})
        service.stop()
        log, backup = service.data.path / "log", self.world.folder / "log"
        harness.subprocess.run(["cp", "-a", log, backup], check=True)
        service.start()
        service.api.wait_post(post, "published", within_s=60)
        service.stop()
        for name in ("data.mdb", "checkpoint"):
            harness.subprocess.run(["cp", backup / name, log / name], check=True)
        service.start()
        self.assertIn("starts_suspended", [event["type"] for event in service.data.events()])
        self.assertEqual(service.api.read_post(post)["targets"][0]["held"], "starts_suspended")
        self.assertEqual(sandbox.texts(), ["sent after the backup"])
        service.stop()
        service.start()
        self.assertEqual(service.api.read_post(post)["targets"][0]["held"], "starts_suspended")

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
        self.assertEqual(confirmed.stdout, "confirmed: what is due from now on will start; what was due until now needs a person\n"
                         "keys and accounts are as they were when the copy was made: check openpost key list, revoke again what was "
                         "revoked since\n", confirmed.stderr)
        copied = Serve(self.world, copy, name="copy").start()
        self.ask_person(copied.api, post)
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
