#!/usr/bin/env python3
"""The log as an editor has it: the events and proofs of the posts that they wrote, whether they come with a key or signed in; any
other event is for them as one that is not there."""

import socket

import harness
from event_stream_test import DRAFT, Stream
from harness import Api, run
from sign_in_test import Browser, person

MANY = 1100  # more than one look at the log goes over (SIGHT_LOOKS_MAX)


class SessionStream(Stream):
    """The stream of somebody who is signed in."""

    def __init__(self, browser, query=""):
        self.socket = socket.create_connection(("127.0.0.1", browser.api.port), timeout=20)
        head = f"GET /v1/events/stream{query} HTTP/1.1\r\nHost: x\r\nCookie: openpost={browser.cookie}\r\n\r\n"
        self.socket.sendall(head.encode())
        self.file, self.rest = self.socket.makefile("rb"), b""
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass


class OwnEvents(harness.Case):
    @classmethod
    def make_world(cls):
        data = cls.world.data("data", "--slug", "acme")
        cls.service = cls.world.serve(data)
        made = data.another_key
        cls.owner, cls.port = cls.service.api, cls.service.port
        cls.editor, cls.other = (Api(cls.port, made(name, "editor")) for name in ("editor", "other"))
        cls.auditor = Api(cls.port, made("auditor", "auditor"))
        person(data, "eve", "--workspace", "acme", "--role", "editor")
        cls.data = data
        cls.eve = Browser(cls.port)
        assert cls.eve.sign_in("eve").status == 201

    def draft(self, who=None):
        made = (who or self.editor).post("/v1/posts", DRAFT)
        self.assertEqual(made.status, 201, made)
        return made.json()["id"]

    def pages(self, get, query=""):
        """All events that get's holder is told of, and how many pages they were."""
        events, cursor, pages = [], "", 0
        while True:
            page = get(f"/v1/events?limit=200{query}{cursor}")
            self.assertEqual(page.status, 200, page)
            events += page.json()["data"]
            pages += 1
            if cursor == (cursor := "&cursor=" + page.json()["next_cursor"]):
                return events, pages
            query = ""

    def head(self):
        return self.pages(self.owner.get)[0][-1]["workspace_seq"]

    def as_eve(self, path):
        return self.eve.ask("GET", path)

    def whole(self, streams):
        return [event for event in self.pages(self.owner.get)[0] if event["stream"] in streams]

    def test_pages_hold_the_events_of_ones_own_posts_and_no_other(self):
        own, others = [self.draft() for _ in range(3)], [self.draft(who) for who in (self.owner, self.other)]
        for actor in (self.owner, self.editor):  # what others do to a post of theirs they see; what they do to another's they do not
            for post in (own[0], others[0]):
                edited = actor.request("PATCH", f"/v1/posts/{post}", {"labels": [actor.key[:9]]}, {"If-Match": "*"})
                self.assertEqual(edited.status, 200, edited)
        copied = self.editor.post(f"/v1/posts/{others[1]}/duplicate").json()["id"]
        copy_of_own = self.owner.post(f"/v1/posts/{own[2]}/duplicate").json()["id"]
        self.assertEqual(self.editor.request("DELETE", f"/v1/posts/{own[1]}", headers={"If-Match": "*"}).status, 204)
        told = self.pages(self.editor.get)[0]
        told = [event for event in told if event["stream"] in {*own, *others, copied, copy_of_own}]
        self.assertEqual(told, self.whole({*own, copied}))
        self.assertEqual([event["type"] for event in told].count("post_deleted"), 1)
        self.assertEqual(self.pages(self.auditor.get)[0], self.pages(self.owner.get)[0])
        every = self.pages(self.editor.get)[0]
        self.assertEqual({event["stream"][:5] for event in every}, {"post_"})

    def test_whoever_is_signed_in_has_what_the_member_wrote(self):
        made = self.eve.ask("POST", "/v1/posts", DRAFT)
        self.assertEqual(made.status, 201, made)
        again = Browser(self.port)  # another session of hers
        self.assertEqual(again.sign_in("eve").status, 201)
        other = self.draft()
        for browser in (self.eve, again):
            told = self.pages(lambda path: browser.ask("GET", path))[0]
            self.assertIn(made.json()["id"], {event["stream"] for event in told})
            self.assertEqual({event["actor_id"] for event in told}, {made.json()["author_id"]})
            self.assertNotIn(other, {event["stream"] for event in told})
        self.assertNotIn(made.json()["id"], {event["stream"] for event in self.pages(self.editor.get)[0]})

    def test_proofs_are_of_ones_own_posts_events_and_any_other_is_as_one_that_is_not_there(self):
        own, others = self.draft(), self.draft(self.other)
        mine, theirs = (self.whole({post})[0]["workspace_seq"] for post in (own, others))
        proof = self.editor.get(f"/v1/log/proof/{mine}")
        self.assertEqual((proof.status, proof.body), (200, self.owner.get(f"/v1/log/proof/{mine}").body))
        self.assertEqual(self.owner.get(f"/v1/log/proof/{theirs}").status, 200)
        for get in (self.editor.get, self.as_eve):
            missed, unknown = get(f"/v1/log/proof/{theirs}"), get("/v1/log/proof/123456789")
            self.assert_problem(missed, 404, "not_found")
            self.assertEqual({**missed.json(), "request_id": 0}, {**unknown.json(), "request_id": 0})
            self.assertEqual(missed.headers.keys(), unknown.headers.keys())
        self.assert_problem(self.editor.get("/v1/log/proof/1"), 404, "not_found")  # the workspace's own beginning

    def test_an_editor_verifies_a_proof_without_anybodys_help(self):
        post = self.draft()
        number = self.whole({post})[0]["workspace_seq"]
        file = self.world.folder / "own.tlog-proof"
        file.write_bytes(self.editor.get(f"/v1/log/proof/{number}").body)
        verifier = self.editor.get("/v1/log/verifier").body.decode().strip()
        shown = run("verify", "--proof", file, "--verifier", verifier)
        self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
        self.assertEqual(self.editor.get("/v1/log/checkpoint").status, 200)

    def test_a_page_of_what_others_did_is_short_and_leads_on(self):
        before, first = self.head(), self.draft()
        for _ in range(MANY):
            self.draft(self.other)
        last = self.draft()
        told, pages = self.pages(self.editor.get, f"&after={before}")
        self.assertEqual([event["stream"] for event in told if event["type"] == "post_created"], [first, last])
        self.assertGreaterEqual(pages, 3)  # one that ends among the others', one with the last, one that says so
        self.assertLessEqual(pages, 5)
        empty = self.editor.get(f"/v1/events?after={told[0]['workspace_seq']}&limit=1").json()
        self.assertEqual(empty["data"], [])
        self.assertEqual(self.editor.get(f"/v1/events?limit=1&cursor={empty['next_cursor']}").json()["data"][0]["stream"], last)
        stream = Stream(self.editor, last=before)
        self.assertEqual([stream.next_event()["event"] for _ in range(2)], ["post_created"] * 2)
        stream.close()

    def test_a_stream_tells_of_ones_own_posts_and_moves_on_over_others(self):
        for open_stream, who in ((lambda: Stream(self.editor), self.editor), (lambda: SessionStream(self.eve), None)):
            stream = open_stream()
            self.assertEqual(stream.status, 200)
            other = self.draft(self.other)
            passed = stream.next()
            self.assertEqual(set(passed), {"id"})  # nothing but how far it is
            self.assertGreaterEqual(int(passed["id"]), self.whole({other})[0]["workspace_seq"])
            own = self.draft(who) if who else self.eve.ask("POST", "/v1/posts", DRAFT).json()["id"]
            event = stream.next_event()
            self.assertEqual((event["event"], own in event["data"]), ("post_created", True))
            stream.close()
        again = Stream(self.editor, last=passed["id"])  # as a browser does when it connects again
        self.draft()
        self.assertGreater(int(again.next_event()["id"]), int(passed["id"]))
        again.close()

    def test_what_a_stream_tells_follows_the_role(self):
        """Who is no longer an admin sees from the next look on what an editor does."""
        user = person(self.data, "max", "--workspace", "acme", "--role", "admin")
        member = next(one for one in self.owner.get("/v1/members?limit=200").json()["data"] if one["user_id"] == user)
        max_ = Browser(self.port)
        self.assertEqual(max_.sign_in("max").status, 201)
        stream = SessionStream(max_, f"?after={self.head()}")
        seen = self.draft(self.other)
        while seen not in stream.next_event()["data"]:
            pass
        changed = self.owner.request("PATCH", f"/v1/members/{member['id']}", {"role": "editor"}, {"If-Match": "*"})
        self.assertEqual(changed.status, 200, changed)
        at = self.head()
        block = stream.next()
        while int(block["id"]) < at:
            block = stream.next()
        hidden = self.draft(self.other)
        own = max_.ask("POST", "/v1/posts", DRAFT).json()["id"]
        event = stream.next_event()
        self.assertNotIn(hidden, event["data"])
        self.assertIn(own, event["data"])
        stream.close()


if __name__ == "__main__":
    harness.main()
