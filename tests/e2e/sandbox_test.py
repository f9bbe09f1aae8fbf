#!/usr/bin/env python3
"""The simulated platform itself: what it was made to keep, it shows after any end of its process, and of the service."""

import resource

import harness

WHO = {"identifier": "carol.test", "password": "any"}
POSTS = "app.bsky.feed.post"


class Kept(harness.Case):
    def start(self, **options):
        """A sandbox that keeps its records in self.file."""
        self.file = self.world.folder / "records"
        port = harness.free_port()
        self.process = self.world.process("sandbox", [harness.EXECUTABLE, "sandbox", "--listen", f"127.0.0.1:{port}",
                                                      "--keep", self.file], **options).start()
        self.platform = harness.Sandbox(f"http://127.0.0.1:{port}")
        self.session = self.call("server.createSession", WHO).json()

    def call(self, name, body):
        token = {"Authorization": "Bearer " + self.session["accessJwt"]} if "session" in self.__dict__ else {}
        return self.platform.api.post("/xrpc/com.atproto." + name, body, token)

    def create(self, key, text):
        record = {"$type": POSTS, "text": text, "createdAt": "2026-04-20T14:00:00Z"}
        return self.call("repo.createRecord", {"repo": self.session["did"], "collection": POSTS, "rkey": key, "record": record})

    def read(self, key):
        return self.platform.api.get(f"/xrpc/com.atproto.repo.getRecord?repo={self.session['did']}&collection={POSTS}&rkey={key}")

    def test_a_killed_platform_begins_where_it_stopped_with_what_it_had_answered(self):
        self.start()
        made = self.create("3aaaaaaaaaaaa", "stays “as it is”\nwith its second line")
        self.assertEqual(self.create("3bbbbbbbbbbbb", "goes").status, 200)
        self.assertEqual(self.call("repo.deleteRecord", {"collection": POSTS, "rkey": "3bbbbbbbbbbbb"}).status, 200)
        shown, posts, live = self.read("3aaaaaaaaaaaa"), self.platform.posts(), self.platform.live()
        self.assertEqual((made.status, shown.status, len(posts)), (200, 200, 1))
        self.process.kill9()
        with open(self.file, "a", encoding="utf-8") as file:
            file.write('{"did":"did:plc:whose line was being wri')
        self.process.start()
        self.assertEqual(self.platform.posts(), posts)
        self.assertEqual(self.platform.live()["creates"], live["creates"])
        self.assertEqual(self.read("3aaaaaaaaaaaa").json(), shown.json())
        self.assertEqual(self.read("3bbbbbbbbbbbb").status, 400)
        self.assertEqual(self.create("3aaaaaaaaaaaa", "again").status, 500, "the key is taken")
        self.assertEqual(self.create("3cccccccccccc", "behind the line that was cut off").status, 200)
        posts = self.platform.posts()
        self.process.stop()
        self.process.start()
        self.assertEqual(self.platform.posts(), posts)

    def test_what_cannot_be_kept_has_not_happened(self):
        self.start(limits=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
        answers = [self.create(f"3aaaaaaaaaaa{letter}", letter * 100).status for letter in "abcdef"]
        self.assertIn(200, answers)
        self.assertIn(500, answers)
        posts = self.platform.posts()
        self.assertEqual(len(posts), answers.count(200))
        self.process.kill9()
        self.process.start()
        self.assertEqual(self.platform.posts(), posts)

    def test_two_platforms_do_not_share_a_file_and_a_file_of_something_else_is_refused(self):
        self.start()
        port = harness.free_port()
        second = ("sandbox", "--listen", f"127.0.0.1:{port}", "--keep")
        ended = harness.run(*second, self.file)
        self.assertEqual(ended.returncode, 2, ended)
        other = self.world.folder / "other"
        other.write_text('{"name":"something else"}\n', encoding="utf-8")
        ended = harness.run(*second, other)
        self.assertEqual(ended.returncode, 2, ended)
        self.assertIn(str(other), ended.stderr)
        self.assertEqual(other.read_text(encoding="utf-8"), '{"name":"something else"}\n')

    def test_the_service_finds_its_platform_as_it_left_it(self):
        service = self.world.serve()
        integration = service.api.connect()
        post = service.api.wait_post(service.api.publish("before the restart", integration), "published")
        posts = service.sandbox.posts()
        self.assertEqual([one["record"]["text"] for one in posts], ["before the restart"])
        service.stop()
        service.start()
        self.assertEqual(service.sandbox.posts(), posts)
        self.assertEqual(service.api.read_post(post)["status"], "published")

    def test_beside_the_simulated_platform_nothing_is_reached(self):
        service = self.world.serve()
        for real in ("https://1.1.1.1", "https://bsky.social"):
            refused = service.api.connect(service=real)
            self.assertEqual((refused["status"], refused["error"]["code"]), ("refused", "address_refused"), real)
        post = service.api.publish({"text": "its page is not read", "link": "http://1.1.1.1/page"}, service.api.connect())
        service.api.wait_post(post, "published")
        card = service.sandbox.posts()[0]["record"]["embed"]["external"]
        self.assertEqual((card["uri"], card["title"], "thumb" in card), ("http://1.1.1.1/page", "1.1.1.1", False))
        service.stop()


if __name__ == "__main__":
    harness.main()
