#!/usr/bin/env python3
"""Posts on a real Bluesky PDS, read back through its own API."""

import base64
import hashlib
import http.server
import threading
import time

import pds
from pds import harness, Pds, Proxy
from harness import Serve

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PAGE = """<!doctype html><html><head><title>ignored</title>
<meta property="og:title" content="A page &amp; its caf&#233;"><meta property="og:description" content="What it is about.">
<meta property="og:image" content="/picture.png"></head><body></body></html>"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content, kind = (PICTURE, "image/png") if self.path == "/picture.png" else (PAGE.encode(), "text/html")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Publish(harness.Case):
    @classmethod
    def make_world(cls):
        cls.pds = Pds(cls.world)
        cls.alice, cls.bob = cls.pds.create_account("alice"), cls.pds.create_account("bob")
        cls.proxy = Proxy(cls.world, cls.pds)
        cls.page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=cls.page.serve_forever, daemon=True).start()
        cls.world.at_end(cls.page.shutdown)
        ports = (cls.pds.port, cls.page.server_address[1])
        cls.service = Serve(cls.world, cls.world.data(), sandbox=False,
                            options=("--allow-loopback", ",".join(map(str, ports)))).start()
        cls.api = cls.service.api
        cls.account = cls.api.connect(cls.alice.handle, cls.pds.url, cls.alice.password)

    def publish(self, content, **more):
        """Publishes, and returns the post and what the PDS has of its first part."""
        post = self.api.wait_post(self.api.publish(content, self.account, **more), "published", "failed")
        self.assertEqual(post["status"], "published", post)
        return post, self.pds.record(post["targets"][0]["platform_post_id"])

    def test_an_account_is_connected_and_known_by_its_did(self):
        self.assertEqual((self.account["status"], self.account["account"], self.account["handle"]),
                         ("connected", self.alice.did, self.alice.handle))
        self.assertIsNotNone(self.account["token_expires_at"])
        refused = self.api.connect(self.bob.handle, self.pds.url, "not the password")
        self.assertEqual((refused["status"], refused["error"]["code"]), ("refused", "credentials_refused"))

    def test_links_mentions_and_tags_are_facets_of_the_right_bytes(self):
        text = ("\U0001f98b\U0001f98b caf\u00e9 \U0001f468\u200d\U0001f469\u200d\U0001f467 @bob.test see "
                "https://example.org/a?b=c&d=1 and #d\u00e9veloppement \u65e5\u672c\u8a9e #\u30bf\u30b0 ok")
        post, found = self.publish(text)
        record = found["value"]
        self.assertEqual(record["text"], text)
        self.assertEqual(record["$type"], pds.POSTS)
        facets = {pds.span_of(record, facet): facet["features"][0] for facet in record["facets"]}
        self.assertEqual(facets, {
            "@bob.test": {"$type": "app.bsky.richtext.facet#mention", "did": self.bob.did},
            "https://example.org/a?b=c&d=1": {"$type": "app.bsky.richtext.facet#link",
                                             "uri": "https://example.org/a?b=c&d=1"},
            "#d\u00e9veloppement": {"$type": "app.bsky.richtext.facet#tag", "tag": "d\u00e9veloppement"},
            "#\u30bf\u30b0": {"$type": "app.bsky.richtext.facet#tag", "tag": "\u30bf\u30b0"}})
        self.assertEqual(found["uri"], post["targets"][0]["platform_post_id"])
        attempt = self.api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"][0]["attempts"][0]
        self.assertEqual(attempt["platform_revision"], found["cid"])
        print("published and read back:", found["uri"])

    def test_a_handle_that_nobody_has_is_plain_text(self):
        _, found = self.publish("hello @nobody-here.test and goodbye")
        self.assertEqual(found["value"]["text"], "hello @nobody-here.test and goodbye")
        self.assertFalse(found["value"].get("facets"))

    def test_a_link_becomes_a_card_with_its_picture(self):
        url = f"http://localhost:{self.page.server_address[1]}/page"
        _, found = self.publish({"text": "with a card", "link": url})
        external = found["value"]["embed"]["external"]
        self.assertEqual((external["uri"], external["title"], external["description"]),
                         (url, "A page & its caf\u00e9", "What it is about."))
        self.assertEqual((external["thumb"]["mimeType"], external["thumb"]["size"]), ("image/png", len(PICTURE)))
        blob = self.pds.call("GET", "com.atproto.sync.getBlob",
                             query=f"?did={self.alice.did}&cid={external['thumb']['ref']['$link']}")
        self.assertEqual((blob.status, hashlib.sha256(blob.body).digest()), (200, hashlib.sha256(PICTURE).digest()))

    def test_a_thread_of_three_and_its_comment_reply_to_one_another_in_order(self):
        post, first = self.publish({"parts": [{"text": "thread one"}, {"text": "thread two"}, {"text": "thread three"}],
                                    "first_comment": "thread comment https://example.org"})
        texts = ["thread one", "thread two", "thread three", "thread comment https://example.org"]

        def all_there():
            found = [one for one in self.pds.records(self.alice) if one["value"]["text"].startswith("thread ")]
            return found if len(found) >= 4 else None
        records = harness.wait_until(all_there, 20, "the comment")
        self.assertEqual([one["value"]["text"] for one in records], texts)
        self.assertEqual(records[0]["uri"], first["uri"])
        self.assertNotIn("reply", records[0]["value"])
        for before, one in zip(records, records[1:]):
            reply = one["value"]["reply"]
            self.assertEqual(reply["root"], {"uri": first["uri"], "cid": first["cid"]})
            self.assertEqual(reply["parent"], {"uri": before["uri"], "cid": before["cid"]})
        target = harness.wait_until(lambda: (now := self.api.read_post(post)["targets"][0])["first_comment"]["outcome"]
                                    and now, 20, "the comment's outcome")
        self.assertEqual(target["first_comment"]["outcome"], "accepted")

    def test_a_long_text_is_split_into_a_thread_that_says_the_same(self):
        words = [f"word{number}" for number in range(120)]
        post, _ = self.publish(" ".join(words))
        self.assertGreater(post["targets"][0]["parts_total"], 1)
        found = [one["value"]["text"] for one in self.pds.records(self.alice) if one["value"]["text"].startswith("word")]
        self.assertEqual(len(found), post["targets"][0]["parts_total"])
        self.assertEqual(" ".join(found).split(), words)

    def test_the_bytes_that_were_locked_are_the_bytes_that_are_live(self):
        post, found = self.publish("locked bytes")
        locked = next(event for event in self.service.data.events()
                      if event["type"] == "post_locked" and event["stream"] == post["id"])
        part = locked["data"]["targets"][0]["parts"][0]
        self.assertEqual(found["uri"].rsplit("/", 1)[1], part["key"])
        self.assertEqual(harness.seconds_of(found["value"]["createdAt"]), harness.seconds_of(part["created_at"]))

    def test_an_account_that_is_not_active_takes_no_post_and_the_attempt_says_why(self):
        made = self.pds.create_account("gone")
        account = self.api.connect(made.handle, self.pds.url, made.password)
        ended = self.pds.call("POST", "com.atproto.server.deactivateAccount", {}, made.token)
        self.assertEqual(ended.status, 200, ended)
        post = self.api.publish("to an account that is not active", account)
        attempt = harness.wait_until(
            lambda: next((one for one in self.api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"][0]["attempts"]
                          if one["outcome"]), None), 30, "an outcome")
        self.assertNotEqual(attempt["outcome"], "accepted")
        self.assertTrue(attempt["error"]["platform_message"] or attempt["error"]["message"])
        again = self.pds.call("POST", "com.atproto.server.activateAccount", None, made.token)
        self.assertEqual(again.status, 200, again)
        self.assertEqual(self.pds.records(made), [])


class Tokens(harness.Case):
    def test_an_expired_token_is_refreshed_within_the_attempt_and_the_new_pair_is_kept(self):
        server = Pds(self.world)
        proxy = Proxy(self.world, server)
        account = server.create_account("carol")
        service = Serve(self.world, self.world.data(), sandbox=False,
                        options=("--allow-loopback", str(proxy.port))).start()
        proxy.rule("expired_session", path="createSession")
        integration = service.api.connect(account.handle, proxy.url, account.password)
        self.assertEqual(integration["status"], "connected")
        post = service.api.wait_post(service.api.publish("after a refresh", integration), "published")
        self.assertEqual(proxy.refusals, ["ExpiredToken"], "the server itself refuses the token")
        attempts = service.api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"][0]["attempts"]
        self.assertEqual([one["outcome"] for one in attempts], ["accepted"])
        self.assertEqual([one["value"]["text"] for one in server.records(account)], ["after a refresh"])
        self.assertEqual(proxy.calls["refreshSession"], 1)
        told = [event["type"] for event in service.data.events()]
        self.assertLess(told.index("integration_refreshed"), told.index("attempt_finished"),
                        "the new pair is in the log before it is used")
        service.stop()
        service.start()
        service.api.wait_post(service.api.publish("with the new pair", integration), "published")
        self.assertEqual(proxy.calls["refreshSession"], 1, "the kept pair was not used")


class RateLimit(harness.Case):
    def test_a_real_429_defers_the_post_to_the_platforms_own_instant(self):
        server = Pds(self.world, rate_limits=True)
        account = server.create_account("dave")
        service = Serve(self.world, self.world.data(), sandbox=False,
                        options=("--allow-loopback", str(server.port))).start()
        integration = service.api.connect(account.handle, server.url, account.password)
        reset = self.use_up(server, account)
        post = service.api.publish("not before the limit ends", integration)
        attempts = harness.wait_until(
            lambda: [one for one in service.api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"][0]["attempts"]
                     if one["outcome"]], 30, "an outcome")
        self.assertEqual([one["outcome"] for one in attempts], ["deferred"])
        self.assertEqual(attempts[0]["error"]["code"], "platform_rate_limited")
        target = service.api.read_post(post)["targets"][0]
        self.assertEqual(target["status"], "retrying")
        self.assertLess(abs(harness.seconds_of(target["next_attempt_at"]) - reset), 120)
        self.assertEqual([one for one in server.records(account) if one["value"]["text"].startswith("not before")], [])

    def use_up(self, server, account):
        """Writes until the PDS says 429; returns the instant at which its limit ends."""
        for batch in range(20):
            writes = [{"$type": "com.atproto.repo.applyWrites#create", "collection": pds.POSTS,
                       "value": {"$type": pds.POSTS, "text": f"{batch} {number}", "createdAt": "2026-01-01T00:00:00Z"}}
                      for number in range(200)]
            answer = server.call("POST", "com.atproto.repo.applyWrites", {"repo": account.did, "writes": writes},
                                 account.token)
            if answer.status == 429:
                self.assertGreater(int(answer.headers["RateLimit-Reset"]), time.time())
                return int(answer.headers["RateLimit-Reset"])
            self.assertEqual(answer.status, 200, answer)
        self.fail("4000 records, and no limit")


if __name__ == "__main__":
    pds.main()
